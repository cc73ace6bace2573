package authrocket_test

import (
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/authrockettest"
	"github.com/authrocket-go/authrocket/internal/loginstate"
)

func TestSessionCookie(t *testing.T) {
	t.Parallel()
	const host = "__Host-arToken=; Path=/; Expires=EXP; Max-Age=5400; HttpOnly; Secure; SameSite=Lax"
	for _, row := range []struct {
		name   string
		change func(*authrocket.Config)
		want   string // without the value
	}{
		{name: "https", change: func(c *authrocket.Config) {}, want: host},
		{name: "http on loopback", change: func(c *authrocket.Config) { c.AppURL = "http://127.0.0.1:8080" }, want: "arToken=; Path=/; Expires=EXP; Max-Age=5400; HttpOnly; SameSite=Lax"},
		{name: "http elsewhere", change: func(c *authrocket.Config) { c.AppURL, c.DangerouslyAllowHTTPAppURL = "http://example.com", true }, want: "arToken=; Path=/; Expires=EXP; Max-Age=5400; HttpOnly; SameSite=Lax"},
		{name: "a name of the app's own", change: func(c *authrocket.Config) { c.CookieName = "mine" }, want: "mine=; Path=/; Expires=EXP; Max-Age=5400; HttpOnly; Secure; SameSite=Lax"},
		{name: "a path prefix does not narrow the path", change: func(c *authrocket.Config) { c.AppURL = "https://example.com/app" }, want: host},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newSite(t, row.change)
				b, _ := start(t, s.app(), navigate("/gate/"))
				token := s.realm.Token(s.ada, authrockettest.ExpiresIn(90*time.Minute))
				// The callback is behind the proxy that strips the prefix.
				b.back.Path = strings.TrimPrefix(b.back.Path, "/app")
				w := serve(s.app(), b.land(token))
				want := strings.ReplaceAll(row.want, "EXP", time.Now().Add(90*time.Minute).UTC().Format(http.TimeFormat))
				want = strings.Replace(want, "=;", "="+token+";", 1)
				set := w.Header()["Set-Cookie"]
				if len(set) != 3 || set[2] != want {
					t.Errorf("got %q, want the count, the state cleared, and then %q", set, want)
				}
			})
		})
	}
	t.Run("a token at its end is kept for a minute, so that the page can say so", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := newSite(t)
			b, _ := start(t, s.app(), navigate("/gate/"))
			w := serve(s.app(), b.land(s.realm.Token(s.ada, authrockettest.ExpiresIn(-4*time.Second))))
			if c := cookieNamed(w, siteCookie); c == nil || c.MaxAge != 60 {
				t.Errorf("got %v, want Max-Age 60", c)
			}
		})
	})
}

