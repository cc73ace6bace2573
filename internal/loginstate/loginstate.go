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

// maxAhead is how far the clock of the server that started a login may be ahead
// of the one that it comes back to.
const maxAhead = 5 * time.Second

// MaxAttempt is the largest Attempt of a State.
const MaxAttempt = 9

// State is one started login.
type State struct {
	Value   string // unguessable
	Attempt int    // 1, or more for one that follows a login that was in vain
	Started time.Time
	Target  string // path and query to return to
}

// New returns the State of a login that starts now.
func New(attempt int, target string) State {
	return State{
		Value:   rand.Text(),
		Attempt: min(max(attempt, 1), MaxAttempt),
		Started: time.Now().Truncate(time.Second),
		Target:  target,
	}
}

// Param is what redirect_uri carries: the value and the attempt. The cookie
// has to agree with both.
func (s State) Param() string { return s.Value + "." + strconv.Itoa(s.Attempt) }

// Attempt returns the attempt that a Param names, or 0 if it names none.
// Anybody can write one.
func Attempt(param string) int {
	digit := param[strings.LastIndexByte(param, '.')+1:]
	if len(digit) != 1 || digit[0] < '1' || digit[0] > '0'+MaxAttempt {
		return 0
	}
	return int(digit[0] - '0')
}

// idLength is how much of Value names the cookie, so that logins in several
// tabs do not overwrite each other's. What is left is 90 bits.
const idLength = 8

// ID is the part of Value that names the cookie of the State.
func (s State) ID() string { return s.Value[:idLength] }

// Matches reports whether param is that of s, and s was started within Lifetime
// before now.
func (s State) Matches(param string, now time.Time) bool {
	return subtle.ConstantTimeCompare([]byte(s.Param()), []byte(param)) == 1 && s.IsAlive(now)
}

// IsAlive reports whether s was started within Lifetime before now.
func (s State) IsAlive(now time.Time) bool {
	age := now.Sub(s.Started)
	return age >= -maxAhead && age <= Lifetime
}

// Encode returns s as the value of a cookie.
func (s State) Encode() string {
	return s.Param() + "." + strconv.FormatInt(s.Started.Unix(), 10) + "." + base64.RawURLEncoding.EncodeToString([]byte(s.Target))
}

// Decode reads what Encode wrote. A cookie can be anybody's: Target is to be
// checked like any other input.
func Decode(text string) (State, bool) {
	parts := strings.SplitN(text, ".", 5)
	if len(parts) != 4 || len(parts[0]) <= idLength {
		return State{}, false
	}
	attempt := Attempt(parts[1])
	if attempt == 0 {
		return State{}, false
	}
	seconds, err := strconv.ParseInt(parts[2], 10, 64)
	if err != nil {
		return State{}, false
	}
	target, err := base64.RawURLEncoding.DecodeString(parts[3])
	if err != nil {
		return State{}, false
	}
	return State{Value: parts[0], Attempt: attempt, Started: time.Unix(seconds, 0), Target: string(target)}, true
}
