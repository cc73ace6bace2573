package authrockettest

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

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
)

var errNoEmail = errors.New("a user needs an Email")

// User is a user of the realm. Empty fields are left out of tokens.
type User struct {
	ID        string // default: a new one
	Email     string // required; stored in lower case
	Password  string // for the hosted login; without one nobody can log in there
	Username  string
	FirstName string
	LastName  string
	Name      string // default: FirstName and LastName, else Email
	Locale    string
	Reference string
	Custom    map[string]any
	// EmailVerification is the claim email_verified, which
	// [authrocket.EmailUnknown] leaves out.
	EmailVerification authrocket.EmailVerification
}

func (u User) clone() User {
	u.Custom = maps.Clone(u.Custom)
	return u
}

// Org is an org of the realm, which LoginRocket's pages call account.
type Org struct {
	ID        string // default: a new one
	Name      string
	Reference string
	Custom    map[string]any
}

func (o Org) clone() Org {
	o.Custom = maps.Clone(o.Custom)
	return o
}

// Membership joins a user to an org.
type Membership struct {
	ID          string
	UserID      string
	OrgID       string
	Permissions []string
}

func (m Membership) clone() Membership {
	m.Permissions = slices.Clone(m.Permissions)
	return m
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

// AddOrg adds an org and returns it as it is stored. It fails the test, or
// panics in a program, where [Realm.CreateOrg] returns an error.
func (r *Realm) AddOrg(org Org) Org {
	r.t.Helper()
	stored, err := r.CreateOrg(org)
	if err != nil {
		r.fail("AddOrg: %v", err)
	}
	return stored
}

// AddMembership makes user a member of org, with the permission tags. Tokens
// hold the user's first membership, unless [InOrg] or [AllOrgs] says otherwise.
// It fails the test, or panics in a program, where [Realm.CreateMembership]
// returns an error.
func (r *Realm) AddMembership(user User, org Org, permissions ...string) Membership {
	r.t.Helper()
	m, err := r.CreateMembership(user.ID, org.ID, permissions...)
	if err != nil {
		r.fail("AddMembership: %v", err)
	}
	return m
}

// CreateUser adds a user and returns it as it is stored. The error is
// [ErrEmailTaken], [ErrUsernameTaken] or [ErrIDTaken], or says that there is no
// Email.
func (r *Realm) CreateUser(user User) (User, error) {
	if user.ID == "" {
		user.ID = newID("usr_")
	}
	user = normalized(user.clone())
	r.mu.Lock()
	defer r.mu.Unlock()
	if slices.ContainsFunc(r.users, func(u User) bool { return u.ID == user.ID }) {
		return User{}, fmt.Errorf("%w: %q", ErrIDTaken, user.ID)
	}
	if err := r.checkUser(user); err != nil {
		return User{}, err
	}
	r.users = append(r.users, user)
	return user.clone(), nil
}

// UpdateUser lets change alter the user with this ID, which keeps the ID, and
// returns it as it is stored. The error is [ErrNotFound], [ErrEmailTaken] or
// [ErrUsernameTaken], or says that there is no Email; nothing is changed then.
// change must not call the Realm.
func (r *Realm) UpdateUser(id string, change func(*User)) (User, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	i := r.userIndex(id)
	if i < 0 {
		return User{}, ErrNotFound
	}
	user := r.users[i].clone()
	change(&user)
	user.ID = id
	user = normalized(user.clone())
	if err := r.checkUser(user); err != nil {
		return User{}, err
	}
	r.users[i] = user
	r.forgetTokens()
	return user.clone(), nil
}

func normalized(user User) User {
	user.Email = strings.ToLower(strings.TrimSpace(user.Email))
	if user.Name == "" {
		user.Name = strings.TrimSpace(user.FirstName + " " + user.LastName)
	}
	if user.Name == "" {
		user.Name = user.Email
	}
	return user
}

// checkUser reports what of user no two users may have.
func (r *Realm) checkUser(user User) error {
	if user.Email == "" {
		return errNoEmail
	}
	for _, u := range r.users {
		switch {
		case u.ID == user.ID:
		case u.Email == user.Email:
			return fmt.Errorf("%w: %q", ErrEmailTaken, user.Email)
		case user.Username != "" && strings.EqualFold(u.Username, user.Username):
			return fmt.Errorf("%w: %q", ErrUsernameTaken, user.Username)
		}
	}
	return nil
}

// Users returns all users, the oldest first.
func (r *Realm) Users() []User {
	r.mu.Lock()
	defer r.mu.Unlock()
	users := make([]User, len(r.users))
	for i, u := range r.users {
		users[i] = u.clone()
	}
	return users
}

// User returns the user with this ID. The error is [ErrNotFound].
func (r *Realm) User(id string) (User, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	i := r.userIndex(id)
	if i < 0 {
		return User{}, ErrNotFound
	}
	return r.users[i].clone(), nil
}

// UserByLogin returns the user that a person names at a login: by email or
// username, in which case does not matter, or by ID. The error is [ErrNotFound].
func (r *Realm) UserByLogin(login string) (User, error) {
	login = strings.TrimSpace(login)
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, u := range r.users {
		if login != "" && (u.ID == login || u.Email == strings.ToLower(login) || strings.EqualFold(u.Username, login)) {
			return u.clone(), nil
		}
	}
	return User{}, ErrNotFound
}

func (r *Realm) userIndex(id string) int {
	return slices.IndexFunc(r.users, func(u User) bool { return u.ID == id })
}

// CreateOrg adds an org and returns it as it is stored. The error is
// [ErrIDTaken].
func (r *Realm) CreateOrg(org Org) (Org, error) {
	if org.ID == "" {
		org.ID = newID("org_")
	}
	org = org.clone()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.orgIndex(org.ID) >= 0 {
		return Org{}, fmt.Errorf("%w: %q", ErrIDTaken, org.ID)
	}
	r.orgs = append(r.orgs, org)
	return org.clone(), nil
}

// UpdateOrg lets change alter the org with this ID, which keeps the ID, and
// returns it as it is stored. The error is [ErrNotFound]. change must not call
// the Realm.
func (r *Realm) UpdateOrg(id string, change func(*Org)) (Org, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	i := r.orgIndex(id)
	if i < 0 {
		return Org{}, ErrNotFound
	}
	org := r.orgs[i].clone()
	change(&org)
	org.ID = id
	r.orgs[i] = org.clone()
	r.forgetTokens()
	return org, nil
}

// Org returns the org with this ID. The error is [ErrNotFound].
func (r *Realm) Org(id string) (Org, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	i := r.orgIndex(id)
	if i < 0 {
		return Org{}, ErrNotFound
	}
	return r.orgs[i].clone(), nil
}

func (r *Realm) orgIndex(id string) int {
	return slices.IndexFunc(r.orgs, func(o Org) bool { return o.ID == id })
}

// CreateMembership makes the user a member of the org, with the permission tags.
// The error is [ErrNotFound] or [ErrMember].
func (r *Realm) CreateMembership(userID, orgID string, permissions ...string) (Membership, error) {
	m := Membership{ID: newID("mb_"), UserID: userID, OrgID: orgID, Permissions: slices.Clone(permissions)}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.userIndex(userID) < 0 {
		return Membership{}, fmt.Errorf("%w: user %q", ErrNotFound, userID)
	}
	if r.orgIndex(orgID) < 0 {
		return Membership{}, fmt.Errorf("%w: org %q", ErrNotFound, orgID)
	}
	if slices.ContainsFunc(r.memberships, func(other Membership) bool { return other.UserID == userID && other.OrgID == orgID }) {
		return Membership{}, ErrMember
	}
	r.memberships = append(r.memberships, m)
	r.forgetTokens()
	return m.clone(), nil
}

// SetPermissions replaces the permission tags of a membership. The error is
// [ErrNotFound].
func (r *Realm) SetPermissions(membershipID string, permissions ...string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	i := slices.IndexFunc(r.memberships, func(m Membership) bool { return m.ID == membershipID })
	if i < 0 {
		return ErrNotFound
	}
	r.memberships[i].Permissions = slices.Clone(permissions)
	r.forgetTokens()
	return nil
}

// DeleteMembership ends a membership. Tokens that were made before still have
// it. The error is [ErrNotFound].
func (r *Realm) DeleteMembership(membershipID string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	i := slices.IndexFunc(r.memberships, func(m Membership) bool { return m.ID == membershipID })
	if i < 0 {
		return ErrNotFound
	}
	r.memberships = slices.Delete(r.memberships, i, i+1)
	r.forgetTokens()
	return nil
}

// MembershipsOf returns the memberships of a user, the oldest first.
func (r *Realm) MembershipsOf(userID string) []Membership {
	return r.filterMemberships(func(m Membership) bool { return m.UserID == userID })
}

// Members returns the memberships in an org, the oldest first.
func (r *Realm) Members(orgID string) []Membership {
	return r.filterMemberships(func(m Membership) bool { return m.OrgID == orgID })
}

func (r *Realm) filterMemberships(keep func(Membership) bool) []Membership {
	r.mu.Lock()
	defer r.mu.Unlock()
	var found []Membership
	for _, m := range r.memberships {
		if keep(m) {
			found = append(found, m.clone())
		}
	}
	return found
}
