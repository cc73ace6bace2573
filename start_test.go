package authrocket_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/authrockettest"
)

// visitor is a browser that has a LoginRocket session, so that LoginRocket sends
// it back at once.
type visitor struct {
	t     testing.TB
	app   http.Handler
	token func() string          // of the LoginRocket session
	drops func(name string) bool // cookies that it does not keep, nil for none
	jar   map[string]*http.Cookie
}

func (v *visitor) get(target string) *httptest.ResponseRecorder {
	v.t.Helper()
	return v.send(navigate(target))
}

func (v *visitor) send(r *http.Request) *httptest.ResponseRecorder {
	v.t.Helper()
	for name, c := range v.jar {
		if !c.Expires.After(time.Now()) {
			delete(v.jar, name)
			continue
		}
		withCookie(r, name, c.Value)
	}
	w := serve(v.app, r)
	for _, c := range w.Result().Cookies() {
		if v.drops != nil && v.drops(c.Name) {
			continue
		}
		if v.jar == nil {
			v.jar = map[string]*http.Cookie{}
		}
		// Its clock is behind, so that no point of time ever comes.
		c.Expires = time.Now().Add(24 * time.Hour)
		if c.MaxAge != 0 {
			c.Expires = time.Now().Add(time.Duration(c.MaxAge) * time.Second)
		}
		v.jar[c.Name] = c
	}
	return w
}

// follow gets target and goes where it is sent, until a page comes or the login
// was visited often. It returns the page and how often that was.
func (v *visitor) follow(target string) (w *httptest.ResponseRecorder, logins int) {
	v.t.Helper()
	for range 50 {
		w = v.get(target)
		location := w.Header().Get("Location")
		switch {
		case w.Code != 303:
			return w, logins
		case strings.HasPrefix(location, "https://loginrocket.example/login?"):
			if logins++; logins == 10 {
				return w, logins
			}
			back := redirectURIOf(v.t, location)
			target = back.EscapedPath() + "?" + back.RawQuery + "&token=" + v.token()
		default:
			target = location
		}
	}
	v.t.Fatal("the redirects do not end")
	return nil, 0
}

func TestLoginLoopsEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var told []string
		observe := func(c *authrocket.Config) {
			c.Observer.Login = func(_ context.Context, l authrocket.Login) {
				if l.Err != nil {
					told = append(told, fmt.Sprintf("%s %t", l.Reason, l.Started))
				}
			}
		}
		s := newSite(t, observe)
		dangerous := &site{realm: s.realm, auth: s.newAuth(t, observe, func(c *authrocket.Config) { c.DangerouslyAcceptUnsolicitedLogins = true })}
		ended := func(context.Context, authrocket.Session) error {
			return fmt.Errorf("%w: the session was ended", authrocket.ErrUnauthenticated)
		}
		script := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "/auth/login?return_to=/gate/deep%3Fa=b")
			w.WriteHeader(http.StatusSeeOther)
		})
		good := func() string { return s.realm.Token(s.ada) }
		bad := func() string { return forged(s.realm.Token(s.ada)) }
		dying := func() string { return s.realm.Token(s.ada, authrockettest.ExpiresIn(-4*time.Second)) }
		all := func(string) bool { return true }
		session := func(name string) bool { return name == siteCookie }
		const loop = "login_loop true"
		for _, row := range []struct {
			name   string
			app    http.Handler
			token  func() string
			drops  func(name string) bool
			logins int
			status int
			want   []string // pieces of the page
			told   string   // the last thing that the Observer heard
		}{
			{"a browser that keeps cookies", s.app(), good, nil, 1, 200, []string{"ada@example.com"}, ""},
			{"a browser that drops the session", s.app(), good, session, 3, 401, []string{"<bdi>no_token</bdi>", "keep this site&#39;s cookies"}, loop},
			{"a browser that drops all cookies", s.app(), good, all, 1, 403, []string{"did not start that sign-in", "allow it to set cookies"}, "unsolicited_login false"},
			{"a browser that drops all cookies, bad tokens", s.app(), bad, all, 3, 401, []string{"<bdi>no_token</bdi>", "keep this site&#39;s cookies"}, loop},
			{"a browser that drops all cookies where all logins are accepted", dangerous.app(), good, all, 3, 401, []string{"<bdi>no_token</bdi>"}, loop},
			{"a bad token ends at once", s.app(), bad, nil, 1, 401, []string{"<bdi>bad_signature</bdi>"}, "bad_signature true"},
			{"a token that expires on the way", slow(s.app()), dying, nil, 3, 401, []string{"<bdi>token_expired</bdi>", "Expired at", "Clock of this server"}, loop},
			{"a rule that does not accept the session", s.auth.Authenticate(s.auth.Require(ended)(whoami)), good, nil, 3, 401, []string{"<bdi>unauthenticated</bdi>", "sign in as somebody else"}, loop},
			{"an app that sends to the login route itself", s.auth.Authenticate(script), good, nil, 3, 401, []string{"<bdi>login_loop</bdi>"}, loop},
		} {
			told = nil
			v := &visitor{t: t, app: row.app, token: row.token, drops: row.drops}
			w, logins := v.follow("/gate/deep?a=b")
			if w.Code != row.status || logins != row.logins {
				t.Errorf("%s: got %d %q after %d logins, want %d after %d", row.name, w.Code, w.Body, logins, row.status, row.logins)
				continue
			}
			for _, want := range row.want {
				if !strings.Contains(w.Body.String(), want) {
					t.Errorf("%s: got %q, want %q in it", row.name, w.Body, want)
				}
			}
			last := ""
			if len(told) > 0 {
				last = told[len(told)-1]
			}
			if last != row.told {
				t.Errorf("%s: the Observer heard %q at last, want %q", row.name, last, row.told)
			}
			if row.told != loop {
				continue
			}
			back := "/gate/deep?a=b"
			if row.drops != nil && row.drops("-state-") {
				back = "/gate/deep" // only the cookie has the query
			}
			if body := w.Body.String(); !strings.Contains(body, `href="`+loginLink(back)+`"`) || !strings.Contains(body, `href="/auth/logout"`) || strings.Contains(body, "eyJ") {
				t.Errorf("%s: got %q, want ways out and no token", row.name, body)
			}
			if h := w.Header(); h.Get("Cache-Control") != "no-store" || h.Get("Www-Authenticate") != "Bearer" || h.Get("X-Frame-Options") != "DENY" {
				t.Errorf("%s: got headers %v", row.name, h)
			}
			// Who goes on by hand has as many attempts again.
			if w, logins := v.follow("/gate/deep?a=b"); w.Code != 401 || logins != 3 {
				t.Errorf("%s, again: got %d after %d logins, want 401 after 3", row.name, w.Code, logins)
			}
		}
	})
}

