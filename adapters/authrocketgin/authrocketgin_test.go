package authrocketgin_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/gin-gonic/gin"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/adapters/authrocketgin"
	"github.com/authrocket-go/authrocket/authrockettest"
)

func TestMain(m *testing.M) {
	gin.SetMode(gin.ReleaseMode)
	os.Exit(m.Run())
}

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

func hello(c *gin.Context) {
	session, ok := authrocketgin.Session(c)
	c.String(http.StatusOK, "hello %q %t", session.User.Name, ok)
}

func TestSession(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	engine := gin.New()
	engine.ContextWithFallback = true
	engine.GET("/outside", hello)
	engine.GET("/gated", authrocketgin.RequireLogin(s.auth), hello)
	engine.Use(authrocketgin.Authenticate(s.auth))
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

	want(t, s.get(engine, "/", true), 200, `hello "Ada" true`)
	want(t, s.get(engine, "/", false), 200, `hello "" false`)
	want(t, s.get(engine, "/outside", true), 200, `hello "" false`)
	around := s.auth.Authenticate(engine)
	want(t, s.get(around, "/outside", true), 200, `hello "Ada" true`)
	want(t, s.get(around, "/gated", true), 200, `hello "Ada" true`)
	want(t, s.get(around, "/gated", false), 401, "{")
	want(t, s.get(engine, "/copy", true), 200, "Ada")
	want(t, s.get(engine, "/context", true), 200, "Ada")

	// A handler's unit test may have no request.
	c, _ := gin.CreateTestContext(httptest.NewRecorder())
	if _, ok := authrocketgin.Session(c); ok {
		t.Error("a context without a request has a session")
	}
}

func TestWriterStaysGins(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	engine := gin.New()
	var outside gin.ResponseWriter
	engine.Use(func(c *gin.Context) { outside = c.Writer })
	engine.Use(authrocketgin.Authenticate(s.auth))
	engine.GET("/", authrocketgin.RequireLogin(s.auth), func(c *gin.Context) {
		c.String(http.StatusOK, "same: %t", c.Writer == outside)
	})
	want(t, s.get(engine, "/", true), 200, "same: true")
}

func TestMiddlewareOutsideFindsTheSessionAfterwards(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	engine := gin.New()
	var seen []string
	engine.Use(func(c *gin.Context) {
		c.Next()
		session, _ := authrocketgin.Session(c)
		seen = append(seen, fmt.Sprintf("%q %d %t", session.User.Name, c.Writer.Status(), c.IsAborted()))
	})
	engine.Use(authrocketgin.Authenticate(s.auth))
	engine.GET("/", authrocketgin.RequireLogin(s.auth), hello)
	s.get(engine, "/", true)
	s.get(engine, "/", false)
	if got, want := strings.Join(seen, ", "), `"Ada" 200 false, "" 401 true`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// What recovers from a panic may let gin go on with the chain.
func TestNoHandlerRunsAfterAPanickingGate(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	panicking := func(context.Context, authrocket.Session) error { panic("the rule is broken") }
	for _, row := range []struct {
		name     string
		recovery gin.HandlerFunc
		status   int
	}{
		{"behind gin.Recovery", gin.CustomRecoveryWithWriter(nil, func(c *gin.Context, _ any) { c.AbortWithStatus(500) }), 500},
		{"behind a recovery that does not abort", func(c *gin.Context) {
			defer func() {
				if recover() != nil {
					c.Status(http.StatusBadGateway)
				}
			}()
			c.Next()
		}, 502},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			engine := gin.New()
			engine.Use(row.recovery)
			engine.GET("/", authrocketgin.Require(s.auth, panicking), func(*gin.Context) { t.Error("the handler was reached") })
			want(t, s.get(engine, "/", true), row.status, "")
		})
	}
}

func TestRecoveryGetsPanicsOfHandlers(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	engine := gin.New()
	engine.Use(gin.CustomRecoveryWithWriter(nil, func(c *gin.Context, p any) { c.String(http.StatusInternalServerError, "recovered %v", p) }))
	engine.Use(authrocketgin.Authenticate(s.auth))
	engine.GET("/", authrocketgin.RequireLogin(s.auth), func(*gin.Context) { panic("here") })
	want(t, s.get(engine, "/", true), 500, "recovered here")
}

