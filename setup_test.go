package authrocket_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/authrocket-go/authrocket"
)

// warned are the warnings of an Auth.
type warned []string

func (w *warned) observe(c *authrocket.Config) {
	c.Observer.Warning = func(_ context.Context, err error) { *w = append(*w, err.Error()) }
}

// local is an app and a LoginRocket on one machine.
func local(appURL string) func(*authrocket.Config) {
	return func(c *authrocket.Config) { c.LoginRocketURL, c.AppURL = "http://localhost:8081", appURL }
}

func at(host string, r *http.Request) *http.Request {
	r.Host = host
	return r
}

// What a request shows to be set up wrongly is reported once an hour, and names what to
// do. Requests of a right set-up report nothing.
func TestWrongSetupsAreReported(t *testing.T) {
	t.Parallel()
	const (
		overHTTP = "a login starts over http, but Config.AppURL (AUTHROCKET_APP_URL) is"
		missing  = "a login starts, but neither Auth.Authenticate nor Auth.LoginRoutes is in use"
		shadowed = "is never called: Auth.Authenticate answers"
		prefix   = "which a proxy should strip"
		lost     = "not below Config.AuthPath, which is /auth"
		method   = `a page of this app sends "POST" to /auth/login`
	)
	ok := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {})
	authenticated := func(a *authrocket.Auth) http.Handler { return a.Authenticate(ok) }
	gated := func(a *authrocket.Auth) http.Handler { return a.Authenticate(a.RequireLogin(ok)) }
	mux := func(handlers map[string]http.Handler) *http.ServeMux {
		m := http.NewServeMux()
		for pattern, h := range handlers {
			m.Handle(pattern, h)
		}
		return m
	}
	standalone := func(pattern string) func(a *authrocket.Auth) http.Handler {
		return func(a *authrocket.Auth) http.Handler {
			return mux(map[string]http.Handler{pattern: a.RequireLogin(ok)})
		}
	}
	own := func(pattern string) func(a *authrocket.Auth) http.Handler {
		return func(a *authrocket.Auth) http.Handler {
			return a.Authenticate(mux(map[string]http.Handler{pattern: ok}))
		}
	}
	withPath := func(c *authrocket.Config) { c.AppURL = "https://example.com/shop" }

	for _, row := range []struct {
		name    string
		change  func(*authrocket.Config)
		handler func(*authrocket.Auth) http.Handler
		r       *http.Request
		want    string // none: nothing is reported
	}{
		{name: "an https app behind a proxy", handler: gated, r: navigate("/"), want: ""},
		{name: "an https app that is linked from its own https page", handler: gated, r: navigate("/", "Referer: https://example.com/"), want: ""},
		{name: "an https app that is linked from another site's http page", handler: gated, r: navigate("/", "Referer: http://example.com.evil.example/"), want: ""},
		{name: "an https app whose page is http", handler: gated, r: navigate("/", "Referer: http://example.com/x"), want: overHTTP + ` "https://example.com"`},
		{name: "a local https app that is served by http", change: local("https://localhost:8443"), handler: gated, r: at("localhost:8443", navigate("/")), want: overHTTP + ` "https://localhost:8443"`},
		{name: "a local https app behind a proxy that speaks https", change: local("https://localhost:8443"), handler: gated, r: at("localhost:8443", navigate("/", "X-Forwarded-Proto: https")), want: ""},
		{name: "a local http app", change: local("http://localhost:8080"), handler: gated, r: at("localhost:8080", navigate("/", "Referer: http://localhost:8080/")), want: ""},

		{name: "gates in a mux and nothing that serves the callback", handler: standalone("GET /manage"), r: navigate("/manage"), want: missing},
		{name: "gates of a tree and nothing that serves the callback", handler: standalone("/manage/{rest...}"), r: navigate("/manage/x"), want: missing},
		{name: "a gate around the whole app", handler: func(a *authrocket.Auth) http.Handler { return a.RequireLogin(ok) }, r: navigate("/manage"), want: ""},
		{name: "a gate at the root of a mux", handler: standalone("/"), r: navigate("/manage"), want: ""},
		{name: "a gate at the callback", handler: standalone("/auth/"), r: navigate("/auth/x"), want: ""},
		{name: "a gate of a tree with a wildcard at the root", handler: standalone("/{rest...}"), r: navigate("/manage"), want: ""},
		{name: "gates in a mux beside LoginRoutes", handler: func(a *authrocket.Auth) http.Handler {
			return mux(map[string]http.Handler{"/manage": a.RequireLogin(ok), "/auth/": a.LoginRoutes()})
		}, r: navigate("/manage"), want: ""},
		{name: "gates in a mux within Authenticate", handler: func(a *authrocket.Auth) http.Handler {
			return a.Authenticate(mux(map[string]http.Handler{"/manage": a.RequireLogin(ok)}))
		}, r: navigate("/manage"), want: ""},

		{name: "an own page at the login route", handler: own("GET /auth/login"), r: navigate("/auth/login"), want: `the app's own route "GET /auth/login" ` + shadowed + " /auth/login, which is a login route; move the app's route, or set Config.AuthPath"},
		{name: "an own form at the login route", handler: own("POST /auth/login"), r: request("POST", "/auth/login"), want: `"POST /auth/login" ` + shadowed},
		{name: "an own page at the login route, seen from another method", handler: own("GET /auth/login"), r: request("POST", "/auth/login"), want: ""},
		{name: "an own tree around the login routes", handler: own("/auth/"), r: navigate("/auth/login"), want: ""},
		{name: "an own tree around everything", handler: own("/"), r: navigate("/auth/login"), want: ""},
		{name: "LoginRoutes within Authenticate", handler: func(a *authrocket.Auth) http.Handler {
			return a.Authenticate(mux(map[string]http.Handler{"/auth/login": a.LoginRoutes()}))
		}, r: navigate("/auth/login"), want: ""},
		{name: "a form of the app's own to the login route", handler: authenticated, r: submit("/auth/login", "Sec-Fetch-Site: same-origin"), want: method},
		{name: "a method that fills the log", handler: authenticated, r: request(strings.Repeat("X", 9_000), "/auth/login", "Sec-Fetch-Site: same-origin"), want: `sends "` + strings.Repeat("X", 64) + `"... to /auth/login`},
		{name: "a scanner that posts to the login route", handler: authenticated, r: request("POST", "/auth/login"), want: ""},
		{name: "a form of another site to the login route", handler: authenticated, r: submit("/auth/login", "Sec-Fetch-Site: cross-site"), want: ""},

		{name: "a path of AppURL that no proxy strips", change: withPath, handler: authenticated, r: navigate("/shop/auth/callback?ar_state=x"), want: prefix + "; configure the proxy to strip it, or leave the path out of AppURL and set Config.AuthPath to /shop/auth"},
		{name: "a path of AppURL that a proxy strips", change: withPath, handler: authenticated, r: navigate("/auth/callback"), want: ""},
		{name: "a page below a path that is that of AppURL", change: withPath, handler: authenticated, r: navigate("/shop/authors/"), want: ""},

		{name: "LoginRoutes behind a path that is stripped", handler: func(a *authrocket.Auth) http.Handler { return http.StripPrefix("/auth", a.LoginRoutes()) }, r: navigate("/auth/login"), want: lost},
		{name: "LoginRoutes at another path", handler: func(a *authrocket.Auth) http.Handler { return a.LoginRoutes() }, r: navigate("/login"), want: lost},
		{name: "LoginRoutes at its path", handler: func(a *authrocket.Auth) http.Handler { return a.LoginRoutes() }, r: navigate("/auth/x"), want: ""},
		{name: "LoginRoutes of an Auth without cookies", change: func(c *authrocket.Config) { c.DisableCookie = true }, handler: func(a *authrocket.Auth) http.Handler { return a.LoginRoutes() }, r: navigate("/auth/login"), want: "Auth.LoginRoutes serves nothing because Config.DisableCookie is set"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var got warned
				s := newColdSite(t, row.change, got.observe)
				h := row.handler(s.auth)
				for range 2 {
					serve(h, row.r.Clone(t.Context()))
				}
				hour := 0
				if row.want != "" {
					hour = 1
				}
				if len(got) != hour || hour == 1 && !strings.Contains(got[0], row.want) {
					t.Fatalf("got %q, want %q once", got, row.want)
				}
				time.Sleep(time.Hour)
				serve(h, row.r.Clone(t.Context()))
				got = slices.DeleteFunc(got, func(text string) bool { return strings.Contains(text, "none has come back") })
				if len(got) != 2*hour {
					t.Errorf("an hour later: got %q, want one more", got)
				}
				synctest.Wait()
			})
		})
	}
}

