package authrocket_test

import (
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/authrockettest"
)

// started is a login that a browser has begun: what it keeps and what
// LoginRocket was told.
type started struct {
	state  string
	cookie *http.Cookie
	back   *url.URL // redirect_uri
}

// start lets a browser with the cookies of r begin a login.
func start(t testing.TB, h http.Handler, r *http.Request) (started, *httptest.ResponseRecorder) {
	t.Helper()
	w := serve(h, r)
	if w.Code != 303 {
		t.Fatalf("got %d %q, want a redirect to the hosted page", w.Code, w.Body)
	}
	back := redirectURIOf(t, w.Header().Get("Location"))
	state := back.Query().Get("ar_state")
	id, _, _ := strings.Cut(state, ".")
	for _, c := range w.Result().Cookies() {
		if id != "" && strings.HasSuffix(c.Name, "state-"+id) && c.MaxAge > 0 {
			return started{state, c, back}, w
		}
	}
	t.Fatalf("no state cookie for %q among %q", state, w.Header()["Set-Cookie"])
	return started{}, nil
}

// land is the request with which LoginRocket sends the browser back.
func (b started) land(token string) *http.Request {
	target := b.back.EscapedPath() + "?" + b.back.RawQuery + "&token=" + token
	return withCookie(navigate(target, "Sec-Fetch-Site: cross-site"), b.cookie.Name, b.cookie.Value)
}

func TestSessionCookie(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name   string
		change func(*authrocket.Config)
		want   string // without the value
	}{
		{"https", func(c *authrocket.Config) {}, "__Host-arToken=; Path=/; Expires=EXP; HttpOnly; Secure; SameSite=Lax"},
		{"http on loopback", func(c *authrocket.Config) { c.AppURL = "http://127.0.0.1:8080" }, "arToken=; Path=/; Expires=EXP; HttpOnly; SameSite=Lax"},
		{"http elsewhere", func(c *authrocket.Config) { c.AppURL, c.DangerouslyAllowHTTPAppURL = "http://example.com", true }, "arToken=; Path=/; Expires=EXP; HttpOnly; SameSite=Lax"},
		{"a name of the app's own", func(c *authrocket.Config) { c.CookieName = "mine" }, "mine=; Path=/; Expires=EXP; HttpOnly; Secure; SameSite=Lax"},
		{"a path prefix does not narrow the path", func(c *authrocket.Config) { c.AppURL = "https://example.com/app" }, "__Host-arToken=; Path=/; Expires=EXP; HttpOnly; Secure; SameSite=Lax"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, row.change)
			b, _ := start(t, s.app(), navigate("/gate/"))
			token := s.realm.Token(s.ada, authrockettest.ExpiresIn(90*time.Minute))
			session, err := s.auth.Verify(t.Context(), token)
			if err != nil {
				t.Fatal(err)
			}
			// The landing is behind the proxy that strips the prefix.
			b.back.Path = strings.TrimPrefix(b.back.Path, "/app")
			w := serve(s.app(), b.land(token))
			want := strings.ReplaceAll(row.want, "EXP", session.ExpiresAt.UTC().Format(http.TimeFormat))
			want = strings.Replace(want, "=;", "="+token+";", 1)
			var got []string
			for _, line := range w.Header()["Set-Cookie"] {
				if strings.Contains(line, token) {
					got = append(got, line)
				}
			}
			if len(got) != 1 || got[0] != want {
				t.Errorf("got %q, want one cookie %q", got, want)
			}
		})
	}
}