func TestNothingRunsAfterARefusal(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	engine := gin.New()
	group := engine.Group("/", authrocketgin.RequireLogin(s.auth))
	group.Use(func(*gin.Context) { t.Error("the next middleware was reached") })
	group.GET("/", func(*gin.Context) { t.Error("the first handler was reached") }, func(*gin.Context) { t.Error("the second handler was reached") })
	want(t, s.get(engine, "/", false), 401, "{")
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
	build := func(s shop, use ...gin.HandlerFunc) *gin.Engine {
		engine := gin.New()
		engine.HandleMethodNotAllowed = true
		engine.Use(use...)
		engine.POST("/posts", hello)
		group := engine.Group("/gated", authrocketgin.RequireLogin(s.auth))
		group.GET("/known", hello)
		return engine
	}
	open := build(s, authrocketgin.Authenticate(s.auth))
	gated := build(s, authrocketgin.Authenticate(s.auth), authrocketgin.RequireLogin(s.auth))
	hidden := build(notFound, authrocketgin.RequireLogin(notFound.auth))
	for _, row := range []struct {
		name     string
		engine   *gin.Engine
		target   string
		signedIn bool
		status   int
		body     string
	}{
		{"unknown: not found", open, "/nothing", false, 404, "404 page not found"},
		{"another method: not allowed", open, "/posts", false, 405, "405 method not allowed"},
		{"below a gated group: not found, since gin asks no group", open, "/gated/nothing", false, 404, "404 page not found"},
		{"in a gated group: refused", open, "/gated/known", false, 401, "{"},
		{"login routes need no route", open, "/auth/logout", false, 200, "<!doctype html>"},
		{"unknown, all gated: refused", gated, "/nothing", false, 401, "{"},
		{"unknown, all gated, signed in: not found", gated, "/nothing", true, 404, "404 page not found"},
		{"another method, all gated: refused", gated, "/posts", false, 401, "{"},
		{"login routes are outside of the gate", gated, "/auth/logout", false, 200, "<!doctype html>"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			want(t, s.get(row.engine, row.target, row.signedIn), row.status, row.body)
		})
	}
	t.Run("gin adds nothing to what Deny answers", func(t *testing.T) {
		t.Parallel()
		if w := notFound.get(hidden, "/nothing", false); w.Code != 404 || w.Body.Len() > 0 {
			t.Errorf("got %d %q, want 404 and no body", w.Code, w.Body)
		}
	})
}

// A selector has to choose by the value that the handler reads.
func TestSelectorsReadWhatParamReturns(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	for _, row := range []struct{ name, path, target, param, value string }{
		{"a parameter", "/orgs/:org/files", "/orgs/a/files", "org", "a"},
		{"a wildcard", "/files/*rest", "/files/a/b", "rest", "/a/b"},
		{"an escaped value", "/orgs/:org", "/orgs/a%20%C3%A4", "org", "a ä"},
		{"two of one name", "/orgs/:org/partners/:org", "/orgs/a/partners/b", "org", "a"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			var selected string
			selector := func(r *http.Request, session authrocket.Session) (authrocket.Membership, error) {
				selected = r.PathValue(row.param)
				m, _ := session.Membership()
				return m, nil
			}
			engine := gin.New()
			engine.GET(row.path, authrocketgin.RequireOrg(s.auth, selector), func(c *gin.Context) {
				c.String(http.StatusOK, c.Param(row.param)+"|"+c.Request.PathValue(row.param))
			})
			want(t, s.get(engine, row.target, true), 200, row.value+"|"+row.value)
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
	below, belowRaw, around := gin.New(), gin.New(), gin.New()
	belowRaw.UseRawPath = true
	for _, engine := range []*gin.Engine{below, belowRaw} {
		engine.NoRoute(gin.WrapH(files))
		engine.GET("/private/*file", authrocketgin.RequireLogin(s.auth), gin.WrapH(files))
	}
	around.NoRoute(authrocketgin.RequireLogin(s.auth), gin.WrapH(files))
	for _, row := range []struct {
		target      string
		status, raw int // with a gate below the open tree, and with UseRawPath
	}{
		{"/private/report.txt", 401, 401},
		{"/%70rivate/report.txt", 401, 200},
		{"/private%2freport.txt", 401, 200},
		{"//private/report.txt", 200, 200},
		{"/./private/report.txt", 200, 200},
		{"/open/../private/report.txt", 200, 200},
	} {
		t.Run(row.target, func(t *testing.T) {
			t.Parallel()
			if w := s.get(below, row.target, false); w.Code != row.status {
				t.Errorf("a gate below the open tree: got %d %q, want %d", w.Code, w.Body, row.status)
			}
			if w := s.get(belowRaw, row.target, false); w.Code != row.raw {
				t.Errorf("with UseRawPath: got %d %q, want %d", w.Code, w.Body, row.raw)
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
	var kept, copied *gin.Context
	name := func(c *gin.Context) string {
		session, _ := authrocketgin.Session(c)
		return session.User.Name
	}
	told := ""
	engine := gin.New()
	engine.Use(authrocketgin.Authenticate(s.auth))
	engine.GET("/first", func(c *gin.Context) { kept, copied = c, c.Copy() })
	engine.GET("/next", func(c *gin.Context) {
		if c == kept {
			told = fmt.Sprintf("kept %s, copied %s", name(kept), name(copied))
		}
	})
	// gin takes the context from a sync.Pool, which may be empty.
	for range 10_000 {
		s.get(engine, "/first", true)
		s.getAs(george, engine, "/next")
		if told != "" {
			break
		}
	}
	if told != "kept George, copied Ada" {
		t.Errorf("got %q, want that a kept context tells the next user and a copy does not", told)
	}
}

func TestDecisionsNameTheRoute(t *testing.T) {
	t.Parallel()
	var patterns []string
	s := newShop(t, func(c *authrocket.Config) {
		c.Observer.Decision = func(_ context.Context, d authrocket.Decision) { patterns = append(patterns, d.Method+" "+d.Pattern) }
	})
	r := gin.New()
	r.Use(authrocketgin.Authenticate(s.auth))
	r.GET("/orgs/:org/files", authrocketgin.RequireLogin(s.auth), func(c *gin.Context) {})
	s.get(r, "/orgs/secret/files?secret", true)
	if got, want := fmt.Sprint(patterns), "[GET /orgs/:org/files GET /orgs/:org/files]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
