//go:build unix

package main_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"net/http"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/authrocket-go/authrocket/authrockettest"
)

var runs = flag.Int("runs", 3, "how many sessions TestTimeToTheLastRefusal ends one after the other")

// -v prints the times. Sessions end one a second at most, since budgets are not what is
// measured.
func TestTimeToTheLastRefusal(t *testing.T) {
	w := newWorld(t)
	w.deliver()
	var times []time.Duration
	pace := time.NewTicker(time.Second)
	defer pace.Stop()
	for range *runs {
		s := w.signIn()
		w.waitFor(http.StatusOK, s)
		<-pace.C
		start := time.Now()
		w.deleteSession(s)
		var refusals sync.WaitGroup
		for i := range w.instances {
			refusals.Go(func() {
				deadline := time.Now().Add(maxWait)
				for time.Now().Before(deadline) {
					switch status, err := w.ask(i, s); {
					case err != nil:
						t.Error(err)
						return
					case status == http.StatusUnauthorized:
						return
					}
				}
				t.Errorf("instance %d does not refuse a session that was deleted", i+1)
			})
		}
		refusals.Wait()
		times = append(times, time.Since(start))
	}
	slices.Sort(times)
	t.Logf("%d runs, from the deletion to the last refusal of three: median %s, worst %s", len(times), times[len(times)/2], times[len(times)-1])
}

// AuthRocket may send many webhooks at once, unlike the local one: more than an instance
// reads back at a time. A session is refused from its webhook on nevertheless, by 401, or by
// 503 while its check waits for its turn.
func TestManySessionsEndAtOnce(t *testing.T) {
	t.Parallel()
	const many = 200
	w := newWorld(t)
	list, marker, live := w.signInMany(many), w.signIn(), w.signIn()
	for _, s := range list {
		w.waitFor(http.StatusOK, s)
	}
	for _, s := range list {
		w.deleteSession(s)
	}
	start := time.Now()
	w.sendWebhooks(list)
	t.Logf("%d webhooks at once were answered within %s", many, time.Since(start))
	w.wantRefused(0, list)

	// What has read the end of the log has read all of it.
	w.waitUntil("all are in the log", func() bool { return w.loggedSessions() == many })
	w.deleteSession(marker)
	w.sendWebhooks([]signedIn{marker})
	for i := 1; i < instances; i++ {
		w.waitUntil("an instance has read the log", func() bool {
			status, err := w.ask(i, marker)
			return err == nil && status != http.StatusOK
		})
		w.wantRefused(i, list)
	}
	w.want("a session that goes on", live, http.StatusOK)

	w.deliver() // what was too much comes again
	for _, s := range list[:3] {
		w.waitFor(http.StatusUnauthorized, s)
	}
}

// A redis-server that crashes loses the log. The instances fill it again.
func TestRedisIsKilled(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deliver()
	ended, live := w.signInMany(20), w.signIn()
	for _, s := range ended {
		w.deleteSession(s)
	}
	for _, s := range ended {
		w.waitFor(http.StatusUnauthorized, s)
	}
	w.kill(w.redis)
	meanwhile := w.signIn()
	w.waitFor(http.StatusOK, meanwhile)
	w.deleteSession(meanwhile)
	for _, s := range ended {
		w.want("without redis-server, an ended session", s, http.StatusUnauthorized)
	}
	w.want("without redis-server, a live session", live, http.StatusOK)

	w.startRedis()
	for _, s := range ended {
		w.want("with an empty redis-server, an ended session", s, http.StatusUnauthorized)
	}
	w.waitFor(http.StatusUnauthorized, meanwhile)
	w.restartFromLog(append(ended, meanwhile), live)
}

func TestRedisIsPaused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deliver()
	ended, live := w.signIn(), w.signIn()
	w.deleteSession(ended)
	w.waitFor(http.StatusUnauthorized, ended)
	meanwhile := w.signIn()
	w.waitFor(http.StatusOK, meanwhile)

	w.signal(w.redis, syscall.SIGSTOP)
	w.deleteSession(meanwhile)
	for range 20 {
		w.want("with a paused redis-server, an ended session", ended, http.StatusUnauthorized)
		w.want("with a paused redis-server, a live session", live, http.StatusOK)
		w.want("with a paused redis-server, a session that has just ended", meanwhile, http.StatusOK, http.StatusUnauthorized, http.StatusServiceUnavailable)
	}
	w.signal(w.redis, syscall.SIGCONT)
	w.waitFor(http.StatusUnauthorized, meanwhile)
	w.want("afterwards, a live session", live, http.StatusOK)
}

func TestInstanceIsRestarted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deliver()
	ended, live := w.signInMany(20), w.signIn()
	for _, s := range ended {
		w.deleteSession(s)
	}
	for _, s := range ended {
		w.waitFor(http.StatusUnauthorized, s)
	}
	w.restartFromLog(ended, live)
}

// restartFromLog waits until the log has all ended sessions, because an instance refuses a
// session before it writes to the log. Then it kills an instance and starts it again while the
// Core API is down: only the log says what has ended.
func (w *world) restartFromLog(ended []signedIn, live signedIn) {
	w.t.Helper()
	w.waitUntil("the log has all ended sessions", func() bool { return w.loggedSessions() == len(ended) })
	w.service.Break(authrockettest.Status(http.StatusServiceUnavailable))
	defer w.service.Repair()
	const last = instances - 1
	w.kill(w.instances[last])
	w.startInstance(last)
	for _, s := range ended {
		w.wantOf(last, "after a restart, an ended session", s, http.StatusUnauthorized)
	}
	w.wantOf(last, "after a restart, a live session", live, http.StatusOK)
}

// wantRefused asks an instance about all sessions at the same time.
func (w *world) wantRefused(instance int, list []signedIn) {
	w.t.Helper()
	var asked sync.WaitGroup
	for _, s := range list {
		asked.Go(func() {
			status, err := w.ask(instance, s)
			if err != nil || status != http.StatusUnauthorized && status != http.StatusServiceUnavailable {
				w.t.Errorf("instance %d answers an ended session %d, %v", instance+1, status, err)
			}
		})
	}
	asked.Wait()
}

// sendWebhooks sends the first instance the webhooks of deleted sessions, all at the same
// time, and waits until each was answered.
func (w *world) sendWebhooks(list []signedIn) {
	w.t.Helper()
	var sent sync.WaitGroup
	for _, s := range list {
		page, err := w.realm.ListEvents(authrockettest.EventList{Type: "session.deleted", SessionID: s.id})
		must(w.t, err)
		if len(page.Items) != 1 {
			w.t.Fatalf("a session has %d events, want 1", len(page.Items))
		}
		e := page.Items[0]
		body, err := json.Marshal(map[string]any{
			"id": e.ID, "event_type": e.Type, "event_at": e.At.Unix(), "realm_id": w.realm.ID(),
			"user_id": e.UserID, "session_id": e.SessionID, "expires_at": e.ExpiresAt.Unix(),
		})
		must(w.t, err)
		sent.Go(func() {
			resp, err := w.client.Post(w.hookAt(w.instances[0].URL().String()), "application/json", bytes.NewReader(body))
			if err != nil {
				w.t.Error(err)
				return
			}
			defer resp.Body.Close()
			if resp.StatusCode != http.StatusNoContent && resp.StatusCode != http.StatusServiceUnavailable {
				w.t.Errorf("a webhook is answered %d", resp.StatusCode)
			}
		})
	}
	sent.Wait()
}
