package coreapi

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"time"

	"github.com/authrocket-go/authrocket/internal/loopback"
)

const maxRedirects = 3

// idleTimeout is shorter than that of servers: a POST on a connection that the server
// closes just then is an [ErrOutcomeUnknown].
const idleTimeout = 15 * time.Second

// newHTTPClient returns a copy of client, or a client of our own, with our redirect
// policy, and without a timeout, which each attempt has, and cookies.
func newHTTPClient(client *http.Client, base *url.URL) *http.Client {
	own := http.Client{}
	if client != nil {
		own = *client
	}
	if own.Transport == nil {
		own.Transport = newTransport(base)
	}
	own.Timeout = 0
	own.Jar = nil
	own.CheckRedirect = func(next *http.Request, via []*http.Request) error { return checkRedirect(base, next, via) }
	return &own
}

func newTransport(base *url.URL) *http.Transport {
	t := &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		ForceAttemptHTTP2:      true,
		IdleConnTimeout:        idleTimeout,
		MaxIdleConnsPerHost:    8,
		TLSHandshakeTimeout:    10 * time.Second,
		MaxResponseHeaderBytes: 64 << 10,
	}
	if base.Scheme != "http" {
		return t
	}
	t.Proxy = nil // it would see the key
	if loopback.IsHost(base.Hostname()) {
		// A name such as localhost may resolve to anything. The key goes to this machine
		// in the clear, or nowhere.
		t.DialContext = (&net.Dialer{Control: func(_, address string, _ syscall.RawConn) error {
			if host, _, err := net.SplitHostPort(address); err != nil || !loopback.IsHost(host) {
				return fmt.Errorf("%s is not a loopback address", address)
			}
			return nil
		}}).DialContext
	}
	return t
}

// redirectError is a redirect that is not followed.
type redirectError struct{ text string }

func (e *redirectError) Error() string { return e.text }

// checkRedirect lets AuthRocket's documented redirects through, to the same origin.
func checkRedirect(base *url.URL, next *http.Request, via []*http.Request) error {
	next.Header.Del("Referer") // may hold a session ID
	target := next.URL.Scheme + "://" + next.URL.Host
	switch status := next.Response.StatusCode; {
	case origin(next.URL) != origin(base) || next.URL.User != nil:
		return &redirectError{fmt.Sprintf("a redirect to %q is not followed; the API key goes to Config.URL only", target)}
	case status != http.StatusFound && status != http.StatusSeeOther && status != http.StatusTemporaryRedirect:
		return &redirectError{fmt.Sprintf("a redirect of status %d to %q is not followed", status, target)}
	case len(via) > maxRedirects:
		return &redirectError{fmt.Sprintf("there are more than %d redirects, the last to %q", maxRedirects, target)}
	}
	return nil
}

func origin(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return u.Scheme + "://" + net.JoinHostPort(strings.ToLower(u.Hostname()), port)
}

var errNoRedirectTarget = &redirectError{"the redirect has no target that can be read"}

func isRedirectError(err error) bool {
	_, ok := errors.AsType[*redirectError](err)
	return ok
}
