package main_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/authrocketdev"
	"github.com/authrocket-go/authrocket/authrockettest"
)

// shop is an app with all that it needs: a realm, its LoginRocket and Core API, and the
// environment of the app. A test changes one thing, and runs the program.
type shop struct {
	t     *testing.T
	realm *authrockettest.Realm
	ada   authrockettest.User
	app   *httptest.Server
	env   map[string]string

	loginRocket, core *httptest.Server
	config            authrocket.Config // of the app, while it is not served yet
	secrets           []string          // of which nothing may be printed
	loginStatus       atomic.Int32      // what the hosted login answers in place of its page, 0 for the page
}

const (
	shopAPIKey      = "ks_geheim0123456789abcdef"
	shopReadOnlyKey = "ks_nurlesen0123456789abcdef"
)

// newShop serves LoginRocket and Core API, and the app as serveApp does.
func newShop(t *testing.T, configure ...func(*authrockettest.RealmConfig)) *shop {
	t.Helper()
	s := newShopWithoutApp(t, configure...)
	s.serveApp(nil)
	return s
}

func newShopWithoutApp(t *testing.T, configure ...func(*authrockettest.RealmConfig)) *shop {
	t.Helper()
	s := &shop{t: t, env: map[string]string{}, secrets: []string{shopAPIKey, shopReadOnlyKey}}
	s.loginRocket, s.core, s.app = httptest.NewUnstartedServer(nil), httptest.NewUnstartedServer(nil), httptest.NewUnstartedServer(nil)
	for _, server := range []*httptest.Server{s.loginRocket, s.core, s.app} {
		server.Config.ErrorLog = quiet
		t.Cleanup(server.Close)
	}
	config := authrockettest.RealmConfig{ID: "rl_shop", URL: "http://" + s.loginRocket.Listener.Addr().String()}
	for _, change := range configure {
		change(&config)
	}
	var err error
	if s.realm, err = authrockettest.Open(config); err != nil {
		t.Fatal(err)
	}
	s.ada = s.realm.AddUser(authrockettest.User{Email: "ada@example.com", Password: "engine", FirstName: "Ada", Name: "Ada"})
	s.realm.AddMembership(s.ada, s.realm.AddOrg(authrockettest.Org{Name: "Engines"}), "billing:write")
	server, err := authrocketdev.New(authrocketdev.Config{Realm: s.realm})
	if err != nil {
		t.Fatal(err)
	}
	service, err := authrocketdev.NewService(authrocketdev.ServiceConfig{Server: server, APIKey: shopAPIKey, ReadOnlyAPIKey: shopReadOnlyKey})
	if err != nil {
		t.Fatal(err)
	}
	s.loginRocket.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if status := int(s.loginStatus.Load()); status != 0 && r.URL.Path == "/login" {
			w.WriteHeader(status)
			return
		}
		server.ServeHTTP(w, r)
	})
	s.core.Config.Handler = service.CoreAPI()
	s.loginRocket.Start()
	s.core.Start()
	s.env = map[string]string{
		"LOGINROCKET_URL":      s.realm.URL(),
		"AUTHROCKET_REALM":     s.realm.ID(),
		"AUTHROCKET_APP_URL":   "http://" + s.app.Listener.Addr().String(),
		"AUTHROCKET_URL":       s.core.URL + "/v2",
		"AUTHROCKET_API_KEY":   shopAPIKey,
		"AUTHROCKET_JWT_KEY":   "",
		"LOGINROCKET_JWKS_URL": "",
	}
	if s.realm.KeyID() == "" {
		s.env["AUTHROCKET_JWT_KEY"] = s.realm.JWTKey()
		s.secrets = append(s.secrets, s.realm.JWTKey())
	}
	s.config = s.realm.Config()
	s.config.AppURL = s.env["AUTHROCKET_APP_URL"]
	return s
}

