package webhook_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/authrocket-go/authrocket/coreapi"
	"github.com/authrocket-go/authrocket/webhook"
)

const (
	userDeleted       = `{"id": "ev_1", "event_type": "user.deleted", "realm_id": "rl_1", "user_id": "usr_1"}`
	membershipDeleted = `{"id": "ev_1", "event_type": "membership.deleted", "realm_id": "rl_1", "user_id": "usr_1", "membership_id": "mb_1"}`
)

// Each row says what the API must answer before Handle is called.
func TestConfirmed(t *testing.T) {
	t.Parallel()
	updated := `{"id": "ev_1", "event_type": "user.updated", "user_id": "usr_1"}`
	for _, row := range []struct {
		name   string
		body   string
		api    func(*api)
		status int
		reason string
		most   int // the maximum number of requests; 0 means 7, as many as fit into the 3 seconds
	}{
		{name: "an event that the API has", body: updated, api: func(a *api) { a.set("/events/ev_1", updated) }, status: 204, most: 1},
		{name: "of a type that nobody knows yet", body: `{"id": "ev_1", "event_type": "passkey.added"}`, api: func(a *api) {
			a.set("/events/ev_1", `{"id": "ev_1", "event_type": "passkey.added"}`)
		}, status: 204, most: 1},
		{name: "an event that the API does not have", body: updated, status: 503, reason: "not_confirmed"},
		{name: "an event that shows late", body: updated, api: func(a *api) {
			time.AfterFunc(time.Second, func() { a.set("/events/ev_1", updated) })
		}, status: 204},
		{name: "an event that shows too late", body: updated, api: func(a *api) {
			time.AfterFunc(4*time.Second, func() { a.set("/events/ev_1", updated) })
		}, status: 503, reason: "not_confirmed"},
		{name: "an event of another type", body: updated, api: func(a *api) {
			a.set("/events/ev_1", `{"id": "ev_1", "event_type": "user.created"}`)
		}, status: 503, reason: "not_confirmed", most: 1},
		{name: "an event with another ID", body: updated, api: func(a *api) {
			a.set("/events/ev_1", `{"id": "ev_2", "event_type": "user.updated"}`)
		}, status: 503, reason: "not_confirmed", most: 1},

		{name: "a session that is gone", body: sessionDeleted("ev_1"), status: 204, most: 2},
		{name: "a session that goes on", body: sessionDeleted("ev_1"), api: func(a *api) {
			a.set("/sessions/"+sessionID, `{"id": "`+sessionID+`"}`)
		}, status: 503, reason: "not_confirmed", most: 8},
		{name: "a session that is gone a second later", body: sessionDeleted("ev_1"), api: func(a *api) {
			a.set("/sessions/"+sessionID, `{"id": "`+sessionID+`"}`)
			time.AfterFunc(time.Second, func() { a.set("/sessions/"+sessionID, "") })
		}, status: 204, most: 8},
		{name: "a user who is gone", body: userDeleted, status: 204, most: 2},
		{name: "a user who is there", body: userDeleted, api: func(a *api) {
			a.set("/users/usr_1", `{"id": "usr_1", "realm_id": "rl_1"}`)
		}, status: 503, reason: "not_confirmed", most: 8},
		{name: "a user who is gone, whose ID somebody has as a username", body: userDeleted, api: func(a *api) {
			a.set("/users/usr_1", `{"id": "usr_2", "realm_id": "rl_1", "username": "usr_1"}`)
		}, status: 204, most: 2},
		{name: "a membership that is gone", body: membershipDeleted, status: 204, most: 2},
		{name: "a membership that is there", body: membershipDeleted, api: func(a *api) {
			a.set("/memberships/mb_1", `{"id": "mb_1"}`)
		}, status: 503, reason: "not_confirmed", most: 8},

		{name: "gone for a key of another realm", body: strings.Replace(userDeleted, "rl_1", "rl_2", 1), status: 503, reason: "not_confirmed", most: 1},
		{name: "gone without a realm in the body", body: strings.Replace(userDeleted, `"realm_id": "rl_1", `, "", 1), status: 204, most: 2},
		{name: "an API that answers 404 to everything", body: sessionDeleted("ev_1"), api: func(a *api) { a.set("/users", "") }, status: 503, reason: "not_confirmed", most: 1},
		{name: "a realm without a user", body: sessionDeleted("ev_1"), api: func(a *api) {
			a.set("/users", `{"collection": [], "more_results": false}`)
		}, status: 503, reason: "not_confirmed", most: 1},
		{name: "a user without a realm", body: sessionDeleted("ev_1"), api: func(a *api) {
			a.set("/users", `{"collection": [{"id": "usr_0"}], "more_results": false}`)
		}, status: 503, reason: "not_confirmed", most: 1},
		{name: "404 of a proxy", body: sessionDeleted("ev_1"), api: func(a *api) {
			a.breakWith(func(w http.ResponseWriter, r *http.Request) bool {
				if strings.HasPrefix(r.URL.Path, "/v2/users") {
					return false
				}
				http.NotFound(w, r)
				return true
			})
		}, status: 503, reason: "api_unavailable", most: 2},

		{name: "a key without permission", body: updated, api: func(a *api) { a.breakWith(reply(403, `{}`)) }, status: 503, reason: "api_refused", most: 1},
		{name: "a key without permission, and a deletion", body: userDeleted, api: func(a *api) { a.breakWith(reply(403, `{}`)) }, status: 503, reason: "api_refused", most: 1},
		{name: "a subscription that is not active", body: updated, api: func(a *api) { a.breakWith(reply(402, `{}`)) }, status: 503, reason: "api_refused", most: 1},
		{name: "an API that fails", body: updated, api: func(a *api) { a.breakWith(reply(500, `{}`)) }, status: 503, reason: "api_unavailable"},
		{name: "an API that has had enough", body: updated, api: func(a *api) { a.breakWith(reply(429, `{}`)) }, status: 503, reason: "api_unavailable"},
		{name: "an API that hangs", body: updated, api: func(a *api) { a.breakWith(hang) }, status: 503, reason: "api_unavailable", most: 1},
		{name: "an API that hangs when it is asked for the realm", body: userDeleted, api: func(a *api) { a.breakWith(hang) }, status: 503, reason: "api_unavailable", most: 1},
		{name: "an API that redirects", body: updated, api: func(a *api) {
			a.breakWith(func(w http.ResponseWriter, r *http.Request) bool {
				http.Redirect(w, r, "https://example.com/", http.StatusFound)
				return true
			})
		}, status: 503, reason: "api_unavailable", most: 1},
		{name: "an API that speaks nonsense", body: updated, api: func(a *api) { a.breakWith(reply(200, `[1]`)) }, status: 503, reason: "api_unavailable", most: 1},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h := newHook(t)
				if row.api != nil {
					row.api(h.api)
				}
				start := time.Now()
				h.wantAnswer(t, row.body, row.status, row.reason)
				if took := time.Since(start); took > 3*time.Second {
					t.Errorf("it took %s", took)
				}
				if row.status == 204 {
					h.wantHandled(t, "ev_1")
				} else {
					h.wantHandled(t)
					if h.last().Err == nil {
						t.Error("no error is reported")
					}
				}
				if asked := h.api.requests(""); len(asked) > cmp.Or(row.most, 7) {
					t.Errorf("the API was asked for %q, more than %d times", asked, cmp.Or(row.most, 7))
				}
			})
		})
	}
}

