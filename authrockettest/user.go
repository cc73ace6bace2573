package authrockettest

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/authrocket-go/authrocket"
)

// Errors of the methods that read and change a realm. Test for them with errors.Is.
var (
	ErrNotFound      = errors.New("there is no such record")
	ErrEmailTaken    = errors.New("another user has this email address")
	ErrUsernameTaken = errors.New("another user has this username")
	ErrIDTaken       = errors.New("another record has this ID")
	ErrMember        = errors.New("the user is already a member")
	ErrInactive      = errors.New("the user is inactive")
	ErrClosed        = errors.New("the org is closed permanently")
	ErrFull          = errors.New("the realm has reached its limit of records of this kind")
)

var errNoEmail = errors.New("a user needs an Email; set it")

// maxRecords is the maximum number of records of each kind that a realm holds.
const maxRecords = 200_000

// UserState says whether a user may log in.
type UserState string

// The values of [User.State].
const (
	UserActive   UserState = "active"
	UserInactive UserState = "inactive" // cannot log in and gets no tokens
)

// User is a user of the realm. Tokens do not contain empty fields.
type User struct {
	ID           string // default: a new one
	Email        string // required; stored in lower case
	EmailPending string // replaces Email when it has been verified
	// Password is a password for tests and demo users. [Realm.SetPassword] stores a
	// hash only and clears this field. A user without a password cannot log in.
	Password  string
	Username  string // unique, case-insensitive
	FirstName string
	LastName  string
	Name      string // default: FirstName and LastName, or Email if both are empty
	Locale    string
	Reference string
	Custom    map[string]any
	// EmailVerification is the claim email_verified. [authrocket.EmailUnknown] leaves
	// the claim out.
	EmailVerification authrocket.EmailVerification
	// VerificationRequested says whether an email to verify the address has been
	// sent.
	VerificationRequested bool
	State                 UserState // default: UserActive
	CreatedAt             time.Time // default: now
	LastLoginAt           time.Time // zero before the first login
}

func (u User) clone() User {
	u.Custom = cloneCustom(u.Custom)
	return u
}

// AddUser adds a user and returns the stored record. If [Realm.CreateUser] returns an
// error, AddUser fails the test, or panics if there is no test.
func (r *Realm) AddUser(user User) User {
	r.t.Helper()
	stored, err := r.CreateUser(user)
	if err != nil {
		r.fail("AddUser: %v", err)
	}
	return stored
}

// CreateUser adds a user and returns the stored record. If Password is set, the user
// gets a password credential. The errors are [ErrEmailTaken], [ErrUsernameTaken],
// [ErrIDTaken], [ErrFull], and an error that says that Email is missing.
func (r *Realm) CreateUser(user User) (User, error) {
	defer r.report()
	records, unlock := r.lock()
	defer unlock()
	if user.ID == "" {
		user.ID = newID("usr_")
	}
	if user.CreatedAt.IsZero() {
		user.CreatedAt = now()
	}
	if user.State == "" {
		user.State = UserActive
	}
	user = normalized(user.clone())
	if records.users.has(user.ID) {
		return User{}, fmt.Errorf("%w: %q", ErrIDTaken, user.ID)
	}
	if err := records.checkUser(user); err != nil {
		return User{}, err
	}
	if len(records.users.rows) >= r.limit {
		return User{}, ErrFull
	}
	r.commit(func(s *store) { s.users.put(user.ID, user) })
	r.keepPassword(user)
	r.emit(Event{Type: "user.created", UserID: user.ID})
	return user.clone(), nil
}

// UpdateUser calls change to edit the user with this ID, and returns the stored
// record. The ID cannot change. The errors are [ErrNotFound], [ErrEmailTaken],
// [ErrUsernameTaken], and an error that says that Email is missing. If there is an
// error, the user stays unchanged. change must not call the Realm.
func (r *Realm) UpdateUser(id string, change func(*User)) (User, error) {
	defer r.report()
	records, unlock := r.lock()
	defer unlock()
	old, ok := records.users.rows[id]
	if !ok {
		return User{}, ErrNotFound
	}
	user := old.clone()
	change(&user)
	user.ID = id
	user = normalized(user.clone())
	if err := records.checkUser(user); err != nil {
		return User{}, err
	}
	r.commit(func(s *store) { s.users.put(id, user) })
	if user.Password != old.Password {
		r.keepPassword(user)
	}
	r.forgetTokens()
	r.emit(Event{Type: "user.updated", UserID: id})
	return user.clone(), nil
}

