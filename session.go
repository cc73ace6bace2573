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

// Session describes who is signed in, according to a verified login token. A Session is a
// value, so changing a copy does not change the original. The zero Session means that
// nobody is signed in. A Session is safe to print, log and encode, because no
// representation contains the token, the session ID or the raw claims. Its JSON is meant
// for an endpoint such as /me: see [Session.MarshalJSON]. Package log/slog gets IDs only:
// see [Session.LogValue].
type Session struct {
	RealmID   string    `json:"realm_id"`           // claim rid, such as rl_...
	IssuedAt  time.Time `json:"issued_at,omitzero"` // claim iat; zero if the token has none. It does not prove a recent login
	ExpiresAt time.Time `json:"expires_at"`         // claim exp; the token is valid until 5 seconds after it
	User      User      `json:"user"`

	// current is 1 + the index of the membership that RequireOrg or a check with an orgID
	// chose. It is 0, the zero value, if none was chosen.
	current int
	// data is nil in a Session that was not made from a token.
	data *sealed[sessionData]
}

// sealed hides its content from everything that prints a value. The content is in a
// closure, because no printer can look into a closure. In contrast, fmt follows one
// pointer, and printers for tests follow all pointers and read unexported fields.
type sealed[T any] struct{ content func() *T }

func seal[T any](content T) *sealed[T] {
	return &sealed[T]{func() *T { return &content }}
}

// open returns the content, which must not be changed, or the zero value if there is
// none.
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

// User is the person who signed in. A field is empty if the token does not have it.
// Except for ID and EmailVerification, the JSON of a User leaves out empty fields. The
// JSON never has the custom attributes.
type User struct {
	ID                string            `json:"id"` // claim sub, such as usr_...; use it as the key in your own tables
	Username          string            `json:"username,omitempty"`
	Name              string            `json:"name,omitempty"`
	FirstName         string            `json:"first_name,omitempty"`
	LastName          string            `json:"last_name,omitempty"`
	Email             string            `json:"email,omitempty"` // lower case; it may change, so do not use it as a key
	EmailVerification EmailVerification `json:"email_verification"`
	Locale            string            `json:"locale,omitempty"`    // such as "en"
	Reference         string            `json:"reference,omitempty"` // your own ID for the user, if AuthRocket has one

	custom *sealed[string] // the custom attributes, or nil
}

// Custom returns the user's custom attributes (claim cs), or nil if there are none.
// Numbers are of type [json.Number], so that numbers beyond 2^53 are exact. To decode
// into your own types, use [Session.Claims]. Each call returns a new map, which the
// caller may keep and change.
func (u User) Custom() map[string]any { return decodeCustom(u.custom) }

// EmailVerification says whether the user's email address is verified, according to the
// token. In text and in JSON, an EmailVerification is the result of
// [EmailVerification.String].
type EmailVerification int

