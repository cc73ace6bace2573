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

// The kinds of refusal. Every error of [Auth.Check], [Auth.CheckToken],
// [Auth.CheckContext], [Auth.Verify] and a gate matches one of them with [errors.Is];
// the reasons below match both themselves and their kind. [StatusCode] and [Reason] turn
// an error into what a client may see.
var (
	// ErrUnauthenticated: no valid credentials were presented. 401; a browser that
	// navigates goes to the login instead.
	ErrUnauthenticated = errors.New("not signed in")

	// ErrForbidden: the user is signed in, but may not do this. 403.
	ErrForbidden = errors.New("not allowed")

	// ErrUnavailable: the decision cannot be made right now; the same request may
	// succeed in a moment. 503 with Retry-After, or 429 for [ErrTooManyKeyLookups].
	// Errors of kind ErrUnavailable, ErrDenied and ErrUnexpected of the package coreapi
	// match it, too: a [Rule] may return them as they are.
	ErrUnavailable = unavailable.Err
)

// Reasons of kind [ErrUnauthenticated].
var (
	// ErrNoToken: the request carries no login token.
	ErrNoToken = newReason(ErrUnauthenticated, "no_token", "no login token was presented")

	// ErrTokenMalformed: the token is not a compact JWS (RFC 7515 section 7.1) with a
	// readable header: in valid UTF-8, no member twice, at most 32 levels deep. Or the
	// Authorization header that should hold it is not well-formed.
	ErrTokenMalformed = newReason(ErrUnauthenticated, "token_malformed", "the login token is malformed")

	// ErrTokenTooLarge: the token is longer than Config.MaxTokenBytes, or its kid is
	// longer than 256 bytes. A login is also refused with it when the token has more than
	// the 19,000 bytes that cookies hold.
	ErrTokenTooLarge = newReason(ErrUnauthenticated, "token_too_large", "the login token is too large")

	// ErrWrongAlgorithm: the header's alg is not the one that the key is for (RFC 8725
	// section 3.1).
	ErrWrongAlgorithm = newReason(ErrUnauthenticated, "wrong_algorithm", "the login token is signed with another algorithm than the key's")

	// ErrCriticalHeader: the header has a crit member (RFC 7515 section 4.1.11),
	// or a b64 member (RFC 7797) that is not true; no extension is understood.
	ErrCriticalHeader = newReason(ErrUnauthenticated, "critical_header", "the login token demands an extension that is not understood")

	// ErrUnknownKey: the realm does not publish a key with the token's kid (RFC 7515
	// section 4.1.4), or the token names none. The message shows the kid, which is
	// public.
	ErrUnknownKey = newReason(ErrUnauthenticated, "unknown_key", "the login token is signed with a key that the realm does not have")

	// ErrBadSignature: the signature is not that of the key (RFC 7515 section 5.2).
	ErrBadSignature = newReason(ErrUnauthenticated, "bad_signature", "the login token's signature is wrong")

	// ErrInvalidClaims: the payload is not one JSON object in valid UTF-8 with no
	// member twice (RFC 7493) and at most 32 levels. Or a claim that counts is missing
	// or has the wrong type; with Config.SessionState, sid counts. The message says which.
	ErrInvalidClaims = newReason(ErrUnauthenticated, "invalid_claims", "the login token's claims are not valid")

	// ErrWrongIssuer: iss (RFC 7519 section 4.1.1) is not exactly
	// https://authrocket.com.
	ErrWrongIssuer = newReason(ErrUnauthenticated, "wrong_issuer", "the login token is not from AuthRocket")

	// ErrWrongRealm: rid is not Config.RealmID.
	ErrWrongRealm = newReason(ErrUnauthenticated, "wrong_realm", "the login token is of another realm")

	// ErrWrongAudience: aud (RFC 7519 section 4.1.3) is there and names none of
	// Config.Audience.
	ErrWrongAudience = newReason(ErrUnauthenticated, "wrong_audience", "the login token is meant for another audience")

	// ErrTokenExpired: exp (RFC 7519 section 4.1.4) is more than 5 seconds ago.
	ErrTokenExpired = newReason(ErrUnauthenticated, "token_expired", "the login token has expired")

	// ErrTokenNotYetValid: nbf is more than 5 seconds, or iat more than 60 seconds ahead
	// (RFC 7519 sections 4.1.5 and 4.1.6). The usual cause is a wrong clock.
	ErrTokenNotYetValid = newReason(ErrUnauthenticated, "token_not_yet_valid", "the login token is not valid yet")

	// ErrAmbiguousAuthorization: the request has more than one Authorization header.
	ErrAmbiguousAuthorization = newReason(ErrUnauthenticated, "ambiguous_authorization", "there is more than one Authorization header")

	// ErrAmbiguousCookie: session cookies of two different users came together.
	// A browser gets an error page instead of the login.
	ErrAmbiguousCookie = newReason(ErrUnauthenticated, "ambiguous_cookie", "there are session cookies of two different users")

	// ErrIncompleteCookie: the session was too large for one cookie, and of
	// several only the first came. A browser gets an error page instead of the login.
	ErrIncompleteCookie = newReason(ErrUnauthenticated, "incomplete_cookie", "a part of the session cookie is missing")

	// ErrPrefetch: the request is a prefetch, and no session came with it. The browser
	// repeats it on click. A signed-in user's prefetch is served as any GET.
	ErrPrefetch = newReason(ErrUnauthenticated, "prefetch", "this page is not served ahead of a click")

	// ErrSessionEnded: the session has ended at AuthRocket, though its token has not
	// expired. Config.SessionState says so. A browser's cookie is cleared. At the end of a
	// login, a browser gets a page whose link starts a login with prompt=login.
	ErrSessionEnded = newReason(ErrUnauthenticated, "session_ended", "the session has ended")

	// ErrLoginLoop: three logins in a row did not produce an accepted session
	// within a minute. A browser gets an error page instead of a fourth login; only
	// Observer.Login gets this error, which wraps the one of the session.
	ErrLoginLoop = newReason(ErrUnauthenticated, "login_loop", "repeated logins did not produce an accepted session")
)

