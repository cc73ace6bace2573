package authrocket_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/authrockettest"
)

// The functions below are the recipes of README.md and docs/, word for word; a
// test holds them together. The tests here serve a request with each.

func mount(auth *authrocket.Auth, app, static, health http.Handler) http.Handler {
	outer := http.NewServeMux()
	outer.Handle("GET /static/", static) // no session needed: no Vary, cacheable
	outer.Handle("GET /healthz", health)
	outer.Handle("/", auth.Authenticate(app))
	return outer // CORS, compression and panic recovery go around this
}

type users interface {
	FindOrCreate(ctx context.Context, id, email string) (name string, err error)
}

func dashboard(auth *authrocket.Auth, users users) http.Handler {
	return auth.RequireLogin(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, _ := authrocket.CurrentUser(r.Context())
		row, err := users.FindOrCreate(r.Context(), user.ID, user.Email) // the ID never changes, the email may
		if err != nil {
			http.Error(w, "try again later", http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintf(w, "Hi %s", row)
	}))
}

func twoRealms(customerConfig, staffConfig authrocket.Config, shop, admin http.Handler) (http.Handler, error) {
	customers, err := authrocket.New(customerConfig)
	if err != nil {
		return nil, err
	}
	staffConfig.CookieName = "__Host-staffToken" // one host: another cookie; on http "staffToken"
	staffConfig.AuthPath = "/admin/auth"         // and another place for the login routes
	staff, err := authrocket.New(staffConfig)
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("/", customers.Authenticate(shop))
	mux.Handle("/admin/", staff.Authenticate(staff.RequireLogin(admin)))
	return mux, nil
}

// findOwner returns the ID of the user whose key has this hash, "" if there is no such key.
type findOwner func(ctx context.Context, hash [sha256.Size]byte) (userID string, err error)

// byKeyOrToken serves an API for programs with an API key of your own, and for users with a
// login token.
func byKeyOrToken(auth *authrocket.Auth, owner findOwner, serve serveUser) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if key := r.Header.Get("X-API-Key"); key != "" {
			userID, err := owner(r.Context(), sha256.Sum256([]byte(key)))
			switch {
			case err != nil:
				http.Error(w, "try again later", http.StatusServiceUnavailable)
			case userID == "":
				http.Error(w, "invalid API key", http.StatusUnauthorized) // whatever token or cookie came with it
			default:
				serve(w, r, userID)
			}
			return
		}
		r, err := auth.Check(r)
		if err != nil {
			auth.Deny(w, r, err)
			return
		}
		user, _ := authrocket.CurrentUser(r.Context())
		serve(w, r, user.ID)
	})
}

type serveUser func(w http.ResponseWriter, r *http.Request, userID string)

func hideForbidden(w http.ResponseWriter, r *http.Request, err error) bool {
	if !errors.Is(err, authrocket.ErrPermissionDenied) {
		return false // the default answer
	}
	http.NotFound(w, r) // for signed-in users; others are sent to the login as always
	return true
}

func takeOver(config authrocket.Config) (*authrocket.Auth, error) {
	config.CookieName = "arToken" // the name of the Express middleware's cookie
	return authrocket.New(config)
}

func keepOldLinks(auth *authrocket.Auth, app http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/logout", http.RedirectHandler("/auth/logout", http.StatusTemporaryRedirect))
	mux.Handle("/", app)
	return auth.Authenticate(mux)
}

func notKept(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store") // the default of signed-in pages is private, no-cache
		next.ServeHTTP(w, r)
	})
}

const policy = "default-src 'self'; object-src 'none'; base-uri 'none'; " +
	"form-action 'self'; frame-ancestors 'none'"

func withPolicy(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", policy)
		next.ServeHTTP(w, r)
	})
}

func keepSocketTokens(config authrocket.Config) authrocket.Config {
	config.KeepQueryToken = func(r *http.Request) bool { return r.URL.Path == "/socket" }
	return config
}

