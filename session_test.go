package authrocket_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/gob"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/authrockettest"
)

// A key set and two tokens, signed by other software than ours with a
// throw-away key and secret. They are valid on 2025-01-01 and are in one piece,
// since a test of their shape would otherwise test our own encoder.
const (
	vectorKeyID  = "jky_constructed0000000001"
	vectorN      = "0M-noZXcwCjNIpzRJDO1Y-Lhy5peRcPhXg1F1_0VS9_ALiAjP8eOgiUTeBlh_lri3HZJtW79RTxDhEwyobTX4TLnTMjhelXj-HJlNR4aZWTKgTErlWqAOkclPWfPQydFY9s-A0NAYTqJ47a2UhTjCnlvP6lj3vrPmmjr_wJnDz8ig1AhK7Pu6RwIY95pG60gtUYmiSbAw1aDdBzeIXuHWVVlMcXxaqZmhNK3OC8VbkQYopsURXsdxconxNQ9zeMa48Cd2DT5WQRvB-_ixQxBpCN-j3bKAwbATZ2OnL9GR9ap7bktVfCerMxrfqSpdHNEzNWPr_FB0mILGxjQGyE2Lw"
	vectorSPKI   = "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA0M+noZXcwCjNIpzRJDO1Y+Lhy5peRcPhXg1F1/0VS9/ALiAjP8eOgiUTeBlh/lri3HZJtW79RTxDhEwyobTX4TLnTMjhelXj+HJlNR4aZWTKgTErlWqAOkclPWfPQydFY9s+A0NAYTqJ47a2UhTjCnlvP6lj3vrPmmjr/wJnDz8ig1AhK7Pu6RwIY95pG60gtUYmiSbAw1aDdBzeIXuHWVVlMcXxaqZmhNK3OC8VbkQYopsURXsdxconxNQ9zeMa48Cd2DT5WQRvB+/ixQxBpCN+j3bKAwbATZ2OnL9GR9ap7bktVfCerMxrfqSpdHNEzNWPr/FB0mILGxjQGyE2LwIDAQAB"
	vectorSecret = "jsk_constructedSecretForTestsOnly0123456789abcdef"
	vectorRS256  = "eyJhbGciOiJSUzI1NiIsImtpZCI6ImpreV9jb25zdHJ1Y3RlZDAwMDAwMDAwMDEiLCJ0eXAiOiJKV1QifQ.eyJpc3MiOiJodHRwczovL2F1dGhyb2NrZXQuY29tIiwic3ViIjoidXNyXzB2MXpVcFdkRTRJaUZjMnc1eW5TaGYiLCJyaWQiOiJybF8wdjF6VEhYaHROZ21EYVhhRFlTQXF4Iiwic2lkIjoia3NzXzB2MXpVcFdkRTRJaUZjMnc1eW5TaGYiLCJpYXQiOjE3MzU2ODk2MDAsImV4cCI6MTczNTc3NjAwMCwibmFtZSI6Ikdlb3JnZSBFeGFtcGxlIiwiZ2l2ZW5fbmFtZSI6Ikdlb3JnZSIsImZhbWlseV9uYW1lIjoiRXhhbXBsZSIsInByZWZlcnJlZF91c2VybmFtZSI6Imdlb3JnZSIsImVtYWlsIjoiZ2VvcmdlQGV4YW1wbGUuY29tIiwiZW1haWxfdmVyaWZpZWQiOnRydWUsImxvY2FsZSI6ImVuIiwicmVmIjoiNDIiLCJjcyI6eyJwbGFuIjoicHJvIn0sIm9yZ3MiOlt7Im9pZCI6Im9yZ18wdjF6V1JISlZtN0pZOHZVcURSdXl4IiwibWlkIjoibWJfMHYxelVwV2RFNElpRmMydzV5blNoZiIsIm5hbWUiOiJXaWRnZXRzIEluYyIsInJlZiI6ImFjY3QtNyIsImNzIjp7InRpZXIiOjN9LCJwZXJtIjpbImFyOm93bmVyIiwid2lkZ2V0OioiXSwic2VsZWN0ZWQiOnRydWV9XX0.MfAlRPtrOHMW_CijTyjfcBG14gfWfEw7kPAx1sdUIDmnQFq56OS9HB7rxIzdaZOdmTdp_6dbXadWpludaQ7c2pHxRGq5mvWhqRVsCpXZAftix7nUNEI4GaRcL22dMbScaTGHKNNWY8BMFEHKaRhO3QxKri_HEpMyKL9bXNWMRMvUu1nHhM5WGfuGv5EihwWjAA1lm1YWc2z79xn148sbbABoM8Bdy5fE1NT8zVyJYD8jUxXj96oSFhETgqEWZAdW9dntxUKGbBXMmRCkLm5jkmavCHSfeh7NucmqZ_IW_0glVkVzJrG6YejZpGSRlc93Jmci3KNt3Haq_UIXuC2dUg"
	vectorHS256  = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJodHRwczovL2F1dGhyb2NrZXQuY29tIiwic3ViIjoidXNyXzB2MXpVcFdkRTRJaUZjMnc1eW5TaGYiLCJyaWQiOiJybF8wdjF6VEhYaHROZ21EYVhhRFlTQXF4Iiwic2lkIjoia3NzXzB2MXpVcFdkRTRJaUZjMnc1eW5TaGYiLCJpYXQiOjE3MzU2ODk2MDAsImV4cCI6MTczNTc3NjAwMCwibmFtZSI6Ikdlb3JnZSBFeGFtcGxlIiwiZW1haWwiOiJnZW9yZ2VAZXhhbXBsZS5jb20ifQ.vCjOlI0HZyvPdwcx-VbfdHOmKLNcjxHx9QmtSWIxiXA"
)

