package authrocket_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"html"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/authrockettest"
)

func TestAnUnsolicitedLoginIsConfirmed(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, row := range []struct {
		name, choice string
		user         authrockettest.User // signed in before
		after        string              // who is signed in then
		want         string              // Location
	}{
		{name: "nobody, continued", user: authrockettest.User{}, choice: "continue", after: "ada@example.com", want: "/x?a=b"},
		{name: "nobody, cancelled", user: authrockettest.User{}, choice: "cancel", after: "nobody", want: "/"},
		{name: "somebody else, continued", user: s.george, choice: "continue", after: "ada@example.com", want: "/x?a=b"},
		{name: "somebody else, cancelled", user: s.george, choice: "cancel", after: "george@example.com", want: "/"},
	} {
		for _, size := range []int{0, chunkBytes - len(pending("", "/x?a=b"))} {
			t.Run(row.name, func(t *testing.T) {
				token := s.realm.Token(s.ada)
				if size > 0 {
					token = s.tokenOf(t, s.ada, size)
				}
				v := s.signedInAs(t, row.user)
				back := v.send(navigate("/x?a=b&token="+token+"&session=s&account=c", "Sec-Fetch-Site: cross-site"))
				if got := back.Header().Get("Location"); back.Code != 303 || got != "/auth/confirm" {
					t.Fatalf("got %d %q, want to be asked", back.Code, got)
				}
				for _, c := range back.Result().Cookies() {
					if c.Name != confirmCookie || c.MaxAge != 10*60 || !c.HttpOnly || !c.Secure || c.Path != "/" || c.Domain != "" || c.SameSite != http.SameSiteLaxMode {
						t.Errorf("got cookie %q", c.Raw)
					}
				}
				page := v.get("/auth/confirm")
				for _, want := range []string{"Sign in as this user?", "<bdi>Ada</bdi>", "<bdi>ada@example.com</bdi>", "<bdi>Engines</bdi>",
					`<form method="post" action="/auth/confirm">`, `value="` + hashOf(token) + `"`, ">Continue</button>", ">Cancel</button>"} {
					if !strings.Contains(page.Body.String(), want) {
						t.Errorf("the page: got %d %q, want %q in it", page.Code, page.Body, want)
					}
				}
				now := [2]string{"Signed in now", "George, george@example.com, Widgets"}
				if slices.Contains(factsOf(page), now) != (row.user.ID != "") || strings.Contains(page.Body.String(), "eyJ") || page.Header()["Set-Cookie"] != nil {
					t.Errorf("the page: got %q %q, want %q, no token and no cookie", page.Body, page.Header()["Set-Cookie"], now)
				}
				if w := v.get("/"); strings.HasPrefix(w.Body.String(), "ada") {
					t.Fatalf("before the answer: got %q", w.Body)
				}
				answered := v.send(answerOf(token, row.choice))
				if got := answered.Header().Get("Location"); answered.Code != 303 || got != row.want || answered.Header().Get("Cache-Control") != "no-store" {
					t.Errorf("the answer: got %d %q %q, want 303 %q", answered.Code, got, answered.Body, row.want)
				}
				if c := v.jar[confirmCookie]; c == nil || c.Value != "" {
					t.Errorf("got cookie %v, want it cleared", c)
				}
				if w := v.get("/"); !strings.HasPrefix(w.Body.String(), row.after+" ") {
					t.Errorf("after the answer: got %q, want %s", w.Body, row.after)
				}
				if w := v.send(answerOf(token, "continue")); w.Code != 403 || cookieNamed(w, siteCookie) != nil {
					t.Errorf("the answer again: got %d, want it to be over", w.Code)
				}
			})
		}
	}
}

