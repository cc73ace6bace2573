package authrockettest

import (
	"bytes"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// ErrSaved means that [RealmConfig.Saved] cannot be used, for example because
// [Realm.Save] did not write it.
var ErrSaved = errors.New("authrockettest: the saved realm cannot be used")

const (
	savedFormat  = "authrocket realm"
	savedVersion = 1       // increased when an older program would lose a new field
	maxSaved     = 1 << 30 // the maximum number of bytes that are read
)

// savedRealm is the saved form of a realm. The records of each kind are in the order
// in which they were added.
type savedRealm struct {
	Format      string            `json:"format"`
	Version     int               `json:"version"`
	ID          string            `json:"id"`
	Settings    Settings          `json:"settings"`
	Secret      string            `json:"secret"`
	Keys        []savedKey        `json:"keys"`
	Providers   []AuthProvider    `json:"auth_providers"`
	Users       []User            `json:"users"`
	Credentials []savedCredential `json:"credentials"`
	Orgs        []Org             `json:"orgs"`
	Memberships []Membership      `json:"memberships"`
	Sessions    []HostedSession   `json:"sessions"`
	Invitations []Invitation      `json:"invitations"`
	OneTimes    []OneTime         `json:"one_time_tokens"`
	Events      []Event           `json:"events"`
}

type savedKey struct {
	ID        string
	Withdrawn bool
	PKCS8     []byte
}

type savedCredential struct {
	Credential
	TOTPSecret   string
	TOTPUsedStep int64
	PasswordHash passwordHash
}

// Save writes the realm as one JSON document, which [Open] can read: all records, the
// settings and the keys. It writes passwords as hashes only. It does not write
// faults, token changes or request counts. [Realm.OnChange] reports when there is
// something new to save.
//
// The document is a credential, because it contains the signing keys and the IDs of
// sessions. An error that does not come from w names a value that cannot be encoded
// as JSON: a custom attribute, or a time after the year 9999.
func (r *Realm) Save(w io.Writer) error {
	saved, err := r.saved()
	if err != nil {
		return err
	}
	if err := json.NewEncoder(w).Encode(saved); err != nil {
		return fmt.Errorf("authrockettest: saving the realm: %w", err)
	}
	return nil
}

// saved returns the realm at one moment. Records are never changed in place, so they
// can be encoded after the realm has been unlocked.
func (r *Realm) saved() (*savedRealm, error) {
	records, unlock := r.lock()
	defer unlock()
	saved := &savedRealm{
		Format: savedFormat, Version: savedVersion,
		ID: r.id, Settings: r.settings.clone(), Secret: r.secret,
		Providers:   records.providers.all(),
		Users:       records.users.all(),
		Orgs:        records.orgs.all(),
		Memberships: records.memberships.all(),
		Sessions:    records.sessions.all(),
		Invitations: records.invitations.all(),
		OneTimes:    records.oneTimes.all(),
		Events:      records.events.all(),
	}
	for i := range saved.Users {
		saved.Users[i].Password = ""
	}
	for _, c := range records.credentials.all() {
		saved.Credentials = append(saved.Credentials, savedCredential{c, c.secret, c.usedStep, c.hash})
	}
	for _, k := range r.keys {
		der, err := x509.MarshalPKCS8PrivateKey(k.private)
		if err != nil {
			return nil, fmt.Errorf("authrockettest: saving a key: %w", err)
		}
		saved.Keys = append(saved.Keys, savedKey{k.id, k.withdrawn, der})
	}
	return saved, nil
}

// readSaved reads a document that Save wrote, and checks its format. restore checks
// the rest.
func readSaved(from io.Reader) (*savedRealm, error) {
	data, err := io.ReadAll(io.LimitReader(from, maxSaved+1))
	if err != nil {
		return nil, fmt.Errorf("%w: cannot read it: %w", ErrSaved, err)
	}
	if len(data) > maxSaved {
		return nil, fmt.Errorf("%w: it is larger than %d bytes", ErrSaved, maxSaved)
	}
	var head struct {
		Format  string `json:"format"`
		Version int    `json:"version"`
	}
	if err := json.Unmarshal(data, &head); err != nil {
		return nil, fmt.Errorf("%w: it is broken or cut off: %w", ErrSaved, err)
	}
	if head.Format != savedFormat {
		return nil, fmt.Errorf("%w: it is another document, whose format is not %q", ErrSaved, savedFormat)
	}
	if head.Version > savedVersion {
		return nil, fmt.Errorf("%w: it has version %d, but this program reads version %d; use the newer program that saved it", ErrSaved, head.Version, savedVersion)
	}
	if head.Version != savedVersion {
		return nil, fmt.Errorf("%w: it has the unknown version %d", ErrSaved, head.Version)
	}
	var saved savedRealm
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&saved); err != nil {
		return nil, fmt.Errorf("%w: it is broken: %w", ErrSaved, err)
	}
	if saved.ID == "" || !strings.HasPrefix(saved.Secret, "jsk_") {
		return nil, fmt.Errorf("%w: it has no ID or no secret", ErrSaved)
	}
	if _, err := saved.Settings.withDefaults(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSaved, err)
	}
	return &saved, nil
}

