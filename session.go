package authrocket

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/authrocket-go/authrocket/internal/claims"
	"github.com/authrocket-go/authrocket/internal/jws"
)

// Session is who is signed in, as a verified login token says it. It is a
// value: changing one changes nobody else's. The zero Session means that nobody is
// signed in. A Session is safe to print, log and encode: the token, the session ID and
// the raw claims are in no representation of it. Its JSON is made for an app's /me, see
// [Session.MarshalJSON]; package log/slog gets IDs only, see [Session.LogValue].
type Session struct {
	RealmID   string    `json:"realm_id"`           // claim rid, such as rl_...
	IssuedAt  time.Time `json:"issued_at,omitzero"` // claim iat; zero when the token has none. No proof of a recent login
	ExpiresAt time.Time `json:"expires_at"`         // claim exp; the token is refused 5 seconds after it
	User      User      `json:"user"`

	// current is 1 + the index of the membership that RequireOrg or a check with an
	// orgID chose; 0 when none did, so that the zero Session has none.
	current int
	// data is nil in a Session that no token made.
	data *sealed[sessionData]
}

// sealed keeps its content out of every way of printing what it is part of. Its
// content is in a closure: fmt follows one pointer, and printers for tests follow
// all of them and read fields that are not exported, but none looks into those.
type sealed[T any] struct{ content func() *T }

func seal[T any](content T) *sealed[T] {
	return &sealed[T]{func() *T { return &content }}
}

// open returns the content, which nobody changes; the zero value when there is none.
func (s *sealed[T]) open() *T {
	if s == nil {
		return new(T)
	}
	return s.content()
}

// sessionData is shared by all copies of a Session and never changed.
type sessionData struct {
	token       string
	id          string
	idHash      [32]byte
	memberships []Membership
}

// User is the person who signed in. Empty fields were not in the token; they are left
// out of its JSON, and so are the custom attributes.
type User struct {
	ID                string            `json:"id"` // claim sub, such as usr_...; the key for your own tables
	Username          string            `json:"username,omitempty"`
	Name              string            `json:"name,omitempty"`
	FirstName         string            `json:"first_name,omitempty"`
	LastName          string            `json:"last_name,omitempty"`
	Email             string            `json:"email,omitempty"` // lower case; may change, do not use it as a key
	EmailVerification EmailVerification `json:"email_verification"`
	Locale            string            `json:"locale,omitempty"`    // such as "en"
	Reference         string            `json:"reference,omitempty"` // your own ID for the user, if you gave AuthRocket one

	custom *sealed[string] // nil when there are none
}

// Custom returns the user's custom attributes (claim cs), nil when there are
// none. Numbers are of type [json.Number], so that those beyond 2^53 are exact;
// [Session.Claims] decodes into types of your own. Each call decodes a new map:
// the caller may keep and change it.
func (u User) Custom() map[string]any { return decodeCustom(u.custom) }

// EmailVerification is what the token says about the user's email address. As text,
// also in JSON, it is one of the values of [EmailVerification.String].
type EmailVerification int

// The values of [EmailVerification].
const (
	// EmailUnknown is the zero value: some realms do not put email_verified into
	// tokens at all, so it does not mean that the address is unverified.
	EmailUnknown EmailVerification = iota

	// EmailNotVerified: the token says that the address is not verified.
	EmailNotVerified

	// EmailVerified: the token says that the address is verified.
	EmailVerified
)

// String returns "unknown", "not_verified" or "verified".
func (v EmailVerification) String() string {
	switch v {
	case EmailNotVerified:
		return "not_verified"
	case EmailVerified:
		return "verified"
	}
	return "unknown"
}

// MarshalText returns the bytes of [EmailVerification.String].
func (v EmailVerification) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// UnmarshalText reads what [EmailVerification.MarshalText] writes. Any other text is an
// error.
func (v *EmailVerification) UnmarshalText(text []byte) error {
	for _, known := range []EmailVerification{EmailUnknown, EmailNotVerified, EmailVerified} {
		if string(text) == known.String() {
			*v = known
			return nil
		}
	}
	return fmt.Errorf("%.40q is no email verification; write unknown, not_verified or verified", text)
}

