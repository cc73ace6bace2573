package authrocket

import (
	"time"

	"github.com/authrocket-go/authrocket/internal/keycache"
)

// KnownTokens returns how many verified tokens a keeps, so that tests can hold
// that the cache is bounded and that nothing else gets into it.
func KnownTokens(a *Auth) int { return a.verifier.known.Len() }

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
