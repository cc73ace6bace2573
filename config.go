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

// Config configures an [Auth]. The zero value of each field is its safe default. Most
// apps set only LoginRocketURL and AppURL. [ConfigFromEnv] reads both from the
// environment. [New] copies the Config, so later changes have no effect.
//
// "Loopback" means the hosts localhost, *.localhost, 127.0.0.0/8 and ::1.
type Config struct {
	// A literal must name its fields, so that a new field does not break an app.
	_ [0]func()

	// LoginRocketURL is the realm's LoginRocket URL, such as
	// https://sample.e2.loginrocket.com/ or a custom domain, with or without the final
	// slash. Visitors sign in there, and the keys are fetched from there unless JWKSURL
	// or JWTKey is set. It must be https, or http on loopback. With http on loopback,
	// only loopback addresses are dialled. It is required, unless DisableCookie and one
	// of JWKSURL and JWTKey are set. Default: none.
	LoginRocketURL string

	// JWKSURL is the URL of the realm's key set (RFC 7517 section 5). Set it if this
	// server reaches LoginRocket under a different name than browsers do, for example in
	// a container: http://loginrocket:8081/connect/jwks. It must be https, http on
	// loopback, or http with DangerouslyAllowHTTPJWKSURL. With http on loopback, only
	// loopback addresses are dialled. It cannot be combined with JWTKey. Default:
	// LoginRocketURL + /connect/jwks.
	JWKSURL string

	// JWTKey is a static key that verifies tokens, instead of the keys that the realm
	// publishes. It is either the realm's RS256 public key or its HS256 secret. Write a
	// public key as PEM, as PEM with \n for line breaks, or as the base64 body of a PEM.
	// A secret begins with jsk_ and has at least 32 bytes. Default: the published keys,
	// so that key rotations need no action.
	JWTKey string

	// RealmID is the value that the rid claim of every token must have, such as rl_....
	// Set it if several realms share JWTKey or the server of JWKSURL. Default: any realm.
	RealmID string

	// Audience lists the values of aud (RFC 7519 section 4.1.3) that identify this app. A
	// token whose aud contains none of them is refused with [ErrWrongAudience]. A token
	// without aud is accepted, because tokens of LoginRocket Web have none. Default:
	// none, so that every token with an aud is refused.
	Audience []string

	// AppURL is the public URL of this app as browsers see it, such as
	// https://app.example.com. If a proxy strips a path prefix, AppURL includes that
	// prefix. If the app itself uses http.StripPrefix, put Authenticate around it
	// instead. AppURL decides whether cookies are Secure. Every absolute URL of the app
	// starts with it, because the Host of a request and X-Forwarded-* cannot be trusted.
	// It must be https, or http on loopback. AppURL is required, unless DisableCookie is
	// set or LoginRocketURL is on loopback. Default with LoginRocketURL on loopback: http
	// and the request's Host, which must also be on loopback.
	AppURL string

	// AuthPath is the path of the login routes: login, signup, logout, profile, accounts,
	// callback and confirm. It has no final slash. Every login that this app starts comes
	// back to AppURL + AuthPath + /callback. That URL must match a Login URL of the
	// Connected App. Default: /auth.
	AuthPath string

	// AfterLogout is the path that the browser returns to after a logout. AppURL +
	// AfterLogout must also match a Login URL of the Connected App. Default: /.
	AfterLogout string

	// CookieName is the exact name of the session cookie. The cookie never has a Domain,
	// so browsers send it to AppURL's host only, and each other subdomain needs its own
	// Auth. To take over sessions of AuthRocket's official middleware on https, set
	// CookieName to arToken. A sibling subdomain can then plant a session. Two Auths on
	// one host need different AuthPaths and different CookieNames. Neither name may be
	// the other name with a suffix such as .1. Default: __Host-arToken if AppURL is
	// https, and arToken otherwise.
	CookieName string

	// DisableCookie restricts authentication to bearer tokens. Set it for an API. There
	// are then no cookies, no callback, no login routes and no redirects. Put a CORS
	// handler around Authenticate and the gates, because a preflight request has no
	// token, and refusals also need the CORS headers. Default: false.
	DisableCookie bool

	// HTTPClient fetches the keys. New copies it and sets the timeout of the copy to 8
	// seconds. The copy follows no redirects and sends no cookies. A custom Transport
	// must honour the request's context. Default: a client that honours HTTPS_PROXY and
	// the related variables.
	HTTPClient *http.Client

	// RefreshInterval is the age at which a request causes the keys to be fetched again,
	// in the background. A shorter max-age in the realm's Cache-Control takes precedence,
	// down to a minute. At twice this age, requests wait for the fetch, for at most 2
	// seconds. From then on, a withdrawn key is refused, unless the fetch takes longer
	// than 2 seconds or a fetch failed within the last 28 seconds. The age is measured
	// with both the monotonic clock and the wall clock, and the larger result counts. The
	// keys are therefore due for a refresh at once after the machine has slept or its
	// clock has been set. The minimum is 10 seconds. Default: 15 minutes.
	RefreshInterval time.Duration

	// MaxStale is how long the last keys are used while they cannot be fetched again.
	// Older keys are not used: requests with a token get 503 ([ErrKeysUnavailable]) until
	// a fetch succeeds, and [Auth.Ready] returns an error. The age is measured as for
	// RefreshInterval. The minimum is twice RefreshInterval. Default: 24 hours.
	MaxStale time.Duration

	// MaxTokenBytes is the maximum length of a token, in bytes. A longer token is refused
	// with [ErrTokenTooLarge]. The session cookies of a browser hold at most 19,000
	// bytes, whatever this value is. Default: 16 KiB.
	MaxTokenBytes int

	// TokenCacheSize is the largest number of verified tokens that are kept, so that
	// their signatures and claims need not be checked again. A negative value means none.
	// A kept token still becomes invalid when it expires, and as soon as its key is known
	// to be withdrawn or replaced. A full cache evicts tokens. The setting VerifiedTokens
	// determines what the next request with an evicted token costs. A token with one org
	// takes about 2 KB of memory. Default: 10,000.
	TokenCacheSize int

	// SessionState ends sessions before their tokens expire. It is called wherever a
	// token is verified, including at logins and by [Auth.CheckContext]. A session that
	// has ended is refused with [ErrSessionEnded]. If SessionState cannot decide now, the
	// session is refused with [ErrSessionUnknown]. If SessionState is set, every token
	// must have a session ID (sid). Tokens without one are refused with
	// [ErrInvalidClaims]. See package sessionstate. Default: none, so that a token is
	// valid until it expires.
	SessionState SessionState

	// VerifiedTokens is the largest number of RS256 tokens that are remembered as having
	// a valid signature, in addition to those that TokenCacheSize keeps. A negative value
	// means none. The next request with such a token checks its claims, its times and its
	// key again, but skips the signature check, which is most of the work. Set it to the
	// number of users who are active within the lifetime of a token. A full set evicts
	// random tokens. An evicted token is checked in full the next time it is used. Each
	// remembered token takes 16 bytes of memory. The maximum is 100,000,000. Default:
	// 1,000,000, which takes 16 MB.
	VerifiedTokens int

	// TrustedOrigins are origins such as https://admin.example.com whose pages may send
	// unsafe requests (POST, WebSocket, ...) with the session cookie. Pages of AppURL's
	// own origin may always send such requests. Default: none.
	TrustedOrigins []string

	// ForwardParams are the names of additional query parameters that the login and
	// signup routes pass on to LoginRocket. The login route always passes on account and
	// prompt, and the signup route always passes on invitation. Default: no additional
	// parameters.
	ForwardParams []string

	// KeepQueryToken reports whether the handler of r needs the login token in the URL,
	// for example because it serves a WebSocket that browsers open as /socket?token=....
	// If KeepQueryToken returns true, the handler gets the URL unchanged, and no login is
	// completed. Otherwise, a browser that navigates to a URL with a login token of this
	// realm completes a login. If another request has such a token, it is removed before
	// handlers see the URL, together with the parameters account, session and ar_state.
	// KeepQueryToken is called only for URLs with such a token. Many goroutines call it
	// at once, and it must not change the request. With DisableCookie, it is never
	// called, because URLs are never changed. Default: no route keeps the token.
	KeepQueryToken func(r *http.Request) bool

	// OnLogin is called when a browser completes a login, after any confirmation and
	// before the session cookie is set. Use it to create a database row for the user, or
	// to admit only some users. An error refuses the login, and the browser gets a page
	// that offers to use another account. An error without a kind counts as
	// [ErrForbidden]. After an error of kind [ErrUnavailable], the login is kept and the
	// page tries again by itself. The text of the error is logged and reported to the
	// Observer, but not shown to the user. Do not put email addresses into that text.
	// OnLogin may be called more than once for a login, and by many goroutines at once.
	// Do not link the user to an account that another cookie names, because another
	// website can start a login. OnLogin is not called for bearer tokens or for existing
	// sessions. To check those, write a [Rule]. The URL of r has no parameters of the
	// login. Default: every valid login is accepted.
	OnLogin func(r *http.Request, s Session) error

	// Rules are checked at every gate, including [Auth.RequireLogin] and [Auth.Check],
	// before the rules of the gate itself. At [Auth.RequireOrg] they apply to the org of
	// the request, as do the rules passed to RequireOrg. They are not checked on routes
	// without a gate, by [Auth.Verify] or at logins. A nil entry is an error of [New].
	// Default: none.
	Rules []Rule

	// Deny is called before a refused request is answered. Either it answers and returns
	// true, or it writes nothing and returns false. If it returns false, the client gets
	// the answer of [Auth.Deny], with the headers that Config.Deny has set. You may show
	// [StatusCode] and [Reason] of err to clients, but not its text. Deny is called by
	// many goroutines at once. Default: every refused request gets the answer of
	// [Auth.Deny].
	Deny func(w http.ResponseWriter, r *http.Request, err error) bool

	// Page is called before the package shows one of its own pages, so that you can brand
	// or translate it. The parameter p holds everything that is on the page: see [Page].
	// Either Page answers with p.Status and returns true, or it writes nothing and
	// returns false. If it returns false, [WritePage] shows the page.
	//
	// All headers of the page are already set, including those that protect it.
	// Content-Security-Policy allows the package's own style and forbids the page to load
	// anything else. If your page has its own styles or images, replace that header. Keep
	// frame-ancestors 'none' in it unless p.Kind is [PageFramed], and form-action 'none'
	// if the page has no form. Do not change the other headers. If p.Form is set, your
	// form must send all fields of p.Form.
	//
	// The URL of r has no parameters of a login. [CurrentSession] returns who is signed
	// in, if that is known. Page is called by many goroutines at once. Default:
	// [WritePage] shows every page.
	Page func(w http.ResponseWriter, r *http.Request, p Page) bool

	// Observer reports decisions, key refreshes, logins, logouts and warnings: see
	// [LogObserver] and [SilentObserver]. Default: refused logins, failed key refreshes
	// and warnings are logged through [log/slog.Default].
	Observer Observer

	// DangerouslyAcceptUnsolicitedLogins accepts every valid ?token= without asking the
	// user, even if this browser did not start the login or another user is signed in.
	// That permits login CSRF: a link on any website can sign a visitor in as the
	// attacker, who then sees what the visitor enters. Default: false.
	DangerouslyAcceptUnsolicitedLogins bool

	// DangerouslyAllowHTTPAppURL permits an http AppURL on hosts other than loopback.
	// Cookies are then not Secure, and are sent unencrypted, so anyone on the network can
	// take over sessions. Default: false.
	DangerouslyAllowHTTPAppURL bool

	// DangerouslyAllowHTTPLoginRocketURL permits an http LoginRocketURL on hosts other
	// than loopback. Keys are then fetched unencrypted, so anyone on the network can
	// replace them and sign in as any user. Default: false.
	DangerouslyAllowHTTPLoginRocketURL bool

	// DangerouslyAllowHTTPJWKSURL permits an http JWKSURL on hosts other than loopback,
	// such as another container on a private network. Keys are then fetched unencrypted,
	// so anyone on that network can replace them and sign in as any user. Default: false.
	DangerouslyAllowHTTPJWKSURL bool
}