// Membership joins the user to an org and carries the permissions there.
type Membership struct {
	ID       string `json:"id"`       // such as mb_...
	Selected bool   `json:"selected"` // the account that the user picked
	Org      Org    `json:"org"`

	permissions []string
}

// Permissions returns the permission tags of the membership. The slice is the
// caller's own.
func (m Membership) Permissions() []string { return slices.Clone(m.permissions) }

// HasPermission reports whether tag is one of the permission tags, compared
// exactly. The empty tag never is.
func (m Membership) HasPermission(tag string) bool {
	return tag != "" && slices.Contains(m.permissions, tag)
}

// MarshalJSON returns the exported fields, in lower snake case, and the permissions.
func (m Membership) MarshalJSON() ([]byte, error) {
	type fields Membership // without this method
	return json.Marshal(struct {
		fields
		Permissions []string `json:"permissions"`
	}{fields(m), jsonPermissions(m)})
}

// jsonPermissions is [Membership.Permissions], and [] instead of null.
func jsonPermissions(m Membership) []string { return append([]string{}, m.permissions...) }

// Org is an account or team; LoginRocket's pages call it account. Empty fields are left
// out of its JSON, and so are the custom attributes.
type Org struct {
	ID        string `json:"id"` // such as org_...
	Name      string `json:"name,omitempty"`
	Reference string `json:"reference,omitempty"` // your own ID for the org, if you gave AuthRocket one

	custom *sealed[string] // nil when there are none
}

// Custom returns the org's custom attributes, nil when there are none, as
// [User.Custom] does: numbers are of type [json.Number].
func (o Org) Custom() map[string]any { return decodeCustom(o.custom) }

func sealCustom(text string) *sealed[string] {
	if text == "" {
		return nil
	}
	return seal(text)
}

func decodeCustom(custom *sealed[string]) map[string]any {
	decoder := json.NewDecoder(strings.NewReader(*custom.open()))
	decoder.UseNumber()
	var attributes map[string]any
	if decoder.Decode(&attributes) != nil {
		return nil
	}
	return attributes
}

func newSession(token string, c claims.Claims) Session {
	s := Session{
		RealmID:   c.RealmID,
		IssuedAt:  c.IssuedAt,
		ExpiresAt: c.ExpiresAt,
		User: User{
			ID:        c.Subject,
			Username:  c.PreferredUsername,
			Name:      c.Name,
			FirstName: c.GivenName,
			LastName:  c.FamilyName,
			Email:     c.Email,
			Locale:    c.Locale,
			Reference: c.Reference,
			custom:    sealCustom(c.Custom),
		},
	}
	if c.EmailVerified != nil {
		s.User.EmailVerification = EmailNotVerified
		if *c.EmailVerified {
			s.User.EmailVerification = EmailVerified
		}
	}
	data := sessionData{token: token, id: c.SessionID}
	if c.SessionID != "" {
		data.idHash = sha256.Sum256([]byte(c.SessionID))
	}
	if len(c.Orgs) > 0 {
		data.memberships = make([]Membership, len(c.Orgs))
	}
	for i, o := range c.Orgs {
		data.memberships[i] = Membership{
			ID:       o.MembershipID,
			Selected: o.Selected,
			Org: Org{
				ID:        o.OrgID,
				Name:      o.Name,
				Reference: o.Reference,
				custom:    sealCustom(o.Custom),
			},
			permissions: o.Permissions,
		}
	}
	s.data = seal(data)
	return s
}

// IsZero reports whether s is the zero Session: nobody is signed in.
func (s Session) IsZero() bool { return s == Session{} }

// isSignedIn is the opposite of IsZero, and copies nothing to find out what it
// mostly is.
func (s *Session) isSignedIn() bool { return s.data != nil || !s.IsZero() }

// ID returns the session ID (claim sid, such as kss_...), "" when the token
// has none. It is a credential: the LoginRocket API trades it for new tokens.
// Do not log it and do not hand it to a browser.
func (s Session) ID() string { return s.data.open().id }

// IDHash returns the SHA-256 of the session ID, zero when the token has none: a key for
// what you keep about sessions, without the credential that [Session.ID] is. Do not look
// up the zero hash: all sessions without an ID have it.
func (s Session) IDHash() [32]byte { return s.data.open().idHash }

