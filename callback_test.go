package authrocket_test

import (
	"io"
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

func TestWhereAStartedLoginLeads(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	long := func(n int) string { return "/gate/?" + strings.Repeat("x", n-len("/gate/?")) }
	longPath := func(n int) string { return "/gate/" + strings.Repeat("x", n-len("/gate/")) }
	for _, row := range []struct{ name, target, want string }{
		{name: "path and query come back", target: "/gate/deep?tab=1&q=a+b%20c", want: "/gate/deep?tab=1&q=a+b%20c"},
		{name: "encoded bytes stay encoded", target: "/gate/%2Fx%2f/a%20b?u=http%3A%2F%2Fx%2F%3f", want: "/gate/%2Fx%2f/a%20b?u=http%3A%2F%2Fx%2F%3f"},
		{name: "odd bytes stay", target: "/gate/a;b:c@d!$&'()*,=~[]|{}^\"<>?;a=b&&x=?/%zz&=&a=", want: "/gate/a;b:c@d!$&'()*,=~[]|{}^\"<>?;a=b&&x=?/%zz&=&a="},
		{name: "double slashes inside stay", target: "/gate//a//b", want: "/gate//a//b"},
		{name: "dot segments stay", target: "/gate/../gate/./x", want: "/gate/../gate/./x"},
		{name: "an empty query goes", target: "/gate/?", want: "/gate/"},
		{name: "a backslash in the query stays", target: `/gate/?q=a\b`, want: `/gate/?q=a\b`},
		{name: "letters beyond ASCII are encoded for the header", target: "/gate/é?ü", want: "/gate/%C3%A9?%C3%BC"},
		{name: "bytes that are no UTF-8 too", target: "/gate/\xff?\xfe", want: "/gate/%FF?%FE"},
		{name: "the page's own account and session stay", target: "/gate/?a=1&account=x&b=2&session=s", want: "/gate/?a=1&account=x&b=2&session=s"},
		{name: "the page's own token stays", target: "/gate/?token=t&b=2", want: "/gate/?token=t&b=2"},
		{name: "a stray state goes", target: "/gate/?a=1&ar_state=z&b=2", want: "/gate/?a=1&b=2"},
		{name: "1,000 bytes come back whole", target: long(1000), want: long(1000)},
		{name: "1,000 bytes of a path come back whole", target: longPath(1000), want: longPath(1000)},
		{name: "1,000 bytes that a header encodes come back whole", target: "/gate/?" + strings.Repeat("é", 496) + "x", want: "/gate/?" + strings.Repeat("%C3%A9", 496) + "x"},
		{name: "a longer query goes", target: long(1001), want: "/gate/"},
		{name: "a longer path becomes the start page", target: longPath(1001), want: "/"},
		{name: "the path of a longer query", target: longPath(1000) + "?a=b", want: longPath(1000)},
	} {
		t.Run(row.name, func(t *testing.T) {
			// The mux would clean the path before the gate sees it.
			app := s.auth.Authenticate(s.auth.RequireLogin(whoami))
			server := rawServer(t, app)
			lines := []string{"GET " + row.target + " HTTP/1.1", "Host: example.com", "Accept: text/html"}
			resp, body := sendRaw(t, server, lines...)
			if resp.StatusCode != 303 {
				t.Fatalf("got %d %q, want 303", resp.StatusCode, body)
			}
			back := redirectURIOf(t, resp.Header.Get("Location"))
			state := back.Query().Get("ar_state")
			if want := "https://example.com/auth/callback?ar_state=" + state; state == "" || back.String() != want {
				t.Errorf("redirect_uri: got %q, want %q: the callback, the state and nothing else", back, want)
			}
			cookie, _, _ := strings.Cut(resp.Header.Get("Set-Cookie"), ";")
			token := s.realm.Token(s.ada)
			returned, body := sendRaw(t, server, "GET "+started{back: back}.callback(token)+" HTTP/1.1", "Host: example.com",
				"Accept: text/html", "Cookie: "+cookie)
			if returned.StatusCode != 303 {
				t.Fatalf("got %d %q, want 303", returned.StatusCode, body)
			}
			if got := returned.Header.Get("Location"); got != row.want {
				t.Errorf("Location: got %q, want %q", got, row.want)
			}
			set := strings.Join(returned.Header["Set-Cookie"], "\n")
			if !strings.Contains(set, siteCookie+"="+token+";") {
				t.Errorf("got cookies %q, want the session", set)
			}
			name, _, _ := strings.Cut(cookie, "=")
			if !strings.Contains(set, name+"=;") {
				t.Errorf("got cookies %q, want the state used up", set)
			}
			for header, want := range map[string]string{"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"} {
				if got := returned.Header.Get(header); got != want {
					t.Errorf("%s: got %q, want %q", header, got, want)
				}
			}
		})
	}
}

func TestCallbackOutcomes(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	stranger := newSite(t)
	token := s.realm.Token(s.ada)
	const deep, home = "/gate/deep?a=b", "/"
	// without sends what row.target asks for, with the state cookie.
	at := func(target func(b *started) string) func(b *started, r *http.Request) *http.Request {
		return func(b *started, _ *http.Request) *http.Request {
			return withCookie(navigate(target(b)), b.cookie.Name, b.cookie.Value)
		}
	}
	for _, row := range []struct {
		name, token string
		change      func(b *started, r *http.Request) *http.Request
		status      int
		want        string // Location, or a piece of the page
		again       string // where the page leads
		signed      bool
		spent       bool // the state is used up
	}{
		{name: "verified and started", token: token, status: 303, want: deep, signed: true, spent: true},
		{name: "verified, the path alone, without a state", token: token, change: at(func(*started) string { return "/auth/callback?token=" + token }), status: 303, want: "/auth/confirm"},
		{name: "verified, a stolen state without its cookie", token: token, change: func(_ *started, r *http.Request) *http.Request {
			r.Header.Del("Cookie")
			return r
		}, status: 303, want: "/auth/confirm"},
		{name: "verified, cookie without state, elsewhere", token: token, change: at(func(*started) string { return "/gate/deep?token=" + token }), status: 303, want: "/auth/confirm"},
		{name: "verified, a state elsewhere", token: token, change: at(func(b *started) string { return "/gate/deep?ar_state=" + b.state + "&token=" + token }), status: 303, want: "/auth/confirm"},
		{name: "verified, the state twice", token: token, change: at(func(b *started) string { return b.callback(token) + "&ar_state=" + b.state }), status: 303, want: "/auth/confirm"},
		{name: "forged and started", token: forged(token), status: 401, want: "bad_signature", again: deep, spent: true},
		{name: "expired and started", token: s.realm.Token(s.ada, authrockettest.ExpiresIn(-time.Hour)), status: 401, want: "Clock of this server", again: deep, spent: true},
		{name: "issued an hour ahead and started", token: s.realm.Token(s.ada, setClaim("iat", time.Now().Add(time.Hour).Unix())), status: 401, want: "Valid from", again: deep, spent: true},
		{name: "not valid yet and started", token: s.realm.Token(s.ada, setClaim("nbf", time.Now().Add(time.Hour).Unix())), status: 401, want: "Clock of this server", again: deep, spent: true},
		{name: "of another realm and started", token: stranger.realm.Token(stranger.ada), status: 401, want: "wrong_realm", again: deep, spent: true},
		{name: "no JWT and started", token: "x", status: 401, want: "token_malformed", again: deep, spent: true},
		{name: "empty and started", status: 401, want: "no_token", again: deep, spent: true},
		{name: "two tokens and started", token: token + "&token=" + token, status: 401, want: "token_malformed", again: deep, spent: true},
		{name: "two tokens, one of them encoded", token: token + "&t%6Fken=x", status: 401, want: "token_malformed", again: deep, spent: true},
		{name: "no token and started", change: at(func(b *started) string { return "/auth/callback?" + b.back.RawQuery }), status: 303, want: deep}, // so that the visitor may go back
		{name: "no token, no state", change: at(func(*started) string { return "/auth/callback" }), status: 303, want: home},
		{name: "forged, not started", change: at(func(*started) string { return "/auth/callback?token=" + forged(token) }), status: 401, want: "bad_signature", again: home},
		{name: "no JWT, with a state of nobody", change: at(func(*started) string { return "/auth/callback?ar_state=y&token=z&a=b" }), status: 401, want: "token_malformed", again: home},
		{name: "forged, elsewhere", token: forged(token), change: func(_ *started, r *http.Request) *http.Request {
			return navigate("/x?a=b&token=" + forged(token) + "&account=c&session=d&e=f")
		}, status: 401, want: "bad_signature", again: "/x?a=b&e=f"},
		{name: "expired, elsewhere", change: func(*started, *http.Request) *http.Request {
			return navigate("/x?token=" + s.realm.Token(s.ada, authrockettest.ExpiresIn(-time.Hour)))
		}, status: 401, want: "Clock of this server", again: "/x"},
		{name: "too long, elsewhere", change: func(*started, *http.Request) *http.Request {
			return navigate("/?token=" + s.tokenOf(t, s.ada, 17_000))
		}, status: 401, want: "token_too_large", again: home},
		{name: "forged, at another login route", change: func(*started, *http.Request) *http.Request {
			return navigate("/auth/logout?token=" + forged(token))
		}, status: 401, want: "bad_signature", again: home},
	} {
		t.Run(row.name, func(t *testing.T) {
			b, _ := start(t, s.app(), navigate("/gate/deep?a=b"))
			r := b.land(row.token)
			if row.change != nil {
				r = row.change(&b, r)
			}
			w := serve(s.app(), r)
			if w.Code != row.status {
				t.Fatalf("got %d %q %q, want %d", w.Code, w.Header().Get("Location"), w.Body, row.status)
			}
			if row.status == 303 {
				if got := w.Header().Get("Location"); got != row.want {
					t.Errorf("Location: got %q, want %q", got, row.want)
				}
			} else if !strings.Contains(w.Body.String(), row.want) || strings.Contains(w.Body.String(), "eyJ") ||
				!strings.Contains(w.Body.String(), `href="`+loginLink(row.again)+`"`) || w.Header()["Location"] != nil {
				t.Errorf("got %q, want a page with %q and a way to try again at %q, without the token", w.Body, row.want, row.again)
			}
			if c := cookieNamed(w, siteCookie); (c != nil) != row.signed {
				t.Errorf("session cookie: got %v, want one: %t", c, row.signed)
			}
			if c := cookieNamed(w, b.cookie.Name); (c != nil && c.MaxAge < 0) != row.spent {
				t.Errorf("state cookie: got %v, want it used up: %t", c, row.spent)
			}
			if got := w.Header().Get("Referrer-Policy"); got != "no-referrer" {
				t.Errorf("Referrer-Policy: got %q, want no-referrer", got)
			}
			if got := w.Header().Get("Cache-Control"); got != "no-store" {
				t.Errorf("Cache-Control: got %q, want no-store", got)
			}
		})
	}
}

// Nothing but a navigation decides about a login or uses its state up.
func TestOnlyNavigationsAreCallbacks(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	const decided, refused = 303, 401
	for _, row := range []struct {
		name, method string
		headers      []string // that are changed
		status       int
	}{
		{name: "a browser", method: "GET", status: decided},
		{name: "a browser without fetch metadata", method: "GET", headers: []string{"Sec-Fetch-Site: ", "Sec-Fetch-Mode: ", "Sec-Fetch-Dest: "}, status: decided},
		{name: "a program", method: "GET", headers: []string{"Sec-Fetch-Site: ", "Sec-Fetch-Mode: ", "Sec-Fetch-Dest: ", "Accept: */*"}, status: refused},
		{name: "HEAD", method: "HEAD", status: refused},
		{name: "a form that posts", method: "POST", headers: []string{"Sec-Fetch-Site: cross-site"}, status: http.StatusMethodNotAllowed},
		{name: "OPTIONS", method: "OPTIONS", status: http.StatusMethodNotAllowed},
		{name: "a frame", method: "GET", headers: []string{"Sec-Fetch-Dest: iframe"}, status: refused},
		{name: "fetch", method: "GET", headers: []string{"Sec-Fetch-Mode: cors", "Sec-Fetch-Dest: empty"}, status: refused},
		{name: "htmx", method: "GET", headers: []string{"HX-Request: true"}, status: refused},
		{name: "a prefetch", method: "GET", headers: []string{"Sec-Purpose: prefetch"}, status: refused},
		{name: "an upgrade", method: "GET", headers: []string{"Upgrade: websocket", "Sec-WebSocket-Key: x"}, status: refused},
		{name: "a program with a bearer token", method: "GET", headers: []string{"Authorization: Bearer x"}, status: refused},
	} {
		t.Run(row.name, func(t *testing.T) {
			for what, token := range map[string]string{"a good token": s.realm.Token(s.ada), "a forged one": forged(s.realm.Token(s.ada)), "two": "x&token=y", "none": ""} {
				b, _ := start(t, s.app(), navigate("/gate/"))
				r := b.land(token)
				if token == "" {
					r = withCookie(navigate("/auth/callback?"+b.back.RawQuery), b.cookie.Name, b.cookie.Value)
				}
				r.Method = row.method
				for _, h := range row.headers {
					name, value, _ := strings.Cut(h, ": ")
					r.Header.Set(name, value)
					if value == "" {
						r.Header.Del(name)
					}
				}
				w := serve(s.app(), r)
				c := cookieNamed(w, b.cookie.Name)
				if row.status == decided && what == "none" {
					if c != nil || cookieNamed(w, siteCookie+"-attempts") == nil {
						t.Errorf("%s: got %d %q, want it counted, and the state kept", what, w.Code, w.Header()["Set-Cookie"])
					}
					continue
				}
				if row.status == decided {
					if c == nil || c.MaxAge >= 0 || (what == "a good token") != (cookieNamed(w, siteCookie) != nil) {
						t.Errorf("%s: got %d %q, want it decided", what, w.Code, w.Header()["Set-Cookie"])
					}
					continue
				}
				if w.Code != row.status || w.Header()["Set-Cookie"] != nil || strings.Contains(w.Body.String(), "eyJ") {
					t.Errorf("%s: got %d %v %q, want %d and nothing done", what, w.Code, w.Header(), w.Body, row.status)
				}
				if strings.HasPrefix(w.Header().Get("Location"), "/") {
					t.Errorf("%s: got %q, want no redirect", what, w.Header().Get("Location"))
				}
			}
		})
	}
	t.Run("a name that is encoded", func(t *testing.T) {
		b, _ := start(t, s.app(), navigate("/gate/"))
		target := strings.NewReplacer("token=", "t%6Fken=", "ar_state=", "ar%5fstate=").Replace(b.callback(s.realm.Token(s.ada)))
		w := serve(s.app(), withCookie(navigate(target), b.cookie.Name, b.cookie.Value))
		if got := w.Header().Get("Location"); w.Code != 303 || got != "/gate/" || cookieNamed(w, siteCookie) == nil {
			t.Errorf("got %d %q %q, want a login", w.Code, got, w.Header()["Set-Cookie"])
		}
	})
	t.Run("the page in a frame leads out of it", func(t *testing.T) {
		w := serve(s.app(), navigate("/auth/callback?token="+s.realm.Token(s.ada), "Sec-Fetch-Dest: iframe"))
		if w.Code != 401 || !strings.Contains(w.Body.String(), `target="_top"`) || strings.Contains(w.Body.String(), "eyJ") {
			t.Errorf("got %d %q, want a page with a link", w.Code, w.Body)
		}
	})
}

func TestLoginsThatWereNotStarted(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	careless := &site{realm: s.realm, ada: s.ada, george: s.george, auth: s.newAuth(t, func(c *authrocket.Config) { c.DangerouslyAcceptUnsolicitedLogins = true })}
	inWidgets := authrockettest.InOrg(s.widgets)
	for _, row := range []struct {
		name, token   string
		site          *site
		cookie        string // session cookie that the browser has
		asked, signed bool
	}{
		{name: "nobody signed in", site: s, token: s.realm.Token(s.ada), asked: true},
		{name: "somebody else signed in", site: s, token: s.realm.Token(s.george), cookie: s.realm.Token(s.ada), asked: true},
		{name: "somebody else signed in, older", site: s, token: s.realm.Token(s.george, issued(time.Hour)), cookie: s.realm.Token(s.ada), asked: true},
		{name: "the same user, newer", site: s, token: s.realm.Token(s.ada), cookie: s.realm.Token(s.ada, issued(time.Hour)), signed: true},
		{name: "the same user, older", site: s, token: s.realm.Token(s.ada, issued(time.Hour)), cookie: s.realm.Token(s.ada)},
		{name: "the same user, as old", site: s, token: s.realm.Token(s.ada, issued(time.Hour)), cookie: s.realm.Token(s.ada, issued(time.Hour)), signed: true},
		{name: "the same user, without iat", site: s, token: s.realm.Token(s.ada, withoutClaim("iat")), cookie: s.realm.Token(s.ada)},
		{name: "the same user, both without iat", site: s, token: s.realm.Token(s.ada, withoutClaim("iat")), cookie: s.realm.Token(s.ada, withoutClaim("iat")), signed: true},
		{name: "the same user in another account, as old", site: s, token: s.realm.Token(s.ada, inWidgets, issued(time.Hour)), cookie: s.realm.Token(s.ada, issued(time.Hour)), asked: true},
		{name: "the same user in another account, newer", site: s, token: s.realm.Token(s.ada, inWidgets), cookie: s.realm.Token(s.ada, issued(time.Hour)), asked: true},
		{name: "the same user in another account, older", site: s, token: s.realm.Token(s.ada, inWidgets, issued(time.Hour)), cookie: s.realm.Token(s.ada), asked: true},
		{name: "the same user in no account", site: s, token: s.realm.Token(s.ada, withoutClaim("orgs")), cookie: s.realm.Token(s.ada), asked: true},
		{name: "the same user, whose cookie has expired", site: s, token: s.realm.Token(s.ada), cookie: s.realm.Token(s.ada, authrockettest.ExpiresIn(-time.Hour)), asked: true},
		{name: "the same user in a forged cookie", site: s, token: s.realm.Token(s.ada), cookie: forged(s.realm.Token(s.ada, issued(time.Hour))), asked: true},
		{name: "accepted dangerously", site: careless, token: s.realm.Token(s.ada), signed: true},
		{name: "accepted dangerously, another user", site: careless, token: s.realm.Token(s.george), cookie: s.realm.Token(s.ada), signed: true},
		{name: "accepted dangerously, older", site: careless, token: s.realm.Token(s.ada, issued(time.Hour)), cookie: s.realm.Token(s.ada)},
	} {
		t.Run(row.name, func(t *testing.T) {
			for target, want := range map[string]string{"/x?a=b&token=": "/x?a=b", "/auth/callback?token=": "/", "/auth/callback?ar_state=ABCDEFGH.AAAA&token=": "/"} {
				r := navigate(target+row.token, "Sec-Fetch-Site: cross-site")
				if row.cookie != "" {
					withCookie(r, siteCookie, row.cookie)
				} else {
					withCookie(r, "theme", "dark")
				}
				w := serve(row.site.auth.Authenticate(whoami), r)
				if row.asked {
					want = "/auth/confirm"
				}
				if got := w.Header().Get("Location"); w.Code != 303 || got != want {
					t.Errorf("%s: got %d %q, want 303 %q", target, w.Code, got, want)
				}
				c := cookieNamed(w, siteCookie)
				if (c != nil) != row.signed || c != nil && c.Value != row.token {
					t.Errorf("%s: session cookie: got %v, want one: %t", target, c, row.signed)
				}
				p := cookieNamed(w, confirmCookie)
				if (p != nil) != row.asked || p != nil && !strings.HasPrefix(p.Value, row.token+".") {
					t.Errorf("%s: got %v, want the token to wait: %t", target, p, row.asked)
				}
				// Beside the session or the token that waits, at most the count.
				if got := w.Header()["Set-Cookie"]; len(got) > 2 {
					t.Errorf("%s: got cookies %q", target, got)
				}
			}
		})
	}
	t.Run("accepted dangerously, forged", func(t *testing.T) {
		w := serve(careless.app(), navigate("/x?a=b&token="+forged(s.realm.Token(s.ada))))
		if w.Code != 401 || w.Header()["Set-Cookie"] != nil || !strings.Contains(w.Body.String(), "bad_signature") {
			t.Errorf("got %d %v %q, want a page", w.Code, w.Header(), w.Body)
		}
	})
	t.Run("a gate alone takes them too", func(t *testing.T) {
		w := serve(s.auth.RequireLogin(whoami), navigate("/x?token="+s.realm.Token(s.ada)))
		if got := w.Header().Get("Location"); w.Code != 303 || got != "/auth/confirm" {
			t.Errorf("got %d %q", w.Code, got)
		}
	})
	t.Run("a switch of accounts is taken once it is confirmed", func(t *testing.T) {
		now := issued(0)
		v := &visitor{t: t, app: s.auth.Authenticate(whoami)}
		v.jar = map[string]*http.Cookie{siteCookie: {Value: s.realm.Token(s.ada, now), Expires: time.Now().Add(time.Hour)}}
		token := s.realm.Token(s.ada, inWidgets, now)
		v.visit("cross-site", "/x?token="+token)
		if w := v.get("/x"); w.Body.String() != "ada@example.com Engines " {
			t.Errorf("before the answer: got %q", w.Body)
		}
		w := v.send(answerOf(token, "continue"))
		if got := w.Header().Get("Location"); w.Code != 303 || got != "/x" {
			t.Errorf("got %d %q, want the login", w.Code, got)
		}
		if w := v.get("/x"); w.Body.String() != "ada@example.com Widgets " {
			t.Errorf("after the answer: got %q, want the other account", w.Body)
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
		{name: "a reset code", request: navigate("/reset?token=abc123&account=7&session=s")},
		{name: "an empty token", request: navigate("/reset?token=&account=7")},
		{name: "a token without a value", request: navigate("/reset?token")},
		{name: "another JWT", request: navigate("/reset?token=eyJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJtZSJ9.AAAA&account=7")},
		{name: "two dots", request: navigate("/reset?token=..")},
		{name: "a login token of another realm", request: navigate("/reset?token=" + stranger.realm.Token(stranger.ada))},
		{name: "a parameter in another case", request: navigate("/reset?Token=" + token)},
		{name: "a login token behind a semicolon", request: navigate("/reset?a=b;token=" + token)},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := serve(s.app(), s.as(s.ada, row.request))
			if want := "ada@example.com Engines " + row.request.URL.RawQuery; w.Code != 200 || w.Body.String() != want {
				t.Errorf("got %d %q, want 200 %q: the URL and the session untouched", w.Code, w.Body, want)
			}
			if w.Header()["Set-Cookie"] != nil {
				t.Errorf("got cookies %q, want none", w.Header()["Set-Cookie"])
			}
		})
	}
}

// LoginRocket's links lead anywhere with a token. Where nothing is decided about it,
// neither handlers nor logs see it.
func TestTokensThatAreNotNavigatedTo(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	token := s.shortToken(s.george)
	target := "/reset?a=%20b&token=" + token + "&account=7&session=kss_1&ar_state=x&c"
	const own = "Sec-Fetch-Site: same-origin"
	for _, row := range []struct {
		name    string
		request *http.Request
		want    string // the query that is left
	}{
		{name: "HEAD of a link scanner", request: request("HEAD", target), want: "a=%20b&c"},
		{name: "a program", request: request("GET", target), want: "a=%20b&c"},
		{name: "a form", request: submit(target), want: "a=%20b&c"},
		{name: "fetch", request: navigate(target, "Sec-Fetch-Mode: cors", "Sec-Fetch-Dest: empty"), want: "a=%20b&c"},
		{name: "a frame", request: navigate(target, "Sec-Fetch-Dest: iframe"), want: "a=%20b&c"},
		{name: "a WebSocket", request: navigate(target, "Upgrade: websocket", own), want: "a=%20b&c"},
		{name: "htmx", request: navigate(target, "HX-Request: true"), want: "a=%20b&c"},
		{name: "a prefetch", request: navigate(target, "Sec-Purpose: prefetch"), want: "a=%20b&c"},
		{name: "a bearer token beside it", request: navigate(target, "Authorization: Bearer "+s.realm.Token(s.ada)), want: "a=%20b&c"},
		{name: "twice", request: navigate("/reset?token=" + token + "&token=" + token)},
		{name: "behind another", request: navigate("/reset?token=x&t%6Fken=" + token + "&a"), want: "a"},
		{name: "one that is too long", request: request("HEAD", "/reset?a&token="+s.realm.Token(s.george, setClaim("locale", strings.Repeat("x", 20<<10)))), want: "a"},
		{name: "an expired one", request: request("HEAD", "/reset?a&token="+s.realm.Token(s.george, authrockettest.ExpiresIn(-time.Hour))), want: "a"},
		{name: "a forged one", request: request("HEAD", "/reset?a&token="+forged(token)), want: "a"},
	} {
		t.Run(row.name, func(t *testing.T) {
			r := s.as(s.ada, row.request)
			var seen *http.Request
			h := s.auth.Authenticate(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				seen = r
				r.ParseForm()
				whoami(w, r)
			}))
			w := serve(h, r)
			if want := "ada@example.com Engines " + row.want; w.Code != 200 || w.Body.String() != want || w.Header()["Set-Cookie"] != nil || w.Header()["Location"] != nil {
				t.Fatalf("got %d %q %v, want 200 %q, and nothing changed", w.Code, w.Body, w.Header(), want)
			}
			for _, shown := range []string{seen.RequestURI, seen.URL.String(), seen.Form.Encode()} {
				if strings.Contains(shown, token[len(token)-20:]) || strings.Contains(shown, "kss_") || strings.Contains(shown, "ar_state") {
					t.Errorf("the handler sees %q", shown)
				}
			}
			if !strings.Contains(row.request.URL.RawQuery, "token=") {
				t.Error("the caller's request was changed")
			}
		})
	}
	t.Run("a form that was parsed outside", func(t *testing.T) {
		r := submit("/reset?a=b&token=" + token + "&session=kss_1")
		r.Body, r.Header["Content-Type"] = io.NopCloser(strings.NewReader("token=mine&d=e")), []string{"application/x-www-form-urlencoded"}
		if err := r.ParseForm(); err != nil {
			t.Fatal(err)
		}
		var form url.Values
		serve(s.auth.Authenticate(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { form = r.Form })), r)
		if got := form.Encode(); got != "a=b&d=e&token=mine" {
			t.Errorf("the handler's form is %q, want what the URL and the body have without the login", got)
		}
	})
	t.Run("an answer to its URL is not stored", func(t *testing.T) {
		fetch := []string{"Sec-Fetch-Site: same-origin", "Sec-Fetch-Mode: cors", "Sec-Fetch-Dest: empty"}
		for _, r := range []*http.Request{
			navigate("/?token="+token, "Sec-Purpose: prefetch"), s.as(s.ada, request("GET", "/?token="+token, fetch...)), s.as(s.ada, request("GET", "/gate/?token="+token, fetch...)),
		} {
			w := serve(s.app(), r)
			if got := w.Header().Get("Cache-Control"); w.Code != 200 || got != "no-store" {
				t.Errorf("%.20s: got %d %q, want no-store", r.URL, w.Code, got)
			}
		}
	})
	t.Run("of another Auth's callback it is left alone", func(t *testing.T) {
		for _, method := range []string{"GET", "HEAD", "POST"} {
			target := "/staff/callback?ar_state=x&token=" + token
			r := request(method, target, own)
			if w := serve(s.app(), r); w.Code != 200 || !strings.HasSuffix(w.Body.String(), token) {
				t.Errorf("%s: got %d %q, want the URL as it came", method, w.Code, w.Body)
			}
		}
	})
	t.Run("with DisableCookie it is left alone", func(t *testing.T) {
		api := newSite(t, func(c *authrocket.Config) { c.DisableCookie = true })
		if w := serve(api.app(), request("HEAD", "/?token="+api.shortToken(api.ada))); w.Code != 200 || !strings.Contains(w.Body.String(), "token=") {
			t.Errorf("got %d %q, want the URL as it came", w.Code, w.Body)
		}
	})
}

