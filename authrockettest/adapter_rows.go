package authrockettest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/authrocket-go/authrocket"
)

// Parts of requests that several rows share.
const (
	acceptPage  = "Accept: text/html,application/xhtml+xml,*/*;q=0.8" // a browser that navigates
	acceptJSON  = "Accept: application/json"
	acceptText  = "Accept: text/plain"
	adaCookie   = "Cookie: __Host-arToken=<ada>"
	adaBearer   = "Authorization: Bearer <ada>"
	ownOrigin   = "Origin: https://example.com"
	otherOrigin = "Origin: https://evil.example"
	asPrefetch  = "Sec-Purpose: prefetch"
	byScript    = "Sec-Fetch-Mode: cors\r\nSec-Fetch-Dest: empty"
	inFrame     = "Sec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: iframe"
	formEncoded = "Content-Type: application/x-www-form-urlencoded"
)

func adapterRows() []adapterRow {
	return concat(
		anonymousRows, signedInRows, badTokenRows, orgRows, permissionRows, undecidedRows, sessionStateRows,
		callbackRows, confirmRows, strayTokenRows, targetRows, loginRouteRows, logoutRows, crossSiteRows, methodRows,
		denyRows, bearerOnlyRows, gatesOnlyRows, aroundRows, allGatedRows, otherRows,
	)
}

func concat(parts ...[]adapterRow) []adapterRow {
	var rows []adapterRow
	for _, part := range parts {
		rows = append(rows, part...)
	}
	return rows
}

