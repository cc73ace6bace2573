package release_test

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// program is a program that runs until it is interrupted, or until the end of the test.
type program struct {
	cmd     *exec.Cmd
	found   []string // what the pattern has found, and its groups
	printed strings.Builder
	ended   chan struct{} // closed when it has ended and printed is complete
	err     error         // of its end
}

// begin starts a program, and waits until it has printed lines that match pattern.
func begin(t *testing.T, folder string, env []string, stdin, pattern, name string, args ...string) *program {
	t.Helper()
	expression := regexp.MustCompile("(?m)" + pattern)
	p := &program{cmd: exec.CommandContext(t.Context(), name, args...), ended: make(chan struct{})}
	output, w := io.Pipe()
	p.cmd.Dir, p.cmd.Env, p.cmd.Stdin, p.cmd.Stdout, p.cmd.Stderr = folder, env, strings.NewReader(stdin), w, w
	// go run has the program as a child.
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	p.cmd.Cancel = func() error { return p.signal(syscall.SIGKILL) }
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		p.err = p.cmd.Wait()
		w.Close()
	}()
	matches := make(chan []string, 1)
	go func() {
		defer close(p.ended)
		lines := bufio.NewReader(output)
		for isFound := false; ; {
			if found := expression.FindStringSubmatch(p.printed.String()); found != nil && !isFound {
				isFound = true
				matches <- found
			}
			line, err := lines.ReadString('\n')
			p.printed.WriteString(line)
			if err != nil {
				return
			}
		}
	}()
	t.Cleanup(func() { <-p.ended }) // the context of the test ends before
	select {
	case p.found = <-matches:
	case <-p.ended:
		if p.found = expression.FindStringSubmatch(p.printed.String()); p.found == nil {
			t.Fatalf("%s ended (%v) without %s; it printed\n%s", p.cmd, p.err, pattern, &p.printed)
		}
	}
	return p
}

// signal sends a signal to the program and its children.
func (p *program) signal(signal syscall.Signal) error {
	return syscall.Kill(-p.cmd.Process.Pid, signal)
}

// interrupt does what Ctrl-C does, and waits for the end.
func (p *program) interrupt(t *testing.T) error {
	t.Helper()
	if err := p.signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	<-p.ended
	return p.err
}

// runIn runs a program to its end, and returns what it prints to standard output.
func runIn(t *testing.T, folder string, env []string, name string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir, cmd.Env = folder, env
	var stderr strings.Builder
	cmd.Stderr = &stderr
	output, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s%s", name, strings.Join(args, " "), err, output, &stderr)
	}
	return string(output)
}

// withoutSettings is the environment of this process without what configures an app and without
// the workspace.
func withoutSettings(variables ...string) []string {
	return append(slices.DeleteFunc(os.Environ(), func(variable string) bool {
		name, _, _ := strings.Cut(variable, "=")
		return name == "GOWORK" || name == "ADDR" || strings.HasPrefix(name, "LOGINROCKET_") || strings.HasPrefix(name, "AUTHROCKET_")
	}), variables...)
}

// waitFor waits until the program listens at an address.
func (p *program) waitFor(t *testing.T, address string) {
	t.Helper()
	for retry := time.NewTicker(100 * time.Millisecond); ; {
		if conn, err := net.Dial("tcp", address); err == nil {
			conn.Close()
			return
		}
		select {
		case <-retry.C:
		case <-p.ended:
			t.Fatalf("%s ended (%v); it printed\n%s", p.cmd, p.err, &p.printed)
		}
	}
}

// freeAddress is below the ports that systems give to those who ask for any.
func freeAddress(t *testing.T) string {
	t.Helper()
	for range 100 {
		if listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", 20_000+rand.IntN(10_000))); err == nil {
			defer listener.Close()
			return listener.Addr().String()
		}
	}
	t.Fatal("there is no free port")
	return ""
}

// requirePrograms skips a test for which a program is missing, unless all must be there.
func requirePrograms(t *testing.T, names ...string) {
	t.Helper()
	for _, name := range names {
		if _, err := exec.LookPath(name); err != nil {
			if os.Getenv("REQUIRE_PROGRAMS") == "1" {
				t.Fatal(err)
			}
			t.Skip(err)
		}
	}
}

func read(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func write(t *testing.T, folder, name, content string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(folder, name), []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// documents returns the Markdown files of the repository, by name.
func documents(t *testing.T) map[string]string {
	t.Helper()
	texts := map[string]string{}
	for _, name := range strings.Fields(runIn(t, "..", os.Environ(), "git", "ls-files", "*.md")) {
		texts[name] = read(t, filepath.Join("..", name))
	}
	if len(texts) == 0 {
		t.Fatal("the repository has no Markdown")
	}
	return texts
}
