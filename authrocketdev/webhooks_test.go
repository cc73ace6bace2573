package authrocketdev_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/authrocket-go/authrocket/authrocketdev"
	"github.com/authrocket-go/authrocket/authrockettest"
)

func TestWebhookURLs(t *testing.T) {
	t.Parallel()
	realm := authrockettest.NewRealm(t)
	server, err := authrocketdev.New(authrocketdev.Config{Realm: realm})
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		name, url string
		ok        bool
	}{
		{name: "localhost", url: "http://localhost:8082/hooks", ok: true},
		{name: "a name below localhost", url: "http://app.localhost:8082/hooks", ok: true},
		{name: "an address of loopback", url: "http://127.0.0.2/hooks", ok: true},
		{name: "the address of IPv6", url: "http://[::1]:8082/hooks", ok: true},
		{name: "no path", url: "http://localhost:8082", ok: true},
		{name: "a secret in the path", url: "http://localhost:8082/hooks/" + webhookSecret, ok: true},
		{name: "a password", url: "http://user:" + webhookSecret + "@localhost:8082/hooks", ok: true},
		{name: "a query", url: "http://localhost:8082/hooks?key=" + webhookSecret, ok: true},
		{name: "https", url: "https://localhost:8082/" + webhookSecret},
		{name: "another scheme", url: "unix://localhost/" + webhookSecret},
		{name: "a public name", url: "http://hooks.example.com/" + webhookSecret},
		{name: "a private address", url: "http://192.168.0.1/" + webhookSecret},
		{name: "the address of metadata", url: "http://169.254.169.254/" + webhookSecret},
		{name: "all addresses", url: "http://0.0.0.0:8082/" + webhookSecret},
		{name: "an address as a number", url: "http://2130706433/" + webhookSecret},
		{name: "loopback as the user of another host", url: "http://localhost:8082@example.com/" + webhookSecret},
		{name: "a name that starts like loopback", url: "http://localhost." + webhookSecret + ".example/"},
		{name: "no scheme", url: "localhost:8082/" + webhookSecret},
		{name: "a path", url: "/" + webhookSecret},
		{name: "opaque", url: "http:localhost/" + webhookSecret},
		{name: "a port that is none", url: "http://localhost:" + webhookSecret + "/"},
		{name: "a password that ends the host", url: "http://user:1" + webhookSecret + "/@localhost/"},
		{name: "a fragment", url: "http://localhost:8082/#" + webhookSecret},
		{name: "nothing", url: ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			_, err := authrocketdev.NewService(authrocketdev.ServiceConfig{Server: server, Webhooks: []string{"http://localhost", row.url}})
			if row.ok {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), "Webhooks[1] is not an http URL on loopback") {
				t.Errorf("got %v, want an error about Webhooks[1]", err)
				return
			}
			wantNoSecret(t, err.Error())
		})
	}
}

