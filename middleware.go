package authrocket

import (
	"net/http"

	"github.com/authrocket-go/authrocket/internal/keycache"
)

// Authenticate returns a handler that finds out who sends each request, and
// then calls next, always: it refuses nobody. Put it around the whole app. It
//
//   - serves the login routes under Config.AuthPath,
//   - completes logins: a browser that comes back from LoginRocket to the callback
//     gets the session cookie and is sent to where it wanted to go; its user must
//     confirm a login that the browser did not start, or that changes who is
//     signed in,
//   - puts the session, or the reason why there is none, into the context of
//     the request, for [CurrentSession] and its siblings and for the gates.
//
// A bearer token takes precedence: if it is invalid, the request is anonymous even
// when it carries a valid cookie. Other schemes in Authorization are ignored. Paths
// below Config.AuthPath that are no login route go to next.
//
// The login routes are for browsers that navigate; other requests get there what they
// get at a gate. Every answer of the callback and of its confirmation has the header
// Authrocket-Callback: 1, so that a check from outside knows that this app answers there.
//
// A request with an invalid token is anonymous, and so is one whose session has ended by
// Config.SessionState, or may have. Every response varies by Cookie
// and Authorization; one to a signed-in user says Cache-Control: private,
// no-cache unless next says otherwise. The ResponseWriter is never wrapped.
func (a *Auth) Authenticate(next http.Handler) http.Handler {
	a.routesMounted.Store(true)
	return a.authenticate(next)
}

func (a *Auth) authenticate(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if id := a.identityOf(r); id != nil {
			// Mounted twice: the outer one has done all, and reported it once.
			next.ServeHTTP(w, withIdentity(r, id))
			return
		}
		// An open route does not wait long, and for Config.SessionState not at all: gates
		// that need to be sure ask again.
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

// RequireLogin calls next for signed-in users, if Config.Rules allow the user. It
// refuses others by [Auth.Deny]: a browser that navigates without a session is sent to
// the hosted login and comes back to the same URL, everything else gets 401.
//
// A gate waits at most 2 seconds, for the realm's keys, see [Auth.Warm], and for
// Config.SessionState.
//
// A gate works with or without [Auth.Authenticate] around it; without, it does
// for its own requests what Authenticate does. It accepts only a session that
// this Auth verified on this very request.
func (a *Auth) RequireLogin(next http.Handler) http.Handler { return a.gate(next, nil, nil) }

// Require is [Auth.RequireLogin] with rules: it calls next if all of them allow the
// user. They are asked in order, after Config.Rules. A missing permission never sends
// anyone to the login: see [Auth.Deny].
func (a *Auth) Require(rules ...Rule) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler { return a.gate(next, nil, rules) }
}

// RequireOrg is [Auth.Require] for members of the org that the request is about. The
// selector, such as [OrgIDFromPath], says which org that is; no such membership is
// [ErrWrongOrg], and so is a nil selector. In the rules and in next, the current
// membership and org are those of the request, whatever account the user has picked.
//
// A token of LoginRocket Web holds only the account that the user picked: members of
// other orgs must switch first, for which a browser gets a link.
func (a *Auth) RequireOrg(selector OrgSelector, rules ...Rule) func(http.Handler) http.Handler {
	if selector == nil {
		selector = func(*http.Request, Session) (Membership, error) {
			return Membership{}, refuse(ErrWrongOrg, "the selector is nil")
		}
	}
	return func(next http.Handler) http.Handler { return a.gate(next, selector, rules) }
}

// LoginRoutes returns the login routes alone, for an app that mounts them itself:
//
//	mux.Handle("/auth/", auth.LoginRoutes())
//
// Mount it at Config.AuthPath, and do not strip that path. What is not a login
// route is 404.
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
		// Also for a refusal, and also if a handler outside has set something weaker.
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
