package authrocketdev_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/authrocket-go/authrocket"
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

// nestedRealms is like twoRealms, with the customers' Authenticate around everything.
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

func TestRecipeOfTwoRealmsIsThatOfTheDocs(t *testing.T) {
	t.Parallel()
	source, docs := readFile(t, "two_auths_test.go"), readFile(t, "../docs/recipes.md")
	_, recipe, _ := strings.Cut(source, "\nfunc twoRealms(")
	recipe, _, _ = strings.Cut(recipe, "\n}\n")
	if !strings.Contains(docs, "```go\nfunc twoRealms("+recipe+"\n}\n```") {
		t.Errorf("docs/recipes.md does not have\nfunc twoRealms(%s\n}", recipe)
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
		oneRealm bool // both Auths use one realm and accept its tokens
	}{
		{name: "side by side, of two realms", build: twoRealms},
		{name: "side by side, of one realm", build: twoRealms, oneRealm: true},
		{name: "nested, of two realms", build: nestedRealms},
		{name: "nested, of one realm", build: nestedRealms, oneRealm: true},
	} {
		for _, staffFirst := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, staff first: %t", row.name, staffFirst), func(t *testing.T) {
				t.Parallel()
				app := httptest.NewTLSServer(nil)
				t.Cleanup(app.Close)
				customers := newSiteOn(t, "localhost")
				staff := customers
				if !row.oneRealm {
					staff = newSiteOn(t, "127.0.0.2") // ports do not separate cookies
				}
				config := func(s *site) authrocket.Config {
					config := s.realm.Config()
					config.AppURL, config.Observer = app.URL, authrocket.SilentObserver()
					return config
				}
				tell := func(name string) http.Handler {
					return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
						user, _ := authrocket.CurrentUser(r.Context())
						fmt.Fprintf(w, "%s: %s at %s", name, user.Email, r.URL.RequestURI())
					})
				}
				handler, err := row.build(config(customers), config(staff), tell("shop"), tell("admin"))
				if err != nil {
					t.Fatal(err)
				}
				app.Config.Handler = handler

				var callbacks []string // the callbacks that got a token
				client := app.Client()
				client.Jar = customers.newBrowser(t).client.Jar
				client.CheckRedirect = func(r *http.Request, via []*http.Request) error {
					if strings.HasPrefix(r.URL.String(), app.URL) && r.URL.Query().Has("token") {
						callbacks = append(callbacks, r.URL.Path)
					}
					if len(via) > 20 {
						return fmt.Errorf("%d redirects", len(via))
					}
					return nil
				}
				signIn := func(s *site, target, want string) {
					b := &browser{t: t, site: s, client: client}
					p := b.get(app.URL + target)
					if len(p.forms) > 0 { // otherwise LoginRocket has a session
						p = p.submit("/login", "email", "ada", "password", secretPassword)
					}
					if p.body != want {
						t.Fatalf("%s leads to status %d with %q, want %q", target, p.status, p.body, want)
					}
				}
				steps := []func(){
					func() { signIn(customers, "/auth/login?return_to=/cart?a=1", "shop: ada@example.com at /cart?a=1") },
					func() { signIn(staff, "/admin/reports?a=1", "admin: ada@example.com at /admin/reports?a=1") },
				}
				if staffFirst {
					slices.Reverse(steps)
				}
				for _, step := range steps {
					step()
				}
				b := &browser{t: t, site: customers, client: client}
				for target, want := range map[string]string{"/": "shop: ada@example.com at /", "/admin/reports": "admin: ada@example.com at /admin/reports"} {
					if p := b.get(app.URL + target); p.body != want {
						t.Errorf("%s leads to %q, want %q", target, p.body, want)
					}
				}
				slices.Sort(callbacks)
				if want := []string{"/admin/auth/callback", "/auth/callback"}; !slices.Equal(callbacks, want) {
					t.Errorf("login tokens came to %q, want %q", callbacks, want)
				}
			})
		}
	}
}
