package authrockettest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/internal/keycache"
)

// adapterRow is one request of [TestAdapter] and the expected answer. Its strings may
// contain the placeholders of adapterSuite.
type adapterRow struct {
	name    string
	config  func(*authrocket.Config)              // nil means the realm's Config, unchanged
	noKeys  bool                                  // the key set cannot be reached
	prepare func(*adapterSuite, *authrocket.Auth) // nil means no preparation
	start   string                                // a request that starts a login; it is sent before request
	request []string                              // the request line and headers, then "" and the body
	status  int                                   // 0 means that the connection breaks
	reached bool                                  // a handler of the app runs
	has     []string                              // what the head or the body must contain
	lacks   []string                              // what neither the head nor the body may contain

	fetchesKeys      bool // the keys must be fetched to verify the token
	frameworkAnswers bool // the framework itself answers, with its own text or headers
	layout           appLayout
}

// appLayout says which middleware wraps the routes, in addition to their own gates.
type appLayout int

const (
	authenticateInApp  appLayout = iota // the framework's Authenticate
	authenticateAround                  // net/http's Authenticate, around the framework
	gatesOnly
	allGated // the framework's Authenticate, then its RequireLogin
)

// adapterSuite holds the realm of one run of [TestAdapter], and the placeholders that
// the rows use.
type adapterSuite struct {
	realm        *Realm
	ada          User
	values       []string // placeholders, each followed by its value
	placeholders *strings.Replacer
}

// Permission tags of the memberships. In the first org, which is the selected one,
// ada may bill. In the second org, ada may ship, but not bill.
const (
	billTag = "billing:write"
	shipTag = "shipping:write"
)

func newAdapterSuite(t *testing.T) *adapterSuite {
	t.Helper()
	realm := NewRealm(t)
	first := realm.AddOrg(Org{Name: "Analytical Engines", Reference: "engines"})
	second := realm.AddOrg(Org{Name: "Difference Engines", Reference: "differences"})
	foreign := realm.AddOrg(Org{Name: "Steam Engines", Reference: "steam"})
	ada := realm.AddUser(User{Email: "ada@example.com", Name: "Ada Lovelace"})
	george := realm.AddUser(User{Email: "george@example.com", Name: "George"})
	realm.AddMembership(ada, first, billTag)
	realm.AddMembership(ada, second, shipTag)
	realm.AddMembership(george, foreign)

	other := NewRealm(t)
	stranger := other.Token(other.AddUser(User{Email: "ada@example.com"}))
	valid := realm.Token(ada, AllOrgs()) // the rows about gates need both orgs
	parts, georges := strings.Split(valid, "."), strings.Split(realm.Token(george), ".")
	hash := sha256.Sum256([]byte(valid))
	s := &adapterSuite{realm: realm, ada: ada, values: []string{
		"<ada>", valid,
		"<ada, earlier>", realm.Token(ada, Claim("iat", time.Now().Add(-time.Hour).Unix())),
		"<ada, second>", realm.Token(ada, InOrg(second)),
		"<hash of ada>", hex.EncodeToString(hash[:]),
		"<george>", realm.Token(george),
		"<expired>", realm.Token(ada, ExpiresIn(-time.Minute)),
		"<not yet valid>", realm.Token(ada, Claim("nbf", time.Now().Add(time.Hour).Unix())),
		"<forged>", parts[0] + "." + georges[1] + "." + parts[2],
		"<unsigned>", realm.Token(ada, Header("alg", "none"), WithoutHeader("kid")),
		"<stranger>", stranger,
		"<other issuer>", realm.Token(ada, Claim("iss", "https://example.com")),
		"<unknown key>", realm.Token(ada, Header("kid", "jky_unknown")),
		"<long>", valid + strings.Repeat("A", 20_000),
		"<first>", first.ID,
		"<second>", second.ID,
		"<foreign>", foreign.ID,
	}}
	s.placeholders = strings.NewReplacer(s.values...)
	return s
}

