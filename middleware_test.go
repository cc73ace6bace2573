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
		name    string
		request *http.Request
		want    string
	}{
		{"a visitor is anonymous", navigate("/"), "nobody  "},
		{"a session is attached", s.as(s.ada, navigate("/")), "ada@example.com Engines "},
		{"a bearer token is attached", request("GET", "/", "Authorization: Bearer "+token), "ada@example.com Engines "},
		{"an expired cookie is anonymous", s.as(s.ada, navigate("/"), authrockettest.ExpiresIn(-1e10)), "nobody  "},
		{"a forged cookie is anonymous", withCookie(navigate("/"), siteCookie, token+"x"), "nobody  "},
		{"bytes in a cookie are anonymous", withCookie(navigate("/"), siteCookie, "\x00\xff..."), "nobody  "},
		{"a broken bearer token is anonymous", request("GET", "/", "Authorization: Bearer x"), "nobody  "},
		{"two users are anonymous", s.as(s.george, s.as(s.ada, navigate("/"))), "nobody  "},
		{"a cross-site POST is anonymous", s.as(s.ada, request("POST", "/", "Sec-Fetch-Site: cross-site")), "nobody  "},
		{"a prefetch is served", s.as(s.ada, navigate("/", "Sec-Purpose: prefetch")), "ada@example.com Engines "},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
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

func TestAuthenticateOverwritesAnotherAuth(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	other := s.newAuth(t, func(c *authrocket.Config) { c.CookieName = "__Host-other" })
	signedIn := s.as(s.ada, navigate("/"))
	for _, row := range []struct {
		name    string
		handler http.Handler
		want    string
	}{
		{"anonymous for the inner one", s.auth.Authenticate(other.Authenticate(whoami)), "nobody  "},
		{"signed in for the inner one", other.Authenticate(s.auth.Authenticate(whoami)), "ada@example.com Engines "},
		{"an inner gate of the outer one", s.auth.Authenticate(other.Authenticate(s.auth.RequireLogin(whoami))), "ada@example.com Engines "},
		{"a session from outside does not stay", withSession(s.realm.Session(s.george), other.Authenticate(whoami)), "nobody  "},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
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
			name    string
			request *http.Request
			status  int
			body    string
		}{
			{"a user passes", s.as(s.ada, navigate("/gate/")), 200, "ada@example.com Engines "},
			{"a bearer token passes", request("GET", "/gate/", "Authorization: Bearer "+s.realm.Token(s.ada)), 200, "ada@example.com Engines "},
			{"a visitor goes to the login", navigate("/gate/"), 303, ""},
			{"a program gets 401", request("GET", "/gate/"), 401, "{"},
			{"a permission passes", s.as(s.ada, navigate("/billing")), 200, "ada@example.com Engines "},
			{"a missing permission is 403 and no login", s.as(s.george, navigate("/billing")), 403, "<!doctype html>"},
			{"an anonymous visitor of a permission goes to the login", navigate("/billing"), 303, ""},
		} {
			t.Run(name+", "+row.name, func(t *testing.T) {
				t.Parallel()
				w := serve(app, row.request.Clone(t.Context()))
				if w.Code != row.status || !strings.HasPrefix(w.Body.String(), row.body) {
					t.Errorf("got %d %q, want %d %q", w.Code, w.Body, row.status, row.body)
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
		gate := s.auth.RequireLogin(whoami)

		// carried is a context in which the same Auth has found ada.
		var carried context.Context
		first := s.as(s.ada, navigate("/"))
		cookie := first.Header.Get("Cookie")
		serve(s.auth.Authenticate(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { carried = r.Context() })), first)

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
		for _, row := range []struct {
			name    string
			handler http.Handler
			request *http.Request
			status  int
		}{
			{"its own session passes", s.auth.Authenticate(gate), s.as(s.ada, request("GET", "/")), 200},
			{"a copy of the request with another path passes", s.auth.Authenticate(http.StripPrefix("/a", gate)), s.as(s.ada, request("GET", "/a/b")), 200},
			{"a session of WithSession does not", withSession(s.realm.Session(s.ada), gate), request("GET", "/"), 401},
			{"nor behind Authenticate", s.auth.Authenticate(withSession(s.realm.Session(s.ada), gate)), request("GET", "/"), 401},
			{"another Auth's session does not", elsewhere.auth.Authenticate(gate), elsewhere.as(elsewhere.ada, request("GET", "/")), 401},
			{"another Auth's inside its own does not", s.auth.Authenticate(elsewhere.auth.Authenticate(gate)), elsewhere.as(elsewhere.ada, request("GET", "/")), 401},
			{"a context of another request does not", gate, request("GET", "/").WithContext(carried), 401},
			{"nor behind Authenticate again", s.auth.Authenticate(gate), request("GET", "/").WithContext(carried), 401},
			{"a context of another request without headers does not", gate, withoutHeaders(request("GET", "/").WithContext(carried)), 401},
			{"the context of a GET does not excuse a WebSocket of another origin", gate, again("GET", "Upgrade: websocket", "Origin: https://evil.example"), 403},
			{"nor a request without a Host", gate, func() *http.Request { r := again("GET"); r.Host = ""; return r }(), 403},
			{"a GET that became a POST is judged again", s.auth.Authenticate(changeMethod("POST", gate)), s.as(s.ada, request("GET", "/", "Sec-Fetch-Site: cross-site")), 403},
			{"a POST that became a DELETE is judged again", s.auth.Authenticate(changeMethod("DELETE", gate)), s.as(s.ada, request("POST", "/", "Sec-Fetch-Site: same-origin")), 200},
		} {
			if w := serve(row.handler, row.request); w.Code != row.status {
				t.Errorf("%s: got %d %q, want %d", row.name, w.Code, w.Body, row.status)
			}
		}
	})
}

func TestAnOpenRouteKnowsNobodyByAnotherRequestsContext(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	first := s.as(s.ada, navigate("/"))
	var carried context.Context
	serve(s.auth.Authenticate(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { carried = r.Context() })), first)
	cookie := "Cookie: " + first.Header.Get("Cookie")
	for _, row := range []struct {
		name    string
		request *http.Request
	}{
		{"another method", request("POST", "/", cookie, "Sec-Fetch-Site: cross-site")},
		{"other credentials", request("GET", "/", "Cookie: "+siteCookie+"=x")},
		{"a WebSocket of another origin", request("GET", "/", cookie, "Upgrade: websocket", "Origin: https://evil.example")},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
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
		{"a user", s.as(s.ada, navigate("/")), nil, nil},
		{"a user with the permission", s.as(s.ada, navigate("/")), []authrocket.Rule{authrocket.Permission("billing:write")}, nil},
		{"a user without", s.as(s.george, navigate("/")), []authrocket.Rule{authrocket.Permission("billing:write")}, authrocket.ErrPermissionDenied},
		{"nobody", navigate("/"), nil, authrocket.ErrNoToken},
		{"a nil rule refuses", s.as(s.ada, navigate("/")), []authrocket.Rule{nil}, authrocket.ErrForbidden},
		{"a rule's own error is forbidden", s.as(s.ada, navigate("/")), []authrocket.Rule{func(context.Context, authrocket.Session) error { return errors.New("no") }}, authrocket.ErrForbidden},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
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
	mux.Handle("/refs/{ref}/", s.auth.RequireOrg(authrocket.OrgReferenceFromPath("ref"))(whoami))
	mux.Handle("/orgs/{org}/billing", s.auth.RequireOrg(authrocket.OrgIDFromPath("org"), billing)(whoami))
	mux.Handle("/orgs/{org}/nested", byID(s.auth.Require(billing)(whoami)))
	mux.Handle("/orgs/{org}/ref/{ref}", byID(s.auth.RequireOrg(authrocket.OrgReferenceFromPath("ref"))(whoami)))
	mux.Handle("/orgs/{org}/cloned", byID(cloned(s.auth.Require(billing)(whoami))))
	other := s.newAuth(t, func(c *authrocket.Config) { c.CookieName = "other" })
	mux.Handle("/orgs/{org}/hidden", byID(other.Authenticate(s.auth.Require(billing)(whoami))))
	mux.Handle("/plain/", byID(whoami))
	mux.Handle("/nil/{org}", s.auth.RequireOrg(nil)(whoami))
	mux.Handle("/made-up/{org}", s.auth.RequireOrg(func(r *http.Request, _ authrocket.Session) (authrocket.Membership, error) {
		return authrocket.Membership{Org: authrocket.Org{ID: r.PathValue("org"), Name: "made up"}}, nil
	})(whoami))
	mux.Handle("/empty/{org}", s.auth.RequireOrg(func(*http.Request, authrocket.Session) (authrocket.Membership, error) {
		return authrocket.Membership{}, nil
	})(whoami))

	mux.Handle("/refusing/", s.auth.RequireOrg(func(_ *http.Request, session authrocket.Session) (authrocket.Membership, error) {
		m, _ := session.Membership()
		return m, errors.New("refused")
	})(whoami))

	for _, row := range []struct {
		name   string
		user   authrockettest.User
		target string
		status int
		body   string
	}{
		{"the picked org", s.ada, "/orgs/" + s.engines.ID + "/", 200, "ada@example.com Engines "},
		{"another org of the user is the current one inside", s.ada, "/orgs/" + s.widgets.ID + "/", 200, "ada@example.com Widgets "},
		{"an org by reference", s.ada, "/refs/w-1/", 200, "ada@example.com Widgets "},
		{"an org of somebody else", s.george, "/orgs/" + s.engines.ID + "/", 403, ""},
		{"an ID is compared with case", s.ada, "/orgs/" + strings.ToUpper(s.engines.ID) + "/", 403, ""},
		{"a rule is about the org of the path", s.ada, "/orgs/" + s.engines.ID + "/billing", 200, "ada@example.com Engines "},
		{"a permission elsewhere does not count", s.ada, "/orgs/" + s.widgets.ID + "/billing", 403, ""},
		{"a gate inside is about the org of the path", s.ada, "/orgs/" + s.widgets.ID + "/nested", 403, ""},
		{"a gate inside passes in the org of the path", s.ada, "/orgs/" + s.engines.ID + "/nested", 200, "ada@example.com Engines "},
		{"the innermost selector counts", s.ada, "/orgs/" + s.engines.ID + "/ref/w-1", 200, "ada@example.com Widgets "},
		{"a cloned request is still about the org of the path", s.ada, "/orgs/" + s.widgets.ID + "/cloned", 403, ""},
		{"another Auth inside does not hide the org of the path", s.ada, "/orgs/" + s.widgets.ID + "/hidden", 403, ""},
		{"behind the gate its own session is the current one again", s.ada, "/orgs/" + s.engines.ID + "/hidden", 200, "ada@example.com Engines "},
		{"a path without the value", s.ada, "/plain/x", 403, ""},
		{"a nil selector", s.ada, "/nil/" + s.engines.ID, 403, ""},
		{"a selector that makes up an org gets the own one", s.ada, "/made-up/" + s.engines.ID, 200, "ada@example.com Engines "},
		{"a selector that makes up a membership", s.george, "/made-up/" + s.engines.ID, 403, ""},
		{"a selector that refuses, whatever it returns", s.ada, "/refusing/", 403, ""},
		{"a selector that returns the zero membership", s.ada, "/empty/" + s.engines.ID, 403, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
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
		t.Parallel()
		if w := serve(mux, navigate("/orgs/"+s.engines.ID+"/")); w.Code != 303 {
			t.Errorf("got %d, want 303", w.Code)
		}
	})
}

// cloned does what tracing and method-override middleware do.
func cloned(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(w, r.Clone(r.Context()))
	})
}

