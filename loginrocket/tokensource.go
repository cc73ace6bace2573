package loginrocket

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"math"
	"strings"
	"sync"
	"time"

	"github.com/authrocket-go/authrocket/coreapi"
	"github.com/authrocket-go/authrocket/internal/wire"
)

// renewBefore is how long before its expiry a token is renewed.
const renewBefore = time.Minute

// TokenSource provides login tokens for a session. Use it in command line tools and workers
// that call a server. It is safe for concurrent use, and starts no goroutine.
type TokenSource struct {
	client  *Client
	session coreapi.Secret
	account string

	mu      sync.Mutex
	token   wire.Sealed // empty if there is none
	renewAt time.Time
	flight  *flight // the running request, nil if there is none
}

// flight is a request for a token and its result.
type flight struct {
	done chan struct{} // closed when the other fields are set

	token     wire.Sealed
	err       error
	abandoned bool // the request failed because the context of the caller who sent it ended
}

// TokenSource returns a TokenSource for a session. If account is not "", the org with that
// ID is selected. The method sends no request.
func (c *Client) TokenSource(session coreapi.Secret, account string) *TokenSource {
	return &TokenSource{client: c, session: session, account: account}
}

// Token returns a login token (JWT). It keeps the token until one minute before the token
// expires by the local clock, or for half of the token's lifetime if that is shorter. The
// next call then requests a new token. Other calls made during that request share its
// result. If the context of one caller ends, the others still get the token.
//
// [ErrSessionEnded] means that the user must log in again, and [ErrConditions] that the
// login is not complete. Other errors are those of [Client.Session]. Token does not keep
// errors. If [Error.RetryAfter] is set, wait that long before the next call.
func (s *TokenSource) Token(ctx context.Context) (string, error) {
	for {
		s.mu.Lock()
		if !s.token.IsZero() && time.Now().Before(s.renewAt) {
			defer s.mu.Unlock()
			return s.token.Open(), nil
		}
		f := s.flight
		if f == nil {
			f = &flight{done: make(chan struct{}), abandoned: true}
			s.flight = f
			s.mu.Unlock()
			s.fly(ctx, f)
			return f.token.Open(), f.err
		}
		s.mu.Unlock()
		select {
		case <-f.done:
		case <-ctx.Done():
			e := &Error{Method: "GET", Path: "/session", kind: ErrUnavailable, cause: ctx.Err()}
			return "", e
		}
		if !f.abandoned {
			return f.token.Open(), f.err
		}
	}
}

// fly sends the request for all callers that wait for it.
func (s *TokenSource) fly(ctx context.Context, f *flight) {
	var renewAt time.Time
	defer func() { // this also runs after a panic of a Transport, so that no caller waits forever
		s.mu.Lock()
		defer s.mu.Unlock()
		s.token, s.renewAt, s.flight = f.token, renewAt, nil
		close(f.done)
	}()
	result, err := s.client.Session(ctx, s.session, s.account)
	if err == nil {
		err = result.Err()
	}
	f.token, f.err = result.token, err
	f.abandoned = err != nil && contextError(ctx) != nil
	if err == nil {
		renewAt = renewalOf(result.token.Open(), time.Now())
	}
}

// renewalOf returns when to renew a token. A token whose expiry cannot be read is used
// once.
func renewalOf(token string, now time.Time) time.Time {
	expires, ok := expiry(token)
	if !ok {
		return now
	}
	return expires.Add(-min(renewBefore, expires.Sub(now)/2))
}

const maxSeconds = 253402300799 // the end of the year 9999

// expiry reads when a token expires. It does not verify the token, because a wrong time
// only makes the TokenSource request a new token too early or too late.
func expiry(token string) (time.Time, bool) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return time.Time{}, false
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return time.Time{}, false
	}
	var claims struct {
		Expires float64 `json:"exp"`
	}
	if json.Unmarshal(payload, &claims) != nil || claims.Expires <= 0 || claims.Expires > maxSeconds {
		return time.Time{}, false
	}
	return time.Unix(int64(math.Floor(claims.Expires)), 0), true
}
