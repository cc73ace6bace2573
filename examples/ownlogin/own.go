package main

import (
	"errors"
	"log"
	"net/http"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/examples/ownlogin/people"
)

// This file contains the app's own login. A real app must also limit how often a visitor
// can try passwords.

func (a app) cookieName() string {
	if a.isHTTPS {
		return "__Host-own"
	}
	return "own"
}

func (a app) setCookie(w http.ResponseWriter, value string, maxAge int) {
	http.SetCookie(w, &http.Cookie{
		Name: a.cookieName(), Value: value, Path: "/", MaxAge: maxAge, Secure: a.isHTTPS, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
}

func (a app) signIn(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 10_000)
	person, err := a.people.CheckPassword(r.Context(), r.PostFormValue("email"), r.PostFormValue("password"))
	if errors.Is(err, people.ErrNobody) {
		a.show(w, r, http.StatusForbidden, "sign-in")
		return
	}
	var token string
	if err == nil {
		err = a.endOwnSession(w, r)
	}
	if err == nil {
		token, err = a.people.StartSession(r.Context(), person.ID)
	}
	if err != nil {
		log.Print(err)
		http.Error(w, "Please try again later.", http.StatusServiceUnavailable)
		return
	}
	a.setCookie(w, token, int(people.SessionLifetime.Seconds()))
	http.Redirect(w, r, "/orders", http.StatusSeeOther)
}

// signOut ends both logins: the app's own login here, and the AuthRocket login at the
// page to which it redirects the browser.
func (a app) signOut(w http.ResponseWriter, r *http.Request) {
	if err := a.endOwnSession(w, r); err != nil {
		log.Print(err)
		http.Error(w, "Please try again later.", http.StatusServiceUnavailable)
		return
	}
	if _, ok := authrocket.CurrentSession(r.Context()); ok {
		http.Redirect(w, r, a.auth.LogoutPath("/"), http.StatusTemporaryRedirect) // stays a POST
		return
	}
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// endOwnSession ends the session of the app's own cookie, if there is one.
func (a app) endOwnSession(w http.ResponseWriter, r *http.Request) error {
	cookie, err := r.Cookie(a.cookieName())
	if err != nil {
		return nil
	}
	a.setCookie(w, "", -1)
	return a.people.EndSession(r.Context(), cookie.Value)
}
