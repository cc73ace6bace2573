package authrockettest

import (
	"cmp"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"weak"

	"github.com/authrocket-go/authrocket"
)

// RealmConfig configures a [Realm]. The zero value is good for tests.
type RealmConfig struct {
	// ID is the realm's ID. Default: a new one.
	ID string

	// URL is where browsers find the realm's pages, for a program that serves
	// the Realm itself. Default: none, the realm is reached in memory.
	URL string

	// AppURL is the AppURL of [Realm.Config]. Default: https://example.com,
	// which is the host of [httptest.NewRequest]; none when the realm is on a
	// loopback URL, so that the app's own loopback Host decides.
	AppURL string

	// CookieName is the CookieName of [Realm.Config], and the cookie of
	// [Realm.SignIn]. Set it when the app under test sets Config.CookieName.
	// Default: none, which means the default names of package authrocket.
	CookieName string

	// LoginURLs are the URLs that a login may return to: same scheme and host,
	// and the same path or one below it. The first is the default. Default:
	// AppURL, and everything on a loopback host. Without AppURL a realm on a
	// loopback URL has no first one: there a login has to say where it returns to.
	LoginURLs []string

	// Settings can be changed while the realm runs.
	Settings

	// Saved is what [Realm.Save] wrote. The Realm has the ID, the settings, the
	// keys and the records that were saved; Settings are not used then, and an ID
	// that is given has to be that one. Default: none, a new realm.
	Saved io.Reader

	// TokenLifetime is from iat to exp. Default: 24 hours.
	TokenLifetime time.Duration

	// SessionLifetime is how long a user stays signed in at LoginRocket.
	// Default: 24 hours.
	SessionLifetime time.Duration

	// ReissueTokens makes a LoginRocket session hand out the same token, with
	// an iat that stays, until something changes or the token expires. Default:
	// a new token each time.
	ReissueTokens bool
}

// Realm is a realm in memory: users, orgs, memberships, sessions, invitations,
// credentials, events and keys. It is the [http.Handler] of its own LoginRocket,
// and the [View] of what is in it now. Safe for concurrent use.
type Realm struct {
	*View
	by Request // whose changes these are
}

// state is what a realm and its views share.
type state struct {
	config  RealmConfig
	id      string
	t       reporter // of mistakes
	handler http.Handler
	secret  string // of HS256

	mu           sync.Mutex
	lockedAt     time.Time            // when lock last did
	views        []weak.Pointer[View] // with a delay
	settings     Settings
	url          string // where it is served, "" in memory
	server       *httptest.Server
	keys         []*signingKey // the published and the last withdrawn ones; the last signs
	fault        Fault
	tokenChanges []TokenOption        // of every token
	version      int                  // grows when something changes that tokens tell
	lastTokens   map[string]lastToken // by session, of what has not changed since
	requests     map[string]int
	listeners    []func(Event)
	onChange     func()
	limit        int     // of records of a kind
	unreported   []Event // that the listeners do not know yet
	isReporting  bool
	isUnsaved    bool // onChange is due
}

// Request says for whom something is done. It is kept with the events and the
// sessions that come of it.
type Request struct {
	IP     string
	Client string // such as a User-Agent
}

// By returns the Realm for changes that are made for by.
func (r *Realm) By(by Request) *Realm { return &Realm{r.View, by} }

const (
	memoryURL     = "https://loginrocket.example"
	defaultAppURL = "https://example.com"
	lifetime      = 24 * time.Hour
)

// NewRealm returns a Realm for the test t, which it closes with the test. For a
// [testing.F], which a fuzz target must not call, a mistake of the caller panics.
// Each configure may change the [RealmConfig]:
//
//	realm := authrockettest.NewRealm(t, func(c *authrockettest.RealmConfig) { c.Algorithm = "HS256" })
func NewRealm(t testing.TB, configure ...func(*RealmConfig)) *Realm {
	t.Helper()
	var config RealmConfig
	for _, f := range configure {
		f(&config)
	}
	r, err := Open(config)
	if err != nil {
		t.Fatal(err)
	}
	if _, isFuzz := t.(*testing.F); !isFuzz { // whose methods a fuzz target must not call
		r.t = t
	}
	t.Cleanup(r.Close)
	return r
}

