// Code generated from ../authrocketecho/conformance_test.go by its TestSameForV4; DO NOT EDIT.

package authrocketechov4_test

import (
	"net/http"
	"testing"

	"github.com/labstack/echo/v4"

	"github.com/authrocket-go/authrocket/adapters/authrocketechov4"
	"github.com/authrocket-go/authrocket/authrockettest"
)

func build(app authrockettest.App) http.Handler {
	adapter := authrockettest.Adapter[echo.MiddlewareFunc]{
		Authenticate: authrocketechov4.Authenticate,
		RequireLogin: authrocketechov4.RequireLogin,
		Require:      authrocketechov4.Require,
		RequireOrg:   authrocketechov4.RequireOrg,
	}
	e := echo.New()
	e.Use(adapter.Chain(app.Auth, app.Middleware)...)
	for _, route := range app.Routes {
		e.Add(route.Method, route.ColonPath(), func(c echo.Context) error {
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
