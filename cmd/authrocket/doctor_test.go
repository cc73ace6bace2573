package main_test

import (
	"context"
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/authrockettest"
	"github.com/authrocket-go/authrocket/coreapi"
	"github.com/authrocket-go/authrocket/webhook"
)

func TestDoctorOnAGoodSetUp(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.env["AUTHROCKET_WEBHOOK_URL"] = s.serveWebhook(webhookSecret)
	status, r := s.doctor(s.token(), "-token", "-write")
	if status != 0 || r.Result != "ok" || len(r.others()) > 0 {
		t.Errorf("got %d, %s, %q", status, r.Result, r.others())
	}
	var names []string
	for _, f := range r.Checks {
		if f.Status == "skipped" && f.Check != "tls" {
			t.Errorf("%s is skipped: %s", f.Check, f.Text)
		}
		names = append(names, f.Check)
	}
	want := []string{"config", "dns", "tls", "jwks", "clock", "token", "hosted login", "app", "app login", "headers", "core api", "webhook"}
	if got := slices.Compact(names); !slices.Equal(got, want) {
		t.Errorf("the checks are %q, want %q", got, want)
	}
	if users := s.realm.Users(); len(users) != 1 {
		t.Errorf("there are %d users, want the one of before", len(users))
	}
	o := s.run(s.token(), "doctor", "-token")
	if o.status != 0 || !strings.Contains(o.stdout, "ok       app           The app answers at "+s.env["AUTHROCKET_APP_URL"]+"/auth/callback.\n") {
		t.Errorf("got %d, %s%s", o.status, o.stdout, o.stderr)
	}
}

// The webhook of the package refuses and takes what the doctor sends.
func TestDoctorOnTheWebhookOfThePackage(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	api, err := coreapi.New(coreapi.Config{URL: s.core.URL + "/v2", APIKey: coreapi.Hide(shopAPIKey)})
	if err != nil {
		t.Fatal(err)
	}
	handled := make(chan coreapi.Event, 10)
	hook, err := webhook.New(webhook.Config{
		API:     api,
		Secrets: []coreapi.Secret{coreapi.Hide(webhookSecret)},
		Handle: func(_ context.Context, e coreapi.Event) error {
			handled <- e
			return nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(hook)
	t.Cleanup(server.Close)
	for name, secret := range map[string]string{"ok": webhookSecret, "wrong": "Wq5nB8rT1yUz6xKc3mVd9sPf2gHj7LaE"} {
		s.secrets = append(s.secrets, secret)
		s.env["AUTHROCKET_WEBHOOK_URL"] = strings.Replace(server.URL, "//", "//authrocket:"+secret+"@", 1) + "/hooks/authrocket"
		_, r := s.doctor("")
		if found := r.of("webhook", name); len(found) == 0 || !strings.Contains(found[0].Text, "a ping with the secret") || len(r.of("webhook", "ok")) == 0 {
			t.Errorf("got %+v", r.Checks)
		}
	}
	if len(handled) > 0 {
		t.Errorf("%d events were handled, want none", len(handled))
	}
}

// Nobody is signed in by a check, and no login is decided.
func TestDoctorSignsNobodyIn(t *testing.T) {
	t.Parallel()
	s := newShopWithoutApp(t)
	logins := make(chan authrocket.Session, 100)
	s.config.OnLogin = func(_ *http.Request, session authrocket.Session) error {
		logins <- session
		return nil
	}
	s.config.DangerouslyAcceptUnsolicitedLogins = true // the worst case
	cookies := make(chan string, 100)
	s.serveApp(func(auth *authrocket.Auth) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			auth.Authenticate(http.NotFoundHandler()).ServeHTTP(w, r)
			for _, c := range w.Header().Values("Set-Cookie") {
				if strings.HasPrefix(c, "arToken=") || strings.HasPrefix(c, "arToken-confirm=") {
					cookies <- c
				}
			}
		})
	})
	events := make(chan authrockettest.Event, 100)
	s.realm.OnEvent(func(e authrockettest.Event) { events <- e })
	if status, r := s.doctor(s.token(), "-token"); status != 0 {
		t.Errorf("got %d, %q", status, r.others())
	}
	if len(logins) > 0 || len(cookies) > 0 {
		t.Errorf("%d logins, and %d cookies of one", len(logins), len(cookies))
	}
	if len(events) > 0 {
		t.Errorf("the realm has %d events more", len(events))
	}
}

