package authrocketotel

import (
	"context"
	"time"

	"github.com/authrocket-go/authrocket/coreapi"
	"github.com/authrocket-go/authrocket/sessionstate"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// SessionState returns an Observer for a [sessionstate.Config]. The Observer measures every
// event, and passes the event to next. If next is the zero Observer, trouble is logged at level
// warn, as usual. See also [Telemetry.ObserveState].
func (t *Telemetry) SessionState(next sessionstate.Observer) sessionstate.Observer {
	if next.Check == nil && next.Ended == nil && next.Trouble == nil {
		// The program may set slog.Default later, so it is read at each event.
		next.Trouble = func(ctx context.Context, err error) { sessionstate.LogObserver(nil).Trouble(ctx, err) }
	}
	t.troubles.Add(context.Background(), 0) // see Observer
	return sessionstate.Observer{
		Check: func(ctx context.Context, e sessionstate.CheckEvent) {
			attributes := []attribute.KeyValue{keyOutcome.String(checkOutcomes.bounded(string(e.Outcome)))}
			if e.Err != nil {
				attributes = append(attributes, keyErrorType.String(coreReasons.bounded(coreapi.Reason(e.Err))))
			}
			t.checkDuration.Record(ctx, e.Duration.Seconds(), with(attributes...))
			t.checkOverdue.Record(ctx, e.Overdue.Seconds())
			if next.Check != nil {
				next.Check(ctx, e)
			}
		},
		Ended: func(ctx context.Context, e sessionstate.EndedEvent) {
			t.ends.Add(ctx, 1, with(keySessionSource.String(sessionSources.bounded(string(e.Source)))))
			if next.Ended != nil {
				next.Ended(ctx, e)
			}
		},
		Trouble: func(ctx context.Context, err error) {
			t.troubles.Add(ctx, 1)
			if next.Trouble != nil {
				next.Trouble(ctx, err)
			}
		},
	}
}

// ObserveState adds the size and the age of the state's list of ended sessions to the metrics. If
// there are several States, the metrics show the largest size and the highest age.
func (t *Telemetry) ObserveState(state *sessionstate.State) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.states = append(t.states, state)
}

func (t *Telemetry) observeStates(o metric.Observer) {
	if len(t.states) == 0 {
		return
	}
	var size int
	var age time.Duration
	for _, state := range t.states {
		size, age = max(size, state.Entries()), max(age, state.Age())
	}
	o.ObserveInt64(t.listSize, int64(size))
	o.ObserveFloat64(t.listAge, age.Seconds())
}
