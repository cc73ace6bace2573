package webhook

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/authrocket-go/authrocket/coreapi"
)

var (
	errBusy         = errors.New("there are too many webhooks at the same time")
	errNotConfirmed = errors.New("the API does not confirm the event")
	errNotThere     = fmt.Errorf("%w: it does not show the event, or not yet; an AuthRocket plan without event history shows no events", errNotConfirmed)
	errOther        = fmt.Errorf("%w: the event with that ID has another type", errNotConfirmed)
	errStillThere   = fmt.Errorf("%w: the record still exists", errNotConfirmed)
	errWrongRealm   = fmt.Errorf("%w: the API key does not belong to the realm that the webhook names; check the key and the realm", errNotConfirmed)
	errNoUser       = fmt.Errorf("%w: the realm has no user that could show to which realm the API key belongs", errNotConfirmed)
)

// confirm returns the event of a notice if the API confirms it. For a deletion, the API
// confirms only that the record no longer exists.
func (rc *receiver) confirm(ctx context.Context, n notice, now time.Time) (coreapi.Event, error) {
	ctx, cancel := context.WithTimeout(ctx, confirmTimeout)
	defer cancel()
	api := rc.config.API
	if _, isDeletion := recordOf[n.kind]; !isDeletion {
		return rc.readEvent(ctx, n)
	}
	// A key of another realm finds no records, so "not found" proves nothing until the
	// realm is checked. The check comes first, so that webhooks for another realm cost no
	// further request.
	if err := rc.checkRealm(ctx, n.realm); err != nil {
		return coreapi.Event{}, err
	}
	var err error
	switch n.kind {
	case coreapi.EventSessionDeleted:
		err = untilGone(ctx, rc, func(ctx context.Context) (coreapi.Session, error) { return api.Sessions.Get(ctx, n.session) })
	case coreapi.EventUserDeleted:
		err = untilGone(ctx, rc, func(ctx context.Context) (coreapi.User, error) {
			user, err := api.Users.Get(ctx, n.user)
			if err == nil && user.ID != n.user {
				err = coreapi.ErrNotFound // this is another user, whose username equals that ID
			}
			return user, err
		})
	case coreapi.EventMembershipDeleted:
		err = untilGone(ctx, rc, func(ctx context.Context) (coreapi.Membership, error) {
			return api.Memberships.Get(ctx, n.membership)
		})
	}
	if err != nil {
		return coreapi.Event{}, err
	}
	return n.event(now)
}

// readEvent reads the event from the API.
func (rc *receiver) readEvent(ctx context.Context, n notice) (coreapi.Event, error) {
	var last error
	event, err := coreapi.Until(ctx, func(ctx context.Context) (event coreapi.Event, err error) {
		if last = rc.turn(ctx); last == nil {
			event, last = rc.config.API.Events.Get(ctx, n.id)
		}
		return event, last
	}, nil)
	switch {
	case err != nil:
		return event, whyNot(err, last, errNotThere)
	case event.ID != n.id || event.Type != n.kind:
		return coreapi.Event{}, errOther
	}
	return event, nil
}

// untilGone reads a record until the API no longer finds it, and then returns nil. If the
// record still exists at the end of the wait, it returns an error.
func untilGone[T any](ctx context.Context, rc *receiver, read func(context.Context) (T, error)) error {
	var last error
	err := coreapi.UntilGone(ctx, func(ctx context.Context) (record T, err error) {
		if last = rc.turn(ctx); last == nil {
			record, last = read(ctx)
		}
		return record, last
	})
	if err != nil {
		return whyNot(err, last, errStillThere)
	}
	return nil
}

// whyNot returns the error that explains why a wait ended with err. If err is not
// [coreapi.ErrNotVisible], whyNot returns err. The error of the
// latest read is last. If the API did not answer that read, whyNot returns last. Otherwise
// it returns why.
func whyNot(err, last, why error) error {
	switch {
	case !errors.Is(err, coreapi.ErrNotVisible):
		return err
	case errors.Is(last, coreapi.ErrUnavailable):
		return last
	}
	return why
}

// turn waits until the budget permits another request that confirms an event.
func (rc *receiver) turn(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if rc.budget.Wait(ctx) != nil {
		return errBusy
	}
	return nil
}

// knownRealm is the realm of the API key.
type knownRealm struct {
	turn  chan struct{} // held by whoever reads or writes the other fields
	id    string        // "" until it is known from a user's record
	until time.Time     // when the realm must be read from the API again
}

const realmKnownFor = time.Minute

// checkRealm returns nil if the API key belongs to the realm that a webhook names. If the
// webhook names no realm, the key may belong to any realm. Only after this check does
// "not found" mean that a record is gone.
func (rc *receiver) checkRealm(ctx context.Context, named string) error {
	known := &rc.realm
	select {
	case known.turn <- struct{}{}:
		defer func() { <-known.turn }()
	case <-ctx.Done():
		return errBusy
	}
	if now := time.Now(); !now.Before(known.until) {
		if err := rc.turn(ctx); err != nil {
			return err
		}
		page, err := rc.config.API.Users.List(ctx, coreapi.UserQuery{PageSize: 1})
		switch {
		case errors.Is(err, coreapi.ErrNotFound):
			return errWrongRealm
		case err != nil:
			return err
		case len(page.Items) > 0:
			known.id = page.Items[0].RealmID
		case known.id == "":
			return errNoUser
		}
		// Keep the known realm even if the list has no users, because the last user may
		// just have been deleted.
		known.until = now.Add(realmKnownFor)
	}
	if named != "" && named != known.id {
		return errWrongRealm
	}
	return nil
}
