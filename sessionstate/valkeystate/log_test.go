package valkeystate_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/authrocket-go/authrocket/sessionstate"
	"github.com/authrocket-go/authrocket/sessionstate/valkeystate"
)

func TestEntriesComeBackAsTheyWereAdded(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	log := openLog(t, s.url())
	want := []sessionstate.Ended{
		session(1),
		{Session: session(2).Session, Until: until},
		{Session: session(3).Session, UserID: "usr_1", Until: until, Suspect: true},
		{UserID: "usr_" + strings.Repeat("aZ09", 16), Before: time.Unix(1_735_689_600, 0), Until: until},
	}
	add(t, log, want...)
	entries, position, err := log.After(t.Context(), "", 100)
	if err != nil {
		t.Fatal(err)
	}
	expectEntries(t, entries, want...)

	t.Run("the last position is behind all of them", func(t *testing.T) {
		entries, next, err := log.After(t.Context(), position, 100)
		if len(entries) != 0 || next != position || err != nil {
			t.Errorf("got %v, %q, %v", entries, next, err)
		}
	})
	t.Run("in pieces", func(t *testing.T) {
		var entries []sessionstate.Ended
		for position := ""; len(entries) < len(want); {
			some, next, err := log.After(t.Context(), position, 1)
			if len(some) != 1 || err != nil {
				t.Fatalf("got %v, %v", some, err)
			}
			entries, position = append(entries, some...), next
		}
		expectEntries(t, entries, want...)
	})
}

func TestWhatIsNoEntryIsNotAdded(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	log := openLog(t, s.url())
	before := time.Unix(1_735_689_600, 0)
	for name, e := range map[string]sessionstate.Ended{
		"the zero entry":            {},
		"without until":             {Session: session(1).Session},
		"until in another age":      {Session: session(1).Session, Until: time.Date(2300, 1, 1, 0, 0, 0, 0, time.UTC)},
		"a session and before":      {Session: session(1).Session, Before: before, Until: until},
		"a user without before":     {UserID: "usr_1", Until: until},
		"before without a user":     {Before: before, Until: until},
		"a user who is suspect":     {UserID: "usr_1", Before: before, Until: until, Suspect: true},
		"another kind of ID":        {UserID: "org_1", Before: before, Until: until},
		"a user ID that is longer":  {UserID: "usr_" + strings.Repeat("a", 65), Before: before, Until: until},
		"a user ID with characters": {UserID: "usr_a\r\nb", Before: before, Until: until},
	} {
		t.Run(name, func(t *testing.T) {
			if err := log.Append(t.Context(), e); !errors.Is(err, sessionstate.ErrBadEntry) {
				t.Errorf("got %v, want ErrBadEntry", err)
			}
		})
	}
	length := s.do(t, "XLEN", key)
	if n, err := length.ToInt64(); n != 0 || err != nil {
		t.Errorf("%d entries were added: %v", n, err)
	}
}

