package authrocketdev

import "github.com/authrocket-go/authrocket/authrockettest"

// eventJSON is an event as the Core API answers it and as webhooks get it. Only
// the IDs of what it is about are in it.
type eventJSON struct {
	Object         string             `json:"object"`
	ID             string             `json:"id"`
	EventType      string             `json:"event_type"`
	EventAt        preciseTime        `json:"event_at"`
	RealmID        string             `json:"realm_id"`
	UserID         string             `json:"user_id,omitempty"`
	OrgID          string             `json:"org_id,omitempty"`
	MembershipID   string             `json:"membership_id,omitempty"`
	SessionID      string             `json:"session_id,omitempty"`
	InvitationID   string             `json:"invitation_id,omitempty"`
	AuthProviderID string             `json:"auth_provider_id,omitempty"`
	Token          string             `json:"token,omitempty"` // for keys that can write
	ExpiresAt      *wholeTime         `json:"expires_at,omitempty"`
	Request        *eventRequestJSON  `json:"request,omitempty"`
	Notifications  []notificationJSON `json:"notifications"`
}

type eventRequestJSON struct {
	IP     *string `json:"ip"`
	Client *string `json:"client"`
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

// showEvent returns an event of a realm, with its token when withToken.
func showEvent(realmID string, event authrockettest.Event, withToken bool) eventJSON {
	shown := eventJSON{
		Object: "event", ID: event.ID, EventType: event.Type, EventAt: preciseTime(event.At), RealmID: realmID,
		UserID: event.UserID, OrgID: event.OrgID, MembershipID: event.MembershipID, SessionID: event.SessionID,
		InvitationID: event.InvitationID, AuthProviderID: event.AuthProviderID,
		Notifications: make([]notificationJSON, len(event.Notifications)),
	}
	if withToken {
		shown.Token = event.Token
	}
	if !event.ExpiresAt.IsZero() {
		shown.ExpiresAt = new(wholeTime(event.ExpiresAt))
	}
	if event.Request != (authrockettest.Request{}) {
		shown.Request = &eventRequestJSON{IP: orNull(event.Request.IP), Client: orNull(event.Request.Client)}
	}
	for i, n := range event.Notifications {
		shown.Notifications[i] = notificationJSON{
			ID: n.ID, HookID: n.HookID, HookType: "webhook", State: n.State, Attempts: n.Attempts,
			LastAttemptAt: preciseTime(n.LastAttemptAt), LastDestination: orNull(n.Destination), LastResult: orNull(n.LastResult),
		}
	}
	return shown
}