// Each row says what an answer of the target results in, over sockets.
func TestWhatAcknowledges(t *testing.T) {
	t.Parallel()
	var elsewhere atomic.Int32
	other := serve(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere.Add(1) }))
	for _, row := range []struct {
		name   string
		answer http.HandlerFunc
		result string
		ok     bool
	}{
		{name: "200", answer: status(200), result: "200 OK", ok: true},
		{name: "204", answer: status(204), result: "204 No Content", ok: true},
		{name: "299", answer: status(299), result: "299 ", ok: true},
		{name: "300", answer: status(300), result: "300 Multiple Choices"},
		{name: "400", answer: status(400), result: "400 Bad Request"},
		{name: "500", answer: status(500), result: "500 Internal Server Error"},
		{name: "a redirect elsewhere", answer: http.RedirectHandler(other, http.StatusTemporaryRedirect).ServeHTTP, result: "307 Temporary Redirect"},
		{name: "a redirect that makes a GET", answer: http.RedirectHandler(other, http.StatusSeeOther).ServeHTTP, result: "303 See Other"},
		{name: "a closed connection", answer: func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, result: "no valid answer"},
		{name: "not HTTP, with the path in it", answer: func(w http.ResponseWriter, r *http.Request) {
			c, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				return
			}
			defer c.Close()
			io.WriteString(c, r.URL.Path+" "+r.URL.Path+"\r\n\r\n")
		}, result: "no valid answer"},
		{name: "a head that does not end", answer: func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Long", strings.Repeat("x", 1<<20))
		}, result: "no valid answer"},
		{name: "10 MB", answer: func(w http.ResponseWriter, _ *http.Request) {
			w.Write(make([]byte, 10<<20))
		}, result: "200 OK", ok: true},
		{name: "10 MB of an error", answer: func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(500)
			w.Write(make([]byte, 10<<20))
		}, result: "500 Internal Server Error"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			r := &receiver{answer: row.answer}
			origin := serve(t, r)
			u, err := url.Parse(origin)
			if err != nil {
				t.Fatal(err)
			}
			h := newHooked(t, "http://user:"+webhookSecret+"@"+u.Host+"/"+webhookSecret+"?q="+webhookSecret)
			id := h.happen("user.created")[0]
			got, err := h.Deliver(t.Context())
			want := 0
			state := "in_progress"
			if row.ok {
				want, state = 1, "completed"
			} else if !errors.Is(err, authrocketdev.ErrNotAcknowledged) {
				t.Errorf("got the error %v", err)
			}
			if got != want || (err == nil) != row.ok {
				t.Errorf("got %d, %v, want %d", got, err, want)
			}
			n := h.notifications(t, id)[0]
			if n.State != state || n.Attempts != 1 || n.LastResult != row.result || n.Destination != origin || n.LastAttemptAt.IsZero() {
				t.Errorf("got %+v, want %q after 1 attempt at %q with %q", n, state, origin, row.result)
			}
			wantNoSecret(t, fmt.Sprint(err), fmt.Sprintf("%+v", n))

			r.answerWith(nil)
			h.wantDelivered(t, 1-want, nil)
			h.wantStates(t, id, "completed")
			h.wantDelivered(t, 0, nil)
		})
	}
	t.Cleanup(func() {
		if n := elsewhere.Load(); n != 0 {
			t.Errorf("%d redirects were followed", n)
		}
	})
}

func TestWebhookIsAway(t *testing.T) {
	t.Parallel()
	h := newHooked(t, closedPort+"/"+webhookSecret)
	id := h.happen("user.created")[0]
	_, err := h.Deliver(t.Context())
	if n := h.notifications(t, id)[0]; !errors.Is(err, authrocketdev.ErrNotAcknowledged) || n.LastResult != "no connection" || n.State != "in_progress" {
		t.Errorf("got %v and %+v", err, n)
	}
	wantNoSecret(t, err.Error())
}

// A webhook sends the event in the form of GET /events/{id}.
func TestWebhookRequest(t *testing.T) {
	t.Parallel()
	r := &receiver{}
	u, err := url.Parse(serve(t, r))
	if err != nil {
		t.Fatal(err)
	}
	h := newHooked(t, "http://user:pass%40word@"+u.Host+"/hooks?key=1", u.String()+"/plain")
	at := time.Now()
	event := h.realm.By(authrockettest.Request{IP: "10.0.0.1", Client: "Firefox/3141.5"}).Emit(authrockettest.Event{
		Type: "user.password.resetting", UserID: "usr_1", Token: "tpw:1",
	})
	h.wantDelivered(t, 2, nil)
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.heads) != 2 {
		t.Fatalf("got %d requests", len(r.heads))
	}
	if r.heads[0].URL.Path != "/hooks" {
		slices.Reverse(r.heads)
		slices.Reverse(r.bodies)
	}
	for i, want := range []struct{ uri, authorization string }{{"/hooks?key=1", "Basic dXNlcjpwYXNzQHdvcmQ="}, {"/plain", ""}} {
		head := r.heads[i]
		if head.Method != "POST" || head.RequestURI != want.uri || head.Header.Get("Authorization") != want.authorization || head.Header.Get("Content-Type") != jsonType {
			t.Errorf("got %s %s with %q", head.Method, head.RequestURI, head.Header)
		}
	}
	body := r.bodies[0]
	if got := time.UnixMilli(int64(body["event_at"].(float64) * 1000)); got.Before(at.Add(-time.Second)) || got.After(at.Add(time.Minute)) {
		t.Errorf("event_at is %v", body["event_at"])
	}
	delete(body, "event_at")
	var notifications []any
	for _, n := range body["notifications"].([]any) {
		n := n.(map[string]any)
		for name, prefix := range map[string]string{"id": "ent_", "hook_id": "hk_"} {
			if id, _ := n[name].(string); !strings.HasPrefix(id, prefix) || len(id) != len(prefix)+22 {
				t.Errorf("%s is %v", name, n[name])
			}
			delete(n, name)
		}
		notifications = append(notifications, n)
	}
	waiting := map[string]any{
		"hook_type": "webhook", "state": "in_progress", "attempts": 0.0, "last_attempt_at": nil, "last_destination": u.String(), "last_result": nil,
	}
	want := map[string]any{
		"object": "event", "id": event.ID, "event_type": "user.password.resetting", "realm_id": h.realm.ID(), "user_id": "usr_1", "token": "tpw:1",
		"request": map[string]any{"ip": "10.0.0.1", "client": "Firefox/3141.5"}, "notifications": []any{waiting, waiting},
	}
	body["notifications"] = notifications
	// The other webhook may already have been acknowledged.
	if len(notifications) == 2 {
		notifications[1] = waiting
	}
	if !reflect.DeepEqual(body, want) {
		t.Errorf("got  %v\nwant %v", body, want)
	}
}

