package main_test

import (
	"encoding/json"
	"html"
	"net"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/authrocket-go/authrocket/authrockettest"
	"github.com/authrocket-go/authrocket/examples/internal/walk"
)

// quickstart is the program while it runs.
type quickstart struct {
	*walk.Program
	app, loginRocket string // URLs
}

// start starts the program at free ports.
func start(t *testing.T, binary string) quickstart {
	t.Helper()
	p := walk.Start(t, binary, nil, "-addr", "127.0.0.1:0", "-loginrocket-addr", "localhost:0", "-core-addr", "localhost:0")
	found := p.Find(t, p.Stdout, `(?s)Open (http://127\.0\.0\.1:\d+) .*LoginRocket is at (http://localhost:\d+)\.`)
	return quickstart{p, found[0], found[1]}
}

// asAda returns a browser in which Ada has signed in to one of her accounts.
func (q quickstart) asAda(t *testing.T, account string) *walk.Browser {
	t.Helper()
	b := walk.NewBrowser(t)
	page := b.Press(b.LogIn(b.Get(q.app+"/manage"), "ada@example.com", "engine"), account, nil)
	if !page.At(q.app + "/manage") {
		t.Fatalf("after the login the browser is at %s, want /manage\n%s", page.URL, page.Body)
	}
	return b
}

// asGeorge returns a browser in which George has signed in, who has one account.
func (q quickstart) asGeorge(t *testing.T) *walk.Browser {
	t.Helper()
	b := walk.NewBrowser(t)
	page := b.LogIn(b.Get(q.app+"/manage"), "george@example.com", "trains")
	if !page.At(q.app + "/manage") {
		t.Fatalf("after the login the browser is at %s, want /manage\n%s", page.URL, page.Body)
	}
	return b
}

// manageLink leads to the page of Analytical Engines.
var manageLink = regexp.MustCompile(`<a href="(/accounts/org_engines[^"]*)"`)

// mailLink returns the link in the latest mail to an address.
func mailLink(t *testing.T, q quickstart, to string) string {
	t.Helper()
	outbox := walk.NewBrowser(t).Get(q.loginRocket + "/outbox")
	found := regexp.MustCompile(`(?s)<p class="quiet">To ` + regexp.QuoteMeta(to) + `,.*?<a href="([^"]*)"`).FindStringSubmatch(outbox.Body)
	if found == nil {
		t.Fatalf("there is no mail to %s:\n%s", to, outbox.Body)
	}
	return html.UnescapeString(found[1])
}

func wantPage(t *testing.T, page walk.Page, status int, texts ...string) {
	t.Helper()
	if page.Status != status {
		t.Errorf("%s: got status %d, want %d", page.URL, page.Status, status)
	}
	for _, text := range texts {
		if !strings.Contains(page.Body, text) {
			t.Errorf("%s: %q is missing in\n%s", page.URL, text, page.Body)
		}
	}
}

