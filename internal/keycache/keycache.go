// Package keycache keeps the keys that a remote set publishes, by key ID. It
// decides when to fetch the set, who waits for a fetch and for how long, and
// how long a set outlives its source. It knows nothing of HTTP and of what a
// key is.
//
// There is no goroutine but that of a running fetch, and at most one of these.
package keycache

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// CoolDown is the time in which the budget grants one more fetch, in which a
	// failed fetch is not tried again, and for which an unknown key ID is remembered.
	CoolDown = 10 * time.Second

	// MaxWait is how long one request waits for fetches, all in all.
	MaxWait = 2 * time.Second

	// FetchTimeout ends a fetch.
	FetchTimeout = 8 * time.Second

	// minRefreshInterval is the shortest interval that a max-age can ask for.
	minRefreshInterval = time.Minute

	burst      = 3     // fetches that an idle budget grants at once
	maxUnknown = 1_000 // key IDs remembered as unknown
	failJitter = 2 * time.Second
)

// ErrUnknown is returned for a key ID that the set does not have; the set was
// fetched after the question, or the same question was answered a moment ago.
var ErrUnknown = errors.New("the realm's key set does not have the key")

// Undecided is returned when nobody knows whether there is such a key.
type Undecided struct {
	// Cause is what stands in the way: the failure of the last fetch, the end
	// of the caller's context, or that a fetch takes its time.
	Cause error
	// Limited is set when the budget for fetches suppressed the question.
	Limited bool
	// RetryAfter is when it makes sense to ask again.
	RetryAfter time.Duration
}

func (u *Undecided) Error() string { return "the realm's keys are not available: " + u.Cause.Error() }

func (u *Undecided) Unwrap() error { return u.Cause }

var (
	errPending = errors.New("the fetch of the key set takes its time")
	errLimited = errors.New("too many fetches of the key set were asked for lately")
	errNoFetch = errors.New("the caller does not wait for a fetch")
)

// Patience is how long a lookup waits for fetches.
type Patience int

// A request at a gate waits for MaxWait. One on an open route does too, but
// not for a fetch that has been running for that long already. NoWait neither
// waits nor starts a fetch.
const (
	NoWait Patience = iota
	Open
	Gate
)

// Refresh reports one fetch.
type Refresh struct {
	Err     error         // nil when the set was replaced
	Keys    int           // keys in use now
	Skipped []error       // entries of the fetched set that are not used
	Age     time.Duration // age of the set in use, 0 when there is none
}

// Config configures a [Cache]. Fetch is required; it returns a set that is not
// changed afterwards, and maxAge, 0 for none. Fetch is called with a context
// that ends after FetchTimeout and must respect it.
type Config[K any] struct {
	Fetch           func(ctx context.Context) (keys map[string]K, skipped []error, maxAge time.Duration, err error)
	RefreshInterval time.Duration
	MaxStale        time.Duration
	Observe         func(Refresh) // may be nil; called by the fetch's goroutine
}

// Cache holds the last good set. It is safe for concurrent use.
type Cache[K any] struct {
	config  Config[K]
	current atomic.Pointer[keySet[K]] // nil before the first good fetch

	mu       sync.Mutex
	running  *fetch // nil when none
	sequence uint64 // of the last fetch that was started

	failure   error // of the last fetch, nil when it was good
	failedAt  time.Time
	notBefore time.Time // no fetch before, after a failure

	granted  int // fetches that the budget grants now
	refilled time.Time

	unknown unknownIDs
}

type keySet[K any] struct {
	keys      map[string]K
	sequence  uint64    // of the fetch that brought it
	asked     time.Time // when that fetch was started
	refreshAt time.Time
}

type fetch struct {
	sequence uint64
	started  time.Time
	done     chan struct{}
	err      error // set before done is closed
}

// New returns a Cache without keys; the first lookup fetches them.
func New[K any](config Config[K]) *Cache[K] {
	return &Cache[K]{config: config, granted: burst, unknown: newUnknownIDs()}
}

