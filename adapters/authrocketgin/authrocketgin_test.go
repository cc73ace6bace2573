package authrocketgin_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/adapters/authrocketgin"
	"github.com/authrocket-go/authrocket/authrockettest"
)

func TestMain(m *testing.M) {
	gin.SetMode(gin.ReleaseMode)
	os.Exit(m.Run())
}

func hello(c *gin.Context) {
	session, ok := authrocketgin.Session(c)
	c.String(http.StatusOK, "hello %q %t", session.User.Name, ok)
}

func TestSession(t *testing.T) {
	t.Parallel()
	f := authrockettest.NewAdapterFixture(t)
	engine := gin.New()
	engine.ContextWithFallback = true
	engine.Use(authrocketgin.Authenticate(f.Auth))
	engine.GET("/", hello)
	engine.GET("/copy", func(c *gin.Context) {
		copied, done := c.Copy(), make(chan string)
		go func() {
			session, _ := authrocketgin.Session(copied)
			done <- session.User.Name
		}()
		c.String(http.StatusOK, <-done)
	})
	engine.GET("/context", func(c *gin.Context) {
		user, _ := authrocket.CurrentUser(c) // gin's context is a context.Context too
		c.String(http.StatusOK, user.Name)
	})
	f.TestGet(t, engine, f.Ada, "/", 200, `hello "Ada" true`)
	f.TestGet(t, engine, authrockettest.User{}, "/", 200, `hello "" false`)
	f.TestGet(t, engine, f.Ada, "/copy", 200, "Ada")
	f.TestGet(t, engine, f.Ada, "/context", 200, "Ada")

	// A handler's unit test may have no request.
	c, _ := gin.CreateTestContext(httptest.NewRecorder())
	if _, ok := authrocketgin.Session(c); ok {
		t.Error("a context without a request has a session")
	}
}

func TestWriterStaysGins(t *testing.T) {
	t.Parallel()
	f := authrockettest.NewAdapterFixture(t)
	engine := gin.New()
	var outside gin.ResponseWriter
	engine.Use(func(c *gin.Context) { outside = c.Writer })
	engine.Use(authrocketgin.Authenticate(f.Auth))
	engine.GET("/", authrocketgin.RequireLogin(f.Auth), func(c *gin.Context) {
		c.String(http.StatusOK, "same: %t", c.Writer == outside)
	})
	f.TestGet(t, engine, f.Ada, "/", 200, "same: true")
}

func TestMiddlewareOutsideFindsTheSessionAfterwards(t *testing.T) {
	t.Parallel()
	f := authrockettest.NewAdapterFixture(t)
	engine := gin.New()
	var seen []string
	engine.Use(func(c *gin.Context) {
		c.Next()
		session, _ := authrocketgin.Session(c)
		seen = append(seen, fmt.Sprintf("%q %d %t %v", session.User.Name, c.Writer.Status(), c.IsAborted(), c.Errors.Errors()))
	})
	engine.Use(authrocketgin.Authenticate(f.Auth))
	engine.GET("/", authrocketgin.RequireLogin(f.Auth), hello)
	f.TestGet(t, engine, f.Ada, "/", 200, "")
	f.TestGet(t, engine, authrockettest.User{}, "/", 401, "")
	if got, want := strings.Join(seen, ", "), `"Ada" 200 false [], "" 401 true []`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// What recovers from a panic may let gin go on with the chain.
func TestNoHandlerRunsAfterAPanickingGate(t *testing.T) {
	t.Parallel()
	f := authrockettest.NewAdapterFixture(t)
	panicking := func(context.Context, authrocket.Session) error { panic("the rule is broken") }
	for _, row := range []struct {
		name     string
		recovery gin.HandlerFunc
		status   int
	}{
		{name: "behind gin.Recovery", status: 500, recovery: gin.RecoveryWithWriter(io.Discard)},
		{name: "behind a recovery that does not abort", status: 502, recovery: func(c *gin.Context) {
			defer func() {
				if recover() != nil {
					c.Status(http.StatusBadGateway)
				}
			}()
			c.Next()
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			engine := gin.New()
			engine.Use(row.recovery)
			engine.GET("/", authrocketgin.Require(f.Auth, panicking), func(*gin.Context) { t.Error("the handler was reached") })
			f.TestGet(t, engine, f.Ada, "/", row.status, "")
		})
	}
}

// gin asks no group about a path that it does not have.
func TestUnknownPathsInAGatedGroup(t *testing.T) {
	t.Parallel()
	f := authrockettest.NewAdapterFixture(t)
	engine := gin.New()
	engine.Group("/gated", authrocketgin.RequireLogin(f.Auth)).GET("/known", hello)
	f.TestGet(t, engine, authrockettest.User{}, "/gated/known", 401, "no_token")
	f.TestGet(t, engine, authrockettest.User{}, "/gated/unknown", 404, "404 page not found")
}

// A selector has to choose by the value that the handler reads.
func TestSelectorsReadWhatParamReturns(t *testing.T) {
	t.Parallel()
	f := authrockettest.NewAdapterFixture(t)
	for _, row := range []struct{ name, path, target, param, value string }{
		{name: "a parameter", path: "/orgs/:org/files", target: "/orgs/a/files", param: "org", value: "a"},
		{name: "a wildcard", path: "/files/*rest", target: "/files/a/b", param: "rest", value: "/a/b"},
		{name: "an escaped value", path: "/orgs/:org", target: "/orgs/a%20%C3%A4", param: "org", value: "a ä"},
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
			engine := gin.New()
			engine.GET(row.path, authrocketgin.RequireOrg(f.Auth, selector), func(c *gin.Context) {
				c.String(http.StatusOK, "handler %q %q, selector %q", c.Param(row.param), c.Request.PathValue(row.param), selected)
			})
			f.TestGet(t, engine, f.Ada, row.target, 200, fmt.Sprintf("handler %q %q, selector %q", row.value, row.value, row.value))
		})
	}
}

