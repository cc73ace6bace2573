package authrocket_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/authrockettest"
)

func withRS512(key *rsa.PrivateKey) signFunc {
	return func(input string) string {
		digest := sha512.Sum512([]byte(input))
		signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA512, digest[:])
		if err != nil {
			panic(err)
		}
		return string(signature)
	}
}

func withPS256(key *rsa.PrivateKey) signFunc {
	return func(input string) string {
		digest := sha256.Sum256([]byte(input))
		signature, err := rsa.SignPSS(rand.Reader, key, crypto.SHA256, digest[:], &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash})
		if err != nil {
			panic(err)
		}
		return string(signature)
	}
}

// What is refused while a token is taken apart and decoded is held by the tests of
// internal/jws and internal/claims. Here is a row of each kind, and all that the
// verifier refuses itself.
func TestVerifyRefusesBadTokens(t *testing.T) {
	t.Parallel()
	minutes := func(n int) int64 { return time.Now().Add(time.Duration(n) * time.Minute).Unix() }
	orgs := func(v any) authrockettest.TokenOption { return setClaim("orgs", v) }
	type entry = map[string]any

	for _, row := range []struct {
		name, says string
		option     authrockettest.TokenOption
		want       error
	}{
		{name: "payload null", option: setPayload([]byte("null")), want: authrocket.ErrInvalidClaims, says: "payload"},
		{name: "payload no JSON", option: setPayload([]byte("text")), want: authrocket.ErrInvalidClaims, says: "payload"},

		{name: "kid number", option: setHeader("kid", 1), want: authrocket.ErrTokenMalformed, says: "kid"},
		{name: "kid empty", option: setHeader("kid", ""), want: authrocket.ErrUnknownKey},
		{name: "kid missing", option: withoutHeader("kid"), want: authrocket.ErrUnknownKey, says: "kid"},
		{name: "kid of 256 bytes is looked up", option: setHeader("kid", strings.Repeat("k", 256)), want: authrocket.ErrUnknownKey},
		{name: "kid of 257 bytes", option: setHeader("kid", strings.Repeat("k", 257)), want: authrocket.ErrTokenTooLarge, says: "kid"},

		{name: "right RS256 signature under alg none", option: setHeader("alg", "none"), want: authrocket.ErrWrongAlgorithm, says: "RS256"},
		{name: "right RS256 signature under alg HS256", option: setHeader("alg", "HS256"), want: authrocket.ErrWrongAlgorithm},
		{name: "right RS256 signature under alg RS512", option: setHeader("alg", "RS512"), want: authrocket.ErrWrongAlgorithm},
		{name: "right RS256 signature under alg PS256", option: setHeader("alg", "PS256"), want: authrocket.ErrWrongAlgorithm},
		{name: "right RS256 signature under alg rs256", option: setHeader("alg", "rs256"), want: authrocket.ErrWrongAlgorithm},
		{name: "right RS256 signature under an empty alg", option: setHeader("alg", ""), want: authrocket.ErrWrongAlgorithm},
		{name: "alg missing", option: withoutHeader("alg"), want: authrocket.ErrTokenMalformed, says: "alg"},

		{name: "crit unknown", option: setHeader("crit", []string{"b64"}), want: authrocket.ErrCriticalHeader},

		{name: "iss absent", option: withoutClaim("iss"), want: authrocket.ErrWrongIssuer, says: "https://authrocket.com"},
		{name: "iss other host", option: setClaim("iss", "https://loginrocket.example"), want: authrocket.ErrWrongIssuer},
		{name: "iss trailing slash", option: setClaim("iss", "https://authrocket.com/"), want: authrocket.ErrWrongIssuer},
		{name: "iss http", option: setClaim("iss", "http://authrocket.com"), want: authrocket.ErrWrongIssuer},
		{name: "iss upper case", option: setClaim("iss", "https://AuthRocket.com"), want: authrocket.ErrWrongIssuer},
		{name: "iss longer host", option: setClaim("iss", "https://authrocket.com.evil.example"), want: authrocket.ErrWrongIssuer},

		{name: "exp absent", option: withoutClaim("exp"), want: authrocket.ErrInvalidClaims, says: "exp"},
		{name: "exp string", option: setClaim("exp", "99999999999"), want: authrocket.ErrInvalidClaims, says: "exp"},
		{name: "exp huge", option: setClaim("exp", json.Number("1e400")), want: authrocket.ErrInvalidClaims, says: "exp"},
		{name: "exp zero", option: setClaim("exp", 0), want: authrocket.ErrTokenExpired, says: "1970"},
		{name: "exp negative", option: setClaim("exp", -1), want: authrocket.ErrTokenExpired},
		{name: "exp a minute ago", option: authrockettest.ExpiresIn(-time.Minute), want: authrocket.ErrTokenExpired, says: "the clock here says"},

		{name: "nbf an hour ahead", option: setClaim("nbf", minutes(60)), want: authrocket.ErrTokenNotYetValid, says: "nbf"},
		{name: "iat an hour ahead", option: setClaim("iat", minutes(60)), want: authrocket.ErrTokenNotYetValid, says: "iat"},

		{name: "aud present", option: setClaim("aud", "app"), want: authrocket.ErrWrongAudience},
		{name: "aud array present", option: setClaim("aud", []string{"app", "other"}), want: authrocket.ErrWrongAudience},
		{name: "aud empty string", option: setClaim("aud", ""), want: authrocket.ErrWrongAudience},
		{name: "aud empty array", option: setClaim("aud", []string{}), want: authrocket.ErrWrongAudience},

		{name: "rid of another realm", option: setClaim("rid", "rl_other"), want: authrocket.ErrWrongRealm},
		{name: "rid absent", option: withoutClaim("rid"), want: authrocket.ErrWrongRealm},
		{name: "sub absent", option: withoutClaim("sub"), want: authrocket.ErrInvalidClaims, says: "sub"},
		{name: "sub empty", option: setClaim("sub", ""), want: authrocket.ErrInvalidClaims, says: "sub"},
		{name: "sub number", option: setClaim("sub", 42), want: authrocket.ErrInvalidClaims, says: "sub"},
		{name: "sid number", option: setClaim("sid", 42), want: authrocket.ErrInvalidClaims, says: "sid"},

		{name: "orgs text", option: orgs("org_1"), want: authrocket.ErrInvalidClaims, says: "orgs"},
		{name: "perm with a number", option: orgs([]any{entry{"oid": "org_1", "perm": []any{"a", 1}}}), want: authrocket.ErrInvalidClaims, says: "orgs[0].perm"},
		{name: "selected text", option: orgs([]any{entry{"oid": "org_1", "selected": "true"}}), want: authrocket.ErrInvalidClaims, says: "orgs[0].selected"},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newColdSite(t)
				token := c.realm.Token(c.ada, row.option)
				for _, remembered := range []bool{false, true} {
					if remembered {
						warm(t, c.auth)
						remember(t, c.auth, c.realm.KeyID(), token)
					}
					err := expectRefusal(t, c.auth, token, row.want)
					if err != nil && !strings.Contains(err.Error(), row.says) {
						t.Errorf("remembered as verified %t: got %q, want it to say %q", remembered, err, row.says)
					}
				}
			})
		})
	}
}

