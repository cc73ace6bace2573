package authrockettest_test

import (
	"encoding/json"
	"maps"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/authrockettest"
)

func TestTokenOptions(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name   string
		option authrockettest.TokenOption
		reason string
	}{
		{"an unknown claim is fine", authrockettest.Claim("x", 1), ""},
		{"another issuer", authrockettest.Claim("iss", "https://example.com"), "wrong_issuer"},
		{"a claim that is null", authrockettest.Claim("sub", nil), "invalid_claims"},
		{"a claim of another type", authrockettest.Claim("exp", "tomorrow"), "invalid_claims"},
		{"another realm", authrockettest.Claim("rid", "rl_other"), "wrong_realm"},
		{"an audience", authrockettest.Claim("aud", []string{"app"}), "wrong_audience"},
		{"no exp", authrockettest.WithoutClaim("exp"), "invalid_claims"},
		{"no iss", authrockettest.WithoutClaim("iss"), "wrong_issuer"},
		{"no name is fine", authrockettest.WithoutClaim("name"), ""},
		{"no orgs is fine", authrockettest.WithoutClaim("orgs"), ""},
		{"another alg", authrockettest.Header("alg", "none"), "wrong_algorithm"},
		{"no alg", authrockettest.WithoutHeader("alg"), "token_malformed"},
		{"a crit", authrockettest.Header("crit", []string{"x"}), "critical_header"},
		{"no typ is fine", authrockettest.WithoutHeader("typ"), ""},
		{"a payload that is no object", authrockettest.Payload([]byte("null")), "invalid_claims"},
		{"a payload with text after it", authrockettest.Payload([]byte(`{"iss":"https://authrocket.com"}x`)), "invalid_claims"},
		{"an expired token", authrockettest.ExpiresIn(-time.Minute), "token_expired"},
		{"a token that lives on", authrockettest.ExpiresIn(time.Minute), ""},
	} {
		for name, configure := range map[string]func(*authrockettest.RealmConfig){
			"RS256": func(*authrockettest.RealmConfig) {},
			"HS256": hs256,
		} {
			t.Run(name+" "+row.name, func(t *testing.T) {
				t.Parallel()
				realm, ada := withAda(t, configure)
				if got := verify(t, newAuth(t, realm.Config()), realm.Token(ada, row.option)); got != row.reason {
					t.Errorf("got %q, want %q", got, row.reason)
				}
			})
		}
	}
}

func TestTokenHeader(t *testing.T) {
	t.Parallel()
	realm, ada := withAda(t)
	secret, _ := withAda(t, hs256)
	for _, row := range []struct {
		name  string
		token string
		want  map[string]any
	}{
		{"RS256 names the key", realm.Token(ada), map[string]any{"alg": "RS256", "typ": "JWT", "kid": realm.KeyID()}},
		{"HS256 names none", secret.Token(ada), map[string]any{"alg": "HS256", "typ": "JWT"}},
		{"any header can be set", realm.Token(ada, authrockettest.Header("kid", 7)), map[string]any{"alg": "RS256", "typ": "JWT", "kid": 7.0}},
		{"any header can be dropped", realm.Token(ada, authrockettest.WithoutHeader("kid"), authrockettest.WithoutHeader("typ")), map[string]any{"alg": "RS256"}},
		{"later options win", realm.Token(ada, authrockettest.Header("kid", "a"), authrockettest.WithoutHeader("kid"), authrockettest.Header("kid", "b")), map[string]any{"alg": "RS256", "typ": "JWT", "kid": "b"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			if got := part(t, row.token, 0); !maps.Equal(got, row.want) {
				t.Errorf("got %v, want %v", got, row.want)
			}
		})
	}
}

// Whatever a test changes, the signature stays good: only then does the test
// show what the change does.
func TestChangedTokensAreSignedWell(t *testing.T) {
	t.Parallel()
	realm, ada := withAda(t)
	for name, option := range map[string]authrockettest.TokenOption{
		"claim":          authrockettest.Claim("extra", map[string]any{"a": []int{1}}),
		"dropped claim":  authrockettest.WithoutClaim("email"),
		"header":         authrockettest.Header("x5t", "AAAA"),
		"dropped header": authrockettest.WithoutHeader("typ"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := verify(t, newAuth(t, realm.Config()), realm.Token(ada, option)); got != "" {
				t.Errorf("got %q, want a good token", got)
			}
		})
	}
	t.Run("payload as it is", func(t *testing.T) {
		t.Parallel()
		token := realm.Token(ada, authrockettest.Payload([]byte("{}")))
		if got := verify(t, newAuth(t, realm.Config()), token); got != "wrong_issuer" {
			t.Errorf("got %q, want the claims to be looked at", got)
		}
	})
}

