package authrockettest

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
)

// testStream fails when what a handler flushes does not arrive before the
// handler ends.
func (w *adapterWorld) testStream(t *testing.T, build func(App) http.Handler) {
	arrived := make(chan struct{})
	app := w.serve(t, build, adapterRow{}, func(rw http.ResponseWriter, r *http.Request) {
		io.WriteString(rw, "first\n")
		flusher, ok := rw.(http.Flusher)
		if !ok {
			t.Errorf("the handler's %T is no http.Flusher, as net/http's is", rw)
			return
		}
		flusher.Flush()
		select {
		case <-arrived:
		case <-r.Context().Done(): // the test gave up
		}
		io.WriteString(rw, "second\n")
	})
	resp := app.roundTrip(t, w.placeholders.Replace("GET /manage\r\nCookie: __Host-arToken=<ada>"))
	if resp == nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("got %v, want a stream", resp)
	}
	lines := bufio.NewReader(resp.Body)
	if got, err := lines.ReadString('\n'); err != nil || got != "first\n" {
		t.Fatalf("got %q, %v while the handler runs, want the first line", got, err)
	}
	close(arrived)
	if got, err := io.ReadAll(lines); err != nil || string(got) != "second\n" {
		t.Errorf("got %q, %v, want the second line", got, err)
	}
}

// testUpgrade fails when a handler cannot take the connection over.
func (w *adapterWorld) testUpgrade(t *testing.T, build func(App) http.Handler) {
	app := w.serve(t, build, adapterRow{}, func(rw http.ResponseWriter, r *http.Request) {
		hijacker, ok := rw.(http.Hijacker)
		if !ok {
			t.Errorf("the handler's %T is no http.Hijacker, as net/http's is", rw)
			return
		}
		conn, buffered, err := hijacker.Hijack()
		if err != nil {
			t.Errorf("taking the connection over: %v", err)
			return
		}
		defer conn.Close()
		fmt.Fprint(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
		line, err := buffered.ReadString('\n')
		fmt.Fprintf(conn, "echo %s%v", line, err)
	})
	conn := app.dial(t)
	request := w.placeholders.Replace(strings.Join([]string{
		"GET /manage HTTP/1.1",
		"Host: example.com",
		"Connection: Upgrade",
		"Upgrade: websocket",
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
		"Origin: https://example.com",
		"Cookie: __Host-arToken=<ada>",
	}, "\r\n")) + "\r\n\r\n"
	if _, err := io.WriteString(conn, request); err != nil {
		t.Fatal(err)
	}
	buffered := bufio.NewReader(conn)
	resp, err := http.ReadResponse(buffered, nil)
	if err != nil || resp.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("got %v, %v, want an upgrade", resp, err)
	}
	if _, err := io.WriteString(conn, "hello\n"); err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(buffered); err != nil || string(got) != "echo hello\n<nil>" {
		t.Errorf("got %q, %v, want an echo", got, err)
	}
}
