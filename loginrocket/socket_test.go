package loginrocket_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/authrocket-go/authrocket/loginrocket"
)

type failingJar struct{ t *testing.T }

func (j failingJar) SetCookies(*url.URL, []*http.Cookie) { j.t.Error("a cookie was kept") }
func (j failingJar) Cookies(*url.URL) []*http.Cookie {
	j.t.Error("a cookie was asked for")
	return nil
}

// socketClient returns a client and the server that it calls over a socket.
func socketClient(t *testing.T, answers ...answerFunc) (*loginrocket.Client, *lr) {
	t.Helper()
	server := newLR(answers...)
	return newClient(t, loginrocket.Config{URL: newServer(t, server).URL}), server
}

// hijack sends bytes as its answer, and closes the connection.
func hijack(bytes string) answerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		connection, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			panic(err)
		}
		io.WriteString(connection, bytes)
		connection.Close()
	}
}

func TestAnswersThatBreakOff(t *testing.T) {
	t.Parallel()
	head := "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n"
	for name, bytes := range map[string]string{
		"before the answer":           "",
		"within the status line":      "HTTP/1.1 2",
		"within the headers":          "HTTP/1.1 200 OK\r\nContent-Type: appl",
		"after the headers":           head,
		"within the body":             head + fullLogin,
		"within a chunk":              "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{",
		"with what is not HTTP":       sessionID + " \x00\r\n\r\n",
		"with a header that is none":  "HTTP/1.1 200 OK\r\n" + sessionID + "\r\n\r\n",
		"with headers without an end": "HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 80<<10) + "\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, m := range methods {
				if m.name != "Login" && m.verb == http.MethodPost {
					continue // one of each verb
				}
				client, server := socketClient(t, hijack(bytes))
				_, err := m.call(t.Context(), client)
				expectError(t, err, loginrocket.ErrUnavailable)
				expectHidden(t, printed(t, err), secrets...)
				if e, ok := errors.AsType[*loginrocket.Error](err); !ok || e.Status != 0 {
					t.Errorf("%s: got %v, want no status", m.name, err)
				}
				want := 1
				if m.verb == http.MethodGet {
					want = 3
				}
				expectCount(t, server, want)
			}
		})
	}
}

// If the server closes a kept connection just when a POST is sent, neither this package nor
// net/http sends the POST again.
func TestPOSTOnAConnectionThatCloses(t *testing.T) {
	t.Parallel()
	client, server := socketClient(t, answer(200, fullLogin), hijack(""), answer(200, fullLogin))
	_, err := client.Login(t.Context(), "ada", hide(password))
	expectError(t, err, nil)
	_, err = client.Login(t.Context(), "ada", hide(password))
	expectError(t, err, loginrocket.ErrUnavailable)
	expectCount(t, server, 2)
}

func TestServersThatHang(t *testing.T) {
	t.Parallel()
	for name, start := range map[string]string{"before the answer": "", "after the headers": "{"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			came := make(chan struct{}, 10)
			server := newLR(func(w http.ResponseWriter, r *http.Request) {
				if start != "" {
					answer(200, start)(w, r)
					http.NewResponseController(w).Flush()
				}
				came <- struct{}{}
				<-r.Context().Done()
			})
			config := loginrocket.Config{URL: newServer(t, server).URL}
			for i, m := range methods {
				ctx, cancel := context.WithCancel(t.Context())
				go func() { <-came; cancel() }()
				_, err := m.call(ctx, newClient(t, config))
				expectError(t, err, loginrocket.ErrUnavailable)
				if !errors.Is(err, context.Canceled) {
					t.Errorf("%s: got %v, want context.Canceled in its chain", m.name, err)
				}
				expectCount(t, server, i+1)
			}
			config.Timeout = 50 * time.Millisecond
			_, err := newClient(t, config).Login(t.Context(), "ada", hide(password))
			expectError(t, err, loginrocket.ErrUnavailable)
		})
	}
}

