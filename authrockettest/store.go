package authrockettest

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"weak"
)

// store holds the records of a realm. A record is never changed in place. Instead, a
// changed record replaces the old one.
type store struct {
	users       *table[User]
	orgs        *table[Org]
	memberships *table[Membership]
	sessions    *table[HostedSession]
	invitations *table[Invitation]
	credentials *table[Credential]
	providers   *table[AuthProvider]
	oneTimes    *table[OneTime]
	events      *table[Event]
}

func newStore() *store {
	return &store{
		users: newTable(map[string]*index[User]{
			"email":     grouped(func(u User) string { return u.Email }),
			"username":  grouped(func(u User) string { return strings.ToLower(u.Username) }),
			"reference": grouped(func(u User) string { return u.Reference }),
		}),
		orgs: newTable(map[string]*index[Org]{
			"name":      sorted(func(o Org) string { return o.Name }),
			"reference": grouped(func(o Org) string { return o.Reference }),
		}),
		memberships: newTable(map[string]*index[Membership]{
			"user": grouped(func(m Membership) string { return m.UserID }),
			"org":  grouped(func(m Membership) string { return m.OrgID }),
		}),
		sessions: newTable(map[string]*index[HostedSession]{
			"user": grouped(func(s HostedSession) string { return s.UserID }),
		}),
		invitations: newTable(map[string]*index[Invitation]{
			"token": grouped(func(i Invitation) string { return i.Token }),
			"email": grouped(func(i Invitation) string { return i.Email }),
			"org":   grouped(func(i Invitation) string { return i.OrgID }),
			"end":   sorted(func(i Invitation) string { return fmt.Sprintf("%020d", i.ExpiresAt.UnixMilli()) }),
		}),
		credentials: newTable(map[string]*index[Credential]{
			"user": grouped(func(c Credential) string { return c.UserID }),
			"type": grouped(func(c Credential) string { return c.Type }),
		}),
		providers: newTable(map[string]*index[AuthProvider]{
			"type": grouped(func(p AuthProvider) string { return p.Type }),
		}),
		oneTimes: newTable(map[string]*index[OneTime]{
			"user": grouped(func(o OneTime) string { return o.UserID }),
		}),
		events: newTable[Event](nil),
	}
}

// View reads a realm. A [Realm] is a View of its current content. [Realm.Behind]
// returns a View that shows changes with a delay. A View is safe for concurrent use.
type View struct {
	*state
	of      *store
	delay   time.Duration
	pending []change // changes that this view does not show yet, the oldest first
}

// change is a change of the store of a realm.
type change struct {
	at time.Time
	do func(*store)
}

// Behind returns a View that shows each change of the realm after delay. The real
// Core API can also answer with old data for a while.
func (r *Realm) Behind(delay time.Duration) *View {
	r.mu.Lock()
	defer r.mu.Unlock()
	v := &View{state: r.state, of: r.of.copy(), delay: delay}
	r.views = append(r.views, weak.Make(v))
	return v
}

// copy returns a store with the same records.
func (s *store) copy() *store {
	c := newStore()
	copyTable(c.users, s.users)
	copyTable(c.orgs, s.orgs)
	copyTable(c.memberships, s.memberships)
	copyTable(c.sessions, s.sessions)
	copyTable(c.invitations, s.invitations)
	copyTable(c.credentials, s.credentials)
	copyTable(c.providers, s.providers)
	copyTable(c.oneTimes, s.oneTimes)
	copyTable(c.events, s.events)
	return c
}

func copyTable[T any](to, from *table[T]) {
	for _, id := range from.added {
		to.put(id, from.rows[id])
	}
}

// lock locks the realm for a reader or a writer, and applies the changes that are due
// in this View. All changes that a writer makes under one lock have the same time, so
// that a View shows all of them or none.
func (v *View) lock() (records *store, unlock func()) {
	v.mu.Lock()
	v.lockedAt = time.Now()
	v.catchUp()
	return v.of, v.mu.Unlock
}

func (v *View) catchUp() {
	due := max(0, len(v.pending)-v.limit) // if there are more pending changes than v.limit, the oldest are shown early
	for due < len(v.pending) && v.lockedAt.Sub(v.pending[due].at) >= v.delay {
		due++
	}
	for _, c := range v.pending[:due] {
		c.do(v.of)
	}
	clear(v.pending[:due])
	v.pending = v.pending[due:]
}

// commit applies a change to the realm, and queues it in the views that are still in
// use. The caller must have locked the realm. The views call the function do again
// later, so it must not use anything that changes after commit.
func (r *Realm) commit(do func(*store)) {
	do(r.of)
	r.views = slices.DeleteFunc(r.views, func(view weak.Pointer[View]) bool {
		v := view.Value()
		if v == nil {
			return true
		}
		v.pending = append(v.pending, change{r.lockedAt, do})
		v.catchUp()
		return false
	})
	r.isUnsaved = true
}
