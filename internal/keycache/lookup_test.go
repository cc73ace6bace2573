package keycache_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/authrocket-go/authrocket/internal/keycache"
)

// explained is how long nobody waits after a failed fetch.
const explained = 2*keycache.CoolDown + keycache.FetchTimeout

func TestKnownKey(t *testing.T) {
	t.Parallel()
	row(t, "50 concurrent first lookups make one fetch", func(p *publisher) {
		p.answerIn(time.Second)
		ids := slices.Repeat([]string{"known"}, 50)
		for _, a := range p.askAll(ids, keycache.Gate) {
			p.wantKey(a, "key of known")
		}
		p.wantFetches(1)
	})
	row(t, "does not wait while the set is younger than two intervals", func(p *publisher) {
		p.warm()
		time.Sleep(2*interval - time.Nanosecond)
		p.answerIn(forever)
		for _, patience := range []keycache.Patience{keycache.Open, keycache.Gate} {
			a := p.ask("known", patience)
			p.wantKey(a, "key of known")
			p.wantTook(a, 0)
		}
		p.wantFetches(2)
	})
	row(t, "waits for the refresh of a set as old as two intervals", func(p *publisher) {
		p.publish("other", "key of other")
		p.warm()
		time.Sleep(2 * interval)
		p.answerIn(time.Second)
		p.withdraw("known")
		a := p.ask("known", keycache.Gate)
		p.wantUnknown(a)
		p.wantTook(a, time.Second)
	})
	row(t, "waits for that refresh on an open route too", func(p *publisher) {
		p.warm()
		time.Sleep(2 * interval)
		p.answerIn(time.Second)
		p.publish("known", "another key")
		a := p.ask("known", keycache.Open)
		p.wantKey(a, "another key")
		p.wantTook(a, time.Second)
	})
	row(t, "waits 2 seconds at most, once, when the realm hangs", func(p *publisher) {
		p.warm()
		time.Sleep(2 * interval)
		p.answerIn(forever)
		first := p.ask("known", keycache.Gate)
		p.wantKey(first, "key of known")
		p.wantTook(first, keycache.MaxWait)
		// Every second from now on: the fetch hangs, fails, is tried again.
		for range int(interval/time.Second) * 2 {
			time.Sleep(time.Second)
			again := p.ask("known", keycache.Gate)
			p.wantKey(again, "key of known")
			p.wantTook(again, 0)
		}
	})
	row(t, "waits only for the rest of the 2 seconds of a fetch that runs", func(p *publisher) {
		p.warm()
		time.Sleep(2 * interval)
		p.answerIn(forever)
		go p.ask("known", keycache.Gate)
		time.Sleep(1500 * time.Millisecond)
		a := p.ask("known", keycache.Gate)
		p.wantKey(a, "key of known")
		p.wantTook(a, 500*time.Millisecond)
	})
	row(t, "does not wait when the request has waited for 2 seconds already", func(p *publisher) {
		p.warm()
		time.Sleep(2 * interval)
		p.answerIn(forever)
		a := p.askSince("known", keycache.Gate, time.Now().Add(-keycache.MaxWait))
		p.wantKey(a, "key of known")
		p.wantTook(a, 0)
	})
	row(t, "does not wait while failures go on", func(p *publisher) {
		p.warm()
		time.Sleep(2 * interval)
		p.breakWith(errOutage)
		p.wantKey(p.ask("known", keycache.Gate), "key of known")
		p.answerIn(forever)
		time.Sleep(explained - time.Nanosecond)
		a := p.ask("known", keycache.Gate)
		p.wantKey(a, "key of known")
		p.wantTook(a, 0)
		p.wantFetches(3)
	})
	row(t, "waits again when the last failure is long over", func(p *publisher) {
		p.warm()
		time.Sleep(2 * interval)
		p.breakWith(errOutage)
		p.wantKey(p.ask("known", keycache.Gate), "key of known")
		p.answerIn(forever)
		time.Sleep(explained)
		a := p.ask("known", keycache.Gate)
		p.wantKey(a, "key of known")
		p.wantTook(a, keycache.MaxWait)
	})
	row(t, "ends with the refresh after its withdrawal", func(p *publisher) {
		p.publish("other", "key of other")
		p.warm()
		p.withdraw("known")
		time.Sleep(interval)
		p.wantKey(p.ask("known", keycache.Gate), "key of known") // causes the refresh
		synctest.Wait()
		p.wantUnknown(p.ask("known", keycache.Gate))
		p.wantKey(p.ask("other", keycache.Gate), "key of other")
	})
	row(t, "changes under its ID with the refresh", func(p *publisher) {
		p.warm()
		p.publish("known", "another key")
		time.Sleep(interval)
		p.wantKey(p.ask("known", keycache.Gate), "key of known") // causes the refresh
		synctest.Wait()
		p.wantKey(p.ask("known", keycache.Gate), "another key")
	})
}

