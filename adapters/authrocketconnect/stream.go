package authrocketconnect

import (
	"context"
	"errors"
	"net/http"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/proto"

	"github.com/authrocket-go/authrocket/adapters/authrocketrpc"
)

// boundConn is the connection of a streaming handler. It ends when its context ends.
type boundConn struct {
	connect.StreamingHandlerConn
	ctx    context.Context // the context that Policy.Bind returned
	header http.Header     // read in advance, because a Receive that is left behind must not run at the same time as RequestHeader
	first  proto.Message   // the message that the interceptor has received; nil after the handler has received it
}

func (c *boundConn) RequestHeader() http.Header { return c.header }

// received is the outcome of a Receive.
type received struct {
	err   error
	panic any
}

// ended returns why the stream has ended, or nil if it has not. The stream ends with its context
// for any reason, such as the client's timeout. In that case, the error does not describe the
// session.
func (c *boundConn) ended() error {
	if ended := authrocketrpc.EndOf(c.ctx); ended != nil {
		return refuse(ended)
	}
	err := c.ctx.Err()
	switch {
	case err == nil:
		return nil
	case errors.Is(err, context.DeadlineExceeded):
		return connect.NewError(connect.CodeDeadlineExceeded, err)
	}
	return connect.NewError(connect.CodeCanceled, err)
}

// Receive waits in a goroutine, because only the end of the call interrupts Connect's Receive.
// There is at most one such goroutine at a time. Receive returns before its goroutine only if
// the stream has ended, and no other goroutine is started after that. The goroutine ends after
// the handler has returned, because Connect then closes the request's body.
func (c *boundConn) Receive(message any) error {
	if err := c.ended(); err != nil {
		return err
	}
	if first := c.first; first != nil {
		c.first = nil
		return move(message, first)
	}
	done := make(chan received, 1)
	go func() {
		var r received
		defer func() {
			r.panic = recover() // nothing else would recover here, and the process would end
			done <- r
		}()
		r.err = c.StreamingHandlerConn.Receive(message)
	}()
	var r received
	select {
	case r = <-done:
	case <-c.ctx.Done():
	}
	if r.panic != nil {
		panic(r.panic)
	}
	if err := c.ended(); err != nil {
		return err
	}
	return r.err
}

// Send sends a message, but not after the stream has ended.
func (c *boundConn) Send(message any) error {
	if err := c.ended(); err != nil {
		return err
	}
	return c.StreamingHandlerConn.Send(message)
}

// move copies the content of first into the handler's message.
func move(message any, first proto.Message) error {
	target, ok := message.(proto.Message)
	if !ok || target.ProtoReflect().Descriptor() != first.ProtoReflect().Descriptor() {
		return connect.NewError(connect.CodeInternal, errors.New("the handler receives another type of message than the service describes"))
	}
	proto.Reset(target)
	proto.Merge(target, first)
	return nil
}
