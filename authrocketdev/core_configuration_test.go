package authrocketdev_test

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/authrocketdev"
)

func TestConfigurationAPI(t *testing.T) {
	t.Parallel()
	inRealm := []string{"Authrocket-Realm", "{realm}"}
	newRealm := step{name: "a realm is created", method: "POST /realms", body: `{"realm":{"name":"AR-node 1-1"}}`, status: 201, keep: "realm=id",
		want: []string{"object=realm", "id^rl_", "name=AR-node 1-1", "state=active", "jwt_key~PUBLIC KEY", "jwt_algo=rs256", "org_mode=single_user", "signup=open"}}
	stories(t, map[string][]step{
		"realms": {
			newRealm,
			{name: "the list has all, whatever the realm", method: "GET /realms", status: 200, want: []string{"collection#2", "collection.0.object=realm", "collection.0.id=rl_test", "collection.1.id={realm}"}},
			{name: "a page", method: "GET /realms?max_results=1&after=rl_test", status: 200, want: []string{"collection#1", "collection.0.id={realm}", "more_results=false"}},
			{name: "by ID", method: "GET /realms/{realm}", status: 200, want: []string{"object=realm", "!made_up_field"}},
			{name: "a name changes", method: "PUT /realms/{realm}", body: `{"realm":{"name":"other"}}`, status: 200, want: []string{"name=other"}},
			{name: "the key changes in the same answer", method: "PUT /realms/{realm}", body: `{"realm":{"jwt_algo":"hs256","jwt_scopes":"ar.orgs"}}`, status: 200, want: []string{"jwt_key^jsk_", "jwt_algo=hs256", "jwt_scopes=ar.orgs"}},
			{name: "a key that can only read does not see it", method: "GET /realms/{realm}", header: []string{"Authrocket-Api-Key", coreReadKey}, status: 200, want: []string{"!jwt_key"}},
			{name: "modes change", method: "PUT /realms/{realm}", body: `{"realm":{"org_mode":"multi_user","signup":"invitation"}}`, status: 200, want: []string{"org_mode=multi_user", "signup=invitation"}},
			{name: "to nothing unknown", method: "PUT /realms/{realm}", body: `{"realm":{"org_mode":"many","signup":"maybe","jwt_algo":"none","name":""}}`, status: 422, want: []string{"errors#4"}},
			{name: "an org in it", method: "POST /orgs", header: inRealm, body: `{"org":{"name":"Engines"}}`, status: 201, want: []string{"realm_id={realm}"}},
			{name: "by realm_id among the attributes", method: "POST /users", body: `{"user":{"realm_id":"{realm}","email":"a@example.com","password":"how-now-brown-cow!"}}`, status: 201, want: []string{"realm_id={realm}"}},
			{name: "by realm_id beside them", method: "POST /orgs", body: `{"realm_id":"{realm}","org":{"name":"Widgets"}}`, status: 201, want: []string{"realm_id={realm}"}},
			{name: "by realm_id in the query", method: "GET /orgs?realm_id={realm}", status: 200, want: []string{"collection#2"}},
			{name: "behind the key", method: "GET /orgs", header: []string{"Authrocket-Api-Key", "", "Authorization", "Bearer " + coreKey + ",{realm}"}, status: 200, want: []string{"collection#2"}},
			{name: "the other realm has none", method: "GET /orgs", status: 200, want: []string{"collection#0"}},
			{name: "two realms at once", method: "GET /orgs?realm_id=rl_test", header: inRealm, status: 400},
			{name: "no realm", method: "GET /orgs", header: []string{"Authrocket-Realm", "rl_none"}, status: 404},
			{name: "it is reset", method: "POST /realms/{realm}/reset", header: inRealm, body: `{}`, status: 200, want: []string{"id={realm}"}},
			{name: "no org is left", method: "GET /orgs", header: inRealm, status: 200, want: []string{"collection#0"}},
			{name: "nor user", method: "GET /users", header: inRealm, status: 200, want: []string{"collection#0"}},
			{name: "but its settings", method: "GET /realms/{realm}", status: 200, want: []string{"name=other"}},
			{name: "it is deleted with what is in it", method: "DELETE /realms/{realm}", status: 204},
			{name: "and gone", method: "GET /realms/{realm}?state=active", status: 404},
			{name: "also for its records", method: "GET /orgs", header: inRealm, status: 404},
			{name: "the first one stays", method: "DELETE /realms/rl_test", status: 409},
			{name: "no name", method: "POST /realms", body: `{"realm":{}}`, status: 422},
		},
		"client apps": {
			newRealm,
			{name: "an app is created", method: "POST /client_apps", header: inRealm, body: `{"client_app":{"client_type":"standard","name":"ar-node-sdk","redirect_uris":["http://localhost:3000/"]}}`, status: 201, keep: "app=id", want: []string{"object=client_app", "name=ar-node-sdk", "redirect_uris#1", "realm_id={realm}"}},
			{name: "the list is of its realm", method: "GET /client_apps", status: 200, want: []string{"collection#0"}},
			{name: "which has it", method: "GET /client_apps", header: inRealm, status: 200, want: []string{"collection#1", "collection.0.object=client_app"}},
			{name: "by ID", method: "GET /client_apps/{app}", header: inRealm, status: 200, want: []string{"id={app}"}},
			{name: "it changes", method: "PUT /client_apps/{app}", header: inRealm, body: `{"client_app":{"name":"x","redirect_uris":["https://a.example/in","https://b.example/in"]}}`, status: 200, want: []string{"name=x", "redirect_uris#2"}},
			{name: "to no relative URL", method: "PUT /client_apps/{app}", header: inRealm, body: `{"client_app":{"redirect_uris":["/x"]}}`, status: 422},
			{name: "it is deleted", method: "DELETE /client_apps/{app}", header: inRealm, status: 204},
			{name: "and gone", method: "GET /client_apps/{app}", header: inRealm, status: 404},
		},
		"domains": {
			newRealm,
			{name: "a domain", method: "POST /domains", header: inRealm, body: `{"domain":{"domain_type":"loginrocket"}}`, status: 201, keep: "domain=id fqdn=fqdn", want: []string{"object=domain", "fqdn^127.0.1.", "realm_id={realm}"}},
			{name: "one for each realm", method: "POST /domains", header: inRealm, body: `{"domain":{"domain_type":"loginrocket"}}`, status: 422},
			{name: "the list", method: "GET /domains", header: inRealm, status: 200, want: []string{"collection#1", "collection.0.id={domain}"}},
			{name: "by ID", method: "GET /domains/{domain}", header: inRealm, status: 200, want: []string{"fqdn={fqdn}"}},
			{name: "the first realm has one", method: "POST /domains", body: `{"domain":{"domain_type":"loginrocket"}}`, status: 422},
			{name: "it is closed", method: "DELETE /domains/{domain}", header: inRealm, status: 204},
			{name: "and gone", method: "GET /domains/{domain}", header: inRealm, status: 404},
		},
	}, withConfiguration)
}

