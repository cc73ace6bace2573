package authrocket_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"html"
	"net/http"
	"net/http/httptest"
	"regexp"
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
		name   string
		user   authrockettest.User // signed in before
		choice string
		after  string // who is signed in then
		want   string // Location
	}{
		{"nobody, continued", authrockettest.User{}, "continue", "ada@example.com", "/x?a=b"},
		{"nobody, cancelled", authrockettest.User{}, "cancel", "nobody", "/"},
		{"somebody else, continued", s.george, "continue", "ada@example.com", "/x?a=b"},
		{"somebody else, cancelled", s.george, "cancel", "george@example.com", "/"},
	} {
		for _, size := range []int{0, chunkBytes - len(pending("", "/x?a=b"))} {
			t.Run(row.name, func(t *testing.T) {
				t.Parallel()
				token := s.realm.Token(s.ada)
				if size > 0 {
					token = s.tokenOf(t, s.ada, size)
				}
				v := &visitor{t: t, app: s.app()}
				if row.user.ID != "" {
					v.jar = map[string]*http.Cookie{siteCookie: {Value: s.realm.Token(row.user), Expires: time.Now().Add(time.Hour)}}
				}
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
			name    string
			site    *site
			user    authrockettest.User // signed in
			options []authrockettest.TokenOption
			come    func(v *visitor) // with the token of the login
			want    []string
			now     string
		}{
			{"a link", s, authrockettest.User{}, nil, func(v *visitor) { v.get("/x?token=" + s.realm.Token(s.ada)) }, []string{link, only}, ""},
			{"a link to the callback", s, authrockettest.User{}, nil, func(v *visitor) { v.get("/auth/callback?token=" + s.realm.Token(s.ada)) }, []string{link, only}, ""},
			{"started more than an hour ago", s, authrockettest.User{}, nil, func(v *visitor) {
				back := began(v, "/gate/x")
				time.Sleep(time.Hour + time.Second)
				v.get(back + s.realm.Token(s.ada))
			}, []string{elsewhere, only}, ""},
			{"started in another browser or at another address", s, authrockettest.User{}, nil, func(v *visitor) {
				v.get(began(&visitor{t: t, app: s.app()}, "/gate/x") + s.realm.Token(s.ada))
			}, []string{elsewhere, only}, ""},
			{"an app behind a prefix names its address", prefixed, authrockettest.User{}, nil, func(v *visitor) {
				v.get("/auth/callback?ar_state=x&token=" + s.realm.Token(s.ada))
			}, []string{strings.Replace(elsewhere, "example.com", "example.com/app", 1), only}, ""},
			{"another user by a link", s, s.george, nil, func(v *visitor) { v.get("/x?token=" + s.realm.Token(s.ada)) },
				[]string{link, user, only}, "George, george@example.com, Widgets"},
			{"another user, started here", s, s.george, nil, func(v *visitor) { v.get(began(v, "/auth/login") + s.realm.Token(s.ada)) },
				[]string{user, only}, "George, george@example.com, Widgets"},
			{"another user, started elsewhere", s, s.george, nil, func(v *visitor) { v.get("/auth/callback?ar_state=x&token=" + s.realm.Token(s.ada)) },
				[]string{elsewhere, user, only}, "George, george@example.com, Widgets"},
			{"another account by a link", s, s.ada, []authrockettest.TokenOption{inWidgets}, func(v *visitor) { v.get("/x?token=" + s.realm.Token(s.ada)) },
				[]string{link, account, only}, "Ada, ada@example.com, Widgets"},
			{"another account, started here", s, s.ada, []authrockettest.TokenOption{inWidgets}, func(v *visitor) { v.get(began(v, "/auth/login") + s.realm.Token(s.ada)) },
				[]string{account, only}, "Ada, ada@example.com, Widgets"},
			{"who was signed in has signed out meanwhile", s, s.george, nil, func(v *visitor) {
				v.get(began(v, "/auth/login") + s.realm.Token(s.ada))
				delete(v.jar, siteCookie)
			}, []string{only}, ""},
		} {
			v := &visitor{t: t, app: row.site.app()}
			if row.user.ID != "" {
				v.jar = map[string]*http.Cookie{siteCookie: {Value: s.realm.Token(row.user, row.options...), Expires: time.Now().Add(24 * time.Hour)}}
			}
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

var (
	paragraph = regexp.MustCompile(`<p>(.*?)</p>`)
	factPair  = regexp.MustCompile(`<dt>(.*?)</dt><dd><bdi>(.*?)</bdi></dd>`)
)

func TestWhoMayConfirm(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(c *authrocket.Config) { c.TrustedOrigins = []string{"https://friend.example"} })
	const in, refused = 303, 403
	for _, row := range []struct {
		name    string
		headers []string
		status  int
	}{
		{"our own page", nil, in},
		{"our own page in a browser without fetch metadata", []string{"Sec-Fetch-Site: "}, in},
		{"another site", []string{"Sec-Fetch-Site: cross-site", "Origin: https://evil.example"}, refused},
		{"another site in a browser without fetch metadata", []string{"Sec-Fetch-Site: ", "Origin: https://evil.example"}, refused},
		{"a sibling subdomain", []string{"Sec-Fetch-Site: same-site", "Origin: https://other.example.com"}, refused},
		{"another port", []string{"Sec-Fetch-Site: ", "Origin: https://example.com:8443"}, refused},
		{"http of our host", []string{"Sec-Fetch-Site: ", "Origin: http://example.com"}, refused},
		{"a trusted origin", []string{"Sec-Fetch-Site: cross-site", "Origin: https://friend.example"}, refused},
		{"a trusted origin in a browser without fetch metadata", []string{"Sec-Fetch-Site: ", "Origin: https://friend.example"}, refused},
		{"our own page that does not tell its origin in a browser with fetch metadata", []string{"Origin: null"}, in},
		{"another page of an origin in our words", []string{"Sec-Fetch-Site: same-site"}, refused},
		{"a frame of this app in another site's page", []string{"Sec-Fetch-Site: cross-site"}, refused},
		{"an origin in capitals", []string{"Sec-Fetch-Site: ", "Origin: HTTPS://EXAMPLE.COM"}, refused},
		{"an origin with a slash", []string{"Sec-Fetch-Site: ", "Origin: https://example.com/"}, refused},
		{"no page at all", []string{"Sec-Fetch-Site: none"}, refused},
		{"a sandbox", []string{"Sec-Fetch-Site: ", "Origin: null"}, refused},
		{"a program that says nothing", []string{"Sec-Fetch-Site: ", "Origin: "}, refused},
		{"a prefetch", []string{"Sec-Purpose: prefetch"}, 401},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
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
		t.Parallel()
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
		{"the token shown", answerOf(ada, "continue"), true},
		{"another token came in between", answerOf(george, "continue"), false},
		{"another token came in between, cancelled", answerOf(george, "cancel"), false},
		{"no choice", answerOf(ada, ""), false},
		{"another choice", answerOf(ada, "Continue"), false},
		{"no body", body(""), false},
		{"no hash", body("choice=continue"), false},
		{"an empty hash", body("choice=continue&token_sha256="), false},
		{"part of a hash", body("choice=continue&token_sha256=" + hashOf(ada)[:32]), false},
		{"a hash in capitals", body("choice=continue&token_sha256=" + strings.ToUpper(hashOf(ada))), false},
		{"a form that is too long", body(fields + "&choice=continue&x=" + strings.Repeat("x", 8<<10)), false},
		{"a form that is broken", body(fields + "&choice=continue&%zz"), false},
		{"JSON", func() *http.Request {
			r := body(fields + "&choice=continue")
			r.Header.Set("Content-Type", "application/json")
			return r
		}(), false},
		{"everything in the query", func() *http.Request { r := body(""); r.URL.RawQuery = fields + "&choice=continue"; return r }(), false},
		{"the hash in the query", func() *http.Request { r := body("choice=continue"); r.URL.RawQuery = fields; return r }(), false},
		{"the choice in the query", func() *http.Request { r := body(fields); r.URL.RawQuery = "choice=continue"; return r }(), false},
		{"the same fields by GET", navigate("/auth/confirm?" + fields + "&choice=continue"), false},
		{"HEAD", request("HEAD", "/auth/confirm?"+fields+"&choice=continue"), false},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
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
		t.Parallel()
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
			name, cookie string
			status       int
			want         string
		}{
			{"expired", pending(s.realm.Token(s.ada, authrockettest.ExpiresIn(-time.Hour)), "/x"), 401, "Clock of this server"},
			{"forged", pending(forged(ada), "/x"), 401, "bad_signature"},
			{"of another realm", pending(stranger.realm.Token(stranger.ada), "/x"), 401, "wrong_realm"},
			{"no token", pending("x", "/x"), 401, "token_malformed"},
			{"an empty token", pending("", "/x"), 401, "no_token"},
			{"cut off", pending(ada, "/x")[:200] + ".link.Lw", 401, "token_malformed"},
			{"without a reason and a target", ada, 401, "token_malformed"},
			{"a target that is not encoded", ada + "./x", 403, "There is no sign-in to confirm"},
			{"no dot", "x", 403, "There is no sign-in to confirm"},
			{"nothing", "", 403, "There is no sign-in to confirm"},
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
		t.Parallel()
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
		t.Parallel()
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
		{"too large by one", chunkBytes - len(pending("", "/")) + 1, ""},
		{"of several cookies", 2 * chunkBytes, ""},
		{"too large for cookies at all", 5*chunkBytes + 1, ""},
		{"after one that waits", 2 * chunkBytes, pending(s.realm.Token(s.george), "/")},
	} {
		reasons = nil
		v := &visitor{t: t, app: s.app(), jar: map[string]*http.Cookie{siteCookie: {Value: s.realm.Token(s.ada), Expires: time.Now().Add(time.Hour)}}}
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
	for _, row := range []struct {
		name, claim, want string
	}{
		{"as it is", "Ada Lovelace", "<bdi>Ada Lovelace</bdi>"},
		{"letters of every script", "Ада 愛 عايدة", "<bdi>Ада 愛 عايدة</bdi>"},
		{"no override of the direction", "Ada\u202egro.live@\u202c", "<bdi>Adagro.live@</bdi>"},
		{"no isolate", "\u2066Ada\u2069\u2067\u2068", "<bdi>Ada</bdi>"},
		{"no direction marks", "A\u200ed\u200fa\u061c", "<bdi>Ada</bdi>"},
		{"nothing that nobody sees", "A\u200bd\ufeff\u00ada\U000e0041", "<bdi>Ada</bdi>"},
		{"no fillers", "A\u3164d\u115f\u1160a\uffa0", "<bdi>Ada</bdi>"},
		{"no joiner of letters", "A\u034fda", "<bdi>Ada</bdi>"},
		{"no braille without dots", "A\u2800da", "<bdi>Ada</bdi>"},
		{"two marks on a letter", "Tie\u0302\u0301ng", "<bdi>Tie\u0302\u0301ng</bdi>"},
		{"not more marks than two", "A" + strings.Repeat("\u0489", 70) + "da", "<bdi>A\u0489\u0489da</bdi>"},
		{"not more marks with what nobody sees between them", "A" + strings.Repeat("\u0301\u200d", 9) + "da", "<bdi>A\u0301\u0301da</bdi>"},
		{"no control characters", "A\x00d\x1b[31ma\x7f\u0085\u009b", "<bdi>Ad[31ma</bdi>"},
		{"one line", " Ada\r\n\tLovelace\u2028of\u2029London ", "<bdi>Ada Lovelace of London</bdi>"},
		{"no markup", "<script>alert(1)</script>", "<bdi><script>alert(1)</script></bdi>"}, // unescaped by this test
		{"not too long", strings.Repeat("é", 200), "<bdi>" + strings.Repeat("é", 79) + "…</bdi>"},
		{"nothing but invisible characters", "\u200b\u202e", "<dd><bdi>ada@example.com</bdi></dd>\n<dt>Email</dt>"},
		{"nothing but fillers", "\u3164\uffa0", "<dd><bdi>ada@example.com</bdi></dd>\n<dt>Email</dt>"},
		{"nothing but marks", "\u0301 \ufe0f\u0489", "<dd><bdi>ada@example.com</bdi></dd>\n<dt>Email</dt>"},
		{"nothing but characters without a meaning", "\ue000", "<dd><bdi>ada@example.com</bdi></dd>\n<dt>Email</dt>"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			if got := show(setClaim("name", row.claim), withoutClaim("preferred_username")); !strings.Contains(got, row.want) {
				t.Errorf("got %q, want %q in it", got, row.want)
			}
		})
	}
	for _, row := range []struct {
		name, email string
		options     []authrockettest.TokenOption
		want        string
	}{
		{"a long email is whole", strings.Repeat("a", 64) + "@" + strings.Repeat("b.", 80) + "example.com", nil, "b.example.com</bdi>"},
		{"one that is too long is not shown", strings.Repeat("a", 250) + "@example.com", nil, "<dt>Email</dt><dd><bdi>…</bdi>"},
		{"one that is not verified", "ada@example.com", []authrockettest.TokenOption{setClaim("email_verified", false)}, "<bdi>ada@example.com</bdi></dd>\n<dt>Email verified</dt><dd><bdi>no</bdi>"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			if got := show(append(row.options, setClaim("email", row.email))...); !strings.Contains(got, row.want) {
				t.Errorf("got %q, want %q in it", got, row.want)
			}
		})
	}
	t.Run("no name is a heading", func(t *testing.T) {
		t.Parallel()
		got := show(setClaim("name", "Your session ended. Press Continue"))
		if !strings.Contains(got, "<h1>Sign in as this user?</h1>") {
			t.Errorf("got %q, want a heading that nobody chose", got)
		}
	})
	t.Run("markup is escaped", func(t *testing.T) {
		t.Parallel()
		r := withCookie(navigate("/auth/confirm"), confirmCookie, pending(s.realm.Token(s.ada, setClaim("name", `<script>"'`)), "/"))
		if body := serve(s.app(), r).Body.String(); strings.Contains(body, "<script") || strings.Contains(body, `"'`) {
			t.Errorf("got %q", body)
		}
	})
	t.Run("a user of whom nothing is known", func(t *testing.T) {
		t.Parallel()
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
	h := w.Header()
	csp := h.Get("Content-Security-Policy")
	for _, want := range []string{"default-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"} {
		if !strings.Contains(csp+";", want+";") {
			t.Errorf("Content-Security-Policy: got %q, want %q in it", csp, want)
		}
	}
	if strings.Contains(csp, "form-action") {
		t.Errorf("Content-Security-Policy: got %q, want nothing that holds the redirects after the form", csp)
	}
	for name, want := range map[string]string{
		"Cache-Control": "no-store", "X-Frame-Options": "DENY", "Referrer-Policy": "same-origin", "X-Content-Type-Options": "nosniff",
		"Content-Type": "text/html; charset=utf-8", "Cross-Origin-Opener-Policy": "same-origin",
	} {
		if got := h.Get(name); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	if body := w.Body.String(); strings.Contains(body, "<script") || strings.Contains(body, "javascript:") {
		t.Errorf("got %q, want no script", body)
	}
	t.Run("a page without a form permits none", func(t *testing.T) {
		t.Parallel()
		if csp := serve(s.app(), navigate("/auth/confirm")).Header().Get("Content-Security-Policy"); !strings.Contains(csp, "form-action 'none'") {
			t.Errorf("got %q", csp)
		}
	})
	t.Run("the second half of a double click hits no button", func(t *testing.T) {
		t.Parallel()
		for _, want := range []string{"\nform .action{animation:ready .8s step-end}\n", "\n@keyframes ready{from{visibility:hidden}}\n",
			"form:hover .action{animation:ready .8s step-end,armed .8s step-end}", "@keyframes armed{from{pointer-events:none}}"} {
			if !strings.Contains(w.Body.String(), want) {
				t.Errorf("got %q, want %q in it", w.Body, want)
			}
		}
		sum := sha256.Sum256([]byte(styleOf(t, w)))
		if want := "style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"; !strings.Contains(csp, want) {
			t.Errorf("got %q, want a policy that permits the style: %q", csp, want)
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
		name    string
		cookies []string
		target  string
		kept    string // the target that waits, "" when nothing does
	}{
		{"beside no cookies", nil, "/x?a=b", "/x?a=b"},
		{"up to 6 KiB with the others", []string{other(space("/x"))}, "/x", "/x"},
		{"not beyond 6 KiB", []string{other(space("/x") + 1)}, "/x", ""},
		{"not beyond 6 KiB in two lines", []string{other(space("/x") - 10), other(11)}, "/x", ""},
		{"one that is replaced makes room", []string{name + "=" + pending(s.realm.Token(s.george), "/x"), other(space("/x"))[:space("/x")-100]}, "/x", "/x"},
		{"a target of 200 bytes", nil, long, long},
		{"a longer target loses its query", nil, "/x?" + strings.Repeat("x", 198), "/x"},
		{"a longer path becomes the start page", nil, long + "x", "/"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
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
		{"a value of 3,800 bytes", chunkBytes - len(pending("", "/")), true},
		{"a larger one", chunkBytes - len(pending("", "/")) + 1, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
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
		{"a link", authrockettest.User{}, func(v *visitor, token string) { v.get("/?token=" + token) }, false},
		{"a link over somebody else", s.george, func(v *visitor, token string) { v.get("/?token=" + token) }, false},
		{"a login started elsewhere", authrockettest.User{}, func(v *visitor, token string) { v.get(back(&visitor{t: t, app: s.app()}) + token) }, false},
		{"a started login over somebody else", s.george, func(v *visitor, token string) { v.get(back(v) + token) }, true},
	} {
		logins = nil
		token := s.realm.Token(s.ada)
		v := &visitor{t: t, app: s.app()}
		if row.user.ID != "" {
			v.jar = map[string]*http.Cookie{siteCookie: {Value: s.realm.Token(row.user), Expires: time.Now().Add(time.Hour)}}
		}
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
