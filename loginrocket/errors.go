package loginrocket

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/authrocket-go/authrocket/internal/unavailable"
)

// The kind of an error says what the caller can do. Every error of a call matches exactly
// one kind with [errors.Is].
//
// ErrUnavailable and ErrUnexpected also match the ErrUnavailable of the package authrocket,
// so a gate answers them with 503.
var (
	// ErrRefused means that the caller must correct the input. A password, code or token is
	// wrong, an email address is taken, or the realm does not permit the call. Either
	// LoginRocket answered 400, 404, 409 or 422, or the input cannot be sent. See
	// [Messages].
	ErrRefused error = &kind{nil, "refused", "the input is refused"}

	// ErrSessionEnded means that the user must log in again, because the session does not
	// exist or has ended. Either LoginRocket answered 403, or the session ID is empty. The
	// Client does not send an empty ID.
	ErrSessionEnded error = &kind{nil, "session_ended", "there is no session, or it has ended"}

	// ErrConditions means that the login is not complete. Meet the conditions, and then
	// call [Client.Session] again. See [Result.Err].
	ErrConditions error = &kind{nil, "conditions", "the login is not complete"}

	// ErrUnavailable means that the call may succeed later. LoginRocket could not be
	// reached, answered 429 or 5xx, or the context ended. In the last case, the error wraps
	// the context's error. Unless the status is 429, LoginRocket may already have carried
	// out the call. [Error.RetryAfter] says when to try again.
	ErrUnavailable error = &kind{unavailable.Err, "unavailable", "LoginRocket does not answer now"}

	// ErrUnexpected means that LoginRocket or this package has a defect, or that the URL is not
	// LoginRocket's. Examples: a redirect, an answer that cannot be decoded, an unknown
	// status.
	ErrUnexpected error = &kind{unavailable.Err, "unexpected", "LoginRocket's answer is invalid"}
)

// kind is a kind of error.
type kind struct {
	also  error // nil, or another error that errors.Is finds
	label string
	text  string
}

func (k *kind) Error() string { return k.text }
func (k *kind) Unwrap() error { return k.also }

// Error is the error of a call that failed. Its kind follows from Status, so that tests can
// create an Error: &loginrocket.Error{Status: 403} matches [ErrSessionEnded]. It contains
// no password, token, session ID or email address, unless AuthRocket puts one into
// Messages.
type Error struct {
	Method     string
	Path       string        // for example /login
	Status     int           // 0 if there was no answer
	Messages   []string      // AuthRocket's messages for people, in the Client's Locale; there may be none
	RequestID  string        // for questions to AuthRocket's support
	RetryAfter time.Duration // how long to wait before the same call may succeed; 0 if that is not known
	Attempts   int           // how many requests were sent

	kind  error // nil means the kind of Status
	cause error // may be nil; its text contains nothing that was sent or received
}

func (e *Error) Error() string {
	text := "loginrocket: "
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

// Unwrap returns the kind and the cause.
func (e *Error) Unwrap() []error {
	if e.cause == nil {
		return []error{e.why()}
	}
	return []error{e.why(), e.cause}
}

func (e *Error) why() error {
	if e.kind != nil {
		return e.kind
	}
	return kindOfStatus(e.Status)
}

func kindOfStatus(status int) error {
	switch status {
	case 400, 404, 409, 422:
		return ErrRefused
	case 403:
		return ErrSessionEnded
	case 0, 429:
		return ErrUnavailable
	}
	if status >= 500 {
		return ErrUnavailable
	}
	return ErrUnexpected
}

// Reason returns the label of the kind of err, for use in metrics: "refused",
// "session_ended", "conditions", "unavailable" or "unexpected". The label of any other
// error is "unexpected", and the label of nil is "".
func Reason(err error) string {
	if err == nil {
		return ""
	}
	if k, ok := errors.AsType[*kind](err); ok {
		return k.label
	}
	return "unexpected"
}

// Messages returns the messages that AuthRocket sent for the person who filled in the form.
// They are in the Locale of the Client. Messages returns nil if there are none.
func Messages(err error) []string {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Messages
	}
	return nil
}
