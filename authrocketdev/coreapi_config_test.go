package authrocketdev_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/authrocket-go/authrocket/authrocketdev"
	"github.com/authrocket-go/authrocket/authrockettest"
	"github.com/authrocket-go/authrocket/coreapi"
)

// newServiceOf returns a Service of a realm without a port.
func newServiceOf(t testing.TB, realm *authrockettest.Realm, configure ...func(*authrocketdev.ServiceConfig)) *authrocketdev.Service {
	t.Helper()
	server, err := authrocketdev.New(authrocketdev.Config{Realm: realm})
	if err != nil {
		t.Fatal(err)
	}
	config := authrocketdev.ServiceConfig{Server: server, RequestsPerMinute: -1}
	for _, f := range configure {
		f(&config)
	}
	service, err := authrocketdev.NewService(config)
	if err != nil {
		t.Fatal(err)
	}
	return service
}

// newCoreClient returns a client of an in-memory Core API.
func newCoreClient(t testing.TB, service *authrocketdev.Service, configure ...func(*coreapi.Config)) *coreapi.Client {
	t.Helper()
	config := service.CoreAPIConfig()
	for _, f := range configure {
		f(&config)
	}
	client, err := coreapi.New(config)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func TestCoreAPIConfig(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		fault authrockettest.Fault
		call  func(context.Context, *coreapi.Client) error
		want  error // nil means no error
		orgs  int   // the number of orgs at the end
	}{
		"a write": {call: createOrg, orgs: 1},
		"a write whose answer is lost is not repeated": {fault: authrockettest.AfterWrite(authrockettest.Disconnect()), call: createOrg, want: coreapi.ErrOutcomeUnknown, orgs: 1},
		"a handler that hangs ends with the call":      {fault: authrockettest.Hang(), call: readOrg, want: coreapi.ErrUnavailable},
		"more calls than the service permits":          {fault: authrockettest.TooMany(time.Hour), call: readOrg, want: coreapi.ErrRateLimited},
		"what is not there":                            {call: readOrg, want: coreapi.ErrNotFound},
		"another realm":                                {call: func(ctx context.Context, c *coreapi.Client) error { return createOrg(ctx, c.InRealm("rl_none")) }, want: coreapi.ErrNotFound},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				service, _ := newCoreInMemory(t)
				client := newCoreClient(t, service)
				service.Break(row.fault)
				if err := row.call(t.Context(), client); !errors.Is(err, row.want) {
					t.Errorf("got %v, want %v", err, row.want)
				}
				service.Repair()
				page, err := newCoreClient(t, service).Orgs.List(t.Context(), coreapi.OrgQuery{}) // the other one may have to wait
				if err != nil || len(page.Items) != row.orgs {
					t.Errorf("got %d orgs, %v, want %d", len(page.Items), err, row.orgs)
				}
			})
		})
	}
}

func createOrg(ctx context.Context, c *coreapi.Client) error {
	_, err := c.Orgs.Create(ctx, coreapi.NewOrg{Name: "Engines"})
	return err
}

func readOrg(ctx context.Context, c *coreapi.Client) error {
	_, err := c.Orgs.Get(ctx, "org_none")
	return err
}

// The in-memory Config has no request budget, so a test does not wait.
func TestCoreAPIConfigDoesNotWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		service, _ := newCoreInMemory(t)
		client, start := newCoreClient(t, service), time.Now()
		for range 200 {
			if err := createOrg(t.Context(), client); err != nil {
				t.Fatal(err)
			}
		}
		if took := time.Since(start); took != 0 {
			t.Errorf("200 calls waited %s", took)
		}
	})
}

// For a Core API on a port, the in-memory Config only needs another URL.
func TestCoreAPIConfigOverAPort(t *testing.T) {
	t.Parallel()
	service, _ := newCoreInMemory(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	asked := 0
	serveAt(t, listener, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++
		service.CoreAPI().ServeHTTP(w, r)
	}))
	client := newCoreClient(t, service, overAPort(listener))
	if err := createOrg(t.Context(), client); err != nil || asked != 1 {
		t.Errorf("got %v, and %d requests over the port", err, asked)
	}
}

func overAPort(l net.Listener) func(*coreapi.Config) {
	return func(c *coreapi.Config) { c.URL, c.HTTPClient = "http://"+l.Addr().String()+"/v2", nil }
}

// atTheEnd is a context whose end is visible only after the handler has ended, so
// that both are visible at the same time.
type atTheEnd struct {
	context.Context
	ended <-chan struct{}
}

func (c atTheEnd) Done() <-chan struct{} {
	<-c.ended
	return c.Context.Done()
}

// The client and the handler end at the same time. Either may be seen first, so this
// runs many times.
func TestCoreAPIConfigGivesUp(t *testing.T) {
	t.Parallel()
	service := newServiceOf(t, authrockettest.NewRealm(t))
	for range 64 {
		ctx, giveUp := context.WithCancel(t.Context())
		ended := make(chan struct{})
		service.Break(func(http.ResponseWriter, *http.Request, http.Handler) { giveUp(); close(ended) })
		req, err := http.NewRequestWithContext(atTheEnd{ctx, ended}, http.MethodGet, "http://localhost/v2/users", nil)
		if err != nil {
			t.Fatal(err)
		}
		if resp, err := service.CoreAPIConfig().HTTPClient.Do(req); !errors.Is(err, context.Canceled) {
			t.Fatalf("got %v, %v, want that the client gave up", resp, err)
		}
	}
}
