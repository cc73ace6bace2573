package coreapi

import (
	"context"
	"errors"
	"log/slog"
	"time"
)

// Observer reports what the Client does. Its function may be nil. Many goroutines call it
// synchronously and at the same time, so it must return quickly and must not panic.
type Observer struct {
	// Request reports a call, with all its attempts, after the call has ended.
	Request func(context.Context, RequestEvent)
}

// RequestEvent describes one call. It contains no key, token, ID, query or body.
type RequestEvent struct {
	Method    string
	Path      string        // the template, for example /users/{id}, because an ID may be an email address
	Status    int           // the status of the last answer, 0 if there was none
	RequestID string        // the ID in the last answer, for questions to AuthRocket's support
	Attempts  int           // how many requests were sent
	Duration  time.Duration // the duration of the whole call
	Wait      time.Duration // the time spent waiting for the request budget and for pauses after a 429
	Reason    string        // [Reason] of Err, "" if there is no error
	Err       error
}

// LogObserver returns an Observer that writes calls to logger. It logs refusals
// ([ErrInvalid], [ErrNotFound]) at level info, other errors at warn, and successful calls
// at debug. Calls at a level that the logger does not write cost almost nothing. A nil
// logger means [slog.Default].
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
