package authrocket_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/authrockettest"
)

func TestAuthenticateNeverRefuses(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	token := s.realm.Token(s.ada)
	for _, row := range []struct {
		name, want string
		request    *http.Request
	}{
		{name: "a visitor is anonymous", request: navigate("/"), want: "nobody  "},
		{name: "a session is attached", request: s.as(s.ada, navigate("/")), want: "ada@example.com Engines "},
		{name: "a bearer token is attached", request: request("GET", "/", "Authorization: Bearer "+token), want: "ada@example.com Engines "},
		{name: "an expired cookie is anonymous", request: s.as(s.ada, navigate("/"), authrockettest.ExpiresIn(-1e10)), want: "nobody  "},
		{name: "a forged cookie is anonymous", request: withCookie(navigate("/"), siteCookie, token+"x"), want: "nobody  "},
		{name: "bytes in a cookie are anonymous", request: withCookie(navigate("/"), siteCookie, "\x00\xff..."), want: "nobody  "},
		{name: "a broken bearer token is anonymous", request: request("GET", "/", "Authorization: Bearer x"), want: "nobody  "},
		{name: "two users are anonymous", request: s.as(s.george, s.as(s.ada, navigate("/"))), want: "nobody  "},
		{name: "a cross-site POST is anonymous", request: s.as(s.ada, request("POST", "/", "Sec-Fetch-Site: cross-site")), want: "nobody  "},
		{name: "a prefetch is served", request: s.as(s.ada, navigate("/", "Sec-Purpose: prefetch")), want: "ada@example.com Engines "},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := serve(s.app(), row.request)
			if w.Code != 200 || w.Body.String() != row.want {
				t.Errorf("got %d %q, want 200 %q", w.Code, w.Body, row.want)
			}
			if cookies := w.Header()["Set-Cookie"]; cookies != nil {
				t.Errorf("got cookies %q on an open route, want none", cookies)
			}
		})
	}
}

// A preflight has no credentials, so a gate can only refuse it: CORS belongs around the
// gate. Nothing of this package stands in its way.
func TestPreflights(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	cors := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Access-Control-Allow-Origin", r.Header.Get("Origin"))
			if r.Method == http.MethodOptions {
				w.WriteHeader(http.StatusNoContent)
				return
			}
			next.ServeHTTP(w, r)
		})
	}
	const origin = "Origin: https://pages.example"
	preflight := func(target string) *http.Request {
		return request("OPTIONS", target, origin, "Access-Control-Request-Method: GET", "Access-Control-Request-Headers: authorization", "Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: cors")
	}
	for _, row := range []struct {
		name    string
		handler http.Handler
		request *http.Request
		status  int
		allowed string // Access-Control-Allow-Origin
	}{
		{name: "CORS within Authenticate answers it", handler: s.auth.Authenticate(cors(s.routes())), request: preflight("/gate/"), status: 204, allowed: "https://pages.example"},
		{name: "CORS around a gate alone answers it", handler: cors(s.auth.RequireLogin(whoami)), request: preflight("/gate/"), status: 204, allowed: "https://pages.example"},
		{name: "a handler of an open route answers it", handler: s.app(), request: preflight("/"), status: 200},
		{name: "a gate without CORS refuses it by 401, not by a redirect", handler: s.app(), request: preflight("/gate/"), status: 401},
		{name: "the request that follows passes", handler: cors(s.app()), request: request("GET", "/gate/", origin, "Authorization: Bearer "+s.realm.Token(s.ada)), status: 200, allowed: "https://pages.example"},
		{name: "a refusal keeps the headers of CORS", handler: cors(s.app()), request: request("GET", "/gate/", origin), status: 401, allowed: "https://pages.example"},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := serve(row.handler, row.request)
			if got := w.Header().Get("Access-Control-Allow-Origin"); w.Code != row.status || got != row.allowed || w.Header()["Location"] != nil {
				t.Errorf("got %d %v, want %d, the allowed origin %q and no redirect", w.Code, w.Header(), row.status, row.allowed)
			}
		})
	}
}

