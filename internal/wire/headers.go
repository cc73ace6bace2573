package wire

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// RequestID returns the ID that the server gave a request, if it is fit for a log.
func RequestID(h http.Header) string {
	id := h.Get("X-Request-ID")
	if len(id) > 64 || strings.ContainsFunc(id, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return ""
	}
	return id
}

// UntilReset returns how long after its own Date an answer says that a limit of requests
// ends. It is 0 or less when it says nothing to wait for.
func UntilReset(h http.Header) time.Duration { return sinceDate(h, h.Get("Ratelimit-Reset")) }

// RetryAfter reads both forms of RFC 9110 section 10.2.3. It is 0 or more.
func RetryAfter(h http.Header) time.Duration {
	text := h.Get("Retry-After")
	if seconds, err := strconv.ParseUint(text, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second
	}
	return max(0, sinceDate(h, text))
}

// sinceDate returns how long after the answer's Date the time in text is, 0 when one
// of them is missing.
func sinceDate(h http.Header, text string) time.Duration {
	at, err := http.ParseTime(text)
	date, dateErr := http.ParseTime(h.Get("Date"))
	if err != nil || dateErr != nil {
		return 0
	}
	return at.Sub(date)
}
