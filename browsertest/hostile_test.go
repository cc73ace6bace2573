package browsertest_test

import (
	"fmt"
	"html"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/authrocketdev"
	"github.com/authrocket-go/authrocket/authrockettest"
)

// startApp serves an app of the realm in the test's own process, on 127.0.0.1.
func startApp(t *testing.T, lr loginRocket, changes ...func(*app, *authrocket.Config)) *app {
	t.Helper()
	listener, port := listen(t, "127.0.0.1")
	a := &app{url: "http://127.0.0.1:" + port}
	config := lr.realm.Config()
	config.AppURL = a.url
	config.Observer = authrocket.SilentObserver()
	for _, change := range changes {
		change(a, &config)
	}
	a.start(t, listener, config)
	return a
}

// attackers are the websites that a victim may visit: one that is cross-site to
// the app, and one on the app's own site, but of another origin.
func attackers(t *testing.T) map[string]*site {
	t.Helper()
	return map[string]*site{
		"another site":                         startSite(t, "localhost"),
		"another origin of the app's own site": startSite(t, "127.0.0.1"),
	}
}

// TestForgedCallback is about links to the app with a login token of the attacker
// in them.
func TestForgedCallback(t *testing.T) {
	t.Parallel()
	lr := startLoginRocket(t, func(string, *authrockettest.RealmConfig, *authrocketdev.Config) {})
	addUser(lr.realm, "ada@example.com", nil)
	mallory := addUser(lr.realm, "mallory@example.com", nil)
	app := startApp(t, lr)

	for name, attacker := range attackers(t) {
		link := app.url + "/manage?token=" + lr.realm.Token(mallory)
		attacker.show("/", fmt.Sprintf(`<a href="%s">Look at this</a>`, html.EscapeString(link)))

		t.Run("of "+name+" signs nobody in", func(t *testing.T) {
			t.Parallel()
			victim := newBrowser(t)
			victim.open(attacker.url + "/")
			victim.follow("Look at this")
			victim.wantURL(app.url + "/auth/confirm")
			victim.wantText("Mallory", "mallory@example.com")
			victim.look("confirm")
			victim.open(app.url + "/")
			victim.wantText("Signed in: .")
		})

		t.Run("of "+name+" leaves the victim signed in after Cancel", func(t *testing.T) {
			t.Parallel()
			victim := newBrowser(t)
			victim.open(app.url + "/manage")
			victim.logIn("ada@example.com")
			victim.wantText("Signed in: ada@example.com.")
			victim.open(attacker.url + "/")
			victim.follow("Look at this")
			victim.wantURL(app.url + "/auth/confirm")
			victim.wantText("mallory@example.com", "ada@example.com")
			victim.look("confirm-change")
			victim.follow("Cancel")
			victim.open(app.url + "/manage")
			victim.wantText("Signed in: ada@example.com.")
		})

		t.Run("of "+name+" signs in after Continue, and leaves no token", func(t *testing.T) {
			t.Parallel()
			visitor := newBrowser(t)
			visitor.open(attacker.url + "/")
			visitor.follow("Look at this")
			if page := ask(visitor, chromedp.OuterHTML(chromedp.CSS("html"))); strings.Contains(page, "eyJ") {
				t.Error("the page has a token in it")
			}
			visitor.follow("Continue")
			visitor.open(app.url + "/manage")
			visitor.wantText("Signed in: mallory@example.com.")
			visitor.wantNoTokenInHistory()
		})

		t.Run("cannot be confirmed by "+name, func(t *testing.T) {
			t.Parallel()
			victim := newBrowser(t)
			victim.open(link)
			victim.wantURL(app.url + "/auth/confirm")
			// The attacker knows the form, and even what it carries.
			form := ask(victim, chromedp.OuterHTML(chromedp.CSS("form")))
			form = strings.ReplaceAll(form, `action="`, `action="`+app.url)
			attacker.show("/confirm", form+`<script>document.querySelector("form button").click()</script>`)
			victim.open(attacker.url + "/confirm")
			victim.waitURL(app.url + "/auth/confirm")
			victim.waitText("This form was refused")
			victim.open(app.url + "/")
			victim.wantText("Signed in: .")
		})
	}

	t.Run("in a frame signs nobody in", func(t *testing.T) {
		t.Parallel()
		attacker := startSite(t, "localhost")
		attacker.show("/", fmt.Sprintf(`<iframe src="%s/?token=%s"></iframe>`, app.url, lr.realm.Token(mallory)))
		victim := newBrowser(t)
		victim.open(attacker.url + "/")
		victim.open(app.url + "/")
		victim.wantText("Signed in: .")
	})
}

