package authrocketdev

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/authrocket-go/authrocket/authrockettest"
)

// ErrNotAcknowledged means that a webhook was sent, but not answered with 2xx within
// 10 seconds.
var ErrNotAcknowledged = errors.New("not acknowledged")

const (
	maxPending       = 10_000 // for each target; if there are more, the oldest webhook is discarded
	firstRetryAfter  = time.Second
	longestRetryWait = time.Hour
	giveUpAfter      = 48 * time.Hour
)

// webhook is an event that must be sent to one target.
type webhook struct {
	realm          *authrockettest.Realm
	eventID        string
	notificationID string
	queuedAt       time.Time
	attempts       int
	due            time.Time // when the next attempt is due
	isDone         bool
}

// queueEventsOf queues the events of realm for delivery, from now on.
func (s *Service) queueEventsOf(realm *authrockettest.Realm) {
	if len(s.webhooks) == 0 {
		return
	}
	realm.OnEvent(func(event authrockettest.Event) {
		now := time.Now()
		queued := make([]*webhook, len(s.webhooks))
		for i := range s.webhooks {
			queued[i] = &webhook{realm: realm, eventID: event.ID, notificationID: "ent_" + rand.Text()[:22], queuedAt: now, due: now}
		}
		realm.UpdateEvent(event.ID, func(list []authrockettest.Notification) []authrockettest.Notification {
			for i, t := range s.webhooks {
				list = append(list, authrockettest.Notification{
					ID: queued[i].notificationID, HookID: t.hookID, State: "in_progress", Destination: t.destination,
				})
			}
			return list
		})
		for i, t := range s.webhooks {
			t.add(queued[i])
		}
	})
}

func (t *webhookTarget) add(w *webhook) {
	t.mu.Lock()
	var discarded *webhook
	if len(t.pending) >= maxPending {
		t.prune()
	}
	if len(t.pending) >= maxPending {
		discarded = t.pending[0]
		t.pending = slices.Delete(t.pending, 0, 1)
	}
	t.pending = append(t.pending, w)
	t.mu.Unlock()
	select {
	case t.arrived <- struct{}{}:
	default:
	}
	if discarded != nil {
		discarded.notify(func(n *authrockettest.Notification) {
			n.State, n.LastResult = "failed", fmt.Sprintf("discarded, because %d later webhooks were pending", maxPending)
		})
	}
}

// prune removes finished webhooks, all at once because there may be thousands. The
// caller must have locked the target.
func (t *webhookTarget) prune() {
	t.pending = slices.DeleteFunc(t.pending, func(w *webhook) bool { return w.isDone })
}

// notify changes the Notification of the event. It does nothing if the realm no longer
// has the event.
func (w *webhook) notify(change func(*authrockettest.Notification)) {
	w.realm.UpdateEvent(w.eventID, func(list []authrockettest.Notification) []authrockettest.Notification {
		for i := range list {
			if list[i].ID == w.notificationID {
				change(&list[i])
			}
		}
		return list
	})
}

// Deliver sends each pending event once to the webhooks, in the order of the events.
// It returns how many webhooks were acknowledged. Use it in tests that decide when
// events are sent. Deliver does not wait for the time of the next retry. Events that
// happen during a call are sent by the next call.
//
// The error joins one error for each URL at which the delivery failed. It wraps
// [ErrNotAcknowledged] if webhooks were not acknowledged, or the error of ctx. A
// webhook that was not acknowledged stays pending for 2 days, unless the realm
// discards the event or more than 10,000 webhooks are pending.
//
// Programs other than tests call [Service.RunWebhooks] instead. The handler that gets
// a webhook must not call Deliver, because only one delivery to a URL runs at a time.
func (s *Service) Deliver(ctx context.Context) (int, error) {
	acknowledged := make([]int, len(s.webhooks))
	err := s.eachTarget(func(i int, t *webhookTarget) (err error) {
		acknowledged[i], err = t.deliver(ctx, false)
		return err
	})
	total := 0
	for _, n := range acknowledged {
		total += n
	}
	return total, err
}

// RunWebhooks sends events to the webhooks as they happen, until ctx ends. If a
// webhook is not acknowledged, RunWebhooks tries again after 1 second. It then doubles
// the wait each time, up to an hour, and gives up after 2 days. It returns the error
// of ctx.
func (s *Service) RunWebhooks(ctx context.Context) error {
	s.eachTarget(func(_ int, t *webhookTarget) error {
		for ctx.Err() == nil {
			t.deliver(ctx, true)
			next := time.NewTimer(t.untilDue())
			select {
			case <-next.C:
			case <-t.arrived:
			case <-ctx.Done():
			}
			next.Stop()
		}
		return nil
	})
	<-ctx.Done()
	return ctx.Err()
}

