package loginrocket_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"

	"github.com/authrocket-go/authrocket/coreapi"
	"github.com/authrocket-go/authrocket/loginrocket"
)

// Credentials that must appear in no output.
const (
	password   = "Pa55word-that-must-not-show"
	oldPass    = "0ldPa55-that-must-not-show"
	sessionID  = "kss_0v1zSessionThatMustNotShow"
	mailToken  = "tpw:0v1zMailTokenThatMustNotShow"
	loginToken = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ1c3JfMSJ9.SignatureThatMustNotShow"
)

var secrets = []string{password, oldPass, sessionID, mailToken, loginToken}

const (
	fullLogin   = `{"result": "full_login", "session": "` + sessionID + `", "account": "org_1", "token": "` + loginToken + `"}`
	conditional = `{"result": "conditional_login", "session": "` + sessionID + `", "account": null, "conditions": ["no_account_selected"]}`
	okay        = `{"result": "okay"}`
	refusal     = `{"result": "error", "error": "Login failed.", "errors": ["Login failed."]}`
)

type sentRequest struct {
	method, path, query, body string
	header                    http.Header
}

type answerFunc = func(http.ResponseWriter, *http.Request)

// lr is a server that records its requests. It gives its answers in turn, and repeats the
// last one.
type lr struct {
	answers []answerFunc

	mu   sync.Mutex
	sent []sentRequest
}

func newLR(answers ...answerFunc) *lr { return &lr{answers: answers} }

func (s *lr) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	s.mu.Lock()
	s.sent = append(s.sent, sentRequest{r.Method, r.URL.EscapedPath(), r.URL.RawQuery, string(body), r.Header.Clone()})
	r.Body = io.NopCloser(bytes.NewReader(body))
	answer := s.answers[min(len(s.sent), len(s.answers))-1]
	s.mu.Unlock()
	answer(w, r)
}

var errLost = errors.New("connection reset")

// RoundTrip serves a request in memory, so that it also works in a testing/synctest bubble.
func (s *lr) RoundTrip(r *http.Request) (response *http.Response, err error) {
	defer func() {
		if recover() != nil {
			response, err = nil, errLost
		}
	}()
	served := r.Clone(r.Context())
	if served.Body == nil {
		served.Body = http.NoBody
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, served)
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	response = w.Result()
	response.Request = r
	return response, nil
}

func (s *lr) requests() []sentRequest {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.sent)
}

func (s *lr) count() int { return len(s.requests()) }

// answer returns an answer with a JSON body. header lists names and values.
func answer(status int, body string, header ...string) answerFunc {
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

// newServer serves handler on a real socket.
func newServer(t testing.TB, handler http.Handler) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
	})
	return server
}

func testConfig(transport http.RoundTripper) loginrocket.Config {
	return loginrocket.Config{URL: "https://sample.e2.loginrocket.com/", HTTPClient: &http.Client{Transport: transport}}
}

func newClient(t testing.TB, config loginrocket.Config) *loginrocket.Client {
	t.Helper()
	client, err := loginrocket.New(config)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// clientOf returns a client of an in-memory server.
func clientOf(t testing.TB, s *lr) *loginrocket.Client {
	t.Helper()
	return newClient(t, testConfig(s))
}

var kinds = []error{
	loginrocket.ErrRefused, loginrocket.ErrSessionEnded, loginrocket.ErrConditions, loginrocket.ErrUnavailable, loginrocket.ErrUnexpected,
}

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
	found := 0
	for _, kind := range kinds {
		if errors.Is(err, kind) {
			found++
		}
	}
	if err != nil && found != 1 {
		t.Errorf("%v is of %d kinds, want 1", err, found)
	}
}

func expectCount(t testing.TB, s *lr, want int) {
	t.Helper()
	if got := s.count(); got != want {
		t.Errorf("the server got %d requests, want %d", got, want)
	}
}

func hide(text string) coreapi.Secret { return coreapi.Hide(text) }
