package authrocketdev_test

import (
	"fmt"
	"net/http"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"
)

// TestMain gives the tests an http.DefaultTransport without CloseIdleConnections. A
// server of httptest calls that method when it closes, and then requests that other
// tests have just sent fail.
func TestMain(m *testing.M) {
	standard := http.DefaultTransport.(*http.Transport)
	http.DefaultTransport = struct{ http.RoundTripper }{standard}
	code := m.Run()
	standard.CloseIdleConnections()
	if left := leftGoroutines(); code == 0 && left != "" {
		fmt.Fprintf(os.Stderr, "goroutines outlive the tests:\n\n%s\n", left)
		code = 1
	}
	os.Exit(code)
}

// leftGoroutines returns the stacks of goroutines of this module or of net/http
// that do not end within a minute.
func leftGoroutines() string {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(time.Minute)
	for {
		stacks := make([]byte, 4<<20)
		stacks = stacks[:runtime.Stack(stacks, true)]
		var left []string
		for _, stack := range strings.Split(string(stacks), "\n\n")[1:] { // the first one is this goroutine
			if strings.Contains(stack, "authrocket-go/authrocket") || strings.Contains(stack, "net/http.") {
				left = append(left, stack)
			}
		}
		if len(left) == 0 {
			return ""
		}
		select {
		case <-tick.C:
		case <-deadline:
			return strings.Join(left, "\n\n")
		}
	}
}
