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

// calls are one of each method, and the one PUT that must not be repeated.
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
		want    error // nil: it succeeds
		count   int
	}{
		{"a GET whose answer is lost is repeated", "GET", []answerFunc{lose, ok}, nil, 2},
		{"a GET after 500 is repeated", "GET", []answerFunc{answer(500, ""), ok}, nil, 2},
		{"a GET after 502 is repeated", "GET", []answerFunc{answer(502, "<html>"), ok}, nil, 2},
		{"a GET after 503 is repeated", "GET", []answerFunc{answer(503, `{}`), ok}, nil, 2},
		{"a GET after 504 is repeated", "GET", []answerFunc{answer(504, ""), ok}, nil, 2},
		{"a GET is repeated twice", "GET", []answerFunc{lose, answer(503, ""), ok}, nil, 3},
		{"a GET is not repeated a third time", "GET", []answerFunc{lose}, coreapi.ErrUnavailable, 3},
		{"a GET after 501 is not repeated", "GET", []answerFunc{answer(501, "")}, coreapi.ErrUnavailable, 1},
		{"a GET after 404 is not repeated", "GET", []answerFunc{answer(404, `{"errors": ["Not found"]}`)}, coreapi.ErrNotFound, 1},
		{"a GET after 422 is not repeated", "GET", []answerFunc{answer(422, `{}`)}, coreapi.ErrInvalid, 1},
		{"a GET after 403 is not repeated", "GET", []answerFunc{answer(403, `{}`)}, coreapi.ErrKeyRefused, 1},
		{"a GET of an answer that cannot be read is not repeated", "GET", []answerFunc{answer(200, "{")}, coreapi.ErrUnexpected, 1},

		{"a PUT whose answer is lost is repeated", "PUT", []answerFunc{lose, ok}, nil, 2},
		{"a PUT after 503 is repeated", "PUT", []answerFunc{answer(503, ""), answer(500, ""), ok}, nil, 3},
		{"a PUT that stays lost is unavailable", "PUT", []answerFunc{lose}, coreapi.ErrUnavailable, 3},
		{"a change of a password with the current one is not repeated when it is lost", "update_password", []answerFunc{lose, ok}, coreapi.ErrOutcomeUnknown, 1},
		{"a change of a password with the current one is not repeated after 503", "update_password", []answerFunc{answer(503, ""), ok}, coreapi.ErrOutcomeUnknown, 1},

		{"a DELETE whose answer is lost is repeated", "DELETE", []answerFunc{lose, answer(204, "")}, nil, 2},
		{"a DELETE whose second attempt finds nothing is done", "DELETE", []answerFunc{answer(503, ""), answer(404, `{"errors": ["Not found"]}`)}, nil, 2},
		{"a DELETE whose first attempt finds nothing is not", "DELETE", []answerFunc{answer(404, `{"errors": ["Not found"]}`)}, coreapi.ErrNotFound, 1},
		{"a DELETE that finds nothing after a 429 is not done", "DELETE", []answerFunc{answer(429, ""), answer(404, `{"errors": ["Not found"]}`)}, coreapi.ErrNotFound, 2},
		{"a DELETE whose second attempt comes to a page of a proxy is not done", "DELETE", []answerFunc{answer(503, ""), answer(404, "<html>", "Content-Type", "text/html")}, coreapi.ErrUnexpected, 2},

		{"a POST whose answer is lost is not repeated", "POST", []answerFunc{lose, ok}, coreapi.ErrOutcomeUnknown, 1},
		{"a POST after 500 is not repeated", "POST", []answerFunc{answer(500, ""), ok}, coreapi.ErrOutcomeUnknown, 1},
		{"a POST after 501 is not repeated", "POST", []answerFunc{answer(501, ""), ok}, coreapi.ErrOutcomeUnknown, 1},
		{"a POST after 502 is not repeated", "POST", []answerFunc{answer(502, ""), ok}, coreapi.ErrOutcomeUnknown, 1},
		{"a POST after 503 is not repeated", "POST", []answerFunc{answer(503, ""), ok}, coreapi.ErrOutcomeUnknown, 1},
		{"a POST after 504 is not repeated", "POST", []answerFunc{answer(504, ""), ok}, coreapi.ErrOutcomeUnknown, 1},
		{"a POST that is lost after a 429 is not repeated", "POST", []answerFunc{answer(429, ""), lose, ok}, coreapi.ErrOutcomeUnknown, 2},

		{"a GET after 429 is repeated", "GET", []answerFunc{answer(429, ""), ok}, nil, 2},
		{"a PUT after 429 is repeated", "PUT", []answerFunc{answer(429, ""), ok}, nil, 2},
		{"a change of a password after 429 is repeated", "update_password", []answerFunc{answer(429, ""), ok}, nil, 2},
		{"a DELETE after 429 is repeated", "DELETE", []answerFunc{answer(429, ""), answer(204, "")}, nil, 2},
		{"a POST after 429 is repeated", "POST", []answerFunc{answer(429, ""), answer(201, adaJSON)}, nil, 2},
		{"429 is repeated twice", "POST", []answerFunc{answer(429, "")}, coreapi.ErrRateLimited, 3},

		{"a 204 is fine", "PUT", []answerFunc{answer(204, "")}, nil, 1},
		{"an empty body is fine", "PUT", []answerFunc{answer(200, "")}, nil, 1},
		{"metadata without data is fine", "PUT", []answerFunc{answer(215, `{"id": "no user"}`)}, nil, 1},
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
		{"the default is 2", 0, 3},
		{"negative means none", -1, 1},
		{"5", 5, 6},
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

// Waits are between nothing and 200 ms, 400 ms, 800 ms, 1.6 s, 2 s, 2 s, ...
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
		{"before the call: nothing is sent", ended, "POST", []answerFunc{answer(201, adaJSON)}, coreapi.ErrUnavailable, context.Canceled, 0},
		{"during a GET", cancelIn(time.Second), "GET", []answerFunc{hang}, coreapi.ErrUnavailable, context.Canceled, 1},
		{"during a POST: the outcome is unknown", cancelIn(time.Second), "POST", []answerFunc{hang}, coreapi.ErrOutcomeUnknown, context.Canceled, 1},
		{"by its deadline, during a POST", deadlineIn(time.Second), "POST", []answerFunc{hang}, coreapi.ErrOutcomeUnknown, context.DeadlineExceeded, 1},
		{"during a DELETE", cancelIn(time.Second), "DELETE", []answerFunc{hang}, coreapi.ErrUnavailable, context.Canceled, 1},
		{"during the pause after a 429", cancelIn(500 * time.Millisecond), "POST", []answerFunc{answer(429, ""), answer(201, adaJSON)}, coreapi.ErrUnavailable, context.Canceled, 1},
		{"by its deadline, before the pause after a 429 ends", deadlineIn(500 * time.Millisecond), "POST", []answerFunc{answer(429, ""), answer(201, adaJSON)}, coreapi.ErrRateLimited, nil, 1},
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

// A wait that would end after the deadline is not begun.
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
