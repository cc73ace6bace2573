package sessionstate

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// Observer reports what a [State] does. Its functions may be nil. Many goroutines call
// them synchronously and at the same time, so they must return quickly and must not
// panic. No event contains a session ID, a user ID or a token.
//
// The zero Observer logs trouble at level warn through [slog.Default].
type Observer struct {
	// Check reports that a session was looked up.
	Check func(context.Context, CheckEvent)

	// Ended reports that the State refuses a session, or the sessions of a user, from now
	// on.
	Ended func(context.Context, EndedEvent)

	// Trouble reports problems for an operator: checks that fail, an API key of another
	// realm, a Log that cannot be read or written, or a full list. Each kind of trouble
	// is reported at most once every 10 seconds.
	Trouble func(context.Context, error)
}

// Outcome is the result of a check.
type Outcome string

// Results of a check.
const (
	GoesOn   Outcome = "goes_on"
	HasEnded Outcome = "ended"
	Unknown  Outcome = "unknown" // Err says why
)

// CheckEvent describes the check of a session.
type CheckEvent struct {
	Outcome  Outcome
	Err      error         // nil unless the outcome is Unknown
	Duration time.Duration // the time that the API calls took
	// Overdue is the delay between the time when the check was due and the time when it
	// began. The delay grows if Config.RequestsPerSecond is too small.
	Overdue time.Duration
}

// Source says how a State found out that a session has ended.
type Source string

// Sources.
const (
	SourceWebhook Source = "webhook" // HandleEvent, Suspect and Replay
	SourceLog     Source = "log"     // another instance
	SourceApp     Source = "app"     // End and EndUser, called by the app
	SourceCheck   Source = "check"   // the API
)

// EndedEvent describes a change of the list of ended sessions.
type EndedEvent struct {
	Source  Source
	Entries int // the current length of the list
}

// LogObserver returns an Observer that writes to logger. It logs trouble at level warn.
// At level info, it logs checks without an answer, and the ends of sessions that this
// instance found out first. It logs everything else at level debug. A nil logger means
// [slog.Default].
func LogObserver(logger *slog.Logger) Observer {
	if logger == nil {
		logger = slog.Default()
	}
	return Observer{
		Check: func(ctx context.Context, e CheckEvent) {
			level, attrs := slog.LevelDebug, []slog.Attr{
				slog.String("outcome", string(e.Outcome)), slog.Duration("duration", e.Duration), slog.Duration("overdue", e.Overdue),
			}
			if e.Err != nil {
				level, attrs = slog.LevelInfo, append(attrs, slog.String("error", e.Err.Error()))
			}
			logger.LogAttrs(ctx, level, "authrocket session check", attrs...)
		},
		Ended: func(ctx context.Context, e EndedEvent) {
			level := slog.LevelInfo
			if e.Source == SourceLog {
				level = slog.LevelDebug // another instance has logged this end, and a start may read many ends
			}
			logger.LogAttrs(ctx, level, "authrocket session ended", slog.String("source", string(e.Source)), slog.Int("entries", e.Entries))
		},
		Trouble: func(ctx context.Context, err error) {
			logger.LogAttrs(ctx, slog.LevelWarn, "authrocket session state", slog.String("error", err.Error()))
		},
	}
}

// observer wraps an Observer so that every function can be called even if it is nil. It
// limits how often trouble is reported.
type observer struct {
	Observer
	mu   sync.Mutex
	last map[troubleKind]time.Time
}

// troubleKind names a kind of trouble.
type troubleKind string

const (
	troubleCheck  troubleKind = "check"
	troubleRealm  troubleKind = "realm"
	troubleLog    troubleKind = "log"
	troubleFull   troubleKind = "full"
	troubleEvent  troubleKind = "event"
	troubleNotRun troubleKind = "not run"
	troubleLife   troubleKind = "life"
)

const troubleInterval = 10 * time.Second

func newObserver(o Observer) *observer {
	if o.Check == nil && o.Ended == nil && o.Trouble == nil {
		o.Trouble = func(ctx context.Context, err error) { LogObserver(nil).Trouble(ctx, err) }
	}
	return &observer{Observer: o, last: map[troubleKind]time.Time{}}
}

func (o *observer) check(ctx context.Context, e CheckEvent) {
	if o.Check != nil {
		o.Check(ctx, e)
	}
}

func (o *observer) ended(ctx context.Context, source Source, entries int) {
	if o.Ended != nil {
		o.Ended(ctx, EndedEvent{source, entries})
	}
}

func (o *observer) trouble(ctx context.Context, kind troubleKind, err error) {
	if o.Trouble == nil {
		return
	}
	now := time.Now()
	o.mu.Lock()
	last, reported := o.last[kind]
	isDue := !reported || now.Sub(last) >= troubleInterval
	if isDue {
		o.last[kind] = now
	}
	o.mu.Unlock()
	if isDue {
		o.Trouble(ctx, err)
	}
}
