package authrocketdev

import (
	"net/url"
	"slices"

	"github.com/authrocket-go/authrocket/authrockettest"
)

// clientApp is an app of a realm. The service only stores and shows it. The realm's
// Login URLs decide to which URLs a login may return.
type clientApp struct {
	Object       string   `json:"object"`
	ID           string   `json:"id"`
	RealmID      string   `json:"realm_id"`
	ClientType   string   `json:"client_type"`
	Name         string   `json:"name"`
	RedirectURIs []string `json:"redirect_uris"`
	State        string   `json:"state"`
}

const (
	maxApps         = 100
	maxRedirectURIs = 100
)

func listApps(c *coreCall) (coreAnswer, error) {
	list, _, err := c.list(false, "id")
	if err != nil {
		return coreAnswer{}, err
	}
	h, err := c.hostedRealm()
	if err != nil {
		return coreAnswer{}, err
	}
	c.service.mu.Lock()
	defer c.service.mu.Unlock()
	page, err := pageOf(h.apps, func(a clientApp) string { return a.ID }, list)
	return okayWith(collectionOf(page, func(a clientApp) clientApp { return a })), err
}

// withApp calls do with the realm, and with the index of the app that the path names.
// The Service is locked during the call.
func (c *coreCall) withApp(do func(h *hostedRealm, at int)) error {
	h, err := c.hostedRealm()
	if err != nil {
		return err
	}
	c.service.mu.Lock()
	defer c.service.mu.Unlock()
	at := slices.IndexFunc(h.apps, func(a clientApp) bool { return a.ID == c.id })
	if at < 0 {
		return authrockettest.ErrNotFound
	}
	do(h, at)
	return nil
}

func getApp(c *coreCall) (coreAnswer, error) {
	var app clientApp
	err := c.withApp(func(h *hostedRealm, at int) { app = h.apps[at] })
	return okayWith(app), err
}

// appAttributes reads the attributes of a client app that a client may set.
func (c *coreCall) appAttributes(required ...string) (func(*clientApp), error) {
	attributes := c.body.root("client_app", required...)
	kind, name := attributes.oneOf("client_type", "standard", "oauth2"), attributes.name("name")
	state := attributes.oneOf("state", authrockettest.StateActive, authrockettest.StateInactive)
	uris, hasURIs := attributes.texts("redirect_uris")
	isURI := func(text string) bool {
		u, err := url.Parse(text)
		return err == nil && u.IsAbs() && len(text) <= maxSecretBytes
	}
	if len(uris) > maxRedirectURIs || slices.ContainsFunc(uris, func(text string) bool { return !isURI(text) }) {
		attributes.problem("Redirect uris must be an array of absolute URLs.")
	}
	return func(a *clientApp) {
		set(&a.ClientType, kind)
		set(&a.Name, name)
		set(&a.State, state)
		if hasURIs {
			a.RedirectURIs = append([]string{}, uris...)
		}
	}, c.body.err(attributes)
}

func createApp(c *coreCall) (coreAnswer, error) {
	change, err := c.appAttributes("name")
	if err != nil {
		return coreAnswer{}, err
	}
	h, err := c.hostedRealm()
	if err != nil {
		return coreAnswer{}, err
	}
	app := clientApp{
		Object: "client_app", ID: newConfigurationID("ca_"), RealmID: c.realm.ID(), ClientType: "standard",
		RedirectURIs: []string{}, State: authrockettest.StateActive,
	}
	change(&app)
	c.service.mu.Lock()
	defer c.service.mu.Unlock()
	if len(h.apps) >= maxApps {
		return coreAnswer{}, authrockettest.ErrFull
	}
	h.apps = append(h.apps, app)
	return createdAs(app), nil
}

func updateApp(c *coreCall) (coreAnswer, error) {
	change, err := c.appAttributes()
	if err != nil {
		return coreAnswer{}, err
	}
	var app clientApp
	err = c.withApp(func(h *hostedRealm, at int) {
		change(&h.apps[at])
		app = h.apps[at]
	})
	return okayWith(app), err
}

func deleteApp(c *coreCall) (coreAnswer, error) {
	if err := c.body.err(); err != nil {
		return coreAnswer{}, err
	}
	return noContent, c.withApp(func(h *hostedRealm, at int) { h.apps = slices.Delete(h.apps, at, at+1) })
}
