package authrocket

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/authrocket-go/authrocket/internal/keycache"
	"github.com/authrocket-go/authrocket/internal/loginstate"
	"github.com/authrocket-go/authrocket/internal/rawquery"
)

// callback is a browser that comes back from LoginRocket.
type callback struct {
	auth *Auth
	w    http.ResponseWriter
	r    *http.Request // without the parameters of a login

	target string

	// If this browser started the login: what it remembers of it, and in which
	// cookie.
	started         bool
	login           loginstate.Login
	stateCookieName string

	hasState bool // some browser started the login here
}

// serveCallback answers a browser that comes back from a login that was started
// here. Nothing but a navigation decides about a login or uses its state up.
func (a *Auth) serveCallback(w http.ResponseWriter, r *http.Request) {
	if !wantsPage(r) {
		a.denyRoute(w, r, refuse(ErrNoToken, "the callback is for browsers that navigate"))
		return
	}
	tokens := rawquery.Values(r.URL.RawQuery, "token")
	states := rawquery.Values(r.URL.RawQuery, stateParam)
	c := callback{auth: a, w: w, r: withoutLoginParams(r), target: "/", hasState: len(states) > 0}
	if len(states) == 1 {
		if c.login, c.stateCookieName, c.started = a.loadState(r, states[0]); c.started {
			c.target = a.paths.safeTarget(c.login.Target)
		}
	}
	switch {
	case len(tokens) == 0:
		c.serveWithoutToken()
	case len(tokens) > 1:
		c.forgetState()
		c.fail(refuse(ErrTokenMalformed, "the callback has %d token parameters", len(tokens)))
	default:
		c.decide(tokens[0])
	}
}

// serveStrayToken answers a browser that LoginRocket has sent with a login token
// to a page other than the callback, as its invitations do. Where nothing is decided,
// it returns the request to go on with: without the token if it is a login token,
// which handlers and logs do not see. Any other ?token= is the app's own, and what
// another Auth's callback gets is that Auth's.
func (a *Auth) serveStrayToken(w http.ResponseWriter, r *http.Request) (next *http.Request, answered bool) {
	if r.URL.RawQuery == "" || a.routeOf(r) == routeCallback {
		return r, false
	}
	tokens := rawquery.Values(r.URL.RawQuery, "token")
	if !slices.ContainsFunc(tokens, a.verifier.looksLikeLoginToken) {
		return r, false
	}
	hasState := len(rawquery.Values(r.URL.RawQuery, stateParam)) > 0
	if hasState && strings.HasSuffix(r.URL.Path, "/"+routeCallback) {
		return r, false
	}
	if a.config.KeepQueryToken != nil && a.config.KeepQueryToken(r) {
		return r, false
	}
	if len(tokens) == 1 && r.Method == http.MethodGet && wantsPage(r) {
		c := callback{auth: a, w: w, r: withoutLoginParams(r), target: a.paths.strayTarget(r)}
		c.decide(tokens[0])
		return r, true
	}
	// The URL has a token that may still be valid. no-referrer would make the Origin of
	// forms null.
	setNoStore(w.Header())
	w.Header().Set("Referrer-Policy", "strict-origin")
	return withoutLoginParams(r), false
}

