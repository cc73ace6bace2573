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
	Request   Request // that started it
}

// lastToken is the last token that was made in a session.
type lastToken struct {
	token, orgID string
	end          time.Time
}

// SessionEnd is why a session ended before its time.
type SessionEnd string

// The values of [Event.SessionEnd].
const (
	EndedByLogout   SessionEnd = "logout"
	EndedByAPI      SessionEnd = "api"      // deleted by the Core API
	EndedByPassword SessionEnd = "password" // the user's password was changed
	EndedByLimit    SessionEnd = "limit"    // the realm holds no more sessions
)

// StartSession signs a user in. The error is [ErrNotFound] or [ErrInactive].
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
	// All sessions last equally long: the oldest are the first to expire.
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

// LookUpSession returns the session with this ID. The error is [ErrNotFound],
// also when the session has ended or has expired.
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

// ListSessions returns a part of the sessions. The error is nil.
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

// SelectOrg picks the org that the tokens of the session are about. The error is
// [ErrNotFound], also when the user is no member of the org.
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

// SessionToken returns a login token as LoginRocket Web makes it in the session:
// with the membership in the selected org only, or none. It is a new one each
// time, unless [RealmConfig.ReissueTokens] is set. The error is [ErrNotFound], or
// [ErrInactive] when the user may not log in any more.
func (r *Realm) SessionToken(sessionID string, options ...TokenOption) (string, error) {
	r.t.Helper()
	session, err := r.LookUpSession(sessionID)
	if err != nil {
		return "", err
	}
	return r.AccountToken(sessionID, session.OrgID, options...)
}

// AccountToken is [Realm.SessionToken] for the org with the given ID, which the
// session does not remember.
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
			end = m.ExpiresAt // the token is not reissued when the membership has expired
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

// APIToken returns a login token as the Core API makes it in the session: with
// all memberships when [ScopeOrgs] is among the realm's scopes, else with none.
// The error is that of [Realm.SessionToken].
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

// userOf returns a session and its user, who may log in.
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

// forgetTokens makes the next token of every session a new one, also where one
// is being made now.
func (r *Realm) forgetTokens() {
	r.version++
	clear(r.lastTokens)
}

// EndSession ends a session for the given reason. Its tokens stay valid until
// they expire. Ending a session that there is not changes nothing.
func (r *Realm) EndSession(id string, why SessionEnd) {
	defer r.report()
	records, unlock := r.lock()
	defer unlock()
	if s, ok := records.sessions.rows[id]; ok {
		r.endSession(s, why)
	}
}

// EndSessionsOf ends all sessions of a user but the one with the ID keep, which
// may be "", for the given reason.
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

// endSession removes a session. It is an event unless the session has expired.
func (r *Realm) endSession(s HostedSession, why SessionEnd) {
	r.commit(func(st *store) { st.sessions.delete(s.ID) })
	delete(r.lastTokens, s.ID)
	if time.Now().Before(s.ExpiresAt) {
		r.emit(Event{Type: "session.deleted", SessionID: s.ID, UserID: s.UserID, ExpiresAt: s.ExpiresAt, SessionEnd: why})
	}
}