func TestEndsOfSessions(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name string
		end  func(realm *authrockettest.Realm, s authrockettest.HostedSession)
		want int
	}{
		{name: "a logout", end: func(r *authrockettest.Realm, s authrockettest.HostedSession) {
			r.EndSession(s.ID, authrockettest.EndedByLogout)
		}, want: 1},
		{name: "a new password", end: func(r *authrockettest.Realm, s authrockettest.HostedSession) {
			r.EndSessionsOf(s.UserID, "", authrockettest.EndedByPassword)
		}, want: 1},
		{name: "an expiry", end: func(*authrockettest.Realm, authrockettest.HostedSession) { time.Sleep(48 * time.Hour) }},
		{name: "a logout after the expiry", end: func(r *authrockettest.Realm, s authrockettest.HostedSession) {
			time.Sleep(24 * time.Hour)
			r.EndSession(s.ID, authrockettest.EndedByLogout)
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r := &receiver{}
				h := newHookedInMemory(t, map[string]http.Handler{"localhost:80": r}, "http://localhost")
				ada := h.realm.AddUser(authrockettest.User{Email: "ada@example.com"})
				session, err := h.realm.StartSession(ada.ID)
				if err != nil {
					t.Fatal(err)
				}
				row.end(h.realm, session)
				if _, err := h.Deliver(t.Context()); err != nil {
					t.Fatal(err)
				}
				r.mu.Lock()
				defer r.mu.Unlock()
				got := 0
				for _, body := range r.bodies {
					if body["event_type"] != "session.deleted" {
						continue
					}
					got++
					if body["session_id"] != session.ID || body["user_id"] != ada.ID || body["expires_at"] != float64(session.ExpiresAt.Unix()) {
						t.Errorf("got %v", body)
					}
				}
				if got != row.want {
					t.Errorf("got %d of session.deleted, want %d", got, row.want)
				}
			})
		})
	}
}

func TestHangingWebhook(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name   string
		answer http.HandlerFunc
		want   int
		state  string
		result string
	}{
		{name: "before its answer", answer: func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, state: "in_progress", result: "no answer within 10s"},
		{name: "in the body of its answer", answer: func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(200)
			http.NewResponseController(w).Flush()
			<-r.Context().Done()
		}, want: 1, state: "completed", result: "200 OK"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				prompt := &receiver{}
				h := newHookedInMemory(t, map[string]http.Handler{"localhost:80": &receiver{answer: row.answer}, "localhost:81": prompt}, "http://localhost", "http://localhost:81")
				id := h.happen("user.created")[0]
				start := time.Now()
				got, _ := h.Deliver(t.Context())
				if took := time.Since(start); got != row.want+1 || took != 10*time.Second {
					t.Errorf("got %d acknowledged after %s", got, took)
				}
				all := h.notifications(t, id)
				if n := all[0]; n.State != row.state || n.LastResult != row.result {
					t.Errorf("got %+v", n)
				}
				if n := all[1]; n.State != "completed" || n.LastAttemptAt != start {
					t.Errorf("the other webhook waited: got %+v", n)
				}
			})
		})
	}
}

