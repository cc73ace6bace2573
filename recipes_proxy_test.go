package authrocket_test

import (
	"fmt"
	"html"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/authrockettest"
)

// The recipes of docs/deploy.md and docs/recipes.md for proxies in front of an app and behind it,
// and for containers.

func behindProxy(auth *authrocket.Auth, backend *url.URL) http.Handler {
	return auth.RequireLogin(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(backend)
		cookies := r.Out.Cookies()
		r.Out.Header.Del("Cookie")
		for _, c := range cookies {
			if !strings.Contains(c.Name, "arToken") { // the session and the logins under way
				r.Out.AddCookie(c)
			}
		}
		r.Out.Header.Del("Authorization")
		maps.DeleteFunc(r.Out.Header, func(name string, _ []string) bool {
			// Many backends read X_User_ID as X-User-ID.
			return strings.HasPrefix(strings.ToLower(strings.ReplaceAll(name, "_", "-")), "x-user-")
		})
		user, _ := authrocket.CurrentUser(r.In.Context())
		r.Out.Header.Set("X-User-ID", user.ID)
	}})
}

func signInLink(auth *authrocket.Auth) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		// "/shop/auth/login?..."; "/auth/login" may belong to another app
		signIn := auth.LoginPath(r.URL.RequestURI())
		fmt.Fprintf(w, `<a href="%s">Sign in</a>`, html.EscapeString(signIn))
	}
}

func mountBelow(auth *authrocket.Auth, files http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/files/", auth.RequireLogin(http.StripPrefix("/files", files)))
	return auth.Authenticate(mux) // outside: /auth/ is not below /files/
}

func containerConfig() authrocket.Config {
	config := authrocket.ConfigFromEnv()
	// Beside a local AuthRocket only: the keys of a real realm must always come over https.
	config.DangerouslyAllowHTTPJWKSURL = strings.HasPrefix(config.LoginRocketURL, "http://localhost:")
	return config
}

// otherSpellings are paths that a router tells from /admin/x, and that a backend may not.
var otherSpellings = []string{"/admin%2fx", "/%61dmin/x", "//admin/x", "/./admin/x", "/open/../admin/x", "/open/..%2fadmin/x", "/admin/%2e/x"}

func TestRecipeOfAReverseProxy(t *testing.T) {
	t.Parallel()
	rc := newRecipeSite(t)
	var got *http.Request
	backend := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = r }))
	t.Cleanup(backend.Close)
	at, err := url.Parse(backend.URL)
	if err != nil {
		t.Fatal(err)
	}
	h := rc.auth.Authenticate(behindProxy(rc.auth, at))
	for _, target := range append(otherSpellings, "/", "/admin/x") {
		t.Run(target, func(t *testing.T) {
			if w := serve(h, navigate(target)); w.Code != 303 || got != nil {
				t.Errorf("got %d, and the backend %v, want the login and nothing", w.Code, got)
			}
			got = nil
			if w := serve(h, rc.as(rc.ada, navigate(target))); w.Code != 200 || got == nil || got.RequestURI != target {
				t.Errorf("signed in: got %d, and the backend %v, want it to get the path as it came", w.Code, got)
			}
			got = nil
		})
	}

	r := rc.as(rc.ada, request("GET", "/x", "Cookie: __Host-arToken-state-x=1; theme=dark; __Host-arToken.1=x",
		"X-User-ID: usr_other", "x-user-role: admin", "Authorization: Basic eDp5"))
	r.Header[strings.Join([]string{"X", "User", "ID"}, "_")] = []string{"usr_other"}
	if w := serve(h, r); w.Code != 200 || got == nil {
		t.Fatalf("got %d %q", w.Code, w.Body)
	}
	if id := got.Header["X-User-Id"]; len(id) != 1 || id[0] != rc.ada.ID {
		t.Errorf("the backend gets the user %q, want Ada alone", id)
	}
	if cookies := got.Header["Cookie"]; len(cookies) != 1 || cookies[0] != "theme=dark" {
		t.Errorf("the backend gets the cookies %q, want the app's own", cookies)
	}
	if h := got.Header; h["X-User-Role"] != nil || h["X_user_id"] != nil || h["Authorization"] != nil {
		t.Errorf("the backend gets %v", h)
	}
}

// stripShop is a proxy that serves an app below /shop.
func stripShop(app http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		target, ok := strings.CutPrefix(r.RequestURI, "/shop/")
		if !ok {
			http.Error(w, "another app", http.StatusNotFound)
			return
		}
		stripped := httptest.NewRequestWithContext(r.Context(), r.Method, "/"+target, r.Body)
		stripped.Header = r.Header
		app.ServeHTTP(w, stripped)
	})
}

