package rpctest_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"testing"

	"connectrpc.com/connect"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	reflectionpb "google.golang.org/grpc/reflection/grpc_reflection_v1"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/adapters/authrocketconnect"
	"github.com/authrocket-go/authrocket/adapters/authrocketrpc"
	"github.com/authrocket-go/authrocket/adapters/rpctest"
	"github.com/authrocket-go/authrocket/adapters/rpctest/rpctestconnect"
)

// startConnect is the start of a [server] of Connect, which serves three protocols.
func startConnect(t *testing.T, auth *authrocket.Auth, methods authrocketrpc.Methods, behindAuthenticate bool, handle handler) string {
	t.Helper()
	i, err := authrocketconnect.New(auth, methods)
	if err != nil {
		t.Fatal(err)
	}
	options := connect.WithInterceptors(i)
	mux := http.NewServeMux()
	mux.Handle(rpctestconnect.NewCallsHandler(connectCalls{handle}, options))
	const check, info = "/grpc.health.v1.Health/Check", "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo"
	mux.Handle(check, connect.NewUnaryHandler(check, isHealthy, options))
	mux.Handle(info, connect.NewBidiStreamHandler(info, listServices, options))
	if behindAuthenticate {
		return serve(t, auth.Authenticate(mux))
	}
	return serve(t, mux)
}

func isHealthy(context.Context, *connect.Request[healthpb.HealthCheckRequest]) (*connect.Response[healthpb.HealthCheckResponse], error) {
	return connect.NewResponse(&healthpb.HealthCheckResponse{Status: healthpb.HealthCheckResponse_SERVING}), nil
}

func listServices(_ context.Context, stream *connect.BidiStream[reflectionpb.ServerReflectionRequest, reflectionpb.ServerReflectionResponse]) error {
	if _, err := stream.Receive(); err != nil {
		return err
	}
	list := &reflectionpb.ListServiceResponse{Service: []*reflectionpb.ServiceResponse{{Name: service}}}
	return stream.Send(&reflectionpb.ServerReflectionResponse{MessageResponse: &reflectionpb.ServerReflectionResponse_ListServicesResponse{ListServicesResponse: list}})
}

// connectCalls is the service of Connect.
type connectCalls struct{ handle handler }

func connectError(code connect.Code, message string) error {
	return connect.NewError(code, errors.New(message))
}

// answer has handle answer a call that has one response.
func (s connectCalls) answer(ctx context.Context, receive func() (*rpctest.Request, error)) (*connect.Response[rpctest.Response], error) {
	response := &rpctest.Response{}
	if err := s.handle(call{ctx, receive, func(r *rpctest.Response) error { response = r; return nil }, connectError}); err != nil {
		return nil, err
	}
	return connect.NewResponse(response), nil
}

func (s connectCalls) Unary(ctx context.Context, r *connect.Request[rpctest.Request]) (*connect.Response[rpctest.Response], error) {
	return s.answer(ctx, one(r.Msg))
}

func (s connectCalls) ServerStream(ctx context.Context, r *connect.Request[rpctest.Request], stream *connect.ServerStream[rpctest.Response]) error {
	return s.handle(call{ctx, one(r.Msg), stream.Send, connectError})
}

func (s connectCalls) ClientStream(ctx context.Context, stream *connect.ClientStream[rpctest.Request]) (*connect.Response[rpctest.Response], error) {
	return s.answer(ctx, func() (*rpctest.Request, error) {
		if stream.Receive() {
			return stream.Msg(), nil
		}
		if stream.Err() != nil {
			return nil, stream.Err()
		}
		return nil, io.EOF
	})
}

func (s connectCalls) BidiStream(ctx context.Context, stream *connect.BidiStream[rpctest.Request, rpctest.Response]) error {
	return s.handle(call{ctx, func() (*rpctest.Request, error) {
		r, err := stream.Receive()
		if errors.Is(err, io.EOF) {
			err = io.EOF
		}
		return r, err
	}, stream.Send, connectError})
}