// A router and a handler that serves a tree may read one path in two ways.
func TestGatesProtectRoutesNotPaths(t *testing.T) {
	t.Parallel()
	f := authrockettest.NewAdapterFixture(t)
	for _, row := range []struct {
		name       string
		useRawPath bool
		refused    []string
	}{
		{name: "by default", refused: []string{"/private/report.txt", "/%70rivate/report.txt", "/private%2freport.txt"}},
		{name: "with UseRawPath", useRawPath: true, refused: []string{"/private/report.txt"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			f.TestTree(t, func(tree http.Handler) (http.Handler, http.Handler) {
				below, around := gin.New(), gin.New()
				below.UseRawPath, around.UseRawPath = row.useRawPath, row.useRawPath
				below.NoRoute(gin.WrapH(tree))
				below.GET("/private/*file", authrocketgin.RequireLogin(f.Auth), gin.WrapH(tree))
				around.NoRoute(authrocketgin.RequireLogin(f.Auth), gin.WrapH(tree))
				return below, around
			}, row.refused...)
		})
	}
}

// gin takes the context of a request from a sync.Pool, which may be empty.
func TestKeptContextHasTheSessionOfTheNextUser(t *testing.T) {
	t.Parallel()
	f := authrockettest.NewAdapterFixture(t)
	george := f.Realm.AddUser(authrockettest.User{Email: "george@example.com", Name: "George"})
	var kept, copied *gin.Context
	name := func(c *gin.Context) string {
		session, _ := authrocketgin.Session(c)
		return session.User.Name
	}
	names := ""
	engine := gin.New()
	engine.Use(authrocketgin.Authenticate(f.Auth))
	engine.GET("/first", func(c *gin.Context) { kept, copied = c, c.Copy() })
	engine.GET("/next", func(c *gin.Context) {
		if c == kept {
			names = fmt.Sprintf("kept %s, copied %s", name(kept), name(copied))
		}
	})
	for i := 0; i < 10_000 && names == ""; i++ {
		f.TestGet(t, engine, f.Ada, "/first", 200, "")
		f.TestGet(t, engine, george, "/next", 200, "")
	}
	if names != "kept George, copied Ada" {
		t.Errorf("got %q, want that a kept context has the next user and a copy does not", names)
	}
}

// gin redirects to the path with a slash more or less before it asks middleware.
func TestTrailingSlashes(t *testing.T) {
	t.Parallel()
	f := authrockettest.NewAdapterFixture(t)
	inside := func(change func(*gin.Engine)) *gin.Engine {
		engine := gin.New()
		engine.Use(authrocketgin.Authenticate(f.Auth))
		engine.GET("/welcome", hello)
		change(engine)
		return engine
	}
	bare := gin.New()
	bare.GET("/welcome", hello)
	asItIs := inside(func(*gin.Engine) {})
	fixing := inside(func(e *gin.Engine) { e.RedirectFixedPath = true })
	wide := inside(func(e *gin.Engine) { e.GET("/:section/:page/", hello) })
	withoutRedirects := inside(func(e *gin.Engine) { e.RedirectTrailingSlash = false })
	const repeated = "/welcome?token=TOKEN"
	f.TestRedirects(t, []authrockettest.RedirectingApp{
		{Name: "Authenticate around the engine", App: f.Auth.Authenticate(bare),
			Invitation: "/welcome/", Browser: "/auth/confirm", Script: "/welcome", Login: "/home"},
		{Name: "Authenticate around it, a route like the login routes", App: f.Auth.Authenticate(wide),
			Invitation: "/welcome/", Browser: "/auth/confirm", Script: "/welcome", Login: "/home"},
		{Name: "Authenticate around it, RedirectFixedPath", App: f.Auth.Authenticate(fixing),
			Invitation: "/Welcome", Browser: "/auth/confirm", Script: "/welcome", Login: "/home"},
		{Name: "Authenticate in the engine", App: asItIs,
			Invitation: "/welcome/", Browser: repeated, Script: repeated, Login: "/home"},
		{Name: "Authenticate in it, RedirectFixedPath", App: fixing,
			Invitation: "/Welcome", Browser: repeated, Script: repeated, Login: "/home"},
		{Name: "Authenticate in it, a route like the login routes", App: wide,
			Invitation: "/welcome/", Browser: repeated, Script: repeated, Login: "/auth/login/?return_to=/home"},
		{Name: "Authenticate in it, without redirects", App: withoutRedirects,
			Invitation: "/welcome/", Browser: "/auth/confirm", Script: "", Login: "/home"},
	})
}

// What a Config.Deny gets is gin's own, too.
func TestWriterOfARefusal(t *testing.T) {
	t.Parallel()
	f := authrockettest.NewAdapterFixture(t, func(c *authrocket.Config) {
		c.Deny = func(w http.ResponseWriter, _ *http.Request, _ error) bool {
			own := w.(gin.ResponseWriter)
			own.WriteHeader(http.StatusTeapot)
			before := own.Written()
			own.WriteHeaderNow()
			fmt.Fprint(w, before, own.Written(), own.Status())
			return true
		}
	})
	engine := gin.New()
	engine.GET("/", authrocketgin.RequireLogin(f.Auth))
	f.TestGet(t, engine, authrockettest.User{}, "/", http.StatusTeapot, "false true 418")
}
