package people

import (
	"context"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"database/sql"
	"encoding/base64"
	"errors"
	"strings"
)

const iterations = 600_000

func hashPassword(password string) (string, error) {
	salt := make([]byte, 16)
	rand.Read(salt)
	key, err := pbkdf2.Key(sha256.New, password, salt, iterations, sha256.Size)
	if err != nil {
		return "", err
	}
	return base64.RawStdEncoding.EncodeToString(salt) + "." + base64.RawStdEncoding.EncodeToString(key), nil
}

func isPassword(password, hash string) bool {
	saltText, keyText, _ := strings.Cut(hash, ".")
	salt, saltErr := base64.RawStdEncoding.DecodeString(saltText)
	want, keyErr := base64.RawStdEncoding.DecodeString(keyText)
	got, err := pbkdf2.Key(sha256.New, password, salt, iterations, sha256.Size)
	return errors.Join(saltErr, keyErr, err) == nil && subtle.ConstantTimeCompare(got, want) == 1
}

// CheckPassword returns the person with this email and password, or [ErrNobody].
func (s *Store) CheckPassword(ctx context.Context, email, password string) (Person, error) {
	var p Person
	var hash string
	err := s.db.QueryRowContext(ctx, `SELECT id, name, password FROM people WHERE email = ? AND password IS NOT NULL`, lowerEmail(email)).
		Scan(&p.ID, &p.Name, &hash)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return Person{}, err
	}
	// The password is also checked if the email is unknown, so that both cases take the
	// same time.
	if !isPassword(password, hash) || err != nil {
		return Person{}, ErrNobody
	}
	return p, nil
}
