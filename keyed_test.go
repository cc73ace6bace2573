package authrocket_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
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
	app   http.Handler // serves /open to everyone and /gate to those who are signed in

	mu        sync.Mutex
	refreshes []authrocket.KeyRefresh
}

// keyedRow runs f three times: whether verified tokens are kept, or that they
// verified, changes nothing about keys.
func keyedRow(t *testing.T, name string, f func(k *keyed)) {
	t.Helper()
	keyedRowWith(t, name, nil, f)
	keyedRowWith(t, name+", no token being kept", func(c *authrocket.Config) { c.TokenCacheSize = -1 }, f)
	keyedRowWith(t, name+", no token being remembered", func(c *authrocket.Config) { c.TokenCacheSize, c.VerifiedTokens = -1, -1 }, f)
}

// keyedRowWith runs f once, with the Config that change makes if it is not nil.
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
	if change != nil {
		change(&config)
	}
	auth, err := authrocket.New(config)
	if err != nil {
		k.t.Fatal(err)
	}
	page := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, ok := authrocket.CurrentUser(r.Context())
		fmt.Fprintf(w, "%t %s", ok, user.Email)
	})
	mux := http.NewServeMux()
	mux.Handle("/open", page)
	mux.Handle("/gate", auth.RequireLogin(page))
	k.auth, k.app = auth, auth.Authenticate(mux)
}

func (k *keyed) token(options ...authrockettest.TokenOption) string {
	options = append([]authrockettest.TokenOption{authrockettest.ExpiresIn(30 * keyMaxStale)}, options...)
	return k.realm.Token(k.ada, options...)
}

// madeUp is a token that names a key that nobody has.
func (k *keyed) madeUp(kid string) string {
	return unsigned(k.realm.ID(), kid, time.Now())
}

// unsigned is a token whose signature is zeros and that says all that a token has to.
func unsigned(realmID, kid string, issuedAt time.Time) string {
	return signedBy(kid, realmID, issuedAt, issuedAt.Add(time.Hour), func(string) string { return string(make([]byte, 256)) })
}

func signedBy(kid, realmID string, issuedAt, expires time.Time, sign signFunc) string {
	payload := fmt.Sprintf(`{"iss":"https://authrocket.com","rid":%q,"sub":"usr_1","sid":"kss_1","iat":%d,"exp":%d}`, realmID, issuedAt.Unix(), expires.Unix())
	return signCompact(fmt.Sprintf(`{"alg":"RS256","kid":%q}`, kid), payload, sign)
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
	return k.send(k.app, request(http.MethodGet, target, "Authorization: Bearer "+token))
}

func (k *keyed) cookie(target string, tokens ...string) keyAnswer {
	r := request(http.MethodGet, target)
	for _, token := range tokens {
		withCookie(r, siteCookie, token)
	}
	return k.send(k.app, r)
}

// navigate goes to /gate with a browser.
func (k *keyed) navigate(token string) *httptest.ResponseRecorder {
	return serve(k.app, withCookie(navigate("/gate"), siteCookie, token))
}

func (k *keyed) send(h http.Handler, r *http.Request) keyAnswer {
	start := time.Now()
	return keyAnswer{ResponseRecorder: serve(h, r), took: time.Since(start)}
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

// startLogin starts a login and returns how the browser comes back from it.
func (k *keyed) startLogin() func(token string) *httptest.ResponseRecorder {
	k.t.Helper()
	app := k.app
	start := serve(app, navigate("/gate"))
	back := redirectURIOf(k.t, start.Header().Get("Location"))
	return func(token string) *httptest.ResponseRecorder {
		r := navigate(back.RequestURI() + "&token=" + token)
		for _, c := range start.Result().Cookies() {
			r.AddCookie(c)
		}
		return serve(app, r)
	}
}
