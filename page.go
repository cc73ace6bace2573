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

// Page is one of the package's own pages. It works without scripts. It shows names and
// email addresses from a token, but no other text from the request. It also shows the
// permission tags of your rules. The Facts contain all these texts, and long ones are
// cut. Config.Page gets a Page as data: Kind and Facts contain everything that Title and
// Texts say in English. A Page belongs to one response, so the function that gets it may
// change it.
type Page struct {
	Kind   PageKind
	Status int      // the status of the response; 0 means 200
	Lang   string   // the language of the texts and labels, such as "de"; "" means English
	Title  string   // plain text, as are all texts, labels and values: escape them
	Texts  []string // the paragraphs
	Facts  []Fact
	Form   *Form // nil on most pages
	Links  []Link

	// refresh is the value of the Refresh header, or "" for none. The package sets a
	// header because a Config.Page that writes its own body could forget the refresh.
	refresh string

	// isFramed permits other sites to show the page in a frame. It is true only for pages
	// that lead out of a frame by a link, because a user could click a button in a frame
	// without seeing it.
	isFramed bool
}

// Fact returns the value of the fact with this name, or "" if the page does not have the
// fact. The names are listed with the constants of type [PageKind].
func (p Page) Fact(name string) string {
	for _, f := range p.Facts {
		if f.Name == name {
			return f.Value
		}
	}
	return ""
}

// PageKind is the purpose of a page: see the constants. Later versions may add kinds. Let
// [WritePage] show the kinds that you do not know.
type PageKind string

// The kinds of pages, and the facts that each may have.
const (
	// PageConfirm asks the user to confirm a login that this browser did not start, or
	// that changes who is signed in. "name", "email" and "account" describe the login, if
	// the token has them. "email_verified" is "no" if the address is not verified.
	// "current_user" is the user who is signed in now, if there is one. "started" says
	// where the login was started: "here" (in this browser), "elsewhere" (in another
	// browser, too long ago, or at an address other than "app_url") or "link" (nothing
	// shows that it was started). "changes" is "user" or "account" if the login would
	// change that. The buttons are "continue" and "cancel".
	PageConfirm PageKind = "confirm"

	// PageNothingToConfirm: no login is waiting for a confirmation. Either the browser
	// did not keep the login, or the login is too old. "app_url" is the address of the
	// app.
	PageNothingToConfirm PageKind = "nothing_to_confirm"

	// PageLoginFailed: a login came back from LoginRocket, but its token is refused.
	// "reason" is the [Reason]. If a time is the reason, the page also has "server_time",
	// and "expired_at" or "valid_from".
	PageLoginFailed PageKind = "login_failed"

	// PageLoginRefused: Config.OnLogin refuses the user. "reason" is the [Reason].
	PageLoginRefused PageKind = "login_refused"

	// PageLoginLoop: several logins in a row did not produce an accepted session. The
	// page has the facts of PageLoginFailed, and "app_url" if the browser sent no session
	// cookie. See [ErrLoginLoop].
	PageLoginLoop PageKind = "login_loop"

	// PageUnavailable: the sign-in cannot be checked now. "reload_after" is the number of
	// seconds after which the page reloads itself, if it does.
	PageUnavailable PageKind = "unavailable"

	// PageFramed: a page in a frame needs a login, which works only outside the frame.
	PageFramed PageKind = "framed"

	// PageFormSignedOut: a form was sent, but nobody is signed in any more.
	PageFormSignedOut PageKind = "form_signed_out"

	// PageFormUnavailable: a form was sent, but the sign-in cannot be checked now.
	PageFormUnavailable PageKind = "form_unavailable"

	// PagePermissionDenied: the user lacks permissions. "permission" contains the tags of
	// all missing permissions, or "any_permission" contains tags of which one is enough.
	// If the missing permissions are not known, the page has neither fact. A long tag is
	// cut to its first 79 characters. "current_user" is the user who is signed in.
	PagePermissionDenied PageKind = "permission_denied"

	// PageEmailNotVerified: the user's email address is not verified. "current_user" is
	// the user who is signed in.
	PageEmailNotVerified PageKind = "email_not_verified"

	// PageForbidden: a [Rule] that the app defines refuses the user. "current_user" is
	// the user who is signed in.
	PageForbidden PageKind = "forbidden"

	// PageWrongOrg: the user is not signed in to the account that the page is about.
	// "current_user" is the user who is signed in, with the current account.
	PageWrongOrg PageKind = "wrong_org"

	// PageAmbiguousCookie: the browser sent the sessions of two users. The button is
	// "sign_out".
	PageAmbiguousCookie PageKind = "ambiguous_cookie"

	// PageIncompleteCookie: the browser sent only a part of a session. "reason" is the
	// [Reason].
	PageIncompleteCookie PageKind = "incomplete_cookie"

	// PageCrossSite: another website sent a form.
	PageCrossSite PageKind = "cross_site"

	// PageHiddenOrigin: a form was sent with Origin: null and without Sec-Fetch-Site.
	PageHiddenOrigin PageKind = "hidden_origin"

	// PageWrongHost: without Config.AppURL, the app works only on loopback.
	PageWrongHost PageKind = "wrong_host"

	// PageLogout asks whether the user wants to sign out. The button is "sign_out".
	PageLogout PageKind = "logout"

	// PageSigningOut continues to LoginRocket by itself or through its link. In a frame
	// it continues only through its link, which leaves the frame.
	PageSigningOut PageKind = "signing_out"
)

