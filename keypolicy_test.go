package authrocket_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/authrockettest"
)

// What internal/keycache and internal/jose decide is proven there. The rows here hold
// that it reaches requests, and what the fetch over HTTP adds.

func TestKeyFetchesAreShared(t *testing.T) {
	t.Parallel()
	keyedRow(t, "50 concurrent first requests to gates and open pages make one fetch", func(k *keyed) {
		k.realm.Break(authrockettest.Slow(time.Second))
		token := k.token()
		var group sync.WaitGroup
		for range 25 {
			group.Go(func() { k.wantPage(k.bearer("/gate", token), keyUser, time.Second) })
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
}

func TestUnknownKeys(t *testing.T) {
	t.Parallel()
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
	keyedRow(t, "several cookies of known keys wait 2 seconds in all, once", func(k *keyed) {
		tokens := []string{k.token(), k.token(), k.token(), k.token()}
		k.warm()
		k.realm.Break(authrockettest.Hang())
		time.Sleep(2 * keyInterval)
		k.wantPage(k.cookie("/open", tokens...), keyUser, keyMaxWait)
		k.wantPage(k.cookie("/gate", tokens...), keyUser, 0)
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
		r := request(http.MethodGet, "/", "Authorization: Bearer "+k.token())
		k.wantAnswer(k.send(gate, r), http.StatusServiceUnavailable, keyMaxWait)
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
			r := request(http.MethodPost, "/auth/logout", "Sec-Fetch-Site: same-origin")
			a := k.send(k.app, withCookie(r, siteCookie, token))
			k.wantAnswer(a, http.StatusOK, 0)
			if cookies := a.Result().Cookies(); len(cookies) != 2 || cookies[0].Name != siteCookie || cookies[0].MaxAge >= 0 {
				k.t.Errorf("the answer sets cookies %v, want that the session's is cleared", cookies)
			}
		})
	}
}

func TestKeysOverTime(t *testing.T) {
	t.Parallel()
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
}

// An interval that is too short for the budget has to be a problem of New, not
// of users with good tokens.
func TestShortRefreshIntervalRefusesNoGoodToken(t *testing.T) {
	t.Parallel()
	for _, interval := range []time.Duration{time.Nanosecond, time.Second, 5 * time.Second, keyCoolDown, time.Minute} {
		change := func(c *authrocket.Config) { c.RefreshInterval, c.MaxStale = interval, 2*interval }
		if interval < keyCoolDown {
			config := newConfig(change)
			if _, err := authrocket.New(config); err == nil {
				t.Errorf("New accepts an interval of %s", interval)
			}
			continue
		}
		keyedRowWith(t, interval.String(), change, func(k *keyed) {
			token := k.token()
			for start := time.Now(); time.Since(start) < 5*time.Minute; time.Sleep(100 * time.Millisecond) {
				if _, err := k.verify(token); err != nil {
					k.t.Fatalf("the token is refused after %s: %v", time.Since(start), err)
				}
			}
		})
	}
}

// A token that would be refused with its key too costs no fetch, and is refused
// for what is wrong with it.
func TestRefusedTokensCostNoFetch(t *testing.T) {
	t.Parallel()
	at := func(ahead time.Duration) int64 { return time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC).Add(ahead).Unix() }
	for _, row := range []struct {
		name   string
		option authrockettest.TokenOption
		want   error
		says   string
	}{
		{name: "of another realm", option: setClaim("rid", "rl_other"), want: authrocket.ErrWrongRealm, says: `rid is "rl_other"`},
		{name: "of a realm with a long ID", option: setClaim("rid", strings.Repeat("r", 1_000)), want: authrocket.ErrWrongRealm, says: strings.Repeat("r", 64) + `"...`},
		{name: "of no realm", option: withoutClaim("rid"), want: authrocket.ErrWrongRealm, says: `rid is ""`},
		{name: "of another issuer", option: setClaim("iss", "https://loginrocket.example"), want: authrocket.ErrWrongIssuer, says: "https://authrocket.com"},
		{name: "that has expired", option: setClaim("exp", at(-time.Hour)), want: authrocket.ErrTokenExpired, says: "the clock here says"},
		{name: "that is not valid yet", option: setClaim("nbf", at(time.Hour)), want: authrocket.ErrTokenNotYetValid, says: "nbf"},
		{name: "that was issued in the future", option: setClaim("iat", at(time.Hour)), want: authrocket.ErrTokenNotYetValid, says: "iat"},
		{name: "for another audience", option: setClaim("aud", "other"), want: authrocket.ErrWrongAudience},
		{name: "of no user", option: withoutClaim("sub"), want: authrocket.ErrInvalidClaims, says: "sub"},
		{name: "that never expires", option: withoutClaim("exp"), want: authrocket.ErrInvalidClaims, says: "exp"},
		{name: "whose claims are not JSON", option: setPayload([]byte("text")), want: authrocket.ErrInvalidClaims, says: "payload"},
		{name: "with an empty kid", option: setHeader("kid", ""), want: authrocket.ErrUnknownKey, says: "no kid"},
		{name: "without a kid", option: withoutHeader("kid"), want: authrocket.ErrUnknownKey, says: "no kid"},
		{name: "of another algorithm", option: setHeader("alg", "ES256"), want: authrocket.ErrWrongAlgorithm, says: `the token says "ES256"`},
		{name: "of a realm that signs HS256", option: setHeader("alg", "HS256"), want: authrocket.ErrWrongAlgorithm, says: "set Config.JWTKey"},
	} {
		keyedRow(t, row.name, func(k *keyed) {
			for _, kid := range []string{k.realm.KeyID(), "made up"} {
				_, err := k.verify(k.token(setHeader("kid", kid), row.option))
				if !errors.Is(err, row.want) || !strings.Contains(fmt.Sprint(err), row.says) {
					k.t.Errorf("kid %q: got %v, want %v that says %q", kid, err, row.want, row.says)
				}
			}
			k.wantFetches(0)
		})
	}
	keyedRow(t, "that has expired since it verified", func(k *keyed) {
		token := k.token(authrockettest.ExpiresIn(time.Hour))
		k.wantVerified(token)
		time.Sleep(24 * time.Hour)
		k.wantRefused(token, authrocket.ErrTokenExpired, http.StatusUnauthorized)
		k.wantFetches(1)
	})
}

// A request may wait for the keys until its token has expired.
func TestATokenThatExpiresWhileItWaits(t *testing.T) {
	t.Parallel()
	keyedRow(t, "is refused", func(k *keyed) {
		token := k.token(authrockettest.ExpiresIn(2 * keyInterval))
		k.wantVerified(token)
		k.realm.Break(authrockettest.Slow(time.Second))
		time.Sleep(2*keyInterval + 4500*time.Millisecond) // within the leeway
		k.wantRefused(token, authrocket.ErrTokenExpired, http.StatusUnauthorized)
		k.wantFetches(2)
	})
}

// Key IDs are public, so that messages may help to find the key.
func TestARefusedKeyIDIsShown(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name  string
		fault authrockettest.Fault
		want  error
	}{
		{name: "when it is unknown", want: authrocket.ErrUnknownKey},
		{name: "when nobody knows", fault: authrockettest.Status(http.StatusBadGateway), want: authrocket.ErrKeysUnavailable},
	} {
		keyedRow(t, row.name, func(k *keyed) {
			k.warm()
			k.realm.Break(row.fault)
			if _, err := k.verify(k.madeUp("jky_made_up")); !errors.Is(err, row.want) || !strings.Contains(err.Error(), `kid "jky_made_up"`) {
				k.t.Errorf("got %v, want %v with the kid", err, row.want)
			}
		})
	}
}

