package authrockettest

import (
	"slices"
	"time"
)

// HostedSession is a user's session at LoginRocket. It outlives the tokens that are
// made in it, and apps of one realm share it.
type HostedSession struct {
	ID        string // a credential, the sid of its tokens
	UserID    string
	OrgID     string // what [Realm.SelectOrg] picked, "" before that
	CreatedAt time.Time
	ExpiresAt time.Time
}

// keptSession is a HostedSession as the realm keeps it.
type keptSession struct {
	HostedSession
	token    string // the last one made in it, while nothing has changed since
	tokenEnd time.Time
}

// maxSessions is how many sessions a realm keeps. A login beyond that ends the
// oldest one.
const maxSessions = 10_000

// StartSession signs a user in. The error is [ErrNotFound].
func (r *Realm) StartSession(userID string) (HostedSession, error) {
	now := time.Now()
	s := HostedSession{ID: newID("kss_"), UserID: userID, CreatedAt: now, ExpiresAt: now.Add(r.config.SessionLifetime)}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.userIndex(userID) < 0 {
		return HostedSession{}, ErrNotFound
	}
	if len(r.sessions) >= maxSessions {
		var oldest *keptSession
		for _, other := range r.sessions {
			if oldest == nil || other.CreatedAt.Before(oldest.CreatedAt) {
				oldest = other
			}
		}
		delete(r.sessions, oldest.ID)
	}
	r.sessions[s.ID] = &keptSession{HostedSession: s}
	return s, nil
}

// LookUpSession returns the session with this ID. The error is [ErrNotFound],
// also when the session has ended or has expired.
func (r *Realm) LookUpSession(id string) (HostedSession, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.liveSession(id)
	if s == nil {
		return HostedSession{}, ErrNotFound
	}
	return s.HostedSession, nil
}

// liveSession returns nil for a session that there is not, or not any more.
func (r *Realm) liveSession(id string) *keptSession {
	s := r.sessions[id]
	if s == nil || !time.Now().Before(s.ExpiresAt) {
		delete(r.sessions, id)
		return nil
	}
	return s
}

// SelectOrg picks the org that the tokens of the session are about. The error is
// [ErrNotFound], also when the user is no member of the org.
func (r *Realm) SelectOrg(sessionID, orgID string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.liveSession(sessionID)
	if s == nil || !slices.ContainsFunc(r.memberships, func(m Membership) bool { return m.UserID == s.UserID && m.OrgID == orgID }) {
		return ErrNotFound
	}
	if s.OrgID != orgID {
		s.OrgID, s.token = orgID, ""
	}
	return nil
}

// SessionToken returns a login token as LoginRocket Web makes it in the session:
// with the membership in the selected org only, or none. It is a new one each
// time, unless [RealmConfig.ReissueTokens] is set. The error is [ErrNotFound].
func (r *Realm) SessionToken(sessionID string, options ...TokenOption) (string, error) {
	r.t.Helper()
	reissue := r.config.ReissueTokens && len(options) == 0
	if token, ok := r.lastToken(sessionID); reissue && ok {
		return token, nil
	}
	r.mu.Lock()
	version := r.version
	r.mu.Unlock()
	session, err := r.LookUpSession(sessionID)
	if err != nil {
		return "", err
	}
	user, err := r.User(session.UserID)
	if err != nil {
		return "", err
	}
	end := time.Now().Add(r.config.TokenLifetime)
	token := r.sign(r.newToken(user, sessionID, session.OrgID), options)
	r.mu.Lock()
	defer r.mu.Unlock()
	if s := r.liveSession(sessionID); s != nil && reissue && s.OrgID == session.OrgID && r.version == version {
		s.token, s.tokenEnd = token, end
	}
	return token, nil
}

func (r *Realm) lastToken(sessionID string) (string, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.liveSession(sessionID)
	if s == nil || s.token == "" || !time.Now().Before(s.tokenEnd) {
		return "", false
	}
	return s.token, true
}

// forgetTokens makes the next token of every session a new one, also where one
// is being made now.
func (r *Realm) forgetTokens() {
	r.version++
	for _, s := range r.sessions {
		s.token = ""
	}
}

// EndSession ends a session. Its tokens stay valid until they expire. Ending a
// session that there is not changes nothing.
func (r *Realm) EndSession(id string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.sessions, id)
}

// EndSessionsOf ends all sessions of a user but the one with the ID keep, which
// may be "".
func (r *Realm) EndSessionsOf(userID, keep string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for id, s := range r.sessions {
		if s.UserID == userID && id != keep {
			delete(r.sessions, id)
		}
	}
}
