// Package keycache keeps the keys that a remote set publishes, by key ID. It
// decides when to fetch the set, who waits for a fetch and for how long, and
// how long a set outlives its source. It knows nothing of HTTP and of what a
// key is, so that tests can run years of key rotations and outages in a moment.
//
// There is no goroutine but that of a running fetch, and at most one of these.
// A cold cache whose first fetch failed has a timer for the next one.
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
	// failed fetch is not tried again, and for which an unknown key ID is
	// remembered at most.
	CoolDown = 10 * time.Second

	// MaxWait is how long one request waits for fetches, all in all.
	MaxWait = 2 * time.Second

	// FetchTimeout ends a fetch.
	FetchTimeout = 8 * time.Second

	// minRefreshInterval is the shortest interval that a max-age can ask for.
	minRefreshInterval = time.Minute

	// maxPublishDelay is how long after a token was issued a set is fetched that has to
	// have the token's key. It is more than clocks and replicas of the key set
	// are apart.
	maxPublishDelay = 5 * time.Minute

	// maxStepBack is how far the wall clock may be set back, as time servers do,
	// before a set is due for that.
	maxStepBack = time.Minute

	// recentFailure is how long a failed fetch explains why a set is old, so that
	// requests need not wait to learn it: the longest time from one failure to the
	// next while there are requests.
	recentFailure = 2*CoolDown + FetchTimeout

	burst      = 3     // fetches that an idle budget grants at once
	maxUnknown = 1_000 // key IDs remembered as unknown
	maxWaiting = 256   // lookups that wait at a time
)

// coldPauses are the pauses after the first failed fetches of a cold cache. What
// fails at a start is often over in a moment, and until then every token is undecided.
var coldPauses = [...]time.Duration{time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second}

// ErrUnknown is returned for a key ID that the set does not have: the set was
// fetched after the question or long after the token was issued, or the same
// question was answered a moment ago.
var ErrUnknown = errors.New("the realm's key set does not have the key")

// Undecided is returned when it cannot be known now whether there is such a key.
type Undecided struct {
	// Cause is what stands in the way: the failure of the last fetch, the end
	// of the caller's context, or that a fetch takes its time.
	Cause error
	// Limited is set when a usable set is there, but the budget for fetches or
	// for waiting lookups leaves nothing for an unknown key.
	Limited bool
	// RetryAfter is how long it takes until asking again makes sense.
	RetryAfter time.Duration
}

func (u *Undecided) Error() string { return "the realm's keys are not available: " + u.Cause.Error() }

func (u *Undecided) Unwrap() error { return u.Cause }

var (
	errPending        = errors.New("the fetch of the key set takes more than the time that a request waits")
	errBudgetSpent    = errors.New("the budget for fetches of the key set is spent")
	errTooManyWaiting = fmt.Errorf("%d requests wait for the key set already", maxWaiting)
	errNoFetch        = errors.New("the caller does not wait for a fetch")
	errRemembered     = errors.New("the key was not in the key set a moment ago")
)

// Patience is how long a lookup waits for fetches.
type Patience int

// A request at a gate waits for MaxWait. One on an open route does too, but
// not for a fetch that has been running for that long already. NoWait neither
// waits nor starts a fetch. A callback waits like a gate, and only a set that
// was fetched after the question makes a key unknown to it: its user has just
// signed in, so that the key may be a new one.
const (
	NoWait Patience = iota
	Open
	Gate
	Callback
)

// Question is a question for the key of a token.
type Question struct {
	KeyID string
	// IssuedAt is when the token says that it was issued; zero is long ago. It
	// need not be verified: it decides only whether the key is worth a fetch.
	IssuedAt time.Time
	Patience Patience
	// WaitStart is when the request began to wait for keys. It waits until
	// MaxWait after that at most.
	WaitStart time.Time
}

// Refresh reports one fetch.
type Refresh struct {
	Err     error         // nil when the set was replaced
	Keys    int           // keys in use now
	Skipped []error       // entries of the fetched set that are not used
	Age     time.Duration // age of the set in use, 0 when there is none
}

// Config configures a [Cache]. Fetch, RefreshInterval and MaxStale are required.
type Config[K any] struct {
	// Fetch returns the set, which must not change afterwards, the entries of it that
	// are not used, and for how long the source calls it fresh, 0 if it does not say.
	// Its context ends after FetchTimeout, which it must honour. It is never called
	// twice at a time.
	Fetch func(ctx context.Context) (keys map[string]K, skipped []error, maxAge time.Duration, err error)
	// RefreshInterval is the age at which a set is fetched again while it stays in
	// use. A shorter maxAge takes precedence, down to a minute.
	RefreshInterval time.Duration
	// MaxStale is the age beyond which a set is not used any more.
	MaxStale time.Duration
	// Observe is called after each fetch, by its goroutine. It may be nil.
	Observe func(Refresh)

	// Now and Jitter are for tests; nil means the machine's wall clock and math/rand.
	Now    func() time.Time
	Jitter func(below time.Duration) time.Duration
}

