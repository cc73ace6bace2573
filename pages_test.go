package authrocket_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/authrockettest"
)

// shownPage is what Config.Page was called with.
type shownPage struct {
	page    authrocket.Page
	header  http.Header
	request *http.Request
	calls   int
}

// shownKey finds a shownPage in a context.
type shownKey struct{}

// capturePages is a Config.Page that looks and leaves the answer to the default.
func capturePages(c *authrocket.Config) {
	c.Page = func(w http.ResponseWriter, r *http.Request, p authrocket.Page) bool {
		if shown, ok := r.Context().Value(shownKey{}).(*shownPage); ok {
			*shown = shownPage{page: p, header: w.Header().Clone(), request: r, calls: shown.calls + 1}
		}
		return false
	}
}

// show serves r with an app that has capturePages.
func show(h http.Handler, r *http.Request) (shownPage, *httptest.ResponseRecorder) {
	var shown shownPage
	w := serve(h, r.WithContext(context.WithValue(r.Context(), shownKey{}, &shown)))
	return shown, w
}

// postForm is the form of a page of the app.
func postForm(target string, headers ...string) *http.Request {
	r := navigate(target, append([]string{"Sec-Fetch-Site: same-origin", "Origin: https://example.com", "Referer: https://example.com/form?a=b"}, headers...)...)
	r.Method = http.MethodPost
	return r
}

func linksOf(p authrocket.Page) (links []string) {
	for _, l := range p.Links {
		links = append(links, l.Name+" "+l.URL)
	}
	return links
}

var pageKind = regexp.MustCompile(`PageKind = "(\w+)"`)

