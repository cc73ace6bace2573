package main_test

import (
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/authrocket-go/authrocket/authrockettest"
	"github.com/authrocket-go/authrocket/examples/internal/walk"
)

// The program has the port that README.md names; the test changes it, since that may be in use.
func TestProgram(t *testing.T) {
	t.Parallel()
	realm := authrockettest.NewRealm(t)
	realm.AddUser(authrockettest.User{Email: "ada@example.com", Password: "engine", Name: "Ada Lovelace"})
	addr := freeAddr(t)
	walk.Start(t, buildAt(t, addr), []string{"LOGINROCKET_URL=" + realm.Start()})
	waitFor(t, addr)

	ada := walk.NewBrowser(t)
	page := ada.LogIn(ada.Get("http://"+addr+"/reports?month=5"), "ada@example.com", "engine")
	if !page.At("http://"+addr+"/reports?month=5") || page.Body != "Hello, Ada Lovelace\n" {
		t.Errorf("after the login: got %d at %s\n%s", page.Status, page.URL, page.Body)
	}
	if page := walk.NewBrowser(t).Get("http://"+addr+"/", "Accept: */*"); page.Status != 401 {
		t.Errorf("a program without a token: got %d %s, want 401", page.Status, page.Body)
	}
}

func TestProgramSaysWhatIsMissing(t *testing.T) {
	t.Parallel()
	p := walk.Start(t, walk.Build(t), nil)
	if got := p.ExitCode(t); got != 1 || !strings.Contains(p.Stderr.String(), "LOGINROCKET_URL") {
		t.Errorf("got exit code %d and %s, want that LOGINROCKET_URL is missing", got, p.Stderr)
	}
}

// buildAt builds the program with another address.
func buildAt(t *testing.T, addr string) string {
	t.Helper()
	source, err := os.ReadFile("main.go")
	if err != nil {
		t.Fatal(err)
	}
	const documented = `"127.0.0.1:8082"`
	if strings.Count(string(source), documented) != 1 {
		t.Fatalf("main.go does not name %s once", documented)
	}
	folder := t.TempDir()
	changed := filepath.Join(folder, "main.go")
	if err := os.WriteFile(changed, []byte(strings.Replace(string(source), documented, fmt.Sprintf("%q", addr), 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	binary := filepath.Join(folder, "program")
	if out, err := exec.Command("go", "build", "-o", binary, changed).CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return binary
}

// freeAddr is below the ports that systems give to those who ask for any.
func freeAddr(t *testing.T) string {
	t.Helper()
	for range 100 {
		listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", 20_000+rand.IntN(10_000)))
		if err == nil {
			defer listener.Close()
			return listener.Addr().String()
		}
	}
	t.Fatal("there is no free port")
	return ""
}

// waitFor waits until the program listens. Each attempt is answered at once.
func waitFor(t *testing.T, addr string) {
	t.Helper()
	for end := time.Now().Add(time.Minute); ; {
		conn, err := net.Dial("tcp", addr)
		if err == nil {
			conn.Close()
			return
		}
		if time.Now().After(end) {
			t.Fatal(err)
		}
	}
}
