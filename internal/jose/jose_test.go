package jose_test

import (
	"crypto"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/base64"
	"math/big"
	"testing"

	"github.com/authrocket-go/authrocket/internal/jose"
)

func parseStatic(t *testing.T, text string) jose.Key {
	t.Helper()
	key, err := jose.ParseStatic(text)
	if err != nil {
		t.Fatalf("ParseStatic failed: %v", err)
	}
	return key
}

func TestVerifyVectors(t *testing.T) {
	t.Parallel()
	keys, _, err := jose.ParseSet(keySet(entry(vectorKeyID, jose.RSA(parseStatic(t, vectorX5C)), nil)))
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		name, token string
		key         jose.Key
	}{
		{name: "RS256 with the key of the set", token: vectorRS256, key: keys[vectorKeyID][0]},
		{name: "RS256 with the static key", token: vectorRS256, key: parseStatic(t, vectorX5C)},
		{name: "HS256 with the secret", token: vectorHS256, key: parseStatic(t, vectorSecret)},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			signingInput, signature := signed(t, row.token)
			if err := row.key.Verify(signingInput, signature); err != nil {
				t.Errorf("the right signature is refused: %v", err)
			}
			for i := range signingInput {
				signingInput[i] ^= 1
				if row.key.Verify(signingInput, signature) == nil {
					t.Errorf("byte %d of the signed text was changed and nobody noticed", i)
				}
				signingInput[i] ^= 1
			}
			for i := range signature {
				signature[i] ^= 0x80
				if row.key.Verify(signingInput, signature) == nil {
					t.Errorf("byte %d of the signature was changed and nobody noticed", i)
				}
				signature[i] ^= 0x80
			}
			for _, cut := range [][]byte{nil, {}, signature[:len(signature)-1], signature[1:], append(signature[:len(signature):len(signature)], 0)} {
				if row.key.Verify(signingInput, cut) == nil {
					t.Errorf("a signature of %d bytes is accepted", len(cut))
				}
			}
		})
	}
}

func TestVerifyHasOneAlgorithm(t *testing.T) {
	t.Parallel()
	const message = "header.payload"
	public := parseStatic(t, pemText("PUBLIC KEY", spki(privateKey().Public())))
	secret := parseStatic(t, vectorSecret)
	long := sha512.Sum512([]byte(message))
	short := sha256.Sum256([]byte(message))

	rs512, err := rsa.SignPKCS1v15(nil, privateKey(), crypto.SHA512, long[:])
	if err != nil {
		t.Fatal(err)
	}
	ps256, err := rsa.SignPSS(rand.Reader, privateKey(), crypto.SHA256, short[:], &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash})
	if err != nil {
		t.Fatal(err)
	}
	hs512 := hmac.New(sha512.New, []byte(vectorSecret))
	hs512.Write([]byte(message))

	for _, row := range []struct {
		name      string
		key       jose.Key
		signature []byte
		want      bool
	}{
		{name: "RS256 passes", key: public, signature: signRS256(t, message), want: true},
		{name: "RS512 with the right key is refused", key: public, signature: rs512},
		{name: "PS256 with the right key is refused", key: public, signature: ps256},
		{name: "HS256 with the public key's PEM is refused", key: public, signature: signHS256(pemText("PUBLIC KEY", spki(privateKey().Public())), message)},
		{name: "HS256 with the public key's bytes is refused", key: public, signature: signHS256(string(spki(privateKey().Public())), message)},
		{name: "HS256 with the public key's base64 is refused", key: public, signature: signHS256(base64Std(spki(privateKey().Public())), message)},
		{name: "HS256 with an empty secret is refused by the public key", key: public, signature: signHS256("", message)},
		{name: "HS256 passes", key: secret, signature: signHS256(vectorSecret, message), want: true},
		{name: "HS256 with an empty secret is refused", key: secret, signature: signHS256("", message)},
		{name: "HS256 with the secret without its prefix is refused", key: secret, signature: signHS256(vectorSecret[4:], message)},
		{name: "HS512 with the right secret is refused", key: secret, signature: hs512.Sum(nil)},
		{name: "RS256 is refused by the secret", key: secret, signature: signRS256(t, message)},
		{name: "a key of no kind refuses", key: jose.Key{}, signature: signHS256("", message)},
		{name: "a key of no kind refuses an empty signature", key: jose.Key{}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			if err := row.key.Verify([]byte(message), row.signature); (err == nil) != row.want {
				t.Errorf("got error %v, want accepted %t", err, row.want)
			}
		})
	}
	if got := public.Algorithm(); got != jose.RS256 {
		t.Errorf("got algorithm %q of the public key, want RS256", got)
	}
	if got := secret.Algorithm(); got != jose.HS256 {
		t.Errorf("got algorithm %q of the secret, want HS256", got)
	}
}

func TestKeyEqual(t *testing.T) {
	t.Parallel()
	spki := func(public *rsa.PublicKey) string {
		t.Helper()
		der, err := x509.MarshalPKIXPublicKey(public)
		if err != nil {
			t.Fatal(err)
		}
		return base64.StdEncoding.EncodeToString(der)
	}
	public := &privateKey().PublicKey
	other := new(big.Int).Add(public.N, big.NewInt(2))
	secret := vectorSecret
	for _, row := range []struct {
		name string
		a, b jose.Key
		want bool
	}{
		{name: "a key is itself", a: parseStatic(t, vectorX5C), b: parseStatic(t, vectorX5C), want: true},
		{name: "another modulus is another key", a: parseStatic(t, spki(public)), b: parseStatic(t, spki(&rsa.PublicKey{N: other, E: public.E}))},
		{name: "another exponent is another key", a: parseStatic(t, spki(public)), b: parseStatic(t, spki(&rsa.PublicKey{N: public.N, E: 3}))},
		{name: "a secret is itself", a: parseStatic(t, secret), b: parseStatic(t, secret), want: true},
		{name: "another secret is another key", a: parseStatic(t, secret), b: parseStatic(t, secret[:len(secret)-1]+"x")},
		{name: "a longer secret is another key", a: parseStatic(t, secret), b: parseStatic(t, secret+"x")},
		{name: "a secret is no public key", a: parseStatic(t, secret), b: parseStatic(t, vectorX5C)},
		{name: "no key is no public key", a: jose.Key{}, b: parseStatic(t, vectorX5C)},
		{name: "no key is no secret", a: jose.Key{}, b: parseStatic(t, secret)},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			if row.a.Equal(row.b) != row.want || row.b.Equal(row.a) != row.want {
				t.Errorf("got %t and %t, want %t", row.a.Equal(row.b), row.b.Equal(row.a), row.want)
			}
			if isRSA := jose.RSA(row.a) != nil && jose.RSA(row.b) != nil; isRSA && (row.a.SPKIHash() == row.b.SPKIHash()) != row.want {
				t.Errorf("got the SPKI hashes %x and %x", row.a.SPKIHash(), row.b.SPKIHash())
			}
		})
	}
}
