package coreapi_test

import (
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"testing"
)

// newServer serves handler on a real socket.
func newServer(t testing.TB, handler http.Handler) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
	})
	return server
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func discardLog() *log.Logger { return log.New(io.Discard, "", 0) }
