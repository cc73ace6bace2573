package authrocketchi_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/adapters/authrocketchi"
	"github.com/authrocket-go/authrocket/authrockettest"
)

func hello(w http.ResponseWriter, r *http.Request) {
	org, _ := authrocket.CurrentOrg(r.Context())
	fmt.Fprintf(w, "hello %s %s", org.Name, chi.URLParam(r, "org"))
}

// Which routers know the path when the gate asks.
func TestWhereAnOrgGateBelongs(t *testing.T) {
	t.Parallel()
	var denied error
	f := authrockettest.NewAdapterFixture(t, func(c *authrocket.Config) {
		c.Deny = func(_ http.ResponseWriter, _ *http.Request, err error) bool {
			denied = err
			return false
		}
	})
	gate := authrocketchi.RequireOrg(f.Auth, authrocket.OrgIDFromPath("org"))
	for _, row := range []struct {
		name    string
		routes  func(chi.Router)
		refused bool
	}{
		{name: "With", routes: func(r chi.Router) { r.With(gate).Get("/orgs/{org}/files", hello) }},
		{name: "Use in a Group", routes: func(r chi.Router) {
			r.Group(func(r chi.Router) {
				r.Use(gate)
				r.Get("/orgs/{org}/files", hello)
			})
		}},
		{name: "Use in a Route below the wildcard", routes: func(r chi.Router) {
			r.Route("/orgs/{org}", func(r chi.Router) {
				r.Use(gate)
				r.Get("/files", hello)
			})
		}},
		{name: "Use in a mounted router", routes: func(r chi.Router) {
			mounted := chi.NewRouter()
			mounted.Use(gate)
			mounted.Get("/files", hello)
			r.Mount("/orgs/{org}", mounted)
		}},
		{name: "a wildcard with a pattern", routes: func(r chi.Router) { r.With(gate).Get("/orgs/{org:[a-zA-Z0-9_]+}/files", hello) }},
		{name: "Use at the top", refused: true, routes: func(r chi.Router) {
			r.Use(gate)
			r.Get("/orgs/{org}/files", hello)
		}},
		{name: "Use in a Route above the wildcard", refused: true, routes: func(r chi.Router) {
			r.Route("/orgs", func(r chi.Router) {
				r.Use(gate)
				r.Get("/{org}/files", hello)
			})
		}},
	} {
		t.Run(row.name, func(t *testing.T) { // not parallel: they share denied
			denied = nil
			r := chi.NewRouter()
			row.routes(r)
			target := "/orgs/" + f.Org.ID + "/files"
			if !row.refused {
				f.TestGet(t, r, f.Ada, target, 200, "hello Analytical Engines "+f.Org.ID)
				return
			}
			f.TestGet(t, r, f.Ada, target, 403, "wrong_org")
			if !errors.Is(denied, authrocket.ErrWrongOrg) || !strings.Contains(denied.Error(), "no value for {org}; put the gate behind the router") {
				t.Errorf("got %v, want that it says where the gate belongs", denied)
			}
		})
	}
}

// A gate is around all of a Route, and around the routes of a Group only.
func TestUnknownPathsInGatedRoutersAndGroups(t *testing.T) {
	t.Parallel()
	f := authrockettest.NewAdapterFixture(t)
	r := chi.NewRouter()
	r.Route("/gated", func(r chi.Router) {
		r.Use(authrocketchi.RequireLogin(f.Auth))
		r.Get("/known", hello)
	})
	r.Group(func(r chi.Router) {
		r.Use(authrocketchi.RequireLogin(f.Auth))
		r.Get("/group/known", hello)
	})
	f.TestGet(t, r, authrockettest.User{}, "/gated/known", 401, "no_token")
	f.TestGet(t, r, authrockettest.User{}, "/gated/unknown", 401, "no_token")
	f.TestGet(t, r, f.Ada, "/gated/unknown", 404, "")
	f.TestGet(t, r, authrockettest.User{}, "/group/known", 401, "no_token")
	f.TestGet(t, r, authrockettest.User{}, "/group/unknown", 404, "")
}

