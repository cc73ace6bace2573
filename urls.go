package authrocket

import (
	"net"
	"net/netip"
	"net/url"
	"strings"
)

// URLParam is a query parameter of a LoginRocket URL, such as [WithAccount]. The zero
// URLParam adds nothing.
type URLParam struct{ name, value string }

// WithRedirectURI is where LoginRocket sends the browser back to: an absolute URL
// of this app that matches a Login URL of the Connected App. Default: the first of
// these.
func WithRedirectURI(absoluteURL string) URLParam { return URLParam{"redirect_uri", absoluteURL} }

// WithAccount names the org to sign in to, or on the profile page the current one;
// "" makes the user choose again.
func WithAccount(orgID string) URLParam { return URLParam{"account", orgID} }

// WithPromptLogin shows the login form even to a user who has a LoginRocket session.
func WithPromptLogin() URLParam { return URLParam{"prompt", "login"} }

// WithInvitation names the token of an invitation, for the signup page.
func WithInvitation(token string) URLParam { return URLParam{"invitation", token} }

// WithForce shows the account selector even to a user with one account.
func WithForce() URLParam { return URLParam{"force", "1"} }

// WithSessionID names the session ([Session.ID]), so that a user who signed in
// through the LoginRocket API need not sign in again. It is a credential: redirect to
// such a URL, do not put it into a page.
func WithSessionID(id string) URLParam { return URLParam{"session", id} }

// WithParam adds any other parameter, for what LoginRocket takes and this package
// does not know. It is escaped. The last value of a name counts.
func WithParam(name, value string) URLParam { return URLParam{name, value} }

// LoginURL returns the URL of the hosted login. It takes [WithRedirectURI],
// [WithAccount] and [WithPromptLogin].
//
// Links in your pages should lead to the login routes instead, see
// [Auth.LoginPath]: only these remember in the browser that it started the login,
// and the user must confirm a login that the browser did not start.
//
// LoginURL and its siblings return "" when Config.LoginRocketURL is not set.
func (a *Auth) LoginURL(params ...URLParam) string { return a.loginRocketURL("/login", params) }

// SignupURL returns the URL of the hosted signup. It takes [WithRedirectURI] and
// [WithInvitation].
func (a *Auth) SignupURL(params ...URLParam) string { return a.loginRocketURL("/signup", params) }

// LogoutURL returns the URL that ends the LoginRocket session. It takes
// [WithRedirectURI] and [WithSessionID]. It does not sign out of this app: the logout
// route does both.
func (a *Auth) LogoutURL(params ...URLParam) string { return a.loginRocketURL("/logout", params) }

// ProfileURL returns the URL of the user's profile. It takes [WithRedirectURI],
// [WithAccount] and [WithSessionID].
func (a *Auth) ProfileURL(params ...URLParam) string { return a.loginRocketURL("/profile", params) }

// AccountsURL returns the URL of the account selector. It takes [WithRedirectURI],
// [WithForce] and [WithSessionID].
func (a *Auth) AccountsURL(params ...URLParam) string { return a.loginRocketURL("/accounts", params) }

// AccountURL returns the URL at which the org orgID is managed; without an
// orgID, the account selector. It takes [WithRedirectURI] and [WithSessionID].
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
	path       string // escaped
	isHTTPS    bool
	isLoopback bool
}

func (u baseURL) isZero() bool { return u.origin == "" }

// host is the host of u, with its port unless that is the default.
func (u baseURL) host() string {
	_, host, _ := strings.Cut(u.origin, "://")
	return host
}

// defaultPort is what a Host may end with beside u's own host.
func (u baseURL) defaultPort() string {
	if u.isHTTPS {
		return ":443"
	}
	return ":80"
}

// cookieDomains are the domains for which a cookie may be set at u's host: its
// name and the parents of it that have a dot. An IP address has none.
func (u baseURL) cookieDomains() []string {
	host, _, err := net.SplitHostPort(u.host())
	if err != nil {
		host = u.host()
	}
	if _, err := netip.ParseAddr(strings.Trim(host, "[]")); err == nil {
		return nil
	}
	var domains []string
	for domain, more := host, true; more && strings.Contains(domain, "."); _, domain, more = strings.Cut(domain, ".") {
		domains = append(domains, domain)
	}
	return domains
}
