package authrocket

import (
	"context"
	"net/http"
	"reflect"
	"time"
)

// identity is what an Auth found out about who sent a request.
type identity struct {
	auth    *Auth    // nil when it comes from WithSession
	session *Session // shared: nobody changes it
	err     error    // why there is no session, nil when there is one
	source  Source
	since   time.Time // when this request began to wait for keys; zero if it did not

	headers cacheHeaders // here to be made with it

	// What the identity was found in. A request with another header map or
	// method is another request, even if it carries this context.
	header http.Header
	method string

	// outer is the identity that this one hides, of the same Auth or another.
	outer *identity
}

// contextKey finds the latest identity in a context.
type contextKey struct{}

func latestIdentity(ctx context.Context) *identity {
	id, _ := ctx.Value(contextKey{}).(*identity)
	return id
}

// identityOf returns what a found out about r, nil when it did not look at r.
func (a *Auth) identityOf(r *http.Request) *identity {
	id := a.ownIdentity(latestIdentity(r.Context()))
	if id == nil || id.method != r.Method || !isSameMap(id.header, r.Header) {
		return nil
	}
	return id
}

// ownIdentity returns the identity of a among id and those that it hides: that of
// the request whose context carries id, or of one that it was made from.
func (a *Auth) ownIdentity(id *identity) *identity {
	for ; id != nil; id = id.outer {
		if id.auth == a {
			return id
		}
	}
	return nil
}

func isSameMap(a, b http.Header) bool {
	return reflect.ValueOf(a).Pointer() == reflect.ValueOf(b).Pointer()
}

// newIdentity returns an identity that belongs to r and says nothing yet.
func (a *Auth) newIdentity(r *http.Request) *identity {
	return &identity{auth: a, session: nobody, source: SourceNone, header: r.Header, method: r.Method, outer: latestIdentity(r.Context())}
}

// withIdentity returns r with id as the latest identity in its context.
func withIdentity(r *http.Request, id *identity) *http.Request {
	latest := latestIdentity(r.Context())
	if latest == id {
		return r
	}
	if id.outer != latest {
		hiding := *id
		hiding.outer = latest
		id = &hiding
	}
	return r.WithContext(context.WithValue(r.Context(), contextKey{}, id))
}