func TestBrokenCookiesAreClearedAtGates(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		old := s.realm.KeyID()
		s.realm.RotateKeys()
		s.realm.WithdrawKey(old)
		down := newColdSite(t)
		down.realm.Break(authrockettest.Status(500))

		cookie := func(value string, r *http.Request) *http.Request { return withCookie(r, siteCookie, value) }
		token := s.realm.Token(s.ada)
		for _, row := range []struct {
			name    string
			site    *site
			request *http.Request
			status  int
			cleared bool
		}{
			{"an expired one, navigation", s, s.as(s.ada, navigate("/gate/"), authrockettest.ExpiresIn(-time.Hour)), 303, true},
			{"an expired one, program", s, s.as(s.ada, request("GET", "/gate/"), authrockettest.ExpiresIn(-time.Hour)), 401, true},
			{"a forged one", s, cookie(forged(token), navigate("/gate/")), 303, true},
			{"a malformed one", s, cookie("x", navigate("/gate/")), 303, true},
			{"an expired one in a frame", s, s.as(s.ada, navigate("/gate/", "Sec-Fetch-Dest: iframe"), authrockettest.ExpiresIn(-time.Hour)), 401, true},
			{"not on an open route", s, cookie(forged(token), navigate("/")), 200, false},
			{"not when none came", s, navigate("/gate/"), 303, false},
			{"not with an unknown key", s, s.as(s.ada, navigate("/gate/"), authrockettest.SignedBy(old)), 303, false},
			{"not with an unknown key behind an expired one", s, cookie(s.realm.Token(s.ada, authrockettest.SignedBy(old)),
				s.as(s.ada, navigate("/gate/"), authrockettest.ExpiresIn(-time.Hour))), 303, false},
			{"not of two users", s, s.as(s.george, s.as(s.ada, navigate("/gate/"))), 401, false},
			{"not while undecided", down, down.as(down.ada, navigate("/gate/")), 503, false},
			{"not for a missing permission", s, s.as(s.george, navigate("/billing")), 403, false},
			{"not for a cross-site request", s, s.as(s.ada, request("POST", "/gate/", "Sec-Fetch-Site: cross-site")), 403, false},
			{"not for a broken bearer token", s, s.as(s.ada, request("GET", "/gate/", "Authorization: Bearer x")), 401, false},
			{"not on a prefetch", s, cookie("x", navigate("/gate/", "Sec-Purpose: prefetch")), 503, false},
		} {
			w := serve(row.site.app(), row.request)
			if w.Code != row.status || isCleared(w) != row.cleared {
				t.Errorf("%s: got %d, cleared %t, want %d, %t", row.name, w.Code, isCleared(w), row.status, row.cleared)
			}
		}
		w := serve(s.app(), cookie("x", request("GET", "/gate/")))
		const want = siteCookie + "=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; HttpOnly; Secure; SameSite=Lax"
		if got := w.Header()["Set-Cookie"]; len(got) != 1 || got[0] != want {
			t.Errorf("got %q, want the attributes of setting: %q", got, want)
		}
	})
}

func TestStateCookie(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name   string
		change func(*authrocket.Config)
		prefix string
		secure bool
	}{
		{"https", func(c *authrocket.Config) {}, statePrefix, true},
		{"http", func(c *authrocket.Config) { c.AppURL = "http://localhost:8080" }, "arToken-state-", false},
		{"a name of the app's own on https", func(c *authrocket.Config) { c.CookieName = "mine" }, "__Host-mine-state-", true},
		{"a __Secure- name", func(c *authrocket.Config) { c.CookieName = "__Secure-mine" }, "__Host-mine-state-", true},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, row.change)
			b, w := start(t, s.app(), navigate("/gate/deep?a=b"))
			c := b.cookie
			if !strings.HasPrefix(c.Name, row.prefix) || c.Path != "/" || c.Domain != "" || !c.HttpOnly || c.Secure != row.secure ||
				c.SameSite != http.SameSiteLaxMode || c.MaxAge != 15*60 {
				t.Errorf("got %q", c.Raw)
			}
			if n := len(w.Header()["Set-Cookie"]); n != 1 {
				t.Errorf("got %d cookies, want 1", n)
			}
			if len(b.state) < 22 {
				t.Errorf("got state %q, want one that cannot be guessed", b.state)
			}
		})
	}
}

func TestEveryLoginHasItsOwnState(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	one, _ := start(t, s.app(), navigate("/gate/one"))
	two, _ := start(t, s.app(), withCookie(navigate("/gate/two"), one.cookie.Name, one.cookie.Value))
	if one.cookie.Name == two.cookie.Name || one.state == two.state {
		t.Fatalf("two tabs share a state: %q and %q", one.cookie, two.cookie)
	}
	for _, row := range []struct {
		landing, other started
		want           string
	}{{one, two, "/gate/one"}, {two, one, "/gate/two"}} {
		t.Run(row.want, func(t *testing.T) {
			r := withCookie(row.landing.land(s.realm.Token(s.ada)), row.other.cookie.Name, row.other.cookie.Value)
			w := serve(s.app(), r)
			if got := w.Header().Get("Location"); got != row.want {
				t.Errorf("got %q, want %q", got, row.want)
			}
			if cookieNamed(w, row.other.cookie.Name) != nil {
				t.Error("the state of the other tab was touched")
			}
			if c := cookieNamed(w, row.landing.cookie.Name); c == nil || c.MaxAge >= 0 {
				t.Errorf("got %v, want the state used up", c)
			}
		})
	}
}

