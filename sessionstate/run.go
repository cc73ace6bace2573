package sessionstate

import (
	"context"
	"errors"
	"sync"
	"time"
)

// Run looks sessions up, follows the Log, and sends it what could not be appended, until ctx
// ends; it then returns the error of ctx. Its goroutines have ended when it returns. Start
// it once, with a context that lasts as long as the app serves.
func (s *State) Run(ctx context.Context) error {
	if !s.isRunning.CompareAndSwap(false, true) {
		return errors.New("sessionstate: State.Run runs already")
	}
	defer s.isRunning.Store(false)
	var parts sync.WaitGroup
	if s.api != nil {
		parts.Go(func() { s.runChecks(ctx) })
	}
	if s.log != nil {
		parts.Go(func() { s.followLog(ctx) })
		parts.Go(func() { s.sendUnsent(ctx) })
	}
	parts.Go(func() { s.keepTime(ctx) })
	parts.Wait()
	return ctx.Err()
}

// keepTime notes the time, and forgets what has expired.
func (s *State) keepTime(ctx context.Context) {
	defer s.clock.stopTicks()
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for swept := time.Now(); ; {
		now := time.Now()
		s.clock.tick(now)
		if now.Sub(swept) >= sweepEvery {
			swept = now
			s.known.expire(now.Unix(), s.clock.at(now)-max(2*s.checkInterval, keepAnswers))
			s.forgetEndOn(now)
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
	}
}

// Warm reads the Log once, and tries the API key. Call it at start, to see mistakes in the
// set-up; the app may serve nevertheless.
func (s *State) Warm(ctx context.Context) error {
	var problems []error
	if s.log != nil {
		problems = append(problems, s.readAll(ctx, func(Ended) {}))
	}
	if s.api != nil {
		_, err := s.shownRealm(ctx)
		problems = append(problems, err)
	}
	return errors.Join(problems...)
}

// sleep waits for d. It returns false when ctx ends first.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
