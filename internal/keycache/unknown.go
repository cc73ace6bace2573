package keycache

import "time"

// unknownIDs remembers which key IDs were unknown a moment ago. It holds
// maxUnknown of them; the oldest makes room.
type unknownIDs struct {
	until map[string]time.Time
	order []string // a ring: order[next] is the oldest once it is full
	next  int
}

func newUnknownIDs() unknownIDs {
	return unknownIDs{until: make(map[string]time.Time)}
}

func (u *unknownIDs) has(id string, now time.Time) bool {
	until, ok := u.until[id]
	return ok && now.Before(until)
}

func (u *unknownIDs) add(id string, now time.Time) {
	if _, ok := u.until[id]; !ok {
		if len(u.order) < maxUnknown {
			u.order = append(u.order, id)
		} else {
			delete(u.until, u.order[u.next])
			u.order[u.next] = id
			u.next = (u.next + 1) % maxUnknown
		}
	}
	u.until[id] = now.Add(CoolDown)
}
