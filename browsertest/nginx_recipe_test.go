package browsertest_test

import (
	"fmt"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/authrocket-go/authrocket"
)

// checkSession answers nginx's auth_request.
func checkSession(auth *authrocket.Auth) http.Handler {
	return auth.Authenticate(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// Add rules to Check, for example authrocket.Permission("reports:read").
		if _, err := auth.Check(r); err != nil {
			w.WriteHeader(authrocket.StatusCode(err))
			return
		}
		w.WriteHeader(http.StatusNoContent)
	}))
}

var nginxBlock = regexp.MustCompile("(?ms)^```nginx\n(.*?)^```$")

// docsNginx is what docs/deploy.md says.
func docsNginx(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../docs/deploy.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestNginxDocsShowWhatIsTested(t *testing.T) {
	t.Parallel()
	var shown []string
	for _, block := range nginxBlock.FindAllStringSubmatch(docsNginx(t), -1) {
		shown = append(shown, block[1])
	}
	tested := []string{nginxStatic, nginxAuthRequest, nginxBuffers}
	if !slices.Equal(shown, tested) {
		t.Errorf("docs/deploy.md shows\n%q\nthe tests use\n%q", shown, tested)
	}
}

// api is an app that has no pages.
func api(auth *authrocket.Auth) http.Handler {
	return auth.Authenticate(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, ok := authrocket.CurrentUser(r.Context())
		if r.URL.Path != "/api/me" || !ok {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		fmt.Fprint(w, user.Email)
	}))
}

// TestNginxStaticFrontEnd is about pages that the app does not serve: only /api
// and /auth are its.
func TestNginxStaticFrontEnd(t *testing.T) {
	t.Parallel()
	const page = "<h1>Report</h1>"
	for _, row := range []struct{ name, server, path string }{
		{name: "files", server: strings.Replace(nginxStatic, "/index.html", "=404", 1), path: "/report.html"},
		{name: "one file for every path", server: nginxStatic, path: "/reports/2026"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			f := startFront(t, row.server, api)
			f.write(t, "report.html", page)
			f.write(t, "index.html", page)
			v := f.newVisitor(t)
			v.logInElsewhere("ada@example.com")
			if a := v.get(f.url+"/api/me", bySelf); a.status != http.StatusUnauthorized {
				t.Fatalf("before the login, /api/me: got %d %q, want 401", a.status, a.body)
			}
			target := row.path + "?q=a%20b&c=%7E"
			end, a := v.browse(f.url+"/auth/login?return_to="+url.QueryEscape(target), bySelf)
			if end != f.url+target || a.status != http.StatusOK || a.body != page {
				t.Errorf("the login ends at %s with %d %q, want the page at %s", brief(end), a.status, a.body, target)
			}
			if a := v.get(f.url+"/api/me", bySelf); a.body != "ada@example.com" {
				t.Errorf("after the login, /api/me: got %d %q", a.status, a.body)
			}
			f.wantTokenInCallbackOnly(t)
		})
	}
}

// wantTokenInCallbackOnly ends nginx and reads its access log, which has the
// requests and their Referers.
func (f *front) wantTokenInCallbackOnly(t *testing.T) {
	t.Helper()
	f.stop()
	inCallback := regexp.MustCompile(`^\S+ - - \[[^]]+\] "GET /auth/callback\?ar_state=[^&" ]+&token=[^&" ]+ HTTP/1.1" 303 \d+ "-" `)
	callbacks := 0
	for line := range strings.Lines(f.log(t, "access.log")) {
		switch {
		case inCallback.MatchString(line) && strings.Count(line, "token") == 1:
			callbacks++
		case strings.Contains(line, "token") || strings.Contains(line, "eyJ"):
			t.Error("a token is in another request than a callback's")
		}
	}
	if callbacks == 0 {
		t.Error("the access log has no callback")
	}
}

