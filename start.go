package authrocket

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/authrocket-go/authrocket/internal/loginstate"
	"github.com/authrocket-go/authrocket/internal/rawquery"
	"github.com/authrocket-go/authrocket/internal/returnto"
)

// startLogin sends the browser to a hosted page from which it comes back to
// target, signed in. attempt is 1 unless logins before it were in vain. It returns
// false, and has written nothing, when it cannot be told where this app is.
func (a *Auth) startLogin(w http.ResponseWriter, r *http.Request, attempt int, hostedPath, target string, params url.Values) bool {
	app, ok := a.appURL(r)
	if !ok {
		return false
	}
	target = a.paths.safe(target)
	state := a.rememberLogin(w, r, attempt, target)
	path, _, _ := strings.Cut(target, "?")
	if params == nil {
		params = url.Values{}
	}
	// Nothing of the query goes to LoginRocket: it stays in the browser.
	params.Set("redirect_uri", app+returnto.Escape(path)+"?"+stateParam+"="+state.Param())
	a.redirect(w, a.loginRocket.origin+hostedPath+"?"+params.Encode())
	return true
}

// maxStateBytes is what the state cookies of one browser may take in all.
// Servers limit the headers of a request.
const maxStateBytes = 4 << 10

// stateCookiePrefix is what the names of state cookies start with. Each login
// that a browser starts has a cookie of its own, so that tabs do not meet.
func (a *Auth) stateCookiePrefix() string { return a.cookieNameFor("state-") }

// stateCookie is a state cookie as a browser sent it.
type stateCookie struct {
	name  string
	size  int
	state loginstate.State
}

// stateCookies returns the state cookies of r that can be read.
func (a *Auth) stateCookies(r *http.Request) []stateCookie {
	var found []stateCookie
	prefix := a.stateCookiePrefix()
	for _, c := range r.Cookies() {
		if !strings.HasPrefix(c.Name, prefix) {
			continue
		}
		if state, ok := loginstate.Decode(c.Value); ok {
			found = append(found, stateCookie{c.Name, len(c.Name) + len(c.Value), state})
		}
	}
	return found
}

// rememberLogin gives the browser the state of a login that starts now. Old
// ones make room, the oldest first.
func (a *Auth) rememberLogin(w http.ResponseWriter, r *http.Request, attempt int, target string) loginstate.State {
	state := loginstate.New(attempt, target)
	c := a.cookie(a.stateCookiePrefix()+state.ID(), state.Encode())
	c.MaxAge = int(loginstate.Lifetime.Seconds())

	others := a.stateCookies(r)
	total := len(c.Name) + len(c.Value)
	for _, other := range others {
		total += other.size
	}
	for total > maxStateBytes && len(others) > 0 {
		oldest := 0
		for i, other := range others {
			if other.state.Started.Before(others[oldest].state.Started) {
				oldest = i
			}
		}
		total -= others[oldest].size
		a.clearCookie(w, others[oldest].name)
		others = append(others[:oldest], others[oldest+1:]...)
	}
	http.SetCookie(w, c)
	return state
}

// startedLogin returns the state cookie of the login that r comes back from,
// and whether this browser started it.
func (a *Auth) startedLogin(r *http.Request) (stateCookie, bool) {
	values := rawquery.Values(r.URL.RawQuery, stateParam)
	if len(values) != 1 {
		return stateCookie{}, false
	}
	now := time.Now()
	for _, c := range a.stateCookies(r) {
		if c.state.Matches(values[0], now) {
			return c, true
		}
	}
	return stateCookie{}, false
}

const (
	// maxAttempts is how many logins in a row may come back in vain.
	maxAttempts = 3

	// attemptsWindow is how long after the first of them logins are in a row.
	attemptsWindow = time.Minute
)

// attempts returns how many logins in a row this browser has come back from.
// While LoginRocket has a session, it sends a browser back at once: if what comes
// back does not help, that goes round and round.
//
// The count is in a cookie and, for a browser that drops cookies, in the URL.
// Either can be forged, which leads to a page instead of the login.
func (a *Auth) attempts(r *http.Request) int {
	n := attemptsInURL(r)
	for _, value := range cookieValues(r.Header, a.cookieNameFor("attempts")) {
		n = max(n, loginstate.Attempt(value))
	}
	return n
}

func attemptsInURL(r *http.Request) int {
	n := 0
	for _, value := range rawquery.Values(r.URL.RawQuery, stateParam) {
		n = max(n, loginstate.Attempt(value))
	}
	return n
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
	c := a.cookie(name, strconv.FormatInt(first.Unix(), 10)+"."+strconv.Itoa(n))
	c.MaxAge = max(int((attemptsWindow - now.Sub(first)).Seconds()), 1)
	http.SetCookie(w, c)
}

// forgetAttempts is for when a person decides what is next.
func (a *Auth) forgetAttempts(w http.ResponseWriter, r *http.Request) {
	if name := a.cookieNameFor("attempts"); hasCookie(r, name) {
		a.clearCookie(w, name)
	}
}

// withAttempts returns target with the count of the login that r comes back
// from, for a browser that did not bring the state of that login: it may not
// keep cookies. Of a target that leaves no room for the count, the query goes, or all.
func withAttempts(r *http.Request, target string) string {
	n := attemptsInURL(r)
	if n == 0 {
		return target
	}
	count := stateParam + "=" + strconv.Itoa(n)
	path, query, _ := strings.Cut(target, "?")
	if query != "" {
		query += "&"
	}
	for _, counted := range []string{path + "?" + query + count, path + "?" + count} {
		if len(counted) <= maxTargetBytes {
			return counted
		}
	}
	return "/?" + count
}

// breakLoop answers, instead of with another login, with a page. cause is why
// the session is refused, nil when it is the app that does.
func (a *Auth) breakLoop(w http.ResponseWriter, r *http.Request, target string, cause error) {
	err := &refusal{reason: ErrLoginLoop, cause: cause}
	a.observeLogin(r.Context(), true, Session{}, err)
	a.forgetAttempts(w, r)
	writePage(w, r, StatusCode(err), a.loginLoopPage(target, err))
}

// completeLogin sends the browser to target with a session cookie. attempt is that
// of the login, 0 when nobody counts.
func (a *Auth) completeLogin(w http.ResponseWriter, r *http.Request, started bool, session Session, target string, attempt int) {
	if len(session.Token()) > maxCookieToken {
		a.failLogin(w, r, started, target, because(ErrTokenTooLarge, "it has %d bytes, cookies hold %d", len(session.Token()), maxCookieToken))
		return
	}
	a.setSessionCookie(w, r, session.Token(), session.ExpiresAt)
	if attempt > 0 {
		a.rememberAttempts(w, r, attempt)
	}
	a.observeLogin(r.Context(), started, session, nil)
	a.redirectHome(w, target)
}

// failLogin answers a login that is not accepted with a page.
func (a *Auth) failLogin(w http.ResponseWriter, r *http.Request, started bool, target string, err error) {
	a.observeLogin(r.Context(), started, Session{}, err)
	if errors.Is(err, ErrUnavailable) {
		w.Header().Set("Retry-After", retryAfter(err))
	}
	writePage(w, r, StatusCode(err), a.landingFailedPage(target, err))
}
