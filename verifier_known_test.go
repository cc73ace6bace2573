package authrocket_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/authrockettest"
)

func wantKnown(t *testing.T, auth *authrocket.Auth, want int) {
	t.Helper()
	if got := authrocket.KnownTokens(auth); got != want {
		t.Errorf("got %d tokens that are kept, want %d", got, want)
	}
}

// A token whose claims are refused takes no room, nor does the mark that its signature verified.
func TestOnlyAcceptedTokensAreKept(t *testing.T) {
	t.Parallel()
	c := newSite(t)
	good := c.realm.Token(c.ada)
	parts := strings.Split(good, ".")
	other := strings.Split(c.realm.Token(c.ada, setClaim("sub", "usr_other")), ".")
	refused := map[string]string{
		"a forged one":                 parts[0] + "." + other[1] + "." + parts[2],
		"one of another key":           signCompact(unsegment(t, parts[0]), unsegment(t, parts[1]), withRS256(ownKey())),
		"an expired one":               c.realm.Token(c.ada, authrockettest.ExpiresIn(-time.Minute)),
		"an early one":                 c.realm.Token(c.ada, setClaim("nbf", time.Now().Add(time.Hour).Unix())),
		"one of another realm":         c.realm.Token(c.ada, setClaim("rid", "rl_other")),
		"one of another algorithm":     c.realm.Token(c.ada, setHeader("alg", "PS256")),
		"one without sub":              c.realm.Token(c.ada, withoutClaim("sub")),
		"one of an unknown key":        c.realm.Token(c.ada, setHeader("kid", "unknown")),
		"a padded one":                 good + "=",
		"one with a line break":        parts[0] + "." + parts[1] + "\n." + parts[2],
		"one with other trailing bits": good[:len(good)-1] + nextLetter(good[len(good)-1]),
		"no token":                     "",
	}
	for name, token := range refused {
		if _, err := c.auth.Verify(t.Context(), token); err == nil {
			t.Errorf("%s was verified", name)
		}
	}
	wantKnown(t, c.auth, 0)
	wantRemembered(t, c.auth, 0)
	for range 3 {
		if _, err := c.auth.Verify(t.Context(), good); err != nil {
			t.Fatal(err)
		}
	}
	wantKnown(t, c.auth, 1)
	for name, token := range refused {
		if _, err := c.auth.Verify(t.Context(), token); err == nil {
			t.Errorf("%s was verified after the good one", name)
		}
	}
	wantKnown(t, c.auth, 1)
	wantRemembered(t, c.auth, 1)
}

// nextLetter spells the last bits of an RS256 signature with others behind them
// that decode to nothing.
func nextLetter(c byte) string { return string(rune(c + 1)) }

func TestNoTokenIsKeptWithoutACache(t *testing.T) {
	t.Parallel()
	c := newSite(t, func(c *authrocket.Config) { c.TokenCacheSize = -1 })
	c.session(t)
	wantKnown(t, c.auth, 0)
}

// A token that verified, and one that shares something with it.
func TestKnownTokensDoNotAnswerForOthers(t *testing.T) {
	t.Parallel()
	auth := secretAuth(t, nil)
	expires := time.Now().Add(time.Hour)
	known := secretToken("usr_1", expires)
	parts := strings.Split(known, ".")
	sibling := secretToken("usr_2", expires) // same header, length and start
	siblingParts := strings.Split(sibling, ".")
	if len(known) != len(sibling) || known[:60] != sibling[:60] {
		t.Fatal("the two tokens do not share their length and start")
	}
	if _, err := auth.Verify(t.Context(), known); err != nil {
		t.Fatal(err)
	}
	for name, token := range map[string]string{
		"the payload of another with its signature": parts[0] + "." + siblingParts[1] + "." + parts[2],
		"a header of its own with its signature":    segment(`{"alg":"HS256","a":1}`) + "." + parts[1] + "." + parts[2],
		"its payload with the signature of another": parts[0] + "." + parts[1] + "." + siblingParts[2],
		"all but the last letter of it":             known[:len(known)-1],
		"all of it and a letter":                    known + "A",
		"the signature alone":                       parts[2],
		"dots around the signature":                 ".." + parts[2],
		"the signature in the place of every part":  parts[2] + "." + parts[2] + "." + parts[2],
	} {
		if s, err := auth.Verify(t.Context(), token); err == nil || !s.IsZero() {
			t.Errorf("%s: got the session of %q, %v", name, s.User.ID, err)
		}
	}
	for range 2 {
		for subject, token := range map[string]string{"usr_1": known, "usr_2": sibling} {
			if s, err := auth.Verify(t.Context(), token); err != nil || s.User.ID != subject || s.Token() != token {
				t.Errorf("got %q, %v, want %s", s.User.ID, err, subject)
			}
		}
	}
}

