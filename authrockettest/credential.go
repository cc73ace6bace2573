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

// Types of credentials and of auth providers that the realm itself handles.
const (
	TypePassword = "password"
	TypeTOTP     = "totp"
)

// States of credentials of the type totp, and of auth providers.
const (
	StateNew      = "new" // of a credential whose first code was not entered yet
	StateActive   = "active"
	StateInactive = "inactive" // of an auth provider
)

// Credential is what a user proves the own identity with.
type Credential struct {
	ID             string
	UserID         string
	Type           string // TypePassword, TypeTOTP, or that of another provider
	AuthProviderID string
	Name           string // of the device, of TypeTOTP
	State          string // of TypeTOTP: StateNew or StateActive
	ProviderUserID string // of another provider
	CreatedAt      time.Time

	secret   string // of TypeTOTP, in base32
	usedStep int64  // of TypeTOTP: the last code serves once
	hash     passwordHash
}

// passwordHash is a password as it is kept.
type passwordHash struct{ Salt, Sum []byte }

// passwordRounds is low, since tests log in all the time. Passwords that matter do
// not belong into a realm for tests.
const passwordRounds = 1_000

func hashPassword(password string) passwordHash {
	salt := make([]byte, 16)
	rand.Read(salt)
	return passwordHash{salt, passwordSum(password, salt)}
}

func passwordSum(password string, salt []byte) []byte {
	sum, err := pbkdf2.Key(sha256.New, password, salt, passwordRounds, sha256.Size)
	if err != nil {
		panic("authrockettest: no hash of a password: " + err.Error())
	}
	return sum
}

// matches takes as long where there is no password.
func (h passwordHash) matches(password string) bool {
	salt := h.Salt
	if salt == nil {
		salt = make([]byte, 16)
	}
	return subtle.ConstantTimeCompare(h.Sum, passwordSum(password, salt)) == 1
}

// keepPassword gives the user the credential of user.Password, or takes it away.
// The realm is locked.
func (r *Realm) keepPassword(user User) {
	if user.Password != "" {
		r.putPassword(user.ID, user.Password)
	} else if c, ok := r.of.credentialOf(user.ID, TypePassword); ok {
		r.commit(func(s *store) { s.credentials.delete(c.ID) })
	}
}

// putPassword sets the password of a user. The realm is locked.
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

// SetPassword sets the password of a user, which is kept as a hash only. The
// error is [ErrNotFound].
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

// CheckPassword reports whether this is the password of the user. It takes as
// long for a user without a password, and for none.
func (v *View) CheckPassword(userID, password string) bool {
	records, unlock := v.lock()
	c, _ := records.credentialOf(userID, TypePassword)
	unlock()
	return c.hash.matches(password)
}

// ErrCredential is the error of a credential that a user cannot have.
var ErrCredential = errors.New("a user cannot have this credential")

// CreateTOTP gives a user a credential of [TypeTOTP], which counts when
// [Realm.VerifyTOTP] has seen a first code. name is that of the device. The
// error is [ErrNotFound] or [ErrCredential].
func (r *Realm) CreateTOTP(userID, name string) (Credential, error) {
	var secret [20]byte
	rand.Read(secret[:])
	return r.createCredential(Credential{
		UserID: userID, Type: TypeTOTP, Name: name, State: StateNew,
		secret: base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(secret[:]),
	})
}

// CreateCredential gives a user a credential of another provider; for those of
// [TypePassword] and [TypeTOTP] there are [Realm.SetPassword] and
// [Realm.CreateTOTP]. The error is [ErrNotFound], [ErrCredential] when there is no
// such provider, or [ErrFull].
func (r *Realm) CreateCredential(c Credential) (Credential, error) {
	if c.Type == TypePassword || c.Type == TypeTOTP {
		return Credential{}, fmt.Errorf("%w: one of the type %q is made by SetPassword or CreateTOTP", ErrCredential, c.Type)
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
		return Credential{}, fmt.Errorf("%w: no active auth provider of the type %q", ErrCredential, c.Type)
	}
	if len(records.credentials.in("user", c.UserID)) >= maxCredentials {
		return Credential{}, ErrFull
	}
	r.commit(func(s *store) { s.credentials.put(c.ID, c) })
	return c, nil
}

// maxCredentials is how many credentials a user has at most.
const maxCredentials = 20

// UpdateCredential changes the name of a credential, or with a password the
// password of one of [TypePassword]. Empty values leave it as it is. The error is
// [ErrNotFound] or [ErrCredential].
func (r *Realm) UpdateCredential(id, name, password string) (Credential, error) {
	defer r.report()
	records, unlock := r.lock()
	defer unlock()
	c, ok := records.credentials.rows[id]
	if !ok {
		return Credential{}, ErrNotFound
	}
	if password != "" && c.Type != TypePassword {
		return Credential{}, fmt.Errorf("%w: one of the type %q has no password", ErrCredential, c.Type)
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

// DeleteCredential takes a credential away. The error is [ErrNotFound].
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

// Credential returns the credential with this ID. The error is [ErrNotFound].
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

// Secret returns the secret of a credential of [TypeTOTP], in base32, as long as
// it is new.
func (c Credential) Secret() string {
	if c.State != StateNew {
		return ""
	}
	return c.secret
}

// VerifyTOTP reports whether code is one that the credential's device shows
// now, one 30 seconds ago or in 30 seconds. A code serves once. The first right
// one makes a new credential active. The error is [ErrNotFound].
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

// NeedsTOTP reports whether the user's login asks for a code: a credential of
// [TypeTOTP] is active.
func (v *View) NeedsTOTP(userID string) bool {
	return slices.ContainsFunc(v.CredentialsOf(userID), func(c Credential) bool { return c.Type == TypeTOTP && c.State == StateActive })
}
