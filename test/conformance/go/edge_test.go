// Package edge runs OpenFGA's own Go suites, those of the pinned version, against the gRPC port of an edge.
//
// The suites say what must be answered; this package says who must answer: every query carries its
// `rsfga-served-by`, and what an edge has declined is written, question by question, to DECLINED_FILE.
package edge

import (
	"context"
	"fmt"
	"io"
	"os"
	"sort"
	"strings"
	"sync"
	"testing"
	"time"

	openfgav1 "github.com/openfga/api/proto/openfga/v1"
	"github.com/openfga/openfga/tests/check"
	"github.com/openfga/openfga/tests/listobjects"
	"github.com/openfga/openfga/tests/listusers"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"
)

// What an edge says while it only has not got there yet; it is asked again.
var notYet = map[string]bool{"syncing": true, "revision": true, "stale": true}

const catchUp = 60 * time.Second

// client asks the edge as any client does, and keeps the books.
type client struct {
	openfgav1.OpenFGAServiceClient
	mu       sync.Mutex
	local    map[string]int
	declined map[string]int
}

func (c *client) count(method string, question proto.Message, header metadata.MD) (again bool) {
	if strings.Join(header.Get("rsfga-served-by"), "") == "local" {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.local[method]++
		return false
	}
	reason := strings.Join(header.Get("rsfga-declined"), "")
	if notYet[reason] {
		return true
	}
	if reason == "" {
		reason = "not served here"
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.declined[reason+" "+method+" "+short(question)]++
	return false
}

func short(question proto.Message) string {
	switch q := question.(type) {
	case *openfgav1.CheckRequest:
		key := q.GetTupleKey()
		return key.GetObject() + "#" + key.GetRelation() + "@" + key.GetUser()
	case *openfgav1.ListObjectsRequest:
		return q.GetType() + "#" + q.GetRelation() + "@" + q.GetUser()
	case *openfgav1.StreamedListObjectsRequest:
		return q.GetType() + "#" + q.GetRelation() + "@" + q.GetUser()
	case *openfgav1.ListUsersRequest:
		object := q.GetObject()
		return object.GetType() + ":" + object.GetId() + "#" + q.GetRelation()
	}
	return ""
}

// ask repeats a call until the edge has caught up with what this client wrote.
func ask[A any](c *client, method string, question proto.Message, call func(header *metadata.MD) (A, error)) (A, error) {
	until := time.Now().Add(catchUp)
	for {
		var header metadata.MD
		answer, err := call(&header)
		if !c.count(method, question, header) {
			return answer, err
		}
		if time.Now().After(until) {
			return answer, fmt.Errorf("the edge is not there after %s", catchUp)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func (c *client) Check(ctx context.Context, in *openfgav1.CheckRequest, opts ...grpc.CallOption) (*openfgav1.CheckResponse, error) {
	return ask(c, "Check", in, func(header *metadata.MD) (*openfgav1.CheckResponse, error) {
		return c.OpenFGAServiceClient.Check(ctx, in, append(opts, grpc.Header(header))...)
	})
}

func (c *client) ListObjects(ctx context.Context, in *openfgav1.ListObjectsRequest, opts ...grpc.CallOption) (*openfgav1.ListObjectsResponse, error) {
	return ask(c, "ListObjects", in, func(header *metadata.MD) (*openfgav1.ListObjectsResponse, error) {
		return c.OpenFGAServiceClient.ListObjects(ctx, in, append(opts, grpc.Header(header))...)
	})
}

func (c *client) ListUsers(ctx context.Context, in *openfgav1.ListUsersRequest, opts ...grpc.CallOption) (*openfgav1.ListUsersResponse, error) {
	return ask(c, "ListUsers", in, func(header *metadata.MD) (*openfgav1.ListUsersResponse, error) {
		return c.OpenFGAServiceClient.ListUsers(ctx, in, append(opts, grpc.Header(header))...)
	})
}

func (c *client) StreamedListObjects(ctx context.Context, in *openfgav1.StreamedListObjectsRequest, opts ...grpc.CallOption) (openfgav1.OpenFGAService_StreamedListObjectsClient, error) {
	return ask(c, "StreamedListObjects", in, func(header *metadata.MD) (openfgav1.OpenFGAService_StreamedListObjectsClient, error) {
		stream, err := c.OpenFGAServiceClient.StreamedListObjects(ctx, in, opts...)
		if err != nil {
			return nil, err
		}
		got, err := stream.Header()
		*header = got
		if notYet[strings.Join(got.Get("rsfga-declined"), "")] {
			for err == nil {
				_, err = stream.Recv()
			}
			if err == io.EOF {
				err = nil
			}
		}
		return stream, err
	})
}

// TestSuites runs what OpenFGA runs for itself: the data-driven suites and the matrices.
func TestSuites(t *testing.T) {
	target := os.Getenv("EDGE_GRPC")
	if target == "" {
		t.Fatal("EDGE_GRPC is not set: test/conformance/go-suites.foreign.test.ts starts the servers and sets it")
	}
	conn, err := grpc.NewClient(target, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	c := &client{
		OpenFGAServiceClient: openfgav1.NewOpenFGAServiceClient(conn),
		local:                map[string]int{},
		declined:             map[string]int{},
	}
	t.Cleanup(func() {
		conn.Close()
		report(t, c)
	})
	// Each test of theirs is a store of its own and waits for the edge to copy it: they are run side by side.
	for name, suite := range map[string]func(*testing.T){
		"check":               func(t *testing.T) { check.RunAllTests(t, c) },
		"check-matrix":        func(t *testing.T) { check.RunMatrixTests(t, "edge", "check", c) },
		"list-objects":        func(t *testing.T) { listobjects.RunAllTests(t, c) },
		"list-objects-matrix": func(t *testing.T) { listobjects.RunMatrixTests(t, "edge", true, c) },
		"list-users":          func(t *testing.T) { listusers.RunAllTests(t, c) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			suite(t)
		})
	}
}

// One line for each question that was not answered by the edge itself, then one for each method with its count.
func report(t *testing.T, c *client) {
	var lines []string
	for what, times := range c.declined {
		lines = append(lines, fmt.Sprintf("declined %s x%d", what, times))
	}
	sort.Strings(lines)
	for method, times := range c.local {
		lines = append(lines, fmt.Sprintf("local %s x%d", method, times))
	}
	text := strings.Join(lines, "\n") + "\n"
	t.Log("\n" + text)
	if file := os.Getenv("DECLINED_FILE"); file != "" {
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
