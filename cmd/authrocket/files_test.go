package main_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/authrocket-go/authrocket/authrockettest"
)

// waitFor waits until is reports true.
func waitFor(t *testing.T, what string, is func() bool) {
	t.Helper()
	poll := time.NewTicker(10 * time.Millisecond)
	defer poll.Stop()
	for deadline := time.Now().Add(maxWait); !is(); <-poll.C {
		if time.Now().After(deadline) {
			t.Fatalf("%s: this does not come", what)
		}
	}
}

func fileHas(t *testing.T, name, text string) bool {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Contains(string(data), text)
}

func wantMode(t *testing.T, name string) {
	t.Helper()
	info, err := os.Stat(name)
	if err != nil {
		t.Fatal(err)
	}
	if mode := info.Mode(); mode != 0o600 {
		t.Errorf("%s has the mode %s, want that only its owner may read it", name, mode)
	}
}

// wantAlone fails when there is another file in the folder of name.
func wantAlone(t *testing.T, name string) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Dir(name))
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if entry.Name() != filepath.Base(name) {
			t.Errorf("there is %s, too", entry.Name())
		}
	}
}

func (p *program) stop(signal os.Signal) (exitCode int) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(signal); err != nil {
		p.t.Fatal(err)
	}
	return p.exitCode()
}

// What a program has said is saved survives its end, however it ends.
func TestDataSurvives(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name   string
		signal os.Signal
		code   int
	}{
		{name: "SIGTERM", signal: syscall.SIGTERM, code: 0},
		{name: "SIGKILL, once it is saved", signal: syscall.SIGKILL, code: -1},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			name := filepath.Join(t.TempDir(), "realm.json")
			p := start(t, "-data", name)
			if !fileHas(t, name, "ada@example.com") {
				t.Error("the realm of the start is not saved")
			}
			core := p.coreAPI()
			core.must("POST", "/users", newUser)
			core.must("DELETE", "/users/usr_george", "")
			session, _ := core.must("POST", "/sessions", `{"session": {"user_id": "usr_ada"}}`)["id"].(string)
			_, keys := p.get(newClient(t), "/connect/jwks")
			if row.signal == syscall.SIGKILL {
				waitFor(t, "the session is in the file", func() bool { return fileHas(t, name, session) })
			}
			if code := p.stop(row.signal); code != row.code {
				t.Errorf("got exit code %d\n%s", code, p.stderr)
			}
			wantMode(t, name)
			wantAlone(t, name)
			if fileHas(t, name, "nanosecond") || fileHas(t, name, `"engine"`) {
				t.Error("there is a password in the file")
			}

			p = start(t, "-data", name)
			if printed := p.stdout.String(); !strings.Contains(printed, "grace@example.com") || strings.Contains(printed, "george") || strings.Contains(printed, "engine") {
				t.Errorf("it begins with\n%s", printed)
			}
			core = p.coreAPI()
			core.must("GET", "/sessions/"+session, "")
			if status, _, _ := core.ask("GET", "/users/usr_george", ""); status != 404 {
				t.Errorf("the deleted user is back: %d", status)
			}
			core.must("POST", "/users/grace@example.com/authenticate", `{"user": {"password": "nanosecond"}}`)
			if _, again := p.get(newClient(t), "/connect/jwks"); again != keys {
				t.Error("the keys are other ones")
			}
		})
	}
	t.Run("flags go first", func(t *testing.T) {
		t.Parallel()
		name := filepath.Join(t.TempDir(), "realm.json")
		start(t, "-data", name).stop(syscall.SIGTERM)
		key := start(t, "-data", name, "-algorithm", "HS256")
		if !strings.Contains(key.stdout.String(), "AUTHROCKET_JWT_KEY=jsk_") {
			t.Errorf("got\n%s", key.stdout)
		}
	})
	t.Run("what a killed program has left is taken away", func(t *testing.T) {
		t.Parallel()
		name := filepath.Join(t.TempDir(), "realm.json")
		precious := filepath.Join(t.TempDir(), "precious")
		writeFile(t, precious, "precious")
		if err := os.Symlink(precious, filepath.Join(filepath.Dir(name), ".realm.json.authrocket-tmp")); err != nil {
			t.Fatal(err)
		}
		start(t, "-data", name).stop(syscall.SIGTERM)
		wantAlone(t, name)
		if !fileHas(t, precious, "precious") {
			t.Error("the file behind a link is overwritten")
		}
	})
}

// A reader finds the realm as it was before, or as it is after a change, and never
// half of it.
func TestDataIsReplacedAtOnce(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "realm.json")
	p := start(t, "-data", name)
	core := p.coreAPI()
	first, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	before := readFile(t, name)
	core.must("POST", "/users", newUser)
	waitFor(t, "the user is in the file", func() bool {
		if !json.Valid(readFile(t, name)) {
			t.Fatal("the file is half written")
		}
		return fileHas(t, name, "grace@example.com")
	})
	var same bytes.Buffer
	if _, err := same.ReadFrom(first); err != nil || !bytes.Equal(same.Bytes(), before) {
		t.Errorf("who has the file open sees it change: %v", err)
	}
}

