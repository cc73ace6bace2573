package authrocketrpc_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/emptypb"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/adapters/authrocketrpc"
	"github.com/authrocket-go/authrocket/authrockettest"
)

func TestCheck(t *testing.T) {
	t.Parallel()
	realm := authrockettest.NewRealm(t)
	ada := realm.AddUser(authrockettest.User{Email: "ada@example.com", Password: "correct horse battery"})
	engines, widgets := realm.AddOrg(authrockettest.Org{Name: "Engines"}), realm.AddOrg(authrockettest.Org{Name: "Widgets"})
	realm.AddMembership(ada, engines, "a")
	realm.AddMembership(ada, widgets, "b")
	auth := newAuth(t, realm)
	bearer := []string{"Bearer " + realm.Token(ada, authrockettest.InOrg(engines), authrockettest.AllOrgs())}
	expired := []string{"Bearer " + realm.Token(ada, authrockettest.ExpiresIn(-time.Hour))}
	permission := func(tag string) []authrocket.Rule { return []authrocket.Rule{authrocket.Permission(tag)} }
	behind := func(r *http.Request) context.Context {
		var ctx context.Context
		auth.Authenticate(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { ctx = r.Context() })).ServeHTTP(httptest.NewRecorder(), r)
		return ctx
	}
	post := httptest.NewRequest(http.MethodPost, "http://app.example/", nil)
	realm.SignIn(post, ada)
	cookie := behind(post)

	field, metadata := authrocketrpc.OrgIDFromField, authrocketrpc.OrgIDFromMetadata
	for _, row := range []struct {
		name          string
		methods       authrocketrpc.Methods
		procedure     string // "": /acme.v1.Invoices/Send
		ctx           context.Context
		authorization []string
		orgs          []string // values of the key org-id
		message       any
		want          error
		in            string // whose org the session is about; "": there is no session
	}{
		{name: "whoever is signed in", authorization: bearer, in: engines.ID},
		{name: "nobody", want: authrocket.ErrNoToken},
		{name: "an expired token", authorization: expired, want: authrocket.ErrTokenExpired},
		{name: "a method that is not known", procedure: "/other.v1.Service/Method", want: authrocket.ErrNoToken},
		{name: "a procedure without a slash in front", procedure: "acme.v1.Invoices/Send", methods: authrocketrpc.Methods{"acme.v1.Invoices/Send": {Rules: permission("b")}}, authorization: bearer, want: authrocket.ErrPermissionDenied},

		{name: "a rule of the method", methods: authrocketrpc.Methods{"acme.v1.Invoices/Send": {Rules: permission("b")}}, authorization: bearer, want: authrocket.ErrPermissionDenied},
		{name: "a rule of another method", methods: authrocketrpc.Methods{"acme.v1.Invoices/List": {Rules: permission("b")}}, authorization: bearer, in: engines.ID},
		{name: "a rule of the service", methods: authrocketrpc.Methods{"acme.v1.Invoices": {Rules: permission("b")}}, authorization: bearer, want: authrocket.ErrPermissionDenied},
		{name: "a rule of the service, for a method that has one", methods: authrocketrpc.Methods{"acme.v1.Invoices": {Rules: permission("b")}, "acme.v1.Invoices/Send": {Rules: permission("a")}}, authorization: bearer, want: authrocket.ErrPermissionDenied},
		{name: "both rules allow", methods: authrocketrpc.Methods{"acme.v1.Invoices": {Rules: permission("a")}, "acme.v1.Invoices/Send": {Rules: permission("a")}}, authorization: bearer, in: engines.ID},

		{name: "public, and nobody", methods: authrocketrpc.Methods{"acme.v1.Invoices/Send": {Public: true}}},
		{name: "public, and a session", methods: authrocketrpc.Methods{"acme.v1.Invoices/Send": {Public: true}}, authorization: bearer, in: engines.ID},
		{name: "public, and an expired token", methods: authrocketrpc.Methods{"acme.v1.Invoices/Send": {Public: true}}, authorization: expired},
		{name: "public, and a token that expired a second ago", methods: authrocketrpc.Methods{"acme.v1.Invoices/Send": {Public: true}}, authorization: []string{"Bearer " + realm.Token(ada, authrockettest.ExpiresIn(-time.Second))}},
		{name: "public, and a cookie behind Authenticate", methods: authrocketrpc.Methods{"acme.v1.Invoices/Send": {Public: true}}, ctx: cookie, in: "-"},
		{name: "a public service", methods: authrocketrpc.Methods{"acme.v1.Invoices": {Public: true}}},
		{name: "a method with an entry in a public service", methods: authrocketrpc.Methods{"acme.v1.Invoices": {Public: true}, "acme.v1.Invoices/Send": {}}, want: authrocket.ErrNoToken},
		{name: "a public method in a service with rules", methods: authrocketrpc.Methods{"acme.v1.Invoices": {Rules: permission("b")}, "acme.v1.Invoices/Send": {Public: true}}},
		{name: "another method beside a public one", methods: authrocketrpc.Methods{"acme.v1.Invoices/List": {Public: true}}, want: authrocket.ErrNoToken},
		{name: "a service whose name begins as that of a public one", methods: authrocketrpc.Methods{"acme.v1.Status": {Public: true}}, procedure: "/acme.v1.StatusAdmin/Get", want: authrocket.ErrNoToken},

		{name: "a path that begins with a public service", methods: authrocketrpc.Methods{"acme.v1.Status": {Public: true}}, procedure: "/acme.v1.Status/../acme.v1.Invoices/Send", want: authrocket.ErrNoToken},

		{name: "the org of a field", methods: authrocketrpc.Methods{"acme.v1.Invoices": {Org: field("org_id"), Rules: permission("b")}}, authorization: bearer, message: newRequest(t, `org_id: "`+widgets.ID+`"`), in: widgets.ID},
		{name: "a permission of the picked org, where the field names another", methods: authrocketrpc.Methods{"acme.v1.Invoices": {Org: field("org_id"), Rules: permission("a")}}, authorization: bearer, message: newRequest(t, `org_id: "`+widgets.ID+`"`), want: authrocket.ErrPermissionDenied},
		{name: "the org of a field of a field", methods: authrocketrpc.Methods{"acme.v1.Invoices": {Org: field("parent.org_id")}}, authorization: bearer, message: newRequest(t, `parent { org_id: "`+widgets.ID+`" }`), in: widgets.ID},
		{name: "a field that is empty", methods: authrocketrpc.Methods{"acme.v1.Invoices": {Org: field("org_id")}}, authorization: bearer, message: newRequest(t, ""), want: authrocket.ErrWrongOrg},
		{name: "a message that is missing", methods: authrocketrpc.Methods{"acme.v1.Invoices": {Org: field("parent.org_id")}}, authorization: bearer, message: newRequest(t, ""), want: authrocket.ErrWrongOrg},
		{name: "another message", methods: authrocketrpc.Methods{"acme.v1.Invoices": {Org: field("org_id")}}, authorization: bearer, message: &emptypb.Empty{}, want: authrocket.ErrWrongOrg},
		{name: "a request of another kind", methods: authrocketrpc.Methods{"acme.v1.Invoices": {Org: field("org_id")}}, authorization: bearer, message: "org_id", want: authrocket.ErrWrongOrg},
		{name: "no message", methods: authrocketrpc.Methods{"acme.v1.Invoices": {Org: field("org_id")}}, authorization: bearer, want: authrocket.ErrWrongOrg},
		{name: "nobody, and a field that is empty", methods: authrocketrpc.Methods{"acme.v1.Invoices": {Org: field("org_id")}}, message: newRequest(t, ""), want: authrocket.ErrNoToken},
		{name: "the org of somebody else", methods: authrocketrpc.Methods{"acme.v1.Invoices": {Org: field("org_id")}}, authorization: bearer, message: newRequest(t, `org_id: "org_other"`), want: authrocket.ErrWrongOrg},
		{name: "the org of metadata", methods: authrocketrpc.Methods{"acme.v1.Invoices": {Org: metadata("org-id")}}, authorization: bearer, orgs: []string{widgets.ID}, in: widgets.ID},
		{name: "no metadata", methods: authrocketrpc.Methods{"acme.v1.Invoices": {Org: metadata("org-id")}}, authorization: bearer, want: authrocket.ErrWrongOrg},
		{name: "two values", methods: authrocketrpc.Methods{"acme.v1.Invoices": {Org: metadata("org-id")}}, authorization: bearer, orgs: []string{engines.ID, widgets.ID}, want: authrocket.ErrWrongOrg},
		{name: "two values that are an ID together", methods: authrocketrpc.Methods{"acme.v1.Invoices": {Org: metadata("org-id")}}, authorization: bearer, orgs: []string{widgets.ID, ""}, want: authrocket.ErrWrongOrg},
		{name: "the service's org, for a method with rules", methods: authrocketrpc.Methods{"acme.v1.Invoices": {Org: metadata("org-id")}, "acme.v1.Invoices/Send": {Rules: permission("b")}}, authorization: bearer, orgs: []string{widgets.ID}, in: widgets.ID},
		{name: "the method's org takes precedence", methods: authrocketrpc.Methods{"acme.v1.Invoices": {Org: metadata("org-id")}, "acme.v1.Invoices/Send": {Org: field("org_id")}}, authorization: bearer, orgs: []string{engines.ID}, message: newRequest(t, `org_id: "`+widgets.ID+`"`), in: widgets.ID},

		{name: "a cookie behind Authenticate", ctx: cookie, in: "-"},
		{name: "a bearer token and a cookie", ctx: cookie, authorization: expired, want: authrocket.ErrTokenExpired},
	} {
		t.Run(row.name, func(t *testing.T) {
			policy, err := authrocketrpc.NewPolicy(auth, row.methods)
			if err != nil {
				t.Fatal(err)
			}
			if row.ctx == nil {
				row.ctx = t.Context()
			}
			if row.procedure == "" {
				row.procedure = "/acme.v1.Invoices/Send"
			}
			ctx, err := policy.Check(row.ctx, authrocketrpc.Call{Procedure: row.procedure, Message: row.message, Metadata: func(key string) []string {
				return map[string][]string{"authorization": row.authorization, "org-id": row.orgs}[key]
			}})
			if !errors.Is(err, row.want) || (row.want == nil) != (err == nil) {
				t.Fatalf("got %v, want %v", err, row.want)
			}
			if err != nil {
				if !authrocketrpc.IsRefusal(err) {
					t.Errorf("%v is not a refusal", err)
				}
				return
			}
			session, ok := authrocket.CurrentSession(ctx)
			org, _ := session.Org()
			if ok != (row.in != "") || row.in != "" && row.in != "-" && org.ID != row.in {
				t.Errorf("the session %t is about %q, want %q", ok, org.ID, row.in)
			}
		})
	}
}

