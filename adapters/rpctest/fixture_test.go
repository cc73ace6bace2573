package rpctest_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/adapters/authrocketrpc"
	"github.com/authrocket-go/authrocket/authrockettest"
)

// fixture is a realm with Ada, who has picked org_1 and may write there, and Alan, who is in
// no org.
type fixture struct {
	realm     *authrockettest.Realm
	ada, alan authrockettest.User
}

func newFixture(t *testing.T) fixture {
	t.Helper()
	realm := authrockettest.NewRealm(t, func(c *authrockettest.RealmConfig) { c.Algorithm = "HS256" })
	f := fixture{
		realm: realm,
		ada:   realm.AddUser(authrockettest.User{Email: "ada@example.com", Name: "Ada"}),
		alan:  realm.AddUser(authrockettest.User{Email: "alan@example.com", Name: "Alan"}),
	}
	realm.AddMembership(f.ada, realm.AddOrg(authrockettest.Org{ID: "org_1", Name: "One"}), "write")
	realm.AddMembership(f.ada, realm.AddOrg(authrockettest.Org{ID: "org_2", Name: "Two"}))
	return f
}

// bearer is a line of metadata with a token of the user, who is in all of their orgs.
func (f fixture) bearer(user authrockettest.User, options ...authrockettest.TokenOption) string {
	return "Authorization: Bearer " + f.realm.Token(user, append([]authrockettest.TokenOption{authrockettest.AllOrgs()}, options...)...)
}

// cookie is a line of metadata with the session cookies of the user.
func (f fixture) cookie(user authrockettest.User) string {
	r := httptest.NewRequest(http.MethodPost, "/", nil)
	f.realm.SignIn(r, user)
	return "Cookie: " + r.Header.Get("Cookie")
}

// headersOf returns lines such as "Org-Id: org_1" as headers.
func headersOf(lines ...string) http.Header {
	h := http.Header{}
	for _, line := range lines {
		name, value, _ := strings.Cut(line, ": ")
		h.Add(name, value)
	}
	return h
}

// served is a server of the fixture's realm.
type served struct {
	client
	auth    *authrocket.Auth
	ran     atomic.Int64 // handlers
	mu      sync.Mutex
	reports []string // of decisions: the reason, or "allowed"
}

// serve starts s. The handler gets the Auth.
func (f fixture) serve(t *testing.T, s server, methods authrocketrpc.Methods, behindAuthenticate bool, configure func(*authrocket.Config), handle func(*authrocket.Auth, call) error) *served {
	t.Helper()
	config := f.realm.Config()
	if configure != nil {
		configure(&config)
	}
	sv := &served{}
	config.Observer = authrocket.Observer{Decision: func(_ context.Context, d authrocket.Decision) {
		if !d.Gate {
			return // Authenticate
		}
		report := d.Reason
		if d.Allowed {
			report = "allowed"
		}
		sv.mu.Lock()
		sv.reports = append(sv.reports, report)
		sv.mu.Unlock()
	}}
	auth, err := authrocket.New(config)
	if err != nil {
		t.Fatal(err)
	}
	sv.auth = auth
	url := s.start(t, auth, methods, behindAuthenticate, func(c call) error {
		sv.ran.Add(1)
		return handle(auth, c)
	})
	sv.client = s.newClient(t, url)
	return sv
}

// expect checks what happened since the last time: how many handlers ran, and what the Observer
// got.
func (sv *served) expect(t *testing.T, ran int64, reports []string) {
	t.Helper()
	if got := sv.ran.Swap(0); got != ran {
		t.Errorf("%d handlers ran, want %d", got, ran)
	}
	sv.mu.Lock()
	defer sv.mu.Unlock()
	if !slices.Equal(sv.reports, reports) {
		t.Errorf("the Observer got %q, want %q", sv.reports, reports)
	}
	sv.reports = nil
}

// sessions is a SessionState that a test ends by hand.
type sessions struct {
	answer      error // of CheckSession
	needsTime   bool  // to answer: Authenticate gives it none
	endedAtBind error // nil: the session goes on

	mu   sync.Mutex
	ends []context.CancelCauseFunc
}

func (s *sessions) CheckSession(_ context.Context, _ authrocket.Session, patience time.Duration) error {
	if s.needsTime && patience == 0 {
		return authrocket.ErrSessionUnknown
	}
	return s.answer
}

// Bind is what [authrocket.Auth.Bind] calls.
func (s *sessions) Bind(ctx context.Context, _ authrocket.Session) (context.Context, context.CancelFunc) {
	ctx, end := context.WithCancelCause(ctx)
	if s.endedAtBind != nil {
		end(s.endedAtBind)
	}
	s.mu.Lock()
	s.ends = append(s.ends, end)
	s.mu.Unlock()
	return ctx, func() { end(nil) }
}

// end ends all contexts that are bound.
func (s *sessions) end(cause error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, end := range s.ends {
		end(cause)
	}
}
