package rpctest_test

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/adapters/authrocketrpc"
	"github.com/authrocket-go/authrocket/adapters/rpctest"
	"github.com/authrocket-go/authrocket/authrockettest"
)

const service = "authrocket.rpctest.v1.Calls"

// sayWho is a handler: "Ada in org_1".
func sayWho(_ *authrocket.Auth, c call) error {
	if err := receiveAll(c); err != nil {
		return err
	}
	user, _ := authrocket.CurrentUser(c.ctx)
	org, _ := authrocket.CurrentOrg(c.ctx)
	return c.send(&rpctest.Response{Text: fmt.Sprintf("%s in %s", user.Name, org.ID)})
}

// receiveAll receives until the client has said that there is no more.
func receiveAll(c call) error {
	for {
		if _, err := c.receive(); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
	}
}

func TestDecisions(t *testing.T) {
	t.Parallel()
	f, other := newFixture(t), newFixture(t)
	ada, alan := f.bearer(f.ada), f.bearer(f.alan)
	write := []authrocket.Rule{authrocket.Permission("write")}
	allow := []authrocket.Rule{func(context.Context, authrocket.Session) error { return nil }}
	own := func(m authrocketrpc.Method) authrocketrpc.Methods { return authrocketrpc.Methods{service: m} }
	byField := authrocketrpc.Methods{
		service:                   {Org: authrocketrpc.OrgIDFromField("org_id"), Rules: write},
		service + "/ClientStream": {Public: true}, // of a stream of requests, none decides
		service + "/BidiStream":   {Public: true},
	}
	byNestedField := authrocketrpc.Methods{
		service + "/Unary":        {Org: authrocketrpc.OrgIDFromField("parent.org_id")},
		service + "/ServerStream": {Org: authrocketrpc.OrgIDFromField("parent.org_id")},
	}
	byMetadata := own(authrocketrpc.Method{Org: authrocketrpc.OrgIDFromMetadata("org-id"), Rules: write})
	public := own(authrocketrpc.Method{Public: true})
	inOrg := func(id string) *rpctest.Request { return &rpctest.Request{OrgId: id} }
	inParent := func(id string) *rpctest.Request {
		return &rpctest.Request{OrgId: "org_1", Parent: &rpctest.Parent{OrgId: id}}
	}
	state := func(s *sessions) func(*authrocket.Config) {
		return func(c *authrocket.Config) { c.SessionState = s }
	}
	keysDown := authrockettest.NewRealm(t)
	keysDown.Break(authrockettest.Status(500))
	keysDownToken := "Authorization: Bearer " + keysDown.Token(keysDown.AddUser(authrockettest.User{Email: "ada@example.com"}))

	for _, row := range []struct {
		name      string
		methods   authrocketrpc.Methods // nil: everybody who is signed in
		configure func(*authrocket.Config)
		behind    bool   // Authenticate
		kinds     []kind // nil: all
		metadata  []string
		request   *rpctest.Request

		want    error  // nil: allowed
		text    string // of the response
		reports string // of the Observer. Default: what follows from want; "-" is none
	}{
		{name: "a token", metadata: []string{ada}, text: "Ada in org_1"},
		{name: "a token and a hundred values of another key", text: "Ada in org_1",
			metadata: append(slices.Repeat([]string{"X-Trace: " + strings.Repeat("x", 100)}, 100), ada)},
		{name: "no token", want: authrocket.ErrNoToken},
		{name: "a token and no scheme", metadata: []string{strings.Replace(ada, "Bearer ", "", 1)}, want: authrocket.ErrNoToken},
		{name: "another scheme", metadata: []string{"Authorization: Basic eDp5"}, want: authrocket.ErrNoToken},
		{name: "a malformed token", metadata: []string{"Authorization: Bearer x.y.z"}, want: authrocket.ErrTokenMalformed},
		{name: "no token after Bearer", metadata: []string{"Authorization: Bearer"}, want: authrocket.ErrTokenMalformed},
		{name: "an expired token", metadata: []string{f.bearer(f.ada, authrockettest.ExpiresIn(-time.Minute))}, want: authrocket.ErrTokenExpired},
		{name: "a token of another realm", configure: func(c *authrocket.Config) { c.JWTKey = other.realm.JWTKey() },
			metadata: []string{other.bearer(other.ada)}, want: authrocket.ErrWrongRealm},
		{name: "a token that another realm signed", metadata: []string{other.bearer(other.ada)}, want: authrocket.ErrBadSignature},
		{name: "two tokens", metadata: []string{ada, ada}, want: authrocket.ErrAmbiguousAuthorization},
		{name: "tokens of two users", metadata: []string{ada, alan}, want: authrocket.ErrAmbiguousAuthorization},
		{name: "another scheme and a token", metadata: []string{"Authorization: Basic eDp5", ada}, want: authrocket.ErrAmbiguousAuthorization},
		{name: "a token and another scheme", metadata: []string{ada, "Authorization: Basic eDp5"}, want: authrocket.ErrAmbiguousAuthorization},
		{name: "a hundred tokens", metadata: slices.Repeat([]string{"Authorization: Bearer x.y.z"}, 100), want: authrocket.ErrAmbiguousAuthorization},
		{name: "a token of 64 KB", metadata: []string{ada + strings.Repeat("x", 64<<10)}, want: authrocket.ErrTokenTooLarge},
		{name: "a cookie without Authenticate", metadata: []string{f.cookie(f.ada), "Sec-Fetch-Site: same-origin"}, want: authrocket.ErrNoToken},

		{name: "a session that has ended", configure: state(&sessions{answer: authrocket.ErrSessionEnded}), metadata: []string{ada}, want: authrocket.ErrSessionEnded},
		{name: "a session that cannot be asked about", configure: state(&sessions{answer: fmt.Errorf("store %s is down", f.ada.ID)}), metadata: []string{ada}, want: authrocket.ErrSessionUnknown},
		{name: "a session that ends before the handler of a stream", configure: state(&sessions{endedAtBind: authrocket.ErrSessionEnded}), kinds: streamKinds,
			metadata: []string{ada}, want: authrocket.ErrSessionEnded, reports: "allowed"},
		{name: "no keys", configure: func(c *authrocket.Config) { *c = keysDown.Config() }, metadata: []string{keysDownToken}, want: authrocket.ErrKeysUnavailable},

		{name: "a rule of the Config", configure: func(c *authrocket.Config) { c.Rules = []authrocket.Rule{authrocket.VerifiedEmail()} },
			metadata: []string{ada}, want: authrocket.ErrEmailNotVerified},
		{name: "a missing permission", methods: own(authrocketrpc.Method{Rules: write}), metadata: []string{alan}, want: authrocket.ErrPermissionDenied},
		{name: "a rule of the service beside one of the method", want: authrocket.ErrPermissionDenied, kinds: []kind{unary}, metadata: []string{alan},
			methods: authrocketrpc.Methods{service: {Rules: write}, service + "/Unary": {Rules: allow}}},
		{name: "a rule of the method beside one of the service", want: authrocket.ErrPermissionDenied, kinds: []kind{unary}, metadata: []string{ada},
			methods: authrocketrpc.Methods{service: {Rules: write}, service + "/Unary": {Rules: []authrocket.Rule{authrocket.Permission("other")}}}},
		{name: "a rule of another method", text: "Alan in ", kinds: []kind{serverStream}, metadata: []string{alan},
			methods: authrocketrpc.Methods{service + "/Unary": {Rules: write}}},
		{name: "a service without an entry", methods: authrocketrpc.Methods{"grpc.health.v1.Health": {Public: true}}, want: authrocket.ErrNoToken},
		{name: "a method without an entry beside a public one", methods: authrocketrpc.Methods{service + "/Unary": {Public: true}}, kinds: streamKinds, want: authrocket.ErrNoToken},
		{name: "a method with an entry in a public service", methods: authrocketrpc.Methods{service: {Public: true}, service + "/Unary": {}}, kinds: []kind{unary}, want: authrocket.ErrNoToken},

		{name: "public, anonymous", methods: public, text: " in ", reports: "-"},
		{name: "public, with a session", methods: public, metadata: []string{ada}, text: "Ada in org_1"},
		{name: "public, with an invalid token", methods: public, metadata: []string{"Authorization: Bearer x.y.z"}, text: " in ", reports: "token_malformed"},
		{name: "public, with two tokens", methods: public, metadata: []string{ada, ada}, text: " in ", reports: "ambiguous_authorization"},

		{name: "an org by field", methods: byField, kinds: oneRequestOf, metadata: []string{ada}, request: inOrg("org_1"), text: "Ada in org_1"},
		{name: "another org by field, and a permission that is missing there", methods: byField, kinds: oneRequestOf, metadata: []string{ada}, request: inOrg("org_2"), want: authrocket.ErrPermissionDenied},
		{name: "the wrong org by field", methods: byField, kinds: oneRequestOf, metadata: []string{ada}, request: inOrg("org_x"), want: authrocket.ErrWrongOrg},
		{name: "no org by field", methods: byField, kinds: oneRequestOf, metadata: []string{ada}, request: inOrg(""), want: authrocket.ErrWrongOrg},
		{name: "no org by field, and no token", methods: byField, kinds: oneRequestOf, request: inOrg(""), want: authrocket.ErrNoToken},
		{name: "an org by a field of a message in it", methods: byNestedField, kinds: oneRequestOf, metadata: []string{ada}, request: inParent("org_2"), text: "Ada in org_2"},
		{name: "the wrong org by a field of a message in it", methods: byNestedField, kinds: oneRequestOf, metadata: []string{ada}, request: inParent("org_x"), want: authrocket.ErrWrongOrg},
		{name: "no message that the field is of", methods: byNestedField, kinds: oneRequestOf, metadata: []string{ada}, request: inOrg("org_1"), want: authrocket.ErrWrongOrg},
		{name: "an org by metadata", methods: byMetadata, metadata: []string{ada, "Org-Id: org_1"}, text: "Ada in org_1"},
		{name: "another org by metadata, and a permission that is missing there", methods: byMetadata, metadata: []string{ada, "Org-Id: org_2"}, want: authrocket.ErrPermissionDenied},
		{name: "the wrong org by metadata", methods: byMetadata, metadata: []string{ada, "Org-Id: org_x"}, want: authrocket.ErrWrongOrg},
		{name: "an empty org by metadata", methods: byMetadata, metadata: []string{ada, "Org-Id: "}, want: authrocket.ErrWrongOrg},
		{name: "no org by metadata", methods: byMetadata, metadata: []string{ada}, want: authrocket.ErrWrongOrg},
		{name: "an org by metadata twice", methods: byMetadata, metadata: []string{ada, "Org-Id: org_1", "Org-Id: org_1"}, want: authrocket.ErrWrongOrg},
		{name: "an org by metadata in two parts", methods: byMetadata, metadata: []string{ada, "Org-Id: org", "Org-Id: _1"}, want: authrocket.ErrWrongOrg},
		{name: "an org by a hundred metadata", methods: byMetadata, metadata: append(slices.Repeat([]string{"Org-Id: org_1"}, 100), ada), want: authrocket.ErrWrongOrg},

		{name: "behind Authenticate, a token", behind: true, metadata: []string{ada}, text: "Ada in org_1"},
		{name: "behind Authenticate, no token", behind: true, want: authrocket.ErrNoToken},
		{name: "behind Authenticate, a token that it did not wait for", behind: true, configure: state(&sessions{needsTime: true}), metadata: []string{ada}, text: "Ada in org_1"},
		{name: "behind Authenticate, two tokens", behind: true, metadata: []string{ada, ada}, want: authrocket.ErrAmbiguousAuthorization},
		{name: "behind Authenticate, a cookie of the same origin", behind: true, metadata: []string{f.cookie(f.ada), "Sec-Fetch-Site: same-origin"}, text: "Ada in org_1"},
		{name: "behind Authenticate, a cookie from another site", behind: true, metadata: []string{f.cookie(f.ada), "Sec-Fetch-Site: cross-site"}, want: authrocket.ErrCrossSite},
		{name: "behind Authenticate, a cookie from another origin", behind: true, metadata: []string{f.cookie(f.ada), "Origin: https://elsewhere.example"}, want: authrocket.ErrCrossSite},
		{name: "behind Authenticate, a cookie and another scheme", behind: true, text: "Ada in org_1",
			metadata: []string{f.cookie(f.ada), "Sec-Fetch-Site: same-origin", "Authorization: Basic eDp5"}},
		{name: "behind Authenticate, a token beside a cookie", behind: true, metadata: []string{f.cookie(f.alan), "Sec-Fetch-Site: same-origin", ada}, text: "Ada in org_1"},
		{name: "behind Authenticate, an invalid token beside a cookie", behind: true, want: authrocket.ErrTokenMalformed,
			metadata: []string{f.cookie(f.ada), "Sec-Fetch-Site: same-origin", "Authorization: Bearer x.y.z"}},
		{name: "behind Authenticate, a token from another site", behind: true, metadata: []string{f.cookie(f.alan), "Sec-Fetch-Site: cross-site", ada}, text: "Ada in org_1"},
		{name: "behind Authenticate, an org by field and a cookie", behind: true, methods: byField, kinds: oneRequestOf,
			metadata: []string{f.cookie(f.ada), "Sec-Fetch-Site: same-origin"}, request: inOrg("org_1"), text: "Ada in org_1"},
		{name: "behind Authenticate, the wrong org by field and a cookie", behind: true, methods: byField, kinds: oneRequestOf,
			metadata: []string{f.cookie(f.ada), "Sec-Fetch-Site: same-origin"}, request: inOrg("org_x"), want: authrocket.ErrWrongOrg},
		{name: "behind Authenticate, public, a cookie", behind: true, methods: public, metadata: []string{f.cookie(f.ada), "Sec-Fetch-Site: same-origin"}, text: "Ada in org_1", reports: "-"},
		{name: "behind Authenticate, public, a cookie from another site", behind: true, methods: public, metadata: []string{f.cookie(f.ada), "Sec-Fetch-Site: cross-site"}, text: " in ", reports: "-"},
	} {
		if row.kinds == nil {
			row.kinds = allKinds
		}
		ran, reports := int64(1), []string{"allowed"}
		if row.want != nil {
			ran, reports = 0, []string{authrocket.Reason(row.want)}
		}
		if row.reports != "" {
			reports = []string{row.reports}
		}
		if row.reports == "-" {
			reports = nil
		}
		for _, s := range servers {
			t.Run(row.name+"/"+s.name, func(t *testing.T) {
				t.Parallel()
				sv := f.serve(t, s, row.methods, row.behind, row.configure, sayWho)
				for _, k := range row.kinds {
					text, err := sv.open(t, k, headersOf(row.metadata...), row.request, false).rest()
					switch {
					case row.want != nil:
						expectRefusal(t, err, row.want, f.ada.ID, "org_", "eyJ")
					case err != nil || text != row.text:
						t.Errorf("%s: got %q %v, want %q", k, text, err, row.text)
					}
					sv.expect(t, ran, reports)
					if t.Failed() {
						t.Fatalf("by %s", k)
					}
				}
			})
		}
	}
}
