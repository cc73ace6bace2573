package main_test

import (
	"encoding/base64"
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/authrocket-go/authrocket/authrockettest"
)

func TestExplain(t *testing.T) {
	t.Parallel()
	hs256 := func(c *authrockettest.RealmConfig) { c.Algorithm = "HS256" }
	set := func(name, value string) func(*shop) { return func(s *shop) { s.env[name] = value } }
	genuine := func(s *shop) string { return s.token() }
	with := func(options ...authrockettest.TokenOption) func(*shop) string {
		return func(s *shop) string { return s.token(options...) }
	}
	for _, row := range []struct {
		name   string
		realm  func(*authrockettest.RealmConfig)
		change func(*shop)
		token  func(*shop) string
		status int
		reason string // of the verdict
		why    string // regular expressions
		do     string
	}{
		{name: "published keys", token: genuine, why: `a key that http://127\.0\.0\.1:\d+ publishes`},
		{name: "white space around the token", token: func(s *shop) string { return " " + s.token() + "\r\n" }, why: `publishes`},
		{name: "a URL of the keys", change: func(s *shop) { s.env["LOGINROCKET_JWKS_URL"] = s.env["LOGINROCKET_URL"] + "/connect/jwks" }, token: genuine, why: `a key that http://127\.0\.0\.1:\d+/connect/jwks publishes`},
		{name: "a static key", realm: hs256, token: genuine, why: `the key of AUTHROCKET_JWT_KEY`},
		{name: "no AppURL is needed", change: set("AUTHROCKET_APP_URL", "nonsense"), token: genuine, why: `publishes`},

		{name: "HS256 without its key", realm: hs256, change: set("AUTHROCKET_JWT_KEY", ""), token: genuine, status: 1, reason: "wrong_algorithm", why: `the token says HS256`, do: `^Set AUTHROCKET_JWT_KEY to the realm's secret`},
		{name: "RS256 with a key of HS256", change: set("AUTHROCKET_JWT_KEY", "jsk_"+strings.Repeat("geheim", 8)), token: genuine, status: 1, reason: "wrong_algorithm", why: `is an HS256 secret, but the token says RS256`, do: `^Leave AUTHROCKET_JWT_KEY out`},
		{name: "another static key", realm: hs256, change: set("AUTHROCKET_JWT_KEY", "jsk_"+strings.Repeat("geheim", 8)), token: genuine, status: 1, reason: "bad_signature", do: `^Set AUTHROCKET_JWT_KEY to the key of the token's realm, "rl_shop"`},
		{name: "a key that the realm does not have", change: func(s *shop) { s.env["LOGINROCKET_URL"] = newShop(s.t).realm.URL() }, token: genuine, status: 1, reason: "unknown_key", do: `^Set LOGINROCKET_URL to the LoginRocket URL of the token's realm, "rl_shop"`},
		{name: "another realm", change: set("AUTHROCKET_REALM", "rl_other"), token: genuine, status: 1, reason: "wrong_realm", why: `rid is "rl_shop", but Config\.RealmID \(AUTHROCKET_REALM\) is rl_other`, do: `^If "rl_shop" is your realm`},
		{name: "another issuer", token: with(authrockettest.Claim("iss", "https://login.example")), status: 1, reason: "wrong_issuer", do: `another service`},
		{name: "an audience", token: with(authrockettest.Claim("aud", "app")), status: 1, reason: "wrong_audience", do: `^Set Config\.Audience`},
		{name: "expired", token: with(authrockettest.ExpiresIn(-time.Hour)), status: 1, reason: "token_expired", why: `exp is 20`, do: `^Sign in again`},
		{name: "not valid yet", token: with(authrockettest.ClockSkew(time.Hour)), status: 1, reason: "token_not_yet_valid", do: `^Set the clock of this machine`},
		{name: "a changed token", token: func(s *shop) string {
			parts := strings.Split(s.token(), ".")
			return strings.Join([]string{parts[0], strings.Split(s.token(authrockettest.Claim("name", "Mallory")), ".")[1], parts[2]}, ".")
		}, status: 1, reason: "bad_signature", do: `^Copy the token again`},
		{name: "no sub", token: with(authrockettest.WithoutClaim("sub")), status: 1, reason: "invalid_claims", why: `claim sub`},
		{name: "crit", token: with(authrockettest.Header("crit", []string{"x"})), status: 1, reason: "critical_header"},
		{name: "half a token", token: func(s *shop) string { return strings.Split(s.token(), ".")[1] }, status: 1, reason: "token_malformed", do: `^Copy the whole token`},
		{name: "too large", token: func(s *shop) string { return s.tokenOf(17_000) }, status: 1, reason: "token_too_large", do: `^Reduce the custom attributes`},

		{name: "keys out of reach", change: func(s *shop) { s.realm.Break(authrockettest.Status(500)) }, token: genuine, status: 3, reason: "keys_unavailable", why: `answered 500`, do: `^Run authrocket doctor`},
		{name: "keys out of reach do not matter to an expired token", change: func(s *shop) { s.realm.Break(authrockettest.Status(500)) }, token: with(authrockettest.ExpiresIn(-time.Hour)), status: 1, reason: "token_expired"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			s := newShopWithoutApp(t, func(c *authrockettest.RealmConfig) {
				if row.realm != nil {
					row.realm(c)
				}
			})
			s.secrets = append(s.secrets, "geheim")
			if row.change != nil {
				row.change(s)
			}
			token := row.token(s)
			o := s.run(token, "explain", "-json")
			var got struct {
				Verdict struct{ Status, Reason, Why, Do string }
			}
			if err := json.Unmarshal([]byte(o.stdout), &got); err != nil || o.stderr != "" {
				t.Fatalf("got %v, %s%s", err, o.stdout, o.stderr)
			}
			v, want := got.Verdict, map[int]string{0: "valid", 1: "refused", 3: "undecided"}[row.status]
			if o.status != row.status || v.Status != want || v.Reason != row.reason || !regexp.MustCompile(row.why).MatchString(v.Why) || !regexp.MustCompile(row.do).MatchString(v.Do) {
				t.Errorf("got %d, %+v", o.status, v)
			}
			if (v.Do == "") != (row.status == 0) {
				t.Errorf("what to do is %q", v.Do)
			}
			text := s.run(token, "explain")
			why, _, _ := strings.Cut(v.Why, "the clock here") // whose time goes on
			if text.status != row.status || !strings.Contains(text.stdout, "\nVerdict: "+want+": "+why) {
				t.Errorf("got %d, %s", text.status, text.stdout)
			}
			if isVerified := strings.Contains(text.stdout, "\nClaims\n"); isVerified != (row.status == 0) {
				t.Errorf("claims that count: %t\n%s", isVerified, text.stdout)
			}
		})
	}
}

