package authrocket

import (
	"net/http"

	"github.com/authrocket-go/authrocket/internal/keycache"
)

// Authenticate returns a handler that finds out who sends each request, and then calls
// next. It refuses no request, because that is the task of the gates. Put it around the
// whole app. It
//
//   - serves the login routes under Config.AuthPath,
//   - completes logins at the callback: a browser that comes back from LoginRocket gets
//     the session cookie and is redirected to its return target, but the user must first
//     confirm a login that the browser did not start or that changes who is signed in,
//   - puts the session, or the reason why there is none, into the request's context, for
//     [CurrentSession], the related functions and the gates.
//
// A bearer token takes precedence over a cookie. If the bearer token is invalid, the
// request is anonymous even when it carries a valid cookie. Other schemes in
// Authorization are ignored. Requests below Config.AuthPath that are not for a login
// route are passed to next.
//
// The login routes serve browsers that navigate. Other requests to these routes get the
// same answer as at a gate. Every answer of the callback and of its confirmation page has
// the header Authrocket-Callback: 1, so that an external check can see that this app
// serves them.
//
// A request with an invalid token is anonymous. The same applies if Config.SessionState
// refuses the session or cannot decide about it. Every response has Vary: Cookie,
// Authorization. A response to a signed-in user has Cache-Control: private, no-cache,
// which next may replace. The ResponseWriter is never wrapped.
func (a *Auth) Authenticate(next http.Handler) http.Handler {
	a.routesMounted.Store(true)
	return a.authenticate(next)
}

func (a *Auth) authenticate(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if id := a.identityOf(r); id != nil {
			// Authenticate is mounted twice, and the outer one has already authenticated
			// and reported the request.
			next.ServeHTTP(w, withIdentity(r, id))
			return
		}
		// A route without a gate waits only briefly for keys, and does not wait for
		// Config.SessionState. A gate behind it waits for both.
		id := a.newIdentity(r, keycache.Open)
		id.cacheHeaders.setVary(w.Header())
		if !a.config.DisableCookie {
			var answered bool
			if r, answered = a.serveStrayToken(w, r); answered {
				return
			}
			if a.serveRoute(w, r) {
				a.warnOfShadowedRoute(r, next)
				return
			}
			a.warnOfPrefix(r)
		}
		a.identify(id, r)
		if id.err == nil {
			id.cacheHeaders.setPrivate(w.Header())
		}
		r = withIdentity(r, id)
		a.observeDecision(r.Context(), r.Method, r.Pattern, false, id.source, id.session, id.err)
		next.ServeHTTP(w, r)
	})
}

// RequireLogin returns a gate that calls next for signed-in users whom Config.Rules
// allow. [Auth.Deny] answers all other requests. Without a session, a browser that
// navigates is redirected to the hosted login and comes back to the same URL. Other
// clients get 401.
//
// A gate waits at most 2 seconds, for the realm's keys (see [Auth.Warm]) and
// Config.SessionState together.
//
// A gate works with or without [Auth.Authenticate] around it. Without Authenticate, the
// gate does the work of Authenticate for its own requests. A gate accepts only a session
// that this Auth has verified for the same request.
func (a *Auth) RequireLogin(next http.Handler) http.Handler { return a.gate(next, nil, nil) }

// Require is [Auth.RequireLogin] with rules. The gate calls next if all rules allow the
// user. It checks the rules in order, after Config.Rules. A user who lacks a permission
// is not redirected to the login: see [Auth.Deny].
func (a *Auth) Require(rules ...Rule) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler { return a.gate(next, nil, rules) }
}

// RequireOrg is [Auth.Require] for members of the org that the request is about. The
// selector, such as [OrgIDFromPath], determines that org. If the user is not a member of
// the org, or the selector is nil, the error is [ErrWrongOrg]. In the rules and in next,
// the current membership and org are those that the request is about, whatever account
// the user has picked.
//
// A token of LoginRocket Web contains only the account that the user picked. A user who
// picked another account must switch accounts first. A browser gets a page with a link
// for that.
func (a *Auth) RequireOrg(selector OrgSelector, rules ...Rule) func(http.Handler) http.Handler {
	if selector == nil {
		selector = func(*http.Request, Session) (Membership, error) {
			return Membership{}, refuse(ErrWrongOrg, "the selector is nil")
		}
	}
	return func(next http.Handler) http.Handler { return a.gate(next, selector, rules) }
}

// LoginRoutes returns a handler for the login routes alone, for an app that mounts them
// itself:
//
//	mux.Handle("/auth/", auth.LoginRoutes())
//
// Mount it at Config.AuthPath, and do not strip that path. Other paths get 404.
func (a *Auth) LoginRoutes() http.Handler {
	a.routesMounted.Store(true)
	return routesHandler{func(w http.ResponseWriter, r *http.Request) {
		new(cacheHeaders).setVary(w.Header())
		if a.config.DisableCookie || !a.serveRoute(w, r) {
			a.warnOfLostRoutes(r)
			http.NotFound(w, r)
		}
	}}
}

func (a *Auth) gate(next http.Handler, selector OrgSelector, rules []Rule) http.Handler {
	gated := func(w http.ResponseWriter, r *http.Request, id *identity) {
		// Refusals also need these headers, which replace weaker values that an outer
		// handler has set.
		if !isPrivate(w.Header()) {
			new(cacheHeaders).setPrivate(w.Header())
		}
		r, err := a.check(r, id, selector, rules)
		if err != nil {
			a.Deny(w, r, err)
			return
		}
		next.ServeHTTP(w, r)
	}
	standalone := a.authenticate(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		gated(w, r, a.identityOf(r))
	}))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if id := a.identityOf(r); id != nil {
			gated(w, r, id)
			return
		}
		standalone.ServeHTTP(w, r)
	})
}
