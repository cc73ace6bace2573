package coreapi_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/authrocket-go/authrocket/coreapi"
)

// socketClient returns a client with its own connections, and the API that it calls over
// a socket.
func socketClient(t *testing.T, answers ...answerFunc) (*coreapi.Client, *api) {
	t.Helper()
	a := newAPI(answers...)
	server := newServer(t, a)
	return newClient(t, coreapi.Config{URL: server.URL + "/v2", APIKey: coreapi.Hide(testKey), RequestsPerSecond: -1}), a
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
	for _, row := range []struct {
		name  string
		bytes string
	}{
		{name: "before the answer"},
		{name: "within the status line", bytes: "HTTP/1.1 2"},
		{name: "within the headers", bytes: "HTTP/1.1 200 OK\r\nContent-Type: appl"},
		{name: "after the headers", bytes: head},
		{name: "within the body", bytes: head + `{"id": "usr_1"`},
		{name: "within a chunk", bytes: "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"},
		{name: "with what is not HTTP", bytes: testKey + " \x00\r\n\r\n"},
		{name: "with a header that is none", bytes: "HTTP/1.1 200 OK\r\n" + testKey + "\r\n\r\n"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			client, server := socketClient(t, hijack(row.bytes))
			for call, want := range map[string]error{"POST": coreapi.ErrOutcomeUnknown, "update_password": coreapi.ErrOutcomeUnknown} {
				before := server.count()
				err := calls[call](t.Context(), client)
				expectError(t, err, want)
				expectHidden(t, printed(t, err), testKey)
				if got := server.count() - before; got != 1 {
					t.Errorf("%s: the server got %d requests, want 1", call, got)
				}
			}
			before := server.count()
			err := calls["GET"](t.Context(), client)
			expectError(t, err, coreapi.ErrUnavailable)
			expectHidden(t, printed(t, err), testKey)
			if got := server.count() - before; got < 3 {
				t.Errorf("the server got %d GETs, want 3 or more", got)
			}
			if e, ok := errors.AsType[*coreapi.Error](err); !ok || e.Status != 0 || e.Attempts != 3 {
				t.Errorf("got %v, want no status and 3 attempts", err)
			}
		})
	}
}

// If the server closes a kept connection just when a POST is sent, neither this package
// nor net/http sends the POST again.
func TestPOSTOnAConnectionThatCloses(t *testing.T) {
	t.Parallel()
	client, server := socketClient(t, answer(200, adaJSON), hijack(""), answer(201, adaJSON))
	expectError(t, calls["GET"](t.Context(), client), nil)
	expectError(t, calls["POST"](t.Context(), client), coreapi.ErrOutcomeUnknown)
	expectCount(t, server, 2)
}

// A POST that was not sent is repeated.
func TestPOSTThatWasNotSent(t *testing.T) {
	t.Parallel()
	a := newAPI(answer(201, adaJSON))
	server := newServer(t, a)
	var dials atomic.Int32
	transport := &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		if dials.Add(1) < 3 {
			return nil, &net.OpError{Op: "dial", Net: network, Err: errors.New("connection refused")}
		}
		return new(net.Dialer).DialContext(ctx, network, address)
	}}
	client := newClient(t, coreapi.Config{URL: server.URL + "/v2", APIKey: coreapi.Hide(testKey), HTTPClient: &http.Client{Transport: transport}})
	expectError(t, calls["POST"](t.Context(), client), nil)
	expectCount(t, a, 1)
	if dials.Load() != 3 {
		t.Errorf("dialled %d times, want 3", dials.Load())
	}

	dials.Store(-10)
	err := calls["POST"](t.Context(), client)
	expectError(t, err, coreapi.ErrUnavailable)
	if errors.Is(err, coreapi.ErrOutcomeUnknown) || !strings.Contains(err.Error(), "connection refused") {
		t.Errorf("got %v, want no doubt about what was not sent, and the cause", err)
	}
	expectCount(t, a, 1)
}

// An unknown certificate ends the TLS handshake before anything is sent. So even a POST
// is repeated as often as Config.Retries permits.
func TestPOSTWhoseTLSFails(t *testing.T) {
	t.Parallel()
	a := newAPI(answer(201, adaJSON))
	server := httptest.NewUnstartedServer(a)
	server.Config.ErrorLog = discardLog()
	server.StartTLS()
	defer server.Close()
	transport := &http.Transport{DisableKeepAlives: true}
	client := newClient(t, coreapi.Config{URL: server.URL + "/v2", APIKey: coreapi.Hide(testKey), HTTPClient: &http.Client{Transport: transport}})
	err := calls["POST"](t.Context(), client)
	expectError(t, err, coreapi.ErrUnavailable)
	e, _ := errors.AsType[*coreapi.Error](err)
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); !ok || errors.Is(err, coreapi.ErrOutcomeUnknown) || e.Attempts != 3 {
		t.Errorf("got %v, want 3 attempts that failed on the certificate", err)
	}
	expectCount(t, a, 0)
}

