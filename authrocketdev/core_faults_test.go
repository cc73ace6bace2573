package authrocketdev_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/authrocket-go/authrocket/authrocketdev"
	"github.com/authrocket-go/authrocket/authrockettest"
)

// newCoreInMemory returns a Service and a function that calls its Core API. The
// status is 0 if the connection ended without an answer.
func newCoreInMemory(t testing.TB, configure ...func(*authrocketdev.ServiceConfig)) (*authrocketdev.Service, func(method, path, body string) (int, http.Header, map[string]any)) {
	t.Helper()
	server, err := authrocketdev.New(authrocketdev.Config{Realm: authrockettest.NewRealm(t)})
	if err != nil {
		t.Fatal(err)
	}
	config := authrocketdev.ServiceConfig{Server: server}
	for _, f := range configure {
		f(&config)
	}
	service, err := authrocketdev.NewService(config)
	if err != nil {
		t.Fatal(err)
	}
	return service, func(method, path, body string) (status int, h http.Header, answer map[string]any) {
		r := httptest.NewRequest(method, path, strings.NewReader(body))
		r.Host = "localhost:8083"
		r.Header.Set("Authrocket-Api-Key", service.APIKey())
		r.Header.Set("Content-Type", jsonType)
		w := httptest.NewRecorder()
		defer func() {
			if p := recover(); p != nil && p != http.ErrAbortHandler {
				panic(p)
			} else if p != nil {
				status = 0
			}
		}()
		service.CoreAPI().ServeHTTP(w, r)
		json.Unmarshal(w.Body.Bytes(), &answer)
		return w.Code, w.Header(), answer
	}
}

func TestBrokenCoreAPI(t *testing.T) {
	t.Parallel()
	const list, create = "GET /v2/orgs", "POST /v2/orgs"
	for _, row := range []struct {
		name     string
		fault    authrockettest.Fault
		requests []string
		want     []int
		orgs     int // the number of orgs at the end
	}{
		{name: "a status", fault: authrockettest.Status(503), requests: []string{list, create}, want: []int{503, 503}},
		{name: "the end of the connection", fault: authrockettest.Disconnect(), requests: []string{list, create}, want: []int{0, 0}},
		{name: "a redirect", fault: authrockettest.Redirect("http://localhost:1/"), requests: []string{list}, want: []int{302}},
		{name: "too many requests", fault: authrockettest.TooMany(time.Minute), requests: []string{list}, want: []int{429}},
		{name: "one route", fault: authrockettest.Only(create, authrockettest.Status(500)), requests: []string{list, create}, want: []int{200, 500}},
		{name: "every second request", fault: authrockettest.EveryNth(2, authrockettest.Status(500)), requests: []string{create, create, create}, want: []int{201, 500, 201}, orgs: 2},
		{name: "a lost answer", fault: authrockettest.AfterWrite(authrockettest.Disconnect()), requests: []string{create, list}, want: []int{0, 200}, orgs: 1},
		{name: "none", requests: []string{create}, want: []int{201}, orgs: 1},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			service, call := newCoreInMemory(t)
			service.Break(row.fault)
			var got []int
			for i, request := range row.requests {
				method, path, _ := strings.Cut(request, " ")
				status, _, _ := call(method, path, fmt.Sprintf(`{"org":{"name":"Org %d"}}`, i))
				got = append(got, status)
			}
			if !slices.Equal(got, row.want) {
				t.Errorf("got %d, want %d", got, row.want)
			}
			service.Repair()
			status, _, answer := call("GET", "/v2/orgs", "")
			if orgs, _ := answer["collection"].([]any); status != 200 || len(orgs) != row.orgs {
				t.Errorf("after the repair: got %d and %d orgs, want %d", status, len(orgs), row.orgs)
			}
		})
	}
}

func TestCoreClockIsOff(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		service, call := newCoreInMemory(t)
		_, right, _ := call("GET", "/v2/orgs", "")
		service.Break(authrockettest.ClockOff(time.Hour))
		_, off, _ := call("GET", "/v2/orgs", "")
		for name, want := range map[string]string{
			"Date":            time.Now().Add(time.Hour).UTC().Format(http.TimeFormat),
			"Ratelimit-Reset": reset(t, right).Add(time.Hour).Format(http.TimeFormat),
		} {
			if got := off.Get(name); got != want {
				t.Errorf("%s is %q, want %q", name, got, want)
			}
		}
	})
}