// wantNoTokenInHistory looks at all that the back button can lead to.
func (b *browser) wantNoTokenInHistory() {
	b.t.Helper()
	for _, entry := range ask(b, chromedp.NavigationEntries()).Entries {
		if strings.Contains(entry.URL, "token=") {
			b.t.Errorf("the history has %s", brief(entry.URL))
		}
	}
}

// TestForgedRequests is about requests that another website makes the victim's
// browser send, with the victim's cookie.
func TestForgedRequests(t *testing.T) {
	t.Parallel()
	lr := startLoginRocket(t, func(string, *authrockettest.RealmConfig, *authrocketdev.Config) {})
	addUser(lr.realm, "ada@example.com", nil)
	app := startApp(t, lr)

	for name, attacker := range attackers(t) {
		t.Run("of "+name, func(t *testing.T) {
			t.Parallel()
			attacker.show("/form", fmt.Sprintf(`<form method="post" action="%s/form"><button>Win</button></form>`, app.url))
			attacker.show("/scripts", `<p id="done"></p>`)
			victim := newBrowser(t)
			victim.open(app.url + "/manage")
			victim.logIn("ada@example.com")
			victim.wantText("Signed in: ada@example.com.")

			victim.open(attacker.url + "/form")
			victim.follow("Win")
			victim.wantText("Signed in: .")

			victim.open(attacker.url + "/scripts")
			for _, script := range []string{
				`fetch(URL + "/fetch", {method: "POST", credentials: "include", mode: "no-cors", body: "x"})`,
				`new Promise(done => { const s = new WebSocket(URL.replace("http", "ws") + "/socket"); s.onopen = s.onerror = s.onclose = done })`,
			} {
				script = fmt.Sprintf(`(async () => { const URL = %q; await %s; return true })()`, app.url, script)
				ask(victim, chromedp.Evaluate[bool](script, chromedp.EvalAwaitPromise))
			}

			for _, path := range []string{"/form", "/fetch", "/socket"} {
				came := app.visits(func(v visit) bool { return v.path == path && v.header.Get("Origin") == attacker.url })
				if len(came) != 1 {
					t.Errorf("%s: the app has seen %d requests, want 1", path, len(came))
				}
				for _, v := range came {
					if v.user != "" {
						t.Errorf("%s %s came with the session of %s", v.method, path, v.user)
					}
				}
			}

			// The victim is still signed in, and the app's own pages can do all of it.
			victim.open(app.url + "/manage")
			victim.wantText("Signed in: ada@example.com.")
			ask(victim, chromedp.Evaluate[bool](`fetch("/own", {method: "POST"}).then(() => true)`, chromedp.EvalAwaitPromise))
			if own := app.visits(func(v visit) bool { return v.path == "/own" && v.user == "ada@example.com" }); len(own) == 0 {
				t.Error("a request of the app's own page has no session")
			}
		})
	}
}