func TestRunWebhooks(t *testing.T) {
	t.Parallel()
	bubble := func(name string, r *receiver, test func(t *testing.T, h *hooked)) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h := newHookedInMemory(t, map[string]http.Handler{"localhost:80": r}, "http://localhost")
				ctx, cancel := context.WithCancel(t.Context())
				ran := make(chan error)
				go func() { ran <- h.RunWebhooks(ctx) }()
				test(t, h)
				cancel()
				if err := <-ran; !errors.Is(err, context.Canceled) {
					t.Errorf("got %v, want that ctx was cancelled", err)
				}
			})
		})
	}

	r1 := &receiver{}
	bubble("sends what happens at once", r1, func(t *testing.T, h *hooked) {
		h.happen("user.created", "user.updated")
		synctest.Wait()
		r1.wantTypes(t, "user.created", "user.updated")
		time.Sleep(time.Minute)
		h.happen("user.deleted")
		synctest.Wait()
		r1.wantTypes(t, "user.created", "user.updated", "user.deleted")
	})

	// 500, and then 200.
	r2 := &receiver{answer: status(500)}
	bubble("retries until it is acknowledged", r2, func(t *testing.T, h *hooked) {
		id := h.happen("user.created")[0]
		time.Sleep(2 * time.Second)
		r2.answerWith(nil)
		time.Sleep(time.Minute)
		if n := h.notifications(t, id)[0]; n.State != "completed" || n.Attempts != 3 || n.LastResult != "204 No Content" {
			t.Errorf("got %+v", n)
		}
		time.Sleep(72 * time.Hour)
		r2.wantTypes(t, slices.Repeat([]string{"user.created"}, 3)...)
	})

	var attempts []time.Time
	r3 := &receiver{answer: func(w http.ResponseWriter, _ *http.Request) {
		attempts = append(attempts, time.Now())
		w.WriteHeader(500)
	}}
	bubble("gives up after two days", r3, func(t *testing.T, h *hooked) {
		start := time.Now()
		id := h.happen("user.created")[0]
		time.Sleep(72 * time.Hour)
		synctest.Wait()
		if len(attempts) > 100 {
			t.Fatalf("%d attempts", len(attempts))
		}
		n := h.notifications(t, id)[0]
		if end := n.LastAttemptAt.Sub(start); n.State != "failed" || end < 46*time.Hour || end > 48*time.Hour || n.Attempts != len(attempts) {
			t.Errorf("got %+v after %s and %d attempts", n, end, len(attempts))
		}
		for i, at := range attempts[1:] {
			if wait, want := at.Sub(attempts[i]), min(time.Second<<min(i, 20), time.Hour); wait != want {
				t.Errorf("retry %d came after %s, want %s", i+1, wait, want)
			}
		}
		if n := h.PendingWebhooks(); n != 0 {
			t.Errorf("%d webhooks are pending", n)
		}
	})

	// A webhook that is refused repeatedly does not delay the ones after it.
	r4 := &receiver{}
	r4.answerWith(func(w http.ResponseWriter, r *http.Request) {
		if kinds := r4.types(); kinds[len(kinds)-1] == "user.created" {
			w.WriteHeader(500)
		}
	})
	bubble("sends what comes after a failure", r4, func(t *testing.T, h *hooked) {
		first := h.happen("user.created")[0]
		second := h.happen("user.updated")[0]
		synctest.Wait()
		h.wantStates(t, first, "in_progress")
		h.wantStates(t, second, "completed")
	})
}

func TestRunWithoutWebhooks(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHooked(t)
		id := h.happen("user.created")[0]
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		start := time.Now()
		if err := h.RunWebhooks(ctx); !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != time.Hour {
			t.Errorf("got %v after %s", err, time.Since(start))
		}
		h.wantDelivered(t, 0, nil)
		h.wantStates(t, id)
	})
}

