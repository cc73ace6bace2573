package authrocketdev_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/authrocket-go/authrocket/authrocketdev"
)

func TestLimit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := authrocketdev.NewLimit(2)
		for _, row := range []struct {
			name string
			do   func()
			key  string
			left int
		}{
			{name: "the first", do: func() {}, key: "a", left: 1},
			{name: "the second", do: func() {}, key: "a"},
			{name: "one too many", do: func() {}, key: "a", left: -1},
			{name: "another key has its own", do: func() {}, key: "b", left: 1},
			{name: "what is taken back does not count", do: func() { l.Undo("b") }, key: "b", left: 1},
			{name: "more than all is not taken back", do: func() { l.Undo("b"); l.Undo("b"); l.Undo("b") }, key: "b", left: 1},
			{name: "within the minute", do: func() { time.Sleep(time.Minute - 1) }, key: "a", left: -2},
			{name: "after it", do: func() { time.Sleep(time.Nanosecond) }, key: "a", left: 1},
		} {
			row.do()
			if got := l.Add(row.key); got != row.left {
				t.Errorf("%s: %d are left, want %d", row.name, got, row.left)
			}
		}
	})
}

func TestNoLimit(t *testing.T) {
	t.Parallel()
	l := authrocketdev.NewLimit(-1)
	for range 1_000 {
		if left := l.Add("a"); left <= 0 {
			t.Fatalf("%d are left, want no limit", left)
		}
	}
}

// Otherwise many invented names would remove the limit for everybody, or fill the
// memory.
func TestLimitOfManyKeys(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := authrocketdev.NewLimit(5)
		for i := range 10_000 {
			if left := l.Add(fmt.Sprint(i)); left != 4 {
				t.Fatalf("key %d: %d are left", i, left)
			}
		}
		if left := l.Add("new"); left >= 0 {
			t.Errorf("one more key: %d are left", left)
		}
		if left := l.Add("0"); left != 3 {
			t.Errorf("a key that is counted: %d are left, want 3", left)
		}
		time.Sleep(time.Minute)
		if left := l.Add("new"); left != 4 {
			t.Errorf("a minute later: %d are left, want 4", left)
		}
	})
}
