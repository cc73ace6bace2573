package authrocketotel

import (
	"context"
	"sync"
	"time"

	"github.com/authrocket-go/authrocket"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"
)

// Observer returns an Observer for an [authrocket.Config], which measures, and reports every
// event to next, too. The zero Observer as next logs warnings as it does alone;
// [authrocket.SilentObserver] logs nothing. Call it once for each Auth.
func (t *Telemetry) Observer(next authrocket.Observer) authrocket.Observer {
	if next.Decision == nil && next.KeyRefresh == nil && next.Login == nil && next.Logout == nil && next.Warning == nil {
		next = authrocket.WarningObserver()
	}
	keys := &keySet{}
	t.mu.Lock()
	t.keySets = append(t.keySets, keys)
	t.mu.Unlock()
	// A series that begins at 0 shows its first event as an increase.
	t.warnings.Add(context.Background(), 0)
	for _, options := range refreshOptions {
		t.refreshes.Add(context.Background(), 0, options...)
	}
	return authrocket.Observer{
		Decision: func(ctx context.Context, d authrocket.Decision) {
			t.measureDecision(ctx, d)
			if next.Decision != nil {
				next.Decision(ctx, d)
			}
		},
		KeyRefresh: func(ctx context.Context, k authrocket.KeyRefresh) {
			keys.refresh(k, time.Now())
			t.refreshes.Add(ctx, 1, refreshOptions[boolIndex(k.Err == nil)]...)
			if next.KeyRefresh != nil {
				next.KeyRefresh(ctx, k)
			}
		},
		Login: func(ctx context.Context, l authrocket.Login) {
			t.logins.Add(ctx, 1, loginOptions(l)...)
			if next.Login != nil {
				next.Login(ctx, l)
			}
		},
		Logout: func(ctx context.Context, l authrocket.Logout) {
			t.logouts.Add(ctx, 1, logoutOptions[boolIndex(l.Local)]...)
			if next.Logout != nil {
				next.Logout(ctx, l)
			}
		},
		Warning: func(ctx context.Context, err error) {
			t.warnings.Add(ctx, 1)
			if next.Warning != nil {
				next.Warning(ctx, err)
			}
		},
	}
}

func (t *Telemetry) measureDecision(ctx context.Context, d authrocket.Decision) {
	made := decisionTable[boolIndex(d.Gate)].find(d)
	t.decisions.Add(ctx, 1, made.options...)
	span := trace.SpanFromContext(ctx)
	if !span.IsRecording() {
		return
	}
	span.SetAttributes(made.span...)
	// Without a token, the user in the context can only be that of another Auth.
	if t.userIDs && d.Source != authrocket.SourceNone {
		if user, ok := authrocket.CurrentUser(ctx); ok {
			span.SetAttributes(keyUserID.String(user.ID))
		}
	}
}

// decision is what is written about one, made beforehand: a request then costs no allocation.
type decision struct {
	options []metric.AddOption
	span    []attribute.KeyValue
}

// decisions are those of gates, or those of Authenticate, by source and reason. The reason
// after the last one is that of what is allowed.
type decisions [][]decision

// decisionTable has Authenticate first and gates second.
var decisionTable = [2]decisions{newDecisions(false), newDecisions(true)}

func (ds decisions) find(d authrocket.Decision) *decision {
	reason := len(reasons.all)
	if !d.Allowed {
		reason = reasons.index(d.Reason)
	}
	return &ds[sources.index(string(d.Source))][reason]
}

func newDecisions(gate bool) decisions {
	var ds decisions
	for _, source := range sources.all {
		var row []decision
		for i, reason := range reasons.all {
			outcome := outcomeAnonymous
			switch {
			case isUndecided(i):
				outcome = outcomeUndecided
			case gate:
				outcome = outcomeRefused
			}
			row = append(row, newDecision(gate, outcome, reason, source))
		}
		outcome := outcomeSignedIn
		if gate {
			outcome = outcomeAllowed
		}
		ds = append(ds, append(row, newDecision(gate, outcome, "", source)))
	}
	return ds
}

func newDecision(gate bool, outcome, reason, source string) decision {
	attributes := []attribute.KeyValue{keyGate.Bool(gate), keyOutcome.String(outcome), keySource.String(source)}
	if reason != "" {
		attributes = append(attributes, keyReason.String(reason))
	}
	return decision{
		options: with(attributes...),
		// An empty reason replaces that of an earlier decision.
		span: []attribute.KeyValue{keyAllowed.Bool(reason == ""), keyReason.String(reason), keySource.String(source)},
	}
}

// with returns the options of a measurement with these attributes.
func with(attributes ...attribute.KeyValue) []metric.AddOption {
	return []metric.AddOption{metric.WithAttributeSet(attribute.NewSet(attributes...))}
}

func boolIndex(b bool) int {
	if b {
		return 1
	}
	return 0
}

var (
	refreshOptions = [2][]metric.AddOption{with(keyOutcome.String(outcomeFailed)), with(keyOutcome.String(outcomeReplaced))}
	logoutOptions  = [2][]metric.AddOption{with(keyLocal.Bool(false)), with(keyLocal.Bool(true))}
)

func loginOptions(l authrocket.Login) []metric.AddOption {
	if l.Err == nil {
		return with(keyStarted.Bool(l.Started), keyOutcome.String(outcomeSignedIn))
	}
	reason := reasons.index(l.Reason)
	outcome := outcomeRefused
	switch {
	case isUndecided(reason):
		outcome = outcomeUndecided
	case reasons.all[reason] == authrocket.Reason(authrocket.ErrUnsolicitedLogin):
		outcome = outcomePending
	}
	return with(keyStarted.Bool(l.Started), keyOutcome.String(outcome), keyReason.String(reasons.all[reason]))
}

// keySet is what the last refresh of an Auth has said.
type keySet struct {
	mu      sync.Mutex
	isKnown bool
	size    int
	skipped int
	askedAt time.Time // of the keys in use, if there are some
}

func (s *keySet) refresh(k authrocket.KeyRefresh, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.isKnown, s.size, s.askedAt = true, k.Keys, now.Add(-k.Age)
	if k.Err == nil {
		s.skipped = len(k.Skipped)
	}
}

// observe reports what has a value at any time.
func (t *Telemetry) observe(_ context.Context, o metric.Observer) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.observeKeySets(o, time.Now())
	t.observeStates(o)
	return nil
}

func (t *Telemetry) observeKeySets(o metric.Observer, now time.Time) {
	var isKnown, hasAge bool
	var size, skipped int
	var oldest time.Duration
	for _, s := range t.keySets {
		s.mu.Lock()
		if s.isKnown {
			if !isKnown || s.size < size {
				size = s.size
			}
			isKnown = true
			skipped = max(skipped, s.skipped)
			if s.size > 0 {
				hasAge = true
				oldest = max(oldest, elapsed(s.askedAt, now))
			}
		}
		s.mu.Unlock()
	}
	if isKnown {
		o.ObserveInt64(t.keySetSize, int64(size))
		o.ObserveInt64(t.keysSkipped, int64(skipped))
	}
	if hasAge {
		o.ObserveFloat64(t.keySetAge, oldest.Seconds())
	}
}

// elapsed counts on the wall clock too: the other one stands still while a machine sleeps.
func elapsed(from, to time.Time) time.Duration {
	return max(to.Sub(from), to.Round(0).Sub(from.Round(0)))
}
