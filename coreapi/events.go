package coreapi

import (
	"context"
	"iter"
	"net/url"
	"strconv"
	"time"

	"github.com/authrocket-go/authrocket/internal/wire"
)

// Event describes something that happened in the realm.
type Event struct {
	record
	ID             string         `json:"id"`
	Type           EventType      `json:"event_type"`
	RealmID        string         `json:"realm_id"`
	UserID         string         `json:"user_id"` // these are the IDs of the records that the event is about
	OrgID          string         `json:"org_id"`
	MembershipID   string         `json:"membership_id"`
	InvitationID   string         `json:"invitation_id"`
	AuthProviderID string         `json:"auth_provider_id"`
	Request        Request        `json:"request,omitzero"`
	Notifications  []Notification `json:"notifications"`
	At             time.Time      `json:"event_at"`
	ExpiresAt      time.Time      `json:"expires_at"` // when the session that ended would have expired

	sessionID, token Secret
}

// SessionID returns the ID of the session that the event is about. It is empty if the
// event is not about a session.
func (e Event) SessionID() Secret { return e.sessionID }

// Token returns the token of the event. AuthRocket sends it only to keys with write
// permission; otherwise it is empty.
func (e Event) Token() Secret { return e.token }

func (e Event) identity() string { return e.ID }

// UnmarshalJSON decodes an event that AuthRocket sent.
func (e *Event) UnmarshalJSON(data []byte) (err error) {
	type plain Event
	*e = Event{}
	fields := struct {
		*plain
		SessionID string    `json:"session_id"`
		Token     string    `json:"token"`
		At        wire.Time `json:"event_at"`
		ExpiresAt wire.Time `json:"expires_at"`
	}{plain: (*plain)(e)}
	e.record, err = decodeRecord(data, &fields)
	e.sessionID, e.token = Hide(fields.SessionID), Hide(fields.Token)
	e.At, e.ExpiresAt = time.Time(fields.At), time.Time(fields.ExpiresAt)
	return err
}

// Notification is a message that a hook sends about an event. Its destination is a
// [Secret], because the URL may contain a password; see [Notification.LastDestination].
type Notification struct {
	record
	ID            string    `json:"id"`
	State         string    `json:"state"` // in_progress, completed, failed, canceled
	Attempts      int       `json:"attempts"`
	HookID        string    `json:"hook_id"`
	HookType      string    `json:"hook_type"`
	LastResult    string    `json:"last_result"`
	LastAttemptAt time.Time `json:"last_attempt_at"`

	lastDestination Secret
}

// LastDestination returns the URL to which the last attempt was sent.
func (n Notification) LastDestination() Secret { return n.lastDestination }

// UnmarshalJSON decodes a notification that AuthRocket sent.
func (n *Notification) UnmarshalJSON(data []byte) (err error) {
	type plain Notification
	*n = Notification{}
	fields := struct {
		*plain
		LastDestination string           `json:"last_destination"`
		LastAttemptAt   notificationTime `json:"last_attempt_at"`
	}{plain: (*plain)(n)}
	n.record, err = decodeRecord(data, &fields)
	n.lastDestination, n.LastAttemptAt = Hide(fields.LastDestination), time.Time(fields.LastAttemptAt)
	return err
}

// EventQuery selects events. The zero value selects all of them, the latest first.
type EventQuery struct {
	Type                EventType // a complete type, or the beginning of a type, such as user.login
	UserID              string
	OrgID               string
	MembershipID        string
	AuthProviderID      string
	Since               time.Time // AuthRocket counts whole seconds
	ExpandNotifications bool
	After               string // Page.After of the previous page
	PageSize            int    // 1 to 1,000. Default: AuthRocket's default, 100
	Direction           Direction
	Extra               url.Values // further parameters, sent unchanged
}

func (q EventQuery) list() listQuery {
	list := listQuery{filters: eventFilters(q), after: q.After, pageSize: q.PageSize, direction: q.Direction, extra: q.Extra}
	if q.ExpandNotifications {
		list.expand = "notifications"
	}
	return list
}

// Events reads the events of the realm. How far back the events go depends on your
// AuthRocket plan.
type Events struct{ scope handle }

// Get returns an event.
func (e Events) Get(ctx context.Context, id string) (Event, error) {
	return get[Event](ctx, e.scope.open(), to("/events/{id}", id), nil)
}

// List returns one page of events.
func (e Events) List(ctx context.Context, q EventQuery) (Page[Event], error) {
	return listOf[Event](ctx, e.scope.open(), to("/events"), q.list())
}

// All yields all events. It reads one page at a time and stops when the loop ends. If a
// read fails, it yields the error and stops.
func (e Events) All(ctx context.Context, q EventQuery) iter.Seq2[Event, error] {
	return allOf[Event](ctx, e.scope.open(), to("/events"), q.list())
}

func unixSeconds(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return strconv.FormatInt(t.Unix(), 10)
}