func serveSocket(auth *authrocket.Auth, appURL string, serve serveSession) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		session, err := auth.Verify(r.Context(), r.URL.Query().Get("token"))
		if err == nil && r.Header.Get("Origin") != appURL {
			err = authrocket.ErrCrossSite
		}
		if err != nil {
			http.Error(w, authrocket.Reason(err), authrocket.StatusCode(err))
			return
		}
		serve(w, r, session)
	}
}

type serveSession func(http.ResponseWriter, *http.Request, authrocket.Session)

func invoices(auth *authrocket.Auth) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /invoices", auth.Require(authrocket.Permission("billing:read"))(text("invoices")))
	return auth.Authenticate(mux)
}

func profile(w http.ResponseWriter, r *http.Request) {
	user, _ := authrocket.CurrentUser(r.Context())
	fmt.Fprintf(w, "Hi %s", user.Name)
}

func TestProfile(t *testing.T) {
	ada := authrockettest.User{Name: "Ada"}
	session := authrockettest.Session(ada, authrockettest.Org{}, "billing:write")
	r := httptest.NewRequest(http.MethodGet, "/profile", nil)
	w := httptest.NewRecorder()
	profile(w, r.WithContext(authrocket.WithSession(r.Context(), session))) // your handler
	if got, want := w.Body.String(), "Hi Ada"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestInvoices(t *testing.T) {
	realm := authrockettest.NewRealm(t)
	org := realm.AddOrg(authrockettest.Org{Name: "Analytical Engines"})
	ada := realm.AddUser(authrockettest.User{Email: "ada@example.com"})
	realm.AddMembership(ada, org, "billing:read")
	bob := realm.AddUser(authrockettest.User{Email: "bob@example.com"})
	realm.AddMembership(bob, org)
	auth, err := authrocket.New(realm.Config())
	if err != nil {
		t.Fatal(err)
	}
	authrockettest.Warm(t, auth) // no request must wait for keys

	for name, row := range map[string]struct {
		user   authrockettest.User
		status int
	}{
		"with the permission":    {user: ada, status: http.StatusOK},
		"without the permission": {user: bob, status: http.StatusForbidden},
		"not signed in":          {status: http.StatusUnauthorized},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodGet, "/invoices", nil)
			if row.user.ID != "" {
				realm.SignIn(r, row.user)
			}
			w := httptest.NewRecorder()
			invoices(auth).ServeHTTP(w, r) // your routes
			if w.Code != row.status {
				t.Errorf("got %d, want %d", w.Code, row.status)
			}
		})
	}
}

// newRecipeSite is a site whose realm signs HS256: the Auths that recipes make have no
// keys to wait for.
func newRecipeSite(t *testing.T, changes ...func(*authrocket.Config)) *site {
	t.Helper()
	return newColdSiteOf(t, newSecretRealm(t), changes...)
}

func newSecretRealm(t *testing.T) *authrockettest.Realm {
	t.Helper()
	return authrockettest.NewRealm(t, func(c *authrockettest.RealmConfig) { c.Algorithm = "HS256" })
}

func text(s string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, s) })
}

type fakeUsers struct{ err error }

func (f fakeUsers) FindOrCreate(_ context.Context, id, email string) (string, error) {
	return "row " + id + " of " + email, f.err
}

