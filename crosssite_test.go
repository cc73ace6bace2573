package authrocket_test

import (
	"context"
	"fmt"
	"net/http"
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
		name    string
		method  string
		headers []string
		status  int
	}{
		{"GET from anywhere", "GET", []string{"Sec-Fetch-Site: cross-site", "Origin: https://evil.example"}, passes},
		{"HEAD from anywhere", "HEAD", []string{"Sec-Fetch-Site: cross-site"}, passes},
		{"OPTIONS from anywhere", "OPTIONS", []string{"Origin: https://evil.example"}, passes},
		{"POST of our own page", "POST", []string{"Sec-Fetch-Site: same-origin", "Origin: https://example.com"}, passes},
		{"POST that a user caused", "POST", []string{"Sec-Fetch-Site: none"}, passes},
		{"POST of a program with a cookie", "POST", nil, passes},
		{"POST of our own page in an old browser", "POST", []string{"Origin: https://example.com"}, passes},
		{"POST of another site", "POST", []string{"Sec-Fetch-Site: cross-site", "Origin: https://evil.example"}, refused},
		{"POST of another site without Origin", "POST", []string{"Sec-Fetch-Site: cross-site"}, refused},
		{"POST of a sibling subdomain", "POST", []string{"Sec-Fetch-Site: same-site", "Origin: https://other.example.com"}, refused},
		{"POST of another site in an old browser", "POST", []string{"Origin: https://evil.example"}, refused},
		{"POST of another port in an old browser", "POST", []string{"Origin: https://example.com:8443"}, refused},
		{"POST of plain http of our host in an old browser", "POST", []string{"Origin: http://example.com"}, refused},
		{"POST of a trusted origin in an old browser", "POST", []string{"Origin: https://admin.example.com"}, passes},
		{"POST of our own page with an empty Sec-Fetch-Site", "POST", []string{"Sec-Fetch-Site: ", "Origin: https://example.com"}, passes},
		{"POST of a sandbox", "POST", []string{"Origin: null"}, refused},
		{"POST of a sandbox in a new browser", "POST", []string{"Sec-Fetch-Site: cross-site", "Origin: null"}, refused},
		{"POST of a host that ends with ours", "POST", []string{"Sec-Fetch-Site: cross-site", "Origin: https://evilexample.com"}, refused},
		{"POST of a host that begins with ours", "POST", []string{"Sec-Fetch-Site: cross-site", "Origin: https://example.com.evil.example"}, refused},
		{"PUT of another site", "PUT", []string{"Sec-Fetch-Site: cross-site"}, refused},
		{"PATCH of another site", "PATCH", []string{"Sec-Fetch-Site: cross-site"}, refused},
		{"DELETE of another site", "DELETE", []string{"Sec-Fetch-Site: cross-site"}, refused},
		{"a method of one's own", "PURGE", []string{"Sec-Fetch-Site: cross-site"}, refused},
		{"a method in lower case", "get", []string{"Sec-Fetch-Site: cross-site"}, refused},
		{"POST of a trusted origin", "POST", []string{"Sec-Fetch-Site: same-site", "Origin: https://admin.example.com"}, passes},
		{"POST of a trusted origin with a port", "POST", []string{"Sec-Fetch-Site: cross-site", "Origin: http://localhost:3000"}, passes},
		{"POST of a trusted origin by another scheme", "POST", []string{"Sec-Fetch-Site: cross-site", "Origin: http://admin.example.com"}, refused},
		{"POST of a trusted origin at another port", "POST", []string{"Sec-Fetch-Site: cross-site", "Origin: http://localhost:3001"}, refused},

		{"WebSocket of our own page", "GET", with("Sec-Fetch-Site: same-origin", "Origin: https://example.com"), passes},
		{"WebSocket of our own page in an old browser", "GET", with("Origin: https://example.com"), passes},
		{"WebSocket of plain http of our host in an old browser", "GET", with("Origin: http://example.com"), refused},
		{"WebSocket of another site", "GET", with("Sec-Fetch-Site: cross-site", "Origin: https://evil.example"), refused},
		{"WebSocket of another site in an old browser", "GET", with("Origin: https://evil.example"), refused},
		{"WebSocket of a sibling subdomain", "GET", with("Sec-Fetch-Site: same-site", "Origin: https://other.example.com"), refused},
		{"WebSocket of a sandbox", "GET", with("Origin: null"), refused},
		{"WebSocket of a trusted origin", "GET", with("Sec-Fetch-Site: same-site", "Origin: https://admin.example.com"), passes},
		{"Upgrade alone", "GET", []string{"Upgrade: h2c", "Origin: https://evil.example"}, refused},
		{"a WebSocket key alone", "GET", []string{"Sec-WebSocket-Key: x", "Origin: https://evil.example"}, refused},
		{"HEAD that upgrades", "HEAD", []string{"Upgrade: websocket", "Origin: https://evil.example"}, refused},
		{"OPTIONS that upgrades", "OPTIONS", []string{"Upgrade: websocket", "Origin: https://evil.example"}, refused},
		{"an empty Upgrade is none", "GET", []string{"Upgrade: ", "Origin: https://evil.example"}, passes},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
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
		{"the public origin, though Host is another", []string{"Origin: https://public.example"}, 200},
		{"the public origin by http", []string{"Origin: http://public.example"}, 403},
		{"the origin of the Host that the proxy asks for", []string{"Origin: http://10.0.0.7:8080"}, 403},
		{"X-Forwarded-Host decides nothing", []string{"Origin: https://evil.example", "X-Forwarded-Host: evil.example", "Forwarded: host=evil.example"}, 403},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
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
		{"the Host by http", "127.0.0.1:8080", "http://127.0.0.1:8080", 200},
		{"no origin at all", "127.0.0.1:8080", "", 200},
		{"the Host by https", "127.0.0.1:8080", "https://127.0.0.1:8080", 403},
		{"another port", "127.0.0.1:8080", "http://127.0.0.1:8081", 403},
		{"another name of loopback", "127.0.0.1:8080", "http://localhost:8080", 403},
		{"a Host that is not on loopback", "evil.example", "http://evil.example", 403},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
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
		{"no Host in HTTP/1.0", []string{"GET /gate/ HTTP/1.0", "Cookie: " + siteCookie + "=" + token}, 403},
		{"an empty Host", []string{"GET /gate/ HTTP/1.1", "Host:", "Cookie: " + siteCookie + "=" + token}, 403},
		{"an empty Host and the Origin null", []string{"POST /gate/ HTTP/1.1", "Host:", "Origin: null", "Cookie: " + siteCookie + "=" + token}, 403},
		{"a bearer token needs no Host", []string{"GET /gate/ HTTP/1.0", "Authorization: Bearer " + token}, 200},
		{"an open page is served", []string{"GET / HTTP/1.0", "Cookie: " + siteCookie + "=" + token}, 200},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			resp, body := sendRaw(t, server, row.lines...)
			if resp.StatusCode != row.status || strings.HasPrefix(body, "ada") && strings.Contains(row.lines[0], " / ") {
				t.Errorf("got %d %q, want %d", resp.StatusCode, body, row.status)
			}
		})
	}
	t.Run("a logout without a Host names no session", func(t *testing.T) {
		t.Parallel()
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
		{"https://example.com", 202},
		{"https://evil.example", 403},
		{"null", 403},
	} {
		t.Run(row.origin, func(t *testing.T) {
			t.Parallel()
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
		{"AppURL's own host", "https://example.com", "example.com", false},
		{"in capitals", "https://example.com", "Example.COM", false},
		{"AppURL in capitals", "https://EXAMPLE.com", "example.com", false},
		{"with the default port of https", "https://example.com", "example.com:443", false},
		{"AppURL with the default port of https", "https://example.com:443", "example.com", false},
		{"with the default port of http", "http://example.com", "example.com:80", false},
		{"with the default port of the other scheme", "https://example.com", "example.com:80", true},
		{"with the default port of https on http", "http://example.com", "example.com:443", true},
		{"with AppURL's port", "https://example.com:8443", "example.com:8443", false},
		{"without AppURL's port", "https://example.com:8443", "example.com", true},
		{"with another port", "https://example.com", "example.com:8443", true},
		{"behind a prefix", "https://example.com/app", "example.com", false},
		{"www for the apex", "https://example.com", "www.example.com", true},
		{"localhost for 127.0.0.1", "http://127.0.0.1:8080", "localhost:8080", true},
		{"an IPv6 address", "http://[::1]:8080", "[::1]:8080", false},
		{"a dot at the end", "https://example.com", "example.com.", true},
		{"no host", "https://example.com", "", true},
		{"no AppURL", "", "localhost:1234", false},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
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
			for _, target := range []string{"/gate/", "/auth/login", "/gate/"} {
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
				got++
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
	})
}
