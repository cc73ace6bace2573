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
)

// hostedParams are the query parameters that a route hands on to the hosted
// page of the same name.
var hostedParams = map[string][]string{
	routeLogin:    {"account", "prompt"},
	routeSignup:   {"invitation"},
	routeProfile:  {"account"},
	routeAccounts: {"force"},
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
	target, attempt := a.paths.returnTo(r, "/"), 1
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
