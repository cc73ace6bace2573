package coreapi

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/authrocket-go/authrocket/internal/wire"
)

// call is one call of the API, which may take several attempts.
type call struct {
	method string
	route  route
	query  url.Values
	body   []byte // nil if there is none
	err    error  // what is wrong with the input; if set, nothing is sent

	once  bool // repeating the call may do harm
	login bool // a refusal means ErrLoginRefused

	// read decodes the answer. If it returns an error, the call returns ErrUnexpected.
	read func(answer) error
}

const (
	callTimeout  = 30 * time.Second // for a call whose context has no deadline
	firstBackoff = 200 * time.Millisecond
	maxBackoff   = 2 * time.Second
)

// do makes a call and reports it to the Observer.
func (s *scope) do(ctx context.Context, c call) error {
	start := time.Now()
	e := &Error{Method: c.method, Path: c.route.template}
	run := &run{scope: s, call: &c, e: e}
	err := run.run(ctx)
	if s.connection != nil && s.config.Observer.Request != nil {
		s.config.Observer.Request(ctx, RequestEvent{
			Method: e.Method, Path: e.Path, Status: e.Status, RequestID: e.RequestID, Attempts: e.Attempts,
			Duration: time.Since(start), Wait: run.waited, Reason: Reason(err), Err: err,
		})
	}
	return err
}

// run is the state of one call.
type run struct {
	*scope
	call      *call
	e         *Error    // the outcome of the call so far
	deadline  time.Time // the context's deadline, or the end of callTimeout if the context has none
	waited    time.Duration
	mayBeDone bool // an earlier attempt may have been carried out
}

// fail sets the error of the call, and returns it.
func (r *run) fail(reason, cause error) error {
	r.e.reason, r.e.cause = reason, cause
	return r.e
}

func (r *run) run(ctx context.Context) error {
	for _, problem := range []error{r.invalid, r.call.route.err, r.call.err} {
		if problem != nil {
			return r.fail(ErrInvalid, problem)
		}
	}
	// No context with a timeout is created, because its timer would cost as much as the
	// rest of the call.
	deadline, limited := ctx.Deadline()
	if !limited {
		deadline = time.Now().Add(callTimeout)
	}
	r.deadline = deadline
	for {
		if err := r.turn(ctx); err != nil {
			return err
		}
		r.e.Attempts++
		reply := r.attempt(ctx, r.deadline, r.call)
		repeat, err := r.judge(ctx, reply)
		if !repeat {
			return err
		}
	}
}

// turn waits until the budget permits a request.
func (r *run) turn(ctx context.Context) error {
	start := time.Now()
	err := r.budget.wait(ctx, r.deadline)
	r.waited += time.Since(start)
	if noTurn, ok := errors.AsType[*noTurnError](err); ok {
		r.e.RetryAfter = noTurn.wait
		return r.fail(ErrRateLimited, noTurn)
	}
	if err != nil {
		return r.fail(ErrUnavailable, err)
	}
	return nil
}

// judge decides after an attempt whether to repeat the call. If repeat is false, the call
// returns err.
func (r *run) judge(ctx context.Context, reply reply) (repeat bool, err error) {
	e := r.e
	e.Status, e.Messages, e.metadata, e.RetryAfter, e.RequestID = reply.status, nil, nil, 0, ""
	if reply.header != nil {
		e.RequestID = wire.RequestID(reply.header)
	}
	switch {
	case isRedirectError(reply.err), errors.Is(reply.err, wire.ErrTooLarge):
		return false, r.fail(ErrUnexpected, reply.err)
	case reply.err != nil:
		e.Status = 0
		return r.judgeLost(ctx, reply)
	case reply.status == http.StatusTooManyRequests:
		// The call was not carried out, whatever its method.
		e.RetryAfter = pauseAfter(reply.header, e.Attempts)
		r.budget.pause(e.RetryAfter)
		r.readRefusal(reply)
		return r.hasAttempts() && r.hasTime(e.RetryAfter), r.fail(ErrRateLimited, nil)
	case reply.status >= 500:
		e.RetryAfter = wire.RetryAfter(reply.header)
		r.readRefusal(reply)
		return r.judgeLost(ctx, reply)
	case reply.status >= 400 || reply.status < 200 || reply.status >= 300:
		return false, r.judgeRefused(reply)
	}
	return false, r.accept(reply)
}

