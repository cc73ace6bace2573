package people

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strconv"

	"github.com/authrocket-go/authrocket/coreapi"
)

// Imported is the result of an import.
type Imported struct {
	Linked  int
	Refused []int64 // people whom AuthRocket refuses, or whose email belongs to an AuthRocket user that no import has created
}

func (i Imported) String() string {
	return fmt.Sprintf("%d people imported, not imported: %d %v", i.Linked, len(i.Refused), i.Refused)
}

// Import creates an AuthRocket user for each person who has confirmed their email
// address, and links the two. You can run Import again at any time, and it continues
// where the last run ended.
//
// AuthRocket does not accept password hashes. Therefore each user gets a random
// password, and sets a new one with "Forgot password". Until then, people sign in with
// the app's own login.
func (s *Store) Import(ctx context.Context, api *coreapi.Client) (Imported, error) {
	var done Imported
	people, err := s.toImport(ctx)
	if err != nil {
		return done, err
	}
	for _, p := range people {
		user, err := findOrCreate(ctx, api, p)
		if errors.Is(err, coreapi.ErrInvalid) {
			done.Refused = append(done.Refused, p.ID)
			continue
		}
		if err != nil {
			return done, err
		}
		// If a login has linked the person in the meantime, that link is kept.
		if _, err := s.db.ExecContext(ctx, `UPDATE people SET authrocket_id = ? WHERE id = ? AND authrocket_id IS NULL`, user.ID, p.ID); err != nil {
			return done, err
		}
		done.Linked++
	}
	return done, nil
}

// newcomer is a person who has no AuthRocket user yet.
type newcomer struct {
	Person
	email string
}

func (s *Store) toImport(ctx context.Context) ([]newcomer, error) {
	rows, err := s.db.QueryContext(ctx, `SELECT id, name, email FROM people WHERE authrocket_id IS NULL AND email_confirmed ORDER BY id`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var people []newcomer
	for rows.Next() {
		var p newcomer
		if err := rows.Scan(&p.ID, &p.Name, &p.email); err != nil {
			return nil, err
		}
		people = append(people, p)
	}
	return people, rows.Err()
}

// findOrCreate finds the user of an earlier run by the Reference, which is the ID of the
// person. A user with that email but without the Reference has signed up at AuthRocket.
// The import does not link this user, but a login with a verified email does.
func findOrCreate(ctx context.Context, api *coreapi.Client, p newcomer) (coreapi.User, error) {
	reference := strconv.FormatInt(p.ID, 10)
	find := func(ctx context.Context) (coreapi.User, error) {
		user, err := api.Users.Get(ctx, p.email)
		if err == nil && user.Reference != reference {
			return coreapi.User{}, coreapi.ErrNotFound
		}
		return user, err
	}
	user, err := find(ctx)
	if !errors.Is(err, coreapi.ErrNotFound) {
		return user, err
	}
	return coreapi.Once(ctx, func(ctx context.Context) (coreapi.User, error) { // a lost answer does not create a second user
		return api.Users.Create(ctx, coreapi.NewUser{
			Email: p.email, FirstName: p.Name, Reference: reference,
			EmailVerification: coreapi.EmailVerified, // only people who have confirmed it are imported
			Password:          coreapi.Hide(rand.Text()),
		})
	}, find)
}
