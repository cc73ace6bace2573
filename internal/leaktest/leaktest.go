// Package leaktest provides a TestMain for packages whose tests must not leave goroutines
// behind. The test run fails if a goroutine outlives the tests.
package leaktest

import (
	"fmt"
	"net/http"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"
)

// Main runs the tests and ends the process. It reports an error if a goroutine of this
// module, net/http, gRPC or Connect is still running after a minute. A fetch of keys may
// run for 8 seconds after its request, and a test cannot see when it ends.
//
// The tests get an [http.DefaultTransport] without CloseIdleConnections. An httptest
// server calls that method when it closes, and the call can break requests that other
// tests have just sent.
func Main(m *testing.M) {
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

// leftGoroutines returns the stacks of goroutines that do not end within a minute.
func leftGoroutines() string {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(time.Minute)
	for {
		left := moduleGoroutines()
		if left == "" {
			return ""
		}
		select {
		case <-tick.C:
		case <-deadline:
			return left
		}
	}
}

func moduleGoroutines() string {
	stacks := make([]byte, 4<<20)
	stacks = stacks[:runtime.Stack(stacks, true)]
	var left []string
	// The first stack belongs to the current goroutine.
	for _, stack := range strings.Split(string(stacks), "\n\n")[1:] {
		for _, owner := range []string{"authrocket-go/authrocket", "net/http.", "google.golang.org/grpc", "connectrpc.com/connect"} {
			if strings.Contains(stack, owner) {
				left = append(left, stack)
				break
			}
		}
	}
	return strings.Join(left, "\n\n")
}
