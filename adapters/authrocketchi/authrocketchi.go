// Package authrocketchi is AuthRocket logins for chi v5 routers. It says what
// the methods of [authrocket.Auth] say, by the names that the adapters of other
// frameworks have too:
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
// Authenticate is for the outermost Use: it serves the login routes, the callback
// among them, and takes invitations, which come back to any path. A gate that
// selects an org by the path belongs behind the router that knows the path: in
// With, or in the Use of a Route below the wildcard. In a Use above it there is no
// value yet, and the gate refuses with [authrocket.ErrWrongOrg].
//
// An auth is one that [authrocket.New] returned. All functions, and the middleware
// that they return, may be called by several goroutines at once.
package authrocketchi

import (
	"net/http"

	"github.com/authrocket-go/authrocket"
)

// Authenticate is [authrocket.Auth.Authenticate]: it finds out who sends each
// request, serves the login routes and completes logins, and refuses nobody.
func Authenticate(auth *authrocket.Auth) func(http.Handler) http.Handler { return auth.Authenticate }

// RequireLogin is [authrocket.Auth.RequireLogin]: it lets signed-in users through
// whom Config.Rules allow. Others get the answer of Config.Deny, whose error is an
// [authrocket.ErrUnauthenticated], [authrocket.ErrForbidden] or
// [authrocket.ErrUnavailable].
func RequireLogin(auth *authrocket.Auth) func(http.Handler) http.Handler { return auth.RequireLogin }

// Require is [authrocket.Auth.Require]: it lets signed-in users through whom all of
// the rules allow. Without rules it is RequireLogin.
func Require(auth *authrocket.Auth, rules ...authrocket.Rule) func(http.Handler) http.Handler {
	return auth.Require(rules...)
}

// RequireOrg is [authrocket.Auth.RequireOrg]: it lets members of the org that the
// selector chooses through, if all of the rules allow them. chi makes its URL
// parameters path values of the request, which [authrocket.OrgIDFromPath] and
// [authrocket.OrgReferenceFromPath] read. Without a selector, or a parameter of its
// name, the gate refuses with [authrocket.ErrWrongOrg].
func RequireOrg(auth *authrocket.Auth, selector authrocket.OrgSelector, rules ...authrocket.Rule) func(http.Handler) http.Handler {
	return auth.RequireOrg(selector, rules...)
}