func TestVerifyRefusesAlteredTokens(t *testing.T) {
	t.Parallel()
	join := func(parts ...string) string { return strings.Join(parts, ".") }
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

	for _, row := range []struct {
		name  string
		alter func(t *testing.T, header, payload, signature string) string
		want  error
	}{
		{name: "no token", alter: func(*testing.T, string, string, string) string { return "" }, want: authrocket.ErrNoToken},
		{name: "two segments", alter: func(_ *testing.T, h, p, s string) string { return join(h, p) }, want: authrocket.ErrTokenMalformed},
		{name: "alg none and an empty signature", alter: func(_ *testing.T, h, p, s string) string { return join(segment(`{"alg":"none"}`), p, "") }, want: authrocket.ErrTokenMalformed},
		{name: "empty signature", alter: func(_ *testing.T, h, p, s string) string { return join(h, p, "") }, want: authrocket.ErrTokenMalformed},
		{name: "signature cut by four characters", alter: func(_ *testing.T, h, p, s string) string { return join(h, p, s[4:]) }, want: authrocket.ErrBadSignature},
		{name: "payload cut by four characters", alter: func(_ *testing.T, h, p, s string) string { return join(h, p[:(len(p)/4-1)*4], s) }, want: authrocket.ErrBadSignature},
		{name: "padded signature", alter: func(_ *testing.T, h, p, s string) string { return join(h, p, s+"==") }, want: authrocket.ErrTokenMalformed},
		{name: "line break within the signature", alter: func(_ *testing.T, h, p, s string) string { return join(h, p, s[:8]+"\n"+s[8:]) }, want: authrocket.ErrTokenMalformed},
		{name: "altered last signature character, unused bits", alter: func(t *testing.T, h, p, s string) string {
			last := strings.IndexByte(alphabet, s[len(s)-1])
			altered := s[:len(s)-1] + string(alphabet[last^1])
			if unsegment(t, altered) != unsegment(t, s) {
				t.Fatal("the altered bits are not unused")
			}
			return join(h, p, altered)
		}, want: authrocket.ErrTokenMalformed},
		{name: "altered first signature character", alter: func(_ *testing.T, h, p, s string) string {
			return join(h, p, string(alphabet[strings.IndexByte(alphabet, s[0])^1])+s[1:])
		}, want: authrocket.ErrBadSignature},
		{name: "a changed payload byte", alter: func(t *testing.T, h, p, s string) string {
			return join(h, segment(strings.Replace(unsegment(t, p), "ada@", "eve@", 1)), s)
		}, want: authrocket.ErrBadSignature},
		{name: "a payload that is not even JSON", alter: func(_ *testing.T, h, p, s string) string { return join(h, segment("x"), s) }, want: authrocket.ErrBadSignature},
		{name: "a changed header byte", alter: func(t *testing.T, h, p, s string) string {
			return join(segment(strings.Replace(unsegment(t, h), `"JWT"`, `"JWS"`, 1)), p, s)
		}, want: authrocket.ErrBadSignature},
		{name: "white space added to the header", alter: func(t *testing.T, h, p, s string) string { return join(segment(unsegment(t, h)+" "), p, s) }, want: authrocket.ErrBadSignature},
		{name: "header null", alter: func(_ *testing.T, h, p, s string) string { return join(segment("null"), p, s) }, want: authrocket.ErrTokenMalformed},
	} {
		t.Run(row.name, func(t *testing.T) {
			c := newSite(t)
			token := c.realm.Token(c.ada)
			if _, err := c.auth.Verify(t.Context(), token); err != nil {
				t.Fatalf("the unaltered token: %v", err)
			}
			parts := strings.Split(token, ".")
			altered := row.alter(t, parts[0], parts[1], parts[2])
			if altered == token {
				t.Fatal("the row alters nothing")
			}
			expectRefusal(t, c.auth, altered, row.want)
		})
	}
}

