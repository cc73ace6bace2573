package benchmarks

import (
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"time"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/authrocketotel"
	"github.com/authrocket-go/authrocket/coreapi"
	"github.com/authrocket-go/authrocket/sessionstate"
	"go.opentelemetry.io/otel/sdk/metric"
)

// Kind says what a case shows.
type Kind string

// The kinds of cases.
const (
	Floor      Kind = "floor" // a cost that every app has
	AuthRocket Kind = "authrocket"
	Peer       Kind = "peer"
)

// Case is one row of the report. Its cost is the cost of handler, which answers
// requests one after the other.
type Case struct {
	Name     string
	Kind     Kind
	Status   int // the status of the answers; any other status is a mistake in the case
	handler  http.Handler
	requests []*http.Request
}

// Check returns an error if the responses of the case do not have its Status. Call it
// before the case is measured.
func (c Case) Check() error {
	for i := range 4 {
		var recorder *httptest.ResponseRecorder
		for range tries {
			recorder = httptest.NewRecorder()
			c.handler.ServeHTTP(recorder, c.requests[i%len(c.requests)])
			if recorder.Code != http.StatusServiceUnavailable {
				break
			}
		}
		if recorder.Code != c.Status {
			return fmt.Errorf("%s: got status %d, want %d: %s", c.Name, recorder.Code, c.Status, recorder.Body)
		}
	}
	return nil
}

// tries is the maximum number of attempts. On a busy machine, a request can fail because
// it does not wait long enough for the keys to be fetched.
const tries = 10

// Run makes the handler answer n requests.
func (c Case) Run(n int) {
	next := 0
	for range n {
		c.handler.ServeHTTP(&writer{http.Header{}}, c.requests[next])
		if next++; next == len(c.requests) {
			next = 0
		}
	}
}

// writer is a ResponseWriter that discards the response. As with net/http, each
// response has its own headers.
type writer struct{ header http.Header }

func (w *writer) Header() http.Header               { return w.header }
func (w *writer) Write(p []byte) (int, error)       { return len(p), nil }
func (w *writer) WriteString(s string) (int, error) { return len(s), nil }
func (w *writer) WriteHeader(int)                   {}

