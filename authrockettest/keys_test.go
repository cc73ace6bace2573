package authrockettest_test

import (
	"context"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/authrockettest"
)

// published returns the key set that the realm serves.
func published(t *testing.T, realm *authrockettest.Realm) []map[string]any {
	t.Helper()
	w := get(realm, "/connect/jwks")
	if w.Code != 200 || w.Header().Get("Content-Type") != "application/json" {
		t.Fatalf("got %d %s, want JSON", w.Code, w.Header().Get("Content-Type"))
	}
	var set map[string][]map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &set); err != nil {
		t.Fatal(err)
	}
	if len(set) != 1 || set["keys"] == nil {
		t.Fatalf("got %s, want one member called keys", w.Body)
	}
	return set["keys"]
}

func publishedIDs(t *testing.T, realm *authrockettest.Realm) []string {
	t.Helper()
	var ids []string
	for _, key := range published(t, realm) {
		ids = append(ids, key["kid"].(string))
	}
	return ids
}

func TestKeySet(t *testing.T) {
	t.Parallel()
	realm := authrockettest.NewRealm(t)
	realm.RotateKeys()
	keys := published(t, realm)
	if len(keys) != 2 {
		t.Fatalf("got %d keys, want 2", len(keys))
	}
	for _, key := range keys {
		if key["kty"] != "RSA" || key["use"] != "sig" || key["alg"] != "RS256" || key["e"] != "AQAB" || len(key) != 7 {
			t.Errorf("got %v", key)
		}
		n, err := base64.RawURLEncoding.DecodeString(key["n"].(string))
		if err != nil {
			t.Fatal(err)
		}
		chain := key["x5c"].([]any)
		spki, err := base64.StdEncoding.DecodeString(chain[0].(string))
		if err != nil || len(chain) != 1 {
			t.Fatalf("x5c has %d entries, the first: %v", len(chain), err)
		}
		public, err := x509.ParsePKIXPublicKey(spki)
		if err != nil {
			t.Fatalf("x5c[0] is no bare public key: %v", err)
		}
		rsaKey := public.(*rsa.PublicKey)
		if rsaKey.N.Cmp(new(big.Int).SetBytes(n)) != 0 || rsaKey.E != 65537 || rsaKey.N.BitLen() != 2048 {
			t.Errorf("x5c[0] and n are of two keys, or the key is odd: %v", key)
		}
	}
	if keys[0]["n"] == keys[1]["n"] {
		t.Error("the rotation published one key twice")
	}
}

func TestKeySetOfHS256(t *testing.T) {
	t.Parallel()
	realm := authrockettest.NewRealm(t, hs256)
	if got := published(t, realm); len(got) != 0 {
		t.Errorf("got %v, want no keys", got)
	}
	if got := realm.KeyID(); got != "" {
		t.Errorf("got kid %q, want none", got)
	}
}

func TestKeyChanges(t *testing.T) {
	t.Parallel()

	t.Run("a rotation keeps the old key", func(t *testing.T) {
		t.Parallel()
		realm, ada := withAda(t)
		old, before := realm.KeyID(), realm.Token(ada)
		id := realm.RotateKeys()
		if id == old || id != realm.KeyID() {
			t.Errorf("got kid %q, then %q and KeyID %q, want a new one", old, id, realm.KeyID())
		}
		if got := publishedIDs(t, realm); !slices.Equal(got, []string{old, id}) {
			t.Errorf("got %q, want %q", got, []string{old, id})
		}
		auth := newAuth(t, realm.Config())
		for _, token := range []string{before, realm.Token(ada), realm.Token(ada, authrockettest.SignedBy(old))} {
			if got := verify(t, auth, token); got != "" {
				t.Errorf("kid %v: got %q, want a good token", part(t, token, 0)["kid"], got)
			}
		}
	})

	t.Run("a withdrawn key is gone, but still signs", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			realm, ada := withAda(t)
			old := realm.KeyID()
			id := realm.RotateKeys()
			realm.WithdrawKey(old)
			if got := publishedIDs(t, realm); !slices.Equal(got, []string{id}) {
				t.Errorf("got %q, want %q", got, []string{id})
			}
			auth := newAuth(t, realm.Config())
			if got := verify(t, auth, realm.Token(ada, authrockettest.SignedBy(old))); got != "unknown_key" {
				t.Errorf("got %q, want unknown_key", got)
			}
			realm.WithdrawKey(id)
			if got := publishedIDs(t, realm); len(got) != 0 || realm.KeyID() != id {
				t.Errorf("got %q and KeyID %q, want none and %q", got, realm.KeyID(), id)
			}
		})
	})

	t.Run("a replaced key has the ID of the old one", func(t *testing.T) {
		t.Parallel()
		realm, ada := withAda(t)
		id, before := realm.KeyID(), realm.Token(ada)
		oldN := published(t, realm)[0]["n"]
		realm.ReplaceKey(id)
		keys := published(t, realm)
		if len(keys) != 1 || keys[0]["kid"] != id || keys[0]["n"] == oldN {
			t.Errorf("got %v, want another key under the ID %q", keys, id)
		}
		auth := newAuth(t, realm.Config())
		if got := verify(t, auth, realm.Token(ada)); got != "" {
			t.Errorf("got %q for a token of the new key", got)
		}
		if got := verify(t, auth, before); got != "bad_signature" {
			t.Errorf("got %q for a token of the old key, want bad_signature", got)
		}
	})

	t.Run("a realm never has a key twice", func(t *testing.T) {
		t.Parallel()
		realm := authrockettest.NewRealm(t)
		for range 7 {
			realm.RotateKeys()
		}
		seen := map[any]bool{}
		for _, key := range published(t, realm) {
			if seen[key["n"]] || seen[key["kid"]] {
				t.Errorf("key %v is there twice", key["kid"])
			}
			seen[key["n"]], seen[key["kid"]] = true, true
		}
	})
}

