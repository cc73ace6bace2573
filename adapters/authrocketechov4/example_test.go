package authrocketechov4_test

import (
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/adapters/authrocketechov4"
	"github.com/authrocket-go/authrocket/authrockettest"
)

func routes(auth *authrocket.Auth) http.Handler {
	mayBill := authrocketechov4.Require(auth, authrocket.Permission("billing:write"))

	e := echo.New()
	e.Use(middleware.Recover())
	e.Use(authrocketechov4.Authenticate(auth)) // also serves /auth/login, /auth/logout, ...
	e.GET("/", home)
	e.GET("/manage", manage, authrocketechov4.RequireLogin(auth))
	e.POST("/billing", billing, mayBill)
	orgs := e.Group("/orgs/:org", authrocketechov4.RequireOrg(auth, authrocket.OrgIDFromPath("org")))
	orgs.GET("/", files)
	return e
}

func manage(c echo.Context) error {
	session, _ := authrocketechov4.Session(c)
	org, _ := session.Org()
	return c.String(http.StatusOK, fmt.Sprintf("Hi %s of %s\n", session.User.Name, org.Name))
}

func home(c echo.Context) error { return c.String(http.StatusOK, "Welcome\n") }

func billing(c echo.Context) error {
	org, _ := authrocket.CurrentOrg(c.Request().Context()) // functions that take a context work as with net/http
	return c.String(http.StatusOK, fmt.Sprintf("Paid by %s\n", org.Name))
}

func files(c echo.Context) error {
	session, _ := authrocketechov4.Session(c)
	org, _ := session.Org() // the org in the path
	return c.String(http.StatusOK, fmt.Sprintf("Files of %s\n", org.Name))
}

func Example() {
	realm, err := authrockettest.Open(authrockettest.RealmConfig{Settings: authrockettest.Settings{Algorithm: "HS256"}}) // a test calls NewRealm(t)
	if err != nil {
		log.Fatal(err)
	}
	engines := realm.AddOrg(authrockettest.Org{Name: "Analytical Engines"})
	ada := realm.AddUser(authrockettest.User{Email: "ada@example.com", Name: "Ada Lovelace"})
	realm.AddMembership(ada, engines, "billing:write")
	auth, err := authrocket.New(realm.Config())
	if err != nil {
		log.Fatal(err)
	}

	app := routes(auth)
	for _, request := range []string{"GET /", "GET /manage", "POST /billing", "GET /orgs/" + engines.ID + "/", "GET /orgs/org_other/"} {
		var method, target string
		fmt.Sscan(request, &method, &target)
		r := httptest.NewRequest(method, target, nil)
		realm.SignIn(r, ada)
		w := httptest.NewRecorder()
		app.ServeHTTP(w, r)
		fmt.Print(w.Code, " ", w.Body)
	}
	// Output:
	// 200 Welcome
	// 200 Hi Ada Lovelace of Analytical Engines
	// 200 Paid by Analytical Engines
	// 200 Files of Analytical Engines
	// 403 {"title":"Forbidden","status":403,"detail":"the user is not signed in to this account","reason":"wrong_org"}
}
