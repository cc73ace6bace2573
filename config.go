package authrocket

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/authrocket-go/authrocket/internal/jose"
	"github.com/authrocket-go/authrocket/internal/keycache"
	"github.com/authrocket-go/authrocket/internal/loopback"
)

// Config is what [New] needs to know. The zero value of a field is its safe
// default. Most apps set LoginRocketURL and AppURL, and nothing else. [ConfigFromEnv]
// reads them from the environment. New copies the Config: changes that come later have
// no effect.
//
// "Loopback" means the hosts localhost, *.localhost, 127.0.0.0/8 and ::1.
type Config struct {
	// A literal must name the fields, so that a new one breaks no app.
	_ [0]func()

	// LoginRocketURL is the realm's LoginRocket URL, such as
	// https://sample.e2.loginrocket.com/ or a custom domain, with or without the final
	// slash. Visitors are sent to it, and keys come from it unless JWKSURL or JWTKey is
	// set. It must be https, or http on loopback, for which only loopback addresses are
	// dialled. Default: none; required, except with DisableCookie and one of JWKSURL and
	// JWTKey.
	LoginRocketURL string

	// JWKSURL is the URL of the realm's key set (RFC 7517 section 5). Set it where this
	// server reaches LoginRocket by another name than browsers do, as in a container:
	// http://loginrocket:8081/connect/jwks. It must be https, or http on loopback, for
	// which only loopback addresses are dialled, or http with
	// DangerouslyAllowHTTPJWKSURL. It cannot be set together with JWTKey. Default:
	// LoginRocketURL + /connect/jwks.
	JWKSURL string

	// JWTKey is a static key to check tokens with, instead of the keys that the
	// realm publishes: the realm's RS256 public key (PEM, PEM with \n for line
	// breaks, or its base64 body) or its HS256 secret (jsk_..., at least 32
	// bytes). Default: the published keys, which also follow a rotation.
	JWTKey string

	// RealmID is the rid that every token must carry, such as rl_.... Set it when realms
	// share JWTKey, or the server of JWKSURL. Default: any.
	RealmID string

	// Audience lists the values of aud (RFC 7519 section 4.1.3) that mean this app. A
	// token that has an aud without one of them is refused with [ErrWrongAudience]; one
	// without aud is not, since LoginRocket Web sends none. Default: none, so that every
	// aud is refused.
	Audience []string

	// AppURL is the public URL of this app as browsers see it, such as
	// https://app.example.com. If a proxy strips a path prefix, AppURL has it; around
	// http.StripPrefix, mount Authenticate outside instead. AppURL decides whether
	// cookies are Secure and begins every absolute URL: the Host of a request and
	// X-Forwarded-* are never trusted for that. It must be https, or http on loopback.
	// Default: when LoginRocketURL is on loopback, http and the request's Host, which
	// must be loopback too; else none, and it is required, except with DisableCookie.
	AppURL string

	// AuthPath is where the login routes are: login, signup, logout, profile,
	// accounts, callback and confirm. It has no final slash. Every login that is started
	// here comes back to AppURL + AuthPath + /callback, which must match a Login URL of
	// the Connected App. Default: /auth.
	AuthPath string

	// AfterLogout is the path to return to after a logout. AppURL + AfterLogout must
	// match a Login URL of the Connected App, too. Default: /.
	AfterLogout string

	// CookieName is the name of the session cookie, used as it is. The cookie has no
	// Domain, whatever its name is: browsers send it to AppURL's host only, and other
	// subdomains need an Auth each. Set it to arToken on https to take over sessions of
	// AuthRocket's official middleware; then a sibling subdomain can plant a session.
	// Two Auths on one host need two names, neither the other plus .N, and two
	// AuthPaths. Default: __Host-arToken when AppURL is https, else arToken.
	CookieName string

	// DisableCookie restricts authentication to bearer tokens, for an API: no
	// cookie, no callback, no login routes, no redirects. A handler for CORS goes
	// around Authenticate and the gates: a preflight has no token, and refusals need its
	// headers too. Default: false.
	DisableCookie bool

	// HTTPClient fetches the keys. It is copied; timeout (8 s), redirects (none)
	// and cookies (none) are decided here. A custom Transport must honour the
	// request's context. Default: a client that honours HTTPS_PROXY and its siblings.
	HTTPClient *http.Client

	// RefreshInterval is the age at which the keys are fetched again, in the
	// background of a request. The realm's Cache-Control max-age may shorten it
	// to no less than a minute. At twice this age a request waits for the fetch, for
	// 2 seconds at most. From then on a withdrawn key is refused, unless the keys cannot
	// be fetched: the fetch takes longer, or one failed in the last 28 seconds. Ages count on
	// the monotonic clock and on the wall clock, whichever says more: after a machine
	// slept, or its clock was set, the keys are due at once. At least 10 seconds.
	// Default: 15 minutes.
	RefreshInterval time.Duration

	// MaxStale is how long the last keys are used while they cannot be fetched
	// again. Keys that are older are not used: requests with a token get 503
	// ([ErrKeysUnavailable]) until a fetch succeeds, and [Auth.Ready] says so. It counts
	// as RefreshInterval does.
	// At least twice RefreshInterval. Default: 24 hours.
	MaxStale time.Duration

	// MaxTokenBytes is the length of the longest token that is read, in bytes; a longer
	// one is refused with [ErrTokenTooLarge]. A browser's cookies hold 19,000 bytes at
	// most, whatever this says. Default: 16 KiB.
	MaxTokenBytes int

	// TokenCacheSize is how many verified tokens are kept at most, so that their
	// signatures and claims need not be read again; negative means none. A kept
	// token still ends when it expires, and at once when its key is withdrawn or
	// replaced. When there are more, some are evicted; VerifiedTokens decides what the
	// next request with one costs. One takes about 2 KB of memory with one org.
	// Default: 10,000.
	TokenCacheSize int

	// SessionState ends sessions before their tokens expire: it is asked wherever a token
	// is verified, at logins and by [Auth.CheckContext] too. A session that has ended is
	// refused with [ErrSessionEnded]; one of which that cannot be told now with
	// [ErrSessionUnknown]. Tokens must then have a session ID (sid), else they are refused
	// with [ErrInvalidClaims]. See package sessionstate. Default: none, so that a token
	// counts until it expires.
	SessionState SessionState

	// VerifiedTokens is how many RS256 tokens are remembered at most as tokens
	// whose signature verified, beyond those that TokenCacheSize keeps; negative means
	// none. Such a token is read again, its claims, its times and its key are
	// checked again, and only the signature, most of the work, is not. Set it to the
	// number of users who are active within the life of a token. When there are more,
	// random ones are evicted and checked in full the next time. Each Auth takes 16
	// bytes of memory for each that it remembers. At most 100,000,000. Default:
	// 1,000,000, which is 16 MB.
	VerifiedTokens int

	// TrustedOrigins are origins such as https://admin.example.com whose pages
	// may send unsafe requests (POST, WebSocket, ...) with the session cookie.
	// AppURL's own origin always may. Default: none.
	TrustedOrigins []string

	// ForwardParams are the names of further query parameters that the login and
	// signup routes hand on to LoginRocket. Default: none; the login route hands
	// on account and prompt, signup invitation.
	ForwardParams []string

	// KeepQueryToken spares requests whose handlers take a login token in the URL, such
	// as a WebSocket route that browsers reach by /socket?token=.... Where it returns
	// true, the request goes on as it came, and no login is completed. Elsewhere a login
	// token of this realm in a URL completes a login if a browser navigates. From other
	// requests it is cut out before handlers see the URL, together with account, session
	// and ar_state. KeepQueryToken is asked for such URLs only, by many goroutines at
	// once, and must not change the request. It is not asked with DisableCookie, which
	// leaves URLs alone. Default: no route is spared.
	KeepQueryToken func(r *http.Request) bool

	// OnLogin is asked when a browser's login is completed, after any
	// confirmation and before its cookie is set: the place to make a row for the
	// user, or to let only some users in. An error refuses the login by its kind,
	// with a page that offers another account; of no kind it counts as
	// [ErrForbidden]. One of kind [ErrUnavailable] keeps the login, and the page
	// tries again by itself. The text of the error is logged and reported, not
	// shown: leave addresses out of it. OnLogin may be called more than once for a login,
	// by many goroutines at once. Do not link the user to an account that another
	// cookie names: another website can start a login. It is not asked about bearer
	// tokens and sessions that exist already: write a [Rule] for these. The URL of r has
	// no parameters of the login. Default: every verified login is accepted.
	OnLogin func(r *http.Request, s Session) error

	// Rules are asked at every gate, [Auth.RequireLogin] and [Auth.Check] too, before the
	// rules of the gate itself. Behind [Auth.RequireOrg] they are about the org of the
	// request, as all its rules are. Routes without a gate, [Auth.Verify] and logins do
	// not ask them. An entry that is nil is an error. Default: none.
	Rules []Rule

	// Deny is asked before a refused request is answered. It answers and returns
	// true, or writes nothing and returns false: the request then gets the answer of
	// [Auth.Deny], with the headers that Deny has set. [StatusCode] and [Reason] of err
	// are fit for clients; its text is not. Deny is called by many goroutines at once.
	// Default: every refused request gets the answer of [Auth.Deny].
	Deny func(w http.ResponseWriter, r *http.Request, err error) bool

	// Page is asked before the package shows one of its own pages, to brand or to
	// translate it: p is all that is on the page, see [Page]. It answers, with
	// p.Status, and returns true; or it writes nothing and returns false, and the
	// page is shown by [WritePage].
	//
	// All headers of the page are set before the call, those that protect it among
	// them: Content-Security-Policy allows the package's own style, and nothing else to
	// load. A page with styles or images of its own must set that header anew, with
	// frame-ancestors 'none' unless it is a [PageFramed]; one without a form, with
	// form-action 'none', too. Leave the other headers as they are. A page with p.Form
	// must send all that it holds.
	//
	// The URL of r has no parameters of a login. [CurrentSession] says who is signed
	// in, if that is known. Page is called by many goroutines at once. Default: every
	// page is shown by [WritePage].
	Page func(w http.ResponseWriter, r *http.Request, p Page) bool

	// Observer reports decisions, key refreshes, logins, logouts and warnings; see
	// [LogObserver] and [SilentObserver]. Default: refused logins, failed key
	// refreshes and warnings are logged through [log/slog.Default].
	Observer Observer

	// DangerouslyAcceptUnsolicitedLogins signs in whoever a ?token= names, even
	// if this browser did not start the login or somebody else is signed in,
	// without asking. That permits login CSRF: a link on any website can sign a
	// visitor in as the attacker, who then sees what the visitor enters. Default:
	// false.
	DangerouslyAcceptUnsolicitedLogins bool

	// DangerouslyAllowHTTPAppURL permits an http AppURL on other hosts than
	// loopback. Cookies are then not Secure and travel in the clear: whoever is
	// on the network can take over sessions. Default: false.
	DangerouslyAllowHTTPAppURL bool

	// DangerouslyAllowHTTPLoginRocketURL permits an http LoginRocketURL on other
	// hosts than loopback. Keys then come in the clear: whoever is on the
	// network can replace them and be anybody. Default: false.
	DangerouslyAllowHTTPLoginRocketURL bool

	// DangerouslyAllowHTTPJWKSURL permits an http JWKSURL on other hosts than loopback:
	// a container beside this one, on a network that nobody else is on. Keys come in the
	// clear: whoever is on that network can replace them and be anybody. Default: false.
	DangerouslyAllowHTTPJWKSURL bool
}

