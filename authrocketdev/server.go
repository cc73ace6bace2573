package authrocketdev

import (
	"net/http"
	"net/url"

	"github.com/authrocket-go/authrocket/authrockettest"
)

// newHandler builds the handler of ServeHTTP.
func (s *Server) newHandler() http.Handler {
	s.origin = s.realm.URL()

	pages := http.NewServeMux()
	pages.HandleFunc("GET /login", s.page((*Server).showLogin))
	pages.HandleFunc("POST /login", s.form((*Server).submitLogin))
	pages.HandleFunc("POST /login/verify", s.form((*Server).submitCode))
	pages.HandleFunc("GET /signup", s.page((*Server).showSignup))
	pages.HandleFunc("POST /signup", s.form((*Server).submitSignup))
	pages.HandleFunc("POST /signup/accept", s.form((*Server).submitAccept))
	pages.HandleFunc("POST /signup/request", s.form((*Server).submitInvitationRequest))
	pages.HandleFunc("GET /accounts", s.page((*Server).showAccounts))
	pages.HandleFunc("POST /accounts", s.form((*Server).submitAccounts))
	pages.HandleFunc("GET /accounts/{id}", s.page((*Server).showAccount))
	pages.HandleFunc("GET /account/{id}", s.page((*Server).showAccount))
	pages.HandleFunc("POST /accounts/{id}", s.form((*Server).submitAccount))
	pages.HandleFunc("GET /profile", s.page((*Server).showProfile))
	pages.HandleFunc("POST /profile", s.form((*Server).submitProfile))
	pages.HandleFunc("GET /profile/devices/{id}", s.page((*Server).showDevice))
	pages.HandleFunc("POST /profile/devices/{id}", s.form((*Server).submitDevice))
	pages.HandleFunc("GET /password/forgot", s.page((*Server).showForgot))
	pages.HandleFunc("POST /password/forgot", s.form((*Server).submitForgot))
	pages.HandleFunc("GET /password/reset", s.page((*Server).showReset))
	pages.HandleFunc("POST /password/reset", s.form((*Server).submitReset))
	pages.HandleFunc("GET /email/verify", s.page((*Server).showVerify))
	pages.HandleFunc("POST /email/verify", s.form((*Server).submitVerify))
	pages.HandleFunc("POST /return", s.form((*Server).submitReturn))
	pages.Handle("GET /logout", s.realm)
	pages.HandleFunc("GET /outbox", s.page((*Server).showOutbox))
	pages.HandleFunc("GET /style.css", serveStyle)
	pages.HandleFunc("GET /healthz", serveHealth)
	pages.Handle("GET /{$}", http.RedirectHandler("/login", http.StatusFound))
	pages.HandleFunc("/", s.page(refusing(errNotFound)))

	ownOrigin := http.NewCrossOriginProtection()
	ownOrigin.SetDenyHandler(s.page(refusing(errForeign)))

	all := http.NewServeMux()
	all.Handle("/connect/jwks", s.realm)
	all.Handle("/v2/", s.newAPI())
	all.Handle("/", withPageHeaders(ownOrigin.Handler(pages)))
	return s.onlyOwnHost(all)
}

func refusing(err error) pageHandler {
	return func(*Server, http.ResponseWriter, *http.Request, flow) error { return err }
}

// ServeHTTP serves the hosted pages, the LoginRocket API below /v2/, the key set at
// /connect/jwks, the emails at /outbox and a health check at /healthz.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }

// onlyOwnHost refuses requests to a host that is neither the realm's nor a loopback
// host. Otherwise a website whose name resolves to this machine could read
// everything. It does not refuse requests for the key set, which is public and which
// an app may fetch under another host name.
func (s *Server) onlyOwnHost(next http.Handler) http.Handler {
	own := ""
	if u, err := url.Parse(s.origin); err == nil {
		own = u.Host
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Host != own && !isOnLoopback(r.Host) && r.URL.Path != "/connect/jwks" {
			http.Error(w, "This is a local LoginRocket. Open it at "+s.origin+"/.", http.StatusMisdirectedRequest)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// isOnLoopback reports whether hostPort, the Host of a request, is a loopback host.
func isOnLoopback(hostPort string) bool {
	u, err := url.Parse("http://" + hostPort)
	return err == nil && u.Host == hostPort && authrockettest.IsLoopback(u.Hostname())
}

// withPageHeaders keeps pages out of frames, caches and Referer headers, and permits
// only the stylesheet to load. The policy has no form-action directive, because the
// redirects after a form can lead to the app.
func withPageHeaders(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Cache-Control", "no-store")
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; frame-ancestors 'none'")
		h.Set("Referrer-Policy", "same-origin") // with no-referrer, the Origin of a form would be null
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		next.ServeHTTP(w, r)
	})
}

func serveHealth(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Write([]byte("ok\n"))
}

// link returns the URL of a page of this server with one query parameter.
func (s *Server) link(path, name, value string) string {
	return s.origin + path + "?" + url.Values{name: {value}}.Encode()
}