func TestNoTargetIsTooLongForTheCount(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	bad := forged(s.realm.Token(s.ada))
	for _, row := range []struct{ name, target, want string }{
		{"a path and query that leave room", "/gate/?" + strings.Repeat("x", 1005), "/gate/?" + strings.Repeat("x", 1005) + "&ar_state=1"},
		{"a query that leaves none", "/gate/?" + strings.Repeat("x", 1010), "/gate/?ar_state=1"},
		{"a path that leaves room", "/gate/" + strings.Repeat("x", 1007), "/gate/" + strings.Repeat("x", 1007) + "?ar_state=1"},
		{"a path that leaves none", "/gate/" + strings.Repeat("x", 1014), "/?ar_state=1"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			separator := "?"
			if strings.Contains(row.target, "?") {
				separator = "&"
			}
			w := serve(s.app(), navigate(row.target+separator+"ar_state=x.1&token="+bad))
			if got := w.Header().Get("Location"); w.Code != 303 || got != row.want {
				t.Errorf("got %d %q, want %q", w.Code, got, row.want)
			}
		})
	}
}

// The host of AppURL sends its visitors on to another one, which does not see
// its cookies.
func TestALoopOverTwoHostsEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		old := s.realm.Token(s.ada, authrockettest.Claim("iat", time.Now().Add(-time.Minute).Unix()))
		for name, token := range map[string]string{"a newer token": s.realm.Token(s.ada), "the same token": old} {
			apex := &visitor{t: t, app: s.app(), jar: map[string]*http.Cookie{siteCookie: {Value: old, Expires: time.Now().Add(time.Hour)}}}
			www := &visitor{t: t, app: s.app()}
			w, logins := www.get("/gate/"), 0
			for ; w.Code == 303 && logins < 10; logins++ {
				back := redirectURIOf(t, w.Header().Get("Location"))
				landed := apex.get(back.RequestURI() + "&token=" + token)
				w = www.get(landed.Header().Get("Location"))
			}
			if w.Code != 401 || logins != 3 || !strings.Contains(w.Body.String(), "does not get through") {
				t.Errorf("%s: got %d %q after %d logins, want a page after 3", name, w.Code, w.Body, logins)
			}
		}
	})
}

func loginLink(returnTo string) string {
	return "/auth/login?return_to=" + strings.NewReplacer("/", "%2F", "?", "%3F", "=", "%3D").Replace(returnTo)
}

// slow takes two seconds for every answer.
func slow(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.ServeHTTP(w, r)
		time.Sleep(2 * time.Second)
	})
}

