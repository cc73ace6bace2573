package keycache_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/authrocket-go/authrocket/internal/keycache"
)

const oldAfter = 5 * time.Minute

func (p *publisher) askIssued(id string, ago time.Duration, patience keycache.Patience) answer {
	now := time.Now()
	return p.askQuestion(keycache.Question{KeyID: id, IssuedAt: now.Add(-ago), Patience: patience, WaitStart: now})
}

// The set that these rows ask was fetched a moment ago.
func TestKeyOfAnOldToken(t *testing.T) {
	t.Parallel()
	row(t, "is unknown at once, whatever the key set does", func(p *publisher) {
		p.warm()
		p.answerIn(forever)
		for i, patience := range []keycache.Patience{keycache.NoWait, keycache.Open, keycache.Gate} {
			a := p.askIssued(madeUp("withdrawn", 3)[i], oldAfter+time.Nanosecond, patience)
			p.wantUnknown(a)
			p.wantTook(a, 0)
		}
	})
	row(t, "is looked up when the token is no older than five minutes", func(p *publisher) {
		p.warm()
		p.publish("rotated", "key of rotated")
		p.wantKey(p.askIssued("rotated", oldAfter, keycache.Gate), "key of rotated")
	})
	row(t, "is looked up when the set is older than the token", func(p *publisher) {
		p.warm()
		time.Sleep(interval - time.Second)
		p.publish("rotated", "key of rotated")
		p.wantKey(p.askIssued("rotated", oldAfter+time.Second, keycache.Gate), "key of rotated")
	})
	row(t, "is looked up by a cold process", func(p *publisher) {
		p.wantKey(p.askOld("known", keycache.Gate), "key of known")
	})
	row(t, "is found in the set like any other", func(p *publisher) {
		p.warm()
		p.wantKey(p.askOld("known", keycache.Gate), "key of known")
	})
	row(t, "starts a fetch in the background, so that a token that was issued again is found", func(p *publisher) {
		p.warm()
		p.publish("rotated", "key of rotated")
		a := p.askOld("rotated", keycache.Gate)
		p.wantUnknown(a)
		p.wantTook(a, 0)
		p.wantFetches(2)
		p.wantKey(p.askOld("rotated", keycache.Gate), "key of rotated")
	})
	row(t, "leaves one fetch in the budget", func(p *publisher) {
		p.warm()
		for range 300 {
			p.wantUnknown(p.askOld("withdrawn", keycache.Gate))
			time.Sleep(time.Second)
			p.publish("rotated", "key of rotated")
			p.wantKey(p.askIssued("rotated", 0, keycache.Gate), "key of rotated")
			p.withdraw("rotated")
			time.Sleep(20 * time.Second) // which grants two more
			if p.t.Failed() {
				break
			}
		}
	})
	row(t, "never takes the last fetch", func(p *publisher) {
		for range burst - 1 {
			p.warm()
		}
		for range 9 {
			p.wantUnknown(p.askOld("withdrawn", keycache.Gate))
			time.Sleep(time.Second)
		}
		p.wantFetches(burst - 1)
	})
	row(t, "starts no second fetch while it is remembered as unknown", func(p *publisher) {
		p.warm()
		time.Sleep(keycache.CoolDown) // the budget has three
		p.wantUnknown(p.askOld("withdrawn", keycache.Gate))
		synctest.Wait()
		time.Sleep(time.Second - time.Nanosecond)
		p.wantUnknown(p.askOld("withdrawn", keycache.Gate))
		p.wantFetches(2)
	})
	row(t, "starts no fetch when the caller does not wait", func(p *publisher) {
		p.warm()
		p.wantUnknown(p.askOld("withdrawn", keycache.NoWait))
		p.wantFetches(1)
	})
	row(t, "is looked up for a callback, whose token may have been issued again", func(p *publisher) {
		p.warm()
		p.answerIn(time.Second)
		p.publish("rotated", "key of rotated")
		a := p.askOld("rotated", keycache.Callback)
		p.wantKey(a, "key of rotated")
		p.wantTook(a, time.Second)
	})
	row(t, "is unknown to a callback when a fetch after it says so", func(p *publisher) {
		p.warm()
		p.wantUnknown(p.askOld("withdrawn", keycache.Callback))
		p.wantFetches(2)
	})
	row(t, "is undecided at a callback that would take the last fetch", func(p *publisher) {
		for range burst - 1 {
			p.warm()
		}
		p.wantLimited(p.askOld("withdrawn", keycache.Callback), keycache.CoolDown)
		p.wantFetches(burst - 1)
	})
}
