package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"
)

// site is a handler with its listener.
type site struct {
	listener net.Listener
	handler  http.Handler
}

// listen listens at addr, the value of the flag called name. It returns the listener and
// its URL.
func listen(name, addr string) (net.Listener, string, error) {
	host, _, err := net.SplitHostPort(addr)
	if err != nil || host == "" {
		return nil, "", fmt.Errorf("%s %q is not host:port; use, for example, localhost:8080", name, addr)
	}
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, "", fmt.Errorf("%s %s: %w; choose another one with %s", name, addr, err, name)
	}
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	return listener, "http://" + net.JoinHostPort(host, port), nil
}

// shutdownTimeout is how long running requests may continue at shutdown.
const shutdownTimeout = 2 * time.Second

// serve serves s until ctx ends.
func serve(ctx context.Context, s site) error {
	server := &http.Server{
		Handler:           s.handler,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       time.Minute,
	}
	stop := context.AfterFunc(ctx, func() {
		deadline, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTimeout)
		defer cancel()
		if server.Shutdown(deadline) != nil {
			server.Close() // a browser may keep idle connections open
		}
	})
	defer stop()
	if err := server.Serve(s.listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
