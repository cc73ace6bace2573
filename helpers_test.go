package authrocket_test

import (
	"bufio"
	"context"
	"crypto"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"html"
	"io"
	"log"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/authrockettest"
)

// Which test file holds what. x_test.go is about x.go, and x_y_test.go about y, a part
// of x. The others:
//
//	helpers_test.go            site, the fixture of all tests; requests, browsers, tokens, cookies and
//	                           answers that more than one file needs
//	export_test.go             what tests see of the inside
//	example_test.go            the examples of go doc
//	docs_test.go               all Markdown: links, lines, code that is compiled
//	recipes_test.go            the recipes of README.md and docs/, served
//	recipes_proxy_test.go      those for proxies, path prefixes and containers
//	recipes_roles_test.go      those for permissions, orgs and rules
//	readme_test.go             README.md is short; CONTRIBUTING.md names tests that exist
//	secrets_test.go            no token and no secret in any answer, error, log or event
//	fuzz_test.go               any request: no redirect elsewhere, no user without a token
//	budget_test.go             allocations of the warm path
//	leak_test.go               TestMain: no goroutine outlives the tests
//	architecture_test.go       who imports what, which file uses which
//	modules_test.go            what the modules download
//	keyed_test.go              a site whose keys change, hang and fail, for the tests of keys
//	keypolicy_test.go          which tokens are worth a fetch of keys, and what requests see meanwhile
//
//	callback_onlogin_test.go   Config.OnLogin
//	confirm_flows_test.go      which logins are asked about, each walked by a browser
//	cookie_chunks_test.go      tokens in several cookies
//	deny_clients_test.go       what scripts, htmx, WebSockets and forms get
//	jwks_flood_test.go         strangers who ask for keys that do not exist
//	jwks_simulation_test.go    simulated years of rotations, outages and floods
//	pages_login_test.go        pages of logins that fail, wait or conflict
//	start_states_test.go       many logins at once, evicted and planted states
//	verifier_known_test.go     tokens that are kept
//	verifier_mutation_test.go  random changes of genuine tokens
//	verifier_verified_test.go  tokens whose signature is remembered

const (
	siteCookie  = "__Host-arToken"
	statePrefix = "__Host-arToken-state-"
)

// site is a realm with two users, and an Auth for an app at https://example.com.
type site struct {
	realm            *authrockettest.Realm
	ada, george      authrockettest.User
	engines, widgets authrockettest.Org
	auth             *authrocket.Auth
}

// newSite has ada as owner in engines, the org she picked, and in widgets; george
// has nothing in widgets. Its Auth has the realm's keys. A nil change changes nothing.
func newSite(t testing.TB, changes ...func(*authrocket.Config)) *site {
	t.Helper()
	s := newColdSite(t, changes...)
	warm(t, s.auth)
	return s
}

// newColdSite is newSite with an Auth that has no keys yet. In real time a request
// does not wait for them as long as a busy machine may need: use it in a bubble, or
// for keys that cannot be had.
func newColdSite(t testing.TB, changes ...func(*authrocket.Config)) *site {
	t.Helper()
	return newColdSiteOf(t, authrockettest.NewRealm(t), changes...)
}

func newColdSiteOf(t testing.TB, realm *authrockettest.Realm, changes ...func(*authrocket.Config)) *site {
	t.Helper()
	s := &site{realm: realm}
	s.ada = realm.AddUser(authrockettest.User{
		Email: "ada@example.com", Name: "Ada", Username: "ada", FirstName: "Ada", LastName: "Lovelace", Locale: "en", Reference: "7", Password: "engine",
		Custom: map[string]any{"plan": "pro", "tags": []string{"a"}}, EmailVerification: authrocket.EmailVerified,
	})
	s.george = realm.AddUser(authrockettest.User{Email: "george@example.com", Name: "George", Password: "trains"})
	s.engines = realm.AddOrg(authrockettest.Org{Name: "Engines", Reference: "e-1", Custom: map[string]any{"tier": 3}})
	s.widgets = realm.AddOrg(authrockettest.Org{Name: "Widgets", Reference: "w-1"})
	realm.AddMembership(s.ada, s.engines, "ar:owner", "billing:write")
	realm.AddMembership(s.ada, s.widgets, "widget:*")
	realm.AddMembership(s.george, s.widgets)
	s.auth = s.newColdAuth(t, changes...)
	return s
}