func TestLoginRoutesServesThemAlone(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	bearerOnly := s.newAuth(t, func(c *authrocket.Config) { c.DisableCookie = true })
	for _, row := range []struct {
		name    string
		handler http.Handler
		target  string
		status  int
	}{
		{"the login", s.auth.LoginRoutes(), "/auth/login", 303},
		{"the logout", s.auth.LoginRoutes(), "/auth/logout", 200},
		{"the end of a logout", s.auth.LoginRoutes(), "/auth/logout/end", 303},
		{"the callback", s.auth.LoginRoutes(), "/auth/callback?token=" + s.realm.Token(s.ada), 303},
		{"the confirmation", s.auth.LoginRoutes(), "/auth/confirm", 403},
		{"a login token anywhere else", s.auth.LoginRoutes(), "/auth/other?token=" + s.realm.Token(s.ada), 404},
		{"what is none of the routes", s.auth.LoginRoutes(), "/auth/other", 404},
		{"the path itself", s.auth.LoginRoutes(), "/auth", 404},
		{"a deeper path", s.auth.LoginRoutes(), "/auth/login/x", 404},
		{"another path", s.auth.LoginRoutes(), "/login", 404},
		{"a bearer-only Auth has no routes", bearerOnly.LoginRoutes(), "/auth/login", 404},
		{"and no callback", bearerOnly.LoginRoutes(), "/auth/callback?token=" + s.realm.Token(s.ada), 404},
		{"not even under Authenticate", bearerOnly.Authenticate(http.NotFoundHandler()), "/auth/logout", 404},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
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
		name         string
		request      *http.Request
		cacheControl string
		cdn          string
	}{
		{"an open page for nobody is the app's affair", navigate("/"), "", ""},
		{"an open page for a user is private", s.as(s.ada, navigate("/")), private, noStore},
		{"a gate's page is private", s.as(s.ada, navigate("/gate/")), private, noStore},
		{"a handler's own value wins", s.as(s.ada, navigate("/own")), "max-age=60", noStore},
		{"a refusal", request("GET", "/gate/"), noStore, noStore},
		{"a redirect to the login", navigate("/gate/"), noStore, noStore},
		{"a missing permission", s.as(s.george, navigate("/billing")), noStore, noStore},
		{"an unsolicited login", navigate("/?token=" + s.realm.Token(s.ada)), noStore, noStore},
		{"an invalid login token", navigate("/?token=" + forged(s.realm.Token(s.ada))), noStore, noStore},
		{"the login route", navigate("/auth/login"), noStore, noStore},
		{"the callback", navigate("/auth/callback?token=" + s.realm.Token(s.ada)), noStore, noStore},
		{"the callback without a token", navigate("/auth/callback"), noStore, noStore},
		{"the callback of HEAD", request("HEAD", "/auth/callback"), noStore, noStore},
		{"the callback of a script", request("GET", "/auth/callback", "Sec-Fetch-Mode: cors", "Sec-Fetch-Dest: empty"), noStore, noStore},
		{"the logout route", navigate("/auth/logout"), noStore, noStore},
		{"the logout page", request("GET", "/auth/logout"), noStore, noStore},
		{"the confirmation", navigate("/auth/confirm"), noStore, noStore},
		{"a route with a wrong method", request("PUT", "/auth/login"), noStore, noStore},
		{"HEAD of a route", request("HEAD", "/auth/login"), noStore, noStore},
		{"a prefetched gate", navigate("/gate/", "Sec-Purpose: prefetch"), noStore, noStore},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
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
		t.Parallel()
		if got := serve(mux, s.as(s.ada, navigate("/gate/"))).Header().Get("Vary"); got != "Cookie, Authorization" {
			t.Errorf("got %q", got)
		}
	})
}