func TestOneOfTwoWebhooksFails(t *testing.T) {
	t.Parallel()
	working, failing := &receiver{}, &receiver{answer: status(500)}
	h := newHooked(t, serve(t, failing), serve(t, working), closedPort)
	ids := h.happen("user.created", "user.updated")
	h.wantDelivered(t, 2, authrocketdev.ErrNotAcknowledged)
	working.wantTypes(t, "user.created", "user.updated")
	failing.wantTypes(t, "user.created", "user.updated")
	for _, id := range ids {
		h.wantStates(t, id, "in_progress", "completed", "in_progress")
	}
	failing.answerWith(nil)
	h.wantDelivered(t, 2, authrocketdev.ErrNotAcknowledged)
	working.wantTypes(t, "user.created", "user.updated")
	failing.wantTypes(t, "user.created", "user.updated", "user.created", "user.updated")
	for _, id := range ids {
		h.wantStates(t, id, "completed", "completed", "in_progress")
	}
}

func TestManyPendingWebhooks(t *testing.T) {
	t.Parallel()
	const most = 10_000
	r := &receiver{}
	h := newHooked(t, serve(t, r))
	first := h.happen("user.created")[0]
	var want []string
	for i := range most {
		kind := fmt.Sprint("user.", i)
		want = append(want, kind)
		h.happen(kind)
	}
	if n := h.PendingWebhooks(); n != most {
		t.Errorf("%d webhooks are pending, want %d", n, most)
	}
	if _, err := h.realm.Event(first); !errors.Is(err, authrockettest.ErrNotFound) {
		t.Errorf("the first event: got %v", err)
	}
	h.wantDelivered(t, most, nil)
	r.wantTypes(t, want...)
	if n := h.PendingWebhooks(); n != 0 {
		t.Errorf("%d webhooks are pending", n)
	}
}

// A full queue discards only webhooks that are still pending.
func TestFullQueue(t *testing.T) {
	t.Parallel()
	r := &receiver{}
	h := newHooked(t, serve(t, r))
	other := authrockettest.NewRealm(t)
	h.QueueEventsOf(other)
	discarded := other.Emit(authrockettest.Event{Type: "other.1"})
	sent := other.Emit(authrockettest.Event{Type: "other.2"})
	const most = 10_000
	h.happen(slices.Repeat([]string{"user.updated"}, most-1)...)
	// The first webhook is sent, the second is lost, and during the third an event
	// happens before Deliver ends.
	h.BreakWebhooks(authrocketdev.WebhookFaults{LoseEvery: 2})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	r.answerWith(func(_ http.ResponseWriter, req *http.Request) {
		if len(r.types()) == 2 {
			h.happen("user.deleted")
			cancel()
			<-req.Context().Done()
		}
	})
	if n, err := h.Deliver(ctx); n != 2 || !errors.Is(err, context.Canceled) {
		t.Errorf("got %d, %v", n, err)
	}
	r.wantTypes(t, "other.2", "user.updated")
	if n := h.PendingWebhooks(); n != most-2+1 {
		t.Errorf("%d webhooks are pending, want %d", n, most-2+1)
	}
	for _, row := range []struct {
		id            string
		state, result string
	}{
		{id: discarded.ID, state: "failed", result: "discarded, because 10000 later webhooks were pending"},
		{id: sent.ID, state: "completed", result: "200 OK"},
	} {
		event, err := other.Event(row.id)
		if err != nil {
			t.Fatal(err)
		}
		if n := event.Notifications[0]; n.State != row.state || n.LastResult != row.result {
			t.Errorf("got %+v, want %q and %q", n, row.state, row.result)
		}
	}
}

// An event that the realm has forgotten is no longer sent.
func TestForgottenEvent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := &receiver{answer: status(500)}
		h := newHookedInMemory(t, map[string]http.Handler{"localhost:80": r}, "http://localhost")
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		go h.RunWebhooks(ctx)
		h.happen("user.created")
		synctest.Wait()
		h.BreakWebhooks(authrocketdev.WebhookFaults{LoseEvery: 1})
		for range 2 {
			h.happen(slices.Repeat([]string{"user.updated"}, 5_000)...)
			synctest.Wait()
		}
		if n := h.PendingWebhooks(); n != 1 {
			t.Errorf("%d webhooks are pending, want 1", n)
		}
		h.BreakWebhooks(authrocketdev.WebhookFaults{})
		time.Sleep(2 * time.Second)
		if n := h.PendingWebhooks(); n != 0 {
			t.Errorf("%d webhooks are pending, want none", n)
		}
		r.wantTypes(t, "user.created")
	})
}

