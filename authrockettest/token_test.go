package authrockettest_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
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
		{name: "an unknown claim is fine", option: authrockettest.Claim("x", 1)},
		{name: "another issuer", option: authrockettest.Claim("iss", "https://example.com"), reason: "wrong_issuer"},
		{name: "a claim that is null", option: authrockettest.Claim("sub", nil), reason: "invalid_claims"},
		{name: "a claim of another type", option: authrockettest.Claim("exp", "tomorrow"), reason: "invalid_claims"},
		{name: "another realm", option: authrockettest.Claim("rid", "rl_other"), reason: "wrong_realm"},
		{name: "an audience", option: authrockettest.Claim("aud", []string{"app"}), reason: "wrong_audience"},
		{name: "no exp", option: authrockettest.WithoutClaim("exp"), reason: "invalid_claims"},
		{name: "no iss", option: authrockettest.WithoutClaim("iss"), reason: "wrong_issuer"},
		{name: "no name is fine", option: authrockettest.WithoutClaim("name")},
		{name: "no orgs is fine", option: authrockettest.WithoutClaim("orgs")},
		{name: "another alg", option: authrockettest.Header("alg", "none"), reason: "wrong_algorithm"},
		{name: "no alg", option: authrockettest.WithoutHeader("alg"), reason: "token_malformed"},
		{name: "a crit", option: authrockettest.Header("crit", []string{"x"}), reason: "critical_header"},
		{name: "no typ is fine", option: authrockettest.WithoutHeader("typ")},
		{name: "a payload that is no object", option: authrockettest.Payload([]byte("null")), reason: "invalid_claims"},
		{name: "a payload with text after it", option: authrockettest.Payload([]byte(`{"iss":"https://authrocket.com"}x`)), reason: "invalid_claims"},
		{name: "an expired token", option: authrockettest.ExpiresIn(-time.Minute), reason: "token_expired"},
		{name: "a token that lives on", option: authrockettest.ExpiresIn(time.Minute)},
	} {
		for name, configure := range algorithms {
			inRealm(t, name+" "+row.name, func(t *testing.T, realm *authrockettest.Realm, ada authrockettest.User) {
				wantReason(t, newAuth(t, realm.Config()), realm.Token(ada, row.option), row.reason)
			}, configure)
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
		{name: "RS256 names the key", token: realm.Token(ada), want: map[string]any{"alg": "RS256", "typ": "JWT", "kid": realm.KeyID()}},
		{name: "HS256 names none", token: secret.Token(ada), want: map[string]any{"alg": "HS256", "typ": "JWT"}},
		{name: "any header can be set", token: realm.Token(ada, authrockettest.Header("kid", 7)), want: map[string]any{"alg": "RS256", "typ": "JWT", "kid": 7.0}},
		{name: "any header can be dropped", token: realm.Token(ada, authrockettest.WithoutHeader("kid"), authrockettest.WithoutHeader("typ")), want: map[string]any{"alg": "RS256"}},
		{name: "later options win", token: realm.Token(ada, authrockettest.Header("kid", "a"), authrockettest.WithoutHeader("kid"), authrockettest.Header("kid", "b")), want: map[string]any{"alg": "RS256", "typ": "JWT", "kid": "b"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			if got := part(t, row.token, 0); !maps.Equal(got, row.want) {
				t.Errorf("got %v, want %v", got, row.want)
			}
		})
	}
}

