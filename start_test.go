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

// onlyFirst, onlyLast and noCookies are what some load balancers leave of the
// cookies of an answer.
func onlyFirst(c []*http.Cookie) []*http.Cookie { return c[:1] }
func onlyLast(c []*http.Cookie) []*http.Cookie  { return c[len(c)-1:] }
func noCookies([]*http.Cookie) []*http.Cookie   { return nil }

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
			w.Header().Set("Location", "/auth/login?return_to=%2Fgate%2Fdeep%3Fa%3Db")
			w.WriteHeader(http.StatusSeeOther)
		})
		good := func() string { return s.realm.Token(s.ada) }
		bad := func() string { return forged(s.realm.Token(s.ada)) }
		dying := func() string { return s.realm.Token(s.ada, authrockettest.ExpiresIn(-4*time.Second)) }
		none := func() string { return "" }
		// Replicas whose clocks differ: where the gates are, it is earlier.
		behind := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if _, session, ok := strings.Cut(r.Header.Get("Cookie"), siteCookie+"="); ok && strings.HasPrefix(r.URL.Path, "/gate/") {
				session, _, _ := strings.Cut(session, ";")
				early := s.realm.Token(s.ada, authrockettest.ClockSkew(70*time.Second))
				r.Header.Set("Cookie", strings.Replace(r.Header.Get("Cookie"), session, early, 1))
			}
			s.app().ServeHTTP(w, r)
		})
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
			{"a browser that drops the session", s.app(), good, session, 3, 401, []string{"<bdi>no_token</bdi>", "send all of this site&#39;s cookies"}, loop},
			{"a browser that drops all cookies", s.app(), good, all, 1, 403, []string{"no sign-in to confirm", "allow it to set cookies"}, "unsolicited_login false"},
			{"a browser that drops all cookies, bad tokens", s.app(), bad, all, 1, 401, []string{"<bdi>bad_signature</bdi>"}, "bad_signature false"},
			{"a browser that drops all cookies where all logins are accepted", dangerous.auth.Authenticate(dangerous.auth.RequireLogin(whoami)), good, all, 1, 403, []string{"no sign-in to confirm", "allow it to set cookies"}, "unsolicited_login false"},
			{"a browser that drops all cookies, without a token", s.auth.Authenticate(s.auth.RequireLogin(whoami)), none, all, 1, 403, []string{"no sign-in to confirm", "allow it to set cookies"}, ""},
			{"a bad token ends at once", s.app(), bad, nil, 1, 401, []string{"<bdi>bad_signature</bdi>"}, "bad_signature true"},
			{"a token that expires on the way", slow(s.app()), dying, nil, 3, 401, []string{"<bdi>token_expired</bdi>", "Expired at", "Clock of this server"}, loop},
			{"a replica whose clock is behind", behind, good, nil, 3, 401, []string{"<bdi>token_not_yet_valid</bdi>", "Valid from", "Clock of this server"}, loop},
			{"a server whose clock is behind", s.app(), func() string { return s.realm.Token(s.ada, authrockettest.ClockSkew(70*time.Second)) }, nil, 1, 401,
				[]string{"<bdi>token_not_yet_valid</bdi>", "Valid from", "Clock of this server"}, "token_not_yet_valid true"},
			{"a LoginRocket that sends no token", s.app(), none, nil, 3, 401, []string{"<bdi>no_token</bdi>"}, loop},
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

