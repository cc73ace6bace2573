package authrocket_test

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/authrockettest"
)

func TestHostedRoutes(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, row := range []struct {
		name, target, path string
		params             string // besides redirect_uri
		want               string // where the login comes back to in the end
	}{
		{name: "login", target: "/auth/login", path: "/login", want: "/"},
		{name: "login with everything", target: "/auth/login?return_to=%2Fa%3Fb=c&account=org_1&prompt=login&force=1&invitation=i", path: "/login", params: "account=org_1&prompt=login", want: "/a?b=c"},
		{name: "signup", target: "/auth/signup?invitation=nvt_1&account=org_1&return_to=/a", path: "/signup", params: "invitation=nvt_1", want: "/a"},
		{name: "profile", target: "/auth/profile?account=org_1&prompt=login", path: "/profile", params: "account=org_1", want: "/"},
		{name: "accounts", target: "/auth/accounts?force=1&account=org_1", path: "/accounts", params: "force=1", want: "/"},
		{name: "a parameter twice is left out", target: "/auth/login?account=a&account=b&prompt=login", path: "/login", params: "prompt=login", want: "/"},
		{name: "a value is encoded", target: "/auth/login?account=a%26redirect_uri%3Dhttps://evil.example", path: "/login", params: "account=a%26redirect_uri%3Dhttps%3A%2F%2Fevil.example", want: "/"},
		{name: "redirect_uri, session and ar_state are set by the package alone", target: "/auth/profile?ar_state=x&token=t&redirect_uri=https://evil.example&session=kss_1", path: "/profile", want: "/"},
	} {
		t.Run(row.name, func(t *testing.T) {
			b, w := start(t, s.app(), s.as(s.ada, navigate(row.target)))
			page, params := hostedPage(t, w)
			if got := page.Scheme + "://" + page.Host + page.Path; got != "https://loginrocket.example"+row.path || params != row.params {
				t.Errorf("got %q with %q, want %q with %q", got, params, row.path, row.params)
			}
			if got, want := b.back.String(), "https://example.com/auth/callback?ar_state="+b.state; got != want {
				t.Errorf("redirect_uri: got %q, want %q", got, want)
			}
			if got := serve(s.app(), b.land(s.realm.Token(s.ada))).Header().Get("Location"); got != row.want {
				t.Errorf("the login came back to %q, want %q", got, row.want)
			}
		})
	}
}

