package authrocketdev

import (
	"sync"
	"time"
)

// limit counts events by key, in windows of a minute.
type limit struct {
	perMinute int // a negative number means no limit

	mu     sync.Mutex
	start  time.Time // the start of the window
	counts map[string]int
}

// maxKeys is the maximum number of keys that a window counts. Further keys count as
// over the limit.
const maxKeys = 10_000

func newLimit(perMinute int) *limit { return &limit{perMinute: perMinute} }

// add counts an event for key. It returns how many events are left in the window, and
// when the window ends. left is negative if key is over its limit.
func (l *limit) add(key string) (left int, end time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.roll()
	if _, known := l.counts[key]; !known && len(l.counts) >= maxKeys {
		return l.within(-1), l.start.Add(time.Minute)
	}
	l.counts[key]++
	return l.within(l.perMinute - l.counts[key]), l.start.Add(time.Minute)
}

// undo removes an event that add has counted.
func (l *limit) undo(key string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.counts[key] > 0 {
		l.counts[key]--
	}
}

func (l *limit) roll() {
	if now := time.Now(); l.counts == nil || now.Sub(l.start) >= time.Minute {
		l.start, l.counts = now, make(map[string]int)
	}
}

// within returns the number of events that are left. If there is no limit, the result
// is always positive.
func (l *limit) within(left int) int {
	if l.perMinute < 0 {
		return 1
	}
	return left
}
