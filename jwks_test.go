package authrocket_test

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/authrockettest"
)

const (
	keyPath     = "/connect/jwks"
	keyCoolDown = 10 * time.Second
	keyMaxWait  = 2 * time.Second
	keyTimeout  = 8 * time.Second
	keyInterval = 15 * time.Minute
	keyMaxStale = 24 * time.Hour
)

// keyed is an app whose realm publishes keys, in fake time.
type keyed struct {
	t     *testing.T
	realm *authrockettest.Realm
	ada   authrockettest.User
	auth  *authrocket.Auth

	mu        sync.Mutex
	refreshes []authrocket.KeyRefresh
}

// keyedRow runs f three times: whether verified tokens are kept, or that they
// verified, changes nothing about keys.
func keyedRow(t *testing.T, name string, f func(k *keyed)) {
	t.Helper()
	keyedRowWith(t, name, func(*authrocket.Config) {}, f)
	keyedRowWith(t, name+", no token being kept", func(c *authrocket.Config) { c.TokenCacheSize = -1 }, f)
	keyedRowWith(t, name+", no token being remembered", func(c *authrocket.Config) { c.TokenCacheSize, c.VerifiedTokens = -1, -1 }, f)
}

func keyedRowWith(t *testing.T, name string, change func(*authrocket.Config), f func(k *keyed)) {
	t.Helper()
	t.Run(name, func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			k := &keyed{t: t, realm: authrockettest.NewRealm(t)}
			k.ada = k.realm.AddUser(authrockettest.User{Email: "ada@example.com"})
			k.restart(change)
			f(k)
			// The last retry of a cold process ends before that. A goroutine that is
			// left then fails the test, since time stands still from then on.
			time.Sleep(2 * time.Minute)
		})
	})
}

// restart makes k's app a process that knows nothing yet.
func (k *keyed) restart(change func(*authrocket.Config)) {
	k.t.Helper()
	config := k.realm.Config()
	config.Observer.KeyRefresh = func(_ context.Context, r authrocket.KeyRefresh) {
		k.mu.Lock()
		defer k.mu.Unlock()
		k.refreshes = append(k.refreshes, r)
	}
	change(&config)
	auth, err := authrocket.New(config)
	if err != nil {
		k.t.Fatal(err)
	}
	k.auth = auth
}

func (k *keyed) token(options ...authrockettest.TokenOption) string {
	options = append([]authrockettest.TokenOption{authrockettest.ExpiresIn(30 * keyMaxStale)}, options...)
	return k.realm.Token(k.ada, options...)
}

// madeUp is a token that names a key that nobody has.
func (k *keyed) madeUp(kid string) string {
	return unsigned(k.realm.ID(), kid, time.Now())
}

// unsigned is a token without a signature that says all that a token has to.
func unsigned(realmID, kid string, issuedAt time.Time) string {
	encode := func(members map[string]any) string {
		text, err := json.Marshal(members)
		if err != nil {
			panic(err)
		}
		return base64.RawURLEncoding.EncodeToString(text)
	}
	return encode(map[string]any{"alg": "RS256", "kid": kid}) + "." +
		encode(map[string]any{
			"iss": "https://authrocket.com", "rid": realmID, "sub": "usr_1",
			"iat": issuedAt.Unix(), "exp": issuedAt.Add(time.Hour).Unix(),
		}) + "." + base64.RawURLEncoding.EncodeToString(make([]byte, 256))
}

// verify also tells how long it took.
func (k *keyed) verify(token string) (time.Duration, error) {
	start := time.Now()
	_, err := k.auth.Verify(k.t.Context(), token)
	return time.Since(start), err
}

func (k *keyed) wantVerified(token string) {
	k.t.Helper()
	took, err := k.verify(token)
	if err != nil || took != 0 {
		k.t.Errorf("the token is verified after %s with error %v, want at once", took, err)
	}
}

func (k *keyed) wantRefused(token string, reason error, status int) {
	k.t.Helper()
	_, err := k.verify(token)
	if !errors.Is(err, reason) || authrocket.StatusCode(err) != status {
		k.t.Errorf("the error is %v with status %d, want %v and %d", err, authrocket.StatusCode(err), reason, status)
	}
}

func (k *keyed) warm() {
	k.t.Helper()
	if err := k.auth.Warm(k.t.Context()); err != nil {
		k.t.Fatalf("warming failed: %v", err)
	}
}

func (k *keyed) fetches() int {
	synctest.Wait()
	return k.realm.Requests(keyPath)
}

func (k *keyed) wantFetches(want int) {
	k.t.Helper()
	if got := k.fetches(); got != want {
		k.t.Errorf("the key set was fetched %d times, want %d", got, want)
	}
}

func (k *keyed) lastRefresh() authrocket.KeyRefresh {
	k.t.Helper()
	synctest.Wait()
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.refreshes) == 0 {
		k.t.Fatal("no refresh was observed")
	}
	return k.refreshes[len(k.refreshes)-1]
}

// app serves /open to everyone and /gate to those who are signed in.
func (k *keyed) app() http.Handler {
	page := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, ok := authrocket.CurrentUser(r.Context())
		fmt.Fprintf(w, "%t %s", ok, user.Email)
	})
	mux := http.NewServeMux()
	mux.Handle("/open", page)
	mux.Handle("/gate", k.auth.RequireLogin(page))
	return k.auth.Authenticate(mux)
}

const (
	keyUser      = "true ada@example.com"
	keyAnonymous = "false "
)

// keyAnswer is an answer and how long it took.
type keyAnswer struct {
	*httptest.ResponseRecorder
	took time.Duration
}

func (k *keyed) bearer(target, token string) keyAnswer {
	r := httptest.NewRequest(http.MethodGet, target, nil)
	r.Header.Set("Authorization", "Bearer "+token)
	return k.send(k.app(), r)
}

func (k *keyed) cookie(target string, tokens ...string) keyAnswer {
	r := httptest.NewRequest(http.MethodGet, target, nil)
	for _, token := range tokens {
		r.AddCookie(&http.Cookie{Name: "__Host-arToken", Value: token})
	}
	return k.send(k.app(), r)
}

func (k *keyed) send(h http.Handler, r *http.Request) keyAnswer {
	w := httptest.NewRecorder()
	start := time.Now()
	h.ServeHTTP(w, r)
	return keyAnswer{w, time.Since(start)}
}

func (k *keyed) wantAnswer(a keyAnswer, status int, took time.Duration) {
	k.t.Helper()
	if a.Code != status || a.took != took {
		k.t.Errorf("the answer is %d after %s, want %d after %s: %s", a.Code, a.took, status, took, a.Body)
	}
}

func (k *keyed) wantPage(a keyAnswer, body string, took time.Duration) {
	k.t.Helper()
	k.wantAnswer(a, http.StatusOK, took)
	if got := a.Body.String(); got != body {
		k.t.Errorf("the page is %q, want %q", got, body)
	}
}

// wantRetryAfter checks the header, in seconds.
func (k *keyed) wantRetryAfter(a keyAnswer, from, to int) {
	k.t.Helper()
	got, err := strconv.Atoi(a.Header().Get("Retry-After"))
	if err != nil || got < from || got > to {
		k.t.Errorf("Retry-After is %q, want %d to %d", a.Header().Get("Retry-After"), from, to)
	}
}

func (k *keyed) wantCookieKept(a keyAnswer) {
	k.t.Helper()
	if got := a.Header().Values("Set-Cookie"); len(got) > 0 {
		k.t.Errorf("the answer sets cookies %q, want none", got)
	}
}

