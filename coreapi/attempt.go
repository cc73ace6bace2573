package coreapi

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
	"time"

	"github.com/authrocket-go/authrocket/internal/wire"
)

var errNoAnswerInTime = errors.New("no complete answer arrived within Config.Timeout or before the call's deadline")

// maxAnswerBytes is far more than a page of 1,000 records needs.
const maxAnswerBytes = 8 << 20

// reply is the result of one attempt.
type reply struct {
	status int // 0 if there was no answer
	header http.Header
	body   []byte
	isJSON bool

	err  error // nil if the complete answer arrived
	sent bool  // the request may have reached the API
}

// attempt sends one request and reads the answer. It returns no later than the deadline.
func (s *scope) attempt(ctx context.Context, deadline time.Time, c *call) reply {
	if end := time.Now().Add(s.config.Timeout); end.Before(deadline) {
		deadline = end
	}
	attemptCtx, cancel := context.WithDeadline(ctx, deadline)
	defer cancel()
	var trace connectionTrace
	requestCtx := attemptCtx
	if c.method != http.MethodGet { // a GET may be repeated even if it was sent, so it needs no trace
		requestCtx = trace.attach(attemptCtx)
	}
	request, err := s.newRequest(requestCtx, c)
	if err != nil {
		return reply{err: errors.New("the request cannot be built")}
	}
	response, err := s.http.Do(request)
	r := reply{sent: trace.sent()}
	if response != nil {
		r.status, r.header, r.sent = response.StatusCode, response.Header, true
		s.rate.Store(readRate(response.Header))
	}
	if err != nil {
		r.err = s.attemptError(ctx, attemptCtx, err)
		return r
	}
	defer response.Body.Close()
	if r.body, r.isJSON, err = wire.Read(response, maxAnswerBytes); err != nil {
		r.err = s.attemptError(ctx, attemptCtx, err)
	}
	return r
}

func (s *scope) newRequest(ctx context.Context, c *call) (*http.Request, error) {
	target := s.config.URL + c.route.path
	if len(c.query) > 0 {
		target += "?" + c.query.Encode()
	}
	var body io.Reader
	if c.body != nil {
		body = bytes.NewReader(c.body)
	}
	request, err := http.NewRequestWithContext(ctx, c.method, target, body)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", "application/json")
	request.Header.Set(keyHeader, s.config.APIKey.Reveal())
	request.Header.Set("User-Agent", s.userAgent)
	if c.body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	if s.realm != "" {
		request.Header.Set(realmHeader, s.realm)
	}
	if s.locale != "" {
		request.Header.Set("Accept-Language", s.locale)
	}
	return request, nil
}

// connectionTrace reports whether a request got a connection. Some transports, such as
// in-memory ones, may not report that they look for a connection. The request then counts
// as sent.
type connectionTrace struct{ searched, found atomic.Bool }

func (t *connectionTrace) attach(ctx context.Context) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn: func(string) { t.searched.Store(true) },
		GotConn: func(httptrace.GotConnInfo) { t.found.Store(true) },
	})
}

func (t *connectionTrace) sent() bool { return !t.searched.Load() || t.found.Load() }

// attemptError returns what went wrong. Its text contains neither the URL, which may
// contain a session ID, nor anything that the server sent. If a context ended, the
// returned error wraps the error of the context.
func (s *scope) attemptError(ctx, attemptCtx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if deadline, limited := ctx.Deadline(); limited && !time.Now().Before(deadline) {
		return context.DeadlineExceeded // the deadline has passed, although ctx does not report it yet
	}
	if e, ok := errors.AsType[*redirectError](err); ok {
		return e
	}
	if errors.Is(err, wire.ErrTooLarge) {
		return wire.ErrTooLarge
	}
	if attemptCtx.Err() != nil {
		return errNoAnswerInTime
	}
	return wire.Failure(err)
}
