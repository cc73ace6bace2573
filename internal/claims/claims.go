// Package claims decodes the payload of a login token. It checks types, not
// values: who issued the token and when it ends is for the caller to judge.
package claims

import (
	"bytes"
	"cmp"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/authrocket-go/authrocket/internal/rawjson"
)

// Claims are the claims of a login token. A claim that is absent or null is
// the zero value. Nothing in them is part of the payload.
type Claims struct {
	Issuer    string
	Subject   string
	RealmID   string
	SessionID string
	IssuedAt  time.Time
	ExpiresAt time.Time
	NotBefore time.Time
	// Audience is nil when there is no aud, and not nil but empty for [].
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

// Error says which claim cannot be used, and why.
type Error struct {
	Claim   string // such as "exp" or "orgs[1].perm"; empty for the payload as a whole
	Problem string
}

func (e *Error) Error() string {
	if e.Claim == "" {
		return "payload " + e.Problem
	}
	return "claim " + e.Claim + " " + e.Problem
}

// Decode decodes payload: one JSON object with nothing after it, names matched
// exactly. Of several members of one name the last one counts. A claim of
// identity or authority of the wrong type is an [*Error]; a display claim of the
// wrong type counts as absent.
func Decode(payload []byte) (Claims, error) {
	r := rawjson.NewReader(payload)
	var raw rawClaims
	var orgs []Org
	var orgsProblem error
	for name := range r.Members() {
		if string(name) == "orgs" {
			orgs, orgsProblem = readOrgs(r)
		} else {
			raw.set(string(name), present(r.Value()))
		}
	}
	if !r.End() {
		return Claims{}, &Error{"", "is not a JSON object"}
	}
	var d decoder
	c := Claims{
		Issuer:    d.text(raw.iss, "iss"),
		Subject:   d.text(raw.sub, "sub"),
		RealmID:   d.text(raw.rid, "rid"),
		SessionID: d.text(raw.sid, "sid"),
		IssuedAt:  d.date(raw.iat, "iat"),
		ExpiresAt: d.date(raw.exp, "exp"),
		NotBefore: d.date(raw.nbf, "nbf"),
		Audience:  d.audience(raw.aud),
		Orgs:      orgs,

		Name:              display(raw.name),
		GivenName:         display(raw.givenName),
		FamilyName:        display(raw.familyName),
		PreferredUsername: display(raw.preferredUsername),
		Email:             display(raw.email),
		Locale:            display(raw.locale),
		Reference:         display(raw.ref),
		Custom:            custom(raw.cs),
	}
	if verified, ok := raw.emailVerified.Bool(); ok {
		c.EmailVerified = &verified
	}
	if err := cmp.Or(d.err, orgsProblem); err != nil {
		return Claims{}, err
	}
	return c, nil
}

// Peek returns iss and rid of payload, "" where they are missing or no strings.
func Peek(payload []byte) (issuer, realmID string) {
	r := rawjson.NewReader(payload)
	var raw rawClaims
	for name := range r.Members() {
		raw.set(string(name), present(r.Value()))
	}
	if !r.End() {
		return "", ""
	}
	return display(raw.iss), display(raw.rid)
}

// rawClaims are the claims that are read, but orgs; nil when they are absent or
// null.
type rawClaims struct {
	iss, sub, rid, sid, iat, exp, nbf, aud rawjson.Value

	name, givenName, familyName, preferredUsername, email, emailVerified, locale, ref, cs rawjson.Value
}

// set keeps the value of the claim called name if it is one that is read.
func (r *rawClaims) set(name string, value rawjson.Value) {
	switch name {
	case "iss":
		r.iss = value
	case "sub":
		r.sub = value
	case "rid":
		r.rid = value
	case "sid":
		r.sid = value
	case "iat":
		r.iat = value
	case "exp":
		r.exp = value
	case "nbf":
		r.nbf = value
	case "aud":
		r.aud = value
	case "name":
		r.name = value
	case "given_name":
		r.givenName = value
	case "family_name":
		r.familyName = value
	case "preferred_username":
		r.preferredUsername = value
	case "email":
		r.email = value
	case "email_verified":
		r.emailVerified = value
	case "locale":
		r.locale = value
	case "ref":
		r.ref = value
	case "cs":
		r.cs = value
	}
}

// rawOrg are the members of an entry of orgs that are read.
type rawOrg struct{ oid, mid, perm, selected, name, ref, cs rawjson.Value }

func (r *rawOrg) set(name string, value rawjson.Value) {
	switch name {
	case "oid":
		r.oid = value
	case "mid":
		r.mid = value
	case "perm":
		r.perm = value
	case "selected":
		r.selected = value
	case "name":
		r.name = value
	case "ref":
		r.ref = value
	case "cs":
		r.cs = value
	}
}

// present turns null into absent.
func present(value rawjson.Value) rawjson.Value {
	if value.IsNull() {
		return nil
	}
	return value
}

// display returns the text of a display claim, "" for one of another type.
func display(raw rawjson.Value) string {
	text, _ := raw.Text()
	return text
}

func custom(raw rawjson.Value) string {
	if !raw.IsObject() {
		return ""
	}
	return string(raw)
}

// decoder keeps the first problem, so that claims are read one line each.
type decoder struct {
	err   error
	inOrg bool
	org   int // the index of the entry of orgs, if inOrg
}

func (d *decoder) fail(claim, problem string) {
	if d.err != nil {
		return
	}
	if d.inOrg {
		entry := "orgs[" + strconv.Itoa(d.org) + "]"
		if claim != "" {
			entry += "."
		}
		claim = entry + claim
	}
	d.err = &Error{claim, problem}
}

func (d *decoder) text(raw rawjson.Value, claim string) string {
	text, ok := raw.Text()
	if !ok && raw != nil {
		d.fail(claim, "is not a string")
	}
	return text
}

// lastSecond is 9999-12-31T23:59:59Z, the last second that dates in HTTP and
// RFC 3339 can express.
const lastSecond = 253402300799

// date reads a NumericDate (RFC 7519 section 2): seconds, with or without a
// fraction.
func (d *decoder) date(raw rawjson.Value, claim string) time.Time {
	if raw == nil {
		return time.Time{}
	}
	if !raw.IsNumber() {
		d.fail(claim, "is not a number")
		return time.Time{}
	}
	seconds, err := strconv.ParseFloat(string(raw), 64)
	if err != nil || seconds > lastSecond || seconds < -lastSecond {
		d.fail(claim, "is out of range")
		return time.Time{}
	}
	whole, fraction := math.Modf(seconds)
	return time.Unix(int64(whole), int64(fraction*1e9)).UTC()
}

// audience reads aud (RFC 7519 section 4.1.3): a string or an array of strings.
func (d *decoder) audience(raw rawjson.Value) []string {
	if text, ok := raw.Text(); ok {
		return []string{text}
	}
	return d.texts(raw, "aud")
}

func (d *decoder) texts(raw rawjson.Value, claim string) []string {
	if raw == nil {
		return nil
	}
	if !raw.IsArray() {
		d.fail(claim, "is not an array of strings")
		return nil
	}
	texts := make([]string, 0, 1+bytes.Count(raw, []byte{','})) // or fewer
	r := rawjson.NewReader(raw)
	for range r.Elements() {
		text, ok := r.Value().Text()
		if !ok {
			d.fail(claim, "is not an array of strings")
		}
		texts = append(texts, text)
	}
	return texts
}

func (d *decoder) boolean(raw rawjson.Value, claim string) bool {
	value, ok := raw.Bool()
	if !ok && raw != nil {
		d.fail(claim, "is not a boolean")
	}
	return value
}

// readOrgs reads orgs to its end, whatever is in it.
func readOrgs(r *rawjson.Reader) ([]Org, error) {
	var d decoder
	if !r.IsArray() {
		if present(r.Value()) != nil {
			d.fail("orgs", "is not an array")
		}
		return nil, d.err
	}
	orgs := make([]Org, 0, 32) // on the stack, unless there are more
	d.inOrg = true
	for d.org = range r.Elements() {
		orgs = append(orgs, d.readOrg(r))
	}
	return slices.Clone(orgs), d.err
}

func (d *decoder) readOrg(r *rawjson.Reader) Org {
	if !r.IsObject() {
		r.Value()
		d.fail("", "is not an object")
		return Org{}
	}
	var raw rawOrg
	for name := range r.Members() {
		raw.set(string(name), present(r.Value()))
	}
	return Org{
		OrgID:        d.text(raw.oid, "oid"),
		MembershipID: d.text(raw.mid, "mid"),
		Permissions:  d.texts(raw.perm, "perm"),
		Selected:     d.boolean(raw.selected, "selected"),
		Name:         display(raw.name),
		Reference:    display(raw.ref),
		Custom:       custom(raw.cs),
	}
}