func TestKeyFetchesAreShared(t *testing.T) {
	t.Parallel()
	keyedRow(t, "50 concurrent first requests make one fetch", func(k *keyed) {
		k.realm.Break(authrockettest.Slow(time.Second))
		token := k.token()
		var group sync.WaitGroup
		for range 50 {
			group.Go(func() { k.wantPage(k.bearer("/gate", token), keyUser, time.Second) })
		}
		group.Wait()
		k.wantFetches(1)
	})
	keyedRow(t, "50 concurrent first requests by cookie to open pages make one fetch", func(k *keyed) {
		k.realm.Break(authrockettest.Slow(time.Second))
		token := k.token()
		var group sync.WaitGroup
		for range 50 {
			group.Go(func() { k.wantPage(k.cookie("/open", token), keyUser, time.Second) })
		}
		group.Wait()
		k.wantFetches(1)
	})
	keyedRow(t, "a request whose context ends leaves the fetch to the others", func(k *keyed) {
		k.realm.Break(authrockettest.Slow(time.Second))
		token := k.token()
		ctx, cancel := context.WithTimeout(k.t.Context(), 500*time.Millisecond)
		defer cancel()
		start := time.Now()
		_, err := k.auth.Verify(ctx, token)
		if !errors.Is(err, authrocket.ErrKeysUnavailable) || !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != 500*time.Millisecond {
			k.t.Errorf("it ended after %s with %v, want half a second, no keys and a deadline", time.Since(start), err)
		}
		time.Sleep(time.Second)
		k.wantVerified(token)
		k.wantFetches(1)
	})
	keyedRow(t, "concurrent calls of Warm share a fetch", func(k *keyed) {
		k.realm.Break(authrockettest.Slow(time.Second))
		var group sync.WaitGroup
		for range 50 {
			group.Go(func() {
				if err := k.auth.Warm(k.t.Context()); err != nil {
					k.t.Error(err)
				}
			})
		}
		group.Wait()
		// The first call's fetch may be older than the other calls.
		if got := k.fetches(); got > 2 {
			k.t.Errorf("the key set was fetched %d times, want 2 at most", got)
		}
	})
	keyedRow(t, "Warm fetches fresh keys too", func(k *keyed) {
		k.warm()
		k.realm.Break(authrockettest.Status(http.StatusInternalServerError))
		if err := k.auth.Warm(k.t.Context()); !errors.Is(err, authrocket.ErrKeysUnavailable) || !errors.Is(err, authrocket.ErrUnavailable) {
			k.t.Errorf("warming returned %v, want %v", err, authrocket.ErrKeysUnavailable)
		}
		k.realm.Repair()
		k.warm()
		k.wantFetches(3)
	})
	keyedRow(t, "50 calls of Warm in a row stay within the budget", func(k *keyed) {
		for range 50 {
			k.warm()
		}
		k.wantFetches(3)
	})
	keyedRow(t, "Warm returns the last error when the budget is spent and there are no keys", func(k *keyed) {
		k.realm.Break(authrockettest.Status(http.StatusBadGateway))
		for range 50 {
			if err := k.auth.Warm(k.t.Context()); !errors.Is(err, authrocket.ErrKeysUnavailable) || !strings.Contains(fmt.Sprint(err), "502") {
				k.t.Fatalf("warming returned %v, want %v with the status", err, authrocket.ErrKeysUnavailable)
			}
		}
		k.wantFetches(3)
	})
	keyedRow(t, "Warm counts against the budget", func(k *keyed) {
		for range 3 {
			k.warm()
		}
		k.wantRefused(k.madeUp("made up"), authrocket.ErrTooManyKeyLookups, http.StatusTooManyRequests)
		k.wantFetches(3)
	})
	keyedRow(t, "Warm finds a rotation before the first token", func(k *keyed) {
		k.warm()
		k.realm.RotateKeys()
		k.warm()
		k.wantVerified(k.token())
		k.wantFetches(2)
	})
}

func TestMadeUpKeyIDs(t *testing.T) {
	t.Parallel()
	keyedRow(t, "10,000 over five minutes stay within the budget and hide no rotation", func(k *keyed) {
		start := time.Now()
		old := k.token()
		rotated, rotatedAt := "", time.Time{}
		for i := range 10_000 {
			if i%2_100 == 2_000 {
				k.realm.RotateKeys()
				rotated, rotatedAt = k.token(), time.Now()
			}
			if _, err := k.verify(k.madeUp(fmt.Sprintf("made up %d", i))); err == nil {
				k.t.Fatal("a made-up key verified a token")
			}
			if rotated != "" {
				_, err := k.verify(rotated)
				switch waited := time.Since(rotatedAt); {
				case err == nil:
					rotated = ""
				case waited > keyCoolDown:
					k.t.Fatalf("the rotation is not found after %s: %v", waited, err)
				}
			}
			if i%100 == 0 {
				k.wantVerified(old)
			}
			if got, most := k.realm.Requests(keyPath), 3+int(time.Since(start)/keyCoolDown); got > most {
				k.t.Fatalf("the key set was fetched %d times within %s, want %d at most", got, time.Since(start), most)
			}
			time.Sleep(30 * time.Millisecond)
		}
		if rotated != "" {
			k.t.Error("the last rotation was not found")
		}
	})
	keyedRow(t, "10,000 at once stay within the budget and hide no rotation", func(k *keyed) {
		k.warm()
		k.realm.Break(authrockettest.Slow(100 * time.Millisecond))
		old := k.token()
		k.realm.RotateKeys()
		rotated := k.token()
		start := time.Now()
		var group sync.WaitGroup
		for i := range 10_000 {
			group.Go(func() {
				if _, err := k.verify(k.madeUp(fmt.Sprintf("made up %d", i))); !errors.Is(err, authrocket.ErrUnknownKey) && !errors.Is(err, authrocket.ErrTooManyKeyLookups) {
					k.t.Errorf("the error is %v, want that the key is unknown or that there are too many", err)
				}
			})
			if i == 5_000 {
				group.Go(func() {
					for _, err := k.verify(rotated); err != nil; _, err = k.verify(rotated) {
						if waited := time.Since(start); waited > keyCoolDown+200*time.Millisecond {
							k.t.Errorf("the rotation is not found after %s: %v", waited, err)
							return
						}
						time.Sleep(100 * time.Millisecond)
					}
				})
			}
		}
		group.Wait()
		k.wantVerified(old)
		if got, most := k.fetches(), 3+int(time.Since(start)/keyCoolDown); got > most {
			k.t.Errorf("the key set was fetched %d times, want %d at most", got, most)
		}
	})
	keyedRow(t, "an unknown key is 401 and its cookie stays", func(k *keyed) {
		k.warm()
		a := k.cookie("/gate", k.madeUp("made up"))
		k.wantAnswer(a, http.StatusUnauthorized, 0)
		k.wantCookieKept(a)
		k.wantRefused(k.madeUp("another"), authrocket.ErrUnknownKey, http.StatusUnauthorized)
		k.wantPage(k.cookie("/open", k.madeUp("made up")), keyAnonymous, 0)
		k.wantFetches(3)
	})
	keyedRow(t, "a lookup that the budget suppressed is 429 with Retry-After and its cookie stays", func(k *keyed) {
		for range 3 {
			k.warm()
		}
		time.Sleep(4 * time.Second)
		for _, a := range []keyAnswer{k.cookie("/gate", k.madeUp("made up")), k.bearer("/gate", k.madeUp("made up"))} {
			k.wantAnswer(a, http.StatusTooManyRequests, 0)
			k.wantRetryAfter(a, 6, 6)
			k.wantCookieKept(a)
		}
		_, err := k.verify(k.madeUp("made up"))
		if !errors.Is(err, authrocket.ErrTooManyKeyLookups) || !errors.Is(err, authrocket.ErrUnavailable) || errors.Is(err, authrocket.ErrUnauthenticated) {
			k.t.Errorf("the error is %v, want %v of kind %v", err, authrocket.ErrTooManyKeyLookups, authrocket.ErrUnavailable)
		}
		k.wantPage(k.cookie("/open", k.madeUp("made up")), keyAnonymous, 0)
		k.wantFetches(3)
	})
	keyedRow(t, "an unknown key is remembered for one to two seconds", func(k *keyed) {
		k.warm()
		token := k.madeUp("made up")
		k.wantRefused(token, authrocket.ErrUnknownKey, http.StatusUnauthorized)
		time.Sleep(time.Second - time.Nanosecond)
		k.wantRefused(token, authrocket.ErrUnknownKey, http.StatusUnauthorized)
		k.wantFetches(2)
		time.Sleep(time.Second)
		k.wantRefused(token, authrocket.ErrUnknownKey, http.StatusUnauthorized)
		k.wantFetches(3)
	})
	keyedRow(t, "a fetch that ran already does not make a new key unknown", func(k *keyed) {
		var once sync.Once
		k.realm.Break(func(w http.ResponseWriter, r *http.Request, healthy http.Handler) {
			// What the realm publishes when it is asked arrives a second later.
			recorder := httptest.NewRecorder()
			healthy.ServeHTTP(recorder, r)
			once.Do(func() { time.Sleep(time.Second) })
			w.Write(recorder.Body.Bytes())
		})
		go k.verify(k.token())
		synctest.Wait()
		k.realm.RotateKeys()
		if took, err := k.verify(k.token()); err != nil || took != time.Second {
			k.t.Errorf("the token is verified after %s with error %v, want a second", took, err)
		}
		k.wantFetches(2)
	})
	keyedRow(t, "several cookies of made-up keys cost a request 2 seconds in all", func(k *keyed) {
		k.realm.Break(authrockettest.Hang())
		tokens := []string{k.madeUp("a"), k.madeUp("b"), k.madeUp("c"), k.madeUp("d")}
		k.wantAnswer(k.cookie("/gate", tokens...), http.StatusServiceUnavailable, keyMaxWait)
		time.Sleep(time.Hour) // no retry runs any more
		k.wantPage(k.cookie("/open", tokens...), keyAnonymous, keyMaxWait)
	})
}

