package main

import (
	"cmp"
	"fmt"
	"html/template"
	"log"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/go-chi/chi/v5"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/adapters/authrocketchi"
)

func main() {
	auth, err := authrocket.New(authrocket.ConfigFromEnv())
	if err != nil {
		log.Fatal(err)
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
	mayBill := authrocketchi.Require(auth, authrocket.Permission("billing:write"))

	r := chi.NewRouter()
	r.Use(authrocketchi.Authenticate(auth)) // also serves /auth/login, /auth/logout, ...
	r.Get("/", home)
	r.With(authrocketchi.RequireLogin(auth)).Get("/manage", manage)
	r.With(mayBill).Post("/billing", billing)
	r.Route("/orgs/{org}", func(r chi.Router) {
		r.Use(authrocketchi.RequireOrg(auth, authrocket.OrgIDFromPath("org")))
		r.Get("/", org)
	})
	return r
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