func TestANewKeyAtACallback(t *testing.T) {
	t.Parallel()
	keyedRow(t, "that is published a moment later leaves the state of the login to the next try", func(k *keyed) {
		k.warm()
		comeBack := k.startLogin()
		k.realm.RotateKeys()
		id, token := k.realm.KeyID(), k.token()
		k.realm.Break(editedKeys(func(keys []any) any {
			return slices.DeleteFunc(keys, func(key any) bool { return key.(map[string]any)["kid"] == id })
		}))
		k.wantRefused(token, authrocket.ErrUnknownKey, http.StatusUnauthorized)
		k.realm.Repair()
		if w := comeBack(token); !isReloadingPage(w) {
			k.t.Fatalf("got %d %v %s, want a page that reloads itself", w.Code, w.Header(), w.Body)
		}
		time.Sleep(2 * time.Second)
		if w := comeBack(token); !isSignedIn(w) {
			k.t.Errorf("got %d %v %s, want the session cookie", w.Code, w.Header(), w.Body)
		}
	})
	keyedRow(t, "is found at once for a token that was issued again", func(k *keyed) {
		k.warm()
		time.Sleep(time.Hour)
		k.warm()
		comeBack := k.startLogin()
		k.realm.RotateKeys()
		if w := comeBack(k.token(setClaim("iat", time.Now().Add(-50*time.Minute).Unix()))); !isSignedIn(w) {
			k.t.Errorf("got %d %v %s, want the session cookie", w.Code, w.Header(), w.Body)
		}
	})
}

