// Package authrocketecho is AuthRocket logins for echo v5. Its middleware is
// that of [authrocket.Auth]: echo's requests go through it, and what it answers
// is the answer.
//
//	func routes(auth *authrocket.Auth) http.Handler {
//		mayBill := authrocketecho.Require(auth, authrocket.Permission("billing:write"))
//
//		e := echo.New()
//		e.Use(middleware.Recover())
//		e.Use(authrocketecho.Authenticate(auth)) // also serves /auth/login, /auth/logout, ...
//		e.Use(middleware.RequestLogger())        // in here no URL has a login's token in it
//		e.GET("/", home)
//		e.GET("/manage", manage, authrocketecho.RequireLogin(auth))
//		e.POST("/billing", billing, mayBill)
//		orgs := e.Group("/orgs/:org", authrocketecho.RequireOrg(auth, authrocket.OrgIDFromPath("org")))
//		orgs.GET("/", org)
//		return e
//	}
//
// and in a handler:
//
//	func manage(c *echo.Context) error {
//		session, _ := authrocketecho.Session(c)
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
package authrocketecho

import (
	"bufio"
	"net"
	"net/http"

	"github.com/labstack/echo/v5"

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
// [echo.UnwrapResponse] finds the *echo.Response behind the ResponseWriter that Deny
// gets; a type assertion does not.
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
func Session(c *echo.Context) (authrocket.Session, bool) {
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
		return func(c *echo.Context) error {
			r := c.Request()
			// Backwards, since of two parameters of one name c.Param returns the first.
			params := c.PathValues()
			for i := len(params) - 1; i >= 0; i-- {
				r.SetPathValue(params[i].Name, params[i].Value)
			}
			w := &chainWriter{ResponseWriter: c.Response(), c: c, next: next}
			handler.ServeHTTP(w, r)
			return w.err
		}
	}
}

// chainWriter is the ResponseWriter of a request, and the chain that answers it.
type chainWriter struct {
	http.ResponseWriter
	c    *echo.Context
	next echo.HandlerFunc
	err  error // of next
}

// Unwrap is for [http.ResponseController] and [echo.UnwrapResponse].
func (w *chainWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// Flush, FlushError and Hijack are for handlers that ask the ResponseWriter itself.
func (w *chainWriter) Flush() { w.FlushError() }

func (w *chainWriter) FlushError() error { return http.NewResponseController(w.ResponseWriter).Flush() }

func (w *chainWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return http.NewResponseController(w.ResponseWriter).Hijack()
}

// serveNext is the handler behind the middleware: it goes on with the chain.
func serveNext(w http.ResponseWriter, r *http.Request) {
	chain := w.(*chainWriter)
	chain.c.SetRequest(r)
	chain.err = chain.next(chain.c)
}
