package authrocket

import (
	"context"
)

// CurrentSession returns the session that [Auth.Authenticate], a gate, [Auth.CheckToken]
// or [WithSession] put into the context, and whether there is one. Behind a gate, it is
// always the session that the gate accepted. If several Auths have authenticated the
// context, as with two realms, the latest Auth decides, even if it found no session.
func CurrentSession(ctx context.Context) (Session, bool) {
	id := latestIdentity(ctx)
	if id == nil || id.err != nil {
		return Session{}, false
	}
	return *id.session, id.session.isSignedIn()
}

// CurrentUser returns the user of [CurrentSession], and whether a user is signed in.
func CurrentUser(ctx context.Context) (User, bool) {
	id := latestIdentity(ctx)
	if id == nil || id.err != nil {
		return User{}, false
	}
	return id.session.User, id.session.isSignedIn()
}

// CurrentMembership returns the current membership of [CurrentSession], and whether there
// is one: see [Session.Membership]. A session may have no membership.
func CurrentMembership(ctx context.Context) (Membership, bool) {
	s, _ := CurrentSession(ctx)
	return s.Membership()
}

// CurrentOrg returns the org of [CurrentMembership], and whether there is one.
func CurrentOrg(ctx context.Context) (Org, bool) {
	s, _ := CurrentSession(ctx)
	return s.Org()
}

// WithSession returns a context in which [CurrentSession] and the related functions find
// s. Use it in unit tests of handlers, and in servers that verify tokens with
// [Auth.Verify]. To check rules too, use [Auth.CheckToken] instead. Gates and
// [Auth.CheckContext] do not accept a session from WithSession.
func WithSession(ctx context.Context, s Session) context.Context {
	return &identity{Context: ctx, session: &s}
}
