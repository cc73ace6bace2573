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
