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

// loginRequest is a login that begins: on which hosted page, and what this app needs to
// know when it comes back.
type loginRequest struct {
	route  string // the hosted page
	params url.Values
	login  loginstate.Login
}

// startLogin sends the browser to a hosted page, from which it comes back to the
// callback. It returns false, and has written nothing, when the URL of this app is
// not known.
func (a *Auth) startLogin(w http.ResponseWriter, r *http.Request, s loginRequest) bool {
	callback, ok := a.callbackURL(r)
	if !ok {
		return false
	}
	a.warnOfHost(r)
	a.warnOfHTTP(r)
	a.warnOfMissingRoutes(r)
	a.warnOfNoneBack(r, callback)
	// The callback needs the keys in a moment. If LoginRocket cannot be reached, nothing
	// comes back, and the fetch that fails is all that an operator sees.
	_ = a.verifier.keys.ready()
	// Nothing in a browser is trusted to be a target, and the state must fit into a URL.
	target := a.paths.safeTarget(s.login.Target)
	if s.login.Target = fitTarget(target, loginstate.MaxTargetBytes); s.login.Target != target {
		if a.targetWarnings.isDue("", time.Now()) {
			a.warn(r, fmt.Errorf("a return target is longer than %d bytes: its query is cut", loginstate.MaxTargetBytes))
		}
	}
	secret := loginstate.NewSecret(mayBeCrossOrigin(r))
	a.setStateCookie(w, r, secret)
	if s.params == nil {
		s.params = url.Values{}
	}
	// LoginRocket has no parameter for a state, but keeps the query of redirect_uri.
	s.params.Set("redirect_uri", callback+"?"+stateParam+"="+secret.Seal(a.stateScope(callback), s.login))
	a.redirect(w, a.loginRocket.origin+"/"+s.route+"?"+s.params.Encode())
	return true
}

// stateScope goes into the key that seals a state, so that no other Auth takes it: two
// on one host may share a cookie of the same name, or have it planted.
func (a *Auth) stateScope(callback string) string { return a.config.CookieName + "\x00" + callback }

const (
	// maxStateCookies is how many logins one browser may have under way.
	maxStateCookies = 48

	// maxCookieHeaderBytes is how long a browser's Cookie header may become by logins
	// under way. Servers limit the headers of a request, many of them to 8 KiB: the
	// app would be out of reach until the cookies end.
	maxCookieHeaderBytes = 6 << 10

	// maxClearedStateCookies is how many states one response clears. Proxies limit the
	// headers of a response, nginx to 4 or 8 KiB.
	maxClearedStateCookies = 8
)

// stateCookiePrefix is what the names of state cookies start with. Each login
// that a browser starts has a cookie of its own, so that tabs do not overwrite each
// other's state.
func (a *Auth) stateCookiePrefix() string { return a.cookieNameFor("state-") }

