package claims_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"reflect"
	"testing"
	"time"

	"github.com/authrocket-go/authrocket/internal/claims"
	"github.com/authrocket-go/authrocket/internal/strictjson"
	"github.com/go-json-experiment/json/jsontext"
)

// FuzzDecode compares with a second version that reads every object into
// map[string]json.RawMessage and every value into any: it has to accept the same
// payloads and find the same values. It accepts members that come twice and text
// that is not UTF-8, which Decode refuses: of those jsontext decides alone.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(fullPayload))
	for _, row := range refusedPayloads[:len(refusedPayloads)-2] {
		f.Add([]byte(row.payload))
	}
	for _, row := range wrongValues {
		for _, claim := range row.claims {
			for _, value := range append(row.values, `null`, `"x"`, `1.5`, `["x"]`) {
				f.Add([]byte(`{"` + claim + `":` + value + `}`))
			}
		}
	}
	for _, row := range wrongOrgValues {
		for _, claim := range row.claims {
			for _, value := range append(row.values, `null`, `"x"`, `true`, `["x"]`) {
				f.Add([]byte(`{"orgs":[ {"` + claim + `": ` + value + ` } ]}`))
			}
		}
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		got, err := claims.Decode(payload)
		want := naive{ok: jsontext.Value(payload).IsValid()}
		members := want.payload(payload)
		if mayBeTooDeep(payload) && err != nil {
			return
		}
		if (err == nil) != want.ok {
			t.Fatalf("Decode(%q): got error %v, want accepted %t", payload, err, want.ok)
		}
		if err != nil {
			if _, ok := errors.AsType[*strictjson.Error](err); !ok {
				t.Errorf("got error %v, want a *strictjson.Error inside", err)
			}
			return
		}
		want.compare(t, members, got)

		issuer, realmID := claims.Peek(payload)
		if issuer != got.Issuer || realmID != got.RealmID {
			t.Errorf("Peek: got %q and %q, want %q and %q", issuer, realmID, got.Issuer, got.RealmID)
		}
	})
}

func mayBeTooDeep(payload []byte) bool {
	return bytes.Count(payload, []byte{'{'})+bytes.Count(payload, []byte{'['}) > 32
}

// naive reads a payload with encoding/json alone. ok turns false when it has to
// be refused.
type naive struct{ ok bool }

type object = map[string]json.RawMessage

func (n *naive) object(data []byte) object {
	var members object
	n.ok = n.ok && json.Unmarshal(data, &members) == nil && members != nil
	return members
}

// value is nil for a member that is absent or null.
func value(raw json.RawMessage) any {
	if raw == nil {
		return nil
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	var v any
	if decoder.Decode(&v) != nil {
		panic("encoding/json took what it does not take")
	}
	return v
}

func (n *naive) payload(data []byte) object {
	members := n.object(data)
	for _, name := range []string{"iss", "sub", "rid", "sid"} {
		n.text(members[name])
	}
	for _, name := range []string{"iat", "exp", "nbf"} {
		n.date(members[name])
	}
	n.audience(members["aud"])
	for _, entry := range n.array(members["orgs"]) {
		org := n.object(entry)
		n.text(org["oid"])
		n.text(org["mid"])
		n.boolean(org["selected"])
		n.texts(org["perm"])
	}
	return members
}

func (n *naive) text(raw json.RawMessage) string {
	s, ok := value(raw).(string)
	n.ok = n.ok && (ok || value(raw) == nil)
	return s
}

func (n *naive) boolean(raw json.RawMessage) bool {
	b, ok := value(raw).(bool)
	n.ok = n.ok && (ok || value(raw) == nil)
	return b
}

func (n *naive) array(raw json.RawMessage) []json.RawMessage {
	var elements []json.RawMessage
	if raw != nil {
		n.ok = n.ok && json.Unmarshal(raw, &elements) == nil
	}
	return elements
}

func (n *naive) texts(raw json.RawMessage) []string {
	var texts []string
	for _, element := range n.array(raw) {
		n.ok = n.ok && value(element) != nil
		texts = append(texts, n.text(element))
	}
	return texts
}

func (n *naive) audience(raw json.RawMessage) []string {
	if s, ok := value(raw).(string); ok {
		return []string{s}
	}
	return n.texts(raw)
}

// date returns seconds, NaN for none.
func (n *naive) date(raw json.RawMessage) float64 {
	if value(raw) == nil {
		return math.NaN()
	}
	number, ok := value(raw).(json.Number)
	if !ok {
		n.ok = false
		return math.NaN()
	}
	seconds, err := number.Float64()
	year9999 := float64(time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC).Unix())
	n.ok = n.ok && err == nil && math.Abs(seconds) <= year9999
	return seconds
}

