package loginrocket

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/authrocket-go/authrocket/coreapi"
	"github.com/authrocket-go/authrocket/internal/wire"
)

// Result is the result of a login: a full login with a login token, or an incomplete login
// with conditions. Printing a Result shows neither the token nor the session ID.
type Result struct {
	Account    string      // the ID of the org, "" if there is none
	Conditions []Condition // what an incomplete login still needs

	session coreapi.Secret
	token   wire.Sealed // empty unless the login is full
	raw     wire.Sealed
}

// Condition is what a login still needs. AuthRocket may send values other than the
// constants below.
type Condition string

// Conditions.
const (
	NoAccountSelected   Condition = "no_account_selected"   // call [Client.Session] with an account
	MustCompleteProfile Condition = "must_complete_profile" // call [Client.UpdateProfile]
)

// Token returns the login token (JWT) and true if the login is full. The token is a
// credential. This package does not verify it; the server that receives it must do that,
// with [authrocket.Auth.Verify].
//
// [authrocket.Auth.Verify]:
// https://pkg.go.dev/github.com/authrocket-go/authrocket#Auth.Verify
func (r Result) Token() (string, bool) { return r.token.Open(), !r.token.IsZero() }

// SessionID returns the session for further calls. Protect it like a password, for example
// in a keyring, because anyone who has it can get new tokens until the session ends.
func (r Result) SessionID() coreapi.Secret { return r.session }

// Err returns nil for a full login, or an [ErrConditions] that lists the conditions.
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

// Decode stores the complete JSON of the answer in v, as [json.Unmarshal] does. Use it for
// members that Result lacks. They may contain credentials.
func (r Result) Decode(v any) error {
	if r.raw.IsZero() {
		return nil
	}
	return json.Unmarshal([]byte(r.raw.Open()), v)
}
