package browsertest_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"testing"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/authrocketdev"
	"github.com/authrocket-go/authrocket/authrockettest"
)

// TestStaticFrontEnd runs the script of docs/clients.md in a page that everybody gets.
func TestStaticFrontEnd(t *testing.T) {
	t.Parallel()
	docs, err := os.ReadFile("../docs/clients.md")
	if err != nil {
		t.Fatal(err)
	}
	script := regexp.MustCompile("(?s)\n   ```js\n(   const answer = .*?)   ```\n").FindSubmatch(docs)
	if script == nil {
		t.Fatal("docs/clients.md has no such script")
	}
	lr := startLoginRocket(t, func(string, *authrockettest.RealmConfig, *authrocketdev.Config) {})
	addUser(lr.realm, "ada@example.com", nil)
	app := startApp(t, lr, func(a *app, _ *authrocket.Config) {
		a.routes = map[string]http.HandlerFunc{
			"GET /board": func(w http.ResponseWriter, _ *http.Request) {
				fmt.Fprintf(w, `<!doctype html><html lang="en"><title>Board</title><h1>Board</h1><p id="user"></p><script type="module">
%s
document.querySelector("#user").textContent = "Signed in: " + (await answer.json()).user.email
</script>`, script[1])
			},
			"GET /api/me": func(w http.ResponseWriter, r *http.Request) {
				a.auth.RequireLogin(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					session, _ := authrocket.CurrentSession(r.Context())
					json.NewEncoder(w).Encode(session)
				})).ServeHTTP(w, r)
			},
		}
	})
	b := newBrowser(t)
	b.open(app.url + "/board?view=all")
	b.waitText("Log in")
	b.logIn("ada@example.com")
	b.waitURL(app.url + "/board?view=all")
	b.waitText("Signed in: ada@example.com")
}