// Ping sends an event of the type ping to each webhook. The Core API does not show
// this event. Ping sends the event at once and does not repeat it. The error joins one
// error for each URL that did not acknowledge the event. It wraps [ErrNotAcknowledged]
// or the error of ctx.
func (s *Service) Ping(ctx context.Context) error {
	body := bodyOf(s.config.Server.realm.ID(), authrockettest.Event{ID: "ev_" + rand.Text()[:22], Type: "ping", At: time.Now()})
	return s.eachTarget(func(_ int, t *webhookTarget) error {
		client := t.newClient()
		defer client.CloseIdleConnections()
		isAcknowledged, result := t.post(ctx, client, body)
		switch {
		case isAcknowledged:
			return nil
		case ctx.Err() != nil:
			return ctx.Err()
		}
		return fmt.Errorf("authrocketdev: the ping to %s: %w: %s", t.destination, ErrNotAcknowledged, result)
	})
}

// eachTarget calls do with all targets at the same time, so that none waits for
// another.
func (s *Service) eachTarget(do func(int, *webhookTarget) error) error {
	errs := make([]error, len(s.webhooks))
	var group sync.WaitGroup
	for i, t := range s.webhooks {
		group.Go(func() { errs[i] = do(i, t) })
	}
	group.Wait()
	return errors.Join(errs...)
}

// untilDue returns the time until the next pending webhook is due.
func (t *webhookTarget) untilDue() time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	wait := longestRetryWait
	for _, w := range t.pending {
		wait = min(wait, time.Until(w.due))
	}
	return wait
}

// deliver makes one attempt for each pending webhook, or only for those that are due.
func (t *webhookTarget) deliver(ctx context.Context, onlyDue bool) (acknowledged int, err error) {
	select {
	case t.turn <- struct{}{}:
		defer func() { <-t.turn }()
	case <-ctx.Done():
		return 0, ctx.Err()
	}
	client := t.newClient()
	defer client.CloseIdleConnections()
	defer func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.prune()
	}()
	failed, lastResult := 0, ""
	for _, w := range t.nextBatch(onlyDue) {
		event, err := w.realm.Event(w.eventID)
		if err != nil { // the realm no longer has the event
			t.mu.Lock()
			w.isDone = true
			t.mu.Unlock()
			continue
		}
		isAcknowledged, result := t.send(ctx, client, bodyOf(w.realm.ID(), event))
		if !isAcknowledged && ctx.Err() != nil {
			return acknowledged, ctx.Err() // it is not known what the target would have answered
		}
		t.note(w, isAcknowledged, result)
		if isAcknowledged {
			acknowledged++
		} else {
			failed, lastResult = failed+1, result
		}
	}
	if failed > 0 {
		err = fmt.Errorf("authrocketdev: %d of the webhooks to %s: %w, the last one: %s", failed, t.destination, ErrNotAcknowledged, lastResult)
	}
	return acknowledged, err
}

func (t *webhookTarget) nextBatch(onlyDue bool) []*webhook {
	t.mu.Lock()
	defer t.mu.Unlock()
	batch := slices.Clone(t.pending)
	if onlyDue {
		now := time.Now()
		batch = slices.DeleteFunc(batch, func(w *webhook) bool { return w.due.After(now) })
	}
	if t.faults.Reverse {
		slices.Reverse(batch)
	}
	return batch
}

// note records the result of an attempt.
func (t *webhookTarget) note(w *webhook, isAcknowledged bool, result string) {
	now := time.Now()
	w.attempts++
	due, state := now.Add(retryWait(w.attempts)), "in_progress"
	switch {
	case isAcknowledged:
		state = "completed"
	case due.Sub(w.queuedAt) > giveUpAfter:
		state = "failed"
	}
	t.mu.Lock()
	w.due, w.isDone = due, state != "in_progress"
	t.mu.Unlock()
	w.notify(func(n *authrockettest.Notification) {
		n.State, n.Attempts, n.LastAttemptAt, n.LastResult = state, w.attempts, now, result
	})
}

func retryWait(attempts int) time.Duration {
	wait := firstRetryAfter
	for range attempts - 1 {
		if wait *= 2; wait >= longestRetryWait {
			return longestRetryWait
		}
	}
	return wait
}

// bodyOf returns the body with which GET /events/{id} answers a key that can write.
func bodyOf(realmID string, event authrockettest.Event) []byte {
	body, _ := json.Marshal(showEvent(realmID, event, true)) // it contains only texts, numbers and times
	return body
}
