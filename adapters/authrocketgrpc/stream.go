package authrocketgrpc

import (
	"context"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/authrocket-go/authrocket/adapters/authrocketrpc"
)

// boundStream is a stream that ends with its context.
type boundStream struct {
	grpc.ServerStream
	ctx   context.Context
	first proto.Message // the message that was received before the handler ran; nil if there was no such message, or if the handler already has it
}

func (s *boundStream) Context() context.Context { return s.ctx }

// ended returns the status with which the stream has ended, or nil if it has not ended.
func (s *boundStream) ended() error {
	if end := authrocketrpc.EndOf(s.ctx); end != nil {
		return refusal(end)
	}
	if err := s.ctx.Err(); err != nil {
		return status.FromContextError(err).Err()
	}
	return nil
}

func (s *boundStream) SendMsg(message any) error {
	if err := s.ended(); err != nil {
		return err
	}
	return s.ServerStream.SendMsg(message)
}

func (s *boundStream) RecvMsg(message any) error {
	if err := s.ended(); err != nil {
		return err
	}
	if s.first != nil {
		return s.takeFirst(message)
	}
	type outcome struct {
		err      error
		panicked any
	}
	received := make(chan outcome, 1)
	// gRPC cannot interrupt RecvMsg. After the context has ended, no further RecvMsg
	// starts. This RecvMsg ends with the call, soon after the handler has returned.
	go func() {
		var o outcome
		defer func() {
			o.panicked = recover() // passed on to the handler's goroutine, where middleware may recover from it
			received <- o
		}()
		o.err = s.ServerStream.RecvMsg(message)
	}()
	var o outcome
	select {
	case o = <-received:
	case <-s.ctx.Done():
	}
	if o.panicked != nil {
		panic(o.panicked)
	}
	if err := s.ended(); err != nil {
		return err
	}
	return o.err
}

// takeFirst gives the handler the message that was received before it ran.
func (s *boundStream) takeFirst(message any) error {
	m, ok := message.(proto.Message)
	if !ok || m.ProtoReflect().Descriptor() != s.first.ProtoReflect().Descriptor() {
		return status.Errorf(codes.Internal, "authrocketgrpc: the handler receives a %T, but the client sends a %T", message, s.first)
	}
	proto.Reset(m)
	proto.Merge(m, s.first)
	s.first = nil
	return nil
}
