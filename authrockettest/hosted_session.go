package authrockettest

import (
	"slices"
	"time"
)

// HostedSession is a user's session at LoginRocket. It outlives the tokens that
// belong to it, and the apps of a realm share it.
type HostedSession struct {
	ID        string // a credential: the claim sid of its tokens
	UserID    string
	OrgID     string // the org that [Realm.SelectOrg] picked, or "" before the first call
	CreatedAt time.Time
	ExpiresAt time.Time
	Request   Request // the request that started it
}

// lastToken is the latest token of a session.
type lastToken struct {
	token, orgID string
	end          time.Time
}

// SessionEnd says why a session ended before it expired.
type SessionEnd string

// The values of [Event.SessionEnd].
const (
	EndedByLogout   SessionEnd = "logout"
	EndedByAPI      SessionEnd = "api"      // the Core API deleted it
	EndedByPassword SessionEnd = "password" // the user's password was changed
	EndedByLimit    SessionEnd = "limit"    // the realm had reached its limit of sessions
)

// StartSession signs a user in. The errors are [ErrNotFound] and [ErrInactive].
func (r *Realm) StartSession(userID string) (HostedSession, error) {
	defer r.report()
	records, unlock := r.lock()
	defer unlock()
	start := now()
	s := HostedSession{ID: newID("kss_"), UserID: userID, CreatedAt: start, ExpiresAt: start.Add(r.config.SessionLifetime), Request: r.by}
	user, ok := records.users.rows[userID]
	if !ok {
		return HostedSession{}, ErrNotFound
	}
	if user.State != UserActive {
		return HostedSession{}, ErrInactive
	}
	// All sessions have the same lifetime, so the oldest sessions expire first.
	for len(records.sessions.added) > 0 {
		oldest := records.sessions.rows[records.sessions.added[0]]
		isExpired := !time.Now().Before(oldest.ExpiresAt)
		if !isExpired && len(records.sessions.rows) < r.limit {
			break
		}
		r.endSession(oldest, EndedByLimit)
	}
	user = user.clone()
	user.LastLoginAt = start
	r.commit(func(st *store) {
		st.sessions.put(s.ID, s)
		st.users.put(user.ID, user)
	})
	return s, nil
}

// LookUpSession returns the session with this ID. If there is no such session, or if
// it has ended or expired, LookUpSession returns [ErrNotFound].
func (v *View) LookUpSession(id string) (HostedSession, error) {
	records, unlock := v.lock()
	defer unlock()
	s, ok := records.liveSession(id)
	if !ok {
		return HostedSession{}, ErrNotFound
	}
	return s, nil
}

func (s *store) liveSession(id string) (HostedSession, bool) {
	session, ok := s.sessions.rows[id]
	if !ok || !time.Now().Before(session.ExpiresAt) {
		return HostedSession{}, false
	}
	return session, true
}

// ListSessions returns a page of the sessions. The error is always nil.
func (v *View) ListSessions(list SessionList) (Page[HostedSession], error) {
	records, unlock := v.lock()
	defer unlock()
	index := ""
	if list.UserID != "" {
		index = "user"
	}
	now := time.Now()
	return records.sessions.page(index, list.UserID, list.List, func(s HostedSession) bool { return now.Before(s.ExpiresAt) })
}

// SelectOrg picks the org for the tokens of the session. If there is no such session
// or org, or if the user is not a member, it returns [ErrNotFound].
func (r *Realm) SelectOrg(sessionID, orgID string) error {
	defer r.report()
	records, unlock := r.lock()
	defer unlock()
	s, ok := records.liveSession(sessionID)
	if !ok || !slices.ContainsFunc(records.membershipsOf(s.UserID), func(m Membership) bool { return m.OrgID == orgID }) {
		return ErrNotFound
	}
	if s.OrgID != orgID {
		s.OrgID = orgID
		r.commit(func(st *store) { st.sessions.put(s.ID, s) })
		delete(r.lastTokens, sessionID)
	}
	return nil
}