var (
	vectorIssued  = time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)
	vectorExpires = time.Date(2025, 1, 2, 0, 0, 0, 0, time.UTC)
)

// vectorAuth is an Auth whose realm publishes the key set.
func vectorAuth(t *testing.T, keySet string) *authrocket.Auth {
	t.Helper()
	realm := authrockettest.NewRealm(t)
	realm.Break(authrockettest.Body("application/json", keySet))
	config := realm.Config()
	config.RealmID = "rl_0v1zTHXhtNgmDaXaDYSAqx"
	return openAuth(t, config)
}

func staticAuth(t *testing.T, key string) *authrocket.Auth {
	t.Helper()
	return openAuth(t, authrocket.Config{JWTKey: key, DisableCookie: true, RealmID: "rl_0v1zTHXhtNgmDaXaDYSAqx"})
}

func vectorPEM(t *testing.T) string {
	t.Helper()
	der, err := base64.StdEncoding.DecodeString(vectorSPKI)
	if err != nil {
		t.Fatal(err)
	}
	return pemOf("PUBLIC KEY", der)
}

func vectorJWK(members string) string {
	return `{"keys":[{"kty":"RSA","use":"sig","alg":"RS256","kid":"` + vectorKeyID + `",` + members + `}]}`
}

func TestSignedVectorRS256(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name string
		auth func(*testing.T) *authrocket.Auth
	}{
		{name: "published key", auth: func(t *testing.T) *authrocket.Auth {
			return vectorAuth(t, vectorJWK(`"n":"`+vectorN+`","e":"AQAB","x5c":["`+vectorSPKI+`"]`))
		}},
		{name: "published n and e", auth: func(t *testing.T) *authrocket.Auth { return vectorAuth(t, vectorJWK(`"n":"`+vectorN+`","e":"AQAB"`)) }},
		{name: "published x5c only", auth: func(t *testing.T) *authrocket.Auth { return vectorAuth(t, vectorJWK(`"x5c":["`+vectorSPKI+`"]`)) }},
		{name: "static PEM", auth: func(t *testing.T) *authrocket.Auth { return staticAuth(t, vectorPEM(t)) }},
		{name: "static base64 on one line", auth: func(t *testing.T) *authrocket.Auth { return staticAuth(t, vectorSPKI) }},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				time.Sleep(time.Until(vectorIssued.Add(3 * time.Hour)))
				s, err := row.auth(t).Verify(t.Context(), vectorRS256)
				if err != nil {
					t.Fatal(err)
				}
				expectVector(t, s)
			})
		})
	}
}