// newAuth returns another Auth for the app, with the realm's keys.
func (s *site) newAuth(t testing.TB, changes ...func(*authrocket.Config)) *authrocket.Auth {
	t.Helper()
	auth := s.newColdAuth(t, changes...)
	warm(t, auth)
	return auth
}

func (s *site) newColdAuth(t testing.TB, changes ...func(*authrocket.Config)) *authrocket.Auth {
	t.Helper()
	config := s.realm.Config()
	config.Observer = authrocket.SilentObserver()
	for _, change := range changes {
		if change != nil {
			change(&config)
		}
	}
	return openAuth(t, config)
}

func openAuth(t testing.TB, config authrocket.Config) *authrocket.Auth {
	t.Helper()
	auth, err := authrocket.New(config)
	if err != nil {
		t.Fatal(err)
	}
	return auth
}

// session is the session of Ada's token as s.auth verifies it.
func (s *site) session(t testing.TB, options ...authrockettest.TokenOption) authrocket.Session {
	t.Helper()
	session, err := s.auth.Verify(t.Context(), s.realm.Token(s.ada, options...))
	if err != nil {
		t.Fatal(err)
	}
	return session
}

// events are what an Observer was told.
type events struct {
	mu        sync.Mutex
	decisions []authrocket.Decision
	refreshes []authrocket.KeyRefresh
	logins    []authrocket.Login
	logouts   []authrocket.Logout
}

func (e *events) observer() authrocket.Observer {
	return authrocket.Observer{
		Decision:   func(_ context.Context, d authrocket.Decision) { keep(e, &e.decisions, d) },
		KeyRefresh: func(_ context.Context, k authrocket.KeyRefresh) { keep(e, &e.refreshes, k) },
		Login:      func(_ context.Context, l authrocket.Login) { keep(e, &e.logins, l) },
		Logout:     func(_ context.Context, l authrocket.Logout) { keep(e, &e.logouts, l) },
	}
}

func keep[T any](e *events, list *[]T, event T) {
	e.mu.Lock()
	defer e.mu.Unlock()
	*list = append(*list, event)
}

func newObservedSite(t *testing.T) (*site, *events) {
	t.Helper()
	e := &events{}
	return newSite(t, func(c *authrocket.Config) { c.Observer = e.observer() }), e
}

// app has an open page, which is also at /, and one behind each kind of gate.
func (s *site) app() http.Handler { return s.auth.Authenticate(s.routes()) }

func (s *site) routes() *http.ServeMux {
	mux := http.NewServeMux()
	mux.Handle("/", whoami)
	mux.Handle("/gate/", s.auth.RequireLogin(whoami))
	mux.Handle("/billing", s.auth.Require(authrocket.Permission("billing:write"))(whoami))
	mux.Handle("/orgs/{org}/", s.auth.RequireOrg(authrocket.OrgIDFromPath("org"))(whoami))
	return mux
}

// whoami answers with the user's email, the current org and the query.
var whoami = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	user, ok := authrocket.CurrentUser(r.Context())
	org, _ := authrocket.CurrentOrg(r.Context())
	if !ok {
		user.Email = "nobody"
	}
	fmt.Fprintf(w, "%s %s %s", user.Email, org.Name, r.URL.RawQuery)
})

// as adds the session cookie of the user to r.
func (s *site) as(user authrockettest.User, r *http.Request, options ...authrockettest.TokenOption) *http.Request {
	return withCookie(r, siteCookie, s.realm.Token(user, options...))
}

// signedIn is the request of a program with Ada's cookie.
func (s *site) signedIn(target string, options ...authrockettest.TokenOption) *http.Request {
	return s.as(s.ada, request(http.MethodGet, target), options...)
}

// request returns what a server makes of a program's request. The headers are
// "Name: value"; a name that comes twice is sent twice.
func request(method, target string, headers ...string) *http.Request {
	r := httptest.NewRequest(method, target, nil)
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Add(name, value)
	}
	return r
}

