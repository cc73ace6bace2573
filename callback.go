package authrocket

import (
	"errors"
	"net/http"
	"time"

	"github.com/authrocket-go/authrocket/internal/fetchmeta"
	"github.com/authrocket-go/authrocket/internal/keycache"
	"github.com/authrocket-go/authrocket/internal/rawquery"
)

// landing is a browser that comes back from LoginRocket.
type landing struct {
	auth    *Auth
	w       http.ResponseWriter
	r       *http.Request
	started bool // this browser started the login
	state   stateCookie
}

// serveLanding answers r if it is a landing: a navigation with one ?token= that
// is ours. Any other ?token= is the app's own.
func (a *Auth) serveLanding(w http.ResponseWriter, r *http.Request) bool {
	if r.Method != http.MethodGet || r.URL.RawQuery == "" {
		return false
	}
	tokens := rawquery.Values(r.URL.RawQuery, "token")
	if len(tokens) != 1 {
		return false
	}
	token := tokens[0]
	hasState := len(rawquery.Values(r.URL.RawQuery, stateParam)) > 0
	if !hasState && !a.verifier.isOurs(token) {
		return false
	}
	if fetchmeta.IsPrefetch(r) {
		a.Deny(w, r, ErrPrefetch)
		return true
	}
	if !fetchmeta.MayNavigate(r) {
		return false
	}
	l := landing{auth: a, w: w, r: r}
	l.state, l.started = a.startedLogin(r)
	session, err := a.verifier.verify(r.Context(), token, keycache.Gate, new(time.Time))
	switch {
	case errors.Is(err, ErrUnavailable):
		// The state stays, so that a reload can try again.
		l.fail(err)
	case err != nil && l.started:
		l.forgetState()
		l.fail(err)
	case err != nil:
		a.observeLogin(r.Context(), false, *session, err)
		a.redirectHome(w, withAttempts(r, a.paths.landedTarget(r)))
	case l.started:
		l.forgetState()
		a.completeLogin(w, r, true, *session, l.state.state.Target, l.state.state.Attempt)
	default:
		l.unsolicited(*session)
	}
	return true
}

// unsolicited decides about a verified token of a login that this browser did
// not start. Signing in would let any website sign its visitors in as somebody
// else.
func (l *landing) unsolicited(session Session) {
	a := l.auth
	target := a.paths.landedTarget(l.r)
	current, err := a.cookieSession(l.r, keycache.NoWait, new(time.Time))
	switch isSame := err == nil && current.User.ID == session.User.ID; {
	case isSame && !session.IssuedAt.After(current.IssuedAt):
		a.observeLogin(l.r.Context(), false, session, nil)
		a.redirectHome(l.w, withAttempts(l.r, target))
	case isSame, a.config.DangerouslyAcceptUnsolicitedLogins:
		a.completeLogin(l.w, l.r, false, session, withAttempts(l.r, target), attemptsInURL(l.r))
	default:
		a.rememberPending(l.w, l.r, pendingLogin{session.Token(), target})
		a.observeLogin(l.r.Context(), false, session, ErrUnsolicitedLogin)
		// The page that asks is at another URL: this one has the token in it.
		a.redirect(l.w, a.paths.route(routeConfirm))
	}
}

// forgetState uses the state up. Only a landing that is decided does.
func (l *landing) forgetState() {
	if l.started {
		l.auth.clearCookie(l.w, l.state.name)
	}
}

// fail answers with a page, since the browser shows what comes back.
func (l *landing) fail(err error) {
	target := l.auth.paths.landedTarget(l.r)
	if l.started {
		target = l.auth.paths.safe(l.state.state.Target)
	}
	l.auth.failLogin(l.w, l.r, l.started, target, err)
}
