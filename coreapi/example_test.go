package coreapi_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"os"

	"github.com/authrocket-go/authrocket/coreapi"
)

// exampleAPI answers like AuthRocket, for the examples in this file. Use the local
// AuthRocket in the tests of an app.
func exampleAPI() (*coreapi.Client, func()) {
	reply := func(status int, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(status)
			fmt.Fprint(w, body)
		}
	}
	mux := http.NewServeMux()
	mux.Handle("POST /v2/orgs", reply(503, `{}`)) // the org is created, but the answer is lost
	mux.Handle("GET /v2/orgs", reply(200, `{"collection": [{"id": "org_1", "name": "Widgets Inc", "reference": "42", "state": "active"}]}`))
	mux.Handle("POST /v2/users", reply(422, `{"errors": ["Email has already been taken"]}`))
	mux.Handle("GET /v2/users/usr_1", reply(200, `{"id": "usr_1", "name": "Ada", "avatar": "ada.png"}`))
	mux.Handle("GET /v2/users/usr_2", reply(404, `{"errors": ["Not found"]}`))
	mux.Handle("PUT /v2/users/usr_1", reply(200, `{"id": "usr_1", "first_name": "Augusta", "reference": null}`))
	mux.Handle("POST /v2/users/ada@example.com/authenticate", reply(201, `{"object": "token", "token": "tmf:constructed"}`))
	mux.Handle("POST /v2/users/authenticate_token", reply(201, `{"object": "session", "id": "kss_1", "user_id": "usr_1", "token": "HEADER.PAYLOAD.SIGNATURE"}`))
	mux.Handle("GET /v2/memberships", reply(200, `{"collection": [{"id": "mb_1", "permissions": ["ar:owner"], "user": {"id": "usr_1", "name": "Ada"}},
		{"id": "mb_2", "permissions": ["widget:read"], "user": {"id": "usr_2", "name": "Bob"}}], "more_results": false}`))
	mux.Handle("DELETE /v2/memberships/mb_2", reply(204, ``))
	mux.Handle("GET /v2/sessions", reply(200, `{"collection": [{"id": "kss_2"}, {"id": "kss_3"}]}`))
	mux.Handle("DELETE /v2/sessions/{id}", reply(204, ``))
	mux.Handle("GET /v2/realms/rl_1", reply(200, `{"id": "rl_1", "name": "Production", "org_mode": "multi_user"}`))
	server := httptest.NewServer(mux)
	client, err := coreapi.New(coreapi.Config{URL: server.URL + "/v2", APIKey: coreapi.Hide("ks_example")})
	if err != nil {
		log.Fatal(err)
	}
	return client, func() {
		server.CloseClientConnections()
		server.Close()
	}
}

func ExampleNew() {
	_, err := coreapi.New(coreapi.Config{
		URL:    "https://sample.e2.loginrocket.com/",
		APIKey: coreapi.Hide("ko_0123456789"),
	})
	fmt.Println(err)
	// Output:
	// coreapi: Config.URL (AUTHROCKET_URL) "https://sample.e2.loginrocket.com" is a LoginRocket URL, where users sign in; use the URL of the API, for example https://api-e2.authrocket.com/v2
	// coreapi: Config.APIKey (AUTHROCKET_API_KEY) is an API key of AuthRocket 1; make a key in the portal of AuthRocket 2, ks_...
}

// The answer to a create may get lost after AuthRocket has created the account. Once then
// finds the account by the customer's own number.
func ExampleOnce() {
	api, done := exampleAPI()
	defer done()
	org, err := coreapi.Once(context.Background(),
		func(ctx context.Context) (coreapi.Org, error) {
			return api.Orgs.Create(ctx, coreapi.NewOrg{Name: "Widgets Inc", Reference: "42"})
		},
		func(ctx context.Context) (coreapi.Org, error) { return api.Orgs.ByReference(ctx, "42") })
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(org.ID, org.Name)
	// Output: org_1 Widgets Inc
}

