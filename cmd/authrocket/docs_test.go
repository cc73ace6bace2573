package main_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/authrockettest"
)

// TestCommandsOfTheDocs runs the commands about the APIs in a shell.
func TestCommandsOfTheDocs(t *testing.T) {
	t.Parallel()
	for _, program := range []string{"sh", "curl", "grep"} {
		if _, err := exec.LookPath(program); err != nil {
			if os.Getenv("REQUIRE_PROGRAMS") == "1" {
				t.Fatal(err)
			}
			t.Skip(err)
		}
	}
	p := start(t)
	api := p.coreAPI()
	app := newApp(t, p.url)
	run := func(t *testing.T, document, heading string, replaced ...string) string {
		t.Helper()
		commands := strings.NewReplacer(append(replaced,
			"http://localhost:8081", p.url, "http://localhost:8083/v2", api.url, "ks_...", api.key,
			"http://127.0.0.1:8080", app.URL,
		)...).Replace(commandsBelow(t, document, heading))
		shell := exec.CommandContext(t.Context(), "sh", "-eu")
		shell.Env = append(os.Environ(), "AUTHROCKET_URL="+api.url, "AUTHROCKET_API_KEY="+api.key)
		shell.Stdin = strings.NewReader(commands)
		output, err := shell.CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, output)
		}
		return string(output)
	}

	t.Run("the Core API", func(t *testing.T) {
		got := run(t, "local-authrocket.md", "## Core API")
		for _, want := range []string{`"email":"ada@example.com"`, `"permissions":["widget:read"]`, `"first_name":"Grace"`, `"event_type":"session.deleted"`} {
			if !strings.Contains(strings.ReplaceAll(got, ": ", ":"), want) {
				t.Errorf("the output does not have %s:\n%s", want, got)
			}
		}
		if strings.Contains(got, `"errors"`) {
			t.Errorf("a command is refused:\n%s", got)
		}
	})

	t.Run("the LoginRocket API", func(t *testing.T) {
		if got := run(t, "local-authrocket.md", "## The LoginRocket API by hand"); !strings.HasSuffix(got, "signed in: george@example.com") {
			t.Errorf("got %q", got)
		}
	})

	t.Run("the end of a session", func(t *testing.T) {
		session, _ := api.must("POST", "/sessions", `{"session": {"user_id": "usr_ada"}}`)["id"].(string)
		got := run(t, "sessions.md", "### 1. Ask the API", "usr_...", "usr_ada", "kss_...", session)
		if !strings.Contains(got, session) || strings.Contains(got, `"errors"`) {
			t.Errorf("the output does not have the session %s:\n%s", session, got)
		}
		if status, _, answer := api.ask("GET", "/sessions/"+session, ""); status != http.StatusNotFound {
			t.Errorf("after the commands, the session has the answer %d %s", status, answer)
		}
	})
}

// newApp is an app whose page /manage needs a login.
func newApp(t *testing.T, loginRocketURL string) *httptest.Server {
	t.Helper()
	auth, err := authrocket.New(authrocket.Config{LoginRocketURL: loginRocketURL, DisableCookie: true})
	if err != nil {
		t.Fatal(err)
	}
	authrockettest.Warm(t, auth)
	mux := http.NewServeMux()
	mux.Handle("/manage", auth.RequireLogin(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, _ := authrocket.CurrentUser(r.Context())
		fmt.Fprint(w, "signed in: "+user.Email)
	})))
	app := httptest.NewServer(mux)
	t.Cleanup(app.Close)
	return app
}

// commandsBelow returns the indented lines between a heading and the next one in a file of
// docs/.
func commandsBelow(t *testing.T, document, heading string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("../../docs", document))
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(text), "\n"+heading+"\n")
	section, _, _ = strings.Cut(section, "\n#")
	var commands strings.Builder
	for line := range strings.Lines(section) {
		if command, isCode := strings.CutPrefix(line, "    "); isCode {
			commands.WriteString(command)
		}
	}
	if commands.Len() == 0 {
		t.Fatalf("%s has no commands below %q", document, heading)
	}
	return commands.String()
}
