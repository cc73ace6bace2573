package authrocket_test

import (
	"context"
	"errors"
	"expvar"
	"fmt"
	"html/template"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"time"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/authrockettest"
)

func ExampleNew() {
	auth, err := authrocket.New(authrocket.Config{
		LoginRocketURL: "https://sample.e2.loginrocket.com/",
		AppURL:         "https://app.example.com",
	})
	if err != nil {
		log.Fatal(err) // the error names every problem in the configuration
	}
	mux := http.NewServeMux()
	mux.Handle("GET /{$}", exampleText("welcome"))
	mux.Handle("GET /manage", auth.RequireLogin(exampleText("manage")))
	app := auth.Authenticate(mux) // give it to http.ListenAndServe

	exampleShow(app, exampleNavigation("https://app.example.com/"))
	exampleShow(app, exampleNavigation("https://app.example.com/manage"))
	exampleShow(app, exampleNavigation("https://app.example.com/auth/signup")) // one of the login routes
	// Output:
	// 200 welcome
	// 303 https://sample.e2.loginrocket.com/login
	// 303 https://sample.e2.loginrocket.com/signup
}

func ExampleConfigFromEnv() {
	// A deployment sets these. The AppURL lacks its https://.
	defer exampleEnv("LOGINROCKET_URL=https://sample.e2.loginrocket.com/", "AUTHROCKET_APP_URL=app.example.com")()

	config := authrocket.ConfigFromEnv() // never fails
	fmt.Println(config.LoginRocketURL, config.AppURL)
	config.AuthPath = "login" // what has no variable is set here

	_, err := authrocket.New(config)
	for _, problem := range authrocket.ConfigErrors(err) {
		fmt.Printf("%s is wrong, from variable %q\n", problem.Field, problem.Env)
	}
	// Output:
	// https://sample.e2.loginrocket.com/ app.example.com
	// AppURL is wrong, from variable "AUTHROCKET_APP_URL"
	// AuthPath is wrong, from variable ""
}

// A browser that navigates is redirected to the login and comes back; other clients get
// 401.
func ExampleAuth_RequireLogin() {
	realm, ada := exampleRealm()
	auth := exampleAuth(realm.Config())
	manage := auth.RequireLogin(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, _ := authrocket.CurrentUser(r.Context()) // behind the gate there always is one
		fmt.Fprintln(w, "Hi", user.Name)
	}))

	signedIn := exampleNavigation("/manage")
	realm.SignIn(signedIn, ada)
	exampleShow(manage, signedIn)
	exampleShow(manage, exampleNavigation("/manage"))
	exampleShow(manage, httptest.NewRequest("GET", "/manage", nil)) // fetch, curl, ...
	// Output:
	// 200 Hi Ada
	// 303 https://loginrocket.example/login
	// 401 no_token
}

// Require checks the permission in the account that the user picked.
func ExampleAuth_Require() {
	realm, ada := exampleRealm("billing:write")
	auth := exampleAuth(realm.Config())
	mux := http.NewServeMux()
	mux.Handle("POST /billing", auth.Require(authrocket.Permission("billing:write"))(exampleText("paid")))
	mux.Handle("POST /members", auth.Require(authrocket.Permission("members:write"))(exampleText("invited")))

	for _, target := range []string{"/billing", "/members"} {
		r := httptest.NewRequest("POST", target, nil)
		r.Header.Set("Authorization", "Bearer "+realm.Token(ada))
		exampleShow(mux, r)
	}
	// Output:
	// 200 paid
	// 403 permission_denied
}

// RequireOrg accepts members of the org in the path, and checks their permissions in that
// org.
func ExampleAuth_RequireOrg() {
	realm, ada := exampleRealm("files:read")
	auth := exampleAuth(realm.Config())
	readers := auth.RequireOrg(authrocket.OrgIDFromPath("org"), authrocket.Permission("files:read"))
	mux := http.NewServeMux()
	mux.Handle("GET /orgs/{org}/files", readers(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		org, _ := authrocket.CurrentOrg(r.Context()) // the org in the path
		fmt.Fprintln(w, "files of", org.Name)
	})))

	for _, target := range []string{"/orgs/org_engines/files", "/orgs/org_other/files"} {
		r := httptest.NewRequest("GET", target, nil)
		realm.SignIn(r, ada)
		exampleShow(mux, r)
	}
	// Output:
	// 200 files of Analytical Engines
	// 403 wrong_org
}