func TestAuthenticateOverwritesAnotherAuth(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	other, elsewhere := s.newAuth(t, func(c *authrocket.Config) { c.CookieName = "__Host-other" }), newSite(t)
	signedIn := s.as(s.ada, navigate("/"))
	for _, row := range []struct {
		name, want string
		handler    http.Handler
	}{
		{name: "anonymous for the inner one", handler: s.auth.Authenticate(other.Authenticate(whoami)), want: "nobody  "},
		{name: "signed in for the inner one", handler: other.Authenticate(s.auth.Authenticate(whoami)), want: "ada@example.com Engines "},
		{name: "an inner gate of the outer one", handler: s.auth.Authenticate(other.Authenticate(s.auth.RequireLogin(whoami))), want: "ada@example.com Engines "},
		{name: "another realm's for the inner one", handler: s.auth.Authenticate(elsewhere.auth.Authenticate(whoami)), want: "nobody  "},
		{name: "a session from outside does not stay", handler: withSession(s.realm.Session(s.george), other.Authenticate(whoami)), want: "nobody  "},
	} {
		t.Run(row.name, func(t *testing.T) {
			if w := serve(row.handler, signedIn.Clone(t.Context())); w.Body.String() != row.want {
				t.Errorf("got %q, want %q", w.Body, row.want)
			}
		})
	}
}

// withSession does what a careless middleware might.
func withSession(session authrocket.Session, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(w, r.WithContext(authrocket.WithSession(r.Context(), session)))
	})
}

func TestGatesWithAndWithoutAuthenticate(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for name, app := range map[string]http.Handler{"inside": s.app(), "alone": s.routes()} {
		for _, row := range []struct {
			name, body string
			request    *http.Request
			status     int
		}{
			{name: "a user passes", request: s.as(s.ada, navigate("/gate/")), status: 200, body: "ada@example.com Engines "},
			{name: "a bearer token passes", request: request("GET", "/gate/", "Authorization: Bearer "+s.realm.Token(s.ada)), status: 200, body: "ada@example.com Engines "},
			{name: "a visitor goes to the login", request: navigate("/gate/"), status: 303},
			{name: "a program gets 401", request: request("GET", "/gate/"), status: 401, body: "{"},
			{name: "a permission passes", request: s.as(s.ada, navigate("/billing")), status: 200, body: "ada@example.com Engines "},
			{name: "a missing permission is 403 and no login", request: s.as(s.george, navigate("/billing")), status: 403, body: "<!doctype html>"},
			{name: "an anonymous visitor of a permission goes to the login", request: navigate("/billing"), status: 303},
		} {
			t.Run(name+", "+row.name, func(t *testing.T) {
				w := serve(app, row.request.Clone(t.Context()))
				if w.Code != row.status || !strings.HasPrefix(w.Body.String(), row.body) {
					t.Errorf("got %d %q, want %d %q", w.Code, w.Body, row.status, row.body)
				}
			})
		}
	}
}

func TestNoHandlerRunsAfterARefusal(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	permission := authrocket.Permission("billing:write")
	selected := func(_ *http.Request, session authrocket.Session) (authrocket.Membership, error) {
		m, _ := session.Membership()
		return m, nil
	}
	gates := map[string]func(http.Handler) http.Handler{
		"RequireLogin": s.auth.RequireLogin, "Require": s.auth.Require(permission), "RequireOrg": s.auth.RequireOrg(selected, permission),
	}
	for _, row := range []struct {
		name    string
		gates   []string
		request *http.Request
	}{
		{name: "a program", gates: []string{"RequireLogin", "Require", "RequireOrg"}, request: request("GET", "/")},
		{name: "a navigation", gates: []string{"RequireLogin", "Require", "RequireOrg"}, request: navigate("/")},
		{name: "an invalid token", gates: []string{"RequireLogin", "Require", "RequireOrg"}, request: request("GET", "/", "Authorization: Bearer x")},
		{name: "a form of another site", gates: []string{"RequireLogin", "Require", "RequireOrg"}, request: s.as(s.ada, request("POST", "/", "Sec-Fetch-Site: cross-site"))},
		{name: "a missing permission", gates: []string{"Require", "RequireOrg"}, request: s.as(s.george, request("GET", "/"))},
	} {
		for _, gate := range row.gates {
			t.Run(row.name+", "+gate, func(t *testing.T) {
				for how, around := range map[string]func(http.Handler) http.Handler{
					"inside": s.auth.Authenticate, "alone": func(h http.Handler) http.Handler { return h },
				} {
					ran := false
					w := serve(around(gates[gate](http.HandlerFunc(func(http.ResponseWriter, *http.Request) { ran = true }))), row.request.Clone(t.Context()))
					if ran || w.Code < 300 {
						t.Errorf("%s: the handler ran: %t, status %d", how, ran, w.Code)
					}
				}
			})
		}
	}
}

