package main

import (
	"cmp"
	"context"
	"encoding/json"
	"log"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/authrocket-go/authrocket"
)

func main() {
	config := authrocket.ConfigFromEnv()
	config.DisableCookie = true // bearer tokens only: no cookie, no CSRF, no login routes, no redirects
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

func routes(auth *authrocket.Auth) http.Handler {
	org := authrocket.OrgIDFromPath("org")
	ofOrg := auth.RequireOrg(org)
	mayBill := auth.RequireOrg(org, authrocket.Permission("billing:write"))

	mux := http.NewServeMux()
	mux.HandleFunc("GET /readyz", readyz(auth)) // load balancers
	mux.Handle("GET /me", auth.RequireLogin(http.HandlerFunc(me)))
	mux.Handle("GET /orgs/{org}/invoices", ofOrg(http.HandlerFunc(listInvoices)))
	mux.Handle("POST /orgs/{org}/invoices", mayBill(http.HandlerFunc(addInvoice)))
	return mux // if other origins may call, wrap this in CORS
}

// readyz tells a load balancer whether this instance has keys. Without keys, it can sign
// nobody in.
func readyz(auth *authrocket.Auth) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		if err := auth.Ready(); err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
		}
	}
}

func me(w http.ResponseWriter, r *http.Request) {
	session, _ := authrocket.CurrentSession(r.Context())
	writeJSON(w, http.StatusOK, session) // user, org and permissions, and no secret
}

func listInvoices(w http.ResponseWriter, r *http.Request) {
	org, _ := authrocket.CurrentOrg(r.Context()) // the org in the path
	writeJSON(w, http.StatusOK, map[string]any{"org": org.Name, "invoices": []string{}})
}

func addInvoice(w http.ResponseWriter, r *http.Request) {
	org, _ := authrocket.CurrentOrg(r.Context())
	writeJSON(w, http.StatusCreated, map[string]any{"org": org.Name, "invoice": "1"})
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(body)
}
