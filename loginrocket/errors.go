package loginrocket

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/authrocket-go/authrocket/internal/unavailable"
)

// The kinds of errors say what the caller can do. Every error of a call matches exactly one
// of them with [errors.Is].
//
// ErrUnavailable and ErrUnexpected match the ErrUnavailable of the package authrocket, too:
// a gate answers 503 to them.
var (
	// ErrRefused: mend the input. A password, code or token is wrong, an email is taken, or
	// the realm does not permit it. 400, 404, 409, 422, or the input cannot be sent. See
	// [Messages].
	ErrRefused error = &kind{nil, "refused", "the input is refused"}

	// ErrSessionEnded: log in again. There is no session, or it has ended. 403, or the
	// session ID is empty, which is not sent.
	ErrSessionEnded error = &kind{nil, "session_ended", "there is no session, or it has ended"}

	// ErrConditions: the login is not complete. Fulfil the conditions, and ask for the
	// session again. See [Result.Err].
	ErrConditions error = &kind{nil, "conditions", "the login is not complete"}

	// ErrUnavailable: try again later. LoginRocket is out of reach, answered 429 or 5xx, or
	// the context ended, whose error is in the chain then. A call that writes may have been
	// carried out, unless Status is 429. [Error.RetryAfter] says when to come back.
	ErrUnavailable error = &kind{unavailable.Err, "unavailable", "LoginRocket does not answer now"}

	// ErrUnexpected: a defect of LoginRocket or of this package, or a URL that is not
	// LoginRocket's: a redirect, an answer that cannot be read, or another status.
	ErrUnexpected error = &kind{unavailable.Err, "unexpected", "the answer is not one of the LoginRocket API"}
)

// kind is a kind of errors.
type kind struct {
	also  error // nil, or what errors.Is finds, too
	label string
	text  string
}

func (k *kind) Error() string { return k.text }
func (k *kind) Unwrap() error { return k.also }

// Error is what a call that failed returns. Its kind follows from Status, so that a test
// can make one: &loginrocket.Error{Status: 403} matches [ErrSessionEnded]. It holds no
// password, token, session ID or email address, unless Messages do.
type Error struct {
	Method     string
	Path       string        // such as /login
	Status     int           // 0 without an answer
	Messages   []string      // AuthRocket's words for people, in the Locale; may be none
	RequestID  string        // for questions to AuthRocket's support
	RetryAfter time.Duration // when the same call may succeed; 0 when nothing says so
	Attempts   int           // how many requests were sent

	kind  error // nil: that of Status
	cause error // may be nil; its text holds nothing that was sent or received
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

// Reason returns the label of the kind of err, fit for metrics: "refused",
// "session_ended", "conditions", "unavailable" or "unexpected" (also for an error of no
// kind); nil is "".
func Reason(err error) string {
	if err == nil {
		return ""
	}
	if k, ok := errors.AsType[*kind](err); ok {
		return k.label
	}
	return "unexpected"
}

// Messages returns AuthRocket's words in err for the person who filled in the form, in the
// Locale of the Client, or none.
func Messages(err error) []string {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Messages
	}
	return nil
}
