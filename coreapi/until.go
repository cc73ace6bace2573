package coreapi

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"
)

const (
	untilTimeout   = 15 * time.Second
	firstUntilWait = 100 * time.Millisecond
	maxUntilWait   = 2 * time.Second
	maxSilence     = 5 * time.Second // if the API has not answered for this long when the wait ends, until returns the error of the last read
)

// Until reads a record until done returns true. If done is nil, it reads until the record
// exists. Use it if another process, a list or a login must see a write. Your own program
// should use the record that the write returned.
//
// Until reads again after [ErrNotFound] and [ErrUnavailable]. Any other error ends the
// wait. Until waits 100 ms, 200 ms and so on between reads. After 15 seconds it returns
// [ErrNotVisible]. Every read counts against Config.RequestsPerSecond.
func Until[T any](ctx context.Context, read func(context.Context) (T, error), done func(T) bool) (T, error) {
	var value T
	err := until(ctx, func(ctx context.Context) (bool, error) {
		var err error
		value, err = read(ctx)
		switch {
		case errors.Is(err, ErrNotFound):
			return false, nil
		case err != nil:
			return false, err
		}
		return done == nil || done(value), nil
	})
	return value, zeroed(&value, err)
}

// UntilGone reads a record until read returns [ErrNotFound]. It waits in the same way as
// [Until].
func UntilGone[T any](ctx context.Context, read func(context.Context) (T, error)) error {
	return until(ctx, func(ctx context.Context) (bool, error) {
		_, err := read(ctx)
		if errors.Is(err, ErrNotFound) {
			return true, nil
		}
		return false, err
	})
}

// until calls ask repeatedly until ask returns true.
func until(ctx context.Context, ask func(context.Context) (bool, error)) error {
	end := time.Now().Add(untilTimeout)
	limited, cancel := context.WithDeadline(ctx, end)
	defer cancel()
	var lastRead time.Time // the time of the last read that succeeded
	for wait := firstUntilWait; ; wait = min(2*wait, maxUntilWait) {
		yes, err := ask(limited)
		if yes {
			return nil
		}
		switch {
		case err == nil:
			lastRead = time.Now()
		case !errors.Is(err, ErrUnavailable):
			return err
		}
		pause := wait/2 + rand.N(wait/2)
		if deadline, _ := limited.Deadline(); pause < time.Until(deadline) && sleep(limited, pause) == nil {
			continue
		}
		if err != nil && ctx.Err() == nil && time.Since(lastRead) > maxSilence {
			return err // the API cannot be reached, so nothing is known about the record
		}
		cause := ctx.Err()
		if deadline, has := ctx.Deadline(); has && deadline.Before(end) {
			cause = context.DeadlineExceeded // the deadline is so close that there is no time for another wait
		}
		return &Error{reason: ErrNotVisible, cause: cause}
	}
}
