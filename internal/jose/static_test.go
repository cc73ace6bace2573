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
		{name: "PEM", text: wrapped},
		{name: "PEM without a last line break", text: strings.TrimSpace(wrapped)},
		{name: "PEM between white space", text: " \r\n\t" + wrapped + "\n \t"},
		{name: "PEM with the body on one line", text: "-----BEGIN PUBLIC KEY-----\n" + body + "\n-----END PUBLIC KEY-----"},
		{name: "PEM with Windows line breaks", text: strings.ReplaceAll(wrapped, "\n", "\r\n")},
		{name: "PEM with backslash n for line breaks", text: strings.ReplaceAll(wrapped, "\n", `\n`)},
		{name: "PEM on one line with backslash n", text: `-----BEGIN PUBLIC KEY-----\n` + body + `\n-----END PUBLIC KEY-----`},
		{name: "the base64 body", text: body},
		{name: "the base64 body between white space", text: "\n " + body + " \r\n"},
		{name: "the base64 body wrapped", text: lines(body, 64)},
		{name: "the base64 body wrapped for Windows", text: strings.ReplaceAll(lines(body, 64), "\n", "\r\n")},
		{name: "the base64 body indented", text: "  " + strings.ReplaceAll(lines(body, 76), "\n", "\n  ")},
		{name: "the base64 body wrapped with backslash n", text: strings.ReplaceAll(lines(body, 64), "\n", `\n`)},
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
		{name: "2048 bits with exponent 3", der: spki(publicKey(2048, 3)), kind: "PUBLIC KEY"},
		{name: "4096 bits", der: spki(publicKey(4096, 65537)), kind: "PUBLIC KEY"},
		{name: "8192 bits", der: spki(publicKey(8192, 65537)), kind: "PUBLIC KEY"},
		{name: "the older form of a public key", der: x509.MarshalPKCS1PublicKey(publicKey(2048, 65537)), kind: "RSA PUBLIC KEY"},
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
		{name: "a secret", text: vectorSecret, secret: vectorSecret},
		{name: "a secret between white space", text: " \t" + vectorSecret + "\r\n", secret: vectorSecret},
		{name: "a secret of exactly 32 bytes", text: "jsk_" + strings.Repeat("x", 28), secret: "jsk_" + strings.Repeat("x", 28)},
		{name: "a long secret", text: "jsk_" + strings.Repeat("x", 1000), secret: "jsk_" + strings.Repeat("x", 1000)},
		{name: "a secret that looks like base64 is not decoded", text: "jsk_" + strings.Repeat("QUJD", 8), secret: "jsk_" + strings.Repeat("QUJD", 8)},
		{name: "a backslash n in a secret is two characters", text: "jsk_" + strings.Repeat("x", 28) + `\nx`, secret: "jsk_" + strings.Repeat("x", 28) + `\nx`},
		{name: "a secret that ends like a path is a secret", text: "jsk_" + strings.Repeat("x", 28) + ".pem", secret: "jsk_" + strings.Repeat("x", 28) + ".pem"},
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
		{name: "nothing", want: "is blank"},
		{name: "white space", text: " \t\r\n", want: "is blank"},
		{name: "a line break written as backslash n", text: `\n`, want: "is blank"},

		{name: "a secret of 31 bytes", text: "jsk_" + strings.Repeat("x", 27), want: "jsk_ secret that was cut short"},
		{name: "a secret of 31 bytes padded with white space", text: "jsk_" + strings.Repeat("x", 27) + "    ", want: "jsk_ secret that was cut short"},
		{name: "the prefix of a secret alone", text: "jsk_", want: "jsk_ secret that was cut short"},
		{name: "a secret in capitals", text: strings.ToUpper(vectorSecret), want: isOdd},
		{name: "a secret without its prefix", text: vectorSecret[4:], want: isOdd},
		{name: "a secret in quotes", text: `"` + vectorSecret + `"`, want: "leave the quotes out"},
		{name: "a secret behind its name", text: "AUTHROCKET_JWT_KEY=" + vectorSecret, want: isOdd},
		{name: "any long text", text: strings.Repeat("Correct horse, battery staple! ", 20), want: isOdd},

		{name: "a body that is cut short", text: vectorX5C[:200], want: cutShort},
		{name: "a body that is cut short within a group", text: vectorX5C[:201], want: cutShort},
		{name: "a body without its beginning", text: vectorX5C[4:], want: "cut short or altered"},
		{name: "a body with more behind it", text: vectorX5C + "AAAA", want: cutShort},
		{name: "a body twice", text: vectorX5C + vectorX5C, want: cutShort},
		{name: "a body of base64url", text: strings.NewReplacer("+", "-", "/", "_").Replace(vectorX5C), want: cutShort},
		{name: "a PEM that is cut short", text: publicPEM[:len(publicPEM)/2], want: "PEM that was cut short or altered"},
		{name: "a PEM without its last line", text: strings.Split(publicPEM, "-----END")[0], want: "PEM that was cut short or altered"},
		{name: "a PEM without line breaks", text: strings.ReplaceAll(publicPEM, "\n", " "), want: "PEM that was cut short or altered"},
		{name: "a PEM with a body that is cut short", text: "-----BEGIN PUBLIC KEY-----\n" + vectorX5C[:200] + "\n-----END PUBLIC KEY-----", want: cutShort},
		{name: "a PEM of rubbish", text: pemText("PUBLIC KEY", []byte("rubbish")), want: cutShort},
		{name: "the older form of a public key that is rubbish", text: pemText("RSA PUBLIC KEY", []byte("rubbish")), want: cutShort},
		{name: "two PEMs", text: publicPEM + publicPEM, want: "more text after"},
		{name: "a PEM with text behind it", text: publicPEM + "rubbish", want: "more text after"},
		{name: "an empty PEM", text: pemText("PUBLIC KEY", nil), want: cutShort},

		{name: "an RSA private key", text: pemText("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(rsaPrivate)), want: "is a private key"},
		{name: "a private key", text: pemText("PRIVATE KEY", pkcs8(rsaPrivate)), want: "is a private key"},
		{name: "an EC private key", text: pemText("EC PRIVATE KEY", sec1), want: "is a private key"},
		{name: "an encrypted private key", text: pemText("ENCRYPTED PRIVATE KEY", []byte("rubbish")), want: "is a private key"},
		{name: "an OpenSSH private key", text: pemText("OPENSSH PRIVATE KEY", []byte("rubbish")), want: "is a private key"},
		{name: "a private key with backslash n", text: strings.ReplaceAll(pemText("PRIVATE KEY", pkcs8(rsaPrivate)), "\n", `\n`), want: "is a private key"},
		{name: "a private key with a public key behind it", text: pemText("PRIVATE KEY", pkcs8(rsaPrivate)) + publicPEM, want: "is a private key"},
		{name: "the body of an RSA private key", text: base64Std(x509.MarshalPKCS1PrivateKey(rsaPrivate)), want: "is a private key"},
		{name: "the body of a private key", text: base64Std(pkcs8(rsaPrivate)), want: "is a private key"},
		{name: "the body of a private key wrapped", text: lines(base64Std(pkcs8(rsaPrivate)), 64), want: "is a private key"},
		{name: "the body of an Ed25519 private key", text: base64Std(pkcs8(ed)), want: "is a private key"},
		{name: "the body of an EC private key", text: base64Std(sec1), want: "is a private key"},
		{name: "a private key that calls itself public", text: pemText("PUBLIC KEY", pkcs8(rsaPrivate)), want: "is a private key"},

		{name: "a certificate", text: pemText("CERTIFICATE", certificate()), want: "is a certificate"},
		{name: "a trusted certificate", text: pemText("TRUSTED CERTIFICATE", certificate()), want: "is a certificate"},
		{name: "a certificate request", text: pemText("CERTIFICATE REQUEST", []byte("rubbish")), want: "is a certificate"},
		{name: "a certificate with backslash n", text: strings.ReplaceAll(pemText("CERTIFICATE", certificate()), "\n", `\n`), want: "is a certificate"},
		{name: "the body of a certificate", text: base64Std(certificate()), want: "is a certificate"},
		{name: "a certificate that calls itself a public key", text: pemText("PUBLIC KEY", certificate()), want: "is a certificate"},

		{name: "PEM of something else", text: pemText("X509 CRL", []byte("rubbish")), want: "not of a PUBLIC KEY"},
		{name: "PEM of an SSH key", text: pemText("SSH2 PUBLIC KEY", []byte("rubbish")), want: "not of a PUBLIC KEY"},
		{name: "an SSH key", text: "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABgQC7 someone@example.com", want: isOdd},

		{name: "a JWK", text: string(jwk), want: "looks like JSON"},
		{name: "a JWK between white space", text: "\n " + string(jwk) + "\n", want: "looks like JSON"},
		{name: "a key set", text: `{"keys":[` + string(jwk) + `]}`, want: "looks like JSON"},
		{name: "a URL", text: "https://sample.e2.loginrocket.com/connect/jwks", want: "looks like a URL"},
		{name: "a URL in capitals", text: "HTTPS://SAMPLE.E2.LOGINROCKET.COM/", want: "looks like a URL"},
		{name: "the URL of a file", text: "file:///etc/authrocket/realm.pem", want: "looks like a URL"},
		{name: "an API key", text: "ks_0v1zUpWdE4IiFc2w5ynShf-0123456789abcdef", want: "looks like an API key"},
		{name: "an API key of old", text: "ko_0v1zUpWdE4IiFc2w5ynShf", want: "looks like an API key"},
		{name: "another API key of old", text: "key_0v1zUpWdE4IiFc2w5ynShf", want: "looks like an API key"},
		{name: "a token", text: vectorRS256, want: "looks like a token"},
		{name: "an absolute path", text: "/etc/authrocket/realm.pem", want: "looks like the path of a file"},
		{name: "an absolute path without an ending", text: "/run/secrets/authrocket_jwt_key", want: "looks like the path of a file"},
		{name: "a relative path", text: "keys/realm.pem", want: "looks like the path of a file"},
		{name: "a path from here", text: "./realm", want: "looks like the path of a file"},
		{name: "a path from above", text: "../keys/realm", want: "looks like the path of a file"},
		{name: "a path from home", text: "~/realm", want: "looks like the path of a file"},
		{name: "a path of Windows", text: `C:\keys\new\realm.pem`, want: "looks like the path of a file"},
		{name: "a path to a .key", text: "realm.key", want: "looks like the path of a file"},
		{name: "a path to a .pub", text: "realm.pub", want: "looks like the path of a file"},
		{name: "a path to a .crt", text: "realm.crt", want: "looks like the path of a file"},

		{name: "an EC public key", text: pemText("PUBLIC KEY", spki(ec.Public())), want: "not an RSA key"},
		{name: "an Ed25519 public key", text: pemText("PUBLIC KEY", spki(ed.Public())), want: "not an RSA key"},
		{name: "the body of an EC public key", text: base64Std(spki(ec.Public())), want: "not an RSA key"},

		{name: "512 bits", text: pemText("PUBLIC KEY", spki(publicKey(512, 65537))), want: "512 bits"},
		{name: "1024 bits", text: pemText("PUBLIC KEY", spki(publicKey(1024, 65537))), want: "1024 bits"},
		{name: "1024 bits as a body", text: base64Std(spki(publicKey(1024, 65537))), want: "1024 bits"},
		{name: "1024 bits in the older form", text: pemText("RSA PUBLIC KEY", x509.MarshalPKCS1PublicKey(publicKey(1024, 65537))), want: "1024 bits"},
		{name: "2047 bits", text: pemText("PUBLIC KEY", spki(publicKey(2047, 65537))), want: "2047 bits"},
		{name: "8193 bits", text: pemText("PUBLIC KEY", spki(publicKey(8193, 65537))), want: "8193 bits"},
		{name: "exponent 1", text: pemText("PUBLIC KEY", spki(publicKey(2048, 1))), want: "exponent 1"},
		{name: "exponent 2", text: pemText("PUBLIC KEY", spki(publicKey(2048, 2))), want: "exponent 2"},
		{name: "an exponent beyond what crypto/rsa checks", text: pemText("PUBLIC KEY", spki(publicKey(2048, int(tooLarge)))), want: "exponent"},
		{name: "an even modulus", text: pemText("PUBLIC KEY", spki(evenModulus)), want: "even modulus"},
		{name: "an even exponent", text: pemText("PUBLIC KEY", spki(publicKey(2048, 65536))), want: "exponent 65536"},
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
