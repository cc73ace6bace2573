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
	"github.com/authrocket-go/authrocket/internal/loginstate"
)

// confirmLifetime is how long a login waits for the user's confirmation. It is long
// enough to read the page, but too short for the next person at a shared computer to
// confirm the login.
const confirmLifetime = 10 * time.Minute

// These are the fields and values of the form on the confirmation page.
const (
	tokenHashField = "token_sha256"
	choiceContinue = "continue"
	choiceCancel   = "cancel"

	maxConfirmBodyBytes = 4 << 10 // far more than the two fields need
)

// confirmReason is why a login needs a confirmation.
type confirmReason string

const (
	confirmFollowedLink     confirmReason = "link"      // it has no state
	confirmStartedElsewhere confirmReason = "elsewhere" // it has a state that this browser does not have
	confirmChange           confirmReason = "change"    // started here, but it changes who is signed in
)

// maxPendingTargetBytes limits the return target of a pending login, which shares the
// cookie with the token.
const maxPendingTargetBytes = 200

// pendingLogin is a verified token that waits for the user's confirmation, with its
// return target.
type pendingLogin struct {
	token  string
	reason confirmReason
	target string
}

// encode returns p as the value of a cookie. A token contains dots, but the other two
// parts do not, so loadPending splits them off from the end. The value need not be
// sealed, because an attacker who can plant the cookie can also send the browser to the
// callback.
func (p pendingLogin) encode() string {
	return p.token + "." + string(p.reason) + "." + base64.RawURLEncoding.EncodeToString([]byte(p.target))
}

func decodePendingLogin(value string) (pendingLogin, bool) {
	rest, encoded, ok := cutLast(value, ".")
	token, reason, hasReason := cutLast(rest, ".")
	target, err := base64.RawURLEncoding.DecodeString(encoded)
	return pendingLogin{token, confirmReason(reason), string(target)}, ok && hasReason && err == nil
}

func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

// tokenHash returns a hash that identifies the token in the form of the confirmation
// page, so that the page need not contain the token. The hash is needed because another
// link may replace the cookie while the user reads the page.
func (p pendingLogin) tokenHash() string {
	sum := sha256.Sum256([]byte(p.token))
	return hex.EncodeToString(sum[:])
}

// rememberPending keeps p in a cookie if the Cookie header stays short enough. A link on
// another site must not make a visitor's request headers too large for a proxy. If p is
// not kept, the confirmation page offers to sign in instead.
func (a *Auth) rememberPending(w http.ResponseWriter, r *http.Request, p pendingLogin) {
	p.target = fitTarget(p.target, maxPendingTargetBytes)
	name, value := a.cookieNameFor("confirm"), p.encode()
	total := cookieHeaderBytes(r) - a.pendingCookieBytes(r) + cookieBytes(name, value)
	if len(value) > maxCookieValueBytes || total > maxCookieHeaderBytes {
		a.forgetPending(w, r)
		return
	}
	c := a.newCookie(name, value)
	c.MaxAge = int(confirmLifetime.Seconds())
	http.SetCookie(w, c)
}

// loadPending returns what rememberPending kept. Like any cookie, it may be planted, so
// the caller must check the token and the target.
func (a *Auth) loadPending(r *http.Request) (pendingLogin, bool) {
	values := cookieValues(r.Header, a.cookieNameFor("confirm"))
	if len(values) == 0 {
		return pendingLogin{}, false
	}
	return decodePendingLogin(values[0])
}

// serveConfirm asks the user to confirm a login that this browser did not start, or that
// changes who is signed in, and handles the answer. The answer contains the hash of the
// token that the page was about, because the cookie may have changed in the meantime.
func (a *Auth) serveConfirm(w http.ResponseWriter, r *http.Request) {
	r = withoutLoginParams(r)
	// This is stricter than checkOrigin, because not even a trusted origin may answer for
	// the user.
	if r.Method == http.MethodPost && !a.isSameOrigin(r) {
		a.denyRoute(w, r, refuse(ErrCrossSite, "only the page of this app that asks may answer"))
		return
	}
	pending, ok := a.loadPending(r)
	if !ok {
		a.writePage(w, r, a.nothingToConfirmPage(r))
		return
	}
	choice := ""
	if r.Method == http.MethodPost {
		choice = confirmedChoice(w, r, pending)
	}
	if choice == choiceCancel {
		a.forgetPending(w, r)
		a.redirectToApp(w, "/")
		return
	}
	session, err := a.verify(r.Context(), pending.token, &wait{patience: keycache.Gate})
	switch {
	case err != nil:
		// While the keys are unavailable, the page reloads itself and needs the pending
		// login again.
		if !errors.Is(err, ErrUnavailable) {
			a.forgetPending(w, r)
		}
		a.failLogin(w, r, pending.reason == confirmChange, a.paths.safeTarget(pending.target), err)
	case choice == choiceContinue:
		a.completeLogin(w, r, completion{
			session: *session,
			target:  a.paths.safeTarget(pending.target),
			started: pending.reason == confirmChange,
		})
	default:
		// This page only asks a question, so it does not wait for the key of the current
		// session's token.
		current, _ := a.currentSession(r)
		a.writePage(w, r, a.confirmPage(r, pending, *session, *current))
	}
}