// expectVector checks every field that a token can fill.
func expectVector(t *testing.T, s authrocket.Session) {
	t.Helper()
	if s.RealmID != "rl_0v1zTHXhtNgmDaXaDYSAqx" || !s.IssuedAt.Equal(vectorIssued) || !s.ExpiresAt.Equal(vectorExpires) {
		t.Errorf("got realm %q, from %s to %s", s.RealmID, s.IssuedAt, s.ExpiresAt)
	}
	if got, want := s.ID(), "kss_0v1zUpWdE4IiFc2w5ynShf"; got != want {
		t.Errorf("got session ID %q, want %q", got, want)
	}
	if got := s.Token(); got != vectorRS256 {
		t.Errorf("got token %q, want %q", got, vectorRS256)
	}
	u := s.User
	got := []string{u.ID, u.Username, u.Name, u.FirstName, u.LastName, u.Email, u.EmailVerification.String(), u.Locale, u.Reference}
	want := []string{"usr_0v1zUpWdE4IiFc2w5ynShf", "george", "George Example", "George", "Example", "george@example.com", "verified", "en", "42"}
	if !slices.Equal(got, want) {
		t.Errorf("got user %q, want %q", got, want)
	}
	if got := u.Custom(); !maps.Equal(got, map[string]any{"plan": "pro"}) {
		t.Errorf("got custom attributes %v of the user", got)
	}
	if got := len(s.Memberships()); got != 1 {
		t.Fatalf("got %d memberships, want 1", got)
	}
	m, _ := s.Membership()
	if m.ID != "mb_0v1zUpWdE4IiFc2w5ynShf" || !m.Selected || !slices.Equal(m.Permissions(), []string{"ar:owner", "widget:*"}) {
		t.Errorf("got membership %+v", m)
	}
	org, ok := s.Org()
	if !ok || org.ID != "org_0v1zWRHJVm7JY8vUqDRuyx" || org.Name != "Widgets Inc" || org.Reference != "acct-7" {
		t.Errorf("got org %+v", org)
	}
	if got := org.Custom(); !maps.Equal(got, map[string]any{"tier": json.Number("3")}) {
		t.Errorf("got custom attributes %v of the org", got)
	}
	var claims struct {
		Issuer string `json:"iss"`
		Orgs   []struct {
			Tier struct{ Tier int } `json:"cs"`
		} `json:"orgs"`
	}
	if err := s.Claims(&claims); err != nil || claims.Issuer != "https://authrocket.com" || claims.Orgs[0].Tier.Tier != 3 {
		t.Errorf("got claims %+v, %v", claims, err)
	}
}

func TestSignedVectorHS256(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(vectorIssued.Add(3 * time.Hour)))
		s, err := staticAuth(t, "\t"+vectorSecret+"\n").Verify(t.Context(), vectorHS256)
		if err != nil {
			t.Fatal(err)
		}
		want := authrocket.User{ID: "usr_0v1zUpWdE4IiFc2w5ynShf", Name: "George Example", Email: "george@example.com"}
		if s.User != want || s.ID() != "kss_0v1zUpWdE4IiFc2w5ynShf" || !s.IssuedAt.Equal(vectorIssued) || !s.ExpiresAt.Equal(vectorExpires) {
			t.Errorf("got %+v with session ID %q, want user %+v", s, s.ID(), want)
		}
		if _, ok := s.Membership(); ok || s.Memberships() != nil || s.User.Custom() != nil {
			t.Error("got a membership or custom attributes, want none")
		}
	})
}

func TestSessionIsAValue(t *testing.T) {
	t.Parallel()
	c := newSite(t)
	ctx := authrocket.WithSession(t.Context(), c.session(t, authrockettest.AllOrgs()))
	mine, _ := authrocket.CurrentSession(ctx)

	mine.RealmID = "changed"
	mine.User.ID = "changed"
	mine.ExpiresAt = time.Time{}
	memberships := mine.Memberships()
	memberships[0].Org.ID = "changed"
	memberships[0].Permissions()[0] = "changed"
	memberships[1] = authrocket.Membership{}
	current, _ := mine.Membership()
	current.Permissions()[0] = "changed"
	mine.User.Custom()["plan"] = "changed"
	mine.User.Custom()["tags"].([]any)[0] = "changed"
	current.Org.Custom()["tier"] = "changed"
	var raw json.RawMessage
	if err := mine.Claims(&raw); err != nil {
		t.Fatal(err)
	}
	clear(raw)

	others, _ := authrocket.CurrentSession(ctx)
	if others.RealmID != c.realm.ID() || others.User.ID != c.ada.ID || others.ExpiresAt.IsZero() {
		t.Errorf("got %+v, want what the token says", others)
	}
	all := others.Memberships()
	if all[0].Org.ID != c.engines.ID || all[1].Org.ID != c.widgets.ID || all[1].Org.Name != "Widgets" {
		t.Errorf("got memberships %+v, want those of the token", all)
	}
	if got, want := all[0].Permissions(), []string{"ar:owner", "billing:write"}; !slices.Equal(got, want) {
		t.Errorf("got permissions %q, want %q", got, want)
	}
	if got := others.User.Custom(); got["plan"] != "pro" || got["tags"].([]any)[0] != "a" {
		t.Errorf("got custom attributes %v of the user", got)
	}
	if org, _ := others.Org(); org.Custom()["tier"] != json.Number("3") {
		t.Errorf("got custom attributes %v of the org", org.Custom())
	}
	var claims map[string]any
	if err := others.Claims(&claims); err != nil || claims["sub"] != c.ada.ID {
		t.Errorf("got claims %v, %v", claims, err)
	}
}

