package authrocket_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/authrocket-go/authrocket"
)

func TestCurrent(t *testing.T) {
	t.Parallel()
	c := newSite(t)

	t.Run("nobody in an empty context", func(t *testing.T) {
		expectCurrent(t, t.Context(), "", "")
	})
	t.Run("nobody with the zero session", func(t *testing.T) {
		expectCurrent(t, authrocket.WithSession(t.Context(), authrocket.Session{}), "", "")
	})
	t.Run("whom WithSession says", func(t *testing.T) {
		expectCurrent(t, authrocket.WithSession(t.Context(), c.realm.Session(c.ada)), c.ada.ID, c.engines.ID)
	})
	t.Run("the last WithSession", func(t *testing.T) {
		ctx := authrocket.WithSession(t.Context(), c.realm.Session(c.ada))
		expectCurrent(t, authrocket.WithSession(ctx, authrocket.Session{}), "", "")
	})
	t.Run("a user without memberships", func(t *testing.T) {
		expectCurrent(t, authrocket.WithSession(t.Context(), c.realm.Session(c.ada, withoutClaim("orgs"))), c.ada.ID, "")
	})
	t.Run("whom Check finds", func(t *testing.T) {
		r, err := c.auth.Check(c.signedIn("/"))
		if err != nil {
			t.Fatal(err)
		}
		expectCurrent(t, r.Context(), c.ada.ID, c.engines.ID)
	})
	t.Run("nobody where Check refuses for want of a session", func(t *testing.T) {
		r, err := c.auth.Check(httptest.NewRequest(http.MethodGet, "/", nil))
		if !errors.Is(err, authrocket.ErrNoToken) {
			t.Fatal(err)
		}
		expectCurrent(t, r.Context(), "", "")
	})
	t.Run("the user whom a rule refuses", func(t *testing.T) {
		r, err := c.auth.Check(c.signedIn("/"), authrocket.Permission("missing"))
		if !errors.Is(err, authrocket.ErrPermissionDenied) {
			t.Fatal(err)
		}
		expectCurrent(t, r.Context(), c.ada.ID, c.engines.ID)
	})
}

func TestWithSessionNeverPassesAGate(t *testing.T) {
	t.Parallel()
	c := newSite(t)
	for name, gate := range map[string]func(http.Handler) http.Handler{
		"RequireLogin":              c.auth.RequireLogin,
		"Require":                   c.auth.Require(authrocket.Permission("ar:owner")),
		"RequireOrg":                c.auth.RequireOrg(authrocket.OrgIDFromPath("org")),
		"RequireLogin, behind Auth": func(next http.Handler) http.Handler { return c.auth.Authenticate(c.auth.RequireLogin(next)) },
		"RequireLogin, between": func(next http.Handler) http.Handler {
			gated := c.auth.RequireLogin(next)
			return c.auth.Authenticate(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				gated.ServeHTTP(w, r.WithContext(authrocket.WithSession(r.Context(), c.realm.Session(c.ada))))
			}))
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.SetPathValue("org", c.engines.ID)
			r = r.WithContext(authrocket.WithSession(r.Context(), c.realm.Session(c.ada)))
			w := httptest.NewRecorder()
			gate(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the gate let it through") })).ServeHTTP(w, r)
			if w.Code != http.StatusUnauthorized {
				t.Errorf("got %d, want 401", w.Code)
			}
		})
	}
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	if _, err := c.auth.Check(r.WithContext(authrocket.WithSession(r.Context(), c.realm.Session(c.ada)))); !errors.Is(err, authrocket.ErrNoToken) {
		t.Errorf("Check: got %v, want %v", err, authrocket.ErrNoToken)
	}
}

func TestAuthenticateOverwritesWhatWasThere(t *testing.T) {
	t.Parallel()
	c, other := newSite(t), newSite(t)
	check := c.auth.Authenticate(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		expectCurrent(t, r.Context(), "", "")
	}))
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	check.ServeHTTP(httptest.NewRecorder(), r.WithContext(authrocket.WithSession(r.Context(), c.realm.Session(c.ada))))
	// A session of another realm's Auth is nobody's here.
	other.auth.Authenticate(check).ServeHTTP(httptest.NewRecorder(), other.signedIn("/"))
}

func TestGateAcceptsOnlyItsOwnAuthAndRequest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, other := newSite(t), newSite(t)
		checked, err := c.auth.Check(c.signedIn("/"))
		if err != nil {
			t.Fatal(err)
		}
		again := func(change func(r *http.Request) *http.Request) error {
			_, err := c.auth.Check(change(checked))
			return err
		}
		if err := again(func(r *http.Request) *http.Request { return r }); err != nil {
			t.Errorf("the same request: %v", err)
		}
		if err := again(func(r *http.Request) *http.Request {
			return httptest.NewRequest(http.MethodGet, "/", nil).WithContext(r.Context())
		}); !errors.Is(err, authrocket.ErrNoToken) {
			t.Errorf("another request with its context: got %v, want %v", err, authrocket.ErrNoToken)
		}
		if err := again(func(r *http.Request) *http.Request {
			changed := *r
			changed.Method = http.MethodPost
			changed.Header = r.Header
			changed.Header.Set("Sec-Fetch-Site", "cross-site")
			return &changed
		}); !errors.Is(err, authrocket.ErrCrossSite) {
			t.Errorf("another method: got %v, want %v", err, authrocket.ErrCrossSite)
		}
		if _, err := other.auth.Check(checked); !errors.Is(err, authrocket.ErrWrongRealm) {
			t.Errorf("another Auth: got %v, want %v", err, authrocket.ErrWrongRealm)
		}
	})
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
	r := withCookie(navigate("/"), siteCookie, token)
	s.auth.Authenticate(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithCancel(context.WithValue(r.Context(), struct{ name string }{name: "x"}, 1))
		defer cancel()
		for _, ctx := range []context.Context{r.Context(), ctx} {
			for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
				if shown := fmt.Sprintf(format, ctx); strings.Contains(shown, token[:20]) || strings.Contains(shown, "ada") {
					t.Errorf("%s shows %s", format, shown)
				}
			}
		}
	})).ServeHTTP(httptest.NewRecorder(), r)
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
