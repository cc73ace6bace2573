package webhook

import (
	"context"
	"time"

	"github.com/authrocket-go/authrocket/coreapi"
)

// Config is what [New] needs to know. API, Secrets and Handle are required.
type Config struct {
	// A literal has to name the fields, so that a new one breaks no app.
	_ [0]func()

	// API reads back what a webhook says. Its key has to be of the realm whose events
	// come. Required.
	API *coreapi.Client

	// Secrets are one or two: two while one takes the place of the other. A webhook has
	// to bring one of them, as the password of HTTP Basic with any user name, or as
	// the last segment of the path. 16 characters or more out of letters, digits, - . _
	// and ~, which need no escaping in a URL; crypto/rand.Text makes one. Required.
	Secrets []coreapi.Secret

	// Handle gets each event that is confirmed, at least once, in any order, many at a
	// time. Its context ends 8 seconds after the webhook came. After an error AuthRocket
	// sends the event again, for about 2 days. Required.
	Handle func(ctx context.Context, event coreapi.Event) error

	// Suspect gets the session of each session.deleted before it is read back, which takes
	// a while when many come: it is only said to have ended. until is when that can be
	// forgotten, in 1 hour to 7 days. Default: none.
	Suspect func(ctx context.Context, sessionID coreapi.Secret, until time.Time)

	// Seen remembers which events were handled. Default: the last 10,000, in this process.
	Seen Seen

	// Parallel is how many webhooks may be read back and handled at once. Others wait for
	// 2 seconds, and then get 503. Default: 8.
	Parallel int

	// Observer reports what became of each webhook; see [LogObserver]. Default: no webhooks
	// are reported.
	Observer Observer
}

// ConfigError is one problem of a [Config]. [New] returns all of them at once, by
// [errors.Join].
type ConfigError struct {
	Field   string // the name of the Config field, such as API or Secrets[0]
	Problem string // what is wrong and what to write instead; nothing of a secret is in it
}

func (e *ConfigError) Error() string { return "webhook: Config." + e.Field + " " + e.Problem }
