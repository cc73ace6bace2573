package authrocket

import (
	"fmt"
	"net/http"
	"strings"
	"time"
)

// warnOfSetup reports what a request shows to be set up wrongly, each kind at most once
// an hour: nobody can flood a log with it.
func (a *Auth) warnOfSetup(r *http.Request, kind, format string, args ...any) {
	if a.config.Observer.Warning != nil && a.setupWarnings.isDue(kind, time.Now()) {
		a.warn(r, fmt.Errorf(format, args...))
	}
}

// warnOfHTTP reports a login that starts by http although AppURL is https: the browser
// then keeps none of the cookies. A proxy that speaks https makes the same request of a
// browser's; what the browser says of its own page is certain, and a local app rarely has
// such a proxy.
func (a *Auth) warnOfHTTP(r *http.Request) {
	if !a.app.isHTTPS || r.TLS != nil {
		return
	}
	fromHTTP := strings.HasPrefix(r.Referer(), "http://"+r.Host+"/")
	if fromHTTP || a.app.isLoopback && r.Header.Get("X-Forwarded-Proto") == "" {
		a.warnOfSetup(r, "http", "a login starts by http, but Config.AppURL (AUTHROCKET_APP_URL) is %q: browsers keep this app's cookies on https only, so that no login is completed; serve the app by https, or for a local app write http:// into AppURL", a.app.origin)
	}
}

// warnOfMissingRoutes reports a login that a gate starts while nothing of this Auth
// serves the callback. A gate that a mux calls for one pattern serves only what matches
// that.
func (a *Auth) warnOfMissingRoutes(r *http.Request) {
	if a.routesMounted.Load() || r.Pattern == "" || patternCovers(r.Pattern, a.config.AuthPath+"/"+routeCallback) {
		return
	}
	a.warnOfSetup(r, "missing routes", "a login starts, but neither Auth.Authenticate nor Auth.LoginRoutes is in use: unless another program serves %s, the login comes back to a page that is not found; put Authenticate around the whole app", a.paths.routePath(routeCallback))
}

// minNoneBack is how many logins may be under way at first. People give up, and robots
// never come back.
const minNoneBack = 3

// warnOfNoneBack reports that no login has come back yet: LoginRocket may refuse the
// callback, and a host in front may answer in its place, which nothing here sees. callback
// is the URL of the callback.
func (a *Auth) warnOfNoneBack(r *http.Request, callback string) {
	if a.cameBack.Load() || a.startedLogins.Add(1) < minNoneBack {
		return
	}
	a.warnOfSetup(r, "none back", "%d logins were started, and none has come back to %s yet; if logins fail, check that this is a Login URL of the Connected App in AuthRocket's portal, and that it leads to this app, with its query", a.startedLogins.Load(), callback)
}

// patternCovers reports whether a pattern of a mux may match path by its beginning.
func patternCovers(pattern, path string) bool {
	prefix := patternPath(pattern)
	if i := strings.IndexAny(prefix, "{*"); i >= 0 {
		prefix = prefix[:i]
	}
	return strings.HasSuffix(prefix, "/") && strings.HasPrefix(path, prefix)
}

// patternPath is the path of a pattern such as "GET example.com/orgs/".
func patternPath(pattern string) string {
	if i := strings.IndexByte(pattern, '/'); i >= 0 {
		return pattern[i:]
	}
	return pattern
}

// routesHandler is what [Auth.LoginRoutes] returns, so that it can be found in a mux.
type routesHandler struct{ http.HandlerFunc }

// warnOfShadowedRoute reports a route of the app's own that a login route is in front of.
// r is for a login route, and next is what Authenticate calls for others.
func (a *Auth) warnOfShadowedRoute(r *http.Request, next http.Handler) {
	mux, ok := next.(*http.ServeMux)
	if !ok {
		return
	}
	handler, pattern := mux.Handler(r)
	if _, own := handler.(routesHandler); own || patternPath(pattern) != r.URL.Path {
		return
	}
	a.warnOfSetup(r, "shadowed "+r.URL.Path, "the app's own route %q is never called: Auth.Authenticate answers %s, which is a login route; move the own route, or set Config.AuthPath to another path", pattern, r.URL.Path)
}

// warnOfPrefix reports a request for a login route that has the path of AppURL still in
// front of it.
func (a *Auth) warnOfPrefix(r *http.Request) {
	own := a.app.path + a.config.AuthPath
	if a.app.path == "" || !strings.HasPrefix(r.URL.Path, own+"/") {
		return
	}
	a.warnOfSetup(r, "prefix", "a request for a login route has the path %s of Config.AppURL (AUTHROCKET_APP_URL), which a proxy should strip: have it stripped, or leave the path out of AppURL and set Config.AuthPath to %s", a.app.path, own)
}

