package authrocketotel_test

import (
	"context"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/coreapi"
	"github.com/authrocket-go/authrocket/loginrocket"
	"github.com/authrocket-go/authrocket/sessionstate"
	"github.com/authrocket-go/authrocket/webhook"
	"go.opentelemetry.io/otel/attribute"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
)

// secret stands in every text of an event that somebody else may choose.
const secret = "kss_secretOfSomebody"

// hostile calls each function of o with texts that are not of the fixed sets.
func (o observers) hostile(ctx context.Context, text string) {
	err := fmt.Errorf("it says %s", text)
	for _, gate := range []bool{false, true} {
		o.auth.Decision(ctx, authrocket.Decision{Gate: gate, Reason: text, Err: err, Source: authrocket.Source(text), Method: text, Pattern: "GET /" + text})
		o.auth.Decision(ctx, authrocket.Decision{Gate: gate, Allowed: true, Reason: text, Source: authrocket.Source(text), Method: text, Pattern: text})
	}
	o.auth.KeyRefresh(ctx, authrocket.KeyRefresh{Err: err, Skipped: []error{err}})
	o.auth.Login(ctx, authrocket.Login{Reason: text, Err: err})
	o.auth.Warning(ctx, err)
	o.core.Request(ctx, coreapi.RequestEvent{Method: text, Path: "/users/" + text, Status: len(text) + 1000, RequestID: text, Reason: text, Err: err})
	o.core.Request(ctx, coreapi.RequestEvent{Method: "GET", Path: "/" + text, Status: -len(text), RequestID: text, Reason: text, Err: err})
	o.login.Request(ctx, loginrocket.RequestEvent{Method: text, Path: "/login/" + text, RequestID: text, Reason: text, Err: err})
	o.session.Check(ctx, sessionstate.CheckEvent{Outcome: sessionstate.Outcome(text), Err: err})
	o.session.Ended(ctx, sessionstate.EndedEvent{Source: sessionstate.Source(text)})
	o.session.Trouble(ctx, err)
	o.webhook.Event(ctx, webhook.Outcome{ID: text, Type: text, Status: len(text) + 1000, Reason: text, Err: err})
}

func TestMetricsHoldNothingOfAnEvent(t *testing.T) {
	t.Parallel()
	m := newMeter(t)
	o := observersOf(m, silent())
	for _, text := range []string{secret, "eyJhbGciOiJSUzI1NiJ9.e30." + secret, "/orgs/" + secret + "?token=" + secret, secret + "@example.com"} {
		o.hostile(t.Context(), text)
	}
	lines := m.lines()
	if got := strings.Join(lines, "\n"); strings.Contains(got, secret) || strings.Contains(got, "example.com") {
		t.Errorf("a metric holds a text of an event:\n%s", got)
	}
	for _, want := range []string{
		"authrocket.decisions{authrocket.gate=true,authrocket.outcome=refused,authrocket.reason=_OTHER,authrocket.source=_OTHER} 4",
		"authrocket.decisions{authrocket.gate=true,authrocket.outcome=allowed,authrocket.source=_OTHER} 4",
		"authrocket.logins{authrocket.login.started=false,authrocket.outcome=refused,authrocket.reason=_OTHER} 4",
		"authrocket.api.call.duration{authrocket.api=coreapi,error.type=_OTHER,http.request.method=_OTHER,url.template=_OTHER} 4 of 0",
		"authrocket.api.call.duration{authrocket.api=loginrocket,error.type=_OTHER,http.request.method=_OTHER,url.template=_OTHER} 4 of 0",
		"authrocket.session.check.duration{authrocket.outcome=_OTHER,error.type=unexpected} 4 of 0",
		"authrocket.session.ends{authrocket.session.source=_OTHER} 4",
		"authrocket.webhook.duration{authrocket.reason=_OTHER} 4 of 0",
	} {
		if !slices.Contains(lines, want) {
			t.Errorf("%s is missing in\n%s", want, strings.Join(lines, "\n"))
		}
	}
}

func TestSeriesAreBounded(t *testing.T) {
	t.Parallel()
	m := newMeter(t)
	o := observersOf(m, silent())
	o.hostile(t.Context(), "first")
	before := len(m.lines())
	for i := range 1_000 {
		o.hostile(t.Context(), strconv.Itoa(i))
	}
	if after := len(m.lines()); after != before {
		t.Errorf("there are %d series after one event of each kind, and %d after 1000 others", before, after)
	}
}