func TestRecipesOfPathPrefixes(t *testing.T) {
	t.Parallel()
	below := newRecipeSite(t, func(c *authrocket.Config) { c.AppURL = "https://example.com/shop" })
	beside := newRecipeSite(t)
	for _, row := range []struct {
		name, start, end, body string
		site                   *site
		app                    http.Handler
	}{
		{name: "a proxy strips it", site: below, app: stripShop(below.auth.Authenticate(signInLink(below.auth))), start: "/shop/toys?a=b&c=d", end: "/shop/toys?a=b&c=d"},
		{name: "the app strips it", site: beside, app: mountBelow(beside.auth, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.URL) })), start: "/files/a?b", end: "/files/a?b", body: "/a?b"},
	} {
		t.Run(row.name, func(t *testing.T) {
			v := &visitor{t: t, app: row.app}
			w := v.get(row.start)
			if w.Code == 200 {
				_, link, _ := strings.Cut(w.Body.String(), `href="`)
				link, _, _ = strings.Cut(link, `"`)
				w = v.get(html.UnescapeString(link))
			}
			if !isLogin(w) {
				t.Fatalf("got %d %q, want the hosted login", w.Code, w.Body)
			}
			w = v.get(redirectURIOf(t, w.Header().Get("Location")).RequestURI() + "&token=" + row.site.realm.Token(row.site.ada))
			if got := w.Header().Get("Location"); w.Code != 303 || got != row.end {
				t.Fatalf("the login comes back to %d %q, want %q", w.Code, got, row.end)
			}
			if w = v.get(row.end); w.Code != 200 || !strings.HasPrefix(w.Body.String(), row.body) {
				t.Errorf("got %d %q", w.Code, w.Body)
			}
		})
	}
}

// hosts is a network on which one host serves the realm, and nothing else answers.
type hosts map[string]http.Handler

func (h hosts) RoundTrip(r *http.Request) (*http.Response, error) {
	handler, ok := h[r.URL.Host]
	if !ok {
		return nil, fmt.Errorf("%s refuses the connection", r.URL.Host)
	}
	return serve(handler, r).Result(), nil
}

// The environment that docs/deploy.md shows, in a container from which localhost is
// the container itself.
func TestRecipeOfContainers(t *testing.T) {
	docs, err := os.ReadFile("docs/deploy.md")
	if err != nil {
		t.Fatal(err)
	}
	_, block, _ := strings.Cut(string(docs), "\n    environment:\n")
	lines := regexp.MustCompile(`(?m)\A(?:      [A-Z_]+: .*\n)+`).FindString(block)
	env := map[string]string{}
	for _, pair := range regexp.MustCompile(`(?m)^      ([A-Z_]+): (\S+)`).FindAllStringSubmatch(lines, -1) {
		env[pair[1]] = pair[2]
		t.Setenv(pair[1], pair[2])
	}
	if len(env) < 3 {
		t.Fatalf("docs/deploy.md has no environment: %q", lines)
	}
	realm, err := authrockettest.Open(authrockettest.RealmConfig{URL: env["LOGINROCKET_URL"], AppURL: env["AUTHROCKET_APP_URL"]})
	if err != nil {
		t.Fatal(err)
	}
	ada := realm.AddUser(authrockettest.User{Email: "ada@example.com"})
	config := containerConfig()
	config.Observer = authrocket.SilentObserver()
	config.HTTPClient = &http.Client{Transport: hosts{"loginrocket:8081": realm}}
	auth := openAuth(t, config)
	if err := auth.Warm(t.Context()); err != nil {
		t.Fatal(err)
	}
	h := auth.Authenticate(auth.RequireLogin(text("in")))
	if got := serve(h, navigate("http://127.0.0.1:8080/")).Header().Get("Location"); !strings.HasPrefix(got, "http://localhost:8081/login?") {
		t.Errorf("the login is at %q, want it where browsers reach it", got)
	}
	if w := serve(h, withBearer(request("GET", "/"), realm.Token(ada))); w.Code != 200 {
		t.Errorf("with a token: got %d %q", w.Code, w.Body)
	}

	t.Run("no keys of a real realm in the clear", func(t *testing.T) {
		t.Setenv("LOGINROCKET_URL", "https://sample.e2.loginrocket.com/")
		if _, err := authrocket.New(containerConfig()); err == nil || !strings.Contains(err.Error(), "JWKSURL") {
			t.Errorf("got %v, want an error about JWKSURL", err)
		}
	})
}
