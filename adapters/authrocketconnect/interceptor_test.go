package authrocketconnect_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"

	"connectrpc.com/connect"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/adapters/authrocketconnect"
	"github.com/authrocket-go/authrocket/adapters/authrocketrpc"
)

func TestNew(t *testing.T) {
	t.Parallel()
	if _, err := authrocketconnect.New(nil, nil); err == nil {
		t.Error("a nil Auth is taken")
	}
	if _, err := authrocketconnect.New(newSite(t).auth, authrocketrpc.Methods{"calls.v1.Calls/Other": {}}); err == nil {
		t.Error("an unknown method is taken")
	}
}

// What a refusal says of itself differs between the client and the server.
func TestWhatARefusalSays(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	refusal := fmt.Errorf("secret of the server: %w", authrocket.ErrKeysUnavailable)
	var onServer error
	outside := connect.UnaryInterceptorFunc(func(next connect.UnaryFunc) connect.UnaryFunc {
		return func(ctx context.Context, r connect.AnyRequest) (connect.AnyResponse, error) {
			response, err := next(ctx, r)
			onServer = err
			return response, err
		}
	})
	handler := connect.NewUnaryHandler(unary, hello, connect.WithInterceptors(outside), s.interceptor(t, authrocketrpc.Methods{"calls.v1.Calls/Unary": {
		Rules: []authrocket.Rule{func(context.Context, authrocket.Session) error { return refusal }},
	}}))
	url, httpClient := onConnect.serve(t, handler)
	request := connect.NewRequest(wrapperspb.String(""))
	request.Header().Set("Authorization", s.as(s.ada).Get("Authorization"))
	_, err := connect.NewClient[text, text](httpClient, url+unary).CallUnary(t.Context(), request)
	var answer *connect.Error
	if !errors.As(err, &answer) || answer.Code() != connect.CodeUnavailable || answer.Message() != authrocket.PublicMessage(authrocket.ErrKeysUnavailable) {
		t.Fatalf("got %v", err)
	}
	var kinds []string
	for _, detail := range answer.Details() {
		value, err := detail.Value()
		if err != nil {
			t.Fatal(err)
		}
		kinds = append(kinds, detail.Type())
		if retry, ok := value.(*errdetails.RetryInfo); ok && retry.GetRetryDelay().AsDuration() <= 0 {
			t.Errorf("got the delay %v", retry.GetRetryDelay())
		}
	}
	if got := fmt.Sprint(kinds); got != "[google.rpc.ErrorInfo google.rpc.RetryInfo]" {
		t.Errorf("got the details %s", got)
	}
	if !errors.Is(onServer, refusal) {
		t.Errorf("the server sees %v, want the whole error", onServer)
	}
}

func TestCallsOfClientsPass(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	i, err := authrocketconnect.New(s.auth, nil)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle(unary, connect.NewUnaryHandler(unary, hello))
	mux.Handle(server, connect.NewServerStreamHandler(server, func(_ context.Context, _ *connect.Request[text], stream *connect.ServerStream[text]) error {
		return stream.Send(wrapperspb.String("hello"))
	}))
	url, httpClient := onConnect.serve(t, mux)
	if _, err := connect.NewClient[text, text](httpClient, url+unary, connect.WithInterceptors(i)).CallUnary(t.Context(), connect.NewRequest(wrapperspb.String(""))); err != nil {
		t.Errorf("a call gets %v", err)
	}
	stream, err := connect.NewClient[text, text](httpClient, url+server, connect.WithInterceptors(i)).CallServerStream(t.Context(), connect.NewRequest(wrapperspb.String("")))
	if err != nil || !stream.Receive() {
		t.Fatalf("a stream gets %v, %v", err, stream.Err())
	}
	stream.Close()
}
