package authrocket_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/authrockettest"
)

// witness keeps whatever leaves the package but the cookies that hold the token.
type witness struct {
	mu   sync.Mutex
	log  bytes.Buffer
	seen []string
}

func (w *witness) Write(data []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.log.Write(data)
}

func (w *witness) note(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.seen = append(w.seen, fmt.Sprintf(format, args...))
}

func (w *witness) noteError(err error) {
	if err != nil {
		w.note("error: %s %v %+v %q", err, err, err, authrocket.Reason(err))
	}
}

// observer writes every event to two logs at every level, and as it prints.
func (w *witness) observer() authrocket.Observer {
	options := &slog.HandlerOptions{Level: slog.Level(-100), AddSource: true}
	json := authrocket.LogObserver(slog.New(slog.NewJSONHandler(w, options)))
	text := authrocket.LogObserver(slog.New(slog.NewTextHandler(w, options)))
	return authrocket.Observer{
		Decision: func(ctx context.Context, d authrocket.Decision) {
			json.Decision(ctx, d)
			text.Decision(ctx, d)
			w.note("event: %+v", d)
			w.noteError(d.Err)
		},
		KeyRefresh: func(ctx context.Context, k authrocket.KeyRefresh) {
			json.KeyRefresh(ctx, k)
			text.KeyRefresh(ctx, k)
			w.note("event: %+v", k)
			w.noteError(k.Err)
		},
		Login: func(ctx context.Context, l authrocket.Login) {
			json.Login(ctx, l)
			text.Login(ctx, l)
			w.note("event: %+v", l)
			w.noteError(l.Err)
		},
		Logout: func(ctx context.Context, l authrocket.Logout) {
			json.Logout(ctx, l)
			text.Logout(ctx, l)
			w.note("event: %+v", l)
		},
		Warning: func(ctx context.Context, err error) {
			json.Warning(ctx, err)
			text.Warning(ctx, err)
			w.noteError(err)
		},
	}
}

// noteResponse keeps headers, body and cookies, but not the values of the
// cookies of the session, the confirmation and the logout, whose place is there. logoutURL permits the session ID in a
// Location that starts with it.
func (w *witness) noteResponse(response *http.Response, logoutURL string) {
	w.noteVisible(response, logoutURL)
	for _, c := range response.Cookies() {
		if c.Name == "__Host-arToken" || strings.HasPrefix(c.Name, "__Host-arToken.") || strings.HasPrefix(c.Name, "__Host-arToken-confirm") || c.Name == "__Host-arToken-logout" {
			continue
		}
		w.note("cookie: %s", c)
		for _, part := range strings.Split(c.Value, ".") {
			if decoded, err := base64.RawURLEncoding.DecodeString(part); err == nil {
				w.note("cookie, decoded: %s", decoded)
			}
		}
	}
}

// noteVisible is noteResponse without cookies. What is no token of ours is the
// app's own parameter, which the browser keeps for the way back.
func (w *witness) noteVisible(response *http.Response, logoutURL string) {
	for name, values := range response.Header {
		for _, value := range values {
			if name == "Location" && strings.HasPrefix(value, logoutURL) {
				u, err := url.Parse(value)
				if err != nil {
					w.note("bad Location: %s", value)
					continue
				}
				query := u.Query()
				query.Del("session")
				value = u.Host + u.Path + "?" + query.Encode()
			}
			if name == "Set-Cookie" {
				continue
			}
			w.note("header: %s: %s", name, value)
			if unescaped, err := url.QueryUnescape(value); err == nil {
				w.note("header, unescaped: %s", unescaped)
			}
		}
	}
	body, err := io.ReadAll(response.Body)
	if err != nil {
		w.note("no body: %v", err)
	}
	w.note("body: %s", body)
}

// check looks for secrets in all that was kept.
func (w *witness) check(t *testing.T, secrets map[string]string) {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	for what, secret := range secrets {
		for line := range strings.Lines(w.log.String()) {
			if strings.Contains(line, secret) {
				t.Errorf("a log line tells %s: %s", what, line)
			}
		}
		for _, seen := range w.seen {
			if strings.Contains(seen, secret) {
				t.Errorf("%s is told by %s", what, seen)
			}
		}
	}
}

// secretsOf are the parts of a token and its claims that nobody is to see.
func secretsOf(token, sid string) map[string]string {
	secrets := map[string]string{"the session ID": sid, "the email": "ada@example.com"}
	for i, part := range strings.Split(token, ".") {
		// All tokens begin with the same header.
		if i > 0 && len(part) > 20 {
			secrets[fmt.Sprintf("part %d of the token", i)] = part
		}
	}
	return secrets
}

