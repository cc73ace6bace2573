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

// Each answer is given to a login, to the session of a session, and to a call that answers
// okay.
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
		{"a full login", 200, fullLogin, nil, nil, nil, nil},
		{"a full login, created", 201, fullLogin, nil, nil, nil, nil},
		{"a full login in another JSON type", 200, fullLogin, []string{"Content-Type", "application/vnd.api+json; charset=utf-8"}, nil, nil, nil},
		{"a login on conditions", 200, conditional, nil, nil, nil, nil},
		{"a login on conditions that are not listed", 200, `{"result": "conditional_login", "session": "kss_1"}`, nil, nil, nil, nil},
		{"a full login without an account", 200, `{"result": "full_login", "session": "kss_1", "token": "a.b.c", "account": null, "errors": [], "error": null}`, nil, nil, nil, nil},
		{"okay", 200, okay, nil, odd, odd, nil},
		{"nothing", 204, "", nil, odd, odd, nil},
		{"an empty body", 200, " \n", nil, odd, odd, nil},

		{"a full login without a token", 200, `{"result": "full_login", "session": "kss_1"}`, nil, odd, odd, nil},
		{"a full login without a session", 200, `{"result": "full_login", "token": "a.b.c"}`, nil, odd, odd, nil},
		{"an unknown result", 200, `{"result": "odd_login", "session": "kss_1", "token": "a.b.c"}`, nil, odd, odd, nil},
		{"an empty object", 200, `{}`, nil, odd, odd, odd},
		{"null", 200, `null`, nil, odd, odd, odd},
		{"a result that is null", 200, `{"result": null, "token": "a.b.c"}`, nil, odd, odd, odd},
		{"a result that is a number", 200, `{"result": 5}`, nil, odd, odd, odd},
		{"a token that is a list", 200, `{"result": "full_login", "session": "kss_1", "token": ["a"]}`, nil, odd, odd, odd},
		{"conditions that are a text", 200, `{"result": "conditional_login", "session": "kss_1", "conditions": "x"}`, nil, odd, odd, odd},
		{"conditions that are numbers", 200, `{"result": "conditional_login", "session": "kss_1", "conditions": [1]}`, nil, odd, odd, odd},
		{"a text", 200, `"okay"`, nil, odd, odd, odd},
		{"an array", 200, `[` + fullLogin + `]`, nil, odd, odd, odd},
		{"JSON that is cut", 200, fullLogin[:60], nil, odd, odd, odd},
		{"JSON with something behind", 200, fullLogin + "x", nil, odd, odd, odd},
		{"deep nesting", 200, `{"result": "okay", "error": ` + strings.Repeat("[", 20000) + strings.Repeat("]", 20000) + `}`, nil, odd, odd, odd},
		{"HTML", 200, page, html, odd, odd, odd},
		{"HTML that says it is JSON", 200, page, nil, odd, odd, odd},
		{"JSON that says it is HTML", 200, fullLogin, html, odd, odd, odd},

		{"an error of status 200", 200, refusal, nil, refused, refused, refused},
		{"an error without words", 200, `{"result": "error"}`, nil, refused, refused, refused},
		{"errors before a login", 200, `{"errors": ["No."], ` + fullLogin[1:], nil, refused, refused, refused},
		{"422", 422, refusal, nil, refused, refused, refused},
		{"409", 409, refusal, nil, refused, refused, refused},
		{"400", 400, refusal, nil, refused, refused, refused},
		{"422 without a body", 422, "", nil, refused, refused, refused},
		{"422 in HTML", 422, page, html, refused, refused, refused},
		{"422 that is cut", 422, refusal[:30], nil, refused, refused, refused},
		{"422 with a login", 422, fullLogin, nil, refused, refused, refused},
		{"403", 403, refusal, nil, refused, ended, refused},
		{"403 without a body", 403, "", nil, refused, ended, refused},
		{"403 with a login", 403, fullLogin, nil, refused, ended, refused},
		{"403 of what is not LoginRocket", 403, page, html, odd, odd, odd},
		{"404", 404, refusal, nil, refused, refused, refused},
		{"404 of what is not LoginRocket", 404, page, html, odd, odd, odd},
		{"401", 401, refusal, nil, odd, odd, odd},
		{"405", 405, "", nil, odd, odd, odd},
		{"415", 415, refusal, nil, odd, odd, odd},
		{"429", 429, refusal, nil, down, down, down},
		{"429 in HTML", 429, page, html, down, down, down},
		{"500", 500, refusal, nil, down, down, down},
		{"501", 501, "", nil, down, down, down},
		{"503 in HTML", 503, page, html, down, down, down},
		{"503 with a login", 503, fullLogin, nil, down, down, down},
		{"304", 304, "", nil, odd, odd, odd},
		{"a status that nobody knows", 299, fullLogin, nil, nil, nil, nil},
		{"a status beyond the last", 999, fullLogin, nil, down, down, down},
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
		{"errors", `{"error": "a", "errors": ["b", "c"]}`, []string{"b", "c"}},
		{"error alone", `{"error": "a"}`, []string{"a"}},
		{"errors that are empty", `{"error": "a", "errors": []}`, []string{"a"}},
		{"errors of another type", `{"error": "a", "errors": 5}`, []string{"a"}},
		{"lines", `{"errors": ["a\r\nb\u0000c"]}`, []string{"a b c"}},
		{"none", `{"result": "error"}`, nil},
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
		{"429 that says nothing", 429, nil, time.Minute},
		{"429 in seconds", 429, []string{"Retry-After", "7"}, 7 * time.Second},
		{"429 with a date, by the clock of the answer", 429, []string{"Date", date, "Retry-After", inTenSeconds}, 10 * time.Second},
		{"429 with a reset, by the clock of the answer", 429, []string{"Date", date, "Ratelimit-Reset", inTenSeconds, "Retry-After", "7"}, 10 * time.Second},
		{"429 with a reset in the past", 429, []string{"Date", inTenSeconds, "Ratelimit-Reset", date, "Retry-After", "7"}, 7 * time.Second},
		{"429 with a reset in a year", 429, []string{"Date", date, "Ratelimit-Reset", "Mon, 01 Mar 2027 12:00:00 GMT"}, time.Minute},
		{"429 with a day", 429, []string{"Retry-After", "86400"}, time.Minute},
		{"429 with nonsense", 429, []string{"Retry-After", "soon"}, time.Minute},
		{"503 that says nothing", 503, nil, 0},
		{"503 in seconds", 503, []string{"Retry-After", "7"}, 7 * time.Second},
		{"422", 422, []string{"Retry-After", "7"}, 0},
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
	for _, row := range []struct {
		err    error
		kind   error
		reason string
	}{
		{&loginrocket.Error{Status: 422}, loginrocket.ErrRefused, "refused"},
		{&loginrocket.Error{Status: 409}, loginrocket.ErrRefused, "refused"},
		{&loginrocket.Error{Status: 403}, loginrocket.ErrSessionEnded, "session_ended"},
		{&loginrocket.Error{Status: 429}, loginrocket.ErrUnavailable, "unavailable"},
		{&loginrocket.Error{Status: 500}, loginrocket.ErrUnavailable, "unavailable"},
		{&loginrocket.Error{}, loginrocket.ErrUnavailable, "unavailable"},
		{&loginrocket.Error{Status: 405}, loginrocket.ErrUnexpected, "unexpected"},
		{loginrocket.Result{}.Err(), loginrocket.ErrConditions, "conditions"},
		{nil, nil, ""},
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
