package usersync

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"github.com/authrocket-go/authrocket/coreapi"
)

// These are the tables of records, in the order in which the job copies them.
const (
	users       = "users"
	orgs        = "orgs"
	memberships = "memberships"
)

var tables = []string{users, orgs, memberships}

// record is a record as the API has returned it.
type record struct {
	table   string
	realmID string // "" for memberships, which have no realm ID
	put     string // the SQL statement that writes it
	values  []any
}

const putUser = `INSERT INTO users (id, email, email_verified, name, first_name, last_name, username, reference, state, created_at, seen)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (id) DO UPDATE SET email = excluded.email, email_verified = excluded.email_verified, name = excluded.name,
first_name = excluded.first_name, last_name = excluded.last_name, username = excluded.username, reference = excluded.reference,
state = excluded.state, created_at = excluded.created_at, seen = excluded.seen, deleted_at = NULL`

func userRecord(u coreapi.User) record {
	return record{users, u.RealmID, putUser, []any{
		u.ID, u.Email, u.EmailVerification == coreapi.EmailVerified, u.Name, u.FirstName, u.LastName, u.Username, u.Reference, string(u.State), timeText(u.CreatedAt),
	}}
}

const putOrg = `INSERT INTO orgs (id, name, reference, state, created_at, seen)
VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (id) DO UPDATE SET name = excluded.name, reference = excluded.reference, state = excluded.state,
created_at = excluded.created_at, seen = excluded.seen, deleted_at = NULL`

func orgRecord(o coreapi.Org) record {
	return record{orgs, o.RealmID, putOrg, []any{o.ID, o.Name, o.Reference, string(o.State), timeText(o.CreatedAt)}}
}

const putMembership = `INSERT INTO memberships (id, user_id, org_id, permissions, expires_at, seen)
VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (id) DO UPDATE SET user_id = excluded.user_id, org_id = excluded.org_id, permissions = excluded.permissions,
expires_at = excluded.expires_at, seen = excluded.seen, deleted_at = NULL`

func membershipRecord(m coreapi.Membership) record {
	permissions, _ := json.Marshal(append([]string{}, m.Permissions...)) // never fails; if there are no permissions, the result is [] and not null
	var expiresAt any
	if !m.ExpiresAt.IsZero() {
		expiresAt = timeText(m.ExpiresAt)
	}
	return record{memberships, "", putMembership, []any{m.ID, m.UserID, m.OrgID, string(permissions), expiresAt}}
}

func timeText(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// read reads a record from the API.
func (r *run) read(ctx context.Context, table, id string) (record, error) {
	switch table {
	case users:
		u, err := r.API.Users.Get(ctx, id)
		return userRecord(u), err
	case orgs:
		o, err := r.API.Orgs.Get(ctx, id)
		return orgRecord(o), err
	default:
		m, err := r.API.Memberships.Get(ctx, id)
		return membershipRecord(m), err
	}
}

// write writes the record.
func (r *run) write(ctx context.Context, tx *sql.Tx, rec record) error {
	if rec.table != memberships {
		if err := r.checkRealm(rec); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `UPDATE sync SET realm_id = ? WHERE realm_id = ''`, r.realmID); err != nil {
			return err
		}
	}
	_, err := tx.ExecContext(ctx, rec.put, append(rec.values, r.number)...)
	return err
}

// checkRealm returns an error for records of another realm. The first record of a new
// copy determines the realm that is copied.
func (r *run) checkRealm(rec record) error {
	if r.realmID == "" {
		r.realmID = rec.realmID
	}
	if rec.realmID != r.realmID || rec.realmID == "" {
		return fmt.Errorf("%w: the database is a copy of %q, but a record in %s belongs to %q; check AUTHROCKET_API_KEY and AUTHROCKET_REALM, or use another file",
			ErrOtherRealm, r.realmID, rec.table, rec.realmID)
	}
	return nil
}

// count adds n written records of a table to the result.
func (r *run) count(table string, n int) {
	switch table {
	case users:
		r.result.Users += n
	case orgs:
		r.result.Orgs += n
	case memberships:
		r.result.Memberships += n
	}
}