func TestBrokenCookiesAreClearedAtGates(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		old := s.realm.KeyID()
		s.realm.RotateKeys()
		s.realm.WithdrawKey(old)
		down := newColdSite(t)
		down.realm.Break(authrockettest.Status(500))

		cookie := func(value string, r *http.Request) *http.Request { return withCookie(r, siteCookie, value) }
		token := s.realm.Token(s.ada)
		for _, row := range []struct {
			name    string
			site    *site
			request *http.Request
			status  int
			cleared bool
		}{
			{name: "an expired one, navigation", site: s, request: s.as(s.ada, navigate("/gate/"), authrockettest.ExpiresIn(-time.Hour)), status: 303, cleared: true},
			{name: "an expired one, program", site: s, request: s.as(s.ada, request("GET", "/gate/"), authrockettest.ExpiresIn(-time.Hour)), status: 401, cleared: true},
			{name: "a forged one", site: s, request: cookie(forged(token), navigate("/gate/")), status: 303, cleared: true},
			{name: "a malformed one", site: s, request: cookie("x", navigate("/gate/")), status: 303, cleared: true},
			{name: "an expired one in a frame", site: s, request: s.as(s.ada, navigate("/gate/", "Sec-Fetch-Dest: iframe"), authrockettest.ExpiresIn(-time.Hour)), status: 401, cleared: true},
			{name: "not on an open route", site: s, request: cookie(forged(token), navigate("/")), status: 200},
			{name: "not when none came", site: s, request: navigate("/gate/"), status: 303},
			{name: "not one that is not valid yet", site: s, request: s.as(s.ada, navigate("/gate/"), authrockettest.ClockSkew(time.Hour)), status: 303},
			{name: "not one that is not valid yet, of a program", site: s, request: s.as(s.ada, request("GET", "/gate/"), setClaim("nbf", time.Now().Add(time.Hour).Unix())), status: 401},
			{name: "not one that is not valid yet behind an expired one", site: s, request: cookie(s.realm.Token(s.ada, authrockettest.ClockSkew(time.Hour)),
				s.as(s.ada, navigate("/gate/"), authrockettest.ExpiresIn(-time.Hour))), status: 303},
			{name: "not with an unknown key", site: s, request: s.as(s.ada, navigate("/gate/"), authrockettest.SignedBy(old)), status: 303},
			{name: "not with an unknown key behind an expired one", site: s, request: cookie(s.realm.Token(s.ada, authrockettest.SignedBy(old)),
				s.as(s.ada, navigate("/gate/"), authrockettest.ExpiresIn(-time.Hour))), status: 303},
			{name: "not of two users", site: s, request: s.as(s.george, s.as(s.ada, navigate("/gate/"))), status: 401},
			{name: "not while undecided", site: down, request: down.as(down.ada, navigate("/gate/")), status: 503},
			{name: "not for a missing permission", site: s, request: s.as(s.george, navigate("/billing")), status: 403},
			{name: "not for a cross-site request", site: s, request: s.as(s.ada, request("POST", "/gate/", "Sec-Fetch-Site: cross-site")), status: 403},
			{name: "not for a broken bearer token", site: s, request: s.as(s.ada, request("GET", "/gate/", "Authorization: Bearer x")), status: 401},
			{name: "not on a prefetch", site: s, request: cookie("x", navigate("/gate/", "Sec-Purpose: prefetch")), status: 401},
		} {
			w := serve(row.site.app(), row.request)
			if w.Code != row.status || isCleared(w) != row.cleared {
				t.Errorf("%s: got %d, cleared %t, want %d, %t", row.name, w.Code, isCleared(w), row.status, row.cleared)
			}
		}
		{
			w := serve(s.app(), cookie("x", request("GET", "/gate/")))
			const want = siteCookie + "=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Lax"
			if got := w.Header()["Set-Cookie"]; len(got) != 1 || got[0] != want {
				t.Errorf("got %q, want %q", got, want)
			}
		}
	})
}

func TestStateCookie(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name, prefix string
		change       func(*authrocket.Config)
		secure       bool
	}{
		{name: "https", change: func(c *authrocket.Config) {}, prefix: statePrefix, secure: true},
		{name: "http", change: func(c *authrocket.Config) { c.AppURL = "http://localhost:8080" }, prefix: "arToken-state-"},
		{name: "a name of the app's own on https", change: func(c *authrocket.Config) { c.CookieName = "mine" }, prefix: "__Host-mine~state-", secure: true},
		{name: "the default name without its prefix on https", change: func(c *authrocket.Config) { c.CookieName = "arToken" }, prefix: "__Host-arToken~state-", secure: true},
		{name: "a __Secure- name", change: func(c *authrocket.Config) { c.CookieName = "__Secure-mine" }, prefix: "__Host-__Secure-mine~state-", secure: true},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := newSite(t, row.change)
			b, w := start(t, s.app(), navigate("/gate/deep?a=b"))
			c := b.cookie
			if !strings.HasPrefix(c.Name, row.prefix) || c.Path != "/" || c.Domain != "" || !c.HttpOnly || c.Secure != row.secure ||
				c.SameSite != http.SameSiteLaxMode || c.MaxAge != 60*60 {
				t.Errorf("got %q", c.Raw)
			}
			if n := len(w.Header()["Set-Cookie"]); n != 1 {
				t.Errorf("got %d cookies, want 1", n)
			}
			if n := len(c.Name) - len(row.prefix) + len(c.Value); n > 40 || strings.Contains(c.Value, "gate") {
				t.Errorf("got %q, want an ID and a secret and no target", c.Raw)
			}
			back := *b.back
			back.RawQuery = ""
			if !strings.HasSuffix(back.String(), "/auth/callback") || strings.Contains(b.state, "gate") || len(b.back.Query()) != 1 {
				t.Errorf("redirect_uri: got %q, want the callback and a state that shows nothing", b.back)
			}
		})
	}
}

