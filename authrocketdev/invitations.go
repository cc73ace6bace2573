package authrocketdev

import (
	"crypto/rand"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/authrocket-go/authrocket/authrockettest"
)

// invitation lets somebody sign up, or join an org.
type invitation struct {
	Email       string
	OrgID       string // "" for a place in the realm only
	Permissions []string
	SentAt      time.Time
}

const invitationLifetime = 30 * 24 * time.Hour

var (
	errInvitation   = refuse(http.StatusNotFound, "This invitation has been used, or it is too old.")
	errSignupClosed = invalid("Signups are closed.")
	errNotInvited   = invalid("Signing up needs an invitation.")
)

func (s *Server) invitation(token string) (invitation, bool) {
	if !strings.HasPrefix(token, "nvt_") {
		return invitation{}, false
	}
	return s.invitations.get(token)
}

// Invite invites somebody to join an org with these permissions, or with orgID
// "" to sign up, by a mail to the outbox. It returns the token of the
// invitation, for the page /signup?invitation=. The error says what is wrong
// with the input.
func (s *Server) Invite(email, orgID string, permissions ...string) (token string, err error) {
	email, ok := normalEmail(email)
	if !ok {
		return "", invalid("Email is not an email address.")
	}
	if err := checkPermissions(permissions); err != nil {
		return "", err
	}
	to := "this realm"
	if orgID != "" {
		org, err := s.realm.Org(orgID)
		if err != nil {
			return "", err
		}
		to = org.Name
	}
	// A second invitation of the same person replaces the first one.
	s.invitations.drop(func(i invitation) bool { return i.Email == email && i.OrgID == orgID })
	token = "nvt_" + rand.Text()
	s.invitations.put(token, invitation{email, orgID, slices.Clone(permissions), time.Now()}, invitationLifetime)
	s.outbox.send(Mail{
		To:      email,
		Subject: "You are invited to " + to,
		Text:    "Follow the link to accept. Whoever did not expect it can ignore this mail.",
		Link:    s.link("/signup", "invitation", token),
	})
	return token, nil
}

// requestInvitation is what a visitor asks for where only invited people sign
// up. The local LoginRocket grants it at once, by mail.
func (s *Server) requestInvitation(email string) error {
	if s.config.Signup == SignupClosed {
		return errSignupClosed
	}
	_, err := s.Invite(email, "")
	return err
}

// acceptInvitation makes the user of the session a member of the org, and
// selects the org.
func (s *Server) acceptInvitation(session authrockettest.HostedSession, token string) (authrockettest.HostedSession, error) {
	s.changes.Lock()
	defer s.changes.Unlock()
	i, ok := s.invitation(token)
	if !ok || i.OrgID == "" {
		return session, errInvitation
	}
	s.invitations.take(token)
	return s.join(session, i)
}

// join makes the user of the session a member of the org of an invitation that
// is used up, and selects the org.
func (s *Server) join(session authrockettest.HostedSession, i invitation) (authrockettest.HostedSession, error) {
	isMember := slices.ContainsFunc(s.realm.MembershipsOf(session.UserID), func(m authrockettest.Membership) bool { return m.OrgID == i.OrgID })
	if !isMember {
		if _, err := s.realm.CreateMembership(session.UserID, i.OrgID, i.Permissions...); err != nil {
			return session, err
		}
	}
	if err := s.realm.SelectOrg(session.ID, i.OrgID); err != nil {
		return session, err
	}
	return s.realm.LookUpSession(session.ID)
}
