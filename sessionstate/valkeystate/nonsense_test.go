package valkeystate_test

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/authrocket-go/authrocket/sessionstate/valkeystate"
)

// silence reads everything until the other side closes the connection.
func silence(conn net.Conn) { io.Copy(io.Discard, conn) }

// hello is a server's answer to HELLO 3.
const hello = "%1\r\n$5\r\nproto\r\n:3\r\n"

// says answers the first bytes of a connection with text, and then sends nothing.
func says(text string) func(net.Conn) {
	return func(conn net.Conn) {
		conn.Read(make([]byte, 1))
		io.WriteString(conn, text)
		silence(conn)
	}
}

// answers returns a server that answers each command with text.
func answers(text string) func(net.Conn) {
	return func(conn net.Conn) {
		for r := bufio.NewReader(conn); ; {
			command, err := readCommand(r)
			if err != nil {
				return
			}
			if command[0] == "HELLO" {
				io.WriteString(conn, hello)
			} else if _, err := io.WriteString(conn, text); err != nil {
				return
			}
		}
	}
}

// repeats writes text again and again.
func repeats(first, text string) func(net.Conn) {
	return func(conn net.Conn) {
		conn.Read(make([]byte, 1))
		io.WriteString(conn, first)
		for text := bytes.Repeat([]byte(text), 1000); ; {
			if _, err := conn.Write(text); err != nil {
				return
			}
		}
	}
}

// The rows run in parallel, but beside no other test, because the allocations are those
// of the process.
func TestSomethingElseSpeaks(t *testing.T) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	t.Cleanup(func() {
		runtime.ReadMemStats(&after)
		if took := after.TotalAlloc - before.TotalAlloc; took > 100<<20 {
			t.Errorf("%d MB were allocated", took>>20)
		}
	})
	for name, answer := range map[string]func(net.Conn){
		"HTTP":                     says("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"),
		"SSH":                      says("SSH-2.0-OpenSSH_9.2\r\n"),
		"TLS":                      says("\x15\x03\x01\x00\x02\x02\x46"),
		"memcached":                says("ERROR\r\nERROR\r\n"),
		"an echo":                  func(conn net.Conn) { io.Copy(conn, conn) },
		"it closes at once":        func(net.Conn) {},
		"a line without end":       repeats("+", "+"),
		"a number without end":     repeats("$", "1"),
		"a string of 10^18 bytes":  says("$1000000000000000000\r\n"),
		"a string of 10 GB":        says("$10000000000\r\nx"),
		"a string of -5 bytes":     says("$-5\r\n"),
		"an array of 10^18":        says("*1000000000000000000\r\n"),
		"an array of 10^9":         says("*1000000000\r\n"),
		"an array of -5":           says("*-5\r\n"),
		"a map of -1":              says("%-1\r\n"),
		"a map of 5*10^18":         says("%5000000000000000000\r\n"),
		"a string without end":     says("$?\r\n"),
		"a count without digits":   says("*\r\n"),
		"arrays in arrays":         repeats("", "*1\r\n"),
		"arrays in arrays, wide":   repeats("", "*1000\r\n"),
		"attributes without end":   repeats("", "|1\r\n+a\r\n+b\r\n"),
		"push messages":            repeats("", ">2\r\n+a\r\n+b\r\n"),
		"a line without CR":        says("+OK\n\n\n\n"),
		"null is too short":        says("_x\r\n"),
		"an error without end":     repeats("-", "ERR "),
		"an error at HELLO":        says("-ERR no\r\n"),
		"answers that are OK":      answers("+OK\r\n"),
		"answers that are numbers": answers(":5\r\n"),
		"answers that are null":    answers("_\r\n"),
		"answers that are arrays":  answers("*1\r\n*0\r\n"),
		"entries without fields":   answers("*1\r\n*1\r\n$3\r\n1-1\r\n"),
		"entries without an ID":    answers("*1\r\n*2\r\n:1\r\n*2\r\n$1\r\na\r\n$1\r\nb\r\n"),
		"entries with another ID":  answers("*1\r\n*2\r\n+none\r\n*2\r\n$1\r\na\r\n$1\r\nb\r\n"),
		"many wide entries":        answers("*1001\r\n" + strings.Repeat("*2\r\n$3\r\n1-1\r\n*1000\r\n"+strings.Repeat("+\r\n", 1000), 1001)),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFake(t, answer)
			log := openLog(t, f.url())
			if err := log.Append(t.Context(), session(1)); err == nil {
				t.Error("Append: no error")
			}
			if entries, next, err := log.After(t.Context(), "", 1000); err == nil || len(entries) > 0 || next != "" {
				t.Errorf("After: got %v, %q, %v", entries, next, err)
			} else if len(err.Error()) > 400 || strings.ContainsAny(err.Error(), "\r\n") {
				t.Errorf("the error is %q", err)
			}
		})
	}
}

// The server's text may contain the password, or characters that are dangerous in a log.
func TestAnswersInErrors(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct{ answer, want string }{
		"the password":      {answer: "-ERR unknown command 'HELLO', with args beginning with: '3' 'AUTH' 'app' 's3cret-word'\r\n", want: "contains the password"},
		"in other words":    {answer: "-ERR what is HELLO 3 AUTH app s3cret-word?\r\n", want: "contains the password"},
		"control sequences": {answer: "-ERR \x1b[2J\r\n", want: `"\x1b[2J"`},
		"a long text":       {answer: "-ERR " + strings.Repeat("x", 1500) + "\r\n", want: strings.Repeat("x", 100)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFake(t, func(conn net.Conn) {
				for r := bufio.NewReader(conn); ; {
					if _, err := readCommand(r); err != nil {
						return
					}
					io.WriteString(conn, row.answer)
				}
			})
			log := openLog(t, strings.Replace(f.url(), "//", "//app:s3cret-word@", 1))
			err := log.Append(t.Context(), session(1))
			if err == nil || strings.Contains(err.Error(), "s3cret-word") || len(err.Error()) > 300 || !strings.Contains(err.Error(), row.want) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// FuzzAnswers lets a server answer anything after HELLO. There must be an error or
// entries, and no panic.
func FuzzAnswers(f *testing.F) {
	f.Add([]byte("*1\r\n*2\r\n$3\r\n1-1\r\n*2\r\n$1\r\na\r\n$1\r\nb\r\n"))
	f.Add([]byte("*2\r\n*2\r\n$3\r\n1-1\r\n*-1\r\n_\r\n"))
	f.Add([]byte("%1\r\n$1\r\na\r\n:1\r\n-ERR x\r\n"))
	f.Add([]byte("$2000\r\n"))
	f.Add([]byte("*1000000\r\n"))
	var mu sync.Mutex
	var reply []byte
	server := newFake(f, func(conn net.Conn) {
		r := bufio.NewReader(conn)
		if _, err := readCommand(r); err != nil {
			return
		}
		io.WriteString(conn, hello)
		if _, err := readCommand(r); err != nil {
			return
		}
		mu.Lock()
		defer mu.Unlock()
		conn.Write(reply)
	})
	f.Fuzz(func(t *testing.T, text []byte) {
		mu.Lock()
		reply = text
		mu.Unlock()
		log, err := valkeystate.Open(server.url())
		if err != nil {
			t.Fatal(err)
		}
		defer log.Close()
		entries, next, err := log.After(t.Context(), "", 10)
		if err == nil && next == "" {
			t.Errorf("got %v and no position", entries)
		}
	})
}
