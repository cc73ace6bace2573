package authrocketgrpc_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/adapters/authrocketgrpc"
	"github.com/authrocket-go/authrocket/adapters/authrocketrpc"
	"github.com/authrocket-go/authrocket/authrockettest"
)

func TestNew(t *testing.T) {
	t.Parallel()
	if _, err := authrocketgrpc.New(nil, nil); err == nil || !strings.Contains(err.Error(), "the Auth is nil") {
		t.Errorf("got %v", err)
	}
	f := authrockettest.NewAdapterFixture(t)
	if _, err := authrocketgrpc.New(f.Auth, authrocketrpc.Methods{"acme.v1.Typo": {}}); err == nil || !strings.Contains(err.Error(), "acme.v1.Typo") {
		t.Errorf("got %v", err)
	}
}

// stream is the stream of a server whose client sends nothing. What it was called for does
// not return before over is closed, as where a call ends after its handler has returned.
type stream struct {
	grpc.ServerStream
	ctx      context.Context
	over     chan struct{}
	panics   any // of RecvMsg
	received atomic.Int64
	sent     atomic.Int64
}

func (s *stream) Context() context.Context { return s.ctx }

func (s *stream) SendMsg(any) error {
	s.sent.Add(1)
	return nil
}

func (s *stream) RecvMsg(any) error {
	s.received.Add(1)
	if s.panics != nil {
		panic(s.panics)
	}
	<-s.over
	return status.Error(codes.Canceled, "the call is over")
}

// run calls the interceptor for a stream of a user whose token lives for an hour. The call is
// over when the handler has returned.
func run(t *testing.T, ctx context.Context, s *stream, handler func(grpc.ServerStream) error) error {
	t.Helper()
	realm := authrockettest.NewRealm(t, func(c *authrockettest.RealmConfig) { c.Algorithm = "HS256" })
	config := realm.Config()
	config.Observer = authrocket.SilentObserver()
	auth, err := authrocket.New(config)
	if err != nil {
		t.Fatal(err)
	}
	i, err := authrocketgrpc.New(auth, nil)
	if err != nil {
		t.Fatal(err)
	}
	token := realm.Token(realm.AddUser(authrockettest.User{Email: "ada@example.com"}), authrockettest.ExpiresIn(time.Hour))
	s.ctx = metadata.NewIncomingContext(ctx, metadata.Pairs("authorization", "Bearer "+token))
	s.over = make(chan struct{})
	defer close(s.over)
	return i.Stream(nil, s, &grpc.StreamServerInfo{FullMethod: "/acme.v1.Notes/Sync", IsClientStream: true, IsServerStream: true},
		func(_ any, s grpc.ServerStream) error { return handler(s) })
}

func TestStreamEndsWhenItsTokenExpires(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		start, s := time.Now(), &stream{}
		err := run(t, t.Context(), s, func(bound grpc.ServerStream) error {
			if err := bound.SendMsg(nil); err != nil {
				t.Error(err)
			}
			first := bound.RecvMsg(nil)
			if waited := time.Since(start); waited != time.Hour || status.Code(first) != codes.Unauthenticated {
				t.Errorf("RecvMsg returned %v after %s", first, waited)
			}
			if again := bound.RecvMsg(nil); status.Code(again) != codes.Unauthenticated || again.Error() != first.Error() {
				t.Errorf("the second RecvMsg returned %v, the first %v", again, first)
			}
			if err := bound.SendMsg(nil); status.Code(err) != codes.Unauthenticated {
				t.Errorf("SendMsg returned %v", err)
			}
			return errors.New("own")
		})
		if status.Code(err) != codes.Unauthenticated {
			t.Errorf("the stream returned %v", err)
		}
		synctest.Wait() // for what runs beside the handler
		if received, sent := s.received.Load(), s.sent.Load(); received != 1 || sent != 1 {
			t.Errorf("gRPC was asked for %d messages and given %d, want one each, before the end", received, sent)
		}
	})
}

// As where an interceptor around this one has a time limit.
func TestStreamEndsWithAnotherContext(t *testing.T) {
	t.Parallel()
	own := errors.New("own")
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		s := &stream{}
		err := run(t, ctx, s, func(bound grpc.ServerStream) error {
			for range 2 {
				if err := bound.RecvMsg(nil); status.Code(err) != codes.DeadlineExceeded {
					t.Errorf("RecvMsg returned %v", err)
				}
			}
			if err := bound.SendMsg(nil); status.Code(err) != codes.DeadlineExceeded {
				t.Errorf("SendMsg returned %v", err)
			}
			return own
		})
		if err != own {
			t.Errorf("the stream returned %v, want the handler's error", err)
		}
		synctest.Wait() // for what runs beside the handler
		if received, sent := s.received.Load(), s.sent.Load(); received != 1 || sent != 0 {
			t.Errorf("gRPC was asked for %d messages and given %d, want 1 and 0", received, sent)
		}
	})
}

// A goroutine's panic would end the program; middleware recovers that of a handler.
func TestPanicOfRecvMsgIsThatOfTheHandler(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var recovered any
		run(t, t.Context(), &stream{panics: "of a codec"}, func(bound grpc.ServerStream) error {
			defer func() { recovered = recover() }()
			return bound.RecvMsg(nil)
		})
		if recovered != "of a codec" {
			t.Errorf("recovered %v", recovered)
		}
	})
}
