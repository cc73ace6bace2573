// Package valkeystate is a [sessionstate.Log] in a stream of Valkey or Redis (6.2 or
// later), so that all instances of an app know which sessions have ended.
//
// # The server
//
// One server, or a primary with replicas behind one address; no Redis Cluster and no
// Sentinel. Set it up so that it neither drops nor forgets the stream:
//
//	maxmemory-policy noeviction
//	appendonly yes
//
// and give the app a user of its own, which can do nothing else:
//
//	user authrocket on >PASSWORD resetkeys ~authrocket:ended resetchannels -@all +xadd +xread +xrange +xtrim
//
// It sends HELLO, which needs no permission, XADD, XREAD, XRANGE and XTRIM; and SELECT, which
// needs +select, for a database other than 0. A server that caches other data and
// evicts some of it does not fit; this one can be small.
//
// Whoever can write the stream can sign users out. Whoever can delete entries can make a
// session go on that has ended, until each instance adds again what it knows.
//
// # The stream
//
// Each entry has the fields session, user, before, until and suspect: the SHA-256 of the
// session ID as 32 bytes, or nothing; the ID of the user, or nothing; two times in Unix
// milliseconds, the first or nothing; 0 or 1. Entries that are older than 7 days and 5
// minutes, by the clock of the server, are removed when one is added.
package valkeystate

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/authrocket-go/authrocket/sessionstate"
	"github.com/valkey-io/valkey-go"
)

const (
	block       = 5 * time.Second // how long After waits for something to come
	afterLimit  = block + answerTime
	appendLimit = 5 * time.Second

	// hold is the longest time for which an entry counts.
	hold = 7*24*time.Hour + 5*time.Minute

	maxRead = 1000 // entries in one reply

	beginning = "0-0"
)

// Log is a [sessionstate.Log]. It is safe for concurrent use, and has two connections at
// most: one that waits for entries, and one for the rest.
type Log struct {
	// A function, so that no printer finds the password, or a connection that has sent it.
	open func() *log
}

var _ sessionstate.Log = (*Log)(nil)

type log struct {
	key      string
	password string
	quick    *lane
	waiting  *lane

	mayTrim atomic.Bool // the server has taken an XTRIM

	closing context.Context
	close   func()
}

// Open returns the log in the stream that url names:
//
//	redis://user:password@host:6379/0?key=authrocket:ended
//
// rediss and valkeys are for TLS, whose certificate has to be valid by the roots of the
// system (on Linux, SSL_CERT_FILE names others); redis and valkey are for a network that
// you trust. The default port is 6379, the default database 0, and the default key, which is
// the name of the stream, authrocket:ended. Percent-encode special characters in user and
// password. Other parameters are refused.
//
// Open connects to nothing: the server may be down when the app starts. Errors hold no part
// of the URL.
func Open(url string) (*Log, error) {
	s, err := parseURL(url)
	if err != nil {
		return nil, fmt.Errorf("valkeystate: %w", err)
	}
	quick, err := newLane(s)
	if err != nil {
		return nil, fmt.Errorf("valkeystate: %w", err)
	}
	waiting, err := newLane(s)
	if err != nil {
		return nil, fmt.Errorf("valkeystate: %w", err)
	}
	l := &log{key: s.key, password: s.password, quick: quick, waiting: waiting}
	closing, cancel := context.WithCancel(context.Background())
	l.closing = closing
	l.close = sync.OnceFunc(func() {
		cancel()
		for _, n := range []*lane{l.quick, l.waiting} {
			n.turn <- struct{}{} // what is under way ends; nothing comes after
			n.client.Close()
		}
	})
	return &Log{open: func() *log { return l }}, nil
}

var (
	errClosed    = errors.New("valkeystate: the Log is closed")
	errNotOpened = errors.New("valkeystate: the Log was not made by Open")
)

// Close ends the calls that are under way and closes the connections. Calls that come
// later return an error.
func (l *Log) Close() error {
	if l.open == nil {
		return errNotOpened
	}
	l.open().close()
	return nil
}

