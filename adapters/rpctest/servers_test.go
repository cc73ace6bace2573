package rpctest_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"connectrpc.com/connect"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/adapters/authrocketrpc"
	"github.com/authrocket-go/authrocket/adapters/rpctest"
)

// servers are the columns of each table. To add an adapter, write a start as that of
// grpc_test.go, and add a server for each protocol that it speaks.
var servers = []server{
	{name: "grpc", client: connect.WithGRPC(), start: startGRPC},
	{name: "connect", client: connect.WithClientOptions(), start: startConnect},
	{name: "connect for grpc", client: connect.WithGRPC(), start: startConnect},
	{name: "connect for grpc-web", client: connect.WithGRPCWeb(), start: startConnect},
}

// server is a server with an adapter. The client of the suite is that of Connect for all.
type server struct {
	name   string
	client connect.ClientOption // its protocol; connect.WithClientOptions() is that of Connect

	// start serves, on a loopback socket and until the test ends, with the interceptor for auth
	// and methods: authrocket.rpctest.v1.Calls, whose methods all call handle,
	// grpc.health.v1.Health/Check and grpc.reflection.v1.ServerReflection/ServerReflectionInfo.
	// With behindAuthenticate that is behind auth.Authenticate, see [serve]. It returns the URL.
	start func(t *testing.T, auth *authrocket.Auth, methods authrocketrpc.Methods, behindAuthenticate bool, handle handler) string
}

// handler answers a call of a method of any kind.
type handler func(call) error

// call is what a handler has of a call, whatever serves it.
type call struct {
	ctx     context.Context
	receive func() (*rpctest.Request, error) // where there is one request only: the first time
	send    func(*rpctest.Response) error    // where there is one response only: once
	status  func(connect.Code, string) error // makes an error of the framework
}

// serve serves h on a loopback socket by HTTP/2 without TLS until the test ends, and returns
// the URL.
func serve(t *testing.T, h http.Handler) string {
	t.Helper()
	s := httptest.NewUnstartedServer(h)
	s.Config.Protocols = new(http.Protocols)
	s.Config.Protocols.SetUnencryptedHTTP2(true)
	s.Start()
	t.Cleanup(s.Close)
	return s.URL
}
