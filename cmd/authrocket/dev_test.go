package main_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/authrockettest"
)

func TestDemo(t *testing.T) {
	t.Parallel()
	p := start(t)
	client := newClient(t)

	printed := p.stdout.String()
	for _, want := range []string{
		"The local LoginRocket is at " + p.url + ".", "\nAUTHROCKET_REALM=rl_local\n", p.url + "/outbox\n",
		"ada@example.com / engine", "george@example.com / trains", "Analytical Engines [ar:owner billing:write], Widgets Inc\n",
	} {
		if !strings.Contains(printed, want) {
			t.Errorf("%q is missing in\n%s", want, printed)
		}
	}
	if strings.Contains(printed, "AUTHROCKET_JWT_KEY") {
		t.Errorf("a key is printed that apps fetch:\n%s", printed)
	}
	if status, body := p.get(client, "/healthz"); status != 200 || body != "ok\n" {
		t.Errorf("/healthz: got %d %q", status, body)
	}
	if _, body := p.get(client, "/outbox"); !strings.Contains(body, "grace@example.com") || !strings.Contains(body, p.url+"/signup?invitation=") {
		t.Errorf("the invitation of the seed is not in the outbox:\n%s", body)
	}
	session := verify(t, authrocket.Config{LoginRocketURL: p.url, RealmID: "rl_local"}, p.logIn(client))
	if m, _ := session.Membership(); session.User.Name != "George Stephenson" || m.Org.Name != "Widgets Inc" {
		t.Errorf("got %+v of %+v", session.User, m)
	}
}

// verify is what an app does that has the printed variables.
func verify(t *testing.T, config authrocket.Config, token string) authrocket.Session {
	t.Helper()
	config.DisableCookie = true
	auth, err := authrocket.New(config)
	if err != nil {
		t.Fatal(err)
	}
	authrockettest.Warm(t, auth)
	session, err := auth.Verify(t.Context(), token)
	if err != nil {
		t.Fatal(err)
	}
	return session
}

func claimsOf(t *testing.T, token string) map[string]any {
	t.Helper()
	payload, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
	if err != nil {
		t.Fatal(err)
	}
	var claims map[string]any
	if err := json.Unmarshal(payload, &claims); err != nil {
		t.Fatal(err)
	}
	return claims
}

func TestLog(t *testing.T) {
	t.Parallel()
	p := start(t, "-jwks", "disconnect")
	client := newClient(t)
	p.get(client, "/login?redirect_uri=http%3A%2F%2F127.0.0.1%2F&secret=s3cret")
	p.get(client, "/nothing?secret=s3cret")
	if _, err := client.Get(p.url + "/connect/jwks"); err == nil {
		t.Error("the key set answers")
	}
	p.find(p.stderr, `level=INFO msg=request method=GET path=/login status=200 duration=\d`)
	p.find(p.stderr, `level=INFO msg=request method=GET path=/nothing status=404 duration=\d`)
	p.find(p.stderr, `level=INFO msg=request method=GET path=/connect/jwks status=aborted duration=\d`)
	token := p.logIn(newClient(t))
	p.find(p.stderr, `method=POST path=/login status=302 duration=\d`)
	for _, secret := range []string{"s3cret", "redirect_uri", "?", token, "trains", "george"} {
		if strings.Contains(p.stderr.String(), secret) {
			t.Errorf("%q is in the log:\n%s", secret, p.stderr)
		}
	}
}

