package authrocket

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/authrocket-go/authrocket/internal/loginstate"
)

// loginRequest describes a login that is about to start. It contains the hosted page, and
// the data that this app needs when the login comes back.
type loginRequest struct {
	route  string // the hosted page
	params url.Values
	login  loginstate.Login
}

// startLogin redirects the browser to a hosted page, from which it comes back to the
// callback. If the URL of this app is unknown, it writes nothing and returns false.
func (a *Auth) startLogin(w http.ResponseWriter, r *http.Request, s loginRequest) bool {
	callback, ok := a.callbackURL(r)
	if !ok {
		return false
	}
	a.warnOfHost(r)
	a.warnOfHTTP(r)
	a.warnOfMissingRoutes(r)
	a.warnOfNoneBack(r, callback)
	// This may start a fetch of the keys, which the callback needs in a moment. If
	// LoginRocket cannot be reached, no login comes back, and only the failed fetch shows
	// the cause to an operator.
	_ = a.verifier.keys.ready()
	// The target comes from the browser, so it is checked, and the state must fit into a
	// URL.
	target := a.paths.safeTarget(s.login.Target)
	if s.login.Target = fitTarget(target, loginstate.MaxTargetBytes); s.login.Target != target {
		if a.targetWarnings.isDue("", time.Now()) {
			a.warn(r, fmt.Errorf("a return target is longer than %d bytes, so its query is cut; use shorter URLs for pages that start a login", loginstate.MaxTargetBytes))
		}
	}
	secret := loginstate.NewSecret(mayBeCrossOrigin(r))
	a.setStateCookie(w, r, secret)
	if s.params == nil {
		s.params = url.Values{}
	}
	// LoginRocket has no state parameter, but keeps the query of redirect_uri.
	s.params.Set("redirect_uri", callback+"?"+stateParam+"="+secret.Seal(a.stateScope(callback), s.login))
	a.redirect(w, a.loginRocket.origin+"/"+s.route+"?"+s.params.Encode())
	return true
}

// stateScope is part of the key that seals a state, so that no other Auth accepts the
// state. Two Auths on one host may get the same state cookie, or an attacker may plant
// it.
func (a *Auth) stateScope(callback string) string { return a.config.CookieName + "\x00" + callback }

const (
	// maxStateCookies limits how many logins one browser can have in progress.
	maxStateCookies = 48

	// maxCookieHeaderBytes is the length up to which logins in progress may extend a
	// browser's Cookie header. Servers limit the headers of a request, often to 8 KiB.
	// With longer headers, the browser could not use the app until the cookies expire.
	maxCookieHeaderBytes = 6 << 10

	// maxClearedStateCookies limits how many state cookies one response clears. Proxies
	// limit the headers of a response. For example, nginx limits them to 4 or 8 KiB.
	maxClearedStateCookies = 8
)

// stateCookiePrefix returns the prefix of the names of state cookies. Each login has its
// own cookie, so that tabs do not overwrite each other's state.
func (a *Auth) stateCookiePrefix() string { return a.cookieNameFor("state-") }

// stateCookie is a state cookie as a browser sent it.
type stateCookie struct {
	name      string
	bytes     int // its length in the Cookie header
	secret    loginstate.Secret
	isInvalid bool // too old or unreadable: no callback accepts it
}

func (a *Auth) stateCookies(r *http.Request) []stateCookie {
	var found []stateCookie
	prefix, now := a.stateCookiePrefix(), time.Now()
	for id, value := range cookiesWithPrefix(r.Header, prefix) {
		secret, ok := loginstate.ParseSecret(id, value)
		name := prefix + id
		found = append(found, stateCookie{name, cookieBytes(name, value), secret, !ok || !secret.IsAlive(now)})
	}
	return found
}

