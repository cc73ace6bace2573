package coreapi_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/authrocket-go/authrocket/coreapi"
)

// script returns each error in turn, and repeats the last one. nil stands for a record
// whose number is that of the read.
type script struct {
	errs  []error
	times []time.Time
}

func (s *script) read(context.Context) (int, error) {
	s.times = append(s.times, time.Now())
	err := s.errs[min(len(s.times), len(s.errs))-1]
	return len(s.times), err
}

func TestUntil(t *testing.T) {
	t.Parallel()
	odd := errors.New("odd")
	for _, row := range []struct {
		name  string
		errs  []error
		done  func(int) bool
		want  error
		value int
	}{
		{name: "at once", errs: []error{nil}, value: 1},
		{name: "after a while", errs: []error{coreapi.ErrNotFound, coreapi.ErrNotFound, nil}, value: 3},
		{name: "when it is done", errs: []error{nil}, done: func(n int) bool { return n == 4 }, value: 4},
		{name: "when the API is back", errs: []error{coreapi.ErrUnavailable, coreapi.ErrRateLimited, nil}, value: 3},
		{name: "never there", errs: []error{coreapi.ErrNotFound}, want: coreapi.ErrNotVisible},
		{name: "never done", errs: []error{nil}, done: func(int) bool { return false }, want: coreapi.ErrNotVisible},
		{name: "never back", errs: []error{coreapi.ErrUnavailable}, want: coreapi.ErrUnavailable},
		{name: "a key that is refused ends it", errs: []error{coreapi.ErrKeyRefused, nil}, want: coreapi.ErrKeyRefused},
		{name: "an error of no kind ends it", errs: []error{odd, nil}, want: odd},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := &script{errs: row.errs}
				start := time.Now()
				value, err := coreapi.Until(t.Context(), s.read, row.done)
				if !errors.Is(err, row.want) || value != row.value {
					t.Errorf("got %d, %v, want %d, %v", value, err, row.value, row.want)
				}
				if row.want == coreapi.ErrNotVisible {
					expectError(t, err, coreapi.ErrNotVisible)
				}
				if row.want == coreapi.ErrUnavailable && errors.Is(err, coreapi.ErrNotVisible) {
					t.Error("an API that is out of reach shows nothing, so that nothing can be said")
				}
				if took := time.Since(start); took > 15*time.Second || row.want == coreapi.ErrNotVisible && took < 12*time.Second {
					t.Errorf("took %s, want 15 s at most", took)
				}
			})
		})
	}
}

// If the API stops answering just before the end, its earlier answers still count: the
// record does not exist. If it has not answered for long, nothing is known.
func TestUntilTheAPIFallsSilent(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name  string
		after time.Duration
		want  error
	}{
		{name: "just before the end", after: 12500 * time.Millisecond, want: coreapi.ErrNotVisible},
		{name: "long before the end", after: 5 * time.Second, want: coreapi.ErrUnavailable},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				_, err := coreapi.Until(t.Context(), func(context.Context) (int, error) {
					if time.Since(start) < row.after {
						return 0, coreapi.ErrNotFound
					}
					return 0, coreapi.ErrUnavailable
				}, nil)
				if expectError(t, err, row.want); coreapi.Reason(err) != coreapi.Reason(row.want) {
					t.Errorf("got %v, want %v", err, row.want)
				}
			})
		})
	}
}

func TestUntilWaits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &script{errs: []error{coreapi.ErrNotFound}}
		coreapi.Until(t.Context(), s.read, nil)
		for i, ms := range []int{100, 200, 400, 800, 1600, 2000, 2000} {
			wait, longest := s.times[i+1].Sub(s.times[i]), time.Duration(ms)*time.Millisecond
			if wait < longest/2 || wait > longest {
				t.Errorf("wait %d is %s, want %s to %s", i+1, wait, longest/2, longest)
			}
		}
	})
}

func TestUntilEndsWithItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(3*time.Second, cancel)
		start := time.Now()
		_, err := coreapi.Until(ctx, (&script{errs: []error{coreapi.ErrNotFound}}).read, nil)
		expectError(t, err, coreapi.ErrNotVisible)
		if !errors.Is(err, context.Canceled) || time.Since(start) != 3*time.Second {
			t.Errorf("got %v after %s, want context.Canceled after 3 s", err, time.Since(start))
		}
	})
}

// A read that hangs ends after the 15 seconds of Until.
func TestUntilWithAReadThatHangs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		client := clientOf(t, newAPI(hang))
		_, err := coreapi.Until(t.Context(), func(ctx context.Context) (coreapi.User, error) { return client.Users.Get(ctx, "usr_1") }, nil)
		expectError(t, err, coreapi.ErrUnavailable)
		if time.Since(start) != 15*time.Second {
			t.Errorf("took %s, want 15 s", time.Since(start))
		}
	})
}

