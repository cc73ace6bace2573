package authrocket_test

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/authrockettest"
)

func TestCrossSiteRequests(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(c *authrocket.Config) {
		c.TrustedOrigins = []string{"https://Admin.example.com:443/", "http://localhost:3000"}
	})
	const passes, refused = 200, 403
	upgrade := []string{"Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13"}
	with := func(more ...string) []string { return append(append([]string{}, upgrade...), more...) }
	for _, row := range []struct {
		name, method string
		headers      []string
		status       int
	}{
		{name: "GET from anywhere", method: "GET", headers: []string{"Sec-Fetch-Site: cross-site", "Origin: https://evil.example"}, status: passes},
		{name: "HEAD from anywhere", method: "HEAD", headers: []string{"Sec-Fetch-Site: cross-site"}, status: passes},
		{name: "OPTIONS from anywhere", method: "OPTIONS", headers: []string{"Origin: https://evil.example"}, status: passes},
		{name: "POST of our own page", method: "POST", headers: []string{"Sec-Fetch-Site: same-origin", "Origin: https://example.com"}, status: passes},
		{name: "POST that a user caused", method: "POST", headers: []string{"Sec-Fetch-Site: none"}, status: passes},
		{name: "POST of a program with a cookie", method: "POST", status: passes},
		{name: "POST of our own page in an old browser", method: "POST", headers: []string{"Origin: https://example.com"}, status: passes},
		{name: "POST of another site", method: "POST", headers: []string{"Sec-Fetch-Site: cross-site", "Origin: https://evil.example"}, status: refused},
		{name: "POST of another site without Origin", method: "POST", headers: []string{"Sec-Fetch-Site: cross-site"}, status: refused},
		{name: "POST of a sibling subdomain", method: "POST", headers: []string{"Sec-Fetch-Site: same-site", "Origin: https://other.example.com"}, status: refused},
		{name: "POST of another site in an old browser", method: "POST", headers: []string{"Origin: https://evil.example"}, status: refused},
		{name: "POST of another port in an old browser", method: "POST", headers: []string{"Origin: https://example.com:8443"}, status: refused},
		{name: "POST of plain http of our host in an old browser", method: "POST", headers: []string{"Origin: http://example.com"}, status: refused},
		{name: "POST of a trusted origin in an old browser", method: "POST", headers: []string{"Origin: https://admin.example.com"}, status: passes},
		{name: "POST of our own page with an empty Sec-Fetch-Site", method: "POST", headers: []string{"Sec-Fetch-Site: ", "Origin: https://example.com"}, status: passes},
		{name: "POST of a sandbox", method: "POST", headers: []string{"Origin: null"}, status: refused},
		{name: "POST of a sandbox in a new browser", method: "POST", headers: []string{"Sec-Fetch-Site: cross-site", "Origin: null"}, status: refused},
		{name: "POST of a host that ends with ours", method: "POST", headers: []string{"Sec-Fetch-Site: cross-site", "Origin: https://evilexample.com"}, status: refused},
		{name: "POST of a host that begins with ours", method: "POST", headers: []string{"Sec-Fetch-Site: cross-site", "Origin: https://example.com.evil.example"}, status: refused},
		{name: "PUT of another site", method: "PUT", headers: []string{"Sec-Fetch-Site: cross-site"}, status: refused},
		{name: "PATCH of another site", method: "PATCH", headers: []string{"Sec-Fetch-Site: cross-site"}, status: refused},
		{name: "DELETE of another site", method: "DELETE", headers: []string{"Sec-Fetch-Site: cross-site"}, status: refused},
		{name: "a method of one's own", method: "PURGE", headers: []string{"Sec-Fetch-Site: cross-site"}, status: refused},
		{name: "a method in lower case", method: "get", headers: []string{"Sec-Fetch-Site: cross-site"}, status: refused},
		{name: "POST of a trusted origin", method: "POST", headers: []string{"Sec-Fetch-Site: same-site", "Origin: https://admin.example.com"}, status: passes},
		{name: "POST of a trusted origin with a port", method: "POST", headers: []string{"Sec-Fetch-Site: cross-site", "Origin: http://localhost:3000"}, status: passes},
		{name: "POST of a trusted origin by another scheme", method: "POST", headers: []string{"Sec-Fetch-Site: cross-site", "Origin: http://admin.example.com"}, status: refused},
		{name: "POST of a trusted origin at another port", method: "POST", headers: []string{"Sec-Fetch-Site: cross-site", "Origin: http://localhost:3001"}, status: refused},

		{name: "WebSocket of our own page", method: "GET", headers: with("Sec-Fetch-Site: same-origin", "Origin: https://example.com"), status: passes},
		{name: "WebSocket of our own page in an old browser", method: "GET", headers: with("Origin: https://example.com"), status: passes},
		{name: "WebSocket of plain http of our host in an old browser", method: "GET", headers: with("Origin: http://example.com"), status: refused},
		{name: "WebSocket of another site", method: "GET", headers: with("Sec-Fetch-Site: cross-site", "Origin: https://evil.example"), status: refused},
		{name: "WebSocket of another site in an old browser", method: "GET", headers: with("Origin: https://evil.example"), status: refused},
		{name: "WebSocket of a sibling subdomain", method: "GET", headers: with("Sec-Fetch-Site: same-site", "Origin: https://other.example.com"), status: refused},
		{name: "WebSocket of a sandbox", method: "GET", headers: with("Origin: null"), status: refused},
		{name: "WebSocket of a trusted origin", method: "GET", headers: with("Sec-Fetch-Site: same-site", "Origin: https://admin.example.com"), status: passes},
		{name: "Upgrade alone", method: "GET", headers: []string{"Upgrade: h2c", "Origin: https://evil.example"}, status: refused},
		{name: "a WebSocket key alone", method: "GET", headers: []string{"Sec-WebSocket-Key: x", "Origin: https://evil.example"}, status: refused},
		{name: "HEAD that upgrades", method: "HEAD", headers: []string{"Upgrade: websocket", "Origin: https://evil.example"}, status: refused},
		{name: "OPTIONS that upgrades", method: "OPTIONS", headers: []string{"Upgrade: websocket", "Origin: https://evil.example"}, status: refused},
		{name: "an empty Upgrade is none", method: "GET", headers: []string{"Upgrade: ", "Origin: https://evil.example"}, status: passes},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := serve(s.app(), s.as(s.ada, request(row.method, "/gate/", row.headers...)))
			if w.Code != row.status {
				t.Errorf("with a cookie: got %d %q, want %d", w.Code, w.Body, row.status)
			}
			if row.status == refused {
				if row.method != "HEAD" && !strings.Contains(w.Body.String(), "cross_site") {
					t.Errorf("got %q, want the reason cross_site", w.Body)
				}
				open := serve(s.app(), s.as(s.ada, request(row.method, "/", row.headers...)))
				if open.Code != 200 || strings.Contains(open.Body.String(), "ada") {
					t.Errorf("on an open route: got %d %q, want an anonymous visitor", open.Code, open.Body)
				}
			}
			bearer := append([]string{"Authorization: Bearer " + s.realm.Token(s.ada)}, row.headers...)
			if w := serve(s.app(), request(row.method, "/gate/", bearer...)); w.Code != passes {
				t.Errorf("with a bearer token: got %d %q, want %d", w.Code, w.Body, passes)
			}
		})
	}
}

