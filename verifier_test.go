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

func TestVerifyRefusesBadTokens(t *testing.T) {
	t.Parallel()
	minutes := func(n int) int64 { return time.Now().Add(time.Duration(n) * time.Minute).Unix() }
	orgs := func(v any) authrockettest.TokenOption { return setClaim("orgs", v) }
	type entry = map[string]any

	for _, row := range []struct {
		name   string
		option authrockettest.TokenOption
		want   error
		says   string
	}{
		{"payload null", setPayload([]byte("null")), authrocket.ErrInvalidClaims, "payload"},
		{"payload array", setPayload([]byte("[]")), authrocket.ErrInvalidClaims, "payload"},
		{"payload text", setPayload([]byte(`"text"`)), authrocket.ErrInvalidClaims, "payload"},
		{"payload no JSON", setPayload([]byte("text")), authrocket.ErrInvalidClaims, "payload"},
		{"payload invalid bytes", setPayload([]byte{0, 0xff}), authrocket.ErrInvalidClaims, "payload"},
		{"payload object with text after it", setPayload([]byte(goodClaims(t) + "x")), authrocket.ErrInvalidClaims, "payload"},
		{"payload two objects", setPayload([]byte(goodClaims(t) + "{}")), authrocket.ErrInvalidClaims, "payload"},
		{"payload cut short", setPayload([]byte(goodClaims(t)[:20])), authrocket.ErrInvalidClaims, "payload"},
		{"payload nested too deeply", setPayload([]byte(strings.Repeat("[", 11_000))), authrocket.ErrInvalidClaims, "payload"},

		{"kid object", setHeader("kid", entry{"a": 1}), authrocket.ErrTokenMalformed, "kid"},
		{"kid array", setHeader("kid", []string{"a"}), authrocket.ErrTokenMalformed, "kid"},
		{"kid number", setHeader("kid", 1), authrocket.ErrTokenMalformed, "kid"},
		{"kid null", setHeader("kid", nil), authrocket.ErrTokenMalformed, "kid"},
		{"kid constructor", setHeader("kid", "constructor"), authrocket.ErrUnknownKey, ""},
		{"kid __proto__", setHeader("kid", "__proto__"), authrocket.ErrUnknownKey, ""},
		{"kid empty", setHeader("kid", ""), authrocket.ErrUnknownKey, ""},
		{"kid missing", withoutHeader("kid"), authrocket.ErrUnknownKey, "kid"},
		{"kid under another case", together(withoutHeader("kid"), setHeader("KID", "a")), authrocket.ErrUnknownKey, "kid"},
		{"kid of 256 bytes is looked up", setHeader("kid", strings.Repeat("k", 256)), authrocket.ErrUnknownKey, ""},
		{"kid of 257 bytes", setHeader("kid", strings.Repeat("k", 257)), authrocket.ErrTokenTooLarge, "kid"},

		{"right RS256 signature under alg none", setHeader("alg", "none"), authrocket.ErrWrongAlgorithm, "RS256"},
		{"right RS256 signature under alg None", setHeader("alg", "None"), authrocket.ErrWrongAlgorithm, ""},
		{"right RS256 signature under alg NONE", setHeader("alg", "NONE"), authrocket.ErrWrongAlgorithm, ""},
		{"right RS256 signature under alg nOnE", setHeader("alg", "nOnE"), authrocket.ErrWrongAlgorithm, ""},
		{"right RS256 signature under alg HS256", setHeader("alg", "HS256"), authrocket.ErrWrongAlgorithm, ""},
		{"right RS256 signature under alg RS512", setHeader("alg", "RS512"), authrocket.ErrWrongAlgorithm, ""},
		{"right RS256 signature under alg PS256", setHeader("alg", "PS256"), authrocket.ErrWrongAlgorithm, ""},
		{"right RS256 signature under alg rs256", setHeader("alg", "rs256"), authrocket.ErrWrongAlgorithm, ""},
		{"right RS256 signature under an empty alg", setHeader("alg", ""), authrocket.ErrWrongAlgorithm, ""},
		{"alg array", setHeader("alg", []string{"RS256"}), authrocket.ErrTokenMalformed, "alg"},
		{"alg null", setHeader("alg", nil), authrocket.ErrTokenMalformed, "alg"},
		{"alg missing", withoutHeader("alg"), authrocket.ErrTokenMalformed, "alg"},

		{"crit unknown", setHeader("crit", []string{"b64"}), authrocket.ErrCriticalHeader, ""},
		{"crit empty", setHeader("crit", []string{}), authrocket.ErrCriticalHeader, ""},
		{"crit null", setHeader("crit", nil), authrocket.ErrCriticalHeader, ""},

		{"iss absent", withoutClaim("iss"), authrocket.ErrWrongIssuer, "https://authrocket.com"},
		{"iss null", setClaim("iss", nil), authrocket.ErrWrongIssuer, ""},
		{"iss array", setClaim("iss", []string{"https://authrocket.com"}), authrocket.ErrInvalidClaims, "iss"},
		{"iss other host", setClaim("iss", "https://loginrocket.example"), authrocket.ErrWrongIssuer, ""},
		{"iss trailing slash", setClaim("iss", "https://authrocket.com/"), authrocket.ErrWrongIssuer, ""},
		{"iss http", setClaim("iss", "http://authrocket.com"), authrocket.ErrWrongIssuer, ""},
		{"iss upper case", setClaim("iss", "https://AuthRocket.com"), authrocket.ErrWrongIssuer, ""},
		{"iss longer host", setClaim("iss", "https://authrocket.com.evil.example"), authrocket.ErrWrongIssuer, ""},

		{"exp absent", withoutClaim("exp"), authrocket.ErrInvalidClaims, "exp"},
		{"exp under another case", together(withoutClaim("exp"), setClaim("EXP", minutes(60))), authrocket.ErrInvalidClaims, "exp"},
		{"exp null", setClaim("exp", nil), authrocket.ErrInvalidClaims, "exp"},
		{"exp string", setClaim("exp", "99999999999"), authrocket.ErrInvalidClaims, "exp"},
		{"exp boolean", setClaim("exp", true), authrocket.ErrInvalidClaims, "exp"},
		{"exp array", setClaim("exp", []int64{minutes(60)}), authrocket.ErrInvalidClaims, "exp"},
		{"exp object", setClaim("exp", entry{}), authrocket.ErrInvalidClaims, "exp"},
		{"exp huge", setClaim("exp", json.Number("1e400")), authrocket.ErrInvalidClaims, "exp"},
		{"exp first second of year 10000", setClaim("exp", 253402300800), authrocket.ErrInvalidClaims, "exp"},
		{"exp hugely negative", setClaim("exp", json.Number("-1e400")), authrocket.ErrInvalidClaims, "exp"},
		{"exp zero", setClaim("exp", 0), authrocket.ErrTokenExpired, "1970"},
		{"exp negative", setClaim("exp", -1), authrocket.ErrTokenExpired, ""},
		{"exp a minute ago", authrockettest.ExpiresIn(-time.Minute), authrocket.ErrTokenExpired, "the clock here says"},

		{"nbf an hour ahead", setClaim("nbf", minutes(60)), authrocket.ErrTokenNotYetValid, "nbf"},
		{"nbf string", setClaim("nbf", "0"), authrocket.ErrInvalidClaims, "nbf"},
		{"nbf huge", setClaim("nbf", json.Number("1e30")), authrocket.ErrInvalidClaims, "nbf"},
		{"iat an hour ahead", setClaim("iat", minutes(60)), authrocket.ErrTokenNotYetValid, "iat"},
		{"iat string", setClaim("iat", "0"), authrocket.ErrInvalidClaims, "iat"},
		{"iat huge", setClaim("iat", json.Number("1e30")), authrocket.ErrInvalidClaims, "iat"},

		{"aud present", setClaim("aud", "app"), authrocket.ErrWrongAudience, ""},
		{"aud array present", setClaim("aud", []string{"app", "other"}), authrocket.ErrWrongAudience, ""},
		{"aud empty string", setClaim("aud", ""), authrocket.ErrWrongAudience, ""},
		{"aud empty array", setClaim("aud", []string{}), authrocket.ErrWrongAudience, ""},
		{"aud number", setClaim("aud", 1), authrocket.ErrInvalidClaims, "aud"},
		{"aud array of numbers", setClaim("aud", []int{1}), authrocket.ErrInvalidClaims, "aud"},
		{"aud object", setClaim("aud", entry{}), authrocket.ErrInvalidClaims, "aud"},

		{"rid of another realm", setClaim("rid", "rl_other"), authrocket.ErrWrongRealm, ""},
		{"rid absent", withoutClaim("rid"), authrocket.ErrWrongRealm, ""},
		{"rid null", setClaim("rid", nil), authrocket.ErrWrongRealm, ""},
		{"rid number", setClaim("rid", 1), authrocket.ErrInvalidClaims, "rid"},
		{"sub absent", withoutClaim("sub"), authrocket.ErrInvalidClaims, "sub"},
		{"sub under another case", together(withoutClaim("sub"), setClaim("Sub", "usr_x")), authrocket.ErrInvalidClaims, "sub"},
		{"sub empty", setClaim("sub", ""), authrocket.ErrInvalidClaims, "sub"},
		{"sub null", setClaim("sub", nil), authrocket.ErrInvalidClaims, "sub"},
		{"sub number", setClaim("sub", 42), authrocket.ErrInvalidClaims, "sub"},
		{"sub object", setClaim("sub", entry{}), authrocket.ErrInvalidClaims, "sub"},
		{"sid number", setClaim("sid", 42), authrocket.ErrInvalidClaims, "sid"},
		{"sid array", setClaim("sid", []string{"kss_1"}), authrocket.ErrInvalidClaims, "sid"},

		{"orgs object", orgs(entry{}), authrocket.ErrInvalidClaims, "orgs"},
		{"orgs text", orgs("org_1"), authrocket.ErrInvalidClaims, "orgs"},
		{"orgs with a null entry", orgs([]any{nil}), authrocket.ErrInvalidClaims, "orgs[0]"},
		{"orgs with a text entry", orgs([]any{entry{"oid": "org_1"}, "org_2"}), authrocket.ErrInvalidClaims, "orgs[1]"},
		{"oid number", orgs([]any{entry{"oid": 1}}), authrocket.ErrInvalidClaims, "orgs[0].oid"},
		{"mid number", orgs([]any{entry{"oid": "org_1", "mid": 1}}), authrocket.ErrInvalidClaims, "orgs[0].mid"},
		{"perm text", orgs([]any{entry{"oid": "org_1", "perm": "ar:owner"}}), authrocket.ErrInvalidClaims, "orgs[0].perm"},
		{"perm object", orgs([]any{entry{"oid": "org_1", "perm": entry{"ar:owner": true}}}), authrocket.ErrInvalidClaims, "orgs[0].perm"},
		{"perm with a number", orgs([]any{entry{"oid": "org_1", "perm": []any{"a", 1}}}), authrocket.ErrInvalidClaims, "orgs[0].perm"},
		{"perm with a null entry", orgs([]any{entry{"oid": "org_1", "perm": []any{nil}}}), authrocket.ErrInvalidClaims, "orgs[0].perm"},
		{"selected text", orgs([]any{entry{"oid": "org_1", "selected": "true"}}), authrocket.ErrInvalidClaims, "orgs[0].selected"},
		{"selected number", orgs([]any{entry{"oid": "org_1", "selected": 1}}), authrocket.ErrInvalidClaims, "orgs[0].selected"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
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
		{"no token", func(*testing.T, string, string, string) string { return "" }, authrocket.ErrNoToken},
		{"one segment", func(_ *testing.T, h, p, s string) string { return h }, authrocket.ErrTokenMalformed},
		{"two segments", func(_ *testing.T, h, p, s string) string { return join(h, p) }, authrocket.ErrTokenMalformed},
		{"alg none and an empty signature", func(_ *testing.T, h, p, s string) string { return join(segment(`{"alg":"none"}`), p, "") }, authrocket.ErrTokenMalformed},
		{"alg none without a third segment", func(_ *testing.T, h, p, s string) string { return join(segment(`{"alg":"none"}`), p) }, authrocket.ErrTokenMalformed},
		{"empty signature", func(_ *testing.T, h, p, s string) string { return join(h, p, "") }, authrocket.ErrTokenMalformed},
		{"empty header", func(_ *testing.T, h, p, s string) string { return join("", p, s) }, authrocket.ErrTokenMalformed},
		{"empty payload", func(_ *testing.T, h, p, s string) string { return join(h, "", s) }, authrocket.ErrTokenMalformed},
		{"extra segment", func(_ *testing.T, h, p, s string) string { return join(h, p, s, s) }, authrocket.ErrTokenMalformed},
		{"extra empty segment", func(_ *testing.T, h, p, s string) string { return join(h, p, s, "") }, authrocket.ErrTokenMalformed},
		{"five segments as of a JWE", func(_ *testing.T, h, p, s string) string { return join(h, p, s, s, s) }, authrocket.ErrTokenMalformed},
		{"JSON serialization", func(_ *testing.T, h, p, s string) string {
			return `{"protected":"` + h + `","payload":"` + p + `","signature":"` + s + `"}`
		}, authrocket.ErrTokenMalformed},
		{"signature cut by a character", func(_ *testing.T, h, p, s string) string { return join(h, p, s[:len(s)-1]) }, authrocket.ErrTokenMalformed},
		{"signature cut by four characters", func(_ *testing.T, h, p, s string) string { return join(h, p, s[4:]) }, authrocket.ErrBadSignature},
		{"payload cut by four characters", func(_ *testing.T, h, p, s string) string { return join(h, p[:(len(p)/4-1)*4], s) }, authrocket.ErrBadSignature},
		{"padded signature", func(_ *testing.T, h, p, s string) string { return join(h, p, s+"==") }, authrocket.ErrTokenMalformed},
		{"padded header", func(_ *testing.T, h, p, s string) string { return join(h+"=", p, s) }, authrocket.ErrTokenMalformed},
		{"padded payload", func(_ *testing.T, h, p, s string) string { return join(h, p+"=", s) }, authrocket.ErrTokenMalformed},
		{"standard base64", func(_ *testing.T, h, p, s string) string { return join(h, p, "+/"+s[2:]) }, authrocket.ErrTokenMalformed},
		{"line break within the signature", func(_ *testing.T, h, p, s string) string { return join(h, p, s[:8]+"\n"+s[8:]) }, authrocket.ErrTokenMalformed},
		{"carriage return at the end", func(_ *testing.T, h, p, s string) string { return join(h, p, s+"\r") }, authrocket.ErrTokenMalformed},
		{"space within the payload", func(_ *testing.T, h, p, s string) string { return join(h, p[:8]+" "+p[8:], s) }, authrocket.ErrTokenMalformed},
		{"zero byte", func(_ *testing.T, h, p, s string) string { return join(h, p, s+"\x00") }, authrocket.ErrTokenMalformed},
		{"altered last signature character, unused bits", func(t *testing.T, h, p, s string) string {
			last := strings.IndexByte(alphabet, s[len(s)-1])
			altered := s[:len(s)-1] + string(alphabet[last^1])
			if unsegment(t, altered) != unsegment(t, s) {
				t.Fatal("the altered bits are not unused")
			}
			return join(h, p, altered)
		}, authrocket.ErrTokenMalformed},
		{"altered first signature character", func(_ *testing.T, h, p, s string) string {
			return join(h, p, string(alphabet[strings.IndexByte(alphabet, s[0])^1])+s[1:])
		}, authrocket.ErrBadSignature},
		{"a changed payload byte", func(t *testing.T, h, p, s string) string {
			return join(h, segment(strings.Replace(unsegment(t, p), "ada@", "eve@", 1)), s)
		}, authrocket.ErrBadSignature},
		{"a payload that is not even JSON", func(_ *testing.T, h, p, s string) string { return join(h, segment("x"), s) }, authrocket.ErrBadSignature},
		{"a changed header byte", func(t *testing.T, h, p, s string) string {
			return join(segment(strings.Replace(unsegment(t, h), `"JWT"`, `"JWS"`, 1)), p, s)
		}, authrocket.ErrBadSignature},
		{"white space added to the header", func(t *testing.T, h, p, s string) string { return join(segment(unsegment(t, h)+" "), p, s) }, authrocket.ErrBadSignature},
		{"header null", func(_ *testing.T, h, p, s string) string { return join(segment("null"), p, s) }, authrocket.ErrTokenMalformed},
		{"header array", func(_ *testing.T, h, p, s string) string { return join(segment(`["alg"]`), p, s) }, authrocket.ErrTokenMalformed},
		{"header text", func(_ *testing.T, h, p, s string) string { return join(segment("alg"), p, s) }, authrocket.ErrTokenMalformed},
		{"header with text after it", func(t *testing.T, h, p, s string) string { return join(segment(unsegment(t, h)+"{}"), p, s) }, authrocket.ErrTokenMalformed},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
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
		name  string
		auth  *authrocket.Auth
		token string
		want  error
	}{
		{"HS256 signed with the public key's PEM", static, signCompact(`{"alg":"HS256"}`, payload, withHMAC(publicPEM)), authrocket.ErrWrongAlgorithm},
		{"HS256 signed with the public key's PEM, trimmed", static, signCompact(`{"alg":"HS256"}`, payload, withHMAC(strings.TrimSpace(publicPEM))), authrocket.ErrWrongAlgorithm},
		{"HS256 signed with the public key's base64", static, signCompact(`{"alg":"HS256"}`, payload, withHMAC(body)), authrocket.ErrWrongAlgorithm},
		{"HS256 signed with the public key's DER", static, signCompact(`{"alg":"HS256"}`, payload, withHMAC(string(spki))), authrocket.ErrWrongAlgorithm},
		{"HMAC of the public key's PEM under alg RS256", static, signCompact(`{"alg":"RS256"}`, payload, withHMAC(publicPEM)), authrocket.ErrBadSignature},
		{"RS512 with the right key", static, signCompact(`{"alg":"RS512"}`, payload, withRS512(key)), authrocket.ErrWrongAlgorithm},
		{"RS512 signature under alg RS256", static, signCompact(`{"alg":"RS256"}`, payload, withRS512(key)), authrocket.ErrBadSignature},
		{"PS256 with the right key", static, signCompact(`{"alg":"PS256"}`, payload, withPS256(key)), authrocket.ErrWrongAlgorithm},
		{"PS256 signature under alg RS256", static, signCompact(`{"alg":"RS256"}`, payload, withPS256(key)), authrocket.ErrBadSignature},
		{"a right RS256 signature under alg none", static, signCompact(`{"alg":"none"}`, payload, withRS256(key)), authrocket.ErrWrongAlgorithm},
		{"a right RS256 signature under alg HS256", static, signCompact(`{"alg":"HS256"}`, payload, withRS256(key)), authrocket.ErrWrongAlgorithm},
		{"a right RS256 signature under alg rs256", static, signCompact(`{"alg":"rs256"}`, payload, withRS256(key)), authrocket.ErrWrongAlgorithm},
		{"a right RS256 signature, alg under another case", static, signCompact(`{"ALG":"RS256"}`, payload, withRS256(key)), authrocket.ErrTokenMalformed},
		{"alg none", static, signCompact(`{"alg":"none"}`, payload, unsigned), authrocket.ErrWrongAlgorithm},
		{"alg None", static, signCompact(`{"alg":"None"}`, payload, unsigned), authrocket.ErrWrongAlgorithm},
		{"alg NONE", static, signCompact(`{"alg":"NONE"}`, payload, unsigned), authrocket.ErrWrongAlgorithm},
		{"alg nOnE", static, signCompact(`{"alg":"nOnE"}`, payload, unsigned), authrocket.ErrWrongAlgorithm},
		{"alg array", static, signCompact(`{"alg":["RS256"]}`, payload, withRS256(key)), authrocket.ErrTokenMalformed},
		{"crit with the right key", static, signCompact(`{"alg":"RS256","crit":["exp"],"exp":1}`, payload, withRS256(key)), authrocket.ErrCriticalHeader},
		{"kid number with a static key", static, signCompact(`{"alg":"RS256","kid":1}`, payload, withRS256(key)), authrocket.ErrTokenMalformed},

		{"alg none where a secret is set", shared, signCompact(`{"alg":"none"}`, payload, unsigned), authrocket.ErrWrongAlgorithm},
		{"RS256 where a secret is set", shared, signCompact(`{"alg":"RS256"}`, payload, withRS256(key)), authrocket.ErrWrongAlgorithm},
		{"HMAC under alg RS256 where a secret is set", shared, signCompact(`{"alg":"RS256"}`, payload, withHMAC(secret)), authrocket.ErrWrongAlgorithm},
		{"HMAC of the secret without its prefix", shared, signCompact(`{"alg":"HS256"}`, payload, withHMAC(strings.TrimPrefix(secret, "jsk_"))), authrocket.ErrBadSignature},
		{"HMAC of the empty secret", shared, signCompact(`{"alg":"HS256"}`, payload, withHMAC("")), authrocket.ErrBadSignature},
		{"HMAC cut short", shared, signCompact(`{"alg":"HS256"}`, payload, func(in string) string { return withHMAC(secret)(in)[:16] }), authrocket.ErrBadSignature},

		{"HS256 signed with the published key's PEM", published.auth, signCompact(`{"alg":"HS256","kid":"`+kid+`"}`, payload, withHMAC(published.realm.JWTKey())), authrocket.ErrWrongAlgorithm},
		{"HS256 signed with the published key's base64", published.auth, signCompact(`{"alg":"HS256","kid":"`+kid+`"}`, payload, withHMAC(publishedBody)), authrocket.ErrWrongAlgorithm},
		{"another key under a published kid", published.auth, signCompact(`{"alg":"RS256","kid":"`+kid+`"}`, payload, withRS256(key)), authrocket.ErrBadSignature},
		{"a key that the header brings along", published.auth, signCompact(`{"alg":"RS256","kid":"`+kid+`","jwk":{"kty":"RSA","n":"`+
			base64.RawURLEncoding.EncodeToString(key.N.Bytes())+`","e":"AQAB"},"x5c":["`+body+`"]}`, payload, withRS256(key)), authrocket.ErrBadSignature},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			expectRefusal(t, row.auth, row.token, row.want)
		})
	}
}

