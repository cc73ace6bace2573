// Package verified remembers that tokens verified, not what they said: 16 bytes
// for each, where a session takes kilobytes.
//
// A token is remembered by its mark: the first 128 bits of SHA-256 over 32 random
// bytes of the Set, the SHA-256 of the key's SPKI, and the whole token, in this
// order. The first two have a fixed length, so that no two inputs run together.
//
// What may be wrong is a collision: a token that never verified under the key has
// the mark of one that did. No attacker can prepare one: the random bytes are new in each
// process and, like the marks, never leave it. Without them no mark can be computed,
// and what collides in one Set does not in another. An attacker can only send tokens
// and guess. In a full Set of 1,000,000 marks each token has a chance of 2^20 in 2^128:
// a million tokens a second, for a hundred years, have one of less than 1 in 10^16.
// Two tokens that both verified may share a mark; that does no harm.
//
// A mark says nothing about any other key. A key that is withdrawn or replaced makes
// its marks worthless: they are not looked up again, and are evicted in time.
package verified

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	mathrand "math/rand/v2"
	"slices"
	"sync"
)

// shardSize is how many marks a shard has at most. A search looks at all of them,
// which takes less time than the SHA-256.
const shardSize = 256

// Mark stands for a token and the key that it verified under.
type Mark [2]uint64

// Set is a bounded set of marks. It is safe for concurrent use.
type Set struct {
	secret [sha256.Size]byte
	size   int
	shards []shard
}

// shard is a slice and no map: a map whose entries come and go for long takes two to
// four times the memory, and nothing bounds that.
type shard struct {
	mu    sync.Mutex
	marks []Mark
}

// New returns a Set of at most size marks; none if size is not positive. It takes
// memory as marks come.
func New(size int) *Set {
	s := &Set{size: size}
	rand.Read(s.secret[:])
	if size > 0 {
		s.shards = make([]shard, (size-1)/shardSize+1)
	}
	return s
}

// Mark returns the mark of token under the key whose SPKI has the SHA-256 spki. A
// Set for no marks does not compute it.
func (s *Set) Mark(spki [sha256.Size]byte, token string) Mark {
	if len(s.shards) == 0 {
		return Mark{}
	}
	input := make([]byte, 0, len(s.secret)+len(spki)+len(token))
	input = append(input, s.secret[:]...)
	input = append(input, spki[:]...)
	sum := sha256.Sum256(append(input, token...))
	return Mark{binary.LittleEndian.Uint64(sum[:8]), binary.LittleEndian.Uint64(sum[8:16])}
}

// Has reports whether m was added and has not been evicted.
func (s *Set) Has(m Mark) bool {
	if len(s.shards) == 0 {
		return false
	}
	sh := &s.shards[s.index(m)]
	sh.mu.Lock()
	defer sh.mu.Unlock()
	return slices.Contains(sh.marks, m)
}

// Add adds m. Where there is no room it evicts a random mark: if it were the oldest,
// and a few more tokens in use than there is room for, each would go just before
// it is asked for again.
func (s *Set) Add(m Mark) {
	if len(s.shards) == 0 {
		return
	}
	i := s.index(m)
	sh, room := &s.shards[i], (s.size+i)/len(s.shards)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	switch {
	case slices.Contains(sh.marks, m):
	case len(sh.marks) < room:
		sh.marks = append(sh.marks, m)
	default:
		sh.marks[mathrand.IntN(room)] = m
	}
}

// Len returns how many marks there are.
func (s *Set) Len() int {
	n := 0
	for i := range s.shards {
		s.shards[i].mu.Lock()
		n += len(s.shards[i].marks)
		s.shards[i].mu.Unlock()
	}
	return n
}

func (s *Set) index(m Mark) int { return int(m[0] % uint64(len(s.shards))) }
