package authrocket

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"errors"
	"html/template"
	"net/http"
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

func (a *Auth) unsolicitedPage(r *http.Request) page {
	p := page{
		Title: "This browser did not start that sign-in",
		Text: []string{
			"A sign-in arrived that was not started here, or that was started more than a quarter of an hour ago. Nobody was signed in.",
			"If you followed a link or an invitation, sign in now.",
		},
		Links: []pageLink{{URL: a.paths.start(routeLogin, "/"), Label: "Sign in"}},
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
		Links: []pageLink{{URL: a.paths.start(routeLogin, target), Label: "Try again"}},
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
			{URL: a.paths.start(routeLogin, target), Label: "Try again"},
			{URL: a.paths.route(routeLogout), Label: "Sign out"},
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

	// maxDisplayMarks is how many combining marks in a row are shown. More of
	// them would cover the lines around.
	maxDisplayMarks = 2
)

// displayText returns s, which others have chosen, for a page: on one line, not
// too long, without control characters and without those that nobody sees or
// that change the direction of what follows. It is "" when there is nothing to see.
func displayText(s string) string {
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
	shown := []rune(strings.Join(strings.Fields(s), " "))
	if len(shown) > maxDisplayRunes {
		shown = append(shown[:maxDisplayRunes-1], '…')
	}
	return string(shown)
}

func isVisible(c rune) bool { return unicode.In(c, unicode.L, unicode.N, unicode.P, unicode.S) }
