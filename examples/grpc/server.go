package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/adapters/authrocketgrpc"
	"github.com/authrocket-go/authrocket/adapters/authrocketrpc"
	"github.com/authrocket-go/authrocket/coreapi"
	"github.com/authrocket-go/authrocket/examples/internal/notes"
	notesv1 "github.com/authrocket-go/authrocket/examples/internal/notes/v1"
	"github.com/authrocket-go/authrocket/examples/internal/sites"
	"github.com/authrocket-go/authrocket/sessionstate"
)

// serve serves until ctx ends.
func serve(ctx context.Context, o options, stdout io.Writer) error {
	listener, err := net.Listen("tcp", o.addr)
	if err != nil {
		return fmt.Errorf("-addr %s: %w; choose another one with -addr", o.addr, err)
	}
	defer listener.Close()
	loginRocket, err := sites.Listen("-loginrocket-addr", o.loginRocketAddr)
	if err != nil {
		return err
	}
	defer loginRocket.Close()
	server, service, err := notes.OpenLocal(loginRocket.URL, "")
	if err != nil {
		return err
	}
	loginRocket.Handler = server

	// The code that a product needs begins here. A product uses coreapi.ConfigFromEnv and
	// authrocket.ConfigFromEnv.
	api, err := coreapi.New(service.CoreAPIConfig())
	if err != nil {
		return err
	}
	state, err := sessionstate.New(sessionstate.Config{API: api})
	if err != nil {
		return err
	}
	config := server.Realm().Config()
	config.DisableCookie = true // bearer tokens only
	config.SessionState = state
	config.Observer = authrocket.LogObserver(slog.Default())
	auth, err := authrocket.New(config)
	if err != nil {
		return err
	}
	grpcServer, err := newServer(auth, &notes.Service{API: api, State: state})
	if err != nil {
		return err
	}

	ctx, cancel := context.WithCancel(ctx)
	var background sync.WaitGroup
	background.Go(func() { state.Run(ctx) })
	background.Go(func() {
		defer cancel()
		if err := grpcServer.Serve(listener); err != nil {
			slog.ErrorContext(ctx, "the gRPC server has ended", "error", err)
		}
	})
	context.AfterFunc(ctx, grpcServer.Stop)
	defer background.Wait()
	defer cancel()
	fmt.Fprintf(stdout, "gRPC is served at %s, for\n\n", listener.Addr())
	notes.WriteUsers(stdout, server.Realm())
	fmt.Fprintf(stdout, "\nThe local LoginRocket is at %s. In another terminal, try\n\n", loginRocket.URL)
	fmt.Fprintf(stdout, "  go run ./examples/grpc watch\n  go run ./examples/grpc add \"Cards for the engine\"\n  go run ./examples/grpc sign-out-everywhere\n\nCtrl-C stops all.\n")
	return sites.Serve(ctx, loginRocket)
}

func newServer(auth *authrocket.Auth, service *notes.Service) (*grpc.Server, error) {
	interceptor, err := authrocketgrpc.New(auth, authrocketrpc.Methods{
		"notes.v1.NotesService":     {Org: authrocketrpc.OrgIDFromField("org_id")}, // members of that org
		"notes.v1.NotesService/Add": {Rules: []authrocket.Rule{authrocket.Permission("notes:write")}},
		"grpc.health.v1.Health":     {Public: true}, // load balancers
		// All other methods are for everybody who is signed in.
	})
	if err != nil {
		return nil, err
	}
	s := grpc.NewServer(grpc.UnaryInterceptor(interceptor.Unary), grpc.StreamInterceptor(interceptor.Stream)) // both
	notesv1.RegisterNotesServiceServer(s, notesServer{Service: service})
	notesv1.RegisterSessionServiceServer(s, sessionServer{Service: service})
	grpc_health_v1.RegisterHealthServer(s, health.NewServer())
	return s, nil
}

// notesServer and sessionServer implement the services for gRPC.
type notesServer struct {
	notesv1.UnsafeNotesServiceServer // all methods are implemented
	*notes.Service
}

func (s notesServer) Add(ctx context.Context, r *notesv1.AddRequest) (*notesv1.AddResponse, error) {
	response, err := s.Service.Add(ctx, r)
	if errors.Is(err, notes.ErrInvalid) {
		return nil, status.Error(codes.InvalidArgument, err.Error())
	}
	return response, err
}

func (s notesServer) Watch(_ *notesv1.WatchRequest, stream grpc.ServerStreamingServer[notesv1.WatchResponse]) error {
	return s.Service.Watch(stream.Context(), stream.Send)
}

type sessionServer struct {
	notesv1.UnsafeSessionServiceServer
	*notes.Service
}
