package wire

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// RequestID returns the ID that the server gave the request, or "" if the ID is not safe
// to log.
func RequestID(h http.Header) string {
	id := h.Get("X-Request-ID")
	if len(id) > 64 || strings.ContainsFunc(id, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return ""
	}
	return id
}

// UntilReset returns the time from the answer's Date until the server resets the rate
// limit, according to the answer. It is 0 or less if there is nothing to wait for.
func UntilReset(h http.Header) time.Duration { return sinceDate(h, h.Get("Ratelimit-Reset")) }

// RetryAfter returns the delay in Retry-After, in either form of RFC 9110 section 10.2.3.
// It is never negative.
func RetryAfter(h http.Header) time.Duration {
	text := h.Get("Retry-After")
	if seconds, err := strconv.ParseUint(text, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second
	}
	return max(0, sinceDate(h, text))
}

// sinceDate returns the time from the answer's Date to the time in text, or 0 if one of
// them is missing.
func sinceDate(h http.Header, text string) time.Duration {
	at, err := http.ParseTime(text)
	date, dateErr := http.ParseTime(h.Get("Date"))
	if err != nil || dateErr != nil {
		return 0
	}
	return at.Sub(date)
}
