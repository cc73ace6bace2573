package authrocketdev

import (
	"net/http"
	"strconv"
	"time"

	"github.com/authrocket-go/authrocket/authrockettest"
)

var eventEndpoints = map[string]map[string]coreEndpoint{
	"events":      {http.MethodGet: listEvents},
	"events/{id}": {http.MethodGet: getEvent},
}

type eventJSON struct {
	Object         string              `json:"object"`
	ID             string              `json:"id"`
	Type           string              `json:"event_type"`
	At             preciseTime         `json:"event_at"`
	RealmID        string              `json:"realm_id"`
	Token          string              `json:"token,omitempty"` // for keys that may write
	UserID         string              `json:"user_id,omitempty"`
	OrgID          string              `json:"org_id,omitempty"`
	MembershipID   string              `json:"membership_id,omitempty"`
	SessionID      string              `json:"session_id,omitempty"`
	InvitationID   string              `json:"invitation_id,omitempty"`
	AuthProviderID string              `json:"auth_provider_id,omitempty"`
	ExpiresAt      *wholeTime          `json:"expires_at,omitempty"`
	Request        requestJSON         `json:"request"`
	Notifications  *[]notificationJSON `json:"notifications,omitempty"`
}

type notificationJSON struct {
	ID              string      `json:"id"`
	HookID          string      `json:"hook_id"`
	HookType        string      `json:"hook_type"`
	State           string      `json:"state"`
	Attempts        int         `json:"attempts"`
	LastAttemptAt   preciseTime `json:"last_attempt_at"`
	LastDestination *string     `json:"last_destination"`
	LastResult      *string     `json:"last_result"`
}

// showEvent returns the JSON of an event. Only keys that may write see its token.
func showEvent(realmID string, e authrockettest.Event, mayWrite bool) eventJSON {
	shown := eventJSON{
		Object: "event", ID: e.ID, Type: e.Type, At: preciseTime(e.At), RealmID: realmID, UserID: e.UserID, OrgID: e.OrgID,
		MembershipID: e.MembershipID, SessionID: e.SessionID, InvitationID: e.InvitationID, AuthProviderID: e.AuthProviderID,
		Request: showRequest(e.Request), Notifications: new([]notificationJSON),
	}
	if mayWrite {
		shown.Token = e.Token
	}
	if !e.ExpiresAt.IsZero() {
		shown.ExpiresAt = (*wholeTime)(&e.ExpiresAt)
	}
	*shown.Notifications = make([]notificationJSON, len(e.Notifications))
	for i, n := range e.Notifications {
		(*shown.Notifications)[i] = notificationJSON{
			ID: n.ID, HookID: n.HookID, HookType: "webhook", State: n.State, Attempts: n.Attempts,
			LastAttemptAt: preciseTime(n.LastAttemptAt), LastDestination: orNull(n.Destination), LastResult: orNull(n.LastResult),
		}
	}
	return shown
}

func listEvents(c *coreCall) (coreAnswer, error) {
	list, _, err := c.list(true, "id")
	if err != nil {
		return coreAnswer{}, err
	}
	wanted := authrockettest.EventList{
		List: list, Type: c.query.Get("event_type"), UserID: c.query.Get("user_id"), OrgID: c.query.Get("org_id"),
		MembershipID: c.query.Get("membership_id"), SessionID: c.query.Get("session_id"),
		InvitationID: c.query.Get("invitation_id"), AuthProviderID: c.query.Get("auth_provider_id"),
	}
	if given := c.query.Get("created_at_after"); given != "" {
		seconds, err := strconv.ParseFloat(given, 64)
		if err != nil || !(seconds >= 0 && seconds <= maxUnixSeconds) {
			return coreAnswer{}, invalid("Created at after must be a time in Unix seconds.")
		}
		wanted.Since = time.UnixMilli(int64(seconds * 1000))
	}
	page, err := c.view.ListEvents(wanted)
	return okayWith(collectionOf(page, func(e authrockettest.Event) eventJSON {
		shown := showEvent(c.realm.ID(), e, c.mayWrite)
		if !expands(c.query, "notifications") {
			shown.Notifications = nil
		}
		return shown
	})), err
}

func getEvent(c *coreCall) (coreAnswer, error) {
	event, err := c.view.Event(c.id)
	return okayWith(showEvent(c.realm.ID(), event, c.mayWrite)), err
}
