package authrocket_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"math/big"
	mathrand "math/rand/v2"
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
)

var simulatedSeed = flag.Uint64("seed", 0, "simulate a year with this seed; 0 is a week with seed 1")

// TestSimulatedYear drives several processes against a LoginRocket whose keys
// change and whose key set fails, hangs and lags, among clients that flood, clocks
// that jump and processes that restart. Browsers and programs with tokens old and
// new go through all of it, and after every step they check what is promised.
//
//	go test -run TestSimulatedYear -seed 12345 .
func TestSimulatedYear(t *testing.T) {
	skipIfShort(t)
	seed, length := uint64(1), 7*24*time.Hour
	if *simulatedSeed != 0 {
		seed, length = *simulatedSeed, 365*24*time.Hour
	}
	synctest.Test(t, func(t *testing.T) {
		s := newSimulation(t, seed)
		for end := s.began.Add(length); time.Now().Before(end) && !t.Failed(); {
			s.step()
		}
		// The fetches that run end. A goroutine that is left then fails the test.
		time.Sleep(2 * time.Minute)
		s.counts["waits"] = int(s.waits.Load())
		t.Logf("seed %d: %v", seed, s.counts)
		for _, needed := range []string{"accepted", "logins", "withdrawn refused", "withdrawn accepted", "rotations", "floods", "waits", "reloads"} {
			if s.counts[needed] == 0 && length > 300*24*time.Hour {
				t.Errorf("the simulation is about nothing: no %s", needed)
			}
		}
	})
}

const (
	simulatedRealm = "rl_simulated"

	// findsWithin is when a key is found after it is published, after the key
	// set answers again, or after the process starts or its clock is set: the longest
	// pause after a failure, then what the budget grants, and the fetch.
	findsWithin = 12*time.Second + keyCoolDown + keyMaxWait
)

// simulation is a realm, its key set and those who use it. Only its own
// goroutine draws random numbers, so that a seed tells what happens.
type simulation struct {
	t      *testing.T
	rng    *mathrand.Rand
	began  time.Time
	counts map[string]int
	waits  atomic.Int64 // floods count these, too
	recent []string     // what happened lately

	mu        sync.Mutex
	mode      string // how the key set answers
	delay     time.Duration
	goodSince time.Time // when it began to answer well, zero while it does not
	keys      []*simulatedKey
	lagging   []string // the kids that a replica that lags answers with
	jitter    *mathrand.Rand

	processes       []*process
	browsers        []*simulatedBrowser
	withdrawnTokens []simulatedToken // of keys that are withdrawn
}

type simulatedKey struct {
	id        string
	private   *rsa.PrivateKey
	published time.Time
	withdrawn time.Time // zero while it is not planned
}

func (k *simulatedKey) isWithdrawn(now time.Time) bool {
	return !k.withdrawn.IsZero() && !now.Before(k.withdrawn)
}

type simulatedToken struct {
	text     string
	key      *simulatedKey
	issuedAt time.Time
	expires  time.Time
}

// process is an app behind the load balancer.
type process struct {
	s       *simulation
	name    string
	app     http.Handler
	auth    *authrocket.Auth
	started time.Time
	stepped time.Time // when its wall clock was set

	mu      sync.Mutex
	ahead   time.Duration // its wall clock
	granted float64       // fetches that its budget grants
	refill  time.Time
	beside  int // fetches beside the budget
	set     keySetInUse
}

// keySetInUse is the last set that a process got.
type keySetInUse struct {
	kids  map[string]bool
	asked time.Time
	ahead time.Duration // of the wall clock then
}

// simulatedBrowser is a browser, with the cookies that it keeps.
type simulatedBrowser struct {
	cookies  map[string]*http.Cookie // with the time at which they end
	token    simulatedToken
	reissues bool      // its realm's tokens keep the iat of the session
	session  time.Time // when it signed in at LoginRocket
	refused  map[*process]time.Time
}

// simulatedPrivateKeys are few: making one takes long, and what counts is the kid.
var simulatedPrivateKeys = sync.OnceValue(func() (keys []*rsa.PrivateKey) {
	for range 4 {
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			panic(err)
		}
		keys = append(keys, key)
	}
	return keys
})