func TestFirstMessage(t *testing.T) {
	t.Parallel()
	realm := authrockettest.NewRealm(t)
	policy, err := authrocketrpc.NewPolicy(newAuth(t, realm), authrocketrpc.Methods{
		"acme.v1.Invoices":      {Org: authrocketrpc.OrgIDFromField("org_id")},
		"acme.v1.Invoices/Send": {Rules: []authrocket.Rule{authrocket.Permission("a")}},
		"acme.v1.Invoices/List": {Org: authrocketrpc.OrgIDFromMetadata("org-id")},
		"acme.v1.Chat":          {},
	})
	if err != nil {
		t.Fatal(err)
	}
	for procedure, want := range map[string]bool{
		"/acme.v1.Invoices/Watch": true,  // by its service
		"/acme.v1.Invoices/Send":  true,  // an entry that keeps the org of its service
		"/acme.v1.Invoices/List":  false, // metadata decides
		"/acme.v1.Invoices/Other": false,
		"/acme.v1.Chat/Talk":      false,
		"/acme.v1.Status/Get":     false,
	} {
		first := policy.FirstMessage(procedure)
		if got := first != nil; got != want {
			t.Errorf("%s: got %t, want %t", procedure, got, want)
		}
		if want && first.ProtoReflect().Descriptor().FullName() != "acme.v1.Request" {
			t.Errorf("%s: got %T", procedure, first)
		}
	}
}

