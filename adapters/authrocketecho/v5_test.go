package authrocketecho_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"testing"

	"github.com/labstack/echo/v5"
	"github.com/labstack/echo/v5/middleware"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/adapters/authrocketecho"
	"github.com/authrocket-go/authrocket/authrockettest"
)

// setErrorHandler sets the central error handler.
func setErrorHandler(e *echo.Echo, handle func(*echo.Context, error)) { e.HTTPErrorHandler = handle }

// redirectSlashes returns middleware that redirects to the path without a trailing
// slash, and to the path with one.
func redirectSlashes() (remove, add echo.MiddlewareFunc) {
	const status = http.StatusMovedPermanently
	return middleware.RemoveTrailingSlashWithConfig(middleware.RemoveTrailingSlashConfig{RedirectCode: status}),
		middleware.AddTrailingSlashWithConfig(middleware.AddTrailingSlashConfig{RedirectCode: status})
}

func TestStartServesWhatIsAroundTheEcho(t *testing.T) {
	t.Parallel()
	f := authrockettest.NewAdapterFixture(t)
	e := echo.New()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- echo.StartConfig{Listener: listener, HideBanner: true, HidePort: true}.Start(ctx, f.Auth.Authenticate(e))
	}()
	if got := loginRoute(t, listener.Addr().String()); got != http.StatusSeeOther {
		t.Errorf("got status %d of the login route, want 303", got)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// What a Config.Deny gets unwraps to echo's own.
func TestWriterOfARefusal(t *testing.T) {
	t.Parallel()
	f := authrockettest.NewAdapterFixture(t, func(c *authrocket.Config) {
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
	e.GET("/", func(*echo.Context) error { return nil }, authrocketecho.RequireLogin(f.Auth))
	f.TestGet(t, e, authrockettest.User{}, "/", http.StatusOK, "refused, committed true")
}

func TestWriterOfARefusalTellsThatItCannotFlush(t *testing.T) {
	t.Parallel()
	var got error
	f := authrockettest.NewAdapterFixture(t, func(c *authrocket.Config) {
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
	e.GET("/", func(*echo.Context) error { return nil }, authrocketecho.RequireLogin(f.Auth))
	f.TestGet(t, e, authrockettest.User{}, "/", 200, "refused")
	if !errors.Is(got, http.ErrNotSupported) {
		t.Errorf("got %v, want ErrNotSupported", got)
	}
}
