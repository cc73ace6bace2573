package authrocketotel_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/coreapi"
	"github.com/authrocket-go/authrocket/loginrocket"
	"github.com/authrocket-go/authrocket/sessionstate"
	"github.com/authrocket-go/authrocket/webhook"
)

// observers are one of each package.
type observers struct {
	auth    authrocket.Observer
	core    coreapi.Observer
	login   loginrocket.Observer
	session sessionstate.Observer
	webhook webhook.Observer
}

// observersOf report to m and to next.
func observersOf(m meter, next observers) observers {
	return observers{m.Observer(next.auth), m.CoreAPI(next.core), m.LoginRocket(next.login), m.SessionState(next.session), m.Webhook(next.webhook)}
}

func TestEventsAreMeasured(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	odd := errors.New("odd")
	for _, row := range []struct {
		name  string
		event func(observers)
		want  []string
	}{
		{name: "a visitor who is signed in", event: func(o observers) {
			o.auth.Decision(ctx, authrocket.Decision{Allowed: true, Source: authrocket.SourceCookie, Method: "GET", Pattern: "GET /x"})
		}, want: []string{"authrocket.decisions{authrocket.gate=false,authrocket.outcome=signed_in,authrocket.source=cookie} 1"}},
		{name: "an anonymous visitor", event: func(o observers) {
			o.auth.Decision(ctx, authrocket.Decision{Reason: "no_token", Err: authrocket.ErrNoToken, Source: authrocket.SourceNone})
		}, want: []string{"authrocket.decisions{authrocket.gate=false,authrocket.outcome=anonymous,authrocket.reason=no_token,authrocket.source=none} 1"}},
		{name: "an open route that does not wait", event: func(o observers) {
			o.auth.Decision(ctx, authrocket.Decision{Reason: "keys_unavailable", Err: authrocket.ErrKeysUnavailable, Source: authrocket.SourceBearer})
		}, want: []string{"authrocket.decisions{authrocket.gate=false,authrocket.outcome=undecided,authrocket.reason=keys_unavailable,authrocket.source=bearer} 1"}},
		{name: "a gate that allows twice", event: func(o observers) {
			o.auth.Decision(ctx, authrocket.Decision{Gate: true, Allowed: true, Source: authrocket.SourceBearer})
			o.auth.Decision(ctx, authrocket.Decision{Gate: true, Allowed: true, Source: authrocket.SourceBearer})
		}, want: []string{"authrocket.decisions{authrocket.gate=true,authrocket.outcome=allowed,authrocket.source=bearer} 2"}},
		{name: "a gate that refuses", event: func(o observers) {
			o.auth.Decision(ctx, authrocket.Decision{Gate: true, Reason: "wrong_realm", Err: authrocket.ErrWrongRealm, Source: authrocket.SourceBearer})
		}, want: []string{"authrocket.decisions{authrocket.gate=true,authrocket.outcome=refused,authrocket.reason=wrong_realm,authrocket.source=bearer} 1"}},
		{name: "an unknown kid", event: func(o observers) {
			o.auth.Decision(ctx, authrocket.Decision{Gate: true, Reason: "unknown_key", Err: authrocket.ErrUnknownKey, Source: authrocket.SourceBearer})
			o.auth.Decision(ctx, authrocket.Decision{Gate: true, Reason: "too_many_key_lookups", Err: authrocket.ErrTooManyKeyLookups, Source: authrocket.SourceBearer})
		}, want: []string{
			"authrocket.decisions{authrocket.gate=true,authrocket.outcome=refused,authrocket.reason=unknown_key,authrocket.source=bearer} 1",
			"authrocket.decisions{authrocket.gate=true,authrocket.outcome=undecided,authrocket.reason=too_many_key_lookups,authrocket.source=bearer} 1",
		}},
		{name: "a rule whose error has no reason", event: func(o observers) {
			o.auth.Decision(ctx, authrocket.Decision{Gate: true, Reason: "unavailable", Err: coreapi.ErrUnavailable, Source: authrocket.SourceCookie})
		}, want: []string{"authrocket.decisions{authrocket.gate=true,authrocket.outcome=undecided,authrocket.reason=unavailable,authrocket.source=cookie} 1"}},

		{name: "a login", event: func(o observers) { o.auth.Login(ctx, authrocket.Login{Started: true}) },
			want: []string{"authrocket.logins{authrocket.login.started=true,authrocket.outcome=signed_in} 1"}},
		{name: "a login that has to be confirmed", event: func(o observers) {
			o.auth.Login(ctx, authrocket.Login{Reason: "unsolicited_login", Err: authrocket.ErrUnsolicitedLogin})
		}, want: []string{"authrocket.logins{authrocket.login.started=false,authrocket.outcome=pending,authrocket.reason=unsolicited_login} 1"}},
		{name: "a login that is refused", event: func(o observers) {
			o.auth.Login(ctx, authrocket.Login{Started: true, Reason: "login_loop", Err: authrocket.ErrLoginLoop})
		}, want: []string{"authrocket.logins{authrocket.login.started=true,authrocket.outcome=refused,authrocket.reason=login_loop} 1"}},
		{name: "a login that cannot be decided", event: func(o observers) {
			o.auth.Login(ctx, authrocket.Login{Started: true, Reason: "keys_unavailable", Err: authrocket.ErrKeysUnavailable})
		}, want: []string{"authrocket.logins{authrocket.login.started=true,authrocket.outcome=undecided,authrocket.reason=keys_unavailable} 1"}},
		{name: "logouts", event: func(o observers) {
			o.auth.Logout(ctx, authrocket.Logout{})
			o.auth.Logout(ctx, authrocket.Logout{Local: true})
		}, want: []string{"authrocket.logouts{authrocket.logout.local=false} 1", "authrocket.logouts{authrocket.logout.local=true} 1"}},
		{name: "a warning", event: func(o observers) { o.auth.Warning(ctx, odd) }, want: []string{"authrocket.warnings{} 1"}},

		{name: "a call of the Core API", event: func(o observers) {
			o.core.Request(ctx, coreapi.RequestEvent{Method: "GET", Path: "/users/{id}", Status: 200, Attempts: 2, Duration: 3 * time.Second, Wait: time.Second})
		}, want: []string{
			"authrocket.api.call.duration{authrocket.api=coreapi,http.request.method=GET,http.response.status_code=200,url.template=/users/{id}} 1 of 3",
			"authrocket.api.call.attempts{authrocket.api=coreapi} 2",
			"authrocket.api.call.wait{authrocket.api=coreapi} 1 of 1",
		}},
		{name: "a call that is refused", event: func(o observers) {
			o.core.Request(ctx, coreapi.RequestEvent{Method: "POST", Path: "/users", Status: 422, Attempts: 1, Reason: "invalid", Err: coreapi.ErrInvalid})
		}, want: []string{
			"authrocket.api.call.duration{authrocket.api=coreapi,error.type=invalid,http.request.method=POST,http.response.status_code=422,url.template=/users} 1 of 0",
			"authrocket.api.call.attempts{authrocket.api=coreapi} 1",
			"authrocket.api.call.wait{authrocket.api=coreapi} 1 of 0",
		}},
		{name: "a call without an answer", event: func(o observers) {
			o.core.Request(ctx, coreapi.RequestEvent{Method: "GET", Path: "/users", Reason: "unavailable", Err: coreapi.ErrUnavailable})
		}, want: []string{
			"authrocket.api.call.duration{authrocket.api=coreapi,error.type=unavailable,http.request.method=GET,url.template=/users} 1 of 0",
			"authrocket.api.call.wait{authrocket.api=coreapi} 1 of 0",
		}},
		{name: "a call of the LoginRocket API", event: func(o observers) {
			o.login.Request(ctx, loginrocket.RequestEvent{Method: "POST", Path: "/login", Status: 401, Attempts: 1, Duration: time.Second, Reason: "refused", Err: loginrocket.ErrRefused})
		}, want: []string{
			"authrocket.api.call.duration{authrocket.api=loginrocket,error.type=refused,http.request.method=POST,http.response.status_code=401,url.template=/login} 1 of 1",
			"authrocket.api.call.attempts{authrocket.api=loginrocket} 1",
		}},

		{name: "a check of a session", event: func(o observers) {
			o.session.Check(ctx, sessionstate.CheckEvent{Outcome: sessionstate.GoesOn, Duration: time.Second, Overdue: time.Minute})
		}, want: []string{"authrocket.session.check.duration{authrocket.outcome=goes_on} 1 of 1", "authrocket.session.check.overdue{} 1 of 60"}},
		{name: "a check without an answer", event: func(o observers) {
			o.session.Check(ctx, sessionstate.CheckEvent{Outcome: sessionstate.Unknown, Err: coreapi.ErrKeyRefused})
		}, want: []string{"authrocket.session.check.duration{authrocket.outcome=unknown,error.type=key_refused} 1 of 0", "authrocket.session.check.overdue{} 1 of 0"}},
		{name: "ends", event: func(o observers) {
			o.session.Ended(ctx, sessionstate.EndedEvent{Source: sessionstate.SourceLog, Entries: 7})
			o.session.Ended(ctx, sessionstate.EndedEvent{Source: sessionstate.SourceWebhook, Entries: 8})
		}, want: []string{"authrocket.session.ends{authrocket.session.source=log} 1", "authrocket.session.ends{authrocket.session.source=webhook} 1"}},
		{name: "trouble", event: func(o observers) { o.session.Trouble(ctx, odd) }, want: []string{"authrocket.session.troubles{} 1"}},

		{name: "a webhook that was handled", event: func(o observers) {
			o.webhook.Event(ctx, webhook.Outcome{Type: "user.deleted", Status: 204, Duration: time.Second})
		}, want: []string{"authrocket.webhook.duration{http.response.status_code=204} 1 of 1"}},
		{name: "a webhook with a wrong secret", event: func(o observers) {
			o.webhook.Event(ctx, webhook.Outcome{Status: 404, Reason: "wrong_secret"})
		}, want: []string{"authrocket.webhook.duration{authrocket.reason=wrong_secret,http.response.status_code=404} 1 of 0"}},
		{name: "a webhook whose handler panicked", event: func(o observers) {
			o.webhook.Event(ctx, webhook.Outcome{Reason: "panic"})
		}, want: []string{"authrocket.webhook.duration{authrocket.reason=panic} 1 of 0"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			m := newMeter(t)
			row.event(observersOf(m, silent()))
			m.expect("measured", row.want...)
		})
	}
}

