package authrocketdev

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/authrocket-go/authrocket/authrockettest"
)

// maxInvitations is the maximum number of invitations in a seed.
const maxInvitations = 1_000

// invitedTo returns the open invitations to an org, sorted by email.
func (s *Server) invitedTo(orgID string) ([]authrockettest.Invitation, error) {
	page, err := s.realm.ListInvitations(authrockettest.InvitationList{OrgID: orgID})
	slices.SortFunc(page.Items, func(a, b authrockettest.Invitation) int { return strings.Compare(a.Email, b.Email) })
	return page.Items, err
}

var (
	errInvitation   = refuse(http.StatusNotFound, textInvitation)
	errSignupClosed = invalid("Signups are closed.")
	errNotInvited   = invalid("You need an invitation to sign up.")
)

const textInvitation = "This invitation has been used or has expired."

// invitation returns the invitation with this token, or false if it cannot be
// accepted.
func (s *Server) invitation(token string) (authrockettest.Invitation, bool) {
	i, err := s.realm.InvitationByToken(token)
	if err == nil && i.OrgID != "" {
		var org authrockettest.Org
		if org, err = s.realm.Org(i.OrgID); err == nil && org.State != authrockettest.OrgActive {
			err = authrockettest.ErrClosed
		}
	}
	if err != nil {
		return authrockettest.Invitation{}, false
	}
	return i, true
}

// Invite invites somebody to join an org with these permissions. If orgID is "", the
// invitation is for the signup only. Invite puts an email into the outbox, and returns
// the token of the invitation. Add the token to the URL of the signup page, as
// /signup?invitation=TOKEN. The error says what is wrong with the input.
func (s *Server) Invite(email, orgID string, permissions ...string) (token string, err error) {
	email, ok := normalEmail(email)
	if !ok {
		return "", invalid("Email is not an email address.")
	}
	if err := checkPermissions(permissions); err != nil {
		return "", err
	}
	kind := authrockettest.InvitationReferral
	if orgID != "" {
		kind = authrockettest.InvitationOrg
	}
	return s.invite(authrockettest.Invitation{Type: kind, Email: email, OrgID: orgID, Permissions: permissions})
}

// invite creates an invitation and sends it. It replaces earlier invitations of the
// same person to the same org.
func (s *Server) invite(i authrockettest.Invitation) (token string, err error) {
	same, err := s.realm.ListInvitations(authrockettest.InvitationList{Email: i.Email})
	if err != nil {
		return "", err
	}
	for _, other := range same.Items {
		if other.OrgID == i.OrgID {
			s.realm.DeleteInvitation(other.ID)
		}
	}
	if i, err = s.realm.CreateInvitation(i); err != nil {
		return "", err
	}
	return i.Token, s.sendInvitation(i)
}

func (s *Server) sendInvitation(i authrockettest.Invitation) error {
	to := "this realm"
	if i.OrgID != "" {
		org, err := s.realm.Org(i.OrgID)
		if err != nil {
			return err
		}
		to = org.Name
	}
	if _, err := s.realm.UpdateInvitation(i.ID, func(i *authrockettest.Invitation) { i.InvitedAt = time.Now() }); err != nil {
		return err
	}
	s.outbox.send(Mail{
		To:      i.Email,
		Subject: "You are invited to " + to,
		Text:    "Follow the link to accept. If you did not expect this invitation, you can ignore this email.",
		Link:    s.link("/signup", "invitation", i.Token),
	})
	return nil
}

// requestInvitation handles a visitor's request for an invitation. The local
// LoginRocket sends the invitation at once.
func (s *Server) requestInvitation(email string) error {
	if s.realm.Settings().Signup == authrockettest.SignupClosed {
		return errSignupClosed
	}
	email, ok := normalEmail(email)
	if !ok {
		return invalid("Email is not an email address.")
	}
	_, err := s.invite(authrockettest.Invitation{Type: authrockettest.InvitationRequest, Email: email})
	return err
}

// acceptInvitation makes the user of the session a member of the org, and selects the
// org.
func (s *Server) acceptInvitation(session authrockettest.HostedSession, token string) (authrockettest.HostedSession, error) {
	s.changes.Lock()
	defer s.changes.Unlock()
	i, ok := s.invitation(token)
	if !ok || i.OrgID == "" {
		return session, errInvitation
	}
	if _, err := s.realm.TakeInvitation(token, session.UserID); err != nil {
		return session, errInvitation
	}
	return s.join(session, i)
}

// acceptFor uses up an invitation for an existing user. An invitation to an org makes
// the user a member.
func (s *Server) acceptFor(userID, token string) error {
	s.changes.Lock()
	defer s.changes.Unlock()
	i, ok := s.invitation(token)
	if !ok {
		return invalid(textInvitation)
	}
	if _, err := s.realm.TakeInvitation(token, userID); err != nil {
		return invalid(textInvitation)
	}
	if i.OrgID == "" {
		return nil
	}
	return s.addMember(userID, i)
}

// join makes the user of the session a member of the org of a used invitation, and
// selects the org.
func (s *Server) join(session authrockettest.HostedSession, i authrockettest.Invitation) (authrockettest.HostedSession, error) {
	if err := s.addMember(session.UserID, i); err != nil {
		return session, err
	}
	if err := s.realm.SelectOrg(session.ID, i.OrgID); err != nil {
		return session, err
	}
	return s.realm.LookUpSession(session.ID)
}

// addMember makes a user a member with the permissions of an invitation. An existing
// membership stays unchanged, unless it has expired.
func (s *Server) addMember(userID string, i authrockettest.Invitation) error {
	_, err := s.realm.CreateMembership(userID, i.OrgID, i.Permissions...)
	if !errors.Is(err, authrockettest.ErrMember) {
		return err
	}
	if _, err := s.membershipIn(userID, i.OrgID); err == nil {
		return nil
	}
	expired, err := s.realm.ListMemberships(authrockettest.MembershipList{UserID: userID, OrgID: i.OrgID})
	if err != nil {
		return err
	}
	for _, m := range expired.Items {
		_, err = s.realm.UpdateMembership(m.ID, func(m *authrockettest.Membership) {
			m.Permissions, m.ExpiresAt = i.Permissions, time.Time{}
		})
	}
	return err
}
