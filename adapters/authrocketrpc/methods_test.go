package authrocketrpc_test

import (
	"context"
	"strings"
	"testing"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/adapters/authrocketrpc"
	"github.com/authrocket-go/authrocket/authrockettest"
)

func newAuth(t *testing.T, realm *authrockettest.Realm, changes ...func(*authrocket.Config)) *authrocket.Auth {
	t.Helper()
	config := realm.Config()
	config.Observer = authrocket.SilentObserver()
	for _, change := range changes {
		change(&config)
	}
	auth, err := authrocket.New(config)
	if err != nil {
		t.Fatal(err)
	}
	authrockettest.Warm(t, auth)
	return auth
}

func TestMethodsAreChecked(t *testing.T) {
	t.Parallel()
	auth := newAuth(t, authrockettest.NewRealm(t))
	rules := []authrocket.Rule{authrocket.Permission("a")}
	field, metadata := authrocketrpc.OrgIDFromField, authrocketrpc.OrgIDFromMetadata
	for _, row := range []struct {
		name string
		key  string
		m    authrocketrpc.Method
		want string // "": valid
	}{
		{name: "a service", key: "acme.v1.Invoices"},
		{name: "a method", key: "acme.v1.Invoices/Send", m: authrocketrpc.Method{Rules: rules}},
		{name: "a public method", key: "acme.v1.Status/Get", m: authrocketrpc.Method{Public: true}},
		{name: "health, which no generated code of this program has", key: "grpc.health.v1.Health", m: authrocketrpc.Method{Public: true}},
		{name: "a method of health", key: "grpc.health.v1.Health/Watch"},
		{name: "reflection", key: "grpc.reflection.v1.ServerReflection", m: authrocketrpc.Method{Public: true}},
		{name: "a field", key: "acme.v1.Invoices", m: authrocketrpc.Method{Org: field("org_id")}},
		{name: "a field of a field", key: "acme.v1.Invoices/List", m: authrocketrpc.Method{Org: field("parent.parent.org_id")}},
		{name: "metadata, for a stream", key: "acme.v1.Chat", m: authrocketrpc.Method{Org: metadata("org-id")}},

		{name: "no such service", key: "acme.v1.Invoice", want: `no Protocol Buffers service "acme.v1.Invoice"`},
		{name: "no such method", key: "acme.v1.Invoices/Sned", want: `no method "Sned"`},
		{name: "a method by its other name", key: "acme.v1.Invoices.Send", want: "no Protocol Buffers service"},
		{name: "a message", key: "acme.v1.Request", want: "no Protocol Buffers service"},
		{name: "a slash in front", key: "/acme.v1.Invoices/Send", want: "without a slash in front"},
		{name: "nothing", key: "", want: "no Protocol Buffers service"},
		{name: "no such service of gRPC", key: "grpc.health.v1.Healht", want: `no Protocol Buffers service "grpc.health.v1.Healht"`},
		{name: "no such method of health", key: "grpc.health.v1.Health/Chekc", want: `no method "Chekc"`},
		{name: "rules of one of the two names of reflection", key: "grpc.reflection.v1.ServerReflection", m: authrocketrpc.Method{Rules: rules}, want: "grpc.reflection.v1alpha.ServerReflection has no entry"},
		{name: "rules of its method", key: "grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", m: authrocketrpc.Method{Rules: rules}, want: "grpc.reflection.v1.ServerReflection has no entry"},
		{name: "public with rules", key: "acme.v1.Status", m: authrocketrpc.Method{Public: true, Rules: rules}, want: "is Public and has Rules or an Org"},
		{name: "public with an org", key: "acme.v1.Status", m: authrocketrpc.Method{Public: true, Org: metadata("org-id")}, want: "is Public and has Rules or an Org"},
		{name: "a nil rule", key: "acme.v1.Status", m: authrocketrpc.Method{Rules: []authrocket.Rule{nil}}, want: "Rules[0] is nil"},
		{name: "no such field", key: "acme.v1.Invoices/List", m: authrocketrpc.Method{Org: field("org")}, want: `acme.v1.Request has no field "org"`},
		{name: "no such field in one of the methods", key: "acme.v1.Status", m: authrocketrpc.Method{Org: field("org_id")}, want: `Get: the message acme.v1.Empty has no field "org_id"`},
		{name: "no such field of a field", key: "acme.v1.Invoices/List", m: authrocketrpc.Method{Org: field("parent.org")}, want: `no field "org"`},
		{name: "a field of what is no message", key: "acme.v1.Invoices/List", m: authrocketrpc.Method{Org: field("org_id.x")}, want: `"org_id" of acme.v1.Request is not a message`},
		{name: "a message as the field", key: "acme.v1.Invoices/List", m: authrocketrpc.Method{Org: field("parent")}, want: `"parent" of acme.v1.Request is not one string`},
		{name: "a number", key: "acme.v1.Invoices/List", m: authrocketrpc.Method{Org: field("number")}, want: "is not one string"},
		{name: "a list", key: "acme.v1.Invoices/List", m: authrocketrpc.Method{Org: field("many")}, want: "is not one string"},
		{name: "a list of messages", key: "acme.v1.Invoices/List", m: authrocketrpc.Method{Org: field("parents.org_id")}, want: "is not one string"},
		{name: "an empty step", key: "acme.v1.Invoices/List", m: authrocketrpc.Method{Org: field("parent.")}, want: `no field ""`},
		{name: "a field without a name", key: "acme.v1.Invoices", m: authrocketrpc.Method{Org: field("")}, want: "the Org names no field"},
		{name: "metadata without a key", key: "acme.v1.Chat", m: authrocketrpc.Method{Org: metadata("")}, want: "the Org names no field"},
		{name: "a field of a client's stream", key: "acme.v1.Chat/Talk", m: authrocketrpc.Method{Org: field("org_id")}, want: "the method takes a stream"},
		{name: "metadata in upper case", key: "acme.v1.Chat", m: authrocketrpc.Method{Org: metadata("Org-ID")}, want: "lower-case"},
		{name: "binary metadata", key: "acme.v1.Chat", m: authrocketrpc.Method{Org: metadata("org-bin")}, want: "must not end in -bin"},
		{name: "metadata of credentials", key: "acme.v1.Chat", m: authrocketrpc.Method{Org: metadata("authorization")}, want: "holds credentials"},
	} {
		t.Run(row.name, func(t *testing.T) {
			_, err := authrocketrpc.NewPolicy(auth, authrocketrpc.Methods{row.key: row.m})
			switch {
			case row.want == "" && err != nil:
				t.Errorf("got %v", err)
			case row.want != "" && (err == nil || !strings.Contains(err.Error(), row.want) || !strings.Contains(err.Error(), "authrocketrpc: Methods[")):
				t.Errorf("got %v, want %q", err, row.want)
			}
		})
	}
	t.Run("all problems at once", func(t *testing.T) {
		_, err := authrocketrpc.NewPolicy(auth, authrocketrpc.Methods{"acme.v1.X": {}, "acme.v1.Y/Z": {}, "acme.v1.Chat": {Org: metadata("X")}})
		for _, want := range []string{`["acme.v1.X"]`, `["acme.v1.Y/Z"]`, `["acme.v1.Chat"]`} {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("got %v, want %s too", err, want)
			}
		}
	})
	for name, own := range map[string]authrocketrpc.Method{
		"a stream with an org of its own, in a service with a field": {Org: metadata("org-id")},
		"a public stream, in a service with a field":                 {Public: true},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := authrocketrpc.NewPolicy(auth, authrocketrpc.Methods{"acme.v1.Chat": {Org: field("org_id")}, "acme.v1.Chat/Talk": own}); err != nil {
				t.Error(err)
			}
		})
	}
	t.Run("rules of both names of reflection", func(t *testing.T) {
		if _, err := authrocketrpc.NewPolicy(auth, authrocketrpc.Methods{
			"grpc.reflection.v1.ServerReflection":                           {Rules: rules},
			"grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo": {Rules: rules},
		}); err != nil {
			t.Error(err)
		}
	})
	t.Run("no Auth", func(t *testing.T) {
		if _, err := authrocketrpc.NewPolicy(nil, nil); err == nil {
			t.Error("a policy without an Auth")
		}
	})
}

// The program may change its map: what was checked counts.
func TestMethodsAreCopied(t *testing.T) {
	t.Parallel()
	realm := authrockettest.NewRealm(t)
	methods := authrocketrpc.Methods{"acme.v1.Status": {}}
	policy, err := authrocketrpc.NewPolicy(newAuth(t, realm), methods)
	if err != nil {
		t.Fatal(err)
	}
	methods["acme.v1.Status"] = authrocketrpc.Method{Public: true}
	none := func(string) []string { return nil }
	if _, err := policy.Check(context.Background(), authrocketrpc.Call{Procedure: "/acme.v1.Status/Get", Metadata: none}); err == nil {
		t.Error("a map that changed later has opened a method")
	}
}
