package authrocketdev

import (
	"net/http"

	"github.com/authrocket-go/authrocket/authrockettest"
)

// showSignup shows what the visitor can do: sign up, accept an invitation, or request
// an invitation.
func (s *Server) showSignup(w http.ResponseWriter, r *http.Request, f flow) error {
	i, isInvited := s.invitation(f.Invitation)
	if f.Invitation != "" && !isInvited {
		return errInvitation
	}
	if session, ok := s.session(r); ok {
		if i.OrgID == "" {
			f.Invitation = ""
			return s.finish(w, r, session, f)
		}
		return s.renderAccept(w, r, f, session, i)
	}
	switch {
	case isInvited || s.realm.Settings().Signup == authrockettest.SignupOpen:
		return s.renderSignup(w, r, f, newUser{Email: i.Email, Invitation: f.Invitation}, nil)
	case s.realm.Settings().Signup == authrockettest.SignupInvitation:
		return s.renderInvitationRequest(w, r, f, "", nil)
	}
	return s.render(w, r, f, http.StatusOK, "closed", view{Title: "Signups are closed"})
}

func (s *Server) renderSignup(w http.ResponseWriter, r *http.Request, f flow, n newUser, err error) error {
	org := ""
	if i, ok := s.invitation(f.Invitation); ok && i.OrgID != "" {
		if o, err := s.realm.Org(i.OrgID); err == nil {
			org = o.Name
		}
	}
	return s.render(w, r, f, statusOf(err), "signup", formView("Sign up", err, struct {
		newUser
		Joins      string // the name of the org of the invitation
		AsksForOrg bool
	}{n, org, org == "" && s.realm.Settings().OrgMode == authrockettest.MultiUser}))
}

func (s *Server) submitSignup(w http.ResponseWriter, r *http.Request, f flow) error {
	n := newUser{
		Email:      r.PostForm.Get("email"),
		Password:   r.PostForm.Get("password"),
		FirstName:  r.PostForm.Get("first_name"),
		LastName:   r.PostForm.Get("last_name"),
		OrgName:    r.PostForm.Get("org_name"),
		Invitation: f.Invitation,
	}
	session, err := s.signUp(n)
	if err != nil {
		return s.renderSignup(w, r, f, n, err)
	}
	s.keepSession(w, session)
	f.Invitation = ""
	return s.finish(w, r, session, f)
}

func (s *Server) renderAccept(w http.ResponseWriter, r *http.Request, f flow, session authrockettest.HostedSession, i authrockettest.Invitation) error {
	user, err := s.realm.User(session.UserID)
	if err != nil {
		return errNoSession
	}
	org, err := s.realm.Org(i.OrgID)
	if err != nil {
		return errInvitation
	}
	return s.render(w, r, f, http.StatusOK, "accept", view{Title: "Join " + org.Name + "?", Page: struct {
		Org   authrockettest.Org
		User  authrockettest.User
		Other string
	}{org, user, f.asSomebodyElse("/signup")}})
}

func (s *Server) submitAccept(w http.ResponseWriter, r *http.Request, f flow) error {
	session, _, ok := s.signedIn(w, r, f, "/signup")
	if !ok {
		return nil
	}
	session, err := s.acceptInvitation(session, f.Invitation)
	if err != nil {
		return err
	}
	f.Invitation = ""
	return s.finish(w, r, session, f)
}

func (s *Server) renderInvitationRequest(w http.ResponseWriter, r *http.Request, f flow, email string, err error) error {
	return s.render(w, r, f, statusOf(err), "request", formView("Request an invitation", err, email))
}

func (s *Server) submitInvitationRequest(w http.ResponseWriter, r *http.Request, f flow) error {
	email := r.PostForm.Get("email")
	if err := s.requestInvitation(email); err != nil {
		return s.renderInvitationRequest(w, r, f, email, err)
	}
	return s.render(w, r, f, http.StatusOK, "done", view{Title: "Thank you", Page: "We will send you an email with your invitation."})
}
