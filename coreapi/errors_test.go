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

// exportedErrors are all of them.
var exportedErrors = []struct {
	err    error
	kind   error
	reason string
	gate   int // the status of a gate whose Rule returns it
}{
	{coreapi.ErrInvalid, coreapi.ErrInvalid, "invalid", 403},
	{coreapi.ErrConflict, coreapi.ErrInvalid, "conflict", 403},
	{coreapi.ErrLoginRefused, coreapi.ErrInvalid, "login_refused", 403},
	{coreapi.ErrNotFound, coreapi.ErrNotFound, "not_found", 403},
	{coreapi.ErrDenied, coreapi.ErrDenied, "denied", 503},
	{coreapi.ErrKeyRefused, coreapi.ErrDenied, "key_refused", 503},
	{coreapi.ErrAccountInactive, coreapi.ErrDenied, "account_inactive", 503},
	{coreapi.ErrUnavailable, coreapi.ErrUnavailable, "unavailable", 503},
	{coreapi.ErrRateLimited, coreapi.ErrUnavailable, "rate_limited", 503},
	{coreapi.ErrOutcomeUnknown, coreapi.ErrUnavailable, "outcome_unknown", 503},
	{coreapi.ErrNotVisible, coreapi.ErrUnavailable, "not_visible", 503},
	{coreapi.ErrUnexpected, coreapi.ErrUnexpected, "unexpected", 503},
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

// statuses are what each status means, for a call and for a login.
var statuses = []struct {
	status      int
	call, login error
}{
	{300, coreapi.ErrUnexpected, coreapi.ErrUnexpected},
	{400, coreapi.ErrInvalid, coreapi.ErrInvalid},
	{401, coreapi.ErrKeyRefused, coreapi.ErrLoginRefused},
	{402, coreapi.ErrAccountInactive, coreapi.ErrAccountInactive},
	{403, coreapi.ErrKeyRefused, coreapi.ErrKeyRefused},
	{404, coreapi.ErrNotFound, coreapi.ErrLoginRefused},
	{405, coreapi.ErrUnexpected, coreapi.ErrUnexpected},
	{406, coreapi.ErrUnexpected, coreapi.ErrUnexpected},
	{409, coreapi.ErrConflict, coreapi.ErrLoginRefused},
	{414, coreapi.ErrUnexpected, coreapi.ErrUnexpected},
	{415, coreapi.ErrUnexpected, coreapi.ErrUnexpected},
	{417, coreapi.ErrUnexpected, coreapi.ErrUnexpected},
	{418, coreapi.ErrUnexpected, coreapi.ErrUnexpected},
	{422, coreapi.ErrInvalid, coreapi.ErrLoginRefused},
	{429, coreapi.ErrRateLimited, coreapi.ErrRateLimited},
	{500, coreapi.ErrUnavailable, coreapi.ErrOutcomeUnknown},
	{599, coreapi.ErrUnavailable, coreapi.ErrOutcomeUnknown},
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

				// Users' own tests make such an error by its status alone.
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
		{"as they came", `{"errors": ["Email is taken", "Password is too short"]}`, []string{"Email is taken", "Password is too short"}},
		{"none", `{"errors": []}`, []string{"Validation error"}},
		{"null", `{"errors": null}`, []string{"Validation error"}},
		{"no member", `{}`, []string{"Validation error"}},
		{"no body", ``, []string{"Validation error"}},
		{"one text", `{"errors": "No."}`, []string{"No."}},
		{"as in AuthRocket 1", `{"errors": {"password": ["is too short"], "email": ["is taken"]}}`, []string{"is taken", "is too short"}},
		{"of other types", `{"errors": [1, null, {"a": 2}, " "]}`, []string{"Validation error"}},
		{"of several lines", `{"errors": ["a\r\nb\u0000c"]}`, []string{"a b c"}},
		{"too long", `{"errors": ["` + long + `"]}`, []string{strings.Repeat("é", 250)}},
		{"too many", `{"errors": [` + strings.Repeat(`"a",`, 30) + `"a"]}`, strings.Split(strings.Repeat("a", 20), "")},
		{"with the key", `{"errors": ["` + testKey + ` is no name"]}`, []string{"(hidden) is no name"}},
		{"not JSON", `{`, []string{"Validation error"}},
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

// A form that shows the messages does not tell strangers which emails exist.
func TestUnknownUsersAreNotToldFromWrongPasswords(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ locale, text string }{{"", "Login failed"}, {"en", "Login failed"}, {"es", "Error al iniciar sesión"}, {"es-MX", "Error al iniciar sesión"}} {
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
