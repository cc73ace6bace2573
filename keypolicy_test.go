package authrocket_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/authrockettest"
)

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
		{"of another realm", setClaim("rid", "rl_other"), authrocket.ErrWrongRealm, `rid is "rl_other"`},
		{"of a realm with a long ID", setClaim("rid", strings.Repeat("r", 1_000)), authrocket.ErrWrongRealm, strings.Repeat("r", 64) + `"...`},
		{"of no realm", withoutClaim("rid"), authrocket.ErrWrongRealm, `rid is ""`},
		{"of another issuer", setClaim("iss", "https://loginrocket.example"), authrocket.ErrWrongIssuer, "https://authrocket.com"},
		{"that has expired", setClaim("exp", at(-time.Hour)), authrocket.ErrTokenExpired, "the clock here says"},
		{"that is not valid yet", setClaim("nbf", at(time.Hour)), authrocket.ErrTokenNotYetValid, "nbf"},
		{"that was issued in the future", setClaim("iat", at(time.Hour)), authrocket.ErrTokenNotYetValid, "iat"},
		{"for another audience", setClaim("aud", "other"), authrocket.ErrWrongAudience, ""},
		{"of no user", withoutClaim("sub"), authrocket.ErrInvalidClaims, "sub"},
		{"that never expires", withoutClaim("exp"), authrocket.ErrInvalidClaims, "exp"},
		{"whose claims are not JSON", setPayload([]byte("text")), authrocket.ErrInvalidClaims, "payload"},
		{"with an empty kid", setHeader("kid", ""), authrocket.ErrUnknownKey, "no kid"},
		{"without a kid", withoutHeader("kid"), authrocket.ErrUnknownKey, "no kid"},
		{"of another algorithm", setHeader("alg", "ES256"), authrocket.ErrWrongAlgorithm, `the token says "ES256"`},
		{"of a realm that signs HS256", setHeader("alg", "HS256"), authrocket.ErrWrongAlgorithm, "set Config.JWTKey"},
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
	keyedRow(t, "when it is unknown", func(k *keyed) {
		k.warm()
		if _, err := k.verify(k.madeUp("jky_made_up")); !errors.Is(err, authrocket.ErrUnknownKey) || !strings.Contains(err.Error(), `kid "jky_made_up"`) {
			k.t.Errorf("got %v, want %v with the kid", err, authrocket.ErrUnknownKey)
		}
	})
	keyedRow(t, "when nobody knows", func(k *keyed) {
		k.realm.Break(authrockettest.Status(http.StatusBadGateway))
		if _, err := k.verify(k.madeUp("jky_made_up")); !errors.Is(err, authrocket.ErrKeysUnavailable) || !strings.Contains(err.Error(), `kid "jky_made_up"`) {
			k.t.Errorf("got %v, want %v with the kid", err, authrocket.ErrKeysUnavailable)
		}
	})
}

func TestAKeyThatAppearsLater(t *testing.T) {
	t.Parallel()
	// publish makes a key that is in the set a moment after its first token.
	publish := func(k *keyed) (token string, appear func()) {
		k.warm()
		k.realm.RotateKeys()
		id := k.realm.KeyID()
		k.realm.Break(editedKeys(func(keys []any) any {
			for i, key := range keys {
				if key.(map[string]any)["kid"] == id {
					return append(keys[:i:i], keys[i+1:]...)
				}
			}
			return keys
		}))
		return k.token(), k.realm.Repair
	}
	keyedRow(t, "is accepted within two seconds", func(k *keyed) {
		token, appear := publish(k)
		k.wantRefused(token, authrocket.ErrUnknownKey, http.StatusUnauthorized)
		appear()
		time.Sleep(2 * time.Second)
		k.wantVerified(token)
		k.wantFetches(3)
	})
	keyedRow(t, "leaves the state of a login to a callback that comes before", func(k *keyed) {
		token, appear := publish(k)
		comeBack := k.startLogin()
		k.wantRefused(token, authrocket.ErrUnknownKey, http.StatusUnauthorized)
		appear()
		w := comeBack(token)
		if !isReloadingPage(w) {
			k.t.Fatalf("got %d %v %s, want a page that reloads itself", w.Code, w.Header(), w.Body)
		}
		time.Sleep(2 * time.Second)
		if w := comeBack(token); !isSignedIn(w) {
			k.t.Errorf("got %d %v %s, want the session cookie", w.Code, w.Header(), w.Body)
		}
	})
}

