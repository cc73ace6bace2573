package authrocketechov4_test

import (
	"fmt"
	"io"
	"net/http"
	"testing"

	"github.com/labstack/echo/v4"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/adapters/authrocketechov4"
)

// What a Config.Deny gets unwraps to echo's own.
func TestWriterOfARefusal(t *testing.T) {
	t.Parallel()
	s := newShop(t, silent, func(c *authrocket.Config) {
		c.Deny = func(w http.ResponseWriter, _ *http.Request, _ error) bool {
			own := w.(interface{ Unwrap() http.ResponseWriter }).Unwrap().(*echo.Response)
			io.WriteString(w, "refused, ")
			fmt.Fprint(own, "committed ", own.Committed)
			return true
		}
	})
	e := echo.New()
	e.GET("/", func(echo.Context) error { return nil }, authrocketechov4.RequireLogin(s.auth))
	want(t, s.get(e, "/", false), http.StatusOK, "refused, committed true")
}
