package main

import (
	"log"
	"net/http"

	"github.com/authrocket-go/authrocket"
)

func main() {
	auth, err := authrocket.New(authrocket.ConfigFromEnv())
	if err != nil {
		log.Fatal(err)
	}
	http.Handle("/", auth.RequireLogin(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, _ := authrocket.CurrentUser(r.Context())
		w.Write([]byte("Hello, " + user.Name + "\n"))
	})))
	log.Fatal(http.ListenAndServe("127.0.0.1:8082", auth.Authenticate(http.DefaultServeMux)))
}
