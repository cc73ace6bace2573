package loginrocket

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"unicode/utf8"

	"github.com/authrocket-go/authrocket/coreapi"
)

// Login logs a user in, by an email address, a username or a user ID. [ErrRefused] if that
// fails. It is not repeated: the session of a login whose answer is lost ends by itself.
func (c *Client) Login(ctx context.Context, email string, password coreapi.Secret) (Result, error) {
	return c.login(ctx, post("/login", struct {
		Email    string         `json:"email"`
		Password coreapi.Secret `json:"password"`
	}{email, password}))
}

var errTwoValues = errors.New("a parameter has several values; write one")

// VerifyLogin ends a login that needs a second factor. AuthRocket does not document its
// parameters: by analogy with the Core API they are token and code. [Result.Decode] of the
// conditional login has what came with it.
func (c *Client) VerifyLogin(ctx context.Context, parameters url.Values) (Result, error) {
	extra := map[string]any{}
	var several error
	for name, values := range parameters {
		if len(values) != 1 {
			several = errTwoValues
			continue
		}
		extra[name] = values[0]
	}
	call := post("/login/verify", struct{ Extra map[string]any }{extra}).hiding(parameters.Get(pendingToken))
	if several != nil {
		call.err = several
	}
	return c.login(ctx, call)
}

var errAccountNotUTF8 = errors.New("the account is not valid UTF-8")

// Session returns a login with a new token for a session: with the org account selected if it
// is not "", else with the one that AuthRocket chooses, or on the condition
// [NoAccountSelected]. For a program that needs tokens again and again there is
// [Client.TokenSource].
func (c *Client) Session(ctx context.Context, session coreapi.Secret, account string) (Result, error) {
	query := url.Values{"session": {session.Reveal()}}
	if account != "" {
		query.Set("account", account)
	}
	call := withQuery(http.MethodGet, "/session", query).of(session)
	if !utf8.ValidString(account) {
		call.err = errAccountNotUTF8
	}
	return c.login(ctx, call)
}

// Logout ends a session. Its login tokens are valid until they expire. It is not repeated:
// call it again after [ErrUnavailable]; [ErrSessionEnded] then means that it is done.
func (c *Client) Logout(ctx context.Context, session coreapi.Secret) error {
	query := url.Values{"session": {session.Reveal()}}
	return c.run(ctx, withQuery(http.MethodDelete, "/session", query).of(session))
}
