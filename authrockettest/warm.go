package authrockettest

import (
	"testing"

	"github.com/authrocket-go/authrocket"
)

// Warm fetches the keys that auth needs, and fails the test if that is not possible.
// A request waits for keys for only two seconds, which may be too short on a busy
// machine. Call Warm before the first request of a test that expects an answer other
// than 503.
func Warm(t testing.TB, auth *authrocket.Auth) {
	t.Helper()
	var err error
	for range 10 { // a fetch takes up to 8 seconds
		if err = auth.Warm(t.Context()); err == nil {
			return
		}
	}
	t.Fatalf("authrockettest: %v", err)
}
