package loginrocket

import (
	"context"

	"github.com/authrocket-go/authrocket/coreapi"
)

// ForgotPassword makes AuthRocket send an email with a link to set a new password, if the
// user exists. Show the same page whatever the outcome, so that it does not reveal which
// email addresses exist.
func (c *Client) ForgotPassword(ctx context.Context, email string) error {
	return c.run(ctx, post("/password/forgot", emailParameter{email}))
}

// ResetPassword sets a password with the token from an email, and logs the user in.
func (c *Client) ResetPassword(ctx context.Context, token, password coreapi.Secret) (Result, error) {
	return c.login(ctx, post("/password/reset", struct {
		Token        coreapi.Secret `json:"token"`
		Password     coreapi.Secret `json:"password"`
		Confirmation coreapi.Secret `json:"password_confirmation"`
	}{token, password, password}).hiding(token.Reveal()))
}

// UpdatePassword changes the password of a user who knows the current one. If the current
// password is wrong, it returns [ErrRefused].
func (c *Client) UpdatePassword(ctx context.Context, session, current, password coreapi.Secret) error {
	return c.run(ctx, post("/profile/password", struct {
		Session      coreapi.Secret `json:"session"`
		Current      coreapi.Secret `json:"current_password"`
		Password     coreapi.Secret `json:"password"`
		Confirmation coreapi.Secret `json:"password_confirmation"`
	}{session, current, password, password}).of(session))
}