func TestWhyItAsks(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		prefixed := &site{realm: s.realm, ada: s.ada, george: s.george, auth: s.newAuth(t, func(c *authrocket.Config) { c.AppURL = "https://example.com/app" })}
		const (
			link      = "This browser did not start this sign-in: a link led here."
			elsewhere = "We can't tell where this sign-in began. It may have taken more than an hour, or begun in another browser or not at https://example.com. It may also be somebody else's."
			user      = "This changes who is signed in here."
			account   = "This moves you to another account."
			only      = "Continue only if these details are yours."
		)
		inWidgets := authrockettest.InOrg(s.widgets)
		began := func(v *visitor, target string) string {
			return redirectURIOf(t, v.get(target).Header().Get("Location")).RequestURI() + "&token="
		}
		for _, row := range []struct {
			name, now string
			site      *site
			user      authrockettest.User // signed in
			options   []authrockettest.TokenOption
			come      func(v *visitor) // with the token of the login
			want      []string
		}{
			{name: "a link", site: s, user: authrockettest.User{}, come: func(v *visitor) { v.get("/x?token=" + s.realm.Token(s.ada)) }, want: []string{link, only}},
			{name: "a link to the callback", site: s, user: authrockettest.User{}, come: func(v *visitor) { v.get("/auth/callback?token=" + s.realm.Token(s.ada)) }, want: []string{link, only}},
			{name: "started more than an hour ago", site: s, user: authrockettest.User{}, come: func(v *visitor) {
				back := began(v, "/gate/x")
				time.Sleep(time.Hour + time.Second)
				v.get(back + s.realm.Token(s.ada))
			}, want: []string{elsewhere, only}},
			{name: "started in another browser or at another address", site: s, user: authrockettest.User{}, come: func(v *visitor) {
				v.get(began(s.visitor(t, ""), "/gate/x") + s.realm.Token(s.ada))
			}, want: []string{elsewhere, only}},
			{name: "an app behind a prefix names its address", site: prefixed, user: authrockettest.User{}, come: func(v *visitor) {
				v.get("/auth/callback?ar_state=x&token=" + s.realm.Token(s.ada))
			}, want: []string{strings.Replace(elsewhere, "example.com", "example.com/app", 1), only}},
			{name: "another user by a link", site: s, user: s.george, come: func(v *visitor) { v.get("/x?token=" + s.realm.Token(s.ada)) },
				want: []string{link, user, only}, now: "George, george@example.com, Widgets"},
			{name: "another user, started here", site: s, user: s.george, come: func(v *visitor) { v.get(began(v, "/auth/login") + s.realm.Token(s.ada)) },
				want: []string{user, only}, now: "George, george@example.com, Widgets"},
			{name: "another user, started elsewhere", site: s, user: s.george, come: func(v *visitor) { v.get("/auth/callback?ar_state=x&token=" + s.realm.Token(s.ada)) },
				want: []string{elsewhere, user, only}, now: "George, george@example.com, Widgets"},
			{name: "another account by a link", site: s, user: s.ada, options: []authrockettest.TokenOption{inWidgets}, come: func(v *visitor) { v.get("/x?token=" + s.realm.Token(s.ada)) },
				want: []string{link, account, only}, now: "Ada, ada@example.com, Widgets"},
			{name: "another account, started here", site: s, user: s.ada, options: []authrockettest.TokenOption{inWidgets}, come: func(v *visitor) { v.get(began(v, "/auth/login") + s.realm.Token(s.ada)) },
				want: []string{account, only}, now: "Ada, ada@example.com, Widgets"},
			{name: "who was signed in has signed out meanwhile", site: s, user: s.george, come: func(v *visitor) {
				v.get(began(v, "/auth/login") + s.realm.Token(s.ada))
				delete(v.jar, siteCookie)
			}, want: []string{only}},
		} {
			v := row.site.signedInAs(t, row.user, row.options...)
			row.come(v)
			w := v.get("/auth/confirm")
			if got := strings.Join(paragraphs(w), " | "); w.Code != 200 || got != strings.Join(row.want, " | ") {
				t.Errorf("%s: got %d %q, want %q", row.name, w.Code, got, row.want)
			}
			want := [][2]string{{"Name", "Ada"}, {"Email", "ada@example.com"}, {"Account", "Engines"}}
			if row.now != "" {
				want = append(want, [2]string{"Signed in now", row.now})
			}
			if got := factsOf(w); !slices.Equal(got, want) {
				t.Errorf("%s: got facts %q, want %q", row.name, got, want)
			}
		}
	})
}

