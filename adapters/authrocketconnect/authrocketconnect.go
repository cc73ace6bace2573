// Package authrocketconnect adds AuthRocket logins to Connect servers. Its interceptor decides
// who can call which method, and ends a stream when the session of its caller ends.
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
//		return auth.Authenticate(mux), nil // calls from the page carry its session cookie
//	}
//
// A program sends a bearer token. Behind [authrocket.Auth.Authenticate], the session cookie of a
// browser is also accepted, but not in a POST from a page of another site. Handlers find the user
// with [authrocket.CurrentUser] and the related functions.
package authrocketconnect

import (
	"context"
	"errors"
	"io"

	"connectrpc.com/connect"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/adapters/authrocketrpc"
)

// Interceptor decides who can call the methods of a Connect server. Pass it to
// [connect.WithInterceptors] for each handler. It is safe for concurrent use. On a client, the
// Interceptor has no effect.
//
// A refused call gets a [connect.Error] with the code, the message and the details of
// [authrocketrpc.Status], and its handler does not run. If a handler returns a refusal, such as
// the error of [authrocket.Auth.CheckContext], the client gets the same answer, unless the
// error is a [connect.Error]. On the server, errors.Is finds the refusal in the error.
//
// The context of a streaming handler ends with the session: see [authrocket.Auth.Bind]. A waiting
// Receive then returns the refusal, and so does every later Receive or Send. If the context ends
// for another reason, such as the client's timeout, Receive and Send return the error of the
// context. A Send that is already waiting is not interrupted. A handler that calls neither
// Receive nor Send must watch its context. If the handler then returns an error, the client gets
// the refusal instead. If Receive returns an error, do not use its message again, because Connect
// can still write to it.
//
// Over HTTP/1.1, if a client is still sending, net/http reads up to 256 KB more from it before it
// answers. Such a client may therefore not find out that a stream has ended until it stops
// sending or until [http.Server.ReadTimeout] has passed. Over HTTP/2, the client sees the end of
// the stream at once.
type Interceptor struct {
	policy *authrocketrpc.Policy
}

var _ connect.Interceptor = (*Interceptor)(nil)

// New returns an Interceptor for an Auth, which must come from [authrocket.New]. methods defines
// who can call which methods. If a method has no entry in methods, its caller must be signed in.
// The error names every problem in methods: see [authrocketrpc.NewPolicy].
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
