package claims_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math"
	"reflect"
	"testing"
	"time"

	"github.com/authrocket-go/authrocket/internal/claims"
)

// FuzzDecode compares with a second version that reads everything into any: it
// has to accept the same payloads and find the same values.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(fullPayload))
	for _, row := range refusedPayloads[:len(refusedPayloads)-1] {
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
		want := naive{ok: true}
		members := want.payload(payload)
		if (err == nil) != want.ok {
			t.Fatalf("Decode(%q): got error %v, want accepted %t", payload, err, want.ok)
		}
		if err != nil {
			if _, ok := errors.AsType[*claims.Error](err); !ok {
				t.Errorf("got error of type %T, want *claims.Error", err)
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

// naive reads a payload that has become map[string]any. ok turns false when it
// has to be refused.
type naive struct{ ok bool }

func readAny(data []byte) (any, bool) {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	var value any
	if decoder.Decode(&value) != nil {
		return nil, false
	}
	_, err := decoder.Token()
	return value, errors.Is(err, io.EOF)
}

func (n *naive) payload(data []byte) map[string]any {
	value, ok := readAny(data)
	members, isObject := value.(map[string]any)
	if !ok || !isObject {
		n.ok = false
		return nil
	}
	for _, name := range []string{"iss", "sub", "rid", "sid"} {
		n.text(members[name])
	}
	for _, name := range []string{"iat", "exp", "nbf"} {
		n.date(members[name])
	}
	n.audience(members["aud"])
	for _, entry := range n.array(members["orgs"]) {
		org, isObject := entry.(map[string]any)
		n.ok = n.ok && isObject
		n.text(org["oid"])
		n.text(org["mid"])
		n.boolean(org["selected"])
		n.texts(org["perm"])
	}
	return members
}

func (n *naive) text(value any) string {
	s, ok := value.(string)
	n.ok = n.ok && (ok || value == nil)
	return s
}

func (n *naive) boolean(value any) bool {
	b, ok := value.(bool)
	n.ok = n.ok && (ok || value == nil)
	return b
}

func (n *naive) array(value any) []any {
	a, ok := value.([]any)
	n.ok = n.ok && (ok || value == nil)
	return a
}

func (n *naive) texts(value any) []string {
	var texts []string
	for _, element := range n.array(value) {
		n.ok = n.ok && element != nil
		texts = append(texts, n.text(element))
	}
	return texts
}

func (n *naive) audience(value any) []string {
	if s, ok := value.(string); ok {
		return []string{s}
	}
	return n.texts(value)
}

// date returns seconds, NaN for none.
func (n *naive) date(value any) float64 {
	if value == nil {
		return math.NaN()
	}
	number, ok := value.(json.Number)
	if !ok {
		n.ok = false
		return math.NaN()
	}
	seconds, err := number.Float64()
	year9999 := float64(time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC).Unix())
	n.ok = n.ok && err == nil && math.Abs(seconds) <= year9999
	return seconds
}

func (n *naive) compare(t *testing.T, members map[string]any, got claims.Claims) {
	t.Helper()
	texts := map[string]string{
		"iss": got.Issuer, "sub": got.Subject, "rid": got.RealmID, "sid": got.SessionID,
		"name": got.Name, "given_name": got.GivenName, "family_name": got.FamilyName,
		"preferred_username": got.PreferredUsername, "email": got.Email, "locale": got.Locale, "ref": got.Reference,
	}
	for name, got := range texts {
		if want, _ := members[name].(string); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
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
	if want := n.audience(members["aud"]); !sameTexts(got.Audience, want) || (got.Audience == nil) != (members["aud"] == nil) {
		t.Errorf("aud: got %#v, want %#v", got.Audience, want)
	}
	want, isBoolean := members["email_verified"].(bool)
	if (got.EmailVerified != nil) != isBoolean || isBoolean && *got.EmailVerified != want {
		t.Errorf("email_verified: got %s, want that of %v", show(got.EmailVerified), members["email_verified"])
	}
	compareCustom(t, "cs", got.Custom, members["cs"])

	entries := n.array(members["orgs"])
	if len(got.Orgs) != len(entries) || (got.Orgs == nil) != (members["orgs"] == nil) {
		t.Fatalf("orgs: got %#v, want %d", got.Orgs, len(entries))
	}
	for i, entry := range entries {
		n.compareOrg(t, entry.(map[string]any), got.Orgs[i])
	}
}

func (n *naive) compareOrg(t *testing.T, members map[string]any, got claims.Org) {
	t.Helper()
	texts := map[string]string{"oid": got.OrgID, "mid": got.MembershipID, "name": got.Name, "ref": got.Reference}
	for name, got := range texts {
		if want, _ := members[name].(string); got != want {
			t.Errorf("orgs %s: got %q, want %q", name, got, want)
		}
	}
	if want := n.boolean(members["selected"]); got.Selected != want {
		t.Errorf("orgs selected: got %t, want %t", got.Selected, want)
	}
	if want := n.texts(members["perm"]); !sameTexts(got.Permissions, want) {
		t.Errorf("orgs perm: got %q, want %q", got.Permissions, want)
	}
	compareCustom(t, "orgs cs", got.Custom, members["cs"])
}

func compareCustom(t *testing.T, name string, got json.RawMessage, value any) {
	t.Helper()
	want, isObject := value.(map[string]any)
	if !isObject {
		if got != nil {
			t.Errorf("%s: got %q, want none", name, got)
		}
		return
	}
	if members, ok := readAny(got); !ok || !reflect.DeepEqual(members, value) {
		t.Errorf("%s: got %q, want %v", name, got, want)
	}
}

func sameTexts(a, b []string) bool {
	return len(a) == len(b) && (len(a) == 0 || reflect.DeepEqual(a, b))
}
