// Package authrocketechov4 adds AuthRocket logins to echo v4. Its middleware passes
// echo's requests through the middleware of [authrocket.Auth], which either answers or
// calls the next handler.
//
//	func routes(auth *authrocket.Auth) http.Handler {
//		mayBill := authrocketechov4.Require(auth, authrocket.Permission("billing:write"))
//
//		e := echo.New()
//		e.Use(middleware.Recover())
//		e.Use(authrocketechov4.Authenticate(auth)) // also serves /auth/login, /auth/logout, ...
//		e.GET("/", home)
//		e.GET("/manage", manage, authrocketechov4.RequireLogin(auth))
//		e.POST("/billing", billing, mayBill)
//		orgs := e.Group("/orgs/:org", authrocketechov4.RequireOrg(auth, authrocket.OrgIDFromPath("org")))
//		orgs.GET("/", files)
//		return e
//	}
//
// and in a handler:
//
//	func manage(c echo.Context) error {
//		session, _ := authrocketechov4.Session(c)
//		org, _ := session.Org()
//		return c.String(http.StatusOK, fmt.Sprintf("Hi %s of %s\n", session.User.Name, org.Name))
//	}
//
// Use Authenticate on the Echo instance, not on a group, because Authenticate serves the
// login routes, including the callback. It also accepts invitations, which can return to
// any path. Handlers get the session from [Session], or from
// authrocket.CurrentUser(c.Request().Context()) and the related functions.
//
// The parameter auth is an Auth that [authrocket.New] returned. All functions, and the
// middleware that they return, are safe for concurrent use.
package authrocketechov4

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/authrocket-go/authrocket"
)

// Authenticate is [authrocket.Auth.Authenticate] for echo: it finds the user of each
// request, serves the login routes and completes logins. It refuses no requests. If it
// answers a request, it does not call next, and returns nil.
func Authenticate(auth *authrocket.Auth) echo.MiddlewareFunc { return bridge(auth.Authenticate) }

// RequireLogin is [authrocket.Auth.RequireLogin] for echo: it calls next for signed-in
// users whom Config.Rules allow. [authrocket.Auth.Deny] answers all other requests, and
// calls Config.Deny first. The error that Config.Deny gets is of kind
// [authrocket.ErrUnauthenticated], [authrocket.ErrForbidden] or
// [authrocket.ErrUnavailable]. The middleware itself returns nil, so that echo does not
// call the central error handler after that answer.
//
// The ResponseWriter that Config.Deny gets is not an *echo.Response. Its method Unwrap
// returns the *echo.Response.
func RequireLogin(auth *authrocket.Auth) echo.MiddlewareFunc { return bridge(auth.RequireLogin) }

// Require is [authrocket.Auth.Require] for echo: it calls next for signed-in users whom
// all rules allow, and refuses others as RequireLogin does. Without rules it is
// RequireLogin.
func Require(auth *authrocket.Auth, rules ...authrocket.Rule) echo.MiddlewareFunc {
	return bridge(auth.Require(rules...))
}

// RequireOrg is [authrocket.Auth.RequireOrg] for echo: it calls next for members of the
// org that the selector chooses, if all rules allow them. The selectors read echo's path
// parameters, for example authrocket.OrgIDFromPath("org") for /orgs/:org, and get the
// value of c.Param. In middleware added with Echo.Pre, there are no parameters yet, and
// the gate refuses the request with [authrocket.ErrWrongOrg]. It also refuses the request
// if the selector is nil.
func RequireOrg(auth *authrocket.Auth, selector authrocket.OrgSelector, rules ...authrocket.Rule) echo.MiddlewareFunc {
	return bridge(auth.RequireOrg(selector, rules...))
}

// Session returns the session that Authenticate or a gate put into the request's context:
// see [authrocket.CurrentSession]. It returns the zero Session and false if nobody is
// signed in, or if c has no request. echo reuses c for later requests, so after the
// handler has returned, c can contain the session of another user.
func Session(c echo.Context) (authrocket.Session, bool) {
	if c.Request() == nil {
		return authrocket.Session{}, false
	}
	return authrocket.CurrentSession(c.Request().Context())
}

// bridge turns net/http middleware into echo middleware. Code that runs after the
// handler, including the central error handler, gets the request with the session.
func bridge(middleware func(http.Handler) http.Handler) echo.MiddlewareFunc {
	// The handler is created once. Auth passes on the ResponseWriter unchanged, so
	// serveNext finds the chain in it.
	handler := middleware(http.HandlerFunc(serveNext))
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			r := c.Request()
			// The loop runs backwards because c.Param returns the first of two parameters
			// with the same name.
			names, values := c.ParamNames(), c.ParamValues()
			for i := len(names) - 1; i >= 0; i-- {
				r.SetPathValue(names[i], values[i])
			}
			w := &chainWriter{Response: c.Response(), c: c, next: next}
			if route := c.Path(); route != "" {
				r.Pattern = route // for the Observer
			}
			handler.ServeHTTP(w, r)
			return w.err
		}
	}
}

// chainWriter is the ResponseWriter of a request, together with the rest of its chain.
type chainWriter struct {
	*echo.Response
	c    echo.Context
	next echo.HandlerFunc
	err  error // the error that next returned
}

// Unwrap returns the *echo.Response.
func (w *chainWriter) Unwrap() http.ResponseWriter { return w.Response }

// serveNext continues the chain. It is the next handler of the net/http middleware.
func serveNext(w http.ResponseWriter, r *http.Request) {
	chain := w.(*chainWriter)
	chain.c.SetRequest(r)
	chain.err = chain.next(chain.c)
}
