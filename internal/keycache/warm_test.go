package keycache_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/authrocket-go/authrocket/internal/keycache"
)

func TestWarm(t *testing.T) {
	t.Parallel()
	row(t, "fetches even if the keys are fresh", func(p *publisher) {
		p.warm()
		p.publish("known", "another key")
		p.warm()
		p.wantKey(p.ask("known", keycache.Gate), "another key")
		p.wantFetches(2)
	})
	row(t, "fetches nothing when the budget is spent and a set is there", func(p *publisher) {
		for range 50 {
			p.warm()
		}
		p.wantFetches(burst)
		time.Sleep(keycache.CoolDown)
		for range 50 {
			p.warm()
		}
		p.wantFetches(burst + 1)
	})
	row(t, "returns the last failure when the budget is spent and no set is there", func(p *publisher) {
		p.breakWith(errOutage)
		for range 2 * burst {
			p.wantFailure(answer{err: p.cache.Warm(context.Background())}, errOutage)
		}
		p.wantFetches(burst)
	})
	row(t, "returns a failure when the budget is spent and the set is too old", func(p *publisher) {
		for range burst {
			p.warm()
		}
		p.stepClock(maxStale + time.Second)
		undecided := p.wantUndecided(p.cache.Warm(context.Background()))
		if undecided.Limited || undecided.RetryAfter != keycache.CoolDown {
			p.t.Errorf("undecided with limited %t and retry after %s, want not limited and %s", undecided.Limited, undecided.RetryAfter, keycache.CoolDown)
		}
	})
	row(t, "waits for a fetch that runs when the budget is spent", func(p *publisher) {
		for range burst - 1 {
			p.warm()
		}
		p.answerIn(time.Second)
		p.publish("known", "another key")
		go p.cache.Warm(context.Background())
		synctest.Wait()
		p.warm()
		p.wantKey(p.ask("known", keycache.NoWait), "another key")
		p.wantFetches(burst)
	})
	row(t, "fetches even right after a failure", func(p *publisher) {
		p.breakWith(errOutage)
		p.wantFailure(p.ask("known", keycache.Gate), errOutage)
		p.breakWith(nil)
		p.warm()
		p.wantFetches(2)
	})
	row(t, "is not content with a fetch that ran already", func(p *publisher) {
		p.answerIn(time.Second)
		go p.ask("known", keycache.Gate)
		synctest.Wait()
		p.publish("known", "another key") // too late for the fetch that runs
		p.warm()
		p.wantKey(p.ask("known", keycache.Gate), "another key")
		p.wantFetches(2)
	})
	row(t, "shares fetches among concurrent calls", func(p *publisher) {
		p.answerIn(time.Second)
		var group sync.WaitGroup
		for range 50 {
			group.Go(func() {
				if err := p.cache.Warm(context.Background()); err != nil {
					p.t.Error(err)
				}
			})
		}
		group.Wait()
		// One for the first call. It may have been answered before the others
		// called, so that these share another.
		if got := p.fetches(); got > 2 {
			p.t.Errorf("%d fetches were made, want 2 at most", got)
		}
	})
	row(t, "reports the failure and keeps the last good set", func(p *publisher) {
		p.warm()
		p.breakWith(errOutage)
		p.wantFailure(answer{err: p.cache.Warm(context.Background())}, errOutage)
		p.wantKey(p.ask("known", keycache.Gate), "key of known")
	})
	row(t, "ends with its context while the fetch goes on", func(p *publisher) {
		p.answerIn(5 * time.Second)
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		start := time.Now()
		err := p.cache.Warm(ctx)
		if !errors.Is(p.wantUndecided(err), context.DeadlineExceeded) || time.Since(start) != time.Second {
			p.t.Errorf("it ended after %s with %v, want a second and a deadline", time.Since(start), err)
		}
		time.Sleep(4 * time.Second)
		synctest.Wait()
		p.wantKey(p.ask("known", keycache.NoWait), "key of known")
		p.wantFetches(1)
	})
}
