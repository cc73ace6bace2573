package authrockettest

import (
	"cmp"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// InvitationType says what an invitation is for.
type InvitationType string

// The types of invitations.
const (
	InvitationOrg       InvitationType = "org"       // to join an org
	InvitationPreverify InvitationType = "preverify" // to sign up, after the email address is verified
	InvitationReferral  InvitationType = "referral"  // to sign up, sent by another user
	InvitationRequest   InvitationType = "request"   // to sign up, at the request of the invited person
)

// Invitation invites somebody to sign up or to join an org.
type Invitation struct {
	ID             string // default: a new one
	Token          string // a credential; default: a new one
	Type           InvitationType
	Email          string // required; stored in lower case
	OrgID          string // for InvitationOrg only
	Permissions    []string
	InvitingUserID string
	AuthProviderID string
	Locale         string
	CreatedAt      time.Time // default: now
	ExpiresAt      time.Time // default: 30 days after CreatedAt
	InvitedAt      time.Time // zero until the invitation is sent
}

func (i Invitation) clone() Invitation {
	i.Permissions = slices.Clone(i.Permissions)
	return i
}

func (i Invitation) isLive() bool { return time.Now().Before(i.ExpiresAt) }

// event returns an event of the invitation, for example "invited".
func (i Invitation) event(what string) Event {
	return Event{Type: fmt.Sprintf("invitation.%s.%s", i.Type, what), InvitationID: i.ID, OrgID: i.OrgID, UserID: i.InvitingUserID}
}

func newInvitationToken() string { return "nvt_" + rand.Text() }

const invitationLifetime = 30 * 24 * time.Hour

// CreateInvitation adds an invitation and returns the stored record. It sends
// nothing. The errors are [ErrNotFound] if there is no such org, [ErrIDTaken],
// [ErrFull], and others that say what is wrong with the invitation.
func (r *Realm) CreateInvitation(i Invitation) (Invitation, error) {
	defer r.report()
	records, unlock := r.lock()
	defer unlock()
	r.expireInvitations()
	i = i.clone()
	i.ID = cmp.Or(i.ID, newID("nvt_"))
	i.Token = cmp.Or(i.Token, newInvitationToken())
	i.Email = strings.ToLower(strings.TrimSpace(i.Email))
	if i.CreatedAt.IsZero() {
		i.CreatedAt = now()
	}
	if i.ExpiresAt.IsZero() {
		i.ExpiresAt = i.CreatedAt.Add(invitationLifetime)
	}
	if err := records.checkInvitation(i); err != nil {
		return Invitation{}, err
	}
	switch {
	case records.invitations.has(i.ID):
		return Invitation{}, fmt.Errorf("%w: %q", ErrIDTaken, i.ID)
	case records.invitations.first("token", i.Token) != "":
		return Invitation{}, fmt.Errorf("%w: another invitation has this token", ErrIDTaken)
	case len(records.invitations.rows) >= r.limit:
		return Invitation{}, ErrFull
	}
	r.commit(func(s *store) { s.invitations.put(i.ID, i) })
	r.emit(i.event("created"))
	return i.clone(), nil
}

// UpdateInvitation calls change to edit the invitation with this ID, and returns the
// stored record. ID and Type cannot change. A new Email also creates a new token,
// because the owner of the old address is no longer invited. Setting InvitedAt emits
// the event "invited".
//
// It returns [ErrNotFound] if there is no such invitation or org. Other errors say
// what is wrong with the invitation; it then stays unchanged. change must not call
// the Realm.
func (r *Realm) UpdateInvitation(id string, change func(*Invitation)) (Invitation, error) {
	defer r.report()
	records, unlock := r.lock()
	defer unlock()
	r.expireInvitations()
	old, ok := records.invitations.rows[id]
	if !ok {
		return Invitation{}, ErrNotFound
	}
	i := old.clone()
	change(&i)
	i.ID, i.Token, i.Type = old.ID, old.Token, old.Type
	i.Email = strings.ToLower(strings.TrimSpace(i.Email))
	if i.Email != old.Email {
		i.Token = newInvitationToken()
	}
	i = i.clone()
	if err := records.checkInvitation(i); err != nil {
		return Invitation{}, err
	}
	r.commit(func(s *store) { s.invitations.put(id, i) })
	if !i.InvitedAt.Equal(old.InvitedAt) {
		event := i.event("invited")
		event.Token = i.Token
		r.emit(event)
	} else {
		r.emit(i.event("updated"))
	}
	return i.clone(), nil
}

// DeleteInvitation withdraws an invitation, or returns [ErrNotFound].
func (r *Realm) DeleteInvitation(id string) error {
	defer r.report()
	records, unlock := r.lock()
	defer unlock()
	r.expireInvitations()
	if !records.invitations.has(id) {
		return ErrNotFound
	}
	r.commit(func(s *store) { s.invitations.delete(id) })
	return nil
}

// TakeInvitation uses up the invitation with this token for a user who accepts it. If
// there is no such invitation, or if it has expired, TakeInvitation returns
// [ErrNotFound].
func (r *Realm) TakeInvitation(token, userID string) (Invitation, error) {
	defer r.report()
	records, unlock := r.lock()
	defer unlock()
	r.expireInvitations()
	i, err := records.invitation(token)
	if err != nil {
		return i, err
	}
	r.commit(func(s *store) { s.invitations.delete(i.ID) })
	event := i.event("accepted")
	event.UserID = userID
	r.emit(event)
	return i.clone(), nil
}

// checkInvitation reports what is wrong with an invitation.
func (s *store) checkInvitation(i Invitation) error {
	switch {
	case !slices.Contains([]InvitationType{InvitationOrg, InvitationPreverify, InvitationReferral, InvitationRequest}, i.Type):
		return fmt.Errorf("the Type %q of an invitation is unknown; use org, preverify, referral or request", i.Type)
	case i.Email == "":
		return errors.New("an invitation needs an Email; set it")
	case (i.Type == InvitationOrg) != (i.OrgID != ""):
		return errors.New("an invitation of the type org needs an OrgID; other types must not have one")
	case i.OrgID != "" && !s.orgs.has(i.OrgID):
		return fmt.Errorf("%w: org %q", ErrNotFound, i.OrgID)
	}
	return nil
}

// ExpireInvitations removes expired invitations and emits an event for each. The
// methods that change invitations also remove expired ones. A program that needs
// these events on time must call ExpireInvitations regularly.
func (r *Realm) ExpireInvitations() {
	defer r.report()
	_, unlock := r.lock()
	defer unlock()
	r.expireInvitations()
}

func (r *Realm) expireInvitations() {
	for {
		i, ok := r.of.invitations.rows[r.of.invitations.first("end", "")]
		if !ok || i.isLive() {
			return
		}
		r.commit(func(s *store) { s.invitations.delete(i.ID) })
		r.emit(i.event("expired"))
	}
}

// Invitation returns the invitation with this ID. If there is no such invitation, or
// if it has expired, Invitation returns [ErrNotFound].
func (v *View) Invitation(id string) (Invitation, error) {
	records, unlock := v.lock()
	defer unlock()
	i, ok := records.invitations.rows[id]
	if !ok || !i.isLive() {
		return Invitation{}, ErrNotFound
	}
	return i.clone(), nil
}

// InvitationByToken returns the invitation with this token. If there is no such
// invitation, or if it has expired, it returns [ErrNotFound].
func (v *View) InvitationByToken(token string) (Invitation, error) {
	records, unlock := v.lock()
	defer unlock()
	i, err := records.invitation(token)
	return i.clone(), err
}

func (s *store) invitation(token string) (Invitation, error) {
	i, ok := s.invitations.rows[s.invitations.first("token", token)]
	if !ok || !i.isLive() {
		return Invitation{}, ErrNotFound
	}
	return i, nil
}

// ListInvitations returns a page of the invitations. The error is always nil.
func (v *View) ListInvitations(list InvitationList) (Page[Invitation], error) {
	records, unlock := v.lock()
	defer unlock()
	index, group := "", ""
	email := strings.ToLower(list.Email)
	switch {
	case email != "":
		index, group = "email", email
	case list.OrgID != "":
		index, group = "org", list.OrgID
	}
	page, err := records.invitations.page(index, group, list.List, func(i Invitation) bool {
		return i.isLive() && isAny(email, i.Email) && isAny(list.OrgID, i.OrgID) && (list.Type == "" || list.Type == i.Type)
	})
	return page.clone(Invitation.clone), err
}
