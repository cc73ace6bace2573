package authrocketchi_test

import (
	"net/http"
	"testing"

	"github.com/go-chi/chi/v5"

	"github.com/authrocket-go/authrocket/adapters/authrocketchi"
	"github.com/authrocket-go/authrocket/authrockettest"
)

func build(app authrockettest.App) http.Handler {
	adapter := authrockettest.Adapter[func(http.Handler) http.Handler]{
		Authenticate: authrocketchi.Authenticate,
		RequireLogin: authrocketchi.RequireLogin,
		Require:      authrocketchi.Require,
		RequireOrg:   authrocketchi.RequireOrg,
	}
	r := chi.NewRouter()
	r.Use(adapter.Chain(app.Auth, app.Middleware)...)
	for _, route := range app.Routes {
		r.With(adapter.Chain(app.Auth, route.Middleware)...).Method(route.Method, route.Path, route.Handler)
	}
	return r
}

func TestAdapter(t *testing.T) {
	t.Parallel()
	authrockettest.TestAdapter(t, build)
}

func BenchmarkAdapter(b *testing.B) { authrockettest.BenchmarkAdapter(b, build) }