// A reason, a path or a source that a package adds has to be added here, too. The names are
// read from the sources of the packages.
func TestFixedSetsAreComplete(t *testing.T) {
	t.Parallel()
	newErrors := regexp.MustCompile(`(?m)^\t(Err\w+) +(?:error )?= (?:newReason\(\w+, "(\w+)"|&(?:reason|kind)\{(?:[\w.]+, |label: )"(\w+)")`)
	root, core, login := sources(t, ""), sources(t, "/coreapi"), sources(t, "/loginrocket")
	for _, row := range []struct {
		name    string
		source  string
		pattern *regexp.Regexp
		atLeast int
		series  func(o observers, value string)
	}{
		{name: "reasons of decisions", source: root, pattern: newErrors, atLeast: 27, series: func(o observers, value string) {
			o.auth.Decision(t.Context(), authrocket.Decision{Reason: value, Err: authrocket.ErrForbidden})
		}},
		{name: "kinds of decisions", source: root, pattern: regexp.MustCompile(`\{Err(\w+), http\.Status\w+, "(\w+)"\}`), atLeast: 3, series: func(o observers, value string) {
			o.auth.Login(t.Context(), authrocket.Login{Reason: value, Err: authrocket.ErrForbidden})
		}},
		{name: "sources of tokens", source: root, pattern: regexp.MustCompile(`\tSource(\w+) +Source = "(\w+)"`), atLeast: 3, series: func(o observers, value string) {
			o.auth.Decision(t.Context(), authrocket.Decision{Allowed: true, Source: authrocket.Source(value)})
		}},
		{name: "errors of the Core API", source: core, pattern: newErrors, atLeast: 12, series: func(o observers, value string) {
			o.core.Request(t.Context(), coreapi.RequestEvent{Method: "GET", Path: "/users", Reason: value, Err: coreapi.ErrInvalid})
		}},
		{name: "paths of the Core API", source: core, pattern: regexp.MustCompile(`(to)\("(/[^"]+)"`), atLeast: 29, series: func(o observers, value string) {
			o.core.Request(t.Context(), coreapi.RequestEvent{Method: "GET", Path: value})
		}},
		{name: "errors of the LoginRocket API", source: login, pattern: newErrors, atLeast: 5, series: func(o observers, value string) {
			o.login.Request(t.Context(), loginrocket.RequestEvent{Method: "GET", Path: "/login", Reason: value, Err: loginrocket.ErrRefused})
		}},
		{name: "paths of the LoginRocket API", source: login, pattern: regexp.MustCompile(`(post|withQuery|withBody)\((?:http\.\w+, )?"(/[^"]+)"`), atLeast: 10, series: func(o observers, value string) {
			o.login.Request(t.Context(), loginrocket.RequestEvent{Method: "GET", Path: value})
		}},
		{name: "methods", source: core + login, pattern: regexp.MustCompile(`http\.(Method)(Get|Post|Put|Patch|Delete)`), atLeast: 4, series: func(o observers, value string) {
			o.core.Request(t.Context(), coreapi.RequestEvent{Method: strings.ToUpper(value), Path: "/users"})
		}},
		{name: "outcomes of checks", source: sources(t, "/sessionstate"), pattern: regexp.MustCompile(`\t(\w+) +Outcome = "(\w+)"`), atLeast: 3, series: func(o observers, value string) {
			o.session.Check(t.Context(), sessionstate.CheckEvent{Outcome: sessionstate.Outcome(value)})
		}},
		{name: "sources of ends", source: sources(t, "/sessionstate"), pattern: regexp.MustCompile(`\tSource(\w+) +Source = "(\w+)"`), atLeast: 4, series: func(o observers, value string) {
			o.session.Ended(t.Context(), sessionstate.EndedEvent{Source: sessionstate.Source(value)})
		}},
		{name: "reasons of webhooks", source: sources(t, "/webhook"), pattern: regexp.MustCompile(`\t(reason\w+) += "(\w+)"`), atLeast: 15, series: func(o observers, value string) {
			o.webhook.Event(t.Context(), webhook.Outcome{Status: 204, Reason: value})
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			values := map[string]bool{}
			for _, found := range row.pattern.FindAllStringSubmatch(row.source, -1) {
				values[found[len(found)-1]] = true
				if last := found[len(found)-1]; last == "" {
					delete(values, last)
					values[found[len(found)-2]] = true
				}
			}
			if len(values) < row.atLeast {
				t.Errorf("the source has only %d, want at least %d", len(values), row.atLeast)
			}
			for value := range values {
				m := newMeter(t)
				row.series(observersOf(m, silent()), value)
				isThere := false
				for _, metric := range m.read() {
					_, all := seriesOf(t, metric)
					for _, s := range all {
						for _, attribute := range s.attributes.ToSlice() {
							isThere = isThere || strings.EqualFold(attribute.Value.String(), value)
						}
					}
				}
				if !isThere {
					t.Errorf("%q is not one of the values; got\n%s", value, strings.Join(m.lines(), "\n"))
				}
			}
		})
	}
}