func TestUntilGone(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name string
		errs []error
		want error
	}{
		{name: "at once", errs: []error{coreapi.ErrNotFound}},
		{name: "after a while", errs: []error{nil, coreapi.ErrUnavailable, nil, coreapi.ErrNotFound}},
		{name: "never", errs: []error{nil}, want: coreapi.ErrNotVisible},
		{name: "an answer that cannot be read ends it", errs: []error{coreapi.ErrUnexpected, coreapi.ErrNotFound}, want: coreapi.ErrUnexpected},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				expectError(t, coreapi.UntilGone(t.Context(), (&script{errs: row.errs}).read), row.want)
			})
		})
	}
}

func TestOnce(t *testing.T) {
	t.Parallel()
	unknown, missing := coreapi.ErrOutcomeUnknown, coreapi.ErrNotFound
	for _, row := range []struct {
		name    string
		creates []error
		finds   []error
		want    error
		created int
		found   bool // the value is the one that find returned
	}{
		{name: "it works", creates: []error{nil}, created: 1},
		{name: "what is refused is not looked for", creates: []error{coreapi.ErrInvalid}, want: coreapi.ErrInvalid, created: 1},
		{name: "what was not sent is not looked for", creates: []error{coreapi.ErrUnavailable}, want: coreapi.ErrUnavailable, created: 1},
		{name: "lost, and there", creates: []error{unknown}, finds: []error{nil}, created: 1, found: true},
		{name: "lost, and there after a while", creates: []error{unknown}, finds: []error{missing, missing, coreapi.ErrUnavailable, nil}, created: 1, found: true},
		{name: "lost, and not there", creates: []error{unknown, nil}, finds: []error{missing}, created: 2},
		{name: "lost twice, and not there", creates: []error{unknown, unknown, nil}, finds: []error{missing}, created: 3},
		{name: "lost three times, and not there", creates: []error{unknown, unknown, unknown, nil}, finds: []error{missing}, created: 4},
		{name: "lost four times, and not there", creates: []error{unknown}, finds: []error{missing}, want: unknown, created: 4},
		{name: "lost, and it cannot be looked for", creates: []error{unknown, nil}, finds: []error{coreapi.ErrUnavailable}, want: unknown, created: 1},
		{name: "lost, and the key may not look for it", creates: []error{unknown, nil}, finds: []error{coreapi.ErrKeyRefused}, want: unknown, created: 1},
		{name: "lost, then not sent: the first may exist", creates: []error{unknown, coreapi.ErrRateLimited}, finds: []error{missing}, want: unknown, created: 2},
		{name: "lost, then taken, and there", creates: []error{unknown, coreapi.ErrInvalid}, finds: append(manyErrors(20, missing), nil), created: 2, found: true},
		{name: "lost, then taken, and not there", creates: []error{unknown, coreapi.ErrInvalid}, finds: []error{missing}, want: coreapi.ErrInvalid, created: 2},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				create, find := &script{errs: row.creates}, &script{errs: row.finds}
				value, err := coreapi.Once(t.Context(),
					func(ctx context.Context) (string, error) {
						n, err := create.read(ctx)
						return fmt.Sprint("created ", n), err
					},
					func(ctx context.Context) (string, error) {
						n, err := find.read(ctx)
						return fmt.Sprint("found ", n), err
					})
				expectError(t, err, row.want)
				if len(create.times) != row.created {
					t.Errorf("created %d times, want %d", len(create.times), row.created)
				}
				if err == nil && (value[:5] == "found") != row.found {
					t.Errorf("got %q, want what was found: %t", value, row.found)
				}
				if row.finds == nil && len(find.times) > 0 {
					t.Error("it was looked for")
				}
			})
		})
	}
}

func manyErrors(n int, err error) []error {
	errs := make([]error, n)
	for i := range errs {
		errs[i] = err
	}
	return errs
}

// If the context ends while Once looks for the record, the outcome stays unknown and
// nothing is repeated.
func TestOnceEndsWithItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		create := &script{errs: []error{coreapi.ErrOutcomeUnknown, nil}}
		_, err := coreapi.Once(ctx, create.read, (&script{errs: []error{coreapi.ErrNotFound}}).read)
		expectError(t, err, coreapi.ErrOutcomeUnknown)
		if len(create.times) != 1 {
			t.Errorf("created %d times, want 1", len(create.times))
		}
	})
}
