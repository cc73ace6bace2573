package browsertest_test

import (
	"cmp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"

	"github.com/authrocket-go/authrocket/authrocketdev"
	"github.com/authrocket-go/authrocket/authrockettest"
)

// household is an app with three users, one LoginRocket, and a website that tries to
// change who is signed in.
type household struct {
	lr       loginRocket
	app      *app
	attacker *site

	ada, george, eve authrockettest.User
	widgets          authrockettest.Org // the second account of ada
}

func startHousehold(t *testing.T) household {
	t.Helper()
	requireChromium(t)
	h := household{lr: startLoginRocket(t, func(string, *authrockettest.RealmConfig, *authrocketdev.Config) {})}
	h.ada = addUser(h.lr.realm, "ada@example.com", nil)
	h.george = addUser(h.lr.realm, "george@example.com", nil)
	h.eve = addUser(h.lr.realm, "eve@example.com", nil)
	h.widgets = h.lr.realm.AddOrg(authrockettest.Org{Name: "Widgets"})
	h.lr.realm.AddMembership(h.ada, h.widgets)
	h.app = startApp(t, h.lr)
	h.attacker = startSite(t, "127.0.0.3") // cross-site to the app and to LoginRocket
	return h
}

// signedInAs returns a browser in which a user has signed in to the app.
func (h household) signedInAs(t *testing.T, user authrockettest.User) *browser {
	t.Helper()
	b := newBrowser(t)
	b.open(h.app.url + "/manage")
	b.logIn(user.Email)
	if strings.HasPrefix(b.url(), h.lr.url+"/accounts?") {
		b.follow("Account of " + strings.ToLower(user.FirstName))
	}
	b.wantURL(h.app.url + "/manage")
	b.wantText("Signed in: "+user.Email+".", "Account: Account of "+strings.ToLower(user.FirstName)+".")
	return b
}

// fromElsewhere is a navigation that the attacker's website causes.
func (h household) fromElsewhere(b *browser, url string) {
	b.t.Helper()
	b.open(h.attacker.url + "/")
	b.leadTo(url)
}

// swapSession makes LoginRocket hold a session of eve in the browser.
func (h household) swapSession(b *browser) {
	b.t.Helper()
	session, err := h.lr.realm.StartSession(h.eve.ID)
	if err != nil {
		b.t.Fatal(err)
	}
	h.fromElsewhere(b, h.lr.url+"/logout")
	h.fromElsewhere(b, h.lr.url+"/profile?session="+session.ID)
	b.wantText("eve@example.com") // otherwise this is no attack
}

// TestChangesOfWhoIsSignedInAsk is about logins that were started here and come
// back as somebody else, or in another account.
func TestChangesOfWhoIsSignedInAsk(t *testing.T) {
	t.Parallel()
	h := startHousehold(t)
	for _, row := range []struct {
		name       string
		user       authrockettest.User
		do         func(t *testing.T, b *browser)
		who, where string // whom and which account the question is about
	}{
		{name: "another site swaps LoginRocket's session and links to the login", user: h.george, do: func(t *testing.T, b *browser) {
			h.swapSession(b)
			h.fromElsewhere(b, h.app.url+"/auth/login?return_to=/manage")
		}, who: "eve@example.com", where: "Account of eve"},
		{name: "another site swaps the session, and george clicks on accounts", user: h.george, do: func(t *testing.T, b *browser) {
			h.swapSession(b)
			b.open(h.app.url + "/manage")
			b.follow("Accounts")
		}, who: "eve@example.com", where: "Account of eve"},
		{name: "another site swaps the session, and george comes back from the profile", user: h.george, do: func(t *testing.T, b *browser) {
			h.swapSession(b)
			b.open(h.app.url + "/manage")
			b.follow("Profile")
			b.follow("Done, back to the app")
		}, who: "eve@example.com", where: "Account of eve"},
		{name: "another site links to a login with prompt=login", user: h.george, do: func(t *testing.T, b *browser) {
			h.fromElsewhere(b, h.app.url+"/auth/login?prompt=login&return_to=/manage")
			b.logIn("eve@example.com")
		}, who: "eve@example.com", where: "Account of eve"},
		{name: "another site links to the login for another account", user: h.ada, do: func(t *testing.T, b *browser) {
			h.fromElsewhere(b, h.app.url+"/auth/login?account="+h.widgets.ID)
		}, who: "ada@example.com", where: "Widgets"},
		{name: "another site links to the accounts", user: h.ada, do: func(t *testing.T, b *browser) {
			h.fromElsewhere(b, h.app.url+"/auth/accounts?return_to=/manage")
			b.follow("Widgets")
		}, who: "ada@example.com", where: "Widgets"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			b := h.signedInAs(t, row.user)
			row.do(t, b)
			b.wantURL(h.app.url + "/auth/confirm")
			what := "This changes who is signed in here."
			if row.who == row.user.Email {
				what = "This moves you to another account."
			}
			b.wantText(what, row.who, row.where, row.user.Email)

			// Without an answer, nothing has changed.
			b.open(h.app.url + "/")
			b.wantText("Signed in: "+row.user.Email+".", "Account: Account of "+strings.ToLower(row.user.FirstName)+".")

			b.open(h.app.url + "/auth/confirm")
			b.follow("Continue")
			b.wantText("Signed in: "+row.who+".", "Account: "+row.where+".")
		})
	}
}

