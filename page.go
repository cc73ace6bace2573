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
	"time"
)

// page is one of the few pages that the package shows itself. They work without
// scripts and hold nothing that a request brought along.
type page struct {
	Title    string
	Text     []string
	Facts    []fact
	Form     *pageForm
	Links    []pageLink
	isFramed bool // may be shown in a frame
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
	if p.Form == nil {
		csp += "; form-action 'none'"
		// The URL of a landing has a token in it.
		h.Set("Referrer-Policy", "no-referrer")
	} else {
		// There is no form-action: browsers hold every redirect after the form to
		// it, and the app or LoginRocket may lead on to another origin.
		// no-referrer would make the Origin of the form null.
		h.Set("Referrer-Policy", "same-origin")
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

// startPath is a link to the login route that comes back to target.
func (a *Auth) startPath(route, target string) string {
	return a.routePath(route) + "?return_to=" + url.QueryEscape(target)
}

// logoutPage asks with a form that does what r asks for, made anew: the rest of
// the query is nothing for a page.
func (a *Auth) logoutPage(r *http.Request) page {
	params := url.Values{}
	if isLocalLogout(r) {
		params.Set("local", "1")
	}
	if target := a.returnTo(r, ""); target != "" {
		params.Set("return_to", target)
	}
	action := joinQuery(a.routePath(routeLogout), params.Encode())
	return page{
		Title: "Sign out?",
		Text:  []string{"You are about to sign out."},
		Form:  &pageForm{URL: action, Buttons: []pageButton{{Label: "Sign out"}}},
		Links: []pageLink{{URL: a.app.prefix + "/", Label: "Stay signed in"}},
	}
}

func (a *Auth) unsolicitedPage(r *http.Request) page {
	p := page{
		Title: "This browser did not start that sign-in",
		Text: []string{
			"A sign-in arrived that was not started here, or that was started more than a quarter of an hour ago. Nobody was signed in.",
			"If you followed a link or an invitation, sign in now.",
		},
		Links: []pageLink{{URL: a.startPath(routeLogin, "/"), Label: "Sign in"}},
	}
	if app, ok := a.appURL(r); ok {
		p.Text = append(p.Text, "If this keeps happening, open this app at "+app+"/ and allow it to set cookies.")
	}
	return p
}

func (a *Auth) landingFailedPage(target string, err error) page {
	p := page{
		Title: "Signing in did not work",
		Facts: reasonFacts(err),
		Links: []pageLink{{URL: a.startPath(routeLogin, target), Label: "Try again"}},
	}
	switch {
	case errors.Is(err, ErrUnavailable):
		p.Title = "Signing in takes a moment longer"
		p.Text = []string{"The sign-in cannot be checked right now. Reload this page in a few seconds."}
		p.Links = nil
	case errors.Is(err, ErrTokenExpired):
		p.Text = []string{"The sign-in had already expired when it arrived. If this keeps happening, a clock is wrong."}
	case errors.Is(err, ErrTokenTooLarge):
		p.Text = []string{"The sign-in is too large for cookies. The people who run this app can put less into it."}
	default:
		p.Text = []string{"The sign-in that came back was not accepted. Nobody was signed in."}
	}
	return p
}

// loginLoopPage says why the session is refused, which err wraps.
func (a *Auth) loginLoopPage(target string, err *refusal) page {
	cause := err.cause
	if cause == nil {
		cause = err.reason
	}
	p := page{
		Title: "Signing in does not get through",
		Text: []string{
			"You came back from signing in several times within a minute, and each time this app did not accept it.",
		},
		Facts: reasonFacts(cause),
		Links: []pageLink{
			{URL: a.startPath(routeLogin, target), Label: "Try again"},
			{URL: a.routePath(routeLogout), Label: "Sign out"},
		},
	}
	switch {
	case errors.Is(err, ErrNoToken):
		p.Text = append(p.Text, "This browser does not seem to keep this site's cookies. Allow them, look at the clock of this device, and try again.")
	case errors.Is(err, ErrTokenExpired):
		p.Text = append(p.Text, "The sign-in had already expired. A clock is wrong.")
	default:
		p.Text = append(p.Text, "Sign out to sign in as somebody else, or ask the people who run this app.")
	}
	return p
}

// reasonFacts are the label of err and, when a token has expired, both clocks.
func reasonFacts(err error) []fact {
	facts := []fact{{"Reason", Reason(err)}}
	if e, ok := errors.AsType[*expired](err); ok {
		facts = append(facts,
			fact{"Expired at", e.at.UTC().Format(time.RFC1123)},
			fact{"Clock of this server", e.now.UTC().Format(time.RFC1123)})
	}
	return facts
}

func (a *Auth) framedPage(r *http.Request) page {
	return page{
		Title:    "Please sign in",
		Text:     []string{"Signing in does not work inside another page."},
		Links:    []pageLink{{URL: a.startPath(routeLogin, a.returnTarget(r)), Label: "Sign in", LeaveFrame: true}},
		isFramed: true,
	}
}

func (a *Auth) wrongOrgPage(r *http.Request) page {
	return page{
		Title: "This belongs to another account",
		Text:  []string{"You are signed in, but not to an account that may see this page."},
		Links: []pageLink{{URL: a.startPath(routeAccounts, a.returnTarget(r)) + "&force=1", Label: "Switch accounts"}},
	}
}

var ambiguousCookiePage = page{
	Title: "Two people are signed in here",
	Text: []string{
		"This browser sent the sign-ins of two different people, so it cannot be told who you are.",
		"Delete the cookies of this site and sign in again.",
	},
}

var wrongHostPage = page{
	Title: "Signing in does not work at this address",
	Text:  []string{"This app is set up for this computer only. Open it at localhost or 127.0.0.1, or set its public URL (Config.AppURL)."},
}
