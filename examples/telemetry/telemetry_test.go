package main_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/authrocket-go/authrocket/authrockettest"
	"github.com/authrocket-go/authrocket/examples/internal/walk"
)

// program is the example while it runs.
type program struct {
	*walk.Program
	app, metrics string // URLs
	prometheus   *walk.Browser
}

func start(t *testing.T) program {
	t.Helper()
	p := walk.Start(t, walk.Build(t), nil, "-addr", "127.0.0.1:0", "-metrics-addr", "127.0.0.1:0", "-loginrocket-addr", "localhost:0", "-check-interval", "1s")
	found := p.Find(t, p.Stdout, `(?s)Open (http://\S+) .*Metrics are at (http://\S+)/metrics\..*Ctrl-C stops all`)
	return program{p, found[0], found[1] + "/metrics", walk.NewBrowser(t)}
}

// visit makes traffic of every kind, and returns what no metric may hold.
func (p program) visit(t *testing.T) (hidden []string) {
	t.Helper()
	visitor, ada, george := walk.NewBrowser(t), walk.NewBrowser(t), walk.NewBrowser(t)
	visitor.Get(p.app + "/")
	visitor.Get(p.app + "/private/report-42")

	page := ada.Press(ada.LogIn(ada.Get(p.app+"/manage?q="+strings.Repeat("x", 2_000)), "ada@example.com", "engine"), "Analytical Engines", nil)
	if page.Status != 200 || page.Body != "Hi Ada Lovelace\n" {
		t.Fatalf("after the login: got %d %s", page.Status, page.Body)
	}
	adasToken := ada.Cookie(p.app, "arToken")
	if page := ada.Get(p.app + "/record"); page.Body != "Ada Lovelace, ada@example.com\n" {
		t.Errorf("the record: got %d %s", page.Status, page.Body)
	}
	george.LogIn(george.Get(p.app+"/manage"), "george@example.com", "trains")
	if page := george.Get(p.app + "/billing"); page.Status != 403 {
		t.Errorf("billing without a permission: got %d", page.Status)
	}

	otherRealm, newKey := authrockettest.NewRealm(t), authrockettest.NewRealm(t, func(c *authrockettest.RealmConfig) { c.ID = "rl_local" })
	wrongRealm := otherRealm.Token(otherRealm.AddUser(authrockettest.User{Email: "eve@example.com"}))
	unknownKey := newKey.Token(newKey.AddUser(authrockettest.User{Email: "eve@example.com"}))
	for _, token := range []string{wrongRealm, unknownKey} {
		if page := visitor.Get(p.app+"/manage", "Authorization: Bearer "+token); page.Status != 401 && page.Status != 429 {
			t.Errorf("a token of another realm or key: got %d", page.Status)
		}
	}
	if page := visitor.Get(p.app + "/auth/callback?token=" + wrongRealm); page.Status != 401 {
		t.Errorf("a login of another realm: got %d", page.Status)
	}

	if page := visitor.Post(p.app+"/hooks/authrocket", nil); page.Status != 404 {
		t.Errorf("a webhook without the secret: got %d", page.Status)
	}

	// Ada's session is looked up when it has gone on for a second and more.
	p.await(t, `authrocket_session_check_duration_seconds_count{authrocket_outcome="goes_on"`, func() { ada.Get(p.app + "/manage") })
	if page := ada.Press(ada.Get(p.app+"/"), "Sign out", nil); page.Status != 200 {
		t.Errorf("the logout: got %d", page.Status)
	}
	// AuthRocket says by a webhook that it has ended.
	p.await(t, `authrocket_session_ends_total{authrocket_session_source="webhook"`, func() {})
	p.await(t, `authrocket_webhook_duration_seconds_count{`, func() {})

	for _, token := range []string{adasToken, wrongRealm, unknownKey} {
		claims := claimsOf(t, token)
		hidden = append(hidden, token, strings.Split(token, ".")[2], claims["sid"], claims["sub"])
	}
	return append(hidden, "ada@", "george@", "eve@", "Ada", "org_engines", "org_widgets", "usr_", "kss_", "/manage", "/billing", "/record", "/private", "report-42", "/auth/", "/hooks", "/login", "xxx")
}

// await repeats act until the metrics have a series that begins with prefix.
func (p program) await(t *testing.T, prefix string, act func()) {
	t.Helper()
	deadline := time.After(time.Minute)
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		act()
		if text := p.read(t); strings.Contains(text, "\n"+prefix) {
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("%s is not measured; the metrics are\n%s\nand the program wrote\n%s", prefix, p.read(t), p.Stderr)
		}
	}
}

func (p program) read(t *testing.T) string {
	t.Helper()
	page := p.prometheus.Get(p.metrics)
	if page.Status != 200 {
		t.Fatalf("%s: got %d", p.metrics, page.Status)
	}
	return page.Body
}

func claimsOf(t *testing.T, token string) map[string]string {
	t.Helper()
	payload, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
	if err != nil {
		t.Fatal(err)
	}
	var claims map[string]any
	if err := json.Unmarshal(payload, &claims); err != nil {
		t.Fatal(err)
	}
	texts := map[string]string{}
	for _, name := range []string{"sid", "sub"} {
		if texts[name], _ = claims[name].(string); texts[name] == "" {
			t.Fatalf("the token has no %s", name)
		}
	}
	return texts
}

