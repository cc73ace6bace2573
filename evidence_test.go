package authrocket_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// numberOfFaults is how many recurring faults docs/evidence.md answers.
const numberOfFaults = 59

// evidenceTest is a test that docs/evidence.md names: `TestX` or `TestX/row` in the
// root, `folder: TestX/row` elsewhere.
type evidenceTest struct{ folder, function, row string }

var (
	codeSpan     = regexp.MustCompile("`([^`\n]+)`")
	namesATest   = regexp.MustCompile(`\b(?:Test|Fuzz)[A-Z]`)
	testNotation = regexp.MustCompile(`^(?:([\w./-]+): )?((?:Test|Fuzz)[A-Z]\w*)(?:/(.+))?$`)
	faultLine    = regexp.MustCompile(`(?m)^\| (\d+) \|.*$`)
)

// testsNamedIn returns the tests in the code spans of text, and the spans that name
// one in another notation.
func testsNamedIn(text string) (tests []evidenceTest, malformed []string) {
	for _, span := range codeSpan.FindAllStringSubmatch(text, -1) {
		m := testNotation.FindStringSubmatch(span[1])
		switch {
		case m != nil && m[1] == "":
			tests = append(tests, evidenceTest{".", m[2], m[3]})
		case m != nil:
			tests = append(tests, evidenceTest{m[1], m[2], m[3]})
		case namesATest.MatchString(span[1]):
			malformed = append(malformed, span[1])
		}
	}
	return tests, malformed
}

// problemsOfEvidence returns what is wrong with text. rowsOf has the string literals
// of the file of each test function, by folder and function.
func problemsOfEvidence(text string, rowsOf map[[2]string]map[string]bool) (problems []string) {
	tests, malformed := testsNamedIn(text)
	for _, span := range malformed {
		problems = append(problems, fmt.Sprintf("`%s` is not `folder: TestName/row`", span))
	}
	for _, test := range tests {
		rows, ok := rowsOf[[2]string{test.folder, test.function}]
		switch {
		case !ok:
			problems = append(problems, fmt.Sprintf("there is no %s in folder %s", test.function, test.folder))
		case test.row != "" && !rows[test.row]:
			problems = append(problems, fmt.Sprintf("%s in folder %s has no row %q", test.function, test.folder, test.row))
		}
	}
	lines := faultLine.FindAllStringSubmatch(text, -1)
	for i, line := range lines {
		if line[1] != strconv.Itoa(i+1) {
			problems = append(problems, fmt.Sprintf("fault %s stands where fault %d belongs", line[1], i+1))
		}
		if tests, _ := testsNamedIn(line[0]); len(tests) == 0 && !strings.Contains(line[0], "Not held, because") {
			problems = append(problems, fmt.Sprintf("fault %s names no test and does not say \"Not held, because\"", line[1]))
		}
	}
	if len(lines) != numberOfFaults {
		problems = append(problems, fmt.Sprintf("there are %d faults, want %d", len(lines), numberOfFaults))
	}
	return problems
}

// rowsOfTests reads the test files of all modules.
func rowsOfTests(t *testing.T) map[[2]string]map[string]bool {
	t.Helper()
	rowsOf := map[[2]string]map[string]bool{}
	for _, file := range sourceFiles(t) {
		if !file.isTest() {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), filepath.FromSlash(file.path), nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		literals := map[string]bool{}
		ast.Inspect(parsed, func(n ast.Node) bool {
			if literal, ok := n.(*ast.BasicLit); ok && literal.Kind == token.STRING {
				if text, err := strconv.Unquote(literal.Value); err == nil {
					literals[text] = true
				}
			}
			return true
		})
		for _, declaration := range parsed.Decls {
			if f, ok := declaration.(*ast.FuncDecl); ok && f.Recv == nil && namesATest.MatchString(f.Name.Name) {
				rowsOf[[2]string{path.Dir(file.path), f.Name.Name}] = literals
			}
		}
	}
	return rowsOf
}

func readText(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.FromSlash(name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestEvidenceNamesTestsThatExist(t *testing.T) {
	t.Parallel()
	text, rowsOf := readText(t, "docs/evidence.md"), rowsOfTests(t)
	for _, problem := range problemsOfEvidence(text, rowsOf) {
		t.Error(problem)
	}
	t.Run("every fuzz target is named", func(t *testing.T) {
		tests, _ := testsNamedIn(text)
		named := map[[2]string]bool{}
		for _, test := range tests {
			named[[2]string{test.folder, test.function}] = true
		}
		for test := range rowsOf {
			if strings.HasPrefix(test[1], "Fuzz") && !named[test] {
				t.Errorf("`%s: %s` is missing", test[0], test[1])
			}
		}
	})
	t.Run("its figures are those of the code", func(t *testing.T) {
		executions := regexp.MustCompile(`-fuzztime (\d+)x`).FindStringSubmatch(readText(t, ".ci/run"))
		if executions == nil {
			t.Fatal(".ci/run does not say how often it runs a fuzz target")
		}
		requests := strings.Count(readText(t, "authrockettest/adapter_rows.go"), "{name: \"")
		for _, want := range []string{executions[1] + " executions", strconv.Itoa(requests) + " requests"} {
			if !strings.Contains(strings.ReplaceAll(text, ",", ""), want) {
				t.Errorf("it does not say %q", want)
			}
		}
	})
}

// What the test above finds.
func TestEvidenceWithMistakes(t *testing.T) {
	t.Parallel()
	rowsOf := map[[2]string]map[string]bool{{".", "TestA"}: {"a row": true}, {"internal/b", "TestB"}: {"a/b": true}}
	var all strings.Builder
	for i := range numberOfFaults {
		fmt.Fprintf(&all, "| %d | a fault | `TestA/a row`, `internal/b: TestB/a/b` |\n", i+1)
	}
	good := all.String()
	first, _, _ := strings.Cut(good, "\n")
	for _, row := range []struct {
		name, text string
		want       int
	}{
		{name: "nothing is wrong", text: good + "`TestA`, `go test ./...`"},
		{name: "a test that is renamed", text: good + "`TestC`", want: 1},
		{name: "a test of another folder", text: good + "`internal/b: TestA`", want: 1},
		{name: "a row that is renamed", text: good + "`TestA/another row`", want: 1},
		{name: "another notation", text: good + "`internal/b.TestB`", want: 1},
		{name: "a fault that is missing at the end", text: strings.Replace(good, fmt.Sprintf("| %d |", numberOfFaults), "| x |", 1), want: 1},
		{name: "a fault that stands twice", text: first + "\n" + good, want: 1 + numberOfFaults},
		{name: "a fault without a test", text: strings.Replace(good, "| 1 | a fault | `TestA/a row`, `internal/b: TestB/a/b` |", "| 1 | a fault | |", 1), want: 1},
		{name: "a fault that is not held, with a reason", text: strings.Replace(good, "| 1 | a fault | `TestA/a row`, `internal/b: TestB/a/b` |", "| 1 | a fault | Not held, because |", 1)},
	} {
		t.Run(row.name, func(t *testing.T) {
			if got := problemsOfEvidence(row.text, rowsOf); len(got) != row.want {
				t.Errorf("got %q, want %d problems", got, row.want)
			}
		})
	}
}