// wantKnown checks that token is verified, by keys that are fetched if need be, and
// with the key set that is there then.
func (k *keyed) wantKnown(token string) {
	k.t.Helper()
	for range 3 {
		k.wantVerified(token)
		synctest.Wait()
	}
}

func TestKnownTokenEnds(t *testing.T) {
	t.Parallel()
	keyedRowWith(t, "five seconds after exp, at every door", func(*authrocket.Config) {}, func(k *keyed) {
		token := k.token(authrockettest.ExpiresIn(time.Hour))
		k.wantVerified(token)
		time.Sleep(time.Hour + 5*time.Second)
		k.wantVerified(token)
		k.wantAnswer(k.bearer("/gate", token), http.StatusOK, 0)
		k.wantAnswer(k.cookie("/gate", token), http.StatusOK, 0)
		time.Sleep(time.Nanosecond)
		k.wantRefused(token, authrocket.ErrTokenExpired, http.StatusUnauthorized)
		k.wantAnswer(k.bearer("/gate", token), http.StatusUnauthorized, 0)
		k.wantAnswer(k.cookie("/gate", token), http.StatusUnauthorized, 0)
		k.wantPage(k.cookie("/open", token), keyAnonymous, 0)
		wantKnown(k.t, k.auth, 1)
	})
	keyedRowWith(t, "when its key is withdrawn, with the fetch that shows it", func(*authrocket.Config) {}, func(k *keyed) {
		old := k.realm.KeyID()
		token := k.token()
		k.realm.RotateKeys()
		k.wantKnown(token)
		k.realm.WithdrawKey(old)
		k.warm()
		k.wantRefused(token, authrocket.ErrUnknownKey, http.StatusUnauthorized)
		k.wantAnswer(k.bearer("/gate", token), http.StatusUnauthorized, 0)
		k.wantPage(k.cookie("/open", token), keyAnonymous, 0)
	})
	keyedRowWith(t, "when its key is replaced under its kid, with the fetch that shows it", func(*authrocket.Config) {}, func(k *keyed) {
		token := k.token()
		k.wantKnown(token)
		k.realm.ReplaceKey(k.realm.KeyID())
		k.warm()
		k.wantRefused(token, authrocket.ErrBadSignature, http.StatusUnauthorized)
		k.wantAnswer(k.bearer("/gate", token), http.StatusUnauthorized, 0)
		k.wantVerified(k.token())
	})
	keyedRowWith(t, "when the keys are too old to be used", func(*authrocket.Config) {}, func(k *keyed) {
		token := k.token()
		k.wantKnown(token)
		k.realm.Break(authrockettest.Status(http.StatusBadGateway))
		time.Sleep(keyMaxStale)
		k.wantVerified(token)
		time.Sleep(time.Minute)
		k.wantRefused(token, authrocket.ErrKeysUnavailable, http.StatusServiceUnavailable)
		k.realm.Repair()
		time.Sleep(time.Minute)
		k.wantVerified(token)
	})
}