func TestRecipes(t *testing.T) {
	t.Parallel()
	rc := newRecipeSite(t)
	realms, err := twoRealms(rc.realm.Config(), newSecretRealm(t).Config(), text("shop"), text("admin"))
	if err != nil {
		t.Fatal(err)
	}
	mounted := mount(rc.auth, rc.auth.RequireLogin(text("app")), text("css"), text("ok"))
	hiding := newRecipeSite(t, func(c *authrocket.Config) { c.Deny = hideForbidden })

	for _, row := range []struct {
		name, target, body string
		site               *site
		handler            http.Handler
		signedIn           bool
		status             int
	}{
		{name: "static files need no session", site: rc, handler: mounted, target: "/static/a.css", status: 200, body: "css"},
		{name: "health checks need no session", site: rc, handler: mounted, target: "/healthz", status: 200, body: "ok"},
		{name: "the app needs one", site: rc, handler: mounted, target: "/", status: 303},
		{name: "the app gets it", site: rc, handler: mounted, target: "/", signedIn: true, status: 200, body: "app"},
		{name: "a user finds the own row", site: rc, handler: dashboard(rc.auth, fakeUsers{}), target: "/", signedIn: true, status: 200, body: "Hi row " + rc.ada.ID + " of ada@example.com"},
		{name: "nobody finds a row", site: rc, handler: dashboard(rc.auth, fakeUsers{}), target: "/", status: 303},
		{name: "a broken table is no login problem", site: rc, handler: dashboard(rc.auth, fakeUsers{err: errors.New("down")}), target: "/", signedIn: true, status: 503, body: "try again later"},
		{name: "customers see the shop", site: rc, handler: realms, target: "/", signedIn: true, status: 200, body: "shop"},
		{name: "customers are not staff", site: rc, handler: realms, target: "/admin/", signedIn: true, status: 303},
		{name: "a missing permission is not found", site: hiding, handler: hiding.auth.Require(authrocket.Permission("x"))(text("in")), target: "/", signedIn: true, status: 404, body: "404 page not found"},
		{name: "what the hook leaves alone gets the default", site: hiding, handler: hiding.auth.RequireLogin(text("in")), target: "/", status: 303},
	} {
		t.Run(row.name, func(t *testing.T) {
			r := navigate(row.target)
			if row.signedIn {
				row.site.as(row.site.ada, r)
			}
			w := serve(row.handler, r)
			if w.Code != row.status || !strings.HasPrefix(w.Body.String(), row.body) {
				t.Errorf("got %d %q, want %d %q", w.Code, w.Body, row.status, row.body)
			}
		})
	}
}

func TestRecipeOfTwoRealmsSignsInBoth(t *testing.T) {
	t.Parallel()
	customers, staff := newRecipeSite(t), newRecipeSite(t)
	who := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, _ := authrocket.CurrentUser(r.Context())
		fmt.Fprintf(w, "%s at %s", user.Email, r.URL)
	})
	recipe, err := twoRealms(customers.realm.Config(), staff.realm.Config(), who, who)
	if err != nil {
		t.Fatal(err)
	}
	staffConfig := staff.realm.Config()
	staffConfig.CookieName, staffConfig.AuthPath = "__Host-staffToken", "/admin/auth"
	inner, err := authrocket.New(staffConfig)
	if err != nil {
		t.Fatal(err)
	}
	nested := http.NewServeMux()
	nested.Handle("/", who)
	nested.Handle("/admin/", inner.Authenticate(inner.RequireLogin(who)))
	mary := staff.realm.AddUser(authrockettest.User{Email: "mary@example.com"})

	for name, app := range map[string]http.Handler{"side by side": recipe, "nested": customers.auth.Authenticate(nested)} {
		t.Run(name, func(t *testing.T) {
			v := &visitor{t: t, app: app}
			signIn := func(target, callback, token string) {
				t.Helper()
				back := redirectURIOf(t, v.get(target).Header().Get("Location"))
				if back.Path != callback {
					t.Errorf("the login comes back to %q, want %q", back, callback)
				}
				w := v.get(back.RequestURI() + "&token=" + token)
				want := target
				if target == "/auth/login" {
					want = "/"
				}
				if got := w.Header().Get("Location"); w.Code != 303 || got != want {
					t.Errorf("came back to %d %q, want %q", w.Code, got, want)
				}
			}
			signIn("/admin/x?a=b", "/admin/auth/callback", staff.realm.Token(mary))
			signIn("/auth/login", "/auth/callback", customers.realm.Token(customers.ada))
			for target, want := range map[string]string{"/y": "ada@example.com at /y", "/admin/z": "mary@example.com at /admin/z"} {
				if w := v.get(target); w.Body.String() != want {
					t.Errorf("%s: got %d %q, want %q", target, w.Code, w.Body, want)
				}
			}
			// A state of one Auth is none of the other.
			state := redirectURIOf(t, v.get("/admin/auth/login?return_to=/admin/deep").Header().Get("Location")).RawQuery
			w := v.get("/auth/callback?" + state + "&token=" + customers.realm.Token(customers.ada))
			if got := w.Header().Get("Location"); w.Code != 303 || got != "/" {
				t.Errorf("with the state of the other: got %d %q, want a login that was not started", w.Code, got)
			}
		})
	}
}

