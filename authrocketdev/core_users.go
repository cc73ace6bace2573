package authrocketdev

import (
	"net/http"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/authrockettest"
)

var userEndpoints = map[string]map[string]coreEndpoint{
	"users":      {http.MethodGet: listUsers, http.MethodPost: createUser},
	"users/{id}": {http.MethodGet: getUser, http.MethodPut: updateUser, http.MethodDelete: deleteUser},
}

type userJSON struct {
	Object            string            `json:"object"`
	ID                string            `json:"id"`
	RealmID           string            `json:"realm_id"`
	State             string            `json:"state"`
	Email             string            `json:"email"`
	EmailPending      *string           `json:"email_pending"`
	EmailVerification string            `json:"email_verification"`
	FirstName         *string           `json:"first_name"`
	LastName          *string           `json:"last_name"`
	Name              string            `json:"name"`
	Username          *string           `json:"username"`
	Locale            *string           `json:"locale"`
	Reference         *string           `json:"reference"`
	Custom            *map[string]any   `json:"custom,omitempty"` // lists leave it out
	CreatedAt         preciseTime       `json:"created_at"`
	LastLoginAt       preciseTime       `json:"last_login_at"`
	Credentials       *[]credentialJSON `json:"credentials,omitempty"` // lists leave it out
	Memberships       *[]membershipJSON `json:"memberships,omitempty"`
}

// The values of email_verification.
const (
	verificationNone      = "none"
	verificationRequested = "requested"
	verificationDone      = "verified"
)

func verificationOf(user authrockettest.User) string {
	switch {
	case user.EmailVerification == authrocket.EmailVerified:
		return verificationDone
	case user.VerificationRequested:
		return verificationRequested
	}
	return verificationNone
}

func (c *coreCall) showUserBriefly(user authrockettest.User) userJSON {
	shown := userJSON{
		Object: "user", ID: user.ID, RealmID: c.realm.ID(), State: string(user.State), Email: user.Email,
		EmailPending: orNull(user.EmailPending), EmailVerification: verificationOf(user),
		FirstName: orNull(user.FirstName), LastName: orNull(user.LastName), Name: user.Name,
		Username: orNull(user.Username), Locale: orNull(user.Locale), Reference: orNull(user.Reference),
		CreatedAt: preciseTime(user.CreatedAt), LastLoginAt: preciseTime(user.LastLoginAt),
	}
	if expands(c.query, "custom") {
		shown.Custom = customOf(user.Custom)
	}
	return shown
}

// showUser returns the JSON of a user, as view shows the user.
func (c *coreCall) showUser(view *authrockettest.View, user authrockettest.User) userJSON {
	shown := c.showUserBriefly(user)
	shown.Custom = customOf(user.Custom)
	shown.Credentials = new([]credentialJSON)
	*shown.Credentials = []credentialJSON{}
	for _, credential := range view.CredentialsOf(user.ID) {
		*shown.Credentials = append(*shown.Credentials, c.showCredential(credential))
	}
	if expands(c.query, "memberships") {
		page, _ := view.ListMemberships(authrockettest.MembershipList{UserID: user.ID})
		memberships := make([]membershipJSON, len(page.Items))
		for i, m := range page.Items {
			memberships[i] = c.showMembership(m, withOrg)
		}
		shown.Memberships = &memberships
	}
	return shown
}

// user returns the user that the path names by ID, email address or username.
func (c *coreCall) user() (authrockettest.User, error) { return c.realm.UserByLogin(c.id) }

func listUsers(c *coreCall) (coreAnswer, error) {
	list, _, err := c.list(false, "id")
	if err != nil {
		return coreAnswer{}, err
	}
	page, err := c.view.ListUsers(authrockettest.UserList{
		List: list, Email: c.query.Get("email"), Username: c.query.Get("username"),
		Reference: c.query.Get("reference"), State: authrockettest.UserState(c.query.Get("state")),
	})
	return okayWith(collectionOf(page, c.showUserBriefly)), err
}

func getUser(c *coreCall) (coreAnswer, error) {
	user, err := c.view.UserByLogin(c.id)
	if err != nil {
		return coreAnswer{}, err
	}
	return okayWith(c.showUser(c.view, user)), nil
}

// userChange is the change of a user that a client requests.
type userChange struct {
	change                     func(*authrockettest.User)
	pending                    *string // email_pending: "" cancels the change
	password                   string
	requestsVerification       bool
	email, firstName, lastName *string
}

