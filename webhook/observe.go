package webhook

import (
	"context"
	"log/slog"
	"time"
)

// Observer reports webhooks. Its function may be nil. Many goroutines call it
// synchronously and at the same time, so it must return quickly and must not panic.
type Observer struct {
	// Event reports a webhook after the handler has answered it, or after a panic.
	Event func(context.Context, Outcome)
}

// Outcome is the outcome of a webhook. It contains no secret and no session ID. Reason is
// "" if Handle returned nil. Otherwise, Reason is one of these values, which are suitable
// for metrics:
//
//	ping             204: a test of the webhook
//	handled          204: the event was handled before
//	old              204: the event is older than 3 days
//	seen             204: Handle returned nil, but Seen.Done returned an error; 503: Seen.Begin returned an error
//	busy             503: the event is being handled, or there are too many webhooks at the same time
//	not_confirmed    503: the API does not confirm the event, or does not confirm it yet
//	api_refused      503: the API refuses its key, or the subscription is not active
//	api_unavailable  503: the API does not answer, or its answer is invalid
//	handler          503: Handle returned an error
//	wrong_secret     404
//	method           405: the request is not a POST
//	bad_body         400
//	slow_body        408
//	too_large        413
//	panic            0: a function of the Config panicked, and net/http closes the connection
type Outcome struct {
	ID       string // the ID of the event, "" if the body has none
	Type     string // the type of the event, "" if the body has none; the sender may have invented it
	Status   int    // the status of the answer
	Reason   string
	Err      error // may contain the error that Handle or Seen returned
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

// LogObserver returns an Observer that writes to logger. It logs refusals (status 4xx) at
// level info, errors at warn, and everything else at debug. Outcomes below the level of
// logger cost almost nothing. A nil logger means [slog.Default].
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
