package authrockettest

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"testing"
	"time"
)

// writerRows are uses of a ResponseWriter that work with net/http's own
// ResponseWriter. Each use answers with two lines.
var writerRows = []struct {
	name   string
	answer func(w http.ResponseWriter, arrived <-chan struct{}) error
}{
	{name: "it is a Flusher", answer: flushing(func(w http.ResponseWriter) error {
		w.(http.Flusher).Flush()
		return nil
	})},
	{name: "a ResponseController flushes", answer: flushing(func(w http.ResponseWriter) error {
		return http.NewResponseController(w).Flush()
	})},
	{name: "it is a Hijacker", answer: hijacking(func(w http.ResponseWriter) (net.Conn, *bufio.ReadWriter, error) {
		return w.(http.Hijacker).Hijack()
	})},
	{name: "a ResponseController hijacks", answer: hijacking(func(w http.ResponseWriter) (net.Conn, *bufio.ReadWriter, error) {
		return http.NewResponseController(w).Hijack()
	})},
	{name: "a ResponseController sets deadlines", answer: func(w http.ResponseWriter, _ <-chan struct{}) error {
		io.WriteString(w, "first\nsecond\n")
		return http.NewResponseController(w).SetWriteDeadline(time.Now().Add(time.Hour))
	}},
}

// flushing returns a function that writes a line and flushes it. After the line has
// arrived, the function writes a second line.
func flushing(flush func(http.ResponseWriter) error) func(http.ResponseWriter, <-chan struct{}) error {
	return func(w http.ResponseWriter, arrived <-chan struct{}) error {
		io.WriteString(w, "first\n")
		if err := flush(w); err != nil {
			return err
		}
		<-arrived
		_, err := io.WriteString(w, "second\n")
		return err
	}
}

// hijacking returns a function that takes over the connection, reads what the client
// sends on it, and writes both lines.
func hijacking(hijack func(http.ResponseWriter) (net.Conn, *bufio.ReadWriter, error)) func(http.ResponseWriter, <-chan struct{}) error {
	return func(w http.ResponseWriter, _ <-chan struct{}) error {
		conn, buffered, err := hijack(w)
		if err != nil {
			return err
		}
		defer conn.Close()
		if line, err := buffered.ReadString('\n'); line != "hello\n" {
			return fmt.Errorf("read %q, %v from the connection, want hello", line, err)
		}
		_, err = io.WriteString(conn, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nfirst\nsecond\n")
		return err
	}
}

// testWriter fails the test if a handler, or a Config.Deny, cannot use its
// ResponseWriter in a way that works with net/http's own ResponseWriter.
func (s *adapterSuite) testWriter(t *testing.T, build func(App) http.Handler, request string, answer func(http.ResponseWriter, <-chan struct{}) error) {
	arrived := make(chan struct{})
	respond := func(rw http.ResponseWriter) {
		if err := answer(rw, arrived); err != nil {
			t.Errorf("%T: %v", rw, err)
		}
	}
	app := s.serve(t, build, adapterRow{config: denyWith(func(rw http.ResponseWriter, _ *http.Request, _ error) bool {
		respond(rw)
		return true
	})}, func(rw http.ResponseWriter, _ *http.Request) { respond(rw) })
	resp := app.roundTrip(t, s.placeholders.Replace(request+"\r\n\r\nhello\n"))
	if resp == nil {
		t.Fatal("the connection broke")
	}
	lines := bufio.NewReader(resp.Body)
	first, err := lines.ReadString('\n')
	close(arrived)
	second, _ := io.ReadAll(lines)
	if err != nil || first+string(second) != "first\nsecond\n" {
		t.Errorf("got %d %q, %v, want two lines", resp.StatusCode, first+string(second), err)
	}
}