// setStateCookie sets the cookie with the secret of a login that starts now. If the
// browser has too many state cookies, setStateCookie evicts invalid cookies first, then
// the cookies of logins that other sites started, and then the oldest cookies. A login
// that another site starts never evicts a login that this site started. If there is no
// room without such an eviction, the new login gets no cookie, so it comes back as an
// unsolicited login.
func (a *Auth) setStateCookie(w http.ResponseWriter, r *http.Request, secret loginstate.Secret) {
	c := a.newCookie(a.stateCookiePrefix()+secret.ID, secret.Value())
	c.MaxAge = int(loginstate.Lifetime.Seconds())

	kept := a.stateCookies(r)
	slices.SortStableFunc(kept, evictionOrder)
	total := cookieHeaderBytes(r) + cookieBytes(c.Name, c.Value)
	if !secret.Foreign && total > maxCookieHeaderBytes {
		// The cookie of the pending login is large, and another site may have caused it.
		// A login that this site starts therefore replaces the pending login.
		total -= a.pendingCookieBytes(r)
		a.forgetPending(w, r)
	}
	evicted := 0
	for len(kept)-evicted > 0 && (len(kept)-evicted >= maxStateCookies || total > maxCookieHeaderBytes) {
		next := kept[evicted]
		if secret.Foreign && !next.isInvalid && !next.secret.Foreign {
			return
		}
		if evicted == maxClearedStateCookies {
			break
		}
		total -= next.bytes
		evicted++
	}
	for _, gone := range kept[:evicted] {
		a.clearCookie(w, gone.name)
	}
	// The new cookie comes last, for proxies that keep only the last cookie of a
	// response.
	http.SetCookie(w, c)
}

// pendingCookieBytes returns the length of the pending login in the Cookie header.
func (a *Auth) pendingCookieBytes(r *http.Request) int {
	name, total := a.cookieNameFor("confirm"), 0
	for _, value := range cookieValues(r.Header, name) {
		total += cookieBytes(name, value)
	}
	return total
}

// evictionOrder compares two cookies, for sorting them in the order in which they are
// evicted.
func evictionOrder(x, y stateCookie) int {
	rank := func(c stateCookie) int {
		switch {
		case c.isInvalid:
			return 0
		case c.secret.Foreign:
			return 1
		}
		return 2
	}
	if d := rank(x) - rank(y); d != 0 {
		return d
	}
	return x.secret.Started.Compare(y.secret.Started)
}

// loadState returns the login that comes back with r and the name of its cookie, if this
// browser started the login. A planted cookie opens only states that were sealed with its
// secret. If several cookies have the same name, loadState tries each of them, because
// any of them may be planted.
func (a *Auth) loadState(r *http.Request, state string) (login loginstate.Login, cookieName string, ok bool) {
	callback, ok := a.callbackURL(r)
	id := loginstate.ID(state)
	if !ok || id == "" {
		return loginstate.Login{}, "", false
	}
	name, now := a.stateCookiePrefix()+id, time.Now()
	for _, value := range cookieValues(r.Header, name) {
		secret, ok := loginstate.ParseSecret(id, value)
		if !ok || !secret.IsAlive(now) {
			continue
		}
		if login, ok := secret.Open(a.stateScope(callback), state); ok {
			return login, name, true
		}
	}
	return loginstate.Login{}, "", false
}

const (
	// maxAttempts limits how many logins in a row may end without an accepted session. It
	// is more than one, because a user may sign in again to choose another account.
	maxAttempts = 3

	// attemptsWindow is the time after the first login of a row in which further logins
	// belong to that row. A loop repeats within seconds, but a person takes longer.
	attemptsWindow = time.Minute
)

// attempts returns how many logins in a row this browser has come back from. While
// LoginRocket has a session, LoginRocket sends the browser back at once. If the app
// refused the token each time, the gate and LoginRocket would redirect to each other
// forever. The cookie with the count need not be sealed, because a forged count only
// leads to a page instead of the login.
func (a *Auth) attempts(r *http.Request) int {
	n := 0
	for _, value := range cookieValues(r.Header, a.cookieNameFor("attempts")) {
		_, count, _ := strings.Cut(value, ".")
		if counted, err := strconv.Atoi(count); err == nil {
			n = max(n, counted)
		}
	}
	return min(n, loginstate.MaxAttempt)
}

// rememberAttempts keeps the count n until the window of the first login in the row ends.
// The cookie contains the time of the first login, so that later logins do not extend the
// window.
func (a *Auth) rememberAttempts(w http.ResponseWriter, r *http.Request, n int) {
	name, now := a.cookieNameFor("attempts"), time.Now()
	first := now
	for _, value := range cookieValues(r.Header, name) {
		seconds, _, _ := strings.Cut(value, ".")
		if unix, err := strconv.ParseInt(seconds, 10, 64); err == nil {
			if age := now.Sub(time.Unix(unix, 0)); age > 0 && age < attemptsWindow {
				first = time.Unix(unix, 0)
			}
		}
	}
	c := a.newCookie(name, strconv.FormatInt(first.Unix(), 10)+"."+strconv.Itoa(n))
	c.MaxAge = max(int((attemptsWindow - now.Sub(first)).Seconds()), 10)
	http.SetCookie(w, c)
}

