package keycache_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/authrocket-go/authrocket/internal/keycache"
)

const remembered = 1_000

// countRemembered asks without a fetch, so that only what is remembered counts.
func (p *publisher) countRemembered(ids []string) (n int) {
	for _, id := range ids {
		if errors.Is(p.ask(id, keycache.NoWait).err, keycache.ErrUnknown) {
			n++
		}
	}
	return n
}

func TestRememberedUnknownKeys(t *testing.T) {
	t.Parallel()
	row(t, "are answered without a fetch for ten seconds", func(p *publisher) {
		p.warm()
		p.wantUnknown(p.ask("made up", keycache.Gate))
		time.Sleep(keycache.CoolDown - time.Nanosecond)
		p.wantUnknown(p.ask("made up", keycache.Gate))
		p.wantFetches(2)
	})
	row(t, "are looked up again after ten seconds", func(p *publisher) {
		p.warm()
		p.wantUnknown(p.ask("rotated", keycache.Gate))
		p.publish("rotated", "key of rotated")
		time.Sleep(keycache.CoolDown)
		p.wantKey(p.ask("rotated", keycache.Gate), "key of rotated")
		p.wantFetches(3)
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
	row(t, "are a thousand at most", func(p *publisher) {
		p.warm()
		p.answerIn(100 * time.Millisecond) // so that all wait for the same fetch
		ids := madeUp("made up", 10*remembered)
		p.askAll(ids, keycache.Gate)
		if got := p.countRemembered(ids); got != remembered {
			p.t.Errorf("%d key IDs are remembered, want %d", got, remembered)
		}
	})
	row(t, "make room for newer ones", func(p *publisher) {
		p.warm()
		p.answerIn(100 * time.Millisecond) // so that all wait for the same fetch
		older, newer := madeUp("older", remembered/2), madeUp("newer", remembered)
		time.Sleep(5 * time.Second)
		p.askAll(older, keycache.Gate)
		if got := p.countRemembered(older); got != len(older) {
			p.t.Errorf("%d of %d key IDs are remembered", got, len(older))
		}
		// The budget grants the next fetch at 10 seconds. Those who come
		// during a fetch share it.
		time.Sleep(4750 * time.Millisecond)
		go p.cache.Warm(context.Background())
		synctest.Wait()
		p.askAll(newer, keycache.Gate)
		if got := p.countRemembered(newer); got != len(newer) {
			p.t.Errorf("%d of the %d newer key IDs are remembered", got, len(newer))
		}
		if got := p.countRemembered(older); got != 0 {
			p.t.Errorf("%d of the older key IDs are still remembered", got)
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
