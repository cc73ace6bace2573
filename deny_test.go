package authrocket_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/authrockettest"
)

func TestWhoIsSentToTheLogin(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, row := range []struct {
		name    string
		request *http.Request
		status  int
	}{
		{name: "a navigation", request: navigate("/gate/"), status: 303},
		{name: "HEAD of a navigation", request: func() *http.Request { r := navigate("/gate/"); r.Method = "HEAD"; return r }(), status: 303},
		{name: "a browser without fetch metadata", request: request("GET", "/gate/", "Accept: text/html,*/*;q=0.8"), status: 303},
		{name: "a navigation to another Host comes back to AppURL", request: func() *http.Request { r := navigate("/gate/"); r.Host = "evil.example"; return r }(), status: 303},
		{name: "a navigation with forwarded headers comes back to AppURL", request: navigate("/gate/", "X-Forwarded-Host: evil.example", "X-Forwarded-Proto: http", "Forwarded: host=evil.example;proto=http"), status: 303},
		{name: "a form that posts", request: func() *http.Request { r := navigate("/gate/"); r.Method = "POST"; return r }(), status: 401},
		{name: "fetch", request: request("GET", "/gate/", "Accept: */*", "Sec-Fetch-Mode: cors", "Sec-Fetch-Dest: empty"), status: 401},
		{name: "a program without Accept", request: request("GET", "/gate/"), status: 401},
		{name: "a broken bearer token", request: navigate("/gate/", "Authorization: Bearer x"), status: 401},
		{name: "an upgrade", request: navigate("/gate/", "Upgrade: websocket"), status: 401},
		{name: "two users get a page instead", request: s.as(s.george, s.as(s.ada, navigate("/gate/"))), status: 401},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := serve(s.app(), row.request)
			if w.Code != row.status {
				t.Errorf("got %d %q, want %d", w.Code, w.Body, row.status)
			}
			if row.status == 303 {
				back := redirectURIOf(t, w.Header().Get("Location"))
				if got := back.Scheme + "://" + back.Host + back.Path; got != "https://example.com/auth/callback" {
					t.Errorf("comes back to %q, want the callback", got)
				}
			} else if w.Header()["Location"] != nil || w.Header()["Set-Cookie"] != nil {
				t.Errorf("got %v, want no redirect and no cookie", w.Header())
			}
		})
	}
}

func TestRefusalPages(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, row := range []struct {
		name, want string
		request    *http.Request
		status     int
	}{
		{name: "a frame", request: navigate("/gate/x?a=b", "Sec-Fetch-Dest: iframe"), status: 401, want: `<a class="action" href="/auth/login?return_to=%2Fgate%2Fx%3Fa%3Db" target="_top">`},
		{name: "an embed", request: navigate("/gate/", "Sec-Fetch-Dest: embed"), status: 401, want: `target="_top"`},
		{name: "an object", request: navigate("/gate/", "Sec-Fetch-Dest: object"), status: 401, want: `target="_top"`},
		{name: "two users", request: s.as(s.george, s.as(s.ada, navigate("/gate/"))), status: 401, want: "Conflicting sign-ins"},
		{name: "another org", request: s.as(s.george, navigate("/orgs/"+s.engines.ID+"/?a=b")), status: 403, want: `href="/auth/accounts?return_to=%2Forgs%2F` + s.engines.ID + `%2F%3Fa%3Db&amp;force=1"`},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := serve(s.app(), row.request)
			if w.Code != row.status || !strings.Contains(w.Body.String(), row.want) {
				t.Errorf("got %d %q, want %d and %q", w.Code, w.Body, row.status, row.want)
			}
		})
	}
	t.Run("a frame with a login token in its URL", func(t *testing.T) {
		w := serve(s.app(), navigate("/gate/?a=b&token="+s.realm.Token(s.ada), "Sec-Fetch-Dest: iframe"))
		if body := w.Body.String(); !strings.Contains(body, "return_to=%2Fgate%2F%3Fa%3Db\"") || strings.Contains(body, "eyJ") {
			t.Errorf("got %q, want a link without the token", body)
		}
	})
}