func TestExplainShows(t *testing.T) {
	t.Parallel()
	s := newShopWithoutApp(t)
	sid := "kss_geheim123"
	token := s.token(
		authrockettest.Claim("sid", sid), authrockettest.Claim("cs", map[string]any{"note": "see " + sid, "other": []any{"kss_other", 1.5}, "wild": "\u001b[2J\u202e\u009b"}),
		authrockettest.Claim("kss_name", true), authrockettest.Header("x", sid), authrockettest.Claim("exp", time.Now().Add(90*time.Minute).Unix()),
	)
	s.secrets = append(s.secrets, sid, "kss_", token)
	text := s.run(token, "explain").stdout
	for _, pattern := range []string{
		`(?m)^Header$`, `(?m)^  alg  "RS256"$`, `(?m)^  kid  "jky_`, `(?m)^  sid +\(hidden\)$`, `(?m)^  x    \(hidden\)$`,
		`(?m)^  exp +\d+, 20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ, in 1h(29|30)m$`, `(?m)^  iat +\d+, 20.*Z, \d+s ago$`, `(?m)^  email +"ada@example\.com"$`,
		`"note":"\(hidden\)","other":\["\(hidden\)",1\.5\]`, `(?m)^  \(hidden\) +true$`, `"wild":"\\u001b\[2J\\u202e\\u009b"`,
	} {
		if !regexp.MustCompile(pattern).MatchString(text) {
			t.Errorf("%s is not in\n%s", pattern, text)
		}
	}
	var object struct {
		Header, Claims map[string]any
		Times          map[string]time.Time
	}
	o := s.run(token, "explain", "-json")
	if err := json.Unmarshal([]byte(o.stdout), &object); err != nil {
		t.Fatal(err)
	}
	if object.Header["alg"] != "RS256" || object.Claims["sid"] != "(hidden)" || object.Claims["email"] != "ada@example.com" || object.Times["exp"].Before(time.Now()) || object.Times["iat"].IsZero() {
		t.Errorf("got %+v", object)
	}
}

