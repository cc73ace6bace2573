package authrocketchi_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/go-chi/chi/v5"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/adapters/authrocketchi"
	"github.com/authrocket-go/authrocket/authrockettest"
)

// shop is a realm with one user, and an Auth for it.
type shop struct {
	realm *authrockettest.Realm
	ada   authrockettest.User
	org   authrockettest.Org
	auth  *authrocket.Auth
}

func newShop(t *testing.T, configure ...func(*authrocket.Config)) shop {
	t.Helper()
	realm := authrockettest.NewRealm(t)
	org := realm.AddOrg(authrockettest.Org{Name: "Analytical Engines"})
	ada := realm.AddUser(authrockettest.User{Email: "ada@example.com", Name: "Ada"})
	realm.AddMembership(ada, org)
	config := realm.Config()
	for _, f := range configure {
		f(&config)
	}
	auth, err := authrocket.New(config)
	if err != nil {
		t.Fatal(err)
	}
	authrockettest.Warm(t, auth)
	return shop{realm, ada, org, auth}
}

// get asks h for a target, as a program; signed in as Ada, or as nobody.
func (s shop) get(h http.Handler, target string, signedIn bool) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, target, nil)
	if signedIn {
		s.realm.SignIn(r, s.ada)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// silent keeps refusals that a test asks for out of its output.
func silent(c *authrocket.Config) { c.Observer = authrocket.SilentObserver() }

func want(t *testing.T, w *httptest.ResponseRecorder, status int, body string) {
	t.Helper()
	if w.Code != status || !strings.HasPrefix(w.Body.String(), body) {
		t.Errorf("got %d %q, want %d %q", w.Code, w.Body, status, body)
	}
}

func hello(w http.ResponseWriter, r *http.Request) {
	org, _ := authrocket.CurrentOrg(r.Context())
	fmt.Fprintf(w, "hello %s %s", org.Name, chi.URLParam(r, "org"))
}

// TestWhereAnOrgGateBelongs shows which routers know the path when the gate asks.
func TestWhereAnOrgGateBelongs(t *testing.T) {
	t.Parallel()
	var denied error
	s := newShop(t, func(c *authrocket.Config) {
		c.Deny = func(_ http.ResponseWriter, _ *http.Request, err error) bool {
			denied = err
			return false
		}
	})
	gate := authrocketchi.RequireOrg(s.auth, authrocket.OrgIDFromPath("org"))
	target := "/orgs/" + s.org.ID + "/files"
	for _, row := range []struct {
		name   string
		routes func(chi.Router)
		status int
	}{
		{"With", func(r chi.Router) { r.With(gate).Get("/orgs/{org}/files", hello) }, 200},
		{"Use in a Group", func(r chi.Router) {
			r.Group(func(r chi.Router) {
				r.Use(gate)
				r.Get("/orgs/{org}/files", hello)
			})
		}, 200},
		{"Use in a Route below the wildcard", func(r chi.Router) {
			r.Route("/orgs/{org}", func(r chi.Router) {
				r.Use(gate)
				r.Get("/files", hello)
			})
		}, 200},
		{"Use in a mounted router", func(r chi.Router) {
			mounted := chi.NewRouter()
			mounted.Use(gate)
			mounted.Get("/files", hello)
			r.Mount("/orgs/{org}", mounted)
		}, 200},
		{"a wildcard with a pattern", func(r chi.Router) { r.With(gate).Get("/orgs/{org:[a-zA-Z0-9_]+}/files", hello) }, 200},
		{"Use at the top", func(r chi.Router) {
			r.Use(gate)
			r.Get("/orgs/{org}/files", hello)
		}, 403},
		{"Use in a Route above the wildcard", func(r chi.Router) {
			r.Route("/orgs", func(r chi.Router) {
				r.Use(gate)
				r.Get("/{org}/files", hello)
			})
		}, 403},
	} {
		t.Run(row.name, func(t *testing.T) { // not parallel: they share denied
			denied = nil
			r := chi.NewRouter()
			row.routes(r)
			w := s.get(r, target, true)
			if row.status == 200 {
				want(t, w, 200, "hello Analytical Engines "+s.org.ID)
				return
			}
			want(t, w, row.status, "{")
			if !errors.Is(denied, authrocket.ErrWrongOrg) || !strings.Contains(denied.Error(), "no value for {org}; the gate belongs behind the router") {
				t.Errorf("got %v, want that it says where the gate belongs", denied)
			}
		})
	}
}

func TestUnknownRoutes(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	build := func(use ...func(http.Handler) http.Handler) http.Handler {
		r := chi.NewRouter()
		r.Use(use...)
		r.Post("/posts", hello)
		r.Route("/gated", func(r chi.Router) {
			r.Use(authrocketchi.RequireLogin(s.auth))
			r.Get("/known", hello)
		})
		r.Group(func(r chi.Router) {
			r.Use(authrocketchi.RequireLogin(s.auth))
			r.Get("/inline/known", hello)
		})
		return r
	}
	open := build(authrocketchi.Authenticate(s.auth))
	gated := build(authrocketchi.Authenticate(s.auth), authrocketchi.RequireLogin(s.auth))
	for _, row := range []struct {
		name     string
		h        http.Handler
		target   string
		signedIn bool
		status   int
	}{
		{"unknown: not found", open, "/nothing", false, 404},
		{"another method: not allowed", open, "/posts", false, 405},
		{"below a gated Route: refused, since the gate is around the Route", open, "/gated/nothing", false, 401},
		{"below a gated Route, signed in: not found", open, "/gated/nothing", true, 404},
		{"in a gated Route: refused", open, "/gated/known", false, 401},
		{"beside a gated Group: not found, since the gate is around its routes", open, "/inline/nothing", false, 404},
		{"in a gated Group: refused", open, "/inline/known", false, 401},
		{"login routes need no route", open, "/auth/logout", false, 200},
		{"unknown, all gated: refused", gated, "/nothing", false, 401},
		{"unknown, all gated, signed in: not found", gated, "/nothing", true, 404},
		{"another method, all gated: refused", gated, "/posts", false, 401},
		{"login routes are outside of the gate", gated, "/auth/logout", false, 200},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			want(t, s.get(row.h, row.target, row.signedIn), row.status, "")
		})
	}
}

