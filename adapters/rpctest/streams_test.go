package rpctest_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"testing"
	"time"

	"connectrpc.com/connect"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/adapters/rpctest"
	"github.com/authrocket-go/authrocket/authrockettest"
)

// waitingHandler is a handler that says that it runs, and then waits for the client, or where
// the client sends no more, for the end of its context.
type waitingHandler struct {
	kind   kind
	runs   chan struct{}
	causes chan error // why its context ended
	errs   chan error // that it returned
}

func newWaitingHandler(k kind) *waitingHandler {
	return &waitingHandler{k, make(chan struct{}, 1), make(chan error, 1), make(chan error, 1)}
}

func (h *waitingHandler) handle(_ *authrocket.Auth, c call) error {
	err := h.wait(c)
	h.causes <- context.Cause(c.ctx)
	h.errs <- err
	return err
}

func (h *waitingHandler) wait(c call) error {
	if _, err := c.receive(); err != nil {
		return err
	}
	if h.kind != clientStream {
		if err := c.send(&rpctest.Response{Text: "runs"}); err != nil {
			return err
		}
	}
	h.runs <- struct{}{}
	if h.kind == serverStream {
		<-c.ctx.Done()
		return c.ctx.Err()
	}
	return receiveAll(c)
}

// open opens a call that the handler waits in.
func (h *waitingHandler) open(t *testing.T, sv *served, metadata ...string) stream {
	t.Helper()
	s := sv.client.open(t, h.kind, headersOf(metadata...), &rpctest.Request{}, true)
	if h.kind != clientStream {
		if text, err := s.receive(); text != "runs" {
			t.Fatalf("got %q %v", text, err)
		}
	}
	<-h.runs
	return s
}

func TestStreamsEndWithTheirSessions(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for _, row := range []struct {
		name     string
		behind   bool
		metadata []string
		cause    error
	}{
		{name: "the session ends", metadata: []string{f.bearer(f.ada)}, cause: authrocket.ErrSessionEnded},
		{name: "the token expires", metadata: []string{f.bearer(f.ada)}, cause: authrocket.ErrTokenExpired},
		{name: "the session cannot be asked about any more", metadata: []string{f.bearer(f.ada)}, cause: authrocket.ErrSessionUnknown},
		{name: "the session of a cookie ends", behind: true, metadata: []string{f.cookie(f.ada), "Sec-Fetch-Site: same-origin"}, cause: authrocket.ErrSessionEnded},
	} {
		for _, s := range servers {
			for _, k := range streamKinds {
				t.Run(fmt.Sprintf("%s/%s/%s", row.name, k, s.name), func(t *testing.T) {
					t.Parallel()
					h, state := newWaitingHandler(k), &sessions{}
					sv := f.serve(t, s, nil, row.behind, func(c *authrocket.Config) { c.SessionState = state }, h.handle)
					open := h.open(t, sv, row.metadata...)
					state.end(row.cause)
					// Before the client does anything more.
					if err := <-h.causes; !errors.Is(err, row.cause) {
						t.Errorf("the handler's context ended because of %v, want %v", err, row.cause)
					}
					if err := <-h.errs; k != serverStream && codeOf(err) != codeFor(row.cause) {
						t.Errorf("the handler received %v, want the status", err)
					}
					_, err := open.rest()
					expectRefusal(t, err, row.cause, f.ada.ID, "eyJ")
					sv.expect(t, 1, []string{"allowed"})
				})
			}
		}
	}
}

// A token lives for whole seconds, which a slow machine may need for the start of a call.
func TestStreamsEndWhenTheirTokensExpire(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for _, s := range servers {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			for lifetime := 2 * time.Second; ; lifetime *= 2 {
				h := newWaitingHandler(bidiStream)
				sv := f.serve(t, s, nil, false, nil, h.handle)
				open := sv.open(t, bidiStream, headersOf(f.bearer(f.ada, authrockettest.ExpiresIn(lifetime))), &rpctest.Request{}, true)
				_, err := open.rest()
				expectRefusal(t, err, authrocket.ErrTokenExpired, f.ada.ID, "eyJ")
				if sv.ran.Load() == 1 {
					if err := <-h.causes; !errors.Is(err, authrocket.ErrTokenExpired) {
						t.Errorf("the handler's context ended because of %v", err)
					}
					return
				}
			}
		})
	}
}