func TestKeepQueryToken(t *testing.T) {
	t.Parallel()
	asked := 0
	s := newSite(t, func(c *authrocket.Config) {
		c.KeepQueryToken = func(r *http.Request) bool { asked++; return r.URL.Path == "/socket" }
	})
	query := "token=" + s.shortToken(s.ada) + "&account=7"
	for _, row := range []struct {
		name, want    string
		request       *http.Request
		asked, status int
	}{
		{name: "a WebSocket of the route keeps it", request: request("GET", "/socket?"+query, "Upgrade: websocket", "Sec-WebSocket-Key: x"), asked: 1, status: 200, want: "nobody  " + query},
		{name: "a script of the route keeps it", request: request("POST", "/socket?"+query), asked: 1, status: 200, want: "nobody  " + query},
		{name: "a navigation to the route completes no login", request: navigate("/socket?" + query), asked: 1, status: 200, want: "nobody  " + query},
		{name: "elsewhere it is cut", request: request("GET", "/other?a&"+query, "Upgrade: websocket"), asked: 1, status: 200, want: "nobody  a"},
		{name: "elsewhere a navigation completes the login", request: navigate("/other?" + query), asked: 1, status: 303},
		{name: "what has no token does not ask", request: request("GET", "/socket?a=b"), status: 200, want: "nobody  a=b"},
		{name: "the app's own token does not ask", request: request("GET", "/socket?token=mine"), status: 200, want: "nobody  token=mine"},
		{name: "the callback does not ask", request: navigate("/auth/callback?" + query), status: 303},
	} {
		asked = 0
		w := serve(s.app(), row.request)
		if w.Code != row.status || w.Body.String() != row.want || asked != row.asked {
			t.Errorf("%s: got %d %q, asked %d times, want %d %q, %d", row.name, w.Code, w.Body, asked, row.status, row.want, row.asked)
		}
	}
}

