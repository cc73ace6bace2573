package rpctest_test

import (
	"context"
	"io"
	"net"
	"testing"

	"connectrpc.com/connect"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/reflection"
	"google.golang.org/grpc/status"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/adapters/authrocketgrpc"
	"github.com/authrocket-go/authrocket/adapters/authrocketrpc"
	"github.com/authrocket-go/authrocket/adapters/rpctest"
)

// startGRPC is the start of a [server] of gRPC.
func startGRPC(t *testing.T, auth *authrocket.Auth, methods authrocketrpc.Methods, behindAuthenticate bool, handle handler) string {
	t.Helper()
	i, err := authrocketgrpc.New(auth, methods)
	if err != nil {
		t.Fatal(err)
	}
	s := grpc.NewServer(grpc.UnaryInterceptor(i.Unary), grpc.StreamInterceptor(i.Stream))
	rpctest.RegisterCallsServer(s, grpcCalls{handle: handle})
	healthpb.RegisterHealthServer(s, health.NewServer())
	reflection.Register(s)
	t.Cleanup(s.Stop)
	if behindAuthenticate {
		return serve(t, auth.Authenticate(s))
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	t.Cleanup(func() {
		s.Stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	return "http://" + l.Addr().String()
}

// grpcCalls is the service of gRPC.
type grpcCalls struct {
	rpctest.UnimplementedCallsServer
	handle handler
}

func grpcStatus(code connect.Code, message string) error {
	return status.Error(codes.Code(code), message)
}

// one returns a receive for the only request.
func one(request *rpctest.Request) func() (*rpctest.Request, error) {
	return func() (*rpctest.Request, error) {
		if request == nil {
			return nil, io.EOF
		}
		r := request
		request = nil
		return r, nil
	}
}

func (s grpcCalls) Unary(ctx context.Context, request *rpctest.Request) (*rpctest.Response, error) {
	var response *rpctest.Response
	err := s.handle(call{ctx, one(request), func(r *rpctest.Response) error { response = r; return nil }, grpcStatus})
	return response, err
}

func (s grpcCalls) ServerStream(request *rpctest.Request, stream grpc.ServerStreamingServer[rpctest.Response]) error {
	return s.handle(call{stream.Context(), one(request), stream.Send, grpcStatus})
}

func (s grpcCalls) ClientStream(stream grpc.ClientStreamingServer[rpctest.Request, rpctest.Response]) error {
	return s.handle(call{stream.Context(), stream.Recv, stream.SendAndClose, grpcStatus})
}

func (s grpcCalls) BidiStream(stream grpc.BidiStreamingServer[rpctest.Request, rpctest.Response]) error {
	return s.handle(call{stream.Context(), stream.Recv, stream.Send, grpcStatus})
}
