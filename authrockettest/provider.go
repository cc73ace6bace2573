package authrockettest

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// AuthProvider is a way to log in. A new realm has two auth providers: one for
// passwords, and an inactive one for codes ([TypeTOTP]).
type AuthProvider struct {
	ID           string
	Type         string // TypePassword, TypeTOTP, or another type, for example "google"
	Name         string
	State        string // StateActive or StateInactive
	MinLength    int    // the minimum length of passwords
	ClientID     string // for other providers
	ClientSecret string // for other providers; a credential
	CreatedAt    time.Time
}

// defaultMinLength is the default minimum length of a password.
const defaultMinLength = 8

func (r *Realm) addDefaultProviders() {
	for _, p := range []AuthProvider{
		{Type: TypePassword, Name: "Passwords", State: StateActive, MinLength: defaultMinLength},
		{Type: TypeTOTP, Name: "TOTP", State: StateInactive},
	} {
		p.ID, p.CreatedAt = newID("ap_"), now()
		r.commit(func(s *store) { s.providers.put(p.ID, p) })
	}
}

// AuthProviders returns all auth providers, the oldest first.
func (v *View) AuthProviders() []AuthProvider {
	records, unlock := v.lock()
	defer unlock()
	return records.providers.all()
}

// AuthProvider returns the auth provider with this ID or type, or [ErrNotFound].
func (v *View) AuthProvider(idOrType string) (AuthProvider, error) {
	all := v.AuthProviders()
	i := slices.IndexFunc(all, func(p AuthProvider) bool { return p.ID == idOrType || p.Type == idOrType })
	if i < 0 {
		return AuthProvider{}, ErrNotFound
	}
	return all[i], nil
}

// maxProviders is the maximum number of auth providers of a realm.
const maxProviders = 100

var errNoType = errors.New("an auth provider needs a Type; set it")

// CreateAuthProvider adds an auth provider and returns the stored record. It returns
// [ErrIDTaken] if the realm already has a provider of that type, [ErrFull], or an
// error that says that Type is missing.
func (r *Realm) CreateAuthProvider(p AuthProvider) (AuthProvider, error) {
	if p.Type == "" {
		return AuthProvider{}, errNoType
	}
	defer r.report()
	records, unlock := r.lock()
	defer unlock()
	p.ID, p.CreatedAt = newID("ap_"), now()
	if p.State == "" {
		p.State = StateActive
	}
	if records.providers.first("type", p.Type) != "" {
		return AuthProvider{}, fmt.Errorf("%w: there is already an auth provider of the type %q", ErrIDTaken, p.Type)
	}
	if len(records.providers.rows) >= maxProviders {
		return AuthProvider{}, ErrFull
	}
	r.commit(func(s *store) { s.providers.put(p.ID, p) })
	return p, nil
}

// UpdateAuthProvider calls change to edit the auth provider with this ID or type, and
// returns the stored record. ID and Type cannot change. If there is no such provider,
// it returns [ErrNotFound]. change must not call the Realm.
func (r *Realm) UpdateAuthProvider(idOrType string, change func(*AuthProvider)) (AuthProvider, error) {
	found, err := r.AuthProvider(idOrType)
	if err != nil {
		return found, err
	}
	defer r.report()
	records, unlock := r.lock()
	defer unlock()
	old, ok := records.providers.rows[found.ID]
	if !ok {
		return AuthProvider{}, ErrNotFound
	}
	p := old
	change(&p)
	p.ID, p.Type = old.ID, old.Type
	r.commit(func(s *store) { s.providers.put(p.ID, p) })
	return p, nil
}

// DeleteAuthProvider removes the auth provider with this ID or type and the
// credentials of that type, except passwords. If there is no such provider, it
// returns [ErrNotFound].
func (r *Realm) DeleteAuthProvider(idOrType string) error {
	found, err := r.AuthProvider(idOrType)
	if err != nil {
		return err
	}
	defer r.report()
	records, unlock := r.lock()
	defer unlock()
	if !records.providers.has(found.ID) {
		return ErrNotFound
	}
	r.commit(func(s *store) {
		s.providers.delete(found.ID)
		if found.Type != TypePassword {
			s.credentials.deleteGroup("type", found.Type)
		}
	})
	return nil
}
