package main_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/authrocket-go/authrocket/authrockettest"
	"github.com/authrocket-go/authrocket/examples/internal/walk"
)

func TestProgram(t *testing.T) {
	t.Parallel()
	walk.Shop(t)
}

// An instance without keys serves, but gets no share of the load.
func TestProgramIsReadyWithKeys(t *testing.T) {
	t.Parallel()
	program := walk.Build(t)
	for _, row := range []struct {
		name   string
		fault  authrockettest.Fault
		status int
		text   string
	}{
		{name: "with keys", status: http.StatusOK},
		{name: "without keys", fault: authrockettest.Status(http.StatusBadGateway), status: http.StatusServiceUnavailable, text: "not ready"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			realm := authrockettest.NewRealm(t)
			realm.Break(row.fault)
			p := walk.Start(t, program, []string{"LOGINROCKET_URL=" + realm.Start(), "ADDR=127.0.0.1:0"})
			app := p.Find(t, p.Stderr, `listening on (http://127\.0\.0\.1:\d+)\n`)[0]
			// A load balancer does not wait and ask again, as a browser does.
			resp, err := http.Get(app + "/readyz")
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			body, err := io.ReadAll(resp.Body)
			if err != nil || resp.StatusCode != row.status || !strings.Contains(string(body), row.text) {
				t.Errorf("got %d %s, want %d with %q", resp.StatusCode, body, row.status, row.text)
			}
			if page := walk.NewBrowser(t).Get(app + "/"); page.Status != http.StatusOK {
				t.Errorf("the home page: got %d", page.Status)
			}
		})
	}
}

func TestProgramSaysWhatIsMissing(t *testing.T) {
	t.Parallel()
	p := walk.Start(t, walk.Build(t), nil)
	if got := p.ExitCode(t); got != 1 {
		t.Errorf("got exit code %d, want 1", got)
	}
	for _, field := range []string{"Config.LoginRocketURL", "Config.AppURL"} {
		if !strings.Contains(p.Stderr.String(), field) {
			t.Errorf("%s is missing in %s", field, p.Stderr)
		}
	}
}