// navigate returns the request of a browser whose user typed the address.
func navigate(target string, headers ...string) *http.Request {
	r := request(http.MethodGet, target,
		"Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
		"Sec-Fetch-Site: none", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document")
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Set(name, value)
	}
	return r
}

// submit returns the request of a browser whose user sent a form of a page of this
// app.
func submit(target string, headers ...string) *http.Request {
	r := navigate(target, append([]string{"Sec-Fetch-Site: same-origin", "Origin: https://example.com"}, headers...)...)
	r.Method = http.MethodPost
	return r
}

func serve(h http.Handler, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// pass sends r through a middleware and returns the request that its handler gets,
// nil where none is reached.
func pass(middleware func(http.Handler) http.Handler, r *http.Request) (passed *http.Request) {
	serve(middleware(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { passed = r })), r)
	return passed
}

func withCookie(r *http.Request, name, value string) *http.Request {
	r.Header.Add("Cookie", name+"="+value)
	return r
}

// withBearer adds the token to r as programs do.
func withBearer(r *http.Request, token string) *http.Request {
	r.Header.Add("Authorization", "Bearer "+token)
	return r
}

func cookieNamed(w *httptest.ResponseRecorder, name string) *http.Cookie {
	cookies := w.Result().Cookies()
	if i := slices.IndexFunc(cookies, func(c *http.Cookie) bool { return c.Name == name }); i >= 0 {
		return cookies[i]
	}
	return nil
}

// isCleared reports whether the response removes the session cookie.
func isCleared(w *httptest.ResponseRecorder) bool {
	c := cookieNamed(w, siteCookie)
	return c != nil && c.Value == "" && c.MaxAge < 0
}

// leadsTo is where the answer leads a browser: by a redirect, by a page that leads
// on, by htmx, or by the word of a script.
func leadsTo(t testing.TB, w *httptest.ResponseRecorder) string {
	t.Helper()
	h := w.Header()
	if location := h.Get("Location"); location != "" {
		return location
	}
	if _, location, ok := strings.Cut(h.Get("Refresh"), "; url="); ok {
		return location
	}
	var body struct{ Location string }
	if h.Get("Content-Type") == "application/json" {
		if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil {
			t.Fatal(err)
		}
	}
	return body.Location
}

func isLogin(w *httptest.ResponseRecorder) bool {
	return w.Code == http.StatusSeeOther && strings.HasPrefix(w.Header().Get("Location"), "https://loginrocket.example/login?")
}

func isSignedIn(w *httptest.ResponseRecorder) bool {
	return w.Code == http.StatusSeeOther && strings.Contains(strings.Join(w.Header()["Set-Cookie"], "\n"), "arToken=ey")
}

// isReloadingPage tells a page that comes again by itself, and that has used
// nothing up.
func isReloadingPage(w *httptest.ResponseRecorder) bool {
	h := w.Header()
	return isUnavailablePage(w) && h.Get("Refresh") != "" && h.Get("Refresh") == h.Get("Retry-After")
}

// isUnavailablePage tells a page that its visitor may have to reload.
func isUnavailablePage(w *httptest.ResponseRecorder) bool {
	for _, c := range w.Result().Cookies() {
		if c.Name != siteCookie+"-reload" {
			return false
		}
	}
	return w.Code == http.StatusServiceUnavailable && strings.HasPrefix(w.Body.String(), "<!doctype html>")
}

// hostedPage returns the URL of the hosted page that the answer leads to, and its
// parameters besides redirect_uri.
func hostedPage(t testing.TB, w *httptest.ResponseRecorder) (page *url.URL, params string) {
	t.Helper()
	page, err := url.Parse(w.Header().Get("Location"))
	if err != nil {
		t.Fatal(err)
	}
	query := page.Query()
	query.Del("redirect_uri")
	return page, query.Encode()
}

// redirectURIOf returns the redirect_uri of a redirect to a hosted page.
func redirectURIOf(t testing.TB, location string) *url.URL {
	t.Helper()
	u, err := url.Parse(location)
	if err != nil {
		t.Fatal(err)
	}
	back, err := url.Parse(u.Query().Get("redirect_uri"))
	if err != nil {
		t.Fatal(err)
	}
	return back
}

