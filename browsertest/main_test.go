package browsertest_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/chromedp/chromedp"
)

var (
	chromium   string // path of the browser, "" when there is none
	nginx      string // path of nginx, "" when there is none
	haproxy    string // path of HAProxy, "" when there is none
	caddy      string // path of Caddy, "" when there is none
	quickstart string // path of the built program
	team       string // the same

	connectExample string // the same

	// startChromium starts the one process that all tests share.
	startChromium func() (context.Context, error)
)

func TestMain(m *testing.M) { os.Exit(run(m)) }

// run builds what the tests start, and cleans up behind them.
func run(m *testing.M) int {
	chromium = findProgram("chromium", "chromium-browser", "google-chrome")
	nginx = findProgram("nginx", "/usr/sbin/nginx")
	haproxy = findProgram("haproxy", "/usr/sbin/haproxy")
	caddy = findProgram("caddy")
	folder, err := os.MkdirTemp("", "browsertest")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(folder)
	for name, path := range map[string]*string{"quickstart": &quickstart, "team": &team, "connect": &connectExample} {
		*path = filepath.Join(folder, name)
		build := exec.Command("go", "build", "-o", *path, ".")
		build.Dir = "../examples/" + name
		if out, err := build.CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "go build of the example %s: %v\n%s", name, err, out)
			return 1
		}
	}
	allocator, stop := chromedp.NewExecAllocator(context.Background(), append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(chromium),
		chromedp.NoSandbox, // a container's root has none
		chromedp.Flag("disable-dev-shm-usage", true),
		chromedp.Flag("ignore-certificate-errors", true), // ours are made for the tests
		chromedp.Flag("host-resolver-rules", "MAP *.test 127.0.0.1"),
	)...)
	defer stop()
	process, closeBrowser := chromedp.NewContext(allocator)
	defer closeBrowser()
	startChromium = sync.OnceValues(func() (context.Context, error) { return process, chromedp.Do(process) })
	return m.Run()
}

// findProgram returns the path of the first program that there is, "" when there
// is none.
func findProgram(names ...string) string {
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}

func requireChromium(t *testing.T) {
	t.Helper()
	requireProgram(t, chromium, "chromium")
}

func requireNginx(t *testing.T) {
	t.Helper()
	requireProgram(t, nginx, "nginx")
}

// requireProgram skips a test for which there is no program. The package is
// Debian's that has it.
func requireProgram(t *testing.T, path, pkg string) {
	t.Helper()
	if path == "" {
		skip(t, "there is no %s: install Debian's package of that name", pkg)
	}
}

// skip skips a test that lacks something. Where everything has to be there, it
// fails the test.
func skip(t *testing.T, format string, args ...any) {
	t.Helper()
	if os.Getenv("REQUIRE_PROGRAMS") == "1" {
		t.Fatalf(format, args...)
	}
	t.Skipf(format, args...)
}