func TestRefusalBodies(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	const jsonType, textType = "application/problem+json", "text/plain; charset=utf-8"
	for _, row := range []struct {
		name, want string
		accept     []string
	}{
		{name: "no Accept", want: jsonType},
		{name: "anything", accept: []string{"*/*"}, want: jsonType},
		{name: "JSON", accept: []string{"application/json"}, want: jsonType},
		{name: "problem JSON", accept: []string{"application/problem+json"}, want: jsonType},
		{name: "behind others", accept: []string{"image/png, application/json;q=0.1"}, want: jsonType},
		{name: "JSON that is refused by 0.000", accept: []string{"application/json; Q=0.000, */*"}, want: textType},
		{name: "JSON but no problem", accept: []string{"application/problem+json;q=0, application/json"}, want: textType},
		{name: "problem JSON only", accept: []string{"application/json;q=0, application/problem+json"}, want: jsonType},
		{name: "HTML refused and JSON", accept: []string{"text/html;q=0, application/json"}, want: jsonType},
		{name: "a weight that is no number", accept: []string{"application/json;q=x"}, want: textType},
		{name: "a weight that is not a number", accept: []string{"application/json;q=NaN"}, want: textType},
		{name: "text", accept: []string{"text/plain"}, want: textType},
		{name: "a form of a browser gets a page", accept: []string{"text/html,application/xhtml+xml,*/*;q=0.8"}, want: "text/html; charset=utf-8"},
		{name: "nonsense", accept: []string{";;,,=q/"}, want: textType},
	} {
		t.Run(row.name, func(t *testing.T) {
			r := request("POST", "/gate/")
			for _, accept := range row.accept {
				r.Header.Add("Accept", accept)
			}
			w := serve(s.app(), r)
			if got := w.Header().Get("Content-Type"); w.Code != 401 || got != row.want {
				t.Errorf("got %d %q, want 401 %q", w.Code, got, row.want)
			}
			if got := w.Header().Get("X-Content-Type-Options"); got != "nosniff" {
				t.Errorf("X-Content-Type-Options: got %q", got)
			}
		})
	}
	t.Run("the problem has the reason and nothing of the request", func(t *testing.T) {
		w := serve(s.app(), request("GET", "/gate/", "Authorization: Bearer secret-text"))
		var got map[string]any
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
			t.Fatal(err)
		}
		want := map[string]any{"title": "Unauthorized", "status": 401.0, "reason": "token_malformed", "detail": "the login token is malformed"}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("got %v, want %v", got, want)
		}
	})
}

func TestChallenges(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	bearer := func(user authrockettest.User, options ...authrockettest.TokenOption) string {
		return "Authorization: Bearer " + s.realm.Token(user, options...)
	}
	for _, row := range []struct {
		name, want string
		request    *http.Request
		status     int
	}{
		{name: "nothing presented", request: request("GET", "/gate/"), status: 401, want: `Bearer`},
		{name: "another scheme", request: request("GET", "/gate/", "Authorization: Basic eA=="), status: 401, want: `Bearer`},
		{name: "a broken cookie", request: withCookie(request("GET", "/gate/"), siteCookie, "x"), status: 401, want: `Bearer`},
		{name: "a malformed token", request: request("GET", "/gate/", "Authorization: Bearer x"), status: 401, want: `Bearer error="invalid_token", error_description="the login token is malformed"`},
		{name: "an expired token", request: request("GET", "/gate/", bearer(s.ada, authrockettest.ExpiresIn(-time.Hour))), status: 401, want: `Bearer error="invalid_token", error_description="the login token has expired"`},
		{name: "a missing permission", request: request("GET", "/billing", bearer(s.george)), status: 403, want: `Bearer error="insufficient_scope"`},
		{name: "a missing permission with a cookie", request: s.as(s.george, request("GET", "/billing")), status: 403, want: ``},
		{name: "another org", request: request("GET", "/orgs/x/", bearer(s.george)), status: 403, want: ``},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := serve(s.app(), row.request)
			if got := w.Header().Values("WWW-Authenticate"); w.Code != row.status || strings.Join(got, "|") != row.want {
				t.Errorf("got %d %q, want %d %q", w.Code, got, row.status, row.want)
			}
		})
	}
}

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for _, row := range []struct {
			name   string
			status int
			get    func(s *site) (int, http.Header)
		}{
			{name: "LoginRocket is down", status: 503, get: func(s *site) (int, http.Header) {
				s.realm.Break(authrockettest.Status(500))
				w := serve(s.app(), s.as(s.ada, navigate("/gate/")))
				return w.Code, w.Header()
			}},
			{name: "LoginRocket hangs", status: 503, get: func(s *site) (int, http.Header) {
				s.realm.Break(authrockettest.Hang())
				began := time.Now()
				w := serve(s.app(), s.as(s.ada, navigate("/gate/")))
				if waited := time.Since(began); waited > 2*time.Second {
					t.Errorf("behind Authenticate a gate waited %s, want 2s in all", waited)
				}
				return w.Code, w.Header()
			}},
			{name: "too many unknown keys", status: 429, get: func(s *site) (int, http.Header) {
				for i := range 20 {
					r := request("GET", "/gate/", "Authorization: Bearer "+s.realm.Token(s.ada, setHeader("kid", strconv.Itoa(i))))
					if w := serve(s.app(), r); w.Code != 401 {
						return w.Code, w.Header()
					}
				}
				return 401, http.Header{}
			}},
			{name: "a rule that cannot tell", status: 503, get: func(s *site) (int, http.Header) {
				h := s.auth.Require(func(context.Context, authrocket.Session) error { return authrocket.ErrUnavailable })(whoami)
				w := serve(h, s.as(s.ada, navigate("/")))
				return w.Code, w.Header()
			}},
		} {
			status, h := row.get(newColdSite(t))
			seconds, err := strconv.Atoi(h.Get("Retry-After"))
			if status != row.status || err != nil || seconds < 1 {
				t.Errorf("%s: got %d, Retry-After %q, want %d and some seconds", row.name, status, h.Get("Retry-After"), row.status)
			}
			if strings.Contains(strings.Join(h["Set-Cookie"], ""), siteCookie+"=") || h["Location"] != nil || h["Www-Authenticate"] != nil {
				t.Errorf("%s: got %v, want the session kept, no redirect, no challenge", row.name, h)
			}
			// Fetches that hang end by themselves.
			time.Sleep(time.Minute)
		}
	})
}

