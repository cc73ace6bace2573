package usersync

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/authrocket-go/authrocket/coreapi"
)

// A run that reads events starts at the time of the latest known event minus overlap. The
// overlap is necessary because events and records can become visible late, in any order.
const overlap = 10 * time.Minute

// Events copies only the records to which events since the last run refer. If the history
// of events does not reach back to the last run, it copies all records, like [Job.Full].
func (j *Job) Events(ctx context.Context) (Result, error) {
	defer j.Progress.End()
	r, err := j.begin(ctx, false)
	if err != nil {
		return Result{}, err
	}
	if r.latest.id == "" {
		return j.full(ctx, "there was no complete run before, or no event")
	}
	_, err = r.API.Events.Get(ctx, r.latest.id)
	if errors.Is(err, coreapi.ErrNotFound) {
		return j.full(ctx, "the history of events does not reach back to the last run")
	}
	if err != nil {
		return r.result, err
	}
	// All events are read first, so that each record is read only once, after the last
	// event that refers to it.
	latest := r.latest
	changed := map[string][]string{} // the IDs of records, by table
	query := coreapi.EventQuery{Since: r.latest.at.Add(-overlap), Direction: coreapi.Ascending, PageSize: r.PageSize}
	for e, err := range r.API.Events.All(ctx, query) {
		if err != nil {
			return r.result, err
		}
		if e.At.After(latest.at) {
			latest = latestEvent{e.ID, e.At}
		}
		if table, id := about(e); id != "" {
			changed[table] = append(changed[table], id)
		}
		r.result.Events++
		r.Progress.Report("events", r.result.Events)
	}
	for _, table := range tables {
		slices.Sort(changed[table])
		if err := r.readAgain(ctx, table, table, slices.Compact(changed[table])); err != nil {
			return r.result, err
		}
	}
	return r.end(ctx, latest)
}

// about returns the record to which an event refers. The contents of the event are not
// used, because the job reads the current record.
func about(e coreapi.Event) (table, id string) {
	switch {
	case e.Type.Is("user.login"), e.Type.Is("user.password"): // these events are frequent, and change no record in the copy
		return "", ""
	case e.Type.Is("user"):
		return users, e.UserID
	case e.Type.Is("org"):
		return orgs, e.OrgID
	case e.Type.Is("membership"):
		return memberships, e.MembershipID
	}
	return "", ""
}

// latestEvent returns the latest event of the realm, or the zero value if there is none.
func (r *run) latestEvent(ctx context.Context) (latestEvent, error) {
	page, err := r.API.Events.List(ctx, coreapi.EventQuery{PageSize: 1, Direction: coreapi.Descending})
	if err != nil || len(page.Items) == 0 {
		return latestEvent{}, err
	}
	return latestEvent{page.Items[0].ID, page.Items[0].At}, nil
}