// Anyone who can write the stream can write any data.
func TestEntriesThatNoStateWroteAreLeftOut(t *testing.T) {
	t.Parallel()
	one := session(1)
	hash := string(one.Session[:])
	s := newServer(t)
	fields := func(values ...string) []string {
		var all []string
		for i, name := range []string{"session", "user", "before", "until", "suspect"} {
			all = append(all, name, values[i])
		}
		return all
	}
	good := fields(hash, "usr_1", "", "1735689600000", "0")
	many := []string{}
	for i := range 3000 {
		many = append(many, fmt.Sprint("field", i), strings.Repeat("x", 100))
	}
	rows := map[string][]string{
		"another field":                      append([]string{"more", "1"}, good...),
		"a field is missing":                 good[2:],
		"a field has another name":           append([]string{"session", hash, "User"}, good[3:]...),
		"something else":                     {"a", "b"},
		"nothing":                            fields("", "", "", "", ""),
		"neither session nor user":           fields("", "", "", "1735689600000", "0"),
		"a session of 31 bytes":              fields(hash[:31], "", "", "1735689600000", "0"),
		"a session of 33 bytes":              fields(hash+"x", "", "", "1735689600000", "0"),
		"a session in hexadecimal":           fields(fmt.Sprintf("%x", hash), "", "", "1735689600000", "0"),
		"a session of zeros":                 fields(string(make([]byte, 32)), "", "", "1735689600000", "0"),
		"a session and before":               fields(hash, "usr_1", "1735689600000", "1735689600000", "0"),
		"a user without before":              fields("", "usr_1", "", "1735689600000", "0"),
		"a user who is suspect":              fields("", "usr_1", "1735689600000", "1735689600000", "1"),
		"another kind of ID":                 fields(hash, "org_1", "", "1735689600000", "0"),
		"the prefix alone":                   fields(hash, "usr_", "", "1735689600000", "0"),
		"a user ID of 65 characters":         fields(hash, "usr_"+strings.Repeat("a", 65), "", "1735689600000", "0"),
		"a user ID with another character":   fields(hash, "usr_a-b", "", "1735689600000", "0"),
		"a user ID with a letter of Unicode": fields(hash, "usr_ä", "", "1735689600000", "0"),
		"without until":                      fields(hash, "", "", "", "0"),
		"until in seconds":                   fields(hash, "", "", "1735689600", "0"),
		"until in microseconds":              fields(hash, "", "", "1735689600000000", "0"),
		"until with a sign":                  fields(hash, "", "", "+173568960000", "0"),
		"until with leading zeros":           fields(hash, "", "", "0735689600000", "0"),
		"until is no number":                 fields(hash, "", "", "1735689600e10", "0"),
		"before is no number":                fields("", "usr_1", "173568960000x", "1735689600000", "0"),
		"suspect is something else":          fields(hash, "", "", "1735689600000", "true"),
		"suspect is empty":                   fields(hash, "", "", "1735689600000", ""),
		"more than a reply may take":         fields(hash, strings.Repeat("x", 5<<20), "", "1735689600000", "0"),
		"many fields":                        many,
	}
	for name, entry := range rows {
		t.Run(name, func(t *testing.T) {
			key := name
			log := openLog(t, s.url()+"?key="+url.QueryEscape(key))
			add(t, log, session(1))
			_, position := readAll(t, log)
			for range 2 {
				s.do(t, append([]string{"XADD", key, "*"}, entry...)...)
			}
			add(t, log, session(2))

			entries, next, err := log.After(t.Context(), position, 100)
			if !errors.Is(err, sessionstate.ErrBadEntry) {
				t.Errorf("got %v, want ErrBadEntry", err)
			}
			expectEntries(t, entries, session(2))
			if strings.Contains(fmt.Sprint(err), "usr_") || strings.Contains(fmt.Sprint(err), hash) {
				t.Errorf("a value is in %q", err)
			}
			// It is left out once.
			add(t, log, session(3))
			if entries, _, err = log.After(t.Context(), next, 100); err != nil {
				t.Error(err)
			}
			expectEntries(t, entries, session(3))
		})
	}
	t.Run("the one that the rows change is read", func(t *testing.T) {
		s.do(t, append([]string{"XADD", key, "*"}, good...)...)
		entries, _ := readAll(t, openLog(t, s.url()))
		expectEntries(t, entries, sessionstate.Ended{Session: one.Session, UserID: "usr_1", Until: time.UnixMilli(1735689600000)})
	})
}

// Together, these entries are larger than a reply may be.
func TestLargeEntriesAreLeftOutOneByOne(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	log := openLog(t, s.url())
	add(t, log, session(1))
	entry := []string{"XADD", key, "*"}
	for i := range 230 {
		entry = append(entry, fmt.Sprint(i), strings.Repeat("x", 1000))
	}
	for range 10 {
		s.do(t, entry...)
	}
	add(t, log, session(2))
	var all []sessionstate.Ended
	for position := ""; ; {
		entries, next, err := log.After(t.Context(), position, 100)
		all = append(all, entries...)
		if err != nil && (!errors.Is(err, sessionstate.ErrBadEntry) || next == position) {
			t.Fatalf("got %q, %v", next, err)
		}
		position = next
		if err == nil { // these are all entries
			break
		}
	}
	expectEntries(t, all, session(1), session(2))
}

func TestEmptyLog(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	log := openLog(t, s.url())
	for _, position := range []string{"", "0-0"} {
		entries, next, err := log.After(t.Context(), position, 100)
		if len(entries) != 0 || next != "0-0" || err != nil {
			t.Errorf("After(%q): got %v, %q, %v", position, entries, next, err)
		}
	}
	add(t, log, session(1))
	entries, _, err := log.After(t.Context(), "0-0", 100)
	if err != nil {
		t.Error(err)
	}
	expectEntries(t, entries, session(1))
	s.do(t, "DEL", key)
	if entries, next, err := log.After(t.Context(), "0-0", 100); len(entries) != 0 || next != "0-0" || err != nil {
		t.Errorf("emptied: got %v, %q, %v", entries, next, err)
	}
}