type flow struct {
	*site
	app   http.Handler
	token string
	sid   string
}

// secretTokens are tokens of every fate.
var secretTokens = []struct {
	name         string
	option       authrockettest.TokenOption
	alter        func(token string) string
	isLoginToken bool // and not just any text in a parameter of the app's
}{
	{name: "valid", option: withoutClaim("nonce"), isLoginToken: true},
	{name: "expired", option: authrockettest.ExpiresIn(-time.Hour), isLoginToken: true},
	{name: "forged", option: withoutClaim("nonce"), alter: func(token string) string { return token[:strings.LastIndex(token, ".")+1] + strings.Repeat("A", 342) }, isLoginToken: true},
	{name: "of an unknown key", option: setHeader("kid", "unknown"), isLoginToken: true},
	{name: "of another realm", option: setClaim("rid", "rl_other")},
	{name: "with claims of a wrong type", option: setClaim("orgs", "org_1"), isLoginToken: true},
	{name: "of another issuer", option: setClaim("iss", "https://evil.example")},
	{name: "for another audience", option: setClaim("aud", "other"), isLoginToken: true},
	{name: "from the future", option: setClaim("iat", 253402300799), isLoginToken: true},
	{name: "with crit", option: setHeader("crit", []string{"exp"}), isLoginToken: true},
	{name: "with alg none", option: setHeader("alg", "none"), isLoginToken: true},
	{name: "too large for one cookie", option: setClaim("nonce", strings.Repeat("n", 4_000)), isLoginToken: true},
	{name: "too large", option: setClaim("nonce", strings.Repeat("n", 20_000))},
	{name: "of two segments", option: withoutClaim("nonce"), alter: func(token string) string { return token[:strings.LastIndex(token, ".")] }},
	{name: "padded", option: withoutClaim("nonce"), alter: func(token string) string { return token + "==" }},
}

