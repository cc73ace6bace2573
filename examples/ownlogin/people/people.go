// Package people stores the people of an app in SQL, with their passwords and their
// AuthRocket users.
package people

import (
	"context"
	"database/sql"
	_ "embed"
	"errors"
	"net/url"
	"os"
	"strings"

	_ "modernc.org/sqlite" // the driver named sqlite
)

//go:embed schema.sql
var schema string

// ErrNobody means that there is no such person, or that the password is wrong.
var ErrNobody = errors.New("there is no such person")

// Person is a row in the table "people".
type Person struct {
	ID   int64
	Name string
}

// Store is the database.
type Store struct{ db *sql.DB }

// Open opens the database in a file, and creates missing tables.
func Open(ctx context.Context, file string) (*Store, error) {
	created, err := os.OpenFile(file, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := created.Close(); err != nil {
		return nil, err
	}
	// Transactions are immediate, so what a transaction has read cannot change before
	// the transaction writes.
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: file}).EscapedPath()+"?_txlock=immediate&_pragma=busy_timeout(10000)")
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	if _, err := db.ExecContext(ctx, schema); err != nil {
		db.Close()
		return nil, err
	}
	return &Store{db}, nil
}

// Close closes the database.
func (s *Store) Close() error { return s.db.Close() }

// Add adds a person with a password, as the app's own sign-up does.
func (s *Store) Add(ctx context.Context, email, name, password string, isConfirmed bool) (Person, error) {
	hash, err := hashPassword(password)
	if err != nil {
		return Person{}, err
	}
	p := Person{Name: name}
	err = s.db.QueryRowContext(ctx, `INSERT INTO people (email, email_confirmed, name, password) VALUES (?, ?, ?, ?) RETURNING id`,
		lowerEmail(email), isConfirmed, name, hash).Scan(&p.ID)
	return p, err
}

// lowerEmail converts only A to Z to lower case. strings.ToLower converts "\u0130" to i
// and "\u212A" to k, so that the verified email of somebody else could match that of a
// person.
func lowerEmail(email string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			r += 'a' - 'A'
		}
		return r
	}, email)
}

// ByAuthRocketID returns the person who is linked to this AuthRocket user, or
// [ErrNobody].
func (s *Store) ByAuthRocketID(ctx context.Context, id string) (Person, error) {
	return personOf(s.db.QueryRowContext(ctx, `SELECT id, name FROM people WHERE authrocket_id = ?`, id))
}

// AuthRocketID returns the ID of the AuthRocket user of this person, or "".
func (s *Store) AuthRocketID(ctx context.Context, personID int64) (string, error) {
	var id sql.NullString
	err := s.db.QueryRowContext(ctx, `SELECT authrocket_id FROM people WHERE id = ?`, personID).Scan(&id)
	return id.String, err
}

func personOf(row *sql.Row) (p Person, err error) {
	err = row.Scan(&p.ID, &p.Name)
	if errors.Is(err, sql.ErrNoRows) {
		err = ErrNobody
	}
	return p, err
}
