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
//	config, secret, client           configuration, hidden texts, and what copies share
//	requests, budget                 how often and when a call is sent; in memory, in testing/synctest bubbles
//	socket, loopback                 what needs a real connection: lost answers, redirects, TLS, dialling
//	errors, answers                  what each answer means, valid or not; invalid IDs
//	pages, generic, resources        lists, the generic calls, and each method of the resources
//	until, simulation                Until and Once, alone and with an API that loses answers
//	observe, fuzz, bench, example, leak

// testKey must appear nowhere except in the API key header.
const testKey = "ks_0v1zSecretKeyOfTests22-0123456789abcdef"

const adaJSON = `{"object": "user", "id": "usr_0v1zUpWdE4IiFc2w5ynShf", "realm_id": "rl_0v1zTHXhtNgmDaXaDYSAqx", "state": "active",
	"email": "ada@example.com", "email_pending": null, "email_verification": "none", "first_name": "Ada", "last_name": null,
	"name": "Ada", "username": null, "locale": null, "reference": "42", "custom": {"plan": "pro"},
	"created_at": 1735689600.125, "last_login_at": null,
	"credentials": [{"object": "credential", "id": "crd_0v1zUpWdE4IiFc2w5ynShf", "credential_type": "password", "user_id": "usr_0v1zUpWdE4IiFc2w5ynShf"}]}`

// sentRequest is a request that a server received.
type sentRequest struct {
	method, path, query, body string
	header                    http.Header
}

// api is an in-memory server that records its requests. It gives its answers in turn, and
// repeats the last one.
type api struct {
	answers []func(http.ResponseWriter, *http.Request)

	mu   sync.Mutex
	sent []sentRequest
}

// errLost makes an api break the connection after it has received a request.
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

// RoundTrip serves a request in memory, so that it also works in a testing/synctest
// bubble.
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

// answer returns an answer with a JSON body. header lists names and values.
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

// lose breaks the connection after the request has arrived.
func lose(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

// hang sends nothing until the request ends.
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

// clientOf returns a client of an in-memory API.
func clientOf(t testing.TB, a *api) *coreapi.Client {
	t.Helper()
	return newClient(t, testConfig(a))
}

// kinds lists the kinds of errors. Each error matches exactly one of them.
var kinds = []error{coreapi.ErrInvalid, coreapi.ErrNotFound, coreapi.ErrDenied, coreapi.ErrUnavailable, coreapi.ErrUnexpected}

// expectError fails the test unless err matches want and exactly one kind.
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

// httpDate is the Date of a server with a wrong clock.
func httpDate(at time.Time) string { return at.UTC().Format(http.TimeFormat) }

// firstError reads a list to its end or to its first error.
func firstError[T any](list iter.Seq2[T, error]) error {
	for _, err := range list {
		if err != nil {
			return err
		}
	}
	return nil
}
