package loginrocket_test

import (
	"context"
	"encoding/json"
	"net/url"
	"reflect"
	"testing"

	"github.com/authrocket-go/authrocket/coreapi"
	"github.com/authrocket-go/authrocket/loginrocket"
)

// method is one method of the Client and the request that it sends.
type method struct {
	name       string
	call       func(context.Context, *loginrocket.Client) (loginrocket.Result, error)
	verb, path string
	query      string
	body       string // as JSON, "" if there is none
	isLogin    bool   // the answer is a login
}

func noResult(err error) (loginrocket.Result, error) { return loginrocket.Result{}, err }

var methods = []method{
	{
		name: "Login",
		call: func(ctx context.Context, c *loginrocket.Client) (loginrocket.Result, error) {
			return c.Login(ctx, "ada@example.com", hide(password))
		},
		verb: "POST", path: "/v2/login", body: `{"email": "ada@example.com", "password": "` + password + `"}`, isLogin: true,
	},
	{
		name: "VerifyLogin",
		call: func(ctx context.Context, c *loginrocket.Client) (loginrocket.Result, error) {
			return c.VerifyLogin(ctx, url.Values{"token": {mailToken}, "code": {"123456"}})
		},
		verb: "POST", path: "/v2/login/verify", body: `{"token": "` + mailToken + `", "code": "123456"}`, isLogin: true,
	},
	{
		name: "Session",
		call: func(ctx context.Context, c *loginrocket.Client) (loginrocket.Result, error) {
			return c.Session(ctx, hide(sessionID), "")
		},
		verb: "GET", path: "/v2/session", query: "session=" + sessionID, isLogin: true,
	},
	{
		name: "Session with an account",
		call: func(ctx context.Context, c *loginrocket.Client) (loginrocket.Result, error) {
			return c.Session(ctx, hide(sessionID), "org_1&session=x")
		},
		verb: "GET", path: "/v2/session", query: "account=org_1%26session%3Dx&session=" + sessionID, isLogin: true,
	},
	{
		name: "Logout",
		call: func(ctx context.Context, c *loginrocket.Client) (loginrocket.Result, error) {
			return noResult(c.Logout(ctx, hide(sessionID)))
		},
		verb: "DELETE", path: "/v2/session", query: "session=" + sessionID,
	},
	{
		name: "Signup",
		call: func(ctx context.Context, c *loginrocket.Client) (loginrocket.Result, error) {
			return c.Signup(ctx, loginrocket.NewSignup{Email: "ada@example.com", Password: hide(password)})
		},
		verb: "POST", path: "/v2/signup", body: `{"email": "ada@example.com", "password": "` + password + `", "password_confirmation": "` + password + `"}`, isLogin: true,
	},
	{
		name: "Signup with all fields",
		call: func(ctx context.Context, c *loginrocket.Client) (loginrocket.Result, error) {
			return c.Signup(ctx, loginrocket.NewSignup{
				Email: "ada@example.com", Password: hide(password), FirstName: "Ada", LastName: "Lovelace", Username: "ada", Locale: "es",
				OrgName: "Engines", Invitation: hide(mailToken), Extra: map[string]any{"plan": "pro"},
			})
		},
		verb: "POST", path: "/v2/signup", body: `{"email": "ada@example.com", "password": "` + password + `", "password_confirmation": "` + password + `",
			"first_name": "Ada", "last_name": "Lovelace", "username": "ada", "locale": "es", "org_name": "Engines", "invitation": "` + mailToken + `", "plan": "pro"}`, isLogin: true,
	},
	{
		name: "RequestInvitation",
		call: func(ctx context.Context, c *loginrocket.Client) (loginrocket.Result, error) {
			return noResult(c.RequestInvitation(ctx, "ada@example.com"))
		},
		verb: "POST", path: "/v2/signup/request", body: `{"email": "ada@example.com"}`,
	},
	{
		name: "VerifyEmail",
		call: func(ctx context.Context, c *loginrocket.Client) (loginrocket.Result, error) {
			return noResult(c.VerifyEmail(ctx, hide(mailToken)))
		},
		verb: "POST", path: "/v2/email/verify", body: `{"token": "` + mailToken + `"}`,
	},
	{
		name: "ForgotPassword",
		call: func(ctx context.Context, c *loginrocket.Client) (loginrocket.Result, error) {
			return noResult(c.ForgotPassword(ctx, "ada@example.com"))
		},
		verb: "POST", path: "/v2/password/forgot", body: `{"email": "ada@example.com"}`,
	},
	{
		name: "ResetPassword",
		call: func(ctx context.Context, c *loginrocket.Client) (loginrocket.Result, error) {
			return c.ResetPassword(ctx, hide(mailToken), hide(password))
		},
		verb: "POST", path: "/v2/password/reset", body: `{"token": "` + mailToken + `", "password": "` + password + `", "password_confirmation": "` + password + `"}`, isLogin: true,
	},
	{
		name: "UpdatePassword",
		call: func(ctx context.Context, c *loginrocket.Client) (loginrocket.Result, error) {
			return noResult(c.UpdatePassword(ctx, hide(sessionID), hide(oldPass), hide(password)))
		},
		verb: "POST", path: "/v2/profile/password",
		body: `{"session": "` + sessionID + `", "current_password": "` + oldPass + `", "password": "` + password + `", "password_confirmation": "` + password + `"}`,
	},
	{
		name: "UpdateProfile",
		call: func(ctx context.Context, c *loginrocket.Client) (loginrocket.Result, error) {
			return c.UpdateProfile(ctx, hide(sessionID), loginrocket.ProfileChange{
				Email: new("ada@example.com"), FirstName: new("Ada"), Username: new(""), Locale: new("es"), Extra: map[string]any{"plan": "pro"},
			})
		},
		verb: "PUT", path: "/v2/profile", body: `{"session": "` + sessionID + `", "email": "ada@example.com", "first_name": "Ada", "username": null, "locale": "es", "plan": "pro"}`, isLogin: true,
	},
}