func TestHangingKeyServer(t *testing.T) {
	t.Parallel()
	keyedRow(t, "a known key does not wait while the set is younger than two intervals", func(k *keyed) {
		token := k.token()
		k.warm()
		k.realm.Break(authrockettest.Hang())
		for start := time.Now(); time.Since(start) < 2*keyInterval; time.Sleep(time.Minute) {
			k.wantPage(k.bearer("/gate", token), keyUser, 0)
			k.wantPage(k.cookie("/open", token), keyUser, 0)
		}
		if k.fetches() < 2 {
			k.t.Error("nobody tried to refresh the set")
		}
	})
	keyedRow(t, "a known key waits 2 seconds once when the set is older", func(k *keyed) {
		token := k.token()
		k.warm()
		k.realm.Break(authrockettest.Hang())
		time.Sleep(2 * keyInterval)
		k.wantPage(k.bearer("/gate", token), keyUser, keyMaxWait)
		for start := time.Now(); time.Since(start) < keyMaxStale-3*keyInterval; time.Sleep(10 * time.Second) {
			k.wantVerified(token)
		}
	})
	keyedRow(t, "a known key waits 2 seconds once on an open page too", func(k *keyed) {
		token := k.token()
		k.warm()
		k.realm.Break(authrockettest.Hang())
		time.Sleep(2 * keyInterval)
		k.wantPage(k.cookie("/open", token), keyUser, keyMaxWait)
		k.wantPage(k.cookie("/open", token), keyUser, 0)
	})
	keyedRow(t, "several cookies of known keys wait 2 seconds in all", func(k *keyed) {
		tokens := []string{k.token(), k.token(), k.token(), k.token()}
		k.warm()
		k.realm.Break(authrockettest.Hang())
		time.Sleep(2 * keyInterval)
		k.wantPage(k.cookie("/gate", tokens...), keyUser, keyMaxWait)
	})
	keyedRow(t, "an open page answers within 2 seconds, at once when the fetch has taken that long", func(k *keyed) {
		k.realm.Break(authrockettest.Hang())
		token := k.token()
		a := k.cookie("/open", token)
		k.wantPage(a, keyAnonymous, keyMaxWait)
		k.wantCookieKept(a)
		k.wantPage(k.cookie("/open", token), keyAnonymous, 0)
		k.wantPage(k.bearer("/open", token), keyAnonymous, 0)
		k.wantFetches(1)
	})
	keyedRow(t, "an open page answers within 2 seconds of the fetch's start", func(k *keyed) {
		k.realm.Break(authrockettest.Hang())
		token := k.token()
		go k.verify(token)
		time.Sleep(1500 * time.Millisecond)
		k.wantPage(k.cookie("/open", token), keyAnonymous, 500*time.Millisecond)
	})
	keyedRow(t, "a page without a token does not wait", func(k *keyed) {
		k.realm.Break(authrockettest.Hang())
		k.wantPage(k.cookie("/open"), keyAnonymous, 0)
		k.wantFetches(0)
	})
	keyedRow(t, "a gate answers 503 with Retry-After after 2 seconds in all", func(k *keyed) {
		k.realm.Break(authrockettest.Hang())
		token := k.token()
		// The first starts the fetch, the others find it pending; Authenticate
		// around the gate has looked before.
		for range 3 {
			a := k.cookie("/gate", token)
			k.wantAnswer(a, http.StatusServiceUnavailable, keyMaxWait)
			k.wantRetryAfter(a, 1, 12)
			k.wantCookieKept(a)
		}
		k.wantFetches(1)
	})
	keyedRow(t, "a gate alone waits 2 seconds in all", func(k *keyed) {
		k.realm.Break(authrockettest.Hang())
		gate := k.auth.RequireLogin(http.NotFoundHandler())
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("Authorization", "Bearer "+k.token())
		k.wantAnswer(k.send(gate, r), http.StatusServiceUnavailable, keyMaxWait)
	})
	keyedRow(t, "a gate waits for a fetch that an open page gave up", func(k *keyed) {
		k.realm.Break(authrockettest.Slow(3 * time.Second))
		token := k.token()
		k.wantPage(k.cookie("/open", token), keyAnonymous, keyMaxWait)
		k.wantPage(k.cookie("/gate", token), keyUser, time.Second)
		k.wantFetches(1)
	})
	for _, age := range []time.Duration{0, 2 * keyInterval, keyMaxStale + time.Hour} {
		keyedRow(t, "logging out works at once, "+age.String()+" after the last good fetch", func(k *keyed) {
			if age > 0 {
				k.warm()
			}
			token := k.token()
			k.realm.Break(authrockettest.Hang())
			time.Sleep(age)
			go k.verify(token) // a fetch that is pending
			synctest.Wait()
			r := httptest.NewRequest(http.MethodPost, "/auth/logout", nil)
			r.Header.Set("Sec-Fetch-Site", "same-origin")
			r.AddCookie(&http.Cookie{Name: "__Host-arToken", Value: token})
			a := k.send(k.app(), r)
			k.wantAnswer(a, http.StatusOK, 0)
			if cookies := a.Result().Cookies(); len(cookies) != 2 || cookies[0].Name != "__Host-arToken" || cookies[0].MaxAge >= 0 {
				k.t.Errorf("the answer sets cookies %v, want that the session's is cleared", cookies)
			}
		})
	}
	keyedRow(t, "a hanging fetch ends after 8 seconds", func(k *keyed) {
		k.realm.Break(authrockettest.Hang())
		start := time.Now()
		err := k.auth.Warm(k.t.Context())
		if !errors.Is(err, authrocket.ErrKeysUnavailable) || time.Since(start) != keyTimeout {
			k.t.Errorf("it ended after %s with %v, want %s and no keys", time.Since(start), err, keyTimeout)
		}
	})
}

