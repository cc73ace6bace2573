package sessionstate

import (
	"sync/atomic"
	"time"
)

// clock measures how long this process has run. The monotonic clock stands still while the
// machine sleeps, and the wall clock can be set: it counts with whichever went further, and
// never back.
type clock struct {
	start time.Time
	ahead atomic.Int64 // by how much the wall clock has been ahead of the monotonic one at most

	// The time a moment ago, while Run runs: to ask the machine takes longer than all else
	// that a request of a session needs which is not due. 0 while Run does not run.
	lateRan, lateUnix atomic.Int64
}

// tick notes the time for lately.
func (c *clock) tick(now time.Time) {
	c.lateUnix.Store(now.Unix())
	c.lateRan.Store(int64(c.at(now)))
}

func (c *clock) stopTicks() { c.lateRan.Store(0) }

// lately returns how long the process had run a moment ago, and which second it was then.
func (c *clock) lately() (ran time.Duration, unix int64, isKnown bool) {
	late := c.lateRan.Load()
	return time.Duration(late), c.lateUnix.Load(), late != 0
}

// at returns how long the process had run at now, a time with a monotonic reading.
func (c *clock) at(now time.Time) time.Duration {
	ran := now.Sub(c.start)
	ahead := now.UnixNano() - c.start.UnixNano() - int64(ran)
	for {
		most := c.ahead.Load()
		if ahead <= most {
			return ran + time.Duration(most)
		}
		if c.ahead.CompareAndSwap(most, ahead) {
			return ran + time.Duration(ahead)
		}
	}
}
