package sessionstate_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/coreapi"
	"github.com/authrocket-go/authrocket/sessionstate"
)

var simulatedSeed = flag.Uint64("seed", 0, "simulate 2,000 intervals of checks with this seed; 0 is 100 with each of some seeds")

// TestSimulatedDays runs instances of an app that share a Log. The API and the webhooks
// fail in every way, instances restart, and clocks differ. Users log in, browse and log
// out. Every request verifies the promises of the package.
//
//	go test -run TestSimulatedDays -seed 12345 ./sessionstate
func TestSimulatedDays(t *testing.T) {
	if testing.Short() {
		t.Skip("-short")
	}
	seeds, intervals := []uint64{1, 2, 3, 4, 5, 6, 7, 8}, 100
	if *simulatedSeed != 0 {
		seeds, intervals = []uint64{*simulatedSeed}, 2000
	}
	var mu sync.Mutex
	total := map[string]int{}
	t.Run("seeds", func(t *testing.T) {
		for _, seed := range seeds {
			t.Run(fmt.Sprint(seed), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					s := newSimulation(t, seed)
					for end := s.began.Add(time.Duration(intervals) * s.interval); time.Now().Before(end) && !t.Failed(); {
						s.step()
					}
					for _, i := range s.instances {
						i.stop()
					}
					// a goroutine that is still running fails the test
					t.Logf("seed %d: %v", seed, s.counts)
					mu.Lock()
					defer mu.Unlock()
					for what, n := range s.counts {
						total[what] += n
					}
				})
			})
		}
	})
	for _, needed := range []string{"let in", "ended let in", "refused", "by log", "by check", "forged", "restarts", "outages", "log breaks", "log losses", "unknown", "webhooks", "bound"} {
		if total[needed] == 0 && !t.Failed() {
			t.Errorf("the simulation is about nothing: no %s", needed)
		}
	}
}

const (
	// apiShowsWithin is the longest time until the API shows that a session has ended.
	apiShowsWithin = 10 * time.Second
	// apiSettles is the longest extra time of a check after an outage of the API: the
	// pauses after failures, and the wait of the client after a 429.
	apiSettles = 30 * time.Second
	// logTells is the longest time until all instances know what one of them reports, or
	// what is in the Log, after the Log works again. It is the sum of the longest pauses
	// and the timeouts of a writer and a reader.
	logTells = 45 * time.Second
)

// simulation holds a realm, its users, and the instances of an app. Only its own
// goroutine draws random numbers, except those of the API.
type simulation struct {
	t      *testing.T
	rng    *rand.Rand
	began  time.Time
	counts map[string]int
	recent []string // the latest events, for the report of a failure

	interval, maxStale time.Duration
	policy             sessionstate.Policy
	perSecond          float64

	tokens    tokens
	api       *faultyAPI
	apiSince  time.Time // when the API began to answer, or to fail
	apiSet    time.Time // when its current mode began
	staleTill time.Time // until when an outage longer than MaxStale may still cause refusals
	log       *faultyLog
	logSince  time.Time // when the Log began to work and to keep its entries, zero while it does not
	instances []*instance
	sessions  []*simulatedSession
	made      int // the number of sessions and users so far
	webhooks  []webhookDelivery
}

type instance struct {
	s        *simulation
	name     string
	skew     time.Duration // the error of its clock
	state    *sessionstate.State
	calls    *callCounter
	started  time.Time
	cancel   context.CancelFunc
	ended    chan error
	failedAt *atomic.Int64 // the first failed check since the last success, 0 if there is none
	lastFail *atomic.Int64
	bound    map[*simulatedSession]context.Context
}

// simulatedSession is a session at AuthRocket. Its maps are keyed by instance and hold
// what that instance knows of the end; a restart of the instance clears that.
type simulatedSession struct {
	id, userID string
	issuedAt   time.Time // when its latest token was issued
	expiresAt  time.Time
	tokens     map[*instance]authrocket.Session
	endedAt    time.Time // zero while it is active
	shownAt    time.Time // when the API begins to show the end
	inLog      time.Time // since when the Log contains the end
	forged     bool      // somebody has falsely reported its end

	known     map[*instance]time.Time // since when the instance knows of the end
	suspected map[*instance]time.Time // when a webhook reported the end to the instance
	looked    map[*instance]time.Time // the first request that made a check of the end possible
}

