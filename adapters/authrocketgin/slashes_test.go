package authrocketgin_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/authrocket-go/authrocket/adapters/authrocketgin"
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

// gin redirects to the path with a slash more or less before it asks middleware.
func TestTrailingSlashes(t *testing.T) {
	t.Parallel()
	s := newShop(t, silent)
	token := s.realm.Token(s.ada)
	routes := func(use ...gin.HandlerFunc) *gin.Engine {
		engine := gin.New()
		engine.Use(use...)
		engine.GET("/welcome", hello)
		return engine
	}
	inside := func(change func(*gin.Engine)) *gin.Engine {
		engine := routes(authrocketgin.Authenticate(s.auth))
		change(engine)
		return engine
	}
	asItIs := inside(func(*gin.Engine) {})
	fixing := inside(func(e *gin.Engine) { e.RedirectFixedPath = true })
	wide := inside(func(e *gin.Engine) { e.GET("/:section/:page/", hello) })
	withoutRedirects := inside(func(e *gin.Engine) { e.RedirectTrailingSlash = false })
	const repeated = "/welcome?token=TOKEN"
	for _, row := range []struct {
		name       string
		app        http.Handler
		invitation string // its path
		leads      string // where the invitation leads a browser
		script     string // where it leads a script
		login      string // where a login that is started here leads
	}{
		{"Authenticate around the engine", s.auth.Authenticate(routes()), "/welcome/", "/auth/confirm", "/welcome", "/home"},
		{"Authenticate around it, a route like the login routes", s.auth.Authenticate(wide), "/welcome/", "/auth/confirm", "/welcome", "/home"},
		{"Authenticate around it, RedirectFixedPath", s.auth.Authenticate(fixing), "/Welcome", "/auth/confirm", "/welcome", "/home"},
		{"Authenticate in the engine", asItIs, "/welcome/", repeated, repeated, "/home"},
		{"Authenticate in it, RedirectFixedPath", fixing, "/Welcome", repeated, repeated, "/home"},
		{"Authenticate in it, a route like the login routes", wide, "/welcome/", repeated, repeated, "/auth/login/?return_to=/home"},
		{"Authenticate in it, without redirects", withoutRedirects, "/welcome/", "/auth/confirm", "", "/home"},
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