// ConfigFromEnv returns a Config with LoginRocketURL, JWKSURL, JWTKey, RealmID and
// AppURL from the environment variables LOGINROCKET_URL, LOGINROCKET_JWKS_URL,
// AUTHROCKET_JWT_KEY, AUTHROCKET_REALM and AUTHROCKET_APP_URL. It never fails: [New]
// reports what is missing or wrong.
func ConfigFromEnv() Config {
	env := func(field string) string { return strings.TrimSpace(os.Getenv(envNames[field])) }
	return Config{
		LoginRocketURL: env("LoginRocketURL"),
		JWKSURL:        env("JWKSURL"),
		JWTKey:         env("JWTKey"),
		RealmID:        env("RealmID"),
		AppURL:         env("AppURL"),
	}
}

// envNames are the environment variables of fields of Config.
var envNames = map[string]string{
	"LoginRocketURL": "LOGINROCKET_URL",
	"JWKSURL":        "LOGINROCKET_JWKS_URL",
	"JWTKey":         "AUTHROCKET_JWT_KEY",
	"RealmID":        "AUTHROCKET_REALM",
	"AppURL":         "AUTHROCKET_APP_URL",
}

// settingName is how logs name a field of Config that has an environment variable.
func settingName(field string) string { return "Config." + field + " (" + envNames[field] + ")" }

