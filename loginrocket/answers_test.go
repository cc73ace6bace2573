package loginrocket_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/authrocket-go/authrocket/internal/unavailable"
	"github.com/authrocket-go/authrocket/loginrocket"
)

// Each row gives its answer to a login, to Session, and to a call that LoginRocket answers
// with okay.
func TestAnswers(t *testing.T) {
	t.Parallel()
	html := []string{"Content-Type", "text/html; charset=utf-8"}
	page := "<p>" + password
	refused, ended, down, odd := loginrocket.ErrRefused, loginrocket.ErrSessionEnded, loginrocket.ErrUnavailable, loginrocket.ErrUnexpected
	for _, row := range []struct {
		name                  string
		status                int
		body                  string
		header                []string
		login, session, other error
	}{
		{name: "a full login", status: 200, body: fullLogin},
		{name: "a full login, created", status: 201, body: fullLogin},
		{name: "a full login in another JSON type", status: 200, body: fullLogin, header: []string{"Content-Type", "application/vnd.api+json; charset=utf-8"}},
		{name: "a login on conditions", status: 200, body: conditional},
		{name: "a login on conditions that are not listed", status: 200, body: `{"result": "conditional_login", "session": "kss_1"}`},
		{name: "a full login without an account", status: 200, body: `{"result": "full_login", "session": "kss_1", "token": "a.b.c", "account": null, "errors": [], "error": null}`},
		{name: "okay", status: 200, body: okay, login: odd, session: odd},
		{name: "nothing", status: 204, login: odd, session: odd},
		{name: "an empty body", status: 200, body: " \n", login: odd, session: odd},

		{name: "a full login without a token", status: 200, body: `{"result": "full_login", "session": "kss_1"}`, login: odd, session: odd},
		{name: "a full login without a session", status: 200, body: `{"result": "full_login", "token": "a.b.c"}`, login: odd, session: odd},
		{name: "an unknown result", status: 200, body: `{"result": "odd_login", "session": "kss_1", "token": "a.b.c"}`, login: odd, session: odd},
		{name: "an empty object", status: 200, body: `{}`, login: odd, session: odd, other: odd},
		{name: "null", status: 200, body: `null`, login: odd, session: odd, other: odd},
		{name: "a result that is null", status: 200, body: `{"result": null, "token": "a.b.c"}`, login: odd, session: odd, other: odd},
		{name: "a result that is a number", status: 200, body: `{"result": 5}`, login: odd, session: odd, other: odd},
		{name: "a token that is a list", status: 200, body: `{"result": "full_login", "session": "kss_1", "token": ["a"]}`, login: odd, session: odd, other: odd},
		{name: "conditions that are a text", status: 200, body: `{"result": "conditional_login", "session": "kss_1", "conditions": "x"}`, login: odd, session: odd, other: odd},
		{name: "conditions that are numbers", status: 200, body: `{"result": "conditional_login", "session": "kss_1", "conditions": [1]}`, login: odd, session: odd, other: odd},
		{name: "a text", status: 200, body: `"okay"`, login: odd, session: odd, other: odd},
		{name: "an array", status: 200, body: `[` + fullLogin + `]`, login: odd, session: odd, other: odd},
		{name: "JSON that is cut", status: 200, body: fullLogin[:60], login: odd, session: odd, other: odd},
		{name: "JSON with something behind", status: 200, body: fullLogin + "x", login: odd, session: odd, other: odd},
		{name: "deep nesting", status: 200, body: `{"result": "okay", "error": ` + strings.Repeat("[", 20000) + strings.Repeat("]", 20000) + `}`, login: odd, session: odd, other: odd},
		{name: "HTML", status: 200, body: page, header: html, login: odd, session: odd, other: odd},
		{name: "HTML that says it is JSON", status: 200, body: page, login: odd, session: odd, other: odd},
		{name: "JSON that says it is HTML", status: 200, body: fullLogin, header: html, login: odd, session: odd, other: odd},

		{name: "an error of status 200", status: 200, body: refusal, login: refused, session: refused, other: refused},
		{name: "an error without words", status: 200, body: `{"result": "error"}`, login: refused, session: refused, other: refused},
		{name: "errors before a login", status: 200, body: `{"errors": ["No."], ` + fullLogin[1:], login: refused, session: refused, other: refused},
		{name: "422", status: 422, body: refusal, login: refused, session: refused, other: refused},
		{name: "409", status: 409, body: refusal, login: refused, session: refused, other: refused},
		{name: "400", status: 400, body: refusal, login: refused, session: refused, other: refused},
		{name: "422 without a body", status: 422, login: refused, session: refused, other: refused},
		{name: "422 in HTML", status: 422, body: page, header: html, login: refused, session: refused, other: refused},
		{name: "422 that is cut", status: 422, body: refusal[:30], login: refused, session: refused, other: refused},
		{name: "422 with a login", status: 422, body: fullLogin, login: refused, session: refused, other: refused},
		{name: "403", status: 403, body: refusal, login: refused, session: ended, other: refused},
		{name: "403 without a body", status: 403, login: refused, session: ended, other: refused},
		{name: "403 with a login", status: 403, body: fullLogin, login: refused, session: ended, other: refused},
		{name: "403 of what is not LoginRocket", status: 403, body: page, header: html, login: odd, session: odd, other: odd},
		{name: "404", status: 404, body: refusal, login: refused, session: refused, other: refused},
		{name: "404 of what is not LoginRocket", status: 404, body: page, header: html, login: odd, session: odd, other: odd},
		{name: "401", status: 401, body: refusal, login: odd, session: odd, other: odd},
		{name: "405", status: 405, login: odd, session: odd, other: odd},
		{name: "415", status: 415, body: refusal, login: odd, session: odd, other: odd},
		{name: "429", status: 429, body: refusal, login: down, session: down, other: down},
		{name: "429 in HTML", status: 429, body: page, header: html, login: down, session: down, other: down},
		{name: "500", status: 500, body: refusal, login: down, session: down, other: down},
		{name: "501", status: 501, login: down, session: down, other: down},
		{name: "503 in HTML", status: 503, body: page, header: html, login: down, session: down, other: down},
		{name: "503 with a login", status: 503, body: fullLogin, login: down, session: down, other: down},
		{name: "304", status: 304, login: odd, session: odd, other: odd},
		{name: "a status that nobody knows", status: 299, body: fullLogin},
		{name: "a status beyond the last", status: 999, body: fullLogin, login: down, session: down, other: down},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				client := clientOf(t, newLR(answer(row.status, row.body, row.header...)))
				login, err := client.Login(t.Context(), "ada", hide(password))
				check := func(err, want error, result loginrocket.Result) {
					t.Helper()
					expectError(t, err, want)
					if _, ok := result.Token(); err != nil && (ok || !result.SessionID().IsZero()) {
						t.Errorf("got %v with error %v", result, err)
					}
					if errors.Is(err, unavailable.Err) != (errors.Is(err, down) || errors.Is(err, odd)) {
						t.Errorf("%v is not taken by a gate as it must be", err)
					}
					if e, ok := errors.AsType[*loginrocket.Error](err); ok && e.Status != row.status {
						t.Errorf("got status %d, want %d", e.Status, row.status)
					}
					expectHidden(t, printed(t, err), password)
				}
				check(err, row.login, login)
				session, err := client.Session(t.Context(), hide(sessionID), "")
				check(err, row.session, session)
				check(client.ForgotPassword(t.Context(), "ada@example.com"), row.other, loginrocket.Result{})
			})
		})
	}
}

