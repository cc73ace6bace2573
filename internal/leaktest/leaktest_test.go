package leaktest_test

import (
	"net/http"
	"testing"

	"github.com/authrocket-go/authrocket/internal/leaktest"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

func TestServersOfOtherTestsCloseNoConnection(t *testing.T) {
	t.Parallel()
	if _, ok := http.DefaultTransport.(interface{ CloseIdleConnections() }); ok {
		t.Error("a server of httptest that closes also closes the connections of other tests")
	}
}
