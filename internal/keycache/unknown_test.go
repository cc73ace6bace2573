package keycache_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/authrocket-go/authrocket/internal/keycache"
)

const remembered = 1_000

// rememberedFor asks for id, which is unknown, and returns for how long it is
// answered without a fetch.
func (p *publisher) rememberedFor(id string) time.Duration {
	p.t.Helper()
	p.wantUnknown(p.ask(id, keycache.Gate))
	before := p.fetches()
	start := time.Now()
	for p.fetches() == before {
		time.Sleep(50 * time.Millisecond)
		p.wantUnknown(p.ask(id, keycache.Gate))
	}
	return time.Since(start)
}

func TestRememberedUnknownKeys(t *testing.T) {
	t.Parallel()
	row(t, "are answered without a fetch for one to two seconds the first time", func(p *publisher) {
		p.warm()
		p.wantUnknown(p.ask("made up", keycache.Gate))
		time.Sleep(time.Second - time.Nanosecond)
		p.wantUnknown(p.ask("made up", keycache.Gate))
		p.wantFetches(2)
		time.Sleep(time.Second)
		p.wantUnknown(p.ask("made up", keycache.Gate))
		p.wantFetches(3)
	})
	row(t, "are answered without a fetch for twice as long each time, ten seconds at most", func(p *publisher) {
		p.warm()
		before := time.Duration(0)
		for i := range 8 {
			time.Sleep(time.Minute) // so that the budget grants fetches
			if i == 0 {
				p.wantUnknown(p.ask("made up", keycache.Gate))
				time.Sleep(2 * time.Second)
			}
			lasts := p.rememberedFor("made up")
			if i > 0 && (lasts < before || lasts > keycache.CoolDown+100*time.Millisecond) {
				p.t.Errorf("it is remembered for %s after %s", lasts, before)
			}
			before = lasts
			// The fetch that ended the loop doubled the time as well.
		}
		if before < keycache.CoolDown {
			p.t.Errorf("it is remembered for %s in the end, want %s", before, keycache.CoolDown)
		}
	})
	row(t, "last as long for many who ask at once as for one", func(p *publisher) {
		p.warm()
		time.Sleep(keycache.CoolDown) // those who come during the first fetch share a second one
		p.answerIn(100 * time.Millisecond)
		ids := slices.Repeat([]string{"made up"}, 200)
		p.askAll(ids, keycache.Gate)
		time.Sleep(2 * time.Second)
		p.publish("made up", "key of made up")
		p.wantKey(p.ask("made up", keycache.Gate), "key of made up")
	})
	row(t, "are found two seconds after they are published", func(p *publisher) {
		p.warm()
		p.wantUnknown(p.ask("rotated", keycache.Gate))
		p.publish("rotated", "key of rotated")
		time.Sleep(2 * time.Second)
		p.wantKey(p.ask("rotated", keycache.Gate), "key of rotated")
		p.wantFetches(3)
	})
	row(t, "are limited when the budget is spent, not unknown", func(p *publisher) {
		p.warm()
		p.wantUnknown(p.ask("made up", keycache.Gate))
		p.wantUnknown(p.ask("another", keycache.Gate))
		time.Sleep(2 * time.Second)
		p.wantLimited(p.ask("made up", keycache.Gate), keycache.CoolDown-2*time.Second)
	})
	row(t, "are answered at once while a fetch hangs", func(p *publisher) {
		p.warm()
		p.wantUnknown(p.ask("made up", keycache.Gate))
		p.answerIn(forever)
		go p.ask("another", keycache.Gate)
		synctest.Wait()
		a := p.ask("made up", keycache.Gate)
		p.wantUnknown(a)
		p.wantTook(a, 0)
	})
	row(t, "are found as soon as the set has them", func(p *publisher) {
		p.warm()
		p.wantUnknown(p.ask("rotated", keycache.Gate))
		p.publish("rotated", "key of rotated")
		p.wantUnknown(p.ask("another", keycache.Gate)) // fetches the set
		p.wantKey(p.ask("rotated", keycache.Gate), "key of rotated")
	})
	often := keycache.Config[string]{RefreshInterval: 5 * time.Second, MaxStale: maxStale}
	rowWith(t, "are found even if the set that has them is due for a refresh", often, func(p *publisher) {
		p.warm()
		p.wantUnknown(p.ask("rotated", keycache.Gate))
		p.publish("rotated", "key of rotated")
		p.warm()
		time.Sleep(5 * time.Second)
		p.wantKey(p.ask("rotated", keycache.Gate), "key of rotated")
	})
	row(t, "do not answer for one another", func(p *publisher) {
		p.warm()
		p.wantUnknown(p.ask("made up", keycache.Gate))
		p.publish("rotated", "key of rotated")
		p.wantKey(p.ask("rotated", keycache.Gate), "key of rotated")
	})
	row(t, "are undecided at a callback, which has come for a new key", func(p *publisher) {
		p.warm()
		p.wantUnknown(p.ask("rotated", keycache.Gate))
		p.publish("rotated", "key of rotated")
		a := p.ask("rotated", keycache.Callback)
		undecided := p.wantUndecided(a.err)
		if undecided.Limited || undecided.RetryAfter <= 0 || undecided.RetryAfter > 2*time.Second {
			p.t.Errorf("undecided with limited %t and retry after %s, want not limited and 2 seconds at most", undecided.Limited, undecided.RetryAfter)
		}
		p.wantTook(a, 0)
		time.Sleep(undecided.RetryAfter)
		p.wantKey(p.ask("rotated", keycache.Callback), "key of rotated")
	})
	row(t, "are a thousand at most, of which a new one evicts the oldest", func(p *publisher) {
		ids := madeUp("made up", remembered+300)
		for batch := 0; batch < len(ids); batch += 100 {
			time.Sleep(burst * keycache.CoolDown)
			p.answerIn(100 * time.Millisecond) // so that all wait for the same fetches
			p.askAll(ids[batch:batch+100], keycache.Gate)
		}
		for i, id := range ids {
			if got, want := p.cache.Remembers(id), i >= 300; got != want {
				p.t.Fatalf("key ID %d of %d is remembered: %t, want %t", i, len(ids), got, want)
			}
		}
	})
	row(t, "are forgotten when the set is too old to tell", func(p *publisher) {
		p.warm()
		time.Sleep(maxStale - time.Second)
		p.answerIn(forever) // no newer set
		go p.ask("made up", keycache.Gate)
		time.Sleep(2 * time.Second)
		p.wantPending(p.ask("made up", keycache.NoWait))
	})
}
