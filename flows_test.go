package authrocket_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/authrockettest"
)

// The flows that ask before they change who is signed in, and those that do not.
// LoginRocket's own session can be swapped by any website, as its URLs take
// session=: what it answers says nothing about who asked.
func TestWhichFlowsAsk(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	careless := s.newAuth(t, func(c *authrocket.Config) { c.DangerouslyAcceptUnsolicitedLogins = true })
	engines, widgets := authrockettest.InOrg(s.engines), authrockettest.InOrg(s.widgets)
	ada, adaWidgets, george := s.realm.Token(s.ada, engines), s.realm.Token(s.ada, widgets), s.realm.Token(s.george)
	expired := s.realm.Token(s.ada, engines, authrockettest.ExpiresIn(-time.Hour))
	const (
		own, sibling, other, typed, silent = "same-origin", "same-site", "cross-site", "none", "" // Sec-Fetch-Site
		inEngines, inWidgets, asGeorge     = "ada@example.com Engines ", "ada@example.com Widgets ", "george@example.com Widgets "
		signedOut                          = "nobody  "
	)
	const asks, takes, keeps = "asks", "takes", "keeps"
	for _, row := range []struct {
		name   string
		auth   *authrocket.Auth
		now    string // session cookie
		site   string // that leads to the target
		target string
		answer string // of LoginRocket, "" when it is not to be asked
		want   string
	}{
		// Somebody is signed in, and LoginRocket has another user.
		{"another site starts a login", s.auth, ada, other, "/auth/login?return_to=/manage", george, asks},
		{"another site starts a login with the form", s.auth, ada, other, "/auth/login?prompt=login", george, asks},
		{"another site leads to the account selector", s.auth, ada, other, "/auth/accounts?force=1", george, asks},
		{"another site leads to the profile", s.auth, ada, other, "/auth/profile", george, asks},
		{"another site leads to the signup", s.auth, ada, other, "/auth/signup?invitation=nvt_x", george, asks},
		{"a sibling starts a login with the form", s.auth, ada, sibling, "/auth/login?prompt=login", george, asks},
		{"a typed address or a bookmark of the form", s.auth, ada, typed, "/auth/login?prompt=login", george, asks},
		{"a browser that does not say starts a login with the form", s.auth, ada, silent, "/auth/login?prompt=login", george, asks},
		{"own click on accounts", s.auth, ada, own, "/auth/accounts", george, asks},
		{"own click on accounts, with force", s.auth, ada, own, "/auth/accounts?force=1", george, asks},
		{"own click on an account", s.auth, ada, own, "/auth/login?account=org_widgets", george, asks},
		{"own click on profile", s.auth, ada, own, "/auth/profile", george, asks},
		{"own click on login", s.auth, ada, own, "/auth/login", george, asks},
		{"own click on signup", s.auth, ada, own, "/auth/signup", george, asks},
		{"own click on a signup by invitation", s.auth, ada, own, "/auth/signup?invitation=nvt_x", george, asks},
		{"own click on a login with prompt=none", s.auth, ada, own, "/auth/login?prompt=none", george, asks},
		{"own click on a login with the form twice", s.auth, ada, own, "/auth/login?prompt=login&prompt=login", george, asks},
		{"own click on a login whose target asks for the form", s.auth, ada, own, "/auth/login?return_to=/x?a=b&prompt=login", george, asks},
		{"own click on a profile with prompt=login", s.auth, ada, own, "/auth/profile?prompt=login", george, asks},
		{"own click on a login with the form", s.auth, ada, own, "/auth/login?prompt=login", george, takes},
		{"own click on a login with the form, for an account", s.auth, ada, own, "/auth/login?prompt=login&account=org_x", george, takes},

		// The same user, in another account.
		{"another site starts a login to an account", s.auth, ada, other, "/auth/login?account=org_widgets", adaWidgets, asks},
		{"another site leads to the account selector, another account", s.auth, ada, other, "/auth/accounts?force=1", adaWidgets, asks},
		{"a sibling starts a login to an account", s.auth, ada, sibling, "/auth/login?account=org_widgets", adaWidgets, asks},
		{"a bookmark of a login to an account", s.auth, ada, typed, "/auth/login?account=org_widgets", adaWidgets, asks},
		{"a browser that does not say, a login to an account", s.auth, ada, silent, "/auth/login?account=org_widgets", adaWidgets, asks},
		{"own click on login, another account", s.auth, ada, own, "/auth/login", adaWidgets, asks},
		{"own click on profile, another account", s.auth, ada, own, "/auth/profile?account=org_widgets", adaWidgets, asks},
		{"own click on signup, another account", s.auth, ada, own, "/auth/signup", adaWidgets, asks},
		{"own click on a login whose target has an account", s.auth, ada, own, "/auth/login?return_to=/x?a=b&account=org_widgets", adaWidgets, asks},
		{"own click on accounts, another account", s.auth, ada, own, "/auth/accounts", adaWidgets, takes},
		{"own click on switch accounts", s.auth, ada, own, "/auth/accounts?return_to=%2Fx&force=1", adaWidgets, takes},
		{"own click on an account, another account", s.auth, ada, own, "/auth/login?account=org_widgets", adaWidgets, takes},
		{"own click on a login with the form, another account", s.auth, ada, own, "/auth/login?prompt=login", adaWidgets, takes},

		// The same user in the same account.
		{"another site starts a login, nothing changes", s.auth, ada, other, "/auth/login", ada, takes},
		{"a bookmark of accounts, nothing changes", s.auth, ada, typed, "/auth/accounts", ada, takes},
		{"own click on profile, nothing changes", s.auth, ada, own, "/auth/profile", ada, takes},

		// Nobody is signed in, or not any more: started logins ask nobody.
		{"a mail link to a gate", s.auth, "", typed, "/gate/report?id=7", ada, takes},
		{"a link of webmail to a gate", s.auth, "", other, "/gate/report?id=7", ada, takes},
		{"a bookmark of a gate", s.auth, "", typed, "/gate/", ada, takes},
		{"a link from another site to a gate", s.auth, "", other, "/gate/", ada, takes},
		{"a link from a sibling to a gate", s.auth, "", sibling, "/gate/", ada, takes},
		{"a gate, a browser that does not say", s.auth, "", silent, "/gate/", ada, takes},
		{"a gate, an expired cookie", s.auth, expired, own, "/gate/", ada, takes},
		{"a gate, an expired cookie, by another site", s.auth, expired, other, "/gate/", ada, takes},
		{"a gate, an expired cookie, another account", s.auth, expired, typed, "/gate/", adaWidgets, takes},
		{"a gate, an expired cookie, another user", s.auth, expired, typed, "/gate/", george, takes},
		{"a first login", s.auth, "", own, "/auth/login", ada, takes},
		{"a first login, by another site", s.auth, "", other, "/auth/login", ada, takes},
		{"a bookmark of the login", s.auth, "", typed, "/auth/login", ada, takes},
		{"a signup", s.auth, "", own, "/auth/signup", ada, takes},
		{"a signup by an invitation, through a mail of the app's own", s.auth, "", other, "/auth/signup?invitation=nvt_x", ada, takes},
		{"a login to an account, by a mail of the app's own", s.auth, "", other, "/auth/login?account=org_widgets", adaWidgets, takes},

		// Somebody is signed in: links to gates start nothing.
		{"a mail link to a gate, signed in", s.auth, ada, typed, "/gate/report?id=7", "", keeps},
		{"a link from another site to a gate, signed in", s.auth, ada, other, "/gate/", "", keeps},
		{"a bookmark of a gate, signed in", s.auth, ada, typed, "/gate/", "", keeps},

		// Logins that were not started here.
		{"a link with somebody's token, nobody signed in", s.auth, "", other, "/x?token=" + george, "", asks},
		{"an invitation of LoginRocket, nobody signed in", s.auth, "", other, "/?token=" + ada, "", asks},
		{"a link with somebody's token", s.auth, ada, other, "/x?token=" + george, "", asks},
		{"a link of an own page with somebody's token", s.auth, ada, own, "/x?token=" + george, "", asks},
		{"a link to the callback with somebody's token", s.auth, ada, other, "/auth/callback?token=" + george, "", asks},
		{"a link with a token of another account", s.auth, ada, other, "/x?token=" + adaWidgets, "", asks},
		{"LoginRocket's own link back, nothing changes", s.auth, ada, other, "/x?token=" + ada, "", takes},

		// DangerouslyAcceptUnsolicitedLogins.
		{"dangerously: another site starts a login", careless, ada, other, "/auth/login", george, takes},
		{"dangerously: another site starts a login to an account", careless, ada, other, "/auth/login?account=org_widgets", adaWidgets, takes},
		{"dangerously: a link with somebody's token", careless, ada, other, "/x?token=" + george, "", takes},
		{"dangerously: a link with somebody's token, nobody signed in", careless, "", other, "/x?token=" + george, "", takes},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			app := (&site{auth: row.auth}).app()
			v := &visitor{t: t, app: app, token: func() string {
				if row.answer == "" {
					t.Error("LoginRocket was asked")
				}
				return row.answer
			}}
			if row.now != "" {
				v.jar = map[string]*http.Cookie{siteCookie: {Value: row.now, Expires: time.Now().Add(time.Hour)}}
			}
			w, _ := v.followFrom(row.site, row.target)
			answer := row.answer
			if _, token, ok := strings.Cut(row.target, "token="); ok {
				answer = token
			}
			signedIn := map[string]string{"": signedOut, expired: signedOut, ada: inEngines, adaWidgets: inWidgets, george: asGeorge}
			want := signedIn[row.now]
			if row.want == takes {
				want = signedIn[answer]
			}
			if asked := strings.Contains(w.Body.String(), `value="continue"`); w.Code != 200 || asked != (row.want == asks) {
				t.Errorf("got %d %q, want it to ask: %t", w.Code, w.Body, row.want == asks)
			}
			if w := v.get("/"); w.Body.String() != want {
				t.Errorf("then: got %q, want %q", w.Body, want)
			}
			if row.want != asks {
				return
			}
			v.send(answerOf(answer, "continue"))
			if w := v.get("/"); w.Body.String() != signedIn[answer] {
				t.Errorf("continued: got %q, want %q", w.Body, signedIn[answer])
			}
		})
	}
}

