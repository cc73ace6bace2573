package sessionstate_test

import (
	"context"
	"errors"
	"runtime"
	"testing"
	"time"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/authrockettest"
	"github.com/authrocket-go/authrocket/coreapi"
	"github.com/authrocket-go/authrocket/sessionstate"
)

const manyBound = 10_000

// This test counts the goroutines of the whole process, so it does not run in parallel.
func TestBoundContextsTakeNoGoroutine(t *testing.T) {
	bound := bindMany(t)
	if n := bound.goroutines; n > manyBound/100 {
		t.Errorf("%d contexts that are bound take %d goroutines", manyBound, n)
	}
	bound.release()
	if len(bound.contexts) != manyBound {
		t.Errorf("%d contexts are bound, want %d", len(bound.contexts), manyBound)
	}
}

// A report ends all contexts that it is about, and no others.
func TestManyBoundContextsEnd(t *testing.T) {
	for name, report := range endsOfMany {
		t.Run(name, func(t *testing.T) {
			bound := bindMany(t)
			defer bound.release()
			other, release := bound.state.Bind(t.Context(), bound.other)
			defer release()
			if err := report(t.Context(), bound); err != nil {
				t.Fatal(err)
			}
			bound.waitUntilEnded(t)
			if err := other.Err(); err != nil {
				t.Errorf("the context of another user's session has ended: %v", context.Cause(other))
			}
		})
	}
}

// endsOfMany end all contexts that are bound.
var endsOfMany = map[string]func(context.Context, *manyContexts) error{
	"the end of a user": func(ctx context.Context, bound *manyContexts) error {
		return bound.state.EndUser(ctx, "usr_many", time.Now())
	},
	"the end of each session": func(ctx context.Context, bound *manyContexts) error {
		for _, session := range bound.sessions {
			if err := bound.state.End(ctx, coreapi.Hide(session.ID()), time.Time{}); err != nil {
				return err
			}
		}
		return nil
	},
}

// manyContexts holds 10,000 contexts that are bound to 100 sessions of one user.
type manyContexts struct {
	state      *sessionstate.State
	sessions   []authrocket.Session
	contexts   []context.Context
	releases   []context.CancelFunc
	goroutines int                // the goroutines that the contexts added
	other      authrocket.Session // a session of another user
}

func bindMany(t testing.TB) *manyContexts {
	t.Helper()
	realm := authrockettest.NewRealm(t, func(c *authrockettest.RealmConfig) { c.Settings.Algorithm = "HS256" })
	state, err := sessionstate.New(sessionstate.Config{})
	if err != nil {
		t.Fatal(err)
	}
	m := &manyContexts{state: state, other: realm.Session(authrockettest.User{ID: "usr_other"})}
	for range 100 {
		m.sessions = append(m.sessions, realm.Session(authrockettest.User{ID: "usr_many"}))
	}
	before := runtime.NumGoroutine()
	for n := range manyBound {
		ctx, release := state.Bind(context.Background(), m.sessions[n%len(m.sessions)])
		m.contexts, m.releases = append(m.contexts, ctx), append(m.releases, release)
	}
	m.goroutines = runtime.NumGoroutine() - before
	return m
}

func (m *manyContexts) waitUntilEnded(t testing.TB) {
	t.Helper()
	deadline := time.After(time.Minute)
	for _, ctx := range m.contexts {
		select {
		case <-ctx.Done():
		case <-deadline:
			t.Fatal("not all contexts end")
		}
		if cause := context.Cause(ctx); !errors.Is(cause, authrocket.ErrSessionEnded) {
			t.Fatalf("a context ended with %v, want ErrSessionEnded", cause)
		}
	}
}

func (m *manyContexts) release() {
	for _, release := range m.releases {
		release()
	}
}

// BenchmarkEndOfBound measures the time from a report until the last of 10,000 contexts
// has ended.
func BenchmarkEndOfBound(b *testing.B) {
	for name, report := range endsOfMany {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				bound := bindMany(b)
				b.StartTimer()
				if err := report(b.Context(), bound); err != nil {
					b.Fatal(err)
				}
				bound.waitUntilEnded(b)
				b.StopTimer()
				bound.release()
				b.StartTimer()
			}
		})
	}
}
