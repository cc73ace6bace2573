package authrocketgrpc_test

import (
	"context"
	"fmt"
	"log"
	"net"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/test/bufconn"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/adapters/authrocketgrpc"
	"github.com/authrocket-go/authrocket/adapters/authrocketrpc"
	"github.com/authrocket-go/authrocket/authrockettest"
)

func newServer(auth *authrocket.Auth) (*grpc.Server, error) {
	i, err := authrocketgrpc.New(auth, authrocketrpc.Methods{
		"grpc.health.v1.Health/Check": {Public: true},
		"grpc.health.v1.Health/List":  {Rules: []authrocket.Rule{authrocket.Permission("ops:read")}},
	})
	if err != nil {
		return nil, err
	}
	server := grpc.NewServer(grpc.UnaryInterceptor(i.Unary), grpc.StreamInterceptor(i.Stream))
	healthpb.RegisterHealthServer(server, health.NewServer())
	return server, nil
}

// Everyone can check the health of the server. Only users with the permission can list its
// services.
func Example() {
	realm, err := authrockettest.Open(authrockettest.RealmConfig{Settings: authrockettest.Settings{Algorithm: "HS256"}}) // a test calls NewRealm(t)
	if err != nil {
		log.Fatal(err)
	}
	engines := realm.AddOrg(authrockettest.Org{Name: "Analytical Engines"})
	ada := realm.AddUser(authrockettest.User{Email: "ada@example.com"})
	alan := realm.AddUser(authrockettest.User{Email: "alan@example.com"})
	realm.AddMembership(ada, engines, "ops:read")
	realm.AddMembership(alan, engines)
	auth, err := authrocket.New(realm.Config())
	if err != nil {
		log.Fatal(err)
	}
	server, err := newServer(auth)
	if err != nil {
		log.Fatal(err)
	}
	listener := bufconn.Listen(1 << 16) // a program calls net.Listen
	go server.Serve(listener)
	defer server.Stop()
	dial := func(context.Context, string) (net.Conn, error) { return listener.Dial() }
	conn, err := grpc.NewClient("passthrough:server", grpc.WithContextDialer(dial), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	client := healthpb.NewHealthClient(conn)

	_, err = client.Check(context.Background(), &healthpb.HealthCheckRequest{})
	fmt.Println("check:", status.Convert(err).Code())
	_, err = client.List(context.Background(), &healthpb.HealthListRequest{})
	fmt.Println("list:", err)
	for _, user := range []authrockettest.User{ada, alan} {
		ctx := metadata.AppendToOutgoingContext(context.Background(), "authorization", "Bearer "+realm.Token(user))
		_, err = client.List(ctx, &healthpb.HealthListRequest{})
		fmt.Println(user.Email+":", status.Convert(err).Code())
	}
	// Output:
	// check: OK
	// list: rpc error: code = Unauthenticated desc = no login token was presented
	// ada@example.com: OK
	// alan@example.com: PermissionDenied
}
