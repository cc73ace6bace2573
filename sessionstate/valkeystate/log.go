// Package valkeystate implements a [sessionstate.Log] as a stream in Valkey or Redis (6.2
// or later). With it, all instances of an app share the list of ended sessions.
//
// # The server
//
// Use one server, or a primary with replicas behind one address. Redis Cluster and
// Sentinel are not supported. Configure the server so that it neither evicts nor loses
// the stream:
//
//	maxmemory-policy noeviction
//	appendonly yes
//
// Give the app its own user, which has no other permissions:
//
//	user authrocket on >PASSWORD resetkeys ~authrocket:ended resetchannels -@all +xadd +xread +xrange +xtrim
//
// The package sends the commands XADD, XREAD, XRANGE and XTRIM, and HELLO, which needs no
// permission. For a database other than 0 it also sends SELECT, which needs +select. Do
// not use a cache server, because it may evict the stream. A small server is enough.
//
// Anyone who can write to the stream can sign users out. Anyone who can delete an entry
// can make an ended session active again, until an instance adds the entry again.
//
// # The stream
//
// Each entry has these fields:
//
//   - session: the SHA-256 of the session ID as 32 bytes, or empty
//   - user: the ID of the user, or empty
//   - before: a time in Unix milliseconds, or empty
//   - until: a time in Unix milliseconds
//   - suspect: 0 or 1
//
// Each Append removes the entries that are older than 7 days and 5 minutes, according to
// the clock of the server.
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
	block       = 5 * time.Second // how long After waits for a new entry
	afterLimit  = block + answerTime
	appendLimit = 5 * time.Second

	// hold is the longest time for which an entry is valid.
	hold = 7*24*time.Hour + 5*time.Minute

	maxRead = 1000 // entries in one reply

	beginning = "0-0"
)

// Log is a [sessionstate.Log]. It is safe for concurrent use. It uses at most two
// connections. One waits for entries, and the other sends all other commands.
type Log struct {
	// open is a function, so that printing a Log cannot reveal the password or a
	// connection that has sent the password.
	open func() *log
}

var _ sessionstate.Log = (*Log)(nil)

type log struct {
	key      string
	password string
	quick    *lane
	waiting  *lane

	mayTrim atomic.Bool // the server has accepted an XTRIM

	closing context.Context
	close   func()
}

// Open returns the log that is stored in the stream named by url:
//
//	redis://user:password@host:6379/0?key=authrocket:ended
//
// rediss and valkeys use TLS. The server's certificate must be valid according to the
// system's root certificates. On Linux, SSL_CERT_FILE can name other root certificates.
// redis and valkey use no encryption, so use them only on a trusted network.
//
// The default port is 6379, and the default database is 0. The parameter key is the name
// of the stream. Its default is authrocket:ended. Other parameters are refused.
// Percent-encode special characters in user and password.
//
// Open does not connect, so the server may be down when the app starts. The errors of
// Open contain no part of the URL.
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
			n.turn <- struct{}{} // the running call ends, and no further call begins
			n.client.Close()
		}
	})
	return &Log{open: func() *log { return l }}, nil
}

var (
	errClosed    = errors.New("valkeystate: the Log is closed")
	errNotOpened = errors.New("valkeystate: the Log was not made by Open")
)

// Close ends the running calls and closes the connections. Later calls return an error.
func (l *Log) Close() error {
	if l.open == nil {
		return errNotOpened
	}
	l.open().close()
	return nil
}

// Append adds e at the end, and removes entries that are no longer needed. It takes up to
// 5 seconds. If e does not meet the requirements of [sessionstate.Ended], Append does not
// add it, and the error matches [sessionstate.ErrBadEntry]. If the connection breaks,
// Append may add e twice.
func (l *Log) Append(ctx context.Context, e sessionstate.Ended) error {
	if l.open == nil {
		return errNotOpened
	}
	return l.open().append(ctx, e)
}

