package authrocketdev

import (
	"net/http"
	"net/url"

	"github.com/authrocket-go/authrocket/authrockettest"
)

// showLogin shows the login form. If the browser is already signed in, the flow
// continues at once, unless prompt=login was sent.
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
		Email     string
		SignsUp   bool
		App       string
		DemoUsers []authrockettest.User
	}{email, s.realm.Settings().Signup != authrockettest.SignupClosed || f.Invitation != "", s.appOf(f), s.demoUsers()}))
}

// appOf returns the host of the app to which a login leads, or "" if there is none.
func (s *Server) appOf(f flow) string {
	target, _ := s.realm.RedirectURI(f.RedirectURI)
	u, err := url.Parse(target)
	if err != nil {
		return ""
	}
	return u.Host
}

// maxDemoUsers is the maximum number of users that the login page lists.
const maxDemoUsers = 10

// demoUsers returns the users with known passwords, if the page may show them.
func (s *Server) demoUsers() []authrockettest.User {
	if !s.config.ShowDemoUsers {
		return nil
	}
	var users []authrockettest.User
	for _, user := range s.realm.Users() {
		if user.Password != "" && user.State == authrockettest.UserActive && len(users) < maxDemoUsers {
			users = append(users, user)
		}
	}
	return users
}

func (s *Server) submitLogin(w http.ResponseWriter, r *http.Request, f flow) error {
	email := r.PostForm.Get("email")
	l, err := s.logIn(email, r.PostForm.Get("password"))
	if err != nil {
		return s.renderLogin(w, r, f, email, err)
	}
	return s.goOn(w, r, f, l)
}

// goOn signs the browser in, or asks for the code that the login needs.
func (s *Server) goOn(w http.ResponseWriter, r *http.Request, f flow, l login) error {
	if l.Pending != "" {
		return s.renderCode(w, r, f, l.Pending, nil)
	}
	s.keepSession(w, l.Session)
	return s.finish(w, r, l.Session, f)
}

func (s *Server) renderCode(w http.ResponseWriter, r *http.Request, f flow, token string, err error) error {
	if _, expired := s.realm.OneTime(token); expired != nil {
		return s.renderLogin(w, r, f, "", err)
	}
	return s.render(w, r, f, statusOf(err), "code", formView("Enter your code", err, token))
}

func (s *Server) submitCode(w http.ResponseWriter, r *http.Request, f flow) error {
	token := r.PostForm.Get("token")
	session, err := s.completeLogin(token, r.PostForm.Get("code"))
	if err != nil {
		return s.renderCode(w, r, f, token, err)
	}
	return s.goOn(w, r, f, login{UserID: session.UserID, Session: session})
}

// submitReturn leads from the profile or account page back to the app, with a new
// token.
func (s *Server) submitReturn(w http.ResponseWriter, r *http.Request, f flow) error {
	session, _, ok := s.signedIn(w, r, f, "")
	if !ok {
		return nil
	}
	return s.finish(w, r, session, f)
}
