package authrocketecho_test

import (
	"net/http"
	"testing"

	"github.com/labstack/echo/v5"

	"github.com/authrocket-go/authrocket/adapters/authrocketecho"
	"github.com/authrocket-go/authrocket/authrockettest"
)

func build(app authrockettest.App) http.Handler {
	adapter := authrockettest.Adapter[echo.MiddlewareFunc]{
		Authenticate: authrocketecho.Authenticate,
		RequireLogin: authrocketecho.RequireLogin,
		Require:      authrocketecho.Require,
		RequireOrg:   authrocketecho.RequireOrg,
	}
	e := echo.New()
	e.Use(adapter.Chain(app.Auth, app.Middleware)...)
	for _, route := range app.Routes {
		e.Add(route.Method, route.ColonPath(), func(c *echo.Context) error {
			route.Handler.ServeHTTP(c.Response(), c.Request())
			return nil
		}, adapter.Chain(app.Auth, route.Middleware)...)
	}
	return e
}

func TestAdapter(t *testing.T) {
	t.Parallel()
	authrockettest.TestAdapter(t, build)
}

func BenchmarkAdapter(b *testing.B) { authrockettest.BenchmarkAdapter(b, build) }
