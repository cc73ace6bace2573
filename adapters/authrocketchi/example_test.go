package authrocketchi_test

import (
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"

	"github.com/go-chi/chi/v5"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/adapters/authrocketchi"
	"github.com/authrocket-go/authrocket/authrockettest"
)

func routes(auth *authrocket.Auth) http.Handler {
	app := chi.NewRouter()
	app.Use(authrocketchi.Authenticate(auth)) // also serves /auth/login, /auth/logout, ...
	inOrg := authrocketchi.RequireOrg(auth, authrocket.OrgIDFromPath("org"))
	app.With(inOrg).Get("/orgs/{org}", files)
	return app
}

func files(w http.ResponseWriter, r *http.Request) {
	org, _ := authrocket.CurrentOrg(r.Context()) // the org in the path
	fmt.Fprint(w, "files of ", org.Name)
}

// Members of the org in the path can read its files. Everyone else is refused.
func Example() {
	realm, err := authrockettest.Open(authrockettest.RealmConfig{Settings: authrockettest.Settings{Algorithm: "HS256"}}) // a test calls NewRealm(t)
	if err != nil {
		log.Fatal(err)
	}
	ada := realm.AddUser(authrockettest.User{Email: "ada@example.com", Name: "Ada"})
	realm.AddMembership(ada, realm.AddOrg(authrockettest.Org{ID: "org_engines", Name: "Analytical Engines"}))
	auth, err := authrocket.New(realm.Config())
	if err != nil {
		log.Fatal(err)
	}
	app := routes(auth)
	for _, target := range []string{"/orgs/org_engines", "/orgs/org_other"} {
		r := httptest.NewRequest("GET", target, nil)
		r.Header.Set("Accept", "text/plain")
		realm.SignIn(r, ada)
		w := httptest.NewRecorder()
		app.ServeHTTP(w, r)
		fmt.Println(w.Code, w.Body)
	}
	// Output:
	// 200 files of Analytical Engines
	// 403 Forbidden: the user is not signed in to this account
}