func TestVerifyAccepts(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name    string
		change  func(*authrocket.Config)
		options []authrockettest.TokenOption
	}{
		{"a plain token", nil, nil},
		{"no typ", nil, []authrockettest.TokenOption{withoutHeader("typ")}},
		{"any typ", nil, []authrockettest.TokenOption{setHeader("typ", []int{1})}},
		{"unknown header members", nil, []authrockettest.TokenOption{setHeader("jku", "https://evil.example"), setHeader("CRIT", true)}},
		{"unknown claims", nil, []authrockettest.TokenOption{setClaim("nonce", 1), setClaim("ISS", "x"), setClaim("Exp", 0)}},
		{"no sid", nil, []authrockettest.TokenOption{withoutClaim("sid")}},
		{"no iat", nil, []authrockettest.TokenOption{withoutClaim("iat")}},
		{"null claims count as absent", nil, []authrockettest.TokenOption{setClaim("sid", nil), setClaim("iat", nil), setClaim("nbf", nil), setClaim("aud", nil)}},
		{"nbf in the past", nil, []authrockettest.TokenOption{setClaim("nbf", 1)}},
		{"exp with a fraction", nil, []authrockettest.TokenOption{setClaim("exp", float64(time.Now().Unix())+86_400.5)}},
		{"exp with an exponent", nil, []authrockettest.TokenOption{setClaim("exp", json.Number("2.5e11"))}},
		{"exp in the last second of year 9999", nil, []authrockettest.TokenOption{setClaim("exp", 253402300799)}},
		{"no aud where an audience is configured", func(c *authrocket.Config) { c.Audience = []string{"app"} }, nil},
		{"our aud", func(c *authrocket.Config) { c.Audience = []string{"app"} }, []authrockettest.TokenOption{setClaim("aud", "app")}},
		{"our second aud", func(c *authrocket.Config) { c.Audience = []string{"web", "app"} }, []authrockettest.TokenOption{setClaim("aud", "app")}},
		{"one of several aud", func(c *authrocket.Config) { c.Audience = []string{"app"} }, []authrockettest.TokenOption{setClaim("aud", []string{"other", "app"})}},
		{"any realm where none is configured", func(c *authrocket.Config) { c.RealmID = "" }, []authrockettest.TokenOption{setClaim("rid", "rl_other")}},
		{"no rid where none is configured", func(c *authrocket.Config) { c.RealmID = "" }, []authrockettest.TokenOption{withoutClaim("rid")}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
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
		{"no orgs", withoutClaim("orgs"), 0, nil},
		{"orgs null", setClaim("orgs", nil), 0, nil},
		{"orgs empty", setClaim("orgs", []any{}), 0, nil},
		{"orgs under another case", together(withoutClaim("orgs"), setClaim("Orgs", []any{entry{"oid": "org_1", "perm": []string{"a"}}})), 0, nil},
		{"no perm", setClaim("orgs", []any{entry{"oid": "org_1"}}), 1, nil},
		{"perm null", setClaim("orgs", []any{entry{"oid": "org_1", "perm": nil}}), 1, nil},
		{"perm under another case", setClaim("orgs", []any{entry{"oid": "org_1", "Perm": []string{"a"}}}), 1, nil},
		{"an entry without anything", setClaim("orgs", []any{entry{}}), 1, nil},
		{"perm", setClaim("orgs", []any{entry{"oid": "org_1", "perm": []string{"a", ""}}}), 1, []string{"a", ""}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
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
		{"true", setClaim("email_verified", true), authrocket.EmailVerified},
		{"false", setClaim("email_verified", false), authrocket.EmailNotVerified},
		{"absent", withoutClaim("email_verified"), authrocket.EmailUnknown},
		{"null", setClaim("email_verified", nil), authrocket.EmailUnknown},
		{"text true", setClaim("email_verified", "true"), authrocket.EmailUnknown},
		{"one", setClaim("email_verified", 1), authrocket.EmailUnknown},
		{"array", setClaim("email_verified", []bool{true}), authrocket.EmailUnknown},
		{"another case", together(withoutClaim("email_verified"), setClaim("Email_Verified", true)), authrocket.EmailUnknown},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			if got := newSite(t).session(t, row.claim).User.EmailVerification; got != row.want {
				t.Errorf("got %v, want %v", got, row.want)
			}
		})
	}
}

