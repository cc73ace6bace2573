package authrocket

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"net/http"
	"strings"
	"time"
	"unicode"

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
		a.setSessionCookie(w, r, session.Token(), session.ExpiresAt)
		a.observeLogin(r.Context(), false, *session, nil)
		a.redirectHome(w, pending.target)
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

// isSameOrigin reports whether a page of this very origin sent r, by the word
// of a browser. Who says nothing is refused, and so are trusted origins.
func (a *Auth) isSameOrigin(r *http.Request) bool {
	if site := r.Header["Sec-Fetch-Site"]; len(site) > 0 {
		return len(site) == 1 && site[0] == "same-origin"
	}
	app, ok := a.appURL(r)
	origin := r.Header["Origin"]
	return ok && len(origin) == 1 && origin[0]+a.app.prefix == app
}

// confirmPage shows who would be signed in and who is signed in now.
func (a *Auth) confirmPage(pending pendingLogin, session, current Session) page {
	p := page{
		Title: "Sign in as " + displayName(session.User) + "?",
		Text: []string{
			"This browser did not start this sign-in: a link brought it here. Go on only if you know this account and want to use it.",
		},
		Form: &pageForm{
			URL:    a.routePath(routeConfirm),
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