// A custom rule looks the user up in a table of suspended users.
func ExampleRule() {
	realm, ada := exampleRealm()
	var isSuspended func(ctx context.Context, userID string) (bool, error) // the table
	notSuspended := func(ctx context.Context, s authrocket.Session) error {
		suspended, err := isSuspended(ctx, s.User.ID)
		if err != nil {
			return fmt.Errorf("%w: %w", authrocket.ErrUnavailable, err) // 503: try again
		}
		if suspended {
			return errors.New("suspended") // of no kind: 403
		}
		return nil
	}
	auth := exampleAuth(realm.Config())
	app := auth.Require(notSuspended)(exampleText("welcome")) // or Config.Rules, for every gate

	for _, err := range []error{nil, errors.New("the database is down")} {
		isSuspended = func(context.Context, string) (bool, error) { return true, err }
		r := httptest.NewRequest("GET", "/", nil)
		realm.SignIn(r, ada)
		exampleShow(app, r)
	}
	// Output:
	// 403 forbidden
	// 503 unavailable
}

// A custom OrgSelector: the path names a project, and a table contains the org of each
// project.
func ExampleOrgSelector() {
	realm, ada := exampleRealm()
	owners := map[string]string{"mill": "org_engines", "loom": "org_weavers"}
	ownerOfProject := func(r *http.Request, _ authrocket.Session) (authrocket.Membership, error) {
		orgID, found := owners[r.PathValue("project")]
		if !found {
			return authrocket.Membership{}, errors.New("there is no such project") // counts as ErrWrongOrg
		}
		return authrocket.Membership{Org: authrocket.Org{ID: orgID}}, nil // RequireOrg asks whether it is one of the user's
	}
	auth := exampleAuth(realm.Config())
	mux := http.NewServeMux()
	mux.Handle("GET /projects/{project}", auth.RequireOrg(ownerOfProject)(exampleText("plans")))

	for _, project := range []string{"mill", "loom", "none"} {
		r := httptest.NewRequest("GET", "/projects/"+project, nil)
		realm.SignIn(r, ada)
		exampleShow(mux, r)
	}
	// Output:
	// 200 plans
	// 403 wrong_org
	// 403 wrong_org
}

// Deny answers browsers whose user lacks a permission. The package answers all other
// refused requests.
func ExampleConfig_deny() {
	realm, ada := exampleRealm()
	config := realm.Config()
	config.Deny = func(w http.ResponseWriter, r *http.Request, err error) bool {
		if !errors.Is(err, authrocket.ErrForbidden) || !authrocket.IsNavigation(r) {
			return false // nothing is written: the package answers
		}
		http.Redirect(w, r, "/upgrade", http.StatusSeeOther)
		return true
	}
	auth := exampleAuth(config)
	reports := auth.Require(authrocket.Permission("reports:read"))(exampleText("reports"))

	for _, r := range []*http.Request{exampleNavigation("/reports"), httptest.NewRequest("GET", "/reports", nil)} {
		realm.SignIn(r, ada)
		exampleShow(reports, r)
	}
	// Output:
	// 303 /upgrade
	// 403 permission_denied
}

// Page translates one of the package's pages. The package shows the others unchanged.
func ExampleConfig_page() {
	realm, ada := exampleRealm()
	config := realm.Config()
	config.Page = func(w http.ResponseWriter, r *http.Request, p authrocket.Page) bool {
		if p.Kind != authrocket.PagePermissionDenied {
			return false
		}
		p.Lang = "de"
		p.Title = "Dafür fehlt eine Berechtigung"
		p.Texts = []string{"Es fehlt: " + p.Fact("permission")}
		authrocket.WritePage(w, r, p) // in the package's style, with p.Status
		return true
	}
	auth := exampleAuth(config)
	reports := auth.Require(authrocket.Permission("reports:read"))(exampleText("reports"))

	r := exampleNavigation("/reports")
	realm.SignIn(r, ada)
	exampleShow(reports, r)
	// Output:
	// 403 Dafür fehlt eine Berechtigung
}

// OnLogin creates a row for each user who signs in, and admits only some users.
func ExampleConfig_onLogin() {
	realm, ada := exampleRealm()
	bob := realm.AddUser(authrockettest.User{ID: "usr_bob", Email: "bob@example.net"})
	rows := map[string]string{} // a table of your own, by User.ID
	config := realm.Config()
	config.OnLogin = func(r *http.Request, s authrocket.Session) error {
		if !strings.HasSuffix(s.User.Email, "@example.com") {
			return errors.New("not of this company") // 403, and no session cookie
		}
		rows[s.User.ID] = s.User.Name
		return nil
	}
	config.Observer = authrocket.SilentObserver() // the default logs the refusal
	app := exampleAuth(config).Authenticate(exampleText("app"))

	fmt.Println("Ada's login sets a session cookie:", exampleLogin(app, realm.Token(ada)))
	fmt.Println("Bob's login sets a session cookie:", exampleLogin(app, realm.Token(bob)))
	fmt.Println(rows)
	// Output:
	// Ada's login sets a session cookie: true
	// Bob's login sets a session cookie: false
	// map[usr_ada:Ada]
}