func ExampleMessages() {
	api, done := exampleAPI()
	defer done()
	_, err := api.Users.Create(context.Background(), coreapi.NewUser{Email: "ada@example.com", Password: coreapi.Hide("how-now-brown-cow!")})
	switch {
	case errors.Is(err, coreapi.ErrInvalid):
		fmt.Println("show the form again:", coreapi.Messages(err)) // in the language of WithLocale
	case err != nil:
		fmt.Println("503:", coreapi.Reason(err))
	}
	// Output: show the form again: [Email has already been taken]
}

func ExampleUsers_Get() {
	api, done := exampleAPI()
	defer done()
	for _, id := range []string{"usr_1", "usr_2"} {
		user, err := api.Users.Get(context.Background(), id) // an ID, an email address or a username
		if errors.Is(err, coreapi.ErrNotFound) {
			fmt.Println(err)
			continue
		}
		fmt.Println(user.Name)
	}
	// Output:
	// Ada
	// coreapi: GET /users/{id}: there is no such record, or not for this key and realm: Not found (status 404)
}

// A nil field stays unchanged. A pointer to the zero value clears it.
func ExampleUsers_Update() {
	api, done := exampleAPI()
	defer done()
	user, err := api.Users.Update(context.Background(), "usr_1", coreapi.UserChange{FirstName: new("Augusta"), Reference: new("")})
	fmt.Printf("%s %q %v\n", user.FirstName, user.Reference, err)
	// Output: Augusta "" <nil>
}

func ExampleUsers_Authenticate() {
	api, done := exampleAPI()
	defer done()
	ctx := context.Background()
	forVisitor := api.For(coreapi.Request{IP: "192.0.2.1", Client: "Firefox/3141.5"})
	login, err := forVisitor.Users.Authenticate(ctx, "ada@example.com", coreapi.Hide("how-now-brown-cow!"))
	if err != nil {
		log.Fatal(err) // ErrLoginRefused, whether the user exists or not
	}
	session := login.Session
	if pending, ok := login.Pending(); ok {
		if session, err = forVisitor.Users.CompleteLogin(ctx, pending, "123456"); err != nil {
			log.Fatal(err)
		}
	}
	fmt.Println(session.UserID, session.Token(), session.Token().Reveal())
	// Output: usr_1 (hidden) HEADER.PAYLOAD.SIGNATURE
}

// An admin page lists the members of an account and removes one of them.
func ExampleMemberships_OfOrg() {
	api, done := exampleAPI()
	defer done()
	ctx := context.Background()
	for m, err := range api.Memberships.OfOrg(ctx, "org_1", coreapi.MembershipQuery{}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(m.ID, m.User.Name, m.Permissions)
	}
	acting := api.For(coreapi.Request{IP: "192.0.2.1", Client: "Firefox/3141.5"}) // the admin's address and browser
	if err := acting.Memberships.Delete(ctx, "mb_2"); err != nil {
		log.Fatal(err)
	}
	// A login token keeps its permissions until it expires.
	deleted, err := acting.Sessions.DeleteAllOf(ctx, "usr_2")
	fmt.Println(deleted.Sessions, err)
	// Output:
	// mb_1 Ada [ar:owner]
	// mb_2 Bob [widget:read]
	// 2 <nil>
}

// The Configuration API may change at any time, so this package has no types for it.
func ExampleGet() {
	api, done := exampleAPI()
	defer done()
	type realm struct {
		Name    string `json:"name"`
		OrgMode string `json:"org_mode"`
	}
	r, err := coreapi.Get[realm](context.Background(), api, "/realms/rl_1", nil)
	fmt.Println(r, err)
	// Output: {Production multi_user} <nil>
}

func ExampleUser_Decode() {
	api, done := exampleAPI()
	defer done()
	user, err := api.Users.Get(context.Background(), "usr_1")
	if err != nil {
		log.Fatal(err)
	}
	var more struct{ Avatar string } // a member that this package does not know
	fmt.Println(user.Decode(&more), more.Avatar)
	// Output: <nil> ada.png
}

func ExampleSecret() {
	password := coreapi.Hide("how-now-brown-cow!")
	fmt.Printf("%v %s %q\n", password, password, struct{ P coreapi.Secret }{password})
	json.NewEncoder(os.Stdout).Encode(map[string]any{"password": password})
	fmt.Println(password.Reveal())
	// Output:
	// (hidden) (hidden) {(hidden)}
	// {"password":"(hidden)"}
	// how-now-brown-cow!
}
