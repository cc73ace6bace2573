package authrocket_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/authrockettest"
)

func TestLandingOfAStartedLogin(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, row := range []struct {
		name   string
		target string
		want   string
	}{
		{"path and query come back", "/gate/deep?tab=1&q=a+b%20c", "/gate/deep?tab=1&q=a+b%20c"},
		{"encoded bytes stay encoded", "/gate/%2Fx%2f/a%20b?u=http%3A%2F%2Fx%2F%3f", "/gate/%2Fx%2f/a%20b?u=http%3A%2F%2Fx%2F%3f"},
		{"odd bytes stay", "/gate/a;b:c@d!$&'()*,=~[]|{}^\"<>?;a=b&&x=?/%zz&=&a=", "/gate/a;b:c@d!$&'()*,=~[]|{}^\"<>?;a=b&&x=?/%zz&=&a="},
		{"double slashes inside stay", "/gate//a//b", "/gate//a//b"},
		{"dot segments stay", "/gate/../gate/./x", "/gate/../gate/./x"},
		{"an empty query goes", "/gate/?", "/gate/"},
		{"a backslash in the query stays", `/gate/?q=a\b`, `/gate/?q=a\b`},
		{"letters beyond ASCII are encoded for the header", "/gate/é?ü", "/gate/%C3%A9?%C3%BC"},
		{"bytes that are no UTF-8 too", "/gate/\xff?\xfe", "/gate/%FF?%FE"},
		{"the page's own account and session stay", "/gate/?a=1&account=x&b=2&session=s", "/gate/?a=1&account=x&b=2&session=s"},
		{"the page's own token stays", "/gate/?token=t&b=2", "/gate/?token=t&b=2"},
		{"a stray state goes", "/gate/?a=1&ar_state=z&b=2", "/gate/?a=1&b=2"},
		{"a long query goes", "/gate/?" + strings.Repeat("x", 1<<10), "/gate/"},
		{"a long path becomes the start page", "/gate/" + strings.Repeat("x", 1<<10), "/"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			// The mux would clean the path before the gate sees it.
			app := s.auth.Authenticate(s.auth.RequireLogin(whoami))
			server := rawServer(t, app)
			lines := []string{"GET " + row.target + " HTTP/1.1", "Host: example.com", "Accept: text/html"}
			resp, body := sendRaw(t, server, lines...)
			if resp.StatusCode != 303 {
				t.Fatalf("got %d %q, want 303", resp.StatusCode, body)
			}
			back := redirectURIOf(t, resp.Header.Get("Location"))
			path, _, _ := strings.Cut(row.want, "?")
			state := back.Query().Get("ar_state")
			if want, err := url.Parse("https://example.com" + path + "?ar_state=" + state); err != nil || state == "" || back.String() != want.String() {
				t.Errorf("redirect_uri: got %q, want %q: the origin, the path, the state and nothing else", back, want)
			}
			cookie, _, _ := strings.Cut(resp.Header.Get("Set-Cookie"), ";")
			token := s.realm.Token(s.ada)
			landed, body := sendRaw(t, server, "GET "+back.RequestURI()+"&token="+token+" HTTP/1.1", "Host: example.com",
				"Accept: text/html", "Cookie: "+cookie)
			if landed.StatusCode != 303 {
				t.Fatalf("got %d %q, want 303", landed.StatusCode, body)
			}
			if got := landed.Header.Get("Location"); got != row.want {
				t.Errorf("Location: got %q, want %q", got, row.want)
			}
			set := strings.Join(landed.Header["Set-Cookie"], "\n")
			if !strings.Contains(set, siteCookie+"="+token+";") {
				t.Errorf("got cookies %q, want the session", set)
			}
			name, _, _ := strings.Cut(cookie, "=")
			if !strings.Contains(set, name+"=;") {
				t.Errorf("got cookies %q, want the state used up", set)
			}
			for header, want := range map[string]string{"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"} {
				if got := landed.Header.Get(header); got != want {
					t.Errorf("%s: got %q, want %q", header, got, want)
				}
			}
		})
	}
}

