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
	quickstart string // path of the built program

	// startChromium starts the one process that all tests share.
	startChromium func() (context.Context, error)
)

func TestMain(m *testing.M) { os.Exit(run(m)) }

// run builds what the tests start, and cleans up behind them.
func run(m *testing.M) int {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil && chromium == "" {
			chromium = path
		}
	}
	folder, err := os.MkdirTemp("", "browsertest")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(folder)
	quickstart = filepath.Join(folder, "quickstart")
	build := exec.Command("go", "build", "-o", quickstart, ".")
	build.Dir = "../examples/quickstart"
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "go build of the quickstart: %v\n%s", err, out)
		return 1
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

// requireChromium skips a test for which there is no browser.
func requireChromium(t *testing.T) {
	t.Helper()
	switch {
	case chromium != "":
	case os.Getenv("REQUIRE_BROWSER") == "1":
		t.Fatal("there is no Chromium: install Debian's package chromium")
	default:
		t.Skip("there is no Chromium: install Debian's package chromium")
	}
}
