package loginrocket

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/authrocket-go/authrocket/internal/wire"
)

var (
	errNoAnswerInTime = errors.New("no complete answer arrived within Config.Timeout")
	errNoRequest      = errors.New("the request cannot be built")
	errNoResponse     = errors.New("the Transport returned neither an answer nor an error")
)

// maxAnswerBytes is far more than any answer of the API needs.
const maxAnswerBytes = 8 << 20

// reply is the result of one attempt.
type reply struct {
	status int // 0 if there was no answer
	header http.Header
	body   []byte
	isJSON bool
	err    error // nil if the complete answer arrived
}

// attempt sends one request and reads the answer. It calls the Transport directly, so it
// uses no cookies and follows no redirect.
func (r *run) attempt(ctx context.Context) reply {
	attemptCtx, cancel := context.WithTimeout(ctx, r.config.Timeout)
	defer cancel()
	request, err := r.newRequest(attemptCtx)
	if err != nil {
		return reply{err: errNoRequest}
	}
	response, err := r.transport.RoundTrip(request)
	if err != nil {
		return reply{err: attemptError(ctx, attemptCtx, err)}
	}
	if response == nil || response.Body == nil {
		return reply{err: errNoResponse}
	}
	defer response.Body.Close()
	reply := reply{status: response.StatusCode, header: response.Header}
	if reply.body, reply.isJSON, err = wire.Read(response, maxAnswerBytes); err != nil {
		reply.err = attemptError(ctx, attemptCtx, err)
	}
	return reply
}

func (r *run) newRequest(ctx context.Context) (*http.Request, error) {
	target := r.base.JoinPath(r.call.path)
	target.RawQuery = r.call.query.Encode()
	var body io.Reader
	if r.call.body != nil {
		body = bytes.NewReader(r.call.body)
	}
	request, err := http.NewRequestWithContext(ctx, r.call.method, target.String(), body)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", "application/json")
	request.Header.Set("User-Agent", r.agent)
	request.Header.Set("LR-Agent", r.agent)
	if r.call.body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	if r.config.Locale != "" {
		request.Header.Set("Accept-Language", r.config.Locale)
	}
	return request, nil
}

// attemptError returns what went wrong, without the URL and without what the server sent.
// If a context ended, the returned error wraps the error of the context.
func attemptError(ctx, attemptCtx context.Context, err error) error {
	if ended := contextError(ctx); ended != nil {
		return ended
	}
	if attemptCtx.Err() != nil {
		return errNoAnswerInTime
	}
	return wire.Failure(err)
}

// contextError returns the error of ctx, or the error that ctx will have in a moment
// because its deadline has passed.
func contextError(ctx context.Context) error {
	if deadline, limited := ctx.Deadline(); limited && !time.Now().Before(deadline) {
		return context.DeadlineExceeded
	}
	return ctx.Err()
}

// redirectError returns an error that says to which host a refused redirect leads.
func (r *run) redirectError(h http.Header) error {
	location := h.Get("Location")
	if target, err := r.base.Parse(location); location != "" && err == nil {
		return fmt.Errorf("refused a redirect to %q; check that Config.URL (LOGINROCKET_URL) is the realm's LoginRocket URL", target.Scheme+"://"+target.Host)
	}
	return errOddRedirect
}
