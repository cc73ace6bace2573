package coreapi_test

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/authrocket-go/authrocket/coreapi"
)

func TestBudget(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name      string
		perSecond float64
		calls     int
		want      time.Duration
	}{
		{name: "20 at once", calls: 20},
		{name: "then 10 in a second", calls: 50, want: 3 * time.Second},
		{name: "2 at once and 1 in a second", perSecond: 1, calls: 5, want: 3 * time.Second},
		{name: "1 at once and 1 in 10 seconds", perSecond: 0.1, calls: 2, want: 10 * time.Second},
		{name: "none", perSecond: -1, calls: 1000},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				server := newAPI(answer(200, adaJSON))
				config := testConfig(server)
				config.RequestsPerSecond = row.perSecond
				client := newClient(t, config)
				start := time.Now()
				var group sync.WaitGroup
				for range row.calls {
					group.Go(func() { expectError(t, calls["GET"](t.Context(), client), nil) })
				}
				group.Wait()
				if took := time.Since(start).Round(time.Millisecond); took != row.want {
					t.Errorf("took %s, want %s", took, row.want)
				}
			})
		})
	}
}

func TestBudgetThatIsUsedUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := newAPI(answer(201, adaJSON))
		config := testConfig(server)
		config.RequestsPerSecond = 0.1
		client := newClient(t, config)
		expectError(t, calls["POST"](t.Context(), client), nil)

		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		start := time.Now()
		err := calls["POST"](ctx, client)
		expectError(t, err, coreapi.ErrRateLimited)
		if e, ok := errors.AsType[*coreapi.Error](err); !ok || e.RetryAfter != 10*time.Second || e.Status != 0 || e.Attempts != 0 {
			t.Errorf("got %v, want nothing sent, and to come back in 10 s", err)
		}
		if time.Since(start) != 0 {
			t.Errorf("the refusal took %s", time.Since(start))
		}
		expectCount(t, server, 1)

		// A refused turn stays available to the next request.
		expectError(t, calls["POST"](t.Context(), client), nil)
		if took := time.Since(start); took != 10*time.Second {
			t.Errorf("the next turn came after %s, want 10 s", took)
		}
	})
}

func TestACallThatCancelsGivesItsTurnBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := newAPI(answer(200, adaJSON))
		config := testConfig(server)
		config.RequestsPerSecond = 0.1
		client := newClient(t, config)
		expectError(t, calls["GET"](t.Context(), client), nil)
		start := time.Now()
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(5*time.Second, cancel)
		err := calls["GET"](ctx, client)
		expectError(t, err, coreapi.ErrUnavailable)
		if !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want context.Canceled in its chain", err)
		}
		expectError(t, calls["GET"](t.Context(), client), nil)
		if took := time.Since(start); took != 10*time.Second {
			t.Errorf("the next turn came after %s, want 10 s", took)
		}
	})
}

func TestPauseAfter429(t *testing.T) {
	t.Parallel()
	server := time.Date(2031, 5, 6, 7, 8, 9, 0, time.UTC) // far from the local clock
	in := func(d time.Duration) string { return httpDate(server.Add(d)) }
	date := httpDate(server)
	for _, row := range []struct {
		name   string
		header []string
		want   time.Duration
	}{
		{name: "as Ratelimit-Reset says, by the answer's own Date", header: []string{"Date", date, "Ratelimit-Reset", in(7 * time.Second)}, want: 7 * time.Second},
		{name: "a minute at most", header: []string{"Date", date, "Ratelimit-Reset", in(365 * 24 * time.Hour)}, want: time.Minute},
		{name: "a reset in the past says nothing", header: []string{"Date", date, "Ratelimit-Reset", in(-time.Hour)}, want: time.Second},
		{name: "a reset right now says nothing", header: []string{"Date", date, "Ratelimit-Reset", date}, want: time.Second},
		{name: "a reset without a Date says nothing", header: []string{"Ratelimit-Reset", in(7 * time.Second)}, want: time.Second},
		{name: "a reset that cannot be read says nothing", header: []string{"Date", date, "Ratelimit-Reset", "7"}, want: time.Second},
		{name: "else as Retry-After says", header: []string{"Retry-After", "9"}, want: 9 * time.Second},
		{name: "Retry-After in the past says nothing", header: []string{"Date", date, "Retry-After", in(-time.Second)}, want: time.Second},
		{name: "Retry-After as a date", header: []string{"Date", date, "Retry-After", in(8 * time.Second)}, want: 8 * time.Second},
		{name: "Ratelimit-Reset before Retry-After", header: []string{"Date", date, "Ratelimit-Reset", in(7 * time.Second), "Retry-After", "9"}, want: 7 * time.Second},
		{name: "Retry-After is a minute at most, too", header: []string{"Retry-After", "999999999"}, want: time.Minute},
		{name: "a negative Retry-After says nothing", header: []string{"Retry-After", "-5"}, want: time.Second},
		{name: "a Retry-After that is too large says nothing", header: []string{"Retry-After", "99999999999999999999"}, want: time.Second},
		{name: "else a second", want: time.Second},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				server := newAPI(answer(429, `{}`, row.header...), answer(201, adaJSON))
				config := testConfig(server)
				config.RequestsPerSecond = -1
				client := newClient(t, config)
				ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
				defer cancel()
				start := time.Now()
				expectError(t, calls["POST"](ctx, client), nil)
				if took := time.Since(start); took != row.want {
					t.Errorf("the pause took %s, want %s", took, row.want)
				}
				expectCount(t, server, 2)
			})
		})
	}
}

