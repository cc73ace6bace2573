package authrocketdev

import (
	"errors"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/authrockettest"
)

// oneTimeLifetime is how long a link in a mail works.
const oneTimeLifetime = time.Hour

// errLogin is the same for a wrong password and for no user: it does not tell
// which emails have one.
var errLogin = invalid(textLoginFailed)

// logIn starts the login of a user who knows the password.
func (s *Server) logIn(name, password string) (login, error) {
	user, err := s.realm.UserByLogin(name)
	key := user.ID
	if err != nil {
		key = strings.ToLower(strings.TrimSpace(name))
		key = key[:min(len(key), maxEmailBytes)]
	}
	isSame, err := s.tryPassword(key, user, password)
	if err != nil {
		return login{}, err
	}
	if !isSame {
		return login{}, s.failLogin(user.ID)
	}
	return s.startLogin(user)
}

var errManyPasswords = invalid("Too many wrong passwords. Try again in a minute.")

// tryPassword compares a password, unless too many wrong ones were entered for
// key. An attempt counts before it is made: many at once are no way around.
func (s *Server) tryPassword(key string, user authrockettest.User, password string) (isSame bool, err error) {
	if left, _ := s.wrongLogins.add(key); left < 0 {
		return false, errManyPasswords
	}
	if !s.realm.CheckPassword(user.ID, password) {
		return false, nil
	}
	s.wrongLogins.undo(key)
	return true, nil
}

// newUser is what a person signs up with.
type newUser struct {
	Email, Password, Confirmation string
	IsConfirmed                   bool // Confirmation was sent
	FirstName, LastName, Username string
	Locale, OrgName, Invitation   string
}

// signUp makes a user and signs the user in.
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
		user.EmailVerification = authrocket.EmailVerified // the token came by mail
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

// createUser makes a user, and uses up the invitation, if there is one, only when
// that works. Two people who sign up at once cannot both use it.
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

// newOrg makes an org that the user owns. Without a name it is named after the
// user, whose name may be longer than an org's.
func (s *Server) newOrg(user authrockettest.User, name string) (authrockettest.Org, error) {
	name = strings.TrimSpace(name)
	if name == "" {
		runes := []rune(user.Name)
		name = string(runes[:min(len(runes), maxNameLength)])
	} else if problems := checkName(nil, "Account name", name); len(problems) > 0 {
		return authrockettest.Org{}, invalid(problems...)
	}
	if len(s.realm.MembershipsOf(user.ID)) >= maxMemberships {
		return authrockettest.Org{}, invalid("You have as many accounts as a user may have.")
	}
	org, err := s.realm.CreateOrg(authrockettest.Org{Name: name})
	if err != nil {
		return authrockettest.Org{}, err
	}
	_, err = s.realm.CreateMembership(user.ID, org.ID, permissionOwner)
	return org, err
}

// maxMemberships is how many accounts a user may make.
const maxMemberships = 100

// requestEmailVerification sends a link to verify the email of a user.
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

// verifyEmail uses up a token that came by mail.
func (s *Server) verifyEmail(token string) (authrockettest.User, error) {
	errToken := invalid("This link has been used, or it is too old.")
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
		return authrockettest.User{}, errToken // the email has changed since
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
		// What was sent to the old address is for the user no longer.
		s.realm.DropOneTimes(user.ID, authrockettest.OneTimePassword)
	}
	s.realm.Emit(authrockettest.Event{Type: "user.email.verified", UserID: user.ID})
	return user, nil
}

// takeOneTime uses up a token of one of the kinds. Another one is left as it is.
func (s *Server) takeOneTime(token string, kinds ...authrockettest.OneTimeKind) (authrockettest.OneTime, error) {
	if o, err := s.realm.OneTime(token); err != nil || !slices.Contains(kinds, o.Kind) {
		return o, authrockettest.ErrNotFound
	}
	return s.realm.TakeOneTime(token)
}

// requestEmailChange has the user verify an email that takes the place of the
// old one then.
func (s *Server) requestEmailChange(user authrockettest.User, email string) (authrockettest.OneTime, error) {
	if _, err := s.realm.UpdateUser(user.ID, func(u *authrockettest.User) { u.EmailPending = email }); err != nil {
		return authrockettest.OneTime{}, err
	}
	o := s.realm.NewOneTime(authrockettest.OneTimeUpdateEmail, user.ID, email, oneTimeLifetime)
	s.realm.Emit(authrockettest.Event{Type: "user.email.updating", UserID: user.ID, Token: o.Token})
	s.sendVerification(email, o.Token)
	return o, nil
}

// forgotPassword sends a link to set a new password. Whoever asks is not told
// whether there is such a user. back is carried along in the link.
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
		Text:    "Follow the link to set a new password. Whoever did not ask for it can ignore this mail.",
		Link:    s.origin + "/password/reset?" + query.Encode(),
	})
}

