package authrocketdev_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/authrocket-go/authrocket/authrocketdev"
	"github.com/authrocket-go/authrocket/authrockettest"
)

// hooked is a Service with webhooks.
type hooked struct {
	*authrocketdev.Service
	realm *authrockettest.Realm
}

func newHooked(t testing.TB, urls ...string) *hooked {
	t.Helper()
	realm := authrockettest.NewRealm(t)
	server, err := authrocketdev.New(authrocketdev.Config{Realm: realm})
	if err != nil {
		t.Fatal(err)
	}
	service, err := authrocketdev.NewService(authrocketdev.ServiceConfig{Server: server, Webhooks: urls})
	if err != nil {
		t.Fatal(err)
	}
	return &hooked{service, realm}
}

// newHookedInMemory is like newHooked without sockets. The hosts of the URLs are
// those of the receivers.
func newHookedInMemory(t *testing.T, receivers map[string]http.Handler, urls ...string) *hooked {
	t.Helper()
	h := newHooked(t, urls...)
	h.serveInMemory(t, receivers)
	return h
}

// serveInMemory serves receivers without sockets, by their hosts.
func (h *hooked) serveInMemory(t *testing.T, receivers map[string]http.Handler) {
	t.Helper()
	listeners := make(map[string]pipeListener)
	for host, receiver := range receivers {
		l := pipeListener{make(chan net.Conn), make(chan struct{})}
		listeners[host] = l
		serving := &http.Server{Handler: receiver}
		var ended sync.WaitGroup
		ended.Go(func() { serving.Serve(l) })
		t.Cleanup(func() {
			serving.Close()
			ended.Wait()
		})
	}
	h.DialWebhooks(func(_ context.Context, _, address string) (net.Conn, error) {
		l, ok := listeners[address]
		if !ok {
			return nil, &net.OpError{Op: "dial", Err: errors.New("connection refused")}
		}
		client, server := net.Pipe()
		l.conns <- server
		return client, nil
	})
}

// pipeListener is an in-memory listener.
type pipeListener struct {
	conns  chan net.Conn
	closed chan struct{}
}

func (l pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l pipeListener) Close() error {
	close(l.closed)
	return nil
}

func (l pipeListener) Addr() net.Addr { return &net.UnixAddr{} }

// happen causes events of these types, and returns their IDs.
func (h *hooked) happen(types ...string) (ids []string) {
	for _, kind := range types {
		ids = append(ids, h.realm.Emit(authrockettest.Event{Type: kind, UserID: "usr_1"}).ID)
	}
	return ids
}

// notifications returns the notifications of an event, without their IDs.
func (h *hooked) notifications(t testing.TB, eventID string) []authrockettest.Notification {
	t.Helper()
	event, err := h.realm.Event(eventID)
	if err != nil {
		t.Fatal(err)
	}
	return event.Notifications
}

// wantStates checks the states of an event's Notifications.
func (h *hooked) wantStates(t testing.TB, eventID string, want ...string) {
	t.Helper()
	var got []string
	for _, n := range h.notifications(t, eventID) {
		got = append(got, n.State)
	}
	if !slices.Equal(got, want) {
		t.Errorf("notifications of the event are %q, want %q", got, want)
	}
}

// wantDelivered calls Deliver.
func (h *hooked) wantDelivered(t testing.TB, want int, wantErr error) {
	t.Helper()
	if got, err := h.Deliver(context.Background()); got != want || !errors.Is(err, wantErr) {
		t.Errorf("Deliver: got %d, %v, want %d, %v", got, err, want, wantErr)
	}
}

// receiver is the app's end of a webhook. It records what it gets, and answers with
// answer, or with 204.
type receiver struct {
	mu     sync.Mutex
	bodies []map[string]any
	heads  []*http.Request
	answer http.HandlerFunc
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	text, err := io.ReadAll(req.Body)
	var body map[string]any
	if err == nil {
		err = json.Unmarshal(text, &body)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	r.mu.Lock()
	r.bodies, r.heads = append(r.bodies, body), append(r.heads, req)
	answer := r.answer
	r.mu.Unlock()
	if answer == nil {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	answer(w, req)
}

func (r *receiver) answerWith(answer http.HandlerFunc) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer = answer
}

// types returns the types of the events that arrived.
func (r *receiver) types() (types []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, body := range r.bodies {
		kind, _ := body["event_type"].(string)
		types = append(types, kind)
	}
	return types
}

func (r *receiver) wantTypes(t testing.TB, want ...string) {
	t.Helper()
	if got := r.types(); !slices.Equal(got, want) {
		t.Errorf("got the events %q, want %q", got, want)
	}
}

func status(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
}

// serve serves a receiver on a socket, and returns its URL.
func serve(t testing.TB, h http.Handler) (origin string) {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

// closedPort is the URL of a port on which nothing listens. The system gives it to no
// listener that asks for any port, as it could with one that has just been closed.
const closedPort = "http://127.0.0.1:1"

// secret is part of many URLs in these tests. No output may contain it.
const webhookSecret = "s3cret-of-the-webhook"

func wantNoSecret(t testing.TB, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if strings.Contains(text, webhookSecret) {
			t.Errorf("the secret of the URL is in %q", text)
		}
	}
}
