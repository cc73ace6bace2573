package main

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"html/template"
	"log"
	"net/http"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/examples/ownlogin/people"
)

//go:embed pages.html
var pagesHTML string

var pages = template.Must(template.New("").Parse(pagesHTML))

type app struct {
	auth    *authrocket.Auth
	people  *people.Store
	isHTTPS bool
}

func (a app) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) { a.show(w, r, http.StatusOK, "home") })
	mux.HandleFunc("GET /orders", a.onlyPeople(func(w http.ResponseWriter, r *http.Request) { a.show(w, r, http.StatusOK, "orders") }))
	mux.HandleFunc("GET /sign-in", func(w http.ResponseWriter, r *http.Request) { a.show(w, r, http.StatusOK, "sign-in") })
	mux.HandleFunc("POST /sign-in", a.signIn)
	mux.HandleFunc("POST /sign-out", a.signOut)
	ownForms := http.NewCrossOriginProtection() // for the app's own cookie; the cookie of package authrocket is already protected
	return a.auth.Authenticate(ownForms.Handler(a.withPerson(mux)))
}

type personKey struct{}

// withPerson finds the person who is signed in with one of the two logins. Handlers get
// the person, whichever login was used.
func (a app) withPerson(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		var person people.Person
		err := people.ErrNobody
		if user, ok := authrocket.CurrentUser(r.Context()); ok {
			person, err = a.people.ByAuthRocketID(r.Context(), user.ID)
			// If the session of the app's own login continued, the browser would be
			// signed in as another person when the AuthRocket session ends.
			if endErr := a.endOwnSession(w, r); err == nil {
				err = endErr
			}
		} else if cookie, cookieErr := r.Cookie(a.cookieName()); cookieErr == nil {
			person, err = a.people.BySession(r.Context(), cookie.Value)
		}
		switch {
		case err == nil:
			r = r.WithContext(context.WithValue(r.Context(), personKey{}, person))
		case !errors.Is(err, people.ErrNobody):
			log.Print(err)
			http.Error(w, "Please try again later.", http.StatusServiceUnavailable)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func currentPerson(r *http.Request) (people.Person, bool) {
	person, ok := r.Context().Value(personKey{}).(people.Person)
	return person, ok
}

// onlyPeople is the gate of the pages, for both logins.
func (a app) onlyPeople(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if _, ok := currentPerson(r); !ok {
			if _, err := a.auth.Check(r); errors.Is(err, authrocket.ErrUnavailable) {
				a.auth.Deny(w, r, err) // shows a page that reloads itself, because the visitor seems to be signed in
				return
			}
			a.show(w, r, http.StatusUnauthorized, "sign-in")
			return
		}
		next(w, r)
	}
}

func (a app) show(w http.ResponseWriter, r *http.Request, status int, name string) {
	person, isSignedIn := currentPerson(r)
	var body bytes.Buffer
	err := pages.ExecuteTemplate(&body, name, map[string]any{
		"Person": person, "IsSignedIn": isSignedIn, "IsRefused": status == http.StatusForbidden, "LoginPath": a.auth.LoginPath("/orders"),
	})
	if err != nil {
		http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	body.WriteTo(w)
}
