package authrocket

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/authrocket-go/authrocket/internal/keycache"
)

// confirmLifetime is how long a login that this browser did not start waits for
// its user's word.
const confirmLifetime = 10 * time.Minute

// The form of the confirmation.
const (
	tokenHashField = "token_sha256"
	choiceField    = "choice"
	choiceContinue = "continue"
	choiceCancel   = "cancel"

	maxConfirmBody = 4 << 10
)

// pendingLogin is a token that was landed, but that its user has not asked for
// in this browser, and where it leads.
type pendingLogin struct{ token, target string }

// encode returns p as the value of a cookie. No part of a token has a dot.
func (p pendingLogin) encode() string {
	return p.token + "." + base64.RawURLEncoding.EncodeToString([]byte(p.target))
}

// hash tells the token that a page has shown from others without telling it.
func (p pendingLogin) hash() string {
	sum := sha256.Sum256([]byte(p.token))
	return hex.EncodeToString(sum[:])
}

// rememberPending keeps p in the browser if it fits into one cookie: a link must
// not be able to make the headers of its visitor's requests too large for a front
// end. Of a larger one the browser keeps nothing, so that the confirmation
// offers to sign in instead.
func (a *Auth) rememberPending(w http.ResponseWriter, r *http.Request, p pendingLogin) {
	value := p.encode()
	if len(value) > chunkBytes {
		p.target = "/"
		value = p.encode()
	}
	if len(value) > chunkBytes {
		a.forgetPending(w, r)
		return
	}
	c := a.cookie(a.cookieNameFor("confirm"), value)
	c.MaxAge = int(confirmLifetime.Seconds())
	http.SetCookie(w, c)
}

// pendingLogin returns what rememberPending kept. Like any cookie, it can be
// anybody's: neither token nor target is checked.
func (a *Auth) pendingLogin(r *http.Request) (pendingLogin, bool) {
	values := cookieValues(r.Header, a.cookieNameFor("confirm"))
	if len(values) == 0 {
		return pendingLogin{}, false
	}
	end := strings.LastIndexByte(values[0], '.')
	if end < 0 {
		return pendingLogin{}, false
	}
	target, err := base64.RawURLEncoding.DecodeString(values[0][end+1:])
	if err != nil {
		return pendingLogin{}, false
	}
	return pendingLogin{values[0][:end], string(target)}, true
}

func (a *Auth) forgetPending(w http.ResponseWriter, r *http.Request) {
	if name := a.cookieNameFor("confirm"); hasCookie(r, name) {
		a.clearCookie(w, name)
	}
}

// serveConfirm asks whether a login that this browser did not start is wanted,
// and takes the answer. What is signed in is what was shown: the answer names the
// token, of which the cookie may have changed in the meantime.
func (a *Auth) serveConfirm(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodPost && !a.isSameOrigin(r) {
		a.Deny(w, r, because(ErrCrossSite, "only the page of this app that asks may answer"))
		return
	}
	pending, ok := a.pendingLogin(r)
	if !ok {
		writePage(w, r, http.StatusForbidden, a.unsolicitedPage(r))
		return
	}
	choice := ""
	if r.Method == http.MethodPost {
		choice = confirmedChoice(w, r, pending)
	}
	if choice == choiceCancel {
		a.forgetPending(w, r)
		a.redirectHome(w, "/")
		return
	}
	session, err := a.verifier.verify(r.Context(), pending.token, keycache.Gate, new(time.Time))
	switch {
	case err != nil:
		if !errors.Is(err, ErrUnavailable) {
			a.forgetPending(w, r)
		}
		a.failLogin(w, r, false, pending.target, err)
	case choice == choiceContinue:
		a.forgetPending(w, r)
		a.completeLogin(w, r, false, *session, pending.target, 0)
	default:
		current, _ := a.cookieSession(r, keycache.NoWait, new(time.Time))
		writePage(w, r, http.StatusOK, a.confirmPage(pending, *session, *current))
	}
}

// confirmedChoice returns which button was pressed, "" when it was on a page
// about another token.
func confirmedChoice(w http.ResponseWriter, r *http.Request, pending pendingLogin) string {
	r.Body = http.MaxBytesReader(w, r.Body, maxConfirmBody)
	if err := r.ParseForm(); err != nil || r.PostForm.Get(tokenHashField) != pending.hash() {
		return ""
	}
	return r.PostForm.Get(choiceField)
}

// confirmPage shows who would be signed in and who is signed in now.
func (a *Auth) confirmPage(pending pendingLogin, session, current Session) page {
	p := page{
		Title: "Sign in as " + displayName(session.User) + "?",
		Text: []string{
			"This browser did not start this sign-in: a link brought it here. Go on only if you know this account and want to use it.",
		},
		Form: &pageForm{
			URL:    a.paths.route(routeConfirm),
			Hidden: []fact{{tokenHashField, pending.hash()}},
			Buttons: []pageButton{
				{"Continue", choiceField, choiceContinue},
				{"Cancel", choiceField, choiceCancel},
			},
		},
	}
	org, _ := session.Org()
	for _, f := range []fact{
		{"Name", displayName(session.User)},
		{"Email", displayText(session.User.Email)},
		{"Account", displayText(org.Name)},
		{"Signed in now", "nobody"},
	} {
		if f.Name == "Signed in now" && !current.IsZero() {
			f.Value = displayName(current.User)
			if email := displayText(current.User.Email); email != "" && email != f.Value {
				f.Value += ", " + email
			}
		}
		if f.Value != "" {
			p.Facts = append(p.Facts, f)
		}
	}
	return p
}