// A known token asks for its key on every use, and so keeps the keys fresh.
func TestKnownTokenRefreshesKeys(t *testing.T) {
	t.Parallel()
	keyedRowWith(t, "one fetch in each interval", func(*authrocket.Config) {}, func(k *keyed) {
		token := k.token()
		for range 4 {
			k.wantKnown(token)
			time.Sleep(keyInterval)
		}
		k.wantFetches(4)
	})
}

// scribbler changes the bytes that it is given to decode.
type scribbler struct{ seen string }

func (s *scribbler) UnmarshalJSON(data []byte) error {
	s.seen = string(data)
	clear(data)
	return nil
}

func TestKnownSessionsAreValues(t *testing.T) {
	t.Parallel()
	c := newSite(t)
	token := c.realm.Token(c.ada, authrockettest.AllOrgs())
	verify := func() authrocket.Session {
		t.Helper()
		s, err := c.auth.Verify(t.Context(), token)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	want := verify()
	wantMemberships, wantCustom := want.Memberships(), want.User.Custom()
	var wantClaims map[string]any
	if err := want.Claims(&wantClaims); err != nil {
		t.Fatal(err)
	}

	changed := verify()
	changed.RealmID, changed.User.ID, changed.User.Email = "changed", "changed", "changed"
	changed.ExpiresAt, changed.IssuedAt = time.Time{}, time.Time{}
	memberships := changed.Memberships()
	memberships[0].Org.ID, memberships[0].ID, memberships[0].Selected = "changed", "changed", false
	memberships[1] = authrocket.Membership{}
	for _, m := range changed.Memberships() {
		clear(m.Permissions())
		clear(m.Org.Custom())
	}
	clear(changed.User.Custom()["tags"].([]any))
	clear(changed.User.Custom())
	var scribbled scribbler
	if err := changed.Claims(&scribbled); err != nil || !strings.Contains(scribbled.seen, c.ada.ID) {
		t.Fatalf("got claims %q, %v", scribbled.seen, err)
	}
	var raw json.RawMessage
	if err := changed.Claims(&raw); err != nil {
		t.Fatal(err)
	}
	clear(raw)

	// A gate for another org leaves the session of the token as it was.
	r := request(http.MethodGet, "/orgs/"+c.widgets.ID)
	r.SetPathValue("org", c.widgets.ID)
	r.Header.Set("Authorization", "Bearer "+token)
	c.auth.RequireOrg(authrocket.OrgIDFromPath("org"))(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if org, _ := authrocket.CurrentOrg(r.Context()); org.ID != c.widgets.ID {
			t.Errorf("got org %q behind the gate, want %q", org.ID, c.widgets.ID)
		}
	})).ServeHTTP(httptest.NewRecorder(), r)

	got := verify()
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if org, _ := got.Org(); org.ID != c.engines.ID {
		t.Errorf("got org %q, want %q", org.ID, c.engines.ID)
	}
	var claims map[string]any
	if err := got.Claims(&claims); err != nil {
		t.Fatal(err)
	}
	for what, pair := range map[string][2]any{
		"memberships":       {got.Memberships(), wantMemberships},
		"permissions":       {got.Memberships()[0].Permissions(), []string{"ar:owner", "billing:write"}},
		"custom attributes": {got.User.Custom(), wantCustom},
		"claims":            {claims, wantClaims},
	} {
		if got, want := fmt.Sprint(pair[0]), fmt.Sprint(pair[1]); got != want {
			t.Errorf("got %s %s, want %s", what, got, want)
		}
	}
}

// The cookies of a request are one string; a token in it must not keep all of it.
func TestKnownTokensDoNotHoldOnToHeaders(t *testing.T) {
	auth := secretAuth(t, func(c *authrocket.Config) { c.CookieName = "token" })
	app := auth.Authenticate(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if _, ok := authrocket.CurrentUser(r.Context()); !ok {
			t.Error("a good cookie is anonymous")
		}
	}))
	const requests, padding = 1_000, 60 << 10
	expires := time.Now().Add(time.Hour)
	before := heap()
	for n := range requests {
		r := request(http.MethodGet, "/")
		r.Header.Set("Cookie", "other="+strings.Repeat("x", padding)+"; token="+secretToken(fmt.Sprintf("usr_%d", n), expires))
		serve(app, r)
	}
	grown := heap() - before
	wantKnown(t, auth, requests)
	if grown > requests*padding/10 {
		t.Errorf("the heap grew by %d bytes for each token", grown/requests)
	}
	runtime.KeepAlive(app)
}