// withPlaceholders returns the answer as text, with placeholders instead of tokens
// and IDs.
func (s *adapterSuite) withPlaceholders(a adapterAnswer) string {
	values := slices.Clone(s.values)
	slices.Reverse(values)
	return strings.NewReplacer(values...).Replace(a.String())
}

// routes returns the routes of the app. h is the handler of every route.
func (s *adapterSuite) routes(h http.Handler) []Route {
	var (
		login      = Middleware{kind: requireLogin}
		mayBill    = Middleware{kind: require, rules: []authrocket.Rule{authrocket.Permission(billTag)}}
		mayShip    = Middleware{kind: require, rules: []authrocket.Rule{authrocket.Permission(shipTag)}}
		ofOrg      = Middleware{kind: requireOrg, selector: authrocket.OrgIDFromPath("org")}
		ofOrgBill  = Middleware{kind: requireOrg, selector: ofOrg.selector, rules: mayBill.rules}
		ofAccount  = Middleware{kind: requireOrg, selector: authrocket.OrgReferenceFromPath("account")}
		misspelled = Middleware{kind: requireOrg, selector: authrocket.OrgIDFromPath("ogr")}
		noSelector = Middleware{kind: requireOrg}
		withRule   = func(rule authrocket.Rule) Middleware {
			return Middleware{kind: require, rules: []authrocket.Rule{rule}}
		}
	)
	var routes []Route
	add := func(methods, path string, chain ...Middleware) {
		for method := range strings.SplitSeq(methods, " ") {
			routes = append(routes, Route{Method: method, Path: path, Middleware: chain, Handler: h})
		}
	}
	add("GET HEAD POST", "/open")
	add("GET HEAD POST PUT PATCH DELETE OPTIONS", "/manage", login)
	add("GET POST", "/billing", mayBill)
	add("GET", "/orgs/{org}/files", ofOrg)
	add("GET POST", "/orgs/{org}/billing", ofOrgBill)
	add("GET", "/accounts/{account}", ofAccount)
	add("GET", "/nested/{org}/billing", login, ofOrg, mayBill)
	add("GET", "/nested/{org}/shipping/{parcel}", login, ofOrg, mayShip)
	add("GET", "/again", Middleware{kind: authenticate}, login)
	add("GET", "/unsure", withRule(func(context.Context, authrocket.Session) error {
		return fmt.Errorf("%w: the database is down", authrocket.ErrUnavailable)
	}))
	add("GET", "/never", withRule(nil))
	add("GET", "/panicking/rule", withRule(func(context.Context, authrocket.Session) error { panic(http.ErrAbortHandler) }))
	add("GET", "/panicking/handler", login)
	add("GET", "/misspelled/{org}", misspelled)
	add("GET", "/unselected/{org}", noSelector)
	return routes
}

// adapterApp is an app that is being served. It counts how often its handlers run.
type adapterApp struct {
	auth    *authrocket.Auth
	server  *httptest.Server
	reached atomic.Int32
}

// serve serves the app that build makes, on a new port.
func (s *adapterSuite) serve(t *testing.T, build func(App) http.Handler, row adapterRow, h http.HandlerFunc) *adapterApp {
	t.Helper()
	config := s.realm.Config()
	config.Observer = authrocket.SilentObserver()
	if row.config != nil {
		row.config(&config)
	}
	if row.noKeys {
		config.HTTPClient = &http.Client{Transport: brokenTransport{}}
	}
	auth, err := authrocket.New(config)
	if err != nil {
		t.Fatal(err)
	}
	if !row.noKeys {
		Warm(t, auth)
	}
	app := &adapterApp{auth: auth}
	described := App{Auth: auth}
	switch row.layout {
	case authenticateInApp:
		described.Middleware = []Middleware{{kind: authenticate}}
	case allGated:
		described.Middleware = []Middleware{{kind: authenticate}, {kind: requireLogin}}
	}
	described.Routes = s.routes(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		app.reached.Add(1)
		h(rw, r)
	}))
	served := build(described)
	if row.layout == authenticateAround {
		served = auth.Authenticate(served)
	}
	app.server = httptest.NewUnstartedServer(checkPanics(t, served))
	app.server.Config.ErrorLog = log.New(io.Discard, "", 0)
	app.server.Start()
	t.Cleanup(app.server.Close)
	return app
}