func TestDoctorOnMisconfigurations(t *testing.T) {
	t.Parallel()
	hs256 := func(c *authrockettest.RealmConfig) { c.Algorithm = "HS256" }
	set := func(name, value string) func(*shop) { return func(s *shop) { s.env[name] = value } }
	breakKeys := func(fault authrockettest.Fault) func(*shop) { return func(s *shop) { s.realm.Break(fault) } }
	for _, row := range []struct {
		name      string
		realm     func(*authrockettest.RealmConfig)
		change    func(*shop)
		app       func(*authrocket.Auth) http.Handler
		withToken bool
		options   []authrockettest.TokenOption
		args      []string

		exit     int
		check    string
		status   string // of the finding; wrong if exit is 1, unknown if it is 3
		text, do string // regular expressions
		also     []string
	}{
		{name: "the API host as LoginRocketURL", change: set("LOGINROCKET_URL", "https://api-e2.authrocket.com/"), exit: 1, check: "config", text: `^LOGINROCKET_URL .* is the URL of AuthRocket's Core API \(package coreapi\)\.$`, do: `^Use, for example, https://`},
		{name: "no LoginRocketURL", change: set("LOGINROCKET_URL", ""), exit: 1, check: "config", text: `^LOGINROCKET_URL is missing\.$`, do: `^Set it to the realm's LoginRocket URL`},
		{name: "AppURL is LoginRocketURL", change: func(s *shop) { s.env["AUTHROCKET_APP_URL"] = s.env["LOGINROCKET_URL"] }, exit: 1, check: "config", text: `^AUTHROCKET_APP_URL .* is a LoginRocket URL, where users sign in\.$`, do: `^Use the public URL of this app`},
		{name: "a realm without rl_", change: set("AUTHROCKET_REALM", "shop"), exit: 1, check: "config", text: `^AUTHROCKET_REALM "shop" is not the ID of a realm`, do: `^Correct it, or leave RealmID out`, also: []string{"core api"}},
		{name: "a path that is no AuthPath", args: []string{"-auth-path", "login/"}, exit: 1, check: "config", text: `^-auth-path "login/" is not a plain path`},

		{name: "the wrong port", change: func(s *shop) { s.env["LOGINROCKET_URL"] = "http://127.0.0.1:" + closedPort }, exit: 1, check: "jwks", text: `^No server listens at 127\.0\.0\.1:\d+\.$`, do: `port`, also: []string{"hosted login", "app login"}},
		{name: "a dead host", change: set("LOGINROCKET_URL", "https://nobody.invalid/"), exit: 1, check: "dns", status: "wrong|unknown", text: `^There is no host nobody\.invalid|^The name nobody\.invalid cannot be looked up`, also: []string{"jwks", "hosted login", "app login"}},
		{name: "a LoginRocket without keys", change: breakKeys(authrockettest.Status(404)), exit: 1, check: "jwks", text: `answers 404 Not Found: there is no LoginRocket`, do: `^Set LOGINROCKET_URL`},
		{name: "a LoginRocket that redirects", change: breakKeys(authrockettest.Redirect("https://other.example/connect/jwks?a=geheim")), exit: 1, check: "jwks", text: `answers 302 Found, a redirect to https://other\.example/connect/jwks\.$`, do: `redirects to keys are not followed`},
		{name: "a page instead of keys", change: breakKeys(authrockettest.Body("text/html", "<!doctype html>")), exit: 1, check: "jwks", text: `but not with a key set`},
		{name: "an endless page instead of keys", change: breakKeys(func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
			for r.Context().Err() == nil {
				io.WriteString(w, strings.Repeat("x", 64<<10))
			}
		}), exit: 1, check: "jwks", text: `but not with a key set`},
		{name: "no key that can be used", change: breakKeys(authrockettest.Body("application/json", `{"keys":[{"kty":"EC","alg":"ES256","kid":"e"}]}`)), exit: 1, check: "jwks", text: `has no usable key: "e" EC ES256\.$`, do: `AUTHROCKET_JWT_KEY`},
		{name: "a LoginRocket that is down", change: breakKeys(authrockettest.Status(503)), exit: 3, check: "jwks", text: `answers 503`, do: `^Try again`},
		{name: "a LoginRocket that hangs", change: breakKeys(authrockettest.Hang()), exit: 3, check: "jwks", text: `does not answer within 10s`},
		{name: "an old set from a cache", change: breakKeys(header("Age", "3600")), exit: 1, check: "jwks", text: `a set that is 1h00m old`, also: []string{"clock"}},
		{name: "an HS256 realm without its key", realm: hs256, change: set("AUTHROCKET_JWT_KEY", ""), exit: 1, check: "jwks", text: `has no usable key: the set is empty`, do: `set AUTHROCKET_JWT_KEY to its secret`},
		{name: "a token of an HS256 realm without its key", realm: hs256, change: set("AUTHROCKET_JWT_KEY", ""), withToken: true, exit: 1, check: "token", text: `the token says HS256`, do: `^Set AUTHROCKET_JWT_KEY to the realm's secret`, also: []string{"jwks"}},
		{name: "an HS256 realm with its key", realm: hs256, withToken: true, check: "token", status: "ok", text: `is accepted`},

		{name: "the clock is behind", change: breakKeys(authrockettest.ClockOff(time.Minute)), exit: 1, check: "clock", text: `^The clock of this machine is (59s|1m0\ds) behind that of LoginRocket`, do: `NTP`},
		{name: "the clock is ahead", change: breakKeys(authrockettest.ClockOff(-time.Hour)), exit: 1, check: "clock", text: `^The clock of this machine is (59m5\ds|1h00m) ahead of that of LoginRocket`, do: `NTP`},
		{name: "the age of a cached answer is no difference of clocks", change: breakKeys(authrockettest.Chain(header("Age", "100"), authrockettest.ClockOff(-100*time.Second))), check: "clock", status: "ok", text: `that of LoginRocket`},

		{name: "the wrong realm, for the API", change: set("AUTHROCKET_REALM", "rl_other"), exit: 1, check: "core api", text: `not those of the realm "rl_other"`, do: `^Set AUTHROCKET_REALM`},
		{name: "the wrong realm", change: set("AUTHROCKET_REALM", "rl_other"), withToken: true, exit: 1, check: "token", text: `rid is "rl_shop", but Config\.RealmID \(AUTHROCKET_REALM\) is rl_other`, do: `^If "rl_shop" is your realm, set AUTHROCKET_REALM`, also: []string{"core api"}},
		{name: "the LoginRocket of another realm", change: func(s *shop) { s.env["LOGINROCKET_URL"] = newShop(s.t).realm.URL() }, withToken: true, exit: 1, check: "token", text: `a key that the realm does not have`, do: `the token's realm, "rl_shop"`, also: []string{"app login"}},
		{name: "an expired token", withToken: true, options: []authrockettest.TokenOption{authrockettest.ExpiresIn(-time.Hour)}, exit: 1, check: "token", text: `has expired`, do: `^Sign in again`},
		{name: "a token while the keys are out of reach", change: breakKeys(authrockettest.Status(503)), withToken: true, exit: 3, check: "token", text: `the realm's keys cannot be fetched now`, do: `jwks first`, also: []string{"jwks"}},
		{name: "a token of the future", withToken: true, options: []authrockettest.TokenOption{authrockettest.ClockSkew(time.Hour)}, exit: 1, check: "token", text: `is not valid yet`, do: `clock`},

		{name: "redirect_uri is no Login URL", realm: func(c *authrockettest.RealmConfig) { c.LoginURLs = []string{"https://shop.example/"} }, exit: 1, check: "hosted login", text: `refuses http://127\.0\.0\.1:\d+/auth/callback: it answers 400`, do: `^Add http://127\.0\.0\.1:\d+/auth/callback to the Login URLs`},
		{name: "no AppURL, as on loopback", change: set("AUTHROCKET_APP_URL", ""), check: "hosted login", status: "skipped", text: `AUTHROCKET_APP_URL`},
		{name: "LoginRocket answers alike to all", change: func(s *shop) { s.loginStatus.Store(200) }, exit: 3, check: "hosted login", text: `answers 200 OK, but also accepts a URL`, do: `add http://127\.0\.0\.1:\d+/auth/callback to the Login URLs`},
		{name: "LoginRocket has no login", change: func(s *shop) { s.loginStatus.Store(404) }, exit: 1, check: "hosted login", text: `/login answers 404`, do: `^Set LOGINROCKET_URL`},

		{name: "the app does not run", change: func(s *shop) { s.env["AUTHROCKET_APP_URL"] = "http://127.0.0.1:" + closedPort }, exit: 1, check: "app", text: `^No server listens at`},
		{name: "AppURL https, served by http", change: func(s *shop) {
			s.env["AUTHROCKET_APP_URL"] = strings.Replace(s.env["AUTHROCKET_APP_URL"], "http:", "https:", 1)
		}, exit: 1, check: "app", text: `^The URL says https, but 127\.0\.0\.1:\d+ speaks http\.$`, do: `proxy with a certificate`},
		{name: "another program at AppURL", app: func(*authrocket.Auth) http.Handler { return http.NotFoundHandler() }, exit: 1, check: "app", text: `answers 404 Not Found without the header Authrocket-Callback`, do: `^Put Authenticate around the app`},
		{name: "another AuthPath", args: []string{"-auth-path", "/login"}, exit: 1, check: "app", text: `/login/callback answers 404`, do: `-auth-path`},
		{name: "a page of the app has taken the callback", app: taken("/auth/callback", 200), exit: 1, check: "app", text: `answers 200 OK without the header`},
		{name: "another method of the app has taken the callback", app: taken("/auth/callback", 405), exit: 1, check: "app", text: `a route of the app uses the path`, do: `^Set Config\.AuthPath`},
		{name: "a proxy without the app", app: taken("/", 502), exit: 1, check: "app", text: `a proxy does not reach the app`, do: `^Start the app`},
		{name: "AppURL redirects to another host", app: func(*authrocket.Auth) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				http.Redirect(w, r, "https://www.shop.example"+r.URL.Path+"?token=geheim", http.StatusMovedPermanently)
			})
		}, exit: 1, check: "app", text: `answers 301 Moved Permanently, a redirect to https://www\.shop\.example/auth/callback\.$`, do: `set AUTHROCKET_APP_URL`},
		{name: "opened at another host than AppURL", change: func(s *shop) {
			s.env["AUTHROCKET_APP_URL"] = strings.Replace(s.env["AUTHROCKET_APP_URL"], "127.0.0.1", "localhost", 1)
		}, exit: 1, check: "app login", text: `comes back to http://127\.0\.0\.1:\d+/auth/callback: the app has another AppURL`, do: `^Set AUTHROCKET_APP_URL to the one address`},
		{name: "the app has another LoginRocket", change: func(s *shop) { s.env["LOGINROCKET_URL"] = newShop(s.t).realm.URL() }, exit: 1, check: "app login", text: `^The app sends browsers to http://127\.0\.0\.1:\d+/login, but LOGINROCKET_URL is`, do: `^Start the app with this environment`},
		{name: "a route of the app has taken the login", app: taken("/auth/login", 405), exit: 1, check: "app login", text: `/auth/login answers 405 Method Not Allowed, and does not redirect to LoginRocket`, do: `Config\.AuthPath`},

		{name: "the wrong API key", change: set("AUTHROCKET_API_KEY", "ks_anders0123456789abcdef"), exit: 1, check: "core api", text: `^The API key may not read users`, do: `^Set AUTHROCKET_API_KEY`},
		{name: "an API key of another kind", change: set("AUTHROCKET_API_KEY", "jsk_geheim0123456789"), exit: 1, check: "core api", text: `^AUTHROCKET_API_KEY is a secret for login tokens`},
		{name: "an API key that only reads", change: set("AUTHROCKET_API_KEY", shopReadOnlyKey), args: []string{"-write"}, exit: 1, check: "core api", text: `^The API key may not write users`},
		{name: "an API key that only reads, where writing is not tried", change: set("AUTHROCKET_API_KEY", shopReadOnlyKey), check: "core api", status: "ok", text: `can read users`},
		{name: "LoginRocket as the URL of the API", change: func(s *shop) { s.env["AUTHROCKET_URL"] = s.env["LOGINROCKET_URL"] + "/v2" }, exit: 1, check: "core api", text: `is not the Core API`, do: `^Set AUTHROCKET_URL`},
		{name: "the API on the wrong port", change: func(s *shop) { s.env["AUTHROCKET_URL"] = "http://127.0.0.1:" + closedPort + "/v2" }, exit: 1, check: "core api", text: `^No server listens at`},
		{name: "no API", change: func(s *shop) { delete(s.env, "AUTHROCKET_URL"); delete(s.env, "AUTHROCKET_API_KEY") }, check: "core api", status: "skipped", text: `Logins need neither`},

		{name: "another secret of the webhook", change: func(s *shop) {
			s.env["AUTHROCKET_WEBHOOK_URL"] = strings.Replace(s.serveWebhook(webhookSecret), webhookSecret, "Zt4bN7vC2xMq9wRk5yHs8dLp3fJg6UaE", 1)
		}, exit: 1, check: "webhook", text: `answers 404 Not Found to a ping with the secret`, do: `^Add the secret in the URL to Config\.Secrets`},
		{name: "a webhook that compares no secret", change: func(s *shop) { s.env["AUTHROCKET_WEBHOOK_URL"] = s.serveWebhook("") }, exit: 1, check: "webhook", text: `^It also accepts a ping with a wrong secret`},
		{name: "a webhook without a secret", change: func(s *shop) { s.env["AUTHROCKET_WEBHOOK_URL"] = "http://127.0.0.1:1/hooks" }, exit: 1, check: "webhook", text: `has no secret`},
		{name: "a webhook whose secret goes in the clear", args: []string{"-webhook", "http://authrocket:" + webhookSecret + "@192.0.2.1/hooks"}, exit: 1, check: "webhook", text: `its secret would be sent unencrypted`, do: `^Use https`},
		{name: "a webhook behind a gate", change: func(s *shop) {
			s.env["AUTHROCKET_WEBHOOK_URL"] = strings.Replace(s.env["AUTHROCKET_APP_URL"], "//", "//a:"+webhookSecret+"@", 1) + "/hooks"
		}, exit: 1, check: "webhook", text: `/hooks answers 404`},
		{name: "a webhook that redirects", change: func(s *shop) {
			s.env["AUTHROCKET_WEBHOOK_URL"] = strings.Replace(s.serveStatus(307), "//", "//a:"+webhookSecret+"@", 1)
		}, exit: 1, check: "webhook", text: `a redirect, which AuthRocket treats as a failure`},
		{name: "a webhook with the secret in its path", change: func(s *shop) {
			s.env["AUTHROCKET_WEBHOOK_URL"] = s.serveWebhook(webhookSecret, "/hooks/"+webhookSecret)
		}, check: "webhook", status: "ok", text: `/hooks/\.\.\. accepts a ping with the secret`},
		{name: "a webhook with the secret in the middle of its path", change: func(s *shop) {
			s.env["AUTHROCKET_WEBHOOK_URL"] = s.serveWebhook(webhookSecret, "/"+webhookSecret+"/hooks")
		}, check: "webhook", status: "ok", text: `/\.\.\./hooks accepts a ping with the secret`},
		{name: "a webhook with the secret in its query", change: func(s *shop) {
			s.env["AUTHROCKET_WEBHOOK_URL"] = s.serveWebhook(webhookSecret, "/hooks?secret="+webhookSecret)
		}, check: "webhook", status: "ok", text: `/hooks accepts a ping with the secret`},
		{name: "no webhook there", change: func(s *shop) {
			s.env["AUTHROCKET_WEBHOOK_URL"] = "http://a:" + webhookSecret + "@127.0.0.1:" + closedPort + "/hooks"
		}, exit: 1, check: "webhook", text: `^No server listens at`},
		{name: "a webhook that breaks off", change: func(s *shop) {
			s.env["AUTHROCKET_WEBHOOK_URL"] = s.serve(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }) + "/hooks/" + webhookSecret
		}, exit: 3, check: "webhook", text: `does not answer: EOF$`},
		{name: "a webhook that is no URL", args: []string{"-webhook", webhookSecret}, exit: 1, check: "webhook", text: `^-webhook is not an http or https URL`},

		{name: "an API without login routes", args: []string{"-api"}, change: set("AUTHROCKET_APP_URL", ""), check: "app", status: "skipped", text: `-api`},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			s := newShopWithoutApp(t, func(c *authrockettest.RealmConfig) {
				if row.realm != nil {
					row.realm(c)
				}
			})
			s.secrets = append(s.secrets, webhookSecret, "geheim", "anders0123456789")
			s.serveApp(row.app)
			token := ""
			if row.withToken {
				token = s.token(row.options...)
				row.args = append(row.args, "-token")
			}
			if row.change != nil {
				row.change(s)
			}
			if row.status == "" {
				row.status = map[int]string{1: "wrong", 3: "unknown"}[row.exit]
			}
			exit, r := s.doctor(token, row.args...)
			if exit != row.exit {
				t.Errorf("got exit status %d, want %d: %+v", exit, row.exit, r.others())
			}
			isFound := false
			for status := range strings.SplitSeq(row.status, "|") {
				for _, f := range r.of(row.check, status) {
					isFound = isFound || regexp.MustCompile(row.text).MatchString(f.Text) && regexp.MustCompile(row.do).MatchString(f.Do)
				}
			}
			if !isFound {
				t.Errorf("no finding of %q is %s %q -> %q: %+v", row.check, row.status, row.text, row.do, r.Checks)
			}
			if others := r.others(append(row.also, row.check)...); len(others) > 0 {
				t.Errorf("also: %+v", others)
			}
		})
	}
}