// names are the metrics as Prometheus has them. A dashboard breaks when one changes.
var names = []string{
	"authrocket_api_call_attempts_total", "authrocket_api_call_duration_seconds", "authrocket_api_call_wait_seconds",
	"authrocket_decisions_total",
	"authrocket_key_set_age_seconds", "authrocket_key_set_refreshes_total", "authrocket_key_set_size", "authrocket_key_set_skipped",
	"authrocket_logins_total", "authrocket_logouts_total",
	"authrocket_session_check_duration_seconds", "authrocket_session_check_overdue_seconds", "authrocket_session_ends_total",
	"authrocket_session_list_age_seconds", "authrocket_session_list_size", "authrocket_session_troubles_total",
	"authrocket_warnings_total", "authrocket_webhook_duration_seconds",
}

func TestTelemetry(t *testing.T) {
	t.Parallel()
	p := start(t)
	hidden := p.visit(t)
	text := p.read(t)
	read := readMetrics(t, text)

	t.Run("the names of the metrics", func(t *testing.T) {
		var got []string
		for name := range read.types {
			if strings.HasPrefix(name, "authrocket_") {
				got = append(got, name)
			}
		}
		if slices.Sort(got); !slices.Equal(got, names) {
			t.Errorf("got %q, want %q", got, names)
		}
	})

	t.Run("what has happened", func(t *testing.T) {
		for _, want := range []string{
			`authrocket_decisions_total{authrocket_gate="false",authrocket_outcome="anonymous",authrocket_reason="no_token",authrocket_source="none"`,
			`authrocket_decisions_total{authrocket_gate="true",authrocket_outcome="allowed",authrocket_source="cookie"`,
			`authrocket_decisions_total{authrocket_gate="true",authrocket_outcome="refused",authrocket_reason="permission_denied",authrocket_source="cookie"`,
			`authrocket_decisions_total{authrocket_gate="true",authrocket_outcome="refused",authrocket_reason="wrong_realm",authrocket_source="bearer"`,
			`authrocket_logins_total{authrocket_login_started="true",authrocket_outcome="signed_in"`,
			`authrocket_logins_total{authrocket_login_started="false",authrocket_outcome="refused",authrocket_reason="wrong_realm"`,
			`authrocket_logouts_total{authrocket_logout_local="false"`,
			`authrocket_key_set_refreshes_total{authrocket_outcome="replaced"`,
			`authrocket_api_call_duration_seconds_count{authrocket_api="coreapi",http_request_method="GET",http_response_status_code="200"`,
			`authrocket_session_check_duration_seconds_count{authrocket_outcome="goes_on"`,
		} {
			if !strings.Contains(text, "\n"+want) {
				t.Errorf("%s is missing in\n%s", want, text)
			}
		}
	})

	t.Run("no token, ID or path", func(t *testing.T) {
		for _, secret := range hidden {
			if strings.Contains(text, secret) {
				t.Errorf("the metrics hold %s:\n%s", secret, text)
			}
		}
	})

	t.Run("the dashboard", func(t *testing.T) {
		queries := dashboardQueries(t)
		for title, expressions := range queries {
			for _, expression := range expressions {
				for _, problem := range read.problems(expression) {
					t.Errorf("%s: %s in %s", title, problem, expression)
				}
			}
		}
		if len(queries) < 15 {
			t.Errorf("the dashboard has only %d panels", len(queries))
		}
	})

	t.Run("the alerts", func(t *testing.T) {
		rules := readAlerts(t)
		for _, rule := range rules {
			for _, problem := range read.problems(rule.expr) {
				t.Errorf("%s: %s in %s", rule.name, problem, rule.expr)
			}
		}
		if len(rules) < 6 {
			t.Errorf("there are only %d alerts", len(rules))
		}
	})

	t.Run("the table of the docs", func(t *testing.T) {
		data, err := os.ReadFile("../../docs/telemetry.md")
		if err != nil {
			t.Fatal(err)
		}
		rows := map[string]string{}
		for _, row := range regexp.MustCompile("(?m)^\\| `(authrocket_[a-z_]+)` \\|([^|]*)\\|").FindAllStringSubmatch(string(data), -1) {
			rows[row[1]] = row[2]
		}
		for _, name := range names {
			series := name
			if read.types[name] == "histogram" {
				series += "_count"
			}
			row, isThere := rows[name]
			if !isThere {
				t.Errorf("docs/telemetry.md has no row of %s", name)
			}
			delete(rows, name)
			for label := range read.labels[series] {
				if !strings.HasPrefix(label, "otel_") && !strings.Contains(row, "`"+label+"`") {
					t.Errorf("docs/telemetry.md: the row of %s lacks the label %s", name, label)
				}
			}
		}
		for name := range rows {
			t.Errorf("docs/telemetry.md has a row of %s, which is not there", name)
		}
		for _, rule := range readAlerts(t) {
			if !strings.Contains(string(data), rule.name) {
				t.Errorf("docs/telemetry.md does not say what %s means", rule.name)
			}
		}
	})

	t.Run("each metric is in the dashboard", func(t *testing.T) {
		var all bytes.Buffer
		for _, expressions := range dashboardQueries(t) {
			all.WriteString(strings.Join(expressions, "\n") + "\n")
		}
		for _, name := range names {
			if !regexp.MustCompile(name + `(_bucket|_count|_sum)?[{)]`).MatchString(all.String()) {
				t.Errorf("no panel shows %s", name)
			}
		}
	})
}
