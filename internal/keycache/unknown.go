package keycache

import "time"

// unknownIDs remembers which key IDs were unknown a moment ago. The first time, it
// remembers an ID for 1 to 2 seconds only, because a key may be published just after its
// first token. Each time the ID is still unknown after that, the time doubles, up to
// CoolDown. It holds up to maxUnknown IDs. When it is full, a new ID evicts the oldest
// ID.
type unknownIDs struct {
	entries map[string]unknownID
	order   []string // a ring: order[next] is the oldest once it is full
	next    int
	jitter  func(below time.Duration) time.Duration
}

type unknownID struct {
	until time.Time
	lasts time.Duration
}

func newUnknownIDs(jitter func(time.Duration) time.Duration) unknownIDs {
	return unknownIDs{entries: make(map[string]unknownID), jitter: jitter}
}

// left returns how much longer id is remembered as unknown, or 0 if it is not remembered.
func (u *unknownIDs) left(id string, now time.Time) time.Duration {
	return max(u.entries[id].until.Sub(now), 0)
}

// add remembers id as unknown. If several lookups share one fetch, only the first of them
// doubles the time.
func (u *unknownIDs) add(id string, now time.Time) {
	entry, ok := u.entries[id]
	switch {
	case !ok:
		u.insert(id)
		entry.lasts = time.Second + u.jitter(time.Second)
	case now.Before(entry.until):
		return
	default:
		entry.lasts = min(2*entry.lasts, CoolDown)
	}
	entry.until = now.Add(entry.lasts)
	u.entries[id] = entry
}

// insert adds id. If there are already maxUnknown IDs, insert evicts the oldest ID.
func (u *unknownIDs) insert(id string) {
	if len(u.order) < maxUnknown {
		u.order = append(u.order, id)
		return
	}
	delete(u.entries, u.order[u.next])
	u.order[u.next] = id
	u.next = (u.next + 1) % maxUnknown
}
