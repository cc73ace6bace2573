package authrocketdev

import (
	"net/http"
	"time"

	"github.com/authrocket-go/authrocket/authrockettest"
)

var membershipEndpoints = map[string]map[string]coreEndpoint{
	"memberships":      {http.MethodGet: listMemberships, http.MethodPost: createMembership},
	"memberships/{id}": {http.MethodGet: getMembership, http.MethodPut: updateMembership, http.MethodDelete: deleteMembership},
}

type membershipJSON struct {
	Object      string    `json:"object"`
	ID          string    `json:"id"`
	OrgID       string    `json:"org_id"`
	UserID      string    `json:"user_id"`
	Permissions []string  `json:"permissions"`
	ExpiresAt   wholeTime `json:"expires_at"`
	Org         *orgJSON  `json:"org,omitempty"`
	User        *userJSON `json:"user,omitempty"`
}

// embedded is the kind of record that is shown inside a membership.
type embedded int

const (
	withNothing embedded = iota
	withOrg
	withUser
)

func (c *coreCall) showMembership(m authrockettest.Membership, with embedded) membershipJSON {
	shown := membershipJSON{
		Object: "membership", ID: m.ID, OrgID: m.OrgID, UserID: m.UserID,
		Permissions: append([]string{}, m.Permissions...), ExpiresAt: wholeTime(m.ExpiresAt),
	}
	switch with {
	case withOrg:
		if org, err := c.view.Org(m.OrgID); err == nil {
			brief := c.showOrgBriefly(org)
			shown.Org = &brief
		}
	case withUser:
		if user, err := c.view.User(m.UserID); err == nil {
			brief := c.showUserBriefly(user)
			shown.User = &brief
		}
	}
	return shown
}

// listMemberships lists the memberships of a user with their orgs, or the memberships
// in an org with their users.
func listMemberships(c *coreCall) (coreAnswer, error) {
	list, _, err := c.list(false, "id")
	if err != nil {
		return coreAnswer{}, err
	}
	wanted := authrockettest.MembershipList{List: list, UserID: c.query.Get("user_id"), OrgID: c.query.Get("org_id")}
	with := withNothing
	switch {
	case wanted.UserID != "" && wanted.OrgID == "":
		with = withOrg
	case wanted.OrgID != "" && wanted.UserID == "":
		with = withUser
	}
	page, err := c.view.ListMemberships(wanted)
	return okayWith(collectionOf(page, func(m authrockettest.Membership) membershipJSON { return c.showMembership(m, with) })), err
}

func getMembership(c *coreCall) (coreAnswer, error) {
	m, err := c.view.Membership(c.id)
	return okayWith(c.showMembership(m, withNothing)), err
}

// permissions reads permission tags, and whether they were sent.
func (o object) permissions() (tags []string, isSent bool) {
	tags, isSent = o.texts("permissions")
	if err := checkPermissions(tags); err != nil {
		*o.problems = append(*o.problems, asRefusal(err).texts...)
	}
	return tags, isSent
}

func createMembership(c *coreCall) (coreAnswer, error) {
	attributes := c.body.root("membership", "user_id", "org_id")
	userID, orgID := attributes.text("user_id"), attributes.text("org_id")
	permissions, _ := attributes.permissions()
	expiresAt := attributes.time("expires_at")
	if err := c.body.err(attributes); err != nil {
		return coreAnswer{}, err
	}
	if err := c.exist(*userID, *orgID); err != nil {
		return coreAnswer{}, err
	}
	var end time.Time
	if expiresAt != nil {
		end = *expiresAt
	}
	m, err := c.realm.CreateMembershipUntil(end, *userID, *orgID, permissions...)
	return createdAs(c.showMembership(m, withNothing)), err
}

// exist checks that the user and the org that a body names exist. An unknown ID in a
// body is invalid input, so the status is 422, not 404.
func (c *coreCall) exist(userID, orgID string) error {
	var problems []string
	if _, err := c.realm.User(userID); userID != "" && err != nil {
		problems = append(problems, "User id is not the ID of a user.")
	}
	if _, err := c.realm.Org(orgID); orgID != "" && err != nil {
		problems = append(problems, "Org id is not the ID of an org.")
	}
	if len(problems) > 0 {
		return invalid(problems...)
	}
	return nil
}

func updateMembership(c *coreCall) (coreAnswer, error) {
	attributes := c.body.root("membership")
	permissions, hasPermissions := attributes.permissions()
	expiresAt := attributes.time("expires_at")
	if err := c.body.err(attributes); err != nil {
		return coreAnswer{}, err
	}
	m, err := c.realm.UpdateMembership(c.id, func(m *authrockettest.Membership) {
		if hasPermissions {
			m.Permissions = permissions
		}
		if expiresAt != nil {
			m.ExpiresAt = *expiresAt
		}
	})
	return okayWith(c.showMembership(m, withNothing)), err
}

func deleteMembership(c *coreCall) (coreAnswer, error) {
	if err := c.body.err(); err != nil {
		return coreAnswer{}, err
	}
	return noContent, c.realm.DeleteMembership(c.id)
}
