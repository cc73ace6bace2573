package main_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	notesv1 "github.com/authrocket-go/authrocket/examples/internal/notes/v1"
	"github.com/authrocket-go/authrocket/examples/internal/walk"
)

// maxWait bounds waits that a broken program would make endless.
const maxWait = time.Minute

// program is the real program while it serves, and the same as a client.
type program struct {
	*walk.Program
	binary, addr, loginRocketAddr string
}

func start(t *testing.T) program {
	t.Helper()
	binary := walk.Build(t)
	p := walk.Start(t, binary, nil, "-addr", "127.0.0.1:0", "-loginrocket-addr", "localhost:0")
	found := p.Find(t, p.Stdout, `(?s)gRPC is served at (127\.0\.0\.1:\d+),.*LoginRocket is at http://(localhost:\d+)\..*Ctrl-C stops all`)
	return program{p, binary, found[0], found[1]}
}

// call starts the program as a client. A user is "ada@example.com engine".
func (p program) call(t *testing.T, user string, args ...string) *walk.Program {
	t.Helper()
	email, password, _ := strings.Cut(user, " ")
	return walk.Start(t, p.binary, nil, append([]string{"-addr", p.addr, "-loginrocket-addr", p.loginRocketAddr, "-email", email, "-password", password}, args...)...)
}

const (
	ada    = "ada@example.com engine"
	george = "george@example.com trains"
	mary   = "mary@example.com fossils"
)

func TestClient(t *testing.T) {
	t.Parallel()
	p := start(t)
	if added := p.call(t, ada, "add", "Cards", "for the engine"); added.ExitCode(t) != 0 {
		t.Fatal(added.Stderr)
	}
	for _, row := range []struct {
		name   string
		user   string
		args   []string
		code   int
		stdout string
		stderr string
	}{
		{name: "members list", user: george, args: []string{"list"}, stdout: `"Cards for the engine" by Ada Lovelace`},
		{name: "who may not, does not add", user: george, args: []string{"add", "x"}, code: 1, stderr: "grpc: PermissionDenied, PERMISSION_DENIED: "},
		{name: "others do not list", user: mary, args: []string{"list"}, code: 1, stderr: "grpc: PermissionDenied, WRONG_ORG: "},
		{name: "others do not watch", user: mary, args: []string{"watch"}, code: 1, stderr: "grpc: PermissionDenied, WRONG_ORG: "},
		{name: "another org", user: mary, args: []string{"-org", "org_fossils", "list"}},
		{name: "a note without a text", user: ada, args: []string{"add"}, code: 1, stderr: "a note has 1 to 500 characters"},
		{name: "a wrong password", user: "ada@example.com wrong", args: []string{"list"}, code: 1, stderr: "grpc: "},
		{name: "an unknown command", user: ada, args: []string{"remove"}, code: 1, stderr: `unknown command "remove"; use list`},
		{name: "help", user: ada, args: []string{"-h"}, stdout: "-loginrocket-addr"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			c := p.call(t, row.user, row.args...)
			if got := c.ExitCode(t); got != row.code {
				t.Errorf("got exit code %d, want %d", got, row.code)
			}
			if !strings.Contains(c.Stdout.String(), row.stdout) || !strings.Contains(c.Stderr.String(), row.stderr) {
				t.Errorf("got %q and %q, want %q and %q", c.Stdout, c.Stderr, row.stdout, row.stderr)
			}
		})
	}
}

// TestWithoutToken calls as a program that has none.
func TestWithoutToken(t *testing.T) {
	t.Parallel()
	p := start(t)
	conn, err := grpc.NewClient(p.addr, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	ctx, cancel := context.WithTimeout(t.Context(), maxWait)
	defer cancel()
	if answer, err := grpc_health_v1.NewHealthClient(conn).Check(ctx, &grpc_health_v1.HealthCheckRequest{}); err != nil || answer.GetStatus() != grpc_health_v1.HealthCheckResponse_SERVING {
		t.Errorf("health: got %v, %v", answer, err)
	}
	for name, call := range map[string]func() error{
		"list": func() error {
			_, err := notesv1.NewNotesServiceClient(conn).List(ctx, &notesv1.ListRequest{OrgId: "org_engines"})
			return err
		},
		"a method without an entry": func() error {
			_, err := notesv1.NewSessionServiceClient(conn).SignOutEverywhere(ctx, &notesv1.SignOutEverywhereRequest{})
			return err
		},
	} {
		refused := status.Convert(call())
		details := refused.Details()
		if refused.Code() != codes.Unauthenticated || len(details) != 1 || details[0].(*errdetails.ErrorInfo).GetReason() != "NO_TOKEN" {
			t.Errorf("%s: got %v %v", name, refused, details)
		}
	}
}

// TestWatchEndsWithTheSession has George sign out everywhere while he and Ada watch.
func TestWatchEndsWithTheSession(t *testing.T) {
	t.Parallel()
	p := start(t)
	ofAda, ofGeorge := p.call(t, ada, "watch"), p.call(t, george, "watch")
	add := func(text string) {
		t.Helper()
		if c := p.call(t, ada, "add", text); c.ExitCode(t) != 0 {
			t.Fatal(c.Stderr)
		}
	}
	add("Cards for the engine")
	ofAda.Find(t, ofAda.Stdout, `"Cards for the engine" by Ada Lovelace`)
	ofGeorge.Find(t, ofGeorge.Stdout, `"Cards for the engine" by Ada Lovelace`)
	if c := p.call(t, george, "sign-out-everywhere"); c.ExitCode(t) != 0 {
		t.Fatal(c.Stderr)
	}
	if code := ofGeorge.ExitCode(t); code != 1 || !strings.Contains(ofGeorge.Stderr.String(), "grpc: Unauthenticated, SESSION_ENDED: ") {
		t.Errorf("George's watch ends with %d %q", code, ofGeorge.Stderr)
	}
	add("Still here")
	ofAda.Find(t, ofAda.Stdout, `"Still here"`)
}
