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

// ParseStatic reads a key from configuration. After trimming, text that starts
// with jsk_ and has at least 32 bytes is an HS256 secret, all its bytes.
// Everything else has to be an RSA public key: PEM, PEM whose line breaks are
// written \n, or the base64 body of a PEM, wrapped or not. The error says what
// text looks like and never repeats it.
func ParseStatic(text string) (Key, error) {
	text = strings.TrimSpace(text)
	if strings.HasPrefix(text, secretPrefix) {
		if len(text) < minSecretBytes {
			return Key{}, fmt.Errorf("looks like a jsk_ secret that was cut short: it has %d bytes, at least %d are needed", len(text), minSecretBytes)
		}
		return Key{algorithm: HS256, secret: []byte(text)}, nil
	}
	der, isPKCS1, err := decodeStatic(text)
	if err != nil {
		return Key{}, err
	}
	public, err := parsePublicKey(der, isPKCS1)
	if err != nil {
		return Key{}, err
	}
	return newRSAKey(public)
}

func decodeStatic(text string) (der []byte, isPKCS1 bool, err error) {
	text = strings.ReplaceAll(text, `\n`, "\n")
	if strings.HasPrefix(text, "-----BEGIN") {
		block, rest := pem.Decode([]byte(text))
		switch {
		case block == nil:
			return nil, false, errors.New("looks like PEM that was cut short or altered")
		case strings.Contains(block.Type, "PRIVATE KEY"):
			return nil, false, errPrivateKey
		case strings.Contains(block.Type, "CERTIFICATE"):
			return nil, false, errCertificate
		case block.Type != "PUBLIC KEY" && block.Type != "RSA PUBLIC KEY":
			return nil, false, errors.New("is PEM, but of something else than a PUBLIC KEY")
		case strings.TrimSpace(string(rest)) != "":
			return nil, false, errors.New("has more text after the public key's PEM; give one key only")
		}
		return block.Bytes, block.Type == "RSA PUBLIC KEY", nil
	}
	if problem := looksLike(text); problem != "" {
		return nil, false, errors.New(problem)
	}
	body := strings.Join(strings.Fields(text), "")
	if der, err = base64.StdEncoding.Strict().DecodeString(body); err != nil {
		if strings.HasPrefix(body, "MII") {
			return nil, false, errCutShort
		}
		return nil, false, errors.New("is neither an RSA public key in PEM or base64 nor a secret that starts with jsk_")
	}
	return der, false, nil
}

var (
	errPrivateKey  = errors.New("is a private key; use the public key, and consider this one leaked")
	errCertificate = errors.New("is a certificate; use the bare RSA public key (BEGIN PUBLIC KEY)")
	errCutShort    = errors.New("looks like an RSA public key that was cut short or altered")
)

// looksLike names the well-known things that end up in place of a key.
func looksLike(text string) string {
	switch {
	case text == "":
		return "is blank"
	case strings.HasPrefix(text, "{"):
		return "looks like JSON, such as a JWK; use the PEM of the public key"
	case strings.Contains(text, "://"):
		return "looks like a URL; keys are fetched from Config.LoginRocketURL, a static key is given as its text"
	case strings.HasPrefix(text, "ks_"), strings.HasPrefix(text, "ko_"), strings.HasPrefix(text, "key_"):
		return "looks like an API key; use the realm's JWT key"
	case strings.HasPrefix(text, "eyJ"):
		return "looks like a token; use the realm's JWT key"
	case strings.HasPrefix(text, "./"), strings.HasPrefix(text, "../"), strings.HasPrefix(text, "~"),
		strings.HasSuffix(text, ".pem"), strings.HasSuffix(text, ".key"), strings.HasSuffix(text, ".pub"), strings.HasSuffix(text, ".crt"),
		strings.HasPrefix(text, "/") && !strings.Contains(text, "="):
		return "looks like the path of a file; give the key's text"
	}
	return ""
}

func parsePublicKey(der []byte, isPKCS1 bool) (*rsa.PublicKey, error) {
	if isPKCS1 {
		public, err := x509.ParsePKCS1PublicKey(der)
		if err != nil {
			return nil, errCutShort
		}
		return public, nil
	}
	parsed, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		if _, err := x509.ParsePKCS8PrivateKey(der); err == nil {
			return nil, errPrivateKey
		}
		if _, err := x509.ParsePKCS1PrivateKey(der); err == nil {
			return nil, errPrivateKey
		}
		if _, err := x509.ParseECPrivateKey(der); err == nil {
			return nil, errPrivateKey
		}
		if _, err := x509.ParseCertificate(der); err == nil {
			return nil, errCertificate
		}
		return nil, errCutShort
	}
	public, ok := parsed.(*rsa.PublicKey)
	if !ok {
		return nil, errors.New("is a public key, but not an RSA key")
	}
	return public, nil
}
