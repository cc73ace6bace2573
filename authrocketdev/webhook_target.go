package authrocketdev

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync"
	"syscall"
	"time"

	"github.com/authrocket-go/authrocket/authrockettest"
)

// webhookTarget is a URL that gets events.
type webhookTarget struct {
	hookID      string
	url         string // a secret; its user and password are sent with HTTP Basic authentication
	destination string // the part of the URL that may be shown
	dial        func(ctx context.Context, network, address string) (net.Conn, error)

	turn    chan struct{} // held by the running delivery; there is only one at a time
	arrived chan struct{} // tells RunWebhooks that a new webhook is pending

	mu      sync.Mutex
	pending []*webhook // the oldest first
	faults  WebhookFaults
	sends   int // the number of sends since the faults were set
}

// newWebhookTargets checks URLs. Errors contain no part of them, because every part
// may be a secret.
func newWebhookTargets(urls []string) ([]*webhookTarget, error) {
	targets := make([]*webhookTarget, len(urls))
	var problems []error
	for i, text := range urls {
		u, err := parseWebhook(text)
		if err != nil {
			problems = append(problems, fmt.Errorf("authrocketdev: Webhooks[%d] is %w", i, err))
			continue
		}
		targets[i] = &webhookTarget{
			hookID: "hk_" + rand.Text()[:22], url: text, destination: u.Scheme + "://" + u.Host, dial: loopbackDialer.DialContext,
			turn: make(chan struct{}, 1), arrived: make(chan struct{}, 1),
		}
	}
	return targets, errors.Join(problems...)
}

var errNotWebhook = errors.New("not an http URL on loopback, for example http://localhost:8082/hooks")

func parseWebhook(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" || !authrockettest.IsLoopback(u.Hostname()) || u.Fragment != "" {
		return nil, errNotWebhook
	}
	return u, nil
}

// CheckWebhook returns an error unless text is a valid webhook URL, see
// [ServiceConfig.Webhooks]. The error does not contain text, because text may contain
// a password.
func CheckWebhook(text string) error {
	_, err := parseWebhook(text)
	return err
}

var errNotLoopback = errors.New("the target is not on loopback")

// loopbackDialer checks the address to which a name resolves, because a name below
// .localhost may resolve to any address.
var loopbackDialer = &net.Dialer{Control: func(_, address string, _ syscall.RawConn) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil || !authrockettest.IsLoopback(host) {
		return errNotLoopback
	}
	return nil
}}

const (
	webhookTimeout   = 10 * time.Second
	maxWebhookAnswer = 64 << 10 // the maximum number of bytes of the head and of the body that are read
)

// newClient returns a client whose connections end with the delivery. It uses no
// proxy and follows no redirect, because both could lead to another machine.
func (t *webhookTarget) newClient() *http.Client {
	return &http.Client{
		Timeout:       webhookTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport:     &http.Transport{DialContext: t.dial, MaxResponseHeaderBytes: maxWebhookAnswer},
	}
}

// post sends a body once. It returns whether the body was acknowledged, and a
// description of the answer that contains nothing from the target.
func (t *webhookTarget) post(ctx context.Context, client *http.Client, body []byte) (isAcknowledged bool, result string) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, t.url, bytes.NewReader(body))
	if err != nil {
		return false, "the URL is invalid"
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "authrocketdev")
	resp, err := client.Do(req)
	if err != nil {
		return false, resultOf(err)
	}
	defer resp.Body.Close()
	// Read the body so that the connection can be reused. Errors do not matter here.
	io.CopyN(io.Discard, resp.Body, maxWebhookAnswer)
	return resp.StatusCode/100 == 2, fmt.Sprintf("%d %s", resp.StatusCode, http.StatusText(resp.StatusCode))
}

// resultOf describes err. It leaves out the URL and any text from the target, because
// most errors of an HTTP client contain them.
func resultOf(err error) string {
	var timeout interface{ Timeout() bool }
	switch {
	case errors.Is(err, errNotLoopback):
		return errNotLoopback.Error()
	case errors.As(err, &timeout) && timeout.Timeout():
		return "no answer within " + webhookTimeout.String()
	}
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Op == "dial" {
		return "no connection"
	}
	return "no valid answer"
}
