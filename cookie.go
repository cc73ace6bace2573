package authrocket

import (
	"iter"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	// chunkBytes is how much of a token goes into one cookie: browsers drop a
	// cookie whose name and value have more than 4,096 bytes.
	chunkBytes = 3_800

	// maxChunks is how many cookies one token may take.
	maxChunks = 5

	// maxCookieValueBytes is how long the value of a single cookie may be.
	maxCookieValueBytes = chunkBytes

	// maxCookieTokenBytes is how long a token may be to go into cookies.
	maxCookieTokenBytes = chunkBytes * maxChunks
)

// newCookie returns a cookie as all of this package are: out of reach of scripts, sent
// with navigations but not with other cross-site requests, for this host only. It is
// Lax, not Strict, since a browser comes back from LoginRocket by a navigation from
// another site. Path / is what the __Host- prefix demands.
func (a *Auth) newCookie(name, value string) *http.Cookie {
	return &http.Cookie{
		Name:     name,
		Value:    value,
		Path:     "/",
		HttpOnly: true,
		Secure:   a.app.isHTTPS,
		SameSite: http.SameSiteLaxMode,
	}
}

// minSessionMaxAge is how many seconds a session cookie is kept at least. A token that
// expires at once is sent back, so that the answer can say that it has expired. Without
// the cookie, the answer would be about cookies that the browser does not keep.
const minSessionMaxAge = 60

// setSessionCookie keeps token in the browser until the token expires.
func (a *Auth) setSessionCookie(w http.ResponseWriter, r *http.Request, token string, expires time.Time) {
	c := a.newCookie(a.config.CookieName, token)
	// Max-Age is right even if the browser's clock is wrong; Expires is for clients
	// that do not know Max-Age (RFC 6265 section 5.3).
	c.MaxAge = max(int(time.Until(expires).Seconds()), minSessionMaxAge)
	c.Expires = expires
	if len(cookieValues(r.Header, c.Name)) > 1 {
		a.clearDomainCookies(w, r)
	}
	a.setTokenCookie(w, r, c)
}

func (a *Auth) clearSessionCookie(w http.ResponseWriter, r *http.Request) {
	a.clearCookie(w, a.config.CookieName)
	a.clearChunks(w, r, a.config.CookieName, 1)
}

// maxClearedDomainCookies is how many cookies with a Domain one response clears.
const maxClearedDomainCookies = 16

// clearDomainCookies clears session cookies that were set with a Domain, which
// the browser keeps beside this package's own: AppURL's host and its parents that
// have a dot. Only the names that came are cleared, in few bytes: a proxy limits
// the headers of an answer. A name with the __Host- prefix has none of these.
func (a *Auth) clearDomainCookies(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(a.config.CookieName, hostCookiePrefix) {
		return
	}
	var came []string
	for n := range maxChunks {
		if name := chunkName(a.config.CookieName, n); hasCookie(r, name) {
			came = append(came, name)
		}
	}
	cleared := 0
	for _, domain := range a.app.cookieDomains() {
		for _, name := range came {
			if cleared++; cleared > maxClearedDomainCookies {
				return
			}
			http.SetCookie(w, &http.Cookie{Name: name, Path: "/", Domain: domain, MaxAge: -1})
		}
	}
}

