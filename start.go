package authrocket

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/authrocket-go/authrocket/internal/loginstate"
	"github.com/authrocket-go/authrocket/internal/rawquery"
)

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
