package jose_test

import (
	"crypto/x509"
	"encoding/json"
	"strings"
	"testing"

	"github.com/authrocket-go/authrocket/internal/jose"
)

func lines(text string, length int) string {
	var b strings.Builder
	for len(text) > length {
		b.WriteString(text[:length] + "\n")
		text = text[length:]
	}
	return b.String() + text
}

// publicKeys are spellings of the key that signed vectorRS256. They seed the
// fuzz target too.
func publicKeys() []struct{ name, text string } {
	const body = vectorX5C
	wrapped := "-----BEGIN PUBLIC KEY-----\n" + lines(body, 64) + "\n-----END PUBLIC KEY-----\n"
	return []struct{ name, text string }{
		{"PEM", wrapped},
		{"PEM without a last line break", strings.TrimSpace(wrapped)},
		{"PEM between white space", " \r\n\t" + wrapped + "\n \t"},
		{"PEM with the body on one line", "-----BEGIN PUBLIC KEY-----\n" + body + "\n-----END PUBLIC KEY-----"},
		{"PEM with Windows line breaks", strings.ReplaceAll(wrapped, "\n", "\r\n")},
		{"PEM with backslash n for line breaks", strings.ReplaceAll(wrapped, "\n", `\n`)},
		{"PEM on one line with backslash n", `-----BEGIN PUBLIC KEY-----\n` + body + `\n-----END PUBLIC KEY-----`},
		{"the base64 body", body},
		{"the base64 body between white space", "\n " + body + " \r\n"},
		{"the base64 body wrapped", lines(body, 64)},
		{"the base64 body wrapped for Windows", strings.ReplaceAll(lines(body, 64), "\n", "\r\n")},
		{"the base64 body indented", "  " + strings.ReplaceAll(lines(body, 76), "\n", "\n  ")},
		{"the base64 body wrapped with backslash n", strings.ReplaceAll(lines(body, 64), "\n", `\n`)},
	}
}

func TestParseStaticPublicKey(t *testing.T) {
	t.Parallel()
	for _, row := range publicKeys() {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			key := parseStatic(t, row.text)
			if key.Algorithm() != jose.RS256 {
				t.Errorf("got algorithm %q, want RS256", key.Algorithm())
			}
			if err := key.Verify(signed(t, vectorRS256)); err != nil {
				t.Errorf("the key does not check what it signed: %v", err)
			}
		})
	}
	for _, row := range []struct {
		name string
		der  []byte
		kind string
	}{
		{"2048 bits with exponent 3", spki(publicKey(2048, 3)), "PUBLIC KEY"},
		{"4096 bits", spki(publicKey(4096, 65537)), "PUBLIC KEY"},
		{"8192 bits", spki(publicKey(8192, 65537)), "PUBLIC KEY"},
		{"the older form of a public key", x509.MarshalPKCS1PublicKey(publicKey(2048, 65537)), "RSA PUBLIC KEY"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			if got := parseStatic(t, pemText(row.kind, row.der)).Algorithm(); got != jose.RS256 {
				t.Errorf("got algorithm %q, want RS256", got)
			}
		})
	}
}