func TestOurOriginIsAppURLsBehindAProxy(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(c *authrocket.Config) { c.AppURL = "https://public.example/app" })
	for _, row := range []struct {
		name    string
		headers []string
		status  int
	}{
		{name: "the public origin, though Host is another", headers: []string{"Origin: https://public.example"}, status: 200},
		{name: "the public origin by http", headers: []string{"Origin: http://public.example"}, status: 403},
		{name: "the origin of the Host that the proxy asks for", headers: []string{"Origin: http://10.0.0.7:8080"}, status: 403},
		{name: "X-Forwarded-Host decides nothing", headers: []string{"Origin: https://evil.example", "X-Forwarded-Host: evil.example", "Forwarded: host=evil.example"}, status: 403},
	} {
		t.Run(row.name, func(t *testing.T) {
			r := s.as(s.ada, request("POST", "/gate/", row.headers...))
			r.Host = "10.0.0.7:8080"
			if w := serve(s.app(), r); w.Code != row.status {
				t.Errorf("got %d %q, want %d", w.Code, w.Body, row.status)
			}
		})
	}
}

func TestOurOriginIsTheHostOnLoopback(t *testing.T) {
	t.Parallel()
	realm := authrockettest.NewRealm(t)
	ada := realm.AddUser(authrockettest.User{Email: "ada@example.com"})
	realm.Start()
	config := realm.Config()
	config.AppURL = ""
	auth, err := authrocket.New(config)
	if err != nil {
		t.Fatal(err)
	}
	warm(t, auth)
	app := auth.Authenticate(auth.RequireLogin(whoami))
	for _, row := range []struct {
		name, host, origin string
		status             int
	}{
		{name: "the Host by http", host: "127.0.0.1:8080", origin: "http://127.0.0.1:8080", status: 200},
		{name: "no origin at all", host: "127.0.0.1:8080", status: 200},
		{name: "the Host by https", host: "127.0.0.1:8080", origin: "https://127.0.0.1:8080", status: 403},
		{name: "another port", host: "127.0.0.1:8080", origin: "http://127.0.0.1:8081", status: 403},
		{name: "another name of loopback", host: "127.0.0.1:8080", origin: "http://localhost:8080", status: 403},
		{name: "a Host that is not on loopback", host: "evil.example", origin: "http://evil.example", status: 403},
	} {
		t.Run(row.name, func(t *testing.T) {
			r := withCookie(request("POST", "/"), "arToken", realm.Token(ada))
			r.Host = row.host
			if row.origin != "" {
				r.Header.Set("Origin", row.origin)
			}
			if w := serve(app, r); w.Code != row.status {
				t.Errorf("got %d %q, want %d", w.Code, w.Body, row.status)
			}
		})
	}
}

