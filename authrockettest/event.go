package authrockettest

import (
	"slices"
	"strings"
	"time"
)

// Event is something that happened in the realm. Its types are AuthRocket's, for
// example "user.created" and "session.deleted".
type Event struct {
	ID             string
	Type           string
	At             time.Time
	Token          string // a credential: the token that was created, for example to set a new password
	UserID         string
	OrgID          string
	MembershipID   string
	SessionID      string // a credential
	InvitationID   string
	AuthProviderID string
	ExpiresAt      time.Time  // if a session ended: when it would have expired
	Request        Request    // the request that caused the event
	SessionEnd     SessionEnd // why a session ended
	Notifications  []Notification
}

// Notification is the delivery of an event to one webhook.
type Notification struct {
	ID            string
	HookID        string
	State         string // in_progress, completed, failed
	Attempts      int
	LastAttemptAt time.Time
	LastResult    string
	Destination   string // without user, password, path and query
}

func (e Event) clone() Event {
	e.Notifications = slices.Clone(e.Notifications)
	return e
}

// maxEvents is the maximum number of events that a realm keeps.
const maxEvents = 10_000

// Emit adds an event and returns it with its ID and time. The realm itself emits the
// events of its records. A program that serves logins must emit the events of those
// logins, for example "user.login.failed".
func (r *Realm) Emit(event Event) Event {
	defer r.report()
	_, unlock := r.lock()
	defer unlock()
	return r.emit(event)
}

func (r *Realm) emit(event Event) Event {
	event = event.clone()
	event.ID, event.At = newID("ev_"), now()
	if event.Request == (Request{}) {
		event.Request = r.by
	}
	r.commit(func(s *store) {
		s.events.put(event.ID, event)
		for len(s.events.added) > maxEvents {
			s.events.delete(s.events.added[0])
		}
	})
	if len(r.listeners) > 0 {
		if len(r.unreported) >= maxEvents {
			r.unreported = r.unreported[1:]
		}
		r.unreported = append(r.unreported, event)
	}
	return event.clone()
}

// OnEvent makes the realm call f with each event from now on. It calls f in the order
// of the events, one at a time, and each time after the change is complete. f may use
// the Realm. The goroutine that changes the realm calls f, so f should return
// quickly. A listener that is 10,000 events behind misses the oldest events.
func (r *Realm) OnEvent(f func(Event)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.listeners = append(r.listeners, f)
}

// OnChange makes the realm call f after each change of records, settings or keys.
// Changes that happen while f runs cause one further call. f may use the Realm. A
// later call to OnChange replaces f.
func (r *Realm) OnChange(f func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.onChange = f
}

// report calls the listeners with the new events. The caller must not have locked the
// realm. While one goroutine reports, it also reports the events of other goroutines.
func (r *Realm) report() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.isReporting {
		return
	}
	r.isReporting = true
	defer func() { r.isReporting = false }()
	for len(r.unreported) > 0 || r.isUnsaved && r.onChange != nil {
		events, listeners, onChange := r.unreported, slices.Clone(r.listeners), r.onChange
		r.unreported = nil
		isUnsaved := r.isUnsaved
		r.isUnsaved = false
		r.unlocked(func() {
			for _, event := range events {
				for _, f := range listeners {
					f(event.clone())
				}
			}
			if isUnsaved && onChange != nil {
				onChange()
			}
		})
	}
}

// unlocked calls f while the realm is not locked. The realm is locked before and
// after, even if f ends the test or panics.
func (r *Realm) unlocked(f func()) {
	r.mu.Unlock()
	defer r.mu.Lock()
	f()
}

// Event returns the event with this ID, or [ErrNotFound].
func (v *View) Event(id string) (Event, error) {
	records, unlock := v.lock()
	defer unlock()
	event, ok := records.events.rows[id]
	if !ok {
		return Event{}, ErrNotFound
	}
	return event.clone(), nil
}

// UpdateEvent calls change to edit the Notifications of the event with this ID. If
// there is no such event, it returns [ErrNotFound]. change must not call the Realm.
func (r *Realm) UpdateEvent(id string, change func([]Notification) []Notification) error {
	defer r.report()
	records, unlock := r.lock()
	defer unlock()
	event, ok := records.events.rows[id]
	if !ok {
		return ErrNotFound
	}
	event.Notifications = slices.Clone(change(slices.Clone(event.Notifications)))
	r.commit(func(s *store) { s.events.put(id, event) })
	return nil
}

// ListEvents returns a page of the last 10,000 events. The error is always nil.
func (v *View) ListEvents(list EventList) (Page[Event], error) {
	records, unlock := v.lock()
	defer unlock()
	page, err := records.events.page("", "", list.List, func(e Event) bool {
		return strings.HasPrefix(e.Type, list.Type) && !e.At.Before(list.Since) &&
			isAny(list.UserID, e.UserID) && isAny(list.OrgID, e.OrgID) && isAny(list.MembershipID, e.MembershipID) &&
			isAny(list.SessionID, e.SessionID) && isAny(list.InvitationID, e.InvitationID) && isAny(list.AuthProviderID, e.AuthProviderID)
	})
	return page.clone(Event.clone), err
}

// isAny reports whether value matches the filter wanted. An empty filter matches
// every value.
func isAny(wanted, value string) bool { return wanted == "" || wanted == value }

// now returns the time in whole milliseconds, which is AuthRocket's precision.
func now() time.Time { return time.Now().UTC().Truncate(time.Millisecond) }