func TestRecipeTakesOverSessions(t *testing.T) {
	t.Parallel()
	rc := newRecipeSite(t)
	auth, err := takeOver(rc.realm.Config())
	if err != nil {
		t.Fatal(err)
	}
	w := serve(auth.RequireLogin(text("in")), withCookie(request("GET", "/"), "arToken", rc.realm.Token(rc.ada)))
	if w.Code != 200 {
		t.Errorf("got %d %q, want the old session to go on", w.Code, w.Body)
	}
}

func TestRecipeKeepsOldLinks(t *testing.T) {
	t.Parallel()
	rc := newRecipeSite(t)
	h := keepOldLinks(rc.auth, text("app"))
	if w := serve(h, rc.as(rc.ada, navigate("/logout"))); w.Code != 307 || w.Header().Get("Location") != "/auth/logout" {
		t.Errorf("got %d %q, want the same method at /auth/logout", w.Code, w.Header().Get("Location"))
	}
	if w := serve(h, navigate("/")); w.Code != 200 || w.Body.String() != "app" {
		t.Errorf("got %d %q, want the app", w.Code, w.Body)
	}
}

func TestRecipeOfPagesThatAreNotKept(t *testing.T) {
	t.Parallel()
	rc := newRecipeSite(t)
	h := rc.auth.Authenticate(rc.auth.RequireLogin(notKept(text("page"))))
	if w := serve(h, rc.as(rc.ada, navigate("/"))); w.Code != 200 || w.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("got %d %v, want a page that nobody keeps", w.Code, w.Header())
	}
}

func TestRecipeOfTokensInURLs(t *testing.T) {
	t.Parallel()
	rc := newRecipeSite(t, func(c *authrocket.Config) { *c = keepSocketTokens(*c) })
	token := rc.realm.Token(rc.ada)
	h := rc.auth.Authenticate(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.URL.Query().Get("token")) }))
	for target, want := range map[string]string{"/socket?token=" + token: token, "/other?token=" + token: ""} {
		if w := serve(h, request("GET", target, "Upgrade: websocket")); w.Body.String() != want {
			t.Errorf("%.10s: got %q, want %q", target, w.Body, want)
		}
	}
}

func TestRecipeOfASocketWithAToken(t *testing.T) {
	t.Parallel()
	rc := newRecipeSite(t, func(c *authrocket.Config) { *c = keepSocketTokens(*c) })
	h := rc.auth.Authenticate(serveSocket(rc.auth, "https://example.com", func(w http.ResponseWriter, _ *http.Request, s authrocket.Session) { fmt.Fprint(w, s.User.ID) }))
	for _, row := range []struct {
		name, token, origin, body string
		status                    int
	}{
		{name: "a page of the app", token: rc.realm.Token(rc.ada), origin: "https://example.com", status: 200, body: rc.ada.ID},
		{name: "a page elsewhere", token: rc.realm.Token(rc.ada), origin: "https://evil.example", status: 403, body: "cross_site\n"},
		{name: "no token", origin: "https://example.com", status: 401, body: "no_token\n"},
	} {
		w := serve(h, request("GET", "/socket?token="+row.token, "Upgrade: websocket", "Origin: "+row.origin))
		if w.Code != row.status || w.Body.String() != row.body {
			t.Errorf("%s: got %d %q, want %d %q", row.name, w.Code, w.Body, row.status, row.body)
		}
	}
}