// newPasswordToken makes a token for resetPassword.
func (s *Server) newPasswordToken(user authrockettest.User) authrockettest.OneTime {
	o := s.realm.NewOneTime(authrockettest.OneTimePassword, user.ID, "", oneTimeLifetime)
	s.realm.Emit(authrockettest.Event{Type: "user.password.resetting", UserID: user.ID, Token: o.Token})
	return o
}

// resetPassword uses up a token that came by mail, ends the user's sessions and
// starts a login, which still needs the code of a second factor.
func (s *Server) resetPassword(token, password, confirmation string, isConfirmed bool) (login, error) {
	errToken := invalid("This link has been used, or it is too old.")
	if o, err := s.realm.OneTime(token); err != nil || o.Kind != authrockettest.OneTimePassword {
		return login{}, errToken
	}
	// What can be mended does not use the token up.
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

// setPassword also ends what somebody who knew the old password may have
// started: another link to set one, or a change of the email.
func (s *Server) setPassword(user authrockettest.User, password string) error {
	if err := s.realm.SetPassword(user.ID, password); err != nil {
		return err
	}
	s.dropEmailChange(user.ID)
	s.realm.DropOneTimes(user.ID, authrockettest.OneTimePassword, authrockettest.OneTimeLogin)
	s.realm.Emit(authrockettest.Event{Type: "user.password.updated", UserID: user.ID})
	return nil
}

// dropEmailChange ends a change of the email that is not verified yet.
func (s *Server) dropEmailChange(userID string) {
	s.realm.DropOneTimes(userID, authrockettest.OneTimeUpdateEmail)
	if user, err := s.realm.User(userID); err == nil && user.EmailPending != "" {
		s.realm.UpdateUser(userID, func(u *authrockettest.User) { u.EmailPending = "" })
	}
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

// replacePassword sets a new password for a user who knows the current one.
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

// profile is what a user may change; nil leaves a field as it is.
type profile struct {
	Email, FirstName, LastName, Username, Locale *string
}

// updateProfile changes a user. A new email takes the place of the old one when
// it is verified.
func (s *Server) updateProfile(userID string, p profile) (authrockettest.User, error) {
	user, err := s.realm.User(userID)
	if err != nil {
		return user, err
	}
	value := func(p *string) string {
		if p == nil {
			return ""
		}
		return strings.TrimSpace(*p)
	}
	var problems []string
	problems = checkName(problems, "First name", value(p.FirstName))
	problems = checkName(problems, "Last name", value(p.LastName))
	problems = checkUsername(problems, value(p.Username))
	problems = checkLocale(problems, value(p.Locale))
	email, isEmail := normalEmail(value(p.Email))
	if p.Email != nil && !isEmail {
		problems = append(problems, "Email is not an email address.")
	}
	if len(problems) > 0 {
		return user, invalid(problems...)
	}
	if isEmail && email != user.Email {
		if other, err := s.realm.UserByLogin(email); err == nil && other.ID != user.ID {
			return user, authrockettest.ErrEmailTaken
		}
	}
	user, err = s.realm.UpdateUser(userID, func(u *authrockettest.User) {
		set := func(field, p *string) {
			if p != nil {
				*field = value(p)
			}
		}
		set(&u.FirstName, p.FirstName)
		set(&u.LastName, p.LastName)
		set(&u.Username, p.Username)
		set(&u.Locale, p.Locale)
		if p.FirstName != nil || p.LastName != nil {
			u.Name = "" // made of the two again
		}
	})
	if err != nil {
		return user, err
	}
	switch {
	case isEmail && email != user.Email:
		_, err = s.requestEmailChange(user, email)
	case isEmail:
		s.dropEmailChange(user.ID)
	}
	if err != nil {
		return user, err
	}
	s.realm.Emit(authrockettest.Event{Type: "user.profile.updated", UserID: user.ID})
	return s.realm.User(userID)
}

// isNamed reports whether the profile has all that the realm asks for.
func (s *Server) isNamed(user authrockettest.User) bool {
	return !s.realm.Settings().RequireName || user.FirstName != "" || user.LastName != ""
}

var errNoAccount = errors.New("no account is selected")

// pickAccount returns the account of a session: the requested one, else the one
// that was picked on a page, else the only one; in single-user mode the first,
// which is made if there is none. errNoAccount says that the user has to pick.
func (s *Server) pickAccount(session authrockettest.HostedSession, requested string) (orgID string, err error) {
	memberships, orgMode := s.realm.MembershipsOf(session.UserID), s.realm.Settings().OrgMode
	picked := ""
	for _, m := range memberships {
		if m.OrgID == requested || picked == "" && m.OrgID == session.OrgID {
			picked = m.OrgID
		}
	}
	switch {
	case picked != "":
	case len(memberships) == 1, len(memberships) > 1 && orgMode == authrockettest.SingleUser:
		picked = memberships[0].OrgID
	case orgMode == authrockettest.MultiUser:
		return "", errNoAccount
	default:
		user, err := s.realm.User(session.UserID)
		if err != nil {
			return "", err
		}
		org, err := s.newOrg(user, "")
		if err != nil {
			return "", err
		}
		picked = org.ID
	}
	return picked, nil
}
