package authrocket

import (
	"context"
	"time"

	"github.com/authrocket-go/authrocket/internal/keycache"
)

// CheckToken is [Auth.Check] for callers without an HTTP request, such as a gRPC
// interceptor. It verifies token as [Auth.Verify] does, checks Config.Rules and rules,
// and reports the decision to the Observer. The rules apply to the user's membership in
// the org with the ID orgID. If the user has no such membership, the error is
// [ErrWrongOrg]. If orgID is empty, the rules apply to the account that the user picked.
//
// CheckToken returns a context in which [CurrentSession] and the related functions find
// the session. [Auth.CheckContext] can check more rules in that context. Gates do not
// accept this session. CheckToken returns the same errors as Check. After an error, do
// not use the context, because it holds the session even if a rule refuses the user.
//
// CheckToken does not check the origin of a request. Do not pass it a token from a
// browser's cookie, because other websites could then act as the user.
func (a *Auth) CheckToken(ctx context.Context, token, orgID string, rules ...Rule) (context.Context, error) {
	id := identity{auth: a, source: SourceBearer, wait: wait{patience: keycache.Gate}}
	if token == "" {
		id.source = SourceNone
	}
	id.session, id.err = a.verify(ctx, token, &id.wait)
	return a.checkIdentity(ctx, id, orgID, rules)
}

// CheckAuthorization is [Auth.CheckToken] for interceptors of RPC frameworks. It takes
// the values of the request's Authorization header, unchanged, and uses the bearer token
// (RFC 6750 section 2.1). If there is no bearer token and this Auth has authenticated
// ctx, it does what [Auth.CheckContext] does. Behind [Auth.Authenticate], it therefore
// accepts the session of the cookie, unless Authenticate refused it because another site
// sent the request. CheckAuthorization never reads a cookie itself.
//
// If Authenticate or a gate has already verified the same bearer token for ctx, an empty
// orgID means the org that was chosen there, as in CheckContext.
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

// verifiedIn returns the latest identity that a has verified for ctx, or nil.
func (a *Auth) verifiedIn(ctx context.Context) *identity {
	id, _ := ctx.Value(verifiedByKey{a}).(*identity)
	return id
}

// CheckContext is [Auth.CheckToken] for the session that this Auth has already verified
// for ctx. Call it behind [Auth.Authenticate], for example in a Connect interceptor or on
// an open page of an app with two realms. You can also call it behind CheckToken, for
// example in a handler that reads from each message which org the message is about.
// CheckContext does not verify the token again. It refuses a session that has expired in
// the meantime, and calls Config.SessionState. A stream that calls it for each message
// therefore ends with its session. Behind [Auth.RequireOrg], or after a check with an
// orgID, an empty orgID means the org that was chosen there.
//
// If only another Auth or [WithSession] put a session into ctx, the error is
// [ErrNoToken]. If Authenticate found no session, CheckContext returns the error that
// explains why. Gates treat a request with the returned context as if CheckContext had
// not been called.
func (a *Auth) CheckContext(ctx context.Context, orgID string, rules ...Rule) (context.Context, error) {
	verified := a.verifiedIn(ctx)
	if verified == nil {
		verified = &identity{session: noSession, err: refuse(ErrNoToken, "the context does not come from Authenticate, a gate or CheckToken of this Auth; put one of them before this check"), source: SourceNone}
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

// checkIdentity checks the org and the rules for id, and returns id as a child context of
// ctx.
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

// Bind returns a copy of ctx that ends when session expires. Use it for work that
// outlives the request, such as a WebSocket, a stream or a job. When the session expires,
// [context.Cause] returns [ErrTokenExpired]. If Config.SessionState has a method Bind, as
// the State of package sessionstate does, the context also ends when SessionState refuses
// the session: see [SessionState]. The cause is then usually [ErrSessionEnded]. Call the
// CancelFunc when the work is done. For the zero Session or an expired Session, the
// returned context has already ended.
func (a *Auth) Bind(ctx context.Context, session Session) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithDeadlineCause(ctx, session.ExpiresAt, ErrTokenExpired)
	binder, ok := a.config.SessionState.(sessionBinder)
	if !ok || ctx.Err() != nil {
		return ctx, cancel
	}
	ctx, release := binder.Bind(ctx, session)
	return ctx, func() { release(); cancel() }
}
