package authrocket_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/coreapi"
	"github.com/authrocket-go/authrocket/loginrocket"
)

// exportedErrors are all of them, by kind.
var exportedErrors = []struct {
	err, kind error
	status    int
	reason    string
}{
	{err: authrocket.ErrUnauthenticated, kind: authrocket.ErrUnauthenticated, status: 401, reason: "unauthenticated"},
	{err: authrocket.ErrNoToken, kind: authrocket.ErrUnauthenticated, status: 401, reason: "no_token"},
	{err: authrocket.ErrTokenMalformed, kind: authrocket.ErrUnauthenticated, status: 401, reason: "token_malformed"},
	{err: authrocket.ErrTokenTooLarge, kind: authrocket.ErrUnauthenticated, status: 401, reason: "token_too_large"},
	{err: authrocket.ErrWrongAlgorithm, kind: authrocket.ErrUnauthenticated, status: 401, reason: "wrong_algorithm"},
	{err: authrocket.ErrCriticalHeader, kind: authrocket.ErrUnauthenticated, status: 401, reason: "critical_header"},
	{err: authrocket.ErrUnknownKey, kind: authrocket.ErrUnauthenticated, status: 401, reason: "unknown_key"},
	{err: authrocket.ErrBadSignature, kind: authrocket.ErrUnauthenticated, status: 401, reason: "bad_signature"},
	{err: authrocket.ErrInvalidClaims, kind: authrocket.ErrUnauthenticated, status: 401, reason: "invalid_claims"},
	{err: authrocket.ErrWrongIssuer, kind: authrocket.ErrUnauthenticated, status: 401, reason: "wrong_issuer"},
	{err: authrocket.ErrWrongRealm, kind: authrocket.ErrUnauthenticated, status: 401, reason: "wrong_realm"},
	{err: authrocket.ErrWrongAudience, kind: authrocket.ErrUnauthenticated, status: 401, reason: "wrong_audience"},
	{err: authrocket.ErrTokenExpired, kind: authrocket.ErrUnauthenticated, status: 401, reason: "token_expired"},
	{err: authrocket.ErrTokenNotYetValid, kind: authrocket.ErrUnauthenticated, status: 401, reason: "token_not_yet_valid"},
	{err: authrocket.ErrAmbiguousAuthorization, kind: authrocket.ErrUnauthenticated, status: 401, reason: "ambiguous_authorization"},
	{err: authrocket.ErrAmbiguousCookie, kind: authrocket.ErrUnauthenticated, status: 401, reason: "ambiguous_cookie"},
	{err: authrocket.ErrIncompleteCookie, kind: authrocket.ErrUnauthenticated, status: 401, reason: "incomplete_cookie"},
	{err: authrocket.ErrLoginLoop, kind: authrocket.ErrUnauthenticated, status: 401, reason: "login_loop"},

	{err: authrocket.ErrForbidden, kind: authrocket.ErrForbidden, status: 403, reason: "forbidden"},
	{err: authrocket.ErrPermissionDenied, kind: authrocket.ErrForbidden, status: 403, reason: "permission_denied"},
	{err: authrocket.ErrWrongOrg, kind: authrocket.ErrForbidden, status: 403, reason: "wrong_org"},
	{err: authrocket.ErrEmailNotVerified, kind: authrocket.ErrForbidden, status: 403, reason: "email_not_verified"},
	{err: authrocket.ErrCrossSite, kind: authrocket.ErrForbidden, status: 403, reason: "cross_site"},
	{err: authrocket.ErrUnsolicitedLogin, kind: authrocket.ErrForbidden, status: 403, reason: "unsolicited_login"},

	{err: authrocket.ErrUnavailable, kind: authrocket.ErrUnavailable, status: 503, reason: "unavailable"},
	{err: authrocket.ErrKeysUnavailable, kind: authrocket.ErrUnavailable, status: 503, reason: "keys_unavailable"},
	{err: authrocket.ErrTooManyKeyLookups, kind: authrocket.ErrUnavailable, status: 429, reason: "too_many_key_lookups"},
	{err: authrocket.ErrSessionUnknown, kind: authrocket.ErrUnavailable, status: 503, reason: "session_unknown"},
	{err: authrocket.ErrPrefetch, kind: authrocket.ErrUnauthenticated, status: 401, reason: "prefetch"},
	{err: authrocket.ErrSessionEnded, kind: authrocket.ErrUnauthenticated, status: 401, reason: "session_ended"},
}