// After returns the entries after position: see [sessionstate.Log]. It returns up to max
// entries, and never more than 1000. If After returns fewer than max entries, there are
// no more entries, unless the error matches [sessionstate.ErrBadEntry]. With
// [sessionstate.ErrLogRestarted], next is empty, which means the beginning. With any
// other error except ErrBadEntry, next is position.
func (l *Log) After(ctx context.Context, position string, max int) (entries []sessionstate.Ended, next string, err error) {
	if l.open == nil {
		return nil, position, errNotOpened
	}
	return l.open().after(ctx, position, max)
}

func (l *log) append(ctx context.Context, e sessionstate.Ended) error {
	values, err := encode(e)
	if err != nil {
		return fmt.Errorf("valkeystate: did not add the entry: %w: %w", sessionstate.ErrBadEntry, err)
	}
	ctx, end := l.begin(ctx, appendLimit)
	defer end()
	if !l.mayTrim.Load() {
		// XTRIM is sent before XADD, because a log that is never trimmed would fill the
		// server.
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
	// The command uses the server's time, because with a wrong clock this machine would
	// remove entries that other instances need. If the command fails, the next Append
	// trims the log.
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
		return nil, position, errors.New("valkeystate: max is less than 1; use 1 or more")
	}
	if position != "" && !isID(position) {
		return nil, position, errors.New("valkeystate: the position is invalid; use one that After returned")
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

// read returns the entries that are after position now. The same command also reads the
// entry at position. If the log was recreated in the meantime, it may have new entries,
// but the entry at position is missing.
func (l *log) read(ctx context.Context, position string, max int) ([]sessionstate.Ended, string, error) {
	start, count := "-", min(max, maxRead)
	isChecked := position != "" && position != beginning
	if isChecked {
		start, count = position, count+1
	}
	var bad error
	found, err := l.xrange(ctx, start, count)
	if errors.Is(err, errTooLarge) && count > 2 {
		// No State writes entries that are so large. By reading one entry at a time, read
		// can skip the large ones.
		bad = fmt.Errorf("valkeystate: %w: one of the next entries has very many fields; delete it from the stream", sessionstate.ErrBadEntry)
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

// wait returns when there is an entry after position, or at the time end.
func (l *log) wait(ctx context.Context, position string, end time.Time) error {
	turn, cancel := context.WithDeadline(ctx, end)
	defer cancel()
	if l.waiting.lock(turn) != nil {
		return l.explain(ctx, "XREAD", ctx.Err()) // if ctx has not ended, another call of After held the lane until end
	}
	defer l.waiting.unlock()
	left := time.Until(end).Milliseconds()
	if left < 1 { // BLOCK 0 would wait forever
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

// explain returns an error that says which command failed. It quotes and cuts the
// server's text, because any server may be listening at that address. It leaves out a
// text that contains the password, because a server that does not know a command repeats
// the command's arguments.
func (l *log) explain(ctx context.Context, name string, err error) error {
	if err == nil {
		return nil
	}
	if l.closing.Err() != nil {
		return errClosed
	}
	if ctx.Err() != nil {
		err = ctx.Err() // the error of ctx says more than the error that the end of ctx caused
	}
	if _, ok := valkey.IsValkeyErr(err); ok {
		answer := err.Error()
		if l.password != "" && strings.Contains(answer, l.password) {
			return fmt.Errorf("valkeystate: %s: the server refused the command, with a text that contains the password", name)
		}
		return fmt.Errorf("valkeystate: %s: the server answered %.200q", name, answer)
	}
	if errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("valkeystate: %s: the server did not answer in time: %w", name, err)
	}
	return fmt.Errorf("valkeystate: %s: %w", name, err)
}

// isID reports whether id is the ID of an entry, for example 1735689600000-0.
func isID(id string) bool {
	ms, sequence, ok := strings.Cut(id, "-")
	return ok && isNumber(ms) && isNumber(sequence)
}

func isNumber(s string) bool {
	_, err := strconv.ParseUint(s, 10, 64)
	return err == nil
}

// oldest returns the ID of the oldest entry that can still be valid when id is new.
func oldest(id string) string {
	text, _, _ := strings.Cut(id, "-")
	ms, _ := strconv.ParseUint(text, 10, 64)
	return strconv.FormatUint(ms-min(ms, uint64(hold.Milliseconds())), 10) + "-0"
}