func TestVerifyRefusesForgedSignatures(t *testing.T) {
	t.Parallel()
	key := ownKey()
	spki := spkiOf(t, &key.PublicKey)
	publicPEM := pemOf("PUBLIC KEY", spki)
	body := base64.StdEncoding.EncodeToString(spki)
	payload := goodClaims(t)
	static := openAuth(t, authrocket.Config{JWTKey: publicPEM, DisableCookie: true})
	if _, err := static.Verify(t.Context(), signCompact(`{"alg":"RS256"}`, payload, withRS256(key))); err != nil {
		t.Fatalf("the right signature: %v", err)
	}
	const secret = "jsk_0123456789abcdefghijklmnopqrstuvwxyz"
	shared := openAuth(t, authrocket.Config{JWTKey: secret, DisableCookie: true})
	if _, err := shared.Verify(t.Context(), signCompact(`{"alg":"HS256"}`, payload, withHMAC(secret))); err != nil {
		t.Fatalf("the right secret: %v", err)
	}
	published := newSite(t)
	published.session(t) // so that the key is known, and the signature decides
	kid := published.realm.KeyID()
	publishedBody := strings.Join(strings.Split(strings.TrimSpace(published.realm.JWTKey()), "\n")[1:], "")
	publishedBody = strings.TrimSuffix(publishedBody, "-----END PUBLIC KEY-----")
	const noSignature = "x"
	unsigned := func(string) string { return noSignature }

	for _, row := range []struct {
		name, token string
		auth        *authrocket.Auth
		want        error
	}{
		{name: "HS256 signed with the public key's PEM", auth: static, token: signCompact(`{"alg":"HS256"}`, payload, withHMAC(publicPEM)), want: authrocket.ErrWrongAlgorithm},
		{name: "HS256 signed with the public key's PEM, trimmed", auth: static, token: signCompact(`{"alg":"HS256"}`, payload, withHMAC(strings.TrimSpace(publicPEM))), want: authrocket.ErrWrongAlgorithm},
		{name: "HS256 signed with the public key's base64", auth: static, token: signCompact(`{"alg":"HS256"}`, payload, withHMAC(body)), want: authrocket.ErrWrongAlgorithm},
		{name: "HS256 signed with the public key's DER", auth: static, token: signCompact(`{"alg":"HS256"}`, payload, withHMAC(string(spki))), want: authrocket.ErrWrongAlgorithm},
		{name: "HMAC of the public key's PEM under alg RS256", auth: static, token: signCompact(`{"alg":"RS256"}`, payload, withHMAC(publicPEM)), want: authrocket.ErrBadSignature},
		{name: "RS512 with the right key", auth: static, token: signCompact(`{"alg":"RS512"}`, payload, withRS512(key)), want: authrocket.ErrWrongAlgorithm},
		{name: "RS512 signature under alg RS256", auth: static, token: signCompact(`{"alg":"RS256"}`, payload, withRS512(key)), want: authrocket.ErrBadSignature},
		{name: "PS256 with the right key", auth: static, token: signCompact(`{"alg":"PS256"}`, payload, withPS256(key)), want: authrocket.ErrWrongAlgorithm},
		{name: "PS256 signature under alg RS256", auth: static, token: signCompact(`{"alg":"RS256"}`, payload, withPS256(key)), want: authrocket.ErrBadSignature},
		{name: "a right RS256 signature under alg none", auth: static, token: signCompact(`{"alg":"none"}`, payload, withRS256(key)), want: authrocket.ErrWrongAlgorithm},
		{name: "a right RS256 signature under alg HS256", auth: static, token: signCompact(`{"alg":"HS256"}`, payload, withRS256(key)), want: authrocket.ErrWrongAlgorithm},
		{name: "a right RS256 signature under alg rs256", auth: static, token: signCompact(`{"alg":"rs256"}`, payload, withRS256(key)), want: authrocket.ErrWrongAlgorithm},
		{name: "alg none", auth: static, token: signCompact(`{"alg":"none"}`, payload, unsigned), want: authrocket.ErrWrongAlgorithm},
		{name: "alg nOnE", auth: static, token: signCompact(`{"alg":"nOnE"}`, payload, unsigned), want: authrocket.ErrWrongAlgorithm},
		{name: "crit with the right key", auth: static, token: signCompact(`{"alg":"RS256","crit":["exp"],"exp":1}`, payload, withRS256(key)), want: authrocket.ErrCriticalHeader},

		{name: "alg none where a secret is set", auth: shared, token: signCompact(`{"alg":"none"}`, payload, unsigned), want: authrocket.ErrWrongAlgorithm},
		{name: "RS256 where a secret is set", auth: shared, token: signCompact(`{"alg":"RS256"}`, payload, withRS256(key)), want: authrocket.ErrWrongAlgorithm},
		{name: "HMAC under alg RS256 where a secret is set", auth: shared, token: signCompact(`{"alg":"RS256"}`, payload, withHMAC(secret)), want: authrocket.ErrWrongAlgorithm},
		{name: "HMAC of the secret without its prefix", auth: shared, token: signCompact(`{"alg":"HS256"}`, payload, withHMAC(strings.TrimPrefix(secret, "jsk_"))), want: authrocket.ErrBadSignature},
		{name: "HMAC of the empty secret", auth: shared, token: signCompact(`{"alg":"HS256"}`, payload, withHMAC("")), want: authrocket.ErrBadSignature},
		{name: "HMAC cut short", auth: shared, token: signCompact(`{"alg":"HS256"}`, payload, func(in string) string { return withHMAC(secret)(in)[:16] }), want: authrocket.ErrBadSignature},

		{name: "HS256 signed with the published key's PEM", auth: published.auth, token: signCompact(`{"alg":"HS256","kid":"`+kid+`"}`, payload, withHMAC(published.realm.JWTKey())), want: authrocket.ErrWrongAlgorithm},
		{name: "HS256 signed with the published key's base64", auth: published.auth, token: signCompact(`{"alg":"HS256","kid":"`+kid+`"}`, payload, withHMAC(publishedBody)), want: authrocket.ErrWrongAlgorithm},
		{name: "another key under a published kid", auth: published.auth, token: signCompact(`{"alg":"RS256","kid":"`+kid+`"}`, payload, withRS256(key)), want: authrocket.ErrBadSignature},
		{name: "a key that the header brings along", auth: published.auth, token: signCompact(`{"alg":"RS256","kid":"`+kid+`","jwk":{"kty":"RSA","n":"`+
			base64.RawURLEncoding.EncodeToString(key.N.Bytes())+`","e":"AQAB"},"x5c":["`+body+`"]}`, payload, withRS256(key)), want: authrocket.ErrBadSignature},
	} {
		t.Run(row.name, func(t *testing.T) { expectRefusal(t, row.auth, row.token, row.want) })
	}
}

