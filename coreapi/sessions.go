package coreapi

import (
	"context"
	"errors"
	"iter"
	"net/http"
	"net/url"
	"time"

	"github.com/authrocket-go/authrocket/internal/wire"
)

// Session is an active login of a user.
type Session struct {
	record
	UserID      string    `json:"user_id"`
	ClientAppID string    `json:"client_app_id"`
	User        User      `json:"user,omitzero"` // zero if the answer does not contain it
	Request     Request   `json:"request,omitzero"`
	CreatedAt   time.Time `json:"created_at"`
	ExpiresAt   time.Time `json:"expires_at"`

	id, token Secret
}

// ID returns the session ID, which is the claim sid of a login token. Anyone who has it
// can get login tokens.
func (s Session) ID() Secret { return s.id }

// Token returns the login token after a login or [Sessions.Create]. Otherwise it is
// empty.
func (s Session) Token() Secret { return s.token }

func (s Session) identity() string { return s.id.Reveal() }

// UnmarshalJSON decodes a session that AuthRocket sent.
func (s *Session) UnmarshalJSON(data []byte) (err error) {
	type plain Session
	*s = Session{}
	fields := struct {
		*plain
		ID        string    `json:"id"`
		Token     string    `json:"token"`
		CreatedAt wire.Time `json:"created_at"`
		ExpiresAt wire.Time `json:"expires_at"`
	}{plain: (*plain)(s)}
	s.record, err = decodeRecord(data, &fields)
	s.id, s.token = Hide(fields.ID), Hide(fields.Token)
	s.CreatedAt, s.ExpiresAt = time.Time(fields.CreatedAt), time.Time(fields.ExpiresAt)
	return err
}

// Sessions manages the sessions of users.
type Sessions struct{ scope handle }

// Get returns an active session, or [ErrNotFound].
func (s Sessions) Get(ctx context.Context, id Secret) (Session, error) {
	return get[Session](ctx, s.scope.open(), to("/sessions/{id}", id.Reveal()), nil)
}

// OfUser yields the active sessions of a user. It reads one page at a time and stops when
// the loop ends. If a read fails, it yields the error and stops.
func (s Sessions) OfUser(ctx context.Context, userID string) iter.Seq2[Session, error] {
	return each[Session](ctx, s.scope.open(), listBy("/sessions", userID), url.Values{"user_id": {userID}})
}

// Create logs a user in, without a password.
func (s Sessions) Create(ctx context.Context, userID string) (Session, error) {
	return do[Session](ctx, s.scope.post(to("/sessions"), "session", struct {
		UserID string `json:"user_id"`
	}{userID}))
}

// Delete ends a session. The session's login tokens stay valid until they expire.
func (s Sessions) Delete(ctx context.Context, id Secret) error {
	return s.scope.delete(to("/sessions/{id}", id.Reveal()), nil).run(ctx)
}

// Deleted is the result of [Sessions.DeleteAllOf].
type Deleted struct {
	Sessions int
	// At is when AuthRocket listed the sessions, in whole seconds by AuthRocket's clock.
	// Login tokens that were issued later belong to other sessions.
	At time.Time
}

// DeleteAllOf ends all sessions of a user except those in keep. It stops at the first
// error, and returns how many sessions it has ended.
func (s Sessions) DeleteAllOf(ctx context.Context, userID string, keep ...Secret) (Deleted, error) {
	var deleted Deleted
	var ids []Secret
	// All sessions are listed before the first is deleted, because deletions would shift
	// the pages.
	for p, err := range eachPage[Session](ctx, s.scope.open(), listBy("/sessions", userID), url.Values{"user_id": {userID}}) {
		if err != nil {
			return deleted, err
		}
		if len(ids) == 0 && deleted.At.IsZero() {
			deleted.At, _ = http.ParseTime(p.header.Get("Date"))
		}
		for _, session := range p.Items {
			if !isAmong(session.ID(), keep) {
				ids = append(ids, session.ID())
			}
		}
		if len(ids) > maxSessionsOfUser {
			return deleted, &Error{Method: http.MethodGet, Path: "/sessions", reason: ErrUnexpected, cause: errEndless}
		}
	}
	for _, id := range ids {
		switch err := s.Delete(ctx, id); {
		case errors.Is(err, ErrNotFound): // the session has ended in the meantime
		case err != nil:
			return deleted, err
		default:
			deleted.Sessions++
		}
	}
	return deleted, nil
}

// maxSessionsOfUser limits the memory that is used if a list does not end.
const maxSessionsOfUser = 100_000

func isAmong(id Secret, keep []Secret) bool {
	for _, k := range keep {
		if k.Equal(id) {
			return true
		}
	}
	return false
}

// OAuth2Token exchanges the code of a Connected App of type OAuth2 for a token.
func (s Sessions) OAuth2Token(ctx context.Context, clientAppID string, clientAppSecret, code Secret) (Token, error) {
	return do[Token](ctx, s.scope.post(to("/sessions/oauth2/code"), "session", struct {
		ClientAppID     string `json:"client_app_id"`
		ClientAppSecret Secret `json:"client_app_secret"`
		Code            Secret `json:"code"`
	}{clientAppID, clientAppSecret, code}))
}