// decide verifies the token, and signs in, asks, or refuses.
func (c *callback) decide(token string) {
	a := c.auth
	session, err := a.verifier.verify(c.r.Context(), token, &wait{patience: keycache.Callback})
	if err != nil {
		if !errors.Is(err, ErrUnavailable) {
			c.forgetState()
		}
		c.fail(err)
		return
	}
	// Who is signed in, if that is known without waiting.
	current, err := a.cookieSession(c.r, &wait{patience: keycache.NoWait})
	hasCurrent := err == nil
	change := loginstate.ChangeNothing
	if hasCurrent {
		change = changeOf(*current, *session)
	}
	confirmUnsolicited := !a.config.DangerouslyAcceptUnsolicitedLogins || c.cameBackWithoutCookies()
	switch {
	case confirmUnsolicited && (change > c.mayChange() || cookieHeaderBytes(c.r) > maxScannedCookieBytes):
		// Also when there may be a session among the cookies that nobody looked at.
		c.askToConfirm(*session)
	case c.started:
		c.complete(*session)
	case confirmUnsolicited && !hasCurrent:
		c.askToConfirm(*session)
	case hasCurrent && change == loginstate.ChangeNothing && session.IssuedAt.Before(current.IssuedAt):
		if c.stopLoop() {
			return
		}
		a.observeLogin(c.r.Context(), false, *session, nil)
		// Counted, so that it ends if a gate refuses the session that stays.
		a.rememberAttempts(c.w, c.r, c.attempt())
		a.redirectToApp(c.w, c.target)
	default:
		c.complete(*session)
	}
}

// mayChange is what the login may change without a question: what the person
// asked for in a page of this app. LoginRocket's own session can be swapped by any
// website, so that a login started here says nothing about who comes back.
func (c *callback) mayChange() loginstate.Change {
	if !c.started {
		return loginstate.ChangeNothing
	}
	return c.login.MayChange
}

// attempt is the number of this login in a row of them.
func (c *callback) attempt() int {
	if c.started {
		return c.login.Attempt
	}
	return c.auth.attempts(c.r) + 1
}

// stopLoop ends a row of logins that this browser does not remember to have
// started: it starts them at a host that has other cookies than this one.
func (c *callback) stopLoop() bool {
	if c.attempt() <= maxAttempts {
		return false
	}
	c.auth.stopLoginLoop(c.w, c.r, c.target, ErrNoToken)
	return true
}

// cameBackWithoutCookies reports whether a login that was started here comes back from a
// browser that has no cookies at all. It may not keep any, so that nothing would
// count its logins.
func (c *callback) cameBackWithoutCookies() bool {
	return c.hasState && !c.started && cookieHeaderBytes(c.r) == 0
}

func (c *callback) complete(session Session) {
	if c.stopLoop() {
		return
	}
	c.auth.completeLogin(c.w, c.r, completion{session, c.target, c.started, c.attempt(), c.stateCookieName})
}

// askToConfirm keeps the token until its user confirms it, at another URL: this one has
// the token in it.
func (c *callback) askToConfirm(session Session) {
	a := c.auth
	c.forgetState()
	a.rememberPending(c.w, c.r, pendingLogin{session.Token(), c.reasonToConfirm(), c.target})
	a.observeLogin(c.r.Context(), c.started, session, ErrUnsolicitedLogin)
	a.redirect(c.w, a.paths.routePath(routeConfirm))
}

// reasonToConfirm says how the login began. What it would change is asked again when
// the page is shown.
func (c *callback) reasonToConfirm() confirmReason {
	switch {
	case c.started:
		return confirmChange
	case c.hasState:
		return confirmStartedElsewhere
	}
	return confirmFollowedLink
}

// serveWithoutToken is for pages of LoginRocket that lead back without a login. It
// counts as an attempt: a gate may send the browser there again. The state is not
// used up: the visitor may go back to LoginRocket, and where a proxy keeps only one
// cookie of a response, it is that of the count.
func (c *callback) serveWithoutToken() {
	switch {
	case c.hasState && !c.started:
		// A browser that keeps no cookies would come here again and again.
		c.auth.writePage(c.w, c.r, c.auth.nothingToConfirmPage(c.r))
	case c.stopLoop():
	default:
		c.auth.rememberAttempts(c.w, c.r, c.attempt())
		c.auth.redirectToApp(c.w, c.target)
	}
}

// forgetState uses the state up. Only a callback that is decided does.
func (c *callback) forgetState() {
	if c.started {
		c.auth.clearCookie(c.w, c.stateCookieName)
	}
}

// fail answers with a page, since the browser shows what comes back.
func (c *callback) fail(err error) {
	c.auth.failLogin(c.w, c.r, c.started, c.target, err)
}
