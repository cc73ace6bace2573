package authrockettest_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/authrockettest"
)

// A ServeMux redirects to the path with a slash, and repeats the query.
func TestRedirectsOfServeMux(t *testing.T) {
	t.Parallel()
	f := authrockettest.NewAdapterFixture(t)
	inside, around := http.NewServeMux(), http.NewServeMux()
	hello := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, _ := authrocket.CurrentUser(r.Context())
		fmt.Fprintf(w, "hello %q", user.Name)
	})
	around.Handle("/welcome/", hello)
	inside.Handle("/welcome/", f.Auth.Authenticate(hello))
	inside.Handle("/auth/", f.Auth.Authenticate(hello))
	f.TestGet(t, inside, f.Ada, "/welcome/", 200, `hello "Ada"`)
	f.TestGet(t, inside, authrockettest.User{}, "/welcome/", 200, `hello ""`)
	f.TestRedirects(t, []authrockettest.RedirectingApp{
		{Name: "Authenticate around the mux", App: f.Auth.Authenticate(around),
			Invitation: "/welcome", Browser: "/auth/confirm", Script: "/welcome/", Login: "/home"},
		{Name: "Authenticate in the mux", App: inside,
			Invitation: "/welcome", Browser: "/welcome/?token=TOKEN", Script: "/welcome/?token=TOKEN", Login: "/home"},
	})
}