// Append adds e at the end, and removes entries that nobody needs any more. It takes 5
// seconds at most. What is no entry by the comments of [sessionstate.Ended] is not added,
// and the error matches [sessionstate.ErrBadEntry]. After a broken connection e may be in
// the log twice.
func (l *Log) Append(ctx context.Context, e sessionstate.Ended) error {
	if l.open == nil {
		return errNotOpened
	}
	return l.open().append(ctx, e)
}

// After returns what is behind position; see [sessionstate.Log]. It returns 1000 entries
// at most; fewer than that or max are all that there are, unless the error matches
// [sessionstate.ErrBadEntry]. After [sessionstate.ErrLogRestarted] next is "", the beginning; after other
// errors but [sessionstate.ErrBadEntry] it is position.
func (l *Log) After(ctx context.Context, position string, max int) (entries []sessionstate.Ended, next string, err error) {
	if l.open == nil {
		return nil, position, errNotOpened
	}
	return l.open().after(ctx, position, max)
}

func (l *log) append(ctx context.Context, e sessionstate.Ended) error {
	values, err := encode(e)
	if err != nil {
		return fmt.Errorf("valkeystate: the entry is not added: %w: %w", sessionstate.ErrBadEntry, err)
	}
	ctx, end := l.begin(ctx, appendLimit)
	defer end()
	if !l.mayTrim.Load() {
		// Tried before anything is added: a log that is never trimmed fills the server.
		if _, err := l.run(ctx, "XTRIM", l.trim(beginning)); err != nil {
			return err
		}
		l.mayTrim.Store(true)
	}
	result, err := l.run(ctx, "XADD", func(b valkey.Builder) valkey.Completed {
		command := b.Xadd().Key(l.key).Id("*").FieldValue()
		for _, name := range fields {
			command = command.FieldValue(name, values[name])
		}
		return command.Build()
	})
	if err != nil {
		return err
	}
	id, err := result.ToString()
	if err != nil || !isID(id) {
		return fmt.Errorf("valkeystate: XADD: %w", errNotValkey)
	}
	// By the clock of the server: a wrong clock here would remove what others need.
	// What fails is done by the next Append.
	l.run(ctx, "XTRIM", l.trim(oldest(id)))
	return nil
}

func (l *log) trim(minID string) func(valkey.Builder) valkey.Completed {
	return func(b valkey.Builder) valkey.Completed {
		return b.Xtrim().Key(l.key).Minid().Threshold(minID).Build()
	}
}

func (l *log) after(ctx context.Context, position string, max int) ([]sessionstate.Ended, string, error) {
	if max < 1 {
		return nil, position, errors.New("valkeystate: max is less than 1")
	}
	if position != "" && !isID(position) {
		return nil, position, errors.New("valkeystate: the position is not one that After has returned")
	}
	waitEnd := time.Now().Add(block)
	ctx, end := l.begin(ctx, afterLimit)
	defer end()
	entries, next, err := l.read(ctx, position, max)
	if position == "" || next != position || err != nil {
		return entries, next, err
	}
	if err := l.wait(ctx, position, waitEnd); err != nil {
		return nil, position, err
	}
	return l.read(ctx, position, max)
}

// read returns what is behind position now. It reads the entry at position, too, in the
// same command: a log that was made anew in between would have entries, but not those that
// came before them.
func (l *log) read(ctx context.Context, position string, max int) ([]sessionstate.Ended, string, error) {
	start, count := "-", min(max, maxRead)
	isChecked := position != "" && position != beginning
	if isChecked {
		start, count = position, count+1
	}
	var bad error
	found, err := l.xrange(ctx, start, count)
	if errors.Is(err, errTooLarge) && count > 2 {
		// Entries that no State wrote are large. One by one, they can be left out.
		bad = fmt.Errorf("valkeystate: %w: among the next is one with very many fields", sessionstate.ErrBadEntry)
		found, err = l.xrange(ctx, start, 2)
	}
	if err != nil {
		return nil, position, err
	}
	if isChecked {
		if len(found) == 0 || found[0].ID != position {
			return nil, "", fmt.Errorf("valkeystate: %w", sessionstate.ErrLogRestarted)
		}
		found = found[1:]
	}
	next := position
	if next == "" {
		next = beginning
	}
	var entries []sessionstate.Ended
	for _, entry := range found {
		if !isID(entry.ID) {
			return nil, position, fmt.Errorf("valkeystate: XRANGE: %w", errNotValkey)
		}
		e, err := decode(entry.FieldValues)
		if err == nil {
			entries = append(entries, e)
		} else if bad == nil {
			bad = fmt.Errorf("valkeystate: %w: %s: %w", sessionstate.ErrBadEntry, entry.ID, err)
		}
		next = entry.ID
	}
	return entries, next, bad
}

