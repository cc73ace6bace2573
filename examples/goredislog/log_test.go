package goredislog_test

import (
	"bufio"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/authrocket-go/authrocket/examples/goredislog"
	"github.com/authrocket-go/authrocket/sessionstate"
	"github.com/authrocket-go/authrocket/sessionstate/valkeystate"
	"github.com/redis/go-redis/v9"
)

const key = "authrocket:ended"

var (
	until   = time.UnixMilli(time.Now().Add(24 * time.Hour).UnixMilli())
	session = sessionstate.Ended{Session: sha256.Sum256([]byte("kss_1")), UserID: "usr_1", Until: until}
	suspect = sessionstate.Ended{Session: sha256.Sum256([]byte("kss_2")), Until: until, Suspect: true}
	user    = sessionstate.Ended{UserID: "usr_2", Before: time.Unix(1_735_689_600, 0), Until: until}
)

// newServer starts a redis-server that ends with the test.
func newServer(t *testing.T) (address string, process *exec.Cmd) {
	t.Helper()
	path, err := exec.LookPath("redis-server")
	switch {
	case err == nil:
	case os.Getenv("REQUIRE_PROGRAMS") == "1":
		t.Fatal("there is no redis-server: install Debian's package of that name")
	default:
		t.Skip("there is no redis-server: install Debian's package of that name")
	}
	port := 0
	for port == 0 {
		try := 30000 + rand.IntN(2000) // below those that the system gives to connections
		if listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", try)); err == nil {
			listener.Close()
			port = try
		}
	}
	cmd := exec.Command(path, "--port", fmt.Sprint(port), "--bind", "127.0.0.1", "--dir", t.TempDir(), "--save", "")
	output, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait() // killed
	})
	for lines := bufio.NewScanner(output); lines.Scan(); {
		if strings.Contains(lines.Text(), "Ready to accept connections") {
			return fmt.Sprintf("127.0.0.1:%d", port), cmd
		}
	}
	t.Fatal("redis-server does not start")
	return "", nil
}

func newLog(t *testing.T, address string) goredislog.Log {
	t.Helper()
	client := redis.NewClient(&redis.Options{Addr: address, ContextTimeoutEnabled: true})
	t.Cleanup(func() { client.Close() })
	return goredislog.Log{Client: client, Key: key}
}

func expect(t *testing.T, got []sessionstate.Ended, want ...sessionstate.Ended) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("got %v, want %v", got, want)
	}
	for i, e := range got {
		if w := want[i]; e.Session != w.Session || e.UserID != w.UserID || !e.Before.Equal(w.Before) || !e.Until.Equal(w.Until) || e.Suspect != w.Suspect {
			t.Errorf("got %v, want %v", e, w)
		}
	}
}

func TestOneStreamForBothPackages(t *testing.T) {
	t.Parallel()
	address, _ := newServer(t)
	here := newLog(t, address)
	there, err := valkeystate.Open("redis://" + address)
	if err != nil {
		t.Fatal(err)
	}
	defer there.Close()

	all := []sessionstate.Ended{session, suspect, user}
	position := "0-0"
	for writer, reader := range map[sessionstate.Log]sessionstate.Log{here: there, there: here} {
		for _, e := range all {
			if err := writer.Append(t.Context(), e); err != nil {
				t.Fatal(err)
			}
		}
		entries, next, err := reader.After(t.Context(), position, 100)
		if err != nil {
			t.Fatal(err)
		}
		expect(t, entries, all...)
		position = next
	}

	// A reader that waits sees what comes.
	came := make(chan []sessionstate.Ended)
	go func() {
		entries, _, _ := here.After(context.Background(), position, 100)
		came <- entries
	}()
	for here.Client.Info(t.Context(), "clients").Err() == nil {
		if text := here.Client.Info(t.Context(), "clients").Val(); !strings.Contains(text, "blocked_clients:0") {
			break
		}
	}
	if err := there.Append(t.Context(), user); err != nil {
		t.Fatal(err)
	}
	expect(t, <-came, user)
}

func TestEmptyLog(t *testing.T) {
	t.Parallel()
	address, _ := newServer(t)
	log := newLog(t, address)
	for _, position := range []string{"", "0-0"} {
		if entries, next, err := log.After(t.Context(), position, 100); len(entries) != 0 || next != "0-0" || err != nil {
			t.Errorf("After(%q): got %v, %q, %v", position, entries, next, err)
		}
	}
}