// A cache may keep a redirect that does not say otherwise, and send all who follow
// to where a stranger's link led.
func TestNoAnswerToAForgedTokenIsStored(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	token := forged(s.realm.Token(s.ada))
	for _, target := range []string{"/?token=" + token, "/gate/?token=" + token, "/auth/callback?token=" + token, "/auth/login?token=" + token, "/?ar_state=x&token=" + token} {
		for _, header := range []string{"Sec-Fetch-Dest: document", "Sec-Fetch-Dest: empty", "Sec-Fetch-Dest: iframe", "Sec-Purpose: prefetch", "HX-Request: true", "Authorization: Basic eDp5"} {
			w := serve(s.app(), navigate(target, header))
			if got := w.Header().Get("Cache-Control"); got != "no-store" || w.Code/100 == 3 {
				t.Errorf("%s, %s: got %d %q, want no redirect, and an answer that nobody stores", target[:20], header, w.Code, got)
			}
		}
	}
}

func TestACallbackWorksOnce(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	token := s.realm.Token(s.ada)
	for _, row := range []struct {
		name    string
		between func(v *visitor)
		token   string // of the second time
		want    string // Location
		user    string // signed in then
	}{
		{name: "again, by the same user", between: func(*visitor) {}, token: token, want: "/", user: "ada"},
		{name: "again, with a token of another user", between: func(*visitor) {}, token: s.realm.Token(s.george), want: "/auth/confirm", user: "ada"},
		{name: "again, after signing out", between: func(v *visitor) { v.send(request("POST", "/auth/logout", "Sec-Fetch-Site: same-origin")) }, token: token, want: "/auth/confirm", user: "nobody"},
		{name: "in another browser", between: func(v *visitor) { v.jar = nil }, token: token, want: "/auth/confirm", user: "nobody"},
		{name: "in the browser of another user", between: func(v *visitor) {
			v.jar = map[string]*http.Cookie{siteCookie: {Value: s.realm.Token(s.george), Expires: time.Now().Add(time.Hour)}}
		}, token: token, want: "/auth/confirm", user: "george"},
	} {
		t.Run(row.name, func(t *testing.T) {
			v := s.visitor(t, "")
			b := started{back: redirectURIOf(t, v.get("/gate/").Header().Get("Location"))}
			if got := v.visit("cross-site", b.callback(token)).Header().Get("Location"); got != "/gate/" {
				t.Fatalf("got %q, want a login", got)
			}
			row.between(v)
			w := v.visit("cross-site", b.callback(row.token))
			if got := w.Header().Get("Location"); w.Code != 303 || got != row.want {
				t.Errorf("got %d %q, want 303 %q", w.Code, got, row.want)
			}
			if w := v.get("/"); !strings.HasPrefix(w.Body.String(), row.user) {
				t.Errorf("got %q, want %s", w.Body, row.user)
			}
		})
	}
}

