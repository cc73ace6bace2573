package authrocketdev

import (
	"net/http"
	"slices"
	"strings"

	"github.com/authrocket-go/authrocket/authrockettest"
)

var orgEndpoints = map[string]map[string]coreEndpoint{
	"orgs":      {http.MethodGet: listOrgs, http.MethodPost: createOrg},
	"orgs/{id}": {http.MethodGet: getOrg, http.MethodPut: updateOrg, http.MethodDelete: deleteOrg},
}

type orgJSON struct {
	Object    string          `json:"object"`
	ID        string          `json:"id"`
	RealmID   string          `json:"realm_id"`
	Name      string          `json:"name"`
	State     string          `json:"state"`
	Reference *string         `json:"reference"`
	Custom    *map[string]any `json:"custom,omitempty"` // lists leave it out
	CreatedAt preciseTime     `json:"created_at"`
}

func (c *coreCall) showOrg(org authrockettest.Org) orgJSON {
	shown := c.showOrgBriefly(org)
	shown.Custom = customOf(org.Custom)
	return shown
}

func customOf(custom map[string]any) *map[string]any {
	if custom == nil {
		custom = make(map[string]any)
	}
	return &custom
}

func (c *coreCall) showOrgBriefly(org authrockettest.Org) orgJSON {
	return orgJSON{
		Object: "org", ID: org.ID, RealmID: c.realm.ID(), Name: org.Name, State: string(org.State),
		Reference: orNull(org.Reference), CreatedAt: preciseTime(org.CreatedAt),
	}
}

func listOrgs(c *coreCall) (coreAnswer, error) {
	list, sort, err := c.list(false, "name", "id")
	if err != nil {
		return coreAnswer{}, err
	}
	page, err := c.view.ListOrgs(authrockettest.OrgList{
		List: list, ByName: sort == "name", Reference: c.query.Get("reference"), State: authrockettest.OrgState(c.query.Get("state")),
	})
	if err != nil {
		return coreAnswer{}, err
	}
	show := c.showOrgBriefly
	if expands(c.query, "custom") {
		show = c.showOrg
	}
	return okayWith(collectionOf(page, show)), nil
}

func getOrg(c *coreCall) (coreAnswer, error) {
	org, err := c.view.Org(c.id)
	return okayWith(c.showOrg(org)), err
}

// orgAttributes reads what a client may set of an org.
func (c *coreCall) orgAttributes() (change func(*authrockettest.Org), err error) {
	attributes := c.body.root("org")
	name, reference, state := attributes.text("name"), attributes.text("reference"), attributes.text("state")
	custom, hasCustom := attributes.custom("custom")
	if name != nil {
		*name = strings.TrimSpace(*name)
		*attributes.problems = checkName(*attributes.problems, "Name", *name)
		if *name == "" {
			attributes.problem("Name is missing.")
		}
	}
	if reference != nil {
		*attributes.problems = checkName(*attributes.problems, "Reference", *reference)
	}
	states := []authrockettest.OrgState{authrockettest.OrgActive, authrockettest.OrgInactive, authrockettest.OrgClosed}
	if state != nil && !slices.Contains(states, authrockettest.OrgState(*state)) {
		attributes.problem("State has to be one of active, inactive, closed.")
	}
	if err := attributes.err(); err != nil {
		return nil, err
	}
	return func(o *authrockettest.Org) {
		if name != nil {
			o.Name = *name
		}
		if reference != nil {
			o.Reference = *reference
		}
		if state != nil {
			o.State = authrockettest.OrgState(*state)
		}
		if hasCustom {
			o.Custom = custom
		}
	}, c.body.err()
}

func createOrg(c *coreCall) (coreAnswer, error) {
	change, err := c.orgAttributes()
	if err != nil {
		return coreAnswer{}, err
	}
	var org authrockettest.Org
	if change(&org); org.Name == "" {
		return coreAnswer{}, invalid("Name is missing.")
	}
	org, err = c.realm.CreateOrg(org)
	return createdAs(c.showOrg(org)), err
}

func updateOrg(c *coreCall) (coreAnswer, error) {
	change, err := c.orgAttributes()
	if err != nil {
		return coreAnswer{}, err
	}
	org, err := c.realm.UpdateOrg(c.id, change)
	return okayWith(c.showOrg(org)), err
}

// deleteOrg closes an org, which stays readable, or with force removes it.
func deleteOrg(c *coreCall) (coreAnswer, error) {
	force := c.body.flag("force")
	if err := c.body.err(); err != nil {
		return coreAnswer{}, err
	}
	if force {
		return noContent, c.realm.DeleteOrg(c.id)
	}
	org, err := c.realm.UpdateOrg(c.id, func(o *authrockettest.Org) { o.State = authrockettest.OrgClosed })
	return okayWith(c.showOrg(org)), err
}
