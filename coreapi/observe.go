package coreapi

import (
	"context"
	"errors"
	"log/slog"
	"time"
)

// Observer reports what the Client does. Its function may be nil; it is called
// synchronously, by many goroutines at once: it must return soon and must not panic.
type Observer struct {
	// Request reports a call when it has ended, with all its attempts.
	Request func(context.Context, RequestEvent)
}

// RequestEvent is one call. It holds no key, token, ID, query or body.
type RequestEvent struct {
	Method    string
	Path      string        // the template, such as /users/{id}: an ID may be an email address
	Status    int           // of the last answer, 0 without one
	RequestID string        // of the last answer, for questions to AuthRocket's support
	Attempts  int           // how many requests were sent
	Duration  time.Duration // of the whole call
	Wait      time.Duration // for the budget, and for the pause after a 429
	Reason    string        // [Reason] of Err, "" without an error
	Err       error
}

// LogObserver returns an Observer that writes to logger: refusals ([ErrInvalid],
// [ErrNotFound]) at level info, trouble at warn, the rest at debug. What the level of
// logger leaves out costs next to nothing. A nil logger means [slog.Default].
func LogObserver(logger *slog.Logger) Observer {
	if logger == nil {
		logger = slog.Default()
	}
	return Observer{Request: func(ctx context.Context, e RequestEvent) {
		level := slog.LevelDebug
		switch {
		case errors.Is(e.Err, ErrInvalid) || errors.Is(e.Err, ErrNotFound):
			level = slog.LevelInfo
		case e.Err != nil:
			level = slog.LevelWarn
		}
		if !logger.Enabled(ctx, level) {
			return
		}
		attrs := []slog.Attr{
			slog.String("method", e.Method), slog.String("path", e.Path), slog.Int("status", e.Status),
			slog.String("request_id", e.RequestID), slog.Int("attempts", e.Attempts),
			slog.Duration("duration", e.Duration), slog.Duration("wait", e.Wait),
		}
		if e.Err != nil {
			attrs = append(attrs, slog.String("reason", e.Reason), slog.String("error", e.Err.Error()))
		}
		logger.LogAttrs(ctx, level, "authrocket request", attrs...)
	}}
}