// settings is a Config that was checked, in the form that requests need.
type settings struct {
	config         Config // with defaults filled in
	loginRocket    baseURL
	jwksURL        baseURL // of the key set, as a whole
	app            baseURL // zero when the request's loopback Host decides
	paths          paths
	trustedOrigins []string
	staticKey      *jose.Key // nil when keys come from the JWKS
}

// configChecker collects problems, so that New can report all of them at once.
type configChecker struct{ problems []error }

func (c *configChecker) add(field, value, format string, args ...any) {
	c.problems = append(c.problems, &ConfigError{Field: field, Env: envNames[field], Value: value, Problem: fmt.Sprintf(format, args...)})
}

const (
	defaultAuthPath        = "/auth"
	defaultAfterLogout     = "/"
	defaultCookieName      = "arToken"
	hostCookiePrefix       = "__Host-"
	defaultRefreshInterval = 15 * time.Minute
	defaultMaxStale        = 24 * time.Hour
	defaultMaxTokenBytes   = 16 << 10
	defaultTokenCacheSize  = 10_000
	defaultVerifiedTokens  = 1_000_000
	maxVerifiedTokens      = 100_000_000
)

func (config Config) check() (settings, error) {
	c := &configChecker{}
	s := settings{config: config}
	s.config.Audience = slices.Clone(config.Audience)
	s.config.ForwardParams = slices.Clone(config.ForwardParams)
	s.config.Rules = slices.Clone(config.Rules)
	s.config.TrustedOrigins = nil // s.trusted has them

	c.checkLoginRocketURL(&s)
	c.checkJWKSURL(&s)
	c.checkAppURL(&s)
	c.checkKey(&s)
	c.checkRoutes(&s)
	c.checkForwardParams(&s)
	c.checkCookieName(&s)
	c.checkLimits(&s)
	c.checkTrustedOrigins(&s, config.TrustedOrigins)
	secret, isSecret := pastedSecret(config.RealmID)
	switch id := config.RealmID; {
	case id == "":
	case isSecret:
		c.add("RealmID", "", "is %s", secret)
	case !strings.HasPrefix(id, "rl_"):
		c.add("RealmID", id, "is not the ID of a realm, which starts with rl_; write it, or leave RealmID out")
	case strings.ContainsAny(id, " \t\r\n"):
		c.add("RealmID", id, "has white space; write the realm's ID, such as rl_...")
	}
	for i, rule := range config.Rules {
		if rule == nil {
			c.add("Rules", "", "has nil as rule %d of %d; leave it out", i+1, len(config.Rules))
		}
	}
	if slices.Contains(config.Audience, "") {
		c.add("Audience", "", "has an empty entry; leave it out")
	}
	return s, errors.Join(c.problems...)
}

