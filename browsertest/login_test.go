package browsertest_test

import (
	"strings"
	"testing"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"github.com/authrocket-go/authrocket/authrocketdev"
	"github.com/authrocket-go/authrocket/authrockettest"
)

// demo is a LoginRocket with a user, and the quickstart as its app.
func startDemo(t *testing.T) (lr loginRocket, app string) {
	t.Helper()
	lr = startLoginRocket(t, func(url string, realm *authrockettest.RealmConfig, _ *authrocketdev.Config) {
		app = startQuickstart(t, "127.0.0.1", url)
		realm.LoginURLs = []string{app + "/"}
	})
	addUser(lr.realm, "ada@example.com", nil)
	warmUp(t, app, lr.realm)
	return lr, app
}

const password = "analytical"

// addUser adds a user who owns an account.
func addUser(realm *authrockettest.Realm, email string, custom map[string]any) authrockettest.User {
	name, _, _ := strings.Cut(email, "@")
	user := realm.AddUser(authrockettest.User{Email: email, Password: password, FirstName: strings.ToUpper(name[:1]) + name[1:], Custom: custom})
	realm.AddMembership(user, realm.AddOrg(authrockettest.Org{Name: "Account of " + name}), "ar:owner", "billing:write")
	return user
}

// logIn fills in LoginRocket's form, which the browser has to be at.
func (b *browser) logIn(email string) {
	b.t.Helper()
	b.fill("main", map[string]string{"email": email, "password": password})
	b.follow("Log in")
}

func TestLogin(t *testing.T) {
	t.Parallel()

	t.Run("leads to the page that was asked for, byte for byte", func(t *testing.T) {
		t.Parallel()
		_, app := startDemo(t)
		b := newBrowser(t)
		target := app + "/manage?a=%7E(b)~%20c+d&empty&e=%C3%A9&a=2"
		b.open(target)
		b.logIn("ada@example.com")
		b.wantURL(target)
		b.wantText("Ada", "Account of ada")

		// A reload asks for that page, not for the callback again.
		b.navigate(chromedp.Reload())
		b.wantURL(target)
		b.wantText("Ada")

		// Going back leads over no callback: the token is not in the history.
		b.open(app + "/")
		b.goBack(target)
		b.waitText("Ada")
		for _, entry := range ask(b, chromedp.NavigationEntries()).Entries {
			if strings.Contains(entry.URL, "token=") {
				t.Errorf("the history has %s", brief(entry.URL))
			}
		}
	})

	t.Run("in two tabs at once", func(t *testing.T) {
		t.Parallel()
		_, app := startDemo(t)
		one := newBrowser(t)
		two := one.newTab()
		one.open(app + "/manage?tab=1")
		two.open(app + "/manage?tab=2")
		two.logIn("ada@example.com")
		two.wantURL(app + "/manage?tab=2")
		one.logIn("ada@example.com")
		one.wantURL(app + "/manage?tab=1")
		one.wantText("Ada")
	})

	t.Run("with a token of 12 KB", func(t *testing.T) {
		t.Parallel()
		lr, app := startDemo(t)
		addUser(lr.realm, "large@example.com", map[string]any{"note": strings.Repeat("x", 9_000)})
		b := newBrowser(t)
		b.open(app + "/manage")
		b.logIn("large@example.com")
		b.wantURL(app + "/manage")
		b.wantText("Large")
		b.navigate(chromedp.Reload())
		b.wantText("Large")
		if size := b.sessionCookieBytes(app); size < 12_000 {
			t.Errorf("the session cookies have %d bytes, which is no token of 12 KB", size)
		}
		// Nothing of it stays behind: not a chunk.
		b.signOut()
		if size := b.sessionCookieBytes(app); size != 0 {
			t.Errorf("after the logout the session cookies have %d bytes", size)
		}
	})

	t.Run("leaves no token in a page", func(t *testing.T) {
		t.Parallel()
		_, app := startDemo(t)
		b := newBrowser(t)
		b.open(app + "/manage")
		b.logIn("ada@example.com")
		if page := ask(b, chromedp.OuterHTML(chromedp.CSS("html"))); strings.Contains(page, "eyJ") {
			t.Error("the page has a token in it")
		}
		if cookies := ask(b, chromedp.Evaluate[string]("document.cookie")); cookies != "" {
			t.Errorf("scripts can read the cookies %q", cookies)
		}
	})
}

// sessionCookieBytes is how long the values of the app's session cookies are.
func (b *browser) sessionCookieBytes(app string) int {
	b.t.Helper()
	size := 0
	for _, c := range b.cookies(app) {
		if strings.Contains(c.Name, "arToken") && !strings.Contains(c.Name, "state") {
			size += len(c.Value)
		}
	}
	return size
}

func (b *browser) cookies(url string) []*network.Cookie {
	b.t.Helper()
	return ask(b, call(network.GetCookies, network.GetCookiesParams{URLs: []string{url}})).Cookies
}
