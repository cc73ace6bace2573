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

// newHTTPClient returns a copy of client, or a client of our own, with our redirect
// policy, and without a timeout, which each attempt has, and cookies.
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