func readFile(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func writeFile(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// savedRealm is a realm as a program saves it.
func savedRealm(t *testing.T) string {
	t.Helper()
	var saved bytes.Buffer
	if err := authrockettest.NewRealm(t).Save(&saved); err != nil {
		t.Fatal(err)
	}
	return saved.String()
}

// A file that cannot be used is refused, and stays as it is.
func TestBrokenData(t *testing.T) {
	t.Parallel()
	whole := savedRealm(t)
	for _, row := range []struct {
		name string
		text string
		want string // pattern
	}{
		{name: "an empty file", text: "", want: `it is broken or cut off: .*; delete the file, which was not changed, or name another one\n$`},
		{name: "a file that was cut", text: whole[:len(whole)/2], want: `it is broken or cut off: .*; delete the file, which was not changed, or name another one\n$`},
		{name: "garbage", text: "\x00\xff{[,", want: `it is broken or cut off: .*; delete the file, which was not changed, or name another one\n$`},
		{name: "another document", text: `{"realm": {"id": "rl_mine"}}`, want: `it is another document, .*; delete the file, which was not changed, or name another one\n$`},
		{name: "a newer version", text: strings.Replace(whole, `"version":1`, `"version":1000`, 1), want: `it has version 1000, .* use the newer program that saved it; delete the file, which was not changed, or name another one\n$`},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			name := filepath.Join(t.TempDir(), "realm.json")
			writeFile(t, name, row.text)
			p := begin(t, "-data", name)
			if code := p.exitCode(); code != 1 || !regexp.MustCompile(`^authrocket dev: -data \S+realm.json: `).MatchString(p.stderr.String()) || !regexp.MustCompile(row.want).MatchString(p.stderr.String()) || strings.Contains(p.stderr.String(), "authrockettest") {
				t.Errorf("got exit code %d, %s", code, p.stderr)
			}
			if got := string(readFile(t, name)); got != row.text {
				t.Errorf("the file is now %q", got)
			}
			wantAlone(t, name)
			if p.stdout.String() != "" {
				t.Errorf("it prints\n%s", p.stdout)
			}
		})
	}
	t.Run("a realm with another ID", func(t *testing.T) {
		t.Parallel()
		name := filepath.Join(t.TempDir(), "realm.json")
		writeFile(t, name, whole)
		p := start(t, "-data", name) // the demo's seed names another one, and does not count
		if strings.Contains(p.stdout.String(), "rl_local") {
			t.Errorf("got\n%s", p.stdout)
		}
	})
	t.Run("a folder", func(t *testing.T) {
		t.Parallel()
		name := t.TempDir()
		p := begin(t, "-data", name)
		if code := p.exitCode(); code != 1 || p.stderr.String() != "authrocket dev: -data: "+name+" is not a regular file; choose another name\n" {
			t.Errorf("got exit code %d, %s", code, p.stderr)
		}
	})
	t.Run("a link", func(t *testing.T) {
		t.Parallel()
		target, name := filepath.Join(t.TempDir(), "realm.json"), filepath.Join(t.TempDir(), "link.json")
		writeFile(t, target, whole)
		if err := os.Symlink(target, name); err != nil {
			t.Fatal(err)
		}
		p := begin(t, "-data", name)
		if code := p.exitCode(); code != 1 || p.stderr.String() != "authrocket dev: -data: "+name+" is not a regular file; choose another name\n" {
			t.Errorf("got exit code %d, %s", code, p.stderr)
		}
	})
	t.Run("a folder that is not there", func(t *testing.T) {
		t.Parallel()
		p := begin(t, "-data", filepath.Join(t.TempDir(), "none", "realm.json"))
		if code := p.exitCode(); code != 1 || !strings.HasPrefix(p.stderr.String(), "authrocket dev: -data: the realm is not saved: ") || !strings.HasSuffix(p.stderr.String(), "no such file or directory\n") {
			t.Errorf("got exit code %d, %s", code, p.stderr)
		}
	})
}