func TestAfterWaits(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	log := openLog(t, s.url())
	other := openLog(t, s.url())
	position := "0-0"
	for i := range 3 {
		after := follow(log, position)
		s.waitForReader(t)
		add(t, other, session(i))
		got := <-after
		if got.err != nil {
			t.Fatal(got.err)
		}
		expectEntries(t, got.entries, session(i))
		position = got.next
	}
}

type read struct {
	entries []sessionstate.Ended
	next    string
	err     error
}

// follow calls After in a goroutine.
func follow(log sessionstate.Log, position string) <-chan read {
	result := make(chan read, 1)
	go func() {
		var r read
		r.entries, r.next, r.err = log.After(context.Background(), position, 100)
		result <- r
	}()
	return result
}

// A call that waits delays neither another waiting call nor one that does not wait.
func TestCallsAtOnce(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	log := openLog(t, s.url())
	add(t, log, session(0))
	_, position := readAll(t, log)
	waiting := []<-chan read{follow(log, position), follow(log, position), follow(log, position)}
	s.waitForReader(t)
	readAll(t, log)
	add(t, log, session(1))
	for _, result := range waiting {
		got := <-result
		if got.err != nil {
			t.Fatal(got.err)
		}
		expectEntries(t, got.entries, session(1))
	}

	var writers sync.WaitGroup
	for i := range 50 {
		writers.Go(func() {
			if err := log.Append(t.Context(), session(2+i)); err != nil {
				t.Error(err)
			}
		})
	}
	writers.Wait()
	if all, _ := readAll(t, log); len(all) != 52 {
		t.Errorf("got %d entries, want 52", len(all))
	}
}

// The server answers every call at once, except the one that waits. A call that waits for
// the connection of that one returns no error.
func TestCallThatHangsHoldsUpNoOther(t *testing.T) {
	t.Parallel()
	var c connected
	asked := make(chan struct{}, 2)
	c.onRead = func() { asked <- struct{}{} }
	log := openLog(t, newFake(t, c.answer).url())
	hanging := follow(log, "0-0")
	<-asked
	if got := <-follow(log, "0-0"); got.next != "0-0" || got.err != nil {
		t.Errorf("got %q, %v", got.next, got.err)
	}
	if got := <-hanging; !errors.Is(got.err, context.DeadlineExceeded) {
		t.Errorf("the one that hangs: got %v", got.err)
	}
}

