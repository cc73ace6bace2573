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
		{"a navigation", navigate("/gate/"), 303},
		{"HEAD of a navigation", func() *http.Request { r := navigate("/gate/"); r.Method = "HEAD"; return r }(), 303},
		{"a browser without fetch metadata", request("GET", "/gate/", "Accept: text/html,*/*;q=0.8"), 303},
		{"a browser that navigates but accepts anything", request("GET", "/gate/", "Accept: */*", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document"), 303},
		{"a form that posts", func() *http.Request { r := navigate("/gate/"); r.Method = "POST"; return r }(), 401},
		{"fetch", request("GET", "/gate/", "Accept: */*", "Sec-Fetch-Mode: cors", "Sec-Fetch-Dest: empty"), 401},
		{"fetch that names HTML", request("GET", "/gate/", "Accept: text/html", "Sec-Fetch-Mode: cors", "Sec-Fetch-Dest: empty"), 401},
		{"XMLHttpRequest without fetch metadata", request("GET", "/gate/", "Accept: */*", "X-Requested-With: XMLHttpRequest"), 401},
		{"an image", request("GET", "/gate/", "Accept: image/*,*/*", "Sec-Fetch-Mode: no-cors", "Sec-Fetch-Dest: image"), 401},
		{"curl", request("GET", "/gate/", "Accept: */*", "User-Agent: curl/8.0"), 401},
		{"a program without Accept", request("GET", "/gate/"), 401},
		{"a client that refuses HTML", request("GET", "/gate/", "Accept: text/html;q=0, application/json"), 401},
		{"a broken bearer token", navigate("/gate/", "Authorization: Bearer x"), 401},
		{"an upgrade", navigate("/gate/", "Upgrade: websocket"), 401},
		{"a WebSocket key alone", navigate("/gate/", "Sec-WebSocket-Key: x"), 401},
		{"OPTIONS", request("OPTIONS", "/gate/", "Accept: text/html"), 401},
		{"two users get a page instead", s.as(s.george, s.as(s.ada, navigate("/gate/"))), 401},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
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
		name     string
		request  *http.Request
		status   int
		want     string
		isFramed bool
	}{
		{"a frame", navigate("/gate/x?a=b", "Sec-Fetch-Dest: iframe"), 401, `<a class="action" href="/auth/login?return_to=%2Fgate%2Fx%3Fa%3Db" target="_top">`, true},
		{"an embed", navigate("/gate/", "Sec-Fetch-Dest: embed"), 401, `target="_top"`, true},
		{"an object", navigate("/gate/", "Sec-Fetch-Dest: object"), 401, `target="_top"`, true},
		{"two users", s.as(s.george, s.as(s.ada, navigate("/gate/"))), 401, "Conflicting sign-ins", false},
		{"another org", s.as(s.george, navigate("/orgs/"+s.engines.ID+"/?a=b")), 403, `href="/auth/accounts?return_to=%2Forgs%2F` + s.engines.ID + `%2F%3Fa%3Db&amp;force=1"`, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			w := serve(s.app(), row.request)
			if w.Code != row.status || !strings.Contains(w.Body.String(), row.want) {
				t.Errorf("got %d %q, want %d and %q", w.Code, w.Body, row.status, row.want)
			}
			h := w.Header()
			if isFramed := h.Get("X-Frame-Options") == "" && !strings.Contains(h.Get("Content-Security-Policy"), "frame-ancestors"); isFramed != row.isFramed {
				t.Errorf("may be framed: got %t, want %t", isFramed, row.isFramed)
			}
			// no-referrer would make the Origin of a form null.
			referrer, opener := "no-referrer", ""
			if strings.Contains(w.Body.String(), "<form") {
				referrer, opener = "same-origin", "same-origin"
			}
			if !strings.HasPrefix(h.Get("Content-Security-Policy"), "default-src 'none'") || h.Get("Referrer-Policy") != referrer || h.Get("Cross-Origin-Opener-Policy") != opener ||
				h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Content-Type") != "text/html; charset=utf-8" {
				t.Errorf("got headers %v", h)
			}
			if got := h.Get("WWW-Authenticate"); (got == "Bearer") != (row.status == 401) {
				t.Errorf("WWW-Authenticate: got %q", got)
			}
		})
	}
	t.Run("a frame with a login token in its URL", func(t *testing.T) {
		t.Parallel()
		w := serve(s.app(), navigate("/gate/?a=b&token="+s.realm.Token(s.ada), "Sec-Fetch-Dest: iframe"))
		if body := w.Body.String(); !strings.Contains(body, "return_to=%2Fgate%2F%3Fa%3Db\"") || strings.Contains(body, "eyJ") {
			t.Errorf("got %q, want a link without the token", body)
		}
	})
	for _, row := range []struct {
		name    string
		request *http.Request
	}{
		{"a program in another org gets no page", s.as(s.george, request("GET", "/orgs/"+s.engines.ID+"/"))},
		{"a program without a permission gets no page", s.as(s.george, request("GET", "/billing"))},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			w := serve(s.app(), row.request)
			if w.Code != 403 || strings.Contains(w.Body.String(), "<html") || strings.Contains(w.Body.String(), "/auth/") {
				t.Errorf("got %d %q, want a plain 403", w.Code, w.Body)
			}
		})
	}
}

