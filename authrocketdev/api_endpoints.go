package authrocketdev

import (
	"errors"
	"net/http"

	"github.com/authrocket-go/authrocket/authrockettest"
)

// endpoints are the calls of the API, by path and method.
var endpoints = map[string]map[string]endpoint{
	"/v2/login":            {http.MethodPost: (*Server).apiLogin},
	"/v2/login/verify":     {http.MethodPost: (*Server).apiVerifyLogin},
	"/v2/session":          {http.MethodGet: (*Server).apiSession, http.MethodDelete: (*Server).apiLogout},
	"/v2/password/forgot":  {http.MethodPost: (*Server).apiForgotPassword},
	"/v2/password/reset":   {http.MethodPost: (*Server).apiResetPassword},
	"/v2/profile":          {http.MethodPut: (*Server).apiUpdateProfile},
	"/v2/profile/password": {http.MethodPost: (*Server).apiUpdatePassword},
	"/v2/signup":           {http.MethodPost: (*Server).apiSignup},
	"/v2/signup/request":   {http.MethodPost: (*Server).apiRequestInvitation},
	"/v2/email/verify":     {http.MethodPost: (*Server).apiVerifyEmail},
}

// okay is the answer to a call that succeeded and returns nothing else.
var okay = struct {
	Result string `json:"result"`
}{"okay"}

// loginResult is the answer to a login. A conditional_login has Conditions and no
// login token. The app lets the user meet these conditions, on a hosted page or with
// another request, and then requests the session again.
type loginResult struct {
	Result     string   `json:"result"`
	Session    string   `json:"session,omitempty"`
	Account    *string  `json:"account"`
	Token      string   `json:"token,omitempty"` // for /v2/login/verify, if the login has no Session
	Conditions []string `json:"conditions,omitempty"`
}

const (
	conditionNoAccount = "no_account_selected"
	conditionNoName    = "must_complete_profile"
	conditionNoCode    = "second_factor_required"
)

// loginResult returns the answer to a login: a session, or the token of a login that
// waits for a code.
func (s *Server) loginResult(l login) (any, error) {
	if l.Pending != "" {
		return loginResult{Result: "conditional_login", Token: l.Pending, Conditions: []string{conditionNoCode}}, nil
	}
	return s.result(l.Session, "")
}

// result returns the result of a login that has started a session. It selects the
// requested account if the user is a member of it.
func (s *Server) result(session authrockettest.HostedSession, account string) (any, error) {
	user, err := s.realm.User(session.UserID)
	if err != nil {
		return nil, errNoSession
	}
	result := loginResult{Result: "full_login", Session: session.ID}
	picked, err := s.pickAccount(session, account)
	switch {
	case err == nil:
		result.Account = &picked
	case errors.Is(err, errNoAccount):
		result.Conditions = append(result.Conditions, conditionNoAccount)
	default:
		return nil, err
	}
	if !s.isNamed(user) {
		result.Conditions = append(result.Conditions, conditionNoName)
	}
	if len(result.Conditions) > 0 {
		result.Result = "conditional_login"
		return result, nil
	}
	if result.Token, err = s.realm.AccountToken(session.ID, picked); err != nil {
		return nil, errNoSession
	}
	return result, nil
}

// namedSession returns the session that the parameter session names.
func (s *Server) namedSession(p parameters) (authrockettest.HostedSession, error) {
	session, err := s.usableSession(p["session"])
	if err != nil {
		return session, errNoSession
	}
	return session, nil
}

func (s *Server) apiLogin(p parameters) (any, error) {
	l, err := s.logIn(p["email"], p["password"])
	if err != nil {
		return nil, err
	}
	return s.loginResult(l)
}

func (s *Server) apiVerifyLogin(p parameters) (any, error) {
	session, err := s.completeLogin(p["token"], p["code"])
	if err != nil {
		return nil, err
	}
	return s.result(session, "")
}

func (s *Server) apiSession(p parameters) (any, error) {
	session, err := s.namedSession(p)
	if err != nil {
		return nil, err
	}
	account := p["account"]
	if _, err := s.membershipIn(session.UserID, account); account != "" && err != nil {
		return nil, err
	}
	return s.result(session, account)
}

// apiLogout ends a session, even if its user may no longer log in.
func (s *Server) apiLogout(p parameters) (any, error) {
	session, err := s.realm.LookUpSession(p["session"])
	if err != nil {
		return nil, errNoSession
	}
	s.realm.EndSession(session.ID, authrockettest.EndedByLogout)
	return okay, nil
}

func (s *Server) apiForgotPassword(p parameters) (any, error) {
	s.forgotPassword(p["email"], nil)
	return okay, nil
}

func (s *Server) apiResetPassword(p parameters) (any, error) {
	confirmation, isConfirmed := p["password_confirmation"]
	l, err := s.resetPassword(p["token"], p["password"], confirmation, isConfirmed)
	if err != nil {
		return nil, err
	}
	return s.loginResult(l)
}

func (s *Server) apiUpdateProfile(p parameters) (any, error) {
	session, err := s.namedSession(p)
	if err != nil {
		return nil, err
	}
	_, err = s.updateProfile(session.UserID, profile{
		Email:     p.optional("email"),
		FirstName: p.optional("first_name"),
		LastName:  p.optional("last_name"),
		Username:  p.optional("username"),
		Locale:    p.optional("locale"),
	})
	if err != nil {
		return nil, err
	}
	return s.result(session, "")
}

func (s *Server) apiUpdatePassword(p parameters) (any, error) {
	session, err := s.namedSession(p)
	if err != nil {
		return nil, err
	}
	confirmation, isConfirmed := p["password_confirmation"]
	if err := s.changePassword(session, p["current_password"], p["password"], confirmation, isConfirmed); err != nil {
		return nil, err
	}
	return okay, nil
}

func (s *Server) apiSignup(p parameters) (any, error) {
	confirmation, isConfirmed := p["password_confirmation"]
	session, err := s.signUp(newUser{
		Email:        p["email"],
		Password:     p["password"],
		Confirmation: confirmation,
		IsConfirmed:  isConfirmed,
		FirstName:    p["first_name"],
		LastName:     p["last_name"],
		Username:     p["username"],
		Locale:       p["locale"],
		OrgName:      p["org_name"],
		Invitation:   p["invitation"],
	})
	if err != nil {
		return nil, err
	}
	return s.result(session, "")
}

func (s *Server) apiRequestInvitation(p parameters) (any, error) {
	if err := s.requestInvitation(p["email"]); err != nil {
		return nil, err
	}
	return okay, nil
}

func (s *Server) apiVerifyEmail(p parameters) (any, error) {
	if _, err := s.verifyEmail(p["token"]); err != nil {
		return nil, err
	}
	return okay, nil
}
