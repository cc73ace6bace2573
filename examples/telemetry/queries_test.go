package main_test

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/coreapi"
)

// metrics are what /metrics shows: types by name, and of each series name its labels with
// their values.
type metrics struct {
	types  map[string]string
	labels map[string]map[string]map[string]bool
}

var (
	typeLine   = regexp.MustCompile(`^# TYPE ([a-z_]+) (counter|gauge|histogram|summary|untyped)$`)
	seriesLine = regexp.MustCompile(`^([a-z_]+)(?:\{(.*)\})? (\S+)$`)
	labelPair  = regexp.MustCompile(`^([a-z_]+)="((?:[^"\\]|\\.)*)"(?:,|$)`)
)

// readMetrics reads the text format of Prometheus, and knows every line of it.
func readMetrics(t *testing.T, text string) metrics {
	t.Helper()
	m := metrics{map[string]string{}, map[string]map[string]map[string]bool{}}
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if found := typeLine.FindStringSubmatch(line); found != nil {
			m.types[found[1]] = found[2]
			continue
		}
		if strings.HasPrefix(line, "# HELP ") {
			continue
		}
		found := seriesLine.FindStringSubmatch(line)
		if found == nil {
			t.Fatalf("this is no line of metrics: %q", line)
		}
		if _, err := strconv.ParseFloat(found[3], 64); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		if m.labels[found[1]] == nil {
			m.labels[found[1]] = map[string]map[string]bool{}
		}
		for rest := found[2]; rest != ""; {
			pair := labelPair.FindStringSubmatch(rest)
			if pair == nil {
				t.Fatalf("these are no labels: %q", line)
			}
			if m.labels[found[1]][pair[1]] == nil {
				m.labels[found[1]][pair[1]] = map[string]bool{}
			}
			m.labels[found[1]][pair[1]][pair[2]] = true
			rest = rest[len(pair[0]):]
		}
	}
	return m
}

// scraped are the labels that Prometheus adds.
var scraped = []string{"instance", "job"}

// values are those that a query may ask for though they did not occur.
func values() map[string][]string {
	return map[string][]string{
		"authrocket_outcome": {"undecided", "pending", "failed", "unknown"},
		"authrocket_reason":  {authrocket.Reason(authrocket.ErrUnknownKey), authrocket.Reason(authrocket.ErrTooManyKeyLookups)},
		"error_type": {
			coreapi.Reason(coreapi.ErrUnavailable), coreapi.Reason(coreapi.ErrOutcomeUnknown), coreapi.Reason(coreapi.ErrRateLimited),
			coreapi.Reason(coreapi.ErrDenied), coreapi.Reason(coreapi.ErrKeyRefused), coreapi.Reason(coreapi.ErrAccountInactive),
			coreapi.Reason(coreapi.ErrUnexpected),
		},
		"http_response_status_code": {"4..", "5.."},
	}
}

// token is one of a query: a string, a range, a number, a name, or a sign.
var token = regexp.MustCompile(`^(?:"[^"]*"|\[[^\]]*\]|[0-9.]+|[A-Za-z_:][A-Za-z0-9_:]*|=~|!=|==|>=|<=|[-+*/(){},=<>])`)

var ranges = regexp.MustCompile(`^\[(?:\d+[smhd]|\$__rate_interval)\]$`)

// functions are those of our queries, and whether they want a range.
var functions = map[string]bool{"rate": true, "increase": true, "sum": false, "max": false, "min": false, "histogram_quantile": false}

