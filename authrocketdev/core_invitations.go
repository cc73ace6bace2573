package authrocketdev

import (
	"net/http"
	"time"

	"github.com/authrocket-go/authrocket/authrockettest"
)

var invitationEndpoints = map[string]map[string]coreEndpoint{
	"invitations":             {http.MethodGet: listInvitations, http.MethodPost: createInvitation},
	"invitations/{id}":        {http.MethodGet: getInvitation, http.MethodPut: updateInvitation, http.MethodDelete: deleteInvitation},
	"invitations/{id}/invite": {http.MethodPost: sendInvitation},
}

type invitationJSON struct {
	Object         string      `json:"object"`
	ID             string      `json:"id"`
	RealmID        string      `json:"realm_id"`
	Type           string      `json:"invitation_type"`
	Email          string      `json:"email"`
	Token          string      `json:"token,omitempty"` // a new token
	CreatedAt      preciseTime `json:"created_at"`
	ExpiresAt      wholeTime   `json:"expires_at"`
	InvitedAt      preciseTime `json:"invited_at"`
	InvitingUserID *string     `json:"inviting_user_id"`
	Locale         *string     `json:"locale"`
	OrgID          *string     `json:"org_id"`
	Permissions    *[]string   `json:"permissions,omitempty"` // for the type org
	AuthProviderID *string     `json:"auth_provider_id"`
}

func (c *coreCall) showInvitation(i authrockettest.Invitation) invitationJSON {
	shown := invitationJSON{
		Object: "invitation", ID: i.ID, RealmID: c.realm.ID(), Type: string(i.Type), Email: i.Email,
		CreatedAt: preciseTime(i.CreatedAt), ExpiresAt: wholeTime(i.ExpiresAt), InvitedAt: preciseTime(i.InvitedAt),
		InvitingUserID: orNull(i.InvitingUserID), Locale: orNull(i.Locale), OrgID: orNull(i.OrgID), AuthProviderID: orNull(i.AuthProviderID),
	}
	if i.Type == authrockettest.InvitationOrg {
		permissions := append([]string{}, i.Permissions...)
		shown.Permissions = &permissions
	}
	return shown
}

func listInvitations(c *coreCall) (coreAnswer, error) {
	list, _, err := c.list(false, "id")
	if err != nil {
		return coreAnswer{}, err
	}
	page, err := c.view.ListInvitations(authrockettest.InvitationList{
		List: list, Email: c.query.Get("email"), OrgID: c.query.Get("org_id"), Type: authrockettest.InvitationType(c.query.Get("invitation_type")),
	})
	return okayWith(collectionOf(page, c.showInvitation)), err
}

func getInvitation(c *coreCall) (coreAnswer, error) {
	i, err := c.view.Invitation(c.id)
	return okayWith(c.showInvitation(i)), err
}

// invitationAttributes reads the attributes of an existing invitation that a client
// may set.
func (c *coreCall) invitationAttributes(attributes object, kind authrockettest.InvitationType) func(*authrockettest.Invitation) {
	email, expiresAt, locale := attributes.email("email"), attributes.time("expires_at"), attributes.text("locale")
	if locale != nil {
		*attributes.problems = checkLocale(*attributes.problems, *locale)
	}
	if expiresAt != nil && !expiresAt.After(time.Now()) {
		attributes.problem("Expires at must be in the future.")
	}
	var orgID *string
	var permissions []string
	var hasPermissions bool
	if kind == authrockettest.InvitationOrg {
		orgID = attributes.text("org_id")
		permissions, hasPermissions = attributes.permissions()
		if orgID != nil && *orgID == "" {
			attributes.problem("Org id is missing.")
		} else if orgID != nil && c.exist("", *orgID) != nil {
			attributes.problem("Org id is not the ID of an org.")
		}
	}
	return func(i *authrockettest.Invitation) {
		set(&i.Email, email)
		set(&i.Locale, locale)
		set(&i.OrgID, orgID)
		if hasPermissions {
			i.Permissions = permissions
		}
		if expiresAt != nil {
			i.ExpiresAt = *expiresAt
		}
	}
}

func createInvitation(c *coreCall) (coreAnswer, error) {
	attributes := c.body.root("invitation", "invitation_type", "email")
	var i authrockettest.Invitation
	set(&i.Type, attributes.oneOf("invitation_type", string(authrockettest.InvitationOrg), string(authrockettest.InvitationPreverify),
		string(authrockettest.InvitationReferral), string(authrockettest.InvitationRequest)))
	c.invitationAttributes(attributes, i.Type)(&i)
	switch i.Type {
	case authrockettest.InvitationOrg:
		if i.OrgID == "" {
			attributes.problem("Org id is missing.")
		}
	case authrockettest.InvitationPreverify:
		if set(&i.AuthProviderID, attributes.text("auth_provider_id")); i.AuthProviderID != "" {
			if _, err := c.realm.AuthProvider(i.AuthProviderID); err != nil {
				attributes.problem("Auth provider id is not the ID of an auth provider.")
			}
		}
	}
	if i.Type != authrockettest.InvitationRequest {
		set(&i.InvitingUserID, attributes.text("inviting_user_id"))
		if i.InvitingUserID != "" && c.exist(i.InvitingUserID, "") != nil {
			attributes.problem("Inviting user id is not the ID of a user.")
		}
	}
	if err := c.body.err(attributes); err != nil {
		return coreAnswer{}, err
	}
	i, err := c.realm.CreateInvitation(i)
	shown := c.showInvitation(i)
	shown.Token = i.Token
	return createdAs(shown), err
}

func updateInvitation(c *coreCall) (coreAnswer, error) {
	old, err := c.realm.Invitation(c.id)
	if err != nil {
		return coreAnswer{}, err
	}
	attributes := c.body.root("invitation")
	change := c.invitationAttributes(attributes, old.Type)
	if err := c.body.err(attributes); err != nil {
		return coreAnswer{}, err
	}
	i, err := c.realm.UpdateInvitation(c.id, change)
	shown := c.showInvitation(i)
	if i.Token != old.Token {
		shown.Token = i.Token
	}
	return okayWith(shown), err
}

func deleteInvitation(c *coreCall) (coreAnswer, error) {
	if err := c.body.err(); err != nil {
		return coreAnswer{}, err
	}
	return noContent, c.realm.DeleteInvitation(c.id)
}

func sendInvitation(c *coreCall) (coreAnswer, error) {
	attributes := c.body.root("invitation")
	if err := c.body.err(attributes); err != nil {
		return coreAnswer{}, err
	}
	i, err := c.realm.Invitation(c.id)
	if err != nil {
		return coreAnswer{}, err
	}
	if err := c.server.sendInvitation(i); err != nil {
		return coreAnswer{}, err
	}
	i, err = c.realm.Invitation(c.id)
	return okayWith(c.showInvitation(i)), err
}