// Load balancers that keep one cookie of an answer, and browsers whose clocks are
// wrong: no more than three rounds, and a page that names the cause.
func TestNoLossOfCookiesIsALoop(t *testing.T) {
	t.Parallel()
	const (
		works      = "ada@example.com Engines a=b"
		notKept    = "send all of this site&#39;s cookies"
		incomplete = "A part of your sign-in is missing"
		noneKept   = "allow it to set cookies"
	)
	for _, row := range []struct {
		name  string
		size  int // of the token
		keeps func([]*http.Cookie) []*http.Cookie
		ahead time.Duration
		old   bool // the browser has an expired session
		want  string
	}{
		{"all cookies", 1_300, nil, 0, false, works},
		{"all cookies of a token in two", chunkBytes + 500, nil, 0, false, works},
		{"the first cookie", 1_300, onlyFirst, 0, false, notKept},
		{"the first cookie of a token in two", chunkBytes + 500, onlyFirst, 0, false, notKept},
		{"the first cookie of a token in three", 2*chunkBytes + 500, onlyFirst, 0, false, notKept},
		{"the first cookie, after an expired session", 1_300, onlyFirst, 0, true, notKept},
		{"the last cookie", 1_300, onlyLast, 0, false, works},
		{"the last cookie, after an expired session", 1_300, onlyLast, 0, true, works},
		{"the last cookie of a token that fills one", chunkBytes, onlyLast, 0, false, works},
		{"the last cookie of a token in two", chunkBytes + 500, onlyLast, 0, false, incomplete},
		{"the last cookie of a token that fills two", 2 * chunkBytes, onlyLast, 0, false, incomplete},
		{"the last cookie of a token in three", 2*chunkBytes + 500, onlyLast, 0, false, incomplete},
		{"no cookie", 1_300, noCookies, 0, false, noneKept},
		{"no cookie of a token in two", chunkBytes + 500, noCookies, 0, false, noneKept},
		{"a clock that is 25 hours ahead", 1_300, nil, 25 * time.Hour, false, works},
		{"a clock that is 25 hours ahead, a token in two", chunkBytes + 500, nil, 25 * time.Hour, false, works},
		{"a clock that is 25 hours ahead, an expired session", 1_300, nil, 25 * time.Hour, true, works},
		{"a clock that is 25 hours behind", 1_300, nil, -25 * time.Hour, false, works},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newSite(t)
				token := s.tokenOf(t, s.ada, row.size)
				v := &visitor{t: t, app: s.app(), keeps: row.keeps, ahead: row.ahead, token: func() string { return token }}
				if row.old {
					v.jar = map[string]*http.Cookie{siteCookie: {Value: s.realm.Token(s.ada, authrockettest.ExpiresIn(-time.Hour)), Expires: time.Now().Add(time.Hour)}}
				}
				for range 3 {
					w, logins := v.follow("/gate/deep?a=b")
					if w.Code == 200 && strings.Contains(w.Body.String(), `value="continue"`) {
						// The first start has lost its state. The person goes on.
						v.send(answerOf(token, "continue"))
						w, logins = v.follow("/gate/deep?a=b")
					}
					if logins > 3 || (w.Code == 200) != (row.want == works) || !strings.Contains(w.Body.String(), row.want) {
						t.Errorf("got %d %q after %d logins, want %q after 3 at most", w.Code, w.Body, logins, row.want)
					}
				}
			})
		})
	}
}

