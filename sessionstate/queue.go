package sessionstate

import (
	"container/heap"
	"sync"
	"time"

	"github.com/authrocket-go/authrocket/coreapi"
)

// maxQueued limits the number of checks that wait for their turn. If there is no room for
// a check, a later request of the session queues the check. The sessions that were
// confirmed longest ago come first, so that every session is checked eventually.
const maxQueued = 1000

// check is a pending check of a session. All requests that need it share it.
type check struct {
	hash            idHash
	sessionID       coreapi.Secret
	realmID, userID string
	since           time.Duration // when the session was last confirmed
	dueAt           time.Duration
	number          uint64 // counts the checks in the order in which they were queued
	isUrgent        bool   // a request is waiting for the check, or will request it again
	isVouched       bool   // the API has confirmed the session, in answer to a request sent at asked
	asked           time.Duration
	done            chan struct{} // closed when the check has ended, with any outcome; the two fields above are then set
	index           int           // in the heap, -1 while it runs
}

// queue holds the checks to run. The urgent ones come first, then the sessions that were
// confirmed longest ago.
type queue struct {
	mu      sync.Mutex
	checks  checkHeap
	byHash  map[idHash]*check // queued or running
	added   uint64
	arrived chan struct{}
}

func newQueue() *queue {
	return &queue{byHash: map[idHash]*check{}, arrived: make(chan struct{}, 1)}
}

// add queues c. If a check of the session is already queued, add returns the queued
// check. If there is no room, add returns nil.
func (q *queue) add(c *check) *check {
	q.mu.Lock()
	defer q.mu.Unlock()
	if queued, ok := q.byHash[c.hash]; ok {
		if queued.index >= 0 {
			queued.isUrgent = queued.isUrgent || c.isUrgent
			heap.Fix(&q.checks, queued.index)
		}
		return queued
	}
	if len(q.checks) >= maxQueued {
		last := q.last()
		c.number = q.added + 1
		if !before(c, last) {
			return nil
		}
		heap.Remove(&q.checks, last.index)
		delete(q.byHash, last.hash)
		close(last.done)
	}
	q.added++
	c.number = q.added
	heap.Push(&q.checks, c)
	q.byHash[c.hash] = c
	select {
	case q.arrived <- struct{}{}:
	default:
	}
	return c
}

// last returns the check that would run last.
func (q *queue) last() *check {
	last := q.checks[len(q.checks)/2]
	for _, c := range q.checks[len(q.checks)/2:] { // the leaves of the heap
		if before(last, c) {
			last = c
		}
	}
	return last
}

// take removes and returns the next check, or returns nil if the queue is empty. The
// caller must pass the check to finish.
func (q *queue) take() *check {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.checks) == 0 {
		return nil
	}
	return heap.Pop(&q.checks).(*check)
}

func (q *queue) finish(c *check) {
	q.mu.Lock()
	defer q.mu.Unlock()
	delete(q.byHash, c.hash)
	close(c.done)
}

func (q *queue) isEmpty() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.checks) == 0
}

// before reports whether check a runs before check b.
func before(a, b *check) bool {
	if a.isUrgent != b.isUrgent {
		return a.isUrgent
	}
	if a.since != b.since {
		return a.since < b.since
	}
	return a.number < b.number
}

// checkHeap implements [heap.Interface].
type checkHeap []*check

func (h checkHeap) Len() int           { return len(h) }
func (h checkHeap) Less(i, j int) bool { return before(h[i], h[j]) }
func (h checkHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i, j
}

func (h *checkHeap) Push(x any) {
	c := x.(*check)
	c.index = len(*h)
	*h = append(*h, c)
}

func (h *checkHeap) Pop() any {
	last := len(*h) - 1
	c := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	c.index = -1
	return c
}