func TestFaults(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		fault  string
		status int
		body   string // the beginning
	}{
		{fault: "ok", status: 200, body: `{"keys":[{`},
		{fault: "500", status: 500},
		{fault: "empty", status: 200, body: `{"keys":[]}`},
		{fault: "garbage", status: 200, body: "\x00"},
		{fault: "10ms", status: 200, body: `{"keys":[{`},
	} {
		t.Run(row.fault, func(t *testing.T) {
			t.Parallel()
			p := start(t, "-jwks", row.fault)
			status, body := p.get(newClient(t), "/connect/jwks")
			if status != row.status || !strings.HasPrefix(body, row.body) || (row.body == "") != (body == "") {
				t.Errorf("got %d %q, want %d with %q", status, body, row.status, row.body)
			}
		})
	}
	t.Run("a minute late", func(t *testing.T) {
		t.Parallel()
		p := start(t, "-jwks", "1m")
		ctx, giveUp := context.WithCancel(t.Context())
		defer giveUp()
		ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteRequest: func(httptrace.WroteRequestInfo) {
			time.AfterFunc(100*time.Millisecond, giveUp)
		}})
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, p.url+"/connect/jwks", nil)
		if err != nil {
			t.Fatal(err)
		}
		if resp, err := newClient(t).Do(req); err == nil {
			resp.Body.Close()
			t.Error("the key set answers at once")
		}
		p.find(p.stderr, `path=/connect/jwks`)
	})
}

func TestTokens(t *testing.T) {
	t.Parallel()
	t.Run("HS256", func(t *testing.T) {
		t.Parallel()
		p := start(t, "-algorithm", "HS256")
		key := p.find(p.stdout, `(?m)^AUTHROCKET_JWT_KEY=(jsk_\S+)$`)
		verify(t, authrocket.Config{JWTKey: key, RealmID: "rl_local"}, p.logIn(newClient(t)))
	})
	t.Run("lifetime", func(t *testing.T) {
		t.Parallel()
		p := start(t, "-token-lifetime", "90s")
		claims := claimsOf(t, p.logIn(newClient(t)))
		issued, _ := claims["iat"].(float64)
		expires, _ := claims["exp"].(float64)
		if expires-issued != 90 {
			t.Errorf("a token lasts %v seconds", expires-issued)
		}
	})
	t.Run("clock skew", func(t *testing.T) {
		t.Parallel()
		p := start(t, "-clock-skew", "-1h")
		before := time.Now()
		claims := claimsOf(t, p.logIn(newClient(t)))
		after := time.Now()
		seconds, _ := claims["iat"].(float64)
		issued := time.Unix(int64(seconds), 0).Add(time.Hour)
		if issued.Before(before.Truncate(time.Second)) || issued.After(after) {
			t.Errorf("a token of the time from %s to %s is, an hour later, of %s", before, after, issued)
		}
	})
	t.Run("omitted claims", func(t *testing.T) {
		t.Parallel()
		p := start(t, "-omit", "email_verified, preferred_username,orgs")
		claims := claimsOf(t, p.logIn(newClient(t)))
		for name, want := range map[string]bool{"email_verified": false, "preferred_username": false, "orgs": false, "email": true, "sid": true} {
			if _, got := claims[name]; got != want {
				t.Errorf("the claim %s is there: %t, want %t", name, got, want)
			}
		}
	})
	t.Run("the same token again", func(t *testing.T) {
		t.Parallel()
		p := start(t, "-reissue-tokens")
		client := newClient(t)
		if first := p.logIn(client); p.again(client) != first {
			t.Error("the second token is another one")
		}
	})
}

func TestRotation(t *testing.T) {
	t.Parallel()
	keyIDs := func(p *program, client *http.Client) []string {
		var set struct {
			Keys []struct{ Kid string }
		}
		_, body := p.get(client, "/connect/jwks")
		if err := json.Unmarshal([]byte(body), &set); err != nil {
			t.Fatal(err)
		}
		var ids []string
		for _, key := range set.Keys {
			ids = append(ids, key.Kid)
		}
		return ids
	}
	for _, row := range []struct {
		name     string
		overlap  string
		keepsOld bool
	}{
		{name: "the old key goes at once", overlap: "0s"},
		{name: "the old key stays for a while", overlap: "20s", keepsOld: true},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			p := start(t, "-rotate-keys", "1s", "-key-overlap", row.overlap)
			client := newClient(t)
			first := keyIDs(p, client)[0]
			poll := time.NewTicker(20 * time.Millisecond)
			defer poll.Stop()
			for deadline := time.Now().Add(maxWait); ; <-poll.C {
				ids := keyIDs(p, client)
				if ids[len(ids)-1] != first {
					if keepsOld := len(ids) > 1; keepsOld != row.keepsOld {
						t.Errorf("after a rotation of %s the keys are %q", first, ids)
					}
					break
				}
				if time.Now().After(deadline) {
					t.Fatal("nothing is rotated")
				}
			}
		})
	}
}

