package authrocket

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/authrocket-go/authrocket/internal/clientkind"
	"github.com/authrocket-go/authrocket/internal/keycache"
	"github.com/authrocket-go/authrocket/internal/loginstate"
	"github.com/authrocket-go/authrocket/internal/rawquery"
	"github.com/authrocket-go/authrocket/internal/returnto"
)

// serveLogout signs the user out of this app. It then sends the browser on to
// LoginRocket, unless the session there should stay active. A link or an image on another
// site can cause a GET. A GET therefore signs the user out only if the browser says that
// it comes from a page of this app or from the address bar. Otherwise serveLogout shows a
// page with a button.
func (a *Auth) serveLogout(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet && !isOwnNavigation(r) {
		a.writePage(w, r, a.logoutPage(r))
		return
	}
	session := noSession
	switch err := a.checkOrigin(r); {
	case err == nil:
		// A sign-out never waits for keys. Without the keys, the session ID is unknown.
		// It does not call Config.SessionState, because the session ends now in any case.
		session, _ = a.cookieSession(r, &wait{patience: keycache.NoWait}, a.verifier.verify)
	case r.Host != "":
		// Without a Host, no origin can be compared. Such a request still signs the user
		// out of this app, because refusing the sign-out would do more harm.
		a.denyRoute(w, r, err)
		return
	}
	isLocal := isLocalLogout(r)
	if a.config.Observer.Logout != nil {
		a.config.Observer.Logout(r.Context(), Logout{Local: isLocal, session: hashedSession{&a.sessionHashSalt, session}})
	}
	clearPrefetchCaches(w.Header())
	a.clearSessionCookie(w, r)
	a.clearDomainCookies(w, r)
	a.forgetPending(w, r)
	a.forgetAttempts(w, r)
	target := fitTarget(a.paths.returnToParam(r, a.config.AfterLogout), loginstate.MaxTargetBytes)
	location := a.app.path + target
	if !isLocal {
		location = a.paths.routePath(routeLogoutEnd)
		a.rememberLogout(w, pendingLogout{a.sessionIDToEnd(r, session), target})
	}
	a.answerLogout(w, r, location, isLocal)
}

// sessionIDToEnd returns the ID of the session to end at LoginRocket. This is the
// browser's session or, if there is none, the session of an earlier sign-out that has not
// reached LoginRocket yet. A second click on the logout button must not lose that ID.
func (a *Auth) sessionIDToEnd(r *http.Request, session *Session) string {
	if session.ID() != "" {
		return session.ID()
	}
	for _, value := range cookieValues(r.Header, a.cookieNameFor("logout")) {
		if pending, ok := decodePendingLogout(value); ok {
			return pending.sessionID
		}
	}
	return ""
}