func (l *log) xrange(ctx context.Context, start string, count int) ([]valkey.XRangeEntry, error) {
	result, err := l.run(ctx, "XRANGE", func(b valkey.Builder) valkey.Completed {
		return b.Xrange().Key(l.key).Start(start).End("+").Count(int64(count)).Build()
	})
	if err != nil {
		return nil, err
	}
	found, err := result.AsXRange()
	if err != nil {
		return nil, fmt.Errorf("valkeystate: XRANGE: %w", errNotValkey)
	}
	return found, nil
}

// wait returns when something is behind position, and at end.
func (l *log) wait(ctx context.Context, position string, end time.Time) error {
	turn, cancel := context.WithDeadline(ctx, end)
	defer cancel()
	if l.waiting.lock(turn) != nil {
		return l.explain(ctx, "XREAD", ctx.Err()) // nil: another After has waited
	}
	defer l.waiting.unlock()
	left := time.Until(end).Milliseconds()
	if left < 1 { // BLOCK 0 has no end
		return nil
	}
	err := l.waiting.do(ctx, func(b valkey.Builder) valkey.Completed {
		return b.Xread().Count(1).Block(left).Streams().Key(l.key).Id(position).Build()
	}).Error()
	if valkey.IsValkeyNil(err) {
		return nil
	}
	return l.explain(ctx, "XREAD", err)
}

// begin returns a context that also ends after limit, and when the Log is closed.
func (l *log) begin(ctx context.Context, limit time.Duration) (context.Context, func()) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	stop := context.AfterFunc(l.closing, cancel)
	return ctx, func() {
		stop()
		cancel()
	}
}

func (l *log) run(ctx context.Context, name string, command func(valkey.Builder) valkey.Completed) (valkey.ValkeyResult, error) {
	if err := l.quick.lock(ctx); err != nil {
		return valkey.ValkeyResult{}, l.explain(ctx, name, err)
	}
	defer l.quick.unlock()
	result := l.quick.do(ctx, command)
	return result, l.explain(ctx, name, result.Error())
}

// explain says what was tried. What the server says is quoted and cut, since anything may
// speak there; and left out where it repeats the password, as servers do that do not know
// the command which has it.
func (l *log) explain(ctx context.Context, name string, err error) error {
	if err == nil {
		return nil
	}
	if l.closing.Err() != nil {
		return errClosed
	}
	if ctx.Err() != nil {
		err = ctx.Err() // what it broke says less
	}
	if _, ok := valkey.IsValkeyErr(err); ok {
		answer := err.Error()
		if l.password != "" && strings.Contains(answer, l.password) {
			return fmt.Errorf("valkeystate: %s: the server refused it, with words that repeat the password", name)
		}
		return fmt.Errorf("valkeystate: %s: the server answered %.200q", name, answer)
	}
	if errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("valkeystate: %s: the server did not answer in time: %w", name, err)
	}
	return fmt.Errorf("valkeystate: %s: %w", name, err)
}

// isID reports whether id is that of an entry, such as 1735689600000-0.
func isID(id string) bool {
	ms, sequence, ok := strings.Cut(id, "-")
	return ok && isNumber(ms) && isNumber(sequence)
}

func isNumber(s string) bool {
	_, err := strconv.ParseUint(s, 10, 64)
	return err == nil
}

// oldest returns the ID of the oldest entry that can still count when id is new.
func oldest(id string) string {
	text, _, _ := strings.Cut(id, "-")
	ms, _ := strconv.ParseUint(text, 10, 64)
	return strconv.FormatUint(ms-min(ms, uint64(hold.Milliseconds())), 10) + "-0"
}
