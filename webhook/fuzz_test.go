package webhook_test

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/authrocket-go/authrocket/coreapi"
)

// Whatever a sender with the secret sends, the answer is a known one. Handle gets only
// events that the API has, or deletions of records that it no longer has, within bounds.
func FuzzBody(f *testing.F) {
	for _, body := range []string{
		`{"event_type": "ping"}`,
		`{"id": "ev_known", "event_type": "user.updated", "user_id": "usr_sent"}`,
		`{"id": "ev_known", "event_type": "user.created"}`,
		`{"id": "ev_unknown", "event_type": "user.created", "event_at": 946684800}`,
		`{"id": "ev_1", "event_type": "user.updated", "event_at": 1}`,
		`{"id": "ev_1", "event_type": "user.deleted", "user_id": "usr_live", "realm_id": "rl_1"}`,
		`{"id": "ev_1", "event_type": "user.deleted", "user_id": "usr_gone", "realm_id": "rl_1", "event_at": 946684800.5}`,
		`{"id": "ev_1", "event_type": "user.deleted", "user_id": "usr_gone", "realm_id": "rl_2"}`,
		`{"id": "ev_1", "event_type": "membership.deleted", "membership_id": "mb_gone", "event_at": 1e12}`,
		`{"id": "ev_1", "event_type": "membership.deleted", "membership_id": "mb_live"}`,
		sessionDeleted("ev_1", `"expires_at": 946684800`),
		sessionDeleted("ev_1", `"expires_at": -1e11`, `"event_at": 946684900.25`),
		`{"id": "ev_1", "event_type": "session.deleted", "session_id": "kss_live", "realm_id": "rl_1"}`,
		`{"id": "ev_1", "event_type": "session.deleted", "session_id": "\u006bss_\u0031"}`,
		`{"id": null, "event_type": [{}], "session_id": {"a": [1, 2, {"b": null}]}}`,
		`{"id": "ev_1", "id": "ev_2"}`, `[]`, ``, "\xff", `{"a": "\ud800"}`,
	} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		synctest.Test(t, func(t *testing.T) {
			h := newHook(t)
			h.api.set("/events/ev_known", `{"id": "ev_known", "event_type": "user.updated", "user_id": "usr_read"}`)
			h.api.set("/users/usr_live", `{"id": "usr_live", "realm_id": "rl_1"}`)
			h.api.set("/sessions/kss_live", `{"id": "kss_live"}`)
			h.api.set("/memberships/mb_live", `{"id": "mb_live"}`)
			start := time.Now()
			status, reason := h.send(string(body))
			o := h.last()
			documented := map[int][]string{
				204: {"", "ping", "old"}, 400: {"bad_body"}, 413: {"too_large"}, 503: {"not_confirmed"},
			}
			if !slices.Contains(documented[status], reason) || o.Status != status {
				t.Fatalf("got %d %q (%v)", status, reason, o.Err)
			}
			if took := time.Since(start); took > 3*time.Second {
				t.Errorf("it took %s", took)
			}
			if len(o.ID) > 64 || len(o.Type) > 150 || len(fmt.Sprint(o.Err)) > 1000 {
				t.Errorf("reported too much: %d, %d and %d bytes", len(o.ID), len(o.Type), len(fmt.Sprint(o.Err)))
			}
			if (len(h.events) == 1) != (status == 204 && reason == "") || len(h.events) > 1 {
				t.Fatalf("Handle was called %d times, answer %d %q", len(h.events), status, reason)
			}
			for _, e := range h.events {
				expectRead(t, h, e, start)
			}
		})
	})
}

// expectRead fails the test unless e is an event of the API, or the deletion of a record
// that it does not have.
func expectRead(t *testing.T, h *hook, e coreapi.Event, now time.Time) {
	t.Helper()
	read := ""
	switch e.Type {
	case coreapi.EventSessionDeleted:
		read = "/sessions/" + e.SessionID().Reveal()
		if in := e.ExpiresAt.Sub(now); in < time.Hour || in > 7*24*time.Hour {
			t.Errorf("it expires in %s", in)
		}
	case coreapi.EventUserDeleted:
		read = "/users/" + e.UserID
	case coreapi.EventMembershipDeleted:
		read = "/memberships/" + e.MembershipID
	default:
		if e.ID != "ev_known" || e.Type != "user.updated" || e.UserID != "usr_read" {
			t.Errorf("got %+v", e)
		}
		return
	}
	if asked := h.api.requests(""); !slices.Equal(asked, []string{"/users", read}) || h.api.records[read] != "" {
		t.Errorf("got a deletion of %q, and the API was asked for %q", read, asked)
	}
	if e.RealmID != "" && e.RealmID != "rl_1" {
		t.Errorf("got an event of the realm %q", e.RealmID)
	}
	if age := now.Sub(e.At); age > 3*24*time.Hour || age < -5*time.Minute {
		t.Errorf("it happened %s ago", age)
	}
}
