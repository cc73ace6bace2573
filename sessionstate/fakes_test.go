package sessionstate_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/authrockettest"
	"github.com/authrocket-go/authrocket/coreapi"
	"github.com/authrocket-go/authrocket/sessionstate"
)

// faultyAPI is a Core API that is slow and late, and fails at times.
type faultyAPI struct {
	mu       sync.Mutex
	rng      *rand.Rand           // nil means that answers take no time
	mode     string               // "" while the API works
	sessions map[string]time.Time // until when the API shows each session; zero while the session is active
	asked    []string             // the IDs of the sessions that were looked up
}

func newFaultyAPI(ids ...string) *faultyAPI {
	a := &faultyAPI{sessions: map[string]time.Time{}}
	for _, id := range ids {
		a.sessions[id] = time.Time{}
	}
	return a
}

func (a *faultyAPI) set(mode string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.mode = mode
}

func (a *faultyAPI) start(id string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.sessions[id] = time.Time{}
}

// end ends a session. The API shows it as active for a while longer.
func (a *faultyAPI) end(id string, late time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.sessions[id] = time.Now().Add(late)
}

// takeAsked returns the sessions that were looked up, and clears the list.
func (a *faultyAPI) takeAsked() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	defer func() { a.asked = nil }()
	return a.asked
}

// apiFaults are the modes in which the API gives no answer about sessions.
var apiFaults = []string{"down", "unreachable", "hangs", "forbidden", "rate limit", "finds nothing", "page of a proxy", "404 of a proxy", "another realm"}

func (a *faultyAPI) RoundTrip(r *http.Request) (*http.Response, error) {
	a.mu.Lock()
	path := strings.Split(strings.TrimPrefix(r.URL.Path, "/v2/"), "/")
	if path[0] == "sessions" && len(path) == 2 {
		a.asked = append(a.asked, path[1])
	}
	mode, took := a.mode, time.Duration(0)
	if a.rng != nil {
		took = time.Duration(a.rng.Int64N(int64(300 * time.Millisecond)))
	}
	status, kind, body := a.answer(path)
	a.mu.Unlock()
	switch mode {
	case "another realm slowly":
		took = time.Second
	case "down":
		status, body = http.StatusServiceUnavailable, ""
	case "unreachable":
		return nil, errors.New("connection refused")
	case "hangs":
		took = time.Hour
	case "forbidden":
		status, body = http.StatusForbidden, `{"errors":["Forbidden"]}`
	case "rate limit":
		status, body = http.StatusTooManyRequests, `{"errors":["Slow down"]}`
	case "finds nothing":
		status, body = http.StatusNotFound, `{"errors":["Not found"]}`
	case "page of a proxy":
		kind, body = "text/html", "<p>welcome"
	case "404 of a proxy":
		status, kind, body = http.StatusNotFound, "text/html", "<p>not found"
	}
	if took > 0 {
		timer := time.NewTimer(took)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-r.Context().Done():
			return nil, r.Context().Err()
		}
	}
	return &http.Response{
		StatusCode: status, Header: http.Header{"Content-Type": {kind}, "Retry-After": {"1"}},
		Body: io.NopCloser(strings.NewReader(body)), Request: r,
	}, nil
}

func (a *faultyAPI) answer(path []string) (status int, kind, body string) {
	realm := realmID
	if strings.HasPrefix(a.mode, "another realm") {
		realm = "rl_other"
	}
	switch {
	case path[0] == "users":
		return http.StatusOK, "application/json", fmt.Sprintf(`{"collection":[{"id":"usr_any","realm_id":%q}],"more_results":false}`, realm)
	case realm == realmID && len(path) == 2:
		if until, ok := a.sessions[path[1]]; ok && (until.IsZero() || time.Now().Before(until)) {
			text, _ := json.Marshal(map[string]any{"id": path[1]})
			return http.StatusOK, "application/json", string(text)
		}
	}
	return http.StatusNotFound, "application/json", `{"errors":["Not found"]}`
}

// faultyLog is a Log that fails, hangs, returns invalid data, and loses entries.
type faultyLog struct {
	mu      sync.Mutex
	mode    string // "" while the Log works
	entries []sessionstate.Ended
	ids     []string // the IDs of the entries
	last    int
	epoch   int
	changed chan struct{}

	readAt time.Time // the time of the last read
	reads  int       // the number of reads at that time
	isHot  bool      // the Log was read again and again without a pause
}

func newFaultyLog() *faultyLog { return &faultyLog{changed: make(chan struct{})} }

func (l *faultyLog) set(mode string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.mode = mode
	l.wake()
}

func (l *faultyLog) wake() {
	close(l.changed)
	l.changed = make(chan struct{})
}

// lose drops all entries after the first n. As after a restart with another clock, new
// entries get other IDs.
func (l *faultyLog) lose(n int, otherClock bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	n = min(n, len(l.entries))
	l.entries, l.ids = slices.Clone(l.entries[:n]), slices.Clone(l.ids[:n])
	if otherClock {
		l.epoch++
		l.last = n
	}
	l.wake()
}

