package authrocket

import (
	"context"
	"net/http"
	"reflect"

	"github.com/authrocket-go/authrocket/internal/keycache"
)

// identity is what an Auth knows about the sender of a request. An identity is also the
// context in which handlers and gates find it, which saves an allocation per request. It
// does not change after it has been put into a request.
type identity struct {
	context.Context // the parent context; nil until the identity is in a request

	auth    *Auth    // nil for WithSession
	session *Session // shared, never changed
	err     error    // why there is no session, nil when there is one
	source  Source
	wait    wait // for keys and Config.SessionState

	cacheHeaders cacheHeaders // embedded here to save an allocation

	// The header and the method of the request. A request with another header map or
	// method is another request, even if it has this context. For example, a background
	// job that creates a request with a user's context must not act as that user. The
	// header is nil if there was no request. Gates ignore an identity without a header.
	requestHeader http.Header
	requestMethod string
}

// latestKey finds the latest identity in a context, of any Auth. An *Auth as the key
// finds the latest identity that this Auth found in a request, so that two realms never
// mix.
type latestKey struct{}

// verifiedByKey finds the latest identity of an Auth, with or without a request.
type verifiedByKey struct{ auth *Auth }

func (id *identity) Value(key any) any {
	switch key := key.(type) {
	case latestKey:
		return id
	case *Auth:
		if key == id.auth && id.requestHeader != nil {
			return id
		}
	case verifiedByKey:
		if key.auth == id.auth {
			return id
		}
	}
	return id.Context.Value(key)
}

// String returns a fixed text, so that a printed context does not contain the request's
// header with its tokens.
func (id *identity) String() string { return "authrocket identity" }

func (id *identity) GoString() string { return id.String() }

func latestIdentity(ctx context.Context) *identity {
	id, _ := ctx.Value(latestKey{}).(*identity)
	return id
}

// identityOf returns the identity that a has found for r, or nil if a has not
// authenticated r.
func (a *Auth) identityOf(r *http.Request) *identity {
	id := a.ownIdentity(r.Context())
	if id == nil || id.requestMethod != r.Method || !isSameMap(id.requestHeader, r.Header) {
		return nil
	}
	return id
}

// ownIdentity returns the latest identity of a in ctx, or nil. It may belong to an
// earlier request from whose context ctx was made.
func (a *Auth) ownIdentity(ctx context.Context) *identity {
	id, _ := ctx.Value(a).(*identity)
	return id
}

// isSameMap reports whether a and b are the same map, and not only equal.
func isSameMap(a, b http.Header) bool {
	return reflect.ValueOf(a).Pointer() == reflect.ValueOf(b).Pointer()
}

// newIdentity returns an identity for r without a session.
func (a *Auth) newIdentity(r *http.Request, patience keycache.Patience) *identity {
	return &identity{auth: a, session: noSession, source: SourceNone, wait: wait{patience: patience}, requestHeader: r.Header, requestMethod: r.Method}
}

// withIdentity returns r with id as the latest identity in its context.
func withIdentity(r *http.Request, id *identity) *http.Request {
	ctx := r.Context()
	switch {
	case latestIdentity(ctx) == id:
		return r
	case id.Context != nil:
		// It is already in another context, where other goroutines may read it.
		latest := *id
		id = &latest
	}
	id.Context = ctx
	return r.WithContext(id)
}
