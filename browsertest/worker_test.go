package browsertest_test

import (
	"fmt"
	"html"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/authrocketdev"
	"github.com/authrocket-go/authrocket/authrockettest"
)

// serviceWorker answers every navigation with what it fetches itself.
const serviceWorker = `
addEventListener("install", () => skipWaiting())
addEventListener("activate", event => event.waitUntil(clients.claim()))
addEventListener("fetch", event => {
	if (event.request.mode === "navigate") event.respondWith(fetch(event.request))
})
`

// register registers the worker and waits until it is in charge of the page.
const register = `(async () => {
	await navigator.serviceWorker.register("/worker.js")
	while (!navigator.serviceWorker.controller) {
		await new Promise(done => navigator.serviceWorker.addEventListener("controllerchange", done, {once: true}))
	}
	return true
})()`

// arrivals are the requests that come to an app, those to the package too.
type arrivals struct {
	mu       sync.Mutex
	requests []*http.Request
}

func (a *arrivals) before(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a.mu.Lock()
		a.requests = append(a.requests, r.Clone(r.Context()))
		a.mu.Unlock()
		next.ServeHTTP(w, r)
	})
}

// of returns those of a method and path, such as "GET /manage".
func (a *arrivals) of(what string) []*http.Request {
	a.mu.Lock()
	defer a.mu.Unlock()
	var found []*http.Request
	for _, r := range a.requests {
		if r.Method+" "+r.URL.Path == what {
			found = append(found, r)
		}
	}
	return found
}

// offlineApp is an app with a service worker, and a browser that has it.
type offlineApp struct {
	*browser
	app *app
	arrivals
}

// startOfflineApp starts an app and a browser. If email is not "", its user is
// signed in before the worker is there.
func startOfflineApp(t *testing.T, lr loginRocket, email string) *offlineApp {
	t.Helper()
	o := &offlineApp{browser: newBrowser(t)}
	o.app = startApp(t, lr, func(a *app, config *authrocket.Config) {
		config.AfterLogout = "/bye"
		a.around = o.before
		a.routes = map[string]http.HandlerFunc{
			"/worker.js": func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "text/javascript")
				fmt.Fprint(w, serviceWorker)
			},
			"/signed-in": func(w http.ResponseWriter, _ *http.Request) {
				fmt.Fprint(w, `<!doctype html><title>App</title><link rel="icon" href="data:,">
					<a href="/auth/logout">Leave</a> <form method="post" action="/auth/logout"><button>Sign out</button></form>`)
			},
		}
	})
	if email != "" {
		o.open(o.app.url + "/manage")
		o.logIn(email)
		o.wantText("Signed in: " + email + ".")
	}
	o.open(o.app.url + "/")
	ask(o.browser, chromedp.Evaluate[bool](register, chromedp.EvalAwaitPromise))
	o.arrivals.requests = nil // they came without the worker
	return o
}

// wantByWorker wants each of these requests, such as "GET /manage", to have come,
// and by the worker.
func (o *offlineApp) wantByWorker(what ...string) {
	o.t.Helper()
	for _, what := range what {
		found := o.of(what)
		if len(found) == 0 {
			o.t.Errorf("%s has not come", what)
		}
		for _, r := range found {
			if mode, dest := r.Header.Get("Sec-Fetch-Mode"), r.Header.Get("Sec-Fetch-Dest"); mode != "navigate" || dest != "empty" {
				o.t.Errorf("%s came with the mode %s and the dest %s, want navigate and empty, as by the worker", what, mode, dest)
			}
		}
	}
}

// wantLoginForm wants the browser to be at LoginRocket, which knows no session.
func (b *browser) wantLoginForm(lr loginRocket) {
	b.t.Helper()
	b.wantText("Log in")
	if got := b.url(); !strings.HasPrefix(got, lr.url+"/login") {
		b.t.Fatalf("the browser is at %s, want the form of LoginRocket", brief(got))
	}
}

