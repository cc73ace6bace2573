package authrocketgin_test

import (
	"net/http"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/authrocket-go/authrocket/adapters/authrocketgin"
	"github.com/authrocket-go/authrocket/authrockettest"
)

func build(app authrockettest.App) http.Handler {
	adapter := authrockettest.Adapter[gin.HandlerFunc]{
		Authenticate: authrocketgin.Authenticate,
		RequireLogin: authrocketgin.RequireLogin,
		Require:      authrocketgin.Require,
		RequireOrg:   authrocketgin.RequireOrg,
	}
	engine := gin.New()
	engine.HandleMethodNotAllowed = true // as net/http does
	engine.Use(adapter.Chain(app.Auth, app.Middleware)...)
	for _, route := range app.Routes {
		chain := adapter.Chain(app.Auth, route.Middleware)
		engine.Handle(route.Method, route.ColonPath(), append(chain, func(c *gin.Context) {
			route.Handler.ServeHTTP(c.Writer, c.Request)
		})...)
	}
	return engine
}

func TestAdapter(t *testing.T) {
	t.Parallel()
	authrockettest.TestAdapter(t, build)
}

func BenchmarkAdapter(b *testing.B) { authrockettest.BenchmarkAdapter(b, build) }
