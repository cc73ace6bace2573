package authrocket

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"sync/atomic"

	"github.com/authrocket-go/authrocket/internal/clientkind"
	"github.com/authrocket-go/authrocket/internal/jose"
	"github.com/authrocket-go/authrocket/internal/keycache"
	"github.com/authrocket-go/authrocket/internal/tokencache"
	"github.com/authrocket-go/authrocket/internal/verified"
)

// Auth authenticates requests and guards handlers. Make one with [New] at
// start and keep it. It is immutable, safe for concurrent use and needs no
// Close: its only goroutines are fetches of keys, which end after 8 seconds, and four
// retries if the first one fails.
//
// Keys, caches and sessions belong to one Auth; two realms in one process never mix. On
// one host, give each its own Config.AuthPath and Config.CookieName, and put one
// [Auth.Authenticate] around the other. [CurrentSession] is then that of the inner one,
// or of the gate; [Auth.CheckContext] asks for that of another one.
type Auth struct {
	config          Config // with defaults filled in
	loginRocket     baseURL
	app             baseURL
	paths           paths
	verifier        verifier
	protection      *http.CrossOriginProtection
	sessionHashSalt [32]byte

	hostWarnings   hourlyLimit
	setupWarnings  hourlyLimit
	targetWarnings warningLimit

	// routesMounted says that Authenticate or LoginRoutes was called: something of this
	// Auth serves the callback.
	routesMounted atomic.Bool

	// cameBack says that a login has come back to the callback, and startedLogins counts
	// those that were started before.
	cameBack      atomic.Bool
	startedLogins atomic.Int64
}

// New returns an Auth for config, or all problems of config at once: an error that joins
// a *[ConfigError] for each, see [ConfigErrors]. It copies config. It does not use the
// network; keys are fetched when the first token comes, or by [Auth.Warm].
func New(config Config) (*Auth, error) {
	s, err := config.check()
	if err != nil {
		return nil, err
	}
	if s.config.Observer.isZero() {
		s.config.Observer = WarningObserver()
	}
	verifiedTokens := s.config.VerifiedTokens
	if s.staticKey != nil && s.staticKey.Algorithm() == jose.HS256 {
		verifiedTokens = 0 // an HS256 signature is as cheap to check as to remember
	}
	a := &Auth{
		config:      s.config,
		loginRocket: s.loginRocket,
		app:         s.app,
		paths:       s.paths,
		verifier: verifier{
			known:         tokencache.New[*knownToken](s.config.TokenCacheSize),
			verified:      verified.New(verifiedTokens),
			realmID:       s.config.RealmID,
			audience:      s.config.Audience,
			maxTokenBytes: s.config.MaxTokenBytes,
			needsSession:  s.config.SessionState != nil,
		},
		protection: http.NewCrossOriginProtection(),
	}
	a.paths.isLoginToken = a.verifier.looksLikeLoginToken
	rand.Read(a.sessionHashSalt[:])
	if s.staticKey != nil {
		a.verifier.keys = staticKey{jose.Keys{*s.staticKey}}
	} else {
		a.verifier.keys = newJWKS(s.config, s.jwksURL)
	}
	origins := s.trustedOrigins
	if !s.app.isZero() {
		origins = append(origins, s.app.origin)
	}
	for _, origin := range origins {
		if err := a.protection.AddTrustedOrigin(origin); err != nil {
			return nil, &ConfigError{Field: "TrustedOrigins", Value: origin, Problem: err.Error()}
		}
	}
	return a, nil
}

// Warm fetches the realm's keys now and waits until ctx or the fetch ends.
// Call it at start, or when you know that the keys have changed: it fetches
// even if the keys are fresh. Concurrent calls share fetches, and all fetches of
// an Auth share one budget: 3 at once, then one in 10 seconds. When the budget is
// spent, Warm fetches nothing: it returns nil if there are keys, else the last
// error. Errors match [ErrKeysUnavailable]; the app may serve nevertheless. After a
// first fetch that failed, the keys are fetched again after 1, 2, 4 and 8 seconds, and
// then when they are needed. With a static key Warm does nothing.
//
// For a readiness probe, use [Auth.Ready].
func (a *Auth) Warm(ctx context.Context) error { return a.verifier.keys.warm(ctx) }

// Ready returns nil if tokens can be verified now: the realm's keys are there and
// not older than Config.MaxStale, or there is a static key. Otherwise it returns
// [ErrKeysUnavailable] with the age of the keys. It answers at once, so that a
// readiness probe may call it as often as it likes. If the keys are missing or due,
// it begins a fetch in the background, within the budget of [Auth.Warm]: an instance
// that gets no other request becomes ready, and stays so. Call Warm at start, so that
// it is ready with its first request.
func (a *Auth) Ready() error { return a.verifier.keys.ready() }