func TestOldStatesMakeRoom(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		// A browser that starts one login after the other and never comes back.
		jar := map[string]string{}
		var order []string
		for i := range 12 {
			r := navigate("/gate/" + strconv.Itoa(i) + strings.Repeat("x", 900))
			for name, value := range jar {
				withCookie(r, name, value)
			}
			b, w := start(t, s.app(), r)
			for _, c := range w.Result().Cookies() {
				if c.MaxAge < 0 {
					if len(order) == 0 || c.Name != order[0] {
						t.Fatalf("login %d dropped %q, want the oldest of %q", i, c.Name, order)
					}
					delete(jar, c.Name)
					order = order[1:]
				}
			}
			jar[b.cookie.Name] = b.cookie.Value
			order = append(order, b.cookie.Name)
			total := 0
			for name, value := range jar {
				total += len(name) + len(value)
			}
			if total > 4<<10 {
				t.Fatalf("the states take %d bytes, want 4 KiB at most", total)
			}
			time.Sleep(time.Second)
		}
		if len(jar) < 2 {
			t.Errorf("%d states are left, want more than one", len(jar))
		}
	})
}

func TestStateLivesFifteenMinutes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for _, row := range []struct {
			age  time.Duration
			want string
		}{
			{15*time.Minute - time.Second, "/gate/"},
			{15*time.Minute + time.Second, "/auth/confirm"},
		} {
			s := newSite(t)
			b, _ := start(t, s.app(), navigate("/gate/"))
			time.Sleep(row.age)
			w := serve(s.app(), b.land(s.realm.Token(s.ada)))
			if got := w.Header().Get("Location"); got != row.want {
				t.Errorf("after %s: got %d %q, want %q", row.age, w.Code, got, row.want)
			}
		}
	})
}

// stateValue returns what a forged state cookie holds.
func stateValue(state, target string, started time.Time) string {
	return state + ".1." + strconv.FormatInt(started.Unix(), 10) + "." + base64.RawURLEncoding.EncodeToString([]byte(target))
}

func TestForgedStateCookies(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	const state = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	now := time.Now()
	for _, row := range []struct {
		name, value, want string
	}{
		{"as we write it", stateValue(state, "/a?b=c", now), "/a?b=c"},
		{"another host", stateValue(state, "//evil.example/x", now), "/"},
		{"another host with a backslash", stateValue(state, `/\evil.example`, now), "/"},
		{"a whole URL", stateValue(state, "https://evil.example/", now), "/"},
		{"a script", stateValue(state, "javascript:alert(1)", now), "/"},
		{"a tab", stateValue(state, "/\t/evil.example", now), "/"},
		{"a header", stateValue(state, "/\r\nSet-Cookie: a=b", now), "/"},
		{"no slash", stateValue(state, "evil.example", now), "/"},
		{"an empty target", stateValue(state, "", now), "/"},
		{"a login route", stateValue(state, "/auth/logout?local=1", now), "/"},
		{"an overlong target", stateValue(state, "/"+strings.Repeat("x", 1<<10), now), "/"},
		{"an overlong query", stateValue(state, "/a?"+strings.Repeat("x", 1<<10), now), "/a"},
		{"a beginning in the future", stateValue(state, "/a", now.Add(time.Hour)), "/auth/confirm"},
		{"a beginning long ago", stateValue(state, "/a", now.Add(-time.Hour)), "/auth/confirm"},
		{"a number out of range", state + ".1.99999999999999999999.L2E", "/auth/confirm"},
		{"a year far away", state + ".1.-9223372036854775808.L2E", "/auth/confirm"},
		{"no base64", state + ".1." + strconv.FormatInt(now.Unix(), 10) + ".%%", "/auth/confirm"},
		{"three parts", state + ".1." + strconv.FormatInt(now.Unix(), 10), "/auth/confirm"},
		{"no attempt", state + "." + strconv.FormatInt(now.Unix(), 10) + ".L2E", "/auth/confirm"},
		{"another attempt", strings.Replace(stateValue(state, "/a", now), ".1.", ".2.", 1), "/auth/confirm"},
		{"dots only", "..", "/auth/confirm"},
		{"nothing", "", "/auth/confirm"},
		{"a state that is a prefix", stateValue(state[:20], "/a", now), "/auth/confirm"},
		{"a state that is longer", stateValue(state+"A", "/a", now), "/auth/confirm"},
		{"another state", stateValue(strings.ToLower(state), "/a", now), "/auth/confirm"},
	} {
		t.Run(row.name, func(t *testing.T) {
			r := navigate("/back?ar_state=" + state + ".1&token=" + s.realm.Token(s.ada))
			w := serve(s.app(), withCookie(r, statePrefix+state[:8], row.value))
			if got := w.Header().Get("Location"); w.Code != 303 || got != row.want {
				t.Errorf("got %d %q, want 303 %q", w.Code, got, row.want)
			}
		})
	}
}
