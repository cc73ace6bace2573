package coreapi

import (
	"cmp"
	"context"
	"encoding/json"
)

// Login is the result of a login: a session, or a request for a second factor.
type Login struct {
	Session Session // zero if a code is needed, see [Login.Pending]

	pending Token
}

// Pending reports whether the user must enter a code. If so, it also returns the token
// for [Users.CompleteLogin].
func (l Login) Pending() (Secret, bool) { return l.pending.Value(), !l.pending.Value().IsZero() }

func (l Login) identity() string {
	if _, ok := l.Pending(); ok {
		return "pending"
	}
	return l.Session.identity()
}

// UnmarshalJSON decodes the answer to a login: a session or a token.
func (l *Login) UnmarshalJSON(data []byte) error {
	*l = Login{}
	var kind struct {
		Object string `json:"object"`
	}
	if err := json.Unmarshal(data, &kind); err != nil {
		return decodeError(err)
	}
	if kind.Object == pendingObject {
		return l.pending.UnmarshalJSON(data)
	}
	return l.Session.UnmarshalJSON(data)
}

func (Login) isRecord() {}

// Authenticate logs a user in with a password. If AuthRocket refuses the login,
// Authenticate returns [ErrLoginRefused], whether or not the user exists. Call it on a
// Client from [Client.For], because AuthRocket slows down clients that guess passwords.
func (u Users) Authenticate(ctx context.Context, id string, password Secret) (Login, error) {
	w := u.scope.post(to("/users/{id}/authenticate", id), "user", struct {
		Password Secret `json:"password"`
	}{password})
	w.call.login = true
	return do[Login](ctx, w)
}

// CompleteLogin completes a pending login with the code of the second factor.
func (u Users) CompleteLogin(ctx context.Context, pending Secret, code string) (Session, error) {
	w := u.scope.post(to("/users/authenticate_token"), "user", struct {
		Token Secret `json:"token"`
		Code  string `json:"code"`
	}{pending, code})
	w.call.login = true
	return do[Session](ctx, w)
}

// PasswordToken returns a token for [Users.ResetPassword]. Send it to the user in your
// own email.
func (u Users) PasswordToken(ctx context.Context, id string) (Token, error) {
	return do[Token](ctx, u.scope.post(to("/users/{id}/generate_password_token", id), "", nil))
}

// ResetPassword sets a password with the token from an email, and logs the user in.
func (u Users) ResetPassword(ctx context.Context, token, password Secret) (Login, error) {
	return do[Login](ctx, u.scope.post(to("/users/reset_password_with_token"), "user", struct {
		Token        Secret `json:"token"`
		Password     Secret `json:"password"`
		Confirmation Secret `json:"password_confirmation"`
	}{token, password, password}))
}

// Token is a token that can be used once.
type Token struct {
	record
	UserID string

	value Secret
}

// Value returns the token itself.
func (t Token) Value() Secret { return t.value }

func (t Token) identity() string { return t.value.Reveal() }

// UnmarshalJSON decodes a token that AuthRocket sent.
func (t *Token) UnmarshalJSON(data []byte) (err error) {
	*t = Token{}
	var fields struct {
		Token       string `json:"token"`
		AccessToken string `json:"access_token"`
		UserID      string `json:"user_id"`
	}
	t.record, err = decodeRecord(data, &fields)
	t.UserID, t.value = fields.UserID, Hide(cmp.Or(fields.Token, fields.AccessToken))
	return err
}