func TestQuickstart(t *testing.T) {
	t.Parallel()
	binary := walk.Build(t)
	q := start(t, binary)

	t.Run("the demo users are printed", func(t *testing.T) {
		t.Parallel()
		for _, user := range []string{"ada@example.com / engine", "george@example.com / trains"} {
			if !strings.Contains(q.Stdout.String(), user) {
				t.Errorf("%q is missing in\n%s", user, q.Stdout)
			}
		}
	})

	t.Run("the printed curl line lists the users", func(t *testing.T) {
		t.Parallel()
		status, body := runCurlLine(t, q.Program)
		if status != 200 || !strings.Contains(body, `"ada@example.com"`) || !strings.Contains(body, `"george@example.com"`) {
			t.Errorf("got %d %s", status, body)
		}
	})

	t.Run("a visitor sees the open page", func(t *testing.T) {
		t.Parallel()
		page := walk.NewBrowser(t).Get(q.app + "/")
		wantPage(t, page, 200, "Nobody is signed in", `href="/manage"`, `href="/billing"`, `href="/me"`, `href="/auth/login?return_to=/"`,
			`href="/auth/signup?return_to=/"`, `href="/auth/profile?return_to=/"`, `href="/auth/accounts?force=1&amp;return_to=/"`, `href="`+q.loginRocket+`/outbox"`)
	})

	t.Run("ada walks from the login to the logout", func(t *testing.T) {
		t.Parallel()
		b := walk.NewBrowser(t)
		page := b.Get(q.app + "/manage?tab=2&q=%C3%A9%20")
		if got := page.URL.Scheme + "://" + page.URL.Host + page.URL.Path; got != q.loginRocket+"/login" {
			t.Fatalf("a page that needs a login leads to %s, want the hosted login", got)
		}
		wantPage(t, b.LogIn(page, "ada@example.com", "wrong"), 422, "Login failed")
		page = b.LogIn(page, "ada@example.com", "engine")
		wantPage(t, page, 200, "<h1>Choose an account</h1>", "Widgets Inc")
		page = b.Press(page, "Analytical Engines", nil)
		if !page.At(q.app + "/manage?tab=2&q=%C3%A9%20") {
			t.Fatalf("the login leads to %s, want the page that was asked for", page.URL)
		}
		wantPage(t, page, 200, "Ada Lovelace", "ada@example.com", "Analytical Engines", "ar:owner", "billing:write")
		wantPage(t, b.Get(q.app+"/"), 200, "Hello, Ada Lovelace", "Analytical Engines")
		page = b.Get(q.app + "/billing")
		wantPage(t, page, 200, "Billing of Analytical Engines")
		wantPage(t, b.Press(page, "Pay it", nil), 200, "Paid")

		page = b.Press(b.Get(q.app+"/manage"), "Sign out", nil)
		if !page.At(q.app + "/") {
			t.Fatalf("the logout leads to %s, want the open page", page.URL)
		}
		wantPage(t, page, 200, "Nobody is signed in")
		wantPage(t, b.Get(q.app+"/manage"), 200, `name="password"`)
	})

	t.Run("a local logout leaves LoginRocket's session", func(t *testing.T) {
		t.Parallel()
		b := q.asAda(t, "Analytical Engines")
		wantPage(t, b.Post(q.app+"/auth/logout?local=1", nil), 200, "Nobody is signed in")
		wantPage(t, b.Get(q.app+"/manage"), 200, "Ada Lovelace")
	})

	t.Run("me answers a cookie and a bearer token alike", func(t *testing.T) {
		t.Parallel()
		b := q.asAda(t, "Analytical Engines")
		token := b.Cookie(q.app+"/", "arToken")
		byCookie := b.Get(q.app+"/me", "Accept: application/json")
		byBearer := walk.NewBrowser(t).Get(q.app+"/me", "Accept: application/json", "Authorization: Bearer "+token)
		if byCookie.Status != 200 || byCookie.Body != byBearer.Body {
			t.Errorf("by cookie: %d %s\nby bearer: %d %s", byCookie.Status, byCookie.Body, byBearer.Status, byBearer.Body)
		}
		var me struct {
			User struct{ ID, Name, Email string }
			Org  struct {
				Name        string
				Permissions []string
			}
		}
		if err := json.Unmarshal([]byte(byBearer.Body), &me); err != nil {
			t.Fatal(err)
		}
		if me.User.Name != "Ada Lovelace" || me.User.Email != "ada@example.com" || me.User.ID == "" ||
			me.Org.Name != "Analytical Engines" || !slices.Equal(me.Org.Permissions, []string{"ar:owner", "billing:write"}) {
			t.Errorf("got %+v, want Ada Lovelace of Analytical Engines", me)
		}
	})

	t.Run("ada switches accounts and loses a permission", func(t *testing.T) {
		t.Parallel()
		b := q.asAda(t, "Analytical Engines")
		page := b.Follow(b.Get(q.app+"/manage"), "Switch accounts")
		page = b.Press(page, "Widgets Inc", nil)
		if !page.At(q.app + "/manage") {
			t.Fatalf("the switch leads to %s", page.URL)
		}
		wantPage(t, page, 200, "Widgets Inc")
		page = b.Get(q.app + "/billing")
		wantPage(t, page, 403, "<h1>Not allowed</h1>")
		page = b.Press(b.Follow(page, "Switch accounts"), "Analytical Engines", nil)
		if !page.At(q.app + "/billing") {
			t.Errorf("the switch leads to %s, want back to billing", page.URL)
		}
		wantPage(t, page, 200, "Billing of Analytical Engines")
	})

	t.Run("a visitor signs up, verifies the email and changes the profile", func(t *testing.T) {
		t.Parallel()
		b := walk.NewBrowser(t)
		page := b.Press(b.Get(q.app+"/auth/signup?return_to=/manage"), "Sign up", map[string]string{
			"first_name": "Grace", "email": "grace.hopper@example.com", "password": "nanosecond", "org_name": "Navy",
		})
		if !page.At(q.app + "/manage") {
			t.Fatalf("the signup leads to %s\n%s", page.URL, page.Body)
		}
		wantPage(t, page, 200, "<h1>Grace</h1>", "Navy", "ar:owner")
		wantPage(t, b.Press(b.Get(mailLink(t, q, "grace.hopper@example.com")), "Verify", nil), 200, "grace.hopper@example.com is verified.")

		page = b.Press(b.Get(q.app+"/auth/profile?return_to=/manage"), "Change", map[string]string{"last_name": "Hopper"})
		wantPage(t, page, 200, "Your profile has been changed.", "grace.hopper@example.com <span class=\"quiet\">verified</span>")
		page = b.Press(page, "Done, back to the app", nil)
		if !page.At(q.app + "/manage") {
			t.Fatalf("the profile leads to %s", page.URL)
		}
		wantPage(t, page, 200, "<h1>Grace Hopper</h1>", "Navy")
	})

	t.Run("who is invited joins the account", func(t *testing.T) {
		t.Parallel()
		owner := q.asAda(t, "Analytical Engines")
		selector := owner.Get(q.app + "/auth/accounts?force=1&return_to=/")
		account := manageLink.FindStringSubmatch(selector.Body)
		if account == nil {
			t.Fatalf("there is no account to manage:\n%s", selector.Body)
		}
		page := owner.Press(owner.Get(q.loginRocket+html.UnescapeString(account[1])), "Invite", map[string]string{
			"email": "charles@example.com", "permissions": "billing:write",
		})
		wantPage(t, page, 200, "The invitation has been sent.", "charles@example.com")

		b := walk.NewBrowser(t)
		page = b.Get(mailLink(t, q, "charles@example.com"))
		wantPage(t, page, 200, "You are invited to join <strong>Analytical Engines</strong>", `value="charles@example.com"`)
		page = b.Press(page, "Sign up", map[string]string{"first_name": "Charles", "last_name": "Babbage", "password": "difference"})
		if !page.At(q.app + "/auth/confirm") {
			t.Errorf("a signup that the app did not start leads to %s, want the app's page about it", page.URL)
		}
		wantPage(t, b.Get(q.app+"/billing"), 200, "Billing of Analytical Engines")
		wantPage(t, b.Get(q.app+"/manage"), 200, "<h1>Charles Babbage</h1>")
	})

	t.Run("programs without a session are refused", func(t *testing.T) {
		t.Parallel()
		b := walk.NewBrowser(t)
		wantPage(t, b.Get(q.app+"/me", "Accept: application/json"), 401, `"no_token"`)
		wantPage(t, b.Get(q.app+"/me", "Authorization: Bearer x.y.z"), 401)
		wantPage(t, b.Post(q.app+"/billing", nil), 401)
	})

	t.Run("george may not see billing", func(t *testing.T) {
		t.Parallel()
		b := q.asGeorge(t)
		wantPage(t, b.Get(q.app+"/manage"), 200, "George Stephenson", "Widgets Inc")
		page := b.Get(q.app + "/billing")
		wantPage(t, page, 403, "<h1>Not allowed</h1>", "Widgets Inc")
		if !page.At(q.app + "/billing") {
			t.Errorf("a missing permission leads to %s, want to stay", page.URL)
		}
		wantPage(t, b.Post(q.app+"/billing", url.Values{}), 403, "<h1>Not allowed</h1>")
		wantPage(t, b.Get(q.app+"/billing", "Accept: application/json"), 403, `"permission_denied"`)
	})

	t.Run("another site cannot pay with ada's cookie", func(t *testing.T) {
		t.Parallel()
		b := q.asAda(t, "Analytical Engines")
		wantPage(t, b.Post(q.app+"/billing", nil, "Origin: https://evil.example"), 403)
	})

	t.Run("an unknown path is not found", func(t *testing.T) {
		t.Parallel()
		wantPage(t, walk.NewBrowser(t).Get(q.app+"/nothing"), 404)
	})

	t.Run("the style is served", func(t *testing.T) {
		t.Parallel()
		page := walk.NewBrowser(t).Get(q.app + "/style.css")
		wantPage(t, page, 200, "color-scheme")
		if got := page.Header.Get("Content-Type"); got != "text/css; charset=utf-8" {
			t.Errorf("got Content-Type %q", got)
		}
	})

	t.Run("a login without a target comes to the app, where nobody is signed in unasked", func(t *testing.T) {
		t.Parallel()
		b := walk.NewBrowser(t)
		page := b.LogIn(b.Get(q.loginRocket+"/"), "george@example.com", "trains")
		if !page.At(q.app + "/auth/confirm") {
			t.Errorf("got %s, want the app's page about it", page.URL)
		}
		wantPage(t, b.Get(q.app+"/"), 200, "Nobody is signed in")
	})

	t.Run("a realm of one's own takes the place of the local one", func(t *testing.T) {
		t.Parallel()
		realm := authrockettest.NewRealm(t)
		grace := realm.AddUser(authrockettest.User{Email: "grace@example.com", Password: "bug", Name: "Grace Hopper"})
		realm.AddMembership(grace, realm.AddOrg(authrockettest.Org{Name: "Navy"}))
		p := walk.Start(t, binary, []string{"LOGINROCKET_URL=" + realm.Start()}, "-addr", "127.0.0.1:0")
		app := p.Find(t, p.Stdout, `Open (http://127\.0\.0\.1:\d+) `)[0]
		if strings.Contains(p.Stdout.String(), "ada@example.com") {
			t.Errorf("the demo users are printed, but they are not of this realm:\n%s", p.Stdout)
		}
		b := walk.NewBrowser(t)
		wantPage(t, b.Get(app+"/"), 200, `href="/auth/signup?`, `href="/auth/profile?`, `href="/auth/accounts?`)
		wantPage(t, b.LogIn(b.Get(app+"/manage"), "grace@example.com", "bug"), 200, "Grace Hopper", "Navy")
	})
}

