// Package jose reads keys and checks signatures. It is the only package that imports jwx,
// so that all checks that rely on jwx are in one place. It never gets a whole token, and
// it keeps no state.
package jose

import (
	"bytes"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"math"

	"github.com/lestrrat-go/jwx/v2/jwa"
	"github.com/lestrrat-go/jwx/v2/jws"
)

// Algorithm is the registered name of a JWS algorithm (RFC 7518 section 3.1).
type Algorithm string

// The algorithms of AuthRocket. Each key has exactly one.
const (
	RS256 Algorithm = "RS256"
	HS256 Algorithm = "HS256"
)

// Key verifies signatures with its one algorithm. It is immutable and safe for concurrent
// use. The zero Key accepts no signature.
type Key struct {
	algorithm Algorithm
	public    *rsa.PublicKey
	secret    []byte
	spki      [sha256.Size]byte // the hash of public, zero for a secret
}

// Algorithm returns the only algorithm that the key accepts, whatever the token's header
// says.
func (k Key) Algorithm() Algorithm { return k.algorithm }

// SPKIHash returns the SHA-256 of the SubjectPublicKeyInfo (RFC 5280 section 4.1) of an
// RSA key. It is zero for a secret.
func (k Key) SPKIHash() [sha256.Size]byte { return k.spki }

// Equal reports whether k and other accept the same signatures.
func (k Key) Equal(other Key) bool {
	switch {
	case k.algorithm != other.algorithm:
		return false
	case k.algorithm == HS256:
		return bytes.Equal(k.secret, other.secret)
	}
	return k.public == other.public ||
		k.public.E == other.public.E && k.public.N.Cmp(other.public.N) == 0
}

// Verify returns nil if signature is a valid signature of signingInput, which is the
// encoded header and payload with the dot between them.
func (k Key) Verify(signingInput, signature []byte) error {
	var raw any = k.public
	if k.algorithm == HS256 {
		raw = k.secret
	}
	verifier, err := jws.NewVerifier(jwa.SignatureAlgorithm(k.algorithm))
	if err != nil {
		return fmt.Errorf("the key's algorithm has no verifier: %w", err)
	}
	return verifier.Verify(signingInput, signature, raw)
}

// Keys are the keys that share a key ID. Usually there is only one.
type Keys []Key

// Contain reports whether one of the keys accepts the same signatures as key.
func (k Keys) Contain(key Key) bool {
	for _, own := range k {
		if own.Equal(key) {
			return true
		}
	}
	return false
}

// The sizes of RSA keys that are accepted, in bits. RFC 7518 section 3.3 requires the
// lower limit. Above the upper limit, one signature check takes milliseconds.
const (
	minRSABits = 2048
	maxRSABits = 8192
)

// newRSAKey refuses weak keys. It also refuses keys that crypto/rsa would refuse or
// process slowly at each signature check.
func newRSAKey(public *rsa.PublicKey) (Key, error) {
	if public == nil || public.N == nil {
		return Key{}, errors.New("has no RSA public key")
	}
	if bits := public.N.BitLen(); bits < minRSABits || bits > maxRSABits {
		return Key{}, fmt.Errorf("is an RSA key of %d bits; use one of %d to %d bits", bits, minRSABits, maxRSABits)
	}
	if public.N.Bit(0) == 0 {
		return Key{}, errors.New("is an RSA key with an even modulus")
	}
	if public.E < 3 || public.E%2 == 0 || public.E > math.MaxInt32 {
		return Key{}, fmt.Errorf("is an RSA key with exponent %d; use an odd exponent from 3 to 2147483647", public.E)
	}
	spki, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return Key{}, fmt.Errorf("is an RSA key that cannot be encoded: %w", err)
	}
	return Key{algorithm: RS256, public: public, spki: sha256.Sum256(spki)}, nil
}
