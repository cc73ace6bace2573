package authrocketrpc_test

import (
	"fmt"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/adapters/authrocketrpc"
)

var methods = authrocketrpc.Methods{
	"acme.v1.Invoices":      {Org: authrocketrpc.OrgIDFromField("org_id")},
	"acme.v1.Invoices/Send": {Rules: []authrocket.Rule{authrocket.Permission("billing:write")}},
	"grpc.health.v1.Health": {Public: true},
}

// If a name in the table is misspelled, the program ends when it starts.
func ExampleNewPolicy() {
	auth, err := authrocket.New(authrocket.Config{LoginRocketURL: "https://sample.e2.loginrocket.com/", AppURL: "https://app.example.com"})
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = authrocketrpc.NewPolicy(auth, methods)
	fmt.Println("the table above:", err)
	_, err = authrocketrpc.NewPolicy(auth, authrocketrpc.Methods{"acme.v1.Invoices/Sned": {Public: true}})
	fmt.Println(err)
	// Output:
	// the table above: <nil>
	// authrocketrpc: Methods["acme.v1.Invoices/Sned"]: the service has no method "Sned"
}