func TestKeysOverTime(t *testing.T) {
	t.Parallel()
	keyedRow(t, "a withdrawn key is refused after the next refresh", func(k *keyed) {
		old := k.realm.KeyID()
		withdrawn := k.token()
		k.realm.RotateKeys()
		current := k.token()
		k.wantVerified(withdrawn)
		k.realm.WithdrawKey(old)
		k.wantVerified(withdrawn)
		time.Sleep(keyInterval)
		k.wantVerified(current) // causes the refresh
		synctest.Wait()
		k.wantRefused(withdrawn, authrocket.ErrUnknownKey, http.StatusUnauthorized)
		k.wantVerified(current)
	})
	keyedRow(t, "a withdrawn key is refused after two intervals without a request", func(k *keyed) {
		old := k.realm.KeyID()
		withdrawn := k.token()
		k.realm.RotateKeys()
		k.wantVerified(withdrawn)
		k.realm.WithdrawKey(old)
		k.realm.Break(authrockettest.Slow(time.Second))
		time.Sleep(2 * keyInterval)
		k.wantRefused(withdrawn, authrocket.ErrUnknownKey, http.StatusUnauthorized)
	})
	keyedRow(t, "a key that is replaced under its kid ends with the next refresh", func(k *keyed) {
		id := k.realm.KeyID()
		before := k.token()
		k.wantVerified(before)
		k.realm.ReplaceKey(id)
		after := k.token()
		k.wantRefused(after, authrocket.ErrBadSignature, http.StatusUnauthorized)
		time.Sleep(keyInterval)
		k.wantVerified(before) // causes the refresh
		synctest.Wait()
		k.wantVerified(after)
		k.wantRefused(before, authrocket.ErrBadSignature, http.StatusUnauthorized)
	})
	keyedRow(t, "an outage keeps the last good set up to MaxStale and ends in 503", func(k *keyed) {
		token := k.token()
		k.warm()
		start := time.Now()
		k.realm.Break(authrockettest.Status(http.StatusBadGateway))
		for ; time.Since(start) < keyMaxStale; time.Sleep(time.Minute) {
			k.wantVerified(token)
		}
		k.wantVerified(token)
		time.Sleep(time.Nanosecond)
		k.wantRefused(token, authrocket.ErrKeysUnavailable, http.StatusServiceUnavailable)
		a := k.cookie("/gate", token)
		k.wantAnswer(a, http.StatusServiceUnavailable, 0)
		k.wantRetryAfter(a, 1, 12)
		k.wantCookieKept(a)
		k.wantPage(k.cookie("/open", token), keyAnonymous, 0)
		k.realm.Repair()
		time.Sleep(keyCoolDown + 2*time.Second)
		k.wantVerified(token)
	})
	keyedRow(t, "an outage leaves a new key undecided, not unknown", func(k *keyed) {
		k.warm()
		k.realm.RotateKeys()
		k.realm.Break(authrockettest.Status(http.StatusBadGateway))
		a := k.cookie("/gate", k.token())
		k.wantAnswer(a, http.StatusServiceUnavailable, 0)
		k.wantRetryAfter(a, 10, 12)
		k.wantCookieKept(a)
	})
	keyedRow(t, "a failed fetch is not tried again within a cool-down", func(k *keyed) {
		k.warm()
		k.realm.RotateKeys()
		k.realm.Break(authrockettest.Status(http.StatusBadGateway))
		token := k.token()
		for start := time.Now(); time.Since(start) < keyCoolDown; time.Sleep(time.Second) {
			k.wantRefused(token, authrocket.ErrKeysUnavailable, http.StatusServiceUnavailable)
		}
		k.wantFetches(2)
		k.realm.Repair()
		time.Sleep(2 * time.Second)
		k.wantVerified(token)
		k.wantFetches(3)
	})
	keyedRow(t, "nothing is fetched without a request", func(k *keyed) {
		k.warm()
		time.Sleep(10 * keyMaxStale)
		k.wantFetches(1)
	})
	keyedRowWith(t, "RefreshInterval and MaxStale count", func(c *authrocket.Config) {
		c.RefreshInterval, c.MaxStale = time.Hour, 3*time.Hour
	}, func(k *keyed) {
		token := k.token()
		k.warm()
		time.Sleep(time.Hour - time.Nanosecond)
		k.wantVerified(token)
		k.wantFetches(1)
		k.realm.Break(authrockettest.Status(http.StatusBadGateway))
		time.Sleep(time.Nanosecond)
		k.wantVerified(token)
		k.wantFetches(2)
		time.Sleep(2 * time.Hour)
		k.wantVerified(token)
		time.Sleep(time.Nanosecond)
		k.wantRefused(token, authrocket.ErrKeysUnavailable, http.StatusServiceUnavailable)
	})
}

// An interval that is too short for the budget has to be a problem of New, not
// of users with good tokens.
func TestShortRefreshIntervalRefusesNoGoodToken(t *testing.T) {
	t.Parallel()
	for _, interval := range []time.Duration{time.Nanosecond, time.Second, 5 * time.Second, keyCoolDown, time.Minute} {
		t.Run(interval.String(), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				realm := authrockettest.NewRealm(t)
				token := realm.Token(realm.AddUser(authrockettest.User{Email: "ada@example.com"}))
				config := realm.Config()
				config.RefreshInterval, config.MaxStale = interval, 2*interval
				auth, err := authrocket.New(config)
				if err != nil {
					if interval >= keyCoolDown {
						t.Error(err)
					}
					return
				}
				for start := time.Now(); time.Since(start) < 5*time.Minute; time.Sleep(100 * time.Millisecond) {
					if _, err := auth.Verify(t.Context(), token); err != nil {
						t.Fatalf("the token is refused after %s: %v", time.Since(start), err)
					}
				}
			})
		})
	}
}

func TestKeyMaxAge(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		headers []string
		want    time.Duration
	}{
		{"no header leaves the interval", nil, keyInterval},
		{"max-age shortens it", []string{"max-age=300"}, 5 * time.Minute},
		{"max-age among others shortens it", []string{"public, s-maxage=60, Max-Age=300, must-revalidate"}, 5 * time.Minute},
		{"max-age in a second header shortens it", []string{"public", "max-age=300"}, 5 * time.Minute},
		{"quoted max-age shortens it", []string{`max-age="300"`}, 5 * time.Minute},
		{"max-age does not shorten it below a minute", []string{"max-age=1"}, time.Minute},
		{"max-age of zero counts as a minute", []string{"max-age=0"}, time.Minute},
		{"negative max-age counts as a minute", []string{"max-age=-5"}, time.Minute},
		{"max-age does not lengthen it", []string{"max-age=86400"}, keyInterval},
		{"a huge max-age does not lengthen it", []string{"max-age=99999999999999999999"}, keyInterval},
		{"a max-age that overflows does not shorten it", []string{"max-age=18446744074"}, keyInterval}, // in nanoseconds 2^64 and a bit
		{"max-age that is no number is ignored", []string{"max-age=soon"}, keyInterval},
	}
	for _, test := range tests {
		keyedRow(t, test.name, func(k *keyed) {
			k.realm.Break(func(w http.ResponseWriter, r *http.Request, healthy http.Handler) {
				for _, h := range test.headers {
					w.Header().Add("Cache-Control", h)
				}
				healthy.ServeHTTP(w, r)
			})
			token := k.token()
			k.warm()
			time.Sleep(test.want - time.Nanosecond)
			k.wantVerified(token)
			k.wantFetches(1)
			time.Sleep(time.Nanosecond)
			k.wantVerified(token)
			k.wantFetches(2)
		})
	}
}

