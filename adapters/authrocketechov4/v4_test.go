package authrocketechov4_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"testing"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/adapters/authrocketechov4"
	"github.com/authrocket-go/authrocket/authrockettest"
)

// setErrorHandler sets the central error handler.
func setErrorHandler(e *echo.Echo, handle func(echo.Context, error)) {
	e.HTTPErrorHandler = func(err error, c echo.Context) { handle(c, err) }
}

// redirectSlashes returns middleware that redirects to the path without a trailing
// slash, and to the path with one.
func redirectSlashes() (remove, add echo.MiddlewareFunc) {
	const status = http.StatusMovedPermanently
	return middleware.RemoveTrailingSlashWithConfig(middleware.TrailingSlashConfig{RedirectCode: status}),
		middleware.AddTrailingSlashWithConfig(middleware.TrailingSlashConfig{RedirectCode: status})
}

// StartServer serves the Echo, whatever Handler the server has.
func TestStartServer(t *testing.T) {
	t.Parallel()
	f := authrockettest.NewAdapterFixture(t)
	for _, row := range []struct {
		name   string
		pre    []echo.MiddlewareFunc
		around func(http.Handler) http.Handler
		status int // of the login route
	}{
		{name: "Authenticate around the Echo is not served", around: f.Auth.Authenticate, status: 404},
		{name: "Authenticate in Pre is served", pre: []echo.MiddlewareFunc{authrocketechov4.Authenticate(f.Auth)},
			around: func(h http.Handler) http.Handler { return h }, status: 303},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			listener, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			e := echo.New()
			e.HideBanner, e.HidePort, e.Listener = true, true, listener
			e.Pre(row.pre...)
			server := &http.Server{Handler: row.around(e)}
			ended := make(chan error, 1)
			go func() { ended <- e.StartServer(server) }()
			if got := loginRoute(t, listener.Addr().String()); got != row.status {
				t.Errorf("got status %d of the login route, want %d", got, row.status)
			}
			server.Close()
			if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
				t.Error(err)
			}
		})
	}
}

// What a Config.Deny gets unwraps to echo's own.
func TestWriterOfARefusal(t *testing.T) {
	t.Parallel()
	f := authrockettest.NewAdapterFixture(t, func(c *authrocket.Config) {
		c.Deny = func(w http.ResponseWriter, _ *http.Request, _ error) bool {
			own := w.(interface{ Unwrap() http.ResponseWriter }).Unwrap().(*echo.Response)
			io.WriteString(w, "refused, ")
			fmt.Fprint(own, "committed ", own.Committed)
			return true
		}
	})
	e := echo.New()
	e.GET("/", func(echo.Context) error { return nil }, authrocketechov4.RequireLogin(f.Auth))
	f.TestGet(t, e, authrockettest.User{}, "/", http.StatusOK, "refused, committed true")
}