func TestSharedData(t *testing.T) {
	t.Parallel()
	t.Run("a second program is refused while the first one runs", func(t *testing.T) {
		t.Parallel()
		name := filepath.Join(t.TempDir(), "realm.json")
		first := start(t, "-data", name)
		refused := func() {
			t.Helper()
			p := begin(t, "-data", name)
			if code := p.exitCode(); code != 1 || p.stderr.String() != "authrocket dev: -data: "+name+": another program uses it; give each program its own file\n" {
				t.Errorf("got exit code %d, %s", code, p.stderr)
			}
		}
		refused()
		first.coreAPI().must("POST", "/users", newUser) // the file is another one then
		waitFor(t, "the user is in the file", func() bool { return fileHas(t, name, "grace@example.com") })
		refused()
		first.stop(syscall.SIGKILL)
		start(t, "-data", name)
	})
	for _, row := range []struct {
		name   string
		change func(t *testing.T, name string)
	}{
		{name: "what somebody has written into it is not overwritten", change: func(t *testing.T, name string) { writeFile(t, name, "mine") }},
		{name: "what somebody has put in its place is not overwritten", change: func(t *testing.T, name string) {
			other := filepath.Join(t.TempDir(), "other.json")
			writeFile(t, other, "mine")
			if err := os.Rename(other, name); err != nil {
				t.Fatal(err)
			}
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			name := filepath.Join(t.TempDir(), "realm.json")
			p := start(t, "-data", name)
			row.change(t, name)
			p.coreAPI().must("POST", "/users", newUser)
			p.find(p.stderr, `level=ERROR msg="the realm is not saved" error=".*another program has changed it`)
			if code := p.stop(syscall.SIGTERM); code != 1 || !strings.Contains(p.stderr.String(), "\nauthrocket dev: -data: the realm is not saved: "+name+": another program has changed it, so it is not overwritten; stop that program, or name another file\n") {
				t.Errorf("got exit code %d, %s", code, p.stderr)
			}
			if got := string(readFile(t, name)); got != "mine" {
				t.Errorf("the file is now %q", got)
			}
			wantAlone(t, name)
		})
	}
	t.Run("a file that was deleted is written again", func(t *testing.T) {
		t.Parallel()
		name := filepath.Join(t.TempDir(), "realm.json")
		p := start(t, "-data", name)
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
		if code := p.stop(syscall.SIGTERM); code != 0 || !fileHas(t, name, "ada@example.com") {
			t.Errorf("got exit code %d, %s", code, p.stderr)
		}
	})
}

func TestEnvFile(t *testing.T) {
	t.Parallel()
	printed := func(p *program) string {
		return regexp.MustCompile(`(?m)^LOGINROCKET_URL=(.+\n)+`).FindString(p.stdout.String())
	}
	t.Run("has what is printed, and is replaced at the next start", func(t *testing.T) {
		t.Parallel()
		name := filepath.Join(t.TempDir(), "local.env")
		for _, algorithm := range []string{"RS256", "HS256"} {
			p := start(t, "-env", name, "-algorithm", algorithm)
			first, rest, _ := strings.Cut(string(readFile(t, name)), "\n")
			if !strings.HasPrefix(first, "# Written by authrocket dev") || rest == "" || rest != printed(p) {
				t.Errorf("got\n%s\n%s\nwant\n%s", first, rest, printed(p))
			}
			for _, variable := range []string{"LOGINROCKET_URL", "AUTHROCKET_REALM", "AUTHROCKET_URL", "AUTHROCKET_API_KEY"} {
				if !strings.Contains(rest, variable+"=") {
					t.Errorf("%s is missing in\n%s", variable, rest)
				}
			}
			if got := strings.Contains(rest, "AUTHROCKET_JWT_KEY=jsk_"); got != (algorithm == "HS256") {
				t.Errorf("with %s the file has the JWT key: %t", algorithm, got)
			}
			wantMode(t, name)
			wantAlone(t, name)
		}
	})
	t.Run("becomes private when it was not", func(t *testing.T) {
		t.Parallel()
		name := filepath.Join(t.TempDir(), "local.env")
		start(t, "-env", name).stop(syscall.SIGTERM)
		if err := os.Chmod(name, 0o644); err != nil {
			t.Fatal(err)
		}
		start(t, "-env", name)
		wantMode(t, name)
	})
	for _, row := range []struct {
		name string
		text string
	}{
		{name: "a file of somebody else stays", text: "SECRET=1\n"},
		{name: "an empty file stays", text: ""},
		{name: "a longer first line stays", text: "# Written by authrocket dev -env: each start replaces this file. Or not.\n"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			name := filepath.Join(t.TempDir(), ".env")
			writeFile(t, name, row.text)
			p := begin(t, "-env", name)
			if code := p.exitCode(); code != 1 || p.stderr.String() != "authrocket dev: -env: "+name+": authrocket dev did not write this file, and does not replace it; choose another name\n" {
				t.Errorf("got exit code %d, %s", code, p.stderr)
			}
			if got := string(readFile(t, name)); got != row.text {
				t.Errorf("the file is now %q", got)
			}
			wantAlone(t, name)
		})
	}
	t.Run("a folder", func(t *testing.T) {
		t.Parallel()
		name := t.TempDir()
		p := begin(t, "-env", name)
		if code := p.exitCode(); code != 1 || p.stderr.String() != "authrocket dev: -env: "+name+" is not a regular file; choose another name\n" {
			t.Errorf("got exit code %d, %s", code, p.stderr)
		}
	})
}
