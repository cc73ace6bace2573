package authrocketrpc

import (
	"context"
	"errors"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/authrocket-go/authrocket"
)

// Policy decides for an interceptor which calls are allowed. It is safe for concurrent use.
type Policy struct {
	auth   *authrocket.Auth
	access map[string]access
}

// NewPolicy returns a Policy for an Auth. Every name in methods must be the name of a Protocol
// Buffers service or method in this program, of grpc.health.v1.Health, or of one of the two
// reflection services. The error names every problem.
func NewPolicy(auth *authrocket.Auth, methods Methods) (*Policy, error) {
	if auth == nil {
		return nil, errors.New("authrocketrpc: the Auth is nil; give that of authrocket.New")
	}
	compiled, err := compile(methods)
	if err != nil {
		return nil, err
	}
	return &Policy{auth, compiled}, nil
}

// Call is one call of a method.
type Call struct {
	Procedure string                    // such as /acme.v1.Invoices/Send
	Metadata  func(key string) []string // returns the values of a key in the request's metadata; the key is in lower case
	Message   any                       // the request; nil for a stream, but see [Policy.FirstMessage]
}

func (p *Policy) accessTo(procedure string) access {
	method := strings.TrimPrefix(procedure, "/")
	if a, ok := p.access[method]; ok {
		return a
	}
	return p.access[serviceOf(method)] // the zero value allows everybody who is signed in
}

// FirstMessage returns an empty message if the first message of a stream decides who can call
// procedure, and nil otherwise. The interceptor must receive into this message before it calls
// Check, and pass it to the handler as the first message.
func (p *Policy) FirstMessage(procedure string) proto.Message {
	first := p.accessTo(procedure).first
	if first == nil {
		return nil
	}
	return first.New().Interface()
}

// Check decides whether call is allowed. It returns a context in which
// [authrocket.CurrentSession] and the related functions find the session. If it returns an
// error, the handler must not run; [Status] turns the error into the answer.
func (p *Policy) Check(ctx context.Context, call Call) (context.Context, error) {
	access := p.accessTo(call.Procedure)
	authorization := call.Metadata("authorization")
	if access.Public {
		if len(authorization) > 0 {
			ctx, _ = p.auth.CheckAuthorization(ctx, authorization, "")
		}
		// For a few seconds after its exp, a token is still accepted, so there is a session. But
		// Bind would end the stream at once.
		if session, ok := authrocket.CurrentSession(ctx); ok && !session.ExpiresAt.After(time.Now()) {
			ctx = authrocket.WithSession(ctx, authrocket.Session{})
		}
		return ctx, nil
	}
	org, err := access.Org.id(call)
	if err != nil {
		// If the caller is not signed in, that error takes precedence.
		return p.auth.CheckAuthorization(ctx, authorization, "", func(context.Context, authrocket.Session) error { return err })
	}
	return p.auth.CheckAuthorization(ctx, authorization, org, access.Rules...)
}

// Bind returns a copy of ctx that ends with its session: see [authrocket.Auth.Bind]. ctx must
// come from Check. [EndOf] returns the reason why the copy has ended. Call the CancelFunc when
// the stream has ended. If there is no session, as in a public method, only ctx and the
// CancelFunc end the copy.
func (p *Policy) Bind(ctx context.Context) (context.Context, context.CancelFunc) {
	session, ok := authrocket.CurrentSession(ctx)
	if !ok {
		return context.WithCancel(ctx)
	}
	return p.auth.Bind(ctx, session)
}

// EndOf returns a refusal with the reason why the session of ctx has ended. ctx must come from
// [Policy.Bind]. If ctx has not ended, or has ended for another reason, EndOf returns nil.
func EndOf(ctx context.Context) error {
	if ctx.Err() == nil {
		return nil
	}
	if cause := context.Cause(ctx); IsRefusal(cause) {
		return cause
	}
	return nil
}

// IsRefusal reports whether err is a refusal, such as the errors of Check and of
// [authrocket.Auth.CheckContext]. If a handler returns a refusal, the interceptor answers
// with its [Status].
func IsRefusal(err error) bool {
	return errors.Is(err, authrocket.ErrUnauthenticated) || errors.Is(err, authrocket.ErrForbidden) || errors.Is(err, authrocket.ErrUnavailable)
}