func TestSessionZero(t *testing.T) {
	t.Parallel()
	var zero authrocket.Session
	if !zero.IsZero() || zero.ID() != "" || zero.Token() != "" || zero.Memberships() != nil || zero.HasPermission("ar:owner") {
		t.Error("the zero session is somebody's")
	}
	if _, ok := zero.Membership(); ok {
		t.Error("the zero session has a membership")
	}
	if _, ok := zero.Org(); ok {
		t.Error("the zero session has an org")
	}
	if err := zero.Claims(new(map[string]any)); err == nil {
		t.Error("the zero session has claims")
	}
	if (authrocket.User{}).Custom() != nil || (authrocket.Org{}).Custom() != nil || (authrocket.Membership{}).Permissions() != nil {
		t.Error("zero values have attributes or permissions")
	}
	if newSite(t).session(t).IsZero() {
		t.Error("a verified session is zero")
	}
	if (authrocket.Session{User: authrocket.User{ID: "usr_1"}}).IsZero() {
		t.Error("a session with a user is zero")
	}
}

func TestSessionCurrentMembership(t *testing.T) {
	t.Parallel()
	type entry = map[string]any
	first, second, third := entry{"oid": "org_1", "mid": "mb_1", "perm": []string{"one"}}, entry{"oid": "org_2", "mid": "mb_2", "perm": []string{"two"}}, entry{"oid": "org_3", "mid": "mb_3"}
	selected := func(e entry, value any) entry {
		e = maps.Clone(e)
		e["selected"] = value
		return e
	}
	for _, row := range []struct {
		name, want string
		orgs       []any
	}{
		{name: "none"},
		{name: "the first when none is selected", orgs: []any{first, second}, want: "org_1"},
		{name: "the selected one", orgs: []any{first, selected(second, true), third}, want: "org_2"},
		{name: "the first of two selected", orgs: []any{first, selected(second, true), selected(third, true)}, want: "org_2"},
		{name: "selected false and null are not selected", orgs: []any{first, selected(second, false), selected(third, nil)}, want: "org_1"},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := newSite(t).session(t, setClaim("orgs", row.orgs))
			org, ok := s.Org()
			if org.ID != row.want || ok != (row.want != "") {
				t.Errorf("got org %q, %t, want %q", org.ID, ok, row.want)
			}
			if got, want := s.HasPermission("two"), row.want == "org_2"; got != want {
				t.Errorf("got the second org's permission %t, want %t", got, want)
			}
			if got, want := s.HasPermission("one"), row.want == "org_1"; got != want {
				t.Errorf("got the first org's permission %t, want %t", got, want)
			}
			if got := len(s.Memberships()); got != len(row.orgs) {
				t.Errorf("got %d memberships, want %d", got, len(row.orgs))
			}
		})
	}
}

func TestPermissionsAreComparedExactly(t *testing.T) {
	t.Parallel()
	s := newSite(t).session(t, setClaim("orgs", []any{map[string]any{"oid": "org_1", "perm": []string{"billing:*", "Read", "*"}}}))
	for tag, want := range map[string]bool{"billing:*": true, "Read": true, "*": true, "billing:write": false, "read": false, "Read ": false, "": false} {
		if got := s.HasPermission(tag); got != want {
			t.Errorf("%q: got %t, want %t", tag, got, want)
		}
	}
}

