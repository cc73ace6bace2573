package authrocketdev_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/authrocket-go/authrocket/authrocketdev"
	"github.com/authrocket-go/authrocket/authrockettest"
)

// checkModel reports contradictions in a realm.
func checkModel(t testing.TB, realm *authrockettest.Realm) {
	t.Helper()
	users, orgs := map[string]bool{}, map[string]bool{}
	emails, usernames := map[string]bool{}, map[string]bool{}
	for _, u := range realm.Users() {
		users[u.ID] = true
		username := strings.ToLower(u.Username)
		if u.Email == "" || u.Email != strings.ToLower(u.Email) || emails[u.Email] || username != "" && usernames[username] {
			t.Errorf("the user %+v has what another one has, or no email", u)
		}
		emails[u.Email], usernames[username] = true, true
		passwords := 0
		for _, c := range realm.CredentialsOf(u.ID) {
			if c.Type == authrockettest.TypePassword {
				passwords++
			}
		}
		if passwords > 1 {
			t.Errorf("the user %s has %d passwords", u.ID, passwords)
		}
	}
	orgPage, err := realm.ListOrgs(authrockettest.OrgList{})
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range orgPage.Items {
		if orgs[o.ID] = true; o.Name == "" {
			t.Errorf("the org %s has no name", o.ID)
		}
	}
	memberships, err := realm.ListMemberships(authrockettest.MembershipList{})
	if err != nil {
		t.Fatal(err)
	}
	pairs := map[string]bool{}
	for _, m := range memberships.Items {
		pair := m.UserID + m.OrgID
		if !users[m.UserID] || !orgs[m.OrgID] || pairs[pair] {
			t.Errorf("the membership %+v is of nothing, or there twice", m)
		}
		pairs[pair] = true
	}
	sessions, err := realm.ListSessions(authrockettest.SessionList{})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range sessions.Items {
		if !users[s.UserID] {
			t.Errorf("the session %s is of nobody", s.ID)
		}
	}
	invitations, err := realm.ListInvitations(authrockettest.InvitationList{})
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range invitations.Items {
		if i.OrgID != "" && !orgs[i.OrgID] || i.Email == "" {
			t.Errorf("the invitation %+v is to nothing, or to nobody", i)
		}
	}
}

