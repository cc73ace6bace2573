package usersync

import (
	"context"
	"database/sql"
	_ "embed"
	"net/url"
	"os"

	_ "modernc.org/sqlite" // the driver named sqlite
)

//go:embed schema.sql
var schema string

// Open opens the database in a file, and creates missing tables. Only the owner of a new
// file can read it, since it contains personal data.
func Open(ctx context.Context, file string) (*sql.DB, error) {
	created, err := os.OpenFile(file, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := created.Close(); err != nil {
		return nil, err
	}
	path := (&url.URL{Path: file}).EscapedPath()
	db, err := sql.Open("sqlite", "file:"+path+"?_txlock=immediate&_pragma=busy_timeout(10000)")
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	if _, err := db.ExecContext(ctx, schema); err != nil {
		db.Close()
		return nil, err
	}
	return db, nil
}

// inTransaction runs a function in a transaction, and rolls back if it fails.
func (r *run) inTransaction(ctx context.Context, do func(*sql.Tx) error) error {
	tx, err := r.DB.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() // does nothing after Commit
	if err := do(tx); err != nil {
		return err
	}
	return tx.Commit()
}

// texts returns the values of a query with one column.
func (r *run) texts(ctx context.Context, query string, args ...any) ([]string, error) {
	rows, err := r.DB.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var texts []string
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return nil, err
		}
		texts = append(texts, text)
	}
	return texts, rows.Err()
}