// Every cookie beside the session's has a name made from CookieName.
func TestDerivedNamesOfTwoAuthsDiffer(t *testing.T) {
	t.Parallel()
	// derived are the prefixes of the names that an Auth sets.
	derived := func(t *testing.T, s *site) []string {
		v := s.visitor(t, "")
		b, _ := start(t, v.app, navigate("/gate/"))
		v.send(b.land(s.realm.Token(s.ada)))
		v.jar = nil
		v.get("/x?token=" + s.realm.Token(s.ada))
		names := []string{b.cookie.Name[:len(b.cookie.Name)-8]}
		for name := range v.jar {
			names = append(names, name)
		}
		v.get("/gate/")
		b, _ = start(t, v.app, navigate("/gate/"))
		for _, c := range serve(v.app, b.land(s.realm.Token(s.ada))).Result().Cookies() {
			if c.MaxAge > 0 && c.Value != "" {
				names = append(names, c.Name)
			}
		}
		return names
	}
	one := newSite(t)
	two := &site{realm: one.realm, ada: one.ada, auth: one.newAuth(t, func(c *authrocket.Config) { c.CookieName = "arToken" })}
	first, second := derived(t, one), derived(t, two)
	if len(first) != 4 || len(second) != 4 {
		t.Fatalf("got %q and %q, want a state, a confirmation, a count and a session each", first, second)
	}
	for _, name := range first {
		if slices.Contains(second, name) {
			t.Errorf("both set %q", name)
		}
	}
}

// domainBrowser keeps cookies by their domain, as browsers do.
type domainBrowser struct {
	t   *testing.T
	app http.Handler
	url *url.URL
	jar *cookiejar.Jar
	set int // the most bytes of Set-Cookie headers that clear, in one answer
}

func newDomainBrowser(t *testing.T, app http.Handler, appURL string) *domainBrowser {
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(appURL)
	if err != nil {
		t.Fatal(err)
	}
	return &domainBrowser{t: t, app: app, url: u, jar: jar}
}

func (b *domainBrowser) send(r *http.Request) *httptest.ResponseRecorder {
	b.t.Helper()
	for _, c := range b.jar.Cookies(b.url) {
		r.AddCookie(c)
	}
	r.Host = b.url.Host
	w := serve(b.app, r)
	bytes := 0
	for _, c := range w.Result().Cookies() {
		if c.Value == "" {
			bytes += len("Set-Cookie: \r\n") + len(c.Raw)
		}
	}
	b.set = max(b.set, bytes)
	b.jar.SetCookies(b.url, w.Result().Cookies())
	return w
}

// login goes through LoginRocket, which answers with the token.
func (b *domainBrowser) login(target, token string) *httptest.ResponseRecorder {
	b.t.Helper()
	w := b.send(navigate(target, "Sec-Fetch-Site: same-origin"))
	back := redirectURIOf(b.t, w.Header().Get("Location"))
	return b.send(navigate(started{back: back}.callback(token), "Sec-Fetch-Site: cross-site"))
}

func (b *domainBrowser) values(name string) (values []string) {
	for _, c := range b.jar.Cookies(b.url) {
		if c.Name == name {
			values = append(values, c.Value)
		}
	}
	return values
}