// editedKeys publishes what edit makes of the key set.
func editedKeys(edit func(keys []any) any) authrockettest.Fault {
	return func(w http.ResponseWriter, r *http.Request, healthy http.Handler) {
		recorder := httptest.NewRecorder()
		healthy.ServeHTTP(recorder, r)
		var set struct {
			Keys []any `json:"keys"`
		}
		if err := json.Unmarshal(recorder.Body.Bytes(), &set); err != nil {
			panic(err)
		}
		if err := json.NewEncoder(w).Encode(map[string]any{"keys": edit(set.Keys)}); err != nil {
			panic(err)
		}
	}
}

// changedKeys publishes all keys with members changed; nil leaves one out.
func changedKeys(changes map[string]any) authrockettest.Fault {
	return editedKeys(func(keys []any) any {
		for _, key := range keys {
			members := key.(map[string]any)
			for name, value := range changes {
				members[name] = value
				if value == nil {
					delete(members, name)
				}
			}
		}
		return keys
	})
}

// paddedKeys publishes the key set with so much white space that it has size bytes.
func paddedKeys(size int) authrockettest.Fault {
	return func(w http.ResponseWriter, r *http.Request, healthy http.Handler) {
		recorder := httptest.NewRecorder()
		healthy.ServeHTTP(recorder, r)
		w.Write(recorder.Body.Bytes())
		io.WriteString(w, strings.Repeat(" ", size-recorder.Body.Len()))
	}
}

func TestKeySetThatIsNoGood(t *testing.T) {
	t.Parallel()
	const mebibyte = 1 << 20
	tests := []struct {
		name  string
		fault authrockettest.Fault
		want  string // in the error
	}{
		{"status 201 is no answer", func(w http.ResponseWriter, r *http.Request, healthy http.Handler) {
			w.WriteHeader(http.StatusCreated)
			healthy.ServeHTTP(w, r)
		}, "201"},
		{"status 204 is no answer", authrockettest.Status(http.StatusNoContent), "204"},
		{"status 304 is no answer", authrockettest.Status(http.StatusNotModified), "304"},
		{"status 403 is no answer", authrockettest.Status(http.StatusForbidden), "403"},
		{"status 404 is no answer", authrockettest.Status(http.StatusNotFound), "404"},
		{"status 422 is no answer", authrockettest.Status(http.StatusUnprocessableEntity), "422"},
		{"status 429 is no answer", authrockettest.Status(http.StatusTooManyRequests), "429"},
		{"status 500 is no answer", authrockettest.Status(http.StatusInternalServerError), "500"},
		{"status 500 with a good set is no answer", func(w http.ResponseWriter, r *http.Request, healthy http.Handler) {
			w.WriteHeader(http.StatusInternalServerError)
			healthy.ServeHTTP(w, r)
		}, "500"},
		{"a redirect is not followed and its host is named", authrockettest.Redirect("https://elsewhere.example/keys"), "elsewhere.example"},
		{"a redirect on the same host is not followed", authrockettest.Redirect("https://loginrocket.example/login"), "loginrocket.example"},
		{"a redirect to a path is not followed", authrockettest.Redirect("/login"), "302"},
		{"a redirect to nowhere is not followed", authrockettest.Redirect(""), "302"},
		{"HTML is no set", authrockettest.Body("text/html", "<!doctype html><title>Login</title>"), "not a JSON object"},
		{"an empty body is no set", authrockettest.Body("application/json", ""), "not a JSON object"},
		{"bytes without meaning are no set", authrockettest.Garbage(), "not a JSON object"},
		{"null is no set", authrockettest.Body("application/json", "null"), "not a JSON object"},
		{"an array is no set", authrockettest.Body("application/json", "[]"), "not a JSON object"},
		{"text after the set is no set", func(w http.ResponseWriter, r *http.Request, healthy http.Handler) {
			healthy.ServeHTTP(w, r)
			io.WriteString(w, "and more")
		}, "not a JSON object"},
		{"half a set is no set", func(w http.ResponseWriter, r *http.Request, healthy http.Handler) {
			recorder := httptest.NewRecorder()
			healthy.ServeHTTP(recorder, r)
			w.Write(recorder.Body.Bytes()[:recorder.Body.Len()/2])
		}, "not a JSON object"},
		{"a set without keys has none", authrockettest.Body("application/json", "{}"), "no array keys"},
		{"keys of another type are none", authrockettest.Body("application/json", `{"keys":{}}`), "no array keys"},
		{"KEYS are not keys", authrockettest.Body("application/json", `{"KEYS":[]}`), "no array keys"},
		{"null keys are none", authrockettest.Body("application/json", `{"keys":null}`), "no usable key"},
		{"an empty array of keys is none", authrockettest.Body("application/json", `{"keys":[]}`), "no usable key"},
		{"keys that are no objects are none", authrockettest.Body("application/json", `{"keys":[null,1,"a",[]]}`), "no usable key"},
		{"a broken x5c is no key", changedKeys(map[string]any{"n": nil, "x5c": []string{"!"}}), "no usable key"},
		{"an x5c without a key is no key", changedKeys(map[string]any{"e": nil, "x5c": []string{"AAAA"}}), "no usable key"},
		{"an empty x5c is no key", changedKeys(map[string]any{"n": nil, "x5c": []string{}}), "no usable key"},
		{"more than a mebibyte is not read", paddedKeys(mebibyte + 1), "1048576 bytes"},
		{"an answer after 8 seconds is too late", authrockettest.Slow(keyTimeout + time.Second), "deadline exceeded"},
		{"no answer is none", authrockettest.Hang(), "deadline exceeded"},
		{"a closed connection is no answer", authrockettest.Disconnect(), "EOF"},
	}
	for _, test := range tests {
		keyedRow(t, test.name, func(k *keyed) {
			known := k.token()
			k.realm.Break(test.fault)
			wantTrouble := func(err error, keys int) {
				k.t.Helper()
				if !errors.Is(err, authrocket.ErrKeysUnavailable) || authrocket.StatusCode(err) != http.StatusServiceUnavailable || !strings.Contains(fmt.Sprint(err), test.want) {
					k.t.Errorf("the error is %v, want %v with %q", err, authrocket.ErrKeysUnavailable, test.want)
				}
				if got := k.lastRefresh(); !strings.Contains(fmt.Sprint(got.Err), test.want) || got.Keys != keys {
					k.t.Errorf("observed %+v, want %d keys and an error with %q", got, keys, test.want)
				}
			}
			wantTrouble(k.auth.Warm(k.t.Context()), 0)
			k.wantRefused(known, authrocket.ErrKeysUnavailable, http.StatusServiceUnavailable)
			k.realm.Repair()
			k.warm()
			k.realm.Break(test.fault)
			k.realm.RotateKeys()
			wantTrouble(k.auth.Warm(k.t.Context()), 1)
			k.wantVerified(known)
			k.wantRefused(k.token(), authrocket.ErrKeysUnavailable, http.StatusServiceUnavailable)
			k.wantFetches(3)
			if got := k.realm.Requests("/login"); got != 0 {
				k.t.Errorf("%d redirects were followed", got)
			}
		})
	}
	keyedRow(t, "the rest of a redirect's target is not in the error", func(k *keyed) {
		k.realm.Break(authrockettest.Redirect("https://ada:engine@elsewhere.example/path?token=secret"))
		err := k.auth.Warm(k.t.Context())
		for _, secret := range []string{"secret", "engine", "path"} {
			if strings.Contains(fmt.Sprint(err), secret) {
				k.t.Errorf("the error has %q in it: %v", secret, err)
			}
		}
	})
	keyedRowWith(t, "a body that breaks off is no set", changedBody(func(body io.Reader) io.Reader {
		return io.MultiReader(io.LimitReader(body, 10), brokenReader{})
	}), func(k *keyed) {
		err := k.auth.Warm(k.t.Context())
		if !errors.Is(err, authrocket.ErrKeysUnavailable) || !errors.Is(err, errBrokenOff) {
			k.t.Errorf("the error is %v, want %v because of %v", err, authrocket.ErrKeysUnavailable, errBrokenOff)
		}
	})
	var read atomic.Int64 // retries read too
	keyedRowWith(t, "what comes after a mebibyte is left alone", changedBody(func(body io.Reader) io.Reader {
		return io.TeeReader(body, countingWriter{&read})
	}), func(k *keyed) {
		k.realm.Break(paddedKeys(4 * mebibyte))
		read.Store(0)
		if err := k.auth.Warm(k.t.Context()); !errors.Is(err, authrocket.ErrKeysUnavailable) || read.Load() > mebibyte+1 {
			k.t.Errorf("%d bytes were read and the error is %v, want %d at most and %v", read.Load(), err, mebibyte+1, authrocket.ErrKeysUnavailable)
		}
	})
}