// Only the beginning of a long answer is read.
func TestLongAnswer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		written := 0
		r := &receiver{answer: func(w http.ResponseWriter, _ *http.Request) {
			for written < 10<<20 {
				n, err := w.Write(make([]byte, 1<<10))
				if written += n; err != nil {
					return
				}
			}
		}}
		h := newHookedInMemory(t, map[string]http.Handler{"localhost:80": r}, "http://localhost")
		h.happen("user.created")
		h.wantDelivered(t, 1, nil)
		synctest.Wait()
		if written > 100<<10 {
			t.Errorf("%d bytes could be written", written)
		}
	})
}

// Events that happen during a delivery, for example because the app reacts to an
// event, wait for the next delivery.
func TestEventsDuringDelivery(t *testing.T) {
	t.Parallel()
	r := &receiver{}
	h := newHooked(t, serve(t, r))
	r.answerWith(func(http.ResponseWriter, *http.Request) { h.happen("user.updated") })
	h.happen("user.created")
	h.wantDelivered(t, 1, nil)
	r.wantTypes(t, "user.created")
	h.wantDelivered(t, 1, nil)
	r.wantTypes(t, "user.created", "user.updated")
}

// Each webhook is sent by exactly one of several parallel deliveries, while further
// events happen.
func TestDeliveriesAtOnce(t *testing.T) {
	t.Parallel()
	r := &receiver{}
	h := newHooked(t, serve(t, r))
	const events, each = 200, 25
	h.happen(slices.Repeat([]string{"user.created"}, events-each)...)
	var total atomic.Int64
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			n, err := h.Deliver(t.Context())
			if err != nil {
				t.Error(err)
			}
			total.Add(int64(n))
		})
	}
	group.Go(func() { h.happen(slices.Repeat([]string{"user.created"}, each)...) })
	group.Wait()
	n, err := h.Deliver(t.Context())
	if got := total.Load() + int64(n); err != nil || got != events || len(r.types()) != events {
		t.Errorf("got %d acknowledged and %d requests, %v, want %d", got, len(r.types()), err, events)
	}
}

// Deliver, Ping and RunWebhooks end with ctx in each phase. A webhook whose answer
// nobody waited for stays pending.
func TestContextOfDelivery(t *testing.T) {
	t.Parallel()
	hang := func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
	deliver := func(h *hooked, ctx context.Context) error { _, err := h.Deliver(ctx); return err }
	ping := func(h *hooked, ctx context.Context) error { return h.Ping(ctx) }
	run := func(h *hooked, ctx context.Context) error { return h.RunWebhooks(ctx) }
	for _, row := range []struct {
		name     string
		answer   http.HandlerFunc
		before   func(h *hooked)
		do       func(h *hooked, ctx context.Context) error
		patience time.Duration
		attempts int
	}{
		{name: "Deliver, before it begins", do: deliver},
		{name: "Deliver, during a request", answer: hang, do: deliver, patience: 3 * time.Second},
		{name: "Deliver, during another delivery", answer: hang, before: func(h *hooked) {
			go h.Deliver(context.Background())
			synctest.Wait()
		}, do: deliver, patience: 3 * time.Second},
		{name: "Ping, during a request", answer: hang, do: ping, patience: 3 * time.Second},
		{name: "RunWebhooks, before it begins", do: run},
		{name: "RunWebhooks, during a request", answer: hang, do: run, patience: 3 * time.Second},
		{name: "RunWebhooks, before a retry", answer: status(500), do: run, patience: 3500 * time.Millisecond, attempts: 3},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r := &receiver{answer: row.answer}
				h := newHookedInMemory(t, map[string]http.Handler{"localhost:80": r}, "http://localhost")
				id := h.happen("user.created")[0]
				if row.before != nil {
					row.before(h)
				}
				ctx, cancel := context.WithTimeout(t.Context(), row.patience)
				defer cancel()
				start := time.Now()
				err := row.do(h, ctx)
				if took := time.Since(start); !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, authrocketdev.ErrNotAcknowledged) || took != row.patience {
					t.Errorf("got %v after %s, want the end of ctx after %s", err, took, row.patience)
				}
				if n := h.notifications(t, id)[0]; n.State != "in_progress" || n.Attempts != row.attempts {
					t.Errorf("got %+v, want it pending after %d attempts", n, row.attempts)
				}
				time.Sleep(time.Minute) // others give up
				r.answerWith(nil)
				h.wantDelivered(t, 1, nil)
			})
		})
	}
}

