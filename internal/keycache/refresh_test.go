package keycache_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/authrocket-go/authrocket/internal/keycache"
)

func TestRefreshInterval(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name     string
		interval time.Duration
		maxAge   time.Duration
		want     time.Duration
	}{
		{name: "no max-age leaves it", interval: 15 * time.Minute, want: 15 * time.Minute},
		{name: "max-age shortens it", interval: 15 * time.Minute, maxAge: 5 * time.Minute, want: 5 * time.Minute},
		{name: "max-age does not lengthen it", interval: 15 * time.Minute, maxAge: time.Hour, want: 15 * time.Minute},
		{name: "max-age does not shorten it below a minute", interval: 15 * time.Minute, maxAge: time.Second, want: time.Minute},
		{name: "max-age of a minute counts", interval: 15 * time.Minute, maxAge: time.Minute, want: time.Minute},
		{name: "max-age does not lengthen one below a minute", interval: 30 * time.Second, maxAge: 10 * time.Second, want: 30 * time.Second},
	}
	for _, test := range tests {
		config := keycache.Config[string]{RefreshInterval: test.interval, MaxStale: maxStale}
		rowWith(t, test.name, config, func(p *publisher) {
			p.expire(test.maxAge)
			p.warm()
			time.Sleep(test.want - time.Nanosecond)
			p.wantKey(p.ask("known", keycache.Gate), "key of known")
			p.wantFetches(1)
			time.Sleep(time.Nanosecond)
			a := p.ask("known", keycache.Gate)
			p.wantKey(a, "key of known")
			p.wantTook(a, 0)
			p.wantFetches(2)
		})
	}
}

func TestRefresh(t *testing.T) {
	t.Parallel()
	row(t, "does not happen without a request", func(p *publisher) {
		p.warm()
		time.Sleep(100 * interval)
		p.wantFetches(1)
	})
	row(t, "happens once for many requests", func(p *publisher) {
		p.warm()
		p.answerIn(time.Second)
		time.Sleep(interval)
		for range 50 {
			p.wantKey(p.ask("known", keycache.Open), "key of known")
		}
		p.wantFetches(2)
	})
	row(t, "counts the age of a set from when it was asked for", func(p *publisher) {
		p.answerIn(5 * time.Second)
		p.warm()
		if got, want := p.lastObserved().Age, 5*time.Second; got != want {
			p.t.Errorf("the set is %s old, want %s", got, want)
		}
		time.Sleep(interval - 5*time.Second)
		p.wantKey(p.ask("known", keycache.Gate), "key of known")
		p.wantFetches(2)
	})
	row(t, "is given up after 8 seconds", func(p *publisher) {
		p.answerIn(forever)
		start := time.Now()
		undecided := p.wantUndecided(p.cache.Warm(context.Background()))
		if !errors.Is(undecided, context.DeadlineExceeded) || time.Since(start) != keycache.FetchTimeout {
			p.t.Errorf("the fetch ended after %s with %v, want %s and a deadline", time.Since(start), undecided, keycache.FetchTimeout)
		}
		if keycache.FetchTimeout != 8*time.Second || keycache.MaxWait != 2*time.Second || keycache.CoolDown != 10*time.Second {
			p.t.Errorf("the limits are %s, %s and %s, want 8, 2 and 10 seconds", keycache.FetchTimeout, keycache.MaxWait, keycache.CoolDown)
		}
	})
}

func TestOutage(t *testing.T) {
	t.Parallel()
	outages := []struct {
		name string
		down func(p *publisher)
	}{
		{name: "a realm that fails", down: func(p *publisher) { p.breakWith(errOutage) }},
		{name: "a realm that hangs", down: func(p *publisher) { p.answerIn(forever) }},
		{name: "a realm with an empty set", down: func(p *publisher) { p.withdraw("known") }},
	}
	for _, outage := range outages {
		row(t, outage.name+" leaves the last good set until it is too old", func(p *publisher) {
			p.warm()
			start := time.Now()
			outage.down(p)
			for time.Since(start) < maxStale-time.Minute {
				p.wantKey(p.ask("known", keycache.Gate), "key of known")
				time.Sleep(time.Minute)
			}
			time.Sleep(maxStale - time.Since(start))
			p.wantKey(p.ask("known", keycache.Gate), "key of known")
			time.Sleep(time.Nanosecond)
			a := p.ask("known", keycache.Gate)
			if undecided := p.wantUndecided(a.err); undecided.Limited || undecided.RetryAfter <= 0 {
				p.t.Errorf("undecided with limited %t and retry after %s, want not limited and a time", undecided.Limited, undecided.RetryAfter)
			}
			// The hours after it are no different.
			time.Sleep(time.Hour)
			if undecided := p.wantUndecided(p.ask("known", keycache.Gate).err); undecided.Limited {
				p.t.Errorf("%v is limited", undecided)
			}
		})
	}
	row(t, "ends with the first good fetch", func(p *publisher) {
		p.warm()
		p.breakWith(errOutage)
		time.Sleep(maxStale + time.Second)
		p.wantFailure(p.ask("known", keycache.Gate), errOutage)
		p.breakWith(nil)
		time.Sleep(keycache.CoolDown + 2*time.Second)
		p.wantKey(p.ask("known", keycache.Gate), "key of known")
	})
	row(t, "without a set before it is undecided", func(p *publisher) {
		p.breakWith(errOutage)
		for range 100 {
			p.wantFailure(p.ask("known", keycache.Gate), errOutage)
			time.Sleep(time.Second)
		}
	})
}