func TestRefusalBodies(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	const jsonType, textType = "application/problem+json", "text/plain; charset=utf-8"
	for _, row := range []struct {
		name   string
		accept []string
		want   string
	}{
		{"no Accept", nil, jsonType},
		{"anything", []string{"*/*"}, jsonType},
		{"JSON", []string{"application/json"}, jsonType},
		{"problem JSON", []string{"application/problem+json"}, jsonType},
		{"a wildcard of the type", []string{"application/*"}, jsonType},
		{"in upper case", []string{"APPLICATION/JSON"}, jsonType},
		{"in a second header", []string{"image/png", "application/json"}, jsonType},
		{"behind others", []string{"image/png, application/json;q=0.1"}, jsonType},
		{"JSON that is refused", []string{"application/json;q=0"}, textType},
		{"JSON that is refused by 0.000", []string{"application/json; Q=0.000, */*"}, textType},
		{"anything refused", []string{"*/*;q=0"}, textType},
		{"JSON but no problem", []string{"application/problem+json;q=0, application/json"}, textType},
		{"problem JSON only", []string{"application/json;q=0, application/problem+json"}, jsonType},
		{"HTML refused and JSON", []string{"text/html;q=0, application/json"}, jsonType},
		{"a weight that is no number", []string{"application/json;q=x"}, textType},
		{"a weight that is not a number", []string{"application/json;q=NaN"}, textType},
		{"text", []string{"text/plain"}, textType},
		{"a form of a browser gets a page", []string{"text/html,application/xhtml+xml,*/*;q=0.8"}, "text/html; charset=utf-8"},
		{"nonsense", []string{";;,,=q/"}, textType},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
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
		t.Parallel()
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
	t.Run("a rule's own error is not shown", func(t *testing.T) {
		t.Parallel()
		h := s.auth.Require(func(context.Context, authrocket.Session) error { return errors.New("row 7 of table x") })(whoami)
		for _, accept := range []string{"application/json", "text/plain"} {
			w := serve(h, s.as(s.ada, request("GET", "/", "Accept: "+accept)))
			if w.Code != 403 || strings.Contains(w.Body.String(), "row 7") {
				t.Errorf("got %d %q", w.Code, w.Body)
			}
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
		name    string
		request *http.Request
		status  int
		want    string
	}{
		{"nothing presented", request("GET", "/gate/"), 401, `Bearer`},
		{"another scheme", request("GET", "/gate/", "Authorization: Basic eA=="), 401, `Bearer`},
		{"a broken cookie", withCookie(request("GET", "/gate/"), siteCookie, "x"), 401, `Bearer`},
		{"a malformed token", request("GET", "/gate/", "Authorization: Bearer x"), 401, `Bearer error="invalid_token", error_description="the login token is malformed"`},
		{"an expired token", request("GET", "/gate/", bearer(s.ada, authrockettest.ExpiresIn(-time.Hour))), 401, `Bearer error="invalid_token", error_description="the login token has expired"`},
		{"a missing permission", request("GET", "/billing", bearer(s.george)), 403, `Bearer error="insufficient_scope"`},
		{"a missing permission with a cookie", s.as(s.george, request("GET", "/billing")), 403, ``},
		{"another org", request("GET", "/orgs/x/", bearer(s.george)), 403, ``},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
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
			{"LoginRocket is down", 503, func(s *site) (int, http.Header) {
				s.realm.Break(authrockettest.Status(500))
				w := serve(s.app(), s.as(s.ada, navigate("/gate/")))
				return w.Code, w.Header()
			}},
			{"LoginRocket hangs", 503, func(s *site) (int, http.Header) {
				s.realm.Break(authrockettest.Hang())
				began := time.Now()
				w := serve(s.app(), s.as(s.ada, navigate("/gate/")))
				if waited := time.Since(began); waited > 2*time.Second {
					t.Errorf("behind Authenticate a gate waited %s, want 2s in all", waited)
				}
				return w.Code, w.Header()
			}},
			{"too many unknown keys", 429, func(s *site) (int, http.Header) {
				for i := range 20 {
					r := request("GET", "/gate/", "Authorization: Bearer "+s.realm.Token(s.ada, setHeader("kid", strconv.Itoa(i))))
					if w := serve(s.app(), r); w.Code != 401 {
						return w.Code, w.Header()
					}
				}
				return 401, http.Header{}
			}},
			{"a rule that cannot tell", 503, func(s *site) (int, http.Header) {
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
			{"a gate, by a stranger", s, ask("/gate/"), 401},
			{"a gate, with an expired session", s, s.as(s.ada, ask("/gate/"), authrockettest.ExpiresIn(-time.Hour)), 401},
			{"a gate, with what is no session", s, withCookie(ask("/gate/"), siteCookie, "x"), 401},
			{"a gate, by its user", s, s.as(s.ada, ask("/gate/")), 200},
			{"a gate of a permission, by its user", s, s.as(s.ada, ask("/billing")), 200},
			{"a gate of a permission, by another user", s, s.as(s.george, ask("/billing")), 403},
			{"a gate, while it cannot be known", down, down.as(down.ada, ask("/gate/")), 503},
			{"an open page", s, ask("/"), 200},
			{"the login", s, s.as(s.ada, ask("/auth/login")), 401},
			{"the signup", s, ask("/auth/signup"), 401},
			{"the profile", s, s.as(s.ada, ask("/auth/profile")), 401},
			{"the accounts", s, s.as(s.ada, ask("/auth/accounts")), 401},
			{"the logout", s, s.as(s.ada, ask("/auth/logout")), 401},
			{"the end of a logout", s, withCookie(ask("/auth/logout/end"), siteCookie+"-logout", logoutCookie("kss_1", "/")), 401},
			{"the confirmation", s, withCookie(ask("/auth/confirm"), confirmCookie, pending(s.realm.Token(s.ada), "/")), 401},
			{"a callback", s, callback("/auth/callback?token=" + s.realm.Token(s.ada)), 401},
		} {
			w := serve(row.site.app(), row.request)
			h := w.Header()
			if w.Code != row.status || h["Set-Cookie"] != nil || h["Location"] != nil {
				t.Errorf("%s, %s: got %d %v, want %d, no cookie and no redirect", row.name, header, w.Code, h, row.status)
			}
			if w.Code == 503 && !strings.Contains(w.Body.String(), "keys cannot be fetched") {
				t.Errorf("%s, %s: got %q, want the reason", row.name, header, w.Body)
			}
			if w.Code == 401 && (h.Get("Cache-Control") != "no-store" || !strings.Contains(w.Body.String(), "ahead of a click")) {
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
		name    string
		request *http.Request
		status  int
		body    string // how it begins
		reason  string
	}{
		{"true is the whole answer", s.as(s.george, request("GET", "/billing")), 418, "sorry, George", "permission_denied"},
		{"false leaves it to the default", request("GET", "/gate/", "Accept: text/plain"), 401, "Unauthorized: ", "no_token"},
		{"false leaves a browser to the login", navigate("/gate/"), 303, "", "no_token"},
		{"it is asked about prefetches", navigate("/auth/login", "Purpose: prefetch"), 401, "Unauthorized: ", "prefetch"},
		{"it is asked before Page", s.as(s.george, navigate("/orgs/"+s.engines.ID+"/")), 418, "sorry, George", "wrong_org"},
		{"Page is asked after it", s.as(s.george, s.as(s.ada, navigate("/gate/"))), 599, "", "ambiguous_cookie"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
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
		t.Parallel()
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
		{"a visitor goes to the login", navigate("/x"), false, 303, false},
		{"a broken cookie is cleared", withCookie(navigate("/x"), siteCookie, "x"), false, 303, true},
		{"the request before Check does too", navigate("/x"), true, 303, false},
		{"a program", request("GET", "/x"), false, 401, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
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
