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

// cookie returns the value that a browser sent of a cookie.
func cookie(r *http.Request, of *http.Cookie) string {
	c, err := r.Cookie(of.Name)
	if err != nil {
		return ""
	}
	return c.Value
}

func (s *Server) sessionID(r *http.Request) string {
	return cookie(r, s.realm.SessionCookie(authrockettest.HostedSession{}))
}

// session is the session of the browser, if it has one that has not ended.
func (s *Server) session(r *http.Request) (authrockettest.HostedSession, bool) {
	session, err := s.realm.LookUpSession(s.sessionID(r))
	return session, err == nil
}

// keepSession signs the browser in. A session that it had is not ended: apps
// may still use its tokens.
func (s *Server) keepSession(w http.ResponseWriter, session authrockettest.HostedSession) {
	http.SetCookie(w, s.realm.SessionCookie(session))
}

// csrfCookie is like the cookie of a session, with a name of its own.
func (s *Server) csrfCookie(value string) *http.Cookie {
	c := s.realm.SessionCookie(authrockettest.HostedSession{ID: value})
	c.Name = strings.TrimSuffix(c.Name, "session") + "csrf"
	return c
}

// csrfToken returns what the forms of a page to this browser have to carry.
func (s *Server) csrfToken(w http.ResponseWriter, r *http.Request) string {
	value := cookie(r, s.csrfCookie(""))
	if value == "" {
		value = rand.Text()
		http.SetCookie(w, s.csrfCookie(value))
	}
	return s.csrfMAC(value, s.sessionID(r))
}

// isOwnForm reports whether a form that was sent is of a page to this browser,
// and to the session it still has. A login form may be of a tab that was there
// before another tab logged in.
func (s *Server) isOwnForm(r *http.Request) bool {
	value, session := cookie(r, s.csrfCookie("")), s.sessionID(r)
	given := []byte(r.PostForm.Get("csrf"))
	return value != "" && (hmac.Equal(given, []byte(s.csrfMAC(value, session))) ||
		r.URL.Path == "/login" && hmac.Equal(given, []byte(s.csrfMAC(value, ""))))
}

func (s *Server) csrfMAC(cookie, sessionID string) string {
	mac := hmac.New(sha256.New, s.csrfKey)
	mac.Write([]byte(cookie + "\n" + sessionID))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}