// TestNginxAuthRequest is about a service without a login of its own, before which
// nginx asks the app who comes.
func TestNginxAuthRequest(t *testing.T) {
	t.Parallel()
	f := startFront(t, nginxAuthRequest, checkSession)

	signedIn := func(t *testing.T) *visitor {
		v := f.newVisitor(t)
		v.logInElsewhere("ada@example.com")
		if end, a := v.browse(f.url+"/start", byUser); end != f.url+"/start" || a.body != "page /start" {
			t.Fatalf("the login ends at %s with %d %q", brief(end), a.status, a.body)
		}
		return v
	}

	for _, target := range []string{
		"/report",
		"/report?q=a%20b&c=%7E&&d",
		"/report?a=1&account=org_evil&prompt=login",
		"/report?prompt=login&return_to=/other&return_to=%2Fother",
		"/a%2Fb/%C3%A9?x=%26account=org_evil",
	} {
		t.Run("a login comes back to "+target, func(t *testing.T) {
			t.Parallel()
			v := f.newVisitor(t)
			v.logInElsewhere("ada@example.com")
			a := v.get(f.url+target, bySelf)
			if got, want := a.header.Get("Location"), "/auth/login?return_to="+target; a.status != http.StatusSeeOther || got != want {
				t.Fatalf("nginx answers %d to %q, want 303 to %q", a.status, got, want)
			}
			hosted := v.lead(a.location, bySelf)
			query := mustParse(t, hosted).Query()
			if !strings.HasPrefix(hosted, f.realm.URL()+"/login?") || len(query) != 1 || !query.Has("redirect_uri") {
				t.Errorf("the login is at %s, want LoginRocket's with a redirect_uri and no other parameter", brief(hosted))
			}
			end, a := v.browse(hosted, byStranger)
			if end != f.url+target || a.body != "page "+target {
				t.Errorf("the login ends at %s with %d %q, want %s", brief(end), a.status, a.body, target)
			}
			if got := a.header.Values("Cache-Control"); !slices.Equal(got, []string{"private, no-cache"}) {
				t.Errorf("the page has the Cache-Control %q", got)
			}
		})
	}

	t.Run("the service sees no token", func(t *testing.T) {
		t.Parallel()
		signedIn(t)
		if a := f.newVisitor(t).send(http.MethodGet, f.url+"/by-program", nil, "Authorization", "Bearer "+f.realm.Token(f.ada)); a.body != "page /by-program" {
			t.Errorf("a program with a token gets %d %q", a.status, a.body)
		}
		for _, r := range f.pages.seen(http.MethodGet) {
			if r.Header.Get("Cookie") != "" || r.Header.Get("Authorization") != "" {
				t.Error("a request to the service has a Cookie, or an Authorization")
			}
		}
	})

	t.Run("nobody asks the check from outside", func(t *testing.T) {
		t.Parallel()
		if a := signedIn(t).get(f.url+"/check", byUser); a.status != http.StatusNotFound {
			t.Errorf("GET /check: got %d %q, want 404", a.status, a.body)
		}
	})

	t.Run("what does not navigate ends with 401", func(t *testing.T) {
		t.Parallel()
		v := f.newVisitor(t)
		headers := []string{"Sec-Fetch-Site", bySelf, "Sec-Fetch-Mode", "cors", "Sec-Fetch-Dest", "empty", "Accept", "*/*"}
		a := v.send(http.MethodGet, f.url+"/data", nil, headers...)
		if a.location != f.url+"/auth/login?return_to=/data" {
			t.Fatalf("got %d to %q", a.status, a.location)
		}
		if a = v.send(http.MethodGet, a.location, nil, headers...); a.status != http.StatusUnauthorized || a.header.Get("Set-Cookie") != "" {
			t.Errorf("got %d %q, want 401", a.status, a.body)
		}
	})

	t.Run("a broken session does not lead round and round", func(t *testing.T) {
		t.Parallel()
		v := f.newVisitor(t)
		v.logInElsewhere("ada@example.com")
		v.client.Jar.SetCookies(mustParse(t, f.url), []*http.Cookie{{Name: "__Host-arToken", Value: "broken", Path: "/", Secure: true}})
		if end, a := v.browse(f.url+"/report", byUser); end != f.url+"/report" || a.status != http.StatusOK {
			t.Errorf("the login ends at %s with %d %q", brief(end), a.status, a.body)
		}
	})

	for _, row := range crossSiteRows(f.url) {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			v := signedIn(t)
			path := "/" + url.PathEscape(row.name)
			a := v.send(row.method, f.url+path, url.Values{"amount": {"100"}}, row.headers...)
			came := slices.ContainsFunc(f.pages.seen(row.method), func(r *http.Request) bool { return r.RequestURI == path })
			if a.status != row.status || came != (row.status == http.StatusOK) {
				t.Errorf("got %d, and the service was reached: %t; want %d", a.status, came, row.status)
			}
		})
	}

	t.Cleanup(func() { f.wantTokenInCallbackOnly(t) })
}

// crossSiteRow is a request with a session, from a page of the app or of another site.
type crossSiteRow struct {
	name, method string
	headers      []string
	status       int
}

func crossSiteRows(appURL string) []crossSiteRow {
	return []crossSiteRow{
		{name: "a form of the own pages", method: http.MethodPost, headers: []string{"Sec-Fetch-Site", bySelf, "Origin", appURL}, status: http.StatusOK},
		{name: "a form of the own pages, by a browser that only says the origin", method: http.MethodPost, headers: []string{"Origin", appURL}, status: http.StatusOK},
		{name: "a form of another site", method: http.MethodPost, headers: []string{"Sec-Fetch-Site", byStranger, "Origin", "https://evil.shop.test"}, status: http.StatusForbidden},
		{name: "a form of a sibling", method: http.MethodPost, headers: []string{"Sec-Fetch-Site", "same-site", "Origin", "https://evil.shop.test"}, status: http.StatusForbidden},
		{name: "a form of another site, by a browser that only says the origin", method: http.MethodPost, headers: []string{"Origin", "https://evil.shop.test"}, status: http.StatusForbidden},
		{name: "DELETE of another site", method: http.MethodDelete, headers: []string{"Sec-Fetch-Site", byStranger, "Origin", "https://evil.shop.test"}, status: http.StatusForbidden},
		{name: "a WebSocket of another site", method: http.MethodGet, headers: []string{"Sec-Fetch-Site", byStranger, "Sec-Fetch-Mode", "websocket", "Upgrade", "websocket", "Connection", "Upgrade", "Sec-WebSocket-Key", "AAAAAAAAAAAAAAAAAAAAAA=="}, status: http.StatusForbidden},
		{name: "a link of another site", method: http.MethodGet, headers: []string{"Sec-Fetch-Site", byStranger}, status: http.StatusOK},
	}
}

func mustParse(t *testing.T, text string) *url.URL {
	t.Helper()
	u, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return u
}
