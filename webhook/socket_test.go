package webhook_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/authrocket-go/authrocket/coreapi"
	"github.com/authrocket-go/authrocket/webhook"
)

// dial connects to a server that serves h without its own limits.
func dial(t *testing.T, h http.Handler) net.Conn {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(time.Minute)) // longer than anything in these tests takes
	return conn
}

// head returns the head of a webhook whose body has the given length.
func head(password, length string) string {
	r := httptest.NewRequest(http.MethodPost, "/", nil)
	r.SetBasicAuth("authrocket", password)
	return "POST /hooks/authrocket HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nAuthorization: " +
		r.Header.Get("Authorization") + "\r\n" + length + "\r\n\r\n"
}

// These rows send bodies that do not arrive, arrive slowly, or never end, over a socket
// to a server without its own limits.
func TestBodiesOverASocket(t *testing.T) {
	t.Parallel()
	endless := func(conn net.Conn) {
		chunk := "10000\r\n" + strings.Repeat("x", 0x10000) + "\r\n"
		for {
			if _, err := io.WriteString(conn, chunk); err != nil {
				return
			}
		}
	}
	slow := func(conn net.Conn) {
		for {
			if _, err := io.WriteString(conn, "1\r\n \r\n"); err != nil {
				return
			}
			time.Sleep(100 * time.Millisecond)
		}
	}
	rows := []struct {
		name     string
		password string
		length   string
		body     func(net.Conn)
		status   int
		reason   string
	}{
		{name: "none comes", password: testSecret, length: "Content-Length: 100", status: 408, reason: "slow_body"},
		{name: "a part comes", password: testSecret, length: "Content-Length: 100", body: func(c net.Conn) { io.WriteString(c, `{"event_type":`) }, status: 408, reason: "slow_body"},
		{name: "a byte at a time", password: testSecret, length: "Transfer-Encoding: chunked", body: slow, status: 408, reason: "slow_body"},
		{name: "it does not end", password: testSecret, length: "Transfer-Encoding: chunked", body: endless, status: 413, reason: "too_large"},
		{name: "it says that it is large", password: testSecret, length: "Content-Length: 1000000000000", body: func(c net.Conn) { io.WriteString(c, strings.Repeat("x", 300<<10)) }, status: 413, reason: "too_large"},
		{name: "a byte at a time, with a wrong secret", password: "wrong", length: "Transfer-Encoding: chunked", body: slow, status: 404, reason: "wrong_secret"},
		{name: "none comes, with a wrong secret", password: "wrong", length: "Content-Length: 100", status: 404, reason: "wrong_secret"},
	}
	// All begin at the same time, since most take 5 seconds.
	hooks, statuses, took := make([]*hook, len(rows)), make([]int, len(rows)), make([]time.Duration, len(rows))
	var group sync.WaitGroup
	for i, row := range rows {
		hooks[i] = newHook(t)
		conn := dial(t, hooks[i])
		start := time.Now()
		io.WriteString(conn, head(row.password, row.length))
		if row.body != nil {
			group.Go(func() { row.body(conn) })
		}
		group.Go(func() {
			defer conn.Close()
			response, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil {
				t.Errorf("%s: %v", row.name, err)
				return
			}
			statuses[i], took[i] = response.StatusCode, time.Since(start)
			io.Copy(io.Discard, response.Body)
			if _, err := conn.Read(make([]byte, 1)); err == nil {
				t.Errorf("%s: more follows the answer, to the rest of the body", row.name)
			}
		})
	}
	group.Wait()
	for i, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			if reason := hooks[i].last().Reason; statuses[i] != row.status || reason != row.reason {
				t.Errorf("got %d %q, want %d %q", statuses[i], reason, row.status, row.reason)
			}
			if row.reason == "slow_body" && took[i] < 4900*time.Millisecond {
				t.Errorf("it took %s, a body has 5 seconds", took[i])
			}
		})
	}
}

// After a webhook, the connection serves the next one. The time limit for a body does not
// end Handle.
func TestConnectionGoesOn(t *testing.T) {
	t.Parallel()
	h := newHook(t, func(c *webhook.Config) {
		c.Handle = func(ctx context.Context, _ coreapi.Event) error {
			select {
			case <-time.After(5500 * time.Millisecond): // longer than the time limit for a body
				return nil
			case <-ctx.Done():
				return fmt.Errorf("Handle's context ended: %w", ctx.Err())
			}
		}
	})
	conn := dial(t, h)
	reader := bufio.NewReader(conn)
	for _, body := range []string{`{"event_type": "ping"}`, sessionDeleted("ev_1"), `{"event_type": "ping"}`} {
		io.WriteString(conn, head(testSecret, fmt.Sprintf("Content-Length: %d", len(body)))+body)
		response, err := http.ReadResponse(reader, nil)
		if err != nil {
			t.Fatal(err)
		}
		if response.StatusCode != 204 {
			t.Errorf("got %d: %v", response.StatusCode, h.last().Err)
		}
	}
}
