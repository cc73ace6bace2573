package authrocketdev

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/http"

	"github.com/authrocket-go/authrocket/authrockettest"
)

// sessionID is the value of the session cookie, "" without one.
func (s *Server) sessionID(r *http.Request) string {
	c, err := r.Cookie(s.realm.SessionCookie(authrockettest.HostedSession{}).Name)
	if err != nil {
		return ""
	}
	return c.Value
}

// session is the session of the browser, if it has one that is of use.
func (s *Server) session(r *http.Request) (authrockettest.HostedSession, bool) {
	session, err := s.usableSession(s.sessionID(r))
	return session, err == nil
}

// usableSession is the session with this ID, unless it has ended or its user may
// not log in any more.
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

// keepSession signs the browser in. A session that it had is not ended: apps
// may still use its tokens.
func (s *Server) keepSession(w http.ResponseWriter, session authrockettest.HostedSession) {
	http.SetCookie(w, s.realm.SessionCookie(session))
}

// isOwnForm reports whether a form that was sent is of a page that was shown in
// the session of now. Forms of other origins do not come this far.
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

// csrfMAC is what the forms of a page to a session carry, with "" of a page to
// who has none.
func (s *Server) csrfMAC(sessionID string) string {
	mac := hmac.New(sha256.New, s.csrfKey)
	mac.Write([]byte(sessionID))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// by is the Server for what is done on behalf of request.
func (s *Server) by(request authrockettest.Request) *Server {
	on := *s
	on.realm = s.realm.By(request)
	return &on
}
