package authrocketdev

import (
	"context"
	"net/http"
)

// WebhookFaults are faults in the delivery of webhooks. The zero value means no
// faults.
type WebhookFaults struct {
	// LoseEvery says which webhooks are lost: every nth webhook to a URL, if
	// LoseEvery is n. A lost webhook never arrives, but counts as acknowledged. 1
	// loses all webhooks, and 0 loses none.
	LoseEvery int

	// Twice makes each webhook arrive twice. The first answer counts.
	Twice bool

	// Reverse makes webhooks that are pending together arrive in reverse order.
	Reverse bool
}

// BreakWebhooks applies faults to webhooks from now on.
// BreakWebhooks(WebhookFaults{}) repairs the delivery. Faults do not affect pings.
func (s *Service) BreakWebhooks(faults WebhookFaults) {
	for _, t := range s.webhooks {
		t.mu.Lock()
		t.faults, t.sends = faults, 0
		t.mu.Unlock()
	}
}

// send posts a body, unless a fault prevents that.
func (t *webhookTarget) send(ctx context.Context, client *http.Client, body []byte) (isAcknowledged bool, result string) {
	t.mu.Lock()
	t.sends++
	isLost := t.faults.LoseEvery > 0 && t.sends%t.faults.LoseEvery == 0
	isTwice := t.faults.Twice
	t.mu.Unlock()
	if isLost {
		return true, "200 OK"
	}
	isAcknowledged, result = t.post(ctx, client, body)
	if isTwice {
		t.post(ctx, client, body)
	}
	return isAcknowledged, result
}
