// Package loginstate binds a login to the browser that started it. The browser
// keeps a small secret in a cookie of that login alone; what the login is about
// travels through LoginRocket and back, sealed with a key made from the secret.
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
	// Lifetime is how long a started login may take.
	Lifetime = time.Hour

	// maxAhead is how far the clock of the server that started a login may be
	// ahead of the one that it comes back to.
	maxAhead = time.Minute

	// MaxAttempt is the largest Attempt of a Login.
	MaxAttempt = 9

	// MaxTargetBytes is the length of the longest Target of a Login.
	MaxTargetBytes = 1_000
)

// Change is what a login may change about who is signed in without a question.
type Change byte

// Each Change includes those before it.
const (
	ChangeNothing Change = iota
	ChangeAccount        // the same user, in another account
	ChangeUser
)

// Login is what a started login is about. Whoever has the secret can make one:
// Target is to be checked like any other input.
type Login struct {
	MayChange Change
	Attempt   int    // 1, or more for one that follows logins that changed nothing
	Target    string // path and query to return to
}

// Secret is what the browser keeps of one started login. The zero Secret is none.
type Secret struct {
	ID      string // names the cookie; part of the state
	Started time.Time
	Foreign bool // another site started it
	key     [16]byte
}

// idBytes is the length of an ID. It tells the logins of one browser apart.
const idBytes = 8

// NewSecret returns the Secret of a login that starts now.
func NewSecret(foreign bool) Secret {
	s := Secret{ID: rand.Text()[:idBytes], Started: time.Now().Truncate(time.Second), Foreign: foreign}
	rand.Read(s.key[:])
	return s
}

// foreignMark ends the Value of a Foreign Secret. It is not in base64url.
const foreignMark = "~"

// Value returns the value of the cookie.
func (s Secret) Value() string {
	value := strconv.FormatInt(s.Started.Unix(), 36) + "." + base64.RawURLEncoding.EncodeToString(s.key[:])
	if s.Foreign {
		value += foreignMark
	}
	return value
}

// ParseSecret reads the value of the cookie that id names, and reports whether it has
// the form of one. It can be made up, or set by another host of the domain: only
// [Secret.Open] shows whose it is.
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

// IsAlive reports whether the login was started within Lifetime before now. A server's
// clock may have been ahead by a minute.
func (s Secret) IsAlive(now time.Time) bool {
	age := now.Sub(s.Started)
	return age >= -maxAhead && age <= Lifetime
}

// version is the first byte of what is sealed.
const version = 1

// headBytes are version, MayChange and Attempt.
const headBytes = 3

// Seal returns l as a state: the ID and what only s opens, in the same scope.
// Nothing of l can be read from it but its length.
func (s Secret) Seal(scope string, l Login) string {
	plain := append([]byte{version, byte(l.MayChange), byte(min(max(l.Attempt, 1), MaxAttempt))}, l.Target...)
	sealed := s.aead(scope).Seal(nil, make([]byte, 12), plain, []byte(s.ID))
	return s.ID + "." + base64.RawURLEncoding.EncodeToString(sealed)
}

// Open returns the Login that s has sealed in scope, if state is one.
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

// decode reads base64url in the one spelling that this package writes: encoding/base64
// would skip line breaks.
func decode(text string) ([]byte, bool) {
	if strings.ContainsAny(text, "\r\n") {
		return nil, false
	}
	decoded, err := base64.RawURLEncoding.Strict().DecodeString(text)
	return decoded, err == nil
}

// aead returns the cipher of one login. The nonce may be zero, since its key seals one
// message only: each login has a secret of its own.
func (s Secret) aead(scope string) cipher.AEAD {
	mac := hmac.New(sha256.New, s.key[:])
	mac.Write([]byte("authrocket state v1\x00" + scope))
	block, err := aes.NewCipher(mac.Sum(nil))
	if err != nil {
		panic(err) // the sum is 32 bytes long, as AES-256 needs it
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic(err) // AES has blocks of 16 bytes, as GCM needs it
	}
	return aead
}

// ID returns the ID in a state, "" if it has none.
func ID(state string) string {
	id, _, ok := strings.Cut(state, ".")
	if !ok || len(id) != idBytes {
		return ""
	}
	for i := range len(id) {
		// rand.Text writes in this alphabet, that of RFC 4648 base32.
		if c := id[i]; (c < 'A' || c > 'Z') && (c < '2' || c > '7') {
			return ""
		}
	}
	return id
}
