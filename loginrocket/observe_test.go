package loginrocket_test

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
	"github.com/authrocket-go/authrocket/loginrocket"
)

func TestObserver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		type key struct{}
		var events []loginrocket.RequestEvent
		server := newLR(
			answer(200, fullLogin, "X-Request-ID", "rq_1"),
			slow(2*time.Second, answer(403, refusal, "X-Request-ID", "rq_2")),
			answer(503, ""), answer(200, conditional),
			lose,
		)
		config := testConfig(server)
		config.Observer.Request = func(ctx context.Context, e loginrocket.RequestEvent) {
			if ctx.Value(key{}) != "value" {
				t.Error("the context is not the caller's")
			}
			events = append(events, e)
		}
		client := newClient(t, config)
		ctx := context.WithValue(t.Context(), key{}, "value")
		client.Login(ctx, "ada", hide(password))
		client.Logout(ctx, hide(sessionID))
		client.TokenSource(hide(sessionID), "").Token(ctx)
		client.Signup(ctx, loginrocket.NewSignup{Password: hide(password)})
		client.Logout(ctx, coreapi.Secret{})
		want := []loginrocket.RequestEvent{
			{Method: "POST", Path: "/login", Status: 200, RequestID: "rq_1", Attempts: 1},
			{Method: "DELETE", Path: "/session", Status: 403, RequestID: "rq_2", Attempts: 1, Duration: 2 * time.Second, Reason: "session_ended"},
			{Method: "GET", Path: "/session", Status: 200, Attempts: 2},
			{Method: "POST", Path: "/signup", Attempts: 1, Reason: "unavailable"},
			{Method: "DELETE", Path: "/session", Reason: "session_ended"},
		}
		if len(events) != len(want) {
			t.Fatalf("got %d events, want %d", len(events), len(want))
		}
		for i, e := range events {
			if (e.Err != nil) != (want[i].Reason != "") || loginrocket.Reason(e.Err) != want[i].Reason {
				t.Errorf("event %d: got error %v", i, e.Err)
			}
			e.Err, e.Duration = nil, e.Duration.Truncate(time.Second)
			if e != want[i] {
				t.Errorf("event %d: got %+v, want %+v", i, e, want[i])
			}
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
		{name: "what works is debug", answer: answer(200, fullLogin), want: "DEBUG"},
		{name: "what is refused is info", answer: answer(422, refusal), want: "INFO"},
		{name: "a session that ended is info", answer: answer(403, refusal), want: "INFO"},
		{name: "a limit is a warning", answer: answer(429, ""), want: "WARN"},
		{name: "trouble is a warning", answer: answer(501, ""), want: "WARN"},
		{name: "a defect is a warning", answer: answer(200, "{"), want: "WARN"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			var all, info bytes.Buffer
			for buffer, level := range map[*bytes.Buffer]slog.Level{&all: slog.LevelDebug, &info: slog.LevelInfo} {
				config := testConfig(newLR(row.answer))
				config.Observer = loginrocket.LogObserver(slog.New(slog.NewTextHandler(buffer, &slog.HandlerOptions{Level: level})))
				newClient(t, config).Session(t.Context(), hide(sessionID), "")
			}
			if !strings.Contains(all.String(), "level="+row.want) || !strings.Contains(all.String(), "path=/session") || strings.Count(all.String(), "\n") != 1 {
				t.Errorf("got %q, want one line of level %s", &all, row.want)
			}
			if (info.Len() == 0) != (row.want == "DEBUG") {
				t.Errorf("at level info: got %q", &info)
			}
		})
	}
	if loginrocket.LogObserver(nil).Request == nil {
		t.Error("a nil logger logs nothing")
	}
	loginrocket.LogObserver(slog.New(slog.DiscardHandler)).Request(t.Context(), loginrocket.RequestEvent{Err: errors.New("odd")})
}
