package authrocketotel_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/authrocketotel"
	"github.com/authrocket-go/authrocket/authrockettest"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
)

// app is an app whose decisions a Telemetry observes.
type app struct {
	meter
	realm *authrockettest.Realm
	auth  *authrocket.Auth
	ada   authrockettest.User
}

func newApp(t *testing.T, configure ...func(*authrocketotel.Config)) app {
	t.Helper()
	a := app{meter: newMeter(t, configure...), realm: authrockettest.NewRealm(t)}
	a.ada = a.realm.AddUser(authrockettest.User{Email: "ada@example.com"})
	a.auth = a.newAuth(t)
	return a
}

func (a app) newAuth(t *testing.T) *authrocket.Auth {
	t.Helper()
	config := a.realm.Config()
	config.Observer = a.Observer(authrocket.SilentObserver())
	auth, err := authrocket.New(config)
	if err != nil {
		t.Fatal(err)
	}
	authrockettest.Warm(t, auth)
	return auth
}

var mayBill = authrocket.Permission("billing:write")

func TestDecisionsAreWrittenToTheSpan(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for _, userIDs := range []bool{false, true} {
			a := newApp(t, func(c *authrocketotel.Config) { c.UserIDs = userIDs })
			token := a.realm.Token(a.ada)
			session, err := a.auth.Verify(t.Context(), token)
			if err != nil {
				t.Fatal(err)
			}
			other := authrocket.WithSession(t.Context(), session)
			serve := func(ctx context.Context, h http.Handler, headers ...string) {
				r := httptest.NewRequestWithContext(ctx, http.MethodGet, "/path/of/somebody", nil)
				for _, header := range headers {
					name, value, _ := strings.Cut(header, ": ")
					r.Header.Set(name, value)
				}
				h.ServeHTTP(httptest.NewRecorder(), r)
			}
			page := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
			bearer := "Authorization: Bearer " + token
			for _, row := range []struct {
				name    string
				do      func(context.Context)
				want    string
				hasUser bool
			}{
				{name: "an anonymous visitor", do: func(ctx context.Context) { serve(ctx, a.auth.Authenticate(page)) },
					want: "allowed=false reason=no_token source=none"},
				{name: "a user on an open page", do: func(ctx context.Context) { serve(ctx, a.auth.Authenticate(page), bearer) },
					want: "allowed=true reason= source=bearer", hasUser: true},
				{name: "a user at a gate", do: func(ctx context.Context) { serve(ctx, a.auth.Authenticate(a.auth.RequireLogin(page)), bearer) },
					want: "allowed=true reason= source=bearer", hasUser: true},
				{name: "a user at a gate alone", do: func(ctx context.Context) { serve(ctx, a.auth.RequireLogin(page), bearer) },
					want: "allowed=true reason= source=bearer", hasUser: true},
				{name: "a user whom a rule refuses", do: func(ctx context.Context) { serve(ctx, a.auth.Authenticate(a.auth.Require(mayBill)(page)), bearer) },
					want: "allowed=false reason=permission_denied source=bearer", hasUser: true},
				{name: "a token that is not valid", do: func(ctx context.Context) {
					serve(ctx, a.auth.RequireLogin(page), "Authorization: Bearer "+token+".x")
				}, want: "allowed=false reason=token_malformed source=bearer"},
				{name: "a login route that refuses, of a visitor with a session of another Auth", do: func(ctx context.Context) {
					r := httptest.NewRequestWithContext(authrocket.WithSession(ctx, session), http.MethodPost, "/auth/logout", nil)
					r.Header.Set("Origin", "https://evil.example")
					a.auth.LoginRoutes().ServeHTTP(httptest.NewRecorder(), r)
				}, want: "allowed=false reason=cross_site source=none"},
				{name: "CheckToken", do: func(ctx context.Context) { a.auth.CheckToken(ctx, token, "") },
					want: "allowed=true reason= source=bearer", hasUser: true},
				{name: "CheckToken, refused by a rule", do: func(ctx context.Context) { a.auth.CheckToken(ctx, token, "", mayBill) },
					want: "allowed=false reason=permission_denied source=bearer", hasUser: true},
				{name: "CheckContext", do: func(ctx context.Context) {
					ctx, _ = a.auth.CheckToken(ctx, token, "")
					a.auth.CheckContext(ctx, "")
				}, want: "allowed=true reason= source=bearer", hasUser: true},
				{name: "CheckContext of another Auth's session", do: func(ctx context.Context) {
					a.auth.CheckContext(authrocket.WithSession(ctx, session), "")
				}, want: "allowed=false reason=no_token source=none"},
				{name: "a gate that allows what was refused before", do: func(ctx context.Context) {
					a.auth.CheckToken(ctx, "", "")
					a.auth.CheckToken(ctx, token, "")
				}, want: "allowed=true reason= source=bearer", hasUser: true},
			} {
				spans := tracetest.NewSpanRecorder()
				ctx, span := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans)).Tracer("test").Start(t.Context(), "request")
				row.do(ctx)
				span.End()
				ended := spans.Ended()[0]
				got, gotUser := describe(ended.Attributes())
				wantUser := ""
				if userIDs && row.hasUser {
					wantUser = a.ada.ID
				}
				if got != row.want || gotUser != wantUser {
					t.Errorf("%s, UserIDs %t: got %s and user %q, want %s and user %q", row.name, userIDs, got, gotUser, row.want, wantUser)
				}
				if ended.Status().Code != codes.Unset || len(ended.Events()) > 0 {
					t.Errorf("%s: the span has status %v and events %v", row.name, ended.Status(), ended.Events())
				}
				printed := fmt.Sprintf("%+v", ended)
				for _, hidden := range []string{session.ID(), token, a.ada.Email, "/path/of/somebody"} {
					if strings.Contains(printed, hidden) {
						t.Errorf("%s: the span holds %s", row.name, hidden)
					}
				}
				if strings.Contains(printed, a.ada.ID) != (wantUser != "") {
					t.Errorf("%s, UserIDs %t: the user's ID in the span: %s", row.name, userIDs, printed)
				}
			}
			// Without a span, and with one that does not record.
			a.auth.CheckToken(other, token, "")
			a.auth.CheckToken(trace.ContextWithSpan(other, sampledOut{t: t}), token, "")
			if got := strings.Join(a.lines(), "\n"); strings.Contains(got, a.ada.ID) || strings.Contains(got, session.ID()) || strings.Contains(got, "somebody") {
				t.Errorf("a metric holds an ID or a path:\n%s", got)
			}
		}
	})
}

