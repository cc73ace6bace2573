package keycache_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/authrocket-go/authrocket/internal/keycache"
)

const waiters = 256

func TestColdStart(t *testing.T) {
	t.Parallel()
	row(t, "is tried again one, two, four and eight seconds after a failure, then on request", func(p *publisher) {
		p.breakWith(errOutage)
		start := time.Now()
		p.wantFailure(p.ask("known", keycache.Gate), errOutage)
		time.Sleep(time.Hour)
		p.wantFetches(5)
		at, sum := start, time.Duration(0)
		for i, pause := range []time.Duration{time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second} {
			if took := p.asked[i+1].Sub(at); took < pause || took > pause*6/5 {
				p.t.Errorf("retry %d comes after %s, want %s and a fifth of it at most", i, took, pause)
			}
			at, sum = p.asked[i+1], sum+pause
		}
		p.wantFailure(p.ask("known", keycache.Gate), errOutage)
		p.wantFetches(6)
		time.Sleep(time.Hour)
		p.wantFetches(6) // once in the life of a cache
	})
	row(t, "is over with the first retry that succeeds, without a request", func(p *publisher) {
		p.breakWith(errOutage)
		p.wantFailure(p.ask("known", keycache.Gate), errOutage)
		p.breakWith(nil)
		time.Sleep(1200 * time.Millisecond)
		p.wantKey(p.ask("known", keycache.NoWait), "key of known")
		time.Sleep(time.Hour)
		p.wantFetches(2)
	})
	row(t, "says when it is tried again", func(p *publisher) {
		p.breakWith(errOutage)
		undecided := p.wantUndecided(p.ask("known", keycache.Gate).err)
		if undecided.RetryAfter < time.Second || undecided.RetryAfter > 1200*time.Millisecond {
			p.t.Errorf("it makes sense to ask again after %s, want a second and a fifth at most", undecided.RetryAfter)
		}
		p.breakWith(nil)
		time.Sleep(undecided.RetryAfter)
		p.wantKey(p.ask("known", keycache.Gate), "key of known")
	})
	row(t, "is beside the budget", func(p *publisher) {
		p.breakWith(errOutage)
		p.wantFailure(p.ask("known", keycache.Gate), errOutage)
		time.Sleep(6 * time.Second) // two retries; a fetch is granted every ten seconds
		p.breakWith(nil)
		p.warm()
		p.wantUnknown(p.ask("made up", keycache.Gate))
		p.wantFetches(1 + 2 + 2)
	})
	row(t, "does not happen to a warm cache", func(p *publisher) {
		p.warm()
		p.breakWith(errOutage)
		p.wantFailure(p.ask("rotated", keycache.Gate), errOutage)
		time.Sleep(time.Hour)
		p.wantFetches(2)
	})
	row(t, "lets 256 lookups wait and answers the others at once", func(p *publisher) {
		p.answerIn(7 * time.Second)
		start := time.Now()
		ids := slices.Repeat([]string{"known"}, waiters)
		var group sync.WaitGroup
		group.Go(func() {
			for _, a := range p.askAll(ids, keycache.Gate) {
				p.wantPending(a)
				p.wantTook(a, keycache.MaxWait)
			}
		})
		synctest.Wait()
		for range 10 {
			a := p.ask("known", keycache.Gate)
			p.wantPending(a)
			p.wantTook(a, 0)
			if !strings.Contains(a.err.Error(), "256") {
				p.t.Errorf("the error is %v, want that 256 wait", a.err)
			}
		}
		group.Wait()
		a := p.ask("known", keycache.Gate) // there is room again
		p.wantPending(a)
		p.wantTook(a, keycache.MaxWait)
		time.Sleep(7*time.Second - time.Since(start))
		p.wantKey(p.ask("known", keycache.Gate), "key of known")
	})
	row(t, "makes room when a waiting caller leaves", func(p *publisher) {
		p.answerIn(7 * time.Second)
		ctx, cancel := context.WithCancel(context.Background())
		for range waiters {
			go p.cache.Lookup(ctx, keycache.Question{KeyID: "known", Patience: keycache.Gate, WaitStart: time.Now()})
		}
		synctest.Wait()
		cancel()
		synctest.Wait()
		p.wantTook(p.ask("known", keycache.Gate), keycache.MaxWait)
	})
	row(t, "leaves Warm its wait", func(p *publisher) {
		p.answerIn(7 * time.Second)
		for range waiters {
			go p.ask("known", keycache.Gate)
		}
		synctest.Wait()
		if err := p.cache.Warm(context.Background()); err != nil {
			p.t.Error(err)
		}
	})
}

// Made-up keys must not make those wait whose keys are in the set.
func TestCrowdedCacheWithASet(t *testing.T) {
	t.Parallel()
	row(t, "limits lookups of unknown keys", func(p *publisher) {
		p.warm()
		p.answerIn(7 * time.Second)
		for _, id := range madeUp("made up", waiters) {
			go p.ask(id, keycache.Gate)
		}
		synctest.Wait()
		a := p.ask("rotated", keycache.Gate)
		p.wantLimited(a, keycache.MaxWait)
		p.wantTook(a, 0)
	})
}