func TestHostedRoutesAreForNavigations(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, row := range []struct {
		name    string
		headers []string
		status  int
		header  string // "Name: value" that comes with it
	}{
		{name: "a link", headers: []string{"Accept: text/html", "Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document"}, status: 303, header: "Set-Cookie: " + siteCookie + "-state-"},
		{name: "a browser without fetch metadata", headers: []string{"Accept: text/html"}, status: 303, header: "Set-Cookie: " + siteCookie + "-state-"},
		{name: "curl", headers: []string{"Accept: */*"}, status: 401, header: "WWW-Authenticate: Bearer"},
		{name: "an image", headers: []string{"Accept: image/*", "Sec-Fetch-Site: same-site", "Sec-Fetch-Mode: no-cors", "Sec-Fetch-Dest: image"}, status: 401, header: "WWW-Authenticate: Bearer"},
		{name: "fetch", headers: []string{"Accept: */*", "Sec-Fetch-Site: same-origin", "Sec-Fetch-Mode: cors", "Sec-Fetch-Dest: empty"}, status: 401, header: "WWW-Authenticate: Bearer"},
		{name: "a frame", headers: []string{"Accept: text/html", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: iframe"}, status: 401, header: "Content-Type: text/html"},
		{name: "htmx", headers: []string{"HX-Request: true", "HX-Current-URL: https://example.com/page"}, status: 401, header: "HX-Redirect: /auth/login?return_to=%2Fpage"},
		{name: "an upgrade", headers: []string{"Upgrade: websocket"}, status: 401, header: "WWW-Authenticate: Bearer"},
		{name: "a bearer token", headers: []string{"Authorization: Bearer x"}, status: 401, header: "WWW-Authenticate: Bearer"},
	} {
		t.Run(row.name, func(t *testing.T) {
			for _, route := range []string{"login", "signup", "profile", "accounts"} {
				w := serve(s.app(), s.as(s.ada, request("GET", "/auth/"+route+"?return_to=/x", row.headers...)))
				name, want, _ := strings.Cut(row.header, ": ")
				if w.Code != row.status || !strings.HasPrefix(w.Header().Get(name), want) {
					t.Errorf("%s: got %d %v, want %d and %q", route, w.Code, w.Header(), row.status, row.header)
				}
				if w.Code != 303 && (w.Header()["Location"] != nil || w.Header()["Set-Cookie"] != nil) {
					t.Errorf("%s: got %v, want no login to be started and the session kept", route, w.Header())
				}
			}
		})
	}
}

func TestForwardedParameters(t *testing.T) {
	t.Parallel()
	names := []string{"locale", "hint", "account"}
	forwarding := newSite(t, func(c *authrocket.Config) { c.ForwardParams = names })
	// A Config may change after New.
	names[1] = "changed"
	for _, row := range []struct {
		name, target string
		params       string // besides redirect_uri, with ForwardParams
		without      string // and without
	}{
		{name: "the login hands on", target: "/auth/login?locale=de&hint=a%20b%26c&other=1&prompt=login", params: "hint=a+b%26c&locale=de&prompt=login", without: "prompt=login"},
		{name: "the signup hands on", target: "/auth/signup?locale=de&invitation=nvt_1&account=org_1", params: "account=org_1&invitation=nvt_1&locale=de", without: "invitation=nvt_1"},
		{name: "the profile does not", target: "/auth/profile?locale=de&account=org_1", params: "account=org_1", without: "account=org_1"},
		{name: "the account selector does not", target: "/auth/accounts?locale=de&force=1", params: "force=1", without: "force=1"},
		{name: "an empty value is handed on", target: "/auth/login?locale=", params: "locale="},
		{name: "a parameter that comes twice is left out", target: "/auth/login?locale=de&locale=en&hint=x", params: "hint=x"},
		{name: "a parameter that comes twice in two spellings is left out", target: "/auth/login?locale=de&loc%61le=en&hint=x", params: "hint=x"},
		{name: "a value of 500 bytes is handed on", target: "/auth/login?locale=" + strings.Repeat("x", 500), params: "locale=" + strings.Repeat("x", 500)},
		{name: "a longer value is left out", target: "/auth/login?hint=x&locale=" + strings.Repeat("x", 501), params: "hint=x"},
		{name: "names are compared with case", target: "/auth/login?Locale=de"},
		{name: "what the target has is not handed on", target: "/auth/login?return_to=/x?locale=de&hint=x"},
		{name: "nor what an escaped target has", target: "/auth/login?return_to=%2Fx%3Flocale=de%26hint=x"},
		{name: "what the package sets is not handed on", target: "/auth/login?locale=de&redirect_uri=x&session=x&token=x&ar_state=x", params: "locale=de"},
		{name: "a name that changed after New is not handed on", target: "/auth/login?changed=1"},
	} {
		t.Run(row.name, func(t *testing.T) {
			for s, want := range map[*site]string{forwarding: row.params, newSite(t): row.without} {
				b, w := start(t, s.app(), navigate(row.target))
				page, params := hostedPage(t, w)
				if back := page.Query()["redirect_uri"]; len(back) != 1 || back[0] != "https://example.com/auth/callback?ar_state="+b.state {
					t.Errorf("redirect_uri: got %q", back)
				}
				if params != want {
					t.Errorf("got %q, want %q", params, want)
				}
			}
		})
	}
}

// A front end may append the URL that was asked for as it is (nginx's
// $request_uri): nothing in it decides about the login.
func TestReturnToThatIsNotEscapedIsTheRest(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, row := range []struct {
		name, query string
		params      string // of the hosted login, besides redirect_uri
		want        string // where the login comes back to
	}{
		{name: "a page's own parameters stay its own", query: "return_to=/x?a=b&account=org_evil&prompt=login", want: "/x?a=b&account=org_evil&prompt=login"},
		{name: "the first parameter of a page too", query: "return_to=/x?account=org_evil", want: "/x?account=org_evil"},
		{name: "without a question mark as well", query: "return_to=/x&account=org_evil&prompt=login", want: "/x&account=org_evil&prompt=login"},
		{name: "a page's own return_to stays", query: "return_to=/x?return_to=/y&a=b", want: "/x?return_to=/y&a=b"},
		{name: "and an escaped one", query: "return_to=/x?a&return_to=%2Fy", want: "/x?a&return_to=%2Fy"},
		{name: "parameters before it are the login's", query: "account=org_1&prompt=login&return_to=/x?account=org_evil", params: "account=org_1&prompt=login", want: "/x?account=org_evil"},
		{name: "what is escaped stays escaped", query: "return_to=/x%20y?a=%26b&c=%2F", want: "/x%20y?a=%26b&c=%2F"},
		{name: "an escaped name of the parameter counts", query: "return%5Fto=/x?account=org_evil", want: "/x?account=org_evil"},
		{name: "escaped, parameters may stand before and behind it", query: "account=org_1&return_to=%2Fx%3Fa%3Db%26account%3Dorg_evil&prompt=login", params: "account=org_1&prompt=login", want: "/x?a=b&account=org_evil"},
		{name: "escaped in small letters", query: "return_to=%2fx%3fa&prompt=login", params: "prompt=login", want: "/x?a"},
		{name: "escaped twice it is none, parameters count", query: "return_to=%2Fx&return_to=%2Fy&prompt=login", params: "prompt=login", want: "/"},
		{name: "escaped and not escaped it is none", query: "return_to=%2Fx&return_to=/y?account=org_evil", want: "/"},
		{name: "another host is no target", query: "return_to=//evil.example/x&account=org_evil", want: "/"},
		{name: "nor is it with a backslash", query: `return_to=/\evil.example/x`, want: "/"},
		{name: "nor is a login route", query: "return_to=/auth/login?return_to=/x", want: "/"},
		{name: "a whole URL ends at the next parameter", query: "return_to=https://evil.example/&account=org_1", params: "account=org_1", want: "/"},
	} {
		t.Run(row.name, func(t *testing.T) {
			r := navigate("/auth/login")
			r.URL.RawQuery = row.query
			b, w := start(t, s.app(), r)
			if _, got := hostedPage(t, w); got != row.params {
				t.Errorf("parameters of the login: got %q, want %q", got, row.params)
			}
			if got := serve(s.app(), b.land(s.realm.Token(s.ada))).Header().Get("Location"); got != row.want {
				t.Errorf("the login came back to %q, want %q", got, row.want)
			}
		})
	}
	t.Run("a page cannot sign out at LoginRocket or only here", func(t *testing.T) {
		w := endLogout(t, s.app(), serve(s.app(), navigate("/auth/logout?return_to=/x?a&local=1")))
		if got := w.Header().Get("Location"); !strings.HasPrefix(got, "https://loginrocket.example/logout?") || redirectURIOf(t, got).String() != "https://example.com/x?a&local=1" {
			t.Errorf("got %d %q, want a logout at LoginRocket", w.Code, got)
		}
	})
	t.Run("a page's prompt=login permits no other user", func(t *testing.T) {
		v := s.signedInAs(t, s.ada)
		w := v.send(navigate("/auth/login?return_to=/x?a&prompt=login", "Sec-Fetch-Site: same-origin"))
		back := redirectURIOf(t, w.Header().Get("Location"))
		if got := v.get(back.RequestURI() + "&token=" + s.realm.Token(s.george)).Header().Get("Location"); got != "/auth/confirm" {
			t.Errorf("got %q, want a question", got)
		}
	})
}

func TestReturnToStaysHere(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	app := s.auth.Authenticate(whoami)
	token := s.shortToken(s.ada)
	// signedIn returns where a browser is in the end.
	signedIn := func(t *testing.T, route, returnTo string) string {
		b, _ := start(t, app, navigate("/auth/"+route+"?return_to="+url.QueryEscape(returnTo)))
		if b.back.Scheme+"://"+b.back.Host+b.back.Path != "https://example.com/auth/callback" {
			t.Errorf("redirect_uri: got %q, want our own callback", b.back)
		}
		return serve(app, b.land(token)).Header().Get("Location")
	}
	local := func(method string) func(*testing.T, string, string) string {
		return func(_ *testing.T, route, returnTo string) string {
			r := navigate("/auth/" + route + "?local=1&return_to=" + url.QueryEscape(returnTo))
			r.Method = method
			r.Header.Set("Sec-Fetch-Site", "same-origin")
			return serve(app, r).Header().Get("Location")
		}
	}
	full := func(t *testing.T, route, returnTo string) string {
		w := endLogout(t, app, serve(app, navigate("/auth/"+route+"?return_to="+url.QueryEscape(returnTo))))
		location := w.Header().Get("Location")
		if !strings.HasPrefix(location, "https://loginrocket.example/logout?") {
			t.Errorf("got %q, want the hosted logout", location)
		}
		back := redirectURIOf(t, location).String()
		here, ok := strings.CutPrefix(back, "https://example.com")
		if !ok {
			t.Errorf("redirect_uri: got %q, want our own origin", back)
		}
		return here
	}
	for _, row := range []struct {
		name, route string
		follow      func(t *testing.T, route, returnTo string) string
	}{
		{name: "login", route: "login", follow: signedIn}, {name: "signup", route: "signup", follow: signedIn}, {name: "profile", route: "profile", follow: signedIn}, {name: "accounts", route: "accounts", follow: signedIn},
		{name: "local logout, GET", route: "logout", follow: local("GET")}, {name: "local logout, POST", route: "logout", follow: local("POST")}, {name: "logout", route: "logout", follow: full},
	} {
		t.Run(row.name+", dot segments", func(t *testing.T) {
			for _, returnTo := range dotSegments {
				if got := row.follow(t, row.route, returnTo); got != "/" {
					t.Errorf("%q: got %q, want %q", returnTo, got, "/")
				}
			}
		})
		t.Run(row.name, func(t *testing.T) {
			for _, returnTo := range openRedirects {
				if got := row.follow(t, row.route, returnTo); got != "/" {
					t.Errorf("%q: got %q, want %q", returnTo, got, "/")
				}
			}
			for returnTo, want := range map[string]string{
				"/a": "/a", "/a?b=c&d=%2F": "/a?b=c&d=%2F", "/a#fragment": "/a", "/a//b": "/a//b", "/%2Fevil.example": "/%2Fevil.example",
				"/a?u=https://evil.example": "/a?u=https://evil.example", "/authors": "/authors", "/x/auth/logout": "/x/auth/logout",
				"/a?token=" + token + "&b=c&session=s": "/a?b=c", "/a?token=t&b=c&session=s": "/a?token=t&b=c&session=s",
			} {
				if got := row.follow(t, row.route, returnTo); got != want || !staysHere(got) {
					t.Errorf("%q: got %q, want %q", returnTo, got, want)
				}
			}
		})
	}
}

func TestMethodsOfTheRoutes(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, row := range []struct {
		method, route, allow string
		status               int
	}{
		{method: "HEAD", route: "login", status: 200}, {method: "HEAD", route: "signup", status: 200}, {method: "HEAD", route: "profile", status: 200}, {method: "HEAD", route: "accounts", status: 200}, {method: "HEAD", route: "logout", status: 200}, {method: "HEAD", route: "logout/end", status: 200}, {method: "POST", route: "logout/end", status: 405, allow: "GET, HEAD"},
		{method: "POST", route: "login", status: 405, allow: "GET, HEAD"}, {method: "POST", route: "signup", status: 405, allow: "GET, HEAD"}, {method: "DELETE", route: "profile", status: 405, allow: "GET, HEAD"}, {method: "OPTIONS", route: "accounts", status: 405, allow: "GET, HEAD"},
		{method: "PUT", route: "logout", status: 405, allow: "GET, HEAD, POST"}, {method: "DELETE", route: "logout", status: 405, allow: "GET, HEAD, POST"}, {method: "OPTIONS", route: "logout", status: 405, allow: "GET, HEAD, POST"}, {method: "head", route: "logout", status: 405, allow: "GET, HEAD, POST"},
		{method: "HEAD", route: "confirm", status: 200}, {method: "DELETE", route: "confirm", status: 405, allow: "GET, HEAD, POST"},
		{method: "HEAD", route: "callback", status: 401}, {method: "POST", route: "callback", status: 405, allow: "GET, HEAD"}, {method: "OPTIONS", route: "callback", status: 405, allow: "GET, HEAD"}, {method: "get", route: "callback", status: 405, allow: "GET, HEAD"},
	} {
		t.Run(row.method+" "+row.route, func(t *testing.T) {
			r := s.as(s.ada, navigate("/auth/"+row.route))
			r.Method = row.method
			r.Header.Set("Sec-Fetch-Site", "same-origin")
			w := serve(s.app(), r)
			if w.Code != row.status || w.Header().Get("Allow") != row.allow {
				t.Errorf("got %d, Allow %q, want %d, %q", w.Code, w.Header().Get("Allow"), row.status, row.allow)
			}
			if w.Header()["Set-Cookie"] != nil || w.Header()["Location"] != nil {
				t.Errorf("got %v, want nothing changed", w.Header())
			}
			if isChallenged := w.Header().Get("WWW-Authenticate") == "Bearer"; isChallenged != (row.status == 401) {
				t.Errorf("got the challenge %q with %d", w.Header().Get("WWW-Authenticate"), w.Code)
			}
		})
	}
}

// browser keeps cookies and follows no redirects by itself.
type browser struct {
	t      *testing.T
	client *http.Client
}

func newBrowser(t *testing.T) browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return browser{t: t, client: &http.Client{Jar: jar, Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// visit sends a navigation, or with a form a POST of one, and returns the
// answer's status, where it leads, and its body.
func (b browser) visit(address, site string, form url.Values) (status int, location, body string) {
	b.t.Helper()
	method, payload := http.MethodGet, io.Reader(nil)
	if form != nil {
		method, payload = http.MethodPost, strings.NewReader(form.Encode())
	}
	req, err := http.NewRequestWithContext(b.t.Context(), method, address, payload)
	if err != nil {
		b.t.Fatal(err)
	}
	for name, value := range map[string]string{"Accept": "text/html", "Sec-Fetch-Site": site, "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"} {
		req.Header.Set(name, value)
	}
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	resp, err := b.client.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	if location = resp.Header.Get("Location"); location != "" {
		u, err := resp.Request.URL.Parse(location)
		if err != nil {
			b.t.Fatal(err)
		}
		location = u.String()
	}
	return resp.StatusCode, location, string(data)
}

func TestALoginWalkedOverSockets(t *testing.T) {
	t.Parallel()
	realm := authrockettest.NewRealm(t)
	ada := realm.AddUser(authrockettest.User{Email: "ada@example.com", Password: "engine", Name: "Ada"})
	realm.AddMembership(ada, realm.AddOrg(authrockettest.Org{Name: "Engines"}), "billing:write")
	loginRocket := realm.Start()
	config := realm.Config()
	config.AppURL = ""
	auth, err := authrocket.New(config)
	if err != nil {
		t.Fatal(err)
	}
	warm(t, auth)
	mux := http.NewServeMux()
	mux.Handle("GET /gate/{page}", auth.RequireLogin(whoami))
	mux.Handle("GET /{$}", whoami)
	app := httptest.NewServer(auth.Authenticate(mux))
	t.Cleanup(app.Close)
	b := newBrowser(t)
	deepLink := app.URL + "/gate/a%20page?tab=1&q=a+b%2Fc"

	status, hosted, _ := b.visit(deepLink, "none", nil)
	if status != 303 || !strings.HasPrefix(hosted, loginRocket+"/login?redirect_uri=") {
		t.Fatalf("the gate: got %d %q", status, hosted)
	}
	status, _, form := b.visit(hosted, "cross-site", nil)
	if status != 200 || !strings.Contains(form, `name="password"`) {
		t.Fatalf("the hosted login: got %d %q", status, form)
	}
	back := redirectURIOf(t, hosted).String()
	status, _, body := b.visit(loginRocket+"/login", "same-origin", url.Values{"email": {"ada@example.com"}, "password": {"trains"}, "redirect_uri": {back}})
	if status != 422 {
		t.Fatalf("a wrong password: got %d %q", status, body)
	}
	status, callback, body := b.visit(loginRocket+"/login", "same-origin", url.Values{"email": {"ada@example.com"}, "password": {"engine"}, "redirect_uri": {back}})
	if status != 302 || !strings.HasPrefix(callback, back+"&token=") {
		t.Fatalf("the right password: got %d %q %q", status, callback, body)
	}
	status, home, body := b.visit(callback, "cross-site", nil)
	if status != 303 || home != deepLink {
		t.Fatalf("the callback: got %d %q %q, want 303 %q", status, home, body, deepLink)
	}
	status, _, body = b.visit(home, "cross-site", nil)
	if status != 200 || body != "ada@example.com Engines tab=1&q=a+b%2Fc" {
		t.Fatalf("the page: got %d %q", status, body)
	}
	// The state is used up: the same callback again is of the same user and account, and asks nobody.
	if status, home, _ = b.visit(callback, "cross-site", nil); status != 303 || home != app.URL+"/" {
		t.Fatalf("the callback again: got %d %q", status, home)
	}

	if status, _, body = b.visit(app.URL+"/auth/logout", "same-origin", url.Values{}); status != 200 || !strings.Contains(body, `href="/auth/logout/end"`) {
		t.Fatalf("the logout: got %d %q, want a page that leads on", status, body)
	}
	status, hostedLogout, body := b.visit(app.URL+"/auth/logout/end", "same-origin", nil)
	if status != 303 || !strings.HasPrefix(hostedLogout, loginRocket+"/logout?redirect_uri="+url.QueryEscape(app.URL+"/")+"&session=kss_") {
		t.Fatalf("the logout: got %d %q %q", status, hostedLogout, body)
	}
	if status, home, body = b.visit(hostedLogout, "same-origin", nil); status != 302 || home != app.URL+"/" {
		t.Fatalf("the hosted logout: got %d %q %q", status, home, body)
	}
	if status, _, body = b.visit(home, "cross-site", nil); status != 200 || body != "nobody  " {
		t.Fatalf("the start page: got %d %q, want nobody signed in", status, body)
	}
	if status, hosted, _ = b.visit(deepLink, "none", nil); status != 303 {
		t.Fatalf("the gate after the logout: got %d", status)
	}
	if status, _, form = b.visit(hosted, "cross-site", nil); status != 200 || !strings.Contains(form, `name="password"`) {
		t.Fatalf("the hosted login after the logout: got %d, want the form", status)
	}
}

// A check from outside tells by this header that the app answers, and not what stands
// before it or beside it.
func TestCallbackHeader(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	refusing := newSite(t, func(c *authrocket.Config) {
		c.OnLogin = func(*http.Request, authrocket.Session) error { return authrocket.ErrForbidden }
	})
	branded := newSite(t, func(c *authrocket.Config) {
		c.Page = func(w http.ResponseWriter, _ *http.Request, p authrocket.Page) bool {
			w.WriteHeader(p.Status)
			return true
		}
	})
	api := newSite(t, func(c *authrocket.Config) { c.DisableCookie = true })
	with := func(method string, r *http.Request) *http.Request {
		r.Method = method
		return r
	}
	token := s.realm.Token(s.ada)
	for _, row := range []struct {
		name   string
		site   *site
		r      *http.Request
		status int
		want   string
	}{
		{name: "a login that this browser started", r: comeBack(t, s.app(), "/gate/", token), status: 303, want: "1"},
		{name: "a login that it did not start", r: navigate("/auth/callback?token=" + token), status: 303, want: "1"},
		{name: "a callback without a token", r: navigate("/auth/callback"), status: 303, want: "1"},
		{name: "a token that is refused", r: navigate("/auth/callback?token=x"), status: 401, want: "1"},
		{name: "a login that OnLogin refuses", site: refusing, r: comeBack(t, refusing.app(), "/", refusing.realm.Token(refusing.ada)), status: 403, want: "1"},
		{name: "a page of the app's own", site: branded, r: navigate("/auth/callback?token=x"), status: 401, want: "1"},
		{name: "a program", r: request("GET", "/auth/callback"), status: 401, want: "1"},
		{name: "HEAD", r: with("HEAD", navigate("/auth/callback")), status: 401, want: "1"},
		{name: "another method", r: with("POST", navigate("/auth/callback")), status: 405, want: "1"},
		{name: "a prefetch", r: navigate("/auth/callback", "Sec-Purpose: prefetch"), status: 401, want: "1"},
		{name: "the confirmation", r: withCookie(navigate("/auth/confirm"), siteCookie+"-confirm", pending(token, "/")), status: 200, want: "1"},
		{name: "nothing to confirm", r: navigate("/auth/confirm"), status: 403, want: "1"},
		{name: "another login route has none", r: navigate("/auth/login"), status: 303},
		{name: "a page of the app has none", r: s.as(s.ada, navigate("/gate/")), status: 200},
		{name: "a path below has none", r: navigate("/auth/callback/"), status: 200},
		{name: "an API has no callback", site: api, r: navigate("/auth/callback"), status: 200},
	} {
		t.Run(row.name, func(t *testing.T) {
			if row.site == nil {
				row.site = s
			}
			w := serve(row.site.app(), row.r)
			if got := w.Header().Get("Authrocket-Callback"); w.Code != row.status || got != row.want {
				t.Errorf("got %d with %q, want %d with %q", w.Code, got, row.status, row.want)
			}
		})
	}
}
