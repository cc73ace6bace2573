package authrocket

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"

	"github.com/authrocket-go/authrocket/internal/clientkind"
	"github.com/authrocket-go/authrocket/internal/keycache"
	"github.com/authrocket-go/authrocket/internal/loginstate"
)

// Deny answers a request that [Auth.Check] refused. r must be the request that Check
// returned. Deny calls Config.Deny first. If Config.Deny does not answer, a browser that
// navigates gets
//
//   - without a session: a redirect to the hosted login (303), which returns to the same
//     URL. After a form post: a page with a link to the login, which returns to the page
//     with the form (401). In a frame: a page with a link out of the frame (401).
//   - with the cookies of two users, or with only a part of a session cookie: a page that
//     explains the problem (401). After three failed logins within a minute: a 401 error
//     page, see [ErrLoginLoop].
//   - with a session that does not allow the request: a page that says what is missing,
//     with links to sign in again and to switch accounts (403).
//   - while the decision cannot be made: a page that reloads itself (503). After a form
//     post: a page that does not reload itself (429 or 503). For a token with an unknown
//     key: a redirect to the hosted login, see [ErrTooManyKeyLookups].
//
// A request by htmx gets a 401 with an HX-Redirect header that leads to the login, which
// returns to the page that is open in the browser. All other clients get the status of
// the error's kind, see [StatusCode]: 401 with an RFC 6750 challenge, 403, or 429 or 503
// with Retry-After. The body is an RFC 9457 problem if the client accepts JSON, and plain
// text otherwise. It contains the reason's label and fixed text, never the text of err.
//
// Deny clears a session cookie that is invalid or whose session has ended. It keeps a
// cookie that may become valid in a moment, and the cookies of two different users.
// Config.Page can replace each page.
func (a *Auth) Deny(w http.ResponseWriter, r *http.Request, err error) {
	id := a.identityOf(r)
	if id == nil {
		// r is not the request that Check returned. Nothing is verified here, because the
		// answer must not wait for keys.
		id = a.newIdentity(r, keycache.NoWait)
		id.err = err
	}
	r = withIdentity(r, id) // for CurrentSession in Config.Deny and Config.Page
	setNoStore(w.Header())
	if a.config.Deny != nil && a.config.Deny(w, r, err) {
		return
	}
	status := StatusCode(err)
	if !a.config.DisableCookie {
		// An invalid cookie would be checked and refused at every request. A cookie that
		// may become valid in a moment is kept. Otherwise, an outage or a slow clock
		// would sign users out. A prefetch never clears a cookie.
		if status == http.StatusUnauthorized && id.source == SourceCookie && id.err != nil &&
			retryRank(err) == 0 && !errors.Is(err, ErrAmbiguousCookie) && !errors.Is(err, ErrPrefetch) {
			a.clearSessionCookie(w, r)
		}
		if a.denyBrowser(w, r, id.session, err) {
			return
		}
	}
	h := w.Header()
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden:
		if c := challenge(id.source, status, err); c != "" {
			h.Set("WWW-Authenticate", c)
		}
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		h.Set("Retry-After", wholeSeconds(RetryAfter(err)))
	}
	writeProblem(w, r, status, err)
}

// denyRoute refuses a request for a login route, and reports the refusal as a gate does.
// Config.Deny and the Observer do not see the parameters of the login.
func (a *Auth) denyRoute(w http.ResponseWriter, r *http.Request, err error) {
	r = withoutLoginParams(r)
	a.observeDecision(r.Context(), r.Method, r.Pattern, true, SourceNone, noSession, err)
	a.Deny(w, r, err)
}