func TestAge(t *testing.T) {
	t.Parallel()
	row(t, "is that of the set in use", func(p *publisher) {
		if age, usable, _ := p.cache.Age(); age != 0 || usable {
			p.t.Errorf("without a set: got %s, usable %t", age, usable)
		}
		p.wantFetches(1) // which this has begun
		p.answerIn(time.Second)
		p.warm()
		p.answerIn(forever)
		time.Sleep(time.Minute)
		if age, usable, _ := p.cache.Age(); age != time.Minute+time.Second || !usable {
			p.t.Errorf("got %s, usable %t, want a minute and a second, usable", age, usable)
		}
		time.Sleep(maxStale - time.Minute - time.Second)
		if _, usable, _ := p.cache.Age(); !usable {
			p.t.Error("a set as old as MaxStale is not usable")
		}
		time.Sleep(time.Nanosecond)
		if age, usable, _ := p.cache.Age(); age != maxStale+time.Nanosecond || usable {
			p.t.Errorf("got %s, usable %t, want one more than MaxStale, not usable", age, usable)
		}
	})
	row(t, "begins a fetch when the set is due, and leaves one to lookups", func(p *publisher) {
		p.warm()
		p.cache.Age()
		p.wantFetches(1)
		time.Sleep(interval)
		p.breakWith(errOutage)
		for range 100 {
			p.cache.Age()
			synctest.Wait()
		}
		p.wantFetches(2)
	})
	row(t, "leaves the last fetch of the budget to lookups", func(p *publisher) {
		p.warm()
		p.warm()
		time.Sleep(time.Nanosecond)
		p.stepClock(interval)
		p.cache.Age()
		synctest.Wait()
		p.wantFetches(2)
	})
}

// The wall clock of a machine that slept is days ahead of its monotonic clock.
func TestWallClock(t *testing.T) {
	t.Parallel()
	const sleep = 3 * 24 * time.Hour
	row(t, "that jumps makes a withdrawn key unknown", func(p *publisher) {
		p.publish("other", "key of other")
		p.warm()
		p.withdraw("known")
		p.stepClock(sleep)
		p.wantUnknown(p.askOld("known", keycache.Gate))
	})
	row(t, "that jumps by an interval makes the set due", func(p *publisher) {
		p.warm()
		p.stepClock(interval - time.Nanosecond)
		p.wantKey(p.ask("known", keycache.Gate), "key of known")
		p.wantFetches(1)
		p.stepClock(time.Nanosecond)
		p.wantKey(p.ask("known", keycache.Gate), "key of known")
		p.wantFetches(2)
	})
	row(t, "that jumps by two intervals makes a known key wait for the refresh", func(p *publisher) {
		p.publish("other", "key of other")
		p.warm()
		p.withdraw("known")
		p.answerIn(time.Second)
		p.stepClock(2 * interval)
		a := p.askOld("known", keycache.Gate)
		p.wantUnknown(a)
		p.wantTook(a, time.Second)
	})
	row(t, "that jumps after a failed refresh makes a known key wait for the next one", func(p *publisher) {
		p.publish("other", "key of other")
		p.warm()
		p.breakWith(errOutage)
		time.Sleep(2 * interval)
		p.wantKey(p.ask("known", keycache.Gate), "key of known")
		time.Sleep(keycache.CoolDown + 2*time.Second)
		p.breakWith(nil)
		p.withdraw("known")
		p.answerIn(time.Second)
		p.stepClock(interval)
		p.wantUnknown(p.askOld("known", keycache.Gate))
	})
	row(t, "that jumps beyond MaxStale ends the set", func(p *publisher) {
		p.warm()
		p.breakWith(errOutage)
		p.stepClock(sleep)
		p.wantFailure(p.ask("known", keycache.Gate), errOutage)
		if age, usable, _ := p.cache.Age(); age != sleep || usable {
			p.t.Errorf("got %s, usable %t, want %s, not usable", age, usable, sleep)
		}
		if got := p.lastObserved(); got.Keys != 0 {
			p.t.Errorf("observed %+v, want no key", got)
		}
	})
	row(t, "that jumps beyond MaxStale when the budget is spent leaves no set, rather than no room", func(p *publisher) {
		for range burst {
			p.warm()
		}
		p.stepClock(sleep)
		undecided := p.wantUndecided(p.ask("known", keycache.Gate).err)
		if undecided.Limited || undecided.RetryAfter != keycache.CoolDown {
			p.t.Errorf("undecided with limited %t and retry after %s, want not limited and %s", undecided.Limited, undecided.RetryAfter, keycache.CoolDown)
		}
	})
	row(t, "that is set back makes no set young", func(p *publisher) {
		p.publish("other", "key of other")
		p.warm()
		p.withdraw("known")
		p.stepClock(-sleep)
		time.Sleep(2 * interval)
		p.wantUnknown(p.ask("known", keycache.Gate))
		p.breakWith(errOutage)
		time.Sleep(maxStale + time.Second)
		if undecided := p.wantUndecided(p.ask("other", keycache.Gate).err); !errors.Is(undecided, errOutage) {
			p.t.Errorf("undecided by %v, want %v", undecided, errOutage)
		}
	})
	row(t, "that is set back and forth grants no more fetches", func(p *publisher) {
		for i, id := range madeUp("made up", 600) {
			p.ask(id, keycache.Gate)
			p.stepClock([]time.Duration{sleep, -sleep}[i%2])
			time.Sleep(100 * time.Millisecond)
		}
		p.wantWithinBudget()
	})
}
