// Package usersync copies the users, orgs and memberships of a realm into a SQL database.
// [Job.Full] copies all of them, and [Job.Events] copies those to which new events refer.
//
// If a run ends early, because of an error or because it is killed, the next run still
// produces the same result. Each page is one transaction. A row is never deleted.
// Instead, it gets a deleted_at if the API answers 404 for its ID and afterwards shows
// another record of the same realm.
//
// Run only one job at a time for a database. See schema.sql for the tables.
package usersync

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/authrocket-go/authrocket/coreapi"
)

// ErrOtherRealm means that the API answers for a realm other than the realm in the
// database. No record of that answer was written.
var ErrOtherRealm = errors.New("the API answers for another realm")

// ErrNothingLeft means that records are gone, but that the API returns no other record of
// the realm. No record was marked as deleted.
var ErrNothingLeft = errors.New("the API shows no record of this realm")

// Job copies a realm. API and DB are required.
type Job struct {
	API      *coreapi.Client
	DB       *sql.DB   // from [Open]
	PageSize int       // records per request and transaction. Default: 500
	Progress *Progress // default: none
}

const defaultPageSize = 500

// Result is the result of a run.
type Result struct {
	Complete                 bool   // all records were read, not only those that events refer to
	Why                      string // why a run by events copied all records; "" if it did not
	Events                   int    // number of events read
	Users, Orgs, Memberships int    // number of records written
	Deleted                  int    // number of rows that got a deleted_at
}

func (r Result) String() string {
	text := fmt.Sprintf("users copied: %d, orgs: %d, memberships: %d; rows marked as deleted: %d", r.Users, r.Orgs, r.Memberships, r.Deleted)
	switch {
	case r.Why != "":
		return "complete run (" + r.Why + "): " + text
	case r.Complete:
		return "complete run: " + text
	}
	return fmt.Sprintf("run by events (%d): %s", r.Events, text)
}

// run is one run of a job.
type run struct {
	*Job
	state
	result Result
}

// state is the content of the table sync.
type state struct {
	realmID string
	number  int // the number of the last complete run that was started
	latest  latestEvent
}

// latestEvent is the latest event in the copy. The zero value means that there is none.
type latestEvent struct {
	id string
	at time.Time
}

func (j *Job) begin(ctx context.Context, isComplete bool) (*run, error) {
	r := &run{Job: &Job{j.API, j.DB, j.PageSize, j.Progress}}
	r.result.Complete = isComplete
	if r.PageSize == 0 {
		r.PageSize = defaultPageSize
	}
	added := 0
	if isComplete {
		added = 1
	}
	var at string
	err := r.DB.QueryRowContext(ctx, `UPDATE sync SET run = run + ? RETURNING realm_id, run, event_id, event_at`, added).
		Scan(&r.realmID, &r.number, &r.latest.id, &at)
	if err == nil && at != "" {
		r.latest.at, err = time.Parse(time.RFC3339Nano, at)
	}
	return r, err
}

// end records the event up to which the copy is complete. This record is the only sign
// that a run was not interrupted.
func (r *run) end(ctx context.Context, latest latestEvent) (Result, error) {
	_, err := r.DB.ExecContext(ctx, `UPDATE sync SET event_id = ?, event_at = ?`, latest.id, latest.at.UTC().Format(time.RFC3339Nano))
	return r.result, err
}
