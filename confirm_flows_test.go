package authrocket_test

import (
	"context"
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
	careless := &site{auth: s.newAuth(t, func(c *authrocket.Config) { c.DangerouslyAcceptUnsolicitedLogins = true })}
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
		name, target, want string
		dangerously        bool
		now                string // session cookie
		site               string // that leads to the target
		answer             string // of LoginRocket, "" when it is not to be asked
	}{
		// Somebody is signed in, and LoginRocket has another user.
		{name: "another site starts a login", now: ada, site: other, target: "/auth/login?return_to=/manage", answer: george, want: asks},
		{name: "another site starts a login with the form", now: ada, site: other, target: "/auth/login?prompt=login", answer: george, want: asks},
		{name: "another site leads to the account selector", now: ada, site: other, target: "/auth/accounts?force=1", answer: george, want: asks},
		{name: "another site leads to the profile", now: ada, site: other, target: "/auth/profile", answer: george, want: asks},
		{name: "another site leads to the signup", now: ada, site: other, target: "/auth/signup?invitation=nvt_x", answer: george, want: asks},
		{name: "a sibling starts a login with the form", now: ada, site: sibling, target: "/auth/login?prompt=login", answer: george, want: asks},
		{name: "a typed address or a bookmark of the form", now: ada, site: typed, target: "/auth/login?prompt=login", answer: george, want: asks},
		{name: "a browser that does not say starts a login with the form", now: ada, site: silent, target: "/auth/login?prompt=login", answer: george, want: asks},
		{name: "own click on accounts", now: ada, site: own, target: "/auth/accounts", answer: george, want: asks},
		{name: "own click on accounts, with force", now: ada, site: own, target: "/auth/accounts?force=1", answer: george, want: asks},
		{name: "own click on an account", now: ada, site: own, target: "/auth/login?account=org_widgets", answer: george, want: asks},
		{name: "own click on profile", now: ada, site: own, target: "/auth/profile", answer: george, want: asks},
		{name: "own click on login", now: ada, site: own, target: "/auth/login", answer: george, want: asks},
		{name: "own click on signup", now: ada, site: own, target: "/auth/signup", answer: george, want: asks},
		{name: "own click on a signup by invitation", now: ada, site: own, target: "/auth/signup?invitation=nvt_x", answer: george, want: asks},
		{name: "own click on a login with prompt=none", now: ada, site: own, target: "/auth/login?prompt=none", answer: george, want: asks},
		{name: "own click on a login with the form twice", now: ada, site: own, target: "/auth/login?prompt=login&prompt=login", answer: george, want: asks},
		{name: "own click on a login whose target asks for the form", now: ada, site: own, target: "/auth/login?return_to=/x?a=b&prompt=login", answer: george, want: asks},
		{name: "own click on a profile with prompt=login", now: ada, site: own, target: "/auth/profile?prompt=login", answer: george, want: asks},
		{name: "own click on a login with the form", now: ada, site: own, target: "/auth/login?prompt=login", answer: george, want: takes},
		{name: "own click on a login with the form, for an account", now: ada, site: own, target: "/auth/login?prompt=login&account=org_x", answer: george, want: takes},

		// The same user, in another account.
		{name: "another site starts a login to an account", now: ada, site: other, target: "/auth/login?account=org_widgets", answer: adaWidgets, want: asks},
		{name: "another site leads to the account selector, another account", now: ada, site: other, target: "/auth/accounts?force=1", answer: adaWidgets, want: asks},
		{name: "a sibling starts a login to an account", now: ada, site: sibling, target: "/auth/login?account=org_widgets", answer: adaWidgets, want: asks},
		{name: "a bookmark of a login to an account", now: ada, site: typed, target: "/auth/login?account=org_widgets", answer: adaWidgets, want: asks},
		{name: "a browser that does not say, a login to an account", now: ada, site: silent, target: "/auth/login?account=org_widgets", answer: adaWidgets, want: asks},
		{name: "own click on login, another account", now: ada, site: own, target: "/auth/login", answer: adaWidgets, want: asks},
		{name: "own click on profile, another account", now: ada, site: own, target: "/auth/profile?account=org_widgets", answer: adaWidgets, want: asks},
		{name: "own click on signup, another account", now: ada, site: own, target: "/auth/signup", answer: adaWidgets, want: asks},
		{name: "own click on a login whose target has an account", now: ada, site: own, target: "/auth/login?return_to=/x?a=b&account=org_widgets", answer: adaWidgets, want: asks},
		{name: "own click on accounts, another account", now: ada, site: own, target: "/auth/accounts", answer: adaWidgets, want: takes},
		{name: "own click on switch accounts", now: ada, site: own, target: "/auth/accounts?return_to=%2Fx&force=1", answer: adaWidgets, want: takes},
		{name: "own click on an account, another account", now: ada, site: own, target: "/auth/login?account=org_widgets", answer: adaWidgets, want: takes},
		{name: "own click on a login with the form, another account", now: ada, site: own, target: "/auth/login?prompt=login", answer: adaWidgets, want: takes},

		// The same user in the same account.
		{name: "another site starts a login, nothing changes", now: ada, site: other, target: "/auth/login", answer: ada, want: takes},
		{name: "a bookmark of accounts, nothing changes", now: ada, site: typed, target: "/auth/accounts", answer: ada, want: takes},
		{name: "own click on profile, nothing changes", now: ada, site: own, target: "/auth/profile", answer: ada, want: takes},

		// Nobody is signed in, or not any more: started logins ask nobody.
		{name: "a mail link to a gate", site: typed, target: "/gate/report?id=7", answer: ada, want: takes},
		{name: "a link of webmail to a gate", site: other, target: "/gate/report?id=7", answer: ada, want: takes},
		{name: "a bookmark of a gate", site: typed, target: "/gate/", answer: ada, want: takes},
		{name: "a link from another site to a gate", site: other, target: "/gate/", answer: ada, want: takes},
		{name: "a link from a sibling to a gate", site: sibling, target: "/gate/", answer: ada, want: takes},
		{name: "a gate, a browser that does not say", site: silent, target: "/gate/", answer: ada, want: takes},
		{name: "a gate, an expired cookie", now: expired, site: own, target: "/gate/", answer: ada, want: takes},
		{name: "a gate, an expired cookie, by another site", now: expired, site: other, target: "/gate/", answer: ada, want: takes},
		{name: "a gate, an expired cookie, another account", now: expired, site: typed, target: "/gate/", answer: adaWidgets, want: takes},
		{name: "a gate, an expired cookie, another user", now: expired, site: typed, target: "/gate/", answer: george, want: takes},
		{name: "a first login", site: own, target: "/auth/login", answer: ada, want: takes},
		{name: "a first login, by another site", site: other, target: "/auth/login", answer: ada, want: takes},
		{name: "a bookmark of the login", site: typed, target: "/auth/login", answer: ada, want: takes},
		{name: "a signup", site: own, target: "/auth/signup", answer: ada, want: takes},
		{name: "a signup by an invitation, through a mail of the app's own", site: other, target: "/auth/signup?invitation=nvt_x", answer: ada, want: takes},
		{name: "a login to an account, by a mail of the app's own", site: other, target: "/auth/login?account=org_widgets", answer: adaWidgets, want: takes},

		// Somebody is signed in: links to gates start nothing.
		{name: "a mail link to a gate, signed in", now: ada, site: typed, target: "/gate/report?id=7", want: keeps},
		{name: "a link from another site to a gate, signed in", now: ada, site: other, target: "/gate/", want: keeps},
		{name: "a bookmark of a gate, signed in", now: ada, site: typed, target: "/gate/", want: keeps},

		// Logins that were not started here.
		{name: "a link with somebody's token, nobody signed in", site: other, target: "/x?token=" + george, want: asks},
		{name: "an invitation of LoginRocket, nobody signed in", site: other, target: "/?token=" + ada, want: asks},
		{name: "a link with somebody's token", now: ada, site: other, target: "/x?token=" + george, want: asks},
		{name: "a link of an own page with somebody's token", now: ada, site: own, target: "/x?token=" + george, want: asks},
		{name: "a link to the callback with somebody's token", now: ada, site: other, target: "/auth/callback?token=" + george, want: asks},
		{name: "a link with a token of another account", now: ada, site: other, target: "/x?token=" + adaWidgets, want: asks},
		{name: "LoginRocket's own link back, nothing changes", now: ada, site: other, target: "/x?token=" + ada, want: takes},

		// DangerouslyAcceptUnsolicitedLogins.
		{name: "dangerously: another site starts a login", dangerously: true, now: ada, site: other, target: "/auth/login", answer: george, want: takes},
		{name: "dangerously: another site starts a login to an account", dangerously: true, now: ada, site: other, target: "/auth/login?account=org_widgets", answer: adaWidgets, want: takes},
		{name: "dangerously: a link with somebody's token", dangerously: true, now: ada, site: other, target: "/x?token=" + george, want: takes},
		{name: "dangerously: a link with somebody's token, nobody signed in", dangerously: true, site: other, target: "/x?token=" + george, want: takes},
	} {
		t.Run(row.name, func(t *testing.T) {
			at := s
			if row.dangerously {
				at = careless
			}
			v := at.visitor(t, row.now)
			v.token = func() string {
				if row.answer == "" {
					t.Error("LoginRocket was asked")
				}
				return row.answer
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
	v := s.signedInAs(t, s.ada)
	v.token = func() string { return eve }
	for _, step := range []struct{ site, target string }{
		{site: "cross-site", target: "/auth/login?return_to=/manage"}, {site: "same-origin", target: "/auth/accounts"}, {site: "same-origin", target: "/auth/profile"}, {site: "cross-site", target: "/gate/"},
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
	for _, row := range []struct{ name, token, want string }{
		{name: "the same user", token: s.realm.Token(s.ada), want: "/gate/late"},
		{name: "another user", token: s.realm.Token(s.george), want: "/auth/confirm"},
	} {
		t.Run(row.name, func(t *testing.T) {
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

// A rule that answers 401 refuses a session that verified. Were its cookie cleared,
// the login that follows would find nobody signed in, and ask nobody.
func TestARuleDoesNotSignOut(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	stepUp := func(context.Context, authrocket.Session) error { return authrocket.ErrUnauthenticated }
	app := s.auth.Authenticate(s.auth.Require(stepUp)(whoami))
	v := &visitor{t: t, app: app, jar: map[string]*http.Cookie{siteCookie: {Value: s.realm.Token(s.george), Expires: time.Now().Add(time.Hour)}}}
	back := redirectURIOf(t, v.visit("cross-site", "/x").Header().Get("Location"))
	w := v.visit("cross-site", started{back: back}.callback(s.realm.Token(s.ada)))
	if got := w.Header().Get("Location"); w.Code != 303 || got != "/auth/confirm" {
		t.Errorf("LoginRocket answers with another user: got %d %q, want a question", w.Code, got)
	}
}
