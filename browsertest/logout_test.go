package browsertest_test

import (
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/authrocketdev"
	"github.com/authrocket-go/authrocket/authrockettest"
)

// libraries is where npm puts what package.json names.
const libraries = "node_modules"

// The scripts of the pages, by their names there.
var scripts = map[string]string{
	"htmx2.js": "htmx2/dist/htmx.min.js",
	"htmx4.js": "htmx4/dist/htmx.min.js",
	"turbo.js": "@hotwired/turbo/dist/turbo.es2017-umd.js",
}

// requireLibraries skips a test for which the libraries are not there.
func requireLibraries(t *testing.T) {
	t.Helper()
	for _, path := range scripts {
		if _, err := os.Stat(filepath.Join(libraries, path)); err != nil {
			skip(t, "%v: run npm ci --ignore-scripts in the folder browsertest", err)
		}
	}
}

// startScriptedApp starts an app with the libraries, and one page, /open.
func startScriptedApp(t *testing.T, lr loginRocket, policy, body string) *app {
	t.Helper()
	return startApp(t, lr, func(a *app, config *authrocket.Config) {
		config.AfterLogout = "/bye"
		a.routes = map[string]http.HandlerFunc{"/open": func(w http.ResponseWriter, _ *http.Request) {
			if policy != "" {
				w.Header().Set("Content-Security-Policy", policy)
			}
			fmt.Fprintf(w, `<!doctype html><html lang="en"><title>Open</title><link rel="icon" href="data:,">%s`, body)
		}}
		for name, path := range scripts {
			a.routes["/"+name] = func(w http.ResponseWriter, r *http.Request) {
				http.ServeFile(w, r, filepath.Join(libraries, path))
			}
		}
	})
}

// spyScript tells the test what a script of the app can read.
//
//go:embed testdata/spy.js
var spyScript string

// spy is what a script in the app's pages has read, and the console.
type spy struct {
	mu    sync.Mutex
	notes []string
}

// watch lets a spy into the pages of app that the browser opens from now on.
func (b *browser) watch(app *app) *spy {
	b.t.Helper()
	s := &spy{}
	note := func(text string) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.notes = append(s.notes, text)
	}
	err := chromedp.Listen(b.ctx, func(event any) {
		switch e := event.(type) {
		case *runtime.EventBindingCalled:
			note(e.Payload)
		case *runtime.EventConsoleAPICalled, *runtime.EventExceptionThrown, *log.EventEntryAdded:
			text, err := json.Marshal(e)
			if err != nil {
				text = []byte(err.Error())
			}
			note(string(text))
		}
	})
	if err != nil {
		b.t.Fatal(err)
	}
	ask(b, call(runtime.AddBinding, runtime.AddBindingParams{Name: "note"}))
	source := fmt.Sprintf("(%s)(%q)", spyScript, app.url)
	ask(b, call(page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: source}))
	return s
}

// with returns the notes that have text in them.
func (s *spy) with(text string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []string
	for _, n := range s.notes {
		if strings.Contains(n, text) {
			found = append(found, n)
		}
	}
	return found
}