// serveApp serves the app, whose pages are those of around, or one that answers all.
func (s *shop) serveApp(around func(*authrocket.Auth) http.Handler) {
	s.t.Helper()
	s.config.Observer = authrocket.SilentObserver()
	auth, err := authrocket.New(s.config)
	if err != nil {
		s.t.Fatal(err)
	}
	if around == nil {
		around = func(auth *authrocket.Auth) http.Handler { return auth.Authenticate(http.NotFoundHandler()) }
	}
	s.app.Config.Handler = around(auth)
	s.app.Start()
}

// token is a login token of ada.
func (s *shop) token(options ...authrockettest.TokenOption) string {
	token := s.realm.Token(s.ada, options...)
	parts := strings.Split(token, ".")
	s.secrets = append(s.secrets, parts[1], parts[2])
	var claims struct{ Sid string }
	if payload, err := base64.RawURLEncoding.DecodeString(parts[1]); err == nil && json.Unmarshal(payload, &claims) == nil {
		s.secrets = append(s.secrets, claims.Sid)
	}
	return token
}

// quiet is for servers whose clients break off.
var quiet = log.New(io.Discard, "", 0)

// outcome is what the program wrote, and its exit status.
type outcome struct {
	status         int
	stdout, stderr string
}

// run runs the program in the environment, and looks for secrets in what it writes.
func (s *shop) run(stdin string, args ...string) outcome {
	s.t.Helper()
	o := runIn(s.t, s.env, stdin, args...)
	for _, secret := range s.secrets {
		if secret != "" && strings.Contains(o.stdout+o.stderr, secret) {
			s.t.Errorf("the program writes a secret:\n%s%s", o.stdout, o.stderr)
		}
	}
	return o
}

// runIn runs the program in an environment that has nothing else of an app.
func runIn(t *testing.T, env map[string]string, stdin string, args ...string) outcome {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), binary, args...)
	for _, pair := range os.Environ() {
		name, _, _ := strings.Cut(pair, "=")
		if !strings.HasPrefix(name, "AUTHROCKET_") && !strings.HasPrefix(name, "LOGINROCKET_") && !strings.HasSuffix(strings.ToLower(name), "_proxy") {
			cmd.Env = append(cmd.Env, pair)
		}
	}
	for name, value := range env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	var stdout, stderr bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(stdin), &stdout, &stderr
	err := cmd.Run()
	if _, isExit := errors.AsType[*exec.ExitError](err); err != nil && !isExit {
		t.Fatal(err)
	}
	return outcome{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}

// finding is a line of the doctor.
type finding struct{ Check, Status, Text, Do string }

// report is what the doctor writes as JSON.
type report struct {
	Result string
	Checks []finding
}

// doctor runs the doctor, and returns its exit status and report.
func (s *shop) doctor(stdin string, args ...string) (int, report) {
	s.t.Helper()
	o := s.run(stdin, append([]string{"doctor", "-json"}, args...)...)
	var r report
	if err := json.Unmarshal([]byte(o.stdout), &r); err != nil || o.stderr != "" {
		s.t.Fatalf("got %v, %d, %s%s", err, o.status, o.stdout, o.stderr)
	}
	return o.status, r
}

// of returns the findings of a check with a status.
func (r report) of(check, status string) []finding {
	var found []finding
	for _, f := range r.Checks {
		if f.Check == check && f.Status == status {
			found = append(found, f)
		}
	}
	return found
}

// others returns the findings of other checks that are wrong or unknown.
func (r report) others(checks ...string) []finding {
	var found []finding
next:
	for _, f := range r.Checks {
		for _, check := range checks {
			if f.Check == check {
				continue next
			}
		}
		if f.Status == "wrong" || f.Status == "unknown" {
			found = append(found, f)
		}
	}
	return found
}

// closedPort is a port of loopback at which nothing listens. The system gives it to no
// listener that asks for any port, as it could with one that has just been closed.
const closedPort = "1"
