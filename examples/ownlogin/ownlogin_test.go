package main_test

import (
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/authrocketdev"
	"github.com/authrocket-go/authrocket/authrockettest"
	"github.com/authrocket-go/authrocket/examples/internal/walk"
)

// newRealm has one user whose email is that of Ada of the own login, one of Bob's, and others.
func newRealm(t *testing.T, ofAda authrocket.EmailVerification) *authrockettest.Realm {
	t.Helper()
	realm := authrockettest.NewRealm(t)
	realm.AddUser(authrockettest.User{Email: "ada@example.com", Password: "engine", Name: "Ada Lovelace", EmailVerification: ofAda})
	realm.AddUser(authrockettest.User{Email: "bob@example.com", Password: "oil", Name: "Bob", EmailVerification: authrocket.EmailVerified})
	realm.AddUser(authrockettest.User{Email: "cleo@example.com", Password: "asp", Name: "Cleo", EmailVerification: authrocket.EmailVerified})
	return realm
}

// start starts the app with the people of -demo: person 1 is Ada, person 2 is Bob.
func start(t *testing.T, program string, realm *authrockettest.Realm) (appURL string) {
	t.Helper()
	p := walk.Start(t, program, []string{"LOGINROCKET_URL=" + realm.Start(), "ADDR=127.0.0.1:0"}, "-demo", "-db", filepath.Join(t.TempDir(), "people.db"))
	return p.Find(t, p.Stderr, `listening on (http://127\.0\.0\.1:\d+)\n`)[0]
}

func ownLogin(b *walk.Browser, app, email, password string) walk.Page {
	return b.Press(b.Get(app+"/orders"), "Sign in", map[string]string{"email": email, "password": password})
}

func authRocketLogin(b *walk.Browser, app, email, password string) walk.Page {
	return b.LogIn(b.Get(app+"/auth/login?return_to=/orders"), email, password)
}

func TestLogins(t *testing.T) {
	t.Parallel()
	program := walk.Build(t)
	verified := start(t, program, newRealm(t, authrocket.EmailVerified))
	notVerified := start(t, program, newRealm(t, authrocket.EmailNotVerified))
	const (
		ada    = "Orders of person 1, Ada of the own login"
		bob    = "Orders of person 2, Bob of the own login"
		asks   = "Sign in with AuthRocket"
		cookie = "own"
	)
	for name, row := range map[string]struct {
		app    string
		do     func(b *walk.Browser, app string) walk.Page
		status int
		text   string
	}{
		"a visitor is asked": {verified, func(b *walk.Browser, app string) walk.Page { return b.Get(app + "/orders") }, 401, asks},
		"the own login":      {verified, func(b *walk.Browser, app string) walk.Page { return ownLogin(b, app, "ada@example.com", "own-engine") }, 200, ada},
		"the own login of an email that is not confirmed": {
			verified, func(b *walk.Browser, app string) walk.Page { return ownLogin(b, app, "bob@example.com", "own-oil") }, 200, bob,
		},
		"a wrong password": {
			verified, func(b *walk.Browser, app string) walk.Page { return ownLogin(b, app, "ada@example.com", "engine") }, 403, "Email or password are wrong",
		},
		"the login of AuthRocket leads to the same person": {
			verified, func(b *walk.Browser, app string) walk.Page {
				return authRocketLogin(b, app, "ada@example.com", "engine")
			}, 200, ada,
		},
		"an email that is not verified is not linked": {
			notVerified, func(b *walk.Browser, app string) walk.Page {
				return authRocketLogin(b, app, "ada@example.com", "engine")
			}, 403, "Verify your email address first",
		},
		"and nobody is signed in": {
			notVerified, func(b *walk.Browser, app string) walk.Page {
				authRocketLogin(b, app, "ada@example.com", "engine")
				return b.Get(app + "/orders")
			}, 401, asks,
		},
		"an email that is not confirmed here is not linked": {
			verified, func(b *walk.Browser, app string) walk.Page { return authRocketLogin(b, app, "bob@example.com", "oil") }, 403, "is not confirmed",
		},
		"whose cookie the browser has is of no account": {
			verified, func(b *walk.Browser, app string) walk.Page {
				ownLogin(b, app, "ada@example.com", "own-engine")
				return authRocketLogin(b, app, "cleo@example.com", "asp")
			}, 200, "Orders of person 3, Cleo",
		},
		"the own session ends with another login": {
			verified, func(b *walk.Browser, app string) walk.Page {
				ownLogin(b, app, "bob@example.com", "own-oil")
				authRocketLogin(b, app, "ada@example.com", "engine")
				b.Post(app+"/auth/logout?local=1", nil)
				return b.Get(app + "/orders")
			}, 401, asks,
		},
		"a password does not change who is signed in by AuthRocket": {
			verified, func(b *walk.Browser, app string) walk.Page {
				authRocketLogin(b, app, "ada@example.com", "engine")
				b.Post(app+"/sign-in", map[string][]string{"email": {"bob@example.com"}, "password": {"own-oil"}})
				b.Post(app+"/auth/logout?local=1", nil)
				return b.Get(app + "/orders")
			}, 401, asks,
		},
		"signing out ends the own login": {
			verified, func(b *walk.Browser, app string) walk.Page {
				b.Press(ownLogin(b, app, "ada@example.com", "own-engine"), "Sign out", nil)
				return b.Get(app + "/orders")
			}, 401, asks,
		},
		"signing out ends the session on the server": {
			verified, func(b *walk.Browser, app string) walk.Page {
				page := ownLogin(b, app, "ada@example.com", "own-engine")
				kept := b.Cookie(app, cookie)
				b.Press(page, "Sign out", nil)
				return walk.NewBrowser(t).Get(app+"/orders", "Cookie: "+cookie+"="+kept)
			}, 401, asks,
		},
		"signing out ends the login of AuthRocket": {
			verified, func(b *walk.Browser, app string) walk.Page {
				b.Press(authRocketLogin(b, app, "ada@example.com", "engine"), "Sign out", nil)
				return b.Get(app + "/orders")
			}, 401, asks,
		},
		"and the one at LoginRocket": {
			verified, func(b *walk.Browser, app string) walk.Page {
				b.Press(authRocketLogin(b, app, "ada@example.com", "engine"), "Sign out", nil)
				return b.Get(app + "/auth/login?return_to=/orders")
			}, 200, `name="password"`,
		},
		"other sites sign nobody in": {
			verified, func(b *walk.Browser, app string) walk.Page {
				b.Post(app+"/sign-in", map[string][]string{"email": {"bob@example.com"}, "password": {"own-oil"}}, "Origin: https://evil.example")
				return b.Get(app + "/orders")
			}, 401, asks,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			page := row.do(walk.NewBrowser(t), row.app)
			if page.Status != row.status || !strings.Contains(page.Body, row.text) {
				t.Errorf("got %d\n%s\nwant %d with %q", page.Status, page.Body, row.status, row.text)
			}
		})
	}
}