// Cache holds the last good set. It is safe for concurrent use.
type Cache[K any] struct {
	config  Config[K]
	current atomic.Pointer[keySet[K]] // nil before the first fetch that succeeded

	mu       sync.Mutex
	running  *fetch // nil when none
	sequence uint64 // of the last fetch that was started

	waiting int // lookups that wait for a fetch

	failure       error // of the last fetch, nil when it succeeded
	failedAt      instant
	noFetchBefore time.Time // no fetch before, after a failure
	coldRetries   int       // pauses of coldPauses that were taken

	budget     int // fetches that the budget grants now
	refilledAt time.Time

	unknown unknownIDs
}

type keySet[K any] struct {
	keys        map[string]K
	sequence    uint64        // of the fetch that brought it
	requestedAt instant       // when that fetch was started
	interval    time.Duration // the age at which it is due for a refresh
}

// isDue reports whether the set is due for a refresh.
func (s *keySet[K]) isDue(now instant) bool {
	return now.since(s.requestedAt) >= s.interval || s.clockWasSetBack(now)
}

// clockWasSetBack reports whether the wall clock was set back since the set was asked for.
// Its age is not known then: the machine may have slept in the meantime.
func (s *keySet[K]) clockWasSetBack(now instant) bool {
	return now.wall.Before(s.requestedAt.wall.Add(-maxStepBack))
}

type fetch struct {
	sequence        uint64
	started         instant
	backgroundKeyID string // the key ID of an old token that started it and does not wait, or empty
	done            chan struct{}
	err             error // set before done is closed
}

// New returns a Cache without keys; the first lookup fetches them.
func New[K any](config Config[K]) *Cache[K] {
	if config.Jitter == nil {
		config.Jitter = rand.N[time.Duration]
	}
	return &Cache[K]{config: config, budget: burst, unknown: newUnknownIDs(config.Jitter)}
}

// Lookup returns the key that the set has under q.KeyID, or [ErrUnknown] or an
// [*Undecided]. It waits as long as q says, or until ctx ends.
func (c *Cache[K]) Lookup(ctx context.Context, q Question) (K, error) {
	if key, _, ok := c.Fresh(q.KeyID, time.Now()); ok {
		return key, nil
	}
	return c.lookupSlowly(ctx, q)
}

// Fresh returns the key under id of a set that needs no refresh at now, the
// machine's time, with the generation of the set, and whether there is one. It
// never waits; [Cache.Lookup] decides in every case. Without a key the generation is
// zero.
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

// Unchanged reports whether a set of that generation is in use and needs no refresh
// at now, so that [Cache.Fresh] returns what it returned with generation. Zero is
// the generation of no set.
func (c *Cache[K]) Unchanged(generation uint64, now time.Time) bool {
	set := c.current.Load()
	return set != nil && set.sequence == generation && !set.isDue(c.instant(now))
}

// Age returns at once how old the set in use is, and whether it is there and
// usable, and why the last fetch failed, nil if it did not. If it is not there or due for a refresh, it starts a fetch, so that who
// waits for a usable set and asks nothing else gets one; the last fetch of the
// budget is left to lookups.
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
	// Only a fetch that starts from here on can tell that there is no such key.
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

// awaitRefresh starts the refresh of a set that is due for one, and waits for
// it when the set is old and no recent failure explains that. It reports whether a refresh
// ended, so that the set has to be looked at again. Only a fetch that takes longer
// than a request waits leaves the old key in force; a caller that leaves, or one too
// many, could be an attacker who wants that.
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

// usable returns the set in use, nil when there is none or it is too old.
func (c *Cache[K]) usable(now instant) *keySet[K] {
	set := c.current.Load()
	if set == nil || now.since(set.requestedAt) > c.config.MaxStale {
		return nil
	}
	return set
}

// fetchRefused says why no fetch may start now that leaves reserve in the budget, nil
// when one may.
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

// refill grants the fetches that the time since the last refill allows. A budget that
// is full saves nothing up.
func (c *Cache[K]) refill(now time.Time) {
	if n := int64(now.Sub(c.refilledAt) / CoolDown); n > 0 {
		c.budget = int(min(int64(c.budget)+n, burst))
		c.refilledAt = c.refilledAt.Add(time.Duration(n) * CoolDown)
	}
	if c.budget == burst {
		c.refilledAt = now
	}
}

// start starts a fetch on the budget, which c.running is until it ends.
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

// retryCold is what a cold cache does after a pause of coldPauses. No request
// causes it, and it happens a few times in the life of a Cache, so that it is not
// on the budget.
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

// fetch calls Fetch. No caller's recover covers this goroutine: a panic in it, over
// what a server sent or in a transport, would end the process.
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

// delayNextFetch delays the next fetch after one that failed. Many processes meet the
// same outage; they should not all come back at once.
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

// wait unlocks c.mu until f is done, ctx ends or the time has come. It returns
// nil in the first case.
func (c *Cache[K]) wait(ctx context.Context, f *fetch, until time.Time) error {
	if c.waiting >= maxWaiting {
		return errTooManyWaiting
	}
	c.waiting++
	defer func() { c.waiting-- }()
	return c.waitUncounted(ctx, f, until)
}

// waitUncounted is wait for Warm, which a program calls, not a request: maxWaiting
// does not apply to it.
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

// Warm fetches the set, however fresh the last one is, and waits until ctx or the
// fetch ends. Concurrent calls share fetches. When the budget is spent, it fetches
// nothing: it returns nil if a usable set is there, else the last failure.
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
