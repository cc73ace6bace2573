package authrocket_test

import (
	"bufio"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/authrockettest"
	"github.com/authrocket-go/authrocket/internal/loginstate"
)

// fuzzed is a gated app and the tokens that requests may name: in what the
// fuzzer makes up, {ada} stands for a good token of ada's, and so on.
type fuzzed struct {
	*site
	app     http.Handler
	words   *strings.Replacer
	good    map[string]string // token to the email of its user
	account map[string]string // token to the ID of its account
	started started
	fetched int       // times that the keys were
	began   time.Time // to count the time in which more fetches are allowed
}

func newFuzzed(f *testing.F) *fuzzed {
	z := &fuzzed{site: newSite(f, func(c *authrocket.Config) { c.Observer = authrocket.SilentObserver() })}
	z.fetched, z.began = z.realm.Requests("/connect/jwks"), time.Now()
	who := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, _ := authrocket.CurrentUser(r.Context())
		w.Header().Set("X-User", user.Email)
	})
	gate := z.auth.RequireLogin(who)
	billing := z.auth.Require(authrocket.Permission("billing:write"))(who)
	org := z.auth.RequireOrg(authrocket.OrgIDFromPath("org"))(who)
	// A ServeMux would answer some requests by itself.
	z.app = z.auth.Authenticate(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasPrefix(r.URL.Path, "/gate"):
			gate.ServeHTTP(w, r)
		case strings.HasPrefix(r.URL.Path, "/billing"):
			billing.ServeHTTP(w, r)
		case strings.HasPrefix(r.URL.Path, "/orgs/"):
			r.SetPathValue("org", strings.TrimPrefix(r.URL.Path, "/orgs/"))
			org.ServeHTTP(w, r)
		default:
			who.ServeHTTP(w, r)
		}
	}))
	z.started, _ = start(f, z.app, navigate("/gate/deep?a=b"))

	stranger := authrockettest.NewRealm(f)
	other := stranger.AddUser(authrockettest.User{Email: "ada@example.com"})
	ada, george, large := z.realm.Token(z.ada, authrockettest.AllOrgs()), z.realm.Token(z.george), z.tokenOf(f, z.ada, chunkBytes+200)
	old, widgets := z.realm.Token(z.ada, authrockettest.AllOrgs(), issued(time.Hour)), z.realm.Token(z.ada, authrockettest.InOrg(z.widgets))
	z.good = map[string]string{ada: "ada@example.com", old: "ada@example.com", large: "ada@example.com", widgets: "ada@example.com", george: "george@example.com"}
	z.account = map[string]string{ada: z.engines.ID, old: z.engines.ID, large: z.engines.ID, widgets: z.widgets.ID, george: z.widgets.ID}
	z.words = strings.NewReplacer(
		"{ada}", ada, "{old}", old, "{adaWidgets}", widgets, "{george}", george, "{large}", large, "{large0}", large[:chunkBytes], "{large1}", large[chunkBytes:],
		"{hash}", hashOf(ada), "{georgeHash}", hashOf(george),
		"{forged}", forged(ada), "{expired}", z.realm.Token(z.ada, authrockettest.ExpiresIn(-time.Hour)),
		"{unknown}", z.realm.Token(z.ada, setHeader("kid", "unknown")),
		"{none}", z.realm.Token(z.ada, setHeader("alg", "none")),
		"{stranger}", stranger.Token(other),
		"{session}", siteCookie, "{confirm}", confirmCookie, "{state}", z.started.state,
		"{stateCookie}", z.started.cookie.Name+"="+z.started.cookie.Value,
		"{engines}", z.engines.ID, "{widgets}", z.widgets.ID,
	)
	return z
}

// request returns what a server reads, nil when that is no request.
func (z *fuzzed) request(method, target, headers, cookies, body string) *http.Request {
	body = z.words.Replace(body)
	lines := []string{method + " " + z.words.Replace(target) + " HTTP/1.1"}
	if !strings.Contains(strings.ToLower("\n"+headers), "\nhost:") {
		lines = append(lines, "Host: example.com")
	}
	for line := range strings.SplitSeq(z.words.Replace(headers), "\n") {
		if line != "" {
			lines = append(lines, line)
		}
	}
	if cookies != "" {
		lines = append(lines, "Cookie: "+z.words.Replace(cookies))
	}
	if body != "" {
		lines = append(lines, "Content-Length: "+strconv.Itoa(len(body)))
	}
	r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(strings.Join(lines, "\r\n") + "\r\n\r\n" + body)))
	if err != nil {
		return nil
	}
	return r
}

// usersIn returns the users of whom text holds a token. The end of a token is
// enough: the last of several cookies has it.
func (z *fuzzed) usersIn(text string) []string {
	var users []string
	for token, user := range z.good {
		if strings.Contains(text, token[len(token)-100:]) {
			users = append(users, user)
		}
	}
	return users
}

