package authrocketechov4_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/adapters/authrocketechov4"
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

// getAs asks h for a target, as a program; signed in as user.
func (s shop) getAs(user authrockettest.User, h http.Handler, target string) {
	r := httptest.NewRequest(http.MethodGet, target, nil)
	s.realm.SignIn(r, user)
	h.ServeHTTP(httptest.NewRecorder(), r)
}

// silent keeps refusals that a test asks for out of its output.
func silent(c *authrocket.Config) { c.Observer = authrocket.SilentObserver() }

func want(t *testing.T, w *httptest.ResponseRecorder, status int, body string) {
	t.Helper()
	if w.Code != status || !strings.HasPrefix(w.Body.String(), body) {
		t.Errorf("got %d %q, want %d %q", w.Code, w.Body, status, body)
	}
}

func hello(c echo.Context) error {
	session, ok := authrocketechov4.Session(c)
	return c.String(http.StatusOK, fmt.Sprintf("hello %q %t", session.User.Name, ok))
}

func TestSession(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	without, with := echo.New(), echo.New()
	without.GET("/", hello)
	without.GET("/gated", hello, authrocketechov4.RequireLogin(s.auth))
	with.Use(authrocketechov4.Authenticate(s.auth))
	with.GET("/", hello)

	want(t, s.get(with, "/", true), 200, `hello "Ada" true`)
	want(t, s.get(with, "/", false), 200, `hello "" false`)
	want(t, s.get(without, "/", true), 200, `hello "" false`)
	around := s.auth.Authenticate(without)
	want(t, s.get(around, "/", true), 200, `hello "Ada" true`)
	want(t, s.get(around, "/gated", true), 200, `hello "Ada" true`)
	want(t, s.get(around, "/gated", false), 401, "{")

	// A handler's unit test may have no request.
	if _, ok := authrocketechov4.Session(echo.New().NewContext(nil, httptest.NewRecorder())); ok {
		t.Error("a context without a request has a session")
	}
}

func TestResponseStaysEchos(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	e := echo.New()
	var outside any
	e.Use(func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			outside = c.Response()
			return next(c)
		}
	}, authrocketechov4.Authenticate(s.auth))
	e.GET("/", func(c echo.Context) error {
		return c.String(http.StatusOK, fmt.Sprintf("same: %t", any(c.Response()) == outside))
	}, authrocketechov4.RequireLogin(s.auth))
	want(t, s.get(e, "/", true), 200, "same: true")
}

// handleErrors sets a central error handler that tells what it gets.
func handleErrors(e *echo.Echo) {
	e.HTTPErrorHandler = func(err error, c echo.Context) {
		session, _ := authrocketechov4.Session(c)
		c.String(http.StatusTeapot, fmt.Sprintf("%v for %q", err, session.User.Name))
	}
}

func TestErrorsReachTheCentralHandler(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	e := echo.New()
	handleErrors(e)
	var passed error
	e.Use(func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			passed = next(c)
			return passed
		}
	}, authrocketechov4.Authenticate(s.auth))
	broken := errors.New("broken")
	e.GET("/broken", func(echo.Context) error { return broken }, authrocketechov4.RequireLogin(s.auth))

	want(t, s.get(e, "/broken", true), 418, `broken for "Ada"`)
	if passed != broken {
		t.Errorf("middleware outside gets %v, want the handler's own error", passed)
	}
	// A refusal has been answered: it is no error.
	want(t, s.get(e, "/broken", false), 401, "{")
	if passed != nil {
		t.Errorf("after a refusal middleware outside gets %v, want nil", passed)
	}
}