func TestExportedErrors(t *testing.T) {
	t.Parallel()
	label := regexp.MustCompile(`^[a-z]+(_[a-z]+)*$`)
	texts, labels := map[string]bool{}, map[string]bool{}
	for _, row := range exportedErrors {
		for how, err := range map[string]error{
			"itself": row.err, "wrapped": fmt.Errorf("wrapped: %w", row.err), "joined": errors.Join(io.EOF, row.err),
		} {
			if !errors.Is(err, row.kind) || !errors.Is(err, row.err) {
				t.Errorf("%s, %s: is not of kind %v", row.reason, how, row.kind)
			}
			expectOneKind(t, err)
			if got := authrocket.StatusCode(err); got != row.status {
				t.Errorf("%s, %s: got status %d, want %d", row.reason, how, got, row.status)
			}
			if got := authrocket.Reason(err); got != row.reason {
				t.Errorf("%s, %s: got reason %q", row.reason, how, got)
			}
			if got := authrocket.RetryAfter(err); (got > 0) != (row.kind == authrocket.ErrUnavailable) || got < 0 {
				t.Errorf("%s, %s: got RetryAfter %s", row.reason, how, got)
			}
			public := row.err.Error()
			if row.err == row.kind {
				public = http.StatusText(row.status)
			}
			if got := authrocket.PublicMessage(err); got != public {
				t.Errorf("%s, %s: got public message %q", row.reason, how, got)
			}
		}
		for _, other := range exportedErrors {
			if other.err != row.err && other.err != row.kind && errors.Is(row.err, other.err) {
				t.Errorf("%s matches %s too", row.reason, other.reason)
			}
		}
		if texts[row.err.Error()] || labels[row.reason] || !label.MatchString(row.reason) {
			t.Errorf("%q, %q: is not one of its own", row.reason, row.err)
		}
		texts[row.err.Error()], labels[row.reason] = true, true
		// The text is a quoted parameter of WWW-Authenticate.
		if strings.ContainsAny(row.err.Error(), "\"\\\r\n") {
			t.Errorf("%q does not fit a quoted string", row.err)
		}
	}
}

func TestErrorsOfNoKind(t *testing.T) {
	t.Parallel()
	if got, label := authrocket.StatusCode(nil), authrocket.Reason(nil); got != 200 || label != "" {
		t.Errorf("nil: got %d %q, want 200 and no reason", got, label)
	}
	if got, after := authrocket.PublicMessage(nil), authrocket.RetryAfter(nil); got != "" || after != 0 {
		t.Errorf("nil: got %q and %s", got, after)
	}
	if got, after := authrocket.PublicMessage(io.EOF), authrocket.RetryAfter(io.EOF); got != "Forbidden" || after != 0 {
		t.Errorf("of no kind: got %q and %s", got, after)
	}
	if got, label := authrocket.StatusCode(io.EOF), authrocket.Reason(io.EOF); got != 403 || label != "forbidden" {
		t.Errorf("of no kind: got %d %q, want 403 %q", got, label, "forbidden")
	}
}

