// Package keycache caches the keys of a remote key set by key ID. It decides when to
// fetch the set, which lookups wait for a fetch and for how long, and how long a set is
// used while its source is unavailable. It is independent of HTTP and of the type of a
// key, so that tests can simulate years of key rotations and outages quickly.
//
// Its only goroutine runs a fetch, and there is at most one fetch at a time. If the first
// fetch fails, a timer starts the next fetch.
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
	// CoolDown has three uses. The budget grants one more fetch after each CoolDown.
	// After a failed fetch, no fetch starts for that time. An unknown key ID is
	// remembered for at most that time.
	CoolDown = 10 * time.Second

	// MaxWait is how long one request waits for fetches in total.
	MaxWait = 2 * time.Second

	// FetchTimeout is how long a fetch may take.
	FetchTimeout = 8 * time.Second

	// minRefreshInterval is the shortest refresh interval that a max-age can cause.
	minRefreshInterval = time.Minute

	// maxPublishDelay is the longest time after the issue of a token during which its key
	// may still be missing from the set. It is more than clocks and replicas of the key
	// set can differ.
	maxPublishDelay = 5 * time.Minute

	// maxStepBack is how far the wall clock may be set back, as time servers do, without
	// making the set due for a refresh.
	maxStepBack = time.Minute

	// recentFailure is the time after a failed fetch during which requests use an old set
	// without waiting for another fetch. While requests arrive and all fetches fail, two
	// failures are at most this far apart.
	recentFailure = 2*CoolDown + FetchTimeout

	burst      = 3     // fetches that an idle budget grants at once
	maxUnknown = 1_000 // key IDs remembered as unknown
	maxWaiting = 256   // lookups that wait at the same time
)

// coldPauses are the pauses after the first failed fetches of a cold cache. They are short,
// because a failure at startup often ends soon, and no token can be verified until then.
var coldPauses = [...]time.Duration{time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second}

// ErrUnknown means that the set does not have the key ID. The set was fetched after the
// lookup began, or long after the token was issued. Otherwise, a lookup of the same key
// ID had this result a moment ago.
var ErrUnknown = errors.New("the realm's key set does not have the key")

// Undecided means that it is not known now whether the key exists.
type Undecided struct {
	// Cause is the reason. For example, the last fetch failed, the caller's context
	// ended, or a fetch takes too long.
	Cause error
	// Limited is true if there is a usable set, but the budget for fetches or for waiting
	// lookups is spent.
	Limited bool
	// RetryAfter is how long to wait before the next lookup.
	RetryAfter time.Duration
}

func (u *Undecided) Error() string { return "the realm's keys are not available: " + u.Cause.Error() }

func (u *Undecided) Unwrap() error { return u.Cause }

var (
	errPending        = errors.New("the fetch of the key set takes longer than a request waits")
	errBudgetSpent    = errors.New("the budget for fetches of the key set is spent")
	errTooManyWaiting = fmt.Errorf("%d requests already wait for the key set", maxWaiting)
	errNoFetch        = errors.New("the caller does not wait for a fetch")
	errRemembered     = errors.New("the key was not in the key set a moment ago")
)

// Patience is how long a lookup waits for fetches.
type Patience int

// Gate waits for up to MaxWait. Open is for a route without a gate. It also waits for up
// to MaxWait, but not for a fetch that has already been running for MaxWait. NoWait does
// not wait, and does not start a fetch. Callback waits like Gate, but treats a key as
// unknown only if the set was fetched after the lookup began. The user has just signed
// in, so the key may be new.
const (
	NoWait Patience = iota
	Open
	Gate
	Callback
)

// Question describes a lookup of the key of a token.
type Question struct {
	KeyID string
	// IssuedAt is the time when the token was issued. The zero time means long ago. It
	// may be unverified, because it only decides whether a fetch can find the key.
	IssuedAt time.Time
	Patience Patience
	// WaitStart is when the request began to wait for keys. The request waits no longer
	// than MaxWait after that time.
	WaitStart time.Time
}

// Refresh reports one fetch.
type Refresh struct {
	Err     error         // nil if the set was replaced
	Keys    int           // keys in use now
	Skipped []error       // errors for the entries of the fetched set that are not used
	Age     time.Duration // the age of the set in use, 0 if there is none
}