// sources are the texts of the files of a package of the root module.
func sources(t *testing.T, pkg string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-f", "{{.Dir}}", "github.com/authrocket-go/authrocket"+pkg)
	output, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	names, err := filepath.Glob(filepath.Join(strings.TrimSpace(string(output)), "*.go"))
	if err != nil || len(names) == 0 {
		t.Fatalf("%s has no files: %v", output, err)
	}
	var text strings.Builder
	for _, name := range names {
		if !strings.HasSuffix(name, "_test.go") {
			text.Write(readFile(t, name))
		}
	}
	return text.String()
}

func TestNamesAreThoseOfTheSemanticConventions(t *testing.T) {
	t.Parallel()
	m := newMeter(t)
	observersOf(m, silent()).all(t.Context())
	got := map[attribute.Key]bool{}
	for _, metric := range m.read() {
		_, all := seriesOf(t, metric)
		for _, s := range all {
			for _, attribute := range s.attributes.ToSlice() {
				got[attribute.Key] = true
			}
		}
	}
	for _, want := range []attribute.Key{semconv.ErrorTypeKey, semconv.HTTPRequestMethodKey, semconv.HTTPResponseStatusCodeKey, semconv.URLTemplateKey} {
		if !got[want] {
			t.Errorf("%s is no attribute", want)
		}
		delete(got, want)
	}
	for key := range got {
		if !strings.HasPrefix(string(key), "authrocket.") {
			t.Errorf("%s is neither of the semantic conventions nor ours", key)
		}
	}
}

// The table of the package comment is what is measured.
func TestTableOfTheDocs(t *testing.T) {
	t.Parallel()
	file, err := parser.ParseFile(token.NewFileSet(), "doc.go", nil, parser.ParseComments|parser.PackageClauseOnly)
	if err != nil {
		t.Fatal(err)
	}
	want := rowsOf(t, file)
	m := newMeter(t)
	observersOf(m, silent()).all(t.Context())
	state, err := sessionstate.New(sessionstate.Config{})
	if err != nil {
		t.Fatal(err)
	}
	m.ObserveState(state)
	var got []string
	for _, metric := range m.read() {
		kind, all := seriesOf(t, metric)
		keys := map[string]bool{}
		for _, s := range all {
			for _, attribute := range s.attributes.ToSlice() {
				keys[string(attribute.Key)] = true
			}
		}
		if metric.Description == "" {
			t.Errorf("%s has no description", metric.Name)
		}
		got = append(got, row(metric.Name, metric.Unit, kind, keys))
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("measured are\n%s\nand the table has\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func row(name, unit, kind string, keys map[string]bool) string {
	var sorted []string
	for key := range keys {
		sorted = append(sorted, key)
	}
	slices.Sort(sorted)
	return strings.TrimSpace(strings.Join(append([]string{name, unit, kind}, sorted...), " "))
}

func rowsOf(t *testing.T, file *ast.File) []string {
	t.Helper()
	var rows []string
	for line := range strings.Lines(file.Doc.Text()) {
		fields := strings.Fields(strings.ReplaceAll(line, ",", " "))
		if !strings.HasPrefix(line, "\tauthrocket.") || len(fields) < 3 {
			continue
		}
		keys := map[string]bool{}
		for _, key := range fields[3:] {
			keys[key] = true
		}
		rows = append(rows, row(fields[0], fields[1], fields[2], keys))
	}
	if len(rows) == 0 {
		t.Fatal("the package comment has no table")
	}
	return rows
}
