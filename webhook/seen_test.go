package webhook_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/authrocket-go/authrocket/coreapi"
	"github.com/authrocket-go/authrocket/webhook"
)

// If an event arrives while it is being handled, it waits for AuthRocket's next attempt.
func TestTwiceAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		h := newHook(t, func(c *webhook.Config) {
			handle := c.Handle
			c.Handle = func(ctx context.Context, event coreapi.Event) error {
				<-release
				return handle(ctx, event)
			}
		})
		var first sync.WaitGroup
		first.Go(func() { h.serve(post(sessionDeleted("ev_1"))) })
		synctest.Wait()
		h.wantAnswer(t, sessionDeleted("ev_1"), 503, "busy")
		if !errors.Is(h.last().Err, webhook.ErrBusy) {
			t.Errorf("reported %v", h.last().Err)
		}
		close(release)
		first.Wait()
		h.wantAnswer(t, sessionDeleted("ev_1"), 204, "handled")
		h.wantHandled(t, "ev_1")
		if len(h.suspected) != 1 {
			t.Errorf("%d sessions are suspect", len(h.suspected))
		}
	})
}

// net/http handles a panic. The event may begin again.
func TestPanic(t *testing.T) {
	t.Parallel()
	for name, configure := range map[string]func(c *webhook.Config, panics *bool){
		"of Handle": func(c *webhook.Config, panics *bool) {
			handle := c.Handle
			c.Handle = func(ctx context.Context, event coreapi.Event) error {
				if *panics {
					panic("out of order")
				}
				return handle(ctx, event)
			}
		},
		"of Suspect": func(c *webhook.Config, panics *bool) {
			c.Suspect = func(context.Context, coreapi.Secret, time.Time) {
				if *panics {
					panic("out of order")
				}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			panics := true
			h := newHook(t, func(c *webhook.Config) {
				c.Parallel = 1
				configure(c, &panics)
			})
			func() {
				defer func() {
					if got := recover(); got != "out of order" {
						t.Errorf("recovered %v", got)
					}
				}()
				h.send(sessionDeleted("ev_1"))
			}()
			if o := h.last(); o.Reason != "panic" || o.Status != 0 || o.ID != "ev_1" || o.Err == nil {
				t.Errorf("reported %+v", o)
			}
			panics = false
			h.wantAnswer(t, sessionDeleted("ev_1"), 204, "")
			h.wantHandled(t, "ev_1")
		})
	}
}

// sharedSeen records its calls, and returns the errors of its fields.
type sharedSeen struct {
	calls               []string
	begin, done, forget error
}

func (s *sharedSeen) Begin(ctx context.Context, id string) error {
	return s.note(ctx, "begin "+id, s.begin)
}
func (s *sharedSeen) Done(ctx context.Context, id string) error {
	return s.note(ctx, "done "+id, s.done)
}
func (s *sharedSeen) Forget(ctx context.Context, id string) error {
	return s.note(ctx, "forget "+id, s.forget)
}

func (s *sharedSeen) note(ctx context.Context, call string, err error) error {
	s.calls = append(s.calls, call)
	if ctx.Err() != nil {
		return fmt.Errorf("the context ended: %w", ctx.Err())
	}
	if _, ok := ctx.Deadline(); !ok {
		return errors.New("the context has no end")
	}
	return err
}

var errStore = errors.New("the store is away")

// Each row says how the receiver calls the app's Seen, and what it does after each error.
func TestSeen(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name      string
		seen      sharedSeen
		live      bool // the session still exists
		status    int
		reason    string
		calls     []string
		handled   int
		suspected int
		err       error
	}{
		{name: "handled now", status: 204, calls: []string{"begin ev_1", "done ev_1"}, handled: 1, suspected: 1},
		{name: "not confirmed", live: true, status: 503, reason: "not_confirmed", calls: []string{"begin ev_1", "forget ev_1"}, suspected: 1},
		{name: "handled before", seen: sharedSeen{begin: fmt.Errorf("store: %w", webhook.ErrHandled)}, status: 204, reason: "handled", calls: []string{"begin ev_1"}},
		{name: "being handled", seen: sharedSeen{begin: fmt.Errorf("store: %w", webhook.ErrBusy)}, status: 503, reason: "busy", calls: []string{"begin ev_1"}, err: webhook.ErrBusy},
		{name: "away at the beginning", seen: sharedSeen{begin: errStore}, status: 503, reason: "seen", calls: []string{"begin ev_1"}, suspected: 1, err: errStore},
		{name: "away at the end", seen: sharedSeen{done: errStore}, status: 204, reason: "seen", calls: []string{"begin ev_1", "done ev_1"}, handled: 1, suspected: 1, err: errStore},
		{name: "away when it should forget", seen: sharedSeen{forget: errStore}, live: true, status: 503, reason: "not_confirmed", calls: []string{"begin ev_1", "forget ev_1"}, suspected: 1, err: errStore},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h := newHook(t, func(c *webhook.Config) { c.Seen = &row.seen })
				if row.live {
					h.api.set("/sessions/"+sessionID, `{"id": "`+sessionID+`"}`)
				}
				h.wantAnswer(t, sessionDeleted("ev_1"), row.status, row.reason)
				if !slices.Equal(row.seen.calls, row.calls) {
					t.Errorf("Seen was asked %q, want %q", row.seen.calls, row.calls)
				}
				if len(h.events) != row.handled || len(h.suspected) != row.suspected {
					t.Errorf("%d handled, %d suspected", len(h.events), len(h.suspected))
				}
				if row.err != nil && !errors.Is(h.last().Err, row.err) {
					t.Errorf("reported %v, want %v", h.last().Err, row.err)
				}
			})
		})
	}
}

