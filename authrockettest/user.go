package authrockettest

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/authrocket-go/authrocket"
)

// Errors of the methods that read and change a realm; test for them with
// errors.Is.
var (
	ErrNotFound      = errors.New("there is no such record")
	ErrEmailTaken    = errors.New("another user has this email")
	ErrUsernameTaken = errors.New("another user has this username")
	ErrIDTaken       = errors.New("another record has this ID")
	ErrMember        = errors.New("the user is a member already")
	ErrInactive      = errors.New("the user is inactive")
	ErrClosed        = errors.New("the org is closed for good")
	ErrFull          = errors.New("the realm has as many records of this kind as it can hold")
)

var errNoEmail = errors.New("a user needs an Email")

// maxRecords is how many records of a kind a realm holds.
const maxRecords = 200_000

// UserState says whether a user may log in.
type UserState string

// The values of [User.State].
const (
	UserActive   UserState = "active"
	UserInactive UserState = "inactive" // cannot log in, and gets no tokens
)

// User is a user of the realm. Empty fields are left out of tokens.
type User struct {
	ID           string // default: a new one
	Email        string // required; stored in lower case
	EmailPending string // that takes the place of Email when it is verified
	// Password is one to log in with. It is there for tests and demo users: a
	// password that is set by [Realm.SetPassword] is kept as a hash only, and
	// makes this field empty. Without any password nobody can log in.
	Password  string
	Username  string // unique in any case
	FirstName string
	LastName  string
	Name      string // default: FirstName and LastName, else Email
	Locale    string
	Reference string
	Custom    map[string]any
	// EmailVerification is the claim email_verified, which
	// [authrocket.EmailUnknown] leaves out.
	EmailVerification authrocket.EmailVerification
	// VerificationRequested says that a mail to verify the email is under way.
	VerificationRequested bool
	State                 UserState // default: UserActive
	CreatedAt             time.Time // default: now
	LastLoginAt           time.Time // zero before the first login
}

func (u User) clone() User {
	u.Custom = cloneCustom(u.Custom)
	return u
}

// AddUser adds a user and returns it as it is stored. It fails the test, or
// panics in a program, where [Realm.CreateUser] returns an error.
func (r *Realm) AddUser(user User) User {
	r.t.Helper()
	stored, err := r.CreateUser(user)
	if err != nil {
		r.fail("AddUser: %v", err)
	}
	return stored
}

// CreateUser adds a user and returns it as it is stored. With a Password the
// user gets the credential of a password. The error is [ErrEmailTaken],
// [ErrUsernameTaken], [ErrIDTaken] or [ErrFull], or says that there is no Email.
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

// UpdateUser lets change alter the user with this ID, which keeps the ID, and
// returns it as it is stored. The error is [ErrNotFound], [ErrEmailTaken] or
// [ErrUsernameTaken], or says that there is no Email; nothing is changed then.
// change must not call the Realm.
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

// DeleteUser removes a user with all memberships, sessions, credentials and
// one-time tokens. Tokens stay valid until they expire. The error is
// [ErrNotFound].
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

// checkUser reports what of user no two users may have.
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

// Users returns all users, in the order in which they were added.
func (v *View) Users() []User {
	records, unlock := v.lock()
	defer unlock()
	users := records.users.all()
	for i, user := range users {
		users[i] = user.clone()
	}
	return users
}

// UserCount returns how many users there are.
func (v *View) UserCount() int {
	records, unlock := v.lock()
	defer unlock()
	return len(records.users.rows)
}

// ListUsers returns a part of the users. The error is nil.
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

// User returns the user with this ID. The error is [ErrNotFound].
func (v *View) User(id string) (User, error) {
	records, unlock := v.lock()
	defer unlock()
	user, ok := records.users.rows[id]
	if !ok {
		return User{}, ErrNotFound
	}
	return user.clone(), nil
}

// UserByLogin returns the user that a person names at a login: by email or
// username, in which case does not matter, or by ID. The error is [ErrNotFound].
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