// The values of [EmailVerification].
const (
	// EmailUnknown is the zero value. It means that the token has no email_verified. Some
	// realms never add that claim, so EmailUnknown does not mean that the address is
	// unverified.
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

// UnmarshalText sets v to the value whose [EmailVerification.String] is text. Any other
// text is an error.
func (v *EmailVerification) UnmarshalText(text []byte) error {
	for _, known := range []EmailVerification{EmailUnknown, EmailNotVerified, EmailVerified} {
		if string(text) == known.String() {
			*v = known
			return nil
		}
	}
	return fmt.Errorf("%.40q is not an email verification; use unknown, not_verified or verified", text)
}

// Membership connects the user to an org, and contains the user's permissions there.
type Membership struct {
	ID       string `json:"id"`       // such as mb_...
	Selected bool   `json:"selected"` // the account that the user picked
	Org      Org    `json:"org"`

	permissions []string
}

// Permissions returns the permission tags of the membership. The caller may change the
// slice.
func (m Membership) Permissions() []string { return slices.Clone(m.permissions) }

// HasPermission reports whether tag is one of the permission tags. The comparison is
// exact. The result is false if tag is empty.
func (m Membership) HasPermission(tag string) bool {
	return tag != "" && slices.Contains(m.permissions, tag)
}

// MarshalJSON returns the exported fields in lower snake case, and the permissions.
func (m Membership) MarshalJSON() ([]byte, error) {
	type fields Membership // without this method
	return json.Marshal(struct {
		fields
		Permissions []string `json:"permissions"`
	}{fields(m), jsonPermissions(m)})
}

// jsonPermissions returns [Membership.Permissions], but never nil, so that its JSON is []
// and not null.
func jsonPermissions(m Membership) []string { return append([]string{}, m.permissions...) }

// Org is an account or team. LoginRocket's pages call it an account. The JSON of an Org
// leaves out empty fields and the custom attributes.
type Org struct {
	ID        string `json:"id"` // such as org_...
	Name      string `json:"name,omitempty"`
	Reference string `json:"reference,omitempty"` // your own ID for the org, if AuthRocket has one

	custom *sealed[string] // the custom attributes, or nil
}

// Custom returns the org's custom attributes, or nil if there are none. Numbers are of
// type [json.Number], as in [User.Custom].
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

// IsZero reports whether s is the zero Session, which means that nobody is signed in.
func (s Session) IsZero() bool { return s == Session{} }

// isSignedIn is the opposite of IsZero. It is faster than IsZero, because it usually does
// not copy or compare the Session.
func (s *Session) isSignedIn() bool { return s.data != nil || !s.IsZero() }

// ID returns the session ID (claim sid, such as kss_...), or "" if the token has none. It
// is a credential, because the LoginRocket API issues new tokens for it. Do not log it,
// and do not send it to a browser.
func (s Session) ID() string { return s.data.open().id }

// IDHash returns the SHA-256 of the session ID, or the zero hash if the token has no
// session ID. Use it as a key for your own data about sessions. Unlike [Session.ID], it
// is not a credential. Do not look up the zero hash, which all sessions without an ID
// share.
func (s Session) IDHash() [32]byte { return s.data.open().idHash }

// Token returns the login token as it was received. It is a credential, because anyone
// who has it can act as the user until it expires.
func (s Session) Token() string { return s.data.open().token }

// Memberships returns the user's memberships in the order of the token. Tokens of
// LoginRocket Web contain one membership. Tokens from the Core API contain none, one or
// several. The caller may change the slice.
func (s Session) Memberships() []Membership { return slices.Clone(s.data.open().memberships) }

// Membership returns the current membership. Behind [Auth.RequireOrg], or after a check
// with an orgID, it is the membership in the org that was chosen there. Otherwise it is
// the selected membership, or the first membership if none is selected. Membership
// returns false if the session has no membership.
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

// Org returns the org of the current membership, and whether there is one: see
// [Session.Membership].
func (s Session) Org() (Org, bool) {
	m, ok := s.Membership()
	return m.Org, ok
}

// HasPermission reports whether the current membership has exactly this permission tag.
// If a handler acts on an org named in the path, put [Auth.RequireOrg] before the
// handler. Otherwise, HasPermission applies to the account that the user picked.
func (s Session) HasPermission(tag string) bool {
	m, ok := s.Membership()
	return ok && m.HasPermission(tag)
}

// MarshalJSON returns the data that a page needs about the signed-in user. The members
// are realm_id, issued_at, expires_at, user, org and permissions. The last two describe
// [Session.Membership]. The JSON does not contain the token, the session ID or custom
// attributes. A struct that embeds a Session is encoded as the Session alone, so give the
// field a name.
//
// Decoding that JSON into a Session sets only the exported fields, so the result has no
// memberships and no permissions.
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

// LogValue returns the IDs of the realm, the user and the current org for package
// log/slog, so that logs contain no names and no email addresses.
func (s Session) LogValue() slog.Value {
	org, _ := s.Org()
	return slog.GroupValue(slog.String("realm_id", s.RealmID), slog.String("user_id", s.User.ID), slog.String("org_id", org.ID))
}

// Claims decodes all claims of the token into v with [json.Unmarshal], and returns its
// errors. For a Session without a token, it also returns an error. Use it for claims that
// Session has no field for, and to decode custom attributes (cs and orgs[].cs) into your
// own types:
//
//	var claims struct {
//		Custom struct {
//			Limit int64 `json:"limit"`
//		} `json:"cs"`
//	}
//	err := session.Claims(&claims)
//
// Integers are exact in integer fields. In a field of type any, they become float64
// values. As always in encoding/json, field names match without regard to case, so do not
// base access decisions on decoded fields.
func (s Session) Claims(v any) error {
	parts, err := jws.Split(s.Token())
	if err != nil {
		return errors.New("a session without a token has no claims")
	}
	return json.Unmarshal(parts.Payload, v)
}

// withMembership returns s with the membership that has m's IDs as the current
// membership, if s has it. It uses only the IDs of m, because any code can create a
// Membership.
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

// Source says where a login token comes from.
type Source string

// These are the sources of login tokens. SourceNone means that the request has no token.
// A token that LoginRocket sends to the callback has no Source: Observer.Login reports
// it.
const (
	SourceNone   Source = "none"
	SourceBearer Source = "bearer" // the Authorization header (RFC 6750 section 2.1), or the token given to [Auth.CheckToken]
	SourceCookie Source = "cookie" // the session cookie
)
