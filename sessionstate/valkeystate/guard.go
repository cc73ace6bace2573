package valkeystate

import (
	"bufio"
	"errors"
	"io"
	"net"
	"strconv"
)

const (
	// maxReply is the maximum size of one reply. A read of maxRead entries takes half of
	// that size.
	maxReply = 2 << 20
	// elementSize is the memory that the client needs for an element of a reply.
	elementSize = 64
	// maxString is the longest string in a reply. The strings of valid entries are
	// shorter.
	maxString = 1 << 10
)

var (
	errNotValkey = errors.New("the server does not speak the protocol of Valkey and Redis; check the address in the URL")
	errTooLarge  = errors.New("the reply is too large")
)

// guard is a connection that passes on only replies of a bounded size. Without guard, the
// client would allocate the size that a reply announces, and would panic on some replies.
type guard struct {
	net.Conn
	in   *bufio.Reader
	out  []byte // checked bytes that have not been read yet
	room int    // the memory that the reply may still take
}

func newGuard(conn net.Conn) *guard {
	return &guard{Conn: conn, in: bufio.NewReaderSize(conn, 2<<10)}
}

// Write sends commands, and resets the size limit for the next reply.
func (g *guard) Write(b []byte) (int, error) {
	g.room = maxReply
	return g.Conn.Write(b)
}

func (g *guard) Read(b []byte) (int, error) {
	if len(g.out) == 0 {
		if err := g.check(); err != nil {
			return 0, err
		}
	}
	n := copy(b, g.out)
	g.out = g.out[n:]
	return n, nil
}

// check puts the next line, with the string that the line announces, into out. It
// replaces a string that is too long with "?", which no valid field contains. A stranger
// who writes a long text into the stream therefore cannot prevent valid entries from
// being read. An entry with very many fields prevents it until somebody deletes that
// entry.
func (g *guard) check() error {
	line, err := g.in.ReadSlice('\n')
	switch {
	case errors.Is(err, bufio.ErrBufferFull):
		return errNotValkey
	case err != nil:
		return err
	case len(line) < 3 || line[len(line)-2] != '\r':
		return errNotValkey
	}
	g.out = append(g.out[:0], line...)
	switch line[0] {
	case '+', '-', ':':
		return nil
	case '_':
		if len(line) != 3 {
			return errNotValkey
		}
		return nil
	case '$', '*', '%':
	default:
		return errNotValkey
	}
	n, err := strconv.Atoi(string(line[1 : len(line)-2]))
	switch {
	case err != nil || n < -1 || n < 0 && line[0] == '%':
		return errNotValkey
	case n < 0: // a null array or a null string
		return nil
	case line[0] == '$':
		return g.checkString(n)
	}
	if line[0] == '%' {
		n = min(n, maxReply) * 2
	}
	return g.take(min(n, maxReply) * elementSize)
}

func (g *guard) checkString(n int) error {
	if n > maxString {
		g.out = append(g.out[:0], "$1\r\n?\r\n"...)
		// Discard the string in pieces, because its writer chose its length.
		for n += len("\r\n"); n > 0; {
			discarded, err := g.in.Discard(min(n, maxString))
			if err != nil {
				return err
			}
			n -= discarded
		}
		return nil
	}
	if err := g.take(n); err != nil {
		return err
	}
	start := len(g.out)
	g.out = append(g.out, make([]byte, n+len("\r\n"))...)
	_, err := io.ReadFull(g.in, g.out[start:])
	return err
}

func (g *guard) take(n int) error {
	if g.room -= n; g.room < 0 {
		return errTooLarge
	}
	return nil
}
