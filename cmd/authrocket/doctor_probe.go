package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"syscall"
	"time"
)

const (
	probeTimeout   = 10 * time.Second
	maxProbeBody   = 1 << 20
	maxProbeHeader = 256 << 10
)

// prober sends requests. It follows no redirects, and keeps no cookies and no
// connections. It remembers answers by name, so that several checks can use one answer.
type prober struct {
	client *http.Client
	known  map[string]answer
}

func newProber() *prober {
	return &prober{
		client: &http.Client{
			Timeout:       probeTimeout,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
			Transport: &http.Transport{
				Proxy:                  http.ProxyFromEnvironment,
				DisableKeepAlives:      true,
				DisableCompression:     true,
				ForceAttemptHTTP2:      true,
				MaxResponseHeaderBytes: maxProbeHeader,
			},
		},
		known: make(map[string]answer),
	}
}

// answer is the answer to a request, or the error if there is no answer.
type answer struct {
	status int
	header http.Header
	body   []byte
	tls    *tls.ConnectionState

	sent, came time.Time
	err        error // its text contains no URL
}

// once returns the answer with this name. The first call with a name calls ask to get the
// answer.
func (p *prober) once(name string, ask func() answer) answer {
	a, isKnown := p.known[name]
	if !isKnown {
		a = ask()
		p.known[name] = a
	}
	return a
}

// get sends a GET request. headers alternates between names and values.
func (p *prober) get(ctx context.Context, target string, headers ...string) answer {
	return p.do(ctx, http.MethodGet, target, "", headers...)
}

func (p *prober) do(ctx context.Context, method, target, body string, headers ...string) answer {
	r, err := http.NewRequestWithContext(ctx, method, target, strings.NewReader(body))
	if err != nil {
		return answer{err: errors.New("the URL is not valid for a request")}
	}
	r.Header.Set("User-Agent", "authrocket-doctor")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	a := answer{sent: time.Now()}
	resp, err := p.client.Do(r)
	a.came = time.Now()
	if err != nil {
		if inner, ok := errors.AsType[*url.Error](err); ok {
			err = inner.Err // the URL of a webhook contains a secret
		}
		a.err = err
		return a
	}
	defer resp.Body.Close()
	a.status, a.header, a.tls = resp.StatusCode, resp.Header, resp.TLS
	a.body, a.err = io.ReadAll(io.LimitReader(resp.Body, maxProbeBody))
	return a
}

// asNavigation are the headers of a browser that opens a link.
var asNavigation = []string{"Accept", "text/html", "Sec-Fetch-Site", "none", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document"}

// location returns the target of a redirect, or "" if there is none. It leaves out the
// query, which may contain a token.
func (a answer) location(base string) string {
	target := a.header.Get("Location")
	from, err := url.Parse(base)
	if target == "" || err != nil {
		return ""
	}
	u, err := from.Parse(target)
	if err != nil {
		return ""
	}
	return shownURL(u)
}

// shownURL returns the scheme, host and path of u.
func shownURL(u *url.URL) string {
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path, RawPath: u.RawPath}).String()
}

// diagnose returns why target did not answer. The finding has the status unknown if the
// same request may succeed a moment later.
func diagnose(err error, target string) finding {
	u, parseErr := url.Parse(target)
	if parseErr != nil {
		u = new(url.URL)
	}
	host := u.Host
	var unknownAuthority x509.UnknownAuthorityError
	var wrongName x509.HostnameError
	var invalid x509.CertificateInvalidError
	dns, isDNS := errors.AsType[*net.DNSError](err)
	record, isRecord := errors.AsType[tls.RecordHeaderError](err)
	switch {
	case isDNS && dns.IsNotFound:
		return wrong("Correct the host: the DNS of this machine does not know this name.", "There is no host %s.", u.Hostname())
	case isDNS:
		return unknown("Check that this machine reaches its DNS server, then try again.", "The name %s cannot be looked up: %v.", u.Hostname(), dns.Err)
	case errors.Is(err, syscall.ECONNREFUSED):
		return wrong("Correct the port, or start the server.", "No server listens at %s.", host)
	case isRecord && strings.HasPrefix(string(record.RecordHeader[:]), "HTTP"), strings.Contains(err.Error(), "server gave HTTP response to HTTPS client"):
		return wrong("Put a proxy with a certificate in front, or correct scheme and port.", "The URL says https, but %s speaks http.", host)
	case errors.As(err, &wrongName):
		return wrong("Install a certificate for this host there, or use the host name of the certificate.", "The certificate of %s is not for %s.", host, u.Hostname())
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return wrong("Renew the certificate. If the clock of this machine is wrong, set it.", "The certificate of %s is not valid at this time.", host)
	case errors.As(err, &unknownAuthority), errors.As(err, &invalid):
		return wrong("Configure the server to send the whole certificate chain. For a private authority, set SSL_CERT_FILE.", "This machine does not trust the authority that issued the certificate of %s.", host)
	case isRecord:
		return wrong("Correct the scheme and the port.", "The URL says https, but %s does not speak TLS.", host)
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded), isTimeout(err):
		return unknown("Check that the host is up, and that a firewall permits the connection. Then try again.", "%s does not answer within %s.", host, probeTimeout)
	}
	return unknown("Check the host and the port, and try again.", "%s does not answer: %s", host, shortText(err.Error()))
}

func isTimeout(err error) bool {
	timeout, ok := errors.AsType[net.Error](err)
	return ok && timeout.Timeout()
}

// isTLS reports whether the TCP connection succeeded and TLS failed.
func isTLS(err error) bool {
	var alert tls.AlertError
	_, isRecord := errors.AsType[tls.RecordHeaderError](err)
	_, isCertificate := errors.AsType[*tls.CertificateVerificationError](err)
	return isRecord || isCertificate || errors.As(err, &alert) || strings.Contains(err.Error(), "server gave HTTP response to HTTPS client")
}

// shortText returns text from a server, shortened to fit into a line.
func shortText(text string) string {
	const maxBytes = 200
	if len(text) > maxBytes {
		text = strings.ToValidUTF8(text[:maxBytes], "") + "..."
	}
	return text
}

// statusText returns a status with its name.
func statusText(status int) string {
	return strings.TrimSpace(fmt.Sprintf("%d %s", status, http.StatusText(status)))
}
