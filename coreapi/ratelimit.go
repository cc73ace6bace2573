package coreapi

import (
	"net/http"
	"strconv"
	"time"
)

// Rate is what AuthRocket last said about its own limit of requests. See [Client.Rate].
type Rate struct {
	Limit     int
	Remaining int
	Reset     time.Time // by AuthRocket's clock
}

// Rate returns what the last answer said about AuthRocket's limit of requests; the zero
// Rate when it said nothing. The copies of a Client share it.
func (c *Client) Rate() Rate {
	if s := c.copyOf(); s.connection != nil {
		if last := s.rate.Load(); last != nil {
			return *last
		}
	}
	return Rate{}
}

// noRate is what most answers say.
var noRate = &Rate{}

func readRate(h http.Header) *Rate {
	if h.Get("Ratelimit-Limit") == "" && h.Get("Ratelimit-Remaining") == "" && h.Get("Ratelimit-Reset") == "" {
		return noRate
	}
	limit, _ := strconv.Atoi(h.Get("Ratelimit-Limit"))
	remaining, _ := strconv.Atoi(h.Get("Ratelimit-Remaining"))
	reset, _ := http.ParseTime(h.Get("Ratelimit-Reset"))
	return &Rate{max(limit, 0), max(remaining, 0), reset}
}

const maxPause = time.Minute

// pauseAfter returns how long to pause after a 429: as long as its Ratelimit-Reset
// says, by the clock of the answer's own Date, else its Retry-After, else 1, 2, 4 s.
func pauseAfter(h http.Header, attempt int) time.Duration {
	pause := time.Second << min(attempt-1, 2)
	if told := untilReset(h); told > 0 {
		pause = told
	} else if told := retryAfter(h); told > 0 {
		pause = told
	}
	return min(pause, maxPause)
}

func untilReset(h http.Header) time.Duration { return sinceDate(h, h.Get("Ratelimit-Reset")) }

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

// retryAfter reads both forms of RFC 9110 section 10.2.3. It is 0 or more.
func retryAfter(h http.Header) time.Duration {
	text := h.Get("Retry-After")
	if seconds, err := strconv.ParseUint(text, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second
	}
	return max(0, sinceDate(h, text))
}
