package walk

import (
	"strings"
	"testing"

	"github.com/authrocket-go/authrocket/authrockettest"
)

// Shop builds the program in the working directory and walks through its pages. The
// program is an app with a home page, an account page, a button to pay, and files by org.
// The examples for all frameworks are this same app. The test serves the app's realm.
func Shop(t *testing.T) {
	t.Helper()
	realm := authrockettest.NewRealm(t)
	engines := realm.AddOrg(authrockettest.Org{Name: "Analytical Engines"})
	widgets := realm.AddOrg(authrockettest.Org{Name: "<b>Widgets</b>"})
	ada := realm.AddUser(authrockettest.User{Email: "ada@example.com", Password: "engine", Name: "Ada Lovelace"})
	george := realm.AddUser(authrockettest.User{Email: "george@example.com", Password: "trains", Name: "<b>George</b>"})
	realm.AddMembership(ada, engines, "billing:write")
	realm.AddMembership(george, widgets)

	p := Start(t, Build(t), []string{"LOGINROCKET_URL=" + realm.Start(), "ADDR=127.0.0.1:0"})
	app := p.Find(t, p.Stderr, `listening on (http://127\.0\.0\.1:\d+)\n`)[0]

	visitor := NewBrowser(t)
	asAda, asGeorge := NewBrowser(t), NewBrowser(t)
	managed := asAda.LogIn(asAda.Get(app+"/manage?tab=2"), "ada@example.com", "engine")
	asGeorge.LogIn(asGeorge.Get(app+"/manage"), "george@example.com", "trains")
	if !managed.At(app + "/manage?tab=2") {
		t.Errorf("the login leads to %s, want the page that was asked for", managed.URL)
	}

	for _, row := range []struct {
		name   string
		page   Page
		status int
		kind   string
		text   string
	}{
		{"home is open", visitor.Get(app + "/"), 200, "text/html", `href="/auth/login?return_to=/manage"`},
		{"home knows who is signed in", asAda.Get(app + "/"), 200, "text/html", "Hi Ada Lovelace"},
		{"home escapes names", asGeorge.Get(app + "/"), 200, "text/html", "Hi &lt;b&gt;George&lt;/b&gt;"},
		{"manage asks for a login", visitor.Get(app + "/manage"), 200, "text/html", `name="password"`},
		{"manage shows user and org", managed, 200, "text/plain", "Hi Ada Lovelace of Analytical Engines\n"},
		{"manage is no HTML", asGeorge.Get(app + "/manage"), 200, "text/plain", "Hi <b>George</b> of <b>Widgets</b>\n"},
		{"billing takes who may", asAda.Post(app+"/billing", nil), 200, "text/plain", "Paid by Analytical Engines\n"},
		{"billing refuses who may not", asGeorge.Post(app+"/billing", nil), 403, "text/html", "Missing permission"},
		{"billing refuses other sites", asAda.Post(app+"/billing", nil, "Origin: https://evil.example"), 403, "text/html", "This form was refused"},
		{"billing refuses visitors", visitor.Post(app+"/billing", nil), 401, "text/html", "Sign in to send this form"},
		{"a member sees the org", asAda.Get(app + "/orgs/" + engines.ID + "/"), 200, "text/plain", "Files of Analytical Engines\n"},
		{"others do not", asGeorge.Get(app + "/orgs/" + engines.ID + "/"), 403, "text/html", "This belongs to another account"},
		{"unknown paths are not found", visitor.Get(app + "/nothing"), 404, "", ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			if row.page.Status != row.status || !strings.Contains(row.page.Body, row.text) {
				t.Errorf("got %d\n%s\nwant %d with %q", row.page.Status, row.page.Body, row.status, row.text)
			}
			if got := row.page.Header.Get("Content-Type"); row.kind != "" && !strings.HasPrefix(got, row.kind+";") {
				t.Errorf("got Content-Type %q, want %s", got, row.kind)
			}
		})
	}

	page := asAda.Press(asAda.Get(app+"/"), "Sign out", nil)
	if !page.At(app+"/") || !strings.Contains(page.Body, "Sign in") {
		t.Errorf("the logout leads to %s\n%s", page.URL, page.Body)
	}
	if page := asAda.Get(app + "/manage"); !strings.Contains(page.Body, `name="password"`) {
		t.Errorf("after the logout nobody is asked for a password:\n%s", page.Body)
	}
	for _, out := range []*Output{p.Stdout, p.Stderr} {
		if strings.Contains(out.String(), "token=") {
			t.Errorf("the program writes login tokens to its log:\n%s", out)
		}
	}
}
