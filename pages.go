package authrocket

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Names of facts, links and buttons that more than one page uses.
const (
	factReason = "reason"
	factAppURL = "app_url"

	linkHome    = "home"
	linkSignIn  = "sign_in"
	linkSignOut = "sign_out"

	choiceField   = "choice"
	choiceSignOut = "sign_out"
)

// nothingToConfirmPage returns the page for a browser that did not keep the pending
// login, or that followed a link from another site to the confirmation.
func (a *Auth) nothingToConfirmPage(r *http.Request) Page {
	p := Page{
		Kind:   PageNothingToConfirm,
		Status: http.StatusForbidden,
		Title:  "Please sign in again",
		Texts: []string{
			"There is no sign-in to confirm. You may have waited too long, or this browser did not keep the cookies of this site. You are not signed in.",
		},
		Links: []Link{{Name: linkSignIn, Label: "Sign in", URL: a.paths.routeReturningTo(routeLogin, "/")}},
	}
	if app, ok := a.appURL(r); ok {
		p.Texts = append(p.Texts, "If this keeps happening, open this app at "+app+"/ and allow it to set cookies.")
		p.Facts = append(p.Facts, Fact{Name: factAppURL, Value: app + "/"})
	}
	return p
}

// failedLoginPage returns the page for a login that is refused because of err. err must
// not be of kind [ErrUnavailable].
func (a *Auth) failedLoginPage(target string, err error) Page {
	p := Page{
		Kind:   PageLoginFailed,
		Status: StatusCode(err),
		Title:  "We couldn't sign you in",
		Facts:  reasonFacts(err),
		Links:  []Link{{Name: linkSignIn, Label: "Try again", URL: a.paths.routeReturningTo(routeLogin, target)}},
	}
	_, isOnLogin := errors.AsType[*onLoginError](err)
	switch {
	case isOnLogin:
		p.Kind = PageLoginRefused
		p.Texts = []string{"You can't use this app with this sign-in. Sign in as somebody else, or contact the site's administrator."}
		p.Links = []Link{a.otherUserLink(target)}
	case errors.Is(err, ErrTokenExpired):
		p.Texts = []string{"The sign-in had already expired when it arrived. If this keeps happening, a clock is wrong."}
	case errors.Is(err, ErrTokenNotYetValid):
		p.Texts = []string{"The sign-in is not valid yet. The clock of this server is probably wrong: try again in a minute, or contact the site's administrator."}
	case errors.Is(err, ErrSessionEnded):
		p.Texts = []string{"This session has ended. Sign in again to start a new one."}
		p.Links = []Link{a.newSessionLink(target)}
	case errors.Is(err, ErrTokenTooLarge):
		p.Texts = []string{"Your sign-in data is too large for this browser. Contact the site's administrator."}
	default:
		p.Texts = []string{"The sign-in that came back was not accepted. You are not signed in."}
	}
	return p
}

// writeUnavailable answers a browser that navigates while a decision cannot be made. The
// page reloads itself if mayReload permits it.
func (a *Auth) writeUnavailable(w http.ResponseWriter, r *http.Request, err error) {
	after := wholeSeconds(RetryAfter(err))
	w.Header().Set("Retry-After", after)
	p := Page{
		Kind:   PageUnavailable,
		Status: http.StatusServiceUnavailable,
		Title:  "We can't check your sign-in right now",
		Texts:  []string{"Wait a few seconds, then reload this page."},
	}
	if a.mayReload(w, r) {
		p.refresh = after
		p.Texts = []string{"Please wait. This page tries again by itself."}
		p.Facts = []Fact{{Name: "reload_after", Value: after}}
	}
	a.writePage(w, r, p)
}

const (
	// maxReloadTime is how long a page keeps reloading itself.
	maxReloadTime = 10 * time.Minute

	// reloadCookieLifetime is more than the time between two reloads of a page.
	reloadCookieLifetime = time.Minute
)