// Machines that watch an app count 5xx, and a browser that fetches ahead says nothing
// about it.
func TestPrefetches(t *testing.T) {
	t.Parallel()
	s, down := newSite(t), newColdSite(t)
	down.realm.Break(authrockettest.Status(500))
	for _, header := range []string{"Sec-Purpose: prefetch", "Sec-Purpose: prefetch;prerender", "Purpose: prefetch", "Purpose: Prefetch"} {
		ask := func(target string) *http.Request { return navigate(target, header) }
		callback := func(target string) *http.Request {
			b, _ := start(t, s.app(), navigate("/gate/"))
			return withCookie(ask(target), b.cookie.Name, b.cookie.Value)
		}
		for _, row := range []struct {
			name    string
			site    *site
			request *http.Request
			status  int
		}{
			{name: "a gate, by a stranger", site: s, request: ask("/gate/"), status: 401},
			{name: "a gate, with an expired session", site: s, request: s.as(s.ada, ask("/gate/"), authrockettest.ExpiresIn(-time.Hour)), status: 401},
			{name: "a gate, with what is no session", site: s, request: withCookie(ask("/gate/"), siteCookie, "x"), status: 401},
			{name: "a gate, by its user", site: s, request: s.as(s.ada, ask("/gate/")), status: 200},
			{name: "a gate of a permission, by its user", site: s, request: s.as(s.ada, ask("/billing")), status: 200},
			{name: "a gate of a permission, by another user", site: s, request: s.as(s.george, ask("/billing")), status: 403},
			{name: "a gate, while it cannot be known", site: down, request: down.as(down.ada, ask("/gate/")), status: 503},
			{name: "an open page", site: s, request: ask("/"), status: 200},
			{name: "the login", site: s, request: s.as(s.ada, ask("/auth/login")), status: 401},
			{name: "the signup", site: s, request: ask("/auth/signup"), status: 401},
			{name: "the profile", site: s, request: s.as(s.ada, ask("/auth/profile")), status: 401},
			{name: "the accounts", site: s, request: s.as(s.ada, ask("/auth/accounts")), status: 401},
			{name: "the logout", site: s, request: s.as(s.ada, ask("/auth/logout")), status: 401},
			{name: "the end of a logout", site: s, request: withCookie(ask("/auth/logout/end"), siteCookie+"-logout", logoutCookie("kss_1", "/")), status: 401},
			{name: "the confirmation", site: s, request: withCookie(ask("/auth/confirm"), confirmCookie, pending(s.realm.Token(s.ada), "/")), status: 401},
			{name: "a callback", site: s, request: callback("/auth/callback?token=" + s.realm.Token(s.ada)), status: 401},
		} {
			w := serve(row.site.app(), row.request)
			h := w.Header()
			if w.Code != row.status || h["Set-Cookie"] != nil || h["Location"] != nil {
				t.Errorf("%s, %s: got %d %v, want %d, no cookie and no redirect", row.name, header, w.Code, h, row.status)
			}
			if w.Code == 503 && !strings.Contains(w.Body.String(), "keys cannot be fetched") {
				t.Errorf("%s, %s: got %q, want the reason", row.name, header, w.Body)
			}
			if w.Code == 401 && (h.Get("Cache-Control") != "no-store" || !strings.Contains(w.Body.String(), "is not prefetched without a session")) {
				t.Errorf("%s, %s: got %v %q, want the reason, which nobody stores", row.name, header, h, w.Body)
			}
		}
	}
}