func TestColdProcess(t *testing.T) {
	t.Parallel()
	slow := func(d time.Duration) func() authrockettest.Fault {
		return func() authrockettest.Fault { return authrockettest.Slow(d) }
	}
	for _, row := range []struct {
		name  string
		fault func() authrockettest.Fault
		until time.Duration // the set is there
	}{
		{name: "whose key set takes 2 seconds", fault: slow(2*time.Second + time.Millisecond), until: 2*time.Second + time.Millisecond},
		{name: "whose key set takes 7 seconds", fault: slow(7 * time.Second), until: 7 * time.Second},
		{name: "whose first fetch fails", fault: failOnce, until: 1200 * time.Millisecond},
	} {
		// untilSignedIn reloads the page as its browser does.
		untilSignedIn := func(k *keyed, visit func() *httptest.ResponseRecorder, isDone func(*httptest.ResponseRecorder) bool) {
			k.t.Helper()
			start, reloads := time.Now(), 0
			for {
				began := time.Now()
				w := visit()
				if waited := time.Since(began); waited > keyMaxWait {
					k.t.Fatalf("the answer took %s", waited)
				}
				switch {
				case isDone(w):
					if reloads == 0 {
						k.t.Error("it was there at once, so that nothing is known about reloads")
					}
					return
				case !isReloadingPage(w):
					k.t.Fatalf("got %d %v %s", w.Code, w.Header(), w.Body)
				case began.Sub(start) > row.until:
					k.t.Fatalf("a reload %s after the start fails, %s after the set is there", began.Sub(start), began.Sub(start)-row.until)
				}
				reloads++
				seconds, err := time.ParseDuration(w.Header().Get("Refresh") + "s")
				if err != nil || seconds <= 0 || seconds > keyMaxWait {
					k.t.Fatalf("it reloads itself after %q, want 2 seconds at most: %v", w.Header().Get("Refresh"), err)
				}
				time.Sleep(seconds)
			}
		}
		keyedRow(t, row.name+" shows who navigates a page that reloads itself", func(k *keyed) {
			k.realm.Break(row.fault())
			token := k.token()
			untilSignedIn(k, func() *httptest.ResponseRecorder { return k.navigate(token) },
				func(w *httptest.ResponseRecorder) bool { return w.Code == http.StatusOK })
		})
		keyedRow(t, row.name+" shows who comes back from LoginRocket such a page", func(k *keyed) {
			k.realm.Break(row.fault())
			comeBack, token := k.startLogin(), k.token()
			untilSignedIn(k, func() *httptest.ResponseRecorder { return comeBack(token) }, isSignedIn)
		})
		keyedRow(t, row.name+" answers scripts with 503 within 2 seconds", func(k *keyed) {
			k.realm.Break(row.fault())
			a := k.cookie("/gate", k.token())
			if a.Code != http.StatusServiceUnavailable || a.took > keyMaxWait || a.Header().Get("Refresh") != "" {
				k.t.Errorf("got %d %v after %s, want 503 without a page", a.Code, a.Header(), a.took)
			}
			k.wantRetryAfter(a, 1, 2)
		})
	}
}

// failOnce is a fault of one fetch.
func failOnce() authrockettest.Fault {
	var failed atomic.Bool
	return func(w http.ResponseWriter, r *http.Request, healthy http.Handler) {
		if failed.Swap(true) {
			healthy.ServeHTTP(w, r)
			return
		}
		w.WriteHeader(http.StatusBadGateway)
	}
}