func TestGateAcceptsOnlyItsOwnSessionOfThisRequest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		elsewhere := newSite(t, func(c *authrocket.Config) { c.CookieName = siteCookie })
		// carried is a context in which the same Auth has found ada.
		first := s.as(s.ada, navigate("/"))
		cookie := first.Header.Get("Cookie")
		carried := pass(s.auth.Authenticate, first).Context()

		// again is another request with the credentials of the one that left carried.
		again := func(method string, headers ...string) *http.Request {
			r := request(method, "/", headers...).WithContext(carried)
			r.Header["Cookie"] = []string{cookie}
			return r
		}
		changeMethod := func(method string, next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				changed := *r
				changed.Method = method
				next.ServeHTTP(w, &changed)
			})
		}
		check := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r, err := s.auth.Check(r); err != nil {
				s.auth.Deny(w, r, err)
				return
			}
			whoami(w, r)
		})
		for how, gate := range map[string]http.Handler{"RequireLogin": s.auth.RequireLogin(whoami), "Check": check} {
			for _, row := range []struct {
				name    string
				handler http.Handler
				request *http.Request
				status  int
			}{
				{name: "its own session passes", handler: s.auth.Authenticate(gate), request: s.as(s.ada, request("GET", "/")), status: 200},
				{name: "a copy of the request with another path passes", handler: s.auth.Authenticate(http.StripPrefix("/a", gate)), request: s.as(s.ada, request("GET", "/a/b")), status: 200},
				{name: "a session of WithSession does not", handler: withSession(s.realm.Session(s.ada), gate), request: request("GET", "/"), status: 401},
				{name: "nor behind Authenticate", handler: s.auth.Authenticate(withSession(s.realm.Session(s.ada), gate)), request: request("GET", "/"), status: 401},
				{name: "another Auth's session does not", handler: elsewhere.auth.Authenticate(gate), request: elsewhere.as(elsewhere.ada, request("GET", "/")), status: 401},
				{name: "another Auth's inside its own does not", handler: s.auth.Authenticate(elsewhere.auth.Authenticate(gate)), request: elsewhere.as(elsewhere.ada, request("GET", "/")), status: 401},
				{name: "a context of another request does not", handler: gate, request: request("GET", "/").WithContext(carried), status: 401},
				{name: "nor behind Authenticate again", handler: s.auth.Authenticate(gate), request: request("GET", "/").WithContext(carried), status: 401},
				{name: "a context of another request without headers does not", handler: gate, request: withoutHeaders(request("GET", "/").WithContext(carried)), status: 401},
				{name: "the context of a GET does not excuse a WebSocket of another origin", handler: gate, request: again("GET", "Upgrade: websocket", "Origin: https://evil.example"), status: 403},
				{name: "nor a request without a Host", handler: gate, request: func() *http.Request { r := again("GET"); r.Host = ""; return r }(), status: 403},
				{name: "a GET that became a POST is judged again", handler: s.auth.Authenticate(changeMethod("POST", gate)), request: s.as(s.ada, request("GET", "/", "Sec-Fetch-Site: cross-site")), status: 403},
				{name: "a POST that became a DELETE is judged again", handler: s.auth.Authenticate(changeMethod("DELETE", gate)), request: s.as(s.ada, request("POST", "/", "Sec-Fetch-Site: same-origin")), status: 200},
			} {
				if w := serve(row.handler, row.request); w.Code != row.status {
					t.Errorf("%s, %s: got %d %q, want %d", how, row.name, w.Code, w.Body, row.status)
				}
			}
		}
	})
}

func TestAnOpenRouteKnowsNobodyByAnotherRequestsContext(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	first := s.as(s.ada, navigate("/"))
	carried := pass(s.auth.Authenticate, first).Context()
	cookie := "Cookie: " + first.Header.Get("Cookie")
	for _, row := range []struct {
		name    string
		request *http.Request
	}{
		{name: "another method", request: request("POST", "/", cookie, "Sec-Fetch-Site: cross-site")},
		{name: "other credentials", request: request("GET", "/", "Cookie: "+siteCookie+"=x")},
		{name: "a WebSocket of another origin", request: request("GET", "/", cookie, "Upgrade: websocket", "Origin: https://evil.example")},
	} {
		t.Run(row.name, func(t *testing.T) {
			if w := serve(s.auth.Authenticate(whoami), row.request.WithContext(carried)); w.Body.String() != "nobody  " {
				t.Errorf("got %q, want nobody", w.Body)
			}
		})
	}
}