// describe returns what a decision has written to a span, and the user's ID. Anything else is
// shown, too.
func describe(attributes []attribute.KeyValue) (decision, userID string) {
	values := map[attribute.Key]string{}
	for _, a := range attributes {
		values[a.Key] = a.Value.String()
	}
	decision = fmt.Sprintf("allowed=%s reason=%s source=%s", values["authrocket.allowed"], values["authrocket.reason"], values["authrocket.source"])
	userID = values["user.id"]
	for _, key := range []attribute.Key{"authrocket.allowed", "authrocket.reason", "authrocket.source", "user.id"} {
		delete(values, key)
	}
	for key, value := range values {
		decision += fmt.Sprintf(" %s=%s", key, value)
	}
	return decision, userID
}

// sampledOut is a span that does not record.
type sampledOut struct {
	trace.Span
	t *testing.T
}

func (sampledOut) IsRecording() bool { return false }

func (s sampledOut) SetAttributes(...attribute.KeyValue) {
	s.t.Error("attributes are written to a span that does not record")
}

func (sampledOut) SpanContext() trace.SpanContext { return trace.SpanContext{} }

func TestHostileDecisionsInSpans(t *testing.T) {
	t.Parallel()
	m := newMeter(t, func(c *authrocketotel.Config) { c.UserIDs = true })
	spans := tracetest.NewSpanRecorder()
	ctx, span := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans)).Tracer("test").Start(t.Context(), "request")
	m.Observer(authrocket.SilentObserver()).Decision(ctx, authrocket.Decision{Reason: secret, Err: errors.New(secret), Source: secret, Method: secret, Pattern: secret})
	span.End()
	if got, _ := describe(spans.Ended()[0].Attributes()); got != "allowed=false reason=_OTHER source=_OTHER" {
		t.Errorf("got %s", got)
	}
}

// Requests come while somebody reads.
func TestConcurrentEvents(t *testing.T) {
	t.Parallel()
	m := newMeter(t)
	o := observersOf(m, silent())
	var parts sync.WaitGroup
	for range 8 {
		parts.Go(func() {
			for range 50 {
				o.all(t.Context())
				m.Observer(authrocket.SilentObserver())
			}
		})
	}
	for range 50 {
		m.read()
	}
	parts.Wait()
	if got := m.value("authrocket.logouts"); got != "400" {
		t.Errorf("got %s logouts, want 400", got)
	}
}

// What a known token costs besides is in the benchmarks.
func TestDecisionsAllocateNothing(t *testing.T) {
	m := newMeter(t)
	o := m.Observer(authrocket.SilentObserver())
	ctx := context.Background()
	for _, d := range []authrocket.Decision{
		{Gate: true, Allowed: true, Source: authrocket.SourceBearer},
		{Reason: "no_token", Err: authrocket.ErrNoToken, Source: authrocket.SourceNone},
	} {
		if got := testing.AllocsPerRun(1_000, func() { o.Decision(ctx, d) }); got != 0 {
			t.Errorf("%+v: got %v allocations, want 0", d, got)
		}
	}
}
