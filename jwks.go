package authrocket

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/authrocket-go/authrocket/internal/jose"
	"github.com/authrocket-go/authrocket/internal/keycache"
	"github.com/authrocket-go/authrocket/internal/loopback"
)

// wait is how a request waits for keys and for Config.SessionState. One value is handed down for all tokens of a
// request, so that several cookies do not wait several times.
type wait struct {
	patience keycache.Patience
	start    time.Time // when the request began to wait; zero if it has not
}

// left is the time for which the request still waits for Config.SessionState. An open
// route does not wait for it: a gate asks again.
func (w *wait) left() time.Duration {
	if w.patience == keycache.NoWait || w.patience == keycache.Open {
		return 0
	}
	return max(0, keycache.MaxWait-time.Since(w.start))
}

// keySource is where keys come from: the realm's JWKS, or a static key.
type keySource interface {
	// algorithm is the alg that every key of the source is for. The key decides it, not
	// the token (RFC 8725 section 3.1).
	algorithm() jose.Algorithm
	// needsKeyID reports whether a token must name its key.
	needsKeyID() bool
	// fresh returns the keys of that ID if that needs no waiting, and the
	// generation of the key set that has them, else zero.
	fresh(id string, now time.Time) (keys jose.Keys, generation uint64, ok bool)
	// unchanged reports whether fresh returns at now what it returned with
	// generation. Zero is the generation of nothing.
	unchanged(generation uint64, now time.Time) bool
	// lookup returns the keys, which it may wait for, or an error of a kind.
	lookup(context.Context, keycache.Question) (jose.Keys, error)
	// warm fetches the keys.
	warm(ctx context.Context) error
	// ready returns nil if there are keys now, else an error of a kind.
	ready() error
}

// staticKey is the one key of Config.JWTKey. It is always there and never changes, so
// that its generation is always 1.
type staticKey struct{ keys jose.Keys }

func (s staticKey) algorithm() jose.Algorithm  { return s.keys[0].Algorithm() }
func (s staticKey) needsKeyID() bool           { return false }
func (s staticKey) warm(context.Context) error { return nil }
func (s staticKey) ready() error               { return nil }

func (s staticKey) fresh(string, time.Time) (jose.Keys, uint64, bool) { return s.keys, 1, true }
func (s staticKey) unchanged(generation uint64, _ time.Time) bool     { return generation == 1 }

func (s staticKey) lookup(context.Context, keycache.Question) (jose.Keys, error) {
	return s.keys, nil
}

// jwks are the keys that the realm publishes.
type jwks struct {
	cache    *keycache.Cache[jose.Keys]
	url      string
	maxStale time.Duration
}

// maxJWKSBytes is far beyond a real set, which has one or two keys. It bounds what a
// server that answers in place of LoginRocket can make this process keep.
const maxJWKSBytes = 1 << 20

func newJWKS(c Config, u baseURL) *jwks {
	return &jwks{keycache.New(keyCacheConfig(c, u)), u.origin + u.path, c.MaxStale}
}

func keyCacheConfig(c Config, u baseURL) keycache.Config[jose.Keys] {
	client := newKeyClient(c.HTTPClient, u.isLoopback && !u.isHTTPS)
	jwksURL := u.origin + u.path
	setting := settingName("LoginRocketURL")
	if c.JWKSURL != "" {
		setting = settingName("JWKSURL")
	}
	cache := keycache.Config[jose.Keys]{
		Fetch: func(ctx context.Context) (map[string]jose.Keys, []error, time.Duration, error) {
			return fetchKeys(ctx, client, jwksURL, setting)
		},
		RefreshInterval: c.RefreshInterval,
		MaxStale:        c.MaxStale,
	}
	if observe := c.Observer.KeyRefresh; observe != nil {
		// A fetch serves many requests, and may outlive the one that began it.
		cache.Observe = func(r keycache.Refresh) { observe(context.Background(), KeyRefresh(r)) }
	}
	return cache
}

// All keys of the set are RSA keys for RS256: internal/jose leaves others out. A set
// never holds a secret, so that no published key can verify an HS256 token.
func (j *jwks) algorithm() jose.Algorithm { return jose.RS256 }
func (j *jwks) needsKeyID() bool          { return true }

func (j *jwks) fresh(id string, now time.Time) (jose.Keys, uint64, bool) {
	return j.cache.Fresh(id, now)
}

func (j *jwks) unchanged(generation uint64, now time.Time) bool {
	return j.cache.Unchanged(generation, now)
}

func (j *jwks) lookup(ctx context.Context, q keycache.Question) (jose.Keys, error) {
	keys, err := j.cache.Lookup(ctx, q)
	switch {
	case errors.Is(err, keycache.ErrUnknown):
		err = keyError(err, fmt.Sprintf("kid %q is not in %s", q.KeyID, j.url))
	case err != nil:
		err = keyError(err, fmt.Sprintf("kid %q", q.KeyID))
	}
	return keys, err
}

func (j *jwks) warm(ctx context.Context) error { return keyError(j.cache.Warm(ctx), "") }

func (j *jwks) ready() error {
	age, usable, failure := j.cache.Age()
	if usable {
		return nil
	}
	detail := "no key set has been fetched yet"
	if age != 0 {
		detail = fmt.Sprintf("the key set is %s old, more than Config.MaxStale, which is %s", age.Round(time.Second), j.maxStale)
	}
	return &refusal{reason: ErrKeysUnavailable, detail: detail, cause: failure}
}

