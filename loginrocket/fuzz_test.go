package loginrocket_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/authrocket-go/authrocket/loginrocket"
)

// For every possible answer, a call returns a full or an incomplete login, or an error of
// exactly one kind whose text is one line.
func FuzzAnswer(f *testing.F) {
	for _, body := range []string{
		fullLogin, conditional, okay, refusal, `{}`, `null`, `[]`, ``, `"`, `{"result": "error", "errors": {"a": ["b"]}}`,
		`{"result": "full_login", "session": "kss_1", "token": "` + jwt(`{"exp": 1e300}`) + `"}`,
	} {
		f.Add(200, "application/json", body)
		f.Add(422, "application/json", body)
		f.Add(403, "application/json", body)
	}
	f.Add(404, "text/html", "<p>")
	f.Add(302, "application/json", "{}")
	f.Fuzz(func(t *testing.T, status int, contentType, body string) {
		if status >= 500 && status <= 504 {
			return // the client waits after these
		}
		client := newClient(t, testConfig(roundTripper(func(*http.Request) (*http.Response, error) {
			return &http.Response{
				StatusCode: status, Header: http.Header{"Content-Type": {contentType}, "Location": {body}, "X-Request-Id": {body}, "Retry-After": {body}},
				Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)),
			}, nil
		})))
		for _, m := range methods {
			result, err := m.call(t.Context(), client)
			token, isFull := result.Token()
			if (token != "") != isFull || isFull && result.SessionID().IsZero() {
				t.Errorf("%s: got %q, %t", m.name, token, isFull)
			}
			if err != nil {
				expectOneLine(t, err)
				if isFull || !result.SessionID().IsZero() || status >= 200 && status < 300 && errors.Is(err, loginrocket.ErrUnavailable) {
					t.Errorf("%s: got %v with error %v", m.name, result, err)
				}
				continue
			}
			if status < 200 || status >= 300 {
				t.Errorf("%s: no error for status %d", m.name, status)
			}
			if problem := result.Err(); m.isLogin && (problem == nil) != isFull {
				t.Errorf("%s: got %v for a full login: %t", m.name, problem, isFull)
			} else if problem != nil {
				expectOneLine(t, problem)
			}
		}
		tokens := client.TokenSource(hide(sessionID), "")
		if token, err := tokens.Token(t.Context()); (token == "") != (err != nil) {
			t.Errorf("got %q, %v", token, err)
		}
	})
}

func expectOneLine(t *testing.T, err error) {
	t.Helper()
	expectError(t, err, err)
	if strings.ContainsAny(err.Error(), "\r\n\x00") {
		t.Errorf("%q is more than one line", err)
	}
}

// A TokenSource returns every token, but keeps it only if it has the form of one.
func FuzzToken(f *testing.F) {
	for _, payload := range []string{`{"exp": 4102444800}`, `{"exp": 1}`, `{"exp": 1e300}`, `{"exp": -1.5}`, `{"exp": "x"}`, `[`, ``} {
		f.Add(jwt(payload))
	}
	f.Add("a.b.c")
	f.Fuzz(func(t *testing.T, token string) {
		text := strings.ToValidUTF8(token, "")
		if text == "" {
			return
		}
		sent := 0
		client := newClient(t, testConfig(roundTripper(func(*http.Request) (*http.Response, error) {
			sent++
			body := `{"result": "full_login", "session": "kss_1", "token": ` + quoted(text) + `}`
			return &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(body))}, nil
		})))
		tokens := client.TokenSource(hide(sessionID), "")
		for range 2 {
			got, err := tokens.Token(t.Context())
			if err != nil || got != text {
				t.Errorf("got %q, %v, want %q", got, err, text)
			}
		}
		if sent == 1 && strings.Count(text, ".") != 2 {
			t.Errorf("%q was kept", text)
		}
	})
}

func quoted(text string) string {
	encoded, _ := json.Marshal(text)
	return string(encoded)
}