var anonymousRows = []adapterRow{
	{name: "anonymous: an open route answers",
		request: []string{"GET /open"}, status: 200, reached: true, has: []string{`user: "" false`, "Vary: Cookie, Authorization"}},
	{name: "anonymous: a navigation goes to the login",
		request: []string{"GET /manage?tab=2", acceptPage}, status: 303, has: []string{"Location: https://loginrocket.example/login?", "Cache-Control: no-store"}},
	{name: "anonymous: fetch metadata makes a navigation",
		request: []string{"GET /manage", "Accept: */*", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document"}, status: 303},
	{name: "anonymous: a program gets a problem",
		request: []string{"GET /manage", acceptJSON}, status: 401, has: []string{"Www-Authenticate: Bearer", "Content-Type: application/problem+json", `"no_token"`}},
	{name: "anonymous: a program that asks for text gets text",
		request: []string{"GET /manage", acceptText}, status: 401, has: []string{"Content-Type: text/plain"}},
	{name: "anonymous: a fetch by a script is not redirected",
		request: []string{"GET /manage", acceptPage, byScript}, status: 401},
	{name: "anonymous: a frame gets a page to leave it",
		request: []string{"GET /manage", acceptPage, inFrame}, status: 401, has: []string{`target="_top"`}},
	{name: "anonymous: a form gets a page that leads back to the form",
		request: []string{"POST /manage", acceptPage, ownOrigin, "Referer: https://example.com/form?a=b", "", "a=b"},
		status:  401, has: []string{"Sign in to send this form", `href="/auth/login?return_to=%2Fform%3Fa%3Db"`}},
	{name: "anonymous: PUT is refused", request: []string{"PUT /manage", "", "data"}, status: 401},
	{name: "anonymous: DELETE is refused", request: []string{"DELETE /manage"}, status: 401},
	{name: "anonymous: a permission gate asks for a login first", request: []string{"GET /billing", acceptPage}, status: 303},
	{name: "anonymous: an org gate asks for a login first", request: []string{"GET /orgs/<first>/files", acceptPage}, status: 303},
	{name: "anonymous: an org gate refuses programs", request: []string{"GET /orgs/<first>/files"}, status: 401},
	{name: "anonymous: nested gates refuse", request: []string{"GET /nested/<first>/billing"}, status: 401},
	{name: "anonymous: a prefetch of a gate is refused",
		request: []string{"GET /manage", acceptPage, asPrefetch}, status: 401, has: []string{"Cache-Control: no-store"}, lacks: []string{"Location: ", "Set-Cookie: "}},
	{name: "anonymous: a service worker's navigation goes to the login",
		request: []string{"GET /manage", acceptPage, "Sec-Fetch-Site: same-origin", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: empty"},
		status:  303, has: []string{"Location: https://loginrocket.example/login?"}},
	{name: "anonymous: a navigation behind HTTP Basic goes to the login",
		request: []string{"GET /manage", acceptPage, "Authorization: Basic eDp5"}, status: 303, has: []string{"Location: https://loginrocket.example/login?"}},
	{name: "anonymous: htmx is sent to the login",
		request: []string{"GET /manage", "HX-Request: true", "HX-Current-URL: https://example.com/open?a=b"},
		status:  401, has: []string{"Hx-Redirect: /auth/login?return_to=%2Fopen%3Fa%3Db\r\n"}},
	{name: "anonymous: a link of htmx comes back to its own target",
		request: []string{"GET /manage?tab=2", "HX-Request: true", "HX-Boosted: true", "HX-Current-URL: https://example.com/open?a=b"},
		status:  401, has: []string{"Hx-Redirect: /auth/login?return_to=%2Fmanage%3Ftab%3D2\r\n"}},
	{name: "anonymous: another scheme does not matter",
		request: []string{"GET /open", "Authorization: Basic YTpi"}, status: 200, reached: true, has: []string{`user: "" false`}},
	{name: "anonymous: another scheme opens no gate",
		request: []string{"GET /manage", "Authorization: Basic YTpi"}, status: 401, has: []string{"Www-Authenticate: Bearer"}},
}

var signedInRows = []adapterRow{
	{name: "signed in: an open route knows the user",
		request: []string{"GET /open", adaCookie},
		status:  200, reached: true, has: []string{`user: "Ada Lovelace" true, org: "Analytical Engines" true`, "Cache-Control: private, no-cache", "Cdn-Cache-Control: no-store"}},
	{name: "signed in: a gate opens for the cookie",
		request: []string{"GET /manage", acceptPage, adaCookie}, status: 200, reached: true, has: []string{`user: "Ada Lovelace" true`}},
	{name: "signed in: a gate opens for a bearer token",
		request: []string{"GET /manage", adaBearer}, status: 200, reached: true, has: []string{`user: "Ada Lovelace" true`}},
	{name: "signed in: the scheme is case-insensitive",
		request: []string{"GET /manage", "Authorization: bEARER <ada>"}, status: 200, reached: true},
	{name: "signed in: a permission opens its gate", request: []string{"GET /billing", adaCookie}, status: 200, reached: true},
	{name: "signed in: path, query and host arrive",
		request: []string{"GET /manage?b=%20&a=1&b=2", adaCookie}, status: 200, reached: true, has: []string{"GET /manage?b=%20&a=1&b=2 of example.com"}},
	{name: "signed in: a body arrives",
		request: []string{"POST /manage", adaCookie, ownOrigin, "", "two words"}, status: 200, reached: true, has: []string{`with body "two words" <nil>`}},
	{name: "signed in: the handler's status and headers win",
		request: []string{"GET /manage?created", adaCookie},
		status:  201, reached: true, has: []string{"Cache-Control: public, max-age=60", "Location: /elsewhere", "Vary: Accept"}},
	{name: "signed in: a prefetch of an open route is served",
		request: []string{"GET /open", adaCookie, asPrefetch}, status: 200, reached: true},
	{name: "signed in: a prefetch of a gate is served", request: []string{"GET /manage", adaCookie, asPrefetch}, status: 200, reached: true},
	{name: "signed in: a prefetch without the permission is refused",
		request: []string{"GET /nested/<second>/billing", adaCookie, asPrefetch}, status: 403},
	{name: "signed in: behind HTTP Basic",
		request: []string{"GET /manage", adaCookie, "Authorization: Basic eDp5"}, status: 200, reached: true},
	{name: "signed in: Authenticate twice changes nothing",
		request: []string{"GET /again", adaCookie}, status: 200, reached: true, has: []string{`user: "Ada Lovelace" true`}},
	{name: "signed in: other cookies do not matter",
		request: []string{"GET /manage", `Cookie: a="b c"; __Host-arToken=<ada>; theme=dark`}, status: 200, reached: true},
}

var badTokenRows = []adapterRow{
	{name: "expired: a navigation signs in again",
		request: []string{"GET /manage", acceptPage, "Cookie: __Host-arToken=<expired>"}, status: 303, has: []string{"Set-Cookie: __Host-arToken=; "}},
	{name: "expired: a bearer token is refused",
		request: []string{"GET /manage", acceptJSON, "Authorization: Bearer <expired>"}, status: 401, has: []string{`error="invalid_token"`, `"token_expired"`}},
	{name: "expired: an open route is anonymous",
		request: []string{"GET /open", "Cookie: __Host-arToken=<expired>"}, status: 200, reached: true, has: []string{`user: "" false`}},
	{name: "expired: a permission gate refuses", request: []string{"GET /billing", "Authorization: Bearer <expired>"}, status: 401},
	{name: "expired: an org gate refuses", request: []string{"GET /orgs/<first>/files", "Authorization: Bearer <expired>"}, status: 401},
	{name: "not yet valid: refused",
		request: []string{"GET /manage", acceptJSON, "Authorization: Bearer <not yet valid>"}, status: 401, has: []string{`"token_not_yet_valid"`}},
	{name: "forged: a cookie is refused and cleared",
		request: []string{"GET /manage", acceptText, "Cookie: __Host-arToken=<forged>"}, status: 401, has: []string{"Set-Cookie: __Host-arToken=; "}},
	{name: "forged: a bearer token is refused",
		request: []string{"GET /manage", acceptJSON, "Authorization: Bearer <forged>"}, status: 401, has: []string{`"bad_signature"`}},
	{name: "forged: an open route is anonymous",
		request: []string{"GET /open", "Authorization: Bearer <forged>"}, status: 200, reached: true, has: []string{`user: "" false`}},
	{name: "forged: an org gate refuses", request: []string{"GET /orgs/<foreign>/files", "Authorization: Bearer <forged>"}, status: 401},
	{name: "unsigned: refused", request: []string{"GET /manage", "Authorization: Bearer <unsigned>"}, status: 401},
	{name: "another realm's: refused", fetchesKeys: true, request: []string{"GET /manage", "Authorization: Bearer <stranger>"}, status: 401},
	{name: "another issuer's: refused",
		request: []string{"GET /manage", acceptJSON, "Authorization: Bearer <other issuer>"}, status: 401, has: []string{`"wrong_issuer"`}},
	{name: "unknown key: a bearer token is refused", fetchesKeys: true,
		request: []string{"GET /manage", acceptJSON, "Authorization: Bearer <unknown key>"}, status: 401, has: []string{`"unknown_key"`}},
	{name: "malformed: refused", request: []string{"GET /manage", "Authorization: Bearer a.b.c"}, status: 401},
	{name: "empty: refused", request: []string{"GET /manage", "Authorization: Bearer "}, status: 401},
	{name: "too long: refused",
		request: []string{"GET /manage", acceptJSON, "Authorization: Bearer <long>"}, status: 401, has: []string{`"token_too_large"`}},
	{name: "two Authorization headers: refused", request: []string{"GET /manage", adaBearer, adaBearer}, status: 401},
	{name: "an invalid bearer token takes precedence over a valid cookie",
		request: []string{"GET /manage", adaCookie, "Authorization: Bearer <expired>"}, status: 401},
	{name: "cookies of two users: nobody is signed in",
		request: []string{"GET /manage", acceptPage, "Cookie: __Host-arToken=<ada>; __Host-arToken=<george>"}, status: 401, has: []string{"text/html"}},
}

var orgRows = []adapterRow{
	{name: "org: the selected one",
		request: []string{"GET /orgs/<first>/files", adaCookie}, status: 200, reached: true, has: []string{`path: org "<first>"`, `org: "Analytical Engines" true`}},
	{name: "org: the one of the path, not the selected one",
		request: []string{"GET /orgs/<second>/files", adaCookie}, status: 200, reached: true, has: []string{`path: org "<second>"`, `org: "Difference Engines" true`}},
	{name: "org: by its reference",
		request: []string{"GET /accounts/differences", adaCookie}, status: 200, reached: true, has: []string{`account "differences"`, `org: "Difference Engines" true`}},
	{name: "org: with the permission", request: []string{"GET /orgs/<first>/billing", adaCookie}, status: 200, reached: true},
	{name: "org: the permission of another org does not count",
		request: []string{"GET /orgs/<second>/billing", acceptJSON, adaCookie}, status: 403, has: []string{`"permission_denied"`}},
	{name: "org: gates inside are about the org of the path",
		request: []string{"GET /nested/<second>/shipping/p7", adaCookie}, status: 200, reached: true, has: []string{`parcel "p7"`, `org: "Difference Engines" true`}},
	{name: "org: gates inside refuse by the org of the path", request: []string{"GET /nested/<second>/billing", adaCookie}, status: 403},
	{name: "wrong org: a navigation gets a page",
		request: []string{"GET /orgs/<foreign>/files", acceptPage, adaCookie}, status: 403, has: []string{"This belongs to another account"}},
	{name: "wrong org: a program gets a problem",
		request: []string{"GET /orgs/<foreign>/files", acceptJSON, adaBearer}, status: 403, has: []string{`"wrong_org"`}},
	{name: "wrong org: a POST", request: []string{"POST /orgs/<foreign>/billing", adaBearer, "", "pay"}, status: 403},
	{name: "wrong org: one that does not exist", request: []string{"GET /orgs/org_none/files", adaCookie}, status: 403},
	{name: "wrong org: the reference of another user's org", request: []string{"GET /accounts/steam", adaCookie}, status: 403},
	{name: "wrong org: nested gates", request: []string{"GET /nested/<foreign>/shipping/p7", adaCookie}, status: 403},
	{name: "wrong org: a wildcard that the path does not have", request: []string{"GET /misspelled/<first>", adaCookie}, status: 403},
	{name: "wrong org: no selector", request: []string{"GET /unselected/<first>", adaCookie}, status: 403},
}

func customPage(c *authrocket.Config) {
	c.Page = func(w http.ResponseWriter, r *http.Request, p authrocket.Page) bool {
		user, _ := authrocket.CurrentUser(r.Context())
		w.WriteHeader(p.Status)
		fmt.Fprintln(w, p.Kind, "of", user.Name)
		return true
	}
}

var permissionRows = []adapterRow{
	{name: "missing permission: a navigation gets a page that names it",
		request: []string{"GET /billing", acceptPage, "Cookie: __Host-arToken=<george>"},
		status:  403, has: []string{"billing:write", `href="/auth/login?return_to=%2Fbilling"`}},
	{name: "missing permission: a form gets a page",
		request: []string{"POST /billing", acceptPage, ownOrigin, "Cookie: __Host-arToken=<george>", "", "pay"},
		status:  403, has: []string{"billing:write", `href="/auth/login?return_to=%2F"`}},
	{name: "missing permission: a page of the app's own", config: customPage,
		request: []string{"GET /billing", acceptPage, "Cookie: __Host-arToken=<george>"},
		status:  403, has: []string{"permission_denied of George", "X-Frame-Options: DENY", "Cache-Control: no-store"}},
	{name: "missing permission: a bearer token has too little scope",
		request: []string{"GET /billing", acceptJSON, "Authorization: Bearer <george>"},
		status:  403, has: []string{`Www-Authenticate: Bearer error="insufficient_scope"`}},
	{name: "missing permission: a POST",
		request: []string{"POST /billing", ownOrigin, "Cookie: __Host-arToken=<george>", "", "pay"}, status: 403},
	{name: "a rule that is undecided",
		request: []string{"GET /unsure", acceptJSON, adaCookie}, status: 503, has: []string{"Retry-After: ", `"unavailable"`}},
	{name: "a rule that is nil refuses", request: []string{"GET /never", adaCookie}, status: 403},
	{name: "a rule that panics refuses", request: []string{"GET /panicking/rule", adaCookie}},
	{name: "a handler that panics answers nothing", request: []string{"GET /panicking/handler", adaCookie}, reached: true},
}

// spendLookups spends the budget for key lookups, so that none is left for the next
// token with an unknown key.
func spendLookups(s *adapterSuite, auth *authrocket.Auth) {
	for i := range 3 {
		auth.Verify(context.Background(), s.realm.Token(s.ada, Header("kid", fmt.Sprintf("jky_spent%d", i))))
	}
}

var undecidedRows = []adapterRow{
	{name: "undecided: a gate says so and keeps the cookie", noKeys: true,
		request: []string{"GET /manage", acceptPage, adaCookie}, status: 503, has: []string{"Retry-After: "}},
	{name: "undecided: a program gets a problem", noKeys: true,
		request: []string{"GET /billing", acceptJSON, adaBearer}, status: 503, has: []string{"Retry-After: ", `"keys_unavailable"`}},
	{name: "undecided: an org gate", noKeys: true, request: []string{"GET /orgs/<first>/files", adaCookie}, status: 503},
	{name: "undecided: an open route is anonymous", noKeys: true,
		request: []string{"GET /open", adaCookie}, status: 200, reached: true, has: []string{`user: "" false`}},
	{name: "undecided: a callback can be reloaded", noKeys: true, start: "GET /auth/login?return_to=/manage",
		request: []string{"GET <callback>&token=<ada>", acceptPage, "Cookie: <started>"},
		status:  503, has: []string{"Retry-After: ", "Refresh: "}, lacks: []string{"Location: ", "-state-"}},
	{name: "undecided: logging out works", noKeys: true,
		request: []string{"POST /auth/logout", acceptPage, ownOrigin, adaCookie}, status: 200, has: []string{"Set-Cookie: __Host-arToken=; "}},
	{name: "undecided: too many unknown keys", prepare: spendLookups, fetchesKeys: true,
		request: []string{"GET /manage", acceptJSON, "Authorization: Bearer <unknown key>"}, status: 429, has: []string{"Retry-After: "}},
}

// sessionStateFunc is a SessionState whose decision depends on the user.
type sessionStateFunc func(user authrocket.User) error

func (f sessionStateFunc) CheckSession(_ context.Context, s authrocket.Session, _ time.Duration) error {
	return f(s.User)
}

// checkGeorge returns a function that makes Config.SessionState return err for
// George.
func checkGeorge(err error) func(*authrocket.Config) {
	return func(c *authrocket.Config) {
		c.SessionState = sessionStateFunc(func(user authrocket.User) error {
			if user.Name == "George" {
				return err
			}
			return nil
		})
	}
}

var (
	georgeEnded   = checkGeorge(authrocket.ErrSessionEnded)
	georgeUnknown = checkGeorge(errors.New("the store is down"))
)

var sessionStateRows = []adapterRow{
	{name: "session state: an active session", config: georgeEnded,
		request: []string{"GET /manage", adaCookie}, status: 200, reached: true, has: []string{`user: "Ada Lovelace" true`}},
	{name: "ended session: a navigation signs in again", config: georgeEnded,
		request: []string{"GET /manage", acceptPage, "Cookie: __Host-arToken=<george>"},
		status:  303, has: []string{"Location: https://loginrocket.example/login?", "Set-Cookie: __Host-arToken=; "}},
	{name: "ended session: a bearer token is refused", config: georgeEnded,
		request: []string{"GET /manage", acceptJSON, "Authorization: Bearer <george>"},
		status:  401, has: []string{`error="invalid_token"`, `"session_ended"`}},
	{name: "ended session: a permission gate refuses", config: georgeEnded, request: []string{"GET /billing", "Authorization: Bearer <george>"}, status: 401},
	{name: "ended session: an org gate refuses", config: georgeEnded, request: []string{"GET /orgs/<foreign>/files", "Authorization: Bearer <george>"}, status: 401},
	{name: "ended session: an open route is anonymous", config: georgeEnded,
		request: []string{"GET /open", "Cookie: __Host-arToken=<george>"}, status: 200, reached: true, has: []string{`user: "" false`}},
	{name: "ended session: a callback offers another login", config: georgeEnded, start: "GET /auth/login?return_to=/manage",
		request: []string{"GET <callback>&token=<george>", acceptPage, "Cookie: <started>"},
		status:  401, has: []string{`href="/auth/login?return_to=%2Fmanage&amp;prompt=login"`}, lacks: []string{"Location: ", "Set-Cookie: __Host-arToken="}},
	{name: "unknown session: a gate says so and keeps the cookie", config: georgeUnknown,
		request: []string{"GET /manage", acceptPage, "Cookie: __Host-arToken=<george>"},
		status:  503, has: []string{"Retry-After: ", "Refresh: "}, lacks: []string{"Set-Cookie: __Host-arToken="}},
	{name: "unknown session: a program gets a problem", config: georgeUnknown,
		request: []string{"GET /billing", acceptJSON, "Authorization: Bearer <george>"}, status: 503, has: []string{"Retry-After: ", `"session_unknown"`}},
	{name: "unknown session: an open route is anonymous", config: georgeUnknown,
		request: []string{"GET /open", "Cookie: __Host-arToken=<george>"}, status: 200, reached: true, has: []string{`user: "" false`}},
	{name: "ended session: gates alone refuse", config: georgeEnded, layout: gatesOnly,
		request: []string{"GET /manage", "Authorization: Bearer <george>"}, status: 401},
}

// Headers in which browsers state where a navigation comes from.
const (
	fromOwnPage   = "Sec-Fetch-Site: same-origin\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: document"
	fromOtherSite = "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: document"
)

// refuseLogins returns a function that makes Config.OnLogin return err.
func refuseLogins(err error) func(*authrocket.Config) {
	return func(c *authrocket.Config) {
		c.OnLogin = func(*http.Request, authrocket.Session) error { return err }
	}
}

var callbackRows = []adapterRow{
	{name: "callback: a login that was started here ends where it was meant to", start: "GET /auth/login?return_to=%2Fmanage%3Ftab=2%26sort=a",
		request: []string{"GET <callback>&token=<ada>", acceptPage, "Cookie: <started>"},
		status:  303, has: []string{"Location: /manage?tab=2&sort=a\r\n", "Set-Cookie: __Host-arToken=<ada>; ", "Max-Age=0", "-attempts="}},
	{name: "callback: a return target that begins with a slash is the rest of the query", start: "GET /auth/login?return_to=/manage?tab=2&prompt=login",
		request: []string{"GET <callback>&token=<ada>", acceptPage, "Cookie: <started>"}, status: 303, has: []string{"Location: /manage?tab=2&prompt=login\r\n"}},
	{name: "callback: a gate that sent to the login gets the visitor back", start: "GET /orgs/<second>/files?a=1\r\n" + acceptPage,
		request: []string{"GET <callback>&token=<ada>", acceptPage, "Cookie: <started>"},
		status:  303, has: []string{"Location: /orgs/<second>/files?a=1\r\n", "Set-Cookie: __Host-arToken=<ada>; "}},
	{name: "callback: with another path", config: func(c *authrocket.Config) { c.AuthPath = "/account/sign" }, start: "GET /account/sign/login?return_to=/manage",
		request: []string{"GET <callback>&token=<ada>", acceptPage, "Cookie: <started>"},
		status:  303, has: []string{"Location: /manage\r\n", "Set-Cookie: __Host-arToken=<ada>; "}},
	{name: "callback: an expired token gets a page", start: "GET /auth/login?return_to=/manage",
		request: []string{"GET <callback>&token=<expired>", acceptPage, "Cookie: <started>"},
		status:  401, has: []string{"text/html", "token_expired", "Clock of this server"}, lacks: []string{"Location: ", "Set-Cookie: __Host-arToken="}},
	{name: "callback: a token that is not yet valid gets a page", start: "GET /auth/login?return_to=/manage",
		request: []string{"GET <callback>&token=<not yet valid>", acceptPage, "Cookie: <started>"},
		status:  401, has: []string{"token_not_yet_valid", "Clock of this server"}, lacks: []string{"Location: ", "Set-Cookie: __Host-arToken="}},
	{name: "callback: a forged token gets a page", start: "GET /auth/login?return_to=/manage",
		request: []string{"GET <callback>&token=<forged>", acceptPage, "Cookie: <started>"},
		status:  401, has: []string{"text/html", "bad_signature"}, lacks: []string{"Location: ", "Set-Cookie: __Host-arToken="}},
	{name: "callback: a forged token keeps the signed-in user", start: "GET /auth/login?return_to=/manage",
		request: []string{"GET <callback>&token=<forged>", acceptPage, "Cookie: <started>; __Host-arToken=<ada>"},
		status:  401, lacks: []string{"Set-Cookie: __Host-arToken="}},
	{name: "callback: two tokens get a page", start: "GET /auth/login?return_to=/manage",
		request: []string{"GET <callback>&token=<ada>&token=<ada>", acceptPage, "Cookie: <started>"},
		status:  401, has: []string{"token_malformed"}, lacks: []string{"Location: ", "Set-Cookie: __Host-arToken="}},
	{name: "callback: a login of another browser asks", start: "GET /auth/login?return_to=/manage",
		request: []string{"GET <callback>&token=<george>", acceptPage},
		status:  303, has: []string{"Location: /auth/confirm\r\n"}, lacks: []string{"Set-Cookie: __Host-arToken="}},
	{name: "callback: an unsolicited login asks",
		request: []string{"GET /auth/callback?token=<george>", acceptPage},
		status:  303, has: []string{"Location: /auth/confirm\r\n"}, lacks: []string{"Set-Cookie: __Host-arToken="}},
	{name: "callback: another user asks, though the login was started here", start: "GET /auth/login?return_to=/manage\r\n" + fromOwnPage,
		request: []string{"GET <callback>&token=<george>", acceptPage, "Cookie: <started>; __Host-arToken=<ada>"},
		status:  303, has: []string{"Location: /auth/confirm\r\n"}, lacks: []string{"Set-Cookie: __Host-arToken="}},
	{name: "callback: another account asks", start: "GET /auth/login?return_to=/manage\r\n" + fromOwnPage,
		request: []string{"GET <callback>&token=<ada, second>", acceptPage, "Cookie: <started>; __Host-arToken=<ada>"},
		status:  303, has: []string{"Location: /auth/confirm\r\n"}, lacks: []string{"Set-Cookie: __Host-arToken="}},
	{name: "callback: another user does not ask after an own link with prompt=login", start: "GET /auth/login?prompt=login&return_to=/manage\r\n" + fromOwnPage,
		request: []string{"GET <callback>&token=<george>", acceptPage, "Cookie: <started>; __Host-arToken=<ada>"},
		status:  303, has: []string{"Location: /manage\r\n", "Set-Cookie: __Host-arToken=<george>; "}},
	{name: "callback: another user asks after another site's link with prompt=login", start: "GET /auth/login?prompt=login&return_to=/manage\r\n" + fromOtherSite,
		request: []string{"GET <callback>&token=<george>", acceptPage, "Cookie: <started>; __Host-arToken=<ada>"},
		status:  303, has: []string{"Location: /auth/confirm\r\n"}, lacks: []string{"Set-Cookie: __Host-arToken="}},
	{name: "callback: another account does not ask after an own link to the accounts", start: "GET /auth/accounts?return_to=/manage\r\n" + fromOwnPage,
		request: []string{"GET <callback>&token=<ada, second>", acceptPage, "Cookie: <started>; __Host-arToken=<ada>"},
		status:  303, has: []string{"Location: /manage\r\n", "Set-Cookie: __Host-arToken=<ada, second>; "}},
	{name: "callback: another account asks after another site's link for it", start: "GET /auth/login?account=<second>&return_to=/manage\r\n" + fromOtherSite,
		request: []string{"GET <callback>&token=<ada, second>", acceptPage, "Cookie: <started>; __Host-arToken=<ada>"},
		status:  303, has: []string{"Location: /auth/confirm\r\n"}, lacks: []string{"Set-Cookie: __Host-arToken="}},
	{name: "callback: another user asks after an own link to the accounts", start: "GET /auth/accounts?return_to=/manage\r\n" + fromOwnPage,
		request: []string{"GET <callback>&token=<george>", acceptPage, "Cookie: <started>; __Host-arToken=<ada>"},
		status:  303, has: []string{"Location: /auth/confirm\r\n"}, lacks: []string{"Set-Cookie: __Host-arToken="}},
	{name: "callback: without a token it leads to where the login was meant to", start: "GET /auth/profile?return_to=/manage",
		request: []string{"GET <callback>", acceptPage, "Cookie: <started>; __Host-arToken=<ada>"},
		status:  303, has: []string{"Location: /manage\r\n", "-attempts="}, lacks: []string{"Set-Cookie: __Host-arToken="}},
	{name: "callback: without token and state it leads to the start page",
		request: []string{"GET /auth/callback", acceptPage}, status: 303, has: []string{"Location: /\r\n", "-attempts="}, lacks: []string{"Set-Cookie: __Host-arToken="}},
	{name: "callback: HEAD changes nothing", start: "GET /auth/login?return_to=/manage",
		request: []string{"HEAD <callback>&token=<ada>", acceptPage, "Cookie: <started>"}, status: 401, lacks: []string{"Set-Cookie: ", "Location: "}},
	{name: "callback: a prefetch changes nothing", start: "GET /auth/login?return_to=/manage",
		request: []string{"GET <callback>&token=<ada>", acceptPage, asPrefetch, "Cookie: <started>"}, status: 401, lacks: []string{"Set-Cookie: ", "Location: "}},
	{name: "callback: a frame changes nothing", start: "GET /auth/login?return_to=/manage",
		request: []string{"GET <callback>&token=<ada>", acceptPage, inFrame, "Cookie: <started>"},
		status:  401, has: []string{`target="_top"`}, lacks: []string{"Set-Cookie: ", "Location: ", "<ada>"}},
	{name: "callback: a script changes nothing", start: "GET /auth/login?return_to=/manage",
		request: []string{"GET <callback>&token=<ada>", acceptPage, byScript, "Cookie: <started>"},
		status:  401, lacks: []string{"Set-Cookie: ", "Location: "}},
	{name: "callback: a program with a bearer token changes nothing", start: "GET /auth/login?return_to=/manage",
		request: []string{"GET <callback>&token=<ada>", acceptPage, adaBearer, "Cookie: <started>"}, status: 401, lacks: []string{"Set-Cookie: ", "Location: "}},
	{name: "callback: another method",
		request: []string{"POST /auth/callback?token=<ada>", acceptPage, ownOrigin, "", "a=b"},
		status:  405, has: []string{"Allow: GET, HEAD"}, lacks: []string{"Set-Cookie: "}},
	{name: "callback: OnLogin refuses", start: "GET /auth/login?return_to=/manage", config: refuseLogins(errors.New("not a customer")),
		request: []string{"GET <callback>&token=<ada>", acceptPage, "Cookie: <started>"},
		status:  403, has: []string{"text/html", "prompt=login", "-state-random=random; Path=/; Max-Age=0"}, lacks: []string{"Set-Cookie: __Host-arToken=", "Location: ", "not a customer"}},
	{name: "callback: OnLogin is undecided, and the login can be reloaded", start: "GET /auth/login?return_to=/manage", config: refuseLogins(authrocket.ErrUnavailable),
		request: []string{"GET <callback>&token=<ada>", acceptPage, "Cookie: <started>"},
		status:  503, has: []string{"Retry-After: ", "Refresh: "}, lacks: []string{"Set-Cookie: __Host-arToken=", "Location: ", "-state-"}},
	{name: "callback: an unsolicited login is accepted if the app permits it", config: func(c *authrocket.Config) { c.DangerouslyAcceptUnsolicitedLogins = true },
		request: []string{"GET /auth/callback?token=<george>", acceptPage, adaCookie},
		status:  303, has: []string{"Location: /\r\n", "Set-Cookie: __Host-arToken=<george>; "}},
}

// pendingLogin is the cookie of a login that waits for the user's choice. It contains
// the token, the reason for the wait, and the return target /manage.
const pendingLogin = "__Host-arToken-confirm=<ada>.link.L21hbmFnZQ"

var confirmRows = []adapterRow{
	{name: "confirmation: shows who would be signed in",
		request: []string{"GET /auth/confirm", acceptPage, "Cookie: " + pendingLogin},
		status:  200, has: []string{"Ada Lovelace", "ada@example.com", "<hash of ada>", "Cross-Origin-Opener-Policy: same-origin", "X-Frame-Options: DENY"}, lacks: []string{"<ada>", "Set-Cookie: "}},
	{name: "confirmation: Continue signs in",
		request: []string{"POST /auth/confirm", acceptPage, ownOrigin, formEncoded, "Cookie: " + pendingLogin, "", "token_sha256=<hash of ada>&choice=continue"},
		status:  303, has: []string{"Location: /manage\r\n", "Set-Cookie: __Host-arToken=<ada>; ", "Set-Cookie: __Host-arToken-confirm=; "}},
	{name: "confirmation: Cancel does not",
		request: []string{"POST /auth/confirm", acceptPage, ownOrigin, formEncoded, "Cookie: " + pendingLogin, "", "token_sha256=<hash of ada>&choice=cancel"},
		status:  303, has: []string{"Location: /\r\n", "Set-Cookie: __Host-arToken-confirm=; "}, lacks: []string{"Set-Cookie: __Host-arToken="}},
	{name: "confirmation: a page about another token signs nobody in",
		request: []string{"POST /auth/confirm", acceptPage, ownOrigin, formEncoded, "Cookie: " + pendingLogin, "", "token_sha256=00&choice=continue"},
		status:  200, has: []string{"<hash of ada>"}, lacks: []string{"Set-Cookie: "}},
	{name: "confirmation: another site's form",
		request: []string{"POST /auth/confirm", acceptPage, otherOrigin, formEncoded, "Cookie: " + pendingLogin, "", "token_sha256=<hash of ada>&choice=continue"},
		status:  403, lacks: []string{"Set-Cookie: "}},
	{name: "confirmation: OnLogin refuses", config: refuseLogins(errors.New("not a customer")),
		request: []string{"POST /auth/confirm", acceptPage, ownOrigin, formEncoded, "Cookie: " + pendingLogin, "", "token_sha256=<hash of ada>&choice=continue"},
		status:  403, lacks: []string{"Set-Cookie: __Host-arToken=", "Location: "}},
	{name: "confirmation: nothing waits",
		request: []string{"GET /auth/confirm", acceptPage}, status: 403, has: []string{"https://example.com/"}, lacks: []string{"Set-Cookie: "}},
}

// strayTokenRows are logins that LoginRocket sends to a page other than the callback.
// For example, an invitation can lead to such a login.
var strayTokenRows = []adapterRow{
	{name: "stray token: nobody is signed in",
		request: []string{"GET /manage?token=<george>", acceptPage},
		status:  303, has: []string{"Location: /auth/confirm\r\n"}, lacks: []string{"Set-Cookie: __Host-arToken="}},
	{name: "stray token: another user asks",
		request: []string{"GET /manage?token=<george>", acceptPage, adaCookie},
		status:  303, has: []string{"Location: /auth/confirm\r\n"}, lacks: []string{"Set-Cookie: __Host-arToken="}},
	{name: "stray token: another account asks",
		request: []string{"GET /manage?token=<ada, second>", acceptPage, adaCookie},
		status:  303, has: []string{"Location: /auth/confirm\r\n"}, lacks: []string{"Set-Cookie: __Host-arToken="}},
	{name: "stray token: a newer one of the same user is taken",
		request: []string{"GET /manage?a=1&token=<ada>", acceptPage, "Cookie: __Host-arToken=<ada, earlier>"},
		status:  303, has: []string{"Location: /manage?a=1\r\n", "Set-Cookie: __Host-arToken=<ada>; "}},
	{name: "stray token: an older one of the same user is dropped",
		request: []string{"GET /manage?a=1&token=<ada, earlier>", acceptPage, adaCookie},
		status:  303, has: []string{"Location: /manage?a=1\r\n"}, lacks: []string{"Set-Cookie: __Host-arToken="}},
	{name: "stray token: an expired one gets a page",
		request: []string{"GET /open?a=1&token=<expired>&b=%20", acceptPage},
		status:  401, has: []string{"return_to=%2Fopen%3Fa%3D1%26b%3D%2520", "token_expired"}, lacks: []string{"Location: ", "<expired>"}},
	{name: "stray token: a path without a route",
		request: []string{"GET /no/such/path?token=<ada, earlier>", acceptPage, adaCookie}, status: 303, has: []string{"Location: /no/such/path\r\n"}},
	{name: "stray token: a prefetch goes on without it",
		request: []string{"GET /open?a=1&token=<ada>&account=7", acceptPage, asPrefetch},
		status:  200, reached: true, has: []string{`user: "" false`, "/open?a=1 of "}, lacks: []string{"Set-Cookie: "}},
	{name: "stray token: a frame goes on without it",
		request: []string{"GET /open?a=1&token=<ada>", acceptPage, inFrame},
		status:  200, reached: true, has: []string{`user: "" false`, "/open?a=1 of "}},
	{name: "stray token: a script goes on without it",
		request: []string{"GET /open?token=<ada>&a=1&session=kss_1&ar_state=x", acceptPage, byScript},
		status:  200, reached: true, has: []string{`user: "" false`, "/open?a=1 of "}},
	{name: "stray token: POST goes on without it",
		request: []string{"POST /open?a=1&token=<ada>", acceptPage, ownOrigin, "", "a=b"}, status: 200, reached: true, has: []string{`user: "" false`, "/open?a=1 of "}},
	{name: "stray token: a route that takes tokens in its URL keeps it", config: func(c *authrocket.Config) {
		c.KeepQueryToken = func(r *http.Request) bool { return r.URL.Path == "/open" }
	},
		request: []string{"GET /open?token=<ada>", acceptJSON},
		status:  200, reached: true, has: []string{"/open?token=<ada> of "}},
	{name: "stray token: with HTTP Basic it is a navigation",
		request: []string{"GET /manage?token=<george>", acceptPage, "Authorization: Basic eDp5"}, status: 303, has: []string{"Location: /auth/confirm\r\n"}},
	{name: "stray token: HEAD signs nobody in",
		request: []string{"HEAD /open?token=<ada>", acceptPage}, status: 200, reached: true, lacks: []string{"Set-Cookie: "}},
	{name: "stray token: another ?token= is the app's",
		request: []string{"GET /open?token=abc", acceptPage}, status: 200, reached: true, has: []string{"GET /open?token=abc"}},
	{name: "stray token: two of them sign nobody in",
		request: []string{"GET /open?token=<ada>&token=<ada>", acceptPage}, status: 200, reached: true, has: []string{`user: "" false`}},
	{name: "stray token: one with a state at another callback is another Auth's",
		request: []string{"GET /admin/auth/callback?ar_state=AAAAAAAA.x&token=<ada>", acceptPage}, status: 404, frameworkAnswers: true, lacks: []string{"Set-Cookie: "}},
	{name: "stray token: an unsolicited login is accepted if the app permits it", config: func(c *authrocket.Config) { c.DangerouslyAcceptUnsolicitedLogins = true },
		request: []string{"GET /manage?a=1&token=<ada>", acceptPage},
		status:  303, has: []string{"Location: /manage?a=1\r\n", "Set-Cookie: __Host-arToken=<ada>; "}},
}

// targetRows are logins that must not redirect to their request target unchanged,
// because that would take the browser to another site.
var targetRows = []adapterRow{
	{name: "odd target: two slashes", request: []string{"GET //evil.example/?token=<ada, earlier>", acceptPage, adaCookie}, status: 303},
	{name: "odd target: a backslash", request: []string{`GET /\evil.example/?token=<ada, earlier>`, acceptPage, adaCookie}, status: 303},
	{name: "odd target: an escaped tab", request: []string{"GET /%09/evil.example/?token=<ada, earlier>", acceptPage, adaCookie}, status: 303},
	{name: "odd target: absolute form", request: []string{"GET http://evil.example/open?token=<ada, earlier>", acceptPage, adaCookie}, status: 303, has: []string{"Location: /open\r\n"}},
	{name: "odd target: absolute form with two slashes", request: []string{"GET http://example.com//evil.example?token=<ada, earlier>", acceptPage, adaCookie}, status: 303},
	{name: "odd target: dot segments", request: []string{"GET /a/..//evil.example/?token=<ada, earlier>", acceptPage, adaCookie}, status: 303},
	{name: "odd target: an escaped slash", request: []string{"GET /%2Fevil.example/?token=<ada, earlier>", acceptPage, adaCookie}, status: 303},
	{name: "odd target: an invalid Host", request: []string{"GET /manage?token=<ada, earlier>", "Host: [", acceptPage, adaCookie}, status: 303, has: []string{"Location: /manage\r\n"}},
}

var loginRouteRows = []adapterRow{
	{name: "login route: login",
		request: []string{"GET /auth/login?return_to=/manage", acceptPage}, status: 303, has: []string{"Location: https://loginrocket.example/login?"}},
	{name: "login route: login for an account",
		request: []string{"GET /auth/login?account=<second>&prompt=login", acceptPage}, status: 303, has: []string{"account=<second>"}},
	{name: "login route: login returns to no other site",
		request: []string{"GET /auth/login?return_to=//evil.example", acceptPage},
		status:  303, has: []string{"redirect_uri=https%3A%2F%2Fexample.com%2Fauth%2Fcallback%3Far_state"}},
	{name: "login route: signup",
		request: []string{"GET /auth/signup", acceptPage}, status: 303, has: []string{"Location: https://loginrocket.example/signup?"}},
	{name: "login route: profile",
		request: []string{"GET /auth/profile?return_to=/manage", acceptPage, adaCookie}, status: 303, has: []string{"Location: https://loginrocket.example/profile?"}},
	{name: "login route: accounts",
		request: []string{"GET /auth/accounts", acceptPage, adaCookie}, status: 303, has: []string{"Location: https://loginrocket.example/accounts?"}},
	{name: "login route: a prefetch starts nothing",
		request: []string{"GET /auth/login", acceptPage, asPrefetch}, status: 401, lacks: []string{"Location: ", "Set-Cookie: "}},
	{name: "login route: behind a service worker",
		request: []string{"GET /auth/login", acceptPage, "Sec-Fetch-Site: same-origin", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: empty"},
		status:  303, has: []string{"Location: https://loginrocket.example/login?"}},
	{name: "login route: HEAD changes nothing", request: []string{"HEAD /auth/login"}, status: 200},
	{name: "login route: another method", request: []string{"DELETE /auth/login"}, status: 405, has: []string{"Allow: GET, HEAD"}},
	{name: "login route: OPTIONS", request: []string{"OPTIONS /auth/login"}, status: 405},
	{name: "login route: an unknown one is the app's", request: []string{"GET /auth/other", acceptPage}, status: 404, frameworkAnswers: true},
	{name: "login route: with another path", config: func(c *authrocket.Config) { c.AuthPath = "/account/sign" },
		request: []string{"GET /account/sign/login", acceptPage},
		status:  303, has: []string{"Location: https://loginrocket.example/login?"}},
}

// endsSession lists the cookies in the answer to a sign-out that must also end the
// session at LoginRocket.
var endsSession = []string{"Set-Cookie: __Host-arToken=; ", "Set-Cookie: __Host-arToken-logout="}

var logoutRows = []adapterRow{
	{name: "logout: a form of the app's own page",
		request: []string{"POST /auth/logout", acceptPage, ownOrigin, adaCookie},
		status:  200, has: append(endsSession, `href="/auth/logout/end"`), lacks: []string{"Location: ", "kss_"}},
	{name: "logout: htmx",
		request: []string{"POST /auth/logout", "HX-Request: true", ownOrigin, adaCookie},
		status:  200, has: append(endsSession, "Hx-Redirect: /auth/logout/end\r\n"), lacks: []string{"Location: ", "kss_"}},
	{name: "logout: fetch",
		request: []string{"POST /auth/logout", "Accept: */*", "Sec-Fetch-Site: same-origin", byScript, adaCookie},
		status:  200, has: append(endsSession, "Content-Type: application/json\r\n", `{"location":"/auth/logout/end"}`), lacks: []string{"Location: ", "kss_"}},
	{name: "logout: the end page leads to LoginRocket",
		request: []string{"GET /auth/logout/end", acceptPage, "Cookie: __Host-arToken-logout=a3NzXzE.L29wZW4"},
		status:  303, has: []string{"Location: https://loginrocket.example/logout?redirect_uri=https%3A%2F%2Fexample.com%2Fopen&session=kss_1\r\n", "Set-Cookie: __Host-arToken-logout=; "}},
	{name: "logout: a script cannot open the end page",
		request: []string{"GET /auth/logout/end", "Accept: */*", byScript, "Cookie: __Host-arToken-logout=a3NzXzE.L29wZW4"},
		status:  403, lacks: []string{"Location: ", "Set-Cookie: ", "kss_"}},
	{name: "logout: a prefetch cannot open the end page",
		request: []string{"GET /auth/logout/end", acceptPage, asPrefetch, "Cookie: __Host-arToken-logout=a3NzXzE.L29wZW4"},
		status:  401, lacks: []string{"Location: ", "Set-Cookie: ", "kss_"}},
	{name: "logout: here only",
		request: []string{"POST /auth/logout?local=1&return_to=/open", acceptPage, ownOrigin, adaCookie},
		status:  303, has: []string{"Location: /open\r\n", "Set-Cookie: __Host-arToken=; "}},
	{name: "logout: here only, by fetch",
		request: []string{"POST /auth/logout?local=1&return_to=/open", "Accept: */*", "Sec-Fetch-Mode: cors", ownOrigin, adaCookie},
		status:  200, has: []string{`{"location":"/open"}`, "Set-Cookie: __Host-arToken=; "}, lacks: []string{"-logout="}},
	{name: "logout: nobody is signed in", request: []string{"POST /auth/logout", acceptPage, ownOrigin}, status: 200, has: endsSession},
	{name: "logout: another site's form",
		request: []string{"POST /auth/logout", acceptPage, otherOrigin, "Sec-Fetch-Site: cross-site", adaCookie}, status: 403},
	{name: "logout: a link shows a button",
		request: []string{"GET /auth/logout", acceptPage, adaCookie}, status: 200, has: []string{`method="post"`}},
	{name: "logout: a link of the app's own page",
		request: []string{"GET /auth/logout", acceptPage, adaCookie, "Sec-Fetch-Site: same-origin", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document"},
		status:  200, has: endsSession, lacks: []string{`method="post"`}},
	{name: "logout: HEAD changes nothing", request: []string{"HEAD /auth/logout", adaCookie}, status: 200},
	{name: "logout: another method",
		request: []string{"PUT /auth/logout", adaCookie, ownOrigin}, status: 405, has: []string{"Allow: GET, HEAD, POST"}},
}

var crossSiteRows = []adapterRow{
	{name: "cross-site: a form of another origin gets a page",
		request: []string{"POST /manage", acceptPage, otherOrigin, adaCookie, "", "a=b"}, status: 403, has: []string{"This form was refused"}},
	{name: "cross-site: a browser says cross-site",
		request: []string{"POST /billing", acceptJSON, "Sec-Fetch-Site: cross-site", adaCookie, "", "a=b"}, status: 403, has: []string{`"cross_site"`}},
	{name: "cross-site: DELETE", request: []string{"DELETE /manage", otherOrigin, adaCookie}, status: 403},
	{name: "cross-site: an open route does not know the user",
		request: []string{"POST /open", otherOrigin, adaCookie, "", "a=b"}, status: 200, reached: true, has: []string{`user: "" false`}},
	{name: "cross-site: a GET is safe",
		request: []string{"GET /manage", acceptPage, "Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document", adaCookie},
		status:  200, reached: true},
	{name: "cross-site: a WebSocket handshake",
		request: []string{"GET /manage", "Upgrade: websocket", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", otherOrigin, adaCookie}, status: 403},
	{name: "same site: a WebSocket handshake",
		request: []string{"GET /manage", "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", ownOrigin, adaCookie},
		status:  200, reached: true},
	{name: "cross-site: a trusted origin", config: func(c *authrocket.Config) { c.TrustedOrigins = []string{"https://admin.example.com"} },
		request: []string{"POST /manage", "Origin: https://admin.example.com", "Sec-Fetch-Site: same-site", adaCookie, "", "a=b"},
		status:  200, reached: true},
	{name: "cross-site: bearer tokens are not affected",
		request: []string{"POST /manage", otherOrigin, "Sec-Fetch-Site: cross-site", adaBearer, "", "a=b"}, status: 200, reached: true},
	{name: "same site: the app's own form",
		request: []string{"POST /billing", acceptPage, ownOrigin, "Sec-Fetch-Site: same-origin", adaCookie, "", "a=b"}, status: 200, reached: true},
}

var methodRows = []adapterRow{
	{name: "HEAD: signed in", request: []string{"HEAD /manage", adaCookie}, status: 200, reached: true},
	{name: "HEAD: a navigation goes to the login", request: []string{"HEAD /manage", acceptPage}, status: 303},
	{name: "HEAD: a program is refused", request: []string{"HEAD /manage"}, status: 401},
	{name: "HEAD: an open route", request: []string{"HEAD /open"}, status: 200, reached: true},
	{name: "OPTIONS: signed in", request: []string{"OPTIONS /manage", adaBearer}, status: 200, reached: true},
	{name: "OPTIONS: refused", request: []string{"OPTIONS /manage", otherOrigin, "Access-Control-Request-Method: GET"}, status: 401},
	{name: "PATCH: signed in", request: []string{"PATCH /manage", adaBearer, "", "{}"}, status: 200, reached: true},
	{name: "PATCH: refused", request: []string{"PATCH /manage", "", "{}"}, status: 401},
}

// denyWith returns a function that sets Config.Deny.
func denyWith(deny func(http.ResponseWriter, *http.Request, error) bool) func(*authrocket.Config) {
	return func(c *authrocket.Config) { c.Deny = deny }
}

var denyRows = []adapterRow{
	{name: "Deny: writes the answer", config: denyWith(func(w http.ResponseWriter, r *http.Request, err error) bool {
		w.Header().Set("X-Reason", authrocket.Reason(err))
		w.WriteHeader(http.StatusTeapot)
		fmt.Fprintln(w, "no tea for", r.URL.Path)
		return true
	}), request: []string{"GET /manage", acceptPage},
		status: 418, has: []string{"X-Reason: no_token", "no tea for /manage"}},
	{name: "Deny: answers with a status alone", config: denyWith(func(w http.ResponseWriter, _ *http.Request, _ error) bool {
		w.WriteHeader(http.StatusNotFound)
		return true
	}), request: []string{"GET /orgs/<foreign>/files", acceptPage, adaCookie},
		status: 404},
	{name: "Deny: writes without a status", config: denyWith(func(w http.ResponseWriter, _ *http.Request, _ error) bool {
		fmt.Fprintln(w, "not now")
		return true
	}), request: []string{"GET /manage", acceptPage},
		status: 200, has: []string{"not now"}},
	{name: "Deny: leaves it to the default", config: denyWith(func(http.ResponseWriter, *http.Request, error) bool { return false }),
		request: []string{"GET /manage", acceptPage}, status: 303, has: []string{"Location: https://loginrocket.example/login?"}},
	{name: "Deny: sets a header and leaves it to the default", config: denyWith(func(w http.ResponseWriter, _ *http.Request, _ error) bool {
		w.Header().Set("X-Hook", "1")
		return false
	}), request: []string{"GET /billing", "Authorization: Bearer <george>"},
		status: 403, has: []string{"X-Hook: 1"}},
	{name: "Deny: knows who was refused", config: denyWith(func(w http.ResponseWriter, r *http.Request, err error) bool {
		user, _ := authrocket.CurrentUser(r.Context())
		w.WriteHeader(authrocket.StatusCode(err))
		fmt.Fprintln(w, "sorry,", user.Name)
		return true
	}), request: []string{"GET /orgs/<foreign>/files", acceptPage, adaCookie},
		status: 403, has: []string{"sorry, Ada Lovelace"}},
	{name: "Deny: a panic refuses", config: denyWith(func(http.ResponseWriter, *http.Request, error) bool {
		panic(http.ErrAbortHandler)
	}), request: []string{"GET /manage", acceptPage}},
}

func disableCookie(c *authrocket.Config) { c.DisableCookie = true }

var bearerOnlyRows = []adapterRow{
	{name: "bearer only: the cookie does not count", config: disableCookie,
		request: []string{"GET /manage", acceptPage, adaCookie}, status: 401, has: []string{"Www-Authenticate: Bearer"}},
	{name: "bearer only: the token does", config: disableCookie,
		request: []string{"GET /orgs/<second>/files", adaBearer}, status: 200, reached: true, has: []string{`org: "Difference Engines" true`}},
	{name: "bearer only: there are no login routes", config: disableCookie,
		request: []string{"GET /auth/login", acceptPage}, status: 404, frameworkAnswers: true},
	{name: "bearer only: a token in a URL signs nobody in", config: disableCookie,
		request: []string{"GET /open?token=<ada>", acceptPage}, status: 200, reached: true, has: []string{`user: "" false`}},
}

var gatesOnlyRows = []adapterRow{
	{name: "gates alone: an open route is anonymous", layout: gatesOnly,
		request: []string{"GET /open", adaCookie}, status: 200, reached: true, has: []string{`user: "" false`}},
	{name: "gates alone: signed in", layout: gatesOnly,
		request: []string{"GET /manage", adaCookie}, status: 200, reached: true, has: []string{`user: "Ada Lovelace" true`, "Vary: Cookie, Authorization"}},
	{name: "gates alone: a navigation goes to the login", layout: gatesOnly, request: []string{"GET /manage", acceptPage}, status: 303},
	{name: "gates alone: forged", layout: gatesOnly, request: []string{"GET /manage", "Authorization: Bearer <forged>"}, status: 401},
	{name: "gates alone: the org of the path", layout: gatesOnly,
		request: []string{"GET /orgs/<second>/files", adaCookie}, status: 200, reached: true, has: []string{`org: "Difference Engines" true`}},
	{name: "gates alone: nested gates", layout: gatesOnly,
		request: []string{"GET /nested/<second>/shipping/p7", adaCookie}, status: 200, reached: true, has: []string{`org: "Difference Engines" true`}},
	{name: "gates alone: wrong org", layout: gatesOnly, request: []string{"GET /orgs/<foreign>/files", adaCookie}, status: 403},
	{name: "gates alone: a stray token at a gated path", layout: gatesOnly,
		request: []string{"GET /manage?tab=2&token=<ada>", acceptPage, "Cookie: __Host-arToken=<ada, earlier>"},
		status:  303, has: []string{"Location: /manage?tab=2\r\n", "Set-Cookie: __Host-arToken=<ada>; "}},
	{name: "gates alone: nothing serves the callback", layout: gatesOnly, start: "GET /manage?tab=2\r\n" + acceptPage,
		request: []string{"GET <callback>&token=<ada>", acceptPage, "Cookie: <started>"}, status: 404, frameworkAnswers: true},
}

var aroundRows = []adapterRow{
	{name: "Authenticate around the framework: an open route knows the user", layout: authenticateAround,
		request: []string{"GET /open", adaCookie}, status: 200, reached: true, has: []string{`user: "Ada Lovelace" true`}},
	{name: "Authenticate around the framework: a gate opens", layout: authenticateAround,
		request: []string{"GET /manage", adaCookie}, status: 200, reached: true, has: []string{`user: "Ada Lovelace" true`}},
	{name: "Authenticate around the framework: a gate refuses", layout: authenticateAround, request: []string{"GET /manage"}, status: 401},
}

var allGatedRows = []adapterRow{
	{name: "all gated: an unknown path is refused", layout: allGated, request: []string{"GET /no/such/path"}, status: 401},
	{name: "all gated: an unknown path is unknown to users", layout: allGated,
		request: []string{"GET /no/such/path", adaCookie}, status: 404, frameworkAnswers: true},
	{name: "all gated: another method of a path is refused", layout: allGated,
		request: []string{"PUT /open"}, status: 401, frameworkAnswers: true, has: []string{"Www-Authenticate: Bearer"}},
	{name: "all gated: login routes are outside of the gate", layout: allGated,
		request: []string{"GET /auth/logout", acceptPage}, status: 200, has: []string{`method="post"`}},
	{name: "all gated: the framework adds nothing to a status of Deny", layout: allGated, config: denyWith(func(w http.ResponseWriter, _ *http.Request, _ error) bool {
		w.WriteHeader(http.StatusNotFound)
		return true
	}), request: []string{"GET /no/such/path"},
		status: 404},
}

var otherRows = []adapterRow{
	{name: "unknown path: anonymous",
		request: []string{"GET /no/such/path", acceptPage}, status: 404, frameworkAnswers: true, has: []string{"Vary: Cookie, Authorization"}},
	{name: "unknown path: signed in",
		request: []string{"GET /no/such/path", acceptPage, adaCookie}, status: 404, frameworkAnswers: true, has: []string{"Cache-Control: private, no-cache"}},
	{name: "another method of a path", request: []string{"PUT /open"}, status: 405, frameworkAnswers: true},
	{name: "unknown path: POST", request: []string{"POST /no/such/path", ownOrigin, adaCookie, "", "a=b"}, status: 404, frameworkAnswers: true},
}
