package jose_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"strings"
	"sync"
	"testing"
	"time"
)

// A key, two tokens and a secret that were made for tests and are good for
// nothing else.
const (
	vectorKeyID = "jky_constructed0000000001"
	vectorN     = "0M-noZXcwCjNIpzRJDO1Y-Lhy5peRcPhXg1F1_0VS9_ALiAjP8eOgiUTeBlh_lri3HZJtW79RTxDhEwyobTX4TLnTMjhelXj-HJlNR4aZWTKgTErlWqAOkclPWfPQydFY9s-A0NAYTqJ47a2UhTjCnlvP6lj3vrPmmjr_wJnDz8ig1AhK7Pu6RwIY95pG60gtUYmiSbAw1aDdBzeIXuHWVVlMcXxaqZmhNK3OC8VbkQYopsURXsdxconxNQ9zeMa48Cd2DT5WQRvB-_ixQxBpCN-j3bKAwbATZ2OnL9GR9ap7bktVfCerMxrfqSpdHNEzNWPr_FB0mILGxjQGyE2Lw"
	vectorX5C   = "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA0M+noZXcwCjNIpzRJDO1Y+Lhy5peRcPhXg1F1/0VS9/ALiAjP8eOgiUTeBlh/lri3HZJtW79RTxDhEwyobTX4TLnTMjhelXj+HJlNR4aZWTKgTErlWqAOkclPWfPQydFY9s+A0NAYTqJ47a2UhTjCnlvP6lj3vrPmmjr/wJnDz8ig1AhK7Pu6RwIY95pG60gtUYmiSbAw1aDdBzeIXuHWVVlMcXxaqZmhNK3OC8VbkQYopsURXsdxconxNQ9zeMa48Cd2DT5WQRvB+/ixQxBpCN+j3bKAwbATZ2OnL9GR9ap7bktVfCerMxrfqSpdHNEzNWPr/FB0mILGxjQGyE2LwIDAQAB"
	vectorRS256 = "eyJhbGciOiJSUzI1NiIsImtpZCI6ImpreV9jb25zdHJ1Y3RlZDAwMDAwMDAwMDEiLCJ0eXAiOiJKV1QifQ.eyJpc3MiOiJodHRwczovL2F1dGhyb2NrZXQuY29tIiwic3ViIjoidXNyXzB2MXpVcFdkRTRJaUZjMnc1eW5TaGYiLCJyaWQiOiJybF8wdjF6VEhYaHROZ21EYVhhRFlTQXF4Iiwic2lkIjoia3NzXzB2MXpVcFdkRTRJaUZjMnc1eW5TaGYiLCJpYXQiOjE3MzU2ODk2MDAsImV4cCI6MTczNTc3NjAwMCwibmFtZSI6Ikdlb3JnZSBFeGFtcGxlIiwiZ2l2ZW5fbmFtZSI6Ikdlb3JnZSIsImZhbWlseV9uYW1lIjoiRXhhbXBsZSIsInByZWZlcnJlZF91c2VybmFtZSI6Imdlb3JnZSIsImVtYWlsIjoiZ2VvcmdlQGV4YW1wbGUuY29tIiwiZW1haWxfdmVyaWZpZWQiOnRydWUsImxvY2FsZSI6ImVuIiwicmVmIjoiNDIiLCJjcyI6eyJwbGFuIjoicHJvIn0sIm9yZ3MiOlt7Im9pZCI6Im9yZ18wdjF6V1JISlZtN0pZOHZVcURSdXl4IiwibWlkIjoibWJfMHYxelVwV2RFNElpRmMydzV5blNoZiIsIm5hbWUiOiJXaWRnZXRzIEluYyIsInJlZiI6ImFjY3QtNyIsImNzIjp7InRpZXIiOjN9LCJwZXJtIjpbImFyOm93bmVyIiwid2lkZ2V0OioiXSwic2VsZWN0ZWQiOnRydWV9XX0.MfAlRPtrOHMW_CijTyjfcBG14gfWfEw7kPAx1sdUIDmnQFq56OS9HB7rxIzdaZOdmTdp_6dbXadWpludaQ7c2pHxRGq5mvWhqRVsCpXZAftix7nUNEI4GaRcL22dMbScaTGHKNNWY8BMFEHKaRhO3QxKri_HEpMyKL9bXNWMRMvUu1nHhM5WGfuGv5EihwWjAA1lm1YWc2z79xn148sbbABoM8Bdy5fE1NT8zVyJYD8jUxXj96oSFhETgqEWZAdW9dntxUKGbBXMmRCkLm5jkmavCHSfeh7NucmqZ_IW_0glVkVzJrG6YejZpGSRlc93Jmci3KNt3Haq_UIXuC2dUg"

	vectorSecret = "jsk_constructedSecretForTestsOnly0123456789abcdef"
	vectorHS256  = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJodHRwczovL2F1dGhyb2NrZXQuY29tIiwic3ViIjoidXNyXzB2MXpVcFdkRTRJaUZjMnc1eW5TaGYiLCJyaWQiOiJybF8wdjF6VEhYaHROZ21EYVhhRFlTQXF4Iiwic2lkIjoia3NzXzB2MXpVcFdkRTRJaUZjMnc1eW5TaGYiLCJpYXQiOjE3MzU2ODk2MDAsImV4cCI6MTczNTc3NjAwMCwibmFtZSI6Ikdlb3JnZSBFeGFtcGxlIiwiZW1haWwiOiJnZW9yZ2VAZXhhbXBsZS5jb20ifQ.vCjOlI0HZyvPdwcx-VbfdHOmKLNcjxHx9QmtSWIxiXA"
)