// mayReload reports whether a page may reload itself. A cookie contains the time when the
// reloads began, and lasts from one reload to the next. If it is not known whether the
// browser keeps cookies, the page does not reload itself.
func (a *Auth) mayReload(w http.ResponseWriter, r *http.Request) bool {
	name, now := a.cookieNameFor("reload"), time.Now()
	began := now
	if values := cookieValues(r.Header, name); len(values) > 0 {
		if unix, err := strconv.ParseInt(values[0], 10, 64); err == nil && unix < now.Unix() {
			began = time.Unix(unix, 0)
		}
	} else if !a.hasOwnCookie(r) {
		return false
	}
	c := a.newCookie(name, strconv.FormatInt(began.Unix(), 10))
	c.MaxAge = int(reloadCookieLifetime.Seconds())
	http.SetCookie(w, c)
	return now.Sub(began) <= maxReloadTime
}

const repeatedLoginsText = "You came back from signing in several times within a minute, and each time this app refused the sign-in."

// loginLoopPage returns a page that says why the session is refused. err wraps the
// reason.
func (a *Auth) loginLoopPage(target string, err *refusal) Page {
	cause := err.cause
	if cause == nil {
		cause = err.reason
	}
	p := Page{
		Kind:   PageLoginLoop,
		Status: StatusCode(err),
		Title:  "We couldn't sign you in",
		Facts:  reasonFacts(cause),
		Links: []Link{
			{Name: linkSignIn, Label: "Try again", URL: a.paths.routeReturningTo(routeLogin, target)},
			{Name: linkSignOut, Label: "Sign out", URL: a.paths.routePath(routeLogout)},
		},
	}
	switch {
	case errors.Is(err, ErrNoToken):
		p.Texts = append(p.Texts, "You came back from signing in several times within a minute, and each time this browser did not send all of this site's cookies. Allow them, check the clock of this device, and try again. If it still fails, contact the site's administrator.")
		if !a.app.isZero() {
			app := a.app.origin + a.app.path + "/"
			p.Texts = append(p.Texts, "The address of this app is "+app+": another one has other cookies.")
			p.Facts = append(p.Facts, Fact{Name: factAppURL, Value: app})
		}
	case errors.Is(err, ErrTokenExpired), errors.Is(err, ErrTokenNotYetValid):
		p.Texts = append(p.Texts, repeatedLoginsText, "By the clock of this server, the sign-in is not valid now. A clock is wrong.")
	case errors.Is(err, ErrSessionEnded):
		p.Texts = append(p.Texts, "This session has ended. Sign in again to start a new one.")
		p.Links[0] = a.newSessionLink(target)
	default:
		p.Texts = append(p.Texts, repeatedLoginsText, "Sign out to sign in as somebody else, or contact the site's administrator.")
	}
	return p
}

// reasonFacts returns the label of err and, if a time is the reason, that time and the
// server's time.
func reasonFacts(err error) []Fact {
	facts := []Fact{{factReason, "Code for support", Reason(err)}}
	if e, ok := errors.AsType[*untimely](err); ok {
		when := Fact{Name: "valid_from", Label: "Valid from"}
		if e.reason == ErrTokenExpired {
			when = Fact{Name: "expired_at", Label: "Expired at"}
		}
		when.Value = e.at.UTC().Format(time.RFC1123)
		facts = append(facts, when, Fact{"server_time", "Clock of this server", e.now.UTC().Format(time.RFC1123)})
	}
	return facts
}

func (a *Auth) framedPage(r *http.Request) Page {
	return Page{
		Kind:     PageFramed,
		Status:   http.StatusUnauthorized,
		Title:    "Please sign in",
		Texts:    []string{"This page is shown inside another page. Sign in in the whole window."},
		Links:    []Link{{Name: linkSignIn, Label: "Sign in", URL: a.paths.routeReturningTo(routeLogin, a.backTarget(r)), LeaveFrame: true}},
		isFramed: true,
	}
}

