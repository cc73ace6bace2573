package authrocket_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/authrockettest"
)

var sessionHash = regexp.MustCompile(`^[0-9a-f]{16}$`)

func TestObserverDecisions(t *testing.T) {
	t.Parallel()
	type decision = authrocket.Decision
	s, e := newObservedSite(t)
	ok := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	gate := s.auth.RequireLogin(ok)
	byCookie, inside := decision{Allowed: true, Source: authrocket.SourceCookie}, decision{Gate: true, Allowed: true, Source: authrocket.SourceCookie}
	malformed := func(isGate bool) decision {
		return decision{Gate: isGate, Reason: "token_malformed", Err: authrocket.ErrTokenMalformed, Source: authrocket.SourceBearer}
	}
	for _, row := range []struct {
		name    string
		request *http.Request
		handler http.Handler
		want    []decision
		isKnown bool // there is a session
	}{
		{name: "nobody on an open route", request: request("GET", "/"), handler: ok, want: []decision{{Reason: "no_token", Err: authrocket.ErrNoToken, Source: authrocket.SourceNone}}},
		{name: "a cookie on an open route", request: s.signedIn("/"), handler: ok, want: []decision{byCookie}, isKnown: true},
		{name: "a broken cookie on an open route", request: s.signedIn("/", setHeader("crit", 1)), handler: ok,
			want: []decision{{Reason: "critical_header", Err: authrocket.ErrCriticalHeader, Source: authrocket.SourceCookie}}},
		{name: "a bearer token on an open route", request: withBearer(request("GET", "/"), s.realm.Token(s.ada)), handler: ok,
			want: []decision{{Allowed: true, Source: authrocket.SourceBearer}}, isKnown: true},
		{name: "a gate that lets through", request: s.signedIn("/"), handler: gate, want: []decision{byCookie, inside}, isKnown: true},
		{name: "a gate that refuses a known user", request: s.signedIn("/"), handler: s.auth.Require(authrocket.Permission("missing"))(ok),
			want: []decision{byCookie, {Gate: true, Reason: "permission_denied", Err: authrocket.ErrPermissionDenied, Source: authrocket.SourceCookie}}, isKnown: true},
		{name: "a gate that refuses an unknown token", request: withBearer(request("GET", "/"), "x"), handler: gate, want: []decision{malformed(false), malformed(true)}},
	} {
		t.Run(row.name, func(t *testing.T) {
			e.decisions = nil
			serve(s.auth.Authenticate(row.handler), row.request)
			if len(e.decisions) != len(row.want) {
				t.Fatalf("got %+v, want %+v", e.decisions, row.want)
			}
			for i, got := range e.decisions {
				want := row.want[i]
				if !errors.Is(got.Err, want.Err) || (got.Err == nil) != (want.Err == nil) || sessionHash.MatchString(got.SessionHash()) != row.isKnown {
					t.Errorf("got %+v, want %+v", got, want)
				}
				if got.Gate != want.Gate || got.Allowed != want.Allowed || got.Reason != want.Reason || got.Source != want.Source || got.Method != http.MethodGet {
					t.Errorf("got %+v, want %+v of a GET", got, want)
				}
			}
		})
	}
}

// A path may hold what a route names org or invoice; a query may hold anything.
func TestDecisionsNameTheRouteNotThePath(t *testing.T) {
	t.Parallel()
	c, e := newObservedSite(t)
	ok := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	mux := http.NewServeMux()
	mux.Handle("POST /orgs/{org}/", c.auth.RequireLogin(ok))
	mux.Handle("/open", c.auth.Authenticate(ok))
	for _, row := range []struct {
		name            string
		handler         http.Handler
		request         *http.Request
		method, pattern string // of the last decision
	}{
		{name: "at a gate", handler: c.auth.Authenticate(mux), request: request(http.MethodPost, "/orgs/secret/?secret"), method: "POST", pattern: "POST /orgs/{org}/"},
		{name: "inside of the router", handler: mux, request: request(http.MethodHead, "/open?secret"), method: "HEAD", pattern: "/open"},
		{name: "before the router", handler: c.auth.Authenticate(ok), request: request(http.MethodGet, "/secret"), method: "GET"},
	} {
		e.decisions = nil
		serve(row.handler, row.request)
		last := e.decisions[len(e.decisions)-1]
		if last.Method != row.method || last.Pattern != row.pattern || strings.Contains(fmt.Sprintf("%+v", e.decisions), "secret") {
			t.Errorf("%s: got %+v, want %s %q, and nothing of the path", row.name, e.decisions, row.method, row.pattern)
		}
	}
}