// Even if AuthRocket disconnects while Handle runs, the lease ends.
func TestSenderHangsUp(t *testing.T) {
	t.Parallel()
	seen := &sharedSeen{}
	var hangUp context.CancelFunc
	h := newHook(t, func(c *webhook.Config) {
		c.Seen = seen
		c.Handle = func(ctx context.Context, _ coreapi.Event) error {
			hangUp()
			return ctx.Err()
		}
	})
	ctx, cancel := context.WithCancel(t.Context())
	hangUp = cancel
	h.serve(post(sessionDeleted("ev_1")).WithContext(ctx))
	if want := []string{"begin ev_1", "forget ev_1"}; !slices.Equal(seen.calls, want) {
		t.Errorf("Seen was asked %q", seen.calls)
	}
	if err := h.last().Err; !errors.Is(err, context.Canceled) || strings.Contains(err.Error(), "the context ended") {
		t.Errorf("reported %v", err)
	}
}

// These rows test the default Seen alone.
func TestMemory(t *testing.T) {
	t.Parallel()
	type call struct {
		name  string // the name of the method, or "wait"
		want  error
		times int // how often, each time with other IDs
	}
	for _, row := range []struct {
		name  string
		calls []call
	}{
		{name: "an event that is done is handled", calls: []call{{name: "begin"}, {name: "done"}, {name: "begin", want: webhook.ErrHandled}}},
		{name: "an event that is forgotten begins again", calls: []call{{name: "begin"}, {name: "forget"}, {name: "begin"}}},
		{name: "an event that is being handled is busy", calls: []call{{name: "begin"}, {name: "begin", want: webhook.ErrBusy}}},
		{name: "a lease ends after 30 seconds", calls: []call{{name: "begin"}, {name: "wait"}, {name: "begin"}, {name: "begin", want: webhook.ErrBusy}}},
		{name: "who comes late cannot undo what is done", calls: []call{{name: "begin"}, {name: "wait"}, {name: "begin"}, {name: "done"}, {name: "forget"}, {name: "begin", want: webhook.ErrHandled}}},
		{name: "9,999 further ones are remembered, too", calls: []call{{name: "begin"}, {name: "done"}, {name: "done", times: 9_999}, {name: "begin", want: webhook.ErrHandled}}},
		{name: "with 10,000 the oldest makes room", calls: []call{{name: "begin"}, {name: "done"}, {name: "done", times: 10_000}, {name: "begin"}}},
		{name: "one that is done twice takes one place", calls: []call{{name: "done"}, {name: "done"}, {name: "done", times: 9_999}, {name: "begin", want: webhook.ErrHandled}}},
		{name: "10,000 are handled at once at most", calls: []call{{name: "begin", times: 10_000}, {name: "begin", want: webhook.ErrBusy}}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				seen := webhook.NewMemory()
				for _, c := range row.calls {
					ids := []string{"ev_1"}
					if c.times > 0 {
						ids = nil
						for i := range c.times {
							ids = append(ids, fmt.Sprintf("ev_other%d", i))
						}
					}
					for _, id := range ids {
						var err error
						switch c.name {
						case "begin":
							err = seen.Begin(t.Context(), id)
						case "done":
							err = seen.Done(t.Context(), id)
						case "forget":
							err = seen.Forget(t.Context(), id)
						case "wait":
							time.Sleep(30 * time.Second)
						}
						if !errors.Is(err, c.want) || err != nil && c.want == nil {
							t.Fatalf("%s %s: got %v, want %v", c.name, id, err, c.want)
						}
					}
				}
			})
		})
	}
}

// The memory for IDs stays bounded after many turns of the ring.
func TestMemoryAfterManyEvents(t *testing.T) {
	t.Parallel()
	seen := webhook.NewMemory()
	const events = 35_000
	for i := range events {
		seen.Done(t.Context(), fmt.Sprintf("ev_%d", i))
	}
	remembered := 0
	for i := range events {
		if errors.Is(seen.Begin(t.Context(), fmt.Sprintf("ev_%d", i)), webhook.ErrHandled) {
			remembered++
			if i < events-10_000 {
				t.Fatalf("event %d is remembered, and newer ones are not", i)
			}
		}
	}
	if remembered != 10_000 {
		t.Errorf("%d events are remembered", remembered)
	}
}
