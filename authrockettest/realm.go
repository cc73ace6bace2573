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

// RealmConfig configures a [Realm]. The zero value is suitable for most tests.
type RealmConfig struct {
	// ID is the realm's ID. Default: a new one.
	ID string

	// URL is the address of the realm's pages for browsers, if your program serves
	// the Realm itself. Default: none; clients then reach the realm in memory.
	URL string

	// AppURL is the AppURL of [Realm.Config]. Default: https://example.com, because
	// [httptest.NewRequest] uses that host. A realm on a loopback URL has no default
	// AppURL, so that the app accepts its own loopback host.
	AppURL string

	// CookieName is the CookieName of [Realm.Config], and the name of the cookie that
	// [Realm.SignIn] adds. Set it if the app under test sets Config.CookieName.
	// Default: none, which means the default names of the package authrocket.
	CookieName string

	// LoginURLs are the URLs to which a login may return. A URL is permitted if it
	// has the scheme and host of an entry, and the same path or a path below it. The
	// first entry is the default for logins. Default: AppURL, and every URL on a
	// loopback host. Without AppURL, a realm on a loopback URL has no first entry, so
	// each login must name its return URL.
	LoginURLs []string

	// Settings can be changed while the realm runs.
	Settings

	// Saved is a realm that [Realm.Save] wrote. The new Realm gets its ID, settings,
	// keys and records. The field Settings is then ignored, and ID must be empty or
	// equal to the saved ID. Default: none; the Realm then starts without users and
	// orgs.
	Saved io.Reader

	// TokenLifetime is the time from iat to exp. Default: 24 hours.
	TokenLifetime time.Duration

	// SessionLifetime is how long a user stays signed in to LoginRocket.
	// Default: 24 hours.
	SessionLifetime time.Duration

	// ReissueTokens makes a LoginRocket session issue the same token, with the same
	// iat, until something changes or the token expires. Default: false; each token
	// is new.
	ReissueTokens bool
}

// Realm is an in-memory realm: users, orgs, memberships, sessions, invitations,
// credentials, events and keys. As an [http.Handler], it serves its own LoginRocket.
// As a [View], it shows its current content. It is safe for concurrent use.
type Realm struct {
	*View
	by Request // the client on whose behalf changes are made
}

// state is shared by a realm and its views.
type state struct {
	config  RealmConfig
	id      string
	t       reporter // reports mistakes of the caller
	handler http.Handler
	secret  string // the HS256 secret

	mu           sync.Mutex
	lockedAt     time.Time            // the time of the latest lock
	views        []weak.Pointer[View] // the views that show changes with a delay
	settings     Settings
	url          string // the URL at which the realm is served, or "" in memory
	server       *httptest.Server
	keys         []*signingKey // the published keys and the latest withdrawn keys; the last key in the list signs
	fault        Fault
	tokenChanges []TokenOption        // the options for every token
	version      int                  // grows with every change that affects tokens
	lastTokens   map[string]lastToken // by session: the tokens that can be reissued if nothing has changed
	requests     map[string]int
	listeners    []func(Event)
	onChange     func()
	limit        int     // the maximum number of records of each kind
	unreported   []Event // events that the listeners have not received yet
	isReporting  bool
	isUnsaved    bool // onChange must be called
}

// Request describes the client on whose behalf something is done. The realm stores it
// with the resulting events and sessions.
type Request struct {
	IP     string
	Client string // for example a User-Agent
}

// By returns a Realm that makes changes on behalf of a client. The resulting events
// and sessions contain by.
func (r *Realm) By(by Request) *Realm { return &Realm{r.View, by} }

const (
	memoryURL     = "https://loginrocket.example"
	defaultAppURL = "https://example.com"
	lifetime      = 24 * time.Hour
)

// NewRealm returns a Realm for the test t, and closes it at the end of the test. If t
// is a [testing.F], the Realm panics after a mistake of the caller, because a fuzz
// target must not call the methods of t. Each configure function can change the
// [RealmConfig]:
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
	if _, isFuzz := t.(*testing.F); !isFuzz { // a fuzz target must not call the methods of t
		r.t = t
	}
	t.Cleanup(r.Close)
	return r
}

