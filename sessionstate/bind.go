package sessionstate

import (
	"context"
	"sync"
	"time"

	"github.com/authrocket-go/authrocket"
)

// bound holds the contexts that end with their sessions.
type bound struct {
	mu        *sync.Mutex
	bySession map[idHash]contexts
	byUser    map[string]contexts
}

type contexts map[*boundContext]struct{}

func newBound() bound {
	return bound{mu: new(sync.Mutex), bySession: map[idHash]contexts{}, byUser: map[string]contexts{}}
}

// boundContext is a context that ends with its session.
type boundContext struct {
	session authrocket.Session
	end     context.CancelCauseFunc

	mu      sync.Mutex
	timer   *time.Timer // starts the next recheck
	isEnded bool        // the context has ended, so there is no next recheck
}

// Bind returns a copy of ctx that ends when the session ends. Bind is meant for
// WebSockets, streams and jobs. Apps call [authrocket.Auth.Bind], which calls this
// method. After the end, [context.Cause] returns [authrocket.ErrTokenExpired],
// [authrocket.ErrSessionEnded] or, if Config.AfterMaxStale refuses the session,
// [authrocket.ErrSessionUnknown].
//
// Bind keeps no goroutine running. While the context is bound, the State looks up the
// session every Config.CheckInterval. Call the CancelFunc when the work is done.
func (s *State) Bind(ctx context.Context, session authrocket.Session) (context.Context, context.CancelFunc) {
	ctx, end := context.WithCancelCause(ctx)
	ctx, cancel := context.WithDeadlineCause(ctx, session.ExpiresAt, authrocket.ErrTokenExpired)
	b := &boundContext{session: session, end: end}
	hash := session.IDHash()
	s.bound.add(hash, b)
	// Check the session only after adding the context, so that an end at this moment is
	// not missed.
	next := s.recheck(ctx, b)
	b.mu.Lock()
	b.timer = time.AfterFunc(next, func() { b.lookAfter(s.recheck(ctx, b)) })
	b.mu.Unlock()
	context.AfterFunc(ctx, func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.timer.Stop()
		b.isEnded = true
		s.bound.remove(hash, b)
	})
	return ctx, func() {
		cancel()
		end(context.Canceled)
	}
}

func (b *boundContext) lookAfter(wait time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.timer != nil && !b.isEnded {
		b.timer.Reset(wait)
	}
}

// recheck ends b if the session of b has ended, and queues a check of the session if a
// check is due. It returns the time until the next recheck.
func (s *State) recheck(ctx context.Context, b *boundContext) (next time.Duration) {
	hash := b.session.IDHash()
	interval := s.intervalOf(&hash)
	v, since := s.judge(ctx, &b.session, exactly)
	switch v {
	case goesOn:
		// The session may have been confirmed just after the last recheck.
		passed := s.clock.at(time.Now()) - since
		return min(max(interval-passed, time.Second), interval)
	case isVouched:
		return settleTime
	case hasEnded:
		b.end(authrocket.ErrSessionEnded)
		return interval
	}
	s.enqueue(ctx, &b.session, v, since)
	if s.isSilent() {
		if err := s.whenStale(); err != nil {
			b.end(err)
		}
	}
	if v == isSuspect {
		return settleTime
	}
	return interval
}

// recheckBound queues a check of a suspect session if a context is bound to it, because a
// long time may pass before the session's next request.
func (s *State) recheckBound(ctx context.Context, hash idHash) {
	for _, b := range s.bound.of(hash) {
		b.lookAfter(s.recheck(ctx, b))
	}
}

func (b *bound) add(hash idHash, c *boundContext) {
	b.mu.Lock()
	defer b.mu.Unlock()
	put(b.bySession, hash, c)
	put(b.byUser, c.session.User.ID, c)
}

func (b *bound) remove(hash idHash, c *boundContext) {
	b.mu.Lock()
	defer b.mu.Unlock()
	drop(b.bySession, hash, c)
	drop(b.byUser, c.session.User.ID, c)
}

func put[K comparable](all map[K]contexts, key K, c *boundContext) {
	if all[key] == nil {
		all[key] = contexts{}
	}
	all[key][c] = struct{}{}
}

func drop[K comparable](all map[K]contexts, key K, c *boundContext) {
	delete(all[key], c)
	if len(all[key]) == 0 {
		delete(all, key)
	}
}

// of returns the contexts that are bound to a session.
func (b *bound) of(hash idHash) []*boundContext {
	b.mu.Lock()
	defer b.mu.Unlock()
	var list []*boundContext
	for c := range b.bySession[hash] {
		list = append(list, c)
	}
	return list
}

// end ends the contexts that are bound to a session.
func (b *bound) end(hash idHash, cause error) {
	for _, c := range b.of(hash) {
		c.end(cause)
	}
}

// endUser ends the contexts that are bound to sessions of a user, if the tokens of the
// sessions were issued no later than the time given by before.
func (b *bound) endUser(userID string, before int64) {
	b.mu.Lock()
	var list []*boundContext
	for c := range b.byUser[userID] {
		if c.session.IssuedAt.Unix() <= before {
			list = append(list, c)
		}
	}
	b.mu.Unlock()
	for _, c := range list {
		c.end(authrocket.ErrSessionEnded)
	}
}
