package webhook

import (
	"context"
	"log/slog"
	"time"
)

// Observer reports webhooks. Its function may be nil; it is called synchronously, by many
// goroutines at once: it must return soon and must not panic.
type Observer struct {
	// Event reports a webhook when it was answered.
	Event func(context.Context, Outcome)
}

// Outcome is what became of a webhook. It holds no secret and no session ID. Reason is "" if
// Handle returned nil, or one of these, fit for metrics:
//
//	ping             204: there is nothing to do
//	handled          204: it was handled before
//	old              204: it is older than 3 days
//	seen             204: Handle returned nil, but Seen.Done an error; 503: Seen.Begin did
//	busy             503: it is being handled, or there are too many webhooks at once
//	not_confirmed    503: the API does not confirm it, or not yet
//	api_refused      503: the API refuses its key, or the subscription is not active
//	api_unavailable  503: the API does not answer, or not as the API does
//	handler          503: Handle returned an error
//	wrong_secret     404
//	method           405: it is not a POST
//	bad_body         400
//	slow_body        408
//	too_large        413
//	panic            0: a function of the Config panicked, and net/http closes the connection
type Outcome struct {
	ID       string // of the event, "" unless the body has one
	Type     string // of the event, "" unless the body has one; it may be made up by who has the secret
	Status   int    // of the answer
	Reason   string
	Err      error // may hold what Handle or Seen returned
	Duration time.Duration
}

// The values of Outcome.Reason.
const (
	reasonPing         = "ping"
	reasonHandled      = "handled"
	reasonOld          = "old"
	reasonSeen         = "seen"
	reasonBusy         = "busy"
	reasonNotConfirmed = "not_confirmed"
	reasonRefused      = "api_refused"
	reasonUnavailable  = "api_unavailable"
	reasonHandler      = "handler"
	reasonPanic        = "panic"
	reasonWrongSecret  = "wrong_secret"
	reasonMethod       = "method"
	reasonBadBody      = "bad_body"
	reasonSlowBody     = "slow_body"
	reasonTooLarge     = "too_large"
)

// LogObserver returns an Observer that writes to logger: what was refused (status 4xx) at
// level info, trouble at warn, the rest at debug. What the level of
// logger leaves out costs next to nothing. A nil logger means [slog.Default].
func LogObserver(logger *slog.Logger) Observer {
	if logger == nil {
		logger = slog.Default()
	}
	return Observer{Event: func(ctx context.Context, o Outcome) {
		level := slog.LevelDebug
		switch {
		case o.Status/100 == 4:
			level = slog.LevelInfo
		case o.Status/100 != 2 || o.Err != nil:
			level = slog.LevelWarn
		}
		if !logger.Enabled(ctx, level) {
			return
		}
		attrs := []slog.Attr{
			slog.String("event_id", o.ID), slog.String("event_type", o.Type), slog.Int("status", o.Status),
			slog.Duration("duration", o.Duration),
		}
		if o.Reason != "" {
			attrs = append(attrs, slog.String("reason", o.Reason))
		}
		if o.Err != nil {
			attrs = append(attrs, slog.String("error", o.Err.Error()))
		}
		logger.LogAttrs(ctx, level, "authrocket webhook", attrs...)
	}}
}
