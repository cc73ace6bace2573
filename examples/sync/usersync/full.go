package usersync

import (
	"context"
	"database/sql"
	"errors"
	"iter"

	"github.com/authrocket-go/authrocket/coreapi"
)

// Full copies all records, and then marks those that are gone. If a run is interrupted,
// the pages that it has copied stay in the database. The next run starts again from the
// beginning.
func (j *Job) Full(ctx context.Context) (Result, error) {
	return j.full(ctx, "")
}

func (j *Job) full(ctx context.Context, why string) (Result, error) {
	defer j.Progress.End()
	r, err := j.begin(ctx, true)
	if err != nil {
		return Result{}, err
	}
	r.result.Why = why
	latest, err := r.latestEvent(ctx) // read before any record, so that the next run by events handles later changes
	if err != nil {
		return r.result, err
	}
	// The lists are sorted by ID, because in a list sorted by name, a rename during the
	// run could hide a record.
	all := r.API.Users.All(ctx, coreapi.UserQuery{PageSize: r.PageSize, Sort: "id"})
	if err := copyList(ctx, r, users, all, userRecord); err != nil {
		return r.result, err
	}
	var orgIDs []string
	allOrgs := r.API.Orgs.All(ctx, coreapi.OrgQuery{PageSize: r.PageSize, Sort: "id"})
	err = copyList(ctx, r, orgs, allOrgs, func(o coreapi.Org) record {
		orgIDs = append(orgIDs, o.ID)
		return orgRecord(o)
	})
	if err != nil {
		return r.result, err
	}
	if err := copyList(ctx, r, memberships, r.membershipsOf(ctx, orgIDs), membershipRecord); err != nil {
		return r.result, err
	}
	// At this point, all lists have been read to the end. A record that was in no list is
	// read by its ID.
	for _, table := range tables {
		missing, err := r.texts(ctx, `SELECT id FROM `+table+` WHERE seen < ? AND deleted_at IS NULL ORDER BY id`, r.number)
		if err != nil {
			return r.result, err
		}
		if err := r.readAgain(ctx, "missing "+table, table, missing); err != nil {
			return r.result, err
		}
	}
	return r.end(ctx, latest)
}

// membershipsOf reads the memberships of these orgs, one org after the other, because
// the API lists memberships only by org or by user.
func (r *run) membershipsOf(ctx context.Context, orgIDs []string) iter.Seq2[coreapi.Membership, error] {
	return func(yield func(coreapi.Membership, error) bool) {
		for _, id := range orgIDs {
			for m, err := range r.API.Memberships.OfOrg(ctx, id, coreapi.MembershipQuery{PageSize: r.PageSize}) {
				if errors.Is(err, coreapi.ErrNotFound) {
					break // the org was deleted in the meantime
				}
				if !yield(m, err) || err != nil {
					return
				}
			}
		}
	}
}

// copyList writes all records of a list, page by page.
func copyList[T any](ctx context.Context, r *run, table string, list iter.Seq2[T, error], recordOf func(T) record) error {
	done := 0
	r.Progress.Report(table, 0)
	for page, err := range pages(list, r.PageSize) {
		if err != nil {
			return err
		}
		err := r.inTransaction(ctx, func(tx *sql.Tx) error {
			for _, item := range page {
				if err := r.write(ctx, tx, recordOf(item)); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		done += len(page)
		r.count(table, len(page))
		r.Progress.Report(table, done)
	}
	return nil
}

// pages divides a list into pages of this size. If the list yields an error, pages yields
// the error once, and then ends.
func pages[T any](list iter.Seq2[T, error], size int) iter.Seq2[[]T, error] {
	return func(yield func([]T, error) bool) {
		var page []T
		for item, err := range list {
			if err != nil {
				yield(nil, err)
				return
			}
			if page = append(page, item); len(page) == size {
				if !yield(page, nil) {
					return
				}
				page = nil
			}
		}
		if len(page) > 0 {
			yield(page, nil)
		}
	}
}