// An event that was not confirmed is not remembered: AuthRocket sends it again.
func TestConfirmedLater(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHook(t)
		h.api.set("/sessions/"+sessionID, `{"id": "`+sessionID+`"}`)
		h.wantAnswer(t, sessionDeleted("ev_1"), 503, "not_confirmed")
		h.api.set("/sessions/"+sessionID, "")
		h.wantAnswer(t, sessionDeleted("ev_1"), 204, "")
		h.wantAnswer(t, sessionDeleted("ev_1"), 204, "handled")
		h.wantHandled(t, "ev_1")
	})
}

// Handle gets the event that was read from the API, not the body.
func TestHandleGetsWhatWasRead(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHook(t)
		h.api.set("/events/ev_1", `{"id": "ev_1", "event_type": "user.updated", "user_id": "usr_read", "realm_id": "rl_1", "event_at": 946684800.5}`)
		h.wantAnswer(t, `{"id": "ev_1", "event_type": "user.updated", "user_id": "usr_sent", "token": "tok_sent"}`, 204, "")
		event := h.events[0]
		if event.UserID != "usr_read" || event.Token().Reveal() != "" || !event.At.Equal(time.UnixMilli(946684800500)) {
			t.Errorf("got %+v", event)
		}
	})
}

// For a deletion, Handle gets only the members that count, within bounds.
func TestHandleGetsWithinBounds(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	for _, row := range []struct {
		name        string
		at, expires any           // in the body: the time from now, or nil for none
		wantAt      time.Duration // the time from now
		wantExpires time.Duration
	}{
		{name: "as usual", at: -time.Minute, expires: 20 * time.Hour, wantAt: -time.Minute, wantExpires: 20 * time.Hour},
		{name: "without times", wantExpires: 7 * day},
		{name: "a clock that is a little ahead", at: 4 * time.Minute, expires: day, wantAt: 4 * time.Minute, wantExpires: day},
		{name: "long after now", at: 30 * day, expires: day, wantAt: 5 * time.Minute, wantExpires: day},
		{name: "nearly too old", at: -3 * day, expires: day, wantAt: -3 * day, wantExpires: day},
		{name: "expired", at: -day, expires: -time.Hour, wantAt: -day, wantExpires: time.Hour},
		{name: "expires in a year", at: -day, expires: 365 * day, wantAt: -day, wantExpires: 7 * day},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h := newHook(t)
				now := time.Now()
				var more []string
				for name, after := range map[string]any{"event_at": row.at, "expires_at": row.expires} {
					if after, ok := after.(time.Duration); ok {
						more = append(more, fmt.Sprintf(`%q: %d`, name, now.Add(after).Unix()))
					}
				}
				more = append(more, `"token": "tok_sent"`, `"org_id": "org_sent"`, `"membership_id": 7`, `"request": {"ip": "10.0.0.1"}`)
				body := sessionDeleted("ev_1", more...)
				h.wantAnswer(t, strings.Replace(body, `"membership_id": 7`, `"membership_id": null`, 1), 204, "")
				if len(h.events) != 1 {
					t.Fatal("Handle was not called")
				}
				e := h.events[0]
				if e.ID != "ev_1" || e.Type != coreapi.EventSessionDeleted || e.RealmID != "rl_1" || e.UserID != "usr_1" || e.SessionID().Reveal() != sessionID {
					t.Errorf("got %+v", e)
				}
				if e.Token().Reveal() != "" || e.OrgID != "" || e.MembershipID != "" || e.Request != (coreapi.Request{}) {
					t.Errorf("got what does not count: %+v", e)
				}
				var all map[string]any
				if err := e.Decode(&all); err != nil || len(all) != 7 {
					t.Errorf("got the members %v, %v", all, err)
				}
				if got := e.At.Sub(now); got != row.wantAt {
					t.Errorf("it happened %s after now, want %s", got, row.wantAt)
				}
				if got := e.ExpiresAt.Sub(now); got != row.wantExpires {
					t.Errorf("it expires in %s, want %s", got, row.wantExpires)
				}
				if len(h.until) != 1 || !h.until[0].Equal(e.ExpiresAt) || h.suspected[0] != sessionID {
					t.Errorf("suspected %q until %v", h.suspected, h.until)
				}
			})
		})
	}
}

