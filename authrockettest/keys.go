package authrockettest

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"net/http"
	"slices"
	"sync"
	"time"
)

// signingKey is a key of the realm.
type signingKey struct {
	id        string
	private   *rsa.PrivateKey
	withdrawn bool
}

func (k *signingKey) spki() []byte {
	der, err := x509.MarshalPKIXPublicKey(&k.private.PublicKey)
	if err != nil {
		panic("authrockettest: cannot encode an RSA key: " + err.Error())
	}
	return der
}

func (k *signingKey) pem() string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: k.spki()}))
}

// keyPool holds RSA keys for all realms of the process. Generating a new key for each
// test would take minutes. A realm does not get the same key again while it remembers
// that key.
var keyPool struct {
	sync.Mutex
	keys []*rsa.PrivateKey
	next int
}

const keyPoolSize = 6

// newKey returns a key that the realm has not had yet. If id is "", the key gets a
// new ID.
func (r *Realm) newKey(id string) *signingKey {
	if id == "" {
		id = newID("jky_")
	}
	keyPool.Lock()
	defer keyPool.Unlock()
	for range len(keyPool.keys) {
		if len(keyPool.keys) < keyPoolSize {
			break
		}
		private := keyPool.keys[keyPool.next%keyPoolSize]
		keyPool.next++
		if !r.hasHad(private) {
			return &signingKey{id: id, private: private}
		}
	}
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic("authrockettest: no RSA key: " + err.Error())
	}
	if len(keyPool.keys) < keyPoolSize {
		keyPool.keys = append(keyPool.keys, private)
	}
	return &signingKey{id: id, private: private}
}

func (r *Realm) hasHad(private *rsa.PrivateKey) bool {
	for _, k := range r.keys {
		if k.private.Equal(private) { // pointers differ after a realm was saved and opened
			return true
		}
	}
	return false
}

// key returns the latest key with the ID, even if it is withdrawn. It returns nil if
// the realm remembers no such key.
func (r *Realm) key(id string) *signingKey {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := len(r.keys) - 1; i >= 0; i-- {
		if r.keys[i].id == id {
			return r.keys[i]
		}
	}
	return nil
}

// KeyID returns the kid of the current signing key, or "" in an HS256 realm.
func (r *Realm) KeyID() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.usesSecret() {
		return ""
	}
	return r.keys[len(r.keys)-1].id
}

// RotateKeys makes a new key, publishes it, and signs with it from now on. It returns
// the kid. Older keys stay published until [Realm.WithdrawKey].
func (r *Realm) RotateKeys() string {
	r.t.Helper()
	defer r.report()
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.addKey("")
}

// WithdrawKey removes a key from the published set. If it is the current signing key,
// the realm still signs with it. The realm remembers the last 10 withdrawn keys;
// [SignedBy] can sign with them.
func (r *Realm) WithdrawKey(id string) {
	defer r.report()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.withdraw(id)
}

// ReplaceKey publishes another key under the ID of an old one, and signs with it from
// now on.
func (r *Realm) ReplaceKey(id string) {
	r.t.Helper()
	defer r.report()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.withdraw(id)
	r.addKey(id)
}

// RotateKeysEvery rotates the keys at the interval every, until ctx ends. It
// withdraws the old key after overlap; 0 means at once. While the realm signs with
// HS256, it rotates no key. RotateKeysEvery fails the test if the realm is an HS256
// realm at the start, or if every is not positive. If there is no test, it panics.
func (r *Realm) RotateKeysEvery(ctx context.Context, every, overlap time.Duration) {
	r.t.Helper()
	if r.KeyID() == "" {
		r.fail("an HS256 realm publishes no keys; use RS256 to rotate keys")
	}
	if every <= 0 {
		r.fail("cannot rotate keys every %s; use a positive interval", every)
	}
	type oldKey struct {
		id  string
		end time.Time
	}
	var old []oldKey // the first key in this list is the next to be withdrawn
	rotation := time.Now().Add(every)
	for {
		next := rotation
		if len(old) > 0 && old[0].end.Before(next) {
			next = old[0].end
		}
		timer := time.NewTimer(time.Until(next))
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
		now := time.Now()
		r.mu.Lock()
		if !now.Before(rotation) {
			if !r.usesSecret() {
				old = append(old, oldKey{r.keys[len(r.keys)-1].id, now.Add(overlap)})
				r.addKey("")
			}
			rotation = now.Add(every)
		}
		for len(old) > 0 && !now.Before(old[0].end) {
			r.withdraw(old[0].id)
			old = old[1:]
		}
		r.mu.Unlock()
		r.report()
	}
}

// maxWithdrawnKeys is how many withdrawn keys a realm remembers. The limit lets a
// program rotate keys for days.
const maxWithdrawnKeys = 10

func (r *Realm) addKey(id string) string {
	r.t.Helper()
	if r.usesSecret() {
		r.fail("an HS256 realm publishes no keys; use RS256 to rotate keys")
	}
	k := r.newKey(id)
	r.keys = append(r.keys, k)
	r.isUnsaved = true
	return k.id
}

// withdraw withdraws a key, and forgets the oldest withdrawn keys. The current
// signing key is the newest, so it is never forgotten.
func (r *Realm) withdraw(id string) {
	withdrawn := 0
	for _, k := range r.keys {
		if k.id == id {
			k.withdrawn = true
			r.isUnsaved = true
		}
		if k.withdrawn {
			withdrawn++
		}
	}
	r.keys = slices.DeleteFunc(r.keys, func(k *signingKey) bool {
		forget := k.withdrawn && withdrawn > maxWithdrawnKeys
		if forget {
			withdrawn--
		}
		return forget
	})
}

// serveJWKS publishes the keys as AuthRocket does: x5c[0] contains the bare public
// key, not a certificate.
func (r *Realm) serveJWKS(w http.ResponseWriter, _ *http.Request) {
	type jwk struct {
		KeyType   string   `json:"kty"`
		Use       string   `json:"use"`
		Algorithm string   `json:"alg"`
		KeyID     string   `json:"kid"`
		N         string   `json:"n"`
		E         string   `json:"e"`
		X5C       []string `json:"x5c"`
	}
	keys := []jwk{}
	r.mu.Lock()
	for _, k := range r.keys {
		if k.withdrawn {
			continue
		}
		keys = append(keys, jwk{
			KeyType: "RSA", Use: "sig", Algorithm: "RS256", KeyID: k.id,
			N:   base64.RawURLEncoding.EncodeToString(k.private.N.Bytes()),
			E:   base64.RawURLEncoding.EncodeToString(big.NewInt(int64(k.private.E)).Bytes()),
			X5C: []string{base64.StdEncoding.EncodeToString(k.spki())},
		})
	}
	r.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(map[string]any{"keys": keys})
}