// answerLogout answers a client that has signed out, and makes it continue at location, a
// path of this app. The kind of answer depends on the client, because a script cannot
// follow a redirect to LoginRocket, and a page with form-action 'self' blocks a redirect
// after its form.
func (a *Auth) answerLogout(w http.ResponseWriter, r *http.Request, location string, isLocal bool) {
	isFramed := clientkind.IsFramed(r)
	switch {
	case (wantsPage(r) || isFramed) && isLocal:
		a.redirect(w, location)
		return
	case isFramed:
		a.writePage(w, r, framedSigningOutPage(location))
		return
	case wantsPage(r):
		a.writePage(w, r, signingOutPage(location))
		return
	case clientkind.IsHTMX(r):
		w.Header().Set("HX-Redirect", returnto.Escape(location))
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(http.StatusOK) // gin's default for an unknown route is 404
	json.NewEncoder(w).Encode(struct {
		Location string `json:"location"`
	}{returnto.Escape(location)})
}

// pendingLogoutLifetime is how long the browser may take to continue to LoginRocket.
const pendingLogoutLifetime = time.Minute

// pendingLogout is what [Auth.serveLogoutEnd] needs to know. It is stored in a cookie
// that scripts cannot read, and not in a URL, because anyone who has a session ID can get
// tokens from the LoginRocket API.
type pendingLogout struct{ sessionID, target string }

func (p pendingLogout) encode() string {
	return base64.RawURLEncoding.EncodeToString([]byte(p.sessionID)) + "." + base64.RawURLEncoding.EncodeToString([]byte(p.target))
}

func decodePendingLogout(value string) (pendingLogout, bool) {
	encodedID, encodedTarget, _ := strings.Cut(value, ".")
	id, err := base64.RawURLEncoding.DecodeString(encodedID)
	target, err2 := base64.RawURLEncoding.DecodeString(encodedTarget)
	return pendingLogout{string(id), string(target)}, err == nil && err2 == nil
}

func (a *Auth) rememberLogout(w http.ResponseWriter, p pendingLogout) {
	if len(p.sessionID) > maxSessionIDBytes {
		p.sessionID = ""
	}
	c := a.newCookie(a.cookieNameFor("logout"), p.encode())
	c.MaxAge = int(pendingLogoutLifetime.Seconds())
	http.SetCookie(w, c)
}

// maxSessionIDBytes is far more than the length of a session ID.
const maxSessionIDBytes = 200

// serveLogoutEnd redirects a browser that has signed out here to LoginRocket, which then
// also ends the session there. It answers only navigations, because a script or a frame
// must not see the target of the redirect.
func (a *Auth) serveLogoutEnd(w http.ResponseWriter, r *http.Request) {
	if !wantsPage(r) {
		a.denyRoute(w, r, fmt.Errorf("%w: this route is for browsers that navigate", ErrForbidden))
		return
	}
	name := a.cookieNameFor("logout")
	values := cookieValues(r.Header, name)
	if len(values) == 0 {
		a.redirectToApp(w, a.config.AfterLogout)
		return
	}
	a.clearCookie(w, name)
	pending, ok := decodePendingLogout(values[0])
	if !ok {
		a.redirectToApp(w, a.config.AfterLogout)
		return
	}
	var params []URLParam
	if app, ok := a.appURL(r); ok {
		params = append(params, WithRedirectURI(app+a.paths.safeTarget(pending.target)))
	}
	if pending.sessionID != "" {
		params = append(params, WithSessionID(pending.sessionID))
	}
	a.redirect(w, a.LogoutURL(params...))
}

// signingOutPage returns a page that navigates to location by itself. form-action 'self'
// blocks redirects after a form, but not this navigation.
func signingOutPage(location string) Page {
	return Page{
		Kind:    PageSigningOut,
		Status:  http.StatusOK,
		Title:   "Signing out",
		Texts:   []string{"You are signed out of this app. If this page does not lead on by itself, finish signing out here:"},
		Links:   []Link{{Name: linkSignOut, Label: "Finish signing out", URL: location}},
		refresh: "0; url=" + location,
	}
}

// framedSigningOutPage returns a page that leads out of the frame, because LoginRocket's
// pages cannot be shown in a frame.
func framedSigningOutPage(location string) Page {
	p := signingOutPage(location)
	p.refresh, p.isFramed = "", true
	p.Texts = []string{"You are signed out of this app. Finish signing out here:"}
	p.Links[0].LeaveFrame = true
	return p
}

// isLocalLogout reports whether the session at LoginRocket should stay active.
func isLocalLogout(r *http.Request) bool {
	query, _, _ := splitReturnTo(r.URL.RawQuery)
	return len(rawquery.Values(query, "local")) > 0
}

// logoutPage returns a page that asks for a confirmation. Its form requests the same
// sign-out as r. The URL of the form has only the parameters that the logout route
// supports.
func (a *Auth) logoutPage(r *http.Request) Page {
	params := url.Values{}
	if isLocalLogout(r) {
		params.Set("local", "1")
	}
	if target := a.paths.returnToParam(r, ""); target != "" {
		params.Set("return_to", target)
	}
	action := joinQuery(a.paths.routePath(routeLogout), params.Encode())
	return Page{
		Kind:   PageLogout,
		Status: http.StatusOK,
		Title:  "Sign out?",
		Texts:  []string{"A link or another page asked for this. Sign out only if you want to."},
		Form:   &Form{URL: action, Buttons: []Button{{choiceField, choiceSignOut, "Sign out"}}},
		Links:  []Link{{Name: linkHome, Label: "Stay signed in", URL: a.app.path + "/"}},
	}
}
