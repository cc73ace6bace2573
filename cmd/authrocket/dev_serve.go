package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// listen opens addr. What counts is the address that it leads to, whatever the
// name sounds like; nothing is answered before this is known.
func listen(addr string, listensEverywhere bool) (net.Listener, error) {
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("-addr %s: %w; choose another one with -addr", addr, err)
	}
	if tcp, ok := listener.Addr().(*net.TCPAddr); !listensEverywhere && (!ok || !tcp.IP.IsLoopback()) {
		listener.Close()
		return nil, fmt.Errorf("-addr %s: other machines could reach it, and log in as anybody; write localhost, or set -dangerously-listen-everywhere", addr)
	}
	return listener, nil
}

// shutdownTimeout is how long requests that are being answered may go on.
const shutdownTimeout = 2 * time.Second

// serve serves until ctx ends or the listener fails.
func serve(ctx context.Context, listener net.Listener, handler http.Handler, logger *slog.Logger) error {
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      maxLateness + 10*time.Second,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(logger.Handler(), slog.LevelWarn),
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	deadline, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTimeout)
	defer cancel()
	if server.Shutdown(deadline) != nil {
		server.Close() // a browser may hold connections open for later
	}
	if err := <-failed; !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// logRequests logs each request, without its query: there are tokens in it.
func logRequests(logger *slog.Logger, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		method, path := r.Method, r.URL.Path
		recorder := &statusRecorder{ResponseWriter: w}
		completed := false
		defer func() {
			attrs := []slog.Attr{slog.String("method", method), slog.String("path", path)}
			if completed {
				attrs = append(attrs, slog.Int("status", recorder.statusOrOK()))
			} else {
				attrs = append(attrs, slog.String("status", "aborted"))
			}
			attrs = append(attrs, slog.Duration("duration", time.Since(start).Round(10*time.Microsecond)))
			logger.LogAttrs(r.Context(), slog.LevelInfo, "request", attrs...)
		}()
		next.ServeHTTP(recorder, r)
		completed = true
	})
}

// statusRecorder keeps the status of an answer.
type statusRecorder struct {
	http.ResponseWriter
	status int
}

func (s *statusRecorder) WriteHeader(status int) {
	if s.status == 0 {
		s.status = status
	}
	s.ResponseWriter.WriteHeader(status)
}

func (s *statusRecorder) statusOrOK() int {
	if s.status == 0 {
		return http.StatusOK
	}
	return s.status
}

// Unwrap is for http.ResponseController.
func (s *statusRecorder) Unwrap() http.ResponseWriter { return s.ResponseWriter }
