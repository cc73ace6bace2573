// Package authrocketgin is AuthRocket logins for gin. Its middleware is that of
// [authrocket.Auth]: gin's requests go through it, and what it answers is the
// answer.
//
//	func routes(auth *authrocket.Auth) http.Handler {
//		mayBill := authrocketgin.Require(auth, authrocket.Permission("billing:write"))
//
//		r := gin.New()
//		r.RedirectTrailingSlash = false // would come before Authenticate, and repeat a token in the URL
//		r.Use(gin.Recovery())
//		r.Use(authrocketgin.Authenticate(auth)) // also serves /auth/login, /auth/logout, ...
//		r.Use(gin.Logger())                     // in here no URL has a login's token in it
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
// Use Authenticate on the engine, before the routes: it serves the login routes,
// the callback among them, and takes invitations, which come back to any path.
// Handlers find the session by [Session] or, as everywhere, by
// authrocket.CurrentUser(c.Request.Context()) and its siblings.
//
// An auth is one that [authrocket.New] returned. All functions, and the middleware
// that they return, may be called by several goroutines at once.
package authrocketgin

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/authrocket-go/authrocket"
)

// Authenticate is [authrocket.Auth.Authenticate] for gin: it finds out who sends
// each request, serves the login routes and completes logins, and refuses
// nobody. Where it answers, it aborts the chain.
func Authenticate(auth *authrocket.Auth) gin.HandlerFunc { return bridge(auth.Authenticate) }

// RequireLogin is [authrocket.Auth.RequireLogin] for gin: it lets signed-in users
// through whom Config.Rules allow, and aborts the chain for others. They get the
// answer of Config.Deny, whose error is an [authrocket.ErrUnauthenticated],
// [authrocket.ErrForbidden] or [authrocket.ErrUnavailable]; c.Errors gets none.
func RequireLogin(auth *authrocket.Auth) gin.HandlerFunc { return bridge(auth.RequireLogin) }

// Require is [authrocket.Auth.Require] for gin: it lets signed-in users through
// whom all of the rules allow, and aborts the chain for others, as RequireLogin does.
// Without rules it is RequireLogin.
func Require(auth *authrocket.Auth, rules ...authrocket.Rule) gin.HandlerFunc {
	return bridge(auth.Require(rules...))
}

// RequireOrg is [authrocket.Auth.RequireOrg] for gin: it lets members of the org
// that the selector chooses through, if all of the rules allow them. The selectors
// read gin's path parameters, as in authrocket.OrgIDFromPath("org") for /orgs/:org:
// they get what c.Param returns, and the value of a *wildcard begins with a slash.
// Without a selector, or a parameter of its name, the gate refuses with
// [authrocket.ErrWrongOrg].
func RequireOrg(auth *authrocket.Auth, selector authrocket.OrgSelector, rules ...authrocket.Rule) gin.HandlerFunc {
	return bridge(auth.RequireOrg(selector, rules...))
}

// Session returns the session that Authenticate or a gate put into the context of
// the request; see [authrocket.CurrentSession]. It returns false and the zero Session
// if nobody is signed in, and if c has no request. gin uses c again for later
// requests: after the handler has returned, c may have the session of another user.
// Give a goroutine c.Copy().
func Session(c *gin.Context) (authrocket.Session, bool) {
	if c.Request == nil {
		return authrocket.Session{}, false
	}
	return authrocket.CurrentSession(c.Request.Context())
}

// bridge makes gin's middleware of net/http's. Code after c.Next(), of
// middleware outside too, finds the request with the session.
func bridge(middleware func(http.Handler) http.Handler) gin.HandlerFunc {
	// Made once. Auth hands the ResponseWriter on as it is, so that
	// serveNext finds the chain by it.
	handler := middleware(http.HandlerFunc(serveNext))
	return func(c *gin.Context) {
		w := &chainWriter{ResponseWriter: c.Writer, c: c}
		// Also when the middleware panics: what recovers need not abort.
		defer func() {
			if !w.reached {
				c.Abort()
			}
		}()
		// Backwards, since of two parameters of one name c.Param returns the first.
		for i := len(c.Params) - 1; i >= 0; i-- {
			c.Request.SetPathValue(c.Params[i].Key, c.Params[i].Value)
		}
		if route := c.FullPath(); route != "" {
			c.Request.Pattern = route // for the Observer
		}
		handler.ServeHTTP(w, c.Request)
		if !w.reached {
			// gin would add a body of its own to a 404 that has none.
			w.WriteHeaderNow()
		}
	}
}

// chainWriter is the ResponseWriter of a request, and the chain that answers it.
type chainWriter struct {
	gin.ResponseWriter
	c       *gin.Context
	reached bool // what comes after the middleware
}

// Unwrap is for [http.ResponseController].
func (w *chainWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// serveNext is the handler behind the middleware: it goes on with the chain.
func serveNext(w http.ResponseWriter, r *http.Request) {
	chain := w.(*chainWriter)
	chain.reached = true
	chain.c.Request = r
	chain.c.Next()
}