func heap() int64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc)
}

// There are manyTokens, which is fewer under the race detector: it makes each ten
// times as dear.
func TestCacheIsBoundedUnderManyTokens(t *testing.T) {
	skipIfShort(t)
	t.Parallel()
	const size = 1_000
	auth := secretAuth(t, func(c *authrocket.Config) { c.TokenCacheSize = size })
	expires := time.Now().Add(24 * time.Hour)
	var workers sync.WaitGroup
	for worker := range 4 {
		workers.Go(func() {
			for n := worker; n < manyTokens; n += 4 {
				subject := "usr_" + strconv.Itoa(n)
				s, err := auth.Verify(t.Context(), secretToken(subject, expires))
				if err != nil || s.User.ID != subject {
					t.Errorf("token %d: got %q, %v", n, s.User.ID, err)
					return
				}
				if n%1_009 == 0 && authrocket.KnownTokens(auth) > size {
					t.Errorf("got %d tokens that are kept after about %d, want at most %d", authrocket.KnownTokens(auth), n, size)
					return
				}
			}
		})
	}
	workers.Wait()
	wantKnown(t, auth, size)
}

// For the race detector: known, new, forged and expiring tokens, by bearer and by
// cookie, while keys come and go.
func TestMixedLoad(t *testing.T) {
	t.Parallel()
	c := newSite(t, func(c *authrocket.Config) { c.TokenCacheSize = 20 })
	app := c.auth.Authenticate(c.auth.RequireLogin(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s, _ := authrocket.CurrentSession(r.Context())
		s.User.Custom()["plan"] = r.URL.Path
		for _, m := range s.Memberships() {
			clear(m.Permissions())
		}
		fmt.Fprint(w, s.User.ID, " ", s.HasPermission("billing:write"))
	})))
	want := c.ada.ID + " true"
	tokens := make([]string, 40)
	for i := range tokens {
		tokens[i] = c.realm.Token(c.ada)
	}
	forged := tokens[0][:len(tokens[0])-20] + strings.Repeat("A", 19) + tokens[0][len(tokens[0])-1:]
	expired := c.realm.Token(c.ada, authrockettest.ExpiresIn(-time.Minute))
	var workers sync.WaitGroup
	for worker := range 4 {
		workers.Go(func() {
			for n := range 150 {
				token, status := tokens[(n*(worker+1))%len(tokens)], http.StatusOK
				switch n % 10 {
				case 8:
					token, status = forged, http.StatusUnauthorized
				case 9:
					token, status = expired, http.StatusUnauthorized
				}
				r := request(http.MethodGet, "/"+strconv.Itoa(n))
				if worker%2 == 0 {
					r.Header.Set("Authorization", "Bearer "+token)
				} else {
					r.AddCookie(&http.Cookie{Name: "__Host-arToken", Value: token})
				}
				w := serve(app, r)
				if w.Code != status || status == http.StatusOK && w.Body.String() != want {
					t.Errorf("got %d %q, want %d %q", w.Code, w.Body, status, want)
				}
			}
		})
	}
	workers.Go(func() {
		for range 4 {
			c.realm.RotateKeys()
			if err := c.auth.Warm(t.Context()); err != nil && !errors.Is(err, authrocket.ErrKeysUnavailable) {
				t.Error(err)
			}
		}
	})
	workers.Wait()
	if got := authrocket.KnownTokens(c.auth); got > 20 {
		t.Errorf("got %d tokens that are kept, want at most 20", got)
	}
}

