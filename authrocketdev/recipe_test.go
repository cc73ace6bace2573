package authrocketdev_test

import (
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/authrocketdev"
	"github.com/authrocket-go/authrocket/authrockettest"
)

// startLoginRocket serves the demo seed at a free port of localhost. Have the app
// at 127.0.0.1: browsers do not keep the cookies of two ports apart.
func startLoginRocket(t *testing.T) *authrocketdev.Server {
	t.Helper()
	site := httptest.NewUnstartedServer(nil)
	_, port, err := net.SplitHostPort(site.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	server, err := authrocketdev.DemoSeed().Open(authrockettest.RealmConfig{URL: "http://localhost:" + port})
	if err != nil {
		t.Fatal(err)
	}
	site.Config.Handler = server
	site.Start()
	t.Cleanup(site.Close)
	return server
}

func TestRecipe(t *testing.T) {
	t.Parallel()
	server := startLoginRocket(t)
	auth, err := authrocket.New(server.Realm().Config())
	if err != nil {
		t.Fatal(err)
	}
	authrockettest.Warm(t, auth)
	ada, err := server.Realm().UserByLogin("ada@example.com")
	if err != nil {
		t.Fatal(err)
	}
	session, err := auth.Verify(t.Context(), server.Realm().Token(ada))
	if err != nil || session.User.Name != "Ada Lovelace" {
		t.Errorf("got %+v, %v", session.User, err)
	}
	resp, err := http.Get(auth.LoginURL(authrocket.WithRedirectURI("http://127.0.0.1:8080/")))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Errorf("the login answers %d", resp.StatusCode)
	}
	token, err := server.Invite("charles@example.com", "org_engines", "billing:write")
	if err != nil {
		t.Fatal(err)
	}
	mail := server.Outbox()[0]
	if mail.To != "charles@example.com" || !strings.HasSuffix(mail.Link, "/signup?invitation="+token) {
		t.Errorf("got %+v", mail)
	}
}
