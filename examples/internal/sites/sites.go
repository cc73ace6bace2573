package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"time"
)

// site is one of the hosts that the program serves.
type site struct {
	url      string // without a final slash
	listener net.Listener
	handler  http.Handler
}

// listen opens addr, the value of the flag called name. Its host goes into the
// URL as it is, since cookies belong to a host; its port may be 0.
func listen(name, addr string) (*site, error) {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fmt.Errorf("%s %q is not host:port", name, addr)
	}
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w; choose another one with %s", name, addr, err, name)
	}
	if host == "" || net.ParseIP(host).IsUnspecified() {
		host = "127.0.0.1"
	}
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	return &site{url: "http://" + net.JoinHostPort(host, port), listener: listener}, nil
}

// listenCore opens the port of the Core API. Without a flag any port will do, since
// the program prints it.
func listenCore(addr string) (*site, error) {
	if addr != "" {
		return listen("-core-addr", addr)
	}
	if core, err := listen("-core-addr", "localhost:8083"); err == nil {
		return core, nil
	}
	return listen("-core-addr", "localhost:0")
}

// shutdownTimeout is how long requests that are being answered may go on.
const shutdownTimeout = 2 * time.Second

// serve serves the sites until ctx ends or one of them fails.
func serve(ctx context.Context, sites []*site) error {
	failed := make(chan error, len(sites))
	var servers []*http.Server
	for _, s := range sites {
		server := &http.Server{
			Handler:           s.handler,
			ReadHeaderTimeout: 5 * time.Second,
			ReadTimeout:       10 * time.Second,
			WriteTimeout:      30 * time.Second,
			IdleTimeout:       time.Minute,
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
			server.Close() // a browser may hold connections open for later
		}
	}
	return failure
}
