package sessionstate_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/authrocket-go/authrocket/authrockettest"
	"github.com/authrocket-go/authrocket/sessionstate"
)

// Reading a Log again brings no news about users. It must not examine every bound context
// for every user: with 10,000 of both, that would take half a minute.
func TestEndsOfUsersLookAtNoOtherContexts(t *testing.T) {
	const users, contexts = 999, 3000 // the users fit into one read of the Log
	log := newMemoryLog()
	for i := range users {
		log.entries = append(log.entries, sessionstate.Ended{
			UserID: fmt.Sprintf("usr_%d", i), Before: time.Now().Add(-time.Hour), Until: time.Now().Add(time.Hour),
		})
	}
	tokens := newUsers(t)
	reading := func(bound int) time.Duration {
		state, err := sessionstate.New(sessionstate.Config{Log: log})
		if err != nil {
			t.Fatal(err)
		}
		for i := range bound {
			_, cancel := state.Bind(t.Context(), tokens.session(fmt.Sprintf("kss_%d", i), authrockettest.Claim("sub", fmt.Sprintf("usr_of_%d", i))))
			defer cancel()
		}
		best := time.Hour // of several runs, since other programs run, too
		for range 5 {
			begun := time.Now()
			if err := state.Warm(t.Context()); err != nil {
				t.Fatal(err)
			}
			best = min(best, time.Since(begun))
		}
		return best
	}
	if none, many := reading(0), reading(contexts); many > 30*none {
		t.Errorf("reading %d users takes %s with %d bound contexts, and %s without", users, many, contexts, none)
	}
}
