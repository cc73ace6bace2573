package authrocket

import (
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/authrocket-go/authrocket/internal/unavailable"
)

// These are the kinds of refusal. Every error of [Auth.Check], [Auth.CheckToken],
// [Auth.CheckContext], [Auth.Verify] and a gate matches one kind with [errors.Is]. An
// error with one of the reasons below matches both the reason and its kind. [StatusCode]
// and [Reason] return what a client may see of an error.
var (
	// ErrUnauthenticated: no valid credentials were presented. The status is 401. A
	// browser that navigates is redirected to the login instead.
	ErrUnauthenticated = errors.New("not signed in")

	// ErrForbidden: the user is signed in, but the request is not allowed. The status is
	// 403.
	ErrForbidden = errors.New("not allowed")

	// ErrUnavailable: the decision cannot be made right now. The same request may succeed
	// in a moment. The status is 503 with Retry-After, or 429 for [ErrTooManyKeyLookups].
	// The errors ErrUnavailable, ErrDenied and ErrUnexpected of package coreapi also
	// match it, so that a [Rule] can return them unchanged.
	ErrUnavailable = unavailable.Err
)

// Reasons of kind [ErrUnauthenticated].
var (
	// ErrNoToken: the request has no login token.
	ErrNoToken = newReason(ErrUnauthenticated, "no_token", "no login token was presented")

	// ErrTokenMalformed: the token is not a compact JWS (RFC 7515 section 7.1) with a
	// readable header. The header must be valid UTF-8, have no duplicate members and nest
	// at most 32 levels deep. A malformed Authorization header causes the same error.
	ErrTokenMalformed = newReason(ErrUnauthenticated, "token_malformed", "the login token is malformed")

	// ErrTokenTooLarge: the token is longer than Config.MaxTokenBytes, or its kid is
	// longer than 256 bytes. At a login, the token must also fit into the 19,000 bytes
	// that cookies can hold.
	ErrTokenTooLarge = newReason(ErrUnauthenticated, "token_too_large", "the login token is too large")

	// ErrWrongAlgorithm: the header's alg is not the algorithm of the key (RFC 8725
	// section 3.1).
	ErrWrongAlgorithm = newReason(ErrUnauthenticated, "wrong_algorithm", "the login token's algorithm is not that of the key")

	// ErrCriticalHeader: the header has a crit member (RFC 7515 section 4.1.11), or a b64
	// member (RFC 7797) that is not true. This package supports no such extension.
	ErrCriticalHeader = newReason(ErrUnauthenticated, "critical_header", "the login token requires an extension that is not supported")

	// ErrUnknownKey: the realm does not publish a key with the token's kid (RFC 7515
	// section 4.1.4), or the token has no kid. The message contains the kid, which is
	// public.
	ErrUnknownKey = newReason(ErrUnauthenticated, "unknown_key", "the login token is signed with a key that the realm does not have")

	// ErrBadSignature: the token's signature is not valid for the key (RFC 7515 section
	// 5.2).
	ErrBadSignature = newReason(ErrUnauthenticated, "bad_signature", "the login token's signature is invalid")

	// ErrInvalidClaims: the payload is malformed, or a required claim is missing or has
	// the wrong type. The payload must be a JSON object in valid UTF-8 without duplicate
	// members (RFC 7493) and nest at most 32 levels deep. With Config.SessionState, sid
	// is required. The message says what is wrong.
	ErrInvalidClaims = newReason(ErrUnauthenticated, "invalid_claims", "the login token's claims are invalid")

	// ErrWrongIssuer: iss (RFC 7519 section 4.1.1) is not exactly
	// https://authrocket.com.
	ErrWrongIssuer = newReason(ErrUnauthenticated, "wrong_issuer", "the login token is not from AuthRocket")

	// ErrWrongRealm: rid is not Config.RealmID.
	ErrWrongRealm = newReason(ErrUnauthenticated, "wrong_realm", "the login token is from another realm")

	// ErrWrongAudience: the token has an aud (RFC 7519 section 4.1.3) that contains none
	// of the values in Config.Audience.
	ErrWrongAudience = newReason(ErrUnauthenticated, "wrong_audience", "the login token is for another audience")

	// ErrTokenExpired: exp (RFC 7519 section 4.1.4) is more than 5 seconds in the past.
	ErrTokenExpired = newReason(ErrUnauthenticated, "token_expired", "the login token has expired")

	// ErrTokenNotYetValid: nbf is more than 5 seconds in the future, or iat more than 60
	// seconds (RFC 7519 sections 4.1.5 and 4.1.6). The usual cause is a wrong clock.
	ErrTokenNotYetValid = newReason(ErrUnauthenticated, "token_not_yet_valid", "the login token is not valid yet")

	// ErrAmbiguousAuthorization: the request has more than one Authorization header.
	ErrAmbiguousAuthorization = newReason(ErrUnauthenticated, "ambiguous_authorization", "there is more than one Authorization header")

	// ErrAmbiguousCookie: the request has valid session cookies of two different users. A
	// browser gets an error page instead of the login.
	ErrAmbiguousCookie = newReason(ErrUnauthenticated, "ambiguous_cookie", "there are session cookies of two different users")

	// ErrIncompleteCookie: the session needs several cookies, and one of them is missing.
	// A browser gets an error page instead of the login.
	ErrIncompleteCookie = newReason(ErrUnauthenticated, "incomplete_cookie", "a part of the session cookie is missing")

	// ErrPrefetch: the request is a prefetch without a valid session. The browser repeats
	// the request when the user clicks the link. The prefetch of a signed-in user is
	// served like any GET.
	ErrPrefetch = newReason(ErrUnauthenticated, "prefetch", "this page is not prefetched without a session")

	// ErrSessionEnded: Config.SessionState reports that the session has ended at
	// AuthRocket, although its token has not expired. The session cookie is cleared. If
	// the session has already ended when its login is completed, the browser gets a page
	// with a link to a login with prompt=login.
	ErrSessionEnded = newReason(ErrUnauthenticated, "session_ended", "the session has ended")

	// ErrLoginLoop: three logins in a row within a minute did not produce an accepted
	// session. A browser gets an error page instead of a fourth login. Only
	// Observer.Login gets this error, which wraps the reason why the session was refused.
	ErrLoginLoop = newReason(ErrUnauthenticated, "login_loop", "repeated logins did not produce an accepted session")
)

