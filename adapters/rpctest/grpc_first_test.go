package rpctest_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/dynamicpb"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/adapters/authrocketgrpc"
	"github.com/authrocket-go/authrocket/adapters/authrocketrpc"
	"github.com/authrocket-go/authrocket/adapters/rpctest"
)

// requestStream is the stream of a client that sends one request.
type requestStream struct {
	grpc.ServerStream
	ctx     context.Context
	request *rpctest.Request
	err     error // of the next RecvMsg
}

func (s *requestStream) Context() context.Context { return s.ctx }

func (s *requestStream) RecvMsg(m any) error {
	if s.err != nil {
		return s.err
	}
	proto.Merge(m.(proto.Message), s.request)
	s.err = io.EOF
	return nil
}

// Where a field names the org, the interceptor receives the message before the handler does.
func TestFirstMessageOfGRPC(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	config := f.realm.Config()
	config.Observer = authrocket.SilentObserver()
	auth, err := authrocket.New(config)
	if err != nil {
		t.Fatal(err)
	}
	i, err := authrocketgrpc.New(auth, authrocketrpc.Methods{service + "/ServerStream": {Org: authrocketrpc.OrgIDFromField("org_id")}})
	if err != nil {
		t.Fatal(err)
	}
	request := &rpctest.Request{OrgId: "org_1", Text: "first"}
	broken := errors.New("the stream is broken")
	described, err := protodesc.NewFile(protodesc.ToFileDescriptorProto(request.ProtoReflect().Descriptor().ParentFile()), protoregistry.GlobalFiles)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		name      string
		err       error
		message   any // of the handler
		ran       bool
		code      codes.Code
		wantError error // as it is
	}{
		{name: "into a new message", message: &rpctest.Request{}, ran: true},
		{name: "into a message with other content", message: &rpctest.Request{OrgId: "org_2", Parent: &rpctest.Parent{OrgId: "org_2"}}, ran: true},
		{name: "into a message of another type", message: &rpctest.Response{}, ran: true, code: codes.Internal},
		{name: "into a message of another description of the type", message: dynamicpb.NewMessage(described.Messages().ByName("Request")), ran: true, code: codes.Internal},
		{name: "into what is no message", message: new([]byte), ran: true, code: codes.Internal},
		{name: "none comes", err: broken, wantError: broken, code: codes.Unknown},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			_, token, _ := strings.Cut(f.bearer(f.ada), ": ")
			s := &requestStream{ctx: metadata.NewIncomingContext(t.Context(), metadata.Pairs("authorization", token)), request: request, err: row.err}
			ran := false
			err := i.Stream(nil, s, &grpc.StreamServerInfo{FullMethod: rpctest.Calls_ServerStream_FullMethodName, IsServerStream: true}, func(_ any, s grpc.ServerStream) error {
				ran = true
				if err := s.RecvMsg(row.message); err != nil {
					return err
				}
				if err := s.RecvMsg(&rpctest.Request{}); err != io.EOF {
					t.Errorf("after the only message: got %v", err)
				}
				return nil
			})
			if ran != row.ran || status.Code(err) != row.code || row.wantError != nil && err != row.wantError {
				t.Errorf("got %v, the handler ran: %t", err, ran)
			}
			if row.ran && err == nil && !proto.Equal(row.message.(proto.Message), request) {
				t.Errorf("the handler got %v, want %v", row.message, request)
			}
		})
	}
}
