package authrocketotel_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/authrocketotel"
	"github.com/authrocket-go/authrocket/coreapi"
	"github.com/authrocket-go/authrocket/sessionstate"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
)

// This example uses a manual reader. A program uses an exporter.
func Example() {
	reader := metric.NewManualReader()
	telemetry, err := authrocketotel.New(authrocketotel.Config{MeterProvider: metric.NewMeterProvider(metric.WithReader(reader))})
	if err != nil {
		fmt.Println(err)
		return
	}
	auth, err := authrocket.New(authrocket.Config{
		LoginRocketURL: "https://example.e2.loginrocket.com",
		AppURL:         "https://app.example.com",
		Observer:       telemetry.Observer(authrocket.Observer{}), // logs warnings, as without
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	app := auth.Authenticate(http.NotFoundHandler())
	app.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "https://app.example.com/", nil))

	var all metricdata.ResourceMetrics
	if err := reader.Collect(context.Background(), &all); err != nil {
		fmt.Println(err)
		return
	}
	for _, m := range all.ScopeMetrics[0].Metrics {
		for _, point := range m.Data.(metricdata.Sum[int64]).DataPoints {
			if point.Value == 0 {
				continue
			}
			fmt.Println(m.Name, point.Attributes.Encoded(attribute.DefaultEncoder()), point.Value)
		}
	}
	// Output:
	// authrocket.decisions authrocket.gate=false,authrocket.outcome=anonymous,authrocket.reason=no_token,authrocket.source=none 1
}

// This app observes its client of the Core API and the state of its sessions.
func ExampleTelemetry_ObserveState() {
	telemetry, err := authrocketotel.New(authrocketotel.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	apiConfig := coreapi.ConfigFromEnv()
	apiConfig.Observer = telemetry.CoreAPI(coreapi.LogObserver(nil))
	api, err := coreapi.New(apiConfig)
	if err != nil {
		fmt.Println("without a key there is no client")
		return
	}
	state, err := sessionstate.New(sessionstate.Config{API: api, Observer: telemetry.SessionState(sessionstate.Observer{})})
	if err != nil {
		fmt.Println(err)
		return
	}
	telemetry.ObserveState(state)
}