// Beyond 2^53 a float64 is another number.
func TestCustomNumbersAreExact(t *testing.T) {
	t.Parallel()
	const customs = `{"positive":9007199254740993,"negative":-9007199254740993,"huge":123456789012345678901234567890,
		"fraction":0.1234567890123456789,"exponent":1e400,"zero":-0,"within":[{"id":18446744073709551615}]}`
	s := newSite(t).session(t, setClaim("cs", json.RawMessage(customs)), setClaim("orgs", []any{map[string]any{"oid": "org_1", "cs": json.RawMessage(customs)}}))
	org, _ := s.Org()
	for of, got := range map[string]map[string]any{"the user": s.User.Custom(), "the org": org.Custom()} {
		for name, want := range map[string]json.Number{
			"positive": "9007199254740993", "negative": "-9007199254740993", "huge": "123456789012345678901234567890",
			"fraction": "0.1234567890123456789", "exponent": "1e400", "zero": "-0",
		} {
			if got[name] != want {
				t.Errorf("%s of %s: got %#v, want %#v", name, of, got[name], want)
			}
		}
		if id := got["within"].([]any)[0].(map[string]any)["id"]; id != json.Number("18446744073709551615") {
			t.Errorf("a number within the attributes of %s: got %#v", of, id)
		}
	}
	var typed struct {
		Custom struct {
			Positive int64 `json:"positive"`
			Within   []struct {
				ID uint64 `json:"id"`
			} `json:"within"`
		} `json:"cs"`
	}
	if err := s.Claims(&typed); err != nil || typed.Custom.Positive != 9007199254740993 || typed.Custom.Within[0].ID != 18446744073709551615 {
		t.Errorf("got claims %+v, %v", typed, err)
	}
}

func TestEmailVerificationString(t *testing.T) {
	t.Parallel()
	for v, want := range map[authrocket.EmailVerification]string{
		authrocket.EmailUnknown: "unknown", authrocket.EmailNotVerified: "not_verified", authrocket.EmailVerified: "verified", 99: "unknown",
	} {
		if got := v.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestEmailVerificationAsText(t *testing.T) {
	t.Parallel()
	for _, v := range []authrocket.EmailVerification{authrocket.EmailUnknown, authrocket.EmailNotVerified, authrocket.EmailVerified} {
		encoded, err := json.Marshal(v)
		if err != nil || string(encoded) != `"`+v.String()+`"` {
			t.Errorf("got %s, %v, want %q", encoded, err, v)
		}
		decoded := authrocket.EmailVerification(99)
		if err := json.Unmarshal(encoded, &decoded); err != nil || decoded != v {
			t.Errorf("got %v, %v, want %v", decoded, err, v)
		}
	}
	for _, text := range []string{``, `Verified`, `not verified`, `true`} {
		v := authrocket.EmailVerified
		if err := v.UnmarshalText([]byte(text)); err == nil || v != authrocket.EmailVerified {
			t.Errorf("%q: got %v, %v, want an error and no change", text, v, err)
		}
	}
}

func TestSessionAsJSON(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newSite(t)
		full := c.session(t, setClaim("orgs", []any{
			map[string]any{"oid": "org_1", "mid": "mb_1", "name": "One", "perm": []string{"a"}, "cs": map[string]any{"plan": "pro"}},
			map[string]any{"oid": "org_2", "mid": "mb_2", "ref": "two", "perm": []string{"b", "c"}, "selected": true},
		}))
		chosen, err := c.auth.CheckToken(t.Context(), full.Token(), "org_1")
		if err != nil {
			t.Fatal(err)
		}
		ofOrg, _ := authrocket.CurrentSession(chosen)
		bare := c.session(t, withoutClaim("orgs"), withoutClaim("iat"), withoutClaim("email_verified"), withoutClaim("locale"), withoutClaim("ref"))
		m, _ := full.Membership()
		start, end := full.IssuedAt.Format(time.RFC3339), full.ExpiresAt.Format(time.RFC3339)
		head := `{"realm_id":"` + c.realm.ID() + `"`
		user := `"user":{"id":"` + c.ada.ID + `","username":"ada","name":"Ada","first_name":"Ada","last_name":"Lovelace","email":"ada@example.com","email_verification":`
		for name, row := range map[string]struct {
			value any
			want  string
		}{
			"a session is about the picked org": {value: full, want: head + `,"issued_at":"` + start + `","expires_at":"` + end + `",` + user + `"verified","locale":"en","reference":"7"},"org":{"id":"org_2","reference":"two"},"permissions":["b","c"]}`},
			"a pointer to a session":            {value: &full, want: head + `,"issued_at":"` + start + `","expires_at":"` + end + `",` + user + `"verified","locale":"en","reference":"7"},"org":{"id":"org_2","reference":"two"},"permissions":["b","c"]}`},
			"behind a gate about its org":       {value: ofOrg, want: head + `,"issued_at":"` + start + `","expires_at":"` + end + `",` + user + `"verified","locale":"en","reference":"7"},"org":{"id":"org_1","name":"One"},"permissions":["a"]}`},
			"without what is not in the token":  {value: bare, want: head + `,"expires_at":"` + end + `",` + user + `"unknown"},"permissions":[]}`},
			"the zero session":                  {value: authrocket.Session{}, want: `{"realm_id":"","expires_at":"0001-01-01T00:00:00Z","user":{"id":"","email_verification":"unknown"},"permissions":[]}`},
			"a user":                            {value: authrocket.User{ID: "usr_1", Name: "Ada"}, want: `{"id":"usr_1","name":"Ada","email_verification":"unknown"}`},
			"an org":                            {value: m.Org, want: `{"id":"org_2","reference":"two"}`},
			"a membership":                      {value: m, want: `{"id":"mb_2","selected":true,"org":{"id":"org_2","reference":"two"},"permissions":["b","c"]}`},
			"a membership without permissions":  {value: authrocket.Membership{ID: "mb_1"}, want: `{"id":"mb_1","selected":false,"org":{"id":""},"permissions":[]}`},
		} {
			if got, err := json.Marshal(row.value); err != nil || string(got) != row.want {
				t.Errorf("%s: got %s, %v, want %s", name, got, err, row.want)
			}
		}
	})
}

