// Code generated from ../authrocketecho/common_test.go by its TestSameForV4; DO NOT EDIT.

package authrocketechov4_test

// What holds for echo v5 and v4. The v4 file is made from the v5 one, by
// TestSameForV4.

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/adapters/authrocketechov4"
	"github.com/authrocket-go/authrocket/authrockettest"
)

func hello(c echo.Context) error {
	session, ok := authrocketechov4.Session(c)
	return c.String(http.StatusOK, fmt.Sprintf("hello %q %t", session.User.Name, ok))
}

func TestSession(t *testing.T) {
	t.Parallel()
	f := authrockettest.NewAdapterFixture(t)
	e := echo.New()
	e.Use(authrocketechov4.Authenticate(f.Auth))
	e.GET("/", hello)
	f.TestGet(t, e, f.Ada, "/", 200, `hello "Ada" true`)
	f.TestGet(t, e, authrockettest.User{}, "/", 200, `hello "" false`)

	// A handler's unit test may have no request.
	if _, ok := authrocketechov4.Session(echo.New().NewContext(nil, httptest.NewRecorder())); ok {
		t.Error("a context without a request has a session")
	}
}

func TestResponseStaysEchos(t *testing.T) {
	t.Parallel()
	f := authrockettest.NewAdapterFixture(t)
	e := echo.New()
	var outside any
	e.Use(func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			outside = c.Response()
			return next(c)
		}
	}, authrocketechov4.Authenticate(f.Auth))
	e.GET("/", func(c echo.Context) error {
		return c.String(http.StatusOK, fmt.Sprintf("same: %t", any(c.Response()) == outside))
	}, authrocketechov4.RequireLogin(f.Auth))
	f.TestGet(t, e, f.Ada, "/", 200, "same: true")
}

func TestErrorsReachTheCentralHandler(t *testing.T) {
	t.Parallel()
	f := authrockettest.NewAdapterFixture(t)
	e := echo.New()
	broken := errors.New("broken")
	setErrorHandler(e, func(c echo.Context, err error) {
		session, _ := authrocketechov4.Session(c)
		c.String(http.StatusTeapot, fmt.Sprintf("broken for %q: %t", session.User.Name, errors.Is(err, broken)))
	})
	var passed error
	e.Use(func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			passed = next(c)
			return passed
		}
	}, middleware.RecoverWithConfig(middleware.RecoverConfig{DisablePrintStack: true}), authrocketechov4.Authenticate(f.Auth))
	e.GET("/broken", func(echo.Context) error { return broken }, authrocketechov4.RequireLogin(f.Auth))
	e.GET("/panicking", func(echo.Context) error { panic(broken) }, authrocketechov4.RequireLogin(f.Auth))

	f.TestGet(t, e, f.Ada, "/broken", 418, `broken for "Ada": true`)
	if passed != broken {
		t.Errorf("middleware outside gets %v, want the handler's own error", passed)
	}
	f.TestGet(t, e, f.Ada, "/panicking", 418, `broken for "Ada": true`)
	// A refusal has been answered: it is no error.
	f.TestGet(t, e, authrockettest.User{}, "/broken", 401, "no_token")
	if passed != nil {
		t.Errorf("after a refusal middleware outside gets %v, want nil", passed)
	}
}

// echo asks a group about every path below it.
func TestUnknownPathsInAGatedGroup(t *testing.T) {
	t.Parallel()
	f := authrockettest.NewAdapterFixture(t)
	e := echo.New()
	e.Group("/gated", authrocketechov4.RequireLogin(f.Auth)).GET("/known", hello)
	f.TestGet(t, e, authrockettest.User{}, "/gated/known", 401, "no_token")
	f.TestGet(t, e, authrockettest.User{}, "/gated/unknown", 401, "no_token")
	f.TestGet(t, e, f.Ada, "/gated/unknown", 404, "")
}

// Pre runs before the router has looked at the path.
func TestPre(t *testing.T) {
	t.Parallel()
	var denied error
	f := authrockettest.NewAdapterFixture(t, func(c *authrocket.Config) {
		c.Deny = func(_ http.ResponseWriter, _ *http.Request, err error) bool {
			denied = err
			return false
		}
	})
	authenticated, gated := echo.New(), echo.New()
	authenticated.Pre(authrocketechov4.Authenticate(f.Auth))
	gated.Pre(authrocketechov4.RequireOrg(f.Auth, authrocket.OrgIDFromPath("org")))
	for _, e := range []*echo.Echo{authenticated, gated} {
		e.GET("/orgs/:org", hello, authrocketechov4.RequireOrg(f.Auth, authrocket.OrgIDFromPath("org")))
	}
	target := "/orgs/" + f.Org.ID
	f.TestGet(t, authenticated, f.Ada, target, 200, `hello "Ada" true`)
	f.TestGet(t, authenticated, f.Ada, "/auth/logout", 200, "<!doctype html>")
	f.TestGet(t, gated, f.Ada, target, 403, "")
	if !errors.Is(denied, authrocket.ErrWrongOrg) || !strings.Contains(denied.Error(), "behind the router") {
		t.Errorf("got %v, want that it says where the gate belongs", denied)
	}
}