// While the key set is the same, the key of a known token is not looked up.
func TestKnownTokenLooksItsKeyUpOncePerKeySet(t *testing.T) {
	t.Parallel()
	c := newSite(t)
	token := c.realm.Token(c.ada)
	lookups := authrocket.CountKeyLookups(c.auth)
	for round := range int64(3) {
		for range 5 {
			if _, err := c.auth.Verify(t.Context(), token); err != nil {
				t.Fatal(err)
			}
		}
		if got := lookups.Load(); got != round+1 {
			t.Fatalf("got %d lookups of the key with %d key sets", got, round+1)
		}
		if round < 2 {
			warm(t, c.auth)
		}
	}
}

// Its times are compared as numbers, which wrap around before 1678 and after 2262.
func TestKnownTokenHasItsTimes(t *testing.T) {
	t.Parallel()
	now := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC) // as every bubble begins
	const (
		leeway = 5 * time.Second
		ahead  = 60 * time.Second
	)
	for _, row := range []struct {
		name        string
		option      authrockettest.TokenOption
		first, last time.Time // within its times; zero for none
		early       error
	}{
		{name: "exp", option: setClaim("exp", now.Add(time.Hour).Unix()), first: time.Time{}, last: now.Add(time.Hour + leeway)},
		{name: "exp with a fraction", option: setClaim("exp", float64(now.Add(time.Hour).Unix())+0.5), first: time.Time{}, last: now.Add(time.Hour + leeway + time.Second/2)},
		{name: "nbf", option: together(withoutClaim("iat"), setClaim("nbf", now.Add(-time.Hour).Unix())), first: now.Add(-time.Hour - leeway), last: time.Time{}, early: authrocket.ErrTokenNotYetValid},
		{name: "iat", option: setClaim("iat", now.Add(-time.Hour).Unix()), first: now.Add(-time.Hour - ahead), last: time.Time{}, early: authrocket.ErrTokenNotYetValid},
		{name: "nbf after iat", option: together(setClaim("iat", now.Add(-2*time.Hour).Unix()), setClaim("nbf", now.Add(-time.Hour).Unix())), first: now.Add(-time.Hour - leeway), last: time.Time{}, early: authrocket.ErrTokenNotYetValid},
		{name: "iat after nbf", option: together(setClaim("iat", now.Add(-time.Hour).Unix()), setClaim("nbf", now.Add(-2*time.Hour).Unix())), first: now.Add(-time.Hour - ahead), last: time.Time{}, early: authrocket.ErrTokenNotYetValid},
		{name: "an exp of the year 9999", option: setClaim("exp", 253402300799), first: time.Time{}, last: time.Date(2262, 1, 1, 0, 0, 0, 0, time.UTC)},
		{name: "an nbf and iat of the year 1", option: together(setClaim("iat", -62135596800), setClaim("nbf", -62135596800)), first: time.Date(1678, 1, 1, 0, 0, 0, 0, time.UTC), last: time.Time{}},
		{name: "neither nbf nor iat", option: withoutClaim("iat"), first: time.Date(1678, 1, 1, 0, 0, 0, 0, time.UTC), last: time.Time{}},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newSite(t)
				token := c.realm.Token(c.ada, row.option)
				for range 2 {
					if _, err := c.auth.Verify(t.Context(), token); err != nil {
						t.Fatal(err)
					}
				}
				at := func(at time.Time, want error) {
					t.Helper()
					if err := authrocket.KnownTokenAt(c.auth, token, at); !errors.Is(err, want) {
						t.Errorf("at %s: got %v, want %v", at.Format(time.RFC3339Nano), err, want)
					}
				}
				at(now, nil)
				if !row.first.IsZero() {
					at(row.first, nil)
					if row.early != nil {
						at(row.first.Add(-time.Nanosecond), row.early)
					}
				}
				if !row.last.IsZero() {
					at(row.last, nil)
					if row.last.Year() < 2262 {
						at(row.last.Add(time.Nanosecond), authrocket.ErrTokenExpired)
					}
				}
			})
		})
	}
}
