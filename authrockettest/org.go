package authrockettest

import (
	"fmt"
	"time"
)

// OrgState says whether an org can be used.
type OrgState string

// The values of [Org.State].
const (
	OrgActive   OrgState = "active"
	OrgInactive OrgState = "inactive"
	OrgClosed   OrgState = "closed" // its state cannot change any more
)

// Org is an org of the realm. LoginRocket's pages call it an account. Only active
// orgs can be picked, and tokens contain only active orgs.
type Org struct {
	ID        string // default: a new one
	Name      string
	Reference string
	Custom    map[string]any
	State     OrgState  // default: OrgActive
	CreatedAt time.Time // default: now
}

func (o Org) clone() Org {
	o.Custom = cloneCustom(o.Custom)
	return o
}

// AddOrg adds an org and returns the stored record. If [Realm.CreateOrg] returns an
// error, AddOrg fails the test, or panics if there is no test.
func (r *Realm) AddOrg(org Org) Org {
	r.t.Helper()
	stored, err := r.CreateOrg(org)
	if err != nil {
		r.fail("AddOrg: %v", err)
	}
	return stored
}

// CreateOrg adds an org and returns the stored record. The errors are [ErrIDTaken]
// and [ErrFull].
func (r *Realm) CreateOrg(org Org) (Org, error) {
	defer r.report()
	records, unlock := r.lock()
	defer unlock()
	if org.ID == "" {
		org.ID = newID("org_")
	}
	if org.CreatedAt.IsZero() {
		org.CreatedAt = now()
	}
	if org.State == "" {
		org.State = OrgActive
	}
	org = org.clone()
	if records.orgs.has(org.ID) {
		return Org{}, fmt.Errorf("%w: %q", ErrIDTaken, org.ID)
	}
	if len(records.orgs.rows) >= r.limit {
		return Org{}, ErrFull
	}
	r.commit(func(s *store) { s.orgs.put(org.ID, org) })
	r.emit(Event{Type: "org.created", OrgID: org.ID})
	return org.clone(), nil
}

// UpdateOrg calls change to edit the org with this ID, and returns the stored record.
// The ID cannot change. The errors are [ErrNotFound], and [ErrClosed] if change gives
// a closed org another state. change must not call the Realm.
func (r *Realm) UpdateOrg(id string, change func(*Org)) (Org, error) {
	defer r.report()
	records, unlock := r.lock()
	defer unlock()
	old, ok := records.orgs.rows[id]
	if !ok {
		return Org{}, ErrNotFound
	}
	org := old.clone()
	change(&org)
	org.ID = id
	org = org.clone()
	if old.State == OrgClosed && org.State != OrgClosed {
		return Org{}, ErrClosed
	}
	r.commit(func(s *store) { s.orgs.put(id, org) })
	r.forgetTokens()
	if org.State == OrgClosed && old.State != OrgClosed {
		r.emit(Event{Type: "org.closed", OrgID: id})
	} else {
		r.emit(Event{Type: "org.updated", OrgID: id})
	}
	return org.clone(), nil
}

// DeleteOrg removes an org with its memberships and invitations, or returns
// [ErrNotFound]. To keep them, close the org with [Realm.UpdateOrg].
func (r *Realm) DeleteOrg(id string) error {
	defer r.report()
	records, unlock := r.lock()
	defer unlock()
	org, ok := records.orgs.rows[id]
	if !ok {
		return ErrNotFound
	}
	r.commit(func(s *store) {
		s.orgs.delete(id)
		s.memberships.deleteGroup("org", id)
		s.invitations.deleteGroup("org", id)
	})
	r.forgetTokens()
	if org.State != OrgClosed {
		r.emit(Event{Type: "org.closed", OrgID: id})
	}
	return nil
}

// Org returns the org with this ID, or [ErrNotFound].
func (v *View) Org(id string) (Org, error) {
	records, unlock := v.lock()
	defer unlock()
	org, ok := records.orgs.rows[id]
	if !ok {
		return Org{}, ErrNotFound
	}
	return org.clone(), nil
}

// ListOrgs returns a page of the orgs. The only error is [ErrAfter].
func (v *View) ListOrgs(list OrgList) (Page[Org], error) {
	records, unlock := v.lock()
	defer unlock()
	index, group := "", ""
	switch {
	case list.ByName:
		index = "name"
	case list.Reference != "":
		index, group = "reference", list.Reference
	}
	page, err := records.orgs.page(index, group, list.List, func(o Org) bool {
		return (list.Reference == "" || o.Reference == list.Reference) && (list.State == "" || o.State == list.State)
	})
	return page.clone(Org.clone), err
}