func TestLandingOutcomes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		stranger := newSite(t)
		token := s.realm.Token(s.ada)
		for _, row := range []struct {
			name   string
			token  string
			change func(b *started, r *http.Request) *http.Request
			status int
			want   string // Location, or a piece of the page
			signed bool
			spent  bool // the state is used up
		}{
			{"verified and started", token, nil, 303, "/gate/deep?a=b", true, true},
			{"verified, state without cookie", token, func(_ *started, r *http.Request) *http.Request {
				r.Header.Del("Cookie")
				return r
			}, 303, "/auth/confirm", false, false},
			{"verified, cookie without state", token, func(b *started, r *http.Request) *http.Request {
				return withCookie(navigate("/gate/deep?token="+token), b.cookie.Name, b.cookie.Value)
			}, 303, "/auth/confirm", false, false},
			{"verified, another state", token, func(b *started, r *http.Request) *http.Request {
				return withCookie(navigate("/gate/deep?ar_state="+strings.ToLower(b.state)+"&token="+token), b.cookie.Name, b.cookie.Value)
			}, 303, "/auth/confirm", false, false},
			{"verified, the state twice", token, func(b *started, r *http.Request) *http.Request {
				return withCookie(navigate("/gate/deep?ar_state="+b.state+"&ar_state="+b.state+"&token="+token), b.cookie.Name, b.cookie.Value)
			}, 303, "/auth/confirm", false, false},
			{"forged and started", forged(token), nil, 401, "bad_signature", false, true},
			{"expired and started", s.realm.Token(s.ada, authrockettest.ExpiresIn(-time.Hour)), nil, 401, "Clock of this server", false, true},
			{"of another realm and started", stranger.realm.Token(stranger.ada), nil, 401, "unknown_key", false, true},
			{"no JWT and started", "x", nil, 401, "token_malformed", false, true},
			{"empty and started", "", nil, 401, "no_token", false, true},
			{"forged and unsolicited", forged(token), func(_ *started, r *http.Request) *http.Request {
				return navigate("/x?a=b&token=" + forged(token) + "&account=c&session=d&e=f")
			}, 303, "/x?a=b&e=f", false, false},
			{"expired and unsolicited", "", func(*started, *http.Request) *http.Request {
				return navigate("/x?token=" + s.realm.Token(s.ada, authrockettest.ExpiresIn(-time.Hour)))
			}, 303, "/x", false, false},
			{"no JWT, with a state of nobody", "", func(*started, *http.Request) *http.Request {
				return navigate("/x?ar_state=y&token=z&a=b")
			}, 303, "/x?a=b", false, false},
			{"forged and unsolicited at a login route", "", func(*started, *http.Request) *http.Request {
				return navigate("/auth/logout?token=" + forged(token))
			}, 303, "/", false, false},
		} {
			b, _ := start(t, s.app(), navigate("/gate/deep?a=b"))
			r := b.land(row.token)
			if row.change != nil {
				r = row.change(&b, r)
			}
			w := serve(s.app(), r)
			if w.Code != row.status {
				t.Fatalf("%s: got %d %q, want %d", row.name, w.Code, w.Body, row.status)
			}
			if row.status == 303 {
				if got := w.Header().Get("Location"); got != row.want {
					t.Errorf("%s: Location: got %q, want %q", row.name, got, row.want)
				}
			} else if !strings.Contains(w.Body.String(), row.want) || strings.Contains(w.Body.String(), "eyJ") ||
				!strings.Contains(w.Body.String(), "return_to=%2Fgate%2Fdeep%3Fa%3Db") {
				t.Errorf("%s: got %q, want a page with %q and a way to try again, without the token", row.name, w.Body, row.want)
			}
			if c := cookieNamed(w, siteCookie); (c != nil) != row.signed {
				t.Errorf("%s: session cookie: got %v, want one: %t", row.name, c, row.signed)
			}
			if c := cookieNamed(w, b.cookie.Name); (c != nil && c.MaxAge < 0) != row.spent {
				t.Errorf("%s: state cookie: got %v, want it used up: %t", row.name, c, row.spent)
			}
			if got := w.Header().Get("Referrer-Policy"); got != "no-referrer" {
				t.Errorf("%s: Referrer-Policy: got %q, want no-referrer", row.name, got)
			}
			if got := w.Header().Get("Cache-Control"); got != "no-store" {
				t.Errorf("%s: Cache-Control: got %q, want no-store", row.name, got)
			}
		}
	})
}