// Open returns a Realm for a program, which serves it and, if it called
// [Realm.Start], closes it. The error says all that is wrong with config; it is
// [ErrSaved] when the saved realm is the reason.
func Open(config RealmConfig) (*Realm, error) {
	var problems []error
	var saved *savedRealm
	if config.Saved != nil {
		var err error
		if saved, err = readSaved(config.Saved); err != nil {
			return nil, err
		}
		if config.ID != "" && config.ID != saved.ID {
			return nil, fmt.Errorf("%w: it is the realm %q, not %q", ErrSaved, saved.ID, config.ID)
		}
		config.ID, config.Settings, config.Saved = saved.ID, saved.Settings, nil
	}
	settings, err := config.Settings.clone().withDefaults()
	if err != nil {
		problems = append(problems, err)
	}
	for _, u := range append([]string{config.URL, config.AppURL}, config.LoginURLs...) {
		parsed, err := url.Parse(u)
		if u != "" && (err != nil || parsed.Hostname() == "" || parsed.Scheme != "http" && parsed.Scheme != "https") {
			problems = append(problems, fmt.Errorf("authrockettest: %q is not an absolute http or https URL", u))
		}
	}
	for _, u := range config.LoginURLs {
		if parsed, err := url.Parse(u); err == nil && (parsed.User != nil || strings.Contains(u, "#")) {
			problems = append(problems, fmt.Errorf("authrockettest: the Login URL %q has a fragment or a user: the token would not reach the app", u))
		}
	}
	if slices.Contains(config.LoginURLs, "") {
		problems = append(problems, errors.New("authrockettest: LoginURLs has an empty entry"))
	}
	if config.TokenLifetime < 0 {
		problems = append(problems, fmt.Errorf("authrockettest: TokenLifetime %s is negative", config.TokenLifetime))
	}
	if config.SessionLifetime < 0 {
		problems = append(problems, fmt.Errorf("authrockettest: SessionLifetime %s is negative", config.SessionLifetime))
	}
	if len(problems) > 0 {
		return nil, errors.Join(problems...)
	}
	config.ID = cmp.Or(config.ID, newID("rl_"))
	config.TokenLifetime = cmp.Or(config.TokenLifetime, lifetime)
	config.SessionLifetime = cmp.Or(config.SessionLifetime, lifetime)
	config.LoginURLs = slices.Clone(config.LoginURLs)
	var secret [32]byte
	rand.Read(secret[:])
	r := &Realm{View: &View{of: newStore(), state: &state{
		config:     config,
		id:         config.ID,
		t:          program{},
		settings:   settings,
		limit:      maxRecords,
		secret:     "jsk_" + base64.RawURLEncoding.EncodeToString(secret[:]),
		url:        strings.TrimSuffix(config.URL, "/"),
		lastTokens: make(map[string]lastToken),
		requests:   make(map[string]int),
	}}}
	if saved != nil {
		if err := r.restore(saved); err != nil {
			return nil, err
		}
	} else {
		if settings.Algorithm == "RS256" { // else it is made when it is wanted
			r.keys = []*signingKey{r.newKey("")}
		}
		r.addDefaultProviders()
	}
	r.handler = r.newHandler()
	return r, nil
}

// reporter is what a mistake of the caller ends: a testing.TB, or a program.
// Whatever may call fail calls Helper first, so that a test names the line of
// its own that is wrong.
type reporter interface {
	Helper()
	Fatal(args ...any)
}

// program panics, since it has no test to fail.
type program struct{}

func (program) Helper()           {}
func (program) Fatal(args ...any) { panic(fmt.Sprint(args...)) }

