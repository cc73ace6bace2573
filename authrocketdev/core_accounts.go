package authrocketdev

import (
	"net/http"

	"github.com/authrocket-go/authrocket/authrockettest"
)

// accountEndpoints are calls for what users do themselves, such as signing in or
// changing their own password.
var accountEndpoints = map[string]map[string]coreEndpoint{
	"users/authenticate_token":              {http.MethodPost: authenticateToken},
	"users/reset_password_with_token":       {http.MethodPost: resetPasswordWithToken},
	"users/verify_email":                    {http.MethodPost: verifyEmail},
	"users/{id}/authenticate":               {http.MethodPost: authenticate},
	"users/{id}/generate_password_token":    {http.MethodPost: generatePasswordToken},
	"users/{id}/request_email_verification": {http.MethodPost: requestEmailVerification},
	"users/{id}/update_password":            {http.MethodPut: updatePassword},
	"users/{id}/profile":                    {http.MethodPut: updateProfile},
	"users/{id}/accept_invitation":          {http.MethodPost: acceptInvitation},
}

// tokenJSON is a token that can be used once.
type tokenJSON struct {
	Object string `json:"object"`
	Token  string `json:"token"`
	UserID string `json:"user_id"`
}

// fields reads attributes of a user. All of them are required and must be strings.
func (c *coreCall) fields(names ...string) (map[string]string, error) {
	attributes := c.body.root("user", names...)
	fields := make(map[string]string)
	for _, name := range names {
		if text := attributes.text(name); text != nil {
			fields[name] = *text
		}
	}
	return fields, c.body.err(attributes)
}

// showLogin returns the session of a login, or the token of a login that waits for a
// code.
func (c *coreCall) showLogin(l login) (coreAnswer, error) {
	if l.Pending != "" {
		return createdAs(tokenJSON{"token", l.Pending, l.UserID}), nil
	}
	return c.showNewSession(l.Session)
}

func authenticate(c *coreCall) (coreAnswer, error) {
	sent, err := c.fields("password")
	if err != nil {
		return coreAnswer{}, err
	}
	user, err := c.user()
	if err != nil {
		return coreAnswer{}, err
	}
	l, err := c.server.logIn(user.ID, sent["password"])
	if err != nil {
		return coreAnswer{}, err
	}
	return c.showLogin(l)
}

func authenticateToken(c *coreCall) (coreAnswer, error) {
	sent, err := c.fields("token", "code")
	if err != nil {
		return coreAnswer{}, err
	}
	session, err := c.server.completeLogin(sent["token"], sent["code"])
	if err != nil {
		return coreAnswer{}, err
	}
	return c.showNewSession(session)
}

func generatePasswordToken(c *coreCall) (coreAnswer, error) {
	if _, err := c.fields(); err != nil {
		return coreAnswer{}, err
	}
	user, err := c.user()
	if err != nil {
		return coreAnswer{}, err
	}
	return createdAs(tokenJSON{"token", c.server.newPasswordToken(user).Token, user.ID}), nil
}

func resetPasswordWithToken(c *coreCall) (coreAnswer, error) {
	attributes := c.body.root("user", "token", "password")
	token, password, confirmation := attributes.text("token"), attributes.text("password"), attributes.text("password_confirmation")
	if err := c.body.err(attributes); err != nil {
		return coreAnswer{}, err
	}
	given := ""
	set(&given, confirmation)
	l, err := c.server.resetPassword(*token, *password, given, confirmation != nil)
	if err != nil {
		return coreAnswer{}, err
	}
	return c.showLogin(l)
}

// requestEmailVerification creates a token that verifies the email address of a user,
// or the new address that will replace it.
func requestEmailVerification(c *coreCall) (coreAnswer, error) {
	if _, err := c.fields(); err != nil {
		return coreAnswer{}, err
	}
	user, err := c.user()
	if err != nil {
		return coreAnswer{}, err
	}
	if user.EmailPending == "" {
		return createdAs(tokenJSON{"token", c.server.requestEmailVerification(user).Token, user.ID}), nil
	}
	o, err := c.server.requestEmailChange(user, user.EmailPending)
	return createdAs(tokenJSON{"token", o.Token, user.ID}), err
}

func verifyEmail(c *coreCall) (coreAnswer, error) {
	sent, err := c.fields("token")
	if err != nil {
		return coreAnswer{}, err
	}
	user, err := c.server.verifyEmail(sent["token"])
	if err != nil {
		return coreAnswer{}, err
	}
	return okayWith(c.showUser(c.realm.View, user)), nil
}

func updatePassword(c *coreCall) (coreAnswer, error) {
	attributes := c.body.root("user", "current_password", "password")
	current, password := attributes.text("current_password"), attributes.text("password")
	confirmation := attributes.text("password_confirmation")
	keep := attributes.keepSessions()
	if err := c.body.err(attributes); err != nil {
		return coreAnswer{}, err
	}
	user, err := c.user()
	if err != nil {
		return coreAnswer{}, err
	}
	given := ""
	set(&given, confirmation)
	if err := c.server.replacePassword(user, *current, *password, given, confirmation != nil); err != nil {
		return coreAnswer{}, err
	}
	return c.afterPasswordChange(user, keep)
}

// keepSessions reports whether the sessions of users who change their own password
// stay active. The attribute keep_sessions is "all" (the default) or "none".
func (o object) keepSessions() (keep bool) {
	value := o.oneOf("keep_sessions", "all", "none")
	return value == nil || *value == "all"
}

func (c *coreCall) afterPasswordChange(user authrockettest.User, keep bool) (coreAnswer, error) {
	if !keep {
		c.realm.EndSessionsOf(user.ID, "", authrockettest.EndedByPassword)
	}
	user, err := c.realm.User(user.ID)
	if err != nil {
		return coreAnswer{}, err
	}
	return okayWith(c.showUser(c.realm.View, user)), nil
}

func updateProfile(c *coreCall) (coreAnswer, error) {
	attributes := c.body.root("user")
	p := profile{
		Email: attributes.text("email"), FirstName: attributes.text("first_name"), LastName: attributes.text("last_name"),
		Username: attributes.text("username"), Locale: attributes.text("locale"),
	}
	password, keep := c.newPassword(attributes), attributes.keepSessions()
	if err := c.body.err(attributes); err != nil {
		return coreAnswer{}, err
	}
	user, err := c.user()
	if err != nil {
		return coreAnswer{}, err
	}
	// Setting a new password ends a pending change of the email address, so the
	// password is set first.
	if password != "" {
		if err := c.server.setPassword(user, password); err != nil {
			return coreAnswer{}, err
		}
	}
	if user, err = c.server.updateProfile(user.ID, p); err != nil {
		return coreAnswer{}, err
	}
	return c.afterPasswordChange(user, keep || password == "")
}

func acceptInvitation(c *coreCall) (coreAnswer, error) {
	sent, err := c.fields("token")
	if err != nil {
		return coreAnswer{}, err
	}
	user, err := c.user()
	if err != nil {
		return coreAnswer{}, err
	}
	if err := c.server.acceptFor(user.ID, sent["token"]); err != nil {
		return coreAnswer{}, err
	}
	return okayWith(c.showUser(c.realm.View, user)), nil
}