// rawServer serves h at a socket, for requests that no client would send.
func rawServer(t testing.TB, h http.Handler) *httptest.Server {
	t.Helper()
	server := httptest.NewUnstartedServer(h)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.Start()
	t.Cleanup(server.Close)
	return server
}

// sendRaw sends the lines as they are and returns the final answer with its body read.
func sendRaw(t testing.TB, server *httptest.Server, lines ...string) (*http.Response, string) {
	t.Helper()
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, strings.Join(lines, "\r\n")+"\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	answer := bufio.NewReader(conn)
	resp, err := http.ReadResponse(answer, nil)
	for err == nil && resp.StatusCode < 200 {
		resp, err = http.ReadResponse(answer, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(body)
}

// endLogout goes where the answer of the logout route leads, with the cookies that
// it sets, and on to the end of the logout.
func endLogout(t testing.TB, h http.Handler, w *httptest.ResponseRecorder) *httptest.ResponseRecorder {
	t.Helper()
	r := navigate(leadsTo(t, w), "Sec-Fetch-Site: same-origin")
	for _, c := range w.Result().Cookies() {
		if c.MaxAge >= 0 {
			r.AddCookie(c)
		}
	}
	return serve(h, r)
}

// skipIfShort leaves out what takes seconds. .ci/run does not ask for that.
func skipIfShort(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("it takes seconds")
	}
}

// started is a login that a browser has begun: what it keeps and what
// LoginRocket was told.
type started struct {
	state  string
	cookie *http.Cookie
	back   *url.URL // redirect_uri
}

// start lets a browser with the cookies of r begin a login.
func start(t testing.TB, h http.Handler, r *http.Request) (started, *httptest.ResponseRecorder) {
	t.Helper()
	w := serve(h, r)
	if w.Code != 303 {
		t.Fatalf("got %d %q, want a redirect to the hosted page", w.Code, w.Body)
	}
	back := redirectURIOf(t, w.Header().Get("Location"))
	state := back.Query().Get("ar_state")
	id, _, _ := strings.Cut(state, ".")
	for _, c := range w.Result().Cookies() {
		if id != "" && strings.HasSuffix(c.Name, "state-"+id) && c.MaxAge > 0 {
			return started{state: state, cookie: c, back: back}, w
		}
	}
	t.Fatalf("no state cookie for %q among %q", state, w.Header()["Set-Cookie"])
	return started{}, nil
}

// callback is what LoginRocket sends the browser back to.
func (b started) callback(token string) string {
	return b.back.EscapedPath() + "?" + b.back.RawQuery + "&token=" + token
}

// land is the request of the callback, with the state cookie.
func (b started) land(token string) *http.Request {
	return withCookie(navigate(b.callback(token), "Sec-Fetch-Site: cross-site"), b.cookie.Name, b.cookie.Value)
}

// comeBack walks to the hosted login and returns the request with which the
// browser comes back from it with token.
func comeBack(t *testing.T, app http.Handler, returnTo, token string) *http.Request {
	t.Helper()
	b, _ := start(t, app, navigate(loginLink(returnTo)))
	return b.land(url.QueryEscape(token))
}

// visitor is a browser that has a LoginRocket session, so that LoginRocket sends
// it back at once.
type visitor struct {
	t     testing.TB
	app   http.Handler
	token func() string                       // of the LoginRocket session, "" for none
	drops func(name string) bool              // cookies that it does not keep, nil for none
	keeps func([]*http.Cookie) []*http.Cookie // what is left of the cookies of an answer, nil for all
	ahead time.Duration                       // its clock
	jar   map[string]*http.Cookie

	sent    string // the last Cookie header
	longest int    // bytes of the longest Cookie header
}

// visitor returns a browser at s.app() that has the session, "" for none.
func (s *site) visitor(t testing.TB, session string) *visitor {
	v := &visitor{t: t, app: s.app(), jar: map[string]*http.Cookie{}}
	if session != "" {
		v.jar[siteCookie] = &http.Cookie{Value: session, Expires: time.Now().Add(24 * time.Hour)}
	}
	return v
}

// signedInAs returns a browser at s.app() in which the user is signed in, nobody for
// the zero User.
func (s *site) signedInAs(t testing.TB, user authrockettest.User, options ...authrockettest.TokenOption) *visitor {
	if user.ID == "" {
		return s.visitor(t, "")
	}
	return s.visitor(t, s.realm.Token(user, options...))
}

func (v *visitor) get(target string) *httptest.ResponseRecorder {
	v.t.Helper()
	return v.send(navigate(target))
}

// visit gets target, led there by a page of the site that Sec-Fetch-Site calls so;
// "" is a browser that does not say.
func (v *visitor) visit(site, target string) *httptest.ResponseRecorder {
	v.t.Helper()
	r := navigate(target, "Sec-Fetch-Site: "+site)
	if site == "" {
		r.Header.Del("Sec-Fetch-Site")
	}
	return v.send(r)
}

func (v *visitor) send(r *http.Request) *httptest.ResponseRecorder {
	v.t.Helper()
	pairs := r.Header["Cookie"]
	for _, name := range slices.Sorted(maps.Keys(v.jar)) {
		if !v.jar[name].Expires.After(time.Now()) {
			delete(v.jar, name)
			continue
		}
		pairs = append(pairs, name+"="+v.jar[name].Value)
	}
	if v.sent = strings.Join(pairs, "; "); v.sent != "" {
		r.Header.Set("Cookie", v.sent)
	}
	v.longest = max(v.longest, len(v.sent))
	w := serve(v.app, r)
	v.keep(w)
	return w
}

// keep takes the cookies of an answer.
func (v *visitor) keep(w *httptest.ResponseRecorder) {
	cookies := w.Result().Cookies()
	if v.keeps != nil && len(cookies) > 0 {
		cookies = v.keeps(cookies)
	}
	for _, c := range cookies {
		if n := len(c.Name) + len(c.Value); n > 4096 {
			v.t.Errorf("%s has %d bytes: browsers drop it", c.Name, n)
		}
		if v.drops != nil && v.drops(c.Name) {
			continue
		}
		if v.jar == nil {
			v.jar = map[string]*http.Cookie{}
		}
		switch {
		case c.MaxAge != 0: // which comes before Expires
			c.Expires = time.Now().Add(time.Duration(c.MaxAge) * time.Second)
		case c.Expires.IsZero():
			c.Expires = time.Now().Add(24 * time.Hour)
		default:
			c.Expires = c.Expires.Add(-v.ahead)
		}
		v.jar[c.Name] = c
	}
}

// follow gets target and goes where it is sent, until a page comes or LoginRocket
// was visited often. It returns the page and how often that was.
func (v *visitor) follow(target string) (w *httptest.ResponseRecorder, logins int) {
	v.t.Helper()
	return v.followFrom("none", target)
}

// followFrom is follow of a link on a page of the site.
func (v *visitor) followFrom(site, target string) (w *httptest.ResponseRecorder, logins int) {
	v.t.Helper()
	for range 50 {
		w = v.visit(site, target)
		location := w.Header().Get("Location")
		switch {
		case w.Code != 303:
			return w, logins
		case strings.HasPrefix(location, "https://loginrocket.example/"):
			if logins++; logins == 10 {
				return w, logins
			}
			back := redirectURIOf(v.t, location)
			target = back.EscapedPath() + "?" + back.RawQuery
			if token := v.token(); token != "" {
				target += "&token=" + token
			}
			// So browsers call all redirects after one of another site.
			site = "cross-site"
		default:
			target = location
		}
	}
	v.t.Fatal("the redirects do not end")
	return nil, 0
}

func loginLink(returnTo string) string {
	return "/auth/login?return_to=" + strings.NewReplacer("/", "%2F", "?", "%3F", "=", "%3D", "&", "%26").Replace(returnTo)
}

// openRedirects are spellings of other places than a path on this host.
var openRedirects = []string{
	"https://evil.example", "http://evil.example/", "HTTPS://evil.example", "https:evil.example", "https:/evil.example", "https:///evil.example",
	"//evil.example", "///evil.example", "////evil.example", `\\evil.example`, `/\evil.example`, `\/evil.example`, `/\/evil.example`, `//\evil.example`,
	"/\t/evil.example", "/\n/evil.example", "/\r/evil.example", "\t//evil.example", " //evil.example", "/ /evil.example", "\u0000//evil.example", "/\u007f/evil.example",
	"javascript:alert(1)", "java\nscript:alert(1)", "data:text/html,x", "mailto:a@b", "evil.example", "evil.example/x", "./x", "../x", "?x", "#x", "", "@evil.example", ":80/x",
	".evil.example", "example.com@evil.example", "/\r\nLocation: https://evil.example", "//example.com@evil.example", "//user:pw@example.com:80/",
	"/auth/login", "/auth", "/auth/", "/auth/logout?local=1", "/%61uth/logout", "/auth%2Flogout",
}

// dotSegments lead to a login route, once a browser has resolved them.
var dotSegments = []string{"/./auth/logout", "/x/../auth/logout", "/%2e/auth/logout", "/x/%2E%2e/auth/logout"}

// staysHere reports whether a browser at https://example.com stays there.
func staysHere(location string) bool {
	path, _, _ := strings.Cut(location, "?")
	if !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") || strings.Contains(path, `\`) || strings.ContainsAny(location, "\t\r\n") {
		return false
	}
	u, err := url.Parse("https://example.com")
	if err != nil {
		return false
	}
	u, err = u.Parse(location)
	return err == nil && u.Host == "example.com"
}

