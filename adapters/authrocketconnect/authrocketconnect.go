// Package authrocketconnect puts AuthRocket logins into a Connect server: an interceptor that
// decides
// who may call a method, and ends streams with their sessions.
//
//	func routes(auth *authrocket.Auth, service *notes.Service) (http.Handler, error) {
//		interceptor, err := authrocketconnect.New(auth, authrocketrpc.Methods{
//			"notes.v1.NotesService":     {Org: authrocketrpc.OrgIDFromField("org_id")}, // members of that org
//			"notes.v1.NotesService/Add": {Rules: []authrocket.Rule{authrocket.Permission("notes:write")}},
//			// All other methods are for everybody who is signed in.
//		})
//		if err != nil {
//			return nil, err
//		}
//		options := connect.WithHandlerOptions(
//			connect.WithInterceptors(interceptor),
//			connect.WithReadMaxBytes(64<<10), // Connect reads a message before the interceptor decides
//		)
//		mux := http.NewServeMux()
//		mux.Handle(notesv1connect.NewNotesServiceHandler(server{service}, options))
//		mux.Handle(notesv1connect.NewSessionServiceHandler(server{service}, options))
//		mux.Handle("/", pages())
//		return auth.Authenticate(mux), nil // calls of the page come with its session cookie
//	}
//
// A program sends a bearer token. Behind [authrocket.Auth.Authenticate], the session cookie of a
// browser counts, too, but not in a POST from a page of another site. Handlers find the user by
// [authrocket.CurrentUser] and its siblings.
package authrocketconnect

import (
	"context"
	"errors"
	"io"

	"connectrpc.com/connect"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/adapters/authrocketrpc"
)

// Interceptor decides who may call the methods of a Connect server. Give it to
// [connect.WithInterceptors], for each handler. It is safe for concurrent use. What a client
// calls through it passes untouched.
//
// A refused call gets a [connect.Error] with the code, the message and the details of
// [authrocketrpc.Status], and its handler does not run. A handler that returns a refusal, such
// as the error of [authrocket.Auth.CheckContext], answers the same, unless it returns a
// [connect.Error]. On the server, errors.Is finds the refusal in the error.
//
// The context of a streaming handler ends with the session, see [authrocket.Auth.Bind]: a
// Receive that waits returns the refusal, and so does each Receive or Send after that. Where the
// context ends for another reason, such as the client's timeout, they return its error. A Send
// that already waits is not interrupted; a handler that does neither must watch its context.
// What a handler then returns other than nil is answered with the refusal. After an error of
// Receive, do not use its message again: it may still be written to.
//
// Over HTTP/1.1, net/http answers a client that is still sending only after it has read 256 KB
// more, or all: the client of a stream that has ended hears of it when it stops sending, or by
// [http.Server.ReadTimeout]. Over HTTP/2 it hears of it at once.
type Interceptor struct {
	policy *authrocketrpc.Policy
}

var _ connect.Interceptor = (*Interceptor)(nil)

// New returns the Interceptor of an Auth that [authrocket.New] returned. The callers of methods
// that are not among the methods must be signed in. The error names all that is wrong with the
// methods, see [authrocketrpc.NewPolicy].
func New(auth *authrocket.Auth, methods authrocketrpc.Methods) (*Interceptor, error) {
	policy, err := authrocketrpc.NewPolicy(auth, methods)
	if err != nil {
		return nil, err
	}
	return &Interceptor{policy}, nil
}

// WrapUnary implements [connect.Interceptor].
func (i *Interceptor) WrapUnary(next connect.UnaryFunc) connect.UnaryFunc {
	return func(ctx context.Context, request connect.AnyRequest) (connect.AnyResponse, error) {
		if request.Spec().IsClient {
			return next(ctx, request)
		}
		ctx, err := i.policy.Check(ctx, authrocketrpc.Call{
			Procedure: request.Spec().Procedure,
			Metadata:  request.Header().Values,
			Message:   request.Any(),
		})
		if err != nil {
			return nil, refuse(err)
		}
		response, err := next(ctx, request)
		return response, refuseIfRefusal(err)
	}
}

// WrapStreamingClient implements [connect.Interceptor]. It does nothing.
func (i *Interceptor) WrapStreamingClient(next connect.StreamingClientFunc) connect.StreamingClientFunc {
	return next
}

// WrapStreamingHandler implements [connect.Interceptor].
func (i *Interceptor) WrapStreamingHandler(next connect.StreamingHandlerFunc) connect.StreamingHandlerFunc {
	return func(ctx context.Context, conn connect.StreamingHandlerConn) error {
		call := authrocketrpc.Call{Procedure: conn.Spec().Procedure, Metadata: conn.RequestHeader().Values}
		first := i.policy.FirstMessage(call.Procedure)
		if first != nil {
			if err := conn.Receive(first); errors.Is(err, io.EOF) {
				return connect.NewError(connect.CodeUnimplemented, errors.New("the request has no message"))
			} else if err != nil {
				return err
			}
			call.Message = first
		}
		ctx, err := i.policy.Check(ctx, call)
		if err != nil {
			return refuse(err)
		}
		ctx, cancel := i.policy.Bind(ctx)
		defer cancel()
		if ended := authrocketrpc.EndOf(ctx); ended != nil {
			return refuse(ended)
		}
		err = next(ctx, &boundConn{StreamingHandlerConn: conn, ctx: ctx, header: conn.RequestHeader(), first: first})
		if ended := authrocketrpc.EndOf(ctx); err != nil && ended != nil {
			return refuse(ended)
		}
		return refuseIfRefusal(err)
	}
}
