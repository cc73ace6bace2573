package loginrocket

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"unicode/utf8"

	"github.com/authrocket-go/authrocket/coreapi"
)

// Login logs a user in with a password. email is an email address, a username or a user ID.
// If LoginRocket refuses the email or the password, Login returns [ErrRefused]. The call is
// not repeated. If its answer is lost, the new session stays unused until it expires.
func (c *Client) Login(ctx context.Context, email string, password coreapi.Secret) (Result, error) {
	return c.login(ctx, post("/login", struct {
		Email    string         `json:"email"`
		Password coreapi.Secret `json:"password"`
	}{email, password}))
}

var errTwoValues = errors.New("a parameter has several values; pass one value for each")

// VerifyLogin completes a login that needs a second factor. AuthRocket does not document
// the parameters; in the Core API they are token and code. [Result.Decode] returns the
// members of the conditional login.
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

var errAccountNotUTF8 = errors.New("the account is not valid UTF-8; pass the ID of an org")

// Session returns a login with a new token for a session. If account is not "", the org
// with that ID is selected. Otherwise AuthRocket selects one, or returns the condition
// [NoAccountSelected]. If your program needs tokens repeatedly, use [Client.TokenSource].
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

// Logout ends a session. The session's login tokens stay valid until they expire. The call
// is not repeated, so call Logout again after [ErrUnavailable]. If it then returns
// [ErrSessionEnded], the session has ended.
func (c *Client) Logout(ctx context.Context, session coreapi.Secret) error {
	query := url.Values{"session": {session.Reveal()}}
	return c.run(ctx, withQuery(http.MethodDelete, "/session", query).of(session))
}
