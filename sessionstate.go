package authrocket

import (
	"context"
	"time"
)

// SessionState says whether the session of a verified token goes on; the package
// sessionstate has one. It must be safe for concurrent use. It is asked with every
// request that has a valid token, so that it must answer from memory.
type SessionState interface {
	// CheckSession returns nil if the session goes on, and an error that matches
	// [ErrSessionEnded] if it has ended. Any other error means that it cannot be told now,
	// and counts as [ErrSessionUnknown]. It must not take longer than patience, which is 0
	// where a request does not wait, as on an open page, where a gate asks again.
	CheckSession(ctx context.Context, session Session, patience time.Duration) error
}
