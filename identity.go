package authrocket

import (
	"context"
	"net/http"
	"reflect"

	"github.com/authrocket-go/authrocket/internal/keycache"
)

// identity is what an Auth found out about who sent a request. It is itself the context
// in which handlers and gates find it, which saves an allocation for each request. It
// never changes once it is in a request.
type identity struct {
	context.Context // that of the request before; nil until the identity is in one

	auth    *Auth    // nil when it comes from WithSession
	session *Session // shared: nobody changes it
	err     error    // why there is no session, nil when there is one
	source  Source
	wait    wait // for keys and Config.SessionState

	cacheHeaders cacheHeaders // a part of it to save another allocation

	// What the identity was found in. A request with another header map or method is
	// another request, even if it carries this context: a background job that makes one
	// from the context of a user must not act as that user. The header is nil if the
	// identity was found without a request: gates look past it.
	requestHeader http.Header
	requestMethod string
}

// latestKey finds the latest identity in a context, whoever found it. An *Auth as the
// key finds the latest that this Auth found in a request: two realms never mix.
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

// String keeps the request's header, with its tokens, out of a printed context.
func (id *identity) String() string { return "authrocket identity" }

func (id *identity) GoString() string { return id.String() }

func latestIdentity(ctx context.Context) *identity {
	id, _ := ctx.Value(latestKey{}).(*identity)
	return id
}

// identityOf returns what a found out about r, nil when it did not look at r.
func (a *Auth) identityOf(r *http.Request) *identity {
	id := a.ownIdentity(r.Context())
	if id == nil || id.requestMethod != r.Method || !isSameMap(id.requestHeader, r.Header) {
		return nil
	}
	return id
}

// ownIdentity returns the latest identity of a in ctx: that of the request whose
// context it is, or of one that it was made from.
func (a *Auth) ownIdentity(ctx context.Context) *identity {
	id, _ := ctx.Value(a).(*identity)
	return id
}

// isSameMap reports whether a and b are one map, not two with the same content.
func isSameMap(a, b http.Header) bool {
	return reflect.ValueOf(a).Pointer() == reflect.ValueOf(b).Pointer()
}

// newIdentity returns an identity that belongs to r and says nothing yet.
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
		// It is in another context already, where others may read it, or another
		// identity hides it.
		latest := *id
		id = &latest
	}
	id.Context = ctx
	return r.WithContext(id)
}
