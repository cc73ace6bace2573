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
	maxSilence     = 5 * time.Second // of the API, before the end of the wait
)

// Until is for another process, a list or a login that has to see a write: use what the
// write returned wherever you can. It reads until done, or until the record is there when
// done is nil. [ErrNotFound] means not yet, and so does [ErrUnavailable]; another error
// ends it. It waits 100 ms, 200 ms and so on between reads, 15 seconds at most, and then
// returns [ErrNotVisible]. Every read draws on the budget of requests.
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

// UntilGone reads until the record is not there: until [ErrNotFound]. It waits as [Until]
// does.
func UntilGone[T any](ctx context.Context, read func(context.Context) (T, error)) error {
	return until(ctx, func(ctx context.Context) (bool, error) {
		_, err := read(ctx)
		if errors.Is(err, ErrNotFound) {
			return true, nil
		}
		return false, err
	})
}

// until asks until the answer is yes.
func until(ctx context.Context, ask func(context.Context) (bool, error)) error {
	end := time.Now().Add(untilTimeout)
	limited, cancel := context.WithDeadline(ctx, end)
	defer cancel()
	var lastRead time.Time // that said "not yet"
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
			return err // the API is out of reach: nothing is known
		}
		cause := ctx.Err()
		if deadline, has := ctx.Deadline(); has && deadline.Before(end) {
			cause = context.DeadlineExceeded // as good as: no wait fits in
		}
		return &Error{reason: ErrNotVisible, cause: cause}
	}
}
