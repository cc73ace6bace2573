package authrocket

import (
	"net/http"
	"strings"
	"time"

	"github.com/authrocket-go/authrocket/internal/loginstate"
	"github.com/authrocket-go/authrocket/internal/rawquery"
)

// maxCookieBytes is how long a token may be to go into one cookie: browsers
// drop a cookie whose name and value have more than 4,096 bytes.
const maxCookieBytes = 3_800

// cookie returns a cookie as all of ours are: out of reach of scripts, sent
// with navigations but not with other cross-site requests, for this host only.
func (a *Auth) cookie(name, value string) *http.Cookie {
	return &http.Cookie{
		Name:     name,
		Value:    value,
		Path:     "/",
		HttpOnly: true,
		Secure:   a.app.isHTTPS,
		SameSite: http.SameSiteLaxMode,
	}
}

// setSessionCookie keeps token in the browser until the token expires.
func (a *Auth) setSessionCookie(w http.ResponseWriter, token string, expires time.Time) {
	c := a.cookie(a.config.CookieName, token)
	c.Expires = expires
	http.SetCookie(w, c)
}

func (a *Auth) clearSessionCookie(w http.ResponseWriter) { a.clearCookie(w, a.config.CookieName) }

func (a *Auth) clearCookie(w http.ResponseWriter, name string) {
	c := a.cookie(name, "")
	c.MaxAge = -1
	c.Expires = time.Unix(0, 0)
	http.SetCookie(w, c)
}

const (
	// stateParam carries the value of a login state to LoginRocket and back.
	stateParam = "ar_state"

	// maxTargetBytes is how long a remembered path and query may be.
	maxTargetBytes = 1 << 10

	// maxStateBytes is what the state cookies of one browser may take in all.
	// Servers limit the headers of a request.
	maxStateBytes = 4 << 10
)

// stateCookiePrefix is what the names of state cookies start with. Each login
// that a browser starts has a cookie of its own, so that tabs do not meet.
func (a *Auth) stateCookiePrefix() string {
	name := a.config.CookieName
	if hasSecurePrefix(name) {
		_, name, _ = strings.Cut(name[2:], "-")
	}
	if a.app.isHTTPS {
		name = hostPrefix + name
	}
	return name + "-state-"
}

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
func (a *Auth) rememberLogin(w http.ResponseWriter, r *http.Request, target string) loginstate.State {
	state := loginstate.New(target)
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
