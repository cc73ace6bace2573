package coreapi_test

import (
	"bytes"
	"errors"
	"io"
	"iter"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/authrocket-go/authrocket/coreapi"
)

// Where the tests are:
//
//	config, secret, client           what is configured, hidden, and shared by copies
//	requests, budget                 how often and when a call is sent; in memory, in bubbles of testing/synctest
//	socket, loopback                 the same where a connection matters: answers that break off, redirects, TLS, dialling
//	errors, answers                  what an answer means, whatever it is; IDs that are none
//	pages, generic, resources        lists, the generic calls, and each method of the resources
//	until, simulation                Until and Once, alone and with an API that loses answers
//	observe, fuzz, bench, example, leak

// testKey must be in no output but the header that it is for.
const testKey = "ks_0v1zSecretKeyOfTests22-0123456789abcdef"

const adaJSON = `{"object": "user", "id": "usr_0v1zUpWdE4IiFc2w5ynShf", "realm_id": "rl_0v1zTHXhtNgmDaXaDYSAqx", "state": "active",
	"email": "ada@example.com", "email_pending": null, "email_verification": "none", "first_name": "Ada", "last_name": null,
	"name": "Ada", "username": null, "locale": null, "reference": "42", "custom": {"plan": "pro"},
	"created_at": 1735689600.125, "last_login_at": null,
	"credentials": [{"object": "credential", "id": "crd_0v1zUpWdE4IiFc2w5ynShf", "credential_type": "password", "user_id": "usr_0v1zUpWdE4IiFc2w5ynShf"}]}`

// sentRequest is what a server got.
type sentRequest struct {
	method, path, query, body string
	header                    http.Header
}

// api is a server in memory that keeps what it got. Its answers come in turn; the last one is
// given again and again.
type api struct {
	answers []func(http.ResponseWriter, *http.Request)

	mu   sync.Mutex
	sent []sentRequest
}

// errLost makes an api break off a request that it got.
var errLost = errors.New("connection reset")

func newAPI(answers ...func(http.ResponseWriter, *http.Request)) *api { return &api{answers: answers} }

func (a *api) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	a.mu.Lock()
	a.sent = append(a.sent, sentRequest{r.Method, r.URL.EscapedPath(), r.URL.RawQuery, string(body), r.Header.Clone()})
	r.Body = io.NopCloser(bytes.NewReader(body))
	answer := a.answers[min(len(a.sent), len(a.answers))-1]
	a.mu.Unlock()
	answer(w, r)
}

// RoundTrip serves a request in memory, within a bubble of testing/synctest, too.
func (a *api) RoundTrip(r *http.Request) (response *http.Response, err error) {
	defer func() {
		if lost := recover(); lost != nil {
			response, err = nil, errLost
		}
	}()
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	served := r.Clone(r.Context())
	if served.Body == nil {
		served.Body = http.NoBody
	}
	w := httptest.NewRecorder()
	a.ServeHTTP(w, served)
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	response = w.Result()
	response.Request = r
	return response, nil
}

func (a *api) requests() []sentRequest {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.sent)
}

func (a *api) count() int { return len(a.requests()) }

// answer answers with JSON; header are names and values.
func answer(status int, body string, header ...string) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		for i := 0; i < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
		io.WriteString(w, body)
	}
}

// lose breaks the connection after the request came.
func lose(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

// hang answers nothing until the request ends.
func hang(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

func testConfig(transport http.RoundTripper) coreapi.Config {
	return coreapi.Config{
		URL:        "https://api-e2.authrocket.com/v2",
		APIKey:     coreapi.Hide(testKey),
		HTTPClient: &http.Client{Transport: transport},
	}
}

func newClient(t testing.TB, config coreapi.Config) *coreapi.Client {
	t.Helper()
	client, err := coreapi.New(config)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// clientOf returns a client of an API in memory.
func clientOf(t testing.TB, a *api) *coreapi.Client {
	t.Helper()
	return newClient(t, testConfig(a))
}

// kinds are the kinds of errors, of which each error has one.
var kinds = []error{coreapi.ErrInvalid, coreapi.ErrNotFound, coreapi.ErrDenied, coreapi.ErrUnavailable, coreapi.ErrUnexpected}

// expectError fails unless err is of want, and of exactly one kind.
func expectError(t testing.TB, err, want error) {
	t.Helper()
	if want == nil {
		if err != nil {
			t.Errorf("got error %v, want none", err)
		}
		return
	}
	if !errors.Is(err, want) {
		t.Errorf("got error %v, want one of %q", err, want)
	}
	if err == nil {
		return
	}
	found := 0
	for _, kind := range kinds {
		if errors.Is(err, kind) {
			found++
		}
	}
	if found != 1 {
		t.Errorf("%v is of %d kinds, want 1", err, found)
	}
}

func expectCount(t testing.TB, a *api, want int) {
	t.Helper()
	if got := a.count(); got != want {
		t.Errorf("the server got %d requests, want %d", got, want)
	}
}

// httpDate is a Date of a server whose clock is off.
func httpDate(at time.Time) string { return at.UTC().Format(http.TimeFormat) }

// firstError reads a list to its end, or to its error.
func firstError[T any](list iter.Seq2[T, error]) error {
	for _, err := range list {
		if err != nil {
			return err
		}
	}
	return nil
}
