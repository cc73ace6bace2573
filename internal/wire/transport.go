package wire

import (
	"fmt"
	"net"
	"net/http"
	"net/url"
	"syscall"
	"time"

	"github.com/authrocket-go/authrocket/internal/loopback"
)

// idleTimeout is shorter than the idle timeout of servers. If a server closes an idle
// connection just when a POST is sent, it is unknown whether the POST was carried out.
const idleTimeout = 15 * time.Second

// NewTransport returns a transport for the API at base. For https it honours HTTPS_PROXY.
func NewTransport(base *url.URL) *http.Transport {
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
	t.Proxy = nil // a proxy would see the secrets
	if loopback.IsHost(base.Hostname()) {
		// A host name such as localhost may resolve to any address, but unencrypted
		// secrets must not leave this machine.
		t.DialContext = (&net.Dialer{Control: func(_, address string, _ syscall.RawConn) error {
			if host, _, err := net.SplitHostPort(address); err != nil || !loopback.IsHost(host) {
				return fmt.Errorf("%s is not a loopback address", address)
			}
			return nil
		}}).DialContext
	}
	return t
}
