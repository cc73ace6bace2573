package authrocketdev

import (
	"errors"
	"net/http"
	"net/url"
	"slices"

	"github.com/authrocket-go/authrocket/authrockettest"
)

// The writes of auth providers are of the Configuration API.
var providerEndpoints = map[string]map[string]coreEndpoint{
	"auth_providers":                {http.MethodGet: listProviders, http.MethodPost: configuration(createProvider)},
	"auth_providers/{id}":           {http.MethodGet: getProvider, http.MethodPut: configuration(updateProvider), http.MethodDelete: configuration(deleteProvider)},
	"auth_providers/authorize":      {http.MethodGet: listAuthorizeURLs, http.MethodPost: authorize},
	"auth_providers/{id}/authorize": {http.MethodGet: getAuthorizeURL, http.MethodPost: authorizeToken},
}

const (
	// typeDummy is an auth provider without anybody behind it, for tests: it
	// accepts dummyCode, as code and as access token, and signs one user in.
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
	MinLength int     `json:"min_length,omitempty"` // of passwords
	ClientID  *string `json:"client_id,omitempty"`  // of another one, whose secret is not shown
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

// maxSecretBytes is how long a client secret may be.
const maxSecretBytes = 1_000

// providerAttributes reads what a client may set of a provider of a type.
func providerAttributes(attributes object, kind string) func(*authrockettest.AuthProvider) {
	name, state := attributes.name("name"), attributes.oneOf("state", authrockettest.StateActive, authrockettest.StateInactive)
	var minLength *int
	var clientID, clientSecret *string
	switch kind {
	case authrockettest.TypePassword:
		if minLength = attributes.number("min_length"); minLength != nil && (*minLength < 1 || *minLength > maxPasswordBytes) {
			attributes.problem("Min length has to be from 1 to %d.", maxPasswordBytes)
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
		return coreAnswer{}, invalid("The realm has an auth provider of this type.")
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

// authorizeJSON is where a browser would log in at a provider. It has no object.
type authorizeJSON struct {
	AuthURL string `json:"auth_url"`
	ID      string `json:"id"`
	Type    string `json:"provider_type"`
}

// redirectURI is the one of a query, an absolute URL.
func (c *coreCall) redirectURI() (string, error) {
	given := c.query.Get("redirect_uri")
	if u, err := url.Parse(given); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" {
		return "", invalid("Redirect uri is not an absolute http or https URL.")
	}
	return given, nil
}

func (c *coreCall) showAuthorize(p authrockettest.AuthProvider, redirectURI string) authorizeJSON {
	return authorizeJSON{c.authorizeURL(p, redirectURI, c.query.Get("nonce")), p.ID, p.Type}
}

func isElsewhere(p authrockettest.AuthProvider) bool {
	return p.State == authrockettest.StateActive && slices.Contains(otherProviders, p.Type)
}

func listAuthorizeURLs(c *coreCall) (coreAnswer, error) {
	redirectURI, err := c.redirectURI()
	if err != nil {
		return coreAnswer{}, err
	}
	providers := slices.DeleteFunc(c.view.AuthProviders(), func(p authrockettest.AuthProvider) bool { return !isElsewhere(p) })
	page := authrockettest.Page[authrockettest.AuthProvider]{Items: providers}
	return okayWith(collectionOf(page, func(p authrockettest.AuthProvider) authorizeJSON { return c.showAuthorize(p, redirectURI) })), nil
}

func getAuthorizeURL(c *coreCall) (coreAnswer, error) {
	redirectURI, err := c.redirectURI()
	if err != nil {
		return coreAnswer{}, err
	}
	p, err := c.view.AuthProvider(c.id)
	if err != nil || !isElsewhere(p) {
		return coreAnswer{}, authrockettest.ErrNotFound
	}
	return okayWith(c.showAuthorize(p, redirectURI)), nil
}

const textAuthorize = "Error validating code."

// authorize takes the code with which a provider sends a browser back. Only that
// of the dummy one can be right here.
func authorize(c *coreCall) (coreAnswer, error) {
	var code, state, nonce string
	set(&code, c.body.text("code"))
	set(&state, c.body.text("state"))
	set(&nonce, c.body.text("nonce"))
	if err := c.body.err(); err != nil {
		return coreAnswer{}, err
	}
	started, ok := c.openState(state)
	if !ok || started.Nonce != nonce {
		return coreAnswer{}, invalid(textAuthorize)
	}
	p, err := c.realm.AuthProvider(started.ProviderID)
	if err != nil || !isElsewhere(p) {
		return coreAnswer{}, invalid(textAuthorize)
	}
	if p.Type != typeDummy || code != dummyCode {
		return coreAnswer{}, &retryable{invalid(textAuthorize), c.authorizeURL(p, started.RedirectURI, started.Nonce)}
	}
	return c.logInDummy(p)
}

// authorizeToken takes an access token of a provider.
func authorizeToken(c *coreCall) (coreAnswer, error) {
	var token string
	set(&token, c.body.text("access_token"))
	if err := c.body.err(); err != nil {
		return coreAnswer{}, err
	}
	p, err := c.realm.AuthProvider(c.id)
	if err != nil {
		return coreAnswer{}, err
	}
	if !isElsewhere(p) || p.Type != typeDummy || token != dummyCode {
		return coreAnswer{}, invalid("Error validating access token.")
	}
	return c.logInDummy(p)
}

// logInDummy signs in the user of the dummy provider, who is made at the first
// login.
func (c *coreCall) logInDummy(p authrockettest.AuthProvider) (coreAnswer, error) {
	c.server.changes.Lock()
	defer c.server.changes.Unlock()
	user, err := c.realm.UserByLogin(dummyEmail)
	if err != nil {
		if user, err = c.realm.CreateUser(authrockettest.User{Email: dummyEmail, FirstName: "Dummy"}); err != nil {
			return coreAnswer{}, err
		}
	}
	hasCredential := slices.ContainsFunc(c.realm.CredentialsOf(user.ID), func(has authrockettest.Credential) bool { return has.AuthProviderID == p.ID })
	if !hasCredential {
		credential := authrockettest.Credential{UserID: user.ID, Type: p.Type, AuthProviderID: p.ID, ProviderUserID: dummyEmail}
		if _, err := c.realm.CreateCredential(credential); err != nil {
			return coreAnswer{}, err
		}
	}
	l, err := c.server.startLogin(user)
	if err != nil {
		return coreAnswer{}, err
	}
	return c.showLogin(l)
}
