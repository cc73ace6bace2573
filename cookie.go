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
	// chunkBytes is the number of bytes of a token in one cookie. Browsers drop a cookie
	// whose name and value have more than 4,096 bytes.
	chunkBytes = 3_800

	// maxChunks is how many cookies one token may take.
	maxChunks = 5

	// maxCookieValueBytes is how long the value of a single cookie may be.
	maxCookieValueBytes = chunkBytes

	// maxCookieTokenBytes is the length of the longest token that fits into cookies.
	maxCookieTokenBytes = chunkBytes * maxChunks
)

// newCookie returns a cookie with the attributes that all cookies of this package have.
// Scripts cannot read the cookie. Browsers do not send it with cross-site requests other
// than navigations, and only this host gets it. It is Lax and not Strict, because a
// browser comes back from LoginRocket through a navigation from another site. The __Host-
// prefix requires Path /.
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

// minSessionMaxAge is the shortest Max-Age of a session cookie, in seconds. It ensures
// that the browser still sends a token that expires at once, so that the answer can name
// the expiry as the cause. Without the cookie, the answer would say that the browser
// keeps no cookies.
const minSessionMaxAge = 60

// setSessionCookie keeps token in the browser until the token expires.
func (a *Auth) setSessionCookie(w http.ResponseWriter, r *http.Request, token string, expires time.Time) {
	c := a.newCookie(a.config.CookieName, token)
	// Max-Age works even if the browser's clock is wrong. Clients that do not support
	// Max-Age use Expires (RFC 6265 section 5.3).
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

// clearDomainCookies clears session cookies that another program has set with a Domain:
// AppURL's host or a parent of it that contains a dot. The browser keeps them separately
// from this package's cookies. Only cookies that the request contains are cleared, in as
// few bytes as possible, because proxies limit the headers of a response. A cookie with
// the __Host- prefix cannot have a Domain.
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

// setTokenCookie sets c, whose value may be too long for one cookie. A long value is
// split into NAME, NAME.1, NAME.2 and so on, each of which has exactly chunkBytes, except
// for the last. Chunks of an earlier, longer value are cleared.
//
// The cookie NAME is set last. If a proxy keeps only the last cookie of a response, the
// browser sends a full first chunk without a second chunk, and the error is
// [ErrIncompleteCookie].
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

// clearChunks clears the chunks of the cookie called name, from the nth on, if the
// browser has sent them.
func (a *Auth) clearChunks(w http.ResponseWriter, r *http.Request, name string, n int) {
	for ; n < maxChunks; n++ {
		if chunk := chunkName(name, n); hasCookie(r, chunk) {
			a.clearCookie(w, chunk)
		}
	}
}

func hasCookie(r *http.Request, name string) bool { return len(cookieValues(r.Header, name)) > 0 }

// hasOwnCookie reports whether the browser sent a session cookie or the cookie of a
// login. If so, the browser keeps cookies. All these names contain CookieName.
func (a *Auth) hasOwnCookie(r *http.Request) bool {
	for _, line := range r.Header["Cookie"] {
		if strings.Contains(line[:min(len(line), maxScannedCookieBytes)], a.config.CookieName) {
			return true
		}
	}
	return false
}

// chunkName returns the name of a token's nth chunk, counted from 0.
func chunkName(name string, n int) string {
	if n == 0 {
		return name
	}
	return name + "." + strconv.Itoa(n)
}

// clearCookie clears a cookie. It sets no Expires, because proxies limit the headers of a
// response, and every client in use supports Max-Age.
func (a *Auth) clearCookie(w http.ResponseWriter, name string) {
	c := a.newCookie(name, "")
	c.MaxAge = -1
	http.SetCookie(w, c)
}

// cookieNameFor returns the name of a cookie other than the session cookie. On https it
// has the __Host- prefix, whatever CookieName is, so that no sibling subdomain can plant
// it. The ~ distinguishes two Auths whose CookieNames differ in the prefix only.
func (a *Auth) cookieNameFor(purpose string) string {
	name := a.config.CookieName
	switch {
	case !a.app.isHTTPS, strings.HasPrefix(name, hostCookiePrefix):
		return name + "-" + purpose
	}
	return hostCookiePrefix + name + "~" + purpose
}

// maxSameNameCookies is the number of tokens that are verified if several cookies have
// the same name. A browser usually sends one. A sibling subdomain can plant others, each
// of which costs a signature check.
const maxSameNameCookies = 4

// joinChunks returns the tokens in values, which must come from the cookies called name.
// It joins each first chunk with the chunks that setTokenCookie set for the same token.
// It returns at most maxSameNameCookies tokens.
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

// appendJoined appends the tokens that start with begun, the content of the chunks before
// the nth. There are several tokens if the request contains a chunk more than once. A
// chunk is the last one if it is not full, or if there is no next one.
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

// cookieBytes returns the length of a cookie in a Cookie header, with = and "; ".
func cookieBytes(name, value string) int { return len(name) + len(value) + 3 }

// cookieHeaderBytes returns the length of all Cookie headers of r.
func cookieHeaderBytes(r *http.Request) int {
	total := 0
	for _, line := range r.Header["Cookie"] {
		total += len(line)
	}
	return total
}

// maxScannedCookieBytes limits how many bytes of Cookie headers are read, because a
// compressed header of a few hundred bytes can decompress to a megabyte.
const maxScannedCookieBytes = 64 << 10

// maxSamePrefixCookies limits how many cookies with a common name prefix are read.
// Browsers keep fewer than 200 for one site, so a request with more is an attempt to
// waste processor time.
const maxSamePrefixCookies = 200

// cookieValues returns the non-empty values of the cookies called name, in their order,
// and at most maxSameNameCookies of them. It splits cookies at semicolons, strips spaces
// and tabs, and strips one pair of double quotes from values.
func cookieValues(h http.Header, name string) []string {
	// This function is short enough to be inlined, so that the array is on the caller's
	// stack.
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

// cookiesWithPrefix yields, for each cookie whose name begins with prefix, the rest of
// the name and the value. It searches for the prefix instead of parsing each cookie, so
// that a header with many other cookies costs little.
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

// beginsCookie reports whether a cookie begins after gap, the text since the start of the
// line or the end of the previous match. It does if gap is white space, or ends with a
// semicolon and white space.
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