// Another middleware has left session cookies with a Domain, under a name that
// this one has taken over.
func TestCookiesWithADomain(t *testing.T) {
	t.Parallel()
	const name = "arToken"
	for _, row := range []struct {
		name, appURL string
		domains      []string
		cleared      bool
	}{
		{name: "the parent", appURL: "https://app.example.com", domains: []string{"example.com"}, cleared: true},
		{name: "the host itself", appURL: "https://app.example.com", domains: []string{"app.example.com"}, cleared: true},
		{name: "the host itself, without a parent that has a dot", appURL: "https://example.com", domains: []string{"example.com"}, cleared: true},
		{name: "a host with a port", appURL: "https://app.example.com:8443", domains: []string{"example.com"}, cleared: true},
		{name: "a deep host", appURL: "https://a.b.c.d.e.example.com", domains: []string{"a.b.c.d.e.example.com", "c.d.e.example.com", "example.com"}, cleared: true},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := newSite(t, func(c *authrocket.Config) { c.AppURL, c.CookieName = row.appURL, name })
			ada, george := s.realm.Token(s.ada), s.realm.Token(s.george)
			browse := func(t *testing.T, token string) *domainBrowser {
				b := newDomainBrowser(t, s.app(), row.appURL)
				for _, domain := range row.domains {
					b.jar.SetCookies(b.url, []*http.Cookie{{Name: name, Value: token, Path: "/", Domain: domain, MaxAge: 3600}})
				}
				if n := len(b.values(name)); n != len(row.domains) {
					t.Fatalf("the browser keeps %d cookies, want %d", n, len(row.domains))
				}
				return b
			}
			t.Run("a logout ends all of them", func(t *testing.T) {
				for _, local := range []string{"", "?local=1"} {
					b := browse(t, ada)
					b.login("/auth/accounts", s.realm.Token(s.ada))
					if w := b.send(navigate("/gate/")); w.Code != 200 {
						t.Fatalf("signed in: got %d %q", w.Code, w.Body)
					}
					b.send(request("POST", "/auth/logout"+local, "Sec-Fetch-Site: same-origin"))
					if got := b.values(name); len(got) != 0 {
						t.Errorf("%d session cookies are left", len(got))
					}
				}
			})
			t.Run("a login beside a cookie of its own clears the others", func(t *testing.T) {
				b := browse(t, ada)
				b.jar.SetCookies(b.url, []*http.Cookie{{Name: name, Value: ada, Path: "/", MaxAge: 3600}})
				b.login("/auth/login?prompt=login", george)
				if got := b.values(name); len(got) != 1 || got[0] != george {
					t.Errorf("got %d session cookies, want George's alone", len(got))
				}
			})
			t.Run("a change of user has a way out", func(t *testing.T) {
				b := browse(t, ada)
				w := b.login("/auth/login?prompt=login", george)
				if w.Code != 303 {
					t.Fatalf("got %d %q, want a login", w.Code, w.Body)
				}
				// One cookie does not tell whether it has a Domain.
				if len(b.values(name)) > 1 {
					w = b.send(navigate("/gate/"))
					if w.Code != 401 || !strings.Contains(w.Body.String(), `method="post" action="/auth/logout?local=1&amp;return_to=%2Fgate%2F"`) {
						t.Fatalf("got %d %q, want a page with a button that signs out", w.Code, w.Body)
					}
					b.send(request("POST", "/auth/logout?local=1&return_to=/gate/", "Sec-Fetch-Site: same-origin"))
					b.login("/gate/", george)
				}
				if w := b.send(navigate("/gate/")); w.Code != 200 || !strings.HasPrefix(w.Body.String(), "george@") {
					t.Errorf("got %d %q, want George", w.Code, w.Body)
				}
				if got := b.values(name); len(got) != 1 {
					t.Errorf("got %d session cookies, want 1", len(got))
				}
				if b.set > 2<<10 {
					t.Errorf("an answer cleared cookies in %d bytes, want 2 KiB at most", b.set)
				}
			})
		})
	}
}