// TestEveryPage holds what is on each kind of page, as data and as the default page.
func TestEveryPage(t *testing.T) {
	t.Parallel()
	s := newSite(t, capturePages)
	down := newColdSite(t, capturePages)
	down.realm.Break(authrockettest.Status(500))
	picky := &site{realm: s.realm, auth: s.newAuth(t, capturePages, func(c *authrocket.Config) {
		c.OnLogin = func(*http.Request, authrocket.Session) error { return errors.New("secret row 7") }
	})}
	local := &site{realm: authrockettest.NewRealm(t)}
	local.realm.Start()
	config := local.realm.Config()
	capturePages(&config)
	config.AppURL = ""
	local.auth = openAuth(t, config)
	ruled := func(err error) http.Handler {
		return s.auth.Authenticate(s.auth.Require(func(context.Context, authrocket.Session) error { return err })(whoami))
	}
	denies := func(err error) http.Handler {
		return s.auth.Authenticate(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.auth.Deny(w, r, err) }))
	}
	secret := errors.New("secret row 7")
	token := s.realm.Token(s.ada)
	confirm := func(by string, r *http.Request) *http.Request {
		return withCookie(r, confirmCookie, pendingBy(by, token, "/x"))
	}
	login := func(target string) string { return "sign_in /auth/login?return_to=" + url.QueryEscape(target) }
	accounts := func(target string) string {
		return "switch_account /auth/accounts?return_to=" + url.QueryEscape(target) + "&force=1"
	}
	otherUser := func(target string) string {
		return "other_user /auth/login?return_to=" + url.QueryEscape(target) + "&prompt=login"
	}
	const here = "/gate/x?a=b"
	ada := []string{"name=Ada", "email=ada@example.com", "account=Engines"}

	rows := []struct {
		name                  string
		app                   http.Handler
		request               *http.Request
		kind                  authrocket.PageKind
		status                int
		facts, links, buttons []string
	}{
		{name: "a confirmation of a link", app: s.app(), request: confirm("link", navigate("/auth/confirm")), kind: authrocket.PageConfirm, status: 200,
			facts: append(slices.Clone(ada), "started=link"), buttons: []string{"choice=continue", "choice=cancel"}},
		{name: "a confirmation of what was started elsewhere", app: s.app(), request: confirm("elsewhere", navigate("/auth/confirm")), kind: authrocket.PageConfirm, status: 200,
			facts: append(slices.Clone(ada), "app_url=https://example.com", "started=elsewhere"), buttons: []string{"choice=continue", "choice=cancel"}},
		{name: "a confirmation of another user", app: s.app(), request: s.as(s.george, confirm("change", navigate("/auth/confirm"))), kind: authrocket.PageConfirm, status: 200,
			facts: append(slices.Clone(ada), "current_user=George, george@example.com, Widgets", "started=here", "changes=user"), buttons: []string{"choice=continue", "choice=cancel"}},
		{name: "a confirmation of another account", app: s.app(), request: s.as(s.ada, confirm("change", navigate("/auth/confirm")), authrockettest.InOrg(s.widgets)), kind: authrocket.PageConfirm, status: 200,
			facts: append(slices.Clone(ada), "current_user=Ada, ada@example.com, Widgets", "started=here", "changes=account"), buttons: []string{"choice=continue", "choice=cancel"}},
		{name: "nothing to confirm", app: s.app(), request: navigate("/auth/confirm"), kind: authrocket.PageNothingToConfirm, status: 403, facts: []string{"app_url=https://example.com/"}, links: []string{login("/")}},
		{name: "a failed login", app: s.app(), request: navigate("/auth/callback?token=" + forged(token)), kind: authrocket.PageLoginFailed, status: 401, facts: []string{"reason=bad_signature"}, links: []string{login("/")}},
		{name: "a login that the app refuses", app: picky.auth.Authenticate(whoami), request: confirm("link", answerOf(token, "continue")), kind: authrocket.PageLoginRefused, status: 403, facts: []string{"reason=forbidden"},
			links: []string{"other_user /auth/login?return_to=%2Fx&prompt=login"}},
		{name: "a login loop without cookies", app: s.app(), request: withCookie(navigate(here), siteCookie+"-attempts", "0.3"), kind: authrocket.PageLoginLoop, status: 401,
			facts: []string{"reason=no_token", "app_url=https://example.com/"}, links: []string{login(here), "sign_out /auth/logout"}},
		{name: "a login loop at the login", app: s.app(), request: withCookie(navigate("/auth/login?session=kss_1&return_to=/x"), siteCookie+"-attempts", "0.3"), kind: authrocket.PageLoginLoop, status: 401,
			facts: []string{"reason=no_token", "app_url=https://example.com/"}, links: []string{login("/x"), "sign_out /auth/logout"}},
		{name: "a gate that cannot decide", app: down.app(), request: down.as(down.ada, navigate(here)), kind: authrocket.PageUnavailable, status: 503, facts: []string{"reload_after=<Retry-After>"}},
		{name: "a callback that cannot be decided, in a browser without cookies", app: down.app(), request: navigate("/auth/callback?token=" + down.realm.Token(down.ada)), kind: authrocket.PageUnavailable, status: 503},
		{name: "a frame", app: s.app(), request: navigate(here, "Sec-Fetch-Dest: iframe"), kind: authrocket.PageFramed, status: 401, links: []string{login(here)}},
		{name: "a framed form", app: s.app(), request: postForm(here, "Sec-Fetch-Dest: iframe"), kind: authrocket.PageFramed, status: 401, links: []string{login("/form?a=b")}},
		{name: "a form, signed out", app: s.app(), request: postForm(here), kind: authrocket.PageFormSignedOut, status: 401, links: []string{login("/form?a=b")}},
		{name: "a form, with an expired session", app: s.app(), request: s.as(s.ada, postForm(here), authrockettest.ExpiresIn(-time.Hour)), kind: authrocket.PageFormSignedOut, status: 401, links: []string{login("/form?a=b")}},
		{name: "a form, signed out, of a browser without fetch metadata", app: s.app(), request: request("POST", here, "Accept: text/html", "Origin: https://example.com", "Referer: https://example.com/form"),
			kind: authrocket.PageFormSignedOut, status: 401, links: []string{login("/form")}},
		{name: "a form, signed out, without a Referer", app: s.app(), request: postForm(here, "Referer: "), kind: authrocket.PageFormSignedOut, status: 401, links: []string{login("/")}},
		{name: "a form, signed out, from another site's page", app: s.app(), request: postForm(here, "Referer: https://evil.example/form"), kind: authrocket.PageFormSignedOut, status: 401, links: []string{login("/")}},
		{name: "a form, signed out, from a login route", app: s.app(), request: postForm(here, "Referer: https://example.com/auth/logout"), kind: authrocket.PageFormSignedOut, status: 401, links: []string{login("/")}},
		{name: "a form, signed out, from a page with a token in its URL", app: s.app(), request: postForm(here, "Referer: https://example.com/form?a=b&token="+token), kind: authrocket.PageFormSignedOut, status: 401, links: []string{login("/form?a=b")}},
		{name: "a form, after three failed logins", app: s.app(), request: withCookie(postForm(here), siteCookie+"-attempts", "0.3"), kind: authrocket.PageFormSignedOut, status: 401, links: []string{login("/form?a=b")}},
		{name: "a form that cannot be decided", app: down.app(), request: down.as(down.ada, postForm(here)), kind: authrocket.PageFormUnavailable, status: 503},
		{name: "a form, with too many unknown keys", app: ruled(authrocket.ErrTooManyKeyLookups), request: s.as(s.ada, postForm(here)), kind: authrocket.PageFormUnavailable, status: 429},
		{name: "a missing permission", app: s.app(), request: s.as(s.george, navigate("/billing?a=b")), kind: authrocket.PagePermissionDenied, status: 403, facts: []string{"permission=billing:write", "current_user=George, Widgets"}, links: []string{login("/billing?a=b"), accounts("/billing?a=b")}},
		{name: "a form without a permission", app: s.app(), request: s.as(s.george, postForm("/billing")), kind: authrocket.PagePermissionDenied, status: 403, facts: []string{"permission=billing:write", "current_user=George, Widgets"}, links: []string{login("/form?a=b"), accounts("/form?a=b")}},
		{name: "none of several permissions", app: ruled(authrocket.AnyPermission("a", "b")(t.Context(), authrocket.Session{})), request: s.as(s.george, navigate(here)), kind: authrocket.PagePermissionDenied, status: 403,
			facts: []string{"any_permission=a, b", "current_user=George, Widgets"}, links: []string{login(here), accounts(here)}},
		{name: "some of several permissions", app: ruled(authrocket.Permission("a", "b", "c")(t.Context(), authrockettest.Session(authrockettest.User{}, authrockettest.Org{}, "b"))), request: s.as(s.george, navigate(here)), kind: authrocket.PagePermissionDenied, status: 403,
			facts: []string{"permission=a, c", "current_user=George, Widgets"}, links: []string{login(here), accounts(here)}},
		{name: "a permission of a user without an account", app: s.app(), request: s.as(s.ada, navigate("/billing"), withoutClaim("orgs")), kind: authrocket.PagePermissionDenied, status: 403,
			facts: []string{"permission=billing:write", "current_user=Ada"}, links: []string{login("/billing")}},
		{name: "a rule without tags", app: ruled(authrocket.Permission()(t.Context(), authrocket.Session{})), request: s.as(s.ada, navigate(here)), kind: authrocket.PagePermissionDenied, status: 403, facts: []string{"current_user=Ada, Engines"}, links: []string{login(here), accounts(here)}},
		{name: "a permission that a rule of one's own finds missing", app: ruled(fmt.Errorf("%w: %w", secret, authrocket.ErrPermissionDenied)), request: s.as(s.ada, navigate(here)), kind: authrocket.PagePermissionDenied, status: 403, facts: []string{"current_user=Ada, Engines"}, links: []string{login(here), accounts(here)}},
		{name: "an email that is not verified", app: ruled(authrocket.VerifiedEmail()(t.Context(), authrocket.Session{})), request: s.as(s.ada, navigate(here)), kind: authrocket.PageEmailNotVerified, status: 403, facts: []string{"current_user=Ada, Engines"},
			links: []string{"profile /auth/profile?return_to=" + url.QueryEscape(here), login(here)}},
		{name: "a rule of one's own", app: ruled(secret), request: s.as(s.ada, navigate(here)), kind: authrocket.PageForbidden, status: 403, facts: []string{"current_user=Ada, Engines"}, links: []string{login(here), accounts(here)}},
		{name: "a rule of one's own refuses a form", app: ruled(secret), request: s.as(s.ada, postForm(here)), kind: authrocket.PageForbidden, status: 403, facts: []string{"current_user=Ada, Engines"}, links: []string{login("/form?a=b"), accounts("/form?a=b")}},
		{name: "another account", app: s.app(), request: s.as(s.george, navigate("/orgs/"+s.engines.ID+"/?a=b")), kind: authrocket.PageWrongOrg, status: 403, facts: []string{"current_user=George, Widgets"}, links: []string{accounts("/orgs/" + s.engines.ID + "/?a=b"), otherUser("/orgs/" + s.engines.ID + "/?a=b")}},
		{name: "a form in another account", app: s.app(), request: s.as(s.george, postForm("/orgs/"+s.engines.ID+"/")), kind: authrocket.PageWrongOrg, status: 403, facts: []string{"current_user=George, Widgets"}, links: []string{accounts("/form?a=b"), otherUser("/form?a=b")}},
		{name: "a permission whose name the request has chosen", app: ruled(authrocket.Permission("a\n\u202eb", "read:"+strings.Repeat("x", 100))(t.Context(), authrocket.Session{})), request: s.as(s.ada, navigate(here)), kind: authrocket.PagePermissionDenied, status: 403,
			facts: []string{"permission=a b, read:" + strings.Repeat("x", 74) + "…", "current_user=Ada, Engines"}, links: []string{login(here), accounts(here)}},
		{name: "nobody whom a handler of one's own refuses", app: denies(authrocket.ErrForbidden), request: navigate(here), kind: authrocket.PageForbidden, status: 403, links: []string{login(here)}},
		{name: "nobody whose org a handler of one's own refuses", app: denies(authrocket.ErrWrongOrg), request: navigate(here), kind: authrocket.PageWrongOrg, status: 403, links: []string{accounts(here), otherUser(here)}},
		{name: "two users", app: s.app(), request: s.as(s.george, s.as(s.ada, navigate(here))), kind: authrocket.PageAmbiguousCookie, status: 401, buttons: []string{"choice=sign_out"}},
		{name: "a form of two users", app: s.app(), request: s.as(s.george, s.as(s.ada, postForm(here))), kind: authrocket.PageAmbiguousCookie, status: 401, buttons: []string{"choice=sign_out"}},
		{name: "a part of a session", app: s.app(), request: withCookie(navigate(here), siteCookie, s.tokenOf(t, s.ada, chunkBytes+9)[:chunkBytes]), kind: authrocket.PageIncompleteCookie, status: 401, facts: []string{"reason=incomplete_cookie"}, links: []string{login(here)}},
		{name: "a form of another site", app: s.app(), request: s.as(s.ada, postForm(here, "Sec-Fetch-Site: cross-site", "Origin: https://evil.example")), kind: authrocket.PageCrossSite, status: 403, links: []string{"home /"}},
		{name: "another site's answer to a confirmation", app: s.app(), request: confirm("link", answerOf(token, "continue", "Sec-Fetch-Site: cross-site", "Origin: https://evil.example")), kind: authrocket.PageCrossSite, status: 403, links: []string{"home /"}},
		{name: "a form that hides its origin", app: s.app(), request: s.as(s.ada, request("POST", here, "Accept: text/html", "Origin: null")), kind: authrocket.PageHiddenOrigin, status: 403},
		{name: "the login at another host than loopback", app: local.auth.Authenticate(whoami), request: navigate("/auth/login"), kind: authrocket.PageWrongHost, status: 403},
		{name: "a gate at another host than loopback", app: local.auth.RequireLogin(whoami), request: navigate("/"), kind: authrocket.PageWrongHost, status: 401},
		{name: "a logout that another site asks for", app: s.app(), request: s.as(s.ada, navigate("/auth/logout?token=x&session=kss_1&account=c", "Sec-Fetch-Site: cross-site")), kind: authrocket.PageLogout, status: 200, links: []string{"home /"}, buttons: []string{"choice=sign_out"}},
		{name: "a logout", app: s.app(), request: s.as(s.ada, postForm("/auth/logout")), kind: authrocket.PageSigningOut, status: 200, links: []string{"sign_out /auth/logout/end"}},
	}
	covered := map[string]bool{}
	for _, row := range rows {
		covered[string(row.kind)] = true
		t.Run(row.name, func(t *testing.T) {
			shown, w := show(row.app, row.request)
			p := shown.page
			var facts, buttons []string
			for _, f := range p.Facts {
				if f.Value == w.Header().Get("Retry-After") {
					f.Value = "<Retry-After>"
				}
				facts = append(facts, f.Name+"="+f.Value)
			}
			if p.Form != nil {
				for _, b := range p.Form.Buttons {
					buttons = append(buttons, b.Name+"="+b.Value)
				}
			}
			if shown.calls != 1 || p.Kind != row.kind || p.Status != row.status || w.Code != row.status {
				t.Fatalf("got %d and %d pages, the last %q %d, want one %q %d", w.Code, shown.calls, p.Kind, p.Status, row.kind, row.status)
			}
			if !slices.Equal(facts, row.facts) || !slices.Equal(linksOf(p), row.links) || !slices.Equal(buttons, row.buttons) {
				t.Errorf("got facts %q, links %q, buttons %q, want %q, %q, %q", facts, linksOf(p), buttons, row.facts, row.links, row.buttons)
			}
			checkDefaultPage(t, p, w)
			checkPageHeaders(t, shown, w)
			data, err := json.Marshal(p)
			if err != nil {
				t.Fatal(err)
			}
			for _, secret := range []string{"eyJ", "kss_", "secret row 7", "ar_state"} {
				for where, text := range map[string]string{"page": w.Body.String(), "data": string(data), "URL": shown.request.URL.String(), "RequestURI": shown.request.RequestURI} {
					if strings.Contains(text, secret) {
						t.Errorf("%q is in the %s %q", secret, where, text)
					}
				}
			}
			if w.Header()["Location"] != nil {
				t.Errorf("got Location %q beside a page", w.Header()["Location"])
			}
		})
	}
	source, err := os.ReadFile("page.go")
	if err != nil {
		t.Fatal(err)
	}
	kinds := pageKind.FindAllStringSubmatch(string(source), -1)
	for _, kind := range kinds {
		if !covered[kind[1]] {
			t.Errorf("no row shows a page of kind %q", kind[1])
		}
	}
	if len(kinds) < 20 {
		t.Errorf("found %d kinds in page.go", len(kinds))
	}
}

