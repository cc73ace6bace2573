package authrocketgin_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/adapters/authrocketgin"
)

// What a Config.Deny gets is gin's own, too.
func TestWriterOfARefusal(t *testing.T) {
	t.Parallel()
	s := newShop(t, silent, func(c *authrocket.Config) {
		c.Deny = func(w http.ResponseWriter, _ *http.Request, _ error) bool {
			own := w.(gin.ResponseWriter)
			own.WriteHeader(http.StatusTeapot)
			before := own.Written()
			own.WriteHeaderNow()
			fmt.Fprint(w, before, own.Written(), own.Status())
			return true
		}
	})
	app := gin.New()
	app.GET("/", authrocketgin.RequireLogin(s.auth))
	want(t, s.get(app, "/", false), http.StatusTeapot, "false true 418")
}