// The client sends the password and the session to no other origin and no other path.
func TestRedirectsAreNotFollowed(t *testing.T) {
	t.Parallel()
	elsewhere := newLR(answer(200, fullLogin))
	other := newServer(t, elsewhere).URL
	for name, row := range map[string]struct{ location, named string }{
		"elsewhere":               {location: other + "/v2/session?" + sessionID, named: other},
		"the same host":           {location: "/v2/session", named: "http://127.0.0.1:"},
		"a host without a scheme": {location: "//example.com/" + sessionID, named: "http://example.com"},
		"with a user":             {location: "http://user:" + password + "@example.com", named: "http://example.com"},
		"nowhere":                 {location: "", named: "invalid target"},
		"a target that is no URL": {location: "http://[" + sessionID, named: "invalid target"},
		"another scheme":          {location: "ftp://example.com/", named: "ftp://example.com"},
	} {
		for _, status := range []int{300, 301, 302, 303, 307, 308} {
			t.Run(fmt.Sprintf("%d to %s", status, name), func(t *testing.T) {
				t.Parallel()
				client, server := socketClient(t, func(w http.ResponseWriter, _ *http.Request) {
					w.Header().Set("Set-Cookie", "a=b")
					if row.location != "" {
						w.Header()["Location"] = []string{row.location}
					}
					w.WriteHeader(status)
				})
				for i, m := range methods {
					_, err := m.call(t.Context(), client)
					expectError(t, err, loginrocket.ErrUnexpected)
					if e, ok := errors.AsType[*loginrocket.Error](err); !ok || e.Status != status || !strings.Contains(err.Error(), row.named) {
						t.Errorf("%s: got %v, want it to name %q", m.name, err, row.named)
					}
					expectHidden(t, printed(t, err), secrets...)
					expectCount(t, server, i+1)
					if sent := server.requests()[i]; sent.header.Get("Cookie") != "" {
						t.Errorf("a cookie is sent: %q", sent.header)
					}
				}
			})
		}
	}
	t.Cleanup(func() { expectCount(t, elsewhere, 0) })
}

func TestCookiesAreNotSent(t *testing.T) {
	t.Parallel()
	server := newLR(answer(200, fullLogin, "Set-Cookie", "a=b; Path=/"))
	base := newServer(t, server).URL
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	client := newClient(t, loginrocket.Config{URL: base, HTTPClient: &http.Client{Jar: jar}})
	for range 2 {
		_, err := client.Login(t.Context(), "ada", hide(password))
		expectError(t, err, nil)
	}
	if got := server.requests()[1].header.Get("Cookie"); got != "" {
		t.Errorf("sent cookie %q", got)
	}
}

func TestAnswersThatAreLarge(t *testing.T) {
	t.Parallel()
	large := func(size int) string {
		return `{"x": "` + strings.Repeat("x", size-len(fullLogin)-len(`{"x": "", `)+1) + `", ` + fullLogin[1:]
	}
	if len(large(8<<20)) != 8<<20 {
		t.Fatal("the answer is not 8 MiB large")
	}
	for name, row := range map[string]struct {
		body   string
		status int
		want   error
	}{
		"8 MiB":              {body: large(8 << 20), status: 200},
		"a byte more":        {body: large(8<<20 + 1), status: 200, want: loginrocket.ErrUnexpected},
		"9 MiB":              {body: large(9 << 20), status: 200, want: loginrocket.ErrUnexpected},
		"a refusal of 9 MiB": {body: large(9 << 20), status: 422, want: loginrocket.ErrUnexpected},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client, server := socketClient(t, answer(row.status, row.body))
			_, err := client.Session(t.Context(), hide(sessionID), "")
			expectError(t, err, row.want)
			if err != nil && !strings.Contains(err.Error(), "too large") {
				t.Errorf("got %v", err)
			}
			expectCount(t, server, 1)
		})
	}
}

// The connection of a switched protocol never ends.
func TestSwitchedProtocols(t *testing.T) {
	t.Parallel()
	hold := make(chan struct{})
	client, server := socketClient(t, func(w http.ResponseWriter, _ *http.Request) {
		connection, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			panic(err)
		}
		defer connection.Close()
		io.WriteString(connection, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n")
		<-hold
	})
	_, err := client.Login(t.Context(), "ada", hide(password))
	close(hold)
	expectError(t, err, loginrocket.ErrUnexpected)
	expectCount(t, server, 1)
}

// An unknown certificate ends the TLS handshake before anything is sent.
func TestTLSThatFails(t *testing.T) {
	t.Parallel()
	server := newLR(answer(200, fullLogin))
	secure := httptest.NewUnstartedServer(server)
	secure.Config.ErrorLog = log.New(io.Discard, "", 0)
	secure.StartTLS()
	defer secure.Close()
	_, err := newClient(t, loginrocket.Config{URL: secure.URL}).Login(t.Context(), "ada", hide(password))
	expectError(t, err, loginrocket.ErrUnavailable)
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); !ok {
		t.Errorf("got %v, want that the certificate is not valid", err)
	}
	expectCount(t, server, 0)
}