// DeleteUser deletes a user with all memberships, sessions, credentials and one-time
// tokens, or returns [ErrNotFound]. Login tokens stay valid until they expire.
func (r *Realm) DeleteUser(id string) error {
	defer r.report()
	records, unlock := r.lock()
	defer unlock()
	if !records.users.has(id) {
		return ErrNotFound
	}
	for _, session := range records.sessions.in("user", id) {
		delete(r.lastTokens, session)
	}
	r.commit(func(s *store) {
		s.users.delete(id)
		s.memberships.deleteGroup("user", id)
		s.sessions.deleteGroup("user", id)
		s.credentials.deleteGroup("user", id)
		s.oneTimes.deleteGroup("user", id)
	})
	r.emit(Event{Type: "user.deleted", UserID: id})
	return nil
}

func normalized(user User) User {
	user.Email = strings.ToLower(strings.TrimSpace(user.Email))
	user.EmailPending = strings.ToLower(strings.TrimSpace(user.EmailPending))
	if user.Name == "" {
		user.Name = strings.TrimSpace(user.FirstName + " " + user.LastName)
	}
	if user.Name == "" {
		user.Name = user.Email
	}
	return user
}

// checkUser checks the values that must be unique among users.
func (s *store) checkUser(user User) error {
	if user.Email == "" {
		return errNoEmail
	}
	if id := s.users.first("email", user.Email); id != "" && id != user.ID {
		return fmt.Errorf("%w: %q", ErrEmailTaken, user.Email)
	}
	if id := s.users.first("username", strings.ToLower(user.Username)); user.Username != "" && id != "" && id != user.ID {
		return fmt.Errorf("%w: %q", ErrUsernameTaken, user.Username)
	}
	return nil
}

// Users returns all users in the order in which they were added.
func (v *View) Users() []User {
	records, unlock := v.lock()
	defer unlock()
	users := records.users.all()
	for i, user := range users {
		users[i] = user.clone()
	}
	return users
}

// UserCount returns the number of users.
func (v *View) UserCount() int {
	records, unlock := v.lock()
	defer unlock()
	return len(records.users.rows)
}

// ListUsers returns a page of the users. The error is always nil.
func (v *View) ListUsers(list UserList) (Page[User], error) {
	records, unlock := v.lock()
	defer unlock()
	index, group := "", ""
	email := strings.ToLower(list.Email)
	switch {
	case email != "":
		index, group = "email", email
	case list.Username != "":
		index, group = "username", strings.ToLower(list.Username)
	case list.Reference != "":
		index, group = "reference", list.Reference
	}
	page, err := records.users.page(index, group, list.List, func(u User) bool {
		return (email == "" || u.Email == email) && (list.Reference == "" || u.Reference == list.Reference) &&
			(list.Username == "" || strings.EqualFold(u.Username, list.Username)) && (list.State == "" || u.State == list.State)
	})
	return page.clone(User.clone), err
}

// User returns the user with this ID, or [ErrNotFound].
func (v *View) User(id string) (User, error) {
	records, unlock := v.lock()
	defer unlock()
	user, ok := records.users.rows[id]
	if !ok {
		return User{}, ErrNotFound
	}
	return user.clone(), nil
}

// UserByLogin returns the user for a string that was entered at a login: an email
// address, a username or an ID. It ignores the case of email addresses and usernames.
// If there is no such user, it returns [ErrNotFound].
func (v *View) UserByLogin(login string) (User, error) {
	login = strings.TrimSpace(login)
	records, unlock := v.lock()
	defer unlock()
	user, ok := records.users.rows[login]
	for _, index := range []string{"email", "username"} {
		if !ok && login != "" {
			user, ok = records.users.rows[records.users.first(index, strings.ToLower(login))]
		}
	}
	if !ok {
		return User{}, ErrNotFound
	}
	return user.clone(), nil
}
