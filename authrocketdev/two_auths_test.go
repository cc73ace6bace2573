package authrocketdev_test

import (
	"fmt"
	"html"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/authrocketdev"
	"github.com/authrocket-go/authrocket/authrockettest"
)

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

// nestedRealms is twoRealms with the customers' Authenticate around everything.
func nestedRealms(customerConfig, staffConfig authrocket.Config, shop, admin http.Handler) (http.Handler, error) {
	staffConfig.CookieName, staffConfig.AuthPath = "__Host-staffToken", "/admin/auth"
	customers, err := authrocket.New(customerConfig)
	if err != nil {
		return nil, err
	}
	staff, err := authrocket.New(staffConfig)
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("/", shop)
	mux.Handle("/admin/", staff.Authenticate(staff.RequireLogin(admin)))
	return customers.Authenticate(mux), nil
}

func TestRecipeOfTwoRealmsIsThatOfTheREADME(t *testing.T) {
	t.Parallel()
	source, readme := readFile(t, "two_auths_test.go"), readFile(t, "../README.md")
	_, recipe, _ := strings.Cut(source, "\nfunc twoRealms(")
	recipe, _, _ = strings.Cut(recipe, "\n}\n")
	if !strings.Contains(readme, "```go\nfunc twoRealms("+recipe+"\n}\n```") {
		t.Errorf("README.md does not have\nfunc twoRealms(%s\n}", recipe)
	}
}

func readFile(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// TestTwoAuthsOnOneHost signs in to both of them, over sockets.
func TestTwoAuthsOnOneHost(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name     string
		build    func(customerConfig, staffConfig authrocket.Config, shop, admin http.Handler) (http.Handler, error)
		oneRealm bool // whose tokens both of them accept
	}{
		{name: "side by side, of two realms", build: twoRealms},
		{name: "side by side, of one realm", build: twoRealms, oneRealm: true},
		{name: "nested, of two realms", build: nestedRealms},
		{name: "nested, of one realm", build: nestedRealms, oneRealm: true},
	} {
		for _, staffFirst := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, staff first: %t", row.name, staffFirst), func(t *testing.T) {
				t.Parallel()
				v := startTwoAuths(t, row.build, row.oneRealm)
				steps := []func(){v.signInToTheShop, v.signInAsStaff}
				if staffFirst {
					slices.Reverse(steps)
				}
				for _, step := range steps {
					step()
				}
				v.wantPage("/", "shop: ada@example.com")
				v.wantPage("/admin/reports", "admin: ada@example.com")
				slices.Sort(v.callbacks)
				if want := []string{"/admin/auth/callback", "/auth/callback"}; !slices.Equal(v.callbacks, want) {
					t.Errorf("login tokens came to %q, want %q", v.callbacks, want)
				}
			})
		}
	}
}

// visitor is a browser at a host with two Auths.
type visitor struct {
	t         *testing.T
	app       string
	client    *http.Client
	callbacks []string // paths of the app to which a token came
}

func startTwoAuths(t *testing.T, build func(customerConfig, staffConfig authrocket.Config, shop, admin http.Handler) (http.Handler, error), oneRealm bool) *visitor {
	t.Helper()
	app := httptest.NewUnstartedServer(nil)
	app.StartTLS()
	t.Cleanup(app.Close)
	customers := startLoginRocketAt(t, "localhost")
	staff := customers
	if !oneRealm {
		staff = startLoginRocketAt(t, "127.0.0.2") // ports do not keep cookies apart
	}
	config := func(lr *authrocketdev.Server) authrocket.Config {
		config := lr.Realm().Config()
		config.AppURL = app.URL
		config.Observer = authrocket.SilentObserver()
		return config
	}
	tell := func(name string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			user, _ := authrocket.CurrentUser(r.Context())
			fmt.Fprintf(w, "%s: %s at %s", name, user.Email, r.URL.RequestURI())
		})
	}
	handler, err := build(config(customers), config(staff), tell("shop"), tell("admin"))
	if err != nil {
		t.Fatal(err)
	}
	app.Config.Handler = handler
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	v := &visitor{t: t, app: app.URL, client: app.Client()}
	v.client.Jar = jar
	v.client.CheckRedirect = func(req *http.Request, via []*http.Request) error {
		if strings.HasPrefix(req.URL.String(), v.app) && req.URL.Query().Has("token") {
			v.callbacks = append(v.callbacks, req.URL.Path)
		}
		if len(via) > 20 {
			return fmt.Errorf("%d redirects", len(via))
		}
		return nil
	}
	return v
}

// startLoginRocketAt serves a realm in which ada owns an account, at a free port of
// a loopback host.
func startLoginRocketAt(t *testing.T, host string) *authrocketdev.Server {
	t.Helper()
	listener, err := net.Listen("tcp", host+":0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	realm, err := authrockettest.Open(authrockettest.RealmConfig{URL: "http://" + host + ":" + port})
	if err != nil {
		t.Fatal(err)
	}
	ada := realm.AddUser(authrockettest.User{Email: "ada@example.com", Password: "engine", Name: "Ada Lovelace"})
	realm.AddMembership(ada, realm.AddOrg(authrockettest.Org{Name: "Analytical Engines"}))
	server, err := authrocketdev.New(authrocketdev.Config{Realm: realm})
	if err != nil {
		t.Fatal(err)
	}
	site := &httptest.Server{Listener: listener, Config: &http.Server{Handler: server}}
	site.Start()
	t.Cleanup(site.Close)
	return server
}

func (v *visitor) signInToTheShop() {
	v.t.Helper()
	v.signIn("/auth/login?return_to=/cart?a=1", "shop: ada@example.com at /cart?a=1")
}

func (v *visitor) signInAsStaff() {
	v.t.Helper()
	v.signIn("/admin/reports?a=1", "admin: ada@example.com at /admin/reports?a=1")
}

// signIn opens a page and fills in LoginRocket's form, if it asks.
func (v *visitor) signIn(target, want string) {
	v.t.Helper()
	page := v.send(http.MethodGet, v.app+target, nil)
	if csrf := regexp.MustCompile(`name="csrf" value="([^"]*)"`).FindStringSubmatch(page.body); csrf != nil {
		form := page.url.Query()
		form.Set("csrf", html.UnescapeString(csrf[1]))
		form.Set("email", "ada@example.com")
		form.Set("password", "engine")
		page = v.send(http.MethodPost, page.url.Scheme+"://"+page.url.Host+"/login", form)
	}
	if page.body != want {
		v.t.Fatalf("%s leads to %s with %q, want %q", target, page.url.Path, page.body, want)
	}
}

func (v *visitor) wantPage(target, want string) {
	v.t.Helper()
	page := v.send(http.MethodGet, v.app+target, nil)
	if want += " at " + target; page.body != want || page.url.RequestURI() != target {
		v.t.Errorf("%s leads to %s with %q, want %q", target, page.url.Path, page.body, want)
	}
}

type shownPage struct {
	url  *url.URL
	body string
}

func (v *visitor) send(method, target string, form url.Values) shownPage {
	v.t.Helper()
	req, err := http.NewRequest(method, target, strings.NewReader(form.Encode()))
	if err != nil {
		v.t.Fatal(err)
	}
	req.Header.Set("Accept", "text/html")
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	resp, err := v.client.Do(req)
	if err != nil {
		v.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		v.t.Fatal(err)
	}
	return shownPage{resp.Request.URL, string(body)}
}