func (session *simulatedSession) isLive() bool { return session.endedAt.IsZero() }

// webhookDelivery is a message that AuthRocket sends at a given time.
type webhookDelivery struct {
	at       time.Time
	session  *simulatedSession
	user     bool // the event is user.deleted
	attempts int
}

func newSimulation(t *testing.T, seed uint64) *simulation {
	s := &simulation{
		t: t, rng: rand.New(rand.NewPCG(seed, 1)), began: time.Now(), counts: map[string]int{},
		tokens: newTokens(t), api: newFaultyAPI(), apiSince: time.Now(), log: newFaultyLog(), logSince: time.Now(),
		interval: []time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute}[seed%3], perSecond: []float64{2, 0.2, 0.05, 20}[seed/2%4],
	}
	s.maxStale = 4 * s.interval
	if seed%4 == 0 {
		s.policy = sessionstate.Allow
	}
	s.api.rng = rand.New(rand.NewPCG(seed, 2))
	for n := range 3 {
		i := &instance{s: s, name: fmt.Sprint("instance ", n), skew: s.between(-45*time.Second, 45*time.Second)}
		s.instances = append(s.instances, i)
		i.start()
	}
	for range 20 {
		s.logIn()
	}
	return s
}

func (s *simulation) note(format string, args ...any) {
	s.recent = append(s.recent, time.Since(s.began).String()+" "+fmt.Sprintf(format, args...))
	s.recent = s.recent[max(0, len(s.recent)-40):]
}

func (s *simulation) fail(format string, args ...any) {
	s.t.Helper()
	s.t.Errorf("after %s, the API %q since %s, the log %q: %s\nlately:\n  %s", time.Since(s.began), s.api.mode, s.apiSince.Sub(s.began), s.log.mode,
		fmt.Sprintf(format, args...), strings.Join(s.recent, "\n  "))
}

func (s *simulation) chance(oneIn int) bool { return s.rng.IntN(oneIn) == 0 }

func (s *simulation) between(from, to time.Duration) time.Duration {
	return from + time.Duration(s.rng.Int64N(int64(to-from)))
}

func (s *simulation) anyInstance() *instance { return s.instances[s.rng.IntN(len(s.instances))] }

// anyLive returns an active session.
func (s *simulation) anyLive() *simulatedSession {
	for {
		if session := s.sessions[s.rng.IntN(len(s.sessions))]; session.isLive() {
			return session
		}
	}
}