func (a *Auth) wrongOrgPage(r *http.Request, s *Session) Page {
	return Page{
		Kind:   PageWrongOrg,
		Status: http.StatusForbidden,
		Title:  "This belongs to another account",
		Texts:  []string{"You are signed in, but not to an account that may see this page."},
		Facts:  currentUserFacts(s),
		Links:  []Link{a.switchAccountLink(a.backTarget(r)), a.otherUserLink(a.backTarget(r))},
	}
}

// newSessionLink returns a link to a login that begins a new session. Without
// prompt=login, LoginRocket could again send a token of the session that has ended.
func (a *Auth) newSessionLink(target string) Link {
	return Link{Name: linkSignIn, Label: "Sign in again", URL: a.paths.routeReturningTo(routeLogin, target) + "&prompt=login"}
}

func (a *Auth) otherUserLink(target string) Link {
	return Link{Name: "other_user", Label: "Sign in as somebody else", URL: a.paths.routeReturningTo(routeLogin, target) + "&prompt=login"}
}

func (a *Auth) switchAccountLink(target string) Link {
	return Link{Name: "switch_account", Label: "Switch accounts", URL: a.paths.routeReturningTo(routeAccounts, target) + "&force=1"}
}

// forbiddenPage returns the page for the user of s, whose request is refused because of
// err. It offers another login, which may help because the token describes the user's
// access at the time when it was issued.
func (a *Auth) forbiddenPage(r *http.Request, s *Session, err error) Page {
	target := a.backTarget(r)
	p := Page{
		Kind:   PageForbidden,
		Status: http.StatusForbidden,
		Title:  "You don't have access",
		Texts:  []string{"You are not allowed to open this page or to do this. If your access has just changed, sign in again. If you think that this is a mistake, contact the site's administrator."},
		Facts:  currentUserFacts(s),
		Links:  []Link{{Name: linkSignIn, Label: "Sign in again", URL: a.paths.routeReturningTo(routeLogin, target)}},
	}
	switch {
	case errors.Is(err, ErrPermissionDenied):
		p.Kind = PagePermissionDenied
		p.Title = "You don't have permission"
		p.Texts = []string{"Your account lacks a permission that is needed here. Ask an owner of your account for it. If you have just got it, sign in again."}
		p.Facts = append(permissionFacts(err), p.Facts...)
	case errors.Is(err, ErrEmailNotVerified):
		p.Kind = PageEmailNotVerified
		p.Title = "Please verify your email address"
		p.Texts = []string{"Only users with a verified email address have access. Verify yours in your profile. If you have just done so, sign in again."}
		p.Links = append([]Link{{Name: "profile", Label: "Open your profile", URL: a.paths.routeReturningTo(routeProfile, target)}}, p.Links...)
		return p
	}
	if _, ok := s.Org(); ok {
		p.Links = append(p.Links, a.switchAccountLink(target))
	}
	return p
}

// currentUserFacts returns a fact that names the user who is signed in, because the
// visitor may expect to be signed in as someone else. It returns none if nobody is signed
// in.
func currentUserFacts(s *Session) []Fact {
	if !s.isSignedIn() {
		return nil
	}
	value := displayName(s.User)
	if org, ok := s.Org(); ok && displayText(org.Name) != "" {
		value += ", " + displayText(org.Name)
	}
	return []Fact{{"current_user", "Signed in as", value}}
}

// permissionFacts returns facts that name the missing permissions.
func permissionFacts(err error) []Fact {
	e, _ := errors.AsType[*refusal](err)
	if e == nil {
		return nil
	}
	var tags []string
	for _, tag := range e.permissions {
		if tag = displayText(tag); tag != "" { // an app may build the tag from a part of the URL
			tags = append(tags, tag)
		}
	}
	fact := Fact{"permission", "Missing permission", strings.Join(tags, ", ")}
	switch {
	case len(tags) == 0:
		return nil
	case e.isAnyEnough:
		fact.Name, fact.Label = "any_permission", "One of these permissions is needed"
	case len(tags) > 1:
		fact.Label = "Missing permissions"
	}
	return []Fact{fact}
}