func TestJWTKey(t *testing.T) {
	t.Parallel()
	for name, configure := range algorithms {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			realm, ada := withAda(t, configure)
			if name == "RS256" {
				realm.RotateKeys()
			}
			auth := newAuth(t, authrocket.Config{JWTKey: realm.JWTKey(), RealmID: realm.ID(), DisableCookie: true})
			if got := verify(t, auth, realm.Token(ada)); got != "" {
				t.Errorf("got %q, want a good token", got)
			}
			if got := realm.Requests("/connect/jwks"); got != 0 {
				t.Errorf("got %d requests for keys, want none", got)
			}
		})
	}
}

func TestRotateKeysEvery(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name      string
		overlap   time.Duration
		published []int // numbers of keys, at the end of each minute
	}{
		{name: "an old key goes at once", published: []int{1, 1, 1, 1}},
		{name: "an old key stays until the next rotation", overlap: 2 * time.Minute, published: []int{1, 2, 2, 2}},
		{name: "an old key goes before the next rotation", overlap: time.Minute, published: []int{1, 2, 1, 2}},
		{name: "old keys stay for several rotations", overlap: time.Hour, published: []int{1, 2, 2, 3}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				realm := authrockettest.NewRealm(t)
				ctx, cancel := context.WithCancel(t.Context())
				done := make(chan struct{})
				go func() {
					realm.RotateKeysEvery(ctx, 2*time.Minute, row.overlap)
					close(done)
				}()
				time.Sleep(30 * time.Second)
				first := realm.KeyID()
				for minute, want := range row.published {
					time.Sleep(time.Minute)
					synctest.Wait()
					ids := publishedIDs(t, realm)
					if len(ids) != want || !slices.Contains(ids, realm.KeyID()) {
						t.Errorf("in minute %d %d keys are published, want %d, with the one that signs", minute+1, len(ids), want)
					}
				}
				if realm.KeyID() == first {
					t.Error("nothing was rotated")
				}
				cancel()
				<-done
				last := realm.KeyID()
				time.Sleep(time.Hour)
				if realm.KeyID() != last {
					t.Error("the rotation goes on after its end")
				}
			})
		})
	}
}

func TestWithdrawnKeysAreForgotten(t *testing.T) {
	t.Parallel()
	realm, err := authrockettest.Open(authrockettest.RealmConfig{})
	if err != nil {
		t.Fatal(err)
	}
	ada := realm.AddUser(authrockettest.User{Email: "ada@example.com"})
	signs := func(keyID string) (ok bool) {
		defer func() { ok = recover() == nil }()
		realm.Token(ada, authrockettest.SignedBy(keyID))
		return true
	}
	var old []string
	for range 12 {
		old = append(old, realm.KeyID())
		realm.RotateKeys()
	}
	realm.WithdrawKey(realm.KeyID())
	for _, id := range old[1:] {
		realm.WithdrawKey(id)
	}
	if got := publishedIDs(t, realm); !slices.Equal(got, old[:1]) {
		t.Errorf("published are %q, want %q", got, old[:1])
	}
	if !signs(realm.KeyID()) {
		t.Error("the key that signs is forgotten")
	}
	for i, id := range old {
		// 12 keys are withdrawn, 2 more than the realm remembers. The signing key
		// stays.
		if want := i != 1 && i != 2; signs(id) != want {
			t.Errorf("old key %d signs: %t, want %t", i, !want, want)
		}
	}
}
