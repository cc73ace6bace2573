package benchmarks_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/authrocket-go/authrocket/benchmarks"
)

// A peer that takes everything, or nothing, would be measured at doing nothing.
func TestContendersAcceptAndRefuse(t *testing.T) {
	world := benchmarks.NewWorld()
	defer world.Close()
	for _, contender := range append(world.Peers(), world.AuthRocket()...) {
		t.Run(contender.Name, func(t *testing.T) {
			handler := contender.Handler()
			for _, token := range []benchmarks.Token{world.One, world.Forged, world.Expired, world.Twenty, world.Forged, {Name: "no token"}} {
				r := httptest.NewRequest(http.MethodGet, "http://localhost/", nil)
				r.Header.Set("Authorization", "Bearer "+token.Text)
				w := httptest.NewRecorder()
				handler.ServeHTTP(w, r)
				if accepted := w.Code == http.StatusOK; accepted != token.Valid {
					t.Errorf("%s: got %d %s", token.Name, w.Code, w.Body)
				}
				if token.Valid && w.Body.String() != "usr_0v1zUpWdE4IiFc2w5ynShf" {
					t.Errorf("%s: got user %q", token.Name, w.Body)
				}
			}
		})
	}
}

func TestCasesDoWhatTheySay(t *testing.T) {
	world := benchmarks.NewWorld()
	defer world.Close()
	for _, c := range world.Cases() {
		if err := c.Check(); err != nil {
			t.Error(err)
		}
	}
}

func TestMeasure(t *testing.T) {
	world := benchmarks.NewWorld()
	defer world.Close()
	cases := world.Cases()[:3]
	costs := benchmarks.Measure(cases, 1, time.Millisecond, cases[2].Name)
	if len(costs) != len(cases) {
		t.Fatalf("got %d costs, want %d", len(costs), len(cases))
	}
	if got := costs[2].Ratios[cases[2].Name]; got != 1 {
		t.Errorf("got %v times of itself", got)
	}
	if got := costs[1].Allocs - costs[0].Allocs; got != 2 {
		t.Errorf("got %v allocations of the floor more than of the bare handler, want 2", got)
	}
}

func BenchmarkCases(b *testing.B) {
	world := benchmarks.NewWorld()
	defer world.Close()
	for _, c := range world.Cases() {
		if err := c.Check(); err != nil {
			b.Fatal(err)
		}
		b.Run(c.Name, func(b *testing.B) {
			b.ReportAllocs()
			c.Run(b.N)
		})
	}
}
