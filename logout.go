package authrocket

import (
	"net/http"
	"net/url"
	"time"

	"github.com/authrocket-go/authrocket/internal/keycache"
	"github.com/authrocket-go/authrocket/internal/loginstate"
	"github.com/authrocket-go/authrocket/internal/rawquery"
)

// serveLogout signs out. A link or an image on another site can cause a GET, so
// that a GET does only when a person of this site asked for it, and otherwise
// shows a button.
func (a *Auth) serveLogout(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet && !isOwnNavigation(r) {
		writePage(w, r, http.StatusOK, a.logoutPage(r))
		return
	}
	session := nobody
	switch err := a.checkOrigin(r); {
	case err == nil:
		// Signing out never waits for keys; without them the session has no name.
		session, _ = a.cookieSession(r, keycache.NoWait, new(time.Time))
	case r.Host != "":
		a.Deny(w, r, err)
		return
	}
	isLocal := isLocalLogout(r)
	if a.config.Observer.Logout != nil {
		a.config.Observer.Logout(r.Context(), Logout{Local: isLocal, SessionHash: a.sessionHash(*session)})
	}
	a.clearSessionCookie(w, r)
	a.clearDomainVariants(w, r)
	a.forgetPending(w, r)
	a.forgetAttempts(w, r)
	target := fitTarget(a.paths.returnTo(r, a.config.AfterLogout), loginstate.MaxTargetBytes)
	if isLocal {
		a.redirectHome(w, target)
		return
	}
	var params []URLParam
	if app, ok := a.appURL(r); ok {
		params = append(params, WithRedirectURI(app+target))
	}
	if id := session.ID(); id != "" {
		params = append(params, WithSessionID(id))
	}
	a.redirect(w, a.LogoutURL(params...))
}

// isLocalLogout reports whether the LoginRocket session is to go on.
func isLocalLogout(r *http.Request) bool {
	query, _, _ := splitReturnTo(r.URL.RawQuery)
	return len(rawquery.Values(query, "local")) > 0
}

// logoutPage asks with a form that does what r asks for, made anew: the rest of
// the query is nothing for a page.
func (a *Auth) logoutPage(r *http.Request) page {
	params := url.Values{}
	if isLocalLogout(r) {
		params.Set("local", "1")
	}
	if target := a.paths.returnTo(r, ""); target != "" {
		params.Set("return_to", target)
	}
	action := joinQuery(a.paths.route(routeLogout), params.Encode())
	return page{
		Title: "Sign out?",
		Text:  []string{"You are about to sign out."},
		Form:  &pageForm{URL: action, Buttons: []pageButton{{Label: "Sign out"}}},
		Links: []pageLink{{URL: a.app.prefix + "/", Label: "Stay signed in"}},
	}
}
