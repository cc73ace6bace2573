// Package tokencache caches the contents of verified tokens, which saves decoding the
// same token for each request. The cache has a maximum size: when it is full, a new token
// evicts a random token. It makes no decisions about tokens, so the caller must check on
// each use that a token is still valid.
//
// It starts no goroutine, and no call reads more than one entry.
package tokencache

import (
	"hash/maphash"
	"math/rand/v2"
	"sync"

	"github.com/patrickmn/go-cache"
)

const (
	// maxShards is how many shards a cache has. Each has its own lock, so that requests
	// do not wait for one another.
	maxShards = 16

	// minShardSize is the smallest size of a shard, so that a small cache is not divided
	// into shards with only one token each.
	minShardSize = 64

	// indexBytes is the length of a token's index, which is the end of the token. It
	// covers the whole signature for HS256. For RS256, it covers a part of the signature
	// that is far too long to be equal in two tokens by chance.
	indexBytes = 43
)

// Cache keeps one value for each token. It is safe for concurrent use. It does not copy
// values, so they must not change after Put.
type Cache[V any] struct {
	shards []*shard[V]
	seed   maphash.Seed
}

// New returns a Cache for at most size tokens. If size is not positive, it keeps none.
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

// Get returns the value for token, and whether there is one.
func (c *Cache[V]) Get(token string) (value V, ok bool) {
	if len(c.shards) == 0 {
		return value, false
	}
	return c.shard(token).get(token)
}

// Put stores value for token. It keeps token in memory, so if token is part of a longer
// string, the caller must clone it.
func (c *Cache[V]) Put(token string, value V) {
	if len(c.shards) > 0 {
		c.shard(token).put(token, value)
	}
}

// Len returns the number of tokens in the cache.
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

// index returns the part of a token by which the token is looked up, because hashing the
// whole token would take longer. Get then compares the whole token.
func index(token string) string { return token[max(0, len(token)-indexBytes):] }

// shard is a part of the cache.
type shard[V any] struct {
	entries *cache.Cache // maps an index to an *entry[V]

	mu      sync.Mutex // held while entries changes
	indexes []string   // the indexes of the entries
	size    int
}

type entry[V any] struct {
	token string
	value V
}

func newShard[V any](size int) *shard[V] {
	// Entries do not expire, so the cache needs no cleanup goroutine.
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

// insert records the index of a new entry. If the shard is full, it evicts a random
// entry. Evicting the oldest would be worse: with slightly more active tokens than
// entries, each token would be evicted just before its next use.
func (s *shard[V]) insert(index string) {
	if len(s.indexes) < s.size {
		s.indexes = append(s.indexes, index)
		return
	}
	i := rand.IntN(s.size)
	s.entries.Delete(s.indexes[i])
	s.indexes[i] = index
}
