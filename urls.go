package authrocket

import (
	"net"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/authrocket-go/authrocket/internal/loopback"
	"github.com/authrocket-go/authrocket/internal/rawquery"
	"github.com/authrocket-go/authrocket/internal/returnto"
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

// appURL is where browsers find this app: Config.AppURL, or, when that is left
// out because LoginRocket is on loopback, the request's Host if that is on
// loopback too.
func (a *Auth) appURL(r *http.Request) (string, bool) {
	if !a.app.isZero() {
		return a.app.origin + a.app.prefix, true
	}
	u, err := url.Parse("http://" + r.Host)
	if err != nil || u.Host != r.Host || u.User != nil || !loopback.IsHost(u.Hostname()) {
		return "", false
	}
	if _, port, err := net.SplitHostPort(r.Host); err == nil {
		if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 {
			return "", false
		}
	}
	return "http://" + r.Host, true
}

// loginParams are what LoginRocket and we add to the URL of a landing.
var loginParams = []string{"token", "account", "session", stateParam}

// landedTarget is where a landing leads that remembers nothing better: the path
// and query that r asks for, byte for byte but for the parameters of a login.
func (a *Auth) landedTarget(r *http.Request) string { return a.requestTarget(r, loginParams) }

// returnTarget is where a login leads that starts at r: the path and query
// that r asks for, byte for byte. Their token, account and session are the app's own,
// unless safeTarget finds one of our tokens.
func (a *Auth) returnTarget(r *http.Request) string {
	return a.requestTarget(r, []string{stateParam})
}

// openPageTarget is the path and query of the page in which htmx has sent r, "/"
// when that is not one of ours.
func (a *Auth) openPageTarget(r *http.Request) string {
	app, ok := a.appURL(r)
	target, isOurs := strings.CutPrefix(r.Header.Get("HX-Current-URL"), app)
	if !ok || !isOurs {
		return "/"
	}
	path, query, _ := strings.Cut(target, "?")
	return a.safeTarget(joinQuery(path, rawquery.Without(query, stateParam)))
}

func (a *Auth) requestTarget(r *http.Request, without []string) string {
	target := r.RequestURI
	if !strings.HasPrefix(target, "/") {
		// An absolute-form target names a host, which is none of our business.
		target = r.URL.EscapedPath()
		if r.URL.RawQuery != "" {
			target += "?" + r.URL.RawQuery
		}
	}
	if path, query, ok := strings.Cut(target, "?"); ok {
		target = joinQuery(path, rawquery.Without(query, without...))
	}
	return a.safeTarget(target)
}

// safeTarget returns the part of target that it is safe and sensible to send a
// browser to, "/" if nothing is: a path of this app that is none of the login
// routes, of at most maxTargetBytes. The parameters of a login are left out if the
// token is one of ours: it came where no landing is, and is not to be seen again.
func (a *Auth) safeTarget(target string) string {
	target, ok := returnto.Path(target)
	if !ok {
		return "/"
	}
	pathOnly, query, _ := strings.Cut(target, "?")
	if !a.isOwnPath(pathOnly) {
		return "/"
	}
	if slices.ContainsFunc(rawquery.Values(query, "token"), a.verifier.isOurs) {
		target = joinQuery(pathOnly, rawquery.Without(query, loginParams...))
	}
	if len(target) > maxTargetBytes {
		target = pathOnly
	}
	if len(target) > maxTargetBytes {
		return "/"
	}
	return target
}

// isOwnPath reports whether a browser that is sent to target, an escaped path
// behind the prefix of AppURL, asks for something of this app that is not at or
// below Config.AuthPath. A proxy or a router may clean what the browser asks for,
// so that is taken into account.
func (a *Auth) isOwnPath(target string) bool {
	prefix := a.app.prefix
	asked := returnto.Resolve(prefix + target)
	decoded, err := url.PathUnescape(asked)
	cleaned := path.Clean(decoded)
	return err == nil && isAtOrBelow(asked, prefix) && isAtOrBelow(cleaned, prefix) && !isAtOrBelow(cleaned, prefix+a.config.AuthPath)
}

func isAtOrBelow(path, base string) bool { return path == base || strings.HasPrefix(path, base+"/") }

func joinQuery(path, query string) string {
	if query == "" {
		return path
	}
	return path + "?" + query
}

// redirect sends the browser to location, which is a whole URL of LoginRocket
// or a target of ours. net/http's Redirect would rewrite it.
func (a *Auth) redirect(w http.ResponseWriter, location string) {
	h := w.Header()
	setNoStore(h)
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Location", returnto.Escape(location))
	w.WriteHeader(http.StatusSeeOther)
}

// redirectHome sends the browser to target, a path of this app.
func (a *Auth) redirectHome(w http.ResponseWriter, target string) {
	a.redirect(w, a.app.prefix+a.safeTarget(target))
}
