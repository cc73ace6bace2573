package coreapi

import (
	"context"
	"iter"
	"net/url"
	"time"

	"github.com/authrocket-go/authrocket/internal/wire"
)

// UserState says whether a user can log in. This package keeps unknown states unchanged.
type UserState string

// States of a user.
const (
	UserActive   UserState = "active"
	UserInactive UserState = "inactive"
)

// EmailVerification is the state of the verification of an email address.
type EmailVerification string

// Values of EmailVerification.
const (
	EmailNone      EmailVerification = "none"
	EmailRequested EmailVerification = "requested"
	EmailVerified  EmailVerification = "verified"
)

// User is a user of the realm.
type User struct {
	record
	ID                string            `json:"id"`
	RealmID           string            `json:"realm_id"`
	State             UserState         `json:"state"`
	Email             string            `json:"email"` // in lower case
	EmailPending      string            `json:"email_pending"`
	EmailVerification EmailVerification `json:"email_verification"`
	FirstName         string            `json:"first_name"`
	LastName          string            `json:"last_name"`
	Name              string            `json:"name"`
	Username          string            `json:"username"`
	Locale            string            `json:"locale"`
	Reference         string            `json:"reference"` // your own ID for the user
	Custom            map[string]any    `json:"custom"`    // nil if the answer does not contain it
	Credentials       []Credential      `json:"credentials"`
	Memberships       []Membership      `json:"memberships"`
	CreatedAt         time.Time         `json:"created_at"`
	LastLoginAt       time.Time         `json:"last_login_at"` // zero if the user has never logged in
}

func (u User) identity() string { return u.ID }

// UnmarshalJSON decodes a user that AuthRocket sent.
func (u *User) UnmarshalJSON(data []byte) (err error) {
	type plain User
	*u = User{}
	fields := struct {
		*plain
		CreatedAt   wire.Time `json:"created_at"`
		LastLoginAt wire.Time `json:"last_login_at"`
	}{plain: (*plain)(u)}
	u.record, err = decodeRecord(data, &fields)
	u.CreatedAt, u.LastLoginAt = time.Time(fields.CreatedAt), time.Time(fields.LastLoginAt)
	return err
}

// NewUser describes a user to create. Zero fields are not sent.
type NewUser struct {
	Email             string            `json:"email"`
	Password          Secret            `json:"password"`
	State             UserState         `json:"state"`
	EmailVerification EmailVerification `json:"email_verification"`
	FirstName         string            `json:"first_name"`
	LastName          string            `json:"last_name"`
	Username          string            `json:"username"`
	Locale            string            `json:"locale"`
	Reference         string            `json:"reference"` // your own ID for the user
	Custom            map[string]any    `json:"custom"`
	Extra             map[string]any    `json:"-"` // further attributes, sent unchanged
}

// UserChange says what to change. A nil field stays unchanged. A pointer to the zero
// value clears the field, except for State, Email and Password, which cannot be cleared:
//
//	coreapi.UserChange{FirstName: new("Ada"), Reference: new("")}
type UserChange struct {
	Email             *string            `json:"email" wire:"required"`
	EmailPending      *string            `json:"email_pending"` // AuthRocket asks the user to confirm the new address
	EmailVerification *EmailVerification `json:"email_verification"`
	State             *UserState         `json:"state" wire:"required"`
	FirstName         *string            `json:"first_name"`
	LastName          *string            `json:"last_name"`
	Username          *string            `json:"username"`
	Locale            *string            `json:"locale"`
	Reference         *string            `json:"reference"`
	Password          *Secret            `json:"password" wire:"required"`
	Custom            map[string]any     `json:"custom"` // nil means no change
	Extra             map[string]any     `json:"-"`      // further attributes, sent unchanged
}

// UserQuery selects users. The zero value selects all of them.
type UserQuery struct {
	After        string // Page.After of the previous page
	PageSize     int    // 1 to 1,000. Default: AuthRocket's default, 100
	Sort         string
	Direction    Direction
	ExpandCustom bool       // without it, AuthRocket leaves Custom out of lists
	Extra        url.Values // further parameters, sent unchanged
}

func (q UserQuery) list() listQuery {
	return listQuery{after: q.After, pageSize: q.PageSize, sort: q.Sort, direction: q.Direction, expand: expandCustom(q.ExpandCustom), extra: q.Extra}
}

