package authrocketdev

import (
	"strings"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/authrockettest"
)

// newUser is the input of a signup.
type newUser struct {
	Email, Password, Confirmation string
	IsConfirmed                   bool // Confirmation was sent
	FirstName, LastName, Username string
	Locale, OrgName, Invitation   string
}

// signUp creates a user and signs the user in.
func (s *Server) signUp(n newUser) (authrockettest.HostedSession, error) {
	invited, isInvited := s.invitation(n.Invitation)
	signup := s.realm.Settings().Signup
	switch {
	case n.Invitation != "" && !isInvited:
		return authrockettest.HostedSession{}, errInvitation
	case !isInvited && signup == authrockettest.SignupClosed:
		return authrockettest.HostedSession{}, errSignupClosed
	case !isInvited && signup == authrockettest.SignupInvitation:
		return authrockettest.HostedSession{}, errNotInvited
	}
	for _, field := range []*string{&n.FirstName, &n.LastName, &n.Username, &n.OrgName} {
		*field = strings.TrimSpace(*field)
	}
	email, ok := normalEmail(n.Email)
	var problems []string
	if !ok {
		problems = append(problems, "Email is not an email address.")
	}
	problems = append(problems, s.checkNewPassword(n.Password, n.Confirmation, n.IsConfirmed)...)
	problems = checkName(problems, "First name", n.FirstName)
	problems = checkName(problems, "Last name", n.LastName)
	problems = checkName(problems, "Account name", n.OrgName)
	problems = checkUsername(problems, n.Username)
	problems = checkLocale(problems, n.Locale)
	if len(problems) > 0 {
		return authrockettest.HostedSession{}, invalid(problems...)
	}
	if s.realm.UserCount() >= s.maxUsers {
		return authrockettest.HostedSession{}, invalid("This local realm is full. Restart it.")
	}
	user := authrockettest.User{
		Email: email, Username: n.Username, FirstName: n.FirstName, LastName: n.LastName,
		Locale: n.Locale, EmailVerification: authrocket.EmailNotVerified,
	}
	if isInvited && invited.Email == email {
		user.EmailVerification = authrocket.EmailVerified // the token was in an email
	}
	user, err := s.createUser(user, n.Invitation)
	if err != nil {
		return authrockettest.HostedSession{}, err
	}
	if err := s.realm.SetPassword(user.ID, n.Password); err != nil {
		return authrockettest.HostedSession{}, err
	}
	if user.EmailVerification != authrocket.EmailVerified {
		s.requestEmailVerification(user)
	}
	session, err := s.openSession(user.ID)
	if err != nil {
		return authrockettest.HostedSession{}, err
	}
	if isInvited && invited.OrgID != "" {
		return s.join(session, invited)
	}
	if _, err := s.newOrg(user, n.OrgName); err != nil {
		return authrockettest.HostedSession{}, err
	}
	return session, nil
}

// createUser creates a user and, if that succeeds, uses up the invitation. Two people
// who sign up at the same time cannot both use the same invitation.
func (s *Server) createUser(user authrockettest.User, token string) (authrockettest.User, error) {
	if token == "" {
		return s.realm.CreateUser(user)
	}
	s.changes.Lock()
	defer s.changes.Unlock()
	if _, ok := s.invitation(token); !ok {
		return user, errInvitation
	}
	user, err := s.realm.CreateUser(user)
	if err == nil {
		_, err = s.realm.TakeInvitation(token, user.ID)
	}
	return user, err
}