func TestRefusalsOfTheLoginRoutesAreObserved(t *testing.T) {
	t.Parallel()
	c, e := newObservedSite(t)
	app := c.auth.Authenticate(http.NotFoundHandler())
	for _, row := range []struct {
		name, reason string
		request      *http.Request
	}{
		{name: "a sign-out from another site", request: request("POST", "/auth/logout?token=t", "Sec-Fetch-Site: cross-site"), reason: "cross_site"},
		{name: "an answer to the confirmation from another site", request: request("POST", "/auth/confirm", "Sec-Fetch-Site: cross-site"), reason: "cross_site"},
		{name: "a script at the end of a sign-out", request: navigate("/auth/logout/end", "Sec-Fetch-Mode: cors"), reason: "forbidden"},
		{name: "a script at the login", request: navigate("/auth/login", "Sec-Fetch-Mode: cors"), reason: "no_token"},
		{name: "a script at the callback", request: navigate("/auth/callback?token=t", "Sec-Fetch-Mode: cors"), reason: "no_token"},
		{name: "a prefetch of the login", request: navigate("/auth/login", "Sec-Purpose: prefetch"), reason: "prefetch"},
	} {
		e.decisions = nil
		serve(app, row.request)
		if len(e.decisions) != 1 || !e.decisions[0].Gate || e.decisions[0].Allowed || e.decisions[0].Reason != row.reason {
			t.Errorf("%s: got %+v, want one refusal for %s", row.name, e.decisions, row.reason)
		}
	}
}

func TestLogObserverNamesSessions(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	c := newSite(t, func(config *authrocket.Config) {
		config.Observer = authrocket.LogObserver(slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})))
	})
	app := c.auth.Authenticate(http.NotFoundHandler())
	token := c.realm.Token(c.ada)
	serve(app, withCookie(request(http.MethodGet, "/"), siteCookie, token))
	serve(app, comeBack(t, app, "/", token))
	serve(app, withCookie(request(http.MethodPost, "/auth/logout"), siteCookie, token))
	hashes := map[string]string{}
	for _, line := range logLines(t, &log) {
		if hash, _ := line["session_hash"].(string); hash != "" {
			hashes[line["msg"].(string)] = hash
		}
	}
	want := hashes["authrocket decision"]
	if !sessionHash.MatchString(want) || hashes["authrocket login"] != want || hashes["authrocket logout"] != want {
		t.Errorf("got %q, want one hash in a decision, the login and the logout", hashes)
	}
}

func TestObserverSessionHash(t *testing.T) {
	t.Parallel()
	s, e := newObservedSite(t)
	another := s.newAuth(t, func(c *authrocket.Config) { c.Observer = e.observer() })
	one, two := setClaim("sid", "kss_one"), setClaim("sid", "kss_two")
	hash := func(auth *authrocket.Auth, sid authrockettest.TokenOption) string {
		auth.Check(s.signedIn("/", sid))
		return e.decisions[len(e.decisions)-1].SessionHash()
	}
	first := hash(s.auth, one)
	if !sessionHash.MatchString(first) || strings.Contains(first, "kss") {
		t.Errorf("got %q, want 16 hexadecimal digits", first)
	}
	if got := hash(s.auth, one); got != first {
		t.Errorf("the same session: got %q, want %q", got, first)
	}
	if got := hash(s.auth, two); got == first {
		t.Errorf("another session has the same hash %q", got)
	}
	if got := hash(another, one); got == first {
		t.Errorf("the hash %q is not salted: another Auth has the same", got)
	}
	if got := hash(s.auth, withoutClaim("sid")); got != "" {
		t.Errorf("a session without ID: got %q, want none", got)
	}
}

