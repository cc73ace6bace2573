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

// Observer returns an Observer for an [authrocket.Config]. The Observer measures every event,
// and passes the event to next. If next is the zero Observer, warnings are logged as usual;
// [authrocket.SilentObserver] logs nothing. Call Observer once for each Auth.
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
	for _, option := range refreshOptions {
		t.refreshes.Add(context.Background(), 0, option)
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
			t.refreshes.Add(ctx, 1, refreshOptions[boolIndex(k.Err == nil)])
			if next.KeyRefresh != nil {
				next.KeyRefresh(ctx, k)
			}
		},
		Login: func(ctx context.Context, l authrocket.Login) {
			t.logins.Add(ctx, 1, loginOption(l))
			if next.Login != nil {
				next.Login(ctx, l)
			}
		},
		Logout: func(ctx context.Context, l authrocket.Logout) {
			t.logouts.Add(ctx, 1, logoutOptions[boolIndex(l.Local)])
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
	kind := kindOf(d)
	t.decisionCounts[kind].Add(1)
	span := trace.SpanFromContext(ctx)
	if !span.IsRecording() {
		return
	}
	span.SetAttributes(decisionKinds[kind].span...)
	// If the request has no token, the user in the context can only come from another Auth.
	if t.userIDs && d.Source != authrocket.SourceNone {
		if user, ok := authrocket.CurrentUser(ctx); ok {
			span.SetAttributes(keyUserID.String(user.ID))
		}
	}
}

// decisionKind holds what is recorded about decisions of one kind. There are so few kinds that
// each has its own counter, whose value is observed when metrics are read. A counter of the SDK
// would have to look up its attributes at each decision, which would take several times as
// long.
type decisionKind struct {
	option metric.MeasurementOption
	span   []attribute.KeyValue
}

// decisionKinds lists the kinds of Authenticate and then the kinds of gates, by source and by
// reason. The kind for allowed decisions comes after the kind for the last reason.
var decisionKinds = newDecisionKinds()

func kindOf(d authrocket.Decision) int {
	reason := len(reasons.all)
	if !d.Allowed {
		reason = reasons.index(d.Reason)
	}
	row := boolIndex(d.Gate)*len(sources.all) + sources.index(string(d.Source))
	return row*(len(reasons.all)+1) + reason
}

func newDecisionKinds() []decisionKind {
	var kinds []decisionKind
	for _, gate := range []bool{false, true} {
		allowed, refused := outcomeSignedIn, outcomeAnonymous
		if gate {
			allowed, refused = outcomeAllowed, outcomeRefused
		}
		for _, source := range sources.all {
			for i, reason := range reasons.all {
				outcome := refused
				if isUndecided(i) {
					outcome = outcomeUndecided
				}
				kinds = append(kinds, newDecisionKind(gate, outcome, reason, source))
			}
			kinds = append(kinds, newDecisionKind(gate, allowed, "", source))
		}
	}
	return kinds
}

func newDecisionKind(gate bool, outcome, reason, source string) decisionKind {
	attributes := []attribute.KeyValue{keyGate.Bool(gate), keyOutcome.String(outcome), keySource.String(source)}
	if reason != "" {
		attributes = append(attributes, keyReason.String(reason))
	}
	return decisionKind{
		option: with(attributes...),
		// An empty reason replaces the reason of an earlier decision.
		span: []attribute.KeyValue{keyAllowed.Bool(reason == ""), keyReason.String(reason), keySource.String(source)},
	}
}

func (t *Telemetry) observeDecisions(o metric.Observer) {
	for i := range t.decisionCounts {
		if n := t.decisionCounts[i].Load(); n > 0 {
			o.ObserveInt64(t.decisions, n, decisionKinds[i].option)
		}
	}
}

// with returns an option that adds these attributes to a measurement.
func with(attributes ...attribute.KeyValue) metric.MeasurementOption {
	return metric.WithAttributeSet(attribute.NewSet(attributes...))
}

func boolIndex(b bool) int {
	if b {
		return 1
	}
	return 0
}

var (
	refreshOptions = [2]metric.MeasurementOption{with(keyOutcome.String(outcomeFailed)), with(keyOutcome.String(outcomeReplaced))}
	logoutOptions  = [2]metric.MeasurementOption{with(keyLocal.Bool(false)), with(keyLocal.Bool(true))}
)

func loginOption(l authrocket.Login) metric.MeasurementOption {
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

// keySet is the result of the last refresh of an Auth's key set.
type keySet struct {
	mu      sync.Mutex
	isKnown bool
	size    int
	skipped int
	askedAt time.Time // when the keys in use were requested, if there are any
}

func (s *keySet) refresh(k authrocket.KeyRefresh, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.isKnown, s.size, s.askedAt = true, k.Keys, now.Add(-k.Age)
	if k.Err == nil {
		s.skipped = len(k.Skipped)
	}
}

// observe reports the values of the observable metrics.
func (t *Telemetry) observe(_ context.Context, o metric.Observer) error {
	t.observeDecisions(o)
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

// elapsed also uses the wall clock, because the monotonic clock stops while the machine sleeps.
func elapsed(from, to time.Time) time.Duration {
	return max(to.Sub(from), to.Round(0).Sub(from.Round(0)))
}
