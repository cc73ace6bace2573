package authrocket_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"math/big"
	mathrand "math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/authrocket-go/authrocket"
)

// genuine is a token that was signed, by one of several keys under one of several
// kids.
type genuine struct {
	subject, kid string
	key          int
	isOfTheRealm bool // of this realm, and its time
}

// mutants are what 8 goroutines make of genuine tokens: bits, letters and parts
// changed, put together anew, and some left as they are.
type mutants struct {
	t      *testing.T
	auth   *authrocket.Auth
	tokens map[string]genuine
	texts  []string
	// mark returns the oldest and the latest key set that may be in use now, and isKey
	// reports whether key is the one of kid in one of them.
	isKey    func(kid string, key int, from, to int) bool
	mark     func() (from, to int)
	accepted atomic.Int64
}

func (m *mutants) add(g genuine, claims map[string]any, sign signFunc, alg string) {
	payload := map[string]any{"iss": "https://authrocket.com", "rid": "rl_1", "sub": g.subject, "exp": time.Now().Add(1_000 * time.Hour).Unix(), "iat": time.Now().Unix()}
	for name, value := range claims {
		payload[name] = value
	}
	text, err := json.Marshal(payload)
	if err != nil {
		m.t.Fatal(err)
	}
	header := `{"alg":"` + alg + `","kid":"` + g.kid + `"}`
	token := signCompact(header, string(text), sign)
	m.tokens[token] = g
	m.texts = append(m.texts, token)
}

// verify checks that a session is that of a genuine token whose key counts.
func (m *mutants) verify(token string) {
	from, _ := m.mark()
	s, err := m.auth.Verify(m.t.Context(), token)
	_, to := m.mark()
	if err != nil {
		if !s.IsZero() {
			m.t.Errorf("a session beside the error %v", err)
		}
		return
	}
	m.accepted.Add(1)
	g, ok := m.tokens[token]
	if !ok || !g.isOfTheRealm || s.User.ID != g.subject || s.Token() != token || !m.isKey(g.kid, g.key, from, to) {
		m.t.Errorf("wrong session of %q: the token is genuine %t: %+v, between key sets %d and %d", s.User.ID, ok, g, from, to)
	}
}

func (m *mutants) mutate(rng *mathrand.Rand) string {
	pick := func() string { return m.texts[rng.IntN(len(m.texts))] }
	token := pick()
	bytes := []byte(token)
	at := rng.IntN(len(token))
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=\n "
	parts := strings.Split(token, ".")
	others := [][]string{parts, strings.Split(pick(), "."), strings.Split(pick(), ".")}
	switch rng.IntN(10) {
	case 0:
		bytes[at] ^= 1 << rng.IntN(8)
		return string(bytes)
	case 1:
		bytes[at] = letters[rng.IntN(len(letters))]
		return string(bytes)
	case 2:
		return token[:at] + string(letters[rng.IntN(len(letters))]) + token[at:]
	case 3:
		return token[:at] + token[at+1:]
	case 4:
		other := pick()
		return token[:at] + other[min(at, len(other)):]
	case 5:
		return others[rng.IntN(3)][0] + "." + others[rng.IntN(3)][1] + "." + others[rng.IntN(3)][2]
	case 6:
		// One byte of what a part says.
		n := rng.IntN(3)
		decoded, err := base64.RawURLEncoding.DecodeString(parts[n])
		if err != nil {
			panic(err)
		}
		decoded[rng.IntN(len(decoded))] ^= 1 << rng.IntN(8)
		parts[n] = base64.RawURLEncoding.EncodeToString(decoded)
		return strings.Join(parts, ".")
	case 7:
		// Another of the users, which no signature covers.
		payload, err := base64.RawURLEncoding.DecodeString(parts[1])
		if err != nil {
			panic(err)
		}
		parts[1] = segment(strings.Replace(string(payload), `"sub":"usr_`, `"sub":"usr_`+string(letters[rng.IntN(60)]), 1))
		return strings.Join(parts, ".")
	}
	return token
}

// manyMutants leaves manyTokens when those are taken off that mutate leaves as they are.
const manyMutants = manyTokens * 10 / 8

// run verifies n mutants by 8 goroutines, which call turn now and then.
func (m *mutants) run(n int, turn func(rng *mathrand.Rand)) {
	const workers, batch = 8, 250
	var group sync.WaitGroup
	for worker := range workers {
		group.Go(func() {
			rng := mathrand.New(mathrand.NewPCG(uint64(worker), 1))
			for range n / workers / batch {
				if rng.IntN(workers) == 0 {
					turn(rng)
				}
				for range batch {
					m.verify(m.mutate(rng))
				}
				time.Sleep(20 * time.Second) // in fake time: all go on at the same moment
			}
		})
	}
	group.Wait()
	if got := m.accepted.Load(); got < int64(n)/100 {
		m.t.Errorf("only %d of %d tokens were accepted, so that nothing is known of what is kept", got, n)
	}
	m.t.Logf("%d of %d accepted, %d kept, %d remembered", m.accepted.Load(), n, authrocket.KnownTokens(m.auth), authrocket.VerifiedTokens(m.auth))
}

// rotatingKeys answers with key sets whose kids have one key after another, or none.
type rotatingKeys struct {
	keys []*rsa.PrivateKey

	mu     sync.Mutex
	sets   []map[string]int // kid to key, each the set after the one before
	served []int            // the sets that the fetches got
	ended  int              // how many of them ended
}

