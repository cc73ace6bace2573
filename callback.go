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

// callback is one request from a browser that comes back from LoginRocket, with what this
// package knows about its login.
type callback struct {
	auth *Auth
	w    http.ResponseWriter

	// The URL of r contains no login parameters, because Config.OnLogin, Config.Page and the
	// Observer get it and may log its URL.
	r *http.Request

	target string // the return target; safe to redirect to

	// started is true if this browser started the login. If so, login is the content of
	// the state, and stateCookieName is the name of its cookie. Otherwise, both are
	// empty.
	started         bool
	login           loginstate.Login
	stateCookieName string

	// hasState is true if the URL has a state, which may be made up. hasState affects
	// only the texts of pages and the handling of loops. It gives no access.
	hasState bool
	stateID  string // the ID in the state, or "" if there is not exactly one; it is public and may be made up
}

// serveCallback answers a browser that comes back from LoginRocket to the callback. Only
// a navigation completes a login or uses up its state. A script, an image or a link
// scanner that requests the URL must not take the login away from the person who follows
// the link.
func (a *Auth) serveCallback(w http.ResponseWriter, r *http.Request) {
	if !wantsPage(r) {
		a.denyRoute(w, r, refuse(ErrNoToken, "the callback is for browsers that navigate"))
		return
	}
	tokens := rawquery.Values(r.URL.RawQuery, "token")
	states := rawquery.Values(r.URL.RawQuery, stateParam)
	c := callback{auth: a, w: w, r: withoutLoginParams(r), target: "/", hasState: len(states) > 0}
	if c.hasState {
		a.cameBack.Store(true)
	}
	// If there are two states, it is not clear which login has come back, so the login
	// counts as unsolicited.
	if len(states) == 1 {
		c.stateID = loginstate.ID(states[0])
		if c.login, c.stateCookieName, c.started = a.loadState(r, states[0]); c.started {
			// The target was safe when it was sealed, but a process with another Config
			// may have sealed it.
			c.target = a.paths.safeTarget(c.login.Target)
		}
	}
	switch {
	case len(tokens) == 0:
		c.serveWithoutToken()
	case len(tokens) > 1:
		// LoginRocket sends exactly one token. With two tokens, a proxy could check or
		// log a different token than this package.
		c.forgetState()
		c.fail(refuse(ErrTokenMalformed, "the callback has %d token parameters", len(tokens)))
	default:
		c.decide(tokens[0])
	}
}

// serveStrayToken answers a browser that opens a page other than the callback with a
// login token. LoginRocket sends a browser to such a page, for example, after an
// invitation. If serveStrayToken does not answer, it returns the request for the next
// handler. It removes a login token from that request, because handlers and logs must not
// see the token. Any other ?token= belongs to the app. A token at the callback of another
// Auth belongs to that Auth.
func (a *Auth) serveStrayToken(w http.ResponseWriter, r *http.Request) (next *http.Request, answered bool) {
	if r.URL.RawQuery == "" || a.routeOf(r) == routeCallback {
		return r, false
	}
	tokens := rawquery.Values(r.URL.RawQuery, "token")
	if !slices.ContainsFunc(tokens, a.verifier.looksLikeLoginToken) {
		return r, false
	}
	// Two Auths on one host are nested, so the outer one sees the callback of the inner
	// one first.
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
	// There is no redirect, because a script or a WebSocket could not follow it, and a
	// cache could keep it. The browser's URL still has the token, so the page must not
	// send it in a Referer. The policy no-referrer would also hide the token, but would
	// make the Origin of the page's forms null.
	setNoStore(w.Header())
	w.Header().Set("Referrer-Policy", "strict-origin")
	return withoutLoginParams(r), false
}

// decide verifies the token. Then it completes the login, asks the user to confirm it, or
// refuses it.
func (c *callback) decide(token string) {
	a := c.auth
	// The token is new, so its key may have been published a moment ago.
	session, err := a.verify(c.r.Context(), token, &wait{patience: keycache.Callback})
	if err != nil {
		// While the keys are unavailable, the page reloads itself and needs the state
		// again.
		if !errors.Is(err, ErrUnavailable) {
			c.forgetState()
		}
		c.fail(err)
		return
	}
	a.warnOfSize(c.r, token)
	// Get the current session only if that takes no waiting, because a user who has just
	// signed in must not wait for the key of an older token. A session that is not
	// accepted gives no access, so replacing it changes nothing.
	current, err := a.currentSession(c.r)
	hasCurrent := err == nil
	change := loginstate.ChangeNothing
	if hasCurrent {
		change = changeOf(*current, *session)
	}
	confirmUnsolicited := !a.config.DangerouslyAcceptUnsolicitedLogins || c.cameBackWithoutCookies()
	switch {
	case confirmUnsolicited && (change > c.mayChange() || cookieHeaderBytes(c.r) > maxScannedCookieBytes):
		// A request with more cookies than are read also needs a confirmation. The unread
		// cookies may contain a session, and a sibling subdomain can plant that many
		// cookies.
		c.askToConfirm(*session)
	case c.started:
		c.complete(*session)
	case confirmUnsolicited && !hasCurrent:
		// Without a confirmation, the visitor could act as an attacker (login CSRF, RFC
		// 9700 section 4.7).
		c.askToConfirm(*session)
	case hasCurrent && change == loginstate.ChangeNothing && session.IssuedAt.Before(current.IssuedAt):
		// This is an old link. Since its token was issued, permissions may have been
		// granted or withdrawn. The browser keeps the newer session.
		if c.stopLoop() {
			return
		}
		a.observeLogin(c.r.Context(), false, *session, nil)
		// The attempt is counted, so that a loop ends if a gate refuses the newer
		// session.
		a.rememberAttempts(c.w, c.r, c.attempt())
		a.redirectToApp(c.w, c.target)
	default:
		// The user and the account stay the same, so no confirmation is needed.
		c.complete(*session)
	}
}