func TestUnsolicitedLanding(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	careless := &site{realm: s.realm, ada: s.ada, george: s.george, auth: s.newAuth(t, func(c *authrocket.Config) { c.DangerouslyAcceptUnsolicitedLogins = true })}
	hourOld := authrockettest.Claim("iat", time.Now().Add(-time.Hour).Unix())
	for _, row := range []struct {
		name   string
		site   *site
		token  string
		cookie string // session cookie that the browser has
		want   string
		signed bool
	}{
		{"nobody signed in", s, s.realm.Token(s.ada), "", "/auth/confirm", false},
		{"somebody else signed in", s, s.realm.Token(s.george), s.realm.Token(s.ada), "/auth/confirm", false},
		{"the same user, newer", s, s.realm.Token(s.ada), s.realm.Token(s.ada, hourOld), "/x?a=b", true},
		{"the same user, older", s, s.realm.Token(s.ada, hourOld), s.realm.Token(s.ada), "/x?a=b", false},
		{"the same user, as old", s, s.realm.Token(s.ada, hourOld), s.realm.Token(s.ada, hourOld), "/x?a=b", false},
		{"the same user, without iat", s, s.realm.Token(s.ada, authrockettest.WithoutClaim("iat")), s.realm.Token(s.ada), "/x?a=b", false},
		{"the same user, whose cookie has expired", s, s.realm.Token(s.ada), s.realm.Token(s.ada, authrockettest.ExpiresIn(-time.Hour)), "/auth/confirm", false},
		{"the same user in a forged cookie", s, s.realm.Token(s.ada), forged(s.realm.Token(s.ada, hourOld)), "/auth/confirm", false},
		{"accepted dangerously", careless, s.realm.Token(s.ada), "", "/x?a=b", true},
		{"accepted dangerously, another user", careless, s.realm.Token(s.george), s.realm.Token(s.ada), "/x?a=b", true},
		{"accepted dangerously, forged", careless, forged(s.realm.Token(s.ada)), "", "/x?a=b", false},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			r := navigate("/x?a=b&token="+row.token, "Sec-Fetch-Site: cross-site")
			if row.cookie != "" {
				withCookie(r, siteCookie, row.cookie)
			}
			w := serve(row.site.auth.Authenticate(whoami), r)
			if got := w.Header().Get("Location"); w.Code != 303 || got != row.want {
				t.Errorf("got %d %q, want 303 %q", w.Code, got, row.want)
			}
			c := cookieNamed(w, siteCookie)
			if (c != nil) != row.signed || c != nil && c.Value != row.token {
				t.Errorf("session cookie: got %v, want one: %t", c, row.signed)
			}
			wanted := 0
			if row.signed || row.want == "/auth/confirm" {
				wanted = 1 // the session, or the token to confirm
			}
			if got := w.Header()["Set-Cookie"]; len(got) != wanted {
				t.Errorf("got cookies %q, want %d", got, wanted)
			}
		})
	}
	t.Run("the page without anything to confirm", func(t *testing.T) {
		t.Parallel()
		w := serve(s.app(), navigate("/auth/confirm"))
		if w.Code != 403 || !strings.Contains(w.Body.String(), "did not start that sign-in") || w.Header()["Set-Cookie"] != nil {
			t.Errorf("got %d %q, want a 403 page and no cookie", w.Code, w.Body)
		}
	})
	t.Run("a gate alone lands too", func(t *testing.T) {
		t.Parallel()
		w := serve(s.auth.RequireLogin(whoami), navigate("/x?token="+s.realm.Token(s.ada)))
		if got := w.Header().Get("Location"); w.Code != 303 || got != "/auth/confirm" {
			t.Errorf("got %d %q", w.Code, got)
		}
	})
}

