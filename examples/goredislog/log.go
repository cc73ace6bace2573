// Package goredislog stores the log of ended sessions for an app that already uses
// go-redis. Its stream has the format of package valkeystate, so that instances with
// either package can share one stream.
package goredislog

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/authrocket-go/authrocket/sessionstate"
	"github.com/redis/go-redis/v9"
)

// Log is a sessionstate.Log. Options.ContextTimeoutEnabled of its client must be true, or
// calls can continue after their context has ended. Do not use a cluster, or a server
// that evicts keys.
type Log struct {
	Client *redis.Client
	Key    string // the key of the stream, such as authrocket:ended
}

// Append adds e, and removes entries that are older than 7 days by the clock of the
// server.
func (l Log) Append(ctx context.Context, e sessionstate.Ended) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	session, before := "", ""
	if e.Session != [32]byte{} {
		session = string(e.Session[:])
	}
	if !e.Before.IsZero() {
		before = strconv.FormatInt(e.Before.UnixMilli(), 10)
	}
	id, err := l.Client.XAdd(ctx, &redis.XAddArgs{Stream: l.Key, Values: []any{
		"session", session, "user", e.UserID, "before", before, "until", e.Until.UnixMilli(), "suspect", e.Suspect,
	}}).Result()
	if err != nil {
		return err
	}
	ms, _, _ := strings.Cut(id, "-")
	now, _ := strconv.ParseInt(ms, 10, 64) // an error is not returned, because e is already added, and the caller would add e again
	oldest := max(0, now-(7*24*time.Hour+5*time.Minute).Milliseconds())
	l.Client.XTrimMinID(ctx, l.Key, strconv.FormatInt(oldest, 10)) // an error does not matter, because the next Append trims again
	return nil
}

// After returns the entries after position. It waits for entries for up to 5 seconds.
func (l Log) After(ctx context.Context, position string, limit int) ([]sessionstate.Ended, string, error) {
	ctx, cancel := context.WithTimeout(ctx, 9*time.Second)
	defer cancel()
	entries, next, err := l.read(ctx, position, limit)
	if err != nil || position == "" || next != position {
		return entries, next, err
	}
	err = l.Client.XRead(ctx, &redis.XReadArgs{Streams: []string{l.Key, position}, Count: 1, Block: 5 * time.Second}).Err()
	if err != nil && !errors.Is(err, redis.Nil) {
		return nil, position, err
	}
	return l.read(ctx, position, limit)
}

// read returns the entries after position. If the entry at position is missing, the log
// was created again, and read returns ErrLogRestarted.
func (l Log) read(ctx context.Context, position string, limit int) (entries []sessionstate.Ended, next string, bad error) {
	isFirst := position == "" || position == "0-0"
	start, count := position, int64(limit)+1
	if isFirst {
		start, count = "-", int64(limit)
	}
	found, err := l.Client.XRangeN(ctx, l.Key, start, "+", count).Result()
	if err != nil {
		return nil, position, err
	}
	if next = position; isFirst {
		next = "0-0"
	} else if len(found) == 0 || found[0].ID != position {
		return nil, "", sessionstate.ErrLogRestarted
	} else {
		found = found[1:]
	}
	for _, message := range found {
		next = message.ID
		if e, ok := decode(message.Values); ok {
			entries = append(entries, e)
		} else {
			bad = fmt.Errorf("%w: %s", sessionstate.ErrBadEntry, message.ID)
		}
	}
	return entries, next, bad
}

var (
	userID = regexp.MustCompile(`^(usr_[0-9A-Za-z]{1,64})?$`)
	millis = regexp.MustCompile(`^[1-9][0-9]{12}$`)
)

// decode accepts only entries that Append can write, because each entry makes the app
// refuse tokens.
func decode(values map[string]any) (e sessionstate.Ended, ok bool) {
	text := func(name string) string { s, _ := values[name].(string); return s }
	session, before, until, suspect := text("session"), text("before"), text("until"), text("suspect")
	isUser := session == ""
	if len(values) != 5 || !userID.MatchString(text("user")) || !millis.MatchString(until) || suspect != "0" && suspect != "1" ||
		isUser && (text("user") == "" || !millis.MatchString(before) || suspect == "1") || !isUser && (len(session) != len(e.Session) || before != "") {
		return e, false
	}
	copy(e.Session[:], session)
	e.UserID, e.Suspect = text("user"), suspect == "1"
	if isUser {
		e.Before = parseTime(before)
	}
	e.Until = parseTime(until)
	return e, isUser || e.Session != [32]byte{}
}

func parseTime(text string) time.Time {
	ms, _ := strconv.ParseInt(text, 10, 64) // millis has checked it
	return time.UnixMilli(ms)
}
