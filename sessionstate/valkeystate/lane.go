package valkeystate

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"sync"
	"time"

	"github.com/valkey-io/valkey-go"
)

// answerTime is how long a connection, and the answer to a command, may take.
const answerTime = 2 * time.Second

// lane sends one command after the other over one connection, which it makes when it
// needs one. The caller of do reads the answer itself: no goroutine waits for the server.
type lane struct {
	turn   chan struct{}
	client valkey.Client
	opened bool // false while client is made, which has to dial nothing
	dialer net.Dialer
	tls    *tls.Config

	mu   sync.Mutex
	conn net.Conn // the last that was made
}

var errOpening = errors.New("nothing is dialled yet")

func newLane(s server) (*lane, error) {
	n := &lane{turn: make(chan struct{}, 1), dialer: net.Dialer{Timeout: answerTime}, tls: s.tls}
	client, err := valkey.NewClient(valkey.ClientOption{
		InitAddress: []string{s.address},
		Username:    s.user,
		Password:    s.password,
		SelectDB:    s.database,
		DialCtxFn:   n.dial,
		Dialer:      n.dialer,

		ConnWriteTimeout:    answerTime,
		ReadBufferEachConn:  512, // guard has one, too
		WriteBufferEachConn: 1 << 10,
		PipelineMultiplex:   -1,

		ForceSingleClient:     true,                        // asks for no cluster, and returns a client that is not connected
		DisableAutoPipelining: true,                        // starts no goroutines, and sends no PING
		DisableCache:          true,                        // sends no CLIENT TRACKING
		ClientSetInfo:         valkey.DisableClientSetInfo, // sends no CLIENT SETINFO
		DisableRetry:          true,                        // do has its own
	})
	if !errors.Is(err, errOpening) {
		return nil, err
	}
	n.client, n.opened = client, true
	return n, nil
}

func (n *lane) dial(ctx context.Context, address string, _ *net.Dialer, _ *tls.Config) (net.Conn, error) {
	if !n.opened {
		return nil, errOpening
	}
	var conn net.Conn
	var err error
	if n.tls != nil {
		conn, err = (&tls.Dialer{NetDialer: &n.dialer, Config: n.tls}).DialContext(ctx, "tcp", address)
	} else {
		conn, err = n.dialer.DialContext(ctx, "tcp", address)
	}
	if err != nil {
		return nil, err
	}
	n.mu.Lock()
	n.conn = conn
	n.mu.Unlock()
	if ctx.Err() != nil { // hangUp may have come too early
		conn.Close()
		return nil, ctx.Err()
	}
	return newGuard(conn), nil
}

// lock waits for the lane. The caller unlocks it after do.
func (n *lane) lock(ctx context.Context) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	select {
	case n.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (n *lane) unlock() { <-n.turn }

// do sends a command until ctx ends, and again if the connection turns out to be broken:
// servers and firewalls close those that are idle. Then a command may be done twice, which
// is harmless for all that are sent here; an entry may be in the log twice.
func (n *lane) do(ctx context.Context, command func(valkey.Builder) valkey.Completed) valkey.ValkeyResult {
	hungUp := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		n.hangUp()
		close(hungUp)
	})
	defer func() {
		if !stop() {
			<-hungUp // else it would end the connection of the next one
		}
	}()
	result := n.client.Do(ctx, command(n.client.B()))
	if isBroken(result.NonValkeyError()) && ctx.Err() == nil {
		result = n.client.Do(ctx, command(n.client.B()))
	}
	return result
}

func isBroken(err error) bool {
	var op *net.OpError
	return errors.Is(err, io.EOF) || errors.As(err, &op) && op.Op != "dial" && !op.Timeout()
}

// hangUp ends the command that is under way, whose reader looks at no context.
func (n *lane) hangUp() {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.conn != nil {
		n.conn.Close()
	}
}