// TestLogoutByScript is about pages whose scripts send what a button asks for. A
// script cannot follow a redirect to LoginRocket, and must not see the ID of
// the session there: whoever has it gets tokens.
func TestLogoutByScript(t *testing.T) {
	t.Parallel()
	requireChromium(t)
	requireLibraries(t)
	lr := startLoginRocket(t, func(string, *authrockettest.RealmConfig, *authrocketdev.Config) {})
	ada := addUser(lr.realm, "ada@example.com", nil)

	const form = `<form method="post" action="/auth/logout"%s><button>Sign out</button></form>`
	const (
		byScript = `"answer"`                // what a spy notes of a logout whose answer a script gets
		byPage   = `["/auth/logout","loaded` // and of one that is a page
	)
	for _, row := range []struct {
		name, policy, body, sees string
	}{
		{name: "hx-post of htmx 2", body: `<script src="/htmx2.js"></script><button hx-post="/auth/logout">Sign out</button>`, sees: byScript},
		{name: "hx-post of htmx 4", body: `<script src="/htmx4.js"></script><button hx-post="/auth/logout">Sign out</button>`, sees: byScript},
		{name: "a boosted form of htmx 2", body: `<script src="/htmx2.js"></script>` + fmt.Sprintf(form, ` hx-boost="true"`), sees: byScript},
		{name: "a boosted form of htmx 4", body: `<script src="/htmx4.js"></script>` + fmt.Sprintf(form, ` hx-boost="true"`), sees: byScript},
		{name: "fetch", body: `<button onclick="signOut()">Sign out</button><script>
			async function signOut() {
				const answer = await fetch("/auth/logout", {method: "POST"})
				location.assign((await answer.json()).location)
			}
		</script>`, sees: byScript},
		{name: "fetch that tries to go on without leaving the page", body: `<button onclick="signOut()">Sign out</button><script>
			async function signOut() {
				const answer = await fetch("/auth/logout", {method: "POST"})
				const end = (await answer.json()).location
				for (const how of [{}, {redirect: "manual"}, {mode: "no-cors"}, {mode: "same-origin"}, {method: "POST"}, {headers: {Accept: "text/html"}}, {headers: {"HX-Request": "true"}}]) {
					await fetch(end, how).catch(() => {})
				}
				const frame = document.body.appendChild(document.createElement("iframe"))
				await new Promise(done => { frame.onload = done; frame.src = end })
				location.assign(end)
			}
		</script>`, sees: byScript},
		{name: "a form that Turbo leaves alone", body: `<script src="/turbo.js"></script>` + fmt.Sprintf(form, ` data-turbo="false"`), sees: byPage},
		{name: "a form below form-action 'self'", policy: "form-action 'self'", body: fmt.Sprintf(form, ""), sees: byPage},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			app := startScriptedApp(t, lr, row.policy, row.body)
			b := newBrowser(t)
			session := b.startSession(lr, app, ada)
			b.open(app.url + "/manage")
			b.wantText("Signed in: ada@example.com.")

			spy := b.watch(app)
			defer func() {
				// The cookie that has it is HttpOnly, and encodes it.
				for _, id := range []string{"kss_", base64.RawURLEncoding.EncodeToString([]byte(session))} {
					for _, note := range spy.with(id) {
						t.Errorf("a script or the console can read a session ID: %.300s", note)
					}
				}
			}()
			b.open(app.url + "/open")
			b.do(chromedp.Evaluate[chromedp.Void](`console.info("the console is watched")`))
			b.do(clickOn(labelled("Sign out")))
			b.waitText("Signed in: .")
			b.wantURL(app.url + "/bye")

			// LoginRocket knows nobody either.
			if _, err := lr.realm.LookUpSession(session); !errors.Is(err, authrockettest.ErrNotFound) {
				t.Errorf("after the logout, the session at LoginRocket: got %v, want %v", err, authrockettest.ErrNotFound)
			}
			b.open(app.url + "/manage")
			b.wantLoginForm(lr)

			for _, entry := range ask(b, chromedp.NavigationEntries()).Entries {
				if strings.Contains(entry.URL, "kss_") {
					t.Error("a session ID is in the history")
				}
			}
			// Otherwise there may be no session ID because nobody looked.
			for _, seen := range []string{row.sees, "the console is watched", `"entryType":"navigation"`} {
				if len(spy.with(seen)) == 0 {
					t.Errorf("the spy has not seen %s", seen)
				}
			}
		})
	}
}

// startSession signs a user in at LoginRocket and in the app, as a login does, and
// returns the session's ID.
func (b *browser) startSession(lr loginRocket, app *app, user authrockettest.User) string {
	b.t.Helper()
	session, err := lr.realm.StartSession(user.ID)
	if err != nil {
		b.t.Fatal(err)
	}
	token, err := lr.realm.SessionToken(session.ID)
	if err != nil {
		b.t.Fatal(err)
	}
	for _, c := range []network.SetCookieParams{
		{Name: "loginrocket_session", Value: session.ID, URL: lr.url + "/"},
		{Name: "arToken", Value: token, URL: app.url + "/"},
	} {
		c.Path, c.HTTPOnly, c.SameSite = "/", new(true), network.CookieSameSiteLax
		ask(b, call(network.SetCookie, c))
	}
	return session.ID
}

// TestHTMXAfterTheSession is about pages that are open when the session ends: where
// the browser is after the login that a click leads to.
func TestHTMXAfterTheSession(t *testing.T) {
	t.Parallel()
	requireChromium(t)
	requireLibraries(t)
	lr := startLoginRocket(t, func(string, *authrockettest.RealmConfig, *authrocketdev.Config) {})
	addUser(lr.realm, "ada@example.com", nil)

	for _, version := range []string{"htmx2", "htmx4"} {
		for _, row := range []struct{ name, body, end string }{
			{name: "a boosted link leads to its target", body: `<a hx-boost="true" href="/manage?tab=2">Go</a>`, end: "/manage?tab=2"},
			{name: "a part of the page leads back to the open page", body: `<button hx-get="/manage">Go</button>`, end: "/open?page=1"},
		} {
			t.Run(version+": "+row.name, func(t *testing.T) {
				t.Parallel()
				app := startScriptedApp(t, lr, "", `<script src="/`+version+`.js"></script>`+row.body)
				b := newBrowser(t)
				b.open(app.url + "/open?page=1")
				b.do(clickOn(labelled("Go")))
				b.waitURL(lr.url + "/login")
				b.waitText("Log in")
				b.logIn("ada@example.com")
				b.wantURL(app.url + row.end)
			})
		}
	}
}
