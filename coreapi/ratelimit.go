package coreapi

import (
	"net/http"
	"strconv"
	"time"

	"github.com/authrocket-go/authrocket/internal/wire"
)

// Rate contains what AuthRocket last reported about its own rate limit. See
// [Client.Rate].
type Rate struct {
	Limit     int
	Remaining int
	Reset     time.Time // according to AuthRocket's clock
}

// Rate returns what the last answer reported about AuthRocket's rate limit. It returns
// the zero Rate if the answer reported nothing. All copies of a Client share this Rate.
func (c *Client) Rate() Rate {
	if s := c.copyOf(); s.connection != nil {
		if last := s.rate.Load(); last != nil {
			return *last
		}
	}
	return Rate{}
}

// noRate is the shared value for answers without rate limit headers. Most answers lack
// these headers.
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

// pauseAfter returns how long to pause after a 429. It follows Ratelimit-Reset, relative
// to the answer's own Date. Without that header it follows Retry-After. Without either,
// the pauses are 1, 2 and 4 seconds.
func pauseAfter(h http.Header, attempt int) time.Duration {
	pause := time.Second << min(attempt-1, 2)
	if told := wire.UntilReset(h); told > 0 {
		pause = told
	} else if told := wire.RetryAfter(h); told > 0 {
		pause = told
	}
	return min(pause, maxPause)
}
