package coreapi

import (
	"context"
	"errors"
)

const maxCreates = 1 + 3

// Once creates a record, but does not create a second one if an answer is lost.
// AuthRocket has no idempotency keys. If it is unknown whether a call of create was
// carried out ([ErrOutcomeUnknown]), Once calls find for up to 15 seconds. If find finds
// no record, Once calls create again, up to three times in total.
//
// find looks for the record and returns [ErrNotFound] if there is none. find must
// recognise the record by something that only your program sets, such as a Reference. An
// email address is not enough, because it may belong to another person's record. Once
// also works for actions such as [Invitations.Invite]. In that case, find returns
// ErrNotFound until the record shows that the action was done.
//
// Give ctx a deadline, because otherwise Once may take minutes. Once cannot detect
// earlier runs of your program, so a job that starts again must look for the record
// before it calls Once.
//
// Once returns [ErrOutcomeUnknown] if there may be a record that find did not find.
func Once[T any](ctx context.Context, create, find func(context.Context) (T, error)) (T, error) {
	var unknown error // the latest ErrOutcomeUnknown
	for range maxCreates {
		value, err := create(ctx)
		switch {
		case errors.Is(err, ErrOutcomeUnknown):
			unknown = err
		case err == nil || unknown == nil:
			return value, err
		case !errors.Is(err, ErrInvalid):
			return *new(T), unknown // this attempt was not carried out, but the previous one may have been
		}
		// After an unknown outcome, ErrInvalid may mean that the record already exists.
		found, lookErr := Until(ctx, find, nil)
		switch {
		case lookErr == nil:
			return found, nil
		case !errors.Is(lookErr, ErrNotVisible), errors.Is(lookErr, context.Canceled), errors.Is(lookErr, context.DeadlineExceeded):
			return found, unknown // the search was too short to be sure
		case !errors.Is(err, ErrOutcomeUnknown):
			return found, err
		}
	}
	return *new(T), unknown
}
