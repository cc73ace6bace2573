package authrocket

import (
	"fmt"
	"net/http"
	"strings"
	"time"
)

// warnOfSetup warns about a configuration problem that a request reveals. It warns about
// each kind of problem at most once an hour, so that requests cannot flood a log.
func (a *Auth) warnOfSetup(r *http.Request, kind, format string, args ...any) {
	if a.config.Observer.Warning != nil && a.setupWarnings.isDue(kind, time.Now()) {
		a.warn(r, fmt.Errorf(format, args...))
	}
}

// warnOfHTTP warns about a login that starts over http although AppURL is https. The
// browser then keeps none of the cookies. Behind a proxy that terminates https, requests
// look the same. warnOfHTTP therefore warns only if the Referer is a page on http, or if
// the app is local, where such a proxy is rare.
func (a *Auth) warnOfHTTP(r *http.Request) {
	if !a.app.isHTTPS || r.TLS != nil {
		return
	}
	fromHTTP := strings.HasPrefix(r.Referer(), "http://"+r.Host+"/")
	if fromHTTP || a.app.isLoopback && r.Header.Get("X-Forwarded-Proto") == "" {
		a.warnOfSetup(r, "http", "a login starts over http, but Config.AppURL (AUTHROCKET_APP_URL) is %q: browsers keep this app's cookies on https only, so no login can be completed; serve the app over https, or use http:// in the AppURL of a local app", a.app.origin)
	}
}

// warnOfMissingRoutes warns about a login that a gate starts although this Auth does not
// serve the callback. Without Authenticate, a gate serves only the paths of its pattern
// in the mux.
func (a *Auth) warnOfMissingRoutes(r *http.Request) {
	if a.routesMounted.Load() || r.Pattern == "" || patternCovers(r.Pattern, a.config.AuthPath+"/"+routeCallback) {
		return
	}
	a.warnOfSetup(r, "missing routes", "a login starts, but neither Auth.Authenticate nor Auth.LoginRoutes is in use: unless another program serves %s, the login comes back to a page that does not exist; put Authenticate around the whole app", a.paths.routePath(routeCallback))
}

// minNoneBack is how many logins must have started before the app warns that none has
// come back. Some people give up, and robots never come back.
const minNoneBack = 3

// warnOfNoneBack warns that no login has come back yet. LoginRocket may refuse the URL of
// the callback, or another server may answer at that URL. This app cannot detect either
// problem otherwise. callback is the URL of the callback.
func (a *Auth) warnOfNoneBack(r *http.Request, callback string) {
	if a.cameBack.Load() || a.startedLogins.Add(1) < minNoneBack {
		return
	}
	a.warnOfSetup(r, "none back", "%d logins were started, but none has come back to %s yet; if logins fail, check that this is a Login URL of the Connected App in AuthRocket's portal, and that it reaches this app together with its query", a.startedLogins.Load(), callback)
}

// patternCovers reports whether a pattern of a mux may match path as a prefix.
func patternCovers(pattern, path string) bool {
	prefix := patternPath(pattern)
	if i := strings.IndexAny(prefix, "{*"); i >= 0 {
		prefix = prefix[:i]
	}
	return strings.HasSuffix(prefix, "/") && strings.HasPrefix(path, prefix)
}

// patternPath returns the path of a pattern such as "GET example.com/orgs/".
func patternPath(pattern string) string {
	if i := strings.IndexByte(pattern, '/'); i >= 0 {
		return pattern[i:]
	}
	return pattern
}

// routesHandler is the type that [Auth.LoginRoutes] returns, so that it can be recognised
// in a mux.
type routesHandler struct{ http.HandlerFunc }

// warnOfShadowedRoute warns about a route of the app that a login route hides. r is a
// request for a login route, and next is the handler that Authenticate calls for other
// requests.
func (a *Auth) warnOfShadowedRoute(r *http.Request, next http.Handler) {
	mux, ok := next.(*http.ServeMux)
	if !ok {
		return
	}
	handler, pattern := mux.Handler(r)
	if _, own := handler.(routesHandler); own || patternPath(pattern) != r.URL.Path {
		return
	}
	a.warnOfSetup(r, "shadowed "+r.URL.Path, "the app's own route %q is never called: Auth.Authenticate answers %s, which is a login route; move the app's route, or set Config.AuthPath to another path", pattern, r.URL.Path)
}