// formSignedOutPage returns a page that leads back to the page with the form. The data
// that the user entered is lost.
func (a *Auth) formSignedOutPage(r *http.Request) Page {
	return Page{
		Kind:   PageFormSignedOut,
		Status: http.StatusUnauthorized,
		Title:  "Sign in to send this form",
		Texts:  []string{"You are not signed in, so the form was not accepted. Sign in, then fill in the form again."},
		Links:  []Link{{Name: linkSignIn, Label: "Sign in", URL: a.paths.routeReturningTo(routeLogin, a.backTarget(r))}},
	}
}

// formUnavailablePage returns a page that does not reload itself, because a reload would
// send the form again.
func formUnavailablePage(status int) Page {
	return Page{
		Kind:   PageFormUnavailable,
		Status: status,
		Title:  "We can't check your sign-in right now",
		Texts:  []string{"The form was not accepted. Wait a few seconds, go back and send the form again."},
	}
}

// crossSitePage returns a page with a link to a page of this app, because forms on this
// app's pages are accepted.
func (a *Auth) crossSitePage() Page {
	return Page{
		Kind:   PageCrossSite,
		Status: http.StatusForbidden,
		Title:  "This form was refused",
		Texts:  []string{"The form did not come from a page of this app, so it was not accepted. Open this app and try again there."},
		Links:  []Link{{Name: linkHome, Label: "Open this app", URL: a.app.path + "/"}},
	}
}

// ambiguousCookiePage returns a page that offers to clear the cookies with a logout,
// which also clears cookies with a Domain.
func (a *Auth) ambiguousCookiePage(r *http.Request) Page {
	params := url.Values{"local": {"1"}, "return_to": {a.backTarget(r)}}
	return Page{
		Kind:   PageAmbiguousCookie,
		Status: http.StatusUnauthorized,
		Title:  "Conflicting sign-ins",
		Texts: []string{
			"This browser sent the sign-ins of two different users, so we can't tell who you are.",
			"Sign out here, then sign in again. If that does not help, delete the cookies of this site.",
		},
		Form: &Form{
			URL:     joinQuery(a.paths.routePath(routeLogout), params.Encode()),
			Buttons: []Button{{choiceField, choiceSignOut, "Sign out here"}},
		},
	}
}

func (a *Auth) incompleteCookiePage(r *http.Request) Page {
	return Page{
		Kind:   PageIncompleteCookie,
		Status: http.StatusUnauthorized,
		Title:  "A part of your sign-in is missing",
		Texts: []string{
			"Your sign-in data is large and was split into several cookies, of which only some came back. This browser, or a server between it and this app, does not keep them all.",
			"If this happens again after you signed in, contact the site's administrator.",
		},
		Facts: reasonFacts(ErrIncompleteCookie),
		Links: []Link{{Name: linkSignIn, Label: "Sign in again", URL: a.paths.routeReturningTo(routeLogin, a.backTarget(r))}},
	}
}

// hiddenOriginPage returns a page that names the cause, because an operator could not see
// the cause anywhere else.
func hiddenOriginPage() Page {
	return Page{
		Kind:   PageHiddenOrigin,
		Status: http.StatusForbidden,
		Title:  "This form was refused",
		Texts: []string{
			"The browser did not say which page sent the form, so it could come from another website. Go back and open the page again, or use another browser.",
			"Operators: a page with Referrer-Policy: no-referrer on plain http causes this (Origin: null). Send Referrer-Policy: same-origin, or use https.",
		},
	}
}

func wrongHostPage(status int) Page {
	return Page{
		Kind:   PageWrongHost,
		Status: status,
		Title:  "Signing in does not work at this address",
		Texts: []string{
			"This app is set up for this computer only. Open it at localhost or 127.0.0.1.",
			"Operators: set its public URL (Config.AppURL) to serve it at another address.",
		},
	}
}
