package main

import (
	"cmp"
	"fmt"
	"html/template"
	"log"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/labstack/echo/v5"
	"github.com/labstack/echo/v5/middleware"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/adapters/authrocketecho"
)

func main() {
	auth, err := authrocket.New(authrocket.ConfigFromEnv())
	if err != nil {
		log.Fatal(err)
	}
	listener, err := net.Listen("tcp", cmp.Or(os.Getenv("ADDR"), "127.0.0.1:8080"))
	if err != nil {
		log.Fatal(err)
	}
	log.Printf("listening on http://%s", listener.Addr())
	server := &http.Server{Handler: routes(auth), ReadHeaderTimeout: 10 * time.Second}
	log.Fatal(server.Serve(listener))
}

func routes(auth *authrocket.Auth) http.Handler {
	mayBill := authrocketecho.Require(auth, authrocket.Permission("billing:write"))

	e := echo.New()
	e.Use(middleware.Recover())
	e.Use(authrocketecho.Authenticate(auth)) // also serves /auth/login, /auth/logout, ...
	e.Use(middleware.RequestLogger())        // URLs that are logged here contain no login token
	e.GET("/", home)
	e.GET("/manage", manage, authrocketecho.RequireLogin(auth))
	e.POST("/billing", billing, mayBill)
	orgs := e.Group("/orgs/:org", authrocketecho.RequireOrg(auth, authrocket.OrgIDFromPath("org")))
	orgs.GET("/", org)
	return e
}

var homePage = template.Must(template.New("home").Parse(`<!doctype html>
<title>Home</title>
{{if .ID}}<p>Hi {{.Name}}, see <a href="/manage">your account</a>.
<form method="post" action="/auth/logout"><button>Sign out</button></form>
{{else}}<p><a href="/auth/login?return_to=/manage">Sign in</a>
{{end}}`))

func home(c *echo.Context) error {
	session, _ := authrocketecho.Session(c) // zero when nobody is signed in
	return homePage.Execute(c.Response(), session.User)
}

func manage(c *echo.Context) error {
	session, _ := authrocketecho.Session(c)
	org, _ := session.Org()
	return c.String(http.StatusOK, fmt.Sprintf("Hi %s of %s\n", session.User.Name, org.Name))
}

func billing(c *echo.Context) error {
	org, _ := authrocket.CurrentOrg(c.Request().Context()) // functions that take a context work as with net/http
	return c.String(http.StatusOK, fmt.Sprintf("Paid by %s\n", org.Name))
}

func org(c *echo.Context) error {
	session, _ := authrocketecho.Session(c)
	org, _ := session.Org() // the org in the path
	return c.String(http.StatusOK, fmt.Sprintf("Files of %s\n", org.Name))
}
