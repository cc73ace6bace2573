package authrocket

import (
	"context"
)

// CurrentSession returns the session that [Auth.Authenticate], a gate,
// [Auth.CheckToken] or [WithSession] put into the context, and whether there is one. In
// a handler behind a gate there always is, that of the gate. Of several, as with two
// realms, the one that was put in last counts, also if it says that nobody is signed in.
func CurrentSession(ctx context.Context) (Session, bool) {
	id := latestIdentity(ctx)
	if id == nil || id.err != nil {
		return Session{}, false
	}
	return *id.session, id.session.isSignedIn()
}

// CurrentUser returns the user of [CurrentSession], and whether somebody is signed in.
func CurrentUser(ctx context.Context) (User, bool) {
	id := latestIdentity(ctx)
	if id == nil || id.err != nil {
		return User{}, false
	}
	return id.session.User, id.session.isSignedIn()
}

// CurrentMembership returns the current membership of [CurrentSession], see
// [Session.Membership]. There may be a session without one.
func CurrentMembership(ctx context.Context) (Membership, bool) {
	s, _ := CurrentSession(ctx)
	return s.Membership()
}

// CurrentOrg returns the org of [CurrentMembership], and whether there is one.
func CurrentOrg(ctx context.Context) (Org, bool) {
	s, _ := CurrentSession(ctx)
	return s.Org()
}

// WithSession returns a context in which [CurrentSession] and its siblings
// find s: for unit tests of handlers, and for servers that verified a token by
// [Auth.Verify], such as for each message of a WebSocket; [Auth.CheckToken] asks rules,
// too. No gate and no [Auth.CheckContext] accepts a session that came this way.
func WithSession(ctx context.Context, s Session) context.Context {
	return &identity{Context: ctx, session: &s}
}