// header adds a header to the right answer.
func header(name, value string) authrockettest.Fault {
	return func(w http.ResponseWriter, r *http.Request, healthy http.Handler) {
		w.Header().Set(name, value)
		healthy.ServeHTTP(w, r)
	}
}

// taken is an app that answers a path, or all with "/", before the login routes.
func taken(path string, status int) func(*authrocket.Auth) http.Handler {
	return func(auth *authrocket.Auth) http.Handler {
		next := auth.Authenticate(http.NotFoundHandler())
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if path == "/" || r.URL.Path == path {
				w.WriteHeader(status)
				return
			}
			next.ServeHTTP(w, r)
		})
	}
}

const webhookSecret = "hK7vQ2mX9pLw4RtZ8cNb3YsD6fJg1AuE"

// serveWebhook serves a webhook that takes the secret, or any with "", and returns its URL:
// at the path, or with the secret as its password.
func (s *shop) serveWebhook(secret string, path ...string) string {
	url := s.serve(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		_, password, _ := r.BasicAuth()
		if secret != "" && password != secret && r.URL.Query().Get("secret") != secret && !strings.Contains(r.URL.Path+"/", "/"+secret+"/") {
			http.NotFound(w, r)
			return
		}
		if r.Method != http.MethodPost || !strings.Contains(string(body), `"event_type":"ping"`) {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	})
	if len(path) > 0 {
		return url + path[0]
	}
	return strings.Replace(url, "//", "//authrocket:"+webhookSecret+"@", 1) + "/hooks"
}