func TestRecipeLeavesStaticFilesAlone(t *testing.T) {
	t.Parallel()
	rc := newRecipeSite(t)
	h := mount(rc.auth, text("app"), text("css"), text("ok"))
	for _, target := range []string{"/static/a.css", "/healthz"} {
		if w := serve(h, rc.as(rc.ada, navigate(target))); w.Body.Len() == 0 || w.Header()["Vary"] != nil || w.Header()["Cache-Control"] != nil {
			t.Errorf("%s: got %d %v, want an answer that caches keep", target, w.Code, w.Header())
		}
	}
}

func TestRecipeOfAPIKeysBesideTokens(t *testing.T) {
	t.Parallel()
	rc := newRecipeSite(t)
	owner := func(_ context.Context, hash [sha256.Size]byte) (string, error) {
		switch hash {
		case sha256.Sum256([]byte("key of George")):
			return rc.george.ID, nil
		case sha256.Sum256([]byte("key that cannot be looked up")):
			return "", errors.New("down")
		}
		return "", nil
	}
	// The recipe also stands behind Authenticate, which has found the cookie's user already.
	h := rc.auth.Authenticate(byKeyOrToken(rc.auth, owner, func(w http.ResponseWriter, _ *http.Request, userID string) { fmt.Fprint(w, userID) }))
	for _, row := range []struct {
		name    string
		key     string
		headers []string
		request func(*http.Request) *http.Request
		status  int
		body    string
	}{
		{name: "a key", key: "key of George", status: 200, body: rc.george.ID},
		{name: "a token", request: func(r *http.Request) *http.Request { return withBearer(r, rc.realm.Token(rc.ada)) }, status: 200, body: rc.ada.ID},
		{name: "a cookie", request: func(r *http.Request) *http.Request { return rc.as(rc.ada, r) }, status: 200, body: rc.ada.ID},
		{name: "a key precedes a cookie", key: "key of George", request: func(r *http.Request) *http.Request { return rc.as(rc.ada, r) }, status: 200, body: rc.george.ID},
		{name: "an invalid key", key: "x", status: 401, body: "invalid API key\n"},
		{name: "an invalid key beside a cookie", key: "x", request: func(r *http.Request) *http.Request { return rc.as(rc.ada, r) }, status: 401, body: "invalid API key\n"},
		{name: "an invalid key beside a token", key: "x", request: func(r *http.Request) *http.Request { return withBearer(r, rc.realm.Token(rc.ada)) }, status: 401, body: "invalid API key\n"},
		{name: "a key that cannot be looked up", key: "key that cannot be looked up", request: func(r *http.Request) *http.Request { return rc.as(rc.ada, r) }, status: 503, body: "try again later\n"},
		{name: "an invalid token", headers: []string{"Authorization: Bearer x", "Accept: text/plain"}, status: 401, body: "Unauthorized: the login token is malformed"},
		{name: "nothing", headers: []string{"Accept: text/plain"}, status: 401, body: "Unauthorized: no login token"},
	} {
		t.Run(row.name, func(t *testing.T) {
			r := request("GET", "/", row.headers...)
			if row.key != "" {
				r.Header.Set("X-API-Key", row.key)
			}
			if row.request != nil {
				r = row.request(r)
			}
			if w := serve(h, r); w.Code != row.status || !strings.HasPrefix(w.Body.String(), row.body) {
				t.Errorf("got %d %q, want %d %q", w.Code, w.Body, row.status, row.body)
			}
		})
	}
}

// The package's own pages keep their policy.
func TestRecipeOfAPolicy(t *testing.T) {
	t.Parallel()
	rc := newRecipeSite(t)
	mux := http.NewServeMux()
	mux.Handle("/", text("page"))
	mux.Handle("/forbidden", rc.auth.Require(authrocket.Permission("x"))(text("in")))
	h := rc.auth.Authenticate(withPolicy(mux))
	for target, want := range map[string]string{"/": "form-action 'self'; frame-ancestors 'none'", "/forbidden": "style-src 'sha256-"} {
		w := serve(h, rc.as(rc.ada, navigate(target)))
		if got := w.Header()["Content-Security-Policy"]; len(got) != 1 || !strings.Contains(got[0], want) {
			t.Errorf("%s: got %d %q, want one with %q", target, w.Code, got, want)
		}
	}
}