func TestVerifyDisplayClaimsOfAWrongTypeCountAsAbsent(t *testing.T) {
	t.Parallel()
	for _, wrong := range []any{nil, 1, true, []string{"x"}, map[string]any{"x": 1}} {
		c := newSite(t)
		var options []authrockettest.TokenOption
		for _, claim := range []string{"name", "given_name", "family_name", "preferred_username", "email", "locale", "ref"} {
			options = append(options, setClaim(claim, wrong))
		}
		if _, isObject := wrong.(map[string]any); !isObject {
			options = append(options, setClaim("cs", wrong))
		} else {
			options = append(options, withoutClaim("cs"))
		}
		options = append(options, withoutClaim("email_verified"),
			setClaim("orgs", []any{map[string]any{"oid": "org_1", "mid": "mb_1", "name": wrong, "ref": wrong, "cs": "text"}}))
		s := c.session(t, options...)
		if want := (authrocket.User{ID: c.ada.ID}); s.User != want {
			t.Errorf("%v: got user %+v, want %+v", wrong, s.User, want)
		}
		if org, _ := s.Org(); org != (authrocket.Org{ID: "org_1"}) {
			t.Errorf("%v: got org %+v, want an ID only", wrong, org)
		}
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
			t.Parallel()
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
		{"exactly as long as allowed", len(token), nil},
		{"a byte longer than allowed", len(token) - 1, authrocket.ErrTokenTooLarge},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
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
		{"at exp", in("exp", time.Second), time.Second, nil},
		{"exactly 5 s after exp", in("exp", time.Second), 6 * time.Second, nil},
		{"5 s and 1 ns after exp", in("exp", time.Second), 6*time.Second + 1, authrocket.ErrTokenExpired},
		{"exactly 5 s before nbf", in("nbf", 6*time.Second), time.Second, nil},
		{"5 s and 1 ns before nbf", in("nbf", 6*time.Second), time.Second - 1, authrocket.ErrTokenNotYetValid},
		{"exactly 60 s before iat", in("iat", 61*time.Second), time.Second, nil},
		{"60 s and 1 ns before iat", in("iat", 61*time.Second), time.Second - 1, authrocket.ErrTokenNotYetValid},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
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

func TestVerifyAnsweredTokenExpires(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newSite(t)
		token := c.realm.Token(c.ada, authrockettest.ExpiresIn(time.Minute))
		if _, err := c.auth.Verify(t.Context(), token); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute + 5*time.Second + 1)
		if _, err := c.auth.Verify(t.Context(), token); !errors.Is(err, authrocket.ErrTokenExpired) {
			t.Errorf("got %v, want %v", err, authrocket.ErrTokenExpired)
		}
	})
}