// Two tabs of one browser whose states are swapped: what a login may change and
// where it leads are those of the state.
func TestSwappedStates(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	v := s.signedInAs(t, s.ada)
	begin := func(target string) started {
		return started{back: redirectURIOf(t, v.visit("same-origin", target).Header().Get("Location"))}
	}
	plain, prompt := begin("/auth/login?return_to=/plain"), begin("/auth/login?prompt=login&return_to=/prompt")
	george := s.realm.Token(s.george)
	if got := v.visit("cross-site", plain.callback(george)).Header().Get("Location"); got != "/auth/confirm" {
		t.Errorf("the state of the plain login: got %q, want a question", got)
	}
	// The question has used the state up.
	delete(v.jar, confirmCookie)
	if got := v.visit("cross-site", plain.callback(s.realm.Token(s.ada))).Header().Get("Location"); got != "/" {
		t.Errorf("the state of the plain login, again: got %q, want it to be no state", got)
	}
	if got := v.visit("cross-site", prompt.callback(george)).Header().Get("Location"); got != "/prompt" {
		t.Errorf("the state of the login with the form: got %q, want a login", got)
	}
	one, two := begin("/auth/login?return_to=/one"), begin("/auth/login?return_to=/two")
	mixed := *two.back
	id, _, _ := strings.Cut(one.back.Query().Get("ar_state"), ".")
	_, sealed, _ := strings.Cut(two.back.Query().Get("ar_state"), ".")
	mixed.RawQuery = "ar_state=" + id + "." + sealed
	if got := v.visit("cross-site", started{back: &mixed}.callback(george)).Header().Get("Location"); got != "/" {
		t.Errorf("one's ID with what is sealed for the other: got %q, want it to be no state", got)
	}
}