func TestClearingDomainsIsShort(t *testing.T) {
	t.Parallel()
	clears := func(t *testing.T, r *http.Request, changes ...func(*authrocket.Config)) (domains []string, bytes int) {
		s := newSite(t, changes...)
		for _, line := range serve(s.app(), r).Header()["Set-Cookie"] {
			bytes += len("Set-Cookie: \r\n") + len(line)
			if _, domain, ok := strings.Cut(line, "; Domain="); ok {
				domain, _, _ = strings.Cut(domain, ";")
				name, _, _ := strings.Cut(line, "=")
				domains = append(domains, name+" "+domain)
			}
		}
		return domains, bytes
	}
	at := func(appURL, name string) func(*authrocket.Config) {
		return func(c *authrocket.Config) {
			c.AppURL, c.CookieName = appURL, name
			c.DangerouslyAllowHTTPAppURL = strings.HasPrefix(appURL, "http:")
		}
	}
	logout := func(names ...string) *http.Request {
		r := request("POST", "/auth/logout")
		for _, name := range names {
			withCookie(r, name, "x")
		}
		return r
	}
	for _, row := range []struct {
		name    string
		request *http.Request
		change  func(*authrocket.Config)
		want    []string
	}{
		{name: "the host and its parents", request: logout("arToken"), change: at("https://a.example.com", "arToken"), want: []string{"arToken a.example.com", "arToken example.com"}},
		{name: "each chunk that came", request: logout("arToken", "arToken.1", "arToken.3"), change: at("https://example.com", "arToken"), want: []string{"arToken example.com", "arToken.1 example.com", "arToken.3 example.com"}},
		{name: "not names that did not come", request: logout("arToken-other"), change: at("https://example.com", "arToken")},
		{name: "not of a name with the __Host- prefix", request: logout(siteCookie), change: at("https://a.example.com", siteCookie)},
		{name: "of a name with the __Secure- prefix", request: logout("__Secure-x"), change: at("https://example.com", "__Secure-x"), want: []string{"__Secure-x example.com"}},
		{name: "not of an IPv4 address", request: logout("arToken"), change: at("http://192.0.2.1:8080", "arToken")},
		{name: "not of an IPv6 address", request: logout("arToken"), change: at("http://[2001:db8::1]:8080", "arToken")},
		{name: "not of a host without a dot", request: logout("arToken"), change: at("http://localhost:8080", "arToken")},
	} {
		t.Run(row.name, func(t *testing.T) {
			if got, _ := clears(t, row.request, row.change); !slices.Equal(got, row.want) {
				t.Errorf("got %q, want %q", got, row.want)
			}
		})
	}
	t.Run("a deep host and all chunks", func(t *testing.T) {
		deep := "https://" + strings.Repeat("label.", 20) + "example.com"
		all := logout("arToken", "arToken.1", "arToken.2", "arToken.3", "arToken.4")
		if got, bytes := clears(t, all, at(deep, "arToken")); len(got) == 0 || bytes > 4<<10 {
			t.Errorf("got %d cookies in %d bytes, want 4 KiB at most", len(got), bytes)
		}
	})
	t.Run("a login with one cookie clears none", func(t *testing.T) {
		s := newSite(t, at("https://a.example.com", "arToken"))
		b, _ := start(t, s.app(), navigate("/gate/"))
		w := serve(s.app(), withCookie(b.land(s.realm.Token(s.ada)), "arToken", "x"))
		if set := strings.Join(w.Header()["Set-Cookie"], "\n"); w.Code != 303 || strings.Contains(set, "Domain=") {
			t.Errorf("got %d %q, want no Domain", w.Code, set)
		}
	})
}

// A compressed header of a few hundred bytes may unpack to a megabyte of cookies.
func TestFewCookiesAreLookedAt(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	session := siteCookie + "=" + s.realm.Token(s.ada)
	for _, row := range []struct{ name, before, want string }{
		{name: "behind 60 KB of other cookies it counts", before: strings.Repeat("a;", 30_000), want: "ada@example.com"},
		{name: "behind 64 KB of other cookies it does not", before: strings.Repeat("a;", 32_768), want: "nobody"},
		{name: "behind 64 KB on another line it does not", before: strings.Repeat("a;", 32_768) + "\n", want: "nobody"},
		{name: "behind 199 names that begin alike it counts", before: strings.Repeat(siteCookie+"x=1;", 199), want: "ada@example.com"},
		{name: "behind 200 names that begin alike it does not", before: strings.Repeat(siteCookie+"x=1;", 200), want: "nobody"},
	} {
		t.Run(row.name, func(t *testing.T) {
			r := navigate("/")
			r.Header["Cookie"] = strings.Split(row.before+session, "\n")
			if w := serve(s.app(), r); !strings.HasPrefix(w.Body.String(), row.want+" ") {
				t.Errorf("got %q, want %s", w.Body, row.want)
			}
		})
	}
}

