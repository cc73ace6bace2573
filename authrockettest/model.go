package authrockettest

import (
	"slices"
	"strings"

	"github.com/authrocket-go/authrocket"
)

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

// Org is an org of the realm, which LoginRocket's pages call account.
type Org struct {
	ID        string // default: a new one
	Name      string
	Reference string
	Custom    map[string]any
}

// Membership joins a user to an org.
type Membership struct {
	ID          string
	UserID      string
	OrgID       string
	Permissions []string
}

// AddUser adds a user and returns it as it is stored. It fails the test, or
// panics in a program, if there is no Email or another user has it.
func (r *Realm) AddUser(user User) User {
	user.Email = strings.ToLower(user.Email)
	if user.Email == "" {
		r.fail("a user needs an Email")
	}
	if user.ID == "" {
		user.ID = newID("usr_")
	}
	if user.Name == "" {
		user.Name = strings.TrimSpace(user.FirstName + " " + user.LastName)
	}
	if user.Name == "" {
		user.Name = user.Email
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if slices.ContainsFunc(r.users, func(u User) bool { return u.Email == user.Email || u.ID == user.ID }) {
		r.fail("there is a user with the email %q or the ID %q", user.Email, user.ID)
	}
	r.users = append(r.users, user)
	return user
}

// AddOrg adds an org and returns it as it is stored. It fails the test, or
// panics in a program, if another org has its ID.
func (r *Realm) AddOrg(org Org) Org {
	if org.ID == "" {
		org.ID = newID("org_")
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.hasOrg(org.ID) {
		r.fail("there is an org with the ID %q", org.ID)
	}
	r.orgs = append(r.orgs, org)
	return org
}

func (r *Realm) hasOrg(id string) bool {
	return slices.ContainsFunc(r.orgs, func(o Org) bool { return o.ID == id })
}

// AddMembership makes user a member of org, with the permission tags. The
// user's first membership is the selected one. It fails the test, or panics in
// a program, unless both are what AddUser and AddOrg of this realm returned.
func (r *Realm) AddMembership(user User, org Org, permissions ...string) Membership {
	m := Membership{ID: newID("mb_"), UserID: user.ID, OrgID: org.ID, Permissions: slices.Clone(permissions)}
	r.mu.Lock()
	defer r.mu.Unlock()
	if !slices.ContainsFunc(r.users, func(u User) bool { return u.ID == user.ID }) {
		r.fail("a membership needs a user that AddUser returned, not one with the ID %q", user.ID)
	}
	if !r.hasOrg(org.ID) {
		r.fail("a membership needs an org that AddOrg returned, not one with the ID %q", org.ID)
	}
	r.memberships = append(r.memberships, m)
	return m
}

// userByLogin finds the user that the form field email means.
func (r *Realm) userByLogin(email string) (User, bool) {
	email = strings.ToLower(strings.TrimSpace(email))
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, u := range r.users {
		if u.Email == email {
			return u, true
		}
	}
	return User{}, false
}

// membershipsOf returns the memberships of a user with their orgs.
func (r *Realm) membershipsOf(userID string) (memberships []Membership, orgs []Org) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, m := range r.memberships {
		if m.UserID != userID {
			continue
		}
		i := slices.IndexFunc(r.orgs, func(o Org) bool { return o.ID == m.OrgID })
		if i < 0 {
			continue
		}
		memberships = append(memberships, m)
		orgs = append(orgs, r.orgs[i])
	}
	return memberships, orgs
}
