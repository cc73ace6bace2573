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

// callback is a browser that comes back from LoginRocket, and what is known about the
// login that it brings.
type callback struct {
	auth *Auth
	w    http.ResponseWriter

	// r is without the parameters of a login: Config.OnLogin, Config.Page and the
	// Observer see it, and may log its URL.
	r *http.Request

	target string // where the login leads; safe to send a browser to

	// started says that this browser started the login. Only then are login, what it
	// remembers of it, and the name of its cookie set.
	started         bool
	login           loginstate.Login
	stateCookieName string

	// hasState says that some browser started the login here, by its own word: the
	// state may be made up. It chooses words and stops loops, and permits nothing.
	hasState bool
	stateID  string // of the only state; it is public, and may be made up
}

// serveCallback answers a browser that comes back from a login that was started
// here. Nothing but a navigation decides about a login or uses its state up: a script,
// an image or a scanner of links that asks for the URL must not take the login away
// from the person who follows it.
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
	// With two states it is not clear which login comes back, so it is an unsolicited one.
	if len(states) == 1 {
		c.stateID = loginstate.ID(states[0])
		if c.login, c.stateCookieName, c.started = a.loadState(r, states[0]); c.started {
			// It was safe when it was sealed, maybe by a process with another Config.
			c.target = a.paths.safeTarget(c.login.Target)
		}
	}
	switch {
	case len(tokens) == 0:
		c.serveWithoutToken()
	case len(tokens) > 1:
		// LoginRocket sends one. Which of two a proxy or a log has seen is unknown.
		c.forgetState()
		c.fail(refuse(ErrTokenMalformed, "the callback has %d token parameters", len(tokens)))
	default:
		c.decide(tokens[0])
	}
}

// serveStrayToken answers a browser that LoginRocket has sent with a login token
// to a page other than the callback, as its invitations do. Where it decides nothing,
// it returns the request to go on with: without the token if it is a login token,
// which handlers and logs must not see. Any other ?token= is the app's own, and what
// another Auth's callback gets is that Auth's.
func (a *Auth) serveStrayToken(w http.ResponseWriter, r *http.Request) (next *http.Request, answered bool) {
	if r.URL.RawQuery == "" || a.routeOf(r) == routeCallback {
		return r, false
	}
	tokens := rawquery.Values(r.URL.RawQuery, "token")
	if !slices.ContainsFunc(tokens, a.verifier.looksLikeLoginToken) {
		return r, false
	}
	// Two Auths on one host are nested, so that this one sees the other's callback first.
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
	// Not redirected: a script or a WebSocket could not follow, and a cache could keep
	// it. The browser's own URL still has the token, so that no link of the page may
	// hand it on. no-referrer would make the Origin of the page's forms null.
	setNoStore(w.Header())
	w.Header().Set("Referrer-Policy", "strict-origin")
	return withoutLoginParams(r), false
}

// decide verifies the token, and signs in, asks, or refuses.
func (c *callback) decide(token string) {
	a := c.auth
	// The user has just signed in, maybe with a key that was published a moment ago.
	session, err := a.verify(c.r.Context(), token, &wait{patience: keycache.Callback})
	if err != nil {
		// While the keys cannot be had, the page reloads itself and needs the state again.
		if !errors.Is(err, ErrUnavailable) {
			c.forgetState()
		}
		c.fail(err)
		return
	}
	a.warnOfSize(c.r, token)
	// Who is signed in, if that is known without waiting: nobody who has just signed in
	// waits for the key of an older token. A session that is not accepted now gives no
	// access, so that replacing it changes nothing.
	current, err := a.currentSession(c.r)
	hasCurrent := err == nil
	change := loginstate.ChangeNothing
	if hasCurrent {
		change = changeOf(*current, *session)
	}
	confirmUnsolicited := !a.config.DangerouslyAcceptUnsolicitedLogins || c.cameBackWithoutCookies()
	switch {
	case confirmUnsolicited && (change > c.mayChange() || cookieHeaderBytes(c.r) > maxScannedCookieBytes):
		// Also when there may be a session among the cookies that nobody looked at:
		// a sibling subdomain can plant more of them than are read.
		c.askToConfirm(*session)
	case c.started:
		c.complete(*session)
	case confirmUnsolicited && !hasCurrent:
		// Login CSRF (RFC 9700 section 4.7): the visitor would act as the attacker.
		c.askToConfirm(*session)
	case hasCurrent && change == loginstate.ChangeNothing && session.IssuedAt.Before(current.IssuedAt):
		// An old link to a page: its token may lack permissions that the user got since
		// then, and have some that were withdrawn. The newer session stays.
		if c.stopLoop() {
			return
		}
		a.observeLogin(c.r.Context(), false, *session, nil)
		// Counted, so that it ends if a gate refuses the session that stays.
		a.rememberAttempts(c.w, c.r, c.attempt())
		a.redirectToApp(c.w, c.target)
	default:
		// The user and account stay, so that there is nothing to ask.
		c.complete(*session)
	}
}

// mayChange is what the login may change without a question: what the person
// asked for in a page of this app. Any website can swap LoginRocket's own session, so
// that a login started here says nothing about who comes back.
func (c *callback) mayChange() loginstate.Change {
	if !c.started {
		return loginstate.ChangeNothing
	}
	return c.login.MayChange
}

// attempt is the number of this login in a row of them. The sealed state has it, since
// many tabs that sign in at once share the cookie that counts.
func (c *callback) attempt() int {
	if c.started {
		return c.login.Attempt
	}
	return c.auth.attempts(c.r) + 1
}

// stopLoop ends a row of logins whose states this browser does not have. The usual
// cause is that it starts them at another host, which has other cookies than this one,
// so that the gate there never counts.
func (c *callback) stopLoop() bool {
	if c.attempt() <= maxAttempts {
		return false
	}
	c.auth.stopLoginLoop(c.w, c.r, c.target, ErrNoToken)
	return true
}

// cameBackWithoutCookies reports whether a login that was started here comes back from a
// browser that has no cookies at all. If it keeps none, nothing counts its logins: the
// confirmation ends what would be a loop, also with
// DangerouslyAcceptUnsolicitedLogins.
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
// the token in it, which the history and a reload would bring back.
func (c *callback) askToConfirm(session Session) {
	a := c.auth
	c.forgetState()
	a.rememberPending(c.w, c.r, pendingLogin{session.Token(), c.reasonToConfirm(), c.target})
	a.observeLogin(c.r.Context(), c.started, session, refuse(ErrUnsolicitedLogin, "%s", c.whyToConfirm()))
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

// whyToConfirm says for a log what the page of the confirmation says in a visitor's words.
func (c *callback) whyToConfirm() string {
	switch c.reasonToConfirm() {
	case confirmChange:
		return "it changes who is signed in"
	case confirmStartedElsewhere:
		return c.auth.lostState(c.r, c.stateID)
	}
	return "this browser did not start it: a link led to it"
}

// serveWithoutToken is for pages of LoginRocket that lead back without a login, such as
// the profile. It counts as an attempt: a gate may send the browser there again. The
// state is not used up: the visitor may go back to LoginRocket, and where a proxy keeps
// only one cookie of a response, it is that of the count.
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

// forgetState uses the state up, so that the same URL signs nobody in a second time.
// Only a callback that is decided does.
func (c *callback) forgetState() {
	if c.started {
		c.auth.clearCookie(c.w, c.stateCookieName)
	}
}

// fail answers with a page, never with another login: LoginRocket would send the browser
// back at once, with a token that fails as well.
func (c *callback) fail(err error) {
	c.auth.failLogin(c.w, c.r, c.started, c.target, err)
}
