// Package sites serves the hosts of an example with a local AuthRocket: the host of the
// app and the hosts of AuthRocket.
package sites

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"time"
)

// Site is a host that a program serves.
type Site struct {
	URL     string // without a trailing slash
	Handler http.Handler
	Streams bool // its answers have no time limit

	listener net.Listener
}

// Close closes the port of a site that is not served.
func (s *Site) Close() { s.listener.Close() }

// Listen listens at addr, the value of the flag called name. The URL has the host of addr
// unchanged, since cookies belong to a host. The port can be 0.
func Listen(name, addr string) (*Site, error) {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fmt.Errorf("%s %q is not host:port; use, for example, localhost:8080", name, addr)
	}
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w; choose another one with %s", name, addr, err, name)
	}
	if host == "" || net.ParseIP(host).IsUnspecified() {
		host = "127.0.0.1"
	}
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	return &Site{URL: "http://" + net.JoinHostPort(host, port), listener: listener}, nil
}

// shutdownTimeout is how long running requests may continue at shutdown.
const shutdownTimeout = 2 * time.Second

// Serve serves the sites until ctx ends or one of them fails.
func Serve(ctx context.Context, sites ...*Site) error {
	failed := make(chan error, len(sites))
	var servers []*http.Server
	for _, s := range sites {
		server := &http.Server{
			Handler:           s.Handler,
			ReadHeaderTimeout: 5 * time.Second,
			ReadTimeout:       10 * time.Second,
			WriteTimeout:      30 * time.Second,
			IdleTimeout:       time.Minute,
		}
		if s.Streams {
			server.ReadTimeout, server.WriteTimeout = 0, 0 // ReadTimeout would also end answers
		}
		servers = append(servers, server)
		go func() { failed <- server.Serve(s.listener) }()
	}

	var failure error
	select {
	case <-ctx.Done():
	case failure = <-failed:
	}
	deadline, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTimeout)
	defer cancel()
	for _, server := range servers {
		if server.Shutdown(deadline) != nil {
			server.Close() // a browser may keep idle connections open
		}
	}
	return failure
}
