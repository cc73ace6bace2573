package authrocket

import (
	"maps"
	"net"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/authrocket-go/authrocket/internal/clientkind"
	"github.com/authrocket-go/authrocket/internal/loopback"
	"github.com/authrocket-go/authrocket/internal/rawquery"
	"github.com/authrocket-go/authrocket/internal/returnto"
)

// paths tells where on this host a browser may be sent.
type paths struct {
	appPath      string // of AppURL, escaped
	authPath     string
	isLoginToken func(string) bool // says whether it looks like one, unverified
}

// appURL is where browsers find this app: Config.AppURL, or, when that is left
// out because LoginRocket is on loopback, the request's Host if that is on
// loopback too.
func (a *Auth) appURL(r *http.Request) (string, bool) {
	if !a.app.isZero() {
		return a.app.origin + a.app.path, true
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

// stateParam carries the state of a login to LoginRocket and back.
const stateParam = "ar_state"

// loginParams are what LoginRocket and this package add to the URL that a browser
// comes back to.
var loginParams = []string{"token", "account", "session", stateParam}

// strayTarget is where a login leads that came back to r and that this browser
// did not start: the path and query of r, byte for byte but for the parameters of a login.
func (p paths) strayTarget(r *http.Request) string { return p.requestTarget(r, loginParams) }

// returnTarget is where a login leads that starts at r: the path and query
// that r asks for, byte for byte. Their token, account and session are the app's own,
// unless safeTarget finds a login token.
func (p paths) returnTarget(r *http.Request) string {
	return p.requestTarget(r, []string{stateParam})
}

// htmxTarget is where a login leads that starts at r, which htmx has sent: to the
// page of the link that it follows, else to the open page, in which the answer would
// have been a part.
func (a *Auth) htmxTarget(r *http.Request) string {
	if r.Method == http.MethodGet && clientkind.IsBoosted(r) {
		return a.paths.returnTarget(r)
	}
	return a.openPageTarget(r)
}

// openPageTarget is the path and query of the page in which htmx has sent r, "/"
// when that is not a page of this app.
func (a *Auth) openPageTarget(r *http.Request) string {
	return a.targetOf(r, r.Header.Get("HX-Current-URL"))
}

// backTarget is where a page leads back to that answers r: to what r asks for, or
// to the page with the form that r posts, "/" when that is not a page of this app.
func (a *Auth) backTarget(r *http.Request) string {
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		return a.paths.returnTarget(r)
	}
	return a.targetOf(r, r.Referer())
}

// targetOf is the path and query of page, a URL that a browser named in r.
func (a *Auth) targetOf(r *http.Request, page string) string {
	app, ok := a.appURL(r)
	target, isOwn := strings.CutPrefix(page, app)
	if !ok || !isOwn {
		return "/"
	}
	path, query, _ := strings.Cut(target, "?")
	return a.paths.safeTarget(joinQuery(path, rawquery.Without(query, stateParam)))
}

func (p paths) requestTarget(r *http.Request, without []string) string {
	target := r.RequestURI
	if !strings.HasPrefix(target, "/") {
		// An absolute-form target names a host, which must not decide where a login
		// leads (RFC 9112 section 3.2.2).
		target = r.URL.EscapedPath()
		if r.URL.RawQuery != "" {
			target += "?" + r.URL.RawQuery
		}
	}
	if path, query, ok := strings.Cut(target, "?"); ok {
		target = joinQuery(path, rawquery.Without(query, without...))
	}
	return p.safeTarget(target)
}

// safeTarget returns the part of target that it is safe and sensible to send a
// browser to, "/" if nothing is: a path of this app that is none of the login
// routes. The parameters of a login are left out if the token looks like a login
// token: nobody may see it again.
func (p paths) safeTarget(target string) string {
	target, ok := returnto.Path(target)
	if !ok {
		return "/"
	}
	pathOnly, query, _ := strings.Cut(target, "?")
	if !p.isAppPath(pathOnly) {
		return "/"
	}
	if slices.ContainsFunc(rawquery.Values(query, "token"), p.isLoginToken) {
		target = joinQuery(pathOnly, rawquery.Without(query, loginParams...))
	}
	return target
}

// fitTarget returns target if it has at most limit bytes, else its path, else "/".
func fitTarget(target string, limit int) string {
	if len(target) > limit {
		target, _, _ = strings.Cut(target, "?")
	}
	if len(target) > limit {
		return "/"
	}
	return target
}

// isAppPath reports whether a browser that is sent to target, an escaped path
// behind the prefix of AppURL, asks for something of this app that is not at or
// below Config.AuthPath. A proxy or a router may clean what the browser asks for,
// so that is taken into account.
func (p paths) isAppPath(target string) bool {
	asked := returnto.Resolve(p.appPath + target)
	decoded, err := url.PathUnescape(asked)
	cleaned := path.Clean(decoded)
	return err == nil && isAtOrBelow(asked, p.appPath) && isAtOrBelow(cleaned, p.appPath) && !isAtOrBelow(cleaned, p.appPath+p.authPath)
}

func isAtOrBelow(path, base string) bool { return path == base || strings.HasPrefix(path, base+"/") }

func joinQuery(path, query string) string {
	if query == "" {
		return path
	}
	return path + "?" + query
}

// returnToParam is the path that ?return_to= asks for, fallback if it is not safe.
func (p paths) returnToParam(r *http.Request, fallback string) string {
	_, target, ok := splitReturnTo(r.URL.RawQuery)
	if !ok {
		return fallback
	}
	return p.safeTarget(target)
}

// splitReturnTo returns the parameters of a login route and its return target. A
// target that begins with an unescaped slash ends the parameters: what a page has
// in its own query decides nothing about the login.
func splitReturnTo(query string) (params, target string, ok bool) {
	params, rest, isRaw := rawquery.CutRest(query, "return_to")
	escaped := rawquery.Values(params, "return_to")
	switch {
	case isRaw && len(escaped) == 0:
		return params, rest, true
	case !isRaw && len(escaped) == 1:
		return params, escaped[0], true
	}
	return params, "", false
}

// The routes under Config.AuthPath.
const (
	routeLogin    = "login"
	routeSignup   = "signup"
	routeProfile  = "profile"
	routeAccounts = "accounts"
	routeLogout   = "logout"
	routeCallback = "callback"
	routeConfirm  = "confirm"

	// routeLogoutEnd is where a sign-out goes on to LoginRocket.
	routeLogoutEnd = routeLogout + "/end"
)

// routeOf returns what follows Config.AuthPath in the path of r, "" if it is elsewhere.
func (a *Auth) routeOf(r *http.Request) string {
	if route, ok := strings.CutPrefix(r.URL.Path, a.config.AuthPath+"/"); ok {
		return route
	}
	return ""
}

// routePath is the path of a route as browsers see it.
func (p paths) routePath(route string) string {
	return p.appPath + p.authPath + "/" + route
}

// routeReturningTo is a link to a login route that comes back to target.
func (p paths) routeReturningTo(route, target string) string {
	return p.routePath(route) + "?return_to=" + url.QueryEscape(target)
}

// redirect sends the browser to location, which is a whole URL of LoginRocket or a
// target of this app. net/http's Redirect would clean its path, and with it what
// safeTarget has checked. 303 makes a GET of a form's POST (RFC 9110 section 15.4.4).
func (a *Auth) redirect(w http.ResponseWriter, location string) {
	h := w.Header()
	setNoStore(h)
	h.Set("Referrer-Policy", "no-referrer") // the URL of a callback has a token in it
	h.Set("Location", returnto.Escape(location))
	w.WriteHeader(http.StatusSeeOther)
}

// redirectToApp sends the browser to target, a path of this app.
func (a *Auth) redirectToApp(w http.ResponseWriter, target string) {
	a.redirect(w, a.app.path+a.paths.safeTarget(target))
}

// LoginPath returns the path of the login route, for links in your pages. The login
// comes back to returnTo, an escaped path of this app outside Config.AuthPath, such as
// "/manage?tab=1", or r.URL.RequestURI() for the page itself; "" and anything else mean
// the start page. returnTo does not have the path prefix of AppURL; the path that LoginPath returns has it. A fragment is dropped,
// and so is the query if there are more than 1,000 bytes. The path can be extended by
// "&prompt=login" or "&account=org_...".
func (a *Auth) LoginPath(returnTo string) string { return a.routeLink(routeLogin, returnTo) }

// SignupPath is [Auth.LoginPath] for the signup; it can be extended by
// "&invitation=...".
func (a *Auth) SignupPath(returnTo string) string { return a.routeLink(routeSignup, returnTo) }

// LogoutPath returns the path of the logout route, for the action of a form:
//
//	<form method="post" action="{{.LogoutPath}}"><button>Sign out</button></form>
//
// A GET signs out when the browser says that it comes from a
// page of this app or from the address bar, and else shows a button. "" leads to
// Config.AfterLogout. With a returnTo the path has a query, so that "&local=1", which
// keeps the session at LoginRocket, can follow.
func (a *Auth) LogoutPath(returnTo string) string { return a.routeLink(routeLogout, returnTo) }

// ProfilePath is [Auth.LoginPath] for the user's profile.
func (a *Auth) ProfilePath(returnTo string) string { return a.routeLink(routeProfile, returnTo) }

// AccountsPath is [Auth.LoginPath] for the account selector; it can be extended
// by "&force=1", which shows it even to a user with one account.
func (a *Auth) AccountsPath(returnTo string) string { return a.routeLink(routeAccounts, returnTo) }

func (a *Auth) routeLink(route, returnTo string) string {
	if returnTo == "" && route == routeLogout {
		return a.paths.routePath(route)
	}
	return a.paths.routeReturningTo(route, a.paths.safeTarget(returnTo))
}

// callbackURL is where LoginRocket sends browsers back to, see [Auth.appURL].
func (a *Auth) callbackURL(r *http.Request) (string, bool) {
	app, ok := a.appURL(r)
	return app + a.config.AuthPath + "/" + routeCallback, ok
}

// withoutLoginParams returns r with the parameters of a login cut out of its URL, and
// out of its form if that has been parsed.
func withoutLoginParams(r *http.Request) *http.Request {
	cut := *r
	cut.URL = new(url.URL)
	*cut.URL = *r.URL
	cut.URL.RawQuery = rawquery.Without(r.URL.RawQuery, loginParams...)
	if path, query, ok := strings.Cut(r.RequestURI, "?"); ok {
		cut.RequestURI = joinQuery(path, rawquery.Without(query, loginParams...))
	}
	if r.Form != nil {
		cut.Form = maps.Clone(r.Form)
		for _, name := range loginParams {
			if delete(cut.Form, name); len(r.PostForm[name]) > 0 {
				cut.Form[name] = r.PostForm[name]
			}
		}
	}
	return &cut
}
