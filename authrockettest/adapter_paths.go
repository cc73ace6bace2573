package authrockettest

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// RedirectingApp is an app whose framework may change a path, or redirect, before a
// handler runs. The app has a route for /welcome. In the expected locations, TOKEN
// stands for the login token; an empty string means that no redirect is expected.
type RedirectingApp struct {
	Name string
	App  http.Handler

	// Invitation is the path of an invitation link.
	Invitation string

	// Browser is the location to which the invitation link redirects a browser.
	// Script is the location to which the link redirects a script.
	Browser, Script string

	// Login is the location at the end of a login that starts in the app, with the
	// return target /home. If the framework redirects before the login starts, Login
	// is the location of that redirect.
	Login string
}

// TestRedirects checks where each app redirects a visitor who opens an invitation
// link, and a visitor who logs in. If a framework redirects before Authenticate runs,
// the location still contains the login token.
func (f AdapterFixture) TestRedirects(t *testing.T, apps []RedirectingApp) {
	t.Helper()
	token := f.Realm.Token(f.Ada)
	for _, row := range apps {
		t.Run(row.Name, func(t *testing.T) {
			t.Parallel()
			invitation := row.Invitation + "?token=" + token
			login := navigate(row.App, "/auth/login?return_to=/home")
			if hosted, err := url.Parse(login.Header.Get("Location")); err == nil && hosted.Query().Has("redirect_uri") {
				login = navigate(row.App, hosted.Query().Get("redirect_uri")+"&token="+token, login.Cookies()...)
			}
			for _, step := range []struct {
				name string
				got  *http.Response
				want string
			}{
				{name: "the invitation, in a browser", got: navigate(row.App, invitation), want: row.Browser},
				{name: "the invitation, by a script", got: fetch(row.App, invitation), want: row.Script},
				{name: "the login", got: login, want: row.Login},
			} {
				if got := strings.ReplaceAll(step.got.Header.Get("Location"), token, "TOKEN"); got != step.want {
					t.Errorf("%s: got %s with Location %q, want %q", step.name, step.got.Status, got, step.want)
				}
			}
		})
	}
}

func navigate(h http.Handler, target string, cookies ...*http.Cookie) *http.Response {
	return get(h, target, "navigate", "document", cookies)
}

func fetch(h http.Handler, target string) *http.Response {
	return get(h, target, "cors", "empty", nil)
}

func get(h http.Handler, target, fetchMode, fetchDest string, cookies []*http.Cookie) *http.Response {
	r := httptest.NewRequest(http.MethodGet, target, nil)
	r.Header.Set("Sec-Fetch-Mode", fetchMode)
	r.Header.Set("Sec-Fetch-Dest", fetchDest)
	for _, c := range cookies {
		r.AddCookie(c)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

// TestTree checks which spellings of a path bypass a gate. build gets a handler that
// serves a tree of files, and returns two apps. The first serves the tree to
// everybody, with RequireLogin only on the routes below /private/. It must refuse the
// spellings in refused, and serve private/report.txt for the others, because a gate
// protects a route, not a path. The second app serves the tree behind RequireLogin,
// and must refuse all spellings.
func (f AdapterFixture) TestTree(t *testing.T, build func(tree http.Handler) (below, around http.Handler), refused ...string) {
	t.Helper()
	const text = "secret"
	below, around := build(http.FileServerFS(fstest.MapFS{"private/report.txt": {Data: []byte(text)}}))
	for _, target := range []string{
		"/private/report.txt",
		"/%70rivate/report.txt",
		"/private%2freport.txt",
		"//private/report.txt",
		"/./private/report.txt",
		"/open/../private/report.txt",
	} {
		t.Run(target, func(t *testing.T) {
			t.Parallel()
			if slices.Contains(refused, target) {
				f.TestGet(t, below, User{}, target, http.StatusUnauthorized, "no_token")
			} else {
				f.TestGet(t, below, User{}, target, http.StatusOK, text)
			}
			f.TestGet(t, around, User{}, target, http.StatusUnauthorized, "no_token")
			f.TestGet(t, around, f.Ada, target, http.StatusOK, text)
		})
	}
}