// ConfigFromEnv returns a Config with LoginRocketURL, JWKSURL, JWTKey, RealmID and AppURL
// from the environment variables LOGINROCKET_URL, LOGINROCKET_JWKS_URL,
// AUTHROCKET_JWT_KEY, AUTHROCKET_REALM and AUTHROCKET_APP_URL. It never fails, because
// [New] reports what is missing or wrong.
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

// envNames maps fields of Config to their environment variables.
var envNames = map[string]string{
	"LoginRocketURL": "LOGINROCKET_URL",
	"JWKSURL":        "LOGINROCKET_JWKS_URL",
	"JWTKey":         "AUTHROCKET_JWT_KEY",
	"RealmID":        "AUTHROCKET_REALM",
	"AppURL":         "AUTHROCKET_APP_URL",
}

// settingName returns the name that logs and errors use for a field of Config that has an
// environment variable.
func settingName(field string) string { return "Config." + field + " (" + envNames[field] + ")" }

// settings is a checked Config, in the form that requests need.
type settings struct {
	config         Config // with defaults filled in
	loginRocket    baseURL
	jwksURL        baseURL // with its path
	app            baseURL // zero if the request's loopback Host takes its place
	paths          paths
	trustedOrigins []string
	staticKey      *jose.Key // nil if the keys come from the JWKS
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
	s.config.TrustedOrigins = nil // s.trustedOrigins contains them

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
		c.add("RealmID", id, "is not the ID of a realm: such an ID starts with rl_; correct it, or leave RealmID out")
	case strings.ContainsAny(id, " \t\r\n"):
		c.add("RealmID", id, "contains white space; use the realm's ID, which starts with rl_")
	}
	for i, rule := range config.Rules {
		if rule == nil {
			c.add("Rules", "", "contains nil as rule %d of %d; leave it out", i+1, len(config.Rules))
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
			c.add(field, "", "is missing; set it to the realm's LoginRocket URL, for example https://sample.e2.loginrocket.com/")
		}
		return
	}
	u, ok := c.parseURL(field, value)
	if !ok {
		return
	}
	if u.path != "" {
		c.add(field, u.origin+u.path, "has a path; use %s/", u.origin)
		return
	}
	if !u.isHTTPS && !u.isLoopback && !s.config.DangerouslyAllowHTTPLoginRocketURL {
		c.add(field, u.origin, "is http on a host other than loopback; use https://%s/", strings.TrimPrefix(u.origin, "http://"))
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
		c.add(field, u.origin+u.path, "is set together with JWTKey, which replaces the published keys; leave one of them out")
	case u.path == "" || strings.HasSuffix(value, "/"):
		c.add(field, value, "has no path, or a path that ends with a slash; use the URL of the key set, for example %s%s", u.origin, jwksPath)
	case !u.isHTTPS && !u.isLoopback && !s.config.DangerouslyAllowHTTPJWKSURL:
		c.add(field, u.origin+u.path, "is http on a host other than loopback; use https://, or set DangerouslyAllowHTTPJWKSURL on a private network")
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
			c.add(field, "", "is missing; set it to the public URL of this app, for example https://app.example.com")
		}
		return
	}
	u, ok := c.parseURL(field, value)
	if !ok {
		return
	}
	if u.path != "" && !isPlainPath(u.path) {
		c.add(field, u.origin+u.path, "has a path with special characters, empty segments or dot segments; use a plain path, for example %s/path", u.origin)
		return
	}
	if !u.isHTTPS && !u.isLoopback && !s.config.DangerouslyAllowHTTPAppURL {
		c.add(field, u.origin, "is http on a host other than loopback; use https://%s", strings.TrimPrefix(u.origin, "http://"))
		return
	}
	if u == s.loginRocket || strings.HasSuffix(u.origin, ".loginrocket.com") {
		c.add(field, u.origin+u.path, "is a LoginRocket URL, where users sign in; use the public URL of this app, for example https://app.example.com")
		return
	}
	if path, ok := strings.CutSuffix(u.path, cmp.Or(s.config.AuthPath, defaultAuthPath)+"/"+routeCallback); ok {
		c.add(field, u.origin+u.path, "is the URL of the callback, which belongs in the Login URLs of the Connected App; use %s", u.origin+path)
		return
	}
	if s.loginRocket.isLoopback && !u.isLoopback {
		c.add(field, u.origin, "is not on loopback, but LoginRocketURL is, and a local LoginRocket serves local apps only; use http://127.0.0.1:8080, or leave AppURL out")
		return
	}
	s.app = u
}