// problems says where a query asks for metrics, labels or values that are not there, or is not
// written as our queries are. It is strict: what it does not know is a problem.
func (m metrics) problems(query string) (problems []string) {
	fail := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }
	var tokens []string
	for rest := strings.TrimSpace(query); rest != ""; rest = strings.TrimSpace(rest) {
		next := token.FindString(rest)
		if next == "" {
			fail("%q is not understood", rest)
			return problems
		}
		tokens = append(tokens, next)
		rest = rest[len(next):]
	}
	at := func(i int) string {
		if i < len(tokens) {
			return tokens[i]
		}
		return ""
	}
	var grouped, selected []string
	depth := 0
	isName := regexp.MustCompile(`^[A-Za-z_]`)
	for i := 0; i < len(tokens); i++ {
		switch now := tokens[i]; {
		case now == "(":
			depth++
		case now == ")":
			depth--
		case now == "by":
			if at(i+1) != "(" {
				fail("by without labels")
				return problems
			}
			for i += 2; at(i) != ")"; i++ {
				if isName.MatchString(at(i)) {
					grouped = append(grouped, at(i))
				} else if at(i) != "," {
					fail("%q among labels", at(i))
					return problems
				}
			}
		case now == "and" || now == "or":
		case isName.MatchString(now):
			if wantsRange, isFunction := functions[now]; isFunction {
				if at(i+1) != "(" && at(i+1) != "by" {
					fail("%s is not called", now)
				}
				if wantsRange {
					end := i
					for end < len(tokens) && !strings.HasPrefix(tokens[end], "[") && tokens[end] != ")" {
						end++
					}
					if !ranges.MatchString(at(end)) {
						fail("%s without a range", now)
					}
				}
				continue
			}
			labels, isThere := m.labels[now]
			if !isThere {
				fail("the metric %s is not there", now)
				continue
			}
			selected = append(selected, now)
			if kind, counted := m.types[now], i >= 2 && functions[at(i-2)]; (kind == "counter" || kind == "") != counted {
				fail("%s, a %q, has a rate: %t", now, kind, counted)
			}
			if at(i+1) != "{" {
				continue
			}
			for i += 2; at(i-1) != "}"; i += 4 {
				name, operator, value := at(i), at(i+1), strings.Trim(at(i+2), `"`)
				if !slices.Contains([]string{"=", "!=", "=~"}, operator) || !strings.HasPrefix(at(i+2), `"`) || at(i+3) != "," && at(i+3) != "}" {
					fail("the selector of %s is not understood", now)
					return problems
				}
				if value == "$instance" && slices.Contains(scraped, name) {
					continue
				}
				if labels[name] == nil {
					fail("%s has no label %s", now, name)
					continue
				}
				alternatives := []string{value}
				if operator == "=~" {
					alternatives = strings.Split(value, "|")
				}
				for _, v := range alternatives {
					if v != "" && !labels[name][v] && !slices.Contains(values()[name], v) {
						fail("%s never has %s=%q", now, name, v)
					}
				}
			}
			i-- // the loop above stands behind the brace
		case strings.HasPrefix(now, `"`):
			fail("a string %s", now)
		}
	}
	if depth != 0 {
		fail("%d parentheses are open", depth)
	}
	if len(selected) == 0 {
		fail("no metric")
	}
	for _, label := range grouped {
		isThere := slices.Contains(scraped, label)
		for _, name := range selected {
			isThere = isThere || m.labels[name][label] != nil
		}
		if !isThere {
			fail("no label %s of %q", label, selected)
		}
	}
	return problems
}

// The problems above are found.
func TestQueriesAreChecked(t *testing.T) {
	t.Parallel()
	m := readMetrics(t, `# HELP a_total A.
# TYPE a_total counter
a_total{x="1",y="\"{}"} 3
# TYPE b histogram
b_bucket{x="1",le="+Inf"} 1
b_sum{x="1"} 1
b_count{x="1"} 1
# TYPE c gauge
c 1e+06
`)
	for _, query := range []string{
		`sum by (x) (rate(a_total{x="1"}[5m]))`, `histogram_quantile(0.9, sum by (le, job) (rate(b_bucket[$__rate_interval]))) > 300`,
		`max by (instance) (c) > 7 and sum(increase(a_total{instance=~"$instance",x!="",x=~"1"}[1h])) > 0.5 * sum(increase(a_total[1h]))`,
	} {
		if problems := m.problems(query); len(problems) > 0 {
			t.Errorf("%s: got %q, want none", query, problems)
		}
	}
	for _, query := range []string{
		``, `1 > 0`, `d`, `sum(rate(d_total[5m]))`, `sum by (z) (rate(a_total[5m]))`, `sum(rate(a_total{z="1"}[5m]))`, `sum(rate(a_total{x="2"}[5m]))`,
		`sum(rate(a_total{x=~"1|2"}[5m]))`, `sum(rate(a_total))`, `sum(rate(a_total[5x]))`, `sum(a_total)`, `rate(c[5m])`, `sum(rate(a_total[5m])`,
		`avg(c)`, `c #`, `sum(rate(a_total{x="1}[5m]))`, `sum(rate(a_total{x}[5m]))`, `sum by x (c)`, `c == "1"`, `sum(b_bucket)`,
	} {
		if problems := m.problems(query); len(problems) == 0 {
			t.Errorf("%s: got no problem", query)
		}
	}
}