// Verify returns the session of a login token. It asks no rules and reports nothing to
// the Observer: the gate for callers without an HTTP request is [Auth.CheckToken]. It
// asks Config.SessionState, and waits at most 2 seconds for it and for keys. The error is
// of kind [ErrUnauthenticated] or [ErrUnavailable], with a reason.
func (a *Auth) Verify(ctx context.Context, token string) (Session, error) {
	session, err := a.verify(ctx, token, &wait{patience: keycache.Gate})
	return *session, err
}

// verify verifies token and asks whether its session goes on. Every token passes here,
// but that of a sign-out, which ends its session in any case.
func (a *Auth) verify(ctx context.Context, token string, w *wait) (*Session, error) {
	session, err := a.verifier.verify(ctx, token, w)
	if err == nil {
		err = a.checkSessionState(ctx, session, w)
	}
	if err != nil {
		return noSession, err
	}
	return session, nil
}

// checkSessionState asks Config.SessionState about a session whose token has verified.
func (a *Auth) checkSessionState(ctx context.Context, session *Session, w *wait) error {
	if a.config.SessionState == nil {
		return nil
	}
	err := a.config.SessionState.CheckSession(ctx, *session, w.left())
	if err == nil {
		return nil
	}
	answer := ErrSessionUnknown
	if errors.Is(err, ErrSessionEnded) {
		answer = ErrSessionEnded
	}
	switch r, ok := reasonOf(err); {
	case ok && r == answer:
		return err
	case answer == ErrSessionEnded:
		// It also matches something else, which must not decide what the client gets.
		return refuse(ErrSessionEnded, "%v", err)
	}
	return &refusal{reason: ErrSessionUnknown, cause: err}
}

// Check decides whether r is of a signed-in user whom Config.Rules and all the rules
// allow, and writes nothing. Go on with the request that it returns: it is r with the
// session in its context. After an error, give that request and the error to [Auth.Deny].
// Errors are of kind [ErrUnauthenticated], [ErrForbidden] or [ErrUnavailable]. Behind
// [Auth.Authenticate] it does not authenticate again. It waits at most 2 seconds, for
// keys and Config.SessionState.
//
// Most users want the middleware; Check is for frameworks whose middleware cannot wrap
// an [http.Handler].
func (a *Auth) Check(r *http.Request, rules ...Rule) (*http.Request, error) {
	return a.check(r, a.identityOf(r), nil, rules)
}

// check is [Auth.Check], and with a selector the decision of RequireOrg. id is
// that of r, nil when this Auth has not looked at r.
func (a *Auth) check(r *http.Request, id *identity, selector OrgSelector, rules []Rule) (*http.Request, error) {
	switch {
	case id == nil:
		id = a.newIdentity(r, keycache.Gate)
		a.identify(id, r)
	case errors.Is(id.err, ErrKeysUnavailable), errors.Is(id.err, ErrSessionUnknown):
		// Authenticate may have left without waiting; a gate must be sure. The wait
		// began there, so that both together take no longer than one.
		waitStart := id.wait.start
		id = a.newIdentity(r, keycache.Gate)
		id.wait.start = waitStart
		a.identify(id, r)
	}
	r, err := a.decide(withIdentity(r, id), id, selector, rules)
	a.observeDecision(r.Context(), r.Method, r.Pattern, true, id.source, id.session, err)
	return r, err
}

func (a *Auth) decide(r *http.Request, id *identity, selector OrgSelector, rules []Rule) (*http.Request, error) {
	switch {
	case id.err == nil:
	case errors.Is(id.err, ErrUnauthenticated) && clientkind.IsPrefetch(r):
		// The reason says that the browser gets another answer when it repeats this on
		// a click. [Auth.Deny] starts no login and clears no cookie for it.
		return r, &refusal{reason: ErrPrefetch, cause: id.err}
	default:
		return r, id.err
	}
	session := id.session
	if selector != nil {
		m, err := selector(r, *session)
		if err != nil {
			return r, withKind(err, ErrWrongOrg)
		}
		orgSession, ok := session.withMembership(m)
		if !ok {
			return r, refuse(ErrWrongOrg, "the selector chose a membership that is not one of the session's")
		}
		chosen := *id
		session = &orgSession
		chosen.Context, chosen.session = nil, session
		r = withIdentity(r, &chosen)
	}
	return r, a.checkRules(r.Context(), session, rules)
}

