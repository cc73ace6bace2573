// Package loginstate binds a login to the browser that started it. For each login, the
// browser keeps a small secret in a cookie. The data of the login goes to LoginRocket and
// comes back in a state, which is sealed with a key derived from the secret.
package loginstate

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"strconv"
	"strings"
	"time"
)

const (
	// Lifetime is how long a login may take.
	Lifetime = time.Hour

	// maxAhead limits the difference between two clocks. The clock of the server that
	// started a login may be ahead of the clock of the server that the login comes back
	// to.
	maxAhead = time.Minute

	// MaxAttempt is the largest Attempt of a Login.
	MaxAttempt = 9

	// MaxTargetBytes is the length of the longest Target of a Login.
	MaxTargetBytes = 1_000
)

// Change says what a login may change without the user's confirmation: the user or the
// account that is signed in.
type Change byte

// Each Change includes the changes before it.
const (
	ChangeNothing Change = iota
	ChangeAccount        // the same user, in another account
	ChangeUser
)

// Login is the data of a started login. Anyone who has the secret can create one, so
// Target must be checked like any other input.
type Login struct {
	MayChange Change
	Attempt   int    // the number of the login in a row of logins, counted from 1
	Target    string // the path and query to return to
}

// Secret is what the browser keeps for one started login. The zero Secret means that
// there is none.
type Secret struct {
	ID      string // part of the cookie's name and of the state
	Started time.Time
	Foreign bool // another site started it
	key     [16]byte
}

// idBytes is the length of an ID, which distinguishes the logins of one browser.
const idBytes = 8

// NewSecret returns a Secret for a login that starts now.
func NewSecret(foreign bool) Secret {
	s := Secret{ID: rand.Text()[:idBytes], Started: time.Now().Truncate(time.Second), Foreign: foreign}
	rand.Read(s.key[:])
	return s
}

// foreignMark is the last character of the Value of a Foreign Secret. base64url does not
// use it.
const foreignMark = "~"

// Value returns the value of the cookie.
func (s Secret) Value() string {
	value := strconv.FormatInt(s.Started.Unix(), 36) + "." + base64.RawURLEncoding.EncodeToString(s.key[:])
	if s.Foreign {
		value += foreignMark
	}
	return value
}

// ParseSecret reads value, the value of the cookie for id, and reports whether it is
// well-formed. The value may be invented, or set by another host of the domain. Only
// [Secret.Open] proves which states belong to the secret.
func ParseSecret(id, value string) (Secret, bool) {
	value, foreign := strings.CutSuffix(value, foreignMark)
	started, key, ok := strings.Cut(value, ".")
	if !ok || len(id) != idBytes || len(key) != base64.RawURLEncoding.EncodedLen(16) {
		return Secret{}, false
	}
	seconds, err := strconv.ParseInt(started, 36, 64)
	if err != nil {
		return Secret{}, false
	}
	decoded, ok := decode(key)
	if !ok {
		return Secret{}, false
	}
	s := Secret{ID: id, Started: time.Unix(seconds, 0), Foreign: foreign}
	copy(s.key[:], decoded)
	return s, true
}

// IsAlive reports whether the login was started within Lifetime before now. The clock of
// the server that started the login may be ahead by up to maxAhead.
func (s Secret) IsAlive(now time.Time) bool {
	age := now.Sub(s.Started)
	return age >= -maxAhead && age <= Lifetime
}

// version is the first byte of the sealed data.
const version = 1

// headBytes is the length of version, MayChange and Attempt.
const headBytes = 3

// Seal returns a state. It consists of the ID, and of l in a form that only s can open,
// with the same scope. The state reveals nothing about l except its length.
func (s Secret) Seal(scope string, l Login) string {
	plain := append([]byte{version, byte(l.MayChange), byte(min(max(l.Attempt, 1), MaxAttempt))}, l.Target...)
	sealed := s.aead(scope).Seal(nil, make([]byte, 12), plain, []byte(s.ID))
	return s.ID + "." + base64.RawURLEncoding.EncodeToString(sealed)
}

// Open returns the Login in state, if it was sealed by s with the same scope.
func (s Secret) Open(scope, state string) (Login, bool) {
	id, text, ok := strings.Cut(state, ".")
	if !ok || id != s.ID || len(text) > base64.RawURLEncoding.EncodedLen(headBytes+MaxTargetBytes+16) {
		return Login{}, false
	}
	sealed, ok := decode(text)
	if !ok {
		return Login{}, false
	}
	plain, err := s.aead(scope).Open(nil, make([]byte, 12), sealed, []byte(s.ID))
	if err != nil || len(plain) < headBytes || plain[0] != version {
		return Login{}, false
	}
	l := Login{MayChange: Change(plain[1]), Attempt: int(plain[2]), Target: string(plain[headBytes:])}
	if l.MayChange > ChangeUser || l.Attempt < 1 || l.Attempt > MaxAttempt {
		return Login{}, false
	}
	return l, true
}

// decode reads base64url in the only spelling that this package writes. In contrast,
// encoding/base64 skips line breaks.
func decode(text string) ([]byte, bool) {
	if strings.ContainsAny(text, "\r\n") {
		return nil, false
	}
	decoded, err := base64.RawURLEncoding.Strict().DecodeString(text)
	return decoded, err == nil
}

// aead returns the cipher of one login. The nonce can be zero, because each login has its
// own secret, and the key derived from it seals only one message.
func (s Secret) aead(scope string) cipher.AEAD {
	mac := hmac.New(sha256.New, s.key[:])
	mac.Write([]byte("authrocket state v1\x00" + scope))
	block, err := aes.NewCipher(mac.Sum(nil))
	if err != nil {
		panic(err) // cannot happen: the sum has the 32 bytes that AES-256 needs
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic(err) // cannot happen: AES has the blocks of 16 bytes that GCM needs
	}
	return aead
}

// ID returns the ID in a state, or "" if the state has none.
func ID(state string) string {
	id, _, ok := strings.Cut(state, ".")
	if !ok || len(id) != idBytes {
		return ""
	}
	for i := range len(id) {
		// rand.Text uses the base32 alphabet of RFC 4648.
		if c := id[i]; (c < 'A' || c > 'Z') && (c < '2' || c > '7') {
			return ""
		}
	}
	return id
}