// Lookup returns the key that the set has under id, or [ErrUnknown] or an
// [*Undecided]. since is when the request that asks began to: it waits until
// MaxWait after that at most.
func (c *Cache[K]) Lookup(ctx context.Context, id string, patience Patience, since time.Time) (K, error) {
	if key, ok := c.Fresh(id, time.Now()); ok {
		return key, nil
	}
	return c.lookupSlowly(ctx, id, patience, since)
}

// Fresh returns the key under id of a set that needs no refresh at now, and
// whether there is one. It never waits; [Cache.Lookup] decides in every case.
func (c *Cache[K]) Fresh(id string, now time.Time) (key K, ok bool) {
	if set := c.current.Load(); set != nil && now.Before(set.refreshAt) {
		key, ok = set.keys[id]
	}
	return key, ok
}

func (c *Cache[K]) lookupSlowly(ctx context.Context, id string, patience Patience, since time.Time) (none K, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	// Only a fetch that starts from here on can tell that there is no such key.
	asked := c.sequence
	for {
		now := time.Now()
		set := c.usable(now)
		if set != nil {
			if key, ok := set.keys[id]; ok {
				if !c.awaitRefresh(ctx, set, patience, since, now) {
					return key, nil
				}
				continue
			}
			if set.sequence > asked {
				c.unknown.add(id, now)
				return none, ErrUnknown
			}
			if c.unknown.has(id, now) {
				return none, ErrUnknown
			}
		}
		if patience == NoWait {
			return none, &Undecided{Cause: errNoFetch, RetryAfter: MaxWait}
		}
		if c.running == nil {
			if undecided := c.suppressed(now); undecided != nil {
				return none, undecided
			}
			c.start(now)
		}
		f := c.running
		until := since.Add(MaxWait)
		if patience == Open {
			until = earlier(until, f.started.Add(MaxWait))
		}
		if err := c.wait(ctx, f, until); err != nil {
			return none, &Undecided{Cause: err, RetryAfter: MaxWait}
		}
		if f.err != nil && f.sequence > asked {
			return none, &Undecided{Cause: f.err, RetryAfter: time.Until(c.notBefore)}
		}
	}
}

// awaitRefresh starts the refresh of a set that is due for one, and waits for
// it when the set is old and nobody knows why. It reports whether a refresh
// ended, so that the set has to be looked at again.
func (c *Cache[K]) awaitRefresh(ctx context.Context, set *keySet[K], patience Patience, since, now time.Time) bool {
	if now.Before(set.refreshAt) || patience == NoWait {
		return false
	}
	if c.running == nil && c.suppressed(now) == nil {
		c.start(now)
	}
	f := c.running
	if f == nil {
		return false
	}
	isYoung := now.Sub(set.asked) < 2*c.config.RefreshInterval
	isExplained := c.failure != nil && now.Sub(c.failedAt) < c.config.RefreshInterval
	if isYoung || isExplained {
		return false
	}
	return c.wait(ctx, f, earlier(since, f.started).Add(MaxWait)) == nil
}

// usable returns the set in use, nil when there is none or it is too old.
func (c *Cache[K]) usable(now time.Time) *keySet[K] {
	set := c.current.Load()
	if set == nil || now.Sub(set.asked) > c.config.MaxStale {
		return nil
	}
	return set
}

// suppressed says why no fetch may start now, nil when one may.
func (c *Cache[K]) suppressed(now time.Time) *Undecided {
	if now.Before(c.notBefore) {
		return &Undecided{Cause: c.failure, RetryAfter: c.notBefore.Sub(now)}
	}
	c.refill(now)
	if c.granted == 0 {
		return &Undecided{Cause: errLimited, Limited: true, RetryAfter: c.refilled.Add(CoolDown).Sub(now)}
	}
	return nil
}