// What an operator wants to hear of at its first time begins at 0.
func TestCountersBeginAtZero(t *testing.T) {
	t.Parallel()
	m := newMeter(t)
	observersOf(m, silent())
	for name, want := range map[string]int{"authrocket.warnings": 1, "authrocket.key_set.refreshes": 2, "authrocket.session.troubles": 1} {
		got := 0
		for _, metric := range m.read() {
			if metric.Name == name {
				_, all := seriesOf(t, metric)
				got = len(all)
			}
		}
		if got != want || m.value(name) != "0" {
			t.Errorf("%s: got %d series of %q, want %d of 0", name, got, m.value(name), want)
		}
	}
}

// silent log nothing.
func silent() observers {
	return observers{auth: authrocket.SilentObserver(), session: sessionstate.Observer{Trouble: func(context.Context, error) {}}}
}

// all calls each function of o.
func (o observers) all(ctx context.Context) {
	o.auth.Decision(ctx, authrocket.Decision{Gate: true, Reason: "wrong_org", Err: authrocket.ErrWrongOrg, Source: authrocket.SourceCookie})
	o.auth.KeyRefresh(ctx, authrocket.KeyRefresh{Keys: 2, Age: time.Second, Skipped: []error{errors.New("odd")}})
	o.auth.Login(ctx, authrocket.Login{Reason: "wrong_realm", Err: authrocket.ErrWrongRealm})
	o.auth.Logout(ctx, authrocket.Logout{Local: true})
	o.auth.Warning(ctx, errors.New("mend it"))
	o.core.Request(ctx, coreapi.RequestEvent{Method: "GET", Path: "/users/{id}", Status: 404, Attempts: 1, Reason: "not_found", Err: coreapi.ErrNotFound})
	o.login.Request(ctx, loginrocket.RequestEvent{Method: "GET", Path: "/session", Status: 200, Attempts: 1})
	o.session.Check(ctx, sessionstate.CheckEvent{Outcome: sessionstate.Unknown, Err: coreapi.ErrUnavailable})
	o.session.Ended(ctx, sessionstate.EndedEvent{Source: sessionstate.SourceCheck, Entries: 1})
	o.session.Trouble(ctx, errors.New("the log cannot be read"))
	o.webhook.Event(ctx, webhook.Outcome{Status: 204, Reason: "ping"})
}
