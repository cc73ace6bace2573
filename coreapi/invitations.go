package coreapi

import (
	"context"
	"iter"
	"net/url"
	"time"

	"github.com/authrocket-go/authrocket/internal/wire"
)

// InvitationType says what an invitation is for. This package keeps unknown types
// unchanged.
type InvitationType string

// Types of invitations.
const (
	InvitationOrg       InvitationType = "org"       // to join an org
	InvitationPreverify InvitationType = "preverify" // to sign up with an email address that is verified first
	InvitationReferral  InvitationType = "referral"  // to sign up, sent by another user
	InvitationRequest   InvitationType = "request"   // a visitor's request to sign up
)

// Invitation is an invitation to sign up or to join an org.
type Invitation struct {
	record
	ID             string         `json:"id"`
	RealmID        string         `json:"realm_id"`
	Type           InvitationType `json:"invitation_type"`
	Email          string         `json:"email"`
	Locale         string         `json:"locale"`
	InvitingUserID string         `json:"inviting_user_id"`
	AuthProviderID string         `json:"auth_provider_id"` // for type preverify
	OrgID          string         `json:"org_id"`           // for type org
	Permissions    []string       `json:"permissions"`      // for type org
	CreatedAt      time.Time      `json:"created_at"`
	InvitedAt      time.Time      `json:"invited_at"` // zero until the invitation is sent
	ExpiresAt      time.Time      `json:"expires_at"`

	token Secret
}

// Token returns the token of the invitation. Use it in your own email or with
// [Users.AcceptInvitation]. It is empty if the answer contained no token.
func (i Invitation) Token() Secret { return i.token }

func (i Invitation) identity() string { return i.ID }

// UnmarshalJSON decodes an invitation that AuthRocket sent.
func (i *Invitation) UnmarshalJSON(data []byte) (err error) {
	type plain Invitation
	*i = Invitation{}
	fields := struct {
		*plain
		Token     string    `json:"token"`
		CreatedAt wire.Time `json:"created_at"`
		InvitedAt wire.Time `json:"invited_at"`
		ExpiresAt wire.Time `json:"expires_at"`
	}{plain: (*plain)(i)}
	i.record, err = decodeRecord(data, &fields)
	i.token = Hide(fields.Token)
	i.CreatedAt, i.InvitedAt, i.ExpiresAt = time.Time(fields.CreatedAt), time.Time(fields.InvitedAt), time.Time(fields.ExpiresAt)
	return err
}

// NewInvitation describes an invitation to create. Create it with [NewOrgInvitation],
// [NewReferral] or [NewRequest], which set the fields that each type needs. Zero fields
// are not sent.
type NewInvitation struct {
	Type           InvitationType `json:"invitation_type"`
	Email          string         `json:"email"`
	OrgID          string         `json:"org_id"`
	Permissions    []string       `json:"permissions"`
	InvitingUserID string         `json:"inviting_user_id"`
	Locale         string         `json:"locale"`     // default: the realm's locale
	ExpiresAt      time.Time      `json:"expires_at"` // default: in 30 days
	Extra          map[string]any `json:"-"`          // further attributes, sent unchanged
}

// NewOrgInvitation returns an invitation to join an org.
func NewOrgInvitation(email, orgID string, permissions ...string) NewInvitation {
	return NewInvitation{Type: InvitationOrg, Email: email, OrgID: orgID, Permissions: permissions}
}

// NewReferral returns an invitation to sign up that a user sends to another person.
func NewReferral(email, invitingUserID string) NewInvitation {
	return NewInvitation{Type: InvitationReferral, Email: email, InvitingUserID: invitingUserID}
}

// NewRequest returns a visitor's request to sign up.
func NewRequest(email string) NewInvitation {
	return NewInvitation{Type: InvitationRequest, Email: email}
}

// InvitationChange says what to change. A nil field stays unchanged. A pointer to the
// zero value clears the field, except for Email and OrgID, which cannot be cleared.
// Permissions replaces all permissions.
type InvitationChange struct {
	Email       *string        `json:"email" wire:"required"`
	Locale      *string        `json:"locale"`
	OrgID       *string        `json:"org_id" wire:"required"`
	Permissions []string       `json:"permissions"`
	ExpiresAt   *time.Time     `json:"expires_at"`
	Extra       map[string]any `json:"-"` // further attributes, sent unchanged
}

// InvitationQuery selects invitations. The zero value selects all of them.
type InvitationQuery struct {
	After     string // Page.After of the previous page
	PageSize  int    // 1 to 1,000. Default: AuthRocket's default, 100
	Direction Direction
	Extra     url.Values // further parameters, sent unchanged
}

func (q InvitationQuery) list() listQuery {
	return listQuery{after: q.After, pageSize: q.PageSize, direction: q.Direction, extra: q.Extra}
}

// Invitations manages the open invitations of the realm.
type Invitations struct{ scope handle }

// Get returns an invitation.
func (i Invitations) Get(ctx context.Context, id string) (Invitation, error) {
	return get[Invitation](ctx, i.scope.open(), to("/invitations/{id}", id), nil)
}

// List returns one page of invitations.
func (i Invitations) List(ctx context.Context, q InvitationQuery) (Page[Invitation], error) {
	return listOf[Invitation](ctx, i.scope.open(), to("/invitations"), q.list())
}

// All yields all invitations. It reads one page at a time and stops when the loop ends.
// If a read fails, it yields the error and stops.
func (i Invitations) All(ctx context.Context, q InvitationQuery) iter.Seq2[Invitation, error] {
	return allOf[Invitation](ctx, i.scope.open(), to("/invitations"), q.list())
}

// Create creates an invitation; [Invitations.Invite] sends it. To create it with [Once],
// let find search [Invitations.All] for an invitation with the same type, email and org.
func (i Invitations) Create(ctx context.Context, invitation NewInvitation) (Invitation, error) {
	return do[Invitation](ctx, i.scope.post(to("/invitations"), "invitation", invitation))
}

// Update changes an invitation.
func (i Invitations) Update(ctx context.Context, id string, change InvitationChange) (Invitation, error) {
	return do[Invitation](ctx, i.scope.put(to("/invitations/{id}", id), "invitation", change))
}

// Delete withdraws an invitation.
func (i Invitations) Delete(ctx context.Context, id string) error {
	return i.scope.delete(to("/invitations/{id}", id), nil).run(ctx)
}

// Invite sends the email of an invitation and sets its InvitedAt. To send it with [Once],
// let find read the invitation with Get, and return [ErrNotFound] while InvitedAt is
// zero.
func (i Invitations) Invite(ctx context.Context, id string) (Invitation, error) {
	return do[Invitation](ctx, i.scope.post(to("/invitations/{id}/invite", id), "invitation", nil))
}