func TestConditionalLogin(t *testing.T) {
	t.Parallel()
	client := clientOf(t, newLR(answer(200, `{"result": "conditional_login", "session": "`+sessionID+`", "account": null, "token": "tmf:pending",
		"conditions": ["no_account_selected", "must_complete_profile", "odd\ncondition"]}`)))
	login, err := client.Login(t.Context(), "ada", hide(password))
	expectError(t, err, nil)
	want := []loginrocket.Condition{loginrocket.NoAccountSelected, loginrocket.MustCompleteProfile, "odd condition"}
	if token, ok := login.Token(); ok || token != "" {
		t.Errorf("got token %q of a login that is not complete", token)
	}
	if !slices.Equal(login.Conditions, want) || login.Account != "" || login.SessionID().Reveal() != sessionID {
		t.Errorf("got %+v, want conditions %q", login, want)
	}
	expectError(t, login.Err(), loginrocket.ErrConditions)
	if got := login.Err().Error(); got != "loginrocket: the login is not complete: no_account_selected, must_complete_profile, odd condition" {
		t.Errorf("got %q", got)
	}
	var more struct{ Token string }
	if err := login.Decode(&more); err != nil || more.Token != "tmf:pending" {
		t.Errorf("got %+v, %v, want all that came", more, err)
	}
	expectError(t, loginrocket.Result{}.Err(), loginrocket.ErrConditions)
	if err := (loginrocket.Result{}).Decode(&more); err != nil {
		t.Error(err)
	}
}

func TestConditionsAreBounded(t *testing.T) {
	t.Parallel()
	client := clientOf(t, newLR(answer(200, `{"result": "conditional_login", "session": "kss_1", "conditions": ["`+strings.Repeat("x", 9000)+`"`+strings.Repeat(`, "y"`, 9000)+`]}`)))
	login, err := client.Login(t.Context(), "ada", hide(password))
	expectError(t, err, nil)
	if len(login.Conditions) != 20 || len(login.Err().Error()) > 1000 {
		t.Errorf("got %d conditions and %d bytes", len(login.Conditions), len(login.Err().Error()))
	}
}