func (c *Cache[K]) refill(now time.Time) {
	if n := int64(now.Sub(c.refilled) / CoolDown); n > 0 {
		c.granted = int(min(int64(c.granted)+n, burst))
		c.refilled = c.refilled.Add(time.Duration(n) * CoolDown)
	}
	if c.granted == burst {
		c.refilled = now
	}
}

// start starts a fetch, which c.running is until it ends.
func (c *Cache[K]) start(now time.Time) {
	c.refill(now)
	c.granted = max(c.granted-1, 0)
	c.sequence++
	f := &fetch{sequence: c.sequence, started: now, done: make(chan struct{})}
	c.running = f
	go c.run(f)
}

func (c *Cache[K]) run(f *fetch) {
	ctx, cancel := context.WithTimeout(context.Background(), FetchTimeout)
	defer cancel()
	keys, skipped, maxAge, err := c.fetch(ctx)
	if err == nil && len(keys) == 0 {
		err = errors.New("the key set is empty")
	}
	refresh := c.finish(f, keys, maxAge, err)
	if c.config.Observe != nil {
		refresh.Skipped = skipped
		c.config.Observe(refresh)
	}
}

// fetch calls Fetch. This goroutine is nobody else's: a panic in it, over what a
// server sent or in a transport, would end the process.
func (c *Cache[K]) fetch(ctx context.Context) (keys map[string]K, skipped []error, maxAge time.Duration, err error) {
	defer func() {
		if p := recover(); p != nil {
			keys, err = nil, fmt.Errorf("the fetch of the key set panicked: %v", p)
		}
	}()
	return c.config.Fetch(ctx)
}

func (c *Cache[K]) finish(f *fetch, keys map[string]K, maxAge time.Duration, err error) Refresh {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	c.running = nil
	c.failure = err
	if err == nil {
		interval := c.config.RefreshInterval
		if maxAge > 0 {
			interval = min(interval, max(maxAge, minRefreshInterval))
		}
		c.current.Store(&keySet[K]{keys: keys, sequence: f.sequence, asked: f.started, refreshAt: f.started.Add(interval)})
		c.notBefore = time.Time{}
	} else {
		c.failedAt = now
		// Many processes meet the same outage; they should not all come back at once.
		c.notBefore = now.Add(CoolDown + rand.N(failJitter))
	}
	f.err = err
	close(f.done)
	refresh := Refresh{Err: err}
	if set := c.usable(now); set != nil {
		refresh.Keys, refresh.Age = len(set.keys), now.Sub(set.asked)
	}
	return refresh
}

// wait unlocks c.mu until f is done, ctx ends or the time has come. It returns
// nil in the first case.
func (c *Cache[K]) wait(ctx context.Context, f *fetch, until time.Time) error {
	c.mu.Unlock()
	defer c.mu.Lock()
	left := time.Until(until)
	if left <= 0 {
		select {
		case <-f.done:
			return nil
		default:
			return errPending
		}
	}
	timer := time.NewTimer(left)
	defer timer.Stop()
	select {
	case <-f.done:
		return nil
	case <-timer.C:
		return errPending
	case <-ctx.Done():
		return fmt.Errorf("the caller left while the key set was fetched: %w", context.Cause(ctx))
	}
}

// Warm fetches the set, however fresh the last one is and whatever the budget
// grants, and waits until ctx or the fetch ends. The fetch counts against the
// budget as far as there is any left. Concurrent calls share fetches.
func (c *Cache[K]) Warm(ctx context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	asked := c.sequence
	for {
		if c.running == nil {
			c.start(time.Now())
		}
		f := c.running
		if err := c.wait(ctx, f, time.Now().Add(2*FetchTimeout)); err != nil {
			return &Undecided{Cause: err, RetryAfter: MaxWait}
		}
		if f.sequence > asked {
			if f.err != nil {
				return &Undecided{Cause: f.err, RetryAfter: time.Until(c.notBefore)}
			}
			return nil
		}
	}
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
