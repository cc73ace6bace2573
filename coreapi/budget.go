package coreapi

import (
	"context"
	"fmt"
	"math"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// budget decides when the next request may be sent. All copies of a Client share it.
type budget struct {
	perSecond rate.Limit
	burst     int // 0 means that there is no budget, only pauses

	mu          sync.Mutex
	limiter     *rate.Limiter
	pausedUntil time.Time // zero if there is no pause
}

func newBudget(perSecond float64) *budget {
	if perSecond < 0 {
		return &budget{}
	}
	b := &budget{perSecond: rate.Limit(perSecond), burst: int(min(max(1, math.Ceil(2*perSecond)), math.MaxInt32))}
	b.limiter = rate.NewLimiter(b.perSecond, b.burst)
	return b
}

// noTurnError means that the call's deadline is earlier than the time at which the next
// request may be sent.
type noTurnError struct{ wait time.Duration }

func (e *noTurnError) Error() string {
	return fmt.Sprintf("the next request may be sent in %s, which is after the call's deadline", e.wait.Round(time.Millisecond))
}

// turn is the time at which a request may be sent.
type turn struct {
	wait        time.Duration
	isPause     bool              // after wait, the request needs a new turn
	limiter     *rate.Limiter     // nil if there is no budget
	reservation *rate.Reservation // a reservation of limiter
}

func (t turn) giveBack() {
	if t.reservation != nil {
		t.reservation.Cancel()
	}
}

// wait waits until a request may be sent, and then returns nil. If that time is after the
// deadline, wait returns a [*noTurnError] at once. If the context ends first, it returns
// the context's error.
func (b *budget) wait(ctx context.Context, deadline time.Time) error {
	for {
		t := b.next(time.Now())
		if time.Until(deadline) < t.wait {
			t.giveBack()
			return &noTurnError{t.wait}
		}
		if err := sleep(ctx, t.wait); err != nil {
			t.giveBack()
			return err
		}
		if t.wait == 0 || b.isCurrent(t) {
			return nil
		}
		t.giveBack()
	}
}

func (b *budget) next(now time.Time) turn {
	b.mu.Lock()
	defer b.mu.Unlock()
	if now.Before(b.pausedUntil) {
		return turn{wait: b.pausedUntil.Sub(now), isPause: true}
	}
	if b.burst == 0 {
		return turn{}
	}
	if !b.pausedUntil.IsZero() {
		// Requests that waited for the pause to end must not all be sent at once.
		b.pausedUntil = time.Time{}
		b.limiter = rate.NewLimiter(b.perSecond, b.burst)
		b.limiter.AllowN(now, b.burst)
	}
	reservation := b.limiter.ReserveN(now, 1)
	return turn{wait: reservation.DelayFrom(now), limiter: b.limiter, reservation: reservation}
}

// isCurrent reports whether the turn is still valid after the wait. It is valid unless a
// new pause has begun in the meantime.
func (b *budget) isCurrent(t turn) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return !t.isPause && t.limiter == b.limiter && b.pausedUntil.IsZero()
}

// pause makes every request wait for d.
func (b *budget) pause(d time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if until := time.Now().Add(d); until.After(b.pausedUntil) {
		b.pausedUntil = until
	}
}

// sleep waits for d. If the context ends first, it returns the context's error.
func sleep(ctx context.Context, d time.Duration) error {
	if err := ctx.Err(); err != nil || d <= 0 {
		return err
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
