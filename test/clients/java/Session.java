import com.fasterxml.jackson.databind.ObjectMapper;
import dev.openfga.sdk.api.client.OpenFgaClient;
import dev.openfga.sdk.api.client.model.ClientCheckRequest;
import dev.openfga.sdk.api.client.model.ClientExpandRequest;
import dev.openfga.sdk.api.client.model.ClientListObjectsRequest;
import dev.openfga.sdk.api.client.model.ClientListUsersRequest;
import dev.openfga.sdk.api.client.model.ClientReadRequest;
import dev.openfga.sdk.api.client.model.ClientTupleKey;
import dev.openfga.sdk.api.client.model.ClientTupleKeyWithoutCondition;
import dev.openfga.sdk.api.client.model.ClientWriteRequest;
import dev.openfga.sdk.api.configuration.ClientConfiguration;
import dev.openfga.sdk.api.model.CreateStoreRequest;
import dev.openfga.sdk.api.model.FgaObject;
import dev.openfga.sdk.api.model.UserTypeFilter;
import dev.openfga.sdk.api.model.WriteAuthorizationModelRequest;
import dev.openfga.sdk.errors.FgaError;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;

/** A scripted session of the Java SDK. One line for each step; ids and times are left out. */
public final class Session {
  private static final ObjectMapper JSON = new ObjectMapper().findAndRegisterModules();
  private static final String ANNE = "user:anne";
  private static final String BERT = "user:bert";
  private static final String DOCUMENT = "document:1";

  public static void main(String[] args) throws Exception {
    var fga = new OpenFgaClient(new ClientConfiguration().apiUrl(args[0]));
    var store = fga.createStore(new CreateStoreRequest().name("java-session")).get();
    fga.setStoreId(store.getId());
    say("store", store.getName());
    var model = JSON.readValue(Path.of(args[1]).toFile(), WriteAuthorizationModelRequest.class);
    fga.setAuthorizationModelId(fga.writeAuthorizationModel(model).get().getAuthorizationModelId());
    var first = key(ANNE, "viewer", DOCUMENT);
    fga.write(new ClientWriteRequest()
            .writes(List.of(first, key(ANNE, "viewer", "document:2"), key(BERT, "owner", DOCUMENT)))).get();
    untilLocal(args[0], store.getId());
    say("check", List.of(check(fga, ANNE, "viewer"), check(fga, BERT, "viewer"), check(fga, "user:nobody", "viewer")));
    say("objects", fga.listObjects(new ClientListObjectsRequest().user(ANNE).relation("viewer").type("document"))
            .get().getObjects().stream().sorted().toList());
    say("users", fga.listUsers(new ClientListUsersRequest()
            ._object(new FgaObject().type("document").id("1"))
            .relation("viewer")
            .userFilters(List.of(new UserTypeFilter().type("user"))))
        .get().getUsers().stream().map(user -> JSON.valueToTree(user.getObject()).path("id").asText()).sorted().toList());
    say("expand", fga.expand(new ClientExpandRequest().relation("viewer")._object(DOCUMENT)).get().getTree().getRoot().getName());
    say("read", fga.read(new ClientReadRequest()).get().getTuples().stream()
        .map(one -> one.getKey().getUser() + " " + one.getKey().getRelation() + " " + one.getKey().getObject())
        .sorted().toList());
    refused("twice", () -> fga.write(new ClientWriteRequest().writes(List.of(first))).get());
    refused("relation", () -> check(fga, ANNE, "nope"));
    fga.write(new ClientWriteRequest()
            .deletes(List.of(new ClientTupleKeyWithoutCondition().user(ANNE).relation("viewer")._object(DOCUMENT)))).get();
    say("deleted", check(fga, ANNE, "viewer"));
    fga.deleteStore().get();
    say("end", true);
    System.exit(0);
  }

  /** With UNTIL_LOCAL set, waits until the edge has copied the store and answers by itself; half a minute at most. */
  private static void untilLocal(String url, String storeId) throws Exception {
    var question = "{\"tuple_key\":{\"user\":\"" + ANNE + "\",\"relation\":\"viewer\",\"object\":\"" + DOCUMENT + "\"}}";
    var check = HttpRequest.newBuilder(URI.create(url + "/stores/" + storeId + "/check"))
        .POST(HttpRequest.BodyPublishers.ofString(question)).build();
    var http = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    for (var tries = 0; System.getenv("UNTIL_LOCAL") != null && tries < 600; tries++) {
      var answer = http.send(check, HttpResponse.BodyHandlers.discarding());
      if (answer.headers().firstValue("Rsfga-Served-By").orElse("").equals("local")) return;
      Thread.sleep(50);
    }
  }

  private static boolean check(OpenFgaClient fga, String user, String relation) throws Exception {
    return fga.check(new ClientCheckRequest().user(user).relation(relation)._object(DOCUMENT)).get().getAllowed();
  }

  private static ClientTupleKey key(String user, String relation, String object) {
    return new ClientTupleKey().user(user).relation(relation)._object(object);
  }

  private static void refused(String step, Callable<?> call) throws Exception {
    try {
      call.call();
      say(step, "went through");
    } catch (ExecutionException error) {
      if (!(error.getCause() instanceof FgaError refusal)) throw error;
      say(step, List.of(refusal.getStatusCode(), JSON.readTree(refusal.getResponseData())));
    }
  }

  private static void say(String step, Object value) throws Exception {
    System.out.println(step + ": " + JSON.writeValueAsString(value));
  }
}
