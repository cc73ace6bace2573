package coreapi_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/authrocket-go/authrocket/coreapi"
)

// calls has one call of each method, and the one PUT that must not be repeated.
var calls = map[string]func(context.Context, *coreapi.Client) error{
	"GET": func(ctx context.Context, c *coreapi.Client) error { _, err := c.Users.Get(ctx, "usr_1"); return err },
	"PUT": func(ctx context.Context, c *coreapi.Client) error {
		_, err := c.Users.Update(ctx, "usr_1", coreapi.UserChange{FirstName: new("Ada")})
		return err
	},
	"DELETE": func(ctx context.Context, c *coreapi.Client) error { return c.Users.Delete(ctx, "usr_1") },
	"POST": func(ctx context.Context, c *coreapi.Client) error {
		_, err := c.Users.Create(ctx, coreapi.NewUser{Email: "ada@example.com"})
		return err
	},
	"update_password": func(ctx context.Context, c *coreapi.Client) error {
		_, err := c.Users.UpdatePassword(ctx, "usr_1", coreapi.PasswordChange{Current: coreapi.Hide("old"), New: coreapi.Hide("new")})
		return err
	},
}

type answerFunc = func(http.ResponseWriter, *http.Request)

func TestRepeats(t *testing.T) {
	t.Parallel()
	ok := answer(200, adaJSON)
	for _, row := range []struct {
		name    string
		call    string
		answers []answerFunc
		want    error // nil means success
		count   int
	}{
		{name: "a GET whose answer is lost is repeated", call: "GET", answers: []answerFunc{lose, ok}, count: 2},
		{name: "a GET after 500 is repeated", call: "GET", answers: []answerFunc{answer(500, ""), ok}, count: 2},
		{name: "a GET after 502 is repeated", call: "GET", answers: []answerFunc{answer(502, "<html>"), ok}, count: 2},
		{name: "a GET after 503 is repeated", call: "GET", answers: []answerFunc{answer(503, `{}`), ok}, count: 2},
		{name: "a GET after 504 is repeated", call: "GET", answers: []answerFunc{answer(504, ""), ok}, count: 2},
		{name: "a GET is repeated twice", call: "GET", answers: []answerFunc{lose, answer(503, ""), ok}, count: 3},
		{name: "a GET is not repeated a third time", call: "GET", answers: []answerFunc{lose}, want: coreapi.ErrUnavailable, count: 3},
		{name: "a GET after 501 is not repeated", call: "GET", answers: []answerFunc{answer(501, "")}, want: coreapi.ErrUnavailable, count: 1},
		{name: "a GET after 404 is not repeated", call: "GET", answers: []answerFunc{answer(404, `{"errors": ["Not found"]}`)}, want: coreapi.ErrNotFound, count: 1},
		{name: "a GET after 422 is not repeated", call: "GET", answers: []answerFunc{answer(422, `{}`)}, want: coreapi.ErrInvalid, count: 1},
		{name: "a GET after 403 is not repeated", call: "GET", answers: []answerFunc{answer(403, `{}`)}, want: coreapi.ErrKeyRefused, count: 1},
		{name: "a GET of an answer that cannot be read is not repeated", call: "GET", answers: []answerFunc{answer(200, "{")}, want: coreapi.ErrUnexpected, count: 1},

		{name: "a PUT whose answer is lost is repeated", call: "PUT", answers: []answerFunc{lose, ok}, count: 2},
		{name: "a PUT after 503 is repeated", call: "PUT", answers: []answerFunc{answer(503, ""), answer(500, ""), ok}, count: 3},
		{name: "a PUT that stays lost is unavailable", call: "PUT", answers: []answerFunc{lose}, want: coreapi.ErrUnavailable, count: 3},
		{name: "a change of a password with the current one is not repeated when it is lost", call: "update_password", answers: []answerFunc{lose, ok}, want: coreapi.ErrOutcomeUnknown, count: 1},
		{name: "a change of a password with the current one is not repeated after 503", call: "update_password", answers: []answerFunc{answer(503, ""), ok}, want: coreapi.ErrOutcomeUnknown, count: 1},

		{name: "a DELETE whose answer is lost is repeated", call: "DELETE", answers: []answerFunc{lose, answer(204, "")}, count: 2},
		{name: "a DELETE whose second attempt finds nothing is done", call: "DELETE", answers: []answerFunc{answer(503, ""), answer(404, `{"errors": ["Not found"]}`)}, count: 2},
		{name: "a DELETE whose first attempt finds nothing is not", call: "DELETE", answers: []answerFunc{answer(404, `{"errors": ["Not found"]}`)}, want: coreapi.ErrNotFound, count: 1},
		{name: "a DELETE that finds nothing after a 429 is not done", call: "DELETE", answers: []answerFunc{answer(429, ""), answer(404, `{"errors": ["Not found"]}`)}, want: coreapi.ErrNotFound, count: 2},
		{name: "a DELETE whose second attempt comes to a page of a proxy is not done", call: "DELETE", answers: []answerFunc{answer(503, ""), answer(404, "<html>", "Content-Type", "text/html")}, want: coreapi.ErrUnexpected, count: 2},

		{name: "a POST whose answer is lost is not repeated", call: "POST", answers: []answerFunc{lose, ok}, want: coreapi.ErrOutcomeUnknown, count: 1},
		{name: "a POST after 500 is not repeated", call: "POST", answers: []answerFunc{answer(500, ""), ok}, want: coreapi.ErrOutcomeUnknown, count: 1},
		{name: "a POST after 501 is not repeated", call: "POST", answers: []answerFunc{answer(501, ""), ok}, want: coreapi.ErrOutcomeUnknown, count: 1},
		{name: "a POST after 502 is not repeated", call: "POST", answers: []answerFunc{answer(502, ""), ok}, want: coreapi.ErrOutcomeUnknown, count: 1},
		{name: "a POST after 503 is not repeated", call: "POST", answers: []answerFunc{answer(503, ""), ok}, want: coreapi.ErrOutcomeUnknown, count: 1},
		{name: "a POST after 504 is not repeated", call: "POST", answers: []answerFunc{answer(504, ""), ok}, want: coreapi.ErrOutcomeUnknown, count: 1},
		{name: "a POST that is lost after a 429 is not repeated", call: "POST", answers: []answerFunc{answer(429, ""), lose, ok}, want: coreapi.ErrOutcomeUnknown, count: 2},

		{name: "a GET after 429 is repeated", call: "GET", answers: []answerFunc{answer(429, ""), ok}, count: 2},
		{name: "a PUT after 429 is repeated", call: "PUT", answers: []answerFunc{answer(429, ""), ok}, count: 2},
		{name: "a change of a password after 429 is repeated", call: "update_password", answers: []answerFunc{answer(429, ""), ok}, count: 2},
		{name: "a DELETE after 429 is repeated", call: "DELETE", answers: []answerFunc{answer(429, ""), answer(204, "")}, count: 2},
		{name: "a POST after 429 is repeated", call: "POST", answers: []answerFunc{answer(429, ""), answer(201, adaJSON)}, count: 2},
		{name: "429 is repeated twice", call: "POST", answers: []answerFunc{answer(429, "")}, want: coreapi.ErrRateLimited, count: 3},

		{name: "a 204 is fine", call: "PUT", answers: []answerFunc{answer(204, "")}, count: 1},
		{name: "an empty body is fine", call: "PUT", answers: []answerFunc{answer(200, "")}, count: 1},
		{name: "metadata without data is fine", call: "PUT", answers: []answerFunc{answer(215, `{"id": "no user"}`)}, count: 1},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				server := newAPI(row.answers...)
				err := calls[row.call](t.Context(), clientOf(t, server))
				expectError(t, err, row.want)
				expectCount(t, server, row.count)
				if e, ok := errors.AsType[*coreapi.Error](err); ok && e.Attempts != row.count {
					t.Errorf("the error says %d attempts, want %d", e.Attempts, row.count)
				}
				if row.want == coreapi.ErrUnavailable && coreapi.Reason(err) != "unavailable" {
					t.Errorf("got reason %q: nothing is unknown where a repeat does no harm", coreapi.Reason(err))
				}
			})
		})
	}
}