func TestWhoMayConfirm(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(c *authrocket.Config) { c.TrustedOrigins = []string{"https://friend.example"} })
	const in, refused = 303, 403
	for _, row := range []struct {
		name    string
		headers []string
		status  int
	}{
		{name: "our own page", status: in},
		{name: "our own page in a browser without fetch metadata", headers: []string{"Sec-Fetch-Site: "}, status: in},
		{name: "another site", headers: []string{"Sec-Fetch-Site: cross-site", "Origin: https://evil.example"}, status: refused},
		{name: "another site in a browser without fetch metadata", headers: []string{"Sec-Fetch-Site: ", "Origin: https://evil.example"}, status: refused},
		{name: "a sibling subdomain", headers: []string{"Sec-Fetch-Site: same-site", "Origin: https://other.example.com"}, status: refused},
		{name: "another port", headers: []string{"Sec-Fetch-Site: ", "Origin: https://example.com:8443"}, status: refused},
		{name: "http of our host", headers: []string{"Sec-Fetch-Site: ", "Origin: http://example.com"}, status: refused},
		{name: "a trusted origin", headers: []string{"Sec-Fetch-Site: cross-site", "Origin: https://friend.example"}, status: refused},
		{name: "a trusted origin in a browser without fetch metadata", headers: []string{"Sec-Fetch-Site: ", "Origin: https://friend.example"}, status: refused},
		{name: "our own page that does not tell its origin in a browser with fetch metadata", headers: []string{"Origin: null"}, status: in},
		{name: "another page of an origin in our words", headers: []string{"Sec-Fetch-Site: same-site"}, status: refused},
		{name: "a frame of this app in another site's page", headers: []string{"Sec-Fetch-Site: cross-site"}, status: refused},
		{name: "no page at all", headers: []string{"Sec-Fetch-Site: none"}, status: refused},
		{name: "a sandbox", headers: []string{"Sec-Fetch-Site: ", "Origin: null"}, status: refused},
		{name: "a program that says nothing", headers: []string{"Sec-Fetch-Site: ", "Origin: "}, status: refused},
		{name: "a prefetch", headers: []string{"Sec-Purpose: prefetch"}, status: 401},
	} {
		t.Run(row.name, func(t *testing.T) {
			token := s.realm.Token(s.ada)
			for _, choice := range []string{"continue", "cancel"} {
				w := serve(s.app(), withCookie(answerOf(token, choice, row.headers...), confirmCookie, pending(token, "/x")))
				if w.Code != row.status || row.status != in && w.Header()["Set-Cookie"] != nil {
					t.Errorf("%s: got %d %q, want %d", choice, w.Code, w.Header()["Set-Cookie"], row.status)
				}
			}
		})
	}
	t.Run("behind a prefix, by the origin alone", func(t *testing.T) {
		s := newSite(t, func(c *authrocket.Config) { c.AppURL = "https://example.com/app" })
		token := s.realm.Token(s.ada)
		w := serve(s.app(), withCookie(answerOf(token, "continue", "Sec-Fetch-Site: "), confirmCookie, pending(token, "/x")))
		if got := w.Header().Get("Location"); w.Code != 303 || got != "/app/x" {
			t.Errorf("got %d %q, want 303 /app/x", w.Code, got)
		}
	})
}