func TestAnEmptyHostGetsNoCookieSession(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	server := rawServer(t, s.app())
	token := s.realm.Token(s.ada)
	for _, row := range []struct {
		name   string
		lines  []string
		status int
	}{
		{name: "no Host in HTTP/1.0", lines: []string{"GET /gate/ HTTP/1.0", "Cookie: " + siteCookie + "=" + token}, status: 403},
		{name: "an empty Host", lines: []string{"GET /gate/ HTTP/1.1", "Host:", "Cookie: " + siteCookie + "=" + token}, status: 403},
		{name: "an empty Host and the Origin null", lines: []string{"POST /gate/ HTTP/1.1", "Host:", "Origin: null", "Cookie: " + siteCookie + "=" + token}, status: 403},
		{name: "a bearer token needs no Host", lines: []string{"GET /gate/ HTTP/1.0", "Authorization: Bearer " + token}, status: 200},
		{name: "an open page is served", lines: []string{"GET / HTTP/1.0", "Cookie: " + siteCookie + "=" + token}, status: 200},
	} {
		t.Run(row.name, func(t *testing.T) {
			resp, body := sendRaw(t, server, row.lines...)
			if resp.StatusCode != row.status || strings.HasPrefix(body, "ada") && strings.Contains(row.lines[0], " / ") {
				t.Errorf("got %d %q, want %d", resp.StatusCode, body, row.status)
			}
		})
	}
	t.Run("a logout without a Host names no session", func(t *testing.T) {
		resp, _ := sendRaw(t, server, "POST /auth/logout HTTP/1.1", "Host:", "Origin: null", "Cookie: "+siteCookie+"="+token, "Content-Length: 0")
		if got := resp.Header.Get("Location"); strings.Contains(got, "session=") {
			t.Errorf("got %d %q, want no session in it", resp.StatusCode, got)
		}
	})
}

func TestAWebSocketHandshakeOverASocket(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	server := rawServer(t, s.auth.Authenticate(s.auth.RequireLogin(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusAccepted)
	}))))
	for _, row := range []struct {
		origin string
		status int
	}{
		{origin: "https://example.com", status: 202},
		{origin: "https://evil.example", status: 403},
		{origin: "null", status: 403},
	} {
		t.Run(row.origin, func(t *testing.T) {
			resp, body := sendRaw(t, server, "GET / HTTP/1.1", "Host: example.com", "Connection: upgrade", "upgrade: WebSocket",
				"sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==", "Origin: "+row.origin, "Cookie: "+siteCookie+"="+s.realm.Token(s.ada))
			if resp.StatusCode != row.status {
				t.Errorf("got %d %q, want %d", resp.StatusCode, body, row.status)
			}
		})
	}
}

