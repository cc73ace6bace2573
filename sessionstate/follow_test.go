package sessionstate_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/sessionstate"
)

// What one instance reports, the other instances learn.
func TestInstancesShareALog(t *testing.T) {
	t.Parallel()
	for name, report := range map[string]func(*testing.T, *sessionstate.State) error{
		"a session that was ended": func(t *testing.T, s *sessionstate.State) error {
			return s.End(t.Context(), hidden("kss_1"), time.Time{})
		},
		"a user": func(t *testing.T, s *sessionstate.State) error { return s.EndUser(t.Context(), "usr_ada", time.Now()) },
		"a suspicion, which each makes sure of": func(t *testing.T, s *sessionstate.State) error {
			s.Suspect(t.Context(), hidden("kss_1"), time.Time{})
			return nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				log, api, users := newMemoryLog(), newCoreAPI(), newUsers(t)
				config := sessionstate.Config{Log: log, API: api.client(t)}
				first, second := newState(t, config), newState(t, config)
				session := users.session("kss_1")
				if err := second.CheckSession(t.Context(), session, 0); err != nil {
					t.Fatal(err)
				}
				if err := report(t, first); err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Second) // in the bubble: no real time passes
				for i, state := range []*sessionstate.State{first, second, newState(t, config)} {
					synctest.Wait()
					if err := state.CheckSession(t.Context(), session, gate); !errors.Is(err, authrocket.ErrSessionEnded) {
						t.Errorf("instance %d: got %v", i+1, err)
					}
				}
			})
		})
	}
}

func TestWhatCouldNotBeAppendedIsSentLater(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		log := newMemoryLog()
		config := sessionstate.Config{Log: log, Observer: new(reports).observer()}
		first, second := newState(t, config), newState(t, config)
		session := newUsers(t).session("kss_1")
		log.breakWith(errors.New("down"))
		if err := first.End(t.Context(), hidden("kss_1"), time.Time{}); err == nil || !strings.Contains(err.Error(), "down") {
			t.Errorf("got %v, want the error of the Log", err)
		}
		if err := first.CheckSession(t.Context(), session, 0); !errors.Is(err, authrocket.ErrSessionEnded) {
			t.Errorf("the instance itself: got %v", err)
		}
		time.Sleep(time.Minute) // in the bubble: no real time passes
		log.breakWith(nil)
		time.Sleep(10 * time.Second) // in the bubble: no real time passes
		if err := second.CheckSession(t.Context(), session, 0); !errors.Is(err, authrocket.ErrSessionEnded) {
			t.Errorf("another instance: got %v", err)
		}
	})
}

// There are more entries than an instance keeps for later. The log gets the complete list
// when it works again.
func TestALongOutageOfTheLog(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		log := newMemoryLog()
		config := sessionstate.Config{Log: log, Observer: new(reports).observer()}
		first, second := newState(t, config), newState(t, config)
		log.breakWith(errors.New("down"))
		for i := range 10_100 {
			first.End(t.Context(), hidden(fmt.Sprintf("kss_%d", i)), time.Time{})
		}
		log.breakWith(nil)
		time.Sleep(5 * time.Minute) // in the bubble: no real time passes
		users := newUsers(t)
		for _, id := range []string{"kss_0", "kss_50", "kss_10099"} {
			if err := second.CheckSession(t.Context(), users.session(id), 0); !errors.Is(err, authrocket.ErrSessionEnded) {
				t.Errorf("%s: got %v", id, err)
			}
		}
	})
}

func TestTheSameSuspicionIsOneEntry(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		log := newMemoryLog()
		state := newState(t, sessionstate.Config{Log: log, API: newCoreAPI().client(t)})
		for range 1000 {
			state.Suspect(t.Context(), hidden("kss_1"), time.Time{})
		}
		time.Sleep(time.Minute) // in the bubble: no real time passes
		log.mu.Lock()
		defer log.mu.Unlock()
		if len(log.entries) != 1 {
			t.Errorf("the log has %d entries", len(log.entries))
		}
	})
}

func TestAnEntryThatTheLogNeverTakesHoldsUpNoOther(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		log := newMemoryLog()
		config := sessionstate.Config{Log: log, Observer: new(reports).observer()}
		first, second := newState(t, config), newState(t, config)
		log.breakWith(errors.New("down"))
		first.EndUser(t.Context(), refusedUser, time.Now())
		first.End(t.Context(), hidden("kss_1"), time.Time{})
		log.breakWith(nil)
		time.Sleep(time.Minute) // in the bubble: no real time passes
		if err := second.CheckSession(t.Context(), newUsers(t).session("kss_1"), 0); !errors.Is(err, authrocket.ErrSessionEnded) {
			t.Errorf("got %v", err)
		}
	})
}