func TestAnUndecidedCallbackKeepsItsState(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]authrockettest.Fault{"down": authrockettest.Status(500), "hanging": authrockettest.Hang()} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newColdSite(t)
				s.realm.Break(fault)
				b, _ := start(t, s.app(), navigate("/gate/deep?a=b"))
				token := s.realm.Token(s.ada)
				w := serve(s.app(), b.land(token))
				if c := cookieNamed(w, b.cookie.Name); w.Code != 503 || w.Header().Get("Retry-After") == "" || w.Header().Get("Refresh") == "" || c != nil || cookieNamed(w, siteCookie) != nil {
					t.Errorf("got %d %v, want 503, Retry-After, Refresh and the state kept", w.Code, w.Header())
				}
				if body := w.Body.String(); !strings.Contains(body, "check your sign-in right now") || strings.Contains(body, token) {
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

func TestOddRequestTargets(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	careless := s.newAuth(t, func(c *authrocket.Config) { c.DangerouslyAcceptUnsolicitedLogins = true })
	strict, accepting := rawServer(t, s.auth.Authenticate(s.auth.RequireLogin(whoami))), rawServer(t, careless.Authenticate(careless.RequireLogin(whoami)))
	for _, row := range []struct {
		name, target, host string
		want               string // "" when the server itself refuses
	}{
		{name: "two slashes", target: "//evil.example/x", host: "app", want: "/"},
		{name: "two slashes and a query", target: "//evil.example/x?a=b", host: "app", want: "/"},
		{name: "three slashes", target: "///evil.example/x", host: "app", want: "/"},
		{name: "a slash and a backslash", target: `/\evil.example/`, host: "app", want: "/"},
		{name: "backslashes inside", target: `/a\..\\evil.example`, host: "app", want: "/"},
		{name: "absolute", target: "http://evil.example/x?a=b", host: "app", want: "/x?a=b"},
		{name: "absolute https", target: "https://evil.example/x", host: "app", want: "/x"},
		{name: "absolute with userinfo", target: "http://user:pw@evil.example/x", host: "app", want: "/x"},
		{name: "absolute with two slashes", target: "http://app//evil.example/", host: "app", want: "/"},
		{name: "absolute with a backslash", target: `http://app/\evil.example/`, host: "app", want: "/%5Cevil.example/"},
		{name: "absolute without a path", target: "http://evil.example", host: "app", want: "/"},
		{name: "absolute of another scheme", target: "javascript://app/%0aalert(1)", host: "app", want: "/%0aalert(1)"},
		{name: "encoded slashes stay encoded", target: "/%2Fevil.example", host: "app", want: "/%2Fevil.example"},
		{name: "an encoded tab stays encoded", target: "/%09/evil.example", host: "app", want: "/%09/evil.example"},
		{name: "an encoded line break stays encoded", target: "/%0d%0aSet-Cookie:a=b", host: "app", want: "/%0d%0aSet-Cookie:a=b"},
		{name: "a dot and two slashes", target: "/.//evil.example", host: "app", want: "/.//evil.example"},
		{name: "a host that is a bracket", target: "/x", host: "[", want: "/x"},
		{name: "an empty host", target: "/x", want: "/x"},
		{name: "a port out of range", target: "/x", host: "app:99999", want: "/x"},
		{name: "a host with userinfo", target: "/x", host: "user@evil.example"},
		{name: "a host with a slash", target: "/x", host: "evil.example/"},
	} {
		t.Run(row.name, func(t *testing.T) {
			separator := "?"
			if strings.Contains(row.target, "?") {
				separator = "&"
			}
			token := s.realm.Token(s.ada)
			for _, c := range []struct {
				name, query, want string
				server            *httptest.Server
			}{
				{name: "not started", server: strict, query: separator + "token=" + token, want: "/auth/confirm"},
				{name: "accepted", server: accepting, query: separator + "token=" + token, want: row.want},
				{name: "refused", server: strict},
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
					back := redirectURIOf(t, got)
					if !strings.HasPrefix(got, "https://loginrocket.example/login?") || !strings.HasPrefix(back.String(), "https://example.com/auth/callback?ar_state=") {
						t.Errorf("%s: got %q, want to come back to the callback", c.name, got)
					}
					cookie, _, _ := strings.Cut(resp.Header.Get("Set-Cookie"), ";")
					resp, _ = sendRaw(t, c.server, "GET "+started{back: back}.callback(token)+" HTTP/1.1", "Host: "+row.host, "Accept: text/html", "Cookie: "+cookie, "Connection: close")
					if got := resp.Header.Get("Location"); resp.StatusCode != 303 || got != row.want || !staysHere(got) {
						t.Errorf("%s: got %d %q, want %q in the end", c.name, resp.StatusCode, got, row.want)
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
	if got := b.back.Scheme + "://" + b.back.Host + b.back.Path; got != "https://example.com/app/auth/callback" {
		t.Errorf("redirect_uri: got %q", got)
	}
	callback := navigate("/auth/callback?" + b.back.RawQuery + "&token=" + s.realm.Token(s.ada))
	for _, row := range []struct {
		name, want string
		request    *http.Request
	}{
		{name: "the callback", request: withCookie(callback, b.cookie.Name, b.cookie.Value), want: "/app/gate/x?a=b"},
		{name: "the callback, not started", request: s.as(s.ada, navigate("/auth/callback?token="+s.realm.Token(s.ada))), want: "/app/"},
		{name: "elsewhere, the same user", request: s.as(s.ada, navigate("/x?a=b&token="+s.realm.Token(s.ada))), want: "/app/x?a=b"},
		{name: "not started", request: navigate("/x?token=" + s.realm.Token(s.ada)), want: "/app/auth/confirm"},
		{name: "local logout", request: navigate("/auth/logout?local=1&return_to=/bye"), want: "/app/bye"},
	} {
		if got := serve(app, row.request).Header().Get("Location"); got != row.want {
			t.Errorf("%s: got %q, want %q", row.name, got, row.want)
		}
	}
	if w := serve(app, navigate("/x?a=b&token="+forged(s.realm.Token(s.ada)))); w.Code != 401 || !strings.Contains(w.Body.String(), `href="/app`+loginLink("/x?a=b")+`"`) {
		t.Errorf("forged: got %d %q", w.Code, w.Body)
	}
	if w := serve(app, navigate("/gate/", "Sec-Fetch-Dest: iframe")); !strings.Contains(w.Body.String(), `href="/app/auth/login?return_to=%2Fgate%2F"`) {
		t.Errorf("framed: got %q", w.Body)
	}
	if w := serve(app, request("GET", "/auth/logout")); !strings.Contains(w.Body.String(), `action="/app/auth/logout"`) {
		t.Errorf("logout page: got %q", w.Body)
	}
	end := withCookie(navigate("/auth/logout/end"), siteCookie+"-logout", logoutCookie("kss_1", "/bye"))
	if got := redirectURIOf(t, serve(app, end).Header().Get("Location")).String(); got != "https://example.com/app/bye" {
		t.Errorf("logout: comes back to %q", got)
	}
}

func TestNoTargetLeavesThePrefix(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(c *authrocket.Config) { c.AppURL = "https://example.com/app" })
	app := s.auth.Authenticate(whoami)
	for _, row := range []struct{ name, target, want string }{
		{name: "dot segments", target: "/../x", want: "/"},
		{name: "escaped dot segments", target: "/%2e%2E/x", want: "/"},
		{name: "an escaped slash, for a proxy that decodes", target: "/..%2fx", want: "/"},
		{name: "a path that begins like the prefix", target: "/../apple", want: "/"},
		{name: "a login route by way of the prefix", target: "/../app/auth/logout", want: "/"},
		{name: "dot segments below the prefix", target: "/x/../y", want: "/x/../y"},
		{name: "back into the prefix", target: "/../app/x", want: "/../app/x"},
		{name: "the prefix itself", target: "/../app", want: "/../app"},
	} {
		t.Run(row.name, func(t *testing.T) {
			b, _ := start(t, app, navigate("/auth/login?return_to="+url.QueryEscape(row.target)))
			b.back.Path = strings.TrimPrefix(b.back.Path, "/app")
			if got := serve(app, b.land(s.realm.Token(s.ada))).Header().Get("Location"); got != "/app"+row.want {
				t.Errorf("login: got %q, want %q", got, "/app"+row.want)
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
	// By what a gate answers; 400 is the server's own answer.
	for status, hosts := range map[int][]string{
		303: {
			"127.0.0.1:8080", "127.0.0.1", "127.8.9.10:1", "localhost:8080", "LOCALHOST:8080", "app.localhost", "[::1]:8080", "[::1]",
		},
		401: {
			"evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "evil-localhost", ".localhost", "10.0.0.1", "0.0.0.0:80",
			"[::]:80", "", "[", "app:99999", "localhost:99999", "localhost:0", "localhost:", "localhost:x", "localhost:80:80", "[::1", "::1",
			"[::1%25eth0]", "127.1", "localhost%2eevil.example",
		},
		400: {
			"user@localhost", "localhost/x", "localhost#x", "localhost x",
		},
	} {
		for _, host := range hosts {
			t.Run(host, func(t *testing.T) {
				resp, _ := sendRaw(t, server, "GET /x HTTP/1.1", "Host: "+host, "Accept: text/html", "Connection: close")
				got := resp.Header.Get("Location")
				if resp.StatusCode != status || (got != "") != (status == 303) {
					t.Fatalf("gate: got %d %q, want %d", resp.StatusCode, got, status)
				}
				if status == 303 && !strings.HasPrefix(redirectURIOf(t, got).String(), "http://"+host+"/auth/callback?ar_state=") {
					t.Errorf("gate: got %q", got)
				}
				login := map[int]int{303: 303, 401: 403, 400: 400}[status]
				resp, body := sendRaw(t, server, "GET /auth/login HTTP/1.1", "Host: "+host, "Accept: text/html", "Connection: close")
				if resp.StatusCode != login {
					t.Errorf("login route: got %d %q, want %d", resp.StatusCode, body, login)
				}
				resp, _ = sendRaw(t, server, "GET /auth/logout/end HTTP/1.1", "Host: "+host, "Accept: text/html", "Cookie: arToken-logout="+logoutCookie("", "/x"), "Connection: close")
				back := redirectURIOf(t, resp.Header.Get("Location")).String()
				if want := map[int]string{303: "http://" + host + "/x"}[status]; back != want {
					t.Errorf("logout: got %d, back to %q, want %q", resp.StatusCode, back, want)
				}
			})
		}
	}
}

// There may be a session among them.
func TestALoginBesideCookiesThatNobodyLookedAtIsAskedAbout(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b, _ := start(t, s.app(), navigate("/gate/"))
	filler := strings.Repeat("; x="+strings.Repeat("y", 4000), 17)
	r := navigate(b.callback(s.realm.Token(s.george)), "Sec-Fetch-Site: cross-site",
		"Cookie: "+b.cookie.Name+"="+b.cookie.Value+filler+"; "+siteCookie+"="+s.realm.Token(s.ada))
	w := serve(s.app(), r)
	if got := w.Header().Get("Location"); got != "/auth/confirm" {
		t.Errorf("got %q, want the confirmation", got)
	}
}

// A page in a frame whose URL has a token names it to what it loads.
func TestAPageWhoseURLHasATokenIsNoReferrer(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	w := serve(s.app(), navigate("/?token="+s.realm.Token(s.ada), "Sec-Fetch-Dest: iframe"))
	if got := w.Header().Get("Referrer-Policy"); got != "strict-origin" {
		t.Errorf("got Referrer-Policy %q: requests of the framed page have the token in Referer", got)
	}
}