func TestTheAnswerIsAboutTheTokenShown(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ada, george := s.realm.Token(s.ada), s.realm.Token(s.george)
	body := func(text string) *http.Request {
		r := answerOf(ada, "continue")
		replaced := httptest.NewRequest(http.MethodPost, "/auth/confirm", strings.NewReader(text))
		replaced.Header = r.Header
		return replaced
	}
	fields := "token_sha256=" + hashOf(ada)
	for _, row := range []struct {
		name    string
		request *http.Request
		signed  bool
	}{
		{name: "the token shown", request: answerOf(ada, "continue"), signed: true},
		{name: "another token came in between", request: answerOf(george, "continue")},
		{name: "another token came in between, cancelled", request: answerOf(george, "cancel")},
		{name: "no choice", request: answerOf(ada, "")},
		{name: "another choice", request: answerOf(ada, "Continue")},
		{name: "no body", request: body("")},
		{name: "an empty hash", request: body("choice=continue&token_sha256=")},
		{name: "part of a hash", request: body("choice=continue&token_sha256=" + hashOf(ada)[:32])},
		{name: "a hash in capitals", request: body("choice=continue&token_sha256=" + strings.ToUpper(hashOf(ada)))},
		{name: "a form that is too long", request: body(fields + "&choice=continue&x=" + strings.Repeat("x", 8<<10))},
		{name: "a form that is broken", request: body(fields + "&choice=continue&%zz")},
		{name: "JSON", request: func() *http.Request {
			r := body(fields + "&choice=continue")
			r.Header.Set("Content-Type", "application/json")
			return r
		}()},
		{name: "everything in the query", request: func() *http.Request { r := body(""); r.URL.RawQuery = fields + "&choice=continue"; return r }()},
		{name: "the same fields by GET", request: navigate("/auth/confirm?" + fields + "&choice=continue")},
		{name: "HEAD", request: request("HEAD", "/auth/confirm?"+fields+"&choice=continue")},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := serve(s.app(), withCookie(row.request, confirmCookie, pending(ada, "/x")))
			if row.signed {
				if w.Code != 303 || cookieNamed(w, siteCookie) == nil {
					t.Errorf("got %d %q, want to be signed in", w.Code, w.Body)
				}
				return
			}
			if w.Code != 200 || w.Header()["Set-Cookie"] != nil {
				t.Errorf("got %d %q, want no cookie touched", w.Code, w.Header()["Set-Cookie"])
			}
			if row.request.Method != "HEAD" && !strings.Contains(w.Body.String(), "Sign in as this user?") {
				t.Errorf("got %q, want the page once more", w.Body)
			}
		})
	}
	t.Run("cookies of two tokens", func(t *testing.T) {
		r := withCookie(withCookie(answerOf(ada, "continue"), confirmCookie, pending(george, "/x")), confirmCookie, pending(ada, "/x"))
		if w := serve(s.app(), r); w.Code != 200 || !strings.Contains(w.Body.String(), "<bdi>George</bdi>") {
			t.Errorf("got %d %q, want the page about the first", w.Code, w.Body)
		}
	})
}

func TestThePendingTokenIsVerifiedAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		stranger := newSite(t)
		ada := s.realm.Token(s.ada)
		for _, row := range []struct {
			name, cookie, want string
			status             int
		}{
			{name: "expired", cookie: pending(s.realm.Token(s.ada, authrockettest.ExpiresIn(-time.Hour)), "/x"), status: 401, want: "Clock of this server"},
			{name: "forged", cookie: pending(forged(ada), "/x"), status: 401, want: "bad_signature"},
			{name: "of another realm", cookie: pending(stranger.realm.Token(stranger.ada), "/x"), status: 401, want: "wrong_realm"},
			{name: "no token", cookie: pending("x", "/x"), status: 401, want: "token_malformed"},
			{name: "an empty token", cookie: pending("", "/x"), status: 401, want: "no_token"},
			{name: "cut off", cookie: pending(ada, "/x")[:200] + ".link.Lw", status: 401, want: "token_malformed"},
			{name: "without a reason and a target", cookie: ada, status: 401, want: "token_malformed"},
			{name: "a target that is not encoded", cookie: ada + "./x", status: 403, want: "There is no sign-in to confirm"},
			{name: "no dot", cookie: "x", status: 403, want: "There is no sign-in to confirm"},
			{name: "nothing", status: 403, want: "There is no sign-in to confirm"},
		} {
			token, _, _ := cutLast(row.cookie, ".")
			token, _, _ = cutLast(token, ".")
			for _, r := range []*http.Request{navigate("/auth/confirm"), answerOf(token, "continue")} {
				w := serve(s.app(), withCookie(r, confirmCookie, row.cookie))
				if w.Code != row.status || !strings.Contains(html.UnescapeString(w.Body.String()), row.want) || cookieNamed(w, siteCookie) != nil {
					t.Errorf("%s, %s: got %d %q %q, want %d and %q", row.name, r.Method, w.Code, w.Body, w.Header()["Set-Cookie"], row.status, row.want)
				}
				if c := cookieNamed(w, confirmCookie); (c != nil && c.MaxAge < 0) != (row.status == 401) {
					t.Errorf("%s, %s: got cookie %v, want it cleared: %t", row.name, r.Method, c, row.status == 401)
				}
			}
		}
	})
	t.Run("undecided", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := newColdSite(t)
			s.realm.Break(authrockettest.Status(500))
			token := s.realm.Token(s.ada)
			answer := func() *httptest.ResponseRecorder {
				return serve(s.app(), withCookie(answerOf(token, "continue"), confirmCookie, pending(token, "/x")))
			}
			if w := answer(); w.Code != 503 || w.Header().Get("Retry-After") == "" || w.Header().Get("Refresh") == "" || cookieNamed(w, confirmCookie) != nil || cookieNamed(w, siteCookie) != nil {
				t.Errorf("got %d %v, want 503, a page that reloads itself, and the cookie kept", w.Code, w.Header())
			}
			s.realm.Repair()
			time.Sleep(time.Minute)
			if w := answer(); w.Code != 303 || cookieNamed(w, siteCookie) == nil {
				t.Errorf("later: got %d %q, want to be signed in", w.Code, w.Body)
			}
		})
	})
}