func TestVerifyAccepts(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name    string
		change  func(*authrocket.Config)
		options []authrockettest.TokenOption
	}{
		{name: "a plain token"},
		{name: "no typ", options: []authrockettest.TokenOption{withoutHeader("typ")}},
		{name: "unknown header members", options: []authrockettest.TokenOption{setHeader("jku", "https://evil.example"), setHeader("CRIT", true)}},
		{name: "unknown claims", options: []authrockettest.TokenOption{setClaim("nonce", 1), setClaim("ISS", "x"), setClaim("Exp", 0)}},
		{name: "no sid", options: []authrockettest.TokenOption{withoutClaim("sid")}},
		{name: "no iat", options: []authrockettest.TokenOption{withoutClaim("iat")}},
		{name: "nbf in the past", options: []authrockettest.TokenOption{setClaim("nbf", 1)}},
		{name: "exp in the last second of year 9999", options: []authrockettest.TokenOption{setClaim("exp", 253402300799)}},
		{name: "no aud where an audience is configured", change: func(c *authrocket.Config) { c.Audience = []string{"app"} }},
		{name: "our aud", change: func(c *authrocket.Config) { c.Audience = []string{"app"} }, options: []authrockettest.TokenOption{setClaim("aud", "app")}},
		{name: "our second aud", change: func(c *authrocket.Config) { c.Audience = []string{"web", "app"} }, options: []authrockettest.TokenOption{setClaim("aud", "app")}},
		{name: "one of several aud", change: func(c *authrocket.Config) { c.Audience = []string{"app"} }, options: []authrockettest.TokenOption{setClaim("aud", []string{"other", "app"})}},
		{name: "any realm where none is configured", change: func(c *authrocket.Config) { c.RealmID = "" }, options: []authrockettest.TokenOption{setClaim("rid", "rl_other")}},
		{name: "no rid where none is configured", change: func(c *authrocket.Config) { c.RealmID = "" }, options: []authrockettest.TokenOption{withoutClaim("rid")}},
	} {
		t.Run(row.name, func(t *testing.T) {
			c := newSite(t, row.change)
			s, err := c.auth.Verify(t.Context(), c.realm.Token(c.ada, row.options...))
			if err != nil || s.User.ID != c.ada.ID {
				t.Errorf("got user %q, %v, want %q", s.User.ID, err, c.ada.ID)
			}
		})
	}
}

