package authrocketotel_test

import (
	"context"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/authrocket-go/authrocket/authrocketotel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
)

// meter is a Telemetry with what it has measured.
type meter struct {
	*authrocketotel.Telemetry
	t      testing.TB
	reader *metric.ManualReader
}

func newMeter(t testing.TB, configure ...func(*authrocketotel.Config)) meter {
	t.Helper()
	reader := metric.NewManualReader()
	config := authrocketotel.Config{MeterProvider: metric.NewMeterProvider(metric.WithReader(reader))}
	for _, change := range configure {
		change(&config)
	}
	telemetry, err := authrocketotel.New(config)
	if err != nil {
		t.Fatal(err)
	}
	return meter{telemetry, t, reader}
}

// read returns all metrics that have a value.
func (m meter) read() []metricdata.Metrics {
	m.t.Helper()
	var all metricdata.ResourceMetrics
	if err := m.reader.Collect(context.Background(), &all); err != nil {
		m.t.Fatal(err)
	}
	var metrics []metricdata.Metrics
	for _, scope := range all.ScopeMetrics {
		if want := "github.com/authrocket-go/authrocket/authrocketotel"; scope.Scope.Name != want {
			m.t.Errorf("got scope %q, want %q", scope.Scope.Name, want)
		}
		metrics = append(metrics, scope.Metrics...)
	}
	return metrics
}

// series is one series of a metric: a counter or a gauge has a value, a histogram has the
// sum, too.
type series struct {
	attributes attribute.Set
	value      string
}

func seriesOf(t testing.TB, m metricdata.Metrics) (kind string, all []series) {
	t.Helper()
	switch data := m.Data.(type) {
	case metricdata.Sum[int64]:
		for _, point := range data.DataPoints {
			all = append(all, series{point.Attributes, fmt.Sprint(point.Value)})
		}
		return "counter", all
	case metricdata.Gauge[int64]:
		for _, point := range data.DataPoints {
			all = append(all, series{point.Attributes, fmt.Sprint(point.Value)})
		}
		return "gauge", all
	case metricdata.Gauge[float64]:
		for _, point := range data.DataPoints {
			all = append(all, series{point.Attributes, fmt.Sprint(point.Value)})
		}
		return "gauge", all
	case metricdata.Histogram[float64]:
		for _, point := range data.DataPoints {
			all = append(all, series{point.Attributes, fmt.Sprintf("%d of %v", point.Count, point.Sum)})
		}
		return "histogram", all
	}
	t.Fatalf("%s has data of type %T", m.Name, m.Data)
	return "", nil
}

// lines are all series, such as `authrocket.logouts{authrocket.logout.local=true} 1`, sorted,
// without the counters that have counted nothing.
func (m meter) lines() []string {
	m.t.Helper()
	var lines []string
	for _, metric := range m.read() {
		kind, all := seriesOf(m.t, metric)
		for _, s := range all {
			if kind == "counter" && s.value == "0" {
				continue
			}
			lines = append(lines, metric.Name+"{"+s.attributes.Encoded(attribute.DefaultEncoder())+"} "+s.value)
		}
	}
	slices.Sort(lines)
	return lines
}

func (m meter) expect(what string, want ...string) {
	m.t.Helper()
	if got := m.lines(); !slices.Equal(got, slices.Sorted(slices.Values(want))) {
		m.t.Errorf("%s: got\n  %s\nwant\n  %s", what, strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

// value is that of the only series of a metric, "" without one.
func (m meter) value(name string) string {
	m.t.Helper()
	values := map[string]bool{}
	for _, metric := range m.read() {
		if metric.Name == name {
			_, all := seriesOf(m.t, metric)
			for _, s := range all {
				values[s.value] = true
			}
		}
	}
	return strings.Join(slices.Sorted(maps.Keys(values)), ", ")
}

func readFile(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