// respond writes the response of every handler.
func respond(w http.ResponseWriter, userID string) {
	if userID == "" {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	io.WriteString(w, userID)
}

func bearer(tokens ...Token) []*http.Request {
	return requests("Authorization", "Bearer ", tokens, "")
}

func cookie(tokens ...Token) []*http.Request {
	return requests("Cookie", "theme=dark; arToken=", tokens, "; consent=yes")
}

func requests(header, before string, tokens []Token, after string) []*http.Request {
	var all []*http.Request
	for _, token := range tokens {
		r := httptest.NewRequest(http.MethodGet, "http://localhost/", nil)
		r.Header.Set(header, before+token.Text+after)
		all = append(all, r)
	}
	return all
}

// Cases returns all cases, in the order of the report.
func (w *World) Cases() []Case {
	cases := []Case{
		{"bare handler", Floor, 200, Bare(), bearer(w.One)},
		{NameFloor, Floor, 200, floor(), bearer(w.One)},
		{NameRSACheck, Floor, 200, rsaCheck(w.PublicKey(), w.One), bearer(w.One)},
		{NameRSACheck20, Floor, 200, rsaCheck(w.PublicKey(), w.Twenty), bearer(w.Twenty)},
	}
	known, cold := w.newAuth(nil), w.newAuth(keepOne)
	logged := w.newAuth(func(c *authrocket.Config) {
		c.Observer = authrocket.LogObserver(slog.New(slog.NewTextHandler(io.Discard, &slog.HandlerOptions{Level: slog.LevelWarn})))
	})
	static := func(c *authrocket.Config) { c.JWTKey = secret }
	knownHS256, coldHS256 := w.newAuth(static), w.newAuth(func(c *authrocket.Config) { static(c); keepOne(c) })
	ours := func(name string, auth *authrocket.Auth, r []*http.Request, status int) {
		cases = append(cases, Case{"authrocket, " + name, AuthRocket, status, guarded(auth), r})
	}
	open := func(name string, auth *authrocket.Auth, r []*http.Request) {
		cases = append(cases, Case{name, AuthRocket, 200, auth.Authenticate(http.HandlerFunc(respondWithUser)), r})
	}
	withState := w.newAuth(func(c *authrocket.Config) { c.SessionState = w.newSessionState() })
	open(NameOpen, known, bearer(w.One))
	observed := w.newAuth(observe)
	open(NameWith(NameOpen, SessionState), withState, bearer(w.One))
	open(NameWith(NameOpen, Telemetry), observed, bearer(w.One))
	open("authrocket, known, by cookie", known, cookie(w.One))
	cases = append(cases,
		Case{NameGate, AuthRocket, 200, guarded(known), bearer(w.One)},
		Case{NameWith(NameGate, SessionState), AuthRocket, 200, guarded(withState), bearer(w.One)},
		Case{NameWith(NameGate, Telemetry), AuthRocket, 200, guarded(observed), bearer(w.One)})
	ours("known, by cookie, at a gate", known, cookie(w.One), 200)
	ours("known, by bearer, at a gate, LogObserver at WARN", logged, bearer(w.One), 200)
	ours("known, twenty orgs", known, bearer(w.Twenty), 200)
	ours("known, HS256", knownHS256, bearer(w.HS256), 200)
	ours("first seen", cold, bearer(w.One, w.others[0]), 200)
	ours("first seen, by cookie", cold, cookie(w.One, w.others[0]), 200)
	ours("first seen, twenty orgs", cold, bearer(w.Twenty, w.others[1]), 200)
	ours("first seen, HS256", coldHS256, bearer(w.HS256, w.others[2]), 200)
	ours("forged", known, bearer(w.Forged), 401)
	ours("expired", known, bearer(w.Expired), 401)
	ours("oversized", known, bearer(w.Oversized), 401)
	ours("unknown kid", known, bearer(w.Unknown), 401)
	cases = append(cases, w.adapters()...)
	for _, p := range w.Peers() {
		handler := p.Handler()
		cases = append(cases,
			Case{p.Name, Peer, 200, handler, bearer(w.One)},
			Case{p.Name + ", twenty orgs", Peer, 200, handler, bearer(w.Twenty)})
	}
	return cases
}

// The names of the cases with which other cases are compared.
const (
	NameFloor      = "the floor of net/http"
	NameRSACheck   = "RSA check"
	NameRSACheck20 = "RSA check, twenty orgs"
	NameOpen       = "authrocket, known, by bearer"
	NameGate       = "authrocket, known, by bearer, at a gate"
)

// The features with which the cost of known tokens is also measured.
const (
	SessionState = "SessionState"
	Telemetry    = "authrocketotel"
)

// NameWith returns the name of the case called name, which is NameOpen or NameGate,
// with SessionState or Telemetry.
func NameWith(name, with string) string { return name + ", with " + with }

// observe makes the Auth count its decisions, as in an app with metrics.
func observe(c *authrocket.Config) {
	telemetry, err := authrocketotel.New(authrocketotel.Config{MeterProvider: metric.NewMeterProvider(metric.WithReader(metric.NewManualReader()))})
	if err != nil {
		panic(err)
	}
	c.Observer = telemetry.Observer(authrocket.Observer{})
}

// newSessionState returns a State that runs until w is closed. It contains as many
// ended sessions as it can keep. The State has an API, but the cases do not call
// the API.
func (w *World) newSessionState() *sessionstate.State {
	api, err := coreapi.New(coreapi.Config{URL: w.KeysURL + "/v2", APIKey: coreapi.Hide("ks_keyOfBenchmarksOnly")})
	if err != nil {
		panic(err)
	}
	state, err := sessionstate.New(sessionstate.Config{API: api, MaxEnded: endedSessions})
	if err != nil {
		panic(err)
	}
	for i := range endedSessions {
		if err := state.End(context.Background(), coreapi.Hide("kss_ended"+strconv.Itoa(i)), time.Time{}); err != nil {
			panic(err)
		}
	}
	w.running.Go(func() { state.Run(w.open) })
	return state
}

const endedSessions = 100_000

// keepOne makes the cache hold one token. If two tokens alternate, each is checked in full
// and replaces the other.
func keepOne(c *authrocket.Config) { c.TokenCacheSize, c.VerifiedTokens = 1, -1 }

func (w *World) newAuth(change func(*authrocket.Config)) *authrocket.Auth {
	config := authrocket.Config{LoginRocketURL: w.KeysURL, Audience: []string{audience}}
	if change != nil {
		change(&config)
	}
	auth, err := authrocket.New(config)
	if err != nil {
		panic(err)
	}
	for range tries {
		if err = auth.Warm(context.Background()); err == nil {
			return auth
		}
	}
	panic(err)
}

// guarded returns an app behind Authenticate and a gate.
func guarded(auth *authrocket.Auth) http.Handler {
	return auth.Authenticate(auth.RequireLogin(http.HandlerFunc(respondWithUser)))
}

// Bare returns an app without authentication.
func Bare() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { respond(w, "usr") })
}

type floorKey struct{}

// floor returns a handler that does the minimum of any middleware. It reads the token
// and puts a value into the context. The inner handler then reads this value.
func floor() http.Handler {
	user := &struct{ id string }{"usr"}
	handler := func(w http.ResponseWriter, r *http.Request) {
		user, _ := r.Context().Value(floorKey{}).(*struct{ id string })
		respond(w, user.id)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); !ok || token == "" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		handler(w, r.WithContext(context.WithValue(r.Context(), floorKey{}, user)))
	})
}

// rsaCheck returns a handler that checks the signature of one token and does
// nothing else. It neither splits nor decodes the token.
func rsaCheck(key *rsa.PublicKey, token Token) http.Handler {
	end := strings.LastIndexByte(token.Text, '.')
	input := []byte(token.Text[:end])
	signature, err := base64.RawURLEncoding.DecodeString(token.Text[end+1:])
	if err != nil {
		panic(err)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		digest := sha256.Sum256(input)
		if rsa.VerifyPKCS1v15(key, crypto.SHA256, digest[:], signature) != nil {
			w.WriteHeader(http.StatusUnauthorized)
		}
	})
}

// AuthRocket returns the variants of authrocket that are compared with its peers.
func (w *World) AuthRocket() []Contender {
	return []Contender{
		{"authrocket, known", func() http.Handler { return guarded(w.newAuth(nil)) }},
		{"authrocket, first seen", func() http.Handler { return guarded(w.newAuth(keepOne)) }},
	}
}
