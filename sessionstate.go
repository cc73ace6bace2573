package authrocket

import (
	"context"
	"time"
)

// SessionState decides whether the session of a verified token is still active. Package
// sessionstate has an implementation. It must be safe for concurrent use. It is called
// for every request with a valid token, so it must answer from memory. It is not called
// for a sign-out, because the sign-out ends the session in any case.
//
// A SessionState can also have a method Bind, which ends contexts. [Auth.Bind] calls it
// with a context that ends when the session expires:
//
//	Bind(ctx context.Context, session Session) (context.Context, context.CancelFunc)
type SessionState interface {
	// CheckSession returns nil if the session is active, and an error that matches
	// [ErrSessionEnded] if it has ended. Any other error means that CheckSession cannot
	// decide now, and counts as [ErrSessionUnknown]. CheckSession must not take longer
	// than patience, which is at most 2 seconds. patience is 0 if the request does not
	// wait, as in [Auth.Authenticate]. A gate behind Authenticate calls CheckSession
	// again.
	CheckSession(ctx context.Context, session Session, patience time.Duration) error
}

// sessionBinder is a SessionState that ends contexts together with their sessions.
type sessionBinder interface {
	Bind(ctx context.Context, session Session) (context.Context, context.CancelFunc)
}