func newSimulation(t *testing.T, seed uint64) *simulation {
	s := &simulation{
		t: t, began: time.Now(), counts: map[string]int{}, mode: "good",
		rng: mathrand.New(mathrand.NewPCG(seed, 1)), jitter: mathrand.New(mathrand.NewPCG(seed, 2)),
	}
	s.goodSince = s.began
	s.rotate()
	for i := range 3 {
		p := &process{s: s, name: fmt.Sprintf("process %d", i)}
		s.processes = append(s.processes, p)
		p.restart()
	}
	for i := range 4 {
		s.browsers = append(s.browsers, &simulatedBrowser{cookies: map[string]*http.Cookie{}, reissues: i == 0})
	}
	return s
}

// fail reports what broke, with what happened before.
func (s *simulation) fail(format string, args ...any) {
	s.t.Helper()
	s.t.Errorf("%s after %s: %s\nlately:\n  %s", s.mode, time.Since(s.began), fmt.Sprintf(format, args...), strings.Join(s.recent, "\n  "))
}

func (s *simulation) note(format string, args ...any) {
	s.recent = append(s.recent, time.Since(s.began).String()+" "+fmt.Sprintf(format, args...))
	s.recent = s.recent[max(0, len(s.recent)-25):]
}

func (s *simulation) chance(oneIn int) bool { return s.rng.IntN(oneIn) == 0 }

func (s *simulation) between(from, to time.Duration) time.Duration {
	return from + time.Duration(s.rng.Int64N(int64(to-from)))
}

func (s *simulation) anyProcess() *process { return s.processes[s.rng.IntN(len(s.processes))] }

func (s *simulation) anyBrowser() *simulatedBrowser { return s.browsers[s.rng.IntN(len(s.browsers))] }

// step is what happens next, and a while without anything.
func (s *simulation) step() {
	pauses := []time.Duration{5 * time.Second, 5 * time.Second, time.Minute, 20 * time.Minute, 2 * time.Hour}
	time.Sleep(s.between(time.Millisecond, pauses[s.rng.IntN(len(pauses))]))
	switch {
	case s.chance(150):
		s.rotate()
	case s.chance(25):
		s.changeMode()
	case s.mode != "good" && s.chance(6):
		s.setMode("good", 0)
	case s.chance(60):
		p := s.anyProcess()
		s.note("%s restarts", p.name)
		p.restart()
	case s.chance(60):
		s.stepClock(s.anyProcess())
	case s.chance(150):
		s.flood()
	case s.chance(60):
		s.probe(s.anyProcess())
	}
	for range 2 {
		s.browse(s.anyBrowser(), s.anyProcess())
	}
	s.useWithdrawnTokens(s.anyProcess())
}

