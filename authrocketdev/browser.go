package authrocketdev

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strings"

	"github.com/authrocket-go/authrocket/authrockettest"
)

// Browsers do not keep the cookies of two ports apart, so the names are ones
// that no app has.
const (
	sessionCookie = "loginrocket_session" // keeps the browser signed in, for all apps of the realm
	csrfCookie    = "loginrocket_csrf"
)

func (s *Server) isHTTPS() bool { return strings.HasPrefix(s.origin, "https://") }

func (s *Server) cookieName(name string) string {
	if s.isHTTPS() {
		return "__Host-" + name
	}
	return name
}

func (s *Server) setCookie(w http.ResponseWriter, name, value string) {
	http.SetCookie(w, &http.Cookie{
		Name: s.cookieName(name), Value: value, Path: "/",
		HttpOnly: true, Secure: s.isHTTPS(), SameSite: http.SameSiteLaxMode,
	})
}

func (s *Server) cookie(r *http.Request, name string) string {
	c, err := r.Cookie(s.cookieName(name))
	if err != nil {
		return ""
	}
	return c.Value
}

// session is the session of the browser, if it has one that has not ended.
func (s *Server) session(r *http.Request) (authrockettest.HostedSession, bool) {
	session, err := s.realm.LookUpSession(s.cookie(r, sessionCookie))
	return session, err == nil
}

// keepSession signs the browser in. A session that it had is not ended: apps
// may still use its tokens.
func (s *Server) keepSession(w http.ResponseWriter, session authrockettest.HostedSession) {
	s.setCookie(w, sessionCookie, session.ID)
}

// forgetSession signs the browser out.
func (s *Server) forgetSession(w http.ResponseWriter, r *http.Request) {
	s.realm.EndSession(s.cookie(r, sessionCookie))
	http.SetCookie(w, &http.Cookie{
		Name: s.cookieName(sessionCookie), Path: "/", MaxAge: -1,
		HttpOnly: true, Secure: s.isHTTPS(), SameSite: http.SameSiteLaxMode,
	})
}

// csrfToken returns what the forms of a page to this browser have to carry.
func (s *Server) csrfToken(w http.ResponseWriter, r *http.Request) string {
	value := s.cookie(r, csrfCookie)
	if value == "" {
		value = rand.Text()
		s.setCookie(w, csrfCookie, value)
	}
	return s.csrfMAC(value, s.cookie(r, sessionCookie))
}

// isOwnForm reports whether a form that was sent is of a page to this browser,
// and to the session it still has. A login form may be of a tab that was there
// before another tab logged in.
func (s *Server) isOwnForm(r *http.Request) bool {
	cookie, session := s.cookie(r, csrfCookie), s.cookie(r, sessionCookie)
	given := []byte(r.PostForm.Get("csrf"))
	return cookie != "" && (hmac.Equal(given, []byte(s.csrfMAC(cookie, session))) ||
		r.URL.Path == "/login" && hmac.Equal(given, []byte(s.csrfMAC(cookie, ""))))
}

func (s *Server) csrfMAC(cookie, sessionID string) string {
	mac := hmac.New(sha256.New, s.csrfKey)
	mac.Write([]byte(cookie + "\n" + sessionID))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}