func TestMessages(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name, body string
		want       []string
	}{
		{name: "errors", body: `{"error": "a", "errors": ["b", "c"]}`, want: []string{"b", "c"}},
		{name: "error alone", body: `{"error": "a"}`, want: []string{"a"}},
		{name: "errors that are empty", body: `{"error": "a", "errors": []}`, want: []string{"a"}},
		{name: "errors of another type", body: `{"error": "a", "errors": 5}`, want: []string{"a"}},
		{name: "lines", body: `{"errors": ["a\r\nb\u0000c"]}`, want: []string{"a b c"}},
		{name: "none", body: `{"result": "error"}`},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			_, err := clientOf(t, newLR(answer(422, row.body))).Login(t.Context(), "ada", hide(password))
			if got := loginrocket.Messages(err); !slices.Equal(got, row.want) {
				t.Errorf("got %q, want %q", got, row.want)
			}
		})
	}
	if loginrocket.Messages(nil) != nil || loginrocket.Messages(errLost) != nil {
		t.Error("another error has messages")
	}
}

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	const date, inTenSeconds = "Sun, 01 Mar 2026 12:00:00 GMT", "Sun, 01 Mar 2026 12:00:10 GMT"
	for _, row := range []struct {
		name   string
		status int
		header []string
		want   time.Duration
	}{
		{name: "429 that says nothing", status: 429, want: time.Minute},
		{name: "429 in seconds", status: 429, header: []string{"Retry-After", "7"}, want: 7 * time.Second},
		{name: "429 with a date, by the clock of the answer", status: 429, header: []string{"Date", date, "Retry-After", inTenSeconds}, want: 10 * time.Second},
		{name: "429 with a reset, by the clock of the answer", status: 429, header: []string{"Date", date, "Ratelimit-Reset", inTenSeconds, "Retry-After", "7"}, want: 10 * time.Second},
		{name: "429 with a reset in the past", status: 429, header: []string{"Date", inTenSeconds, "Ratelimit-Reset", date, "Retry-After", "7"}, want: 7 * time.Second},
		{name: "429 with a reset in a year", status: 429, header: []string{"Date", date, "Ratelimit-Reset", "Mon, 01 Mar 2027 12:00:00 GMT"}, want: time.Minute},
		{name: "429 with a day", status: 429, header: []string{"Retry-After", "86400"}, want: time.Minute},
		{name: "429 with nonsense", status: 429, header: []string{"Retry-After", "soon"}, want: time.Minute},
		{name: "503 that says nothing", status: 503},
		{name: "503 in seconds", status: 503, header: []string{"Retry-After", "7"}, want: 7 * time.Second},
		{name: "422", status: 422, header: []string{"Retry-After", "7"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			_, err := clientOf(t, newLR(answer(row.status, refusal, row.header...))).Login(t.Context(), "ada", hide(password))
			if e, ok := errors.AsType[*loginrocket.Error](err); !ok || e.RetryAfter != row.want {
				t.Errorf("got %+v, want RetryAfter %s", e, row.want)
			}
		})
	}
}

func TestError(t *testing.T) {
	t.Parallel()
	_, err := clientOf(t, newLR(answer(422, refusal, "X-Request-ID", "rq_1"))).Login(t.Context(), "ada", hide(password))
	if got, want := err.Error(), "loginrocket: POST /login: the input is refused: Login failed. (status 422, request rq_1)"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	// The texts of encoding/json are about this package's types, and may contain parts of
	// the answer.
	_, err = clientOf(t, newLR(answer(200, `{"result": 5}`))).Login(t.Context(), "ada", hide(password))
	if got, want := err.Error(), "loginrocket: POST /login: LoginRocket's answer is invalid: a member of the answer has an unexpected type (status 200)"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	for _, row := range []struct {
		err    error
		kind   error
		reason string
	}{
		{err: &loginrocket.Error{Status: 422}, kind: loginrocket.ErrRefused, reason: "refused"},
		{err: &loginrocket.Error{Status: 409}, kind: loginrocket.ErrRefused, reason: "refused"},
		{err: &loginrocket.Error{Status: 403}, kind: loginrocket.ErrSessionEnded, reason: "session_ended"},
		{err: &loginrocket.Error{Status: 429}, kind: loginrocket.ErrUnavailable, reason: "unavailable"},
		{err: &loginrocket.Error{Status: 500}, kind: loginrocket.ErrUnavailable, reason: "unavailable"},
		{err: &loginrocket.Error{}, kind: loginrocket.ErrUnavailable, reason: "unavailable"},
		{err: &loginrocket.Error{Status: 405}, kind: loginrocket.ErrUnexpected, reason: "unexpected"},
		{err: loginrocket.Result{}.Err(), kind: loginrocket.ErrConditions, reason: "conditions"},
		{err: nil},
	} {
		expectError(t, row.err, row.kind)
		if got := loginrocket.Reason(row.err); got != row.reason {
			t.Errorf("%v: got reason %q, want %q", row.err, got, row.reason)
		}
	}
	if loginrocket.Reason(errLost) != "unexpected" {
		t.Error("an error of no kind has another reason")
	}
}
