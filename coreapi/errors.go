package coreapi

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/authrocket-go/authrocket/internal/unavailable"
	"github.com/authrocket-go/authrocket/internal/wire"
)

// The kind of an error says what the caller can do. Every error of a call matches exactly
// one kind with [errors.Is]. An error with one of the reasons below matches the reason
// and its kind.
//
// ErrDenied, ErrUnavailable and ErrUnexpected also match the ErrUnavailable of the
// package authrocket. A Rule may therefore return them unchanged, and the gate then
// answers 503.
var (
	// ErrInvalid means that the caller must correct the input. Either the API answered
	// 400, 409 or 422, or the Client refused the call before it sent anything, for
	// example because an ID was blank. See [Messages].
	ErrInvalid error = &reason{label: "invalid", text: "the input is invalid"}

	// ErrNotFound means that the record does not exist, or that it does not belong to
	// this key and realm. The API answered 404. The functions that you pass to [Until] or
	// [Once] to look for a record also return it.
	ErrNotFound error = &reason{label: "not_found", text: "there is no such record, or not for this key and realm"}

	// ErrDenied means that the setup must be corrected; see [ErrKeyRefused] and
	// [ErrAccountInactive].
	ErrDenied error = &reason{unavailable.Err, "denied", "the API denies access"}

	// ErrUnavailable means that the call may succeed later. The API could not be reached,
	// answered 429 or 5xx, or the context ended. In the last case, the error wraps the
	// context's error.
	ErrUnavailable error = &reason{unavailable.Err, "unavailable", "the API does not answer now"}

	// ErrUnexpected means that the API or this package has a defect, or that the URL is
	// not the API's. Examples: a redirect to another host, an answer that cannot be
	// decoded, or status 405, 406, 414, 415 or 417.
	ErrUnexpected error = &reason{unavailable.Err, "unexpected", "the API's answer is invalid"}
)

// A reason is more specific than the kind of an error.
var (
	// ErrConflict means that the record's state does not permit the call. The API
	// answered 409. Its kind is [ErrInvalid].
	ErrConflict error = &reason{ErrInvalid, "conflict", "the record's state does not permit this"}

	// ErrLoginRefused means that the user, password, code or token is wrong, or that the
	// user may not log in now. It does not say whether the user exists. Its kind is
	// [ErrInvalid].
	ErrLoginRefused error = &reason{ErrInvalid, "login_refused", "the login is refused"}

	// ErrKeyRefused means that the API key is wrong or lacks the permission for this
	// call. The API answered 403. Its kind is [ErrDenied].
	ErrKeyRefused error = &reason{ErrDenied, "key_refused", "the API key is wrong or lacks a permission"}

	// ErrAccountInactive means that the AuthRocket subscription is not active. The API
	// answered 402. Its kind is [ErrDenied].
	ErrAccountInactive error = &reason{ErrDenied, "account_inactive", "the AuthRocket subscription is not active"}

	// ErrRateLimited means that the API answered 429, or that Config.RequestsPerSecond
	// permits no request before the context's deadline. The call was not carried out.
	// [Error.RetryAfter] says when to try again. Its kind is [ErrUnavailable].
	ErrRateLimited error = &reason{ErrUnavailable, "rate_limited", "there are too many requests"}

	// ErrOutcomeUnknown means that the API may or may not have carried out the call. The
	// Client sent a POST, or a password change that includes the current password, and
	// got no answer or a 5xx. Look for the record before you repeat the call; [Once] does
	// both. Its kind is [ErrUnavailable].
	ErrOutcomeUnknown error = &reason{ErrUnavailable, "outcome_unknown", "it is not known whether the call was carried out"}

	// ErrNotVisible means that the change that [Until] or [UntilGone] waited for did not
	// become visible in time. Its kind is [ErrUnavailable].
	ErrNotVisible error = &reason{ErrUnavailable, "not_visible", "the change is not visible yet"}
)

// reason is the type of both kinds and reasons. A reason also matches its kind.
type reason struct {
	kind  error // nil, or the kind, which errors.Is also finds
	label string
	text  string
}

func (r *reason) Error() string { return r.text }
func (r *reason) Unwrap() error { return r.kind }

// Error is the error of a call that failed. Its kind follows from Status, so that tests
// can create an Error: &coreapi.Error{Status: 404} matches [ErrNotFound].
type Error struct {
	Method     string
	Path       string        // the template, for example /users/{id}, because an ID may be an email address
	Status     int           // 0 if there was no answer
	Messages   []string      // AuthRocket's messages for people, in the Client's Locale; "Validation error" if there are none
	RequestID  string        // for questions to AuthRocket's support
	RetryAfter time.Duration // how long to wait before the same call may succeed; 0 if that is not known
	Attempts   int           // how many requests were sent

	reason   error // nil means the reason of Status
	cause    error // may be nil; its text contains nothing that was sent or received
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

// Unwrap returns the reason (or the kind if there is no specific reason) and the cause.
func (e *Error) Unwrap() []error {
	if e.cause == nil {
		return []error{e.why()}
	}
	return []error{e.why(), e.cause}
}

// Metadata returns the string in the answer's member with this name, for example
// retry_url. It returns "" if the answer contains no such string. The member "errors"
// is not metadata; see Messages.
func (e *Error) Metadata(name string) string { return e.metadata[name].Open() }

// UnmarshalJSON decodes the messages and the metadata of an answer that refuses a call.
func (e *Error) UnmarshalJSON(data []byte) error {
	messages, metadata, err := readRefusal(data)
	if err != nil {
		return err
	}
	e.Messages, e.metadata = messages, metadata
	return nil
}

// why returns the reason, or the kind if there is no specific reason.
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

// Reason returns a short fixed label for err, for example "login_refused", for use in
// metrics. An error without a reason has the label of its kind: "invalid", "not_found",
// "denied", "unavailable" or "unexpected". The label of any other error is "unexpected",
// and the label of nil is "".
func Reason(err error) string {
	if err == nil {
		return ""
	}
	if r, ok := errors.AsType[*reason](err); ok {
		return r.label
	}
	return "unexpected"
}

// Messages returns the messages that AuthRocket sent for the person who filled in the
// form. They are in the language of the Client. It returns nil if there are none.
func Messages(err error) []string {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Messages
	}
	return nil
}