func TestMethods(t *testing.T) {
	t.Parallel()
	for _, m := range methods {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			body := okay
			if m.isLogin {
				body = fullLogin
			}
			server := newLR(answer(200, body))
			config := loginrocket.Config{URL: newServer(t, server).URL, Locale: "es", Agent: "shop/1.4"}
			result, err := m.call(t.Context(), newClient(t, config))
			expectError(t, err, nil)
			if token, ok := result.Token(); ok != m.isLogin || m.isLogin && (token != loginToken || result.SessionID().Reveal() != sessionID || result.Account != "org_1" || result.Err() != nil) {
				t.Errorf("got %+v, %q, %q, want a login: %t", result, token, result.SessionID().Reveal(), m.isLogin)
			}
			expectCount(t, server, 1)
			sent := server.requests()[0]
			if sent.method != m.verb || sent.path != m.path || sent.query != m.query {
				t.Errorf("sent %s %s?%s, want %s %s?%s", sent.method, sent.path, sent.query, m.verb, m.path, m.query)
			}
			if !sameJSON(sent.body, m.body) {
				t.Errorf("sent %s, want %s", sent.body, m.body)
			}
			for name, want := range map[string]string{
				"Accept": "application/json", "Accept-Language": "es", "LR-Agent": "shop/1.4 authrocket-go", "User-Agent": "shop/1.4 authrocket-go",
				"Cookie": "", "Authorization": "", "Referer": "", "Content-Type": map[bool]string{true: "application/json"}[m.body != ""],
			} {
				if got := sent.header.Get(name); got != want {
					t.Errorf("header %s: got %q, want %q", name, got, want)
				}
			}
		})
	}
}

func sameJSON(a, b string) bool {
	if a == "" || b == "" {
		return a == b
	}
	var x, y any
	return json.Unmarshal([]byte(a), &x) == nil && json.Unmarshal([]byte(b), &y) == nil && reflect.DeepEqual(x, y)
}

