package authrocket

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"errors"
	"html/template"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// page is one of the few pages that the package shows itself. They work without
// scripts and hold nothing that a request brought along.
type page struct {
	Title    string
	Text     []string
	Facts    []fact
	Form     *pageForm
	Links    []pageLink
	Reload   time.Duration // after which the page reloads itself; 0: never
	Next     string        // where the page leads by itself, "": nowhere
	isFramed bool          // may be shown in a frame
}

type fact struct{ Name, Value string }

type pageForm struct {
	URL     string
	Hidden  []fact
	Buttons []pageButton
}

// pageButton sends the form that it is in, and with it Name and Value if there
// is a Name.
type pageButton struct{ Label, Name, Value string }

type pageLink struct {
	URL, Label string
	LeaveFrame bool
}

//go:embed page.css
var pageStyle string

//go:embed page.html
var pageHTML string

var pageTemplate = template.Must(template.New("page").Parse(pageHTML))

// pageCSP allows the page's own style by its hash, and nothing else to load. What
// it says about frames and forms is up to the page.
var pageCSP = func() string {
	hash := sha256.Sum256([]byte(pageStyle))
	return "default-src 'none'; base-uri 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(hash[:]) + "'"
}()

func writePage(w http.ResponseWriter, r *http.Request, status int, p page) {
	var body bytes.Buffer
	err := pageTemplate.Execute(&body, struct {
		page
		Style template.CSS
	}{p, template.CSS(pageStyle)})
	if err != nil {
		http.Error(w, http.StatusText(http.StatusServiceUnavailable), http.StatusServiceUnavailable)
		return
	}
	h := w.Header()
	setNoStore(h)
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("X-Content-Type-Options", "nosniff")
	csp := pageCSP
	if !p.isFramed {
		csp += "; frame-ancestors 'none'"
		h.Set("X-Frame-Options", "DENY")
	}
	if p.Reload > 0 {
		h.Set("Refresh", wholeSeconds(p.Reload))
	}
	if p.Next != "" {
		h.Set("Refresh", "0; url="+p.Next)
	}
	if p.Form == nil {
		csp += "; form-action 'none'"
		// The URL of a callback has a token in it.
		h.Set("Referrer-Policy", "no-referrer")
	} else {
		// There is no form-action: browsers hold every redirect after the form to
		// it, and the app or LoginRocket may lead on to another origin.
		// no-referrer would make the Origin of the form null.
		h.Set("Referrer-Policy", "same-origin")
		// A page that opened this one cannot reach into it.
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
	}
	h.Set("Content-Security-Policy", csp)
	if status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", "Bearer")
	}
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		w.Write(body.Bytes())
	}
}

// addressHint names the address of this app, for a sentence.
func (a *Auth) addressHint(r *http.Request) string {
	app, ok := a.appURL(r)
	if !ok {
		return ""
	}
	return " than " + app
}

// nothingToConfirmPage is for a browser that did not keep the login, or that
// somebody sent here.
func (a *Auth) nothingToConfirmPage(r *http.Request) page {
	p := page{
		Title: "Please sign in again",
		Text: []string{
			"There is no sign-in to confirm. You may have waited too long, or this browser did not keep the cookies of this site. You are not signed in.",
		},
		Links: []pageLink{{URL: a.paths.start(routeLogin, "/"), Label: "Sign in"}},
	}
	if app, ok := a.appURL(r); ok {
		p.Text = append(p.Text, "If this keeps happening, open this app at "+app+"/ and allow it to set cookies.")
	}
	return p
}

func (a *Auth) failedLoginPage(target string, err error) page {
	p := page{
		Title: "We couldn't sign you in",
		Facts: reasonFacts(err),
		Links: []pageLink{{URL: a.paths.start(routeLogin, target), Label: "Try again"}},
	}
	_, isOnLogin := errors.AsType[*onLoginError](err)
	switch {
	case errors.Is(err, ErrUnavailable):
		p.Title = "Signing in takes a moment longer"
		p.Links = nil
	case isOnLogin:
		p.Text = []string{"This account can't be used here. Sign in with another one, or contact the site's administrator."}
		p.Links = []pageLink{{URL: a.paths.start(routeLogin, target) + "&prompt=login", Label: "Use another account"}}
	case errors.Is(err, ErrTokenExpired):
		p.Text = []string{"The sign-in had already expired when it arrived. If this keeps happening, a clock is wrong."}
	case errors.Is(err, ErrTokenNotYetValid):
		p.Text = []string{"The sign-in is not valid yet. The clock of this server is probably wrong: try again in a minute, or contact the site's administrator."}
	case errors.Is(err, ErrTokenTooLarge):
		p.Text = []string{"Your sign-in data is too large for this browser. Contact the site's administrator."}
	default:
		p.Text = []string{"The sign-in that came back was not accepted. You are not signed in."}
	}
	return p
}