func (i *instance) start() {
	i.started, i.calls = time.Now(), new(callCounter)
	i.failedAt, i.lastFail, i.bound = new(atomic.Int64), new(atomic.Int64), map[*simulatedSession]context.Context{}
	failedAt, lastFail := i.failedAt, i.lastFail
	state, err := sessionstate.New(sessionstate.Config{
		API: i.calls.client(i.s.t, i.s.api), CheckInterval: i.s.interval, MaxStale: i.s.maxStale, AfterMaxStale: i.s.policy,
		RequestsPerSecond: i.s.perSecond, Log: skewedLog{i.s.log, i.skew},
		Observer: sessionstate.Observer{Check: func(_ context.Context, e sessionstate.CheckEvent) {
			if e.Outcome == sessionstate.Unknown {
				now := time.Now().UnixNano()
				// A pause of MaxStale proves nothing about the API.
				isSilent := time.Duration(lastFail.Load()-failedAt.Load()) > i.s.maxStale
				if !failedAt.CompareAndSwap(0, now) && time.Duration(now-lastFail.Load()) > i.s.maxStale && !isSilent {
					failedAt.Store(now)
				}
				lastFail.Store(now)
				return
			}
			failedAt.Store(0)
		}},
	})
	if err != nil {
		i.s.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	i.s.t.Cleanup(cancel)
	ended := make(chan error, 1)
	i.state, i.cancel, i.ended = state, cancel, ended
	go func() { ended <- state.Run(ctx) }()
}

func (i *instance) stop() {
	for _, ctx := range i.bound {
		ctx.Value(releaseKey{}).(context.CancelFunc)()
	}
	begun := time.Now()
	i.cancel()
	if err := <-i.ended; !errors.Is(err, context.Canceled) || time.Since(begun) > 0 {
		i.s.fail("Run returned %v after %s", err, time.Since(begun))
	}
	if excess := i.calls.excess(i.s.perSecond, i.started); excess > 0 {
		i.s.fail("%s made %.2f calls more than its budget", i.name, excess)
	}
	i.s.counts["calls"] += i.calls.count()
}

func (i *instance) restart() {
	i.stop()
	for _, session := range i.s.sessions {
		delete(session.known, i)
		delete(session.suspected, i)
		delete(session.looked, i)
	}
	i.s.counts["restarts"]++
	i.s.note("%s restarts", i.name)
	time.Sleep(i.s.between(0, 10*time.Second)) // no request reaches it during the restart
	i.start()
}

// skewedLog is the Log as seen by an instance whose clock is ahead.
type skewedLog struct {
	*faultyLog
	skew time.Duration
}

func skewed(e sessionstate.Ended, by time.Duration) sessionstate.Ended {
	if !e.Before.IsZero() {
		e.Before = e.Before.Add(by)
	}
	if !e.Until.IsZero() {
		e.Until = e.Until.Add(by)
	}
	return e
}

func (l skewedLog) Append(ctx context.Context, e sessionstate.Ended) error {
	return l.faultyLog.Append(ctx, skewed(e, -l.skew))
}

func (l skewedLog) After(ctx context.Context, position string, most int) ([]sessionstate.Ended, string, error) {
	entries, next, err := l.faultyLog.After(ctx, position, most)
	for n := range entries {
		entries[n] = skewed(entries[n], l.skew)
	}
	return entries, next, err
}

// step runs the next event, and then a while without events.
func (s *simulation) step() {
	pauses := []time.Duration{2 * time.Second, 20 * time.Second, s.interval, s.interval, 3 * s.interval}
	if s.chance(50) {
		pauses = []time.Duration{6 * s.interval} // no requests arrive
	}
	for end := time.Now().Add(s.between(time.Second, pauses[s.rng.IntN(len(pauses))])); time.Now().Before(end); {
		next := end
		for _, w := range s.webhooks {
			if w.at.Before(next) {
				next = w.at
			}
		}
		time.Sleep(time.Until(next))
		s.deliver()
	}
	switch {
	case s.api.mode != "" && s.chance(5):
		s.setAPI("")
	case s.chance(30):
		s.setAPI(apiFaults[s.rng.IntN(len(apiFaults))])
		s.counts["outages"]++
	case s.log.mode != "" && s.chance(5):
		s.setLog("")
	case s.chance(30):
		s.setLog([]string{"down", "hangs", "nonsense"}[s.rng.IntN(3)])
		s.counts["log breaks"]++
	case s.chance(40):
		s.loseLog()
	case s.chance(60):
		s.poisonLog()
	case s.chance(60):
		s.anyInstance().restart()
	case s.chance(8):
		s.forge()
	}
	if s.chance(3) {
		s.logOut()
	}
	if s.chance(20) {
		s.deleteUser()
	}
	if s.chance(10) {
		s.anyInstance().bind(s.anyLive())
	}
	time.Sleep(2 * time.Second) // tokens of the second in which the user's sessions ended are refused
	for live := slices.DeleteFunc(slices.Clone(s.sessions), func(x *simulatedSession) bool { return !x.isLive() }); len(live) < 20; live = append(live, nil) {
		s.logIn()
	}
	s.renewTokens()
	for range 1 + s.rng.IntN(3) {
		s.requests()
		time.Sleep(s.between(0, 3*time.Second))
	}
	s.checkBound()
	if s.log.isHot {
		s.fail("the log is read without a pause")
	}
}

func (s *simulation) logIn() {
	s.made++
	session := &simulatedSession{
		id: fmt.Sprint("kss_", s.made), userID: fmt.Sprint("usr_", s.made),
		known: map[*instance]time.Time{}, suspected: map[*instance]time.Time{}, looked: map[*instance]time.Time{},
	}
	if len(s.sessions) > 0 && s.chance(2) {
		session.userID = s.anyLive().userID
	}
	s.sessions = append(s.sessions, session)
	s.api.start(session.id)
	session.renew(s)
}

func (session *simulatedSession) renew(s *simulation) {
	session.issuedAt = time.Now().Truncate(time.Second)
	session.expiresAt = session.issuedAt.Add(s.between(8*s.interval, 20*time.Hour))
	session.tokens = map[*instance]authrocket.Session{}
	for _, i := range s.instances {
		session.tokens[i] = s.tokens.session(s.t, session.id, session.userID, session.issuedAt.Add(i.skew), session.expiresAt.Add(i.skew))
	}
}

// renewTokens gives active sessions new tokens before theirs expire, and sometimes
// earlier. It forgets ended sessions that have no valid token left.
func (s *simulation) renewTokens() {
	for _, session := range s.sessions {
		if session.isLive() && (s.chance(200) || time.Until(session.expiresAt) < s.interval) {
			session.renew(s)
		}
	}
	s.sessions = slices.DeleteFunc(s.sessions, func(x *simulatedSession) bool {
		return !x.isLive() && (time.Until(x.expiresAt) < time.Minute || time.Since(x.endedAt) > 30*s.interval && s.chance(50))
	})
}

// end ends a session at AuthRocket. The API shows that a moment later.
func (s *simulation) end(session *simulatedSession) {
	late := s.between(0, apiShowsWithin)
	session.endedAt = time.Now()
	session.shownAt = session.endedAt.Add(late)
	s.api.end(session.id, late)
}

func (s *simulation) logOut() {
	session, i := s.anyLive(), s.anyInstance()
	s.end(session)
	s.note("%s ends", session.id)
	if s.chance(4) { // the app ends it
		i.state.End(s.t.Context(), hidden(session.id), time.Time{})
		session.isKnownTo(i)
		return
	}
	s.send(webhookDelivery{session: session})
}

// deleteUser deletes a user, or ends all sessions of a user.
func (s *simulation) deleteUser() {
	first := s.anyLive()
	for _, session := range s.sessions {
		if session.isLive() && session.userID == first.userID {
			s.end(session)
			s.note("%s ends, with all of %s", session.id, session.userID)
		}
	}
	if i := s.anyInstance(); s.chance(2) {
		i.state.EndUser(s.t.Context(), first.userID, first.endedAt.Add(i.skew))
		s.userIsKnownTo(first, i)
		return
	}
	s.send(webhookDelivery{session: first, user: true})
}

// send makes AuthRocket send a webhook, which may be lost, late, or doubled.
func (s *simulation) send(w webhookDelivery) {
	for n := range 2 {
		if n == 0 && s.chance(3) || n == 1 && !s.chance(3) {
			continue
		}
		w.at = time.Now().Add(s.between(time.Millisecond, 5*time.Second))
		if s.chance(4) {
			w.at = time.Now().Add(s.between(0, 2*s.interval))
		}
		s.webhooks = append(s.webhooks, w)
	}
}

// deliver delivers the due messages to an instance in the way of the package webhook:
// only what the API confirms.
func (s *simulation) deliver() {
	now := time.Now()
	var later []webhookDelivery
	for _, w := range s.webhooks {
		i := s.anyInstance()
		switch {
		case w.at.After(now):
			later = append(later, w)
			continue
		case !w.user:
			i.state.Suspect(s.t.Context(), hidden(w.session.id), w.session.expiresAt.Add(i.skew))
			w.session.suspected[i] = now
			s.note("%s hears of %s", i.name, w.session.id)
		}
		if s.api.mode != "" || now.Before(w.session.shownAt) {
			if w.attempts++; w.attempts < 4 {
				w.at = now.Add(s.between(time.Second, time.Minute) << (2 * w.attempts))
				later = append(later, w)
			}
			continue
		}
		kind := coreapi.EventSessionDeleted
		if w.user {
			kind = coreapi.EventUserDeleted
		}
		e := event(s.t, kind, now.Sub(w.session.endedAt)-i.skew, map[string]any{
			"session_id": w.session.id, "user_id": w.session.userID, "expires_at": w.session.expiresAt.Add(i.skew).Unix(),
		})
		// An error comes from the Log and makes AuthRocket repeat the message, which
		// happens anyway.
		i.state.HandleEvent(s.t.Context(), e)
		s.counts["webhooks"]++
		s.note("%s handles the end of %s", i.name, w.session.id)
		if w.user {
			s.userIsKnownTo(w.session, i)
		} else {
			w.session.isKnownTo(i)
		}
	}
	s.webhooks = later
}

func (session *simulatedSession) isKnownTo(i *instance) {
	if session.known[i].IsZero() {
		session.known[i] = time.Now()
	}
}

// userIsKnownTo records that an instance knows of the end of all sessions that the user
// had.
func (s *simulation) userIsKnownTo(ended *simulatedSession, i *instance) {
	for _, session := range s.sessions {
		if session.userID == ended.userID && !session.issuedAt.After(ended.endedAt) {
			session.isKnownTo(i)
		}
	}
}

// forge falsely reports the end of an active session.
func (s *simulation) forge() {
	session, i := s.anyLive(), s.anyInstance()
	if time.Since(session.issuedAt) < time.Minute {
		return
	}
	session.forged = true
	i.state.Suspect(s.t.Context(), hidden(session.id), time.Now().Add(1000*time.Hour))
	s.note("somebody tells %s that %s has ended", i.name, session.id)
	s.counts["forged"]++
}

func (s *simulation) setAPI(mode string) {
	s.note("the API: %q", mode)
	if mode == "" && time.Since(s.apiSince) > s.maxStale-time.Minute {
		s.staleTill = time.Now().Add(apiSettles)
	}
	if (mode == "") != (s.api.mode == "") {
		s.apiSince = time.Now()
	}
	for _, session := range s.sessions {
		clear(session.looked)
	}
	s.api.set(mode)
	s.apiSet = time.Now()
}

func (s *simulation) setLog(mode string) {
	s.note("the log: %q", mode)
	s.logSince = time.Time{}
	if mode == "" {
		s.logSince = time.Now()
	}
	s.log.set(mode)
}

func (s *simulation) loseLog() {
	kept := s.rng.IntN(s.log.len() + 1)
	if s.chance(2) {
		kept = 0
	}
	s.note("the log keeps %d of %d", kept, s.log.len())
	s.counts["log losses"]++
	s.log.lose(kept, s.chance(2))
	if s.log.mode == "" {
		s.logSince = time.Now()
	}
	for _, session := range s.sessions {
		session.inLog = time.Time{}
	}
}

func (s *simulation) poisonLog() {
	now, live := time.Now(), s.anyLive()
	s.note("somebody writes nonsense into the log")
	s.log.poison(
		sessionstate.Ended{},
		sessionstate.Ended{UserID: live.userID, Until: now.Add(time.Hour)},
		sessionstate.Ended{UserID: live.userID, Before: now.Add(1000 * time.Hour), Until: now.Add(time.Hour)},
		sessionstate.Ended{UserID: live.userID, Before: now, Until: now.Add(1000 * time.Hour)},
		sessionstate.Ended{UserID: live.userID, Before: now, Until: now.Add(time.Hour), Suspect: true},
		sessionstate.Ended{UserID: live.userID, Before: now, Until: now.Add(-time.Hour)},
		sessionstate.Ended{Session: live.tokens[s.instances[0]].IDHash(), Until: now.Add(1000 * time.Hour)},
		sessionstate.Ended{Session: live.tokens[s.instances[0]].IDHash(), Until: now.Add(-time.Hour)},
	)
}

// noteLog records which ends the Log contains.
func (s *simulation) noteLog() {
	now := time.Now()
	hashes, users := map[[32]byte]bool{}, map[string]time.Time{}
	s.log.has(func(e sessionstate.Ended) bool {
		switch {
		case e.Suspect, e.Until.Before(now.Add(time.Minute)), e.Until.After(now.Add(8 * 24 * time.Hour)), e.Before.After(now):
		case e.Session != [32]byte{}:
			hashes[e.Session] = true
		case e.Before.After(users[e.UserID]):
			users[e.UserID] = e.Before
		}
		return false
	})
	for _, session := range s.sessions {
		isIn := hashes[session.tokens[s.instances[0]].IDHash()] || !session.issuedAt.After(users[session.userID])
		if !isIn {
			session.inLog = time.Time{}
		} else if session.inLog.IsZero() {
			session.inLog = now
		}
	}
}

// requests makes some sessions send requests to some instances, all at once.
func (s *simulation) requests() {
	synctest.Wait()
	s.noteLog()
	begun := time.Now()
	type request struct {
		session *simulatedSession
		i       *instance
		err     error
		took    time.Duration
		must    string // why the session must be refused, "" if it need not be
		silent  bool   // i has had no answer of the API for longer than MaxStale
	}
	var group sync.WaitGroup
	var requests []*request
	for range 1 + s.rng.IntN(2*len(s.sessions)) {
		r := &request{session: s.sessions[s.rng.IntN(len(s.sessions))], i: s.anyInstance()}
		requests = append(requests, r)
		r.must = s.mustRefuse(r.session, r.i, 0)
		failed := r.i.failedAt.Load()
		r.silent = failed != 0 && time.Duration(r.i.lastFail.Load()-failed) > s.maxStale-time.Minute
		patience := time.Duration(0)
		if s.chance(2) {
			patience = gate
		}
		group.Go(func() {
			r.err = r.i.state.CheckSession(s.t.Context(), r.session.tokens[r.i], patience)
			if r.took = time.Since(begun); r.took > patience {
				s.t.Errorf("%s answers after %s, longer than %s", r.i.name, r.took, patience)
			}
		})
	}
	group.Wait()
	for _, r := range requests {
		session, i := r.session, r.i
		switch {
		case r.err == nil && session.isLive():
			s.counts["let in"]++
		case r.err == nil:
			s.counts["ended let in"]++
			if r.must != "" {
				s.fail("%s lets in %s, which ended %s ago, though %s", i.name, session.id, begun.Sub(session.endedAt), r.must)
			}
			// A check that begins right after an outage may still fail. The next request
			// starts another one.
			if session.looked[i].IsZero() && s.isDue(session, i, begun) && s.api.mode == "" && begun.Sub(s.apiSince) > apiSettles {
				session.looked[i] = begun
			}
		case errors.Is(r.err, authrocket.ErrSessionEnded):
			isNow := (s.api.mode == "another realm" || s.api.mode == "finds nothing") && begun.Sub(s.apiSet) < 30*time.Second
			if session.isLive() && session.forged && isNow {
				// A false report says that the session has ended. The API, which was
				// right a moment ago, now confirms the end, too.
				s.counts["forged twice"]++
				s.end(session)
			}
			if session.isLive() {
				s.fail("%s refuses %s, which goes on (forged %t)", i.name, session.id, session.forged)
			}
			s.counts["refused"]++
			if r.must == "" {
				if s.counts["by check"]++; !session.inLog.IsZero() {
					s.counts["by log"]++
				}
			}
			session.isKnownTo(i)
		case errors.Is(r.err, authrocket.ErrSessionUnknown):
			s.counts["unknown"]++
			isStale := s.policy == sessionstate.Refuse &&
				(s.api.mode != "" && begun.Add(r.took).Sub(s.apiSince) > s.maxStale-time.Minute || begun.Before(s.staleTill) || r.silent)
			if session.isLive() && !session.forged && !isStale {
				s.fail("%s does not know whether %s goes on: %v", i.name, session.id, r.err)
			}
		default:
			s.fail("%s: %v", i.name, r.err)
		}
	}
}

// isDue reports whether a check of the session at i is certainly due.
func (s *simulation) isDue(session *simulatedSession, i *instance, now time.Time) bool {
	return now.Sub(latest(i.started, session.issuedAt.Add(i.skew), session.shownAt)) > s.interval*12/10+10*time.Second
}

// mustRefuse returns why i must refuse an ended session now, "" if it need not. i gets a
// request of the session now, or rechecks it this often.
func (s *simulation) mustRefuse(session *simulatedSession, i *instance, looks time.Duration) string {
	now := time.Now()
	if session.isLive() {
		return ""
	}
	if known, ok := session.known[i]; ok {
		return fmt.Sprintf("it has known of the end for %s", now.Sub(known))
	}
	if at, ok := session.suspected[i]; ok && now.Sub(at) < 50*time.Minute && now.Sub(session.shownAt) > 2*time.Second {
		return fmt.Sprintf("it heard of the end %s ago", now.Sub(at))
	}
	if !s.logSince.IsZero() {
		if !session.inLog.IsZero() && now.Sub(latest(session.inLog, s.logSince, i.started)) > logTells {
			return fmt.Sprintf("the log has had the end for %s", now.Sub(session.inLog))
		}
		for other, known := range session.known {
			if now.Sub(latest(known, s.logSince, i.started, other.started)) > logTells {
				return fmt.Sprintf("%s has known of the end for %s, and the log works", other.name, now.Sub(known))
			}
		}
	}
	// A check of an ended session makes three calls.
	checked := time.Duration(3*float64(len(s.sessions)+1)/s.perSecond*float64(time.Second)) + apiSettles
	if looked, ok := session.looked[i]; ok && s.api.mode == "" && now.Sub(latest(looked, s.apiSince)) > checked {
		return fmt.Sprintf("a request %s ago made a check due, and the API answers", now.Sub(looked))
	}
	failed := i.failedAt.Load()
	if s.policy == sessionstate.Refuse && failed != 0 && s.api.mode != "" && s.isDue(session, i, now) &&
		time.Duration(i.lastFail.Load()-failed) > s.maxStale+looks {
		return fmt.Sprintf("checks have failed for %s", now.Sub(time.Unix(0, failed)))
	}
	return ""
}

func latest(times ...time.Time) (t time.Time) {
	for _, other := range times {
		if other.After(t) {
			t = other
		}
	}
	return t
}

type releaseKey struct{}

// bind binds a long-lived connection to a session.
func (i *instance) bind(session *simulatedSession) {
	if i.bound[session] != nil {
		return
	}
	ctx, release := i.state.Bind(context.Background(), session.tokens[i])
	i.bound[session] = context.WithValue(ctx, releaseKey{}, release)
	i.s.counts["bound"]++
}

// checkBound checks connections in the same way as requests.
func (s *simulation) checkBound() {
	synctest.Wait()
	s.noteLog()
	for _, i := range s.instances {
		for session, ctx := range i.bound {
			cause := context.Cause(ctx)
			must := ""
			if !session.isLive() {
				if at, ok := session.suspected[i]; !ok || time.Since(at) > 50*time.Minute {
					// A recheck sees the result of the check that the previous recheck
					// started.
					must = s.mustRefuse(session, i, 2*s.interval*12/10+time.Minute)
				}
				// A bound connection needs no request.
				if patient := 2*s.interval*12/10 + time.Duration(3*float64(len(s.sessions)+1)/s.perSecond*float64(time.Second)) + apiSettles; s.api.mode == "" &&
					time.Since(latest(s.apiSince, session.shownAt, i.started)) > patient {
					must = "the API has shown its end for " + time.Since(session.shownAt).String()
				}
			}
			isStale := s.policy == sessionstate.Refuse && errors.Is(cause, authrocket.ErrSessionUnknown)
			switch {
			case cause == nil && must != "":
				s.fail("%s goes on with a connection of %s, though %s", i.name, session.id, must)
			case cause != nil && session.isLive() && !errors.Is(cause, authrocket.ErrTokenExpired) && !isStale:
				s.fail("%s ends a connection of %s: %v", i.name, session.id, cause)
			case cause != nil:
				s.counts[fmt.Sprint("connection: ", cause)]++
				ctx.Value(releaseKey{}).(context.CancelFunc)()
				delete(i.bound, session)
			}
		}
	}
}
