package authrockettest

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/authrocket-go/authrocket"
)

// testPattern fails when the gate's decision does not name the route, in the
// framework's words.
func (w *adapterWorld) testPattern(t *testing.T, build func(App) http.Handler) {
	patterns := make(chan string, 10)
	app := w.serve(t, build, adapterRow{config: func(c *authrocket.Config) {
		c.Observer.Decision = func(_ context.Context, d authrocket.Decision) { patterns <- d.Pattern }
	}}, tell)
	app.roundTrip(t, w.placeholders.Replace("GET /orgs/<first>/files?secret\r\n"+adaCookie))
	close(patterns)
	var last string
	for last = range patterns {
	}
	want := Route{Path: "/orgs/{org}/files"}
	if got := strings.TrimPrefix(last, "GET "); got != want.Path && got != want.ColonPath() {
		t.Errorf("got the pattern %q of the gate's decision, want %q or %q", last, want.Path, want.ColonPath())
	}
}