func TestTheAppsOwnToken(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	stranger := newSite(t)
	token := s.realm.Token(s.george)
	for _, row := range []struct {
		name    string
		request *http.Request
	}{
		{"a reset code", navigate("/reset?token=abc123&account=7&session=s")},
		{"an empty token", navigate("/reset?token=&account=7")},
		{"a token without a value", navigate("/reset?token")},
		{"another JWT", navigate("/reset?token=eyJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJtZSJ9.AAAA&account=7")},
		{"two dots", navigate("/reset?token=..")},
		{"a login token of another realm", navigate("/reset?token=" + stranger.realm.Token(stranger.ada))},
		{"a login token twice", navigate("/reset?token=" + token + "&token=" + token)},
		{"a login token and another", navigate("/reset?token=" + token + "&t%6Fken=x")},
		{"a login token beyond the limit", navigate("/reset?token=" + s.realm.Token(s.ada, authrockettest.Claim("locale", strings.Repeat("x", 20<<10))))},
		{"a login token that is posted", request("POST", "/reset?token="+token, "Accept: text/html", "Sec-Fetch-Site: same-origin")},
		{"a login token of HEAD", request("HEAD", "/reset?token="+token, "Accept: text/html")},
		{"a login token of fetch", navigate("/reset?token="+token, "Sec-Fetch-Mode: cors", "Sec-Fetch-Dest: empty")},
		{"a login token in a frame", navigate("/reset?token="+token, "Sec-Fetch-Dest: iframe")},
		{"a login token of an upgrade", navigate("/reset?token="+token, "Upgrade: websocket", "Sec-Fetch-Site: same-origin")},
		{"a parameter in another case", navigate("/reset?Token=" + token)},
		{"a login token behind a semicolon", navigate("/reset?a=b;token=" + token)},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			w := serve(s.app(), s.as(s.ada, row.request))
			if want := "ada@example.com Engines " + row.request.URL.RawQuery; w.Code != 200 || w.Body.String() != want {
				t.Errorf("got %d %q, want 200 %q: the URL and the session untouched", w.Code, w.Body, want)
			}
			if w.Header()["Set-Cookie"] != nil {
				t.Errorf("got cookies %q, want none", w.Header()["Set-Cookie"])
			}
		})
	}
	t.Run("with an Authorization header", func(t *testing.T) {
		t.Parallel()
		w := serve(s.app(), navigate("/reset?token="+token, "Authorization: Bearer "+s.realm.Token(s.ada)))
		if w.Code != 200 || !strings.HasPrefix(w.Body.String(), "ada") || w.Header()["Set-Cookie"] != nil {
			t.Errorf("got %d %q %v, want the bearer's session", w.Code, w.Body, w.Header())
		}
	})
}

func TestLandingsAreNavigations(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, row := range []struct {
		name    string
		rewrite func(target string) *http.Request
	}{
		{"a browser", func(target string) *http.Request { return navigate(target, "Sec-Fetch-Site: cross-site") }},
		{"a browser without fetch metadata", func(target string) *http.Request { return request("GET", target) }},
		{"a name that is encoded", func(target string) *http.Request {
			return navigate(strings.Replace(target, "token=", "t%6Fken=", 1))
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			b, _ := start(t, s.app(), navigate("/gate/"))
			r := row.rewrite("/gate/?" + b.back.RawQuery + "&token=" + s.realm.Token(s.ada))
			w := serve(s.app(), withCookie(r, b.cookie.Name, b.cookie.Value))
			if got := w.Header().Get("Location"); w.Code != 303 || got != "/gate/" || cookieNamed(w, siteCookie) == nil {
				t.Errorf("got %d %q %q, want a login", w.Code, got, w.Header()["Set-Cookie"])
			}
		})
	}
}

func TestAStartedLoginReplacesTheSession(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	inWidgets := authrockettest.InOrg(s.widgets)
	for _, row := range []struct {
		name, target string
		token        string
		want         string // who is signed in then, and in which org
	}{
		{"another user, by prompt=login", "/auth/login?prompt=login&return_to=/x", s.realm.Token(s.george), "george@example.com Widgets "},
		{"another user, by a signup", "/auth/signup?invitation=i&return_to=/x", s.realm.Token(s.george), "george@example.com Widgets "},
		{"another account of the user", "/auth/accounts?force=1&return_to=/x", s.realm.Token(s.ada, inWidgets), "ada@example.com Widgets "},
		{"back from the profile", "/auth/profile?return_to=/x", s.realm.Token(s.ada, authrockettest.InOrg(s.engines)), "ada@example.com Engines "},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			v := &visitor{t: t, app: s.app()}
			v.jar = map[string]*http.Cookie{siteCookie: {Value: s.realm.Token(s.ada), Expires: time.Now().Add(time.Hour)}}
			back := redirectURIOf(t, v.get(row.target).Header().Get("Location"))
			w := v.get(back.EscapedPath() + "?" + back.RawQuery + "&token=" + row.token)
			if got := w.Header().Get("Location"); w.Code != 303 || got != "/x" {
				t.Fatalf("got %d %q, want 303 /x", w.Code, got)
			}
			if w := v.get("/x"); w.Body.String() != row.want {
				t.Errorf("got %q, want %q", w.Body, row.want)
			}
		})
	}
}