func TestObserve(t *testing.T) {
	t.Parallel()
	row(t, "tells of a good fetch", func(p *publisher) {
		odd := errors.New("an odd entry")
		p.set(func() { p.skipped = []error{odd} })
		p.publish("other", "key of other")
		p.answerIn(time.Second)
		p.warm()
		got := p.lastObserved()
		if got.Err != nil || got.Keys != 2 || got.Age != time.Second || len(got.Skipped) != 1 || got.Skipped[0] != odd {
			p.t.Errorf("observed %+v, want 2 keys, a second old, and the odd entry", got)
		}
	})
	row(t, "tells of a failed fetch and of the set in use", func(p *publisher) {
		p.warm()
		time.Sleep(interval)
		p.breakWith(errOutage)
		p.ask("known", keycache.Gate)
		got := p.lastObserved()
		if !errors.Is(got.Err, errOutage) || got.Keys != 1 || got.Age != interval {
			p.t.Errorf("observed %+v, want the outage and 1 key, %s old", got, interval)
		}
	})
	row(t, "tells that there is no set", func(p *publisher) {
		p.breakWith(errOutage)
		p.ask("known", keycache.Gate)
		got := p.lastObserved()
		if !errors.Is(got.Err, errOutage) || got.Keys != 0 || got.Age != 0 {
			p.t.Errorf("observed %+v, want the outage and no key", got)
		}
	})
	row(t, "tells that the set is too old to use", func(p *publisher) {
		p.warm()
		p.breakWith(errOutage)
		time.Sleep(maxStale + time.Second)
		p.ask("known", keycache.Gate)
		if got := p.lastObserved(); got.Keys != 0 || got.Age != 0 {
			p.t.Errorf("observed %+v, want no key", got)
		}
	})
	row(t, "tells why entries are skipped when none is left", func(p *publisher) {
		p.set(func() { p.skipped = []error{errors.New("an odd entry")} })
		p.withdraw("known")
		p.ask("known", keycache.Gate)
		if got := p.lastObserved(); got.Err == nil || len(got.Skipped) != 1 {
			p.t.Errorf("observed %+v, want an error and the odd entry", got)
		}
	})
	row(t, "may look keys up", func(p *publisher) {
		answers := make(chan answer, 2)
		p.react = func() {
			answers <- p.ask("known", keycache.NoWait)
			answers <- p.ask("made up", keycache.NoWait)
		}
		p.warm()
		p.wantKey(<-answers, "key of known")
		p.wantPending(<-answers)
	})
}

func TestUnchanged(t *testing.T) {
	t.Parallel()
	// generation returns that of the set in use, which has to have the key known.
	generation := func(p *publisher) uint64 {
		p.t.Helper()
		key, generation, ok := p.cache.Fresh("known", time.Now())
		if !ok || key != "key of known" || generation == 0 {
			p.t.Fatalf("got %q of generation %d, %t", key, generation, ok)
		}
		return generation
	}
	want := func(p *publisher, generation uint64, want bool) {
		p.t.Helper()
		if got := p.cache.Unchanged(generation, time.Now()); got != want {
			p.t.Errorf("got unchanged %t since generation %d, want %t", got, generation, want)
		}
	}
	row(t, "is false without a set", func(p *publisher) {
		want(p, 0, false)
		want(p, 1, false)
		if key, generation, ok := p.cache.Fresh("known", time.Now()); ok || generation != 0 {
			p.t.Errorf("got %q of generation %d, %t", key, generation, ok)
		}
	})
	row(t, "is true until the set is due for a refresh", func(p *publisher) {
		p.warm()
		g := generation(p)
		want(p, g, true)
		want(p, 0, false)
		want(p, g+1, false)
		time.Sleep(interval - time.Nanosecond)
		want(p, g, true)
		time.Sleep(time.Nanosecond)
		want(p, g, false)
	})
	row(t, "is false after a fetch that brings a set, whatever is in it", func(p *publisher) {
		p.warm()
		g := generation(p)
		p.warm()
		want(p, g, false)
		want(p, generation(p), true)
	})
	row(t, "is true after a fetch that fails", func(p *publisher) {
		p.warm()
		g := generation(p)
		p.breakWith(errors.New("it failed"))
		p.cache.Warm(context.Background())
		want(p, g, true)
	})
	row(t, "has no generation for a key that the set does not have", func(p *publisher) {
		p.warm()
		if key, generation, ok := p.cache.Fresh("other", time.Now()); ok || generation != 0 {
			p.t.Errorf("got %q of generation %d, %t", key, generation, ok)
		}
	})
	row(t, "is false when the wall clock is set back", func(p *publisher) {
		p.warm()
		g := generation(p)
		p.stepClock(-time.Hour)
		want(p, g, false)
	})
}