func TestTwoLogsOfOneStreamHaveOneOrder(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	first, second := openLog(t, s.url()), openLog(t, s.url())
	var writers sync.WaitGroup
	for i, log := range []*valkeystate.Log{first, second} {
		writers.Go(func() {
			for n := range 200 {
				if err := log.Append(t.Context(), session(1000*i+n)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	writers.Wait()
	a, aEnd := readAll(t, first)
	b, bEnd := readAll(t, second)
	if len(a) != 400 || aEnd != bEnd {
		t.Errorf("got %d entries until %s, and until %s", len(a), aEnd, bEnd)
	}
	expectEntries(t, a, b...)
}

func TestContextEndsACall(t *testing.T) {
	t.Parallel()
	t.Run("After, which waits", func(t *testing.T) {
		t.Parallel()
		s := newServer(t)
		log := openLog(t, s.url())
		ctx, cancel := context.WithCancel(t.Context())
		result := make(chan error, 1)
		go func() {
			_, _, err := log.After(ctx, "0-0", 100)
			result <- err
		}()
		s.waitForReader(t)
		start := time.Now()
		cancel()
		if err := <-result; !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want context.Canceled", err)
		}
		if took := time.Since(start); took > 3*time.Second {
			t.Errorf("it took %s, as long as After waits", took)
		}
		add(t, log, session(1)) // the next call is not affected
		if entries, _ := readAll(t, log); len(entries) != 1 {
			t.Errorf("got %v", entries)
		}
	})
	t.Run("Append, of a server that does not answer", func(t *testing.T) {
		t.Parallel()
		asked := make(chan struct{}, 10)
		silent := newFake(t, func(conn net.Conn) {
			conn.Read(make([]byte, 1))
			asked <- struct{}{}
			for {
				if _, err := conn.Read(make([]byte, 100)); err != nil {
					return
				}
			}
		})
		log := openLog(t, silent.url())
		ctx, cancel := context.WithCancel(t.Context())
		result := make(chan error, 1)
		go func() { result <- log.Append(ctx, session(1)) }()
		<-asked
		cancel()
		if err := <-result; !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want context.Canceled", err)
		}
	})
	t.Run("a call that begins with an ended one", func(t *testing.T) {
		t.Parallel()
		log := openLog(t, newServer(t).url())
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := log.Append(ctx, session(1)); !errors.Is(err, context.Canceled) {
			t.Errorf("Append: got %v, want context.Canceled", err)
		}
		if _, _, err := log.After(ctx, "", 1); !errors.Is(err, context.Canceled) {
			t.Errorf("After: got %v, want context.Canceled", err)
		}
	})
}

func TestClose(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	log := openLog(t, s.url())
	after := follow(log, "0-0")
	s.waitForReader(t)
	start := time.Now()
	for range 2 {
		if err := log.Close(); err != nil {
			t.Error(err)
		}
	}
	if took := time.Since(start); took > 3*time.Second {
		t.Errorf("Close took %s, as long as After waits", took)
	}
	if got := <-after; got.err == nil || !strings.Contains(got.err.Error(), "closed") {
		t.Errorf("After, which waited: got %v", got.err)
	}
	if err := log.Append(t.Context(), session(1)); err == nil || !strings.Contains(err.Error(), "closed") {
		t.Errorf("Append: got %v", err)
	}
	if _, _, err := log.After(t.Context(), "", 1); err == nil || !strings.Contains(err.Error(), "closed") {
		t.Errorf("After: got %v", err)
	}
}

func TestZeroLog(t *testing.T) {
	t.Parallel()
	var log valkeystate.Log
	if err := log.Append(t.Context(), session(1)); err == nil {
		t.Error("Append: no error")
	}
	if _, _, err := log.After(t.Context(), "", 1); err == nil {
		t.Error("After: no error")
	}
	if err := log.Close(); err == nil {
		t.Error("Close: no error")
	}
}

func TestArgumentsThatAfterRefuses(t *testing.T) {
	t.Parallel()
	log := openLog(t, "redis://127.0.0.1:1")
	for _, position := range []string{"$", "+", "-", "0", "1-", "-1", "1-2-3", "a-b", "1-18446744073709551616"} {
		if _, next, err := log.After(t.Context(), position, 1); err == nil || !strings.Contains(err.Error(), "position") || next != position {
			t.Errorf("position %q: got %q, %v", position, next, err)
		}
	}
	if _, _, err := log.After(t.Context(), "", 0); err == nil || !strings.Contains(err.Error(), "max") {
		t.Errorf("max 0: got %v", err)
	}
}

func TestOldEntriesAreRemoved(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		age  time.Duration // at the server, when another entry is added
		kept bool
	}{
		"after 7 days":                {age: 7 * 24 * time.Hour, kept: true},
		"after 7 days and 6 minutes":  {age: 7*24*time.Hour + 6*time.Minute, kept: false},
		"a clock is 25 hours ahead":   {age: 25 * time.Hour, kept: true},
		"after a month":               {age: 30 * 24 * time.Hour, kept: false},
		"at a server of another time": {age: 100 * 365 * 24 * time.Hour, kept: false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t)
			log := openLog(t, s.url())
			add(t, log, session(1), session(2))
			// A server's next ID never comes before its last, so this acts like a later
			// clock.
			s.do(t, "XADD", key, fmt.Sprintf("%d-0", time.Now().Add(row.age).UnixMilli()), "a", "b")
			s.do(t, "XDEL", key, fmt.Sprint(lastID(t, s)))
			add(t, log, session(3))
			want := []sessionstate.Ended{session(3)}
			if row.kept {
				want = []sessionstate.Ended{session(1), session(2), session(3)}
			}
			entries, _ := readAll(t, log)
			expectEntries(t, entries, want...)
		})
	}
}

func lastID(t testing.TB, s *server) string {
	t.Helper()
	answer := s.do(t, "XREVRANGE", key, "+", "-", "COUNT", "1")
	found, err := answer.AsXRange()
	if err != nil || len(found) != 1 {
		t.Fatalf("got %v, %v", found, err)
	}
	return found[0].ID
}
