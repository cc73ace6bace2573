package authrocket

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/authrocket-go/authrocket/internal/clientkind"
	"github.com/authrocket-go/authrocket/internal/keycache"
	"github.com/authrocket-go/authrocket/internal/loginstate"
	"github.com/authrocket-go/authrocket/internal/rawquery"
	"github.com/authrocket-go/authrocket/internal/returnto"
)

// forwardedParams are the query parameters that a route passes on to the hosted page of
// the same name.
var forwardedParams = map[string][]string{
	routeLogin:    {"account", "prompt"},
	routeSignup:   {"invitation"},
	routeProfile:  {"account"},
	routeAccounts: {"force"},
}

// maxForwardedParamBytes limits the length of a parameter that a route passes on.
const maxForwardedParamBytes = 500

// maxBoostedLinkBytes limits the length of a link to a login route that htmx follows,
// because proxies limit the headers of a response. The query of a longer link is cut.
const maxBoostedLinkBytes = 3_000

// loginRoute is a route under Config.AuthPath. Its handler gets GET requests, and POST
// requests if the route accepts them. Each handler first checks that the browser
// navigates, then checks the parameters, and then acts.
type loginRoute struct {
	methods    string // the value of the header Allow
	headStatus int    // the answer to HEAD, which has no effect
	serve      func(*Auth, http.ResponseWriter, *http.Request)
}

const (
	readMethods = "GET, HEAD"
	formMethods = "GET, HEAD, POST"
)

var loginRoutes = map[string]loginRoute{
	routeLogin:     {readMethods, http.StatusOK, (*Auth).serveHosted},
	routeSignup:    {readMethods, http.StatusOK, (*Auth).serveHosted},
	routeProfile:   {readMethods, http.StatusOK, (*Auth).serveHosted},
	routeAccounts:  {readMethods, http.StatusOK, (*Auth).serveHosted},
	routeLogout:    {formMethods, http.StatusOK, (*Auth).serveLogout},
	routeLogoutEnd: {readMethods, http.StatusOK, (*Auth).serveLogoutEnd},
	routeConfirm:   {formMethods, http.StatusOK, (*Auth).serveConfirm},
	// HEAD completes no login, so it gets the status that a program gets. [Auth.Deny]
	// would redirect a browser's HEAD to the login.
	routeCallback: {readMethods, http.StatusUnauthorized, (*Auth).serveCallback},
}

// callbackHeader is a header of every answer of the callback and of the confirmation
// page. The header shows an external check that this package answers at AppURL +
// AuthPath. The header does not depend on the visitor.
const callbackHeader = "Authrocket-Callback"

// serveRoute answers r if its path is one of the login routes.
func (a *Auth) serveRoute(w http.ResponseWriter, r *http.Request) bool {
	name := a.routeOf(r)
	route, ok := loginRoutes[name]
	if !ok {
		return false
	}
	setNoStore(w.Header())
	if name == routeCallback || name == routeConfirm {
		w.Header().Set(callbackHeader, "1")
	}
	switch {
	case clientkind.IsPrefetch(r):
		a.denyRoute(w, r, ErrPrefetch)
	case r.Method == http.MethodHead:
		if route.headStatus == http.StatusUnauthorized {
			w.Header().Set("WWW-Authenticate", "Bearer") // required by RFC 9110 section 15.5.2
		}
		w.WriteHeader(route.headStatus)
	case !slices.Contains(strings.Split(route.methods, ", "), r.Method):
		w.Header().Set("Allow", route.methods)
		a.warnOfMethod(r)
		http.Error(w, a.methodText(r), http.StatusMethodNotAllowed)
	default:
		route.serve(a, w, r)
	}
	return true
}

// serveHosted redirects the browser to a hosted page and remembers the return target.
// Requests that are not navigations get the same answer as at a gate. Otherwise, for example,
// the images of a page could evict the state of a login in progress.
func (a *Auth) serveHosted(w http.ResponseWriter, r *http.Request) {
	route := a.routeOf(r)
	if clientkind.IsBoosted(r) && !hasBearer(r.Header) {
		// htmx would fetch the hosted page with a script, so this header makes the
		// browser navigate instead.
		link := joinQuery(a.paths.routePath(route), withoutLoginParams(r).URL.RawQuery)
		w.Header().Set("HX-Redirect", returnto.Escape(fitTarget(link, maxBoostedLinkBytes)))
		w.WriteHeader(http.StatusOK)
		return
	}
	if !wantsPage(r) {
		a.denyRoute(w, r, refuse(ErrNoToken, "this route is for browsers that navigate"))
		return
	}
	query, _, _ := splitReturnTo(r.URL.RawQuery)
	names := forwardedParams[route]
	if route == routeLogin || route == routeSignup {
		names = append(slices.Clone(names), a.config.ForwardParams...)
	}
	params := url.Values{}
	for _, name := range names {
		if values := rawquery.Values(query, name); len(values) == 1 && len(values[0]) <= maxForwardedParamBytes {
			params.Set(name, values[0])
		}
	}
	login := loginstate.Login{Attempt: 1, Target: a.paths.returnToParam(r, "/")}
	if route == routeLogin {
		// An app's script may send the browser here in a loop. The other routes are not
		// counted, because a person may switch accounts many times.
		if login.Attempt = a.attempts(r) + 1; login.Attempt > maxAttempts {
			_, err := a.cookieSession(r, &wait{patience: keycache.NoWait}, a.verify)
			a.stopLoginLoop(w, r, login.Target, err)
			return
		}
	}
	if isSameOriginLink(r) {
		login.MayChange = requestedChange(route, params)
	}
	if !a.startLogin(w, r, loginRequest{route, params, login}) {
		a.writePage(w, r, wrongHostPage(http.StatusForbidden))
	}
}

// requestedChange returns what a user who follows a link of this app to a hosted page
// wants to change.
func requestedChange(route string, params url.Values) loginstate.Change {
	switch {
	case route == routeLogin && params.Get("prompt") == "login":
		return loginstate.ChangeUser
	case route == routeAccounts, route == routeLogin && params.Has("account"):
		return loginstate.ChangeAccount
	}
	return loginstate.ChangeNothing
}