// setTokenCookie sets c, whose value may be too long for one cookie. Such a
// value is split into NAME, NAME.1, NAME.2 and so on, of which each but the last has exactly
// chunkBytes. What is left of a longer value that the browser has is cleared.
//
// NAME comes last: where a proxy keeps only the last cookie of a response, a full first
// chunk without a second one shows that, and [ErrIncompleteCookie] can say so.
func (a *Auth) setTokenCookie(w http.ResponseWriter, r *http.Request, c *http.Cookie) {
	n := (len(c.Value) + chunkBytes - 1) / chunkBytes
	a.clearChunks(w, r, c.Name, n)
	for n--; n >= 0; n-- {
		chunk := *c
		chunk.Name = chunkName(c.Name, n)
		chunk.Value = c.Value[n*chunkBytes : min((n+1)*chunkBytes, len(c.Value))]
		http.SetCookie(w, &chunk)
	}
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

// hasOwnCookie reports whether the browser sent a session or the state of a login,
// which shows that it keeps cookies. All their names contain CookieName.
func (a *Auth) hasOwnCookie(r *http.Request) bool {
	for _, line := range r.Header["Cookie"] {
		if strings.Contains(line[:min(len(line), maxScannedCookieBytes)], a.config.CookieName) {
			return true
		}
	}
	return false
}

// chunkName is the name of the nth cookie that a token takes, counted from 0.
func chunkName(name string, n int) string {
	if n == 0 {
		return name
	}
	return name + "." + strconv.Itoa(n)
}

// clearCookie is brief: a proxy limits the headers of an answer, and every client
// in use knows Max-Age.
func (a *Auth) clearCookie(w http.ResponseWriter, name string) {
	c := a.newCookie(name, "")
	c.MaxAge = -1
	http.SetCookie(w, c)
}

// cookieNameFor is the name of a cookie beside the session's. On https it has the
// __Host- prefix, whatever CookieName is: no sibling subdomain may plant one. The ~
// keeps the names of two Auths different whose CookieNames differ in the prefix only.
func (a *Auth) cookieNameFor(purpose string) string {
	name := a.config.CookieName
	switch {
	case !a.app.isHTTPS, strings.HasPrefix(name, hostCookiePrefix):
		return name + "-" + purpose
	}
	return hostCookiePrefix + name + "~" + purpose
}

// maxSameNameCookies is how many tokens of cookies of one name are verified. A browser
// sends one; a sibling subdomain can plant others, and each costs a signature check.
const maxSameNameCookies = 4

// joinChunks returns the tokens of the cookies called name, whose values are given:
// a value that is a first chunk is replaced by the whole token, see
// setTokenCookie. There are at most maxSameNameCookies.
func joinChunks(values []string, h http.Header, name string) []string {
	if !slices.ContainsFunc(values, isFullChunk) {
		return values
	}
	var tokens []string
	for _, first := range values {
		tokens = appendJoined(tokens, h, name, first, 1)
	}
	return tokens
}

// appendJoined appends what the chunks from the nth on make of begun, which the
// chunks before it hold. Where a chunk came more than once, that is several
// tokens. A full chunk without a next one is the last, as is any other.
func appendJoined(tokens []string, h http.Header, name, begun string, n int) []string {
	if len(tokens) == maxSameNameCookies {
		return tokens
	}
	var next []string
	if len(begun) == n*chunkBytes && n < maxChunks {
		next = cookieValues(h, chunkName(name, n))
	}
	if len(next) == 0 {
		return append(tokens, begun)
	}
	for _, chunk := range next {
		tokens = appendJoined(tokens, h, name, begun+chunk, n+1)
	}
	return tokens
}

func isFullChunk(value string) bool { return len(value) == chunkBytes }

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

// maxScannedCookieBytes is how many bytes of Cookie headers are looked at: a compressed
// header of a few hundred bytes may unpack to a megabyte.
const maxScannedCookieBytes = 64 << 10

// maxSamePrefixCookies is how many cookies are looked at whose names begin alike.
// Browsers keep fewer than 200 for one site: the rest is an attack on the processor.
const maxSamePrefixCookies = 200

// cookieValues returns the non-empty values of the cookies called name, in the
// order in which they came and at most maxSameNameCookies. Cookies are split at
// semicolons and stripped of spaces and tabs, values of one pair of double quotes.
func cookieValues(h http.Header, name string) []string {
	// Short enough to be inlined, so that the array is on the caller's stack.
	return appendCookieValues(make([]string, 0, maxSameNameCookies), h, name)
}

func appendCookieValues(values []string, h http.Header, name string) []string {
	for rest, value := range cookiesWithPrefix(h, name) {
		if rest != "" || value == "" {
			continue
		}
		if values = append(values, value); len(values) == maxSameNameCookies {
			break
		}
	}
	return values
}

// cookiesWithPrefix yields the cookies whose names begin with prefix: what follows it in
// the name, and the value. It looks for the prefix, not at each cookie, so that
// a header of many others costs little.
func cookiesWithPrefix(h http.Header, prefix string) iter.Seq2[string, string] {
	return func(yield func(rest, value string) bool) {
		bytesLeft, cookiesLeft := maxScannedCookieBytes, maxSamePrefixCookies
		for _, line := range h["Cookie"] {
			line = line[:min(len(line), bytesLeft)]
			bytesLeft -= len(line)
			for from := 0; ; {
				i := strings.Index(line[from:], prefix)
				if i < 0 {
					break
				}
				if cookiesLeft--; cookiesLeft < 0 {
					return
				}
				begin := from + i
				if !beginsCookie(line[from:begin]) {
					// No other cookie begins before the next semicolon.
					next := strings.IndexByte(line[begin:], ';')
					if next < 0 {
						break
					}
					from = begin + next
					continue
				}
				pair, _, _ := strings.Cut(line[begin+len(prefix):], ";")
				from = begin + len(prefix) + len(pair)
				if rest, value, ok := strings.Cut(trimSpaceRight(pair), "="); ok && !yield(rest, unquote(value)) {
					return
				}
			}
		}
	}
}

// beginsCookie reports whether a cookie begins behind gap, which begins where a line
// or a cookie's semicolon does: behind white space alone, or behind a semicolon and
// white space.
func beginsCookie(gap string) bool {
	gap = trimSpaceRight(gap)
	return gap == "" || gap[len(gap)-1] == ';'
}

// unquote strips one pair of double quotes (RFC 6265 section 4.1.1).
func unquote(s string) string {
	if len(s) > 1 && s[0] == '"' && s[len(s)-1] == '"' {
		return s[1 : len(s)-1]
	}
	return s
}

// trimSpaceRight strips spaces and tabs from the end, unlike [strings.TrimSpace].
func trimSpaceRight(s string) string {
	for s != "" && (s[len(s)-1] == ' ' || s[len(s)-1] == '\t') {
		s = s[:len(s)-1]
	}
	return s
}
