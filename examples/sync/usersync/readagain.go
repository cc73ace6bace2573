package usersync

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/authrocket-go/authrocket/coreapi"
)

// readAgain reads records by their IDs, and writes those that exist. It marks the others
// as deleted.
func (r *run) readAgain(ctx context.Context, step, table string, ids []string) error {
	done := 0
	for page := range slices.Chunk(ids, r.PageSize) {
		var found []record
		var gone []string
		for _, id := range page {
			rec, err := r.read(ctx, table, id)
			switch {
			case errors.Is(err, coreapi.ErrNotFound):
				gone = append(gone, id)
			case err != nil:
				return err
			default:
				found = append(found, rec)
			}
		}
		if len(gone) > 0 {
			if err := r.checkStillThere(ctx, gone, ids); err != nil {
				return err
			}
		}
		err := r.inTransaction(ctx, func(tx *sql.Tx) error {
			for _, rec := range found {
				if err := r.write(ctx, tx, rec); err != nil {
					return err
				}
			}
			return r.markDeleted(ctx, tx, table, gone)
		})
		if err != nil {
			return err
		}
		done += len(page)
		r.count(table, len(found))
		r.Progress.Report(step, done)
	}
	return nil
}

// maxWitnesses is the maximum number of records of a table that checkStillThere reads.
// One record is not enough, because it might have just been deleted.
const maxWitnesses = 5

// checkStillThere reads other records of the realm until one exists. Without this check,
// a 404 could mean that the API answers for another realm. The records in toReadAgain,
// which include gone, are read last, because they might also have been deleted.
func (r *run) checkStillThere(ctx context.Context, gone, toReadAgain []string) error {
	doubt := make(map[string]int, len(toReadAgain))
	for _, id := range toReadAgain {
		doubt[id] = 1
	}
	for _, id := range gone {
		doubt[id] = 2
	}
	for _, table := range []string{users, orgs} {
		ids, err := r.texts(ctx, `SELECT id FROM `+table+` WHERE deleted_at IS NULL ORDER BY seen DESC, id LIMIT ?`, len(toReadAgain)+maxWitnesses)
		if err != nil {
			return err
		}
		ids = slices.DeleteFunc(ids, func(id string) bool { return doubt[id] == 2 })
		slices.SortStableFunc(ids, func(a, b string) int { return doubt[a] - doubt[b] })
		for _, id := range ids[:min(len(ids), maxWitnesses)] {
			witness, err := r.read(ctx, table, id)
			if err == nil {
				return r.checkRealm(witness)
			}
			if !errors.Is(err, coreapi.ErrNotFound) {
				return err
			}
		}
	}
	return fmt.Errorf("%w: it has no %s; check AUTHROCKET_API_KEY and AUTHROCKET_REALM, or delete the database if the realm is empty now", ErrNothingLeft, gone[0])
}

// markDeleted marks rows as deleted. For users and orgs, it also marks their
// memberships.
func (r *run) markDeleted(ctx context.Context, tx *sql.Tx, table string, ids []string) error {
	statements := []string{`UPDATE ` + table + ` SET deleted_at = ? WHERE id = ? AND deleted_at IS NULL`}
	switch table {
	case users:
		statements = append(statements, `UPDATE memberships SET deleted_at = ? WHERE user_id = ? AND deleted_at IS NULL`)
	case orgs:
		statements = append(statements, `UPDATE memberships SET deleted_at = ? WHERE org_id = ? AND deleted_at IS NULL`)
	}
	now := timeText(time.Now())
	for _, id := range ids {
		for _, statement := range statements {
			done, err := tx.ExecContext(ctx, statement, now, id)
			if err != nil {
				return err
			}
			n, err := done.RowsAffected()
			if err != nil {
				return err
			}
			r.result.Deleted += int(n)
		}
	}
	return nil
}
