package rpctest_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/status"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/adapters/authrocketrpc"
	"github.com/authrocket-go/authrocket/adapters/rpctest"
	"github.com/authrocket-go/authrocket/adapters/rpctest/rpctestconnect"
)

// newHTTPClient returns a client of HTTP/2 without TLS.
func newHTTPClient(t *testing.T) *http.Client {
	transport := &http.Transport{Protocols: new(http.Protocols)}
	transport.Protocols.SetUnencryptedHTTP2(true)
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: time.Minute}
}

// client calls the service at a URL.
type client struct {
	rpctestconnect.CallsClient
	ctx context.Context
	url string
}

func (s server) newClient(t *testing.T, url string) client {
	return client{rpctestconnect.NewCallsClient(newHTTPClient(t), url, s.client), t.Context(), url}
}

// kind is a kind of method: the last part of its name.
type kind string

const (
	unary        kind = "Unary"
	serverStream kind = "ServerStream"
	clientStream kind = "ClientStream"
	bidiStream   kind = "BidiStream"
)

var (
	allKinds     = []kind{unary, serverStream, clientStream, bidiStream}
	streamKinds  = allKinds[1:]
	oneRequestOf = allKinds[:2] // from the client
)

// stream is a call of the client.
type stream struct {
	// receive returns the text of the next response, or the error of the call, which is io.EOF
	// when it has ended well.
	receive func() (string, error)
	cancel  func() // ends it as a client does that has enough
}

// open calls a method, sends a request and, unless more is to come, says that it is the last.
func (c client) open(t *testing.T, k kind, headers http.Header, request *rpctest.Request, moreToCome bool) stream {
	t.Helper()
	ctx, cancel := context.WithCancel(c.ctx)
	t.Cleanup(cancel)
	add := func(h http.Header) {
		for name, values := range headers {
			h[name] = slices.Clone(values)
		}
	}
	r := connect.NewRequest(request)
	add(r.Header())
	switch k {
	case unary:
		return stream{single(c.Unary(ctx, r)), cancel}
	case serverStream:
		s, err := c.ServerStream(ctx, r)
		if err != nil {
			return stream{func() (string, error) { return "", err }, cancel}
		}
		t.Cleanup(func() { cancel(); s.Close() })
		return stream{func() (string, error) {
			if s.Receive() {
				return s.Msg().GetText(), nil
			}
			if s.Err() != nil {
				return "", s.Err()
			}
			return "", io.EOF
		}, cancel}
	case clientStream:
		s := c.ClientStream(ctx)
		add(s.RequestHeader())
		if err := s.Send(request); err != nil && !errors.Is(err, io.EOF) {
			t.Fatal(err)
		}
		receive := sync.OnceValue(func() func() (string, error) { return single(s.CloseAndReceive()) })
		return stream{func() (string, error) { return receive()() }, cancel}
	default:
		s := c.BidiStream(ctx)
		add(s.RequestHeader())
		if err := s.Send(request); err != nil && !errors.Is(err, io.EOF) {
			t.Fatal(err)
		}
		if !moreToCome {
			s.CloseRequest()
		}
		t.Cleanup(func() { cancel(); s.CloseRequest(); s.CloseResponse() })
		return stream{func() (string, error) {
			m, err := s.Receive()
			if errors.Is(err, io.EOF) {
				err = io.EOF
			}
			return m.GetText(), err
		}, func() { cancel(); s.CloseResponse() }} // which net/http needs where a request goes on
	}
}

// single is the receive of a stream for the only response.
func single(response *connect.Response[rpctest.Response], err error) func() (string, error) {
	return func() (string, error) {
		if err != nil {
			return "", err
		}
		err = io.EOF
		return response.Msg.GetText(), nil
	}
}

// rest returns the texts of the responses to come, and the error of the call, nil if it has
// ended well.
func (s stream) rest() (string, error) {
	var texts []string
	for {
		text, err := s.receive()
		if err == io.EOF {
			return strings.Join(texts, "|"), nil
		}
		if err != nil {
			return strings.Join(texts, "|"), err
		}
		texts = append(texts, text)
	}
}

// codeOf returns the code of an error of either framework.
func codeOf(err error) connect.Code {
	if s, ok := status.FromError(err); ok {
		return connect.Code(s.Code())
	}
	return connect.CodeOf(err)
}

// codeFor returns the code for the kind of a refusal.
func codeFor(refusal error) connect.Code {
	switch {
	case errors.Is(refusal, authrocket.ErrUnauthenticated):
		return connect.CodeUnauthenticated
	case errors.Is(refusal, authrocket.ErrForbidden):
		return connect.CodePermissionDenied
	}
	return connect.CodeUnavailable
}

// expectRefusal checks what a client gets: the code of want's kind, its reason as ErrorInfo,
// when to try again if that makes sense, and its public message, all without a secret.
func expectRefusal(t *testing.T, err error, want error, secrets ...string) {
	t.Helper()
	refused, ok := errors.AsType[*connect.Error](err)
	if !ok {
		t.Errorf("got %v, want a refusal for %q", err, want)
		return
	}
	if refused.Code() != codeFor(want) {
		t.Errorf("got the code %s, want %s (%v)", refused.Code(), codeFor(want), err)
	}
	if refused.Message() != authrocket.PublicMessage(want) {
		t.Errorf("got the message %q, want %q", refused.Message(), authrocket.PublicMessage(want))
	}
	var info *errdetails.ErrorInfo
	var retry *errdetails.RetryInfo
	for _, detail := range refused.Details() {
		value, err := detail.Value()
		if err != nil {
			t.Fatal(err)
		}
		switch value := value.(type) {
		case *errdetails.ErrorInfo:
			info = value
		case *errdetails.RetryInfo:
			retry = value
		default:
			t.Errorf("got the detail %s, which nobody documents", detail.Type())
		}
	}
	if info == nil || info.Reason != strings.ToUpper(authrocket.Reason(want)) || info.Domain != authrocketrpc.ErrorDomain || len(info.Metadata) > 0 {
		t.Errorf("got the ErrorInfo %v, want the reason of %q in %s", info, want, authrocketrpc.ErrorDomain)
	}
	if isUnavailable := codeFor(want) == connect.CodeUnavailable; isUnavailable != (retry.GetRetryDelay().AsDuration() > 0) || !isUnavailable && retry != nil {
		t.Errorf("got the RetryInfo %v, want one: %t", retry, isUnavailable)
	}
	for name, values := range refused.Meta() {
		for _, secret := range secrets {
			if strings.Contains(strings.Join(values, ","), secret) {
				t.Errorf("the metadata %s: %q holds a secret", name, values)
			}
		}
	}
}