// fail ends the test, or in a program panics: the caller made a mistake.
func (r *Realm) fail(format string, args ...any) {
	r.t.Helper()
	r.t.Fatal("authrockettest: " + fmt.Sprintf(format, args...))
}

// ID returns the realm's ID, the rid of its tokens.
func (r *Realm) ID() string { return r.id }

// URL returns the realm's LoginRocket URL, without a final slash. All realms in
// memory have the same.
func (r *Realm) URL() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.url == "" {
		return memoryURL
	}
	return r.url
}

// Start serves the realm at a port of localhost and returns its URL. Call it
// before [Realm.Config]. Have the app at 127.0.0.1, since browsers do not keep
// the cookies of two ports apart. Calling it again changes nothing.
func (r *Realm) Start() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.server == nil {
		r.server = httptest.NewServer(r)
		r.url = fmt.Sprintf("http://localhost:%d", r.server.Listener.Addr().(*net.TCPAddr).Port)
	}
	return r.url
}

// Close stops what Start started.
func (r *Realm) Close() {
	r.mu.Lock()
	server := r.server
	r.mu.Unlock()
	if server != nil {
		server.CloseClientConnections()
		server.Close()
	}
}

// Config returns an [authrocket.Config] for an app of this realm. Unless the
// realm has a URL, its HTTPClient reaches the realm in memory. The caller may
// change it.
func (r *Realm) Config() authrocket.Config {
	config := authrocket.Config{
		LoginRocketURL: r.URL(),
		RealmID:        r.id,
		AppURL:         r.config.AppURL,
		CookieName:     r.config.CookieName,
	}
	if r.KeyID() == "" {
		config.JWTKey = r.secret
	}
	if config.LoginRocketURL == memoryURL {
		config.HTTPClient = &http.Client{Transport: memoryTransport{r}}
	}
	if config.AppURL == "" && !isLoopbackURL(config.LoginRocketURL) {
		config.AppURL = defaultAppURL
	}
	return config
}

// JWTKey returns what an app would set Config.JWTKey to: the PEM of the public
// key that signs now, or the secret of an HS256 realm. Making an RSA key takes
// long, so realms of one process may share some, under different IDs: set
// Config.RealmID too where two realms meet.
func (r *Realm) JWTKey() string { return r.jwtKey(r.KeyID()) }

// jwtKey is JWTKey with the key that has the ID, withdrawn or not.
func (r *Realm) jwtKey(id string) string {
	if id == "" {
		return r.secret
	}
	return r.key(id).pem()
}

// SignIn adds the session cookie of the user to req, with a [Realm.Token], which holds
// the picked org only unless [AllOrgs] is given. Whether req is a navigation is up to its
// other headers, see [authrocket.IsNavigation]. The cookie has the name RealmConfig.CookieName,
// without one both default names; cookies of these names that req has already
// are removed. [http.NewRequest] leaves the Host of a path empty, which no gate
// accepts: SignIn then sets it to the host of the AppURL.
func (r *Realm) SignIn(req *http.Request, user User, options ...TokenOption) {
	r.t.Helper()
	if req.Host == "" {
		req.Host = r.appHost()
	}
	names := []string{r.config.CookieName}
	if r.config.CookieName == "" {
		names = []string{"arToken", "__Host-arToken"}
	}
	kept := req.Cookies()
	req.Header.Del("Cookie")
	for _, c := range kept {
		if !slices.Contains(names, c.Name) {
			req.AddCookie(c)
		}
	}
	token := r.Token(user, options...)
	for _, name := range names {
		req.AddCookie(&http.Cookie{Name: name, Value: token})
	}
}

// appHost returns the host of the AppURL. An app without one serves every
// loopback host.
func (r *Realm) appHost() string {
	if u, err := url.Parse(r.Config().AppURL); err == nil && u.Host != "" {
		return u.Host
	}
	return "localhost"
}

// Requests returns how many requests for path were made: /connect/jwks, /login
// or /logout.
func (r *Realm) Requests(path string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.requests[path]
}