// warnOfPrefix warns about a request for a login route if the path still has the prefix
// of AppURL.
func (a *Auth) warnOfPrefix(r *http.Request) {
	own := a.app.path + a.config.AuthPath
	if a.app.path == "" || !strings.HasPrefix(r.URL.Path, own+"/") {
		return
	}
	a.warnOfSetup(r, "prefix", "a request for a login route has the path %s of Config.AppURL (AUTHROCKET_APP_URL), which a proxy should strip; configure the proxy to strip it, or leave the path out of AppURL and set Config.AuthPath to %s", a.app.path, own)
}

// warnOfLostRoutes warns about a request to [Auth.LoginRoutes] that can never reach a
// login route with this Config.
func (a *Auth) warnOfLostRoutes(r *http.Request) {
	switch {
	case a.config.DisableCookie:
		a.warnOfSetup(r, "no routes", "Auth.LoginRoutes serves nothing because Config.DisableCookie is set; leave one of them out")
	case !isAtOrBelow(r.URL.Path, a.config.AuthPath):
		a.warnOfSetup(r, "lost routes", "Auth.LoginRoutes got a request that is not below Config.AuthPath, which is %s: mount it there, and do not strip that path", a.config.AuthPath)
	}
}

// methodText returns the text of the answer to a method that a login route does not
// accept. In development, the text also names the setting AuthPath, because the request
// may be meant for the app's own login form.
func (a *Auth) methodText(r *http.Request) string {
	text := http.StatusText(http.StatusMethodNotAllowed)
	if a.app.isZero() || a.app.isLoopback {
		text += ": " + r.URL.Path + " is a login route of package authrocket; if the app has its own route at this path, set Config.AuthPath to another path"
	}
	return text
}

// warnOfMethod warns about a form or a script of this app that sends a method that the
// login route does not accept.
func (a *Auth) warnOfMethod(r *http.Request) {
	if a.isSameOrigin(r) {
		a.warnOfSetup(r, "method", "a page of this app sends %s to %s, which is a login route; if the app has its own route at this path, move it, or set Config.AuthPath to another path", quoteShort(r.Method), r.URL.Path)
	}
}

// largeCookieBytes is the total length of cookies that proxies accept by default. For
// example, nginx limits the headers of a response to 4 KiB.
const largeCookieBytes = 3 << 10

// warnOfSize warns about a login token that may be too large for a proxy in front of the
// app. The proxy's own answer, 400 or 502, does not name the cause.
func (a *Auth) warnOfSize(r *http.Request, token string) {
	chunks := (len(token) + chunkBytes - 1) / chunkBytes
	cookies := len(token) + chunks*cookieBytes(chunkName(a.config.CookieName, 1), "")
	for n := range maxChunks { // the login replaces the chunks of an older session
		for _, value := range cookieValues(r.Header, chunkName(a.config.CookieName, n)) {
			cookies -= cookieBytes(chunkName(a.config.CookieName, n), value)
		}
	}
	if cookies += cookieHeaderBytes(r); cookies > largeCookieBytes {
		a.warnOfSetup(r, "size", "a login token has %d bytes, and this browser sends %d bytes of cookies with it; if a proxy in front answers 502 or 400, give it larger buffers (nginx: proxy_buffer_size, large_client_header_buffers), or the token fewer claims", len(token), cookies)
	}
}

// lostState returns a message for a log. The message says why the request has no cookie
// for the state. id is the ID in the state.
func (a *Auth) lostState(r *http.Request, id string) string {
	const replicas = "all instances of this app need the same Config.AppURL, Config.AuthPath and Config.CookieName"
	app, _ := a.appURL(r)
	prefix := a.cookieNameFor("state-")
	switch other := cookieOfState(r, id); {
	case hasCookie(r, prefix+id):
		return "the browser sent the login's cookie, but it does not open the state: it is older than an hour, or an instance with another configuration has set it; " + replicas
	case other != "":
		return "the browser sent the login's cookie as " + quoteShort(other+"...") + ", not as " + quoteShort(prefix+"...") + "; " + replicas
	case cookieHeaderBytes(r) == 0 && a.app.isHTTPS:
		return "the browser sent no cookies: it keeps them on https only, and does not send them to other hosts; open the app at " + app + "/"
	case cookieHeaderBytes(r) == 0:
		return "the browser sent no cookies: it keeps none, or it started the login at another host; open the app at " + app + "/"
	}
	return "the browser did not send the login's cookie: the login took more than an hour, or began in another browser or at a host other than " + app
}

// cookieOfState returns the beginning of a cookie's name if an Auth with another
// CookieName has set that cookie for the state with this ID.
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