// signed splits a token into what is signed and the signature.
func signed(t *testing.T, token string) (signingInput, signature []byte) {
	t.Helper()
	i := strings.LastIndexByte(token, '.')
	signature, err := base64.RawURLEncoding.DecodeString(token[i+1:])
	if err != nil {
		t.Fatal(err)
	}
	return []byte(token[:i]), signature
}

// privateKey is one for the whole run, since making one is slow.
var privateKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

func signRS256(t *testing.T, message string) []byte {
	t.Helper()
	digest := sha256.Sum256([]byte(message))
	signature, err := rsa.SignPKCS1v15(nil, privateKey(), crypto.SHA256, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	return signature
}

func signHS256(secret, message string) []byte {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(message))
	return mac.Sum(nil)
}

// publicKey has a modulus of so many bits. It is no product of primes, which
// no check of ours can see.
func publicKey(bits, exponent int) *rsa.PublicKey {
	n := new(big.Int).SetBit(big.NewInt(1), bits-1, 1)
	return &rsa.PublicKey{N: n, E: exponent}
}

func spki(public any) []byte {
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		panic(err)
	}
	return der
}

func pkcs8(private any) []byte {
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		panic(err)
	}
	return der
}

// otherKeys are keys of other kinds than RSA.
var otherKeys = sync.OnceValues(func() (*ecdsa.PrivateKey, ed25519.PrivateKey) {
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		panic(err)
	}
	return ec, ed
})

var certificate = sync.OnceValue(func() []byte {
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Unix(1<<32, 0)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, privateKey().Public(), privateKey())
	if err != nil {
		panic(err)
	}
	return der
})

func base64Std(der []byte) string { return base64.StdEncoding.EncodeToString(der) }

func pemText(blockType string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: blockType, Bytes: der}))
}

// entry is the JWK of public with kid, then changed: a value of nil drops the
// member.
func entry(kid string, public *rsa.PublicKey, changes map[string]any) string {
	members := map[string]any{
		"kty": "RSA", "use": "sig", "alg": "RS256", "kid": kid,
		"n": base64.RawURLEncoding.EncodeToString(public.N.Bytes()),
		"e": base64.RawURLEncoding.EncodeToString(big.NewInt(int64(public.E)).Bytes()),
	}
	for name, value := range changes {
		if value == nil {
			delete(members, name)
			continue
		}
		members[name] = value
	}
	text, err := json.Marshal(members)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// null is the JSON value, where nil would drop the member.
var null = json.RawMessage("null")

func keySet(entries ...string) []byte {
	return []byte(`{"keys":[` + strings.Join(entries, ",") + `]}`)
}