// rotate signs with a new key from now on. It may be published a moment later,
// and the one before is withdrawn now or after a while.
func (s *simulation) rotate() {
	now := time.Now()
	s.counts["rotations"]++
	private := simulatedPrivateKeys()
	k := &simulatedKey{id: fmt.Sprintf("jky_%d", s.counts["rotations"]), private: private[s.counts["rotations"]%len(private)], published: now}
	if s.chance(3) {
		k.published = now.Add(s.between(0, 3*time.Second))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lagging = s.publishedIDs(now)
	if n := len(s.keys); n > 0 {
		old := s.keys[n-1]
		old.withdrawn = k.published
		if s.chance(2) {
			old.withdrawn = k.published.Add(s.between(0, 3*24*time.Hour))
		}
		s.withdrawnTokens = append(s.withdrawnTokens, s.sign(old, now, now.Add(1000*24*time.Hour)))
		s.withdrawnTokens = s.withdrawnTokens[max(0, len(s.withdrawnTokens)-3):]
		s.note("%s is withdrawn in %s", old.id, old.withdrawn.Sub(now))
	}
	s.keys = append(slices.DeleteFunc(s.keys, func(k *simulatedKey) bool { return k.isWithdrawn(now.Add(-30 * 24 * time.Hour)) }), k)
	s.note("%s signs and is published in %s", k.id, k.published.Sub(now))
}

func (s *simulation) publishedIDs(now time.Time) (ids []string) {
	for _, k := range s.keys {
		if !k.published.After(now) && !k.isWithdrawn(now) {
			ids = append(ids, k.id)
		}
	}
	return ids
}

func (s *simulation) changeMode() {
	switch modes := []string{"down", "hangs", "slow", "lags", "is odd"}; s.rng.IntN(8) {
	case 0, 1, 2, 3, 4:
		s.setMode(modes[s.rng.IntN(len(modes))], s.between(100*time.Millisecond, 10*time.Second))
	case 5: // an outage of more than MaxStale
		s.setMode("down", 0)
		for range 40 {
			time.Sleep(s.between(time.Minute, 2*time.Hour))
			s.browse(s.anyBrowser(), s.anyProcess())
			s.useWithdrawnTokens(s.anyProcess())
		}
		s.setMode("good", 0)
	default:
		s.setMode("good", 0)
	}
}

func (s *simulation) setMode(mode string, delay time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if mode == s.mode {
		return
	}
	s.mode, s.delay, s.goodSince = mode, delay, time.Time{}
	if mode == "good" {
		s.goodSince = time.Now()
	}
	s.note("the key set: %s %s", mode, delay)
}

// stepClock sets a wall clock, or lets the machine sleep so that its monotonic clock
// stands still, or ends such a state.
func (s *simulation) stepClock(p *process) {
	steps := []time.Duration{0, 0, time.Minute, time.Hour, 3 * 24 * time.Hour, -time.Minute, -24 * time.Hour}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ahead, p.stepped = steps[s.rng.IntN(len(steps))], time.Now()
	s.note("the clock of %s is %s ahead", p.name, p.ahead)
}

func (p *process) restart() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.started, p.set = time.Now(), keySetInUse{}
	p.granted, p.refill, p.beside = 3, p.started, 0
	life := p.started
	auth, err := authrocket.NewSimulated(authrocket.Config{
		LoginRocketURL: "https://loginrocket.example", RealmID: simulatedRealm, AppURL: "https://example.com", Observer: authrocket.SilentObserver(),
		HTTPClient: &http.Client{Transport: keyTransport(func(r *http.Request) (*http.Response, error) { return p.fetch(r.Context(), life) })},
	}, p.wallClock, p.s.draw)
	if err != nil {
		p.s.t.Fatal(err)
	}
	p.auth = auth
	page := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "welcome") })
	mux := http.NewServeMux()
	mux.Handle("/gate", auth.RequireLogin(page))
	p.app = auth.Authenticate(mux)
	for _, b := range p.s.browsers {
		delete(b.refused, p)
	}
}

func (p *process) wallClock() time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return time.Now().Add(p.ahead)
}

// draw is the jitter of all processes.
func (s *simulation) draw(below time.Duration) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return time.Duration(s.jitter.Int64N(int64(below)))
}

// fetch is the key set as p gets it. A fetch of the process before the last
// restart does not count.
func (p *process) fetch(ctx context.Context, life time.Time) (*http.Response, error) {
	now := time.Now()
	p.mu.Lock()
	ahead, isCurrent := p.ahead, life.Equal(p.started)
	if isCurrent {
		p.granted, p.refill = p.grantedAt(now), now
		if p.granted > 0.999999 {
			p.granted--
		} else if p.beside++; p.beside > 4 {
			p.s.fail("%s fetches more than the budget grants", p.name)
		}
	}
	p.mu.Unlock()
	kids, body, err := p.s.answer(ctx)
	if err != nil {
		return nil, err
	}
	if body == "" {
		return &http.Response{StatusCode: http.StatusBadGateway, Body: http.NoBody}, nil
	}
	if len(kids) > 0 {
		p.mu.Lock()
		if life.Equal(p.started) {
			p.set = keySetInUse{kids: map[string]bool{}, asked: now, ahead: ahead}
			for _, id := range kids {
				p.set.kids[id] = true
			}
		}
		p.mu.Unlock()
	}
	return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader(body))}, nil
}

