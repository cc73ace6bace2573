package people

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strconv"

	"github.com/authrocket-go/authrocket/coreapi"
)

// Imported is what an import did.
type Imported struct {
	Linked  int
	Refused []int64 // people whom AuthRocket refuses, or whose email an AuthRocket user has who is not of this import
}

func (i Imported) String() string {
	return fmt.Sprintf("%d people imported, not imported: %d %v", i.Linked, len(i.Refused), i.Refused)
}

// Import makes an AuthRocket user of each person who has confirmed the email, and links the two. It
// may run again at any time: it goes on where the last run ended.
//
// AuthRocket takes no hashes of passwords: users get a random password, and set one of their own
// by "Forgot password". Until then they sign in by the own login.
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
		// Whom a login has linked meanwhile stays linked.
		if _, err := s.db.ExecContext(ctx, `UPDATE people SET authrocket_id = ? WHERE id = ? AND authrocket_id IS NULL`, user.ID, p.ID); err != nil {
			return done, err
		}
		done.Linked++
	}
	return done, nil
}

// newcomer is a person who is not at AuthRocket yet.
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

// findOrCreate finds the user of an earlier run by the Reference, the ID of the person. A user with
// that email alone signed up on their own; a login with a verified email links them.
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
	return coreapi.Once(ctx, func(ctx context.Context) (coreapi.User, error) { // a lost answer makes no second user
		return api.Users.Create(ctx, coreapi.NewUser{
			Email: p.email, FirstName: p.Name, Reference: reference,
			EmailVerification: coreapi.EmailVerified, // only people who have confirmed it are imported
			Password:          coreapi.Hide(rand.Text()),
		})
	}, find)
}
