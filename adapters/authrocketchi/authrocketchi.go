// Package authrocketchi adds AuthRocket logins to chi v5 routers. Its functions call the
// methods of [authrocket.Auth] and have the same names as in the adapters for other
// frameworks:
//
//	func routes(auth *authrocket.Auth) http.Handler {
//		mayBill := authrocketchi.Require(auth, authrocket.Permission("billing:write"))
//
//		r := chi.NewRouter()
//		r.Use(authrocketchi.Authenticate(auth)) // also serves /auth/login, /auth/logout, ...
//		r.Get("/", home)
//		r.With(authrocketchi.RequireLogin(auth)).Get("/manage", manage)
//		r.With(mayBill).Post("/billing", billing)
//		r.Route("/orgs/{org}", func(r chi.Router) {
//			r.Use(authrocketchi.RequireOrg(auth, authrocket.OrgIDFromPath("org")))
//			r.Get("/", org)
//		})
//		return r
//	}
//
// and in a handler:
//
//	func manage(w http.ResponseWriter, r *http.Request) {
//		user, _ := authrocket.CurrentUser(r.Context())
//		org, _ := authrocket.CurrentOrg(r.Context())
//		fmt.Fprintf(w, "Hi %s of %s\n", user.Name, org.Name)
//	}
//
// Pass Authenticate to Use of the outermost router, because Authenticate serves the login
// routes, including the callback. It also accepts invitations, which can return to any
// path. Put a gate that selects an org by the path behind the router that parses the
// path: in With, or in the Use of a Route below the wildcard. If the gate is in a Use
// above the wildcard, the wildcard has no value yet, and the gate refuses the request
// with [authrocket.ErrWrongOrg].
//
// The parameter auth is an Auth that [authrocket.New] returned. All functions, and the
// middleware that they return, are safe for concurrent use.
package authrocketchi

import (
	"net/http"

	"github.com/authrocket-go/authrocket"
)

// Authenticate is [authrocket.Auth.Authenticate]: it finds the user of each request,
// serves the login routes and completes logins. It refuses no requests.
func Authenticate(auth *authrocket.Auth) func(http.Handler) http.Handler { return auth.Authenticate }

// RequireLogin is [authrocket.Auth.RequireLogin]: it calls the next handler for signed-in
// users whom Config.Rules allow. [authrocket.Auth.Deny] answers all other requests, and
// calls Config.Deny first. The error that Config.Deny gets is of kind
// [authrocket.ErrUnauthenticated], [authrocket.ErrForbidden] or
// [authrocket.ErrUnavailable].
func RequireLogin(auth *authrocket.Auth) func(http.Handler) http.Handler { return auth.RequireLogin }

// Require is [authrocket.Auth.Require]: it calls the next handler for signed-in users
// whom all rules allow. Without rules it is RequireLogin.
func Require(auth *authrocket.Auth, rules ...authrocket.Rule) func(http.Handler) http.Handler {
	return auth.Require(rules...)
}

// RequireOrg is [authrocket.Auth.RequireOrg]: it calls the next handler for members of
// the org that the selector chooses, if all rules allow them. chi stores its URL
// parameters as path values of the request, which [authrocket.OrgIDFromPath] and
// [authrocket.OrgReferenceFromPath] read. If the selector is nil, or the route has no
// parameter with its name, the gate refuses the request with [authrocket.ErrWrongOrg].
func RequireOrg(auth *authrocket.Auth, selector authrocket.OrgSelector, rules ...authrocket.Rule) func(http.Handler) http.Handler {
	return auth.RequireOrg(selector, rules...)
}