// warnOfLostRoutes reports a request that [Auth.LoginRoutes] gets, and that no Config
// makes a login route of.
func (a *Auth) warnOfLostRoutes(r *http.Request) {
	switch {
	case a.config.DisableCookie:
		a.warnOfSetup(r, "no routes", "Auth.LoginRoutes serves nothing, since Config.DisableCookie is set; leave one of them out")
	case !isAtOrBelow(r.URL.Path, a.config.AuthPath):
		a.warnOfSetup(r, "lost routes", "Auth.LoginRoutes got a request that is not below Config.AuthPath, which is %s: mount it there, and do not strip that path", a.config.AuthPath)
	}
}

// methodText is the answer to a method that a login route does not take. To a developer
// it names the setting: the form of an app's own login may have been sent there.
func (a *Auth) methodText(r *http.Request) string {
	text := http.StatusText(http.StatusMethodNotAllowed)
	if a.app.isZero() || a.app.isLoopback {
		text += ": " + r.URL.Path + " is a login route of the package authrocket; an app that has this path for itself sets Config.AuthPath to another one"
	}
	return text
}

// warnOfMethod reports a form or script of this app that sends a method which the login
// route does not take.
func (a *Auth) warnOfMethod(r *http.Request) {
	if a.isSameOrigin(r) {
		a.warnOfSetup(r, "method", "a page of this app sends %s to %s, which is a login route: if it is a route of the app's own, move it, or set Config.AuthPath to another path", quoteShort(r.Method), r.URL.Path)
	}
}

// largeCookieBytes is what proxies let through as they are: nginx has 4 KiB for the
// headers of an answer.
const largeCookieBytes = 3 << 10

// warnOfSize reports a login token that may be too large for the proxies in front: their
// own answers, 400 and 502, name no cause.
func (a *Auth) warnOfSize(r *http.Request, token string) {
	chunks := (len(token) + chunkBytes - 1) / chunkBytes
	cookies := len(token) + chunks*cookieBytes(chunkName(a.config.CookieName, 1), "")
	for n := range maxChunks { // those of an older session are replaced
		for _, value := range cookieValues(r.Header, chunkName(a.config.CookieName, n)) {
			cookies -= cookieBytes(chunkName(a.config.CookieName, n), value)
		}
	}
	if cookies += cookieHeaderBytes(r); cookies > largeCookieBytes {
		a.warnOfSetup(r, "size", "a login token has %d bytes, and this browser sends %d bytes of cookies with it: a proxy in front that answers 502 or 400 needs larger buffers (nginx: proxy_buffer_size, large_client_header_buffers), or the token fewer claims", len(token), cookies)
	}
}

// lostState says, for a log, why the cookie of a login is not there that was started here
// by the word of its state. id is that of the state.
func (a *Auth) lostState(r *http.Request, id string) string {
	const replicas = "all instances of this app need the same Config.AppURL, Config.AuthPath and Config.CookieName"
	app, _ := a.appURL(r)
	prefix := a.cookieNameFor("state-")
	switch other := cookieOfState(r, id); {
	case hasCookie(r, prefix+id):
		return "its cookie came, but does not open it: it is older than an hour, or was set by an instance with another configuration; " + replicas
	case other != "":
		return "its cookie came as " + quoteShort(other+"...") + ", not as " + quoteShort(prefix+"...") + "; " + replicas
	case cookieHeaderBytes(r) == 0 && a.app.isHTTPS:
		return "the browser sent no cookies: it keeps them on https only, and not at other hosts; open the app at " + app + "/"
	case cookieHeaderBytes(r) == 0:
		return "the browser sent no cookies: it keeps none, or it started the login at another host; open the app at " + app + "/"
	}
	return "the browser did not send its cookie: it took more than an hour, or began in another browser or at another host than " + app
}

// cookieOfState returns how the name of the cookie begins that an Auth of another
// CookieName has set for the state of that ID.
func cookieOfState(r *http.Request, id string) string {
	suffix := "state-" + id + "="
	for _, line := range r.Header["Cookie"] {
		line = line[:min(len(line), maxScannedCookieBytes)]
		if before, _, ok := strings.Cut(line, suffix); ok && id != "" {
			return strings.TrimLeft(before[strings.LastIndexByte(before, ';')+1:], " \t") + "state-"
		}
	}
	return ""
}
