package authrockettest

import (
	"errors"
	"fmt"
	"slices"
)

// Signup is who may sign up.
type Signup string

// The values of [Settings.Signup]. A valid invitation works with each of them.
const (
	SignupOpen       Signup = "open"       // everybody
	SignupInvitation Signup = "invitation" // who was invited; others can ask for an invitation
	SignupClosed     Signup = "closed"     // only who was invited
)

// OrgMode is how many accounts a user is meant to have.
type OrgMode string

// The values of [Settings.OrgMode].
const (
	SingleUser OrgMode = "single_user" // one, which is picked without asking
	MultiUser  OrgMode = "multi_user"  // any number, of which the user picks one
)

// ScopeOrgs is the scope that puts memberships into the tokens of the Core API.
// Tokens of LoginRocket have the picked one with or without it.
const ScopeOrgs = "ar.orgs"

// Settings are what can be changed about a realm while it runs, by
// [Realm.ChangeSettings].
type Settings struct {
	// Name is what the hosted pages call the realm. Default: "Local".
	Name string

	// Algorithm signs the tokens: RS256 or HS256. Default: RS256.
	Algorithm string

	// JWTScopes are the scopes of tokens, such as [ScopeOrgs]. Default: none.
	JWTScopes []string

	// OrgMode is how many accounts a user has. Default: [SingleUser].
	OrgMode OrgMode

	// Signup is who may sign up. Default: [SignupOpen].
	Signup Signup

	// RequireName makes a login of a user without first or last name incomplete
	// until the profile has one. Default: false.
	RequireName bool
}

func (s Settings) clone() Settings {
	s.JWTScopes = slices.Clone(s.JWTScopes)
	return s
}

// withDefaults returns s with its defaults, and an error that joins all that is
// wrong with it.
func (s Settings) withDefaults() (Settings, error) {
	if s.Name == "" {
		s.Name = "Local"
	}
	if s.Algorithm == "" {
		s.Algorithm = "RS256"
	}
	if s.OrgMode == "" {
		s.OrgMode = SingleUser
	}
	if s.Signup == "" {
		s.Signup = SignupOpen
	}
	var problems []error
	if !slices.Contains([]string{"RS256", "HS256"}, s.Algorithm) {
		problems = append(problems, fmt.Errorf("authrockettest: Algorithm %q is neither RS256 nor HS256", s.Algorithm))
	}
	if !slices.Contains([]OrgMode{SingleUser, MultiUser}, s.OrgMode) {
		problems = append(problems, fmt.Errorf("authrockettest: OrgMode %q is neither single_user nor multi_user", s.OrgMode))
	}
	if !slices.Contains([]Signup{SignupOpen, SignupInvitation, SignupClosed}, s.Signup) {
		problems = append(problems, fmt.Errorf("authrockettest: Signup %q is none of open, invitation, closed", s.Signup))
	}
	return s, errors.Join(problems...)
}

// Settings returns the settings of the realm as they are now.
func (r *Realm) Settings() Settings {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.settings.clone()
}

// ChangeSettings lets change alter the settings, and returns them as they are
// then. They count at once, also for sessions that exist. The error says all that
// is wrong with them; nothing is changed then. change must not call the Realm.
func (r *Realm) ChangeSettings(change func(*Settings)) (Settings, error) {
	defer r.report()
	r.mu.Lock()
	defer r.mu.Unlock()
	settings := r.settings.clone()
	change(&settings)
	settings, err := settings.clone().withDefaults()
	if err != nil {
		return Settings{}, err
	}
	r.settings = settings
	if settings.Algorithm == "RS256" && len(r.keys) == 0 {
		r.keys = []*signingKey{r.newKey("")}
	}
	r.forgetTokens()
	r.isUnsaved = true
	return settings.clone(), nil
}

// usesSecret reports whether HS256 signs. The realm is locked.
func (r *Realm) usesSecret() bool { return r.settings.Algorithm == "HS256" }
