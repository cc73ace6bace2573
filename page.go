package authrocket

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"html/template"
	"net/http"
	"slices"
)

// Page is one of the pages that the package shows itself. It works without scripts,
// and shows no text that the request chose, but the names and emails of a token in its
// Facts. Config.Page gets it as data: Kind and
// Facts say all that Title and Texts say in English. A Page is a value that belongs to
// one response: whoever gets it may change it.
type Page struct {
	Kind   PageKind
	Status int      // of the response; 0 is 200
	Lang   string   // the language of the texts and labels, such as "de"; "" is English
	Title  string   // plain text, as are all texts, labels and values: escape them
	Texts  []string // the paragraphs
	Facts  []Fact
	Form   *Form // nil on most pages
	Links  []Link

	// refresh is the header of this name, "" for none. It is a header because the
	// body may be that of Config.Page, which must not be able to forget it.
	refresh string

	// isFramed permits frames. Only pages that lead out of a frame by a link have it:
	// a button in a frame could be clicked by somebody who does not see it.
	isFramed bool
}

// Fact returns the value of the fact of this name, "" if the page does not have it.
// The names are listed at the constants of [PageKind].
func (p Page) Fact(name string) string {
	for _, f := range p.Facts {
		if f.Name == name {
			return f.Value
		}
	}
	return ""
}

// PageKind says what a page is about: see the constants. Later versions may add
// kinds: leave those that you do not know to [WritePage].
type PageKind string

// The kinds of pages, and the facts that each may have.
const (
	// PageConfirm asks whether a login is wanted that this browser did not start
	// or that changes who is signed in. "name", "email" and "account" are those of the
	// login, each if it has one; "email_verified" is "no" if the address is not verified.
	// "current_user" is who is signed in now, if somebody is. "started" says why it
	// asks: "here" (this browser started it), "elsewhere" (another browser, too long
	// ago, or at another address than "app_url") or "link" (nothing says that it was
	// started). "changes" is "user" or "account" if it would change that. The buttons
	// are "continue" and "cancel".
	PageConfirm PageKind = "confirm"

	// PageNothingToConfirm: no login waits for a confirmation. The browser did not
	// keep it, or it is too old. "app_url" is the address of the app.
	PageNothingToConfirm PageKind = "nothing_to_confirm"

	// PageLoginFailed: the login token that came back is refused. "reason" is the
	// [Reason]; "expired_at" or "valid_from" and "server_time" are there if a time is
	// the reason.
	PageLoginFailed PageKind = "login_failed"

	// PageLoginRefused: Config.OnLogin refuses the user. "reason" is the [Reason].
	PageLoginRefused PageKind = "login_refused"

	// PageLoginLoop: several logins in a row did not produce an accepted session. The
	// facts are those of PageLoginFailed, and "app_url" if the browser sent no session
	// cookie. See [ErrLoginLoop].
	PageLoginLoop PageKind = "login_loop"

	// PageUnavailable: the sign-in cannot be checked now. "reload_after" is after
	// how many seconds the page reloads itself, if it does.
	PageUnavailable PageKind = "unavailable"

	// PageFramed: a frame asks for a login, which works outside of it only.
	PageFramed PageKind = "framed"

	// PageFormSignedOut: a form came, and nobody is signed in any more.
	PageFormSignedOut PageKind = "form_signed_out"

	// PageFormUnavailable: a form came, and the sign-in cannot be checked now.
	PageFormUnavailable PageKind = "form_unavailable"

	// PagePermissionDenied: the user lacks permissions. "permission" has the tags of all
	// that are missing, or "any_permission" has tags of which one is enough; neither is there
	// if that is not known. Of a long tag it has the first 79 characters. "current_user" is
	// who is signed in.
	PagePermissionDenied PageKind = "permission_denied"

	// PageEmailNotVerified: the user's email address is not verified. "current_user" is
	// who is signed in.
	PageEmailNotVerified PageKind = "email_not_verified"

	// PageForbidden: a [Rule] of your own refuses the user. "current_user" is who is signed
	// in.
	PageForbidden PageKind = "forbidden"

	// PageWrongOrg: the user is not signed in to the account that the page is about.
	// "current_user" is who is signed in, with the current account.
	PageWrongOrg PageKind = "wrong_org"

	// PageAmbiguousCookie: the browser sent the sessions of two users. The button is
	// "sign_out".
	PageAmbiguousCookie PageKind = "ambiguous_cookie"

	// PageIncompleteCookie: the browser sent a part of a session only. "reason" is the
	// [Reason].
	PageIncompleteCookie PageKind = "incomplete_cookie"

	// PageCrossSite: another website sent a form.
	PageCrossSite PageKind = "cross_site"

	// PageHiddenOrigin: a form came with Origin: null and without Sec-Fetch-Site.
	PageHiddenOrigin PageKind = "hidden_origin"

	// PageWrongHost: without Config.AppURL, the app works on loopback only.
	PageWrongHost PageKind = "wrong_host"

	// PageLogout asks whether to sign out. The button is "sign_out".
	PageLogout PageKind = "logout"

	// PageSigningOut continues to LoginRocket by itself, and by its link. In a frame it
	// continues by its link only, which leaves the frame.
	PageSigningOut PageKind = "signing_out"
)

