package authrocketecho_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"testing"

	"github.com/labstack/echo/v5"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/adapters/authrocketecho"
)

// What a Config.Deny gets unwraps to echo's own.
func TestWriterOfARefusal(t *testing.T) {
	t.Parallel()
	s := newShop(t, silent, func(c *authrocket.Config) {
		c.Deny = func(w http.ResponseWriter, _ *http.Request, _ error) bool {
			own, err := echo.UnwrapResponse(w)
			if err != nil {
				t.Error(err)
				return false
			}
			io.WriteString(w, "refused, ")
			fmt.Fprint(own, "committed ", own.Committed)
			return true
		}
	})
	e := echo.New()
	e.GET("/", func(*echo.Context) error { return nil }, authrocketecho.RequireLogin(s.auth))
	want(t, s.get(e, "/", false), http.StatusOK, "refused, committed true")
}

func TestWriterOfARefusalTellsThatItCannotFlush(t *testing.T) {
	t.Parallel()
	var got error
	s := newShop(t, silent, func(c *authrocket.Config) {
		c.Deny = func(w http.ResponseWriter, _ *http.Request, _ error) bool {
			io.WriteString(w, "refused")
			got = http.NewResponseController(w).Flush()
			return true
		}
	})
	e := echo.New()
	e.Use(func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c *echo.Context) error {
			c.SetResponse(struct{ http.ResponseWriter }{c.Response()})
			return next(c)
		}
	})
	e.GET("/", func(*echo.Context) error { return nil }, authrocketecho.RequireLogin(s.auth))
	s.get(e, "/", false)
	if !errors.Is(got, http.ErrNotSupported) {
		t.Errorf("got %v, want ErrNotSupported", got)
	}
}
