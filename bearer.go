package authrocket

import (
	"net/http"
	"strings"
)

// bearerToken returns the token of the Authorization headers. found is false if no header
// has the scheme Bearer, because other schemes are meant for a proxy or for the app.
func bearerToken(values []string) (token string, found bool, err error) {
	if !hasBearerScheme(values) {
		return "", false, nil
	}
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
func hasBearer(h http.Header) bool { return hasBearerScheme(h["Authorization"]) }

func hasBearerScheme(values []string) bool {
	for _, value := range values {
		if len(value) < len(bearerScheme) || !strings.EqualFold(value[:len(bearerScheme)], bearerScheme) {
			continue
		}
		if rest := value[len(bearerScheme):]; rest == "" || rest[0] == ' ' || rest[0] == '\t' {
			return true
		}
	}
	return false
}