func TestRecovery(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	e := echo.New()
	handleErrors(e)
	e.Use(middleware.RecoverWithConfig(middleware.RecoverConfig{DisablePrintStack: true}), authrocketechov4.Authenticate(s.auth))
	e.GET("/handler", func(echo.Context) error { panic("here") }, authrocketechov4.RequireLogin(s.auth))
	e.GET("/rule", func(echo.Context) error {
		t.Error("the handler was reached")
		return nil
	}, authrocketechov4.Require(s.auth, func(context.Context, authrocket.Session) error { panic("there") }))
	if w := s.get(e, "/handler", true); w.Code != 418 || !strings.Contains(w.Body.String(), "here") || !strings.Contains(w.Body.String(), `for "Ada"`) {
		t.Errorf("got %d %q, want that the panic gets to the error handler", w.Code, w.Body)
	}
	if w := s.get(e, "/rule", true); w.Code != 418 || !strings.Contains(w.Body.String(), "there") {
		t.Errorf("got %d %q, want that the panic gets to the error handler", w.Code, w.Body)
	}
}

func TestUnknownRoutes(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	notFound := newShop(t, func(c *authrocket.Config) {
		c.Deny = func(w http.ResponseWriter, _ *http.Request, _ error) bool {
			w.WriteHeader(http.StatusNotFound)
			return true
		}
	})
	build := func(s shop, use ...echo.MiddlewareFunc) *echo.Echo {
		e := echo.New()
		e.Use(use...)
		e.POST("/posts", hello)
		group := e.Group("/gated", authrocketechov4.RequireLogin(s.auth))
		group.GET("/known", hello)
		return e
	}
	open := build(s, authrocketechov4.Authenticate(s.auth))
	gated := build(s, authrocketechov4.Authenticate(s.auth), authrocketechov4.RequireLogin(s.auth))
	for _, row := range []struct {
		name     string
		e        *echo.Echo
		target   string
		signedIn bool
		status   int
	}{
		{"unknown: not found", open, "/nothing", false, 404},
		{"another method: not allowed", open, "/posts", false, 405},
		{"below a gated group: refused, since echo asks the group", open, "/gated/nothing", false, 401},
		{"below a gated group, signed in: not found", open, "/gated/nothing", true, 404},
		{"in a gated group: refused", open, "/gated/known", false, 401},
		{"login routes need no route", open, "/auth/logout", false, 200},
		{"unknown, all gated: refused", gated, "/nothing", false, 401},
		{"unknown, all gated, signed in: not found", gated, "/nothing", true, 404},
		{"another method, all gated: refused", gated, "/posts", false, 401},
		{"login routes are outside of the gate", gated, "/auth/logout", false, 200},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			want(t, s.get(row.e, row.target, row.signedIn), row.status, "")
		})
	}
	t.Run("echo adds nothing to what Deny answers", func(t *testing.T) {
		t.Parallel()
		if w := notFound.get(build(notFound), "/gated/nothing", false); w.Code != 404 || w.Body.Len() > 0 {
			t.Errorf("got %d %q, want 404 and no body", w.Code, w.Body)
		}
	})
}

// Pre runs before the router has looked at the path.
func TestPre(t *testing.T) {
	t.Parallel()
	var denied error
	s := newShop(t, func(c *authrocket.Config) {
		c.Deny = func(_ http.ResponseWriter, _ *http.Request, err error) bool {
			denied = err
			return false
		}
	})
	authenticated, gated := echo.New(), echo.New()
	authenticated.Pre(authrocketechov4.Authenticate(s.auth))
	gated.Pre(authrocketechov4.RequireOrg(s.auth, authrocket.OrgIDFromPath("org")))
	for _, e := range []*echo.Echo{authenticated, gated} {
		e.GET("/orgs/:org", hello, authrocketechov4.RequireOrg(s.auth, authrocket.OrgIDFromPath("org")))
	}
	target := "/orgs/" + s.org.ID
	want(t, s.get(authenticated, target, true), 200, `hello "Ada" true`)
	want(t, s.get(authenticated, "/auth/logout", true), 200, "<!doctype html>")
	want(t, s.get(gated, target, true), 403, "")
	if !errors.Is(denied, authrocket.ErrWrongOrg) || !strings.Contains(denied.Error(), "behind the router") {
		t.Errorf("got %v, want that it says where the gate belongs", denied)
	}
}

