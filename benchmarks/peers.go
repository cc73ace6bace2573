package benchmarks

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/MicahParks/keyfunc/v3"
	jwtmiddleware "github.com/auth0/go-jwt-middleware/v2"
	auth0jwks "github.com/auth0/go-jwt-middleware/v2/jwks"
	"github.com/auth0/go-jwt-middleware/v2/validator"
	"github.com/clerk/clerk-sdk-go/v2"
	clerkhttp "github.com/clerk/clerk-sdk-go/v2/http"
	clerkjwks "github.com/clerk/clerk-sdk-go/v2/jwks"
	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-chi/jwtauth/v5"
	"github.com/golang-jwt/jwt/v5"
	echojwt "github.com/labstack/echo-jwt/v4"
	"github.com/labstack/echo/v4"
)

// Contender is a package that takes part in the comparison. It is set up as its own
// documentation says. It fetches the realm's key set over HTTP if it supports key
// sets.
type Contender struct {
	Name    string
	Handler func() http.Handler
}

// Peers returns the packages with which authrocket is compared. They check
// signature, issuer and expiry of the same tokens, and hand the claims to the
// handler.
func (w *World) Peers() []Contender {
	return []Contender{
		{"golang-jwt/jwt v5 + keyfunc v3", w.golangJWT},
		{"labstack/echo-jwt v4 + keyfunc v3", w.echoJWT},
		{"go-chi/jwtauth v5", w.jwtauth},
		{"auth0/go-jwt-middleware v2", w.auth0},
		{"coreos/go-oidc v3", w.oidc},
		{"clerk-sdk-go v2", w.clerk},
	}
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

// bearerOf returns the token in the Authorization header, for packages that do not
// read this header themselves.
func bearerOf(r *http.Request) string {
	token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	return token
}

type peerKey struct{}

// withValue calls next as middleware does, with value in the context.
func withValue(next http.Handler, w http.ResponseWriter, r *http.Request, value any) {
	next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), peerKey{}, value)))
}

// keyfunc fetches the key set from time to time until the process ends. It expects
// certificates in x5c, so it gets a key set without x5c.
func (w *World) keyfunc() keyfunc.Keyfunc {
	return must(keyfunc.NewDefaultCtx(context.Background(), []string{w.KeysURL + "/jwks"}))
}

func (w *World) golangJWT() http.Handler {
	keys := w.keyfunc()
	next := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token := r.Context().Value(peerKey{}).(*jwt.Token)
		subject, _ := token.Claims.GetSubject()
		respond(w, subject)
	})
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		token, err := jwt.Parse(bearerOf(r), keys.Keyfunc, jwt.WithValidMethods([]string{"RS256"}),
			jwt.WithIssuer(issuer), jwt.WithAudience(audience), jwt.WithExpirationRequired())
		if err != nil {
			rw.WriteHeader(http.StatusUnauthorized)
			return
		}
		withValue(next, rw, r, token)
	})
}

func (w *World) echoJWT() http.Handler {
	e := echo.New()
	e.Use(echojwt.WithConfig(echojwt.Config{KeyFunc: w.keyfunc().Keyfunc}))
	e.GET("/", func(c echo.Context) error {
		token := c.Get("user").(*jwt.Token)
		claims := token.Claims.(jwt.MapClaims)
		subject, _ := claims.GetSubject()
		respond(c.Response(), subject)
		return nil
	})
	return e
}

// jwtauth takes one key, not a key set.
func (w *World) jwtauth() http.Handler {
	ja := jwtauth.New("RS256", nil, w.PublicKey())
	return jwtauth.Verifier(ja)(jwtauth.Authenticator(ja)(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, claims, _ := jwtauth.FromContext(r.Context())
		subject, _ := claims["sub"].(string)
		respond(w, subject)
	})))
}

// auth0 expects certificates in x5c, so it gets a key set without x5c.
func (w *World) auth0() http.Handler {
	provider := auth0jwks.NewCachingProvider(must(url.Parse(issuer)), 5*time.Minute,
		auth0jwks.WithCustomJWKSURI(must(url.Parse(w.KeysURL+"/jwks"))))
	v := must(validator.New(provider.KeyFunc, validator.RS256, issuer, []string{audience}))
	return jwtmiddleware.New(v.ValidateToken).CheckJWT(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		claims := r.Context().Value(jwtmiddleware.ContextKey{}).(*validator.ValidatedClaims)
		respond(w, claims.RegisteredClaims.Subject)
	}))
}

// oidc expects certificates in x5c, so it gets a key set without x5c.
func (w *World) oidc() http.Handler {
	keys := oidc.NewRemoteKeySet(context.Background(), w.KeysURL+"/jwks")
	verifier := oidc.NewVerifier(issuer, keys, &oidc.Config{ClientID: audience})
	next := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token := r.Context().Value(peerKey{}).(*oidc.IDToken)
		respond(w, token.Subject)
	})
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		token, err := verifier.Verify(r.Context(), bearerOf(r))
		if err != nil {
			rw.WriteHeader(http.StatusUnauthorized)
			return
		}
		withValue(next, rw, r, token)
	})
}

// clerk expects certificates in x5c, so it gets a key set without x5c. An issuer
// other than Clerk must be configured as a proxy URL.
func (w *World) clerk() http.Handler {
	key := "sk_test_benchmarks"
	client := clerkjwks.NewClient(&clerk.ClientConfig{BackendConfig: clerk.BackendConfig{URL: &w.KeysURL, Key: &key}})
	guard := clerkhttp.RequireHeaderAuthorization(clerkhttp.JWKSClient(client), clerkhttp.ProxyURL(issuer))
	return guard(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		claims, _ := clerk.SessionClaimsFromContext(r.Context())
		respond(w, claims.Subject)
	}))
}
