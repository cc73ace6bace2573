package keycache

import "time"

// instant is a moment on two clocks. The monotonic clock stands still while the
// machine sleeps, and the wall clock can be set: ages count on the one that says more.
type instant struct{ monotonic, wall time.Time }

// since returns how long before i the moment then was.
func (i instant) since(then instant) time.Duration {
	return max(i.monotonic.Sub(then.monotonic), i.wall.Sub(then.wall))
}

func (c *Cache[K]) now() instant { return c.instant(time.Now()) }

// instant returns the moment at which the machine's time is now.
func (c *Cache[K]) instant(now time.Time) instant {
	wall := now
	if c.config.Now != nil {
		wall = c.config.Now()
	}
	return instant{now, wall.Round(0)}
}
