package authrocketdev

import (
	"errors"
	"strings"

	"github.com/authrocket-go/authrocket/authrockettest"
)

// newOrg creates an org that the user owns. If name is empty, the org gets the user's
// name, which can be longer than the maximum for org names.
func (s *Server) newOrg(user authrockettest.User, name string) (authrockettest.Org, error) {
	name = strings.TrimSpace(name)
	if name == "" {
		runes := []rune(user.Name)
		name = string(runes[:min(len(runes), maxNameLength)])
	} else if problems := checkName(nil, "Account name", name); len(problems) > 0 {
		return authrockettest.Org{}, invalid(problems...)
	}
	if len(s.realm.MembershipsOf(user.ID)) >= maxMemberships {
		return authrockettest.Org{}, invalid("You have reached the limit of accounts.")
	}
	org, err := s.realm.CreateOrg(authrockettest.Org{Name: name})
	if err != nil {
		return authrockettest.Org{}, err
	}
	_, err = s.realm.CreateMembership(user.ID, org.ID, permissionOwner)
	return org, err
}

// maxMemberships is the number of memberships at which a user can no longer create an
// account.
const maxMemberships = 100

var errNoAccount = errors.New("no account is selected")

// pickAccount returns the account for a session. It prefers the requested account, if
// the user is a member of it. Its second choice is the account that was picked on a
// page, and its third choice is the user's only account. In single-user mode, it
// otherwise returns the user's first account, and creates an account if there is
// none. errNoAccount means that the user must pick an account.
func (s *Server) pickAccount(session authrockettest.HostedSession, requested string) (orgID string, err error) {
	memberships, orgMode := s.realm.MembershipsOf(session.UserID), s.realm.Settings().OrgMode
	picked := ""
	for _, m := range memberships {
		if m.OrgID == requested || picked == "" && m.OrgID == session.OrgID {
			picked = m.OrgID
		}
	}
	switch {
	case picked != "":
	case len(memberships) == 1, len(memberships) > 1 && orgMode == authrockettest.SingleUser:
		picked = memberships[0].OrgID
	case orgMode == authrockettest.MultiUser:
		return "", errNoAccount
	default:
		user, err := s.realm.User(session.UserID)
		if err != nil {
			return "", err
		}
		org, err := s.newOrg(user, "")
		if err != nil {
			return "", err
		}
		picked = org.ID
	}
	return picked, nil
}
