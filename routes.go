package authrocket

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/authrocket-go/authrocket/internal/fetchmeta"
	"github.com/authrocket-go/authrocket/internal/keycache"
	"github.com/authrocket-go/authrocket/internal/rawquery"
	"github.com/authrocket-go/authrocket/internal/returnto"
)

// The routes under Config.AuthPath.
const (
	routeLogin    = "login"
	routeSignup   = "signup"
	routeProfile  = "profile"
	routeAccounts = "accounts"
	routeLogout   = "logout"
	routeConfirm  = "confirm"
)

// hostedParams are the query parameters that a route hands on to the hosted
// page of the same name.
var hostedParams = map[string][]string{
	routeLogin:    {"account", "prompt"},
	routeSignup:   {"invitation"},
	routeProfile:  {"account"},
	routeAccounts: {"force"},
}

// routePath is the path of a route as browsers see it.
func (a *Auth) routePath(route string) string {
	return a.app.prefix + a.config.AuthPath + "/" + route
}

// serveRoute answers r if it is for one of the login routes.
func (a *Auth) serveRoute(w http.ResponseWriter, r *http.Request) bool {
	route, ok := strings.CutPrefix(r.URL.Path, a.config.AuthPath+"/")
	if !ok {
		return false
	}
	methods := "GET, HEAD"
	switch route {
	case routeLogin, routeSignup, routeProfile, routeAccounts:
	case routeLogout, routeConfirm:
		methods = "GET, HEAD, POST"
	default:
		return false
	}
	setNoStore(w.Header())
	switch {
	case fetchmeta.IsPrefetch(r):
		a.Deny(w, r, ErrPrefetch)
	case r.Method == http.MethodHead:
		w.WriteHeader(http.StatusOK)
	case !slices.Contains(strings.Split(methods, ", "), r.Method):
		w.Header().Set("Allow", methods)
		http.Error(w, http.StatusText(http.StatusMethodNotAllowed), http.StatusMethodNotAllowed)
	case route == routeLogout:
		a.serveLogout(w, r)
	case route == routeConfirm:
		a.serveConfirm(w, r)
	default:
		a.serveHosted(w, r, route)
	}
	return true
}

// serveHosted sends the browser to a hosted page and remembers where to return.
// What does not navigate cannot go there, and gets what a gate answers it: the
// images of a page, say, do not push out the state of a login that is under way.
func (a *Auth) serveHosted(w http.ResponseWriter, r *http.Request, route string) {
	if !fetchmeta.MayNavigate(r) {
		a.Deny(w, r, ErrNoToken)
		return
	}
	params := url.Values{}
	for _, name := range hostedParams[route] {
		if values := rawquery.Values(r.URL.RawQuery, name); len(values) == 1 {
			params.Set(name, values[0])
		}
	}
	target, attempt := a.returnTo(r, "/"), 1
	if route == routeLogin {
		// The scripts of an app may send the browser here.
		if attempt = a.attempts(r) + 1; attempt > maxAttempts {
			_, err := a.cookieSession(r, keycache.NoWait, new(time.Time))
			a.breakLoop(w, r, target, err)
			return
		}
	}
	if !a.startLogin(w, r, attempt, "/"+route, target, params) {
		writePage(w, r, http.StatusForbidden, wrongHostPage)
	}
}

// returnTo is the path that ?return_to= asks for, fallback if it is not safe.
func (a *Auth) returnTo(r *http.Request, fallback string) string {
	values := rawquery.Values(r.URL.RawQuery, "return_to")
	if len(values) != 1 {
		return fallback
	}
	return a.safeTarget(values[0])
}

// startLogin sends the browser to a hosted page from which it comes back to
// target, signed in. attempt is 1 unless logins before it were in vain. It returns
// false, and has written nothing, when it cannot be told where this app is.
func (a *Auth) startLogin(w http.ResponseWriter, r *http.Request, attempt int, hostedPath, target string, params url.Values) bool {
	app, ok := a.appURL(r)
	if !ok {
		return false
	}
	target = a.safeTarget(target)
	state := a.rememberLogin(w, r, attempt, target)
	path, _, _ := strings.Cut(target, "?")
	if params == nil {
		params = url.Values{}
	}
	// Nothing of the query goes to LoginRocket: it stays in the browser.
	params.Set("redirect_uri", app+returnto.Escape(path)+"?"+stateParam+"="+state.Param())
	a.redirect(w, a.loginRocket.origin+hostedPath+"?"+params.Encode())
	return true
}

// serveLogout signs out. A link or an image on another site can cause a GET, so
// that a GET does only when a person of this site asked for it, and otherwise
// shows a button.
func (a *Auth) serveLogout(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet && !isOwnNavigation(r) {
		writePage(w, r, http.StatusOK, a.logoutPage(r))
		return
	}
	session := nobody
	switch err := a.checkOrigin(r); {
	case err == nil:
		// Signing out never waits for keys; without them the session has no name.
		session, _ = a.cookieSession(r, keycache.NoWait, new(time.Time))
	case r.Host != "":
		a.Deny(w, r, err)
		return
	}
	isLocal := isLocalLogout(r)
	if a.config.Observer.Logout != nil {
		a.config.Observer.Logout(r.Context(), Logout{Local: isLocal, SessionHash: a.sessionHash(*session)})
	}
	a.clearSessionCookie(w, r)
	a.forgetPending(w, r)
	a.forgetAttempts(w, r)
	target := a.returnTo(r, a.config.AfterLogout)
	if isLocal {
		a.redirectHome(w, target)
		return
	}
	var params []URLParam
	if app, ok := a.appURL(r); ok {
		params = append(params, RedirectURI(app+target))
	}
	if id := session.ID(); id != "" {
		params = append(params, SessionID(id))
	}
	a.redirect(w, a.LogoutURL(params...))
}

// isLocalLogout reports whether the LoginRocket session is to go on.
func isLocalLogout(r *http.Request) bool { return len(rawquery.Values(r.URL.RawQuery, "local")) > 0 }

// isOwnNavigation reports whether a person typed the address or followed a link
// of this very site, by the word of a browser that says so.
func isOwnNavigation(r *http.Request) bool {
	site := r.Header.Get("Sec-Fetch-Site")
	return (site == "same-origin" || site == "none") &&
		r.Header.Get("Sec-Fetch-Mode") == "navigate" &&
		r.Header.Get("Sec-Fetch-Dest") == "document" &&
		!fetchmeta.IsPrefetch(r)
}
