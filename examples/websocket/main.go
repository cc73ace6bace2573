// Command websocket is a web app with long connections that end with the session of their
// user: a WebSocket, and a stream of server-sent events. LOGINROCKET_URL and
// AUTHROCKET_APP_URL configure the logins. AUTHROCKET_URL and AUTHROCKET_API_KEY
// configure the Core API, which reports when a session has ended. A local AuthRocket in
// another terminal writes these variables to a file:
//
//	go run ./cmd/authrocket dev -env local.env
//	set -a && . ./local.env && go run ./examples/websocket
//
// Sign in, then sign out in another tab. The page notices this within seconds.
package main

import (
	"cmp"
	"context"
	_ "embed"
	"fmt"
	"html/template"
	"log"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/coder/websocket"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/coreapi"
	"github.com/authrocket-go/authrocket/sessionstate"
)

// checkInterval is short, so that the example shows the end of a session quickly without
// webhooks. Most apps use the default.
const checkInterval = 2 * time.Second

func main() {
	api, err := coreapi.New(coreapi.ConfigFromEnv())
	if err != nil {
		log.Fatal(err)
	}
	state, err := sessionstate.New(sessionstate.Config{API: api, CheckInterval: checkInterval})
	if err != nil {
		log.Fatal(err)
	}
	go state.Run(context.Background()) // runs until the program ends

	config := authrocket.ConfigFromEnv()
	config.SessionState = state
	auth, err := authrocket.New(config)
	if err != nil {
		log.Fatal(err)
	}
	if err := auth.Warm(context.Background()); err != nil {
		log.Print(err) // the app still serves, and soon fetches the keys again
	}
	listener, err := net.Listen("tcp", cmp.Or(os.Getenv("ADDR"), "127.0.0.1:8080"))
	if err != nil {
		log.Fatal(err)
	}
	log.Printf("listening on http://%s", listener.Addr())
	server := &http.Server{Handler: routes(auth), ReadHeaderTimeout: 10 * time.Second}
	log.Fatal(server.Serve(listener))
}

// routes puts all routes behind a gate, which also refuses a handshake from another
// site's page.
func routes(auth *authrocket.Auth) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", home)
	mux.HandleFunc("GET /socket", socket(auth))
	mux.HandleFunc("GET /events", events(auth))
	return auth.Authenticate(auth.RequireLogin(mux))
}

//go:embed page.html
var pageHTML string

var page = template.Must(template.New("page").Parse(pageHTML))

func home(w http.ResponseWriter, r *http.Request) {
	user, _ := authrocket.CurrentUser(r.Context())
	page.Execute(w, user)
}

const (
	writeTimeout = 10 * time.Second // ends a write to a client that does not read

	// statusSignIn makes the page sign in again. The codes 4000 to 4999 are for apps.
	statusSignIn websocket.StatusCode = 4401
)

// socket sends each message back to the user, until the session ends.
func socket(auth *authrocket.Auth) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		session, _ := authrocket.CurrentSession(r.Context())
		ctx, cancel := auth.Bind(r.Context(), session)
		defer cancel()
		// The gate has already compared the Origin with AppURL. This check also works
		// behind a proxy.
		conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{InsecureSkipVerify: true})
		if err != nil {
			return // Accept has answered
		}
		defer conn.CloseNow()
		// Read does not get ctx: it would drop the connection without a close message.
		stop := context.AfterFunc(ctx, func() {
			conn.Close(statusSignIn, authrocket.Reason(context.Cause(ctx)))
		})
		defer stop()
		for {
			kind, message, err := conn.Read(r.Context())
			if err != nil || ctx.Err() != nil {
				return
			}
			if err := say(r.Context(), conn, kind, session.User.Name+": "+string(message)); err != nil {
				return
			}
		}
	}
}

func say(ctx context.Context, conn *websocket.Conn, kind websocket.MessageType, message string) error {
	ctx, cancel := context.WithTimeout(ctx, writeTimeout)
	defer cancel()
	return conn.Write(ctx, kind, []byte(message))
}

// events sends the time every second until the session ends.
func events(auth *authrocket.Auth) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		session, _ := authrocket.CurrentSession(r.Context())
		ctx, cancel := auth.Bind(r.Context(), session)
		defer cancel()
		w.Header().Set("Content-Type", "text/event-stream")
		w.Header().Set("X-Accel-Buffering", "no") // nginx would buffer events
		stream := http.NewResponseController(w)
		send := func(event, data string) bool {
			stream.SetWriteDeadline(time.Now().Add(writeTimeout))
			fmt.Fprintf(w, "event: %s\ndata: %s\n\n", event, data)
			return stream.Flush() == nil
		}
		ticker := time.NewTicker(time.Second)
		defer ticker.Stop()
		for send("time", time.Now().Format(time.TimeOnly)) {
			select {
			case <-ticker.C:
			case <-ctx.Done():
				if r.Context().Err() == nil { // otherwise the client has left
					send("end", authrocket.Reason(context.Cause(ctx)))
				}
				return
			}
		}
	}
}
