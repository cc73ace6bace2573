package browsertest_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/authrocketdev"
	"github.com/authrocket-go/authrocket/authrockettest"
)

// TestPages looks at each page that the package shows itself, and sees that it
// leads on.
func TestPages(t *testing.T) {
	t.Parallel()
	start := func(t *testing.T) (loginRocket, *app, *browser) {
		t.Helper()
		lr := startLoginRocket(t, func(string, *authrockettest.RealmConfig, *authrocketdev.Config) {})
		addUser(lr.realm, "ada@example.com", nil)
		return lr, startApp(t, lr), newBrowser(t)
	}

	t.Run("a logout that another site asks for shows a button", func(t *testing.T) {
		t.Parallel()
		_, app, b := start(t)
		b.open(app.url + "/manage")
		b.logIn("ada@example.com")
		attacker := startSite(t, "localhost")
		attacker.show("/", fmt.Sprintf(`<a href="%s/auth/logout">Look at this</a>`, app.url))
		b.open(attacker.url + "/")
		b.follow("Look at this")
		b.wantText("Sign out?")
		b.look("app-logout")
		b.follow("Stay signed in")
		b.wantText("Signed in: ada@example.com.")
		b.open(attacker.url + "/")
		b.follow("Look at this")
		b.do(clickOn(labelled("Sign out")))
		b.waitText("Signed in: .")
		b.wantURL(app.url + "/")
	})

	t.Run("a form leads on to another origin", func(t *testing.T) {
		t.Parallel()
		lr := startLoginRocket(t, func(string, *authrockettest.RealmConfig, *authrocketdev.Config) {})
		ada := addUser(lr.realm, "ada@example.com", nil)
		elsewhere := startSite(t, "localhost")
		elsewhere.show("/arrived", "<h1>Arrived</h1>")
		listener, port := listen(t, "127.0.0.1")
		app := &app{url: "http://127.0.0.1:" + port, away: elsewhere.url + "/arrived"}
		config := lr.realm.Config()
		config.AppURL, config.AfterLogout = app.url, "/away"
		app.start(t, listener, config)
		for _, row := range []struct{ name, link, button string }{
			{name: "a local logout", link: "/auth/logout?local=1", button: "Sign out"},
			{name: "a logout by way of LoginRocket", link: "/auth/logout", button: "Sign out"},
			{name: "a confirmed login", link: "/away?token=" + lr.realm.Token(ada), button: "Continue"},
		} {
			b := newBrowser(t)
			elsewhere.show("/", fmt.Sprintf(`<a href="%s">%s</a>`, app.url+row.link, row.name))
			b.open(elsewhere.url + "/")
			b.follow(row.name)
			b.do(clickOn(labelled(row.button)))
			b.waitURL(app.away)
		}
	})

	t.Run("a confirmation without a login explains itself", func(t *testing.T) {
		t.Parallel()
		_, app, b := start(t)
		b.open(app.url + "/auth/confirm")
		b.look("app-confirm-nothing")
		b.follow("Sign in")
		b.logIn("ada@example.com")
		b.wantText("Signed in: ada@example.com.")
	})

	t.Run("a login that has expired shows both clocks", func(t *testing.T) {
		t.Parallel()
		lr, app, b := start(t)
		lr.realm.ChangeTokens(authrockettest.ClockSkew(-48 * time.Hour))
		b.open(app.url + "/manage")
		b.logIn("ada@example.com")
		b.wantText("We couldn't sign you in", "token_expired", "Expired at", "Clock of this server")
		b.look("app-callback-expired")
		lr.realm.ChangeTokens()
		b.follow("Try again")
		b.wantURL(app.url + "/manage")
		b.wantText("Signed in: ada@example.com.")
	})

	t.Run("a login whose key cannot be fetched goes on by itself when it can", func(t *testing.T) {
		t.Parallel()
		lr, app, b := start(t)
		lr.realm.Break(authrockettest.Status(http.StatusInternalServerError))
		lr.realm.RotateKeys() // the app may have the old key
		b.open(app.url + "/manage?a=1")
		b.logIn("ada@example.com")
		b.wantText("We can't check your sign-in right now", "Please wait. This page tries again by itself.")

		// A browser of which nothing is known sees the same page, which stays.
		other := newBrowser(t)
		other.open(b.url())
		other.wantText("We can't check your sign-in right now", "Wait a few seconds, then reload this page.")
		other.look("app-callback-unavailable")

		lr.realm.Repair()
		b.waitURL(app.url + "/manage?a=1")
		b.waitText("Signed in: ada@example.com.")
	})

	t.Run("a login that the app refuses leads to another account", func(t *testing.T) {
		t.Parallel()
		lr := startLoginRocket(t, func(string, *authrockettest.RealmConfig, *authrocketdev.Config) {})
		addUser(lr.realm, "ada@example.com", nil)
		addUser(lr.realm, "george@example.com", nil)
		app := startApp(t, lr, func(_ *app, c *authrocket.Config) {
			c.OnLogin = func(_ *http.Request, s authrocket.Session) error {
				if s.User.Email == "ada@example.com" {
					return errors.New("ada is no customer")
				}
				return nil
			}
		})
		b := newBrowser(t)
		b.open(app.url + "/manage")
		b.logIn("ada@example.com")
		b.wantText("We couldn't sign you in", "You can't use this app with this sign-in")
		b.look("app-callback-refused")
		b.follow("Sign in as somebody else")
		b.logIn("george@example.com")
		b.wantURL(app.url + "/manage")
		b.wantText("Signed in: george@example.com.")
	})

	t.Run("a login that began at another address of the app says so", func(t *testing.T) {
		t.Parallel()
		_, app, b := start(t)
		b.open(strings.Replace(app.url, "127.0.0.1", "app.shop.test", 1) + "/manage")
		b.logIn("ada@example.com")
		b.wantURL(app.url + "/auth/confirm")
		b.wantText("not at "+app.url, "ada@example.com")
		b.look("confirm-elsewhere")
		b.follow("Continue")
		b.wantText("Signed in: ada@example.com.")
	})

	t.Run("a large sign-in of which a part is missing is explained", func(t *testing.T) {
		t.Parallel()
		lr, app, b := start(t)
		addUser(lr.realm, "large@example.com", map[string]any{"note": strings.Repeat("x", 6_000)})
		b.open(app.url + "/manage")
		b.logIn("large@example.com")
		b.wantText("Signed in: large@example.com.")
		b.deleteCookie(app.url, "arToken.1")
		b.open(app.url + "/manage")
		b.wantText("A part of your sign-in is missing")
		b.look("app-incomplete")
		b.follow("Sign in again")
		b.wantURL(app.url + "/manage")
		b.wantText("Signed in: large@example.com.")
	})

	t.Run("a login that is too large gets a page", func(t *testing.T) {
		t.Parallel()
		lr, app, b := start(t)
		addUser(lr.realm, "huge@example.com", map[string]any{"note": strings.Repeat("x", 30_000)})
		b.open(app.url + "/manage")
		b.logIn("huge@example.com")
		b.wantText("token_too_large")
		b.look("app-callback-too-large")
	})

	t.Run("a login that never helps ends on a page with a way out", func(t *testing.T) {
		t.Parallel()
		_, app, b := start(t)
		b.open(app.url + "/never")
		b.logIn("ada@example.com")
		b.wantText("We couldn't sign you in")
		b.look("app-login-loop")
		b.do(clickOn(labelled("Sign out")))
		b.waitText("Signed in: .")
	})

	t.Run("another account's page leads to the selector", func(t *testing.T) {
		t.Parallel()
		lr, app, b := start(t)
		b.open(app.url + "/manage")
		b.logIn("ada@example.com")
		b.open(app.url + "/orgs/org_of_somebody_else/")
		b.wantText("This belongs to another account")
		b.look("app-wrong-org")
		b.follow("Switch accounts")
		if got := b.url(); !strings.HasPrefix(got, lr.url+"/accounts?") {
			t.Errorf("the link leads to %s, want the selector", brief(got))
		}
	})

	t.Run("cookies of two users get an explanation", func(t *testing.T) {
		t.Parallel()
		lr, app, b := start(t)
		grace := addUser(lr.realm, "grace@example.com", nil)
		b.open(app.url + "/manage")
		b.logIn("ada@example.com")
		ask(b, call(network.SetCookie, network.SetCookieParams{Name: "arToken", Value: lr.realm.Token(grace), URL: app.url, Path: "/manage"}))
		b.open(app.url + "/manage")
		b.wantText("Conflicting sign-ins")
		b.look("app-conflicting")
	})

	t.Run("a frame gets a link out of it", func(t *testing.T) {
		t.Parallel()
		lr, app, b := start(t)
		attacker := startSite(t, "127.0.0.1")
		attacker.show("/", fmt.Sprintf(`<h1>Portal</h1><iframe title="App" style="width: 100%%; height: 420px; border: 0" src="%s/manage"></iframe>`, app.url))
		b.open(attacker.url + "/")
		b.look("app-framed")
		frame := ask(b, chromedp.Nodes(chromedp.CSS("iframe")))[0]
		b.do(chromedp.Click(chromedp.CSS("a"), chromedp.FromNode(frame)))
		b.waitURL(lr.url + "/login?")
	})

	t.Run("an address that is not of this computer gets a page", func(t *testing.T) {
		t.Parallel()
		lr, _, b := start(t)
		listener, port := listen(t, "127.0.0.1")
		config := lr.realm.Config()
		config.AppURL = ""
		(&app{}).start(t, listener, config)
		b.open("http://app.shop.test:" + port + "/auth/login")
		b.wantText("Signing in does not work at this address")
		if got := ask(b, chromedp.Evaluate[string]("getComputedStyle(document.querySelector('main').lastElementChild).marginBottom")); got != "0px" {
			t.Errorf("below the text there are %s more than above it, want none", got)
		}
		b.look("app-wrong-host")
	})
}
