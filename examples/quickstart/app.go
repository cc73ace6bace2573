package main

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"html/template"
	"io"
	"log/slog"
	"net/http"
	"strings"

	"github.com/authrocket-go/authrocket"
)

//go:embed pages.html
var pagesHTML string

//go:embed style.css
var style string

var pages = template.Must(template.New("").Parse(pagesHTML))

// app is the web app. It stores nothing, because each request contains the user's
// session.
type app struct {
	// The local LoginRocket is for people who try this app.
	outboxURL string
	demoUsers []demoUser
}

func (a app) routes(auth *authrocket.Auth) http.Handler {
	mayBill := auth.Require(authrocket.Permission("billing:write"))

	mux := http.NewServeMux()
	mux.Handle("GET /{$}", a.page("home"))                         // anyone
	mux.Handle("GET /manage", auth.RequireLogin(a.page("manage"))) // signed in, or the hosted login
	mux.Handle("GET /me", auth.RequireLogin(http.HandlerFunc(me)))
	mux.Handle("GET /billing", mayBill(a.page("billing"))) // with the permission, or a.deny
	mux.Handle("POST /billing", mayBill(a.page("paid")))

	outer := http.NewServeMux()
	outer.HandleFunc("GET /style.css", serveStyle) // needs no session
	outer.Handle("/", auth.Authenticate(mux))
	return outer
}

// deny shows a signed-in user which permission is missing. All other refused requests get
// the default answer, which is the hosted login for browsers or a status for programs.
func (a app) deny(w http.ResponseWriter, r *http.Request, err error) bool {
	if !errors.Is(err, authrocket.ErrPermissionDenied) || !strings.Contains(r.Header.Get("Accept"), "text/html") {
		return false
	}
	a.show(w, r, "denied", authrocket.StatusCode(err))
	return true
}

// view is what the pages show.
type view struct {
	OutboxURL  string
	DemoUsers  []demoUser
	SignedIn   bool
	Session    authrocket.Session
	Membership authrocket.Membership
}

func (a app) page(name string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { a.show(w, r, name, http.StatusOK) })
}

func (a app) show(w http.ResponseWriter, r *http.Request, name string, status int) {
	v := view{OutboxURL: a.outboxURL, DemoUsers: a.demoUsers}
	v.Session, v.SignedIn = authrocket.CurrentSession(r.Context())
	v.Membership, _ = authrocket.CurrentMembership(r.Context())
	var body bytes.Buffer
	if err := pages.ExecuteTemplate(&body, name, v); err != nil {
		slog.ErrorContext(r.Context(), "page cannot be shown", "page", name, "error", err)
		http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	body.WriteTo(w)
}

// me answers programs that send a bearer token, and scripts of a browser.
func me(w http.ResponseWriter, r *http.Request) {
	session, _ := authrocket.CurrentSession(r.Context())
	membership, _ := session.Membership()
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(map[string]any{
		"user":       map[string]any{"id": session.User.ID, "name": session.User.Name, "email": session.User.Email},
		"org":        map[string]any{"id": membership.Org.ID, "name": membership.Org.Name, "permissions": membership.Permissions()},
		"expires_at": session.ExpiresAt,
	})
}

func serveStyle(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/css; charset=utf-8")
	io.WriteString(w, style)
}
