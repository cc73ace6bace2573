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

// Auth authenticates requests and guards handlers. Create one with [New] when the program
// starts, and keep it. It is immutable, safe for concurrent use, and has no Close. Its
// only goroutines fetch keys. Each fetch ends within 8 seconds, and a failed first fetch
// is retried four times.
//
// Keys, caches and sessions belong to one Auth, so two realms in one process never mix.
// For two realms on one host, give each Auth its own Config.AuthPath and
// Config.CookieName, and put one [Auth.Authenticate] around the other. [CurrentSession]
// then returns the session of the inner Auth or, behind a gate, the session that the gate
// accepted. [Auth.CheckContext] checks the session of the Auth it is called on.
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

	// routesMounted is true if Authenticate or LoginRoutes was called. This Auth then
	// serves the callback.
	routesMounted atomic.Bool

	// cameBack is true once a login has come back to the callback. startedLogins counts
	// the logins that were started before then.
	cameBack      atomic.Bool
	startedLogins atomic.Int64
}

// New returns an Auth for config. If config has problems, the error reports all of them:
// it joins one *[ConfigError] for each problem. [ConfigErrors] returns these. New copies
// config and does not use the network. The first token, or [Auth.Warm], causes the first
// fetch of the keys.
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
		verifiedTokens = 0 // checking an HS256 signature costs as little as remembering it
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

// Warm fetches the realm's keys now and waits until ctx or the fetch ends. Call it when
// the program starts, or when you know that the keys have changed. It fetches them even
// if the current keys are fresh. Concurrent calls share fetches. All fetches of an Auth
// share one budget: 3 at once, then one every 10 seconds. When the budget is spent, Warm
// fetches nothing. It then returns nil if there are keys, and the last error otherwise.
// Its errors match [ErrKeysUnavailable]. The app can still serve requests after such an
// error. If the first fetch fails, the Auth tries again after 1, 2, 4 and 8 seconds, and
// after that when keys are needed. With a static key, Warm does nothing.
//
// Use [Auth.Ready] for a readiness probe.
func (a *Auth) Warm(ctx context.Context) error { return a.verifier.keys.warm(ctx) }

// Ready returns nil if tokens can be verified now: the Auth has a static key, or it has
// the realm's keys and they are not older than Config.MaxStale. Otherwise it returns
// [ErrKeysUnavailable] with the age of the keys. Ready never waits, so a readiness probe
// can call it at any frequency. If the keys are missing or due for a refresh, it starts a
// fetch in the background, within the budget of [Auth.Warm]. An instance that gets no
// other requests therefore also becomes ready, and stays ready. Call Warm when the
// program starts, so that the instance is ready before its first request.
func (a *Auth) Ready() error { return a.verifier.keys.ready() }

// Verify verifies a login token and returns its session. It checks no rules and reports
// nothing to the Observer. For a gate without an HTTP request, use [Auth.CheckToken].
// Verify calls Config.SessionState. Verify waits at most 2 seconds, for SessionState and
// for keys together. The error is of kind [ErrUnauthenticated] or [ErrUnavailable], with
// a reason.
func (a *Auth) Verify(ctx context.Context, token string) (Session, error) {
	session, err := a.verify(ctx, token, &wait{patience: keycache.Gate})
	return *session, err
}

// verify verifies token and calls Config.SessionState to check that its session is still
// active. Every token is checked here, except when a user signs out, because that ends the
// session in any case.
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

// checkSessionState calls Config.SessionState for a session whose token is valid.
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
		// The error also matches another reason, which must not decide what the client
		// gets.
		return refuse(ErrSessionEnded, "%v", err)
	}
	return &refusal{reason: ErrSessionUnknown, cause: err}
}

// Check decides whether r comes from a signed-in user whom Config.Rules and all the rules
// allow. It writes no response. After the call, use the request that it returns, which is
// r with the session in its context. After an error, pass that request and the error to
// [Auth.Deny]. Errors are of kind [ErrUnauthenticated], [ErrForbidden] or
// [ErrUnavailable]. Behind [Auth.Authenticate], Check does not authenticate again. It
// waits at most 2 seconds, for keys and Config.SessionState together.
//
// Most apps use the middleware. Use Check with a framework whose middleware cannot wrap
// an [http.Handler].
func (a *Auth) Check(r *http.Request, rules ...Rule) (*http.Request, error) {
	return a.check(r, a.identityOf(r), nil, rules)
}

// check implements [Auth.Check] and, with a selector, the decision of RequireOrg. id is
// the identity of r, or nil if this Auth has not authenticated r yet.
func (a *Auth) check(r *http.Request, id *identity, selector OrgSelector, rules []Rule) (*http.Request, error) {
	switch {
	case id == nil:
		id = a.newIdentity(r, keycache.Gate)
		a.identify(id, r)
	case errors.Is(id.err, ErrKeysUnavailable), errors.Is(id.err, ErrSessionUnknown):
		// Authenticate may not have waited for keys or SessionState, but a gate needs a
		// definite answer. The time that Authenticate has already waited counts, so that
		// Authenticate and the gate together wait no longer than a gate alone.
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
		// This reason means that the browser gets another answer when the user clicks the
		// link and the browser repeats the request. [Auth.Deny] starts no login and
		// clears no cookie for a prefetch.
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

// checkRules checks Config.Rules, then rules. It stops at the first rule that refuses the
// session, so a gate's rule runs only if Config.Rules allow the session.
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

// identify finds out who sent r, and stores that in id. The bearer token takes precedence
// over the session cookie. A request with an invalid bearer token is anonymous even with
// a valid cookie, because it must not act as a user whom its client did not name.
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
	// A clone of a request has its own header map, and is authenticated again. Its gates
	// keep the org that an outer gate has chosen.
	if outer := a.ownIdentity(r.Context()); outer != nil && outer.session.current != 0 && outer.session.Token() == id.session.Token() {
		orgSession := *id.session
		orgSession.current = outer.session.current
		id.session = &orgSession
	}
}

// cookieIdentity returns the session of the session cookie, if the request may use the
// cookie.
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

// cookieSession returns the session of the cookies named Config.CookieName. It ignores
// invalid cookies if another cookie is valid, because a sibling subdomain must not be
// able to sign users out by planting a cookie. If two cookies are valid for different
// users, it accepts neither cookie, because one of them may be planted.
func (a *Auth) cookieSession(r *http.Request, w *wait, verify verifyFunc) (*Session, error) {
	session := noSession
	failure := ErrNoToken
	name := a.config.CookieName
	for _, token := range joinChunks(cookieValues(r.Header, name), r.Header, name) {
		s, err := verify(r.Context(), token, w)
		if (errors.Is(err, ErrBadSignature) || errors.Is(err, ErrTokenMalformed)) && len(token)%chunkBytes == 0 && len(token) < maxCookieTokenBytes {
			// The last chunk is full, so the next chunk is missing.
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

// currentSession returns the session that a login is compared with, if it is known
// without waiting. A session that SessionState cannot decide about now counts as active,
// because it may be active, and the login would otherwise replace it without asking the
// user.
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

// retryRank ranks the reasons for refusing a token. A higher rank means that the token is
// more likely to become valid in a moment. If the rank is not 0, the cookie is kept.
func retryRank(err error) int {
	switch {
	case errors.Is(err, ErrUnavailable):
		return 2
	case errors.Is(err, ErrUnknownKey), errors.Is(err, ErrTokenNotYetValid):
		return 1
	}
	return 0
}