// checkRules asks Config.Rules, then rules: the first that refuses decides, so that a
// rule of a gate may rely on those of Config.
func (a *Auth) checkRules(ctx context.Context, session *Session, rules []Rule) error {
	for _, rules := range [...][]Rule{a.config.Rules, rules} {
		for _, rule := range rules {
			if err := rule.check(ctx, *session); err != nil {
				return err
			}
		}
	}
	return nil
}

// identify finds out who sent r, whose identity id is: by the bearer token if
// there is one, else by the session cookie. One request has one identity: with an
// invalid bearer token it is anonymous, whatever its cookie is: it must not act as
// another user than the one that its client named.
func (a *Auth) identify(id *identity, r *http.Request) {
	token, found, err := bearerToken(r.Header["Authorization"])
	switch {
	case found && err != nil:
		id.source, id.err = SourceBearer, err
	case found:
		id.source = SourceBearer
		id.session, id.err = a.verify(r.Context(), token, &id.wait)
	case a.config.DisableCookie:
		id.err = ErrNoToken
	default:
		id.source, id.session, id.err = a.cookieIdentity(r, &id.wait)
	}
	// A clone of a request has a header map of its own and is looked at again.
	// The gates in it are about the org that a gate outside has chosen.
	if outer := a.ownIdentity(r.Context()); outer != nil && outer.session.current != 0 && outer.session.Token() == id.session.Token() {
		orgSession := *id.session
		orgSession.current = outer.session.current
		id.session = &orgSession
	}
}

// cookieIdentity is who the session cookie names, if the request may use it.
func (a *Auth) cookieIdentity(r *http.Request, w *wait) (Source, *Session, error) {
	session, err := a.cookieSession(r, w, a.verify)
	switch {
	case errors.Is(err, ErrNoToken):
		return SourceNone, noSession, err
	case err != nil:
		return SourceCookie, noSession, err
	}
	if err := a.checkOrigin(r); err != nil {
		return SourceCookie, noSession, err
	}
	return SourceCookie, session, nil
}

// verifyFunc is [Auth.verify] or, for a sign-out, [verifier.verify].
type verifyFunc func(ctx context.Context, token string, w *wait) (*Session, error)

// cookieSession returns the session of the cookies called Config.CookieName. Those that
// fail are ignored as long as one verifies: a sibling subdomain must not sign users out
// by planting one. Of two valid users neither counts, since one may be planted.
func (a *Auth) cookieSession(r *http.Request, w *wait, verify verifyFunc) (*Session, error) {
	session := noSession
	failure := ErrNoToken
	name := a.config.CookieName
	for _, token := range joinChunks(cookieValues(r.Header, name), r.Header, name) {
		s, err := verify(r.Context(), token, w)
		if (errors.Is(err, ErrBadSignature) || errors.Is(err, ErrTokenMalformed)) && len(token)%chunkBytes == 0 && len(token) < maxCookieTokenBytes {
			// The last chunk is full, so that another one should have come.
			err = &refusal{reason: ErrIncompleteCookie, cause: err}
		}
		switch {
		case err != nil:
			if failure == ErrNoToken || retryRank(err) > retryRank(failure) {
				failure = err
			}
		case session == noSession:
			session = s
		case s.User.ID != session.User.ID:
			return noSession, ErrAmbiguousCookie
		case s.ExpiresAt.After(session.ExpiresAt):
			session = s
		}
	}
	if session == noSession {
		return noSession, failure
	}
	return session, nil
}

// currentSession returns who is signed in, if that is known without waiting, so that a login
// can be compared with it. A session counts of which cannot be told now whether it goes on:
// in a moment it may, and the login would have replaced it.
func (a *Auth) currentSession(r *http.Request) (*Session, error) {
	verify := func(ctx context.Context, token string, w *wait) (*Session, error) {
		session, err := a.verifier.verify(ctx, token, w)
		if err != nil {
			return noSession, err
		}
		if err := a.checkSessionState(ctx, session, w); err != nil && !errors.Is(err, ErrSessionUnknown) {
			return noSession, err
		}
		return session, nil
	}
	return a.cookieSession(r, &wait{patience: keycache.NoWait}, verify)
}

// retryRank says how likely it is that the token that failed with err is valid in
// a moment. Unless it is 0, the cookie is kept.
func retryRank(err error) int {
	switch {
	case errors.Is(err, ErrUnavailable):
		return 2
	case errors.Is(err, ErrUnknownKey), errors.Is(err, ErrTokenNotYetValid):
		return 1
	}
	return 0
}