func TestLoginsAtAnotherHostAreWarnedOf(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name, appURL, host string
		warned             bool
	}{
		{name: "AppURL's own host", appURL: "https://example.com", host: "example.com"},
		{name: "in capitals", appURL: "https://example.com", host: "Example.COM"},
		{name: "AppURL in capitals", appURL: "https://EXAMPLE.com", host: "example.com"},
		{name: "with the default port of https", appURL: "https://example.com", host: "example.com:443"},
		{name: "AppURL with the default port of https", appURL: "https://example.com:443", host: "example.com"},
		{name: "with the default port of http", appURL: "http://example.com", host: "example.com:80"},
		{name: "with the default port of the other scheme", appURL: "https://example.com", host: "example.com:80", warned: true},
		{name: "with the default port of https on http", appURL: "http://example.com", host: "example.com:443", warned: true},
		{name: "with AppURL's port", appURL: "https://example.com:8443", host: "example.com:8443"},
		{name: "without AppURL's port", appURL: "https://example.com:8443", host: "example.com", warned: true},
		{name: "with another port", appURL: "https://example.com", host: "example.com:8443", warned: true},
		{name: "behind a prefix", appURL: "https://example.com/app", host: "example.com"},
		{name: "www for the apex", appURL: "https://example.com", host: "www.example.com", warned: true},
		{name: "localhost for 127.0.0.1", appURL: "http://127.0.0.1:8080", host: "localhost:8080", warned: true},
		{name: "an IPv6 address", appURL: "http://[::1]:8080", host: "[::1]:8080"},
		{name: "a dot at the end", appURL: "https://example.com", host: "example.com.", warned: true},
		{name: "no host", appURL: "https://example.com", warned: true},
		{name: "no AppURL", host: "localhost:1234"},
	} {
		t.Run(row.name, func(t *testing.T) {
			var got []error
			s := newColdSite(t, func(c *authrocket.Config) {
				c.AppURL, c.DangerouslyAllowHTTPAppURL = row.appURL, true
				if row.appURL == "" {
					c.LoginRocketURL = "http://localhost:8081"
				}
				c.Observer.Warning = func(_ context.Context, err error) { got = append(got, err) }
			})
			for _, target := range []string{"/", "/auth/logout", "/auth/confirm", "/auth/callback"} {
				r := navigate(target)
				r.Host = row.host
				if serve(s.app(), r); len(got) > 0 {
					t.Fatalf("%s: got %q where no login starts", target, got)
				}
			}
			for _, target := range []string{"/gate/", "/auth/login"} {
				r := navigate(target)
				r.Host = row.host
				serve(s.app(), r)
			}
			if len(got) > 1 || (len(got) == 1) != row.warned {
				t.Errorf("got %q, want one warning: %t", got, row.warned)
			}
		})
	}
}

func TestWarningsOfHostsAreLimited(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		got := 0
		s := newSite(t, func(c *authrocket.Config) {
			c.Observer.Warning = func(_ context.Context, err error) {
				if len(err.Error()) > 400 {
					t.Errorf("got a warning of %d bytes", len(err.Error()))
				}
				if strings.HasPrefix(err.Error(), "the Host") {
					got++
				}
			}
		})
		come := func(host string) {
			r := navigate("/auth/login")
			r.Host = host
			serve(s.app(), r)
		}
		expect := func(when string, want int) {
			t.Helper()
			if got != want {
				t.Errorf("%s: got %d warnings, want %d", when, got, want)
			}
			got = 0
		}
		come("www.example.com")
		come("www.example.com")
		time.Sleep(59 * time.Minute)
		come("www.example.com")
		expect("within an hour", 1)
		time.Sleep(time.Minute)
		come("www.example.com")
		expect("an hour later", 1)
		for i := range 100 {
			come(fmt.Sprintf("%d.example", i))
		}
		expect("of a hundred hosts more", 19)
		time.Sleep(30 * time.Minute)
		come("another.example")
		expect("half an hour later", 0)
		time.Sleep(30 * time.Minute)
		come(strings.Repeat("x", 4_000))
		for i := range 100 {
			come(fmt.Sprintf("%d.example", i))
		}
		expect("an hour after them", 20)
		// Anybody can send any Host: neither many nor long ones fill the memory.
		time.Sleep(2 * time.Hour)
		for i := range 3 {
			come(strings.Repeat("x", 100) + strconv.Itoa(i))
		}
		expect("of hosts that begin with the same 100 bytes", 1)
	})
}
