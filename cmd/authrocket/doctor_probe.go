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

// prober sends requests. It follows no redirect, keeps no cookie and no connection, and
// remembers what came by name, so that several checks look at one answer.
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

// answer is what came, or why nothing did.
type answer struct {
	status int
	header http.Header
	body   []byte
	tls    *tls.ConnectionState

	sent, came time.Time
	err        error // holds no URL
}

// once returns the answer of that name, for which ask is called the first time.
func (p *prober) once(name string, ask func() answer) answer {
	a, isKnown := p.known[name]
	if !isKnown {
		a = ask()
		p.known[name] = a
	}
	return a
}

// get is do for a GET. The headers are given as name, value, name, value.
func (p *prober) get(ctx context.Context, target string, headers ...string) answer {
	return p.do(ctx, http.MethodGet, target, "", headers...)
}

func (p *prober) do(ctx context.Context, method, target, body string, headers ...string) answer {
	r, err := http.NewRequestWithContext(ctx, method, target, strings.NewReader(body))
	if err != nil {
		return answer{err: errors.New("the URL is not one that can be asked")}
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
			err = inner.Err // the URL of a webhook has a secret in it
		}
		a.err = err
		return a
	}
	defer resp.Body.Close()
	a.status, a.header, a.tls = resp.StatusCode, resp.Header, resp.TLS
	a.body, a.err = io.ReadAll(io.LimitReader(resp.Body, maxProbeBody))
	return a
}

// asNavigation are the headers of a browser that somebody opens a link with.
var asNavigation = []string{"Accept", "text/html", "Sec-Fetch-Site", "none", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document"}

// location is where an answer leads, without a query, in which there may be a token; ""
// if it leads nowhere.
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

// shownURL is scheme, host and path of u.
func shownURL(u *url.URL) string {
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path, RawPath: u.RawPath}).String()
}

// diagnose says why no answer came from target. Its status is unknown where the same
// request may succeed in a moment.
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
		return wrong("Correct the host: this name is in no DNS that this machine asks.", "There is no host %s.", u.Hostname())
	case isDNS:
		return unknown("See that this machine reaches its DNS server, then try again.", "The name %s cannot be looked up: %v.", u.Hostname(), dns.Err)
	case errors.Is(err, syscall.ECONNREFUSED):
		return wrong("Correct the port, or start what should answer there.", "Nothing listens at %s.", host)
	case isRecord && strings.HasPrefix(string(record.RecordHeader[:]), "HTTP"), strings.Contains(err.Error(), "server gave HTTP response to HTTPS client"):
		return wrong("Put a proxy with a certificate in front, or correct scheme and port.", "The URL says https, and %s speaks http.", host)
	case errors.As(err, &wrongName):
		return wrong("Have a certificate for this host installed there, or write the host that the certificate is for.", "The certificate of %s is not for %s.", host, u.Hostname())
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return wrong("Renew the certificate; or set the clock of this machine, if that is wrong.", "The certificate of %s is not valid at this time.", host)
	case errors.As(err, &unknownAuthority), errors.As(err, &invalid):
		return wrong("Have the whole chain of the certificate sent; a private authority is named by SSL_CERT_FILE.", "The certificate of %s is not from an authority that this machine trusts.", host)
	case isRecord:
		return wrong("Correct scheme and port.", "The URL says https, and %s does not speak TLS.", host)
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded), isTimeout(err):
		return unknown("See that a firewall lets this machine out, and that the host is up; then try again.", "%s does not answer within %s.", host, probeTimeout)
	}
	return unknown("Try again; see that host and port are right.", "%s does not answer: %s", host, shortText(err.Error()))
}

func isTimeout(err error) bool {
	timeout, ok := errors.AsType[net.Error](err)
	return ok && timeout.Timeout()
}

// isTLS reports whether the connection came about, and TLS did not.
func isTLS(err error) bool {
	var alert tls.AlertError
	_, isRecord := errors.AsType[tls.RecordHeaderError](err)
	_, isCertificate := errors.AsType[*tls.CertificateVerificationError](err)
	return isRecord || isCertificate || errors.As(err, &alert) || strings.Contains(err.Error(), "server gave HTTP response to HTTPS client")
}

// shortText is text of others for a line.
func shortText(text string) string {
	const maxBytes = 200
	if len(text) > maxBytes {
		text = strings.ToValidUTF8(text[:maxBytes], "") + "..."
	}
	return text
}

// statusText is a status with its name.
func statusText(status int) string {
	return strings.TrimSpace(fmt.Sprintf("%d %s", status, http.StatusText(status)))
}
