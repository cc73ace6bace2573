package authrocketechov4_test

import (
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"

	"github.com/authrocket-go/authrocket/adapters/authrocketechov4"
)

// navigate asks h as a browser that navigates, and fetch as a script.
func navigate(h http.Handler, target string, cookies ...*http.Cookie) *httptest.ResponseRecorder {
	return browse(h, target, "navigate", "document", cookies...)
}

func fetch(h http.Handler, target string) *httptest.ResponseRecorder {
	return browse(h, target, "cors", "empty")
}

func browse(h http.Handler, target, mode, dest string, cookies ...*http.Cookie) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, target, nil)
	r.Header.Set("Sec-Fetch-Mode", mode)
	r.Header.Set("Sec-Fetch-Dest", dest)
	for _, c := range cookies {
		r.AddCookie(c)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// callBack starts a login in h and returns the answer of the callback, or that of
// the start if it does not lead to the hosted login.
func callBack(h http.Handler, token string) *httptest.ResponseRecorder {
	started := navigate(h, "/auth/login?return_to=/home")
	hosted, err := url.Parse(started.Header().Get("Location"))
	if err != nil || hosted.Query().Get("redirect_uri") == "" {
		return started
	}
	return navigate(h, hosted.Query().Get("redirect_uri")+"&token="+token, started.Result().Cookies()...)
}

// Middleware in Pre runs before that in Use.
func TestTrailingSlashes(t *testing.T) {
	t.Parallel()
	s := newShop(t, silent)
	token := s.realm.Token(s.ada)
	authenticate := authrocketechov4.Authenticate(s.auth)
	remove := middleware.RemoveTrailingSlashWithConfig(middleware.TrailingSlashConfig{RedirectCode: http.StatusMovedPermanently})
	add := middleware.AddTrailingSlashWithConfig(middleware.TrailingSlashConfig{RedirectCode: http.StatusMovedPermanently})
	routes := func(pre ...echo.MiddlewareFunc) *echo.Echo {
		e := echo.New()
		e.Pre(pre...)
		e.GET("/welcome", hello)
		return e
	}
	inside := func(pre echo.MiddlewareFunc) *echo.Echo {
		e := routes(pre)
		e.Use(authenticate)
		return e
	}
	for _, row := range []struct {
		name       string
		app        http.Handler
		invitation string // its path
		leads      string // where the invitation leads a browser
		script     string // where it leads a script
		login      string // where a login that is started here leads
	}{
		{"Authenticate around the Echo, remove", s.auth.Authenticate(routes(remove)), "/welcome/", "/auth/confirm", "/welcome", "/home"},
		{"Authenticate around the Echo, add", s.auth.Authenticate(routes(add)), "/welcome", "/auth/confirm", "/welcome/", "/home"},
		{"Authenticate in Pre, then remove", routes(authenticate, remove), "/welcome/", "/auth/confirm", "/welcome", "/home"},
		{"Authenticate in Pre, then add", routes(authenticate, add), "/welcome", "/auth/confirm", "/welcome/", "/home"},
		{"Authenticate in Use, remove", inside(remove), "/welcome/", "/welcome?token=TOKEN", "/welcome?token=TOKEN", "/home"},
		{"Authenticate in Use, add", inside(add), "/welcome", "/welcome/?token=TOKEN", "/welcome/?token=TOKEN", "/auth/login/?return_to=/home"},
		{"Authenticate in Use, remove without a redirect", inside(middleware.RemoveTrailingSlash()), "/welcome/", "/auth/confirm", "", "/home"},
		{"Authenticate in Use, add without a redirect", inside(middleware.AddTrailingSlash()), "/welcome", "/auth/confirm", "", ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			for _, step := range []struct {
				answer *httptest.ResponseRecorder
				leads  string
			}{
				{navigate(row.app, row.invitation+"?token="+token), row.leads},
				{fetch(row.app, row.invitation+"?token="+token), row.script},
				{callBack(row.app, token), row.login},
			} {
				if got := strings.ReplaceAll(step.answer.Header().Get("Location"), token, "TOKEN"); got != step.leads {
					t.Errorf("got %d with Location %q, want %q", step.answer.Code, got, step.leads)
				}
			}
		})
	}
}

// loginRoute returns the status of the login route at address.
func loginRoute(t *testing.T, address string) int {
	t.Helper()
	client := &http.Client{
		Timeout:       time.Minute,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	defer client.CloseIdleConnections()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+address+"/auth/login", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept", "text/html")
	resp, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	return resp.StatusCode
}

// StartServer serves the Echo, whatever Handler the server has.
func TestStartServer(t *testing.T) {
	t.Parallel()
	s := newShop(t, silent)
	for _, row := range []struct {
		name   string
		pre    []echo.MiddlewareFunc
		around func(http.Handler) http.Handler
		status int // of the login route
	}{
		{"Authenticate around the Echo is not served", nil, s.auth.Authenticate, 404},
		{"Authenticate in Pre is served", []echo.MiddlewareFunc{authrocketechov4.Authenticate(s.auth)}, func(h http.Handler) http.Handler { return h }, 303},
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
