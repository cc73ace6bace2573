package authrocketotel

import (
	"errors"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/coreapi"
	"github.com/authrocket-go/authrocket/loginrocket"
	"github.com/authrocket-go/authrocket/sessionstate"
	"go.opentelemetry.io/otel/attribute"
)

// These are the attributes. Names without the prefix authrocket come from the semantic
// conventions of OpenTelemetry.
const (
	keyGate    = attribute.Key("authrocket.gate")
	keyOutcome = attribute.Key("authrocket.outcome")
	keyReason  = attribute.Key("authrocket.reason")
	keySource  = attribute.Key("authrocket.source")
	keyAllowed = attribute.Key("authrocket.allowed")

	keyStarted       = attribute.Key("authrocket.login.started")
	keyLocal         = attribute.Key("authrocket.logout.local")
	keyAPI           = attribute.Key("authrocket.api")
	keySessionSource = attribute.Key("authrocket.session.source")

	keyErrorType   = attribute.Key("error.type")
	keyMethod      = attribute.Key("http.request.method")
	keyStatus      = attribute.Key("http.response.status_code")
	keyURLTemplate = attribute.Key("url.template")
	keyUserID      = attribute.Key("user.id")
)

// other stands for a value that is not in the fixed set. Such values occur because any code can
// call an Observer with any event, and because a later version of a package can add a reason or
// a path.
const other = "_OTHER"

// These are the values of authrocket.outcome, except those of a session check.
const (
	outcomeAllowed   = "allowed"
	outcomeRefused   = "refused"
	outcomeUndecided = "undecided"
	outcomeSignedIn  = "signed_in"
	outcomeAnonymous = "anonymous"
	outcomePending   = "pending"
	outcomeReplaced  = "replaced"
	outcomeFailed    = "failed"
)

// values is a fixed set of values for an attribute, each with a number.
type values struct {
	all    []string // the last one is other
	number map[string]int
}

func newValues(all ...string) values {
	v := values{append(all, other), map[string]int{}}
	for i, value := range v.all {
		v.number[value] = i
	}
	return v
}

// index returns the number of value, or the number of other if value is not in the set.
func (v values) index(value string) int {
	if i, ok := v.number[value]; ok {
		return i
	}
	return len(v.all) - 1
}

// bounded returns value, or other if value is not in the set.
func (v values) bounded(value string) string { return v.all[v.index(value)] }

func newValuesOf[T ~string](all ...T) values {
	var labels []string
	for _, value := range all {
		labels = append(labels, string(value))
	}
	return newValues(labels...)
}

func labelsOf(label func(error) string, all []error) []string {
	var labels []string
	for _, err := range all {
		labels = append(labels, label(err))
	}
	return labels
}

// refusals are the errors of a decision or a login, in the order of reasons.
var refusals = []error{
	authrocket.ErrUnauthenticated, authrocket.ErrForbidden, authrocket.ErrUnavailable,
	authrocket.ErrNoToken, authrocket.ErrTokenMalformed, authrocket.ErrTokenTooLarge, authrocket.ErrWrongAlgorithm,
	authrocket.ErrCriticalHeader, authrocket.ErrUnknownKey, authrocket.ErrBadSignature, authrocket.ErrInvalidClaims,
	authrocket.ErrWrongIssuer, authrocket.ErrWrongRealm, authrocket.ErrWrongAudience, authrocket.ErrTokenExpired,
	authrocket.ErrTokenNotYetValid, authrocket.ErrAmbiguousAuthorization, authrocket.ErrAmbiguousCookie,
	authrocket.ErrIncompleteCookie, authrocket.ErrPrefetch, authrocket.ErrSessionEnded, authrocket.ErrLoginLoop,
	authrocket.ErrPermissionDenied, authrocket.ErrWrongOrg, authrocket.ErrEmailNotVerified, authrocket.ErrCrossSite,
	authrocket.ErrUnsolicitedLogin,
	authrocket.ErrKeysUnavailable, authrocket.ErrTooManyKeyLookups, authrocket.ErrSessionUnknown,
}

var (
	reasons = newValues(labelsOf(authrocket.Reason, refusals)...)
	sources = newValuesOf(authrocket.SourceNone, authrocket.SourceBearer, authrocket.SourceCookie)

	methods = newValues("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")

	coreReasons = newValues(labelsOf(coreapi.Reason, []error{
		coreapi.ErrInvalid, coreapi.ErrNotFound, coreapi.ErrDenied, coreapi.ErrUnavailable, coreapi.ErrUnexpected,
		coreapi.ErrConflict, coreapi.ErrLoginRefused, coreapi.ErrKeyRefused, coreapi.ErrAccountInactive,
		coreapi.ErrRateLimited, coreapi.ErrOutcomeUnknown, coreapi.ErrNotVisible,
	})...)
	loginReasons = newValues(labelsOf(loginrocket.Reason, []error{
		loginrocket.ErrRefused, loginrocket.ErrSessionEnded, loginrocket.ErrConditions, loginrocket.ErrUnavailable, loginrocket.ErrUnexpected,
	})...)

	// These are the paths of the typed calls. The caller chooses the paths of Get, Each and
	// Send.
	corePaths = newValues(
		"/auth_providers/authorize", "/auth_providers/{id}", "/auth_providers/{id}/authorize",
		"/credentials", "/credentials/{id}", "/credentials/{id}/verify",
		"/events", "/events/{id}",
		"/invitations", "/invitations/{id}", "/invitations/{id}/invite",
		"/memberships", "/memberships/{id}",
		"/orgs", "/orgs/{id}",
		"/sessions", "/sessions/oauth2/code", "/sessions/{id}",
		"/users", "/users/authenticate_token", "/users/reset_password_with_token", "/users/verify_email", "/users/{id}",
		"/users/{id}/accept_invitation", "/users/{id}/authenticate", "/users/{id}/generate_password_token", "/users/{id}/profile",
		"/users/{id}/request_email_verification", "/users/{id}/update_password",
	)
	loginPaths = newValues("/email/verify", "/login", "/login/verify", "/password/forgot", "/password/reset", "/profile", "/profile/password",
		"/session", "/signup", "/signup/request")

	checkOutcomes  = newValuesOf(sessionstate.GoesOn, sessionstate.HasEnded, sessionstate.Unknown)
	sessionSources = newValuesOf(sessionstate.SourceWebhook, sessionstate.SourceLog, sessionstate.SourceApp, sessionstate.SourceCheck)

	// webhookReasons are the reasons in webhook.Outcome; "" means that the webhook was handled.
	webhookReasons = newValues("", "ping", "handled", "old", "seen", "busy", "not_confirmed", "api_refused", "api_unavailable", "handler",
		"wrong_secret", "method", "bad_body", "slow_body", "too_large", "panic")
)

// isUndecided reports whether a reason is of kind ErrUnavailable.
func isUndecided(reason int) bool {
	return reason < len(refusals) && errors.Is(refusals[reason], authrocket.ErrUnavailable)
}

func isStatus(status int) bool { return status >= 100 && status <= 599 }
