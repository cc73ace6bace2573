package sessionstate_test

import (
	"context"
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/authrocket-go/authrocket/coreapi"
	"github.com/authrocket-go/authrocket/sessionstate"
)

// This test measures the heap of the whole process, so it does not run in parallel.
func TestMemoryOfTheList(t *testing.T) {
	const ends, most = 100_000, 10_000_000
	for _, row := range []struct {
		name string
		end  func(state *sessionstate.State, n int) error
	}{
		{name: "sessions", end: func(state *sessionstate.State, n int) error {
			return state.End(t.Context(), coreapi.Hide(fmt.Sprintf("kss_%022d", n)), time.Time{})
		}},
		{name: "users", end: func(state *sessionstate.State, n int) error {
			return state.EndUser(t.Context(), fmt.Sprintf("usr_%022d", n), time.Now())
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			entries := 0
			before := liveHeap()
			state, err := sessionstate.New(sessionstate.Config{Observer: sessionstate.Observer{
				Ended: func(_ context.Context, e sessionstate.EndedEvent) { entries = e.Entries },
			}})
			if err != nil {
				t.Fatal(err)
			}
			for n := range ends {
				if err := row.end(state, n); err != nil {
					t.Fatal(err)
				}
			}
			size := liveHeap() - before
			runtime.KeepAlive(state)
			t.Logf("%d entries take %.1f MB", entries, float64(size)/1e6)
			if entries != ends || state.Entries() != ends {
				t.Errorf("%d entries are in the list, and %d by the last event, want %d", state.Entries(), entries, ends)
			}
			if size > most {
				t.Errorf("%d entries take %d bytes, want at most %d", entries, size, most)
			}
		})
	}
}

// liveHeap returns how many bytes of the heap are in use.
func liveHeap() int64 {
	var stats runtime.MemStats
	for range 2 { // the first run leaves what only a finalizer or a pool held
		runtime.GC()
	}
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc)
}