func TestTokenClaims(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		realm := authrockettest.NewRealm(t, func(c *authrockettest.RealmConfig) { c.TokenLifetime = time.Hour })
		engines := realm.AddOrg(authrockettest.Org{ID: "org_1", Name: "Analytical Engines", Reference: "7", Custom: map[string]any{"tier": 3}})
		widgets := realm.AddOrg(authrockettest.Org{ID: "org_2", Name: "Widgets Inc"})
		foreign := realm.AddOrg(authrockettest.Org{Name: "Foreign Ltd"})
		full := realm.AddUser(authrockettest.User{
			ID: "usr_1", Email: "Ada@Example.com", Username: "ada", FirstName: "Ada", LastName: "Lovelace", Locale: "en",
			Reference: "42", Custom: map[string]any{"plan": "pro"}, EmailVerification: authrocket.EmailVerified,
		})
		bare := realm.AddUser(authrockettest.User{ID: "usr_2", Email: "bare@example.com", EmailVerification: authrocket.EmailNotVerified})
		first := realm.AddMembership(full, engines, "ar:owner")
		second := realm.AddMembership(full, widgets)
		now := float64(time.Now().Unix())

		everyone := func(more map[string]any) map[string]any {
			claims := map[string]any{"iss": "https://authrocket.com", "rid": realm.ID(), "iat": now, "exp": now + 3600}
			maps.Copy(claims, more)
			return claims
		}
		one := map[string]any{"oid": "org_1", "mid": first.ID, "name": "Analytical Engines", "ref": "7", "cs": map[string]any{"tier": 3.0}, "perm": []any{"ar:owner"}, "selected": true}
		two := map[string]any{"oid": "org_2", "mid": second.ID, "name": "Widgets Inc", "perm": []any{}}
		ofFull := map[string]any{
			"sub": "usr_1", "name": "Ada Lovelace", "given_name": "Ada", "family_name": "Lovelace", "preferred_username": "ada",
			"email": "ada@example.com", "email_verified": true, "locale": "en", "ref": "42", "cs": map[string]any{"plan": "pro"},
		}
		with := func(claims map[string]any, orgs ...any) map[string]any {
			claims = maps.Clone(claims)
			claims["orgs"] = orgs
			return claims
		}
		chosen := maps.Clone(two)
		chosen["selected"] = true

		for _, row := range []struct {
			name  string
			token string
			want  map[string]any
		}{
			{"everything that there is", realm.Token(full), with(ofFull, one, two)},
			{"nothing that there is not", realm.Token(bare), map[string]any{"sub": "usr_2", "name": "bare@example.com", "email": "bare@example.com", "email_verified": false}},
			{"one org that was picked", realm.Token(full, authrockettest.InOrg(widgets)), with(ofFull, chosen)},
			{"no org when the picked one is another's", realm.Token(full, authrockettest.InOrg(foreign)), ofFull},
		} {
			got, want := part(t, row.token, 1), everyone(row.want)
			if id, _ := got["sid"].(string); !strings.HasPrefix(id, "kss_") {
				t.Errorf("%s: got sid %v, want one", row.name, got["sid"])
			}
			delete(got, "sid")
			if !reflect.DeepEqual(got, want) {
				t.Errorf("%s:\ngot  %s\nwant %s", row.name, asJSON(got), asJSON(want))
			}
		}
		if a, b := part(t, realm.Token(full), 1)["sid"], part(t, realm.Token(full), 1)["sid"]; a == b {
			t.Errorf("two tokens have the session ID %v, want one each", a)
		}
	})
}

func asJSON(v any) string {
	data, _ := json.Marshal(v)
	return string(data)
}

func TestSession(t *testing.T) {
	t.Parallel()
	for name, configure := range map[string]func(*authrockettest.RealmConfig){"RS256": func(*authrockettest.RealmConfig) {}, "HS256": hs256} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			realm, ada := withAda(t, configure)
			s := realm.Session(ada, authrockettest.Claim("locale", "fr"))
			org, _ := s.Org()
			if s.User.ID != ada.ID || s.User.Name != "Ada Lovelace" || s.User.Locale != "fr" || s.RealmID != realm.ID() ||
				org.Name != "Analytical Engines" || !s.HasPermission("billing:write") {
				t.Errorf("got %+v of %+v", s, org)
			}
		})
	}
	t.Run("of a token that an older key signed", func(t *testing.T) {
		t.Parallel()
		realm, ada := withAda(t)
		old := realm.KeyID()
		realm.RotateKeys()
		if s := realm.Session(ada, authrockettest.SignedBy(old)); s.User.ID != ada.ID {
			t.Errorf("got user %q, want %q", s.User.ID, ada.ID)
		}
	})
}