func withoutHeaders(r *http.Request) *http.Request {
	r.Header = nil
	return r
}

func TestCheckDecidesAndWritesNothing(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, row := range []struct {
		name    string
		request *http.Request
		rules   []authrocket.Rule
		want    error
	}{
		{name: "a user", request: s.as(s.ada, navigate("/"))},
		{name: "a user with the permission", request: s.as(s.ada, navigate("/")), rules: []authrocket.Rule{authrocket.Permission("billing:write")}},
		{name: "a user without", request: s.as(s.george, navigate("/")), rules: []authrocket.Rule{authrocket.Permission("billing:write")}, want: authrocket.ErrPermissionDenied},
		{name: "nobody", request: navigate("/"), want: authrocket.ErrNoToken},
		{name: "a nil rule refuses", request: s.as(s.ada, navigate("/")), rules: []authrocket.Rule{nil}, want: authrocket.ErrForbidden},
		{name: "a rule's own error is forbidden", request: s.as(s.ada, navigate("/")), rules: []authrocket.Rule{func(context.Context, authrocket.Session) error { return errors.New("no") }}, want: authrocket.ErrForbidden},
	} {
		t.Run(row.name, func(t *testing.T) {
			checked, err := s.auth.Check(row.request, row.rules...)
			if !errors.Is(err, row.want) {
				t.Fatalf("got %v, want %v", err, row.want)
			}
			if _, ok := authrocket.CurrentSession(row.request.Context()); ok {
				t.Error("the given request has a session now, want it untouched")
			}
			_, ok := authrocket.CurrentSession(checked.Context())
			if ok == errors.Is(row.want, authrocket.ErrNoToken) {
				t.Errorf("the returned request has a session: %t", ok)
			}
			// What Check returned stands: it is not authenticated again.
			if again, err := s.auth.Check(checked, row.rules...); !errors.Is(err, row.want) || err == nil && again != checked {
				t.Errorf("checking again: got %v, want %v and the same request", err, row.want)
			}
		})
	}
}

func TestRequireOrg(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	billing := authrocket.Permission("billing:write")
	mux := http.NewServeMux()
	byID := s.auth.RequireOrg(authrocket.OrgIDFromPath("org"))
	mux.Handle("/orgs/{org}/", byID(whoami))
	mux.Handle("/orgs/{org}/billing", s.auth.RequireOrg(authrocket.OrgIDFromPath("org"), billing)(whoami))
	mux.Handle("/orgs/{org}/nested", byID(s.auth.Require(billing)(whoami)))
	mux.Handle("/orgs/{org}/ref/{ref}", byID(s.auth.RequireOrg(authrocket.OrgReferenceFromPath("ref"))(whoami)))
	mux.Handle("/orgs/{org}/cloned", byID(cloned(s.auth.Require(billing)(whoami))))
	other := s.newAuth(t, func(c *authrocket.Config) { c.CookieName = "other" })
	mux.Handle("/orgs/{org}/hidden", byID(other.Authenticate(s.auth.Require(billing)(whoami))))
	for _, row := range []struct {
		name, target, body string
		user               authrockettest.User
		status             int
	}{
		{name: "the picked org", user: s.ada, target: "/orgs/" + s.engines.ID + "/", status: 200, body: "ada@example.com Engines "},
		{name: "another org of the user is the current one inside", user: s.ada, target: "/orgs/" + s.widgets.ID + "/", status: 200, body: "ada@example.com Widgets "},
		{name: "a rule is about the org of the path", user: s.ada, target: "/orgs/" + s.engines.ID + "/billing", status: 200, body: "ada@example.com Engines "},
		{name: "a permission elsewhere does not count", user: s.ada, target: "/orgs/" + s.widgets.ID + "/billing", status: 403},
		{name: "a gate inside is about the org of the path", user: s.ada, target: "/orgs/" + s.widgets.ID + "/nested", status: 403},
		{name: "a gate inside passes in the org of the path", user: s.ada, target: "/orgs/" + s.engines.ID + "/nested", status: 200, body: "ada@example.com Engines "},
		{name: "the innermost selector counts", user: s.ada, target: "/orgs/" + s.engines.ID + "/ref/w-1", status: 200, body: "ada@example.com Widgets "},
		{name: "a cloned request is still about the org of the path", user: s.ada, target: "/orgs/" + s.widgets.ID + "/cloned", status: 403},
		{name: "another Auth inside does not hide the org of the path", user: s.ada, target: "/orgs/" + s.widgets.ID + "/hidden", status: 403},
		{name: "behind the gate its own session is the current one again", user: s.ada, target: "/orgs/" + s.engines.ID + "/hidden", status: 200, body: "ada@example.com Engines "},
	} {
		t.Run(row.name, func(t *testing.T) {
			for name, h := range map[string]http.Handler{"inside": s.auth.Authenticate(mux), "alone": mux} {
				// A token of the Core API: with one of LoginRocket Web, an org that is not
				// the picked one is refused before any rule.
				w := serve(h, s.as(row.user, navigate(row.target), authrockettest.AllOrgs()))
				if w.Code != row.status || !strings.HasPrefix(w.Body.String(), row.body) {
					t.Errorf("%s: got %d %q, want %d %q", name, w.Code, w.Body, row.status, row.body)
				}
			}
		})
	}
	t.Run("a visitor goes to the login", func(t *testing.T) {
		if w := serve(mux, navigate("/orgs/"+s.engines.ID+"/")); w.Code != 303 {
			t.Errorf("got %d, want 303", w.Code)
		}
	})
}