func TestObserverKeyRefresh(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := &events{}
		c := newColdSite(t, func(c *authrocket.Config) { c.Observer = e.observer() })
		warm := func(fault authrockettest.Fault) authrocket.KeyRefresh {
			c.realm.Break(fault)
			c.auth.Warm(t.Context())
			synctest.Wait()
			return e.refreshes[len(e.refreshes)-1]
		}
		down := authrockettest.Status(http.StatusInternalServerError)
		if got := warm(down); got.Err == nil || !strings.Contains(got.Err.Error(), "500") || got.Keys != 0 || got.Age != 0 {
			t.Errorf("a failure without keys: got %+v", got)
		}
		if got := warm(nil); got.Err != nil || got.Keys != 1 || got.Age != 0 || got.Skipped != nil {
			t.Errorf("a good fetch: got %+v", got)
		}
		time.Sleep(3 * time.Minute)
		if got := warm(down); got.Err == nil || got.Keys != 1 || got.Age != 3*time.Minute {
			t.Errorf("a failure with keys: got %+v, want them with their age", got)
		}
		if got := warm(authrockettest.Body("application/json", strings.Replace(vectorJWK(`"n":"`+vectorN+`","e":"AQAB"`), "[", `[{"kty":"EC","kid":"a"},`, 1))); got.Err != nil || got.Keys != 1 || len(got.Skipped) != 1 {
			t.Errorf("an odd entry: got %+v, want it skipped", got)
		}
	})
}

func TestObserverLogins(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name, reason string
		started      bool
		option       authrockettest.TokenOption
		status       int
	}{
		{name: "a started login", started: true, option: withoutClaim("nonce"), status: http.StatusSeeOther},
		{name: "a started login with an expired token", started: true, option: authrockettest.ExpiresIn(-time.Hour), reason: "token_expired", status: http.StatusUnauthorized},
		{name: "a started login with a token of another realm", started: true, option: setClaim("rid", "rl_other"), reason: "wrong_realm", status: http.StatusUnauthorized},
		{name: "an unsolicited login", option: withoutClaim("nonce"), reason: "unsolicited_login", status: http.StatusSeeOther},
		{name: "an unsolicited login with an expired token", option: authrockettest.ExpiresIn(-time.Hour), reason: "token_expired", status: http.StatusUnauthorized},
	} {
		t.Run(row.name, func(t *testing.T) {
			c, e := newObservedSite(t)
			app := c.auth.Authenticate(http.NotFoundHandler())
			token := c.realm.Token(c.ada, row.option)
			r := navigate("/?token=" + token)
			if row.started {
				r = comeBack(t, app, "/", token)
			}
			if w := serve(app, r); w.Code != row.status {
				t.Errorf("got %d, want %d", w.Code, row.status)
			}
			if len(e.logins) != 1 {
				t.Fatalf("got %+v, want one login", e.logins)
			}
			got := e.logins[0]
			if got.Started != row.started || got.Reason != row.reason || authrocket.Reason(got.Err) != row.reason {
				t.Errorf("got %+v, want started %t, reason %q", got, row.started, row.reason)
			}
			if sessionHash.MatchString(got.SessionHash()) != (row.reason == "") {
				t.Errorf("got session hash %q for reason %q", got.SessionHash(), row.reason)
			}
		})
	}
}