// TestHTTPS is about an app on a site with a hostile sibling, which may set
// cookies for the whole site.
func TestHTTPS(t *testing.T) {
	t.Parallel()

	t.Run("a cookie of a sibling signs nobody in", func(t *testing.T) {
		t.Parallel()
		s := startShop(t)
		victim := newBrowser(t)
		victim.open(s.evil)
		victim.tossCookies(s.lr.realm.Token(s.mallory))
		victim.open(s.app.url + "/")
		victim.wantText("Signed in: .")
		victim.open(s.app.url + "/manage")
		victim.logIn("ada@example.com")
		victim.wantURL(s.app.url + "/manage")
		victim.wantText("Signed in: ada@example.com.")
	})

	t.Run("a cookie of a sibling locks nobody out", func(t *testing.T) {
		t.Parallel()
		s := startShop(t)
		victim := newBrowser(t)
		victim.open(s.app.url + "/manage")
		victim.logIn("ada@example.com")
		for _, value := range []string{s.lr.realm.Token(s.mallory), "garbage"} {
			victim.open(s.evil)
			victim.tossCookies(value)
			victim.open(s.app.url + "/manage")
			victim.wantURL(s.app.url + "/manage")
			victim.wantText("Signed in: ada@example.com.")
		}
	})

	t.Run("a cookie of a sibling that signs somebody else in can be cleared", func(t *testing.T) {
		t.Parallel()
		// The name that a sibling can set, as in a takeover of old sessions.
		s := startShop(t, func(c *authrocket.Config) { c.CookieName = "arToken" })
		victim := newBrowser(t)
		victim.open(s.app.url + "/manage")
		victim.logIn("ada@example.com")
		victim.open(s.evil)
		victim.do(chromedp.Evaluate[chromedp.Void](fmt.Sprintf("document.cookie = %q", "arToken="+s.lr.realm.Token(s.mallory)+"; Domain=shop.test; Path=/; Secure")))
		victim.open(s.app.url + "/manage")
		victim.wantText("Conflicting sign-ins")
		victim.follow("Sign out here")
		victim.wantURL(s.app.url + "/manage")
		victim.wantText("Signed in: ada@example.com.") // LoginRocket still knows her
		for _, c := range victim.cookies(s.app.url) {
			if c.Name == "arToken" && c.Domain != "app.shop.test" {
				t.Errorf("a cookie of the domain %s is left", c.Domain)
			}
		}
	})

	t.Run("no token is in a Referer, a page or the history", func(t *testing.T) {
		t.Parallel()
		s := startShop(t)
		visitor := newBrowser(t)
		visitor.open(s.app.url + "/manage?q=1")
		visitor.logIn("ada@example.com")
		visitor.wantURL(s.app.url + "/manage?q=1")
		visitor.open(s.app.url + "/?token=" + s.lr.realm.Token(s.mallory))
		visitor.follow("Cancel")
		visitor.open(s.app.url + "/manage?q=2")
		visitor.wantNoTokenInHistory()
		images := s.images.requestsFor("/pixel")
		if len(images) < 2 {
			t.Fatalf("the other site was asked for %d images, want 2 or more", len(images))
		}
		for _, r := range images {
			if referer := r.Header.Get("Referer"); strings.Contains(referer, "token") || strings.Contains(referer, "ar_state") {
				t.Errorf("the other site gets the Referer %s", brief(referer))
			}
		}
	})
}

// shop is an app on https, with a hostile sibling and LoginRocket elsewhere.
type shop struct {
	lr      loginRocket
	app     *app
	evil    string
	images  *site
	mallory authrockettest.User
}

func startShop(t *testing.T, changes ...func(*authrocket.Config)) shop {
	t.Helper()
	var s shop
	loginListener, loginPort := listenTLS(t)
	appListener, appPort := listenTLS(t)
	evilListener, evilPort := listenTLS(t)
	imageListener, imagePort := listenTLS(t)
	s.app = &app{url: "https://app.shop.test:" + appPort, images: "https://login.test:" + imagePort + "/pixel"}
	s.evil = "https://evil.shop.test:" + evilPort + "/"
	serve(t, evilListener, &site{pages: map[string]string{"/": "<h1>Evil</h1>"}})
	s.images = &site{}
	serve(t, imageListener, s.images)
	s.lr = serveLoginRocket(t, loginListener, "https://login.test:"+loginPort, func(_ string, realm *authrockettest.RealmConfig, _ *authrocketdev.Config) {
		realm.AppURL = s.app.url
	})
	addUser(s.lr.realm, "ada@example.com", nil)
	s.mallory = addUser(s.lr.realm, "mallory@example.com", nil)
	config := authrocket.Config{
		LoginRocketURL: s.lr.url,
		AppURL:         s.app.url,
		RealmID:        s.lr.realm.ID(),
		HTTPClient:     testClient(t),
		Observer:       authrocket.SilentObserver(),
	}
	for _, change := range changes {
		change(&config)
	}
	s.app.start(t, appListener, config)
	return s
}

// tossCookies sets the cookies that the page's site may set for its siblings,
// under every name that the app might read.
func (b *browser) tossCookies(value string) {
	b.t.Helper()
	for _, name := range []string{"__Host-arToken", "arToken", "__Host-arToken.1", "__Secure-arToken", "__host-artoken", " __Host-arToken"} {
		for _, path := range []string{"/", "/manage", "/auth"} {
			script := fmt.Sprintf("document.cookie = %q", fmt.Sprintf("%s=%s; Domain=shop.test; Path=%s; Secure", name, value, path))
			b.do(chromedp.Evaluate[chromedp.Void](script))
		}
	}
	// The attack is one only if some of them are there.
	if got := ask(b, chromedp.Evaluate[string]("document.cookie")); !strings.Contains(got, "arToken=") {
		b.t.Fatal("the sibling could set no cookie")
	}
}