// Whatever a handler does after the end of the session, no message passes.
func TestHandlersAfterTheEndOfTheirSessions(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for _, row := range []struct {
		name     string
		returned func(call) error
		want     error // of the client
	}{
		{name: "returns nil", returned: func(call) error { return nil }},
		{name: "returns an error of its own", returned: func(call) error { return errors.New("own") }, want: authrocket.ErrSessionEnded},
		{name: "returns a status", returned: func(c call) error { return c.status(connect.CodeDataLoss, "own") }, want: authrocket.ErrSessionEnded},
		{name: "returns the context's error", returned: func(c call) error { return c.ctx.Err() }, want: authrocket.ErrSessionEnded},
	} {
		for _, s := range servers {
			t.Run(row.name+"/"+s.name, func(t *testing.T) {
				t.Parallel()
				state := &sessions{}
				runs, codes := make(chan struct{}), make(chan []connect.Code, 1)
				sv := f.serve(t, s, nil, false, func(c *authrocket.Config) { c.SessionState = state }, func(_ *authrocket.Auth, c call) error {
					if _, err := c.receive(); err != nil {
						return err
					}
					close(runs)
					_, first := c.receive()
					_, second := c.receive()
					sent := c.send(&rpctest.Response{Text: "too late"})
					_, third := c.receive()
					codes <- []connect.Code{codeOf(first), codeOf(second), codeOf(sent), codeOf(third)}
					return row.returned(c)
				})
				open := sv.open(t, bidiStream, headersOf(f.bearer(f.ada)), &rpctest.Request{}, true)
				<-runs
				state.end(authrocket.ErrSessionEnded)
				if got := <-codes; !slices.Equal(got, slices.Repeat([]connect.Code{connect.CodeUnauthenticated}, 4)) {
					t.Errorf("the handler got %s", got)
				}
				text, err := open.rest()
				if text != "" {
					t.Errorf("the client got %q", text)
				}
				if row.want != nil {
					expectRefusal(t, err, row.want)
				} else if err != nil {
					t.Errorf("the client got %v", err)
				}
			})
		}
	}
}

func TestStreamsThatClientsEnd(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for _, s := range servers {
		for _, k := range streamKinds {
			t.Run(fmt.Sprintf("the client cancels/%s/%s", k, s.name), func(t *testing.T) {
				t.Parallel()
				h, state := newWaitingHandler(k), &sessions{}
				sv := f.serve(t, s, nil, false, func(c *authrocket.Config) { c.SessionState = state }, h.handle)
				h.open(t, sv, f.bearer(f.ada)).cancel()
				if err := <-h.causes; !errors.Is(err, context.Canceled) {
					t.Errorf("the handler's context ended because of %v", err)
				}
				if err := <-h.errs; k != serverStream && codeOf(err) != connect.CodeCanceled {
					t.Errorf("the handler received %v", err)
				}
			})
		}
		t.Run("the client has sent all/"+s.name, func(t *testing.T) {
			t.Parallel()
			received := make(chan error, 2)
			sv := f.serve(t, s, nil, false, nil, func(_ *authrocket.Auth, c call) error {
				err := receiveAll(c)
				_, again := c.receive()
				received <- err
				received <- again
				return c.send(&rpctest.Response{Text: "all"})
			})
			text, err := sv.open(t, bidiStream, headersOf(f.bearer(f.ada)), &rpctest.Request{}, false).rest()
			if first, again := <-received, <-received; text != "all" || err != nil || first != nil || again != io.EOF {
				t.Errorf("got %q %v, the handler %v and %v", text, err, first, again)
			}
		})
	}
}
