package authrocketdev

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/authrocket-go/authrocket/authrockettest"
)

func isManager(m authrockettest.Membership) bool {
	return slices.Contains(m.Permissions, permissionOwner) || slices.Contains(m.Permissions, permissionAdmin)
}

// membershipIn returns the user's membership in an org. The error does not reveal
// whether the org exists.
func (s *Server) membershipIn(userID, orgID string) (authrockettest.Membership, error) {
	for _, m := range s.realm.MembershipsOf(userID) {
		if m.OrgID == orgID {
			return m, nil
		}
	}
	return authrockettest.Membership{}, errNotMember
}

// changeAccount carries out an action of a user on an account, and returns the user's
// membership in that account. If the user is not a member, it returns an error.
// Actions run one after the other, so that two owners who remove each other at the
// same time leave one owner.
func (s *Server) changeAccount(userID, orgID, action string, field func(string) string) (own authrockettest.Membership, err error) {
	s.changes.Lock()
	defer s.changes.Unlock()
	own, err = s.membershipIn(userID, orgID)
	if err != nil {
		return own, err
	}
	return own, s.change(own, action, field)
}

func (s *Server) change(own authrockettest.Membership, action string, field func(string) string) error {
	if !isManager(own) {
		return refuse(http.StatusForbidden, "Only owners and admins may change an account.")
	}
	switch action {
	case "rename":
		name := strings.TrimSpace(field("org_name"))
		if problems := checkName(nil, "Account name", name); len(problems) > 0 {
			return invalid(problems...)
		}
		if name == "" {
			return invalid("Account name is missing.")
		}
		_, err := s.realm.UpdateOrg(own.OrgID, func(o *authrockettest.Org) { o.Name = name })
		return err
	case "permissions":
		tags, err := parsePermissions(field("permissions"))
		if err != nil {
			return err
		}
		m, err := s.changeableMember(own, field("membership"), tags)
		if err != nil {
			return err
		}
		return s.realm.SetPermissions(m.ID, tags...)
	case "remove":
		m, err := s.changeableMember(own, field("membership"), nil)
		if err != nil {
			return err
		}
		return s.realm.DeleteMembership(m.ID)
	case "invite":
		tags, err := parsePermissions(field("permissions"))
		if err != nil {
			return err
		}
		// The new invitation replaces the existing ones.
		if _, err := s.changeableInvitations(own, field("email"), tags); err != nil {
			return err
		}
		if !mayGrant(own, nil, tags) {
			return errOwnersOnly
		}
		_, err = s.Invite(field("email"), own.OrgID, tags...)
		return err
	case "uninvite":
		invited, err := s.changeableInvitations(own, field("email"), nil)
		for _, i := range invited {
			err = errors.Join(err, s.realm.DeleteInvitation(i.ID))
		}
		return err
	}
	return errForm
}

var errOwnersOnly = refuse(http.StatusForbidden, "Only an owner may add or remove owners.")

// mayGrant reports whether a member may replace the permissions in old with the
// permissions in tags. The membership of that member is own.
func mayGrant(own authrockettest.Membership, old, tags []string) bool {
	return slices.Contains(own.Permissions, permissionOwner) ||
		slices.Contains(old, permissionOwner) == slices.Contains(tags, permissionOwner)
}

// changeableInvitations returns the invitations that were sent to an email address.
// It returns an error if the member with the membership own may not grant the
// permissions in tags. If an invitation is to be withdrawn, tags is nil.
func (s *Server) changeableInvitations(own authrockettest.Membership, email string, tags []string) ([]authrockettest.Invitation, error) {
	if email = strings.TrimSpace(email); email == "" { // an empty email would select all invitations
		return nil, nil
	}
	page, err := s.realm.ListInvitations(authrockettest.InvitationList{OrgID: own.OrgID, Email: email})
	if slices.ContainsFunc(page.Items, func(i authrockettest.Invitation) bool { return !mayGrant(own, i.Permissions, tags) }) {
		return nil, errOwnersOnly
	}
	return page.Items, err
}

// changeableMember returns the membership with this ID. It returns an error if the
// member with the membership own may not grant the permissions in tags, or if the
// account would have no owner afterwards. If a member is to be removed, tags is nil.
func (s *Server) changeableMember(own authrockettest.Membership, id string, tags []string) (authrockettest.Membership, error) {
	members := s.realm.Members(own.OrgID)
	i := slices.IndexFunc(members, func(m authrockettest.Membership) bool { return m.ID == id })
	if i < 0 {
		return authrockettest.Membership{}, refuse(http.StatusNotFound, "There is no such member.")
	}
	if !mayGrant(own, members[i].Permissions, tags) {
		return authrockettest.Membership{}, errOwnersOnly
	}
	changed := members[i]
	members[i].Permissions = tags
	if !slices.ContainsFunc(members, func(m authrockettest.Membership) bool { return slices.Contains(m.Permissions, permissionOwner) }) {
		return authrockettest.Membership{}, invalid("An account needs an owner.")
	}
	return changed, nil
}