// cloned does what tracing and method-override middleware do.
func cloned(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { next.ServeHTTP(w, r.Clone(r.Context())) })
}

func TestLoginRoutesServesThemAlone(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	bearerOnly := s.newAuth(t, func(c *authrocket.Config) { c.DisableCookie = true })
	for _, row := range []struct {
		name, target string
		handler      http.Handler
		status       int
	}{
		{name: "the login", handler: s.auth.LoginRoutes(), target: "/auth/login", status: 303},
		{name: "the logout", handler: s.auth.LoginRoutes(), target: "/auth/logout", status: 200},
		{name: "the end of a logout", handler: s.auth.LoginRoutes(), target: "/auth/logout/end", status: 303},
		{name: "the callback", handler: s.auth.LoginRoutes(), target: "/auth/callback?token=" + s.realm.Token(s.ada), status: 303},
		{name: "the confirmation", handler: s.auth.LoginRoutes(), target: "/auth/confirm", status: 403},
		{name: "a login token anywhere else", handler: s.auth.LoginRoutes(), target: "/auth/other?token=" + s.realm.Token(s.ada), status: 404},
		{name: "what is none of the routes", handler: s.auth.LoginRoutes(), target: "/auth/other", status: 404},
		{name: "the path itself", handler: s.auth.LoginRoutes(), target: "/auth", status: 404},
		{name: "a deeper path", handler: s.auth.LoginRoutes(), target: "/auth/login/x", status: 404},
		{name: "another path", handler: s.auth.LoginRoutes(), target: "/login", status: 404},
		{name: "a bearer-only Auth has no routes", handler: bearerOnly.LoginRoutes(), target: "/auth/login", status: 404},
		{name: "and no callback", handler: bearerOnly.LoginRoutes(), target: "/auth/callback?token=" + s.realm.Token(s.ada), status: 404},
		{name: "not even under Authenticate", handler: bearerOnly.Authenticate(http.NotFoundHandler()), target: "/auth/logout", status: 404},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := serve(row.handler, navigate(row.target))
			if w.Code != row.status {
				t.Errorf("got %d %q, want %d", w.Code, w.Body, row.status)
			}
		})
	}
}

func TestARequestThatMatchesNothingIsNotFound(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	server := rawServer(t, s.auth.Authenticate(http.NewServeMux()))
	for _, target := range []string{"/nothing", "/", "/auth", "/auth/", "/auth/none", "/auth%2Fnone", "/%00", "/auth/login/", "http://evil.example/x"} {
		resp, _ := sendRaw(t, server, "GET "+target+" HTTP/1.1", "Host: example.com")
		if resp.StatusCode != 404 {
			t.Errorf("%s: got %d, want 404", target, resp.StatusCode)
		}
	}
}

func TestTheResponseWriterIsNotWrapped(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	var got http.ResponseWriter
	keep := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { got = w })
	nested := s.auth.Authenticate(s.auth.Require(authrocket.Permission("billing:write"))(
		s.auth.RequireOrg(func(_ *http.Request, session authrocket.Session) (authrocket.Membership, error) {
			m, _ := session.Membership()
			return m, nil
		})(keep)))
	if w := serve(nested, s.as(s.ada, navigate("/"))); got != http.ResponseWriter(w) {
		t.Errorf("got the writer %T, want the server's own", got)
	}
}