func TestParseStaticSecret(t *testing.T) {
	t.Parallel()
	const message = "header.payload"
	for _, row := range []struct{ name, text, secret string }{
		{"a secret", vectorSecret, vectorSecret},
		{"a secret between white space", " \t" + vectorSecret + "\r\n", vectorSecret},
		{"a secret of exactly 32 bytes", "jsk_" + strings.Repeat("x", 28), "jsk_" + strings.Repeat("x", 28)},
		{"a long secret", "jsk_" + strings.Repeat("x", 1000), "jsk_" + strings.Repeat("x", 1000)},
		{"a secret that looks like base64 is not decoded", "jsk_" + strings.Repeat("QUJD", 8), "jsk_" + strings.Repeat("QUJD", 8)},
		{"a backslash n in a secret is two characters", "jsk_" + strings.Repeat("x", 28) + `\nx`, "jsk_" + strings.Repeat("x", 28) + `\nx`},
		{"a secret that ends like a path is a secret", "jsk_" + strings.Repeat("x", 28) + ".pem", "jsk_" + strings.Repeat("x", 28) + ".pem"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			key := parseStatic(t, row.text)
			if key.Algorithm() != jose.HS256 || jose.RSA(key) != nil {
				t.Fatalf("got algorithm %q, want HS256 without a public key", key.Algorithm())
			}
			if err := key.Verify([]byte(message), signHS256(row.secret, message)); err != nil {
				t.Errorf("the secret does not check what it signed: %v", err)
			}
			if key.Verify([]byte(message), signHS256(strings.TrimPrefix(row.secret, "jsk_"), message)) == nil {
				t.Error("the secret without its prefix signs too")
			}
		})
	}
}

const (
	cutShort = "looks like an RSA public key that was cut short or altered"
	isOdd    = "is neither an RSA public key in PEM or base64 nor a secret that starts with jsk_"
)