func TestDenyHook(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(c *authrocket.Config) {
		c.Deny = func(w http.ResponseWriter, r *http.Request, err error) bool {
			w.Header().Set("X-Hook", authrocket.Reason(err))
			if !errors.Is(err, authrocket.ErrForbidden) {
				return false
			}
			user, _ := authrocket.CurrentUser(r.Context())
			w.WriteHeader(418)
			io.WriteString(w, "sorry, "+user.Name)
			return true
		}
		c.Page = func(w http.ResponseWriter, _ *http.Request, p authrocket.Page) bool {
			w.WriteHeader(599)
			return true
		}
	})
	for _, row := range []struct {
		name, reason string
		request      *http.Request
		status       int
		body         string // how it begins
	}{
		{name: "true is the whole answer", request: s.as(s.george, request("GET", "/billing")), status: 418, body: "sorry, George", reason: "permission_denied"},
		{name: "false leaves it to the default", request: request("GET", "/gate/", "Accept: text/plain"), status: 401, body: "Unauthorized: ", reason: "no_token"},
		{name: "false leaves a browser to the login", request: navigate("/gate/"), status: 303, reason: "no_token"},
		{name: "it is asked about prefetches", request: navigate("/auth/login", "Purpose: prefetch"), status: 401, body: "Unauthorized: ", reason: "prefetch"},
		{name: "it is asked before Page", request: s.as(s.george, navigate("/orgs/"+s.engines.ID+"/")), status: 418, body: "sorry, George", reason: "wrong_org"},
		{name: "Page is asked after it", request: s.as(s.george, s.as(s.ada, navigate("/gate/"))), status: 599, reason: "ambiguous_cookie"},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := serve(s.app(), row.request)
			if body := w.Body.String(); w.Code != row.status || !strings.HasPrefix(body, row.body) || row.status == 418 && body != row.body {
				t.Errorf("got %d %q, want %d %q", w.Code, body, row.status, row.body)
			}
			if h := w.Header(); h.Get("X-Hook") != row.reason || h.Get("Cache-Control") != "no-store" {
				t.Errorf("got %v, want X-Hook %q and no-store", h, row.reason)
			}
		})
	}
	t.Run("the default answer still clears a broken cookie", func(t *testing.T) {
		if w := serve(s.app(), withCookie(navigate("/gate/"), siteCookie, "x")); !isCleared(w) {
			t.Errorf("got cookies %q", w.Header()["Set-Cookie"])
		}
	})
}

func TestDenyAfterCheck(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, row := range []struct {
		name    string
		request *http.Request
		given   bool // Deny gets the request that Check was given
		status  int
		cleared bool
	}{
		{name: "a visitor goes to the login", request: navigate("/x"), status: 303},
		{name: "a broken cookie is cleared", request: withCookie(navigate("/x"), siteCookie, "x"), status: 303, cleared: true},
		{name: "the request before Check does too", request: navigate("/x"), given: true, status: 303},
		{name: "a program", request: request("GET", "/x"), status: 401},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				checked, err := s.auth.Check(r)
				if row.given {
					checked = r
				}
				s.auth.Deny(w, checked, err)
			}), row.request)
			if w.Code != row.status || isCleared(w) != row.cleared {
				t.Errorf("got %d, cleared %t, want %d, %t", w.Code, isCleared(w), row.status, row.cleared)
			}
			if !slices.Equal(w.Header()["Cache-Control"], []string{"no-store"}) {
				t.Errorf("Cache-Control: got %q", w.Header()["Cache-Control"])
			}
		})
	}
}