// changedBody changes the bodies that the HTTPClient gets.
func changedBody(change func(io.Reader) io.Reader) func(*authrocket.Config) {
	return func(c *authrocket.Config) {
		inner := c.HTTPClient.Transport
		c.HTTPClient.Transport = keyTransport(func(r *http.Request) (*http.Response, error) {
			resp, err := inner.RoundTrip(r)
			if err == nil {
				resp.Body = io.NopCloser(change(resp.Body))
			}
			return resp, err
		})
	}
}

var errBrokenOff = errors.New("the connection broke off")

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, errBrokenOff }

type countingWriter struct{ n *atomic.Int64 }

func (c countingWriter) Write(data []byte) (int, error) {
	c.n.Add(int64(len(data)))
	return len(data), nil
}

// keyTransport is a RoundTripper made of a function.
type keyTransport func(*http.Request) (*http.Response, error)

func (f keyTransport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestKeySetThatIsGoodEnough(t *testing.T) {
	t.Parallel()
	// beside adds an entry before and after the good one.
	beside := func(entry any) authrockettest.Fault {
		return editedKeys(func(keys []any) any { return append(append([]any{entry}, keys...), entry) })
	}
	// odd is the good key under another kid and with members changed.
	odd := func(changes map[string]any) authrockettest.Fault {
		return editedKeys(func(keys []any) any {
			entry := map[string]any{}
			for name, value := range keys[0].(map[string]any) {
				entry[name] = value
			}
			entry["kid"] = "odd"
			for name, value := range changes {
				entry[name] = value
			}
			return append([]any{entry}, keys...)
		})
	}
	modulus := func(fill byte) string {
		return base64.RawURLEncoding.EncodeToString(slices.Repeat([]byte{fill}, 256))
	}
	otherN, thirdN := modulus(0xff), modulus(0xfd)
	withN := func(key any, n string) any {
		changed := maps.Clone(key.(map[string]any))
		changed["n"] = n
		delete(changed, "x5c")
		return changed
	}
	tests := []struct {
		name    string
		fault   authrockettest.Fault
		skipped int
		keys    int
	}{
		{"an entry that is null is skipped", beside(nil), 2, 1},
		{"an entry that is text is skipped", beside("key"), 2, 1},
		{"an entry without members is skipped", beside(map[string]any{}), 2, 1},
		{"a key of another kty is skipped", odd(map[string]any{"kty": "EC"}), 1, 1},
		{"a key of an unknown kty is skipped", odd(map[string]any{"kty": "constructor"}), 1, 1},
		{"a key of another use is skipped", odd(map[string]any{"use": "enc"}), 1, 1},
		{"a key of another alg is skipped", odd(map[string]any{"alg": "RS512"}), 1, 1},
		{"a key whose alg is no text is skipped", odd(map[string]any{"alg": []string{"RS256"}}), 1, 1},
		{"a weak key is skipped", odd(map[string]any{"n": base64.RawURLEncoding.EncodeToString(slices.Repeat([]byte{0xff}, 128))}), 1, 1},
		{"a key with exponent 1 is skipped", odd(map[string]any{"e": "AQ"}), 1, 1},
		{"a key with an even exponent is skipped", odd(map[string]any{"e": "AQAC"}), 1, 1},
		{"a key with an empty exponent is skipped", odd(map[string]any{"e": ""}), 1, 1},
		{"a key whose n is no text is skipped", odd(map[string]any{"n": 7}), 1, 1},
		{"a key without kid is skipped", odd(map[string]any{"kid": nil}), 1, 1},
		{"a key whose kid is no text is skipped", odd(map[string]any{"kid": 7}), 1, 1},
		{"a key with a kid of 257 bytes is skipped", odd(map[string]any{"kid": strings.Repeat("k", 257)}), 1, 1},
		{"a key without n and with a broken x5c is skipped", editedKeys(func(keys []any) any {
			return append(keys, map[string]any{"kty": "RSA", "kid": "odd", "x5c": []string{"!"}})
		}), 1, 1},
		{"a key that stands twice is skipped once", editedKeys(func(keys []any) any { return append(keys, keys[0]) }), 1, 1},
		{"another key before it under the same kid is kept too", editedKeys(func(keys []any) any { return append([]any{withN(keys[0], otherN)}, keys...) }), 0, 1},
		{"a third key under the same kid is skipped", editedKeys(func(keys []any) any {
			return append(keys, withN(keys[0], otherN), withN(keys[0], thirdN))
		}), 1, 1},
		{"a key whose n and x5c differ is skipped", odd(map[string]any{"n": otherN}), 1, 1},
		{"a key whose key_ops lack verify is skipped", odd(map[string]any{"key_ops": []string{"sign"}}), 1, 1},
		{"kid, alg and x5c are enough", editedKeys(func(keys []any) any {
			key := keys[0].(map[string]any)
			return []any{map[string]any{"kid": key["kid"], "alg": key["alg"], "x5c": key["x5c"]}}
		}), 0, 1},
		{"a broken x5c beside n and e is ignored", changedKeys(map[string]any{"x5c": []string{"!"}}), 0, 1},
		{"an x5c of another type beside n and e is ignored", changedKeys(map[string]any{"x5c": 7}), 0, 1},
		{"x5c stands in for a missing n", changedKeys(map[string]any{"n": nil}), 0, 1},
		{"x5c stands in for a missing e", changedKeys(map[string]any{"e": nil}), 0, 1},
		{"a key that says no alg is RS256", changedKeys(map[string]any{"alg": nil}), 0, 1},
		{"a key that says no use is for signatures", changedKeys(map[string]any{"use": nil}), 0, 1},
		{"members that nobody knows are ignored", changedKeys(map[string]any{"x5t": 7, "d": "secret"}), 0, 1},
		{"two keys are used", odd(nil), 0, 2},
		{"a mebibyte is read", paddedKeys(1 << 20), 0, 1},
		{"another content type does not matter", func(w http.ResponseWriter, r *http.Request, healthy http.Handler) {
			recorder := httptest.NewRecorder()
			healthy.ServeHTTP(recorder, r)
			w.Header().Set("Content-Type", "text/plain")
			w.Write(recorder.Body.Bytes())
		}, 0, 1},
		{"an answer within 8 seconds is in time", authrockettest.Slow(keyTimeout - time.Nanosecond), 0, 1},
	}
	for _, test := range tests {
		keyedRow(t, test.name, func(k *keyed) {
			k.realm.Break(test.fault)
			k.warm()
			k.wantVerified(k.token())
			got := k.lastRefresh()
			if got.Err != nil || got.Keys != test.keys || len(got.Skipped) != test.skipped {
				k.t.Errorf("observed %+v, want %d keys, %d skipped", got, test.keys, test.skipped)
			}
			for _, err := range got.Skipped {
				if err == nil || strings.Contains(err.Error(), "AQAB") {
					k.t.Errorf("a key was skipped because of %v", err)
				}
			}
		})
	}
}

func TestObserverIsToldOfKeyRefreshes(t *testing.T) {
	t.Parallel()
	keyedRow(t, "a good one with its age and keys", func(k *keyed) {
		k.realm.RotateKeys()
		k.realm.Break(authrockettest.Slow(time.Second))
		k.warm()
		if got := k.lastRefresh(); got.Err != nil || got.Keys != 2 || got.Age != time.Second || len(got.Skipped) != 0 {
			k.t.Errorf("observed %+v, want 2 keys, a second old", got)
		}
	})
	keyedRow(t, "a failed one with the age of the keys in use", func(k *keyed) {
		k.warm()
		k.realm.Break(authrockettest.Status(http.StatusBadGateway))
		time.Sleep(keyInterval)
		k.wantVerified(k.token())
		if got := k.lastRefresh(); got.Err == nil || got.Keys != 1 || got.Age != keyInterval {
			k.t.Errorf("observed %+v, want an error and 1 key, %s old", got, keyInterval)
		}
	})
	keyedRow(t, "one for every fetch", func(k *keyed) {
		k.warm()
		k.wantRefused(k.madeUp("made up"), authrocket.ErrUnknownKey, http.StatusUnauthorized)
		k.realm.Break(authrockettest.Disconnect())
		k.wantRefused(k.madeUp("another"), authrocket.ErrKeysUnavailable, http.StatusServiceUnavailable)
		k.lastRefresh()
		if got := len(k.refreshes); got != 3 {
			k.t.Errorf("%d refreshes were observed, want 3", got)
		}
	})
}

func TestTwoAuthsNeverMixKeys(t *testing.T) {
	t.Parallel()
	keyedRow(t, "of one realm fetch for themselves", func(k *keyed) {
		other, err := authrocket.New(k.realm.Config())
		if err != nil {
			k.t.Fatal(err)
		}
		k.warm()
		if _, err := other.Verify(k.t.Context(), k.token()); err != nil {
			k.t.Error(err)
		}
		k.wantFetches(2)
	})
	keyedRowWith(t, "of two realms use their own keys", func(c *authrocket.Config) { c.RealmID = "" }, func(k *keyed) {
		realm := authrockettest.NewRealm(k.t)
		user := realm.AddUser(authrockettest.User{Email: "george@example.com"})
		config := realm.Config()
		config.RealmID = "" // so that only the keys tell them apart
		other, err := authrocket.New(config)
		if err != nil {
			k.t.Fatal(err)
		}
		if _, err := other.Verify(k.t.Context(), realm.Token(user)); err != nil {
			k.t.Error(err)
		}
		k.wantVerified(k.token())
		k.wantRefused(realm.Token(user), authrocket.ErrUnknownKey, http.StatusUnauthorized)
		if _, err := other.Verify(k.t.Context(), k.token()); !errors.Is(err, authrocket.ErrUnknownKey) {
			k.t.Errorf("the other realm's answer is %v, want %v", err, authrocket.ErrUnknownKey)
		}
	})
	keyedRowWith(t, "of two realms with one kid use their own keys", func(c *authrocket.Config) { c.RealmID = "" }, func(k *keyed) {
		realm := authrockettest.NewRealm(k.t)
		// The pool of test keys is shared by realms: take one that k.realm does not have.
		for realm.ReplaceKey(k.realm.KeyID()); realm.JWTKey() == k.realm.JWTKey(); {
			realm.ReplaceKey(k.realm.KeyID())
		}
		user := realm.AddUser(authrockettest.User{Email: "george@example.com"})
		config := realm.Config()
		config.RealmID = ""
		other, err := authrocket.New(config)
		if err != nil {
			k.t.Fatal(err)
		}
		if _, err := other.Verify(k.t.Context(), realm.Token(user)); err != nil {
			k.t.Error(err)
		}
		k.wantVerified(k.token())
		k.wantRefused(realm.Token(user), authrocket.ErrBadSignature, http.StatusUnauthorized)
	})
}

// countingJar is a cookie jar that nobody should ask.
type countingJar struct{ asked int }

func (j *countingJar) SetCookies(*url.URL, []*http.Cookie) { j.asked++ }
func (j *countingJar) Cookies(*url.URL) []*http.Cookie {
	j.asked++
	return []*http.Cookie{{Name: "secret", Value: "cookie"}}
}

// watchedClient is a caller's HTTPClient and what became of it.
type watchedClient struct {
	client   *http.Client
	original http.Client
	jar      countingJar
	sent     []*http.Request
}

// install makes the client of config one whose settings would break a fetch.
func (c *watchedClient) install(config *authrocket.Config) {
	c.client = config.HTTPClient
	inner := c.client.Transport
	c.client.Transport = keyTransport(func(r *http.Request) (*http.Response, error) {
		c.sent = append(c.sent, r)
		return inner.RoundTrip(r)
	})
	c.client.Timeout = time.Nanosecond
	c.client.Jar = &c.jar
	c.client.CheckRedirect = func(*http.Request, []*http.Request) error { return nil }
	c.original = *c.client
}

func TestHTTPClientIsCopied(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		run  func(k *keyed, c *watchedClient)
	}{
		{"its transport is used", func(k *keyed, c *watchedClient) {
			k.warm()
			if len(c.sent) != 1 || c.sent[0].Method != http.MethodGet || c.sent[0].URL.Path != keyPath {
				k.t.Errorf("%d requests went through the transport, want 1 for the keys", len(c.sent))
			}
		}},
		{"its timeout does not count", func(k *keyed, _ *watchedClient) {
			k.realm.Break(authrockettest.Slow(7 * time.Second))
			k.warm()
		}},
		{"its redirect policy does not count", func(k *keyed, _ *watchedClient) {
			k.realm.Break(authrockettest.Redirect("/login"))
			if err := k.auth.Warm(k.t.Context()); !errors.Is(err, authrocket.ErrKeysUnavailable) {
				k.t.Errorf("the error is %v, want %v", err, authrocket.ErrKeysUnavailable)
			}
			if got := k.realm.Requests("/login"); got != 0 {
				k.t.Errorf("%d redirects were followed", got)
			}
		}},
		{"its cookie jar is not asked", func(k *keyed, c *watchedClient) {
			k.realm.Break(func(w http.ResponseWriter, r *http.Request, healthy http.Handler) {
				http.SetCookie(w, &http.Cookie{Name: "from", Value: "realm"})
				healthy.ServeHTTP(w, r)
			})
			k.warm()
			if c.jar.asked != 0 || len(c.sent) != 1 || c.sent[0].Header.Get("Cookie") != "" {
				k.t.Errorf("the jar was asked %d times and %d requests were sent, want 0 and 1 without cookies", c.jar.asked, len(c.sent))
			}
		}},
		{"it stays as it was", func(k *keyed, c *watchedClient) {
			k.warm()
			if c.client.Timeout != c.original.Timeout || c.client.Jar != c.original.Jar || c.client.CheckRedirect == nil || c.client.CheckRedirect(nil, nil) != nil {
				k.t.Errorf("the caller's client is now %+v", c.client)
			}
		}},
		{"a later change of it does not count", func(k *keyed, c *watchedClient) {
			c.client.Transport = keyTransport(func(*http.Request) (*http.Response, error) { return nil, errBrokenOff })
			k.warm()
		}},
	}
	for _, test := range tests {
		c := &watchedClient{}
		keyedRowWith(t, test.name, c.install, func(k *keyed) { test.run(k, c) })
	}
}