// Whoever is signed in by AuthRocket is not asked again when its keys cannot be had.
func TestKeysAreAway(t *testing.T) {
	t.Parallel()
	program := walk.Build(t)
	realm := newRealm(t, authrocket.EmailVerified)
	app := start(t, program, realm)
	b := walk.NewBrowser(t)
	authRocketLogin(b, app, "ada@example.com", "engine")
	realm.Break(authrockettest.Status(http.StatusBadGateway))
	app2 := start(t, program, realm)
	// Not by the Browser, which waits and asks again.
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, app2+"/orders", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.AddCookie(&http.Cookie{Name: "arToken", Value: b.Cookie(app, "arToken")})
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	resp, err := transport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusServiceUnavailable || resp.Header.Get("Retry-After") == "" {
		t.Errorf("got %d, want 503 with Retry-After", resp.StatusCode)
	}
}

// A person who was imported signs in by AuthRocket, whatever the email is by then.
func TestImport(t *testing.T) {
	t.Parallel()
	program := walk.Build(t)
	realm := authrockettest.NewRealm(t)
	server, err := authrocketdev.New(authrocketdev.Config{Realm: realm})
	if err != nil {
		t.Fatal(err)
	}
	service, err := authrocketdev.NewService(authrocketdev.ServiceConfig{Server: server})
	if err != nil {
		t.Fatal(err)
	}
	core := httptest.NewServer(service.CoreAPI())
	defer core.Close()
	file := filepath.Join(t.TempDir(), "people.db")
	p := walk.Start(t, program, []string{"AUTHROCKET_URL=" + core.URL + "/v2", "AUTHROCKET_API_KEY=" + service.APIKey()}, "-demo", "-import", "-db", file)
	if status := p.ExitCode(t); status != 0 || p.Stdout.String() != "1 people imported, not imported: 0 []\n" {
		t.Fatalf("got exit status %d\n%s\n%s", status, p.Stdout, p.Stderr)
	}
	imported, err := realm.UserByLogin("ada@example.com")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := realm.UpdateUser(imported.ID, func(u *authrockettest.User) { u.Email, u.Password = "lovelace@example.com", "engine" }); err != nil {
		t.Fatal(err)
	}
	p = walk.Start(t, program, []string{"LOGINROCKET_URL=" + realm.Start(), "ADDR=127.0.0.1:0"}, "-db", file)
	app := p.Find(t, p.Stderr, `listening on (http://127\.0\.0\.1:\d+)\n`)[0]
	page := authRocketLogin(walk.NewBrowser(t), app, "lovelace@example.com", "engine")
	if page.Status != http.StatusOK || !strings.Contains(page.Body, "Orders of person 1, Ada of the own login") {
		t.Errorf("got %d\n%s", page.Status, page.Body)
	}
}