func cutLast(s, separator string) (before, after string, found bool) {
	if i := strings.LastIndex(s, separator); i >= 0 {
		return s[:i], s[i+len(separator):], true
	}
	return s, "", false
}

func TestWhereAConfirmedLoginLeads(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	token := s.realm.Token(s.ada)
	for _, target := range append(append([]string{}, openRedirects...), dotSegments...) {
		w := serve(s.app(), withCookie(answerOf(token, "continue"), confirmCookie, pending(token, target)))
		if got := w.Header().Get("Location"); w.Code != 303 || got != "/" {
			t.Errorf("%q: got %d %q, want /", target, w.Code, got)
		}
	}
	t.Run("a page about an invalid token leads nowhere else", func(t *testing.T) {
		w := serve(s.app(), withCookie(navigate("/auth/confirm"), confirmCookie, pending(forged(token), `//evil.example/"><script>`)))
		if body := w.Body.String(); strings.Contains(body, "<script>") || !strings.Contains(body, `href="`+loginLink("/")+`"`) {
			t.Errorf("got %q, want a link to the start page", body)
		}
	})
}

func TestATokenTooLargeForOneCookieIsNotKeptForConfirmation(t *testing.T) {
	t.Parallel()
	var reasons []string
	s := newSite(t, largeTokens, func(c *authrocket.Config) {
		c.Observer.Login = func(_ context.Context, l authrocket.Login) { reasons = append(reasons, l.Reason) }
	})
	for _, row := range []struct {
		name string
		size int
		jar  string // what waits for confirmation before
	}{
		{name: "too large by one", size: chunkBytes - len(pending("", "/")) + 1},
		{name: "of several cookies", size: 2 * chunkBytes},
		{name: "too large for cookies at all", size: 5*chunkBytes + 1},
		{name: "after one that waits", size: 2 * chunkBytes, jar: pending(s.realm.Token(s.george), "/")},
	} {
		reasons = nil
		v := s.signedInAs(t, s.ada)
		if row.jar != "" {
			v.jar[confirmCookie] = &http.Cookie{Value: row.jar, Expires: time.Now().Add(time.Hour)}
		}
		w := v.get("/x?token=" + s.tokenOf(t, s.george, row.size))
		if got := w.Header().Get("Location"); w.Code != 303 || got != "/auth/confirm" {
			t.Errorf("%s: got %d %q, want a page that offers to sign in", row.name, w.Code, got)
		}
		for _, c := range w.Result().Cookies() {
			if c.Value != "" {
				t.Errorf("%s: got cookie %q of %d bytes", row.name, c.Name, len(c.Value))
			}
		}
		if len(reasons) != 1 || reasons[0] != "unsolicited_login" {
			t.Errorf("%s: the Observer heard %q, want an unsolicited login", row.name, reasons)
		}
		if w := v.get("/auth/confirm"); w.Code != 403 || !strings.Contains(w.Body.String(), "There is no sign-in to confirm") || !strings.Contains(w.Body.String(), `href="`+loginLink("/")+`"`) {
			t.Errorf("%s: got %d %q, want a page with a way to sign in", row.name, w.Code, w.Body)
		}
		if w := v.get("/"); !strings.HasPrefix(w.Body.String(), "ada@example.com") {
			t.Errorf("%s: got %q, want Ada to be signed in still", row.name, w.Body)
		}
	}
}

