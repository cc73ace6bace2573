package main

import (
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"time"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/authrocketotel"
	"github.com/authrocket-go/authrocket/coreapi"
	"github.com/authrocket-go/authrocket/sessionstate"
	"github.com/authrocket-go/authrocket/webhook"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.opentelemetry.io/otel/exporters/prometheus"
	"go.opentelemetry.io/otel/sdk/metric"
)

// newTelemetry returns a Telemetry, and the handler that Prometheus reads.
func newTelemetry() (*authrocketotel.Telemetry, http.Handler, error) {
	exporter, err := prometheus.New()
	if err != nil {
		return nil, nil, err
	}
	telemetry, err := authrocketotel.New(authrocketotel.Config{
		MeterProvider: metric.NewMeterProvider(metric.WithReader(exporter)),
	})
	if err != nil {
		return nil, nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.Handler())
	return telemetry, mux, nil
}

// settings are the settings of this program. An app uses authrocket.ConfigFromEnv() and
// coreapi.ConfigFromEnv() instead.
type settings struct {
	auth          authrocket.Config
	api           coreapi.Config
	webhookSecret coreapi.Secret
	checkInterval time.Duration
}

// app is the web app.
type app struct {
	auth  *authrocket.Auth
	api   *coreapi.Client
	state *sessionstate.State
	hook  http.Handler
}

// newApp returns an app that reports everything to telemetry.
func newApp(telemetry *authrocketotel.Telemetry, s settings) (*app, error) {
	logger := slog.Default()

	s.api.Observer = telemetry.CoreAPI(coreapi.LogObserver(logger))
	api, err := coreapi.New(s.api)
	if err != nil {
		return nil, err
	}

	state, err := sessionstate.New(sessionstate.Config{
		API: api, CheckInterval: s.checkInterval,
		Observer: telemetry.SessionState(sessionstate.LogObserver(logger)),
	})
	if err != nil {
		return nil, err
	}
	telemetry.ObserveState(state)

	hook, err := webhook.New(webhook.Config{
		API: api, Secrets: []coreapi.Secret{s.webhookSecret},
		Handle: state.HandleEvent, Suspect: state.Suspect,
		Observer: telemetry.Webhook(webhook.LogObserver(logger)),
	})
	if err != nil {
		return nil, err
	}

	s.auth.SessionState = state
	s.auth.Observer = telemetry.Observer(authrocket.LogObserver(logger))
	auth, err := authrocket.New(s.auth)
	if err != nil {
		return nil, err
	}
	return &app{auth, api, state, hook}, nil
}

func (a *app) routes() http.Handler {
	mayBill := a.auth.Require(authrocket.Permission("billing:write"))

	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", home)
	mux.Handle("GET /manage", a.auth.RequireLogin(http.HandlerFunc(manage)))
	mux.Handle("GET /billing", mayBill(http.HandlerFunc(billing)))
	mux.Handle("GET /record", a.auth.RequireLogin(http.HandlerFunc(a.record)))

	outer := http.NewServeMux()
	outer.Handle("/hooks/authrocket", a.hook) // outside Authenticate, because AuthRocket does not log in
	outer.Handle("/", a.auth.Authenticate(mux))
	return outer
}

var homePage = template.Must(template.New("").Parse(`<!doctype html>
<html lang="en">
<title>Telemetry</title>
<h1>{{with .Name}}Hello, {{.}}{{else}}Nobody is signed in{{end}}</h1>
<ul>
<li><a href="/manage">/manage</a> needs a login</li>
<li><a href="/billing">/billing</a> needs a permission</li>
<li><a href="/record">/record</a> calls the Core API</li>
</ul>
<form method="post" action="/auth/logout"><button>Sign out</button></form>
</html>
`))

func home(w http.ResponseWriter, r *http.Request) {
	user, _ := authrocket.CurrentUser(r.Context())
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	if err := homePage.Execute(w, user); err != nil {
		slog.WarnContext(r.Context(), "the page cannot be shown", "error", err)
	}
}

func manage(w http.ResponseWriter, r *http.Request) {
	user, _ := authrocket.CurrentUser(r.Context())
	fmt.Fprintf(w, "Hi %s\n", user.Name)
}

func billing(w http.ResponseWriter, r *http.Request) {
	org, _ := authrocket.CurrentOrg(r.Context())
	fmt.Fprintf(w, "Billing of %s\n", org.Name)
}

// record shows the user's current record at AuthRocket. The record can be newer than the
// token, which contains the data from the time when it was issued.
func (a *app) record(w http.ResponseWriter, r *http.Request) {
	user, _ := authrocket.CurrentUser(r.Context())
	record, err := a.api.Users.Get(r.Context(), user.ID)
	if err != nil {
		http.Error(w, "the record cannot be read; try again in a moment", http.StatusBadGateway)
		return
	}
	fmt.Fprintf(w, "%s, %s\n", record.Name, record.Email)
}