// A sid of any form is hidden, also where it stands again.
func TestExplainHidesEverySessionID(t *testing.T) {
	t.Parallel()
	s := newShopWithoutApp(t)
	segment := func(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }
	for name, payload := range map[string]string{
		"of another form": `{"sid":"geheim-1","again":{"geheim-1":["geheim-1"]}}`,
		"a number":        `{"sid":31415926}`,
		"twice":           `{"sid":"geheim-1","sid":"geheim-2"}`,
	} {
		t.Run(name, func(t *testing.T) {
			token := segment(`{"alg":"RS256","kid":"k"}`) + "." + segment(payload) + ".c2lnbmF0dXJl"
			for _, args := range [][]string{{"explain"}, {"explain", "-json"}} {
				o := s.run(token, args...)
				if o.status != 1 || regexp.MustCompile(`geheim|31415926|c2lnbmF0dXJl`).MatchString(o.stdout+o.stderr) || !strings.Contains(o.stdout, "(hidden)") {
					t.Errorf("got %d, %s%s", o.status, o.stdout, o.stderr)
				}
			}
		})
	}
}

func TestExplainUsage(t *testing.T) {
	t.Parallel()
	url := map[string]string{"LOGINROCKET_URL": "http://127.0.0.1:1"}
	for _, row := range []struct {
		name   string
		env    map[string]string
		args   []string
		stdin  string
		stderr string
	}{
		{name: "no environment", stdin: "a.b.c", stderr: "authrocket explain: authrocket: Config.LoginRocketURL (LOGINROCKET_URL) is missing; set it to the realm's LoginRocket URL, for example https://sample.e2.loginrocket.com/\n"},
		{name: "no token", env: url, stderr: "authrocket explain: there is no token on standard input; use, for example, authrocket login | authrocket explain\n"},
		{name: "an empty line", env: url, stdin: "\na.b.c", stderr: "authrocket explain: there is no token on standard input; use, for example, authrocket login | authrocket explain\n"},
		{name: "a token as an argument", env: url, args: []string{"geheim.geheim.geheim"}, stderr: "authrocket explain: there is an argument that is not a flag; -h lists the flags\n"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			o := runIn(t, row.env, row.stdin, append([]string{"explain"}, row.args...)...)
			if o.status != 2 || o.stdout != "" || o.stderr != row.stderr {
				t.Errorf("got %d, %q, %q", o.status, o.stdout, o.stderr)
			}
		})
	}
}

// The docs have every flag of a command, and no other.
func TestDoctorFlagsAreInTheDocs(t *testing.T) {
	t.Parallel()
	docs, err := os.ReadFile("../../docs/doctor.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, command := range []string{"doctor", "explain", "login"} {
		t.Run(command, func(t *testing.T) {
			_, section, _ := strings.Cut(string(docs), "## `authrocket "+command+"`")
			section, _, _ = strings.Cut(section, "\n## ")
			names := func(expression, text string) []string {
				var found []string
				for _, match := range regexp.MustCompile(expression).FindAllStringSubmatch(text, -1) {
					found = append(found, match[1])
				}
				slices.Sort(found)
				return found
			}
			o := runIn(t, nil, "", command, "-h")
			flags, documented := names(`(?m)^  -([a-z-]+)`, o.stdout), names("(?m)^\\| `-([a-z-]+)", section)
			if o.status != 0 || len(flags) == 0 || !slices.Equal(flags, documented) {
				t.Errorf("the docs have %q, the program has %q (exit status %d)", documented, flags, o.status)
			}
			for _, name := range names(`(?m)([A-Z]+ROCKET_[A-Z_]+)`, o.stdout) {
				if !strings.Contains(section, name) {
					t.Errorf("the docs do not have %s", name)
				}
			}
		})
	}
}
