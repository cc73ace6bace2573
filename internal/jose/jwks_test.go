package jose_test

import (
	"errors"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/authrocket-go/authrocket/internal/jose"
)

func vectorPublic(t *testing.T) string {
	t.Helper()
	return entry("good", jose.RSA(parseStatic(t, vectorX5C)), nil)
}

func TestParseSetOfTheService(t *testing.T) {
	t.Parallel()
	set := `{"keys":[{"kty":"RSA","use":"sig","alg":"RS256","kid":"` + vectorKeyID + `","n":"` + vectorN + `","e":"AQAB","x5c":["` + vectorX5C + `"]}]}`
	keys, skipped, err := jose.ParseSet([]byte(set))
	if err != nil || len(skipped) > 0 {
		t.Fatalf("got skipped %v, error %v, want neither", skipped, err)
	}
	if len(keys) != 1 || len(keys[vectorKeyID]) != 1 || keys[vectorKeyID][0].Algorithm() != jose.RS256 {
		t.Fatalf("got keys %v, want one of RS256 called %q", keys, vectorKeyID)
	}
	if keys[vectorKeyID][0].Verify(signed(t, vectorRS256)) != nil {
		t.Error("the key does not check what it signed")
	}
}

// usable are entries that make a key with kid k. They seed the fuzz target too.
func usable() []struct{ name, entry string } {
	public := publicKey(2048, 65537)
	body := base64Std(spki(public))
	ec, _ := otherKeys()
	return []struct{ name, entry string }{
		{name: "n and e are enough", entry: entry("k", public, map[string]any{"use": nil, "alg": nil})},
		{name: "no alg means RS256", entry: entry("k", public, map[string]any{"alg": nil})},
		{name: "an alg of null means RS256", entry: entry("k", public, map[string]any{"alg": null})},
		{name: "no use is fine", entry: entry("k", public, map[string]any{"use": nil})},
		{name: "a use of null is fine", entry: entry("k", public, map[string]any{"use": null})},
		{name: "x5c stands in for n and e", entry: entry("k", public, map[string]any{"n": nil, "e": nil, "x5c": []string{body}})},
		{name: "x5c stands in for n", entry: entry("k", public, map[string]any{"n": nil, "x5c": []string{body}})},
		{name: "x5c stands in for e", entry: entry("k", public, map[string]any{"e": nil, "x5c": []string{body}})},
		{name: "x5c stands in for an n and e of null", entry: entry("k", public, map[string]any{"n": null, "e": null, "x5c": []string{body}})},
		{name: "of several x5c the first counts", entry: entry("k", public, map[string]any{"n": nil, "x5c": []string{body, "?"}})},
		{name: "a broken x5c beside n and e does not matter", entry: entry("k", public, map[string]any{"x5c": []string{"?"}})},
		{name: "a certificate in x5c beside n and e does not matter", entry: entry("k", public, map[string]any{"x5c": []string{base64Std(certificate())}})},
		{name: "an x5c of another type beside n and e does not matter", entry: entry("k", public, map[string]any{"x5c": 5})},
		{name: "an EC key in x5c of another entry does not matter", entry: entry("k", public, map[string]any{"x5c": []string{"", base64Std(spki(ec.Public()))}})},
		{name: "the key of n and e again in x5c is fine", entry: entry("k", public, map[string]any{"x5c": []string{body}})},
		{name: "x5c and alg stand in for kty", entry: entry("k", public, map[string]any{"kty": nil, "n": nil, "e": nil, "x5c": []string{body}})},
		{name: "x5c and alg stand in for a kty of null", entry: entry("k", public, map[string]any{"kty": null, "n": nil, "e": nil, "x5c": []string{body}})},
		{name: "x5c and alg stand in for kty beside n and e", entry: entry("k", public, map[string]any{"kty": nil, "x5c": []string{body}})},
		{name: "key_ops with verify are fine", entry: entry("k", public, map[string]any{"key_ops": []string{"sign", "verify"}})},
		{name: "key_ops of null are fine", entry: entry("k", public, map[string]any{"key_ops": null})},
		{name: "other members do not matter", entry: entry("k", public, map[string]any{"x5t": 5, "x5u": []int{1}, "d": "?", "p": 1, "KTY": "oct", "Alg": "none"})},
		{name: "exponent 3 is allowed", entry: entry("k", publicKey(2048, 3), nil)},
		{name: "the largest exponent that can be checked is allowed", entry: entry("k", publicKey(2048, 1<<31-1), nil)},
		{name: "2048 bits are allowed", entry: entry("k", publicKey(2048, 65537), nil)},
		{name: "4096 bits are allowed", entry: entry("k", publicKey(4096, 65537), nil)},
		{name: "8192 bits are allowed", entry: entry("k", publicKey(8192, 65537), nil)},
	}
}