// Token returns the login token as it was received. It is a credential: whoever
// has it is the user until it expires.
func (s Session) Token() string { return s.data.open().token }

// Memberships returns the user's memberships in the order of the token. Tokens
// of LoginRocket Web have one; tokens made through the Core API have none, one
// or many. The slice is the caller's own.
func (s Session) Memberships() []Membership { return slices.Clone(s.data.open().memberships) }

// Membership returns the current membership: behind [Auth.RequireOrg], or a check with
// an orgID, that of the org that was chosen there, else the selected one, else the
// first. It returns false when there is none.
func (s Session) Membership() (Membership, bool) {
	memberships := s.data.open().memberships
	if len(memberships) == 0 {
		return Membership{}, false
	}
	if s.current > 0 {
		return memberships[s.current-1], true
	}
	for _, m := range memberships {
		if m.Selected {
			return m, true
		}
	}
	return memberships[0], true
}

// Org returns the org of the current membership, see [Session.Membership], and whether
// there is one.
func (s Session) Org() (Org, bool) {
	m, ok := s.Membership()
	return m.Org, ok
}

// HasPermission reports whether the current membership has the permission tag,
// compared exactly. In a handler that acts on the org of a path, put
// [Auth.RequireOrg] before it, or this is about another org.
func (s Session) HasPermission(tag string) bool {
	m, ok := s.Membership()
	return ok && m.HasPermission(tag)
}

// MarshalJSON returns what the page of a signed-in user wants to know, in lower snake
// case: realm_id, issued_at, expires_at and user; org and permissions, which are those of
// [Session.Membership]. It has neither the token nor the session ID, and no custom
// attributes. A struct that embeds a Session is encoded as the Session alone: give the
// field a name.
//
// A Session that is decoded from it has the exported fields only, and no permissions.
func (s Session) MarshalJSON() ([]byte, error) {
	type fields Session // without this method
	var org *Org
	m, ok := s.Membership()
	if ok {
		org = &m.Org
	}
	return json.Marshal(struct {
		fields
		Org         *Org     `json:"org,omitempty"`
		Permissions []string `json:"permissions"`
	}{fields(s), org, jsonPermissions(m)})
}

// LogValue returns the IDs of realm, user and current org for package log/slog, so that
// logs have no names and no email addresses.
func (s Session) LogValue() slog.Value {
	org, _ := s.Org()
	return slog.GroupValue(slog.String("realm_id", s.RealmID), slog.String("user_id", s.User.ID), slog.String("org_id", org.ID))
}

// Claims decodes all claims of the token into v, as [json.Unmarshal] does, whose errors
// it returns. A Session without a token is an error, too. It is for claims that Session
// has no field for, and for custom attributes (cs, and orgs[].cs) as types of your own:
//
//	var claims struct {
//		Custom struct {
//			Limit int64 `json:"limit"`
//		} `json:"cs"`
//	}
//	err := session.Claims(&claims)
//
// Integers are exact in integer fields; in a field of type any they are float64.
// Members of a struct are matched without case, as always in encoding/json: do
// not decide access by them.
func (s Session) Claims(v any) error {
	parts, err := jws.Split(s.Token())
	if err != nil {
		return errors.New("a session without a token has no claims")
	}
	return json.Unmarshal(parts.Payload, v)
}

// withMembership returns s with the membership that has m's IDs as the current one.
// Nothing else of m counts, since anybody can make a Membership.
func (s Session) withMembership(m Membership) (Session, bool) {
	if m.ID == "" && m.Org.ID == "" {
		return s, false
	}
	found := 0
	for i, own := range s.data.open().memberships {
		if (m.ID == "" || m.ID == own.ID) && (m.Org.ID == "" || m.Org.ID == own.Org.ID) {
			if found > 0 {
				return s, false
			}
			found = i + 1
		}
	}
	s.current = found
	return s, found > 0
}

// Source is where a login token came from.
type Source string

// The sources of login tokens, and SourceNone for a request without any. What
// comes back from LoginRocket is reported by Observer.Login.
const (
	SourceNone   Source = "none"
	SourceBearer Source = "bearer" // Authorization header, RFC 6750 section 2.1, or the token of [Auth.CheckToken]
	SourceCookie Source = "cookie" // the session cookie
)
