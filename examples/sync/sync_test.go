package main_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/authrocket-go/authrocket/authrocketdev"
	"github.com/authrocket-go/authrocket/authrockettest"
	"github.com/authrocket-go/authrocket/examples/internal/walk"
	"github.com/authrocket-go/authrocket/examples/sync/usersync"
)

// served is a local AuthRocket with a Core API on a port.
type served struct {
	realm   *authrockettest.Realm
	service *authrocketdev.Service
	env     []string
}

func serve(t *testing.T) served {
	t.Helper()
	server, err := authrocketdev.DemoSeed().Open(authrockettest.RealmConfig{URL: "http://localhost:8081"})
	if err != nil {
		t.Fatal(err)
	}
	service, err := authrocketdev.NewService(authrocketdev.ServiceConfig{Server: server})
	if err != nil {
		t.Fatal(err)
	}
	core := httptest.NewServer(service.CoreAPI())
	t.Cleanup(func() {
		core.CloseClientConnections()
		core.Close()
	})
	return served{server.Realm(), service, []string{"AUTHROCKET_URL=" + core.URL + "/v2", "AUTHROCKET_API_KEY=" + service.APIKey()}}
}

var nothingSet = []string{"AUTHROCKET_URL=", "AUTHROCKET_API_KEY="}

// usersIn returns the IDs of the users in a database that are not deleted.
func usersIn(t *testing.T, file string) []string {
	t.Helper()
	db, err := usersync.Open(t.Context(), file)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.QueryContext(t.Context(), `SELECT id FROM users WHERE deleted_at IS NULL ORDER BY id`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var ids []string
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	return ids
}

func TestExitStatus(t *testing.T) {
	t.Parallel()
	program := walk.Build(t)
	for name, row := range map[string]struct {
		args   []string
		env    []string // in place of those of the local AuthRocket
		fault  authrockettest.Fault
		status int
		stdout string
		stderr string
	}{
		"all is copied":               {status: 0, stdout: "complete run: users copied: 2, orgs: 2, memberships: 3", stderr: "users: 2\n"},
		"by events, the first time":   {args: []string{"-events"}, status: 0, stdout: "complete run (there was no complete run before"},
		"locally, with one command":   {args: []string{"-local"}, env: nothingSet, status: 0, stdout: "users copied: 1, orgs: 2, memberships: 2; rows marked as deleted: 2"},
		"help":                        {args: []string{"-h"}, status: 0, stderr: "-events"},
		"nothing is configured":       {env: nothingSet, status: 1, stderr: "AUTHROCKET_API_KEY"},
		"the key is wrong":            {fault: authrockettest.Status(http.StatusForbidden), status: 1, stderr: "the API key is wrong"},
		"the file cannot be written":  {args: []string{"-db", "/dev/null/users.db"}, status: 1, stderr: "/dev/null/users.db"},
		"an unknown flag":             {args: []string{"-full"}, status: 2, stderr: "-full"},
		"an argument that is no flag": {args: []string{"users.db"}, status: 2, stderr: `unexpected argument "users.db"`},
		"the API is down":             {fault: authrockettest.Status(http.StatusServiceUnavailable), status: 75, stderr: "does not answer now"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := serve(t)
			s.service.Break(row.fault)
			env := s.env
			if row.env != nil {
				env = row.env
			}
			args := append([]string{"-db", filepath.Join(t.TempDir(), "users.db")}, row.args...)
			p := walk.Start(t, program, env, args...)
			status := p.ExitCode(t)
			if status != row.status || !strings.Contains(p.Stdout.String(), row.stdout) || !strings.Contains(p.Stderr.String(), row.stderr) {
				t.Errorf("got exit status %d\n%s\n%s\nwant %d, %q, %q", status, p.Stdout, p.Stderr, row.status, row.stdout, row.stderr)
			}
			for _, secret := range []string{s.service.APIKey(), "\r", "\x1b", "example.com"} {
				if strings.Contains(p.Stdout.String()+p.Stderr.String(), secret) {
					t.Errorf("%q is in the output\n%s\n%s", secret, p.Stdout, p.Stderr)
				}
			}
		})
	}
}

// A kill at any request loses nothing, and a signal ends the program with a status.
func TestSignals(t *testing.T) {
	t.Parallel()
	program := walk.Build(t)
	for name, row := range map[string]struct {
		signal os.Signal
		status int
	}{
		"killed":     {os.Kill, -1},
		"terminated": {syscall.SIGTERM, 75},
	} {
		for _, request := range []int{1, 2, 3, 4, 5, 6} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				s := serve(t)
				file := filepath.Join(t.TempDir(), "users.db")
				if status := walk.Start(t, program, s.env, "-db", file).ExitCode(t); status != 0 {
					t.Fatalf("the first run ends with %d", status)
				}
				if err := s.realm.DeleteUser("usr_george"); err != nil {
					t.Fatal(err)
				}
				reached := make(chan struct{})
				var requests atomic.Int64
				s.service.Break(func(w http.ResponseWriter, r *http.Request, healthy http.Handler) {
					if requests.Add(1) == int64(request) {
						close(reached)
						authrockettest.Hang()(w, r, healthy)
						return
					}
					healthy.ServeHTTP(w, r)
				})
				p := walk.Start(t, program, s.env, "-db", file)
				<-reached
				p.Signal(t, row.signal)
				if status := p.ExitCode(t); status != row.status {
					t.Errorf("got exit status %d, want %d\n%s", status, row.status, p.Stderr)
				}
				s.service.Repair()
				if status := walk.Start(t, program, s.env, "-db", file).ExitCode(t); status != 0 {
					t.Errorf("the next run ends with %d", status)
				}
				if got := usersIn(t, file); !slices.Equal(got, []string{"usr_ada"}) {
					t.Errorf("the users are %q", got)
				}
			})
		}
	}
}
