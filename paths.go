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

// paths decides where on this host a browser may be sent.
type paths struct {
	appPath      string // of AppURL, escaped
	authPath     string
	isLoginToken func(string) bool // reports whether a string looks like a login token, unverified
}

// appURL returns the URL at which browsers reach this app, which is Config.AppURL. AppURL
// may be empty if LoginRocket is on loopback. The result is then http and the request's
// Host, which must also be on loopback.
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

// stateParam is the query parameter that takes the state of a login to LoginRocket and
// back.
const stateParam = "ar_state"

// loginParams are the parameters that LoginRocket and this package add to the URL that a
// browser comes back to.
var loginParams = []string{"token", "account", "session", stateParam}

// strayTarget returns the return target of an unsolicited login whose token is in the URL
// of r. The target is the path and query of r, byte for byte, without the parameters of
// the login.
func (p paths) strayTarget(r *http.Request) string { return p.requestTarget(r, loginParams) }

// returnTarget returns the return target of a login that starts at r. The target is the
// path and query of r, byte for byte. A token, account or session parameter belongs to
// the app, unless safeTarget finds a login token.
func (p paths) returnTarget(r *http.Request) string {
	return p.requestTarget(r, []string{stateParam})
}

// htmxTarget returns the return target of a login that starts at r, a request by htmx.
// For a boosted link, it is the page that the link leads to. Otherwise, it is the page
// that is open in the browser, into which htmx would have inserted the answer.
func (a *Auth) htmxTarget(r *http.Request) string {
	if r.Method == http.MethodGet && clientkind.IsBoosted(r) {
		return a.paths.returnTarget(r)
	}
	return a.openPageTarget(r)
}

// openPageTarget returns the path and query of the page from which htmx sent r, or "/" if
// that is not a page of this app.
func (a *Auth) openPageTarget(r *http.Request) string {
	return a.targetOf(r, r.Header.Get("HX-Current-URL"))
}

// backTarget returns the target of the back link on a page that answers r. The target is
// the URL of r or, for a form post, the URL of the page with the form. If the form is not
// on a page of this app, the target is "/".
func (a *Auth) backTarget(r *http.Request) string {
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		return a.paths.returnTarget(r)
	}
	return a.targetOf(r, r.Referer())
}

// targetOf returns the path and query of page, a URL in a header of r, or "/" if it is
// not a URL of this app.
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
		// A target in absolute form contains a host, which must not decide where a login
		// returns to (RFC 9112 section 3.2.2).
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

// safeTarget returns target if it is safe to redirect a browser there, and otherwise "/".
// A target is safe if it is a path of this app outside the login routes. If the query
// contains a login token, it returns target without the parameters of the login, so that
// the token is not shown again.
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

// fitTarget returns target if it has at most limit bytes. Otherwise it returns its path,
// or "/" if even that is too long.
func fitTarget(target string, limit int) string {
	if len(target) > limit {
		target, _, _ = strings.Cut(target, "?")
	}
	if len(target) > limit {
		return "/"
	}
	return target
}

// isAppPath reports whether target, an escaped path after the prefix of AppURL, is a path
// of this app that is not at or below Config.AuthPath. It checks the path as a browser
// resolves it, and then as a proxy or a router resolves the result.
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

// returnToParam returns the safe path in ?return_to=, or fallback if there is no such
// parameter.
func (p paths) returnToParam(r *http.Request, fallback string) string {
	_, target, ok := splitReturnTo(r.URL.RawQuery)
	if !ok {
		return fallback
	}
	return p.safeTarget(target)
}

// splitReturnTo returns the parameters of a login route and its return target. A target
// that begins with an unescaped slash includes the rest of the query, because the query
// of the target page must not change the login.
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

	// routeLogoutEnd redirects a sign-out to LoginRocket.
	routeLogoutEnd = routeLogout + "/end"
)

// routeOf returns the path of r below Config.AuthPath, or "" if r is not below it.
func (a *Auth) routeOf(r *http.Request) string {
	if route, ok := strings.CutPrefix(r.URL.Path, a.config.AuthPath+"/"); ok {
		return route
	}
	return ""
}

// routePath returns the path of a route as browsers see it.
func (p paths) routePath(route string) string {
	return p.appPath + p.authPath + "/" + route
}

// routeReturningTo returns a link to a login route. After the login, the browser returns
// to target.
func (p paths) routeReturningTo(route, target string) string {
	return p.routePath(route) + "?return_to=" + url.QueryEscape(target)
}

// redirect sends the browser to location, a URL of LoginRocket or a target of this app.
// net/http's Redirect would clean the path, and so change the target that safeTarget has
// checked. After the POST of a form, 303 makes the browser send a GET (RFC 9110 section
// 15.4.4).
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
// returns to returnTo, an escaped path of this app outside Config.AuthPath, such as
// "/manage?tab=1". Pass r.URL.RequestURI() to return to the current page. If returnTo is
// empty or not such a path, the login returns to "/". returnTo must not contain the path
// prefix of AppURL, which LoginPath adds. A fragment is dropped. If returnTo is longer
// than 1,000 bytes, its query is also dropped. You may append "&prompt=login" or
// "&account=org_..." to the result.
func (a *Auth) LoginPath(returnTo string) string { return a.routeLink(routeLogin, returnTo) }

// SignupPath is [Auth.LoginPath] for the signup. You may append "&invitation=..." to the
// result.
func (a *Auth) SignupPath(returnTo string) string { return a.routeLink(routeSignup, returnTo) }

// LogoutPath returns the path of the logout route, for the action of a form:
//
//	<form method="post" action="{{.LogoutPath}}"><button>Sign out</button></form>
//
// A GET signs the user out if the browser says that it comes from a page of this app or
// from the address bar. Otherwise, the answer is a page with a button. If returnTo is
// empty, the browser returns to Config.AfterLogout. Otherwise, you may append "&local=1"
// to the result, which keeps the session at LoginRocket active.
func (a *Auth) LogoutPath(returnTo string) string { return a.routeLink(routeLogout, returnTo) }

// ProfilePath is [Auth.LoginPath] for the user's profile.
func (a *Auth) ProfilePath(returnTo string) string { return a.routeLink(routeProfile, returnTo) }

// AccountsPath is [Auth.LoginPath] for the account selector. You may append "&force=1" to
// the result, which shows the selector even to a user with one account.
func (a *Auth) AccountsPath(returnTo string) string { return a.routeLink(routeAccounts, returnTo) }

func (a *Auth) routeLink(route, returnTo string) string {
	if returnTo == "" && route == routeLogout {
		return a.paths.routePath(route)
	}
	return a.paths.routeReturningTo(route, a.paths.safeTarget(returnTo))
}

// callbackURL returns the URL that LoginRocket sends browsers back to: see [Auth.appURL].
func (a *Auth) callbackURL(r *http.Request) (string, bool) {
	app, ok := a.appURL(r)
	return app + a.config.AuthPath + "/" + routeCallback, ok
}

// withoutLoginParams returns a copy of r without the parameters of a login in its URL,
// and in its form if that has been parsed.
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