// An event older than AuthRocket's retries gets a 204 and has no other effect.
func TestOldEvents(t *testing.T) {
	t.Parallel()
	old := func() int64 { return time.Now().Add(-3*24*time.Hour - time.Second).Unix() }
	for _, row := range []struct {
		name string
		body func(*hook) string
	}{
		{name: "a deletion", body: func(*hook) string { return sessionDeleted("ev_1", fmt.Sprintf(`"event_at": %d`, old())) }},
		{name: "another event", body: func(*hook) string {
			return fmt.Sprintf(`{"id": "ev_1", "event_type": "user.updated", "event_at": %d}`, old())
		}},
		{name: "an event that the body says is new", body: func(h *hook) string {
			h.api.set("/events/ev_1", fmt.Sprintf(`{"id": "ev_1", "event_type": "user.updated", "event_at": %d}`, old()))
			return fmt.Sprintf(`{"id": "ev_1", "event_type": "user.updated", "event_at": %d}`, time.Now().Unix())
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h := newHook(t)
				h.wantAnswer(t, row.body(h), 204, "old")
				h.wantHandled(t)
				if len(h.suspected) > 0 {
					t.Error("a session is suspect")
				}
			})
		})
	}
}

// A session is suspect before the API is asked, so also if the API does not answer.
func TestSuspect(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name string
		body string
		want int
	}{
		{name: "a session", body: sessionDeleted("ev_1"), want: 1},
		{name: "a user", body: userDeleted},
		{name: "another event about a session", body: strings.Replace(sessionDeleted("ev_1"), "session.deleted", "session.updated", 1)},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var h *hook
				asked := -1
				h = newHook(t, func(c *webhook.Config) {
					suspect := c.Suspect
					c.Suspect = func(ctx context.Context, id coreapi.Secret, until time.Time) {
						asked = len(h.api.requests(""))
						suspect(ctx, id, until)
					}
				})
				h.api.breakWith(hang)
				h.wantAnswer(t, row.body, 503, "api_unavailable")
				if len(h.suspected) != row.want || row.want > 0 && asked != 0 {
					t.Errorf("suspected %q after %d requests", h.suspected, asked)
				}
			})
		})
	}
}