func TestAStateWorksOnce(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b, _ := start(t, s.app(), navigate("/gate/"))
	w := serve(s.app(), b.land(s.realm.Token(s.ada)))
	if c := cookieNamed(w, b.cookie.Name); c == nil || c.MaxAge >= 0 {
		t.Fatalf("got %v, want the state used up", c)
	}
	// The browser has dropped the cookie, and somebody uses the URL with a token of theirs.
	r := b.land(s.realm.Token(s.george))
	r.Header.Set("Cookie", siteCookie+"="+cookieNamed(w, siteCookie).Value)
	w = serve(s.app(), r)
	if got := w.Header().Get("Location"); w.Code != 303 || got != "/auth/confirm" || cookieNamed(w, siteCookie) != nil {
		t.Errorf("got %d %q %q, want an unsolicited landing", w.Code, got, w.Header()["Set-Cookie"])
	}
}

func TestAnUndecidedLandingKeepsItsState(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]authrockettest.Fault{"down": authrockettest.Status(500), "hanging": authrockettest.Hang()} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newColdSite(t)
				s.realm.Break(fault)
				b, _ := start(t, s.app(), navigate("/gate/deep?a=b"))
				token := s.realm.Token(s.ada)
				w := serve(s.app(), b.land(token))
				if w.Code != 503 || w.Header().Get("Retry-After") == "" || w.Header()["Set-Cookie"] != nil {
					t.Errorf("got %d %v, want 503, Retry-After and no cookie", w.Code, w.Header())
				}
				if body := w.Body.String(); !strings.Contains(body, "Reload this page") || strings.Contains(body, token) {
					t.Errorf("got %q, want a page that asks to reload, without the token", body)
				}
				s.realm.Repair()
				time.Sleep(time.Minute)
				w = serve(s.app(), b.land(token))
				if got := w.Header().Get("Location"); w.Code != 303 || got != "/gate/deep?a=b" || cookieNamed(w, siteCookie) == nil {
					t.Errorf("reloaded: got %d %q, want a login", w.Code, got)
				}
			})
		})
	}
}

// staysHere reports whether a browser at https://example.com stays there.
func staysHere(location string) bool {
	path, _, _ := strings.Cut(location, "?")
	if !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") || strings.Contains(path, `\`) || strings.ContainsAny(location, "\t\r\n") {
		return false
	}
	u, err := url.Parse("https://example.com")
	if err != nil {
		return false
	}
	u, err = u.Parse(location)
	return err == nil && u.Host == "example.com"
}

