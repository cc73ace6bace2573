package authrocket

import (
	"errors"
	"sync/atomic"
	"time"

	"github.com/authrocket-go/authrocket/internal/jose"
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
	keys, _, ok := a.verifier.keys.fresh(kid, time.Now())
	if !ok {
		return errors.New("there is no fresh key " + kid)
	}
	for _, key := range keys {
		a.verifier.verified.Add(a.verifier.verified.Mark(key.SPKIHash(), token))
	}
	return nil
}

// KnownTokenAt returns what the times of a token that a keeps say at now.
func KnownTokenAt(a *Auth, token string, now time.Time) error {
	known, ok := a.verifier.known.Get(token)
	if !ok {
		return errors.New("the token is not kept")
	}
	return known.checkTimes(now)
}

// CountKeyLookups returns the number of times that a looks keys up from now on.
func CountKeyLookups(a *Auth) *atomic.Int64 {
	counting := &countingSource{keySource: a.verifier.keys}
	a.verifier.keys = counting
	return &counting.lookups
}

type countingSource struct {
	keySource
	lookups atomic.Int64
}

func (s *countingSource) fresh(id string, now time.Time) (jose.Keys, uint64, bool) {
	s.lookups.Add(1)
	return s.keySource.fresh(id, now)
}

// NewSimulated is [New] with a wall clock for the ages of keys, and with pauses
// that are not at random.
func NewSimulated(config Config, now func() time.Time, jitter func(below time.Duration) time.Duration) (*Auth, error) {
	a, err := New(config)
	if err != nil {
		return nil, err
	}
	cache := keyCacheConfig(a.config, baseURL{origin: a.loginRocket.origin, path: jwksPath})
	cache.Now, cache.Jitter = now, jitter
	a.verifier.keys = &jwks{keycache.New(cache), a.loginRocket.origin + jwksPath, a.config.MaxStale}
	return a, nil
}
