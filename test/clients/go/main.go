// A scripted session of the Go SDK. One line for each step; ids and times are left out.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"sort"
	"strings"
	"time"

	openfga "github.com/openfga/go-sdk"
	. "github.com/openfga/go-sdk/client"
)

const (
	anne     = "user:anne"
	bert     = "user:bert"
	document = "document:1"
)

func main() {
	if err := session(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func say(step string, value any) {
	text, _ := json.Marshal(value)
	fmt.Printf("%s: %s\n", step, text)
}

func refused(step string, err error) {
	var invalid openfga.FgaApiValidationError
	if errors.As(err, &invalid) {
		say(step, []any{invalid.ResponseStatusCode(), invalid.ResponseCode()})
	} else {
		say(step, fmt.Sprint(err))
	}
}

func key(user, relation, object string) ClientTupleKey {
	return ClientTupleKey{User: user, Relation: relation, Object: object}
}

func session(url, modelFile string) error {
	ctx := context.Background()
	fga, err := NewSdkClient(&ClientConfiguration{ApiUrl: url})
	if err != nil {
		return err
	}
	store, err := fga.CreateStore(ctx).Body(ClientCreateStoreRequest{Name: "go-session"}).Execute()
	if err != nil {
		return err
	}
	if err := fga.SetStoreId(store.Id); err != nil {
		return err
	}
	say("store", store.Name)
	text, err := os.ReadFile(modelFile)
	if err != nil {
		return err
	}
	var body ClientWriteAuthorizationModelRequest
	if err := json.Unmarshal(text, &body); err != nil {
		return err
	}
	model, err := fga.WriteAuthorizationModel(ctx).Body(body).Execute()
	if err != nil {
		return err
	}
	if err := fga.SetAuthorizationModelId(model.AuthorizationModelId); err != nil {
		return err
	}
	writes := []ClientTupleKey{key(anne, "viewer", document), key(anne, "viewer", "document:2"), key(bert, "owner", document)}
	if _, err := fga.Write(ctx).Body(ClientWriteRequest{Writes: writes}).Execute(); err != nil {
		return err
	}
	untilLocal(url, store.Id)
	if err := ask(ctx, fga); err != nil {
		return err
	}
	_, err = fga.Write(ctx).Body(ClientWriteRequest{Writes: writes[:1]}).Execute()
	refused("twice", err)
	_, err = fga.Check(ctx).Body(ClientCheckRequest{User: anne, Relation: "nope", Object: document}).Execute()
	refused("relation", err)
	gone := []ClientTupleKeyWithoutCondition{{User: anne, Relation: "viewer", Object: document}}
	if _, err := fga.Write(ctx).Body(ClientWriteRequest{Deletes: gone}).Execute(); err != nil {
		return err
	}
	deleted, err := fga.Check(ctx).Body(ClientCheckRequest{User: anne, Relation: "viewer", Object: document}).Execute()
	if err != nil {
		return err
	}
	say("deleted", deleted.GetAllowed())
	if _, err := fga.DeleteStore(ctx).Execute(); err != nil {
		return err
	}
	say("end", true)
	return nil
}

// With UNTIL_LOCAL set, waits until the edge has copied the store and answers by itself; half a minute at most.
func untilLocal(url, storeID string) {
	question := `{"tuple_key":{"user":"` + anne + `","relation":"viewer","object":"` + document + `"}}`
	for try := 0; os.Getenv("UNTIL_LOCAL") != "" && try < 600; try++ {
		answer, err := http.Post(url+"/stores/"+storeID+"/check", "application/json", strings.NewReader(question))
		if err == nil {
			answer.Body.Close()
			if answer.Header.Get("Rsfga-Served-By") == "local" {
				return
			}
		}
		time.Sleep(50 * time.Millisecond)
	}
}

func ask(ctx context.Context, fga *OpenFgaClient) error {
	var allowed []bool
	for _, user := range []string{anne, bert, "user:nobody"} {
		answer, err := fga.Check(ctx).Body(ClientCheckRequest{User: user, Relation: "viewer", Object: document}).Execute()
		if err != nil {
			return err
		}
		allowed = append(allowed, answer.GetAllowed())
	}
	say("check", allowed)
	objects, err := fga.ListObjects(ctx).Body(ClientListObjectsRequest{User: anne, Relation: "viewer", Type: "document"}).Execute()
	if err != nil {
		return err
	}
	sort.Strings(objects.Objects)
	say("objects", objects.Objects)
	users, err := fga.ListUsers(ctx).Body(ClientListUsersRequest{
		Object:      openfga.FgaObject{Type: "document", Id: "1"},
		Relation:    "viewer",
		UserFilters: []openfga.UserTypeFilter{{Type: "user"}},
	}).Execute()
	if err != nil {
		return err
	}
	var names []string
	for _, user := range users.Users {
		names = append(names, user.Object.Id)
	}
	sort.Strings(names)
	say("users", names)
	tree, err := fga.Expand(ctx).Body(ClientExpandRequest{Relation: "viewer", Object: document}).Execute()
	if err != nil {
		return err
	}
	say("expand", tree.Tree.Root.Name)
	read, err := fga.Read(ctx).Body(ClientReadRequest{}).Execute()
	if err != nil {
		return err
	}
	var tuples []string
	for _, one := range read.Tuples {
		tuples = append(tuples, one.Key.User+" "+one.Key.Relation+" "+one.Key.Object)
	}
	sort.Strings(tuples)
	say("read", tuples)
	return nil
}
