// Package claims decodes the payload of a login token. It checks types, not values: the
// caller checks who issued the token and when it expires.
//
// Claims about identity and permissions must have the right types, because a guess about
// their meaning could sign in the wrong user. Claims that are only displayed may have any
// type, because an unusual name must not lock a user out.
package claims

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/authrocket-go/authrocket/internal/strictjson"
)

// Claims are the claims of a login token. A claim that is absent or null is the zero
// value. Claims does not keep the payload in memory.
type Claims struct {
	Issuer    string
	Subject   string
	RealmID   string
	SessionID string
	IssuedAt  time.Time
	ExpiresAt time.Time
	NotBefore time.Time
	// Audience is nil if there is no aud, and an empty slice for [].
	Audience []string

	Name              string
	GivenName         string
	FamilyName        string
	PreferredUsername string
	Email             string
	EmailVerified     *bool
	Locale            string
	Reference         string
	Custom            string // the text of a JSON object, or empty

	Orgs []Org
}

// Org is an entry of the orgs claim: a membership and its org.
type Org struct {
	OrgID        string
	MembershipID string
	Permissions  []string
	Selected     bool

	Name      string
	Reference string
	Custom    string // the text of a JSON object, or empty
}

// Decode decodes payload, which must be one JSON object with nothing after it. It matches
// names exactly. The error says which claim about identity or permissions has the wrong
// type, for example "claim orgs[2].perm is a string, want array", or what is wrong with
// the payload. It wraps a [*strictjson.Error]. A claim that is only displayed counts as
// absent if it has the wrong type.
func Decode(payload []byte) (Claims, error) {
	r := strictjson.Open(payload)
	c := readClaims(r)
	err := r.Close()
	if err == nil {
		return c, nil
	}
	if problem, ok := errors.AsType[*strictjson.Error](err); ok && problem.Place == "" {
		return Claims{}, fmt.Errorf("payload %w", err)
	}
	return Claims{}, fmt.Errorf("claim %w", err)
}

// Peek returns the claims iss and rid of payload. Each is "" if it is missing or not a
// string; both are "" if Decode would not accept the JSON.
func Peek(payload []byte) (issuer, realmID string) {
	r := strictjson.Open(payload)
	r.Require('{')
	for name := r.Name(); name != nil; name = r.Name() {
		switch string(name) {
		case "iss":
			issuer = displayText(r)
		case "rid":
			realmID = displayText(r)
		default:
			r.Skip(r.Token())
		}
	}
	if r.Close() != nil {
		return "", ""
	}
	return issuer, realmID
}

func readClaims(r *strictjson.Reader) (c Claims) {
	r.Require('{')
	for name := r.Name(); name != nil; name = r.Name() {
		switch string(name) {
		case "iss":
			c.Issuer = text(r)
		case "sub":
			c.Subject = text(r)
		case "rid":
			c.RealmID = text(r)
		case "sid":
			c.SessionID = text(r)
		case "iat":
			c.IssuedAt = numericDate(r)
		case "exp":
			c.ExpiresAt = numericDate(r)
		case "nbf":
			c.NotBefore = numericDate(r)
		case "aud":
			c.Audience = audience(r)
		case "orgs":
			c.Orgs = orgs(r)
		case "name":
			c.Name = displayText(r)
		case "given_name":
			c.GivenName = displayText(r)
		case "family_name":
			c.FamilyName = displayText(r)
		case "preferred_username":
			c.PreferredUsername = displayText(r)
		case "email":
			c.Email = displayText(r)
		case "email_verified":
			c.EmailVerified = displayBoolean(r)
		case "locale":
			c.Locale = displayText(r)
		case "ref":
			c.Reference = displayText(r)
		case "cs":
			c.Custom = customJSON(r)
		default:
			r.Skip(r.Token())
		}
	}
	return c
}

func orgs(r *strictjson.Reader) []Org {
	if _, ok := r.Optional('['); !ok {
		return nil
	}
	all := make([]Org, 0, 32) // on the stack, up to this number
	for entry, ok := r.Element(); ok; entry, ok = r.Element() {
		if r.Check(entry, '{') {
			all = append(all, org(r))
		}
	}
	return slices.Clone(all)
}

// org reads the members of an entry. The caller must already have read the opening brace
// of the entry.
func org(r *strictjson.Reader) (o Org) {
	for name := r.Name(); name != nil; name = r.Name() {
		switch string(name) {
		case "oid":
			o.OrgID = text(r)
		case "mid":
			o.MembershipID = text(r)
		case "perm":
			o.Permissions = texts(r)
		case "selected":
			token, ok := r.Optional('t')
			o.Selected = ok && token.Bool()
		case "name":
			o.Name = displayText(r)
		case "ref":
			o.Reference = displayText(r)
		case "cs":
			o.Custom = customJSON(r)
		default:
			r.Skip(r.Token())
		}
	}
	return o
}

func text(r *strictjson.Reader) string {
	if token, ok := r.Optional('"'); ok {
		return token.Text()
	}
	return ""
}

// displayText returns the text of a claim that is only displayed, or "" if it has another
// type.
func displayText(r *strictjson.Reader) string {
	token := r.Token()
	if token.Kind() == '"' {
		return token.Text()
	}
	r.Skip(token)
	return ""
}

func displayBoolean(r *strictjson.Reader) *bool {
	token := r.Token()
	if token.Kind() == 't' {
		return new(token.Bool())
	}
	r.Skip(token)
	return nil
}

func customJSON(r *strictjson.Reader) string {
	token := r.Token()
	if raw := r.Skip(token); token.Kind() == '{' {
		return string(raw)
	}
	return ""
}

// maxNumericDate is 9999-12-31T23:59:59Z, the last second that HTTP dates and RFC 3339
// can express.
const maxNumericDate = 253402300799

// numericDate reads a NumericDate (RFC 7519 section 2): seconds, with or without a
// fraction.
func numericDate(r *strictjson.Reader) time.Time {
	token, ok := r.Optional('0')
	if !ok {
		return time.Time{}
	}
	seconds, err := strconv.ParseFloat(string(token), 64)
	if err != nil || seconds > maxNumericDate || seconds < -maxNumericDate {
		r.Fail("is out of range")
		return time.Time{}
	}
	whole, fraction := math.Modf(seconds)
	return time.Unix(int64(whole), int64(fraction*1e9)).UTC()
}

// audience reads aud (RFC 7519 section 4.1.3): a string or an array of strings.
func audience(r *strictjson.Reader) []string {
	token := r.Token()
	switch token.Kind() {
	case '"':
		return []string{token.Text()}
	case 'n':
		return nil
	}
	r.Check(token, '[')
	return elements(r)
}

func texts(r *strictjson.Reader) []string {
	if _, ok := r.Optional('['); !ok {
		return nil
	}
	return elements(r)
}

// elements reads the elements of an array of strings.
func elements(r *strictjson.Reader) []string {
	all := make([]string, 0, 16) // on the stack, up to this number
	for element, ok := r.Element(); ok; element, ok = r.Element() {
		if r.Check(element, '"') {
			all = append(all, element.Text())
		}
	}
	return slices.Clone(all)
}
