package coreapi

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/authrocket-go/authrocket/internal/wire"
)

const maxRedirects = 3

// newHTTPClient returns a copy of client, or a new client if it is nil. The result has
// this package's redirect policy and no cookies. It has no timeout, because each attempt
// has its own timeout.
func newHTTPClient(client *http.Client, base *url.URL) *http.Client {
	own := http.Client{}
	if client != nil {
		own = *client
	}
	if own.Transport == nil {
		own.Transport = wire.NewTransport(base)
	}
	own.Timeout = 0
	own.Jar = nil
	own.CheckRedirect = func(next *http.Request, via []*http.Request) error { return checkRedirect(base, next, via) }
	return &own
}

// redirectError means that a redirect is not followed.
type redirectError struct{ text string }

func (e *redirectError) Error() string { return e.text }

// checkRedirect permits the redirects that AuthRocket documents, but only within the same
// origin.
func checkRedirect(base *url.URL, next *http.Request, via []*http.Request) error {
	next.Header.Del("Referer") // it may contain a session ID
	target := next.URL.Scheme + "://" + next.URL.Host
	switch status := next.Response.StatusCode; {
	case origin(next.URL) != origin(base) || next.URL.User != nil:
		return &redirectError{fmt.Sprintf("refused a redirect to %q; the API key is sent to Config.URL only, so set it to the URL that the API uses", target)}
	case status != http.StatusFound && status != http.StatusSeeOther && status != http.StatusTemporaryRedirect:
		return &redirectError{fmt.Sprintf("refused a redirect with status %d to %q", status, target)}
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

var errNoRedirectTarget = &redirectError{"the redirect has no valid target"}

func isRedirectError(err error) bool {
	_, ok := errors.AsType[*redirectError](err)
	return ok
}
