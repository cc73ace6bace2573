package authrocketdev

import "github.com/authrocket-go/authrocket/authrockettest"

// webhookTarget is a URL that gets events.
type webhookTarget struct{}

func newWebhookTargets([]string) ([]*webhookTarget, error) { return nil, nil }

// queueEventsOf makes what happens in realm from now on wait for delivery.
func (s *Service) queueEventsOf(*authrockettest.Realm) {}
