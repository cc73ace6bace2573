// Package verified remembers which tokens had a valid signature, but not their contents.
// It needs 16 bytes for each token, whereas a session needs kilobytes.
//
// It stores the mark of a token, which is the first 128 bits of a SHA-256. The input of
// this SHA-256 is 32 random bytes of the Set, the SHA-256 of the key's SPKI, and the
// whole token, in this order. The first two parts have fixed lengths, so that different
// inputs cannot have the same concatenation.
//
// The Set can be wrong only if a forged token has the mark of a valid token, which is a
// collision. No attacker can prepare a collision. The random bytes are new in each
// process and, like the marks, never leave it. Without these bytes nobody can compute a
// mark, and tokens that collide in one Set do not collide in another. An attacker can
// therefore only send tokens and hope for a collision. If the Set is full, with 1,000,000
// marks, the probability that a token succeeds is 2^20 in 2^128. Even for a million
// tokens a second for a hundred years, the probability of success is less than 1 in
// 10^16. Two valid tokens may share a mark, which does no harm.
//
// A mark is valid for only one key. When a key is withdrawn or replaced, its marks are
// not looked up again, and new marks evict them over time.
package verified

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	mathrand "math/rand/v2"
	"slices"
	"sync"
)

// shardSize is the largest number of marks in a shard. A search compares all of them,
// which takes less time than computing the SHA-256.
const shardSize = 256

// Mark represents a token together with the key that verified it.
type Mark [2]uint64

// Set is a bounded set of marks. It is safe for concurrent use.
type Set struct {
	secret [sha256.Size]byte
	size   int
	shards []shard
}

// shard is a slice and not a map, because a map whose entries are often replaced takes
// two to four times as much memory, and has no fixed limit.
type shard struct {
	mu    sync.Mutex
	marks []Mark
}

// New returns a Set for at most size marks. If size is not positive, it keeps none. The
// Set allocates memory as marks are added.
func New(size int) *Set {
	s := &Set{size: size}
	rand.Read(s.secret[:])
	if size > 0 {
		s.shards = make([]shard, (size-1)/shardSize+1)
	}
	return s
}

// Mark returns the mark of token for the key whose SPKI has the SHA-256 spki. A Set that
// keeps no marks returns the zero Mark.
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

// Add adds m. If the shard is full, it evicts a random mark. Evicting the oldest would be
// worse: with slightly more active tokens than marks, each mark would be evicted just
// before its next use.
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

// Len returns the number of marks.
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