// writeUnavailable answers a browser that navigates while something cannot be
// known, with a page that reloads itself if that makes sense.
func (a *Auth) writeUnavailable(w http.ResponseWriter, r *http.Request, err error, p page) {
	after := retryIn(err)
	w.Header().Set("Retry-After", wholeSeconds(after))
	p.Text = []string{"We can't check your sign-in right now. Reload this page in a few seconds."}
	if a.mayReload(w, r) {
		p.Reload = after
		p.Text = []string{"We can't check your sign-in right now. This page reloads itself."}
	}
	writePage(w, r, http.StatusServiceUnavailable, p)
}

const (
	// maxReloading is how long a page reloads itself.
	maxReloading = 10 * time.Minute

	// reloadGap is more than the time between two reloads of a page.
	reloadGap = time.Minute
)

// mayReload reports whether a page reloads itself. A cookie says when that began,
// and lasts from one reload to the next. A browser that may not keep cookies does
// not reload at all.
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
	c := a.cookie(name, strconv.FormatInt(began.Unix(), 10))
	c.MaxAge = int(reloadGap.Seconds())
	http.SetCookie(w, c)
	return now.Sub(began) <= maxReloading
}

// loginLoopPage says why the session is refused, which err wraps.
func (a *Auth) loginLoopPage(target string, err *refusal) page {
	cause := err.cause
	if cause == nil {
		cause = err.reason
	}
	p := page{
		Title: "We couldn't sign you in",
		Text: []string{
			"You came back from signing in several times within a minute, and each time this app refused the sign-in.",
		},
		Facts: reasonFacts(cause),
		Links: []pageLink{
			{URL: a.paths.start(routeLogin, target), Label: "Try again"},
			{URL: a.paths.route(routeLogout), Label: "Sign out"},
		},
	}
	switch {
	case errors.Is(err, ErrNoToken):
		p.Text = append(p.Text, "This browser does not seem to keep all of this site's cookies. Allow them, check the clock of this device, and try again. If it still fails, contact the site's administrator.")
		if !a.app.isZero() {
			p.Text = append(p.Text, "The address of this app is "+a.app.origin+a.app.prefix+"/: another one has other cookies.")
		}
	case errors.Is(err, ErrTokenExpired), errors.Is(err, ErrTokenNotYetValid):
		p.Text = append(p.Text, "By the clock of this server, the sign-in is not valid now. A clock is wrong.")
	default:
		p.Text = append(p.Text, "Sign out to sign in as somebody else, or contact the site's administrator.")
	}
	return p
}

// reasonFacts are the label of err and, where a time is the reason, both clocks.
func reasonFacts(err error) []fact {
	facts := []fact{{"Reason", Reason(err)}}
	if e, ok := errors.AsType[*untimely](err); ok {
		name := "Valid from"
		if e.reason == ErrTokenExpired {
			name = "Expired at"
		}
		facts = append(facts,
			fact{name, e.at.UTC().Format(time.RFC1123)},
			fact{"Clock of this server", e.now.UTC().Format(time.RFC1123)})
	}
	return facts
}

func (a *Auth) framedPage(r *http.Request) page {
	return page{
		Title:    "Please sign in",
		Text:     []string{"Signing in does not work inside another page."},
		Links:    []pageLink{{URL: a.paths.start(routeLogin, a.paths.returnTarget(r)), Label: "Sign in", LeaveFrame: true}},
		isFramed: true,
	}
}

func (a *Auth) wrongOrgPage(r *http.Request) page {
	return page{
		Title: "This belongs to another account",
		Text:  []string{"You are signed in, but not to an account that may see this page."},
		Links: []pageLink{{URL: a.paths.start(routeAccounts, a.paths.returnTarget(r)) + "&force=1", Label: "Switch accounts"}},
	}
}