func TestBindAndEndOf(t *testing.T) {
	t.Parallel()
	realm := authrockettest.NewRealm(t)
	ada := realm.AddUser(authrockettest.User{Email: "ada@example.com"})
	auth := newAuth(t, realm)
	policy, err := authrocketrpc.NewPolicy(auth, nil)
	if err != nil {
		t.Fatal(err)
	}
	session := authrockettest.Session(ada, authrockettest.Org{})
	bind := func(ctx context.Context, session authrocket.Session) context.Context {
		bound, cancel := policy.Bind(authrocket.WithSession(ctx, session))
		t.Cleanup(cancel)
		return bound
	}
	ended := session
	ended.ExpiresAt = time.Now().Add(-time.Minute)
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	for _, row := range []struct {
		name  string
		bound context.Context
		done  bool
		want  error
	}{
		{name: "a session that goes on", bound: bind(t.Context(), session)},
		{name: "a session that has expired", bound: bind(t.Context(), ended), done: true, want: authrocket.ErrTokenExpired},
		{name: "a caller that has gone", bound: bind(cancelled, session), done: true},
		{name: "no session", bound: bind(t.Context(), authrocket.Session{})},
		{name: "no session, and a caller that has gone", bound: bind(cancelled, authrocket.Session{}), done: true},
	} {
		t.Run(row.name, func(t *testing.T) {
			if done := row.bound.Err() != nil; done != row.done {
				t.Errorf("ended: %t", done)
			}
			if err := authrocketrpc.EndOf(row.bound); !errors.Is(err, row.want) || (err == nil) != (row.want == nil) {
				t.Errorf("got %v, want %v", err, row.want)
			}
		})
	}
}

func TestIsRefusal(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		err  error
		want bool
	}{
		{err: nil}, {err: context.Canceled}, {err: errors.New("not allowed")},
		{err: authrocket.ErrForbidden, want: true},
		{err: fmt.Errorf("while adding: %w", authrocket.ErrWrongOrg), want: true},
		{err: authrocket.ErrSessionEnded, want: true},
		{err: authrocket.ErrKeysUnavailable, want: true},
	} {
		if got := authrocketrpc.IsRefusal(row.err); got != row.want {
			t.Errorf("%v: got %t", row.err, got)
		}
	}
}