// A selector has to choose by the value that the handler reads.
func TestSelectorsReadWhatParamReturns(t *testing.T) {
	t.Parallel()
	f := authrockettest.NewAdapterFixture(t)
	for _, row := range []struct{ name, path, target, param, value string }{
		{name: "a parameter", path: "/orgs/:org/files", target: "/orgs/a/files", param: "org", value: "a"},
		{name: "a wildcard", path: "/files/*", target: "/files/a/b", param: "*", value: "a/b"},
		{name: "an escaped value", path: "/orgs/:org", target: "/orgs/a%20%C3%A4", param: "org", value: "a ä"},
		{name: "an escaped slash", path: "/orgs/:org", target: "/orgs/a%2Fb", param: "org", value: "a%2Fb"},
		{name: "two of one name", path: "/orgs/:org/partners/:org", target: "/orgs/a/partners/b", param: "org", value: "a"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			selected := ""
			selector := func(r *http.Request, session authrocket.Session) (authrocket.Membership, error) {
				selected = r.PathValue(row.param)
				m, _ := session.Membership()
				return m, nil
			}
			e := echo.New()
			e.GET(row.path, func(c echo.Context) error {
				return c.String(http.StatusOK, fmt.Sprintf("handler %q %q, selector %q", c.Param(row.param), c.Request().PathValue(row.param), selected))
			}, authrocketechov4.RequireOrg(f.Auth, selector))
			f.TestGet(t, e, f.Ada, row.target, 200, fmt.Sprintf("handler %q %q, selector %q", row.value, row.value, row.value))
		})
	}
}

// A router and a handler that serves a tree may read one path in two ways.
func TestGatesProtectRoutesNotPaths(t *testing.T) {
	t.Parallel()
	f := authrockettest.NewAdapterFixture(t)
	f.TestTree(t, func(tree http.Handler) (http.Handler, http.Handler) {
		below, around := echo.New(), echo.New()
		below.GET("/*", echo.WrapHandler(tree))
		below.GET("/private/*", echo.WrapHandler(tree), authrocketechov4.RequireLogin(f.Auth))
		around.GET("/*", echo.WrapHandler(tree), authrocketechov4.RequireLogin(f.Auth))
		return below, around
	}, "/private/report.txt")
}

// echo takes the context of a request from a sync.Pool, which may be empty.
func TestKeptContextHasTheSessionOfTheNextUser(t *testing.T) {
	t.Parallel()
	f := authrockettest.NewAdapterFixture(t)
	george := f.Realm.AddUser(authrockettest.User{Email: "george@example.com", Name: "George"})
	var kept echo.Context
	var ofRequest context.Context
	names := ""
	e := echo.New()
	e.Use(authrocketechov4.Authenticate(f.Auth))
	e.GET("/first", func(c echo.Context) error {
		kept, ofRequest = c, c.Request().Context()
		return nil
	})
	e.GET("/next", func(c echo.Context) error {
		if c == kept {
			session, _ := authrocketechov4.Session(kept)
			user, _ := authrocket.CurrentUser(ofRequest)
			names = fmt.Sprintf("kept %s, of the request %s", session.User.Name, user.Name)
		}
		return nil
	})
	for i := 0; i < 10_000 && names == ""; i++ {
		f.TestGet(t, e, f.Ada, "/first", 200, "")
		f.TestGet(t, e, george, "/next", 200, "")
	}
	if names != "kept George, of the request Ada" {
		t.Errorf("got %q, want that echo's kept context has the next user and the request's does not", names)
	}
}

// loginRoute returns the status of the login route of the server at address.
func loginRoute(t *testing.T, address string) int {
	t.Helper()
	client := &http.Client{
		Transport:     &http.Transport{},
		Timeout:       time.Minute,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	defer client.CloseIdleConnections()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+address+"/auth/login", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept", "text/html")
	resp, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	return resp.StatusCode
}

// Middleware in Pre runs before that in Use.
func TestTrailingSlashes(t *testing.T) {
	t.Parallel()
	f := authrockettest.NewAdapterFixture(t)
	authenticate := authrocketechov4.Authenticate(f.Auth)
	remove, add := redirectSlashes()
	routes := func(pre ...echo.MiddlewareFunc) *echo.Echo {
		e := echo.New()
		e.Pre(pre...)
		e.GET("/welcome", hello)
		return e
	}
	inside := func(pre echo.MiddlewareFunc) *echo.Echo {
		e := routes(pre)
		e.Use(authenticate)
		return e
	}
	f.TestRedirects(t, []authrockettest.RedirectingApp{
		{Name: "Authenticate around the Echo, remove", App: f.Auth.Authenticate(routes(remove)),
			Invitation: "/welcome/", Browser: "/auth/confirm", Script: "/welcome", Login: "/home"},
		{Name: "Authenticate around the Echo, add", App: f.Auth.Authenticate(routes(add)),
			Invitation: "/welcome", Browser: "/auth/confirm", Script: "/welcome/", Login: "/home"},
		{Name: "Authenticate in Pre, then remove", App: routes(authenticate, remove),
			Invitation: "/welcome/", Browser: "/auth/confirm", Script: "/welcome", Login: "/home"},
		{Name: "Authenticate in Pre, then add", App: routes(authenticate, add),
			Invitation: "/welcome", Browser: "/auth/confirm", Script: "/welcome/", Login: "/home"},
		{Name: "Authenticate in Use, remove", App: inside(remove),
			Invitation: "/welcome/", Browser: "/welcome?token=TOKEN", Script: "/welcome?token=TOKEN", Login: "/home"},
		{Name: "Authenticate in Use, add", App: inside(add),
			Invitation: "/welcome", Browser: "/welcome/?token=TOKEN", Script: "/welcome/?token=TOKEN", Login: "/auth/login/?return_to=/home"},
		{Name: "Authenticate in Use, remove without a redirect", App: inside(middleware.RemoveTrailingSlash()),
			Invitation: "/welcome/", Browser: "/auth/confirm", Script: "", Login: "/home"},
		{Name: "Authenticate in Use, add without a redirect", App: inside(middleware.AddTrailingSlash()),
			Invitation: "/welcome", Browser: "/auth/confirm", Script: "", Login: ""},
	})
}
