package browsertest_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/authrocket-go/authrocket"
)

// checkForwarded answers the forward auth of Caddy and Traefik. It decides about the request
// that they describe in X-Forwarded-*.
func checkForwarded(auth *authrocket.Auth) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		target, err := url.ParseRequestURI(r.Header.Get("X-Forwarded-Uri"))
		if err != nil {
			http.Error(w, "X-Forwarded-Uri is missing or invalid", http.StatusBadRequest)
			return
		}
		asked := r.Clone(r.Context())
		asked.Method = r.Header.Get("X-Forwarded-Method") // tells a form of another site from a link
		asked.Host = r.Header.Get("X-Forwarded-Host")
		asked.URL, asked.RequestURI = target, target.RequestURI() // the login returns to it
		// Add rules to Check, for example authrocket.Permission("reports:read").
		asked, err = auth.Check(asked)
		if err != nil {
			auth.Deny(w, asked, err) // the proxy sends this answer to the client
			return
		}
		w.WriteHeader(http.StatusNoContent)
	})
}

// forwardedApp is an app that serves nothing but the check and the login routes.
func forwardedApp(auth *authrocket.Auth) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/check", checkForwarded(auth))
	mux.Handle("/auth/", auth.LoginRoutes())
	return mux
}

func TestDocsShowTheCaddyfileThatIsTested(t *testing.T) {
	t.Parallel()
	docs, err := os.ReadFile("../docs/deploy.md")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(docs), "\n```caddyfile\n"+caddyfile+"```\n") {
		t.Errorf("docs/deploy.md does not show\n%s", caddyfile)
	}
}

// TestCaddyForwardAuth is about a service without a login of its own, before which Caddy
// asks the app who comes.
func TestCaddyForwardAuth(t *testing.T) {
	t.Parallel()
	f := startCaddy(t, forwardedApp)
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
		"/report?prompt=login&return_to=/other&account=org_evil",
		"/a%2Fb/%C3%A9",
		"/%72eport", "/check", "//report", "/./report", "/auth2/report",
	} {
		// Not in parallel: the service may see two of them as one.
		t.Run("a login comes back to "+target, func(t *testing.T) {
			v := f.newVisitor(t)
			v.logInElsewhere("ada@example.com")
			if a := v.get(f.url+target, bySelf); a.status != http.StatusSeeOther || !strings.HasPrefix(a.location, f.realm.URL()+"/login?") {
				t.Fatalf("got %d to %q, want the login", a.status, brief(a.location))
			}
			if slices.ContainsFunc(f.pages.seen(http.MethodGet), func(r *http.Request) bool { return r.RequestURI == target }) {
				t.Fatal("the service was reached without a session")
			}
			_, a := v.browse(f.url+target, bySelf)
			if a.status != http.StatusOK || !strings.HasPrefix(a.body, "page /") {
				t.Errorf("the login ends with %d %q", a.status, a.body)
			}
			if got := a.header.Values("Cache-Control"); !slices.Equal(got, []string{"private, no-cache"}) {
				t.Errorf("the page has the Cache-Control %q", got)
			}
			if target == "/report" && a.body != "page /report" {
				t.Errorf("got %q", a.body)
			}
		})
	}

	for _, target := range []string{"/auth/report", "/auth%2freport", "/auth/../report", "/auth/..%2freport", "/%61uth/x/../../report", "//auth/../report"} {
		t.Run("no way around the check by "+target, func(t *testing.T) {
			t.Parallel()
			a := f.newVisitor(t).get(f.url+target, bySelf)
			if strings.HasPrefix(a.body, "page") || slices.ContainsFunc(f.pages.seen(http.MethodGet), func(r *http.Request) bool { return r.RequestURI == target }) {
				t.Errorf("got %d %q, and the service was reached", a.status, a.body)
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

	t.Run("what does not navigate gets 401", func(t *testing.T) {
		t.Parallel()
		a := f.newVisitor(t).send(http.MethodGet, f.url+"/data", nil, "Sec-Fetch-Site", bySelf, "Sec-Fetch-Mode", "cors", "Sec-Fetch-Dest", "empty", "Accept", "*/*")
		if a.status != http.StatusUnauthorized || a.header.Get("Www-Authenticate") == "" {
			t.Errorf("got %d %q, want 401", a.status, a.body)
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
}

// TestCheckOfForwardedRequests is about what Traefik sends: a GET with the headers of the
// browser, but for those of the connection, and X-Forwarded-*. Its configuration is not tested.
func TestCheckOfForwardedRequests(t *testing.T) {
	t.Parallel()
	f := openFront(t, "443", forwardedApp)
	token := f.realm.Token(f.ada)
	ask := func(cookie string, headers ...string) *http.Response {
		r := httptest.NewRequest(http.MethodGet, "http://app:8080/check", nil)
		r.RequestURI = "" // a client's
		r.URL.Host = f.appAddr
		if cookie != "" {
			r.Header.Set("Cookie", "__Host-arToken="+cookie)
		}
		for i := 0; i < len(headers); i += 2 {
			r.Header.Set(headers[i], headers[i+1])
		}
		client := testClient(t)
		client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		resp, err := client.Do(r.WithContext(t.Context()))
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		return resp
	}
	forwarded := func(method string, headers ...string) []string {
		return append([]string{"X-Forwarded-Method", method, "X-Forwarded-Uri", "/report", "X-Forwarded-Host", "app.shop.test:443", "X-Forwarded-Proto", "https"}, headers...)
	}
	for _, row := range []struct {
		name    string
		cookie  string
		headers []string
		status  int
	}{
		{name: "a link", cookie: token, headers: forwarded("GET"), status: http.StatusNoContent},
		{name: "not signed in", headers: forwarded("GET", "Accept", "text/html"), status: http.StatusSeeOther},
		{name: "a form of the own pages", cookie: token, headers: forwarded("POST", "Sec-Fetch-Site", bySelf), status: http.StatusNoContent},
		{name: "a form of another site", cookie: token, headers: forwarded("POST", "Sec-Fetch-Site", byStranger), status: http.StatusForbidden},
		{name: "a WebSocket of another site, without Upgrade", cookie: token, headers: forwarded("GET", "Sec-WebSocket-Key", "AAAAAAAAAAAAAAAAAAAAAA==", "Origin", "https://evil.shop.test"), status: http.StatusForbidden},
		{name: "a proxy that does not name the method, for another site", cookie: token, headers: []string{"X-Forwarded-Uri", "/report", "X-Forwarded-Host", "app.shop.test:443", "Sec-Fetch-Site", byStranger}, status: http.StatusForbidden},
		{name: "a proxy that does not name the URI", cookie: token, headers: []string{"X-Forwarded-Method", "GET", "X-Forwarded-Host", "app.shop.test:443"}, status: http.StatusBadRequest},
	} {
		t.Run(row.name, func(t *testing.T) {
			if resp := ask(row.cookie, row.headers...); resp.StatusCode != row.status {
				t.Errorf("got %d %s, want %d", resp.StatusCode, fmt.Sprint(resp.Header), row.status)
			}
		})
	}
}
