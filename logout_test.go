package authrocket_test

import (
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/authrockettest"
)

func TestLogout(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(c *authrocket.Config) { c.AfterLogout = "/bye" })
	const out, page, refused = "out", "page", "refused"
	for _, row := range []struct {
		name, method, want string
		headers            []string
	}{
		{name: "POST of our own page", method: "POST", headers: []string{"Sec-Fetch-Site: same-origin", "Origin: https://example.com"}, want: out},
		{name: "POST of our own page in an old browser", method: "POST", headers: []string{"Origin: https://example.com"}, want: out},
		{name: "POST of a program", method: "POST", want: out},
		{name: "POST of another site", method: "POST", headers: []string{"Sec-Fetch-Site: cross-site", "Origin: https://evil.example"}, want: refused},
		{name: "POST of another site in an old browser", method: "POST", headers: []string{"Origin: https://evil.example"}, want: refused},
		{name: "POST of a sibling subdomain", method: "POST", headers: []string{"Sec-Fetch-Site: same-site", "Origin: https://other.example.com"}, want: refused},
		{name: "POST of a sandbox", method: "POST", headers: []string{"Origin: null"}, want: refused},

		{name: "POST of a service worker", method: "POST", headers: []string{"Sec-Fetch-Site: same-origin", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: empty"}, want: out},
		{name: "POST of another site by a service worker", method: "POST", headers: []string{"Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: empty", "Origin: https://evil.example"}, want: refused},
		{name: "POST behind HTTP Basic", method: "POST", headers: []string{"Sec-Fetch-Site: same-origin", "Authorization: Basic eDp5"}, want: out},

		{name: "GET that was typed", method: "GET", headers: []string{"Sec-Fetch-Site: none", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document"}, want: out},
		{name: "GET of a link of our own page", method: "GET", headers: []string{"Sec-Fetch-Site: same-origin", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document"}, want: out},
		{name: "GET of a link elsewhere", method: "GET", headers: []string{"Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document"}, want: page},
		{name: "GET of a link of a sibling", method: "GET", headers: []string{"Sec-Fetch-Site: same-site", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document"}, want: page},
		{name: "GET of an image of our own page", method: "GET", headers: []string{"Sec-Fetch-Site: same-origin", "Sec-Fetch-Mode: no-cors", "Sec-Fetch-Dest: image"}, want: page},
		{name: "GET of an image elsewhere", method: "GET", headers: []string{"Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: no-cors", "Sec-Fetch-Dest: image"}, want: page},
		{name: "GET of a frame of our own page", method: "GET", headers: []string{"Sec-Fetch-Site: same-origin", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: iframe"}, want: page},
		{name: "GET of fetch of our own page", method: "GET", headers: []string{"Sec-Fetch-Site: same-origin", "Sec-Fetch-Mode: cors", "Sec-Fetch-Dest: empty"}, want: page},
		{name: "GET of a link of our own page by a service worker", method: "GET", headers: []string{"Sec-Fetch-Site: same-origin", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: empty"}, want: out},
		{name: "GET of a link elsewhere by a service worker", method: "GET", headers: []string{"Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: empty"}, want: page},
		{name: "GET of a link of our own page behind HTTP Basic", method: "GET", headers: []string{"Authorization: Basic eDp5", "Sec-Fetch-Site: same-origin", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document"}, want: out},
		{name: "GET without a mode", method: "GET", headers: []string{"Sec-Fetch-Site: same-origin", "Sec-Fetch-Dest: document"}, want: page},
		{name: "GET without a destination", method: "GET", headers: []string{"Sec-Fetch-Site: same-origin", "Sec-Fetch-Mode: navigate"}, want: page},
		{name: "GET without a site", method: "GET", headers: []string{"Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document"}, want: page},
		{name: "GET of an old browser", method: "GET", headers: []string{"Accept: text/html"}, want: page},
		{name: "GET of a program", method: "GET", want: page},
		{name: "GET ahead of a click", method: "GET", headers: []string{"Sec-Fetch-Site: same-origin", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document", "Sec-Purpose: prefetch"}, want: refused},
	} {
		t.Run(row.name, func(t *testing.T) {
			for query, action := range map[string]string{
				"": "", "?local=1": "?local=1", "?local": "?local=1", "?return_to=/x": "?return_to=%2Fx", "?local=1&return_to=/x": "?local=1&amp;return_to=%2Fx",
			} {
				r := s.as(s.ada, request(row.method, "/auth/logout"+query, row.headers...))
				// Verify has the keys fetched, for which a logout would not wait.
				session, err := s.auth.Verify(t.Context(), strings.TrimPrefix(r.Header.Get("Cookie"), siteCookie+"="))
				if err != nil {
					t.Fatal(err)
				}
				w := serve(s.app(), r)
				if isCleared(w) != (row.want == out) {
					t.Fatalf("%s: got %d, cleared %t, want %s", query, w.Code, isCleared(w), row.want)
				}
				got := leadsTo(t, w)
				switch row.want {
				case out:
					target := "/bye"
					if strings.Contains(query, "return_to") {
						target = "/x"
					}
					want := target
					if !strings.Contains(query, "local") {
						want = "https://loginrocket.example/logout?redirect_uri=" + url.QueryEscape("https://example.com"+target) + "&session=" + session.ID()
						w = endLogout(t, s.app(), w)
						got = w.Header().Get("Location")
					}
					if got != want {
						t.Errorf("%s: got %q, want %q", query, got, want)
					}
					if w.Header().Get("Cache-Control") != "no-store" {
						t.Errorf("%s: got %v", query, w.Header())
					}
				case page:
					want := `<form method="post" action="/auth/logout` + action + `">`
					if got != "" || !strings.Contains(w.Body.String(), want) {
						t.Errorf("%s: got %q %q, want a page with %q", query, got, w.Body, want)
					}
					// no-referrer would make the Origin of the form null.
					if h := w.Header(); h.Get("Referrer-Policy") != "same-origin" || h.Get("X-Frame-Options") != "DENY" {
						t.Errorf("%s: got %v", query, h)
					}
				default:
					if w.Code != 403 && w.Code != 401 || got != "" || strings.Contains(w.Body.String(), session.ID()) {
						t.Errorf("%s: got %q %q", query, got, w.Body)
					}
				}
			}
		})
	}
}

func TestTheFormOfTheLogoutPage(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, row := range []struct{ name, query, action string }{
		{name: "unknown parameters are left out", query: "a=b&local=1&token=t&session=kss_1", action: "?local=1"},
		{name: "a return_to that is not safe is the start page", query: "return_to=//evil.example", action: "?return_to=%2F"},
		{name: "a return_to that comes twice is none", query: "return_to=%2Fa&return_to=%2Fb"},
		{name: "a query of a return_to is kept", query: "return_to=%2Fa%3Fb=c%26d", action: "?return_to=%2Fa%3Fb%3Dc%26d"},
		{name: "what follows a return_to that is not escaped is its query", query: "local=1&return_to=/a?b=c&local=1&d", action: "?local=1&amp;return_to=%2Fa%3Fb%3Dc%26local%3D1%26d"},
		{name: "markup is encoded", query: `return_to=/"><script>alert(1)</script>&x='{{.}}`, action: "?return_to=%2F%22%3E%3Cscript%3Ealert%281%29%3C%2Fscript%3E%26x%3D%27%7B%7B.%7D%7D"},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := serve(s.app(), request("GET", "/auth/logout?"+row.query))
			if body := w.Body.String(); w.Code != 200 || !strings.Contains(body, `action="/auth/logout`+row.action+`"`) || strings.Contains(body, "<script") {
				t.Errorf("got %d %q, want the action %q", w.Code, body, row.action)
			}
		})
	}
}

func TestLogoutNamesOnlyAVerifiedSession(t *testing.T) {
	t.Parallel()
	// A logout does not fetch keys, but uses those that are there.
	s, down, hanging := newSite(t), newColdSite(t), newColdSite(t)
	down.realm.Break(authrockettest.Status(500))
	hanging.realm.Break(authrockettest.Hang())
	post := func() *http.Request { return request("POST", "/auth/logout") }
	for _, row := range []struct {
		name    string
		site    *site
		request *http.Request
		named   bool
	}{
		{name: "a session", site: s, request: s.as(s.ada, post()), named: true},
		{name: "an expired one", site: s, request: s.as(s.ada, post(), authrockettest.ExpiresIn(-time.Hour))},
		{name: "a forged one", site: s, request: withCookie(post(), siteCookie, forged(s.realm.Token(s.ada)))},
		{name: "two users", site: s, request: s.as(s.george, s.as(s.ada, post()))},
		{name: "none", site: s, request: post()},
		{name: "one without an ID", site: s, request: s.as(s.ada, post(), withoutClaim("sid"))},
		{name: "a session while LoginRocket is down", site: down, request: down.as(down.ada, post())},
		{name: "a session while LoginRocket hangs", site: hanging, request: hanging.as(hanging.ada, post())},
	} {
		t.Run(row.name, func(t *testing.T) {
			first := serve(row.site.app(), row.request)
			w := endLogout(t, row.site.app(), first)
			u, err := url.Parse(w.Header().Get("Location"))
			if err != nil {
				t.Fatal(err)
			}
			if w.Code != 303 || !isCleared(first) || u.Path != "/logout" || u.Query().Has("session") != row.named {
				t.Errorf("got %d %q, cleared %t, want the hosted logout, with a session: %t", w.Code, u, isCleared(first), row.named)
			}
		})
	}
}

func TestLogoutDoesNotWaitForKeys(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newColdSite(t)
		s.realm.Break(authrockettest.Hang())
		began := time.Now()
		w := serve(s.app(), s.as(s.ada, request("POST", "/auth/logout?local=1")))
		if waited := time.Since(began); waited != 0 || leadsTo(t, w) != "/" || !isCleared(w) {
			t.Errorf("got %d after %s, want to be signed out at once", w.Code, waited)
		}
		if n := s.realm.Requests("/connect/jwks"); n != 0 {
			t.Errorf("the keys were fetched %d times", n)
		}
	})
}

// A script cannot follow a redirect to LoginRocket, and a page with form-action
// 'self' stops it after a form: each gets what leads it to /auth/logout/end.
func TestHowALogoutLeadsOn(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	own := []string{"Sec-Fetch-Site: same-origin", "Origin: https://example.com"}
	with := func(headers ...string) []string { return append(headers, own...) }
	form := with("Accept: text/html", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document")
	turbo := with("Accept: text/vnd.turbo-stream.html, text/html, application/xhtml+xml", "Sec-Fetch-Mode: cors", "Sec-Fetch-Dest: empty")
	for _, row := range []struct {
		name, query string
		headers     []string
		status      int
		header      string // "Name: value"
	}{
		{name: "a form", headers: form, status: 200, header: "Refresh: 0; url=/auth/logout/end"},
		{name: "a form by a service worker", headers: with("Accept: text/html", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: empty"), status: 200, header: "Refresh: 0; url=/auth/logout/end"},
		{name: "a form of an old browser", headers: []string{"Accept: text/html", "Origin: https://example.com"}, status: 200, header: "Refresh: 0; url=/auth/logout/end"},
		{name: "a form, here only", headers: form, query: "?local=1&return_to=/bye", status: 303, header: "Location: /bye"},
		{name: "htmx", headers: with("HX-Request: true", "Accept: */*"), status: 200, header: "HX-Redirect: /auth/logout/end"},
		{name: "a boosted form", headers: with("HX-Request: true", "HX-Boosted: true", "Accept: text/html"), status: 200, header: "HX-Redirect: /auth/logout/end"},
		{name: "htmx, here only", headers: with("HX-Request: true"), query: "?local=1&return_to=/bye", status: 200, header: "HX-Redirect: /bye"},
		{name: "fetch", headers: with("Accept: */*", "Sec-Fetch-Mode: cors", "Sec-Fetch-Dest: empty"), status: 200, header: "Content-Type: application/json"},
		{name: "fetch, here only", headers: with("Sec-Fetch-Mode: cors"), query: "?local=1&return_to=/bye", status: 200, header: "Content-Type: application/json"},
		{name: "Turbo", headers: turbo, status: 200, header: "Content-Type: application/json"},
		{name: "a program", status: 200, header: "Content-Type: application/json"},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := serve(s.app(), s.as(s.ada, request("POST", "/auth/logout"+row.query, row.headers...)))
			name, want, _ := strings.Cut(row.header, ": ")
			if got := w.Header().Get(name); w.Code != row.status || got != want || !isCleared(w) {
				t.Fatalf("got %d %v, want %d %s, and the session cookie cleared", w.Code, w.Header(), row.status, row.header)
			}
			want = "/auth/logout/end"
			if row.query != "" {
				want = "/bye"
			}
			if got := leadsTo(t, w); got != want {
				t.Errorf("leads to %q, want %q", got, want)
			}
			if c := cookieNamed(w, siteCookie+"-logout"); (c != nil) != (row.query == "") {
				t.Errorf("got %v, want the cookie of a logout that LoginRocket has to know", c)
			} else if c != nil && (!c.HttpOnly || !c.Secure || c.SameSite != http.SameSiteLaxMode || c.MaxAge != 60 || c.Path != "/") {
				t.Errorf("got %+v", c)
			}
			if strings.Contains(w.Header().Get("Content-Type"), "html") && !strings.Contains(w.Body.String(), `href="/auth/logout/end"`) {
				t.Errorf("got %q, want a link for a browser that does not lead on by itself", w.Body)
			}
		})
	}
	t.Run("behind a prefix", func(t *testing.T) {
		s := newSite(t, func(c *authrocket.Config) { c.AppURL = "https://example.com/app" })
		for _, row := range [][2]string{{"/auth/logout", "/app/auth/logout/end"}, {"/auth/logout?local=1&return_to=/bye", "/app/bye"}} {
			for _, r := range []*http.Request{submit(row[0]), request("POST", row[0], own...), request("POST", row[0], with("HX-Request: true")...)} {
				if got := leadsTo(t, serve(s.app(), s.as(s.ada, r))); got != row[1] {
					t.Errorf("%s leads to %q, want %q", row[0], got, row[1])
				}
			}
		}
	})
	t.Run("beyond ASCII", func(t *testing.T) {
		for _, r := range []*http.Request{submit("/auth/logout?local=1&return_to=/%C3%A9"), request("POST", "/auth/logout?local=1&return_to=/%C3%A9", own...)} {
			if got := leadsTo(t, serve(s.app(), r)); got != "/%C3%A9" {
				t.Errorf("leads to %q, want /%%C3%%A9", got)
			}
		}
	})
}

// Whoever has a session ID mints tokens at the LoginRocket API.
func TestNoScriptSeesTheSessionIDOfALogout(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	const sid = "kss_secretSessionID"
	for _, row := range []struct {
		name, method string
		headers      []string
	}{
		{name: "a form", method: "POST", headers: []string{"Accept: text/html", "Sec-Fetch-Site: same-origin", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document"}},
		{name: "a link", method: "GET", headers: []string{"Accept: text/html", "Sec-Fetch-Site: same-origin", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document"}},
		{name: "the address bar", method: "GET", headers: []string{"Accept: text/html", "Sec-Fetch-Site: none", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document"}},
		{name: "a link by a service worker", method: "GET", headers: []string{"Accept: text/html", "Sec-Fetch-Site: same-origin", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: empty"}},
		{name: "htmx", method: "POST", headers: []string{"HX-Request: true", "Origin: https://example.com"}},
		{name: "fetch", method: "POST", headers: []string{"Accept: */*", "Sec-Fetch-Site: same-origin", "Sec-Fetch-Mode: cors", "Sec-Fetch-Dest: empty"}},
		{name: "a script of a trusted browser without fetch metadata", method: "POST", headers: []string{"Accept: application/json", "Origin: https://example.com"}},
		{name: "another site", method: "POST", headers: []string{"Accept: text/html", "Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document"}},
		{name: "a frame", method: "GET", headers: []string{"Accept: text/html", "Sec-Fetch-Site: same-origin", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: iframe"}},
		{name: "HEAD", method: "HEAD", headers: []string{"Accept: text/html", "Sec-Fetch-Site: same-origin", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document"}},
	} {
		for _, query := range []string{"", "?local=1", "?return_to=/x"} {
			t.Run(row.name+query, func(t *testing.T) {
				w := serve(s.app(), s.as(s.ada, request(row.method, "/auth/logout"+query, row.headers...), setClaim("sid", sid)))
				if shown := visible(w); strings.Contains(shown, "kss_") || strings.Contains(shown, base64.RawURLEncoding.EncodeToString([]byte(sid))) {
					t.Errorf("a script can see the session ID: %s", shown)
				}
				for _, c := range w.Result().Cookies() {
					if c.Value != "" && (c.Name != siteCookie+"-logout" || !c.HttpOnly) {
						t.Errorf("got the cookie %q, want none but that of the logout, out of reach of scripts", c)
					}
				}
			})
		}
	}
}

// visible is what a script may see of an answer: all but cookies.
func visible(w *httptest.ResponseRecorder) string {
	h := w.Header().Clone()
	h.Del("Set-Cookie")
	var b strings.Builder
	h.Write(&b)
	return b.String() + w.Body.String()
}

func TestTheEndOfALogout(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(c *authrocket.Config) { c.AfterLogout = "/bye" })
	const name = siteCookie + "-logout"
	document := []string{"Accept: text/html", "Sec-Fetch-Site: same-origin", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document"}
	changed := func(header string) []string { return append([]string{header}, document...) }
	const hosted = "https://loginrocket.example/logout?redirect_uri=https%3A%2F%2Fexample.com%2Fx%3Fa%3Db&session=kss_1"
	full := logoutCookie("kss_1", "/x?a=b")
	for _, row := range []struct {
		name, cookie string
		headers      []string
		status       int
		want         string // Location
	}{
		{name: "a navigation", headers: document, cookie: full, status: 303, want: hosted},
		{name: "a navigation by a service worker", headers: []string{"Sec-Fetch-Site: same-origin", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: empty"}, cookie: full, status: 303, want: hosted},
		{name: "a navigation behind HTTP Basic", headers: changed("Authorization: Basic eDp5"), cookie: full, status: 303, want: hosted},
		{name: "a navigation of an old browser", headers: []string{"Accept: text/html"}, cookie: full, status: 303, want: hosted},
		{name: "without a session ID", headers: document, cookie: logoutCookie("", "/"), status: 303, want: "https://loginrocket.example/logout?redirect_uri=https%3A%2F%2Fexample.com%2F"},
		{name: "without the cookie", headers: document, status: 303, want: "/bye"},
		{name: "with a cookie that cannot be decoded", headers: document, cookie: "%%%", status: 303, want: "/bye"},
		{name: "a script", headers: []string{"Accept: */*", "Sec-Fetch-Site: same-origin", "Sec-Fetch-Mode: cors", "Sec-Fetch-Dest: empty"}, cookie: full, status: 403},
		{name: "a script of an old browser", headers: []string{"Accept: */*"}, cookie: full, status: 403},
		{name: "htmx", headers: changed("HX-Request: true"), cookie: full, status: 403},
		{name: "a frame", headers: []string{"Accept: text/html", "Sec-Fetch-Site: same-origin", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: iframe"}, cookie: full, status: 403},
		{name: "an image", headers: []string{"Sec-Fetch-Site: same-origin", "Sec-Fetch-Mode: no-cors", "Sec-Fetch-Dest: image"}, cookie: full, status: 403},
		{name: "a bearer token", headers: changed("Authorization: Bearer x"), cookie: full, status: 403},
		{name: "a prefetch", headers: changed("Sec-Purpose: prefetch"), cookie: full, status: 401},
	} {
		t.Run(row.name, func(t *testing.T) {
			r := request("GET", "/auth/logout/end", row.headers...)
			if row.cookie != "" {
				withCookie(r, name, row.cookie)
			}
			w := serve(s.app(), r)
			if got := w.Header().Get("Location"); w.Code != row.status || got != row.want {
				t.Errorf("got %d %q, want %d %q", w.Code, got, row.status, row.want)
			}
			c := cookieNamed(w, name)
			if cleared := c != nil && c.MaxAge < 0; cleared != (row.cookie != "" && row.status == 303) {
				t.Errorf("cleared %t", cleared)
			}
			if w.Code != 303 && strings.Contains(visible(w), "kss_") {
				t.Errorf("got %s", visible(w))
			}
			if h := w.Header(); h.Get("Cache-Control") != "no-store" || w.Code == 303 && h.Get("Referrer-Policy") != "no-referrer" {
				t.Errorf("got %v, want an answer that nobody stores", h)
			}
		})
	}
	t.Run("a session ID that is too long for a cookie is left out", func(t *testing.T) {
		r := s.as(s.ada, submit("/auth/logout"), setClaim("sid", "kss_"+strings.Repeat("x", 5_000)))
		w := endLogout(t, s.app(), serve(s.app(), r))
		if got := w.Header().Get("Location"); got != "https://loginrocket.example/logout?redirect_uri=https%3A%2F%2Fexample.com%2Fbye" {
			t.Errorf("got %q, want the hosted logout without a session", got)
		}
	})
}

func TestASecondClickOnSignOutKeepsTheSessionID(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	token := s.realm.Token(s.ada)
	session, err := s.auth.Verify(t.Context(), token)
	if err != nil {
		t.Fatal(err)
	}
	v := s.visitor(t, token)
	v.send(submit("/auth/logout"))
	w := v.send(submit("/auth/logout"))
	w = v.visit("same-origin", leadsTo(t, w))
	if got := w.Header().Get("Location"); !strings.Contains(got, session.ID()) {
		t.Errorf("got %q, want the session ID: LoginRocket's session goes on", got)
	}
}

// A form on a page in a frame of this very origin.
func TestALogoutInAFrameLeadsOutOfIt(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	w := serve(s.app(), s.as(s.ada, submit("/auth/logout", "Sec-Fetch-Dest: iframe")))
	h := w.Header()
	if !isCleared(w) || h.Get("Refresh") != "" || h.Get("X-Frame-Options") != "" || !strings.Contains(w.Body.String(), `href="/auth/logout/end" target="_top"`) {
		t.Errorf("got %d %v %q, want a page with a link that leaves the frame", w.Code, h, w.Body)
	}
	w = serve(s.app(), s.as(s.ada, submit("/auth/logout?local=1&return_to=/bye", "Sec-Fetch-Dest: iframe")))
	if got := w.Header().Get("Location"); w.Code != 303 || got != "/bye" {
		t.Errorf("here only: got %d %q, want 303 /bye", w.Code, got)
	}
}

// LoginRoutes alone cuts no token out of URLs.
func TestDenyOfALogoutSeesNoToken(t *testing.T) {
	t.Parallel()
	var seen string
	s := newSite(t, func(c *authrocket.Config) {
		c.Deny = func(w http.ResponseWriter, r *http.Request, err error) bool {
			seen = r.URL.String() + r.RequestURI
			return false
		}
	})
	token := s.realm.Token(s.ada)
	serve(s.auth.LoginRoutes(), request("POST", "/auth/logout?token="+token, "Sec-Fetch-Site: cross-site", "Origin: https://evil.example"))
	if seen == "" || strings.Contains(seen, token) {
		t.Errorf("Deny saw %.60q", seen)
	}
}

// Chromium shows a page that it has fetched ahead after the cookies have changed, even
// with no-store.
func TestALogoutAndALoginClearWhatWasFetchedAhead(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b, _ := start(t, s.app(), navigate("/gate/"))
	for name, w := range map[string]*httptest.ResponseRecorder{
		"logout":             serve(s.app(), s.as(s.ada, submit("/auth/logout"))),
		"logout by script":   serve(s.app(), s.as(s.ada, request("POST", "/auth/logout"))),
		"local logout":       serve(s.app(), s.as(s.ada, submit("/auth/logout?local=1"))),
		"login over another": serve(s.app(), s.as(s.ada, b.land(s.realm.Token(s.ada)))),
	} {
		if got := w.Header().Get("Clear-Site-Data"); !strings.Contains(got, `"prefetchCache"`) || !strings.Contains(got, `"prerenderCache"`) {
			t.Errorf("%s: got Clear-Site-Data %q", name, got)
		}
	}
}

func TestALogoutHandsOnNoLongTarget(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	r := navigate("/auth/logout?return_to=/"+strings.Repeat("x", 100_000), "Sec-Fetch-Site: same-origin")
	w := serve(s.app(), r)
	if c := cookieNamed(w, siteCookie+"-logout"); c == nil || len(c.Value) > 1_000 {
		t.Errorf("got the cookie %v, want 1,000 bytes at most", c)
	}
	if w := endLogout(t, s.app(), w); w.Code != 303 || len(w.Header().Get("Location")) > 1_000 {
		t.Errorf("got %d and a Location of %d bytes, want 1,000 at most", w.Code, len(w.Header().Get("Location")))
	}
}

func TestForgedLogoutCookies(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, target := range []string{"//evil.example", `/\evil.example`, "https://evil.example", "/x\r\nSet-Cookie: a=b", "/\t/evil", "/auth/logout", "@evil", ".evil", "/%2f/evil", "/x&session=kss_evil", "/\x00", "/..//evil", "/é"} {
		for _, id := range []string{"", "kss_1&redirect_uri=https://evil.example", "kss\r\nX: y"} {
			w := serve(s.app(), navigate("/auth/logout/end", "Cookie: "+siteCookie+"-logout="+logoutCookie(id, target)))
			got := w.Header().Get("Location")
			if !strings.HasPrefix(got, "https://loginrocket.example/logout?redirect_uri=https%3A%2F%2Fexample.com%2F") || strings.ContainsAny(got, "\r\n") || strings.Count(got, "redirect_uri=") != 1 {
				t.Errorf("%q %q: got %q", id, target, got)
			}
		}
	}
	for _, value := range []string{"a", "..", ".", "!!!", base64.RawURLEncoding.EncodeToString([]byte("kss_1")), strings.Repeat("A", 60_000)} {
		w := serve(s.app(), navigate("/auth/logout/end", "Cookie: "+siteCookie+"-logout="+value))
		if w.Code != 303 {
			t.Errorf("%.20q: got %d", value, w.Code)
		}
	}
}
