package authrocketdev

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/http"

	"github.com/authrocket-go/authrocket/authrockettest"
)

// sessionID returns the value of the session cookie, or "" if there is none.
func (s *Server) sessionID(r *http.Request) string {
	c, err := r.Cookie(s.realm.SessionCookie(authrockettest.HostedSession{}).Name)
	if err != nil {
		return ""
	}
	return c.Value
}

// session returns the browser's session, or false if the browser has no session that
// can still be used.
func (s *Server) session(r *http.Request) (authrockettest.HostedSession, bool) {
	session, err := s.usableSession(s.sessionID(r))
	return session, err == nil
}

// usableSession returns the session with this ID, unless it has ended or its user may
// no longer log in.
func (s *Server) usableSession(id string) (authrockettest.HostedSession, error) {
	session, err := s.realm.LookUpSession(id)
	if err != nil {
		return session, err
	}
	user, err := s.realm.User(session.UserID)
	if err == nil && user.State != authrockettest.UserActive {
		err = authrockettest.ErrInactive
	}
	if err != nil {
		return authrockettest.HostedSession{}, err
	}
	return session, nil
}

// keepSession signs the browser in. It does not end an earlier session of the
// browser, because apps may still use its tokens.
func (s *Server) keepSession(w http.ResponseWriter, session authrockettest.HostedSession) {
	http.SetCookie(w, s.realm.SessionCookie(session))
}

// isOwnForm reports whether a form comes from a page that was shown in the current
// session. Forms from other origins are refused earlier.
func (s *Server) isOwnForm(r *http.Request) bool {
	given := []byte(r.PostForm.Get("csrf"))
	if hmac.Equal(given, []byte(s.csrfMAC(s.sessionID(r)))) {
		return true
	}
	// Another tab may have logged in since the login form was shown.
	_, isSignedIn := s.session(r)
	isLogin := r.URL.Path == "/login" || r.URL.Path == "/login/verify"
	return (isLogin || !isSignedIn) && hmac.Equal(given, []byte(s.csrfMAC("")))
}

// csrfMAC returns the CSRF token for the forms of a session. sessionID is "" for a
// browser without a session.
func (s *Server) csrfMAC(sessionID string) string {
	mac := hmac.New(sha256.New, s.csrfKey)
	mac.Write([]byte(sessionID))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// by returns a Server that acts on behalf of request.
func (s *Server) by(request authrockettest.Request) *Server {
	on := *s
	on.realm = s.realm.By(request)
	return &on
}