// The instances add to an emptied log what they know.
func TestALogThatRestarts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		log := newMemoryLog()
		config := sessionstate.Config{Log: log, Observer: new(reports).observer()}
		first, second := newState(t, config), newState(t, config)
		const sessions = 1200 // more than a page of the log
		for i := range sessions {
			if err := first.End(t.Context(), hidden(fmt.Sprintf("kss_%d", i)), time.Time{}); err != nil {
				t.Fatal(err)
			}
		}
		first.EndUser(t.Context(), "usr_bob", time.Now())
		synctest.Wait()
		log.mu.Lock()
		log.entries = nil
		log.mu.Unlock()
		time.Sleep(time.Minute) // in the bubble: no real time passes
		log.mu.Lock()
		found := map[sessionstate.Ended]bool{}
		for _, e := range log.entries {
			found[sessionstate.Ended{Session: e.Session, UserID: e.UserID}] = true
		}
		entries := len(log.entries)
		log.mu.Unlock()
		if len(found) != sessions+1 {
			t.Errorf("got %d of %d entries", len(found), sessions+1)
		}
		// Both instances restore the log. Each adds what it does not find there.
		if entries > sessions+1+1000 {
			t.Errorf("%d entries were written for %d", entries, sessions+1)
		}
		_ = second
	})
}

// Writers of the log cannot make an instance store or refuse without limits.
func TestPoisonedEntriesAreLeftOut(t *testing.T) {
	t.Parallel()
	day := 24 * time.Hour
	for name, entry := range map[string]func(hash [32]byte, now time.Time) sessionstate.Ended{
		"a user whose future logins are refused": func(_ [32]byte, now time.Time) sessionstate.Ended {
			return sessionstate.Ended{UserID: "usr_ada", Before: now.Add(time.Hour), Until: now.Add(day)}
		},
		"an end that is kept for ever": func(hash [32]byte, now time.Time) sessionstate.Ended {
			return sessionstate.Ended{Session: hash, Until: now.Add(365 * day)}
		},
		"nobody": func(_ [32]byte, now time.Time) sessionstate.Ended { return sessionstate.Ended{Until: now.Add(day)} },
		"a user without a time": func(_ [32]byte, now time.Time) sessionstate.Ended {
			return sessionstate.Ended{UserID: "usr_ada", Until: now.Add(day)}
		},
		"a suspect user": func(_ [32]byte, now time.Time) sessionstate.Ended {
			return sessionstate.Ended{UserID: "usr_ada", Before: now, Until: now.Add(day), Suspect: true}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var seen reports
				log := newMemoryLog()
				state := newState(t, sessionstate.Config{Log: log, Observer: seen.observer()})
				session := newUsers(t).session("kss_1")
				log.Append(t.Context(), entry(session.IDHash(), time.Now()))
				time.Sleep(time.Second) // in the bubble: no real time passes
				if err := state.CheckSession(t.Context(), session, 0); err != nil {
					t.Errorf("got %v", err)
				}
				if seen.mu.Lock(); len(seen.trouble) != 1 || !strings.Contains(seen.trouble[0], sessionstate.ErrBadEntry.Error()) {
					t.Errorf("got trouble %q", seen.trouble)
				}
				seen.mu.Unlock()
			})
		})
	}
}

func TestWarm(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		log, api := newMemoryLog(), newCoreAPI()
		first := newState(t, sessionstate.Config{Log: log})
		first.End(t.Context(), hidden("kss_1"), time.Time{})
		second, err := sessionstate.New(sessionstate.Config{Log: log, API: api.client(t)})
		if err != nil {
			t.Fatal(err)
		}
		if err := second.Warm(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := second.CheckSession(t.Context(), newUsers(t).session("kss_1"), 0); !errors.Is(err, authrocket.ErrSessionEnded) {
			t.Errorf("before Run: got %v", err)
		}
		log.breakWith(errors.New("down"))
		api.breakWith(forbid)
		if err := second.Warm(t.Context()); err == nil || !strings.Contains(err.Error(), "down") || !strings.Contains(err.Error(), "key") {
			t.Errorf("got %v, want both problems", err)
		}
	})
}

func TestRunTwice(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		state := newState(t, sessionstate.Config{})
		synctest.Wait()
		if err := state.Run(t.Context()); err == nil || errors.Is(err, t.Context().Err()) && t.Context().Err() != nil {
			t.Errorf("got %v", err)
		}
	})
}
