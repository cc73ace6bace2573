package authrockettest

import (
	"net/http"
	"strings"
	"testing"

	"github.com/authrocket-go/authrocket"
)

// TestAdapter checks that an adapter for a web framework answers exactly like the
// net/http middleware: with the same status, headers and body. It sends more than a
// hundred requests: for example callbacks, sign-outs, requests with forged tokens,
// and requests from other sites. It also checks that no handler runs after a refusal.
//
// build uses the framework to make the app that its argument describes. TestAdapter
// calls build once for each request, from parallel tests. For gin, build is
//
//	func build(app authrockettest.App) http.Handler {
//		adapter := authrockettest.Adapter[gin.HandlerFunc]{
//			Authenticate: authrocketgin.Authenticate,
//			RequireLogin: authrocketgin.RequireLogin,
//			Require:      authrocketgin.Require,
//			RequireOrg:   authrocketgin.RequireOrg,
//		}
//		engine := gin.New()
//		engine.HandleMethodNotAllowed = true // as net/http does
//		engine.Use(adapter.Chain(app.Auth, app.Middleware)...)
//		for _, route := range app.Routes {
//			chain := adapter.Chain(app.Auth, route.Middleware)
//			engine.Handle(route.Method, route.ColonPath(), append(chain, func(c *gin.Context) {
//				route.Handler.ServeHTTP(c.Writer, c.Request)
//			})...)
//		}
//		return engine
//	}
//
// TestAdapter serves the apps on ports of the loopback interface. If the framework
// itself answers, for example to a request for an unknown path, TestAdapter compares
// only the status and the headers that the middleware sets. Test central error
// handlers, groups and the framework's own types in the tests of the adapter itself;
// see [AdapterFixture].
func TestAdapter(t *testing.T, build func(App) http.Handler) {
	t.Helper()
	s := newAdapterSuite(t)
	for _, row := range adapterRows() {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			s.test(t, build, row)
		})
	}
	for _, row := range writerRows {
		t.Run("the writer of a handler: "+row.name, func(t *testing.T) {
			t.Parallel()
			s.testWriter(t, build, "GET /manage\r\n"+adaBearer, row.answer)
		})
		t.Run("the writer of a refusal: "+row.name, func(t *testing.T) {
			t.Parallel()
			s.testWriter(t, build, "GET /manage", row.answer)
		})
	}
	t.Run("a decision names the route", func(t *testing.T) {
		t.Parallel()
		s.testPattern(t, build)
	})
	t.Run("requests at once do not mix", func(t *testing.T) {
		t.Parallel()
		s.testMix(t, build)
	})
}

// App describes an app that the build functions of [TestAdapter] and
// [BenchmarkAdapter] make. The zero value has no Auth and cannot be used.
type App struct {
	Auth *authrocket.Auth

	// Middleware wraps the whole app, outermost first. It also runs for paths without
	// a route.
	Middleware []Middleware

	Routes []Route
}

// Route is one route of an [App].
type Route struct {
	Method string

	// Path is in the format of net/http: /orgs/{org}/files. A wildcard is always a
	// whole segment.
	Path string

	// Middleware wraps the handler of this route only, outermost first.
	Middleware []Middleware

	// Handler answers the request after all middleware. Call it with the
	// ResponseWriter and the request that the framework passes to its own handlers.
	Handler http.Handler
}

// ColonPath returns Path in the format of many frameworks: /orgs/:org/files.
func (r Route) ColonPath() string { return strings.NewReplacer("{", ":", "}", "").Replace(r.Path) }

// Middleware describes one middleware of an [App]. [Adapter.Chain] makes it. The zero
// value stands for Authenticate.
type Middleware struct {
	kind     middlewareKind
	selector authrocket.OrgSelector
	rules    []authrocket.Rule
}

type middlewareKind int

const (
	authenticate middlewareKind = iota
	requireLogin
	require
	requireOrg
)

// Adapter holds all functions that an adapter exports. M is the framework's
// middleware type.
type Adapter[M any] struct {
	Authenticate func(*authrocket.Auth) M
	RequireLogin func(*authrocket.Auth) M
	Require      func(*authrocket.Auth, ...authrocket.Rule) M
	RequireOrg   func(*authrocket.Auth, authrocket.OrgSelector, ...authrocket.Rule) M
}

// Chain calls the adapter's functions to make each described middleware, and returns
// the middleware in the same order. It panics if a function that it must call is nil.
func (a Adapter[M]) Chain(auth *authrocket.Auth, described []Middleware) []M {
	var chain []M
	for _, m := range described {
		switch m.kind {
		case authenticate:
			chain = append(chain, a.Authenticate(auth))
		case requireLogin:
			chain = append(chain, a.RequireLogin(auth))
		case require:
			chain = append(chain, a.Require(auth, m.rules...))
		case requireOrg:
			chain = append(chain, a.RequireOrg(auth, m.selector, m.rules...))
		}
	}
	return chain
}

// netHTTP is net/http's own middleware as an adapter.
var netHTTP = Adapter[func(http.Handler) http.Handler]{
	Authenticate: func(a *authrocket.Auth) func(http.Handler) http.Handler { return a.Authenticate },
	RequireLogin: func(a *authrocket.Auth) func(http.Handler) http.Handler { return a.RequireLogin },
	Require:      (*authrocket.Auth).Require,
	RequireOrg:   (*authrocket.Auth).RequireOrg,
}

// buildNetHTTP makes the app with which TestAdapter compares the adapter's app.
func buildNetHTTP(app App) http.Handler {
	mux := http.NewServeMux()
	for _, route := range app.Routes {
		mux.Handle(route.Method+" "+route.Path, wrap(route.Handler, netHTTP.Chain(app.Auth, route.Middleware)))
	}
	return wrap(mux, netHTTP.Chain(app.Auth, app.Middleware))
}

func wrap(h http.Handler, chain []func(http.Handler) http.Handler) http.Handler {
	for i := len(chain) - 1; i >= 0; i-- {
		h = chain[i](h)
	}
	return h
}
