// Package tokencache remembers what verified tokens say. It is bounded: when
// there is no room, a new token evicts a random one. It decides nothing about tokens;
// when one ends is for the caller to check on each use. It saves apps the work of
// decoding the same token on each request.
//
// There is no goroutine, and no call looks at more than one entry.
package tokencache

import (
	"hash/maphash"
	"math/rand/v2"
	"sync"

	"github.com/patrickmn/go-cache"
)

const (
	// maxShards is how many shards with locks of their own a cache has, so that
	// requests do not wait for one another.
	maxShards = 16

	// minShardSize keeps small caches from being cut so fine that two tokens
	// meet in a shard for one.
	minShardSize = 64

	// indexBytes is how much of a token's end it is looked up by. That is the
	// whole signature of HS256, and of RS256 far more than two tokens share by
	// chance.
	indexBytes = 43
)

// Cache keeps a value for each token. It is safe for concurrent use. Values are
// handed out as they were put in: they must not change afterwards.
type Cache[V any] struct {
	shards []*shard[V]
	seed   maphash.Seed
}

// New returns a Cache of at most size tokens; none if size is not positive.
func New[V any](size int) *Cache[V] {
	c := &Cache[V]{seed: maphash.MakeSeed()}
	if size <= 0 {
		return c
	}
	shards := min(maxShards, max(1, size/minShardSize))
	for i := range shards {
		c.shards = append(c.shards, newShard[V]((size+i)/shards))
	}
	return c
}

// Get returns the value of token, and whether there is one.
func (c *Cache[V]) Get(token string) (value V, ok bool) {
	if len(c.shards) == 0 {
		return value, false
	}
	return c.shard(token).get(token)
}

// Put keeps value for token. It keeps token itself: the caller clones one that is
// part of something longer.
func (c *Cache[V]) Put(token string, value V) {
	if len(c.shards) > 0 {
		c.shard(token).put(token, value)
	}
}

// Len returns how many tokens are kept.
func (c *Cache[V]) Len() int {
	n := 0
	for _, s := range c.shards {
		n += s.entries.ItemCount()
	}
	return n
}

func (c *Cache[V]) shard(token string) *shard[V] {
	return c.shards[maphash.String(c.seed, index(token))%uint64(len(c.shards))]
}

// index is what a token is looked up by, which is cheaper than all of it. The
// whole token is compared then.
func index(token string) string { return token[max(0, len(token)-indexBytes):] }

// shard is a part of the cache.
type shard[V any] struct {
	entries *cache.Cache // index to *entry[V]

	mu      sync.Mutex // held while entries changes
	indexes []string   // of the entries
	size    int
}

type entry[V any] struct {
	token string
	value V
}

func newShard[V any](size int) *shard[V] {
	// Entries do not expire by themselves, so that there is nothing to clean up.
	return &shard[V]{entries: cache.New(cache.NoExpiration, 0), size: size}
}

func (s *shard[V]) get(token string) (value V, ok bool) {
	found, ok := s.entries.Get(index(token))
	if !ok {
		return value, false
	}
	e := found.(*entry[V])
	if e.token != token {
		return value, false
	}
	return e.value, true
}

func (s *shard[V]) put(token string, value V) {
	i := index(token)
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, taken := s.entries.Get(i); !taken {
		s.insert(i)
	}
	s.entries.SetDefault(i, &entry[V]{token, value})
}

// insert notes the index of a new entry, and evicts a random one where there is no
// room: if it were the oldest, and a few more tokens in use than there is room for,
// each would go just before it is asked for again.
func (s *shard[V]) insert(index string) {
	if len(s.indexes) < s.size {
		s.indexes = append(s.indexes, index)
		return
	}
	i := rand.IntN(s.size)
	s.entries.Delete(s.indexes[i])
	s.indexes[i] = index
}
