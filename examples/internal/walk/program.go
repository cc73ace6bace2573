// Package walk starts the example programs for their tests, and walks through
// them as a person with a browser does.
package walk

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sync"
	"testing"
	"time"
)

// Build builds the program in the working directory and returns its path.
func Build(t testing.TB) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "program")
	if out, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return binary
}

// Program is a running program.
type Program struct {
	Stdout, Stderr *Output

	cmd  *exec.Cmd
	done chan struct{}
}

// Start starts the program binary. The program gets no variables of AuthRocket except
// those in env, such as "LOGINROCKET_URL=...". It is killed when the test ends.
func Start(t testing.TB, binary string, env []string, args ...string) *Program {
	t.Helper()
	p := &Program{Stdout: newOutput(), Stderr: newOutput(), done: make(chan struct{})}
	p.cmd = exec.Command(binary, args...)
	p.cmd.Stdout, p.cmd.Stderr = p.Stdout, p.Stderr
	p.cmd.Env = append(os.Environ(), "LOGINROCKET_URL=", "AUTHROCKET_APP_URL=", "AUTHROCKET_REALM=", "AUTHROCKET_JWT_KEY=", "LOGINROCKET_JWKS_URL=", "AUTHROCKET_URL=", "AUTHROCKET_API_KEY=")
	p.cmd.Env = append(p.cmd.Env, env...)
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		p.cmd.Wait()
		close(p.done)
	}()
	t.Cleanup(func() {
		p.cmd.Process.Kill()
		<-p.done
	})
	return p
}

// maxWait limits each wait, because a broken program could make a test wait forever.
const maxWait = time.Minute

// Find waits until out matches pattern, and returns the groups of the match.
func (p *Program) Find(t testing.TB, out *Output, pattern string) []string {
	t.Helper()
	expression := regexp.MustCompile(pattern)
	timeout := time.After(maxWait)
	for ended := false; ; {
		text, grew := out.read()
		if found := expression.FindStringSubmatch(text); found != nil {
			return found[1:]
		}
		if ended {
			t.Fatalf("the program ended without %q; it wrote\n%s%s", pattern, p.Stdout, p.Stderr)
		}
		select {
		case <-grew:
		case <-p.done:
			ended = true
		case <-timeout:
			t.Fatalf("the program does not write %q; it wrote\n%s%s", pattern, p.Stdout, p.Stderr)
		}
	}
}

// Signal sends s to the program.
func (p *Program) Signal(t testing.TB, s os.Signal) {
	t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
}

// ExitCode waits until the program ends, and returns its exit code, or -1 if a signal
// ended it.
func (p *Program) ExitCode(t testing.TB) int {
	t.Helper()
	select {
	case <-p.done:
	case <-time.After(maxWait):
		t.Fatalf("the program does not end; it wrote\n%s%s", p.Stdout, p.Stderr)
	}
	return p.cmd.ProcessState.ExitCode()
}

// Output holds what a program has written so far.
type Output struct {
	mu   sync.Mutex
	text []byte
	grew chan struct{} // closed when the program writes more
}

func newOutput() *Output { return &Output{grew: make(chan struct{})} }

func (o *Output) Write(data []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.text = append(o.text, data...)
	close(o.grew)
	o.grew = make(chan struct{})
	return len(data), nil
}

func (o *Output) read() (text string, grew <-chan struct{}) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return string(o.text), o.grew
}

func (o *Output) String() string {
	text, _ := o.read()
	return text
}
