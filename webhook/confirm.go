package webhook

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/authrocket-go/authrocket/coreapi"
)

var (
	errBusy         = errors.New("there are too many webhooks at once")
	errNotConfirmed = errors.New("the API does not confirm it")
	errNotThere     = fmt.Errorf("%w: it has no such event, or does not show it yet; a plan without event history shows none", errNotConfirmed)
	errOther        = fmt.Errorf("%w: the event of that ID is of another type", errNotConfirmed)
	errStillThere   = fmt.Errorf("%w: the record is still there", errNotConfirmed)
	errWrongRealm   = fmt.Errorf("%w: API key and realm look wrong, since the key is not of the realm that the webhook names, or finds nothing there", errNotConfirmed)
	errNoUser       = fmt.Errorf("%w: no user shows of which realm the API key is", errNotConfirmed)
)

// confirm returns what the API confirms of a notice.
func (rc *receiver) confirm(ctx context.Context, n notice, now time.Time) (coreapi.Event, error) {
	ctx, cancel := context.WithTimeout(ctx, confirmTimeout)
	defer cancel()
	api := rc.config.API
	if _, isDeletion := recordOf[n.kind]; !isDeletion {
		return rc.readEvent(ctx, n)
	}
	// Nothing is there for a key of another realm. The realm comes first: what is sent
	// for another one then costs no request.
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
				err = coreapi.ErrNotFound // somebody else, who has that ID as a username
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

// readEvent returns the event that the API has.
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

// untilGone returns nil once a record is not there.
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

// whyNot returns why a wait ended with err after a read that ended with last: answers came
// in time, and are why, or none came.
func whyNot(err, last, why error) error {
	switch {
	case !errors.Is(err, coreapi.ErrNotVisible):
		return err
	case errors.Is(last, coreapi.ErrUnavailable):
		return last
	}
	return why
}

// turn waits for the budget of read-backs.
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
	turn  chan struct{} // held by who reads or writes the rest
	id    string        // "" while no user has shown it
	until time.Time     // when it has to be asked again
}

const realmKnownFor = time.Minute

// checkRealm returns nil if the API shows records of the realm that a webhook names, or of any
// realm if it names none: a record that is not there is then gone.
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
		// A list without users is an answer, too: the last one may just have been deleted.
		known.until = now.Add(realmKnownFor)
	}
	if named != "" && named != known.id {
		return errWrongRealm
	}
	return nil
}
