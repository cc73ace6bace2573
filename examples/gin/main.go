package main

import (
	"cmp"
	"html/template"
	"log"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/adapters/authrocketgin"
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
	mayBill := authrocketgin.Require(auth, authrocket.Permission("billing:write"))

	r := gin.New()
	r.RedirectTrailingSlash = false // gin would redirect before Authenticate runs, and repeat a token in the URL
	r.Use(gin.Recovery())
	r.Use(authrocketgin.Authenticate(auth)) // also serves /auth/login, /auth/logout, ...
	r.Use(gin.Logger())                     // URLs that are logged here contain no login token
	r.GET("/", home)
	r.GET("/manage", authrocketgin.RequireLogin(auth), manage)
	r.POST("/billing", mayBill, billing)
	orgs := r.Group("/orgs/:org", authrocketgin.RequireOrg(auth, authrocket.OrgIDFromPath("org")))
	orgs.GET("/", org)
	return r
}

var homePage = template.Must(template.New("home").Parse(`<!doctype html>
<title>Home</title>
{{if .ID}}<p>Hi {{.Name}}, see <a href="/manage">your account</a>.
<form method="post" action="/auth/logout"><button>Sign out</button></form>
{{else}}<p><a href="/auth/login?return_to=/manage">Sign in</a>
{{end}}`))

func home(c *gin.Context) {
	session, _ := authrocketgin.Session(c) // zero when nobody is signed in
	homePage.Execute(c.Writer, session.User)
}

func manage(c *gin.Context) {
	session, _ := authrocketgin.Session(c)
	org, _ := session.Org()
	c.String(http.StatusOK, "Hi %s of %s\n", session.User.Name, org.Name)
}

func billing(c *gin.Context) {
	org, _ := authrocket.CurrentOrg(c.Request.Context()) // functions that take a context work as with net/http
	c.String(http.StatusOK, "Paid by %s\n", org.Name)
}

func org(c *gin.Context) {
	session, _ := authrocketgin.Session(c)
	org, _ := session.Org() // the org in the path
	c.String(http.StatusOK, "Files of %s\n", org.Name)
}
