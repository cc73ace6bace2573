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

// adapters are apps of each framework, which cost what the framework does too.
func (w *World) adapters() []Contender {
	auth := w.newAuth(nil)
	return []Contender{
		{"chi", func() http.Handler {
			r := chi.NewRouter()
			r.Use(authrocketchi.Authenticate(auth), authrocketchi.RequireLogin(auth))
			r.Get("/", respondWithUser)
			return r
		}},
		{"gin", func() http.Handler {
			gin.SetMode(gin.ReleaseMode)
			e := gin.New()
			e.Use(authrocketgin.Authenticate(auth), authrocketgin.RequireLogin(auth))
			e.GET("/", func(c *gin.Context) { respondWithUser(c.Writer, c.Request) })
			return e
		}},
		{"echo v5", func() http.Handler {
			e := echo.New()
			e.Use(authrocketecho.Authenticate(auth), authrocketecho.RequireLogin(auth))
			e.GET("/", func(c *echo.Context) error {
				respondWithUser(c.Response(), c.Request())
				return nil
			})
			return e
		}},
		{"echo v4", func() http.Handler {
			e := echov4.New()
			e.Use(authrocketechov4.Authenticate(auth), authrocketechov4.RequireLogin(auth))
			e.GET("/", func(c echov4.Context) error {
				respondWithUser(c.Response(), c.Request())
				return nil
			})
			return e
		}},
	}
}

// respondWithUser is the handler of our own apps.
func respondWithUser(w http.ResponseWriter, r *http.Request) {
	user, _ := authrocket.CurrentUser(r.Context())
	respond(w, user.ID)
}
