//go:build unix

package main_test

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/authrocket-go/authrocket/examples/internal/walk"
)

// running is the whole program, while it runs.
type running struct {
	*walk.Program
	app string // URL
}

// start starts the program at free ports. It is stopped with the test, which fails if one of
// its processes is left.
func start(t *testing.T, env ...string) running {
	t.Helper()
	p := walk.Start(t, os.Args[0], append(env, "RUN_FLEET=1"), "-addr", "127.0.0.1:0", "-loginrocket-addr", "localhost:0", "-core-addr", "localhost:0")
	t.Cleanup(func() {
		p.Signal(t, syscall.SIGTERM)
		if code := p.ExitCode(t); code != 0 {
			t.Errorf("the program ends with code %d:\n%s", code, p.Stderr)
		}
		for _, line := range processLine.FindAllStringSubmatch(p.Stdout.String(), -1) {
			pid, err := strconv.Atoi(line[2])
			if err != nil {
				t.Fatal(err)
			}
			if err := syscall.Kill(pid, 0); !errors.Is(err, syscall.ESRCH) {
				t.Errorf("%s outlives the program: %v", line[1], err)
			}
		}
	})
	app := p.Find(t, p.Stdout, `(?s)Open (http://127\.0\.0\.1:\d+) .*Ctrl-C stops all\.`)[0]
	return running{p, app}
}

var processLine = regexp.MustCompile(`(?m)^  (\S.*\S) +process (\d+)$`)

func (f running) logIn(t *testing.T, email, password, account string) *walk.Browser {
	t.Helper()
	b := walk.NewBrowser(t)
	page := b.LogIn(b.Follow(b.Get(f.app+"/"), "Sign in"), email, password)
	if account != "" {
		page = b.Press(page, account, nil)
	}
	if page.Status != 200 || !strings.Contains(page.Body, "Sign out everywhere") {
		t.Fatalf("the login leads to %s, %d\n%s", page.URL, page.Status, page.Body)
	}
	return b
}

// waitForViews opens the views on the page again and again, as the page does, until each of
// them says text. It returns how many there are.
func (f running) waitForViews(t *testing.T, b *walk.Browser, text string) int {
	t.Helper()
	views := frame.FindAllStringSubmatch(b.Get(f.app+"/").Body, -1)
	deadline := time.Now().Add(maxWait)
	for i, view := range views {
		page := b.Get(f.app + view[1])
		for ; !strings.Contains(page.Body, text); page = b.Get(f.app + view[1]) {
			if time.Now().After(deadline) {
				t.Fatalf("%s does not say %q:\n%s", page.URL, text, page.Body)
			}
		}
		if want := fmt.Sprintf("<h3>Instance %d</h3>", i+1); !strings.Contains(page.Body, want) {
			t.Errorf("%s is not of instance %d:\n%s", page.URL, i+1, page.Body)
		}
	}
	return len(views)
}

var frame = regexp.MustCompile(`<iframe src="([^"]*)"`)

func TestFleet(t *testing.T) {
	t.Parallel()
	needRedis(t)
	f := start(t)
	ada, george := f.logIn(t, "ada@example.com", "engine", "Widgets Inc"), f.logIn(t, "george@example.com", "trains", "")
	if n := f.waitForViews(t, ada, "200 Ada Lovelace"); n != 3 {
		t.Errorf("the page shows %d instances, want 3", n)
	}
	f.waitForViews(t, george, "200 George Stephenson")

	if page := ada.Get(f.app + "/"); strings.Contains(page.Body, "Remove member") {
		t.Errorf("a member who is not an owner may remove members:\n%s", page.Body)
	}
	page := george.Get(f.app + "/")
	if !strings.Contains(page.Body, "<li>Ada Lovelace\n") || !strings.Contains(page.Body, "<li>George Stephenson (you)\n") {
		t.Fatalf("the members are missing:\n%s", page.Body)
	}
	page = george.Press(page, "Remove member", nil) // the first one, who is Ada
	if !page.At(f.app+"/") || strings.Contains(page.Body, "<li>Ada Lovelace\n") {
		t.Errorf("after the removal: %s\n%s", page.URL, page.Body)
	}
	f.waitForViews(t, ada, "401 session_ended")
	f.waitForViews(t, george, "200 George Stephenson")

	page = george.Press(george.Get(f.app+"/"), "Sign out everywhere", nil)
	if !page.At(f.app + "/") {
		t.Errorf("signing out everywhere leads to %s\n%s", page.URL, page.Body)
	}
	f.waitForViews(t, george, "401 session_ended")
	if page := george.Get(f.app + "/"); !strings.Contains(page.Body, "Nobody is signed in") {
		t.Errorf("after signing out everywhere:\n%s", page.Body)
	}

	for _, line := range processLine.FindAllStringSubmatch(f.Stdout.String(), -1) {
		if line[1] == "instance 2" {
			pid, _ := strconv.Atoi(line[2])
			if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
				t.Fatal(err)
			}
		}
	}
	f.Find(t, f.Stderr, `instance 2 has ended and is started again`)
	f.waitForViews(t, george, "401 session_ended")
}

// Only an owner removes members, and only those of the account.
func TestWhoRemovesMembers(t *testing.T) {
	t.Parallel()
	f := start(t)
	ada := f.logIn(t, "ada@example.com", "engine", "Analytical Engines")
	adaAsMember := f.logIn(t, "ada@example.com", "engine", "Widgets Inc")
	george := f.logIn(t, "george@example.com", "trains", "")
	ofEngines, ofWidgets := removal.FindStringSubmatch(ada.Get(f.app+"/").Body), removal.FindStringSubmatch(george.Get(f.app+"/").Body)
	if ofEngines == nil || ofWidgets == nil {
		t.Fatal("the owners cannot remove members")
	}
	for _, row := range []struct {
		name   string
		by     *walk.Browser
		path   string
		status int
	}{
		{name: "a visitor", by: walk.NewBrowser(t), path: ofEngines[1], status: 401},
		{name: "the owner of another account", by: george, path: ofEngines[1], status: 403},
		{name: "a member who is not an owner", by: adaAsMember, path: ofWidgets[1], status: 403},
	} {
		if page := row.by.Post(f.app+row.path, nil); page.Status != row.status {
			t.Errorf("%s: got %d, want %d\n%s", row.name, page.Status, row.status, page.Body)
		}
	}
	for _, page := range []walk.Page{ada.Get(f.app + "/"), george.Get(f.app + "/")} {
		if !strings.Contains(page.Body, ofEngines[1]) && !strings.Contains(page.Body, ofWidgets[1]) {
			t.Errorf("a member is gone:\n%s", page.Body)
		}
	}
}

var removal = regexp.MustCompile(`action="(/members/[^"]*/remove)"`)

func TestWithoutRedis(t *testing.T) {
	t.Parallel()
	f := start(t, "PATH="+t.TempDir())
	if !strings.Contains(f.Stdout.String(), "redis-server is not installed, so that one instance runs instead of three.\n") {
		t.Errorf("nothing says so:\n%s", f.Stdout)
	}
	george := f.logIn(t, "george@example.com", "trains", "")
	if n := f.waitForViews(t, george, "200 George Stephenson"); n != 1 {
		t.Errorf("the page shows %d instances, want 1", n)
	}
	george.Press(george.Get(f.app+"/"), "Sign out everywhere", nil)
	f.waitForViews(t, george, "401 session_ended")
}