// curlLine is what the program prints about the Core API.
var curlLine = `\n  curl -H '(Authrocket-Api-Key): (ks_[A-Za-z0-9]+)' (http://localhost:\d+/v2/users)\n`

// runCurlLine does what the printed curl line does.
func runCurlLine(t *testing.T, p *walk.Program) (status int, body string) {
	t.Helper()
	found := p.Find(t, p.Stdout, curlLine)
	page := walk.NewBrowser(t).Get(found[2], found[0]+": "+found[1])
	return page.Status, page.Body
}

// Whoever holds the default port, another program or this test: the Core API is at
// another one then.
func TestTakenCorePort(t *testing.T) {
	t.Parallel()
	if listener, err := net.Listen("tcp", "localhost:8083"); err == nil {
		t.Cleanup(func() { listener.Close() })
	}
	p := walk.Start(t, walk.Build(t), nil, "-addr", "127.0.0.1:0", "-loginrocket-addr", "localhost:0")
	if status, body := runCurlLine(t, p); status != 200 || !strings.Contains(body, `"ada@example.com"`) {
		t.Errorf("got %d %s", status, body)
	}
}

func TestStop(t *testing.T) {
	t.Parallel()
	binary := walk.Build(t)
	for _, signal := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		t.Run(signal.String()+" ends the program well", func(t *testing.T) {
			t.Parallel()
			q := start(t, binary)
			q.asAda(t, "Analytical Engines")
			// Browsers connect ahead of requests that they may never make.
			silent, err := net.Dial("tcp", strings.TrimPrefix(q.app, "http://"))
			if err != nil {
				t.Fatal(err)
			}
			defer silent.Close()
			q.Signal(t, signal)
			if got := q.ExitCode(t); got != 0 {
				t.Errorf("got exit code %d, want 0\n%s", got, q.Stderr)
			}
		})
	}
}

