package webhook_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/authrocket-go/authrocket/coreapi"
	"github.com/authrocket-go/authrocket/webhook"
)

// Where the tests are:
//
//	config, secret      the configuration; where a secret may be, and that nothing reveals it
//	answers             the answer to each request, whatever its body
//	confirm             what the API must answer before Handle is called, and what Handle gets
//	seen                repeated events, panics, leases
//	load                many webhooks at the same time, and how many API requests they make
//	socket              slow and endless bodies, over a socket
//	observe, fuzz, example, leak

const (
	testKey    = "ks_0v1zSecretKeyOfTests22-0123456789abcdef"
	testSecret = "mVq7Z2xkT9bRfW4cNd8sLh3p"
	newSecret  = "0b6a1d4e9f7c3825a1b2c3d4e5f60718"

	sessionID = "kss_0v1zUpWdE4IiFc2w5ynShf"
)

// api is an in-memory AuthRocket API. It answers 404 for records that it does not have.
type api struct {
	mu      sync.Mutex
	records map[string]string // JSON by path
	fault   func(http.ResponseWriter, *http.Request) bool
	asked   []string // paths
}

// newAPI returns the API of the realm rl_1, which has a user.
func newAPI() *api {
	return &api{records: map[string]string{"/users": `{"collection": [{"id": "usr_0", "realm_id": "rl_1"}], "more_results": false}`}}
}

func (a *api) set(path, record string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if record == "" {
		delete(a.records, path)
		return
	}
	a.records[path] = record
}

func (a *api) breakWith(fault func(http.ResponseWriter, *http.Request) bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.fault = fault
}

// requests returns the requested paths below the given one.
func (a *api) requests(below string) (paths []string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, path := range a.asked {
		if strings.HasPrefix(path, below) {
			paths = append(paths, path)
		}
	}
	return paths
}

// RoundTrip serves a request in memory, so that it also works in a testing/synctest
// bubble.
func (a *api) RoundTrip(r *http.Request) (*http.Response, error) {
	path := strings.TrimPrefix(r.URL.Path, "/v2")
	a.mu.Lock()
	a.asked = append(a.asked, path)
	record, fault := a.records[path], a.fault
	a.mu.Unlock()
	w := httptest.NewRecorder()
	switch {
	case fault != nil && fault(w, r):
	case record == "":
		reply(404, `{"errors": ["Not found"]}`)(w, r)
	default:
		reply(200, record)(w, r)
	}
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	response := w.Result()
	response.Request = r
	return response, nil
}

// reply answers with JSON.
func reply(status int, body string) func(http.ResponseWriter, *http.Request) bool {
	return func(w http.ResponseWriter, _ *http.Request) bool {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		io.WriteString(w, body)
		return true
	}
}

// hang sends nothing until the request ends.
func hang(_ http.ResponseWriter, r *http.Request) bool {
	<-r.Context().Done()
	return true
}

func clientOf(t testing.TB, a *api) *coreapi.Client {
	t.Helper()
	client, err := coreapi.New(coreapi.Config{
		URL: "https://api-e2.authrocket.com/v2", APIKey: coreapi.Hide(testKey),
		HTTPClient: &http.Client{Transport: a}, RequestsPerSecond: -1, Retries: -1,
	})
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// hook is a receiver with the events that it handled and the outcomes that it reported.
type hook struct {
	http.Handler
	api *api

	mu        sync.Mutex
	events    []coreapi.Event
	suspected []string
	until     []time.Time
	outcomes  []webhook.Outcome
}

func newHook(t testing.TB, configure ...func(*webhook.Config)) *hook {
	t.Helper()
	h := &hook{api: newAPI()}
	config := webhook.Config{
		API:     clientOf(t, h.api),
		Secrets: []coreapi.Secret{coreapi.Hide(testSecret)},
		Handle: func(_ context.Context, event coreapi.Event) error {
			h.mu.Lock()
			defer h.mu.Unlock()
			h.events = append(h.events, event)
			return nil
		},
		Suspect: func(_ context.Context, id coreapi.Secret, until time.Time) {
			h.mu.Lock()
			defer h.mu.Unlock()
			h.suspected, h.until = append(h.suspected, id.Reveal()), append(h.until, until)
		},
		Observer: webhook.Observer{Event: func(_ context.Context, o webhook.Outcome) {
			h.mu.Lock()
			defer h.mu.Unlock()
			h.outcomes = append(h.outcomes, o)
		}},
	}
	for _, f := range configure {
		f(&config)
	}
	handler, err := webhook.New(config)
	if err != nil {
		t.Fatal(err)
	}
	h.Handler = handler
	return h
}

// post returns a webhook with the secret.
func post(body string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/hooks/authrocket", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	r.SetBasicAuth("authrocket", testSecret)
	return r
}

// send posts a body, and returns the status and the reason.
func (h *hook) send(body string) (status int, reason string) {
	w := h.serve(post(body))
	return w.Code, h.last().Reason
}

func (h *hook) serve(r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func (h *hook) last() webhook.Outcome {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.outcomes) == 0 {
		return webhook.Outcome{Reason: "nothing was reported"}
	}
	return h.outcomes[len(h.outcomes)-1]
}

// wantAnswer sends a body and checks the status and the reason.
func (h *hook) wantAnswer(t testing.TB, body string, status int, reason string) {
	t.Helper()
	if got, why := h.send(body); got != status || why != reason {
		t.Errorf("got %d %q (%v), want %d %q", got, why, h.last().Err, status, reason)
	}
}

// wantHandled checks the IDs of the events that Handle got.
func (h *hook) wantHandled(t testing.TB, ids ...string) {
	t.Helper()
	h.mu.Lock()
	defer h.mu.Unlock()
	var got []string
	for _, event := range h.events {
		got = append(got, event.ID)
	}
	if !slices.Equal(got, ids) {
		t.Errorf("Handle got %q, want %q", got, ids)
	}
}

// happened is an event that the API has, of a type other than the three deletions.
func (h *hook) happened(id string) (body string) {
	body = fmt.Sprintf(`{"object": "event", "id": %q, "event_type": "user.updated", "realm_id": "rl_1", "user_id": "usr_1", "event_at": %d}`, id, time.Now().Unix())
	h.api.set("/events/"+id, body)
	return body
}

// sessionDeleted is the body of a session.deleted. More members may follow.
func sessionDeleted(id string, more ...string) string {
	return fmt.Sprintf(`{"object": "event", "id": %q, "event_type": "session.deleted", "realm_id": "rl_1", "user_id": "usr_1", "session_id": %q%s}`,
		id, sessionID, strings.Join(append([]string{""}, more...), ", "))
}

var errOfTheApp = errors.New("the app's database is away")
