package authrocket

import (
	"net/http"
	"strings"
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
