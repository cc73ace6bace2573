package authrocketdev_test

import (
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/authrocketdev"
	"github.com/authrocket-go/authrocket/authrockettest"
)

// startLoginRocket serves the demo seed at a free port of localhost. Serve the app on
// 127.0.0.1: browsers do not separate the cookies of two ports.
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

// startService serves the Core API of the demo seed at url. The events go to hook,
// when service.Deliver sends them.
func startService(t *testing.T, hook string) (service *authrocketdev.Service, url string) {
	t.Helper()
	service, err := authrocketdev.NewService(authrocketdev.ServiceConfig{
		Server:   startLoginRocket(t),
		Webhooks: []string{hook},
	})
	if err != nil {
		t.Fatal(err)
	}
	site := httptest.NewServer(service.CoreAPI())
	t.Cleanup(site.Close)
	return service, site.URL + "/v2"
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

func TestServiceRecipe(t *testing.T) {
	t.Parallel()
	events := make(chan string, 1)
	app := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var event struct {
			Type string `json:"event_type"`
		}
		json.NewDecoder(r.Body).Decode(&event)
		events <- event.Type
	}))
	t.Cleanup(app.Close)
	service, url := startService(t, app.URL)
	req, err := http.NewRequest(http.MethodDelete, url+"/users/usr_george", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authrocket-Api-Key", service.APIKey())
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode/100 != 2 {
		t.Errorf("got %d", resp.StatusCode)
	}
	if n, err := service.Deliver(t.Context()); n != 1 || err != nil {
		t.Errorf("%d webhooks are acknowledged, %v", n, err)
	}
	if got := <-events; got != "user.deleted" {
		t.Errorf("got the event %q", got)
	}
}