// ambiguousCookiePage offers to clear the cookies: the logout clears those of a
// Domain, too.
func (a *Auth) ambiguousCookiePage(r *http.Request) page {
	params := url.Values{"local": {"1"}, "return_to": {a.paths.returnTarget(r)}}
	return page{
		Title: "Conflicting sign-ins",
		Text: []string{
			"This browser sent the sign-ins of two different users, so we can't tell who you are.",
			"Sign out here, then sign in again. If that does not help, delete the cookies of this site.",
		},
		Form: &pageForm{URL: joinQuery(a.paths.route(routeLogout), params.Encode()), Buttons: []pageButton{{Label: "Sign out here"}}},
	}
}

func (a *Auth) incompleteCookiePage(r *http.Request) page {
	return page{
		Title: "A part of your sign-in is missing",
		Text: []string{
			"Your sign-in data is large and was split into several cookies, of which only some came back. This browser, or a server between it and this app, does not keep them all.",
			"If this happens again after you signed in, contact the site's administrator.",
		},
		Facts: reasonFacts(ErrIncompleteCookie),
		Links: []pageLink{{URL: a.paths.start(routeLogin, a.paths.returnTarget(r)), Label: "Sign in again"}},
	}
}

// hiddenOriginPage names the cause, which nothing else shows an operator.
var hiddenOriginPage = page{
	Title: "This form was refused",
	Text: []string{
		"The browser did not say which page sent the form (Origin: null), so it could come from another website.",
		"Operators: on plain http, a page with Referrer-Policy: no-referrer causes this. Send Referrer-Policy: same-origin, or use https.",
	},
}

var wrongHostPage = page{
	Title: "Signing in does not work at this address",
	Text:  []string{"This app is set up for this computer only. Open it at localhost or 127.0.0.1, or set its public URL (Config.AppURL)."},
}

func displayName(u User) string {
	for _, name := range []string{u.Name, u.Username, u.Email} {
		if name = displayText(name); name != "" {
			return name
		}
	}
	return "somebody without a name"
}

const (
	// maxDisplayRunes keeps a name from being a text of its own.
	maxDisplayRunes = 80

	// maxEmailBytes is the length of the longest address (RFC 5321 section 4.5.3).
	maxEmailBytes = 254

	// maxDisplayMarks is how many combining marks in a row are shown. More of
	// them would cover the lines around.
	maxDisplayMarks = 2
)

// displayEmail is the whole email of u, since the end of a domain tells whose it is.
func displayEmail(u User) string {
	email := visibleText(u.Email)
	switch {
	case email == "":
		return "unknown"
	case len(email) > maxEmailBytes:
		return "too long to show"
	case u.EmailVerification == EmailNotVerified:
		return email + " (not verified)"
	}
	return email
}

// displayText returns s for a page as visibleText does, and not too long.
func displayText(s string) string {
	shown := []rune(visibleText(s))
	if len(shown) > maxDisplayRunes {
		shown = append(shown[:maxDisplayRunes-1], '…')
	}
	return string(shown)
}

// visibleText returns s, which others have chosen, for a page: on one line,
// without control characters and without those that nobody sees or that change the
// direction of what follows. It is "" when there is nothing to see.
func visibleText(s string) string {
	marks := 0
	s = strings.Map(func(c rune) rune {
		switch {
		case unicode.IsSpace(c):
			c = ' '
		case c == '\u2800' || unicode.In(c, unicode.Cc, unicode.Cf, unicode.Other_Default_Ignorable_Code_Point):
			return -1 // U+2800 is a braille pattern without dots
		case unicode.In(c, unicode.Mn, unicode.Me):
			if marks++; marks > maxDisplayMarks {
				return -1
			}
			return c
		}
		marks = 0
		return c
	}, strings.ToValidUTF8(s, "\uFFFD"))
	if !strings.ContainsFunc(s, isVisible) {
		return ""
	}
	return strings.Join(strings.Fields(s), " ")
}

func isVisible(c rune) bool { return unicode.In(c, unicode.L, unicode.N, unicode.P, unicode.S) }
