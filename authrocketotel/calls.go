package authrocketotel

import (
	"context"
	"time"

	"github.com/authrocket-go/authrocket/coreapi"
	"github.com/authrocket-go/authrocket/loginrocket"
	"github.com/authrocket-go/authrocket/webhook"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// CoreAPI returns an Observer for a [coreapi.Config]. The Observer measures every call, and
// passes the call to next.
func (t *Telemetry) CoreAPI(next coreapi.Observer) coreapi.Observer {
	return coreapi.Observer{Request: func(ctx context.Context, e coreapi.RequestEvent) {
		t.measureCall(ctx, call{
			api: coreCalls, method: e.Method, path: corePaths.bounded(e.Path), status: e.Status,
			attempts: e.Attempts, duration: e.Duration, hasFailed: e.Err != nil, reason: coreReasons.bounded(e.Reason),
		})
		t.callWait.Record(ctx, e.Wait.Seconds(), coreCalls)
		if next.Request != nil {
			next.Request(ctx, e)
		}
	}}
}

// LoginRocket returns an Observer for a [loginrocket.Config]. The Observer measures every call,
// and passes the call to next.
func (t *Telemetry) LoginRocket(next loginrocket.Observer) loginrocket.Observer {
	return loginrocket.Observer{Request: func(ctx context.Context, e loginrocket.RequestEvent) {
		t.measureCall(ctx, call{
			api: loginCalls, method: e.Method, path: loginPaths.bounded(e.Path), status: e.Status,
			attempts: e.Attempts, duration: e.Duration, hasFailed: e.Err != nil, reason: loginReasons.bounded(e.Reason),
		})
		if next.Request != nil {
			next.Request(ctx, e)
		}
	}}
}

// call is a call to one of the APIs. The values of api, path and reason each come from a fixed
// set.
type call struct {
	api       metric.MeasurementOption
	method    string
	path      string
	status    int
	attempts  int
	duration  time.Duration
	hasFailed bool
	reason    string
}

var (
	coreCalls  = with(keyAPI.String("coreapi"))
	loginCalls = with(keyAPI.String("loginrocket"))
)

func (t *Telemetry) measureCall(ctx context.Context, c call) {
	attributes := []attribute.KeyValue{keyMethod.String(methods.bounded(c.method)), keyURLTemplate.String(c.path)}
	if isStatus(c.status) {
		attributes = append(attributes, keyStatus.Int(c.status))
	}
	if c.hasFailed {
		attributes = append(attributes, keyErrorType.String(c.reason))
	}
	t.callDuration.Record(ctx, c.duration.Seconds(), c.api, with(attributes...))
	t.callAttempts.Add(ctx, int64(c.attempts), c.api)
}

// Webhook returns an Observer for a [webhook.Config]. The Observer measures every webhook, and
// passes the webhook to next.
func (t *Telemetry) Webhook(next webhook.Observer) webhook.Observer {
	return webhook.Observer{Event: func(ctx context.Context, o webhook.Outcome) {
		var attributes []attribute.KeyValue
		if reason := webhookReasons.bounded(o.Reason); reason != "" {
			attributes = append(attributes, keyReason.String(reason))
		}
		if isStatus(o.Status) {
			attributes = append(attributes, keyStatus.Int(o.Status))
		}
		t.webhookDuration.Record(ctx, o.Duration.Seconds(), with(attributes...))
		if next.Event != nil {
			next.Event(ctx, o)
		}
	}}
}
