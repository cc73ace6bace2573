package authrocketdev

import (
	"net/url"

	"github.com/authrocket-go/authrocket/authrockettest"
)

// forgotPassword sends a link to set a new password. It returns nothing, so callers
// cannot reveal whether the user exists. The parameters in back are added to the
// link.
func (s *Server) forgotPassword(login string, back url.Values) {
	user, err := s.realm.UserByLogin(login)
	if err != nil || user.State != authrockettest.UserActive {
		return
	}
	query := url.Values{"token": {s.newPasswordToken(user).Token}}
	for name, values := range back {
		query[name] = values
	}
	s.outbox.send(Mail{
		To:      user.Email,
		Subject: "Set a new password",
		Text:    "Follow the link to set a new password. If you did not request this, you can ignore this email.",
		Link:    s.origin + "/password/reset?" + query.Encode(),
	})
}

// newPasswordToken creates a token for resetPassword.
func (s *Server) newPasswordToken(user authrockettest.User) authrockettest.OneTime {
	o := s.realm.NewOneTime(authrockettest.OneTimePassword, user.ID, "", oneTimeLifetime)
	s.realm.Emit(authrockettest.Event{Type: "user.password.resetting", UserID: user.ID, Token: o.Token})
	return o
}

// resetPassword redeems a token from an email, ends the user's sessions and starts a
// login. If the user has a second factor, the login still needs a code.
func (s *Server) resetPassword(token, password, confirmation string, isConfirmed bool) (login, error) {
	errToken := invalid("This link has been used or has expired.")
	if o, err := s.realm.OneTime(token); err != nil || o.Kind != authrockettest.OneTimePassword {
		return login{}, errToken
	}
	// Mistakes that the user can correct do not use up the token.
	if problems := s.checkNewPassword(password, confirmation, isConfirmed); len(problems) > 0 {
		return login{}, invalid(problems...)
	}
	o, err := s.takeOneTime(token, authrockettest.OneTimePassword)
	if err != nil {
		return login{}, errToken
	}
	user, err := s.realm.User(o.UserID)
	if err != nil || user.State != authrockettest.UserActive {
		return login{}, errToken
	}
	if err := s.setPassword(user, password); err != nil {
		return login{}, err
	}
	s.realm.EndSessionsOf(user.ID, "", authrockettest.EndedByPassword)
	return s.startLogin(user)
}

// setPassword sets a new password. It also cancels changes that somebody with the old
// password may have started: another link to set a password, or a change of the email
// address.
func (s *Server) setPassword(user authrockettest.User, password string) error {
	if err := s.realm.SetPassword(user.ID, password); err != nil {
		return err
	}
	s.dropEmailChange(user.ID)
	s.realm.DropOneTimes(user.ID, authrockettest.OneTimePassword, authrockettest.OneTimeLogin)
	s.realm.Emit(authrockettest.Event{Type: "user.password.updated", UserID: user.ID})
	return nil
}

// changePassword sets a new password and ends the user's other sessions.
func (s *Server) changePassword(session authrockettest.HostedSession, current, password, confirmation string, isConfirmed bool) error {
	user, err := s.realm.User(session.UserID)
	if err != nil {
		return err
	}
	if err := s.replacePassword(user, current, password, confirmation, isConfirmed); err != nil {
		return err
	}
	s.realm.EndSessionsOf(user.ID, session.ID, authrockettest.EndedByPassword)
	return nil
}

// replacePassword sets a new password for a user who knows the current password.
func (s *Server) replacePassword(user authrockettest.User, current, password, confirmation string, isConfirmed bool) error {
	isSame, err := s.tryPassword(user.ID, user, current)
	if err != nil {
		return err
	}
	if !isSame {
		return invalid(textWrongPassword)
	}
	if problems := s.checkNewPassword(password, confirmation, isConfirmed); len(problems) > 0 {
		return invalid(problems...)
	}
	return s.setPassword(user, password)
}