// unusable are entries that are left out, and a part of what is said then.
func unusable() []struct{ name, entry, want string } {
	public := publicKey(2048, 65537)
	x5c := func(value any) string { return entry("k", public, map[string]any{"n": nil, "e": nil, "x5c": value}) }
	with := func(name string, value any) string { return entry("k", public, map[string]any{name: value}) }
	evenModulus := publicKey(2048, 65537)
	evenModulus.N.SetBit(evenModulus.N, 0, 0)
	ec, ed := otherKeys()
	return []struct{ name, entry, want string }{
		{name: "null is left out", entry: `null`, want: "not a JSON object"},
		{name: "text is left out", entry: `"k"`, want: "not a JSON object"},
		{name: "a number is left out", entry: `1`, want: "not a JSON object"},
		{name: "an array is left out", entry: `[]`, want: "not a JSON object"},
		{name: "an empty object is left out", entry: `{}`, want: "kid"},

		{name: "no kid is left out", entry: with("kid", nil), want: "kid"},
		{name: "a kid of null is left out", entry: with("kid", null), want: "kid"},
		{name: "an empty kid is left out", entry: with("kid", ""), want: "kid"},
		{name: "a kid of a number is left out", entry: with("kid", 1), want: "kid"},
		{name: "a kid of an array is left out", entry: with("kid", []string{"k"}), want: "kid"},
		{name: "a kid of 257 bytes is left out", entry: with("kid", strings.Repeat("k", 257)), want: "kid"},
		{name: "KID does not stand for kid", entry: entry("k", public, map[string]any{"kid": nil, "KID": "k"}), want: "kid"},

		{name: "no kty is left out", entry: with("kty", nil), want: "kty"},
		{name: "a kty of null is left out", entry: with("kty", null), want: "kty"},
		{name: "kty oct is left out", entry: `{"kty":"oct","kid":"k","k":"AAAA","alg":"HS256"}`, want: "kty"},
		{name: "kty EC is left out", entry: `{"kty":"EC","kid":"k","crv":"P-256","x":"AA","y":"AA"}`, want: "kty"},
		{name: "kty OKP is left out", entry: `{"kty":"OKP","kid":"k","crv":"Ed25519","x":"AA"}`, want: "kty"},
		{name: "an unknown kty is left out", entry: with("kty", "XYZ"), want: "kty"},
		{name: "kty in another case is left out", entry: with("kty", "rsa"), want: "kty"},
		{name: "a kty of an array is left out", entry: with("kty", []string{"RSA"}), want: "kty"},
		{name: "a kty of an array beside x5c and alg is left out", entry: entry("k", public, map[string]any{"kty": []string{"RSA"}, "x5c": []string{base64Std(spki(public))}}), want: "kty"},
		{name: "kty oct with n and e is left out", entry: with("kty", "oct"), want: "kty"},

		{name: "no kty and no alg is left out", entry: entry("k", public, map[string]any{"kty": nil, "alg": nil, "n": nil, "e": nil, "x5c": []string{base64Std(spki(public))}}), want: "kty"},
		{name: "no kty and a broken x5c beside n and e is left out", entry: entry("k", public, map[string]any{"kty": nil, "x5c": []string{"?"}}), want: "x5c"},
		{name: "no kty and an EC key in x5c is left out", entry: entry("k", public, map[string]any{"kty": nil, "n": nil, "e": nil, "x5c": []string{base64Std(spki(ec.Public()))}}), want: "x5c"},
		{name: "no kty and an x5c of another key than n and e is left out", entry: entry("k", public, map[string]any{"kty": nil, "x5c": []string{base64Std(spki(publicKey(3072, 65537)))}}), want: "another key"},

		{name: "key_ops without verify are left out", entry: with("key_ops", []string{"sign"}), want: "key_ops"},
		{name: "empty key_ops are left out", entry: with("key_ops", []string{}), want: "key_ops"},
		{name: "key_ops of text are left out", entry: with("key_ops", "verify"), want: "key_ops"},
		{name: "key_ops in another case are left out", entry: with("key_ops", []string{"Verify"}), want: "key_ops"},
		{name: "an x5c of another key than n and e is left out", entry: with("x5c", []string{base64Std(spki(publicKey(3072, 65537)))}), want: "another key"},
		{name: "an x5c with another exponent than e is left out", entry: with("x5c", []string{base64Std(spki(publicKey(2048, 3)))}), want: "another key"},
		{name: "an x5c of an EC key beside n and e is left out", entry: with("x5c", []string{base64Std(spki(ec.Public()))}), want: "another key"},

		{name: "use enc is left out", entry: with("use", "enc"), want: "use"},
		{name: "use sign is left out", entry: with("use", "sign"), want: "use"},
		{name: "use in another case is left out", entry: with("use", "SIG"), want: "use"},
		{name: "a use of an array is left out", entry: with("use", []string{"sig"}), want: "use"},
		{name: "alg HS256 is left out", entry: with("alg", "HS256"), want: "alg"},
		{name: "alg RS512 is left out", entry: with("alg", "RS512"), want: "alg"},
		{name: "alg PS256 is left out", entry: with("alg", "PS256"), want: "alg"},
		{name: "alg none is left out", entry: with("alg", "none"), want: "alg"},
		{name: "alg in another case is left out", entry: with("alg", "rs256"), want: "alg"},
		{name: "an alg of an array is left out", entry: with("alg", []string{"RS256"}), want: "alg"},
		{name: "an alg of a number is left out", entry: with("alg", 256), want: "alg"},

		{name: "512 bits are left out", entry: entry("k", publicKey(512, 65537), nil), want: "512 bits"},
		{name: "1024 bits are left out", entry: entry("k", publicKey(1024, 65537), nil), want: "1024 bits"},
		{name: "2047 bits are left out", entry: entry("k", publicKey(2047, 65537), nil), want: "2047 bits"},
		{name: "8193 bits are left out", entry: entry("k", publicKey(8193, 65537), nil), want: "8193 bits"},
		{name: "1024 bits with leading zeros are left out", entry: with("n", strings.Repeat("A", 400)+base64URL(publicKey(1024, 3).N)), want: "bits"},
		{name: "1024 bits in x5c are left out", entry: x5c([]string{base64Std(spki(publicKey(1024, 65537)))}), want: "1024 bits"},
		{name: "8193 bits in x5c are left out", entry: x5c([]string{base64Std(spki(publicKey(8193, 65537)))}), want: "8193 bits"},
		{name: "exponent 1 is left out", entry: entry("k", publicKey(2048, 1), nil), want: "exponent 1"},
		{name: "exponent 2 is left out", entry: entry("k", publicKey(2048, 2), nil), want: "exponent 2"},
		{name: "an even exponent is left out", entry: entry("k", publicKey(2048, 65536), nil), want: "exponent 65536"},
		{name: "exponent 0 is left out", entry: with("e", "AA"), want: "exponent 0"},
		{name: "an even exponent in x5c is left out", entry: x5c([]string{base64Std(spki(publicKey(2048, 65536)))}), want: "exponent 65536"},
		{name: "exponent 1 in x5c is left out", entry: x5c([]string{base64Std(spki(publicKey(2048, 1)))}), want: "exponent 1"},
		{name: "an exponent beyond what crypto/rsa checks is left out", entry: with("e", base64URL(big.NewInt(1<<31+1))), want: "exponent"},
		{name: "an exponent that is 65537 in its last 64 bits is left out", entry: with("e", base64URL(new(big.Int).Add(new(big.Int).Lsh(big.NewInt(1), 64), big.NewInt(65537)))), want: "exponent"},
		{name: "an even modulus is left out", entry: entry("k", evenModulus, nil), want: "even"},

		{name: "no n, e or x5c is left out", entry: entry("k", public, map[string]any{"n": nil, "e": nil}), want: "neither n and e nor x5c"},
		{name: "an empty n is left out", entry: with("n", ""), want: "bits"},
		{name: "an n of a number is left out", entry: with("n", 5), want: "n or e"},
		{name: "an n of an array is left out", entry: with("n", []string{"AQAB"}), want: "n or e"},
		{name: "an n that is no base64 is left out", entry: with("n", "?"), want: "n or e"},
		{name: "an e of a number is left out", entry: with("e", 65537), want: "n or e"},
		{name: "an empty e is left out", entry: with("e", ""), want: "exponent 0"},
		{name: "an e that is no base64 is left out", entry: with("e", "!"), want: "n or e"},
		{name: "an e of an object is left out", entry: with("e", map[string]int{}), want: "n or e"},

		{name: "an x5c of text is left out", entry: x5c(base64Std(spki(public))), want: "x5c"},
		{name: "an empty x5c is left out", entry: x5c([]string{}), want: "x5c"},
		{name: "an x5c of null is left out", entry: x5c(null), want: "x5c"},
		{name: "an x5c of numbers is left out", entry: x5c([]int{1}), want: "x5c"},
		{name: "an x5c with null is left out", entry: x5c([]any{nil}), want: "x5c"},
		{name: "an x5c that is no base64 is left out", entry: x5c([]string{"?"}), want: "x5c"},
		{name: "an x5c of base64url is left out", entry: x5c([]string{strings.NewReplacer("+", "-", "/", "_").Replace(vectorX5C)}), want: "x5c"},
		{name: "an x5c that is cut short is left out", entry: x5c([]string{vectorX5C[:len(vectorX5C)-4]}), want: "x5c"},
		{name: "an x5c with more behind the key is left out", entry: x5c([]string{base64Std(append(spki(public), 0))}), want: "x5c"},
		{name: "an x5c of rubbish is left out", entry: x5c([]string{"AAAA"}), want: "x5c"},
		{name: "a certificate in x5c is left out", entry: x5c([]string{base64Std(certificate())}), want: "x5c"},
		{name: "a private key in x5c is left out", entry: x5c([]string{base64Std(pkcs8(privateKey()))}), want: "x5c"},
		{name: "PEM in x5c is left out", entry: x5c([]string{pemText("PUBLIC KEY", spki(public))}), want: "x5c"},
		{name: "an EC key in x5c is left out", entry: x5c([]string{base64Std(spki(ec.Public()))}), want: "x5c that holds no RSA public key"},
		{name: "an Ed25519 key in x5c is left out", entry: x5c([]string{base64Std(spki(ed.Public()))}), want: "x5c that holds no RSA public key"},
	}
}

