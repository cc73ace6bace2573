package authrocket

import (
	"errors"
	"time"

	"github.com/authrocket-go/authrocket/internal/keycache"
)

// KnownTokens returns how many verified tokens a keeps, so that tests can hold
// that the cache is bounded and that nothing else gets into it.
func KnownTokens(a *Auth) int { return a.verifier.known.Len() }

// VerifiedTokens returns how many tokens a remembers to have verified.
func VerifiedTokens(a *Auth) int { return a.verifier.verified.Len() }

// RememberVerified has a remember that token verified under the key kid, whatever
// signature it has.
func RememberVerified(a *Auth, kid, token string) error {
	keys, ok := a.verifier.keys.fresh(kid, time.Now())
	if !ok {
		return errors.New("there is no fresh key " + kid)
	}
	for _, key := range keys {
		a.verifier.verified.Add(a.verifier.verified.Mark(key.SPKIHash(), token))
	}
	return nil
}

// NewSimulated is [New] with a wall clock for the ages of keys, and with pauses
// that are not at random.
func NewSimulated(config Config, now func() time.Time, jitter func(below time.Duration) time.Duration) (*Auth, error) {
	a, err := New(config)
	if err != nil {
		return nil, err
	}
	cache := keyCacheConfig(a.config, a.loginRocket.origin+"/connect/jwks", false)
	cache.Now, cache.Jitter = now, jitter
	a.verifier.keys = &jwks{keycache.New(cache), a.config.MaxStale}
	return a, nil
}
