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

// wait limits how long a request waits for keys and for Config.SessionState. All tokens
// of a request share one wait, so that a request with several cookies does not wait
// several times.
type wait struct {
	patience keycache.Patience
	start    time.Time // when the request began to wait; zero if it has not
}

// left returns how long the request still waits for Config.SessionState. A route without
// a gate does not wait for SessionState, because any gate behind it calls SessionState
// again.
func (w *wait) left() time.Duration {
	if w.patience == keycache.NoWait || w.patience == keycache.Open {
		return 0
	}
	return max(0, keycache.MaxWait-time.Since(w.start))
}

// keySource is where keys come from: the realm's JWKS, or a static key.
type keySource interface {
	// algorithm returns the alg of every key of the source. The key determines the alg,
	// not the token (RFC 8725 section 3.1).
	algorithm() jose.Algorithm
	// needsKeyID reports whether a token must name its key.
	needsKeyID() bool
	// fresh returns the keys with this ID and the generation of their key set, if no
	// fetch is needed. If there is no key with this ID, the generation is zero.
	fresh(id string, now time.Time) (keys jose.Keys, generation uint64, ok bool)
	// unchanged reports whether fresh, if called at now, would return the same keys as
	// when it returned generation. The result is false for generation zero.
	unchanged(generation uint64, now time.Time) bool
	// lookup returns the keys with the key ID of the Question, or an error with a kind.
	// It may wait.
	lookup(context.Context, keycache.Question) (jose.Keys, error)
	// warm fetches the keys.
	warm(ctx context.Context) error
	// ready returns nil if there are usable keys now, and an error with a kind otherwise.
	ready() error
}

// staticKey is the key of Config.JWTKey. It never changes, so its generation is always 1.
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

// maxJWKSBytes is far more than the size of a real key set, which contains one or two
// keys. It limits the memory that this process uses if another server answers in place of
// LoginRocket.
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
		// A fetch serves many requests, and may outlive the request that started it.
		cache.Observe = func(r keycache.Refresh) { observe(context.Background(), KeyRefresh(r)) }
	}
	return cache
}

// All keys of the set are RSA keys for RS256, because internal/jose skips all other keys.
// A set never contains a secret, so no published key can verify an HS256 token.
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

// keyError gives an error of the key cache its reason. If the key does not exist, the
// status is 401. If it is not known whether the key exists, the status is 503 or 429,
// because an outage must not sign users out. The detail may contain the key ID, which is
// public.
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

// newKeyClient returns a copy of client, which may be nil, with the settings that every
// fetch needs. It follows no redirects, because the target of a redirect could then
// supply the realm's keys. It sends no cookies, because the key set is public.
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

// newKeyTransport returns a transport that keeps no connection open, because the
// goroutines of an open connection would outlive the fetch, and an Auth has no Close. One
// handshake every 15 minutes costs little.
func newKeyTransport(dialLoopbackOnly bool) *http.Transport {
	t := &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DisableKeepAlives:      true,
		ForceAttemptHTTP2:      true, // off by default in a transport with a custom dialer
		MaxResponseHeaderBytes: 64 << 10,
	}
	if dialLoopbackOnly {
		// A name such as localhost may resolve to any address, but unencrypted keys must
		// come from this machine. Control gets the resolved address before it is dialled.
		// A proxy would hide that address.
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

// fetchKeys fetches and parses the key set. Its errors are logged and say what to check.
// They contain no part of the body, which may come from any server. From the headers,
// they contain only the host of a redirect. setting is the name of the setting that
// jwksURL comes from.
func fetchKeys(ctx context.Context, client *http.Client, jwksURL, setting string) (keys map[string]jose.Keys, skipped []error, maxAge time.Duration, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, jwksURL, nil)
	if err != nil {
		return nil, nil, 0, err
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", "authrocket-go")
	resp, err := client.Do(req)
	if err != nil {
		return nil, nil, 0, fmt.Errorf("%w; check that %s has the right host and port, and that this server can reach it", err, setting)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		if target, err := url.Parse(resp.Header.Get("Location")); err == nil && target.Host != "" {
			return nil, nil, 0, fmt.Errorf("%s answered %d, a redirect to %s, and redirects are not followed; set %s to the host that serves the realm", jwksURL, resp.StatusCode, target.Host, setting)
		}
		if resp.StatusCode < 500 {
			return nil, nil, 0, fmt.Errorf("%s answered %d, which is not the answer of a LoginRocket; check %s", jwksURL, resp.StatusCode, setting)
		}
		return nil, nil, 0, fmt.Errorf("%s answered %d; if this error continues, check %s", jwksURL, resp.StatusCode, setting)
	}
	// Reading one byte more than is accepted shows that a set is too large.
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxJWKSBytes+1))
	if err != nil {
		return nil, nil, 0, fmt.Errorf("the answer of %s broke off: %w", jwksURL, err)
	}
	if len(body) > maxJWKSBytes {
		return nil, nil, 0, fmt.Errorf("%s sent more than %d bytes; check its URL", jwksURL, maxJWKSBytes)
	}
	keys, skipped, err = jose.ParseSet(body)
	switch {
	case errors.Is(err, jose.ErrNoUsableKey):
		return nil, skipped, 0, fmt.Errorf("%s: %w; for a realm that signs with HS256, set %s to its key (jsk_...)", jwksURL, err, settingName("JWTKey"))
	case err != nil:
		return nil, skipped, 0, fmt.Errorf("%s: %w; check that %s is the URL of a LoginRocket", jwksURL, err, setting)
	}
	return keys, skipped, responseMaxAge(resp.Header), nil
}

// responseMaxAge returns the max-age of Cache-Control (RFC 9111 section 5.2.2.1), or zero
// if there is none. A max-age of zero or less becomes one second, to distinguish it from
// a missing max-age. The cache raises that value to its own minimum.
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