// keyError gives an error of the key cache its reason. "There is no such key" is 401,
// "it is not known" is 503 or 429: an outage must not sign anybody out. The detail may
// name the key ID, which is public.
func keyError(err error, detail string) error {
	if err == nil {
		return nil
	}
	undecided, ok := errors.AsType[*keycache.Undecided](err)
	if !ok {
		return &refusal{reason: ErrUnknownKey, detail: detail}
	}
	reason := ErrKeysUnavailable
	if undecided.Limited {
		reason = ErrTooManyKeyLookups
	}
	return &refusal{reason: reason, detail: detail, cause: undecided.Cause, retryAfter: undecided.RetryAfter}
}

// newKeyClient returns a copy of client, which may be nil, with the rules that every
// fetch obeys. A redirect is not followed: whoever answers at its target would publish
// the realm's keys. Cookies have no place in a public resource.
func newKeyClient(client *http.Client, dialLoopbackOnly bool) *http.Client {
	own := http.Client{}
	if client != nil {
		own = *client
	}
	if own.Transport == nil {
		own.Transport = newKeyTransport(dialLoopbackOnly)
	}
	own.Timeout = keycache.FetchTimeout
	own.Jar = nil
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &own
}

// newKeyTransport keeps no connection open: its goroutines would outlive the fetch, and
// an Auth has no Close. One handshake in 15 minutes costs nothing.
func newKeyTransport(dialLoopbackOnly bool) *http.Transport {
	t := &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DisableKeepAlives:      true,
		ForceAttemptHTTP2:      true, // a transport with a dialer of its own has none otherwise
		MaxResponseHeaderBytes: 64 << 10,
	}
	if dialLoopbackOnly {
		// A name such as localhost may resolve to anything. Keys that come in
		// the clear come from this machine or not at all. Control sees the address
		// that is dialled, after the name was resolved; a proxy would hide it.
		t.Proxy = nil
		t.DialContext = (&net.Dialer{Control: func(_, address string, _ syscall.RawConn) error {
			if host, _, err := net.SplitHostPort(address); err != nil || !loopback.IsHost(host) {
				return fmt.Errorf("%s is not a loopback address", address)
			}
			return nil
		}}).DialContext
	}
	return t
}

// fetchKeys fetches and parses the key set. Its errors are logged: they say what to check,
// and hold nothing of the body, which may be any page of another server, and of the headers
// only where a redirect leads. setting is what jwksURL is configured by.
func fetchKeys(ctx context.Context, client *http.Client, jwksURL, setting string) (keys map[string]jose.Keys, skipped []error, maxAge time.Duration, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, jwksURL, nil)
	if err != nil {
		return nil, nil, 0, err
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", "authrocket-go")
	resp, err := client.Do(req)
	if err != nil {
		return nil, nil, 0, fmt.Errorf("%w; check that %s has the right host and port, and that this server reaches it", err, setting)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		if target, err := url.Parse(resp.Header.Get("Location")); err == nil && target.Host != "" {
			return nil, nil, 0, fmt.Errorf("%s answered %d, a redirect to %s that is not followed; set %s to the host that serves the realm", jwksURL, resp.StatusCode, target.Host, setting)
		}
		if resp.StatusCode < 500 {
			return nil, nil, 0, fmt.Errorf("%s answered %d, so that no LoginRocket is there; check %s", jwksURL, resp.StatusCode, setting)
		}
		return nil, nil, 0, fmt.Errorf("%s answered %d; if that goes on, check %s", jwksURL, resp.StatusCode, setting)
	}
	// One byte more than is accepted tells a set that is too large from one that fits.
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxJWKSBytes+1))
	if err != nil {
		return nil, nil, 0, fmt.Errorf("%s broke off: %w", jwksURL, err)
	}
	if len(body) > maxJWKSBytes {
		return nil, nil, 0, fmt.Errorf("%s sent more than %d bytes", jwksURL, maxJWKSBytes)
	}
	keys, skipped, err = jose.ParseSet(body)
	switch {
	case errors.Is(err, jose.ErrNoUsableKey):
		return nil, skipped, 0, fmt.Errorf("%s: %w; for a realm that signs with HS256, set %s to its key (jsk_...)", jwksURL, err, settingName("JWTKey"))
	case err != nil:
		return nil, skipped, 0, fmt.Errorf("%s: %w; check that %s is that of a LoginRocket", jwksURL, err, setting)
	}
	return keys, skipped, responseMaxAge(resp.Header), nil
}

// responseMaxAge returns the max-age of Cache-Control (RFC 9111 section 5.2.2.1), zero
// if there is none. Zero and less count as one second, which differs from none; the
// cache raises it to its own minimum.
func responseMaxAge(h http.Header) time.Duration {
	for _, value := range h.Values("Cache-Control") {
		for directive := range strings.SplitSeq(value, ",") {
			name, arg, ok := strings.Cut(strings.TrimSpace(directive), "=")
			if !ok || !strings.EqualFold(name, "max-age") {
				continue
			}
			seconds, err := strconv.ParseInt(strings.Trim(arg, `"`), 10, 32)
			if err == nil {
				return time.Duration(max(seconds, 1)) * time.Second
			}
		}
	}
	return 0
}