func TestConfigurationAPIIsOff(t *testing.T) {
	t.Parallel()
	c := newCore(t)
	for _, request := range []string{
		"GET /realms", "POST /realms", "GET /realms/rl_test", "PUT /realms/rl_test", "DELETE /realms/rl_test", "POST /realms/rl_test/reset", "GET /client_apps",
		"POST /client_apps", "GET /domains", "POST /domains", "POST /auth_providers", "PUT /auth_providers/totp", "DELETE /auth_providers/totp",
	} {
		method, path, _ := strings.Cut(request, " ")
		if a := c.ask(t, method, path, ""); a.status != http.StatusForbidden || !strings.Contains(a.body, "ServiceConfig.ConfigurationAPI, or start authrocket dev with -configuration-api.") {
			t.Errorf("%s: got %d %s", request, a.status, a.body)
		}
	}
	if len(c.realm.AuthProviders()) != 2 {
		t.Error("an auth provider is gone")
	}
}

func TestRealmsAreBounded(t *testing.T) {
	t.Parallel()
	c := newCore(t, withConfiguration)
	var last string
	for i := range 199 {
		a := c.ask(t, http.MethodPost, "/realms", `{"realm":{"name":"x","jwt_algo":"hs256"}}`)
		if a.status != http.StatusCreated {
			t.Fatalf("realm %d: got %d %s", i, a.status, a.body)
		}
		last = a.text("id")
	}
	c.run(t, false, map[string]string{"last": last}, []step{
		{name: "200 are enough", method: "POST /realms", body: `{"realm":{"name":"x","jwt_algo":"hs256"}}`, status: 422, want: []string{"errors.0~full"}},
		{name: "one goes", method: "DELETE /realms/{last}", status: 204},
		{name: "another one comes", method: "POST /realms", body: `{"realm":{"name":"x","jwt_algo":"hs256"}}`, status: 201},
	})
}

// hostOf returns url with another host and the same port.
func hostOf(t *testing.T, base, host string) string {
	t.Helper()
	u, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	u.Host = host + ":" + u.Port()
	return u.String()
}