func TestNamesOnTheConfirmation(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	show := func(options ...authrockettest.TokenOption) string {
		r := withCookie(navigate("/auth/confirm"), confirmCookie, pending(s.realm.Token(s.ada, options...), "/"))
		return html.UnescapeString(serve(s.app(), r).Body.String())
	}
	for _, row := range []struct{ name, claim, want string }{
		{name: "as it is", claim: "Ada Lovelace", want: "<bdi>Ada Lovelace</bdi>"},
		{name: "letters of every script", claim: "Ада 愛 عايدة", want: "<bdi>Ада 愛 عايدة</bdi>"},
		{name: "no override of the direction", claim: "Ada\u202egro.live@\u202c", want: "<bdi>Adagro.live@</bdi>"},
		{name: "no isolate", claim: "\u2066Ada\u2069\u2067\u2068", want: "<bdi>Ada</bdi>"},
		{name: "no direction marks", claim: "A\u200ed\u200fa\u061c", want: "<bdi>Ada</bdi>"},
		{name: "nothing that nobody sees", claim: "A\u200bd\ufeff\u00ada\U000e0041", want: "<bdi>Ada</bdi>"},
		{name: "no fillers", claim: "A\u3164d\u115f\u1160a\uffa0", want: "<bdi>Ada</bdi>"},
		{name: "no joiner of letters", claim: "A\u034fda", want: "<bdi>Ada</bdi>"},
		{name: "no braille without dots", claim: "A\u2800da", want: "<bdi>Ada</bdi>"},
		{name: "two marks on a letter", claim: "Tie\u0302\u0301ng", want: "<bdi>Tie\u0302\u0301ng</bdi>"},
		{name: "not more marks than two", claim: "A" + strings.Repeat("\u0489", 70) + "da", want: "<bdi>A\u0489\u0489da</bdi>"},
		{name: "not more marks with what nobody sees between them", claim: "A" + strings.Repeat("\u0301\u200d", 9) + "da", want: "<bdi>A\u0301\u0301da</bdi>"},
		{name: "no control characters", claim: "A\x00d\x1b[31ma\x7f\u0085\u009b", want: "<bdi>Ad[31ma</bdi>"},
		{name: "one line", claim: " Ada\r\n\tLovelace\u2028of\u2029London ", want: "<bdi>Ada Lovelace of London</bdi>"},
		{name: "no markup", claim: "<script>alert(1)</script>", want: "<bdi><script>alert(1)</script></bdi>"}, // unescaped by this test
		{name: "not too long", claim: strings.Repeat("é", 200), want: "<bdi>" + strings.Repeat("é", 79) + "…</bdi>"},
		{name: "nothing but invisible characters", claim: "\u200b\u202e", want: "<dd><bdi>ada@example.com</bdi></dd>\n<dt>Email</dt>"},
		{name: "nothing but fillers", claim: "\u3164\uffa0", want: "<dd><bdi>ada@example.com</bdi></dd>\n<dt>Email</dt>"},
		{name: "nothing but marks", claim: "\u0301 \ufe0f\u0489", want: "<dd><bdi>ada@example.com</bdi></dd>\n<dt>Email</dt>"},
		{name: "nothing but characters without a meaning", claim: "\ue000", want: "<dd><bdi>ada@example.com</bdi></dd>\n<dt>Email</dt>"},
	} {
		t.Run(row.name, func(t *testing.T) {
			if got := show(setClaim("name", row.claim), withoutClaim("preferred_username")); !strings.Contains(got, row.want) {
				t.Errorf("got %q, want %q in it", got, row.want)
			}
		})
	}
	for _, row := range []struct {
		name, email, want string
		options           []authrockettest.TokenOption
	}{
		{name: "a long email is whole", email: strings.Repeat("a", 64) + "@" + strings.Repeat("b.", 80) + "example.com", want: "b.example.com</bdi>"},
		{name: "one that is too long is not shown", email: strings.Repeat("a", 250) + "@example.com", want: "<dt>Email</dt><dd><bdi>…</bdi>"},
		{name: "one that is not verified", email: "ada@example.com", options: []authrockettest.TokenOption{setClaim("email_verified", false)}, want: "<bdi>ada@example.com</bdi></dd>\n<dt>Email verified</dt><dd><bdi>no</bdi>"},
	} {
		t.Run(row.name, func(t *testing.T) {
			if got := show(append(row.options, setClaim("email", row.email))...); !strings.Contains(got, row.want) {
				t.Errorf("got %q, want %q in it", got, row.want)
			}
		})
	}
	t.Run("no name is a heading", func(t *testing.T) {
		got := show(setClaim("name", "Your session ended. Press Continue"))
		if !strings.Contains(got, "<h1>Sign in as this user?</h1>") {
			t.Errorf("got %q, want a heading that nobody chose", got)
		}
	})
	t.Run("markup is escaped", func(t *testing.T) {
		r := withCookie(navigate("/auth/confirm"), confirmCookie, pending(s.realm.Token(s.ada, setClaim("name", `<script>"'`)), "/"))
		if body := serve(s.app(), r).Body.String(); strings.Contains(body, "<script") || strings.Contains(body, `"'`) {
			t.Errorf("got %q", body)
		}
	})
	t.Run("a user of whom nothing is known", func(t *testing.T) {
		got := show(withoutClaim("name"), withoutClaim("email"), withoutClaim("preferred_username"), withoutClaim("orgs"))
		if !strings.Contains(got, "<dt>Name</dt><dd><bdi>"+s.ada.ID+"</bdi>") || strings.Contains(got, "<dt>Account</dt>") || strings.Contains(got, "<dt>Email</dt>") {
			t.Errorf("got %q, want a page all the same", got)
		}
	})
}