// A selector has to choose by the value that the handler reads.
func TestSelectorsReadWhatURLParamReturns(t *testing.T) {
	t.Parallel()
	f := authrockettest.NewAdapterFixture(t)
	for _, row := range []struct{ name, pattern, target, param, value string }{
		{name: "a parameter", pattern: "/orgs/{org}/files", target: "/orgs/a/files", param: "org", value: "a"},
		{name: "a wildcard", pattern: "/files/*", target: "/files/a/b", param: "*", value: "a/b"},
		{name: "an escaped value", pattern: "/orgs/{org}", target: "/orgs/a%20b", param: "org", value: "a b"},
		{name: "an escaped slash", pattern: "/orgs/{org}", target: "/orgs/a%2Fb", param: "org", value: "a%2Fb"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			selected := ""
			selector := func(r *http.Request, session authrocket.Session) (authrocket.Membership, error) {
				selected = r.PathValue(row.param)
				m, _ := session.Membership()
				return m, nil
			}
			r := chi.NewRouter()
			r.With(authrocketchi.RequireOrg(f.Auth, selector)).Get(row.pattern, func(w http.ResponseWriter, r *http.Request) {
				fmt.Fprintf(w, "handler %q, selector %q", chi.URLParam(r, row.param), selected)
			})
			f.TestGet(t, r, f.Ada, row.target, 200, fmt.Sprintf("handler %q, selector %q", row.value, row.value))
		})
	}
}

// A router and a handler that serves a tree may read one path in two ways.
func TestGatesProtectRoutesNotPaths(t *testing.T) {
	t.Parallel()
	f := authrockettest.NewAdapterFixture(t)
	f.TestTree(t, func(tree http.Handler) (http.Handler, http.Handler) {
		below, around := chi.NewRouter(), chi.NewRouter()
		below.Handle("/*", tree)
		below.With(authrocketchi.RequireLogin(f.Auth)).Handle("/private/*", tree)
		around.With(authrocketchi.RequireLogin(f.Auth)).Handle("/*", tree)
		return below, around
	}, "/private/report.txt")
}

// What redirects before Authenticate repeats the query.
func TestTrailingSlashes(t *testing.T) {
	t.Parallel()
	f := authrockettest.NewAdapterFixture(t)
	authenticate := authrocketchi.Authenticate(f.Auth)
	routes := func(use ...func(http.Handler) http.Handler) http.Handler {
		r := chi.NewRouter()
		r.Use(use...)
		r.Get("/welcome", hello)
		return r
	}
	f.TestRedirects(t, []authrockettest.RedirectingApp{
		{Name: "Authenticate around the router", App: f.Auth.Authenticate(routes(middleware.RedirectSlashes)),
			Invitation: "/welcome/", Browser: "/auth/confirm", Script: "/welcome", Login: "/home"},
		{Name: "Authenticate, then RedirectSlashes", App: routes(authenticate, middleware.RedirectSlashes),
			Invitation: "/welcome/", Browser: "/auth/confirm", Script: "/welcome", Login: "/home"},
		{Name: "RedirectSlashes, then Authenticate", App: routes(middleware.RedirectSlashes, authenticate),
			Invitation: "/welcome/", Browser: "/welcome?token=TOKEN", Script: "/welcome?token=TOKEN", Login: "/home"},
		{Name: "Authenticate, then StripSlashes", App: routes(authenticate, middleware.StripSlashes),
			Invitation: "/welcome/", Browser: "/auth/confirm", Script: "", Login: "/home"},
		{Name: "StripSlashes, then Authenticate", App: routes(middleware.StripSlashes, authenticate),
			Invitation: "/welcome/", Browser: "/auth/confirm", Script: "", Login: "/home"},
	})
}