// FuzzCoreAPI sends one request to a new realm. Words in capitals stand for values
// that only the realm knows.
func FuzzCoreAPI(f *testing.F) {
	methods := []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodPatch}
	bodies := []string{
		``, `null`, `{}`, `{"user":null}`, `{"user":{"token":"TOKEN","password":"by-a-token-now"}}`, `{"user":{"password":"quick-fox-jumped-over-the-moon"},"request":{"ip":"10.0.0.1"}}`,
		`{"user":{"email":"New+1@Example.com","password":"how-now-brown-cow!","custom":{"a":["b",1,true,null]},"username":"x","email_pending":"y@example.com"}}`,
		`{"org":{"name":"x","state":"closed","reference":"r"}}`, `{"membership":{"user_id":"USER","org_id":"ORG","permissions":["a","b"],"expires_at":1735689600.5}}`,
		`{"session":{"user_id":"USER"}}`, `{"invitation":{"email":"a@example.com","invitation_type":"org","org_id":"ORG","inviting_user_id":"USER"}}`,
		`{"credential":{"user_id":"USER","credential_type":"totp","name":"Phone"}}`, `{"credential":{"code":"123456"}}`, `{"auth_provider":{"provider_type":"dummy","min_length":12}}`,
		`{"code":"abcdefgh","state":"x","access_token":"abcdefgh"}`, `{"realm":{"name":"x","jwt_algo":"hs256","jwt_scopes":["ar.orgs"]}}`, `{"domain":{}}`, `{"client_app":{"name":"x"}}`, `{"force":true}`,
		`user[email]=a@example.com&user[password]=how-now-brown-cow!&user[custom][a][]=b`, `org[name]=x&org[name][y]=z`, `a[]=b&a=c&=d&[]=e&[[]]=f`,
	}
	for i, endpoint := range authrocketdev.CoreEndpoints() {
		method, path, _ := strings.Cut(endpoint, " ")
		for _, id := range []string{"USER", "ORG", "MEMBERSHIP", "SESSION", "INVITATION", "CREDENTIAL", "user-1@example.com", "rl_test", "totp"} {
			f.Add(uint8(slices.Index(methods, method)), strings.ReplaceAll(path, "{id}", id), bodies[i%len(bodies)], uint8(i))
		}
		for _, body := range bodies {
			f.Add(uint8(slices.Index(methods, method)), strings.ReplaceAll(path, "{id}", "USER"), body, uint8(0))
		}
	}
	for _, target := range []string{"/orgs?after=ORG&sort=id&max_results=1&direction=desc", "/users/..%2f%00?expand[]=custom", "/events?created_at_after=1e400", "/sessions?user_id=USER&expand=token,memberships", "//users", "/users/%ff"} {
		f.Add(uint8(0), target, "", uint8(0))
	}
	const (
		asForm = 1 << iota
		canOnlyRead
	)
	f.Fuzz(func(t *testing.T, method uint8, target, body string, mode uint8) {
		c := coreInMemory(t, withConfiguration)
		user := c.realm.AddUser(authrockettest.User{Email: "user-1@example.com", Username: "george"})
		if err := c.realm.SetPassword(user.ID, "quick-fox-jumped-over-the-moon"); err != nil {
			t.Fatal(err)
		}
		org := c.realm.AddOrg(authrockettest.Org{Name: "Engines"})
		membership := c.realm.AddMembership(user, org, "read")
		session, err := c.realm.StartSession(user.ID)
		if err != nil {
			t.Fatal(err)
		}
		invitation, err := c.realm.CreateInvitation(authrockettest.Invitation{Type: authrockettest.InvitationOrg, Email: "b@example.com", OrgID: org.ID})
		if err != nil {
			t.Fatal(err)
		}
		words := strings.NewReplacer(
			"USER", user.ID, "ORG", org.ID, "MEMBERSHIP", membership.ID, "SESSION", session.ID, "INVITATION", invitation.ID,
			"CREDENTIAL", c.realm.CredentialsOf(user.ID)[0].ID, "TOKEN", c.realm.NewOneTime(authrockettest.OneTimePassword, user.ID, "", 1<<40).Token,
		)
		target, body = "/v2"+words.Replace(target), words.Replace(body)
		u, err := url.ParseRequestURI(target)
		if err != nil || u.Host != "" {
			return // such a request never reaches a server
		}
		r := httptest.NewRequest(methods[int(method)%len(methods)], "/", strings.NewReader(body))
		r.URL, r.RequestURI, r.Host = u, target, "localhost:8083"
		r.Header.Set("Content-Type", "application/json")
		if mode&asForm != 0 {
			r.Header.Set("Content-Type", formType)
		}
		r.Header.Set("Authrocket-Api-Key", coreKey)
		if mode&canOnlyRead != 0 {
			r.Header.Set("Authrocket-Api-Key", coreReadKey)
		}
		before := stateOf(t, c.realm)
		w := httptest.NewRecorder()
		c.handler.ServeHTTP(w, r)
		if w.Code >= 500 || w.Code < 200 {
			t.Errorf("got status %d %s", w.Code, w.Body)
		}
		isChanged := stateOf(t, c.realm) != before
		if isChanged && (r.Method == http.MethodGet || mode&canOnlyRead != 0) {
			t.Errorf("a request that only reads changes something")
		}
		// Failed logins cause events, and invalid requests cause nothing.
		if isLogin := w.Code == http.StatusUnprocessableEntity && strings.HasPrefix(u.Path, "/v2/users/"); isChanged && w.Code >= 400 && !isLogin {
			t.Errorf("%d changes something", w.Code)
		}
		if text := w.Body.String(); strings.Contains(text, coreKey) || mode&canOnlyRead != 0 && (strings.Contains(text, "jsk_") || strings.Contains(text, "tpw:")) {
			t.Errorf("the answer has a key or a token: %s", text)
		}
		checkModel(t, c.realm)
	})
}
