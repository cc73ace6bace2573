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

// loginRequest is a login that begins: on which hosted page, and what this app
// wants to know when it comes back.
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
	s.params.Set("redirect_uri", callback+"?"+stateParam+"="+secret.Seal(a.stateScope(callback), s.login))
	a.redirect(w, a.loginRocket.origin+"/"+s.route+"?"+s.params.Encode())
	return true
}

// stateScope is in the key of every state, so that no other Auth takes it.
func (a *Auth) stateScope(callback string) string { return a.config.CookieName + "\x00" + callback }

const (
	// maxStateCookies is how many logins one browser may have under way.
	maxStateCookies = 48

	// maxCookieHeaderBytes is how long the Cookie header of a browser may become by
	// logins under way, beside what other cookies make of it. Servers limit the
	// headers of a request, many of them to 8 KiB.
	maxCookieHeaderBytes = 6 << 10

	// maxClearedStateCookies is how many states one response clears. Proxies limit the
	// headers of a response.
	maxClearedStateCookies = 8
)

// stateCookiePrefix is what the names of state cookies start with. Each login
// that a browser starts has a cookie of its own, so that tabs do not meet.
func (a *Auth) stateCookiePrefix() string { return a.cookieNameFor("state-") }

// stateCookie is a state cookie as a browser sent it.
type stateCookie struct {
	name      string
	bytes     int // of the Cookie header
	secret    loginstate.Secret
	isInvalid bool // too old, or unreadable
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

// cookieBytes is what a cookie takes of a Cookie header, with = and "; ".
func cookieBytes(name, value string) int { return len(name) + len(value) + 3 }

// cookieHeaderBytes is the length of all that the browser sent as cookies.
func cookieHeaderBytes(r *http.Request) int {
	total := 0
	for _, line := range r.Header["Cookie"] {
		total += len(line)
	}
	return total
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
		// Another site may have brought the login that waits.
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
	// Last, for what keeps only the last cookie of a response.
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
// if this browser started it.
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
	// maxAttempts is how many logins in a row may come back without a session
	// that is accepted.
	maxAttempts = 3

	// attemptsWindow is how long after the first of them logins are in a row.
	attemptsWindow = time.Minute
)

// attempts returns how many logins in a row this browser has come back from.
// While LoginRocket has a session, it sends a browser back at once: if what comes
// back is refused, that goes round and round. Anybody can forge the count, which
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

// rememberAttempts keeps the count n until the window of the first login in the
// row ends.
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

// forgetAttempts is for when a person decides what is next.
func (a *Auth) forgetAttempts(w http.ResponseWriter, r *http.Request) {
	if name := a.cookieNameFor("attempts"); hasCookie(r, name) {
		a.clearCookie(w, name)
	}
}

// stopLoginLoop answers with a page instead of another login. cause is why the
// session is refused, nil when it is the app that does.
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
		clearPrefetchCaches(w.Header()) // for somebody else, or in another account
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

// acceptLogin says why a login of session is refused, if it is.
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