// Config configures a [Cache]. Fetch, RefreshInterval and MaxStale are required.
type Config[K any] struct {
	// Fetch returns the set, errors for the entries that are not used, and how long the
	// set is fresh according to its source, or 0 if the source does not say. The set must
	// not change afterwards. The context of a call ends after FetchTimeout, and Fetch
	// must honour it. Calls never overlap.
	Fetch func(ctx context.Context) (keys map[string]K, skipped []error, maxAge time.Duration, err error)
	// RefreshInterval is the age at which a set is fetched again while it stays in
	// use. A shorter maxAge takes precedence, down to a minute.
	RefreshInterval time.Duration
	// MaxStale is the age beyond which a set is not used any more.
	MaxStale time.Duration
	// Observe is called after each fetch, by its goroutine. It may be nil.
	Observe func(Refresh)

	// Tests can set Now and Jitter. Their nil values mean the machine's wall clock and
	// math/rand.
	Now    func() time.Time
	Jitter func(below time.Duration) time.Duration
}

// Cache holds the last set that was fetched successfully. It is safe for concurrent use.
type Cache[K any] struct {
	config  Config[K]
	current atomic.Pointer[keySet[K]] // nil before the first fetch that succeeded

	mu       sync.Mutex
	running  *fetch // nil if no fetch is running
	sequence uint64 // the number of the last fetch that was started

	waiting int // lookups that wait for a fetch

	failure       error // the error of the last fetch, nil if it succeeded
	failedAt      instant
	noFetchBefore time.Time // after a failure, no fetch starts before this
	coldRetries   int       // how many of coldPauses have been used

	budget     int // fetches that the budget grants now
	refilledAt time.Time

	unknown unknownIDs
}

type keySet[K any] struct {
	keys        map[string]K
	sequence    uint64        // the number of the fetch that returned it
	requestedAt instant       // when that fetch was started
	interval    time.Duration // the age at which it is due for a refresh
}

// isDue reports whether the set is due for a refresh at now.
func (s *keySet[K]) isDue(now instant) bool {
	return now.since(s.requestedAt) >= s.interval || s.clockWasSetBack(now)
}

// clockWasSetBack reports whether the wall clock was set back after the set was
// requested. The age is then unknown, because the machine may have slept in the meantime.
func (s *keySet[K]) clockWasSetBack(now instant) bool {
	return now.wall.Before(s.requestedAt.wall.Add(-maxStepBack))
}

type fetch struct {
	sequence        uint64
	started         instant
	backgroundKeyID string // the key ID of an old token that started the fetch without waiting, or ""
	done            chan struct{}
	err             error // set before done is closed
}

// New returns a Cache without keys. The first lookup fetches them.
func New[K any](config Config[K]) *Cache[K] {
	if config.Jitter == nil {
		config.Jitter = rand.N[time.Duration]
	}
	return &Cache[K]{config: config, budget: burst, unknown: newUnknownIDs(config.Jitter)}
}

// Lookup returns the key with the ID q.KeyID, or the error [ErrUnknown] or an
// [*Undecided]. It waits as long as q permits, or until ctx ends.
func (c *Cache[K]) Lookup(ctx context.Context, q Question) (K, error) {
	if key, _, ok := c.Fresh(q.KeyID, time.Now()); ok {
		return key, nil
	}
	return c.lookupSlowly(ctx, q)
}

// Fresh returns the key with this ID and the generation of the set, if the set needs no
// refresh at now, a time of the machine's clock. It never waits. If it returns false, the
// generation is zero, and you must use [Cache.Lookup].
func (c *Cache[K]) Fresh(id string, now time.Time) (key K, generation uint64, ok bool) {
	set := c.current.Load()
	if set == nil || set.isDue(c.instant(now)) {
		return key, 0, false
	}
	if key, ok = set.keys[id]; !ok {
		return key, 0, false
	}
	return key, set.sequence, true
}

// Unchanged reports whether the set with this generation is still in use and needs no
// refresh at now. If so, [Cache.Fresh] returns the same key as before. The result is
// false for generation zero.
func (c *Cache[K]) Unchanged(generation uint64, now time.Time) bool {
	set := c.current.Load()
	return set != nil && set.sequence == generation && !set.isDue(c.instant(now))
}

// Age returns, without waiting, the age of the set in use, whether it is usable, and the
// error of the last fetch. If there is no set, or it is due for a refresh, Age starts a
// fetch, so that a caller that only calls Age eventually gets a usable set. Age leaves
// the last fetch of the budget to lookups.
func (c *Cache[K]) Age() (age time.Duration, usable bool, failure error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now, set := c.now(), c.current.Load()
	if (set == nil || set.isDue(now)) && c.running == nil && c.fetchRefused(now, 1) == nil {
		c.start(now)
	}
	if set == nil {
		return 0, false, c.failure
	}
	age = now.since(set.requestedAt)
	return age, age <= c.config.MaxStale, c.failure
}