// userAttributes reads the attributes of a user that a client may set.
func (c *coreCall) userAttributes(required ...string) (userChange, error) {
	attributes := c.body.root("user", required...)
	u := userChange{
		email: attributes.email("email"), pending: attributes.emailOrNone("email_pending"),
		firstName: attributes.name("first_name"), lastName: attributes.name("last_name"),
	}
	username, locale, reference := attributes.name("username"), attributes.text("locale"), attributes.name("reference")
	state := attributes.oneOf("state", string(authrockettest.UserActive), string(authrockettest.UserInactive))
	verification := attributes.oneOf("email_verification", verificationNone, verificationRequested, verificationDone)
	custom, hasCustom := attributes.custom("custom")
	if username != nil {
		*attributes.problems = checkUsername(*attributes.problems, *username)
	}
	if locale != nil {
		*attributes.problems = checkLocale(*attributes.problems, *locale)
	}
	u.password = c.newPassword(attributes)
	u.requestsVerification = verification != nil && *verification == verificationRequested
	u.change = func(user *authrockettest.User) {
		isNamedByEmail := user.Name == user.Email
		set(&user.Email, u.email)
		set(&user.FirstName, u.firstName)
		set(&user.LastName, u.lastName)
		set(&user.Username, username)
		set(&user.Locale, locale)
		set(&user.Reference, reference)
		set(&user.State, state)
		if u.firstName != nil || u.lastName != nil || isNamedByEmail {
			user.Name = "" // built again from the new names
		}
		if verification != nil {
			user.EmailVerification, user.VerificationRequested = authrocket.EmailNotVerified, false
			if *verification == verificationDone {
				user.EmailVerification = authrocket.EmailVerified
			}
		}
		if hasCustom {
			user.Custom = custom
		}
	}
	return u, c.body.err(attributes)
}

// newPassword reads a password and its confirmation. It returns "" if there is none.
func (c *coreCall) newPassword(attributes object) string {
	password, confirmation := attributes.text("password"), attributes.text("password_confirmation")
	if password == nil || *password == "" {
		return ""
	}
	given := ""
	set(&given, confirmation)
	*attributes.problems = append(*attributes.problems, c.server.checkNewPassword(*password, given, confirmation != nil)...)
	return *password
}

// follow carries out the parts of a change that concern the verification of an email
// address, and returns the user.
func (c *coreCall) follow(user authrockettest.User, u userChange) (authrockettest.User, error) {
	if u.requestsVerification {
		c.server.requestEmailVerification(user)
	}
	if u.pending != nil {
		if *u.pending == "" || *u.pending == user.Email {
			c.server.dropEmailChange(user.ID)
		} else if _, err := c.server.requestEmailChange(user, *u.pending); err != nil {
			return user, err
		}
	}
	return c.realm.User(user.ID)
}

func createUser(c *coreCall) (coreAnswer, error) {
	u, err := c.userAttributes("email", "password")
	if err != nil {
		return coreAnswer{}, err
	}
	user := authrockettest.User{EmailVerification: authrocket.EmailNotVerified}
	u.change(&user)
	if user, err = c.realm.CreateUser(user); err != nil {
		return coreAnswer{}, err
	}
	if err := c.realm.SetPassword(user.ID, u.password); err != nil {
		return coreAnswer{}, err
	}
	if user, err = c.follow(user, u); err != nil {
		return coreAnswer{}, err
	}
	return createdAs(c.showUser(c.realm.View, user)), nil
}

func updateUser(c *coreCall) (coreAnswer, error) {
	u, err := c.userAttributes()
	if err != nil {
		return coreAnswer{}, err
	}
	user, err := c.user()
	if err != nil {
		return coreAnswer{}, err
	}
	before := user.Email
	if user, err = c.realm.UpdateUser(user.ID, u.change); err != nil {
		return coreAnswer{}, err
	}
	if user.Email != before {
		// Links that were sent to the old address must no longer work for the user.
		c.realm.DropOneTimes(user.ID, authrockettest.OneTimePassword)
	}
	if u.password != "" {
		if err := c.setPassword(user, u.password); err != nil {
			return coreAnswer{}, err
		}
	}
	if user, err = c.follow(user, u); err != nil {
		return coreAnswer{}, err
	}
	return okayWith(c.showUser(c.realm.View, user)), nil
}

// setPassword sets a password as an administrator does, and ends the user's
// sessions.
func (c *coreCall) setPassword(user authrockettest.User, password string) error {
	if err := c.server.setPassword(user, password); err != nil {
		return err
	}
	c.realm.EndSessionsOf(user.ID, "", authrockettest.EndedByPassword)
	return nil
}

func deleteUser(c *coreCall) (coreAnswer, error) {
	if err := c.body.err(); err != nil {
		return coreAnswer{}, err
	}
	user, err := c.user()
	if err != nil {
		return coreAnswer{}, err
	}
	return noContent, c.realm.DeleteUser(user.ID)
}
