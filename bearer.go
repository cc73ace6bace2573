package authrocket

import (
	"net/http"
	"strings"
)

// bearerToken returns the token of the Authorization header. found is false
// when no such header has the scheme Bearer: what other schemes say is for a proxy
// or for the app.
func bearerToken(h http.Header) (token string, found bool, err error) {
	if !hasBearer(h) {
		return "", false, nil
	}
	values := h["Authorization"]
	if len(values) > 1 {
		return "", true, ErrAmbiguousAuthorization
	}
	token = strings.TrimLeft(values[0][len(bearerScheme):], " ")
	if token == "" {
		return "", true, refuse(ErrTokenMalformed, "the Authorization header has no token after Bearer")
	}
	return token, true, nil
}

const bearerScheme = "bearer"

// hasBearer reports whether an Authorization header has the scheme Bearer.
func hasBearer(h http.Header) bool {
	for _, value := range h["Authorization"] {
		if len(value) < len(bearerScheme) || !strings.EqualFold(value[:len(bearerScheme)], bearerScheme) {
			continue
		}
		if rest := value[len(bearerScheme):]; rest == "" || rest[0] == ' ' || rest[0] == '\t' {
			return true
		}
	}
	return false
}
