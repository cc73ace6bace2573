package authrocketconnect_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"testing"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/adapters/authrocketrpc"
)

const ended = "unauthenticated SESSION_ENDED"

// wantEnded checks the error that a handler gets after the end of its session.
func wantEnded(t *testing.T, what string, err error) {
	t.Helper()
	if reasonOf(err) != ended || !errors.Is(err, authrocket.ErrSessionEnded) {
		t.Errorf("%s gets %v, want the end of the session", what, err)
	}
}

// TestHTTP1 ends a session while a handler waits for a message that comes on HTTP/1.1: the
// handler ends at once, and the client hears why when it has sent all.
func TestHTTP1(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	begun, returned := make(chan struct{}), make(chan struct{})
	handler := connect.NewClientStreamHandler(client, func(_ context.Context, stream *connect.ClientStream[text]) (*connect.Response[text], error) {
		defer close(returned)
		stream.Receive()
		close(begun)
		if stream.Receive() {
			t.Error("there is another message")
		}
		wantEnded(t, "a Receive that waits", stream.Err())
		return nil, stream.Err()
	}, s.interceptor(t, nil))
	url, httpClient := onHTTP1.serve(t, handler)
	ctx, cancel := context.WithTimeout(t.Context(), maxWait)
	defer cancel()
	stream := connect.NewClient[text, text](httpClient, url+client).CallClientStream(ctx)
	stream.RequestHeader()["Authorization"] = s.as(s.ada)["Authorization"]
	if err := stream.Send(wrapperspb.String("hello")); err != nil {
		t.Fatal(err)
	}
	waitFor(t, begun, "the handler does not begin")
	s.end()
	waitFor(t, returned, "the handler does not end")
	if _, err := stream.CloseAndReceive(); reasonOf(err) != ended {
		t.Errorf("the client gets %v, want the end of the session", err)
	}
}

// TestTimeoutOfTheClient ends the time that a client has given its call, then the session. The
// context is over before, and must not keep the end from the stream.
func TestTimeoutOfTheClient(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		on           transport
		key, timeout string
	}{{onConnect, "Connect-Timeout-Ms", "1"}, {onGRPC, "Grpc-Timeout", "1m"}, {onGRPCWeb, "Grpc-Timeout", "1m"}} {
		t.Run(row.on.name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			handler := connect.NewBidiStreamHandler(bidi, func(ctx context.Context, stream *connect.BidiStream[text, text]) error {
				<-ctx.Done() // the client's time is over
				s.end()
				for {
					m, err := stream.Receive()
					if err != nil {
						return err
					}
					if err := stream.Send(m); err != nil {
						return err
					}
				}
			}, s.interceptor(t, nil))
			url, httpClient := row.on.serve(t, handler)
			stream := connect.NewClient[text, text](httpClient, url+bidi, row.on.options...).CallBidiStream(t.Context())
			stream.RequestHeader()["Authorization"] = s.as(s.ada)["Authorization"]
			stream.RequestHeader().Set(row.key, row.timeout)
			// The handler may have returned before it comes.
			if err := stream.Send(wrapperspb.String("after the end")); err != nil && !errors.Is(err, io.EOF) {
				t.Fatal(err)
			}
			if m, err := stream.Receive(); connect.CodeOf(err) != connect.CodeDeadlineExceeded {
				t.Errorf("got %v, %v after the end", m, err)
			}
			stream.CloseRequest()
			stream.CloseResponse()
		})
	}
}

// TestFirstMessage has a stream whose message says which org it is about, but that is not there,
// or not of the handler's type.
func TestFirstMessage(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, row := range []struct {
		name     string
		messages []string
		want     string
	}{
		{name: "no message", want: "unimplemented: the request has no message"},
		{name: "a handler of another service", messages: []string{s.org.ID}, want: "internal: the handler receives another type of message than the service describes"},
	} {
		for _, on := range []transport{onConnect, onGRPC, onGRPCWeb} {
			t.Run(row.name+"/"+on.name, func(t *testing.T) {
				t.Parallel()
				// Its bytes are those of a text.
				handler := connect.NewServerStreamHandler(server, func(context.Context, *connect.Request[wrapperspb.BytesValue], *connect.ServerStream[text]) error {
					t.Error("the handler runs")
					return nil
				}, s.interceptor(t, authrocketrpc.Methods{"calls.v1.Calls/Server": {Org: authrocketrpc.OrgIDFromField("value")}}))
				stream := s.stream(t, on, server, handler)
				for _, message := range row.messages {
					if err := stream.Send(wrapperspb.String(message)); err != nil {
						t.Fatal(err)
					}
				}
				if len(row.messages) == 0 {
					stream.Send(nil) // the headers
				}
				if err := stream.CloseRequest(); err != nil {
					t.Fatal(err)
				}
				if answer, err := stream.Receive(); err == nil || err.Error() != row.want {
					t.Errorf("got %v, %v, want %q", answer, err, row.want)
				}
			})
		}
	}
}

// As by any Receive, what was in the handler's message is gone.
func TestFirstMessageReplacesWhatWasThere(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	handler := connect.NewServerStreamHandler(server, func(_ context.Context, r *connect.Request[text], stream *connect.ServerStream[text]) error {
		return stream.Send(wrapperspb.String(fmt.Sprint(len(r.Msg.ProtoReflect().GetUnknown()))))
	}, s.interceptor(t, authrocketrpc.Methods{"calls.v1.Calls/Server": {Org: authrocketrpc.OrgIDFromField("value")}}),
		connect.WithRequestInitializer(func(_ connect.Spec, message any) error {
			message.(*text).ProtoReflect().SetUnknown([]byte{16, 1})
			return nil
		}))
	stream := s.stream(t, onConnect, server, handler)
	if err := stream.Send(wrapperspb.String(s.org.ID)); err != nil {
		t.Fatal(err)
	}
	if err := stream.CloseRequest(); err != nil {
		t.Fatal(err)
	}
	if answer, err := stream.Receive(); err != nil || answer.GetValue() != "0" {
		t.Errorf("got %v, %v", answer, err)
	}
}

// panicking is a codec that panics at the message "panic".
type panicking struct{}

func (panicking) Name() string { return "proto" }

func (panicking) Marshal(message any) ([]byte, error) { return proto.Marshal(message.(proto.Message)) }

func (panicking) Unmarshal(data []byte, message any) error {
	err := proto.Unmarshal(data, message.(proto.Message))
	if message.(*text).GetValue() == "panic" {
		panic("the codec panics")
	}
	return err
}

// A panic in a goroutine that nothing recovers from would end the server.
func TestPanicOfACodec(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	recovered := make(chan any, 1)
	handler := connect.NewBidiStreamHandler(bidi, func(_ context.Context, stream *connect.BidiStream[text, text]) (err error) {
		defer func() {
			recovered <- recover()
			err = connect.NewError(connect.CodeInternal, nil)
		}()
		_, err = stream.Receive()
		return err
	}, s.interceptor(t, nil), connect.WithCodec(panicking{}))
	stream := s.stream(t, onConnect, bidi, handler)
	if err := stream.Send(wrapperspb.String("panic")); err != nil {
		t.Fatal(err)
	}
	if _, err := stream.Receive(); reasonOf(err) != "internal" {
		t.Errorf("the client gets %v", err)
	}
	if got := <-recovered; got != "the codec panics" {
		t.Errorf("the handler recovers %v", got)
	}
}
