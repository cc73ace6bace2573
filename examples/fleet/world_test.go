//go:build unix

package main_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/authrocket-go/authrocket/authrocketdev"
	"github.com/authrocket-go/authrocket/authrockettest"
	"github.com/authrocket-go/authrocket/coreapi"
	fleet "github.com/authrocket-go/authrocket/examples/fleet"
	"github.com/authrocket-go/authrocket/sessionstate/valkeystate"
)

const instances = 3

// world is three instances of the app and a redis-server, all of them processes, and an
// AuthRocket that sends its webhooks by the proxy.
type world struct {
	t         *testing.T
	realm     *authrockettest.Realm
	users     []authrockettest.User // who have not signed in yet
	service   *authrocketdev.Service
	secret    string          // of the webhooks
	api       *coreapi.Client // of the test
	client    *http.Client
	env       []string
	proxy     *fleet.Proxy
	instances [instances]*fleet.Process
	redisAddr string
	redis     *fleet.Process
	log       *valkeystate.Log
}

// maxWait bounds waits that a broken program would make endless.
const maxWait = 2 * time.Minute

// needRedis skips a test without redis-server, or fails it where the tests must have all
// programs.
func needRedis(t *testing.T) {
	t.Helper()
	switch {
	case fleet.FindRedis() != "":
	case os.Getenv("REQUIRE_PROGRAMS") == "1":
		t.Fatal("there is no redis-server: install Debian's package of that name")
	default:
		t.Skip("there is no redis-server: install Debian's package of that name")
	}
}

func newWorld(t *testing.T) *world {
	t.Helper()
	needRedis(t)
	w := &world{t: t, proxy: fleet.NewProxy(instances), client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 10}, Timeout: maxWait}}
	t.Cleanup(w.client.CloseIdleConnections)
	app := httptest.NewServer(w.proxy)
	t.Cleanup(app.Close)
	loginRocket, core := httptest.NewUnstartedServer(nil), httptest.NewUnstartedServer(nil)

	var err error
	w.secret = rand.Text()
	w.realm, err = authrockettest.Open(authrockettest.RealmConfig{URL: "http://" + loginRocket.Listener.Addr().String(), AppURL: app.URL})
	must(t, err)
	// Before there are webhooks: each would cost a request that reads it back.
	for n := range 250 + *runs {
		user, err := w.realm.CreateUser(authrockettest.User{Email: fmt.Sprintf("user%d@example.com", n), Name: "User"})
		must(t, err)
		w.users = append(w.users, user)
	}
	server, err := authrocketdev.New(authrocketdev.Config{Realm: w.realm})
	must(t, err)
	w.service, err = authrocketdev.NewService(authrocketdev.ServiceConfig{Server: server, RequestsPerMinute: -1, Webhooks: []string{w.hookAt(app.URL)}})
	must(t, err)
	loginRocket.Config.Handler, core.Config.Handler = server, w.service.CoreAPI()
	for _, s := range []*httptest.Server{loginRocket, core} {
		s.Start()
		t.Cleanup(s.Close)
	}
	config := coreapi.Config{URL: core.URL + "/v2", APIKey: coreapi.Hide(w.service.APIKey()), RequestsPerSecond: -1}
	w.api, err = coreapi.New(config)
	must(t, err)

	w.redisAddr, err = fleet.FreeAddress()
	must(t, err)
	w.startRedis()
	w.log, err = valkeystate.Open("redis://" + w.redisAddr)
	must(t, err)
	t.Cleanup(func() { w.log.Close() })
	w.env = []string{
		"LOGINROCKET_URL=" + loginRocket.URL, "LOGINROCKET_JWKS_URL=", "AUTHROCKET_JWT_KEY=",
		"AUTHROCKET_APP_URL=" + app.URL, "AUTHROCKET_REALM=" + w.realm.ID(),
		"AUTHROCKET_URL=" + config.URL, "AUTHROCKET_API_KEY=" + w.service.APIKey(),
		"WEBHOOK_SECRET=" + w.secret, "VALKEY_URL=redis://" + w.redisAddr,
	}
	for i := range w.instances {
		w.startInstance(i)
	}
	return w
}

// deliver sends the webhooks, until the test ends.
func (w *world) deliver() {
	ctx, cancel := context.WithCancel(context.Background())
	var delivery sync.WaitGroup
	delivery.Go(func() { w.service.RunWebhooks(ctx) })
	w.t.Cleanup(func() {
		cancel()
		delivery.Wait()
	})
}

