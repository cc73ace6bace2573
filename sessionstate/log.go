package sessionstate

import (
	"context"
	"errors"
	"time"
)

// Log is a list of ended sessions that the instances of an app share; package valkeystate
// has one. It must be safe for concurrent use, and must not block without end: each call
// ends with its context, and After within 10 seconds.
type Log interface {
	// Append adds e at the end. Nothing is wrong with an entry that is added twice. The
	// error matches [ErrBadEntry] when the log never takes e; else it is tried again.
	Append(ctx context.Context, e Ended) error

	// After returns at most max entries behind position, in their order, and the position
	// behind the last of them. The position "" is the beginning, for which After does not
	// wait; for any other one it waits up to 5 seconds for something to come. next is then
	// never "", also when the log is empty. The error matches [ErrLogRestarted] when the
	// log does not have the entry at position any more, and [ErrBadEntry] when entries that
	// cannot be read were left out: the others are returned, too.
	After(ctx context.Context, position string, max int) (entries []Ended, next string, err error)
}

var (
	// ErrLogRestarted: the log does not have the entry any more that was read last. It was
	// emptied, made anew, or cut. State then reads it from its beginning, and adds what it
	// lacks.
	ErrLogRestarted = errors.New("the log of ended sessions does not have the entry that was read last")

	// ErrBadEntry: an entry is not one that a State writes. It is left out.
	ErrBadEntry = errors.New("an entry of the log of ended sessions is not valid")
)

// Ended is an entry of a [Log]: a session that has ended, or all sessions of a user whose
// tokens were issued until a moment. There is no session ID in it.
type Ended struct {
	// Session is [authrocket.Session.IDHash] of the session, zero when the entry is about
	// a user.
	Session [32]byte

	// UserID is the ID of the user, such as usr_.... "" when the entry is about a session
	// whose user is not known.
	UserID string

	// Before is when the login tokens of UserID that are refused were issued at the
	// latest, in whole seconds, when the entry is about a user; else zero.
	Before time.Time

	// Until is when the entry can be forgotten, since every token that it is about has
	// expired.
	Until time.Time

	// Suspect says that the session is only said to have ended: whoever is asked about it
	// has to make sure.
	Suspect bool
}
