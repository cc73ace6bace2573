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
			{"the first", func() {}, "a", 1},
			{"the second", func() {}, "a", 0},
			{"one too many", func() {}, "a", -1},
			{"another key has its own", func() {}, "b", 1},
			{"what is taken back does not count", func() { l.Undo("b") }, "b", 1},
			{"more than all is not taken back", func() { l.Undo("b"); l.Undo("b"); l.Undo("b") }, "b", 1},
			{"within the minute", func() { time.Sleep(time.Minute - 1) }, "a", -2},
			{"after it", func() { time.Sleep(time.Nanosecond) }, "a", 1},
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

// Otherwise a flood of made-up names would free everybody from the limit, or
// fill the memory.
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
