package keycache

import "time"

// instant is a moment on two clocks. The monotonic clock may stop while the machine
// sleeps, and the wall clock can be set. An age is the larger of the ages on the two
// clocks.
type instant struct{ monotonic, wall time.Time }

// since returns the time from then to i.
func (i instant) since(then instant) time.Duration {
	return max(i.monotonic.Sub(then.monotonic), i.wall.Sub(then.wall))
}

func (c *Cache[K]) now() instant { return c.instant(time.Now()) }

// instant returns the instant for now, which is a time of this machine's clock.
func (c *Cache[K]) instant(now time.Time) instant {
	wall := now
	if c.config.Now != nil {
		wall = c.config.Now()
	}
	return instant{now, wall.Round(0)}
}
