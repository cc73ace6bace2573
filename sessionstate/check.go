package sessionstate

import (
	"context"
	"crypto/sha256"
	"errors"
	"sync"
	"time"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/coreapi"
)

const (
	checkTimeout = 8 * time.Second
	maxParallel  = 16 // checks at the same time
)

func hashOf(sessionID coreapi.Secret) idHash { return sha256.Sum256([]byte(sessionID.Reveal())) }

// enqueue queues a check of the session. It returns nil if the queue is full.
func (s *State) enqueue(ctx context.Context, session *authrocket.Session, v verdict, since time.Duration) *check {
	if !s.isRunning.Load() {
		s.observer.trouble(ctx, troubleNotRun, errors.New("sessions are due for a check, but State.Run is not running; start it"))
	}
	hash := session.IDHash()
	return s.queue.add(&check{
		hash: hash, sessionID: coreapi.Hide(session.ID()), realmID: session.RealmID, userID: session.User.ID,
		since: since, dueAt: since + s.intervalOf(&hash),
		isUrgent: v != isDue, done: make(chan struct{}),
	})
}

// await waits until c has ended. It does not wait if the last check has just failed, or
// if too many requests are already waiting. It returns true if the API has confirmed the
// session in answer to a request sent after since.
func (s *State) await(ctx context.Context, c *check, patience, since time.Duration) bool {
	if failed := s.failedAt.Load(); failed >= 0 && s.clock.at(time.Now())-time.Duration(failed) < failurePause {
		return false
	}
	if s.waiting.Add(1) > maxWaiting {
		s.waiting.Add(-1)
		return false
	}
	defer s.waiting.Add(-1)
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-c.done:
		return c.isVouched && c.asked >= since
	case <-timer.C:
	case <-ctx.Done():
	}
	return false
}

// runChecks runs the queued checks, within the budget, until ctx ends.
func (s *State) runChecks(ctx context.Context) {
	var running sync.WaitGroup
	defer running.Wait()
	places := make(chan struct{}, maxParallel)
	for {
		for s.queue.isEmpty() {
			select {
			case <-s.queue.arrived:
			case <-ctx.Done():
				return
			}
		}
		select {
		case places <- struct{}{}:
		case <-ctx.Done():
			return
		}
		if s.budget.Wait(ctx) != nil {
			return
		}
		// Take the check only after the wait, because a more urgent check may have
		// arrived in the meantime.
		c := s.queue.take()
		if c == nil {
			<-places
			continue
		}
		running.Go(func() {
			s.lookUp(ctx, c)
			s.queue.finish(c)
			<-places
		})
	}
}

var (
	errOtherUser    = errors.New("the API reports another user for the session than its login token; check that the API key and the login tokens belong to the same realm")
	errOtherSession = errors.New("the API returned a session that was not asked for; check the proxies and caches between this program and the API")
)

// noteAnswer records that the API has answered a request about a session. asked is when
// the request was sent.
func (s *State) noteAnswer(asked time.Duration) {
	s.failingFrom.Store(-1)
	s.failedAt.Store(-1)
	for told := s.toldAt.Load(); told < int64(asked); told = s.toldAt.Load() {
		if s.toldAt.CompareAndSwap(told, int64(asked)) {
			return
		}
	}
}

// noteFailure records that a check got no answer. asked is when the check began. If the
// previous failure was more than Config.MaxStale ago, the count starts again. There may
// have been no checks in between, for example at night or while the machine slept. But
// once checks have failed for MaxStale, only an answer resets the count.
func (s *State) noteFailure(asked time.Duration) {
	now := s.clock.at(time.Now())
	if last := s.failedAt.Load(); last >= 0 && now-time.Duration(last) > s.maxStale && !s.isSilent() {
		s.failingFrom.Store(int64(asked)) // before failedAt, so that no request sees a wrong silence in between
	} else {
		s.failingFrom.CompareAndSwap(-1, int64(asked))
	}
	s.failedAt.Store(int64(now))
}

// lookUp looks up a session through the API and applies the outcome.
func (s *State) lookUp(ctx context.Context, c *check) {
	begun := time.Now()
	overdue := max(0, s.clock.at(begun)-c.dueAt)
	outcome, asked, err := s.ask(ctx, c)
	if outcome == HasEnded {
		outcome, asked, err = s.makeSure(ctx, c)
	}
	if err != nil && ctx.Err() != nil {
		return // Run is stopping
	}
	s.observer.check(ctx, CheckEvent{Outcome: outcome, Err: err, Duration: time.Since(begun), Overdue: overdue})
	switch outcome {
	case GoesOn:
		s.noteAnswer(asked)
		s.known.confirm(c.hash, asked)
		c.isVouched, c.asked = true, asked
	case HasEnded:
		s.noteAnswer(asked)
		// Requests that wait for this check must not wait for the Log.
		s.reportLater(ctx, SourceCheck, Ended{Session: c.hash, UserID: c.userID, Until: s.holdUntil(time.Now())})
	default:
		s.noteFailure(asked)
		kind := troubleCheck
		if errors.Is(err, errOtherRealm) {
			kind = troubleRealm
		}
		s.observer.trouble(ctx, kind, err)
	}
}

// makeSure first verifies that the API answers for the right realm, and then looks up the
// session again, because a "not found" from before that proves nothing. The wait for the
// budget may be long.
func (s *State) makeSure(ctx context.Context, c *check) (Outcome, time.Duration, error) {
	asked := s.clock.at(time.Now())
	if err := s.proveRealm(ctx, c.realmID, asked); err != nil {
		return Unknown, asked, err
	}
	if err := s.budget.Wait(ctx); err != nil {
		return Unknown, asked, err
	}
	return s.ask(ctx, c)
}

// ask looks up the session at the API, and returns the outcome and the time when the
// request was sent. The error is nil unless the outcome is Unknown.
func (s *State) ask(ctx context.Context, c *check) (Outcome, time.Duration, error) {
	asked := s.clock.at(time.Now())
	limited, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	session, err := s.api.Sessions.Get(limited, c.sessionID)
	switch {
	case err == nil && hashOf(session.ID()) != c.hash:
		return Unknown, asked, errOtherSession
	case err == nil && session.UserID != "" && session.UserID != c.userID:
		return Unknown, asked, errOtherUser
	case err == nil:
		return GoesOn, asked, nil
	case errors.Is(err, coreapi.ErrNotFound):
		return HasEnded, asked, nil
	}
	return Unknown, asked, err
}