// confirmedChoice returns which button was pressed, or "" if the page was about another
// token.
func confirmedChoice(w http.ResponseWriter, r *http.Request, pending pendingLogin) string {
	r.Body = http.MaxBytesReader(w, r.Body, maxConfirmBodyBytes)
	if err := r.ParseForm(); err != nil || r.PostForm.Get(tokenHashField) != pending.tokenHash() {
		return ""
	}
	return r.PostForm.Get(choiceField)
}

// confirmPage returns a page that shows who would be signed in, who is signed in now, and
// why a confirmation is needed.
func (a *Auth) confirmPage(r *http.Request, pending pendingLogin, session, current Session) Page {
	p := Page{
		Kind:   PageConfirm,
		Status: http.StatusOK,
		// The heading has no user name, because attackers choose their own names, and
		// could choose "Your session has expired".
		Title: "Sign in as this user?",
		Facts: loginFacts(session, current),
		Form: &Form{
			URL:    a.paths.routePath(routeConfirm),
			Hidden: []Field{{tokenHashField, pending.tokenHash()}},
			Buttons: []Button{
				{choiceField, choiceContinue, "Continue"},
				{choiceField, choiceCancel, "Cancel"},
			},
		},
	}
	started := Fact{Name: "started", Value: "link"}
	switch pending.reason {
	case confirmChange:
		started.Value = "here"
	case confirmStartedElsewhere:
		// Anyone can put a state into a link, so the page cannot say who started the
		// login.
		started.Value = "elsewhere"
		address := "at another address of this app"
		if app, ok := a.appURL(r); ok {
			address = "not at " + app
			p.Facts = append(p.Facts, Fact{Name: factAppURL, Value: app})
		}
		p.Texts = append(p.Texts, "We can't tell where this sign-in began. It may have taken more than an hour, or begun in another browser or "+address+". It may also be somebody else's.")
	default:
		p.Texts = append(p.Texts, "This browser did not start this sign-in: a link led here.")
	}
	p.Facts = append(p.Facts, started)
	if !current.IsZero() {
		switch changeOf(current, session) {
		case loginstate.ChangeUser:
			p.Texts = append(p.Texts, "This changes who is signed in here.")
			p.Facts = append(p.Facts, Fact{Name: "changes", Value: "user"})
		case loginstate.ChangeAccount:
			p.Texts = append(p.Texts, "This moves you to another account.")
			p.Facts = append(p.Facts, Fact{Name: "changes", Value: "account"})
		}
	}
	p.Texts = append(p.Texts, "Continue only if these details are yours.")
	return p
}

// loginFacts returns which user the login is for and who is signed in now. The account is
// listed separately, because two users may have the same name, and one user may have
// several accounts.
func loginFacts(session, current Session) []Fact {
	facts := []Fact{{"name", "Name", displayName(session.User)}}
	if email := displayEmail(session.User); email != "" {
		facts = append(facts, Fact{"email", "Email", email})
		if session.User.EmailVerification == EmailNotVerified {
			facts = append(facts, Fact{"email_verified", "Email verified", "no"})
		}
	}
	if org, _ := session.Org(); displayText(org.Name) != "" {
		facts = append(facts, Fact{"account", "Account", displayText(org.Name)})
	}
	if !current.IsZero() {
		facts = append(facts, Fact{"current_user", "Signed in now", displaySession(current)})
	}
	return facts
}

// changeOf returns what changes if next replaces current. A change of user takes
// precedence over a change of account, because two users may share an account.
func changeOf(current, next Session) loginstate.Change {
	if current.User.ID != next.User.ID {
		return loginstate.ChangeUser
	}
	currentOrg, _ := current.Org()
	nextOrg, _ := next.Org()
	if currentOrg.ID != nextOrg.ID {
		return loginstate.ChangeAccount
	}
	return loginstate.ChangeNothing
}

// displaySession returns a description with the user and the account of s.
func displaySession(s Session) string {
	text := displayName(s.User)
	if email := displayEmail(s.User); email != "" && email != text {
		text += ", " + email
	}
	if org, ok := s.Org(); ok && displayText(org.Name) != "" {
		text += ", " + displayText(org.Name)
	}
	return text
}
