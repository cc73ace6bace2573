package jose

import (
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/big"
	"slices"

	"github.com/lestrrat-go/jwx/v2/jwk"
)

// MaxKeyIDBytes is the length of the longest kid that is accepted.
const MaxKeyIDBytes = 256

// ErrNoUsableKey means that a key set contains no usable key.
var ErrNoUsableKey = errors.New("the key set has no usable key")

// maxEntries is the largest number of keys in a set. A real set has one or two. The limit
// also bounds the number of errors that are reported for a set.
const maxEntries = 100

// maxKeysPerID limits how many keys with the same kid are kept and tried, because each
// additional key makes it more expensive to refuse forged signatures.
const maxKeysPerID = 2

// ParseSet reads a JWK Set (RFC 7517 section 5) into keys by kid. ParseSet leaves out an
// entry that it cannot use, and describes the entry in skipped. An entry of a new kind
// therefore does not sign out all users. For a set without a usable entry, the error is
// [ErrNoUsableKey].
func ParseSet(data []byte) (keys map[string]Keys, skipped []error, err error) {
	var set map[string]json.RawMessage
	if json.Unmarshal(data, &set) != nil || set == nil {
		return nil, nil, errors.New("the key set is not a JSON object")
	}
	var entries []json.RawMessage
	if json.Unmarshal(set["keys"], &entries) != nil {
		return nil, nil, errors.New("the key set has no member keys that is an array")
	}
	if len(entries) > maxEntries {
		return nil, nil, fmt.Errorf("the key set has %d keys, more than %d", len(entries), maxEntries)
	}
	keys = make(map[string]Keys, len(entries))
	for i, entry := range entries {
		id, key, err := parseEntry(entry)
		switch {
		case err != nil:
		case keys[id].Contain(key):
			err = errors.New("repeats an earlier key")
		case len(keys[id]) == maxKeysPerID:
			err = fmt.Errorf("has the same kid as %d earlier keys", maxKeysPerID)
		}
		if err != nil {
			skipped = append(skipped, fmt.Errorf("key %d of the set %w", i, err))
			continue
		}
		keys[id] = append(keys[id], key)
	}
	if len(keys) == 0 {
		return nil, skipped, ErrNoUsableKey
	}
	return keys, skipped, nil
}

// entry is a key in a key set. Members that are null count as absent.
type entry map[string]json.RawMessage

// text returns a member that is a string, or "" if it is absent. It returns false if the
// member has another type.
func (e entry) text(name string) (s string, ok bool) {
	if e.has(name) && json.Unmarshal(e[name], &s) != nil {
		return "", false
	}
	return s, true
}

func (e entry) has(name string) bool { return e[name] != nil && string(e[name]) != "null" }

func parseEntry(data []byte) (id string, key Key, err error) {
	var e entry
	if json.Unmarshal(data, &e) != nil || e == nil {
		return "", Key{}, errors.New("is not a JSON object")
	}
	id, ok := e.text("kid")
	if !ok || id == "" || len(id) > MaxKeyIDBytes {
		return "", Key{}, errors.New("has no usable kid")
	}
	algorithm, isText := e.text("alg")
	// An entry without kty is an RSA key if its alg and its x5c say so.
	if kty, ok := e.text("kty"); !ok || kty != "RSA" && (kty != "" || algorithm != string(RS256) || !e.has("x5c")) {
		return "", Key{}, errors.New("has another kty than RSA")
	}
	if !isText || algorithm != "" && algorithm != string(RS256) {
		return "", Key{}, errors.New("has another alg than RS256")
	}
	if use, ok := e.text("use"); !ok || use != "" && use != "sig" {
		return "", Key{}, errors.New("has another use than sig")
	}
	var operations []string
	if e.has("key_ops") && (json.Unmarshal(e["key_ops"], &operations) != nil || !slices.Contains(operations, "verify")) {
		return "", Key{}, errors.New("has key_ops without verify")
	}
	public, err := e.publicKey()
	if err != nil {
		return "", Key{}, err
	}
	key, err = newRSAKey(public)
	return id, key, err
}

// publicKey reads n and e. If either is missing, it reads x5c[0], in which AuthRocket
// puts a bare public key instead of a certificate. If both are present and readable, they
// must be the same key.
func (e entry) publicKey() (*rsa.PublicKey, error) {
	fromX5C, err := e.publicKeyOfX5C()
	hasNE := e.has("n") && e.has("e")
	if !hasNE || !e.has("kty") {
		public, ok := fromX5C.(*rsa.PublicKey)
		if err == nil && !ok {
			err = errors.New("has an x5c that holds no RSA public key")
		}
		if err != nil || !hasNE {
			return public, err
		}
	}
	public, err := e.publicKeyOfNE()
	if err == nil && fromX5C != nil && !public.Equal(fromX5C) {
		return nil, errors.New("has an x5c with another key than n and e")
	}
	return public, err
}

func (e entry) publicKeyOfNE() (*rsa.PublicKey, error) {
	// jwx gets only the three members that define the key, so that no other member makes
	// it refuse the key or read it differently.
	minimal, err := json.Marshal(entry{"kty": json.RawMessage(`"RSA"`), "n": e["n"], "e": e["e"]})
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

func (e entry) publicKeyOfX5C() (crypto.PublicKey, error) {
	var chain []string
	if json.Unmarshal(e["x5c"], &chain) != nil || len(chain) == 0 {
		return nil, errors.New("has neither n and e nor x5c")
	}
	der, err := base64.StdEncoding.DecodeString(chain[0])
	if err != nil {
		return nil, errors.New("has an x5c that is not base64")
	}
	public, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		return nil, errors.New("has an x5c that holds no public key")
	}
	return public, nil
}
