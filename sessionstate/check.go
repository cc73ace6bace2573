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
	maxParallel  = 16 // checks at once
)

func hashOf(sessionID coreapi.Secret) idHash { return sha256.Sum256([]byte(sessionID.Reveal())) }

// enqueue makes sure that the session is looked up. It returns nil if there is no place.
func (s *State) enqueue(ctx context.Context, session *authrocket.Session, v verdict, since time.Duration) *check {
	if !s.isRunning.Load() {
		s.observer.trouble(ctx, troubleNotRun, errors.New("sessions are due to be looked up, but State.Run does not run; start it"))
	}
	hash := session.IDHash()
	return s.queue.add(&check{
		hash: hash, sessionID: coreapi.Hide(session.ID()), realmID: session.RealmID, userID: session.User.ID,
		since: since, dueAt: since + s.intervalOf(&hash),
		isUrgent: v != isDue, done: make(chan struct{}),
	})
}

// await waits until c has ended, unless that is pointless or takes too long. It returns
// whether the API, asked after since, has said that the session goes on.
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

// runChecks makes the queued checks, within the budget, until ctx ends.
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
		// Only now: who came while this waited may be before the others.
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
	errOtherUser    = errors.New("the API says that the session is of another user than its login token")
	errOtherSession = errors.New("the API answers about another session than the one that it was asked about; what is between it and this program?")
)

// noteAnswer notes that the API, asked at that time, has said something about a session.
func (s *State) noteAnswer(asked time.Duration) {
	s.failingFrom.Store(-1)
	s.failedAt.Store(-1)
	for told := s.toldAt.Load(); told < int64(asked); told = s.toldAt.Load() {
		if s.toldAt.CompareAndSwap(told, int64(asked)) {
			return
		}
	}
}

// noteFailure notes that the API, asked at that time, has said nothing. A failure that was
// followed by none for Config.MaxStale says nothing about the time since then: at night
// nobody may have been there who had to be looked up, and a machine that slept asked nothing.
// But a silence that has lasted for Config.MaxStale ends with an answer only.
func (s *State) noteFailure(asked time.Duration) {
	now := s.clock.at(time.Now())
	if last := s.failedAt.Load(); last >= 0 && now-time.Duration(last) > s.maxStale && !s.isSilent() {
		s.failingFrom.Store(int64(asked)) // before failedAt, so that nobody sees a silence meanwhile
	} else {
		s.failingFrom.CompareAndSwap(-1, int64(asked))
	}
	s.failedAt.Store(int64(now))
}

// lookUp asks the API about a session.
func (s *State) lookUp(ctx context.Context, c *check) {
	begun := time.Now()
	overdue := max(0, s.clock.at(begun)-c.dueAt)
	outcome, asked, err := s.ask(ctx, c)
	if outcome == HasEnded {
		outcome, asked, err = s.makeSure(ctx, c)
	}
	if err != nil && ctx.Err() != nil {
		return // the program ends
	}
	s.observer.check(ctx, CheckEvent{Outcome: outcome, Err: err, Duration: time.Since(begun), Overdue: overdue})
	switch outcome {
	case GoesOn:
		s.noteAnswer(asked)
		s.known.confirm(c.hash, asked)
		c.isVouched, c.asked = true, asked
	case HasEnded:
		s.noteAnswer(asked)
		// Who waits for this check does not wait for the Log.
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

// makeSure asks once more, after the API was seen to speak of the right realm: what it did not
// find before that says nothing. The budget may make that take long.
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

// ask returns what the API says, and when it was asked. The error is nil unless the outcome is
// Unknown.
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