func (s *shop) serveStatus(status int) string {
	return s.serve(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", "/elsewhere")
		w.WriteHeader(status)
	})
}

func (s *shop) serve(handler http.HandlerFunc) (url string) {
	server := httptest.NewServer(handler)
	s.t.Cleanup(server.Close)
	return server.URL
}

func TestDoctorOnTLS(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name    string
		trusted bool
		host    string
		exit    int
		status  string
		text    string
	}{
		{name: "a certificate that is trusted", trusted: true, host: "127.0.0.1", status: "ok", text: `^TLS 1\.3, and the certificate expires in \d+ days\.$`},
		{name: "an unknown authority", host: "127.0.0.1", exit: 1, status: "wrong", text: `does not trust the authority`},
		{name: "a certificate for another host", trusted: true, host: "localhost", exit: 1, status: "wrong", text: `is not for localhost`},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			s := newShop(t)
			server := httptest.NewUnstartedServer(s.loginRocket.Config.Handler)
			server.Config.ErrorLog = quiet
			server.StartTLS()
			t.Cleanup(server.Close)
			s.env["LOGINROCKET_JWKS_URL"] = strings.Replace(server.URL, "127.0.0.1", row.host, 1) + "/connect/jwks"
			if row.trusted {
				name := filepath.Join(t.TempDir(), "ca.pem")
				if err := os.WriteFile(name, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}), 0o600); err != nil {
					t.Fatal(err)
				}
				s.env["SSL_CERT_FILE"] = name
			}
			exit, r := s.doctor("")
			found := r.of("tls", row.status)
			if exit != row.exit || len(found) != 1 || !regexp.MustCompile(row.text).MatchString(found[0].Text) {
				t.Errorf("got %d, %+v", exit, r.Checks)
			}
		})
	}
}

