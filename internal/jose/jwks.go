package jose

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/big"

	"github.com/lestrrat-go/jwx/v2/jwk"
)

// MaxKeyIDBytes is the length of the longest kid that is looked up or kept.
const MaxKeyIDBytes = 256

// ErrNoUsableKey is returned for a key set without a single usable key.
var ErrNoUsableKey = errors.New("the key set has no usable key")

// ParseSet reads a JWK Set (RFC 7517 section 5) into keys by kid. An entry that cannot
// be used is left out and described in skipped; a set without a usable entry
// is an error.
func ParseSet(data []byte) (keys map[string]Key, skipped []error, err error) {
	var set map[string]json.RawMessage
	if json.Unmarshal(data, &set) != nil || set == nil {
		return nil, nil, errors.New("the key set is not a JSON object")
	}
	var entries []json.RawMessage
	if json.Unmarshal(set["keys"], &entries) != nil {
		return nil, nil, errors.New("the key set has no array keys")
	}
	keys = make(map[string]Key, len(entries))
	for i, entry := range entries {
		id, key, err := parseEntry(entry)
		if _, taken := keys[id]; err == nil && taken {
			err = errors.New("has the kid of an earlier key")
		}
		if err != nil {
			skipped = append(skipped, fmt.Errorf("key %d of the set %w", i, err))
			continue
		}
		keys[id] = key
	}
	if len(keys) == 0 {
		return nil, skipped, ErrNoUsableKey
	}
	return keys, skipped, nil
}

func parseEntry(data []byte) (id string, key Key, err error) {
	var members map[string]json.RawMessage
	if json.Unmarshal(data, &members) != nil || members == nil {
		return "", Key{}, errors.New("is not a JSON object")
	}
	// text returns a member that is a string, "" when it is absent or null.
	text := func(name string) (s string, ok bool) {
		if raw, present := members[name]; present && json.Unmarshal(raw, &s) != nil {
			return "", false
		}
		return s, true
	}
	id, ok := text("kid")
	if !ok || id == "" || len(id) > MaxKeyIDBytes {
		return "", Key{}, errors.New("has no kid that can be used")
	}
	if kty, ok := text("kty"); !ok || kty != "RSA" {
		return "", Key{}, errors.New("is of another kty than RSA")
	}
	if use, ok := text("use"); !ok || use != "" && use != "sig" {
		return "", Key{}, errors.New("is of another use than sig")
	}
	if alg, ok := text("alg"); !ok || alg != "" && alg != string(RS256) {
		return "", Key{}, errors.New("is of another alg than RS256")
	}
	public, err := publicKey(members)
	if err != nil {
		return "", Key{}, err
	}
	key, err = newRSAKey(public)
	return id, key, err
}

// publicKey reads n and e, or, when either is missing, x5c[0]: AuthRocket puts
// a bare public key there, not a certificate.
func publicKey(members map[string]json.RawMessage) (*rsa.PublicKey, error) {
	n, e := members["n"], members["e"]
	if isAbsent(n) || isAbsent(e) {
		return publicKeyFromX5C(members["x5c"])
	}
	// jwx gets the three members that make the key and nothing else, so that
	// no other member can make it refuse the key or read it differently.
	minimal, err := json.Marshal(map[string]json.RawMessage{"kty": json.RawMessage(`"RSA"`), "n": n, "e": e})
	if err != nil {
		return nil, errors.New("has an n or e that cannot be read")
	}
	parsed, err := jwk.ParseKey(minimal)
	if err != nil {
		return nil, errors.New("has an n or e that cannot be read")
	}
	key, ok := parsed.(jwk.RSAPublicKey)
	if !ok {
		return nil, errors.New("has an n or e that cannot be read")
	}
	exponent := new(big.Int).SetBytes(key.E())
	if !exponent.IsInt64() || exponent.Int64() > math.MaxInt32 {
		return nil, errors.New("is an RSA key with an exponent of more than 31 bits")
	}
	return &rsa.PublicKey{N: new(big.Int).SetBytes(key.N()), E: int(exponent.Int64())}, nil
}

func isAbsent(member json.RawMessage) bool { return member == nil || string(member) == "null" }

func publicKeyFromX5C(raw json.RawMessage) (*rsa.PublicKey, error) {
	var chain []string
	if json.Unmarshal(raw, &chain) != nil || len(chain) == 0 {
		return nil, errors.New("has neither n and e nor x5c")
	}
	der, err := base64.StdEncoding.DecodeString(chain[0])
	if err != nil {
		return nil, errors.New("has an x5c that is not base64")
	}
	parsed, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		return nil, errors.New("has an x5c that holds no public key")
	}
	public, ok := parsed.(*rsa.PublicKey)
	if !ok {
		return nil, errors.New("has an x5c that holds no RSA public key")
	}
	return public, nil
}