// back is the path and query with which the visitor comes back with token from a
// login that they started.
func (v *visitor) back(token string) string {
	v.t.Helper()
	return redirectURIOf(v.t, v.get("/auth/login?return_to=/x").Header().Get("Location")).RequestURI() + "&token=" + token
}

const confirmCookie = siteCookie + "-confirm"

// hashOf is how a page names a token.
func hashOf(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// pending is the cookie of a login that a link led to and that waits for
// confirmation.
func pending(token, target string) string { return pendingBy("link", token, target) }

func pendingBy(reason, token, target string) string {
	return token + "." + reason + "." + base64.RawURLEncoding.EncodeToString([]byte(target))
}

// answerOf is the form that the page of a confirmation sends.
func answerOf(token, choice string, headers ...string) *http.Request {
	form := url.Values{"token_sha256": {hashOf(token)}, "choice": {choice}}
	r := httptest.NewRequest(http.MethodPost, "/auth/confirm", strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Accept", "text/html")
	for _, h := range append([]string{"Sec-Fetch-Site: same-origin", "Origin: https://example.com"}, headers...) {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Set(name, value)
		if value == "" {
			r.Header.Del(name)
		}
	}
	return r
}

var (
	paragraph = regexp.MustCompile(`<p>(.*?)</p>`)
	factPair  = regexp.MustCompile(`<dt>(.*?)</dt><dd><bdi>(.*?)</bdi></dd>`)
)

// paragraphs are the texts of a page.
func paragraphs(w *httptest.ResponseRecorder) []string {
	var texts []string
	for _, m := range paragraph.FindAllStringSubmatch(w.Body.String(), -1) {
		texts = append(texts, html.UnescapeString(m[1]))
	}
	return texts
}

// factsOf are the names and values that a page lists.
func factsOf(w *httptest.ResponseRecorder) [][2]string {
	var facts [][2]string
	for _, m := range factPair.FindAllStringSubmatch(w.Body.String(), -1) {
		facts = append(facts, [2]string{html.UnescapeString(m[1]), html.UnescapeString(m[2])})
	}
	return facts
}

// logoutCookie is the value of the cookie of a sign-out that is not complete.
func logoutCookie(sessionID, target string) string {
	encode := base64.RawURLEncoding.EncodeToString
	return encode([]byte(sessionID)) + "." + encode([]byte(target))
}

// chunkBytes is how much of a token one cookie takes.
const chunkBytes = 3_800

// tokenOf returns a token of exactly size bytes.
func (s *site) tokenOf(t testing.TB, user authrockettest.User, size int, options ...authrockettest.TokenOption) string {
	t.Helper()
	padded := func(inHeader, inPayload int) string {
		return s.realm.Token(user, append(options, setHeader("pad", strings.Repeat("x", inHeader)), setClaim("nonce", strings.Repeat("x", inPayload)))...)
	}
	parts := strings.Split(padded(0, 0), ".")
	length := func(part string, padding int) int {
		return base64.RawURLEncoding.EncodedLen(base64.RawURLEncoding.DecodedLen(len(part)) + padding)
	}
	// Base64 has no text of every length, so that the header varies too.
	for inHeader := range 4 {
		rest := size - length(parts[0], inHeader) - len(parts[2]) - len("..")
		inPayload := base64.RawURLEncoding.DecodedLen(rest) - base64.RawURLEncoding.DecodedLen(len(parts[1]))
		if inPayload >= 0 && length(parts[1], inPayload) == rest {
			return padded(inHeader, inPayload)
		}
	}
	t.Fatalf("no token has %d bytes", size)
	return ""
}

// largeTokens also takes tokens that cookies do not hold.
func largeTokens(c *authrocket.Config) { c.MaxTokenBytes = 32 << 10 }

// shortToken returns a token that fits into a target that is remembered.
func (s *site) shortToken(user authrockettest.User) string {
	return s.realm.Token(user, withoutClaim("orgs"), withoutClaim("email"), withoutClaim("name"))
}

// issued makes a token that is as old.
func issued(ago time.Duration) authrockettest.TokenOption {
	return setClaim("iat", time.Now().Add(-ago).Unix())
}

// forged returns token with another signature of the right form.
func forged(token string) string {
	i := strings.LastIndex(token, ".") + 1
	other := "A"
	if token[i] == 'A' {
		other = "B"
	}
	return token[:i] + other + token[i+1:]
}

var (
	setClaim      = authrockettest.Claim
	withoutClaim  = authrockettest.WithoutClaim
	setHeader     = authrockettest.Header
	withoutHeader = authrockettest.WithoutHeader
	setPayload    = authrockettest.Payload
	warm          = authrockettest.Warm
)

// together is one option that applies several. The type parameter stands for a
// type that authrockettest does not export.
func together[T any](options ...func(*T)) func(*T) {
	return func(t *T) {
		for _, option := range options {
			option(t)
		}
	}
}

// ownKey signs what a realm would not; making a key for each row takes too long.
var ownKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

func spkiOf(t *testing.T, key any) []byte {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func pemOf(blockType string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: blockType, Bytes: der}))
}

