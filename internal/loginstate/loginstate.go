// Package loginstate is the note that a browser keeps, in a cookie, of a login
// that it started: an unguessable value and where its user wanted to go.
package loginstate

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"strconv"
	"strings"
	"time"
)

// Lifetime is how long a started login may take.
const Lifetime = 15 * time.Minute

// State is one started login.
type State struct {
	Value   string // in the cookie and in redirect_uri; they have to agree
	Started time.Time
	Target  string // path and query to return to
}

// New returns the State of a login that starts now.
func New(target string) State {
	return State{Value: rand.Text(), Started: time.Now().Truncate(time.Second), Target: target}
}

// idLength is how much of Value names the cookie, so that logins in several
// tabs do not overwrite each other's. What is left is 90 bits.
const idLength = 8

// ID is the part of Value that names the cookie of the State.
func (s State) ID() string { return s.Value[:idLength] }

// Matches reports whether value is that of s, and s was started within Lifetime
// before now.
func (s State) Matches(value string, now time.Time) bool {
	return subtle.ConstantTimeCompare([]byte(s.Value), []byte(value)) == 1 && s.IsAlive(now)
}

// IsAlive reports whether s was started within Lifetime before now.
func (s State) IsAlive(now time.Time) bool {
	age := now.Sub(s.Started)
	return age >= 0 && age <= Lifetime
}

// Encode returns s as the value of a cookie.
func (s State) Encode() string {
	return s.Value + "." + strconv.FormatInt(s.Started.Unix(), 10) + "." + base64.RawURLEncoding.EncodeToString([]byte(s.Target))
}

// Decode reads what Encode wrote. A cookie can be anybody's: Target is to be
// checked like any other input.
func Decode(text string) (State, bool) {
	value, rest, ok := strings.Cut(text, ".")
	if !ok || len(value) <= idLength {
		return State{}, false
	}
	started, target, ok := strings.Cut(rest, ".")
	if !ok {
		return State{}, false
	}
	seconds, err := strconv.ParseInt(started, 10, 64)
	if err != nil {
		return State{}, false
	}
	decoded, err := base64.RawURLEncoding.DecodeString(target)
	if err != nil {
		return State{}, false
	}
	return State{Value: value, Started: time.Unix(seconds, 0), Target: string(decoded)}, true
}
