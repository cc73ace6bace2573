package authrocket_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/authrocket-go/authrocket"
)

func TestCurrent(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	none, ada, george := authrocket.Session{}, s.realm.Session(s.ada), s.realm.Session(s.george, withoutClaim("orgs"))
	withSessions := func(sessions ...authrocket.Session) context.Context {
		ctx := t.Context()
		for _, session := range sessions {
			ctx = authrocket.WithSession(ctx, session)
		}
		return ctx
	}
	checked := func(r *http.Request, want error, rules ...authrocket.Rule) context.Context {
		r, err := s.auth.Check(r, rules...)
		if !errors.Is(err, want) {
			t.Fatalf("got %v, want %v", err, want)
		}
		return r.Context()
	}
	for _, row := range []struct {
		name, user, org string
		ctx             context.Context
	}{
		{name: "nobody in an empty context", ctx: t.Context()},
		{name: "nobody with the zero session", ctx: withSessions(none)},
		{name: "whom WithSession says", ctx: withSessions(ada), user: s.ada.ID, org: s.engines.ID},
		{name: "the last WithSession", ctx: withSessions(ada, none)},
		{name: "a user without memberships", ctx: withSessions(george), user: s.george.ID},
		{name: "whom Check finds", ctx: checked(s.signedIn("/"), nil), user: s.ada.ID, org: s.engines.ID},
		{name: "nobody where Check refuses for want of a session", ctx: checked(request("GET", "/"), authrocket.ErrNoToken)},
		{name: "the user whom a rule refuses", ctx: checked(s.signedIn("/"), authrocket.ErrPermissionDenied, authrocket.Permission("missing")), user: s.ada.ID, org: s.engines.ID},
	} {
		t.Run(row.name, func(t *testing.T) { expectCurrent(t, row.ctx, row.user, row.org) })
	}
}

// odd is a context that cannot be compared with another.
type odd struct {
	context.Context
	_ []int
}

func TestContextsOfAnyTypeAreTaken(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.auth.RequireLogin(whoami).ServeHTTP(w, r.WithContext(odd{Context: r.Context()}))
	})
	r := s.as(s.ada, navigate("/"))
	w := serve(s.auth.Authenticate(h), r.WithContext(odd{Context: r.Context()}))
	if w.Code != 200 || !strings.HasPrefix(w.Body.String(), "ada@") {
		t.Errorf("got %d %q, want Ada", w.Code, w.Body)
	}
}

func TestContextsKeepWhatIsInTheRequest(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	token := s.realm.Token(s.ada)
	seen := pass(s.auth.Authenticate, withCookie(navigate("/"), siteCookie, token)).Context()
	ctx, cancel := context.WithCancel(context.WithValue(seen, struct{ name string }{name: "x"}, 1))
	defer cancel()
	for _, ctx := range []context.Context{seen, ctx} {
		for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
			if shown := fmt.Sprintf(format, ctx); strings.Contains(shown, token[:20]) || strings.Contains(shown, "ada") {
				t.Errorf("%s shows %s", format, shown)
			}
		}
	}
}

// An identity is found through other Auths, and so is what is in the context besides.
func TestContextsOfTwoAuthsNest(t *testing.T) {
	t.Parallel()
	s, other := newSite(t), newSite(t)
	type key struct{}
	var seen any
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithCancel(r.Context())
		defer cancel()
		seen = ctx.Value(key{})
		whoami(w, r)
	})
	app := s.auth.Authenticate(other.auth.Authenticate(s.auth.RequireLogin(other.auth.Authenticate(s.auth.RequireLogin(h)))))
	r := s.as(s.ada, navigate("/"))
	w := serve(app, r.WithContext(context.WithValue(r.Context(), key{}, "value")))
	if w.Code != 200 || seen != "value" || !strings.HasPrefix(w.Body.String(), "ada@") {
		t.Errorf("got %d %q and %v, want Ada and the value", w.Code, w.Body, seen)
	}
}