// resolveTo makes every host name lead to ip while the test runs.
func resolveTo(t *testing.T, ip string) {
	t.Helper()
	before := net.DefaultResolver
	t.Cleanup(func() { net.DefaultResolver = before })
	address := net.ParseIP(ip).To4()
	net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		client, server := net.Pipe()
		go answerDNS(server, address)
		return client, nil
	}}
}

// answerDNS answers queries as over TCP (RFC 1035 section 4.2.2): address for
// type A, nothing for others.
func answerDNS(conn net.Conn, address net.IP) {
	defer conn.Close()
	const headerSize, typeA = 12, 1
	for {
		var size [2]byte
		if _, err := io.ReadFull(conn, size[:]); err != nil {
			return
		}
		query := make([]byte, binary.BigEndian.Uint16(size[:]))
		if _, err := io.ReadFull(conn, query); err != nil {
			return
		}
		end := headerSize
		for query[end] != 0 {
			end += int(query[end]) + 1
		}
		end += 5 // the root label, type and class
		response := append([]byte{query[0], query[1], 0x81, 0x80, 0, 1, 0, 0, 0, 0, 0, 0}, query[headerSize:end]...)
		if binary.BigEndian.Uint16(query[end-4:]) == typeA {
			response[7] = 1
			response = append(response, 0xc0, headerSize, 0, typeA, 0, 1, 0, 0, 0, 60, 0, 4)
			response = append(response, address...)
		}
		if _, err := conn.Write(binary.BigEndian.AppendUint16(nil, uint16(len(response)))); err != nil {
			return
		}
		if _, err := conn.Write(response); err != nil {
			return
		}
	}
}

