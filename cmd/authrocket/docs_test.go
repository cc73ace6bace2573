package main_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/authrockettest"
)

// TestCommandsOfTheDocs runs the commands of docs/local-authrocket.md in a shell.
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
	run := func(t *testing.T, heading string) string {
		t.Helper()
		commands := strings.NewReplacer(
			"http://localhost:8081", p.url, "http://localhost:8083/v2", api.url, "ks_...", api.key,
			"http://127.0.0.1:8080", app.URL,
		).Replace(commandsBelow(t, "../../docs/local-authrocket.md", heading))
		shell := exec.CommandContext(t.Context(), "sh", "-eu")
		shell.Stdin = strings.NewReader(commands)
		output, err := shell.CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, output)
		}
		return string(output)
	}

	t.Run("the Core API", func(t *testing.T) {
		got := run(t, "Core API")
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
		if got := run(t, "The LoginRocket API by hand"); !strings.HasSuffix(got, "signed in: george@example.com") {
			t.Errorf("got %q", got)
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

// commandsBelow returns the first indented block below the heading of a Markdown file.
func commandsBelow(t *testing.T, file, heading string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(text), "\n## "+heading+"\n")
	var commands strings.Builder
	for line := range strings.Lines(section) {
		command, isCode := strings.CutPrefix(line, "    ")
		switch {
		case isCode:
			commands.WriteString(command)
		case commands.Len() > 0 && strings.TrimSpace(line) == "":
			commands.WriteString("\n")
		case commands.Len() > 0:
			return commands.String()
		}
	}
	t.Fatalf("%s has no commands below %q", file, heading)
	return ""
}
