package tokencache_test

import (
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/authrocket-go/authrocket/internal/tokencache"
)

// token returns one of as many tokens as there are numbers, with a signature as
// long as that of HS256.
func token(n int) string { return fmt.Sprintf("header.payload.%043d", n) }

func expect(t *testing.T, c *tokencache.Cache[string], token, want string) {
	t.Helper()
	got, ok := c.Get(token)
	if ok != (want != "") || got != want {
		t.Errorf("Get(%.60q): got %q, %t, want %q", token, got, ok, want)
	}
}

func TestGet(t *testing.T) {
	t.Parallel()
	c := tokencache.New[string](100)
	expect(t, c, token(1), "")
	c.Put(token(1), "one")
	c.Put(token(2), "two")
	expect(t, c, token(1), "one")
	expect(t, c, token(2), "two")
	expect(t, c, token(3), "")
	c.Put(token(1), "another one")
	expect(t, c, token(1), "another one")
	if got := c.Len(); got != 2 {
		t.Errorf("got %d tokens, want 2", got)
	}
}

// Each row has two tokens that a careless lookup takes for one.
func TestTokensDoNotAnswerForEachOther(t *testing.T) {
	t.Parallel()
	signature := "." + strings.Repeat("s", 342)
	for _, row := range []struct{ name, kept, asked string }{
		{name: "one that shares the signature and the length", kept: "header.payload1" + signature, asked: "header.payload2" + signature},
		{name: "one that shares the signature and is longer", kept: "header.payload" + signature, asked: "header.payload+" + signature},
		{name: "one that shares the signature and is shorter", kept: "header.payload" + signature, asked: "header.payloa" + signature},
		{name: "the signature alone", kept: "header.payload" + signature, asked: signature},
		{name: "one that shares the prefix and the length", kept: "header.payload.signature1", asked: "header.payload.signature2"},
		{name: "one that is the start of the other", kept: "header.payload.signature", asked: "header.payload.signatur"},
		{name: "one that goes on after the other", kept: "header.payload.signature", asked: "header.payload.signature+"},
		{name: "one in other case", kept: "header.payload.signature", asked: "header.payload.Signature"},
		{name: "one with padding", kept: "header.payload.signature", asked: "header.payload.signature="},
		{name: "the empty one", kept: "header.payload.signature"},
		{name: "a short one", kept: "abc", asked: "bc"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			// One shard, so that both tokens are looked for in the same place.
			c := tokencache.New[string](10)
			c.Put(row.kept, "kept")
			expect(t, c, row.asked, "")
			expect(t, c, row.kept, "kept")
			c.Put(row.asked, "asked")
			expect(t, c, row.asked, "asked")
			if got, ok := c.Get(row.kept); ok && got != "kept" {
				t.Errorf("got %q for the first token", got)
			}
		})
	}
}

func TestSizeHolds(t *testing.T) {
	t.Parallel()
	for _, size := range []int{1, 2, 10, 63, 64, 127, 128, 129, 1_000, 1_023, 1_024, 2_000} {
		t.Run(fmt.Sprintf("%d tokens are the most that are kept", size), func(t *testing.T) {
			t.Parallel()
			c := tokencache.New[string](size)
			for n := range 10 * size {
				c.Put(token(n), "v")
				if got := c.Len(); got > size {
					t.Fatalf("got %d tokens after %d", got, n+1)
				}
			}
			if got := c.Len(); got != size {
				t.Errorf("got %d tokens after many more, want %d", got, size)
			}
			expect(t, c, token(10*size-1), "v")
		})
	}
	for _, size := range []int{0, -1} {
		t.Run(fmt.Sprintf("%d keeps none", size), func(t *testing.T) {
			t.Parallel()
			c := tokencache.New[string](size)
			c.Put(token(1), "v")
			expect(t, c, token(1), "")
			if got := c.Len(); got != 0 {
				t.Errorf("got %d tokens, want none", got)
			}
		})
	}
}

func TestATokenTakesTheRoomOfOneOther(t *testing.T) {
	t.Parallel()
	const size = 50 // in one shard
	c := tokencache.New[string](size)
	for n := range size {
		c.Put(token(n), "v")
	}
	c.Put(token(1), "again") // takes no room
	expect(t, c, token(1), "again")
	if got := count(c, size); got != size {
		t.Errorf("got %d tokens after one was put again, want %d", got, size)
	}
	for n := size; n < 2*size; n++ {
		c.Put(token(n), "v")
		expect(t, c, token(n), "v")
		if got := count(c, n+1); got != size {
			t.Errorf("got %d tokens after %d, want %d", got, n+1, size)
		}
	}
}

// count asks for the first n tokens.
func count(c *tokencache.Cache[string], n int) int {
	found := 0
	for i := range n {
		if _, ok := c.Get(token(i)); ok {
			found++
		}
	}
	return found
}

// When there are more tokens in use than there is room for, those for which there
// is room are known.
func TestMostAreKnownWhenAFewAreTooMany(t *testing.T) {
	t.Parallel()
	const size, used, rounds = 1_000, 1_100, 20
	c := tokencache.New[string](size)
	found := 0
	for range rounds {
		for n := range used {
			if _, ok := c.Get(token(n)); ok {
				found++
			} else {
				c.Put(token(n), "v")
			}
		}
	}
	if found < used*rounds/2 {
		t.Errorf("got %d of %d known", found, used*rounds)
	}
}

// A token that shares the end of another takes its place, and no more room.
func TestSharedEndTakesNoRoom(t *testing.T) {
	t.Parallel()
	c := tokencache.New[string](10)
	for n := range 1_000 {
		c.Put(fmt.Sprintf("payload%d.%043d", n, 0), "v")
	}
	if got := c.Len(); got != 1 {
		t.Errorf("got %d tokens, want 1", got)
	}
	for n := range 1_000 {
		c.Put(token(n), "v")
	}
	if got := c.Len(); got != 10 {
		t.Errorf("got %d tokens, want 10", got)
	}
}

func TestSizeHoldsUnderConcurrentPuts(t *testing.T) {
	t.Parallel()
	const size = 1_000
	c := tokencache.New[string](size)
	var workers sync.WaitGroup
	for worker := range 4 {
		workers.Go(func() {
			for n := worker; n < 40_000; n += 4 {
				c.Put(token(n), "v")
				if n%101 == 0 && c.Len() > size {
					t.Errorf("got %d tokens after about %d", c.Len(), n)
				}
			}
		})
	}
	workers.Wait()
	if got := c.Len(); got != size {
		t.Errorf("got %d tokens, want %d", got, size)
	}
}

func TestNoGoroutine(t *testing.T) {
	before := runtime.NumGoroutine()
	for range 10 {
		c := tokencache.New[string](10_000)
		c.Put(token(1), "v")
	}
	if after := runtime.NumGoroutine(); after > before {
		t.Errorf("got %d goroutines more", after-before)
	}
}

// For the race detector: readers and writers of tokens that come and go.
func TestConcurrentUse(t *testing.T) {
	t.Parallel()
	c := tokencache.New[string](100)
	var workers sync.WaitGroup
	for range 8 {
		workers.Go(func() {
			for n := range 5_000 {
				text := token(n % 300)
				if got, ok := c.Get(text); ok && got != text {
					t.Errorf("got the value of %q for %q", got, text)
				}
				c.Put(text, text)
			}
		})
	}
	workers.Wait()
}