func TestPing(t *testing.T) {
	t.Parallel()
	r := &receiver{}
	h := newHooked(t, serve(t, r))
	h.BreakWebhooks(authrocketdev.WebhookFaults{LoseEvery: 1})
	if err := h.Ping(t.Context()); err != nil {
		t.Error(err)
	}
	r.mu.Lock()
	body := r.bodies[0]
	r.mu.Unlock()
	id, _ := body["id"].(string)
	if body["object"] != "event" || body["event_type"] != "ping" || body["realm_id"] != h.realm.ID() || !strings.HasPrefix(id, "ev_") {
		t.Errorf("got %v", body)
	}
	if _, err := h.realm.Event(id); !errors.Is(err, authrockettest.ErrNotFound) {
		t.Errorf("the event of a ping can be read: %v", err)
	}
	r.answerWith(status(500))
	if err := h.Ping(t.Context()); !errors.Is(err, authrocketdev.ErrNotAcknowledged) {
		t.Errorf("got %v", err)
	}
	if n := h.PendingWebhooks(); n != 0 {
		t.Error("a ping is retried")
	}
}

func TestWebhookFaults(t *testing.T) {
	t.Parallel()
	events := []string{"1", "2", "3", "4", "5"}
	for _, row := range []struct {
		name   string
		faults authrocketdev.WebhookFaults
		want   []string
	}{
		{name: "none", want: events},
		{name: "all lost", faults: authrocketdev.WebhookFaults{LoseEvery: 1}},
		{name: "every second lost", faults: authrocketdev.WebhookFaults{LoseEvery: 2}, want: []string{"1", "3", "5"}},
		{name: "a negative number loses none", faults: authrocketdev.WebhookFaults{LoseEvery: -1}, want: events},
		{name: "twice", faults: authrocketdev.WebhookFaults{Twice: true}, want: []string{"1", "1", "2", "2", "3", "3", "4", "4", "5", "5"}},
		{name: "reverse", faults: authrocketdev.WebhookFaults{Reverse: true}, want: []string{"5", "4", "3", "2", "1"}},
		{name: "all of it", faults: authrocketdev.WebhookFaults{LoseEvery: 2, Twice: true, Reverse: true}, want: []string{"5", "5", "3", "3", "1", "1"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			r := &receiver{}
			h := newHooked(t, serve(t, r))
			h.BreakWebhooks(row.faults)
			ids := h.happen(events...)
			h.wantDelivered(t, len(events), nil)
			r.wantTypes(t, row.want...)
			for _, id := range ids {
				h.wantStates(t, id, "completed")
			}
			h.BreakWebhooks(authrocketdev.WebhookFaults{})
			h.happen("repaired", "again")
			h.wantDelivered(t, 2, nil)
			r.wantTypes(t, append(slices.Clone(row.want), "repaired", "again")...)
		})
	}

	t.Run("the first of two answers counts", func(t *testing.T) {
		t.Parallel()
		r := &receiver{}
		r.answerWith(func(w http.ResponseWriter, _ *http.Request) {
			if len(r.types())%2 == 0 {
				w.WriteHeader(500)
			}
		})
		h := newHooked(t, serve(t, r))
		h.BreakWebhooks(authrocketdev.WebhookFaults{Twice: true})
		id := h.happen("user.created")[0]
		h.wantDelivered(t, 1, nil)
		h.wantStates(t, id, "completed")
		r.wantTypes(t, "user.created", "user.created")
	})
}