// A website signs a visitor out of LoginRocket, in again as somebody else, and
// starts a login here. The visitor's own clicks afterwards ask, too.
func TestALoginOverSomebodyIsAsked(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	eve := s.realm.Token(s.george)
	v := &visitor{t: t, app: s.app(), token: func() string { return eve }}
	v.jar = map[string]*http.Cookie{siteCookie: {Value: s.realm.Token(s.ada), Expires: time.Now().Add(time.Hour)}}
	for _, step := range []struct{ site, target string }{
		{"cross-site", "/auth/login?return_to=/manage"}, {"same-origin", "/auth/accounts"}, {"same-origin", "/auth/profile"}, {"cross-site", "/gate/"},
	} {
		v.followFrom(step.site, step.target)
		if w := v.get("/gate/"); w.Code != 200 || !strings.HasPrefix(w.Body.String(), "ada@example.com") {
			t.Errorf("%s %s: got %d %q, want Ada", step.site, step.target, w.Code, w.Body)
		}
	}
	v.send(answerOf(eve, "cancel"))
	if w := v.get("/"); !strings.HasPrefix(w.Body.String(), "ada@example.com") {
		t.Errorf("cancelled: got %q, want Ada", w.Body)
	}
}

// A tab waits at LoginRocket while somebody signs in in another one.
func TestATabThatWaited(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, row := range []struct {
		name, token, want string
	}{
		{"the same user", s.realm.Token(s.ada), "/gate/late"},
		{"another user", s.realm.Token(s.george), "/auth/confirm"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			v := &visitor{t: t, app: s.app(), token: func() string { return s.realm.Token(s.ada) }}
			late := started{back: redirectURIOf(t, v.get("/gate/late").Header().Get("Location"))}
			if w, _ := v.follow("/gate/"); w.Code != 200 {
				t.Fatalf("got %d, want Ada signed in", w.Code)
			}
			if got := v.visit("cross-site", late.callback(row.token)).Header().Get("Location"); got != row.want {
				t.Errorf("got %q, want %q", got, row.want)
			}
		})
	}
}
