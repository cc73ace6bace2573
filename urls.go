package authrocket

import (
	"net/url"
	"strings"
)

// URLParam is a query parameter of a LoginRocket URL.
type URLParam struct{ name, value string }

// RedirectURI is where LoginRocket sends the browser back to: an absolute URL
// of this app that is among the Login URLs of the Connected App. Default: the
// first of these.
func RedirectURI(absoluteURL string) URLParam { return URLParam{"redirect_uri", absoluteURL} }

// Account is the org to sign in to, or on the profile page the current one;
// "" makes the user choose again.
func Account(orgID string) URLParam { return URLParam{"account", orgID} }

// PromptLogin shows the login form even to a user who has a LoginRocket session.
func PromptLogin() URLParam { return URLParam{"prompt", "login"} }

// Invitation is the token of an invitation, for the signup page.
func Invitation(token string) URLParam { return URLParam{"invitation", token} }

// Force shows the account selector even to a user with one account.
func Force() URLParam { return URLParam{"force", "1"} }

// SessionID names the session ([Session.ID]), so that a user who signed in
// through the LoginRocket API need not sign in again. It is a credential: redirect to
// such a URL, do not put it into a page.
func SessionID(id string) URLParam { return URLParam{"session", id} }

// LoginURL returns the URL of the hosted login. It takes [RedirectURI],
// [Account] and [PromptLogin].
//
// Links in your pages should lead to the login routes instead, such as
// /auth/login?return_to=/path: only these remember in the browser that it
// started the login, and a login that it did not start is asked about first.
// The URL builders return "" when Config.LoginRocketURL is not set.
func (a *Auth) LoginURL(params ...URLParam) string { return a.loginRocketURL("/login", params) }

// SignupURL returns the URL of the hosted signup. It takes [RedirectURI] and
// [Invitation].
func (a *Auth) SignupURL(params ...URLParam) string { return a.loginRocketURL("/signup", params) }

// LogoutURL returns the URL that ends the LoginRocket session. It takes
// [RedirectURI] and [SessionID]. It does not sign out of this app: the logout
// route does both.
func (a *Auth) LogoutURL(params ...URLParam) string { return a.loginRocketURL("/logout", params) }

// ProfileURL returns the URL of the user's profile. It takes [RedirectURI],
// [Account] and [SessionID].
func (a *Auth) ProfileURL(params ...URLParam) string { return a.loginRocketURL("/profile", params) }

// AccountsURL returns the URL of the account selector. It takes [RedirectURI],
// [Force] and [SessionID].
func (a *Auth) AccountsURL(params ...URLParam) string { return a.loginRocketURL("/accounts", params) }

// AccountURL returns the URL at which the org orgID is managed; without an
// orgID, the account selector. It takes [RedirectURI] and [SessionID].
func (a *Auth) AccountURL(orgID string, params ...URLParam) string {
	if strings.Trim(orgID, ".") == "" {
		return a.AccountsURL(params...)
	}
	return a.loginRocketURL("/accounts/"+url.PathEscape(orgID), params)
}

func (a *Auth) loginRocketURL(path string, params []URLParam) string {
	if a.loginRocket.isZero() {
		return ""
	}
	values := url.Values{}
	for _, p := range params {
		if p.name != "" {
			values.Set(p.name, p.value)
		}
	}
	if len(values) == 0 {
		return a.loginRocket.origin + path
	}
	return a.loginRocket.origin + path + "?" + values.Encode()
}

// baseURL is a URL in two parts. Neither ends with a slash.
type baseURL struct {
	origin     string // scheme, host and port, as a browser writes an origin
	prefix     string // path, escaped
	isHTTPS    bool
	isLoopback bool
}

func (u baseURL) isZero() bool { return u.origin == "" }
