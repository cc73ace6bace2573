package authrocket_test

import (
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/authrockettest"
)

// clients are those of the table in docs/responses.md, and how they ask.
var clients = []struct {
	name      string // in the table
	method    string
	headers   []string
	signedOut int
	header    string // "Name: value" that comes with it
	others    int    // for 403 and 503 alike; 0: these
	pages     bool   // 403 and 503 are pages
}{
	{name: "a browser that navigates", method: "GET", headers: []string{"Accept: text/html", "Sec-Fetch-Site: none", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document"}, signedOut: 303, header: "Location: https://loginrocket.example/login?", pages: true},
	{name: "a browser that navigates", method: "HEAD", headers: []string{"Accept: text/html", "Sec-Fetch-Site: none", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document"}, signedOut: 303, header: "Location: https://loginrocket.example/login?", pages: true},
	{name: "a browser that navigates", method: "GET", headers: []string{"Accept: text/html,*/*;q=0.8"}, signedOut: 303, header: "Location: https://loginrocket.example/login?", pages: true},
	{name: "a browser, inside a frame", method: "GET", headers: []string{"Accept: text/html", "Sec-Fetch-Site: same-origin", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: iframe"}, signedOut: 401, header: "Content-Type: text/html"},
	{name: "a form that posts", method: "POST", headers: []string{"Accept: text/html", "Origin: https://example.com", "Sec-Fetch-Site: same-origin", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document"}, signedOut: 401, header: "Content-Type: text/html", pages: true},
	{name: "htmx", method: "GET", headers: []string{"Accept: text/html", "HX-Request: true", "HX-Current-URL: https://example.com/page?a=b", "Sec-Fetch-Site: same-origin", "Sec-Fetch-Mode: cors", "Sec-Fetch-Dest: empty"}, signedOut: 401, header: "HX-Redirect: /auth/login?return_to=%2Fpage%3Fa%3Db"},
	{name: "htmx", method: "POST", headers: []string{"HX-Request: true", "HX-Current-URL: https://example.com/page?a=b", "Origin: https://example.com"}, signedOut: 401, header: "HX-Redirect: /auth/login?return_to=%2Fpage%3Fa%3Db"},
	{name: "fetch, XMLHttpRequest", method: "GET", headers: []string{"Accept: */*", "Sec-Fetch-Site: same-origin", "Sec-Fetch-Mode: cors", "Sec-Fetch-Dest: empty"}, signedOut: 401, header: "WWW-Authenticate: Bearer"},
	{name: "fetch, XMLHttpRequest", method: "GET", headers: []string{"Accept: application/json", "X-Requested-With: XMLHttpRequest"}, signedOut: 401, header: "Content-Type: application/problem+json"},
	{name: "EventSource", method: "GET", headers: []string{"Accept: text/event-stream", "Sec-Fetch-Site: same-origin", "Sec-Fetch-Mode: cors", "Sec-Fetch-Dest: empty"}, signedOut: 401, header: "Content-Type: text/plain"},
	{name: "WebSocket", method: "GET", headers: []string{"Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13", "Origin: https://example.com", "Sec-Fetch-Site: same-origin", "Sec-Fetch-Mode: websocket", "Sec-Fetch-Dest: empty"}, signedOut: 401, header: "WWW-Authenticate: Bearer"},
	{name: "curl, programs", method: "GET", headers: []string{"Accept: */*", "User-Agent: curl/8.5.0"}, signedOut: 401, header: "WWW-Authenticate: Bearer"},
	{name: "curl, programs", method: "GET", headers: []string{"Authorization: Bearer x", "Accept: */*"}, signedOut: 401, header: `WWW-Authenticate: Bearer error="invalid_token"`, others: 401},
	{name: "OPTIONS", method: "OPTIONS", headers: []string{"Origin: https://example.com", "Access-Control-Request-Method: POST"}, signedOut: 401, header: "WWW-Authenticate: Bearer"},
	{name: "a prefetch or prerender", method: "GET", headers: []string{"Accept: text/html", "Sec-Purpose: prefetch", "Sec-Fetch-Site: none", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document"}, signedOut: 401, header: "WWW-Authenticate: Bearer"},
	{name: "a prefetch or prerender", method: "GET", headers: []string{"Accept: text/html", "Sec-Purpose: prefetch;prerender", "Sec-Fetch-Site: none", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document"}, signedOut: 401, header: "WWW-Authenticate: Bearer"},
}

func TestAnswersByClient(t *testing.T) {
	t.Parallel()
	s, down := newSite(t), newColdSite(t)
	down.realm.Break(authrockettest.Status(500))
	responses, err := os.ReadFile("docs/responses.md")
	if err != nil {
		t.Fatal(err)
	}
	table := regexp.MustCompile("\\[([^\\]]+)\\]\\([^)]+\\)|`").ReplaceAllString(string(responses), "$1") // without links and code
	for _, row := range clients {
		t.Run(row.method+" of "+row.name, func(t *testing.T) {
			if !strings.Contains(table, "\n| "+row.name+" | ") {
				t.Errorf("docs/responses.md does not say what %q gets", row.name)
			}
			ask := func(target string) *http.Request { return request(row.method, target, row.headers...) }
			w := serve(s.app(), ask("/gate/"))
			name, want, _ := strings.Cut(row.header, ": ")
			if w.Code != row.signedOut || !strings.HasPrefix(w.Header().Get(name), want) {
				t.Errorf("not signed in: got %d %v, want %d and %q", w.Code, w.Header(), row.signedOut, row.header)
			}
			if w.Code != 303 && (w.Header()["Location"] != nil || w.Header()["Set-Cookie"] != nil) {
				t.Errorf("not signed in: got %v, want no login to be started", w.Header())
			}
			if name != "HX-Redirect" && w.Header()["Hx-Redirect"] != nil {
				t.Errorf("not signed in: got %v, want no HX-Redirect", w.Header())
			}
			for _, c := range []struct {
				name    string
				site    *site
				request *http.Request
				status  int
			}{
				{name: "not allowed", site: s, request: s.as(s.george, ask("/billing")), status: 403},
				{name: "in another org", site: s, request: s.as(s.george, ask("/orgs/"+s.engines.ID+"/")), status: 403},
				{name: "keys unreachable", site: down, request: down.as(down.ada, ask("/gate/")), status: 503},
			} {
				want := c.status
				if row.others != 0 {
					want = row.others
				}
				w := serve(c.site.app(), c.request)
				cookies := w.Header()["Set-Cookie"]
				reloads := row.signedOut == 303 && c.status == 503
				if (w.Header().Get("Refresh") != "") != reloads || reloads && (len(cookies) != 1 || !strings.HasPrefix(cookies[0], siteCookie+"-reload=")) || !reloads && cookies != nil {
					t.Errorf("%s: got Refresh %q and cookies %q, want a page that reloads itself: %t", c.name, w.Header().Get("Refresh"), cookies, reloads)
				}
				if isPage := w.Header().Get("Content-Type") == "text/html; charset=utf-8"; isPage != row.pages {
					t.Errorf("%s: got a page: %t, want one: %t", c.name, isPage, row.pages)
				}
				if w.Code != want || w.Header()["Location"] != nil || w.Header()["Hx-Redirect"] != nil {
					t.Errorf("%s: got %d %v, want %d and no redirect", c.name, w.Code, w.Header(), want)
				}
				if (w.Header().Get("Retry-After") != "") != (want == 503) {
					t.Errorf("%s: got Retry-After %q", c.name, w.Header().Get("Retry-After"))
				}
			}
		})
	}
}

func TestWhereHTMXReturnsTo(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	behindPrefix := newSite(t, func(c *authrocket.Config) { c.AppURL = "https://example.com/app" })
	for _, row := range []struct {
		name, current, want string
		site                *site
	}{
		{name: "the page that is open", site: s, current: "https://example.com/page?a=b&c=%20d", want: "/auth/login?return_to=%2Fpage%3Fa%3Db%26c%3D%2520d"},
		{name: "without its fragment", site: s, current: "https://example.com/page?a=b#c", want: "/auth/login?return_to=%2Fpage%3Fa%3Db"},
		{name: "without a state", site: s, current: "https://example.com/page?ar_state=2&a=b", want: "/auth/login?return_to=%2Fpage%3Fa%3Db"},
		{name: "without a login token", site: s, current: "https://example.com/page?token=" + s.shortToken(s.ada) + "&account=c&a=b", want: "/auth/login?return_to=%2Fpage%3Fa%3Db"},
		{name: "with the page's own token", site: s, current: "https://example.com/page?token=t&account=c", want: "/auth/login?return_to=%2Fpage%3Ftoken%3Dt%26account%3Dc"},
		{name: "no page", site: s, want: "/auth/login?return_to=%2F"},
		{name: "another host", site: s, current: "https://evil.example/page", want: "/auth/login?return_to=%2F"},
		{name: "a host that begins like ours", site: s, current: "https://example.com.evil.example/page", want: "/auth/login?return_to=%2F"},
		{name: "our host as user info", site: s, current: "https://example.com@evil.example/page", want: "/auth/login?return_to=%2F"},
		{name: "another port", site: s, current: "https://example.com:8443/page", want: "/auth/login?return_to=%2F"},
		{name: "another scheme", site: s, current: "http://example.com/page", want: "/auth/login?return_to=%2F"},
		{name: "a path alone", site: s, current: "/page", want: "/auth/login?return_to=%2F"},
		{name: "two slashes", site: s, current: "https://example.com//evil.example", want: "/auth/login?return_to=%2F"},
		{name: "a login route", site: s, current: "https://example.com/auth/logout", want: "/auth/login?return_to=%2F"},
		{name: "behind a prefix", site: behindPrefix, current: "https://example.com/app/page", want: "/app/auth/login?return_to=%2Fpage"},
		{name: "outside of the prefix", site: behindPrefix, current: "https://example.com/other", want: "/app/auth/login?return_to=%2F"},
		{name: "a path that begins like the prefix", site: behindPrefix, current: "https://example.com/apple", want: "/app/auth/login?return_to=%2F"},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := serve(row.site.app(), request("GET", "/gate/", "HX-Request: true", "HX-Current-URL: "+row.current))
			if got := w.Header().Get("HX-Redirect"); w.Code != 401 || got != row.want {
				t.Errorf("got %d %q, want 401 %q", w.Code, got, row.want)
			}
		})
	}
	boosted := []string{"HX-Request: true", "HX-Boosted: true", "HX-Current-URL: https://example.com/page?a=b"}
	for _, row := range []struct {
		name, want string
		request    *http.Request
	}{
		{name: "a boosted link leads to its own target", request: request("GET", "/gate/x?tab=1", boosted...), want: "/gate/x?tab=1"},
		{name: "a boosted link, without its login token", request: request("GET", "/gate/x?tab=1&token="+s.shortToken(s.ada), boosted...), want: "/gate/x?tab=1"},
		{name: "a boosted form leads to the open page", request: request("POST", "/gate/x", append(boosted, "Origin: https://example.com")...), want: "/page?a=b"},
		{name: "a link that is not boosted leads to the open page", request: request("GET", "/gate/x", boosted[0], boosted[2]), want: "/page?a=b"},
		{name: "a boosted link that does not say true leads to the open page", request: request("GET", "/gate/x", boosted[0], "HX-Boosted: 1", boosted[2]), want: "/page?a=b"},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := serve(s.app(), row.request)
			if got, want := w.Header().Get("HX-Redirect"), "/auth/login?return_to="+url.QueryEscape(row.want); w.Code != 401 || got != want {
				t.Errorf("got %d %q, want 401 %q", w.Code, got, want)
			}
		})
	}
	for _, row := range []struct {
		name    string
		request *http.Request
	}{
		{name: "an invalid bearer token", request: request("GET", "/gate/", "HX-Request: true", "Authorization: Bearer x")},
		{name: "cookies of two users", request: s.as(s.george, s.as(s.ada, request("GET", "/gate/", "HX-Request: true")))},
		{name: "a request that does not say true", request: request("GET", "/gate/", "HX-Request: false")},
		{name: "a request for another account's page", request: s.as(s.george, request("GET", "/orgs/"+s.engines.ID+"/", "HX-Request: true", "Accept: text/html"))},
	} {
		t.Run("not for "+row.name, func(t *testing.T) {
			w := serve(s.app(), row.request)
			if w.Code != 401 && w.Code != 403 || w.Header()["Hx-Redirect"] != nil || strings.Contains(w.Body.String(), "<html") {
				t.Errorf("got %d %v, want a plain refusal", w.Code, w.Header())
			}
		})
	}
	t.Run("htmx completes no login", func(t *testing.T) {
		w := serve(s.app(), request("GET", "/?token="+s.realm.Token(s.ada), "HX-Request: true", "Accept: text/html"))
		if w.Code != 200 || w.Header()["Set-Cookie"] != nil || w.Body.String() != "nobody  " {
			t.Errorf("got %d %v %q, want the app's page without the token", w.Code, w.Header(), w.Body)
		}
	})
}

// With hx-boost on the body, links to the login routes are boosted, too.
func TestABoostedLinkToALoginRouteLeadsThere(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, target := range []string{
		"/auth/login?return_to=%2Fx&prompt=login", "/auth/signup?return_to=%2Fx", "/auth/profile?return_to=%2Fx", "/auth/accounts?return_to=%2Fx&force=1",
	} {
		r := s.as(s.ada, request("GET", target, "HX-Request: true", "HX-Boosted: true", "HX-Current-URL: https://example.com/page",
			"Sec-Fetch-Site: same-origin", "Sec-Fetch-Mode: cors", "Sec-Fetch-Dest: empty"))
		w := serve(s.app(), r)
		if got := w.Header().Get("HX-Redirect"); got != target {
			t.Errorf("%s: got %d HX-Redirect %q", target, w.Code, got)
		}
	}
}

// nginx takes 4 KiB of headers by default. The login cuts a target at 1,000 bytes.
func TestHXRedirectIsBounded(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	r := request("GET", "/gate/", "HX-Request: true", "HX-Current-URL: https://example.com/page?q="+strings.Repeat("%20a", 800))
	w := serve(s.app(), r)
	if got := len(w.Header().Get("HX-Redirect")); got > 3100 {
		t.Errorf("got an HX-Redirect of %d bytes for an URL of %d", got, len(r.Header.Get("HX-Current-URL")))
	}
}

func TestABoostedLinkThatIsTooLongIsCut(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	w := serve(s.app(), request("GET", "/auth/signup?return_to=%2F"+strings.Repeat("x", 3_000), "HX-Request: true", "HX-Boosted: true"))
	if got := w.Header().Get("HX-Redirect"); got != "/auth/signup" {
		t.Errorf("got %.60q, want the route alone", got)
	}
}