func segment(data string) string { return base64.RawURLEncoding.EncodeToString([]byte(data)) }

// unsegment undoes segment.
func unsegment(t *testing.T, text string) string {
	t.Helper()
	data, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

type signFunc func(input string) string

func signCompact(header, payload string, sign signFunc) string {
	input := segment(header) + "." + segment(payload)
	return input + "." + segment(sign(input))
}

func withHMAC(secret string) signFunc {
	return func(input string) string {
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write([]byte(input))
		return string(mac.Sum(nil))
	}
}

func withRS256(key *rsa.PrivateKey) signFunc {
	return func(input string) string {
		digest := sha256.Sum256([]byte(input))
		signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, digest[:])
		if err != nil {
			panic(err)
		}
		return string(signature)
	}
}

// goodClaims is the payload of a token that is valid for another day.
func goodClaims(t *testing.T) string {
	t.Helper()
	now := time.Now().Unix()
	payload, err := json.Marshal(map[string]any{
		"iss": "https://authrocket.com", "sub": "usr_own", "rid": "rl_own", "sid": "kss_own", "iat": now, "exp": now + 86_400,
	})
	if err != nil {
		t.Fatal(err)
	}
	return string(payload)
}

// expectRefusal checks that auth refuses token for the reason want, and that a
// request with it is an anonymous visitor: served on an open route, 401 at a gate.
func expectRefusal(t *testing.T, auth *authrocket.Auth, token string, want error) error {
	t.Helper()
	session, err := auth.Verify(t.Context(), token)
	if !errors.Is(err, want) || !session.IsZero() {
		t.Errorf("got %v (%s), want %v", err, authrocket.Reason(err), want)
	}
	var isSignedIn bool
	open := auth.Authenticate(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, isSignedIn = authrocket.CurrentUser(r.Context())
		w.WriteHeader(http.StatusTeapot)
	}))
	gate := auth.Authenticate(auth.RequireLogin(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		t.Error("the gate let the token through")
	})))
	for _, r := range []*http.Request{withBearer(request("GET", "/"), token), withCookie(request("GET", "/"), siteCookie, token)} {
		if w := serve(open, r); w.Code != http.StatusTeapot || isSignedIn {
			t.Errorf("open route: got %d, signed in %t, want the handler's own answer to an anonymous visitor", w.Code, isSignedIn)
		}
		if w := serve(gate, r); w.Code != http.StatusUnauthorized {
			t.Errorf("gate: got %d, want 401", w.Code)
		}
	}
	return err
}