// An Observer counts the requests that gates refuse, by reason.
func ExampleObserver() {
	realm, ada := exampleRealm()
	var refused expvar.Map // safe for many goroutines at once
	config := realm.Config()
	config.Observer = authrocket.LogObserver(slog.Default()) // it logs the other events
	config.Observer.Decision = func(_ context.Context, d authrocket.Decision) {
		if d.Gate && !d.Allowed {
			refused.Add(d.Reason, 1)
		}
	}
	auth := exampleAuth(config)
	app := auth.Authenticate(auth.Require(authrocket.Permission("reports:read"))(exampleText("reports")))

	r := httptest.NewRequest("GET", "/reports", nil)
	realm.SignIn(r, ada)
	exampleShow(app, r)
	exampleShow(app, httptest.NewRequest("GET", "/reports", nil))
	fmt.Println(refused.String())
	// Output:
	// 403 permission_denied
	// 401 no_token
	// {"no_token": 1, "permission_denied": 1}
}

// Verify returns whose token it is, but does not check what the user may do.
func ExampleAuth_Verify() {
	realm, ada := exampleRealm()
	auth := exampleAuth(realm.Config())

	session, err := auth.Verify(context.Background(), realm.Token(ada))
	fmt.Println(session.User.ID, err)

	_, err = auth.Verify(context.Background(), realm.Token(ada, authrockettest.ExpiresIn(-time.Minute)))
	fmt.Println(errors.Is(err, authrocket.ErrTokenExpired), authrocket.StatusCode(err))
	// Output:
	// usr_ada <nil>
	// true 401
}

// CheckToken is the gate for callers with a token but without an HTTP request, such as a
// gRPC interceptor or the consumer of a queue.
func ExampleAuth_CheckToken() {
	realm, ada := exampleRealm("jobs:run")
	auth := exampleAuth(realm.Config())
	runJob := func(token, orgID string) {
		ctx, err := auth.CheckToken(context.Background(), token, orgID, authrocket.Permission("jobs:run"))
		if err != nil {
			fmt.Println("refused:", authrocket.Reason(err))
			return
		}
		user, _ := authrocket.CurrentUser(ctx)
		org, _ := authrocket.CurrentOrg(ctx) // the org with this ID
		fmt.Println(user.Name, "runs a job of", org.Name)
	}

	runJob(realm.Token(ada), "org_engines")
	runJob(realm.Token(ada), "org_other")
	runJob("", "org_engines")
	// Output:
	// Ada runs a job of Analytical Engines
	// refused: wrong_org
	// refused: no_token
}

// A unit test of a handler needs neither a realm nor a gate. Gates do not accept a
// session from WithSession.
func ExampleWithSession() {
	greet := func(w http.ResponseWriter, r *http.Request) {
		user, signedIn := authrocket.CurrentUser(r.Context())
		fmt.Fprintln(w, user.Name, signedIn)
	}
	ada := authrockettest.Session(authrockettest.User{Name: "Ada"}, authrockettest.Org{})
	r := httptest.NewRequest("GET", "/", nil)
	r = r.WithContext(authrocket.WithSession(r.Context(), ada))
	exampleShow(http.HandlerFunc(greet), r)

	realm, _ := exampleRealm()
	exampleShow(exampleAuth(realm.Config()).RequireLogin(http.HandlerFunc(greet)), r)
	// Output:
	// 200 Ada true
	// 401 no_token
}

// Claims decodes custom attributes into your own types.
func ExampleSession_Claims() {
	session := authrockettest.Session(
		authrockettest.User{Custom: map[string]any{"plan": "pro", "limit": 9007199254740993}},
		authrockettest.Org{},
	)
	var claims struct {
		Custom struct {
			Plan  string `json:"plan"`
			Limit int64  `json:"limit"` // exact beyond 2^53
		} `json:"cs"`
	}
	err := session.Claims(&claims)
	fmt.Println(claims.Custom.Plan, claims.Custom.Limit, err)
	// Output:
	// pro 9007199254740993 <nil>
}

// A page greets the user, or links to a login that returns to the page.
func ExampleCurrentUser() {
	page := template.Must(template.New("").Parse(
		`{{if .SignedIn}}Hi {{.User.Name}}{{else}}<a href="{{.LoginPath}}">Sign in</a>{{end}}`))
	realm, ada := exampleRealm()
	auth := exampleAuth(realm.Config())
	app := auth.Authenticate(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, signedIn := authrocket.CurrentUser(r.Context())
		page.Execute(w, map[string]any{
			"User": user, "SignedIn": signedIn,
			"LoginPath": auth.LoginPath(r.URL.RequestURI()),
		})
	}))

	r := exampleNavigation("/news?page=2")
	exampleShow(app, r)
	realm.SignIn(r, ada)
	exampleShow(app, r)
	// Output:
	// 200 <a href="/auth/login?return_to=%2Fnews%3Fpage%3D2">Sign in</a>
	// 200 Hi Ada
}

