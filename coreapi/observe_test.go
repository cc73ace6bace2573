package coreapi_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/authrocket-go/authrocket/coreapi"
)

func TestObserver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		type key struct{}
		var events []coreapi.RequestEvent
		server := newAPI(
			answer(201, adaJSON, "X-Request-ID", "rq_1"),
			answer(429, "", "Retry-After", "3"), answer(404, `{}`, "X-Request-ID", "rq_2"),
			answer(200, pageOf(true, "a")), answer(200, pageOf(true, "a")),
		)
		config := testConfig(server)
		config.Observer.Request = func(ctx context.Context, e coreapi.RequestEvent) {
			if ctx.Value(key{}) != "value" {
				t.Error("the context is not the caller's")
			}
			events = append(events, e)
		}
		client := newClient(t, config)
		ctx := context.WithValue(t.Context(), key{}, "value")
		client.Users.Authenticate(ctx, "ada@example.com", coreapi.Hide(hidden))
		client.Sessions.Delete(ctx, coreapi.Hide("kss_"+hidden))
		client.Users.Get(ctx, "")
		firstError(client.Users.All(ctx, coreapi.UserQuery{}))
		want := []coreapi.RequestEvent{
			{Method: "POST", Path: "/users/{id}/authenticate", Status: 201, RequestID: "rq_1", Attempts: 1},
			{Method: "DELETE", Path: "/sessions/{id}", Status: 404, RequestID: "rq_2", Attempts: 2, Reason: "not_found", Duration: 3 * time.Second, Wait: 3 * time.Second},
			{Method: "GET", Path: "/users/{id}", Reason: "invalid"},
			{Method: "GET", Path: "/users", Status: 200, Attempts: 1},
			{Method: "GET", Path: "/users", Status: 200, Attempts: 1, Reason: "unexpected"},
		}
		if len(events) != len(want) {
			t.Fatalf("got %d events, want %d", len(events), len(want))
		}
		for i, e := range events {
			if (e.Err != nil) != (want[i].Reason != "") || coreapi.Reason(e.Err) != want[i].Reason {
				t.Errorf("event %d: got error %v", i, e.Err)
			}
			// After a pause the budget starts empty.
			e.Err, e.Duration, e.Wait = nil, e.Duration.Truncate(time.Second), e.Wait.Truncate(time.Second)
			if e != want[i] {
				t.Errorf("event %d: got %+v, want %+v", i, e, want[i])
			}
			expectHidden(t, printed(t, events[i]), hidden, testKey)
		}
	})
}

func TestLogObserver(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name   string
		answer answerFunc
		want   string // the level
	}{
		{name: "what works is debug", answer: answer(200, adaJSON), want: "DEBUG"},
		{name: "what is not there is info", answer: answer(404, `{}`), want: "INFO"},
		{name: "what is invalid is info", answer: answer(422, `{}`), want: "INFO"},
		{name: "a key that is refused is a warning", answer: answer(403, `{}`), want: "WARN"},
		{name: "trouble is a warning", answer: answer(503, ``), want: "WARN"},
		{name: "a defect is a warning", answer: answer(200, `{`), want: "WARN"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var all, info bytes.Buffer
				for buffer, level := range map[*bytes.Buffer]slog.Level{&all: slog.LevelDebug, &info: slog.LevelInfo} {
					config := testConfig(newAPI(row.answer))
					config.Observer = coreapi.LogObserver(slog.New(slog.NewTextHandler(buffer, &slog.HandlerOptions{Level: level})))
					newClient(t, config).Users.Get(t.Context(), hidden)
				}
				if !strings.Contains(all.String(), "level="+row.want) || !strings.Contains(all.String(), "path=/users/{id}") || strings.Count(all.String(), "\n") != 1 {
					t.Errorf("got %q, want one line of level %s", &all, row.want)
				}
				if (info.Len() == 0) != (row.want == "DEBUG") {
					t.Errorf("at level info: got %q", &info)
				}
				expectHidden(t, all.String(), hidden, testKey)
			})
		})
	}
	if coreapi.LogObserver(nil).Request == nil {
		t.Error("a nil logger logs nothing")
	}
	coreapi.LogObserver(slog.New(slog.DiscardHandler)).Request(t.Context(), coreapi.RequestEvent{Err: errors.New("odd")})
}
