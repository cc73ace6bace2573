package authrocketotel_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/authrocketotel"
	"github.com/authrocket-go/authrocket/coreapi"
	"github.com/authrocket-go/authrocket/sessionstate"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/metric/noop"
	sdk "go.opentelemetry.io/otel/sdk/metric"
)

func TestAgeOfTheKeySet(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := newMeter(t)
		o := m.Observer(authrocket.SilentObserver())
		expect := func(what, age, size, skipped string) {
			t.Helper()
			if got := [3]string{m.value("authrocket.key_set.age"), m.value("authrocket.key_set.size"), m.value("authrocket.key_set.skipped")}; got != [3]string{age, size, skipped} {
				t.Errorf("%s: got age, size and skipped %q, want %q", what, got, [3]string{age, size, skipped})
			}
		}
		failed := errors.New("it answered 500")
		expect("before the first fetch", "", "", "")
		o.KeyRefresh(t.Context(), authrocket.KeyRefresh{Err: failed})
		expect("after a first fetch that failed", "", "0", "0")
		o.KeyRefresh(t.Context(), authrocket.KeyRefresh{Keys: 2, Age: time.Second, Skipped: []error{failed}})
		expect("after a fetch", "1", "2", "1")
		time.Sleep(time.Hour)
		expect("an hour later", "3601", "2", "1")
		o.KeyRefresh(t.Context(), authrocket.KeyRefresh{Err: failed, Keys: 2, Age: time.Hour + time.Second})
		time.Sleep(time.Second)
		expect("after a fetch that failed", "3602", "2", "1")
		o.KeyRefresh(t.Context(), authrocket.KeyRefresh{Keys: 1})
		expect("after the next fetch", "0", "1", "0")
		o.KeyRefresh(t.Context(), authrocket.KeyRefresh{Err: failed})
		expect("when the keys are too old to be used", "", "0", "0")
	})
}

// Of several Auths, such as those of two realms, the worst one counts.
func TestKeySetsOfSeveralAuths(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := newMeter(t)
		first, second := m.Observer(authrocket.SilentObserver()), m.Observer(authrocket.SilentObserver())
		first.KeyRefresh(t.Context(), authrocket.KeyRefresh{Keys: 3, Age: time.Minute, Skipped: []error{errors.New("odd")}})
		second.KeyRefresh(t.Context(), authrocket.KeyRefresh{Keys: 1, Age: time.Second})
		m.expect("both have keys",
			"authrocket.key_set.age{} 60", "authrocket.key_set.size{} 1", "authrocket.key_set.skipped{} 1", "authrocket.key_set.refreshes{authrocket.outcome=replaced} 2")
		second.KeyRefresh(t.Context(), authrocket.KeyRefresh{Err: errors.New("it answered 500")})
		m.expect("one has none",
			"authrocket.key_set.age{} 60", "authrocket.key_set.size{} 0", "authrocket.key_set.skipped{} 1",
			"authrocket.key_set.refreshes{authrocket.outcome=replaced} 2", "authrocket.key_set.refreshes{authrocket.outcome=failed} 1")
	})
}

func TestListOfEndedSessions(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := newMeter(t)
		newState := func() *sessionstate.State {
			state, err := sessionstate.New(sessionstate.Config{Observer: m.SessionState(silent().session)})
			if err != nil {
				t.Fatal(err)
			}
			m.ObserveState(state)
			return state
		}
		m.expect("without a State")
		state := newState()
		m.expect("at the start", "authrocket.session.list.age{} 0", "authrocket.session.list.size{} 0")
		time.Sleep(time.Minute)
		newState()
		ctx, stop := context.WithCancel(t.Context())
		running := make(chan struct{})
		go func() {
			defer close(running)
			state.Run(ctx)
		}()
		if err := state.End(ctx, coreapi.Hide(secret), time.Now().Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		m.expect("a session has ended, and nothing was heard of the API or a log",
			"authrocket.session.list.age{} 60", "authrocket.session.list.size{} 1", "authrocket.session.ends{authrocket.session.source=app} 1")
		time.Sleep(8 * 24 * time.Hour)
		if got := m.value("authrocket.session.list.size"); got != "0" {
			t.Errorf("when the end has expired: got a list of %s, want 0", got)
		}
		stop()
		<-running
	})
}

// brokenProvider has meters that make no instrument of that name, or take no callback.
type brokenProvider struct {
	noop.MeterProvider
	name string
}

func (p brokenProvider) Meter(string, ...metric.MeterOption) metric.Meter {
	return brokenMeter{name: p.name}
}

type brokenMeter struct {
	noop.Meter
	name string
}

func (m brokenMeter) fail(name string) error {
	if name == m.name {
		return errors.New("no " + name)
	}
	return nil
}

func (m brokenMeter) Int64Counter(name string, _ ...metric.Int64CounterOption) (metric.Int64Counter, error) {
	return noop.Int64Counter{}, m.fail(name)
}

func (m brokenMeter) Int64ObservableCounter(name string, _ ...metric.Int64ObservableCounterOption) (metric.Int64ObservableCounter, error) {
	return noop.Int64ObservableCounter{}, m.fail(name)
}

func (m brokenMeter) Int64ObservableGauge(name string, _ ...metric.Int64ObservableGaugeOption) (metric.Int64ObservableGauge, error) {
	return noop.Int64ObservableGauge{}, m.fail(name)
}

func (m brokenMeter) Float64ObservableGauge(name string, _ ...metric.Float64ObservableGaugeOption) (metric.Float64ObservableGauge, error) {
	return noop.Float64ObservableGauge{}, m.fail(name)
}

func (m brokenMeter) Float64Histogram(name string, _ ...metric.Float64HistogramOption) (metric.Float64Histogram, error) {
	return noop.Float64Histogram{}, m.fail(name)
}

func (m brokenMeter) RegisterCallback(metric.Callback, ...metric.Observable) (metric.Registration, error) {
	return noop.Registration{}, m.fail("callback")
}

func TestNewReturnsErrorsOfTheProvider(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"authrocket.decisions", "authrocket.logins", "authrocket.key_set.size", "authrocket.key_set.age", "authrocket.api.call.duration", "callback"} {
		telemetry, err := authrocketotel.New(authrocketotel.Config{MeterProvider: brokenProvider{name: name}})
		if err == nil || !strings.Contains(err.Error(), "no "+name) || telemetry != nil {
			t.Errorf("%s: got %v and error %v", name, telemetry, err)
		}
	}
	if _, err := authrocketotel.New(authrocketotel.Config{MeterProvider: brokenProvider{}}); err != nil {
		t.Errorf("got %v, want none", err)
	}
}

// Not parallel: the provider belongs to the whole process.
func TestTheDefaultIsTheGlobalProvider(t *testing.T) {
	reader, before := sdk.NewManualReader(), otel.GetMeterProvider()
	t.Cleanup(func() { otel.SetMeterProvider(before) })
	otel.SetMeterProvider(sdk.NewMeterProvider(sdk.WithReader(reader)))
	telemetry, err := authrocketotel.New(authrocketotel.Config{})
	if err != nil {
		t.Fatal(err)
	}
	m := meter{telemetry, t, reader}
	m.Observer(authrocket.SilentObserver()).Logout(t.Context(), authrocket.Logout{})
	m.expect("by the global provider", "authrocket.logouts{authrocket.logout.local=false} 1")
}