// Reasons of kind [ErrForbidden].
var (
	// ErrPermissionDenied: the current membership lacks a permission. A bearer token gets
	// the challenge insufficient_scope (RFC 6750 section 3.1).
	ErrPermissionDenied = newReason(ErrForbidden, "permission_denied", "a permission is missing")

	// ErrWrongOrg: the token does not have the org that the request is about: the user
	// is no member, or has picked another account. Or the request does not say which org
	// that is, or the selector refuses for a reason of its own.
	ErrWrongOrg = newReason(ErrForbidden, "wrong_org", "the user is not signed in to this account")

	// ErrEmailNotVerified: the token does not say that the email is verified.
	ErrEmailNotVerified = newReason(ErrForbidden, "email_not_verified", "the email address is not verified")

	// ErrCrossSite: a session cookie came with an unsafe request (POST, WebSocket, ...)
	// from an origin that is neither AppURL's nor one of Config.TrustedOrigins. A request
	// without Origin and Sec-Fetch-Site, as programs and tests send it, passes.
	ErrCrossSite = newReason(ErrForbidden, "cross_site", "the request comes from another site")

	// ErrUnsolicitedLogin: a login came back that this browser did not start, or
	// that would change who is signed in. It waits for the user to confirm it, if
	// there is room for it in the cookies; only Observer.Login gets this error.
	ErrUnsolicitedLogin = newReason(ErrForbidden, "unsolicited_login", "the login has to be confirmed")
)