func (l *faultyLog) poison(entries ...sessionstate.Ended) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range entries {
		l.add(e)
	}
}

func (l *faultyLog) add(e sessionstate.Ended) {
	l.last++
	l.entries = append(l.entries, e)
	l.ids = append(l.ids, fmt.Sprintf("%d-%d", l.epoch, l.last))
	l.wake()
}

func (l *faultyLog) has(match func(sessionstate.Ended) bool) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.ContainsFunc(l.entries, match)
}

func (l *faultyLog) len() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.entries)
}

var errLogDown = errors.New("the log is down")

func (l *faultyLog) Append(ctx context.Context, e sessionstate.Ended) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch l.mode {
	case "":
		l.add(e)
		return nil
	case "hangs":
		l.mu.Unlock()
		<-ctx.Done()
		l.mu.Lock()
		return ctx.Err()
	}
	return errLogDown
}

const logStart = "start"

func (l *faultyLog) After(ctx context.Context, position string, most int) ([]sessionstate.Ended, string, error) {
	waits := time.NewTimer(5 * time.Second)
	defer waits.Stop()
	for {
		l.mu.Lock()
		mode, entries, ids, changed := l.mode, l.entries, l.ids, l.changed
		if now := time.Now(); !now.Equal(l.readAt) {
			l.readAt, l.reads = now, 0
		}
		if l.reads++; l.reads > 1000 { // in a bubble, time would stop
			l.isHot, mode = true, "hangs"
		}
		l.mu.Unlock()
		from := slices.Index(ids, position) + 1
		switch {
		case mode == "down":
			return nil, "", errLogDown
		case mode == "nonsense":
			return []sessionstate.Ended{{}, {UserID: "usr_any"}}, "nonsense", sessionstate.ErrBadEntry
		case mode == "hangs":
			<-ctx.Done()
			return nil, "", ctx.Err()
		case from == 0 && position != "" && position != logStart:
			return nil, "", sessionstate.ErrLogRestarted
		case from < len(ids):
			to := min(len(ids), from+most)
			return slices.Clone(entries[from:to]), ids[to-1], nil
		case position == "":
			return nil, logStart, nil
		}
		select {
		case <-changed:
		case <-waits.C:
			return nil, position, nil
		case <-ctx.Done():
			return nil, "", ctx.Err()
		}
	}
}

// tokens creates many sessions quickly.
type tokens struct {
	realm *authrockettest.Realm
	auth  *authrocket.Auth
}

func newTokens(t testing.TB) tokens {
	t.Helper()
	realm := newUsers(t).realm
	auth, err := authrocket.New(authrocket.Config{JWTKey: realm.JWTKey(), DisableCookie: true, TokenCacheSize: -1, VerifiedTokens: -1})
	if err != nil {
		t.Fatal(err)
	}
	return tokens{realm, auth}
}

func (k tokens) session(t testing.TB, id, userID string, issuedAt, expiresAt time.Time) authrocket.Session {
	t.Helper()
	session, err := k.auth.Verify(context.Background(), k.realm.Token(authrockettest.User{ID: userID},
		authrockettest.Claim("sid", id), authrockettest.Claim("iat", issuedAt.Unix()), authrockettest.WithoutClaim("nbf"), authrockettest.Claim("exp", expiresAt.Unix())))
	if err != nil {
		t.Fatal(err)
	}
	return session
}

// callCounter records when the calls of a State began.
type callCounter struct {
	mu    sync.Mutex
	begun []time.Time
}

func (c *callCounter) note(_ context.Context, e coreapi.RequestEvent) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.begun = append(c.begun, time.Now().Add(-e.Duration))
}

func (c *callCounter) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.begun)
}

// excess returns by how many the calls so far exceed a budget; 0 if they do not. It
// allows for realm checks, one for each running check, which come early and make later
// calls wait.
func (c *callCounter) excess(perSecond float64, since time.Time) (worst float64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	begun := slices.Clone(c.begun)
	slices.SortFunc(begun, time.Time.Compare)
	burst := float64(max(1, int(5*perSecond)))
	granted, last := burst, since
	for _, at := range begun {
		granted = min(burst, granted+at.Sub(last).Seconds()*perSecond)
		last = at
		granted--
		worst = max(worst, -granted-16)
	}
	return worst
}

func (c *callCounter) client(t testing.TB, transport http.RoundTripper) *coreapi.Client {
	t.Helper()
	client, err := coreapi.New(coreapi.Config{
		URL: "http://localhost/v2", APIKey: coreapi.Hide("ks_0123456789abcdef"), HTTPClient: &http.Client{Transport: transport},
		Observer: coreapi.Observer{Request: c.note},
	})
	if err != nil {
		t.Fatal(err)
	}
	return client
}