func TestPausesGrow(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := newAPI(answer(429, ""))
		config := testConfig(server)
		config.RequestsPerSecond, config.Retries = -1, 4
		start := time.Now()
		err := calls["POST"](t.Context(), newClient(t, config))
		expectError(t, err, coreapi.ErrRateLimited)
		if e, ok := errors.AsType[*coreapi.Error](err); !ok || e.Status != 429 || e.RetryAfter != 4*time.Second {
			t.Errorf("got %v, want to come back in 4 s", err)
		}
		if took := time.Since(start); took != (1+2+4+4)*time.Second {
			t.Errorf("took %s, want 1, 2, 4 and 4 s", took)
		}
	})
}

// After a 429 all copies of the Client pause. Then they send their requests one after the
// other.
func TestAPauseIsForAll(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var times []time.Duration
		start := time.Now()
		note := func(next answerFunc) answerFunc {
			return func(w http.ResponseWriter, r *http.Request) {
				mu.Lock()
				times = append(times, time.Since(start))
				mu.Unlock()
				next(w, r)
			}
		}
		server := newAPI(note(answer(429, "", "Retry-After", "5")), note(answer(200, adaJSON)))
		client := clientOf(t, server)
		var group sync.WaitGroup
		group.Go(func() { expectError(t, calls["GET"](t.Context(), client), nil) })
		synctest.Wait()
		for range 9 {
			group.Go(func() { expectError(t, calls["GET"](t.Context(), client.InRealm("rl_2")), nil) })
		}
		group.Wait()
		if len(times) != 11 || times[1] < 5*time.Second {
			t.Fatalf("got requests after %v, want one, and ten more after the pause of 5 s", times)
		}
		for i, at := range times[1:] {
			if want := 5*time.Second + time.Duration(i+1)*100*time.Millisecond; at.Round(time.Millisecond) != want {
				t.Errorf("request %d came after %s, want %s: the budget starts empty after the pause", i+2, at, want)
			}
		}
	})
}

// A request that waits for its turn when a pause begins waits for the pause, too.
func TestAPauseStopsThoseWhoWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		var second time.Duration
		slow429 := func(w http.ResponseWriter, r *http.Request) {
			time.Sleep(time.Second)
			answer(429, "", "Retry-After", "20")(w, r)
		}
		server := newAPI(slow429, func(w http.ResponseWriter, r *http.Request) {
			if second == 0 {
				second = time.Since(start)
			}
			answer(200, adaJSON)(w, r)
		})
		config := testConfig(server)
		config.RequestsPerSecond = 0.5
		client := newClient(t, config)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		var group sync.WaitGroup
		group.Go(func() { expectError(t, calls["GET"](ctx, client), nil) })
		synctest.Wait()
		group.Go(func() { expectError(t, calls["GET"](ctx, client), nil) }) // its turn comes after 2 s
		group.Wait()
		if second < 21*time.Second {
			t.Errorf("a request came after %s, within the pause that ends after 21 s", second)
		}
	})
}

// If a pause ends after the context, the call is refused at once and nothing is sent.
func TestAPauseThatIsTooLong(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := newAPI(answer(429, "", "Retry-After", "50"), answer(200, adaJSON))
		client := clientOf(t, server)
		start := time.Now()
		for range 2 { // calls without a deadline end after 30 s
			expectError(t, calls["GET"](t.Context(), client), coreapi.ErrRateLimited)
		}
		expectCount(t, server, 1)
		if time.Since(start) != 0 {
			t.Errorf("took %s, want nothing", time.Since(start))
		}
		time.Sleep(50 * time.Second)
		expectError(t, calls["GET"](t.Context(), client), nil)
	})
}