// lookAlikes are what ends up in place of a key, and what has to be said.
func lookAlikes() []struct{ name, text, want string } {
	rsaPrivate := privateKey()
	ec, ed := otherKeys()
	sec1, err := x509.MarshalECPrivateKey(ec)
	if err != nil {
		panic(err)
	}
	jwk, err := json.Marshal(map[string]string{"kty": "RSA", "kid": vectorKeyID, "n": vectorN, "e": "AQAB"})
	if err != nil {
		panic(err)
	}
	publicPEM := pemText("PUBLIC KEY", spki(rsaPrivate.Public()))
	evenModulus := publicKey(2048, 65537)
	evenModulus.N.SetBit(evenModulus.N, 0, 0)
	tooLarge := int64(1<<31 + 1) // a constant would not fit into 32 bits
	return []struct{ name, text, want string }{
		{"nothing", "", "is blank"},
		{"white space", " \t\r\n", "is blank"},
		{"a line break written as backslash n", `\n`, "is blank"},

		{"a secret of 31 bytes", "jsk_" + strings.Repeat("x", 27), "jsk_ secret that was cut short"},
		{"a secret of 31 bytes padded with white space", "jsk_" + strings.Repeat("x", 27) + "    ", "jsk_ secret that was cut short"},
		{"the prefix of a secret alone", "jsk_", "jsk_ secret that was cut short"},
		{"a secret in capitals", strings.ToUpper(vectorSecret), isOdd},
		{"a secret without its prefix", vectorSecret[4:], isOdd},
		{"a secret in quotes", `"` + vectorSecret + `"`, isOdd},
		{"a secret behind its name", "AUTHROCKET_JWT_KEY=" + vectorSecret, isOdd},
		{"any long text", strings.Repeat("Correct horse, battery staple! ", 20), isOdd},

		{"a body that is cut short", vectorX5C[:200], cutShort},
		{"a body that is cut short within a group", vectorX5C[:201], cutShort},
		{"a body without its beginning", vectorX5C[4:], "cut short or altered"},
		{"a body with more behind it", vectorX5C + "AAAA", cutShort},
		{"a body twice", vectorX5C + vectorX5C, cutShort},
		{"a body of base64url", strings.NewReplacer("+", "-", "/", "_").Replace(vectorX5C), cutShort},
		{"a PEM that is cut short", publicPEM[:len(publicPEM)/2], "PEM that was cut short or altered"},
		{"a PEM without its last line", strings.Split(publicPEM, "-----END")[0], "PEM that was cut short or altered"},
		{"a PEM without line breaks", strings.ReplaceAll(publicPEM, "\n", " "), "PEM that was cut short or altered"},
		{"a PEM with a body that is cut short", "-----BEGIN PUBLIC KEY-----\n" + vectorX5C[:200] + "\n-----END PUBLIC KEY-----", cutShort},
		{"a PEM of rubbish", pemText("PUBLIC KEY", []byte("rubbish")), cutShort},
		{"the older form of a public key that is rubbish", pemText("RSA PUBLIC KEY", []byte("rubbish")), cutShort},
		{"two PEMs", publicPEM + publicPEM, "more text after"},
		{"a PEM with text behind it", publicPEM + "rubbish", "more text after"},
		{"an empty PEM", pemText("PUBLIC KEY", nil), cutShort},

		{"an RSA private key", pemText("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(rsaPrivate)), "is a private key"},
		{"a private key", pemText("PRIVATE KEY", pkcs8(rsaPrivate)), "is a private key"},
		{"an EC private key", pemText("EC PRIVATE KEY", sec1), "is a private key"},
		{"an encrypted private key", pemText("ENCRYPTED PRIVATE KEY", []byte("rubbish")), "is a private key"},
		{"an OpenSSH private key", pemText("OPENSSH PRIVATE KEY", []byte("rubbish")), "is a private key"},
		{"a private key with backslash n", strings.ReplaceAll(pemText("PRIVATE KEY", pkcs8(rsaPrivate)), "\n", `\n`), "is a private key"},
		{"a private key with a public key behind it", pemText("PRIVATE KEY", pkcs8(rsaPrivate)) + publicPEM, "is a private key"},
		{"the body of an RSA private key", base64Std(x509.MarshalPKCS1PrivateKey(rsaPrivate)), "is a private key"},
		{"the body of a private key", base64Std(pkcs8(rsaPrivate)), "is a private key"},
		{"the body of a private key wrapped", lines(base64Std(pkcs8(rsaPrivate)), 64), "is a private key"},
		{"the body of an Ed25519 private key", base64Std(pkcs8(ed)), "is a private key"},
		{"the body of an EC private key", base64Std(sec1), "is a private key"},
		{"a private key that calls itself public", pemText("PUBLIC KEY", pkcs8(rsaPrivate)), "is a private key"},

		{"a certificate", pemText("CERTIFICATE", certificate()), "is a certificate"},
		{"a trusted certificate", pemText("TRUSTED CERTIFICATE", certificate()), "is a certificate"},
		{"a certificate request", pemText("CERTIFICATE REQUEST", []byte("rubbish")), "is a certificate"},
		{"a certificate with backslash n", strings.ReplaceAll(pemText("CERTIFICATE", certificate()), "\n", `\n`), "is a certificate"},
		{"the body of a certificate", base64Std(certificate()), "is a certificate"},
		{"a certificate that calls itself a public key", pemText("PUBLIC KEY", certificate()), "is a certificate"},

		{"PEM of something else", pemText("X509 CRL", []byte("rubbish")), "something else than a PUBLIC KEY"},
		{"PEM of an SSH key", pemText("SSH2 PUBLIC KEY", []byte("rubbish")), "something else than a PUBLIC KEY"},
		{"an SSH key", "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABgQC7 someone@example.com", isOdd},

		{"a JWK", string(jwk), "looks like JSON"},
		{"a JWK between white space", "\n " + string(jwk) + "\n", "looks like JSON"},
		{"a key set", `{"keys":[` + string(jwk) + `]}`, "looks like JSON"},
		{"a URL", "https://sample.e2.loginrocket.com/connect/jwks", "looks like a URL"},
		{"a URL in capitals", "HTTPS://SAMPLE.E2.LOGINROCKET.COM/", "looks like a URL"},
		{"the URL of a file", "file:///etc/authrocket/realm.pem", "looks like a URL"},
		{"an API key", "ks_0v1zUpWdE4IiFc2w5ynShf-0123456789abcdef", "looks like an API key"},
		{"an API key of old", "ko_0v1zUpWdE4IiFc2w5ynShf", "looks like an API key"},
		{"another API key of old", "key_0v1zUpWdE4IiFc2w5ynShf", "looks like an API key"},
		{"a token", vectorRS256, "looks like a token"},
		{"an absolute path", "/etc/authrocket/realm.pem", "looks like the path of a file"},
		{"an absolute path without an ending", "/run/secrets/authrocket_jwt_key", "looks like the path of a file"},
		{"a relative path", "keys/realm.pem", "looks like the path of a file"},
		{"a path from here", "./realm", "looks like the path of a file"},
		{"a path from above", "../keys/realm", "looks like the path of a file"},
		{"a path from home", "~/realm", "looks like the path of a file"},
		{"a path of Windows", `C:\keys\new\realm.pem`, "looks like the path of a file"},
		{"a path to a .key", "realm.key", "looks like the path of a file"},
		{"a path to a .pub", "realm.pub", "looks like the path of a file"},
		{"a path to a .crt", "realm.crt", "looks like the path of a file"},

		{"an EC public key", pemText("PUBLIC KEY", spki(ec.Public())), "not an RSA key"},
		{"an Ed25519 public key", pemText("PUBLIC KEY", spki(ed.Public())), "not an RSA key"},
		{"the body of an EC public key", base64Std(spki(ec.Public())), "not an RSA key"},

		{"512 bits", pemText("PUBLIC KEY", spki(publicKey(512, 65537))), "512 bits"},
		{"1024 bits", pemText("PUBLIC KEY", spki(publicKey(1024, 65537))), "1024 bits"},
		{"1024 bits as a body", base64Std(spki(publicKey(1024, 65537))), "1024 bits"},
		{"1024 bits in the older form", pemText("RSA PUBLIC KEY", x509.MarshalPKCS1PublicKey(publicKey(1024, 65537))), "1024 bits"},
		{"2047 bits", pemText("PUBLIC KEY", spki(publicKey(2047, 65537))), "2047 bits"},
		{"8193 bits", pemText("PUBLIC KEY", spki(publicKey(8193, 65537))), "8193 bits"},
		{"exponent 1", pemText("PUBLIC KEY", spki(publicKey(2048, 1))), "exponent 1"},
		{"exponent 2", pemText("PUBLIC KEY", spki(publicKey(2048, 2))), "exponent 2"},
		{"an exponent beyond what crypto/rsa checks", pemText("PUBLIC KEY", spki(publicKey(2048, int(tooLarge)))), "exponent"},
		{"an even modulus", pemText("PUBLIC KEY", spki(evenModulus)), "even modulus"},
		{"an even exponent", pemText("PUBLIC KEY", spki(publicKey(2048, 65536))), "exponent 65536"},
	}
}

func TestParseStaticSaysWhatItLooksLike(t *testing.T) {
	t.Parallel()
	for _, row := range lookAlikes() {
		t.Run(row.name+" is refused", func(t *testing.T) {
			t.Parallel()
			key, err := jose.ParseStatic(row.text)
			if err == nil {
				t.Fatalf("got a key for %s, want an error", key.Algorithm())
			}
			if !strings.Contains(err.Error(), row.want) {
				t.Errorf("got error %q, want one with %q", err, row.want)
			}
			if key.Algorithm() != "" || jose.RSA(key) != nil {
				t.Errorf("got a key for %q beside the error", key.Algorithm())
			}
			if piece := repeated(err, row.text); piece != "" {
				t.Errorf("got error %q, which repeats %q of the text", err, piece)
			}
		})
	}
}

// repeated returns a piece of text, longer than 8 bytes, that err repeats. The
// names of PEM blocks and of variables are no secrets.
func repeated(err error, text string) string {
	const length = 9
	for i := 0; i+length <= len(text); i++ {
		if piece := text[i : i+length]; strings.Contains(err.Error(), piece) && !strings.Contains("-----BEGIN PUBLIC KEY----- RSA PUBLIC KEY", piece) {
			return piece
		}
	}
	return ""
}
