package authrockettest

import (
	_ "embed"
	"html/template"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/authrocket-go/authrocket/internal/loopback"
)

//go:embed login.html
var loginHTML string

var loginTemplate = template.Must(template.New("login").Parse(loginHTML))

// newHandler builds the handler of ServeHTTP.
func (r *Realm) newHandler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /connect/jwks", r.counted(r.serveKeys))
	mux.HandleFunc("GET /login", r.counted(r.serveLogin))
	mux.HandleFunc("POST /login", r.counted(r.serveLoginForm))
	mux.HandleFunc("GET /logout", r.counted(r.serveLogout))
	mux.Handle("GET /{$}", http.RedirectHandler("/login", http.StatusFound))
	return http.NewCrossOriginProtection().Handler(mux)
}

// ServeHTTP serves the realm's LoginRocket: /connect/jwks, a simple /login with the
// form fields email and password, and /logout. It has no form for codes, so users
// whose login needs a code cannot log in there.
func (r *Realm) ServeHTTP(w http.ResponseWriter, req *http.Request) { r.handler.ServeHTTP(w, req) }

// RequestOf returns what events and sessions store about a request: the client's
// address, and the first 256 bytes of the User-Agent. It ignores forwarding headers,
// because anybody can set them.
func RequestOf(req *http.Request) Request {
	ip, _, err := net.SplitHostPort(req.RemoteAddr)
	if err != nil {
		ip = req.RemoteAddr
	}
	client := req.UserAgent()
	return Request{IP: ip, Client: strings.ToValidUTF8(client[:min(len(client), maxClientBytes)], "")}
}

const maxClientBytes = 256

func (r *Realm) counted(h http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, req *http.Request) {
		r.mu.Lock()
		r.requests[req.URL.Path]++
		r.mu.Unlock()
		h(w, req)
	}
}

func (r *Realm) serveKeys(w http.ResponseWriter, req *http.Request) {
	r.mu.Lock()
	fault := r.fault
	r.mu.Unlock()
	if fault != nil {
		fault(w, req, http.HandlerFunc(r.serveJWKS))
		return
	}
	r.serveJWKS(w, req)
}

const notLoginURL = "The redirect_uri is missing, or it is not one of the realm's Login URLs."

// serveLogin shows the form. If the browser is signed in, and the request does not
// contain prompt=login, serveLogin sends the browser back to the app at once.
func (r *Realm) serveLogin(w http.ResponseWriter, req *http.Request) {
	query := req.URL.Query()
	redirectURI, ok := r.RedirectURI(query.Get("redirect_uri"))
	if !ok {
		http.Error(w, notLoginURL, http.StatusBadRequest)
		return
	}
	if session, ok := r.signedIn(req); ok && query.Get("prompt") != "login" {
		r.finishLogin(w, req, session, redirectURI, query.Get("account"))
		return
	}
	r.writeForm(w, http.StatusOK, loginForm{RedirectURI: redirectURI, Account: query.Get("account")})
}

type loginForm struct{ RedirectURI, Account, Email, Error string }

func (r *Realm) writeForm(w http.ResponseWriter, status int, form loginForm) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Frame-Options", "DENY")
	w.WriteHeader(status)
	loginTemplate.Execute(w, form)
}

const maxFormBytes = 64 << 10

func (r *Realm) serveLoginForm(w http.ResponseWriter, req *http.Request) {
	req.Body = http.MaxBytesReader(w, req.Body, maxFormBytes)
	if err := req.ParseForm(); err != nil {
		http.Error(w, "This form is incomplete or damaged. Go back and send it again.", http.StatusBadRequest)
		return
	}
	redirectURI, ok := r.RedirectURI(req.PostForm.Get("redirect_uri"))
	if !ok {
		http.Error(w, notLoginURL, http.StatusBadRequest)
		return
	}
	form := loginForm{RedirectURI: redirectURI, Account: req.PostForm.Get("account"), Email: req.PostForm.Get("email")}
	user, err := r.UserByLogin(form.Email)
	if isRight := r.CheckPassword(user.ID, req.PostForm.Get("password")); err != nil || !isRight || r.NeedsTOTP(user.ID) {
		form.Error = loginFailed
		r.writeForm(w, http.StatusUnprocessableEntity, form)
		return
	}
	session, err := r.By(RequestOf(req)).StartSession(user.ID)
	if err != nil {
		form.Error = loginFailed
		r.writeForm(w, http.StatusUnprocessableEntity, form)
		return
	}
	http.SetCookie(w, r.SessionCookie(session))
	r.finishLogin(w, req, session, redirectURI, form.Account)
}

const loginFailed = "Login failed. Check your email and password."