// Fact is a variable part of a page. The default page lists the facts that have a Label.
// The other facts are already in its Texts.
type Fact struct {
	Name  string // identifies the fact, such as "email"
	Label string // in English
	Value string
}

// Form is a form that is sent with POST. Your own page must send all fields in Hidden,
// and the Name and Value of the button that the user presses.
type Form struct {
	URL     string // a path of this app
	Hidden  []Field
	Buttons []Button
}

// Field is a hidden field of a form.
type Field struct{ Name, Value string }

// Button sends its form. Its Value identifies the button, such as "continue".
type Button struct{ Name, Value, Label string }

// Link is a link on a page. Its Name says where it leads: "sign_in", "switch_account",
// "other_user", "profile", "sign_out" or "home". Two pages may use different Labels for
// the same Name.
type Link struct {
	Name       string
	Label      string // in English
	URL        string // a path of this app
	LeaveFrame bool   // the link needs target="_top"
}

//go:embed page.css
var pageStyle string

//go:embed page.html
var pageHTML string

var pageTemplate = template.Must(template.New("page").Parse(pageHTML))

// pageCSP allows only the page's own style, by its hash, because a page may show a name
// that an attacker chose. It uses a hash because a nonce would have to be passed to
// Config.Page. setHeaders adds what depends on the page: the directives about frames and
// forms.
var pageCSP = func() string {
	hash := sha256.Sum256([]byte(pageStyle))
	return "default-src 'none'; base-uri 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(hash[:]) + "'"
}()

// writePage answers with p, through Config.Page or, if that does not answer, through
// [WritePage]. It sets the headers first, so that a Config.Page that sets none of them is
// safe. Config.Page gets r without a login token, because it could put the token into its
// own links or logs.
func (a *Auth) writePage(w http.ResponseWriter, r *http.Request, p Page) {
	p.setHeaders(w.Header())
	if a.config.Page != nil && a.config.Page(w, withoutLoginParams(r), p) {
		return
	}
	WritePage(w, r, p)
}

// WritePage answers with p in the package's own style. It sets the headers that protect
// p, whatever their values were before. WritePage is also called if Config.Page returns
// false. A Config.Page that only translates pages can change the texts of p and call
// WritePage.
func WritePage(w http.ResponseWriter, r *http.Request, p Page) {
	// Facts without a label are already in the texts.
	listed := slices.DeleteFunc(slices.Clone(p.Facts), func(f Fact) bool { return f.Label == "" })
	// Buffer the page, so that a template that fails does not leave half a page with
	// status 200.
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

// setHeaders sets the headers that p needs, whether WritePage or Config.Page writes the
// body.
func (p Page) setHeaders(h http.Header) {
	setNoStore(h) // the page is for this user at this moment, and the browser's Back button must not show it again
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("X-Content-Type-Options", "nosniff")
	csp := pageCSP
	if !p.isFramed {
		// Set X-Frame-Options for browsers that do not support frame-ancestors.
		csp += "; frame-ancestors 'none'"
		h.Set("X-Frame-Options", "DENY")
	}
	if p.refresh != "" {
		h.Set("Refresh", p.refresh)
	}
	if p.Form == nil {
		csp += "; form-action 'none'"
		// The URL of a callback contains a token, which no link may pass on.
		h.Set("Referrer-Policy", "no-referrer")
	} else {
		// This policy has no form-action, because browsers also apply form-action to
		// every redirect after the form, and the app or LoginRocket may redirect to
		// another origin. The policy no-referrer would make the Origin of the form null,
		// so the form would be refused. With same-origin, the URL of the page is sent
		// only to this app.
		h.Set("Referrer-Policy", "same-origin")
		// A page that opened this one could otherwise navigate it away and back, to
		// time a click on its button.
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
	}
	h.Set("Content-Security-Policy", csp)
	if p.Status == http.StatusUnauthorized {
		// RFC 9110 section 15.5.2 requires this header. Browsers ignore this scheme.
		h.Set("WWW-Authenticate", "Bearer")
	}
}