func (c *Cache[K]) lookupSlowly(ctx context.Context, q Question) (none K, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	// Only a fetch that starts after this point can prove that the key does not exist.
	lastSequence := c.sequence
	for {
		now := c.now()
		set := c.usable(now)
		reserve := 0
		if set != nil {
			if key, ok := set.keys[q.KeyID]; ok {
				refreshed, err := c.awaitRefresh(ctx, set, q, now)
				switch {
				case err != nil:
					return none, &Undecided{Cause: err, RetryAfter: MaxWait}
				case !refreshed:
					return key, nil
				}
				continue
			}
			if set.sequence > lastSequence {
				c.unknown.add(q.KeyID, now.monotonic)
				return none, ErrUnknown
			}
			isOldToken := earlier(set.requestedAt.wall, now.wall).Sub(q.IssuedAt) > maxPublishDelay
			if isOldToken {
				reserve = 1
			}
			left := c.unknown.left(q.KeyID, now.monotonic)
			switch {
			case left > 0 && q.Patience == Callback:
				return none, &Undecided{Cause: errRemembered, RetryAfter: left}
			case left > 0:
				return none, ErrUnknown
			case isOldToken && q.Patience != Callback:
				if q.Patience != NoWait && c.running == nil && c.fetchRefused(now, reserve) == nil {
					c.start(now).backgroundKeyID = q.KeyID
				}
				return none, ErrUnknown
			}
		}
		if q.Patience == NoWait {
			return none, &Undecided{Cause: errNoFetch, RetryAfter: MaxWait}
		}
		if c.running == nil {
			if undecided := c.fetchRefused(now, reserve); undecided != nil {
				undecided.Limited = undecided.Limited && set != nil
				return none, undecided
			}
			c.start(now)
		}
		f := c.running
		until := q.WaitStart.Add(MaxWait)
		if q.Patience == Open {
			until = earlier(until, f.started.monotonic.Add(MaxWait))
		}
		if err := c.wait(ctx, f, until); err != nil {
			return none, &Undecided{Cause: err, Limited: err == errTooManyWaiting && set != nil, RetryAfter: MaxWait}
		}
		if f.err != nil && f.sequence > lastSequence {
			return none, &Undecided{Cause: f.err, RetryAfter: time.Until(c.noFetchBefore)}
		}
	}
}

// awaitRefresh starts a refresh of a set that is due. It waits for the refresh if the set
// is old and no recent failure explains its age. It reports whether a refresh has ended.
// If so, the caller must read the set again. If the fetch takes longer than a request
// waits, the old key stays in use. If the caller's context ends or too many callers wait,
// the old key is not used, because an attacker could cause either.
func (c *Cache[K]) awaitRefresh(ctx context.Context, set *keySet[K], q Question, now instant) (refreshed bool, err error) {
	if !set.isDue(now) || q.Patience == NoWait {
		return false, nil
	}
	if c.running == nil && c.fetchRefused(now, 0) == nil {
		c.start(now)
	}
	f := c.running
	if f == nil {
		return false, nil
	}
	isYoung := now.since(set.requestedAt) < 2*c.config.RefreshInterval && !set.clockWasSetBack(now)
	failedRecently := c.failure != nil && now.since(c.failedAt) < recentFailure
	if isYoung || failedRecently {
		return false, nil
	}
	err = c.wait(ctx, f, earlier(q.WaitStart, f.started.monotonic).Add(MaxWait))
	if err == errPending {
		return false, nil
	}
	return err == nil, err
}

// usable returns the set in use, or nil if there is none or it is too old.
func (c *Cache[K]) usable(now instant) *keySet[K] {
	set := c.current.Load()
	if set == nil || now.since(set.requestedAt) > c.config.MaxStale {
		return nil
	}
	return set
}

// fetchRefused returns why no fetch may start now, or nil if one may start. The fetch
// must leave reserve fetches in the budget.
func (c *Cache[K]) fetchRefused(now instant, reserve int) *Undecided {
	if now.monotonic.Before(c.noFetchBefore) {
		return &Undecided{Cause: c.failure, RetryAfter: c.noFetchBefore.Sub(now.monotonic)}
	}
	c.refill(now.monotonic)
	if missing := reserve + 1 - c.budget; missing > 0 {
		grantedAt := c.refilledAt.Add(time.Duration(missing) * CoolDown)
		return &Undecided{Cause: errBudgetSpent, Limited: true, RetryAfter: grantedAt.Sub(now.monotonic)}
	}
	return nil
}

