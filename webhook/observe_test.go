package webhook_test

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/authrocket-go/authrocket/coreapi"
	"github.com/authrocket-go/authrocket/webhook"
)

func TestOutcome(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHook(t)
		body := h.happened("ev_1")
		event := h.api.records["/events/ev_1"]
		h.api.set("/events/ev_1", "")
		time.AfterFunc(time.Second, func() { h.api.set("/events/ev_1", event) })
		h.wantAnswer(t, body, 204, "")
		o := h.last()
		if o.ID != "ev_1" || o.Type != "user.updated" || o.Err != nil || o.Duration < time.Second || o.Duration > 3*time.Second {
			t.Errorf("got %+v", o)
		}
		h.breaks(t)
		if o = h.last(); o.ID != "ev_2" || o.Status != 503 || !errors.Is(o.Err, coreapi.ErrKeyRefused) {
			t.Errorf("got %+v", o)
		}
		if len(h.outcomes) != 2 {
			t.Errorf("%d outcomes", len(h.outcomes))
		}
	})
}

// breaks sends a webhook while the API refuses its key.
func (h *hook) breaks(t testing.TB) {
	t.Helper()
	h.api.breakWith(reply(403, `{}`))
	h.wantAnswer(t, `{"id": "ev_2", "event_type": "user.updated"}`, 503, "api_refused")
}

func TestNoObserver(t *testing.T) {
	t.Parallel()
	h := newHook(t, func(c *webhook.Config) { c.Observer = webhook.Observer{} })
	if w := h.serve(post(`{"event_type": "ping"}`)); w.Code != 204 {
		t.Errorf("got %d", w.Code)
	}
}

func TestLogObserver(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name    string
		outcome webhook.Outcome
		want    string
	}{
		{name: "handled", outcome: webhook.Outcome{ID: "ev_1", Type: "ping", Status: 204, Duration: time.Second},
			want: `level=DEBUG msg="authrocket webhook" event_id=ev_1 event_type=ping status=204 duration=1s`},
		{name: "refused", outcome: webhook.Outcome{Status: 404, Reason: "wrong_secret"},
			want: `level=INFO msg="authrocket webhook" event_id="" event_type="" status=404 duration=0s reason=wrong_secret`},
		{name: "trouble", outcome: webhook.Outcome{Status: 503, Reason: "handler", Err: errOfTheApp},
			want: `level=WARN msg="authrocket webhook" event_id="" event_type="" status=503 duration=0s reason=handler error="the app's database is away"`},
		{name: "handled, with trouble", outcome: webhook.Outcome{Status: 204, Reason: "seen", Err: errOfTheApp},
			want: `level=WARN msg="authrocket webhook" event_id="" event_type="" status=204 duration=0s reason=seen error="the app's database is away"`},
		{name: "a panic", outcome: webhook.Outcome{Reason: "panic"},
			want: `level=WARN msg="authrocket webhook" event_id="" event_type="" status=0 duration=0s reason=panic`},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			var log bytes.Buffer
			logger := slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug, ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
				if a.Key == slog.TimeKey {
					return slog.Attr{}
				}
				return a
			}}))
			webhook.LogObserver(logger).Event(t.Context(), row.outcome)
			if got := strings.TrimSpace(log.String()); got != row.want {
				t.Errorf("got  %s\nwant %s", got, row.want)
			}
			quiet := slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelError}))
			log.Reset()
			webhook.LogObserver(quiet).Event(t.Context(), row.outcome)
			if log.Len() > 0 {
				t.Errorf("a level that is off got %s", &log)
			}
		})
	}
	webhook.LogObserver(nil).Event(t.Context(), webhook.Outcome{Status: 204})
}
