package keycache_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/authrocket-go/authrocket/internal/keycache"
)

// A cache that nobody asked for long has a set with a key that was withdrawn in
// the meantime. Only a refresh that takes longer than a request waits makes it count
// once more.
func TestWithdrawnKeyOfAnOldSet(t *testing.T) {
	t.Parallel()
	idle := func(p *publisher) {
		p.warm()
		p.withdraw("known")
		p.publish("new", "key of new")
		time.Sleep(20 * time.Hour)
		p.answerIn(time.Second)
	}
	row(t, "is undecided for a caller who leaves", func(p *publisher) {
		idle(p)
		ctx, cancel := context.WithCancel(p.t.Context())
		cancel()
		_, err := p.cache.Lookup(ctx, keycache.Question{KeyID: "known", IssuedAt: time.Now(), Patience: keycache.Gate, WaitStart: time.Now()})
		p.wantUndecided(err)
	})
	row(t, "is undecided for one caller too many", func(p *publisher) {
		idle(p)
		ids := slices.Repeat([]string{"known"}, 400)
		undecided := 0
		for _, a := range p.askAll(ids, keycache.Gate) {
			if a.err == nil {
				p.t.Fatal("the key was accepted")
			}
			if _, ok := errors.AsType[*keycache.Undecided](a.err); ok {
				undecided++
			}
		}
		if undecided < 400-256 {
			p.t.Errorf("%d of 400 are undecided, want %d or more", undecided, 400-256)
		}
	})
	row(t, "does not count because of a failed fetch that is long over", func(p *publisher) {
		idle(p)
		p.answerIn(0)
		p.breakWith(errOutage)
		p.ask("known", keycache.Gate)
		p.breakWith(nil)
		time.Sleep(time.Minute)
		p.wantUnknown(p.ask("known", keycache.Gate))
	})
	row(t, "does not count after the clock was set back and the machine slept", func(p *publisher) {
		p.stepClock(72 * time.Hour)
		p.warm()
		p.withdraw("known")
		p.publish("new", "key of new")
		time.Sleep(time.Minute)
		p.stepClock(-72 * time.Hour)
		time.Sleep(5 * time.Minute)
		p.stepClock(48 * time.Hour)
		p.wantUnknown(p.ask("known", keycache.Gate))
	})
}

// A set that was asked for by a clock that was ahead is no older than now.
func TestNewKeyAfterTheClockWasSetBack(t *testing.T) {
	t.Parallel()
	row(t, "is fetched", func(p *publisher) {
		p.stepClock(time.Hour)
		p.warm()
		time.Sleep(time.Minute)
		p.stepClock(-time.Hour)
		p.publish("new", "key of new")
		p.wantKey(p.askQuestion(keycache.Question{KeyID: "new", IssuedAt: p.now(), Patience: keycache.Gate, WaitStart: time.Now()}), "key of new")
	})
}
