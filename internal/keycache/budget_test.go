package keycache_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/authrocket-go/authrocket/internal/keycache"
)

const burst = 3

// wantWithinBudget checks that no stretch of time has more fetches than the
// budget grants in it.
func (p *publisher) wantWithinBudget() {
	p.t.Helper()
	p.mu.Lock()
	asked := slices.Clone(p.asked)
	p.mu.Unlock()
	for i := range asked {
		for j := i; j < len(asked); j++ {
			elapsed := asked[j].Sub(asked[i])
			if got, most := j-i+1, burst+int(elapsed/keycache.CoolDown); got > most {
				p.t.Fatalf("%d fetches were made within %s, want %d at most", got, elapsed, most)
			}
		}
	}
}

func TestBudget(t *testing.T) {
	t.Parallel()
	row(t, "grants three fetches at once, then one in ten seconds", func(p *publisher) {
		ids := madeUp("made up", 10_000)
		for i, id := range ids {
			p.ask(id, keycache.Gate)
			if i == 0 {
				p.wantFetches(1)
			}
			time.Sleep(30 * time.Millisecond) // 5 minutes in all
		}
		p.wantWithinBudget()
		p.wantFetches(burst + 299/10)
	})
	row(t, "does not grow with the number of made-up key IDs at once", func(p *publisher) {
		p.warm()
		p.answerIn(100 * time.Millisecond)
		for _, a := range p.askAll(madeUp("made up", 10_000), keycache.Gate) {
			if !errors.Is(a.err, keycache.ErrUnknown) {
				p.wantLimited(a, keycache.MaxWait)
			}
		}
		p.wantWithinBudget()
		if got := p.fetches(); got > burst {
			p.t.Errorf("%d fetches were made, want %d at most", got, burst)
		}
	})
	row(t, "does not save up more than three fetches", func(p *publisher) {
		p.warm()
		time.Sleep(10 * time.Minute)
		for _, id := range madeUp("made up", 100) {
			p.ask(id, keycache.Gate)
		}
		p.wantFetches(1 + burst)
		p.wantWithinBudget()
	})
	row(t, "does not save up time once it is full", func(p *publisher) {
		p.warm()
		time.Sleep(keycache.CoolDown + 9*time.Second) // full after 10 seconds
		for _, id := range madeUp("made up", 5) {
			p.ask(id, keycache.Gate)
		}
		time.Sleep(keycache.CoolDown - time.Second)
		p.wantLimited(p.ask("another", keycache.Gate), time.Second)
		p.wantWithinBudget()
	})
	row(t, "says when the next fetch is granted", func(p *publisher) {
		for _, id := range madeUp("made up", burst) {
			p.wantUnknown(p.ask(id, keycache.Gate))
		}
		a := p.ask("rotated", keycache.Gate)
		p.wantLimited(a, keycache.CoolDown)
		p.wantTook(a, 0)
		time.Sleep(4 * time.Second)
		p.wantLimited(p.ask("rotated", keycache.Open), 6*time.Second)
		p.publish("rotated", "key of rotated")
		time.Sleep(6*time.Second - time.Nanosecond)
		p.wantLimited(p.ask("rotated", keycache.Gate), time.Nanosecond)
		time.Sleep(time.Nanosecond)
		p.wantKey(p.ask("rotated", keycache.Gate), "key of rotated")
	})
	row(t, "finds a rotation among made-up key IDs within one cool-down", func(p *publisher) {
		p.answerIn(200 * time.Millisecond)
		p.warm()
		stop := make(chan struct{})
		go func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				case <-time.After(20 * time.Millisecond):
					go p.ask(fmt.Sprintf("made up %d", i), keycache.Gate)
				}
			}
		}()
		for round := range 5 {
			time.Sleep(time.Minute + time.Duration(round)*1700*time.Millisecond)
			id := fmt.Sprintf("rotated %d", round)
			p.publish(id, "key of "+id)
			start := time.Now()
			for a := p.ask(id, keycache.Gate); a.err != nil; a = p.ask(id, keycache.Gate) {
				// A cool-down, and the time that two fetches take.
				if waited := time.Since(start); waited > keycache.CoolDown+400*time.Millisecond {
					p.t.Errorf("key ID %q is not found after %s: %v", id, waited, a.err)
					break
				}
				time.Sleep(100 * time.Millisecond)
			}
		}
		close(stop)
		p.wantWithinBudget()
	})
	row(t, "lets made-up key IDs delay no known key", func(p *publisher) {
		p.answerIn(time.Second)
		p.warm()
		for i, id := range madeUp("made up", 3*int(interval/time.Second)) {
			go p.ask(id, keycache.Gate)
			synctest.Wait()
			a := p.ask("known", keycache.Gate)
			p.wantKey(a, "key of known")
			p.wantTook(a, 0)
			if p.t.Failed() {
				p.t.Fatalf("after %d seconds", i)
			}
			time.Sleep(time.Second)
		}
	})
	row(t, "lets made-up key IDs keep no withdrawn key alive", func(p *publisher) {
		p.publish("other", "key of other")
		p.warm()
		p.withdraw("known")
		withdrawn := time.Now()
		for _, id := range madeUp("made up", 60) {
			p.ask(id, keycache.Gate)
			a := p.ask("known", keycache.NoWait)
			if since := time.Since(withdrawn); a.err == nil && since > keycache.CoolDown {
				p.t.Fatalf("it is still there after %s", since)
			}
			time.Sleep(time.Second)
		}
		p.wantKey(p.ask("other", keycache.NoWait), "key of other")
	})
	rowWith(t, "pays for refreshes too", keycache.Config[string]{RefreshInterval: 5 * time.Second, MaxStale: time.Hour}, func(p *publisher) {
		p.warm()
		for _, id := range madeUp("made up", burst-1) {
			p.wantUnknown(p.ask(id, keycache.Gate))
		}
		time.Sleep(9 * time.Second) // the refresh is due
		p.wantKey(p.ask("known", keycache.Gate), "key of known")
		p.wantFetches(burst)
		time.Sleep(time.Second)
		p.wantKey(p.ask("known", keycache.Gate), "key of known")
		p.wantFetches(burst + 1)
	})
	row(t, "pays for Warm too", func(p *publisher) {
		for range burst {
			p.warm()
		}
		p.wantLimited(p.ask("made up", keycache.Gate), keycache.CoolDown)
		p.wantFetches(burst)
	})
	row(t, "pays for failed fetches too", func(p *publisher) {
		p.breakWith(errOutage)
		for range burst {
			p.wantUndecided(p.cache.Warm(context.Background()))
		}
		p.breakWith(nil)
		time.Sleep(9 * time.Second)
		p.warm() // nothing is granted, and the pause after the failure ends
		p.wantLimited(p.ask("made up", keycache.Gate), time.Second)
	})
}

