// Package authrocketechov4 is AuthRocket logins for echo v4. Its middleware is
// that of [authrocket.Auth]: echo's requests go through it, and what it answers
// is the answer.
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
// Use Authenticate on the Echo, not on a group: it serves the login routes, the
// callback among them, and takes invitations, which come back to any path.
// Handlers find the session by [Session] or, as everywhere, by
// authrocket.CurrentUser(c.Request().Context()) and its siblings.
//
// An auth is one that [authrocket.New] returned. All functions, and the middleware
// that they return, may be called by several goroutines at once.
package authrocketechov4

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/authrocket-go/authrocket"
)

// Authenticate is [authrocket.Auth.Authenticate] for echo: it finds out who sends
// each request, serves the login routes and completes logins, and refuses
// nobody. Where it answers, next is not called and the error is nil.
func Authenticate(auth *authrocket.Auth) echo.MiddlewareFunc { return bridge(auth.Authenticate) }

// RequireLogin is [authrocket.Auth.RequireLogin] for echo: it lets signed-in users
// through whom Config.Rules allow. Others get the answer of Config.Deny, whose error
// is an [authrocket.ErrUnauthenticated], [authrocket.ErrForbidden] or
// [authrocket.ErrUnavailable]. The answer has been written, so that the central
// error handler is not called: the error of the middleware is nil.
//
// The ResponseWriter that Deny gets is not the *echo.Response: its method Unwrap
// returns that.
func RequireLogin(auth *authrocket.Auth) echo.MiddlewareFunc { return bridge(auth.RequireLogin) }

// Require is [authrocket.Auth.Require] for echo: it lets signed-in users through
// whom all of the rules allow. Others get the answer of Config.Deny, as at
// RequireLogin. Without rules it is RequireLogin.
func Require(auth *authrocket.Auth, rules ...authrocket.Rule) echo.MiddlewareFunc {
	return bridge(auth.Require(rules...))
}

// RequireOrg is [authrocket.Auth.RequireOrg] for echo: it lets members of the org
// that the selector chooses through, if all of the rules allow them. The selectors
// read echo's path parameters, as in authrocket.OrgIDFromPath("org") for /orgs/:org:
// they get what c.Param returns. In Pre there are none yet, and the gate refuses with
// [authrocket.ErrWrongOrg], as it does without a selector.
func RequireOrg(auth *authrocket.Auth, selector authrocket.OrgSelector, rules ...authrocket.Rule) echo.MiddlewareFunc {
	return bridge(auth.RequireOrg(selector, rules...))
}

// Session returns the session that Authenticate or a gate put into the context of
// the request; see [authrocket.CurrentSession]. It returns false and the zero Session
// if nobody is signed in, and if c has no request. echo uses c again for later
// requests: after the handler has returned, c may have the session of another user.
func Session(c echo.Context) (authrocket.Session, bool) {
	if c.Request() == nil {
		return authrocket.Session{}, false
	}
	return authrocket.CurrentSession(c.Request().Context())
}

// bridge makes echo's middleware of net/http's. What runs after the handler, the
// central error handler too, finds the request with the session.
func bridge(middleware func(http.Handler) http.Handler) echo.MiddlewareFunc {
	// Made once. Auth hands the ResponseWriter on as it is, so that
	// serveNext finds the chain by it.
	handler := middleware(http.HandlerFunc(serveNext))
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			r := c.Request()
			// Backwards, since of two parameters of one name c.Param returns the first.
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

// chainWriter is the ResponseWriter of a request, and the chain that answers it.
type chainWriter struct {
	*echo.Response
	c    echo.Context
	next echo.HandlerFunc
	err  error // of next
}

// Unwrap returns the *echo.Response.
func (w *chainWriter) Unwrap() http.ResponseWriter { return w.Response }

// serveNext is the handler behind the middleware: it goes on with the chain.
func serveNext(w http.ResponseWriter, r *http.Request) {
	chain := w.(*chainWriter)
	chain.c.SetRequest(r)
	chain.err = chain.next(chain.c)
}
