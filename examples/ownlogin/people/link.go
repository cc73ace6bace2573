package people

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/authrocket-go/authrocket"
)

// ErrNotConfirmed means that an AuthRocket user is refused because the person here with
// the same email has never confirmed this email. Somebody else might have signed up here
// with that email, and would then know the password of this person.
var ErrNotConfirmed = fmt.Errorf("%w: the person with this email has not confirmed it here", authrocket.ErrForbidden)

// SignIn returns the person who is linked to this AuthRocket user. If there is none,
// SignIn links the person with the same email, or a new person. Call SignIn in
// Config.OnLogin, and only with the user of the token. Do not link the person of the
// app's own cookie, because another website can start a login.
func (s *Store) SignIn(ctx context.Context, user authrocket.User) (Person, error) {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return Person{}, err
	}
	defer tx.Rollback() // does nothing after Commit
	p, err := signIn(ctx, tx, user)
	if err != nil {
		return Person{}, err
	}
	return p, tx.Commit()
}

func signIn(ctx context.Context, tx *sql.Tx, user authrocket.User) (Person, error) {
	p, err := personOf(tx.QueryRowContext(ctx, `SELECT id, name FROM people WHERE authrocket_id = ?`, user.ID))
	if !errors.Is(err, ErrNobody) {
		return p, err // already linked, or the database does not answer
	}
	// This query ignores a person who is already linked to another user.
	var isConfirmed bool
	err = tx.QueryRowContext(ctx, `SELECT id, name, email_confirmed FROM people WHERE email = ? AND authrocket_id IS NULL`, lowerEmail(user.Email)).
		Scan(&p.ID, &p.Name, &isConfirmed)
	isVerified := user.EmailVerification == authrocket.EmailVerified // false for EmailUnknown
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return personOf(tx.QueryRowContext(ctx, `INSERT INTO people (email, email_confirmed, name, authrocket_id) VALUES (?, ?, ?, ?) RETURNING id, name`,
			lowerEmail(user.Email), isVerified, user.Name, user.ID))
	case err != nil:
		return Person{}, err
	case !isVerified:
		return Person{}, authrocket.ErrEmailNotVerified // creates no person, because SignIn links this person after the verification
	case !isConfirmed:
		return Person{}, ErrNotConfirmed
	}
	_, err = tx.ExecContext(ctx, `UPDATE people SET authrocket_id = ? WHERE id = ?`, user.ID, p.ID)
	return p, err
}