// answer is what the key set answers now: the usable kids in it and the body, or an
// empty body for a failure.
func (s *simulation) answer(ctx context.Context) (kids []string, body string, err error) {
	s.mu.Lock()
	mode, delay := s.mode, s.delay
	s.mu.Unlock()
	switch mode {
	case "down":
		return nil, "", nil
	case "is odd":
		return nil, `{"keys":[{"kty":"oct"}]}`, nil
	case "hangs":
		delay = time.Hour
	case "lags", "good":
		delay = 0
	}
	if delay > 0 {
		select {
		case <-time.After(delay):
		case <-ctx.Done():
			return nil, "", ctx.Err()
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	kids = s.publishedIDs(time.Now())
	if mode == "lags" {
		kids = s.lagging
	}
	var entries []any
	for _, k := range s.keys {
		for _, id := range kids {
			if k.id == id {
				entries = append(entries, map[string]any{
					"kty": "RSA", "alg": "RS256", "kid": id,
					"n": base64.RawURLEncoding.EncodeToString(k.private.N.Bytes()),
					"e": base64.RawURLEncoding.EncodeToString(big.NewInt(int64(k.private.E)).Bytes()),
				})
			}
		}
	}
	text, err := json.Marshal(map[string]any{"keys": entries})
	return kids, string(text), err
}

func (s *simulation) sign(k *simulatedKey, issuedAt, expires time.Time) simulatedToken {
	text := signedBy(k.id, simulatedRealm, issuedAt, expires, withRS256(k.private))
	return simulatedToken{text: text, key: k, issuedAt: issuedAt, expires: expires}
}

// seen is what is known about p at one moment.
type seen struct {
	now       time.Time
	set       keySetInUse
	age       time.Duration // of the set, on the clock that says more
	ahead     time.Duration
	granted   float64 // fetches that the budget grants
	goodSince time.Time
}

// isUsable tells whether there is a set that is not too old.
func (v seen) isUsable() bool { return v.set.kids != nil && v.age <= keyMaxStale }

func (p *process) look() seen {
	synctest.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	v := seen{now: time.Now(), set: p.set, ahead: p.ahead, goodSince: p.s.goodSince}
	v.granted = p.grantedAt(v.now)
	v.age = v.now.Sub(p.set.asked)
	v.age = max(v.age, v.age+p.ahead-p.set.ahead)
	return v
}

// grantedAt is how many fetches the budget grants then.
func (p *process) grantedAt(now time.Time) float64 {
	return min(3, p.granted+float64(now.Sub(p.refill))/float64(keyCoolDown))
}

// send sends r to p and checks what every request is promised.
func (s *simulation) send(p *process, r *http.Request) *httptest.ResponseRecorder {
	start := time.Now()
	w := serve(p.app, r)
	if took := time.Since(start); took > keyMaxWait {
		s.fail("%s answers after %s", p.name, took)
	} else if took > 0 {
		s.waits.Add(1)
	}
	return w
}

// checkAccepted is for a token that p accepted between the two looks: by the set
// that it had before, or by one that came meanwhile.
func (s *simulation) checkAccepted(p *process, token simulatedToken, before, after seen) {
	if !token.key.isWithdrawn(before.now) {
		return
	}
	s.counts["withdrawn accepted"]++
	if wrong := before.wrongWith(token); wrong != "" && after.wrongWith(token) != "" {
		s.fail("%s accepts %s, withdrawn %s ago, %s", p.name, token.key.id, before.now.Sub(token.key.withdrawn), wrong)
	}
}

// wrongWith says why the token of a withdrawn key must not be accepted now, "" when
// it may: LoginRocket could not say that its key is withdrawn.
func (v seen) wrongWith(token simulatedToken) string {
	good := v.now.Sub(v.goodSince)
	isReachable := !v.goodSince.IsZero() && good > keyInterval+findsWithin
	switch {
	case !v.set.kids[token.key.id]:
		return "which is in none of its sets"
	case !v.isUsable():
		return fmt.Sprintf("of a set that is %s old", v.age)
	case isReachable && v.age > 2*keyInterval:
		return fmt.Sprintf("of a set that is %s old, though the key set answers", v.age)
	case isReachable && good > 3*keyInterval && v.now.Sub(token.key.withdrawn) > 3*keyInterval:
		return "though the key set answers"
	}
	return ""
}

// useWithdrawnTokens uses a token of a key that is withdrawn, or will be, as a program.
func (s *simulation) useWithdrawnTokens(p *process) {
	for _, token := range s.withdrawnTokens {
		before := p.look()
		w := s.send(p, request(http.MethodGet, "/gate", "Authorization: Bearer "+token.text))
		switch after := p.look(); {
		case w.Code == http.StatusOK:
			s.checkAccepted(p, token, before, after)
		case token.key.isWithdrawn(before.now):
			s.counts["withdrawn refused"]++
		}
	}
}

// browse goes to a gate, signs in if need be, and goes on until there is a page.
func (s *simulation) browse(b *simulatedBrowser, p *process) {
	var logins []time.Time
	for {
		before := p.look()
		w := b.get(s, p, "/gate")
		after := p.look()
		switch {
		case w.Code == http.StatusOK:
			s.counts["accepted"]++
			delete(b.refused, p)
			s.checkAccepted(p, b.token, before, after)
			return
		case isUnavailablePage(w):
			s.counts["reloads"]++
		case !isLogin(w) && (w.Code != http.StatusUnauthorized || !strings.Contains(w.Body.String(), "<!doctype html>")):
			s.fail("%s answers a browser with %d %s", p.name, w.Code, w.Body)
			return
		}
		s.checkRefused(b, p, before, after)
		if !isLogin(w) {
			return
		}
		logins = append(logins, time.Now())
		if n := len(logins); n > 3 && logins[n-1].Sub(logins[n-4]) < time.Minute {
			s.fail("a browser goes round between %s and LoginRocket", p.name)
			return
		}
		// The load balancer may send it to another process on its way back.
		if !s.login(b, s.anyProcess(), w) {
			return
		}
	}
}

// checkRefused is for a browser that p did not let in between the two looks.
func (s *simulation) checkRefused(b *simulatedBrowser, p *process, before, after seen) {
	token := b.token
	if c := b.cookies["__Host-arToken"]; c == nil || c.Value != token.text || after.now.After(token.expires) {
		return
	}
	id := token.key.id
	if before.set.kids[id] && after.set.kids[id] && before.isUsable() && after.isUsable() {
		s.fail("%s refuses %s, which is in its set", p.name, id)
	}
	if token.key.isWithdrawn(after.now) || after.goodSince.IsZero() {
		delete(b.refused, p)
		return
	}
	// A token whose key has to be in the set by its iat is refused once, which starts
	// a fetch; that is, if the budget has one to spare, and if the process does not
	// remember from before that the key is unknown.
	isOld := before.set.kids != nil && before.set.asked.Add(before.set.ahead).Sub(token.issuedAt) > 5*time.Minute-time.Second
	possible := latest(token.key.published, before.goodSince, p.started, p.stepped)
	if isOld && (before.granted < 2 || before.now.Sub(possible) < keyCoolDown) {
		delete(b.refused, p)
		return
	}
	if isOld {
		if b.refused == nil {
			b.refused = map[*process]time.Time{}
		}
		first, ok := b.refused[p]
		if !ok {
			first = before.now
			b.refused[p] = first
		}
		possible = latest(possible, first)
	}
	if waited := before.now.Sub(possible); waited > findsWithin {
		s.fail("%s refuses %s (old: %t), which it could have found for %s", p.name, id, isOld, waited)
	}
}

func latest(times ...time.Time) (t time.Time) {
	for _, other := range times {
		if other.After(t) {
			t = other
		}
	}
	return t
}

// login goes to LoginRocket, where start leads, and comes back. It returns whether
// the browser is signed in.
func (s *simulation) login(b *simulatedBrowser, p *process, start *httptest.ResponseRecorder) bool {
	s.counts["logins"]++
	now := time.Now()
	if now.Sub(b.session) > 20*time.Hour {
		b.session = now
	}
	issuedAt := now
	if b.reissues {
		issuedAt = b.session
	}
	s.mu.Lock()
	signing := s.keys[len(s.keys)-1]
	s.mu.Unlock()
	token := s.sign(signing, issuedAt, issuedAt.Add(24*time.Hour))
	back := redirectURIOf(s.t, start.Header().Get("Location"))
	for arrived := time.Now(); time.Since(arrived) < 2*findsWithin; {
		before := p.look()
		w := b.get(s, p, back.RequestURI()+"&token="+token.text)
		after := p.look()
		if isSignedIn(w) {
			b.token = token
			s.checkAccepted(p, token, before, after)
			return true
		}
		possible := latest(signing.published, before.goodSince, p.started, p.stepped)
		isFound := !after.goodSince.IsZero() && before.now.Sub(possible) > findsWithin
		if isFound && !signing.isWithdrawn(after.now) && !b.reissues {
			s.fail("%s refuses a login with %s, which it could have found for %s: %d", p.name, signing.id, before.now.Sub(possible), w.Code)
		}
		if !isUnavailablePage(w) {
			if w.Code != http.StatusUnauthorized || !strings.Contains(w.Body.String(), "unknown_key") {
				s.fail("%s answers a callback with %d %s", p.name, w.Code, w.Body)
			}
			s.counts["refused logins"]++
			return false
		}
		s.counts["reloads"]++
		// After ten minutes, a person does what the page did.
		seconds, err := time.ParseDuration(w.Header().Get("Retry-After") + "s")
		if err != nil || seconds <= 0 {
			s.fail("%s says to reload after %q", p.name, w.Header().Get("Retry-After"))
			return false
		}
		time.Sleep(seconds)
	}
	return false
}

// get navigates to target and keeps the cookies of the answer.
func (b *simulatedBrowser) get(s *simulation, p *process, target string) *httptest.ResponseRecorder {
	r := navigate(target)
	now := time.Now()
	maps.DeleteFunc(b.cookies, func(_ string, c *http.Cookie) bool { return c.Expires.Before(now) })
	for name, c := range b.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: c.Value})
	}
	w := s.send(p, r)
	for _, c := range w.Result().Cookies() {
		if c.Expires.IsZero() || c.MaxAge != 0 {
			c.Expires = time.Now().Add(time.Duration(c.MaxAge) * time.Second)
		}
		b.cookies[c.Name] = c
	}
	return w
}