// Open returns a Realm for a program. The program either serves the Realm itself, or
// calls [Realm.Start] and later [Realm.Close]. The error contains all problems of
// config. It matches [ErrSaved] if Saved cannot be used.
func Open(config RealmConfig) (*Realm, error) {
	var problems []error
	var saved *savedRealm
	if config.Saved != nil {
		var err error
		if saved, err = readSaved(config.Saved); err != nil {
			return nil, err
		}
		if config.ID != "" && config.ID != saved.ID {
			return nil, fmt.Errorf("%w: it is the realm %q, but RealmConfig.ID is %q; correct the ID or leave it out", ErrSaved, saved.ID, config.ID)
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
			problems = append(problems, fmt.Errorf("authrockettest: %q is not a URL with http or https and a host; correct it", u))
		}
	}
	for _, u := range config.LoginURLs {
		if parsed, err := url.Parse(u); err == nil && (parsed.User != nil || strings.Contains(u, "#")) {
			problems = append(problems, fmt.Errorf("authrockettest: the Login URL %q has a fragment or a user; remove it, because the token would not reach the app", u))
		}
	}
	if slices.Contains(config.LoginURLs, "") {
		problems = append(problems, errors.New("authrockettest: LoginURLs has an empty entry; remove it"))
	}
	if config.TokenLifetime < 0 {
		problems = append(problems, fmt.Errorf("authrockettest: TokenLifetime %s is negative; use a positive one", config.TokenLifetime))
	}
	if config.SessionLifetime < 0 {
		problems = append(problems, fmt.Errorf("authrockettest: SessionLifetime %s is negative; use a positive one", config.SessionLifetime))
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
		if settings.Algorithm == "RS256" { // for HS256, a key is made only when it is needed
			r.keys = []*signingKey{r.newKey("")}
		}
		r.addDefaultProviders()
	}
	r.handler = r.newHandler()
	return r, nil
}

// reporter reports a mistake of the caller. It is a testing.TB or program. Functions
// that may call fail first call Helper, so that the failure names the faulty line of
// the test.
type reporter interface {
	Helper()
	Fatal(args ...any)
}

// program panics, because there is no test to fail.
type program struct{}

func (program) Helper()           {}
func (program) Fatal(args ...any) { panic(fmt.Sprint(args...)) }

// fail reports a mistake of the caller. It ends the test, or panics if there is no
// test.
func (r *Realm) fail(format string, args ...any) {
	r.t.Helper()
	r.t.Fatal("authrockettest: " + fmt.Sprintf(format, args...))
}

// ID returns the realm's ID, which is the claim rid of its tokens.
func (r *Realm) ID() string { return r.id }

// URL returns the realm's LoginRocket URL, without a trailing slash. All in-memory
// realms have the same URL.
func (r *Realm) URL() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.url == "" {
		return memoryURL
	}
	return r.url
}

// Start serves the realm on a port on localhost, and returns its URL. Call it before
// [Realm.Config]. Serve the app on 127.0.0.1, because browsers do not separate the
// cookies of two ports of one host. Further calls do nothing.
func (r *Realm) Start() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.server == nil {
		r.server = httptest.NewServer(r)
		r.url = fmt.Sprintf("http://localhost:%d", r.server.Listener.Addr().(*net.TCPAddr).Port)
	}
	return r.url
}

// Close stops the server that Start started.
func (r *Realm) Close() {
	r.mu.Lock()
	server := r.server
	r.mu.Unlock()
	if server != nil {
		server.CloseClientConnections()
		server.Close()
	}
}

// Config returns an [authrocket.Config] for an app of this realm. If the realm has no
// URL, the HTTPClient reaches it in memory. The caller may change the Config.
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

// JWTKey returns a value for Config.JWTKey: the PEM of the current public key, or the
// secret of an HS256 realm. Generating an RSA key is slow, so several realms of a
// process may share a key under different IDs. Also set Config.RealmID if an app may
// receive tokens of two realms.
func (r *Realm) JWTKey() string { return r.jwtKey(r.KeyID()) }

// jwtKey is like JWTKey, for the key with this ID, even if it is withdrawn.
func (r *Realm) jwtKey(id string) string {
	if id == "" {
		return r.secret
	}
	return r.key(id).pem()
}

// SignIn adds the user's session cookie to req. The token in the cookie contains the
// picked org only, unless [AllOrgs] is given (see [Realm.Token]). The other headers
// of req decide whether it is a navigation; see [authrocket.IsNavigation]. The
// cookie's name is RealmConfig.CookieName. If that is empty, SignIn sets the cookies
// of both default names. It removes existing cookies with these names.
//
// [http.NewRequest] leaves the Host empty if the URL is only a path, and no gate
// accepts such a request. SignIn then sets the Host to the host of the AppURL.
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

// appHost returns the host of the AppURL. An app without an AppURL serves every
// loopback host.
func (r *Realm) appHost() string {
	if u, err := url.Parse(r.Config().AppURL); err == nil && u.Host != "" {
		return u.Host
	}
	return "localhost"
}

// Requests returns how many requests the realm got for path: /connect/jwks, /login or
// /logout.
func (r *Realm) Requests(path string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.requests[path]
}