// dashboardQueries are the expressions of each panel, by title.
func dashboardQueries(t *testing.T) map[string][]string {
	t.Helper()
	data, err := os.ReadFile("dashboard.json")
	if err != nil {
		t.Fatal(err)
	}
	type source struct{ Type, UID string }
	var dashboard struct {
		Title      string
		UID        string
		Templating struct {
			List []struct{ Name, Type string }
		}
		Panels []struct {
			ID          int
			Type, Title string
			Datasource  source
			Targets     []struct {
				RefID, Expr string
				Datasource  source
			}
			GridPos struct{ X, Y, W, H int }
		}
	}
	if err := json.Unmarshal(data, &dashboard); err != nil {
		t.Fatal(err)
	}
	if list := dashboard.Templating.List; len(list) < 1 || list[0].Name != "datasource" || list[0].Type != "datasource" {
		t.Errorf("the dashboard does not ask for its data source: %v", list)
	}
	queries, ids := map[string][]string{}, map[int]bool{}
	for _, panel := range dashboard.Panels {
		if ids[panel.ID] || panel.Title == "" || queries[panel.Title] != nil || panel.GridPos.X+panel.GridPos.W > 24 {
			t.Errorf("panel %d, %q: no title, not the only one, or too wide", panel.ID, panel.Title)
		}
		ids[panel.ID] = true
		if panel.Type == "row" {
			continue
		}
		for _, target := range panel.Targets {
			if want := (source{"prometheus", "${datasource}"}); target.Datasource != want || panel.Datasource != want || target.RefID == "" {
				t.Errorf("%s: got the data source %v and %v, want %v", panel.Title, panel.Datasource, target.Datasource, want)
			}
			queries[panel.Title] = append(queries[panel.Title], target.Expr)
		}
		if len(panel.Targets) == 0 {
			t.Errorf("%s shows nothing", panel.Title)
		}
	}
	return queries
}

// alert is one rule of alerts.yml.
type alert struct{ name, expr, severity, summary, description string }

var alertLines = []struct {
	line *regexp.Regexp
	note func(*alert, string)
}{
	{regexp.MustCompile(`^      - alert: (AuthRocket[A-Za-z]+)$`), func(a *alert, s string) { a.name = s }},
	{regexp.MustCompile(`^        expr: '([^']+)'$`), func(a *alert, s string) { a.expr = s }},
	{regexp.MustCompile(`^        for: (\d+m)$`), func(*alert, string) {}},
	{regexp.MustCompile(`^        (labels|annotations):$`), func(*alert, string) {}},
	{regexp.MustCompile(`^          severity: (critical|warning|info)$`), func(a *alert, s string) { a.severity = s }},
	{regexp.MustCompile(`^          summary: '([^']+)'$`), func(a *alert, s string) { a.summary = s }},
	{regexp.MustCompile(`^          description: '([^']+)'$`), func(a *alert, s string) { a.description = s }},
	{regexp.MustCompile(`^(?: *#.*|groups:|  - name: authrocket|    rules:)$`), nil},
}

// readAlerts reads alerts.yml, which has lines of these forms only.
func readAlerts(t *testing.T) []alert {
	t.Helper()
	data, err := os.ReadFile("alerts.yml")
	if err != nil {
		t.Fatal(err)
	}
	var alerts []alert
lines:
	for line := range strings.Lines(string(data)) {
		line = strings.TrimSuffix(line, "\n")
		for i, form := range alertLines {
			found := form.line.FindStringSubmatch(line)
			if found == nil {
				continue
			}
			if i == 0 {
				alerts = append(alerts, alert{})
			}
			if form.note != nil {
				form.note(&alerts[len(alerts)-1], found[1])
			}
			continue lines
		}
		t.Errorf("alerts.yml: %q is not understood", line)
	}
	for _, a := range alerts {
		if a.expr == "" || a.severity == "" || a.summary == "" || a.description == "" {
			t.Errorf("%s lacks an expression, a severity, a summary or a description", a.name)
		}
	}
	return alerts
}
