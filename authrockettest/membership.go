package authrockettest

import (
	"fmt"
	"slices"
	"time"
)

// Membership makes a user a member of an org.
type Membership struct {
	ID          string
	UserID      string
	OrgID       string
	Permissions []string
	ExpiresAt   time.Time // zero means never. Tokens that are made after that time do not contain the membership
}

func (m Membership) clone() Membership {
	m.Permissions = slices.Clone(m.Permissions)
	return m
}

// AddMembership makes user a member of org, with the permission tags. A token
// contains the user's first membership, unless [InOrg] or [AllOrgs] is used. If
// [Realm.CreateMembership] returns an error, AddMembership fails the test, or panics
// if there is no test.
func (r *Realm) AddMembership(user User, org Org, permissions ...string) Membership {
	r.t.Helper()
	m, err := r.CreateMembership(user.ID, org.ID, permissions...)
	if err != nil {
		r.fail("AddMembership: %v", err)
	}
	return m
}

// CreateMembership makes the user a member of the org, with the permission tags. The
// errors are [ErrNotFound], [ErrMember] and [ErrFull].
func (r *Realm) CreateMembership(userID, orgID string, permissions ...string) (Membership, error) {
	return r.CreateMembershipUntil(time.Time{}, userID, orgID, permissions...)
}

// CreateMembershipUntil is like [Realm.CreateMembership]. The membership expires at
// end; the zero time means never.
func (r *Realm) CreateMembershipUntil(end time.Time, userID, orgID string, permissions ...string) (Membership, error) {
	defer r.report()
	records, unlock := r.lock()
	defer unlock()
	m := Membership{ID: newID("mb_"), UserID: userID, OrgID: orgID, Permissions: slices.Clone(permissions), ExpiresAt: end}
	if !records.users.has(userID) {
		return Membership{}, fmt.Errorf("%w: user %q", ErrNotFound, userID)
	}
	if !records.orgs.has(orgID) {
		return Membership{}, fmt.Errorf("%w: org %q", ErrNotFound, orgID)
	}
	for _, id := range records.memberships.in("user", userID) {
		if records.memberships.rows[id].OrgID == orgID {
			return Membership{}, ErrMember
		}
	}
	if len(records.memberships.rows) >= r.limit {
		return Membership{}, ErrFull
	}
	r.commit(func(s *store) { s.memberships.put(m.ID, m) })
	r.forgetTokens()
	r.emit(Event{Type: "membership.created", MembershipID: m.ID, UserID: userID, OrgID: orgID})
	return m.clone(), nil
}

// UpdateMembership calls change to edit the membership with this ID, and returns the
// stored record. ID, user and org cannot change. If there is no such membership, it
// returns [ErrNotFound]. change must not call the Realm.
func (r *Realm) UpdateMembership(id string, change func(*Membership)) (Membership, error) {
	defer r.report()
	records, unlock := r.lock()
	defer unlock()
	old, ok := records.memberships.rows[id]
	if !ok {
		return Membership{}, ErrNotFound
	}
	m := old.clone()
	change(&m)
	m.ID, m.UserID, m.OrgID = old.ID, old.UserID, old.OrgID
	m = m.clone()
	r.commit(func(s *store) { s.memberships.put(id, m) })
	r.forgetTokens()
	r.emit(Event{Type: "membership.updated", MembershipID: id, UserID: m.UserID, OrgID: m.OrgID})
	return m.clone(), nil
}

// SetPermissions replaces the permission tags of a membership. If there is no such
// membership, it returns [ErrNotFound].
func (r *Realm) SetPermissions(membershipID string, permissions ...string) error {
	_, err := r.UpdateMembership(membershipID, func(m *Membership) { m.Permissions = permissions })
	return err
}

// DeleteMembership ends a membership, or returns [ErrNotFound]. Tokens that were made
// before still contain it.
func (r *Realm) DeleteMembership(id string) error {
	defer r.report()
	records, unlock := r.lock()
	defer unlock()
	m, ok := records.memberships.rows[id]
	if !ok {
		return ErrNotFound
	}
	r.commit(func(s *store) { s.memberships.delete(id) })
	r.forgetTokens()
	r.emit(Event{Type: "membership.deleted", MembershipID: id, UserID: m.UserID, OrgID: m.OrgID})
	return nil
}

// Membership returns the membership with this ID, or [ErrNotFound].
func (v *View) Membership(id string) (Membership, error) {
	records, unlock := v.lock()
	defer unlock()
	m, ok := records.memberships.rows[id]
	if !ok {
		return Membership{}, ErrNotFound
	}
	return m.clone(), nil
}

// MembershipsOf returns the valid memberships of a user, the oldest first. A
// membership is valid if it has not expired and its org is active.
func (v *View) MembershipsOf(userID string) []Membership {
	records, unlock := v.lock()
	defer unlock()
	return records.membershipsOf(userID)
}

func (s *store) membershipsOf(userID string) []Membership {
	var found []Membership
	for _, id := range s.memberships.in("user", userID) {
		if m := s.memberships.rows[id]; s.counts(m) {
			found = append(found, m.clone())
		}
	}
	return found
}

func (s *store) counts(m Membership) bool {
	isExpired := !m.ExpiresAt.IsZero() && !time.Now().Before(m.ExpiresAt)
	return !isExpired && s.orgs.rows[m.OrgID].State == OrgActive
}

// Members returns the memberships in an org that have not expired, the oldest first.
func (v *View) Members(orgID string) []Membership {
	records, unlock := v.lock()
	defer unlock()
	var found []Membership
	for _, id := range records.memberships.in("org", orgID) {
		if m := records.memberships.rows[id]; m.ExpiresAt.IsZero() || time.Now().Before(m.ExpiresAt) {
			found = append(found, m.clone())
		}
	}
	return found
}

// ListMemberships returns a page of the memberships. The error is always nil.
func (v *View) ListMemberships(list MembershipList) (Page[Membership], error) {
	records, unlock := v.lock()
	defer unlock()
	index, group := "", ""
	switch {
	case list.UserID != "":
		index, group = "user", list.UserID
	case list.OrgID != "":
		index, group = "org", list.OrgID
	}
	page, err := records.memberships.page(index, group, list.List, func(m Membership) bool {
		return (list.UserID == "" || m.UserID == list.UserID) && (list.OrgID == "" || m.OrgID == list.OrgID)
	})
	return page.clone(Membership.clone), err
}
