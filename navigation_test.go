package authrocket_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/authrocket-go/authrocket"
)

func TestIsNavigation(t *testing.T) {
	t.Parallel()
	document := []string{"Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document"}
	with := func(headers ...string) []string { return append(headers, document...) }
	for _, row := range []struct {
		name, method string
		headers      []string
		want         bool
	}{
		{name: "a browser's GET", method: "GET", headers: document, want: true},
		{name: "a browser's HEAD", method: "HEAD", headers: document, want: true},
		{name: "a GET that a service worker passes on", method: "GET", headers: []string{"Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: empty"}, want: true},
		{name: "a GET that takes HTML", method: "GET", headers: []string{"Accept: text/html,*/*;q=0.8"}, want: true},
		{name: "a GET behind HTTP Basic", method: "GET", headers: with("Authorization: Basic eDp5"), want: true},
		{name: "a GET with an empty Authorization", method: "GET", headers: with("Authorization: "), want: true},
		{name: "a GET behind Negotiate", method: "GET", headers: with("Authorization: Negotiate YII="), want: true},
		{name: "a GET with two schemes of others", method: "GET", headers: with("Authorization: Basic eDp5", "Authorization: Digest x"), want: true},
		{name: "a GET with a scheme that begins with bearer", method: "GET", headers: with("Authorization: Bearerish x"), want: true},
		{name: "a form", method: "POST", headers: document},
		{name: "a GET that says nothing", method: "GET"},
		{name: "a GET of fetch", method: "GET", headers: []string{"Accept: text/html", "Sec-Fetch-Mode: cors", "Sec-Fetch-Dest: empty"}},
		{name: "a GET in a frame", method: "GET", headers: []string{"Accept: text/html", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: iframe"}},
		{name: "a bearer token", method: "GET", headers: with("Authorization: Bearer x")},
		{name: "a bearer token in lower case", method: "GET", headers: with("authorization: bearer x")},
		{name: "a bearer scheme without a token", method: "GET", headers: with("Authorization: Bearer")},
		{name: "a bearer token behind another scheme", method: "GET", headers: with("Authorization: Basic eDp5", "Authorization: Bearer x")},
		{name: "an upgrade", method: "GET", headers: with("Upgrade: websocket")},
		{name: "htmx", method: "GET", headers: with("HX-Request: true")},
		{name: "a prefetch", method: "GET", headers: with("Sec-Purpose: prefetch")},
	} {
		t.Run(row.name, func(t *testing.T) {
			if got := authrocket.IsNavigation(request(row.method, "/", row.headers...)); got != row.want {
				t.Errorf("got %t, want %t", got, row.want)
			}
		})
	}
}

// foreign are headers of Authorization that are for a proxy or for the app.
var foreignAuthorization = []string{"Authorization: Basic eDp5", "Authorization: ", "Authorization: Negotiate YII=", "Authorization: Digest username=x"}

func TestLoginsBehindForeignAuthorization(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, header := range foreignAuthorization {
		t.Run(header, func(t *testing.T) {
			walkLogin(t, s, func(r *http.Request) {
				name, value, _ := strings.Cut(header, ": ")
				r.Header.Set(name, value)
			})
			r := s.as(s.ada, request("POST", "/gate/", header, "Origin: https://example.com"))
			if w := serve(s.app(), r); w.Code != 200 {
				t.Errorf("a session cookie beside it: got %d %q", w.Code, w.Body)
			}
			w := serve(s.app(), request("GET", "/gate/", header))
			if got := w.Header().Get("WWW-Authenticate"); w.Code != 401 || got != "Bearer" {
				t.Errorf("a program: got %d %q, want 401 and a challenge without an error", w.Code, got)
			}
			w = serve(s.app(), request("GET", "/gate/", header, "HX-Request: true"))
			if w.Header().Get("HX-Redirect") == "" {
				t.Errorf("htmx: got %d %v, want a way to the login", w.Code, w.Header())
			}
		})
	}
	t.Run("two of them beside a session cookie", func(t *testing.T) {
		r := s.as(s.ada, request("GET", "/gate/", "Authorization: Basic eDp5", "Authorization: Basic eDp5"))
		if w := serve(s.app(), r); w.Code != 200 {
			t.Errorf("got %d %q, want the cookie's session", w.Code, w.Body)
		}
	})
}

// What Chromium sends where a service worker answers navigations with
// fetch(event.request): Sec-Fetch-Site and the cookies are those of the navigation.
func TestLoginsBehindAServiceWorker(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	walkLogin(t, s, func(r *http.Request) { r.Header.Set("Sec-Fetch-Dest", "empty") })

	worker := func(site string) []string {
		return []string{"Accept: text/html", "Sec-Fetch-Site: " + site, "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: empty"}
	}
	t.Run("a form of another site acts for nobody", func(t *testing.T) {
		w := serve(s.app(), s.as(s.ada, request("POST", "/gate/", append(worker("cross-site"), "Origin: https://evil.example")...)))
		if w.Code != 403 {
			t.Errorf("got %d %q, want 403", w.Code, w.Body)
		}
	})
	t.Run("another site cannot answer the confirmation", func(t *testing.T) {
		token := s.realm.Token(s.ada)
		r := withCookie(answerOf(token, "continue", "Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: empty"), confirmCookie, pending(token, "/"))
		if w := serve(s.app(), r); w.Code != 403 || w.Header()["Set-Cookie"] != nil {
			t.Errorf("got %d %v, want 403", w.Code, w.Header())
		}
	})
	t.Run("a link of another site is not asked for in advance", func(t *testing.T) {
		for _, row := range []struct{ site, referer, want string }{
			{site: "cross-site", referer: "https://evil.example/", want: "/auth/confirm"},
			{site: "same-origin", referer: "https://example.com/page", want: "/"},
			{site: "same-origin", want: "/auth/confirm"}, // typed, or from a mail
		} {
			site, want := row.site, row.want
			b, _ := start(t, s.app(), request("GET", "/auth/login?prompt=login", append(worker(site), "Referer: "+row.referer)...))
			w := serve(s.app(), s.as(s.george, b.land(s.realm.Token(s.ada))))
			if got := w.Header().Get("Location"); got != want {
				t.Errorf("%s: the login over somebody else leads to %q, want %q", site, got, want)
			}
		}
	})
	t.Run("a frame decides nothing", func(t *testing.T) {
		b, _ := start(t, s.app(), navigate("/gate/"))
		r := b.land(s.realm.Token(s.ada))
		r.Header.Set("Sec-Fetch-Dest", "iframe")
		if w := serve(s.app(), r); w.Code != 401 || w.Header()["Set-Cookie"] != nil {
			t.Errorf("got %d %v, want a page that leaves the frame", w.Code, w.Header())
		}
	})
	t.Run("fetch decides nothing", func(t *testing.T) {
		b, _ := start(t, s.app(), navigate("/gate/"))
		r := b.land(s.realm.Token(s.ada))
		r.Header.Set("Sec-Fetch-Dest", "empty")
		r.Header.Set("Sec-Fetch-Mode", "cors")
		if w := serve(s.app(), r); w.Code != 401 || w.Header()["Set-Cookie"] != nil {
			t.Errorf("got %d %v, want 401", w.Code, w.Header())
		}
	})
}

// walkLogin signs in from a gate and from the login route, by requests that change
// has changed.
func walkLogin(t *testing.T, s *site, change func(*http.Request)) {
	t.Helper()
	send := func(r *http.Request) *httptest.ResponseRecorder {
		change(r)
		return serve(s.app(), r)
	}
	for _, target := range []string{"/gate/x?a=b", "/auth/login?return_to=%2Fgate%2Fx%3Fa%3Db"} {
		r := navigate(target)
		change(r)
		b, _ := start(t, s.app(), r)
		w := send(b.land(s.realm.Token(s.ada)))
		session := cookieNamed(w, siteCookie)
		if w.Code != 303 || w.Header().Get("Location") != "/gate/x?a=b" || session == nil {
			t.Fatalf("the callback of %s: got %d %v", target, w.Code, w.Header())
		}
		if w := send(withCookie(navigate("/gate/x?a=b"), session.Name, session.Value)); w.Code != 200 {
			t.Fatalf("the gate: got %d %q", w.Code, w.Body)
		}
	}
	w := send(navigate("/?token=" + s.realm.Token(s.ada)))
	if w.Code != 303 || w.Header().Get("Location") != "/auth/confirm" {
		t.Fatalf("a link with a token: got %d %v, want the question", w.Code, w.Header())
	}
	waiting := cookieNamed(w, confirmCookie)
	if w := send(withCookie(navigate("/auth/confirm"), confirmCookie, waiting.Value)); w.Code != 200 || !strings.Contains(w.Body.String(), "Continue") {
		t.Fatalf("the question: got %d %q", w.Code, w.Body)
	}
	w = send(s.as(s.ada, navigate("/auth/logout", "Sec-Fetch-Site: same-origin")))
	if !isCleared(w) {
		t.Fatalf("the logout: got %d %v", w.Code, w.Header())
	}
	end := navigate("/auth/logout/end", "Sec-Fetch-Site: same-origin")
	end.AddCookie(cookieNamed(w, siteCookie+"-logout"))
	if w := send(end); w.Code != 303 || !strings.HasPrefix(w.Header().Get("Location"), "https://loginrocket.example/logout?") {
		t.Fatalf("the end of the logout: got %d %v", w.Code, w.Header())
	}
}