func TestArguments(t *testing.T) {
	t.Parallel()
	binary := walk.Build(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	taken := listener.Addr().String()

	for _, row := range []struct {
		name   string
		env    []string
		args   []string
		code   int
		stderr string
	}{
		{name: "the app's port is taken", args: []string{"-addr", taken, "-loginrocket-addr", "localhost:0"}, code: 1, stderr: "quickstart: -addr " + taken + ": listen tcp " + taken + ": bind: address already in use; choose another one with -addr\n"},
		{name: "LoginRocket's port is taken", args: []string{"-addr", "127.0.0.1:0", "-loginrocket-addr", taken}, code: 1, stderr: "; choose another one with -loginrocket-addr\n"},
		{name: "the Core API's port is taken", args: []string{"-addr", "127.0.0.1:0", "-loginrocket-addr", "localhost:0", "-core-addr", taken}, code: 1, stderr: "; choose another one with -core-addr\n"},
		{name: "an address without a port", args: []string{"-addr", "8080"}, code: 1, stderr: `quickstart: -addr "8080" is not host:port; use, for example, localhost:8080` + "\n"},
		{name: "an argument that is no flag", args: []string{"serve"}, code: 1, stderr: `quickstart: unexpected argument "serve"` + "\n"},
		{name: "an unknown flag", args: []string{"-port", "1"}, code: 1, stderr: "quickstart: flag provided but not defined: -port\n"},
		{name: "a realm that is no URL", env: []string{"LOGINROCKET_URL=sample"}, args: []string{"-addr", "127.0.0.1:0"}, code: 1, stderr: "Config.LoginRocketURL"},
		{name: "help", args: []string{"-h"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			p := walk.Start(t, binary, row.env, row.args...)
			if got := p.ExitCode(t); got != row.code {
				t.Errorf("got exit code %d, want %d", got, row.code)
			}
			if got := p.Stderr.String(); !strings.Contains(got, row.stderr) {
				t.Errorf("got %q, want %q", got, row.stderr)
			}
			if strings.Contains(p.Stdout.String(), "Open http") {
				t.Errorf("the program says where to click, but does not run:\n%s", p.Stdout)
			}
		})
	}
}
