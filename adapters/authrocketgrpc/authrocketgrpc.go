// Package authrocketgrpc is AuthRocket logins for gRPC servers: interceptors that decide who
// may call which method, and end streams with their sessions.
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
// Handlers find the user and the org of a call by [authrocket.CurrentUser],
// [authrocket.CurrentOrg] and their siblings.
//
// The caller of every other method must be signed in. A client sends its login token in the
// metadata key authorization, as "Bearer " and the token. Metadata hold no cookies that
// count: for browsers, serve the [grpc.Server], which is an [net/http.Handler], behind
// [authrocket.Auth.Authenticate], whose session counts where no bearer token came.
//
// A refused call gets the status of [authrocketrpc.Status], and its handler does not run. A
// handler may return the error of [authrocket.Auth.CheckContext] as it is: it gets the same
// status.
package authrocketgrpc

import (
	"context"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/adapters/authrocketrpc"
)

// Interceptor has the interceptors of a server, of which a server needs both. It is safe for
// concurrent use. Get one from [New]; the zero value is of no use.
type Interceptor struct{ policy *authrocketrpc.Policy }

// New returns the Interceptor of an Auth. methods says who may call which methods; the error
// names all that is wrong with it.
func New(auth *authrocket.Auth, methods authrocketrpc.Methods) (*Interceptor, error) {
	policy, err := authrocketrpc.NewPolicy(auth, methods)
	if err != nil {
		return nil, err
	}
	return &Interceptor{policy}, nil
}

// Unary is a [grpc.UnaryServerInterceptor]. The handler finds the session by
// [authrocket.CurrentSession] and its siblings.
func (i *Interceptor) Unary(ctx context.Context, request any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	ctx, err := i.check(ctx, info.FullMethod, request)
	if err != nil {
		return nil, refusal(err)
	}
	response, err := handler(ctx, request)
	return response, withStatus(err)
}

// Stream is a [grpc.StreamServerInterceptor]. The context of the handler's stream has the
// session, and ends with it, see [authrocket.Auth.Bind]. RecvMsg and SendMsg then return the
// status of the refusal, and so does the stream to the client, unless the handler returns
// nil:
//
//   - A RecvMsg that waits for the client returns at once. After an error of RecvMsg do not
//     use the message again: gRPC may still write to it until the handler has returned.
//   - A SendMsg that waits for a slow client goes on until the client takes the message or
//     the call ends; the next one returns the status.
//
// Where an org comes from a field of the only message of a client, the message is received
// before the handler runs.
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

// withStatus returns the error of a handler, with a status if it is a refusal without one.
func withStatus(err error) error {
	if _, ok := status.FromError(err); ok || !authrocketrpc.IsRefusal(err) {
		return err
	}
	return refusal(err)
}

func refusal(err error) error { return status.FromProto(authrocketrpc.Status(err)).Err() }