// stateCookie is a state cookie as a browser sent it.
type stateCookie struct {
	name      string
	bytes     int // of the Cookie header
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

// setStateCookie gives the browser the secret of a login that starts now. Where there
// are too many, dead ones are evicted, then those that other sites started, then
// the oldest. What another site starts evicts no login that this one started: it
// has no cookie then, and the login comes back as one that nobody here started.
func (a *Auth) setStateCookie(w http.ResponseWriter, r *http.Request, secret loginstate.Secret) {
	c := a.newCookie(a.stateCookiePrefix()+secret.ID, secret.Value())
	c.MaxAge = int(loginstate.Lifetime.Seconds())

	kept := a.stateCookies(r)
	slices.SortStableFunc(kept, evictionOrder)
	total := cookieHeaderBytes(r) + cookieBytes(c.Name, c.Value)
	if !secret.Foreign && total > maxCookieHeaderBytes {
		// Another site may have brought the login that waits for its confirmation, and
		// its token is large: it gives way to what this site starts.
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
	// Last, for proxies that keep only the last cookie of a response.
	http.SetCookie(w, c)
}

// pendingCookieBytes is what the login that waits for its user takes of the Cookie header.
func (a *Auth) pendingCookieBytes(r *http.Request) int {
	name, total := a.cookieNameFor("confirm"), 0
	for _, value := range cookieValues(r.Header, name) {
		total += cookieBytes(name, value)
	}
	return total
}

// evictionOrder puts those first that are evicted first.
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

// loadState returns the login that r comes back from and the name of its cookie,
// if this browser started it. A cookie that somebody planted opens only states that were
// sealed with it. Of several cookies of one name, any may be the browser's own.
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
	// maxAttempts is how many logins in a row may end without a session that is
	// accepted. More than one, since a user may choose another account in between.
	maxAttempts = 3

	// attemptsWindow is how long after the first of them logins are in a row. A loop
	// that runs by itself takes seconds; a person takes longer.
	attemptsWindow = time.Minute
)

// attempts returns how many logins in a row this browser has come back from. While
// LoginRocket has a session, it sends a browser back at once: if its token is refused,
// gate and LoginRocket redirect to each other forever. Whoever forges the count gets a
// page instead of the login, so that it needs no seal.
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

// rememberAttempts keeps the count n until the window of the first login in the row
// ends. The cookie has the time of the first, so that a steady drip of logins does not
// extend the window.
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

// forgetAttempts is for when a person decides what is next: a click is no loop.
func (a *Auth) forgetAttempts(w http.ResponseWriter, r *http.Request) {
	if name := a.cookieNameFor("attempts"); hasCookie(r, name) {
		a.clearCookie(w, name)
	}
}

// stopLoginLoop answers with a page instead of another login. cause is why the
// session is refused, nil when it is valid and the app starts logins nevertheless.
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
	attempt         int    // of the login, 0 when nobody counts
	stateCookieName string // the cookie of the state, "" without one
}

// completeLogin asks Config.OnLogin, and sends the browser to the target with a
// session cookie. r is without the parameters of a login. The count comes first
// and the session last: if only one cookie of the response is kept, the session
// works or the count ends the loop.
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
		// Fetched for the user, or in the account, of before.
		clearPrefetchCaches(w.Header())
	}
	a.setSessionCookie(w, r, c.session.Token(), c.session.ExpiresAt)
	a.observeLogin(r.Context(), c.started, c.session, nil)
	a.redirectToApp(w, c.target)
}

// forgetLogin is for a login that is decided. One that waits for its user is
// decided by it, too: beside a session, its token could make the headers too long.
func (a *Auth) forgetLogin(w http.ResponseWriter, r *http.Request, stateCookieName string) {
	if stateCookieName != "" {
		a.clearCookie(w, stateCookieName)
	}
	a.forgetPending(w, r)
}

// forgetPending clears the login that waits for its user.
func (a *Auth) forgetPending(w http.ResponseWriter, r *http.Request) {
	if name := a.cookieNameFor("confirm"); hasCookie(r, name) {
		a.clearCookie(w, name)
	}
}

// acceptLogin says why a login of session is refused, if it is. A token that does not
// fit into cookies is refused here, where a page can say so: without its end it would
// be an invalid session at the next request.
func (a *Auth) acceptLogin(r *http.Request, session Session) error {
	if n := len(session.Token()); n > maxCookieTokenBytes {
		return refuse(ErrTokenTooLarge, "it has %d bytes, cookies hold %d", n, maxCookieTokenBytes)
	}
	if a.config.OnLogin == nil {
		return nil
	}
	if err := a.config.OnLogin(r, session); err != nil {
		return &onLoginError{withKind(err, ErrForbidden)}
	}
	return nil
}

// failLogin answers a login that is not accepted with a page, never with another
// login.
func (a *Auth) failLogin(w http.ResponseWriter, r *http.Request, started bool, target string, err error) {
	a.observeLogin(r.Context(), started, Session{}, err)
	if errors.Is(err, ErrUnavailable) {
		a.writeUnavailable(w, r, err)
		return
	}
	a.writePage(w, r, a.failedLoginPage(target, err))
}
