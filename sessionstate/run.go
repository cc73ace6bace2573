package sessionstate

import (
	"context"
	"errors"
	"sync"
	"time"
)

// Run looks up sessions and reads the Log. It also appends entries to the Log that could
// not be appended before. Run returns the error of ctx after ctx ends and after all
// goroutines of Run have ended. Start it once, with a context that lasts as long as the
// app serves requests.
func (s *State) Run(ctx context.Context) error {
	if !s.isRunning.CompareAndSwap(false, true) {
		return errors.New("sessionstate: State.Run is already running; start it once")
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

// keepTime updates the clock, and removes expired entries.
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

// Warm reads the Log once and tests the API key. Call Warm when the app starts, to find
// mistakes in the configuration. The app can serve requests even if Warm returns an
// error.
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

// sleep waits for d. It returns false if ctx ends first.
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
