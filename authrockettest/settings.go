package authrockettest

import (
	"errors"
	"fmt"
	"slices"
)

// Signup says who may sign up.
type Signup string

// The values of [Settings.Signup]. Whatever the value, a valid invitation permits a
// signup.
const (
	SignupOpen       Signup = "open"       // everybody
	SignupInvitation Signup = "invitation" // people with an invitation; others can request one
	SignupClosed     Signup = "closed"     // only people with an invitation
)

// OrgMode says how many accounts a user is meant to have.
type OrgMode string

// The values of [Settings.OrgMode].
const (
	SingleUser OrgMode = "single_user" // one account, which is picked automatically
	MultiUser  OrgMode = "multi_user"  // any number of accounts; the user picks one
)

// ScopeOrgs is the scope that puts memberships into the tokens of the Core API.
// Tokens of LoginRocket contain the picked membership with or without this scope.
const ScopeOrgs = "ar.orgs"

// Settings are the properties of a realm that [Realm.ChangeSettings] can change while
// it runs.
type Settings struct {
	// Name is the realm's name on the hosted pages. Default: "Local".
	Name string

	// Algorithm is the signature algorithm of tokens: RS256 or HS256. Default: RS256.
	Algorithm string

	// JWTScopes are the scopes of tokens, for example [ScopeOrgs]. Default: none.
	JWTScopes []string

	// OrgMode says how many accounts a user has. Default: [SingleUser].
	OrgMode OrgMode

	// Signup says who may sign up. Default: [SignupOpen].
	Signup Signup

	// RequireName makes users enter a name. After the login, users who have neither a
	// first nor a last name must add one to their profile before they return to the
	// app. Default: false.
	RequireName bool
}

func (s Settings) clone() Settings {
	s.JWTScopes = slices.Clone(s.JWTScopes)
	return s
}

// withDefaults returns s with defaults for its empty fields. If there are problems,
// it returns all of them, joined.
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
		problems = append(problems, fmt.Errorf("authrockettest: Algorithm %q is unknown; use RS256 or HS256", s.Algorithm))
	}
	if !slices.Contains([]OrgMode{SingleUser, MultiUser}, s.OrgMode) {
		problems = append(problems, fmt.Errorf("authrockettest: OrgMode %q is unknown; use single_user or multi_user", s.OrgMode))
	}
	if !slices.Contains([]Signup{SignupOpen, SignupInvitation, SignupClosed}, s.Signup) {
		problems = append(problems, fmt.Errorf("authrockettest: Signup %q is unknown; use open, invitation or closed", s.Signup))
	}
	return s, errors.Join(problems...)
}

// Settings returns the current settings of the realm.
func (r *Realm) Settings() Settings {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.settings.clone()
}

// ChangeSettings calls change to edit the settings, and returns the new settings.
// They take effect at once, even for existing sessions. If they are invalid, nothing
// changes and the error contains all problems. change must not call the Realm.
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

// usesSecret reports whether the realm signs with HS256. The caller must have locked
// the realm.
func (r *Realm) usesSecret() bool { return r.settings.Algorithm == "HS256" }
