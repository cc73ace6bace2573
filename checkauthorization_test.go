package authrocket_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/authrockettest"
)

func TestCheckAuthorization(t *testing.T) {
	t.Parallel()
	c, other := newSite(t), newSite(t)
	ada, alan := "Bearer "+c.realm.Token(c.ada, twoOrgs), c.realm.AddUser(authrockettest.User{Email: "alan@example.com"})
	cookieOf := func(user authrockettest.User) context.Context {
		return pass(c.auth.Authenticate, c.as(user, request(http.MethodPost, "/"))).Context()
	}
	// chosen returns the context behind a gate that chose org_2, where the request has the headers.
	chosen := func(headers ...string) context.Context {
		gate := c.auth.RequireOrg(func(_ *http.Request, s authrocket.Session) (authrocket.Membership, error) {
			return s.Memberships()[1], nil
		})
		return pass(gate, request(http.MethodPost, "/", headers...)).Context()
	}
	for _, row := range []struct {
		name   string
		ctx    context.Context // nil: one without an identity
		values []string
		org    string
		rules  []authrocket.Rule
		want   error
		user   string // "": nobody
		inOrg  string
	}{
		{name: "a bearer token", values: []string{ada}, user: c.ada.ID, inOrg: "org_1"},
		{name: "the scheme in another case", values: []string{"bEARER" + ada[len("Bearer"):]}, user: c.ada.ID, inOrg: "org_1"},
		{name: "an org", values: []string{ada}, org: "org_2", rules: []authrocket.Rule{authrocket.Permission("b")}, user: c.ada.ID, inOrg: "org_2"},
		{name: "a rule refuses", values: []string{ada}, rules: []authrocket.Rule{authrocket.Permission("b")}, want: authrocket.ErrPermissionDenied, user: c.ada.ID, inOrg: "org_1"},
		{name: "nothing", want: authrocket.ErrNoToken},
		{name: "another scheme", values: []string{"Basic eDp5"}, want: authrocket.ErrNoToken},
		{name: "no token after Bearer", values: []string{"Bearer "}, want: authrocket.ErrTokenMalformed},
		{name: "two tokens", values: []string{ada, ada}, want: authrocket.ErrAmbiguousAuthorization},
		{name: "a token and another scheme", values: []string{"Basic eDp5", ada}, want: authrocket.ErrAmbiguousAuthorization},
		{name: "a token of another realm", values: []string{"Bearer " + other.realm.Token(other.ada)}, want: authrocket.ErrWrongRealm},

		{name: "behind Authenticate, the cookie", ctx: cookieOf(alan), user: alan.ID},
		{name: "behind Authenticate, the cookie and another scheme", ctx: cookieOf(alan), values: []string{"Basic eDp5"}, user: alan.ID},
		{name: "behind Authenticate, nothing", ctx: pass(c.auth.Authenticate, request(http.MethodPost, "/")).Context(), want: authrocket.ErrNoToken},
		{name: "behind Authenticate, a cookie from another site", want: authrocket.ErrCrossSite,
			ctx: pass(c.auth.Authenticate, c.as(c.ada, request(http.MethodPost, "/", "Sec-Fetch-Site: cross-site"))).Context()},
		{name: "the bearer token takes precedence over whom the context is of", ctx: cookieOf(alan), values: []string{ada}, user: c.ada.ID, inOrg: "org_1"},
		{name: "an invalid bearer token, whomever the context is of", ctx: cookieOf(alan), values: []string{"Bearer x"}, want: authrocket.ErrTokenMalformed},
		{name: "two tokens, whomever the context is of", ctx: cookieOf(alan), values: []string{ada, ada}, want: authrocket.ErrAmbiguousAuthorization},
		{name: "the org that a gate chose", ctx: chosen("Authorization: " + ada), values: []string{ada}, user: c.ada.ID, inOrg: "org_2"},
		{name: "a session of WithSession", ctx: authrocket.WithSession(t.Context(), c.session(t)), want: authrocket.ErrNoToken, user: ""},
		{name: "a context of another Auth", ctx: pass(other.auth.Authenticate, other.signedIn("/")).Context(), want: authrocket.ErrNoToken},
	} {
		t.Run(row.name, func(t *testing.T) {
			ctx := row.ctx
			if ctx == nil {
				ctx = t.Context()
			}
			ctx, err := c.auth.CheckAuthorization(ctx, row.values, row.org, row.rules...)
			if !errors.Is(err, row.want) || (row.want == nil) != (err == nil) {
				t.Errorf("got %v, want %v", err, row.want)
			}
			expectOneKind(t, err)
			expectCurrent(t, ctx, row.user, row.inOrg)
		})
	}
}

// Behind Authenticate, which does not wait, an undecided bearer token is asked about again.
func TestCheckAuthorizationWaitsForKeys(t *testing.T) {
	t.Parallel()
	c, state := newStateSite(t, nil)
	state.answer = func(_ authrocket.Session, patience time.Duration) error {
		if patience == 0 {
			return authrocket.ErrSessionUnknown
		}
		return nil
	}
	authorization := "Bearer " + c.realm.Token(c.ada)
	ctx := pass(c.auth.Authenticate, request(http.MethodPost, "/", "Authorization: "+authorization)).Context()
	if _, err := c.auth.CheckContext(ctx, ""); !errors.Is(err, authrocket.ErrSessionUnknown) {
		t.Fatalf("Authenticate has decided: %v", err)
	}
	if _, err := c.auth.CheckAuthorization(ctx, []string{authorization}, ""); err != nil {
		t.Errorf("got %v", err)
	}
}