func TestOnlyLoginsInARowCount(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		token := func() string { return s.realm.Token(s.ada) }
		lose := func(v *visitor) { delete(v.jar, siteCookie) }
		signIn := func(v *visitor) {
			if w, logins := v.follow("/gate/"); w.Code != 200 || logins != 1 {
				t.Errorf("got %d %q after %d logins, want to be signed in by one", w.Code, w.Body, logins)
			}
		}
		for _, row := range []struct {
			name string
			do   func(v *visitor)
		}{
			{"many tabs that sign in at once", func(v *visitor) {
				var landings []string
				for i := range 4 {
					back := redirectURIOf(t, v.get(fmt.Sprintf("/gate/%d", i)).Header().Get("Location"))
					landings = append(landings, back.EscapedPath()+"?"+back.RawQuery+"&token="+token())
				}
				for _, landing := range landings {
					v.follow(landing)
				}
				lose(v)
			}},
			{"logins a minute apart", func(v *visitor) {
				for range 4 {
					signIn(v)
					time.Sleep(time.Minute)
					lose(v)
				}
			}},
			{"sessions of half a minute", func(v *visitor) {
				for range 6 {
					signIn(v)
					time.Sleep(25 * time.Second)
					lose(v)
				}
			}},
			{"signing out between logins", func(v *visitor) {
				for range 4 {
					signIn(v)
					v.send(request("POST", "/auth/logout"))
				}
			}},
			{"switching accounts again and again", func(v *visitor) {
				for range 4 {
					back := redirectURIOf(t, v.get("/auth/accounts").Header().Get("Location"))
					v.follow(back.EscapedPath() + "?" + back.RawQuery + "&token=" + token())
				}
				lose(v)
			}},
		} {
			v := &visitor{t: t, app: s.app(), token: token}
			row.do(v)
			if signIn(v); t.Failed() {
				t.Fatal(row.name)
			}
		}
	})
}

func TestAForgedCountIsAPageAtMost(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	attempts := func(value string, r *http.Request) *http.Request {
		return withCookie(r, siteCookie+"-attempts", value)
	}
	for _, row := range []struct {
		name    string
		request *http.Request
		status  int
	}{
		{"in the URL, nobody signed in", navigate("/gate/?ar_state=x.3"), 401},
		{"in the URL, signed in", s.as(s.ada, navigate("/gate/?ar_state=x.9")), 200},
		{"in the URL of an open page", navigate("/?ar_state=x.9"), 200},
		{"in a cookie, nobody signed in", attempts("0.3", navigate("/gate/")), 401},
		{"in a cookie without a time", attempts("3", navigate("/gate/")), 401},
		{"in a cookie, signed in", attempts("9", s.as(s.ada, navigate("/gate/"))), 200},
		{"of a program", attempts("9", request("GET", "/gate/?ar_state=x.9")), 401},
		{"below the limit", navigate("/gate/?ar_state=x.2"), 303},
		{"of two digits", attempts("33", navigate("/gate/?ar_state=x.10")), 303},
		{"that is no number", attempts("x", navigate("/gate/?ar_state=x.x")), 303},
		{"below zero", attempts("-3", navigate("/gate/?ar_state=x.-3")), 303},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			if w := serve(s.app(), row.request); w.Code != row.status {
				t.Errorf("got %d %q, want %d", w.Code, w.Body, row.status)
			}
		})
	}
	t.Run("the count of a link does not survive a login", func(t *testing.T) {
		t.Parallel()
		v := &visitor{t: t, app: s.app(), token: func() string { return s.realm.Token(s.ada) }}
		if w, logins := v.follow("/gate/x?a=b&ar_state=x.2"); w.Code != 200 || logins != 1 || !strings.HasSuffix(w.Body.String(), " a=b") {
			t.Errorf("got %d %q after %d logins, want the page without the count", w.Code, w.Body, logins)
		}
	})
	t.Run("the count that redirect_uri carries has to be that of the cookie", func(t *testing.T) {
		t.Parallel()
		b, _ := start(t, s.app(), navigate("/gate/"))
		if !strings.HasSuffix(b.state, ".1") {
			t.Fatalf("got state %q, want the first attempt", b.state)
		}
		r := navigate("/gate/?ar_state=" + strings.TrimSuffix(b.state, ".1") + ".2&token=" + s.realm.Token(s.ada))
		w := serve(s.app(), withCookie(r, b.cookie.Name, b.cookie.Value))
		if got := w.Header().Get("Location"); got != "/auth/confirm" {
			t.Errorf("got %d %q, want an unsolicited landing", w.Code, got)
		}
	})
}