func TestObserverLogouts(t *testing.T) {
	t.Parallel()
	s, e := newObservedSite(t)
	post := func(target string) *http.Request {
		return request(http.MethodPost, target, "Origin: https://example.com")
	}
	for _, row := range []struct {
		name            string
		request         *http.Request
		signedIn, local bool
	}{
		{name: "everywhere", request: s.as(s.ada, post("/auth/logout")), signedIn: true},
		{name: "here only", request: s.as(s.ada, post("/auth/logout?local=1")), signedIn: true, local: true},
		{name: "of nobody", request: post("/auth/logout")},
	} {
		e.logouts = nil
		serve(s.app(), row.request)
		if len(e.logouts) != 1 || e.logouts[0].Local != row.local || sessionHash.MatchString(e.logouts[0].SessionHash()) != row.signedIn {
			t.Errorf("%s: got %+v, want one, local %t, of a session %t", row.name, e.logouts, row.local, row.signedIn)
		}
	}
}

// logLines are what was logged, one object each.
func logLines(t *testing.T, log *bytes.Buffer) []map[string]any {
	t.Helper()
	var all []map[string]any
	for line := range strings.Lines(log.String()) {
		var fields map[string]any
		if err := json.Unmarshal([]byte(line), &fields); err != nil {
			t.Fatal(err)
		}
		all = append(all, fields)
	}
	return all
}

func TestLogObserver(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	for _, row := range []struct {
		name  string
		event func(authrocket.Observer)
		want  map[string]any
	}{
		{name: "an anonymous visitor", event: func(o authrocket.Observer) {
			o.Decision(ctx, authrocket.Decision{Reason: "no_token", Err: authrocket.ErrNoToken, Source: authrocket.SourceNone})
		}, want: map[string]any{"level": "DEBUG", "msg": "authrocket decision", "reason": "no_token", "error": authrocket.ErrNoToken.Error(), "gate": false, "allowed": false, "source": "none", "session_hash": "", "method": "", "pattern": ""}},
		{name: "a gate that lets through", event: func(o authrocket.Observer) {
			o.Decision(ctx, authrocket.Decision{Gate: true, Allowed: true, Source: authrocket.SourceCookie, Method: "GET", Pattern: "GET /orgs/{org}/"})
		}, want: map[string]any{"level": "DEBUG", "msg": "authrocket decision", "gate": true, "allowed": true, "source": "cookie", "session_hash": "", "method": "GET", "pattern": "GET /orgs/{org}/"}},
		{name: "a gate that refuses", event: func(o authrocket.Observer) {
			o.Decision(ctx, authrocket.Decision{Gate: true, Reason: "wrong_org", Err: authrocket.ErrWrongOrg, Source: authrocket.SourceBearer})
		}, want: map[string]any{"level": "INFO", "msg": "authrocket decision", "reason": "wrong_org", "error": authrocket.ErrWrongOrg.Error(), "gate": true, "allowed": false, "source": "bearer", "session_hash": "", "method": "", "pattern": ""}},
		{name: "a good key refresh", event: func(o authrocket.Observer) { o.KeyRefresh(ctx, authrocket.KeyRefresh{Keys: 2, Age: time.Second}) },
			want: map[string]any{"level": "DEBUG", "msg": "authrocket key refresh", "keys": 2.0, "age": 1e9}},
		{name: "a failed key refresh", event: func(o authrocket.Observer) {
			o.KeyRefresh(ctx, authrocket.KeyRefresh{Err: errors.New("it answered 500")})
		},
			want: map[string]any{"level": "WARN", "msg": "authrocket key refresh", "keys": 0.0, "age": 0.0, "error": "it answered 500"}},
		{name: "a key that is skipped", event: func(o authrocket.Observer) {
			o.KeyRefresh(ctx, authrocket.KeyRefresh{Keys: 1, Skipped: []error{errors.New("key 0 is odd")}})
		}, want: map[string]any{"level": "WARN", "msg": "authrocket key refresh", "keys": 1.0, "age": 0.0, "skipped": "key 0 is odd"}},
		{name: "a login", event: func(o authrocket.Observer) { o.Login(ctx, authrocket.Login{Started: true}) },
			want: map[string]any{"level": "INFO", "msg": "authrocket login", "started": true, "session_hash": ""}},
		{name: "a login that fails", event: func(o authrocket.Observer) {
			o.Login(ctx, authrocket.Login{Reason: "unsolicited_login", Err: authrocket.ErrUnsolicitedLogin})
		}, want: map[string]any{"level": "INFO", "msg": "authrocket login", "started": false, "session_hash": "", "reason": "unsolicited_login", "error": authrocket.ErrUnsolicitedLogin.Error()}},
		{name: "a warning", event: func(o authrocket.Observer) { o.Warning(ctx, errors.New("mend it")) },
			want: map[string]any{"level": "WARN", "msg": "authrocket warning", "error": "mend it"}},
		{name: "a logout", event: func(o authrocket.Observer) { o.Logout(ctx, authrocket.Logout{Local: true}) },
			want: map[string]any{"level": "INFO", "msg": "authrocket logout", "local": true, "session_hash": ""}},
	} {
		t.Run(row.name, func(t *testing.T) {
			var log bytes.Buffer
			row.event(authrocket.LogObserver(slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))))
			all := logLines(t, &log)
			if len(all) != 1 {
				t.Fatalf("got %d lines, want 1", len(all))
			}
			got := all[0]
			delete(got, "time")
			if len(got) != len(row.want) {
				t.Errorf("got %v, want %v", got, row.want)
			}
			for name, want := range row.want {
				if got[name] != want {
					t.Errorf("%s: got %v, want %v", name, got[name], want)
				}
			}
		})
	}
}