// A developer learns from the answer why the form of the app's own login is not accepted;
// visitors learn nothing of the configuration.
func TestMethodsThatNoLoginRouteTakes(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name   string
		change func(*authrocket.Config)
		host   string
		names  bool
	}{
		{name: "a public app", host: "example.com"},
		{name: "a local app", change: local("http://localhost:8080"), host: "localhost:8080", names: true},
		{name: "a local app without AppURL", change: local(""), host: "localhost:8080", names: true},
	} {
		s := newColdSite(t, row.change)
		w := serve(s.auth.Authenticate(http.NotFoundHandler()), at(row.host, request("POST", "/auth/login")))
		if w.Code != 405 || strings.Contains(w.Body.String(), "Config.AuthPath") != row.names {
			t.Errorf("%s: got %d %q, want 405 that names Config.AuthPath: %t", row.name, w.Code, w.Body, row.names)
		}
	}
}

// The answer to a large token may be lost in a proxy, whose own answer names no cause.
func TestLargeTokensAreReported(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name   string
		size   int
		cookie int // of another program
		old    int // of the session that is there
		want   string
	}{
		{name: "a token of 2,900 bytes", size: 2_900},
		{name: "a token of 3,100 bytes", size: 3_100, want: "a login token has 3100 bytes, and this browser sends 31"},
		{name: "a token beside large cookies", size: 1_500, cookie: 2_000, want: "a login token has 1500 bytes, and this browser sends 35"},
		{name: "a token that replaces another one", size: 2_000, old: 2_000},
		{name: "a token of several cookies", size: 9_000, want: "a login token has 9000 bytes, and this browser sends 91"},
	} {
		var got warned
		s := newSite(t, got.observe)
		b, _ := start(t, s.app(), navigate("/gate/"))
		r := b.land(s.tokenOf(t, s.ada, row.size))
		if row.cookie > 0 {
			r.AddCookie(&http.Cookie{Name: "other", Value: strings.Repeat("x", row.cookie)})
		}
		if row.old > 0 {
			r = withCookie(r, siteCookie, s.tokenOf(t, s.ada, row.old, issued(time.Minute)))
		}
		if w := serve(s.app(), r); w.Code != 303 {
			t.Errorf("%s: got %d, want the login completed", row.name, w.Code)
		}
		if want := row.want != ""; (len(got) == 1) != want || want && (!strings.HasPrefix(got[0], row.want) || !strings.Contains(got[0], "proxy_buffer_size")) {
			t.Errorf("%s: got %q, want %q", row.name, got, row.want)
		}
		if strings.Contains(strings.Join(got, ""), "eyJ") {
			t.Errorf("%s: got %q, which tells the token", row.name, got)
		}
	}
}

