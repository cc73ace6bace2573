package loginrocket_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/authrocket-go/authrocket/loginrocket"
)

// The rows count requests for each method and each kind of failure: only a GET is repeated.
func TestRepeats(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name  string
		first answerFunc
		gets  int // the number of requests of a GET
	}{
		{name: "lost", first: lose, gets: 3},
		{name: "hangs", first: hang, gets: 3},
		{name: "500", first: answer(500, ""), gets: 3},
		{name: "502", first: answer(502, ""), gets: 3},
		{name: "503", first: answer(503, refusal), gets: 3},
		{name: "504", first: answer(504, ""), gets: 3},
		{name: "501", first: answer(501, ""), gets: 1},
		{name: "429", first: answer(429, refusal), gets: 1},
		{name: "429 with a second", first: answer(429, "", "Retry-After", "1"), gets: 1},
		{name: "403", first: answer(403, refusal), gets: 1},
		{name: "404", first: answer(404, refusal), gets: 1},
		{name: "422", first: answer(422, refusal), gets: 1},
		{name: "409", first: answer(409, refusal), gets: 1},
		{name: "405", first: answer(405, ""), gets: 1},
		{name: "a redirect", first: answer(302, "", "Location", "/v2/session"), gets: 1},
		{name: "what is not JSON", first: answer(200, "<p>"), gets: 1},
	} {
		for _, m := range methods {
			t.Run(row.name+" "+m.name, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					server := newLR(row.first)
					_, err := m.call(t.Context(), clientOf(t, server))
					want := 1
					if m.verb == http.MethodGet {
						want = row.gets
					}
					expectCount(t, server, want)
					if e, ok := errors.AsType[*loginrocket.Error](err); !ok || e.Attempts != want {
						t.Errorf("got %v, want an error with %d attempts", err, want)
					}
				})
			})
		}
	}
}

func TestARepeatThatSucceeds(t *testing.T) {
	t.Parallel()
	for name, first := range map[string]answerFunc{"lost": lose, "hangs": hang, "503": answer(503, "")} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				server := newLR(first, first, answer(200, fullLogin))
				start := time.Now()
				result, err := clientOf(t, server).Session(t.Context(), hide(sessionID), "")
				expectError(t, err, nil)
				if result.Err() != nil {
					t.Error(result.Err())
				}
				expectCount(t, server, 3)
				if waited := time.Since(start); name != "hangs" && waited > 600*time.Millisecond || name == "hangs" && waited < 20*time.Second {
					t.Errorf("waited %s", waited)
				}
			})
		})
	}
}

// The messages of one attempt do not appear in the error of the next.
func TestTheLastAttemptCounts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := newLR(answer(503, refusal, "Retry-After", "7", "X-Request-ID", "rq_1"), answer(403, "", "X-Request-ID", "rq_2"))
		_, err := clientOf(t, server).Session(t.Context(), hide(sessionID), "")
		expectError(t, err, loginrocket.ErrSessionEnded)
		if e, _ := errors.AsType[*loginrocket.Error](err); e.Status != 403 || e.Messages != nil || e.RetryAfter != 0 || e.RequestID != "rq_2" || e.Attempts != 2 {
			t.Errorf("got %+v", e)
		}
	})
}

