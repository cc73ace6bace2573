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
	// chunkBytes is how much of a token goes into one cookie: browsers drop a
	// cookie whose name and value have more than 4,096 bytes.
	chunkBytes = 3_800

	// maxChunks is how many cookies one token may take.
	maxChunks = 5

	// maxCookieToken is how long a token may be to go into cookies.
	maxCookieToken = chunkBytes * maxChunks
)

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
func (a *Auth) setSessionCookie(w http.ResponseWriter, r *http.Request, token string, expires time.Time) {
	c := a.cookie(a.config.CookieName, token)
	c.Expires = expires
	a.setTokenCookie(w, r, c)
}

func (a *Auth) clearSessionCookie(w http.ResponseWriter, r *http.Request) {
	a.clearCookie(w, a.config.CookieName)
	a.clearChunks(w, r, a.config.CookieName, 1)
}

// setTokenCookie sets c, whose value may be too long for one cookie. Such a
// value is split into NAME, NAME.1, NAME.2 and so on, of which each but the last has exactly
// chunkBytes. What is left of a longer value that the browser has is cleared.
func (a *Auth) setTokenCookie(w http.ResponseWriter, r *http.Request, c *http.Cookie) {
	n := 0
	for rest := c.Value; rest != ""; n++ {
		chunk := *c
		size := min(len(rest), chunkBytes)
		chunk.Name, chunk.Value, rest = chunkName(c.Name, n), rest[:size], rest[size:]
		http.SetCookie(w, &chunk)
	}
	a.clearChunks(w, r, c.Name, n)
}

// clearChunks clears the chunks of the cookie called name from the nth on,
// those of them that the browser has.
func (a *Auth) clearChunks(w http.ResponseWriter, r *http.Request, name string, n int) {
	for ; n < maxChunks; n++ {
		if chunk := chunkName(name, n); hasCookie(r, chunk) {
			a.clearCookie(w, chunk)
		}
	}
}

func hasCookie(r *http.Request, name string) bool { return len(cookieValues(r.Header, name)) > 0 }

// chunkName is the name of the nth cookie that a token takes, counted from 0.
func chunkName(name string, n int) string {
	if n == 0 {
		return name
	}
	return name + "." + strconv.Itoa(n)
}

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

// cookieNameFor is the name of a cookie beside the session's.
func (a *Auth) cookieNameFor(purpose string) string {
	name := a.config.CookieName
	if hasSecurePrefix(name) {
		_, name, _ = strings.Cut(name[2:], "-")
	}
	if a.app.isHTTPS {
		name = hostPrefix + name
	}
	return name + "-" + purpose
}

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