func expandCustom(expand bool) string {
	if expand {
		return "custom"
	}
	return ""
}

// Users manages the users of the realm. The id of a user may be an ID, an email address
// or a username.
type Users struct{ scope handle }

// Get returns a user.
func (u Users) Get(ctx context.Context, id string) (User, error) {
	return get[User](ctx, u.scope.open(), to("/users/{id}", id), nil)
}

// List returns one page of users.
func (u Users) List(ctx context.Context, q UserQuery) (Page[User], error) {
	return listOf[User](ctx, u.scope.open(), to("/users"), q.list())
}

// All yields all users. It reads one page at a time and stops when the loop ends. If a
// read fails, it yields the error and stops.
func (u Users) All(ctx context.Context, q UserQuery) iter.Seq2[User, error] {
	return allOf[User](ctx, u.scope.open(), to("/users"), q.list())
}

// Create creates a user. Call it through [Once], so that a lost answer does not lead to
// "Email is already in use". Let find call Get with the email address, and return
// [ErrNotFound] if the user does not have the Reference that you set.
func (u Users) Create(ctx context.Context, user NewUser) (User, error) {
	return do[User](ctx, u.scope.post(to("/users"), "user", user))
}

// Update changes a user.
func (u Users) Update(ctx context.Context, id string, change UserChange) (User, error) {
	return do[User](ctx, u.scope.put(to("/users/{id}", id), "user", change))
}

// Delete deletes a user with all memberships and sessions.
func (u Users) Delete(ctx context.Context, id string) error {
	return u.scope.delete(to("/users/{id}", id), nil).run(ctx)
}

// ProfileChange says what to change, in the same way as [UserChange].
type ProfileChange struct {
	Email     *string        `json:"email" wire:"required"`
	FirstName *string        `json:"first_name"`
	LastName  *string        `json:"last_name"`
	Username  *string        `json:"username"`
	Password  *Secret        `json:"password" wire:"required"`
	Extra     map[string]any `json:"-"` // further attributes, sent unchanged
}

// UpdateProfile makes a change that the user requested. AuthRocket records it as a
// profile change in its events.
func (u Users) UpdateProfile(ctx context.Context, id string, change ProfileChange) (User, error) {
	return do[User](ctx, u.scope.put(to("/users/{id}/profile", id), "user", change))
}

// PasswordChange describes a password change that the user requested.
type PasswordChange struct {
	Current      Secret
	New          Secret
	KeepSessions string         // default: all sessions stay active. See AuthRocket's documentation for other values
	Extra        map[string]any // further attributes, sent unchanged
}

// UpdatePassword changes the password of a user who knows the current one. If the current
// password is wrong, it returns [ErrInvalid]. If the answer is lost, it returns
// [ErrOutcomeUnknown]. It does not repeat the call, because the current password may
// already have changed.
func (u Users) UpdatePassword(ctx context.Context, id string, change PasswordChange) (User, error) {
	w := u.scope.put(to("/users/{id}/update_password", id), "user", struct {
		Current      Secret `json:"current_password"`
		New          Secret `json:"password"`
		Confirmation Secret `json:"password_confirmation"`
		KeepSessions string `json:"keep_sessions"`
		Extra        map[string]any
	}{change.Current, change.New, change.New, change.KeepSessions, change.Extra})
	w.call.once = true
	return do[User](ctx, w)
}

// RequestEmailVerification returns a token for [Users.VerifyEmail]. AuthRocket may also
// send an email.
func (u Users) RequestEmailVerification(ctx context.Context, id string) (Token, error) {
	return do[Token](ctx, u.scope.post(to("/users/{id}/request_email_verification", id), "", nil))
}

// VerifyEmail marks the email address of a user as verified, with the token from an email.
func (u Users) VerifyEmail(ctx context.Context, token Secret) (User, error) {
	return do[User](ctx, u.scope.post(to("/users/verify_email"), "user", tokenAttribute{token}))
}

// AcceptInvitation accepts an invitation for a user with the token of the invitation. The
// user's email address may differ from the one to which the invitation was sent.
func (u Users) AcceptInvitation(ctx context.Context, id string, token Secret) (User, error) {
	return do[User](ctx, u.scope.post(to("/users/{id}/accept_invitation", id), "user", tokenAttribute{token}))
}

type tokenAttribute struct {
	Token Secret `json:"token"`
}
