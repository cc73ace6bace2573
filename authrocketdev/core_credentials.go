package authrocketdev

import (
	"net/http"

	"github.com/authrocket-go/authrocket/authrockettest"
)

var credentialEndpoints = map[string]map[string]coreEndpoint{
	"credentials":             {http.MethodPost: createCredential},
	"credentials/{id}":        {http.MethodGet: getCredential, http.MethodPut: updateCredential, http.MethodDelete: deleteCredential},
	"credentials/{id}/verify": {http.MethodPost: verifyCredential},
}

type credentialJSON struct {
	Object          string  `json:"object"`
	ID              string  `json:"id"`
	UserID          string  `json:"user_id"`
	Type            string  `json:"credential_type"`
	AuthProviderID  *string `json:"auth_provider_id"`
	Name            *string `json:"name,omitempty"`
	State           *string `json:"state,omitempty"`
	ProviderUserID  *string `json:"provider_user_id,omitempty"`
	OTPSecret       string  `json:"otp_secret,omitempty"`
	ProvisioningURI string  `json:"provisioning_uri,omitempty"`
	ProvisioningSVG string  `json:"provisioning_svg,omitempty"`
}

func (c *coreCall) showCredential(credential authrockettest.Credential) credentialJSON {
	return credentialJSON{
		Object: "credential", ID: credential.ID, UserID: credential.UserID, Type: credential.Type,
		AuthProviderID: orNull(credential.AuthProviderID), Name: orNull(credential.Name), State: orNull(credential.State),
		ProviderUserID: orNull(credential.ProviderUserID),
	}
}

// showProvisioning is like showCredential. While the credential is new, it also shows
// the secret that a device needs. Only keys that may write get the secret, because it
// creates valid codes.
func (c *coreCall) showProvisioning(credential authrockettest.Credential) credentialJSON {
	shown := c.showCredential(credential)
	if c.mayWrite && credential.Secret() != "" {
		shown.OTPSecret, shown.ProvisioningURI = credential.Secret(), c.server.provisioningURI(credential)
		shown.ProvisioningSVG = provisioningSVG(shown.ProvisioningURI)
	}
	return shown
}

func getCredential(c *coreCall) (coreAnswer, error) {
	credential, err := c.view.Credential(c.id)
	return okayWith(c.showProvisioning(credential)), err
}

func createCredential(c *coreCall) (coreAnswer, error) {
	attributes := c.body.root("credential", "user_id", "credential_type")
	userID, kind := attributes.text("user_id"), attributes.text("credential_type")
	if len(*attributes.problems) > 0 { // the type decides which other attributes are allowed
		return coreAnswer{}, invalid(*attributes.problems...)
	}
	create := c.createOther
	switch *kind {
	case authrockettest.TypePassword:
		create = c.createPassword
	case authrockettest.TypeTOTP:
		create = c.createTOTP
	}
	credential, err := create(attributes, *userID, *kind)
	if err != nil {
		return coreAnswer{}, err
	}
	return createdAs(c.showProvisioning(credential)), nil
}

func (c *coreCall) createPassword(attributes object, userID, _ string) (authrockettest.Credential, error) {
	password := c.newPassword(attributes)
	if password == "" {
		attributes.problem("Password is missing.")
	}
	if err := c.body.err(attributes); err != nil {
		return authrockettest.Credential{}, err
	}
	user, err := c.realm.User(userID)
	if err != nil {
		return authrockettest.Credential{}, c.exist(userID, "")
	}
	for _, credential := range c.realm.CredentialsOf(userID) {
		if credential.Type == authrockettest.TypePassword {
			return credential, invalid("The user already has a password.")
		}
	}
	if err := c.setPassword(user, password); err != nil {
		return authrockettest.Credential{}, err
	}
	for _, credential := range c.realm.CredentialsOf(userID) {
		if credential.Type == authrockettest.TypePassword {
			return credential, nil
		}
	}
	return authrockettest.Credential{}, authrockettest.ErrNotFound // it was deleted in the meantime
}

// provider reads the attribute auth_provider_id, which is optional.
func (c *coreCall) provider(attributes object, kind string) (id string) {
	if set(&id, attributes.text("auth_provider_id")); id != "" {
		if p, err := c.realm.AuthProvider(id); err != nil || p.ID != id || p.Type != kind {
			attributes.problem("Auth provider id is not the ID of an auth provider of this type.")
		}
	}
	return id
}

func (c *coreCall) createTOTP(attributes object, userID, kind string) (authrockettest.Credential, error) {
	c.provider(attributes, kind)
	var name string
	set(&name, attributes.name("name"))
	if name == "" {
		attributes.problem("Name is missing.")
	}
	if err := c.body.err(attributes); err != nil {
		return authrockettest.Credential{}, err
	}
	if err := c.exist(userID, ""); err != nil {
		return authrockettest.Credential{}, err
	}
	return c.server.enrol(userID, name)
}

// createOther adds a credential for the user's account at another auth provider. It
// does not store the tokens of that account.
func (c *coreCall) createOther(attributes object, userID, kind string) (authrockettest.Credential, error) {
	credential := authrockettest.Credential{UserID: userID, Type: kind, AuthProviderID: c.provider(attributes, kind)}
	set(&credential.ProviderUserID, attributes.name("provider_user_id"))
	attributes.text("access_token")
	attributes.time("token_expires_at")
	if err := c.body.err(attributes); err != nil {
		return credential, err
	}
	if err := c.exist(userID, ""); err != nil {
		return credential, err
	}
	return c.realm.CreateCredential(credential)
}

func updateCredential(c *coreCall) (coreAnswer, error) {
	attributes := c.body.root("credential")
	name, password := attributes.name("name"), c.newPassword(attributes)
	if name != nil && *name == "" {
		attributes.problem("Name is missing.")
	}
	if err := c.body.err(attributes); err != nil {
		return coreAnswer{}, err
	}
	credential, err := c.realm.Credential(c.id)
	if err != nil {
		return coreAnswer{}, err
	}
	if password != "" {
		user, err := c.realm.User(credential.UserID)
		if err != nil {
			return coreAnswer{}, err
		}
		if credential.Type != authrockettest.TypePassword {
			return coreAnswer{}, invalid("This credential has no password.")
		}
		if err := c.setPassword(user, password); err != nil {
			return coreAnswer{}, err
		}
	}
	if name != nil {
		if credential, err = c.realm.UpdateCredential(c.id, *name, ""); err != nil {
			return coreAnswer{}, err
		}
	}
	return okayWith(c.showProvisioning(credential)), nil
}

func deleteCredential(c *coreCall) (coreAnswer, error) {
	if err := c.body.err(); err != nil {
		return coreAnswer{}, err
	}
	return noContent, c.realm.DeleteCredential(c.id)
}

// verifyCredential makes a device active if its first code is valid.
func verifyCredential(c *coreCall) (coreAnswer, error) {
	attributes := c.body.root("credential", "code")
	code := attributes.text("code")
	if err := c.body.err(attributes); err != nil {
		return coreAnswer{}, err
	}
	credential, err := c.realm.Credential(c.id)
	if err != nil {
		return coreAnswer{}, err
	}
	if credential.Type != authrockettest.TypeTOTP {
		return coreAnswer{}, errVerification
	}
	if err := c.server.activate(credential, *code); err != nil {
		return coreAnswer{}, err
	}
	credential, err = c.realm.Credential(c.id)
	return okayWith(c.showCredential(credential)), err
}