// Reasons of kind [ErrUnavailable].
var (
	// ErrKeysUnavailable: the realm's keys could not be fetched, or not yet. 503; a
	// browser that navigates gets a page that reloads itself.
	ErrKeysUnavailable = newReason(ErrUnavailable, "keys_unavailable", "the realm's keys cannot be fetched now")

	// ErrTooManyKeyLookups: the token's key is unknown, and the budget for key lookups
	// is spent. 429 with Retry-After (RFC 6585 section 4); a browser that navigates goes
	// to the login instead and keeps its cookie.
	ErrTooManyKeyLookups = newReason(ErrUnavailable, "too_many_key_lookups", "too many tokens with unknown keys came lately")

	// ErrSessionUnknown: Config.SessionState cannot say now whether the session goes on.
	// 503; a browser that navigates gets a page that reloads itself, and keeps its cookie.
	// Its error is wrapped.
	ErrSessionUnknown = newReason(ErrUnavailable, "session_unknown", "whether the session goes on cannot be told now")
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

// refusal is a reason with what is known beyond it.
type refusal struct {
	reason     error // a *reason
	detail     string
	cause      error // may be nil
	retryAfter time.Duration

	permissions []string // for ErrPermissionDenied: those that are missing
	isAnyEnough bool     // one of them would be enough
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

// refuse returns the refusal for reason; the detail tells an operator more.
func refuse(reason error, format string, args ...any) error {
	return &refusal{reason: reason, detail: fmt.Sprintf(format, args...)}
}

type kind struct {
	err    error
	status int
	label  string
}

// kinds in the order in which they take precedence: an error that wraps two kinds, such
// as that of a rule, is undecided if it may be. The last one is that of an error of no
// kind.
var kinds = [...]kind{
	{ErrUnavailable, http.StatusServiceUnavailable, "unavailable"},
	{ErrUnauthenticated, http.StatusUnauthorized, "unauthenticated"},
	{ErrForbidden, http.StatusForbidden, "forbidden"},
}

// StatusCode returns the status of the answer to a refused request: 401, 403,
// 429 or 503. An error of no kind counts as [ErrForbidden]; nil is 200.
func StatusCode(err error) int {
	if err == nil {
		return http.StatusOK
	}
	if errors.Is(err, ErrTooManyKeyLookups) {
		return http.StatusTooManyRequests
	}
	return kindOf(err).status
}

// kindOf returns the kind that decides about err.
func kindOf(err error) kind {
	for _, k := range kinds {
		if errors.Is(err, k.err) {
			return k
		}
	}
	return kinds[len(kinds)-1]
}

// reasonOf returns the reason of err if it is of the kind that decides: a rule
// may have wrapped a reason of another kind.
func reasonOf(err error) (*reason, bool) {
	r, ok := errors.AsType[*reason](err)
	return r, ok && r.kind == kindOf(err).err
}

// Reason returns a short fixed label for err, such as "token_expired", fit for
// metrics and for clients. An error without a reason has the label of its
// kind: "unauthenticated", "forbidden" (also for an error of no kind) or
// "unavailable"; nil is "".
func Reason(err error) string {
	if err == nil {
		return ""
	}
	if r, ok := reasonOf(err); ok {
		return r.label
	}
	return kindOf(err).label
}

// PublicMessage returns what a client may read about err, the fixed text of its reason.
// The message of err itself is for operators: it may name IDs, times and addresses. nil
// is "".
func PublicMessage(err error) string {
	if err == nil {
		return ""
	}
	if r, ok := reasonOf(err); ok {
		return r.text
	}
	return http.StatusText(StatusCode(err))
}

// withKind makes sure that the error of a caller's function has a kind: that of
// fallback if it has none.
func withKind(err, fallback error) error {
	if errors.Is(err, kindOf(err).err) {
		return err
	}
	return fmt.Errorf("%w: %w", fallback, err)
}

// onLoginError marks what Config.OnLogin refuses: its page offers another account.
type onLoginError struct{ err error }

func (e *onLoginError) Error() string { return e.err.Error() }
func (e *onLoginError) Unwrap() error { return e.err }

// ConfigError is one problem of a [Config]. [New] returns all of them at once, see
// [ConfigErrors].
type ConfigError struct {
	Field   string // the name of the Config field
	Env     string // the environment variable that [ConfigFromEnv] reads for it, "" if there is none
	Value   string // its value, "" where it is secret or may hold a secret
	Problem string // what is wrong and what to write instead
}

// Error names the field, its environment variable, its value if it may be shown, and the
// problem.
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

// ConfigErrors returns each [ConfigError] in err, the error of [New], wrapped or not, in
// the order of its message. It returns none if err is nil or something else.
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

// defaultRetryAfter is for errors that do not say when to try again.
const defaultRetryAfter = 5 * time.Second

// RetryAfter returns how long a client should wait before it repeats a request that was
// refused with err: more than 0 if err is of kind [ErrUnavailable], else 0.
func RetryAfter(err error) time.Duration {
	if !errors.Is(err, ErrUnavailable) {
		return 0
	}
	if e, ok := errors.AsType[*refusal](err); ok && e.retryAfter > 0 {
		return e.retryAfter
	}
	return defaultRetryAfter
}

// wholeSeconds returns d as headers have it, rounded up.
func wholeSeconds(d time.Duration) string { return strconv.Itoa(int(math.Ceil(d.Seconds()))) }