// forgetAttempts clears the count when a person decides what to do next, because a click
// is not a loop.
func (a *Auth) forgetAttempts(w http.ResponseWriter, r *http.Request) {
	if name := a.cookieNameFor("attempts"); hasCookie(r, name) {
		a.clearCookie(w, name)
	}
}

// stopLoginLoop answers with a page instead of another login. cause is the reason why the
// session is refused. It is nil if the session is valid but the app keeps starting
// logins.
func (a *Auth) stopLoginLoop(w http.ResponseWriter, r *http.Request, target string, cause error) {
	err := &refusal{reason: ErrLoginLoop, cause: cause}
	a.observeLogin(r.Context(), true, Session{}, err)
	a.forgetAttempts(w, r)
	a.writePage(w, r, a.loginLoopPage(target, err))
}

// completion is a verified login that is about to become the browser's session.
type completion struct {
	session         Session
	target          string
	started         bool   // this browser started it
	attempt         int    // the number of the login in a row, 0 if it does not count
	stateCookieName string // the cookie of the state, or ""
}

// completeLogin calls Config.OnLogin, sets the session cookie and redirects the browser
// to the target. The URL of r contains no login parameters. The count is in the first cookie and the
// session in the last. If a proxy keeps only one of them, the session works, or the count
// ends the loop.
func (a *Auth) completeLogin(w http.ResponseWriter, r *http.Request, c completion) {
	err := a.acceptLogin(r, c.session)
	if err != nil {
		if !errors.Is(err, ErrUnavailable) {
			a.forgetLogin(w, r, c.stateCookieName)
		}
		a.failLogin(w, r, c.started, c.target, err)
		return
	}
	if c.attempt > 0 {
		a.rememberAttempts(w, r, c.attempt)
	}
	a.forgetLogin(w, r, c.stateCookieName)
	if hasCookie(r, a.config.CookieName) {
		// The browser may have prefetched pages for the previous user or account.
		clearPrefetchCaches(w.Header())
	}
	a.setSessionCookie(w, r, c.session.Token(), c.session.ExpiresAt)
	a.observeLogin(r.Context(), c.started, c.session, nil)
	a.redirectToApp(w, c.target)
}

// forgetLogin clears the cookies of a login that has been accepted or refused. It also
// clears a pending login, because the cookies of the pending login and of a session
// together could make the headers too long.
func (a *Auth) forgetLogin(w http.ResponseWriter, r *http.Request, stateCookieName string) {
	if stateCookieName != "" {
		a.clearCookie(w, stateCookieName)
	}
	a.forgetPending(w, r)
}

// forgetPending clears the pending login.
func (a *Auth) forgetPending(w http.ResponseWriter, r *http.Request) {
	if name := a.cookieNameFor("confirm"); hasCookie(r, name) {
		a.clearCookie(w, name)
	}
}

// acceptLogin returns the reason why a login with session is refused, or nil if the login
// is accepted. It refuses a token that does not fit into cookies, because a page can name
// the cause now. A truncated token would only be an invalid token at the next request.
func (a *Auth) acceptLogin(r *http.Request, session Session) error {
	if n := len(session.Token()); n > maxCookieTokenBytes {
		return refuse(ErrTokenTooLarge, "it has %d bytes, and cookies hold %d; reduce the user's custom attributes and permissions", n, maxCookieTokenBytes)
	}
	if a.config.OnLogin == nil {
		return nil
	}
	if err := a.config.OnLogin(r, session); err != nil {
		return &onLoginError{withKind(err, ErrForbidden)}
	}
	return nil
}

// failLogin answers a refused login with a page, never with another login.
func (a *Auth) failLogin(w http.ResponseWriter, r *http.Request, started bool, target string, err error) {
	a.observeLogin(r.Context(), started, Session{}, err)
	if errors.Is(err, ErrUnavailable) {
		a.writeUnavailable(w, r, err)
		return
	}
	a.writePage(w, r, a.failedLoginPage(target, err))
}
