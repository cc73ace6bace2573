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
			name           string
			app            http.Handler
			token          func() string
			drops          func(name string) bool
			logins, status int
			want           []string // pieces of the page
			told           string   // the last thing that the Observer heard
		}{
			{name: "a browser that keeps cookies", app: s.app(), token: good, logins: 1, status: 200, want: []string{"ada@example.com"}},
			{name: "a browser that drops the session", app: s.app(), token: good, drops: session, logins: 3, status: 401, want: []string{"<bdi>no_token</bdi>", "send all of this site&#39;s cookies"}, told: loop},
			{name: "a browser that drops all cookies", app: s.app(), token: good, drops: all, logins: 1, status: 403, want: []string{"no sign-in to confirm", "allow it to set cookies"}, told: "unsolicited_login false"},
			{name: "a browser that drops all cookies, bad tokens", app: s.app(), token: bad, drops: all, logins: 1, status: 401, want: []string{"<bdi>bad_signature</bdi>"}, told: "bad_signature false"},
			{name: "a browser that drops all cookies where all logins are accepted", app: dangerous.auth.Authenticate(dangerous.auth.RequireLogin(whoami)), token: good, drops: all, logins: 1, status: 403, want: []string{"no sign-in to confirm", "allow it to set cookies"}, told: "unsolicited_login false"},
			{name: "a browser that drops all cookies, without a token", app: s.auth.Authenticate(s.auth.RequireLogin(whoami)), token: none, drops: all, logins: 1, status: 403, want: []string{"no sign-in to confirm", "allow it to set cookies"}},
			{name: "a bad token ends at once", app: s.app(), token: bad, logins: 1, status: 401, want: []string{"<bdi>bad_signature</bdi>"}, told: "bad_signature true"},
			{name: "a token that expires on the way", app: slow(s.app()), token: dying, logins: 3, status: 401, want: []string{"<bdi>token_expired</bdi>", "Expired at", "Clock of this server"}, told: loop},
			{name: "a replica whose clock is behind", app: behind, token: good, logins: 3, status: 401, want: []string{"<bdi>token_not_yet_valid</bdi>", "Valid from", "Clock of this server"}, told: loop},
			{name: "a server whose clock is behind", app: s.app(), token: func() string { return s.realm.Token(s.ada, authrockettest.ClockSkew(70*time.Second)) }, logins: 1, status: 401,
				want: []string{"<bdi>token_not_yet_valid</bdi>", "Valid from", "Clock of this server"}, told: "token_not_yet_valid true"},
			{name: "a LoginRocket that sends no token", app: s.app(), token: none, logins: 3, status: 401, want: []string{"<bdi>no_token</bdi>"}, told: loop},
			{name: "a rule that does not accept the session", app: s.auth.Authenticate(s.auth.Require(ended)(whoami)), token: good, logins: 3, status: 401, want: []string{"<bdi>unauthenticated</bdi>", "sign in as somebody else"}, told: loop},
			{name: "an app that sends to the login route itself", app: s.auth.Authenticate(script), token: good, logins: 3, status: 401, want: []string{"<bdi>login_loop</bdi>"}, told: loop},
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
		name, want string
		size       int // of the token
		keeps      func([]*http.Cookie) []*http.Cookie
		ahead      time.Duration
		old        bool // the browser has an expired session
	}{
		{name: "all cookies", size: 1_300, want: works},
		{name: "all cookies of a token in two", size: chunkBytes + 500, want: works},
		{name: "the first cookie", size: 1_300, keeps: onlyFirst, want: notKept},
		{name: "the first cookie of a token in two", size: chunkBytes + 500, keeps: onlyFirst, want: notKept},
		{name: "the first cookie of a token in three", size: 2*chunkBytes + 500, keeps: onlyFirst, want: notKept},
		{name: "the first cookie, after an expired session", size: 1_300, keeps: onlyFirst, old: true, want: notKept},
		{name: "the last cookie", size: 1_300, keeps: onlyLast, want: works},
		{name: "the last cookie, after an expired session", size: 1_300, keeps: onlyLast, old: true, want: works},
		{name: "the last cookie of a token that fills one", size: chunkBytes, keeps: onlyLast, want: works},
		{name: "the last cookie of a token in two", size: chunkBytes + 500, keeps: onlyLast, want: incomplete},
		{name: "the last cookie of a token that fills two", size: 2 * chunkBytes, keeps: onlyLast, want: incomplete},
		{name: "the last cookie of a token in three", size: 2*chunkBytes + 500, keeps: onlyLast, want: incomplete},
		{name: "no cookie", size: 1_300, keeps: noCookies, want: noneKept},
		{name: "no cookie of a token in two", size: chunkBytes + 500, keeps: noCookies, want: noneKept},
		{name: "a clock that is 25 hours ahead", size: 1_300, ahead: 25 * time.Hour, want: works},
		{name: "a clock that is 25 hours ahead, a token in two", size: chunkBytes + 500, ahead: 25 * time.Hour, want: works},
		{name: "a clock that is 25 hours ahead, an expired session", size: 1_300, ahead: 25 * time.Hour, old: true, want: works},
		{name: "a clock that is 25 hours behind", size: 1_300, ahead: -25 * time.Hour, want: works},
	} {
		t.Run(row.name, func(t *testing.T) {
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
		name, token, page string
		logins            int
	}{
		{name: "a newer token", token: s.realm.Token(s.ada), page: "several times within a minute", logins: 3},
		{name: "the same token", token: session, page: "several times within a minute", logins: 3},
		{name: "an older token", token: s.realm.Token(s.ada, issued(time.Hour)), page: "several times within a minute", logins: 3},
		{name: "no token", page: "did not keep the cookies of this site"},
	} {
		t.Run(row.name, func(t *testing.T) {
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
			{name: "many tabs that sign in at once", do: func(v *visitor) {
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
			{name: "logins a minute apart", do: func(v *visitor) {
				for range 4 {
					signIn(v)
					time.Sleep(time.Minute)
					lose(v)
				}
			}},
			{name: "sessions of half a minute", do: func(v *visitor) {
				for range 6 {
					signIn(v)
					time.Sleep(25 * time.Second)
					lose(v)
				}
			}},
			{name: "signing out between logins", do: func(v *visitor) {
				for range 4 {
					signIn(v)
					v.send(request("POST", "/auth/logout"))
				}
			}},
			{name: "switching accounts again and again", do: func(v *visitor) {
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
	attempts := func(value string, r *http.Request) *http.Request { return withCookie(r, siteCookie+"-attempts", value) }
	for _, row := range []struct {
		name    string
		request *http.Request
		status  int
	}{
		{name: "nobody signed in", request: attempts("0.3", navigate("/gate/")), status: 401},
		{name: "at the login route", request: attempts("0.3", navigate("/auth/login")), status: 401},
		{name: "not at the other routes", request: attempts("0.3", navigate("/auth/accounts")), status: 303},
		{name: "signed in", request: attempts("0.9", s.as(s.ada, navigate("/gate/"))), status: 200},
		{name: "an open page", request: attempts("0.9", navigate("/")), status: 200},
		{name: "a program", request: attempts("0.9", request("GET", "/gate/")), status: 401},
		{name: "the larger of two", request: attempts("0.1", attempts("0.3", navigate("/gate/"))), status: 401},
		{name: "beyond what a state holds", request: attempts("0.2147483648", navigate("/gate/")), status: 401},
		{name: "the largest number", request: attempts("0.9223372036854775807", navigate("/gate/")), status: 401},
		{name: "below the limit", request: attempts("0.2", navigate("/gate/")), status: 303},
		{name: "a number out of range", request: attempts("0.99999999999999999999", navigate("/gate/")), status: 303},
		{name: "without a time", request: attempts("3", navigate("/gate/")), status: 303},
		{name: "no number", request: attempts("0.x", navigate("/gate/")), status: 303},
		{name: "below zero", request: attempts("0.-3", navigate("/gate/")), status: 303},
		{name: "in the URL", request: navigate("/gate/?ar_state=x.9"), status: 303},
	} {
		t.Run(row.name, func(t *testing.T) {
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
			name, value string
			maxAge      int
		}{
			{name: "no count", maxAge: 60},
			{name: "a count that began before", value: fmt.Sprintf("%d.1", now-25), maxAge: 35},
			{name: "a count that has just ended", value: fmt.Sprintf("%d.1", now-60), maxAge: 60},
			{name: "a count of the future", value: fmt.Sprintf("%d.1", now+1000), maxAge: 60},
			{name: "a count of long ago", value: "0.1", maxAge: 60},
			{name: "a time out of range", value: "99999999999999999999.1", maxAge: 60},
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
