package main_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// binary is the program under test.
var binary string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "authrocket")
	if err != nil {
		panic(err)
	}
	os.Chmod(dir, 0o755) // TestDataWithoutPermission runs the program as another user
	binary = filepath.Join(dir, "authrocket")
	os.ReadDir(".") // the results of tests are cached: tells go test that they depend on the sources
	code := 1
	if out, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "go build: %v\n%s", err, out)
	} else {
		code = m.Run()
	}
	os.RemoveAll(dir)
	os.Exit(code)
}

// maxWait bounds waits that a broken program would make endless.
const maxWait = time.Minute

// program is the program while it runs.
type program struct {
	t              *testing.T
	stdout, stderr *output
	url            string
	cmd            *exec.Cmd
	done           chan struct{}
}

// start starts authrocket dev and waits until it listens.
func start(t *testing.T, args ...string) *program {
	t.Helper()
	p := begin(t, args...)
	p.url = p.find(p.stdout, `(?m)^LOGINROCKET_URL=(\S+)$`)
	p.find(p.stdout, `/outbox\n`)
	return p
}

// begin starts authrocket dev, at free ports unless args say otherwise.
func begin(t *testing.T, args ...string) *program {
	t.Helper()
	return execute(t, append([]string{"dev", "-addr", "localhost:0", "-core-addr", "localhost:0"}, args...)...)
}

// execute starts the program, which is killed with the test.
func execute(t *testing.T, args ...string) *program {
	t.Helper()
	return run(t, exec.Command(binary, args...))
}

func run(t *testing.T, cmd *exec.Cmd) *program {
	t.Helper()
	p := &program{t: t, stdout: newOutput(), stderr: newOutput(), done: make(chan struct{}), cmd: cmd}
	p.cmd.Stdout, p.cmd.Stderr = p.stdout, p.stderr
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

// find waits until out has what pattern describes and returns its first group,
// "" if it has none.
func (p *program) find(out *output, pattern string) string {
	p.t.Helper()
	expression := regexp.MustCompile(pattern)
	timeout := time.After(maxWait)
	for ended := false; ; {
		text, grew := out.read()
		if found := expression.FindStringSubmatch(text); found != nil {
			return append(found, "")[1]
		}
		if ended {
			p.t.Fatalf("the program ended without %q; it wrote\n%s%s", pattern, p.stdout, p.stderr)
		}
		select {
		case <-grew:
		case <-p.done:
			ended = true
		case <-timeout:
			p.t.Fatalf("the program does not write %q; it wrote\n%s%s", pattern, p.stdout, p.stderr)
		}
	}
}

// exitCode waits for the program's end. It is -1 when a signal ended it.
func (p *program) exitCode() int {
	p.t.Helper()
	select {
	case <-p.done:
	case <-time.After(maxWait):
		p.t.Fatalf("the program does not end; it wrote\n%s%s", p.stdout, p.stderr)
	}
	return p.cmd.ProcessState.ExitCode()
}

func newClient(t *testing.T) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{
		Jar: jar, Transport: transport, Timeout: maxWait,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

func (p *program) get(client *http.Client, path string) (status int, body string) {
	p.t.Helper()
	resp, err := client.Get(p.url + path)
	if err != nil {
		p.t.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return resp.StatusCode, string(data)
}

const appURL = "http://127.0.0.1:8080/"

var csrfField = regexp.MustCompile(`name="csrf" value="([^"]+)"`)

// logIn returns the token that an app gets of george, who has one account.
func (p *program) logIn(client *http.Client) string {
	p.t.Helper()
	_, body := p.get(client, "/login?redirect_uri="+url.QueryEscape(appURL))
	csrf := csrfField.FindStringSubmatch(body)
	if csrf == nil {
		p.t.Fatalf("there is no form:\n%s", body)
	}
	resp, err := client.PostForm(p.url+"/login", url.Values{
		"csrf": {csrf[1]}, "redirect_uri": {appURL}, "email": {"george@example.com"}, "password": {"trains"},
	})
	if err != nil {
		p.t.Fatal(err)
	}
	defer resp.Body.Close()
	return p.tokenOf(resp)
}

// again returns the token that an app gets of a browser that is signed in.
func (p *program) again(client *http.Client) string {
	p.t.Helper()
	resp, err := client.Get(p.url + "/login?redirect_uri=" + url.QueryEscape(appURL))
	if err != nil {
		p.t.Fatal(err)
	}
	defer resp.Body.Close()
	return p.tokenOf(resp)
}

func (p *program) tokenOf(resp *http.Response) string {
	p.t.Helper()
	target, err := resp.Location()
	if err != nil || !strings.HasPrefix(target.String(), appURL+"?token=") {
		p.t.Fatalf("got %d to %v, want the app with a token", resp.StatusCode, target)
	}
	return target.Query().Get("token")
}

// output is what the program has written so far.
type output struct {
	mu   sync.Mutex
	text []byte
	grew chan struct{} // closed by the next write
}

func newOutput() *output { return &output{grew: make(chan struct{})} }

func (o *output) Write(data []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.text = append(o.text, data...)
	close(o.grew)
	o.grew = make(chan struct{})
	return len(data), nil
}

func (o *output) read() (text string, grew <-chan struct{}) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return string(o.text), o.grew
}

func (o *output) String() string {
	text, _ := o.read()
	return text
}