// The first route is wrong: Require checks the permission in the org that the user
// picked, but the route is about the org in its path. So an admin of any org can read the
// members of every org. RequireOrg checks the permission in the org of the path.
func Example_incorrect() {
	realm, ada := exampleRealm("admin") // in org_engines, and in no other org
	auth := exampleAuth(realm.Config())
	members := exampleText("all members")
	mux := http.NewServeMux()
	mux.Handle("/wrong/{org}", auth.Require(authrocket.Permission("admin"))(members))
	mux.Handle("/right/{org}", auth.RequireOrg(authrocket.OrgIDFromPath("org"), authrocket.Permission("admin"))(members))

	for _, target := range []string{"/wrong/org_other", "/right/org_other", "/right/org_engines"} {
		r := httptest.NewRequest("GET", target, nil)
		realm.SignIn(r, ada)
		exampleShow(mux, r)
	}
	// Output:
	// 200 all members
	// 403 wrong_org
	// 200 all members
}

// exampleRealm returns a realm in memory and its user Ada, who has the permissions in
// Analytical Engines, her only org. A test calls [authrockettest.NewRealm].
func exampleRealm(permissions ...string) (*authrockettest.Realm, authrockettest.User) {
	realm, err := authrockettest.Open(authrockettest.RealmConfig{Settings: authrockettest.Settings{Algorithm: "HS256"}}) // no keys to wait for
	if err != nil {
		log.Fatal(err)
	}
	engines := realm.AddOrg(authrockettest.Org{ID: "org_engines", Name: "Analytical Engines"})
	ada := realm.AddUser(authrockettest.User{ID: "usr_ada", Email: "ada@example.com", Name: "Ada"})
	realm.AddMembership(ada, engines, permissions...)
	return realm, ada
}

func exampleAuth(config authrocket.Config) *authrocket.Auth {
	auth, err := authrocket.New(config)
	if err != nil {
		log.Fatal(err)
	}
	return auth
}

func exampleText(text string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, text) })
}

// exampleNavigation is the request of a browser in which a person opens target.
func exampleNavigation(target string) *http.Request {
	r := httptest.NewRequest("GET", target, nil)
	r.Header.Set("Accept", "text/html")
	r.Header.Set("Sec-Fetch-Mode", "navigate")
	r.Header.Set("Sec-Fetch-Dest", "document")
	return r
}

// exampleShow prints the status of app's answer to r, and where a redirect leads, the
// reason of a refusal, the title of a page, or the body.
func exampleShow(app http.Handler, r *http.Request) {
	w := httptest.NewRecorder()
	app.ServeHTTP(w, r)
	said := w.Body.String()
	if location := w.Header().Get("Location"); location != "" {
		said, _, _ = strings.Cut(location, "?") // a login's state is random
	} else if _, after, found := strings.Cut(said, `"reason":"`); found {
		said, _, _ = strings.Cut(after, `"`)
	} else if _, after, found := strings.Cut(said, "<title>"); found {
		said, _, _ = strings.Cut(after, "</title>")
	}
	fmt.Println(w.Code, strings.TrimSpace(said))
}

// exampleLogin starts a login, comes back from LoginRocket with token, and reports
// whether the browser gets a session cookie.
func exampleLogin(app http.Handler, token string) bool {
	started := httptest.NewRecorder()
	app.ServeHTTP(started, exampleNavigation("/auth/login"))
	location, err := started.Result().Location()
	if err != nil {
		log.Fatal(err)
	}
	r := exampleNavigation(authrockettest.WithToken(location.Query().Get("redirect_uri"), token))
	for _, cookie := range started.Result().Cookies() {
		r.AddCookie(cookie)
	}
	w := httptest.NewRecorder()
	app.ServeHTTP(w, r)
	for _, cookie := range w.Result().Cookies() {
		if cookie.Value == token {
			return true
		}
	}
	return false
}

// exampleEnv sets the variables of [authrocket.ConfigFromEnv] to the given ones only,
// and returns a function that sets them back.
func exampleEnv(variables ...string) (restore func()) {
	names := []string{"LOGINROCKET_URL", "LOGINROCKET_JWKS_URL", "AUTHROCKET_JWT_KEY", "AUTHROCKET_REALM", "AUTHROCKET_APP_URL"}
	before := map[string]string{}
	for _, name := range names {
		if value, found := os.LookupEnv(name); found {
			before[name] = value
		}
		os.Unsetenv(name)
	}
	for _, variable := range variables {
		name, value, _ := strings.Cut(variable, "=")
		os.Setenv(name, value)
	}
	return func() {
		for _, name := range names {
			os.Unsetenv(name)
			if value, found := before[name]; found {
				os.Setenv(name, value)
			}
		}
	}
}