// Logs gain neither names nor email addresses.
func TestSessionInLogs(t *testing.T) {
	t.Parallel()
	c := newSite(t)
	s := c.session(t)
	var lines bytes.Buffer
	slog.New(slog.NewJSONHandler(&lines, &slog.HandlerOptions{ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
		if groups == nil && a.Key != "session" {
			return slog.Attr{}
		}
		return a
	}})).Info("message", "session", s)
	want := `{"session":{"realm_id":"` + c.realm.ID() + `","user_id":"` + c.ada.ID + `","org_id":"` + c.engines.ID + `"}}`
	if got := strings.TrimSpace(lines.String()); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestSessionIDHash(t *testing.T) {
	t.Parallel()
	c := newSite(t)
	if got, want := c.session(t, setClaim("sid", "kss_1")).IDHash(), sha256.Sum256([]byte("kss_1")); got != want {
		t.Errorf("got %x, want %x", got, want)
	}
	for name, s := range map[string]authrocket.Session{"without sid": c.session(t, withoutClaim("sid")), "with an empty sid": c.session(t, setClaim("sid", "")), "that is zero": {}} {
		if got := s.IDHash(); got != [32]byte{} {
			t.Errorf("a session %s: got %x, want zero", name, got)
		}
	}
}

// TestNoRepresentationShowsSecrets prints a session in every way that programs
// do, by itself and inside other values.
func TestNoRepresentationShowsSecrets(t *testing.T) {
	t.Parallel()
	c := newSite(t)
	s := c.session(t, setClaim("private_claim", "only-in-the-raw-claims"), setClaim("cs", map[string]any{"plan": "attribute-of-the-user"}),
		setClaim("orgs", []any{map[string]any{"oid": "org_1", "mid": "mb_1", "cs": map[string]any{"tier": "attribute-of-the-org"}}}))
	m, _ := s.Membership()
	type nested struct {
		Session authrocket.Session
		Pointer *authrocket.Session
	}
	type embedded struct{ authrocket.Session }
	values := map[string]any{
		"session":    s,
		"pointer":    &s,
		"pointer to": new(&s),
		"struct":     nested{Session: s, Pointer: &s},
		"in struct":  &nested{Session: s, Pointer: &s},
		"embedded":   embedded{Session: s},
		"slice":      []authrocket.Session{s},
		"pointers":   []*authrocket.Session{&s},
		"map":        map[string]authrocket.Session{"s": s},
		"map to any": map[string]any{"s": &s},
		"key":        map[authrocket.Session]int{s: 1},
		"user":       s.User,
		"user in":    &struct{ U *authrocket.User }{U: &s.User},
		"membership": m,
		"in slice":   s.Memberships(),
		"org":        m.Org,
		"org in":     struct{ O any }{O: &m.Org},
	}
	secrets := map[string]string{
		"the token": s.Token(), "the signature": s.Token()[strings.LastIndex(s.Token(), ".")+1:], "the session ID": s.ID(),
		"the raw claims": "only-in-the-raw-claims", "the user's attributes": "attribute-of-the-user", "the org's attributes": "attribute-of-the-org",
	}
	for name, value := range values {
		t.Run(name, func(t *testing.T) {
			shown := representations(value)
			if !strings.Contains(shown["reflection"], s.User.ID) && !strings.Contains(shown["reflection"], "mb_1") && !strings.Contains(shown["reflection"], "org_1") {
				t.Fatal("the user and the org are not shown either, so that this test shows nothing")
			}
			for how, shown := range shown {
				for what, secret := range secrets {
					if showsSecret(shown, secret) {
						t.Errorf("%s shows %s", how, what)
					}
				}
			}
		})
	}
}