func (n *naive) compare(t *testing.T, members object, got claims.Claims) {
	t.Helper()
	compareTexts(t, members, map[string]string{
		"iss": got.Issuer, "sub": got.Subject, "rid": got.RealmID, "sid": got.SessionID,
		"name": got.Name, "given_name": got.GivenName, "family_name": got.FamilyName,
		"preferred_username": got.PreferredUsername, "email": got.Email, "locale": got.Locale, "ref": got.Reference,
	})
	for name, got := range map[string]time.Time{"iat": got.IssuedAt, "exp": got.ExpiresAt, "nbf": got.NotBefore} {
		want := n.date(members[name])
		if math.IsNaN(want) {
			if !got.IsZero() {
				t.Errorf("%s: got %v, want none", name, got)
			}
		} else if seconds := float64(got.Unix()) + float64(got.Nanosecond())/1e9; math.Abs(seconds-want) > 1e-3 {
			t.Errorf("%s: got %v, want %v seconds", name, got, want)
		}
	}
	if want := n.audience(members["aud"]); !sameTexts(got.Audience, want) || (got.Audience == nil) != (value(members["aud"]) == nil) {
		t.Errorf("aud: got %#v, want %#v", got.Audience, want)
	}
	want, isBoolean := value(members["email_verified"]).(bool)
	if (got.EmailVerified != nil) != isBoolean || isBoolean && *got.EmailVerified != want {
		t.Errorf("email_verified: got %s, want that of %s", show(got.EmailVerified), members["email_verified"])
	}
	compareCustom(t, got.Custom, members["cs"])

	entries := n.array(members["orgs"])
	if len(got.Orgs) != len(entries) || (got.Orgs == nil) != (value(members["orgs"]) == nil) {
		t.Fatalf("orgs: got %#v, want %d", got.Orgs, len(entries))
	}
	for i, entry := range entries {
		n.compareOrg(t, n.object(entry), got.Orgs[i])
	}
}

func (n *naive) compareOrg(t *testing.T, members object, got claims.Org) {
	t.Helper()
	compareTexts(t, members, map[string]string{"oid": got.OrgID, "mid": got.MembershipID, "name": got.Name, "ref": got.Reference})
	if want := n.boolean(members["selected"]); got.Selected != want {
		t.Errorf("orgs selected: got %t, want %t", got.Selected, want)
	}
	if want := n.texts(members["perm"]); !sameTexts(got.Permissions, want) {
		t.Errorf("orgs perm: got %q, want %q", got.Permissions, want)
	}
	compareCustom(t, got.Custom, members["cs"])
}

func compareTexts(t *testing.T, members object, texts map[string]string) {
	t.Helper()
	for name, got := range texts {
		if want, _ := value(members[name]).(string); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
}

func compareCustom(t *testing.T, got string, raw json.RawMessage) {
	t.Helper()
	want := string(raw)
	if _, isObject := value(raw).(map[string]any); !isObject {
		want = ""
	}
	if got != want {
		t.Errorf("cs: got %q, want %q", got, want)
	}
}

func sameTexts(a, b []string) bool {
	return len(a) == len(b) && (len(a) == 0 || reflect.DeepEqual(a, b))
}
