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
		{"n and e are enough", entry("k", public, map[string]any{"use": nil, "alg": nil})},
		{"no alg means RS256", entry("k", public, map[string]any{"alg": nil})},
		{"an alg of null means RS256", entry("k", public, map[string]any{"alg": null})},
		{"no use is fine", entry("k", public, map[string]any{"use": nil})},
		{"a use of null is fine", entry("k", public, map[string]any{"use": null})},
		{"x5c stands in for n and e", entry("k", public, map[string]any{"n": nil, "e": nil, "x5c": []string{body}})},
		{"x5c stands in for n", entry("k", public, map[string]any{"n": nil, "x5c": []string{body}})},
		{"x5c stands in for e", entry("k", public, map[string]any{"e": nil, "x5c": []string{body}})},
		{"x5c stands in for an n and e of null", entry("k", public, map[string]any{"n": null, "e": null, "x5c": []string{body}})},
		{"of several x5c the first counts", entry("k", public, map[string]any{"n": nil, "x5c": []string{body, "?"}})},
		{"a broken x5c beside n and e does not matter", entry("k", public, map[string]any{"x5c": []string{"?"}})},
		{"a certificate in x5c beside n and e does not matter", entry("k", public, map[string]any{"x5c": []string{base64Std(certificate())}})},
		{"an x5c of another type beside n and e does not matter", entry("k", public, map[string]any{"x5c": 5})},
		{"an EC key in x5c of another entry does not matter", entry("k", public, map[string]any{"x5c": []string{"", base64Std(spki(ec.Public()))}})},
		{"the key of n and e again in x5c is fine", entry("k", public, map[string]any{"x5c": []string{body}})},
		{"x5c and alg stand in for kty", entry("k", public, map[string]any{"kty": nil, "n": nil, "e": nil, "x5c": []string{body}})},
		{"x5c and alg stand in for a kty of null", entry("k", public, map[string]any{"kty": null, "n": nil, "e": nil, "x5c": []string{body}})},
		{"x5c and alg stand in for kty beside n and e", entry("k", public, map[string]any{"kty": nil, "x5c": []string{body}})},
		{"key_ops with verify are fine", entry("k", public, map[string]any{"key_ops": []string{"sign", "verify"}})},
		{"key_ops of null are fine", entry("k", public, map[string]any{"key_ops": null})},
		{"other members do not matter", entry("k", public, map[string]any{"x5t": 5, "x5u": []int{1}, "d": "?", "p": 1, "KTY": "oct", "Alg": "none"})},
		{"exponent 3 is allowed", entry("k", publicKey(2048, 3), nil)},
		{"the largest exponent that can be checked is allowed", entry("k", publicKey(2048, 1<<31-1), nil)},
		{"2048 bits are allowed", entry("k", publicKey(2048, 65537), nil)},
		{"4096 bits are allowed", entry("k", publicKey(4096, 65537), nil)},
		{"8192 bits are allowed", entry("k", publicKey(8192, 65537), nil)},
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
		{"null is left out", `null`, "not a JSON object"},
		{"text is left out", `"k"`, "not a JSON object"},
		{"a number is left out", `1`, "not a JSON object"},
		{"an array is left out", `[]`, "not a JSON object"},
		{"an empty object is left out", `{}`, "kid"},

		{"no kid is left out", with("kid", nil), "kid"},
		{"a kid of null is left out", with("kid", null), "kid"},
		{"an empty kid is left out", with("kid", ""), "kid"},
		{"a kid of a number is left out", with("kid", 1), "kid"},
		{"a kid of an array is left out", with("kid", []string{"k"}), "kid"},
		{"a kid of 257 bytes is left out", with("kid", strings.Repeat("k", 257)), "kid"},
		{"KID does not stand for kid", entry("k", public, map[string]any{"kid": nil, "KID": "k"}), "kid"},

		{"no kty is left out", with("kty", nil), "kty"},
		{"a kty of null is left out", with("kty", null), "kty"},
		{"kty oct is left out", `{"kty":"oct","kid":"k","k":"AAAA","alg":"HS256"}`, "kty"},
		{"kty EC is left out", `{"kty":"EC","kid":"k","crv":"P-256","x":"AA","y":"AA"}`, "kty"},
		{"kty OKP is left out", `{"kty":"OKP","kid":"k","crv":"Ed25519","x":"AA"}`, "kty"},
		{"an unknown kty is left out", with("kty", "XYZ"), "kty"},
		{"kty in another case is left out", with("kty", "rsa"), "kty"},
		{"a kty of an array is left out", with("kty", []string{"RSA"}), "kty"},
		{"kty oct with n and e is left out", with("kty", "oct"), "kty"},

		{"no kty and no alg is left out", entry("k", public, map[string]any{"kty": nil, "alg": nil, "n": nil, "e": nil, "x5c": []string{base64Std(spki(public))}}), "kty"},
		{"no kty and a broken x5c beside n and e is left out", entry("k", public, map[string]any{"kty": nil, "x5c": []string{"?"}}), "x5c"},
		{"no kty and an EC key in x5c is left out", entry("k", public, map[string]any{"kty": nil, "n": nil, "e": nil, "x5c": []string{base64Std(spki(ec.Public()))}}), "x5c"},
		{"no kty and an x5c of another key than n and e is left out", entry("k", public, map[string]any{"kty": nil, "x5c": []string{base64Std(spki(publicKey(3072, 65537)))}}), "another key"},

		{"key_ops without verify are left out", with("key_ops", []string{"sign"}), "key_ops"},
		{"empty key_ops are left out", with("key_ops", []string{}), "key_ops"},
		{"key_ops of text are left out", with("key_ops", "verify"), "key_ops"},
		{"key_ops in another case are left out", with("key_ops", []string{"Verify"}), "key_ops"},
		{"an x5c of another key than n and e is left out", with("x5c", []string{base64Std(spki(publicKey(3072, 65537)))}), "another key"},
		{"an x5c with another exponent than e is left out", with("x5c", []string{base64Std(spki(publicKey(2048, 3)))}), "another key"},
		{"an x5c of an EC key beside n and e is left out", with("x5c", []string{base64Std(spki(ec.Public()))}), "another key"},

		{"use enc is left out", with("use", "enc"), "use"},
		{"use sign is left out", with("use", "sign"), "use"},
		{"use in another case is left out", with("use", "SIG"), "use"},
		{"a use of an array is left out", with("use", []string{"sig"}), "use"},
		{"alg HS256 is left out", with("alg", "HS256"), "alg"},
		{"alg RS512 is left out", with("alg", "RS512"), "alg"},
		{"alg PS256 is left out", with("alg", "PS256"), "alg"},
		{"alg none is left out", with("alg", "none"), "alg"},
		{"alg in another case is left out", with("alg", "rs256"), "alg"},
		{"an alg of an array is left out", with("alg", []string{"RS256"}), "alg"},
		{"an alg of a number is left out", with("alg", 256), "alg"},

		{"512 bits are left out", entry("k", publicKey(512, 65537), nil), "512 bits"},
		{"1024 bits are left out", entry("k", publicKey(1024, 65537), nil), "1024 bits"},
		{"2047 bits are left out", entry("k", publicKey(2047, 65537), nil), "2047 bits"},
		{"8193 bits are left out", entry("k", publicKey(8193, 65537), nil), "8193 bits"},
		{"1024 bits with leading zeros are left out", with("n", strings.Repeat("A", 400)+base64URL(publicKey(1024, 3).N)), "bits"},
		{"1024 bits in x5c are left out", x5c([]string{base64Std(spki(publicKey(1024, 65537)))}), "1024 bits"},
		{"8193 bits in x5c are left out", x5c([]string{base64Std(spki(publicKey(8193, 65537)))}), "8193 bits"},
		{"exponent 1 is left out", entry("k", publicKey(2048, 1), nil), "exponent 1"},
		{"exponent 2 is left out", entry("k", publicKey(2048, 2), nil), "exponent 2"},
		{"an even exponent is left out", entry("k", publicKey(2048, 65536), nil), "exponent 65536"},
		{"exponent 0 is left out", with("e", "AA"), "exponent 0"},
		{"an even exponent in x5c is left out", x5c([]string{base64Std(spki(publicKey(2048, 65536)))}), "exponent 65536"},
		{"exponent 1 in x5c is left out", x5c([]string{base64Std(spki(publicKey(2048, 1)))}), "exponent 1"},
		{"an exponent beyond what crypto/rsa checks is left out", with("e", base64URL(big.NewInt(1<<31+1))), "exponent"},
		{"an exponent that is 65537 in its last 64 bits is left out", with("e", base64URL(new(big.Int).Add(new(big.Int).Lsh(big.NewInt(1), 64), big.NewInt(65537)))), "exponent"},
		{"an even modulus is left out", entry("k", evenModulus, nil), "even"},

		{"no n, e or x5c is left out", entry("k", public, map[string]any{"n": nil, "e": nil}), "neither n and e nor x5c"},
		{"an empty n is left out", with("n", ""), "bits"},
		{"an n of a number is left out", with("n", 5), "n or e"},
		{"an n of an array is left out", with("n", []string{"AQAB"}), "n or e"},
		{"an n that is no base64 is left out", with("n", "?"), "n or e"},
		{"an e of a number is left out", with("e", 65537), "n or e"},
		{"an empty e is left out", with("e", ""), "exponent 0"},
		{"an e that is no base64 is left out", with("e", "!"), "n or e"},
		{"an e of an object is left out", with("e", map[string]int{}), "n or e"},

		{"an x5c of text is left out", x5c(base64Std(spki(public))), "x5c"},
		{"an empty x5c is left out", x5c([]string{}), "x5c"},
		{"an x5c of null is left out", x5c(null), "x5c"},
		{"an x5c of numbers is left out", x5c([]int{1}), "x5c"},
		{"an x5c with null is left out", x5c([]any{nil}), "x5c"},
		{"an x5c that is no base64 is left out", x5c([]string{"?"}), "x5c"},
		{"an x5c of base64url is left out", x5c([]string{strings.NewReplacer("+", "-", "/", "_").Replace(vectorX5C)}), "x5c"},
		{"an x5c that is cut short is left out", x5c([]string{vectorX5C[:len(vectorX5C)-4]}), "x5c"},
		{"an x5c with more behind the key is left out", x5c([]string{base64Std(append(spki(public), 0))}), "x5c"},
		{"an x5c of rubbish is left out", x5c([]string{"AAAA"}), "x5c"},
		{"a certificate in x5c is left out", x5c([]string{base64Std(certificate())}), "x5c"},
		{"a private key in x5c is left out", x5c([]string{base64Std(pkcs8(privateKey()))}), "x5c"},
		{"PEM in x5c is left out", x5c([]string{pemText("PUBLIC KEY", spki(public))}), "x5c"},
		{"an EC key in x5c is left out", x5c([]string{base64Std(spki(ec.Public()))}), "x5c that holds no RSA public key"},
		{"an Ed25519 key in x5c is left out", x5c([]string{base64Std(spki(ed.Public()))}), "x5c that holds no RSA public key"},
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
			expectSkipped(t, skipped, 0, row.want)

			keys, skipped, err = jose.ParseSet(keySet(good, row.entry, strings.Replace(good, `"good"`, `"other"`, 1)))
			if err != nil || len(keys) != 2 {
				t.Fatalf("between good ones: got keys %v, error %v, want two keys", keys, err)
			}
			expectSkipped(t, skipped, 1, row.want)
			for _, kid := range []string{"good", "other"} {
				if keys[kid][0].Verify(signed(t, vectorRS256)) != nil {
					t.Errorf("key %q does not check what it signed", kid)
				}
			}
		})
	}
}