// mayChange returns what the login may change without a confirmation, which is only what
// the user chose to change on a page of this app. Another user may come back from a login
// that was started here, because any website can replace the session at LoginRocket.
func (c *callback) mayChange() loginstate.Change {
	if !c.started {
		return loginstate.ChangeNothing
	}
	return c.login.MayChange
}

// attempt returns the position of this login in a row of logins, counted from 1. The
// number comes from the sealed state, because tabs that sign in at the same time share
// the counting cookie.
func (c *callback) attempt() int {
	if c.started {
		return c.login.Attempt
	}
	return c.auth.attempts(c.r) + 1
}

// stopLoop ends a row of logins if it is too long, and reports whether it did. Usually a
// gate has already stopped the logins. A gate cannot stop them if the browser starts them
// on another host, because the browser does not send the cookie that contains the count to
// that host.
func (c *callback) stopLoop() bool {
	if c.attempt() <= maxAttempts {
		return false
	}
	c.auth.stopLoginLoop(c.w, c.r, c.target, ErrNoToken)
	return true
}

// cameBackWithoutCookies reports whether a login with a state comes back from a browser
// that sends no cookies. Logins from such a browser cannot be counted. Even with
// DangerouslyAcceptUnsolicitedLogins, the user must confirm such a login, which ends a
// possible loop.
func (c *callback) cameBackWithoutCookies() bool {
	return c.hasState && !c.started && cookieHeaderBytes(c.r) == 0
}

func (c *callback) complete(session Session) {
	if c.stopLoop() {
		return
	}
	c.auth.completeLogin(c.w, c.r, completion{session, c.target, c.started, c.attempt(), c.stateCookieName})
}

// askToConfirm keeps the token in a cookie until the user confirms the login. The
// confirmation page has its own URL, because the URL of the callback contains the token,
// and the browser's history or a reload would send it again.
func (c *callback) askToConfirm(session Session) {
	a := c.auth
	c.forgetState()
	a.rememberPending(c.w, c.r, pendingLogin{session.Token(), c.reasonToConfirm(), c.target})
	a.observeLogin(c.r.Context(), c.started, session, refuse(ErrUnsolicitedLogin, "%s", c.whyToConfirm()))
	a.redirect(c.w, a.paths.routePath(routeConfirm))
}

// reasonToConfirm returns how the login began. The confirmation page determines what the
// login would change.
func (c *callback) reasonToConfirm() confirmReason {
	switch {
	case c.started:
		return confirmChange
	case c.hasState:
		return confirmStartedElsewhere
	}
	return confirmFollowedLink
}

// whyToConfirm returns, for the log, the reason that the confirmation page shows to the
// visitor.
func (c *callback) whyToConfirm() string {
	switch c.reasonToConfirm() {
	case confirmChange:
		return "it changes who is signed in"
	case confirmStartedElsewhere:
		return c.auth.lostState(c.r, c.stateID)
	}
	return "this browser did not start it: a link led to it"
}

// serveWithoutToken answers a browser that returns from a page of LoginRocket, such as
// the profile, without a login token. The return counts as an attempt, because a gate may
// send the browser to LoginRocket again. The state is not used up, because the visitor
// may go back to LoginRocket. Clearing the cookie of the state could also displace the
// cookie with the count, because some proxies keep only one cookie of a response.
func (c *callback) serveWithoutToken() {
	switch {
	case c.hasState && !c.started:
		// A browser that keeps no cookies would come back here forever.
		c.auth.writePage(c.w, c.r, c.auth.nothingToConfirmPage(c.r))
	case c.stopLoop():
	default:
		c.auth.rememberAttempts(c.w, c.r, c.attempt())
		c.auth.redirectToApp(c.w, c.target)
	}
}

// forgetState uses up the state, so that the same URL cannot complete a second login.
// Call it when the outcome of the callback is certain.
func (c *callback) forgetState() {
	if c.started {
		c.auth.clearCookie(c.w, c.stateCookieName)
	}
}

// fail answers with a page, never with another login, because LoginRocket would send the
// browser back at once with a token that also fails.
func (c *callback) fail(err error) {
	c.auth.failLogin(c.w, c.r, c.started, c.target, err)
}
