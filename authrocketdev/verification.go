package authrocketdev

import (
	"slices"
	"time"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/authrockettest"
)

// oneTimeLifetime is how long a link in an email is valid.
const oneTimeLifetime = time.Hour

// requestEmailVerification sends a link to verify the email address of a user.
func (s *Server) requestEmailVerification(user authrockettest.User) authrockettest.OneTime {
	o := s.realm.NewOneTime(authrockettest.OneTimeVerifyEmail, user.ID, user.Email, oneTimeLifetime)
	s.realm.UpdateUser(user.ID, func(u *authrockettest.User) { u.VerificationRequested = true })
	s.realm.Emit(authrockettest.Event{Type: "user.email.verifying", UserID: user.ID, Token: o.Token})
	s.sendVerification(user.Email, o.Token)
	return o
}

func (s *Server) sendVerification(email, token string) {
	s.outbox.send(Mail{
		To:      email,
		Subject: "Verify your email address",
		Text:    "Follow the link to verify that this address is yours.",
		Link:    s.link("/email/verify", "token", token),
	})
}

// verifyEmail redeems a token from an email.
func (s *Server) verifyEmail(token string) (authrockettest.User, error) {
	errToken := invalid("This link has been used or has expired.")
	o, err := s.takeOneTime(token, authrockettest.OneTimeVerifyEmail, authrockettest.OneTimeUpdateEmail)
	if err != nil {
		return authrockettest.User{}, errToken
	}
	user, err := s.realm.User(o.UserID)
	expected := user.Email
	if o.Kind == authrockettest.OneTimeUpdateEmail {
		expected = user.EmailPending
	}
	if err != nil || o.Email != expected {
		return authrockettest.User{}, errToken // the email address has changed in the meantime
	}
	user, err = s.realm.UpdateUser(user.ID, func(u *authrockettest.User) {
		u.Email, u.EmailVerification, u.VerificationRequested = o.Email, authrocket.EmailVerified, false
		if o.Kind == authrockettest.OneTimeUpdateEmail {
			u.EmailPending = ""
		}
	})
	if err != nil {
		return user, err
	}
	if o.Kind == authrockettest.OneTimeUpdateEmail {
		// Links that were sent to the old address must no longer work for the user.
		s.realm.DropOneTimes(user.ID, authrockettest.OneTimePassword)
	}
	s.realm.Emit(authrockettest.Event{Type: "user.email.verified", UserID: user.ID})
	return user, nil
}

// takeOneTime redeems a token if its kind is one of kinds. It leaves other tokens
// unchanged.
func (s *Server) takeOneTime(token string, kinds ...authrockettest.OneTimeKind) (authrockettest.OneTime, error) {
	if o, err := s.realm.OneTime(token); err != nil || !slices.Contains(kinds, o.Kind) {
		return o, authrockettest.ErrNotFound
	}
	return s.realm.TakeOneTime(token)
}

// requestEmailChange asks the user to verify a new email address, which then replaces
// the old address.
func (s *Server) requestEmailChange(user authrockettest.User, email string) (authrockettest.OneTime, error) {
	if _, err := s.realm.UpdateUser(user.ID, func(u *authrockettest.User) { u.EmailPending = email }); err != nil {
		return authrockettest.OneTime{}, err
	}
	o := s.realm.NewOneTime(authrockettest.OneTimeUpdateEmail, user.ID, email, oneTimeLifetime)
	s.realm.Emit(authrockettest.Event{Type: "user.email.updating", UserID: user.ID, Token: o.Token})
	s.sendVerification(email, o.Token)
	return o, nil
}

// dropEmailChange cancels a change of the email address that is not verified yet.
func (s *Server) dropEmailChange(userID string) {
	s.realm.DropOneTimes(userID, authrockettest.OneTimeUpdateEmail)
	if user, err := s.realm.User(userID); err == nil && user.EmailPending != "" {
		s.realm.UpdateUser(userID, func(u *authrockettest.User) { u.EmailPending = "" })
	}
}
