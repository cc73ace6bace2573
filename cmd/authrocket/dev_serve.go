package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"
)

// listen opens addr, the value of the flag called name. It checks the resolved address,
// not the host name, before the program answers any request.
func listen(name, addr string, listensEverywhere bool) (net.Listener, error) {
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("-%s %s: %w; choose another one with -%[1]s", name, addr, err)
	}
	if tcp, ok := listener.Addr().(*net.TCPAddr); !listensEverywhere && (!ok || !tcp.IP.IsLoopback()) {
		listener.Close()
		return nil, fmt.Errorf("-%s %s: other machines could reach it and log in as any user; use localhost, or set -dangerously-listen-everywhere", name, addr)
	}
	return listener, nil
}

// site is a port that the program serves.
type site struct {
	listener net.Listener
	handler  http.Handler
}

// shutdownTimeout limits how long running requests can continue at shutdown.
const shutdownTimeout = 2 * time.Second

func newHTTPServer(handler http.Handler, logger *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      maxLateness + 10*time.Second,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(logger.Handler(), slog.LevelWarn),
	}
}

// serve serves the sites until ctx ends or one of them fails.
func serve(ctx context.Context, logger *slog.Logger, sites []site) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	errs := make([]error, len(sites))
	var group sync.WaitGroup
	for i, s := range sites {
		server := newHTTPServer(s.handler, logger)
		group.Go(func() {
			if err := server.Serve(s.listener); !errors.Is(err, http.ErrServerClosed) {
				errs[i] = err
				cancel()
			}
		})
		group.Go(func() {
			<-ctx.Done()
			deadline, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTimeout)
			defer cancel()
			if server.Shutdown(deadline) != nil {
				server.Close() // a browser may keep idle connections open
			}
		})
	}
	group.Wait()
	return errors.Join(errs...)
}

// domains are the LoginRockets that the Configuration API opens at separate addresses.
type domains struct {
	handler http.Handler
	logger  *slog.Logger

	mu       sync.Mutex
	servers  map[*http.Server]bool
	isClosed bool
	group    sync.WaitGroup
}

// listen serves as the function Listen of a ServiceConfig.
func (d *domains) listen(address string) (io.Closer, error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, err
	}
	server := newHTTPServer(d.handler, d.logger)
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.isClosed {
		listener.Close()
		return nil, net.ErrClosed
	}
	d.servers[server] = true
	d.group.Go(func() {
		server.Serve(listener)
		d.mu.Lock()
		defer d.mu.Unlock()
		delete(d.servers, server)
	})
	return server, nil
}

// close closes all LoginRockets in d, and waits until they are closed.
func (d *domains) close() {
	d.mu.Lock()
	d.isClosed = true
	for server := range d.servers {
		server.Close()
	}
	d.mu.Unlock()
	d.group.Wait()
}

// withHealth answers GET /healthz even while a fault affects all other requests.
func withHealth(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/healthz" || r.Method != http.MethodGet {
			next.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		io.WriteString(w, "ok\n")
	})
}
