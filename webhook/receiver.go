package webhook

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"os"
	"strings"
	"time"

	"golang.org/x/time/rate"

	"github.com/authrocket-go/authrocket/coreapi"
)

const (
	timeout        = 8 * time.Second // for a webhook, from its arrival to the answer
	bodyTimeout    = 5 * time.Second
	patience       = 2 * time.Second // the longest wait for a place, and the longest wait for the budget
	confirmTimeout = 3 * time.Second
	settleTimeout  = 2 * time.Second

	maxBodyBytes = 256 << 10

	readsPerSecond = 2
	readsAtOnce    = 10

	retryAfter = "10" // seconds
)

var (
	errPanicked = errors.New("a function of the Config panicked")
	errNotJSON  = errors.New("the Content-Type is not JSON")
)

// receiver is the handler. All requests share it.
type receiver struct {
	config Config
	places chan struct{} // each webhook that is being confirmed or handled holds a place
	budget *rate.Limiter // limits the requests that confirm events
	realm  knownRealm
}

// New returns the handler. If the config has problems, New returns all of them as
// [*ConfigError] values, joined with [errors.Join]. None of them contains a secret. New
// sends no request. Mount the handler outside Authenticate, because webhooks have no
// session.
func New(config Config) (http.Handler, error) {
	config, err := checkConfig(config)
	if err != nil {
		return nil, err
	}
	return &receiver{
		config: config,
		places: make(chan struct{}, config.Parallel),
		budget: rate.NewLimiter(readsPerSecond, readsAtOnce),
		realm:  knownRealm{turn: make(chan struct{}, 1)},
	}, nil
}

// verdict is the answer to a webhook, and the reason for that answer.
type verdict struct {
	status int
	reason string
	err    error
}

func (rc *receiver) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	start := time.Now()
	outcome := Outcome{Reason: reasonPanic, Err: errPanicked} // remains set if a function panics
	defer func() {
		outcome.Duration = time.Since(start)
		if rc.config.Observer.Event != nil {
			rc.config.Observer.Event(r.Context(), outcome)
		}
	}()
	ctx, cancel := context.WithDeadline(r.Context(), start.Add(timeout))
	defer cancel()
	v := rc.receive(ctx, w, r, &outcome)
	outcome.Status, outcome.Reason, outcome.Err = v.status, v.reason, v.err
	answer(w, r, v)
}

func answer(w http.ResponseWriter, r *http.Request, v verdict) {
	switch v.status {
	case http.StatusNoContent:
		w.WriteHeader(v.status)
		return
	case http.StatusNotFound:
		http.NotFound(w, r)
		return
	case http.StatusMethodNotAllowed:
		w.Header().Set("Allow", http.MethodPost)
	case http.StatusServiceUnavailable:
		w.Header().Set("Retry-After", retryAfter)
	}
	// Only senders that know the secret see this text. AuthRocket's portal shows the text
	// with the webhook.
	http.Error(w, v.reason, v.status)
}

// receive handles a request. It stores the ID and the type of the event in outcome.
func (rc *receiver) receive(ctx context.Context, w http.ResponseWriter, r *http.Request, outcome *Outcome) verdict {
	// The deadline also applies to senders without the secret, because net/http reads the
	// body before it answers. net/http resets the deadline after it has read the body. An
	// error means that the server does not support deadlines, or that a wrapper of w
	// lacks Unwrap.
	http.NewResponseController(w).SetReadDeadline(time.Now().Add(bodyTimeout))
	if !hasSecret(r, rc.config.Secrets) {
		return verdict{http.StatusNotFound, reasonWrongSecret, nil}
	}
	if r.Method != http.MethodPost {
		return verdict{http.StatusMethodNotAllowed, reasonMethod, nil}
	}
	body, v := readBody(w, r)
	if v.status != 0 {
		return v
	}
	n, err := readNotice(body)
	outcome.ID, outcome.Type = n.id, string(n.kind)
	if err != nil {
		return verdict{http.StatusBadRequest, reasonBadBody, err}
	}
	return rc.take(ctx, n)
}

