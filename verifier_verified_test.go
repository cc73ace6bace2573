package authrocket_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/authrockettest"
)

// keepNone leaves the tokens that verified to the memory of that alone.
func keepNone(c *authrocket.Config) { c.TokenCacheSize = -1 }

func TestVerifiedTokensAreRemembered(t *testing.T) {
	t.Parallel()
	secret := func(c *authrocket.Config) {
		c.JWTKey, c.LoginRocketURL = knownSecret, "https://sample.e2.loginrocket.com/"
	}
	expires := time.Now().Add(time.Hour)
	for _, row := range []struct {
		name   string
		change func(*authrocket.Config)
		token  string // empty for one of the realm
		want   int
	}{
		{name: "with the key of a key set", change: keepNone, want: 1},
		{name: "with a static public key", change: func(c *authrocket.Config) {
			keepNone(c)
			c.JWTKey, c.RealmID = pemOf("PUBLIC KEY", spkiOf(t, ownKey().Public())), ""
		}, token: signCompact(`{"alg":"RS256"}`, goodClaims(t), withRS256(ownKey())), want: 1},
		{name: "beside what it says", want: 1},
		{name: "but none if the Config says so", change: func(c *authrocket.Config) { c.TokenCacheSize, c.VerifiedTokens = -1, -1 }},
		{name: "but none of HS256, which costs as much to remember as to check", change: func(c *authrocket.Config) {
			*c = authrocket.Config{DisableCookie: true, TokenCacheSize: -1}
			secret(c)
		}, token: secretToken("usr_1", expires)},
	} {
		t.Run(row.name, func(t *testing.T) {
			c := newSite(t, row.change)
			token := row.token
			if token == "" {
				token = c.realm.Token(c.ada)
			}
			for range 3 {
				if s, err := c.auth.Verify(t.Context(), token); err != nil || s.Token() != token {
					t.Errorf("got %v, %v", s, err)
				}
			}
			wantRemembered(t, c.auth, row.want)
		})
	}
}

// What is remembered saves the check of the signature: a token that is remembered by
// mistake is accepted whatever its signature is. Nothing else is saved; the rows of
// TestVerifyRefusesBadTokens hold that for the header and the claims.
func TestARememberedTokenSkipsItsSignatureOnly(t *testing.T) {
	t.Parallel()
	forge := func(token string) string {
		i := strings.LastIndexByte(token, '.') + 1
		return token[:i] + strings.Repeat("A", len(token)-i)
	}
	row := func(name string, f func(k *keyed, token string)) {
		keyedRowWith(t, name, keepNone, func(k *keyed) {
			k.warm()
			token := forge(k.token(authrockettest.ExpiresIn(time.Hour)))
			k.wantRefused(token, authrocket.ErrBadSignature, http.StatusUnauthorized)
			remember(k.t, k.auth, k.realm.KeyID(), token)
			f(k, token)
		})
	}
	row("and is accepted", func(k *keyed, token string) {
		k.wantVerified(token)
		k.wantPage(k.bearer("/gate", token), keyUser, 0)
	})
	row("and any other is not", func(k *keyed, token string) {
		for i := range len(token) {
			altered := []byte(token)
			altered[i] ^= 1
			if _, err := k.verify(string(altered)); err == nil {
				k.t.Errorf("it is accepted with byte %d altered", i)
			}
		}
		if _, err := k.verify(token[:len(token)-4]); err == nil {
			k.t.Error("it is accepted with its end cut off")
		}
		if _, err := k.verify(token + "AAAA"); err == nil {
			k.t.Error("it is accepted with more behind it")
		}
	})
	row("and expires", func(k *keyed, token string) {
		time.Sleep(time.Hour + 5*time.Second)
		k.wantVerified(token)
		time.Sleep(time.Nanosecond)
		k.wantRefused(token, authrocket.ErrTokenExpired, http.StatusUnauthorized)
	})
	row("and ends with its key", func(k *keyed, token string) {
		old := k.realm.KeyID()
		k.realm.RotateKeys()
		k.realm.WithdrawKey(old)
		k.warm()
		k.wantRefused(token, authrocket.ErrUnknownKey, http.StatusUnauthorized)
	})
	row("and ends when its key is replaced under its kid", func(k *keyed, token string) {
		k.realm.ReplaceKey(k.realm.KeyID())
		k.warm()
		k.wantRefused(token, authrocket.ErrBadSignature, http.StatusUnauthorized)
	})
	row("and not when keys are too old to be used", func(k *keyed, token string) {
		k.realm.Break(authrockettest.Status(http.StatusBadGateway))
		time.Sleep(keyMaxStale + time.Minute)
		k.wantRefused(token, authrocket.ErrTokenExpired, http.StatusUnauthorized)
		long := forge(k.token())
		k.wantRefused(long, authrocket.ErrKeysUnavailable, http.StatusServiceUnavailable)
	})
	row("and not for another Auth", func(k *keyed, token string) {
		k.restart(keepNone)
		k.wantRefused(token, authrocket.ErrBadSignature, http.StatusUnauthorized)
	})
}

// An Auth whose Config leaves it out remembers far more tokens than it keeps.
func TestConfigDefaultVerifiedTokens(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newSite(t)
		const tokens = 20_000
		for range tokens {
			remember(t, c.auth, c.realm.KeyID(), c.realm.ID()+time.Now().String())
			time.Sleep(time.Nanosecond)
		}
		wantRemembered(t, c.auth, tokens)
	})
}

func TestKeysOfOneKeyIDAreBothTried(t *testing.T) {
	t.Parallel()
	keyedRow(t, "and each accepts its own tokens", func(k *keyed) {
		id, first := k.realm.KeyID(), k.token()
		k.realm.RotateKeys()
		second := k.token(setHeader("kid", id))
		k.realm.Break(editedKeys(func(keys []any) any {
			for _, key := range keys {
				key.(map[string]any)["kid"] = id
			}
			return keys
		}))
		for range 3 {
			k.wantVerified(first)
			k.wantVerified(second)
		}
		forged := first[:strings.LastIndexByte(first, '.')] + second[strings.LastIndexByte(second, '.'):]
		if _, err := k.verify(forged); !errors.Is(err, authrocket.ErrBadSignature) {
			k.t.Errorf("a token with the signature of another: got %v", err)
		}
	})
}
