package keycache_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/authrocket-go/authrocket/internal/keycache"
)

const (
	interval = 15 * time.Minute
	maxStale = 24 * time.Hour
	forever  = 1_000 * time.Hour
)

// publisher is a realm that publishes keys, and the cache that fetches them.
type publisher struct {
	t     *testing.T
	cache *keycache.Cache[string]

	mu       sync.Mutex
	keys     map[string]string
	skipped  []error
	maxAge   time.Duration
	failure  error
	takes    time.Duration
	asked    []time.Time
	observed []keycache.Refresh
	react    func()        // to what is observed, nil for nothing
	ahead    time.Duration // of the wall clock
}

// row runs f as a subtest of its own, in fake time, on a publisher of the key
// "known".
func row(t *testing.T, name string, f func(p *publisher)) {
	t.Helper()
	rowWith(t, name, keycache.Config[string]{RefreshInterval: interval, MaxStale: maxStale}, f)
}

func rowWith(t *testing.T, name string, config keycache.Config[string], f func(p *publisher)) {
	t.Helper()
	t.Run(name, func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			p := &publisher{t: t, keys: map[string]string{"known": "key of known"}}
			config.Fetch = p.fetch
			config.Observe = p.observe
			config.Now = p.now
			p.cache = keycache.New(config)
			f(p)
			p.settle()
		})
	})
}

// settle lets the fetch that runs end, and the retries of a cold cache. A
// goroutine that is left after it fails the test: time stands still from then on.
func (p *publisher) settle() { time.Sleep(2 * time.Minute) }

// now is the wall clock.
func (p *publisher) now() time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return time.Now().Add(p.ahead)
}

// stepClock moves the wall clock alone, as a machine's sleep or its owner does.
func (p *publisher) stepClock(by time.Duration) { p.set(func() { p.ahead += by }) }

// fetch answers with what is published when it is asked, however long the
// answer takes.
func (p *publisher) fetch(ctx context.Context) (map[string]string, []error, time.Duration, error) {
	p.mu.Lock()
	p.asked = append(p.asked, time.Now())
	keys, skipped, maxAge, failure, takes := maps.Clone(p.keys), p.skipped, p.maxAge, p.failure, p.takes
	p.mu.Unlock()
	select {
	case <-time.After(takes):
	case <-ctx.Done():
		return nil, nil, 0, ctx.Err()
	}
	if failure != nil {
		return nil, skipped, 0, failure
	}
	return keys, skipped, maxAge, nil
}

func (p *publisher) observe(r keycache.Refresh) {
	p.set(func() { p.observed = append(p.observed, r) })
	if p.react != nil {
		p.react()
	}
}

// set changes what is published from now on.
func (p *publisher) set(change func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change()
}

func (p *publisher) publish(id, key string)     { p.set(func() { p.keys[id] = key }) }
func (p *publisher) withdraw(id string)         { p.set(func() { delete(p.keys, id) }) }
func (p *publisher) breakWith(failure error)    { p.set(func() { p.failure = failure }) }
func (p *publisher) answerIn(d time.Duration)   { p.set(func() { p.takes = d }) }
func (p *publisher) expire(after time.Duration) { p.set(func() { p.maxAge = after }) }

// fetches is how many were started until now.
func (p *publisher) fetches() int {
	synctest.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.asked)
}

func (p *publisher) wantFetches(want int) {
	p.t.Helper()
	if got := p.fetches(); got != want {
		p.t.Errorf("%d fetches were made, want %d", got, want)
	}
}

// lastObserved is the report of the last fetch that ended.
func (p *publisher) lastObserved() keycache.Refresh {
	p.t.Helper()
	synctest.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.observed) == 0 {
		p.t.Fatal("no fetch was observed")
	}
	return p.observed[len(p.observed)-1]
}

// answer is what a lookup came to, and how long it took.
type answer struct {
	key  string
	err  error
	took time.Duration
}

