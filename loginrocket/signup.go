package loginrocket

import (
	"context"

	"github.com/authrocket-go/authrocket/coreapi"
)

// NewSignup describes a user who signs up. Zero fields are not sent.
type NewSignup struct {
	Email      string
	Password   coreapi.Secret
	FirstName  string
	LastName   string
	Username   string
	Locale     string
	OrgName    string         // the name of a new org, which the user will own
	Invitation coreapi.Secret // the token of an invitation
	Extra      map[string]any // further parameters, sent unchanged
}

// Signup creates a user and logs the user in, if the realm permits signups. The call is
// never repeated. After [ErrUnavailable], the user may already exist.
func (c *Client) Signup(ctx context.Context, signup NewSignup) (Result, error) {
	return c.login(ctx, post("/signup", struct {
		Email        string         `json:"email"`
		Password     coreapi.Secret `json:"password"`
		Confirmation coreapi.Secret `json:"password_confirmation"`
		FirstName    string         `json:"first_name"`
		LastName     string         `json:"last_name"`
		Username     string         `json:"username"`
		Locale       string         `json:"locale"`
		OrgName      string         `json:"org_name"`
		Invitation   coreapi.Secret `json:"invitation"`
		Extra        map[string]any
	}{
		signup.Email, signup.Password, signup.Password, signup.FirstName, signup.LastName, signup.Username, signup.Locale,
		signup.OrgName, signup.Invitation, signup.Extra,
	}).hiding(signup.Invitation.Reveal()))
}

// RequestInvitation requests an invitation, if the realm permits signups by invitation.
func (c *Client) RequestInvitation(ctx context.Context, email string) error {
	return c.run(ctx, post("/signup/request", emailParameter{email}))
}

// VerifyEmail marks an email address as verified, with the token from an email.
func (c *Client) VerifyEmail(ctx context.Context, token coreapi.Secret) error {
	return c.run(ctx, post("/email/verify", struct {
		Token coreapi.Secret `json:"token"`
	}{token}).hiding(token.Reveal()))
}

type emailParameter struct {
	Email string `json:"email"`
}