// representations returns what value looks like, by the way of printing it.
func representations(value any) map[string]string {
	shown := map[string]string{"Println": fmt.Sprintln(value), "reflection": reached(reflect.ValueOf(value))}
	for _, verb := range []string{
		"%v", "%+v", "%#v", "%08v", "%d", "%x", "%X", "% x", "%s", "%10s", "%q", "%#q", "%t", "%T", "%p", "%U", "%e", "%c", "%b", "%o",
	} {
		shown[verb] = fmt.Sprintf(verb, value)
	}
	var lines strings.Builder
	for _, handler := range []slog.Handler{slog.NewJSONHandler(&lines, nil), slog.NewTextHandler(&lines, nil)} {
		slog.New(handler).With("with", value).WithGroup("group").Error("message", "value", value, slog.Group("inner", "value", value))
		shown[fmt.Sprintf("%T", handler)] = lines.String()
	}
	if encoded, err := json.Marshal(value); err == nil {
		shown["JSON"] = string(encoded)
	}
	var encoded bytes.Buffer
	if gob.NewEncoder(&encoded).Encode(value) == nil {
		shown["gob"] = encoded.String()
	}
	return shown
}

// reached returns all texts that reflection finds in v: through pointers, and in
// fields that are not exported, as printers for tests do.
func reached(v reflect.Value) string {
	switch v.Kind() {
	case reflect.String:
		return v.String() + "\n"
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			return reached(v.Elem())
		}
	case reflect.Struct:
		var texts string
		for _, field := range v.Fields() {
			texts += reached(field)
		}
		return texts
	case reflect.Slice, reflect.Array:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return fmt.Sprintf("%s\n", v.Bytes())
		}
		var texts string
		for i := range v.Len() {
			texts += reached(v.Index(i))
		}
		return texts
	case reflect.Map:
		var texts string
		for entries := v.MapRange(); entries.Next(); {
			texts += reached(entries.Key()) + reached(entries.Value())
		}
		return texts
	}
	return ""
}

// showsSecret looks for secret, also in the ways in which bytes are printed.
func showsSecret(shown, secret string) bool {
	head := []byte(secret[:10])
	numbers := fmt.Sprintf("%#v", head)
	for _, spelling := range []string{
		secret, strings.Trim(fmt.Sprint(head), "[]"), strings.TrimSuffix(strings.TrimPrefix(numbers, "[]byte{"), "}"),
		fmt.Sprintf("%x", head), fmt.Sprintf("%X", head), fmt.Sprintf("% x", head), base64.StdEncoding.EncodeToString([]byte(secret))[:12],
	} {
		if strings.Contains(shown, spelling) {
			return true
		}
	}
	return false
}

func TestSessionFromJSONHasNoAuthority(t *testing.T) {
	t.Parallel()
	s := newSite(t).session(t)
	encoded, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	var decoded authrocket.Session
	if err := json.Unmarshal(encoded, &decoded); err != nil {
		t.Fatal(err)
	}
	if decoded.User.ID != s.User.ID || !decoded.ExpiresAt.Equal(s.ExpiresAt) {
		t.Errorf("got %+v, want the fields of %+v", decoded, s)
	}
	if decoded.Token() != "" || decoded.ID() != "" || decoded.Memberships() != nil || decoded.HasPermission("ar:owner") {
		t.Error("a session out of JSON has a token, an ID or permissions")
	}
}
