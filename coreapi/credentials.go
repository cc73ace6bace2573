package coreapi

import (
	"context"
	"time"

	"github.com/authrocket-go/authrocket/internal/wire"
)

// CredentialType is how a credential logs a user in. Values that this package does not know
// stay as they are.
type CredentialType string

// Types of credentials.
const (
	CredentialFacebook CredentialType = "facebook"
	CredentialGitHub   CredentialType = "github"
	CredentialGoogle   CredentialType = "google"
	CredentialLinkedIn CredentialType = "linkedin"
	CredentialOAuth2   CredentialType = "oauth2"
	CredentialPassword CredentialType = "password"
	CredentialSlack    CredentialType = "slack"
	CredentialTOTP     CredentialType = "totp"
	CredentialYahoo    CredentialType = "yahoo"
)

// CredentialState is the state of a TOTP credential.
type CredentialState string

// States of a TOTP credential.
const (
	CredentialNew    CredentialState = "new" // until [Credentials.Verify]
	CredentialActive CredentialState = "active"
)

// Credential is what a user logs in with.
type Credential struct {
	record
	ID             string          `json:"id"`
	UserID         string          `json:"user_id"`
	Type           CredentialType  `json:"credential_type"`
	AuthProviderID string          `json:"auth_provider_id"`
	ClientAppID    string          `json:"client_app_id"`
	Name           string          `json:"name"` // of the device, of type totp
	State          CredentialState `json:"state"`
	ProviderUserID string          `json:"provider_user_id"`
	TokenExpiresAt time.Time       `json:"token_expires_at"`

	secret, uri, svg, accessToken Secret
}

// Secret returns the secret of a TOTP credential while it is new.
func (c Credential) Secret() Secret { return c.secret }

// ProvisioningURI returns the otpauth URI of a TOTP credential while it is new.
func (c Credential) ProvisioningURI() Secret { return c.uri }

// ProvisioningSVG returns the QR code of a TOTP credential while it is new.
func (c Credential) ProvisioningSVG() Secret { return c.svg }

// AccessToken returns the token of the provider of a social login, if the answer has it.
func (c Credential) AccessToken() Secret { return c.accessToken }

func (c Credential) identity() string { return c.ID }

// UnmarshalJSON reads a credential as AuthRocket sends it.
func (c *Credential) UnmarshalJSON(data []byte) (err error) {
	type plain Credential
	*c = Credential{}
	fields := struct {
		*plain
		Secret         string    `json:"otp_secret"`
		URI            string    `json:"provisioning_uri"`
		SVG            string    `json:"provisioning_svg"`
		AccessToken    string    `json:"access_token"`
		TokenExpiresAt wire.Time `json:"token_expires_at"`
	}{plain: (*plain)(c)}
	c.record, err = decodeRecord(data, &fields)
	c.secret, c.uri, c.svg, c.accessToken = Hide(fields.Secret), Hide(fields.URI), Hide(fields.SVG), Hide(fields.AccessToken)
	c.TokenExpiresAt = time.Time(fields.TokenExpiresAt)
	return err
}

// NewCredential is a credential to create. Zero fields are not sent.
type NewCredential struct {
	UserID         string         `json:"user_id"`
	Type           CredentialType `json:"credential_type"`
	AuthProviderID string         `json:"auth_provider_id"`
	Name           string         `json:"name"` // of the device, of type totp
	Password       Secret         `json:"password"`
	ProviderUserID string         `json:"provider_user_id"`
	AccessToken    Secret         `json:"access_token"`
	TokenExpiresAt time.Time      `json:"token_expires_at"`
	Extra          map[string]any `json:"-"` // further attributes, as they are
}

// Credentials are what users log in with. A [User] lists them.
type Credentials struct{ scope handle }

// Get returns a credential.
func (c Credentials) Get(ctx context.Context, id string) (Credential, error) {
	return get[Credential](ctx, c.scope.open(), to("/credentials/{id}", id), nil)
}

// Create makes a credential of any type.
func (c Credentials) Create(ctx context.Context, credential NewCredential) (Credential, error) {
	return do[Credential](ctx, c.scope.post(to("/credentials"), "credential", credential))
}

// CreateTOTP makes a second factor for a user. Show its ProvisioningSVG or ProvisioningURI,
// and give the code that the user's app then shows to [Credentials.Verify]; until then the
// user logs in without. providerID is that of the realm's TOTP provider, which has to be
// active: see [AuthProviders.Get]. name is that of the device.
func (c Credentials) CreateTOTP(ctx context.Context, userID, providerID, name string) (Credential, error) {
	return c.Create(ctx, NewCredential{UserID: userID, Type: CredentialTOTP, AuthProviderID: providerID, Name: name})
}

// Verify makes a TOTP credential active. [ErrInvalid] if the code is wrong.
func (c Credentials) Verify(ctx context.Context, id, code string) (Credential, error) {
	return do[Credential](ctx, c.scope.post(to("/credentials/{id}/verify", id), "credential", struct {
		Code string `json:"code"`
	}{code}))
}

// UpdatePassword sets the password of a credential of type password.
func (c Credentials) UpdatePassword(ctx context.Context, id string, password Secret) (Credential, error) {
	return do[Credential](ctx, c.scope.put(to("/credentials/{id}", id), "credential", struct {
		Password *Secret `json:"password" wire:"required"`
	}{&password}))
}

// Delete deletes a credential: the user cannot log in with it any more.
func (c Credentials) Delete(ctx context.Context, id string) error {
	return c.scope.delete(to("/credentials/{id}", id), nil).run(ctx)
}
