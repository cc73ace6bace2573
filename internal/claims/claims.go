// Package claims decodes the payload of a login token. It checks types, not
// values: who issued the token and when it ends is for the caller to judge.
package claims

import (
	"encoding/json"
	"math"
	"strconv"
	"time"
)

// Claims are the claims of a login token. A claim that is absent or null is
// the zero value.
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
	Custom            json.RawMessage // a JSON object or nil

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
	Custom    json.RawMessage // a JSON object or nil
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
// exactly. A claim of identity or authority of the wrong type is an [*Error];
// a display claim of the wrong type counts as absent.
func Decode(payload []byte) (Claims, error) {
	var members object
	if err := json.Unmarshal(payload, &members); err != nil || members == nil {
		return Claims{}, &Error{"", "is not a JSON object"}
	}
	d := decoder{}
	c := Claims{
		Issuer:    d.text(members, "", "iss"),
		Subject:   d.text(members, "", "sub"),
		RealmID:   d.text(members, "", "rid"),
		SessionID: d.text(members, "", "sid"),
		IssuedAt:  d.date(members, "iat"),
		ExpiresAt: d.date(members, "exp"),
		NotBefore: d.date(members, "nbf"),
		Audience:  d.audience(members),
		Orgs:      d.orgs(members),

		Name:              members.display("name"),
		GivenName:         members.display("given_name"),
		FamilyName:        members.display("family_name"),
		PreferredUsername: members.display("preferred_username"),
		Email:             members.display("email"),
		Locale:            members.display("locale"),
		Reference:         members.display("ref"),
		Custom:            members.custom(),
	}
	switch string(members["email_verified"]) {
	case "true":
		c.EmailVerified = new(true)
	case "false":
		c.EmailVerified = new(false)
	}
	if d.err != nil {
		return Claims{}, d.err
	}
	return c, nil
}

// Peek returns iss and rid of payload, "" where they are missing or no strings.
func Peek(payload []byte) (issuer, realmID string) {
	var members object
	if json.Unmarshal(payload, &members) != nil {
		return "", ""
	}
	return members.display("iss"), members.display("rid")
}

type object map[string]json.RawMessage

// present returns the raw value of name; null means absent.
func (o object) present(name string) (json.RawMessage, bool) {
	raw, ok := o[name]
	return raw, ok && !isNull(raw)
}

// display returns the text of a display claim, "" for one of another type.
func (o object) display(name string) string {
	raw, ok := o.present(name)
	if !ok || raw[0] != '"' {
		return ""
	}
	var s string
	if json.Unmarshal(raw, &s) != nil {
		return ""
	}
	return s
}

func (o object) custom() json.RawMessage {
	if raw, ok := o.present("cs"); ok && raw[0] == '{' {
		return raw
	}
	return nil
}

func isNull(raw json.RawMessage) bool { return string(raw) == "null" }

// decoder keeps the first problem, so that claims are read one line each.
type decoder struct{ err error }

func (d *decoder) fail(claim, problem string) {
	if d.err == nil {
		d.err = &Error{claim, problem}
	}
}

func (d *decoder) text(o object, prefix, name string) string {
	raw, ok := o.present(name)
	if !ok {
		return ""
	}
	var s string
	if raw[0] != '"' || json.Unmarshal(raw, &s) != nil {
		d.fail(prefix+name, "is not a string")
	}
	return s
}

// lastSecond is 9999-12-31T23:59:59Z, the last second that dates in HTTP and
// RFC 3339 can express.
const lastSecond = 253402300799

// date reads a NumericDate (RFC 7519 section 2): seconds, with or without a
// fraction.
func (d *decoder) date(o object, name string) time.Time {
	raw, ok := o.present(name)
	if !ok {
		return time.Time{}
	}
	if raw[0] != '-' && (raw[0] < '0' || raw[0] > '9') {
		d.fail(name, "is not a number")
		return time.Time{}
	}
	seconds, err := strconv.ParseFloat(string(raw), 64)
	if err != nil || seconds > lastSecond || seconds < -lastSecond {
		d.fail(name, "is out of range")
		return time.Time{}
	}
	whole, fraction := math.Modf(seconds)
	return time.Unix(int64(whole), int64(fraction*1e9)).UTC()
}

// audience reads aud (RFC 7519 section 4.1.3): a string or an array of strings.
func (d *decoder) audience(o object) []string {
	raw, ok := o.present("aud")
	if !ok {
		return nil
	}
	if raw[0] == '"' {
		return []string{d.text(o, "", "aud")}
	}
	return d.texts(raw, "aud")
}

func (d *decoder) texts(raw json.RawMessage, claim string) []string {
	var elements []json.RawMessage
	if raw[0] != '[' || json.Unmarshal(raw, &elements) != nil {
		d.fail(claim, "is not an array of strings")
		return nil
	}
	texts := make([]string, len(elements))
	for i, element := range elements {
		if element[0] != '"' || json.Unmarshal(element, &texts[i]) != nil {
			d.fail(claim, "is not an array of strings")
			return nil
		}
	}
	return texts
}

func (d *decoder) orgs(o object) []Org {
	raw, ok := o.present("orgs")
	if !ok {
		return nil
	}
	var entries []json.RawMessage
	if raw[0] != '[' || json.Unmarshal(raw, &entries) != nil {
		d.fail("orgs", "is not an array")
		return nil
	}
	orgs := make([]Org, len(entries))
	for i, entry := range entries {
		prefix := "orgs[" + strconv.Itoa(i) + "]"
		var members object
		if json.Unmarshal(entry, &members) != nil || members == nil {
			d.fail(prefix, "is not an object")
			return nil
		}
		orgs[i] = Org{
			OrgID:        d.text(members, prefix+".", "oid"),
			MembershipID: d.text(members, prefix+".", "mid"),
			Selected:     d.boolean(members, prefix+".", "selected"),
			Name:         members.display("name"),
			Reference:    members.display("ref"),
			Custom:       members.custom(),
		}
		if raw, ok := members.present("perm"); ok {
			orgs[i].Permissions = d.texts(raw, prefix+".perm")
		}
	}
	return orgs
}

func (d *decoder) boolean(o object, prefix, name string) bool {
	raw, ok := o.present(name)
	if ok && string(raw) != "true" && string(raw) != "false" {
		d.fail(prefix+name, "is not a boolean")
	}
	return ok && string(raw) == "true"
}