func TestFlusherAndHijackerReachTheHandler(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	server := rawServer(t, s.auth.Authenticate(s.auth.RequireLogin(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.(http.Flusher).Flush()
		conn, buffered, err := w.(http.Hijacker).Hijack()
		if err != nil {
			return
		}
		defer conn.Close()
		// The flush has sent the headers of a chunked answer.
		buffered.WriteString("6\r\ntaken!\r\n0\r\n\r\n")
		buffered.Flush()
	}))))
	resp, body := sendRaw(t, server, "GET / HTTP/1.1", "Host: example.com", "Authorization: Bearer "+s.realm.Token(s.ada))
	if resp.StatusCode != 200 || body != "taken!" {
		t.Errorf("got %d %q, want 200 and what the hijacker wrote", resp.StatusCode, body)
	}
}

func TestCaching(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	mux := s.routes()
	mux.HandleFunc("/own", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Cache-Control", "max-age=60")
		w.Header().Add("Vary", "Accept-Encoding")
	})
	app := s.auth.Authenticate(mux)
	const private, noStore = "private, no-cache", "no-store"
	for _, row := range []struct {
		name, cacheControl, cdn string
		request                 *http.Request
	}{
		{name: "an open page for nobody is the app's affair", request: navigate("/")},
		{name: "an open page for a user is private", request: s.as(s.ada, navigate("/")), cacheControl: private, cdn: noStore},
		{name: "a gate's page is private", request: s.as(s.ada, navigate("/gate/")), cacheControl: private, cdn: noStore},
		{name: "a handler's own value wins", request: s.as(s.ada, navigate("/own")), cacheControl: "max-age=60", cdn: noStore},
		{name: "a refusal", request: request("GET", "/gate/"), cacheControl: noStore, cdn: noStore},
		{name: "a redirect to the login", request: navigate("/gate/"), cacheControl: noStore, cdn: noStore},
		{name: "a missing permission", request: s.as(s.george, navigate("/billing")), cacheControl: noStore, cdn: noStore},
		{name: "an unsolicited login", request: navigate("/?token=" + s.realm.Token(s.ada)), cacheControl: noStore, cdn: noStore},
		{name: "an invalid login token", request: navigate("/?token=" + forged(s.realm.Token(s.ada))), cacheControl: noStore, cdn: noStore},
		{name: "the login route", request: navigate("/auth/login"), cacheControl: noStore, cdn: noStore},
		{name: "the callback", request: navigate("/auth/callback?token=" + s.realm.Token(s.ada)), cacheControl: noStore, cdn: noStore},
		{name: "the callback without a token", request: navigate("/auth/callback"), cacheControl: noStore, cdn: noStore},
		{name: "the callback of HEAD", request: request("HEAD", "/auth/callback"), cacheControl: noStore, cdn: noStore},
		{name: "the callback of a script", request: request("GET", "/auth/callback", "Sec-Fetch-Mode: cors", "Sec-Fetch-Dest: empty"), cacheControl: noStore, cdn: noStore},
		{name: "the logout route", request: navigate("/auth/logout"), cacheControl: noStore, cdn: noStore},
		{name: "the logout page", request: request("GET", "/auth/logout"), cacheControl: noStore, cdn: noStore},
		{name: "the confirmation", request: navigate("/auth/confirm"), cacheControl: noStore, cdn: noStore},
		{name: "a route with a wrong method", request: request("PUT", "/auth/login"), cacheControl: noStore, cdn: noStore},
		{name: "HEAD of a route", request: request("HEAD", "/auth/login"), cacheControl: noStore, cdn: noStore},
		{name: "a prefetched gate", request: navigate("/gate/", "Sec-Purpose: prefetch"), cacheControl: noStore, cdn: noStore},
	} {
		t.Run(row.name, func(t *testing.T) {
			h := serve(app, row.request).Header()
			if got := h.Get("Cache-Control"); got != row.cacheControl {
				t.Errorf("Cache-Control: got %q, want %q", got, row.cacheControl)
			}
			if got := h.Get("CDN-Cache-Control"); got != row.cdn {
				t.Errorf("CDN-Cache-Control: got %q, want %q", got, row.cdn)
			}
			if !slices.Contains(h["Vary"], "Cookie, Authorization") {
				t.Errorf("Vary: got %q, want Cookie and Authorization in it", h["Vary"])
			}
		})
	}
	t.Run("a gate alone varies too", func(t *testing.T) {
		if got := serve(mux, s.as(s.ada, navigate("/gate/"))).Header().Get("Vary"); got != "Cookie, Authorization" {
			t.Errorf("got %q", got)
		}
	})
}