// checkDefaultPage holds that the default page shows what p says, and no more.
func checkDefaultPage(t *testing.T, p authrocket.Page, w *httptest.ResponseRecorder) {
	t.Helper()
	body := html.UnescapeString(w.Body.String())
	var labelled [][2]string
	for _, f := range p.Facts {
		if f.Label != "" {
			labelled = append(labelled, [2]string{f.Label, f.Value})
		}
	}
	wants := []string{"<title>" + p.Title + "</title>", "<h1>" + p.Title + "</h1>", `<html lang="en">`}
	for _, l := range p.Links {
		wants = append(wants, `href="`+l.URL+`"`, ">"+l.Label+"</a>")
	}
	if p.Form != nil {
		wants = append(wants, `<form method="post" action="`+p.Form.URL+`">`)
		for _, f := range p.Form.Hidden {
			wants = append(wants, `name="`+f.Name+`" value="`+f.Value+`"`)
		}
		for _, b := range p.Form.Buttons {
			wants = append(wants, `name="`+b.Name+`" value="`+b.Value+`">`+b.Label+"</button>")
		}
	}
	for _, want := range wants {
		if !strings.Contains(body, want) {
			t.Errorf("%q is not on the page", want)
		}
	}
	if len(p.Texts) == 0 || !slices.Equal(paragraphs(w), p.Texts) || !slices.Equal(factsOf(w), labelled) {
		t.Errorf("got texts %q and facts %q, want %q and %q", paragraphs(w), factsOf(w), p.Texts, labelled)
	}
}

