package jose

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
)

const (
	secretPrefix   = "jsk_"
	minSecretBytes = 32
)

// ParseStatic reads a key from a configuration and ignores white space around it. Text
// that starts with jsk_ and has at least 32 bytes is an HS256 secret, including the
// prefix. All other text must be an RSA public key: PEM, PEM with \n for line breaks, or
// the base64 body of a PEM with or without line breaks. The error says what kind of value
// text appears to be. It never repeats text.
func ParseStatic(text string) (Key, error) {
	text = strings.TrimSpace(text)
	if strings.HasPrefix(text, secretPrefix) {
		if len(text) < minSecretBytes {
			return Key{}, fmt.Errorf("looks like a jsk_ secret that was cut short: it has %d bytes, and at least %d are needed; copy all of it", len(text), minSecretBytes)
		}
		return Key{algorithm: HS256, secret: []byte(text)}, nil
	}
	der, err := decodeStatic(text)
	if err != nil {
		return Key{}, err
	}
	public, err := parsePublicKey(der)
	if err != nil {
		return Key{}, err
	}
	return newRSAKey(public)
}

func decodeStatic(text string) (der []byte, err error) {
	text = strings.TrimSpace(strings.ReplaceAll(text, `\n`, "\n"))
	if strings.HasPrefix(text, "-----BEGIN") {
		return decodePEM(text)
	}
	if problem := commonMistake(text); problem != "" {
		return nil, errors.New(problem)
	}
	body := strings.Join(strings.Fields(text), "")
	der, err = base64.StdEncoding.Strict().DecodeString(body)
	isDER := err == nil && len(der) > 0 && der[0] == 0x30 // every key is a SEQUENCE
	switch {
	case isDER:
		return der, nil
	case len(body) > 100 && err == nil, strings.HasPrefix(body, "MII"):
		return nil, errCutShort
	}
	return nil, errNoKey
}

func decodePEM(text string) (der []byte, err error) {
	block, rest := pem.Decode([]byte(text))
	label, _, _ := strings.Cut(text, "\n")
	if block != nil {
		label = block.Type
	}
	switch {
	case strings.Contains(label, "PRIVATE KEY"):
		return nil, errPrivateKey
	case strings.Contains(label, "CERTIFICATE"):
		return nil, errCertificate
	case block == nil:
		return nil, errors.New("looks like PEM that was cut short or altered; copy all of it")
	case label != "PUBLIC KEY" && label != "RSA PUBLIC KEY":
		return nil, errors.New("is PEM, but not of a PUBLIC KEY; use the PEM of the public key")
	case strings.TrimSpace(string(rest)) != "":
		return nil, errors.New("has more text after the public key's PEM; use one key only")
	}
	return block.Bytes, nil
}

var (
	errPrivateKey  = errors.New("is a private key; use the public key, and consider this one leaked")
	errCertificate = errors.New("is a certificate; use the bare RSA public key (BEGIN PUBLIC KEY)")
	errCutShort    = errors.New("looks like an RSA public key that was cut short or altered; copy all of it")
	errNoKey       = errors.New("is neither an RSA public key in PEM or base64 nor a secret that starts with jsk_; use the realm's JWT key")
)

// commonMistake returns a description of text if text is a value that people often use in
// place of a key.
func commonMistake(text string) string {
	switch {
	case text == "":
		return "is blank; leave it out, or use the realm's JWT key"
	case strings.ContainsAny(text[:1], "\"'`"):
		return "begins with a quote; leave the quotes out"
	case strings.HasPrefix(text, "{"):
		return "looks like JSON, such as a JWK; use the PEM of the public key"
	case strings.Contains(text, "://"):
		return "looks like a URL; use the text of the key, or leave it out to fetch the keys from Config.LoginRocketURL"
	case strings.HasPrefix(text, "ks_"), strings.HasPrefix(text, "ko_"), strings.HasPrefix(text, "key_"):
		return "looks like an API key; use the realm's JWT key"
	case strings.HasPrefix(text, "eyJ"):
		return "looks like a token; use the realm's JWT key"
	case strings.HasPrefix(text, "./"), strings.HasPrefix(text, "../"), strings.HasPrefix(text, "~"),
		strings.HasSuffix(text, ".pem"), strings.HasSuffix(text, ".key"), strings.HasSuffix(text, ".pub"), strings.HasSuffix(text, ".crt"),
		strings.HasPrefix(text, "/") && !strings.Contains(text, "="):
		return "looks like the path of a file; use the text of the key"
	}
	return ""
}

func parsePublicKey(der []byte) (*rsa.PublicKey, error) {
	if parsed, err := x509.ParsePKIXPublicKey(der); err == nil {
		if public, ok := parsed.(*rsa.PublicKey); ok {
			return public, nil
		}
		return nil, errors.New("is a public key, but not an RSA key; use the realm's JWT key")
	}
	if public, err := x509.ParsePKCS1PublicKey(der); err == nil {
		return public, nil
	}
	if isPrivateKey(der) {
		return nil, errPrivateKey
	}
	if _, err := x509.ParseCertificate(der); err == nil {
		return nil, errCertificate
	}
	return nil, errCutShort
}

func isPrivateKey(der []byte) bool {
	_, errPKCS8 := x509.ParsePKCS8PrivateKey(der)
	_, errPKCS1 := x509.ParsePKCS1PrivateKey(der)
	_, errEC := x509.ParseECPrivateKey(der)
	return errPKCS8 == nil || errPKCS1 == nil || errEC == nil
}
