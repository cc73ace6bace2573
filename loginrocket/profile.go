package loginrocket

import (
	"context"
	"net/http"

	"github.com/authrocket-go/authrocket/coreapi"
)

// ProfileChange says what to change. A nil field stays unchanged. A pointer to "" clears
// the field, except for Email, which cannot be cleared.
type ProfileChange struct {
	Email     *string
	FirstName *string
	LastName  *string
	Username  *string
	Locale    *string
	Extra     map[string]any // further parameters, sent unchanged
}

// UpdateProfile changes the profile of a session's user, and returns a login with a new
// token. The call is not repeated, because AuthRocket sends an email to each new email
// address.
func (c *Client) UpdateProfile(ctx context.Context, session coreapi.Secret, change ProfileChange) (Result, error) {
	return c.login(ctx, withBody(http.MethodPut, "/profile", struct {
		Session   coreapi.Secret `json:"session"`
		Email     *string        `json:"email" wire:"required"`
		FirstName *string        `json:"first_name"`
		LastName  *string        `json:"last_name"`
		Username  *string        `json:"username"`
		Locale    *string        `json:"locale"`
		Extra     map[string]any
	}{session, change.Email, change.FirstName, change.LastName, change.Username, change.Locale, change.Extra}).of(session))
}
