// Command nethttp is a web app with AuthRocket logins on plain net/http. LOGINROCKET_URL
// and AUTHROCKET_APP_URL configure it.
package main

import (
	"cmp"
	"context"
	"fmt"
	"html/template"
	"log"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/authrocket-go/authrocket"
)

func main() {
	auth, err := authrocket.New(authrocket.ConfigFromEnv())
	if err != nil {
		log.Fatal(err) // the error names every problem in the configuration
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

func routes(auth *authrocket.Auth) http.Handler {
	mayBill := auth.Require(authrocket.Permission("billing:write"))
	ofOrg := auth.RequireOrg(authrocket.OrgIDFromPath("org"))

	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", home)                                       // anyone
	mux.HandleFunc("GET /readyz", readyz(auth))                            // load balancers
	mux.Handle("GET /manage", auth.RequireLogin(http.HandlerFunc(manage))) // signed in, or the hosted login
	mux.Handle("POST /billing", mayBill(http.HandlerFunc(billing)))        // with the permission, or 403
	mux.Handle("GET /orgs/{org}/", ofOrg(http.HandlerFunc(org)))           // members of that org, or 403
	return auth.Authenticate(mux)                                          // also serves /auth/login, /auth/logout, ...
}

// readyz tells a load balancer whether this instance has keys. Without keys, it can sign
// nobody in.
func readyz(auth *authrocket.Auth) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		if err := auth.Ready(); err != nil {
			log.Print(err) // for operators, because it can name addresses
			http.Error(w, "not ready", http.StatusServiceUnavailable)
		}
	}
}

var homePage = template.Must(template.New("home").Parse(`<!doctype html>
<title>Home</title>
{{if .ID}}<p>Hi {{.Name}}, see <a href="/manage">your account</a>.
<form method="post" action="/auth/logout"><button>Sign out</button></form>
{{else}}<p><a href="/auth/login?return_to=/manage">Sign in</a>
{{end}}`))

func home(w http.ResponseWriter, r *http.Request) {
	user, _ := authrocket.CurrentUser(r.Context()) // zero when nobody is signed in
	homePage.Execute(w, user)
}

func manage(w http.ResponseWriter, r *http.Request) {
	user, _ := authrocket.CurrentUser(r.Context())
	org, _ := authrocket.CurrentOrg(r.Context())
	fmt.Fprintf(w, "Hi %s of %s\n", user.Name, org.Name)
}

func billing(w http.ResponseWriter, r *http.Request) {
	org, _ := authrocket.CurrentOrg(r.Context())
	fmt.Fprintf(w, "Paid by %s\n", org.Name)
}

func org(w http.ResponseWriter, r *http.Request) {
	org, _ := authrocket.CurrentOrg(r.Context()) // the org in the path
	fmt.Fprintf(w, "Files of %s\n", org.Name)
}
