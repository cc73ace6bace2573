package authrocket_test

import (
	"net/http"
	"testing"

	"github.com/authrocket-go/authrocket/internal/leaktest"
)

func TestMain(m *testing.M) {
	leaktest.Main(m, http.DefaultTransport.(*http.Transport).CloseIdleConnections)
}