func (c *configChecker) checkLoginRocketURL(s *settings) {
	const field = "LoginRocketURL"
	value := s.config.LoginRocketURL
	if value == "" {
		if s.config.JWTKey == "" && s.config.JWKSURL == "" || !s.config.DisableCookie {
			c.add(field, "", "is missing; write the realm's LoginRocket URL, such as https://sample.e2.loginrocket.com/")
		}
		return
	}
	u, ok := c.parseURL(field, value)
	if !ok {
		return
	}
	if u.path != "" {
		c.add(field, u.origin+u.path, "has a path; write %s/", u.origin)
		return
	}
	if !u.isHTTPS && !u.isLoopback && !s.config.DangerouslyAllowHTTPLoginRocketURL {
		c.add(field, u.origin, "is http on a host other than loopback; write https://%s/", strings.TrimPrefix(u.origin, "http://"))
		return
	}
	s.loginRocket = u
}

// jwksPath is where LoginRocket publishes the realm's keys.
const jwksPath = "/connect/jwks"

func (c *configChecker) checkJWKSURL(s *settings) {
	const field = "JWKSURL"
	value := s.config.JWKSURL
	if value == "" {
		s.jwksURL = s.loginRocket
		s.jwksURL.path = jwksPath
		return
	}
	u, ok := c.parseURL(field, value)
	switch {
	case !ok:
	case s.config.JWTKey != "":
		c.add(field, u.origin+u.path, "is set together with JWTKey, which is used instead of the published keys; leave one of them out")
	case u.path == "" || strings.HasSuffix(value, "/"):
		c.add(field, value, "has no path, or one that ends with a slash; write the URL of the key set, such as %s%s", u.origin, jwksPath)
	case !u.isHTTPS && !u.isLoopback && !s.config.DangerouslyAllowHTTPJWKSURL:
		c.add(field, u.origin+u.path, "is http on a host other than loopback; write https://, or set DangerouslyAllowHTTPJWKSURL on a network that nobody else is on")
	default:
		s.jwksURL = u
	}
}