func remember(t *testing.T, auth *authrocket.Auth, kid, token string) {
	t.Helper()
	if err := authrocket.RememberVerified(auth, kid, token); err != nil {
		t.Fatal(err)
	}
}

func wantRemembered(t *testing.T, auth *authrocket.Auth, want int) {
	t.Helper()
	if got := authrocket.VerifiedTokens(auth); got != want {
		t.Errorf("got %d tokens that are remembered as verified, want %d", got, want)
	}
}

// granted is the claim orgs of a user of one org with these permissions.
func granted(permissions ...string) authrockettest.TokenOption {
	return setClaim("orgs", []any{map[string]any{"oid": "org_1", "mid": "mb_1", "perm": permissions}})
}

var twoOrgs = setClaim("orgs", []any{
	map[string]any{"oid": "org_1", "mid": "mb_1", "ref": "one", "perm": []string{"a"}, "selected": true},
	map[string]any{"oid": "org_2", "mid": "mb_2", "ref": "two", "perm": []string{"b"}},
	map[string]any{"oid": "org_3", "mid": "mb_3", "ref": "twin"},
	map[string]any{"oid": "org_4", "mid": "mb_4", "ref": "twin"},
	map[string]any{"oid": "org_5", "mid": "mb_5"},
	map[string]any{"mid": "mb_6"},
})

