package valkeystate

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/authrocket-go/authrocket/sessionstate"
)

// The fields of an entry in the stream. Each entry has all of them, so that the server
// stores their names only once for about a hundred entries.
const (
	fieldSession = "session" // 32 bytes, "" if the entry ends sessions of a user
	fieldUser    = "user"    // "" if the user is not known
	fieldBefore  = "before"  // Unix milliseconds, "" if the entry ends one session
	fieldUntil   = "until"   // Unix milliseconds
	fieldSuspect = "suspect" // 0 or 1
)

// fields lists the fields in the order in which they are written.
var fields = []string{fieldSession, fieldUser, fieldBefore, fieldUntil, fieldSuspect}

func encode(e sessionstate.Ended) (map[string]string, error) {
	values := map[string]string{
		fieldSession: "",
		fieldUser:    e.UserID,
		fieldBefore:  "",
		fieldUntil:   milliseconds(e.Until),
		fieldSuspect: "0",
	}
	if e.Session != ([32]byte{}) {
		values[fieldSession] = string(e.Session[:])
	}
	if !e.Before.IsZero() {
		values[fieldBefore] = milliseconds(e.Before)
	}
	if e.Suspect {
		values[fieldSuspect] = "1"
	}
	_, err := decode(values)
	return values, err
}

// decode decodes an entry. It accepts only what encode writes, because an entry makes
// this instance refuse users. Its errors contain no values of the entry.
func decode(values map[string]string) (sessionstate.Ended, error) {
	var e sessionstate.Ended
	if len(values) != len(fields) {
		return e, fmt.Errorf("the entry has %d fields instead of %d", len(values), len(fields))
	}
	for _, name := range fields {
		if _, ok := values[name]; !ok {
			return e, fmt.Errorf("the entry has no field %s", name)
		}
	}
	session := values[fieldSession]
	if copy(e.Session[:], session); session != "" && (len(session) != len(e.Session) || e.Session == [32]byte{}) {
		return e, errors.New("the field session is not a hash")
	}
	if e.UserID = values[fieldUser]; e.UserID != "" && !isUserID(e.UserID) {
		return e, errors.New("the field user is not the ID of a user")
	}
	var ok bool
	if e.Until, ok = parseMilliseconds(values[fieldUntil]); !ok {
		return e, errors.New("the field until is not a time")
	}
	if values[fieldBefore] != "" {
		if e.Before, ok = parseMilliseconds(values[fieldBefore]); !ok {
			return e, errors.New("the field before is not a time")
		}
	}
	switch values[fieldSuspect] {
	case "0":
	case "1":
		e.Suspect = true
	default:
		return e, errors.New("the field suspect is neither 0 nor 1")
	}
	switch isAboutUser := session == ""; {
	case isAboutUser && (e.UserID == "" || e.Before.IsZero()):
		return e, errors.New("the entry has neither a session, nor a user and before")
	case isAboutUser && e.Suspect:
		return e, errors.New("only a session can be suspect")
	case !isAboutUser && !e.Before.IsZero():
		return e, errors.New("the entry has both a session and before")
	}
	return e, nil
}

// isUserID reports whether id has the format of a user ID. It does not require the 21 or
// 22 characters that AuthRocket uses.
func isUserID(id string) bool {
	rest, ok := strings.CutPrefix(id, "usr_")
	if !ok || rest == "" || len(rest) > 64 {
		return false
	}
	for _, c := range []byte(rest) {
		if (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') {
			return false
		}
	}
	return true
}

func milliseconds(t time.Time) string { return strconv.FormatInt(t.UnixMilli(), 10) }

// parseMilliseconds parses a time in Unix milliseconds. It accepts only 13 digits, which
// cover the years 2001 to 2286.
func parseMilliseconds(s string) (time.Time, bool) {
	if len(s) != 13 || s[0] == '0' || strings.Trim(s, "0123456789") != "" {
		return time.Time{}, false
	}
	ms, err := strconv.ParseInt(s, 10, 64)
	return time.UnixMilli(ms), err == nil
}