// readBody returns the body, or the verdict if it is invalid.
func readBody(w http.ResponseWriter, r *http.Request) ([]byte, verdict) {
	if !isJSON(r.Header.Get("Content-Type")) {
		return nil, verdict{http.StatusBadRequest, reasonBadBody, errNotJSON}
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBodyBytes))
	if _, isTooLarge := errors.AsType[*http.MaxBytesError](err); isTooLarge {
		return nil, verdict{http.StatusRequestEntityTooLarge, reasonTooLarge, err}
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return nil, verdict{http.StatusRequestTimeout, reasonSlowBody, fmt.Errorf("the body did not arrive within %s", bodyTimeout)}
	}
	if err != nil {
		return nil, verdict{http.StatusBadRequest, reasonBadBody, errors.New("the body was cut off")}
	}
	return body, verdict{}
}

// isJSON reports whether a body may be JSON. It accepts many values, because AuthRocket
// does not document which Content-Type it sends, if any.
func isJSON(contentType string) bool {
	if contentType == "" {
		return true
	}
	mediaType, _, err := mime.ParseMediaType(contentType)
	return err == nil && (mediaType == "application/json" || strings.HasSuffix(mediaType, "+json"))
}

// take decides how to answer a notice from a sender that knows the secret.
func (rc *receiver) take(ctx context.Context, n notice) verdict {
	now := time.Now()
	switch {
	case n.kind == coreapi.EventPing:
		return verdict{http.StatusNoContent, reasonPing, nil}
	case isOld(n.at, now):
		return verdict{http.StatusNoContent, reasonOld, nil}
	}
	err := rc.config.Seen.Begin(ctx, n.id)
	switch {
	case err == nil:
		return rc.begun(ctx, n, now)
	case errors.Is(err, ErrHandled):
		return verdict{http.StatusNoContent, reasonHandled, nil}
	case errors.Is(err, ErrBusy):
		return verdict{http.StatusServiceUnavailable, reasonBusy, err}
	}
	rc.suspect(ctx, n, now)
	return verdict{http.StatusServiceUnavailable, reasonSeen, fmt.Errorf("webhook: Seen.Begin: %w", err)}
}

// suspect passes a session that may have ended to Config.Suspect. It returns false if the
// notice has no such session or Config.Suspect is not set.
func (rc *receiver) suspect(ctx context.Context, n notice, now time.Time) bool {
	if n.kind != coreapi.EventSessionDeleted || rc.config.Suspect == nil {
		return false
	}
	rc.config.Suspect(ctx, n.session, n.expiresAt(now))
	return true
}

// begun handles an event for which Seen.Begin succeeded. It calls Seen.Done or
// Seen.Forget, even after a panic.
func (rc *receiver) begun(ctx context.Context, n notice, now time.Time) (v verdict) {
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleTimeout)
		defer cancel()
		end, name := rc.config.Seen.Forget, "Forget"
		if v.status == http.StatusNoContent {
			end, name = rc.config.Seen.Done, "Done"
		}
		if err := end(ctx, n.id); err != nil {
			v.err = errors.Join(v.err, fmt.Errorf("webhook: Seen.%s: %w", name, err))
			if v.reason == "" {
				v.reason = reasonSeen
			}
		}
	}()
	isSuspect := rc.suspect(ctx, n, now)
	// If many sessions end at once, answer early, so that a sender that sends one webhook
	// at a time reports all of them sooner. The sessions are already suspect, so each of
	// them is looked up at its next request. AuthRocket sends the webhook again later.
	if isSuspect && rc.budget.Tokens() < 1 {
		return verdict{http.StatusServiceUnavailable, reasonBusy, errBusy}
	}
	if !rc.enter(ctx) {
		return verdict{http.StatusServiceUnavailable, reasonBusy, errBusy}
	}
	defer func() { <-rc.places }()
	event, err := rc.confirm(ctx, n, now)
	switch {
	case err != nil:
		return verdict{http.StatusServiceUnavailable, reasonOf(err), err}
	case isOld(event.At, now): // this is the time from the API, not the one in the body
		return verdict{http.StatusNoContent, reasonOld, nil}
	}
	if err := rc.config.Handle(ctx, event); err != nil {
		return verdict{http.StatusServiceUnavailable, reasonHandler, err}
	}
	return verdict{http.StatusNoContent, "", nil}
}

// enter waits for a free place. It returns false if no place becomes free within
// patience.
func (rc *receiver) enter(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	select {
	case rc.places <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}

// reasonOf returns the value of Outcome.Reason for an event that is not confirmed,
// because of err.
func reasonOf(err error) string {
	switch {
	case errors.Is(err, errBusy):
		return reasonBusy
	case errors.Is(err, errNotConfirmed):
		return reasonNotConfirmed
	case errors.Is(err, coreapi.ErrDenied):
		return reasonRefused
	}
	return reasonUnavailable
}