// secretRequests are requests that carry the token, each in its own way.
func secretRequests(t *testing.T, f flow) map[string]*http.Request {
	escaped := url.QueryEscape(f.token)
	requests := map[string]*http.Request{
		"callback that was started":     comeBack(t, f.app, "/gate?a=b", f.token),
		"token of HEAD":                 request(http.MethodHead, "/?token="+escaped),
		"token that is unsolicited":     request(http.MethodGet, "/gate?a=b&token="+escaped+"&session=kss_x&account=org_x"),
		"token that comes twice":        request(http.MethodGet, "/gate?token="+escaped+"&token="+escaped),
		"token as POST":                 request(http.MethodPost, "/gate?token="+escaped),
		"token on a login route":        request(http.MethodGet, "/auth/login?token="+escaped),
		"token with an escaped name":    request(http.MethodGet, "/gate?%74oken="+escaped),
		"token with a forged state":     request(http.MethodGet, "/?ar_state=x&token="+escaped),
		"callback with a forged state":  request(http.MethodGet, "/auth/callback?ar_state=x&token="+escaped),
		"callback without a state":      request(http.MethodGet, "/auth/callback?token="+escaped+"&session=kss_x&account=org_x"),
		"callback with two tokens":      request(http.MethodGet, "/auth/callback?token="+escaped+"&token="+escaped),
		"callback of HEAD":              request(http.MethodHead, "/auth/callback?token="+escaped),
		"callback as POST":              request(http.MethodPost, "/auth/callback?token="+escaped),
		"callback of a script":          request(http.MethodGet, "/auth/callback?token="+escaped),
		"callback in a frame":           request(http.MethodGet, "/auth/callback?token="+escaped),
		"callback of htmx":              request(http.MethodGet, "/auth/callback?token="+escaped),
		"callback ahead of a click":     request(http.MethodGet, "/auth/callback?token="+escaped),
		"callback over somebody else":   comeBack(t, f.app, "/gate?a=b", f.token),
		"two Authorization headers":     withBearer(request(http.MethodGet, "/gate"), f.token),
		"two users' cookies":            withCookie(request(http.MethodGet, "/gate"), siteCookie, f.token),
		"logout":                        withCookie(request(http.MethodPost, "/auth/logout"), siteCookie, f.token),
		"logout here only":              withCookie(request(http.MethodPost, "/auth/logout?local=1&return_to=/bye"), siteCookie, f.token),
		"logout by GET":                 withCookie(request(http.MethodGet, "/auth/logout"), siteCookie, f.token),
		"logout by GET with two tokens": request(http.MethodGet, "/auth/logout?token="+escaped+"&token="+escaped),
		"logout by GET with a session":  request(http.MethodGet, "/auth/logout?session="+url.QueryEscape(f.token)),
		"the end of a logout":           withCookie(request(http.MethodGet, "/auth/logout/end"), siteCookie+"-logout", logoutCookie(f.sid, "/")),
		"the end of a logout, fetched":  withCookie(request(http.MethodGet, "/auth/logout/end"), siteCookie+"-logout", logoutCookie(f.sid, "/")),
		"logout of another site":        withCookie(request(http.MethodPost, "/auth/logout"), siteCookie, f.token),
		"profile":                       withCookie(request(http.MethodGet, "/auth/profile"), siteCookie, f.token),
		"accounts":                      withCookie(request(http.MethodGet, "/auth/accounts?return_to=/gate"), siteCookie, f.token),
		"prefetch":                      withCookie(request(http.MethodGet, "/gate"), siteCookie, f.token),
		"POST of another site":          withCookie(request(http.MethodPost, "/gate"), siteCookie, f.token),
		"confirmed login":               withCookie(answerOf(f.token, "continue"), confirmCookie, pending(f.token, "/gate?a=b")),
		"cancelled login":               withCookie(answerOf(f.token, "cancel"), confirmCookie, pending(f.token, "/gate?a=b")),
		"confirmation by another site":  withCookie(answerOf(f.token, "continue", "Sec-Fetch-Site: cross-site"), confirmCookie, pending(f.token, "/gate?a=b")),
		"a login too many":              withCookie(withCookie(request(http.MethodGet, "/denied"), siteCookie, f.token), siteCookie+"-attempts", "0.3"),
	}
	requests["two Authorization headers"].Header.Add("Authorization", "Bearer "+f.token)
	bob := f.realm.Token(authrockettest.User{ID: "usr_bob", Email: "bob@example.com"})
	requests["two users' cookies"].Header.Add("Cookie", "__Host-arToken="+bob)
	requests["callback over somebody else"].Header.Add("Cookie", "__Host-arToken="+bob)
	requests["callback of a script"].Header.Set("Sec-Fetch-Mode", "cors")
	requests["callback in a frame"].Header.Set("Sec-Fetch-Dest", "iframe")
	requests["callback of htmx"].Header.Set("HX-Request", "true")
	requests["callback of htmx"].Header.Set("HX-Current-URL", "https://example.com/auth/callback?token="+f.token)
	requests["callback ahead of a click"].Header.Set("Sec-Purpose", "prefetch")
	requests["logout"].Header.Set("Origin", "https://example.com")
	requests["logout here only"].Header.Set("Origin", "https://example.com")
	requests["the end of a logout, fetched"].Header.Set("Sec-Fetch-Mode", "cors")
	requests["logout of another site"].Header.Set("Origin", "https://evil.example")
	requests["POST of another site"].Header.Set("Origin", "https://evil.example")
	requests["prefetch"].Header.Set("Sec-Purpose", "prefetch")
	for _, path := range []string{"/", "/gate", "/denied", "/orgs/org_9", "/verified", "/broken"} {
		requests["bearer for "+path] = withBearer(request(http.MethodGet, path), f.token)
		requests["cookie for "+path] = withCookie(request(http.MethodGet, path), siteCookie, f.token)
	}
	return requests
}

// newFlow is an app with a gate of every kind, and a witness of all it does.
func newFlow(t *testing.T, w *witness) flow {
	f := flow{site: newColdSite(t, func(c *authrocket.Config) {
		c.Observer = w.observer()
		c.Deny = func(_ http.ResponseWriter, r *http.Request, err error) bool {
			w.noteError(err)
			if strings.HasPrefix(r.URL.Path, "/auth/callback") {
				w.note("Deny: %s %s", r.URL, r.RequestURI)
			}
			return false
		}
		c.OnLogin = func(r *http.Request, _ authrocket.Session) error {
			w.note("OnLogin: %s %s", r.URL, r.RequestURI)
			return nil
		}
	})}
	ok := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	mux := http.NewServeMux()
	mux.Handle("/", ok)
	mux.Handle("/gate", f.auth.RequireLogin(ok))
	mux.Handle("/denied", f.auth.Require(authrocket.Permission("missing"))(ok))
	mux.Handle("/orgs/{org}", f.auth.RequireOrg(authrocket.OrgIDFromPath("org"))(ok))
	mux.Handle("/verified", f.auth.Require(authrocket.VerifiedEmail())(ok))
	mux.Handle("/broken", f.auth.Require(failWith(authrocket.ErrUnavailable))(ok))
	f.app = f.auth.Authenticate(mux)
	return f
}