// exampleURL returns a valid value for a field that holds a URL.
func exampleURL(field string) string {
	switch field {
	case "LoginRocketURL":
		return "https://sample.e2.loginrocket.com/"
	case "JWKSURL":
		return "https://sample.e2.loginrocket.com" + jwksPath
	}
	return "https://app.example.com"
}

// parseURL reads an absolute http or https URL. Its errors contain neither user info nor
// a query, because both may contain secrets.
func (c *configChecker) parseURL(field, value string) (baseURL, bool) {
	if name, ok := pastedSecret(value); ok {
		c.add(field, "", "is %s", name)
		return baseURL{}, false
	}
	if strings.Contains(value, "@") {
		// The text before the @ may be part of a password, so no error repeats it.
		c.add(field, "", "contains an @; remove it, and any user info before the host")
		return baseURL{}, false
	}
	if strings.ContainsAny(value, " \t\r\n\"'`") {
		c.add(field, "", "contains white space or quotes; use the URL alone, for example %s", exampleURL(field))
		return baseURL{}, false
	}
	u, err := url.Parse(value)
	if err != nil {
		c.add(field, "", "is not a URL; use, for example, %s", exampleURL(field))
		return baseURL{}, false
	}
	scheme := strings.ToLower(u.Scheme)
	shown := (&url.URL{Scheme: scheme, Host: u.Host, Path: u.Path, RawPath: u.RawPath}).String()
	if u.Host == "" || scheme != "http" && scheme != "https" {
		// "app.example.com:8080" parses as scheme app.example.com.
		c.add(field, "", "has no scheme http or https, or no host; use, for example, %s", exampleURL(field))
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
		c.add(field, shown, "has a host that is neither an ASCII name nor an IP address; use the xn-- form of an international name")
	}
	if strings.HasPrefix(host, "api-") && strings.HasSuffix(host, ".authrocket.com") {
		c.add(field, shown, "is the URL of AuthRocket's Core API (package coreapi); use, for example, %s", exampleURL(field))
		return baseURL{}, false
	}
	port, err := strconv.Atoi(cmp.Or(u.Port(), defaultPort(scheme)))
	if err != nil || port < 1 || port > 65535 || strings.HasSuffix(u.Host, ":") {
		c.add(field, shown, "has an invalid port; use one from 1 to 65535")
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

// hostNamePattern requires a last label that is not a number, because browsers read a
// name that ends in a number as an IPv4 address.
var hostNamePattern = regexp.MustCompile(`^([a-z0-9_-]+\.)*[a-z0-9_-]*[a-z_][a-z0-9_-]*$`)

// canonicalHost returns host as browsers write it in an Origin header, which is compared
// byte for byte. It returns false if host cannot be part of an origin.
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

// plainPathPattern matches paths whose segments are not empty, are not dot segments, and
// need no escaping. All proxies and routers read such a path in the same way.
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
		c.add("AuthPath", s.config.AuthPath, "is not a plain path without a final slash; use, for example, /auth")
	}
	if s.config.AfterLogout == "" {
		s.config.AfterLogout = defaultAfterLogout
	}
	// A path in a Config contains no login token.
	s.paths = paths{s.app.path, s.config.AuthPath, func(string) bool { return false }}
	if s.paths.safeTarget(s.config.AfterLogout) != s.config.AfterLogout {
		c.add("AfterLogout", s.config.AfterLogout, "is not a path of this app outside AuthPath; use, for example, /goodbye")
	}
}