// A transport that does not report its connections may have sent the request.
func TestPOSTOverATransportThatSaysNothing(t *testing.T) {
	t.Parallel()
	count := 0
	config := testConfig(roundTripper(func(*http.Request) (*http.Response, error) {
		count++
		return nil, &net.OpError{Op: "dial", Err: errors.New("refused")}
	}))
	expectError(t, calls["POST"](t.Context(), newClient(t, config)), coreapi.ErrOutcomeUnknown)
	if count != 1 {
		t.Errorf("sent %d times, want once", count)
	}
}

func TestServersThatHang(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name  string
		start string // what the server sends before it hangs
	}{
		{name: "before the answer"},
		{name: "after the headers", start: "{"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			came := make(chan struct{}, 10)
			a := newAPI(func(w http.ResponseWriter, r *http.Request) {
				if row.start != "" {
					answer(200, row.start)(w, r)
					http.NewResponseController(w).Flush()
				}
				came <- struct{}{}
				<-r.Context().Done()
			})
			server := newServer(t, a)
			client := newClient(t, coreapi.Config{URL: server.URL + "/v2", APIKey: coreapi.Hide(testKey)})
			for call, want := range map[string]error{"GET": coreapi.ErrUnavailable, "POST": coreapi.ErrOutcomeUnknown} {
				ctx, cancel := context.WithCancel(t.Context())
				go func() { <-came; cancel() }()
				before := a.count()
				err := calls[call](ctx, client)
				expectError(t, err, want)
				if !errors.Is(err, context.Canceled) {
					t.Errorf("%s: got %v, want context.Canceled in its chain", call, err)
				}
				if got := a.count() - before; got != 1 {
					t.Errorf("%s: the server got %d requests, want 1", call, got)
				}
			}

			short := newClient(t, coreapi.Config{URL: server.URL + "/v2", APIKey: coreapi.Hide(testKey), Timeout: 50 * time.Millisecond, Retries: 1})
			before := a.count()
			expectError(t, calls["GET"](t.Context(), short), coreapi.ErrUnavailable)
			if got := a.count() - before; got > 2 {
				t.Errorf("the server got %d requests, want 2 at most", got)
			}
		})
	}
}

func TestRedirects(t *testing.T) {
	t.Parallel()
	redirect := func(status int, to string) answerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", to)
			w.WriteHeader(status)
		}
	}
	for _, row := range []struct {
		name    string
		call    string
		answers []answerFunc
		want    error
		methods string // of the requests
	}{
		{name: "302 within the origin is followed", call: "GET", answers: []answerFunc{redirect(302, "/v2/elsewhere"), answer(200, adaJSON)}, methods: "GET GET"},
		{name: "303 within the origin is followed", call: "GET", answers: []answerFunc{redirect(303, "elsewhere"), answer(200, adaJSON)}, methods: "GET GET"},
		{name: "307 within the origin is followed", call: "GET", answers: []answerFunc{redirect(307, "/v2/elsewhere"), answer(200, adaJSON)}, methods: "GET GET"},
		{name: "307 keeps method and body", call: "POST", answers: []answerFunc{redirect(307, "/v2/elsewhere"), answer(201, adaJSON)}, methods: "POST POST"},
		{name: "303 of a POST is read", call: "POST", answers: []answerFunc{redirect(303, "/v2/users/usr_1"), answer(200, adaJSON)}, methods: "POST GET"},
		{name: "three are followed", call: "GET", answers: []answerFunc{redirect(302, "/1"), redirect(302, "/2"), redirect(302, "/3"), answer(200, adaJSON)}, methods: "GET GET GET GET"},
		{name: "a fourth is not", call: "GET", answers: []answerFunc{redirect(302, "/again")}, want: coreapi.ErrUnexpected, methods: "GET GET GET GET"},
		{name: "301 is not followed", call: "GET", answers: []answerFunc{redirect(301, "/v2/elsewhere"), answer(200, adaJSON)}, want: coreapi.ErrUnexpected, methods: "GET"},
		{name: "308 is not followed", call: "POST", answers: []answerFunc{redirect(308, "/v2/elsewhere"), answer(200, adaJSON)}, want: coreapi.ErrUnexpected, methods: "POST"},
		{name: "302 without a target is an error", call: "GET", answers: []answerFunc{answer(302, "")}, want: coreapi.ErrUnexpected, methods: "GET"},
		{name: "304 is an error", call: "GET", answers: []answerFunc{answer(304, "")}, want: coreapi.ErrUnexpected, methods: "GET"},
		{name: "a POST that is lost after a redirect is not sent again", call: "POST", answers: []answerFunc{redirect(303, "/v2/users/usr_1"), hijack("")}, want: coreapi.ErrOutcomeUnknown, methods: "POST GET"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			client, server := socketClient(t, row.answers...)
			expectError(t, calls[row.call](t.Context(), client), row.want)
			var methods []string
			sent := server.requests()
			for _, r := range sent {
				methods = append(methods, r.method)
				if r.header.Get("Referer") != "" {
					t.Errorf("a Referer is sent: %q", r.header.Get("Referer"))
				}
			}
			got := strings.Join(methods, " ")
			if row.want == coreapi.ErrOutcomeUnknown && strings.Count(got, "POST") == 1 {
				got = row.methods // net/http itself repeats a GET on a kept connection that closes
			}
			if got != row.methods {
				t.Errorf("got requests %q, want %q", got, row.methods)
			}
			if row.methods == "POST POST" && sent[0].body != sent[1].body {
				t.Errorf("got bodies %q and %q", sent[0].body, sent[1].body)
			}
		})
	}
}