// SessionToken returns a login token of the session, as LoginRocket Web makes it:
// with the membership in the selected org only, or with none. Each call returns a new
// token, unless [RealmConfig.ReissueTokens] is set. The errors are [ErrNotFound], and
// [ErrInactive] if the user may no longer log in.
func (r *Realm) SessionToken(sessionID string, options ...TokenOption) (string, error) {
	r.t.Helper()
	session, err := r.LookUpSession(sessionID)
	if err != nil {
		return "", err
	}
	return r.AccountToken(sessionID, session.OrgID, options...)
}

// AccountToken is like [Realm.SessionToken], but for the org with the given ID. The
// session does not remember that org.
func (r *Realm) AccountToken(sessionID, orgID string, options ...TokenOption) (string, error) {
	r.t.Helper()
	reissue := r.config.ReissueTokens && len(options) == 0
	r.mu.Lock()
	version, last := r.version, r.lastTokens[sessionID]
	r.mu.Unlock()
	session, user, err := r.userOf(sessionID)
	if err != nil {
		return "", err
	}
	if reissue && last.token != "" && last.orgID == orgID && time.Now().Before(last.end) {
		return last.token, nil
	}
	end := time.Now().Add(r.config.TokenLifetime)
	for _, m := range r.MembershipsOf(user.ID) {
		if !m.ExpiresAt.IsZero() && m.ExpiresAt.Before(end) {
			end = m.ExpiresAt // the token must not be reissued after the membership has expired
		}
	}
	token := r.sign(r.newToken(user, session.ID, orgID), options)
	records, unlock := r.lock()
	defer unlock()
	if _, ok := records.liveSession(sessionID); ok && reissue && r.version == version {
		r.lastTokens[sessionID] = lastToken{token, orgID, end}
	}
	return token, nil
}

// APIToken returns a login token of the session, as the Core API makes it: with all
// memberships if the realm's scopes contain [ScopeOrgs], or with none otherwise. The
// errors are those of [Realm.SessionToken].
func (r *Realm) APIToken(sessionID string) (string, error) {
	r.t.Helper()
	session, user, err := r.userOf(sessionID)
	if err != nil {
		return "", err
	}
	t := r.newToken(user, session.ID, "")
	if slices.Contains(r.Settings().JWTScopes, ScopeOrgs) {
		AllOrgs()(t)
	}
	return r.sign(t, nil), nil
}

// userOf returns a session and its user, if the user may log in.
func (v *View) userOf(sessionID string) (HostedSession, User, error) {
	session, err := v.LookUpSession(sessionID)
	if err != nil {
		return session, User{}, err
	}
	user, err := v.User(session.UserID)
	if err != nil {
		return session, user, err
	}
	if user.State != UserActive {
		return session, user, ErrInactive
	}
	return session, user, nil
}

// forgetTokens makes the next token of every session a new one. This also applies to
// a token that is being made at the moment.
func (r *Realm) forgetTokens() {
	r.version++
	clear(r.lastTokens)
}

// EndSession ends a session for the given reason. Its tokens stay valid until they
// expire. If there is no such session, it does nothing.
func (r *Realm) EndSession(id string, why SessionEnd) {
	defer r.report()
	records, unlock := r.lock()
	defer unlock()
	if s, ok := records.sessions.rows[id]; ok {
		r.endSession(s, why)
	}
}

// EndSessionsOf ends all sessions of a user for the given reason, except the session
// with the ID keep. If keep is "", it ends all of them.
func (r *Realm) EndSessionsOf(userID, keep string, why SessionEnd) {
	defer r.report()
	records, unlock := r.lock()
	defer unlock()
	for _, id := range records.sessions.in("user", userID) {
		if id != keep {
			r.endSession(records.sessions.rows[id], why)
		}
	}
}

// endSession removes a session. It emits an event unless the session has expired.
func (r *Realm) endSession(s HostedSession, why SessionEnd) {
	r.commit(func(st *store) { st.sessions.delete(s.ID) })
	delete(r.lastTokens, s.ID)
	if time.Now().Before(s.ExpiresAt) {
		r.emit(Event{Type: "session.deleted", SessionID: s.ID, UserID: s.UserID, ExpiresAt: s.ExpiresAt, SessionEnd: why})
	}
}
