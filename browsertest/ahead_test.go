package browsertest_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/authrocketdev"
	"github.com/authrocket-go/authrocket/authrockettest"
)

// TestPagesFetchedAhead is about pages that a browser fetches before a click: they
// must not tell the next user what they told the one before.
func TestPagesFetchedAhead(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"prefetch", "prerender"} {
		t.Run("a "+kind+" is not shown after a logout in another tab", func(t *testing.T) {
			t.Parallel()
			lr := startLoginRocket(t, func(string, *authrockettest.RealmConfig, *authrocketdev.Config) {})
			addUser(lr.realm, "ada@example.com", nil)
			app := startApp(t, lr, func(a *app, _ *authrocket.Config) {
				a.routes = map[string]http.HandlerFunc{"/ahead": func(w http.ResponseWriter, _ *http.Request) {
					fmt.Fprintf(w, `<!doctype html><html lang="en"><title>Ahead</title><link rel="icon" href="data:,">
						<script type="speculationrules">{"%s":[{"source":"list","urls":["/manage?ahead"],"eagerness":"immediate"}]}</script>
						<a href="/manage?ahead">Manage</a>`, kind)
				}}
			})
			b := newBrowser(t)
			b.open(app.url + "/manage")
			b.logIn("ada@example.com")
			b.wantText("Signed in: ada@example.com.")
			b.open(app.url + "/ahead")
			isAhead := func(v visit) bool { return v.header.Get("Sec-Purpose") != "" && v.user == "ada@example.com" }
			for end := time.Now().Add(maxWait); len(app.visits(isAhead)) == 0; b.url() {
				if time.Now().After(end) {
					t.Fatal("the browser fetches nothing ahead, so that this test shows nothing")
				}
			}
			other := b.newTab()
			other.open(app.url + "/auth/logout")
			other.waitText("Signed in: .")
			b.follow("Manage")
			if got := b.url(); !strings.HasPrefix(got, lr.url+"/login?") {
				t.Errorf("the browser is at %s, want the login\n%s", brief(got), b.text())
			}
		})
	}
}
