package valkeystate_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/authrocket-go/authrocket/sessionstate"
)

// mostOfACall is the longest time for a call, according to sessionstate.Log.
const mostOfACall = 10 * time.Second

func TestNothingListensAtTheStart(t *testing.T) {
	t.Parallel()
	s := reserveServer(t)
	log := openLog(t, s.url())
	if err := log.Append(t.Context(), session(1)); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("Append: got %v, want a refused connection", err)
	}
	for _, position := range []string{"", "5-0"} {
		if entries, next, err := log.After(t.Context(), position, 100); entries != nil || next != position || !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("After(%q): got %v, %q, %v, want a refused connection", position, entries, next, err)
		}
	}
	s.start(t)
	add(t, log, session(1))
	entries, _ := readAll(t, log)
	expectEntries(t, entries, session(1))
}

func TestServerIsKilled(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		args []string
		kept bool
	}{
		"and comes back empty":       {},
		"and comes back with a file": {args: []string{"--appendonly", "yes", "--appendfsync", "always"}, kept: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t, row.args...)
			log, writer := openLog(t, s.url()), openLog(t, s.url())
			add(t, writer, session(1))
			_, position := readAll(t, log)
			after := follow(log, position)
			s.waitForReader(t)
			s.kill(t)
			if got := <-after; got.err == nil || errors.Is(got.err, sessionstate.ErrLogRestarted) || got.next != position {
				t.Errorf("After, while it is killed: got %q, %v", got.next, got.err)
			}
			if err := writer.Append(t.Context(), session(2)); err == nil {
				t.Error("Append, while it is down: no error")
			}

			s.start(t)
			// The first call of each Log makes new connections.
			if !row.kept {
				_, next, err := log.After(t.Context(), position, 100)
				expectRestarted(t, next, err)
			}
			add(t, writer, session(2))
			want := []sessionstate.Ended{session(2)}
			if row.kept {
				entries, _, err := log.After(t.Context(), position, 100)
				if err != nil {
					t.Error(err)
				}
				expectEntries(t, entries, want...)
				want = []sessionstate.Ended{session(1), session(2)}
			}
			entries, _ := readAll(t, log)
			expectEntries(t, entries, want...)
		})
	}
}

// The connections of both Logs were idle while the server was replaced. No call fails.
func TestIdleConnectionsAreMadeAnew(t *testing.T) {
	t.Parallel()
	s := newServer(t, "--appendonly", "yes", "--appendfsync", "always")
	log := openLog(t, s.url())
	add(t, log, session(1))
	_, position := readAll(t, log)
	s.do(t, "CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
	add(t, log, session(2))
	s.kill(t)
	s.start(t)
	entries, next, err := log.After(t.Context(), position, 100)
	if err != nil {
		t.Fatal(err)
	}
	expectEntries(t, entries, session(2))
	after := follow(log, next) // including one that waits
	s.waitForReader(t)
	add(t, log, session(3))
	expectEntries(t, (<-after).entries, session(3))
}

// laterID returns an ID after the current millisecond, in which a new stream could reuse
// the IDs of the old one.
func laterID() string { return fmt.Sprintf("%d-0", time.Now().Add(time.Second).UnixMilli()) }

func TestLogIsMadeAnew(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*testing.T, *server){
		"by a server whose clock is behind": func(t *testing.T, s *server) {
			s.do(t, "DEL", key)
			s.do(t, "XADD", key, "1-1", "a", "b")
		},
		"with later entries": func(t *testing.T, s *server) {
			s.do(t, "DEL", key)
			s.do(t, "XADD", key, laterID(), "a", "b")
		},
		"and is empty":         func(t *testing.T, s *server) { s.do(t, "DEL", key) },
		"by XTRIM":             func(t *testing.T, s *server) { s.do(t, "XTRIM", key, "MAXLEN", "0") },
		"by FLUSHALL":          func(t *testing.T, s *server) { s.do(t, "FLUSHALL") },
		"as one of other days": func(t *testing.T, s *server) { s.do(t, "XTRIM", key, "MINID", "99999999999999") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t)
			log := openLog(t, s.url())
			add(t, log, session(1))
			_, position := readAll(t, log)
			change(t, s)
			_, next, err := log.After(t.Context(), position, 100)
			expectRestarted(t, next, err)
		})
	}
	t.Run("while After waits", func(t *testing.T) {
		t.Parallel()
		s := newServer(t)
		log := openLog(t, s.url())
		add(t, log, session(1))
		_, position := readAll(t, log)
		after := follow(log, position)
		s.waitForReader(t)
		s.do(t, "DEL", key)
		s.do(t, "XADD", key, laterID(), "a", "b") // wakes the waiting call
		got := <-after
		expectRestarted(t, got.next, got.err)
	})
}