func base64URL(n *big.Int) string {
	return strings.NewReplacer("+", "-", "/", "_", "=", "").Replace(base64Std(n.Bytes()))
}

func TestParseSetUsesAnEntry(t *testing.T) {
	t.Parallel()
	for _, row := range usable() {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			keys, skipped, err := jose.ParseSet(keySet(row.entry))
			if err != nil || len(skipped) > 0 {
				t.Fatalf("got skipped %v, error %v, want neither", skipped, err)
			}
			if len(keys) != 1 || len(keys["k"]) != 1 || keys["k"][0].Algorithm() != jose.RS256 || jose.RSA(keys["k"][0]) == nil {
				t.Errorf("got keys %v, want one of RS256 called k", keys)
			}
		})
	}
}

// Each entry is tried alone and between good ones, which it must not harm.
func TestParseSetLeavesAnEntryOut(t *testing.T) {
	t.Parallel()
	good := vectorPublic(t)
	for _, row := range unusable() {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			keys, skipped, err := jose.ParseSet(keySet(row.entry))
			if !errors.Is(err, jose.ErrNoUsableKey) || len(keys) > 0 {
				t.Errorf("alone: got keys %v, error %v, want ErrNoUsableKey", keys, err)
			}
			expectSkipped(t, skipped, 0, row.entry, row.want)

			keys, skipped, err = jose.ParseSet(keySet(good, row.entry, strings.Replace(good, `"good"`, `"other"`, 1)))
			if err != nil || len(keys) != 2 {
				t.Fatalf("between good ones: got keys %v, error %v, want two keys", keys, err)
			}
			expectSkipped(t, skipped, 1, row.entry, row.want)
			for _, kid := range []string{"good", "other"} {
				if keys[kid][0].Verify(signed(t, vectorRS256)) != nil {
					t.Errorf("key %q does not check what it signed", kid)
				}
			}
		})
	}
}