func (c *configChecker) checkAppURL(s *settings) {
	const field = "AppURL"
	value := s.config.AppURL
	if value == "" {
		loginRocketUnknown := s.config.LoginRocketURL != "" && s.loginRocket.isZero()
		if !s.config.DisableCookie && !s.loginRocket.isLoopback && !loginRocketUnknown {
			c.add(field, "", "is missing; write the public URL of this app, such as https://app.example.com")
		}
		return
	}
	u, ok := c.parseURL(field, value)
	if !ok {
		return
	}
	if u.path != "" && !isPlainPath(u.path) {
		c.add(field, u.origin+u.path, "has a path with odd characters or empty or dot segments; write %s/path", u.origin)
		return
	}
	if !u.isHTTPS && !u.isLoopback && !s.config.DangerouslyAllowHTTPAppURL {
		c.add(field, u.origin, "is http on a host other than loopback; write https://%s", strings.TrimPrefix(u.origin, "http://"))
		return
	}
	if u == s.loginRocket || strings.HasSuffix(u.origin, ".loginrocket.com") {
		c.add(field, u.origin+u.path, "is the LoginRocketURL or that of another realm, where users sign in; write the public URL of this app, such as https://app.example.com")
		return
	}
	if path, ok := strings.CutSuffix(u.path, cmp.Or(s.config.AuthPath, defaultAuthPath)+"/"+routeCallback); ok {
		c.add(field, u.origin+u.path, "is the URL of the callback, which belongs into the Login URLs of the Connected App; write %s", u.origin+path)
		return
	}
	if s.loginRocket.isLoopback && !u.isLoopback {
		c.add(field, u.origin, "is not on loopback, but LoginRocketURL is; a local LoginRocket only serves a local app, write http://127.0.0.1:8080 or leave it out")
		return
	}
	s.app = u
}

// exampleURL is a right value of a field that holds a URL.
func exampleURL(field string) string {
	switch field {
	case "LoginRocketURL":
		return "https://sample.e2.loginrocket.com/"
	case "JWKSURL":
		return "https://sample.e2.loginrocket.com" + jwksPath
	}
	return "https://app.example.com"
}

