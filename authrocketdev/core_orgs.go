package authrocketdev

import (
	"net/http"

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

// orgAttributes reads the attributes of an org that a client may set.
func (c *coreCall) orgAttributes(required ...string) (change func(*authrockettest.Org), err error) {
	attributes := c.body.root("org", required...)
	name, reference := attributes.name("name"), attributes.name("reference")
	state := attributes.oneOf("state", string(authrockettest.OrgActive), string(authrockettest.OrgInactive), string(authrockettest.OrgClosed))
	custom, hasCustom := attributes.custom("custom")
	if name != nil && *name == "" {
		attributes.problem("Name is missing.")
	}
	return func(o *authrockettest.Org) {
		set(&o.Name, name)
		set(&o.Reference, reference)
		set(&o.State, state)
		if hasCustom {
			o.Custom = custom
		}
	}, c.body.err(attributes)
}

func createOrg(c *coreCall) (coreAnswer, error) {
	change, err := c.orgAttributes("name")
	if err != nil {
		return coreAnswer{}, err
	}
	var org authrockettest.Org
	change(&org)
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

// deleteOrg closes an org, which stays readable. With force it deletes the org.
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
