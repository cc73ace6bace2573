package authrocket

import (
	"context"
)

// CurrentSession returns the session that [Auth.Authenticate] or a gate put
// into the context of the request, and whether there is one. In a handler
// behind a gate there always is.
func CurrentSession(ctx context.Context) (Session, bool) {
	id := latestIdentity(ctx)
	if id == nil || id.err != nil {
		return Session{}, false
	}
	return *id.session, id.session.isSomebody()
}

// CurrentUser returns the user of [CurrentSession].
func CurrentUser(ctx context.Context) (User, bool) {
	id := latestIdentity(ctx)
	if id == nil || id.err != nil {
		return User{}, false
	}
	return id.session.User, id.session.isSomebody()
}

// CurrentMembership returns the current membership of [CurrentSession], see
// [Session.Membership]. There may be a session without one.
func CurrentMembership(ctx context.Context) (Membership, bool) {
	s, _ := CurrentSession(ctx)
	return s.Membership()
}

// CurrentOrg returns the org of [CurrentMembership].
func CurrentOrg(ctx context.Context) (Org, bool) {
	s, _ := CurrentSession(ctx)
	return s.Org()
}

// WithSession returns a context in which [CurrentSession] and its siblings
// find s. It is for unit tests of handlers: no gate accepts a session that
// came this way.
func WithSession(ctx context.Context, s Session) context.Context {
	return &identity{Context: ctx, session: &s}
}
