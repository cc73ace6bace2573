package webhook_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/authrocket-go/authrocket/coreapi"
	"github.com/authrocket-go/authrocket/webhook"
)

// exampleAPI answers as AuthRocket does, for the example here. Tests of an app use the local
// AuthRocket instead.
func exampleAPI() (*coreapi.Client, func()) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		switch r.URL.Path {
		case "/v2/events/ev_1":
			fmt.Fprint(w, `{"id": "ev_1", "event_type": "user.email.verified", "user_id": "usr_1"}`)
		default:
			w.WriteHeader(http.StatusNotFound)
			fmt.Fprint(w, `{"errors": ["Not found"]}`)
		}
	}))
	api, err := coreapi.New(coreapi.Config{URL: server.URL + "/v2", APIKey: coreapi.Hide("ks_example")})
	if err != nil {
		log.Fatal(err)
	}
	return api, func() {
		server.CloseClientConnections()
		server.Close()
	}
}

func Example() {
	api, done := exampleAPI()
	defer done()
	const secret = "mVq7Z2xkT9bRfW4cNd8sLh3p" // from the environment; made by openssl rand -hex 32

	hook, err := webhook.New(webhook.Config{
		API:     api,
		Secrets: []coreapi.Secret{coreapi.Hide(secret)},
		Handle: func(ctx context.Context, event coreapi.Event) error {
			if event.Type.Is("user.email") {
				fmt.Println(event.Type, "of", event.UserID) // read the user, and keep what you need
			}
			return nil // other types are done, too
		},
	})
	if err != nil {
		log.Fatal(err) // every problem of the configuration at once
	}
	mux := http.NewServeMux()
	mux.Handle("/hooks/authrocket", hook) // outside Authenticate

	// AuthRocket sends the event to https://authrocket:SECRET@app.example.com/hooks/authrocket.
	for range 2 { // the first answer may get lost
		r := httptest.NewRequest(http.MethodPost, "/hooks/authrocket", strings.NewReader(`{"id": "ev_1", "event_type": "user.email.verified"}`))
		r.SetBasicAuth("authrocket", secret)
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, r)
		fmt.Println(w.Code)
	}
	// Output:
	// user.email.verified of usr_1
	// 204
	// 204
}

func ExampleNew() {
	_, err := webhook.New(webhook.Config{Secrets: []coreapi.Secret{coreapi.Hide("changeme")}})
	fmt.Println(err)
	// Output:
	// webhook: Config.API is missing; write a Client of coreapi.New: what is not read back does not count
	// webhook: Config.Secrets[0] has fewer than 16 characters; make one by crypto/rand.Text, or openssl rand -hex 32
	// webhook: Config.Handle is missing; write the function that gets the events
}