func TestMethodsWithoutLocaleAndAgent(t *testing.T) {
	t.Parallel()
	server := newLR(answer(200, fullLogin))
	if _, err := clientOf(t, server).Session(t.Context(), hide(sessionID), ""); err != nil {
		t.Fatal(err)
	}
	header := server.requests()[0].header
	if header.Get("LR-Agent") != "authrocket-go" || header.Values("Accept-Language") != nil {
		t.Errorf("got headers %v", header)
	}
}

// The client refuses input that it cannot send unchanged.
func TestInputThatIsNotSent(t *testing.T) {
	t.Parallel()
	type call = func(context.Context, *loginrocket.Client) error
	second := func(_ loginrocket.Result, err error) error { return err }
	for _, row := range []struct {
		name string
		call call
		want error
	}{
		{name: "a password that is not UTF-8", call: func(ctx context.Context, c *loginrocket.Client) error {
			return second(c.Login(ctx, "ada", hide("\xff"+password)))
		}, want: loginrocket.ErrRefused},
		{name: "an email that is not UTF-8", call: func(ctx context.Context, c *loginrocket.Client) error {
			return c.ForgotPassword(ctx, "\xff")
		}, want: loginrocket.ErrRefused},
		{name: "an account that is not UTF-8", call: func(ctx context.Context, c *loginrocket.Client) error {
			return second(c.Session(ctx, hide(sessionID), "\xff"))
		}, want: loginrocket.ErrRefused},
		{name: "a parameter with two values", call: func(ctx context.Context, c *loginrocket.Client) error {
			return second(c.VerifyLogin(ctx, url.Values{"token": {mailToken}, "code": {"1", "2"}}))
		}, want: loginrocket.ErrRefused},
		{name: "a Secret among Extra that would be sent as (hidden)", call: func(ctx context.Context, c *loginrocket.Client) error {
			return second(c.Signup(ctx, loginrocket.NewSignup{Extra: map[string]any{"x": []coreapi.Secret{hide(password)}}}))
		}, want: loginrocket.ErrRefused},
		{name: "an Extra that takes the place of the session", call: func(ctx context.Context, c *loginrocket.Client) error {
			return second(c.UpdateProfile(ctx, hide(sessionID), loginrocket.ProfileChange{Extra: map[string]any{"session": "kss_2"}}))
		}, want: loginrocket.ErrRefused},
		{name: "an email that is cleared", call: func(ctx context.Context, c *loginrocket.Client) error {
			return second(c.UpdateProfile(ctx, hide(sessionID), loginrocket.ProfileChange{Email: new("")}))
		}, want: loginrocket.ErrRefused},
		{name: "Session of no session", call: func(ctx context.Context, c *loginrocket.Client) error {
			return second(c.Session(ctx, coreapi.Secret{}, "org_1"))
		}, want: loginrocket.ErrSessionEnded},
		{name: "Logout of no session", call: func(ctx context.Context, c *loginrocket.Client) error {
			return c.Logout(ctx, coreapi.Secret{})
		}, want: loginrocket.ErrSessionEnded},
		{name: "UpdatePassword of no session", call: func(ctx context.Context, c *loginrocket.Client) error {
			return c.UpdatePassword(ctx, coreapi.Secret{}, hide(oldPass), hide(password))
		}, want: loginrocket.ErrSessionEnded},
		{name: "UpdateProfile of no session", call: func(ctx context.Context, c *loginrocket.Client) error {
			return second(c.UpdateProfile(ctx, hide(""), loginrocket.ProfileChange{}))
		}, want: loginrocket.ErrSessionEnded},
		{name: "a context that has ended", call: func(ctx context.Context, c *loginrocket.Client) error {
			ctx, cancel := context.WithCancel(ctx)
			cancel()
			return second(c.Login(ctx, "ada", hide(password)))
		}, want: context.Canceled},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			server := newLR(answer(200, fullLogin))
			err := row.call(t.Context(), clientOf(t, server))
			expectError(t, err, row.want)
			expectHidden(t, printed(t, err), secrets...)
			expectCount(t, server, 0)
		})
	}
	var none *loginrocket.Client
	for _, client := range []*loginrocket.Client{none, {}} {
		_, err := client.Login(t.Context(), "ada", hide(password))
		expectError(t, err, loginrocket.ErrUnexpected)
	}
}