// The client sends the key to no other origin.
func TestRedirectsToElsewhere(t *testing.T) {
	t.Parallel()
	elsewhere := newAPI(answer(200, adaJSON))
	other := newServer(t, elsewhere)
	otherURL, _ := url.Parse(other.URL)
	for _, row := range []struct {
		name, target string
		host         string // the host that the error must name
	}{
		{name: "another port", target: other.URL + "/v2/users/usr_1", host: otherURL.Host},
		{name: "another name of the host", target: "http://localhost:" + otherURL.Port() + "/v2/users/usr_1", host: "localhost:" + otherURL.Port()},
		{name: "another scheme", target: "https://HOST/v2/users/usr_1", host: "https://HOST"},
		{name: "a host without a scheme", target: "//" + otherURL.Host + "/v2", host: otherURL.Host},
		{name: "a user within the origin", target: "http://user:password@HOST/v2", host: "HOST"},
		{name: "what is no URL of the web", target: "ftp://" + otherURL.Host + "/", host: "ftp://" + otherURL.Host},
	} {
		for _, status := range []int{301, 302, 303, 307, 308} {
			t.Run(fmt.Sprintf("%d to %s", status, row.name), func(t *testing.T) {
				t.Parallel()
				var host string
				a := newAPI(func(w http.ResponseWriter, _ *http.Request) {
					w.Header().Set("Location", strings.Replace(row.target, "HOST", host, 1))
					w.WriteHeader(status)
				})
				server := newServer(t, a)
				host = strings.TrimPrefix(server.URL, "http://")
				client := newClient(t, coreapi.Config{URL: server.URL + "/v2", APIKey: coreapi.Hide(testKey)})
				for _, call := range []string{"GET", "POST"} {
					err := calls[call](t.Context(), client)
					expectError(t, err, coreapi.ErrUnexpected)
					if e, ok := errors.AsType[*coreapi.Error](err); !ok || e.Status != status || e.Attempts != 1 {
						t.Errorf("got %v, want status %d and one attempt", err, status)
					}
					if want := strings.Replace(row.host, "HOST", host, 1); !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "password") {
						t.Errorf("got %v, want it to name %q, and no password", err, want)
					}
				}
				expectCount(t, a, 2)
			})
		}
	}
	t.Cleanup(func() {
		if elsewhere.count() != 0 {
			t.Errorf("another host got %d requests", elsewhere.count())
		}
	})
}

func TestAnswersThatAreTooLarge(t *testing.T) {
	t.Parallel()
	client, server := socketClient(t, answer(200, `{"id": "usr_1", "name": "`+strings.Repeat("a", 9<<20)+`"}`))
	for _, call := range []string{"GET", "POST"} {
		err := calls[call](t.Context(), client)
		expectError(t, err, coreapi.ErrUnexpected)
		if !strings.Contains(err.Error(), "too large") {
			t.Errorf("got %v, want it to say that the answer is too large", err)
		}
	}
	expectCount(t, server, 2)
}

// The size limit applies to the decompressed answer.
func TestAnswersThatGrowTooLarge(t *testing.T) {
	t.Parallel()
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	io.WriteString(w, `{"id": "usr_1", "name": "`+strings.Repeat("a", 9<<20)+`"}`)
	w.Close()
	client, _ := socketClient(t, answer(200, packed.String(), "Content-Encoding", "gzip"))
	err := calls["GET"](t.Context(), client)
	expectError(t, err, coreapi.ErrUnexpected)
	if !strings.Contains(err.Error(), "too large") || packed.Len() > 1<<20 {
		t.Errorf("got %v for %d bytes, want it to say that the answer is too large", err, packed.Len())
	}
}

func TestAnswersThatAreLarge(t *testing.T) {
	t.Parallel()
	client, _ := socketClient(t, answer(200, `{"id": "usr_1", "name": "`+strings.Repeat("a", 8<<20-100)+`"}`))
	user, err := client.Users.Get(t.Context(), "usr_1")
	expectError(t, err, nil)
	if len(user.Name) != 8<<20-100 {
		t.Errorf("got a name of %d bytes", len(user.Name))
	}
}
