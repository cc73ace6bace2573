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
	// position of the last of these entries, and is never "", even if the log is empty.
	//
	// The position "" is the beginning of the log; After does not wait there. At any
	// other position it waits up to 5 seconds for a new entry.
	//
	// The error matches [ErrLogRestarted] if the log no longer has the entry at position.
	// It matches [ErrBadEntry] if After left out entries that it could not decode; After
	// then still returns the other entries.
	After(ctx context.Context, position string, max int) (entries []Ended, next string, err error)
}

var (
	// ErrLogRestarted means that the log no longer has the entry at the given position.
	// The log was emptied, recreated or cut. The State then reads it from the beginning,
	// and adds the entries that it lacks.
	ErrLogRestarted = errors.New("the log of ended sessions no longer has the entry that was read last")

	// ErrBadEntry means that an entry was not written by a State. Readers skip such
	// entries.
	ErrBadEntry = errors.New("an entry of the log of ended sessions is invalid")
)

// Ended is an entry of a [Log]. It ends one session, or all sessions of a user whose
// tokens were issued at or before a given time. It contains no session ID.
type Ended struct {
	// Session is the [authrocket.Session.IDHash] of the session. It is zero if the entry
	// is about a user.
	Session [32]byte

	// UserID is the ID of the user, usr_.... It is "" if the entry is about a session
	// whose user is unknown.
	UserID string

	// Before is set if the entry is about a user, and is in whole seconds. Login tokens
	// of that user are refused if they were issued at that time or earlier.
	Before time.Time

	// Until is when the entry can be forgotten, because every token that it concerns has
	// expired by then.
	Until time.Time

	// Suspect means that the session may have ended, but that nobody has verified it. A
	// State looks up the session before it accepts it again.
	Suspect bool
}
