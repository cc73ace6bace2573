package loginrocket

import (
	"context"
	"net/http"

	"github.com/authrocket-go/authrocket/coreapi"
)

// ProfileChange is what users change of themselves. Nil leaves alone; a pointer to "" clears,
// except Email, which cannot be cleared.
type ProfileChange struct {
	Email     *string
	FirstName *string
	LastName  *string
	Username  *string
	Locale    *string
	Extra     map[string]any // further parameters, as they are
}

// UpdateProfile changes the profile of a session's user, and returns a login with a new
// token. It is not repeated: a new email address means a mail.
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
