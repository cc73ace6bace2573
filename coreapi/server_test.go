package coreapi_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

// newServer serves handler over a socket.
func newServer(t testing.TB, handler http.Handler) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
	})
	return server
}
