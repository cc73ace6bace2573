package coreapi

import (
	"context"
	"errors"
)

const maxCreates = 1 + 3

// Once creates a record, and only one. AuthRocket has no key for idempotent requests: when
// it is not known whether a create was carried out ([ErrOutcomeUnknown]), Once looks for the
// record with find, for up to 15 seconds, and creates again only if there is none, up to
// three times. find returns [ErrNotFound] when there is no record. It has to recognise the
// record by what only your program gives, such as a Reference: whoever has an email address
// may be somebody else. An action such as [Invitations.Invite] works in the same way: find
// returns ErrNotFound until the record shows that it was done.
//
// Give ctx a deadline: without one, Once may take minutes. It knows nothing of earlier runs of
// your program: a job that starts again has to look before it calls Once.
//
// What Once returns is [ErrOutcomeUnknown] as long as a record may exist that was not seen.
func Once[T any](ctx context.Context, create, find func(context.Context) (T, error)) (T, error) {
	var unknown error // the last ErrOutcomeUnknown
	for range maxCreates {
		value, err := create(ctx)
		switch {
		case errors.Is(err, ErrOutcomeUnknown):
			unknown = err
		case err == nil || unknown == nil:
			return value, err
		case !errors.Is(err, ErrInvalid):
			return *new(T), unknown // this one was not carried out, the one before may have been
		}
		// ErrInvalid after an unknown outcome may mean that the record is there already.
		found, lookErr := Until(ctx, find, nil)
		switch {
		case lookErr == nil:
			return found, nil
		case !errors.Is(lookErr, ErrNotVisible), errors.Is(lookErr, context.Canceled), errors.Is(lookErr, context.DeadlineExceeded):
			return found, unknown // it was not looked for long enough
		case !errors.Is(err, ErrOutcomeUnknown):
			return found, err
		}
	}
	return *new(T), unknown
}