// A selector has to choose by the value that the handler reads.
func TestSelectorsReadWhatParamReturns(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	for _, row := range []struct{ name, path, target, param string }{
		{"a parameter", "/orgs/:org/files", "/orgs/a/files", "org"},
		{"a wildcard", "/files/*", "/files/a/b", "*"},
		{"an escaped value", "/orgs/:org", "/orgs/a%20%C3%A4", "org"},
		{"an escaped slash", "/orgs/:org", "/orgs/a%2Fb", "org"},
		{"two of one name", "/orgs/:org/partners/:org", "/orgs/a/partners/b", "org"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			var selected string
			selector := func(r *http.Request, session authrocket.Session) (authrocket.Membership, error) {
				selected = r.PathValue(row.param)
				m, _ := session.Membership()
				return m, nil
			}
			e := echo.New()
			e.GET(row.path, func(c echo.Context) error {
				if got := c.Param(row.param); got != selected || got == "" {
					t.Errorf("the handler reads %q, the selector %q", got, selected)
				}
				return c.String(http.StatusOK, c.Request().PathValue(row.param))
			}, authrocketechov4.RequireOrg(s.auth, selector))
			want(t, s.get(e, row.target, true), 200, selected)
			if selected == "" {
				t.Error("the selector was not asked")
			}
		})
	}
}

// A router and a handler that serves a tree may read one path in two ways.
func TestGatesProtectRoutesNotPaths(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	files := http.FileServerFS(fstest.MapFS{"private/report.txt": {Data: []byte("secret")}})
	below, around := echo.New(), echo.New()
	below.GET("/*", echo.WrapHandler(files))
	below.GET("/private/*", echo.WrapHandler(files), authrocketechov4.RequireLogin(s.auth))
	around.GET("/*", echo.WrapHandler(files), authrocketechov4.RequireLogin(s.auth))
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

func TestKeptContextTellsTheNextUser(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	george := s.realm.AddUser(authrockettest.User{Email: "george@example.com", Name: "George"})
	var kept echo.Context
	var ofRequest context.Context
	told := ""
	e := echo.New()
	e.Use(authrocketechov4.Authenticate(s.auth))
	e.GET("/first", func(c echo.Context) error {
		kept, ofRequest = c, c.Request().Context()
		return nil
	})
	e.GET("/next", func(c echo.Context) error {
		if c == kept {
			session, _ := authrocketechov4.Session(kept)
			user, _ := authrocket.CurrentUser(ofRequest)
			told = fmt.Sprintf("kept %s, of the request %s", session.User.Name, user.Name)
		}
		return nil
	})
	// echo takes the context from a sync.Pool, which may be empty.
	for range 10_000 {
		s.get(e, "/first", true)
		s.getAs(george, e, "/next")
		if told != "" {
			break
		}
	}
	if told != "kept George, of the request Ada" {
		t.Errorf("got %q, want that echo's kept context tells the next user and the request's does not", told)
	}
}

func TestDecisionsNameTheRoute(t *testing.T) {
	t.Parallel()
	var patterns []string
	s := newShop(t, func(c *authrocket.Config) {
		c.Observer.Decision = func(_ context.Context, d authrocket.Decision) { patterns = append(patterns, d.Method+" "+d.Pattern) }
	})
	e := echo.New()
	e.Use(authrocketechov4.Authenticate(s.auth))
	e.GET("/orgs/:org/files", func(c echo.Context) error { return nil }, authrocketechov4.RequireLogin(s.auth))
	s.get(e, "/orgs/secret/files?secret", true)
	if got, want := fmt.Sprint(patterns), "[GET /orgs/:org/files GET /orgs/:org/files]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
