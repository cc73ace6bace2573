package browsertest_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/authrocket-go/authrocket"
)

// nginxBasic asks for a name and a password of its own, and hands on to the app
// what the browser sends.
const nginxBasic = `auth_basic "Staging";
auth_basic_user_file users;
` + nginxPlain

// TestBasic is about an app behind a proxy that has HTTP Basic: each of its
// requests comes with an Authorization that is not the app's affair.
func TestBasic(t *testing.T) {
	t.Parallel()
	requireChromium(t)
	seen := &arrivals{}
	f := startFront(t, nginxBasic, func(auth *authrocket.Auth) http.Handler {
		return seen.before(auth.Authenticate(gated(auth)))
	})
	// nginx reads it with each request.
	if err := os.WriteFile(filepath.Join(f.folder, "users"), []byte("tester:{PLAIN}opensesame\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	withPassword := strings.Replace(f.url, "https://", "https://tester:opensesame@", 1)

	// The password in the URL is the answer to nginx's question. The browser sends it
	// with each request from then on.
	b := newBrowser(t)
	b.open(withPassword + "/manage?tab=2")
	b.wantText("Log in")
	b.logIn("ada@example.com")
	b.wantURL(f.url + "/manage?tab=2")
	b.wantText("/manage?tab=2 for ada@example.com")

	b.leadTo(f.url + "/auth/login?prompt=login&return_to=/manage")
	b.wantText("Log in")
	b.logIn("ada@example.com")
	b.wantURL(f.url + "/manage")
	b.wantText("/manage for ada@example.com")
	b.wantNoTokenInHistory()

	b.do(submit("/auth/logout"))
	b.waitURL(f.realm.URL() + "/login") // by the gate of the page after the logout

	for _, what := range []string{"GET /manage", "GET /auth/callback", "GET /auth/login", "POST /auth/logout", "GET /auth/logout/end"} {
		found := seen.of(what)
		if len(found) == 0 {
			t.Errorf("%s has not come", what)
		}
		for _, r := range found {
			if !strings.HasPrefix(r.Header.Get("Authorization"), "Basic ") {
				t.Errorf("%s came without the Authorization of nginx", what)
			}
		}
	}
}
