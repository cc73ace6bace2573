package authrocket

import (
	"net/http"
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

// cookieValues returns the non-empty values of the cookies called name, in the
// order in which they came and at most limit. Cookies are split at semicolons and
// stripped of spaces and tabs, nothing else: quotes belong to the value.
func cookieValues(h http.Header, name string, limit int) []string {
	var values []string
	for _, line := range h["Cookie"] {
		for pair := range strings.SplitSeq(line, ";") {
			key, value, ok := strings.Cut(strings.Trim(pair, " \t"), "=")
			if !ok || key != name || value == "" {
				continue
			}
			if values = append(values, value); len(values) == limit {
				return values
			}
		}
	}
	return values
}
