package loginrocket_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"

	"github.com/authrocket-go/authrocket/coreapi"
	"github.com/authrocket-go/authrocket/loginrocket"
)

// exampleClient returns a client of a server that answers like LoginRocket, for the
// examples in this file. Use the local AuthRocket in the tests of a program.
func exampleClient() (*loginrocket.Client, func()) {
	const full = `{"result": "full_login", "session": "kss_1", "account": "org_1", "token": "HEADER.PAYLOAD.SIGNATURE"}`
	reply := func(status int, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(status)
			fmt.Fprint(w, body)
		}
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v2/session", func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.FormValue("session") != "kss_1":
			reply(403, `{"result": "error", "error": "There is no session.", "errors": ["There is no session."]}`)(w, r)
		case r.FormValue("account") == "":
			reply(200, `{"result": "conditional_login", "session": "kss_1", "account": null, "conditions": ["no_account_selected"]}`)(w, r)
		default:
			reply(200, full)(w, r)
		}
	})
	mux.Handle("POST /v2/login", reply(200, full))
	mux.Handle("DELETE /v2/session", reply(200, `{"result": "okay"}`))
	mux.Handle("POST /v2/signup", reply(422, `{"result": "error", "error": "Email is already in use.", "errors": ["Email is already in use.", "Password is too short."]}`))
	server := httptest.NewServer(mux)
	client, err := loginrocket.New(loginrocket.Config{URL: server.URL, Agent: "shop-cli/1.4"})
	if err != nil {
		log.Fatal(err)
	}
	return client, func() {
		server.CloseClientConnections()
		server.Close()
	}
}

func ExampleNew() {
	_, err := loginrocket.New(loginrocket.Config{URL: "https://api-e2.authrocket.com/v2", Locale: "Spanish (Spain)"})
	fmt.Println(err)
	// Output:
	// loginrocket: Config.URL (LOGINROCKET_URL) "https://api-e2.authrocket.com" is the URL of the Core API, for the package coreapi; use the realm's LoginRocket URL, for example https://sample.e2.loginrocket.com/
	// loginrocket: Config.Locale is not a language tag; use, for example, es
}

// A command line tool logs in, keeps the session, and logs out.
func ExampleClient_Login() {
	client, done := exampleClient()
	defer done()
	ctx := context.Background()
	login, err := client.Login(ctx, "ada@example.com", coreapi.Hide("how-now-brown-cow!"))
	switch {
	case errors.Is(err, loginrocket.ErrRefused):
		fmt.Println(loginrocket.Messages(err)) // and ask again
		return
	case err != nil:
		log.Fatal(err)
	}
	if err := login.Err(); err != nil {
		log.Fatal(err) // an incomplete login, see Client.Session
	}
	fmt.Println(login.Account, login.SessionID(), "to the keyring:", login.SessionID().Reveal())

	fmt.Println(client.Logout(ctx, login.SessionID()))
	// Output:
	// org_1 (hidden) to the keyring: kss_1
	// <nil>
}

// A user with several accounts selects one.
func ExampleClient_Session() {
	client, done := exampleClient()
	defer done()
	ctx := context.Background()
	session := coreapi.Hide("kss_1") // from the keyring
	login, err := client.Session(ctx, session, "")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(login.Err(), login.Conditions)
	if login, err = client.Session(ctx, session, "org_1"); err != nil {
		log.Fatal(err)
	}
	token, full := login.Token()
	fmt.Println(token, full)
	// Output:
	// loginrocket: the login is not complete: no_account_selected [no_account_selected]
	// HEADER.PAYLOAD.SIGNATURE true
}

// A worker calls a server repeatedly. The server verifies the token.
func ExampleTokenSource() {
	client, done := exampleClient()
	defer done()
	shop := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Println("the shop got", r.Header.Get("Authorization"))
	}))
	defer shop.Close()

	ctx := context.Background()
	tokens := client.TokenSource(coreapi.Hide("kss_1"), "org_1")
	for range 2 {
		token, err := tokens.Token(ctx)
		if err != nil {
			log.Fatal(err) // ErrSessionEnded: log in again
		}
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, shop.URL+"/orders", nil)
		if err != nil {
			log.Fatal(err)
		}
		request.Header.Set("Authorization", "Bearer "+token)
		response, err := shop.Client().Do(request)
		if err != nil {
			log.Fatal(err)
		}
		response.Body.Close()
	}
	// Output:
	// the shop got Bearer HEADER.PAYLOAD.SIGNATURE
	// the shop got Bearer HEADER.PAYLOAD.SIGNATURE
}

func ExampleTokenSource_sessionEnded() {
	client, done := exampleClient()
	defer done()
	_, err := client.TokenSource(coreapi.Hide("kss_of_yesterday"), "").Token(context.Background())
	if errors.Is(err, loginrocket.ErrSessionEnded) {
		fmt.Println("log in again:", err)
	}
	// Output: log in again: loginrocket: GET /session: there is no session, or it has ended: There is no session. (status 403)
}

func ExampleMessages() {
	client, done := exampleClient()
	defer done()
	_, err := client.Signup(context.Background(), loginrocket.NewSignup{Email: "ada@example.com", Password: coreapi.Hide("short")})
	switch {
	case errors.Is(err, loginrocket.ErrRefused):
		fmt.Println("ask again:", loginrocket.Messages(err)) // in the language of Config.Locale
	case errors.Is(err, loginrocket.ErrUnavailable):
		fmt.Println("the user may have been made; log in before another signup")
	}
	// Output: ask again: [Email is already in use. Password is too short.]
}