func (r *rotatingKeys) RoundTrip(*http.Request) (*http.Response, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	latest := len(r.sets) - 1
	r.served = append(r.served, latest)
	entries := []any{}
	for kid, key := range r.sets[latest] {
		public := r.keys[key].PublicKey
		entries = append(entries, map[string]any{
			"kty": "RSA", "alg": "RS256", "kid": kid,
			"n": base64.RawURLEncoding.EncodeToString(public.N.Bytes()),
			"e": base64.RawURLEncoding.EncodeToString(big.NewInt(int64(public.E)).Bytes()),
		})
	}
	body, err := json.Marshal(map[string]any{"keys": entries})
	return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader(string(body)))}, err
}

// end is called after a fetch, whose set is in use then. The next fetch may end before
// this call does.
func (r *rotatingKeys) end(context.Context, authrocket.KeyRefresh) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ended++
}

// mark returns a set that is in use or was, and the latest that may be.
func (r *rotatingKeys) mark() (from, to int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.served) == 0 {
		return 0, 0
	}
	return r.served[max(r.ended-1, 0)], r.served[len(r.served)-1]
}

func (r *rotatingKeys) isKey(kid string, key, from, to int) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, set := range r.sets[from : to+1] {
		if got, ok := set[kid]; ok && got == key {
			return true
		}
	}
	return false
}

// turn withdraws a kid, or gives it any key.
func (r *rotatingKeys) turn(rng *mathrand.Rand) {
	r.mu.Lock()
	defer r.mu.Unlock()
	next := map[string]int{}
	for kid, key := range r.sets[len(r.sets)-1] {
		next[kid] = key
	}
	kid := rotatingKids[rng.IntN(len(rotatingKids))]
	if delete(next, kid); len(next) == 0 || rng.IntN(4) > 0 {
		next[kid] = rng.IntN(len(r.keys))
	}
	r.sets = append(r.sets, next)
}

var rotatingKids = []string{"kid_a", "kid_b"}

// Whatever is kept and remembered, a session is that of a genuine token, of this
// realm and of a key that its kid has now. There are manyTokens, which is fewer
// under the race detector.
func TestNoMutantHasASession(t *testing.T) {
	skipIfShort(t)
	t.Parallel()
	t.Run("RS256, while keys are rotated, withdrawn and replaced under their kid", func(t *testing.T) {
		keys := &rotatingKeys{sets: []map[string]int{{"kid_a": 0, "kid_b": 1}}}
		for range 3 {
			key, err := rsa.GenerateKey(rand.Reader, 2048)
			if err != nil {
				t.Fatal(err)
			}
			keys.keys = append(keys.keys, key)
		}
		synctest.Test(t, func(t *testing.T) {
			auth := openAuth(t, authrocket.Config{
				LoginRocketURL: "https://sample.e2.loginrocket.com/", AppURL: "https://example.com", RealmID: "rl_1",
				HTTPClient: &http.Client{Transport: keys}, Observer: authrocket.Observer{KeyRefresh: keys.end},
				TokenCacheSize: 20, // of 84 tokens
			})
			m := &mutants{t: t, auth: auth, tokens: map[string]genuine{}, isKey: keys.isKey, mark: keys.mark}
			for i, key := range keys.keys {
				for _, kid := range rotatingKids {
					for n := range 10 {
						m.add(genuine{subject: fmt.Sprintf("usr_%d", n), kid: kid, key: i, isOfTheRealm: true}, nil, withRS256(key), "RS256")
					}
					m.add(genuine{subject: "usr_0", kid: kid, key: i}, map[string]any{"rid": "rl_2"}, withRS256(key), "RS256")
					m.add(genuine{subject: "usr_1", kid: kid, key: i}, map[string]any{"iss": "https://example.com"}, withRS256(key), "RS256")
					m.add(genuine{subject: "usr_2", kid: kid, key: i}, map[string]any{"exp": time.Now().Add(-time.Hour).Unix()}, withRS256(key), "RS256")
					m.add(genuine{subject: "usr_3", kid: kid, key: i}, nil, withRS256(ownKey()), "RS256") // another realm's key under this kid
				}
			}
			warm(t, auth)
			m.run(manyMutants/2, func(rng *mathrand.Rand) {
				keys.turn(rng)
				auth.Warm(t.Context()) // within the budget; else a fetch follows soon
			})
			if got := len(keys.sets); got < 10 {
				t.Errorf("the keys changed %d times only", got)
			}
			if got := authrocket.VerifiedTokens(auth); got <= 20 || got > 60 {
				t.Errorf("got %d tokens that are remembered as verified, want more than are kept, and at most the 60 of this realm", got)
			}
			time.Sleep(2 * time.Minute) // the last fetch ends
		})
	})
	t.Run("HS256", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			m := &mutants{t: t, tokens: map[string]genuine{},
				auth: secretAuth(t, func(c *authrocket.Config) { c.RealmID, c.TokenCacheSize = "rl_1", 20 }),
				mark: func() (int, int) { return 0, 0 }, isKey: func(string, int, int, int) bool { return true },
			}
			for n := range 40 {
				subject := fmt.Sprintf("usr_%d", n)
				m.add(genuine{subject: subject, kid: "kid", isOfTheRealm: true}, nil, withHMAC(knownSecret), "HS256")
				m.add(genuine{subject: subject, kid: "kid"}, map[string]any{"rid": "rl_2"}, withHMAC(knownSecret), "HS256")
				m.add(genuine{subject: subject, kid: "kid"}, map[string]any{"nonce": n}, withHMAC("another realm's secret"), "HS256")
			}
			m.run(manyMutants/2, func(*mathrand.Rand) {})
			wantRemembered(t, m.auth, 0)
		})
	})
}