// Reasons of kind [ErrForbidden].
var (
	// ErrPermissionDenied: the current membership lacks a permission. A bearer token gets
	// the challenge insufficient_scope (RFC 6750 section 3.1).
	ErrPermissionDenied = newReason(ErrForbidden, "permission_denied", "a permission is missing")

	// ErrWrongOrg: the token does not contain the org that the request is about. The user
	// is not a member of that org, or has picked another account. The error is also
	// ErrWrongOrg if the request does not say which org it is about, or if the selector
	// returns an error without a kind.
	ErrWrongOrg = newReason(ErrForbidden, "wrong_org", "the user is not signed in to this account")

	// ErrEmailNotVerified: the token does not say that the email address is verified.
	ErrEmailNotVerified = newReason(ErrForbidden, "email_not_verified", "the email address is not verified")

	// ErrCrossSite: an unsafe request (POST, WebSocket, ...) with a session cookie comes
	// from another origin than AppURL's and Config.TrustedOrigins. A request without
	// Origin and Sec-Fetch-Site is accepted, because programs and tests send such
	// requests.
	ErrCrossSite = newReason(ErrForbidden, "cross_site", "the request comes from another site")

	// ErrUnsolicitedLogin: this browser did not start the login that came back, or the
	// login would change who is signed in. The login waits for the user's confirmation if
	// its token fits into a cookie. Only Observer.Login gets this error.
	ErrUnsolicitedLogin = newReason(ErrForbidden, "unsolicited_login", "the user must confirm the login")
)

// Reasons of kind [ErrUnavailable].
var (
	// ErrKeysUnavailable: the realm's keys could not be fetched, or have not been fetched
	// yet. The status is 503. A browser that navigates gets a page that reloads itself.
	ErrKeysUnavailable = newReason(ErrUnavailable, "keys_unavailable", "the realm's keys cannot be fetched now")

	// ErrTooManyKeyLookups: the token's key is unknown, and the budget for key lookups is
	// spent. The status is 429 with Retry-After (RFC 6585 section 4). A browser that
	// navigates is redirected to the login instead, and keeps its cookie.
	ErrTooManyKeyLookups = newReason(ErrUnavailable, "too_many_key_lookups", "the key is unknown, and the budget for key lookups is spent")

	// ErrSessionUnknown: Config.SessionState cannot decide now whether the session is
	// still active. The status is 503. A browser that navigates gets a page that reloads
	// itself, and keeps its cookie. This error wraps the error of SessionState.
	ErrSessionUnknown = newReason(ErrUnavailable, "session_unknown", "it is not known right now whether the session is still active")
)

// reason is an error that also matches its kind.
type reason struct {
	kind  error
	label string
	text  string
}

func newReason(kind error, label, text string) error { return &reason{kind, label, text} }

func (r *reason) Error() string { return r.text }
func (r *reason) Unwrap() error { return r.kind }

// refusal is a reason with details.
type refusal struct {
	reason     error // a *reason
	detail     string
	cause      error // may be nil
	retryAfter time.Duration

	permissions []string // for ErrPermissionDenied: the missing permissions
	isAnyEnough bool     // the user needs only one of them
}

func (e *refusal) Error() string {
	s := e.reason.Error()
	if e.detail != "" {
		s += ": " + e.detail
	}
	if e.cause != nil {
		s += ": " + e.cause.Error()
	}
	return s
}

func (e *refusal) Unwrap() []error {
	if e.cause == nil {
		return []error{e.reason}
	}
	return []error{e.reason, e.cause}
}