// A context can end a call in each phase. Its error is then in the chain.
func TestContextThatEnds(t *testing.T) {
	t.Parallel()
	t.Run("while the server hangs", func(t *testing.T) {
		t.Parallel()
		for _, m := range methods {
			synctest.Test(t, func(t *testing.T) {
				server := newLR(hang)
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				start := time.Now()
				_, err := m.call(ctx, clientOf(t, server))
				expectError(t, err, loginrocket.ErrUnavailable)
				if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != time.Second {
					t.Errorf("%s: got %v after %s", m.name, err, time.Since(start))
				}
				expectCount(t, server, 1)
			})
		}
	})
	t.Run("while a repeat waits", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			server := newLR(func(w http.ResponseWriter, r *http.Request) {
				time.AfterFunc(0, cancel)
				answer(503, "")(w, r)
			})
			_, err := clientOf(t, server).Session(ctx, hide(sessionID), "")
			expectError(t, err, loginrocket.ErrUnavailable)
			if !errors.Is(err, context.Canceled) {
				t.Errorf("got %v, want context.Canceled in its chain", err)
			}
			expectCount(t, server, 1)
		})
	})
	t.Run("before a repeat would begin", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			server := newLR(func(w http.ResponseWriter, r *http.Request) {
				cancel()
				lose(w, r)
			})
			_, err := clientOf(t, server).Session(ctx, hide(sessionID), "")
			expectError(t, err, loginrocket.ErrUnavailable)
			if !errors.Is(err, context.Canceled) {
				t.Errorf("got %v, want context.Canceled in its chain", err)
			}
			expectCount(t, server, 1)
		})
	})
	t.Run("before a wait would end", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			server := newLR(func(w http.ResponseWriter, r *http.Request) {
				time.Sleep(time.Second - 1)
				answer(503, "")(w, r)
			})
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			start := time.Now()
			_, err := clientOf(t, server).Session(ctx, hide(sessionID), "")
			e, ok := errors.AsType[*loginrocket.Error](err)
			if !ok || e.Status != 503 || errors.Is(err, context.DeadlineExceeded) || time.Since(start) != time.Second-1 {
				t.Errorf("got %v after %s, want the last answer at once", err, time.Since(start))
			}
			expectCount(t, server, 1)
		})
	})
}

func TestTimeout(t *testing.T) {
	t.Parallel()
	for name, config := range map[string]struct{ timeout, want time.Duration }{"default": {timeout: 0, want: 10 * time.Second}, "own": {timeout: 3 * time.Second, want: 3 * time.Second}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				own := testConfig(newLR(hang))
				own.Timeout = config.timeout
				start := time.Now()
				_, err := newClient(t, own).Login(t.Context(), "ada", hide(password))
				expectError(t, err, loginrocket.ErrUnavailable)
				if errors.Is(err, context.DeadlineExceeded) || time.Since(start) != config.want {
					t.Errorf("got %v after %s, want no error of the context after %s", err, time.Since(start), config.want)
				}
			})
		})
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// The client uses only the Transport of HTTPClient: no cookies, no timeout, no redirects.
func TestGivenHTTPClient(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := newLR(answer(302, "", "Location", "https://sample.e2.loginrocket.com/v2/x", "Set-Cookie", "a=b"), func(w http.ResponseWriter, r *http.Request) {
			time.Sleep(time.Second)
			answer(200, fullLogin)(w, r)
		})
		config := testConfig(nil)
		config.HTTPClient = &http.Client{Transport: server, Timeout: time.Millisecond, Jar: failingJar{t}, CheckRedirect: func(*http.Request, []*http.Request) error {
			t.Error("a redirect was followed")
			return nil
		}}
		client := newClient(t, config)
		_, err := client.Login(t.Context(), "ada", hide(password))
		expectError(t, err, loginrocket.ErrUnexpected)
		_, err = client.Login(t.Context(), "ada", hide(password))
		expectError(t, err, nil)
		expectCount(t, server, 2)
	})
}

// A Transport that violates the rules of http.RoundTripper causes an error, not a panic.
func TestTransportsThatReturnNothing(t *testing.T) {
	t.Parallel()
	for name, response := range map[string]*http.Response{"no answer": nil, "no body": {StatusCode: 200}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client := newClient(t, testConfig(roundTripper(func(*http.Request) (*http.Response, error) { return response, nil })))
			_, err := client.Login(t.Context(), "ada", hide(password))
			expectError(t, err, loginrocket.ErrUnavailable)
		})
	}
}

// The client closes the body of every answer.
func TestBodiesAreClosed(t *testing.T) {
	t.Parallel()
	for _, status := range []int{101, 200, 302, 403, 503} {
		closed := false
		client := newClient(t, testConfig(roundTripper(func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: status, Body: &body{strings.NewReader(fullLogin), &closed}}, nil
		})))
		client.Login(t.Context(), "ada", hide(password))
		if !closed {
			t.Errorf("the body of an answer of status %d is not closed", status)
		}
	}
}

type body struct {
	io.Reader
	closed *bool
}

func (b *body) Close() error {
	*b.closed = true
	return nil
}
