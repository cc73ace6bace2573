package authrocketotel_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/coreapi"
	"github.com/authrocket-go/authrocket/loginrocket"
	"github.com/authrocket-go/authrocket/sessionstate"
	"github.com/authrocket-go/authrocket/webhook"
)

type contextKey struct{}

func TestNextGetsEveryEvent(t *testing.T) {
	t.Parallel()
	var sent, got []any
	note := func(to *[]any) observers {
		add := func(ctx context.Context, event any) {
			if ctx.Value(contextKey{}) != "value" {
				t.Error("the context is not that of the event")
			}
			*to = append(*to, event)
		}
		return observers{
			auth: authrocket.Observer{
				Decision:   func(ctx context.Context, d authrocket.Decision) { add(ctx, d) },
				KeyRefresh: func(ctx context.Context, k authrocket.KeyRefresh) { add(ctx, k) },
				Login:      func(ctx context.Context, l authrocket.Login) { add(ctx, l) },
				Logout:     func(ctx context.Context, l authrocket.Logout) { add(ctx, l) },
				Warning:    func(ctx context.Context, err error) { add(ctx, err.Error()) },
			},
			core:  coreapi.Observer{Request: func(ctx context.Context, e coreapi.RequestEvent) { add(ctx, e) }},
			login: loginrocket.Observer{Request: func(ctx context.Context, e loginrocket.RequestEvent) { add(ctx, e) }},
			session: sessionstate.Observer{
				Check:   func(ctx context.Context, e sessionstate.CheckEvent) { add(ctx, e) },
				Ended:   func(ctx context.Context, e sessionstate.EndedEvent) { add(ctx, e) },
				Trouble: func(ctx context.Context, err error) { add(ctx, err.Error()) },
			},
			webhook: webhook.Observer{Event: func(ctx context.Context, o webhook.Outcome) { add(ctx, o) }},
		}
	}
	ctx := context.WithValue(context.Background(), contextKey{}, "value")
	note(&sent).all(ctx)
	observersOf(newMeter(t), note(&got)).all(ctx)
	if len(sent) != 11 || !slices.EqualFunc(got, sent, reflect.DeepEqual) {
		t.Errorf("got\n%v\nwant\n%v", got, sent)
	}
}

// A new function of an Observer, or a new Observer, has to be passed on, too.
func TestObserversAreComplete(t *testing.T) {
	t.Parallel()
	o := observersOf(newMeter(t), silent())
	count := 0
	for _, observer := range []any{o.auth, o.core, o.login, o.session, o.webhook} {
		fields := reflect.ValueOf(observer)
		for i := range fields.NumField() {
			count++
			if fields.Field(i).IsNil() {
				t.Errorf("%s.%s is nil", fields.Type(), fields.Type().Field(i).Name)
			}
		}
	}
	if count != 11 {
		t.Errorf("there are %d functions, and the tests know 11", count)
	}
}

// Of an Observer some functions may be nil.
func TestNextNeedsNoFunction(t *testing.T) {
	t.Parallel()
	m := newMeter(t)
	observersOf(m, silent()).all(t.Context())
	if got := m.value("authrocket.decisions"); got != "1" {
		t.Errorf("got %q decisions, want 1", got)
	}
	next := authrocket.Observer{Decision: func(context.Context, authrocket.Decision) {}}
	m.Observer(next).Warning(t.Context(), authrocket.ErrForbidden)
	m.Observer(next).KeyRefresh(t.Context(), authrocket.KeyRefresh{})
	m.Observer(next).Login(t.Context(), authrocket.Login{})
	m.SessionState(sessionstate.Observer{Check: func(context.Context, sessionstate.CheckEvent) {}}).Trouble(t.Context(), authrocket.ErrForbidden)
}

// Not parallel: the default logger belongs to the whole process.
func TestZeroObserversStillLogWarnings(t *testing.T) {
	before := slog.Default()
	t.Cleanup(func() { slog.SetDefault(before) })
	for _, row := range []struct {
		name string
		next observers
		want []string
	}{
		{name: "zero", want: []string{
			`msg="authrocket key refresh" reason=key_skipped error=odd`,
			fmt.Sprintf(`msg="authrocket login" reason=wrong_realm error=%q`, authrocket.ErrWrongRealm),
			`msg="authrocket warning" error="mend it"`,
			`msg="authrocket session state" error="the log cannot be read"`,
		}},
		{name: "silent", next: silent()},
		{name: "of one function", next: observers{
			auth:    authrocket.Observer{Logout: func(context.Context, authrocket.Logout) {}},
			session: sessionstate.Observer{Ended: func(context.Context, sessionstate.EndedEvent) {}},
		}},
	} {
		observed := observersOf(newMeter(t), row.next)
		// A program may set its logger after it has made the Observers.
		var log bytes.Buffer
		slog.SetDefault(slog.New(slog.NewTextHandler(&log, nil)))
		observed.all(t.Context())
		var got []string
		for line := range strings.Lines(log.String()) {
			_, line, _ = strings.Cut(strings.TrimSpace(line), " level=WARN ")
			got = append(got, line)
		}
		if !slices.Equal(got, row.want) {
			t.Errorf("%s: got\n%s\nwant\n%s", row.name, strings.Join(got, "\n"), strings.Join(row.want, "\n"))
		}
	}
}