// checkPanics fails the test if h panics with a value other than
// http.ErrAbortHandler, which is the value in the rows. Outer middleware that
// recovers from panics would get the wrong value.
func checkPanics(t *testing.T, h http.Handler) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		defer func() {
			if p := recover(); p != nil {
				if p != http.ErrAbortHandler {
					t.Errorf("a panic with %v, want the one of the rule or handler", p)
				}
				panic(http.ErrAbortHandler)
			}
		}()
		h.ServeHTTP(rw, r)
	})
}

type brokenTransport struct{}

func (brokenTransport) RoundTrip(*http.Request) (*http.Response, error) {
	return nil, errors.New("the network is down")
}

// describeRequest is the handler of most rows. Its answer describes everything that
// it found in the request.
func describeRequest(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, "/panicking/") {
		panic(http.ErrAbortHandler)
	}
	if r.URL.Query().Has("created") {
		w.Header().Set("Cache-Control", "public, max-age=60")
		w.Header().Set("Location", "/elsewhere")
		w.Header().Add("Vary", "Accept")
		w.WriteHeader(http.StatusCreated)
	}
	body, err := io.ReadAll(r.Body)
	session, _ := authrocket.CurrentSession(r.Context())
	user, isUser := authrocket.CurrentUser(r.Context())
	org, isOrg := authrocket.CurrentOrg(r.Context())
	fmt.Fprintf(w, "%s %s of %s with body %q %v\n", r.Method, r.RequestURI, r.Host, body, err)
	fmt.Fprintf(w, "path: org %q account %q parcel %q\n", r.PathValue("org"), r.PathValue("account"), r.PathValue("parcel"))
	fmt.Fprintf(w, "user: %q %t, org: %q %t, expires: %s\n", user.Name, isUser, org.Name, isOrg, session.ExpiresAt.UTC())
}

func (s *adapterSuite) test(t *testing.T, build func(App) http.Handler, row adapterRow) {
	got, reached := s.ask(t, build, row)
	want, _ := s.ask(t, buildNetHTTP, row)
	if row.frameworkAnswers {
		got, want = got.withoutFrameworkText(), want.withoutFrameworkText()
	}
	if got.status != row.status {
		t.Errorf("got status %d, want %d", got.status, row.status)
	}
	if isReached := reached > 0; isReached != row.reached || reached > 1 {
		t.Errorf("the handler was reached %d times, want that it is reached: %t", reached, row.reached)
	}
	for _, part := range row.has {
		if part = s.placeholders.Replace(part); !strings.Contains(got.String(), part) {
			t.Errorf("got\n%s\nwant %q in it", s.withPlaceholders(got), part)
		}
	}
	for _, part := range row.lacks {
		if part = s.placeholders.Replace(part); strings.Contains(got.String(), part) {
			t.Errorf("got\n%s\nwant no %q in it", s.withPlaceholders(got), part)
		}
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%s\nwant what net/http answers:\n%s", s.withPlaceholders(got), s.withPlaceholders(want))
	}
}

// ask serves the app, sends the row's request, and returns the answer and how often a
// handler ran.
func (s *adapterSuite) ask(t *testing.T, build func(App) http.Handler, row adapterRow) (adapterAnswer, int) {
	t.Helper()
	began := time.Now()
	app := s.serve(t, build, row, describeRequest)
	if row.prepare != nil {
		row.prepare(s, app.auth)
	}
	lines := strings.Join(row.request, "\r\n")
	if row.start != "" {
		cookies, callback := app.startLogin(t, s.placeholders.Replace(row.start))
		lines = strings.NewReplacer("<started>", cookies, "<callback>", callback).Replace(lines)
	}
	answer := app.send(t, s.placeholders.Replace(lines))
	// On a busy machine, the request may have waited until the fetch timed out.
	if row.fetchesKeys && time.Since(began) >= keycache.MaxWait {
		return s.ask(t, build, row)
	}
	return answer, int(app.reached.Load())
}
