package authrocketdev

import (
	"context"
	"net"

	"github.com/authrocket-go/authrocket/authrockettest"
)

// Limit is a limit of its own: filling one by requests would take long.
type Limit struct{ *limit }

func NewLimit(perMinute int) Limit { return Limit{newLimit(perMinute)} }

func (l Limit) Add(key string) int {
	left, _ := l.add(key)
	return left
}

func (l Limit) Undo(key string) { l.undo(key) }

// SetMaxUsers lowers the number of users: adding the real one takes long.
func (s *Server) SetMaxUsers(n int) { s.maxUsers = n }

// DialWebhooks makes webhooks go where dial leads, for bubbles.
func (s *Service) DialWebhooks(dial func(ctx context.Context, network, address string) (net.Conn, error)) {
	for _, t := range s.webhooks {
		t.dial = dial
	}
}

// PendingWebhooks is how many webhooks wait.
func (s *Service) PendingWebhooks() (n int) {
	for _, t := range s.webhooks {
		t.mu.Lock()
		n += len(t.pending)
		t.mu.Unlock()
	}
	return n
}

// QueueEventsOf sends the events of a further realm: what one realm has forgotten,
// the queue has too.
func (s *Service) QueueEventsOf(realm *authrockettest.Realm) { s.queueEventsOf(realm) }