func TestRetriesAreConfigured(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name    string
		retries int
		count   int
	}{
		{name: "the default is 2", count: 3},
		{name: "negative means none", retries: -1, count: 1},
		{name: "5", retries: 5, count: 6},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				server := newAPI(answer(503, ""))
				config := testConfig(server)
				config.Retries = row.retries
				expectError(t, calls["GET"](t.Context(), newClient(t, config)), coreapi.ErrUnavailable)
				expectCount(t, server, row.count)
			})
		})
	}
}

// Each wait is random, between zero and 200 ms, 400 ms, 800 ms, 1.6 s, 2 s, 2 s, ...
func TestBackoff(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		longest := make([]time.Duration, 8)
		for range 200 {
			var times []time.Time
			server := newAPI(func(w http.ResponseWriter, r *http.Request) {
				times = append(times, time.Now())
				answer(503, "")(w, r)
			})
			config := testConfig(server)
			config.Retries = len(longest)
			if err := calls["GET"](t.Context(), newClient(t, config)); err == nil {
				t.Fatal("got no error")
			}
			for i := range longest {
				longest[i] = max(longest[i], times[i+1].Sub(times[i]))
			}
		}
		for i, ms := range []int{200, 400, 800, 1600, 2000, 2000, 2000, 2000} {
			want := time.Duration(ms) * time.Millisecond
			if longest[i] > want || longest[i] < want*3/4 {
				t.Errorf("the longest wait %d of 200 is %s, want nearly %s", i+1, longest[i], want)
			}
		}
	})
}