func TestVerifyAudienceIsComparedExactly(t *testing.T) {
	t.Parallel()
	for _, aud := range []any{"other", "App", "app ", "", []string{}, []string{"other"}, []string{"ap", "p"}} {
		c := newSite(t, func(c *authrocket.Config) { c.Audience = []string{"app"} })
		expectRefusal(t, c.auth, c.realm.Token(c.ada, setClaim("aud", aud)), authrocket.ErrWrongAudience)
	}
}

func TestVerifyMissingClaimsGiveNothing(t *testing.T) {
	t.Parallel()
	type entry = map[string]any
	for _, row := range []struct {
		name        string
		orgs        authrockettest.TokenOption
		memberships int
		permissions []string
	}{
		{name: "no orgs", orgs: withoutClaim("orgs")},
		{name: "orgs empty", orgs: setClaim("orgs", []any{})},
		{name: "no perm", orgs: setClaim("orgs", []any{entry{"oid": "org_1"}}), memberships: 1},
		{name: "an entry without anything", orgs: setClaim("orgs", []any{entry{}}), memberships: 1},
		{name: "perm", orgs: setClaim("orgs", []any{entry{"oid": "org_1", "perm": []string{"a", ""}}}), memberships: 1, permissions: []string{"a", ""}},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := newSite(t).session(t, row.orgs)
			m, ok := s.Membership()
			if got := len(s.Memberships()); got != row.memberships || ok != (row.memberships > 0) {
				t.Errorf("got %d memberships, a current one %t, want %d", got, ok, row.memberships)
			}
			if got := m.Permissions(); !slices.Equal(got, row.permissions) {
				t.Errorf("got permissions %q, want %q", got, row.permissions)
			}
			if s.HasPermission("") || m.HasPermission("") {
				t.Error("the empty permission is granted")
			}
		})
	}
}

