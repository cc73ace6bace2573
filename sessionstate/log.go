package sessionstate

import (
	"context"
	"errors"
	"time"
)

// Log is the list of ended sessions that the instances of an app share. The package
// valkeystate implements it. A Log must be safe for concurrent use. Each call must end
// when its context ends, and After must return within 10 seconds.
type Log interface {
	// Append adds e at the end. Adding the same entry twice is harmless. If the log can
	// never accept e, the error must match [ErrBadEntry]. After any other error, the
	// State tries again.
	Append(ctx context.Context, e Ended) error

	// After returns up to max entries after position, in their order. next is the
	// position of the last of these entries. It is never empty, even if the log is empty.
	//
	// An empty position means the beginning of the log. After does not wait there. At any
	// other position, After waits up to 5 seconds for a new entry.
	//
	// The error matches [ErrLogRestarted] if the log no longer has the entry at position.
	// The error matches [ErrBadEntry] if After left out entries that it could not decode.
	// In that case, After still returns the other entries.
	After(ctx context.Context, position string, max int) (entries []Ended, next string, err error)
}

var (
	// ErrLogRestarted means that the log no longer has the entry at the given position,
	// because the log was emptied, recreated or trimmed. The State then reads the log
	// from the beginning, and adds its own entries that the log lacks.
	ErrLogRestarted = errors.New("the log of ended sessions no longer has the entry that was read last")

	// ErrBadEntry means that an entry is not in the form that a State writes. A State
	// skips such entries.
	ErrBadEntry = errors.New("an entry of the log of ended sessions is invalid")
)

// Ended is an entry of a [Log]. It ends one session, or all sessions of a user with
// tokens that were issued at a given time or earlier. It contains no session ID.
type Ended struct {
	// Session is the [authrocket.Session.IDHash] of the session. It is zero if the entry
	// ends sessions of a user.
	Session [32]byte

	// UserID is the ID of the user, usr_.... It is empty if the entry ends one session
	// and the user is unknown.
	UserID string

	// Before is set only if the entry ends sessions of a user. It is in whole seconds. A
	// State refuses login tokens of that user that were issued at that time or earlier.
	Before time.Time

	// Until is when the entry can be forgotten, because every token that it concerns has
	// expired by then.
	Until time.Time

	// Suspect means that the session may have ended, but that the API has not confirmed
	// the end. A State looks up the session before it accepts the session again.
	Suspect bool
}
