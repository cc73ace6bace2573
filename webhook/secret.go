package webhook

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"net/url"
	"strings"

	"github.com/authrocket-go/authrocket/coreapi"
)

// hasSecret reports whether a request contains one of the secrets. It looks in the
// password and in the path. It compares hashes, so that the time taken does not reveal
// which secret matched or how long the secret is.
func hasSecret(r *http.Request, secrets []coreapi.Secret) bool {
	_, password, _ := r.BasicAuth()
	found := 0
	for _, brought := range []string{password, lastSegment(r)} {
		hash := sha256.Sum256([]byte(brought))
		for _, secret := range secrets {
			want := sha256.Sum256([]byte(secret.Reveal()))
			found |= subtle.ConstantTimeCompare(hash[:], want[:])
		}
	}
	return found == 1
}

// lastSegment returns the path value named secret, or the last segment of the path if the
// route has no such value.
func lastSegment(r *http.Request) string {
	if secret := r.PathValue("secret"); secret != "" {
		return secret
	}
	path := r.URL.EscapedPath()
	segment, err := url.PathUnescape(path[strings.LastIndexByte(path, '/')+1:])
	if err != nil {
		return ""
	}
	return segment
}