func TestRecovery(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	r := chi.NewRouter()
	r.Use(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			defer func() { http.Error(w, fmt.Sprint(recover()), http.StatusInternalServerError) }()
			next.ServeHTTP(w, r)
		})
	}, authrocketchi.Authenticate(s.auth))
	r.With(authrocketchi.RequireLogin(s.auth)).Get("/handler", func(http.ResponseWriter, *http.Request) { panic("here") })
	r.With(authrocketchi.Require(s.auth, func(context.Context, authrocket.Session) error { panic("there") })).
		Get("/rule", func(http.ResponseWriter, *http.Request) { t.Error("the handler was reached") })
	want(t, s.get(r, "/handler", true), 500, "here")
	want(t, s.get(r, "/rule", true), 500, "there")
}

// A selector has to choose by the value that the handler reads.
func TestSelectorsReadWhatURLParamReturns(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	for _, row := range []struct{ name, pattern, target, param, value string }{
		{"a parameter", "/orgs/{org}/files", "/orgs/a/files", "org", "a"},
		{"a wildcard", "/files/*", "/files/a/b", "*", "a/b"},
		{"an escaped value", "/orgs/{org}", "/orgs/a%20b", "org", "a b"},
		{"an escaped slash", "/orgs/{org}", "/orgs/a%2Fb", "org", "a%2Fb"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			var selected string
			selector := func(r *http.Request, session authrocket.Session) (authrocket.Membership, error) {
				selected = r.PathValue(row.param)
				m, _ := session.Membership()
				return m, nil
			}
			r := chi.NewRouter()
			r.With(authrocketchi.RequireOrg(s.auth, selector)).Get(row.pattern, func(w http.ResponseWriter, r *http.Request) {
				fmt.Fprint(w, chi.URLParam(r, row.param))
			})
			want(t, s.get(r, row.target, true), 200, row.value)
			if selected != row.value {
				t.Errorf("the selector read %q, want %q", selected, row.value)
			}
		})
	}
}

// A router and a handler that serves a tree may read one path in two ways.
func TestGatesProtectRoutesNotPaths(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	files := http.FileServerFS(fstest.MapFS{"private/report.txt": {Data: []byte("secret")}})
	below, around := chi.NewRouter(), chi.NewRouter()
	below.Handle("/*", files)
	below.With(authrocketchi.RequireLogin(s.auth)).Handle("/private/*", files)
	around.With(authrocketchi.RequireLogin(s.auth)).Handle("/*", files)
	for _, row := range []struct {
		target string
		status int // with a gate below the open tree
	}{
		{"/private/report.txt", 401},
		{"/%70rivate/report.txt", 200},
		{"/private%2freport.txt", 200},
		{"//private/report.txt", 200},
		{"/./private/report.txt", 200},
		{"/open/../private/report.txt", 200},
	} {
		t.Run(row.target, func(t *testing.T) {
			t.Parallel()
			if w := s.get(below, row.target, false); w.Code != row.status {
				t.Errorf("a gate below the open tree: got %d %q, want %d", w.Code, w.Body, row.status)
			}
			want(t, s.get(around, row.target, false), 401, "{")
			want(t, s.get(around, row.target, true), 200, "secret")
		})
	}
}
