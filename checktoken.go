package authrocket

import (
	"context"
	"time"

	"github.com/authrocket-go/authrocket/internal/keycache"
)

// CheckToken is [Auth.Check] for callers without an HTTP request, such as a gRPC
// interceptor: it verifies token as [Auth.Verify] does, asks Config.Rules and the
// rules, and reports the decision to the Observer. They are about the user's
// membership in the org orgID; no such membership is [ErrWrongOrg]. With orgID "" they
// are about the account that the user picked.
//
// It returns a context in which [CurrentSession] and its siblings find the session,
// and in which [Auth.CheckContext] checks more. No gate accepts a session that came
// this way. The errors are those of Check. After an error do not go on: the session
// of a user whom a rule refuses is in the context, too.
//
// CheckToken knows nothing of origins: do not pass it a token that a browser sent in a
// cookie, or other websites can act for the user.
func (a *Auth) CheckToken(ctx context.Context, token, orgID string, rules ...Rule) (context.Context, error) {
	id := identity{auth: a, source: SourceBearer, wait: wait{patience: keycache.Gate}}
	if token == "" {
		id.source = SourceNone
	}
	id.session, id.err = a.verify(ctx, token, &id.wait)
	return a.checkIdentity(ctx, id, orgID, rules)
}

// CheckAuthorization is [Auth.CheckToken] for interceptors of RPC frameworks: it takes the
// values of the Authorization header as the request has them. The bearer token (RFC 6750
// section 2.1) counts. Without one, it is [Auth.CheckContext] if this Auth has
// authenticated ctx: behind [Auth.Authenticate] the session cookie counts, under the rules
// about other sites that hold there. It never reads a cookie itself.
//
// Where Authenticate or a gate found the same bearer token, the orgID "" stands for the org
// that was chosen there, as with CheckContext.
func (a *Auth) CheckAuthorization(ctx context.Context, authorization []string, orgID string, rules ...Rule) (context.Context, error) {
	token, found, err := bearerToken(authorization)
	if verified := a.verifiedIn(ctx); verified != nil && (!found || verified.session.Token() == token) {
		return a.CheckContext(ctx, orgID, rules...)
	}
	if err != nil {
		return a.checkIdentity(ctx, identity{auth: a, source: SourceBearer, session: noSession, err: err}, orgID, rules)
	}
	return a.CheckToken(ctx, token, orgID, rules...)
}

// verifiedIn returns the latest identity that a has found for ctx, nil if there is none.
func (a *Auth) verifiedIn(ctx context.Context) *identity {
	id, _ := ctx.Value(verifiedByKey{a}).(*identity)
	return id
}

// CheckContext is [Auth.CheckToken] for the session that this Auth has verified for ctx:
// behind [Auth.Authenticate], for example in a Connect interceptor or on an open page of
// an app with two realms, and behind CheckToken, for example in a handler that has read
// which org a message is about. It
// does not authenticate again, but refuses a session that has expired since then, and asks
// Config.SessionState, so that a stream that checks each message ends with its session. Behind
// [Auth.RequireOrg], or a check with an orgID, the orgID "" stands for the org chosen there.
//
// A context that comes from another Auth or from [WithSession] alone is refused with
// [ErrNoToken], one without a session with the error for which Authenticate found none.
// Gates that see the context decide as if CheckContext had not been
// called.
func (a *Auth) CheckContext(ctx context.Context, orgID string, rules ...Rule) (context.Context, error) {
	verified := a.verifiedIn(ctx)
	if verified == nil {
		verified = &identity{session: noSession, err: refuse(ErrNoToken, "the context is not one of Authenticate, a gate or CheckToken of this Auth"), source: SourceNone}
	}
	id := identity{auth: a, session: verified.session, err: verified.err, source: verified.source, requestMethod: verified.requestMethod}
	if id.err == nil {
		now := time.Now()
		if id.err = checkTimes(id.session.ExpiresAt, time.Time{}, time.Time{}, now); id.err == nil {
			id.err = a.checkSessionState(ctx, id.session, &wait{patience: keycache.Gate, start: now})
		}
	}
	return a.checkIdentity(ctx, id, orgID, rules)
}

// checkIdentity decides about id, which it returns as a context below ctx.
func (a *Auth) checkIdentity(ctx context.Context, id identity, orgID string, rules []Rule) (context.Context, error) {
	id.Context = ctx
	err := id.err
	if err == nil && orgID != "" {
		if orgSession, ok := id.session.withMembership(Membership{Org: Org{ID: orgID}}); ok {
			id.session = &orgSession
		} else {
			err = refuse(ErrWrongOrg, "the user does not have exactly one membership in the org %s", quoteShort(orgID))
		}
	}
	if err == nil {
		err = a.checkRules(&id, id.session, rules)
	}
	a.observeDecision(&id, id.requestMethod, "", true, id.source, id.session, err)
	return &id, err
}

// Bind returns a copy of ctx that ends when session expires, for what outlives the
// request: a WebSocket, a stream, a job. [context.Cause] is then [ErrTokenExpired]. If
// Config.SessionState has a method Bind, see [SessionState], the context also ends when the
// session is refused there; that of package sessionstate has. The cause is then mostly
// [ErrSessionEnded]. Call the CancelFunc when the work is done. With the zero Session, or
// one that has expired, the context has ended.
func (a *Auth) Bind(ctx context.Context, session Session) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithDeadlineCause(ctx, session.ExpiresAt, ErrTokenExpired)
	binder, ok := a.config.SessionState.(sessionBinder)
	if !ok || ctx.Err() != nil {
		return ctx, cancel
	}
	ctx, release := binder.Bind(ctx, session)
	return ctx, func() { release(); cancel() }
}
