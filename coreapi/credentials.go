package coreapi

import (
	"context"
	"time"

	"github.com/authrocket-go/authrocket/internal/wire"
)

// CredentialType says how a credential logs a user in. This package keeps unknown types
// unchanged.
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
	CredentialNew    CredentialState = "new" // until [Credentials.Verify] makes it active
	CredentialActive CredentialState = "active"
)

// Credential is what a user logs in with: a password, a TOTP app, or an account at a
// provider.
type Credential struct {
	record
	ID             string          `json:"id"`
	UserID         string          `json:"user_id"`
	Type           CredentialType  `json:"credential_type"`
	AuthProviderID string          `json:"auth_provider_id"`
	ClientAppID    string          `json:"client_app_id"`
	Name           string          `json:"name"` // the name of the device, for type totp
	State          CredentialState `json:"state"`
	ProviderUserID string          `json:"provider_user_id"`
	TokenExpiresAt time.Time       `json:"token_expires_at"`

	secret, uri, svg, accessToken Secret
}

// Secret returns the secret of a TOTP credential in the state [CredentialNew].
func (c Credential) Secret() Secret { return c.secret }

// ProvisioningURI returns the otpauth URI of a TOTP credential in the state
// [CredentialNew].
func (c Credential) ProvisioningURI() Secret { return c.uri }

// ProvisioningSVG returns the QR code of a TOTP credential in the state [CredentialNew].
func (c Credential) ProvisioningSVG() Secret { return c.svg }

// AccessToken returns the access token that a provider such as Google issued. It is empty
// if the answer contains no access token.
func (c Credential) AccessToken() Secret { return c.accessToken }

func (c Credential) identity() string { return c.ID }

// UnmarshalJSON decodes a credential that AuthRocket sent.
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

// NewCredential describes a credential to create. Zero fields are not sent.
type NewCredential struct {
	UserID         string         `json:"user_id"`
	Type           CredentialType `json:"credential_type"`
	AuthProviderID string         `json:"auth_provider_id"`
	Name           string         `json:"name"` // the name of the device, for type totp
	Password       Secret         `json:"password"`
	ProviderUserID string         `json:"provider_user_id"`
	AccessToken    Secret         `json:"access_token"`
	TokenExpiresAt time.Time      `json:"token_expires_at"`
	Extra          map[string]any `json:"-"` // further attributes, sent unchanged
}

// Credentials manages credentials. The Credentials field of a [User] lists the user's
// credentials.
type Credentials struct{ scope handle }

// Get returns a credential.
func (c Credentials) Get(ctx context.Context, id string) (Credential, error) {
	return get[Credential](ctx, c.scope.open(), to("/credentials/{id}", id), nil)
}

// Create creates a credential of any type.
func (c Credentials) Create(ctx context.Context, credential NewCredential) (Credential, error) {
	return do[Credential](ctx, c.scope.post(to("/credentials"), "credential", credential))
}

// CreateTOTP creates a second factor for a user. Show its ProvisioningSVG or
// ProvisioningURI to the user. Then call [Credentials.Verify] with the code that the
// user's app shows. Until then, the user can log in without a code. providerID is the ID
// of the realm's TOTP provider, which must be active; see [AuthProviders.Get]. name is
// the name of the user's device.
func (c Credentials) CreateTOTP(ctx context.Context, userID, providerID, name string) (Credential, error) {
	return c.Create(ctx, NewCredential{UserID: userID, Type: CredentialTOTP, AuthProviderID: providerID, Name: name})
}

// Verify makes a TOTP credential active. If the code is wrong, it returns [ErrInvalid].
func (c Credentials) Verify(ctx context.Context, id, code string) (Credential, error) {
	return do[Credential](ctx, c.scope.post(to("/credentials/{id}/verify", id), "credential", struct {
		Code string `json:"code"`
	}{code}))
}

// UpdatePassword sets the password of a credential of the type password.
func (c Credentials) UpdatePassword(ctx context.Context, id string, password Secret) (Credential, error) {
	return do[Credential](ctx, c.scope.put(to("/credentials/{id}", id), "credential", struct {
		Password *Secret `json:"password" wire:"required"`
	}{&password}))
}

// Delete deletes a credential. The user can no longer log in with it.
func (c Credentials) Delete(ctx context.Context, id string) error {
	return c.scope.delete(to("/credentials/{id}", id), nil).run(ctx)
}
