package loginrocket_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/authrocket-go/authrocket/loginrocket"
)

// jwt returns a token with the given payload.
func jwt(payload string) string {
	encode := base64.RawURLEncoding.EncodeToString
	return encode([]byte(`{"alg":"none"}`)) + "." + encode([]byte(payload)) + "." + encode([]byte("signature"))
}

func expiring(at time.Time) string { return jwt(fmt.Sprintf(`{"sub":"usr_1","exp":%d}`, at.Unix())) }

// tokenOf answers with a full login that contains a token.
func tokenOf(token string) answerFunc {
	return answer(200, fmt.Sprintf(`{"result": "full_login", "session": "kss_1", "account": "org_1", "token": %q}`, token))
}

// freshTokens answers with a new token each time, which is valid for life.
func freshTokens(life time.Duration) answerFunc {
	return func(w http.ResponseWriter, r *http.Request) { tokenOf(expiring(time.Now().Add(life)))(w, r) }
}

func TestTokenIsKept(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name       string
		life, kept time.Duration
	}{
		{name: "an hour", life: time.Hour, kept: 59 * time.Minute},
		{name: "two minutes", life: 2 * time.Minute, kept: time.Minute},
		{name: "a minute is kept for half of it", life: time.Minute, kept: 30 * time.Second},
		{name: "what has expired is used once", life: -time.Hour},
		{name: "what ends now is used once"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				server := newLR(freshTokens(row.life))
				tokens := clientOf(t, server).TokenSource(hide(sessionID), "org_1")
				expectCount(t, server, 0)
				first := ask(t, tokens)
				if row.kept > 0 {
					time.Sleep(row.kept - time.Nanosecond)
					if again := ask(t, tokens); again != first {
						t.Errorf("got another token after %s", row.kept-time.Nanosecond)
					}
					time.Sleep(time.Nanosecond)
				}
				expectCount(t, server, 1)
				ask(t, tokens)
				expectCount(t, server, 2)
				if sent := server.requests()[0]; sent.method != "GET" || sent.query != "account=org_1&session="+sessionID {
					t.Errorf("sent %s %s", sent.method, sent.query)
				}
			})
		})
	}
}

func ask(t *testing.T, tokens *loginrocket.TokenSource) string {
	t.Helper()
	token, err := tokens.Token(t.Context())
	if err != nil || token == "" {
		t.Errorf("got %q, %v, want a token", token, err)
	}
	return token
}

// A TokenSource returns a token whose expiry cannot be read, but does not keep it.
func TestTokensWithoutAnEnd(t *testing.T) {
	t.Parallel()
	for name, token := range map[string]string{
		"no exp":                jwt(`{"sub": "usr_1"}`),
		"exp as a text":         jwt(`{"exp": "4102444800"}`),
		"exp of null":           jwt(`{"exp": null}`),
		"exp of 0":              jwt(`{"exp": 0}`),
		"a negative exp":        jwt(`{"exp": -5}`),
		"exp too late":          jwt(`{"exp": 1e300}`),
		"exp in the year 10000": jwt(`{"exp": 253402300800}`),
		"no JSON":               jwt(`exp`),
		"an array":              jwt(`[5]`),
		"two parts":             "a.b",
		"four parts":            jwt(`{"exp": 4102444800}`) + ".x",
		"no base64":             "a.!.c",
		"padded base64":         "a.eyJleHAiOjQxMDI0NDQ4MDB9==.c",
		"opaque":                "opaque",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := newLR(tokenOf(token))
			tokens := clientOf(t, server).TokenSource(hide(sessionID), "")
			for range 2 {
				if got := ask(t, tokens); got != token {
					t.Errorf("got %q, want %q", got, token)
				}
			}
			expectCount(t, server, 2)
		})
	}
	server := newLR(tokenOf(jwt(`{"exp": 4102444800.75}`)))
	tokens := clientOf(t, server).TokenSource(hide(sessionID), "")
	ask(t, tokens)
	ask(t, tokens)
	expectCount(t, server, 1)
}

