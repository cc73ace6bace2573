package loginrocket

import (
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/authrocket-go/authrocket/coreapi"
	"github.com/authrocket-go/authrocket/internal/wire"
)

// call is one call of the API, which may take several attempts.
type call struct {
	method string
	path   string
	query  url.Values
	body   []byte // nil if there is none
	err    error  // what is wrong with the input; if set, nothing is sent

	session *coreapi.Secret // nil if the call needs no session
	secrets []string        // strings that AuthRocket's messages must not repeat
	isLogin bool            // the answer is a login
}

// post returns a call with a body. parameters is a struct that [wire.Attributes] encodes.
func post(path string, parameters any) *call { return withBody(http.MethodPost, path, parameters) }

func withBody(method, path string, parameters any) *call {
	c := &call{method: method, path: path}
	attributes, err := wire.Attributes(parameters)
	if err == nil {
		c.body, err = json.Marshal(attributes)
	}
	c.err = err
	return c
}

func withQuery(method, path string, query url.Values) *call {
	return &call{method: method, path: path, query: query}
}

// of sets the session of the call.
func (c *call) of(session coreapi.Secret) *call {
	c.session = &session
	return c.hiding(session.Reveal())
}

// hiding sets the tokens of the call that must be removed from AuthRocket's messages. Do
// not pass passwords. If a password is a common word, its absence from a message would
// reveal it.
func (c *call) hiding(tokens ...string) *call {
	c.secrets = append(c.secrets, tokens...)
	return c
}

func (c *call) withoutSecrets(texts []string) []string {
	for i := range texts {
		for _, secret := range c.secrets {
			if secret != "" {
				texts[i] = strings.ReplaceAll(texts[i], secret, wire.Hidden)
			}
		}
	}
	return texts
}

// login makes a call whose answer is a login.
func (c *Client) login(ctx context.Context, call *call) (Result, error) {
	call.isLogin = true
	return c.do(ctx, call)
}

// run makes a call whose answer only says that it was carried out.
func (c *Client) run(ctx context.Context, call *call) error {
	_, err := c.do(ctx, call)
	return err
}

const (
	maxRepeats   = 2                      // of a GET
	firstBackoff = 200 * time.Millisecond // the maximum of the first pause; the second pause is up to twice as long
)

// do makes a call and reports it to the Observer.
func (c *Client) do(ctx context.Context, call *call) (Result, error) {
	start := time.Now()
	e := &Error{Method: call.method, Path: call.path}
	r := &run{connection: c.open(), call: call, e: e}
	if r.connection == nil {
		return Result{}, r.fail(ErrUnexpected, errNoClient)
	}
	result, err := r.run(ctx)
	if r.config.Observer.Request != nil {
		r.config.Observer.Request(ctx, RequestEvent{
			Method: e.Method, Path: e.Path, Status: e.Status, RequestID: e.RequestID, Attempts: e.Attempts,
			Duration: time.Since(start), Reason: Reason(err), Err: err,
		})
	}
	return result, err
}

// run is the state of one call.
type run struct {
	*connection
	call *call
	e    *Error // the outcome of the call so far
}

// fail sets the error of the call, or of the attempt, and returns it.
func (r *run) fail(kind, cause error) error {
	r.e.kind, r.e.cause = kind, cause
	return r.e
}

func (r *run) run(ctx context.Context) (Result, error) {
	switch session := r.call.session; {
	case r.call.err != nil:
		return Result{}, r.fail(ErrRefused, r.call.err)
	case session != nil && session.IsZero():
		return Result{}, r.fail(ErrSessionEnded, nil)
	}
	if err := contextError(ctx); err != nil {
		return Result{}, r.fail(ErrUnavailable, err)
	}
	for {
		r.e.Attempts++
		reply := r.attempt(ctx)
		result, err := r.judge(reply)
		if err == nil || r.call.method != http.MethodGet || !mayPass(reply) || r.e.Attempts > maxRepeats {
			return result, err
		}
		backoff := rand.N(firstBackoff << (r.e.Attempts - 1))
		if deadline, limited := ctx.Deadline(); limited && time.Until(deadline) <= backoff {
			return result, err
		}
		if ended := sleep(ctx, backoff); ended != nil {
			return result, r.fail(ErrUnavailable, ended)
		}
	}
}

// mayPass reports whether the failure may be temporary, so that another attempt may
// succeed.
func mayPass(reply reply) bool {
	switch reply.status {
	case 500, 502, 503, 504:
		return true
	}
	return reply.err != nil && !errors.Is(reply.err, wire.ErrTooLarge)
}

// judge returns the result of an attempt, or its error.
func (r *run) judge(reply reply) (Result, error) {
	e := r.e
	e.Status, e.Messages, e.RetryAfter, e.RequestID = reply.status, nil, 0, wire.RequestID(reply.header)
	switch status := reply.status; {
	case errors.Is(reply.err, wire.ErrTooLarge):
		return Result{}, r.fail(ErrUnexpected, reply.err)
	case reply.err != nil:
		e.Status = 0
		return Result{}, r.fail(ErrUnavailable, reply.err)
	case status >= 200 && status < 300:
		return r.accept(reply)
	case status < 400:
		return Result{}, r.fail(ErrUnexpected, r.redirectError(reply.header))
	case status == http.StatusTooManyRequests:
		e.RetryAfter = pauseAfter(reply.header)
	case status >= 500:
		e.RetryAfter = wire.RetryAfter(reply.header)
	}
	if reply.isJSON {
		a, _ := readAnswer(reply.body) // if the body has no messages, the status is enough
		e.Messages = r.call.withoutSecrets(a.messages())
	}
	isAPI := reply.isJSON || len(reply.body) == 0
	return Result{}, r.fail(r.kindOfRefusal(reply.status, isAPI), nil)
}

// sleep waits for d. If the context ends first, it returns the context's error.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