// captureDefaultLog keeps what is logged through slog.Default. A test that calls it
// is not parallel: the default logger belongs to the whole process.
func captureDefaultLog(t *testing.T) *bytes.Buffer {
	t.Helper()
	log := &bytes.Buffer{}
	before := slog.Default()
	t.Cleanup(func() { slog.SetDefault(before) })
	slog.SetDefault(slog.New(slog.NewJSONHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})))
	return log
}

// logged are the lines of log, each as "LEVEL message: reason", and empties it.
func logged(t *testing.T, log *bytes.Buffer) []string {
	t.Helper()
	var lines []string
	for _, fields := range logLines(t, log) {
		what := fields["reason"]
		if what == nil {
			what = fields["error"]
		}
		lines = append(lines, fmt.Sprintf("%s %s: %s", fields["level"], fields["msg"], what))
	}
	log.Reset()
	return lines
}

func TestTheZeroObserverLogsWarnings(t *testing.T) {
	log := captureDefaultLog(t)
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		const (
			unsolicited = "WARN authrocket login: unsolicited_login"
			signature   = "WARN authrocket login: bad_signature"
			loop        = "WARN authrocket login: login_loop"
			refused     = "WARN authrocket login: forbidden"
			keys        = "WARN authrocket key refresh: key_refresh"
			skipped     = "WARN authrocket key refresh: key_skipped"
			unavailable = "WARN authrocket login: keys_unavailable"
			cut         = "WARN authrocket warning: a return target is longer than 1000 bytes, so its query is cut; use shorter URLs for pages that start a login"
			www         = `WARN authrocket warning: the Host "www.example.com" is not AppURL's "example.com": if browsers use that host, they do not send the login's cookies to AppURL, so open the app at AppURL; if a proxy sets that Host, make it pass on the browser's Host`
			noneBack    = "WARN authrocket warning: 3 logins were started, but none has come back to https://example.com/auth/callback yet; if logins fail, check that this is a Login URL of the Connected App in AuthRocket's portal, and that it reaches this app together with its query"
		)
		atWWW := func() *http.Request {
			r := navigate("/gate/")
			r.Host = "www.example.com"
			return r
		}
		link := func() *http.Request { return navigate("/?token=" + s.realm.Token(s.ada)) }
		bad := func() *http.Request { return navigate("/?token=" + forged(s.realm.Token(s.ada))) }
		for _, row := range []struct {
			name string
			do   func(app http.Handler)
			want []string
		}{
			{name: "open pages, gates and logouts", do: func(app http.Handler) {
				serve(app, navigate("/"))
				serve(app, s.as(s.ada, navigate("/gate/")))
				serve(app, navigate("/gate/"))
				serve(app, request("GET", "/gate/", "Authorization: Bearer x"))
				serve(app, s.as(s.george, navigate("/billing")))
				serve(app, s.as(s.ada, request("POST", "/auth/logout")))
			}},
			{name: "a login that works", do: func(app http.Handler) {
				b, _ := start(t, app, navigate("/gate/"))
				serve(app, b.land(s.realm.Token(s.ada)))
			}},
			{name: "a login that is refused", do: func(app http.Handler) { serve(app, bad()) }, want: []string{signature}},
			{name: "the same reason again", do: func(app http.Handler) {
				serve(app, bad())
				serve(app, bad())
				time.Sleep(9 * time.Second)
				serve(app, bad())
			}, want: []string{signature}},
			{name: "the same reason 10 seconds later", do: func(app http.Handler) {
				serve(app, bad())
				time.Sleep(10 * time.Second)
				serve(app, bad())
			}, want: []string{signature, signature}},
			{name: "each reason by itself", do: func(app http.Handler) {
				serve(app, bad())
				serve(app, link())
				serve(app, bad())
				serve(app, link())
			}, want: []string{signature, unsolicited}},
			{name: "a login loop", do: func(app http.Handler) { serve(app, withCookie(navigate("/gate/"), siteCookie+"-attempts", "0.3")) }, want: []string{loop}},
			{name: "a Host that is not AppURL's", do: func(app http.Handler) {
				serve(app, atWWW())
				serve(app, atWWW())
			}, want: []string{www}},
			{name: "a return target that is cut", do: func(app http.Handler) {
				serve(app, navigate("/gate/?"+strings.Repeat("x", 2_000)))
				serve(app, navigate("/gate/?"+strings.Repeat("x", 3_000)))
				time.Sleep(10 * time.Second)
				serve(app, navigate("/gate/?"+strings.Repeat("x", 2_000)))
			}, want: []string{cut, cut, noneBack}},
			{name: "a return target of 1,000 bytes", do: func(app http.Handler) { serve(app, navigate("/gate/?"+strings.Repeat("x", 993))) }},
			{name: "keys that cannot be fetched", do: func(app http.Handler) {
				s.realm.Break(authrockettest.Status(500))
				serve(app, bad())
				s.realm.Repair()
			}, want: []string{keys, unavailable}},
			{name: "keys that cannot be used", do: func(app http.Handler) {
				s.realm.Break(editedKeys(func(keys []any) any { return append(keys, "none") }))
				serve(app, bad())
				s.realm.Repair()
			}, want: []string{skipped, signature}},
			{name: "what OnLogin refuses", do: func(http.Handler) {
				auth := s.newAuth(t, zeroObserver, func(c *authrocket.Config) {
					c.OnLogin = func(*http.Request, authrocket.Session) error { return errors.New("no") }
				})
				app := auth.Authenticate(whoami)
				b, _ := start(t, app, navigate("/auth/login"))
				serve(app, b.land(s.realm.Token(s.ada)))
			}, want: []string{refused}},
		} {
			for _, c := range []struct {
				name   string
				change func(*authrocket.Config)
				want   []string
			}{
				{name: "the zero Observer", change: zeroObserver, want: row.want},
				{name: "SilentObserver", change: func(*authrocket.Config) {}},
			} {
				if c.want == nil && strings.Contains(row.name, "OnLogin") {
					continue
				}
				auth := s.newColdAuth(t, c.change)
				app := (&site{realm: s.realm, auth: auth}).app()
				row.do(app)
				synctest.Wait()
				// A fetch reports beside the request that caused it.
				got, want := slices.Sorted(slices.Values(logged(t, log))), slices.Sorted(slices.Values(c.want))
				if !slices.Equal(got, want) {
					t.Errorf("%s, %s: got\n%s\nwant\n%s", row.name, c.name, strings.Join(got, "\n"), strings.Join(want, "\n"))
				}
				// What one Auth has logged does not keep another one quiet.
			}
		}
	})
}