// denyBrowser answers a browser if the answer is more than a status. It returns false if
// the caller must write the status. In that case, it may have set headers, but has
// written nothing.
func (a *Auth) denyBrowser(w http.ResponseWriter, r *http.Request, session *Session, err error) bool {
	status := StatusCode(err)
	// A script that sent a bearer token must get another token itself. A login would only
	// set a cookie, and the bearer token would take precedence over it.
	if status == http.StatusUnauthorized && !hasBearer(r.Header) {
		switch {
		case clientkind.IsHTMX(r) && !errors.Is(err, ErrAmbiguousCookie):
			w.Header().Set("HX-Redirect", a.paths.routeReturningTo(routeLogin, fitTarget(a.htmxTarget(r), loginstate.MaxTargetBytes)))
			return false
		case clientkind.IsFramed(r):
			a.writePage(w, r, a.framedPage(r))
			return true
		}
	}
	if !wantsPage(r) {
		return false
	}
	isForm := r.Method != http.MethodGet && r.Method != http.MethodHead
	switch {
	case status == http.StatusUnauthorized && errors.Is(err, ErrAmbiguousCookie):
		a.writePage(w, r, a.ambiguousCookiePage(r))
	case status == http.StatusUnauthorized && errors.Is(err, ErrIncompleteCookie):
		a.writePage(w, r, a.incompleteCookiePage(r))
	case status == http.StatusUnauthorized && isForm:
		// A login would return with a GET, and what the person entered in the form would
		// be lost.
		a.writePage(w, r, a.formSignedOutPage(r))
	case status == http.StatusUnauthorized, status == http.StatusTooManyRequests && !isForm && a.attempts(r) < maxAttempts:
		// An attacker who uses up the budget for key lookups must not lock users out. A
		// new login gives them a token whose key is known.
		login := loginstate.Login{Attempt: a.attempts(r) + 1, Target: a.paths.returnTarget(r)}
		switch {
		case login.Attempt > maxAttempts:
			a.stopLoginLoop(w, r, login.Target, err)
		case !a.startLogin(w, r, loginRequest{route: routeLogin, login: login}):
			a.writePage(w, r, wrongHostPage(status))
		}
	case status != http.StatusForbidden && isForm:
		w.Header().Set("Retry-After", wholeSeconds(RetryAfter(err)))
		a.writePage(w, r, formUnavailablePage(status))
	case status != http.StatusForbidden:
		a.writeUnavailable(w, r, err)
	case errors.Is(err, ErrCrossSite) && hidesOrigin(r):
		a.writePage(w, r, hiddenOriginPage())
	case errors.Is(err, ErrCrossSite):
		a.writePage(w, r, a.crossSitePage())
	case errors.Is(err, ErrWrongOrg):
		a.writePage(w, r, a.wrongOrgPage(r, session))
	default:
		a.writePage(w, r, a.forbiddenPage(r, session, err))
	}
	return true
}

// challenge returns the WWW-Authenticate header of a refusal (RFC 6750 section 3). A
// request without a bearer token gets no error code, as section 3.1 says. A 403 gets a
// challenge only if a bearer token lacks a permission. In all other cases, different
// credentials would not help.
func challenge(source Source, status int, err error) string {
	switch {
	case status == http.StatusForbidden && source == SourceBearer && errors.Is(err, ErrPermissionDenied):
		return `Bearer error="insufficient_scope"`
	case status == http.StatusForbidden:
		return ""
	case source == SourceBearer:
		return `Bearer error="invalid_token", error_description="` + PublicMessage(err) + `"`
	}
	return "Bearer"
}

// problem is the body of a refusal (RFC 9457). Its type is about:blank.
type problem struct {
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail"`
	Reason string `json:"reason"`
}

func writeProblem(w http.ResponseWriter, r *http.Request, status int, err error) {
	h := w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	if !clientkind.PrefersJSON(r) {
		h.Set("Content-Type", "text/plain; charset=utf-8")
		w.WriteHeader(status)
		io.WriteString(w, http.StatusText(status)+": "+PublicMessage(err)+"\n")
		return
	}
	h.Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(problem{
		Title:  http.StatusText(status),
		Status: status,
		Detail: PublicMessage(err),
		Reason: Reason(err),
	})
}