// parseURL reads an absolute http or https URL. What it reports holds neither
// user info nor a query, since both may hold secrets.
func (c *configChecker) parseURL(field, value string) (baseURL, bool) {
	if name, ok := pastedSecret(value); ok {
		c.add(field, "", "is %s", name)
		return baseURL{}, false
	}
	if strings.Contains(value, "@") {
		// Whatever stands before it may be part of a password.
		c.add(field, "", "has an @, as in user info before the host; leave it out")
		return baseURL{}, false
	}
	if strings.ContainsAny(value, " \t\r\n\"'`") {
		c.add(field, "", "has white space or quotes; write the URL alone, such as %s", exampleURL(field))
		return baseURL{}, false
	}
	u, err := url.Parse(value)
	if err != nil {
		c.add(field, "", "is not a URL; write one such as %s", exampleURL(field))
		return baseURL{}, false
	}
	scheme := strings.ToLower(u.Scheme)
	shown := (&url.URL{Scheme: scheme, Host: u.Host, Path: u.Path, RawPath: u.RawPath}).String()
	if u.Host == "" || scheme != "http" && scheme != "https" {
		// "app.example.com:8080" parses as scheme app.example.com.
		c.add(field, "", "has no scheme http or https, or no host; write one such as %s", exampleURL(field))
		return baseURL{}, false
	}
	before := len(c.problems)
	if u.RawQuery != "" || u.ForceQuery {
		c.add(field, shown, "has a query; leave it out")
	}
	if strings.Contains(value, "#") {
		c.add(field, shown, "has a fragment; leave it out")
	}
	host, ok := canonicalHost(u.Hostname())
	if !ok {
		c.add(field, shown, "has a host that is neither an ASCII name nor an IP address; write an international name in its xn-- form")
	}
	if strings.HasPrefix(host, "api-") && strings.HasSuffix(host, ".authrocket.com") {
		c.add(field, shown, "is the URL of AuthRocket's API (the Core API, for the package coreapi); write the right one, such as %s", exampleURL(field))
		return baseURL{}, false
	}
	port, err := strconv.Atoi(cmp.Or(u.Port(), defaultPort(scheme)))
	if err != nil || port < 1 || port > 65535 || strings.HasSuffix(u.Host, ":") {
		c.add(field, shown, "has a port that is not within 1 to 65535")
	}
	if len(c.problems) > before {
		return baseURL{}, false
	}
	b := baseURL{
		origin:     scheme + "://" + bracketIPv6(host),
		path:       strings.TrimRight(u.EscapedPath(), "/"),
		isHTTPS:    scheme == "https",
		isLoopback: loopback.IsHost(host),
	}
	if port := strconv.Itoa(port); port != defaultPort(scheme) {
		b.origin += ":" + port
	}
	return b, true
}

func defaultPort(scheme string) string {
	if scheme == "https" {
		return "443"
	}
	return "80"
}

// hostNamePattern has a last label that is not a number: browsers take such a name
// for an IPv4 address in an odd spelling.
var hostNamePattern = regexp.MustCompile(`^([a-z0-9_-]+\.)*[a-z0-9_-]*[a-z_][a-z0-9_-]*$`)

// canonicalHost returns host as browsers write it in an origin, false if no browser
// does: an Origin header is compared with it byte for byte.
func canonicalHost(host string) (string, bool) {
	if addr, err := netip.ParseAddr(host); err == nil {
		return addr.String(), addr.Zone() == ""
	}
	host = strings.ToLower(host)
	return host, hostNamePattern.MatchString(host)
}

func bracketIPv6(host string) string {
	if strings.Contains(host, ":") {
		return "[" + host + "]"
	}
	return host
}

// plainPathPattern is one or more non-empty segments without dot segments and without
// anything that needs escaping: proxies and routers read such a path alike.
var plainPathPattern = regexp.MustCompile(`^(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)+$`)

func isPlainPath(path string) bool { return plainPathPattern.MatchString(path) }

func (c *configChecker) checkKey(s *settings) {
	if s.config.JWTKey == "" {
		return
	}
	key, err := jose.ParseStatic(s.config.JWTKey)
	if err != nil {
		c.add("JWTKey", "", "%v", err)
		return
	}
	s.staticKey = &key
}

func (c *configChecker) checkRoutes(s *settings) {
	if s.config.AuthPath == "" {
		s.config.AuthPath = defaultAuthPath
	}
	if !isPlainPath(s.config.AuthPath) {
		c.add("AuthPath", s.config.AuthPath, "is not a plain path; write one such as /auth, without a final slash")
	}
	if s.config.AfterLogout == "" {
		s.config.AfterLogout = defaultAfterLogout
	}
	// No login token is in a path that somebody writes into a Config.
	s.paths = paths{s.app.path, s.config.AuthPath, func(string) bool { return false }}
	if s.paths.safeTarget(s.config.AfterLogout) != s.config.AfterLogout {
		c.add("AfterLogout", s.config.AfterLogout, "is not a path on this host outside AuthPath; write one such as /goodbye")
	}
}

