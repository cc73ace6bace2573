package authrocketdev

import (
	"context"
	"net"

	"github.com/authrocket-go/authrocket/authrockettest"
)

// DialWebhooks makes webhooks use dial for their connections, for use in bubbles.
func (s *Service) DialWebhooks(dial func(ctx context.Context, network, address string) (net.Conn, error)) {
	for _, t := range s.webhooks {
		t.dial = dial
	}
}

// PendingWebhooks returns the number of pending webhooks.
func (s *Service) PendingWebhooks() (n int) {
	for _, t := range s.webhooks {
		t.mu.Lock()
		n += len(t.pending)
		t.mu.Unlock()
	}
	return n
}

// QueueEventsOf also sends the events of another realm. The queue keeps them after
// that realm has forgotten them.
func (s *Service) QueueEventsOf(realm *authrockettest.Realm) { s.queueEventsOf(realm) }
