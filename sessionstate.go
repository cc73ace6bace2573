package authrocket

import (
	"context"
	"time"
)

// SessionState says whether the session of a verified token goes on; the package
// sessionstate has one. It must be safe for concurrent use. It is asked with every
// request that has a valid token, so that it must answer from memory. It is not asked at a
// sign-out, which ends the session in any case.
//
// One that also ends contexts has a method Bind, which [Auth.Bind] calls with a context
// that ends when the session expires:
//
//	Bind(ctx context.Context, session Session) (context.Context, context.CancelFunc)
type SessionState interface {
	// CheckSession returns nil if the session goes on, and an error that matches
	// [ErrSessionEnded] if it has ended. Any other error means that it cannot be told now,
	// and counts as [ErrSessionUnknown]. It must not take longer than patience, which is 2
	// seconds at most. It is 0 where a request does not wait, as in [Auth.Authenticate]; a
	// gate behind it asks again.
	CheckSession(ctx context.Context, session Session, patience time.Duration) error
}

// sessionBinder is a SessionState that ends contexts with their sessions.
type sessionBinder interface {
	Bind(ctx context.Context, session Session) (context.Context, context.CancelFunc)
}