func zeroObserver(c *authrocket.Config) { c.Observer = authrocket.Observer{} }

// An Observer with one function is not zero: it logs nothing.
func TestAnObserverWithOneFunctionLogsNothing(t *testing.T) {
	log := captureDefaultLog(t)
	for name, o := range map[string]authrocket.Observer{
		"Decision":   {Decision: func(context.Context, authrocket.Decision) {}},
		"KeyRefresh": {KeyRefresh: func(context.Context, authrocket.KeyRefresh) {}},
		"Login":      {Login: func(context.Context, authrocket.Login) {}},
		"Logout":     {Logout: func(context.Context, authrocket.Logout) {}},
		"Warning":    {Warning: func(context.Context, error) {}},
	} {
		s := newSite(t, func(c *authrocket.Config) { c.Observer = o })
		serve(s.app(), navigate("/?token="+forged(s.realm.Token(s.ada))))
		serve(s.app(), navigate("/gate/?"+strings.Repeat("x", 2_000)))
		if got := logged(t, log); got != nil {
			t.Errorf("%s: got %q, want nothing", name, got)
		}
	}
}

func TestWarningsAreReported(t *testing.T) {
	t.Parallel()
	var got []string
	report := func(c *authrocket.Config) {
		c.Observer.Warning = func(ctx context.Context, err error) {
			if ctx.Value(warningKey{}) != true {
				t.Error("the context is not that of the request")
			}
			got = append(got, err.Error())
		}
	}
	for _, row := range []struct{ name, host, target, want string }{
		{name: "nothing", host: "example.com", target: "/gate/?a=b"},
		{name: "another host", host: "www.example.com", target: "/gate/", want: `the Host "www.example.com" is not AppURL's "example.com"`},
		{name: "a long target of a gate", host: "example.com", target: "/gate/?" + strings.Repeat("x", 1_000), want: "a return target is longer than 1000 bytes"},
		{name: "a long target of the login route", host: "example.com", target: "/auth/login?return_to=/x?" + strings.Repeat("x", 1_000), want: "a return target is longer than 1000 bytes"},
		{name: "a long path", host: "example.com", target: "/gate/" + strings.Repeat("x", 1_000), want: "a return target is longer than 1000 bytes"},
		{name: "a target that is not safe is not long", host: "example.com", target: "/auth/login?return_to=//evil.example/" + strings.Repeat("x", 1_000)},
	} {
		got = nil
		s := newSite(t, report)
		r := navigate(row.target)
		r.Host = row.host
		if w := serve(s.app(), r.WithContext(context.WithValue(r.Context(), warningKey{}, true))); w.Code != 303 {
			t.Errorf("%s: got %d, want the login", row.name, w.Code)
		}
		if want := len(row.want) > 0; len(got) > 1 || (len(got) == 1) != want || want && !strings.HasPrefix(got[0], row.want) {
			t.Errorf("%s: got %q, want %q", row.name, got, row.want)
		}
		if strings.Contains(strings.Join(got, ""), "xxx") {
			t.Errorf("%s: got %q, want nothing of the target", row.name, got)
		}
	}
}

func TestCutTargetsAreReportedNowAndThen(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		got := 0
		s := newSite(t, func(c *authrocket.Config) {
			c.Observer.Warning = func(_ context.Context, err error) {
				if strings.Contains(err.Error(), "return target") {
					got++
				}
			}
		})
		for want, wait := range []time.Duration{0, 10 * time.Second, 10 * time.Second} {
			time.Sleep(wait)
			for range 3 {
				serve(s.app(), navigate("/gate/?"+strings.Repeat("x", 2_000)))
			}
			if got != want+1 {
				t.Errorf("got %d warnings, want %d", got, want+1)
			}
		}
	})
}

type warningKey struct{}

func TestLogObserverWithoutLogger(t *testing.T) {
	log := captureDefaultLog(t)
	authrocket.LogObserver(nil).Logout(t.Context(), authrocket.Logout{})
	if got := logLines(t, log); len(got) != 1 || got[0]["msg"] != "authrocket logout" {
		t.Errorf("got %v, want the logout", got)
	}
}
