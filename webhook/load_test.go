package webhook_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/authrocket-go/authrocket/coreapi"
	"github.com/authrocket-go/authrocket/webhook"
)

// count adds up the answers of webhooks.
func (h *hook) count() map[string]int {
	h.mu.Lock()
	defer h.mu.Unlock()
	counts := map[string]int{}
	for _, o := range h.outcomes {
		counts[fmt.Sprintf("%d %s", o.Status, o.Reason)]++
	}
	return counts
}

// sendAll sends many webhooks at the same time.
func (h *hook) sendAll(bodies ...string) {
	var group sync.WaitGroup
	for _, body := range bodies {
		group.Go(func() { h.serve(post(body)) })
	}
	group.Wait()
}

func deletions(n int) (bodies []string) {
	for i := range n {
		bodies = append(bodies, fmt.Sprintf(`{"id": "ev_%d", "event_type": "session.deleted", "realm_id": "rl_1", "session_id": "kss_%d"}`, i, i))
	}
	return bodies
}

// A thousand webhooks arrive at the same time. Every session is suspect at once, the API
// gets only as many requests as the budget permits, and AuthRocket's retries do the rest.
func TestThousandAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHook(t)
		start := time.Now()
		bodies := deletions(1000)
		h.sendAll(bodies...)
		if took := time.Since(start); took > 8*time.Second {
			t.Errorf("it took %s", took)
		}
		if len(h.suspected) != 1000 {
			t.Errorf("%d sessions are suspect", len(h.suspected))
		}
		if busy := h.count()["503 busy"]; busy < 950 {
			t.Errorf("only %d were told to come again", busy)
		}
		for few := range slices.Chunk(bodies, 8) { // leaves room for requests about the realm
			time.Sleep(10 * time.Second)
			h.sendAll(few...)
		}
		allowed := 10 + int(2*time.Since(start).Seconds())
		if asked := len(h.api.requests("")); asked > allowed {
			t.Errorf("the API was asked %d times in %s, the budget allows %d", asked, time.Since(start), allowed)
		}
		handled := map[string]int{}
		for _, event := range h.events {
			handled[event.ID]++
		}
		if len(handled) != 1000 || len(h.events) != 1000 {
			t.Errorf("%d events were handled, %d times", len(handled), len(h.events))
		}
		for answer := range h.count() {
			if answer != "204 " && answer != "204 handled" && answer != "503 busy" {
				t.Errorf("got the answer %q", answer)
			}
		}
	})
}

// A sender that sends one webhook after the other reports all ends within moments.
func TestABurstHoldsUpNoSender(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHook(t)
		start := time.Now()
		for _, body := range deletions(200) {
			h.sendAll(body)
		}
		if took := time.Since(start); took > 10*time.Second || len(h.suspected) != 200 {
			t.Errorf("%d ends were reported in %s", len(h.suspected), took)
		}
	})
}

// Config.Parallel webhooks are confirmed and handled at the same time. Others wait for 2
// seconds.
func TestParallel(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name     string
		parallel int
		want     int32
	}{
		{name: "by default", want: 8},
		{name: "one", parallel: 1, want: 1},
		{name: "three", parallel: 3, want: 3},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var now, most atomic.Int32
				h := newHook(t, func(c *webhook.Config) {
					c.Parallel = row.parallel
					c.Handle = func(context.Context, coreapi.Event) error {
						if n := now.Add(1); n > most.Load() {
							most.Store(n)
						}
						time.Sleep(1500 * time.Millisecond)
						now.Add(-1)
						return nil
					}
				})
				var bodies []string
				for i := range 10 {
					bodies = append(bodies, h.happened(fmt.Sprintf("ev_%d", i)))
				}
				start := time.Now()
				h.sendAll(bodies...)
				handled, busy := h.count()["204 "], h.count()["503 busy"]
				if want := min(10, 2*int(row.want)); most.Load() != row.want || handled != want || busy != 10-want {
					t.Errorf("%d at once, %v", most.Load(), h.count())
				}
				if took := time.Since(start); took > 4*time.Second {
					t.Errorf("it took %s", took)
				}
			})
		})
	}
}

// A webhook that gets no turn of the budget within 2 seconds is busy and makes no
// request.
func TestBudget(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHook(t, func(c *webhook.Config) { c.Parallel = 100 })
		var bodies []string
		for i := range 100 {
			bodies = append(bodies, h.happened(fmt.Sprintf("ev_%d", i)))
		}
		start := time.Now()
		h.sendAll(bodies...)
		if took := time.Since(start); took > 2*time.Second {
			t.Errorf("it took %s", took)
		}
		// 10 at once, and those whose turn comes within 2 seconds.
		if asked := len(h.api.requests("")); asked != 14 || h.count()["204 "] != 14 || h.count()["503 busy"] != 86 {
			t.Errorf("the API was asked %d times: %v", asked, h.count())
		}
		// A second later there are 2 more turns.
		time.Sleep(time.Second)
		h.sendAll(bodies...)
		if asked := len(h.api.requests("")); asked != 20 {
			t.Errorf("the API was asked %d times", asked)
		}
	})
}

// Webhooks that arrive together ask for the realm once.
func TestRealmIsAskedOnceForMany(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHook(t)
		h.api.breakWith(func(http.ResponseWriter, *http.Request) bool {
			time.Sleep(100 * time.Millisecond) // so that they overlap
			return false
		})
		h.sendAll(deletions(8)...)
		if asked := len(h.api.requests("/users")); asked != 1 || h.count()["204 "] != 8 {
			t.Errorf("the realm was asked for %d times: %v", asked, h.count())
		}
	})
}

// An API that hangs blocks nothing for longer than 3 seconds.
func TestManyWhileTheAPIHangs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHook(t)
		h.api.breakWith(hang)
		start := time.Now()
		h.sendAll(deletions(100)...)
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("it took %s", took)
		}
		for answer, n := range h.count() {
			if answer != "503 busy" && answer != "503 api_unavailable" {
				t.Errorf("got %q, %d times", answer, n)
			}
		}
		h.wantHandled(t)
		h.api.breakWith(nil)
		time.Sleep(10 * time.Second)
		h.wantAnswer(t, sessionDeleted("ev_x"), 204, "")
	})
}