func TestUnknownKey(t *testing.T) {
	t.Parallel()
	row(t, "is decided by a fetch that started after the lookup", func(p *publisher) {
		p.warm()
		p.wantUnknown(p.ask("made up", keycache.Gate))
		p.wantFetches(2)
	})
	row(t, "is found by that fetch", func(p *publisher) {
		p.warm()
		p.publish("rotated", "key of rotated")
		p.wantKey(p.ask("rotated", keycache.Gate), "key of rotated")
		p.wantFetches(2)
	})
	row(t, "is not decided by a fetch that ran already", func(p *publisher) {
		p.answerIn(time.Second)
		go p.ask("known", keycache.Gate)
		time.Sleep(500 * time.Millisecond)
		p.publish("rotated", "key of rotated") // too late for the fetch that runs
		a := p.ask("rotated", keycache.Gate)
		p.wantKey(a, "key of rotated")
		p.wantTook(a, 1500*time.Millisecond)
		p.wantFetches(2)
	})
	row(t, "is not decided when only a fetch that ran already came back in time", func(p *publisher) {
		p.answerIn(1500 * time.Millisecond)
		go p.ask("known", keycache.Gate)
		time.Sleep(500 * time.Millisecond)
		a := p.ask("made up", keycache.Gate)
		p.wantPending(a)
		p.wantTook(a, keycache.MaxWait)
	})
	row(t, "shares the fetch with all who ask meanwhile", func(p *publisher) {
		p.warm()
		p.answerIn(900 * time.Millisecond)
		go p.ask("made up", keycache.Gate)
		synctest.Wait()
		for _, a := range p.askAll(madeUp("made up", 100), keycache.Gate) {
			p.wantUnknown(a)
		}
		p.wantFetches(3) // the one that ran, and one for all the others
	})
	row(t, "is undecided when the fetch fails", func(p *publisher) {
		p.warm()
		p.breakWith(errOutage)
		a := p.ask("rotated", keycache.Gate)
		p.wantFailure(a, errOutage)
		if got := p.wantUndecided(a.err).RetryAfter; got < keycache.CoolDown || got > keycache.CoolDown+2*time.Second {
			p.t.Errorf("it makes sense to ask again after %s, want 10 to 12 seconds", got)
		}
	})
	row(t, "is undecided when a fetch that ran already fails", func(p *publisher) {
		p.breakWith(errOutage)
		p.answerIn(time.Second)
		go p.ask("known", keycache.Gate)
		synctest.Wait()
		p.wantFailure(p.ask("made up", keycache.Gate), errOutage)
		p.wantFetches(1)
	})
	row(t, "is undecided when the set is empty", func(p *publisher) {
		p.withdraw("known")
		if undecided := p.wantUndecided(p.ask("known", keycache.Gate).err); undecided.Limited {
			p.t.Errorf("%v is limited", undecided)
		}
	})
}

