package authrocketdev

import (
	"sync"
	"time"
)

// limit counts events by key, in windows of a minute.
type limit struct {
	perMinute int // negative: no limit

	mu     sync.Mutex
	start  time.Time // of the window
	counts map[string]int
}

// maxKeys is how many keys a window counts; further ones are over the limit.
const maxKeys = 10_000

func newLimit(perMinute int) *limit { return &limit{perMinute: perMinute} }

// add counts an event of key, and returns how many are left in the window and
// when it ends. left is negative when key is over its limit.
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

// undo takes back an event that add has counted.
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

// within makes a limit of none never used up.
func (l *limit) within(left int) int {
	if l.perMinute < 0 {
		return 1
	}
	return left
}