func TestLogIsMadeAnew(t *testing.T) {
	t.Parallel()
	address, _ := newServer(t)
	log := newLog(t, address)
	if err := log.Append(t.Context(), session); err != nil {
		t.Fatal(err)
	}
	_, position, err := log.After(t.Context(), "", 100)
	if err != nil {
		t.Fatal(err)
	}
	log.Client.Del(t.Context(), key)
	// Not in the same millisecond, in which the new entry would have the ID of the old.
	later := fmt.Sprintf("%d-0", time.Now().Add(time.Second).UnixMilli())
	if err := log.Client.XAdd(t.Context(), &redis.XAddArgs{Stream: key, ID: later, Values: []any{"a", "b"}}).Err(); err != nil {
		t.Fatal(err)
	}
	if _, next, err := log.After(t.Context(), position, 100); !errors.Is(err, sessionstate.ErrLogRestarted) || next != "" {
		t.Errorf("got %q, %v", next, err)
	}
}

func TestOldEntriesAreRemoved(t *testing.T) {
	t.Parallel()
	address, _ := newServer(t)
	log := newLog(t, address)
	if err := log.Append(t.Context(), session); err != nil {
		t.Fatal(err)
	}
	later := fmt.Sprintf("%d-0", time.Now().Add(8*24*time.Hour).UnixMilli())
	if err := log.Client.XAdd(t.Context(), &redis.XAddArgs{Stream: key, ID: later, Values: []any{"a", "b"}}).Err(); err != nil {
		t.Fatal(err)
	}
	if err := log.Append(t.Context(), user); err != nil {
		t.Fatal(err)
	}
	entries, _, err := log.After(t.Context(), "", 100)
	if !errors.Is(err, sessionstate.ErrBadEntry) {
		t.Errorf("got %v", err)
	}
	expect(t, entries, user)
}

func TestEntriesThatNoStateWroteAreLeftOut(t *testing.T) {
	t.Parallel()
	address, _ := newServer(t)
	log := newLog(t, address)
	hash := string(session.Session[:])
	for name, values := range map[string][]any{
		"another field":    {"session", hash, "user", "", "before", "", "until", "1735689600000", "suspect", "0", "more", "1"},
		"another name":     {"Session", hash, "user", "", "before", "", "until", "1735689600000", "suspect", "0"},
		"a short hash":     {"session", hash[1:], "user", "", "before", "", "until", "1735689600000", "suspect", "0"},
		"zeros":            {"session", string(make([]byte, 32)), "user", "", "before", "", "until", "1735689600000", "suspect", "0"},
		"another ID":       {"session", hash, "user", "org_1", "before", "", "until", "1735689600000", "suspect", "0"},
		"a line more":      {"session", hash, "user", "usr_1\n", "before", "", "until", "1735689600000", "suspect", "0"},
		"seconds":          {"session", hash, "user", "", "before", "", "until", "1735689600", "suspect", "0"},
		"no until":         {"session", hash, "user", "", "before", "", "until", "", "suspect", "0"},
		"before":           {"session", hash, "user", "usr_1", "before", "1735689600000", "until", "1735689600000", "suspect", "0"},
		"no before":        {"session", "", "user", "usr_1", "before", "", "until", "1735689600000", "suspect", "0"},
		"no user":          {"session", "", "user", "", "before", "1735689600000", "until", "1735689600000", "suspect", "0"},
		"a suspect user":   {"session", "", "user", "usr_1", "before", "1735689600000", "until", "1735689600000", "suspect", "1"},
		"suspect is a yes": {"session", hash, "user", "", "before", "", "until", "1735689600000", "suspect", "yes"},
	} {
		t.Run(name, func(t *testing.T) {
			log := goredislog.Log{Client: log.Client, Key: name}
			if err := log.Client.XAdd(t.Context(), &redis.XAddArgs{Stream: name, Values: values}).Err(); err != nil {
				t.Fatal(err)
			}
			entries, next, err := log.After(t.Context(), "", 100)
			if len(entries) != 0 || next == "0-0" || !errors.Is(err, sessionstate.ErrBadEntry) {
				t.Errorf("got %v, %q, %v", entries, next, err)
			}
		})
	}
}

func TestServerIsPaused(t *testing.T) {
	t.Parallel()
	address, process := newServer(t)
	log := newLog(t, address)
	if err := log.Append(t.Context(), session); err != nil {
		t.Fatal(err)
	}
	if err := process.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	if _, _, err := log.After(t.Context(), "0-0", 100); err == nil {
		t.Error("no error")
	}
	if took := time.Since(start); took > 10*time.Second {
		t.Errorf("it took %s", took)
	}
}

// An ID that is larger than any time is no error: what is added must not be added again.
func TestAnIDThatIsNoTime(t *testing.T) {
	t.Parallel()
	address, _ := newServer(t)
	log := newLog(t, address)
	if err := log.Client.Do(t.Context(), "XADD", key, "9999999999999999999-1", "a", "b").Err(); err != nil {
		t.Fatal(err)
	}
	if err := log.Append(t.Context(), session); err != nil {
		t.Errorf("got %v for an entry that was added", err)
	}
}