// TestLoginsThatDoNotAsk is about logins that change nothing, or only what the
// person asked for in a page of the app.
func TestLoginsThatDoNotAsk(t *testing.T) {
	t.Parallel()
	h := startHousehold(t)
	for _, row := range []struct {
		name       string
		user       authrockettest.User // who is signed in before; the zero User: nobody
		do         func(t *testing.T, b *browser)
		who, where string
		url        string // "": /manage
	}{
		{name: "a first login", do: func(t *testing.T, b *browser) {
			b.open(h.app.url + "/manage")
			b.logIn("george@example.com")
		}, who: "george@example.com", where: "Account of george"},
		{name: "another site's link to a gated page, with nobody signed in", do: func(t *testing.T, b *browser) {
			h.fromElsewhere(b, h.app.url+"/manage")
			b.logIn("george@example.com")
		}, who: "george@example.com", where: "Account of george"},
		{name: "another site's link to a gated page", user: h.george, do: func(t *testing.T, b *browser) {
			h.fromElsewhere(b, h.app.url+"/manage")
		}, who: "george@example.com", where: "Account of george"},
		{name: "another site's link to the login", user: h.george, do: func(t *testing.T, b *browser) {
			h.fromElsewhere(b, h.app.url+"/auth/login?return_to=/manage")
		}, who: "george@example.com", where: "Account of george"},
		{name: "a bookmark or a link in a mail, with a session at LoginRocket only", user: h.george, do: func(t *testing.T, b *browser) {
			b.deleteCookie(h.app.url, "arToken")
			b.open(h.app.url + "/manage")
		}, who: "george@example.com", where: "Account of george"},
		{name: "an expired cookie", user: h.george, do: func(t *testing.T, b *browser) {
			expired := h.lr.realm.Token(h.george, authrockettest.ExpiresIn(-time.Minute))
			ask(b, call(network.SetCookie, network.SetCookieParams{Name: "arToken", Value: expired, URL: h.app.url, Path: "/"}))
			b.open(h.app.url + "/manage")
		}, who: "george@example.com", where: "Account of george"},
		{name: "an account switch by the selector", user: h.ada, do: func(t *testing.T, b *browser) {
			b.follow("Accounts")
			b.follow("Widgets")
		}, who: "ada@example.com", where: "Widgets"},
		{name: "an account switch by a link of the app", user: h.ada, do: func(t *testing.T, b *browser) {
			b.leadTo(h.app.url + "/auth/login?account=" + h.widgets.ID + "&return_to=/manage")
		}, who: "ada@example.com", where: "Widgets"},
		{name: "a page whose own query speaks of accounts", user: h.ada, do: func(t *testing.T, b *browser) {
			b.leadTo(h.app.url + "/auth/login?return_to=/manage?a=1&account=" + h.widgets.ID + "&prompt=login")
		}, who: "ada@example.com", where: "Account of ada", url: "/manage?a=1&account=" + h.widgets.ID + "&prompt=login"},
		{name: "the profile", user: h.ada, do: func(t *testing.T, b *browser) {
			b.follow("Profile")
			b.follow("Done, back to the app")
		}, who: "ada@example.com", where: "Account of ada"},
		{name: "another user by prompt=login", user: h.george, do: func(t *testing.T, b *browser) {
			b.follow("Another user")
			b.logIn("eve@example.com")
		}, who: "eve@example.com", where: "Account of eve"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			b := newBrowser(t)
			if row.user.ID != "" {
				b = h.signedInAs(t, row.user)
			}
			row.do(t, b)
			b.wantURL(h.app.url + cmp.Or(row.url, "/manage"))
			b.wantText("Signed in: "+row.who+".", "Account: "+row.where+".")
		})
	}
}

func (b *browser) deleteCookie(url, name string) {
	b.t.Helper()
	ask(b, call(network.DeleteCookies, network.DeleteCookiesParams{Name: name, URL: url}))
	for _, c := range b.cookies(url) {
		if c.Name == name {
			b.t.Fatalf("the browser still has the cookie %s", name)
		}
	}
}