// reservedParams are the parameters that this package or LoginRocket sets.
var reservedParams = []string{"redirect_uri", "session", "token", stateParam, "return_to"}

func (c *configChecker) checkForwardParams(s *settings) {
	for _, name := range s.config.ForwardParams {
		switch {
		case name == "":
			c.add("ForwardParams", "", "has an empty entry; leave it out")
		case slices.Contains(reservedParams, name):
			c.add("ForwardParams", name, "is set by this package or LoginRocket and cannot be passed on; leave it out")
		}
	}
}

// cookieNamePattern matches a token of RFC 9110 section 5.6.2, which RFC 6265 section
// 4.1.1 requires.
var cookieNamePattern = regexp.MustCompile("^[A-Za-z0-9!#$%&'*+.^_`|~-]+$")

func (c *configChecker) checkCookieName(s *settings) {
	name := s.config.CookieName
	switch {
	case name == "" && s.app.isHTTPS:
		s.config.CookieName = hostCookiePrefix + defaultCookieName
	case name == "":
		s.config.CookieName = defaultCookieName
	case !cookieNamePattern.MatchString(name) || len(name) > 64:
		c.add("CookieName", name, "is not a valid cookie name; use up to 64 letters, digits and hyphens")
	case hasSecurePrefix(name) && !s.app.isHTTPS && !s.config.DisableCookie:
		c.add("CookieName", name, "has a prefix that browsers accept on https only, but AppURL is http; leave the prefix out")
	}
}