// reservedParams are parameters that this package or LoginRocket sets itself.
var reservedParams = []string{"redirect_uri", "session", "token", stateParam, "return_to"}

func (c *configChecker) checkForwardParams(s *settings) {
	for _, name := range s.config.ForwardParams {
		switch {
		case name == "":
			c.add("ForwardParams", "", "has an empty entry; leave it out")
		case slices.Contains(reservedParams, name):
			c.add("ForwardParams", name, "is set by this package and cannot be handed on; leave it out")
		}
	}
}

// cookieNamePattern is a token of RFC 9110 section 5.6.2, as RFC 6265 section 4.1.1 demands.
var cookieNamePattern = regexp.MustCompile("^[A-Za-z0-9!#$%&'*+.^_`|~-]+$")

func (c *configChecker) checkCookieName(s *settings) {
	name := s.config.CookieName
	switch {
	case name == "" && s.app.isHTTPS:
		s.config.CookieName = hostCookiePrefix + defaultCookieName
	case name == "":
		s.config.CookieName = defaultCookieName
	case !cookieNamePattern.MatchString(name) || len(name) > 64:
		c.add("CookieName", name, "is not the name of a cookie; write up to 64 letters, digits and hyphens")
	case hasSecurePrefix(name) && !s.app.isHTTPS && !s.config.DisableCookie:
		c.add("CookieName", name, "has a prefix that browsers take on https only, but AppURL is http; leave the prefix out")
	}
}

// hasSecurePrefix reports whether browsers take a cookie of this name on https only. It
// matches without case, as they do.
func hasSecurePrefix(name string) bool {
	lower := strings.ToLower(name)
	return strings.HasPrefix(lower, "__host-") || strings.HasPrefix(lower, "__secure-") || strings.HasPrefix(lower, "__http-")
}

func (c *configChecker) checkLimits(s *settings) {
	if s.config.RefreshInterval < 0 {
		c.add("RefreshInterval", s.config.RefreshInterval.String(), "is negative; leave it out for 15 minutes")
	}
	if s.config.RefreshInterval > 0 && s.config.RefreshInterval < keycache.CoolDown {
		c.add("RefreshInterval", s.config.RefreshInterval.String(), "is shorter than the %s between two fetches; write a longer one", keycache.CoolDown)
	}
	if s.config.MaxStale < 0 {
		c.add("MaxStale", s.config.MaxStale.String(), "is negative; leave it out for 24 hours")
	}
	if s.config.MaxTokenBytes < 0 {
		c.add("MaxTokenBytes", strconv.Itoa(s.config.MaxTokenBytes), "is negative; leave it out for 16 KiB")
	}
	if s.config.VerifiedTokens > maxVerifiedTokens {
		c.add("VerifiedTokens", strconv.Itoa(s.config.VerifiedTokens), "is more than %d; write a smaller number, each takes 16 bytes of memory", maxVerifiedTokens)
	}
	setDefault(&s.config.RefreshInterval, defaultRefreshInterval)
	setDefault(&s.config.MaxStale, defaultMaxStale)
	setDefault(&s.config.MaxTokenBytes, defaultMaxTokenBytes)
	setDefault(&s.config.TokenCacheSize, defaultTokenCacheSize)
	setDefault(&s.config.VerifiedTokens, defaultVerifiedTokens)
	if s.config.RefreshInterval > 0 && s.config.MaxStale > 0 && s.config.MaxStale/2 < s.config.RefreshInterval {
		c.add("MaxStale", s.config.MaxStale.String(), "is less than twice RefreshInterval, which is %s; write a longer one", s.config.RefreshInterval)
	}
}

func setDefault[T comparable](field *T, value T) {
	if zero := *new(T); *field == zero {
		*field = value
	}
}

func (c *configChecker) checkTrustedOrigins(s *settings, origins []string) {
	const field = "TrustedOrigins"
	for _, origin := range origins {
		u, ok := c.parseURL(field, origin)
		if ok && u.path != "" {
			c.add(field, u.origin+u.path, "has a path; write %s", u.origin)
			ok = false
		}
		if ok {
			s.trustedOrigins = append(s.trustedOrigins, u.origin)
		}
	}
}
