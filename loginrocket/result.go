package loginrocket

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/authrocket-go/authrocket/coreapi"
	"github.com/authrocket-go/authrocket/internal/wire"
)

// Result is what a login comes to: a full login, with a login token, or one on conditions.
// Printing it shows neither the token nor the session ID.
type Result struct {
	Account    string      // the ID of the org, "" for none
	Conditions []Condition // of a login that is not complete

	session coreapi.Secret
	token   wire.Sealed // empty unless the login is full
	raw     wire.Sealed
}

// Condition is what a login still needs. There are others than the constants here.
type Condition string

// Conditions.
const (
	NoAccountSelected   Condition = "no_account_selected"   // call [Client.Session] with an account
	MustCompleteProfile Condition = "must_complete_profile" // call [Client.UpdateProfile]
)

// Token returns the login token (JWT), and true, of a full login. It is not verified: that
// is for [authrocket.Auth.Verify] of the server that it is sent to. It is a credential.
//
// [authrocket.Auth.Verify]: https://pkg.go.dev/github.com/authrocket-go/authrocket#Auth.Verify
func (r Result) Token() (string, bool) { return r.token.Open(), !r.token.IsZero() }

// SessionID returns the session, for the further calls. Keep it as you would a password,
// in a keyring for instance: it is good for new tokens until the session ends.
func (r Result) SessionID() coreapi.Secret { return r.session }

// Err returns nil for a full login, else an [ErrConditions] that lists the conditions.
func (r Result) Err() error {
	if !r.token.IsZero() {
		return nil
	}
	names := make([]string, len(r.Conditions))
	for i, condition := range r.Conditions {
		names[i] = string(condition)
	}
	if len(names) == 0 {
		return fmt.Errorf("loginrocket: %w", ErrConditions)
	}
	return fmt.Errorf("loginrocket: %w: %s", ErrConditions, strings.Join(names, ", "))
}

// Decode stores all that came into v, as [json.Unmarshal] does: for members that this
// package does not know. They may hold credentials.
func (r Result) Decode(v any) error {
	if r.raw.IsZero() {
		return nil
	}
	return json.Unmarshal([]byte(r.raw.Open()), v)
}
