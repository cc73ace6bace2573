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
		{name: "it is ready", page: client.Get(api + "/readyz"), status: 200},
		{name: "no token", page: client.Get(api+"/me", json), status: 401, kind: "application/problem+json", text: `"no_token"`},
		{name: "a browser is not sent to a login", page: client.Get(api + "/me"), status: 401, kind: "text/plain; charset=utf-8", text: "Unauthorized"},
		{name: "a token that is none", page: client.Get(api+"/me", json, "Authorization: Bearer abc"), status: 401, kind: "application/problem+json", text: `"token_malformed"`},
		{name: "a cookie does not count", page: client.Get(api+"/me", json, "Cookie: arToken="+strings.TrimPrefix(adaBearer, "Authorization: Bearer ")), status: 401, kind: "application/problem+json", text: `"no_token"`},
		{name: "who am I", page: client.Get(api+"/me", json, adaBearer), status: 200, kind: "application/json", text: `"org":{"id":"` + engines.ID + `",`},
		{name: "a member lists", page: client.Get(invoices, json, georgeBearer), status: 200, kind: "application/json", text: `"org":"Analytical Engines"`},
		{name: "a member of another org does not", page: client.Get(api+"/orgs/"+widgets.ID+"/invoices", json, adaBearer), status: 403, kind: "application/problem+json", text: `"wrong_org"`},
		{name: "who may bill adds", page: client.Post(invoices, nil, json, adaBearer), status: 201, kind: "application/json", text: `"invoice":"1"`},
		{name: "no origin is another one's", page: client.Post(invoices, nil, json, adaBearer, "Origin: https://evil.example"), status: 201, kind: "application/json", text: `"invoice":"1"`},
		{name: "who may not bill does not", page: client.Post(invoices, nil, json, georgeBearer), status: 403, kind: "application/problem+json", text: `"permission_denied"`},
		{name: "there is no login route", page: client.Get(api + "/auth/login"), status: 404, kind: "text/plain; charset=utf-8", text: "404"},
		{name: "there is no logout route", page: client.Post(api+"/auth/logout", nil), status: 404, kind: "text/plain; charset=utf-8", text: "404"},
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