// expectSkipped checks that the entry index alone is skipped, and why, and that
// the reason repeats nothing of it.
func expectSkipped(t *testing.T, skipped []error, index int, entry, want string) {
	t.Helper()
	if len(skipped) != 1 {
		t.Errorf("got skipped %v, want one", skipped)
		return
	}
	if got := skipped[0].Error(); !strings.Contains(got, "key "+strconv.Itoa(index)+" ") || !strings.Contains(got, want) {
		t.Errorf("got skipped %q, want key %d and %q", got, index, want)
	}
	if piece := repeated(skipped[0], entry); piece != "" {
		t.Errorf("got skipped %q, which repeats %q of the entry", skipped[0], piece)
	}
}

func TestParseSetKeyIDs(t *testing.T) {
	t.Parallel()
	first, second, third := publicKey(2048, 65537), publicKey(3072, 65537), publicKey(4096, 65537)
	for _, row := range []struct {
		name    string
		set     []byte
		kid     string
		want    []int // bits
		skipped int
	}{
		{name: "a kid of 256 bytes is kept", set: keySet(entry(strings.Repeat("k", 256), first, nil)), kid: strings.Repeat("k", 256), want: []int{2048}},
		{name: "kid constructor is kept", set: keySet(entry("constructor", first, nil)), kid: "constructor", want: []int{2048}},
		{name: "two keys with one kid are kept in order", set: keySet(entry("k", second, nil), entry("k", first, nil)), kid: "k", want: []int{3072, 2048}},
		{name: "of three keys with one kid two are kept", set: keySet(entry("k", first, nil), entry("k", second, nil), entry("k", third, nil)), kid: "k", want: []int{2048, 3072}, skipped: 1},
		{name: "a key that stands twice does not take the place of another", set: keySet(entry("k", first, nil), entry("k", first, nil), entry("k", second, nil)), kid: "k", want: []int{2048, 3072}, skipped: 1},
		{name: "the same key twice is one key", set: keySet(entry("k", first, nil), entry("k", first, nil)), kid: "k", want: []int{2048}, skipped: 1},
		{name: "a bad key does not take the kid", set: keySet(entry("k", publicKey(1024, 3), nil), entry("k", second, nil)), kid: "k", want: []int{3072}, skipped: 1},
		{name: "kids differ by case", set: keySet(entry("K", first, nil), entry("k", second, nil)), kid: "k", want: []int{3072}},
		{name: "a member twice counts as it stands last", set: []byte(`{"keys":[` + strings.Replace(entry("k", first, nil), `{`, `{"kty":"oct","kid":5,`, 1) + `]}`), kid: "k", want: []int{2048}},
		{name: "keys twice counts as it stands last", set: []byte(`{"keys":[` + entry("k", first, nil) + `],"keys":[` + entry("k", second, nil) + `]}`), kid: "k", want: []int{3072}},
		{name: "other members of the set do not matter", set: []byte(`{"KEYS":5,"errors":["x"],"keys":[` + entry("k", first, nil) + `],"Keys":[]}`), kid: "k", want: []int{2048}},
		{name: "white space does not matter", set: []byte(" {\n \"keys\" : [ \t" + entry("k", first, nil) + " \r\n] } \n"), kid: "k", want: []int{2048}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			keys, skipped, err := jose.ParseSet(row.set)
			if err != nil {
				t.Fatal(err)
			}
			if len(skipped) != row.skipped {
				t.Errorf("got skipped %v, want %d", skipped, row.skipped)
			}
			var got []int
			for _, key := range keys[row.kid] {
				got = append(got, jose.RSA(key).N.BitLen())
			}
			if !slices.Equal(got, row.want) {
				t.Errorf("got keys of %d bits called %q, want %d", got, row.kid, row.want)
			}
		})
	}
}