func TestReady(t *testing.T) {
	t.Parallel()
	wantNotReady := func(k *keyed, says string) {
		k.t.Helper()
		err := k.auth.Ready()
		if !errors.Is(err, authrocket.ErrKeysUnavailable) || authrocket.StatusCode(err) != http.StatusServiceUnavailable || !strings.Contains(err.Error(), says) {
			k.t.Errorf("got %v, want %v that says %q", err, authrocket.ErrKeysUnavailable, says)
		}
	}
	keyedRow(t, "is false at once without keys, and begins one fetch", func(k *keyed) {
		k.realm.Break(authrockettest.Slow(time.Second))
		began := time.Now()
		for range 50 {
			wantNotReady(k, "no key set has been fetched yet")
		}
		if waited := time.Since(began); waited != 0 {
			k.t.Errorf("the answers took %s, want none to wait", waited)
		}
		time.Sleep(2 * time.Second)
		k.wantFetches(1)
		if err := k.auth.Ready(); err != nil {
			k.t.Errorf("after the fetch: %v", err)
		}
	})
	keyedRow(t, "is true with keys until they are as old as MaxStale", func(k *keyed) {
		k.warm()
		k.realm.Break(authrockettest.Hang())
		time.Sleep(keyMaxStale)
		if err := k.auth.Ready(); err != nil {
			k.t.Error(err)
		}
		time.Sleep(time.Hour)
		wantNotReady(k, "the key set is 25h0m0s old")
	})
	keyedRow(t, "says why the fetch failed, and what to check", func(k *keyed) {
		k.realm.Break(authrockettest.Status(http.StatusNotFound))
		_ = k.auth.Ready()
		synctest.Wait()
		wantNotReady(k, "no key set has been fetched yet: ")
		wantNotReady(k, k.realm.URL()+"/connect/jwks answered 404")
		wantNotReady(k, "check Config.LoginRocketURL (LOGINROCKET_URL)")
	})
	t.Run("is true with a static key", func(t *testing.T) {
		t.Parallel()
		if err := secretAuth(t, nil).Ready(); err != nil {
			t.Error(err)
		}
	})
}

// The pages of a refusal that is none: the browser comes again by itself.
func TestUndecidedNavigations(t *testing.T) {
	t.Parallel()
	spend := func(k *keyed) {
		for range 3 {
			k.warm()
		}
	}
	send := func(k *keyed, r *http.Request, token string) *httptest.ResponseRecorder {
		return serve(k.app, withCookie(r, siteCookie, token))
	}
	keyedRow(t, "with an unknown key go to the login when the budget is spent, and keep their cookie", func(k *keyed) {
		spend(k)
		w := k.navigate(k.madeUp("made up"))
		if !isLogin(w) || strings.Contains(strings.Join(w.Header()["Set-Cookie"], ""), "__Host-arToken=") {
			k.t.Errorf("got %d %v, want the login and the cookie kept", w.Code, w.Header())
		}
	})
	keyedRow(t, "with an unknown key get the page that reloads itself after three logins in a row", func(k *keyed) {
		spend(k)
		w := send(k, withCookie(navigate("/gate"), siteCookie+"-attempts", "0.3"), k.madeUp("made up"))
		if !isReloadingPage(w) {
			k.t.Errorf("got %d %v %s, want a page that reloads itself", w.Code, w.Header(), w.Body)
		}
	})
	for _, row := range []struct {
		name string
		r    *http.Request
	}{
		{name: "scripts", r: request(http.MethodGet, "/gate")},
		{name: "htmx", r: request(http.MethodGet, "/gate", "HX-Request: true")},
		{name: "posts", r: request(http.MethodPost, "/gate", "Sec-Fetch-Site: same-origin")},
		{name: "frames", r: navigate("/gate", "Sec-Fetch-Dest: iframe")},
		{name: "other JSON calls", r: request(http.MethodGet, "/gate", "Accept: application/json")},
	} {
		keyedRowWith(t, row.name+" with an unknown key get 429 when the budget is spent", nil, func(k *keyed) {
			spend(k)
			w := send(k, row.r, k.madeUp("made up"))
			if w.Code != http.StatusTooManyRequests || w.Header().Get("Retry-After") != "10" || w.Header().Get("Refresh") != "" || w.Header()["Location"] != nil {
				k.t.Errorf("got %d %v, want 429 and nothing of a page", w.Code, w.Header())
			}
		})
	}
	keyedRow(t, "without keys get the page that reloads itself, whose text is not about keys", func(k *keyed) {
		k.realm.Break(authrockettest.Status(http.StatusBadGateway))
		w := k.navigate(k.token())
		if !isReloadingPage(w) || strings.Contains(w.Body.String(), "502") || !strings.Contains(w.Body.String(), "tries again") {
			k.t.Errorf("got %d %v %s, want a page that reloads itself", w.Code, w.Header(), w.Body)
		}
		var problem struct{ Reason string }
		w = serve(k.app, request(http.MethodGet, "/gate", "Authorization: Bearer "+k.token(), "Accept: application/json"))
		if json.Unmarshal(w.Body.Bytes(), &problem); w.Code != http.StatusServiceUnavailable || problem.Reason != "keys_unavailable" {
			k.t.Errorf("a program: got %d %s, want 503 and the reason", w.Code, w.Body)
		}
	})
}
