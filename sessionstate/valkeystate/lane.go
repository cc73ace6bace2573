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

// answerTime limits the time to connect, and the time to answer a command.
const answerTime = 2 * time.Second

// lane sends commands one after the other over one connection, which it opens when
// necessary. The goroutine that calls do also reads the answer, so no other goroutine
// waits for the server.
type lane struct {
	turn   chan struct{}
	client valkey.Client
	opened bool // false while client is being created, because the creation must not connect
	dialer net.Dialer
	tls    *tls.Config

	mu   sync.Mutex
	conn net.Conn // the latest connection
}

var errOpening = errors.New("the connection is not opened yet")

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
		ReadBufferEachConn:  512, // guard also has a buffer
		WriteBufferEachConn: 1 << 10,
		PipelineMultiplex:   -1,

		ForceSingleClient:     true,                        // does not look for a cluster, and returns a client that is not connected
		DisableAutoPipelining: true,                        // starts no goroutines, and sends no PING
		DisableCache:          true,                        // sends no CLIENT TRACKING
		ClientSetInfo:         valkey.DisableClientSetInfo, // sends no CLIENT SETINFO
		DisableRetry:          true,                        // do repeats commands itself
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
	if ctx.Err() != nil { // hangUp may have been called before conn was set
		conn.Close()
		return nil, ctx.Err()
	}
	return newGuard(conn), nil
}

// lock waits until the lane is free. The caller must call unlock after do.
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

// do sends a command and returns its result. It stops waiting when ctx ends. If the
// connection is broken, do sends the command once more, because servers and firewalls
// close idle connections. The server may then carry out the command twice. That is
// harmless, because a log may contain the same entry twice.
func (n *lane) do(ctx context.Context, command func(valkey.Builder) valkey.Completed) valkey.ValkeyResult {
	hungUp := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		n.hangUp()
		close(hungUp)
	})
	defer func() {
		if !stop() {
			<-hungUp // wait for hangUp, which could otherwise close the connection of the next command
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

// hangUp ends the running command by closing the connection, because the command's reader
// ignores contexts.
func (n *lane) hangUp() {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.conn != nil {
		n.conn.Close()
	}
}