// Fact is a variable piece of a page. The default page lists those that have a
// Label; the others are in its Texts already.
type Fact struct {
	Name  string // says which fact it is, such as "email"
	Label string // in English
	Value string
}

// Form is a form that is sent by POST. A page of your own must send all of
// Hidden, and the Name and Value of the button that is pressed.
type Form struct {
	URL     string // a path of this app
	Hidden  []Field
	Buttons []Button
}

// Field is a hidden field of a form.
type Field struct{ Name, Value string }

// Button sends the form that it is in. Its Value says which button it is, such
// as "continue".
type Button struct{ Name, Value, Label string }

// Link is a link of a page. Its Name says where it leads: "sign_in", "switch_account",
// "other_user", "profile", "sign_out" or "home". Two pages may have other Labels for the
// same Name.
type Link struct {
	Name       string
	Label      string // in English
	URL        string // a path of this app
	LeaveFrame bool   // it needs target="_top"
}

//go:embed page.css
var pageStyle string

//go:embed page.html
var pageHTML string

var pageTemplate = template.Must(template.New("page").Parse(pageHTML))

// pageCSP allows the page's own style by its hash, and nothing else to load: a page may
// show the name that an attacker chose. A hash, since a nonce would be another random
// value to hand to Config.Page. What it says about frames and forms is up to the page.
var pageCSP = func() string {
	hash := sha256.Sum256([]byte(pageStyle))
	return "default-src 'none'; base-uri 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(hash[:]) + "'"
}()

// writePage answers with p: by Config.Page, and if that does not, by [WritePage].
// The headers come first, so that a Config.Page that knows none of them is safe. It
// gets r without a login token, which it could put into its own links or logs.
func (a *Auth) writePage(w http.ResponseWriter, r *http.Request, p Page) {
	p.setHeaders(w.Header())
	if a.config.Page != nil && a.config.Page(w, withoutLoginParams(r), p) {
		return
	}
	WritePage(w, r, p)
}

// WritePage answers with p in the package's own style. It sets the headers that
// protect p, whatever they were. A request gets it if Config.Page returns false; a
// Config.Page that only translates changes the texts of p and calls it.
func WritePage(w http.ResponseWriter, r *http.Request, p Page) {
	// Facts without a label are in the texts already.
	listed := slices.DeleteFunc(slices.Clone(p.Facts), func(f Fact) bool { return f.Label == "" })
	// Buffered, so that a template that fails leaves no half of a page with status 200.
	var body bytes.Buffer
	err := pageTemplate.Execute(&body, struct {
		Page
		Listed []Fact
		Style  template.CSS
	}{p, listed, template.CSS(pageStyle)})
	if err != nil {
		http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		return
	}
	p.setHeaders(w.Header())
	w.WriteHeader(cmp.Or(p.Status, http.StatusOK))
	if r.Method != http.MethodHead {
		w.Write(body.Bytes())
	}
}

// setHeaders sets the headers that p needs, whoever writes its body.
func (p Page) setHeaders(h http.Header) {
	setNoStore(h) // it is about this user at this moment, and "back" must not show it again
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("X-Content-Type-Options", "nosniff")
	csp := pageCSP
	if !p.isFramed {
		// Both, for browsers that do not know frame-ancestors.
		csp += "; frame-ancestors 'none'"
		h.Set("X-Frame-Options", "DENY")
	}
	if p.refresh != "" {
		h.Set("Refresh", p.refresh)
	}
	if p.Form == nil {
		csp += "; form-action 'none'"
		// The URL of a callback has a token in it, which no link may hand on.
		h.Set("Referrer-Policy", "no-referrer")
	} else {
		// There is no form-action: browsers hold every redirect after the form to
		// it, and the app or LoginRocket may redirect to another origin.
		// no-referrer would make the Origin of the form null, by which it is refused.
		// With same-origin, the URL of the page goes to this app only.
		h.Set("Referrer-Policy", "same-origin")
		// A page that opened this one could otherwise navigate it away and back, to
		// time a click on its button.
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
	}
	h.Set("Content-Security-Policy", csp)
	if p.Status == http.StatusUnauthorized {
		// RFC 9110 section 15.5.2 demands one. Browsers ignore this scheme.
		h.Set("WWW-Authenticate", "Bearer")
	}
}
