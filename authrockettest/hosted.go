package authrockettest

import (
	"crypto/sha256"
	"crypto/subtle"
	_ "embed"
	"html/template"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
)

// sessionCookie keeps a browser signed in at the realm itself, as LoginRocket
// does: apps of one realm share the sign-in.
const sessionCookie = "loginrocket_session"

//go:embed login.html
var loginHTML string

var loginTemplate = template.Must(template.New("login").Parse(loginHTML))

// newHandler builds what ServeHTTP serves.
func (r *Realm) newHandler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /connect/jwks", r.counted(r.serveKeys))
	mux.HandleFunc("GET /login", r.counted(r.serveLogin))
	mux.HandleFunc("POST /login", r.counted(r.serveLoginForm))
	mux.HandleFunc("GET /logout", r.counted(r.serveLogout))
	mux.Handle("GET /{$}", http.RedirectHandler("/login", http.StatusFound))
	return http.NewCrossOriginProtection().Handler(mux)
}

// ServeHTTP serves the realm's LoginRocket: /connect/jwks, a plain /login with
// the form fields email and password, and /logout.
func (r *Realm) ServeHTTP(w http.ResponseWriter, req *http.Request) { r.handler.ServeHTTP(w, req) }

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

const notLoginURL = "The redirect_uri is missing, or not one of the realm's Login URLs."

// serveLogin shows the form, or returns at once when the browser is signed in.
func (r *Realm) serveLogin(w http.ResponseWriter, req *http.Request) {
	query := req.URL.Query()
	redirectURI, ok := r.redirectURI(query.Get("redirect_uri"))
	if !ok {
		http.Error(w, notLoginURL, http.StatusBadRequest)
		return
	}
	if query.Get("prompt") != "login" {
		if user, sessionID, ok := r.signedIn(req); ok {
			r.finishLogin(w, req, user, sessionID, redirectURI, query.Get("account"))
			return
		}
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
		http.Error(w, "This form cannot be read.", http.StatusBadRequest)
		return
	}
	redirectURI, ok := r.redirectURI(req.PostForm.Get("redirect_uri"))
	if !ok {
		http.Error(w, notLoginURL, http.StatusBadRequest)
		return
	}
	form := loginForm{RedirectURI: redirectURI, Account: req.PostForm.Get("account"), Email: req.PostForm.Get("email")}
	user, ok := r.userByLogin(form.Email)
	if !ok || !samePassword(user.Password, req.PostForm.Get("password")) {
		form.Error = "Login failed. Check the email and the password."
		r.writeForm(w, http.StatusUnprocessableEntity, form)
		return
	}
	sessionID := newID("kss_")
	r.mu.Lock()
	r.sessions[sessionID] = user.ID
	r.mu.Unlock()
	http.SetCookie(w, &http.Cookie{Name: sessionCookie, Value: sessionID, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode})
	r.finishLogin(w, req, user, sessionID, redirectURI, form.Account)
}

func samePassword(stored, given string) bool {
	a, b := sha256.Sum256([]byte(stored)), sha256.Sum256([]byte(given))
	return stored != "" && subtle.ConstantTimeCompare(a[:], b[:]) == 1
}

// finishLogin sends the browser back with a token for exactly one org, as
// LoginRocket Web does.
func (r *Realm) finishLogin(w http.ResponseWriter, req *http.Request, user User, sessionID, redirectURI, account string) {
	var options []TokenOption
	if _, orgs := r.membershipsOf(user.ID); len(orgs) > 0 {
		chosen := orgs[0]
		for _, org := range orgs {
			if org.ID == account {
				chosen = org
			}
		}
		options = append(options, InOrg(chosen))
	}
	token := r.sign(r.newToken(user, sessionID), options)
	separator := "?"
	if strings.Contains(redirectURI, "?") {
		separator = "&"
	}
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, req, redirectURI+separator+"token="+url.QueryEscape(token), http.StatusFound)
}

func (r *Realm) signedIn(req *http.Request) (User, string, bool) {
	c, err := req.Cookie(sessionCookie)
	if err != nil {
		return User{}, "", false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	userID, ok := r.sessions[c.Value]
	if !ok {
		return User{}, "", false
	}
	for _, u := range r.users {
		if u.ID == userID {
			return u, c.Value, true
		}
	}
	return User{}, "", false
}

// serveLogout ends the sessions that the browser has and that ?session= names.
func (r *Realm) serveLogout(w http.ResponseWriter, req *http.Request) {
	query := req.URL.Query()
	r.mu.Lock()
	delete(r.sessions, query.Get("session"))
	if c, err := req.Cookie(sessionCookie); err == nil {
		delete(r.sessions, c.Value)
	}
	r.mu.Unlock()
	http.SetCookie(w, &http.Cookie{Name: sessionCookie, Path: "/", MaxAge: -1, HttpOnly: true, SameSite: http.SameSiteLaxMode})
	target := "/login"
	if given := query.Get("redirect_uri"); given != "" {
		if allowed, ok := r.redirectURI(given); ok {
			target = allowed
		}
	}
	http.Redirect(w, req, target, http.StatusFound)
}

// redirectURI returns where a login that asks for given may return to: the
// default when it asks for nothing.
func (r *Realm) redirectURI(given string) (string, bool) {
	allowed := r.config.LoginURLs
	acceptLoopback := len(allowed) == 0
	if acceptLoopback {
		if appURL := r.Config().AppURL; appURL != "" {
			allowed = []string{appURL}
		}
	}
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
	if acceptLoopback && isLoopback(u.Hostname()) {
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

// hasDotSegment reports whether a browser would ask for another path than this
// one, which is unescaped: browsers resolve escaped dots too.
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
	return err == nil && isLoopback(u.Hostname())
}

func isLoopback(host string) bool {
	host = strings.ToLower(host)
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || err == nil && addr.IsLoopback()
}