func TestTokenErrors(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name   string
		answer answerFunc
		want   error
		sent   int // the number of requests of a call
	}{
		{name: "the session has ended", answer: answer(403, refusal), want: loginrocket.ErrSessionEnded, sent: 1},
		{name: "the account is not the user's", answer: answer(422, refusal), want: loginrocket.ErrRefused, sent: 1},
		{name: "the login is on conditions", answer: answer(200, conditional), want: loginrocket.ErrConditions, sent: 1},
		{name: "LoginRocket is down", answer: answer(503, ""), want: loginrocket.ErrUnavailable, sent: 3},
		{name: "a limit", answer: answer(429, ""), want: loginrocket.ErrUnavailable, sent: 1},
		{name: "a page", answer: answer(200, "<p>"), want: loginrocket.ErrUnexpected, sent: 1},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				server := newLR(append(repeat(row.answer, row.sent), freshTokens(time.Hour))...)
				tokens := clientOf(t, server).TokenSource(hide(sessionID), "")
				token, err := tokens.Token(t.Context())
				expectError(t, err, row.want)
				if token != "" {
					t.Errorf("got token %q with error %v", token, err)
				}
				expectCount(t, server, row.sent)
				// An error is not kept.
				ask(t, tokens)
				expectCount(t, server, row.sent+1)
			})
		})
	}
	none := clientOf(t, newLR(freshTokens(time.Hour))).TokenSource(hide(""), "")
	_, err := none.Token(t.Context())
	expectError(t, err, loginrocket.ErrSessionEnded)
}

func repeat(answer answerFunc, n int) (answers []answerFunc) {
	for range n {
		answers = append(answers, answer)
	}
	return answers
}

// slow answers after a while, in the way of next.
func slow(d time.Duration, next answerFunc) answerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-time.After(d):
		case <-r.Context().Done():
		}
		next(w, r)
	}
}

func TestManyCallersShareARequest(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		answer answerFunc
		want   error
	}{
		"a token":  {answer: slow(time.Second, freshTokens(time.Hour))},
		"an error": {answer: slow(time.Second, answer(403, refusal)), want: loginrocket.ErrSessionEnded},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				server := newLR(row.answer)
				tokens := clientOf(t, server).TokenSource(hide(sessionID), "")
				var group sync.WaitGroup
				for range 1000 {
					group.Go(func() {
						token, err := tokens.Token(t.Context())
						expectError(t, err, row.want)
						if (token == "") != (row.want != nil) {
							t.Errorf("got token %q", token)
						}
					})
				}
				group.Wait()
				expectCount(t, server, 1)
			})
		})
	}
}

// If the context of a waiting caller ends, that caller returns, and the others get their
// token.
func TestACallerWhoWaitsLeaves(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := newLR(slow(time.Second, freshTokens(time.Hour)))
		tokens := clientOf(t, server).TokenSource(hide(sessionID), "")
		var group sync.WaitGroup
		group.Go(func() { ask(t, tokens) })
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		start := time.Now()
		_, err := tokens.Token(ctx)
		expectError(t, err, loginrocket.ErrUnavailable)
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != time.Millisecond {
			t.Errorf("got %v after %s", err, time.Since(start))
		}
		group.Wait()
		expectCount(t, server, 1)
	})
}

// If the caller that made the request leaves, one of the waiting callers makes it instead.
// None of them gets the context error of the first caller.
func TestTheCallerWhoAsksLeaves(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := newLR(slow(time.Second, freshTokens(time.Hour)))
		tokens := clientOf(t, server).TokenSource(hide(sessionID), "")
		var group sync.WaitGroup
		for range 3 {
			ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
			defer cancel()
			group.Go(func() {
				_, err := tokens.Token(ctx)
				if !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("got %v, want the error of the context", err)
				}
			})
			synctest.Wait()
		}
		for range 100 {
			group.Go(func() { ask(t, tokens) })
		}
		group.Wait()
		if got := server.count(); got != 2 {
			t.Errorf("the server got %d requests, want 2", got)
		}
	})
}

// A Transport that panics is a defect of the program. Nobody waits for it forever.
func TestACallerWhoPanics(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var calls atomic.Int32
		config := testConfig(roundTripper(func(r *http.Request) (*http.Response, error) {
			if calls.Add(1) == 1 {
				time.Sleep(time.Second)
				panic("of the program")
			}
			return newLR(freshTokens(time.Hour)).RoundTrip(r)
		}))
		tokens := newClient(t, config).TokenSource(hide(sessionID), "")
		var group sync.WaitGroup
		group.Go(func() {
			defer func() {
				if recover() == nil {
					t.Error("the panic was swallowed")
				}
			}()
			tokens.Token(t.Context())
		})
		synctest.Wait()
		group.Go(func() { ask(t, tokens) })
		group.Wait()
	})
}

// This test uses real goroutines and a real socket, for the race detector.
func TestTokenSourceIsSafe(t *testing.T) {
	t.Parallel()
	client, server := socketClient(t, freshTokens(time.Hour))
	tokens := client.TokenSource(hide(sessionID), "")
	var group sync.WaitGroup
	for range 50 {
		group.Go(func() {
			for range 20 {
				ask(t, tokens)
			}
		})
	}
	group.Wait()
	expectCount(t, server, 1)
}
