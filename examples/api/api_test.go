package main_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/authrocket-go/authrocket/authrockettest"
	"github.com/authrocket-go/authrocket/examples/internal/walk"
)

// TestProgram calls the real program as another program does, with a token that
// a person's login gave it. The realm is in the test.
func TestProgram(t *testing.T) {
	t.Parallel()
	realm := authrockettest.NewRealm(t)
	engines := realm.AddOrg(authrockettest.Org{Name: "Analytical Engines"})
	widgets := realm.AddOrg(authrockettest.Org{Name: "Widgets"})
	ada := realm.AddUser(authrockettest.User{Email: "ada@example.com", Password: "engine", Name: "Ada Lovelace"})
	george := realm.AddUser(authrockettest.User{Email: "george@example.com", Password: "trains", Name: "George"})
	realm.AddMembership(ada, engines, "billing:write")
	realm.AddMembership(george, engines)
	realm.AddMembership(george, widgets)

	loginRocket := realm.Start()
	p := walk.Start(t, walk.Build(t), []string{"LOGINROCKET_URL=" + loginRocket, "ADDR=127.0.0.1:0"})
	api := p.Find(t, p.Stderr, `listening on (http://127\.0\.0\.1:\d+)\n`)[0]

	logIn := func(email, password string) (*walk.Browser, string) {
		b := walk.NewBrowser(t)
		back := b.LogIn(b.Get(loginRocket+"/login?redirect_uri="+url.QueryEscape(api+"/")), email, password)
		token := back.URL.Query().Get("token")
		if token == "" {
			t.Fatalf("the login leads to %s, want a token", back.URL)
		}
		return b, "Authorization: Bearer " + token
	}
	asAda, adaBearer := logIn("ada@example.com", "engine")
	_, georgeBearer := logIn("george@example.com", "trains")
	client := walk.NewBrowser(t)
	const json = "Accept: application/json"
	invoices := api + "/orgs/" + engines.ID + "/invoices"

	for _, row := range []struct {
		name   string
		page   walk.Page
		status int
		kind   string
		text   string
	}{
		{"it is ready", client.Get(api + "/readyz"), 200, "", ""},
		{"no token", client.Get(api+"/me", json), 401, "application/problem+json", `"no_token"`},
		{"a browser is not sent to a login", client.Get(api + "/me"), 401, "text/plain; charset=utf-8", "Unauthorized"},
		{"a token that is none", client.Get(api+"/me", json, "Authorization: Bearer abc"), 401, "application/problem+json", `"token_malformed"`},
		{"a cookie does not count", client.Get(api+"/me", json, "Cookie: arToken="+strings.TrimPrefix(adaBearer, "Authorization: Bearer ")), 401, "application/problem+json", `"no_token"`},
		{"who am I", client.Get(api+"/me", json, adaBearer), 200, "application/json", `"org":{"id":"` + engines.ID + `",`},
		{"a member lists", client.Get(invoices, json, georgeBearer), 200, "application/json", `"org":"Analytical Engines"`},
		{"a member of another org does not", client.Get(api+"/orgs/"+widgets.ID+"/invoices", json, adaBearer), 403, "application/problem+json", `"wrong_org"`},
		{"who may bill adds", client.Post(invoices, nil, json, adaBearer), 201, "application/json", `"invoice":"1"`},
		{"no origin is another one's", client.Post(invoices, nil, json, adaBearer, "Origin: https://evil.example"), 201, "application/json", `"invoice":"1"`},
		{"who may not bill does not", client.Post(invoices, nil, json, georgeBearer), 403, "application/problem+json", `"permission_denied"`},
		{"there is no login route", client.Get(api + "/auth/login"), 404, "text/plain; charset=utf-8", "404"},
		{"there is no logout route", client.Post(api+"/auth/logout", nil), 404, "text/plain; charset=utf-8", "404"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			if row.page.Status != row.status || !strings.Contains(row.page.Body, row.text) {
				t.Errorf("got %d\n%s\nwant %d with %q", row.page.Status, row.page.Body, row.status, row.text)
			}
			if got := row.page.Header.Get("Content-Type"); got != row.kind {
				t.Errorf("got Content-Type %q, want %q", got, row.kind)
			}
			if row.page.Header.Get("Set-Cookie") != "" || row.page.Header.Get("Location") != "" {
				t.Errorf("an API sets a cookie or redirects: %v", row.page.Header)
			}
		})
	}

	// The person logs out at LoginRocket: the next login needs the password.
	asAda.Get(loginRocket + "/logout?redirect_uri=" + url.QueryEscape(api+"/"))
	if page := asAda.Get(loginRocket + "/login?redirect_uri=" + url.QueryEscape(api+"/")); !strings.Contains(page.Body, `name="password"`) {
		t.Errorf("after the logout nobody is asked for a password:\n%s", page.Body)
	}
}