func TestNoSuspect(t *testing.T) {
	t.Parallel()
	h := newHook(t, func(c *webhook.Config) { c.Suspect = nil })
	h.wantAnswer(t, sessionDeleted("ev_1"), 204, "")
}

// The receiver asks for the realm of the key once a minute. A webhook of another realm
// costs no request.
func TestRealmIsKnownForAMinute(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHook(t)
		h.wantAnswer(t, sessionDeleted("ev_1"), 204, "")
		h.wantAnswer(t, sessionDeleted("ev_2"), 204, "")
		h.wantAnswer(t, strings.Replace(sessionDeleted("ev_3"), "rl_1", "rl_2", 1), 503, "not_confirmed")
		if !strings.Contains(fmt.Sprint(h.last().Err), "key does not belong to the realm") {
			t.Errorf("got %v", h.last().Err)
		}
		if asked := h.api.requests(""); len(asked) != 3 {
			t.Errorf("the API was asked for %q", asked)
		}

		// The API begins to answer 404 to everything.
		h.api.set("/users", "")
		time.Sleep(time.Minute)
		h.wantAnswer(t, sessionDeleted("ev_4"), 503, "not_confirmed")
		h.wantHandled(t, "ev_1", "ev_2")
	})
}

// When the last user of a realm is deleted, the known realm stays known.
func TestTheLastUserIsDeleted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHook(t)
		h.wantAnswer(t, sessionDeleted("ev_1"), 204, "")
		time.Sleep(time.Hour)
		h.api.set("/users", `{"collection": [], "more_results": false}`)
		h.wantAnswer(t, strings.Replace(userDeleted, "ev_1", "ev_2", 1), 204, "")
	})
}

func TestHandleFails(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fails := true
		h := newHook(t, func(c *webhook.Config) {
			handle := c.Handle
			c.Handle = func(ctx context.Context, event coreapi.Event) error {
				if fails {
					return errOfTheApp
				}
				return handle(ctx, event)
			}
		})
		body := h.happened("ev_1")
		h.wantAnswer(t, body, 503, "handler")
		if !errors.Is(h.last().Err, errOfTheApp) {
			t.Errorf("reported %v", h.last().Err)
		}
		fails = false
		h.wantAnswer(t, body, 204, "")
		h.wantHandled(t, "ev_1")
	})
}

// Handle's context ends 8 seconds after the webhook arrived.
func TestHandleHasUntil8Seconds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHook(t, func(c *webhook.Config) {
			c.Handle = func(ctx context.Context, _ coreapi.Event) error {
				<-ctx.Done()
				return ctx.Err()
			}
		})
		start := time.Now()
		body := h.happened("ev_1")
		event := h.api.records["/events/ev_1"]
		h.api.set("/events/ev_1", "")
		time.AfterFunc(time.Second, func() { h.api.set("/events/ev_1", event) })
		h.wantAnswer(t, body, 503, "handler")
		if took := time.Since(start); took != 8*time.Second {
			t.Errorf("it took %s", took)
		}
	})
}