// checkPageHeaders holds that Config.Page found each header that the answer has.
func checkPageHeaders(t *testing.T, shown shownPage, w *httptest.ResponseRecorder) {
	t.Helper()
	h := w.Header()
	if !maps.EqualFunc(shown.header, h, slices.Equal) {
		t.Errorf("Config.Page found %v, the answer has %v", shown.header, h)
	}
	referrer, opener, actions := "no-referrer", "", "; form-action 'none'"
	if shown.page.Form != nil {
		referrer, opener, actions = "same-origin", "same-origin", ""
	}
	frames, ancestors := "DENY", "; frame-ancestors 'none'"
	if shown.page.Kind == authrocket.PageFramed {
		frames, ancestors = "", ""
	}
	challenge, retry, refresh := "", "", ""
	switch {
	case w.Code == 401:
		challenge = "Bearer"
	case w.Code == 503 || w.Code == 429:
		retry = h.Get("Retry-After")
		if seconds, err := strconv.Atoi(retry); err != nil || seconds < 1 || seconds > 30 {
			t.Errorf("Retry-After: got %q, want some seconds", retry)
		}
		refresh = shown.page.Fact("reload_after")
	case shown.page.Kind == authrocket.PageSigningOut:
		refresh = "0; url=/auth/logout/end"
	}
	for name, want := range map[string]string{
		"Cache-Control": "no-store", "Content-Type": "text/html; charset=utf-8", "X-Content-Type-Options": "nosniff", "X-Frame-Options": frames,
		"Referrer-Policy": referrer, "Cross-Origin-Opener-Policy": opener, "WWW-Authenticate": challenge, "Retry-After": retry, "Refresh": refresh,
	} {
		if got := h.Values(name); strings.Join(got, "|") != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	policy := regexp.MustCompile(`^default-src 'none'; base-uri 'none'; style-src 'sha256-[^']+'` + regexp.QuoteMeta(ancestors+actions) + `$`)
	if got := h["Content-Security-Policy"]; len(got) != 1 || !policy.MatchString(got[0]) {
		t.Errorf("Content-Security-Policy: got %q, want it to match %s", got, policy)
	}
}

func TestPageHook(t *testing.T) {
	t.Parallel()
	plain := newSite(t)
	hooked := func(hook func(http.ResponseWriter, *http.Request, authrocket.Page) bool) *site {
		s := *plain
		s.auth = plain.newAuth(t, func(c *authrocket.Config) { c.Page = hook })
		return &s
	}
	forbidden := func() *http.Request { return plain.as(plain.george, navigate("/billing")) }

	t.Run("false cannot unset a header", func(t *testing.T) {
		s := hooked(func(w http.ResponseWriter, _ *http.Request, _ authrocket.Page) bool {
			clear(w.Header())
			w.Header().Set("Content-Security-Policy", "default-src *")
			w.Header().Set("Content-Type", "text/plain")
			return false
		})
		for _, r := range []*http.Request{forbidden(), plain.as(plain.george, plain.as(plain.ada, navigate("/gate/"))), navigate("/gate/", "Sec-Fetch-Dest: iframe")} {
			want, got := serve(plain.app(), r.Clone(t.Context())), serve(s.app(), r)
			for _, name := range []string{"Content-Security-Policy", "Cache-Control", "Content-Type", "X-Content-Type-Options", "X-Frame-Options", "Referrer-Policy", "Cross-Origin-Opener-Policy", "Www-Authenticate"} {
				if !slices.Equal(got.Header()[name], want.Header()[name]) {
					t.Errorf("%s: got %q, want %q", name, got.Header()[name], want.Header()[name])
				}
			}
			if got.Code != want.Code || got.Body.String() != want.Body.String() {
				t.Errorf("got %d %q, want %d %q", got.Code, got.Body, want.Code, want.Body)
			}
		}
	})
	t.Run("true is the whole answer", func(t *testing.T) {
		s := hooked(func(w http.ResponseWriter, r *http.Request, p authrocket.Page) bool {
			user, _ := authrocket.CurrentUser(r.Context())
			w.WriteHeader(p.Status)
			fmt.Fprintf(w, "%s, %s: %s", user.Name, p.Kind, p.Fact("permission"))
			return true
		})
		w := serve(s.app(), forbidden())
		if w.Code != 403 || w.Body.String() != "George, permission_denied: billing:write" || !strings.Contains(w.Header().Get("Content-Security-Policy"), "frame-ancestors 'none'") {
			t.Errorf("got %d %q %v, want the answer of the hook, protected", w.Code, w.Body, w.Header())
		}
	})
	t.Run("a page that was translated in place stays as it was for the next request", func(t *testing.T) {
		s := hooked(func(w http.ResponseWriter, r *http.Request, p authrocket.Page) bool {
			p.Lang = "de"
			for i := range p.Texts {
				p.Texts[i] += "!"
			}
			authrocket.WritePage(w, r, p)
			return true
		})
		r := func() *http.Request {
			return plain.as(plain.ada, request("POST", "/gate/", "Accept: text/html", "Origin: null"))
		}
		first, second := serve(s.app(), r()), serve(s.app(), r())
		if first.Body.String() != second.Body.String() || !strings.Contains(first.Body.String(), `<html lang="de">`) {
			t.Errorf("got %q and then %q", first.Body, second.Body)
		}
	})
	t.Run("HEAD of a page has no body", func(t *testing.T) {
		r := forbidden()
		r.Method = http.MethodHead
		if w := serve(plain.app(), r); w.Code != 403 || w.Body.Len() > 0 || w.Header().Get("Content-Type") != "text/html; charset=utf-8" {
			t.Errorf("got %d %v %q, want the headers alone", w.Code, w.Header(), w.Body)
		}
	})
	t.Run("a page of one's own without a status is 200", func(t *testing.T) {
		w := httptest.NewRecorder()
		authrocket.WritePage(w, navigate("/"), authrocket.Page{Title: "Hello", Links: []authrocket.Link{{URL: "javascript:alert(1)", Label: "<b>"}}})
		if body := w.Body.String(); w.Code != 200 || strings.Contains(body, "javascript:") || strings.Contains(body, "<b>") {
			t.Errorf("got %d %q, want a page whose URLs and texts are escaped", w.Code, body)
		}
	})
}

// Where a login would begin or a page be shown, these get what a program gets.
func TestWhoGetsNoPage(t *testing.T) {
	t.Parallel()
	s := newSite(t, capturePages)
	post := func(headers ...string) *http.Request { return s.as(s.george, postForm("/billing", headers...)) }
	for _, row := range []struct {
		name    string
		request *http.Request
		status  int
	}{
		{name: "fetch", request: post("Sec-Fetch-Mode: cors", "Sec-Fetch-Dest: empty"), status: 403},
		{name: "htmx", request: post("HX-Request: true"), status: 403},
		{name: "a program", request: s.as(s.george, request("POST", "/billing")), status: 403},
		{name: "a bearer token", request: postForm("/billing", "Authorization: Bearer "+s.realm.Token(s.george)), status: 403},
		{name: "a form with an invalid bearer token", request: postForm("/gate/", "Authorization: Bearer x"), status: 401},
		{name: "a frame without a permission", request: s.as(s.george, navigate("/billing", "Sec-Fetch-Dest: iframe")), status: 403},
	} {
		t.Run(row.name, func(t *testing.T) {
			shown, w := show(s.app(), row.request)
			if w.Code != row.status || shown.calls > 0 || strings.Contains(w.Body.String(), "<html") || w.Header()["Location"] != nil {
				t.Errorf("got %d %v %q, want %d without a page", w.Code, w.Header(), w.Body, row.status)
			}
			if row.status == 401 && !strings.HasPrefix(w.Header().Get("WWW-Authenticate"), `Bearer error="invalid_token"`) {
				t.Errorf("WWW-Authenticate: got %q", w.Header().Get("WWW-Authenticate"))
			}
		})
	}
}
