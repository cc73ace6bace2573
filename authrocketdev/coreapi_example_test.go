package authrocketdev_test

import (
	"context"
	"fmt"
	"log"

	"github.com/authrocket-go/authrocket/authrocketdev"
	"github.com/authrocket-go/authrocket/authrockettest"
	"github.com/authrocket-go/authrocket/coreapi"
)

// A program or a test can contain a local AuthRocket.
func ExampleService_CoreAPIConfig() {
	server, err := authrocketdev.DemoSeed().Open(authrockettest.RealmConfig{URL: "http://localhost:8081"})
	if err != nil {
		log.Fatal(err)
	}
	defer server.Realm().Close()
	service, err := authrocketdev.NewService(authrocketdev.ServiceConfig{Server: server})
	if err != nil {
		log.Fatal(err)
	}
	api, err := coreapi.New(service.CoreAPIConfig())
	if err != nil {
		log.Fatal(err)
	}
	for m, err := range api.Memberships.OfOrg(context.Background(), "org_widgets", coreapi.MembershipQuery{}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(m.User.Name, m.Permissions)
	}
	// Output:
	// Ada Lovelace []
	// George Stephenson [ar:owner]
}