// ask asks for the key of a token that was issued now.
func (p *publisher) ask(id string, patience keycache.Patience) answer {
	return p.askSince(id, patience, time.Now())
}

func (p *publisher) askSince(id string, patience keycache.Patience, since time.Time) answer {
	return p.askQuestion(keycache.Question{KeyID: id, IssuedAt: time.Now(), Patience: patience, WaitStart: since})
}

// askOld asks for the key of a token that was issued long before the set was fetched.
func (p *publisher) askOld(id string, patience keycache.Patience) answer {
	return p.askQuestion(keycache.Question{KeyID: id, Patience: patience, WaitStart: time.Now()})
}

func (p *publisher) askQuestion(q keycache.Question) answer {
	start := time.Now()
	key, err := p.cache.Lookup(context.Background(), q)
	return answer{key, err, time.Since(start)}
}

// askAll asks for all ids at once and waits for the answers.
func (p *publisher) askAll(ids []string, patience keycache.Patience) []answer {
	answers := make([]answer, len(ids))
	var group sync.WaitGroup
	for i, id := range ids {
		group.Go(func() { answers[i] = p.ask(id, patience) })
	}
	group.Wait()
	return answers
}

// madeUp are n key IDs that are never published.
func madeUp(prefix string, n int) []string {
	ids := make([]string, n)
	for i := range ids {
		ids[i] = fmt.Sprintf("%s %d", prefix, i)
	}
	return ids
}

// warm fills the cache.
func (p *publisher) warm() {
	p.t.Helper()
	if err := p.cache.Warm(context.Background()); err != nil {
		p.t.Fatalf("the cache has no keys: %v", err)
	}
}

func (p *publisher) wantKey(a answer, want string) {
	p.t.Helper()
	if a.err != nil || a.key != want {
		p.t.Errorf("the lookup returned %q and error %v, want %q", a.key, a.err, want)
	}
}

func (p *publisher) wantUnknown(a answer) {
	p.t.Helper()
	if !errors.Is(a.err, keycache.ErrUnknown) || a.key != "" {
		p.t.Errorf("the lookup returned %q and error %v, want %v", a.key, a.err, keycache.ErrUnknown)
	}
}

// wantUndecided returns the error for a closer look.
func (p *publisher) wantUndecided(err error) *keycache.Undecided {
	p.t.Helper()
	undecided, ok := errors.AsType[*keycache.Undecided](err)
	if !ok {
		p.t.Fatalf("the error is %v, want an Undecided", err)
	}
	if errors.Is(err, keycache.ErrUnknown) {
		p.t.Errorf("%v also says that the key is unknown", err)
	}
	return undecided
}

func (p *publisher) wantFailure(a answer, cause error) {
	p.t.Helper()
	undecided := p.wantUndecided(a.err)
	if !errors.Is(undecided, cause) || undecided.Limited {
		p.t.Errorf("undecided by %v, limited %t; want %v, not limited", undecided.Cause, undecided.Limited, cause)
	}
}

func (p *publisher) wantPending(a answer) {
	p.t.Helper()
	if undecided := p.wantUndecided(a.err); undecided.Limited || undecided.RetryAfter <= 0 {
		p.t.Errorf("undecided with limited %t and retry after %s, want not limited and a time", undecided.Limited, undecided.RetryAfter)
	}
}

func (p *publisher) wantLimited(a answer, retryAfter time.Duration) {
	p.t.Helper()
	undecided := p.wantUndecided(a.err)
	if !undecided.Limited || undecided.RetryAfter != retryAfter {
		p.t.Errorf("undecided with limited %t and retry after %s, want limited and %s", undecided.Limited, undecided.RetryAfter, retryAfter)
	}
}

func (p *publisher) wantTook(a answer, want time.Duration) {
	p.t.Helper()
	if a.took != want {
		p.t.Errorf("the lookup took %s, want %s", a.took, want)
	}
}

var errOutage = errors.New("the realm is down")