// A kid that stands twice in a set is one of the past and one of now, in any order.
func TestKeysOfOneID(t *testing.T) {
	t.Parallel()
	other := entry(vectorKeyID, publicKey(2048, 65537), nil)
	good := entry(vectorKeyID, jose.RSA(parseStatic(t, vectorX5C)), nil)
	for name, set := range map[string][]byte{"the first signed": keySet(good, other), "the second signed": keySet(other, good)} {
		keys, _, err := jose.ParseSet(set)
		if err != nil {
			t.Fatal(err)
		}
		if !keys[vectorKeyID].Contain(parseStatic(t, vectorX5C)) {
			t.Errorf("%s: the key is not among them", name)
		}
	}
	if (jose.Keys{}).Contain(parseStatic(t, vectorX5C)) {
		t.Error("a key is among none")
	}
}

type refusedSet struct {
	name, set   string
	noUsableKey bool
}

// refusedSets also seed the fuzz target.
var refusedSets = []refusedSet{
	{name: "nothing is refused", set: ``},
	{name: "HTML is refused", set: `<!doctype html><title>Sign in</title>`},
	{name: "null is refused", set: `null`},
	{name: "an array is refused", set: `[]`},
	{name: "text is refused", set: `"keys"`},
	{name: "a number is refused", set: `1`},
	{name: "an object without keys is refused", set: `{}`},
	{name: "a report of errors is refused", set: `{"errors":["Realm not found."]}`},
	{name: "KEYS does not stand for keys", set: `{"KEYS":[]}`},
	{name: "keys of an object are refused", set: `{"keys":{}}`},
	{name: "keys of text are refused", set: `{"keys":"x"}`},
	{name: "keys of a number are refused", set: `{"keys":1}`},
	{name: "a set that is cut short is refused", set: `{"keys":[`},
	{name: "text after the set is refused", set: `{"keys":[]}x`},
	{name: "a second set is refused", set: `{"keys":[]}{"keys":[]}`},
	{name: "keys of null are no usable key", set: `{"keys":null}`, noUsableKey: true},
	{name: "empty keys are no usable key", set: `{"keys":[]}`, noUsableKey: true},
	{name: "keys of null entries are no usable key", set: `{"keys":[null,null]}`, noUsableKey: true},
}

func TestParseSetRefuses(t *testing.T) {
	t.Parallel()
	single := entry("k", publicKey(2048, 65537), nil)
	for _, row := range append(refusedSets[:len(refusedSets):len(refusedSets)],
		refusedSet{name: "a single key is no set", set: single},
		refusedSet{name: "101 keys are too many", set: `{"keys":[` + strings.Repeat("1,", 100) + single + `]}`}) {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			keys, _, err := jose.ParseSet([]byte(row.set))
			if err == nil || len(keys) > 0 {
				t.Fatalf("got keys %v, error %v, want an error", keys, err)
			}
			if got := errors.Is(err, jose.ErrNoUsableKey); got != row.noUsableKey {
				t.Errorf("got error %q, want ErrNoUsableKey %t", err, row.noUsableKey)
			}
		})
	}
}