func TestNoSecretIsTold(t *testing.T) {
	t.Parallel()
	const sid = "kss_secretSessionIDofThisTest"
	for _, row := range secretTokens {
		for _, accept := range []string{"text/html", "application/json", "text/plain"} {
			t.Run(row.name+" token, "+accept, func(t *testing.T) {
				w := &witness{}
				f := newFlow(t, w)
				warm(t, f.auth)
				f.sid, f.token = sid, f.realm.Token(f.ada, setClaim("sid", sid), row.option)
				if row.alter != nil {
					f.token = row.alter(f.token)
				}
				noteResponse := w.noteVisible
				if row.isLoginToken {
					noteResponse = w.noteResponse
				}
				for name, r := range secretRequests(t, f) {
					r.Header.Set("Accept", accept)
					response := serve(f.app, r).Result()
					if response.StatusCode >= 500 && response.StatusCode != http.StatusServiceUnavailable {
						t.Errorf("%s: got %d", name, response.StatusCode)
					}
					w.note("request: %s", name)
					noteResponse(response, f.auth.LogoutURL())
				}
				_, err := f.auth.Verify(t.Context(), f.token)
				w.noteError(err)
				w.check(t, secretsOf(f.token, sid))
				if w.log.Len() == 0 {
					t.Error("nothing was logged, so that this test shows nothing")
				}
			})
		}
	}
}

func TestKeyFailuresTellNoSecrets(t *testing.T) {
	t.Parallel()
	const sid = "kss_secretSessionIDofThisTest"
	for name, fault := range map[string]authrockettest.Fault{
		"404":           authrockettest.Status(http.StatusNotFound),
		"500":           authrockettest.Status(http.StatusInternalServerError),
		"a redirect":    authrockettest.Redirect("https://user:password-in-a-location@elsewhere.example/?api_key=password-in-a-location"),
		"garbage":       authrockettest.Garbage(),
		"HTML":          authrockettest.Body("text/html", "<h1>password-in-a-body</h1>"),
		"an odd key":    authrockettest.Body("application/json", `{"keys":[{"kty":"oct","kid":"a","k":"password-in-a-key"}]}`),
		"another key":   authrockettest.Body("application/json", vectorJWK(`"n":"`+vectorN+`","e":"AQAB"`)),
		"a hang":        authrockettest.Hang(),
		"a broken line": authrockettest.Disconnect(),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := &witness{}
				f := newFlow(t, w)
				f.realm.Break(fault)
				f.token = f.realm.Token(f.ada, setClaim("sid", sid))
				for name, r := range secretRequests(t, f) {
					response := serve(f.app, r).Result()
					w.note("request: %s", name)
					w.noteResponse(response, f.auth.LogoutURL())
				}
				w.noteError(f.auth.Warm(t.Context()))
				_, err := f.auth.Verify(t.Context(), f.token)
				w.noteError(err)
				time.Sleep(time.Minute)
				secrets := secretsOf(f.token, sid)
				for _, where := range []string{"password-in-a-location", "password-in-a-body", "password-in-a-key"} {
					secrets["what LoginRocket sent"+where] = where
				}
				w.check(t, secrets)
				if err == nil || w.log.Len() == 0 {
					t.Errorf("got %v and %d bytes of log, want a failure that is logged", err, w.log.Len())
				}
			})
		})
	}
}

func TestJWTSecretIsNotTold(t *testing.T) {
	t.Parallel()
	w := &witness{}
	realm := authrockettest.NewRealm(t, func(c *authrockettest.RealmConfig) { c.Algorithm = "HS256" })
	ada := realm.AddUser(authrockettest.User{Email: "ada@example.com"})
	config := realm.Config()
	config.Observer = w.observer()
	auth := openAuth(t, config)
	app := auth.Authenticate(auth.RequireLogin(http.NotFoundHandler()))
	for _, option := range []authrockettest.TokenOption{
		withoutClaim("nonce"), authrockettest.ExpiresIn(-time.Hour), setHeader("alg", "RS256"), setClaim("iss", "x"), setPayload([]byte("x")),
	} {
		token := realm.Token(ada, option)
		for _, r := range []*http.Request{
			withBearer(request(http.MethodGet, "/"), token), withBearer(request(http.MethodGet, "/"), token+"AAAA"), comeBack(t, app, "/", token),
			request(http.MethodGet, "/?token="+token),
		} {
			w.noteResponse(serve(app, r).Result(), auth.LogoutURL())
		}
	}
	w.noteError(auth.Warm(t.Context()))
	w.note("%v %+v", auth.LoginURL(), authrocket.ErrBadSignature)
	secret := realm.JWTKey()
	w.check(t, map[string]string{"the JWT key": secret, "the JWT key without its prefix": strings.TrimPrefix(secret, "jsk_")})
}