func TestPauseAfterFailure(t *testing.T) {
	t.Parallel()
	row(t, "no lookup of an unknown key tries again within ten seconds", func(p *publisher) {
		p.warm()
		p.breakWith(errOutage)
		p.wantFailure(p.ask("rotated", keycache.Gate), errOutage)
		time.Sleep(keycache.CoolDown - time.Nanosecond)
		a := p.ask("rotated", keycache.Gate)
		p.wantFailure(a, errOutage)
		p.wantTook(a, 0)
		p.wantFetches(2)
	})
	row(t, "no refresh is tried again within ten seconds", func(p *publisher) {
		p.warm()
		p.breakWith(errOutage)
		time.Sleep(interval)
		p.wantKey(p.ask("known", keycache.Gate), "key of known")
		synctest.Wait()
		time.Sleep(keycache.CoolDown - time.Nanosecond)
		p.wantKey(p.ask("known", keycache.Gate), "key of known")
		p.wantFetches(2)
	})
	row(t, "ends after twelve seconds at the latest", func(p *publisher) {
		p.warm()
		p.breakWith(errOutage)
		p.wantFailure(p.ask("rotated", keycache.Gate), errOutage)
		p.breakWith(nil)
		p.publish("rotated", "key of rotated")
		time.Sleep(keycache.CoolDown + 2*time.Second)
		p.wantKey(p.ask("rotated", keycache.Gate), "key of rotated")
		p.wantFetches(3)
	})
	row(t, "counts from the end of the fetch that failed", func(p *publisher) {
		p.warm()
		p.answerIn(forever)
		p.wantPending(p.ask("rotated", keycache.Gate))
		time.Sleep(keycache.FetchTimeout - keycache.MaxWait + keycache.CoolDown - time.Nanosecond)
		p.wantFailure(p.ask("rotated", keycache.Gate), context.DeadlineExceeded)
		p.wantFetches(2)
	})
	row(t, "is not the same for every process", func(p *publisher) {
		pauses := make(map[time.Duration]bool)
		p.warm()
		p.breakWith(errOutage)
		for range 20 {
			time.Sleep(burst * keycache.CoolDown)
			undecided := p.wantUndecided(p.cache.Warm(context.Background()))
			pauses[undecided.RetryAfter] = true
		}
		if len(pauses) == 1 {
			p.t.Errorf("20 failures were followed by the same pause: %v", pauses)
		}
	})
	row(t, "ends with a fetch that succeeds", func(p *publisher) {
		p.breakWith(errOutage)
		p.wantFailure(p.ask("known", keycache.Gate), errOutage)
		p.breakWith(nil)
		p.warm()
		p.wantUnknown(p.ask("made up", keycache.Gate))
		p.wantFetches(3)
	})
}