func TestManyStatesCostLittle(t *testing.T) {
	s := newSite(t)
	r := navigate("/auth/login")
	secret := loginstate.NewSecret(false)
	for range 2_990 {
		withCookie(r, statePrefix+secret.ID, secret.Value())
	}
	r.Header["Cookie"] = []string{strings.Join(r.Header["Cookie"], "; ")}
	if got := testing.AllocsPerRun(10, func() { serve(s.app(), r) }); got > 1_500 {
		t.Errorf("got %v allocations, want fewer than there are cookies", got)
	}
}

// One cookie of another name, which a sibling subdomain or a page that keeps the
// landing URL in a cookie can set, hides the session.
func TestOneCookieOfAnotherNameHidesNoSession(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	name200 := "x=" + strings.Repeat(siteCookie, 200)
	for _, row := range []struct{ name, before string }{
		{name: "the name in one value", before: name200},
		{name: "behind an equals sign", before: "x=" + strings.Repeat("="+siteCookie, 200)},
	} {
		t.Run(row.name, func(t *testing.T) {
			if len(row.before) > 4096 {
				t.Fatalf("%d bytes are no single cookie", len(row.before))
			}
			r := navigate("/gate/", "Cookie: "+row.before+"; "+siteCookie+"="+s.realm.Token(s.ada))
			if w := serve(s.app(), r); w.Code != 200 {
				t.Errorf("gate: got %d %q, want ada's page", w.Code, w.Header().Get("Location"))
			}
			b, _ := start(t, s.app(), navigate("/gate/"))
			r = navigate(b.callback(s.realm.Token(s.ada)), "Sec-Fetch-Site: cross-site", "Cookie: "+row.before+"; "+b.cookie.Name+"="+b.cookie.Value)
			if got := serve(s.app(), r).Header().Get("Location"); got != "/gate/" {
				t.Errorf("callback: got %q, want /gate/", got)
			}
		})
	}
	t.Run("a short name among ordinary values", func(t *testing.T) {
		short := newSite(t, func(c *authrocket.Config) { c.CookieName = "s" })
		r := navigate("/gate/", "Cookie: consent="+strings.Repeat("yes.", 210)+"; s="+short.realm.Token(short.ada))
		if w := serve(short.app(), r); w.Code != 200 {
			t.Errorf("got %d, want ada's page", w.Code)
		}
	})
	t.Run("a login over it is asked about", func(t *testing.T) {
		b, _ := start(t, s.app(), navigate("/gate/"))
		r := navigate(b.callback(s.realm.Token(s.george)), "Sec-Fetch-Site: cross-site",
			"Cookie: "+b.cookie.Name+"="+b.cookie.Value+"; "+name200+"; "+siteCookie+"="+s.realm.Token(s.ada))
		w := serve(s.app(), r)
		if got := w.Header().Get("Location"); got != "/auth/confirm" {
			t.Errorf("got %q, want the confirmation: ada is signed in", got)
		}
	})
}

func TestWhereACookieBegins(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	token := s.realm.Token(s.ada)
	n := siteCookie
	for isSession, headers := range map[bool][]string{
		true: {
			n + "=" + token, " \t" + n + "=" + token, "a=b;" + n + "=" + token, "a=b; \t " + n + "=" + token + " \t", "a=b ;" + n + "=" + token,
			"a=\"b;" + n + "=\"" + token + "\"", n + ";" + n + "=" + token, n + "=;" + n + "=" + token, "$Version=1; " + n + "=" + token,
			"a=" + n + ";" + n + "=" + token, "a=;;;" + n + "=" + token, n[:5] + n + "=" + token + ";" + n + "=" + token,
		},
		false: {
			"a=\"b;" + n + "=" + token + "\"", "a=b " + n + "=" + token, "a=b," + n + "=" + token, "a=" + n + "=" + token, "=" + n + "=" + token,
			"x" + n + "=" + token, n + n + "=" + token, n + " =" + token, "\x85" + n + "=" + token, "\u2000" + n + "=" + token,
			"\x0b" + n + "=" + token, "\r" + n + "=" + token, "__host-arToken=" + token, "__Host-%61rToken=" + token,
		},
	} {
		for _, header := range headers {
			r := navigate("/gate/")
			r.Header["Cookie"] = []string{header}
			if got := serve(s.app(), r).Code == 200; got != isSession {
				t.Errorf("%.60q: got a session: %t, want %t", header, got, isSession)
			}
		}
	}
}
