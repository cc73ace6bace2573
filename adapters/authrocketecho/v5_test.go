package authrocketecho_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v5"
	"github.com/labstack/echo/v5/middleware"

	"github.com/authrocket-go/authrocket/adapters/authrocketecho"
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
	authenticate := authrocketecho.Authenticate(s.auth)
	remove := middleware.RemoveTrailingSlashWithConfig(middleware.RemoveTrailingSlashConfig{RedirectCode: http.StatusMovedPermanently})
	add := middleware.AddTrailingSlashWithConfig(middleware.AddTrailingSlashConfig{RedirectCode: http.StatusMovedPermanently})
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

func TestStartServesWhatIsAroundTheEcho(t *testing.T) {
	t.Parallel()
	s := newShop(t, silent)
	e := echo.New()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- echo.StartConfig{Listener: listener, HideBanner: true, HidePort: true}.Start(ctx, s.auth.Authenticate(e))
	}()
	if got := loginRoute(t, listener.Addr().String()); got != http.StatusSeeOther {
		t.Errorf("got status %d of the login route, want 303", got)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
