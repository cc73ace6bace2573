package main

import (
	"bytes"
	_ "embed"
	"html/template"
	"log/slog"
	"net/http"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/examples/team/members"
)

//go:embed home.html
var homeHTML string

var homePage = template.Must(template.New("home").Parse(homeHTML))

func routes(auth *authrocket.Auth, page *members.Members) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", home)
	page.Register(mux)
	return mux
}

// home shows the home page, which needs no login.
func home(w http.ResponseWriter, r *http.Request) {
	user, isSignedIn := authrocket.CurrentUser(r.Context())
	membership, _ := authrocket.CurrentMembership(r.Context())
	var body bytes.Buffer
	err := homePage.Execute(&body, struct {
		IsSignedIn bool
		User       authrocket.User
		Membership authrocket.Membership
	}{isSignedIn, user, membership})
	if err != nil {
		slog.ErrorContext(r.Context(), "the page cannot be shown", "error", err)
		http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
	body.WriteTo(w)
}
