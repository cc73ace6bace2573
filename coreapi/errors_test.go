package coreapi_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/coreapi"
)

// exportedErrors lists every exported error.
var exportedErrors = []struct {
	err    error
	kind   error
	reason string
	gate   int // the status with which a gate answers when its Rule returns the error
}{
	{err: coreapi.ErrInvalid, kind: coreapi.ErrInvalid, reason: "invalid", gate: 403},
	{err: coreapi.ErrConflict, kind: coreapi.ErrInvalid, reason: "conflict", gate: 403},
	{err: coreapi.ErrLoginRefused, kind: coreapi.ErrInvalid, reason: "login_refused", gate: 403},
	{err: coreapi.ErrNotFound, kind: coreapi.ErrNotFound, reason: "not_found", gate: 403},
	{err: coreapi.ErrDenied, kind: coreapi.ErrDenied, reason: "denied", gate: 503},
	{err: coreapi.ErrKeyRefused, kind: coreapi.ErrDenied, reason: "key_refused", gate: 503},
	{err: coreapi.ErrAccountInactive, kind: coreapi.ErrDenied, reason: "account_inactive", gate: 503},
	{err: coreapi.ErrUnavailable, kind: coreapi.ErrUnavailable, reason: "unavailable", gate: 503},
	{err: coreapi.ErrRateLimited, kind: coreapi.ErrUnavailable, reason: "rate_limited", gate: 503},
	{err: coreapi.ErrOutcomeUnknown, kind: coreapi.ErrUnavailable, reason: "outcome_unknown", gate: 503},
	{err: coreapi.ErrNotVisible, kind: coreapi.ErrUnavailable, reason: "not_visible", gate: 503},
	{err: coreapi.ErrUnexpected, kind: coreapi.ErrUnexpected, reason: "unexpected", gate: 503},
}

func TestExportedErrors(t *testing.T) {
	t.Parallel()
	label := regexp.MustCompile(`^[a-z]+(_[a-z]+)*$`)
	seen := map[string]bool{}
	for _, row := range exportedErrors {
		for how, err := range map[string]error{"itself": row.err, "wrapped": fmt.Errorf("wrapped: %w", row.err), "joined": errors.Join(io.EOF, row.err)} {
			expectError(t, err, row.err)
			expectError(t, err, row.kind)
			if got := coreapi.Reason(err); got != row.reason {
				t.Errorf("%s, %s: got reason %q", row.reason, how, got)
			}
			if got := authrocket.StatusCode(err); got != row.gate {
				t.Errorf("%s, %s: a gate answers %d, want %d", row.reason, how, got, row.gate)
			}
			if got := errors.Is(err, authrocket.ErrUnavailable); got != (row.gate == 503) {
				t.Errorf("%s, %s: matches the root's ErrUnavailable: %t", row.reason, how, got)
			}
		}
		for _, other := range exportedErrors {
			if other.err != row.err && other.err != row.kind && errors.Is(row.err, other.err) {
				t.Errorf("%s matches %s too", row.reason, other.reason)
			}
		}
		if seen[row.err.Error()] || seen[row.reason] || !label.MatchString(row.reason) {
			t.Errorf("%q, %q: is not one of its own", row.reason, row.err)
		}
		seen[row.err.Error()], seen[row.reason] = true, true
	}
	if coreapi.Reason(nil) != "" || coreapi.Reason(io.EOF) != "unexpected" {
		t.Error("nil has a reason, or an error of no kind has none")
	}
}

// statuses says what each status means, for a call and for a login.
var statuses = []struct {
	status      int
	call, login error
}{
	{status: 300, call: coreapi.ErrUnexpected, login: coreapi.ErrUnexpected},
	{status: 400, call: coreapi.ErrInvalid, login: coreapi.ErrInvalid},
	{status: 401, call: coreapi.ErrKeyRefused, login: coreapi.ErrLoginRefused},
	{status: 402, call: coreapi.ErrAccountInactive, login: coreapi.ErrAccountInactive},
	{status: 403, call: coreapi.ErrKeyRefused, login: coreapi.ErrKeyRefused},
	{status: 404, call: coreapi.ErrNotFound, login: coreapi.ErrLoginRefused},
	{status: 405, call: coreapi.ErrUnexpected, login: coreapi.ErrUnexpected},
	{status: 406, call: coreapi.ErrUnexpected, login: coreapi.ErrUnexpected},
	{status: 409, call: coreapi.ErrConflict, login: coreapi.ErrLoginRefused},
	{status: 414, call: coreapi.ErrUnexpected, login: coreapi.ErrUnexpected},
	{status: 415, call: coreapi.ErrUnexpected, login: coreapi.ErrUnexpected},
	{status: 417, call: coreapi.ErrUnexpected, login: coreapi.ErrUnexpected},
	{status: 418, call: coreapi.ErrUnexpected, login: coreapi.ErrUnexpected},
	{status: 422, call: coreapi.ErrInvalid, login: coreapi.ErrLoginRefused},
	{status: 429, call: coreapi.ErrRateLimited, login: coreapi.ErrRateLimited},
	{status: 500, call: coreapi.ErrUnavailable, login: coreapi.ErrOutcomeUnknown},
	{status: 599, call: coreapi.ErrUnavailable, login: coreapi.ErrOutcomeUnknown},
}