// The signature stays valid whatever a test changes. Otherwise the test would not
// show the effect of the change.
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
			wantReason(t, newAuth(t, realm.Config()), realm.Token(ada, option), "")
		})
	}
	t.Run("payload as it is", func(t *testing.T) {
		t.Parallel()
		token := realm.Token(ada, authrockettest.Payload([]byte("{}")))
		wantReason(t, newAuth(t, realm.Config()), token, "wrong_issuer")
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
		ofBare := map[string]any{"sub": "usr_2", "name": "bare@example.com", "email": "bare@example.com", "email_verified": false}
		with := func(claims map[string]any, orgs ...any) map[string]any {
			claims = maps.Clone(claims)
			claims["orgs"] = orgs
			return claims
		}
		picked, notPicked := maps.Clone(two), maps.Clone(one)
		picked["selected"] = true
		delete(notPicked, "selected")

		for _, row := range []struct {
			name  string
			token string
			want  map[string]any
		}{
			{name: "everything that there is about the first org", token: realm.Token(full), want: with(ofFull, one)},
			{name: "nothing that there is not", token: realm.Token(bare), want: ofBare},
			{name: "one org that was picked", token: realm.Token(full, authrockettest.InOrg(widgets)), want: with(ofFull, picked)},
			{name: "no org when the picked one is another's", token: realm.Token(full, authrockettest.InOrg(foreign)), want: ofFull},
			{name: "all orgs", token: realm.Token(full, authrockettest.AllOrgs()), want: with(ofFull, one, two)},
			{name: "all orgs, the second picked", token: realm.Token(full, authrockettest.AllOrgs(), authrockettest.InOrg(widgets)), want: with(ofFull, notPicked, picked)},
			{name: "all orgs, the second picked before", token: realm.Token(full, authrockettest.InOrg(widgets), authrockettest.AllOrgs()), want: with(ofFull, notPicked, picked)},
			{name: "all orgs of a user without any", token: realm.Token(bare, authrockettest.AllOrgs()), want: ofBare},
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

// Tokens of LoginRocket Web contain the picked org only. A handler behind RequireOrg
// must fail in a test if it fails in production.
func TestRequireOrg(t *testing.T) {
	t.Parallel()
	realm, ada := withAda(t)
	engines := realm.MembershipsOf(ada.ID)[0]
	widgets := realm.AddOrg(authrockettest.Org{Name: "Widgets Inc"})
	realm.AddMembership(ada, widgets)
	auth := newAuth(t, realm.Config())
	mux := http.NewServeMux()
	mux.Handle("/orgs/{org}", auth.RequireOrg(authrocket.OrgIDFromPath("org"))(http.NotFoundHandler()))

	login := func(account string) *http.Cookie {
		cookies := post(realm, "/login", form("ada@example.com", "engine")).Result().Cookies()
		_, query := location(t, get(realm, loginTarget(appURL)+"&account="+account, cookies...))
		return &http.Cookie{Name: "__Host-arToken", Value: query.Get("token")}
	}
	signIn := func(options ...authrockettest.TokenOption) *http.Cookie {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		realm.SignIn(r, ada, options...)
		c, err := r.Cookie("__Host-arToken")
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	token := func(options ...authrockettest.TokenOption) *http.Cookie {
		return &http.Cookie{Name: "__Host-arToken", Value: realm.Token(ada, options...)}
	}
	for _, row := range []struct {
		name             string
		cookie           *http.Cookie
		engines, widgets int
	}{
		{name: "a token", cookie: token(), engines: 404, widgets: 403},
		{name: "a token in the second org", cookie: token(authrockettest.InOrg(widgets)), engines: 403, widgets: 404},
		{name: "a token of all orgs", cookie: token(authrockettest.AllOrgs()), engines: 404, widgets: 404},
		{name: "a request that is signed in", cookie: signIn(), engines: 404, widgets: 403},
		{name: "a request that is signed in to the second org", cookie: signIn(authrockettest.InOrg(widgets)), engines: 403, widgets: 404},
		{name: "a request that is signed in to all orgs", cookie: signIn(authrockettest.AllOrgs()), engines: 404, widgets: 404},
		{name: "a hosted login", cookie: login(""), engines: 404, widgets: 403},
		{name: "a hosted login to the second org", cookie: login(widgets.ID), engines: 403, widgets: 404},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			for org, want := range map[string]int{engines.OrgID: row.engines, widgets.ID: row.widgets} {
				if w := get(mux, "/orgs/"+org, row.cookie); w.Code != want {
					t.Errorf("org %s: got %d, want %d (404 is the handler's own)", org, w.Code, want)
				}
			}
		})
	}
}

func asJSON(v any) string {
	data, _ := json.Marshal(v)
	return string(data)
}