func reset(t *testing.T, h http.Header) time.Time {
	t.Helper()
	at, err := http.ParseTime(h.Get("Ratelimit-Reset"))
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// The connection also ends over a socket, and Break may be called during requests.
func TestBreakOverASocket(t *testing.T) {
	t.Parallel()
	service, _ := newCoreInMemory(t, func(c *authrocketdev.ServiceConfig) { c.RequestsPerMinute = -1 })
	origin := serve(t, service.CoreAPI())
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	get := func() (int, error) {
		req, err := http.NewRequestWithContext(t.Context(), "GET", origin+"/v2/orgs", nil)
		if err != nil {
			return 0, err
		}
		req.Header.Set("Authrocket-Api-Key", service.APIKey())
		resp, err := transport.RoundTrip(req)
		if err != nil {
			return 0, err
		}
		defer resp.Body.Close()
		_, err = io.Copy(io.Discard, resp.Body)
		return resp.StatusCode, err
	}
	service.Break(authrockettest.Disconnect())
	if status, err := get(); !errors.Is(err, io.EOF) {
		t.Errorf("got %d, %v, want no answer", status, err)
	}
	var group sync.WaitGroup
	for i := range 4 {
		group.Go(func() {
			for range 20 {
				if i == 0 {
					service.Break(authrockettest.Status(503))
					service.Repair()
				} else if status, err := get(); err != nil && !errors.Is(err, io.EOF) || err == nil && status != 200 && status != 503 {
					t.Errorf("got %d, %v", status, err)
				}
			}
		})
	}
	group.Wait()
	service.Repair()
	if status, err := get(); status != 200 {
		t.Errorf("got %d, %v", status, err)
	}
}

// Reads show a write late. Its own answer shows it at once.
func TestVisibleAfter(t *testing.T) {
	t.Parallel()
	const late = 2 * time.Second
	synctest.Test(t, func(t *testing.T) {
		_, call := newCoreInMemory(t, func(c *authrocketdev.ServiceConfig) { c.VisibleAfter = late })
		names := func() (names []any) {
			_, _, list := call("GET", "/v2/orgs", "")
			for _, org := range list["collection"].([]any) {
				names = append(names, org.(map[string]any)["name"])
			}
			return names
		}
		want := func(step string, path string, status int, name any, listed ...any) {
			t.Helper()
			got, _, org := call("GET", path, "")
			if got != status || org["name"] != name {
				t.Errorf("%s: got %d %v, want %d and the name %v", step, got, org, status, name)
			}
			if list := names(); !slices.Equal(list, listed) {
				t.Errorf("%s: the list is %v, want %v", step, list, listed)
			}
		}

		status, _, org := call("POST", "/v2/orgs", `{"org":{"name":"first"}}`)
		if status != 201 || org["name"] != "first" {
			t.Fatalf("got %d %v", status, org)
		}
		path := fmt.Sprint("/v2/orgs/", org["id"])
		want("created", path, 404, nil)
		time.Sleep(late - time.Millisecond)
		want("just before it shows", path, 404, nil)
		time.Sleep(time.Millisecond)
		want("shown", path, 200, "first", "first")

		// A write works on the current records, not on what reads show.
		if status, _, org := call("PUT", path, `{"org":{"name":"second"}}`); status != 200 || org["name"] != "second" {
			t.Errorf("got %d %v", status, org)
		}
		want("updated", path, 200, "first", "first")
		time.Sleep(late)
		want("the update shows", path, 200, "second", "second")

		if status, _, _ := call("DELETE", path+"?force=true", ""); status != 204 {
			t.Errorf("got %d", status)
		}
		want("deleted", path, 200, "second", "second")
		if status, _, _ := call("DELETE", path+"?force=true", ""); status != 404 {
			t.Errorf("deleted twice: got %d", status)
		}
		time.Sleep(late)
		want("the delete shows", path, 404, nil)
	})
}

func TestVisibleAfterIsNotNegative(t *testing.T) {
	t.Parallel()
	server, err := authrocketdev.New(authrocketdev.Config{Realm: authrockettest.NewRealm(t)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := authrocketdev.NewService(authrocketdev.ServiceConfig{Server: server, VisibleAfter: -1}); err == nil || !strings.Contains(err.Error(), "VisibleAfter") {
		t.Errorf("got %v", err)
	}
}