// hasSecurePrefix reports whether browsers accept a cookie with this name on https only.
// Like browsers, it ignores case.
func hasSecurePrefix(name string) bool {
	lower := strings.ToLower(name)
	return strings.HasPrefix(lower, "__host-") || strings.HasPrefix(lower, "__secure-") || strings.HasPrefix(lower, "__http-")
}

func (c *configChecker) checkLimits(s *settings) {
	if s.config.RefreshInterval < 0 {
		c.add("RefreshInterval", s.config.RefreshInterval.String(), "is negative; leave it out for the default of 15 minutes")
	}
	if s.config.RefreshInterval > 0 && s.config.RefreshInterval < keycache.CoolDown {
		c.add("RefreshInterval", s.config.RefreshInterval.String(), "is shorter than %s, the shortest time between two fetches; use a longer one", keycache.CoolDown)
	}
	if s.config.MaxStale < 0 {
		c.add("MaxStale", s.config.MaxStale.String(), "is negative; leave it out for the default of 24 hours")
	}
	if s.config.MaxTokenBytes < 0 {
		c.add("MaxTokenBytes", strconv.Itoa(s.config.MaxTokenBytes), "is negative; leave it out for the default of 16 KiB")
	}
	if s.config.VerifiedTokens > maxVerifiedTokens {
		c.add("VerifiedTokens", strconv.Itoa(s.config.VerifiedTokens), "is more than %d; use a smaller number: each token takes 16 bytes of memory", maxVerifiedTokens)
	}
	setDefault(&s.config.RefreshInterval, defaultRefreshInterval)
	setDefault(&s.config.MaxStale, defaultMaxStale)
	setDefault(&s.config.MaxTokenBytes, defaultMaxTokenBytes)
	setDefault(&s.config.TokenCacheSize, defaultTokenCacheSize)
	setDefault(&s.config.VerifiedTokens, defaultVerifiedTokens)
	if s.config.RefreshInterval > 0 && s.config.MaxStale > 0 && s.config.MaxStale/2 < s.config.RefreshInterval {
		c.add("MaxStale", s.config.MaxStale.String(), "is less than twice RefreshInterval, which is %s; use a longer one", s.config.RefreshInterval)
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
			c.add(field, u.origin+u.path, "has a path; use %s", u.origin)
			ok = false
		}
		if ok {
			s.trustedOrigins = append(s.trustedOrigins, u.origin)
		}
	}
}