// A replica of the key set that lags answers once more with the set before the rotation.
func TestALaggingReplicaRefusesNoFreshLoginForLong(t *testing.T) {
	t.Parallel()
	lag := func(k *keyed) {
		before := k.realm.KeyID()
		k.warm()
		k.realm.RotateKeys()
		k.warm()
		time.Sleep(keyInterval)
		k.realm.Break(editedKeys(func(keys []any) any {
			for _, key := range keys {
				if key.(map[string]any)["kid"] == before {
					return []any{key}
				}
			}
			return nil
		}))
		k.wantVerified(k.token()) // causes the refresh, of which nobody waits for the end
		synctest.Wait()
	}
	keyedRow(t, "that comes after it", func(k *keyed) {
		lag(k)
		k.realm.Repair()
		k.wantVerified(k.token())
	})
	keyedRow(t, "that meets it too, for more than two seconds", func(k *keyed) {
		lag(k)
		token := k.token()
		k.wantRefused(token, authrocket.ErrUnknownKey, http.StatusUnauthorized)
		k.realm.Repair()
		time.Sleep(2 * time.Second)
		k.wantVerified(token)
	})
}

func TestReissuedTokensAfterARotation(t *testing.T) {
	t.Parallel()
	keyedRow(t, "are found in the background of the first", func(k *keyed) {
		k.warm()
		time.Sleep(time.Hour)
		k.warm()
		k.realm.RotateKeys()
		token := k.token(setClaim("iat", time.Now().Add(-50*time.Minute).Unix()))
		k.wantRefused(token, authrocket.ErrUnknownKey, http.StatusUnauthorized)
		synctest.Wait()
		k.wantVerified(token)
	})
	keyedRow(t, "are found at a callback at once", func(k *keyed) {
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
	gate := func(k *keyed, token string) *httptest.ResponseRecorder {
		r := navigate("/gate")
		r.AddCookie(&http.Cookie{Name: "__Host-arToken", Value: token})
		return serve(k.app(), r)
	}
	for _, slow := range []struct {
		name  string
		fault func() authrockettest.Fault
		until time.Duration // the set is there
	}{
		{"whose key set takes 2 seconds", slowly(2*time.Second + time.Millisecond), 2*time.Second + time.Millisecond},
		{"whose key set takes 7 seconds", slowly(7 * time.Second), 7 * time.Second},
		{"whose first fetch fails", failOnce, 1200 * time.Millisecond},
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
				case began.Sub(start) > slow.until:
					k.t.Fatalf("a reload %s after the start fails, %s after the set is there", began.Sub(start), began.Sub(start)-slow.until)
				}
				reloads++
				seconds, err := time.ParseDuration(w.Header().Get("Refresh") + "s")
				if err != nil || seconds <= 0 || seconds > keyMaxWait {
					k.t.Fatalf("it reloads itself after %q, want 2 seconds at most: %v", w.Header().Get("Refresh"), err)
				}
				time.Sleep(seconds)
			}
		}
		keyedRow(t, slow.name+" shows who navigates a page that reloads itself", func(k *keyed) {
			k.realm.Break(slow.fault())
			token := k.token()
			untilSignedIn(k, func() *httptest.ResponseRecorder { return gate(k, token) },
				func(w *httptest.ResponseRecorder) bool { return w.Code == http.StatusOK })
		})
		keyedRow(t, slow.name+" shows who comes back from LoginRocket such a page", func(k *keyed) {
			k.realm.Break(slow.fault())
			comeBack, token := k.startLogin(), k.token()
			untilSignedIn(k, func() *httptest.ResponseRecorder { return comeBack(token) }, isSignedIn)
		})
		keyedRow(t, slow.name+" answers scripts with 503 within 2 seconds", func(k *keyed) {
			k.realm.Break(slow.fault())
			a := k.cookie("/gate", k.token())
			if a.Code != http.StatusServiceUnavailable || a.took > keyMaxWait || a.Header().Get("Refresh") != "" {
				k.t.Errorf("got %d %v after %s, want 503 without a page", a.Code, a.Header(), a.took)
			}
			k.wantRetryAfter(a, 1, 2)
		})
	}
	keyedRow(t, "lets 256 requests wait and answers 503 to the next one", func(k *keyed) {
		k.realm.Break(authrockettest.Slow(7 * time.Second))
		token, app := k.token(), k.app()
		var group sync.WaitGroup
		for range 256 {
			group.Go(func() {
				r := httptest.NewRequest(http.MethodGet, "/gate", nil)
				r.Header.Set("Authorization", "Bearer "+token)
				k.wantAnswer(k.send(app, r), http.StatusServiceUnavailable, keyMaxWait)
			})
		}
		synctest.Wait()
		k.wantAnswer(k.bearer("/gate", token), http.StatusServiceUnavailable, 0)
		k.wantPage(k.cookie("/open", token), keyAnonymous, 0)
		group.Wait()
	})
}

