package authrockettest

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/authrocket-go/authrocket"
)

// AdapterFixture is for an adapter's own tests, in addition to [TestAdapter]. It
// holds a realm with one user in one org, and an Auth whose Observer is silent.
// Create one with [NewAdapterFixture]; the zero value cannot be used. Parallel tests
// can share it.
type AdapterFixture struct {
	Realm *Realm
	Auth  *authrocket.Auth
	Ada   User // a member of Org
	Org   Org
}

// NewAdapterFixture returns an AdapterFixture. Its realm is closed at the end of the
// test. Each configure function can change the Config of the fixture's Auth.
func NewAdapterFixture(t *testing.T, configure ...func(*authrocket.Config)) AdapterFixture {
	t.Helper()
	realm := NewRealm(t)
	f := AdapterFixture{
		Realm: realm,
		Ada:   realm.AddUser(User{Email: "ada@example.com", Name: "Ada"}),
		Org:   realm.AddOrg(Org{Name: "Analytical Engines"}),
	}
	realm.AddMembership(f.Ada, f.Org)
	config := realm.Config()
	config.Observer = authrocket.SilentObserver()
	for _, change := range configure {
		change(&config)
	}
	auth, err := authrocket.New(config)
	if err != nil {
		t.Fatal(err)
	}
	Warm(t, auth)
	f.Auth = auth
	return f
}

// TestGet sends a GET request for target to h. The request looks like one from a
// program, not from a browser. It carries a session of user, or no session if user is
// the zero User. TestGet fails the test unless the answer has the given status and
// its body contains text.
func (f AdapterFixture) TestGet(t *testing.T, h http.Handler, user User, target string, status int, text string) {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, target, nil)
	if user.ID != "" {
		f.Realm.SignIn(r, user)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if w.Code != status || !strings.Contains(w.Body.String(), text) {
		t.Errorf("GET %s: got %d %q, want %d and %q in it", target, w.Code, w.Body, status, text)
	}
}
