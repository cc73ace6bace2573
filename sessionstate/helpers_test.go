package sessionstate_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/authrockettest"
	"github.com/authrocket-go/authrocket/coreapi"
	"github.com/authrocket-go/authrocket/sessionstate"
)

// users creates sessions as apps have them.
type users struct{ realm *authrockettest.Realm }

func newUsers(t testing.TB) users {
	return users{authrockettest.NewRealm(t, func(c *authrockettest.RealmConfig) {
		c.ID, c.Settings.Algorithm = realmID, "HS256"
	})}
}

const realmID = "rl_sessions"

// session returns a session of ada that was issued now, with a token that is valid for a
// day.
func (u users) session(id string, options ...authrockettest.TokenOption) authrocket.Session {
	options = append([]authrockettest.TokenOption{
		authrockettest.Claim("sid", id), authrockettest.Claim("sub", "usr_ada"), authrockettest.ExpiresIn(24 * time.Hour),
	}, options...)
	return u.realm.Session(authrockettest.User{ID: "usr_ada"}, options...)
}

// coreAPI is the part of the Core API that a State needs.
type coreAPI struct {
	mu       sync.Mutex
	sessions map[string]coreSession
	users    map[string]string // states by ID
	events   []map[string]any
	realmID  string
	fault    http.HandlerFunc // answers instead of the API; nil means no fault
	calls    []string
}

type coreSession struct {
	userID  string
	created time.Time
}

func newCoreAPI() *coreAPI {
	return &coreAPI{sessions: map[string]coreSession{}, users: map[string]string{"usr_ada": "active"}, realmID: realmID}
}

func (a *coreAPI) add(ids ...string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, id := range ids {
		a.sessions[id] = coreSession{"usr_ada", time.Now()}
	}
}

func (a *coreAPI) delete(ids ...string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, id := range ids {
		delete(a.sessions, id)
	}
}

func (a *coreAPI) breakWith(fault http.HandlerFunc) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.fault = fault
}

// requests returns the requests so far, for example "GET /sessions", and clears the list.
func (a *coreAPI) requests() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	defer func() { a.calls = nil }()
	return strings.Join(a.calls, ", ")
}

// RoundTrip serves a request in memory.
func (a *coreAPI) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	recorder := httptest.NewRecorder()
	recorder.Header().Set("Content-Type", "application/json")
	a.mu.Lock()
	fault := a.fault
	path := strings.Split(strings.TrimPrefix(r.URL.Path, "/v2/"), "/")
	a.calls = append(a.calls, r.Method+" /"+path[0])
	a.mu.Unlock()
	if fault != nil {
		fault(recorder, r)
	} else {
		a.serve(recorder, r, path)
	}
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	return recorder.Result(), nil
}

func (a *coreAPI) serve(w http.ResponseWriter, r *http.Request, path []string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	list := []any{}
	switch resource := path[0]; {
	case resource == "sessions" && len(path) == 2:
		session, ok := a.sessions[path[1]]
		if !ok {
			w.WriteHeader(http.StatusNotFound)
			fmt.Fprint(w, `{"errors": ["Not found"]}`)
			return
		}
		if r.Method == http.MethodDelete {
			delete(a.sessions, path[1])
			w.WriteHeader(http.StatusNoContent)
			return
		}
		json.NewEncoder(w).Encode(sessionJSON(path[1], session))
		return
	case resource == "users" && len(path) == 2:
		json.NewEncoder(w).Encode(map[string]any{"id": path[1], "realm_id": a.realmID, "state": a.users[path[1]]})
		return
	case resource == "sessions":
		for id, session := range a.sessions {
			list = append(list, sessionJSON(id, session))
		}
	case resource == "users":
		for id := range a.users {
			list = append(list, map[string]any{"id": id, "realm_id": a.realmID})
		}
	case resource == "events":
		for _, e := range a.events {
			if e["event_type"] == r.URL.Query().Get("event_type") {
				list = append(list, e)
			}
		}
	}
	json.NewEncoder(w).Encode(map[string]any{"collection": list, "more_results": false})
}

