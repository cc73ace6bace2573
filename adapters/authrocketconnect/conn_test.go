package authrocketconnect_test

import (
	"context"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/adapters/authrocketconnect"
)

// scripted is a stream whose messages come when the test says so.
type scripted struct {
	connect.StreamingHandlerConn
	header  http.Header
	receive func(message any) error

	receives, sends atomic.Int32
}

func (c *scripted) Spec() connect.Spec {
	return connect.Spec{Procedure: bidi, StreamType: connect.StreamTypeBidi}
}

// RequestHeader must not be called beside Receive.
func (c *scripted) RequestHeader() http.Header {
	if c.receives.Load() > 0 {
		panic("RequestHeader is called beside Receive")
	}
	return c.header
}

func (c *scripted) Receive(message any) error {
	c.receives.Add(1)
	return c.receive(message)
}

func (c *scripted) Send(any) error {
	c.sends.Add(1)
	return nil
}

// run has handler serve a scripted stream of Ada's.
func (s site) run(t *testing.T, receive func(message any) error, handler connect.StreamingHandlerFunc) (*scripted, error) {
	t.Helper()
	i, err := authrocketconnect.New(s.auth, nil)
	if err != nil {
		t.Fatal(err)
	}
	conn := &scripted{header: s.as(s.ada), receive: receive}
	return conn, i.WrapStreamingHandler(handler)(t.Context(), conn)
}

func TestOneReceiveAtATime(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	synctest.Test(t, func(t *testing.T) {
		begun, release := make(chan struct{}, 3), make(chan struct{})
		receive := func(any) error {
			begun <- struct{}{}
			<-release
			return nil
		}
		conn, err := s.run(t, receive, func(_ context.Context, conn connect.StreamingHandlerConn) error {
			go func() { <-begun; s.end() }()
			for range 3 {
				wantEnded(t, "Receive", conn.Receive(new(text)))
				wantEnded(t, "Send", conn.Send(wrapperspb.String("too late")))
			}
			if conn.RequestHeader().Get("Authorization") == "" {
				t.Error("the request has no header")
			}
			return nil
		})
		synctest.Wait() // for all Receives to begin that would
		if got := conn.receives.Load(); err != nil || got != 1 {
			t.Errorf("got %v, and %d Receives began, want one", err, got)
		}
		if got := conn.sends.Load(); got != 0 {
			t.Errorf("%d messages are sent after the end", got)
		}
		close(release)
	})
}

// A message that comes with the end of the session is not taken, whichever is seen first.
func TestMessageThatComesWithTheEnd(t *testing.T) {
	t.Parallel()
	for range 20 {
		s := newSite(t)
		bound := make(chan context.Context, 1)
		receive := func(any) error {
			s.end()
			waitFor(t, (<-bound).Done(), "the context goes on")
			return nil
		}
		s.run(t, receive, func(ctx context.Context, conn connect.StreamingHandlerConn) error {
			bound <- ctx
			wantEnded(t, "Receive", conn.Receive(new(text)))
			return nil
		})
	}
}

// endsMeanwhile is a SessionState whose session ends between the check and Bind.
type endsMeanwhile struct{ *sessions }

func (s endsMeanwhile) CheckSession(context.Context, authrocket.Session, time.Duration) error {
	s.end()
	return nil
}

func (s endsMeanwhile) Bind(ctx context.Context, session authrocket.Session) (context.Context, context.CancelFunc) {
	ctx, cancel := s.sessions.Bind(ctx, session)
	<-ctx.Done()
	return ctx, cancel
}

func TestNoHandlerRunsAfterTheEnd(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(c *authrocket.Config) { c.SessionState = endsMeanwhile{c.SessionState.(*sessions)} })
	_, err := s.run(t, nil, func(context.Context, connect.StreamingHandlerConn) error {
		t.Error("the handler runs")
		return nil
	})
	wantEnded(t, "the client", err)
}