func TestErrorsOfTwoKinds(t *testing.T) {
	t.Parallel()
	// What cannot be told is not a no, and who is not signed in may sign in.
	for _, row := range []struct {
		name   string
		err    error
		status int
	}{
		{name: "unavailable and forbidden", err: errors.Join(authrocket.ErrForbidden, authrocket.ErrUnavailable), status: 503},
		{name: "unavailable and unauthenticated", err: errors.Join(authrocket.ErrNoToken, authrocket.ErrUnavailable), status: 503},
		{name: "unauthenticated and forbidden", err: errors.Join(authrocket.ErrForbidden, authrocket.ErrUnauthenticated), status: 401},
	} {
		if got := authrocket.StatusCode(row.err); got != row.status {
			t.Errorf("%s: got %d, want %d", row.name, got, row.status)
		}
	}
}

// Operators look at two clocks when a fresh token has expired.
func TestExpiredErrorTellsBothClocks(t *testing.T) {
	t.Parallel()
	c := newSite(t)
	_, err := c.auth.Verify(t.Context(), c.realm.Token(c.ada, setClaim("exp", 1735689600)))
	if err == nil || !strings.Contains(err.Error(), "2025-01-01T00:00:00Z") || !strings.Contains(err.Error(), "the clock here says 20") {
		t.Errorf("got %v, want it to tell both clocks", err)
	}
}

func TestConfigErrorText(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		err  authrocket.ConfigError
		want string
	}{
		{err: authrocket.ConfigError{Field: "AppURL", Problem: "is missing"}, want: "authrocket: Config.AppURL is missing"},
		{err: authrocket.ConfigError{Field: "AppURL", Env: "AUTHROCKET_APP_URL", Problem: "is missing"}, want: "authrocket: Config.AppURL (AUTHROCKET_APP_URL) is missing"},
		{err: authrocket.ConfigError{Field: "AppURL", Env: "AUTHROCKET_APP_URL", Value: "x", Problem: "is odd"}, want: `authrocket: Config.AppURL (AUTHROCKET_APP_URL) "x" is odd`},
		{err: authrocket.ConfigError{Field: "AuthPath", Value: "a\nb", Problem: "is odd"}, want: `authrocket: Config.AuthPath "a\nb" is odd`},
	} {
		if got := row.err.Error(); got != row.want {
			t.Errorf("got %q, want %q", got, row.want)
		}
	}
}

// An operator's trouble with the API is never a visitor's 403.
func TestARuleReturnsAnErrorOfTheAPI(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name   string
		err    error
		status int
	}{
		{"unavailable is 503", &coreapi.Error{Status: 503}, 503},
		{"a request limit is 503", &coreapi.Error{Status: 429}, 503},
		{"an API key that is refused is 503", &coreapi.Error{Status: 403}, 503},
		{"an answer that is not the API's is 503", fmt.Errorf("the rule: %w", &coreapi.Error{Status: 405}), 503},
		{"a record that is not there is the rule's no", &coreapi.Error{Status: 404}, 403},
		{"LoginRocket that is down is 503", &loginrocket.Error{Status: 503}, 503},
		{"an answer that is not LoginRocket's is 503", &loginrocket.Error{Status: 405}, 503},
		{"a session that ended is the rule's no", &loginrocket.Error{Status: 403}, 403},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			c := newSite(t)
			gate := c.auth.Require(func(context.Context, authrocket.Session) error { return row.err })(http.NotFoundHandler())
			r := httptest.NewRequest("GET", "/", nil)
			r.Header.Set("Authorization", "Bearer "+c.realm.Token(c.ada))
			w := httptest.NewRecorder()
			gate.ServeHTTP(w, r)
			if w.Code != row.status {
				t.Errorf("got %d, want %d", w.Code, row.status)
			}
		})
	}
}

func TestReasonIsOfTheKindThatDecides(t *testing.T) {
	t.Parallel()
	err := fmt.Errorf("%w: %w", authrocket.ErrUnavailable, authrocket.ErrPermissionDenied)
	if status, label := authrocket.StatusCode(err), authrocket.Reason(err); status != 503 || label != "unavailable" {
		t.Errorf("got %d %q, want 503 %q", status, label, "unavailable")
	}
}
