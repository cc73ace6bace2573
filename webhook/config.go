package webhook

import (
	"context"
	"time"

	"github.com/authrocket-go/authrocket/coreapi"
)

// Config configures [New]. API, Secrets and Handle are required.
type Config struct {
	// Literals must name their fields, so that a new field does not break an app.
	_ [0]func()

	// API confirms the content of each webhook. The key of the API client must belong to
	// the realm that sends the webhooks. Required.
	API *coreapi.Client

	// Secrets are the accepted secrets: one, or two while you replace the old secret with
	// a new one. The request of a webhook must contain one of them, either as the password of
	// HTTP Basic with any user name, or as the last segment of the path. A secret must have at least
	// 16 characters. Only letters, digits, and - . _ ~ are allowed, because they need no
	// escaping in a URL. Generate secrets with crypto/rand.Text. Required.
	Secrets []coreapi.Secret

	// Handle gets each confirmed event at least once. Events arrive in any order, and
	// many may arrive at the same time. The context ends 8 seconds after the webhook
	// arrived. If Handle returns an error, AuthRocket keeps sending the event for about 2
	// days. Required.
	Handle func(ctx context.Context, event coreapi.Event) error

	// Suspect gets the session of each session.deleted event before the API has confirmed
	// the end of the session. The confirmation may take a while if many webhooks arrive.
	// until is the time at which the suspicion can be forgotten. It is 1 hour to 7 days
	// from now. Default: none.
	Suspect func(ctx context.Context, sessionID coreapi.Secret, until time.Time)

	// Seen records which events were handled. Default: the last 10,000 events, in the
	// memory of this process.
	Seen Seen

	// Parallel limits how many webhooks are confirmed and handled at the same time.
	// Further webhooks wait for up to 2 seconds, and are then answered with 503. Default:
	// 8.
	Parallel int

	// Observer reports the outcome of each webhook: see [LogObserver]. Default: no
	// webhooks are reported.
	Observer Observer
}

// ConfigError is one problem with a [Config]. [New] joins all of them with [errors.Join].
type ConfigError struct {
	Field   string // the name of the Config field, for example API or Secrets[0]
	Problem string // what is wrong and what to use instead; it contains no part of a secret
}

func (e *ConfigError) Error() string { return "webhook: Config." + e.Field + " " + e.Problem }