// Why a login has to be confirmed is the only trace of most wrong set-ups of cookies.
func TestUnsolicitedLoginsSayWhy(t *testing.T) {
	t.Parallel()
	const replicas = "all instances of this app need the same Config.AppURL, Config.AuthPath and Config.CookieName"
	for _, row := range []struct {
		name   string
		change func(*authrocket.Config) // of the instance that the login comes back to
		back   func(s *site, b started, token string) *http.Request
		want   string
	}{
		{name: "a link", back: func(_ *site, _ started, token string) *http.Request { return navigate("/auth/callback?token=" + token) }, want: "this browser did not start it: a link led to it"},
		{name: "another user", back: func(s *site, b started, token string) *http.Request {
			return s.as(s.george, b.land(token))
		}, want: "it changes who is signed in"},
		{name: "no cookies", back: func(_ *site, b started, token string) *http.Request { return navigate(b.callback(token)) }, want: "the browser sent no cookies: it keeps them on https only, and does not send them to other hosts; open the app at https://example.com/"},
		{name: "no cookies on http", change: func(c *authrocket.Config) { c.AppURL, c.DangerouslyAllowHTTPAppURL = "http://example.com", true }, back: func(_ *site, b started, token string) *http.Request {
			return navigate(b.callback(token))
		}, want: "or it started the login at another host; open the app at http://example.com/"},
		{name: "other cookies", back: func(_ *site, b started, token string) *http.Request {
			return withCookie(navigate(b.callback(token)), "other", "1")
		}, want: "the browser did not send the login's cookie: the login took more than an hour, or began in another browser or at a host other than https://example.com"},
		{name: "an instance with another CookieName", change: func(c *authrocket.Config) { c.CookieName = "app" }, back: func(_ *site, b started, token string) *http.Request { return b.land(token) }, want: `the browser sent the login's cookie as "__Host-arToken-state-...", not as "__Host-app~state-..."; ` + replicas},
		{name: "an instance with another AppURL", change: func(c *authrocket.Config) { c.AppURL = "https://www.example.com" }, back: func(_ *site, b started, token string) *http.Request { return b.land(token) }, want: "the browser sent the login's cookie, but it does not open the state: it is older than an hour, or an instance with another configuration has set it; " + replicas},
		{name: "a state that is made up", back: func(_ *site, _ started, token string) *http.Request {
			return withCookie(navigate("/auth/callback?ar_state=x&token="+token), "a", "state-=b")
		}, want: "the browser did not send the login's cookie"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			var got []authrocket.Login
			s := newSite(t)
			b, _ := start(t, s.app(), navigate("/gate/"))
			back := s.newAuth(t, row.change, func(c *authrocket.Config) {
				c.Observer.Login = func(_ context.Context, l authrocket.Login) { got = append(got, l) }
			})
			serve(back.Authenticate(s.routes()), row.back(s, b, s.realm.Token(s.ada)))
			if len(got) != 1 || !errors.Is(got[0].Err, authrocket.ErrUnsolicitedLogin) || got[0].Reason != "unsolicited_login" || !strings.Contains(got[0].Err.Error(), row.want) {
				t.Errorf("got %+v, want %v that says %q", got, authrocket.ErrUnsolicitedLogin, row.want)
			}
		})
	}
}