// Records that the Core API creates also apply to the LoginRocket API of the same
// realm, at its own address.
func TestTokensOfBothAPIs(t *testing.T) {
	t.Parallel()
	c := newCore(t, withConfiguration)
	values := map[string]string{}
	inRealm := []string{"Authrocket-Realm", "{realm}"}
	core := func(name, method, body string, status int, keep string, want ...string) step {
		return step{name: name, method: method, body: body, header: inRealm, status: status, keep: keep, want: want}
	}
	c.run(t, false, values, []step{
		{name: "a realm", method: "POST /realms", body: `{"realm":{"name":"AR-js"}}`, status: 201, keep: "realm=id key=jwt_key"},
		core("a domain", "POST /domains", `{"domain":{"domain_type":"loginrocket"}}`, 201, "fqdn=fqdn"),
		core("a user", "POST /users", `{"user":{"email":"george@example.com","password":"quick-fox-jumped-over-the-moon","first_name":"george"}}`, 201, "user=id"),
		core("an org", "POST /orgs", `{"org":{"name":"One"}}`, 201, "one=id"),
		core("a membership", "POST /memberships", `{"membership":{"user_id":"{user}","org_id":"{one}"}}`, 201, "m=id"),
	})
	values["js"] = hostOf(t, c.loginRocket, values["fqdn"]) + "/v2"
	js := func(name, method, body string, status int, keep string, want ...string) step {
		verb, path, _ := strings.Cut(method, " ")
		return step{name: name, method: verb + " {js}" + path, body: body, header: []string{"Authrocket-Api-Key", ""}, status: status, keep: keep, want: want}
	}
	c.run(t, false, values, []step{
		js("a wrong password", "POST /login", `{"email":"george@example.com","password":"x"}`, 422, "", "result=error", "error~Login failed", "errors.0~Login failed", "!source"),
		{name: "in Spanish", method: "POST {js}/login", body: `{"email":"george@example.com","password":"x"}`, header: []string{"Accept-Language", "es"}, status: 422, want: []string{"error~Error al iniciar sesión"}},
		js("the right one", "POST /login", `{"email":"george@example.com","password":"quick-fox-jumped-over-the-moon"}`, 200, "", "result=full_login", "session^kss_", "account={one}", "token~."),

		core("a session of the Core API", "POST /sessions", `{"session":{"user_id":"{user}"}}`, 201, "session=id token=token"),
		js("is one of LoginRocket", "GET /session?session={session}", "", 200, "", "result=full_login", "account={one}"),
		js("which ends", "DELETE /session?session={session}", "", 200, "", "result=okay", "!token"),
		js("for both", "GET /session?session={session}", "", 403, ""),
		core("here too", "GET /sessions/{session}", "", 404, ""),

		core("another session", "POST /sessions", `{"session":{"user_id":"{user}"}}`, 201, "session=id"),
		core("another org", "POST /orgs", `{"org":{"name":"Two"}}`, 201, "two=id"),
		core("and membership", "POST /memberships", `{"membership":{"user_id":"{user}","org_id":"{two}"}}`, 201, "m=id"),
		js("one account", "GET /session?session={session}&account={one}", "", 200, "", "result=full_login", "account={one}"),
		js("the other", "GET /session?session={session}&account={two}", "", 200, "", "result=full_login", "account={two}"),
		js("is not kept for later", "GET /session?session={session}", "", 200, "", "result=full_login", "account={one}"),
		{name: "the realm's mode changes", method: "PUT /realms/{realm}", body: `{"realm":{"org_mode":"multi_user"}}`, status: 200},
		js("now the user has to pick", "GET /session?session={session}", "", 200, "", "result=conditional_login", "account=null", "conditions~no_account_selected", "!token"),
		{name: "back", method: "PUT /realms/{realm}", body: `{"realm":{"org_mode":"single_user"}}`, status: 200},

		js("a forgotten password", "POST /password/forgot", `{"email":"george@example.com"}`, 200, "", "result=okay"),
		core("a token for one", "POST /users/{user}/generate_password_token", `{}`, 201, "tpw=token"),
		js("is taken", "POST /password/reset", `{"token":"{tpw}","password":"how-now-brown-cow!","password_confirmation":"how-now-brown-cow!"}`, 200, "", "result=full_login", "account={one}"),
		core("a session", "POST /sessions", `{"session":{"user_id":"{user}"}}`, 201, "session=id"),
		js("no session", "POST /profile/password", `{"current_password":"x","password":"y"}`, 403, ""),
		js("a wrong current password", "POST /profile/password", `{"session":"{session}","current_password":"x","password":"alexander-was-great","password_confirmation":"alexander-was-great"}`, 422, "", "error~Current password does not match", "!source"),
		js("the right one", "POST /profile/password", `{"session":"{session}","current_password":"how-now-brown-cow!","password":"alexander-was-great","password_confirmation":"alexander-was-great"}`, 200, "", "result=okay"),
		js("a new email", "PUT /profile", `{"session":"{session}","email":"george2@example.com"}`, 200, "", "result=full_login"),
		core("is pending", "GET /users/{user}", "", 200, "", "email_pending=george2@example.com"),
		core("its token", "POST /users/{user}/request_email_verification", `{}`, 201, "tue=token", "token^tue:"),
		js("is taken too", "POST /email/verify", `{"token":"{tue}"}`, 200, "", "result=okay"),
		core("a token to verify", "POST /users/{user}/request_email_verification", `{}`, 201, "tve=token", "token^tve:"),
		js("is taken as well", "POST /email/verify", `{"token":"{tve}"}`, 200, "", "result=okay"),
		core("which the Core API shows", "GET /users/{user}", "", 200, "", "email=george2@example.com", "email_verification=verified"),

		{name: "signup by invitation", method: "PUT /realms/{realm}", body: `{"realm":{"signup":"invitation"}}`, status: 200},
		js("a request", "POST /signup/request", `{"email":"new@example.com"}`, 200, "", "result=okay"),
		js("no signup", "POST /signup", `{"email":"new@example.com","password":"how-now-brown-cow!"}`, 422, ""),
		{name: "signup by all", method: "PUT /realms/{realm}", body: `{"realm":{"signup":"open"}}`, status: 200},
		js("a signup", "POST /signup", `{"email":"newer@example.com","password":"how-now-brown-cow!","first_name":"New"}`, 200, "", "result=full_login", "account^org_"),
		core("whose user is here", "GET /users/newer@example.com", "", 200, "", "first_name=New"),
	})

	// Tokens verify with the realm's key, which is in the key set at its address.
	for name, config := range map[string]authrocket.Config{
		"by the key set":        {LoginRocketURL: strings.TrimSuffix(values["js"], "/v2"), RealmID: values["realm"]},
		"by jwt_key":            {LoginRocketURL: strings.TrimSuffix(values["js"], "/v2"), RealmID: values["realm"], JWTKey: values["key"]},
		"not in another realm":  {LoginRocketURL: c.loginRocket, RealmID: "rl_test"},
		"nor at another's keys": {LoginRocketURL: c.loginRocket, RealmID: values["realm"]},
	} {
		auth, err := authrocket.New(config)
		if err != nil {
			t.Fatal(err)
		}
		session, err := auth.Verify(t.Context(), values["token"])
		if isOwn := strings.HasPrefix(name, "by "); isOwn != (err == nil) || isOwn && session.User.ID != values["user"] {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if keys := c.ask(t, http.MethodGet, strings.TrimSuffix(values["js"], "/v2")+"/connect/jwks", ""); len(keys.mismatch([]string{"keys#1"})) > 0 {
		t.Errorf("got the key set %s", keys.body)
	}

	// Scopes and algorithm apply to later tokens.
	c.run(t, false, values, []step{
		{name: "HS256, with orgs", method: "PUT /realms/{realm}", body: `{"realm":{"jwt_algo":"hs256","jwt_scopes":"ar.orgs"}}`, status: 200, keep: "secret=jwt_key"},
		core("a new session", "POST /sessions", `{"session":{"user_id":"{user}"}}`, 201, "token=token session=id"),
	})
	auth, err := authrocket.New(authrocket.Config{LoginRocketURL: strings.TrimSuffix(values["js"], "/v2"), RealmID: values["realm"], JWTKey: values["secret"]})
	if err != nil {
		t.Fatal(err)
	}
	session, err := auth.Verify(t.Context(), values["token"])
	if err != nil || len(session.Memberships()) != 2 || session.Memberships()[0].Org.ID == "" {
		t.Errorf("got %+v, %v", session.Memberships(), err)
	}

	// The domain closes with its realm.
	before := c.closed.Load()
	c.run(t, false, values, []step{{name: "the realm goes", method: "DELETE /realms/{realm}", status: 204}})
	if c.closed.Load() == before {
		t.Error("the LoginRocket of a deleted realm is still served")
	}
}

// A program that cannot serve another address reports that.
func TestDomainsThatCannotBeOpened(t *testing.T) {
	t.Parallel()
	for name, listen := range map[string]func(string) (io.Closer, error){
		"no Listen": nil,
		"an error":  func(string) (io.Closer, error) { return nil, errors.New("no such address") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			newCore(t, withConfiguration, func(c *authrocketdev.ServiceConfig) { c.Listen = listen }).run(t, false, nil, []step{
				{name: "a realm", method: "POST /realms", body: `{"realm":{"name":"x"}}`, status: 201, keep: "realm=id"},
				{name: "no domain", method: "POST /domains", header: []string{"Authrocket-Realm", "{realm}"}, body: `{"domain":{"domain_type":"loginrocket"}}`, status: 422, want: []string{"errors.0~cannot serve"}},
				{name: "nor a trace of it", method: "GET /domains", header: []string{"Authrocket-Realm", "{realm}"}, status: 200, want: []string{"collection#0"}},
			})
		})
	}
}
