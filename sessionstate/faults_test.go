package sessionstate_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/coreapi"
	"github.com/authrocket-go/authrocket/sessionstate"
)

// faulty is an instance of an app whose dependencies fail, in fake time.
type faulty struct {
	t       *testing.T
	api     *faultyAPI
	log     *faultyLog
	tokens  tokens
	calls   *callCounter
	reports *reports
	config  sessionstate.Config
	started time.Time
	state   *sessionstate.State
	stop    func()
}

const (
	oneInterval = 15 * time.Minute
	dueAfter    = oneInterval * 12 / 10
)

// start starts an instance with the settings that the rows share.
func (f *faulty) start(change ...func(*sessionstate.Config)) {
	f.t.Helper()
	f.calls, f.reports, f.started = new(callCounter), new(reports), time.Now()
	f.config = sessionstate.Config{API: f.calls.client(f.t, f.api), Log: f.log, Observer: f.reports.observer()}
	for _, c := range change {
		c(&f.config)
	}
	state, err := sessionstate.New(f.config)
	if err != nil {
		f.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- state.Run(ctx) }()
	f.state = state
	f.stop = sync.OnceFunc(func() {
		cancel()
		<-ended
	})
	f.t.Cleanup(f.stop)
}

// sessions starts sessions whose tokens are valid for a day, and returns them as the app
// sees them.
func (f *faulty) sessions(count int) (list []authrocket.Session) {
	f.t.Helper()
	now := time.Now()
	for n := range count {
		id := fmt.Sprint("kss_", n)
		f.api.start(id)
		list = append(list, f.tokens.session(f.t, id, fmt.Sprint("usr_", n), now, now.Add(24*time.Hour)))
	}
	return list
}

// expect checks each session, one after the other. Each must give the wanted error,
// within 2 seconds.
func (f *faulty) expect(want error, sessions ...authrocket.Session) {
	f.t.Helper()
	synctest.Wait()
	for _, session := range sessions {
		begun := time.Now()
		err := f.state.CheckSession(context.Background(), session, gate)
		if took := time.Since(begun); !errors.Is(err, want) || (err == nil) != (want == nil) || took > gate {
			f.t.Fatalf("after %s: got %v after %s, want %v", time.Since(f.started), err, took, want)
		}
	}
	synctest.Wait()
}

// browse checks all sessions at once, every few seconds, for a while. None may be
// refused.
func (f *faulty) browse(length, every time.Duration, sessions ...authrocket.Session) {
	f.t.Helper()
	for end := time.Now().Add(length); time.Now().Before(end); time.Sleep(every) {
		f.expect(nil, sessions...)
	}
}

func (f *faulty) wantTrouble(text string) {
	f.t.Helper()
	f.reports.mu.Lock()
	defer f.reports.mu.Unlock()
	if !slices.ContainsFunc(f.reports.trouble, func(s string) bool { return strings.Contains(s, text) }) {
		f.t.Errorf("got trouble %q, want %q", f.reports.trouble, text)
	}
}

// goesOnFor is a fault of the API that lasts long, from the start or later. Nobody is
// refused before MaxStale; after that, the policy decides.
func goesOnFor(mode string) map[string]func(*faulty) {
	down := func(f *faulty, later bool, policy sessionstate.Policy, want error) {
		if !later {
			f.api.set(mode)
		}
		f.start(func(c *sessionstate.Config) { c.AfterMaxStale = policy })
		sessions := f.sessions(20)
		f.browse(oneInterval, time.Minute, sessions...)
		f.api.set(mode)
		f.browse(time.Hour-2*time.Minute, time.Minute, sessions...)
		time.Sleep(20 * time.Minute)
		f.expect(nil, sessions[0]) // the check that finds the end
		time.Sleep(20 * time.Second)
		f.expect(want, sessions...)
		f.api.set("")
		time.Sleep(10 * time.Second)
		for _, session := range sessions { // looked up within the budget
			f.state.CheckSession(context.Background(), session, gate)
		}
		time.Sleep(20 * time.Second)
		f.expect(nil, sessions...)
	}
	return map[string]func(*faulty){
		"from the start, then Refuse": func(f *faulty) { down(f, false, sessionstate.Refuse, authrocket.ErrSessionUnknown) },
		"later, then Refuse":          func(f *faulty) { down(f, true, sessionstate.Refuse, authrocket.ErrSessionUnknown) },
		"later, then Allow":           func(f *faulty) { down(f, true, sessionstate.Allow, nil) },
	}
}