// FuzzRequest holds that no request whatever gets more than it is due.
func FuzzRequest(f *testing.F) {
	z := newFuzzed(f)
	const document = "Accept: text/html\nSec-Fetch-Site: none\nSec-Fetch-Mode: navigate\nSec-Fetch-Dest: document"
	const form = "Content-Type: application/x-www-form-urlencoded\nSec-Fetch-Site: same-origin\nOrigin: https://example.com"
	for _, seed := range []struct{ method, target, headers, cookies, body string }{
		{method: "GET", target: "/"},
		{method: "GET", target: "/gate/x?a=b", headers: document},
		{method: "GET", target: "/gate/x?a=b", headers: document, cookies: "{session}={ada}"},
		{method: "GET", target: "/gate/", headers: document, cookies: "{session}={forged}; {session}={george}"},
		{method: "GET", target: "/gate/", headers: document, cookies: "{session}={ada}; {session}={george}"},
		{method: "GET", target: "/gate/", headers: document, cookies: "{session}={large0}; {session}.1={large1}"},
		{method: "GET", target: "/gate/", headers: "Authorization: Bearer {ada}"},
		{method: "GET", target: "/gate/", headers: "Authorization: Bearer {unknown}", cookies: "{session}={ada}"},
		{method: "GET", target: "/gate/", headers: "Authorization: Bearer {none}\nAuthorization: Bearer {ada}"},
		{method: "GET", target: "/billing", headers: "HX-Request: true\nHX-Current-URL: https://example.com/page", cookies: "{session}={expired}"},
		{method: "POST", target: "/billing", headers: "Sec-Fetch-Site: cross-site\nOrigin: https://evil.example", cookies: "{session}={ada}"},
		{method: "GET", target: "/gate/", headers: "Upgrade: websocket\nSec-WebSocket-Key: x\nOrigin: https://evil.example", cookies: "{session}={ada}"},
		{method: "GET", target: "/orgs/{engines}", headers: document, cookies: "{session}={george}"},
		{method: "GET", target: "/orgs/{engines}", headers: document, cookies: "{session}={ada}"},
		{method: "GET", target: "/auth/callback?ar_state={state}&token={ada}", headers: document, cookies: "{stateCookie}"},
		{method: "GET", target: "/auth/callback?ar_state={state}&token={george}", headers: document, cookies: "{stateCookie}"},
		{method: "GET", target: "/auth/callback?ar_state={state}&token={george}", headers: document, cookies: "{stateCookie}; {session}={ada}"},
		{method: "GET", target: "/auth/callback?ar_state={state}&token={adaWidgets}", headers: document, cookies: "{stateCookie}; {session}={ada}"},
		{method: "GET", target: "/auth/callback?ar_state={state}&token={large}", headers: document, cookies: "{stateCookie}; {session}={large0}; {session}.1={large1}"},
		{method: "GET", target: "/auth/callback?ar_state={state}&token={forged}", headers: document, cookies: "{stateCookie}"},
		{method: "GET", target: "/auth/callback?ar_state={state}", headers: document, cookies: "{stateCookie}; {session}-attempts=0.3"},
		{method: "GET", target: "/auth/callback?ar_state={state}&ar_state={state}&token={ada}", headers: document, cookies: "{stateCookie}"},
		{method: "GET", target: "/auth/callback?ar_state={state}&token={ada}&token={george}", headers: document, cookies: "{stateCookie}"},
		{method: "GET", target: "/auth/callback?token={ada}", headers: document, cookies: "{session}={old}"},
		{method: "GET", target: "/auth/callback?ar_state=ABCDEFGH.AAAA&token={old}", headers: document, cookies: "{session}={ada}; {session}-state-ABCDEFGH=s0qw5c.AAAAAAAAAAAAAAAAAAAAAA"},
		{method: "HEAD", target: "/auth/callback?ar_state={state}&token={ada}", headers: document, cookies: "{stateCookie}"},
		{method: "POST", target: "/auth/callback?ar_state={state}&token={ada}", headers: form, cookies: "{stateCookie}"},
		{method: "GET", target: "/auth/callback?ar_state={state}&token={ada}", headers: "Accept: text/html\nSec-Fetch-Dest: iframe", cookies: "{stateCookie}"},
		{method: "GET", target: "/auth/callback?ar_state={state}&token={ada}", headers: "Accept: text/html\nSec-Purpose: prefetch", cookies: "{stateCookie}"},
		{method: "GET", target: "/admin/auth/callback?ar_state={state}&token={ada}", headers: document, cookies: "{stateCookie}"},
		{method: "GET", target: "/gate/deep?ar_state={state}&token={george}", headers: document, cookies: "{stateCookie}"},
		{method: "GET", target: "/x?token={adaWidgets}", headers: document, cookies: "{session}={ada}"},
		{method: "GET", target: "/x?token={ada}&account=x&session=y", headers: document},
		{method: "GET", target: "/x?token={large}", headers: document, cookies: "{session}={george}"},
		{method: "GET", target: "//evil.example/?token={ada}", headers: document, cookies: "{session}={ada}"},
		{method: "GET", target: "http://evil.example/?token={forged}", headers: document},
		{method: "GET", target: "/?token={stranger}", headers: document},
		{method: "GET", target: `/?token={forged}&a=\`, headers: document},
		{method: "GET", target: "/auth/login?return_to=/..%252f%2e%2e/x%3Ftoken%3D{ada}", headers: document},
		{method: "POST", target: "/gate/", headers: "Origin: http://example.com", cookies: "{session}={ada}"},
		{method: "GET", target: "/gate/?ar_state=x.3", headers: document, cookies: "{session}-attempts=0.2"},
		{method: "GET", target: "/auth/login?return_to=/x?a=b&account=a&prompt=login", headers: "Accept: text/html\nSec-Fetch-Site: cross-site", cookies: "{stateCookie}; {session}-state-x=y"},
		{method: "GET", target: "/auth/login?prompt=login&return_to=%2Fx", headers: "Accept: text/html\nSec-Fetch-Site: same-origin", cookies: "{session}={ada}"},
		{method: "GET", target: "/auth/login?return_to=//evil.example&account=a", headers: document},
		{method: "GET", target: "/auth/accounts?force=1&return_to=/%5cevil.example", headers: document, cookies: "{session}={ada}"},
		{method: "GET", target: "/auth/logout?return_to=https://evil.example&local=1", headers: document, cookies: "{session}={ada}"},
		{method: "POST", target: "/auth/logout", headers: "Origin: https://example.com", cookies: "{session}={large0}; {session}.1={large1}"},
		{method: "GET", target: "/auth/confirm", headers: document, cookies: "{confirm}={ada}.link.L3g; {session}={george}"},
		{method: "POST", target: "/auth/confirm", headers: form, cookies: "{confirm}={ada}.change.Ly9ldmlsLmV4YW1wbGU", body: "token_sha256={hash}&choice=continue"},
		{method: "POST", target: "/auth/confirm", headers: form, cookies: "{confirm}={ada}.elsewhere.Lw", body: "token_sha256={georgeHash}&choice=continue"},
		{method: "POST", target: "/auth/confirm", headers: "Content-Type: application/x-www-form-urlencoded\nOrigin: null", cookies: "{confirm}={ada}.elsewhere.Lw", body: "token_sha256={hash}&choice=continue"},
		{method: "HEAD", target: "/auth/confirm", headers: "Sec-Purpose: prefetch"},
		{method: "OPTIONS", target: "*", headers: "Host:"},
	} {
		f.Add(seed.method, seed.target, seed.headers, seed.cookies, seed.body)
	}
	f.Fuzz(func(t *testing.T, method, target, headers, cookies, body string) {
		r := z.request(method, target, headers, cookies, body)
		if r == nil {
			return
		}
		sent := r.Clone(t.Context())
		w := httptest.NewRecorder()
		z.app.ServeHTTP(w, r)
		h := w.Header()
		if w.Code >= 500 && w.Code != http.StatusServiceUnavailable {
			t.Errorf("got status %d", w.Code)
		}
		z.checkTargets(t, h)
		z.checkUser(t, sent, w)
		z.checkCookies(t, sent, z.words.Replace(body), w.Result().Cookies())
		n := z.realm.Requests("/connect/jwks") - z.fetched
		if budget := 3 + int(time.Since(z.began)/(10*time.Second)); n > budget {
			t.Errorf("the keys were fetched %d times after %s, want %d at most", n, time.Since(z.began), budget)
		}
	})
}

// checkTargets holds that nobody is sent to a third host.
func (z *fuzzed) checkTargets(t *testing.T, h http.Header) {
	t.Helper()
	for _, location := range slices.Concat(h["Location"], h["Hx-Redirect"]) {
		if strings.HasPrefix(location, "https://loginrocket.example/") {
			back := redirectURIOf(t, location)
			if back.String() != "" && (back.Scheme != "https" || back.Host != "example.com") {
				t.Errorf("LoginRocket is to send the browser to %q", back)
			}
			isLogout := strings.HasPrefix(location, "https://loginrocket.example/logout")
			if query := back.Query(); !isLogout && (back.EscapedPath() != "/auth/callback" || len(query) != 1 || loginstate.ID(query.Get("ar_state")) == "") {
				t.Errorf("the login comes back to %q, want the callback with a state", back)
			}
		} else if !staysHere(location) {
			t.Errorf("the browser is sent to %q", location)
		}
	}
}

// checkUser holds that a handler knows nobody whose token was not presented, or
// for whom another site asks, and that a gate lets nobody else through.
func (z *fuzzed) checkUser(t *testing.T, r *http.Request, w *httptest.ResponseRecorder) {
	t.Helper()
	h := w.Header()
	if h["X-User"] == nil {
		return
	}
	user := h.Get("X-User")
	presented := strings.Join(slices.Concat(r.Header["Authorization"], r.Header["Cookie"]), "\n")
	if user != "" && !slices.Contains(z.usersIn(presented), user) {
		t.Errorf("the handler knows %s, of whom there was no token", user)
	}
	isSafe := r.Method == "GET" || r.Method == "HEAD" || r.Method == "OPTIONS"
	isCrossSite := r.Header.Get("Sec-Fetch-Site") == "cross-site" && len(r.Header["Authorization"]) == 0
	if user != "" && isCrossSite && (!isSafe || r.Header.Get("Upgrade") != "") && r.Header.Get("Origin") != "https://example.com" {
		t.Errorf("another site acts as %s", user)
	}
	path := r.URL.Path
	if user == "" && (strings.HasPrefix(path, "/gate") || strings.HasPrefix(path, "/billing") || strings.HasPrefix(path, "/orgs/")) {
		t.Errorf("%s lets nobody through", path)
	}
	if user == "george@example.com" && (strings.HasPrefix(path, "/billing") || path == "/orgs/"+z.engines.ID) {
		t.Errorf("%s lets george through", path)
	}
}

// checkCookies holds that a token that goes into a cookie is verified, and that
// a session begins only for a login that was started or confirmed here, or for
// the user who is signed in.
func (z *fuzzed) checkCookies(t *testing.T, r *http.Request, body string, cookies []*http.Cookie) {
	t.Helper()
	var session, pending string
	for _, c := range cookies {
		if !strings.HasPrefix(c.Name, siteCookie) || !c.Secure || !c.HttpOnly || c.Path != "/" || c.Domain != "" || c.SameSite != http.SameSiteLaxMode {
			t.Errorf("got cookie %q", c.Raw)
		}
		if len(c.Name)+len(c.Value) > 4096 {
			t.Errorf("cookie %s has %d bytes", c.Name, len(c.Value))
		}
		switch {
		case c.Name == siteCookie || strings.HasPrefix(c.Name, siteCookie+"."):
			session = c.Value + session // the first chunk comes last
		case strings.HasPrefix(c.Name, confirmCookie):
			pending += c.Value
		}
	}
	rest, _, _ := cutLast(pending, ".")
	if token, _, _ := cutLast(rest, "."); pending != "" && z.good[token] == "" {
		t.Errorf("a token waits for confirmation that is not verified: %.40q", token)
	}
	if session == "" {
		return
	}
	user := z.good[session]
	if user == "" {
		t.Errorf("a session begins with a token that is not verified: %.40q", session)
	}
	query, _ := url.ParseQuery(r.URL.RawQuery)
	jar := strings.Join(r.Header["Cookie"], "\n")
	isStarted := slices.Equal(query["ar_state"], []string{z.started.state}) && r.URL.Path == "/auth/callback" && strings.Contains(jar, z.started.cookie.Value)
	isSame := slices.Contains(z.usersIn(jar), user)
	answer, _ := url.ParseQuery(body)
	isConfirmed := r.Method == "POST" && slices.Contains(answer["token_sha256"], hashOf(session)) &&
		(r.Header.Get("Sec-Fetch-Site") == "same-origin" || r.Header.Get("Origin") == "https://example.com")
	if r.URL.Path == "/auth/confirm" && r.Method == "POST" {
		isSame = false // the cookie of the confirmation has the token, too
	}
	if !isStarted && !isSame && !isConfirmed {
		t.Errorf("a session of %s begins that nobody asked for", user)
	}
	if current := z.onlySession(jar); current != "" && !isConfirmed && (z.good[current] != user || z.account[current] != z.account[session]) {
		t.Errorf("a session of %s in %s begins over %s in %s", user, z.account[session], z.good[current], z.account[current])
	}
	if r.Method != "GET" && r.Method != "POST" {
		t.Errorf("%s begins a session", r.Method)
	}
}

// onlySession returns the good token that is the only session cookie, if there is
// one.
func (z *fuzzed) onlySession(jar string) string {
	if strings.Count(jar, siteCookie+"=") != 1 {
		return ""
	}
	for pair := range strings.SplitSeq(strings.ReplaceAll(jar, "\n", "; "), "; ") {
		if name, value, _ := strings.Cut(pair, "="); name == siteCookie && z.good[value] != "" {
			return value
		}
	}
	return ""
}