// finishLogin sends the browser back with a token for exactly one org, as LoginRocket
// Web does. It picks account if the user is a member of it. Otherwise it picks the
// org that was picked before, or the user's first org if none was picked.
func (r *Realm) finishLogin(w http.ResponseWriter, req *http.Request, session HostedSession, redirectURI, account string) {
	if r.SelectOrg(session.ID, account) != nil && session.OrgID == "" {
		if memberships := r.MembershipsOf(session.UserID); len(memberships) > 0 {
			r.SelectOrg(session.ID, memberships[0].OrgID)
		}
	}
	token, err := r.SessionToken(session.ID)
	if err != nil {
		http.Error(w, "The session has ended. Go back and log in again.", http.StatusForbidden)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, req, WithToken(redirectURI, token), http.StatusFound)
}

// WithToken returns redirectURI with the parameter token added. LoginRocket sends the
// browser to that URL after a login.
func WithToken(redirectURI, token string) string {
	separator := "?"
	if strings.Contains(redirectURI, "?") {
		separator = "&"
	}
	return redirectURI + separator + "token=" + url.QueryEscape(token)
}

// SessionCookie returns the cookie that keeps a browser signed in at the realm
// itself, as LoginRocket does. Apps of one realm share that sign-in. For the zero
// HostedSession, the cookie signs the browser out.
func (r *Realm) SessionCookie(session HostedSession) *http.Cookie {
	// Browsers do not separate the cookies of two ports, so the name must differ from
	// every app's cookie.
	c := &http.Cookie{Name: "loginrocket_session", Value: session.ID, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode}
	if strings.HasPrefix(r.URL(), "https://") {
		c.Name, c.Secure = "__Host-"+c.Name, true
	}
	if session.ID == "" {
		c.MaxAge = -1
	}
	return c
}

func (r *Realm) signedIn(req *http.Request) (HostedSession, bool) {
	c, err := req.Cookie(r.SessionCookie(HostedSession{}).Name)
	if err != nil {
		return HostedSession{}, false
	}
	session, err := r.LookUpSession(c.Value)
	return session, err == nil
}

// serveLogout ends the browser's session, and the session that an app names in the
// parameter session. It ends these sessions even if the redirect_uri is not
// permitted.
func (r *Realm) serveLogout(w http.ResponseWriter, req *http.Request) {
	query, by := req.URL.Query(), r.By(RequestOf(req))
	by.EndSession(query.Get("session"), EndedByLogout)
	signedOut := r.SessionCookie(HostedSession{})
	if c, err := req.Cookie(signedOut.Name); err == nil {
		by.EndSession(c.Value, EndedByLogout)
	}
	http.SetCookie(w, signedOut)
	target := "/login"
	if given := query.Get("redirect_uri"); given != "" {
		if allowed, ok := r.RedirectURI(given); ok {
			target = allowed
		}
	}
	http.Redirect(w, req, target, http.StatusFound)
}

// LoginURLs returns the URLs to which a login may return, the default first. If
// [RealmConfig.LoginURLs] is empty, every URL on a loopback host is also permitted.
func (r *Realm) LoginURLs() []string {
	if len(r.config.LoginURLs) > 0 {
		return slices.Clone(r.config.LoginURLs)
	}
	if appURL := r.Config().AppURL; appURL != "" {
		return []string{appURL}
	}
	return nil
}

// RedirectURI returns the URL to which a login returns. given is the redirect_uri of
// the login. If it is "", RedirectURI returns the default URL. It returns false if
// the URL is not permitted.
func (r *Realm) RedirectURI(given string) (string, bool) {
	allowed := r.LoginURLs()
	acceptLoopback := len(r.config.LoginURLs) == 0
	if given == "" {
		if len(allowed) == 0 {
			return "", false
		}
		return allowed[0], true
	}
	u, err := url.Parse(given)
	if err != nil || u.User != nil || u.Scheme != "http" && u.Scheme != "https" || strings.ContainsAny(given, "#\\\t\r\n ") {
		return "", false
	}
	if acceptLoopback && IsLoopback(u.Hostname()) {
		return given, true
	}
	for _, entry := range allowed {
		e, err := url.Parse(entry)
		if err != nil || e.Scheme != u.Scheme || !strings.EqualFold(e.Host, u.Host) {
			continue
		}
		base := strings.TrimSuffix(e.EscapedPath(), "/")
		if base == "" || !hasDotSegment(u.Path) && strings.HasPrefix(u.EscapedPath()+"/", base+"/") {
			return given, true
		}
	}
	return "", false
}

// hasDotSegment reports whether path contains a dot segment. Browsers remove dot
// segments and then request a different path. They also resolve escaped dots, so path
// must be unescaped.
func hasDotSegment(path string) bool {
	for segment := range strings.SplitSeq(path, "/") {
		if segment == "." || segment == ".." {
			return true
		}
	}
	return false
}

func isLoopbackURL(s string) bool {
	u, err := url.Parse(s)
	return err == nil && IsLoopback(u.Hostname())
}

// IsLoopback reports whether host is this machine: localhost, a name below
// .localhost, an address in 127.0.0.0/8, or ::1. host is a host name or an IP
// address, without port and brackets. A local LoginRocket must refuse requests whose
// Host is neither a loopback host nor its own, because a website can make its own
// name resolve to this machine.
func IsLoopback(host string) bool { return loopback.IsHost(host) }