func TestOddRequestTargets(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	careless := s.newAuth(t, func(c *authrocket.Config) { c.DangerouslyAcceptUnsolicitedLogins = true })
	strict, accepting := rawServer(t, s.auth.Authenticate(s.auth.RequireLogin(whoami))), rawServer(t, careless.Authenticate(careless.RequireLogin(whoami)))
	for _, row := range []struct {
		name, target, host string
		want               string // "" when the server itself refuses
	}{
		{"two slashes", "//evil.example/x", "app", "/"},
		{"two slashes and a query", "//evil.example/x?a=b", "app", "/"},
		{"three slashes", "///evil.example/x", "app", "/"},
		{"a slash and a backslash", `/\evil.example/`, "app", "/"},
		{"backslashes inside", `/a\..\\evil.example`, "app", "/"},
		{"absolute", "http://evil.example/x?a=b", "app", "/x?a=b"},
		{"absolute https", "https://evil.example/x", "app", "/x"},
		{"absolute with userinfo", "http://user:pw@evil.example/x", "app", "/x"},
		{"absolute with two slashes", "http://app//evil.example/", "app", "/"},
		{"absolute with a backslash", `http://app/\evil.example/`, "app", "/%5Cevil.example/"},
		{"absolute without a path", "http://evil.example", "app", "/"},
		{"absolute of another scheme", "javascript://app/%0aalert(1)", "app", "/%0aalert(1)"},
		{"encoded slashes stay encoded", "/%2Fevil.example", "app", "/%2Fevil.example"},
		{"an encoded tab stays encoded", "/%09/evil.example", "app", "/%09/evil.example"},
		{"an encoded line break stays encoded", "/%0d%0aSet-Cookie:a=b", "app", "/%0d%0aSet-Cookie:a=b"},
		{"a dot and two slashes", "/.//evil.example", "app", "/.//evil.example"},
		{"a host that is a bracket", "/x", "[", "/x"},
		{"an empty host", "/x", "", "/x"},
		{"a port out of range", "/x", "app:99999", "/x"},
		{"a host with userinfo", "/x", "user@evil.example", ""},
		{"a host with a slash", "/x", "evil.example/", ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			separator := "?"
			if strings.Contains(row.target, "?") {
				separator = "&"
			}
			token := s.realm.Token(s.ada)
			for _, c := range []struct {
				name   string
				server *httptest.Server
				query  string
				want   string
			}{
				{"unsolicited", strict, separator + "token=" + token, "/auth/confirm"},
				{"unsolicited and forged", strict, separator + "token=" + forged(token), row.want},
				{"accepted", accepting, separator + "token=" + token, row.want},
				{"refused", strict, "", ""},
			} {
				resp, _ := sendRaw(t, c.server, "GET "+row.target+c.query+" HTTP/1.1", "Host: "+row.host, "Accept: text/html", "Connection: close")
				got := resp.Header.Get("Location")
				switch {
				case row.want == "":
					if resp.StatusCode != 400 || got != "" {
						t.Errorf("%s: got %d %q, want 400", c.name, resp.StatusCode, got)
					}
				case resp.StatusCode != 303:
					t.Errorf("%s: got %d, want 303", c.name, resp.StatusCode)
				case c.query == "":
					path, _, _ := strings.Cut(row.want, "?")
					back := redirectURIOf(t, got)
					if !strings.HasPrefix(got, "https://loginrocket.example/login?") || back.Scheme+"://"+back.Host+back.EscapedPath() != "https://example.com"+path {
						t.Errorf("%s: got %q, want to come back to %q", c.name, got, path)
					}
				case got != c.want || !staysHere(got):
					t.Errorf("%s: got %q, want %q", c.name, got, c.want)
				}
			}
		})
	}
}

func TestAppURLWithAPrefix(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(c *authrocket.Config) { c.AppURL = "https://example.com/app" })
	// A proxy strips /app before the requests get here.
	app := s.app()
	b, _ := start(t, app, navigate("/gate/x?a=b"))
	if got := b.back.Scheme + "://" + b.back.Host + b.back.Path; got != "https://example.com/app/gate/x" {
		t.Errorf("redirect_uri: got %q", got)
	}
	landing := navigate("/gate/x?" + b.back.RawQuery + "&token=" + s.realm.Token(s.ada))
	for _, row := range []struct {
		name    string
		request *http.Request
		want    string
	}{
		{"landing", withCookie(landing, b.cookie.Name, b.cookie.Value), "/app/gate/x?a=b"},
		{"bad and unsolicited", navigate("/x?a=b&token=" + forged(s.realm.Token(s.ada))), "/app/x?a=b"},
		{"unsolicited", navigate("/x?token=" + s.realm.Token(s.ada)), "/app/auth/confirm"},
		{"local logout", navigate("/auth/logout?local=1&return_to=/bye"), "/app/bye"},
	} {
		if got := serve(app, row.request).Header().Get("Location"); got != row.want {
			t.Errorf("%s: got %q, want %q", row.name, got, row.want)
		}
	}
	if w := serve(app, navigate("/gate/", "Sec-Fetch-Dest: iframe")); !strings.Contains(w.Body.String(), `href="/app/auth/login?return_to=%2Fgate%2F"`) {
		t.Errorf("framed: got %q", w.Body)
	}
	if w := serve(app, request("GET", "/auth/logout")); !strings.Contains(w.Body.String(), `action="/app/auth/logout"`) {
		t.Errorf("logout page: got %q", w.Body)
	}
	if got := redirectURIOf(t, serve(app, navigate("/auth/logout?return_to=/bye")).Header().Get("Location")).String(); got != "https://example.com/app/bye" {
		t.Errorf("logout: comes back to %q", got)
	}
}