func sessionJSON(id string, s coreSession) map[string]any {
	return map[string]any{"id": id, "user_id": s.userID, "created_at": float64(s.created.UnixMilli()) / 1000}
}

// client returns a client that does not wait between attempts.
func (a *coreAPI) client(t testing.TB) *coreapi.Client {
	t.Helper()
	client, err := coreapi.New(coreapi.Config{
		URL: "http://localhost/v2", APIKey: coreapi.Hide("ks_0123456789abcdef"), HTTPClient: &http.Client{Transport: a},
		Retries: -1, RequestsPerSecond: -1,
	})
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// newState returns a State, and starts Run until the test ends.
func newState(t testing.TB, config sessionstate.Config) *sessionstate.State {
	t.Helper()
	state, err := sessionstate.New(config)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- state.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("Run returned %v", err)
		}
	})
	return state
}

// reports collects what an Observer reports.
type reports struct {
	mu      sync.Mutex
	checks  []sessionstate.CheckEvent
	ended   []sessionstate.EndedEvent
	trouble []string
}

func (r *reports) observer() sessionstate.Observer {
	return sessionstate.Observer{
		Check: func(_ context.Context, e sessionstate.CheckEvent) {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.checks = append(r.checks, e)
		},
		Ended: func(_ context.Context, e sessionstate.EndedEvent) {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.ended = append(r.ended, e)
		},
		Trouble: func(_ context.Context, err error) {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.trouble = append(r.trouble, err.Error())
		},
	}
}

// memoryLog is an in-memory Log.
type memoryLog struct {
	mu      sync.Mutex
	entries []sessionstate.Ended
	fault   error
	changed chan struct{} // closed when an entry is added
}

func newMemoryLog() *memoryLog { return &memoryLog{changed: make(chan struct{})} }

// refusedUser is a user whose entries a memoryLog never accepts.
const refusedUser = "usr_refused"

func (l *memoryLog) Append(_ context.Context, e sessionstate.Ended) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.fault != nil {
		return l.fault
	}
	if e.UserID == refusedUser {
		return errors.New("this Log takes no such user")
	}
	l.entries = append(l.entries, e)
	close(l.changed)
	l.changed = make(chan struct{})
	return nil
}

func (l *memoryLog) breakWith(fault error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.fault = fault
}

func (l *memoryLog) After(ctx context.Context, position string, max int) ([]sessionstate.Ended, string, error) {
	read := 0
	fmt.Sscan(position, &read)
	timeout := time.NewTimer(5 * time.Second)
	defer timeout.Stop()
	for {
		l.mu.Lock()
		entries, fault, changed := l.entries, l.fault, l.changed
		l.mu.Unlock()
		switch {
		case fault != nil:
			return nil, "", fault
		case read > len(entries):
			return nil, "", sessionstate.ErrLogRestarted
		case read < len(entries) || position == "":
			entries = entries[read:min(len(entries), read+max)]
			return entries, fmt.Sprint(read + len(entries)), nil
		}
		select {
		case <-changed:
		case <-timeout.C:
			return nil, position, nil
		case <-ctx.Done():
			return nil, "", ctx.Err()
		}
	}
}

func hidden(id string) coreapi.Secret { return coreapi.Hide(id) }

// event returns an event in AuthRocket's format that happened at an earlier time.
func event(t *testing.T, kind coreapi.EventType, before time.Duration, members map[string]any) coreapi.Event {
	t.Helper()
	fields := map[string]any{"id": "ev_1", "event_type": kind, "event_at": float64(time.Now().Add(-before).UnixMilli()) / 1000}
	for name, value := range members {
		fields[name] = value
	}
	data, err := json.Marshal(fields)
	if err != nil {
		t.Fatal(err)
	}
	var e coreapi.Event
	if err := json.Unmarshal(data, &e); err != nil {
		t.Fatal(err)
	}
	return e
}