func TestWaiting(t *testing.T) {
	t.Parallel()
	row(t, "takes 2 seconds at most, and the fetch goes on", func(p *publisher) {
		p.answerIn(5 * time.Second)
		for _, patience := range []keycache.Patience{keycache.Open, keycache.Gate} {
			a := p.ask("known", patience)
			p.wantPending(a)
			if patience == keycache.Open {
				p.wantTook(a, keycache.MaxWait)
			}
		}
		time.Sleep(time.Second)
		a := p.ask("known", keycache.Gate)
		p.wantKey(a, "key of known")
		p.wantFetches(1)
	})
	row(t, "on an open route ends when the fetch has run for 2 seconds", func(p *publisher) {
		p.answerIn(forever)
		go p.ask("known", keycache.Gate)
		time.Sleep(1500 * time.Millisecond)
		a := p.ask("known", keycache.Open)
		p.wantPending(a)
		p.wantTook(a, 500*time.Millisecond)
		a = p.ask("known", keycache.Open)
		p.wantPending(a)
		p.wantTook(a, 0)
	})
	row(t, "at a gate goes on for 2 seconds whenever the fetch started", func(p *publisher) {
		p.answerIn(forever)
		go p.ask("known", keycache.Gate)
		time.Sleep(3 * time.Second)
		a := p.ask("known", keycache.Gate)
		p.wantPending(a)
		p.wantTook(a, keycache.MaxWait)
	})
	row(t, "counts from when the request began to wait", func(p *publisher) {
		p.answerIn(forever)
		for _, patience := range []keycache.Patience{keycache.Open, keycache.Gate} {
			a := p.askSince("known", patience, time.Now().Add(-1500*time.Millisecond))
			p.wantPending(a)
			p.wantTook(a, 500*time.Millisecond)
		}
	})
	row(t, "ends with the caller's context while the fetch goes on", func(p *publisher) {
		p.answerIn(time.Second)
		reason := errors.New("the browser went away")
		ctx, cancel := context.WithCancelCause(context.Background())
		time.AfterFunc(500*time.Millisecond, func() { cancel(reason) })
		start := time.Now()
		_, err := p.cache.Lookup(ctx, keycache.Question{KeyID: "known", Patience: keycache.Gate, WaitStart: start})
		p.wantFailure(answer{err: err}, reason)
		p.wantTook(answer{took: time.Since(start)}, 500*time.Millisecond)
		time.Sleep(500 * time.Millisecond)
		synctest.Wait()
		p.wantKey(p.ask("known", keycache.NoWait), "key of known")
		p.wantFetches(1)
	})
	row(t, "of one caller does not end with the context of another", func(p *publisher) {
		p.answerIn(time.Second)
		ctx, cancel := context.WithCancel(context.Background())
		var group sync.WaitGroup
		group.Go(func() {
			p.cache.Lookup(ctx, keycache.Question{KeyID: "known", Patience: keycache.Gate, WaitStart: time.Now()})
		})
		synctest.Wait() // the fetch is the first caller's
		time.AfterFunc(500*time.Millisecond, cancel)
		a := p.ask("known", keycache.Gate)
		group.Wait()
		p.wantKey(a, "key of known")
		p.wantFetches(1)
	})
}

func TestNoWait(t *testing.T) {
	t.Parallel()
	row(t, "starts no fetch without a set", func(p *publisher) {
		a := p.ask("known", keycache.NoWait)
		p.wantPending(a)
		p.wantTook(a, 0)
		p.wantFetches(0)
	})
	row(t, "starts no fetch for an unknown key", func(p *publisher) {
		p.warm()
		p.wantPending(p.ask("made up", keycache.NoWait))
		p.wantFetches(1)
	})
	row(t, "waits for no fetch that runs", func(p *publisher) {
		p.answerIn(time.Second)
		go p.ask("known", keycache.Gate)
		synctest.Wait()
		a := p.ask("known", keycache.NoWait)
		p.wantPending(a)
		p.wantTook(a, 0)
	})
	row(t, "neither refreshes an old set nor waits for it", func(p *publisher) {
		p.warm()
		time.Sleep(2 * interval)
		p.answerIn(forever)
		a := p.ask("known", keycache.NoWait)
		p.wantKey(a, "key of known")
		p.wantTook(a, 0)
		p.wantFetches(1)
	})
}