func slowly(d time.Duration) func() authrockettest.Fault {
	return func() authrockettest.Fault { return authrockettest.Slow(d) }
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
	keyedRow(t, "stays true if only a probe asks", func(k *keyed) {
		k.warm()
		for range 30 * 60 * 6 { // 30 hours
			time.Sleep(10 * time.Second)
			if err := k.auth.Ready(); err != nil {
				k.t.Fatal(err)
			}
		}
		if got := k.fetches(); got < 30*4-1 || got > 30*4+2 {
			k.t.Errorf("got %d fetches in 30 hours, want one in each interval of 15 minutes", got)
		}
	})
	keyedRow(t, "becomes true after an outage if only a probe asks", func(k *keyed) {
		k.realm.Break(authrockettest.Status(http.StatusBadGateway))
		k.auth.Warm(k.t.Context())
		time.Sleep(2 * time.Minute)
		k.realm.Repair()
		k.auth.Ready()
		time.Sleep(10 * time.Second)
		if err := k.auth.Ready(); err != nil {
			k.t.Errorf("10 seconds after the outage: %v", err)
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
		r.AddCookie(&http.Cookie{Name: "__Host-arToken", Value: token})
		return serve(k.app(), r)
	}
	keyedRow(t, "with an unknown key go to the login when the budget is spent, and keep their cookie", func(k *keyed) {
		spend(k)
		w := send(k, navigate("/gate"), k.madeUp("made up"))
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
	for name, r := range map[string]*http.Request{
		"scripts":          request(http.MethodGet, "/gate"),
		"htmx":             request(http.MethodGet, "/gate", "HX-Request: true"),
		"posts":            request(http.MethodPost, "/gate", "Sec-Fetch-Site: same-origin"),
		"frames":           navigate("/gate", "Sec-Fetch-Dest: iframe"),
		"other JSON calls": request(http.MethodGet, "/gate", "Accept: application/json"),
	} {
		keyedRowWith(t, name+" with an unknown key get 429 when the budget is spent", func(*authrocket.Config) {}, func(k *keyed) {
			spend(k)
			w := send(k, r.Clone(k.t.Context()), k.madeUp("made up"))
			if w.Code != http.StatusTooManyRequests || w.Header().Get("Retry-After") != "10" || w.Header().Get("Refresh") != "" || w.Header()["Location"] != nil {
				k.t.Errorf("got %d %v, want 429 and nothing of a page", w.Code, w.Header())
			}
		})
	}
	keyedRow(t, "without keys get the page that reloads itself, whose text is not about keys", func(k *keyed) {
		k.realm.Break(authrockettest.Status(http.StatusBadGateway))
		w := send(k, navigate("/gate"), k.token())
		if !isReloadingPage(w) || strings.Contains(w.Body.String(), "502") || !strings.Contains(w.Body.String(), "tries again") {
			k.t.Errorf("got %d %v %s, want a page that reloads itself", w.Code, w.Header(), w.Body)
		}
		var problem struct{ Reason string }
		w = serve(k.app(), request(http.MethodGet, "/gate", "Authorization: Bearer "+k.token(), "Accept: application/json"))
		if json.Unmarshal(w.Body.Bytes(), &problem); w.Code != http.StatusServiceUnavailable || problem.Reason != "keys_unavailable" {
			k.t.Errorf("a program: got %d %s, want 503 and the reason", w.Code, w.Body)
		}
	})
}