// A refused token names the setting that is the usual cause, where one is.
func TestRefusalsNameTheSetting(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	token := s.realm.Token(s.ada)
	for _, row := range []struct {
		name   string
		change func(*authrocket.Config)
		token  string
		want   error
		says   []string
	}{
		{name: "another realm", change: func(c *authrocket.Config) { c.RealmID = "rl_other" }, token: token, want: authrocket.ErrWrongRealm, says: []string{`rid is "` + s.realm.ID() + `"`, "Config.RealmID (AUTHROCKET_REALM) is rl_other", "Config.LoginRocketURL"}},
		{name: "the public key of another realm", change: func(c *authrocket.Config) { c.JWTKey = pemOf("PUBLIC KEY", spkiOf(t, &ownKey().PublicKey)) }, token: token, want: authrocket.ErrBadSignature, says: []string{"Config.JWTKey (AUTHROCKET_JWT_KEY)", "another realm"}},
		{name: "a secret for a realm that signs with RS256", change: func(c *authrocket.Config) { c.JWTKey = goodSecret }, token: token, want: authrocket.ErrWrongAlgorithm, says: []string{"Config.JWTKey (AUTHROCKET_JWT_KEY) is an HS256 secret", "leave it out"}},
		{name: "a key that the realm does not publish", change: func(c *authrocket.Config) { c.RealmID = "" }, token: newSite(t).realm.Token(s.ada), want: authrocket.ErrUnknownKey, says: []string{"kid", "is not in " + s.realm.URL() + "/connect/jwks"}},
		{name: "a forged token", token: forged(token), want: authrocket.ErrBadSignature},
	} {
		auth := s.newAuth(t, row.change)
		_, err := auth.Verify(t.Context(), row.token)
		if !errors.Is(err, row.want) || slices.ContainsFunc(row.says, func(text string) bool { return !strings.Contains(err.Error(), text) }) {
			t.Errorf("%s: got %v, want %v that says %q", row.name, err, row.want, row.says)
		}
		if err != nil && strings.Contains(err.Error(), goodSecret) {
			t.Errorf("%s: got %v, which tells the secret", row.name, err)
		}
	}
}

// A callback that LoginRocket refuses, or that something in front of the app answers,
// leaves no other trace here.
func TestLoginsThatNeverComeBackAreReported(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name string
		do   func(s *site, b started)
		want int
	}{
		{name: "nothing came back", want: 1},
		{name: "a login came back", do: func(s *site, b started) { serve(s.app(), b.land(s.realm.Token(s.ada))) }},
		{name: "a login came back without a token", do: func(s *site, b started) { serve(s.app(), b.land("")) }},
		{name: "a login was followed from elsewhere", do: func(s *site, _ started) { serve(s.app(), navigate("/auth/callback?token="+s.realm.Token(s.ada))) }, want: 1},
		{name: "a script asked for the callback", do: func(s *site, b started) { serve(s.app(), request("GET", b.callback("x"))) }, want: 1},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var got warned
				s := newSite(t, got.observe)
				for range 2 {
					b, _ := start(t, s.app(), navigate("/gate/"))
					if row.do != nil {
						row.do(s, b)
					}
				}
				if len(got) != 0 {
					t.Errorf("got %q after two logins, want nothing", got)
				}
				for range 5 {
					serve(s.app(), navigate("/gate/"))
				}
				const want = "3 logins were started, but none has come back to https://example.com/auth/callback yet; if logins fail, check that this is a Login URL"
				if len(got) != row.want || row.want == 1 && !strings.HasPrefix(got[0], want) {
					t.Errorf("got %q, want %d times %q", got, row.want, want)
				}
			})
		})
	}
}
