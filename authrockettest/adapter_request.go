package authrockettest

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/authrocket-go/authrocket"
)

// testPattern fails the test if the gate's decision does not contain the pattern of
// the route, in the format of the framework or of net/http.
func (s *adapterSuite) testPattern(t *testing.T, build func(App) http.Handler) {
	patterns := make(chan string, 10)
	app := s.serve(t, build, adapterRow{config: func(c *authrocket.Config) {
		c.Observer.Decision = func(_ context.Context, d authrocket.Decision) { patterns <- d.Pattern }
	}}, describeRequest)
	app.roundTrip(t, s.placeholders.Replace("GET /orgs/<first>/files?secret\r\n"+adaCookie))
	close(patterns)
	var last string
	for last = range patterns {
	}
	want := Route{Path: "/orgs/{org}/files"}
	if got := strings.TrimPrefix(last, "GET "); got != want.Path && got != want.ColonPath() {
		t.Errorf("got the pattern %q of the gate's decision, want %q or %q", last, want.Path, want.ColonPath())
	}
}

// testMix fails the test if one of many parallel requests gets the answer to another
// request. An adapter may build one handler for all requests. That handler must then
// answer each request with its own user and query.
func (s *adapterSuite) testMix(t *testing.T, build func(App) http.Handler) {
	app := s.serve(t, build, adapterRow{}, func(rw http.ResponseWriter, r *http.Request) {
		runtime.Gosched()
		user, _ := authrocket.CurrentUser(r.Context())
		fmt.Fprint(rw, user.Name, " ", r.URL.RawQuery)
	})
	client := app.server.Client()
	const users, requests = 8, 50
	var group sync.WaitGroup
	for i := range users {
		name := fmt.Sprint("user ", i)
		token := s.realm.Token(User{ID: fmt.Sprint("usr_", i), Name: name})
		group.Go(func() {
			for j := range requests {
				query := fmt.Sprintf("item=%d-%d", i, j)
				r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, app.server.URL+"/manage?"+query, nil)
				if err != nil {
					t.Error(err)
					return
				}
				status, body := http.StatusUnauthorized, "{"
				if j%3 > 0 {
					r.Header.Set("Authorization", "Bearer "+token)
					status, body = http.StatusOK, name+" "+query
				}
				resp, err := client.Do(r)
				if err != nil {
					t.Error(err)
					return
				}
				got, err := io.ReadAll(resp.Body)
				resp.Body.Close()
				if err != nil || resp.StatusCode != status || !strings.HasPrefix(string(got), body) {
					t.Errorf("got %d %q, %v, want %d %q", resp.StatusCode, got, err, status, body)
				}
			}
		})
	}
	group.Wait()
}