func TestDoctorUsage(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name   string
		args   []string
		stdin  string
		status int
		stderr string
	}{
		{name: "an unknown flag", args: []string{"-port", "1"}, status: 2, stderr: "authrocket doctor: flag provided but not defined: -port; -h lists the flags\n"},
		{name: "an argument that is no flag", args: []string{"geheim"}, status: 2, stderr: "authrocket doctor: there is an argument that is not a flag; -h lists the flags\n"},
		{name: "a token behind its flag", args: []string{"-token=geheim"}, status: 2, stderr: "authrocket doctor: a flag that takes no value was given one; -h lists the flags\n"},
		{name: "no token where one should be", args: []string{"-token"}, status: 2, stderr: "authrocket doctor: there is no token on standard input; use, for example, authrocket login | authrocket explain\n"},
		{name: "no token, but far too much", args: []string{"-token"}, stdin: strings.Repeat("x", 70_000), status: 2, stderr: "authrocket doctor: standard input has a line of more than 65536 bytes, which is not a token; check the input\n"},
		{name: "help", args: []string{"-h"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			o := runIn(t, nil, row.stdin, append([]string{"doctor"}, row.args...)...)
			if o.status != row.status || o.stderr != row.stderr || (o.stdout != "") != (row.status == 0) {
				t.Errorf("got %d, %q, %q", o.status, o.stdout, o.stderr)
			}
		})
	}
	t.Run("an empty environment", func(t *testing.T) {
		o := runIn(t, nil, "", "doctor")
		if o.status != 1 || !strings.Contains(o.stdout, "wrong    config        LOGINROCKET_URL is missing.") {
			t.Errorf("got %d, %s%s", o.status, o.stdout, o.stderr)
		}
	})
}

// What others send moves no cursor.
func TestDoctorShowsNoControlCharacters(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.realm.Break(authrockettest.Body("application/json", `{"keys":[{"kty":"\u001b[2J\u202e","kid":"\u009b31m"}]}`))
	for _, args := range [][]string{{"doctor"}, {"doctor", "-json"}} {
		o := s.run("", args...)
		if o.status != 1 || strings.ContainsAny(o.stdout, "\x1b\u009b\u202e") || !strings.Contains(o.stdout, `202e`) {
			t.Errorf("got %d, %q", o.status, o.stdout)
		}
	}
}
