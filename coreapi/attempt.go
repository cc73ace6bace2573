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

var errNoAnswerInTime = errors.New("no whole answer came within Config.Timeout, or before the call had to end")

// maxAnswerBytes is far beyond a page of 1,000 records.
const maxAnswerBytes = 8 << 20

// reply is what one attempt brought.
type reply struct {
	status int // 0 without an answer
	header http.Header
	body   []byte
	isJSON bool

	err  error // nil if the whole answer came
	sent bool  // the request may have reached the API
}

// attempt sends one request and reads the answer, until the deadline at the latest.
func (s *scope) attempt(ctx context.Context, deadline time.Time, c *call) reply {
	if end := time.Now().Add(s.config.Timeout); end.Before(deadline) {
		deadline = end
	}
	attemptCtx, cancel := context.WithDeadline(ctx, deadline)
	defer cancel()
	var trace connectionTrace
	requestCtx := attemptCtx
	if c.method != http.MethodGet { // a GET may be repeated, sent or not: a trace would only cost
		requestCtx = trace.attach(attemptCtx)
	}
	request, err := s.newRequest(requestCtx, c)
	if err != nil {
		return reply{err: errors.New("the request cannot be made")}
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

// connectionTrace tells whether a request had a connection to be sent on. A transport
// that reports no search for one, such as one in memory, may have sent it.
type connectionTrace struct{ searched, found atomic.Bool }

func (t *connectionTrace) attach(ctx context.Context) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn: func(string) { t.searched.Store(true) },
		GotConn: func(httptrace.GotConnInfo) { t.found.Store(true) },
	})
}

func (t *connectionTrace) sent() bool { return !t.searched.Load() || t.found.Load() }

// attemptError returns what went wrong, without the URL, which may hold a session ID,
// and without what the server sent. The error of a context that ended is in the chain.
func (s *scope) attemptError(ctx, attemptCtx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if deadline, limited := ctx.Deadline(); limited && !time.Now().Before(deadline) {
		return context.DeadlineExceeded // ctx is about to say so
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