func TestServerEvictsTheStream(t *testing.T) {
	t.Parallel()
	s := newServer(t, "--maxmemory", "4mb", "--maxmemory-policy", "allkeys-lru")
	log := openLog(t, s.url())
	add(t, log, session(1))
	_, position := readAll(t, log)
	for i := 0; ; i++ {
		if answer := s.do(t, "EXISTS", key); answer.IsInt64() {
			if n, _ := answer.ToInt64(); n == 0 {
				break
			}
		}
		for range 20 {
			s.do(t, "SET", fmt.Sprintf("other-%d", i), strings.Repeat("x", 10_000))
			i++
		}
	}
	_, next, err := log.After(t.Context(), position, 100)
	expectRestarted(t, next, err)
}

func TestServerIsFull(t *testing.T) {
	t.Parallel()
	s := newServer(t, "--maxmemory-policy", "noeviction")
	log := openLog(t, s.url())
	add(t, log, session(1))
	s.do(t, "CONFIG", "SET", "maxmemory", "1")
	if err := log.Append(t.Context(), session(2)); err == nil || !strings.Contains(err.Error(), "OOM") {
		t.Errorf("Append: got %v, want what the server says", err)
	}
	entries, position := readAll(t, log)
	expectEntries(t, entries, session(1))
	s.do(t, "CONFIG", "SET", "maxmemory", "0")
	add(t, log, session(2))
	entries, _, err := log.After(t.Context(), position, 100)
	if err != nil {
		t.Error(err)
	}
	expectEntries(t, entries, session(2))
}

// After SIGSTOP, the kernel still accepts connections and bytes, but nothing answers.
func TestServerIsPaused(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	log, other := openLog(t, s.url()), openLog(t, s.url())
	add(t, log, session(1))
	_, position := readAll(t, log)
	after := follow(log, position)
	s.waitForReader(t)
	s.signal(t, syscall.SIGSTOP)
	// other has no connection yet.
	calls := map[string]func() error{
		"Append":                        func() error { return log.Append(t.Context(), session(2)) },
		"After, which waits":            func() error { return (<-after).err },
		"Append on a new connection":    func() error { return other.Append(t.Context(), session(2)) },
		"After on the first connection": func() error { _, _, err := log.After(t.Context(), position, 100); return err },
	}
	results := make(chan string, len(calls))
	for name, call := range calls {
		go func() {
			start := time.Now()
			err := call()
			switch took := time.Since(start); {
			case err == nil || errors.Is(err, sessionstate.ErrLogRestarted):
				results <- fmt.Sprintf("%s: got %v", name, err)
			case took > mostOfACall:
				results <- fmt.Sprintf("%s took %s", name, took)
			default:
				results <- ""
			}
		}()
	}
	for range calls {
		if problem := <-results; problem != "" {
			t.Error(problem)
		}
	}
	s.signal(t, syscall.SIGCONT)
	add(t, log, session(3))
	entries, _, err := log.After(t.Context(), position, 100)
	if err != nil {
		t.Fatal(err)
	}
	// A call that timed out may have added its entry.
	if last := entries[len(entries)-1]; !sameEntry(last, session(3)) {
		t.Errorf("got %v at the end, want the last", last)
	}
}

// The server accepts everything and answers nothing, while many calls run at the same
// time.
func TestCallsEndByThemselves(t *testing.T) {
	t.Parallel()
	for name, call := range map[string]func(context.Context, sessionstate.Log) error{
		"Append": func(ctx context.Context, log sessionstate.Log) error { return log.Append(ctx, session(1)) },
		"After": func(ctx context.Context, log sessionstate.Log) error {
			_, _, err := log.After(ctx, "1-1", 1)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			log := openLog(t, newFake(t, silence).url())
			start := time.Now()
			var calls sync.WaitGroup
			for range 20 {
				calls.Go(func() {
					if err := call(t.Context(), log); err == nil || !strings.Contains(err.Error(), "in time") {
						t.Errorf("got %v", err)
					}
				})
			}
			calls.Wait()
			if took := time.Since(start); took > mostOfACall {
				t.Errorf("it took %s", took)
			}
		})
	}
}