func TestTheConfirmationPageIsSafe(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	w := serve(s.app(), withCookie(navigate("/auth/confirm"), confirmCookie, pending(s.realm.Token(s.ada), "/")))
	if body := w.Body.String(); strings.Contains(body, "<script") || strings.Contains(body, "javascript:") {
		t.Errorf("got %q, want no script", body)
	}
	t.Run("the second half of a double click hits no button", func(t *testing.T) {
		for _, want := range []string{"\nform .action{animation:ready .8s step-end}\n", "\n@keyframes ready{from{visibility:hidden}}\n",
			"form:hover .action{animation:ready .8s step-end,armed .8s step-end}", "@keyframes armed{from{pointer-events:none}}"} {
			if !strings.Contains(w.Body.String(), want) {
				t.Errorf("got %q, want %q in it", w.Body, want)
			}
		}
		sum := sha256.Sum256([]byte(styleOf(t, w)))
		if want := "style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"; !strings.Contains(w.Header().Get("Content-Security-Policy"), want) {
			t.Errorf("got %v, want a policy that permits the style: %q", w.Header(), want)
		}
	})
}

func styleOf(t *testing.T, w *httptest.ResponseRecorder) string {
	t.Helper()
	_, rest, ok := strings.Cut(w.Body.String(), "<style>")
	style, _, ok2 := strings.Cut(rest, "</style>")
	if !ok || !ok2 {
		t.Fatalf("got %q, want a style in it", w.Body)
	}
	return style
}