// restore adds the saved content to a new realm. The error contains no ID, because
// some IDs are credentials.
func (r *Realm) restore(saved *savedRealm) error {
	r.secret = saved.Secret
	for i, k := range saved.Keys {
		parsed, err := x509.ParsePKCS8PrivateKey(k.PKCS8)
		if err != nil {
			return fmt.Errorf("%w: keys[%d]: %w", ErrSaved, i, err)
		}
		private, ok := parsed.(*rsa.PrivateKey)
		if !ok || k.ID == "" || private.N.BitLen() < 2048 {
			return fmt.Errorf("%w: keys[%d] is not an RSA key of 2048 bits or more, with an ID", ErrSaved, i)
		}
		r.keys = append(r.keys, &signingKey{id: k.ID, private: private, withdrawn: k.Withdrawn})
	}
	if len(r.keys) == 0 && !r.usesSecret() {
		return fmt.Errorf("%w: it has no key to sign with", ErrSaved)
	}
	s := r.of
	credentials := make([]Credential, len(saved.Credentials))
	for i, c := range saved.Credentials {
		c.secret, c.usedStep, c.hash = c.TOTPSecret, c.TOTPUsedStep, c.PasswordHash
		credentials[i] = c.Credential
	}
	for i, user := range saved.Users {
		user.Password = ""
		saved.Users[i] = normalized(user)
	}
	needsUser := func(id string) error {
		if !s.users.has(id) {
			return errors.New("its user is missing")
		}
		return nil
	}
	// Records to which other records refer come first.
	err := errors.Join(
		fill(s.providers, "auth_providers", saved.Providers, maxProviders, func(p AuthProvider) string { return p.ID }, func(p AuthProvider) error {
			if p.Type == "" || s.providers.first("type", p.Type) != "" {
				return errors.New("its type is missing or used by another provider")
			}
			return nil
		}),
		fill(s.users, "users", saved.Users, r.limit, func(u User) string { return u.ID }, s.checkUser),
		fill(s.orgs, "orgs", saved.Orgs, r.limit, func(o Org) string { return o.ID }, nil),
		fill(s.credentials, "credentials", credentials, r.limit*maxCredentials, func(c Credential) string { return c.ID }, func(c Credential) error {
			if _, ok := s.credentialOf(c.UserID, TypePassword); ok && c.Type == TypePassword {
				return errors.New("its user already has a password")
			}
			return needsUser(c.UserID)
		}),
		fill(s.memberships, "memberships", saved.Memberships, r.limit, func(m Membership) string { return m.ID }, func(m Membership) error {
			if !s.orgs.has(m.OrgID) {
				return errors.New("its org is missing")
			}
			if slices.ContainsFunc(s.memberships.in("user", m.UserID), func(id string) bool { return s.memberships.rows[id].OrgID == m.OrgID }) {
				return ErrMember
			}
			return needsUser(m.UserID)
		}),
		fill(s.sessions, "sessions", saved.Sessions, r.limit, func(s HostedSession) string { return s.ID }, func(s HostedSession) error { return needsUser(s.UserID) }),
		fill(s.invitations, "invitations", saved.Invitations, r.limit, func(i Invitation) string { return i.ID }, func(i Invitation) error {
			if i.Token == "" || s.invitations.first("token", i.Token) != "" {
				return errors.New("its token is missing or used by another invitation")
			}
			return s.checkInvitation(i)
		}),
		fill(s.oneTimes, "one_time_tokens", saved.OneTimes, r.limit, func(o OneTime) string { return o.Token }, func(o OneTime) error { return needsUser(o.UserID) }),
		fill(s.events, "events", saved.Events, maxEvents, func(e Event) string { return e.ID }, nil),
	)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrSaved, err)
	}
	return nil
}

// fill adds records to an empty table. It stops at the first invalid record.
func fill[T any](t *table[T], name string, rows []T, limit int, id func(T) string, check func(T) error) error {
	if len(rows) > limit {
		return fmt.Errorf("%s: %w", name, ErrFull)
	}
	for i, row := range rows {
		if id(row) == "" || t.has(id(row)) {
			return fmt.Errorf("%s[%d]: its ID is missing or used by another record", name, i)
		}
		if check != nil {
			if err := check(row); err != nil {
				return fmt.Errorf("%s[%d]: %w", name, i, err)
			}
		}
		t.put(id(row), row)
	}
	return nil
}