// judgeLost handles an attempt whose answer does not say whether the call was carried
// out.
func (r *run) judgeLost(ctx context.Context, reply reply) (repeat bool, err error) {
	unclear := reply.sent
	r.mayBeDone = r.mayBeDone || unclear
	reason := ErrUnavailable
	if unclear && r.call.once {
		reason = ErrOutcomeUnknown
	}
	err = r.fail(reason, reply.err)
	switch reply.status {
	case 0, 500, 502, 503, 504:
	default:
		// With any other status, a repeat helps only if the answer was cut off.
		if reply.err == nil {
			return false, err
		}
	}
	if unclear && r.call.once || !r.hasAttempts() {
		return false, err
	}
	backoff := rand.N(min(firstBackoff<<(r.e.Attempts-1), maxBackoff) + 1)
	if !r.hasTime(backoff) {
		return false, err
	}
	if ended := sleep(ctx, backoff); ended != nil {
		return false, r.fail(reason, ended)
	}
	return true, nil
}

// hasTime reports whether a wait of d ends before the call's deadline.
func (r *run) hasTime(d time.Duration) bool { return d < time.Until(r.deadline) }

func (r *run) hasAttempts() bool { return r.e.Attempts <= r.config.Retries }

func (r *run) judgeRefused(reply reply) error {
	e := r.e
	switch {
	case reply.status == http.StatusNotFound && r.call.method == http.MethodDelete && r.mayBeDone && reply.isJSON:
		return nil // an earlier attempt was carried out
	case reply.status < 400:
		return r.fail(ErrUnexpected, errNoRedirectTarget)
	case reply.status == http.StatusNotFound && !reply.isJSON && len(reply.body) > 0:
		return r.fail(ErrUnexpected, errNotJSON) // the answer is from a proxy, or the URL is not the API's
	}
	r.readRefusal(reply)
	if r.call.login {
		e.Messages = loginMessages(reply.status, r.locale, e.Messages)
	}
	if why := reasonOfStatus(reply.status); errors.Is(why, ErrInvalid) && len(e.Messages) == 0 {
		e.Messages = []string{"Validation error"}
	}
	if r.call.login && isLoginRefusal(reply.status) {
		return r.fail(ErrLoginRefused, nil)
	}
	if reply.status == http.StatusNotFound && r.call.method == http.MethodGet && !strings.Contains(r.call.route.template, "{") {
		return r.fail(nil, errNoSuchList)
	}
	return r.fail(nil, nil)
}

// readRefusal reads the messages of a refusal, if there are any.
func (r *run) readRefusal(reply reply) {
	if !reply.isJSON || len(reply.body) == 0 {
		return
	}
	if messages, metadata, err := readRefusal(reply.body); err == nil {
		r.e.Messages, r.e.metadata = r.withoutKey(messages), metadata
	}
}

// accept reads an answer with a 2xx status. It looks for errors first, then for a
// collection, then checks for status 215, and then looks for data.
func (r *run) accept(reply reply) error {
	a, err := readAnswer(reply)
	if err != nil {
		return r.fail(ErrUnexpected, err)
	}
	if a.refused {
		r.readRefusal(reply)
		if len(r.e.Messages) == 0 {
			r.e.Messages = []string{"Validation error"}
		}
		reason := ErrInvalid
		if r.call.login {
			reason = ErrLoginRefused
		}
		return r.fail(reason, nil)
	}
	if err := r.call.read(a); err != nil {
		return r.fail(ErrUnexpected, err)
	}
	return nil
}
