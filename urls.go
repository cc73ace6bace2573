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

// WithRedirectURI sets where LoginRocket sends the browser back to: an absolute URL of
// this app that matches a Login URL of the Connected App. Default: the first Login URL.
func WithRedirectURI(absoluteURL string) URLParam { return URLParam{"redirect_uri", absoluteURL} }

// WithAccount sets the org to sign in to or, on the profile page, the current org. If
// orgID is empty, the user must choose again.
func WithAccount(orgID string) URLParam { return URLParam{"account", orgID} }

// WithPromptLogin shows the login form even to a user who has a LoginRocket session.
func WithPromptLogin() URLParam { return URLParam{"prompt", "login"} }

// WithInvitation sets the token of an invitation, for the signup page.
func WithInvitation(token string) URLParam { return URLParam{"invitation", token} }

// WithForce shows the account selector even to a user with only one account.
func WithForce() URLParam { return URLParam{"force", "1"} }

// WithSessionID sets the session ([Session.ID]), so that a user who signed in through the
// LoginRocket API need not sign in again. The session ID is a credential, so redirect the
// browser to such a URL, and do not put the URL into a page.
func WithSessionID(id string) URLParam { return URLParam{"session", id} }

// WithParam adds any other parameter that LoginRocket accepts. WithParam escapes name and
// value. If several parameters have the same name, the last value is used.
func WithParam(name, value string) URLParam { return URLParam{name, value} }

// LoginURL returns the URL of the hosted login. It takes [WithRedirectURI],
// [WithAccount] and [WithPromptLogin].
//
// In your pages, link to the login routes instead: see [Auth.LoginPath]. Only the login
// routes store a state in the browser. Without a state, the login is unsolicited, and the
// user must confirm it.
//
// LoginURL and the related methods return "" if Config.LoginRocketURL is not set.
func (a *Auth) LoginURL(params ...URLParam) string { return a.loginRocketURL("/login", params) }

// SignupURL returns the URL of the hosted signup. It takes [WithRedirectURI] and
// [WithInvitation].
func (a *Auth) SignupURL(params ...URLParam) string { return a.loginRocketURL("/signup", params) }

// LogoutURL returns the URL that ends the LoginRocket session. It takes [WithRedirectURI]
// and [WithSessionID]. The URL does not sign the user out of this app. The logout route
// does both.
func (a *Auth) LogoutURL(params ...URLParam) string { return a.loginRocketURL("/logout", params) }

// ProfileURL returns the URL of the user's profile. It takes [WithRedirectURI],
// [WithAccount] and [WithSessionID].
func (a *Auth) ProfileURL(params ...URLParam) string { return a.loginRocketURL("/profile", params) }

// AccountsURL returns the URL of the account selector. It takes [WithRedirectURI],
// [WithForce] and [WithSessionID].
func (a *Auth) AccountsURL(params ...URLParam) string { return a.loginRocketURL("/accounts", params) }

// AccountURL returns the URL of the page where users manage the org orgID, or the URL of
// the account selector if orgID is empty. It takes [WithRedirectURI] and [WithSessionID].
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

// baseURL is a URL in two parts. No part ends with a slash.
type baseURL struct {
	origin     string // scheme, host and port, as a browser writes an origin
	path       string // escaped
	isHTTPS    bool
	isLoopback bool
}

func (u baseURL) isZero() bool { return u.origin == "" }

// host returns the host of u. It includes the port unless the port is the default of the
// scheme.
func (u baseURL) host() string {
	_, host, _ := strings.Cut(u.origin, "://")
	return host
}

// defaultPort returns the default port of u's scheme, with a colon, because a Host header
// may contain that port after u's host.
func (u baseURL) defaultPort() string {
	if u.isHTTPS {
		return ":443"
	}
	return ":80"
}

// cookieDomains returns the domains for which u's host can set a cookie. These are the
// host name itself and those of its parent domains that contain a dot. For an IP address,
// there are none.
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
