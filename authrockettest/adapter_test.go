package authrockettest_test

import (
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/authrockettest"
)

type httpMiddleware = func(http.Handler) http.Handler

// buildWith returns a build function that adds outer around the chain of each route,
// and inner around its handler.
func buildWith(outer, inner httpMiddleware) func(authrockettest.App) http.Handler {
	return func(app authrockettest.App) http.Handler {
		mux := http.NewServeMux()
		for _, route := range app.Routes {
			chain := append([]httpMiddleware{outer}, authrockettest.NetHTTP.Chain(app.Auth, route.Middleware)...)
			mux.Handle(route.Method+" "+route.Path, authrockettest.Wrap(route.Handler, append(chain, inner)))
		}
		return authrockettest.Wrap(mux, authrockettest.NetHTTP.Chain(app.Auth, app.Middleware))
	}
}

func untouched(next http.Handler) http.Handler { return next }

// changing returns a middleware that changes the writer and the request for next.
func changing(change func(*http.ResponseWriter, **http.Request)) httpMiddleware {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			change(&w, &r)
			next.ServeHTTP(w, r)
		})
	}
}

// bareWriter hides every method of a ResponseWriter except those for writing.
var bareWriter = changing(func(w *http.ResponseWriter, _ **http.Request) { *w = struct{ http.ResponseWriter }{*w} })

func withoutSession(r *http.Request) *http.Request {
	return r.WithContext(authrocket.WithSession(r.Context(), authrocket.Session{}))
}

// replaced is the previous request, for the broken adapter that mixes requests.
var replaced atomic.Pointer[http.Request]

// brokenAdapters are mistakes of adapters. For each there is a row of TestAdapter
// that must find it.
var brokenAdapters = map[string]struct {
	build func(authrockettest.App) http.Handler
	row   string
}{
	"hides the path from the selectors": {
		build: buildWith(changing(func(_ *http.ResponseWriter, r **http.Request) { (*r).SetPathValue("org", "") }), untouched),
		row:   "org: the selected one",
	},
	"hides the route": {
		build: buildWith(changing(func(_ *http.ResponseWriter, r **http.Request) { (*r).Pattern = "" }), untouched),
		row:   "a decision names the route",
	},
	"loses a header": {
		build: buildWith(changing(func(w *http.ResponseWriter, _ **http.Request) { (*w).Header().Del("Vary") }), untouched),
		row:   "anonymous: an open route answers",
	},
	"gives the handler a request without the session": {
		build: buildWith(untouched, changing(func(_ *http.ResponseWriter, r **http.Request) { *r = withoutSession(*r) })),
		row:   "signed in: a gate opens for the cookie",
	},
	"gives the handler a bare writer": {build: buildWith(untouched, bareWriter), row: "the writer of a handler: it is a Flusher"},
	"gives Deny a bare writer":        {build: buildWith(bareWriter, untouched), row: "the writer of a refusal: a ResponseController flushes"},
	"gives the handler another request": {
		build: buildWith(untouched, changing(func(_ *http.ResponseWriter, r **http.Request) {
			if !(*r).URL.Query().Has("item") {
				return
			}
			if before := replaced.Swap(*r); before != nil {
				*r = before
			}
		})),
		row: "requests at once do not mix",
	},
	"panics in its own words": {
		build: buildWith(untouched, func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				defer func() {
					if recover() != nil {
						panic("the handler panicked")
					}
				}()
				next.ServeHTTP(w, r)
			})
		}),
		row: "a handler that panics answers nothing",
	},
	"hides the session of what is around it": {
		build: func(app authrockettest.App) http.Handler {
			whole := buildWith(untouched, untouched)(app)
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { whole.ServeHTTP(w, withoutSession(r)) })
		},
		row: "Authenticate around the framework: an open route knows the user",
	},
	"asks no gate about unknown paths": {
		build: func(app authrockettest.App) http.Handler {
			app.Middleware = app.Middleware[:min(1, len(app.Middleware))]
			return buildWith(untouched, untouched)(app)
		},
		row: "all gated: an unknown path is refused",
	},
	"serves no login routes": {
		build: func(app authrockettest.App) http.Handler {
			app.Middleware = nil
			return buildWith(untouched, untouched)(app)
		},
		row: "login route: login",
	},
	"leaves the callback to the app": {
		build: func(app authrockettest.App) http.Handler {
			whole := buildWith(untouched, untouched)(app)
			app.Middleware = nil
			routes := buildWith(untouched, untouched)(app)
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/auth/callback" {
					routes.ServeHTTP(w, r)
					return
				}
				whole.ServeHTTP(w, r)
			})
		},
		row: "callback: a login that was started here ends where it was meant to",
	},
	"goes on after a refusal": {
		build: func(app authrockettest.App) http.Handler {
			for i, route := range app.Routes {
				nothing := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
				gate := authrockettest.Wrap(nothing, authrockettest.NetHTTP.Chain(app.Auth, route.Middleware))
				app.Routes[i].Middleware = nil
				app.Routes[i].Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					gate.ServeHTTP(w, r)
					route.Handler.ServeHTTP(w, r)
				})
			}
			return buildWith(untouched, untouched)(app)
		},
		row: "anonymous: DELETE is refused",
	},
}

// brokenAdapter is the environment variable that names the adapter to test.
const brokenAdapter = "BROKEN_ADAPTER"

func TestAdapter(t *testing.T) {
	t.Parallel()
	build := buildWith(untouched, untouched)
	if broken := os.Getenv(brokenAdapter); broken != "" {
		build = brokenAdapters[broken].build
	}
	authrockettest.TestAdapter(t, build)
}

// TestAdapterFindsMistakes runs TestAdapter in other processes, where it fails.
func TestAdapterFindsMistakes(t *testing.T) {
	t.Parallel()
	for name, mistake := range brokenAdapters {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestAdapter$")
			cmd.Env = append(os.Environ(), brokenAdapter+"="+name)
			output, err := cmd.CombinedOutput()
			if want := "--- FAIL: TestAdapter/" + strings.ReplaceAll(mistake.row, " ", "_") + " "; err == nil || !strings.Contains(string(output), want) {
				t.Errorf("got %v, want that it fails with %q:\n%s", err, want, output)
			}
		})
	}
}
