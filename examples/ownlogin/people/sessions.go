package people

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"time"
)

// SessionLifetime is how long a session of the app's own login lasts.
const SessionLifetime = 24 * time.Hour

// StartSession returns a new token for a cookie.
func (s *Store) StartSession(ctx context.Context, personID int64) (token string, err error) {
	token = rand.Text()
	_, err = s.db.ExecContext(ctx, `INSERT INTO sessions (token_hash, person_id, expires_at) VALUES (?, ?, ?)`,
		hashToken(token), personID, time.Now().Add(SessionLifetime).Unix())
	return token, err
}

// BySession returns the person to whom a session token belongs, or [ErrNobody].
func (s *Store) BySession(ctx context.Context, token string) (Person, error) {
	return personOf(s.db.QueryRowContext(ctx,
		`SELECT people.id, people.name FROM sessions JOIN people ON people.id = person_id WHERE token_hash = ? AND expires_at > ?`,
		hashToken(token), time.Now().Unix()))
}

// EndSession ends a session.
func (s *Store) EndSession(ctx context.Context, token string) error {
	_, err := s.db.ExecContext(ctx, `DELETE FROM sessions WHERE token_hash = ?`, hashToken(token))
	return err
}

// hashToken returns the hash that is stored, so that a leaked database contains no usable
// session.
func hashToken(token string) string {
	hash := sha256.Sum256([]byte(token))
	return hex.EncodeToString(hash[:])
}
