package authrockettest

import (
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Types of credentials and auth providers that the realm itself supports.
const (
	TypePassword = "password"
	TypeTOTP     = "totp"
)

// States of auth providers and of credentials of the type totp.
const (
	StateNew      = "new" // a credential whose first code has not been entered yet
	StateActive   = "active"
	StateInactive = "inactive" // an auth provider that is switched off
)

// Credential is what a user logs in with: a password, a TOTP device, or an account at
// another auth provider, such as Google.
type Credential struct {
	ID             string
	UserID         string
	Type           string // TypePassword, TypeTOTP, or the type of another auth provider
	AuthProviderID string
	Name           string // for TypeTOTP: the name of the device
	State          string // for TypeTOTP: StateNew or StateActive
	ProviderUserID string // for another auth provider: the user's ID at that provider
	CreatedAt      time.Time

	secret   string // for TypeTOTP, in base32
	usedStep int64  // for TypeTOTP: the period of the last accepted code, so that a code works only once
	hash     passwordHash
}

// passwordHash is the stored form of a password.
type passwordHash struct{ Salt, Sum []byte }

// passwordRounds is low because tests log in often. Do not store real passwords in a
// test realm.
const passwordRounds = 1_000

func hashPassword(password string) passwordHash {
	salt := make([]byte, 16)
	rand.Read(salt)
	return passwordHash{salt, passwordSum(password, salt)}
}

func passwordSum(password string, salt []byte) []byte {
	sum, err := pbkdf2.Key(sha256.New, password, salt, passwordRounds, sha256.Size)
	if err != nil {
		panic("authrockettest: cannot hash a password: " + err.Error())
	}
	return sum
}

// matches reports whether password is correct. It takes the same time if h is zero.
func (h passwordHash) matches(password string) bool {
	salt := h.Salt
	if salt == nil {
		salt = make([]byte, 16)
	}
	return subtle.ConstantTimeCompare(h.Sum, passwordSum(password, salt)) == 1
}

// keepPassword stores user.Password as the user's password credential, or deletes
// that credential if the password is empty. The caller must have locked the realm.
func (r *Realm) keepPassword(user User) {
	if user.Password != "" {
		r.putPassword(user.ID, user.Password)
	} else if c, ok := r.of.credentialOf(user.ID, TypePassword); ok {
		r.commit(func(s *store) { s.credentials.delete(c.ID) })
	}
}

// putPassword sets the password of a user. The caller must have locked the realm.
func (r *Realm) putPassword(userID, password string) Credential {
	c, ok := r.of.credentialOf(userID, TypePassword)
	if !ok {
		c = Credential{ID: newID("crd_"), UserID: userID, Type: TypePassword, CreatedAt: now()}
		c.AuthProviderID = r.of.providers.first("type", TypePassword)
	}
	c.hash = hashPassword(password)
	r.commit(func(s *store) { s.credentials.put(c.ID, c) })
	return c
}

func (s *store) credentialOf(userID, kind string) (Credential, bool) {
	for _, id := range s.credentials.in("user", userID) {
		if c := s.credentials.rows[id]; c.Type == kind {
			return c, true
		}
	}
	return Credential{}, false
}

// SetPassword sets the password of a user. The realm stores only a hash of it. If
// there is no such user, it returns [ErrNotFound].
func (r *Realm) SetPassword(userID, password string) error {
	defer r.report()
	records, unlock := r.lock()
	defer unlock()
	user, ok := records.users.rows[userID]
	if !ok {
		return ErrNotFound
	}
	r.putPassword(userID, password)
	r.forgetPlainPassword(user)
	return nil
}

func (r *Realm) forgetPlainPassword(user User) {
	if user.Password == "" {
		return
	}
	user = user.clone()
	user.Password = ""
	r.commit(func(s *store) { s.users.put(user.ID, user) })
}

// CheckPassword reports whether password is the user's password. It takes the same
// time if the user has no password or does not exist.
func (v *View) CheckPassword(userID, password string) bool {
	records, unlock := v.lock()
	c, _ := records.credentialOf(userID, TypePassword)
	unlock()
	return c.hash.matches(password)
}

// ErrCredential means that the user cannot have this credential, for example because
// the realm has no active auth provider of its type.
var ErrCredential = errors.New("a user cannot have this credential")

// CreateTOTP adds a credential of [TypeTOTP] to a user. It becomes active when
// [Realm.VerifyTOTP] accepts its first code. name is the name of the device. The
// errors are [ErrNotFound], [ErrCredential] and [ErrFull].
func (r *Realm) CreateTOTP(userID, name string) (Credential, error) {
	var secret [20]byte
	rand.Read(secret[:])
	return r.createCredential(Credential{
		UserID: userID, Type: TypeTOTP, Name: name, State: StateNew,
		secret: base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(secret[:]),
	})
}

// CreateCredential adds a credential of another auth provider to a user. Use
// [Realm.SetPassword] for [TypePassword], and [Realm.CreateTOTP] for [TypeTOTP]. It
// returns [ErrNotFound] if there is no such user, [ErrCredential] if the realm has no
// active auth provider of this type, and [ErrFull] if the user has too many
// credentials.
func (r *Realm) CreateCredential(c Credential) (Credential, error) {
	if c.Type == TypePassword || c.Type == TypeTOTP {
		return Credential{}, fmt.Errorf("%w: use SetPassword or CreateTOTP for the type %q", ErrCredential, c.Type)
	}
	return r.createCredential(c)
}

func (r *Realm) createCredential(c Credential) (Credential, error) {
	defer r.report()
	records, unlock := r.lock()
	defer unlock()
	c.ID, c.CreatedAt = newID("crd_"), now()
	if !records.users.has(c.UserID) {
		return Credential{}, fmt.Errorf("%w: user %q", ErrNotFound, c.UserID)
	}
	if c.AuthProviderID == "" {
		c.AuthProviderID = records.providers.first("type", c.Type)
	}
	provider, ok := records.providers.rows[c.AuthProviderID]
	if !ok || provider.Type != c.Type || provider.State != StateActive {
		return Credential{}, fmt.Errorf("%w: there is no active auth provider of the type %q", ErrCredential, c.Type)
	}
	if len(records.credentials.in("user", c.UserID)) >= maxCredentials {
		return Credential{}, ErrFull
	}
	r.commit(func(s *store) { s.credentials.put(c.ID, c) })
	return c, nil
}

// maxCredentials is the maximum number of credentials of a user.
const maxCredentials = 20

// UpdateCredential changes the name of a credential, and the password of a credential
// of [TypePassword]. Empty values change nothing. The errors are [ErrNotFound], and
// [ErrCredential] if a password is given for a credential of another type.
func (r *Realm) UpdateCredential(id, name, password string) (Credential, error) {
	defer r.report()
	records, unlock := r.lock()
	defer unlock()
	c, ok := records.credentials.rows[id]
	if !ok {
		return Credential{}, ErrNotFound
	}
	if password != "" && c.Type != TypePassword {
		return Credential{}, fmt.Errorf("%w: a credential of the type %q has no password", ErrCredential, c.Type)
	}
	if name != "" {
		c.Name = name
	}
	if password != "" {
		c.hash = hashPassword(password)
		r.forgetPlainPassword(records.users.rows[c.UserID])
	}
	r.commit(func(s *store) { s.credentials.put(id, c) })
	return c, nil
}

// DeleteCredential deletes a credential, or returns [ErrNotFound].
func (r *Realm) DeleteCredential(id string) error {
	defer r.report()
	records, unlock := r.lock()
	defer unlock()
	c, ok := records.credentials.rows[id]
	if !ok {
		return ErrNotFound
	}
	if c.Type == TypePassword {
		r.forgetPlainPassword(records.users.rows[c.UserID])
	}
	r.commit(func(s *store) { s.credentials.delete(id) })
	return nil
}

// Credential returns the credential with this ID, or [ErrNotFound].
func (v *View) Credential(id string) (Credential, error) {
	records, unlock := v.lock()
	defer unlock()
	c, ok := records.credentials.rows[id]
	if !ok {
		return Credential{}, ErrNotFound
	}
	return c, nil
}

// CredentialsOf returns the credentials of a user, the oldest first.
func (v *View) CredentialsOf(userID string) []Credential {
	records, unlock := v.lock()
	defer unlock()
	var found []Credential
	for _, id := range records.credentials.in("user", userID) {
		found = append(found, records.credentials.rows[id])
	}
	return found
}

// Secret returns the secret of a credential of [TypeTOTP], in base32, while the
// credential is new. Otherwise it returns "".
func (c Credential) Secret() string {
	if c.State != StateNew {
		return ""
	}
	return c.secret
}

// VerifyTOTP reports whether code is valid now. It accepts the code for the current
// period of 30 seconds, and the codes for the periods before and after it. A code
// works only once. The first valid code makes a new credential active. If there is no
// such credential, VerifyTOTP returns [ErrNotFound].
func (r *Realm) VerifyTOTP(credentialID, code string) (bool, error) {
	defer r.report()
	records, unlock := r.lock()
	defer unlock()
	c, ok := records.credentials.rows[credentialID]
	if !ok || c.Type != TypeTOTP {
		return false, ErrNotFound
	}
	step := time.Now().Unix() / totpPeriod
	for s := step - 1; s <= step+1; s++ {
		if s > c.usedStep && len(code) == totpDigits && subtle.ConstantTimeCompare([]byte(totpAt(c.secret, s)), []byte(code)) == 1 {
			c.State, c.usedStep = StateActive, s
			r.commit(func(st *store) { st.credentials.put(c.ID, c) })
			return true, nil
		}
	}
	return false, nil
}

// NeedsTOTP reports whether the user must enter a code to log in. That is the case if
// the user has an active credential of [TypeTOTP].
func (v *View) NeedsTOTP(userID string) bool {
	return slices.ContainsFunc(v.CredentialsOf(userID), func(c Credential) bool { return c.Type == TypeTOTP && c.State == StateActive })
}