func TestContextEnds(t *testing.T) {
	t.Parallel()
	ended := func(context.Context) (context.Context, context.CancelFunc) {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		return ctx, cancel
	}
	cancelIn := func(d time.Duration) func(context.Context) (context.Context, context.CancelFunc) {
		return func(ctx context.Context) (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancel(ctx)
			time.AfterFunc(d, cancel)
			return ctx, cancel
		}
	}
	deadlineIn := func(d time.Duration) func(context.Context) (context.Context, context.CancelFunc) {
		return func(ctx context.Context) (context.Context, context.CancelFunc) { return context.WithTimeout(ctx, d) }
	}
	for _, row := range []struct {
		name    string
		context func(context.Context) (context.Context, context.CancelFunc)
		call    string
		answers []answerFunc
		want    error
		cause   error
		count   int
	}{
		{name: "before the call: nothing is sent", context: ended, call: "POST", answers: []answerFunc{answer(201, adaJSON)}, want: coreapi.ErrUnavailable, cause: context.Canceled},
		{name: "during a GET", context: cancelIn(time.Second), call: "GET", answers: []answerFunc{hang}, want: coreapi.ErrUnavailable, cause: context.Canceled, count: 1},
		{name: "during a POST: the outcome is unknown", context: cancelIn(time.Second), call: "POST", answers: []answerFunc{hang}, want: coreapi.ErrOutcomeUnknown, cause: context.Canceled, count: 1},
		{name: "by its deadline, during a POST", context: deadlineIn(time.Second), call: "POST", answers: []answerFunc{hang}, want: coreapi.ErrOutcomeUnknown, cause: context.DeadlineExceeded, count: 1},
		{name: "during a DELETE", context: cancelIn(time.Second), call: "DELETE", answers: []answerFunc{hang}, want: coreapi.ErrUnavailable, cause: context.Canceled, count: 1},
		{name: "during the pause after a 429", context: cancelIn(500 * time.Millisecond), call: "POST", answers: []answerFunc{answer(429, ""), answer(201, adaJSON)}, want: coreapi.ErrUnavailable, cause: context.Canceled, count: 1},
		{name: "by its deadline, before the pause after a 429 ends", context: deadlineIn(500 * time.Millisecond), call: "POST", answers: []answerFunc{answer(429, ""), answer(201, adaJSON)}, want: coreapi.ErrRateLimited, count: 1},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				server := newAPI(row.answers...)
				client := clientOf(t, server)
				ctx, cancel := row.context(t.Context())
				defer cancel()
				err := calls[row.call](ctx, client)
				expectError(t, err, row.want)
				expectCount(t, server, row.count)
				if row.cause != nil && !errors.Is(err, row.cause) {
					t.Errorf("got %v, want %v in its chain", err, row.cause)
				}
				if row.want == coreapi.ErrUnavailable && coreapi.Reason(err) != "unavailable" {
					t.Errorf("got reason %q, want %q", coreapi.Reason(err), "unavailable")
				}
			})
		})
	}
}

// The client does not begin a wait that would end after the deadline.
func TestBackoffEndsBeforeTheDeadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := newAPI(answer(503, ""))
		config := testConfig(server)
		config.Retries = 10
		client := newClient(t, config)
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		start := time.Now()
		expectError(t, calls["GET"](ctx, client), coreapi.ErrUnavailable)
		if took := time.Since(start); took > 2*time.Second || server.count() < 3 {
			t.Errorf("took %s for %d requests, want at most 2 s, and 3 requests or more", took, server.count())
		}
	})
}

func TestTimeoutOfAnAttempt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := newAPI(hang)
		config := testConfig(server)
		config.Timeout = 3 * time.Second
		config.Retries = -1
		client := newClient(t, config)
		start := time.Now()
		err := calls["GET"](t.Context(), client)
		expectError(t, err, coreapi.ErrUnavailable)
		if took := time.Since(start); took != 3*time.Second {
			t.Errorf("took %s, want 3 s", took)
		}
		if errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "Config.Timeout") {
			t.Errorf("got %v: the caller's context has not ended", err)
		}
		expectError(t, calls["POST"](t.Context(), client), coreapi.ErrOutcomeUnknown)
	})
}

func TestACallWithoutADeadlineEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := newAPI(hang)
		config := testConfig(server)
		config.Retries = 10
		start := time.Now()
		expectError(t, calls["GET"](t.Context(), newClient(t, config)), coreapi.ErrUnavailable)
		if took := time.Since(start); took < 20*time.Second || took > 30*time.Second {
			t.Errorf("took %s, want the 30 s of a call without a deadline", took)
		}
	})
}