func TestNoTargetLeavesThePrefix(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(c *authrocket.Config) { c.AppURL = "https://example.com/app" })
	app := s.auth.Authenticate(whoami)
	for _, row := range []struct{ name, target, want string }{
		{"dot segments", "/../x", "/"},
		{"dot segments further on", "/x/../../x", "/"},
		{"escaped dot segments", "/%2e%2E/x", "/"},
		{"half-escaped dot segments", "/x/.%2e/%2e./x", "/"},
		{"a dot segment at the end", "/..", "/"},
		{"an escaped slash, for a proxy that decodes", "/..%2fx", "/"},
		{"a path that begins like the prefix", "/../apple", "/"},
		{"another spelling of the prefix", "/../%61pp/x", "/"},
		{"a login route by way of the prefix", "/../app/auth/logout", "/"},
		{"dot segments below the prefix", "/x/../y", "/x/../y"},
		{"back into the prefix", "/../app/x", "/../app/x"},
		{"the prefix itself", "/../app", "/../app"},
		{"dot segments in a query", "/x?a=/../../y", "/x?a=/../../y"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			b, _ := start(t, app, navigate("/auth/login?return_to="+url.QueryEscape(row.target)))
			wantPath, _, _ := strings.Cut(row.want, "?")
			if got := b.back.Scheme + "://" + b.back.Host + b.back.EscapedPath(); got != "https://example.com/app"+wantPath {
				t.Errorf("redirect_uri: got %q, want the path %q of the app", got, wantPath)
			}
			w := serve(app, navigate("/auth/logout?local=1&return_to="+url.QueryEscape(row.target)))
			if got := w.Header().Get("Location"); got != "/app"+row.want {
				t.Errorf("logout: got %q, want %q", got, "/app"+row.want)
			}
		})
	}
}

func TestWithoutAppURLTheHostHasToBeLoopback(t *testing.T) {
	t.Parallel()
	realm := authrockettest.NewRealm(t)
	realm.Start()
	auth, err := authrocket.New(realm.Config())
	if err != nil {
		t.Fatal(err)
	}
	server := rawServer(t, auth.Authenticate(auth.RequireLogin(whoami)))
	for _, row := range []struct {
		host   string
		status int // of a gate; 400 is the server's own
	}{
		{"127.0.0.1:8080", 303}, {"127.0.0.1", 303}, {"127.8.9.10:1", 303}, {"localhost:8080", 303}, {"LOCALHOST:8080", 303},
		{"app.localhost", 303}, {"[::1]:8080", 303}, {"[::1]", 303},
		{"evil.example", 401}, {"localhost.evil.example", 401}, {"127.0.0.1.evil.example", 401}, {"evil-localhost", 401}, {".localhost", 401},
		{"10.0.0.1", 401}, {"0.0.0.0:80", 401}, {"[::]:80", 401}, {"", 401}, {"[", 401}, {"app:99999", 401}, {"localhost:99999", 401}, {"localhost:0", 401},
		{"localhost:", 401}, {"localhost:x", 401}, {"localhost:80:80", 401}, {"[::1", 401}, {"::1", 401}, {"[::1%25eth0]", 401}, {"127.1", 401}, {"localhost%2eevil.example", 401},
		{"user@localhost", 400}, {"localhost/x", 400}, {"localhost#x", 400}, {"localhost x", 400},
	} {
		t.Run(row.host, func(t *testing.T) {
			t.Parallel()
			resp, _ := sendRaw(t, server, "GET /x HTTP/1.1", "Host: "+row.host, "Accept: text/html", "Connection: close")
			got := resp.Header.Get("Location")
			if resp.StatusCode != row.status || (got != "") != (row.status == 303) {
				t.Fatalf("gate: got %d %q, want %d", resp.StatusCode, got, row.status)
			}
			if row.status == 303 && !strings.HasPrefix(redirectURIOf(t, got).String(), "http://"+row.host+"/x?ar_state=") {
				t.Errorf("gate: got %q", got)
			}
			login := map[int]int{303: 303, 401: 403, 400: 400}[row.status]
			resp, body := sendRaw(t, server, "GET /auth/login HTTP/1.1", "Host: "+row.host, "Accept: text/html", "Connection: close")
			if resp.StatusCode != login {
				t.Errorf("login route: got %d %q, want %d", resp.StatusCode, body, login)
			}
			resp, _ = sendRaw(t, server, "POST /auth/logout?return_to=/x HTTP/1.1", "Host: "+row.host, "Content-Length: 0", "Connection: close")
			back := redirectURIOf(t, resp.Header.Get("Location")).String()
			if want := map[int]string{303: "http://" + row.host + "/x"}[row.status]; back != want {
				t.Errorf("logout: got %d, back to %q, want %q", resp.StatusCode, back, want)
			}
		})
	}
}