// refill adds to the budget the fetches that have become available since the last refill,
// up to burst.
func (c *Cache[K]) refill(now time.Time) {
	if n := int64(now.Sub(c.refilledAt) / CoolDown); n > 0 {
		c.budget = int(min(int64(c.budget)+n, burst))
		c.refilledAt = c.refilledAt.Add(time.Duration(n) * CoolDown)
	}
	if c.budget == burst {
		c.refilledAt = now
	}
}

// start starts a fetch and subtracts it from the budget. c.running is that fetch until
// the fetch ends.
func (c *Cache[K]) start(now instant) *fetch {
	c.refill(now.monotonic)
	c.budget = max(c.budget-1, 0)
	return c.startBesideBudget(now)
}

func (c *Cache[K]) startBesideBudget(now instant) *fetch {
	c.sequence++
	f := &fetch{sequence: c.sequence, started: now, done: make(chan struct{})}
	c.running = f
	go c.run(f)
	return f
}

// retryCold fetches the set after one of coldPauses if the cache is still cold. It does
// not use the budget, because no request causes it and it happens only a few times in the
// life of a Cache.
func (c *Cache[K]) retryCold() {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.now()
	if c.current.Load() == nil && c.running == nil && !now.monotonic.Before(c.noFetchBefore) {
		c.startBesideBudget(now)
	}
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

// fetch calls Fetch and recovers from a panic, for example in a transport. No caller's
// recover covers this goroutine, so the panic would otherwise end the process.
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
	now := c.now()
	c.running = nil
	c.failure = err
	if err == nil {
		interval := c.config.RefreshInterval
		if maxAge > 0 {
			interval = min(interval, max(maxAge, minRefreshInterval))
		}
		c.current.Store(&keySet[K]{keys: keys, sequence: f.sequence, requestedAt: f.started, interval: interval})
		c.noFetchBefore = time.Time{}
		if _, ok := keys[f.backgroundKeyID]; !ok && f.backgroundKeyID != "" {
			c.unknown.add(f.backgroundKeyID, now.monotonic)
		}
	} else {
		c.failedAt = now
		c.delayNextFetch(now)
	}
	f.err = err
	close(f.done)
	refresh := Refresh{Err: err}
	if set := c.usable(now); set != nil {
		refresh.Keys, refresh.Age = len(set.keys), now.since(set.requestedAt)
	}
	return refresh
}

// delayNextFetch delays the next fetch after a failure by a random time, because many
// processes see the same outage and should not all retry at once.
func (c *Cache[K]) delayNextFetch(now instant) {
	pause := CoolDown
	isCold := c.current.Load() == nil && c.coldRetries < len(coldPauses)
	if isCold {
		pause = coldPauses[c.coldRetries]
		c.coldRetries++
	}
	pause += c.config.Jitter(pause / 5)
	c.noFetchBefore = now.monotonic.Add(pause)
	if isCold {
		time.AfterFunc(pause, c.retryCold)
	}
}

// wait unlocks c.mu until f is done, ctx ends or the time until is reached. It returns
// nil if f is done.
func (c *Cache[K]) wait(ctx context.Context, f *fetch, until time.Time) error {
	if c.waiting >= maxWaiting {
		return errTooManyWaiting
	}
	c.waiting++
	defer func() { c.waiting-- }()
	return c.waitUncounted(ctx, f, until)
}

// waitUncounted is like wait, but without the limit maxWaiting. Only Warm uses it,
// because the program calls Warm, and requests cannot.
func (c *Cache[K]) waitUncounted(ctx context.Context, f *fetch, until time.Time) error {
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

// Warm fetches the set even if the last one is fresh, and waits until ctx or the fetch
// ends. Concurrent calls share fetches. When the budget is spent, it fetches nothing: it
// returns nil if there is a usable set, and the last failure otherwise.
func (c *Cache[K]) Warm(ctx context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	lastSequence := c.sequence
	for {
		if c.running == nil {
			now := c.now()
			c.refill(now.monotonic)
			if c.budget == 0 {
				return c.warmWithoutBudget(now)
			}
			c.start(now)
		}
		f := c.running
		if err := c.waitUncounted(ctx, f, time.Now().Add(2*FetchTimeout)); err != nil {
			return &Undecided{Cause: err, RetryAfter: MaxWait}
		}
		if f.sequence > lastSequence {
			if f.err != nil {
				return &Undecided{Cause: f.err, RetryAfter: time.Until(c.noFetchBefore)}
			}
			return nil
		}
	}
}

func (c *Cache[K]) warmWithoutBudget(now instant) error {
	if c.usable(now) != nil {
		return nil
	}
	cause := c.failure
	if cause == nil {
		cause = errBudgetSpent
	}
	return &Undecided{Cause: cause, RetryAfter: c.refilledAt.Add(CoolDown).Sub(now.monotonic)}
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
