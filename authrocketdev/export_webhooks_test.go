package authrocketdev

import (
	"context"
	"net"

	"github.com/authrocket-go/authrocket/authrockettest"
)

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
