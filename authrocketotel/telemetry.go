package authrocketotel

import (
	"errors"
	"sync"
	"sync/atomic"

	"github.com/authrocket-go/authrocket/sessionstate"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/metric"
)

// Config configures a [Telemetry]. A field with the zero value gets its default.
type Config struct {
	// A literal must name its fields, so that a new field does not break an app.
	_ [0]func()

	// MeterProvider receives the measurements. Default: [otel.GetMeterProvider].
	MeterProvider metric.MeterProvider

	// UserIDs adds the attribute user.id to spans. It is AuthRocket's ID of the user whose
	// request is decided. The ID is personal data, because anyone who reads traces can see what
	// each user does. Metrics never contain user IDs. Default: false.
	UserIDs bool
}

// Telemetry measures events. Create one with [New] when the program starts, and use it for all
// Configs of an app. It is safe for concurrent use and starts no goroutine.
type Telemetry struct {
	userIDs bool

	decisionCounts []atomic.Int64 // in the order of decisionKinds

	decisions   metric.Int64ObservableCounter
	logins      metric.Int64Counter
	logouts     metric.Int64Counter
	warnings    metric.Int64Counter
	refreshes   metric.Int64Counter
	keySetAge   metric.Float64ObservableGauge
	keySetSize  metric.Int64ObservableGauge
	keysSkipped metric.Int64ObservableGauge

	callDuration metric.Float64Histogram
	callAttempts metric.Int64Counter
	callWait     metric.Float64Histogram

	checkDuration metric.Float64Histogram
	checkOverdue  metric.Float64Histogram
	ends          metric.Int64Counter
	troubles      metric.Int64Counter
	listSize      metric.Int64ObservableGauge
	listAge       metric.Float64ObservableGauge

	webhookDuration metric.Float64Histogram

	mu      sync.Mutex
	keySets []*keySet
	states  []*sessionstate.State
}

// scope is the instrumentation scope of the metrics.
const scope = "github.com/authrocket-go/authrocket/authrocketotel"

var (
	callSeconds    = []float64{0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30}
	waitSeconds    = []float64{0.001, 0.01, 0.1, 0.5, 1, 2.5, 5, 10, 30}
	overdueSeconds = []float64{0.1, 1, 5, 15, 60, 300, 900, 3600}
)

// New returns a Telemetry. If the MeterProvider returns an error, New returns that error.
func New(config Config) (*Telemetry, error) {
	provider := config.MeterProvider
	if provider == nil {
		provider = otel.GetMeterProvider()
	}
	m := instruments{meter: provider.Meter(scope)}
	t := &Telemetry{
		userIDs:        config.UserIDs,
		decisionCounts: make([]atomic.Int64, len(decisionKinds)),

		decisions:   m.observableCounter("authrocket.decisions", "{decision}", "Requests that were authenticated, and decisions of gates."),
		logins:      m.counter("authrocket.logins", "{login}", "Logins that came back from LoginRocket."),
		logouts:     m.counter("authrocket.logouts", "{logout}", "Sign-outs through the logout route."),
		warnings:    m.counter("authrocket.warnings", "{warning}", "Warnings about the set-up."),
		refreshes:   m.counter("authrocket.key_set.refreshes", "{refresh}", "Fetches of the realm's keys."),
		keySetAge:   m.secondsGauge("authrocket.key_set.age", "Time since the keys in use were asked for."),
		keySetSize:  m.gauge("authrocket.key_set.size", "{key}", "Keys in use."),
		keysSkipped: m.gauge("authrocket.key_set.skipped", "{key}", "Entries of the key set that cannot be used."),

		callDuration: m.histogram("authrocket.api.call.duration", "Duration of calls of AuthRocket's APIs, with all attempts.", callSeconds),
		callAttempts: m.counter("authrocket.api.call.attempts", "{attempt}", "Requests that were sent for calls of AuthRocket's APIs."),
		callWait:     m.histogram("authrocket.api.call.wait", "Time that calls waited for their budget or after a 429.", waitSeconds),

		checkDuration: m.histogram("authrocket.session.check.duration", "Duration of look-ups of sessions.", callSeconds),
		checkOverdue:  m.histogram("authrocket.session.check.overdue", "Time that look-ups of sessions had been due when they began.", overdueSeconds),
		ends:          m.counter("authrocket.session.ends", "{end}", "Changes of the list of ended sessions."),
		troubles:      m.counter("authrocket.session.troubles", "{trouble}", "Trouble with the state of sessions."),
		listSize:      m.gauge("authrocket.session.list.size", "{entry}", "Entries in the list of ended sessions."),
		listAge:       m.secondsGauge("authrocket.session.list.age", "Time since the newest answer of the API or reading of the log about sessions."),

		webhookDuration: m.histogram("authrocket.webhook.duration", "Duration of answering webhooks.", callSeconds),
	}
	if err := errors.Join(m.errs...); err != nil {
		return nil, err
	}
	_, err := m.meter.RegisterCallback(t.observe, t.decisions, t.keySetAge, t.keySetSize, t.keysSkipped, t.listSize, t.listAge)
	if err != nil {
		return nil, err
	}
	return t, nil
}

// instruments creates instruments, and collects the errors.
type instruments struct {
	meter metric.Meter
	errs  []error
}

func (i *instruments) note(err error) {
	if err != nil {
		i.errs = append(i.errs, err)
	}
}

func (i *instruments) counter(name, unit, description string) metric.Int64Counter {
	c, err := i.meter.Int64Counter(name, metric.WithUnit(unit), metric.WithDescription(description))
	i.note(err)
	return c
}

func (i *instruments) observableCounter(name, unit, description string) metric.Int64ObservableCounter {
	c, err := i.meter.Int64ObservableCounter(name, metric.WithUnit(unit), metric.WithDescription(description))
	i.note(err)
	return c
}

func (i *instruments) gauge(name, unit, description string) metric.Int64ObservableGauge {
	g, err := i.meter.Int64ObservableGauge(name, metric.WithUnit(unit), metric.WithDescription(description))
	i.note(err)
	return g
}

func (i *instruments) secondsGauge(name, description string) metric.Float64ObservableGauge {
	g, err := i.meter.Float64ObservableGauge(name, metric.WithUnit("s"), metric.WithDescription(description))
	i.note(err)
	return g
}

func (i *instruments) histogram(name, description string, bounds []float64) metric.Float64Histogram {
	h, err := i.meter.Float64Histogram(name, metric.WithUnit("s"), metric.WithDescription(description), metric.WithExplicitBucketBoundaries(bounds...))
	i.note(err)
	return h
}
