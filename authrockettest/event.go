package authrockettest

import (
	"slices"
	"strings"
	"time"
)

// Event is something that happened in the realm. Its types are those of
// AuthRocket, such as "user.created" and "session.deleted".
type Event struct {
	ID             string
	Type           string
	At             time.Time
	Token          string // that it is about, such as one for a new password: a credential
	UserID         string
	OrgID          string
	MembershipID   string
	SessionID      string // a credential
	InvitationID   string
	AuthProviderID string
	ExpiresAt      time.Time  // of a session that ended
	Request        Request    // that made it happen
	SessionEnd     SessionEnd // why a session ended
	Notifications  []Notification
}

// Notification is one webhook that gets an event.
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

// maxEvents is how many events a realm remembers.
const maxEvents = 10_000

// Emit adds an event, with an ID and the time, and returns it. The realm emits
// what happens to its records; what happens in a login, such as
// "user.login.failed", is for whoever serves the login.
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

// OnEvent has f called with each event from now on, in their order, one at a
// time and after the change is done. f may use the Realm. It is called by
// whoever changes the realm, so that it should be quick: a listener that is
// 10,000 events late misses the oldest ones.
func (r *Realm) OnEvent(f func(Event)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.listeners = append(r.listeners, f)
}

// OnChange has f called after each change of records, settings or keys; further
// changes until f has returned are one more call. f may use the Realm. There is
// one f: the last one.
func (r *Realm) OnChange(f func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.onChange = f
}

// report calls the listeners with what has happened. The realm is not locked.
// While one goroutine reports, it does so for the others.
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
// after, also where f ends the test or panics.
func (r *Realm) unlocked(f func()) {
	r.mu.Unlock()
	defer r.mu.Lock()
	f()
}

// Event returns the event with this ID. The error is [ErrNotFound].
func (v *View) Event(id string) (Event, error) {
	records, unlock := v.lock()
	defer unlock()
	event, ok := records.events.rows[id]
	if !ok {
		return Event{}, ErrNotFound
	}
	return event.clone(), nil
}

// UpdateEvent lets change alter the Notifications of the event with this ID. The
// error is [ErrNotFound]. change must not call the Realm.
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

// ListEvents returns a part of the events that are remembered, the last 10,000.
// The error is nil.
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

// isAny reports whether value is what a list wants, where nothing wants all.
func isAny(wanted, value string) bool { return wanted == "" || wanted == value }

// now returns the time in whole milliseconds, which is what AuthRocket keeps.
func now() time.Time { return time.Now().UTC().Truncate(time.Millisecond) }
