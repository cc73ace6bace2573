package verified_test

import (
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/authrocket-go/authrocket/internal/verified"
)

var spki = sha256.Sum256([]byte("the key"))

func TestMark(t *testing.T) {
	t.Parallel()
	s := verified.New(10)
	const token = "header.payload.signature"
	mark := s.Mark(spki, token)
	if mark != s.Mark(spki, token) {
		t.Fatal("a token has two marks")
	}
	if mark[0] == 0 || mark[1] == 0 {
		t.Errorf("got the mark %x, want 128 bits", mark)
	}
	for name, other := range map[string]verified.Mark{
		"of another set, whose random bytes are others": verified.New(10).Mark(spki, token),
		"of another key":                      s.Mark(sha256.Sum256([]byte("another key")), token),
		"of no key":                           s.Mark([sha256.Size]byte{}, token),
		"of a token that is longer":           s.Mark(spki, token+"A"),
		"of a token that is shorter":          s.Mark(spki, token[:len(token)-1]),
		"of a token with more in front":       s.Mark(spki, "A"+token),
		"of no token":                         s.Mark(spki, ""),
		"of the signature":                    s.Mark(spki, "signature"),
		"of a token that begins with the key": s.Mark(spki, string(spki[:])+token),
	} {
		if other == mark {
			t.Errorf("the mark is that %s", name)
		}
	}
	long := strings.Repeat("header.payload.signature", 50)
	marks := map[verified.Mark]int{s.Mark(spki, long): -1}
	for i := range len(long) {
		altered := []byte(long)
		altered[i] ^= 1
		m := s.Mark(spki, string(altered))
		if other, ok := marks[m]; ok {
			t.Errorf("byte %d altered has the mark of byte %d altered", i, other)
		}
		marks[m] = i
	}
}

func TestHas(t *testing.T) {
	t.Parallel()
	s := verified.New(10)
	one, two := s.Mark(spki, "one"), s.Mark(spki, "two")
	if s.Has(one) || s.Has(verified.Mark{}) {
		t.Error("an empty set has a mark")
	}
	s.Add(one)
	s.Add(one)
	if !s.Has(one) || s.Has(two) || s.Has(verified.Mark{one[0]}) || s.Has(verified.Mark{one[0], one[1] ^ 1<<63}) {
		t.Errorf("got %t, %t, want the first mark only", s.Has(one), s.Has(two))
	}
	if got := s.Len(); got != 1 {
		t.Errorf("got %d marks, want 1", got)
	}
}

func random() verified.Mark { return verified.Mark{rand.Uint64(), rand.Uint64()} }

func TestSizeHolds(t *testing.T) {
	t.Parallel()
	for _, size := range []int{1, 2, 10, 255, 256, 257, 511, 512, 513, 1_000, 5_000} {
		t.Run(fmt.Sprintf("%d marks are the most that are kept", size), func(t *testing.T) {
			t.Parallel()
			s := verified.New(size)
			for n := range 20 * size {
				m := random()
				s.Add(m)
				if !s.Has(m) {
					t.Fatal("the mark that was just added is not there")
				}
				if got := s.Len(); got > size {
					t.Fatalf("got %d marks after %d", got, n+1)
				}
			}
			if got := s.Len(); got != size {
				t.Errorf("got %d marks after many more, want %d", got, size)
			}
		})
	}
	for _, size := range []int{0, -1} {
		t.Run(fmt.Sprintf("%d keeps none", size), func(t *testing.T) {
			t.Parallel()
			s := verified.New(size)
			m := s.Mark(spki, "token")
			s.Add(m)
			if s.Has(m) || s.Len() != 0 {
				t.Errorf("got %t, %d marks", s.Has(m), s.Len())
			}
		})
	}
}

// Which mark is evicted is left to chance: those that came first and last go no
// sooner than others.
func TestEvictionIsRandom(t *testing.T) {
	t.Parallel()
	const size, rounds = 100, 400
	var firstStays, lastStays int
	for range rounds {
		s := verified.New(size)
		first := random()
		s.Add(first)
		for range size - 2 {
			s.Add(random())
		}
		last := random()
		s.Add(last)
		for range size / 2 {
			s.Add(random())
		}
		if s.Has(first) {
			firstStays++
		}
		if s.Has(last) {
			lastStays++
		}
	}
	// Each stays with a chance of 0.99^50, which is 0.605; 0.4 and 0.8 are about
	// eight standard deviations away.
	for name, stays := range map[string]int{"first": firstStays, "last": lastStays} {
		if stays < rounds*4/10 || stays > rounds*8/10 {
			t.Errorf("the %s of %d marks stays in %d of %d sets after %d more", name, size, stays, rounds, size/2)
		}
	}
}

// It is not parallel, so that nothing else is on the heap. A set of fullSize, which is
// smaller under the race detector, stays as large as it is when it is full for long.
func TestMemory(t *testing.T) {
	const size, most = fullSize, 20 // bytes for each
	before := heap()
	s := verified.New(size)
	for range 10 {
		s.Add(random())
	}
	if grown := heap() - before; grown > 200_000 {
		t.Errorf("a set with 10 marks takes %d bytes", grown)
	}
	for round := range 4 {
		for range size {
			s.Add(random())
		}
		if grown := heap() - before; grown > size*most {
			t.Errorf("after %d marks the set takes %.1f bytes for each of its %d, want %d at most", (round+1)*size, float64(grown)/size, size, most)
		}
	}
	if got := s.Len(); got != size {
		t.Errorf("got %d marks, want %d: the set is not full", got, size)
	}
	runtime.KeepAlive(s)
}

func heap() int64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc)
}

func TestConcurrentUse(t *testing.T) {
	t.Parallel()
	const size = 500
	s := verified.New(size)
	var workers sync.WaitGroup
	for range 8 {
		workers.Go(func() {
			for n := range 2_000 {
				m := s.Mark(spki, fmt.Sprint(n))
				if !s.Has(m) {
					s.Add(m)
				}
				if got := s.Len(); got > size {
					t.Errorf("got %d marks", got)
				}
			}
		})
	}
	workers.Wait()
}