// refuse returns a refusal for reason, with a detail for operators.
func refuse(reason error, format string, args ...any) error {
	return &refusal{reason: reason, detail: fmt.Sprintf(format, args...)}
}

type kind struct {
	err    error
	status int
	label  string
}

// kinds lists the kinds in their order of precedence. A rule's error may wrap two kinds.
// ErrUnavailable takes precedence, because the decision may change. An error without a
// kind gets the last kind.
var kinds = [...]kind{
	{ErrUnavailable, http.StatusServiceUnavailable, "unavailable"},
	{ErrUnauthenticated, http.StatusUnauthorized, "unauthenticated"},
	{ErrForbidden, http.StatusForbidden, "forbidden"},
}

// StatusCode returns the HTTP status for a request that was refused with err: 401, 403,
// 429 or 503. An error without a kind counts as [ErrForbidden]. For nil it returns 200.
func StatusCode(err error) int {
	if err == nil {
		return http.StatusOK
	}
	if errors.Is(err, ErrTooManyKeyLookups) {
		return http.StatusTooManyRequests
	}
	return kindOf(err).status
}

// kindOf returns the kind of err that takes precedence.
func kindOf(err error) kind {
	for _, k := range kinds {
		if errors.Is(err, k.err) {
			return k
		}
	}
	return kinds[len(kinds)-1]
}

// reasonOf returns the reason of err, and whether that reason belongs to the kind of err.
// A rule may have wrapped a reason of another kind.
func reasonOf(err error) (*reason, bool) {
	r, ok := errors.AsType[*reason](err)
	return r, ok && r.kind == kindOf(err).err
}

// Reason returns a short fixed label for err, such as "token_expired". The label is
// suitable for metrics and for clients. For an error without a reason, it returns the
// label of its kind: "unauthenticated", "forbidden" (also for an error without a kind) or
// "unavailable". For nil it returns "".
func Reason(err error) string {
	if err == nil {
		return ""
	}
	if r, ok := reasonOf(err); ok {
		return r.label
	}
	return kindOf(err).label
}

// PublicMessage returns the fixed text of err's reason, which you may show to a client.
// Show the message of err only to operators, because it may contain IDs, times and
// addresses. For nil it returns "".
func PublicMessage(err error) string {
	if err == nil {
		return ""
	}
	if r, ok := reasonOf(err); ok {
		return r.text
	}
	return http.StatusText(StatusCode(err))
}

// withKind returns err if it has a kind, and otherwise wraps it with the kind fallback.
// Use it for errors that functions in Config return.
func withKind(err, fallback error) error {
	if errors.Is(err, kindOf(err).err) {
		return err
	}
	return fmt.Errorf("%w: %w", fallback, err)
}

// onLoginError marks a refusal by Config.OnLogin. Its page offers to use another account.
type onLoginError struct{ err error }

func (e *onLoginError) Error() string { return e.err.Error() }
func (e *onLoginError) Unwrap() error { return e.err }

// ConfigError is one problem with a [Config]. [New] returns all problems at once: see
// [ConfigErrors].
type ConfigError struct {
	Field   string // the name of the Config field
	Env     string // the environment variable that [ConfigFromEnv] reads for it, "" if there is none
	Value   string // its value, "" if it is or may contain a secret
	Problem string // what is wrong, and what to do
}

// Error returns a message with the field, its environment variable, its value if it may be
// shown, and the problem.
func (e *ConfigError) Error() string {
	field := "Config." + e.Field
	if e.Env != "" {
		field += " (" + e.Env + ")"
	}
	if e.Value != "" {
		field += " " + strconv.Quote(e.Value)
	}
	return "authrocket: " + field + " " + e.Problem
}

// ConfigErrors returns each [ConfigError] in err, which must be the error of [New] or
// wrap it. The order is the same as in the message of err. For nil and for other errors,
// ConfigErrors returns none.
func ConfigErrors(err error) []*ConfigError {
	var problems []*ConfigError
	switch err := err.(type) {
	case *ConfigError:
		problems = append(problems, err)
	case interface{ Unwrap() error }:
		problems = ConfigErrors(err.Unwrap())
	case interface{ Unwrap() []error }:
		for _, e := range err.Unwrap() {
			problems = append(problems, ConfigErrors(e)...)
		}
	}
	return problems
}

// defaultRetryAfter is the result of [RetryAfter] for an error that does not say when to
// try again.
const defaultRetryAfter = 5 * time.Second

// RetryAfter returns how long a client should wait before it repeats a request that was
// refused with err. It is more than 0 if err is of kind [ErrUnavailable], and 0
// otherwise.
func RetryAfter(err error) time.Duration {
	if !errors.Is(err, ErrUnavailable) {
		return 0
	}
	if e, ok := errors.AsType[*refusal](err); ok && e.retryAfter > 0 {
		return e.retryAfter
	}
	return defaultRetryAfter
}

// wholeSeconds returns d in seconds, rounded up, as the value of a header.
func wholeSeconds(d time.Duration) string { return strconv.Itoa(int(math.Ceil(d.Seconds()))) }