func TestStop(t *testing.T) {
	t.Parallel()
	for _, signal := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		t.Run(signal.String()+" ends the program well", func(t *testing.T) {
			t.Parallel()
			p := start(t, "-jwks", "hang", "-rotate-keys", "1s")
			// Browsers connect ahead of requests that they may never make.
			silent, err := net.Dial("tcp", strings.TrimPrefix(p.url, "http://"))
			if err != nil {
				t.Fatal(err)
			}
			defer silent.Close()
			hangs := make(chan struct{})
			client := newClient(t)
			go func() {
				defer close(hangs)
				if resp, err := client.Get(p.url + "/connect/jwks"); err == nil {
					io.Copy(io.Discard, resp.Body)
					resp.Body.Close()
				}
			}()
			p.get(newClient(t), "/healthz")
			if err := p.cmd.Process.Signal(signal); err != nil {
				t.Fatal(err)
			}
			if got := p.exitCode(); got != 0 {
				t.Errorf("got exit code %d, want 0\n%s", got, p.stderr)
			}
			<-hangs
		})
	}
}

func TestURL(t *testing.T) {
	t.Parallel()
	t.Run("the printed one is that of the flag", func(t *testing.T) {
		t.Parallel()
		p := begin(t, "-addr", "127.0.0.1:0", "-url", "https://login.example.com/")
		if got := p.find(p.stdout, `(?m)^LOGINROCKET_URL=(\S+)$`); got != "https://login.example.com" {
			t.Errorf("got %s", got)
		}
	})
	t.Run("the host is that of the address", func(t *testing.T) {
		t.Parallel()
		p := begin(t, "-addr", "127.0.0.2:0")
		p.find(p.stdout, `(?m)^LOGINROCKET_URL=http://127\.0\.0\.2:\d+$`)
	})
	t.Run("a site that points here is refused", func(t *testing.T) {
		t.Parallel()
		p := start(t)
		req, err := http.NewRequest("GET", p.url+"/outbox", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Host = "evil.example"
		resp, err := newClient(t).Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusMisdirectedRequest {
			t.Errorf("got %d", resp.StatusCode)
		}
	})
	t.Run("every address with the dangerous flag", func(t *testing.T) {
		t.Parallel()
		p := begin(t, "-addr", "0.0.0.0:0", "-dangerously-listen-everywhere")
		p.url = p.find(p.stdout, `(?m)^LOGINROCKET_URL=(http://localhost:\d+)$`)
		if status, _ := p.get(newClient(t), "/healthz"); status != 200 {
			t.Errorf("got %d", status)
		}
	})
}

func TestSeedFile(t *testing.T) {
	t.Parallel()
	write := func(text string) string {
		name := filepath.Join(t.TempDir(), "seed.json")
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	t.Run("takes the place of the demo", func(t *testing.T) {
		t.Parallel()
		p := start(t, "-seed", write(`{"realm": {"id": "rl_mine", "algorithm": "HS256"}, "users": [{"email": "grace@example.com", "password": "geheim"}]}`))
		printed := p.stdout.String()
		for text, want := range map[string]bool{
			"AUTHROCKET_REALM=rl_mine\n": true, "AUTHROCKET_JWT_KEY=jsk_": true, "grace@example.com": true, "geheim": false, "ada@example.com": false,
		} {
			if strings.Contains(printed, text) != want {
				t.Errorf("%q is printed: %t, want %t:\n%s", text, !want, want, printed)
			}
		}
	})
	t.Run("flags go first", func(t *testing.T) {
		t.Parallel()
		p := start(t, "-algorithm", "RS256", "-seed", write(`{"realm": {"algorithm": "HS256"}}`))
		if strings.Contains(p.stdout.String(), "AUTHROCKET_JWT_KEY") {
			t.Errorf("the realm has a secret:\n%s", p.stdout)
		}
	})
	t.Run("all mistakes are reported", func(t *testing.T) {
		t.Parallel()
		name := write(`{"user": [], "users": [{"email": "ada", "password": 1}]}`)
		p := begin(t, "-seed", name)
		want := "authrocket dev: -seed " + name + ":\n" +
			`there is no member "user" here; there are invitations, orgs, realm, users` + "\n" +
			"users[0].email: is not an email address\nusers[0].password: want a string, got a number\n"
		if code := p.exitCode(); code != 1 || p.stderr.String() != want || p.stdout.String() != "" {
			t.Errorf("got exit code %d, %s%s", code, p.stdout, p.stderr)
		}
	})
	t.Run("an HS256 realm has no keys to rotate", func(t *testing.T) {
		t.Parallel()
		p := begin(t, "-rotate-keys", "1m", "-seed", write(`{"realm": {"algorithm": "HS256"}}`))
		if code := p.exitCode(); code != 1 || !strings.HasPrefix(p.stderr.String(), "authrocket dev: -rotate-keys: an HS256 realm") {
			t.Errorf("got exit code %d, %s", code, p.stderr)
		}
	})
}

func TestArguments(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	taken := listener.Addr().String()
	const notLoopback = ": other machines could reach it and log in as any user; use localhost, or set -dangerously-listen-everywhere\n"
	const notRoute = " is not METHOD /v2/... with the method GET, POST, PUT or DELETE; use, for example, only:POST /v2/users:500"
	const noFault = "is not a fault; use a status from 200 to 599, a delay up to 1m0s, hang, garbage, disconnect, clock:duration, done:fault, every:number:fault or only:route:fault"
	const notOrigin = "-url is not an origin; use scheme, host and port only, for example http://localhost:8081, without the default ports 80 and 443\n"

	for _, row := range []struct {
		name   string
		args   []string
		code   int
		stderr string
	}{
		{name: "the port is taken", args: []string{"-addr", taken}, code: 1, stderr: "-addr " + taken + ": listen tcp " + taken + ": bind: address already in use; choose another one with -addr\n"},
		{name: "an address without a port", args: []string{"-addr", "localhost"}, code: 1, stderr: `-addr "localhost" is not host:port; use, for example, localhost:8081` + "\n"},
		{name: "a port that is none", args: []string{"-addr", "localhost:http"}, code: 1, stderr: `-addr "localhost:http" is not host:port; use, for example, localhost:8081` + "\n"},
		{name: "every address", args: []string{"-addr", ":0"}, code: 1, stderr: "-addr :0" + notLoopback},
		{name: "every address of IPv4", args: []string{"-addr", "0.0.0.0:0"}, code: 1, stderr: "-addr 0.0.0.0:0" + notLoopback},
		{name: "a URL with a path", args: []string{"-url", "http://localhost:8081/x"}, code: 1, stderr: notOrigin},
		{name: "a URL with a password", args: []string{"-url", "http://a:geheim@localhost"}, code: 1, stderr: notOrigin},
		{name: "a URL with the port of its scheme", args: []string{"-url", "http://localhost:80"}, code: 1, stderr: notOrigin},
		{name: "a URL with the port of its scheme and another mistake", args: []string{"-url", "https://login.example:443/", "-algorithm", "none"}, code: 1, stderr: notOrigin + "-algorithm \"none\" is neither RS256 nor HS256\n"},
		{name: "a URL without a scheme", args: []string{"-url", "localhost:8081"}, code: 1, stderr: notOrigin},
		{name: "the port of the Core API is taken", args: []string{"-core-addr", taken}, code: 1, stderr: "-core-addr " + taken + ": listen tcp " + taken + ": bind: address already in use; choose another one with -core-addr\n"},
		{name: "every address for the Core API", args: []string{"-core-addr", ":0"}, code: 1, stderr: "-core-addr :0" + notLoopback},
		{name: "a key that lost its flag", args: []string{"ks_geheim0123456789"}, code: 1, stderr: `unexpected argument "..."; -h lists the flags` + "\n"},
		{name: "mistakes about the Core API together", args: []string{
			"-jwks", "99", "-core-addr", "8083", "-core-host", "http://authrocket", "-api-key", "ks_geheim", "-read-only-api-key", "geheim0123456789geheim", "-visible-after", "-1s",
			"-core-fault", "maybe", "-core-fault", "every:0:500", "-core-fault", "every:2:maybe", "-core-fault", "only:POST:500", "-core-fault", "only:GET /v2/{:500",
			"-core-fault", "clock:noon", "-core-fault", "done:61s", "-core-requests-per-minute", "0", "-webhook", "http://ann:geheim@example.com/", "-webhook-fault", "lose:0",
		}, code: 1, stderr: `-jwks "99" is not a fault; use ok, a status from 200 to 599, a delay up to 1m0s, hang, garbage, empty or disconnect
-core-addr "8083" is not host:port; use, for example, localhost:8081
-core-host "http://authrocket" is not host:port in lower case; use, for example, authrocket:8083
-api-key is not an API key; use ks_ and at least 16 characters out of A-Z a-z 0-9 _ -
-read-only-api-key is not an API key; use ks_ and at least 16 characters out of A-Z a-z 0-9 _ -
-visible-after -1s is negative
-core-requests-per-minute 0 is neither a positive number nor -1, which means no limit
-core-fault "maybe" ` + noFault + `
-core-fault: every:"0" has no positive whole number; use, for example, every:3:500
-core-fault "maybe" ` + noFault + `
-core-fault: only:"POST"` + notRoute + `
-core-fault: only:"GET /v2/{"` + notRoute + `
-core-fault: clock:"noon" is not clock: with a duration; use, for example, clock:1h
-core-fault "61s" ` + noFault + `
-webhook is not an http URL on loopback, for example http://localhost:8082/hooks
-webhook-fault "lose:0" is not a fault; use lose:number, twice or reverse
`},
		{name: "routes that no request has", args: []string{
			"-core-fault", "only:GET/v2/users:500", "-core-fault", "only:get /v2/orgs:500", "-core-fault", "only:/v2/users:500", "-core-fault", "only:PATCH /v2/users:500", "-core-fault", "only:GET /v3/users:500",
		}, code: 1, stderr: `-core-fault: only:"GET/v2/users"` + notRoute + `
-core-fault: only:"get /v2/orgs"` + notRoute + `
-core-fault: only:"/v2/users"` + notRoute + `
-core-fault: only:"PATCH /v2/users"` + notRoute + `
-core-fault: only:"GET /v3/users"` + notRoute + `
`},
		{name: "conditions without a fault", args: []string{"-core-fault", "every:3", "-core-fault", "done:", "-core-fault", "only:GET /v2/users"}, code: 1,
			stderr: `-core-fault: the fault after "every:3" is missing; use, for example, every:3:500
-core-fault: the fault after "done:" is missing; use, for example, done:500
-core-fault: the fault after "only:GET /v2/users" is missing; use, for example, only:GET /v2/users:500
`},
		{name: "one key for reading and writing", args: []string{"-api-key", "ks_geheim0123456789", "-read-only-api-key", "ks_geheim0123456789"}, code: 1, stderr: "-read-only-api-key is the same as -api-key, which can write; use another key\n"},
		{name: "flags of a Core API that is off", args: []string{"-core-addr", "", "-api-key", "ks_geheim0123456789", "-configuration-api"}, code: 1,
			stderr: "-api-key has no effect with an empty -core-addr\n-configuration-api has no effect with an empty -core-addr\n"},
		{name: "faults of no webhooks", args: []string{"-webhook-fault", "twice"}, code: 1, stderr: "-webhook-fault has no effect without -webhook\n"},
		{name: "an argument that is no flag", args: []string{"serve"}, code: 1, stderr: `unexpected argument "serve"; -h lists the flags` + "\n"},
		{name: "an unknown flag", args: []string{"-port", "1"}, code: 1, stderr: "flag provided but not defined: -port; -h lists the flags\n"},
		{name: "a duration that is none", args: []string{"-clock-skew", "5"}, code: 1, stderr: `invalid value "5" for flag -clock-skew: parse error; -h lists the flags` + "\n"},
		{name: "a seed that is not there", args: []string{"-seed", "/nowhere.json"}, code: 1, stderr: "-seed: open /nowhere.json: no such file or directory\n"},
		{name: "mistakes together", args: []string{
			"-jwks", "99", "-rotate-keys", "1ms", "-key-overlap", "-1s", "-token-lifetime", "0s", "-algorithm", "none", "-omit", "mail,,sub",
		}, code: 1, stderr: `-jwks "99" is not a fault; use ok, a status from 200 to 599, a delay up to 1m0s, hang, garbage, empty or disconnect
-rotate-keys 1ms is less than 1s
-key-overlap -1s is negative
-token-lifetime 0s is less than 1s
-algorithm "none" is neither RS256 nor HS256
-omit: there is no claim "mail"; use some of iss, sub, rid, sid, iat, exp, name, given_name, family_name, preferred_username, email, email_verified, locale, ref, cs, orgs
-omit: there is no claim ""; use some of iss, sub, rid, sid, iat, exp, name, given_name, family_name, preferred_username, email, email_verified, locale, ref, cs, orgs
`},
		{name: "an overlap of nothing", args: []string{"-key-overlap", "1s"}, code: 1, stderr: "-key-overlap has no effect without -rotate-keys\n"},
		{name: "too many keys at a time", args: []string{"-rotate-keys", "1s", "-key-overlap", "21s"}, code: 1, stderr: "-key-overlap 21s is more than 20 times -rotate-keys: the key set would be too large\n"},
		{name: "a key set that is too late", args: []string{"-jwks", "61s"}, code: 1, stderr: `-jwks "61s" is not a fault`},
		{name: "help", args: []string{"-h"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			p := begin(t, row.args...)
			if got := p.exitCode(); got != row.code {
				t.Errorf("got exit code %d, want %d", got, row.code)
			}
			got := p.stderr.String()
			switch {
			case row.code == 0:
				if got != "" || !strings.Contains(p.stdout.String(), "-dangerously-listen-everywhere\n    \tpermit any address in -addr and -core-addr: anyone who can reach it can read all emails and log in as any user") {
					t.Errorf("got %s%s", p.stdout, got)
				}
			case !strings.HasPrefix(got, "authrocket dev: "+row.stderr), p.stdout.String() != "":
				t.Errorf("got %q, want %q", got, row.stderr)
			case strings.Contains(got, "geheim"):
				t.Errorf("a secret is in the error:\n%s", got)
			}
		})
	}
}

// The docs have every flag, and no other.
func TestFlagsAreInTheDocs(t *testing.T) {
	t.Parallel()
	docs, err := os.ReadFile("../../docs/local-authrocket.md")
	if err != nil {
		t.Fatal(err)
	}
	p := begin(t, "-h")
	if code := p.exitCode(); code != 0 {
		t.Fatalf("got exit code %d", code)
	}
	names := func(expression, text string) []string {
		var found []string
		for _, match := range regexp.MustCompile(expression).FindAllStringSubmatch(text, -1) {
			found = append(found, match[1])
		}
		slices.Sort(found)
		return found
	}
	flags := names(`(?m)^  -([a-z-]+)`, p.stdout.String())
	documented := names("(?m)^\\| `-([a-z-]+)", string(docs))
	if len(flags) == 0 || !slices.Equal(flags, documented) {
		t.Errorf("the docs have %q, the program has %q", documented, flags)
	}
}
