package sessionstate

import (
	"sync/atomic"
	"time"
)

// clock measures how long this process has run. The monotonic clock stops while the
// machine sleeps, and the wall clock can be changed. This clock therefore follows
// whichever has advanced further, and never goes back.
type clock struct {
	start time.Time
	ahead atomic.Int64 // the largest lead of the wall clock over the monotonic clock so far

	// These are the times of the latest tick. They are 0 while Run does not run. Most
	// requests use these times, because reading the machine's clock would take longer
	// than the rest of CheckSession.
	lateRan, lateUnix atomic.Int64
}

// tick stores the time for lately.
func (c *clock) tick(now time.Time) {
	c.lateUnix.Store(now.Unix())
	c.lateRan.Store(int64(c.at(now)))
}

func (c *clock) stopTicks() { c.lateRan.Store(0) }

// lately returns how long the process had been running at the latest tick, and the Unix
// time of that tick.
func (c *clock) lately() (ran time.Duration, unix int64, isKnown bool) {
	late := c.lateRan.Load()
	return time.Duration(late), c.lateUnix.Load(), late != 0
}

// at returns the running time of the process at the time now. now must have a monotonic
// clock reading.
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
