package benchmarks

import (
	"net/http"

	"github.com/gin-gonic/gin"
	"github.com/go-chi/chi/v5"
	echov4 "github.com/labstack/echo/v4"
	"github.com/labstack/echo/v5"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/adapters/authrocketchi"
	"github.com/authrocket-go/authrocket/adapters/authrocketecho"
	"github.com/authrocket-go/authrocket/adapters/authrocketechov4"
	"github.com/authrocket-go/authrocket/adapters/authrocketgin"
)

// adapters returns a case for each framework, with an app behind Authenticate and a
// gate. Each case comes after its control, which is the same app with two
// middlewares that do nothing. For net/http, adapters returns only the control,
// because [NameGate] is the case with an app behind a gate.
func (w *World) adapters() []Case {
	auth := w.newAuth(nil)
	var cases []Case
	add := func(framework string, control, app http.Handler) {
		cases = append(cases,
			Case{NameControl(framework), Floor, 200, control, bearer(w.One)},
			Case{NameAdapter(framework), AuthRocket, 200, app, bearer(w.One)})
	}
	pass := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { next.ServeHTTP(w, r) })
	}
	cases = append(cases, Case{NameControl("net/http"), Floor, 200, pass(pass(Bare())), bearer(w.One)})
	add("chi", chiApp(Bare(), pass, pass),
		chiApp(http.HandlerFunc(respondWithUser), authrocketchi.Authenticate(auth), authrocketchi.RequireLogin(auth)))
	passGin := func(c *gin.Context) { c.Next() }
	add("gin", ginApp(Bare(), passGin, passGin),
		ginApp(http.HandlerFunc(respondWithUser), authrocketgin.Authenticate(auth), authrocketgin.RequireLogin(auth)))
	passEcho := func(next echo.HandlerFunc) echo.HandlerFunc { return func(c *echo.Context) error { return next(c) } }
	add("echo v5", echoApp(Bare(), passEcho, passEcho),
		echoApp(http.HandlerFunc(respondWithUser), authrocketecho.Authenticate(auth), authrocketecho.RequireLogin(auth)))
	passEchov4 := func(next echov4.HandlerFunc) echov4.HandlerFunc {
		return func(c echov4.Context) error { return next(c) }
	}
	add("echo v4", echov4App(Bare(), passEchov4, passEchov4),
		echov4App(http.HandlerFunc(respondWithUser), authrocketechov4.Authenticate(auth), authrocketechov4.RequireLogin(auth)))
	return cases
}

// Frameworks are the frameworks that have an adapter.
var Frameworks = []string{"chi", "gin", "echo v5", "echo v4"}

// NameAdapter returns the name of the case for a framework's app behind
// Authenticate and a gate.
func NameAdapter(framework string) string { return "authrocket, known, " + framework }

// NameControl returns the name of the control for a framework: an app without
// authrocket, with two empty middlewares.
func NameControl(framework string) string { return framework + ", two empty middlewares" }

func chiApp(h http.Handler, use ...func(http.Handler) http.Handler) http.Handler {
	r := chi.NewRouter()
	r.Use(use...)
	r.Method(http.MethodGet, "/", h)
	return r
}

func ginApp(h http.Handler, use ...gin.HandlerFunc) http.Handler {
	gin.SetMode(gin.ReleaseMode)
	e := gin.New()
	e.Use(use...)
	e.GET("/", func(c *gin.Context) { h.ServeHTTP(c.Writer, c.Request) })
	return e
}

func echoApp(h http.Handler, use ...echo.MiddlewareFunc) http.Handler {
	e := echo.New()
	e.Use(use...)
	e.GET("/", func(c *echo.Context) error {
		h.ServeHTTP(c.Response(), c.Request())
		return nil
	})
	return e
}

func echov4App(h http.Handler, use ...echov4.MiddlewareFunc) http.Handler {
	e := echov4.New()
	e.Use(use...)
	e.GET("/", func(c echov4.Context) error {
		h.ServeHTTP(c.Response(), c.Request())
		return nil
	})
	return e
}

// respondWithUser is the handler of the apps with authrocket.
func respondWithUser(w http.ResponseWriter, r *http.Request) {
	user, _ := authrocket.CurrentUser(r.Context())
	respond(w, user.ID)
}
