package authrocket_test

import (
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"testing"

	"github.com/authrocket-go/authrocket"
)

// exportedErrors are all of them, by kind.
var exportedErrors = []struct {
	err    error
	kind   error
	status int
	reason string
}{
	{authrocket.ErrUnauthenticated, authrocket.ErrUnauthenticated, 401, "unauthenticated"},
	{authrocket.ErrNoToken, authrocket.ErrUnauthenticated, 401, "no_token"},
	{authrocket.ErrTokenMalformed, authrocket.ErrUnauthenticated, 401, "token_malformed"},
	{authrocket.ErrTokenTooLarge, authrocket.ErrUnauthenticated, 401, "token_too_large"},
	{authrocket.ErrWrongAlgorithm, authrocket.ErrUnauthenticated, 401, "wrong_algorithm"},
	{authrocket.ErrCriticalHeader, authrocket.ErrUnauthenticated, 401, "critical_header"},
	{authrocket.ErrUnknownKey, authrocket.ErrUnauthenticated, 401, "unknown_key"},
	{authrocket.ErrBadSignature, authrocket.ErrUnauthenticated, 401, "bad_signature"},
	{authrocket.ErrInvalidClaims, authrocket.ErrUnauthenticated, 401, "invalid_claims"},
	{authrocket.ErrWrongIssuer, authrocket.ErrUnauthenticated, 401, "wrong_issuer"},
	{authrocket.ErrWrongRealm, authrocket.ErrUnauthenticated, 401, "wrong_realm"},
	{authrocket.ErrWrongAudience, authrocket.ErrUnauthenticated, 401, "wrong_audience"},
	{authrocket.ErrTokenExpired, authrocket.ErrUnauthenticated, 401, "token_expired"},
	{authrocket.ErrTokenNotYetValid, authrocket.ErrUnauthenticated, 401, "token_not_yet_valid"},
	{authrocket.ErrAmbiguousAuthorization, authrocket.ErrUnauthenticated, 401, "ambiguous_authorization"},
	{authrocket.ErrAmbiguousCookie, authrocket.ErrUnauthenticated, 401, "ambiguous_cookie"},
	{authrocket.ErrIncompleteCookie, authrocket.ErrUnauthenticated, 401, "incomplete_cookie"},
	{authrocket.ErrLoginLoop, authrocket.ErrUnauthenticated, 401, "login_loop"},

	{authrocket.ErrForbidden, authrocket.ErrForbidden, 403, "forbidden"},
	{authrocket.ErrPermissionDenied, authrocket.ErrForbidden, 403, "permission_denied"},
	{authrocket.ErrWrongOrg, authrocket.ErrForbidden, 403, "wrong_org"},
	{authrocket.ErrEmailNotVerified, authrocket.ErrForbidden, 403, "email_not_verified"},
	{authrocket.ErrCrossSite, authrocket.ErrForbidden, 403, "cross_site"},
	{authrocket.ErrUnsolicitedLogin, authrocket.ErrForbidden, 403, "unsolicited_login"},

	{authrocket.ErrUnavailable, authrocket.ErrUnavailable, 503, "unavailable"},
	{authrocket.ErrKeysUnavailable, authrocket.ErrUnavailable, 503, "keys_unavailable"},
	{authrocket.ErrTooManyKeyLookups, authrocket.ErrUnavailable, 429, "too_many_key_lookups"},
	{authrocket.ErrPrefetch, authrocket.ErrUnauthenticated, 401, "prefetch"},
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
		{"unavailable and forbidden", errors.Join(authrocket.ErrForbidden, authrocket.ErrUnavailable), 503},
		{"unavailable and unauthenticated", errors.Join(authrocket.ErrNoToken, authrocket.ErrUnavailable), 503},
		{"unauthenticated and forbidden", errors.Join(authrocket.ErrForbidden, authrocket.ErrUnauthenticated), 401},
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
		{authrocket.ConfigError{Field: "AppURL", Problem: "is missing"}, "authrocket: Config.AppURL is missing"},
		{authrocket.ConfigError{Field: "AppURL", Env: "AUTHROCKET_APP_URL", Problem: "is missing"}, "authrocket: Config.AppURL (AUTHROCKET_APP_URL) is missing"},
		{authrocket.ConfigError{Field: "AppURL", Env: "AUTHROCKET_APP_URL", Value: "x", Problem: "is odd"}, `authrocket: Config.AppURL (AUTHROCKET_APP_URL) "x" is odd`},
		{authrocket.ConfigError{Field: "AuthPath", Value: "a\nb", Problem: "is odd"}, `authrocket: Config.AuthPath "a\nb" is odd`},
	} {
		if got := row.err.Error(); got != row.want {
			t.Errorf("got %q, want %q", got, row.want)
		}
	}
}

func TestReasonIsOfTheKindThatDecides(t *testing.T) {
	t.Parallel()
	err := fmt.Errorf("%w: %w", authrocket.ErrUnavailable, authrocket.ErrPermissionDenied)
	if status, label := authrocket.StatusCode(err), authrocket.Reason(err); status != 503 || label != "unavailable" {
		t.Errorf("got %d %q, want 503 %q", status, label, "unavailable")
	}
}