func TestStatuses(t *testing.T) {
	t.Parallel()
	for _, row := range statuses {
		t.Run(fmt.Sprint(row.status), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				server := newAPI(answer(row.status, `{"errors": ["No."]}`, "X-Request-ID", "rq_1"))
				client := clientOf(t, server)
				err := calls["GET"](t.Context(), client)
				expectError(t, err, row.call)
				e, ok := errors.AsType[*coreapi.Error](err)
				if !ok || e.Status != row.status || e.RequestID != "rq_1" || e.Method != "GET" || e.Path != "/users/{id}" {
					t.Errorf("got %#v", e)
				}
				_, err = client.Users.Authenticate(t.Context(), "usr_1", coreapi.Hide(hidden))
				expectError(t, err, row.login)

				// Apps create such an error in their own tests, from its status alone.
				expectError(t, &coreapi.Error{Status: row.status}, row.call)
			})
		})
	}
	expectError(t, &coreapi.Error{}, coreapi.ErrUnavailable)
}

func TestMessages(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("é", 300)
	for _, row := range []struct {
		name, body string
		want       []string
	}{
		{name: "as they came", body: `{"errors": ["Email is taken", "Password is too short"]}`, want: []string{"Email is taken", "Password is too short"}},
		{name: "none", body: `{"errors": []}`, want: []string{"Validation error"}},
		{name: "null", body: `{"errors": null}`, want: []string{"Validation error"}},
		{name: "no member", body: `{}`, want: []string{"Validation error"}},
		{name: "no body", want: []string{"Validation error"}},
		{name: "one text", body: `{"errors": "No."}`, want: []string{"No."}},
		{name: "as in AuthRocket 1", body: `{"errors": {"password": ["is too short"], "email": ["is taken"]}}`, want: []string{"is taken", "is too short"}},
		{name: "of other types", body: `{"errors": [1, null, {"a": 2}, " "]}`, want: []string{"Validation error"}},
		{name: "of several lines", body: `{"errors": ["a\r\nb\u0000c"]}`, want: []string{"a b c"}},
		{name: "too long", body: `{"errors": ["` + long + `"]}`, want: []string{strings.Repeat("é", 250)}},
		{name: "too many", body: `{"errors": [` + strings.Repeat(`"a",`, 30) + `"a"]}`, want: strings.Split(strings.Repeat("a", 20), "")},
		{name: "with the key", body: `{"errors": ["` + testKey + ` is no name"]}`, want: []string{"(hidden) is no name"}},
		{name: "not JSON", body: `{`, want: []string{"Validation error"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			err := calls["POST"](t.Context(), clientOf(t, newAPI(answer(422, row.body))))
			expectError(t, err, coreapi.ErrInvalid)
			if got := coreapi.Messages(fmt.Errorf("wrapped: %w", err)); !reflect.DeepEqual(got, row.want) {
				t.Errorf("got %q, want %q", got, row.want)
			}
			expectHidden(t, printed(t, err), testKey)
		})
	}
	if coreapi.Messages(nil) != nil || coreapi.Messages(io.EOF) != nil {
		t.Error("what is not of AuthRocket has messages")
	}
}

// A form that shows the messages does not tell strangers which email addresses exist.
func TestUnknownUsersAreNotToldFromWrongPasswords(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ locale, text string }{{text: "Login failed"}, {locale: "en", text: "Login failed"}, {locale: "es", text: "Error al iniciar sesión"}, {locale: "es-MX", text: "Error al iniciar sesión"}} {
		client := clientOf(t, newAPI(answer(422, `{"errors": ["`+row.text+`."]}`), answer(404, `{"errors": ["User not found"]}`))).WithLocale(row.locale)
		for range 2 {
			_, err := client.Users.Authenticate(t.Context(), "ada@example.com", coreapi.Hide("x"))
			expectError(t, err, coreapi.ErrLoginRefused)
			if got := coreapi.Messages(err); !reflect.DeepEqual(got, []string{row.text}) {
				t.Errorf("locale %q: got %q, want %q", row.locale, got, row.text)
			}
		}
	}
}

func TestMetadata(t *testing.T) {
	t.Parallel()
	client := clientOf(t, newAPI(answer(422, `{"errors": ["Error validating code."], "retry_url": "https://provider.example/`+hidden+`", "n": 1}`)))
	_, err := client.AuthProviders.Authorize(t.Context(), coreapi.Hide("code"), "state", "")
	expectError(t, err, coreapi.ErrLoginRefused)
	e, _ := errors.AsType[*coreapi.Error](err)
	if got := e.Metadata("retry_url"); got != "https://provider.example/"+hidden {
		t.Errorf("got %q", got)
	}
	if e.Metadata("n") != "" || e.Metadata("errors") != "" || e.Metadata("none") != "" {
		t.Error("what is no text is metadata")
	}
	expectHidden(t, printed(t, err), hidden)
}

func TestErrorFromJSON(t *testing.T) {
	t.Parallel()
	e := &coreapi.Error{Status: 409}
	if err := json.Unmarshal([]byte(`{"errors": ["No."], "retry_url": "x"}`), e); err != nil {
		t.Fatal(err)
	}
	expectError(t, e, coreapi.ErrConflict)
	if got := fmt.Sprint(e, e.Metadata("retry_url")); got != "coreapi: the record's state does not permit this: No. (status 409)x" {
		t.Errorf("got %q", got)
	}
	if err := json.Unmarshal([]byte(`[]`), e); err == nil {
		t.Error("a list is an error")
	}
}

func TestRequestIDsThatAreOdd(t *testing.T) {
	t.Parallel()
	for _, id := range []string{strings.Repeat("r", 65), "rq_é", "rq 1"} {
		err := calls["GET"](t.Context(), clientOf(t, newAPI(answer(404, `{}`, "X-Request-ID", id))))
		if e, ok := errors.AsType[*coreapi.Error](err); !ok || e.RequestID != "" {
			t.Errorf("got request ID %q", e.RequestID)
		}
	}
}
