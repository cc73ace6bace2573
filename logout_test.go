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
		name    string
		method  string
		headers []string
		want    string
	}{
		{"POST of our own page", "POST", []string{"Sec-Fetch-Site: same-origin", "Origin: https://example.com"}, out},
		{"POST of our own page in an old browser", "POST", []string{"Origin: https://example.com"}, out},
		{"POST of a program", "POST", nil, out},
		{"POST of another site", "POST", []string{"Sec-Fetch-Site: cross-site", "Origin: https://evil.example"}, refused},
		{"POST of another site in an old browser", "POST", []string{"Origin: https://evil.example"}, refused},
		{"POST of a sibling subdomain", "POST", []string{"Sec-Fetch-Site: same-site", "Origin: https://other.example.com"}, refused},
		{"POST of a sandbox", "POST", []string{"Origin: null"}, refused},

		{"POST of a service worker", "POST", []string{"Sec-Fetch-Site: same-origin", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: empty"}, out},
		{"POST of another site by a service worker", "POST", []string{"Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: empty", "Origin: https://evil.example"}, refused},
		{"POST behind HTTP Basic", "POST", []string{"Sec-Fetch-Site: same-origin", "Authorization: Basic eDp5"}, out},

		{"GET that was typed", "GET", []string{"Sec-Fetch-Site: none", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document"}, out},
		{"GET of a link of our own page", "GET", []string{"Sec-Fetch-Site: same-origin", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document"}, out},
		{"GET of a link elsewhere", "GET", []string{"Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document"}, page},
		{"GET of a link of a sibling", "GET", []string{"Sec-Fetch-Site: same-site", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document"}, page},
		{"GET of an image of our own page", "GET", []string{"Sec-Fetch-Site: same-origin", "Sec-Fetch-Mode: no-cors", "Sec-Fetch-Dest: image"}, page},
		{"GET of an image elsewhere", "GET", []string{"Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: no-cors", "Sec-Fetch-Dest: image"}, page},
		{"GET of a frame of our own page", "GET", []string{"Sec-Fetch-Site: same-origin", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: iframe"}, page},
		{"GET of fetch of our own page", "GET", []string{"Sec-Fetch-Site: same-origin", "Sec-Fetch-Mode: cors", "Sec-Fetch-Dest: empty"}, page},
		{"GET of a link of our own page by a service worker", "GET", []string{"Sec-Fetch-Site: same-origin", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: empty"}, out},
		{"GET of a link elsewhere by a service worker", "GET", []string{"Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: empty"}, page},
		{"GET of a link of our own page behind HTTP Basic", "GET", []string{"Authorization: Basic eDp5", "Sec-Fetch-Site: same-origin", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document"}, out},
		{"GET without a mode", "GET", []string{"Sec-Fetch-Site: same-origin", "Sec-Fetch-Dest: document"}, page},
		{"GET without a destination", "GET", []string{"Sec-Fetch-Site: same-origin", "Sec-Fetch-Mode: navigate"}, page},
		{"GET without a site", "GET", []string{"Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document"}, page},
		{"GET of an old browser", "GET", []string{"Accept: text/html"}, page},
		{"GET of a program", "GET", nil, page},
		{"GET ahead of a click", "GET", []string{"Sec-Fetch-Site: same-origin", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document", "Sec-Purpose: prefetch"}, refused},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
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
		{"unknown parameters are left out", "a=b&local=1&token=t&session=kss_1", "?local=1"},
		{"a return_to that is not safe is the start page", "return_to=//evil.example", "?return_to=%2F"},
		{"a return_to that comes twice is none", "return_to=%2Fa&return_to=%2Fb", ""},
		{"a query of a return_to is kept", "return_to=%2Fa%3Fb=c%26d", "?return_to=%2Fa%3Fb%3Dc%26d"},
		{"what follows a return_to that is not escaped is its query", "local=1&return_to=/a?b=c&local=1&d", "?local=1&amp;return_to=%2Fa%3Fb%3Dc%26local%3D1%26d"},
		{"markup is encoded", `return_to=/"><script>alert(1)</script>&x='{{.}}`, "?return_to=%2F%22%3E%3Cscript%3Ealert%281%29%3C%2Fscript%3E%26x%3D%27%7B%7B.%7D%7D"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
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
		{"a session", s, s.as(s.ada, post()), true},
		{"an expired one", s, s.as(s.ada, post(), authrockettest.ExpiresIn(-time.Hour)), false},
		{"a forged one", s, withCookie(post(), siteCookie, forged(s.realm.Token(s.ada))), false},
		{"two users", s, s.as(s.george, s.as(s.ada, post())), false},
		{"none", s, post(), false},
		{"one without an ID", s, s.as(s.ada, post(), withoutClaim("sid")), false},
		{"a session while LoginRocket is down", down, down.as(down.ada, post()), false},
		{"a session while LoginRocket hangs", hanging, hanging.as(hanging.ada, post()), false},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
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
		name    string
		headers []string
		query   string
		status  int
		header  string // "Name: value"
	}{
		{"a form", form, "", 200, "Refresh: 0; url=/auth/logout/end"},
		{"a form by a service worker", with("Accept: text/html", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: empty"), "", 200, "Refresh: 0; url=/auth/logout/end"},
		{"a form of an old browser", []string{"Accept: text/html", "Origin: https://example.com"}, "", 200, "Refresh: 0; url=/auth/logout/end"},
		{"a form, here only", form, "?local=1&return_to=/bye", 303, "Location: /bye"},
		{"htmx", with("HX-Request: true", "Accept: */*"), "", 200, "HX-Redirect: /auth/logout/end"},
		{"a boosted form", with("HX-Request: true", "HX-Boosted: true", "Accept: text/html"), "", 200, "HX-Redirect: /auth/logout/end"},
		{"htmx, here only", with("HX-Request: true"), "?local=1&return_to=/bye", 200, "HX-Redirect: /bye"},
		{"fetch", with("Accept: */*", "Sec-Fetch-Mode: cors", "Sec-Fetch-Dest: empty"), "", 200, "Content-Type: application/json"},
		{"fetch, here only", with("Sec-Fetch-Mode: cors"), "?local=1&return_to=/bye", 200, "Content-Type: application/json"},
		{"Turbo", turbo, "", 200, "Content-Type: application/json"},
		{"a program", nil, "", 200, "Content-Type: application/json"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
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
		t.Parallel()
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
		t.Parallel()
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
		name    string
		method  string
		headers []string
	}{
		{"a form", "POST", []string{"Accept: text/html", "Sec-Fetch-Site: same-origin", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document"}},
		{"a link", "GET", []string{"Accept: text/html", "Sec-Fetch-Site: same-origin", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document"}},
		{"the address bar", "GET", []string{"Accept: text/html", "Sec-Fetch-Site: none", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document"}},
		{"a link by a service worker", "GET", []string{"Accept: text/html", "Sec-Fetch-Site: same-origin", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: empty"}},
		{"htmx", "POST", []string{"HX-Request: true", "Origin: https://example.com"}},
		{"fetch", "POST", []string{"Accept: */*", "Sec-Fetch-Site: same-origin", "Sec-Fetch-Mode: cors", "Sec-Fetch-Dest: empty"}},
		{"a script of a trusted browser without fetch metadata", "POST", []string{"Accept: application/json", "Origin: https://example.com"}},
		{"another site", "POST", []string{"Accept: text/html", "Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document"}},
		{"a frame", "GET", []string{"Accept: text/html", "Sec-Fetch-Site: same-origin", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: iframe"}},
		{"HEAD", "HEAD", []string{"Accept: text/html", "Sec-Fetch-Site: same-origin", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document"}},
	} {
		for _, query := range []string{"", "?local=1", "?return_to=/x"} {
			t.Run(row.name+query, func(t *testing.T) {
				t.Parallel()
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
		name    string
		headers []string
		cookie  string
		status  int
		want    string // Location
	}{
		{"a navigation", document, full, 303, hosted},
		{"a navigation by a service worker", []string{"Sec-Fetch-Site: same-origin", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: empty"}, full, 303, hosted},
		{"a navigation behind HTTP Basic", changed("Authorization: Basic eDp5"), full, 303, hosted},
		{"a navigation of an old browser", []string{"Accept: text/html"}, full, 303, hosted},
		{"without a session ID", document, logoutCookie("", "/"), 303, "https://loginrocket.example/logout?redirect_uri=https%3A%2F%2Fexample.com%2F"},
		{"with a target elsewhere", document, logoutCookie("kss_1", "//evil.example"), 303, "https://loginrocket.example/logout?redirect_uri=https%3A%2F%2Fexample.com%2F&session=kss_1"},
		{"with a target among the login routes", document, logoutCookie("", "/auth/login"), 303, "https://loginrocket.example/logout?redirect_uri=https%3A%2F%2Fexample.com%2F"},
		{"without the cookie", document, "", 303, "/bye"},
		{"with a cookie that cannot be decoded", document, "%%%", 303, "/bye"},
		{"a script", []string{"Accept: */*", "Sec-Fetch-Site: same-origin", "Sec-Fetch-Mode: cors", "Sec-Fetch-Dest: empty"}, full, 403, ""},
		{"a script that takes HTML", []string{"Accept: text/html", "Sec-Fetch-Site: same-origin", "Sec-Fetch-Mode: cors", "Sec-Fetch-Dest: empty"}, full, 403, ""},
		{"a script of an old browser", []string{"Accept: */*"}, full, 403, ""},
		{"htmx", changed("HX-Request: true"), full, 403, ""},
		{"a frame", []string{"Accept: text/html", "Sec-Fetch-Site: same-origin", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: iframe"}, full, 403, ""},
		{"an image", []string{"Sec-Fetch-Site: same-origin", "Sec-Fetch-Mode: no-cors", "Sec-Fetch-Dest: image"}, full, 403, ""},
		{"a bearer token", changed("Authorization: Bearer x"), full, 403, ""},
		{"a prefetch", changed("Sec-Purpose: prefetch"), full, 401, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
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
		t.Parallel()
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
	v := &visitor{t: t, app: s.app()}
	v.jar = map[string]*http.Cookie{siteCookie: {Value: token, Expires: time.Now().Add(time.Hour)}}
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