func (w *world) hookAt(site string) string {
	return strings.Replace(site, "http://", "http://authrocket:"+w.secret+"@", 1) + "/hooks/authrocket"
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (w *world) startRedis() {
	w.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	p, err := fleet.StartRedis(ctx, fleet.FindRedis(), w.redisAddr)
	must(w.t, err)
	w.redis = p
	w.t.Cleanup(func() {
		cancel()
		syscall.Kill(p.PID(), syscall.SIGCONT) // a paused one does not end
		<-p.Done()
	})
}

func (w *world) startInstance(i int) {
	w.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	p, err := fleet.StartInstance(ctx, fleet.Place{Number: i + 1, Count: instances}, w.proxy.Backend(i), w.env)
	must(w.t, err)
	w.instances[i] = p
	w.t.Cleanup(func() {
		cancel()
		<-p.Done()
	})
}

// kill ends a process as a crash does.
func (w *world) kill(p *fleet.Process) {
	w.t.Helper()
	w.signal(p, syscall.SIGKILL)
	select {
	case <-p.Done():
	case <-time.After(maxWait):
		w.t.Fatal("a process that was killed does not end")
	}
}

func (w *world) signal(p *fleet.Process, s syscall.Signal) {
	w.t.Helper()
	must(w.t, syscall.Kill(p.PID(), s))
}

// signedIn is a session.
type signedIn struct{ id, token string }

// signIn signs in a user who has no other session.
func (w *world) signIn() signedIn {
	w.t.Helper()
	user := w.users[0]
	w.users = w.users[1:]
	session, err := w.realm.StartSession(user.ID)
	must(w.t, err)
	token, err := w.realm.SessionToken(session.ID)
	must(w.t, err)
	return signedIn{session.ID, token}
}

func (w *world) signInMany(n int) []signedIn {
	w.t.Helper()
	var many []signedIn
	for range n {
		many = append(many, w.signIn())
	}
	return many
}

// deleteSession ends a session by the Core API.
func (w *world) deleteSession(s signedIn) {
	w.t.Helper()
	must(w.t, w.api.Sessions.Delete(w.t.Context(), coreapi.Hide(s.id)))
}

// ask sends an instance a request of the session and returns the status of the answer.
func (w *world) ask(instance int, s signedIn) (int, error) {
	req, err := http.NewRequest(http.MethodGet, w.instances[instance].URL().String()+"/me", nil)
	if err != nil {
		return 0, err
	}
	req.Header.Set("Authorization", "Bearer "+s.token)
	resp, err := w.client.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode, err
}

// waitFor waits until each instance answers the session with a status.
func (w *world) waitFor(status int, s signedIn) {
	w.t.Helper()
	for i := range w.instances {
		w.waitUntil(fmt.Sprintf("instance %d answers %d", i+1, status), func() bool {
			got, err := w.ask(i, s)
			return err == nil && got == status
		})
	}
}

// want asks each instance once.
func (w *world) want(what string, s signedIn, statuses ...int) {
	w.t.Helper()
	for i := range w.instances {
		w.wantOf(i, what, s, statuses...)
	}
}

// longestAnswer is how long a request may take, whatever is broken: the 2 seconds for which a
// gate waits, and one more on a busy machine.
const longestAnswer = 3 * time.Second

// wantOf asks an instance once. The answer must not take longer than longestAnswer.
func (w *world) wantOf(instance int, what string, s signedIn, statuses ...int) {
	w.t.Helper()
	start := time.Now()
	got, err := w.ask(instance, s)
	took := time.Since(start)
	if err != nil || !slices.Contains(statuses, got) {
		w.t.Errorf("%s: instance %d answers %d (%v), want one of %d", what, instance+1, got, err, statuses)
	}
	if took > longestAnswer {
		w.t.Errorf("%s: instance %d takes %s", what, instance+1, took)
	}
}

// waitUntil asks again and again until f returns true.
func (w *world) waitUntil(what string, f func() bool) {
	w.t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	deadline := time.After(maxWait)
	for !f() {
		select {
		case <-tick.C:
		case <-deadline:
			w.t.Fatalf("waited too long until %s", what)
		}
	}
}

// loggedSessions counts the sessions in the log, of which there are less than 1,000.
func (w *world) loggedSessions() int {
	w.t.Helper()
	entries, _, err := w.log.After(w.t.Context(), "", 1000)
	must(w.t, err)
	sessions := map[[32]byte]bool{}
	for _, e := range entries {
		sessions[e.Session] = true
	}
	return len(sessions)
}