// TestServiceWorker is about an app whose service worker answers navigations: what
// it fetches says that it navigates, but not that it is for a document.
func TestServiceWorker(t *testing.T) {
	t.Parallel()
	requireChromium(t)
	lr := startLoginRocket(t, func(string, *authrockettest.RealmConfig, *authrocketdev.Config) {})
	addUser(lr.realm, "ada@example.com", nil)
	mallory := addUser(lr.realm, "mallory@example.com", nil)
	attacker := startSite(t, "localhost") // cross-site to the app

	t.Run("a gate leads to the login and back", func(t *testing.T) {
		t.Parallel()
		o := startOfflineApp(t, lr, "")
		o.open(o.app.url + "/manage?tab=2")
		o.wantLoginForm(lr)
		o.logIn("ada@example.com")
		o.wantURL(o.app.url + "/manage?tab=2")
		o.wantText("Signed in: ada@example.com.")
		o.wantByWorker("GET /manage", "GET /auth/callback")
		o.wantNoTokenInHistory()
	})

	t.Run("a link leads to the login and back", func(t *testing.T) {
		t.Parallel()
		o := startOfflineApp(t, lr, "")
		o.follow("Another user")
		o.wantLoginForm(lr)
		o.logIn("ada@example.com")
		o.wantURL(o.app.url + "/manage")
		o.wantText("Signed in: ada@example.com.")
		o.wantByWorker("GET /auth/login", "GET /auth/callback", "GET /manage")
	})

	t.Run("a login that another site brings is confirmed", func(t *testing.T) {
		t.Parallel()
		o := startOfflineApp(t, lr, "ada@example.com")
		o.bring(attacker, lr.realm.Token(mallory))
		o.wantText("mallory@example.com", "ada@example.com")
		o.follow("Continue")
		o.wantURL(o.app.url + "/manage")
		o.wantText("Signed in: mallory@example.com.")
		o.wantByWorker("GET /manage", "GET /auth/confirm", "POST /auth/confirm")
		o.wantNoTokenInHistory()
	})

	for name, attacker := range attackers(t) {
		t.Run(name+" confirms no login", func(t *testing.T) {
			t.Parallel()
			o := startOfflineApp(t, lr, "ada@example.com")
			o.bring(attacker, lr.realm.Token(mallory))
			form := ask(o.browser, chromedp.OuterHTML(chromedp.CSS("form")))
			attacker.show("/confirm", strings.ReplaceAll(form, `action="`, `action="`+o.app.url))
			o.open(attacker.url + "/confirm")
			o.follow("Continue")
			o.wantURL(o.app.url + "/auth/confirm")
			o.open(o.app.url + "/manage")
			o.wantText("Signed in: ada@example.com.")
			o.wantByWorker("POST /auth/confirm")
		})

		t.Run("a form of "+name+" has no session", func(t *testing.T) {
			t.Parallel()
			o := startOfflineApp(t, lr, "ada@example.com")
			attacker.show("/form", fmt.Sprintf(`<form method="post" action="%s/form"><button>Win</button></form>`, o.app.url))
			o.open(attacker.url + "/form")
			o.follow("Win")
			o.wantByWorker("POST /form")
			o.wantNobody(func(v visit) bool { return v.path == "/form" && v.header.Get("Origin") == attacker.url })

			// The app's own forms have it.
			o.open(o.app.url + "/")
			o.navigate(submit("/own"))
			o.wantText("Signed in: ada@example.com.")
			o.wantByWorker("POST /own")
		})
	}

	t.Run("a frame of another site has no session", func(t *testing.T) {
		t.Parallel()
		o := startOfflineApp(t, lr, "ada@example.com")
		attacker.show("/frames", fmt.Sprintf(`<iframe src="%[1]s/framed"></iframe><iframe src="%[1]s/manage?framed"></iframe>`, o.app.url))
		o.open(attacker.url + "/frames")
		o.wantNobody(func(v visit) bool { return v.header.Get("Sec-Fetch-Dest") == "iframe" })
		if n := len(o.of("GET /manage")); n != 1 {
			t.Errorf("the gate was asked %d times, want once", n)
		}
		o.open(o.app.url + "/manage")
		o.wantText("Signed in: ada@example.com.")
	})

	for _, row := range []struct{ name, label, method string }{
		{name: "a form signs out", label: "Sign out", method: "POST"},
		{name: "a link signs out", label: "Leave", method: "GET"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			o := startOfflineApp(t, lr, "ada@example.com")
			o.open(o.app.url + "/signed-in")
			o.do(clickOn(labelled(row.label)))
			o.waitURL(o.app.url + "/bye")
			o.waitText("Signed in: .")
			o.wantByWorker(row.method+" /auth/logout", "GET /auth/logout/end")
			o.open(o.app.url + "/manage")
			o.wantLoginForm(lr)
		})
	}
}

// bring follows a link of another site that has a login token in it.
func (o *offlineApp) bring(attacker *site, token string) {
	o.t.Helper()
	path := "/" + strings.TrimPrefix(o.app.url, "http://127.0.0.1:")
	attacker.show(path, fmt.Sprintf(`<a href="%s">Look at this</a>`, html.EscapeString(o.app.url+"/manage?token="+token)))
	o.open(attacker.url + path)
	o.follow("Look at this")
	o.wantURL(o.app.url + "/auth/confirm")
}

// wantNobody wants one of these visits to have come, without a user.
func (o *offlineApp) wantNobody(isAttack func(visit) bool) {
	o.t.Helper()
	came := o.app.visits(isAttack)
	if len(came) != 1 {
		o.t.Errorf("the app has seen %d requests of the attacker, want 1", len(came))
	}
	for _, v := range came {
		if v.user != "" {
			o.t.Errorf("%s %s came with the session of %s", v.method, v.path, v.user)
		}
	}
}
