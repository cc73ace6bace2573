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

// buildWith returns a build function that puts outer around the chain of each
// route, and inner around its handler.
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

// filter is a middleware that changes what next gets.
func filter(f func(http.ResponseWriter, *http.Request) (http.ResponseWriter, *http.Request)) httpMiddleware {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { next.ServeHTTP(f(w, r)) })
	}
}

// latest is the request of which a broken adapter thinks that it answers it.
var latest atomic.Pointer[http.Request]

// brokenAdapters are mistakes that an adapter can make, each with a row of
// TestAdapter that has to find it.
var brokenAdapters = map[string]struct {
	build func(authrockettest.App) http.Handler
	row   string
}{
	"hides the path from the selectors": {buildWith(filter(func(w http.ResponseWriter, r *http.Request) (http.ResponseWriter, *http.Request) {
		r.SetPathValue("org", "")
		return w, r
	}), untouched), "org:_the_selected_one"},
	"gives the handler a request without the session": {buildWith(untouched, filter(func(w http.ResponseWriter, r *http.Request) (http.ResponseWriter, *http.Request) {
		return w, r.WithContext(authrocket.WithSession(r.Context(), authrocket.Session{}))
	})), "signed_in:_a_gate_opens_for_the_cookie"},
	"wraps the writer": {buildWith(untouched, filter(func(w http.ResponseWriter, r *http.Request) (http.ResponseWriter, *http.Request) {
		return struct{ http.ResponseWriter }{w}, r
	})), "a_stream_flows_while_the_handler_runs"},
	"wraps the writer of a refusal": {buildWith(filter(func(w http.ResponseWriter, r *http.Request) (http.ResponseWriter, *http.Request) {
		return struct{ http.ResponseWriter }{w}, r
	}), untouched), "the_writer_of_a_refusal:_a_ResponseController_flushes"},
	"answers a request before": {buildWith(untouched, filter(func(w http.ResponseWriter, r *http.Request) (http.ResponseWriter, *http.Request) {
		if !r.URL.Query().Has("item") {
			return w, r
		}
		if before := latest.Swap(r); before != nil {
			return w, before
		}
		return w, r
	})), "requests_at_once_do_not_mix"},
	"hides the route": {buildWith(filter(func(w http.ResponseWriter, r *http.Request) (http.ResponseWriter, *http.Request) {
		r.Pattern = ""
		return w, r
	}), untouched), "a_decision_names_the_route"},
	"panics in its own words": {buildWith(untouched, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			defer func() {
				if p := recover(); p != nil {
					panic("the handler panicked")
				}
			}()
			next.ServeHTTP(w, r)
		})
	}), "a_handler_that_panics_answers_nothing"},
	"hides the session of what is around it": {func(app authrockettest.App) http.Handler {
		whole := buildWith(untouched, untouched)(app)
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			whole.ServeHTTP(w, r.WithContext(authrocket.WithSession(r.Context(), authrocket.Session{})))
		})
	}, "Authenticate_around_the_framework:_an_open_route_knows_the_user"},
	"asks no gate about unknown paths": {func(app authrockettest.App) http.Handler {
		if len(app.Middleware) == 2 {
			app.Middleware = app.Middleware[:1]
		}
		return buildWith(untouched, untouched)(app)
	}, "all_gated:_an_unknown_path_is_refused"},
	"loses a header": {buildWith(filter(func(w http.ResponseWriter, r *http.Request) (http.ResponseWriter, *http.Request) {
		w.Header().Del("Vary")
		return w, r
	}), untouched), "anonymous:_an_open_route_answers"},
	"serves no login routes": {func(app authrockettest.App) http.Handler {
		app.Middleware = nil
		return buildWith(untouched, untouched)(app)
	}, "login_route:_login"},
	"leaves the callback to the app": {func(app authrockettest.App) http.Handler {
		whole, alone := buildWith(untouched, untouched)(app), app
		alone.Middleware = nil
		bare := buildWith(untouched, untouched)(alone)
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/auth/callback" {
				bare.ServeHTTP(w, r)
				return
			}
			whole.ServeHTTP(w, r)
		})
	}, "callback:_a_login_that_was_started_here_ends_where_it_was_meant_to"},
	"goes on after a refusal": {func(app authrockettest.App) http.Handler {
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
	}, "anonymous:_DELETE_is_refused"},
}

// brokenAdapter is an environment variable that names the one to test.
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
			if want := "--- FAIL: TestAdapter/" + mistake.row + " "; err == nil || !strings.Contains(string(output), want) {
				t.Errorf("got %v, want that it fails with %q:\n%s", err, want, output)
			}
		})
	}
}
