// Package authrocketgrpc adds AuthRocket logins to gRPC servers. Its interceptors decide who
// can call which method, and end a stream when the session of its caller ends.
//
//	func newServer(auth *authrocket.Auth, service *notes.Service) (*grpc.Server, error) {
//		interceptor, err := authrocketgrpc.New(auth, authrocketrpc.Methods{
//			"notes.v1.NotesService":     {Org: authrocketrpc.OrgIDFromField("org_id")}, // members of that org
//			"notes.v1.NotesService/Add": {Rules: []authrocket.Rule{authrocket.Permission("notes:write")}},
//			"grpc.health.v1.Health":     {Public: true}, // load balancers
//			// All other methods are for everybody who is signed in.
//		})
//		if err != nil {
//			return nil, err
//		}
//		s := grpc.NewServer(grpc.UnaryInterceptor(interceptor.Unary), grpc.StreamInterceptor(interceptor.Stream)) // both
//		notesv1.RegisterNotesServiceServer(s, notesServer{Service: service})
//		notesv1.RegisterSessionServiceServer(s, sessionServer{Service: service})
//		grpc_health_v1.RegisterHealthServer(s, health.NewServer())
//		return s, nil
//	}
//
// Handlers find the user and the org of a call with [authrocket.CurrentUser],
// [authrocket.CurrentOrg] and the related functions.
//
// If a method has no entry in [authrocketrpc.Methods], its caller must be signed in. A client
// sends "Bearer " and its login token in the metadata key authorization. Cookies in the
// metadata are ignored. For browsers, serve the [grpc.Server], which is a [net/http.Handler],
// behind [authrocket.Auth.Authenticate]. If a call has no bearer token, the interceptors use
// the session that Authenticate found.
//
// A refused call gets the status that [authrocketrpc.Status] returns, and its handler does not
// run. A handler can return the error of [authrocket.Auth.CheckContext] unchanged. The client
// then gets the same status as if the interceptor had refused the call.
package authrocketgrpc

import (
	"context"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/adapters/authrocketrpc"
)

// Interceptor has two interceptors, Unary and Stream. A server needs both. It is safe for
// concurrent use. Get one from [New]; the zero value cannot be used.
type Interceptor struct{ policy *authrocketrpc.Policy }

// New returns an Interceptor for an Auth. methods defines who can call which methods. The error
// names every problem in methods.
func New(auth *authrocket.Auth, methods authrocketrpc.Methods) (*Interceptor, error) {
	policy, err := authrocketrpc.NewPolicy(auth, methods)
	if err != nil {
		return nil, err
	}
	return &Interceptor{policy}, nil
}

// Unary is a [grpc.UnaryServerInterceptor]. The handler finds the session with
// [authrocket.CurrentSession] and the related functions.
func (i *Interceptor) Unary(ctx context.Context, request any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	ctx, err := i.check(ctx, info.FullMethod, request)
	if err != nil {
		return nil, refusal(err)
	}
	response, err := handler(ctx, request)
	return response, withStatus(err)
}

// Stream is a [grpc.StreamServerInterceptor]. The context of the handler's stream contains
// the session, and ends with it: see [authrocket.Auth.Bind]. RecvMsg and SendMsg then return
// the status of the refusal. The client also gets that status, unless the handler returns
// nil.
//
//   - A RecvMsg that is waiting for the client returns at once. If RecvMsg returns an error, do
//     not use the message again, because gRPC can still write to it until the handler has
//     returned.
//   - A SendMsg that is waiting for a slow client continues to wait until the client takes
//     the message or the call ends. The next SendMsg returns the status.
//
// If the org comes from a field of the client's only message, the interceptor receives that
// message before it calls the handler.
func (i *Interceptor) Stream(server any, stream grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
	first := i.policy.FirstMessage(info.FullMethod)
	if first != nil {
		if err := stream.RecvMsg(first); err != nil {
			return err
		}
	}
	ctx, err := i.check(stream.Context(), info.FullMethod, first)
	if err != nil {
		return refusal(err)
	}
	ctx, cancel := i.policy.Bind(ctx)
	defer cancel()
	if end := authrocketrpc.EndOf(ctx); end != nil {
		return refusal(end)
	}
	err = handler(server, &boundStream{stream, ctx, first})
	if end := authrocketrpc.EndOf(ctx); end != nil && err != nil {
		return refusal(end)
	}
	return withStatus(err)
}

func (i *Interceptor) check(ctx context.Context, procedure string, message any) (context.Context, error) {
	return i.policy.Check(ctx, authrocketrpc.Call{
		Procedure: procedure,
		Metadata:  func(key string) []string { return metadata.ValueFromIncomingContext(ctx, key) },
		Message:   message,
	})
}

// withStatus returns the error of a handler. If the error is a refusal without a status,
// withStatus adds the status.
func withStatus(err error) error {
	if _, ok := status.FromError(err); ok || !authrocketrpc.IsRefusal(err) {
		return err
	}
	return refusal(err)
}

func refusal(err error) error { return status.FromProto(authrocketrpc.Status(err)).Err() }