func TestWhatWaitsForConfirmationStaysSmall(t *testing.T) {
	t.Parallel()
	s := newSite(t, largeTokens)
	token := s.realm.Token(s.ada)
	const name = confirmCookie
	// header is the length of the Cookie header beside the waiting login.
	space := func(target string) int { return 6<<10 - len(name) - len(pending(token, target)) - 3 }
	other := func(bytes int) string { return "a=" + strings.Repeat("x", bytes-2) }
	long := "/" + strings.Repeat("x", 199)
	for _, row := range []struct {
		name, target string
		cookies      []string
		kept         string // the target that waits, "" when nothing does
	}{
		{name: "beside no cookies", target: "/x?a=b", kept: "/x?a=b"},
		{name: "up to 6 KiB with the others", cookies: []string{other(space("/x"))}, target: "/x", kept: "/x"},
		{name: "not beyond 6 KiB", cookies: []string{other(space("/x") + 1)}, target: "/x"},
		{name: "not beyond 6 KiB in two lines", cookies: []string{other(space("/x") - 10), other(11)}, target: "/x"},
		{name: "one that is replaced makes room", cookies: []string{name + "=" + pending(s.realm.Token(s.george), "/x"), other(space("/x"))[:space("/x")-100]}, target: "/x", kept: "/x"},
		{name: "a target of 200 bytes", target: long, kept: long},
		{name: "a longer target loses its query", target: "/x?" + strings.Repeat("x", 198), kept: "/x"},
		{name: "a longer path becomes the start page", target: long + "x", kept: "/"},
	} {
		t.Run(row.name, func(t *testing.T) {
			r := navigate(row.target)
			if r.URL.RawQuery != "" {
				r.URL.RawQuery += "&"
			}
			r.URL.RawQuery += "token=" + token
			r.RequestURI = r.URL.RequestURI()
			for _, line := range row.cookies {
				r.Header.Add("Cookie", line)
			}
			w := serve(s.app(), r)
			if got := w.Header().Get("Location"); w.Code != 303 || got != "/auth/confirm" {
				t.Fatalf("got %d %q, want to be asked", w.Code, got)
			}
			c := cookieNamed(w, name)
			switch {
			case row.kept == "" && c != nil && c.Value != "":
				t.Errorf("got a cookie of %d bytes, want none", len(c.Value))
			case row.kept != "" && (c == nil || c.Value != pending(token, row.kept)):
				t.Errorf("got %v, want the target %q", c, row.kept)
			}
		})
	}
	for _, row := range []struct {
		name string
		size int
		kept bool
	}{
		{name: "a value of 3,800 bytes", size: chunkBytes - len(pending("", "/")), kept: true},
		{name: "a larger one", size: chunkBytes - len(pending("", "/")) + 1},
	} {
		t.Run(row.name, func(t *testing.T) {
			c := cookieNamed(serve(s.app(), navigate("/?token="+s.tokenOf(t, s.ada, row.size))), name)
			if (c != nil && c.Value != "") != row.kept {
				t.Errorf("got %v, want one: %t", c, row.kept)
			}
		})
	}
}

func TestConfirmationsAreObserved(t *testing.T) {
	t.Parallel()
	var logins []authrocket.Login
	s := newSite(t, func(c *authrocket.Config) {
		c.Observer.Login = func(_ context.Context, l authrocket.Login) { logins = append(logins, l) }
	})
	back := func(v *visitor) string {
		return redirectURIOf(t, v.get("/auth/login").Header().Get("Location")).RequestURI() + "&token="
	}
	for _, row := range []struct {
		name    string
		user    authrockettest.User // signed in
		come    func(v *visitor, token string)
		started bool
	}{
		{name: "a link", user: authrockettest.User{}, come: func(v *visitor, token string) { v.get("/?token=" + token) }},
		{name: "a link over somebody else", user: s.george, come: func(v *visitor, token string) { v.get("/?token=" + token) }},
		{name: "a login started elsewhere", user: authrockettest.User{}, come: func(v *visitor, token string) { v.get(back(s.visitor(t, "")) + token) }},
		{name: "a started login over somebody else", user: s.george, come: func(v *visitor, token string) { v.get(back(v) + token) }, started: true},
	} {
		logins = nil
		token := s.realm.Token(s.ada)
		v := s.signedInAs(t, row.user)
		row.come(v, token)
		v.get("/auth/confirm")
		v.send(answerOf(token, "continue"))
		if len(logins) != 2 || logins[0].Reason != "unsolicited_login" || logins[1].Err != nil || logins[1].SessionHash() == "" {
			t.Errorf("%s: got %+v, want one that asks and then one that was confirmed", row.name, logins)
			continue
		}
		if logins[0].Started != row.started || logins[1].Started != row.started {
			t.Errorf("%s: got %+v, want started: %t", row.name, logins, row.started)
		}
	}
}

func TestALogoutDropsWhatIsPending(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	w := serve(s.app(), withCookie(request("POST", "/auth/logout"), confirmCookie, pending(s.realm.Token(s.ada), "/")))
	if c := cookieNamed(w, confirmCookie); c == nil || c.MaxAge >= 0 {
		t.Errorf("got %v, want the cookie cleared", c)
	}
}