// replaceDefaultTransport lasts while the test runs.
func replaceDefaultTransport(t *testing.T, transport http.RoundTripper) {
	t.Helper()
	before := http.DefaultTransport
	t.Cleanup(func() { http.DefaultTransport = before })
	http.DefaultTransport = transport
}

// The rows change what the whole process resolves and dials, so none is parallel.
func TestKeyTransport(t *testing.T) {
	realm := authrockettest.NewRealm(t)
	u, err := url.Parse(realm.Start())
	if err != nil {
		t.Fatal(err)
	}
	named := func(host string) authrocket.Config {
		config := realm.Config()
		config.LoginRocketURL = "http://" + net.JoinHostPort(host, u.Port())
		return config
	}
	const dialled = "a loopback name that leads to this machine is dialled"
	t.Run(dialled, func(t *testing.T) {
		resolveTo(t, "127.0.0.1")
		warm(t, openAuth(t, named("keys.localhost")))
	})
	t.Run("a loopback name that leads elsewhere is not dialled", func(t *testing.T) {
		auth := openAuth(t, named("keys.localhost"))
		// Without keys it would try again after the test.
		resolveTo(t, "127.0.0.1")
		if err := auth.Warm(t.Context()); err != nil {
			t.Fatal(err)
		}
		resolveTo(t, "192.0.2.1")
		err := auth.Warm(t.Context())
		if !errors.Is(err, authrocket.ErrKeysUnavailable) || !strings.Contains(fmt.Sprint(err), "192.0.2.1:"+u.Port()+" is not a loopback address") {
			t.Errorf("the error is %v, want that the address is not loopback", err)
		}
	})
	t.Run("a name that is not loopback is dialled wherever it leads", func(t *testing.T) {
		resolveTo(t, "0.0.0.0") // leads to this machine, but is no loopback address
		config := named("keys.example")
		config.AppURL, config.DangerouslyAllowHTTPLoginRocketURL = "https://app.example", true
		warm(t, openAuth(t, config))
	})
	jwksURL := func(host string) authrocket.Config {
		config := realm.Config()
		config.JWKSURL = "http://" + net.JoinHostPort(host, u.Port()) + "/connect/jwks"
		return config
	}
	t.Run("a loopback JWKSURL that leads elsewhere is not dialled, wherever LoginRocketURL is", func(t *testing.T) {
		config := jwksURL("keys.localhost")
		config.LoginRocketURL, config.AppURL = "https://sample.e2.loginrocket.com/", "https://app.example"
		auth := openAuth(t, config)
		resolveTo(t, "127.0.0.1")
		if err := auth.Warm(t.Context()); err != nil {
			t.Fatal(err)
		}
		resolveTo(t, "192.0.2.1")
		err := auth.Warm(t.Context())
		if !errors.Is(err, authrocket.ErrKeysUnavailable) || !strings.Contains(fmt.Sprint(err), "192.0.2.1:"+u.Port()+" is not a loopback address") {
			t.Errorf("the error is %v, want that the address is not loopback", err)
		}
	})
	t.Run("a JWKSURL that is not loopback is dialled wherever it leads, though LoginRocketURL is loopback", func(t *testing.T) {
		resolveTo(t, "0.0.0.0")
		config := jwksURL("keys.example")
		config.LoginRocketURL, config.DangerouslyAllowHTTPJWKSURL = "http://127.0.0.1:1", true
		warm(t, openAuth(t, config))
	})
	t.Run("keys of a loopback name do not come through a proxy", func(t *testing.T) {
		proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			t.Error("the proxy was asked")
			w.WriteHeader(http.StatusBadGateway)
		}))
		defer proxy.Close()
		// A process reads its proxy from the environment only once.
		program, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		child := exec.CommandContext(t.Context(), program, "-test.v", "-test.run=^TestKeyTransport$/^"+strings.ReplaceAll(dialled, " ", "_")+"$")
		child.Env = append(os.Environ(), "HTTP_PROXY="+proxy.URL, "http_proxy="+proxy.URL, "NO_PROXY=", "no_proxy=")
		output, err := child.CombinedOutput()
		if err != nil || !strings.Contains(string(output), "--- PASS: TestKeyTransport/") {
			t.Errorf("with a proxy the row before fails with %v:\n%s", err, output)
		}
	})
	t.Run("a default transport of another type does not matter", func(t *testing.T) {
		replaceDefaultTransport(t, keyTransport(func(*http.Request) (*http.Response, error) {
			return nil, errors.New("this is the app's own")
		}))
		defer func() {
			if p := recover(); p != nil {
				t.Errorf("New panicked: %v", p)
			}
		}()
		warm(t, openAuth(t, realm.Config()))
	})
}

func TestNoConnectionOutlivesAFetch(t *testing.T) {
	t.Parallel()
	realm := authrockettest.NewRealm(t)
	closed := make(chan struct{}, 100) // retries of failed fetches come, too
	asked := make(chan bool, 100)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked <- r.Close
		realm.ServeHTTP(w, r)
	}))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateClosed {
			closed <- struct{}{}
		}
	}
	server.Start()
	defer server.Close()
	config := realm.Config()
	config.LoginRocketURL, config.AppURL, config.HTTPClient = server.URL, "", nil
	for _, fault := range []authrockettest.Fault{nil, authrockettest.Status(http.StatusNotFound), authrockettest.Body("text/html", strings.Repeat("-", 2<<20)), authrockettest.Redirect("/login")} {
		realm.Break(fault)
		auth := openAuth(t, config)
		if fault == nil {
			warm(t, auth)
		} else if err := auth.Warm(t.Context()); err == nil {
			t.Error("warming reports no failure")
		}
		if !<-asked {
			t.Error("the request does not say that the connection is to be closed")
		}
		select {
		case <-closed:
		case <-time.After(time.Minute):
			t.Fatal("the connection stays open")
		}
	}
}
