package authrocketchi_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"

	"github.com/authrocket-go/authrocket/adapters/authrocketchi"
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

// What redirects before Authenticate repeats the query.
func TestTrailingSlashes(t *testing.T) {
	t.Parallel()
	s := newShop(t, silent)
	token := s.realm.Token(s.ada)
	authenticate := authrocketchi.Authenticate(s.auth)
	routes := func(use ...func(http.Handler) http.Handler) http.Handler {
		r := chi.NewRouter()
		r.Use(use...)
		r.Get("/welcome", hello)
		return r
	}
	for _, row := range []struct {
		name       string
		app        http.Handler
		invitation string // its path
		leads      string // where the invitation leads a browser
		script     string // where it leads a script
		login      string // where a login that is started here leads
	}{
		{"Authenticate around the router", s.auth.Authenticate(routes(middleware.RedirectSlashes)), "/welcome/", "/auth/confirm", "/welcome", "/home"},
		{"Authenticate, then RedirectSlashes", routes(authenticate, middleware.RedirectSlashes), "/welcome/", "/auth/confirm", "/welcome", "/home"},
		{"RedirectSlashes, then Authenticate", routes(middleware.RedirectSlashes, authenticate), "/welcome/", "/welcome?token=TOKEN", "/welcome?token=TOKEN", "/home"},
		{"Authenticate, then StripSlashes", routes(authenticate, middleware.StripSlashes), "/welcome/", "/auth/confirm", "", "/home"},
		{"StripSlashes, then Authenticate", routes(middleware.StripSlashes, authenticate), "/welcome/", "/auth/confirm", "", "/home"},
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
