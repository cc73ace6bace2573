package main_test

import (
	"net/http/httptest"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/authrocket-go/authrocket/authrocketdev"
	"github.com/authrocket-go/authrocket/authrockettest"
	"github.com/authrocket-go/authrocket/examples/internal/walk"
)

// team is the program while it runs.
type team struct {
	*walk.Program
	app, loginRocket string // URLs
}

// start starts the program at free ports.
func start(t *testing.T, binary string, args ...string) team {
	t.Helper()
	p := walk.Start(t, binary, nil, append([]string{"-addr", "127.0.0.1:0", "-loginrocket-addr", "localhost:0"}, args...)...)
	found := p.Find(t, p.Stdout, `(?s)Open (http://127\.0\.0\.1:\d+)/members .*shown at (http://localhost:\d+)/outbox\.`)
	return team{p, found[0], found[1]}
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

func TestTeam(t *testing.T) {
	t.Parallel()
	binary := walk.Build(t)
	p := start(t, binary, "-members", "250")

	t.Run("the demo users are printed, with what they may do", func(t *testing.T) {
		t.Parallel()
		for _, line := range []string{
			"  ada@example.com / engine           Analytical Engines: ar:owner, members:write, billing:write\n",
			"  charles@example.com / difference   Analytical Engines: members:write, reports:read\n",
			"  george@example.com / trains        Analytical Engines: reports:read\n",
			"  mary@example.com / fossils         Widgets Inc: ar:owner, members:write\n",
		} {
			if !strings.Contains(p.Stdout.String(), line) {
				t.Errorf("%q is missing in\n%s", line, p.Stdout)
			}
		}
	})

	t.Run("a visitor finds the members page", func(t *testing.T) {
		t.Parallel()
		b := walk.NewBrowser(t)
		page := b.Get(p.app + "/")
		wantPage(t, page, 200, "Nobody is signed in.")
		page = b.LogIn(b.Follow(page, "members page"), "ada@example.com", "engine")
		if !page.At(p.app + "/members") {
			t.Fatalf("the login leads to %s\n%s", page.URL, page.Body)
		}
		wantPage(t, page, 200, "Members of Analytical Engines", "Charles Babbage", "Member 1", "grace@example.com")
		for range 5 {
			page = b.Follow(page, "Next page")
		}
		wantPage(t, page, 200, "Member 250")
		wantPage(t, b.Get(p.app+"/"), 200, "Hello, Ada Lovelace", "You are signed in to Analytical Engines.")
	})

	t.Run("a member without the permission gets a page that says so", func(t *testing.T) {
		t.Parallel()
		b := walk.NewBrowser(t)
		wantPage(t, b.LogIn(b.Get(p.app+"/members"), "george@example.com", "trains"), 403, "Missing permission", "members:write")
	})

	t.Run("another account is separate", func(t *testing.T) {
		t.Parallel()
		b := walk.NewBrowser(t)
		page := b.LogIn(b.Get(p.app+"/members"), "mary@example.com", "fossils")
		wantPage(t, page, 200, "Members of Widgets Inc", "Mary Anning")
		if strings.Contains(page.Body, "Member 1") || strings.Contains(page.Body, "grace@example.com") {
			t.Errorf("it shows members of another account:\n%s", page.Body)
		}
	})

	t.Run("a realm of one's own takes the place of the local one", func(t *testing.T) {
		t.Parallel()
		realm := authrockettest.NewRealm(t)
		grace := realm.AddUser(authrockettest.User{Email: "hopper@example.com", Password: "bug", Name: "Grace Hopper"})
		realm.AddMembership(grace, realm.AddOrg(authrockettest.Org{Name: "Navy"}), "members:write")
		loginRocketURL := realm.Start()
		server, err := authrocketdev.New(authrocketdev.Config{Realm: realm})
		if err != nil {
			t.Fatal(err)
		}
		service, err := authrocketdev.NewService(authrocketdev.ServiceConfig{Server: server})
		if err != nil {
			t.Fatal(err)
		}
		core := httptest.NewServer(service.CoreAPI())
		t.Cleanup(core.Close)
		p := walk.Start(t, binary, []string{"LOGINROCKET_URL=" + loginRocketURL, "AUTHROCKET_URL=" + core.URL + "/v2", "AUTHROCKET_API_KEY=" + service.APIKey()}, "-addr", "127.0.0.1:0")
		app := p.Find(t, p.Stdout, `Open (http://127\.0\.0\.1:\d+) and sign in at http`)[0]
		b := walk.NewBrowser(t)
		wantPage(t, b.LogIn(b.Get(app+"/members"), "hopper@example.com", "bug"), 200, "Members of Navy", "Grace Hopper")
	})
}

func TestStop(t *testing.T) {
	t.Parallel()
	binary := walk.Build(t)
	for _, signal := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		t.Run(signal.String()+" ends the program well", func(t *testing.T) {
			t.Parallel()
			p := start(t, binary)
			p.Signal(t, signal)
			if got := p.ExitCode(t); got != 0 {
				t.Errorf("got exit code %d, want 0\n%s", got, p.Stderr)
			}
		})
	}
}

func TestArguments(t *testing.T) {
	t.Parallel()
	binary := walk.Build(t)
	for _, row := range []struct {
		name   string
		env    []string
		args   []string
		code   int
		stderr string
	}{
		{name: "an address without a port", args: []string{"-addr", "8080"}, code: 1, stderr: `team: -addr "8080" is not host:port; use, for example, localhost:8080` + "\n"},
		{name: "an argument that is no flag", args: []string{"serve"}, code: 1, stderr: `team: unexpected argument "serve"` + "\n"},
		{name: "an unknown flag", args: []string{"-port", "1"}, code: 1, stderr: "team: flag provided but not defined: -port\n"},
		{name: "help", args: []string{"-help"}},
		{name: "a realm without a key", env: []string{"LOGINROCKET_URL=https://sample.e2.loginrocket.com/"}, args: []string{"-addr", "127.0.0.1:0"}, code: 1, stderr: "(AUTHROCKET_API_KEY)"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			p := walk.Start(t, binary, row.env, row.args...)
			if got := p.ExitCode(t); got != row.code || !strings.Contains(p.Stderr.String(), row.stderr) {
				t.Errorf("got exit code %d\n%s\nwant %d with %q", got, p.Stderr, row.code, row.stderr)
			}
		})
	}
}