// The host of AppURL sends its visitors on to another one, which does not see
// its cookies.
func TestALoopOverTwoHostsEnds(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	app := s.auth.Authenticate(s.auth.RequireLogin(whoami))
	session := s.realm.Token(s.ada, issued(time.Minute))
	for _, row := range []struct {
		name, token string
		page        string
		logins      int
	}{
		{"a newer token", s.realm.Token(s.ada), "several times within a minute", 3},
		{"the same token", session, "several times within a minute", 3},
		{"an older token", s.realm.Token(s.ada, issued(time.Hour)), "several times within a minute", 3},
		{"no token", "", "did not keep the cookies of this site", 0},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			apex := &visitor{t: t, app: app, jar: map[string]*http.Cookie{siteCookie: {Value: session, Expires: time.Now().Add(time.Hour)}}}
			www := &visitor{t: t, app: app}
			target, logins := "/x", 0
			for ; logins < 10; logins++ {
				back := redirectURIOf(t, www.get(target).Header().Get("Location"))
				target = back.RequestURI()
				if row.token != "" {
					target = started{back: back}.callback(row.token)
				}
				w := apex.visit("cross-site", target)
				if target = w.Header().Get("Location"); w.Code == 303 {
					continue
				}
				if w.Code < 400 || !strings.Contains(w.Body.String(), row.page) || !strings.Contains(w.Body.String(), "https://example.com") {
					t.Errorf("got %d %q, want a page that names the address", w.Code, w.Body)
				}
				break
			}
			if logins != row.logins {
				t.Errorf("got a page after %d logins, want it after %d", logins, row.logins)
			}
		})
	}
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
				var callbacks []string
				for i := range 4 {
					back := redirectURIOf(t, v.get(fmt.Sprintf("/gate/%d", i)).Header().Get("Location"))
					callbacks = append(callbacks, started{back: back}.callback(token()))
				}
				for _, callback := range callbacks {
					v.follow(callback)
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
					v.follow(started{back: back}.callback(token()))
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
		{"nobody signed in", attempts("0.3", navigate("/gate/")), 401},
		{"at the login route", attempts("0.3", navigate("/auth/login")), 401},
		{"not at the other routes", attempts("0.3", navigate("/auth/accounts")), 303},
		{"signed in", attempts("0.9", s.as(s.ada, navigate("/gate/"))), 200},
		{"an open page", attempts("0.9", navigate("/")), 200},
		{"a program", attempts("0.9", request("GET", "/gate/")), 401},
		{"the larger of two", attempts("0.1", attempts("0.3", navigate("/gate/"))), 401},
		{"beyond what a state holds", attempts("0.2147483648", navigate("/gate/")), 401},
		{"the largest number", attempts("0.9223372036854775807", navigate("/gate/")), 401},
		{"below the limit", attempts("0.2", navigate("/gate/")), 303},
		{"a number out of range", attempts("0.99999999999999999999", navigate("/gate/")), 303},
		{"without a time", attempts("3", navigate("/gate/")), 303},
		{"no number", attempts("0.x", navigate("/gate/")), 303},
		{"below zero", attempts("0.-3", navigate("/gate/")), 303},
		{"in the URL", navigate("/gate/?ar_state=x.9"), 303},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			if w := serve(s.app(), row.request); w.Code != row.status {
				t.Errorf("got %d %q, want %d", w.Code, w.Body, row.status)
			}
		})
	}
}

// A count is of logins within a minute, whatever time the cookie names.
func TestTheCountEndsWithItsMinute(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		now := time.Now().Unix()
		for _, row := range []struct {
			name   string
			value  string
			maxAge int
		}{
			{"no count", "", 60},
			{"a count that began before", fmt.Sprintf("%d.1", now-25), 35},
			{"a count that has just ended", fmt.Sprintf("%d.1", now-60), 60},
			{"a count of the future", fmt.Sprintf("%d.1", now+1000), 60},
			{"a count of long ago", "0.1", 60},
			{"a time out of range", "99999999999999999999.1", 60},
		} {
			b, _ := start(t, s.app(), navigate("/gate/"))
			r := b.land(s.realm.Token(s.ada))
			if row.value != "" {
				withCookie(r, siteCookie+"-attempts", row.value)
			}
			c := cookieNamed(serve(s.app(), r), siteCookie+"-attempts")
			if c == nil || c.MaxAge != row.maxAge || !strings.HasSuffix(c.Value, ".1") {
				t.Errorf("%s: got %v, want the first attempt for %d seconds", row.name, c, row.maxAge)
			}
		}
	})
}

// What a login counts is sealed in its state: not the cookie that it meets when it
// comes back, which another site may have changed.
func TestTheCountOfAStartedLoginIsItsOwn(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b, _ := start(t, s.app(), withCookie(navigate("/gate/"), siteCookie+"-attempts", "0.1"))
	for _, met := range []string{"0.9", "0.0", "x"} {
		w := serve(s.app(), withCookie(b.land(s.realm.Token(s.ada)), siteCookie+"-attempts", met))
		if c := cookieNamed(w, siteCookie+"-attempts"); c == nil || !strings.HasSuffix(c.Value, ".2") {
			t.Errorf("with %q: got %v, want the second attempt", met, c)
		}
	}
}