// flood sends tokens of keys that the realm does not have, for a while, among the
// others.
func (s *simulation) flood() {
	s.counts["floods"]++
	kind, rate := s.rng.IntN(3), []int{1, 5, 20, 100}[s.rng.IntN(4)]
	seconds := 20 + s.rng.IntN(60)
	s.note("a flood of kind %d with %d a second for %d seconds", kind, rate, seconds)
	var group sync.WaitGroup
	for i := range rate * seconds {
		issuedAt := time.Now()
		id := fmt.Sprintf("made up %d", i)
		switch kind {
		case 1:
			id = "of another realm"
		case 2:
			issuedAt = issuedAt.Add(-50 * time.Minute)
		}
		p, r := s.anyProcess(), request(http.MethodGet, "/gate", "Authorization: Bearer "+unsigned(simulatedRealm, id, issuedAt))
		group.Go(func() {
			if w := s.send(p, r); w.Code != 401 && w.Code != 429 && w.Code != 503 {
				s.fail("%s answers a made-up token with %d", p.name, w.Code)
			}
		})
		time.Sleep(time.Second / time.Duration(rate))
		if s.chance(2 * rate) {
			s.browse(s.anyBrowser(), s.anyProcess())
		}
		if s.chance(20 * rate) {
			s.rotate()
		}
	}
	group.Wait()
	s.note("the flood ends")
}

// probe asks whether p is ready, and warms it as a probe that does not know better.
func (s *simulation) probe(p *process) {
	v := p.look()
	err := p.auth.Ready()
	if isReady := err == nil; isReady != v.isUsable() || err != nil && !errors.Is(err, authrocket.ErrKeysUnavailable) {
		s.fail("%s says that it is ready: %v, its set is %s old", p.name, err, v.age)
	}
	for range 10 {
		p.auth.Warm(s.t.Context())
	}
}
