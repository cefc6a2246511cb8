"""A scripted session of the Python SDK. One line for each step; ids and times are left out."""

import json
import os
import sys
import time
import urllib.request

from openfga_sdk import ClientConfiguration
from openfga_sdk.client.models import ClientCheckRequest, ClientExpandRequest, ClientListObjectsRequest, ClientTuple
from openfga_sdk.client.models.batch_check_item import ClientBatchCheckItem
from openfga_sdk.client.models.batch_check_request import ClientBatchCheckRequest
from openfga_sdk.client.models.list_users_request import ClientListUsersRequest
from openfga_sdk.client.models.write_request import ClientWriteRequest
from openfga_sdk.exceptions import ApiException
from openfga_sdk.models import CreateStoreRequest, FgaObject, ReadRequestTupleKey, UserTypeFilter
from openfga_sdk.sync import OpenFgaClient

URL, MODEL = sys.argv[1], json.loads(open(sys.argv[2], encoding="utf-8").read())
ANNE, BERT, DOCUMENT = "user:anne", "user:bert", "document:1"


def say(step, value):
    print(f"{step}: {json.dumps(value, sort_keys=True)}", flush=True)


def refused(step, call):
    try:
        call()
        say(step, "went through")
    except ApiException as error:
        say(step, [error.status, str(error).split("] ", 1)[-1]])


def key(user, document=DOCUMENT, relation="viewer"):
    return ClientTuple(user=user, relation=relation, object=document)


def check(client, user, relation="viewer"):
    return client.check(ClientCheckRequest(user=user, relation=relation, object=DOCUMENT)).allowed


def until_local(store_id):
    """With UNTIL_LOCAL set, waits until the edge has copied the store and answers by itself; half a minute at most."""
    question = json.dumps({"tuple_key": {"user": ANNE, "relation": "viewer", "object": DOCUMENT}}).encode()
    until = time.monotonic() + 30
    while os.environ.get("UNTIL_LOCAL") and time.monotonic() < until:
        request = urllib.request.Request(f"{URL}/stores/{store_id}/check", question, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request) as answer:
            if answer.headers.get("Rsfga-Served-By") == "local":
                return
        time.sleep(0.05)


with OpenFgaClient(ClientConfiguration(api_url=URL)) as client:
    store = client.create_store(CreateStoreRequest(name="python-session"))
    client.set_store_id(store.id)
    say("store", store.name)
    model = client.write_authorization_model(MODEL)
    client.set_authorization_model_id(model.authorization_model_id)
    client.write(ClientWriteRequest(writes=[key(ANNE), key(ANNE, "document:2"), key(BERT, relation="owner")]))
    until_local(store.id)
    say("check", [check(client, ANNE), check(client, BERT), check(client, "user:nobody")])
    batch = client.batch_check(
        ClientBatchCheckRequest(
            checks=[
                ClientBatchCheckItem(user=u, relation="viewer", object=DOCUMENT, correlation_id=c)
                for u, c in ((ANNE, "a"), ("user:nobody", "n"))
            ]
        )
    )
    say("batch", sorted([one.correlation_id, one.allowed] for one in batch.result))
    objects = client.list_objects(ClientListObjectsRequest(user=ANNE, relation="viewer", type="document")).objects
    say("objects", sorted(objects))
    streamed = client.streamed_list_objects(ClientListObjectsRequest(user=ANNE, relation="viewer", type="document"))
    say("streamed", sorted(one.object for one in streamed))
    users = client.list_users(
        ClientListUsersRequest(
            object=FgaObject(type="document", id="1"), relation="viewer", user_filters=[UserTypeFilter(type="user")]
        )
    ).users
    say("users", sorted(one.object.id for one in users))
    say("expand", client.expand(ClientExpandRequest(relation="viewer", object=DOCUMENT)).tree.root.name)
    read = client.read(ReadRequestTupleKey()).tuples
    say("read", sorted([one.key.user, one.key.relation, one.key.object] for one in read))
    refused("twice", lambda: client.write(ClientWriteRequest(writes=[key(ANNE)])))
    refused("relation", lambda: check(client, ANNE, "nope"))
    client.write(ClientWriteRequest(deletes=[key(ANNE)]))
    say("deleted", check(client, ANNE))
    client.delete_store()
    say("end", True)
