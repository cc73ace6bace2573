package coreapi

import "strings"

// EventType says what happened. This package keeps unknown types unchanged.
type EventType string

// Types of events.
const (
	EventInvitationOrgCreated  EventType = "invitation.org.created"
	EventInvitationOrgUpdated  EventType = "invitation.org.updated"
	EventInvitationOrgInvited  EventType = "invitation.org.invited"
	EventInvitationOrgAccepted EventType = "invitation.org.accepted"
	EventInvitationOrgExpired  EventType = "invitation.org.expired"

	EventInvitationPreverifyCreated  EventType = "invitation.preverify.created"
	EventInvitationPreverifyUpdated  EventType = "invitation.preverify.updated"
	EventInvitationPreverifyInvited  EventType = "invitation.preverify.invited"
	EventInvitationPreverifyAccepted EventType = "invitation.preverify.accepted"
	EventInvitationPreverifyExpired  EventType = "invitation.preverify.expired"

	EventInvitationReferralCreated  EventType = "invitation.referral.created"
	EventInvitationReferralUpdated  EventType = "invitation.referral.updated"
	EventInvitationReferralInvited  EventType = "invitation.referral.invited"
	EventInvitationReferralAccepted EventType = "invitation.referral.accepted"
	EventInvitationReferralExpired  EventType = "invitation.referral.expired"

	EventInvitationRequestCreated  EventType = "invitation.request.created"
	EventInvitationRequestUpdated  EventType = "invitation.request.updated"
	EventInvitationRequestInvited  EventType = "invitation.request.invited"
	EventInvitationRequestAccepted EventType = "invitation.request.accepted"
	EventInvitationRequestExpired  EventType = "invitation.request.expired"

	EventMembershipCreated EventType = "membership.created"
	EventMembershipUpdated EventType = "membership.updated"
	EventMembershipDeleted EventType = "membership.deleted"

	EventOrgCreated EventType = "org.created"
	EventOrgUpdated EventType = "org.updated"
	EventOrgClosed  EventType = "org.closed"

	EventSessionDeleted EventType = "session.deleted" // the session was ended before it expired

	EventUserCreated EventType = "user.created"
	EventUserUpdated EventType = "user.updated"
	EventUserDeleted EventType = "user.deleted"

	EventUserEmailUpdating  EventType = "user.email.updating"
	EventUserEmailVerifying EventType = "user.email.verifying"
	EventUserEmailVerified  EventType = "user.email.verified"

	EventUserLoginSucceeded EventType = "user.login.succeeded"
	EventUserLoginFailed    EventType = "user.login.failed"
	EventUserLoginInitiated EventType = "user.login.initiated"

	EventUserPasswordResetting EventType = "user.password.resetting"
	EventUserPasswordUpdated   EventType = "user.password.updated"

	EventUserProfileUpdated EventType = "user.profile.updated"

	EventPing EventType = "ping" // a test of a webhook; this event cannot be read
)

// Is reports whether t is prefix or starts with it. For example, it returns true for
// user.login.failed if prefix is user.login or user.
func (t EventType) Is(prefix EventType) bool {
	return t == prefix || prefix != "" && strings.HasPrefix(string(t), string(prefix)+".")
}
