package authrocketdev

import (
	"errors"
	"net/http"
	"slices"

	"github.com/authrocket-go/authrocket/authrockettest"
)

// providerEndpoints are the calls for auth providers. Calls that change providers
// belong to the Configuration API.
var providerEndpoints = map[string]map[string]coreEndpoint{
	"auth_providers":                {http.MethodGet: listProviders, http.MethodPost: configuration(createProvider)},
	"auth_providers/{id}":           {http.MethodGet: getProvider, http.MethodPut: configuration(updateProvider), http.MethodDelete: configuration(deleteProvider)},
	"auth_providers/authorize":      {http.MethodGet: listAuthorizeURLs, http.MethodPost: authorize},
	"auth_providers/{id}/authorize": {http.MethodGet: getAuthorizeURL, http.MethodPost: authorizeToken},
}

const (
	// typeDummy is an auth provider for tests, without a real service. It accepts
	// dummyCode as code and as access token, and always signs in the same user.
	typeDummy  = "dummy"
	dummyCode  = "abcdefgh"
	dummyEmail = "dummy@example.com"
)

// otherProviders are the types of providers that can be added.
var otherProviders = []string{"facebook", "github", "google", "linkedin", "oauth2", "slack", "yahoo", typeDummy}

type providerJSON struct {
	Object    string  `json:"object"`
	ID        string  `json:"id"`
	RealmID   string  `json:"realm_id"`
	Type      string  `json:"provider_type"`
	Name      *string `json:"name"`
	State     string  `json:"state"`
	MinLength int     `json:"min_length,omitempty"` // for passwords
	ClientID  *string `json:"client_id,omitempty"`  // for other providers; their secrets are not shown
}

func (c *coreCall) showProvider(p authrockettest.AuthProvider) providerJSON {
	return providerJSON{
		Object: "auth_provider", ID: p.ID, RealmID: c.realm.ID(), Type: p.Type, Name: orNull(p.Name), State: p.State,
		MinLength: p.MinLength, ClientID: orNull(p.ClientID),
	}
}

func listProviders(c *coreCall) (coreAnswer, error) {
	list, _, err := c.list(false, "id")
	if err != nil {
		return coreAnswer{}, err
	}
	page, err := pageOf(c.view.AuthProviders(), func(p authrockettest.AuthProvider) string { return p.ID }, list)
	return okayWith(collectionOf(page, c.showProvider)), err
}

func getProvider(c *coreCall) (coreAnswer, error) {
	p, err := c.view.AuthProvider(c.id)
	return okayWith(c.showProvider(p)), err
}

// maxSecretBytes is the longest client secret.
const maxSecretBytes = 1_000

// providerAttributes reads the attributes that a client may set for a provider of
// this type.
func providerAttributes(attributes object, kind string) func(*authrockettest.AuthProvider) {
	name, state := attributes.name("name"), attributes.oneOf("state", authrockettest.StateActive, authrockettest.StateInactive)
	var minLength *int
	var clientID, clientSecret *string
	switch kind {
	case authrockettest.TypePassword:
		if minLength = attributes.number("min_length"); minLength != nil && (*minLength < 1 || *minLength > maxPasswordBytes) {
			attributes.problem("Min length must be from 1 to %d.", maxPasswordBytes)
		}
	case authrockettest.TypeTOTP:
	default:
		clientID, clientSecret = attributes.name("client_id"), attributes.text("client_secret")
		if clientSecret != nil && len(*clientSecret) > maxSecretBytes {
			attributes.problem("Client secret is too long.")
		}
	}
	return func(p *authrockettest.AuthProvider) {
		set(&p.Name, name)
		set(&p.State, state)
		set(&p.ClientID, clientID)
		set(&p.ClientSecret, clientSecret)
		if minLength != nil {
			p.MinLength = *minLength
		}
	}
}

func createProvider(c *coreCall) (coreAnswer, error) {
	attributes := c.body.root("auth_provider", "provider_type")
	var p authrockettest.AuthProvider
	types := append(slices.Clone(otherProviders), authrockettest.TypePassword, authrockettest.TypeTOTP)
	set(&p.Type, attributes.oneOf("provider_type", types...))
	providerAttributes(attributes, p.Type)(&p)
	if err := c.body.err(attributes); err != nil {
		return coreAnswer{}, err
	}
	p, err := c.realm.CreateAuthProvider(p)
	if errors.Is(err, authrockettest.ErrIDTaken) {
		return coreAnswer{}, invalid("The realm already has an auth provider of this type.")
	}
	return createdAs(c.showProvider(p)), err
}

func updateProvider(c *coreCall) (coreAnswer, error) {
	old, err := c.realm.AuthProvider(c.id)
	if err != nil {
		return coreAnswer{}, err
	}
	attributes := c.body.root("auth_provider")
	change := providerAttributes(attributes, old.Type)
	if err := c.body.err(attributes); err != nil {
		return coreAnswer{}, err
	}
	p, err := c.realm.UpdateAuthProvider(old.ID, change)
	return okayWith(c.showProvider(p)), err
}

func deleteProvider(c *coreCall) (coreAnswer, error) {
	if err := c.body.err(); err != nil {
		return coreAnswer{}, err
	}
	return noContent, c.realm.DeleteAuthProvider(c.id)
}
