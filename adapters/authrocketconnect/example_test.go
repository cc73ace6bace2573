package authrocketconnect_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/adapters/authrocketconnect"
	"github.com/authrocket-go/authrocket/adapters/authrocketrpc"
	"github.com/authrocket-go/authrocket/authrockettest"
)

// Users with the permission can call the method. Everyone else is refused.
func Example() {
	realm, err := authrockettest.Open(authrockettest.RealmConfig{Settings: authrockettest.Settings{Algorithm: "HS256"}}) // a test calls NewRealm(t)
	if err != nil {
		log.Fatal(err)
	}
	org := realm.AddOrg(authrockettest.Org{Name: "Analytical Engines"})
	ada := realm.AddUser(authrockettest.User{Email: "ada@example.com", Name: "Ada"})
	george := realm.AddUser(authrockettest.User{Email: "george@example.com", Name: "George"})
	realm.AddMembership(ada, org, "billing:write")
	realm.AddMembership(george, org)
	config := realm.Config()
	config.Observer = authrocket.SilentObserver()
	auth, err := authrocket.New(config)
	if err != nil {
		log.Fatal(err)
	}

	interceptor, err := authrocketconnect.New(auth, authrocketrpc.Methods{
		"calls.v1.Calls/Unary": {Rules: []authrocket.Rule{authrocket.Permission("billing:write")}},
	})
	if err != nil {
		log.Fatal(err)
	}
	pay := func(ctx context.Context, r *connect.Request[wrapperspb.StringValue]) (*connect.Response[wrapperspb.StringValue], error) {
		user, _ := authrocket.CurrentUser(ctx)
		return connect.NewResponse(wrapperspb.String(user.Name + " pays " + r.Msg.GetValue())), nil
	}
	mux := http.NewServeMux() // generated code does the same
	mux.Handle("/calls.v1.Calls/Unary", connect.NewUnaryHandler("/calls.v1.Calls/Unary", pay, connect.WithInterceptors(interceptor)))
	server := httptest.NewServer(mux)
	defer server.Close()

	client := connect.NewClient[wrapperspb.StringValue, wrapperspb.StringValue](server.Client(), server.URL+"/calls.v1.Calls/Unary")
	for _, token := range []string{realm.Token(ada), realm.Token(george), ""} {
		request := connect.NewRequest(wrapperspb.String("the invoice"))
		if token != "" {
			request.Header().Set("Authorization", "Bearer "+token)
		}
		response, err := client.CallUnary(context.Background(), request)
		if err != nil {
			fmt.Println(err)
			continue
		}
		fmt.Println(response.Msg.GetValue())
	}
	// Output:
	// Ada pays the invoice
	// permission_denied: a permission is missing
	// unauthenticated: no login token was presented
}
