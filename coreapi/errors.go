package coreapi

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/authrocket-go/authrocket/internal/unavailable"
	"github.com/authrocket-go/authrocket/internal/wire"
)

// The kinds of errors say what the caller can do. Every error of a call matches exactly
// one of them with [errors.Is]; the reasons below match both themselves and their kind.
//
// ErrDenied, ErrUnavailable and ErrUnexpected match the ErrUnavailable of the package
// authrocket, too, so that a Rule may return them as they are: a gate answers 503.
var (
	// ErrInvalid: mend the input. The API answered 400, 409 or 422, or the call was
	// refused before anything was sent, for a blank ID for instance. See [Messages].
	ErrInvalid error = &reason{label: "invalid", text: "the input is not valid"}

	// ErrNotFound: there is no such record, or not for this key and realm. 404. What
	// looks for a record with [Until] or [Once] returns it, too, when there is none.
	ErrNotFound error = &reason{label: "not_found", text: "there is no such record, or not for this key and realm"}

	// ErrDenied: mend the setup.
	ErrDenied error = &reason{unavailable.Err, "denied", "the API refuses this program"}

	// ErrUnavailable: try again later. The API is out of reach, answered 429 or 5xx, or
	// the context ended, whose error is in the chain then.
	ErrUnavailable error = &reason{unavailable.Err, "unavailable", "the API does not answer now"}

	// ErrUnexpected: a defect of the API or of this package, or a URL that is not the
	// API's: a redirect to elsewhere, an answer that cannot be read, status 405, 406,
	// 414, 415, 417.
	ErrUnexpected error = &reason{unavailable.Err, "unexpected", "the answer is not one of the API"}
)

// Reasons.
var (
	// ErrConflict: the record's state does not permit the call. 409, an [ErrInvalid].
	ErrConflict error = &reason{ErrInvalid, "conflict", "the record's state does not permit this"}

	// ErrLoginRefused: user, password, code or token are not right, or the user may not
	// log in now. An [ErrInvalid]. An unknown user is not told from a wrong password.
	ErrLoginRefused error = &reason{ErrInvalid, "login_refused", "the login is refused"}

	// ErrKeyRefused: the API key is wrong, or lacks the permission for this call. 403, an
	// [ErrDenied].
	ErrKeyRefused error = &reason{ErrDenied, "key_refused", "the API key is wrong or lacks a permission"}

	// ErrAccountInactive: the subscription of AuthRocket is not active. 402, an
	// [ErrDenied].
	ErrAccountInactive error = &reason{ErrDenied, "account_inactive", "the subscription of AuthRocket is not active"}

	// ErrRateLimited: the API answered 429, or the own budget
	// (Config.RequestsPerSecond) has no turn before the context ends. The call was not
	// carried out. An [ErrUnavailable]; [Error.RetryAfter] says when to come back.
	ErrRateLimited error = &reason{ErrUnavailable, "rate_limited", "there are too many requests"}

	// ErrOutcomeUnknown: a POST, or a change of a password with the current one, was
	// sent, and no answer or a 5xx came. Look before you repeat it; [Once] does. An
	// [ErrUnavailable].
	ErrOutcomeUnknown error = &reason{ErrUnavailable, "outcome_unknown", "it is not known whether the call was carried out"}

	// ErrNotVisible: [Until] or [UntilGone] waited, and what it waits for did not show.
	// An [ErrUnavailable].
	ErrNotVisible error = &reason{ErrUnavailable, "not_visible", "the change does not show yet"}
)

// reason is a kind, or a reason that also matches its kind.
type reason struct {
	kind  error // nil, or what errors.Is finds, too
	label string
	text  string
}

func (r *reason) Error() string { return r.text }
func (r *reason) Unwrap() error { return r.kind }

// Error is what a call that failed returns. Its kind follows from Status, so that a
// test can make one: &coreapi.Error{Status: 404} matches [ErrNotFound].
type Error struct {
	Method     string
	Path       string        // the template, such as /users/{id}: an ID may be an email address
	Status     int           // 0 without an answer
	Messages   []string      // AuthRocket's words for people, in the Locale; "Validation error" when there are none
	RequestID  string        // for questions to AuthRocket's support
	RetryAfter time.Duration // when the same call may succeed; 0 when nothing says so
	Attempts   int           // how many requests were sent

	reason   error // nil: that of Status
	cause    error // may be nil; its text holds nothing that was sent or received
	metadata map[string]wire.Sealed
}

func (e *Error) Error() string {
	text := "coreapi: "
	if e.Method != "" {
		text += e.Method + " " + e.Path + ": "
	}
	text += e.why().Error()
	if len(e.Messages) > 0 {
		text += ": " + strings.Join(e.Messages, "; ")
	}
	if e.cause != nil {
		text += ": " + e.cause.Error()
	}
	var details []string
	if e.Status != 0 {
		details = append(details, "status "+strconv.Itoa(e.Status))
	}
	if e.RequestID != "" {
		details = append(details, "request "+e.RequestID)
	}
	if e.Attempts > 1 {
		details = append(details, strconv.Itoa(e.Attempts)+" attempts")
	}
	if len(details) > 0 {
		text += " (" + strings.Join(details, ", ") + ")"
	}
	return text
}

// Unwrap returns the reason, or the kind, and the cause.
func (e *Error) Unwrap() []error {
	if e.cause == nil {
		return []error{e.why()}
	}
	return []error{e.why(), e.cause}
}

// Metadata returns a further member of the answer, such as retry_url; "" when there is
// none.
func (e *Error) Metadata(name string) string { return e.metadata[name].Open() }

// UnmarshalJSON reads an answer of AuthRocket that refuses a call: Messages and
// metadata.
func (e *Error) UnmarshalJSON(data []byte) error {
	messages, metadata, err := readRefusal(data)
	if err != nil {
		return err
	}
	e.Messages, e.metadata = messages, metadata
	return nil
}

// why returns the reason, or the kind when there is no reason beyond it.
func (e *Error) why() error {
	if e.reason != nil {
		return e.reason
	}
	return reasonOfStatus(e.Status)
}

func reasonOfStatus(status int) error {
	switch status {
	case 400, 422:
		return ErrInvalid
	case 409:
		return ErrConflict
	case 402:
		return ErrAccountInactive
	case statusNotAuthenticated, 403:
		return ErrKeyRefused
	case 404:
		return ErrNotFound
	case 429:
		return ErrRateLimited
	case 0:
		return ErrUnavailable
	}
	if status >= 500 {
		return ErrUnavailable
	}
	return ErrUnexpected
}

// Reason returns a short fixed label for err, such as "login_refused", fit for
// metrics. An error without a reason has the label of its kind: "invalid", "not_found",
// "denied", "unavailable" or "unexpected" (also for an error of no kind); nil is "".
func Reason(err error) string {
	if err == nil {
		return ""
	}
	if r, ok := errors.AsType[*reason](err); ok {
		return r.label
	}
	return "unexpected"
}

// Messages returns AuthRocket's words in err for the person who filled in the form, in
// the language of the Client, or none.
func Messages(err error) []string {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Messages
	}
	return nil
}
