package authrocketdev

import (
	"net/http"

	"github.com/authrocket-go/authrocket/authrockettest"
)

// showLogin shows the form, or goes on at once when the browser is signed in.
func (s *Server) showLogin(w http.ResponseWriter, r *http.Request, f flow) error {
	if session, ok := s.session(r); ok && f.Prompt != "login" {
		return s.finish(w, r, session, f)
	}
	email := ""
	if i, ok := s.invitation(f.Invitation); ok {
		email = i.Email
	}
	return s.renderLogin(w, r, f, email, nil)
}

func (s *Server) renderLogin(w http.ResponseWriter, r *http.Request, f flow, email string, err error) error {
	return s.render(w, r, f, statusOf(err), "login", formView("Log in", err, struct {
		Email   string
		SignsUp bool
	}{email, s.realm.Settings().Signup != authrockettest.SignupClosed || f.Invitation != ""}))
}

func (s *Server) submitLogin(w http.ResponseWriter, r *http.Request, f flow) error {
	email := r.PostForm.Get("email")
	session, err := s.logIn(email, r.PostForm.Get("password"))
	if err != nil {
		return s.renderLogin(w, r, f, email, err)
	}
	s.keepSession(w, session)
	return s.finish(w, r, session, f)
}

// submitReturn goes back to the app with a new token, from a page of one's own.
func (s *Server) submitReturn(w http.ResponseWriter, r *http.Request, f flow) error {
	session, _, ok := s.signedIn(w, r, f, "")
	if !ok {
		return nil
	}
	return s.finish(w, r, session, f)
}
