// Package usersync copies the users, orgs and memberships of a realm into a SQL database:
// all of them ([Job.Full]), or those that events are about ([Job.Events]).
//
// A run may end anywhere, by an error or a kill: the next one ends with the same result. Each
// page is one transaction. A row is never deleted, it gets a deleted_at, and only when the API
// answered 404 for its ID, and showed another record of the same realm afterwards.
//
// Run one job at a time for a database. See schema.sql for the tables.
package usersync

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/authrocket-go/authrocket/coreapi"
)

// ErrOtherRealm says that the API answers for another realm than the one in the database. Nothing
// of that page was written.
var ErrOtherRealm = errors.New("the API answers for another realm")

// ErrNothingLeft says that records are gone, but the API shows none that is still there. None of
// them was marked as deleted.
var ErrNothingLeft = errors.New("the API shows no record of this realm")

// Job copies a realm. API and DB are required.
type Job struct {
	API      *coreapi.Client
	DB       *sql.DB   // from [Open]
	PageSize int       // records of one request and one transaction. Default: 500
	Progress *Progress // default: none
}

const defaultPageSize = 500

// Result is what a run did.
type Result struct {
	Complete                 bool   // all records were read, not only those of events
	Why                      string // a run by events became a complete one
	Events                   int    // read
	Users, Orgs, Memberships int    // written
	Deleted                  int    // rows that got a deleted_at
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

// state is what the table sync holds.
type state struct {
	realmID string
	number  int // of the last complete run that began
	latest  latestEvent
}

// latestEvent is the latest event that the copy has. The zero value is none.
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

// end notes up to which event the copy is now. Nothing else says that a run was not cut off.
func (r *run) end(ctx context.Context, latest latestEvent) (Result, error) {
	_, err := r.DB.ExecContext(ctx, `UPDATE sync SET event_id = ?, event_at = ?`, latest.id, latest.at.UTC().Format(time.RFC3339Nano))
	return r.result, err
}
