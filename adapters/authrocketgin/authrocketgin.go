// Package authrocketgin adds AuthRocket logins to gin. Its middleware passes gin's
// requests through the middleware of [authrocket.Auth], which either answers or calls the
// next handler.
//
//	func routes(auth *authrocket.Auth) http.Handler {
//		mayBill := authrocketgin.Require(auth, authrocket.Permission("billing:write"))
//
//		r := gin.New()
//		r.RedirectTrailingSlash = false // gin would redirect before Authenticate runs, and repeat a token in the URL
//		r.Use(gin.Recovery())
//		r.Use(authrocketgin.Authenticate(auth)) // also serves /auth/login, /auth/logout, ...
//		r.Use(gin.Logger())                     // URLs that are logged here contain no login token
//		r.GET("/", home)
//		r.GET("/manage", authrocketgin.RequireLogin(auth), manage)
//		r.POST("/billing", mayBill, billing)
//		orgs := r.Group("/orgs/:org", authrocketgin.RequireOrg(auth, authrocket.OrgIDFromPath("org")))
//		orgs.GET("/", org)
//		return r
//	}
//
// and in a handler:
//
//	func manage(c *gin.Context) {
//		session, _ := authrocketgin.Session(c)
//		org, _ := session.Org()
//		c.String(http.StatusOK, "Hi %s of %s\n", session.User.Name, org.Name)
//	}
//
// Use Authenticate on the engine, before the routes, because Authenticate serves the
// login routes, including the callback. It also accepts invitations, which can return to
// any path. Handlers get the session from [Session], or from
// authrocket.CurrentUser(c.Request.Context()) and the related functions.
//
// The parameter auth is an Auth that [authrocket.New] returned. All functions, and the
// middleware that they return, are safe for concurrent use.
package authrocketgin

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/authrocket-go/authrocket"
)

// Authenticate is [authrocket.Auth.Authenticate] for gin: it finds the user of each
// request, serves the login routes and completes logins. It refuses no requests. If it
// answers a request, it aborts the chain.
func Authenticate(auth *authrocket.Auth) gin.HandlerFunc { return bridge(auth.Authenticate) }

// RequireLogin is [authrocket.Auth.RequireLogin] for gin: it continues the chain for
// signed-in users whom Config.Rules allow, and aborts it for others.
// [authrocket.Auth.Deny] answers all other requests, and calls Config.Deny first. The
// error that Config.Deny gets is of kind [authrocket.ErrUnauthenticated],
// [authrocket.ErrForbidden] or [authrocket.ErrUnavailable]. This error is not added to
// c.Errors.
func RequireLogin(auth *authrocket.Auth) gin.HandlerFunc { return bridge(auth.RequireLogin) }

// Require is [authrocket.Auth.Require] for gin: it continues the chain for signed-in
// users whom all rules allow, and refuses others as RequireLogin does. Without rules it
// is RequireLogin.
func Require(auth *authrocket.Auth, rules ...authrocket.Rule) gin.HandlerFunc {
	return bridge(auth.Require(rules...))
}

// RequireOrg is [authrocket.Auth.RequireOrg] for gin: it continues the chain for members
// of the org that the selector chooses, if all rules allow them. The selectors read gin's
// path parameters, for example authrocket.OrgIDFromPath("org") for /orgs/:org, and get
// the value of c.Param; the value of a *wildcard begins with a slash. If the selector is
// nil, or the route has no parameter with its name, the gate refuses the request with
// [authrocket.ErrWrongOrg].
func RequireOrg(auth *authrocket.Auth, selector authrocket.OrgSelector, rules ...authrocket.Rule) gin.HandlerFunc {
	return bridge(auth.RequireOrg(selector, rules...))
}

// Session returns the session that Authenticate or a gate put into the request's context:
// see [authrocket.CurrentSession]. It returns the zero Session and false if nobody is
// signed in, or if c has no request. gin reuses c for later requests, so after the
// handler has returned, c can contain the session of another user. Pass c.Copy() to
// goroutines.
func Session(c *gin.Context) (authrocket.Session, bool) {
	if c.Request == nil {
		return authrocket.Session{}, false
	}
	return authrocket.CurrentSession(c.Request.Context())
}

// bridge turns net/http middleware into gin middleware. Code after c.Next(), including
// that of outer middleware, gets the request with the session.
func bridge(middleware func(http.Handler) http.Handler) gin.HandlerFunc {
	// The handler is created once. Auth passes on the ResponseWriter unchanged, so
	// serveNext finds the chain in it.
	handler := middleware(http.HandlerFunc(serveNext))
	return func(c *gin.Context) {
		w := &chainWriter{ResponseWriter: c.Writer, c: c}
		// This also runs if the middleware panics, because the code that recovers from
		// the panic may not abort the chain.
		defer func() {
			if !w.reached {
				c.Abort()
			}
		}()
		// The loop runs backwards because c.Param returns the first of two parameters
		// with the same name.
		for i := len(c.Params) - 1; i >= 0; i-- {
			c.Request.SetPathValue(c.Params[i].Key, c.Params[i].Value)
		}
		if route := c.FullPath(); route != "" {
			c.Request.Pattern = route // for the Observer
		}
		handler.ServeHTTP(w, c.Request)
		if !w.reached {
			// gin would add its own body to a 404 without a body.
			w.WriteHeaderNow()
		}
	}
}

// chainWriter is the ResponseWriter of a request, together with the rest of its chain.
type chainWriter struct {
	gin.ResponseWriter
	c       *gin.Context
	reached bool // the rest of the chain was reached
}

// Unwrap returns the inner ResponseWriter, for [http.ResponseController].
func (w *chainWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// serveNext continues the chain. It is the next handler of the net/http middleware.
func serveNext(w http.ResponseWriter, r *http.Request) {
	chain := w.(*chainWriter)
	chain.reached = true
	chain.c.Request = r
	chain.c.Next()
}