func TestVerifyEmailIsVerifiedOnlyByTrue(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name  string
		claim authrockettest.TokenOption
		want  authrocket.EmailVerification
	}{
		{name: "true", claim: setClaim("email_verified", true), want: authrocket.EmailVerified},
		{name: "false", claim: setClaim("email_verified", false), want: authrocket.EmailNotVerified},
		{name: "absent", claim: withoutClaim("email_verified"), want: authrocket.EmailUnknown},
		{name: "text true", claim: setClaim("email_verified", "true"), want: authrocket.EmailUnknown},
	} {
		t.Run(row.name, func(t *testing.T) {
			if got := newSite(t).session(t, row.claim).User.EmailVerification; got != row.want {
				t.Errorf("got %v, want %v", got, row.want)
			}
		})
	}
}

func TestVerifyRefusesLongTokensUndecoded(t *testing.T) {
	t.Parallel()
	c := newColdSite(t)
	// The first is a right token, the second is not even one: neither is looked at.
	for name, token := range map[string]string{
		"1 MiB token":   c.realm.Token(c.ada, setClaim("nonce", strings.Repeat("n", 1<<20))),
		"1 MiB garbage": strings.Repeat("!", 1<<20),
	} {
		t.Run(name, func(t *testing.T) {
			expectRefusal(t, c.auth, token, authrocket.ErrTokenTooLarge)
			if got := c.realm.Requests("/connect/jwks"); got != 0 {
				t.Errorf("got %d fetches of keys, want 0", got)
			}
		})
	}
}

func TestVerifyMaxTokenBytes(t *testing.T) {
	t.Parallel()
	c := newSite(t)
	token := c.realm.Token(c.ada)
	for _, row := range []struct {
		name  string
		limit int
		want  error
	}{
		{name: "exactly as long as allowed", limit: len(token)},
		{name: "a byte longer than allowed", limit: len(token) - 1, want: authrocket.ErrTokenTooLarge},
	} {
		t.Run(row.name, func(t *testing.T) {
			config := c.realm.Config()
			config.MaxTokenBytes = row.limit
			auth := openAuth(t, config)
			warm(t, auth)
			if _, err := auth.Verify(t.Context(), token); !errors.Is(err, row.want) {
				t.Errorf("got %v, want %v", err, row.want)
			}
		})
	}
}

