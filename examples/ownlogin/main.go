// Command ownlogin is a web app with its own login, whose passwords are in SQL. During a
// migration, the app also offers AuthRocket logins. Both logins lead to the same person
// and the same pages.
//
//	go run ./cmd/authrocket dev             # in another terminal; it prints two AuthRocket users
//	LOGINROCKET_URL=http://localhost:8081 go run ./examples/ownlogin -demo
//
// With AUTHROCKET_URL and AUTHROCKET_API_KEY, the flag -import creates an AuthRocket user
// for each person in the database, and then ends the program.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/coreapi"
	"github.com/authrocket-go/authrocket/examples/ownlogin/people"
)

func main() {
	if err := run(); err != nil {
		log.Fatal(err)
	}
}

func run() error {
	file := flag.String("db", "people.db", "`file` of the database, made if it is missing")
	isDemo := flag.Bool("demo", false, "add ada@example.com, password own-engine, whose email is confirmed, and bob@example.com, password own-oil, whose is not")
	isImport := flag.Bool("import", false, "make AuthRocket users of the people in the database, and end")
	flag.Parse()
	ctx := context.Background()
	store, err := people.Open(ctx, *file)
	if err != nil {
		return err
	}
	defer store.Close()
	if *isDemo {
		_, adaErr := store.Add(ctx, "ada@example.com", "Ada of the own login", "own-engine", true)
		_, bobErr := store.Add(ctx, "bob@example.com", "Bob of the own login", "own-oil", false)
		if err := errors.Join(adaErr, bobErr); err != nil {
			log.Print(err) // the people exist already
		}
	}
	if *isImport {
		api, err := coreapi.New(coreapi.ConfigFromEnv())
		if err != nil {
			return err
		}
		done, err := store.Import(ctx, api)
		fmt.Println(done)
		return err
	}
	return serve(ctx, store)
}

func serve(ctx context.Context, store *people.Store) error {
	config := authrocket.ConfigFromEnv()
	config.OnLogin = func(r *http.Request, session authrocket.Session) error {
		_, err := store.SignIn(r.Context(), session.User)
		if err != nil && !errors.Is(err, authrocket.ErrForbidden) {
			// The database does not answer. With this error, the page reloads itself.
			return fmt.Errorf("%w: %w", authrocket.ErrUnavailable, err)
		}
		return err
	}
	config.Page = explain
	config.Observer = authrocket.LogObserver(nil)
	auth, err := authrocket.New(config)
	if err != nil {
		return err // the error names every problem in the configuration
	}
	if err := auth.Warm(ctx); err != nil {
		log.Print(err) // the app still serves, and soon fetches the keys again
	}
	listener, err := net.Listen("tcp", cmp.Or(os.Getenv("ADDR"), "127.0.0.1:8080"))
	if err != nil {
		return err
	}
	log.Printf("listening on http://%s", listener.Addr())
	a := app{auth: auth, people: store, isHTTPS: strings.HasPrefix(config.AppURL, "https:")}
	server := &http.Server{Handler: a.routes(), ReadHeaderTimeout: 10 * time.Second}
	return server.Serve(listener)
}

// explain shows the page of a refused login, which says what the visitor can do.
func explain(w http.ResponseWriter, r *http.Request, p authrocket.Page) bool {
	if p.Kind != authrocket.PageLoginRefused {
		return false
	}
	switch p.Fact("reason") {
	case authrocket.Reason(authrocket.ErrEmailNotVerified):
		p.Texts = []string{"You have an account here already. Verify your email address first: open the link in the mail that you got when you signed up, then sign in again."}
	case authrocket.Reason(people.ErrNotConfirmed):
		p.Texts = []string{"You have an account here already, whose email address is not confirmed. Sign in with its password and confirm it first."}
	}
	authrocket.WritePage(w, r, p)
	return true
}