func TestFaultsOfTheAPI(t *testing.T) {
	t.Parallel()
	rows := map[string]func(*faulty){}
	for _, mode := range apiFaults {
		for name, row := range goesOnFor(mode) {
			rows[mode+" "+name] = row
		}
	}
	runFaults(t, rows)
}

func runFaults(t *testing.T, rows map[string]func(*faulty)) {
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f := &faulty{t: t, api: newFaultyAPI(), log: newFaultyLog(), tokens: newTokens(t)}
				row(f)
				f.stop()
				if f.log.isHot {
					t.Error("the log is read without a pause")
				}
				if excess := f.calls.excess(2, f.started); f.config.RequestsPerSecond == 0 && excess > 0 {
					t.Errorf("%.1f calls more than the budget", excess)
				}
			})
		})
	}
}

func TestFaults(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	runFaults(t, map[string]func(*faulty){
		"the log hangs, and no request waits for it": func(f *faulty) {
			f.log.set("hangs")
			f.start()
			sessions := f.sessions(10)
			f.state.End(ctx, hidden("kss_0"), time.Time{})
			f.state.Suspect(ctx, hidden("kss_1"), time.Time{})
			f.expect(authrocket.ErrSessionEnded, sessions[0])
			f.browse(2*oneInterval, time.Minute, sessions[2:]...)
			f.wantTrouble("log")
		},
		"the log is down, and gets what it missed": func(f *faulty) {
			f.log.set("down")
			f.start()
			sessions := f.sessions(10)
			if err := f.state.End(ctx, hidden("kss_0"), time.Time{}); err == nil {
				t.Error("nobody says that the log is down")
			}
			f.browse(oneInterval, time.Minute, sessions[1:]...)
			f.log.set("")
			time.Sleep(logTells)
			f.start()
			synctest.Wait()
			f.expect(authrocket.ErrSessionEnded, sessions[0])
		},
		"the log speaks nonsense": func(f *faulty) {
			f.log.set("nonsense")
			f.start()
			f.browse(2*oneInterval, time.Minute, f.sessions(10)...)
			f.wantTrouble("is invalid")
		},
		"an instance starts while everything is down": func(f *faulty) {
			f.log.set("down")
			f.api.set("unreachable")
			f.start()
			sessions := f.sessions(10)
			if err := f.state.Warm(ctx); err == nil {
				f.t.Error("Warm says that all is well")
			}
			f.browse(time.Hour, time.Minute, sessions...)
			f.log.set("")
			f.api.set("")
			f.browse(time.Hour, time.Minute, sessions...)
		},
		"restarts with 10,000 sessions, API down, then up": restartWithMany,
		"100 requests of one session that is due make one call": func(f *faulty) {
			f.start()
			f.api.rng = rand.New(rand.NewPCG(1, 1)) // calls take a moment
			session := f.sessions(1)[0]
			time.Sleep(dueAfter)
			var group sync.WaitGroup
			for range 100 {
				group.Go(func() { f.expectOne(nil, session) })
			}
			group.Wait()
			time.Sleep(time.Second)
			if n := f.calls.count(); n != 1 {
				f.t.Errorf("got %d calls, want 1", n)
			}
		},
		"100 requests of one suspect session make one call": func(f *faulty) {
			f.start()
			f.api.rng = rand.New(rand.NewPCG(1, 1)) // calls take a moment
			session := f.sessions(1)[0]
			f.state.Suspect(ctx, hidden("kss_0"), time.Time{})
			var group sync.WaitGroup
			for range 100 {
				group.Go(func() { f.expectOne(nil, session) })
			}
			group.Wait()
			time.Sleep(time.Second)
			if n := f.calls.count(); n != 1 {
				f.t.Errorf("got %d calls, want 1", n)
			}
		},
		"10,000 sessions that are due are looked up within the budget, the oldest first": func(f *faulty) {
			f.start()
			old := f.sessions(10_000)
			time.Sleep(dueAfter)
			// Another 100 sessions were confirmed later.
			var late []authrocket.Session
			now := time.Now()
			for n := range 100 {
				id := fmt.Sprint("kss_late_", n)
				f.api.start(id)
				late = append(late, f.tokens.session(f.t, id, "usr_late", now, now.Add(24*time.Hour)))
			}
			time.Sleep(dueAfter)
			f.expect(nil, late...)
			f.expect(nil, old...)
			f.api.takeAsked()
			time.Sleep(time.Minute)
			f.expect(nil, late...)
			f.expect(nil, old...)
			time.Sleep(time.Minute)
			asked := f.api.takeAsked()
			if len(asked) < 200 || slices.ContainsFunc(asked, func(id string) bool { return strings.Contains(id, "late") }) {
				f.t.Errorf("%d were looked up, or others than the oldest", len(asked))
			}
		},
		"each of more sessions than the budget is for is looked up in its turn": func(f *faulty) {
			f.start(func(c *sessionstate.Config) {
				c.CheckInterval, c.RequestsPerSecond, c.MaxStale = time.Minute, 5, 2*time.Minute
			})
			sessions := f.sessions(1500) // one round of checks takes 5 minutes
			seen := map[string]int{}
			for range 100 {
				time.Sleep(12 * time.Second)
				f.expect(nil, sessions...)
			}
			for _, id := range f.api.takeAsked() {
				seen[id]++
			}
			for n := range sessions {
				if times := seen[fmt.Sprint("kss_", n)]; times < 2 || times > 5 {
					f.t.Fatalf("session %d was looked up %d times within 4 rounds", n, times)
				}
			}
		},
		"sessions that are due are looked up in the order of their requests": func(f *faulty) {
			f.start(func(c *sessionstate.Config) { c.RequestsPerSecond = 0.2 })
			sessions := f.sessions(200)
			time.Sleep(dueAfter)
			for n := range sessions {
				f.expect(nil, sessions[n])
				time.Sleep(time.Second)
			}
			time.Sleep(10 * time.Minute)
			asked := f.api.takeAsked()
			for n, id := range asked {
				if want := fmt.Sprint("kss_", n); id != want {
					f.t.Fatalf("check %d was of %s", n, id)
				}
			}
			if len(asked) < 100 {
				f.t.Errorf("%d were looked up", len(asked))
			}
		},
		"a quiet night refuses nobody": func(f *faulty) {
			f.start()
			sessions := f.sessions(500)
			time.Sleep(8 * time.Hour)
			var group sync.WaitGroup
			for n, session := range sessions {
				group.Go(func() {
					if err := f.state.CheckSession(ctx, session, gate*time.Duration(n%2)); err != nil {
						f.t.Errorf("got %v", err)
					}
				})
			}
			group.Wait()
		},
		"one failure before a quiet night refuses nobody": func(f *faulty) {
			f.start()
			sessions := f.sessions(10)
			time.Sleep(dueAfter)
			f.api.set("down")
			f.expect(nil, sessions...)
			time.Sleep(20 * time.Second)
			f.api.set("")
			time.Sleep(8 * time.Hour)
			f.expect(nil, sessions...)
		},
		"a check with a small budget comes to an end": func(f *faulty) {
			f.start(func(c *sessionstate.Config) { c.RequestsPerSecond = 0.05 })
			session := f.sessions(1)[0]
			f.api.end("kss_0", 0)
			time.Sleep(dueAfter)
			f.expect(nil, session)
			time.Sleep(2 * time.Minute)
			f.expect(authrocket.ErrSessionEnded, session)
		},
		"a key that is mended during a check ends nothing": func(f *faulty) {
			f.start()
			sessions := f.sessions(40)
			time.Sleep(dueAfter)
			f.api.set("another realm")
			f.expect(nil, sessions[:20]...)
			time.Sleep(time.Minute)
			// The calls take a moment, during which the key is corrected.
			f.api.set("another realm slowly")
			f.expect(nil, sessions[20:]...)
			time.Sleep(500 * time.Millisecond)
			f.api.set("")
			time.Sleep(time.Minute)
			f.browse(2*time.Minute, 10*time.Second, sessions...)
		},
		"an answer of before a suspicion does not count": func(f *faulty) {
			f.start()
			session := f.sessions(1)[0]
			time.Sleep(dueAfter)
			f.expect(nil, session)
			time.Sleep(100 * time.Millisecond)
			f.api.end("kss_0", 0)
			f.state.Suspect(ctx, hidden("kss_0"), time.Time{})
			f.expect(authrocket.ErrSessionEnded, session)
		},
		"a suspicion settles, and costs no further call": func(f *faulty) {
			f.start()
			session := f.sessions(1)[0]
			f.state.Suspect(ctx, hidden("kss_0"), time.Time{})
			f.browse(20*time.Second, time.Second/2, session)
			before := f.calls.count()
			f.browse(10*time.Minute, time.Second, session)
			if before < 8 || before > 25 || f.calls.count() != before {
				f.t.Errorf("got %d calls, then %d", before, f.calls.count()-before)
			}
		},
		"a full list forgets what expires first, and says so": func(f *faulty) {
			f.start(func(c *sessionstate.Config) { c.MaxEnded, c.Log, c.API = 320, nil, nil })
			sessions := f.sessions(640)
			for n := range sessions {
				f.state.End(ctx, hidden(fmt.Sprint("kss_", n)), time.Now().Add(2*24*time.Hour+time.Duration(n)*time.Minute))
			}
			f.wantTrouble("MaxEnded")
			f.expect(authrocket.ErrSessionEnded, sessions[600:]...)
			f.expect(nil, sessions[:40]...)
			if n := f.entries(); n > 352 {
				f.t.Errorf("the list has %d entries", n)
			}
		},
		"suspicions displace no session that has ended": func(f *faulty) {
			f.start(func(c *sessionstate.Config) { c.MaxEnded, c.Log = 320, nil })
			sessions := f.sessions(100)
			for n := range sessions {
				f.state.End(ctx, hidden(fmt.Sprint("kss_", n)), time.Time{})
			}
			for n := range 5000 {
				f.state.Suspect(ctx, hidden(fmt.Sprint("kss_made_up_", n)), time.Now().Add(7*24*time.Hour))
			}
			f.expect(authrocket.ErrSessionEnded, sessions...)
			now := time.Now()
			f.state.End(ctx, hidden("kss_last"), time.Time{})
			f.expect(authrocket.ErrSessionEnded, f.tokens.session(f.t, "kss_last", "usr_last", now, now.Add(time.Hour)))
			if n := f.entries(); n > 101+320+32 {
				f.t.Errorf("the list has %d entries", n)
			}
		},
		"users of a full list, too": func(f *faulty) {
			f.start(func(c *sessionstate.Config) { c.MaxEnded, c.Log = 10, nil })
			sessions := f.sessions(40)
			for n := range sessions {
				f.state.EndUser(ctx, fmt.Sprint("usr_", n), time.Now())
				time.Sleep(time.Second)
			}
			f.wantTrouble("MaxEnded")
			f.expect(authrocket.ErrSessionEnded, sessions[30:]...)
			f.expect(nil, sessions[:30]...)
		},
		"more than 100 ended sessions of one user are looked up, and end no other": func(f *faulty) {
			f.start()
			now := time.Now()
			other := f.tokens.session(f.t, "kss_other", "usr_ada", now, now.Add(time.Hour))
			for n := range 101 {
				f.expect(nil, other)
				id := fmt.Sprint("kss_", n)
				if err := f.state.HandleEvent(ctx, event(f.t, coreapi.EventSessionDeleted, 0, map[string]any{"session_id": id, "user_id": "usr_ada"})); err != nil {
					f.t.Fatal(err)
				}
			}
			f.expect(nil, other)
			last := f.tokens.session(f.t, "kss_100", "usr_ada", now, now.Add(time.Hour))
			if err := f.state.CheckSession(ctx, last, gate); !errors.Is(err, authrocket.ErrSessionEnded) {
				f.t.Errorf("the last one: got %v", err)
			}
			time.Sleep(time.Second)
			if f.log.len() != 102 { // the last one was first entered as a suspicion
				f.t.Errorf("the log has %d entries", f.log.len())
			}
		},
		"events of 4 days ago sign nobody out": func(f *faulty) {
			f.start()
			time.Sleep(5 * 24 * time.Hour)
			sessions := f.sessions(2)
			for _, kind := range []coreapi.EventType{coreapi.EventSessionDeleted, coreapi.EventUserDeleted} {
				if err := f.state.HandleEvent(ctx, event(f.t, kind, 4*24*time.Hour, map[string]any{"session_id": "kss_0", "user_id": "usr_1"})); err != nil {
					f.t.Error(err)
				}
			}
			f.expect(nil, sessions...)
		},
		"a poisoned log ends nothing": func(f *faulty) {
			f.start()
			sessions := f.sessions(3)
			now := time.Now()
			f.log.poison(
				sessionstate.Ended{}, sessionstate.Ended{Until: now.Add(time.Hour)},
				sessionstate.Ended{UserID: "usr_0", Until: now.Add(time.Hour)},
				sessionstate.Ended{UserID: "usr_0", Before: now.Add(6 * time.Minute), Until: now.Add(time.Hour)},
				sessionstate.Ended{UserID: "usr_0", Before: now, Until: now.Add(8 * 24 * time.Hour)},
				sessionstate.Ended{UserID: "usr_0", Before: now, Until: now.Add(time.Hour), Suspect: true},
				sessionstate.Ended{Session: sessions[1].IDHash(), Until: now.Add(8 * 24 * time.Hour)},
				sessionstate.Ended{Session: sessions[1].IDHash(), Until: now.Add(-time.Second)},
				sessionstate.Ended{Session: sessions[2].IDHash(), Until: now.Add(time.Hour)},
			)
			time.Sleep(time.Second)
			f.expect(nil, sessions[:2]...)
			f.expect(authrocket.ErrSessionEnded, sessions[2])
			f.wantTrouble("is invalid")
		},
		"a log that restarts gets back what an instance has": func(f *faulty) {
			f.start()
			sessions := f.sessions(1200)
			for n := range sessions[:1100] {
				f.state.End(ctx, hidden(fmt.Sprint("kss_", n)), time.Time{})
			}
			f.state.EndUser(ctx, "usr_1150", time.Now())
			time.Sleep(10 * time.Second)
			f.log.lose(30, true)
			time.Sleep(logTells)
			if n := f.log.len(); n != 1101 {
				f.t.Errorf("the log has %d entries", n)
			}
			f.start() // the first instance keeps running
			f.expect(authrocket.ErrSessionEnded, append(sessions[:1100:1100], sessions[1150])...)
			f.expect(nil, sessions[1160:]...)
		},
		"bound contexts are looked up every interval, without a request": func(f *faulty) {
			f.start(func(c *sessionstate.Config) { c.RequestsPerSecond = 0.2 }) // so that some checks are late
			for _, session := range f.sessions(20) {
				_, release := f.state.Bind(ctx, session)
				defer release()
			}
			bound, release := f.state.Bind(ctx, f.sessions(1)[0])
			defer release()
			time.Sleep(4 * (dueAfter + 100*time.Second))
			if n := f.calls.count(); n < 4*20 {
				f.t.Errorf("got %d calls within 4 intervals of 20 sessions", n)
			}
			f.api.end("kss_0", 0)
			ended := time.Now()
			<-bound.Done()
			if took := time.Since(ended); took > dueAfter+100*time.Second {
				f.t.Errorf("the connection goes on for %s", took)
			}
		},
		"a bound session that is suspect ends when the API is silent": func(f *faulty) {
			f.start()
			f.api.set("down")
			begun := time.Now()
			bound, release := f.state.Bind(ctx, f.sessions(1)[0])
			defer release()
			f.state.Suspect(ctx, hidden("kss_0"), time.Now().Add(24*time.Hour))
			<-bound.Done()
			if took := time.Since(begun); took > 61*time.Minute || !errors.Is(context.Cause(bound), authrocket.ErrSessionUnknown) {
				f.t.Errorf("it ended after %s: %v", took, context.Cause(bound))
			}
		},
		"a suspicion of a bound session is made sure of, when the API is late": func(f *faulty) {
			f.start()
			bound, release := f.state.Bind(ctx, f.sessions(1)[0])
			defer release()
			f.api.end("kss_0", 10*time.Second)
			f.state.Suspect(ctx, hidden("kss_0"), time.Time{})
			begun := time.Now()
			<-bound.Done()
			if took := time.Since(begun); took > time.Minute || !errors.Is(context.Cause(bound), authrocket.ErrSessionEnded) {
				f.t.Errorf("it ended after %s: %v", took, context.Cause(bound))
			}
		},
	})
}

func (f *faulty) expectOne(want error, session authrocket.Session) {
	if err := f.state.CheckSession(context.Background(), session, gate); !errors.Is(err, want) {
		f.t.Errorf("got %v, want %v", err, want)
	}
}

// entries is the length of the list after its last change.
func (f *faulty) entries() int {
	f.reports.mu.Lock()
	defer f.reports.mu.Unlock()
	return f.reports.ended[len(f.reports.ended)-1].Entries
}

// restartWithMany lets 10,000 sessions browse for half an hour after each of two
// restarts.
func restartWithMany(f *faulty) {
	f.start()
	sessions := f.sessions(10_000)
	time.Sleep(2 * time.Hour)
	for _, mode := range []string{"down", ""} {
		f.stop()
		f.api.set(mode)
		f.start()
		f.browse(30*time.Minute, 10*time.Minute, sessions...)
	}
}