// expectSkipped checks that the entry index alone is skipped, and why.
func expectSkipped(t *testing.T, skipped []error, index int, want string) {
	t.Helper()
	if len(skipped) != 1 {
		t.Errorf("got skipped %v, want one", skipped)
		return
	}
	if got := skipped[0].Error(); !strings.Contains(got, "key "+strconv.Itoa(index)+" ") || !strings.Contains(got, want) {
		t.Errorf("got skipped %q, want key %d and %q", got, index, want)
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
		{"a kid of 256 bytes is kept", keySet(entry(strings.Repeat("k", 256), first, nil)), strings.Repeat("k", 256), []int{2048}, 0},
		{"kid constructor is kept", keySet(entry("constructor", first, nil)), "constructor", []int{2048}, 0},
		{"two keys with one kid are kept in order", keySet(entry("k", second, nil), entry("k", first, nil)), "k", []int{3072, 2048}, 0},
		{"of three keys with one kid two are kept", keySet(entry("k", first, nil), entry("k", second, nil), entry("k", third, nil)), "k", []int{2048, 3072}, 1},
		{"a key that stands twice does not take the place of another", keySet(entry("k", first, nil), entry("k", first, nil), entry("k", second, nil)), "k", []int{2048, 3072}, 1},
		{"the same key twice is one key", keySet(entry("k", first, nil), entry("k", first, nil)), "k", []int{2048}, 1},
		{"a bad key does not take the kid", keySet(entry("k", publicKey(1024, 3), nil), entry("k", second, nil)), "k", []int{3072}, 1},
		{"kids differ by case", keySet(entry("K", first, nil), entry("k", second, nil)), "k", []int{3072}, 0},
		{"a member twice counts as it stands last", []byte(`{"keys":[` + strings.Replace(entry("k", first, nil), `{`, `{"kty":"oct","kid":5,`, 1) + `]}`), "k", []int{2048}, 0},
		{"keys twice counts as it stands last", []byte(`{"keys":[` + entry("k", first, nil) + `],"keys":[` + entry("k", second, nil) + `]}`), "k", []int{3072}, 0},
		{"other members of the set do not matter", []byte(`{"KEYS":5,"errors":["x"],"keys":[` + entry("k", first, nil) + `],"Keys":[]}`), "k", []int{2048}, 0},
		{"white space does not matter", []byte(" {\n \"keys\" : [ \t" + entry("k", first, nil) + " \r\n] } \n"), "k", []int{2048}, 0},
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

// refusedSets also seed the fuzz target.
var refusedSets = []struct {
	name, set   string
	noUsableKey bool
}{
	{"nothing is refused", ``, false},
	{"HTML is refused", `<!doctype html><title>Sign in</title>`, false},
	{"null is refused", `null`, false},
	{"an array is refused", `[]`, false},
	{"text is refused", `"keys"`, false},
	{"a number is refused", `1`, false},
	{"an object without keys is refused", `{}`, false},
	{"a report of errors is refused", `{"errors":["Realm not found."]}`, false},
	{"KEYS does not stand for keys", `{"KEYS":[]}`, false},
	{"keys of an object are refused", `{"keys":{}}`, false},
	{"keys of text are refused", `{"keys":"x"}`, false},
	{"keys of a number are refused", `{"keys":1}`, false},
	{"a set that is cut short is refused", `{"keys":[`, false},
	{"text after the set is refused", `{"keys":[]}x`, false},
	{"a second set is refused", `{"keys":[]}{"keys":[]}`, false},
	{"keys of null are no usable key", `{"keys":null}`, true},
	{"empty keys are no usable key", `{"keys":[]}`, true},
	{"keys of null entries are no usable key", `{"keys":[null,null]}`, true},
}

func TestParseSetRefuses(t *testing.T) {
	t.Parallel()
	single := entry("k", publicKey(2048, 65537), nil)
	type refusedSet = struct {
		name, set   string
		noUsableKey bool
	}
	rows := append(refusedSets[:len(refusedSets):len(refusedSets)],
		refusedSet{"a single key is no set", single, false},
		refusedSet{"101 keys are too many", `{"keys":[` + strings.Repeat("1,", 100) + single + `]}`, false})
	for _, row := range rows {
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