func TestVerifyLeewayIsExact(t *testing.T) {
	t.Parallel()
	in := func(claim string, d time.Duration) func() authrockettest.TokenOption {
		return func() authrockettest.TokenOption { return setClaim(claim, time.Now().Add(d).Unix()) }
	}
	for _, row := range []struct {
		name   string
		option func() authrockettest.TokenOption
		after  time.Duration
		want   error
	}{
		{name: "at exp", option: in("exp", time.Second), after: time.Second},
		{name: "exactly 5 s after exp", option: in("exp", time.Second), after: 6 * time.Second},
		{name: "5 s and 1 ns after exp", option: in("exp", time.Second), after: 6*time.Second + 1, want: authrocket.ErrTokenExpired},
		{name: "exactly 5 s before nbf", option: in("nbf", 6*time.Second), after: time.Second},
		{name: "5 s and 1 ns before nbf", option: in("nbf", 6*time.Second), after: time.Second - 1, want: authrocket.ErrTokenNotYetValid},
		{name: "exactly 60 s before iat", option: in("iat", 61*time.Second), after: time.Second},
		{name: "60 s and 1 ns before iat", option: in("iat", 61*time.Second), after: time.Second - 1, want: authrocket.ErrTokenNotYetValid},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newSite(t)
				token := c.realm.Token(c.ada, row.option())
				time.Sleep(row.after)
				if _, err := c.auth.Verify(t.Context(), token); !errors.Is(err, row.want) {
					t.Errorf("got %v, want %v", err, row.want)
				}
			})
		})
	}
}

// A signature does not help a token that two programs may read in two ways. What that
// means is held by the tests of internal/strictjson, internal/jws and internal/claims.
func TestVerifyReadsJSONStrictly(t *testing.T) {
	t.Parallel()
	auth := openAuth(t, authrocket.Config{JWTKey: vectorSecret, DisableCookie: true, MaxTokenBytes: 1 << 20})
	const header = `{"alg":"HS256"}`
	claims := func(more string) string {
		return `{"iss":"https://authrocket.com","sub":"usr_1","exp":` + strconv.FormatInt(time.Now().Add(time.Hour).Unix(), 10) + more + `}`
	}
	nested := func(levels int) string { return strings.Repeat(`{"a":`, levels) + "1" + strings.Repeat("}", levels) }
	for _, row := range []struct {
		name, header, payload, says string
		want                        error // nil: is accepted
	}{
		{name: "nothing unusual", header: header, payload: claims(`,"cs":{"a":1},"orgs":[{"cs":{"a":1}}]`)},
		{name: "custom attributes of 31 levels", header: header, payload: claims(`,"cs":` + nested(31))},
		{name: "custom attributes of 32 levels", header: header, payload: claims(`,"cs":` + nested(32)), want: authrocket.ErrInvalidClaims, says: "32 levels"},
		{name: "a header of 10,000 levels", header: `{"alg":"HS256","x":` + nested(10_000) + `}`, payload: claims(``), want: authrocket.ErrTokenMalformed, says: "32 levels"},

		{name: "sub twice", header: header, payload: claims(`,"sub":"usr_2"`), want: authrocket.ErrInvalidClaims, says: `has the member "sub" twice`},
		{name: "permissions of an org twice", header: header, payload: claims(`,"orgs":[{"perm":[],"perm":["ar:owner"]}]`), want: authrocket.ErrInvalidClaims, says: `has the member "perm" twice`},
		{name: "a name that is not UTF-8", header: header, payload: claims(`,"name":"` + "\xff" + `"`), want: authrocket.ErrInvalidClaims, says: "UTF-8"},

		{name: "alg twice", header: `{"alg":"none","alg":"HS256"}`, payload: claims(``), want: authrocket.ErrTokenMalformed, says: `has the member "alg" twice`},
		{name: "b64 true", header: `{"alg":"HS256","b64":true}`, payload: claims(``)},
		{name: "b64 false without crit", header: `{"alg":"HS256","b64":false}`, payload: claims(``), want: authrocket.ErrCriticalHeader},
	} {
		t.Run(row.name, func(t *testing.T) {
			_, err := auth.Verify(t.Context(), signCompact(row.header, row.payload, withHMAC(vectorSecret)))
			if !errors.Is(err, row.want) {
				t.Fatalf("got error %v, want %v", err, row.want)
			}
			if err != nil && !strings.Contains(err.Error(), row.says) {
				t.Errorf("got error %q, want one that says %q", err, row.says)
			}
		})
	}
}