func allow(context.Context, authrocket.Session) error { return nil }

func failWith(err error) authrocket.Rule {
	return func(context.Context, authrocket.Session) error { return err }
}

// expectOneKind checks that err is of exactly one kind.
func expectOneKind(t *testing.T, err error) {
	t.Helper()
	if err == nil {
		return
	}
	var kinds []error
	for _, kind := range []error{authrocket.ErrUnauthenticated, authrocket.ErrForbidden, authrocket.ErrUnavailable} {
		if errors.Is(err, kind) {
			kinds = append(kinds, kind)
		}
	}
	if len(kinds) != 1 {
		t.Errorf("%v is of the kinds %v, want one", err, kinds)
	}
}

// expectCurrent checks what the four functions find in ctx; the zero want is
// nobody.
func expectCurrent(t *testing.T, ctx context.Context, userID, orgID string) {
	t.Helper()
	s, hasSession := authrocket.CurrentSession(ctx)
	user, hasUser := authrocket.CurrentUser(ctx)
	m, hasMembership := authrocket.CurrentMembership(ctx)
	org, hasOrg := authrocket.CurrentOrg(ctx)
	if s.User.ID != userID || user.ID != userID || hasSession != (userID != "") || hasUser != hasSession {
		t.Errorf("got session of %q (%t), user %q (%t), want %q", s.User.ID, hasSession, user.ID, hasUser, userID)
	}
	if m.Org.ID != orgID || org.ID != orgID || hasMembership != (orgID != "") || hasOrg != hasMembership {
		t.Errorf("got membership of %q (%t), org %q (%t), want %q", m.Org.ID, hasMembership, org.ID, hasOrg, orgID)
	}
}

const knownSecret = "jsk_aSecretOfTestsThatIsLongEnough01234567"

// secretAuth is an Auth for tokens that cost little to sign.
func secretAuth(t testing.TB, change func(*authrocket.Config)) *authrocket.Auth {
	t.Helper()
	config := authrocket.Config{JWTKey: knownSecret, LoginRocketURL: "https://sample.e2.loginrocket.com/", AppURL: "https://example.com"}
	if change != nil {
		change(&config)
	}
	return openAuth(t, config)
}

func secretToken(subject string, expires time.Time) string {
	payload := `{"iss":"https://authrocket.com","sub":"` + subject + `","exp":` + strconv.FormatInt(expires.Unix(), 10) + `}`
	return signCompact(`{"alg":"HS256"}`, payload, withHMAC(knownSecret))
}
