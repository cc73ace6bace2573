package authrocket

import (
	"net/http"
	"slices"
	"strings"
)

// Source is where a login token came from.
type Source string

// The sources of login tokens, and SourceNone for a request without any.
const (
	SourceNone    Source = "none"
	SourceBearer  Source = "bearer"  // Authorization header, RFC 6750 section 2.1
	SourceCookie  Source = "cookie"  // the session cookie
	SourceLanding Source = "landing" // ?token= on the way back from LoginRocket
)

// bearerToken returns the token of the Authorization header. found is false
// when there is none or when it has another scheme, which is not ours to judge.
func bearerToken(h http.Header) (token string, found bool, err error) {
	values := h["Authorization"]
	if len(values) == 0 {
		return "", false, nil
	}
	if len(values) > 1 {
		return "", true, ErrAmbiguousAuthorization
	}
	const scheme = "bearer"
	value := values[0]
	if len(value) < len(scheme) || !strings.EqualFold(value[:len(scheme)], scheme) {
		return "", false, nil
	}
	token = value[len(scheme):]
	if token != "" && token[0] != ' ' && token[0] != '\t' {
		return "", false, nil
	}
	token = strings.TrimLeft(token, " ")
	if token == "" {
		return "", true, because(ErrTokenMalformed, "the Authorization header has no token after Bearer")
	}
	return token, true, nil
}

// maxCookies is how many tokens of cookies of our name are verified. A browser
// sends one; a sibling subdomain can add others.
const maxCookies = 4

// joinChunks returns the tokens of the cookies called name, whose values are given:
// a value that is a first chunk is replaced by the whole token, see
// setTokenCookie. There are at most maxCookies.
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
	if len(tokens) == maxCookies {
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

// cookieValues returns the non-empty values of the cookies called name, in the
// order in which they came and at most maxCookies. Cookies are split at
// semicolons and stripped of spaces and tabs, nothing else: quotes belong to the
// value.
func cookieValues(h http.Header, name string) []string {
	// Short enough to be inlined, so that the array is on the caller's stack.
	return appendCookieValues(make([]string, 0, maxCookies), h, name)
}

func appendCookieValues(values []string, h http.Header, name string) []string {
	for _, rest := range h["Cookie"] {
		for more := true; more; {
			var pair string
			pair, rest, more = strings.Cut(rest, ";")
			value, ok := strings.CutPrefix(trimSpace(pair), name)
			if !ok || len(value) < 2 || value[0] != '=' {
				continue
			}
			if values = append(values, value[1:]); len(values) == maxCookies {
				return values
			}
		}
	}
	return values
}

// trimSpace strips spaces and tabs, unlike [strings.TrimSpace].
func trimSpace(s string) string {
	for s != "" && (s[0] == ' ' || s[0] == '\t') {
		s = s[1:]
	}
	for s != "" && (s[len(s)-1] == ' ' || s[len(s)-1] == '\t') {
		s = s[:len(s)-1]
	}
	return s
}
