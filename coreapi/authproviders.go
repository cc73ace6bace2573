package coreapi

import (
	"context"
	"encoding/json"
	"net/url"
)

// AuthProvider is a way to log in: passwords, TOTP, or a provider such as Google.
type AuthProvider struct {
	record
	ID        string `json:"id"`
	RealmID   string `json:"realm_id"`
	Name      string `json:"name"`
	Type      string `json:"provider_type"` // password, totp, facebook, ...
	State     string `json:"state"`
	MinLength int    `json:"min_length"` // the minimum length of passwords
}

func (p AuthProvider) identity() string { return p.ID }

// UnmarshalJSON reads an auth provider as AuthRocket sends it.
func (p *AuthProvider) UnmarshalJSON(data []byte) (err error) {
	type plain AuthProvider
	*p = AuthProvider{}
	fields := struct{ *plain }{(*plain)(p)}
	p.record, err = decodeRecord(data, &fields)
	return err
}

// AuthorizeURL is the URL at which a login provider logs a user in. Redirect the browser
// to it. The URL is valid for 30 minutes.
type AuthorizeURL struct {
	ProviderID   string
	ProviderType string
	URL          string
}

func (u AuthorizeURL) identity() string { return u.URL }

// UnmarshalJSON reads the URL as AuthRocket sends it.
func (u *AuthorizeURL) UnmarshalJSON(data []byte) error {
	var fields struct {
		ID   string `json:"id"`
		Type string `json:"provider_type"`
		URL  string `json:"auth_url"`
	}
	if err := json.Unmarshal(data, &fields); err != nil {
		return decodeError(err)
	}
	*u = AuthorizeURL{fields.ID, fields.Type, fields.URL}
	return nil
}

func (AuthorizeURL) isRecord() {}

// AuthProviders reads login providers and logs users in with them. Use [Get], [Each] and
// [Send] to configure providers.
type AuthProviders struct{ scope handle }

// Get returns a provider by its ID or by its type, for example totp.
func (p AuthProviders) Get(ctx context.Context, idOrType string) (AuthProvider, error) {
	return get[AuthProvider](ctx, p.scope.open(), to("/auth_providers/{id}", idOrType), nil)
}

// AuthorizeURLs returns an [AuthorizeURL] for each login provider. The provider sends the
// user back to redirectURI. Pass a random value from the user's session as nonce, and
// pass the same value to [AuthProviders.Authorize].
func (p AuthProviders) AuthorizeURLs(ctx context.Context, redirectURI, nonce string) ([]AuthorizeURL, error) {
	var urls []AuthorizeURL
	for u, err := range each[AuthorizeURL](ctx, p.scope.open(), to("/auth_providers/authorize"), authorizeQuery(redirectURI, nonce)) {
		if err != nil {
			return nil, err
		}
		urls = append(urls, u)
	}
	return urls, nil
}

// AuthorizeURL returns the [AuthorizeURL] of one provider. See
// [AuthProviders.AuthorizeURLs].
func (p AuthProviders) AuthorizeURL(ctx context.Context, idOrType, redirectURI, nonce string) (AuthorizeURL, error) {
	return get[AuthorizeURL](ctx, p.scope.open(), to("/auth_providers/{id}/authorize", idOrType), authorizeQuery(redirectURI, nonce))
}

func authorizeQuery(redirectURI, nonce string) url.Values {
	query := url.Values{"redirect_uri": {redirectURI}}
	if nonce != "" {
		query.Set("nonce", nonce)
	}
	return query
}

// Authorize logs a user in with the code and the state that a provider sent back. If
// AuthRocket refuses the login, Authorize returns [ErrLoginRefused]. Call
// [Error.Metadata] with "retry_url" to get the URL at which the user can try again.
func (p AuthProviders) Authorize(ctx context.Context, code Secret, state, nonce string) (Login, error) {
	w := p.scope.post(to("/auth_providers/authorize"), "", struct {
		Code  Secret `json:"code"`
		State string `json:"state"`
		Nonce string `json:"nonce"`
	}{code, state, nonce})
	w.call.login = true
	return do[Login](ctx, w)
}

// AuthorizeToken logs a user in with an access token of a provider. If AuthRocket refuses
// the login, AuthorizeToken returns [ErrLoginRefused].
func (p AuthProviders) AuthorizeToken(ctx context.Context, idOrType string, accessToken Secret) (Login, error) {
	w := p.scope.post(to("/auth_providers/{id}/authorize", idOrType), "", struct {
		AccessToken Secret `json:"access_token"`
	}{accessToken})
	w.call.login = true
	return do[Login](ctx, w)
}
